/*
 * The machine in memory: see sim.h.  One list of streams; a turn delivers what is due, then calls
 * each ready stream in an order drawn from the seed; when nothing is ready the clock jumps to what
 * comes next.
 */
#include "sim.h"

#include <errno.h>
#include <string.h>

#define PIPE_BYTES   (32 * KIB) /* of one direction, as a small socket buffer */
#define PROGRAMS_MAX 16

/* Bytes under way in one direction. */
struct direction {
	struct buf bytes;
	size_t visible;	 /* of bytes: the reader may have them */
	uint64_t due_ms; /* when the rest becomes visible */
	bool is_ended;	 /* no more will be written */
};

struct sim_child;

struct sim_pipe {
	struct direction to[2];	   /* to[i]: what end i reads */
	struct sim_stream *end[2]; /* NULL: closed */
	bool is_reset;
};

struct sim_stream {
	struct stream pub;
	struct sim *sim;
	struct sim_stream *next, *prev;
	struct sim_pipe *pipe;
	unsigned side, wants;
	uint64_t open_ms; /* a connection is there from then on */
	uint64_t turn;	  /* last turn it was called in */
};

struct sim_listener {
	struct sim_listener *next;
	struct listener *listener;
	struct address at;
};

/* Something for the next turn: an accept, a child that started or ended, offloaded work. */
struct sim_event {
	struct sim_event *next;
	uint64_t at_ms;
	void (*fn)(struct sim_event *event);
	struct sim *sim;
	struct listener *listener;
	struct stream *stream;
	struct sim_child *child;
	int status;
	void (*done)(void *ctx, struct child *child, const struct err *err);
	void (*work_done)(void *arg);
	void *ctx;
};

struct sim {
	struct loop *loop;
	uint64_t now_ms, rng, turn, next_child;
	struct sim_faults faults;
	struct sim_stream streams; /* list head */
	unsigned open;
	struct sim_listener *listeners;
	struct sim_event *events;
	struct stream *stdio[2]; /* the gateway's ends */
	struct {
		const char *argv0;
		sim_program_fn *fn;
		void *ctx;
	} programs[PROGRAMS_MAX];
	size_t programs_n;
	uint16_t next_port;
};

/*
 * ---- chance
 * ------------------------------------------------------------------------------------------
 */

/* splitmix64 */
static uint64_t
draw(struct sim *sim)
{
	uint64_t z = (sim->rng += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
sim_random(struct sim *sim, uint64_t below)
{
	return below == 0 ? 0 : draw(sim) % below;
}

bool
sim_chance(struct sim *sim, unsigned per_mille)
{
	return per_mille > 0 && draw(sim) % 1000 < per_mille;
}

/*
 * ---- streams
 * -------------------------------------------------------------------------------------------
 */

static struct sim_stream *
sim_of(struct stream *stream)
{
	return CONTAINER(stream, struct sim_stream, pub);
}

static ssize_t
sim_read(struct stream *stream, void *to, size_t n)
{
	struct sim_stream *s = sim_of(stream);
	struct direction *d = &s->pipe->to[s->side];

	if (s->pipe->is_reset)
		return -ECONNRESET;
	if (d->visible == 0)
		return d->is_ended && d->bytes.n == 0 ? 0 : -EAGAIN;
	if (sim_chance(s->sim, s->sim->faults.again))
		return -EAGAIN;
	n = n < d->visible ? n : d->visible;
	if (n > 1 && sim_chance(s->sim, s->sim->faults.short_io))
		n = 1 + sim_random(s->sim, n - 1);
	memcpy(to, d->bytes.p, n);
	buf_cut(&d->bytes, n);
	d->visible -= n;
	return (ssize_t)n;
}

static ssize_t
sim_writev(struct stream *stream, const struct iovec *iov, int n)
{
	struct sim_stream *s = sim_of(stream);
	struct direction *d = &s->pipe->to[1 - s->side];
	size_t room, took = 0;
	bool all_visible = d->visible == d->bytes.n;

	if (s->pipe->is_reset)
		return -ECONNRESET;
	if (s->pipe->end[1 - s->side] == NULL)
		return -EPIPE;
	if (sim_chance(s->sim, s->sim->faults.reset)) {
		sim_reset(stream);
		return -ECONNRESET;
	}
	room = d->bytes.n < PIPE_BYTES ? PIPE_BYTES - d->bytes.n : 0;
	if (room > 1 && sim_chance(s->sim, s->sim->faults.short_io))
		room = 1 + sim_random(s->sim, room - 1);
	if (room == 0 || s->open_ms > s->sim->now_ms || sim_chance(s->sim, s->sim->faults.again))
		return -EAGAIN;
	for (int i = 0; i < n && took < room; i++) {
		size_t part = iov[i].iov_len < room - took ? iov[i].iov_len : room - took;

		buf_put(&d->bytes, (struct slice){ iov[i].iov_base, part });
		took += part;
	}
	if (sim_chance(s->sim, s->sim->faults.delay)) {
		if (all_visible)
			d->due_ms = s->sim->now_ms + 1 + sim_random(s->sim, 20);
	} else if (all_visible) {
		d->visible = d->bytes.n;
	}
	return (ssize_t)took;
}

static void
sim_want(struct stream *stream, unsigned events)
{
	sim_of(stream)->wants = events;
}

static void
sim_shutdown(struct stream *stream)
{
	struct sim_stream *s = sim_of(stream);

	s->pipe->to[1 - s->side].is_ended = true;
}

static void
pipe_free_if_done(struct sim_pipe *pipe)
{
	if (pipe->end[0] != NULL || pipe->end[1] != NULL)
		return;
	buf_fini(&pipe->to[0].bytes);
	buf_fini(&pipe->to[1].bytes);
	mem_free(pipe);
}

static void
sim_close(struct stream *stream)
{
	struct sim_stream *s = sim_of(stream);
	struct direction *unread = &s->pipe->to[s->side];

	s->prev->next = s->next;
	s->next->prev = s->prev;
	s->sim->open--;
	s->pipe->end[s->side] = NULL;
	s->pipe->to[1 - s->side].is_ended = true;
	/* As TCP does: closing with unread bytes resets. */
	if (unread->bytes.n > 0)
		s->pipe->is_reset = true;
	pipe_free_if_done(s->pipe);
	mem_free(s);
}

static const struct stream_ops sim_stream_ops = {
	.read = sim_read,
	.writev = sim_writev,
	.want = sim_want,
	.shutdown = sim_shutdown,
	.close = sim_close,
};

static struct stream *
end_new(struct sim *sim, struct sim_pipe *pipe, unsigned side)
{
	struct sim_stream *s = MEM_NEW(struct sim_stream);

	s->pub.ops = &sim_stream_ops;
	s->pub.loop = sim->loop;
	s->sim = sim;
	s->pipe = pipe;
	s->side = side;
	s->next = &sim->streams;
	s->prev = sim->streams.prev;
	s->prev->next = s->next->prev = s;
	pipe->end[side] = s;
	sim->open++;
	return &s->pub;
}

void
sim_pair(struct sim *sim, struct stream **a, struct stream **b)
{
	struct sim_pipe *pipe = MEM_NEW(struct sim_pipe);

	for (int i = 0; i < 2; i++)
		buf_init(&pipe->to[i].bytes, NULL, SIZE_MAX);
	*a = end_new(sim, pipe, 0);
	*b = end_new(sim, pipe, 1);
}

void
sim_reset(struct stream *stream)
{
	sim_of(stream)->pipe->is_reset = true;
}

static unsigned
ready_events(struct sim_stream *s)
{
	struct direction *in = &s->pipe->to[s->side], *out = &s->pipe->to[1 - s->side];
	unsigned events = 0;

	if (s->open_ms > s->sim->now_ms)
		return 0;
	if (in->visible > 0 || (in->is_ended && in->bytes.n == 0) || s->pipe->is_reset)
		events |= STREAM_READABLE;
	if (out->bytes.n < PIPE_BYTES || s->pipe->is_reset || s->pipe->end[1 - s->side] == NULL)
		events |= STREAM_WRITABLE;
	return events & s->wants;
}

/*
 * ---- events
 * ----------------------------------------------------------------------------------------------
 */

static struct sim_event *
event_new(struct sim *sim, uint64_t in_ms, void (*fn)(struct sim_event *))
{
	struct sim_event *event = MEM_NEW(struct sim_event), **at = &sim->events;

	event->sim = sim;
	event->fn = fn;
	event->at_ms = sim->now_ms + in_ms;
	while (*at != NULL && (*at)->at_ms <= event->at_ms)
		at = &(*at)->next;
	event->next = *at;
	*at = event;
	return event;
}

/* Everything that becomes visible at now; returns when the next will. */
static uint64_t
deliver(struct sim *sim)
{
	uint64_t next = UINT64_MAX;

	for (struct sim_stream *s = sim->streams.next; s != &sim->streams; s = s->next) {
		struct direction *d = &s->pipe->to[s->side];

		if (s->open_ms > sim->now_ms && s->open_ms < next)
			next = s->open_ms;
		if (d->visible == d->bytes.n)
			continue;
		if (d->due_ms <= sim->now_ms)
			d->visible = d->bytes.n;
		else if (d->due_ms < next)
			next = d->due_ms;
	}
	return next;
}

static bool
call_events(struct sim *sim)
{
	bool any = false;

	while (sim->events != NULL && sim->events->at_ms <= sim->now_ms) {
		struct sim_event *event = sim->events;

		sim->events = event->next;
		event->fn(event);
		mem_free(event);
		any = true;
	}
	return any;
}

/* Calls every ready stream once, in an order drawn by lot. */
static bool
call_streams(struct sim *sim)
{
	bool any = false;

	sim->turn++;
	for (;;) {
		struct sim_stream *chosen = NULL;
		uint64_t seen = 0;

		for (struct sim_stream *s = sim->streams.next; s != &sim->streams; s = s->next) {
			if (s->turn != sim->turn && ready_events(s) != 0 &&
			    sim_random(sim, ++seen) == 0)
				chosen = s;
		}
		if (chosen == NULL)
			return any;
		chosen->turn = sim->turn;
		any = true;
		chosen->pub.on_ready(chosen->pub.owner, ready_events(chosen));
	}
}

/*
 * ---- the seam
 * ----------------------------------------------------------------------------------------------
 */

static uint64_t
seam_now(void *seam)
{
	return ((struct sim *)seam)->now_ms;
}

static uint64_t
seam_unix(void *seam)
{
	return 1790000000000u + ((struct sim *)seam)->now_ms;
}

static void
seam_random(void *seam, void *to, size_t n)
{
	uint64_t bits;

	for (size_t at = 0; at < n; at += sizeof(bits)) {
		bits = draw(seam);
		memcpy((char *)to + at, &bits, n - at < sizeof(bits) ? n - at : sizeof(bits));
	}
}

static void
seam_turn(void *seam, int64_t timeout_ms)
{
	struct sim *sim = seam;
	uint64_t next = deliver(sim), until;
	bool any = call_events(sim);

	any |= call_streams(sim);
	if (any || timeout_ms == 0)
		return;
	until = timeout_ms < 0 ? UINT64_MAX : sim->now_ms + (uint64_t)timeout_ms;
	if (sim->events != NULL && sim->events->at_ms < next)
		next = sim->events->at_ms;
	next = next < until ? next : until;
	if (next == UINT64_MAX)
		return;
	if (next > sim->now_ms)
		sim->now_ms = next;
	deliver(sim);
	call_events(sim);
	call_streams(sim);
}

static bool
same_address(const struct address *a, const struct address *b)
{
	if (a->is_unix != b->is_unix)
		return false;
	return a->is_unix ? strcmp(a->path, b->path) == 0 : a->port == b->port;
}

static void
accept_now(struct sim_event *event)
{
	struct address peer = { .ip = { 127, 0, 0, 1 }, .port = 50000 };

	for (struct sim_listener *l = event->sim->listeners; l != NULL; l = l->next) {
		if (l->listener == event->listener) {
			l->listener->on_accept(l->listener->owner, event->stream, &peer);
			return;
		}
	}
	stream_close(&event->stream);
}

static struct stream *
seam_connect(void *seam, const struct address *to, struct err *err)
{
	struct sim *sim = seam;
	struct sim_listener *l = sim->listeners;
	struct stream *a, *b;
	struct sim_event *event;

	while (l != NULL && !same_address(&l->at, to))
		l = l->next;
	sim_pair(sim, &a, &b);
	sim_of(a)->open_ms = sim->now_ms + 1 + sim_random(sim, 3);
	if (l == NULL || sim_chance(sim, sim->faults.refuse)) {
		sim_reset(a);
		stream_close(&b);
		return a;
	}
	event = event_new(sim, sim_random(sim, 3), accept_now);
	event->listener = l->listener;
	event->stream = b;
	return a;
}

static bool
seam_listen(void *seam, struct listener *listener, const struct address *at, struct err *err)
{
	struct sim *sim = seam;
	struct sim_listener *l = MEM_NEW(struct sim_listener);

	listener->address = *at;
	if (!at->is_unix && at->port == 0)
		listener->address.port = ++sim->next_port;
	l->listener = listener;
	l->at = listener->address;
	l->next = sim->listeners;
	sim->listeners = l;
	return true;
}

static void
seam_listener_close(void *seam, struct listener *listener)
{
	struct sim_listener **at = &((struct sim *)seam)->listeners;

	while (*at != NULL && (*at)->listener != listener)
		at = &(*at)->next;
	if (*at != NULL) {
		struct sim_listener *gone = *at;

		*at = gone->next;
		mem_free(gone);
	}
}

static struct stream *
seam_stdio(void *seam, int fd, struct err *err)
{
	struct sim *sim = seam;
	struct stream *stream = sim->stdio[fd];

	sim->stdio[fd] = NULL;
	if (stream == NULL)
		err_set(err, ERR_IO, "no stdio in this simulation");
	return stream;
}

void
sim_stdio(struct sim *sim, struct stream **to_stdin, struct stream **from_stdout)
{
	sim_pair(sim, &sim->stdio[0], to_stdin);
	sim_pair(sim, &sim->stdio[1], from_stdout);
}

/*
 * ---- children
 * -------------------------------------------------------------------------------------------------
 */

/* Freed when the gateway and the actor are both done with it and no event speaks of it. */
struct sim_child {
	struct sim_process process;
	struct child child;
	unsigned holders;
	bool gateway_has, actor_has;
};

static void
child_release(struct sim_child *c)
{
	if (--c->holders == 0)
		mem_free(c);
}

static void
started_now(struct sim_event *event)
{
	event->done(event->ctx, &event->child->child, NULL);
	child_release(event->child);
}

static void
not_started_now(struct sim_event *event)
{
	struct err err = { 0 };

	err_set(&err, ERR_UNAVAILABLE, "cannot be started");
	event->done(event->ctx, NULL, &err);
}

static void
seam_child_start(void *seam, const struct child_spec *spec,
    void (*done)(void *ctx, struct child *child, const struct err *err), void *ctx)
{
	struct sim *sim = seam;
	struct sim_event *event;
	struct sim_child *c;
	size_t i = 0;

	while (i < sim->programs_n && strcmp(sim->programs[i].argv0, spec->argv[0]) != 0)
		i++;
	if (i == sim->programs_n || sim_chance(sim, sim->faults.start_fails)) {
		event = event_new(sim, 1 + sim_random(sim, 5), not_started_now);
		event->done = done;
		event->ctx = ctx;
		return;
	}
	c = MEM_NEW(struct sim_child);
	c->holders = 3;
	c->gateway_has = c->actor_has = true;
	c->process.sim = sim;
	c->child.loop = sim->loop;
	c->child.id = ++sim->next_child;
	c->child.pid = (pid_t)c->child.id;
	sim_pair(sim, &c->child.in, &c->process.in);
	sim_pair(sim, &c->child.out, &c->process.out);
	sim_pair(sim, &c->child.err, &c->process.err);
	event = event_new(sim, 1 + sim_random(sim, 5), started_now);
	event->done = done;
	event->ctx = ctx;
	event->child = c;
	sim->programs[i].fn(&c->process, spec, sim->programs[i].ctx);
}

static void
exited_now(struct sim_event *event)
{
	struct sim_child *c = event->child;

	if (c->gateway_has && c->child.on_exit != NULL)
		c->child.on_exit(c->child.owner, event->status);
	child_release(c);
}

void
sim_process_exit(struct sim_process *process, int status)
{
	struct sim_child *c = CONTAINER(process, struct sim_child, process);
	struct sim_event *event;

	must(c->actor_has);
	c->actor_has = false;
	stream_close(&process->in);
	stream_close(&process->out);
	stream_close(&process->err);
	event = event_new(process->sim, 1 + sim_random(process->sim, 3), exited_now);
	event->child = c; /* the actor's hold goes over to the event */
	event->status = status;
}

static void
killed_now(struct sim_event *event)
{
	struct sim_child *c = event->child;

	c->process.is_killed = true;
	if (c->actor_has && c->process.on_kill != NULL)
		c->process.on_kill(&c->process);
	child_release(c);
}

static void
kill_in(struct sim *sim, struct sim_child *c, uint64_t ms)
{
	c->holders++;
	event_new(sim, ms, killed_now)->child = c;
}

static void
seam_child_stop(void *seam, struct child *child, unsigned grace_ms)
{
	kill_in(seam, CONTAINER(child, struct sim_child, child), grace_ms);
}

static void
seam_child_free(void *seam, struct child *child)
{
	struct sim_child *c = CONTAINER(child, struct sim_child, child);

	must(c->gateway_has);
	c->gateway_has = false;
	kill_in(seam, c, 0);
	child_release(c);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void
offloaded_now(struct sim_event *event)
{
	event->work_done(event->ctx);
}

static void
seam_offload(
    void *seam, const char *helper, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct sim_event *event;

	work(arg);
	event = event_new(seam, sim_random(seam, 10), offloaded_now);
	event->work_done = done;
	event->ctx = arg;
}

static void
seam_signal(void *seam, int signo, void (*fn)(void *ctx, int signo), void *ctx)
{
}

static void
seam_close(void *seam)
{
	struct sim *sim = seam;

	while (sim->events != NULL) {
		struct sim_event *event = sim->events;

		sim->events = event->next;
		/* What was on its way to the gateway is lost; its hold is not. */
		if (event->fn == accept_now)
			stream_close(&event->stream);
		if (event->child != NULL)
			child_release(event->child);
		mem_free(event);
	}
	for (int i = 0; i < 2; i++)
		stream_close(&sim->stdio[i]);
	must(sim->open == 0);
	must(sim->listeners == NULL);
	mem_free(sim);
}

static const struct seam_ops sim_ops = {
	.now_ms = seam_now,
	.unix_ms = seam_unix,
	.random = seam_random,
	.turn = seam_turn,
	.connect = seam_connect,
	.listen = seam_listen,
	.listener_close = seam_listener_close,
	.stdio = seam_stdio,
	.child_start = seam_child_start,
	.child_stop = seam_child_stop,
	.child_free = seam_child_free,
	.offload = seam_offload,
	.signal = seam_signal,
	.close = seam_close,
};

struct loop *
sim_new(uint64_t seed, struct log *log, struct sim **out)
{
	struct sim *sim = MEM_NEW(struct sim);

	sim->rng = seed;
	sim->now_ms = 1000;
	sim->next_port = 40000;
	sim->streams.next = sim->streams.prev = &sim->streams;
	sim->loop = loop_new_on(&sim_ops, sim, log);
	*out = sim;
	return sim->loop;
}

struct loop *
sim_loop(struct sim *sim)
{
	return sim->loop;
}

void
sim_set_faults(struct sim *sim, const struct sim_faults *faults)
{
	sim->faults = *faults;
}

void
sim_program(struct sim *sim, const char *argv0, sim_program_fn *fn, void *ctx)
{
	must(sim->programs_n < PROGRAMS_MAX);
	sim->programs[sim->programs_n].argv0 = argv0;
	sim->programs[sim->programs_n].fn = fn;
	sim->programs[sim->programs_n++].ctx = ctx;
}

unsigned
sim_streams_open(const struct sim *sim)
{
	return sim->open;
}

bool
sim_run_until(struct sim *sim, bool (*done)(void *ctx), void *ctx, uint64_t until_ms)
{
	while (!done(ctx)) {
		if (sim->now_ms >= until_ms ||
		    !loop_turn(sim->loop, (int64_t)(until_ms - sim->now_ms)))
			return done(ctx);
	}
	return true;
}
