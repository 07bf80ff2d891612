/*
 * The cases that a script brings with it (`tests`): each is a message and what is to become of it.
 *
 * The script is read once to learn of its cases, and anew for each of them, with the settings that
 * the case names: what one case leaves behind is not there for the next.  The message takes the way
 * of a real one, from JSON to the verdict.
 */
#include <string.h>

#include "guard/lua_engine.h"

#define CASES_MAX  1000
#define CASE_BYTES (4 * MIB)

struct test_case {
	struct slice name, settings, expect;
	struct guard_subject subject;
	struct caller caller;
	struct plugin_message message;
};

struct testing {
	const struct plugin_report *report;
	const struct config_plugin *config;
	struct lua_engine *engine; /* that knows of the cases */
	struct arena arena;	   /* of one case */
	struct test_case now;
	int at; /* 1-based */
	size_t n;
};

/* ---- reading a case -------------------------------------------------------------------------- */

static struct slice
kept(lua_State *lua, struct arena *arena, struct slice text)
{
	struct err err;

	if (!arena_reserve(arena, text.n + 1, &err))
		luaL_error(lua, "the case is too long");
	return text.n > 0 ? slice_dup(arena, text) : S("");
}

/* A text member of the table at the top; SLICE_NONE: not there. */
static struct slice
text_member(lua_State *lua, struct testing *t, const char *key)
{
	struct slice text = SLICE_NONE;

	lua_getfield(lua, -1, key);
	if (lua_type(lua, -1) == LUA_TSTRING) {
		text.p = lua_tolstring(lua, -1, &text.n);
		text = kept(lua, &t->arena, text);
	} else if (!lua_isnil(lua, -1)) {
		luaL_error(lua, "\"%s\" must be a text", key);
	}
	lua_pop(lua, 1);
	return text;
}

/* Any member as JSON. */
static struct slice
json_member(lua_State *lua, struct testing *t, const char *key)
{
	struct buf *out = &t->engine->out;
	struct slice text = SLICE_NONE;

	lua_getfield(lua, -1, key);
	if (!lua_isnil(lua, -1)) {
		buf_clear(out);
		(void)lua_json_put(lua, SLICE_NONE, out);
		text = kept(lua, &t->arena, buf_view(out));
	}
	lua_pop(lua, 1);
	return text;
}

static bool
flag_member(lua_State *lua, const char *key)
{
	bool is_set;

	lua_getfield(lua, -1, key);
	is_set = lua_toboolean(lua, -1);
	lua_pop(lua, 1);
	return is_set;
}

static void
caller_read(lua_State *lua, struct testing *t)
{
	struct test_case *now = &t->now;

	now->caller = (struct caller){ .principal = S("anonymous") };
	lua_getfield(lua, -1, "caller");
	if (lua_istable(lua, -1)) {
		struct slice principal = text_member(lua, t, "principal");

		if (principal.p != NULL)
			now->caller.principal = principal;
		now->caller.tenant = text_member(lua, t, "tenant");
		now->subject.client = text_member(lua, t, "client");
	}
	lua_pop(lua, 1);
	now->subject.caller = &now->caller;
}

static void
target_read(lua_State *lua, struct testing *t)
{
	static const struct {
		const char *key;
		enum guard_target target;
		const char *method, *list;
	} rows[] = {
		{ "tool", GUARD_TOOL, "tools/call", "tools/list" },
		{ "prompt", GUARD_PROMPT, "prompts/get", "prompts/list" },
		{ "resource", GUARD_RESOURCE, "resources/read", "resources/list" },
	};
	struct guard_subject *subject = &t->now.subject;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice name = text_member(lua, t, rows[i].key);

		if (name.p == NULL)
			continue;
		subject->target = rows[i].target;
		subject->name = name;
		subject->method = slice_of(
		    t->now.message.hook == PLUGIN_DEFINITION ? rows[i].list : rows[i].method);
	}
}

/* The text that the hook looks at, by the name it has there. */
static void
message_text_read(lua_State *lua, struct testing *t)
{
	static const char *const keys[] = { [PLUGIN_REQUEST] = "arguments",
		[PLUGIN_RESULT] = "result",
		[PLUGIN_NOTIFICATION] = "params",
		[PLUGIN_DEFINITION] = "definition" };
	struct test_case *now = &t->now;
	struct slice text = json_member(lua, t, keys[now->message.hook]), other;

	other = json_member(lua, t, now->message.hook == PLUGIN_RESULT ? "error" : "params");
	now->subject.is_error =
	    now->message.hook == PLUGIN_RESULT && text.p == NULL && other.p != NULL;
	if (now->message.hook == PLUGIN_REQUEST && text.p == NULL && other.p == NULL)
		text = S("{}");
	if (now->message.hook == PLUGIN_REQUEST)
		now->subject.arguments = text;
	now->subject.text = now->message.text = text.p != NULL ? text
	    : other.p != NULL				       ? other
							       : S("{}");
}

static void
message_read(lua_State *lua, struct testing *t)
{
	struct guard_subject *subject = &t->now.subject;
	struct slice method;

	caller_read(lua, t);
	target_read(lua, t);
	method = text_member(lua, t, "method");
	if (method.p != NULL)
		subject->method = method;
	subject->server = text_member(lua, t, "server");
	subject->revision = text_member(lua, t, "revision");
	subject->is_read_only = flag_member(lua, "read_only");
	subject->is_destructive = flag_member(lua, "destructive");
	subject->is_idempotent = flag_member(lua, "idempotent");
	subject->is_open_world = flag_member(lua, "open_world");
	message_text_read(lua, t);
}

static void
keys_check(lua_State *lua)
{
	static const char *const known[] = { "name", "expect", "config", "request", "result",
		"notification", "definition" };
	size_t i;

	lua_pushnil(lua);
	while (lua_next(lua, -2) != 0) {
		const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";

		for (i = 0; i < COUNT(known) && strcmp(known[i], key) != 0; i++)
			;
		if (i == COUNT(known))
			luaL_error(lua,
			    "a case knows no \"%s\": write name, expect, config, and one of request, "
			    "result, notification, definition",
			    key);
		lua_pop(lua, 1);
	}
}

static int
case_read(lua_State *lua)
{
	struct testing *t = lua_touserdata(lua, 1);
	bool has_hook = false;

	lua_rawgeti(lua, LUA_REGISTRYINDEX, t->engine->tests);
	lua_rawgeti(lua, -1, t->at);
	if (!lua_istable(lua, -1))
		luaL_error(lua, "a case is a table");
	keys_check(lua);
	t->now.name = text_member(lua, t, "name");
	if (t->now.name.p == NULL)
		t->now.name = arena_printf(&t->arena, "case %d", t->at);
	t->now.settings = json_member(lua, t, "config");
	t->now.expect = json_member(lua, t, "expect");
	for (int i = 0; i < PLUGIN_HOOKS_N; i++) {
		lua_getfield(lua, -1, plugin_hook_name((enum plugin_hook)i));
		if (lua_istable(lua, -1)) {
			if (has_hook)
				luaL_error(lua, "a case has one message");
			has_hook = true;
			t->now.message.hook = (enum plugin_hook)i;
			message_read(lua, t);
		}
		lua_pop(lua, 1);
	}
	if (!has_hook)
		luaL_error(lua, "a case has a message: request = {tool = ..., arguments = {...}}");
	t->now.message.subject = &t->now.subject;
	return 0;
}

static int
cases_count(lua_State *lua)
{
	struct testing *t = lua_touserdata(lua, 1);

	if (t->engine->tests == LUA_NOREF)
		luaL_error(lua, "it brings no cases: add a list \"tests\" to what it returns");
	lua_rawgeti(lua, LUA_REGISTRYINDEX, t->engine->tests);
	t->n = lua_objlen(lua, -1);
	if (t->n == 0 || t->n > CASES_MAX)
		luaL_error(lua, "\"tests\" must be a list of 1 to %d cases", CASES_MAX);
	return 0;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static void
put_member(struct buf *out, const char *key, struct slice text, bool is_json)
{
	if (out->n > 1)
		buf_putc(out, ',');
	buf_json_string(out, slice_of(key));
	buf_putc(out, ':');
	if (is_json)
		buf_put(out, text);
	else
		buf_json_string(out, text);
}

static void
put_got(struct buf *out, enum plugin_hook hook, bool ok, const struct plugin_verdict *said,
    const struct err *err)
{
	static const char *const changes[] = { "arguments", "result", "params", "definition" };

	buf_putc(out, '{');
	if (!ok)
		put_member(out, "error", slice_of(err->text), false);
	if (said->says == PLUGIN_DENIES)
		put_member(out, "deny", buf_view(&said->reason), false);
	if (said->says == PLUGIN_ASKS)
		put_member(out, "ask", buf_view(&said->reason), false);
	if (said->says == PLUGIN_HIDES)
		put_member(out, "hide", S("true"), true);
	if (said->change.n > 0)
		put_member(out, changes[hook], buf_view(&said->change), true);
	if (said->answer.n > 0)
		put_member(out, "answer", buf_view(&said->answer), true);
	if (said->log.n > 0)
		put_member(out, "log", buf_view(&said->log), false);
	buf_putc(out, '}');
}

static bool
same_json(struct arena *arena, struct slice a, struct slice b)
{
	struct buf x, y;
	bool same;

	buf_init(&x, NULL, CASE_BYTES);
	buf_init(&y, NULL, CASE_BYTES);
	same = json_canonical(arena, a, NULL, &x) && json_canonical(arena, b, NULL, &y) &&
	    !x.overflow && !y.overflow && slice_eq(buf_view(&x), buf_view(&y));
	buf_fini(&x);
	buf_fini(&y);
	return same;
}

/* Does the text of an error hold what was expected of it? */
static bool
error_holds(struct arena *arena, struct slice expected, struct slice got)
{
	struct slice part, whole;
	struct err err;

	return json_type(expected) == JSON_STRING && json_string(arena, expected, &part, &err) &&
	    json_string(arena, got, &whole, &err) &&
	    memmem(whole.p, whole.n, part.n > 0 ? part.p : "", part.n) != NULL;
}

/* The text of a tool's answer is enough to expect. */
static bool
answer_holds(struct arena *arena, struct slice expected, struct slice got)
{
	struct buf whole;
	bool same;

	buf_init(&whole, NULL, CASE_BYTES);
	buf_puts(&whole, "{\"content\":[{\"type\":\"text\",\"text\":");
	buf_put(&whole, expected);
	buf_puts(&whole, "}],\"isError\":false}");
	same = json_type(expected) == JSON_STRING && same_json(arena, buf_view(&whole), got);
	buf_fini(&whole);
	return same;
}

static bool
member_holds(struct arena *arena, struct slice key, struct slice expected, struct slice got)
{
	if (slice_eq(expected, S("true")) && !slice_eq(key, S("hide")))
		return true;
	if (slice_eq(key, S("error")))
		return error_holds(arena, expected, got);
	return same_json(arena, expected, got) ||
	    (slice_eq(key, S("answer")) && answer_holds(arena, expected, got));
}

/* "pass", or an object: all that it names, and nothing else but `log`. */
static bool
holds(struct arena *arena, struct slice expect, struct slice got)
{
	struct json_iter iter;
	struct slice key, value, other;

	if (expect.p == NULL || slice_eq(expect, S("\"pass\"")))
		expect = S("{}");
	if (json_type(expect) != JSON_OBJECT)
		return false;
	json_iter_init(&iter, expect);
	while (json_iter_next(&iter, &key, &value))
		if (!json_find(got, key, &other) || !member_holds(arena, key, value, other))
			return false;
	json_iter_init(&iter, got);
	while (json_iter_next(&iter, &key, &value))
		if (!slice_eq(key, S("log")) && !json_find(expect, key, &other))
			return false;
	return true;
}

/* ---- one case -------------------------------------------------------------------------------- */

MUST_CHECK static bool
case_run(struct testing *t, bool *ok, struct err *err)
{
	static const struct plugin_host host = { .reply_bytes = CASE_BYTES };
	struct config_plugin config = *t->config;
	struct plugin_verdict said = { .says = PLUGIN_PASSES };
	struct plugin *plugin = NULL;
	struct err why = { 0 };
	struct buf got, detail;
	bool went;

	memset(&t->now, 0, sizeof(t->now));
	if (!lua_engine_run(t->engine, case_read, t, err))
		return err_prefix(err, "case %d", t->at);
	if (t->now.settings.p != NULL)
		config.settings = t->now.settings;
	if (!plugin_new(&config, &host, &plugin, err))
		return err_prefix(err, "case %d", t->at);
	buf_init(&got, NULL, CASE_BYTES);
	buf_init(&detail, NULL, 2 * CASE_BYTES);
	went = !plugin_has(plugin, t->now.message.hook) ||
	    plugin_call(plugin, &t->now.message, &said, &why);
	put_got(&got, t->now.message.hook, went, &said, &why);
	*ok = !got.overflow && holds(&t->arena, t->now.expect, buf_view(&got));
	if (!*ok) {
		buf_puts(&detail, "expected ");
		buf_put(&detail, t->now.expect.p != NULL ? t->now.expect : S("\"pass\""));
		buf_puts(&detail, ", got ");
		buf_put(&detail, got.n > 2 ? buf_view(&got) : S("\"pass\""));
	}
	t->report->row(t->report->ctx, t->now.name, *ok, buf_view(&detail));
	buf_fini(&got);
	buf_fini(&detail);
	plugin_verdict_fini(&said);
	plugin_free(&plugin);
	return true;
}

bool
guard_plugin_test(const struct config_plugin *config, const struct plugin_report *report,
    unsigned *failed, struct err *err)
{
	static const struct plugin_host host = { .reply_bytes = CASE_BYTES };
	struct testing t = { .report = report, .config = config };
	bool ok;

	*failed = 0;
	arena_init(&t.arena, NULL, 16 * CASE_BYTES);
	ok = lua_engine_new(config, &host, &t.engine, err) &&
	    lua_engine_run(t.engine, cases_count, &t, err);
	for (t.at = 1; ok && (size_t)t.at <= t.n; t.at++) {
		bool is_good = false;

		ok = case_run(&t, &is_good, err);
		*failed += ok && !is_good ? 1 : 0;
		arena_fini(&t.arena);
	}
	if (!ok)
		err->kind = ERR_CONFIG;
	lua_engine_free(&t.engine);
	arena_fini(&t.arena);
	return ok;
}
