/*
 * The table of options as a JSON Schema (draft 2020-12), for editors.  The rows stand in the order
 * of their groups, so that objects open and close as the paths change.  A value may be replaced by
 * a text with ${NAME} or `file:` anywhere, which the schema allows too.
 */
#include <string.h>

#include "config/config_parts.h"

#define EXPANSION  "\\\\$\\\\{|^file:"
#define GROUPS_MAX 4

static const char close_object[] = "},\"additionalProperties\":false}";

static void
put_description(struct buf *out, const struct config_option *option)
{
	buf_puts(out, ",\"description\":");
	buf_json_string(out, slice_of(option->help));
}

static void
put_fallback(struct buf *out, const struct config_option *option)
{
	if (option->fallback == NULL)
		return;
	buf_puts(out, ",\"default\":");
	if (option->type == OPTION_BOOL || option->type == OPTION_COUNT ||
	    option->type == OPTION_FRACTION)
		buf_puts(out, option->fallback);
	else
		buf_json_string(out, slice_of(option->fallback));
}

static void
put_words(struct buf *out, const struct config_option *option)
{
	const char *between = "";

	buf_puts(out, "\"anyOf\":[{\"enum\":[");
	for (const char *const *word = option->words; *word != NULL; word++) {
		if (**word == '\0')
			continue;
		buf_puts(out, between);
		buf_json_string(out, slice_of(*word));
		between = ",";
	}
	buf_puts(out, "]},{\"type\":\"string\",\"pattern\":\"" EXPANSION "\"}]");
}

/* Texts in lists and maps: numbers and truths are taken as they are written. */
#define TEXT "{\"type\":[\"string\",\"number\",\"boolean\"]}"

static void
put_type(struct buf *out, const struct config_option *option)
{
	switch (option->type) {
	case OPTION_BOOL:
		buf_puts(out,
		    "\"anyOf\":[{\"type\":\"boolean\"},"
		    "{\"type\":\"string\",\"pattern\":\"" EXPANSION "\"}]");
		break;
	case OPTION_COUNT:
		buf_printf(out,
		    "\"anyOf\":[{\"type\":\"integer\",\"minimum\":%llu,\"maximum\":%llu},"
		    "{\"type\":\"string\",\"pattern\":\"" EXPANSION "\"}]",
		    (unsigned long long)option->min, (unsigned long long)option->max);
		break;
	case OPTION_FRACTION:
		buf_puts(out,
		    "\"anyOf\":[{\"type\":\"number\",\"minimum\":0,\"maximum\":1},"
		    "{\"type\":\"string\",\"pattern\":\"" EXPANSION "\"}]");
		break;
	case OPTION_DURATION:
		buf_puts(
		    out, "\"type\":\"string\",\"pattern\":\"^[0-9]+(ms|s|m|h|d)$|" EXPANSION "\"");
		break;
	case OPTION_SIZE:
		buf_puts(out,
		    "\"type\":\"string\",\"pattern\":\"^[0-9]+(B|KiB|MiB|GiB)$|" EXPANSION "\"");
		break;
	case OPTION_WORD:
		put_words(out, option);
		break;
	case OPTION_LIST:
		buf_puts(out, "\"type\":[\"array\",\"null\"],\"items\":" TEXT);
		break;
	case OPTION_ONE_OR_LIST:
		buf_puts(out,
		    "\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":" TEXT "}]");
		break;
	case OPTION_PAIRS:
		buf_puts(out, "\"type\":[\"object\",\"null\"],\"additionalProperties\":" TEXT);
		break;
	default:
		buf_puts(out, "\"type\":[\"string\",\"number\",\"boolean\"]");
	}
}

static void
put_option(struct buf *out, struct slice name, const struct config_option *option)
{
	buf_json_string(out, name);
	buf_puts(out, ":{");
	put_type(out, option);
	put_description(out, option);
	put_fallback(out, option);
	buf_putc(out, '}');
}

/* ---- groups ---------------------------------------------------------------------------------- */

struct groups {
	struct slice open[GROUPS_MAX]; /* names, "upstreams[]" being one */
	bool is_other[GROUPS_MAX];     /* a word may stand in its place */
	size_t n;
	bool needs_comma;
};

/* What the entries of lists and maps must have. */
static const struct {
	struct slice name;
	const char *needs;
} lists[] = {
	{ S("upstreams[]"),
	    "\"required\":[\"name\"],\"oneOf\":[{\"required\":[\"command\"]},"
	    "{\"required\":[\"url\"]}]," },
	{ S("sites[]"), "\"anyOf\":[{\"required\":[\"jira\"]},{\"required\":[\"confluence\"]}]," },
	{ S("keys[]"), "\"required\":[\"name\",\"key\"]," },
	{ S("runners{}"),
	    "\"anyOf\":[{\"required\":[\"command\"]},{\"required\":[\"extends\"]}]," },
	{ S("sinks[]"),
	    "\"oneOf\":[{\"required\":[\"sqlite\"]},{\"required\":[\"jsonl\"]},{\"required\":[\"csv\"]},"
	    "{\"required\":[\"text\"]},{\"required\":[\"syslog\"]},{\"required\":[\"cef\"]},"
	    "{\"required\":[\"otlp\"]}]," },
	{ S("plugins[]"),
	    "\"required\":[\"lua\"],\"patternProperties\":{\"^config$\":{\"type\":[\"object\",\"null\"],"
	    "\"description\":\"What the script finds in its table `config`.\"}}," },
};

static void
group_push(struct groups *groups, struct slice name, bool is_other)
{
	must(groups->n < GROUPS_MAX);
	groups->is_other[groups->n] = is_other;
	groups->open[groups->n++] = name;
	groups->needs_comma = false;
}

/* The entries of a list, or of a map of names. */
static bool
is_many(struct slice name)
{
	return slice_ends(name, S("[]")) || slice_ends(name, S("{}"));
}

static void
group_open(struct buf *out, struct groups *groups, struct slice name)
{
	group_push(groups, name, false);
	if (!is_many(name)) {
		buf_json_string(out, name);
		buf_puts(out, ":{\"type\":[\"object\",\"null\"],\"properties\":{");
		/* Its keys are places, and no options; one of those stands behind it. */
		if (slice_eq(name, S("match")) && groups->n > 1 &&
		    slice_eq(groups->open[groups->n - 2], S("rules[]"))) {
			config_rule_args_schema(out);
			buf_putc(out, ',');
		}
		return;
	}
	buf_json_string(out, (struct slice){ name.p, name.n - 2 });
	/* One of them may stand there without a list. */
	if (slice_ends(name, S("{}")))
		buf_puts(
		    out, ":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",");
	else
		buf_printf(out, ":{\"type\":%s,\"items\":{\"type\":\"object\",",
		    slice_eq(name, S("rate[]")) ? "[\"array\",\"object\"]" : "\"array\"");
	for (size_t i = 0; i < COUNT(lists); i++)
		if (slice_eq(name, lists[i].name))
			buf_puts(out, lists[i].needs);
	buf_puts(out, "\"properties\":{");
}

/* An option that is a word or a map of the options behind it. */
static void
either_open(
    struct buf *out, struct groups *groups, struct slice name, const struct config_option *option)
{
	buf_json_string(out, name);
	buf_puts(out, ":{\"anyOf\":[{");
	put_type(out, option);
	put_description(out, option);
	buf_puts(out, "},{\"type\":\"object\",\"properties\":{");
	group_push(groups, name, true);
}

static void
groups_close(struct buf *out, struct groups *groups, size_t keep)
{
	while (groups->n > keep) {
		groups->n--;
		buf_puts(out, close_object);
		if (is_many(groups->open[groups->n]))
			buf_putc(out, '}');
		if (groups->is_other[groups->n])
			buf_puts(out, "]}");
		groups->needs_comma = true;
	}
}

/* Closes and opens what it takes to stand where path belongs; returns its last part. */
static struct slice
groups_go(struct buf *out, struct groups *groups, const char *path)
{
	struct slice rest = slice_of(path), part, after;
	size_t depth = 0;

	for (;;) {
		part = slice_cut(rest, '.', &after);
		if (after.p == NULL || depth >= groups->n || !slice_eq(part, groups->open[depth]))
			break;
		rest = after;
		depth++;
	}
	groups_close(out, groups, depth);
	if (groups->needs_comma)
		buf_putc(out, ',');
	for (; after.p != NULL; part = slice_cut(rest, '.', &after)) {
		group_open(out, groups, part);
		rest = after;
	}
	groups->needs_comma = true;
	return part;
}

void
config_print_schema(struct buf *out)
{
	struct groups groups = { 0 };
	const struct config_option *options;
	size_t n;

	options = config_options(&n);
	buf_puts(out,
	    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	    "\"title\":\"bascule.yaml\",\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < n; i++) {
		struct slice name = groups_go(out, &groups, options[i].path);

		if (config_option_is_group(options, n, SLICE_NONE, slice_of(options[i].path)))
			either_open(out, &groups, name, &options[i]);
		else
			put_option(out, name, &options[i]);
	}
	groups_close(out, &groups, 0);
	buf_puts(out,
	    ",\"proxy\":{\"type\":\"object\",\"description\":\"The older form of this file.\"}");
	buf_puts(out, close_object);
}
