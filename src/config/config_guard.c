/*
 * `guard.rules`: what is asked of a call before it goes on.  A rule is read by the table of options
 * but for `match.args`, whose keys are places in the arguments.  Here each rule is checked by
 * itself and against those before it, so that one that contradicts itself or can never match is an
 * error and no surprise.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_parts.h"

#define ID_BYTES      64
#define REASON_BYTES  1024
#define POINTER_BYTES 256
#define WORDS_MAX     1000
#define PAIRS_MAX     4000000 /* of globs that are compared, in one configuration */

struct entry {
	struct config_load *load;
	const struct node *node;
	char shown[32]; /* "guard.rules[3]" */
	size_t pairs;	/* of globs that may still be compared */
	struct config_rule_draft draft;
};

/* ---- texts ----------------------------------------------------------------------------------- */

bool
config_check_rule_id(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n >= 1 && value->n <= ID_BYTES && !slice_eq(*value, S("default")) &&
	    !slice_starts(*value, S("scan."));

	for (size_t i = 0; ok && i < value->n; i++) {
		char c = value->p[i];

		ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    memchr("_-./:", c, 5) != NULL;
	}
	return ok ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no id of a rule: 1 to %d letters, digits, \"_\", \"-\", \".\", \"/\" and \":\", "
		"not \"default\" and not beginning with \"scan.\"",
		config_show(*value).text, ID_BYTES);
}

bool
config_check_rule_reason(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	for (size_t i = 0; i < value->n; i++)
		if ((unsigned char)value->p[i] < ' ' || value->p[i] == 0x7f)
			return CONFIG_FAIL_NODE(
			    load, node, err, "a reason is one line: it holds a control character");
	return value->n <= REASON_BYTES ||
	    CONFIG_FAIL_NODE(load, node, err, "the reason is longer than %d bytes", REASON_BYTES);
}

static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };

/* Its place in a list of words; -1: not in it. */
static int
place_of(const char *const *words, struct slice text)
{
	for (int i = 0; words[i] != NULL; i++)
		if (slice_eq(slice_of(words[i]), text))
			return i;
	return -1;
}

bool
config_check_day(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return place_of(days, *value) >= 0 ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no day: write mon, tue, wed, thu, fri, sat or sun",
		config_show(*value).text);
}

/* A glob of dates: digits, "-" and "*". */
bool
config_check_revision(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n > 0 && value->n <= 32;

	for (size_t i = 0; ok && i < value->n; i++)
		ok = (value->p[i] >= '0' && value->p[i] <= '9') ||
		    memchr("-*?", value->p[i], 3) != NULL;
	return ok ||
	    CONFIG_FAIL_NODE(load, node, err, "\"%s\" is no revision such as 2025-11-25",
		config_show(*value).text);
}

/* ---- what is asked of one argument ----------------------------------------------------------- */

/* How the value of a test is written. */
enum test_form { FORM_BOOL, FORM_SCALAR, FORM_WORDS, FORM_PATHS, FORM_NUMBER, FORM_COUNT };

/* clang-format off */
static const struct test_row {
	const char *word;
	enum config_test_kind kind;
	enum test_form form;
	const char *help;
} test_rows[] = {
	{ "equals",	TEST_IN,	FORM_SCALAR,	"It is this; numbers by what they are worth." },
	{ "in",		TEST_IN,	FORM_WORDS,	"It is one of these." },
	{ "glob",	TEST_GLOB,	FORM_WORDS,	"A text fits one of these." },
	{ "regex",	TEST_REGEX,	FORM_WORDS,	"One of these expressions (PCRE2) fits anywhere in it." },
	{ "under",	TEST_UNDER,	FORM_PATHS,	"An absolute path below one of these folders." },
	{ "host",	TEST_HOST,	FORM_WORDS,	"A URL, or host:port, with one of these hosts." },
	{ "min",	TEST_MIN,	FORM_NUMBER,	"A number, at least this." },
	{ "max",	TEST_MAX,	FORM_NUMBER,	"A number, at most this." },
	{ "longer",	TEST_LONGER,	FORM_COUNT,	"A text of more bytes, a list of more elements." },
	{ "exists",	TEST_EXISTS,	FORM_BOOL,	"Whether it is there." },
};
/* clang-format on */

/* ---- the same for editors -------------------------------------------------------------------- */

#define ANY_TEXT "{\"type\":[\"string\",\"number\",\"boolean\"]}"
#define ONE_OR_MORE(text) \
	"\"anyOf\":[" text ",{\"type\":\"array\",\"items\":" text ",\"minItems\":1," \
	"\"maxItems\":1000}]"

static void
schema_put_tests(struct buf *out)
{
	static const char *const forms[] = { [FORM_BOOL] = "\"type\":\"boolean\"",
		[FORM_SCALAR] = "\"type\":[\"string\",\"number\",\"boolean\"]",
		[FORM_WORDS] = ONE_OR_MORE(ANY_TEXT),
		[FORM_PATHS] =
		    ONE_OR_MORE("{\"type\":\"string\",\"pattern\":\"^/|\\\\$\\\\{|^file:\"}"),
		[FORM_NUMBER] = "\"type\":\"number\"",
		[FORM_COUNT] = "\"type\":\"number\",\"minimum\":0" };

	for (size_t i = 0; i < COUNT(test_rows); i++) {
		buf_puts(out, i > 0 ? "," : "");
		buf_json_string(out, slice_of(test_rows[i].word));
		buf_printf(out, ":{%s,\"description\":", forms[test_rows[i].form]);
		buf_json_string(out, slice_of(test_rows[i].help));
		buf_putc(out, '}');
	}
}

void
config_rule_args_schema(struct buf *out)
{
	buf_puts(out,
	    "\"args\":{\"type\":\"object\",\"description\":\"Places in the arguments, as JSON "
	    "pointers, and what is asked of the values there (docs/rules.md); a part `*` is each "
	    "element of a list or map. A value alone is short for `equals`.\","
	    "\"patternProperties\":{\"^/\":{\"anyOf\":[" ANY_TEXT
	    ",{\"type\":\"object\",\"minProperties\":1,\"properties\":{");
	schema_put_tests(out);
	buf_puts(out,
	    ",\"not\":{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":1,"
	    "\"description\":\"The opposite of one test.\",\"properties\":{");
	schema_put_tests(out);
	buf_puts(out,
	    "},\"additionalProperties\":false}},\"additionalProperties\":false}]}},"
	    "\"additionalProperties\":false}");
}

/* ---- reading them ---------------------------------------------------------------------------- */

static const struct test_row *
test_row_find(struct slice word)
{
	for (size_t i = 0; i < COUNT(test_rows); i++)
		if (slice_eq(slice_of(test_rows[i].word), word))
			return &test_rows[i];
	return NULL;
}

static bool
number_read(struct entry *entry, const struct node *node, struct slice text, double least,
    double *out, struct err *err)
{
	char copy[40], *end = copy;

	if (text.n > 0 && text.n < sizeof(copy)) {
		memcpy(copy, text.p, text.n);
		copy[text.n] = '\0';
		*out = strtod(copy, &end);
	}
	if (end == copy || *end != '\0' || !isfinite(*out) || *out < least)
		return CONFIG_FAIL_NODE(entry->load, node, err, "\"%s\" is no number%s",
		    config_show(node->text).text, least == 0 ? " of 0 or more" : "");
	return true;
}

static bool
word_add(struct entry *entry, const struct node *node, bool is_path, struct config_test *test,
    struct err *err)
{
	struct slice word;

	if (node->kind != NODE_TEXT)
		return CONFIG_FAIL_NODE(entry->load, node, err, "must be a text or a number");
	if (!config_expand(entry->load, node, &word, err))
		return false;
	if (is_path && (word.n == 0 || word.p[0] != '/'))
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "\"%s\" must be an absolute path: what stands in arguments is relative to no "
		    "folder that is known here",
		    config_show(node->text).text);
	test->words[test->words_n++] = word;
	return true;
}

static bool
words_read(struct entry *entry, const struct test_row *row, const struct node *node,
    struct config_test *test, struct err *err)
{
	size_t most = node->kind == NODE_LIST ? node->children : 1;
	struct arena *arena = &entry->load->config->arena;
	bool is_path = row->form == FORM_PATHS;

	if (node->kind != NODE_LIST && node->kind != NODE_TEXT)
		return CONFIG_FAIL_NODE(
		    entry->load, node, err, "\"%s\" must be a text or a list of texts", row->word);
	if (node->kind == NODE_LIST && (node->children == 0 || node->children > WORDS_MAX))
		return CONFIG_FAIL_NODE(
		    entry->load, node, err, "\"%s\" takes 1 to %d texts", row->word, WORDS_MAX);
	if (!arena_reserve(arena, sizeof(*test->words) * most, err))
		return false;
	test->words = ARENA_ARRAY(arena, struct slice, most);
	if (node->kind == NODE_TEXT)
		return word_add(entry, node, is_path, test, err);
	if (row->form == FORM_SCALAR)
		return CONFIG_FAIL_NODE(
		    entry->load, node, err, "\"equals\" takes one value: write \"in\"");
	for (const struct node *at = node->first; at != NULL; at = at->next)
		if (!word_add(entry, at, is_path, test, err))
			return false;
	return true;
}

static bool
test_value(struct entry *entry, const struct test_row *row, const struct node *node,
    struct config_test *test, struct err *err)
{
	if (row->form == FORM_SCALAR || row->form == FORM_WORDS || row->form == FORM_PATHS)
		return words_read(entry, row, node, test, err);
	if (node->kind != NODE_TEXT)
		return CONFIG_FAIL_NODE(
		    entry->load, node, err, "\"%s\" takes one value", row->word);
	if (row->form != FORM_BOOL)
		return number_read(entry, node, node->text, row->form == FORM_COUNT ? 0 : -INFINITY,
		    &test->number, err);
	test->number = slice_eq(node->text, S("true"));
	return test->number != 0 || slice_eq(node->text, S("false")) ||
	    CONFIG_FAIL_NODE(entry->load, node, err, "\"%s\" must be true or false", row->word);
}

static bool
test_add(struct entry *entry, struct slice pointer, const struct node *node, bool is_not,
    struct err *err)
{
	const struct test_row *row = test_row_find(node->key);
	struct config_rule *rule = &entry->draft.rule;
	struct config_test *test;

	if (row == NULL)
		return CONFIG_FAIL_KEY(entry->load, node, err,
		    "\"%s\" is no test: write equals, in, glob, regex, under, host, min, max, longer, "
		    "exists or not",
		    config_show(node->key).text);
	test = &rule->tests[rule->tests_n++];
	*test = (struct config_test){ .pointer = pointer, .kind = row->kind, .is_not = is_not };
	return test_value(entry, row, node, test, err);
}

/* "/project: PROD", or a map of tests. */
static bool
argument_read(struct entry *entry, const struct node *node, struct err *err)
{
	struct slice pointer;
	struct node equals;

	if (node->key.n == 0 || node->key.p[0] != '/' || node->key.n > POINTER_BYTES)
		return CONFIG_FAIL_KEY(entry->load, node, err,
		    "\"%s\" is no place in the arguments: write \"/name\", or \"/name/member\"",
		    config_show(node->key).text);
	if (!config_dup(entry->load, node->key, &pointer, err))
		return false;
	if (node->kind == NODE_TEXT) {
		equals = *node;
		equals.key = S("equals");
		return test_add(entry, pointer, &equals, false, err);
	}
	if (node->kind != NODE_MAP || node->first == NULL)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "must be a value or a map of tests such as {in: [PROD]}");
	for (const struct node *at = node->first; at != NULL; at = at->next) {
		if (!slice_eq(at->key, S("not"))) {
			if (!test_add(entry, pointer, at, false, err))
				return false;
			continue;
		}
		if (at->kind != NODE_MAP || at->children != 1)
			return CONFIG_FAIL_NODE(
			    entry->load, at, err, "\"not\" takes one test: {under: /srv}");
		if (!test_add(entry, pointer, at->first, true, err))
			return false;
	}
	return true;
}

static bool
match_other(struct config_walk *walk, struct slice path, const struct node *node, bool *taken,
    struct err *err)
{
	struct config_rule_draft *draft = walk->base;
	struct entry *entry =
	    (struct entry *)(void *)((char *)draft - offsetof(struct entry, draft));
	size_t tests = 0;

	if (!slice_eq(path, S(CONFIG_RULES ".match")) || !slice_eq(node->key, S("args")))
		return true;
	*taken = true;
	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s.match.args must be a map such as {/project: {in: [PROD]}}", entry->shown);
	for (const struct node *at = node->first; at != NULL; at = at->next)
		tests += at->kind == NODE_MAP ? at->children : 1;
	if (tests > CONFIG_TESTS_MAX)
		return CONFIG_FAIL_NODE(
		    entry->load, node, err, "a rule has at most %d tests", CONFIG_TESTS_MAX);
	draft->rule.tests = ARENA_ARRAY(&entry->load->config->arena, struct config_test, tests + 1);
	for (const struct node *at = node->first; at != NULL; at = at->next)
		if (!argument_read(entry, at, err))
			return false;
	return true;
}

/* ---- the whole of a rule --------------------------------------------------------------------- */

static uint64_t
minutes(struct slice clock)
{
	struct slice minute_text, hour_text = slice_cut(clock, ':', &minute_text);
	uint64_t hour = 0, minute = 0;

	return slice_to_u64(hour_text, 24, &hour) && slice_to_u64(minute_text, 59, &minute)
	    ? hour * 60 + minute
	    : 0;
}

static bool
rule_check(struct entry *entry, struct err *err)
{
	struct config_rule *rule = &entry->draft.rule;
	const struct node *match = config_node_find(entry->node, "match");
	bool has_from = entry->draft.from.p != NULL, has_to = entry->draft.to.p != NULL;
	const char *why;

	if (config_node_find(entry->node, "id") == NULL)
		return CONFIG_FAIL_NODE(
		    entry->load, entry->node, err, "%s needs an \"id\"", entry->shown);
	if (config_node_find(entry->node, "action") == NULL)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s needs an \"action\": allow, deny, ask or log", entry->shown);
	if (has_from != has_to)
		return CONFIG_FAIL_NODE(entry->load, match, err,
		    "%s.match.time needs both \"from\" and \"to\"", entry->shown);
	if (has_from && minutes(entry->draft.from) == minutes(entry->draft.to))
		return CONFIG_FAIL_NODE(entry->load, match, err,
		    "%s.match.time begins when it ends: it never matches", entry->shown);
	if ((rule->tool_n > 0) + (rule->prompt_n > 0) + (rule->resource_n > 0) > 1)
		return CONFIG_FAIL_NODE(entry->load, match, err,
		    "%s matches tools, prompts or resources: one call is never two of them",
		    entry->shown);
	why = config_rule_contradicts(rule);
	if (why != NULL)
		return CONFIG_FAIL_NODE(
		    entry->load, match, err, "%s can never match: %s", entry->shown, why);
	rule->from_min = has_from ? minutes(entry->draft.from) : 0;
	rule->to_min = has_to ? minutes(entry->draft.to) : 0;
	for (size_t i = 0; i < entry->draft.days_n; i++)
		rule->days |= 1u << place_of(days, entry->draft.days[i]);
	return true;
}

static bool
others_check(struct entry *entry, struct err *err)
{
	const struct config_guard *guard = &entry->load->config->guard;
	const struct config_rule *rule = &entry->draft.rule;

	for (size_t i = 0; i < guard->rules_n; i++) {
		if (slice_eq(rule->id, guard->rules[i].id))
			return CONFIG_FAIL_NODE(entry->load, config_node_find(entry->node, "id"),
			    err, "the id \"%s\" is taken by guard.rules[%zu]: ids must differ",
			    config_show(rule->id).text, i);
		if (config_rule_covers(&guard->rules[i], rule, &entry->pairs))
			return CONFIG_FAIL_NODE(entry->load, entry->node, err,
			    "%s can never match: guard.rules[%zu] (\"%s\") decides all that it "
			    "would, before it",
			    entry->shown, i, config_show(guard->rules[i].id).text);
	}
	return true;
}

static bool
entry_read(struct entry *entry, struct err *err)
{
	struct config_walk walk = {
		.load = entry->load, .base = &entry->draft, .other = match_other
	};

	if (entry->node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s must be a map with \"id\", \"match\" and \"action\"", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	entry->draft.rule.line = entry->node->line;
	return config_walk_map(&walk, S(CONFIG_RULES), entry->shown, entry->node, err) &&
	    rule_check(entry, err) && others_check(entry, err);
}

bool
config_rules_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config_guard *guard = &load->config->guard;
	struct entry entry = { .load = load, .pairs = PAIRS_MAX };
	unsigned i = 0;

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST || list->children > CONFIG_RULES_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "guard.rules must be a list of at most %d rules", CONFIG_RULES_MAX);
	if (!arena_reserve(&load->config->arena, sizeof(*guard->rules) * (list->children + 1), err))
		return false;
	guard->rules = ARENA_ARRAY(&load->config->arena, struct config_rule, list->children + 1);
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		entry.node = node;
		memset(&entry.draft, 0, sizeof(entry.draft));
		snprintf(entry.shown, sizeof(entry.shown), "guard.rules[%u]", i++);
		if (!entry_read(&entry, err))
			return false;
		guard->rules[guard->rules_n++] = entry.draft.rule;
	}
	return true;
}
