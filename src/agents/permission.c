/*
 * A program asks whether it may.  Whoever waits for its run is asked, by a form that shows what it
 * wants to do, literally; a client that holds the run as a task finds the question in it.  Where
 * nobody can be asked the answer is no, at once: nothing hangs.
 */
#include <stdio.h>
#include <string.h>

#include "agents/supervisor.h"

#define SHOWN_BYTES   (16 * KIB) /* of the arguments, in the form */
#define MESSAGE_BYTES (256 * KIB)
#define ASK_BYTES     (512 * KIB) /* of one request */
#define LINE_BYTES    256

/* ---- answers --------------------------------------------------------------------------------- */

/* No, for this time if it can be said; SIZE_MAX: cancelled. */
static size_t
choice_no(const struct dialogue_choice *choices, size_t n)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < n; i++) {
		if (choices[i].allows)
			continue;
		if (!choices[i].is_lasting)
			return i;
		if (found == SIZE_MAX)
			found = i;
	}
	return found;
}

static void
ask_free(struct run_ask *ask)
{
	struct run *run = ask->run;
	struct run_ask **at = &run->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	run->asks_n--;
	timer_stop(run->agents->loop, &ask->timer);
	arena_fini(&ask->arena);
	mem_free(ask);
}

static void
note(struct run *run, struct slice title, const char *what, struct slice more)
{
	struct buf text;

	buf_init(&text, NULL, KIB);
	buf_puts(&text, "permission: ");
	title.n = utf8_cut(title, LINE_BYTES);
	buf_put(&text, title);
	buf_puts(&text, what);
	more.n = utf8_cut(more, LINE_BYTES);
	buf_put(&text, more);
	run_event_add(run, buf_view(&text));
	log_event(run->agents->log, LOG_INFO, "run_permission", "run %s: %.*s", run->id,
	    SLICE_FMT(buf_view(&text)));
	buf_fini(&text);
}

/* The answer goes to the program; the ask is gone after it. */
static void
answer(struct run_ask *ask, size_t choice, const char *who)
{
	struct run *run = ask->run;
	uint64_t number = ask->number;

	note(run, ask->title, who,
	    choice < ask->choices_n ? ask->choices[choice].name : S("cancelled"));
	ask_free(ask);
	if (run->job != NULL)
		job_answer(run->job, number, choice);
	run_changed(run);
}

static void
refuse(struct run_ask *ask, const char *why)
{
	answer(ask, choice_no(ask->choices, ask->choices_n), why);
}

static void
nobody_came(struct timer *timer)
{
	refuse(CONTAINER(timer, struct run_ask, timer), ": nobody answered in time: ");
}

void
permissions_drop(struct run *run)
{
	while (run->asks != NULL)
		ask_free(run->asks);
}

bool
permission_is_open(const struct run *run)
{
	return run->asks != NULL;
}

/* ---- the question ---------------------------------------------------------------------------- */

static void
put_detail(const struct run_ask *ask, struct buf *message)
{
	struct slice shown = ask->detail;

	if (shown.n == 0)
		return;
	shown.n = utf8_cut(shown, SHOWN_BYTES);
	buf_puts(message, "\nArguments:\n");
	approval_put_shown(message, shown);
	if (shown.n < ask->detail.n)
		buf_printf(message, "\n... %zu more bytes are not shown", ask->detail.n - shown.n);
}

/* Choices by their place: what they are called is the program's, and may be anything. */
static void
question_put(const struct run_ask *ask, struct buf *out)
{
	const struct run *run = ask->run;
	struct buf message, name;

	buf_init(&message, NULL, MESSAGE_BYTES);
	buf_printf(&message, "May this be done? It waits for your answer.\nRun: %s (", run->id);
	approval_put_shown(&message, run->runner);
	buf_puts(&message, ")\nIt wants to: ");
	approval_put_shown(&message, (struct slice){ ask->title.p, utf8_cut(ask->title, KIB) });
	put_detail(ask, &message);
	buf_puts(out, "{\"message\":");
	buf_json_string(out, buf_view(&message));
	buf_fini(&message);
	buf_puts(out,
	    ",\"requestedSchema\":{\"type\":\"object\",\"properties\":{\"decision\":"
	    "{\"type\":\"string\",\"title\":\"Decision\",\"enum\":[");
	for (size_t i = 0; i < ask->choices_n; i++)
		buf_printf(out, "%s\"choice%zu\"", i > 0 ? "," : "", i + 1);
	buf_puts(out, "],\"enumNames\":[");
	for (size_t i = 0; i < ask->choices_n; i++) {
		buf_init(&name, NULL, 8 * KIB);
		approval_put_shown(&name,
		    (struct slice){
			ask->choices[i].name.p, utf8_cut(ask->choices[i].name, LINE_BYTES) });
		buf_puts(out, i > 0 ? "," : "");
		buf_json_string(out, buf_view(&name));
		buf_fini(&name);
	}
	buf_puts(out, "]}},\"required\":[\"decision\"]}}");
}

/* {"action":"accept","content":{"decision":"choice1"}}; SIZE_MAX: cancelled. */
static size_t
choice_read(const struct run_ask *ask, struct slice body)
{
	struct slice action, content, decision;
	char text[32];

	if (json_type(body) != JSON_OBJECT || !json_find(body, S("action"), &action) ||
	    slice_eq(action, S("\"cancel\"")))
		return SIZE_MAX;
	if (slice_eq(action, S("\"accept\"")) && json_find(body, S("content"), &content) &&
	    json_type(content) == JSON_OBJECT && json_find(content, S("decision"), &decision)) {
		for (size_t i = 0; i < ask->choices_n; i++) {
			snprintf(text, sizeof(text), "\"choice%zu\"", i + 1);
			if (slice_eq(decision, slice_of(text)))
				return i;
		}
	}
	return choice_no(ask->choices, ask->choices_n);
}

/* ---- through who waits ----------------------------------------------------------------------- */

bool
permission_can_be_asked(const struct exchange *exchange)
{
	struct question form = {
		.method = MCP_ELICITATION_CREATE, .params = S("{}"), .revision = exchange->revision
	};

	return !exchange->is_cancelled &&
	    question_is_possible(&form, exchange->revision, &exchange->can);
}

static struct run_ask *
ask_find(const struct run *run, uint64_t place)
{
	struct run_ask *ask = run->asks;

	while (ask != NULL && ask->place != place)
		ask = ask->next;
	return ask;
}

struct asking {
	struct watcher *watcher;
	uint64_t place;
};

static void
ask_story(void *arg)
{
	struct asking *asking = arg;
	struct watcher *watcher = asking->watcher;
	struct exchange *exchange = watcher->exchange;
	struct run_ask *ask = ask_find(watcher->run, asking->place);
	struct question question = { .method = MCP_ELICITATION_CREATE,
		.server = S("bascule"),
		.revision = exchange->revision };
	struct answer said;
	struct err err = { 0 };
	struct buf params;
	bool ok;

	if (ask == NULL) {
		mem_free(asking);
		return;
	}
	buf_init(&params, NULL, 8 * MESSAGE_BYTES);
	question_put(ask, &params);
	question.params = buf_view(&params);
	ok = !params.overflow && exchange_ask_wait(exchange, &question, &said, &err);
	/* It may have been answered, or the run be over. */
	ask = ask_find(watcher->run, asking->place);
	if (ask != NULL)
		ask->is_asking = false;
	if (ask != NULL && ok)
		answer(ask, choice_read(ask, said.body), ": the client says: ");
	else if (ask != NULL && err.kind != ERR_CANCELLED)
		refuse(ask, ": the client could not be asked: ");
	buf_fini(&params);
	mem_free(asking);
	task_wake(watcher->task);
}

void
permission_offer(struct watcher *watcher)
{
	struct run_ask *ask = watcher->run->asks;
	struct asking *asking;
	struct err err;

	while (ask != NULL && ask->is_asking)
		ask = ask->next;
	if (ask == NULL || watcher->asking.running > 0 ||
	    !permission_can_be_asked(watcher->exchange))
		return;
	asking = MEM_NEW(struct asking);
	*asking = (struct asking){ watcher, ask->place };
	ask->is_asking = true;
	if (group_spawn(
		watcher->exchange->loop, &watcher->asking, "permission", ask_story, asking, &err))
		return;
	mem_free(asking);
	refuse(ask, ": there is no room to ask: ");
}

/* Is there anybody who may still answer? */
static bool
has_somebody(const struct run *run)
{
	for (const struct watcher *w = run->watchers; w != NULL; w = w->next) {
		if (permission_can_be_asked(w->exchange))
			return true;
	}
	return run->heirs > 0 || (run->is_task && run->can_task_answer);
}

void
permission_watcher_gone(struct run *run)
{
	struct run_ask *next;

	if (run_is_over(run) || has_somebody(run))
		return;
	for (struct run_ask *ask = run->asks; ask != NULL; ask = next) {
		next = ask->next;
		if (!ask->is_asking)
			refuse(ask, ": nobody is there to be asked: ");
	}
}

/* ---- through its task ------------------------------------------------------------------------ */

void
permissions_put(const struct run *run, struct buf *out)
{
	const char *between = "";

	buf_putc(out, '{');
	for (const struct run_ask *ask = run->asks; ask != NULL; ask = ask->next) {
		if (ask->is_asking)
			continue;
		buf_printf(out,
		    "%s\"p%llu\":{\"method\":\"elicitation/create\",\"params\":", between,
		    (unsigned long long)ask->place);
		question_put(ask, out);
		buf_putc(out, '}');
		between = ",";
	}
	buf_putc(out, '}');
}

/* What is not asked any more is no fault of who answers (2026-07-28, tasks). */
void
permissions_answer(struct run *run, struct slice responses)
{
	struct run_ask *next;
	struct slice value;
	char key[24];

	for (struct run_ask *ask = run->asks; ask != NULL; ask = next) {
		next = ask->next;
		snprintf(key, sizeof(key), "p%llu", (unsigned long long)ask->place);
		if (json_find(responses, slice_of(key), &value))
			answer(ask, choice_read(ask, value), ": the client says: ");
	}
}

/* ---- it asks --------------------------------------------------------------------------------- */

static struct run_ask *
ask_new(struct run *run, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t n)
{
	struct run_ask *ask = MEM_NEW(struct run_ask), **end = &run->asks;
	size_t bytes = title.n + detail.n + n * sizeof(*choices);
	struct err err;

	for (size_t i = 0; i < n; i++)
		bytes += choices[i].name.n;
	ask->run = run;
	arena_init(&ask->arena, loop_memory(run->agents->loop), ASK_BYTES);
	if (!arena_reserve(&ask->arena, bytes + KIB, &err)) {
		arena_fini(&ask->arena);
		mem_free(ask);
		return NULL;
	}
	ask->number = number;
	ask->place = ++run->asks_ever;
	ask->title = slice_dup(&ask->arena, title);
	ask->detail = detail.n > 0 ? slice_dup(&ask->arena, detail) : SLICE_NONE;
	ask->choices = ARENA_ARRAY(&ask->arena, struct dialogue_choice, n + 1);
	ask->choices_n = n;
	for (size_t i = 0; i < n; i++) {
		ask->choices[i] = choices[i];
		ask->choices[i].id = SLICE_NONE;
		ask->choices[i].name = slice_dup(&ask->arena, choices[i].name);
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = ask;
	run->asks_n++;
	return ask;
}

void
permission_asked(void *owner, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t choices_n)
{
	struct run *run = owner;
	struct loop *loop = run->agents->loop;
	bool is_heard = has_somebody(run) && run->asks_n < RUN_ASKS_MAX && choices_n > 0;
	struct run_ask *ask =
	    is_heard ? ask_new(run, number, title, detail, choices, choices_n) : NULL;
	size_t no = choice_no(choices, choices_n);

	if (ask == NULL) {
		note(run, title,
		    is_heard ? ": it is too long to be asked: " : ": nobody is there to be asked: ",
		    no < choices_n ? choices[no].name : S("cancelled"));
		job_answer(run->job, number, no);
		return;
	}
	note(run, title, " is asked", S(""));
	timer_start(loop, &ask->timer, loop_now_ms(loop) + run->settings->config->limit_ask_ms,
	    nobody_came);
	run_changed(run);
}
