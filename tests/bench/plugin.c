/*
 * What a script costs: CPU time of one call of a hook of twenty lines on a call of 2 KB that it
 * lets pass, of one that it changes, and of one that it does not look into; what a state takes to
 * be made, and of memory.  Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/lua_engine.h"
#include "guard/plugin.h"

#define CALLS  20000
#define STATES 200
#define ROUNDS 5

static const char script[] =
    "local allowed = {read = true, write = true, list = true}\n"
    "local P = {}\n"
    "function P.request(message)\n"
    "  if message.caller.principal == 'admin' then\n"
    "    return\n"
    "  end\n"
    "  if not allowed[message.tool] then\n"
    "    return {deny = message.tool .. ' is not for ' .. message.caller.principal}\n"
    "  end\n"
    "  local path = message.arguments.path\n"
    "  if path:find('..', 1, true) or not path:find('^/srv/') then\n"
    "    return {deny = 'outside of /srv'}\n"
    "  end\n"
    "  state.calls = (state.calls or 0) + 1\n"
    "  if message.tool == 'write' then\n"
    "    message.arguments.author = message.caller.principal\n"
    "    return {arguments = message.arguments}\n"
    "  end\n"
    "end\n"
    "return P\n";

static const struct {
	const char *name, *caller, *tool;
} cases[] = {
	{ "not looked into", "admin", "read" },
	{ "let pass", "ci", "read" },
	{ "changed", "ci", "write" },
};

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double
call_us(struct plugin *plugin, const struct plugin_message *message)
{
	double best = 0, begin;
	struct err err;

	for (int round = 0; round < ROUNDS; round++) {
		begin = cpu_us();
		for (int i = 0; i < CALLS; i++) {
			struct plugin_verdict said = { .says = PLUGIN_PASSES };

			if (!plugin_call(plugin, message, &said, &err)) {
				fprintf(stderr, "%s\n", err.text);
				exit(1);
			}
			plugin_verdict_fini(&said);
		}
		begin = (cpu_us() - begin) / CALLS;
		best = round == 0 || begin < best ? begin : best;
	}
	return best;
}

static void
states(const struct config_plugin *config, const struct plugin_host *host)
{
	struct lua_engine *engine;
	double begin = cpu_us();
	size_t bytes = 0;
	struct err err;

	for (int i = 0; i < STATES; i++) {
		if (!lua_engine_new(config, host, &engine, &err))
			exit(1);
		bytes = engine->memory.used_bytes;
		lua_engine_free(&engine);
	}
	printf(
	    "\"state_us\": %.1f, \"state_kib\": %zu, ", (cpu_us() - begin) / STATES, bytes / KIB);
}

int
main(void)
{
	static const struct plugin_host host = { .reply_bytes = MIB };
	struct config_plugin config = { .name = S("bench"),
		.file = S("bench.lua"),
		.source = { script, sizeof(script) - 1 },
		.memory_bytes = 32 * MIB,
		.steps = 500000 };
	struct plugin *plugin;
	struct buf text;
	struct err err;

	buf_init(&text, NULL, 64 * KIB);
	buf_puts(&text, "{\"path\":\"/srv/a\",\"lines\":[");
	for (int i = 0; text.n < 1950; i++)
		buf_printf(&text, "%s{\"n\":%d,\"text\":\"a line of it\"}", i > 0 ? "," : "", i);
	buf_puts(&text, "]}");
	printf("{");
	states(&config, &host);
	printf("\"bytes\": %zu, \"cases\": [", text.n);
	if (!plugin_new(&config, &host, &plugin, &err))
		return 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct caller caller = { .principal = slice_of(cases[i].caller) };
		struct guard_subject subject = { .caller = &caller,
			.server = S("files"),
			.method = S("tools/call"),
			.target = GUARD_TOOL,
			.name = slice_of(cases[i].tool),
			.arguments = buf_view(&text) };
		struct plugin_message message = { PLUGIN_REQUEST, &subject, buf_view(&text) };

		printf("%s{\"case\": \"%s\", \"us\": %.2f}", i > 0 ? ", " : "", cases[i].name,
		    call_us(plugin, &message));
	}
	printf("]}\n");
	plugin_free(&plugin);
	buf_fini(&text);
	arena_drain();
	return 0;
}
