/*
 * program: one child with three pipes.
 *
 * Readiness of its pipes is handled on the ground floor: what it prints goes to the output file and
 * line by line to the dialogue, what the dialogue says goes to its stdin through an outbox.  The
 * task only looks at the clock and decides when the program has to end.  Reading stops while the
 * file cannot keep up; nobody waits for a program that does not read.
 */
#include "agents/program.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#define READ_BYTES     (64 * KIB)
#define INPUT_BYTES    (8 * MIB) /* that it has not read: no more is put behind it */
#define PROGRESS_MS    100
#define PROGRESS_BYTES (4 * KIB)
#define OVER_MS	       2000 /* for a program that has said its last word to go by itself */
#define FOR_EVER_MS    (24 * 3600 * 1000ull)

/* ---- progress: at most ten a second ---------------------------------------------------------- */

static void
progress_tell(struct program *program)
{
	timer_stop(program->loop, &program->progress_timer);
	if (program->progress.n == 0)
		return;
	program->told_ms = loop_now_ms(program->loop);
	program->events->progress(program->owner, buf_view(&program->progress));
	buf_clear(&program->progress);
}

static void
progress_due(struct timer *timer)
{
	progress_tell(CONTAINER(timer, struct program, progress_timer));
}

/* What is too much for one is dropped from its beginning, by whole characters. */
static void
progress_shorten(struct buf *progress, size_t room)
{
	size_t n = progress->n > room ? progress->n - room : 0;

	while (n < progress->n && n > 0 && ((unsigned char)progress->p[n] & 0xc0) == 0x80)
		n++;
	buf_cut(progress, n);
}

static void
on_progress(void *owner, struct slice text)
{
	struct program *program = owner;
	struct buf *progress = &program->progress;
	uint64_t now_ms = loop_now_ms(program->loop);

	if (program->events->progress == NULL || text.n == 0)
		return;
	/* Pieces of one text follow each other; steps and lines stand below each other. */
	if (progress->n > 0 && !dialogue_is_interactive(program->runner->parse) &&
	    progress->p[progress->n - 1] != '\n')
		buf_putc(progress, '\n');
	if (text.n > PROGRESS_BYTES) {
		size_t cut = text.n - PROGRESS_BYTES;

		while (cut < text.n && ((unsigned char)text.p[cut] & 0xc0) == 0x80)
			cut++;
		text.p += cut;
		text.n -= cut;
	}
	progress_shorten(progress, PROGRESS_BYTES - text.n);
	buf_put(progress, text);
	if (now_ms >= program->told_ms + PROGRESS_MS)
		progress_tell(program);
	else
		timer_start(program->loop, &program->progress_timer, program->told_ms + PROGRESS_MS,
		    progress_due);
}

/* ---- what the dialogue wants ----------------------------------------------------------------- */

static void
on_send(void *owner, struct slice bytes)
{
	struct program *program = owner;

	if (program->has_outbox && !program->outbox.has_failed && !program->outbox.ends)
		outbox_queue(&program->outbox, &bytes, 1);
}

static void
input_end(struct program *program)
{
	if (program->has_outbox && !program->outbox.ends)
		outbox_end(&program->outbox);
}

static void
on_close_input(void *owner)
{
	input_end(owner);
}

static void
on_over(void *owner)
{
	struct program *program = owner;

	if (program->is_over)
		return;
	program->is_over = true;
	program->over_ms = loop_now_ms(program->loop);
	input_end(program);
	task_wake(program->task);
}

static void
on_permission(void *owner, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t choices_n)
{
	struct program *program = owner;

	if (program->asks_n < PROGRAM_ASKS_MAX) {
		if (program->asks_n == 0)
			program->asks_since_ms = loop_now_ms(program->loop);
		program->asks[program->asks_n++] = number;
	}
	program->events->permission(program->owner, number, title, detail, choices, choices_n);
	task_wake(program->task);
}

void
program_answer(struct program *program, uint64_t number, size_t choice)
{
	uint64_t now_ms = loop_now_ms(program->loop);

	for (unsigned i = 0; i < program->asks_n; i++) {
		if (program->asks[i] != number)
			continue;
		program->asks[i] = program->asks[--program->asks_n];
		if (program->asks_n > 0)
			break;
		/* The time that a person took is not the program's. */
		program->timeout_at_ms += now_ms - program->asks_since_ms;
		program->last_ms = now_ms;
		break;
	}
	if (program->dialogue != NULL)
		dialogue_answer(program->dialogue, number, choice);
	if (program->task != NULL)
		task_wake(program->task);
}

const struct dialogue_events program_dialogue_events = {
	.progress = on_progress,
	.send = on_send,
	.close_input = on_close_input,
	.permission = on_permission,
	.over = on_over,
};

/* ---- its output ------------------------------------------------------------------------------ */

static void
line_feed_one(struct program *program, struct slice line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	dialogue_feed(program->dialogue, line);
}

static void
line_held_feed(struct program *program)
{
	line_feed_one(program, buf_view(&program->line));
	if (program->line.cap > READ_BYTES)
		buf_fini(&program->line);
	else
		buf_clear(&program->line);
}

/* Whole lines go on as they are; a piece of one is held, up to what a line may have. */
static void
lines_feed(struct program *program, struct slice bytes)
{
	while (bytes.n > 0) {
		const char *end = memchr(bytes.p, '\n', bytes.n);
		struct slice part = { bytes.p, end != NULL ? (size_t)(end - bytes.p) : bytes.n };
		size_t skip = part.n + (end != NULL);

		if (end != NULL && program->line.n == 0) {
			line_feed_one(program, part);
		} else {
			if (program->line.n + part.n > DIALOGUE_LINE_BYTES)
				line_held_feed(program);
			buf_put(&program->line, part);
			if (end != NULL || program->line.overflow)
				line_held_feed(program);
		}
		bytes.p += skip;
		bytes.n -= skip;
	}
}

static void
said_put(struct program *program, struct slice bytes)
{
	size_t keep;

	if (bytes.n > PROGRAM_SAID_MAX) {
		bytes.p += bytes.n - PROGRAM_SAID_MAX;
		bytes.n = PROGRAM_SAID_MAX;
	}
	keep = PROGRAM_SAID_MAX - bytes.n < program->said_n ? PROGRAM_SAID_MAX - bytes.n
							    : program->said_n;
	memmove(program->said, program->said + program->said_n - keep, keep);
	memcpy(program->said + keep, bytes.p, bytes.n);
	program->said_n = keep + bytes.n;
}

struct slice
program_last_words(const struct program *program)
{
	struct slice said = { program->said, program->said_n };
	const char *line;

	while (said.n > 0 && (unsigned char)said.p[said.n - 1] <= ' ')
		said.n--;
	line = said.n > 0 ? memrchr(said.p, '\n', said.n) : NULL;
	if (line != NULL) {
		said.n -= (size_t)(line + 1 - said.p);
		said.p = line + 1;
	}
	return said;
}

static void
reading_want(struct program *program)
{
	unsigned events = output_is_full(program->output) ? 0 : STREAM_READABLE;

	if (!program->out_ended)
		stream_want(program->child->out, events);
	if (!program->err_ended)
		stream_want(program->child->err, events);
}

static void
on_room(void *owner)
{
	struct program *program = owner;

	program->last_ms = loop_now_ms(program->loop); /* it was held back, not idle */
	if (program->child != NULL)
		reading_want(program);
	task_wake(program->task);
}

/* One read.  False: there is nothing now, or no more. */
static bool
stream_take(struct program *program, struct stream *stream, bool *ended)
{
	static char bytes[READ_BYTES];
	ssize_t n = stream_read(stream, bytes, sizeof bytes);
	struct slice got = { bytes, n > 0 ? (size_t)n : 0 };

	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		*ended = true;
		stream_want(stream, 0);
		return false;
	}
	program->last_ms = loop_now_ms(program->loop);
	output_put(program->output, got);
	if (stream == program->child->out)
		lines_feed(program, got);
	else
		said_put(program, got);
	return true;
}

static void
out_ready(void *owner, unsigned events)
{
	struct program *program = owner;

	stream_take(program, program->child->out, &program->out_ended);
	if (output_is_full(program->output))
		reading_want(program);
}

static void
err_ready(void *owner, unsigned events)
{
	struct program *program = owner;

	stream_take(program, program->child->err, &program->err_ended);
	if (output_is_full(program->output))
		reading_want(program);
}

static void
in_ready(void *owner, unsigned events)
{
	struct program *program = owner;

	if (program->has_outbox)
		outbox_ready(&program->outbox);
}

/* It has closed its stdin, which is its right; or does not read and is told more and more. */
static void
in_failed(void *owner, const struct err *why)
{
	struct program *program = owner;

	program->is_deaf = why->kind == ERR_LIMIT;
	task_wake(program->task);
}

static void
exited(void *owner, int status)
{
	struct program *program = owner;

	program->has_exited = true;
	program->status = status;
	program->child_end = program->child->end;
	program->pid = 0;
	task_wake(program->task);
}

/* The tree is gone: what it has left in its pipes is read.  A pipe that somebody outside of the
 * tree got hold of is not waited for. */
static void
rest_read_wait(struct program *program)
{
	struct err err;

	stream_want(program->child->out, 0);
	stream_want(program->child->err, 0);
	for (;;) {
		bool more = false;

		if (!output_is_full(program->output)) {
			more = !program->out_ended &&
			    stream_take(program, program->child->out, &program->out_ended);
			more =
			    (!program->err_ended &&
				stream_take(program, program->child->err, &program->err_ended)) ||
			    more;
			if (!more)
				break;
			must(task_yield_wait(program->loop, &err));
		} else {
			must(task_park_wait(program->loop, &err));
		}
	}
	program->out_ended = program->err_ended = true;
	if (program->line.n > 0)
		line_held_feed(program);
}

/* ---- its end --------------------------------------------------------------------------------- */

static void
outbox_drop(struct program *program)
{
	if (program->has_outbox)
		outbox_fini(&program->outbox);
	program->has_outbox = false;
}

static void
stop(struct program *program)
{
	program->is_stopping = true;
	outbox_drop(program); /* child_stop closes its stream */
	child_stop(program->child, 0);
}

/* First by its own means, if it has some and the person wants it to end. */
static void
end_begin(struct program *program, enum program_end end)
{
	program->end = end;
	if (end == PROGRAM_CANCELLED && dialogue_cancel(program->dialogue)) {
		program->was_asked = true;
		program->asked_ms = loop_now_ms(program->loop);
	} else {
		stop(program);
	}
}

/* Is it time to end it?  *due_ms: when to look again. */
static void
time_check(struct program *program, uint64_t *due_ms)
{
	const struct config_runner *runner = program->runner;
	uint64_t now_ms = loop_now_ms(program->loop), idle_at_ms;
	const bool is_asking = program->asks_n > 0;

	*due_ms = now_ms + FOR_EVER_MS;
	if (program->is_stopping)
		return;
	if (program->was_asked) {
		*due_ms = program->asked_ms + runner->grace_ms;
		if (now_ms >= *due_ms || program->is_over)
			stop(program);
		return;
	}
	idle_at_ms = runner->idle_ms > 0 ? program->last_ms + runner->idle_ms : UINT64_MAX;
	if (program->is_over) {
		*due_ms = program->over_ms + OVER_MS;
		if (now_ms >= *due_ms || *program->is_cancelled)
			end_begin(program, PROGRAM_OVER);
	} else if (*program->is_cancelled) {
		end_begin(program, PROGRAM_CANCELLED);
		*due_ms = now_ms + (program->was_asked ? runner->grace_ms : FOR_EVER_MS);
	} else if (program->is_deaf) {
		end_begin(program, PROGRAM_DEAF);
	} else if (!is_asking && runner->timeout_ms > 0 && now_ms >= program->timeout_at_ms) {
		end_begin(program, PROGRAM_TIMEOUT);
	} else if (!is_asking && now_ms >= idle_at_ms && !output_is_full(program->output)) {
		end_begin(program, PROGRAM_IDLE);
	} else if (!is_asking) {
		if (runner->timeout_ms > 0 && program->timeout_at_ms < *due_ms)
			*due_ms = program->timeout_at_ms;
		if (idle_at_ms < *due_ms && !output_is_full(program->output))
			*due_ms = idle_at_ms;
	}
	if (program->is_stopping)
		*due_ms = now_ms + FOR_EVER_MS;
}

static void
exit_wait(struct program *program)
{
	bool timed_out;
	uint64_t due_ms;
	struct err err;

	while (!program->has_exited) {
		time_check(program, &due_ms);
		must(task_park_until_wait(program->loop, due_ms, &timed_out, &err));
	}
}

/* ---- its beginning --------------------------------------------------------------------------- */

static void
streams_attach(struct program *program)
{
	struct child *child = program->child;

	child->on_exit = exited;
	child->in->on_ready = in_ready;
	child->out->on_ready = out_ready;
	child->err->on_ready = err_ready;
	child->owner = child->in->owner = child->out->owner = child->err->owner = program;
	outbox_init(&program->outbox, program->loop, child->in, INPUT_BYTES);
	program->outbox.on_fail = in_failed;
	program->outbox.owner = program;
	program->has_outbox = true;
	program->output->on_room = on_room;
	program->output->owner = program;
	reading_want(program);
}

/* Where it could not be given a network of its own it has none, and no proxy. */
MUST_CHECK static bool
egress_begin(struct program *program, struct err *err)
{
	const struct config_isolation *isolate = &program->runner->isolate;
	const struct egress_settings settings = { .whose = program->runner->name,
		.allow = isolate->egress,
		.allow_n = isolate->egress_n };

	if (!isolate->is_on || isolate->egress_n == 0 || program->child->proxy < 0)
		return true;
	return egress_open(program->loop, &settings, &program->child->proxy, &program->egress, err);
}

static void
clock_begin(struct program *program)
{
	uint64_t now_ms = loop_now_ms(program->loop);

	program->last_ms = now_ms;
	program->timeout_at_ms = program->runner->timeout_ms < FOR_EVER_MS * 1000
	    ? now_ms + program->runner->timeout_ms
	    : UINT64_MAX / 2;
}

void
program_init(struct program *program, struct memory *memory)
{
	buf_init(&program->line, memory, DIALOGUE_LINE_BYTES);
	buf_init(&program->progress, memory, 2 * PROGRESS_BYTES);
	buf_init(&program->isolation, NULL, KIB);
}

void
program_fini(struct program *program)
{
	must(program->child == NULL);
	buf_fini(&program->line);
	buf_fini(&program->progress);
	buf_fini(&program->isolation);
}

bool
program_run_wait(struct program *program, const struct child_spec *spec, struct err *err)
{
	bool ok;

	program->task = task_self(program->loop);
	if (!child_open_wait(program->loop, spec, &program->child, err))
		return false;
	program->was_started = true;
	program->pid = program->child->pid;
	isolation_print(&program->child->isolation, &program->isolation);
	buf_putc(&program->isolation, '\0');
	streams_attach(program);
	clock_begin(program);
	ok = egress_begin(program, err);
	if (ok) {
		if (program->events->started != NULL)
			program->events->started(program->owner);
		dialogue_begin(program->dialogue);
	} else {
		stop(program);
	}
	exit_wait(program);
	rest_read_wait(program);
	outbox_drop(program);
	child_close(&program->child);
	egress_close(&program->egress);
	progress_tell(program);
	program->output->on_room = NULL;
	program->task = NULL;
	return ok;
}
