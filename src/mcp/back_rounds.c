/*
 * Questions in a result (2026-07-28, multi round-trip requests), for a client that knows them as
 * requests: each is put to it, all of a round at the same time, then the call is made once more
 * with the answers and the upstream's state, until the upstream is content.  A modern client gets
 * the questions as they are.
 *
 * An upstream may ask for ever: rounds, questions, bytes and time are bounded.  A client that is
 * sent to a page (elicitation by URL) says only that it goes there; that it is done is found out by
 * asking the upstream again, later each time, and the client is not asked twice about one page.
 *
 * What else a result or an error may mean to the back is decided here too: kinds of results that
 * nobody knows, and complaints about headers, which are ours to mend.
 */
#include <stdio.h>
#include <string.h>

#include "mcp/back.h"

#define ROUNDS_MAX    16   /* in which the client was asked something */
#define POLLS_MAX     1000 /* in which it was not */
#define QUESTIONS_MAX 32   /* of one round */
#define PAGES_MAX     64   /* URLs that the client went to, of one call */
#define STATE_BYTES   (64 * KIB)
#define POLL_MS	      100 /* before the second of such rounds, then twice as long each time */
#define POLL_MAX_MS   5000
#define RELIST_PAGES  100

#define CODE_HEADER	(-32020)
#define CODE_CAPABILITY (-32021)
#define CODE_VERSION	(-32022)

/* A page that the client agreed to go to. */
struct page {
	uint64_t url; /* hash */
	char id[40];  /* elicitationId, as a JSON string; "": none was made */
};

struct rounds {
	struct back *back;
	struct call *call;
	unsigned asked, polled, waited;
	uint64_t waits_until_ms; /* for pages; 0: not yet */
	bool has_listed;	 /* tools, because of a header */
	struct page *pages;	 /* room for PAGES_MAX with the first: few calls ask */
	size_t pages_n;
	struct buf answers;   /* inputResponses of the next request */
	struct buf kept;      /* requestState, likewise */
	struct buf listed;    /* the tool's definition that was read again */
	struct slice related; /* the client's id of the task that is asked about, raw */
};

/* One entry of inputRequests. */
struct input {
	struct rounds *rounds;
	struct slice key; /* raw, between its quotes */
	struct question question;
	struct slice url; /* raw; SLICE_NONE: no page */
	char id[40];
	bool is_known; /* a page the client has gone to */
	struct arena arena;
	struct answer answer;
	struct err err;
	bool ok;
};

struct rounds *
rounds_new(struct back *back, struct call *call)
{
	struct rounds *rounds = MEM_NEW(struct rounds);

	rounds->back = back;
	rounds->call = call;
	buf_init(&rounds->answers, loop_memory(back->loop), back->spec.message_bytes);
	buf_init(&rounds->kept, NULL, STATE_BYTES);
	buf_init(&rounds->listed, loop_memory(back->loop), back->spec.message_bytes);
	return rounds;
}

void
rounds_free(struct rounds **at)
{
	struct rounds *rounds = *at;

	*at = NULL;
	buf_fini(&rounds->answers);
	buf_fini(&rounds->kept);
	buf_fini(&rounds->listed);
	mem_free(rounds->pages);
	mem_free(rounds);
}

static struct slice
result_member(const struct call *call, struct slice key)
{
	return json_scan_get(call->response.scan, S("result"), key);
}

/* The response is done with: the next one takes its place. */
static void
response_drop(struct call *call)
{
	arena_fini(&call->arena);
	buf_fini(&call->answer);
	call->response = (struct message){ .kind = MESSAGE_RESULT };
	call->was_sent = false;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static struct page *
page_find(struct rounds *rounds, struct slice url)
{
	uint64_t hash = hash_bytes(url, loop_seed(rounds->back->loop));

	for (size_t i = 0; i < rounds->pages_n; i++) {
		if (rounds->pages[i].url == hash)
			return &rounds->pages[i];
	}
	return NULL;
}

/* The client has agreed to go there. */
static void
page_note(struct rounds *rounds, const struct input *input)
{
	struct slice action;

	if (input->url.p == NULL || input->is_known || rounds->pages_n == PAGES_MAX ||
	    input->answer.is_error || json_type(input->answer.body) != JSON_OBJECT ||
	    !json_find(input->answer.body, S("action"), &action) ||
	    !slice_eq(action, S("\"accept\"")))
		return;
	if (rounds->pages == NULL)
		rounds->pages = mem_new(PAGES_MAX * sizeof(*rounds->pages));
	rounds->pages[rounds->pages_n].url = hash_bytes(input->url, loop_seed(rounds->back->loop));
	memcpy(rounds->pages[rounds->pages_n++].id, input->id, sizeof(input->id));
}

/* Clients of 2025-11-25 know a question about a page by an id, and are told when it is done. */
static bool
page_name(struct input *input, struct err *err)
{
	struct slice params = input->question.params;
	unsigned char random[16];
	size_t n = 0;
	char *text;

	loop_random(input->rounds->back->loop, random, sizeof(random));
	input->id[n++] = '"';
	hex_put(random, sizeof(random), input->id + n);
	n += 2 * sizeof(random);
	input->id[n++] = '"';
	if (!arena_reserve(&input->arena, params.n + 80, err))
		return false;
	text = arena_bytes(&input->arena, params.n + 80);
	n = (size_t)snprintf(text, 80, "{\"elicitationId\":%s,", input->id);
	memcpy(text + n, params.p + 1, params.n - 1);
	input->question.params = (struct slice){ text, n + params.n - 1 };
	return true;
}

/* Of which task the question is (2025-11-25, "Associating messages with tasks"). */
static bool
input_relate(struct input *input, struct slice id, struct err *err)
{
	static const char key[] = "\"" MCP_META "related-task\":{\"taskId\":";
	struct slice params = input->question.params, meta, at;
	bool has_meta = json_find(params, S("_meta"), &meta) && json_type(meta) == JSON_OBJECT, ok;
	struct buf text;

	at = has_meta ? meta : params;
	buf_init(&text, NULL, 2 * SLICE_OF_WORK_BYTES);
	buf_put(&text, (struct slice){ params.p, (size_t)(at.p + 1 - params.p) });
	buf_printf(&text, "%s%s", has_meta ? "" : "\"_meta\":{", key);
	buf_put(&text, id);
	buf_puts(&text, has_meta ? "}" : "}}");
	buf_puts(&text, slice_trim((struct slice){ at.p + 1, at.n - 2 }).n > 0 ? "," : "");
	buf_put(&text, (struct slice){ at.p + 1, (size_t)(params.p + params.n - (at.p + 1)) });
	ok = buf_check(&text, err) && arena_reserve(&input->arena, text.n, err);
	if (ok)
		input->question.params = slice_dup(&input->arena, buf_view(&text));
	buf_fini(&text);
	return ok;
}

/* What was asked about pages is over. */
static void
pages_done(struct rounds *rounds)
{
	struct call *call = rounds->call;
	char params[80];

	for (size_t i = 0; i < rounds->pages_n; i++) {
		struct tell tell = { .method = MCP_ELICITATION_COMPLETE,
			.server = rounds->back->spec.server };
		int n;

		if (rounds->pages[i].id[0] == '\0' ||
		    !mcp_method_known(MCP_ELICITATION_COMPLETE, call->exchange->revision))
			continue;
		n = snprintf(params, sizeof(params), "{\"elicitationId\":%s}", rounds->pages[i].id);
		tell.params = (struct slice){ params, (size_t)n };
		exchange_tell(call->exchange, &tell);
	}
}

/* ---- one round ------------------------------------------------------------------------------- */

/* What stands for an answer that did not come; false: it cannot be done without. */
static bool
answer_make_do(struct input *input, struct err *err)
{
	struct answer *answer = &input->answer;
	struct slice said = SLICE_NONE;

	if (input->ok && !answer->is_error && json_type(answer->body) == JSON_OBJECT)
		return true;
	if (input->question.method == MCP_ELICITATION_CREATE &&
	    (input->ok || input->err.kind == ERR_DEADLINE || input->err.kind == ERR_REFUSED)) {
		*answer = (struct answer){ false,
			input->err.kind == ERR_REFUSED ? S("{\"action\":\"decline\"}")
						       : S("{\"action\":\"cancel\"}") };
		return true;
	}
	if (!input->ok) {
		*err = input->err;
		return false;
	}
	if (json_type(answer->body) == JSON_OBJECT)
		(void)json_find(answer->body, S("message"), &said);
	return err_set(err, ERR_REQUEST,
	    "asks with %s, and the client answered with an error: %.*s",
	    mcp_method_row(input->question.method)->name, (int)(said.n > 120 ? 120 : said.n),
	    said.p != NULL ? said.p : "");
}

static void
input_run(void *arg)
{
	struct input *input = arg;

	input->ok = exchange_ask_wait(
	    input->rounds->call->exchange, &input->question, &input->answer, &input->err);
}

/* Reads one entry; false: it makes no sense. */
static bool
input_read(struct rounds *rounds, struct input *input, struct slice key, struct slice value,
    struct err *err)
{
	struct slice method, params = S("{}"), mode;

	input->rounds = rounds;
	input->key = key;
	if (json_type(value) != JSON_OBJECT || !json_find(value, S("method"), &method) ||
	    json_type(method) != JSON_STRING)
		return err_set(err, ERR_UNAVAILABLE, "asks without a method");
	method = (struct slice){ method.p + 1, method.n - 2 };
	if (json_find(value, S("params"), &params) && json_type(params) != JSON_OBJECT)
		return err_set(err, ERR_UNAVAILABLE, "asks with params that are no object");
	input->question.revision = input->rounds->back->revision;
	input->question.method = mcp_method_find(method);
	if (input->question.method != MCP_ELICITATION_CREATE &&
	    input->question.method != MCP_SAMPLING_CREATE &&
	    input->question.method != MCP_ROOTS_LIST)
		return err_set(err, ERR_UNAVAILABLE, "asks with \"%.*s\", which is no question",
		    (int)(method.n > 64 ? 64 : method.n), method.p);
	input->question.params = params;
	input->question.server = rounds->back->spec.server;
	if (rounds->related.p != NULL && !input_relate(input, rounds->related, err))
		return false;
	params = input->question.params;
	if (input->question.method != MCP_ELICITATION_CREATE ||
	    !json_find(params, S("mode"), &mode) || !slice_eq(mode, S("\"url\"")))
		return true;
	if (!json_find(params, S("url"), &input->url))
		return err_set(err, ERR_UNAVAILABLE, "asks for a page without its url");
	input->is_known = page_find(rounds, input->url) != NULL;
	return input->is_known || page_name(input, err);
}

static bool
inputs_read(struct rounds *rounds, struct input *inputs, struct slice requests, size_t *n,
    size_t *fresh, struct err *err)
{
	struct slice key, value;
	struct json_iter iter;

	*n = *fresh = 0;
	json_iter_init(&iter, requests);
	while (json_iter_next(&iter, &key, &value)) {
		if (*n == QUESTIONS_MAX)
			return err_set(err, ERR_UNAVAILABLE, "asks more than %d questions at once",
			    QUESTIONS_MAX);
		/* Counted at once: its arena is the caller's to free. */
		if (!input_read(rounds, &inputs[(*n)++], key, value, err))
			return false;
		*fresh += !inputs[*n - 1].is_known;
	}
	return true;
}

static bool
inputs_ask_wait(struct rounds *rounds, struct input *inputs, size_t n, struct err *err)
{
	struct loop *loop = rounds->back->loop;
	struct group group = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		if (inputs[i].is_known) {
			inputs[i].ok = true;
			inputs[i].answer = (struct answer){ false, S("{\"action\":\"accept\"}") };
			continue;
		}
		question_fit(
		    &inputs[i].arena, &inputs[i].question, rounds->call->exchange->revision);
		ok = group_spawn(loop, &group, "ask", input_run, &inputs[i], err);
	}
	if (!ok) {
		group_cancel(&group, ERR_CANCELLED);
		group_drain(loop, &group);
		return false;
	}
	return group_wait(loop, &group, err);
}

static bool
answers_put(struct rounds *rounds, struct input *inputs, size_t n, struct err *err)
{
	buf_clear(&rounds->answers);
	buf_putc(&rounds->answers, '{');
	for (size_t i = 0; i < n; i++) {
		if (!answer_make_do(&inputs[i], err))
			return false;
		page_note(rounds, &inputs[i]);
		buf_puts(&rounds->answers, i > 0 ? ",\"" : "\"");
		buf_put(&rounds->answers, inputs[i].key);
		buf_puts(&rounds->answers, "\":");
		buf_put(&rounds->answers, inputs[i].answer.body);
	}
	buf_putc(&rounds->answers, '}');
	return buf_check(&rounds->answers, err);
}

/* Nothing new is asked: a moment, the longer the more often. */
static bool
poll_wait(struct rounds *rounds, bool for_pages, struct err *err)
{
	struct loop *loop = rounds->back->loop;
	unsigned n = for_pages ? rounds->waited++ : rounds->polled;
	uint64_t ms = n == 0 && !for_pages ? 0 : POLL_MS, now = loop_now_ms(loop);
	bool ok;

	for (unsigned i = 1; i < n && ms < POLL_MAX_MS; i++)
		ms *= 2;
	if (rounds->polled++ >= POLLS_MAX)
		return err_set(err, ERR_UNAVAILABLE, "put the call off %d times", POLLS_MAX);
	if (!for_pages)
		return task_sleep_wait(loop, ms > POLL_MAX_MS ? POLL_MAX_MS : ms, err);
	if (rounds->waits_until_ms == 0)
		rounds->waits_until_ms = now + rounds->back->spec.ask_ms;
	if (now >= rounds->waits_until_ms)
		return err_set(err, ERR_DEADLINE,
		    "still waits for the page that the client was sent to (limits.ask)");
	/* A person is at it. */
	task_clock_stop(task_self(loop));
	ok = task_sleep_wait(loop, ms > POLL_MAX_MS ? POLL_MAX_MS : ms, err);
	task_clock_start(task_self(loop));
	return ok;
}

static bool
questions_wait(struct rounds *rounds, struct slice requests, struct err *err)
{
	struct input *inputs;
	size_t n = 0, fresh = 0;
	bool ok;

	inputs = mem_new(QUESTIONS_MAX * sizeof(*inputs));
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		arena_init(&inputs[i].arena, loop_memory(rounds->back->loop), 4 * MIB);
	ok = inputs_read(rounds, inputs, requests, &n, &fresh, err);
	if (ok && fresh > 0 && rounds->asked++ >= ROUNDS_MAX)
		ok = err_set(err, ERR_UNAVAILABLE, "still asks after %d rounds", ROUNDS_MAX);
	if (ok && fresh == 0)
		ok = poll_wait(rounds, n > 0, err);
	ok = ok && inputs_ask_wait(rounds, inputs, n, err) && answers_put(rounds, inputs, n, err);
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		arena_fini(&inputs[i].arena);
	mem_free(inputs);
	return ok;
}

bool
rounds_ask_wait(struct rounds *rounds, struct slice requests, struct slice related,
    struct slice *answers, struct err *err)
{
	rounds->related = related;
	if (!questions_wait(rounds, requests, err))
		return false;
	*answers = buf_view(&rounds->answers);
	return true;
}

/* Is it a question at all? */
static bool
round_check(const struct call *call, struct err *err)
{
	struct slice requests = result_member(call, S("inputRequests"));
	struct slice state = result_member(call, S("requestState"));
	bool has_state = json_type(state) == JSON_STRING;

	if (state.p != NULL && !has_state && json_type(state) != JSON_NULL)
		return err_set(err, ERR_UNAVAILABLE, "asks with a requestState that is no string");
	if (has_state && state.n > STATE_BYTES)
		return err_set(err, ERR_UNAVAILABLE,
		    "asks with a requestState of %zu bytes (at most %zu)", state.n, STATE_BYTES);
	if (call->response.body.n > SLICE_OF_WORK_BYTES)
		return err_set(err, ERR_UNAVAILABLE, "asks in %zu bytes (at most %zu)",
		    call->response.body.n, SLICE_OF_WORK_BYTES);
	if (json_type(requests) != JSON_OBJECT && (requests.p != NULL || !has_state))
		return err_set(
		    err, ERR_UNAVAILABLE, "asks for input without inputRequests or a requestState");
	return true;
}

/* What goes to a modern client as it is: nothing that it did not declare. */
static bool
questions_check(struct rounds *rounds, struct err *err)
{
	const struct exchange *exchange = rounds->call->exchange;
	struct slice requests = result_member(rounds->call, S("inputRequests"));
	struct slice key, value;
	struct json_iter iter;
	bool ok = true;

	json_iter_init(&iter, requests.p != NULL ? requests : S("{}"));
	while (ok && json_iter_next(&iter, &key, &value)) {
		struct input input = { .key = key };

		arena_init(&input.arena, loop_memory(rounds->back->loop), 4 * MIB);
		ok = input_read(rounds, &input, key, value, err);
		if (ok &&
		    !question_is_possible(&input.question, exchange->revision, &exchange->can))
			ok = err_set(err, ERR_UNAVAILABLE,
			    "asks with %s, which the client did not declare",
			    mcp_method_row(input.question.method)->name);
		arena_fini(&input.arena);
	}
	return ok;
}

/* The result asks; the client is asked, and the next request made ready. */
static bool
round_wait(struct rounds *rounds, struct err *err)
{
	struct call *call = rounds->call;
	struct slice requests = result_member(call, S("inputRequests"));
	struct slice state = result_member(call, S("requestState"));
	bool has_state = json_type(state) == JSON_STRING;

	if (!questions_wait(rounds, requests.p != NULL ? requests : S("{}"), err))
		return false;
	buf_clear(&rounds->kept);
	if (has_state)
		buf_put(&rounds->kept, state);
	if (!buf_check(&rounds->kept, err))
		return false;
	call->modern->responses = rounds->answers.n > 2 ? buf_view(&rounds->answers) : SLICE_NONE;
	call->modern->state = has_state ? buf_view(&rounds->kept) : SLICE_NONE;
	response_drop(call);
	return true;
}

/* ---- complaints about our headers ------------------------------------------------------------ */

/* Is the tool of that name (raw) in the page?  Its definition is kept; *cursor: the next page. */
static bool
page_look(struct rounds *rounds, const struct call *page, struct slice name, struct buf *cursor)
{
	struct slice tools = result_member(page, S("tools"));
	struct slice next = result_member(page, S("nextCursor"));
	struct slice key, one, named;
	struct json_iter iter;

	buf_clear(cursor);
	if (json_type(next) == JSON_STRING && next.n > 2 && next.n <= STATE_BYTES)
		buf_put(cursor, next);
	if (json_type(tools) != JSON_ARRAY)
		return false;
	json_iter_init(&iter, tools);
	while (json_iter_next(&iter, &key, &one)) {
		if (json_type(one) != JSON_OBJECT || !json_find(one, S("name"), &named) ||
		    !slice_eq(named, name))
			continue;
		buf_clear(&rounds->listed);
		buf_put(&rounds->listed, one);
		return true;
	}
	return false;
}

/* The definition of the tool that is called, as the upstream lists it now. */
static bool
relist_wait(struct rounds *rounds, struct slice name, struct err *err)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct buf text, cursor;
	bool ok = true, is_found = false;

	buf_init(&text, NULL, 2 * STATE_BYTES);
	buf_init(&cursor, NULL, 2 * STATE_BYTES);
	for (unsigned i = 0; ok && !is_found && i < RELIST_PAGES; i++) {
		struct call page;

		if (i > 0 && cursor.n == 0)
			break;
		buf_clear(&text);
		buf_printf(&text, "%s0,\"method\":\"tools/list\",\"params\":{", head);
		if (cursor.n > 0)
			buf_printf(&text, "\"cursor\":%.*s", SLICE_FMT(buf_view(&cursor)));
		buf_puts(&text, "}}");
		call_init(&page);
		page.text = buf_view(&text);
		page.id = (struct slice){ page.text.p + sizeof(head) - 1, 1 };
		page.may_repeat = true;
		ok = buf_check(&text, err) && back_call_wait(rounds->back, &page, err);
		is_found = ok && page.response.kind == MESSAGE_RESULT &&
		    page_look(rounds, &page, name, &cursor);
		call_fini(&page);
	}
	buf_fini(&text);
	buf_fini(&cursor);
	return ok && is_found && buf_check(&rounds->listed, err);
}

/* The name of the tool as the upstream knows it, raw. */
static struct slice
tool_name(const struct call *call)
{
	const struct message *request = &call->exchange->request;

	for (size_t i = 0; i < call->edits_n; i++) {
		if (call->edits[i].at.p == request->name.p)
			return call->edits[i].with;
	}
	return request->name;
}

static bool
has_code(const struct message *error, int64_t wanted)
{
	struct slice token;
	int64_t code;

	return error->kind == MESSAGE_ERROR && json_find(error->body, S("code"), &token) &&
	    json_int(token, &code) && code == wanted;
}

static struct slice
error_text(const struct message *error)
{
	struct slice text;

	if (!json_find(error->body, S("message"), &text) || json_type(text) != JSON_STRING)
		return S("no reason");
	return (struct slice){ text.p, text.n > 150 ? 150 : text.n };
}

/*
 * The headers repeat what a definition says that has changed (2026-07-28, Streamable HTTP): the
 * list is read again, and the call repeated once.
 */
static bool
header_fault_wait(struct rounds *rounds, bool *again, struct err *err)
{
	struct call *call = rounds->call;

	if (!rounds->has_listed && call->exchange != NULL &&
	    call->exchange->request.method == MCP_TOOLS_CALL && rounds->back->ops->has_streams) {
		rounds->has_listed = true;
		rounds->back->events->list_changed(rounds->back->owner, MCP_TOOLS_CHANGED);
		if (relist_wait(rounds, tool_name(call), err)) {
			call->definition = buf_view(&rounds->listed);
			response_drop(call);
			*again = true;
			return true;
		}
		if (task_cut(task_self(rounds->back->loop)) != ERR_NONE)
			return false;
	}
	return err_set(err, ERR_UNAVAILABLE, "does not take the headers of the call: %.*s",
	    SLICE_FMT(error_text(&call->response)));
}

/* Does the upstream do it as a task only? */
static bool
wants_tasks(const struct message *error)
{
	static const struct slice path[] = { S("data"), S("requiredCapabilities"), S("extensions"),
		S(MCP_TASKS_EXTENSION) };
	struct slice at = error->body;

	for (size_t i = 0; i < COUNT(path); i++) {
		if (json_type(at) != JSON_OBJECT || !json_find(at, path[i], &at))
			return false;
	}
	return true;
}

/* What the client lacks: a task that it does not know is waited for, so that may be asked for. */
static bool
capability_fault(struct rounds *rounds, bool *again, struct err *err)
{
	struct call *call = rounds->call;

	if (modern_is_request(call) && !call->modern->with_tasks &&
	    call->exchange->request.method == MCP_TOOLS_CALL &&
	    !exchange_takes_task(call->exchange) && wants_tasks(&call->response)) {
		call->modern->with_tasks = *again = true;
		response_drop(call);
		return true;
	}
	if (call->exchange == NULL || mcp_revision_is_modern(call->exchange->revision))
		return true;
	return err_set(err, ERR_REQUEST, "needs what the client does not offer: %.*s",
	    SLICE_FMT(error_text(&call->response)));
}

/* An error that is about how bascule asks, not about what. */
static bool
error_wait(struct rounds *rounds, bool *again, struct err *err)
{
	struct call *call = rounds->call;
	const struct message *error = &call->response;
	struct err why = { 0 };

	if (has_code(error, CODE_HEADER))
		return header_fault_wait(rounds, again, err);
	if (has_code(error, CODE_VERSION)) {
		err_set(&why, ERR_IO, "does not speak %s any more: %.*s",
		    mcp_revision_name(rounds->back->revision), SLICE_FMT(error_text(error)));
		back_session_lost(rounds->back, &why);
		call->was_sent = false;
		*err = why;
		err->kind = ERR_UNAVAILABLE;
		return false;
	}
	return !has_code(error, CODE_CAPABILITY) || capability_fault(rounds, again, err);
}

/* ---- after a response ------------------------------------------------------------------------ */

static bool
may_ask(enum mcp_method method)
{
	return method == MCP_TOOLS_CALL || method == MCP_PROMPTS_GET ||
	    method == MCP_RESOURCES_READ;
}

/* The upstream will be asked for the outcome later: by the client, or for it. */
static bool
task_begun(struct rounds *rounds, struct err *err)
{
	struct call *call = rounds->call;
	struct mcp_task task;

	if (!modern_is_request(call) || call->exchange->request.method != MCP_TOOLS_CALL)
		return err_set(err, ERR_UNAVAILABLE, "answers by a task where it may not");
	call->type = REPLY_TASK;
	return mcp_task_read(call->response.body, call->response.scan, &task, err);
}

bool
rounds_next_wait(struct rounds *rounds, bool *again, struct err *err)
{
	struct call *call = rounds->call;
	const struct exchange *exchange = call->exchange;
	struct slice type;

	*again = false;
	call->type = REPLY_COMPLETE;
	if (call->response.kind == MESSAGE_ERROR)
		return error_wait(rounds, again, err);
	type = result_member(call, S("resultType"));
	if (type.p == NULL || slice_eq(type, S("\"complete\""))) {
		pages_done(rounds);
		return true;
	}
	if (slice_eq(type, S("\"task\"")))
		return task_begun(rounds, err);
	if (!slice_eq(type, S("\"input_required\"")))
		return err_set(err, ERR_UNAVAILABLE, "sent a result of type %.*s, which is unknown",
		    (int)(type.n > 40 ? 40 : type.n), type.p);
	if (!modern_is_request(call) || !may_ask(exchange->request.method))
		return err_set(err, ERR_UNAVAILABLE, "asks for input where it may not");
	if (!round_check(call, err))
		return false;
	*again = !mcp_revision_is_modern(exchange->revision);
	if (*again)
		return round_wait(rounds, err);
	call->type = REPLY_INPUT_REQUIRED;
	return questions_check(rounds, err);
}
