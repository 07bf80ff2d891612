/*
 * The simulation of calls: a whole gateway on a machine in memory, two children and an HTTP server
 * behind it, one stdio client and several HTTP clients before it, every other of them without a
 * session (2026-07-28), and everything that can go wrong by lot: short reads and writes, delays,
 * resets, refused connections, cancellations, clients that leave, questions nobody answers,
 * upstreams that die, babble, answer twice or never.
 *
 * What must hold for every seed: each exchange has exactly one outcome in the ledger; each call
 * gets at most one answer, exactly one when neither it nor its connection was given up; what echo
 * returns is what was sent; what has effects is done once at most; nothing is left at the end: no
 * task, no stream, no byte of the account.
 *
 * usage: calls [--seed N] [--seeds K] [--calls N]	(TAP; a failing seed can be replayed alone)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "toy.h"

#define HTTP_CLIENTS 6
#define IN_FLIGHT    8
#define GATEWAY_PORT 8080
#define TOY_PORT     9001
#define ROUND	     1000000 /* between the ids of the rounds of a call */
#define PARKED	     12	     /* limits.parked: it is reached now and then */

static const char configuration[] =
    "listen: {http: \"127.0.0.1:8080\", stdio: true}\n"
    "limits: {ask: 3s}\n"
    "upstreams:\n"
    "  - {name: one, command: [/sim/one], timeout: 5s}\n"
    "  - {name: two, command: [/sim/two], timeout: 5s}\n"
    "  - {name: web, url: \"http://127.0.0.1:9001/mcp\", timeout: 5s}\n";

static const char *const tools[] = { "echo", "echo", "echo", "echo", "sleep", "count", "ask",
	"twice", "rubbish", "silent", "die" };
static const char *const servers[] = { "one", "two", "web" };

static uint64_t seed_now;

/*
 * ---- one call of a client
 * ------------------------------------------------------------------------------
 */

struct world;
struct client;

struct client_call {
	struct client *client;
	struct fetch *fetch; /* HTTP */
	struct sse_reader sse;
	struct buf body;
	uint64_t id;
	bool is_open, is_cancelled, is_left, is_sse, is_echo, was_unavailable;
	unsigned answers;
	/* Of a client without a session: it was asked, and comes back with this, or not. */
	char name[16], arguments[80], state[160];
	uint64_t round;
	struct timer later; /* cancels or leaves */
};

struct client {
	struct world *world;
	struct client_call calls[IN_FLIGHT];
	struct http_pool *pool; /* NULL: the stdio client */
	char session[64];
	bool is_ready, is_gone, is_modern;
	struct timer again;
	struct stream *in, *out; /* stdio */
	struct line_reader lines;
	struct outbox outbox;
};

struct world {
	struct sim *sim;
	struct loop *loop;
	struct hub *hub;
	struct fronts *fronts;
	struct toy_http *web;
	struct client clients[HTTP_CLIENTS + 1];
	unsigned begun, wanted, ended, answered, cancelled, left, broken, asked, returned;
	struct group group;
	struct timer late;
	bool is_over, is_stopping;
};

static void client_go(struct timer *timer);

#define CHECK(cond, ...) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "seed %llu: ", (unsigned long long)seed_now); \
			fprintf(stderr, __VA_ARGS__); \
			fprintf(stderr, "\n"); \
			abort(); \
		} \
	} while (0)

static void
call_end(struct client_call *call)
{
	struct world *world = call->client->world;

	/* Who is told "unavailable" waits before the next try, as people do. */
	uint64_t pause = sim_random(world->sim, call->was_unavailable ? 2000 : 3);

	call->is_open = call->was_unavailable = false;
	timer_stop(world->loop, &call->later);
	world->ended++;
	if (!call->client->again.place && !world->is_stopping && !call->client->is_gone)
		timer_start(
		    world->loop, &call->client->again, loop_now_ms(world->loop) + pause, client_go);
}

/* The answer is a question: its state is kept for the next round. */
static void
call_asked(struct client_call *call, struct slice text)
{
	struct slice result, state;

	CHECK(call->client->is_modern, "a client with a session got input_required");
	CHECK(json_find(text, S("result"), &result) &&
		json_find(result, S("requestState"), &state) && state.n < sizeof(call->state),
	    "no state: %.*s", SLICE_FMT(text));
	snprintf(call->state, sizeof(call->state), "%.*s", SLICE_FMT(state));
	call->client->world->asked++;
}

/* A response with an id of ours. */
static void
call_answered(struct client *client, struct slice text, struct slice id)
{
	struct client_call *call = NULL;
	char want[64];
	int64_t number = 0;

	json_int(id, &number);
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (client->calls[i].id == (uint64_t)number)
			call = &client->calls[i];
	}
	/* A later call has taken the slot: the answer to one that was cancelled. */
	if (call == NULL)
		return;
	call->answers++;
	if (memmem(text.p, text.n, "\"input_required\"", 16) != NULL) {
		call_asked(call, text);
		return;
	}
	call->was_unavailable = memmem(text.p, text.n, "\"unavailable\"", 13) != NULL;
	CHECK(call->answers == 1, "call %llu was answered twice", (unsigned long long)call->id);
	client->world->answered++;
	if (call->is_echo && memmem(text.p, text.n, "\"result\"", 8) != NULL) {
		snprintf(want, sizeof(want), "\"text\":\"%llu-text\"",
		    (unsigned long long)(call->id % ROUND));
		CHECK(memmem(text.p, text.n, want, strlen(want)) != NULL,
		    "call %llu got another's answer: %.*s", (unsigned long long)call->id,
		    SLICE_FMT(text));
	}
	if (client->pool == NULL && call->is_open)
		call_end(call);
}

/*
 * ---- talking
 * ----------------------------------------------------------------------------------------------
 */

static void post(struct client *client, struct slice text, struct client_call *call);

static void
client_message(struct client *client, char *bytes, size_t n)
{
	struct slice text = { bytes, n }, id = SLICE_NONE, method;
	struct world *world = client->world;
	struct arena arena;
	struct err err = { 0 };
	char answer[160];
	int len;

	arena_init(&arena, NULL, SIZE_MAX);
	CHECK(json_scan_all(json_scan_new(&arena, bytes, n, 0, 0, 1), &err),
	    "the gateway sent no JSON: %s: %.*s", err.text, SLICE_FMT(text));
	arena_fini(&arena);
	if (!json_find(text, S("id"), &id))
		return;
	if (!json_find(text, S("method"), &method)) {
		if (slice_eq(id, S("0")))
			client->is_ready = true;
		else
			call_answered(client, text, id);
		return;
	}
	CHECK(slice_eq(method, S("\"elicitation/create\"")), "unexpected request %.*s",
	    SLICE_FMT(text));
	if (sim_chance(world->sim, 200))
		return; /* nobody is there */
	len = snprintf(answer, sizeof(answer),
	    "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{\"action\":\"accept\",\"content\":{\"ok\":true}}}",
	    SLICE_FMT(id));
	post(client, (struct slice){ answer, (size_t)len }, NULL);
}

static void
on_event(void *owner, const struct sse_event *event)
{
	struct client_call *call = owner;

	if (event->has_data && event->data_n > 0)
		client_message(call->client, event->data, event->data_n);
}

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	struct client_call *call = owner;
	struct slice id = fetch_header(fetch, S("mcp-session-id"));

	call->is_sse = slice_starts(fetch_header(fetch, S("content-type")), S("text/event-stream"));
	if (id.p != NULL)
		snprintf(
		    call->client->session, sizeof(call->client->session), "%.*s", SLICE_FMT(id));
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct client_call *call = owner;
	struct err err;

	if (!call->is_sse)
		buf_put(&call->body, (struct slice){ bytes, n });
	else
		CHECK(sse_feed(&call->sse, bytes, n, &err), "%s", err.text);
}

static void
fetched_fini(struct client_call *call)
{
	sse_reader_fini(&call->sse);
	buf_fini(&call->body);
}

/* A request of a client without a session; more: further members of params. */
static void
modern_send(struct client_call *call, const char *more)
{
	char text[800];
	int n = snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\","
	    "\"arguments\":%s%s,\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
	    "\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}},"
	    "\"progressToken\":\"p%llu\"}}}",
	    (unsigned long long)call->id, call->name, call->arguments, more,
	    (unsigned long long)call->id);

	post(call->client, (struct slice){ text, (size_t)n }, call);
}

/* Comes back with an answer, or without one, or not at all: false. */
static bool
call_return(struct client_call *call)
{
	struct world *world = call->client->world;
	char more[300];

	if (sim_chance(world->sim, 200)) {
		call->state[0] = '\0';
		return false;
	}
	world->returned++;
	call->id += ROUND;
	call->answers = 0;
	snprintf(more, sizeof(more), ",\"requestState\":%s%s", call->state,
	    sim_chance(world->sim, 100)
		? ""
		: ",\"inputResponses\":{\"q1\":{\"action\":\"accept\",\"content\":{\"ok\":true}}}");
	call->state[0] = '\0';
	modern_send(call, more);
	return true;
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct client_call *call = owner;
	struct world *world = call->client->world;

	call->fetch = NULL;
	if (err == NULL && !call->is_sse && call->body.n > 0)
		client_message(call->client, call->body.p, call->body.n);
	if (err != NULL)
		world->broken++;
	else
		CHECK(call->id == 0 || call->answers == 1 || call->is_cancelled,
		    "call %llu ended without an answer", (unsigned long long)call->id);
	fetched_fini(call);
	if (call->state[0] != '\0' && !world->is_stopping && call_return(call))
		return;
	if (call->id == 0) {
		/* initialize: once more when it broke */
		if (!call->client->is_ready)
			call->client->session[0] = '\0';
		call->is_open = false;
		if (!world->is_stopping)
			timer_start(world->loop, &call->client->again, loop_now_ms(world->loop) + 5,
			    client_go);
		return;
	}
	call_end(call);
}

static const struct fetch_handler fetch_events = { on_head, on_data, on_done };

/* Fire and forget: notifications and answers. */
struct note {
	struct world *world;
};

static void
note_head(void *owner, struct fetch *fetch, int status)
{
}

static void
note_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
}

static void
note_done(void *owner, struct fetch *fetch, const struct err *err)
{
}

static const struct fetch_handler note_events = { note_head, note_data, note_done };

static void
post(struct client *client, struct slice text, struct client_call *call)
{
	struct fetch_request request = {
		.method = S("POST"), .path = S("/mcp"), .body = &text, .body_parts = 1
	};
	char headers[320], modern[120] = "";
	int n;

	if (call != NULL && client->is_modern)
		snprintf(modern, sizeof(modern),
		    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: %s\r\n",
		    call->name);
	if (client->pool == NULL) {
		outbox_queue(&client->outbox, (struct slice[]){ text, S("\n") }, 2);
		return;
	}
	n = snprintf(headers, sizeof(headers),
	    "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n%s%s%s%s",
	    modern, client->session[0] ? "Mcp-Session-Id: " : "", client->session,
	    client->session[0] ? "\r\n" : "");
	request.headers = (struct slice){ headers, (size_t)n };
	if (call == NULL) {
		fetch_start(client->pool, &request, &note_events, client);
		return;
	}
	sse_reader_init(&call->sse, NULL, 64 * MIB);
	call->sse.on_event = on_event;
	call->sse.owner = call;
	buf_init(&call->body, NULL, 64 * MIB);
	call->is_sse = false;
	call->fetch = fetch_start(client->pool, &request, &fetch_events, call);
}

/*
 * ---- what a client does
 * -------------------------------------------------------------------------------------
 */

static void
call_later(struct timer *timer)
{
	struct client_call *call = CONTAINER(timer, struct client_call, later);
	struct client *client = call->client;
	struct world *world = client->world;
	char text[160];
	int n;

	/* Without a session, leaving is the way to cancel. */
	if (client->is_modern || (client->pool != NULL && sim_chance(world->sim, 500))) {
		call->is_left = true;
		world->left++;
		fetch_abort(&call->fetch);
		fetched_fini(call);
		call_end(call);
		return;
	}
	call->is_cancelled = true;
	world->cancelled++;
	n = snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":%llu}}",
	    (unsigned long long)call->id);
	post(client, (struct slice){ text, (size_t)n }, NULL);
	if (client->pool == NULL)
		call_end(call); /* no answer is promised any more */
}

static void
call_begin(struct client *client, struct client_call *call)
{
	struct world *world = client->world;
	const char *tool = tools[sim_random(world->sim, COUNT(tools))];
	const char *server = servers[sim_random(world->sim, COUNT(servers))];
	char text[400];
	int n;

	/* Deaths of a whole server are rare, or nothing else would happen. */
	if (strcmp(tool, "die") == 0 && !sim_chance(world->sim, 30))
		tool = "echo";
	if (strcmp(tool, "silent") == 0 && !sim_chance(world->sim, 100))
		tool = "echo";
	if (strcmp(tool, "die") == 0 && strcmp(server, "web") == 0)
		server = "one";
	call->id = ++world->begun;
	call->is_open = true;
	call->is_cancelled = call->is_left = false;
	call->is_echo = strcmp(tool, "echo") == 0;
	call->answers = 0;
	call->state[0] = '\0';
	snprintf(call->name, sizeof(call->name), "%s__%s", server, tool);
	snprintf(call->arguments, sizeof(call->arguments), "{\"text\":\"%llu-text\",\"ms\":%llu}",
	    (unsigned long long)call->id, (unsigned long long)sim_random(world->sim, 50));
	n = snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\","
	    "\"arguments\":%s,\"_meta\":{\"progressToken\":\"p%llu\"}}}",
	    (unsigned long long)call->id, call->name, call->arguments,
	    (unsigned long long)call->id);
	if (sim_chance(world->sim, 50))
		timer_start(world->loop, &call->later,
		    loop_now_ms(world->loop) + sim_random(world->sim, 40), call_later);
	if (client->is_modern)
		modern_send(call, "");
	else
		post(client, (struct slice){ text, (size_t)n }, call);
}

static void
client_go(struct timer *timer)
{
	struct client *client = CONTAINER(timer, struct client, again);
	struct world *world = client->world;

	client->is_ready |= client->is_modern;
	if (!client->is_ready) {
		struct client_call *call = &client->calls[0];

		call->id = 0;
		call->is_open = true;
		post(client,
		    S("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{"
		      "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"elicitation\":{}},"
		      "\"clientInfo\":{\"name\":\"sim\",\"version\":\"1\"}}}"),
		    call);
		if (client->pool == NULL) {
			call->is_open = false;
			client->is_ready = true;
			timer_start(world->loop, timer, loop_now_ms(world->loop) + 1, client_go);
		}
		return;
	}
	for (size_t i = 0; i < IN_FLIGHT && world->begun < world->wanted; i++) {
		if (!client->calls[i].is_open && sim_chance(world->sim, 700))
			call_begin(client, &client->calls[i]);
	}
}

/*
 * ---- the stdio client
 * ------------------------------------------------------------------------------------------
 */

static void
stdio_line(void *owner, char *line, size_t n)
{
	client_message(owner, line, n);
}

static void
stdio_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	abort();
}

/* The gateway's stdio has broken: what was open there will not be answered. */
static void
stdio_gone(struct client *client)
{
	struct world *world = client->world;

	stream_want(client->in, 0);
	client->is_gone = true;
	timer_stop(world->loop, &client->again);
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (client->calls[i].is_open) {
			client->calls[i].is_open = false;
			timer_stop(world->loop, &client->calls[i].later);
			world->ended++;
			world->broken++;
		}
	}
}

static void
stdio_readable(void *owner, unsigned events)
{
	struct client *client = owner;
	char bytes[3000];
	ssize_t n = stream_read(client->in, bytes, sizeof(bytes));

	if (n > 0)
		line_feed(&client->lines, bytes, (size_t)n);
	else if (n != -EAGAIN)
		stdio_gone(client);
}

static void
stdio_writable(void *owner, unsigned events)
{
	outbox_ready(&((struct client *)owner)->outbox);
}

static void
stdio_failed(void *owner, const struct err *err)
{
	stdio_gone(owner);
}

static void
stdio_client(struct world *world, struct client *client)
{
	sim_stdio(world->sim, &client->out, &client->in);
	line_reader_init(&client->lines, NULL, 64 * MIB);
	client->lines.on_line = stdio_line;
	client->lines.on_long = stdio_long;
	client->lines.owner = client;
	outbox_init(&client->outbox, world->loop, client->out, 64 * MIB);
	client->outbox.on_fail = stdio_failed;
	client->outbox.owner = client;
	client->in->on_ready = stdio_readable;
	client->in->owner = client;
	client->out->on_ready = stdio_writable;
	client->out->owner = client;
	stream_want(client->in, STREAM_READABLE);
}

/*
 * ---- the world
 * -------------------------------------------------------------------------------------------------
 */

static void
stdio_ended(void *owner)
{
}

static bool
all_done(void *ctx)
{
	struct world *world = ctx;

	if (world->begun < world->wanted || world->ended < world->begun)
		return false;
	return hub_in_flight(world->hub) == 0;
}

static bool
is_over(void *ctx)
{
	return ((struct world *)ctx)->is_over;
}

static void
stop_run(void *arg)
{
	struct world *world = arg;

	hub_free_wait(&world->hub);
	fronts_free(&world->fronts);
	world->is_over = true;
}

static void
world_begin(struct world *world, uint64_t seed, unsigned calls, struct log *log)
{
	static const char *const no_environ[] = { NULL };
	struct front_limits limits = { .message_bytes = 64 * MIB,
		.ask_ms = 3000,
		.session_idle_ms = 1800000,
		.sessions = 100,
		.in_flight = 2000,
		.parked = PARKED };
	struct address at = { .ip = { 127, 0, 0, 1 }, .port = GATEWAY_PORT }, bound;
	struct config *config = NULL;
	struct err err = { 0 };

	memset(world, 0, sizeof(*world));
	world->wanted = calls;
	toy_counters_clear();
	world->loop = sim_new(seed, log, &world->sim);
	sim_program(world->sim, "/sim/one", toy_program, "one");
	sim_program(world->sim, "/sim/two", toy_program, "two");
	world->web = toy_http_new(world->sim, "web", TOY_PORT);
	CHECK(
	    config_parse(slice_of(configuration), "sim.yaml", "/", no_environ, log, &config, &err),
	    "%s", err.text);
	world->hub = hub_new(world->loop, &config, NULL, &err);
	CHECK(world->hub != NULL, "%s", err.text);
	world->fronts = fronts_new(world->loop, hub_gate(world->hub), &limits);
	CHECK(front_http_open(world->fronts, &at, NULL, 0, &bound, &err), "%s", err.text);
	for (size_t i = 0; i <= HTTP_CLIENTS; i++) {
		struct client *client = &world->clients[i];

		client->world = world;
		client->is_modern = i < HTTP_CLIENTS && i % 2 == 1;
		for (size_t k = 0; k < IN_FLIGHT; k++)
			client->calls[k].client = client;
		if (i == HTTP_CLIENTS)
			stdio_client(world, client);
		else
			CHECK(http_pool_new(world->loop, S("http://127.0.0.1:8080/mcp"), 4, 5000,
				  &client->pool, &err),
			    "%s", err.text);
		timer_start(world->loop, &client->again,
		    loop_now_ms(world->loop) + sim_random(world->sim, 50), client_go);
	}
	CHECK(front_stdio_open(world->fronts, stdio_ended, world, &err), "%s", err.text);
}

static void
resolve_run(void *arg)
{
	struct world *world = arg;
	struct err err;

	for (size_t i = 0; i < HTTP_CLIENTS; i++)
		CHECK(http_pool_resolve_wait(world->clients[i].pool, &err), "%s", err.text);
}

static void
clients_end(struct world *world)
{
	for (size_t i = 0; i <= HTTP_CLIENTS; i++) {
		struct client *client = &world->clients[i];

		timer_stop(world->loop, &client->again);
		for (size_t k = 0; k < IN_FLIGHT; k++) {
			timer_stop(world->loop, &client->calls[k].later);
			if (client->calls[k].fetch != NULL) {
				fetch_abort(&client->calls[k].fetch);
				fetched_fini(&client->calls[k]);
			}
		}
		http_pool_free(&client->pool);
		if (i == HTTP_CLIENTS) {
			line_reader_fini(&client->lines);
			outbox_fini(&client->outbox);
			stream_close(&client->in);
			stream_close(&client->out);
		}
	}
}

/* Clients that still call while everything is being ended. */
static void
call_late(struct timer *timer)
{
	struct world *world = CONTAINER(timer, struct world, late);

	if (world->is_over)
		return;
	for (size_t i = 0; i <= HTTP_CLIENTS; i++) {
		if (world->clients[i].is_ready && !world->clients[i].is_gone)
			post(&world->clients[i],
			    S("{\"jsonrpc\":\"2.0\",\"id\":99999,\"method\":\"tools/list\"}"),
			    NULL);
	}
	timer_start(world->loop, timer, loop_now_ms(world->loop) + 1, call_late);
}

static void
run_seed(uint64_t seed, unsigned calls, struct log *log)
{
	struct world *world = MEM_NEW(struct world);
	struct sim_faults faults = { 0 };
	struct err err = { 0 };

	seed_now = seed;
	world_begin(world, seed, calls, log);
	/* Every third seed is calm, so that plain mistakes are not blamed on the weather. */
	if (seed % 3 != 0)
		faults = (struct sim_faults){ .short_io = 200,
			.again = 50,
			.delay = 200,
			.reset = seed % 3 == 1 ? 0 : 2,
			.refuse = seed % 3 == 1 ? 0 : 20,
			.start_fails = 100 };
	CHECK(group_spawn(world->loop, &world->group, "resolve", resolve_run, world, &err), "%s",
	    err.text);
	sim_set_faults(world->sim, &faults);
	CHECK(sim_run_until(world->sim, all_done, world, 86400000),
	    "stuck: %u begun, %u ended, %u in flight at %llu ms", world->begun, world->ended,
	    hub_in_flight(world->hub), (unsigned long long)loop_now_ms(world->loop));
	CHECK(ledger_count(hub_ledger(world->hub), LEDGER_OPEN) == 0, "an exchange has no outcome");
	for (size_t i = 0; i < COUNT(servers); i++)
		CHECK(toy_counters(servers[i])->done_twice == 0, "%s did %u calls twice",
		    servers[i], toy_counters(servers[i])->done_twice);
	fprintf(stderr,
	    "seed %llu: %u calls, %u answered, %u cancelled, %u left, %u broken, %u asked, %u returned; outcomes done %llu failed "
	    "%llu cancelled %llu deadline %llu unavailable %llu unknown %llu; %.1f simulated s\n",
	    (unsigned long long)seed, world->begun, world->answered, world->cancelled, world->left,
	    world->broken, world->asked, world->returned,
	    (unsigned long long)ledger_count(hub_ledger(world->hub), LEDGER_DONE),
	    (unsigned long long)ledger_count(hub_ledger(world->hub), LEDGER_FAILED),
	    (unsigned long long)ledger_count(hub_ledger(world->hub), LEDGER_CANCELLED),
	    (unsigned long long)ledger_count(hub_ledger(world->hub), LEDGER_DEADLINE),
	    (unsigned long long)ledger_count(hub_ledger(world->hub), LEDGER_UNAVAILABLE),
	    (unsigned long long)ledger_count(hub_ledger(world->hub), LEDGER_UNKNOWN),
	    (double)loop_now_ms(world->loop) / 1000);
	world->is_stopping = true;
	call_late(&world->late);
	CHECK(
	    group_spawn(world->loop, &world->group, "stop", stop_run, world, &err), "%s", err.text);
	CHECK(sim_run_until(world->sim, is_over, world, loop_now_ms(world->loop) + 600000),
	    "the gateway does not end");
	timer_stop(world->loop, &world->late);
	clients_end(world);
	toy_http_free(&world->web);
	/* Let programs that were told to end do so. */
	for (int i = 0; i < 100; i++)
		(void)loop_turn(world->loop, 10);
	CHECK(loop_tasks(world->loop) == 0, "%u tasks are left", loop_tasks(world->loop));
	CHECK(
	    sim_streams_open(world->sim) == 0, "%u streams are left", sim_streams_open(world->sim));
	CHECK(loop_memory(world->loop)->used_bytes == 0, "%zu bytes of the account are left",
	    loop_memory(world->loop)->used_bytes);
	loop_free(&world->loop);
	mem_free(world);
	arena_drain();
}

static void
on_abort(int signo)
{
	char text[160];
	int n = snprintf(text, sizeof(text),
	    "\nnot ok - failing seed %llu; replay it with --seed %llu\n",
	    (unsigned long long)seed_now, (unsigned long long)seed_now);

	if (write(STDOUT_FILENO, text, (size_t)n) < 0 || write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(3);
	signal(signo, SIG_DFL);
	raise(signo);
}

int
main(int argc, char **argv)
{
	uint64_t seed = 1, seeds = 20;
	unsigned calls = 5000;
	struct log *log;

	for (int i = 1; i + 1 < argc; i += 2) {
		unsigned long long value = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--seed") == 0) {
			seed = value;
			seeds = 1;
		} else if (strcmp(argv[i], "--seeds") == 0) {
			seeds = value;
		} else if (strcmp(argv[i], "--calls") == 0) {
			calls = (unsigned)value;
		} else {
			fprintf(stderr, "usage: calls [--seed N] [--seeds K] [--calls N]\n");
			return 2;
		}
	}
	signal(SIGABRT, on_abort);
	signal(SIGSEGV, on_abort);
	log = log_new(
	    STDERR_FILENO, getenv("SIM_LOG") != NULL ? LOG_DEBUG : LOG_OFF, LOG_TEXT, "sim");
	printf("1..%llu\n", (unsigned long long)seeds);
	for (uint64_t i = 0; i < seeds; i++) {
		run_seed(seed + i, calls, log);
		printf("ok %llu - seed %llu, %u calls\n", (unsigned long long)(i + 1),
		    (unsigned long long)(seed + i), calls);
		fflush(stdout);
	}
	log_free(&log);
	return 0;
}
