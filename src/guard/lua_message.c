/*
 * What a script sees of a message, and the little it may do beside looking: log and tell the time.
 *
 * The text of the message becomes tables when it is first asked for, so that a script that looks at
 * names costs nothing by the length of what crosses.  A message that is kept beyond its call has
 * what was asked for by then.
 */
#include <stdio.h>
#include <string.h>

#include "guard/lua_engine.h"

#define LINES_A_CALL 20
#define LINE_BYTES   (1 * KIB)

/* ---- the message ----------------------------------------------------------------------------- */

/* What the text of a hook is called. */
static const char *
text_name(const struct plugin_message *message)
{
	const struct guard_subject *subject = message->subject;

	switch (message->hook) {
	case PLUGIN_REQUEST:
		return subject->arguments.p != NULL ? "arguments" : "params";
	case PLUGIN_RESULT:
		return subject->is_error ? "error" : "result";
	case PLUGIN_NOTIFICATION:
		return "params";
	default:
		return "definition";
	}
}

/* message.arguments, and so on, when they are first asked for.  Upvalue: the call they belong to.
 */
static int
message_index(lua_State *lua)
{
	struct lua_engine *engine = lua_engine_of(lua);
	const struct plugin_message *message = engine->message;
	bool is_free = engine->is_free;

	lua_settop(lua, 2);
	if (lua_type(lua, 2) != LUA_TSTRING || message == NULL || message->text.p == NULL ||
	    (uint64_t)lua_tonumber(lua, lua_upvalueindex(1)) != engine->calls ||
	    strcmp(lua_tostring(lua, 2), text_name(message)) != 0)
		return 0;
	engine->is_free = true;
	lua_json_push(lua, message->text);
	engine->is_free = is_free;
	lua_pushvalue(lua, 2);
	lua_pushvalue(lua, -2);
	lua_rawset(lua, 1);
	return 1;
}

static void
field(lua_State *lua, const char *name, struct slice text)
{
	if (text.p == NULL)
		return;
	lua_pushlstring(lua, text.p, text.n);
	lua_setfield(lua, -2, name);
}

static void
flag(lua_State *lua, const char *name, bool is_set)
{
	lua_pushboolean(lua, is_set);
	lua_setfield(lua, -2, name);
}

static void
caller_put(lua_State *lua, const struct guard_subject *subject)
{
	lua_createtable(lua, 0, 3);
	if (subject->caller != NULL) {
		field(lua, "principal", subject->caller->principal);
		field(lua, "tenant", subject->caller->tenant);
	}
	field(lua, "client", subject->client);
	lua_setfield(lua, -2, "caller");
}

void
lua_message_push(lua_State *lua)
{
	static const char *const targets[] = {
		[GUARD_TOOL] = "tool", [GUARD_PROMPT] = "prompt", [GUARD_RESOURCE] = "resource"
	};
	struct lua_engine *engine = lua_engine_of(lua);
	const struct guard_subject *subject = engine->message->subject;

	lua_createtable(lua, 0, 16);
	field(lua, "hook", slice_of(plugin_hook_name(engine->message->hook)));
	field(lua, "server", subject->server);
	field(lua, "method", subject->method);
	field(lua, "revision", subject->revision);
	field(lua, "name", subject->name);
	if (subject->target != GUARD_OTHER) {
		field(lua, "kind", slice_of(targets[subject->target]));
		field(lua, targets[subject->target], subject->name);
	}
	if (subject->target == GUARD_TOOL) {
		flag(lua, "read_only", subject->is_read_only);
		flag(lua, "destructive", subject->is_destructive);
		flag(lua, "idempotent", subject->is_idempotent);
		flag(lua, "open_world", subject->is_open_world);
	}
	caller_put(lua, subject);
	lua_newtable(lua);
	lua_pushnumber(lua, (double)engine->calls);
	lua_pushcclosure(lua, message_index, 1);
	lua_setfield(lua, -2, "__index");
	flag(lua, "__metatable", false);
	lua_setmetatable(lua, -2);
}

/* ---- log ------------------------------------------------------------------------------------- */

/* One line of the values, as far as they are plain; nothing of the script is called for it. */
static void
line_make(lua_State *lua, struct buf *out)
{
	int n = lua_gettop(lua);

	for (int i = 1; i <= n && out->n < LINE_BYTES; i++) {
		size_t length = 0;
		const char *text;

		if (i > 1)
			buf_putc(out, ' ');
		if (lua_type(lua, i) == LUA_TSTRING || lua_type(lua, i) == LUA_TNUMBER) {
			text = lua_tolstring(lua, i, &length);
			buf_put(
			    out, (struct slice){ text, length < LINE_BYTES ? length : LINE_BYTES });
		} else if (lua_isboolean(lua, i)) {
			buf_puts(out, lua_toboolean(lua, i) ? "true" : "false");
		} else {
			buf_puts(out, luaL_typename(lua, i));
		}
	}
}

/* Upvalue: the level. */
static int
log_line(lua_State *lua)
{
	struct lua_engine *engine = lua_engine_of(lua);
	enum log_level level = (enum log_level)lua_tointeger(lua, lua_upvalueindex(1));
	struct buf *out = &engine->text;

	lua_spend(lua, 50);
	if (engine->host->log == NULL || engine->lines++ >= LINES_A_CALL)
		return 0;
	buf_clear(out);
	line_make(lua, out);
	log_event(engine->host->log, level, "plugin_says", "plugin %.*s: %.*s",
	    SLICE_FMT(engine->config->name), SLICE_FMT(buf_view(out)));
	return 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

/* time.unix(): seconds since 1970 */
static int
time_unix(lua_State *lua)
{
	const struct plugin_message *message = lua_engine_of(lua)->message;

	lua_pushnumber(lua, message != NULL ? (double)message->subject->unix_s : 0);
	return 1;
}

/* time.ms(): milliseconds of a clock that only goes forward */
static int
time_ms(lua_State *lua)
{
	const struct plugin_message *message = lua_engine_of(lua)->message;

	lua_pushnumber(lua, message != NULL ? (double)message->subject->now_ms : 0);
	return 1;
}

void
lua_message_open(lua_State *lua)
{
	static const luaL_Reg none[] = { { NULL, NULL } };
	static const luaL_Reg times[] = { { "unix", time_unix }, { "ms", time_ms },
		{ NULL, NULL } };
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "debug", LOG_DEBUG }, { "info", LOG_INFO }, { "warn", LOG_WARN },
		{ "error", LOG_ERROR } };

	lua_library(lua, "time", times);
	lua_library(lua, "log", none);
	for (size_t i = 0; i < COUNT(levels); i++) {
		lua_pushinteger(lua, (lua_Integer)levels[i].level);
		lua_pushcclosure(lua, log_line, 1);
		lua_setfield(lua, -2, levels[i].name);
	}
	lua_getfield(lua, -1, "info");
	lua_setfield(lua, LUA_GLOBALSINDEX, "print");
	lua_pop(lua, 2);
}
