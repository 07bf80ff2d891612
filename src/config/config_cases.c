/*
 * The file of `bascule policy test`: {tests: [{call: {...}, expect: allow, rule: ID}]}.  Read as a
 * configuration is, with the same bounds and the same kind of errors; but what it says are cases,
 * so nothing in it stands for something else.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define CASES_MAX   10000
#define ARENA_BYTES (64 * MIB)

struct reading {
	struct config_load load;
	struct config_cases *cases;
	struct config_case *now;
	char shown[40]; /* "tests[3].call" */
};

static const char *const expected[] = {
	[CONFIG_ALLOW] = "allow", [CONFIG_DENY] = "deny", [CONFIG_ASK] = "ask", NULL
};

/* ---- values ---------------------------------------------------------------------------------- */

static bool
text_dup(struct reading *reading, const struct node *node, struct slice *out, struct err *err)
{
	if (node->kind != NODE_TEXT || node->text.n == 0)
		return CONFIG_FAIL_NODE(&reading->load, node, err, "%s.%s must be a text",
		    reading->shown, config_show(node->key).text);
	if (!arena_reserve(&reading->cases->arena, node->text.n + 1, err))
		return false;
	*out = slice_dup(&reading->cases->arena, node->text);
	return true;
}

static bool
text_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	return text_dup(reading, node, field, err);
}

static bool
server_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	reading->now->server_line = node->line;
	reading->now->server_col = node->col;
	return text_dup(reading, node, field, err);
}

static bool
arguments_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	struct slice *out = field;
	struct json_scan *scan;
	struct err why = { 0 };
	struct buf text;
	bool ok;

	if (config_node_is_null(node))
		return true;
	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(
		    &reading->load, node, err, "%s.args must be a map", reading->shown);
	buf_init(&text, NULL, ARENA_BYTES);
	ok = config_json_put(NULL, node, &text, err) && buf_check(&text, err) &&
	    arena_reserve(&reading->cases->arena, text.n, err);
	if (ok) {
		*out = slice_dup(&reading->cases->arena, buf_view(&text));
		/* What a client may not send no rule is asked. */
		scan = json_scan_new(&reading->load.tree, text.p, text.n, 0, 0, 0);
		ok = json_scan_all(scan, &why) ||
		    CONFIG_FAIL_NODE(
			&reading->load, node, err, "%s.args: %s", reading->shown, why.text);
	}
	buf_fini(&text);
	return ok;
}

static bool
time_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	reading->now->has_time = true;
	return (node->kind == NODE_TEXT && config_moment(node->text, field)) ||
	    CONFIG_FAIL_NODE(&reading->load, node, err,
		"%s.time must be a moment such as 2026-11-22T03:34:14Z", reading->shown);
}

static bool
expect_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	struct slice near;

	for (enum config_action i = 0; node->kind == NODE_TEXT && expected[i] != NULL; i++)
		if (slice_eq(node->text, slice_of(expected[i]))) {
			memcpy(field, &i, sizeof(i));
			return true;
		}
	near = node->kind == NODE_TEXT ? config_word_nearest(expected, node->text) : SLICE_NONE;
	return CONFIG_FAIL_NODE(&reading->load, node, err,
	    "%s.expect must be allow, deny or ask%s%.*s%s", reading->shown,
	    near.p != NULL ? " (did you mean \"" : "", SLICE_FMT(near),
	    near.p != NULL ? "\"?)" : "");
}

static bool
truth_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	bool is = slice_eq(node->text, S("true"));
	enum config_truth truth = is ? TRUTH_TRUE : TRUTH_FALSE;

	if (node->kind != NODE_TEXT || (!is && !slice_eq(node->text, S("false"))))
		return CONFIG_FAIL_NODE(&reading->load, node, err, "%s.%s must be true or false",
		    reading->shown, config_show(node->key).text);
	memcpy(field, &truth, sizeof(truth));
	return true;
}

/* ---- maps ------------------------------------------------------------------------------------ */

typedef bool value_fn(struct reading *, const struct node *, void *field, struct err *);

static value_fn call_read, hints_read;

struct key {
	const char *name;
	value_fn *read;
	size_t offset; /* in struct config_case */
};

/* clang-format off */
static const struct key case_keys[] = {
	{ "name",	text_read,	offsetof(struct config_case, name) },
	{ "call",	call_read,	0 },
	{ "expect",	expect_read,	offsetof(struct config_case, expect) },
	{ "rule",	text_read,	offsetof(struct config_case, rule) },
	{ NULL,		NULL,		0 },
};
static const struct key call_keys[] = {
	{ "server",	server_read,	offsetof(struct config_case, server) },
	{ "tool",	text_read,	offsetof(struct config_case, tool) },
	{ "prompt",	text_read,	offsetof(struct config_case, prompt) },
	{ "resource",	text_read,	offsetof(struct config_case, resource) },
	{ "method",	text_read,	offsetof(struct config_case, method) },
	{ "caller",	text_read,	offsetof(struct config_case, caller) },
	{ "tenant",	text_read,	offsetof(struct config_case, tenant) },
	{ "client",	text_read,	offsetof(struct config_case, client) },
	{ "revision",	text_read,	offsetof(struct config_case, revision) },
	{ "args",	arguments_read,	offsetof(struct config_case, arguments) },
	{ "annotations", hints_read,	0 },
	{ "time",	time_read,	offsetof(struct config_case, unix_s) },
	{ NULL,		NULL,		0 },
};
static const struct key hint_keys[] = {
	{ "readOnlyHint",	truth_read,	offsetof(struct config_case, read_only) },
	{ "destructiveHint",	truth_read,	offsetof(struct config_case, destructive) },
	{ "idempotentHint",	truth_read,	offsetof(struct config_case, idempotent) },
	{ "openWorldHint",	truth_read,	offsetof(struct config_case, open_world) },
	{ NULL,			NULL,		0 },
};
static const struct key file_keys[] = {
	{ "tests",	NULL,	0 },
	{ NULL,		NULL,	0 },
};
/* clang-format on */

#define KEYS_MAX COUNT(call_keys)

static const struct key *
key_find(struct reading *reading, const struct key *keys, const struct node *node, struct err *err)
{
	const char *words[KEYS_MAX];
	struct slice near;
	size_t n = 0;

	for (; keys[n].name != NULL; n++) {
		if (slice_eq(node->key, slice_of(keys[n].name)))
			return &keys[n];
		words[n] = keys[n].name;
	}
	words[n] = NULL;
	near = config_word_nearest(words, node->key);
	CONFIG_FAIL_KEY(&reading->load, node, err, "unknown key \"%s\"%s%s%s%.*s%s",
	    config_show(node->key).text, reading->shown[0] != '\0' ? " in " : "", reading->shown,
	    near.p != NULL ? " (did you mean \"" : "", SLICE_FMT(near),
	    near.p != NULL ? "\"?)" : "");
	return NULL;
}

static bool
map_read(struct reading *reading, const struct key *keys, const struct node *map, struct err *err)
{
	if (map->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(
		    &reading->load, map, err, "%s must be a map", reading->shown);
	for (const struct node *node = map->first; node != NULL; node = node->next) {
		const struct key *key = key_find(reading, keys, node, err);

		if (key == NULL ||
		    !key->read(reading, node, (char *)reading->now + key->offset, err))
			return false;
	}
	return true;
}

/* Reads a map below the one at work. */
static bool
below_read(struct reading *reading, const char *name, const struct key *keys,
    const struct node *node, struct err *err)
{
	size_t n = strlen(reading->shown);
	bool ok;

	snprintf(reading->shown + n, sizeof(reading->shown) - n, ".%s", name);
	ok = map_read(reading, keys, node, err);
	reading->shown[n] = '\0';
	return ok;
}

static bool
hints_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	(void)field;
	return below_read(reading, "annotations", hint_keys, node, err);
}

static bool
call_read(struct reading *reading, const struct node *node, void *field, struct err *err)
{
	const struct config_case *now = reading->now;
	unsigned targets;

	(void)field;
	if (!below_read(reading, "call", call_keys, node, err))
		return false;
	targets = (now->tool.n > 0) + (now->prompt.n > 0) + (now->resource.n > 0);
	if (targets > 1)
		return CONFIG_FAIL_NODE(&reading->load, node, err,
		    "%s.call names one of tool, prompt and resource", reading->shown);
	return targets + (now->method.n > 0) > 0 ||
	    CONFIG_FAIL_NODE(&reading->load, node, err, "%s.call needs a \"tool\"", reading->shown);
}

static bool
case_read(struct reading *reading, const struct node *node, struct err *err)
{
	static const char *const needed[] = { "call", "expect" };

	reading->now->line = node->line;
	if (!map_read(reading, case_keys, node, err))
		return false;
	for (size_t i = 0; i < COUNT(needed); i++)
		if (config_node_find(node, needed[i]) == NULL)
			return CONFIG_FAIL_NODE(&reading->load, node, err, "%s needs \"%s\"",
			    reading->shown, needed[i]);
	return true;
}

static bool
cases_read(struct reading *reading, const struct node *root, struct err *err)
{
	struct config_cases *cases = reading->cases;
	const struct node *list;

	if (root == NULL || root->kind != NODE_MAP)
		return err_set(err, ERR_CONFIG, "%s: no map with a list \"tests\"", cases->name);
	for (const struct node *node = root->first; node != NULL; node = node->next)
		if (key_find(reading, file_keys, node, err) == NULL)
			return false;
	list = config_node_find(root, "tests");
	if (list == NULL || list->kind != NODE_LIST || list->children == 0 ||
	    list->children > CASES_MAX)
		return CONFIG_FAIL_NODE(&reading->load, list != NULL ? list : root, err,
		    "\"tests\" must be a list of 1 to %d cases", CASES_MAX);
	if (!arena_reserve(&cases->arena, sizeof(*cases->all) * list->children, err))
		return false;
	cases->all = ARENA_ARRAY(&cases->arena, struct config_case, list->children);
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		reading->now = &cases->all[cases->n];
		snprintf(reading->shown, sizeof(reading->shown), "tests[%zu]", cases->n++);
		if (!case_read(reading, node, err))
			return false;
	}
	return true;
}

bool
config_cases_parse(struct slice text, const char *name, struct config_cases *out, struct err *err)
{
	struct reading reading = { .cases = out, .load = { .text = text } };
	struct node *root;
	bool ok;

	*out = (struct config_cases){ .n = 0 };
	if (slice_starts(text, S("\xef\xbb\xbf")))
		reading.load.text = (struct slice){ text.p + 3, text.n - 3 };
	else if (text.p == NULL)
		reading.load.text = S("");
	config_name_set(&reading.load, name);
	memcpy(out->name, reading.load.name, sizeof(out->name));
	arena_init(&out->arena, NULL, ARENA_BYTES);
	arena_init(&reading.load.tree, NULL, ARENA_BYTES);
	ok = config_yaml_parse(&reading.load, &root, err) && cases_read(&reading, root, err);
	arena_fini(&reading.load.tree);
	if (ok)
		return true;
	if (err->kind == ERR_LIMIT) {
		err_prefix(err, "%s", out->name);
		err->kind = ERR_CONFIG;
	}
	config_cases_fini(out);
	return false;
}

void
config_cases_fini(struct config_cases *cases)
{
	arena_fini(&cases->arena);
	cases->all = NULL;
	cases->n = 0;
}
