/*
 * One plugin: its state, made anew where a limit may have cut something in two, and the call of a
 * hook.  Scripts run on the loop's own stack, which is deep enough for them, and where nothing can
 * wait.
 */
#include <string.h>

#include "guard/lua_engine.h"

struct plugin {
	const struct config_plugin *config;
	struct plugin_host host;
	struct lua_engine *engine; /* NULL: to be made */
	bool has[PLUGIN_HOOKS_N];
};

/* What is done on the other stack. */
struct plugin_work {
	struct plugin *plugin;
	const struct plugin_message *message;
	struct plugin_verdict *verdict;
	struct err *err;
	bool ok;
};

void
plugin_verdict_fini(struct plugin_verdict *verdict)
{
	buf_fini(&verdict->reason);
	buf_fini(&verdict->change);
	buf_fini(&verdict->answer);
	buf_fini(&verdict->log);
}

static void
run_deep(struct plugin *plugin, void (*fn)(void *arg), struct plugin_work *work)
{
	if (plugin->host.loop != NULL)
		loop_call_deep(plugin->host.loop, fn, work);
	else
		fn(work);
}

static void
make(void *arg)
{
	struct plugin_work *work = arg;
	struct plugin *plugin = work->plugin;

	work->ok = lua_engine_new(plugin->config, &plugin->host, &plugin->engine, work->err);
	for (int i = 0; work->ok && i < PLUGIN_HOOKS_N; i++)
		plugin->has[i] = plugin->engine->hooks[i] != LUA_NOREF;
}

bool
plugin_new(const struct config_plugin *config, const struct plugin_host *host, struct plugin **out,
    struct err *err)
{
	struct plugin *plugin = MEM_NEW(struct plugin);
	struct plugin_work work = { .plugin = plugin, .err = err };

	plugin->config = config;
	plugin->host = *host;
	run_deep(plugin, make, &work);
	if (!work.ok) {
		plugin_free(&plugin);
		return false;
	}
	*out = plugin;
	return true;
}

static void
unmake(void *arg)
{
	struct plugin_work *work = arg;

	lua_engine_free(&work->plugin->engine);
}

void
plugin_free(struct plugin **at)
{
	struct plugin *plugin = *at;
	struct plugin_work work = { .plugin = plugin };

	*at = NULL;
	if (plugin == NULL)
		return;
	run_deep(plugin, unmake, &work);
	mem_free(plugin);
}

bool
plugin_has(const struct plugin *plugin, enum plugin_hook hook)
{
	return plugin->has[hook];
}

/* ---- a call ---------------------------------------------------------------------------------- */

static int
hook_call(lua_State *lua)
{
	struct plugin_verdict *verdict = lua_touserdata(lua, 1);
	struct lua_engine *engine = lua_engine_of(lua);

	lua_settop(lua, 0);
	lua_rawgeti(lua, LUA_REGISTRYINDEX, engine->hooks[engine->message->hook]);
	lua_message_push(lua);
	lua_call(lua, 1, 1);
	lua_verdict_read(lua, verdict);
	buf_put(&verdict->change, buf_view(&engine->out));
	buf_put(&verdict->answer, buf_view(&engine->answer));
	return 0;
}

static void
call(void *arg)
{
	struct plugin_work *work = arg;
	struct plugin *plugin = work->plugin;
	struct plugin_verdict *verdict = work->verdict;

	if (plugin->engine == NULL) {
		make(work);
		if (!work->ok)
			return;
	}
	plugin->engine->message = work->message;
	work->ok = lua_engine_run(plugin->engine, hook_call, verdict, work->err) &&
	    buf_check(&verdict->change, work->err) && buf_check(&verdict->answer, work->err);
	if (lua_engine_is_spoilt(plugin->engine))
		lua_engine_free(&plugin->engine);
}

bool
plugin_call(struct plugin *plugin, const struct plugin_message *message,
    struct plugin_verdict *verdict, struct err *err)
{
	struct plugin_work work = {
		.plugin = plugin, .message = message, .verdict = verdict, .err = err
	};

	buf_init(&verdict->reason, NULL, 2 * KIB);
	buf_init(&verdict->log, NULL, 2 * KIB);
	buf_init(&verdict->change, NULL, plugin->host.reply_bytes);
	buf_init(&verdict->answer, NULL, plugin->host.reply_bytes);
	run_deep(plugin, call, &work);
	if (!work.ok)
		verdict->says = PLUGIN_PASSES;
	return work.ok;
}
