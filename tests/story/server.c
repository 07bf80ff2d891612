/*
 * Scripted upstreams: their lines in a script, what came in, and the ones that are programs.  A
 * program is simulated, or a relay process whose pipes end in a socket of ours: then the script
 * runs here just the same.  HTTP is in server_http.c, what they do in reaction.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "story.h"

/* ---- what came in ---------------------------------------------------------------------------- */

void
server_record(struct server *server, struct slice method, struct slice text)
{
	struct arena *arena = &server->world->arena;
	struct record *record;
	struct err err;

	must(arena_reserve(arena, text.n + sizeof(*record), &err));
	record = ARENA_NEW(arena, struct record);
	snprintf(record->method, sizeof(record->method), "%.*s", SLICE_FMT(method));
	record->text = slice_dup(arena, text);
	if (server->last_record == NULL)
		server->records = record;
	else
		server->last_record->next = record;
	server->last_record = record;
}

unsigned
server_count(const struct server *server, struct slice method)
{
	unsigned n = 0;

	for (struct record *r = server->records; r != NULL; r = r->next)
		n += slice_eq(slice_of(r->method), method);
	return n;
}

struct slice
server_last(const struct server *server, struct slice method)
{
	struct slice last = SLICE_NONE;

	for (struct record *r = server->records; r != NULL; r = r->next) {
		if (slice_eq(slice_of(r->method), method))
			last = r->text;
	}
	return last;
}

struct server *
server_find(struct world *world, struct slice name)
{
	struct server *server = world->servers;

	while (server != NULL && !slice_eq(slice_of(server->name), name))
		server = server->next;
	return server;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool
tool_line(struct server *server, struct slice rest, bool begins_page, struct err *err)
{
	struct tool_line **at = &server->tools, *tool;
	struct slice name = script_word(&rest);

	if (slice_eq(name, S("none"))) {
		server->tools = NULL;
		return true;
	}
	if (name.p == NULL)
		return err_set(err, ERR_CONFIG, "a tool needs a name");
	while (*at != NULL)
		at = &(*at)->next;
	*at = tool = ARENA_NEW(&server->world->arena, struct tool_line);
	tool->name = name;
	tool->members = script_value(&rest);
	tool->begins_page = begins_page;
	return true;
}

/* tools N PREFIX: PREFIX0, PREFIX1 ... */
static bool
tools_line(struct server *server, struct slice rest, struct err *err)
{
	struct tool_line **at = &server->tools;
	struct slice number = script_word(&rest), prefix = script_word(&rest);
	uint64_t n;

	if (!slice_to_u64(number, 10000, &n) || prefix.p == NULL || prefix.n > 64)
		return err_set(err, ERR_CONFIG, "tools N PREFIX, N at most 10000");
	while (*at != NULL)
		at = &(*at)->next;
	for (uint64_t i = 0; i < n; i++) {
		struct tool_line *tool = ARENA_NEW(&server->world->arena, struct tool_line);

		tool->name = arena_printf(
		    &server->world->arena, "%.*s%llu", SLICE_FMT(prefix), (unsigned long long)i);
		*at = tool;
		at = &tool->next;
	}
	return true;
}

/* on [once] METHOD [TOOL] -> ACTIONS */
static bool
on_line(struct server *server, struct slice rest, struct err *err)
{
	struct reaction *reaction = ARENA_NEW(&server->world->arena, struct reaction);
	struct slice word = script_word(&rest);

	reaction->is_once = slice_eq(word, S("once"));
	if (reaction->is_once)
		word = script_word(&rest);
	reaction->method = word;
	word = script_word(&rest);
	if (word.p != NULL && !slice_eq(word, S("->"))) {
		reaction->tool = word;
		word = script_word(&rest);
	}
	if (!slice_eq(word, S("->")))
		return err_set(err, ERR_CONFIG, "on [once] METHOD [TOOL] -> ACTION");
	if (!actions_parse(server->world, rest, &reaction->actions, err))
		return false;
	reaction->next = server->reactions;
	server->reactions = reaction;
	return true;
}

/* ttl 90s [private]: of lists and of server/discover, at 2026-07-28 */
static bool
ttl_line(struct server *server, struct slice rest, struct err *err)
{
	uint64_t ms;

	if (!config_duration(script_word(&rest), &ms, err))
		return false;
	server->ttl_ms = (unsigned)ms;
	server->is_private = slice_eq(script_word(&rest), S("private"));
	return true;
}

/* Variables in it stand for their values; in reactions they do so only later. */
static struct slice
substituted(struct server *server, struct slice text)
{
	struct world *world = server->world;
	struct slice out;
	struct buf buf;
	struct err err;

	buf_init(&buf, NULL, MIB);
	world_substitute(world, text, NULL, NULL, &buf);
	must(arena_reserve(&world->arena, buf.n, &err));
	out = slice_dup(&world->arena, buf_view(&buf));
	buf_fini(&buf);
	return out;
}

bool
server_line(struct server *server, struct slice line, struct err *err)
{
	struct slice rest = line, word = script_word(&rest);

	if (!slice_eq(word, S("on")))
		rest = substituted(server, rest);
	if (slice_eq(word, S("tool")))
		return tool_line(server, rest, false, err);
	if (slice_eq(word, S("tools")))
		return tools_line(server, rest, err);
	if (slice_eq(word, S("page")))
		return tool_line(server, rest, true, err);
	if (slice_eq(word, S("on")))
		return on_line(server, rest, err);
	if (slice_eq(word, S("revision"))) {
		server->revision = script_word(&rest);
		server->is_modern = is_modern_revision(server->revision);
		return true;
	}
	if (slice_eq(word, S("ttl")))
		return ttl_line(server, rest, err);
	/* Cannot be reached, or started, until it accepts again. */
	if (slice_eq(word, S("refuse")) || slice_eq(word, S("accept"))) {
		bool is_refusing = slice_eq(word, S("refuse"));

		if (server->is_http && is_refusing)
			server_http_close(server);
		else if (server->is_http && server->is_refusing && !server_http_open(server, err))
			return false;
		server->is_refusing = is_refusing;
		return true;
	}
	if (slice_eq(word, S("stream"))) {
		server->has_stream = true;
		return true;
	}
	if (slice_eq(word, S("endpoint"))) {
		server->endpoint = script_word(&rest);
		return true;
	}
	if (slice_eq(word, S("can"))) {
		server->capabilities = rest;
		return true;
	}
	if (slice_eq(word, S("says"))) {
		server->instructions = rest;
		return true;
	}
	return err_set(err, ERR_CONFIG, "unknown word \"%.*s\" of an upstream", SLICE_FMT(word));
}

struct peer *
server_peer(struct server *server)
{
	struct peer *peer = server->peers;

	while (peer != NULL && (peer->is_over || !peer->is_main))
		peer = peer->next;
	return peer;
}

bool
server_tell(struct server *server, struct slice rest, struct err *err)
{
	struct action *actions;
	struct peer *peer = server_peer(server);

	if (peer == NULL)
		return err_set(err, ERR_CONFIG, "upstream %s is not connected", server->name);
	if (!actions_parse(server->world, rest, &actions, err))
		return false;
	job_start(server, peer, actions);
	return true;
}

/* ---- a program ------------------------------------------------------------------------------- */

struct process {
	struct peer peer;
	struct sim_process *sim; /* NULL: a relay */
	struct stream *in, *out;
	struct line_reader lines;
	struct outbox outbox;
	struct deferred end;
	int status;
};

static void
process_free(struct peer *peer)
{
	struct process *p = CONTAINER(peer, struct process, peer);
	struct sim_process *sim = p->sim;

	peer_unlink(peer);
	deferred_stop(peer->server->world->loop, &p->end);
	line_reader_fini(&p->lines);
	outbox_fini(&p->outbox);
	if (sim == NULL)
		stream_close(&p->in); /* the same as out */
	else
		sim_process_exit(sim, p->status);
	mem_free(p);
}

static void
process_end_now(struct deferred *deferred)
{
	struct process *p = CONTAINER(deferred, struct process, end);

	process_free(&p->peer);
}

/* Exits once what it said has left it. */
static void
process_end(struct peer *peer, int status)
{
	struct process *p = CONTAINER(peer, struct process, peer);

	peer->is_over = true;
	p->status = status << 8; /* as waitpid(2) has it */
	if (outbox_pending(&p->outbox) == 0 || p->outbox.has_failed)
		loop_defer(peer->server->world->loop, &p->end, process_end_now);
}

static void
process_drained(void *owner)
{
	struct process *p = owner;

	if (p->peer.is_over)
		loop_defer(p->peer.server->world->loop, &p->end, process_end_now);
}

static void
process_failed(void *owner, const struct err *err)
{
	process_drained(owner);
}

static void
process_send(struct peer *peer, struct slice text, bool is_last)
{
	struct process *p = CONTAINER(peer, struct process, peer);

	outbox_send(&p->outbox, (struct slice[]){ text, S("\n") }, 2);
}

static void
process_part(struct peer *peer, struct slice bytes)
{
	outbox_send(&CONTAINER(peer, struct process, peer)->outbox, &bytes, 1);
}

/* A few words, which its pipe takes, if not at once; a relay's stderr is not ours. */
static void
process_stderr(struct peer *peer, struct slice text)
{
	struct process *p = CONTAINER(peer, struct process, peer);
	struct slice rest = text;
	ssize_t n;

	while (p->sim != NULL && rest.n > 0) {
		n = stream_writev(p->sim->err, &(struct iovec){ (void *)rest.p, rest.n }, 1);
		must(n >= 0 || n == -EAGAIN);
		rest.p += n > 0 ? n : 0;
		rest.n -= n > 0 ? (size_t)n : 0;
	}
}

static void
process_nothing(struct peer *peer, int status)
{
}

static void
process_no_stream(struct peer *peer)
{
}

static void
process_mark(struct peer *peer, struct slice field, struct slice value)
{
}

static void
process_shut(struct peer *peer)
{
	outbox_end(&CONTAINER(peer, struct process, peer)->outbox);
}

static const struct peer_ops process_ops = { process_send, process_part, process_stderr,
	process_end, process_nothing, process_no_stream, process_mark, process_shut, process_free };

static void
process_line(void *owner, char *line, size_t n)
{
	struct process *p = owner;
	struct arena arena;
	struct err err;

	if (p->peer.is_over)
		return;
	if (p->peer.server->is_refusing) {
		process_end(&p->peer, 1);
		return;
	}
	arena_init(&arena, NULL, SIZE_MAX);
	if (json_scan_all(json_scan_new(&arena, line, n, 0, 0, 1), &err))
		server_message(p->peer.server, &p->peer, (struct slice){ line, n });
	else
		server_record(p->peer.server, S("rubbish"), (struct slice){ line, n });
	arena_fini(&arena);
}

static void
process_long(void *owner, struct slice head, struct slice tail, size_t n)
{
}

void
process_feed(struct peer *peer, char *bytes, size_t n)
{
	line_feed(&CONTAINER(peer, struct process, peer)->lines, bytes, n);
}

static void
process_ready(void *owner, unsigned events)
{
	struct process *p = owner;
	char bytes[2000];
	ssize_t n;

	if (events & STREAM_WRITABLE)
		outbox_ready(&p->outbox);
	if (!(events & STREAM_READABLE))
		return;
	n = stream_read(p->in, bytes, sizeof(bytes));
	if (n > 0) {
		line_feed(&p->lines, bytes, (size_t)n);
	} else if (n != -EAGAIN) {
		/* End of stdin: it goes. */
		stream_want(p->in, 0);
		p->peer.is_over = true;
		loop_defer(p->peer.server->world->loop, &p->end, process_end_now);
	}
}

static void
process_killed(struct sim_process *sim)
{
	struct process *p = sim->owner;

	p->peer.is_over = true;
	p->status = 15;
	loop_defer(p->peer.server->world->loop, &p->end, process_end_now);
}

struct peer *
process_new(struct server *server, struct stream *in, struct stream *out, struct sim_process *sim)
{
	struct process *p = MEM_NEW(struct process);
	struct loop *loop = server->world->loop;

	peer_link(&p->peer, server, &process_ops);
	server->starts++;
	p->peer.is_main = true;
	p->sim = sim;
	p->in = in;
	p->out = out;
	line_reader_init(&p->lines, NULL, 256 * MIB);
	p->lines.on_line = process_line;
	p->lines.on_long = process_long;
	p->lines.owner = p;
	outbox_init(&p->outbox, loop, out, 256 * MIB);
	p->outbox.on_fail = process_failed;
	p->outbox.on_drained = process_drained;
	p->outbox.owner = p;
	in->on_ready = out->on_ready = process_ready;
	in->owner = out->owner = p;
	if (in == out)
		outbox_want(&p->outbox, STREAM_READABLE);
	else
		stream_want(in, STREAM_READABLE);
	if (sim != NULL) {
		sim->owner = p;
		sim->on_kill = process_killed;
	}
	return &p->peer;
}

static void
started(struct sim_process *sim, const struct child_spec *spec, void *ctx)
{
	process_new(ctx, sim->in, sim->out, sim);
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct server *
server_new(struct world *world, struct slice name, struct slice transport, struct err *err)
{
	struct server *server = MEM_NEW(struct server), **at = &world->servers;

	server->world = world;
	server->is_sse = slice_eq(transport, S("sse"));
	server->is_http = server->is_sse || slice_eq(transport, S("http"));
	server->revision = S("2025-11-25");
	server->capabilities = S("{\"tools\":{\"listChanged\":true}}");
	snprintf(server->name, sizeof(server->name), "%.*s", SLICE_FMT(name));
	while (*at != NULL)
		at = &(*at)->next;
	*at = server;
	if (server->is_http)
		return server_http_open(server, err) ? server : NULL;
	if (world->sim != NULL)
		sim_program(world->sim, server->name, started, server);
	return server;
}

void
server_free(struct server **at)
{
	struct server *server = *at;

	*at = server->next;
	server_http_close(server);
	while (server->peers != NULL)
		server->peers->ops->free(server->peers);
	jobs_free(server);
	mem_free(server);
}

void
server_spell(const struct server *server, struct buf *out)
{
	char text[ADDRESS_TEXT];

	if (server->is_http) {
		address_print(&server->address, text);
		buf_printf(out, "url: \"http://%s/mcp\"", text);
	} else if (server->world->sim != NULL) {
		buf_printf(out, "command: [%s]", server->name);
	} else {
		buf_printf(out, "command: [\"%s\", \"%s/socket\", %s]", server->world->relay,
		    server->world->folder, server->name);
	}
}
