/*
 * The test-only modern front: see modern_front.h.
 *
 * A call is open while a request of the client waits for its answer, and parked between an
 * `input_required` and the retry.  Its exchange knows nothing of that: one task, one request at the
 * upstream, however often the client goes and comes.  Questions that come in one turn travel
 * together; one that comes while the client is away waits for its return, and so does the answer of
 * the call.
 */
#include "modern_front.h"

#include <stdio.h>
#include <string.h>

#define STATE_TEXT     33
#define ID_TEXT	       264
#define TEXT_MAX_BYTES (64 * MIB)

/* A question; on the stack of the task that asks. */
struct modern_ask {
	struct modern_ask *next;
	unsigned key;
	const struct question *question;
	struct task *task;
	bool is_answered;
	struct slice answer;
};

/* May outlive its exchange: the answer waits for the client. */
struct modern_call {
	struct modern_call *next;
	struct modern *front;
	struct exchange *exchange;  /* NULL: has finished */
	char id[ID_TEXT];	    /* of the open request; "" while parked */
	char state[STATE_TEXT];	    /* while parked */
	struct buf name, arguments; /* a retry must have the same */
	struct modern_ask *asks;
	unsigned next_key;
	struct deferred park;
	struct timer expiry;
	struct buf kept; /* the answer from its result or error on */
};

struct modern {
	struct loop *loop;
	const struct mcp_gate *gate;
	struct intake intake;
	bool can_answer;  /* the client of the message in the intake */
	char families[2]; /* one for each set of capabilities */
	uint64_t expiry_ms, next_number;
	unsigned parked_max;
	struct modern_call *calls;
	void (*on_answer)(void *owner, struct slice text);
	void *owner;
};

/* ---- calls ----------------------------------------------------------------------------------- */

static bool
is_parked(const struct modern_call *call)
{
	return call->state[0] != '\0';
}

unsigned
modern_parked(const struct modern *front)
{
	unsigned n = 0;

	for (struct modern_call *c = front->calls; c != NULL; c = c->next)
		n += is_parked(c);
	return n;
}

static void
call_free(struct modern_call *call)
{
	struct modern_call **at = &call->front->calls;

	must(call->exchange == NULL && call->asks == NULL);
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	deferred_stop(call->front->loop, &call->park);
	timer_stop(call->front->loop, &call->expiry);
	buf_fini(&call->name);
	buf_fini(&call->arguments);
	buf_fini(&call->kept);
	mem_free(call);
}

/* {"jsonrpc":"2.0","id":ID, and what follows. */
static void
say(struct modern *front, const char *id, struct slice rest)
{
	struct buf text;

	buf_init(&text, NULL, TEXT_MAX_BYTES);
	buf_printf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%s", id);
	buf_put(&text, rest);
	front->on_answer(front->owner, buf_view(&text));
	buf_fini(&text);
}

static void
refuse(struct modern *front, struct slice id, const struct err *err)
{
	struct reply reply = { .err = *err };
	struct buf text;

	buf_init(&text, NULL, MIB);
	encode_error(&text, id, &reply);
	front->on_answer(front->owner, buf_view(&text));
	buf_fini(&text);
}

/* ---- parking --------------------------------------------------------------------------------- */

/* Nobody came back: whoever waits for the answers, and the call itself, are given up. */
static void
expired(struct timer *timer)
{
	struct modern_call *call = CONTAINER(timer, struct modern_call, expiry);
	const struct mcp_gate *gate = call->front->gate;

	call->state[0] = '\0';
	if (call->exchange == NULL) {
		call_free(call);
		return;
	}
	call->exchange->is_cancelled = true;
	gate->cancel(gate->owner, call->exchange);
}

static void
state_draw(struct modern_call *call)
{
	unsigned char bits[(STATE_TEXT - 1) / 2];

	loop_random(call->front->loop, bits, sizeof(bits));
	for (size_t i = 0; i < sizeof(bits); i++)
		snprintf(call->state + 2 * i, 3, "%02x", bits[i]);
}

/* Answers the open request with every question that is open. */
static void
park_now(struct deferred *deferred)
{
	struct modern_call *call = CONTAINER(deferred, struct modern_call, park);
	struct loop *loop = call->front->loop;
	const char *separator = "";
	struct buf text;
	char id[ID_TEXT];

	buf_init(&text, NULL, TEXT_MAX_BYTES);
	buf_puts(&text, ",\"result\":{\"resultType\":\"input_required\",\"inputRequests\":{");
	for (struct modern_ask *ask = call->asks; ask != NULL; ask = ask->next) {
		if (ask->is_answered)
			continue;
		buf_printf(&text, "%s\"q%u\":{\"method\":\"%s\",\"params\":", separator, ask->key,
		    mcp_method_row(ask->question->method)->name);
		buf_put(&text, ask->question->params);
		buf_putc(&text, '}');
		separator = ",";
	}
	/* The last question was withdrawn in this very turn. */
	if (separator[0] != '\0') {
		state_draw(call);
		buf_printf(&text, "},\"requestState\":\"%s\"}}", call->state);
		timer_start(
		    loop, &call->expiry, loop_now_ms(loop) + call->front->expiry_ms, expired);
		memcpy(id, call->id, sizeof(id));
		call->id[0] = '\0';
		say(call->front, id, buf_view(&text));
	}
	buf_fini(&text);
}

static bool
modern_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct modern_call *call = exchange->front_data;
	struct modern_ask ask = { .question = question, .task = task_self(exchange->loop) };
	struct modern_ask **at = &call->asks;
	bool ok = true;

	if (modern_parked(call->front) >= call->front->parked_max)
		return err_set(err, ERR_LIMIT, "limits.parked (%u) calls wait for their clients",
		    call->front->parked_max);
	ask.key = ++call->next_key;
	while (*at != NULL)
		at = &(*at)->next;
	*at = &ask;
	if (call->id[0] != '\0')
		loop_defer(exchange->loop, &call->park, park_now);
	while (ok && !ask.is_answered)
		ok = task_park_wait(exchange->loop, err);
	for (at = &call->asks; *at != &ask; at = &(*at)->next)
		continue;
	*at = ask.next;
	*answer = (struct answer){ .body = ask.answer };
	return ok;
}

/* ---- the other way --------------------------------------------------------------------------- */

static void
modern_tell(struct exchange *exchange, const struct tell *tell)
{
	/* Progress travels on the stream of an open request; here is none. */
}

static void
modern_finish(struct exchange *exchange, const struct reply *reply)
{
	struct modern_call *call = exchange->front_data;
	struct slice parts[REPLY_PARTS];
	struct buf scratch;
	size_t n;

	call->exchange = NULL;
	deferred_stop(exchange->loop, &call->park);
	if (exchange->is_cancelled) {
		call_free(call);
		return;
	}
	buf_init(&scratch, NULL, MIB);
	n = encode_reply(exchange, reply, &scratch, parts);
	/* The id is that of the request which is open now, or of the next. */
	for (size_t i = 2; i < n; i++)
		buf_put(&call->kept, parts[i]);
	buf_fini(&scratch);
	if (call->id[0] != '\0') {
		say(call->front, call->id, buf_view(&call->kept));
		call_free(call);
	}
}

static const struct front_ops modern_ops = {
	.name = "modern",
	.ask_wait = modern_ask_wait,
	.tell = modern_tell,
	.finish = modern_finish,
};

/* ---- requests -------------------------------------------------------------------------------- */

static void
call_begin(struct modern *front, const struct message *message)
{
	struct exchange *exchange = exchange_new(&front->intake, message);
	struct modern_call *call = MEM_NEW(struct modern_call);

	call->front = front;
	call->exchange = exchange;
	call->next = front->calls;
	front->calls = call;
	snprintf(call->id, sizeof(call->id), "%.*s", SLICE_FMT(message->id));
	buf_init(&call->name, NULL, TEXT_MAX_BYTES);
	buf_init(&call->arguments, NULL, TEXT_MAX_BYTES);
	buf_init(&call->kept, NULL, TEXT_MAX_BYTES);
	buf_put(&call->name, message->name);
	buf_put(&call->arguments, message->arguments);
	exchange->number = ++front->next_number;
	exchange->caller = auth_anonymous();
	exchange->revision = MCP_NEWEST_LEGACY;
	exchange->can.elicitation = front->can_answer;
	exchange->family = &front->families[front->can_answer];
	exchange->front = &modern_ops;
	exchange->front_data = call;
	exchange->gate = front->gate;
	front->gate->begin(front->gate->owner, exchange);
}

/* The parked call of a retry: the same state, tool and arguments. */
static struct modern_call *
call_of(struct modern *front, const struct message *message, struct slice state, struct err *err)
{
	struct modern_call *call = front->calls;

	if (state.n >= 2)
		state = (struct slice){ state.p + 1, state.n - 2 };
	while (call != NULL && (!is_parked(call) || !slice_eq(slice_of(call->state), state)))
		call = call->next;
	if (call == NULL) {
		err_set(err, ERR_PARAMS, "requestState is unknown, used, or has expired");
		return NULL;
	}
	if (slice_eq(buf_view(&call->name), message->name) &&
	    (slice_eq(buf_view(&call->arguments), message->arguments) ||
		(call->arguments.n == 0 && message->arguments.n == 0)))
		return call;
	err_set(err, ERR_PARAMS, "requestState belongs to another call");
	return NULL;
}

/* Hands out the answers that came; what is missing is asked for again. */
static void
call_resume(struct modern_call *call, const struct message *message)
{
	struct slice responses = S("{}"), value;
	struct loop *loop = call->front->loop;
	bool is_missing = false;
	char key[16];

	call->state[0] = '\0';
	timer_stop(loop, &call->expiry);
	snprintf(call->id, sizeof(call->id), "%.*s", SLICE_FMT(message->id));
	if (call->exchange == NULL) {
		say(call->front, call->id, buf_view(&call->kept));
		call_free(call);
		return;
	}
	json_find(message->params, S("inputResponses"), &responses);
	for (struct modern_ask *ask = call->asks; ask != NULL; ask = ask->next) {
		snprintf(key, sizeof(key), "q%u", ask->key);
		if (json_type(responses) != JSON_OBJECT ||
		    !json_find(responses, slice_of(key), &value) ||
		    !arena_reserve(&call->exchange->arena, value.n + 1, &(struct err){ 0 })) {
			is_missing = true;
			continue;
		}
		ask->answer = slice_dup(&call->exchange->arena, value);
		ask->is_answered = true;
		task_wake(ask->task);
	}
	if (is_missing)
		loop_defer(loop, &call->park, park_now);
}

/* Only an open request can be cancelled: a parked one was answered. */
static void
cancel(struct modern *front, const struct message *message)
{
	for (struct modern_call *c = front->calls; c != NULL; c = c->next) {
		if (c->exchange != NULL && slice_eq(slice_of(c->id), message->request_id)) {
			c->exchange->is_cancelled = true;
			front->gate->cancel(front->gate->owner, c->exchange);
			return;
		}
	}
}

static void
message_done(void *owner, struct message *message, const struct err *fault)
{
	struct modern *front = owner;
	struct modern_call *call;
	struct err err = *fault;
	struct slice state;

	if (err.kind != ERR_NONE) {
		refuse(front, message != NULL ? message->id : SLICE_NONE, &err);
	} else if (message->kind != MESSAGE_REQUEST) {
		if (message->method == MCP_CANCELLED)
			cancel(front, message);
	} else if (message->params.p == NULL ||
	    !json_find(message->params, S("requestState"), &state)) {
		call_begin(front, message);
	} else {
		call = call_of(front, message, state, &err);
		if (call != NULL)
			call_resume(call, message);
		else
			refuse(front, message->id, &err);
	}
}

void
modern_post(struct modern *front, struct slice text, bool can_answer)
{
	front->can_answer = can_answer;
	intake_feed(&front->intake, text.p, text.n);
	must(!front->intake.is_busy); /* tests send small messages */
}

struct modern *
modern_new(struct loop *loop, const struct mcp_gate *gate, uint64_t expiry_ms, unsigned parked_max,
    void (*on_answer)(void *owner, struct slice text), void *owner)
{
	struct modern *front = MEM_NEW(struct modern);

	front->loop = loop;
	front->gate = gate;
	front->expiry_ms = expiry_ms;
	front->parked_max = parked_max;
	front->on_answer = on_answer;
	front->owner = owner;
	intake_init(&front->intake, loop, 0);
	front->intake.done = message_done;
	front->intake.owner = front;
	return front;
}

void
modern_free(struct modern **at)
{
	struct modern *front = *at;

	*at = NULL;
	while (front->calls != NULL)
		call_free(front->calls);
	intake_fini(&front->intake);
	mem_free(front);
}
