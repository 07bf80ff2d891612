/*
 * See stage.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stage.h"

void
stage_begin(struct world *world, uint64_t seed)
{
	world->loop = sim_new(seed, NULL, &world->sim);
	arena_init(&world->arena, NULL, 64 * MIB);
}

void
stage_end(struct world *world)
{
	world_settle(world);
	while (world->servers != NULL) {
		struct server *server = world->servers;

		world->servers = server->next;
		server_free(&server);
	}
	world_settle(world);
	assert_int_equal(loop_tasks(world->loop), 0);
	assert_int_equal(sim_streams_open(world->sim), 0);
	assert_int_equal(loop_memory(world->loop)->used_bytes, 0);
	loop_free(&world->loop);
	arena_fini(&world->arena);
}

struct server *
stage_server(struct world *world, const char *name, const char *transport, const char *const *lines)
{
	struct err err = { 0 };
	struct server *server = server_new(world, slice_of(name), slice_of(transport), &err);
	struct buf spelled;

	for (; *lines != NULL; lines++) {
		if (!server_line(server, slice_of(*lines), &err))
			fail_msg("%s: %s", *lines, err.text);
	}
	buf_init(&spelled, NULL, MIB);
	server_spell(server, &spelled);
	world_let(world, slice_of(name), buf_view(&spelled));
	buf_fini(&spelled);
	return server;
}

struct hub *
stage_hub(struct world *world, const char *yaml)
{
	static const char *const no_environ[] = { NULL };
	struct config *config = NULL;
	struct err err = { 0 };
	struct hub *hub;
	struct buf text;

	buf_init(&text, NULL, MIB);
	world_substitute(world, slice_of(yaml), NULL, NULL, &text);
	if (!config_parse(buf_view(&text), "test", "/", no_environ, NULL, &config, &err))
		fail_msg("%s", err.text);
	buf_fini(&text);
	hub = hub_new(world->loop, &config, NULL, &err);
	if (hub == NULL)
		fail_msg("%s", err.text);
	return hub;
}

static void
hub_end(void *arg)
{
	hub_free_wait(arg);
}

void
stage_hub_end(struct world *world, struct hub **hub)
{
	assert_true(world_run(world, "end", hub_end, hub));
}

bool
stage_says(struct slice text, const char *pointer, const char *value)
{
	struct buf got;
	bool same;

	buf_init(&got, NULL, MIB);
	same = value_at(text, slice_of(pointer), &got);
	same = value[0] == '\0' ? !same : same && value_same(buf_view(&got), slice_of(value));
	if (!same)
		print_error("%s of %.*s\n", pointer, SLICE_FMT(text));
	buf_fini(&got);
	return same;
}
