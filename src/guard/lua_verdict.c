/*
 * What a hook gives back: nothing, or a table with one or more of the words below.  A word that is
 * not known, or has no meaning for this kind of message, is an error and no silence: who wrote it
 * expected something of it.
 */
#include <string.h>

#include "guard/lua_engine.h"

#define REASON_BYTES (1 * KIB)

#define ON(hook) (1u << PLUGIN_##hook)
#define ON_ALL	 ((1u << PLUGIN_HOOKS_N) - 1)

/* Each with the value at the top of the stack. */
typedef void word_fn(lua_State *lua, struct plugin_verdict *verdict);

/* A text of one line, at most REASON_BYTES, whole characters. */
static void
line_read(lua_State *lua, const char *word, struct buf *out)
{
	struct slice text;

	if (lua_type(lua, -1) != LUA_TSTRING)
		luaL_error(lua, "\"%s\" must be a text, not a %s", word, luaL_typename(lua, -1));
	text.p = lua_tolstring(lua, -1, &text.n);
	if (text.n > REASON_BYTES) {
		text.n = REASON_BYTES;
		while (text.n > 0 && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
			text.n--;
	}
	if (!slice_is_utf8(text))
		luaL_error(lua, "\"%s\" is not UTF-8", word);
	buf_clear(out);
	for (size_t i = 0; i < text.n; i++)
		buf_putc(
		    out, (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i]);
}

static void
deny(lua_State *lua, struct plugin_verdict *verdict)
{
	line_read(lua, "deny", &verdict->reason);
	verdict->says = PLUGIN_DENIES;
}

static void
ask(lua_State *lua, struct plugin_verdict *verdict)
{
	if (verdict->says != PLUGIN_PASSES)
		luaL_error(lua, "\"ask\" beside \"deny\" or \"hide\"");
	line_read(lua, "ask", &verdict->reason);
	verdict->says = PLUGIN_ASKS;
}

static void
hide(lua_State *lua, struct plugin_verdict *verdict)
{
	if (lua_type(lua, -1) != LUA_TBOOLEAN)
		luaL_error(lua, "\"hide\" must be true or false");
	if (lua_toboolean(lua, -1) && verdict->says == PLUGIN_PASSES)
		verdict->says = PLUGIN_HIDES;
}

static void
note(lua_State *lua, struct plugin_verdict *verdict)
{
	line_read(lua, "log", &verdict->log);
}

static void
object_check(lua_State *lua, const char *word, struct slice text)
{
	if (json_type(text) != JSON_OBJECT)
		luaL_error(lua, "\"%s\" must be an object, that is a table with names", word);
}

/* In place of the message's text; nothing where it is the same. */
static void
change(lua_State *lua, const char *word)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct buf *out = &engine->out;

	buf_clear(out);
	if (lua_json_put(lua, engine->message->text, out))
		buf_clear(out);
	else
		object_check(lua, word, buf_view(out));
}

static void
arguments(lua_State *lua, struct plugin_verdict *verdict)
{
	if (lua_engine_of(lua)->message->subject->arguments.p == NULL)
		luaL_error(lua, "\"arguments\": this request has none that could be replaced");
	change(lua, "arguments");
}

static void
result(lua_State *lua, struct plugin_verdict *verdict)
{
	if (lua_engine_of(lua)->message->subject->is_error)
		luaL_error(lua, "\"result\": this request ended in an error");
	change(lua, "result");
}

static void
definition(lua_State *lua, struct plugin_verdict *verdict)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct buf *out = &engine->out;

	buf_clear(out);
	if (lua_json_put(lua, engine->message->text, out))
		buf_clear(out);
	else if (json_type(buf_view(out)) != json_type(engine->message->text))
		luaL_error(lua, "\"definition\" must be of the kind that it was");
}

/* A text is the result of a tool that says it. */
static void
answer(lua_State *lua, struct plugin_verdict *verdict)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct buf *out = &engine->answer;

	buf_clear(out);
	if (lua_type(lua, -1) == LUA_TSTRING && engine->message->subject->target == GUARD_TOOL) {
		struct slice text;

		text.p = lua_tolstring(lua, -1, &text.n);
		buf_puts(out, "{\"content\":[{\"type\":\"text\",\"text\":");
		buf_json_string(out, text);
		buf_puts(out, "}],\"isError\":false}");
	} else {
		(void)lua_json_put(lua, SLICE_NONE, out);
	}
	if (out->overflow)
		luaL_error(lua, "\"answer\" is too long");
	object_check(lua, "answer", buf_view(out));
}

/* In the order in which they are read. */
static const struct {
	const char *word;
	word_fn *read;
	unsigned hooks;
} words[] = {
	{ "deny", deny, ON_ALL },
	{ "hide", hide, ON(DEFINITION) },
	{ "ask", ask, ON(REQUEST) },
	{ "arguments", arguments, ON(REQUEST) },
	{ "answer", answer, ON(REQUEST) },
	{ "result", result, ON(RESULT) },
	{ "definition", definition, ON(DEFINITION) },
	{ "log", note, ON_ALL },
};

static void
word_check(lua_State *lua, enum plugin_hook hook)
{
	size_t i = 0;

	if (lua_type(lua, -2) != LUA_TSTRING)
		luaL_error(lua, "a verdict has names, such as {deny = \"why\"}");
	while (i < COUNT(words) && strcmp(words[i].word, lua_tostring(lua, -2)) != 0)
		i++;
	if (i == COUNT(words))
		luaL_error(lua,
		    "a verdict knows no \"%s\": write deny, ask, arguments, answer, result, definition, hide or log",
		    lua_tostring(lua, -2));
	if ((words[i].hooks & 1u << hook) == 0)
		luaL_error(
		    lua, "\"%s\" means nothing to a %s", words[i].word, plugin_hook_name(hook));
}

void
lua_verdict_read(lua_State *lua, struct plugin_verdict *verdict)
{
	enum plugin_hook hook = lua_engine_of(lua)->message->hook;

	if (lua_isnil(lua, -1))
		return;
	if (lua_type(lua, -1) != LUA_TTABLE)
		luaL_error(lua,
		    "a hook returns nothing or a table such as {deny = \"why\"}, not a %s",
		    luaL_typename(lua, -1));
	lua_pushnil(lua);
	while (lua_next(lua, -2) != 0) {
		word_check(lua, hook);
		lua_pop(lua, 1);
	}
	for (size_t i = 0; i < COUNT(words); i++) {
		lua_pushstring(lua, words[i].word);
		lua_rawget(lua, -2);
		if (!lua_isnil(lua, -1))
			words[i].read(lua, verdict);
		lua_pop(lua, 1);
	}
}
