/*
 * One node becomes one typed field, as its row in the table says.  Types are strict: a quoted text
 * is no number and no truth, a number without a unit is no duration; only ${NAME} may stand for
 * anything, since it has to be quoted in places.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

struct target {
	struct config_load *load;
	const struct config_option *option;
	const char *shown;
	void *base;
};

static const char *const wanted[] = {
	[OPTION_BOOL] = "true or false",
	[OPTION_COUNT] = "a whole number",
	[OPTION_DURATION] = "a duration such as 30s",
	[OPTION_SECONDS] = "a number of seconds",
	[OPTION_SIZE] = "a size such as 64MiB",
	[OPTION_FRACTION] = "a number from 0 to 1, with at most six decimals",
	[OPTION_WORD] = "a word",
	[OPTION_TEXT] = "a text",
	[OPTION_PATH] = "a path",
	[OPTION_SECRET] = "a text",
	[OPTION_LIST] = "a list of texts",
	[OPTION_ONE_OR_LIST] = "a text or a list of texts",
	[OPTION_PAIRS] = "a map of names and texts",
};

static void *
place(const struct target *target)
{
	return (char *)target->base + target->option->offset;
}

static size_t *
place_n(const struct target *target)
{
	return (size_t *)(void *)((char *)target->base + target->option->offset_n);
}

static bool
fail_kind(const struct target *target, const struct node *node, struct err *err)
{
	static const char *const kinds[] = { "a text", "a list", "a map" };

	return CONFIG_FAIL_NODE(target->load, node, err, "%s must be %s, not %s", target->shown,
	    wanted[target->option->type], kinds[node->kind]);
}

static bool
fail_text(const struct target *target, const struct node *node, struct err *err)
{
	return CONFIG_FAIL_NODE(target->load, node, err, "%s must be %s, not \"%s\"%s",
	    target->shown, wanted[target->option->type], config_show(node->text).text,
	    node->is_quoted && !config_has_expansion(node->text) ? " in quotes" : "");
}

static bool
fail_range(const struct target *target, const struct node *node, struct err *err)
{
	const struct config_option *option = target->option;
	char low[32], high[32];
	struct buf texts[2];

	for (int i = 0; i < 2; i++) {
		uint64_t number = i == 0 ? option->min : option->max;

		buf_init(&texts[i], NULL, 64);
		if (option->type == OPTION_COUNT)
			buf_put_u64(&texts[i], number);
		else
			config_unit_print(&texts[i],
			    option->type == OPTION_SIZE ? UNIT_SIZE : UNIT_DURATION, number);
		must(texts[i].n < sizeof(low));
		memcpy(i == 0 ? low : high, texts[i].p, texts[i].n);
		(i == 0 ? low : high)[texts[i].n] = '\0';
		buf_fini(&texts[i]);
	}
	return CONFIG_FAIL_NODE(target->load, node, err, "%s must be between %s and %s, not \"%s\"",
	    target->shown, low, high, config_show(node->text).text);
}

/* ---- from text to value ---------------------------------------------------------------------- */

static bool
bool_parse(struct slice text, bool *out)
{
	static const struct slice words[] = {
		S("false"),
		S("true"),
		S("False"),
		S("True"),
		S("FALSE"),
		S("TRUE"),
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_eq(text, words[i])) {
			*out = i % 2 == 1;
			return true;
		}
	return false;
}

/* "60", "0.5" */
static bool
seconds_parse(struct slice text, uint64_t *ms)
{
	struct slice fraction, whole = slice_cut(text, '.', &fraction);
	uint64_t seconds, part = 0;

	if (!slice_to_u64(whole, UINT32_MAX, &seconds))
		return false;
	for (size_t i = 0, unit = 100; i < fraction.n; i++, unit /= 10) {
		if (fraction.p[i] < '0' || fraction.p[i] > '9' || fraction.n > 9)
			return false;
		part += (uint64_t)(fraction.p[i] - '0') * unit;
	}
	*ms = seconds * 1000 + part;
	return true;
}

static bool
number_parse(enum option_type type, struct slice text, uint64_t *out, struct err *err)
{
	switch (type) {
	case OPTION_DURATION:
		return config_duration(text, out, err);
	case OPTION_SIZE:
		return config_size(text, out, err);
	case OPTION_FRACTION:
		return config_decimal(text, 6, 1, out) && *out <= 1000000;
	case OPTION_SECONDS:
		if (seconds_parse(text, out))
			return true;
		return config_duration(text, out, err);
	default:
		return slice_to_u64(text, UINT64_MAX, out);
	}
}

static bool
word_parse(const struct config_option *option, struct slice text, unsigned *out)
{
	for (unsigned i = 0; option->words[i] != NULL; i++)
		if (text.n > 0 && slice_eq(text, slice_of(option->words[i]))) {
			*out = i;
			return true;
		}
	return false;
}

/* ---- from node to field ---------------------------------------------------------------------- */

static bool
number_set(const struct target *target, const struct node *node, struct slice text, struct err *err)
{
	enum option_type type = target->option->type;
	bool is_hidden = config_has_expansion(node->text);
	struct err why = { 0 };
	uint64_t number;

	if (!number_parse(type, text, &number, &why)) {
		if (is_hidden || why.text[0] == '\0')
			return fail_text(target, node, err);
		return CONFIG_FAIL_NODE(target->load, node, err, "%s: %s", target->shown, why.text);
	}
	if (number < target->option->min || number > target->option->max)
		return fail_range(target, node, err);
	memcpy(place(target), &number, sizeof(number));
	return true;
}

/* "one of a, b, c", or "a" where there is no other */
static void
words_join(const struct config_option *option, char *to, size_t size)
{
	const char *const *words = option->words[0][0] == '\0' ? option->words + 1 : option->words;
	size_t n = 0;

	for (size_t i = 0; words[i] != NULL; i++) {
		const char *before = i > 0 ? ", " : words[1] != NULL ? "one of " : "";
		int more = snprintf(to + n, size - n, "%s%s", before, words[i]);

		must(more > 0 && n + (size_t)more < size);
		n += (size_t)more;
	}
}

static bool
word_set(const struct target *target, const struct node *node, struct slice text, struct err *err)
{
	const struct config_option *option = target->option;
	struct slice near = config_word_nearest(option->words, node->text);
	char names[256];
	unsigned value;

	if (word_parse(option, text, &value)) {
		memcpy(place(target), &value, sizeof(value));
		return true;
	}
	if (config_option_is_later(slice_of(option->path), node->text))
		return CONFIG_FAIL_NODE(target->load, node, err,
		    "this version does not have \"%s: %s\" yet", target->shown,
		    config_show(node->text).text);
	words_join(option, names, sizeof(names));
	if (near.p != NULL)
		return CONFIG_FAIL_NODE(target->load, node, err,
		    "%s must be %s, not \"%s\" (did you mean \"%.*s\"?)", target->shown, names,
		    config_show(node->text).text, SLICE_FMT(near));
	return CONFIG_FAIL_NODE(target->load, node, err, "%s must be %s, not \"%s\"", target->shown,
	    names, config_show(node->text).text);
}

static bool
is_many(enum option_type type)
{
	return type == OPTION_LIST || type == OPTION_ONE_OR_LIST || type == OPTION_PAIRS;
}

/* A text that is neither nothing nor a list; expanded and checked. */
static bool
text_get(const struct target *target, const struct node *node, struct slice *out, struct err *err)
{
	if (node->kind != NODE_TEXT && is_many(target->option->type))
		return CONFIG_FAIL_NODE(target->load, node, err, "%s can hold only texts, not a %s",
		    target->shown, node->kind == NODE_LIST ? "list" : "map");
	if (node->kind != NODE_TEXT)
		return fail_kind(target, node, err);
	if (config_node_is_null(node))
		return CONFIG_FAIL_NODE(target->load, node, err,
		    "%s has no value (\"\" is an empty one)", target->shown);
	if (!config_expand(target->load, node, out, err))
		return false;
	return target->option->check == NULL || target->option->check(target->load, node, out, err);
}

static bool
scalar_set(const struct target *target, const struct node *node, struct err *err)
{
	bool is_text = node->is_quoted && !config_has_expansion(node->text);
	struct slice text;
	bool truth;

	if (!text_get(target, node, &text, err))
		return false;
	switch (target->option->type) {
	case OPTION_BOOL:
		if (is_text || !bool_parse(text, &truth))
			return fail_text(target, node, err);
		memcpy(place(target), &truth, sizeof(truth));
		return true;
	case OPTION_COUNT:
	case OPTION_FRACTION:
		if (is_text)
			return fail_text(target, node, err);
		return number_set(target, node, text, err);
	case OPTION_DURATION:
	case OPTION_SECONDS:
	case OPTION_SIZE:
		return number_set(target, node, text, err);
	case OPTION_WORD:
		return word_set(target, node, text, err);
	case OPTION_PATH:
		if (!config_path_absolute(target->load, node, &text, err))
			return false;
		break;
	default:
		break;
	}
	memcpy(place(target), &text, sizeof(text));
	return true;
}

static bool
check_count(const struct target *target, const struct node *node, size_t n, struct err *err)
{
	if (n > target->option->max)
		return CONFIG_FAIL_NODE(target->load, node, err, "%s has more than %u entries",
		    target->shown, (unsigned)target->option->max);
	if (n < target->option->min)
		return CONFIG_FAIL_NODE(
		    target->load, node, err, "%s must not be empty", target->shown);
	return true;
}

static bool
list_set(const struct target *target, const struct node *node, struct err *err)
{
	bool is_one = node->kind == NODE_TEXT && target->option->type == OPTION_ONE_OR_LIST;
	const struct node *element = is_one ? node : node->first;
	size_t n = is_one ? 1 : node->children;
	struct slice *list;

	if (!is_one && node->kind != NODE_LIST)
		return fail_kind(target, node, err);
	if (!check_count(target, node, n, err) ||
	    !arena_reserve(&target->load->config->arena, (n + 1) * sizeof(*list), err))
		return false;
	list = ARENA_ARRAY(&target->load->config->arena, struct slice, n + 1);
	for (size_t i = 0; i < n; i++, element = element->next)
		if (!text_get(target, element, &list[i], err))
			return false;
	memcpy(place(target), &list, sizeof(list));
	*place_n(target) = n;
	return true;
}

static bool
pairs_set(const struct target *target, const struct node *map, struct err *err)
{
	const struct node *node = map->first;
	struct config_pair *pairs;
	size_t n = map->children;

	if (map->kind != NODE_MAP)
		return fail_kind(target, map, err);
	if (!check_count(target, map, n, err) ||
	    !arena_reserve(&target->load->config->arena, (n + 1) * sizeof(*pairs), err))
		return false;
	pairs = ARENA_ARRAY(&target->load->config->arena, struct config_pair, n + 1);
	for (size_t i = 0; i < n; i++, node = node->next) {
		struct target pair = *target;
		char shown[128];

		snprintf(shown, sizeof(shown), "%s.%s", target->shown, config_show(node->key).text);
		pair.shown = shown;
		if (!config_dup(target->load, node->key, &pairs[i].name, err) ||
		    !text_get(&pair, node, &pairs[i].value.hidden, err))
			return false;
	}
	memcpy(place(target), &pairs, sizeof(pairs));
	*place_n(target) = n;
	return true;
}

/* A map where a word stands: perhaps a form that comes later. */
static bool
word_map_fail(const struct target *target, const struct node *map, struct err *err)
{
	for (const struct node *node = map->first; node != NULL; node = node->next)
		if (config_option_is_later(slice_of(target->option->path), node->key))
			return CONFIG_FAIL_KEY(target->load, node, err,
			    "this version does not have \"%s.%s\" yet", target->shown,
			    config_show(node->key).text);
	return fail_kind(target, map, err);
}

bool
config_value_set(struct config_load *load, const struct config_option *option, const char *shown,
    const struct node *node, void *base, struct err *err)
{
	struct target target = { load, option, shown, base };

	switch (option->type) {
	case OPTION_LIST:
	case OPTION_ONE_OR_LIST:
		return (config_node_is_null(node) && option->min == 0) ||
		    list_set(&target, node, err);
	case OPTION_PAIRS:
		return config_node_is_null(node) || pairs_set(&target, node, err);
	case OPTION_WORD:
		if (node->kind == NODE_MAP)
			return word_map_fail(&target, node, err);
		return scalar_set(&target, node, err);
	default:
		return scalar_set(&target, node, err);
	}
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void
default_set(const struct target *target, struct arena *arena)
{
	const struct config_option *option = target->option;
	struct slice text = slice_of(option->fallback), *list;
	uint64_t number;
	unsigned word;
	bool truth;

	switch (option->type) {
	case OPTION_BOOL:
		must(bool_parse(text, &truth));
		memcpy(place(target), &truth, sizeof(truth));
		break;
	case OPTION_WORD:
		must(word_parse(option, text, &word));
		memcpy(place(target), &word, sizeof(word));
		break;
	case OPTION_TEXT:
		memcpy(place(target), &text, sizeof(text));
		break;
	case OPTION_ONE_OR_LIST:
		list = ARENA_NEW(arena, struct slice);
		*list = text;
		memcpy(place(target), &list, sizeof(list));
		*place_n(target) = 1;
		break;
	default:
		must(number_parse(option->type, text, &number, NULL));
		must(number >= option->min && number <= option->max);
		memcpy(place(target), &number, sizeof(number));
		break;
	}
}

void
config_value_defaults(
    const struct config_option *rows, size_t n, struct slice list, void *base, struct arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		struct target target = { NULL, &rows[i], rows[i].path, base };
		struct slice path = slice_of(rows[i].path);
		bool is_in_list = memmem(path.p, path.n, "[]", 2) != NULL ||
		    memmem(path.p, path.n, "{}", 2) != NULL;

		if (rows[i].fallback != NULL &&
		    (list.p == NULL ? !is_in_list : slice_starts(path, list)))
			default_set(&target, arena);
	}
}
