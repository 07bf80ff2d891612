/*
 * Clients without sessions over HTTP (2026-07-28, Streamable HTTP): POST only, a request and its
 * answer on one connection, as JSON or, when there is something to say before it, as a stream.  A
 * client that closes its connection has cancelled.
 *
 * What the header fields repeat of the body must be the same; nothing is decided by them alone.
 */
#include "mcp/front_forward.h"
#include "mcp/front_modern.h"

#include <stdio.h>
#include <string.h>

#define SENT_MAX 80 /* bytes of a wrong header that are said again */

/* ---- header fields --------------------------------------------------------------------------- */

/* A field that has to be there, once. */
static bool
field(const struct http_request *http, const char *name, struct slice *value, struct err *err)
{
	unsigned n;

	*value = http_request_header_counted(http, slice_of(name), &n);
	if (n == 0)
		return err_set(err, ERR_HEADER, "header %s is missing", name);
	if (n > 1)
		return err_set(err, ERR_HEADER, "header %s came twice", name);
	return true;
}

static bool
mismatch(struct err *err, const char *name, struct slice sent)
{
	return err_set(err, ERR_HEADER, "header %s (\"%.*s\") is not what the message says", name,
	    (int)(sent.n > SENT_MAX ? SENT_MAX : sent.n), sent.p);
}

/* Is a header's value the text of a raw JSON string? */
static bool
says(struct slice sent, struct slice token, struct err *err)
{
	struct slice said, text;
	struct arena arena;
	bool ok;

	arena_init(&arena, NULL, MIB);
	ok = json_type(token) == JSON_STRING && mirror_read(&arena, sent, &said, err) &&
	    json_string(&arena, token, &text, err) && slice_eq(said, text);
	arena_fini(&arena);
	return ok;
}

/* Which member of params Mcp-Name repeats; NULL: the method has none. */
static const char *
name_member(enum mcp_method method)
{
	static const struct {
		enum mcp_method method;
		const char *member;
	} rows[] = {
		{ MCP_TOOLS_CALL, "name" },
		{ MCP_PROMPTS_GET, "name" },
		{ MCP_RESOURCES_READ, "uri" },
		{ MCP_TASKS_GET, "taskId" },
		{ MCP_TASKS_UPDATE, "taskId" },
		{ MCP_TASKS_CANCEL, "taskId" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].method == method)
			return rows[i].member;
	}
	return NULL;
}

static bool
name_check(const struct http_request *http, const struct message *message, struct err *err)
{
	const char *member = name_member(message->method);
	struct slice token, sent;

	if (member == NULL)
		return true;
	token = json_scan_get(message->scan, S("params"), slice_of(member));
	/* What is missing in the message is said by whoever needs it. */
	if (token.p == NULL && http_request_header(http, S("mcp-name")).p == NULL)
		return true;
	return field(http, "Mcp-Name", &sent, err) &&
	    (says(sent, token, err) || mismatch(err, "Mcp-Name", sent));
}

static bool
round_check(const struct round *round, const struct message *message, struct err *err)
{
	const struct http_request *http = round->http;
	struct slice version = message->modern.version, sent;

	version = (struct slice){ version.p + 1, version.n - 2 };
	if (!field(http, "MCP-Protocol-Version", &sent, err))
		return false;
	if (!slice_eq(sent, version))
		return mismatch(err, "MCP-Protocol-Version", sent);
	if (!field(http, "Mcp-Method", &sent, err))
		return false;
	if (!slice_eq(sent, message->method_name))
		return mismatch(err, "Mcp-Method", sent);
	return name_check(http, message, err);
}

/* ---- Mcp-Param-* ----------------------------------------------------------------------------- */

struct param_check {
	const struct http_request *http;
	struct err *err;
	bool ok;
};

/* Integers are compared as numbers: 42.0 is 42. */
static bool
is_number(struct slice sent, struct slice value)
{
	struct slice parts[2] = { sent, value };

	for (size_t i = 0; i < 2; i++) {
		const char *dot = memchr(parts[i].p, '.', parts[i].n);
		size_t n = parts[i].n;

		if (dot == NULL)
			continue;
		while (n > 0 && parts[i].p[n - 1] == '0')
			n--;
		if (parts[i].p + n == dot + 1)
			parts[i].n = (size_t)(dot - parts[i].p);
	}
	return slice_eq(parts[0], parts[1]);
}

static void
param_each(void *owner, struct slice header, struct slice value)
{
	struct param_check *check = owner;
	char name[300];
	struct slice sent;
	bool is_same;

	if (!check->ok)
		return;
	snprintf(name, sizeof(name), "Mcp-Param-%.*s", SLICE_FMT(header));
	sent = http_request_header(check->http, slice_of(name));
	if (value.p == NULL && sent.p == NULL)
		return;
	if (value.p == NULL)
		check->ok = err_set(check->err, ERR_HEADER,
		    "header %s came, and the argument that it repeats did not", name);
	else if (!field(check->http, name, &sent, check->err))
		check->ok = false;
	else {
		is_same = json_type(value) == JSON_STRING ? says(sent, value, check->err)
		    : json_type(value) == JSON_NUMBER	  ? is_number(sent, value)
							  : slice_eq(sent, value);
		if (!is_same)
			check->ok = mismatch(check->err, name, sent);
	}
}

static bool
check_headers(struct exchange *exchange, struct slice definition, struct err *err)
{
	const struct modern_call *call = exchange->front_data;
	struct param_check check = { .http = call->round.http, .err = err, .ok = true };

	/* A definition that breaks the rules names no headers; clients leave such a tool out. */
	if (check.http != NULL && mirror_fault(definition) == NULL)
		mirror_walk(definition, exchange->request.arguments, param_each, &check);
	return check.ok;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void
stream_open(struct round *round)
{
	round->is_stream = true;
	http_stream_begin(round->http, 200, slice_of(event_stream_fields), S("text/event-stream"));
}

static void
stream_quiet(struct timer *timer)
{
	struct round *round = CONTAINER(timer, struct round, quiet);
	struct loop *loop = round->fronts->loop;

	timer_start(loop, timer, loop_now_ms(loop) + STREAM_QUIET_MS, stream_quiet);
	if (round->is_stream)
		http_stream_put(round->http, &S(":\n\n"), 1);
	else if (round->may_stream)
		stream_open(round);
}

static void
round_attach(struct round *round)
{
	struct loop *loop = round->fronts->loop;

	round->http->user = &round->kind;
	timer_start(loop, &round->quiet, loop_now_ms(loop) + STREAM_QUIET_MS, stream_quiet);
}

static void
round_say(struct round *round, const struct slice *parts, size_t n)
{
	if (round->http == NULL || !round->may_stream)
		return;
	if (!round->is_stream)
		stream_open(round);
	event_put(round->http, parts, n);
}

static void
round_answer(
    struct round *round, int status, struct bytes *keep, const struct slice *parts, size_t n)
{
	struct http_request *http = round->http;

	timer_stop(round->fronts->loop, &round->quiet);
	round->http = NULL;
	if (http == NULL)
		return;
	http->user = NULL;
	http->keep = keep;
	if (!round->is_stream && (round->may_json || status != 200)) {
		http_respond(http, status,
		    status == 401 ? S("WWW-Authenticate: Bearer\r\n") : SLICE_NONE,
		    S("application/json"), parts, n);
		return;
	}
	if (!round->is_stream)
		http_stream_begin(http, 200, slice_of(event_stream_fields), S("text/event-stream"));
	if (n > 0)
		event_put(http, parts, n);
	http_stream_end(http);
}

static bool
round_is_behind(const struct round *round)
{
	return round->is_stream && http_stream_pending(round->http) > BEHIND_BYTES;
}

static bool
round_can_return(const struct round *round)
{
	return !round->fronts->is_draining;
}

static const struct front_ops http_modern_ops = {
	.name = "http",
	.ask_wait = park_ask_wait,
	.tell = modern_tell,
	.finish = modern_finish,
	.check_headers = check_headers,
};

static const struct round_ops http_round_ops = {
	.front = &http_modern_ops,
	.check = round_check,
	.attach = round_attach,
	.say = round_say,
	.answer = round_answer,
	.is_behind = round_is_behind,
	.can_return = round_can_return,
};

void
http_modern_gone(enum user_kind *kind)
{
	struct round *round = CONTAINER(kind, struct round, kind);

	timer_stop(round->fronts->loop, &round->quiet);
	round->http = NULL;
	modern_gone(round->call);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* By its body; one that cannot be read, or says nothing of itself, by its header. */
static bool
is_modern(const struct head *head, const struct message *message)
{
	if (head->place->ops == &sse_session_ops)
		return false;
	if (message != NULL && modern_is(message))
		return true;
	return head->is_modern && head->session.p == NULL &&
	    (message == NULL || message->method != MCP_INITIALIZE);
}

bool
http_modern_take(struct front_http *front, struct http_request *http, struct intake *intake,
    const struct head *head, const struct message *message, const struct err *fault)
{
	struct round round = { .kind = USER_ROUND,
		.ops = &http_round_ops,
		.fronts = front->fronts,
		.http = http,
		.may_stream = head->takes_stream,
		.may_json = head->takes_json };
	struct caller caller = head->caller;

	if (!is_modern(head, message))
		return false;
	if (message != NULL && fault->kind == ERR_NONE && message->kind != MESSAGE_REQUEST) {
		/* There is none that means something here: leaving is how a client cancels. */
		http_respond(http, 202, SLICE_NONE, SLICE_NONE, NULL, 0);
		return true;
	}
	if (!head_turn_away(front, http, head, message) &&
	    (fault->kind != ERR_NONE || !front_forward_state(front, http, head, message)))
		modern_take(&round, &caller, intake, message, fault);
	return true;
}
