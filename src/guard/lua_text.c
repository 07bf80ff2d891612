/*
 * find, match, gmatch and gsub: of `string` in Lua's patterns, of `re` in those of PCRE2, otherwise
 * alike.  Every place that the engine tries is a step of the script's, so that no pattern and no
 * text can hold the loop; a pattern is compiled once.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "guard/lua_engine.h"

#define PATTERN_BYTES  (16 * KIB)
#define TRANSLATED_MAX (256 * KIB)
#define HEAP_KIB       (4 * 1024)
#define COMPILE_STEPS  500
#define MATCH_STEPS    8
#define PLACE_STEPS    4

struct lua_pattern {
	uint64_t hash;
	struct slice source; /* owned */
	bool is_plain_lua;   /* of `string` */
	bool is_anchored;
	unsigned captures;
	unsigned group[LUA_CAPTURES];
	bool is_position[LUA_CAPTURES];
	/* A function of the script is called between its matches: by so many, in that call. */
	uint64_t busy_call;
	unsigned busy_n;
	pcre2_code *code;
	size_t pairs; /* of places: the whole, and what the groups hold */
	pcre2_match_context *context;
	/* of the match in progress */
	struct lua_engine *engine;
	PCRE2_SIZE last;
};

struct match {
	struct lua_pattern *pattern;
	const char *text;
	size_t n;
	PCRE2_SIZE places[2 * LUA_GROUPS];
};

/* ---- patterns -------------------------------------------------------------------------------- */

static void
pattern_free(struct lua_pattern **at)
{
	struct lua_pattern *pattern = *at;

	*at = NULL;
	if (pattern == NULL)
		return;
	pcre2_match_context_free(pattern->context);
	pcre2_code_free(pattern->code);
	mem_free((void *)pattern->source.p);
	mem_free(pattern);
}

void
lua_text_fini(struct lua_engine *engine)
{
	for (size_t i = 0; i < LUA_PATTERNS; i++)
		pattern_free(&engine->patterns[i]);
	pcre2_match_data_free(engine->match_data);
}

/* Called wherever it tries something: that place, and the way to it, are steps. */
static int
count_place(pcre2_callout_block *block, void *arg)
{
	struct lua_pattern *pattern = arg;
	size_t way =
	    block->current_position > pattern->last ? block->current_position - pattern->last : 0;

	pattern->last = block->current_position;
	return lua_may_spend(pattern->engine, PLACE_STEPS + way / 32) ? 0 : PCRE2_ERROR_CALLOUT;
}

static bool
groups_take(struct lua_pattern *pattern)
{
	uint32_t n = 0;

	pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &n);
	pattern->pairs = 1 + (size_t)n;
	if (pattern->is_plain_lua)
		return pattern->pairs <= LUA_GROUPS;
	for (unsigned i = 0; i < n && i < LUA_CAPTURES; i++)
		pattern->group[i] = i + 1;
	pattern->captures = n;
	return n <= LUA_CAPTURES;
}

/* A fault for people in text, which stays there until the next. */
static const char *
pattern_compile(struct lua_pattern *pattern, struct slice words, char text[160])
{
	uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_NEVER_BACKSLASH_C |
	    (pattern->is_plain_lua ? PCRE2_DOTALL : PCRE2_UTF);
	int fault = 0;
	PCRE2_SIZE at = 0;

	pattern->code = pcre2_compile((PCRE2_SPTR)words.p, words.n, options, &fault, &at, NULL);
	if (pattern->code == NULL) {
		pcre2_get_error_message(fault, (PCRE2_UCHAR *)text, 160);
		return text;
	}
	if (!groups_take(pattern))
		return "too many captures";
	pattern->context = pcre2_match_context_create(NULL);
	must(pattern->context != NULL);
	pcre2_set_match_limit(pattern->context, UINT32_MAX);
	pcre2_set_depth_limit(pattern->context, UINT32_MAX);
	pcre2_set_heap_limit(pattern->context, HEAP_KIB);
	pcre2_set_callout(pattern->context, count_place, pattern);
	return NULL;
}

/* A place for another one; the oldest goes that is not in use. */
static struct lua_pattern **
pattern_place(lua_State *lua, struct lua_engine *engine)
{
	for (unsigned i = 0; i < LUA_PATTERNS; i++) {
		struct lua_pattern **place =
		    &engine->patterns[engine->pattern_next++ % LUA_PATTERNS];

		if (*place == NULL || (*place)->busy_call != engine->calls || (*place)->busy_n == 0)
			return place;
	}
	luaL_error(lua, "too many patterns are in use");
	return NULL;
}

static struct lua_pattern *
pattern_new(lua_State *lua, struct slice source, bool is_plain_lua, uint64_t hash)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct lua_pattern **place = pattern_place(lua, engine), *pattern;
	struct lua_translation translation = { 0 };
	struct buf words;
	const char *fault = NULL;
	char text[160] = "";

	lua_spend(lua, COMPILE_STEPS + source.n);
	pattern_free(place);
	pattern = *place = MEM_NEW(struct lua_pattern);
	pattern->hash = hash;
	pattern->source = slice_keep(source);
	pattern->is_plain_lua = is_plain_lua;
	pattern->engine = engine;
	buf_init(&words, NULL, TRANSLATED_MAX);
	if (is_plain_lua) {
		fault = lua_pattern_translate(source, &words, &translation);
		pattern->is_anchored = translation.is_anchored;
		pattern->captures = translation.captures;
		memcpy(pattern->group, translation.group, sizeof(pattern->group));
		memcpy(pattern->is_position, translation.is_position, sizeof(pattern->is_position));
	} else {
		buf_put(&words, source);
	}
	if (fault == NULL && words.overflow)
		fault = "the pattern is too long";
	if (fault == NULL)
		fault = pattern_compile(pattern, words.n > 0 ? buf_view(&words) : S(""), text);
	buf_fini(&words);
	if (fault != NULL) {
		pattern_free(place);
		luaL_error(lua, "%s", fault);
	}
	return pattern;
}

/* upvalue 1 of every function here: is it one of `string`? */
static struct lua_pattern *
pattern_of(lua_State *lua, int at)
{
	struct lua_engine *engine = lua_engine_of(lua);
	bool is_plain_lua = lua_toboolean(lua, lua_upvalueindex(1));
	struct slice source;
	uint64_t hash;

	source.p = luaL_checklstring(lua, at, &source.n);
	luaL_argcheck(lua, source.n <= PATTERN_BYTES, at, "the pattern is too long");
	hash = hash_bytes(source, is_plain_lua);
	for (size_t i = 0; i < LUA_PATTERNS; i++) {
		struct lua_pattern *pattern = engine->patterns[i];

		if (pattern != NULL && pattern->hash == hash &&
		    pattern->is_plain_lua == is_plain_lua && slice_eq(pattern->source, source))
			return pattern;
	}
	return pattern_new(lua, source, is_plain_lua, hash);
}

/* ---- matching -------------------------------------------------------------------------------- */

static void
match_begin(lua_State *lua, struct match *match, struct lua_pattern *pattern, int at)
{
	match->pattern = pattern;
	match->text = luaL_checklstring(lua, at, &match->n);
	/* What the gateway shows a script is UTF-8; the engine has to rely on it. */
	if (!pattern->is_plain_lua) {
		lua_spend(lua, match->n / 32);
		luaL_argcheck(lua, slice_is_utf8((struct slice){ match->text, match->n }), at,
		    "the text is not UTF-8");
	}
}

/* From offset `from` on; false: nothing fits. */
static bool
match_next(lua_State *lua, struct match *match, size_t from, bool is_there)
{
	struct lua_pattern *pattern = match->pattern;
	struct lua_engine *engine = lua_engine_of(lua);
	uint32_t options = pattern->is_plain_lua ? 0 : PCRE2_NO_UTF_CHECK;
	int n;

	if (engine->match_data == NULL)
		engine->match_data = pcre2_match_data_create(LUA_GROUPS, NULL);
	must(engine->match_data != NULL);
	lua_spend(lua, MATCH_STEPS);
	pattern->last = from;
	if (pattern->is_anchored || is_there)
		options |= PCRE2_ANCHORED;
	n = pcre2_match(pattern->code, (PCRE2_SPTR)match->text, match->n, from, options,
	    engine->match_data, pattern->context);
	/* The start of a match is looked for without a step being counted. */
	lua_spend(lua,
	    (n > 0 ? pcre2_get_ovector_pointer(engine->match_data)[0] - from : match->n - from) /
		64);
	if (n > 0) {
		memcpy(match->places, pcre2_get_ovector_pointer(engine->match_data),
		    sizeof(PCRE2_SIZE) * 2 * pattern->pairs);
		return true;
	}
	if (n == PCRE2_ERROR_NOMATCH)
		return false;
	if (engine->stop == LUA_RUNS)
		engine->stop = LUA_STOP_STEPS;
	luaL_error(lua, "a pattern took too many steps");
	return false;
}

static void
capture_push(lua_State *lua, const struct match *match, unsigned i)
{
	unsigned group = match->pattern->group[i];
	PCRE2_SIZE from = match->places[2 * group], to = match->places[2 * group + 1];

	if (from == PCRE2_UNSET)
		lua_pushnil(lua);
	else if (match->pattern->is_position[i])
		lua_pushinteger(lua, (lua_Integer)from + 1);
	else
		lua_pushlstring(lua, match->text + from, to > from ? to - from : 0);
}

static void
whole_push(lua_State *lua, const struct match *match)
{
	PCRE2_SIZE from = match->places[0], to = match->places[1];

	lua_pushlstring(lua, match->text + from, to > from ? to - from : 0);
}

/* The captures, or the whole where there are none. */
static int
captures_push(lua_State *lua, const struct match *match, bool or_whole)
{
	luaL_checkstack(lua, LUA_CAPTURES + 2, "too many captures");
	for (unsigned i = 0; i < match->pattern->captures; i++)
		capture_push(lua, match, i);
	if (match->pattern->captures > 0 || !or_whole)
		return (int)match->pattern->captures;
	whole_push(lua, match);
	return 1;
}

/* Where to begin: the optional argument, 1 for the first byte, -1 for the last. */
static size_t
start_of(lua_State *lua, int at, size_t n)
{
	lua_Integer init = luaL_optinteger(lua, at, 1);

	if (init < 0)
		init = (lua_Integer)n + init + 1;
	if (init < 1)
		init = 1;
	return (size_t)(init - 1) > n ? n : (size_t)(init - 1);
}

/* In UTF-8 a match begins where a character does. */
static size_t
step_behind(const struct match *match, size_t at)
{
	at++;
	while (!match->pattern->is_plain_lua && at < match->n &&
	    ((unsigned char)match->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t
start_at(lua_State *lua, int at, const struct match *match)
{
	size_t start = start_of(lua, at, match->n);

	return start > 0 ? step_behind(match, start - 1) : 0;
}

/* ---- functions ------------------------------------------------------------------------------- */

static int
find_plain(lua_State *lua)
{
	size_t n, m, start;
	const char *text = luaL_checklstring(lua, 1, &n), *found;
	const char *what = luaL_checklstring(lua, 2, &m);

	lua_spend(lua, 1 + n / 32);
	start = start_of(lua, 3, n);
	found = m == 0	    ? text + start
	    : m > n - start ? NULL
			    : memmem(text + start, n - start, what, m);
	if (found == NULL) {
		lua_pushnil(lua);
		return 1;
	}
	lua_pushinteger(lua, found - text + 1);
	lua_pushinteger(lua, found - text + (lua_Integer)m);
	return 2;
}

/* find(text, pattern [, init [, plain]]) */
static int
text_find(lua_State *lua)
{
	struct match match;

	if (lua_toboolean(lua, 4))
		return find_plain(lua);
	match_begin(lua, &match, pattern_of(lua, 2), 1);
	if (!match_next(lua, &match, start_at(lua, 3, &match), false)) {
		lua_pushnil(lua);
		return 1;
	}
	lua_pushinteger(lua, (lua_Integer)match.places[0] + 1);
	lua_pushinteger(lua, (lua_Integer)match.places[1]);
	return 2 + captures_push(lua, &match, false);
}

/* match(text, pattern [, init]) */
static int
text_match(lua_State *lua)
{
	struct match match;

	match_begin(lua, &match, pattern_of(lua, 2), 1);
	if (match_next(lua, &match, start_at(lua, 3, &match), false))
		return captures_push(lua, &match, true);
	lua_pushnil(lua);
	return 1;
}

/* Upvalues: the flavour, the text, the pattern, where to go on. */
static int
gmatch_step(lua_State *lua)
{
	struct match match;
	struct lua_pattern *pattern;
	size_t from;

	lua_settop(lua, 0);
	lua_pushvalue(lua, lua_upvalueindex(2));
	lua_pushvalue(lua, lua_upvalueindex(3));
	pattern = pattern_of(lua, 2);
	match_begin(lua, &match, pattern, 1);
	from = (size_t)lua_tointeger(lua, lua_upvalueindex(4));
	if (from > match.n || !match_next(lua, &match, from, false)) {
		lua_pushnil(lua);
		return 1;
	}
	from = match.places[1] > match.places[0] ? match.places[1]
						 : step_behind(&match, match.places[1]);
	lua_pushinteger(lua, (lua_Integer)from);
	lua_replace(lua, lua_upvalueindex(4));
	return captures_push(lua, &match, true);
}

/* gmatch(text, pattern) */
static int
text_gmatch(lua_State *lua)
{
	luaL_checkstring(lua, 1);
	luaL_checkstring(lua, 2);
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_pushvalue(lua, 1);
	lua_pushvalue(lua, 2);
	lua_pushinteger(lua, 0);
	lua_pushcclosure(lua, gmatch_step, 4);
	return 1;
}

/* "%1" in the text that replaces. */
static void
template_put(lua_State *lua, const struct match *match, struct buf *out)
{
	size_t n;
	const char *text = lua_tolstring(lua, 3, &n);

	lua_spend(lua, 1 + n / 16);
	for (size_t i = 0; i < n; i++) {
		unsigned capture;

		if (text[i] != '%' || i + 1 == n || text[i + 1] < '0' || text[i + 1] > '9') {
			i += text[i] == '%' && i + 1 < n ? 1 : 0;
			buf_putc(out, text[i]);
			continue;
		}
		capture = (unsigned)(text[++i] - '0');
		if (capture == 0 || (capture == 1 && match->pattern->captures == 0))
			whole_push(lua, match);
		else if (capture <= match->pattern->captures)
			capture_push(lua, match, capture - 1);
		else
			luaL_error(lua, "invalid capture index");
		if (lua_isnil(lua, -1)) {
			lua_pop(lua, 1);
			continue;
		}
		buf_put(out, (struct slice){ lua_tostring(lua, -1), lua_objlen(lua, -1) });
		lua_pop(lua, 1);
	}
}

/* What goes in place of one match. */
static void
replaced_put(lua_State *lua, const struct match *match, struct buf *out)
{
	struct slice was = { match->text + match->places[0], match->places[1] - match->places[0] };
	int type = lua_type(lua, 3);

	if (type == LUA_TSTRING || type == LUA_TNUMBER) {
		template_put(lua, match, out);
		return;
	}
	if (type == LUA_TFUNCTION) {
		lua_pushvalue(lua, 3);
		lua_call(lua, captures_push(lua, match, true), 1);
	} else {
		if (match->pattern->captures > 0)
			capture_push(lua, match, 0);
		else
			whole_push(lua, match);
		lua_rawget(lua, 3);
	}
	if (lua_isnil(lua, -1) || (lua_isboolean(lua, -1) && !lua_toboolean(lua, -1)))
		buf_put(out, was);
	else if (lua_isstring(lua, -1) != 0) {
		size_t n;
		const char *text = lua_tolstring(lua, -1, &n);

		buf_put(out, (struct slice){ text, n });
	} else
		luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
	lua_pop(lua, 1);
}

/* gsub(text, pattern, text | table | function [, most]) */
static int
text_gsub(lua_State *lua)
{
	struct lua_pattern *pattern = pattern_of(lua, 2);
	struct match match;
	lua_Integer most, done = 0;
	size_t at = 0, kept = 0;
	struct buf *out;
	int type = lua_type(lua, 3);

	match_begin(lua, &match, pattern, 1);
	luaL_argcheck(lua,
	    type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE ||
		type == LUA_TFUNCTION,
	    3, "text, table or function expected");
	most = luaL_optinteger(lua, 4, (lua_Integer)match.n + 1);
	lua_settop(lua, 4);
	if (type == LUA_TNUMBER)
		(void)lua_tostring(lua, 3);
	out = lua_deeper(lua);
	if (pattern->busy_call != lua_engine_of(lua)->calls)
		pattern->busy_n = 0;
	pattern->busy_call = lua_engine_of(lua)->calls;
	pattern->busy_n++;
	while (done < most && at <= match.n && match_next(lua, &match, at, false)) {
		buf_put(out, (struct slice){ match.text + kept, match.places[0] - kept });
		replaced_put(lua, &match, out);
		kept = match.places[1];
		done++;
		at = match.places[1] > match.places[0] ? match.places[1]
						       : step_behind(&match, match.places[1]);
		if (pattern->is_anchored)
			break;
	}
	pattern->busy_n--;
	buf_put(out, (struct slice){ match.text + kept, match.n - kept });
	if (out->overflow) {
		lua_engine_of(lua)->stop = LUA_STOP_MEMORY;
		return luaL_error(lua, "not enough memory");
	}
	lua_pushlstring(lua, out->n > 0 ? out->p : "", out->n);
	lua_shallower(lua);
	lua_pushinteger(lua, done);
	return 2;
}

/* Into the table at the top. */
static void
functions_put(lua_State *lua, bool is_plain_lua)
{
	static const luaL_Reg functions[] = { { "find", text_find }, { "match", text_match },
		{ "gmatch", text_gmatch }, { "gsub", text_gsub } };

	for (size_t i = 0; i < COUNT(functions); i++) {
		lua_pushboolean(lua, is_plain_lua);
		lua_pushcclosure(lua, functions[i].func, 1);
		lua_setfield(lua, -2, functions[i].name);
	}
}

void
lua_text_open(lua_State *lua)
{
	static const luaL_Reg none[] = { { NULL, NULL } };

	lua_getfield(lua, LUA_GLOBALSINDEX, "string");
	functions_put(lua, true);
	lua_pop(lua, 1);
	lua_library(lua, "re", none);
	functions_put(lua, false);
	lua_pop(lua, 1);
}
