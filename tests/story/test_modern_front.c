/*
 * Parking and resuming over the narrow waist: a scripted upstream that asks, the whole gateway, and
 * a client without sessions at its stdin, on the simulated machine.  Nothing below the front knows
 * that the client comes and goes: each case counts what reached the upstream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mcp/front_modern.h"
#include "stage.h"

#define EXPIRY_MS 600000
#define ASK \
	"ask elicitation/create {\"message\":\"sure?\",\"requestedSchema\":{\"type\":\"object\"}}"
#define CALL "\"method\":\"tools/call\",\"params\":{\"name\":\"book\",\"arguments\":{\"day\":1.0}"

struct stage {
	struct world world;
	struct hub *hub;
	struct fronts *fronts;
	struct stream *in, *out; /* the client's ends */
	struct buf line;
	struct server *server;
	struct buf answer;	  /* the newest */
	unsigned answers, limits; /* those that say that there is no room */
	char state[300];
};

static struct stage *stage;
static uint64_t seed; /* another process each time */

/* Lines of the gateway; the last one is kept. */
static void
on_ready(void *owner, unsigned events)
{
	static char bytes[64 * KIB];
	ssize_t n = stream_read(stage->out, bytes, sizeof(bytes));
	const char *end;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		stream_want(stage->out, 0);
		return;
	}
	buf_put(&stage->line, (struct slice){ bytes, (size_t)n });
	while ((end = memchr(stage->line.p, '\n', stage->line.n)) != NULL) {
		size_t line_n = (size_t)(end - stage->line.p);

		buf_clear(&stage->answer);
		buf_put(&stage->answer, (struct slice){ stage->line.p, line_n });
		buf_cut(&stage->line, line_n + 1);
		stage->answers++;
		stage->limits += memmem(stage->answer.p, line_n, "-31005", 6) != NULL;
	}
}

static void
ended(void *owner)
{
}

/* An upstream with these reactions, a gateway, its stdin. */
static void
begin_over(const char *transport, const char *const *lines, unsigned parked_max)
{
	struct front_limits limits;
	struct err err = { 0 };
	struct world *world;

	stage = MEM_NEW(struct stage);
	world = &stage->world;
	stage_begin(world, ++seed);
	buf_init(&stage->answer, NULL, MIB);
	buf_init(&stage->line, NULL, 64 * MIB);
	stage->server = stage_server(world, "one", transport, lines);
	stage->hub = stage_hub(world, "upstreams:\n  - {name: one, timeout: 10s, $one}\n");
	limits = (struct front_limits){ .message_bytes = 64 * MIB,
		.ask_ms = EXPIRY_MS,
		.session_idle_ms = EXPIRY_MS,
		.sessions = 10,
		.in_flight = 2000,
		.parked = parked_max };
	stage->fronts = fronts_new(world->loop, hub_gate(stage->hub), &limits);
	sim_stdio(world->sim, &stage->in, &stage->out);
	stage->out->on_ready = on_ready;
	stream_want(stage->out, STREAM_READABLE);
	assert_true(front_stdio_open(stage->fronts, ended, NULL, &err));
}

static void
begin(const char *const *lines, unsigned parked_max)
{
	begin_over("stdio", lines, parked_max);
}

/* Whatever is still parked goes with the gateway; nothing is left. */
static void
end(void)
{
	struct world *world = &stage->world;

	assert_int_equal(
	    ledger_count(hub_ledger(stage->hub), LEDGER_OPEN), hub_in_flight(stage->hub));
	stage_hub_end(world, &stage->hub);
	fronts_free(&stage->fronts);
	stream_close(&stage->in);
	stream_close(&stage->out);
	stage_end(world);
	buf_fini(&stage->answer);
	buf_fini(&stage->line);
	mem_free(stage);
	arena_drain();
}

/* One message of a client that can do this. */
static void
post_as(const char *text, const char *capabilities)
{
	const char *params = strstr(text, "\"params\":{");
	struct iovec iov;
	struct buf line;

	buf_init(&line, NULL, MIB);
	if (params != NULL) {
		params += strlen("\"params\":{");
		buf_printf(&line,
		    "%.*s\"_meta\":{\"" MCP_META "protocolVersion\":\"2026-07-28\",\"" MCP_META
		    "clientCapabilities\":%s}%s%s\n",
		    (int)(params - text), text, capabilities, *params == '}' ? "" : ",", params);
	} else {
		buf_printf(&line, "%s\n", text);
	}
	iov = (struct iovec){ line.p, line.n };
	assert_int_equal(stream_writev(stage->in, &iov, 1), line.n);
	buf_fini(&line);
}

#define CAN "{\"elicitation\":{}}"

static void
post(const char *text)
{
	post_as(text, CAN);
	world_settle(&stage->world);
}

static unsigned
parked(void)
{
	return park_count(stage->fronts->park);
}

static bool
says(const char *pointer, const char *value)
{
	return stage_says(buf_view(&stage->answer), pointer, value);
}

/* The newest answer asks under this id; its state is kept. */
static void
assert_parked(const char *id)
{
	struct buf state;

	assert_true(says("/id", id));
	assert_true(says("/result/resultType", "\"input_required\""));
	assert_int_equal(parked(), 1);
	buf_init(&state, NULL, MIB);
	assert_true(value_at(buf_view(&stage->answer), S("/result/requestState"), &state));
	snprintf(stage->state, sizeof(stage->state), "%.*s", SLICE_FMT(buf_view(&state)));
	buf_fini(&state);
}

static void
retry(const char *id, const char *arguments, const char *state, const char *responses)
{
	char text[900];

	snprintf(text, sizeof(text),
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"tools/call\",\"params\":{\"name\":\"book\","
	    "\"arguments\":%s,\"inputResponses\":%s,\"requestState\":%s}}",
	    id, arguments, responses, state);
	post(text);
}

static unsigned
got(const char *method)
{
	return server_count(stage->server, slice_of(method));
}

static uint64_t
outcomes(enum ledger_outcome outcome)
{
	return ledger_count(hub_ledger(stage->hub), outcome);
}

/* ---- cases ----------------------------------------------------------------------------------- */

#define ARGUMENTS   "{\"day\":1.0}"
#define ACCEPT(key) "{\"" key "\":{\"action\":\"accept\",\"content\":{\"n\":1.0}}}"

static const char *const asks_once[] = { "tool book",
	"on tools/call book -> " ASK " then result {\"said\":$answer}", NULL };

static void
test_park_and_resume(void **unused)
{
	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":7," CALL "}}");
	assert_parked("7");
	assert_true(says("/result/inputRequests",
	    "{\"q1\":{\"method\":\"elicitation/create\",\"params\":"
	    "{\"message\":\"sure?\",\"requestedSchema\":{\"type\":\"object\"}}}}"));
	assert_int_equal(got("tools/call"), 1);
	assert_int_equal(got("response"), 0);
	assert_int_equal(hub_in_flight(stage->hub), 1);
	retry("\"eight\"", ARGUMENTS, stage->state, ACCEPT("q1"));
	assert_true(says("/id", "\"eight\""));
	assert_true(says("/result/said", "{\"action\":\"accept\",\"content\":{\"n\":1.0}}"));
	assert_int_equal(stage->answers, 2);
	/* One request upstream, one exchange, one outcome. */
	assert_int_equal(got("tools/call"), 1);
	assert_int_equal(got("response"), 1);
	assert_int_equal(outcomes(LEDGER_DONE), 1);
	assert_int_equal(parked(), 0);
	end();
}

static void
test_two_rounds(void **unused)
{
	static const char *const lines[] = { "tool book",
		"on tools/call book -> " ASK " then after 4s then " ASK
		" then after 4s then result {\"said\":$answer}",
		NULL };

	begin(lines, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	/* Minutes with a person are not minutes of the timeout (10 s). */
	world_tick(&stage->world, 300000);
	retry("2", ARGUMENTS, stage->state, ACCEPT("q1"));
	assert_int_equal(stage->answers, 1);
	world_tick(&stage->world, 4000);
	assert_parked("2");
	world_tick(&stage->world, 300000);
	retry("3", ARGUMENTS, stage->state, "{\"q2\":{\"action\":\"decline\"}}");
	world_tick(&stage->world, 4000);
	assert_true(says("/id", "3"));
	assert_true(says("/result/said", "{\"action\":\"decline\"}"));
	assert_int_equal(got("tools/call"), 1);
	assert_int_equal(outcomes(LEDGER_DONE), 1);
	end();
}

/* What is not the person's time counts, before and after. */
static void
test_timeout(void **unused)
{
	static const char *const lines[] = { "tool book",
		"on tools/call book -> after 6s then " ASK " then after 6s then result {}", NULL };

	begin(lines, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	world_tick(&stage->world, 6000);
	assert_parked("1");
	world_tick(&stage->world, 300000);
	retry("2", ARGUMENTS, stage->state, ACCEPT("q1"));
	world_tick(&stage->world, 5000);
	assert_true(says("/id", "2"));
	assert_true(says("/error/data/kind", "\"deadline\""));
	assert_int_equal(got("notifications/cancelled"), 1);
	end();
}

static void
test_wrong_state(void **unused)
{
	char used[300];

	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	memcpy(used, stage->state, sizeof(used));
	retry("2", ARGUMENTS, "\"00000000000000000000000000000000\"", ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	retry("3", ARGUMENTS, "\"\"", ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	retry("4", ARGUMENTS, "7", ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	/* It belongs to one tool with one set of arguments. */
	retry("5", "{\"day\":2.0}", used, ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	assert_true(says("/id", "5"));
	/* None of these has woken anybody, or used it up. */
	assert_int_equal(got("response"), 0);
	retry("6", ARGUMENTS, used, ACCEPT("q1"));
	assert_true(says("/id", "6"));
	assert_true(says("/result/said/action", "\"accept\""));
	/* Once. */
	retry("7", ARGUMENTS, used, ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	assert_int_equal(got("tools/call"), 1);
	assert_int_equal(got("response"), 1);
	end();
}

static void
test_missing_answers(void **unused)
{
	static const char *const lines[] = { "tool book", "on tools/call book -> never", NULL };
	struct err err = { 0 };
	char first[300];

	begin(lines, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	/* Two questions in one turn travel together. */
	assert_true(server_tell(stage->server, slice_of(ASK), &err));
	assert_true(server_tell(stage->server, slice_of(ASK), &err));
	world_settle(&stage->world);
	assert_parked("1");
	assert_true(says("/result/inputRequests/q1/method", "\"elicitation/create\""));
	assert_true(says("/result/inputRequests/q2/method", "\"elicitation/create\""));
	memcpy(first, stage->state, sizeof(first));
	retry("2", ARGUMENTS, first, "{\"q2\":{\"action\":\"accept\"},\"q9\":{}}");
	assert_parked("2");
	assert_true(says("/result/inputRequests/q1/method", "\"elicitation/create\""));
	assert_false(value_at(buf_view(&stage->answer), S("/result/inputRequests/q2"),
	    &(struct buf){ .ceiling_bytes = 0 }));
	assert_string_not_equal(first, stage->state);
	assert_int_equal(got("response"), 1);
	retry("3", ARGUMENTS, stage->state, ACCEPT("q1"));
	assert_int_equal(got("response"), 2);
	end();
}

static void
test_expiry(void **unused)
{
	struct buf sent, cancelled;

	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	world_tick(&stage->world, EXPIRY_MS - 1000);
	assert_int_equal(got("notifications/cancelled"), 0);
	world_tick(&stage->world, 1000);
	assert_int_equal(got("notifications/cancelled"), 1);
	buf_init(&sent, NULL, MIB);
	buf_init(&cancelled, NULL, MIB);
	assert_true(value_at(server_last(stage->server, S("tools/call")), S("/id"), &sent));
	assert_true(value_at(server_last(stage->server, S("notifications/cancelled")),
	    S("/params/requestId"), &cancelled));
	assert_true(value_same(buf_view(&sent), buf_view(&cancelled)));
	buf_fini(&sent);
	buf_fini(&cancelled);
	assert_int_equal(outcomes(LEDGER_CANCELLED), 1);
	assert_int_equal(hub_in_flight(stage->hub), 0);
	assert_int_equal(stage->answers, 1);
	retry("2", ARGUMENTS, stage->state, ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	end();
}

static void
test_cancel(void **unused)
{
	static const char *const lines[] = { "tool book", "on tools/call book -> never", NULL };
	struct err err = { 0 };

	begin(lines, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	     "\"params\":{\"requestId\":1}}");
	assert_int_equal(got("notifications/cancelled"), 1);
	assert_int_equal(stage->answers, 0);
	/* A request that was answered with a question is over: its id means nothing any more. */
	post("{\"jsonrpc\":\"2.0\",\"id\":2," CALL "}}");
	assert_true(server_tell(stage->server, slice_of(ASK), &err));
	world_settle(&stage->world);
	assert_parked("2");
	post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	     "\"params\":{\"requestId\":2}}");
	assert_int_equal(got("notifications/cancelled"), 1);
	/* The retry can be cancelled again. */
	retry("3", ARGUMENTS, stage->state, ACCEPT("q1"));
	post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	     "\"params\":{\"requestId\":3}}");
	assert_int_equal(got("notifications/cancelled"), 2);
	assert_int_equal(outcomes(LEDGER_CANCELLED), 2);
	end();
}

static void
test_end_while_parked(void **unused)
{
	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	end();
}

/* The upstream takes its question back and answers while the client is away. */
static void
test_answer_waits(void **unused)
{
	static const char *const lines[] = { "tool book",
		"on tools/call book -> after 5s then result {\"done\":true}", NULL };
	struct err err = { 0 };

	begin(lines, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_true(server_tell(stage->server, slice_of(ASK), &err));
	world_settle(&stage->world);
	assert_parked("1");
	assert_true(server_tell(
	    stage->server, S("notify notifications/cancelled {\"requestId\":$ask}"), &err));
	world_tick(&stage->world, 5000);
	assert_int_equal(outcomes(LEDGER_DONE), 1);
	assert_int_equal(stage->answers, 1);
	retry("2", ARGUMENTS, stage->state, ACCEPT("q1"));
	assert_true(says("/id", "2"));
	assert_true(says("/result/done", "true"));
	assert_int_equal(parked(), 0);
	end();
}

static void
test_cannot_park(void **unused)
{
	/* Neither a client that did not declare it ... */
	begin(asks_once, 10);
	post_as("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}", "{}");
	world_settle(&stage->world);
	assert_true(says("/result/said/action", "\"decline\""));
	end();
	/* ... nor more than there is room for. */
	begin_over("http", asks_once, 1);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	post(
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"book\"}}");
	assert_int_equal(parked(), 1);
	assert_true(says("/id", "2"));
	assert_true(says("/error/code", "-31005"));
	assert_true(says("/error/data/kind", "\"limit\""));
	/* It is told to the upstream, and the other one goes on. */
	assert_int_equal(got("notifications/cancelled"), 1);
	retry("3", ARGUMENTS, stage->state, ACCEPT("q1"));
	assert_true(says("/result/said/action", "\"accept\""));
	end();
}

/* Ten thousand calls that ask: what there is room for waits, all others are told so. */
static void
test_many(void **unused)
{
	char text[200];

	begin_over("http", asks_once, 100);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":%u," CALL "}}", i);
		post_as(text, CAN);
		if (i % 100 == 99)
			world_settle(&stage->world);
	}
	assert_int_equal(stage->answers, 10000);
	assert_int_equal(stage->limits, 9900);
	assert_int_equal(parked(), 100);
	assert_int_equal(hub_in_flight(stage->hub), 100);
	/* Nobody comes back: all of it is given up, and there is room again. */
	world_tick(&stage->world, EXPIRY_MS);
	assert_int_equal(parked(), 0);
	assert_int_equal(hub_in_flight(stage->hub), 0);
	assert_int_equal(outcomes(LEDGER_CANCELLED), 10000);
	post("{\"jsonrpc\":\"2.0\",\"id\":\"last\"," CALL "}}");
	assert_parked("\"last\"");
	end();
}

/* A question goes to a call whose client is there, not to one that waits for it already. */
static void
test_beside_one_that_waits(void **unused)
{
	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	post("{\"jsonrpc\":\"2.0\",\"id\":2," CALL "}}");
	assert_true(says("/id", "2"));
	assert_true(says("/result/resultType", "\"input_required\""));
	assert_int_equal(parked(), 2);
	end();
}

/* What waited before a restart is lost, and that is said. */
static void
test_restart(void **unused)
{
	char before[300];

	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	memcpy(before, stage->state, sizeof(before));
	end();
	begin(asks_once, 10);
	retry("2", ARGUMENTS, before, ACCEPT("q1"));
	assert_true(says("/error/code", "-32602"));
	assert_non_null(memmem(stage->answer.p, stage->answer.n, "before a restart", 16));
	assert_int_equal(got("tools/call"), 0);
	end();
}

/* A key that a server wishes for, where it can be had. */
static void
test_wished_key(void **unused)
{
#define WISH(key) \
	"ask elicitation/create {\"message\":\"?\",\"requestedSchema\":{\"type\":\"object\"}," \
	"\"_meta\":{\"bascule/inputKey\":" key "}}"
	static const char *const lines[] = { "tool book", "on tools/call book -> never", NULL };
	static const char *const asks[] = { WISH("\"user_name\""), WISH("\"user_name\""),
		WISH("\"a\\\"b\""), WISH("\"\""), WISH("7") };
	struct err err = { 0 };

	begin(lines, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	for (size_t i = 0; i < COUNT(asks); i++)
		assert_true(server_tell(stage->server, slice_of(asks[i]), &err));
	world_settle(&stage->world);
	assert_parked("1");
	assert_true(says("/result/inputRequests/user_name/method", "\"elicitation/create\""));
	assert_true(says("/result/inputRequests/q1/method", "\"elicitation/create\""));
	assert_true(says("/result/inputRequests/q4/method", "\"elicitation/create\""));
	retry("2", ARGUMENTS, stage->state, "{\"user_name\":{\"action\":\"decline\"}}");
	assert_parked("2");
	assert_int_equal(got("response"), 1);
	end();
#undef WISH
}

/* A retry that can do less is asked no more; what it cannot answer is declined for it. */
static void
test_other_capabilities(void **unused)
{
	char text[900];

	begin(asks_once, 10);
	post("{\"jsonrpc\":\"2.0\",\"id\":1," CALL "}}");
	assert_parked("1");
	snprintf(text, sizeof(text), "{\"jsonrpc\":\"2.0\",\"id\":2," CALL ",\"requestState\":%s}}",
	    stage->state);
	post_as(text, "{\"sampling\":{}}");
	world_settle(&stage->world);
	assert_true(says("/id", "2"));
	assert_true(says("/result/said", "{\"action\":\"decline\"}"));
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_park_and_resume),
		cmocka_unit_test(test_two_rounds),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_wrong_state),
		cmocka_unit_test(test_missing_answers),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_end_while_parked),
		cmocka_unit_test(test_answer_waits),
		cmocka_unit_test(test_cannot_park),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_beside_one_that_waits),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_wished_key),
		cmocka_unit_test(test_other_capabilities),
	};

	return cmocka_run_group_tests_name("modern_front", tests, NULL, NULL);
}
