/*
 * Private to guard: one Lua state with what holds it in bounds.
 *
 * A script has a ceiling of memory, of steps (instructions, and what its library calls cost in
 * their place) and, behind both, of processor time.  Whichever it passes, the call ends, pcall() or
 * not, and the state is to be thrown away.  Everything that may raise an error of Lua runs below
 * lua_engine_run(), and holds nothing that is not the engine's: an error jumps over it.
 */
#ifndef GUARD_LUA_ENGINE_H
#define GUARD_LUA_ENGINE_H

#include <lauxlib.h>
#include <lua.h>

#include "guard/plugin.h"

#define LUA_CALLS_DEEP 16 /* C functions that call back into the script, in one another */

enum lua_stop { LUA_RUNS, LUA_STOP_STEPS, LUA_STOP_MEMORY, LUA_STOP_TIME };

struct lua_pattern;
#define LUA_PATTERNS 64

struct lua_engine {
	lua_State *lua;
	const struct config_plugin *config;
	const struct plugin_host *host;
	/* limits */
	struct memory memory; /* of the state and of the buffers below */
	int64_t steps_left;
	uint64_t began_ns, looked_ns; /* processor time; monotonic time of the last look */
	unsigned spends;
	enum lua_stop stop;
	bool is_free; /* what is allocated costs no steps: the message itself is made */
	unsigned depth;
	/* scratch */
	struct buf deep[LUA_CALLS_DEEP]; /* of what calls back */
	struct buf text, out, answer;
	struct arena arena;   /* of one call */
	struct arena passing; /* of one string while it is looked at */
	struct arena decoded; /* of one json.decode() */
	struct lua_pattern *patterns[LUA_PATTERNS];
	unsigned pattern_next;
	void *match_data; /* of PCRE2, of all patterns */
	/* the present call */
	const struct plugin_message *message; /* NULL: none */
	uint64_t calls;
	unsigned lines; /* logged by it */
	int hooks[PLUGIN_HOOKS_N];
	int tests;
};

/* ---- lua_engine.c ---------------------------------------------------------------------------- */

struct lua_engine *lua_engine_of(lua_State *lua);
/* Reads and runs the script once: its hooks are known then.  ERR_CONFIG says the line. */
MUST_CHECK bool lua_engine_new(const struct config_plugin *config, const struct plugin_host *host,
    struct lua_engine **out, struct err *err);
void lua_engine_free(struct lua_engine **engine);
/* Calls fn with arg as a light userdata, within fresh limits; ERR_REFUSED says what went wrong. */
MUST_CHECK bool
lua_engine_run(struct lua_engine *engine, lua_CFunction fn, void *arg, struct err *err);
/* Could a limit have cut something in two? */
bool lua_engine_is_spoilt(const struct lua_engine *engine);
/* Counts steps; raises an error where none are left. */
void lua_spend(lua_State *lua, size_t steps);
/* The same without raising: false where none are left (for callbacks of others). */
bool lua_may_spend(struct lua_engine *engine, size_t steps);
/* Around a call back into the script; the buffer of this depth, empty. */
struct buf *lua_deeper(lua_State *lua);
void lua_shallower(lua_State *lua);
/* A table of functions, as the global `name`; the table stays on the stack. */
void lua_library(lua_State *lua, const char *name, const luaL_Reg *functions);

/* ---- lua_sandbox.c --------------------------------------------------------------------------- */

/* What scripts may call: the harmless part of Lua's own libraries, and ours. */
void lua_sandbox_open(lua_State *lua);

/* ---- lua_json.c ------------------------------------------------------------------------------ */

void lua_json_open(lua_State *lua);
/* Pushes the value of an accepted JSON text. */
void lua_json_push(lua_State *lua, struct slice text);
/*
 * Puts the value at the top of the stack into out, as JSON; what stands in `from` (the value as it
 * came, or SLICE_NONE) at the same place and means the same goes on byte for byte.  True: all of it
 * does.
 */
bool lua_json_put(lua_State *lua, struct slice from, struct buf *out);

/* ---- lua_text.c, lua_pattern.c --------------------------------------------------------------- */

/* find, match, gmatch, gsub: into the table at the top of the stack, in Lua's patterns; and `re`,
 * in those of PCRE2. */
void lua_text_open(lua_State *lua);
void lua_text_fini(struct lua_engine *engine);

#define LUA_CAPTURES 32
#define LUA_GROUPS   (1 + 2 * LUA_CAPTURES) /* of PCRE2, with the whole */
/* A pattern of Lua in the words of PCRE2. */
struct lua_translation {
	bool is_anchored;
	unsigned captures;
	unsigned group[LUA_CAPTURES];	/* of PCRE2 */
	bool is_position[LUA_CAPTURES]; /* `()` */
};
/* NULL, or what is wrong with it. */
const char *
lua_pattern_translate(struct slice pattern, struct buf *out, struct lua_translation *translation);

/* ---- lua_message.c --------------------------------------------------------------------------- */

void lua_message_open(lua_State *lua);
void lua_message_push(lua_State *lua);

/* ---- lua_verdict.c --------------------------------------------------------------------------- */

/* What the hook gave back, which is at the top of the stack. */
void lua_verdict_read(lua_State *lua, struct plugin_verdict *verdict);

#endif
