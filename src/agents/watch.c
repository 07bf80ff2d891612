/*
 * Who waits for a run.  The request's own task parks here; what the run tells is told to its
 * client, at most five times a second, and something at least every 15 s, so that nobody's patience
 * ends while a run works.  What the run asks is asked of this client (permission.c).
 */
#include "agents/supervisor.h"

#define TELL_EVERY_MS  200
#define TELL_LEAST_MS  15000
#define PROGRESS_BYTES (8 * KIB)

/* ---- progress -------------------------------------------------------------------------------- */

static void
tell(struct watcher *watcher, struct slice message)
{
	static const char head[] = "{\"progressToken\":";
	struct tell told = { .method = MCP_PROGRESS };
	struct buf params;

	watcher->told_ms = loop_now_ms(watcher->exchange->loop);
	if (watcher->run->agents->provider != NULL)
		told.server = watcher->run->agents->provider->name;
	if (watcher->exchange->request.progress_token.p == NULL)
		return;
	buf_init(&params, NULL, PROGRESS_BYTES);
	buf_printf(&params, "%s0,\"progress\":%llu,\"message\":", head,
	    (unsigned long long)++watcher->told_n);
	buf_json_string(&params, message);
	buf_putc(&params, '}');
	told.params = buf_view(&params);
	/* The client's own token comes in the place of this one. */
	told.token = (struct slice){ params.p + sizeof(head) - 1, 1 };
	if (!params.overflow)
		exchange_tell(watcher->exchange, &told);
	buf_fini(&params);
}

static void
tell_alive(struct watcher *watcher)
{
	const struct run *run = watcher->run;
	struct buf text;

	buf_init(&text, NULL, KIB);
	if (run->state == RUN_QUEUED)
		buf_printf(
		    &text, "run %s waits, %u in the queue", run->id, run_queue_position(run));
	else
		buf_printf(&text, "run %s works, for %llu s now", run->id,
		    (unsigned long long)run_worked_ms(run) / 1000);
	tell(watcher, buf_view(&text));
	buf_fini(&text);
}

/* The newest line that it was not told yet. */
static void
tell_news(struct watcher *watcher)
{
	const struct run_event *last = watcher->run->events;

	watcher->has_news = false;
	while (last != NULL && last->next != NULL)
		last = last->next;
	if (last == NULL || last->number <= watcher->told)
		return;
	watcher->told = last->number;
	tell(watcher, (struct slice){ last->text, last->n });
}

/* When there is something to do for it, at the latest. */
static uint64_t
next_ms(const struct watcher *watcher, uint64_t until_ms)
{
	uint64_t at = watcher->told_ms + (watcher->has_news ? TELL_EVERY_MS : TELL_LEAST_MS);

	return at < until_ms ? at : until_ms;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void
watcher_add(struct watcher *watcher)
{
	struct run *run = watcher->run;

	watcher->next = run->watchers;
	run->watchers = watcher;
	run->holds++;
}

static void
watcher_take(struct watcher *watcher)
{
	struct run *run = watcher->run;
	struct watcher **at = &run->watchers;

	while (*at != watcher)
		at = &(*at)->next;
	*at = watcher->next;
	run->holds--;
	permission_watcher_gone(run);
}

static bool
watch_wait(struct watcher *watcher, uint64_t until_ms, struct err *err)
{
	struct loop *loop = watcher->exchange->loop;
	bool timed_out, ok = true;

	while (ok && !run_is_over(watcher->run)) {
		uint64_t now = loop_now_ms(loop);

		/* Who is asked is waited for. */
		if (now >= until_ms && watcher->asking.running == 0)
			break;
		if (watcher->has_news && now >= watcher->told_ms + TELL_EVERY_MS)
			tell_news(watcher);
		else if (now >= watcher->told_ms + TELL_LEAST_MS)
			tell_alive(watcher);
		permission_offer(watcher);
		ok = task_park_until_wait(loop,
		    next_ms(watcher, watcher->asking.running > 0 ? UINT64_MAX : until_ms),
		    &timed_out, err);
	}
	return ok;
}

bool
run_watch_wait(
    struct run *run, struct exchange *exchange, uint64_t until_ms, bool is_starter, struct err *err)
{
	struct watcher watcher = { .run = run,
		.exchange = exchange,
		.task = task_self(exchange->loop),
		.told_ms = loop_now_ms(exchange->loop),
		.told = run->events_ever,
		.is_starter = is_starter };
	bool ok;

	watcher_add(&watcher);
	ok = watch_wait(&watcher, until_ms, err);
	if (watcher.asking.running > 0) {
		group_cancel(&watcher.asking, ERR_CANCELLED);
		group_drain(exchange->loop, &watcher.asking);
	}
	watcher_take(&watcher);
	/* A client that left may come back for its run; one that says that it does not want the
	 * answer means the run. */
	if (!ok && is_starter && exchange->is_cancelled && !exchange->is_gone &&
	    run->watchers == NULL)
		run_cancel(run, "the request that started it was cancelled");
	return ok;
}

void
run_sync_wait(struct run *run)
{
	struct agents *agents = run->agents;
	uint64_t changes = run->changes;
	struct err err = { 0 };

	if (run->synced >= changes)
		return;
	/* Others may wait for the same: none of them answers before it is there. */
	if (!record_sync_wait(agents->record, &err) && run->synced < changes)
		log_event(agents->log, LOG_WARN, "run_unrecorded",
		    "run %s would not be known after a restart: %s", run->id, err.text);
	if (run->synced < changes)
		run->synced = changes;
}
