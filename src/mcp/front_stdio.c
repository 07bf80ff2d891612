/*
 * The stdio front: one client over two streams, one JSON-RPC message a line.  One session for the
 * life of the process.  Reading is held back while a large message is scanned and while the client
 * does not read what we write; what piles up past the ceiling ends the session with a reason.
 *
 * When stdin ends, requests in progress are still answered; then on_end is called.
 */
#include "mcp/front_modern.h"

#include <errno.h>
#include <string.h>

#define READ_BYTES	  (64 * KIB)
#define OUTPUT_HIGH_BYTES (4 * MIB) /* above this no more requests are read */

struct front_stdio {
	struct fronts *fronts;
	struct session *session;
	struct stream *in, *out;
	struct line_reader lines;
	struct intake intake;
	struct outbox outbox;
	struct buf scratch;
	bool at_end;  /* stdin has ended */
	bool is_held; /* not reading: the client does not read our output */
	/* Came before initialize was answered, and waits for that; in the intake's memory. */
	struct message early;
	struct deferred go_on;
	struct deferred end;
	void (*on_end)(void *owner);
	void *owner;
};

static void
stdio_want(struct front_stdio *front)
{
	front->is_held = outbox_pending(&front->outbox) > OUTPUT_HIGH_BYTES;
	if (front->in != NULL)
		stream_want(front->in,
		    front->at_end || front->is_held || front->intake.is_busy ||
			    front->early.text.p != NULL
			? 0
			: STREAM_READABLE);
}

static void
end_now(struct deferred *deferred)
{
	struct front_stdio *front = CONTAINER(deferred, struct front_stdio, end);

	front->on_end(front->owner);
}

static void
end_if_done(struct front_stdio *front)
{
	struct session *session = front->session;

	if (front->at_end && !front->intake.is_busy && front->early.text.p == NULL &&
	    session->calls.next == &session->calls && !modern_is_busy(front->fronts) &&
	    (outbox_pending(&front->outbox) == 0 || front->outbox.has_failed))
		loop_defer(front->fronts->loop, &front->end, end_now);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
stdio_write(struct front_stdio *front, struct bytes *keep, const struct slice *parts, size_t n)
{
	struct slice line[SPLICE_PARTS + REPLY_PARTS];

	must(n < COUNT(line));
	memcpy(line, parts, n * sizeof(*parts));
	line[n] = S("\n");
	outbox_keep(&front->outbox, keep);
	outbox_queue(&front->outbox, line, n + 1);
	if (!front->is_held && outbox_pending(&front->outbox) > OUTPUT_HIGH_BYTES)
		stdio_want(front);
}

static bool
session_send(struct session *session, const struct slice *parts, size_t n)
{
	struct front_stdio *front = session->transport;

	if (front->at_end)
		return false;
	stdio_write(front, NULL, parts, n);
	return true;
}

static bool
session_send_call(struct front_call *call, const struct slice *parts, size_t n)
{
	struct front_stdio *front = call->session->transport;

	if (front->at_end)
		return false;
	stdio_write(front, NULL, parts, n);
	return true;
}

static bool
session_is_behind(const struct front_call *call)
{
	struct front_stdio *front = call->session->transport;

	return outbox_pending(&front->outbox) > BEHIND_BYTES;
}

static bool
session_is_heard(const struct session *session)
{
	return true;
}

static void
session_close(struct session *session)
{
	struct front_stdio *front = session->transport;

	if (front->in != NULL)
		stream_want(front->in, 0);
}

static const struct session_ops stdio_session_ops = {
	.is_stdio = true,
	.send = session_send,
	.send_call = session_send_call,
	.is_behind = session_is_behind,
	.is_heard = session_is_heard,
	.close = session_close,
};

static void stdio_message(void *owner, struct message *message, const struct err *err);

/* Goes on with what waited for initialize to be answered. */
static void
early_read(struct deferred *deferred)
{
	struct front_stdio *front = CONTAINER(deferred, struct front_stdio, go_on);
	struct message message = front->early;
	struct err none = { 0 };

	front->early = (struct message){ .text = SLICE_NONE };
	stdio_message(front, &message, &none);
}

static void
call_finish(struct exchange *exchange, const struct reply *reply)
{
	struct front_call *call = exchange->front_data;
	struct front_stdio *front = call->session->transport;
	struct slice parts[REPLY_PARTS];
	size_t n;

	front_replied(call, reply);
	/* A cancelled request is not answered (basic/utilities/cancellation). */
	if (!exchange->is_cancelled) {
		buf_clear(&front->scratch);
		n = encode_reply(exchange, reply, &front->scratch, parts);
		if (call->batch != NULL)
			front_batch_put(call->batch, parts, n);
		else
			stdio_write(front, exchange->answer_text, parts, n);
	}
	if (call->batch != NULL)
		front_batch_left(call->batch);
	front_call_end(call);
	if (front->early.text.p != NULL && !front->session->is_beginning)
		loop_defer(front->fronts->loop, &front->go_on, early_read);
	end_if_done(front);
}

static const struct front_ops stdio_front_ops = {
	.name = "stdio",
	.ask_wait = front_ask_wait,
	.tell = front_tell,
	.finish = call_finish,
};

/* ---- clients without sessions ---------------------------------------------------------------- */

static void
round_attach(struct round *round)
{
	/* A line needs no place of its own. */
}

static void
round_say(struct round *round, const struct slice *parts, size_t n)
{
	struct front_stdio *front = round->transport;

	stdio_write(front, NULL, parts, n);
}

static void
round_answer(
    struct round *round, int status, struct bytes *keep, const struct slice *parts, size_t n)
{
	struct front_stdio *front = round->transport;

	if (n > 0)
		stdio_write(front, keep, parts, n);
	end_if_done(front);
}

static bool
round_is_behind(const struct round *round)
{
	const struct front_stdio *front = round->transport;

	return outbox_pending(&front->outbox) > BEHIND_BYTES;
}

static bool
round_can_return(const struct round *round)
{
	const struct front_stdio *front = round->transport;

	return !front->at_end;
}

static const struct front_ops stdio_modern_ops = {
	.name = "stdio",
	.ask_wait = park_ask_wait,
	.tell = modern_tell,
	.finish = modern_finish,
};

static const struct round_ops stdio_round_ops = {
	.front = &stdio_modern_ops,
	.attach = round_attach,
	.say = round_say,
	.answer = round_answer,
	.is_behind = round_is_behind,
	.can_return = round_can_return,
};

/* Takes a request that says itself what it speaks; false: it does not. */
static bool
modern_message(struct front_stdio *front, const struct message *message, const struct err *err)
{
	struct round round = { .kind = USER_ROUND,
		.ops = &stdio_round_ops,
		.fronts = front->fronts,
		.is_stdio = true,
		.transport = front };
	struct caller caller = auth_anonymous();

	if (message == NULL || !modern_is(message))
		return false;
	modern_take(&round, &caller, &front->intake, message, err);
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A message; batch NULL: answered with a line of its own. */
static void
message_take(struct front_stdio *front, struct front_batch *batch, struct intake *intake,
    struct message *message, const struct err *err)
{
	struct front_call *call;
	struct slice text;

	if (err->kind == ERR_NONE && message->kind != MESSAGE_REQUEST) {
		if (message->method != MCP_CANCELLED || !modern_cancel(front->fronts, message))
			front_notice(front->session, message);
		return;
	}
	if (batch == NULL && modern_message(front, message, err))
		return;
	buf_clear(&front->scratch);
	if (!front_answer_now(front->session, message, err, &front->scratch)) {
		call = front_call_new(front->session, intake, message, &stdio_front_ops);
		call->batch = batch;
		if (batch != NULL)
			batch->unanswered++;
		front_begin(call);
		return;
	}
	text = (struct slice){ front->scratch.p, front->scratch.n };
	if (text.n > 0 && batch != NULL)
		front_batch_put(batch, &text, 1);
	else if (text.n > 0)
		stdio_write(front, NULL, &text, 1);
}

static void
batch_each(void *owner, struct intake *intake, struct message *message, const struct err *err)
{
	struct front_batch *batch = owner;

	message_take(batch->owner, batch, intake, message, err);
}

static void
batch_done(struct front_batch *batch)
{
	if (batch->answers.n > 0)
		stdio_write(
		    batch->owner, NULL, &(struct slice){ batch->answers.p, batch->answers.n }, 1);
}

/*
 * Clients should send nothing but pings before initialize is answered; what scripts send at once is
 * in order all the same, so it waits instead of being refused.
 */
static bool
is_early(const struct session *session, const struct message *message)
{
	return session->is_beginning && message != NULL && message->method != MCP_PING &&
	    !modern_is(message) &&
	    (message->kind == MESSAGE_REQUEST || message->kind == MESSAGE_NOTIFICATION);
}

static void
stdio_message(void *owner, struct message *message, const struct err *fault)
{
	struct front_stdio *front = owner;
	struct front_batch *batch;
	struct err err = *fault;

	if (err.kind == ERR_NONE && is_early(front->session, message)) {
		front->early = *message;
		return; /* the lines stay paused */
	}
	if (message != NULL && message->kind == MESSAGE_BATCH &&
	    front_batch_is_fit(front->session, message->text, &err)) {
		batch = front_batch_new(front->session, batch_done, front);
		front_batch_read(front->session, message->text, batch_each, batch);
		front_batch_left(batch);
	} else {
		message_take(front, NULL, &front->intake, message, &err);
	}
	line_resume(&front->lines);
	stdio_want(front);
	end_if_done(front);
}

static void
stdio_line(void *owner, char *line, size_t n)
{
	struct front_stdio *front = owner;
	struct buf taken;

	if (slice_trim((struct slice){ line, n }).n == 0)
		return;
	session_touch(front->session);
	/* Held before feeding, let go by stdio_message, which may come at once. */
	line_pause(&front->lines);
	buf_init(&taken, loop_memory(front->fronts->loop), SIZE_MAX);
	if (n > SLICE_OF_WORK_BYTES && line_take(&front->lines, line, n, &taken))
		intake_take(&front->intake, &taken);
	else
		intake_feed(&front->intake, line, n);
	if (front->intake.is_busy)
		stdio_want(front);
}

static void
stdio_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	struct front_stdio *front = owner;
	struct reply reply = { .err = { 0 } };

	err_set(&reply.err, ERR_LIMIT, "a message of %zu bytes is over limits.message (%zu)", n,
	    front->fronts->limits.message_bytes);
	buf_clear(&front->scratch);
	encode_error(&front->scratch, SLICE_NONE, &reply);
	stdio_write(front, NULL, &(struct slice){ front->scratch.p, front->scratch.n }, 1);
	front_refused(front->fronts, 413, ERR_REQUEST, NULL, true);
}

static void
stdin_ended(struct front_stdio *front)
{
	front->at_end = true;
	line_end(&front->lines);
	stdio_want(front);
	/* Nobody can answer any more. */
	for (struct ask *a = front->session->asks.next; a != &front->session->asks; a = a->next) {
		a->is_answered = true;
		a->answer = (struct answer){ .body = S("{\"action\":\"cancel\"}") };
		task_wake(a->task);
	}
	park_give_up(front->fronts->park, true);
	end_if_done(front);
}

static void
stdin_ready(void *owner, unsigned events)
{
	struct front_stdio *front = owner;
	static char bytes[READ_BYTES];
	ssize_t n = stream_read(front->in, bytes, sizeof(bytes));

	if (n == -EAGAIN)
		return;
	if (n > 0)
		line_feed(&front->lines, bytes, (size_t)n);
	else
		stdin_ended(front);
}

static void
stdout_ready(void *owner, unsigned events)
{
	struct front_stdio *front = owner;

	outbox_ready(&front->outbox);
}

static void
stdout_drained(void *owner)
{
	struct front_stdio *front = owner;

	if (front->is_held)
		stdio_want(front);
	end_if_done(front);
}

static void
stdout_failed(void *owner, const struct err *err)
{
	struct front_stdio *front = owner;

	log_event(
	    loop_log(front->fronts->loop), LOG_WARN, "client_gone", "stdio client: %s", err->text);
	for (struct front_call *c = front->session->calls.next; c != &front->session->calls;
	     c = c->next) {
		c->exchange->is_cancelled = c->exchange->is_gone = true;
		front->fronts->gate->cancel(front->fronts->gate->owner, c->exchange);
	}
	modern_lost(front->fronts);
	if (!front->at_end)
		stdin_ended(front);
	end_if_done(front);
}

/* ---- open and close -------------------------------------------------------------------------- */

void
front_stdio_open_on(struct fronts *fronts, struct stream *in, struct stream *out,
    void (*on_end)(void *owner), void *owner)
{
	struct front_stdio *front = MEM_NEW(struct front_stdio);

	must(fronts->stdio == NULL);
	fronts->stdio = front;
	front->fronts = fronts;
	front->in = in;
	front->out = out;
	front->on_end = on_end;
	front->owner = owner;
	front->session = session_new(fronts, &stdio_session_ops, front, false);
	must(front->session != NULL);
	line_reader_init(&front->lines, loop_memory(fronts->loop), fronts->limits.message_bytes);
	front->lines.on_line = stdio_line;
	front->lines.on_long = stdio_long;
	front->lines.owner = front;
	intake_init(&front->intake, fronts->loop, 0);
	front->intake.done = stdio_message;
	front->intake.owner = front;
	buf_init(&front->scratch, NULL, MIB);
	outbox_init(&front->outbox, fronts->loop, out, 4 * fronts->limits.message_bytes);
	front->outbox.on_fail = stdout_failed;
	front->outbox.on_drained = stdout_drained;
	front->outbox.owner = front;
	in->on_ready = stdin_ready;
	in->owner = front;
	out->on_ready = stdout_ready;
	out->owner = front;
	stdio_want(front);
}

bool
front_stdio_open(struct fronts *fronts, void (*on_end)(void *owner), void *owner, struct err *err)
{
	struct stream *in = loop_stdio(fronts->loop, 0, err);
	struct stream *out;

	if (in == NULL)
		return false;
	out = loop_stdio(fronts->loop, 1, err);
	if (out == NULL) {
		stream_close(&in);
		return false;
	}
	front_stdio_open_on(fronts, in, out, on_end, owner);
	return true;
}

void
front_stdio_close(struct fronts *fronts)
{
	struct front_stdio *front = fronts->stdio;

	fronts->stdio = NULL;
	if (front == NULL)
		return;
	deferred_stop(fronts->loop, &front->end);
	deferred_stop(fronts->loop, &front->go_on);
	intake_fini(&front->intake);
	line_reader_fini(&front->lines);
	outbox_fini(&front->outbox);
	buf_fini(&front->scratch);
	stream_close(&front->in);
	stream_close(&front->out);
	mem_free(front);
}
