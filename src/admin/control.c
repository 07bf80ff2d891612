/*
 * The control socket: `bascule agents` asks here about the runs of this process and cancels them.
 *
 * A task for each who is connected, straight from the request to the end of its answer.  The socket
 * is for this user and root, by the mode of its file, its directory, and by what the kernel says of
 * who connects; all the same what comes in is bounded, and who says nothing for long, or does not
 * take its answer, is let go.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/admin_private.h"

#define VISITORS_MAX 16
#define IDLE_MS	     60000 /* until a request is whole, and without a byte of its answer taken */
#define LOOK_MS	     200   /* between two looks for more output */
#define CHUNK_BYTES  (48 * KIB)
#define ARENA_BYTES  (512 * KIB)
#define ID_BYTES     128
#define ACCEPTS	     16
#define PAUSE_MS     200

struct control {
	struct loop *loop;
	struct agents *agents;
	struct group group;
	int fd;
	struct stream *watch;
	struct timer pause; /* when there were no descriptors left */
	unsigned visitors;
	char dir[];
};

struct visitor {
	struct control *control;
	struct task *task;
	int fd;
	struct stream *watch;
	struct buf out;
	size_t n, used; /* of in; used: of the request that is being answered */
	char in[CONTROL_REQUEST_BYTES];
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static void
visitor_ready(void *owner, unsigned events)
{
	struct visitor *visitor = owner;

	stream_want(visitor->watch, 0);
	task_wake(visitor->task);
}

/* Until its socket may be ready; false: not until at_ms, or this task is cut. */
MUST_CHECK static bool
ready_wait(struct visitor *visitor, unsigned events, uint64_t at_ms)
{
	bool timed_out = false;
	struct err err;
	bool ok;

	stream_want(visitor->watch, events);
	ok = task_park_until_wait(visitor->control->loop, at_ms, &timed_out, &err);
	stream_want(visitor->watch, 0);
	return ok && !timed_out;
}

static uint64_t
patience(const struct visitor *visitor)
{
	return loop_now_ms(visitor->control->loop) + IDLE_MS;
}

MUST_CHECK static bool
send_wait(struct visitor *visitor)
{
	struct slice rest = buf_view(&visitor->out);
	bool ok = true;

	while (ok && rest.n > 0) {
		ssize_t n = send(visitor->fd, rest.p, rest.n, MSG_NOSIGNAL);

		if (n > 0) {
			rest.p += n;
			rest.n -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			ok = ready_wait(visitor, STREAM_WRITABLE, patience(visitor));
		} else {
			ok = n < 0 && errno == EINTR;
		}
	}
	buf_clear(&visitor->out);
	return ok;
}

/* The next line, without its end; false: there is none, or it is longer than what may be asked. */
MUST_CHECK static bool
request_wait(struct visitor *visitor, struct slice *out, bool *is_long)
{
	uint64_t at_ms = patience(visitor);
	size_t looked = 0;

	*is_long = false;
	memmove(visitor->in, visitor->in + visitor->used, visitor->n - visitor->used);
	visitor->n -= visitor->used;
	for (;;) {
		char *end = memchr(visitor->in + looked, '\n', visitor->n - looked);
		ssize_t n;

		if (end != NULL) {
			*out = (struct slice){ visitor->in, (size_t)(end - visitor->in) };
			visitor->used = out->n + 1;
			return true;
		}
		looked = visitor->n;
		*is_long = visitor->n == sizeof(visitor->in);
		if (*is_long)
			return false;
		n = recv(
		    visitor->fd, visitor->in + visitor->n, sizeof(visitor->in) - visitor->n, 0);
		if (n > 0)
			visitor->n += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return false;
		else if (errno == EAGAIN && !ready_wait(visitor, STREAM_READABLE, at_ms))
			return false;
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
put_error(struct visitor *visitor, const struct err *err)
{
	struct buf *out = &visitor->out;

	buf_clear(out);
	buf_puts(out, "{\"error\":{\"kind\":");
	buf_json_string(out, slice_of(err_info(err->kind)->name));
	buf_puts(out, ",\"message\":");
	buf_json_string(out, slice_of(err->text));
	buf_puts(out, "}}\n");
}

struct request {
	struct arena arena;
	struct slice id;
	uint64_t from;
	bool follows;
};

static bool
list_do(struct visitor *visitor, const struct request *request, struct err *err)
{
	buf_puts(&visitor->out, "{\"result\":");
	agents_print_list(visitor->control->agents, &visitor->out);
	buf_puts(&visitor->out, "}\n");
	return true;
}

static bool
show_do(struct visitor *visitor, const struct request *request, struct err *err)
{
	buf_puts(&visitor->out, "{\"result\":");
	if (!agents_print_run(visitor->control->agents, request->id, &visitor->out, err))
		return false;
	buf_puts(&visitor->out, "}\n");
	return true;
}

static bool
cancel_do(struct visitor *visitor, const struct request *request, struct err *err)
{
	return agents_cancel(visitor->control->agents, request->id, err) &&
	    show_do(visitor, request, err);
}

/* Some time, or until the other end is gone: then false.  What it says meanwhile is its next
 * request, and waits. */
MUST_CHECK static bool
pause_wait(struct visitor *visitor)
{
	struct loop *loop = visitor->control->loop;
	uint64_t at_ms = loop_now_ms(loop) + LOOK_MS;
	char byte;
	ssize_t n = recv(visitor->fd, &byte, 1, MSG_PEEK);
	struct err err;

	if (n > 0)
		return task_sleep_wait(loop, LOOK_MS, &err);
	if (n == 0 || errno != EAGAIN)
		return false;
	(void)!ready_wait(visitor, STREAM_READABLE, at_ms);
	return task_cut(visitor->task) == ERR_NONE;
}

static void
put_chunk(struct visitor *visitor, uint64_t from, uint64_t total, struct slice bytes, bool is_last)
{
	struct buf *out = &visitor->out;

	buf_puts(out, "{\"result\":{\"from\":");
	buf_put_u64(out, from);
	buf_puts(out, ",\"total\":");
	buf_put_u64(out, total);
	buf_puts(out, ",\"bytes\":\"");
	buf_base64(out, bytes);
	buf_printf(out, "\",\"last\":%s}}\n", is_last ? "true" : "false");
}

/* Each chunk is sent before the next is read; false with err ERR_NONE: the other end is gone. */
static bool
logs_do(struct visitor *visitor, const struct request *request, struct err *err)
{
	uint64_t from = request->from, total;
	bool is_over, is_last = false, ok = true;
	struct buf bytes;

	buf_init(&bytes, NULL, 2 * CHUNK_BYTES);
	while (ok && !is_last) {
		buf_clear(&bytes);
		if (!agents_read_output_wait(visitor->control->agents, request->id, from,
			CHUNK_BYTES, &bytes, &total, &is_over, err)) {
			buf_fini(&bytes);
			return false;
		}
		is_last =
		    (is_over || !request->follows) && (bytes.n == 0 || from + bytes.n >= total);
		if (bytes.n > 0 || is_last) {
			put_chunk(visitor, from, total, buf_view(&bytes), is_last);
			ok = send_wait(visitor);
		} else {
			ok = pause_wait(visitor);
		}
		from += bytes.n;
	}
	buf_fini(&bytes);
	return ok;
}

/* ---- requests -------------------------------------------------------------------------------- */

static const struct {
	const char *op;
	bool needs_id;
	bool (*answer)(struct visitor *visitor, const struct request *request, struct err *err);
} ops[] = {
	{ "list", false, list_do },
	{ "show", true, show_do },
	{ "cancel", true, cancel_do },
	{ "logs", true, logs_do },
};

MUST_CHECK static bool
text_of(
    struct arena *arena, struct slice token, const char *name, struct slice *out, struct err *err)
{
	*out = SLICE_NONE;
	if (token.p == NULL)
		return true;
	if (json_type(token) != JSON_STRING)
		return err_set(err, ERR_PARAMS, "%s must be a string", name);
	return json_string(arena, token, out, err);
}

/* *op: index into ops. */
MUST_CHECK static bool
request_read(
    struct loop *loop, struct slice line, struct request *request, size_t *op, struct err *err)
{
	static const struct slice keys[] = { S("op"), S("id"), S("from"), S("follow") };
	struct slice values[COUNT(keys)], word;
	struct json_scan *scan = json_scan_new(
	    &request->arena, (char *)(uintptr_t)line.p, line.n, 1, 0, loop_seed(loop));
	int64_t from = 0;

	if (!json_scan_all(scan, err))
		return false;
	if (json_scan_type(scan) != JSON_OBJECT)
		return err_set(err, ERR_REQUEST, "a request is a JSON object");
	for (size_t i = 0; i < COUNT(keys); i++)
		values[i] = json_scan_get(scan, SLICE_NONE, keys[i]);
	if (!text_of(&request->arena, values[0], "op", &word, err) ||
	    !text_of(&request->arena, values[1], "id", &request->id, err))
		return false;
	if (values[2].p != NULL && (!json_int(values[2], &from) || from < 0))
		return err_set(err, ERR_PARAMS, "from must be a number of bytes");
	if (values[3].p != NULL && !json_bool(values[3], &request->follows))
		return err_set(err, ERR_PARAMS, "follow must be true or false");
	request->from = (uint64_t)from;
	for (*op = 0; *op < COUNT(ops) && !slice_eq(word, slice_of(ops[*op].op)); (*op)++)
		;
	if (*op == COUNT(ops))
		return err_set(err, ERR_METHOD, "unknown op \"%.*s\"",
		    (int)(word.n < 40 ? word.n : 40), word.n > 0 ? word.p : "");
	if (ops[*op].needs_id && (request->id.n == 0 || request->id.n > ID_BYTES))
		return err_set(err, ERR_PARAMS, "id must name a run");
	return true;
}

/* False: the other end is gone. */
MUST_CHECK static bool
answer_wait(struct visitor *visitor, struct slice line)
{
	struct request request = { .follows = false };
	struct err err = { 0 };
	size_t op = 0;
	bool ok;

	arena_init(&request.arena, NULL, ARENA_BYTES);
	ok = request_read(visitor->control->loop, line, &request, &op, &err) &&
	    ops[op].answer(visitor, &request, &err) && buf_check(&visitor->out, &err);
	if (!ok && err.kind != ERR_NONE)
		put_error(visitor, &err);
	arena_fini(&request.arena);
	return (ok || err.kind != ERR_NONE) && send_wait(visitor);
}

/* ---- who is connected ------------------------------------------------------------------------ */

static void
visitor_free(struct visitor **at)
{
	struct visitor *visitor = *at;

	*at = NULL;
	stream_close(&visitor->watch);
	close(visitor->fd);
	buf_fini(&visitor->out);
	visitor->control->visitors--;
	mem_free(visitor);
}

static void
visitor_main(void *arg)
{
	struct visitor *visitor = arg;
	struct slice line;
	struct err err;
	bool is_long;

	visitor->task = task_self(visitor->control->loop);
	while (request_wait(visitor, &line, &is_long))
		if (!answer_wait(visitor, line))
			break;
	if (is_long) {
		err_set(&err, ERR_LIMIT, "a request has %zu bytes at most", CONTROL_REQUEST_BYTES);
		put_error(visitor, &err);
		(void)!send_wait(visitor);
	}
	visitor_free(&visitor);
}

/* In words, as far as its socket takes them. */
static void
turn_away(int fd, const char *kind, const char *why)
{
	char text[160];
	int n = snprintf(
	    text, sizeof(text), "{\"error\":{\"kind\":\"%s\",\"message\":\"%s\"}}\n", kind, why);

	(void)!send(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* fd is taken over. */
static void
visitor_take(struct control *control, int fd)
{
	struct visitor *visitor;
	struct stream *watch;
	struct err err;
	unsigned uid;

	if (!control_may_ask(fd, &uid)) {
		log_event(loop_log(control->loop), LOG_WARN, "control_refused",
		    "%s/%s: user %u may not ask here", control->dir, CONTROL_SOCKET, uid);
		turn_away(fd, "refused", "this gateway belongs to another user");
		return;
	}
	if (control->visitors == VISITORS_MAX) {
		turn_away(fd, "limit", "too many are connected already");
		return;
	}
	watch = loop_watch(control->loop, fd, &err);
	if (watch == NULL) {
		close(fd);
		return;
	}
	visitor = MEM_NEW(struct visitor);
	visitor->control = control;
	visitor->fd = fd;
	visitor->watch = watch;
	watch->on_ready = visitor_ready;
	watch->owner = visitor;
	buf_init(&visitor->out, NULL, CONTROL_ANSWER_BYTES);
	control->visitors++;
	if (!group_spawn(control->loop, &control->group, "control", visitor_main, visitor, &err))
		visitor_free(&visitor);
}

static void
accept_again(struct timer *timer)
{
	stream_want(CONTAINER(timer, struct control, pause)->watch, STREAM_READABLE);
}

static void
control_ready(void *owner, unsigned events)
{
	struct control *control = owner;

	for (unsigned i = 0; i < ACCEPTS; i++) {
		int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			visitor_take(control, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			stream_want(control->watch, 0);
			timer_start(control->loop, &control->pause,
			    loop_now_ms(control->loop) + PAUSE_MS, accept_again);
			return;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

/* ---- beginning and end ----------------------------------------------------------------------- */

struct control *
control_open(struct loop *loop, struct agents *agents, const char *slot_dir, struct err *err)
{
	size_t n = strlen(slot_dir) + 1;
	struct control *control = mem_new(sizeof(*control) + n);

	control->loop = loop;
	control->agents = agents;
	memcpy(control->dir, slot_dir, n);
	control->fd = control_listen(slot_dir, err);
	if (control->fd < 0) {
		mem_free(control);
		return NULL;
	}
	control->watch = loop_watch(loop, control->fd, err);
	if (control->watch == NULL) {
		control_remove(slot_dir);
		close(control->fd);
		mem_free(control);
		return NULL;
	}
	control->watch->on_ready = control_ready;
	control->watch->owner = control;
	stream_want(control->watch, STREAM_READABLE);
	return control;
}

void
control_close_wait(struct control **at)
{
	struct control *control = *at;

	*at = NULL;
	if (control == NULL)
		return;
	timer_stop(control->loop, &control->pause);
	stream_close(&control->watch);
	control_remove(control->dir);
	close(control->fd);
	group_cancel(&control->group, ERR_CANCELLED);
	group_drain(control->loop, &control->group);
	mem_free(control);
}
