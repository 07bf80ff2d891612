/*
 * A request that belongs to another replica: it is handed there as it came, with a mark that says
 * who sent it, and the answer is handed back as it comes, events one by one.
 *
 * Its body was read whole (limits.message); of the answer at most HOLD_BYTES are held when its
 * reader is slower than the replica.  A client that leaves takes the request with it.  What came
 * from a replica is never handed on.  Nothing is sent twice, unless no byte of it was: whether a
 * call whose replica broke off was done is not known, and the answer says so.
 */
#include <string.h>

#include "mcp/front_forward.h"
#include "mcp/front_modern.h"

#define WHOLE_BYTES (256 * KIB) /* an answer up to this is sent with its length */
#define HOLD_BYTES  (256 * KIB)
#define FIELD_BYTES (128 * KIB)
#define TYPE_BYTES  128
#define SILENT_MS   (4 * STREAM_QUIET_MS) /* a replica says something every STREAM_QUIET_MS */
#define DELETE_MS   30000

/* clang-format off */
#define OUTCOMES(X)							\
	X(DONE,		"done")		/* answered there */		\
	X(GONE,		"gone")		/* nobody is there */		\
	X(UNKNOWN,	"unknown")	/* sent, and not answered */	\
	X(BROKEN,	"broken")	/* the answer broke off */	\
	X(LEFT,		"left")		/* the client did not wait */	\
	X(REFUSED,	"refused")	/* here: too many at once */

enum outcome {
#define X(id, name) OUTCOME_##id,
	OUTCOMES(X)
#undef X
	OUTCOMES_N
};
/* clang-format on */

struct forward {
	enum user_kind kind;
	struct forward *next, *prev; /* in replicas->forwards */
	struct front_http *front;
	struct replicas *replicas;
	struct replica *to;
	struct http_request *http; /* NULL: the client has gone, or was answered */
	struct fetch *fetch;
	struct buf body, fields, answer;
	struct slice id; /* of a request without a session, raw; in the request's arena */
	int status;
	struct slice type, answer_fields; /* of the answer; in the request's arena */
	bool is_begun;			  /* its task has not ended */
	bool is_misled;			  /* who answered is not the replica of that name */
	bool is_stream, lasts, is_call, is_modern, takes_stream, was_repeated;
	struct deferred resume;
};

/* ---- the end --------------------------------------------------------------------------------- */

static void
tally(struct replicas *replicas, enum outcome outcome)
{
	static const char *const names[] = {
#define X(id, name) name,
		OUTCOMES(X)
#undef X
	};

	series_add(metrics_series(loop_metrics(replicas->loop), METRIC_FORWARDS,
		       slice_of(names[outcome]), SLICE_NONE),
	    1);
}

static void
forward_free(struct forward *forward)
{
	struct replicas *replicas = forward->replicas;

	deferred_stop(replicas->loop, &forward->resume);
	if (forward->prev != NULL)
		forward->prev->next = forward->next;
	else
		replicas->forwards = forward->next;
	if (forward->next != NULL)
		forward->next->prev = forward->prev;
	replicas->calls -= !forward->lasts;
	buf_fini(&forward->body);
	buf_fini(&forward->fields);
	buf_fini(&forward->answer);
	mem_free(forward);
}

/* The request as its front sees it from now on: answered. */
static struct http_request *
http_take(struct forward *forward)
{
	struct http_request *http = forward->http;

	forward->http = NULL;
	http->user = NULL;
	return http;
}

static void
failure_log(struct forward *forward, const struct err *why)
{
	struct replica *to = forward->to;

	to->failures++;
	if (log_is_due(to->failures))
		log_event(loop_log(forward->replicas->loop), LOG_WARN, "replica_lost",
		    "replica \"%s\": %s (%llu requests so far)", to->name, why->text,
		    (unsigned long long)to->failures);
}

/* What the client is told: whether it has lost a session, or does not know of a call. */
static int
fail_status(const struct forward *forward, enum outcome outcome, struct err *err)
{
	const char *name = forward->to->name;

	if (outcome == OUTCOME_UNKNOWN)
		return (err_set(err, ERR_OUTCOME_UNKNOWN,
			    "replica \"%s\" broke off before it answered: whether this was done is "
			    "not known",
			    name),
		    502);
	if (outcome == OUTCOME_REFUSED)
		return (err_set(err, ERR_LIMIT, "too much at once: try again later"), 503);
	if (forward->is_modern)
		return (
		    err_set(err, ERR_PARAMS,
			"the call of params.requestState waits in replica \"%s\", which cannot be "
			"reached: make the call again without it",
			name),
		    err_info(ERR_PARAMS)->http_status);
	return (err_set(err, ERR_REQUEST,
		    "the session was in replica \"%s\", which cannot be reached: initialize again",
		    name),
	    404);
}

static void
forward_fail(struct forward *forward, enum outcome outcome, const struct err *why)
{
	struct front_http *front = forward->front;
	struct slice id = forward->id;
	struct http_request *http = http_take(forward);
	struct err err = { 0 };
	int status = fail_status(forward, outcome, &err);

	failure_log(forward, why);
	tally(forward->replicas, outcome);
	forward_free(forward);
	front_http_error(front, http, status, SLICE_NONE, id, &err);
}

/* The connection just ends: a client asks again for what follows the last event it has seen. */
static void
forward_break(struct forward *forward, const struct err *why)
{
	struct http_request *http = http_take(forward);

	failure_log(forward, why);
	tally(forward->replicas, OUTCOME_BROKEN);
	forward_free(forward);
	http_stream_end(http);
}

void
front_forward_gone(enum user_kind *kind)
{
	struct forward *forward = CONTAINER(kind, struct forward, kind);

	forward->http = NULL;
	fetch_abort(&forward->fetch);
	tally(forward->replicas, OUTCOME_LEFT);
	if (!forward->is_begun)
		forward_free(forward);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	static const struct slice names[] = { S(SESSION_HEADER), S("WWW-Authenticate"),
		S("Retry-After"), S("Allow"), S("Cache-Control"), S("X-Accel-Buffering") };
	struct forward *forward = owner;
	struct slice type = fetch_header(fetch, S("Content-Type"));
	struct buf fields;

	forward->status = status <= 599 ? status : 502;
	/* Refused by its mark, before its body was read: the address may be another's by now. */
	forward->is_misled = status == 403 && !forward->was_repeated;
	if (forward->is_misled)
		return;
	if (type.n > 0 && type.n <= TYPE_BYTES)
		forward->type = slice_dup(forward->http->arena, type);
	buf_init(&fields, NULL, FIELD_BYTES);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct slice value = fetch_header(fetch, names[i]);

		if (value.p != NULL && value.n <= KIB)
			buf_printf(&fields, "%s: %.*s\r\n", names[i].p, SLICE_FMT(value));
	}
	forward->answer_fields = slice_dup(forward->http->arena, buf_view(&fields));
	buf_fini(&fields);
	if (!slice_eq(forward->type, S("text/event-stream")))
		return;
	forward->is_stream = true;
	http_stream_begin(forward->http, forward->status, forward->answer_fields, forward->type);
}

static void
resume(struct deferred *deferred)
{
	struct forward *forward = CONTAINER(deferred, struct forward, resume);

	if (forward->fetch != NULL)
		fetch_resume(forward->fetch);
}

void
front_forward_drained(enum user_kind *kind)
{
	struct forward *forward = CONTAINER(kind, struct forward, kind);

	loop_defer(forward->replicas->loop, &forward->resume, resume);
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct forward *forward = owner;
	struct slice part = { bytes, n };

	if (forward->is_misled)
		return;
	if (!forward->is_stream) {
		buf_put(&forward->answer, part);
		if (forward->answer.n <= WHOLE_BYTES)
			return;
		forward->is_stream = true;
		http_stream_begin(
		    forward->http, forward->status, forward->answer_fields, forward->type);
		part = buf_view(&forward->answer);
	}
	http_stream_put(forward->http, &part, 1);
	if (forward->answer.n > 0)
		buf_fini(&forward->answer);
	if (http_stream_pending(forward->http) > HOLD_BYTES)
		fetch_pause(fetch);
}

static void forward_main(void *arg);

/* Nobody has begun with it: a kept connection that had just been closed, an address of before. */
static bool
may_repeat(const struct forward *forward, const struct fetch *fetch, const struct err *err)
{
	if (forward->was_repeated || forward->is_stream)
		return false;
	if (forward->is_misled)
		return true;
	return err != NULL &&
	    (!fetch_was_sent(fetch) || (fetch_was_stale(fetch) && !forward->is_call));
}

/* Once more, on a new connection to the address that the name has now. */
static void
forward_repeat(struct forward *forward)
{
	struct replicas *replicas = forward->replicas;
	struct err err;

	forward->was_repeated = true;
	forward->is_misled = false;
	forward->is_begun = true;
	http_pool_forget(forward->to->pool);
	if (group_spawn(replicas->loop, &replicas->group, "forward", forward_main, forward, &err))
		return;
	forward->is_begun = false;
	forward_fail(forward, OUTCOME_REFUSED, &err);
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct forward *forward = owner;
	bool was_sent = fetch_was_sent(fetch);
	struct slice answer;
	struct http_request *http;

	forward->fetch = NULL;
	if (may_repeat(forward, fetch, err)) {
		forward_repeat(forward);
	} else if (err != NULL && forward->is_stream) {
		forward_break(forward, err);
	} else if (err != NULL) {
		forward_fail(
		    forward, forward->is_call && was_sent ? OUTCOME_UNKNOWN : OUTCOME_GONE, err);
	} else {
		tally(forward->replicas, OUTCOME_DONE);
		http = http_take(forward);
		answer = buf_view(&forward->answer);
		if (forward->is_stream)
			http_stream_end(http);
		else
			http_respond(http, forward->status, forward->answer_fields, forward->type,
			    &answer, answer.n > 0 ? 1 : 0);
		forward_free(forward);
	}
}

static const struct fetch_handler handler = { on_head, on_data, on_done };

/* ---- the request ----------------------------------------------------------------------------- */

/* Of this connection alone, or ours to say. */
static bool
is_ours(struct slice name, struct slice connection)
{
	static const struct slice names[] = { S("Host"), S("Content-Length"), S("Connection"),
		S("Keep-Alive"), S("Transfer-Encoding"), S("TE"), S("Trailer"), S("Upgrade"),
		S("Expect"), S("Proxy-Connection"), S("Proxy-Authorization"), S("Accept-Encoding"),
		S(REPLICA_HEADER) };
	struct slice rest = connection;

	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eq_nocase(name, names[i]))
			return true;
	while (rest.p != NULL)
		if (slice_eq_nocase(slice_trim(slice_cut(rest, ',', &rest)), name))
			return true;
	return false;
}

struct replica_request
front_forward_request(const struct http_request *http, const struct head *head)
{
	return (struct replica_request){
		.method = http->method,
		.path = http->path,
		.query = http->query,
		.session = head->session,
	};
}

static void
fields_put(struct forward *forward, const struct http_request *http, const struct head *head)
{
	const struct replica_request request = front_forward_request(http, head);
	struct slice connection = http_request_header(http, S("Connection"));
	struct buf *out = &forward->fields;

	for (unsigned i = 0; i < http->headers_n; i++) {
		if (is_ours(http->headers[i].name, connection))
			continue;
		buf_put(out, http->headers[i].name);
		buf_puts(out, ": ");
		buf_put(out, http->headers[i].value);
		buf_puts(out, "\r\n");
	}
	buf_puts(out, REPLICA_HEADER ": ");
	replica_mark_put(forward->replicas, forward->to, &request, &head->caller, out);
	buf_puts(out, "\r\n");
}

static void
forward_send(struct forward *forward)
{
	const struct http_request *http = forward->http;
	struct slice body = buf_view(&forward->body);
	struct fetch_request request = {
		.method = http->method,
		.path = http->path,
		.headers = buf_view(&forward->fields),
		.body = &body,
		.body_parts = body.n > 0 ? 1 : 0,
		.idle_ms = forward->takes_stream ? SILENT_MS
		    : forward->is_call		 ? 0
						 : DELETE_MS,
	};

	if (http->query.p != NULL)
		request.path = arena_printf(
		    http->arena, "%.*s?%.*s", SLICE_FMT(http->path), SLICE_FMT(http->query));
	forward->fetch = fetch_start(forward->to->pool, &request, &handler, forward);
}

/* In a task of its own: a name is to be resolved, a certificate to be loaded. */
static void
forward_main(void *arg)
{
	struct forward *forward = arg;
	struct err err = { 0 };
	bool ok = http_pool_resolve_wait(forward->to->pool, &err);

	forward->is_begun = false;
	if (forward->http == NULL)
		forward_free(forward);
	else if (ok)
		forward_send(forward);
	else
		forward_fail(forward, OUTCOME_GONE, &err);
}

/* body: taken, or what there is of it copied from text. */
static void
forward_begin(struct front_http *front, struct http_request *http, const struct head *head,
    struct replica *to, struct slice text, struct slice id)
{
	struct forward *forward = MEM_NEW(struct forward);
	struct replicas *replicas = front->fronts->replicas;
	struct err err = { 0 };

	forward->kind = USER_FORWARD;
	forward->front = front;
	forward->replicas = replicas;
	forward->to = to;
	forward->http = http;
	forward->id = id.p != NULL ? slice_dup(http->arena, id) : SLICE_NONE;
	forward->is_modern = text.p != NULL;
	forward->is_call = head->is_post;
	forward->lasts = head->is_get;
	forward->takes_stream = head->is_get || (head->is_post && head->takes_stream);
	buf_init(&forward->body, loop_memory(replicas->loop), SIZE_MAX / 2);
	buf_init(&forward->fields, NULL, FIELD_BYTES);
	buf_init(&forward->answer, loop_memory(replicas->loop), SIZE_MAX / 2);
	if (forward->is_modern)
		buf_put(&forward->body, text);
	else
		buf_take(&forward->body, &http->body);
	fields_put(forward, http, head);
	forward->next = replicas->forwards;
	if (forward->next != NULL)
		forward->next->prev = forward;
	replicas->forwards = forward;
	replicas->calls += !forward->lasts;
	http->user = &forward->kind;
	forward->is_begun = true;
	if (buf_check(&forward->body, &err) && buf_check(&forward->fields, &err) &&
	    group_spawn(replicas->loop, &replicas->group, "forward", forward_main, forward, &err))
		return;
	forward->is_begun = false;
	forward_fail(forward, OUTCOME_REFUSED, &err);
}

void
front_forward_session(struct front_http *front, struct http_request *http, const struct head *head)
{
	forward_begin(front, http, head, head->owner, SLICE_NONE, SLICE_NONE);
}

bool
front_forward_state(struct front_http *front, struct http_request *http, const struct head *head,
    const struct message *message)
{
	struct replicas *replicas = front->fronts->replicas;
	struct replica *to = NULL;
	struct arena arena;
	struct slice name;

	if (replicas == NULL || head->is_forwarded || message == NULL ||
	    message->kind != MESSAGE_REQUEST || message->request_state.p == NULL)
		return false;
	arena_init(&arena, NULL, MIB);
	if (state_owner(front->fronts, &head->caller, message, &arena, &name))
		to = replicas_find(replicas, name);
	arena_fini(&arena);
	if (to != NULL)
		forward_begin(front, http, head, to, message->text, message->id);
	return to != NULL;
}
