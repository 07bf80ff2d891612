/*
 * JSON to Lua and back.
 *
 * Objects are tables, arrays tables with a metatable that says so (an empty one is still an array),
 * null is `json.null`.  Numbers that a double does not hold as they are written (long ones, 1e400)
 * are values of their own that print as the text they came as.
 *
 * Back, the text that came is walked beside the value: whatever means the same at the same place
 * goes on byte for byte, with its white space, its escapes and the order of its members.
 *
 * A text that is pushed was accepted by the scanner; the readers here hold to its end all the same.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/lua_engine.h"

#define DEPTH	      (JSON_DEPTH + 2)
#define NUMBER_BYTES  48
#define EXACT	      9007199254740992.0 /* 2^53 */
#define VALUE_STEPS   4
#define DECODE_STEPS  50
#define PASSING_BYTES (64 * KIB)
#define ARRAY_META    "json.array"
#define NUMBER_META   "json.number"

/* Where a text stands; at NULL: there is none. */
struct reader {
	const char *at, *end;
};

struct writer {
	lua_State *lua;
	struct buf *out;
	struct reader from;
};

/* ---- reading --------------------------------------------------------------------------------- */

static char
peek(struct reader *reader)
{
	while (reader->at < reader->end && memchr(" \t\r\n", *reader->at, 4) != NULL)
		reader->at++;
	return reader->at < reader->end ? *reader->at : '\0';
}

static bool
take(struct reader *reader, char c)
{
	if (peek(reader) != c)
		return false;
	reader->at++;
	return true;
}

/* Behind a string that begins here. */
static struct slice
string_token(struct reader *reader)
{
	const char *begin = reader->at++;

	while (reader->at < reader->end && *reader->at != '"')
		reader->at += *reader->at == '\\' ? 2 : 1;
	reader->at = reader->at < reader->end ? reader->at + 1 : reader->end;
	return (struct slice){ begin, (size_t)(reader->at - begin) };
}

/* A number or a word. */
static struct slice
plain_token(struct reader *reader)
{
	const char *begin = reader->at;

	while (reader->at < reader->end && memchr(" \t\r\n,]}:", *reader->at, 8) == NULL)
		reader->at++;
	return (struct slice){ begin, (size_t)(reader->at - begin) };
}

/* Behind the value that begins here. */
static struct slice
value_token(struct reader *reader)
{
	const char *begin;
	unsigned depth = 0;
	char c = peek(reader);

	begin = reader->at;
	do {
		c = peek(reader);
		if (c == '"')
			(void)string_token(reader);
		else if (c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':') {
			depth += c == '{' || c == '[' ? 1 : 0;
			depth -= (c == '}' || c == ']') && depth > 0 ? 1 : 0;
			reader->at++;
		} else
			(void)plain_token(reader);
	} while (depth > 0 && reader->at < reader->end);
	return (struct slice){ begin, (size_t)(reader->at - begin) };
}

/* The text of a string token; lives until the next one is asked for. */
static struct slice
unescaped(lua_State *lua, struct slice token)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct slice text = SLICE_NONE;
	struct err err;

	if (token.n < 2)
		luaL_error(lua, "the message is no JSON");
	if (memchr(token.p, '\\', token.n) == NULL)
		return (struct slice){ token.p + 1, token.n - 2 };
	if (engine->passing.used_bytes > PASSING_BYTES)
		arena_fini(&engine->passing);
	if (!arena_reserve(&engine->passing, token.n, &err) ||
	    !json_string(&engine->passing, token, &text, &err)) {
		engine->stop = LUA_STOP_MEMORY;
		luaL_error(lua, "not enough memory");
	}
	return text;
}

/* Does a double hold it, so that its shortest text means the same number? */
static bool
number_read(struct slice token, double *out)
{
	char copy[NUMBER_BYTES];
	unsigned digits = 0;
	bool is_zero = true, is_whole = true;

	if (token.n == 0 || token.n >= sizeof(copy))
		return false;
	memcpy(copy, token.p, token.n);
	copy[token.n] = '\0';
	*out = strtod(copy, NULL);
	for (size_t i = 0; i < token.n && (token.p[i] | 0x20) != 'e'; i++) {
		is_whole = is_whole && token.p[i] != '.';
		is_zero = is_zero && (token.p[i] < '1' || token.p[i] > '9');
		digits += token.p[i] >= '0' && token.p[i] <= '9' && !is_zero ? 1 : 0;
	}
	is_whole = is_whole && memchr(token.p, 'e', token.n) == NULL &&
	    memchr(token.p, 'E', token.n) == NULL;
	if (is_zero)
		return true;
	if (!isfinite(*out) || fabs(*out) < DBL_MIN)
		return false;
	return digits <= DBL_DIG || (is_whole && fabs(*out) < EXACT);
}

static void
number_push(lua_State *lua, struct slice token)
{
	double number;
	char *text;

	if (number_read(token, &number)) {
		lua_pushnumber(lua, number);
		return;
	}
	text = lua_newuserdata(lua, token.n > 0 ? token.n : 1);
	if (token.n > 0)
		memcpy(text, token.p, token.n);
	luaL_getmetatable(lua, NUMBER_META);
	lua_setmetatable(lua, -2);
}

static void push_value(lua_State *lua, struct reader *reader, unsigned depth);

static void
push_object(lua_State *lua, struct reader *reader, unsigned depth)
{
	struct slice key;

	lua_newtable(lua);
	if (take(reader, '}'))
		return;
	do {
		if (peek(reader) != '"')
			luaL_error(lua, "the message is no JSON");
		key = unescaped(lua, string_token(reader));
		lua_pushlstring(lua, key.p, key.n);
		if (!take(reader, ':'))
			luaL_error(lua, "the message is no JSON");
		push_value(lua, reader, depth);
		lua_rawset(lua, -3);
	} while (take(reader, ','));
	if (!take(reader, '}'))
		luaL_error(lua, "the message is no JSON");
}

static void
push_array(lua_State *lua, struct reader *reader, unsigned depth)
{
	lua_newtable(lua);
	luaL_getmetatable(lua, ARRAY_META);
	lua_setmetatable(lua, -2);
	if (take(reader, ']'))
		return;
	for (int i = 1;; i++) {
		push_value(lua, reader, depth);
		lua_rawseti(lua, -2, i);
		if (!take(reader, ','))
			break;
	}
	if (!take(reader, ']'))
		luaL_error(lua, "the message is no JSON");
}

static void
push_value(lua_State *lua, struct reader *reader, unsigned depth)
{
	struct slice token;
	char c = peek(reader);

	luaL_checkstack(lua, 4, "nested too deep");
	if (depth == 0)
		luaL_error(lua, "nested too deep");
	if (c == '{' || c == '[') {
		reader->at++;
		(c == '{' ? push_object : push_array)(lua, reader, depth - 1);
		return;
	}
	if (c == '"') {
		token = unescaped(lua, string_token(reader));
		lua_pushlstring(lua, token.n > 0 ? token.p : "", token.n);
		return;
	}
	token = plain_token(reader);
	if (slice_eq(token, S("null")))
		lua_pushlightuserdata(lua, NULL);
	else if (slice_eq(token, S("true")) || slice_eq(token, S("false")))
		lua_pushboolean(lua, token.n == 4);
	else if (token.n > 0 && (c == '-' || (c >= '0' && c <= '9')))
		number_push(lua, token);
	else
		luaL_error(lua, "the message is no JSON");
}

void
lua_json_push(lua_State *lua, struct slice text)
{
	struct reader reader = { text.p, text.p + text.n };

	push_value(lua, &reader, DEPTH);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool put_value(struct writer *w, unsigned depth);

static void
check_room(const struct writer *w)
{
	if (w->out->overflow)
		luaL_error(w->lua, "what it gives back is too long");
}

/* The token of what stands here in the text that came, if it is of that sort; else it is skipped.
 */
static struct slice
came_as(struct writer *w, const char *first)
{
	char c;

	if (w->from.at == NULL)
		return SLICE_NONE;
	c = peek(&w->from);
	if (c != '\0' && strchr(first, c) != NULL)
		return value_token(&w->from);
	(void)value_token(&w->from);
	return SLICE_NONE;
}

static bool
put_text(struct writer *w)
{
	size_t n;
	const char *text = lua_tolstring(w->lua, -1, &n);
	struct slice came = came_as(w, "\"");

	lua_spend(w->lua, n / 64);
	if (came.p != NULL && slice_eq(unescaped(w->lua, came), (struct slice){ text, n })) {
		buf_put(w->out, came);
		return true;
	}
	buf_json_string(w->out, (struct slice){ text, n });
	return false;
}

static bool
put_number(struct writer *w)
{
	struct slice came = came_as(w, "-0123456789");
	double number = lua_tonumber(w->lua, -1), was;
	char text[NUMBER_BYTES];

	if (came.p != NULL && number_read(came, &was) && was == number) {
		buf_put(w->out, came);
		return true;
	}
	if (!isfinite(number))
		luaL_error(w->lua, "a number that is infinite, or none, has no place in JSON");
	if (number == floor(number) && fabs(number) < EXACT) {
		buf_printf(w->out, "%lld", (long long)number);
		return false;
	}
	for (int digits = DBL_DIG; digits <= DBL_DIG + 2; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buf_puts(w->out, text);
	return false;
}

/* A number that came as a text. */
static bool
put_long_number(struct writer *w)
{
	struct slice came = came_as(w, "-0123456789");
	struct slice text = { lua_touserdata(w->lua, -1), lua_objlen(w->lua, -1) };

	buf_put(w->out, text);
	return came.p != NULL && slice_eq(came, text);
}

static bool
put_word(struct writer *w, const char *word)
{
	struct slice came = came_as(w, "tfn");

	buf_puts(w->out, word);
	return came.p != NULL && slice_eq(came, slice_of(word));
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool
has_meta(lua_State *lua, int at, const char *name)
{
	bool is_it;

	if (lua_getmetatable(lua, at) == 0)
		return false;
	luaL_getmetatable(lua, name);
	is_it = lua_rawequal(lua, -1, -2);
	lua_pop(lua, 2);
	return is_it;
}

/* Members of the table at the top; all must be texts, or all numbers. */
static size_t
count_members(lua_State *lua, bool is_array)
{
	size_t n = 0;

	lua_pushnil(lua);
	while (lua_next(lua, -2) != 0) {
		int type = lua_type(lua, -2);

		if (type != (is_array ? LUA_TNUMBER : LUA_TSTRING))
			luaL_error(lua,
			    "a table with %s and other keys is neither an array nor an object",
			    is_array ? "numbers" : "texts");
		lua_pop(lua, 1);
		n++;
	}
	lua_spend(lua, VALUE_STEPS * (1 + n));
	return n;
}

static bool
is_array(struct writer *w)
{
	if (has_meta(w->lua, -1, ARRAY_META) || lua_objlen(w->lua, -1) > 0)
		return true;
	lua_pushnil(w->lua);
	if (lua_next(w->lua, -2) != 0) {
		lua_pop(w->lua, 2);
		return false;
	}
	/* Empty, and nothing says what it is: what it was. */
	return w->from.at != NULL && peek(&w->from) == '[';
}

static bool
put_array(struct writer *w, unsigned depth)
{
	lua_State *lua = w->lua;
	size_t n = count_members(lua, true), mark = w->out->n, i;
	bool came = w->from.at != NULL && peek(&w->from) == '[', same = came, has_next;
	const char *begin = w->from.at;

	if (!came)
		(void)came_as(w, "");
	else
		w->from.at++;
	has_next = came && peek(&w->from) != ']';
	buf_putc(w->out, '[');
	for (i = 1; i <= n; i++) {
		struct reader none = { NULL, NULL };
		struct writer fresh = { lua, w->out, none };

		if (i > 1)
			buf_putc(w->out, ',');
		lua_rawgeti(lua, -1, (int)i);
		if (lua_isnil(lua, -1))
			luaL_error(lua, "an array with holes (json.null stands for nothing)");
		if (!put_value(has_next ? w : &fresh, depth) || !has_next)
			same = false;
		has_next = has_next && take(&w->from, ',');
		lua_pop(lua, 1);
	}
	buf_putc(w->out, ']');
	for (; has_next; has_next = take(&w->from, ',')) {
		(void)value_token(&w->from);
		same = false;
	}
	if (came && !take(&w->from, ']'))
		luaL_error(lua, "the message is no JSON");
	if (same) {
		w->out->n = mark;
		buf_put(w->out, (struct slice){ begin, (size_t)(w->from.at - begin) });
	}
	return same;
}

/* The members that came and are still there, in their order; how many, *n of what came. */
static size_t
put_members(struct writer *w, size_t *came_n, bool *same, unsigned depth)
{
	lua_State *lua = w->lua;
	size_t kept = 0;

	*came_n = 0;
	if (take(&w->from, '}'))
		return 0;
	do {
		struct slice token = value_token(&w->from), key = unescaped(lua, token);

		if (!take(&w->from, ':'))
			luaL_error(lua, "the message is no JSON");
		(*came_n)++;
		lua_pushlstring(lua, key.n > 0 ? key.p : "", key.n);
		lua_rawget(lua, -2);
		if (lua_isnil(lua, -1)) {
			(void)value_token(&w->from);
			*same = false;
		} else {
			if (kept++ > 0)
				buf_putc(w->out, ',');
			buf_put(w->out, token);
			buf_putc(w->out, ':');
			*same &= put_value(w, depth);
		}
		lua_pop(lua, 1);
	} while (take(&w->from, ','));
	if (!take(&w->from, '}'))
		luaL_error(lua, "the message is no JSON");
	return kept;
}

static int
key_order(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

/* The names in the table that were not in the object that came, sorted; they stay where they are.
 */
static struct slice *
new_keys(struct writer *w, struct reader came, size_t n)
{
	lua_State *lua = w->lua;
	struct lua_engine *engine = lua_engine_of(lua);
	struct slice *keys = NULL;
	struct err err;
	size_t at = 0;

	lua_newtable(lua);
	if (came.at != NULL && take(&came, '{') && !take(&came, '}')) {
		do {
			struct slice key = unescaped(lua, value_token(&came));

			lua_pushlstring(lua, key.n > 0 ? key.p : "", key.n);
			lua_pushboolean(lua, 1);
			lua_rawset(lua, -3);
			(void)take(&came, ':');
			lua_spend(lua, 1 + value_token(&came).n / 64);
		} while (take(&came, ','));
	}
	if (!arena_reserve(&engine->arena, n * sizeof(*keys), &err)) {
		engine->stop = LUA_STOP_MEMORY;
		luaL_error(lua, "not enough memory");
	}
	keys = ARENA_ARRAY(&engine->arena, struct slice, n);
	lua_pushnil(lua);
	while (lua_next(lua, -3) != 0) {
		lua_pop(lua, 1);
		lua_pushvalue(lua, -1);
		lua_rawget(lua, -3);
		if (lua_isnil(lua, -1)) {
			must(at < n);
			keys[at].p = lua_tolstring(lua, -2, &keys[at].n);
			at++;
		}
		lua_pop(lua, 1);
	}
	lua_pop(lua, 1);
	must(at == n);
	qsort(keys, n, sizeof(*keys), key_order);
	return keys;
}

static bool
put_object(struct writer *w, unsigned depth)
{
	lua_State *lua = w->lua;
	size_t n = count_members(lua, false), mark = w->out->n, kept = 0, came_n = 0;
	bool came = w->from.at != NULL && peek(&w->from) == '{', same = came;
	struct reader before = w->from, none = { NULL, NULL };
	struct writer fresh = { lua, w->out, none };
	struct slice *keys;

	buf_putc(w->out, '{');
	if (came) {
		w->from.at++;
		kept = put_members(w, &came_n, &same, depth);
	} else {
		(void)came_as(w, "");
	}
	if (n > kept) {
		same = false;
		keys = new_keys(w, came ? before : none, n - kept);
		for (size_t i = 0; i < n - kept; i++) {
			if (kept + i > 0)
				buf_putc(w->out, ',');
			buf_json_string(w->out, keys[i]);
			buf_putc(w->out, ':');
			lua_pushlstring(lua, keys[i].n > 0 ? keys[i].p : "", keys[i].n);
			lua_rawget(lua, -2);
			(void)put_value(&fresh, depth);
			lua_pop(lua, 1);
		}
	}
	buf_putc(w->out, '}');
	if (same) {
		w->out->n = mark;
		buf_put(w->out, (struct slice){ before.at, (size_t)(w->from.at - before.at) });
	}
	return same;
}

static bool
put_value(struct writer *w, unsigned depth)
{
	lua_State *lua = w->lua;

	luaL_checkstack(lua, 8, "nested too deep");
	if (depth == 0)
		luaL_error(lua, "what it gives back is nested too deep, or in itself");
	lua_spend(lua, VALUE_STEPS);
	check_room(w);
	switch (lua_type(lua, -1)) {
	case LUA_TSTRING:
		return put_text(w);
	case LUA_TNUMBER:
		return put_number(w);
	case LUA_TBOOLEAN:
		return put_word(w, lua_toboolean(lua, -1) ? "true" : "false");
	case LUA_TLIGHTUSERDATA:
		return put_word(w, "null");
	case LUA_TTABLE:
		return (is_array(w) ? put_array : put_object)(w, depth - 1);
	case LUA_TUSERDATA:
		if (has_meta(lua, -1, NUMBER_META))
			return put_long_number(w);
		break;
	default:
		break;
	}
	return luaL_error(lua, "a %s has no place in JSON", luaL_typename(lua, -1));
}

bool
lua_json_put(lua_State *lua, struct slice from, struct buf *out)
{
	struct writer writer = { lua, out, { from.p, from.p != NULL ? from.p + from.n : NULL } };
	bool same;

	lua_spend(lua, from.n / 64);
	same = put_value(&writer, DEPTH);
	check_room(&writer);
	return same;
}

/* ---- the library ----------------------------------------------------------------------------- */

static int
number_text(lua_State *lua)
{
	const char *text = luaL_checkudata(lua, 1, NUMBER_META);

	lua_pushlstring(lua, text, lua_objlen(lua, 1));
	return 1;
}

static int
number_equal(lua_State *lua)
{
	size_t n = lua_objlen(lua, 1);

	lua_pushboolean(lua,
	    n == lua_objlen(lua, 2) &&
		memcmp(lua_touserdata(lua, 1), lua_touserdata(lua, 2), n) == 0);
	return 1;
}

/* json.array(table): the same table, as an array also where it is empty. */
static int
array(lua_State *lua)
{
	lua_settop(lua, 1);
	if (lua_isnil(lua, 1)) {
		lua_newtable(lua);
		lua_replace(lua, 1);
	}
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_getmetatable(lua, ARRAY_META);
	lua_setmetatable(lua, 1);
	return 1;
}

/* json.is_array(value) */
static int
is_array_table(lua_State *lua)
{
	lua_settop(lua, 1);
	lua_pushboolean(lua, lua_istable(lua, 1) && has_meta(lua, 1, ARRAY_META));
	return 1;
}

/* A copy that the scanner has accepted; SLICE_NONE: it has not. */
static struct slice
scanned(lua_State *lua, struct slice text)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct json_scan *scan;
	struct err err = { 0 };
	char *copy;

	lua_spend(lua, DECODE_STEPS + text.n / 16);
	arena_fini(&engine->decoded);
	if (!arena_reserve(&engine->decoded, text.n + 1, &err)) {
		engine->stop = LUA_STOP_MEMORY;
		luaL_error(lua, "not enough memory");
	}
	copy = arena_bytes(&engine->decoded, text.n + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	scan = json_scan_new(&engine->decoded, copy, text.n, 0, JSON_MEND,
	    engine->host->loop != NULL ? loop_seed(engine->host->loop) : 0);
	return json_scan_all(scan, &err) ? (struct slice){ copy, text.n } : SLICE_NONE;
}

/* json.decode(text): the value, or nil where it is no JSON. */
static int
decode(lua_State *lua)
{
	struct slice text;

	text.p = luaL_checklstring(lua, 1, &text.n);
	text = scanned(lua, text);
	if (text.p == NULL)
		lua_pushnil(lua);
	else
		lua_json_push(lua, text);
	return 1;
}

/* json.encode(value): its text. */
static int
encode(lua_State *lua)
{
	struct buf *out = &lua_engine_of(lua)->text;

	luaL_checkany(lua, 1);
	lua_settop(lua, 1);
	buf_clear(out);
	(void)lua_json_put(lua, SLICE_NONE, out);
	lua_pushlstring(lua, out->n > 0 ? out->p : "", out->n);
	return 1;
}

/* json.number(text): a number of any length. */
static int
number(lua_State *lua)
{
	struct slice text;
	bool is_number;

	text.p = luaL_checklstring(lua, 1, &text.n);
	is_number = text.n > 0 && text.n <= 1000 &&
	    (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9')) &&
	    scanned(lua, text).p != NULL;
	luaL_argcheck(lua, is_number, 1, "no number of JSON");
	number_push(lua, slice_trim(text));
	return 1;
}

void
lua_json_open(lua_State *lua)
{
	static const luaL_Reg functions[] = { { "array", array }, { "decode", decode },
		{ "encode", encode }, { "is_array", is_array_table }, { "number", number },
		{ NULL, NULL } };

	luaL_newmetatable(lua, NUMBER_META);
	lua_pushcfunction(lua, number_text);
	lua_setfield(lua, -2, "__tostring");
	lua_pushcfunction(lua, number_equal);
	lua_setfield(lua, -2, "__eq");
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	luaL_newmetatable(lua, ARRAY_META);
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	lua_pop(lua, 2);
	lua_library(lua, "json", functions);
	lua_pushlightuserdata(lua, NULL);
	lua_setfield(lua, -2, "null");
	lua_pop(lua, 1);
}
