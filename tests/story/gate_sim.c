/*
 * The gateway of a simulated story: hub and fronts on the story's own loop, its log in a file of
 * memory.  At its end nothing may be left: no task, no byte of the account.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/admin.h"
#include "cli/cli.h"
#include "story.h"

struct gate {
	struct world *world;
	struct hub *hub;
	struct fronts *fronts;
	struct admin *admin;
	bool stdin_has_ended;
};

static const char *const no_environ[] = { NULL };

static bool
config_make(struct world *world, struct slice yaml, struct config **config, struct err *err)
{
	return config_parse(yaml, "gateway", "/", no_environ, loop_log(world->loop), config, err) &&
	    config_check(*config, err);
}

static struct front_limits
limits_of(const struct config *config)
{
	return (struct front_limits){
		.message_bytes = config->limit_message_bytes,
		.ask_ms = config->limit_ask_ms,
		.session_idle_ms = config->limit_session_idle_ms,
		.sessions = (unsigned)config->limit_sessions,
		.in_flight = (unsigned)config->limit_in_flight,
		.parked = (unsigned)config->limit_parked,
		.is_stateless = config->listen_stateless,
	};
}

static void
stdin_ended(void *owner)
{
	((struct gate *)owner)->stdin_has_ended = true;
}

static bool
sim_start(struct world *world, struct slice yaml, struct err *err)
{
	struct config *config = NULL;
	struct front_limits limits;
	struct gate *gate;
	struct hub *hub;
	struct address at;

	if (!config_make(world, yaml, &config, err)) {
		config_free(&config);
		return false;
	}
	limits = limits_of(config);
	hub = hub_new(world->loop, &config, native_providers, err);
	if (hub == NULL) {
		config_free(&config);
		return false;
	}
	gate = MEM_NEW(struct gate);
	gate->world = world;
	gate->hub = hub;
	world->gate = gate;
	gate->fronts = fronts_new(world->loop, hub_gate(gate->hub), &limits);
	config = (struct config *)hub_config(gate->hub);
	fronts_set_seal_key(gate->fronts, config->seal_key);
	fronts_set_auth(gate->fronts, config);
	gate->admin = admin_new(gate->hub, gate->fronts);
	if (config->listen_http_n > 0 &&
	    (!address_parse(config->listen_http[0], &at, err) ||
		!front_http_open(gate->fronts, &at, config->listen_hosts, config->listen_hosts_n,
		    &world->address, err)))
		return false;
	sim_stdio(world->sim, &world->to_stdin, &world->from_stdout);
	return front_stdio_open(gate->fronts, stdin_ended, gate, err);
}

static bool
sim_reload(struct world *world, struct slice yaml, struct err *err)
{
	struct config *config = NULL;
	struct front_limits limits;

	if (!config_make(world, yaml, &config, err)) {
		config_free(&config);
		return false;
	}
	limits = limits_of(config);
	if (!hub_reload(world->gate->hub, &config, err)) {
		config_free(&config);
		return false;
	}
	fronts_set_limits(world->gate->fronts, &limits);
	fronts_set_auth(world->gate->fronts, hub_config(world->gate->hub));
	return true;
}

static void
stop_run(void *arg)
{
	struct gate *gate = arg;

	admin_free(&gate->admin);
	hub_free_wait(&gate->hub);
	fronts_free(&gate->fronts);
}

static bool
sim_stop(struct world *world, struct err *err)
{
	struct gate *gate = world->gate;
	uint64_t open = ledger_count(hub_ledger(gate->hub), LEDGER_OPEN);
	unsigned in_flight = hub_in_flight(gate->hub);

	world->gate = NULL;
	if (!world_run(world, "stop", stop_run, gate))
		return err_set(err, ERR_INTERNAL, "the gateway could not be stopped");
	mem_free(gate);
	/* What is still in progress has its intent and no outcome yet; nothing else may. */
	if (open != in_flight)
		return err_set(err, ERR_INTERNAL, "%llu exchanges without outcome, %u in flight",
		    (unsigned long long)open, in_flight);
	return true;
}

const struct gate_ops gate_sim_ops = { sim_start, sim_reload, sim_stop };
