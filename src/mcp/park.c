/*
 * Calls of modern clients that were asked something: asking answers the open request with
 * `input_required` and leaves the exchange as it is, one task with one request at the upstream;
 * the client's retry, however often it comes, hands the answers to who asked and waits on.
 *
 * Questions that come in one turn travel together.  One that comes while the client is away waits
 * for its return, and so does the end of the call.  Each answer is named by a new state, which is
 * good once.  Who does not come back within limits.ask has given the call up; more than
 * limits.parked calls are not kept waiting.
 *
 * A client may answer beforehand: what its first request has under the key that a question wishes
 * for is the answer, if it is one; anything else there means nothing.
 */
#include "mcp/front_modern.h"

#include <stdio.h>
#include <string.h>

#define GATHER_MS	 20
#define GATHER_MAX_MS	 100
#define PARK_BUCKETS	 1024
#define ANSWER_MAX_BYTES (4 * SLICE_OF_WORK_BYTES) /* as of any client */
#define KEY_MAX		 64
#define NAME_MAX	 (48 + REPLICA_NAME_BYTES) /* of a parked call in its state */
#define KEPT_LOST \
	",\"error\":{\"code\":-31005,\"message\":\"the call has ended while its client was away, " \
	"and there was no memory to keep its answer\",\"data\":{\"kind\":\"limit\"}}}"

/* A question; on the stack of the task that asks. */
struct parked_ask {
	struct parked_ask *next;
	const struct question *question;
	struct task *task;
	struct slice key; /* in inputRequests */
	char own_key[16];
	bool is_answered, is_given_up;
	struct answer answer;
};

/* On the heap: it may outlive its exchange, when the end of the call waits for the client. */
struct parked {
	struct parked *chain;
	struct park *park;
	struct modern_call *call; /* NULL: has finished, and `kept` is the end */
	uint64_t number;
	uint64_t round;	 /* of the state that is good; the next one has another */
	bool is_counted; /* in park->n: the client is away, or about to be sent */
	bool is_away, is_stdio, has_digest;
	char digest[65];
	struct parked_ask *asks;
	unsigned next_key;
	struct deferred send;
	struct timer gather; /* until the questions of one moment are together */
	uint64_t gather_by_ms;
	struct timer expiry;
	struct buf kept; /* the answer behind its id; with overflow: there was no room for it */
	int kept_status;
};

struct park {
	struct fronts *fronts;
	struct parked *table[PARK_BUCKETS];
	unsigned n;
	uint64_t next_number, refused;
};

/* ---- the table ------------------------------------------------------------------------------- */

struct park *
park_new(struct fronts *fronts)
{
	struct park *park = MEM_NEW(struct park);

	park->fronts = fronts;
	return park;
}

unsigned
park_count(const struct park *park)
{
	return park->n;
}

static struct parked *
parked_find(struct park *park, uint64_t number)
{
	struct parked *parked = park->table[number % PARK_BUCKETS];

	while (parked != NULL && parked->number != number)
		parked = parked->chain;
	return parked;
}

static struct parked *
parked_new(struct modern_call *call)
{
	struct park *park = call->round.fronts->park;
	struct parked *parked = MEM_NEW(struct parked);
	struct parked **at;

	parked->park = park;
	parked->call = call;
	parked->number = ++park->next_number;
	parked->is_stdio = call->round.is_stdio;
	buf_init(&parked->kept, loop_memory(park->fronts->loop), SIZE_MAX / 2);
	at = &park->table[parked->number % PARK_BUCKETS];
	parked->chain = *at;
	*at = parked;
	return parked;
}

static void
parked_free(struct parked *parked)
{
	struct park *park = parked->park;
	struct parked **at = &park->table[parked->number % PARK_BUCKETS];

	must(parked->asks == NULL);
	while (*at != parked)
		at = &(*at)->chain;
	*at = parked->chain;
	park->n -= parked->is_counted;
	deferred_stop(park->fronts->loop, &parked->send);
	timer_stop(park->fronts->loop, &parked->gather);
	timer_stop(park->fronts->loop, &parked->expiry);
	buf_fini(&parked->kept);
	mem_free(parked);
}

void
park_free(struct park **at)
{
	struct park *park = *at;

	*at = NULL;
	if (park == NULL)
		return;
	for (size_t i = 0; i < PARK_BUCKETS; i++) {
		while (park->table[i] != NULL)
			parked_free(park->table[i]);
	}
	mem_free(park);
}

/* Room for one more whose client is away; false: a text for the client. */
static bool
parked_count(struct parked *parked, struct err *err)
{
	struct park *park = parked->park;
	unsigned max = park->fronts->limits.parked;

	if (parked->is_counted)
		return true;
	if (park->n < max) {
		parked->is_counted = true;
		park->n++;
		return true;
	}
	park->refused++;
	if (log_is_due(park->refused))
		log_event(loop_log(park->fronts->loop), LOG_WARN, "park_refused",
		    "limits.parked (%u) calls wait for their clients: another was refused (%llu "
		    "so far)",
		    max, (unsigned long long)park->refused);
	return err_set(err, ERR_LIMIT,
	    "limits.parked (%u) calls wait for the answers of their clients: try again later", max);
}

static void
parked_return(struct parked *parked)
{
	parked->park->n -= parked->is_counted;
	parked->is_counted = parked->is_away = false;
	timer_stop(parked->park->fronts->loop, &parked->expiry);
}

/* ---- the end of waiting ---------------------------------------------------------------------- */

/* The call cannot go on, and err is what its client gets. */
static void
call_give_up(struct modern_call *call, const struct err *err)
{
	const struct mcp_gate *gate = call->exchange->gate;

	if (call->verdict.kind == ERR_NONE)
		call->verdict = *err;
	gate->cancel(gate->owner, call->exchange);
}

/* Nobody came back: whoever waits for the answers, and the call itself, end. */
static void
parked_give_up(struct parked *parked)
{
	struct modern_call *call = parked->call;
	const struct mcp_gate *gate;

	if (call == NULL) {
		parked_free(parked);
		return;
	}
	log_event(loop_log(parked->park->fronts->loop), LOG_INFO, "park_expired",
	    "Request #%llu: its client was asked, and did not come back: the call is given up",
	    (unsigned long long)call->exchange->number);
	timer_stop(parked->park->fronts->loop, &parked->expiry);
	parked->is_away = false;
	for (struct parked_ask *ask = parked->asks; ask != NULL; ask = ask->next) {
		ask->is_given_up = true;
		task_wake(ask->task);
	}
	gate = call->exchange->gate;
	call->exchange->is_cancelled = true;
	gate->cancel(gate->owner, call->exchange);
}

static void
expired(struct timer *timer)
{
	parked_give_up(CONTAINER(timer, struct parked, expiry));
}

void
park_give_up(struct park *park, bool only_stdio)
{
	struct parked *next;

	for (size_t i = 0; i < PARK_BUCKETS; i++) {
		for (struct parked *p = park->table[i]; p != NULL; p = next) {
			next = p->chain;
			if (p->is_away && (p->is_stdio || !only_stdio))
				parked_give_up(p);
		}
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* A key of inputRequests that a server may wish for: short, and plain in JSON. */
static bool
key_is_fit(const struct parked *parked, struct slice token)
{
	struct slice key = { token.p + 1, token.n - 2 };

	if (json_type(token) != JSON_STRING || key.n == 0 || key.n > KEY_MAX)
		return false;
	for (size_t i = 0; i < key.n; i++) {
		if (key.p[i] <= ' ' || key.p[i] > '~' || key.p[i] == '"' || key.p[i] == '\\')
			return false;
	}
	for (const struct parked_ask *ask = parked->asks; ask != NULL; ask = ask->next) {
		if (slice_eq(ask->key, key))
			return false;
	}
	return true;
}

/* The key that a question wishes for, raw; false: none. */
static bool
key_wished(const struct question *question, struct slice *key)
{
	struct slice meta;

	return json_find(question->params, S("_meta"), &meta) && json_type(meta) == JSON_OBJECT &&
	    json_find(meta, S("bascule/inputKey"), key);
}

static void
key_choose(struct parked *parked, struct parked_ask *ask)
{
	struct slice wanted;

	if (key_wished(ask->question, &wanted) && key_is_fit(parked, wanted)) {
		ask->key = (struct slice){ wanted.p + 1, wanted.n - 2 };
		return;
	}
	snprintf(ask->own_key, sizeof(ask->own_key), "q%u", ++parked->next_key);
	ask->key = slice_of(ask->own_key);
}

/* Every question that is open, as members of inputRequests; false: there is none. */
static bool
questions_put(const struct parked *parked, struct buf *out)
{
	const char *between = "";

	for (const struct parked_ask *ask = parked->asks; ask != NULL; ask = ask->next) {
		if (ask->is_answered)
			continue;
		buf_printf(out, "%s\"%.*s\":{\"method\":\"%s\",\"params\":", between,
		    SLICE_FMT(ask->key), mcp_method_row(ask->question->method)->name);
		buf_put(out, ask->question->params);
		buf_putc(out, '}');
		between = ",";
	}
	return between[0] != '\0';
}

/* The name of the call as it is now, for the client to bring back. */
static bool
state_put(struct parked *parked, struct buf *out, struct err *err)
{
	const struct exchange *exchange = parked->call->exchange;
	struct state_binding binding;
	char name[NAME_MAX];
	int n;

	if (!state_bind(exchange->loop, &exchange->caller, &exchange->request, &binding, err))
		return false;
	n = snprintf(name, sizeof(name), "%llu %llu %s", (unsigned long long)parked->number,
	    (unsigned long long)++parked->round, fronts_replica(parked->park->fronts));
	state_seal(parked->park->fronts, STATE_PARKED, &binding, 0,
	    (struct slice){ name, (size_t)n }, out);
	return true;
}

/* Answers the open round with all that is to be asked. */
static void
send_now(struct deferred *deferred)
{
	struct parked *parked = CONTAINER(deferred, struct parked, send);
	struct modern_call *call = parked->call;
	struct loop *loop = parked->park->fronts->loop;
	struct err err = { 0 };
	struct slice parts[4];
	struct buf text;

	if (call == NULL || !call->is_open)
		return;
	buf_init(&text, loop_memory(loop), SIZE_MAX / 2);
	buf_puts(&text, "{\"resultType\":\"input_required\",\"inputRequests\":{");
	/* The last question was withdrawn in this very turn. */
	if (!questions_put(parked, &text)) {
		buf_fini(&text);
		parked_return(parked);
		return;
	}
	buf_puts(&text, "},\"requestState\":");
	if (state_put(parked, &text, &err) && buf_check(&text, &err)) {
		buf_puts(&text, ",\"_meta\":{" SERVER_INFO "}}}");
		parked->is_away = call->exchange->is_away = true;
		call->is_open = false;
		timer_start(loop, &parked->expiry,
		    loop_now_ms(loop) + parked->park->fronts->limits.ask_ms, expired);
		parts[0] = S("{\"jsonrpc\":\"2.0\",\"id\":");
		parts[1] = call->round.id;
		parts[2] = S(",\"result\":");
		parts[3] = buf_view(&text);
		call->round.ops->answer(&call->round, 200, NULL, parts, COUNT(parts));
	} else {
		call_give_up(call, &err);
	}
	buf_fini(&text);
}

static void
gathered(struct timer *timer)
{
	send_now(&CONTAINER(timer, struct parked, gather)->send);
}

/* A server asks several things in as many writes: a short while after the last, all go together. */
static void
gather(struct parked *parked)
{
	struct loop *loop = parked->park->fronts->loop;
	uint64_t now = loop_now_ms(loop);

	if (parked->asks->next == NULL)
		parked->gather_by_ms = now + GATHER_MAX_MS;
	timer_start(loop, &parked->gather,
	    now + GATHER_MS < parked->gather_by_ms ? now + GATHER_MS : parked->gather_by_ms,
	    gathered);
}

static bool
ask_conclude(const struct parked_ask *ask, const struct fronts *fronts, bool ok,
    struct answer *answer, struct err *err)
{
	if (!ok)
		return false;
	if (ask->is_given_up)
		return err_set(err, ERR_DEADLINE,
		    "nobody answered the question within limits.ask (%llu s)",
		    (unsigned long long)(fronts->limits.ask_ms / 1000));
	*answer = ask->answer;
	return true;
}

/* ---- what was answered beforehand ------------------------------------------------------------ */

static struct answer
answer_dup(struct exchange *exchange, struct slice value)
{
	struct err err;

	if (value.n <= ANSWER_MAX_BYTES && arena_reserve(&exchange->arena, value.n + 1, &err))
		return (struct answer){ .body = slice_dup(&exchange->arena, value) };
	return (struct answer){ .is_error = true,
		.body = S("{\"code\":-32005,\"message\":\"the client's answer is too large\"}") };
}

/* Could it be an answer to such a question?  Its server will look closer. */
static bool
answer_is_fit(enum mcp_method method, struct slice value)
{
	static const struct slice actions[] = { S("\"accept\""), S("\"decline\""),
		S("\"cancel\"") };
	struct slice member;
	bool is_known = false;

	if (json_type(value) != JSON_OBJECT || value.n > ANSWER_MAX_BYTES)
		return false;
	switch (method) {
	case MCP_ELICITATION_CREATE:
		if (!json_find(value, S("action"), &member))
			return false;
		for (size_t i = 0; i < COUNT(actions); i++)
			is_known |= slice_eq(member, actions[i]);
		return is_known &&
		    (!json_find(value, S("content"), &member) || json_type(member) == JSON_OBJECT);
	case MCP_SAMPLING_CREATE:
		return json_find(value, S("role"), &member) && json_type(member) == JSON_STRING &&
		    json_find(value, S("model"), &member) && json_type(member) == JSON_STRING &&
		    json_find(value, S("content"), &member);
	case MCP_ROOTS_LIST:
		return json_find(value, S("roots"), &member) && json_type(member) == JSON_ARRAY;
	default:
		return false;
	}
}

/* An answer that came with the request, for a question that wishes for its key; each once. */
static bool
answer_brought(struct modern_call *call, const struct question *question, struct answer *answer)
{
	struct exchange *exchange = call->exchange;
	struct slice responses = exchange->request.input_responses, key, value;
	uint64_t hash;

	if (json_type(responses) != JSON_OBJECT || exchange->request.request_state.p != NULL ||
	    !key_wished(question, &key) || json_type(key) != JSON_STRING)
		return false;
	key = (struct slice){ key.p + 1, key.n - 2 };
	if (!json_find(responses, key, &value) || !answer_is_fit(question->method, value))
		return false;
	hash = hash_bytes(key, loop_seed(exchange->loop));
	for (unsigned i = 0; i < call->brought_n; i++) {
		if (call->brought[i] == hash)
			return false;
	}
	if (call->brought_n == COUNT(call->brought))
		return false;
	call->brought[call->brought_n++] = hash;
	*answer = answer_dup(exchange, value);
	return true;
}

bool
park_ask_wait(struct exchange *exchange, const struct question *question, struct answer *answer,
    struct err *err)
{
	struct modern_call *call = exchange->front_data;
	struct parked_ask ask = { .question = question, .task = task_self(exchange->loop) };
	struct parked_ask **at;
	struct parked *parked;
	struct err cut;
	bool ok = true;

	if (answer_brought(call, question, answer))
		return true;
	if (call->is_open && !call->round.ops->can_return(&call->round))
		return err_set(err, ERR_CANCELLED, "the client that should be asked has gone");
	if (call->parked == NULL)
		call->parked = parked_new(call);
	parked = call->parked;
	if (!parked_count(parked, err)) {
		call_give_up(call, err);
		/* Until that is done: a question that was answered now would let the call go on. */
		while (task_park_wait(exchange->loop, &cut))
			continue;
		return false;
	}
	key_choose(parked, &ask);
	for (at = &parked->asks; *at != NULL; at = &(*at)->next)
		continue;
	*at = &ask;
	if (call->is_open)
		gather(parked);
	while (ok && !ask.is_answered && !ask.is_given_up)
		ok = task_park_wait(exchange->loop, err);
	for (at = &parked->asks; *at != &ask; at = &(*at)->next)
		continue;
	*at = ask.next;
	return ask_conclude(&ask, parked->park->fronts, ok, answer, err);
}

/* ---- coming back ----------------------------------------------------------------------------- */

/* The parked call of that name, if it waits for this round. */
static struct parked *
parked_of(struct park *park, const struct round *round, struct slice name)
{
	struct slice rest;
	struct slice first = slice_cut(name, ' ', &rest);
	struct parked *parked;
	uint64_t number, turn;

	/* Behind both stands the replica: this one, or state_open() had not opened it. */
	if (!slice_to_u64(first, UINT64_MAX, &number) ||
	    !slice_to_u64(slice_cut(rest, ' ', &rest), UINT64_MAX, &turn))
		return NULL;
	parked = parked_find(park, number);
	return parked != NULL && parked->is_away && parked->round == turn &&
		parked->is_stdio == round->is_stdio
	    ? parked
	    : NULL;
}

/* Hands out the answers that came; true: one is missing. */
static bool
answers_take(struct parked *parked, struct slice responses)
{
	struct exchange *exchange = parked->call->exchange;
	bool is_missing = false;
	struct slice value;

	for (struct parked_ask *ask = parked->asks; ask != NULL; ask = ask->next) {
		if (ask->is_answered)
			continue;
		if (json_find(responses, ask->key, &value) && json_type(value) == JSON_OBJECT)
			ask->answer = answer_dup(exchange, value);
		else if (!question_is_possible(ask->question, exchange->revision, &exchange->can))
			ask->answer = question_declined(ask->question->method);
		else {
			is_missing = true;
			continue;
		}
		ask->is_answered = true;
		task_wake(ask->task);
	}
	return is_missing;
}

/* The end that waited for the client. */
static void
kept_answer(struct parked *parked, struct round *round)
{
	struct slice parts[] = { S("{\"jsonrpc\":\"2.0\",\"id\":"), round->id,
		parked->kept.overflow ? S(KEPT_LOST) : buf_view(&parked->kept) };

	round->call = NULL;
	round->ops->answer(round, parked->kept_status, NULL, parts, COUNT(parts));
	parked_free(parked);
}

/* Id and token of the new round, kept as long as the exchange. */
static bool
round_adopt(struct modern_call *call, const struct round *round, struct err *err)
{
	struct arena *arena = &call->exchange->arena;

	if (!arena_reserve(arena, round->id.n + round->token.n + 2, err))
		return false;
	call->round = *round;
	call->round.call = call;
	call->round.id = slice_dup(arena, round->id);
	call->round.token = round->token.p != NULL ? slice_dup(arena, round->token) : SLICE_NONE;
	call->is_open = true;
	call->round.ops->attach(&call->round);
	return true;
}

bool
park_resume(struct park *park, struct round *round, struct slice name,
    const struct message *message, struct reply *reply)
{
	struct parked *parked = parked_of(park, round, name);
	struct exchange *exchange;
	struct modern_call *call;

	if (parked == NULL)
		return err_set(&reply->err, ERR_PARAMS,
		    "params.requestState was used already, or nobody came back with it within "
		    "limits.ask: make the call again without it");
	if (parked->call == NULL) {
		kept_answer(parked, round);
		return true;
	}
	call = parked->call;
	exchange = call->exchange;
	if (!round_adopt(call, round, &reply->err))
		return false;
	exchange->is_away = false;
	parked_return(parked);
	/* What the client can do, and wants to hear, is said anew with every request. */
	exchange->can = modern_capabilities(message->modern.capabilities);
	exchange->log_level = mcp_log_level_find(message->modern.log_level);
	if (answers_take(parked, message->input_responses)) {
		if (parked_count(parked, &reply->err))
			loop_defer(exchange->loop, &parked->send, send_now);
		else
			call_give_up(call, &reply->err);
	}
	return true;
}

bool
park_finish(struct modern_call *call, int status, const struct slice *parts, size_t n)
{
	struct parked *parked = call->parked;

	if (parked == NULL)
		return false;
	call->parked = NULL;
	parked->call = NULL;
	if (call->is_open || call->exchange->is_cancelled) {
		parked_free(parked);
		return false;
	}
	/* Behind jsonrpc and id: those are of the request that will fetch it. */
	for (size_t i = 2; i < n; i++)
		buf_put(&parked->kept, parts[i]);
	parked->kept_status = status;
	return true;
}
