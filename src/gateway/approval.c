/*
 * A rule that says `ask`: the call waits until the client's user has seen it, as it would be sent,
 * and has said yes.  A yes may be remembered, for these arguments or for any, by this client and
 * under this very rule, for guard.remember; it is gone with the session, and when the rule changes.
 *
 * What is shown are the arguments that go on: they stand in the verdict, and nothing changes them
 * between the question and the sending.  Shown means seen: what has no look of its own (controls,
 * turns of direction, invisible characters) is written as its number.
 */
#include <string.h>

#include "gateway/hub.h"

#define APPROVALS_MAX 1024	     /* remembered; then the one that ends first gives way */
#define CLIENT_MAX    64	     /* of one client */
#define CANONICAL_MAX (256 * KIB)    /* of arguments that are shown in one order */
#define HEAD_BYTES    ((size_t)3000) /* shown of arguments */
#define TAIL_BYTES    ((size_t)600)
#define NAME_BYTES    ((size_t)300)
#define PARAMS_BYTES  (64 * KIB)

enum scope { SCOPE_SAME, SCOPE_ANY, SCOPE_ROUND };

struct approval {
	uint64_t window; /* 0: a free place */
	uint64_t until_ms;
	enum scope scope;
	unsigned char what[SHA256_BYTES], with[SHA256_BYTES];
};

struct approvals {
	struct hub *hub;
	struct approval all[APPROVALS_MAX];
};

/* A call that a rule asks for. */
struct request {
	struct exchange *exchange;
	struct approvals *approvals;
	const struct guard_subject *subject;
	const struct guard_verdict *verdict;
	struct slice
	    arguments; /* as they would be sent, in one spelling if they are not too large */
	uint64_t remember_ms;
	unsigned char what[SHA256_BYTES], with[SHA256_BYTES];
};

struct approvals *
approvals_new(struct hub *hub)
{
	struct approvals *approvals = MEM_NEW(struct approvals);

	approvals->hub = hub;
	return approvals;
}

void
approvals_free(struct approvals **approvals)
{
	mem_free(*approvals);
	*approvals = NULL;
}

void
approvals_forget(struct approvals *approvals, uint64_t window)
{
	for (size_t i = 0; i < APPROVALS_MAX; i++)
		if (approvals->all[i].window == window)
			approvals->all[i].window = 0;
}

/* ---- what was said before -------------------------------------------------------------------- */

static uint64_t
now_ms(const struct approvals *approvals)
{
	return loop_now_ms(approvals->hub->loop);
}

static bool
is_of(const struct approval *approval, const struct request *request)
{
	return approval->window == request->subject->window &&
	    memcmp(approval->what, request->what, sizeof(request->what)) == 0 &&
	    (approval->scope == SCOPE_ANY ||
		memcmp(approval->with, request->with, sizeof(request->with)) == 0);
}

/* A yes for one round of a call is for its next one only, which shows a sealed state. */
static bool
was_approved(const struct request *request)
{
	struct approvals *approvals = request->approvals;
	bool is_round = request->exchange->state.p != NULL;

	if (request->subject->window == 0)
		return false;
	for (size_t i = 0; i < APPROVALS_MAX; i++) {
		struct approval *approval = &approvals->all[i];

		if (!is_of(approval, request) || approval->until_ms <= now_ms(approvals) ||
		    (approval->scope == SCOPE_ROUND && !is_round))
			continue;
		if (approval->scope == SCOPE_ROUND)
			approval->window = 0;
		return true;
	}
	return false;
}

/* A free place, one that is over, or else the one that ends first: of this client, if it has many.
 */
static struct approval *
place_for(struct approvals *approvals, uint64_t window)
{
	struct approval *first = NULL, *own = NULL;
	unsigned own_n = 0;

	for (size_t i = 0; i < APPROVALS_MAX; i++) {
		struct approval *approval = &approvals->all[i];

		if (approval->window != 0 && approval->until_ms <= now_ms(approvals))
			approval->window = 0;
		if (approval->window == window) {
			own_n++;
			if (own == NULL || approval->until_ms < own->until_ms)
				own = approval;
		}
		if (first == NULL ||
		    (first->window != 0 &&
			(approval->window == 0 || approval->until_ms < first->until_ms)))
			first = approval;
	}
	return own_n >= CLIENT_MAX ? own : first;
}

static void
remember(struct approvals *approvals, const struct approval *approval)
{
	if (approval->window != 0)
		*place_for(approvals, approval->window) = *approval;
}

/* ---- what it is about ------------------------------------------------------------------------ */

/* Rule, caller and thing; each part ends where it ends. */
static void
digest_what(struct request *request)
{
	const struct guard_subject *subject = request->subject;
	const struct caller *caller = subject->caller;
	const struct passage *passage = request->exchange->gateway_data;
	const struct slice parts[] = { request->verdict->rule, caller->principal, caller->tenant,
		subject->server, subject->method, subject->name };
	uint64_t sizes[COUNT(parts) + 1];
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX / 2);
	for (size_t i = 0; i < COUNT(parts); i++)
		sizes[i] = parts[i].p != NULL ? parts[i].n : UINT64_MAX;
	sizes[COUNT(parts)] = guard_rule_print(passage->gateway->guard, request->verdict->rule);
	buf_put(&text, (struct slice){ (const char *)sizes, sizeof(sizes) });
	for (size_t i = 0; i < COUNT(parts); i++)
		buf_put(&text, parts[i]);
	sha256_bytes(buf_view(&text), request->what);
	buf_fini(&text);
}

/* The arguments in one spelling: what is shown is not what somebody has made of escapes. */
static void
arguments_spell(struct request *request, struct arena *arena, struct buf *text)
{
	if (request->arguments.p != NULL && request->arguments.n <= CANONICAL_MAX) {
		if (json_canonical(arena, request->arguments, NULL, text) && !text->overflow)
			request->arguments = buf_view(text);
	}
	sha256_bytes(request->arguments, request->with);
}

/* ---- what is shown --------------------------------------------------------------------------- */

/* No look of their own, or one that changes that of others. */
static const struct {
	uint32_t from, to;
} unseen[] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff } };

static bool
is_unseen(uint32_t c)
{
	for (size_t i = 0; i < COUNT(unseen); i++)
		if (c >= unseen[i].from && c <= unseen[i].to)
			return true;
	return false;
}

/* The character that begins there, and its bytes; what is none is one byte. */
static uint32_t
character(struct slice text, size_t at, size_t *n)
{
	unsigned char first = (unsigned char)text.p[at];
	size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t c = first;

	*n = 1;
	if (length == 1 || at + length > text.n)
		return c;
	c &= 0xffu >> (length + 1);
	for (size_t i = 1; i < length; i++)
		c = c << 6 | ((unsigned char)text.p[at + i] & 0x3f);
	*n = length;
	return c;
}

void
approval_put_shown(struct buf *out, struct slice text)
{
	size_t n;

	for (size_t at = 0; at < text.n; at += n) {
		uint32_t c = character(text, at, &n);

		if (is_unseen(c))
			buf_printf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
		else
			buf_put(out, (struct slice){ text.p + at, n });
	}
}

/* Not within a character. */
static size_t
cut_at(struct slice text, size_t at)
{
	while (at > 0 && at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void
put_name(struct buf *out, const char *what, struct slice name)
{
	bool is_long = name.n > NAME_BYTES;

	if (name.n == 0)
		return;
	buf_puts(out, what);
	name.n = is_long ? cut_at(name, NAME_BYTES) : name.n;
	approval_put_shown(out, name);
	buf_puts(out, is_long ? "...\n" : "\n");
}

static void
put_arguments(struct buf *out, const struct request *request)
{
	struct slice all = request->arguments;
	size_t head, tail;
	char digest[65];

	if (all.p == NULL)
		return;
	if (all.n <= HEAD_BYTES + TAIL_BYTES) {
		buf_puts(out, "Arguments:\n");
		approval_put_shown(out, all);
		return;
	}
	head = cut_at(all, HEAD_BYTES);
	tail = cut_at(all, all.n - TAIL_BYTES);
	sha256_hex(&all, 1, digest);
	buf_printf(out,
	    "Arguments, too long to be shown whole (%zu bytes, SHA-256 %.16s): the beginning\n",
	    all.n, digest);
	approval_put_shown(out, (struct slice){ all.p, head });
	buf_printf(out, "\n... %zu bytes are not shown; the end:\n", tail - head);
	approval_put_shown(out, (struct slice){ all.p + tail, all.n - tail });
}

static void
put_message(struct buf *out, const struct request *request)
{
	static const char *const what[] = { [GUARD_OTHER] = "About: ",
		[GUARD_TOOL] = "Tool: ",
		[GUARD_PROMPT] = "Prompt: ",
		[GUARD_RESOURCE] = "Resource: " };
	const struct guard_subject *subject = request->subject;

	buf_puts(out, "May this be done? It waits for your answer.\n");
	put_name(out, "Server: ", subject->server);
	put_name(out, what[subject->target], subject->name);
	if (subject->target != GUARD_TOOL)
		put_name(out, "Request: ", subject->method);
	put_name(out, "Rule: ", request->verdict->rule);
	put_name(out, "Reason: ", request->verdict->reason);
	put_arguments(out, request);
}

/* The choice, in words that all revisions know (enumNames). */
static void
put_choice(struct buf *out, const struct request *request)
{
	char lasts[32] = "";
	bool may_remember = request->subject->window != 0 && request->remember_ms > 0;
	struct buf span;

	if (may_remember) {
		buf_init(&span, NULL, sizeof(lasts));
		config_duration_print(&span, request->remember_ms);
		memcpy(lasts, span.p, span.n);
		buf_fini(&span);
	}
	buf_puts(out,
	    "{\"type\":\"object\",\"properties\":{\"decision\":{\"type\":\"string\",\"title\":\"Decision\","
	    "\"enum\":[\"once\",");
	if (may_remember)
		buf_puts(out, "\"same\",\"any\",");
	buf_puts(out, "\"no\"],\"enumNames\":[\"Yes, this once\",");
	if (may_remember)
		buf_printf(out,
		    "\"Yes, and again with the same arguments (%s)\",\"Yes, and again with any arguments "
		    "(%s)\",",
		    lasts, lasts);
	buf_puts(out, "\"No\"]}},\"required\":[\"decision\"]}");
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool
question_make(struct request *request, struct question *question, struct err *err)
{
	struct arena *arena = &request->exchange->arena;
	struct buf message, params;
	bool ok;

	buf_init(&message, NULL, PARAMS_BYTES);
	buf_init(&params, NULL, 2 * PARAMS_BYTES);
	put_message(&message, request);
	buf_puts(&params, "{\"message\":");
	buf_json_string(&params, buf_view(&message));
	buf_puts(&params, ",\"requestedSchema\":");
	put_choice(&params, request);
	buf_putc(&params, '}');
	ok = buf_check(&message, err) && buf_check(&params, err) &&
	    arena_reserve(arena, params.n, err);
	if (ok)
		*question = (struct question){ .method = MCP_ELICITATION_CREATE,
			.params = slice_dup(arena, buf_view(&params)),
			.server = S("bascule"),
			.revision = request->exchange->revision };
	buf_fini(&params);
	buf_fini(&message);
	return ok;
}

static bool
refused(const struct request *request, const char *why, struct err *err)
{
	const struct guard_verdict *verdict = request->verdict;

	return err_set(err, ERR_REFUSED, "refused by rule %.*s%s%.*s: %s", SLICE_FMT(verdict->rule),
	    verdict->reason.n > 0 ? ": " : "", SLICE_FMT(verdict->reason), why);
}

/* "once", "same", "any", "no"; SLICE_NONE: it is no answer to the question. */
static struct slice
decision_of(const struct answer *answer)
{
	struct slice action, content, decision;

	if (answer->is_error || json_type(answer->body) != JSON_OBJECT ||
	    !json_find(answer->body, S("action"), &action))
		return SLICE_NONE;
	if (!slice_eq(action, S("\"accept\"")))
		return S("\"no\"");
	if (!json_find(answer->body, S("content"), &content) || json_type(content) != JSON_OBJECT ||
	    !json_find(content, S("decision"), &decision))
		return SLICE_NONE;
	return decision;
}

static bool
decided(struct request *request, const struct answer *answer, struct err *err)
{
	struct passage *passage = request->exchange->gateway_data;
	struct slice decision = decision_of(answer);
	struct approval approval = { .window = request->subject->window,
		.until_ms = now_ms(request->approvals) + request->remember_ms };

	if (decision.p == NULL)
		return refused(request, "the answer of the client says no decision", err);
	memcpy(approval.what, request->what, sizeof(approval.what));
	memcpy(approval.with, request->with, sizeof(approval.with));
	if (slice_eq(decision, S("\"once\""))) {
		/* Should the server ask something, the client comes again with the same call. */
		approval.scope = SCOPE_ROUND;
		passage->approval = ARENA_NEW(&request->exchange->arena, struct approval);
		*passage->approval = approval;
		return true;
	}
	if (request->remember_ms == 0 || request->subject->window == 0)
		return refused(request, "the user said no", err);
	if (slice_eq(decision, S("\"same\"")))
		approval.scope = SCOPE_SAME;
	else if (slice_eq(decision, S("\"any\"")))
		approval.scope = SCOPE_ANY;
	else
		return refused(request, "the user said no", err);
	remember(request->approvals, &approval);
	return true;
}

void
approval_continue(struct exchange *exchange)
{
	struct passage *passage = exchange->gateway_data;
	struct approval *approval = passage->approval;

	if (approval == NULL)
		return;
	approval->until_ms =
	    loop_now_ms(exchange->loop) + passage->gateway->settings->config->limit_ask_ms;
	remember(passage->hub->approvals, approval);
}

static bool
ask_wait(struct request *request, struct err *err)
{
	struct exchange *exchange = request->exchange;
	struct answer answer = { 0 };
	struct question question;
	struct err why = { 0 };

	if (!question_make(request, &question, err))
		return false;
	if (!question_is_possible(&question, exchange->revision, &exchange->can))
		return refused(request,
		    "it needs the consent of the user, whom this client cannot ask (it does not "
		    "offer elicitation)",
		    err);
	log_event(loop_log(exchange->loop), LOG_INFO, "approval_asked",
	    "Request #%llu waits for the consent of the user: rule %.*s",
	    (unsigned long long)exchange->number, SLICE_FMT(request->verdict->rule));
	if (!exchange_ask_wait(exchange, &question, &answer, &why)) {
		if (why.kind == ERR_DEADLINE)
			return refused(request, "nobody has answered (limits.ask)", err);
		*err = why;
		return false;
	}
	return decided(request, &answer, err);
}

bool
approval_wait(struct exchange *exchange, const struct guard_subject *subject,
    const struct guard_verdict *verdict, struct err *err)
{
	struct passage *passage = exchange->gateway_data;
	struct request request = { .exchange = exchange,
		.approvals = passage->hub->approvals,
		.subject = subject,
		.verdict = verdict,
		.arguments = verdict->text.n > 0 ? buf_view(&verdict->text) : subject->arguments,
		.remember_ms = passage->gateway->settings->config->guard.remember_ms };
	struct arena arena;
	struct buf spelled;
	bool ok;

	arena_init(&arena, loop_memory(exchange->loop), 32 * CANONICAL_MAX);
	buf_init(&spelled, loop_memory(exchange->loop), 8 * CANONICAL_MAX);
	digest_what(&request);
	arguments_spell(&request, &arena, &spelled);
	ok = was_approved(&request) || ask_wait(&request, err);
	buf_fini(&spelled);
	arena_fini(&arena);
	if (ok)
		log_event(loop_log(exchange->loop), LOG_INFO, "approval_given",
		    "Request #%llu has the consent of the user: rule %.*s",
		    (unsigned long long)exchange->number, SLICE_FMT(verdict->rule));
	else
		log_event(loop_log(exchange->loop), LOG_INFO, "approval_refused",
		    "Request #%llu has no consent of the user: rule %.*s",
		    (unsigned long long)exchange->number, SLICE_FMT(verdict->rule));
	return ok;
}
