/*
 * The gateway of a real story: the program itself, as a child.  Upstreams that it starts are relays
 * (relay.c), which bring their pipes to a socket of ours; its log is its stderr.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "story.h"

struct gate {
	struct world *world;
	struct listener relays;
	struct child *child;
	char yaml[120], socket[120];
	bool has_exited;
	int status;
	struct err *err; /* of starting */
};

/* ---- relays ---------------------------------------------------------------------------------- */

/* A relay that has not said its name yet. */
struct arrival {
	struct gate *gate;
	struct stream *stream;
	char name[64];
	size_t n;
};

static void
arrival_ready(void *owner, unsigned events)
{
	struct arrival *arrival = owner;
	struct world *world = arrival->gate->world;
	struct stream *stream = arrival->stream;
	struct server *server;
	ssize_t n = stream_read(stream, arrival->name + arrival->n, 1);

	if (n == -EAGAIN)
		return;
	/* Byte by byte: what follows the name is the upstream's. */
	if (n == 1 && arrival->name[arrival->n] != '\n' && ++arrival->n < sizeof(arrival->name))
		return;
	server = n == 1 ? server_find(world, (struct slice){ arrival->name, arrival->n }) : NULL;
	mem_free(arrival);
	if (server == NULL)
		stream_close(&stream);
	else
		process_new(server, stream, stream, NULL);
}

static void
arrived(void *owner, struct stream *stream, const struct address *peer)
{
	struct arrival *arrival = MEM_NEW(struct arrival);

	arrival->gate = owner;
	arrival->stream = stream;
	stream->on_ready = arrival_ready;
	stream->owner = arrival;
	stream_want(stream, STREAM_READABLE);
}

/* ---- the program ----------------------------------------------------------------------------- */

static void
stderr_ready(void *owner, unsigned events)
{
	struct gate *gate = owner;
	char bytes[4000];
	ssize_t n = stream_read(gate->child->err, bytes, sizeof(bytes));

	if (n > 0)
		buf_put(&gate->world->log, (struct slice){ bytes, (size_t)n });
	else if (n != -EAGAIN)
		stream_close(&gate->child->err);
}

static void
exited(void *owner, int status)
{
	struct gate *gate = owner;

	gate->has_exited = true;
	gate->status = status;
}

static bool
has_exited(void *ctx)
{
	return ((struct gate *)ctx)->has_exited;
}

/* "listening on http://127.0.0.1:PORT/mcp" */
static bool
is_listening(void *ctx)
{
	static const char words[] = "listening on http://";
	struct gate *gate = ctx;
	struct slice log = buf_view(&gate->world->log), at;
	struct err err;
	const char *found = log.n > 0 ? memmem(log.p, log.n, words, sizeof(words) - 1) : NULL;

	if (gate->has_exited)
		return true;
	if (found == NULL)
		return false;
	found += sizeof(words) - 1;
	at = slice_cut((struct slice){ found, (size_t)(log.p + log.n - found) }, '/', &at);
	return address_parse(at, &gate->world->address, &err);
}

static void
open_run(void *arg)
{
	struct gate *gate = arg;
	const char *argv[] = { gate->world->binary, "serve", "-c", gate->yaml, NULL };
	struct child_spec spec = { .argv = argv, .env = (const char *const *)environ };

	if (!child_open_wait(gate->world->loop, &spec, &gate->child, gate->err))
		return;
	gate->child->on_exit = exited;
	gate->child->owner = gate;
	gate->child->err->on_ready = stderr_ready;
	gate->child->err->owner = gate;
	stream_want(gate->child->err, STREAM_READABLE);
}

static bool
yaml_write(struct gate *gate, struct slice yaml, struct err *err)
{
	FILE *file = fopen(gate->yaml, "we");
	bool ok = file != NULL && fwrite(yaml.p, 1, yaml.n, file) == yaml.n;

	if (file != NULL)
		ok = fclose(file) == 0 && ok;
	return ok || err_set(err, ERR_CONFIG, "%s: %s", gate->yaml, strerror(errno));
}

static bool
real_start(struct world *world, struct slice yaml, struct err *err)
{
	struct gate *gate = MEM_NEW(struct gate);
	struct address at = { .is_unix = true };

	world->gate = gate;
	gate->world = world;
	gate->err = err;
	snprintf(gate->yaml, sizeof(gate->yaml), "%s/gateway.yaml", world->folder);
	snprintf(gate->socket, sizeof(gate->socket), "%s/socket", world->folder);
	snprintf(at.path, sizeof(at.path), "%s/socket", world->folder);
	gate->relays.on_accept = arrived;
	gate->relays.owner = gate;
	if (!loop_listen(world->loop, &gate->relays, &at, err) || !yaml_write(gate, yaml, err))
		return false;
	if (!world_run(world, "open", open_run, gate) || gate->child == NULL)
		return false;
	if (!world_wait(world, is_listening, gate) || gate->has_exited)
		return err_set(err, ERR_CONFIG, "%s does not start", world->binary);
	world->to_stdin = gate->child->in;
	world->from_stdout = gate->child->out;
	gate->child->in = gate->child->out = NULL; /* whoever takes them closes them */
	return true;
}

static bool
real_reload(struct world *world, struct slice yaml, struct err *err)
{
	unsigned before = world_log_count(world, S("reloaded"), SLICE_NONE);

	if (!yaml_write(world->gate, yaml, err))
		return false;
	kill(world->gate->child->pid, SIGHUP);
	for (unsigned i = 0; i < 100; i++) {
		if (world_log_count(world, S("reloaded"), SLICE_NONE) > before)
			return true;
		world_settle(world);
	}
	return err_set(err, ERR_CONFIG, "SIGHUP had no effect");
}

static bool
is_stopping(void *ctx)
{
	struct gate *gate = ctx;

	return gate->has_exited || world_log_count(gate->world, S("stopping"), SLICE_NONE) > 0;
}

/* What is still in progress is not waited for: a second signal ends it. */
static void
ends(struct gate *gate)
{
	kill(gate->child->pid, SIGTERM);
	(void)world_wait(gate->world, is_stopping, gate);
	if (!gate->has_exited && world_log_count(gate->world, S("stopping"), S(" for 0 ")) == 0)
		kill(gate->child->pid, SIGTERM);
}

static bool
real_stop(struct world *world, struct err *err)
{
	struct gate *gate = world->gate;
	bool ok = true;

	world->gate = NULL;
	if (gate->child != NULL) {
		ends(gate);
		ok = world_wait(world, has_exited, gate) ||
		    err_set(err, ERR_INTERNAL, "SIGTERM does not end the gateway");
		world_settle(world); /* the end of its stderr */
		if (ok && (!WIFEXITED(gate->status) || WEXITSTATUS(gate->status) != 0))
			ok = err_set(err, ERR_INTERNAL, "the gateway ended with status %#x",
			    (unsigned)gate->status);
		child_close(&gate->child);
	}
	listener_close(&gate->relays);
	(void)unlink(gate->yaml);
	(void)unlink(gate->socket);
	mem_free(gate);
	return ok;
}

const struct gate_ops gate_real_ops = { real_start, real_reload, real_stop };
