/*
 * A Lua state and its limits.
 *
 * Memory is counted in the allocator.  Steps are counted by a hook every hundred instructions, and
 * what costs more than an instruction is charged beside it: bytes allocated, bytes looked at,
 * places tried by a pattern.  The JIT is off, since compiled code calls no hooks.  Processor time
 * is the last bound, for instructions that are dear without allocating (comparing long texts).
 */
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guard/lua_engine.h"

#define HOOK_STEPS    100
#define BYTES_A_STEP  64
#define SPENDS_A_LOOK 16
#define PROCESSOR_NS  ((uint64_t)500 * 1000 * 1000)
#define SCRATCH_BYTES (64 * KIB) /* larger buffers are given back after a call */

struct lua_engine *
lua_engine_of(lua_State *lua)
{
	void *engine;

	(void)lua_getallocf(lua, &engine);
	return engine;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static uint64_t
clock_ns(clockid_t which)
{
	struct timespec at = { 0 };

	clock_gettime(which, &at);
	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

/* The clock of the processor is a system call: asked where enough time has passed at all. */
static bool
is_time_left(struct lua_engine *engine)
{
	uint64_t now_ns;

	if (++engine->spends % SPENDS_A_LOOK != 0)
		return true;
	now_ns = clock_ns(CLOCK_MONOTONIC);
	if (now_ns - engine->looked_ns < PROCESSOR_NS)
		return true;
	engine->looked_ns = now_ns - PROCESSOR_NS / 8 * 7;
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - engine->began_ns < PROCESSOR_NS;
}

bool
lua_may_spend(struct lua_engine *engine, size_t steps)
{
	if (engine->stop != LUA_RUNS)
		return false;
	engine->steps_left -= steps < (size_t)1 << 60 ? (int64_t)steps : INT64_MAX / 2;
	if (engine->steps_left < 0)
		engine->stop = LUA_STOP_STEPS;
	else if (!is_time_left(engine))
		engine->stop = LUA_STOP_TIME;
	return engine->stop == LUA_RUNS;
}

void
lua_spend(lua_State *lua, size_t steps)
{
	if (!lua_may_spend(lua_engine_of(lua), steps))
		luaL_error(lua, "a limit was passed");
}

static void
count_hook(lua_State *lua, lua_Debug *debug)
{
	(void)debug;
	lua_spend(lua, HOOK_STEPS);
}

/* What is given back must never fail. */
static void *
memory_give(void *arg, void *old, size_t old_n, size_t n)
{
	struct lua_engine *engine = arg;
	struct memory *memory = &engine->memory;

	if (n > old_n) {
		size_t more = n - old_n;

		if (more > memory->limit_bytes || memory->used_bytes > memory->limit_bytes - more) {
			engine->stop = LUA_STOP_MEMORY;
			return NULL;
		}
		if (!engine->is_free)
			engine->steps_left -= (int64_t)(1 + more / BYTES_A_STEP);
	}
	memory->used_bytes = memory->used_bytes - old_n + n;
	if (n == 0) {
		mem_free(old);
		return NULL;
	}
	return mem_resize(old, old_n < n ? old_n : n, n);
}

struct buf *
lua_deeper(lua_State *lua)
{
	struct lua_engine *engine = lua_engine_of(lua);
	struct buf *buf;

	if (engine->depth == LUA_CALLS_DEEP)
		luaL_error(lua, "functions that call back are nested too deep");
	buf = &engine->deep[engine->depth++];
	buf_clear(buf);
	return buf;
}

void
lua_shallower(lua_State *lua)
{
	lua_engine_of(lua)->depth--;
}

/* ---- running --------------------------------------------------------------------------------- */

static bool
stopped(const struct lua_engine *engine, struct err *err)
{
	static const struct {
		const char *what, *unit;
	} texts[] = {
		[LUA_STOP_STEPS] = { "it took more than", "steps (\"steps\")" },
		[LUA_STOP_MEMORY] = { "it needs more than", "KiB of memory (\"memory\")" },
		[LUA_STOP_TIME] = { "it ran for more than", "ms" },
	};
	uint64_t n = engine->stop == LUA_STOP_STEPS ? engine->config->steps
	    : engine->stop == LUA_STOP_MEMORY	    ? engine->config->memory_bytes / KIB
						    : PROCESSOR_NS / 1000000;

	return err_set(err, ERR_REFUSED, "%.*s: %s %llu %s", SLICE_FMT(engine->config->file),
	    texts[engine->stop].what, (unsigned long long)n, texts[engine->stop].unit);
}

static bool
failed(const struct lua_engine *engine, int status, struct err *err)
{
	lua_State *lua = engine->lua;
	size_t n = 0;
	const char *text;

	if (engine->stop != LUA_RUNS)
		return stopped(engine, err);
	/* Nothing is called that an error object could have brought with it. */
	if (lua_type(lua, -1) != LUA_TSTRING)
		return err_set(err, ERR_REFUSED, "%.*s: an error that is no text, but a %s",
		    SLICE_FMT(engine->config->file), lua_typename(lua, lua_type(lua, -1)));
	text = lua_tolstring(lua, -1, &n);
	err_set(err, ERR_REFUSED, "%s%.*s", status == LUA_ERRERR ? "in an error handler: " : "",
	    SLICE_FMT(((struct slice){ text, n })));
	if (!slice_starts((struct slice){ text, n }, engine->config->file))
		err_prefix(err, "%.*s", SLICE_FMT(engine->config->file));
	return false;
}

static void
scratch_clear(struct lua_engine *engine)
{
	struct buf *all[] = { &engine->text, &engine->out, &engine->answer };

	for (size_t i = 0; i < COUNT(all) + LUA_CALLS_DEEP; i++) {
		struct buf *buf = i < COUNT(all) ? all[i] : &engine->deep[i - COUNT(all)];

		if (buf->cap > SCRATCH_BYTES) {
			buf_fini(buf);
			buf_init(buf, &engine->memory, engine->config->memory_bytes);
		}
		buf_clear(buf);
	}
	arena_fini(&engine->arena);
	arena_fini(&engine->passing);
	arena_fini(&engine->decoded);
}

static void
limits_begin(struct lua_engine *engine)
{
	engine->steps_left = (int64_t)engine->config->steps;
	engine->stop = LUA_RUNS;
	engine->depth = engine->lines = engine->spends = 0;
	engine->is_free = false;
	engine->looked_ns = clock_ns(CLOCK_MONOTONIC);
	engine->began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	engine->calls++;
}

bool
lua_engine_run(struct lua_engine *engine, lua_CFunction fn, void *arg, struct err *err)
{
	lua_State *lua = engine->lua;
	int status;
	bool ok;

	limits_begin(engine);
	status = lua_cpcall(lua, fn, arg);
	ok = (status == 0 && engine->stop == LUA_RUNS) || failed(engine, status, err);
	lua_settop(lua, 0);
	engine->message = NULL;
	scratch_clear(engine);
	return ok;
}

bool
lua_engine_is_spoilt(const struct lua_engine *engine)
{
	return engine->stop != LUA_RUNS;
}

void
lua_library(lua_State *lua, const char *name, const luaL_Reg *functions)
{
	lua_newtable(lua);
	for (; functions->name != NULL; functions++) {
		lua_pushcfunction(lua, functions->func);
		lua_setfield(lua, -2, functions->name);
	}
	lua_pushvalue(lua, -1);
	lua_setfield(lua, LUA_GLOBALSINDEX, name);
}

/* ---- the script ------------------------------------------------------------------------------ */

const char *
plugin_hook_name(enum plugin_hook hook)
{
	static const char *const names[] = { "request", "result", "notification", "definition" };

	return names[hook];
}

static int
open_all(lua_State *lua)
{
	struct lua_engine *engine = lua_engine_of(lua);

	lua_sandbox_open(lua);
	lua_text_open(lua);
	lua_json_open(lua);
	lua_message_open(lua);
	lua_newtable(lua);
	lua_setfield(lua, LUA_GLOBALSINDEX, "state");
	engine->is_free = true;
	lua_json_push(lua, engine->config->settings.p != NULL ? engine->config->settings : S("{}"));
	lua_setfield(lua, LUA_GLOBALSINDEX, "config");
	lua_gc(lua, LUA_GCSETPAUSE, 150);
	return 0;
}

/* One member of the table that the script returns. */
static void
member_take(lua_State *lua, struct lua_engine *engine)
{
	const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";

	for (int i = 0; i < PLUGIN_HOOKS_N; i++) {
		if (strcmp(key, plugin_hook_name((enum plugin_hook)i)) != 0)
			continue;
		if (lua_type(lua, -1) != LUA_TFUNCTION)
			luaL_error(lua, "the hook \"%s\" is no function", key);
		lua_pushvalue(lua, -1);
		engine->hooks[i] = luaL_ref(lua, LUA_REGISTRYINDEX);
		return;
	}
	if (strcmp(key, "tests") != 0)
		luaL_error(lua,
		    "it returns \"%s\", which is no hook: write request, result, notification, "
		    "definition, or tests",
		    key);
	if (lua_type(lua, -1) != LUA_TTABLE)
		luaL_error(lua, "\"tests\" is no table");
	lua_pushvalue(lua, -1);
	engine->tests = luaL_ref(lua, LUA_REGISTRYINDEX);
}

/* A literal such as 1LL loads the library of C's types, whose numbers are no numbers here. */
static void
ffi_refuse(lua_State *lua)
{
	lua_getfield(lua, LUA_REGISTRYINDEX, "_LOADED");
	if (lua_type(lua, -1) == LUA_TTABLE) {
		lua_getfield(lua, -1, "ffi");
		if (lua_type(lua, -1) != LUA_TNIL)
			luaL_error(lua, "numbers of 64 bits (1LL, 1ULL, 1i) are not known here");
		lua_pop(lua, 1);
	}
	lua_pop(lua, 1);
}

static int
load_all(lua_State *lua)
{
	struct lua_engine *engine = lua_engine_of(lua);
	const struct config_plugin *config = engine->config;
	unsigned hooks = 0;

	if (config->source.n > 0 && config->source.p[0] == LUA_SIGNATURE[0])
		luaL_error(lua, "it is compiled code: a script is taken as text only");
	lua_pushfstring(lua, "@%s", config->file.p);
	if (luaL_loadbufferx(lua, config->source.p, config->source.n, lua_tostring(lua, -1), "t") !=
	    0)
		lua_error(lua);
	ffi_refuse(lua);
	lua_call(lua, 0, 1);
	if (lua_type(lua, -1) != LUA_TTABLE)
		luaL_error(lua,
		    "it must return a table of hooks: \"return {request = function(message) ... end}\"");
	lua_pushnil(lua);
	while (lua_next(lua, -2) != 0) {
		member_take(lua, engine);
		lua_pop(lua, 1);
	}
	for (int i = 0; i < PLUGIN_HOOKS_N; i++)
		hooks += engine->hooks[i] != LUA_NOREF;
	if (hooks == 0)
		luaL_error(
		    lua, "it returns none of the hooks request, result, notification, definition");
	return 0;
}

bool
lua_engine_new(const struct config_plugin *config, const struct plugin_host *host,
    struct lua_engine **out, struct err *err)
{
	struct lua_engine *engine = MEM_NEW(struct lua_engine);

	engine->config = config;
	engine->host = host;
	engine->memory.limit_bytes = config->memory_bytes;
	arena_init(&engine->arena, &engine->memory, config->memory_bytes);
	arena_init(&engine->passing, &engine->memory, config->memory_bytes);
	arena_init(&engine->decoded, &engine->memory, config->memory_bytes);
	for (size_t i = 0; i < LUA_CALLS_DEEP; i++)
		buf_init(&engine->deep[i], &engine->memory, config->memory_bytes);
	buf_init(&engine->text, &engine->memory, config->memory_bytes);
	buf_init(&engine->out, &engine->memory, config->memory_bytes);
	buf_init(&engine->answer, &engine->memory, config->memory_bytes);
	for (int i = 0; i < PLUGIN_HOOKS_N; i++)
		engine->hooks[i] = LUA_NOREF;
	engine->tests = LUA_NOREF;
	limits_begin(engine);
	engine->lua = lua_newstate(memory_give, engine);
	if (engine->lua == NULL) {
		lua_engine_free(&engine);
		return err_set(err, ERR_CONFIG,
		    "this LuaJIT cannot be given a ceiling of memory (it was built without GC64)");
	}
	luaJIT_setmode(engine->lua, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
	lua_sethook(engine->lua, count_hook, LUA_MASKCOUNT, HOOK_STEPS);
	if (!lua_engine_run(engine, open_all, NULL, err) ||
	    !lua_engine_run(engine, load_all, NULL, err)) {
		err->kind = ERR_CONFIG;
		lua_engine_free(&engine);
		return false;
	}
	*out = engine;
	return true;
}

void
lua_engine_free(struct lua_engine **at)
{
	struct lua_engine *engine = *at;

	*at = NULL;
	if (engine == NULL)
		return;
	if (engine->lua != NULL)
		lua_close(engine->lua);
	scratch_clear(engine);
	for (size_t i = 0; i < LUA_CALLS_DEEP; i++)
		buf_fini(&engine->deep[i]);
	buf_fini(&engine->text);
	buf_fini(&engine->out);
	buf_fini(&engine->answer);
	lua_text_fini(engine);
	must(engine->memory.used_bytes == 0);
	mem_free(engine);
}
