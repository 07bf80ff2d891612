/*
 * The stdio back: an upstream that is a child of the keeper.  One JSON-RPC message a line; requests
 * of one turn go out in one write.  stderr is no protocol: its end is kept for error texts, its
 * lines go to the log at level debug.
 *
 * The connection is lost when the child has exited or its stdout has ended; of both, the exit
 * status is the better reason, so an end of stdout waits a moment for it.
 */
#include "mcp/back.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#define READ_BYTES    (64 * KIB)
#define STDERR_KEPT   2048
#define EXIT_WAIT_MS  500
#define BACKLOG_BYTES (4 * MIB) /* unread by the child: no more notifications and answers */

struct back_stdio {
	struct back *back;
	struct child *child;
	struct line_reader lines, errors;
	struct intake intake;
	struct outbox outbox;
	char stderr_kept[STDERR_KEPT];
	size_t stderr_n;
	bool at_end, has_exited;
	int status;
	struct timer exit_wait;
	struct task *closer;   /* waits for the exit */
	struct egress *egress; /* its way out; NULL: none, or it has the gateway's */
};

/* ---- the end --------------------------------------------------------------------------------- */

static void
lost(struct back_stdio *stdio)
{
	struct err err = { 0 };

	if (!stdio->has_exited && !stdio->at_end)
		err_set(&err, ERR_IO, "does not read its stdin: %s", stdio->outbox.why.text);
	else if (!stdio->has_exited)
		err_set(&err, ERR_IO, "closed its stdout");
	else if (stdio->child->end == CHILD_END_MEMORY)
		err_set(&err, ERR_IO, "used more memory than its sandbox allows, and was ended");
	else if (stdio->child->end == CHILD_END_PROCESSES)
		err_set(&err, ERR_IO, "had more processes than its sandbox allows, and was ended");
	else if (WIFSIGNALED(stdio->status))
		err_set(&err, ERR_IO, "was ended by signal %d", WTERMSIG(stdio->status));
	else
		err_set(&err, ERR_IO, "exited with status %d", WEXITSTATUS(stdio->status));
	/* As shells say it, and our own keeper (POSIX, 2.8.2). */
	stdio->back->is_broken = stdio->has_exited && WIFEXITED(stdio->status) &&
	    (WEXITSTATUS(stdio->status) == 126 || WEXITSTATUS(stdio->status) == 127);
	back_words_add(&err, (struct slice){ stdio->stderr_kept, stdio->stderr_n });
	back_lost(stdio->back, &err);
}

static void
exit_waited(struct timer *timer)
{
	struct back_stdio *stdio = CONTAINER(timer, struct back_stdio, exit_wait);
	struct loop *loop = stdio->back->loop;

	/* What it said last is still being read. */
	if (stdio->intake.is_busy)
		timer_start(loop, timer, loop_now_ms(loop) + EXIT_WAIT_MS, exit_waited);
	else
		lost(stdio);
}

/* With stdout, status and the end of stderr everything is known; what is missing is waited for. */
static void
end_if_done(struct back_stdio *stdio)
{
	struct loop *loop = stdio->back->loop;

	if (stdio->at_end && stdio->has_exited && stdio->child->err == NULL &&
	    !stdio->intake.is_busy) {
		timer_stop(loop, &stdio->exit_wait);
		lost(stdio);
	} else if (stdio->at_end || stdio->has_exited) {
		timer_start(loop, &stdio->exit_wait, loop_now_ms(loop) + EXIT_WAIT_MS, exit_waited);
	}
}

static void
child_exited(void *owner, int status)
{
	struct back_stdio *stdio = owner;

	stdio->has_exited = true;
	stdio->status = status;
	if (stdio->closer != NULL)
		task_wake(stdio->closer);
	end_if_done(stdio);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
stdout_want(struct back_stdio *stdio)
{
	if (stdio->child->out != NULL)
		stream_want(stdio->child->out,
		    stdio->at_end || stdio->intake.is_busy ? 0 : STREAM_READABLE);
}

static void
unreadable(struct back_stdio *stdio, struct slice text, const struct err *err)
{
	size_t sample = text.n < LINE_SAMPLE ? text.n : LINE_SAMPLE;

	back_unreadable(stdio->back, (struct slice){ text.p, sample },
	    (struct slice){ text.p + text.n - sample, sample }, err);
}

static void
message_done(void *owner, struct message *message, const struct err *err)
{
	struct back_stdio *stdio = owner;

	/* Half a line before the end is no answer: its call is lost with the connection. */
	if (message == NULL && !stdio->at_end)
		unreadable(stdio, stdio->intake.raw, err);
	else if (message != NULL)
		back_message(stdio->back, &stdio->intake, message, err, NULL);
	line_resume(&stdio->lines);
	stdout_want(stdio);
	if (stdio->at_end)
		end_if_done(stdio);
}

static void
on_line(void *owner, char *line, size_t n)
{
	struct back_stdio *stdio = owner;
	struct slice text = slice_trim((struct slice){ line, n });
	struct err err = { 0 };
	struct buf taken;

	if (text.n == 0)
		return;
	if (text.p[0] != '{') {
		err_set(&err, ERR_PARSE, "printed \"%.*s\" on stdout",
		    (int)(text.n > 60 ? 60 : text.n), text.p);
		unreadable(stdio, text, &err);
		return;
	}
	line_pause(&stdio->lines);
	buf_init(&taken, loop_memory(stdio->back->loop), SIZE_MAX);
	if (text.n > SLICE_OF_WORK_BYTES && line_take(&stdio->lines, text.p, text.n, &taken))
		intake_take(&stdio->intake, &taken);
	else
		intake_feed(&stdio->intake, text.p, text.n);
	if (stdio->intake.is_busy)
		stdout_want(stdio);
}

static void
on_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	struct back_stdio *stdio = owner;
	struct err err = { 0 };

	err_set(&err, ERR_LIMIT, "a message of %zu bytes is over limits.message (%zu)", n,
	    stdio->back->spec.message_bytes);
	back_unreadable(stdio->back, head, tail, &err);
}

static void
stdout_ready(void *owner, unsigned events)
{
	struct back_stdio *stdio = owner;
	static char bytes[READ_BYTES];
	ssize_t n = stream_read(stdio->child->out, bytes, sizeof(bytes));

	if (n == -EAGAIN)
		return;
	if (n > 0) {
		line_feed(&stdio->lines, bytes, (size_t)n);
		/* Its last words are worth waiting for as long as they come. */
		if (stdio->has_exited)
			end_if_done(stdio);
		return;
	}
	stdio->at_end = true;
	line_end(&stdio->lines);
	stdout_want(stdio);
	end_if_done(stdio);
}

static void
stderr_keep(struct back_stdio *stdio, struct slice s)
{
	if (s.n > STDERR_KEPT) {
		s.p += s.n - STDERR_KEPT;
		s.n = STDERR_KEPT;
	}
	if (stdio->stderr_n + s.n > STDERR_KEPT) {
		size_t drop = stdio->stderr_n + s.n - STDERR_KEPT;

		memmove(stdio->stderr_kept, stdio->stderr_kept + drop, stdio->stderr_n - drop);
		stdio->stderr_n -= drop;
	}
	memcpy(stdio->stderr_kept + stdio->stderr_n, s.p, s.n);
	stdio->stderr_n += s.n;
}

static void
stderr_line(void *owner, char *line, size_t n)
{
	struct back_stdio *stdio = owner;

	log_event(loop_log(stdio->back->loop), LOG_DEBUG, "upstream_stderr", "%.*s: %.*s",
	    SLICE_FMT(stdio->back->spec.server), (int)(n > KIB ? KIB : n), line);
}

static void
stderr_ready(void *owner, unsigned events)
{
	struct back_stdio *stdio = owner;
	char bytes[1024];
	ssize_t n = stream_read(stdio->child->err, bytes, sizeof(bytes));

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		line_end(&stdio->errors);
		stream_close(&stdio->child->err);
		end_if_done(stdio);
		return;
	}
	stderr_keep(stdio, (struct slice){ bytes, (size_t)n });
	line_feed(&stdio->errors, bytes, (size_t)n);
}

static void
stderr_long(void *owner, struct slice head, struct slice tail, size_t n)
{
	stderr_line(owner, (char *)head.p, head.n);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
write_line(struct back_stdio *stdio, struct bytes *keep, const struct slice *parts, size_t n)
{
	struct slice line[SPLICE_PARTS + 1];

	must(n < COUNT(line));
	memcpy(line, parts, n * sizeof(*parts));
	line[n] = S("\n");
	outbox_keep(&stdio->outbox, keep);
	outbox_queue(&stdio->outbox, line, n + 1);
}

static void
stdio_send(struct back *back, const struct slice *parts, size_t n)
{
	struct back_stdio *stdio = back->transport;
	struct err err;

	/* Asking without reading the answers must not fill our memory. */
	if (outbox_pending(&stdio->outbox) > BACKLOG_BYTES) {
		err_set(&err, ERR_LIMIT,
		    "does not read its stdin: %zu bytes wait, a notification or answer was dropped",
		    outbox_pending(&stdio->outbox));
		back_fault(back, "upstream_slow", &err);
		return;
	}
	write_line(stdio, NULL, parts, n);
}

static void
stdio_send_call(struct back *back, struct call *call, const struct slice *parts, size_t n)
{
	struct back_stdio *stdio = back->transport;

	/* Its loss is told within EXIT_WAIT_MS, and with it this call's, which was not sent. */
	if (stdio->outbox.has_failed)
		return;
	write_line(stdio, call->keep, parts, n);
	call->was_sent = true;
}

static void
stdin_ready(void *owner, unsigned events)
{
	struct back_stdio *stdio = owner;

	outbox_ready(&stdio->outbox);
}

/* A child that does not read its stdin, or has closed it. */
static void
stdin_failed(void *owner, const struct err *why)
{
	struct back_stdio *stdio = owner;
	struct loop *loop = stdio->back->loop;

	if (stdio->at_end || stdio->has_exited)
		return;
	/* When it is about to exit, the status says more. */
	if (why->kind == ERR_LIMIT)
		lost(stdio);
	else
		timer_start(loop, &stdio->exit_wait, loop_now_ms(loop) + EXIT_WAIT_MS, exit_waited);
}

static void
stdio_end_call(struct back *back, struct call *call)
{
}

/* ---- open and close -------------------------------------------------------------------------- */

static void
streams_attach(struct back_stdio *stdio)
{
	struct child *child = stdio->child;
	struct loop *loop = stdio->back->loop;

	child->on_exit = child_exited;
	child->owner = stdio;
	outbox_init(&stdio->outbox, loop, child->in, 4 * stdio->back->spec.message_bytes);
	stdio->outbox.on_fail = stdin_failed;
	stdio->outbox.owner = stdio;
	child->in->on_ready = stdin_ready;
	child->in->owner = stdio;
	child->out->on_ready = stdout_ready;
	child->out->owner = stdio;
	child->err->on_ready = stderr_ready;
	child->err->owner = stdio;
	stream_want(child->err, STREAM_READABLE);
	stdout_want(stdio);
}

/* ---- its sandbox ----------------------------------------------------------------------------- */

static void
isolation_tell(struct back *back, const struct child *child)
{
	struct buf words;

	back->is_isolated = true;
	back->isolation = child->isolation;
	buf_init(&words, NULL, KIB);
	isolation_print(&child->isolation, &words);
	log_event(loop_log(back->loop), LOG_INFO, "upstream_started",
	    "%.*s: process %d, kept apart by: %.*s", SLICE_FMT(back->spec.server), (int)child->pid,
	    SLICE_FMT(buf_view(&words)));
	buf_fini(&words);
}

/* Where it could not be given a network of its own it has none, and no proxy. */
MUST_CHECK static bool
egress_begin(struct back_stdio *stdio, struct err *err)
{
	struct back *back = stdio->back;
	const struct config_isolation *sandbox = &back->spec.upstream->sandbox;
	const struct egress_settings settings = {
		.whose = back->spec.server, .allow = sandbox->egress, .allow_n = sandbox->egress_n
	};

	if (sandbox->egress_n == 0 || stdio->child->proxy < 0)
		return true;
	return egress_open(back->loop, &settings, &stdio->child->proxy, &stdio->egress, err);
}

/* Starts it, as its sandbox says; the words of spec are in back->arena. */
MUST_CHECK static bool
program_start_wait(struct back_stdio *stdio, struct child_spec *spec, struct err *err)
{
	struct back *back = stdio->back;

	if (!isolation_make(
		&back->arena, &back->spec.upstream->sandbox, NULL, &spec->isolation, err))
		return false;
	if (spec->isolation != NULL && spec->isolation->network == ISOLATION_EGRESS &&
	    !egress_env(&back->arena, spec->env, &spec->env, err))
		return false;
	if (!child_open_wait(back->loop, spec, &stdio->child, err))
		return false;
	if (spec->isolation != NULL)
		isolation_tell(back, stdio->child);
	return true;
}

static bool
stdio_open_wait(struct back *back, struct err *err)
{
	const struct config_upstream *upstream = back->spec.upstream;
	struct back_stdio *stdio = MEM_NEW(struct back_stdio);
	struct child_spec spec = { .env = back->spec.env };
	const char **argv;
	size_t bytes = (upstream->command_n + 1) * sizeof(*argv) + upstream->cwd.n + 1;

	stdio->back = back;
	back->transport = stdio;
	line_reader_init(&stdio->lines, loop_memory(back->loop), back->spec.message_bytes);
	stdio->lines.on_line = on_line;
	stdio->lines.on_long = on_long;
	stdio->lines.owner = stdio;
	line_reader_init(&stdio->errors, loop_memory(back->loop), 8 * KIB);
	stdio->errors.on_line = stderr_line;
	stdio->errors.on_long = stderr_long;
	stdio->errors.owner = stdio;
	intake_init(&stdio->intake, back->loop, JSON_MEND);
	stdio->intake.done = message_done;
	stdio->intake.owner = stdio;
	for (size_t i = 0; i < upstream->command_n; i++)
		bytes += upstream->command[i].n + 1;
	if (!arena_reserve(&back->arena, bytes + 16 * KIB, err))
		return false;
	argv = ARENA_ARRAY(&back->arena, const char *, upstream->command_n + 1);
	for (size_t i = 0; i < upstream->command_n; i++)
		argv[i] = slice_cstr(&back->arena, upstream->command[i]);
	spec.argv = argv;
	spec.cwd = upstream->cwd.p != NULL ? slice_cstr(&back->arena, upstream->cwd) : NULL;
	if (!program_start_wait(stdio, &spec, err))
		return false;
	streams_attach(stdio);
	return egress_begin(stdio, err);
}

/* stdin is closed and the child has grace_ms to go by itself; the keeper ends what does not. */
static void
child_leave_wait(struct back_stdio *stdio, unsigned grace_ms)
{
	struct loop *loop = stdio->back->loop;
	uint64_t until = loop_now_ms(loop) + grace_ms + 5000;
	bool timed_out = false;
	struct err err;

	if (stdio->has_exited || grace_ms == 0)
		return;
	stdio->closer = task_self(loop);
	outbox_fini(&stdio->outbox); /* child_stop closes its stream */
	child_stop(stdio->child, grace_ms);
	while (!stdio->has_exited && !timed_out) {
		if (!task_park_until_wait(loop, until, &timed_out, &err))
			break;
	}
	stdio->closer = NULL;
}

static void
stdio_close_wait(struct back *back, unsigned grace_ms)
{
	struct back_stdio *stdio = back->transport;
	struct loop *loop = back->loop;

	if (stdio == NULL)
		return;
	if (stdio->child != NULL) {
		child_leave_wait(stdio, grace_ms);
		outbox_fini(&stdio->outbox);
		child_close(&stdio->child);
	}
	egress_close(&stdio->egress);
	timer_stop(loop, &stdio->exit_wait);
	intake_fini(&stdio->intake);
	line_reader_fini(&stdio->lines);
	line_reader_fini(&stdio->errors);
	back->transport = NULL;
	mem_free(stdio);
}

static struct slice
stdio_stderr(const struct back *back)
{
	const struct back_stdio *stdio = back->transport;

	return stdio != NULL ? (struct slice){ stdio->stderr_kept, stdio->stderr_n } : SLICE_NONE;
}

const struct back_ops back_stdio_ops = {
	.open_wait = stdio_open_wait,
	.send_call = stdio_send_call,
	.send = stdio_send,
	.end_call = stdio_end_call,
	.close_wait = stdio_close_wait,
	.stderr_view = stdio_stderr,
};
