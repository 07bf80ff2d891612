/*
 * What a script may call.  New tables are made that hold what is named here and nothing else, and
 * become all that it knows; what Lua's libraries have beside it (files, processes, loading of code,
 * environments, coroutines, the collector, the debugger) is out of reach.
 *
 * Of what is left, functions that call back into the script count how deep they are nested, and
 * those whose cost does not show in instructions are ours.
 */
#include <lualib.h>
#include <string.h>

#include "guard/lua_engine.h"

#define SORT_MOST 1000000

/* ---- ours, in place of Lua's ----------------------------------------------------------------- */

/* As Lua's, but what a limit has raised goes on. */
static int
own_pcall(lua_State *lua)
{
	struct lua_engine *engine = lua_engine_of(lua);
	unsigned depth = engine->depth;
	int status;

	luaL_checkany(lua, 1);
	(void)lua_deeper(lua);
	status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
	engine->depth = depth;
	if (engine->stop != LUA_RUNS)
		return lua_error(lua);
	lua_pushboolean(lua, status == 0);
	lua_insert(lua, 1);
	return lua_gettop(lua);
}

static int
own_rep(lua_State *lua)
{
	size_t n;
	const char *text = luaL_checklstring(lua, 1, &n);
	lua_Integer times = luaL_checkinteger(lua, 2);
	struct lua_engine *engine = lua_engine_of(lua);
	struct buf *out = &engine->text;

	buf_clear(out);
	if (n == 0 || times <= 0)
		times = 0;
	else if ((size_t)times > engine->config->memory_bytes / n)
		out->overflow = true;
	else
		lua_spend(lua, 1 + (size_t)times + n * (size_t)times / 64);
	for (lua_Integer i = 0; i < times && !out->overflow; i++)
		buf_put(out, (struct slice){ text, n });
	if (out->overflow) {
		engine->stop = LUA_STOP_MEMORY;
		return luaL_error(lua, "not enough memory");
	}
	lua_pushlstring(lua, out->n > 0 ? out->p : "", out->n);
	return 1;
}

/* Lua's string.format, which may ask an object for its text. */
static int
own_format(lua_State *lua)
{
	int n = lua_gettop(lua);

	(void)lua_deeper(lua);
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_insert(lua, 1);
	lua_call(lua, n, 1);
	lua_shallower(lua);
	return 1;
}

static int
less(lua_State *lua)
{
	size_t a = lua_type(lua, 1) == LUA_TSTRING ? lua_objlen(lua, 1) : 0;
	size_t b = lua_type(lua, 2) == LUA_TSTRING ? lua_objlen(lua, 2) : 0;

	lua_spend(lua, 4 + (a < b ? a : b) / 16);
	lua_pushboolean(lua, lua_lessthan(lua, 1, 2));
	return 1;
}

/* Lua's table.sort. */
static int
own_sort(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_argcheck(lua, lua_objlen(lua, 1) <= SORT_MOST, 1, "too long");
	(void)lua_deeper(lua);
	lua_settop(lua, 2);
	if (lua_isnil(lua, 2)) {
		lua_pushcfunction(lua, less);
		lua_replace(lua, 2);
	}
	luaL_checktype(lua, 2, LUA_TFUNCTION);
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_insert(lua, 1);
	lua_call(lua, 2, 0);
	lua_shallower(lua);
	return 0;
}

/* ---- the tables ------------------------------------------------------------------------------ */

/* Names of what is taken over, between blanks; the first word is the library, "_G" the base. */
static const char *const allowed[] = {
	"_G assert error getmetatable ipairs next pairs rawequal rawget rawset select setmetatable "
	"tonumber tostring type unpack _VERSION",
	"string byte char len lower reverse sub upper",
	"table concat insert maxn remove",
	"math abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max "
	"min modf pi pow rad random randomseed sin sinh sqrt tan tanh",
	"bit arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex",
};

/* Those of Lua's that ours call. */
static const struct {
	const char *library, *name;
	lua_CFunction function;
} wrapped[] = {
	{ "string", "format", own_format },
	{ "table", "sort", own_sort },
};

/* Copies the named members of the table below the top into the one at the top. */
static void
members_copy(lua_State *lua, struct slice names)
{
	while (names.n > 0) {
		struct slice name = slice_cut(names, ' ', &names);

		lua_pushlstring(lua, name.p, name.n);
		lua_pushvalue(lua, -1);
		lua_rawget(lua, -4);
		lua_rawset(lua, -3);
	}
}

/* The libraries as they are, into the globals that the script will not have. */
static void
libraries_open(lua_State *lua)
{
	static const luaL_Reg openers[] = {
		{ "", luaopen_base },
		{ LUA_TABLIBNAME, luaopen_table },
		{ LUA_STRLIBNAME, luaopen_string },
		{ LUA_MATHLIBNAME, luaopen_math },
		{ "bit", luaopen_bit },
	};

	for (size_t i = 0; i < COUNT(openers); i++) {
		lua_pushcfunction(lua, openers[i].func);
		lua_pushstring(lua, openers[i].name);
		lua_call(lua, 1, 0);
	}
}

static void
wrapped_put(lua_State *lua, const char *library)
{
	for (size_t i = 0; i < COUNT(wrapped); i++) {
		if (strcmp(wrapped[i].library, library) != 0)
			continue;
		lua_getfield(lua, -2, wrapped[i].name);
		lua_pushcclosure(lua, wrapped[i].function, 1);
		lua_setfield(lua, -2, wrapped[i].name);
	}
}

/* Texts find the functions of `string`, and nobody finds that table through them. */
static void
text_methods(lua_State *lua)
{
	lua_pushliteral(lua, "");
	if (lua_getmetatable(lua, -1) == 0)
		luaL_error(lua, "texts have no methods");
	lua_getfield(lua, LUA_GLOBALSINDEX, LUA_STRLIBNAME);
	lua_setfield(lua, -2, "__index");
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	lua_pop(lua, 2);
}

/* The table of one row of `allowed`, on the stack; globals: where ours are. */
static void
library_make(lua_State *lua, int globals, const char *library, struct slice names)
{
	bool is_base = strcmp(library, "_G") == 0;

	lua_getfield(lua, LUA_GLOBALSINDEX, library);
	if (is_base)
		lua_pushvalue(lua, globals);
	else
		lua_newtable(lua);
	members_copy(lua, names);
	wrapped_put(lua, library);
	lua_remove(lua, -2);
}

void
lua_sandbox_open(lua_State *lua)
{
	int globals;

	libraries_open(lua);
	lua_newtable(lua);
	globals = lua_gettop(lua);
	for (size_t i = 0; i < COUNT(allowed); i++) {
		struct slice names, word = slice_cut(slice_of(allowed[i]), ' ', &names);
		char library[16] = "";

		must(word.n < sizeof(library));
		memcpy(library, word.p, word.n);
		library_make(lua, globals, library, names);
		lua_setfield(lua, globals, library);
	}
	lua_pushcfunction(lua, own_pcall);
	lua_setfield(lua, globals, "pcall");
	lua_getfield(lua, globals, LUA_STRLIBNAME);
	lua_pushcfunction(lua, own_rep);
	lua_setfield(lua, -2, "rep");
	lua_pop(lua, 1);
	lua_replace(lua, LUA_GLOBALSINDEX);
	text_methods(lua);
}
