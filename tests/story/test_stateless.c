/*
 * What the gateway does for clients without sessions: exchanges as a front of 2026-07-28 makes
 * them, the whole gateway, scripted upstreams, on the simulated machine.  The front here keeps
 * what it is given and answers every question at once; how things travel is tested elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

#define CAN_NOTHING "{}"
#define CAN_ASK	    "{\"elicitation\":{}}"
#define CAN_URL	    "{\"elicitation\":{\"url\":{}}}"

struct stage {
	struct world world;
	struct hub *hub;
	struct intake intake;
	/* Of the next request. */
	const char *principal, *capabilities, *accept;
	bool is_stdio;
	int log_level;
	struct slice state, state_server;
	/* What came back last: {result or error}; what was told, one after the other. */
	struct buf answer, told, asked;
	enum reply_type type;
	uint64_t ttl_ms;
	bool is_private;
	unsigned answers, tells, asks, checks;
	bool refuses_headers;
	struct exchange *lasting; /* that has not ended; the newest */
	uint64_t next_number;
};

static struct stage *stage;

/* ---- the front ------------------------------------------------------------------------------- */

static bool
on_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	stage->asks++;
	buf_clear(&stage->asked);
	buf_put(&stage->asked, question->params);
	*answer = (struct answer){ .body = slice_of(stage->accept) };
	return true;
}

static void
on_tell(struct exchange *exchange, const struct tell *tell)
{
	struct slice parts[NOTICE_PARTS];
	struct buf scratch;
	size_t n;

	buf_init(&scratch, NULL, MIB);
	n = encode_notice(tell, S("7"), &scratch, parts);
	buf_puts(&stage->told, stage->tells++ > 0 ? "," : "");
	for (size_t i = 0; i < n; i++)
		buf_put(&stage->told, parts[i]);
	buf_fini(&scratch);
}

static void
on_finish(struct exchange *exchange, const struct reply *reply)
{
	struct slice parts[REPLY_PARTS];
	struct buf scratch;
	size_t n;

	buf_init(&scratch, NULL, MIB);
	n = encode_reply(exchange, reply, &scratch, parts);
	buf_clear(&stage->answer);
	for (size_t i = 0; i < n; i++)
		buf_put(&stage->answer, parts[i]);
	buf_fini(&scratch);
	stage->type = reply->type;
	stage->ttl_ms = reply->ttl_ms;
	stage->is_private = reply->is_private;
	stage->answers++;
	if (stage->lasting == exchange)
		stage->lasting = NULL;
}

static bool
on_check(struct exchange *exchange, struct slice definition, struct err *err)
{
	stage->checks++;
	return !stage->refuses_headers || err_set(err, ERR_PARAMS, "headers disagree");
}

static const struct front_ops front = { .name = "double",
	.ask_wait = on_ask_wait,
	.tell = on_tell,
	.finish = on_finish,
	.check_headers = on_check };

static void
on_message(void *owner, struct message *message, const struct err *err)
{
	struct slice capabilities = slice_of(stage->capabilities), value;
	struct exchange *exchange = exchange_new(&stage->intake, message);

	assert_int_equal(err->kind, ERR_NONE);
	exchange->number = ++stage->next_number;
	exchange->caller = (struct caller){ .principal = slice_of(stage->principal) };
	exchange->revision = MCP_2026_07_28;
	exchange->is_stdio = stage->is_stdio;
	exchange->capabilities = capabilities;
	exchange->client_info = S("{\"name\":\"double\",\"version\":\"1\"}");
	exchange->can.elicitation = json_find(capabilities, S("elicitation"), &value);
	exchange->can.elicitation_url = strstr(stage->capabilities, "url") != NULL;
	exchange->log_level = stage->log_level;
	exchange->state = stage->state;
	exchange->state_server = stage->state_server;
	exchange->front = &front;
	exchange->gate = hub_gate(stage->hub);
	stage->lasting = exchange;
	exchange->gate->begin(exchange->gate->owner, exchange);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static void
begin(const char *yaml)
{
	stage->hub = stage_hub(&stage->world, yaml);
	world_settle(&stage->world);
}

static struct server *
upstream(const char *name, const char *transport, const char *const *lines)
{
	return stage_server(&stage->world, name, transport, lines);
}

static int
set_up(void **unused)
{
	stage = MEM_NEW(struct stage);
	stage_begin(&stage->world, 1);
	buf_init(&stage->answer, NULL, MIB);
	buf_init(&stage->told, NULL, MIB);
	buf_init(&stage->asked, NULL, MIB);
	intake_init(&stage->intake, stage->world.loop, 0);
	stage->intake.done = on_message;
	stage->principal = "ann";
	stage->capabilities = CAN_NOTHING;
	stage->accept = "{\"action\":\"accept\"}";
	stage->log_level = -1;
	return 0;
}

/* Nothing is left of clients, tasks, streams, memory. */
static int
tear_down(void **unused)
{
	stage_hub_end(&stage->world, &stage->hub);
	intake_fini(&stage->intake);
	assert_null(stage->lasting);
	stage_end(&stage->world);
	buf_fini(&stage->answer);
	buf_fini(&stage->told);
	buf_fini(&stage->asked);
	mem_free(stage);
	arena_drain();
	return 0;
}

/* params: its members, without braces; "": none. */
static void
request_send(const char *method, const char *params)
{
	struct buf text;

	buf_init(&text, NULL, MIB);
	buf_printf(&text,
	    "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":{%s%s"
	    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
	    "\"progressToken\":7,\"io.modelcontextprotocol/clientCapabilities\":{},\"mine\":1}}}",
	    (unsigned long long)stage->next_number + 1, method, params,
	    params[0] != '\0' ? "," : "");
	buf_clear(&stage->told);
	stage->tells = 0;
	intake_feed(&stage->intake, text.p, text.n);
	buf_fini(&text);
	world_settle(&stage->world);
}

/* Of the newest answer; value "": it is not there. */
static bool
says(const char *pointer, const char *value)
{
	return stage_says(buf_view(&stage->answer), pointer, value);
}

static bool
told(const char *text)
{
	struct buf all;
	bool is;

	buf_init(&all, NULL, MIB);
	buf_put(&all, buf_view(&stage->told));
	buf_putc(&all, '\0');
	is = strstr(all.p, text) != NULL;
	buf_fini(&all);
	return is;
}

static void
leave(struct exchange *exchange)
{
	exchange->is_cancelled = true;
	exchange->gate->cancel(exchange->gate->owner, exchange);
	world_settle(&stage->world);
}

static void
does(struct server *server, const char *action)
{
	struct err err = { 0 };

	assert_true(server_tell(server, slice_of(action), &err));
	world_settle(&stage->world);
}

static unsigned
got(const struct server *server, const char *method)
{
	return server_count(server, slice_of(method));
}

static struct server *
the(const char *name)
{
	return server_find(&stage->world, slice_of(name));
}

#define SHARED(name)	 "upstreams:\n  - {name: " name ", session: shared, $" name "}\n"
#define PER_CLIENT(name) "upstreams:\n  - {name: " name ", session: per_client, $" name "}\n"

/* ---- methods --------------------------------------------------------------------------------- */

static const char *const plain[] = { "tool add", "tool book",
	"can {\"tools\":{\"listChanged\":true},\"prompts\":{},\"resources\":{\"subscribe\":true,"
	"\"listChanged\":true},\"completions\":{},\"logging\":{},\"tasks\":{},"
	"\"extensions\":{\"io.modelcontextprotocol/ui\":{},\"com.example/odd\":{}}}",
	"on prompts/list -> result {\"prompts\":[{\"name\":\"poem\"}]}",
	"on resources/list -> result {\"resources\":[{\"uri\":\"x://a\",\"name\":\"a\"}]}",
	"on resources/templates/list -> result {\"resourceTemplates\":[]}",
	"on tools/call add -> result {\"content\":[],\"sum\":3}",
	"on prompts/get poem -> result {\"messages\":[]}",
	"on resources/read -> result {\"contents\":[{\"uri\":\"x://a\",\"text\":\"A\"}]}",
	"on completion/complete -> result {\"completion\":{\"values\":[\"v\"]}}", NULL };

static void
test_methods(void **unused)
{
	upstream("one", "stdio", plain);
	begin(SHARED("one"));
	request_send("tools/list", "");
	assert_true(says("/result/tools/0/name", "\"add\""));
	assert_true(says("/result/tools/1/name", "\"book\""));
	request_send("tools/call", "\"name\":\"add\",\"arguments\":{}");
	assert_true(says("/result/sum", "3"));
	request_send("prompts/list", "");
	assert_true(says("/result/prompts/0/name", "\"poem\""));
	request_send("prompts/get", "\"name\":\"poem\"");
	assert_true(says("/result/messages", "[]"));
	request_send("resources/list", "");
	assert_true(says("/result/resources/0/uri", "\"x://a\""));
	request_send("resources/templates/list", "");
	assert_true(says("/result/resourceTemplates", "[]"));
	request_send("resources/read", "\"uri\":\"x://a\"");
	assert_true(says("/result/contents/0/text", "\"A\""));
	request_send("completion/complete",
	    "\"ref\":{\"type\":\"ref/prompt\",\"name\":\"poem\"},\"argument\":{\"name\":\"n\","
	    "\"value\":\"v\"}");
	assert_true(says("/result/completion/values", "[\"v\"]"));
	request_send("tools/call", "\"name\":\"none\"");
	assert_true(says("/error/code", "-32602"));
	request_send("bogus/method", "");
	assert_true(says("/error/code", "-32601"));
	assert_int_equal(got(the("one"), "initialize"), 1);
	assert_int_equal(stage->answers, 10);
}

static void
test_discover(void **unused)
{
	struct buf capabilities;

	upstream("one", "stdio", plain);
	begin(SHARED("one"));
	request_send("server/discover", "");
	assert_true(says("/result/supportedVersions/0", "\"2026-07-28\""));
	assert_true(says("/result/supportedVersions/4", "\"2024-11-05\""));
	assert_true(says("/result/protocolVersion", ""));
	assert_true(says("/result/serverInfo", ""));
	assert_true(says("/result/capabilities/tools", "{\"listChanged\":true}"));
	assert_true(says("/result/capabilities/resources/subscribe", "true"));
	assert_true(says("/result/capabilities/completions", "{}"));
	/* The tasks of 2025-11-25 are another thing; what is not carried is not promised. */
	assert_true(says("/result/capabilities/tasks", ""));
	assert_true(says("/result/capabilities/extensions", "{\"io.modelcontextprotocol/ui\":{}}"));
	assert_int_equal(stage->ttl_ms, 60000);
	assert_false(stage->is_private);
	buf_init(&capabilities, NULL, MIB);
	assert_true(value_at(buf_view(&stage->answer), S("/result/capabilities"), &capabilities));
	buf_fini(&capabilities);
}

/* Nothing stands between a client and the only server: it may have what it likes. */
static void
test_discover_own(void **unused)
{
	upstream("one", "stdio", plain);
	begin(PER_CLIENT("one"));
	request_send("server/discover", "");
	assert_true(says("/result/capabilities/tasks", ""));
	assert_true(says("/result/capabilities/extensions",
	    "{\"io.modelcontextprotocol/ui\":{},\"com.example/odd\":{}}"));
	assert_true(stage->is_private);
}

/* ---- clients --------------------------------------------------------------------------------- */

static const char *const asks[] = { "tool add",
	"on tools/call add -> ask elicitation/create {\"message\":\"sure?\"} then result "
	"{\"said\":$answer}",
	NULL };

/* A session of its own for each set of capabilities, transport and caller, and no more. */
static void
test_sessions_of_their_own(void **unused)
{
	struct server *one = upstream("one", "stdio", asks);

	begin(PER_CLIENT("one"));
	assert_int_equal(one->starts, 0);
	request_send("tools/call", "\"name\":\"add\"");
	assert_true(says("/result/said/action", "\"decline\""));
	assert_true(
	    stage_says(server_last(one, S("initialize")), "/params/capabilities", CAN_NOTHING));
	assert_true(
	    stage_says(server_last(one, S("initialize")), "/params/clientInfo/name", "\"double\""));
	assert_true(stage_says(
	    server_last(one, S("initialize")), "/params/protocolVersion", "\"2025-11-25\""));
	request_send("tools/list", "");
	assert_int_equal(one->starts, 1);
	stage->capabilities = CAN_ASK;
	request_send("tools/call", "\"name\":\"add\"");
	assert_true(says("/result/said/action", "\"accept\""));
	assert_int_equal(one->starts, 2);
	assert_true(stage_says(server_last(one, S("initialize")), "/params/capabilities", CAN_ASK));
	stage->principal = "bob";
	request_send("tools/list", "");
	assert_int_equal(one->starts, 3);
	stage->is_stdio = true;
	request_send("tools/list", "");
	assert_int_equal(one->starts, 4);
	stage->principal = "ann";
	stage->is_stdio = false;
	request_send("tools/list", "");
	assert_int_equal(one->starts, 4);
	/* Half an hour after the last request they end. */
	world_tick(&stage->world, 31 * 60000);
	assert_null(server_peer(one));
	request_send("tools/list", "");
	assert_true(says("/result/tools/0/name", "\"add\""));
	assert_int_equal(one->starts, 5);
}

/* Capabilities are what they mean, however they are written. */
static void
test_spellings(void **unused)
{
	static const char *const same[] = { "{\"elicitation\":{},\"sampling\":{\"tools\":{}}}",
		"{\"sampling\": {\"tools\" : { } }, \"elicitation\":{}}",
		"{\"elicitation\": {},\"sampling\":{\"tools\":{}}}",
		"{\"elicitation\":{ },\"sampling\":{\"tools\":{}}}",
		"{\"elicitation\":{},\"sampling\":{\"t\\u006fols\":{}}}",
		"{\"elicitation\":{  },\"sampling\":{\"tools\":{}}}" };
	struct server *one = upstream("one", "stdio", asks);

	begin(PER_CLIENT("one"));
	for (size_t i = 0; i < 3 * COUNT(same); i++) {
		stage->capabilities = same[i % COUNT(same)];
		request_send("tools/list", "");
		assert_true(says("/result/tools/0/name", "\"add\""));
		assert_int_equal(one->starts, 1);
	}
	/* Less, or another order of a list, is another set. */
	stage->capabilities = "{\"elicitation\":{},\"sampling\":{}}";
	request_send("tools/list", "");
	assert_int_equal(one->starts, 2);
	stage->capabilities = "{\"elicitation\":{},\"sampling\":{\"tools\":[1,2]}}";
	request_send("tools/list", "");
	assert_int_equal(one->starts, 3);
	stage->capabilities = "{\"elicitation\":{},\"sampling\":{\"tools\":[2,1]}}";
	request_send("tools/list", "");
	assert_int_equal(one->starts, 4);
	/* Of another caller it is another client, in the same words. */
	stage->principal = "bob";
	request_send("tools/list", "");
	assert_int_equal(one->starts, 5);
}

/* One spelling more than there may be, then many: memory is that of a few (the end counts it). */
static void
test_many_spellings(void **unused)
{
	struct server *one = upstream("one", "stdio", asks);
	struct buf text;

	begin(PER_CLIENT("one"));
	buf_init(&text, NULL, MIB);
	for (unsigned i = 0; i < 100; i++) {
		buf_clear(&text);
		buf_printf(&text, "{%*s}", (int)i, "");
		buf_putc(&text, '\0');
		stage->capabilities = text.p;
		request_send("tools/list", "");
	}
	assert_int_equal(one->starts, 1);
	buf_fini(&text);
}

static void
test_shared_asks(void **unused)
{
	struct server *one = upstream("one", "http", asks);

	begin(SHARED("one"));
	request_send("tools/call", "\"name\":\"add\"");
	assert_true(says("/result/said/action", "\"decline\""));
	assert_int_equal(stage->asks, 0);
	stage->capabilities = CAN_ASK;
	request_send("tools/call", "\"name\":\"add\"");
	assert_true(says("/result/said/action", "\"accept\""));
	assert_int_equal(stage->asks, 1);
	assert_int_equal(got(one, "initialize"), 1);
}

/* They are counted; the one that was idle longest gives way, one in use never. */
static void
test_too_many(void **unused)
{
	static const char *const lines[] = { "tool add", "tool book",
		"on tools/call book -> after 10s then result {}", NULL };
	struct server *one = upstream("one", "stdio", lines);
	unsigned before;

	begin("limits: {sessions: 2}\n" PER_CLIENT("one"));
	stage->principal = "busy";
	request_send("tools/call", "\"name\":\"book\"");
	stage->principal = "idle";
	request_send("tools/list", "");
	stage->principal = "new";
	request_send("tools/list", "");
	assert_true(says("/result/tools/0/name", "\"add\""));
	assert_int_equal(one->starts, 3);
	stage->principal = "newer";
	request_send("tools/call", "\"name\":\"book\"");
	stage->principal = "newest";
	before = stage->answers;
	request_send("tools/list", "");
	assert_int_equal(stage->answers, before + 1);
	assert_true(says("/error/data/kind", "\"limit\""));
	world_tick(&stage->world, 10000);
	assert_int_equal(stage->answers, before + 3);
	request_send("tools/list", "");
	assert_true(says("/result/tools/0/name", "\"add\""));
}

/* Sessions of their own need tasks, of which there is an end. */
static void
test_no_tasks_left(void **unused)
{
	struct server *one = upstream("one", "stdio", plain);

	begin(PER_CLIENT("one"));
	loop_set_tasks_max(stage->world.loop, loop_tasks(stage->world.loop));
	request_send("tools/list", "");
	assert_true(says("/error/data/kind", "\"limit\""));
	assert_int_equal(one->starts, 0);
	loop_set_tasks_max(stage->world.loop, 100);
	request_send("tools/list", "");
	assert_true(says("/result/tools/0/name", "\"add\""));
	assert_int_equal(one->starts, 1);
}

/* ---- what may be kept ------------------------------------------------------------------------ */

static void
test_freshness(void **unused)
{
	static const char *const silent[] = { "tool add", "can {\"tools\":{}}", NULL };

	upstream("one", "stdio", plain);
	upstream("two", "stdio", silent);
	begin("upstreams:\n  - {name: one, session: shared, $one}\n"
	      "  - {name: two, session: shared, $two}\n");
	/* One that tells nothing of its changes spoils it for all of that kind. */
	request_send("tools/list", "");
	assert_int_equal(stage->ttl_ms, 0);
	assert_false(stage->is_private);
	request_send("resources/list", "");
	assert_int_equal(stage->ttl_ms, 60000);
}

/* An upstream says how long its list holds: that long it is not asked again. */
static void
test_list_is_kept(void **unused)
{
	static const char *const lines[] = {
		"on tools/list -> result {\"tools\":[{\"name\":\"add\",\"inputSchema\":{}}],"
		"\"ttlMs\":20000,\"cacheScope\":\"private\"}",
		"can {\"tools\":{}}", NULL
	};
	struct server *one = upstream("one", "stdio", lines);
	struct err err = { 0 };

	begin(SHARED("one"));
	request_send("tools/list", "");
	assert_true(stage->is_private);
	assert_in_range(stage->ttl_ms, 19000, 20000);
	world_tick(&stage->world, 15000);
	request_send("tools/list", "");
	assert_in_range(stage->ttl_ms, 4000, 5000);
	assert_int_equal(got(one, "tools/list"), 1);
	/* Nobody asks: nothing is read. */
	world_tick(&stage->world, 60000);
	assert_int_equal(got(one, "tools/list"), 1);
	assert_true(server_line(one,
	    S("on tools/list -> result {\"tools\":[{\"name\":\"sub\",\"inputSchema\":{}}],"
	      "\"ttlMs\":0}"),
	    &err));
	request_send("tools/list", "");
	assert_int_equal(got(one, "tools/list"), 2);
	assert_true(says("/result/tools/0/name", "\"sub\""));
	assert_int_equal(stage->ttl_ms, 0);
	/* However short: not more than once a second; and what fails leaves what there was. */
	request_send("tools/list", "");
	assert_int_equal(got(one, "tools/list"), 2);
	world_tick(&stage->world, 2000);
	assert_true(
	    server_line(one, S("on tools/list -> error {\"code\":-1,\"message\":\"no\"}"), &err));
	request_send("tools/list", "");
	assert_int_equal(got(one, "tools/list"), 3);
	assert_true(says("/result/tools/0/name", "\"sub\""));
}

/* ---- subscriptions --------------------------------------------------------------------------- */

#define FILTER_ALL \
	"\"notifications\":{\"toolsListChanged\":true,\"promptsListChanged\":true," \
	"\"resourcesListChanged\":false,\"resourceSubscriptions\":[\"x://a\",\"x:\\/\\/b\"]}"

static const char *const changing[] = { "tool add",
	"can {\"tools\":{\"listChanged\":true},\"resources\":{\"subscribe\":true}}",
	"on resources/list -> result {\"resources\":[{\"uri\":\"x://a\",\"name\":\"a\"}]}",
	"on resources/templates/list -> result {\"resourceTemplates\":[]}",
	"on resources/subscribe -> result {}", "on resources/unsubscribe -> result {}", NULL };

static void
test_listen(void **unused)
{
	struct server *one = upstream("one", "stdio", changing);
	struct exchange *first, *second;

	begin(SHARED("one"));
	request_send("subscriptions/listen", FILTER_ALL);
	first = stage->lasting;
	assert_non_null(first);
	/* There are no prompts; a resource keeps the spelling of the client. */
	assert_true(stage_says(
	    buf_view(&stage->told), "/method", "\"notifications/subscriptions/acknowledged\""));
	assert_true(stage_says(buf_view(&stage->told), "/params/notifications",
	    "{\"toolsListChanged\":true,\"resourceSubscriptions\":[\"x://a\",\"x://b\"]}"));
	assert_int_equal(stage->tells, 1);
	assert_int_equal(stage->answers, 0);
	assert_int_equal(got(one, "resources/subscribe"), 2);
	/* It is no request in progress. */
	assert_int_equal(hub_in_flight(stage->hub), 0);
	assert_int_equal(loop_tasks(stage->world.loop), 1);
	request_send(
	    "subscriptions/listen", "\"notifications\":{\"resourceSubscriptions\":[\"x://a\"]}");
	second = stage->lasting;
	assert_int_equal(got(one, "resources/subscribe"), 2);
	does(one, "notify notifications/resources/updated {\"uri\":\"x://a/part\"}");
	assert_int_equal(stage->tells, 3);
	assert_true(told("x://a/part"));
	does(one, "notify notifications/resources/updated {\"uri\":\"x://b\"}");
	assert_int_equal(stage->tells, 4);
	does(one, "notify notifications/resources/updated {\"uri\":\"x://other\"}");
	assert_int_equal(stage->tells, 4);
	assert_true(server_line(one, S("tool sub"), &(struct err){ 0 }));
	does(one, "notify notifications/tools/list_changed");
	world_tick(&stage->world, 2000);
	assert_int_equal(stage->tells, 5);
	assert_true(told("notifications/tools/list_changed"));
	/* The last one ends it at the upstream. */
	leave(first);
	assert_int_equal(stage->answers, 1);
	assert_int_equal(got(one, "resources/unsubscribe"), 1);
	leave(second);
	assert_int_equal(got(one, "resources/unsubscribe"), 2);
	assert_int_equal(stage->answers, 2);
}

/* A connection that was lost is subscribed again. */
static void
test_listen_again(void **unused)
{
	struct server *one = upstream("one", "stdio", changing);

	begin(SHARED("one"));
	request_send("subscriptions/listen", FILTER_ALL);
	does(one, "exit 1");
	world_tick(&stage->world, 1000);
	assert_int_equal(one->starts, 2);
	assert_int_equal(got(one, "resources/subscribe"), 4);
	stage->tells = 0;
	does(one, "notify notifications/resources/updated {\"uri\":\"x://a\"}");
	assert_int_equal(stage->tells, 1);
	/* What is left ends with the gateway (tear_down). */
	assert_non_null(stage->lasting);
}

static void
test_listen_refused(void **unused)
{
	static const char *const refuses[] = { "tool add",
		"can {\"tools\":{},\"resources\":{\"subscribe\":true}}",
		"on resources/list -> result {\"resources\":[{\"uri\":\"x://a\",\"name\":\"a\"}]}",
		"on resources/templates/list -> result {\"resourceTemplates\":[]}",
		"on resources/subscribe -> error {\"code\":-32602,\"message\":\"no\"}", NULL };

	upstream("one", "stdio", refuses);
	begin(SHARED("one"));
	request_send("subscriptions/listen", FILTER_ALL);
	assert_true(stage_says(
	    buf_view(&stage->told), "/params/notifications", "{\"toolsListChanged\":true}"));
	request_send("subscriptions/listen", "\"notifications\":{\"resourceSubscriptions\":7}");
	assert_true(says("/error/code", "-32602"));
	request_send("subscriptions/listen", "\"notifications\":{\"resourceSubscriptions\":[7]}");
	assert_true(says("/error/code", "-32602"));
	request_send("subscriptions/listen", "");
	assert_true(says("/error/code", "-32602"));
	assert_int_equal(stage->tells, 0);
}

static void
on_idle(void *owner)
{
	*(bool *)owner = true;
}

/* It ends with a result when bascule stops, and does not hold that up. */
static void
test_listen_drain(void **unused)
{
	bool is_idle = false;

	upstream("one", "stdio", changing);
	begin(SHARED("one"));
	request_send("subscriptions/listen", FILTER_ALL);
	hub_drain(stage->hub, on_idle, &is_idle);
	world_settle(&stage->world);
	assert_true(is_idle);
	assert_int_equal(stage->answers, 1);
	assert_true(says("/result", "{}"));
	assert_null(stage->lasting);
}

/* A server that goes for good ends what listens to it; another's change does not. */
static void
test_listen_reload(void **unused)
{
	static const char *const no_environ[] = { NULL };
	struct config *config = NULL;
	struct server *one = upstream("one", "stdio", changing);
	struct err err = { 0 };
	struct buf yaml;

	upstream("two", "stdio", changing);
	begin(SHARED("one"));
	request_send("subscriptions/listen", "\"notifications\":{\"toolsListChanged\":true}");
	request_send("subscriptions/listen", FILTER_ALL);
	buf_init(&yaml, NULL, MIB);
	world_substitute(&stage->world, S(SHARED("two")), NULL, NULL, &yaml);
	assert_true(config_parse(buf_view(&yaml), "test", "/", no_environ, NULL, &config, &err));
	buf_fini(&yaml);
	assert_true(hub_reload(stage->hub, &config, &err));
	world_settle(&stage->world);
	world_tick(&stage->world, 5000);
	assert_null(server_peer(one));
	assert_int_equal(stage->answers, 1);
	assert_true(told("notifications/tools/list_changed"));
}

/* A session of its own is subscribed for its client alone. */
static void
test_listen_own(void **unused)
{
	struct server *one = upstream("one", "stdio", changing);

	begin(PER_CLIENT("one"));
	request_send("tools/list", "");
	request_send("subscriptions/listen", FILTER_ALL);
	assert_true(stage_says(buf_view(&stage->told), "/params/notifications",
	    "{\"toolsListChanged\":true,\"resourceSubscriptions\":[\"x://a\",\"x://b\"]}"));
	does(one, "notify notifications/resources/updated {\"uri\":\"x://b\"}");
	assert_int_equal(stage->tells, 2);
	/* A client that listens is in use, however long. */
	world_tick(&stage->world, 3600000);
	does(one, "notify notifications/resources/updated {\"uri\":\"x://b\"}");
	assert_int_equal(stage->tells, 3);
	leave(stage->lasting);
	assert_int_equal(got(one, "resources/unsubscribe"), 2);
}

/* ---- errors, pages, logs, headers, states ---------------------------------------------------- */

static void
test_errors(void **unused)
{
	struct server *one = upstream("one", "stdio", plain);
	struct err err = { 0 };

	begin(SHARED("one"));
	assert_true(server_line(
	    one, S("on resources/read -> error {\"code\":-32002,\"message\":\"gone\"}"), &err));
	request_send("resources/read", "\"uri\":\"x:\\/\\/a\"");
	assert_true(says(
	    "/error", "{\"code\":-32602,\"message\":\"gone\",\"data\":{\"uri\":\"x:\\/\\/a\"}}"));
	assert_true(server_line(one,
	    S("on resources/read -> error "
	      "{\"message\":\"gone\",\"data\":{\"more\":1},\"code\":-32002}"),
	    &err));
	request_send("resources/read", "\"uri\":\"x://a\"");
	assert_true(says("/error",
	    "{\"message\":\"gone\",\"data\":{\"uri\":\"x://a\",\"more\":1},\"code\":-32602}"));
	/* Anything else is the server's. */
	assert_true(server_line(one,
	    S("on tools/call add -> error {\"code\":-32000,\"message\":\"no\",\"data\":1.0}"),
	    &err));
	request_send("tools/call", "\"name\":\"add\"");
	assert_true(says("/error", "{\"code\":-32000,\"message\":\"no\",\"data\":1.0}"));
}

#define PAGE \
	"error {\"code\":-32042,\"message\":\"visit\",\"data\":{\"elicitations\":[{\"mode\":" \
	"\"url\",\"elicitationId\":\"e1\",\"url\":\"https://x.example/\",\"message\":\"pay\"}]}}"

static const char *const sends_away[] = { "tool book", "on tools/call book -> " PAGE, NULL };

/* The user is asked once; the call is made again when the page is done with. */
static void
test_page(void **unused)
{
	struct server *one = upstream("one", "stdio", sends_away);
	struct err err = { 0 };

	begin(SHARED("one"));
	stage->capabilities = CAN_URL;
	request_send("tools/call", "\"name\":\"book\"");
	assert_int_equal(stage->asks, 1);
	assert_true(stage_says(buf_view(&stage->asked), "",
	    "{\"mode\":\"url\",\"message\":\"pay\",\"url\":\"https://x.example/\"}"));
	assert_int_equal(got(one, "tools/call"), 1);
	/* Not yet: asked again, later each time, and not the user. */
	world_tick(&stage->world, 2000);
	assert_int_equal(got(one, "tools/call"), 2);
	world_tick(&stage->world, 3000);
	assert_int_equal(got(one, "tools/call"), 2);
	world_tick(&stage->world, 30000);
	assert_int_equal(stage->asks, 1);
	assert_int_equal(stage->answers, 0);
	assert_true(server_line(one, S("on tools/call book -> result {\"paid\":true}"), &err));
	does(one, "notify notifications/elicitation/complete {\"elicitationId\":\"e1\"}");
	assert_int_equal(stage->answers, 1);
	assert_true(says("/result/paid", "true"));
}

static void
test_page_refused(void **unused)
{
	static const char *const silent[] = { "tool book",
		"on tools/call book -> error {\"code\":-32042,\"message\":\"visit\"}", NULL };
	struct server *one = upstream("one", "stdio", sends_away);

	upstream("two", "stdio", silent);
	begin("upstreams:\n  - {name: one, session: shared, $one}\n"
	      "  - {name: two, session: shared, $two}\n");
	request_send("tools/call", "\"name\":\"one__book\"");
	assert_true(says("/error/code", "-32021"));
	assert_true(says("/error/data/requiredCapabilities", "{\"elicitation\":{\"url\":{}}}"));
	stage->capabilities = CAN_URL;
	stage->accept = "{\"action\":\"decline\"}";
	request_send("tools/call", "\"name\":\"one__book\"");
	assert_true(says("/error/data/kind", "\"request\""));
	assert_int_equal(got(one, "tools/call"), 2);
	request_send("tools/call", "\"name\":\"two__book\"");
	assert_true(says("/error/data/kind", "\"unavailable\""));
	/* Nobody ever comes back from the page: limits.ask. */
	stage->accept = "{\"action\":\"accept\"}";
	request_send("tools/call", "\"name\":\"one__book\"");
	world_tick(&stage->world, 11 * 60000);
	assert_true(says("/error/data/kind", "\"deadline\""));
}

static void
test_logs(void **unused)
{
	static const char *const lines[] = { "tool add", "can {\"tools\":{},\"logging\":{}}",
		"on logging/setLevel -> result {}",
		"on tools/call add -> notify notifications/message {\"level\":\"info\",\"data\":1} then "
		"notify notifications/message {\"level\":\"error\",\"data\":2} then result {}",
		NULL };
	struct server *one = upstream("one", "stdio", lines);

	begin(SHARED("one"));
	/* Who says no level wants no logs. */
	request_send("tools/call", "\"name\":\"add\"");
	assert_int_equal(stage->tells, 0);
	assert_int_equal(got(one, "logging/setLevel"), 0);
	stage->log_level = 4;
	request_send("tools/call", "\"name\":\"add\"");
	assert_int_equal(stage->tells, 1);
	assert_true(told("\"error\""));
	assert_true(
	    stage_says(server_last(one, S("logging/setLevel")), "/params/level", "\"error\""));
	/* The most talkative level stays; each request sees its own part. */
	stage->log_level = 0;
	request_send("tools/call", "\"name\":\"add\"");
	assert_int_equal(stage->tells, 2);
	assert_true(
	    stage_says(server_last(one, S("logging/setLevel")), "/params/level", "\"debug\""));
	stage->log_level = 4;
	request_send("tools/call", "\"name\":\"add\"");
	assert_int_equal(stage->tells, 1);
	assert_int_equal(got(one, "logging/setLevel"), 2);
}

static void
test_headers(void **unused)
{
	static const char *const lines[] = { "tool add",
		"tool book {\"inputSchema\":{\"type\":\"object\",\"properties\":{\"day\":{\"type\":"
		"\"string\",\"x-mcp-header\":\"Day\"}}}}",
		"on tools/call -> result {}", NULL };
	struct server *one = upstream("one", "stdio", lines);

	begin(SHARED("one"));
	request_send("tools/call", "\"name\":\"add\"");
	assert_int_equal(stage->checks, 0);
	request_send("tools/call", "\"name\":\"book\"");
	assert_int_equal(stage->checks, 1);
	assert_true(says("/result", "{}"));
	stage->refuses_headers = true;
	request_send("tools/call", "\"name\":\"book\"");
	assert_true(says("/error/code", "-32602"));
	assert_int_equal(got(one, "tools/call"), 2);
}

/* A server's own state goes to that server alone. */
static void
test_state(void **unused)
{
	struct server *one = upstream("one", "stdio", plain);

	upstream("two", "stdio", plain);
	begin("upstreams:\n  - {name: one, session: shared, $one}\n"
	      "  - {name: two, session: shared, $two}\n");
	stage->state = S("\"s1\"");
	stage->state_server = S("two");
	request_send("tools/call", "\"name\":\"one__add\"");
	assert_true(says("/error/code", "-32602"));
	assert_int_equal(got(one, "tools/call"), 0);
	request_send("tools/call", "\"name\":\"two__add\"");
	assert_true(says("/result/sum", "3"));
}

static void
test_read_freshness(void **unused)
{
	struct server *one = upstream("one", "stdio", plain);
	struct err err = { 0 };

	begin(SHARED("one"));
	request_send("resources/read", "\"uri\":\"x://a\"");
	assert_int_equal(stage->ttl_ms, 0);
	assert_true(stage->is_private);
	assert_true(server_line(one,
	    S("on resources/read -> result {\"contents\":[],\"ttlMs\":5000,\"cacheScope\":\"public\"}"),
	    &err));
	request_send("resources/read", "\"uri\":\"x://a\"");
	assert_int_equal(stage->ttl_ms, 5000);
	assert_false(stage->is_private);
}

/* A server of 2026-07-28 that lets everything be kept, in answers of this many bytes. */
static struct server *
keeping(unsigned bytes)
{
	static const char *const lines[] = { "revision 2026-07-28", "can {\"resources\":{}}",
		"on resources/list -> result {\"resources\":[],\"ttlMs\":900000,"
		"\"cacheScope\":\"public\"}",
		"on resources/templates/list -> result {\"resourceTemplates\":[],\"ttlMs\":900000,"
		"\"cacheScope\":\"public\"}",
		NULL };
	struct server *one = upstream("one", "stdio", lines);
	struct err err = { 0 };
	struct buf line;

	buf_init(&line, NULL, 4 * MIB);
	buf_puts(
	    &line, "on resources/read -> result {\"contents\":[{\"uri\":\"x://a\",\"text\":\"");
	for (unsigned i = 0; i < bytes; i++)
		buf_putc(&line, 'A');
	buf_puts(&line, "\"}],\"ttlMs\":900000,\"cacheScope\":\"public\"}");
	/* The server keeps what it was told as it stands. */
	assert_true(arena_reserve(&stage->world.arena, line.n, &err));
	assert_true(server_line(one, slice_dup(&stage->world.arena, buf_view(&line)), &err));
	buf_fini(&line);
	begin(SHARED("one"));
	return one;
}

static void
read_one(unsigned n)
{
	char params[40];

	snprintf(params, sizeof(params), "\"uri\":\"x://%u\"", n);
	request_send("resources/read", params);
	assert_true(stage->ttl_ms > 0);
}

/* As many as there is room for; who was asked for longest ago gives way. */
static void
test_kept_number(void **unused)
{
	struct server *one = keeping(1);

	for (unsigned i = 0; i < 1000; i++)
		read_one(i);
	read_one(0);
	assert_int_equal(got(one, "resources/read"), 1000);
	read_one(1000);
	assert_int_equal(got(one, "resources/read"), 1001);
	read_one(0);
	read_one(2);
	assert_int_equal(got(one, "resources/read"), 1001);
	read_one(1);
	assert_int_equal(got(one, "resources/read"), 1002);
}

static void
test_kept_bytes(void **unused)
{
	size_t before;
	struct server *one = keeping(900 * 1024);

	before = loop_memory(stage->world.loop)->used_bytes;
	for (unsigned i = 0; i < 40; i++)
		read_one(i);
	assert_int_equal(got(one, "resources/read"), 40);
	assert_in_range(loop_memory(stage->world.loop)->used_bytes - before, 15 * MIB, 17 * MIB);
	read_one(39);
	assert_int_equal(got(one, "resources/read"), 40);
	read_one(0);
	assert_int_equal(got(one, "resources/read"), 41);
}

/* One that is too large is read each time. */
static void
test_kept_large(void **unused)
{
	struct server *one = keeping(1024 * 1024);

	read_one(0);
	read_one(0);
	assert_int_equal(got(one, "resources/read"), 2);
}

/* ---- the old way ----------------------------------------------------------------------------- */

/* A server with a session reads nothing of a revision that it was not greeted in. */
static void
test_plain_requests(void **unused)
{
	struct server *one = upstream("one", "stdio", plain);
	struct buf id;

	upstream("two", "stdio", plain);
	begin("upstreams:\n  - {name: one, session: shared, $one}\n"
	      "  - {name: two, session: shared, $two}\n");
	request_send("tools/call", "\"name\":\"one__add\",\"arguments\":{\"a\":1.0}");
	assert_true(says("/result/sum", "3"));
	assert_true(stage_says(server_last(one, S("tools/call")), "/params/name", "\"add\""));
	assert_true(
	    stage_says(server_last(one, S("tools/call")), "/params/arguments", "{\"a\":1.0}"));
	assert_true(stage_says(server_last(one, S("tools/call")), "/params/_meta/mine", "1"));
	assert_true(stage_says(server_last(one, S("tools/call")),
	    "/params/_meta/io.modelcontextprotocol~1protocolVersion", ""));
	assert_true(stage_says(server_last(one, S("tools/call")),
	    "/params/_meta/io.modelcontextprotocol~1clientCapabilities", ""));
	/* The progress token is the one that belongs to our id. */
	buf_init(&id, NULL, KIB);
	assert_true(value_at(server_last(one, S("tools/call")), S("/id"), &id));
	buf_putc(&id, '\0');
	assert_true(
	    stage_says(server_last(one, S("tools/call")), "/params/_meta/progressToken", id.p));
	buf_fini(&id);
}

#define TASK(id, status) \
	"{\"taskId\":\"" id "\",\"status\":\"" status "\",\"createdAt\":\"2026-01-01T00:00:00Z\"," \
	"\"lastUpdatedAt\":\"2026-01-01T00:00:00Z\",\"ttl\":null}"

static const char *const by_task[] = { "tool book {\"execution\":{\"taskSupport\":\"required\"}}",
	"can {\"tools\":{},\"tasks\":{\"requests\":{\"tools\":{\"call\":{}}},\"cancel\":{}}}",
	"on tools/call book -> result {\"task\":" TASK("t1", "working") "}",
	"on tasks/result -> ask elicitation/create {\"message\":\"sure?\"} then after 90s then "
	"result {\"content\":[],\"said\":$answer}",
	"on tasks/cancel -> result {}", NULL };

/* A tool that is to be had as a task only is a slow call for who knows no tasks. */
static void
test_only_as_task(void **unused)
{
	struct server *one = upstream("one", "stdio", by_task);

	begin(SHARED("one"));
	stage->capabilities = CAN_ASK;
	request_send("tools/call", "\"name\":\"book\",\"arguments\":{}");
	assert_true(stage_says(server_last(one, S("tools/call")), "/params/task", "{}"));
	assert_true(stage_says(server_last(one, S("tasks/result")), "/params/taskId", "\"t1\""));
	assert_int_equal(stage->asks, 1);
	assert_int_equal(stage->answers, 0);
	world_tick(&stage->world, 90000);
	assert_int_equal(stage->answers, 1);
	assert_true(says("/result/said/action", "\"accept\""));
	/* Who gives it up gives the task up. */
	request_send("tools/call", "\"name\":\"book\"");
	leave(stage->lasting);
	assert_int_equal(got(one, "tasks/cancel"), 1);
	assert_true(stage_says(server_last(one, S("tasks/cancel")), "/params/taskId", "\"t1\""));
	assert_int_equal(got(one, "tools/call"), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_methods),
		TEST(test_discover),
		TEST(test_discover_own),
		TEST(test_sessions_of_their_own),
		TEST(test_spellings),
		TEST(test_many_spellings),
		TEST(test_shared_asks),
		TEST(test_too_many),
		TEST(test_no_tasks_left),
		TEST(test_freshness),
		TEST(test_list_is_kept),
		TEST(test_listen),
		TEST(test_listen_again),
		TEST(test_listen_refused),
		TEST(test_listen_drain),
		TEST(test_listen_reload),
		TEST(test_listen_own),
		TEST(test_errors),
		TEST(test_page),
		TEST(test_page_refused),
		TEST(test_logs),
		TEST(test_headers),
		TEST(test_state),
		TEST(test_read_freshness),
		TEST(test_kept_number),
		TEST(test_kept_bytes),
		TEST(test_kept_large),
		TEST(test_plain_requests),
		TEST(test_only_as_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
