/*
 * subscriptions/listen (2026-07-28): what a modern upstream tells of its lists and of resources.
 * One stream for all that is wanted; when that changes, a new stream is opened, and the old one
 * closed once the new one is acknowledged, so that nothing is missed between.  A stream that breaks
 * is opened again with growing waits, and then the lists count as changed: what was told meanwhile
 * is not known.
 *
 * A keeper, a task, looks after the streams; each of them is a task that waits for its end.
 */
#include <string.h>

#include "mcp/back.h"

#define RETRY_MS     1000
#define RETRY_MAX_MS 30000
#define STEADY_MS    10000 /* a stream that lived this long starts the waits anew */
#define TEXT_BYTES   (8 * MIB)

/* The lists whose changes may be told: how the filter and the capabilities call them. */
static const struct {
	struct slice capability, filter;
	enum mcp_method changed;
} lists[] = {
	{ S("tools"), S("toolsListChanged"), MCP_TOOLS_CHANGED },
	{ S("prompts"), S("promptsListChanged"), MCP_PROMPTS_CHANGED },
	{ S("resources"), S("resourcesListChanged"), MCP_RESOURCES_CHANGED },
};

/* A resource, or a task by its id. */
struct listen_uri {
	struct slice uri; /* its own memory */
	bool is_task;
	bool is_granted;
};

struct listen_stream {
	struct back_listen *listen;
	struct call call;
	struct modern_part part;
	struct buf text;
	uint64_t generation, began_ms;
	struct task *task;
	struct group group;
	bool is_acked, is_over;
	bool is_refused; /* answered by an error: this filter is not worth a second attempt */
	struct err why;
};

struct back_listen {
	unsigned refs; /* of the back, and of who waits */
	struct back *back;
	struct group group; /* the keeper */
	struct task *keeper;
	bool is_ending;
	unsigned lists; /* bits */
	struct listen_uri *uris;
	size_t uris_n;
	uint64_t wanted, acked, failed; /* generations of what is wanted */
	struct err why;			/* failed */
	struct listen_stream *now, *next;
	uint64_t retry_ms;
	unsigned failures;
	bool has_gap;
	struct listen_waiter *waiters;
};

/* On the stack of its task. */
struct listen_waiter {
	struct listen_waiter *next;
	struct task *task;
};

static void
waiters_wake(struct back_listen *listen)
{
	for (struct listen_waiter *w = listen->waiters; w != NULL; w = w->next)
		task_wake(w->task);
}

static void
uris_free(struct back_listen *listen)
{
	for (size_t i = 0; i < listen->uris_n; i++)
		mem_free((void *)listen->uris[i].uri.p);
	mem_free(listen->uris);
	listen->uris = NULL;
	listen->uris_n = 0;
}

/* ---- one stream ------------------------------------------------------------------------------ */

/* How the filter calls them. */
static struct slice
filter_of(bool is_task)
{
	return is_task ? S("taskIds") : S("resourceSubscriptions");
}

/* Those of one kind; false: there is none. */
static bool
uris_put(const struct back_listen *listen, bool is_task, const char *between, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < listen->uris_n; i++) {
		if (listen->uris[i].is_task != is_task)
			continue;
		if (!any)
			buf_printf(out, "%s\"%.*s\":[", between, SLICE_FMT(filter_of(is_task)));
		buf_puts(out, any ? "," : "");
		buf_json_string(out, listen->uris[i].uri);
		any = true;
	}
	buf_puts(out, any ? "]" : "");
	return any;
}

static void
text_put(const struct back_listen *listen, struct buf *out)
{
	const char *between = "";

	buf_puts(out,
	    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"subscriptions/listen\",\"params\":{"
	    "\"notifications\":{");
	for (size_t i = 0; i < COUNT(lists); i++) {
		if ((listen->lists & 1u << i) == 0)
			continue;
		buf_printf(out, "%s\"%.*s\":true", between, SLICE_FMT(lists[i].filter));
		between = ",";
	}
	if (uris_put(listen, false, between, out))
		between = ",";
	(void)uris_put(listen, true, between, out);
	buf_puts(out, "}}}");
}

static void
stream_run(void *arg)
{
	struct listen_stream *stream = arg;
	struct back *back = stream->listen->back;
	const struct message *response = &stream->call.response;

	stream->task = task_self(back->loop);
	if (buf_check(&stream->text, &stream->why) &&
	    modern_prepare(back, &stream->call, &stream->why) &&
	    back_call_once_wait(back, &stream->call, &stream->why)) {
		stream->is_refused = response->kind == MESSAGE_ERROR;
		err_set(&stream->why, ERR_UNAVAILABLE, "%s %.*s",
		    stream->is_refused ? "refused subscriptions/listen:" : "ended it:",
		    (int)(response->body.n > 120 ? 120 : response->body.n), response->body.p);
	}
	stream->is_over = true;
	stream->task = NULL;
	if (stream->listen->keeper != NULL)
		task_wake(stream->listen->keeper);
}

static struct listen_stream *
stream_new(struct back_listen *listen)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct listen_stream *stream = MEM_NEW(struct listen_stream);
	struct back *back = listen->back;

	stream->listen = listen;
	stream->generation = listen->wanted;
	stream->began_ms = loop_now_ms(back->loop);
	modern_part_init(&stream->part);
	buf_init(&stream->text, loop_memory(back->loop), TEXT_BYTES);
	text_put(listen, &stream->text);
	call_init(&stream->call);
	stream->call.text = buf_view(&stream->text);
	stream->call.id = (struct slice){ stream->call.text.p + sizeof(head) - 1, 1 };
	stream->call.modern = &stream->part;
	if (!group_spawn(back->loop, &stream->group, "listen", stream_run, stream, &stream->why))
		stream->is_over = true;
	return stream;
}

/* Ends it, and waits for that: its task ends at once. */
static void
stream_free(struct listen_stream **at)
{
	struct listen_stream *stream = *at;

	*at = NULL;
	if (stream == NULL)
		return;
	group_cancel(&stream->group, ERR_CANCELLED);
	group_drain(stream->listen->back->loop, &stream->group);
	call_fini(&stream->call);
	modern_part_fini(&stream->part);
	buf_fini(&stream->text);
	mem_free(stream);
}

/* ---- what it says ---------------------------------------------------------------------------- */

static struct listen_stream *
stream_find(const struct back_listen *listen, struct slice id)
{
	struct listen_stream *const all[] = { listen->now, listen->next };
	int64_t number;

	if (!json_int(id, &number))
		return NULL;
	for (size_t i = 0; i < COUNT(all); i++) {
		if (all[i] != NULL && !all[i]->is_over && all[i]->call.number == (uint64_t)number)
			return all[i];
	}
	return NULL;
}

static bool
is_in(struct slice array, struct slice uri, struct arena *arena)
{
	struct slice key, one, text;
	struct json_iter iter;
	struct err err;

	json_iter_init(&iter, array);
	while (json_iter_next(&iter, &key, &one)) {
		if (json_type(one) == JSON_STRING && arena_reserve(arena, one.n, &err) &&
		    json_string(arena, one, &text, &err) && slice_eq(text, uri))
			return true;
	}
	return false;
}

/* Which resources it grants: those of the filter that it names again. */
static void
acknowledged(struct listen_stream *stream, const struct message *message)
{
	struct back_listen *listen = stream->listen;
	struct slice filter, uris;
	struct arena arena;

	stream->is_acked = true;
	if (json_type(message->params) != JSON_OBJECT ||
	    !json_find(message->params, S("notifications"), &filter) ||
	    json_type(filter) != JSON_OBJECT)
		filter = S("{}");
	for (size_t i = 0; stream->generation == listen->wanted && i < listen->uris_n; i++) {
		struct listen_uri *one = &listen->uris[i];

		arena_init(&arena, NULL, TEXT_BYTES);
		one->is_granted = json_find(filter, filter_of(one->is_task), &uris) &&
		    json_type(uris) == JSON_ARRAY && is_in(uris, one->uri, &arena);
		arena_fini(&arena);
	}
	task_wake(listen->keeper);
}

static bool
wrong(struct back *back, struct slice id)
{
	struct err err;

	err_set(&err, ERR_IO, "tells of subscription %.*s, which is not open: dropped",
	    (int)(id.n > 40 ? 40 : id.n), id.p != NULL ? id.p : "");
	back_fault(back, "upstream_unreadable", &err);
	return true;
}

bool
back_listen_takes(struct back *back, const struct message *message, struct call *by)
{
	struct back_listen *listen = back->listen;
	struct listen_stream *stream;
	struct slice id;
	struct err err;

	if (listen == NULL)
		return message->method == MCP_ACKNOWLEDGED;
	if (message->method == MCP_CANCELLED) {
		stream = stream_find(listen, message->request_id);
		err_set(&err, ERR_IO, "ended its notifications");
		if (stream != NULL)
			back_call_lost(back, &stream->call, &err);
		return stream != NULL;
	}
	if (json_type(message->meta) != JSON_OBJECT ||
	    !json_find(message->meta, S(META_SUBSCRIPTION), &id))
		return message->method == MCP_ACKNOWLEDGED && wrong(back, S("(without an id)"));
	stream = stream_find(listen, id);
	if (stream == NULL || (by != NULL && by != &stream->call))
		return wrong(back, id);
	if (message->method == MCP_ACKNOWLEDGED) {
		acknowledged(stream, message);
		return true;
	}
	/* The number is between the two of us. */
	modern_blank(message->meta, id, S(META_SUBSCRIPTION));
	return false;
}

/* ---- the keeper ------------------------------------------------------------------------------ */

static bool
is_wanted(const struct back_listen *listen)
{
	return listen->lists != 0 || listen->uris_n > 0;
}

static void
gap_told(struct back_listen *listen)
{
	struct back *back = listen->back;

	for (size_t i = 0; i < COUNT(lists); i++) {
		/* Of resources it may have told that one has changed. */
		bool is_heard = (listen->lists & 1u << i) != 0 ||
		    (lists[i].changed == MCP_RESOURCES_CHANGED && listen->uris_n > 0);

		if (listen->has_gap && is_heard)
			back->events->list_changed(back->owner, lists[i].changed);
	}
	listen->has_gap = false;
}

/* A stream has not come to be, or is no more. */
static void
failed(struct back_listen *listen, const struct listen_stream *stream)
{
	struct loop *loop = listen->back->loop;
	uint64_t wait = RETRY_MS;

	if (loop_now_ms(loop) - stream->began_ms >= STEADY_MS)
		listen->failures = 0;
	for (unsigned i = 0; i < listen->failures && wait < RETRY_MAX_MS; i++)
		wait *= 2;
	listen->failures++;
	listen->has_gap = true;
	listen->retry_ms = stream->is_refused
	    ? UINT64_MAX
	    : loop_now_ms(loop) + (wait > RETRY_MAX_MS ? RETRY_MAX_MS : wait);
	listen->why = stream->why;
	listen->failed = stream->generation;
	log_event(loop_log(loop), LOG_INFO, "upstream_unheard",
	    "%.*s does not tell of its changes: %s", SLICE_FMT(listen->back->spec.server),
	    stream->why.text);
	waiters_wake(listen);
}

/* Opens a stream for what is wanted now, in place of the one there is. */
static void
switch_wait(struct back_listen *listen)
{
	struct back *back = listen->back;
	uint64_t until = loop_now_ms(back->loop) + back->spec.upstream->connect_timeout_ms;
	bool timed_out = false;
	struct err err;

	listen->next = stream_new(listen);
	while (
	    !listen->next->is_acked && !listen->next->is_over && !timed_out && !listen->is_ending) {
		if (!task_park_until_wait(back->loop, until, &timed_out, &err))
			break;
	}
	if (listen->next->is_acked && !listen->next->is_over) {
		stream_free(&listen->now);
		listen->now = listen->next;
		listen->next = NULL;
		listen->acked = listen->now->generation;
		gap_told(listen);
		waiters_wake(listen);
		return;
	}
	if (!listen->next->is_over)
		err_set(&listen->next->why, ERR_UNAVAILABLE,
		    "did not acknowledge subscriptions/listen");
	if (!listen->is_ending)
		failed(listen, listen->next);
	stream_free(&listen->next);
}

static bool
is_current(const struct back_listen *listen)
{
	if (!is_wanted(listen))
		return listen->now == NULL && listen->acked == listen->wanted;
	return listen->now != NULL && listen->now->generation == listen->wanted;
}

static void
keeper_run(void *arg)
{
	struct back_listen *listen = arg;
	struct loop *loop = listen->back->loop;
	bool timed_out, ok = true;
	struct err err;

	listen->keeper = task_self(loop);
	while (ok && !listen->is_ending && back_is_usable(listen->back)) {
		if (listen->now != NULL && listen->now->is_over) {
			failed(listen, listen->now);
			stream_free(&listen->now);
		} else if (is_current(listen)) {
			ok = task_park_wait(loop, &err);
		} else if (!is_wanted(listen)) {
			stream_free(&listen->now);
			listen->acked = listen->wanted;
			waiters_wake(listen);
		} else if (listen->retry_ms > loop_now_ms(loop)) {
			ok = listen->retry_ms == UINT64_MAX
			    ? task_park_wait(loop, &err)
			    : task_park_until_wait(loop, listen->retry_ms, &timed_out, &err);
		} else {
			switch_wait(listen);
			ok = task_cut(task_self(loop)) == ERR_NONE;
		}
	}
	stream_free(&listen->next);
	stream_free(&listen->now);
	listen->keeper = NULL;
	listen->is_ending = true;
	waiters_wake(listen);
}

/* ---- begin and end --------------------------------------------------------------------------- */

/* For what it says it tells of: {"tools":{"listChanged":true}}. */
static unsigned
lists_told(const struct back *back)
{
	struct slice one, flag;
	unsigned bits = 0;
	bool is;

	for (size_t i = 0; i < COUNT(lists); i++) {
		if (json_find(back->capabilities, lists[i].capability, &one) &&
		    json_type(one) == JSON_OBJECT && json_find(one, S("listChanged"), &flag) &&
		    json_bool(flag, &is) && is)
			bits |= 1u << i;
	}
	return bits;
}

void
back_listen_begin(struct back *back)
{
	struct back_listen *listen = back->listen;
	struct err err;

	if (listen != NULL && listen->lists != lists_told(back)) {
		/* It has come to tell of other lists. */
		listen->lists = lists_told(back);
		listen->wanted++;
		listen->retry_ms = 0;
		if (listen->keeper != NULL)
			task_wake(listen->keeper);
	}
	if (listen != NULL)
		return;
	listen = MEM_NEW(struct back_listen);
	listen->refs = 1;
	listen->back = back;
	listen->lists = lists_told(back);
	listen->wanted = 1;
	back->listen = listen;
	if (!group_spawn(back->loop, &listen->group, "keeper", keeper_run, listen, &err))
		listen->is_ending = true;
}

static void
listen_unref(struct back_listen *listen)
{
	if (--listen->refs > 0)
		return;
	uris_free(listen);
	mem_free(listen);
}

void
back_listen_end(struct back *back)
{
	struct back_listen *listen = back->listen;

	if (listen == NULL)
		return;
	listen->is_ending = true;
	group_cancel(&listen->group, ERR_CANCELLED);
	group_drain(back->loop, &listen->group);
	back->listen = NULL;
	listen_unref(listen);
}

unsigned
back_listen_calls(const struct back *back)
{
	const struct back_listen *listen = back->listen;
	unsigned n = 0;

	if (listen == NULL)
		return 0;
	n += listen->now != NULL && listen->now->task != NULL && listen->now->call.number > 0;
	n += listen->next != NULL && listen->next->task != NULL && listen->next->call.number > 0;
	return n;
}

/* ---- what is wanted -------------------------------------------------------------------------- */

/* What is to be heard of: a URI, or a task's id, unescaped. */
struct wanted {
	struct slice text;
	bool is_task;
};

static void
uris_take(struct back_listen *listen, const struct wanted *uris, size_t n)
{
	uris_free(listen);
	listen->uris = n > 0 ? mem_new(n * sizeof(*listen->uris)) : NULL;
	listen->uris_n = n;
	for (size_t i = 0; i < n; i++)
		listen->uris[i] = (struct listen_uri){ .uri = slice_keep(uris[i].text),
			.is_task = uris[i].is_task };
	listen->wanted++;
	/* What was refused or failed before may do now. */
	listen->retry_ms = 0;
	if (listen->keeper != NULL)
		task_wake(listen->keeper);
}

/* The listen may be ended meanwhile, and its back be gone. */
static bool
acked_wait(struct back_listen *listen, struct loop *loop, uint64_t generation, struct err *err)
{
	struct listen_waiter me = { .task = task_self(loop) }, **at = &listen->waiters;
	bool ok = true;

	me.next = listen->waiters;
	listen->waiters = &me;
	while (
	    ok && !listen->is_ending && listen->acked < generation && listen->failed < generation)
		ok = task_park_wait(loop, err);
	while (*at != &me)
		at = &(*at)->next;
	*at = me.next;
	if (!ok)
		return false;
	if (listen->acked >= generation)
		return true;
	if (listen->is_ending)
		return err_set(err, ERR_UNAVAILABLE, "is being closed");
	*err = listen->why;
	err->kind = ERR_UNAVAILABLE;
	return false;
}

static bool
is_granted(const struct back_listen *listen, struct loop *loop, uint64_t hash)
{
	for (size_t i = listen->uris_n; i > 0; i--) {
		if (hash_bytes(listen->uris[i - 1].uri, loop_seed(loop)) == hash)
			return listen->uris[i - 1].is_granted;
	}
	return false;
}

static bool
wanted_wait(struct back *back, const struct wanted *uris, size_t n, size_t fresh, size_t *granted,
    struct err *err)
{
	struct back_listen *listen = back->listen;
	struct loop *loop = back->loop;
	uint64_t *hashes;
	bool ok;

	*granted = 0;
	if (listen == NULL || listen->is_ending || !back_is_usable(back))
		return err_set(err, ERR_UNAVAILABLE, "has no notifications to listen to");
	must(fresh <= n);
	/* Whose texts they are may be gone when the answer is there. */
	hashes = mem_new((fresh + 1) * sizeof(*hashes));
	for (size_t i = 0; i < fresh; i++)
		hashes[i] = hash_bytes(uris[n - fresh + i].text, loop_seed(loop));
	uris_take(listen, uris, n);
	listen->refs++;
	ok = acked_wait(listen, loop, listen->wanted, err);
	for (size_t i = 0; ok && i < fresh; i++)
		*granted += is_granted(listen, loop, hashes[i]);
	listen_unref(listen);
	mem_free(hashes);
	return ok;
}

bool
back_listen_wait(struct back *back, const struct slice *uris, size_t n, size_t fresh,
    size_t *granted, struct err *err)
{
	struct wanted *all = mem_new((n + 1) * sizeof(*all));
	bool ok;

	for (size_t i = 0; i < n; i++)
		all[i] = (struct wanted){ uris[i], false };
	ok = wanted_wait(back, all, n, fresh, granted, err);
	mem_free(all);
	return ok;
}

/* Not granted: the next stream need not ask for it again. */
static void
uri_forget(struct back_listen *listen, const struct wanted *wanted)
{
	for (size_t i = 0; i < listen->uris_n; i++) {
		if (!slice_eq(listen->uris[i].uri, wanted->text) ||
		    listen->uris[i].is_task != wanted->is_task || listen->uris[i].is_granted)
			continue;
		mem_free((void *)listen->uris[i].uri.p);
		listen->uris[i] = listen->uris[--listen->uris_n];
		break;
	}
	if (listen->keeper != NULL)
		task_wake(listen->keeper);
}

bool
back_listen_change_wait(struct back *back, struct call *call, struct slice uri, bool is_task,
    bool wants, struct err *err)
{
	struct back_listen *listen = back->listen;
	size_t n = 0, granted = 0, most = listen != NULL ? listen->uris_n + 1 : 1;
	struct wanted one = { .is_task = is_task }, *uris;
	struct arena arena;
	size_t bytes = uri.n + most * (sizeof(*uris) + 16);
	bool ok;

	if (json_type(uri) != JSON_STRING)
		return err_set(
		    err, ERR_PARAMS, "params.%s must be a string", is_task ? "taskId" : "uri");
	for (size_t i = 0; i + 1 < most; i++)
		bytes += listen->uris[i].uri.n;
	arena_init(&arena, loop_memory(back->loop), 2 * TEXT_BYTES);
	if (!arena_reserve(&arena, bytes, err) || !json_string(&arena, uri, &one.text, err)) {
		arena_fini(&arena);
		return false;
	}
	uris = ARENA_ARRAY(&arena, struct wanted, most);
	for (size_t i = 0; listen != NULL && i < listen->uris_n; i++) {
		const struct listen_uri *other = &listen->uris[i];

		if (other->is_task != is_task || !slice_eq(other->uri, one.text))
			uris[n++] =
			    (struct wanted){ slice_dup(&arena, other->uri), other->is_task };
	}
	if (wants)
		uris[n++] = one;
	ok = wanted_wait(back, uris, n, wants, &granted, err);
	if (ok && wants && granted == 0 && back->listen != NULL)
		uri_forget(back->listen, &one);
	if (ok && wants && granted == 0)
		call->response = (struct message){ .kind = MESSAGE_ERROR,
			.body = S("{\"code\":-32602,\"message\":\"the server does not tell of "
				  "changes of this\"}") };
	arena_fini(&arena);
	return ok;
}
