/*
 * The egress proxy of one isolated child: connections through CONNECT, ground floor.
 *
 * A connection goes one way: its head is read, its destination checked, then looked up (one at a
 * time of a proxy, so that a child which asks for slow names delays itself), connected, and bytes
 * go both ways until both sides have ended.  Memory is bounded by what a side does not take: then
 * the other one is not read.  Connections are freed from a deferred call only, or with the proxy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/egress.h"
#include "net/http_parse.h"

#define CONNECTIONS_MAX 64u
#define HEAD_BYTES	(8 * KIB)
#define HEAD_FIELDS	64u
#define HEAD_MS		10000
#define CONNECT_MS	20000 /* waiting for others' lookups, its own, and connecting */
#define IDLE_MS		((uint64_t)15 * 60 * 1000)
#define ANSWER_MS	5000
#define OUTBOX_BYTES	(4 * HTTP_READ_BYTES)
#define LOGGED_FIRST	64u /* refusals of one proxy; then the 128th, 256th ... */
#define HELPER		"egress"

enum state {
	READING,    /* the head */
	WAITING,    /* for its turn to be looked up */
	LOOKING,    /* its name is being resolved */
	CONNECTING, /* to one address after the other */
	OPEN,
	ANSWERED, /* refused: the answer leaves, then it closes */
	DEAD	  /* freed at the end of the turn */
};

struct side {
	struct tunnel *tunnel;
	struct stream *stream;
	struct outbox outbox;
	bool has_outbox, at_end;
};

struct tunnel {
	struct tunnel *next, *prev; /* newest first */
	struct egress *egress;
	enum state state;
	struct side child, world;
	struct http_parser parser;
	struct http_head head;
	struct buf early;	   /* came behind the head */
	struct egress_place place; /* its slices lie in head */
	struct net_lookup *lookup;
	struct address addresses[RESOLVE_MAX];
	unsigned addresses_n, tried;
	struct timer timer;
	uint64_t due_ms;
	struct deferred burial;
};

struct egress {
	struct loop *loop;
	struct listener listener;
	struct egress_rules rules;
	struct egress_settings settings; /* whose is our own; allow is not kept */
	struct tunnel *tunnels;
	unsigned tunnels_n;
	uint64_t refused_n;
};

static void on_timer(struct timer *timer);
static void lookup_next(struct egress *egress);

/* ---- life ------------------------------------------------------------------------------------ */

static void
side_fini(struct side *side)
{
	if (side->has_outbox)
		outbox_fini(&side->outbox);
	side->has_outbox = false;
	stream_close(&side->stream);
}

static void
tunnel_free(struct tunnel *tunnel)
{
	struct egress *egress = tunnel->egress;

	if (tunnel->prev != NULL)
		tunnel->prev->next = tunnel->next;
	else
		egress->tunnels = tunnel->next;
	if (tunnel->next != NULL)
		tunnel->next->prev = tunnel->prev;
	egress->tunnels_n--;
	timer_stop(egress->loop, &tunnel->timer);
	deferred_stop(egress->loop, &tunnel->burial);
	net_lookup_forget(&tunnel->lookup);
	side_fini(&tunnel->child);
	side_fini(&tunnel->world);
	buf_fini(&tunnel->early);
	http_head_fini(&tunnel->head);
	mem_free(tunnel);
}

static void
bury(struct deferred *deferred)
{
	struct tunnel *tunnel = CONTAINER(deferred, struct tunnel, burial);
	struct egress *egress = tunnel->egress;

	tunnel_free(tunnel);
	lookup_next(egress);
}

static void
tunnel_end(struct tunnel *tunnel)
{
	if (tunnel->state == DEAD)
		return;
	tunnel->state = DEAD;
	timer_stop(tunnel->egress->loop, &tunnel->timer);
	loop_defer(tunnel->egress->loop, &tunnel->burial, bury);
}

static void
due_set(struct tunnel *tunnel, uint64_t ms)
{
	struct loop *loop = tunnel->egress->loop;

	tunnel->due_ms = loop_now_ms(loop) + ms;
	/* One that fires too early looks at due_ms and starts again. */
	if (tunnel->timer.place == 0 || tunnel->timer.at_ms > tunnel->due_ms)
		timer_start(loop, &tunnel->timer, tunnel->due_ms, on_timer);
}

static void
count(struct egress *egress, struct slice outcome)
{
	series_add(metrics_series(
		       loop_metrics(egress->loop), METRIC_EGRESS, egress->settings.whose, outcome),
	    1);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
answer(struct tunnel *tunnel, int status, const char *why)
{
	struct buf text;
	struct slice part;

	buf_init(&text, NULL, 2 * KIB);
	buf_printf(&text,
	    "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
	    status, http_status_text(status), strlen(why) + 1, why);
	part = buf_view(&text);
	tunnel->state = ANSWERED;
	due_set(tunnel, ANSWER_MS);
	outbox_want(&tunnel->child.outbox, STREAM_READABLE); /* until it closes */
	outbox_send(&tunnel->child.outbox, &part, 1);
	outbox_end(&tunnel->child.outbox);
	buf_fini(&text);
}

/* The 1st to 64th refusal, then the 128th, 256th ... */
static bool
is_logged(uint64_t n)
{
	return n <= LOGGED_FIRST || log_is_due(n);
}

static void
refuse(struct tunnel *tunnel, int status, struct slice destination, const char *why)
{
	struct egress *egress = tunnel->egress;
	struct slice shown = { destination.p, destination.n < 200 ? destination.n : 200 };
	char text[400];

	if (is_logged(++egress->refused_n))
		log_event(loop_log(egress->loop), LOG_WARN, "egress_refused",
		    "%.*s: \"%.*s\": %s (refused %llu times)", SLICE_FMT(egress->settings.whose),
		    SLICE_FMT(shown), why, (unsigned long long)egress->refused_n);
	count(egress, S("refused"));
	if (egress->settings.refused != NULL)
		egress->settings.refused(egress->settings.owner, shown, why);
	snprintf(text, sizeof(text), "bascule: %s", why);
	answer(tunnel, status, text);
}

static void
fail(struct tunnel *tunnel, const char *why)
{
	struct egress *egress = tunnel->egress;
	char text[400];

	log_event(loop_log(egress->loop), LOG_DEBUG, "egress_failed", "%.*s: %.*s: %s",
	    SLICE_FMT(egress->settings.whose), SLICE_FMT(tunnel->place.text), why);
	count(egress, S("failed"));
	snprintf(text, sizeof(text), "bascule: %s", why);
	answer(tunnel, 502, text);
}

/* ---- both ways ------------------------------------------------------------------------------- */

static struct side *
other(struct side *side)
{
	struct tunnel *tunnel = side->tunnel;

	return side == &tunnel->child ? &tunnel->world : &tunnel->child;
}

static void
end_if_done(struct tunnel *tunnel)
{
	if (tunnel->child.at_end && tunnel->world.at_end &&
	    outbox_pending(&tunnel->child.outbox) == 0 &&
	    outbox_pending(&tunnel->world.outbox) == 0)
		tunnel_end(tunnel);
}

static void
side_end(struct side *from)
{
	from->at_end = true;
	outbox_want(&from->outbox, 0);
	outbox_end(&other(from)->outbox);
	end_if_done(from->tunnel);
}

static void
pump(struct side *from)
{
	struct side *to = other(from);
	struct slice part = { http_read_buffer(), 0 };
	ssize_t n =
	    from->at_end ? -EAGAIN : stream_read(from->stream, http_read_buffer(), HTTP_READ_BYTES);

	if (n == -EAGAIN)
		return;
	if (n < 0) {
		tunnel_end(from->tunnel);
		return;
	}
	due_set(from->tunnel, IDLE_MS);
	if (n == 0) {
		side_end(from);
		return;
	}
	part.n = (size_t)n;
	outbox_send(&to->outbox, &part, 1);
	if (outbox_pending(&to->outbox) > 0)
		outbox_want(&from->outbox, 0);
}

/* What waited has left: the other side is read again. */
static void
side_drained(void *owner)
{
	struct side *side = owner, *from = other(side);

	if (side->tunnel->state != OPEN)
		return;
	due_set(side->tunnel, IDLE_MS);
	if (!from->at_end)
		outbox_want(&from->outbox, STREAM_READABLE);
	end_if_done(side->tunnel);
}

static void
side_failed(void *owner, const struct err *err)
{
	tunnel_end(((struct side *)owner)->tunnel);
}

static void
side_attach(struct side *side, struct stream *stream, void (*on_ready)(void *, unsigned))
{
	struct loop *loop = side->tunnel->egress->loop;

	side->stream = stream;
	stream->on_ready = on_ready;
	stream->owner = side;
	outbox_init(&side->outbox, loop, stream, OUTBOX_BYTES);
	side->outbox.on_fail = side_failed;
	side->outbox.on_drained = side_drained;
	side->outbox.owner = side;
	side->has_outbox = true;
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void connect_next(struct tunnel *tunnel, const char *why);

static void
tunnel_open(struct tunnel *tunnel)
{
	struct slice hello = S("HTTP/1.1 200 Connection established\r\n\r\n");
	struct slice early = buf_view(&tunnel->early);

	tunnel->state = OPEN;
	count(tunnel->egress, S("open"));
	log_event(loop_log(tunnel->egress->loop), LOG_DEBUG, "egress_open", "%.*s: %.*s",
	    SLICE_FMT(tunnel->egress->settings.whose), SLICE_FMT(tunnel->place.text));
	due_set(tunnel, IDLE_MS);
	outbox_send(&tunnel->child.outbox, &hello, 1);
	if (early.n > 0)
		outbox_send(&tunnel->world.outbox, &early, 1);
	buf_fini(&tunnel->early);
	outbox_want(&tunnel->world.outbox, STREAM_READABLE);
	if (outbox_pending(&tunnel->world.outbox) == 0)
		outbox_want(&tunnel->child.outbox, STREAM_READABLE);
}

/* Did the connection come about?  A failed one shows it in its first read. */
static void
world_connected(struct tunnel *tunnel)
{
	struct side *world = &tunnel->world;
	struct slice part = { http_read_buffer(), 0 };
	ssize_t n = stream_read(world->stream, http_read_buffer(), HTTP_READ_BYTES);
	const char *why;

	if (n < 0 && n != -EAGAIN) {
		why = strerrordesc_np((int)-n);
		side_fini(world);
		connect_next(tunnel, why != NULL ? why : "unknown error");
		return;
	}
	tunnel_open(tunnel);
	if (n == 0)
		side_end(world);
	if (n <= 0)
		return;
	part.n = (size_t)n;
	outbox_send(&tunnel->child.outbox, &part, 1);
	if (outbox_pending(&tunnel->child.outbox) > 0)
		outbox_want(&world->outbox, 0);
}

static void
world_ready(void *owner, unsigned events)
{
	struct side *world = owner;
	struct tunnel *tunnel = world->tunnel;

	if (tunnel->state == CONNECTING) {
		world_connected(tunnel);
		return;
	}
	if (tunnel->state == OPEN && (events & STREAM_WRITABLE) != 0)
		outbox_ready(&world->outbox);
	if (tunnel->state == OPEN && (events & STREAM_READABLE) != 0)
		pump(world);
}

/* why: of the address before it. */
static void
connect_next(struct tunnel *tunnel, const char *why)
{
	struct stream *stream;
	struct err err = { 0 };

	while (tunnel->tried < tunnel->addresses_n) {
		stream =
		    loop_connect(tunnel->egress->loop, &tunnel->addresses[tunnel->tried++], &err);
		if (stream == NULL) {
			why = err.text;
			continue;
		}
		tunnel->state = CONNECTING;
		side_attach(&tunnel->world, stream, world_ready);
		/* Connected is writable; the outbox has nothing to write yet. */
		outbox_want(&tunnel->world.outbox, STREAM_WRITABLE);
		return;
	}
	fail(tunnel, why);
}

/* ---- where to -------------------------------------------------------------------------------- */

static void
addresses_use(struct tunnel *tunnel, const struct address *found, unsigned n)
{
	const struct egress_rules *rules = &tunnel->egress->rules;

	for (unsigned i = 0; i < n; i++)
		if (egress_rules_let(rules, &found[i]))
			tunnel->addresses[tunnel->addresses_n++] = found[i];
	if (tunnel->addresses_n > 0)
		connect_next(tunnel, "it has no address");
	else
		refuse(tunnel, 403, tunnel->place.text,
		    "the name leads to an address that is not public: list the address too, if it "
		    "is meant");
}

static void
looked_up(void *owner, const struct address *found, unsigned n, const struct err *err)
{
	struct tunnel *tunnel = owner;
	struct egress *egress = tunnel->egress;

	tunnel->lookup = NULL;
	if (tunnel->state == LOOKING && n > 0)
		addresses_use(tunnel, found, n);
	else if (tunnel->state == LOOKING)
		fail(tunnel, err->text);
	lookup_next(egress);
}

/* The oldest one that waits, when no lookup is in progress. */
static void
lookup_next(struct egress *egress)
{
	struct tunnel *next = NULL;

	for (struct tunnel *at = egress->tunnels; at != NULL; at = at->next) {
		if (at->lookup != NULL)
			return;
		if (at->state == WAITING)
			next = at;
	}
	if (next == NULL)
		return;
	next->state = LOOKING;
	next->lookup = net_lookup_start(
	    egress->loop, HELPER, next->place.host, next->place.port, looked_up, next);
}

static void
head_done(struct tunnel *tunnel)
{
	struct egress *egress = tunnel->egress;
	struct slice target = http_head_target(&tunnel->head);

	if (tunnel->parser.llhttp.method != HTTP_CONNECT) {
		refuse(tunnel, 405, target,
		    "only CONNECT goes through this proxy: use https, plain http is not passed on");
	} else if (tunnel->parser.framing != HTTP_FRAMING_NONE ||
	    !egress_place_parse(target, &tunnel->place)) {
		refuse(tunnel, 400, target, "this is no destination: CONNECT name:port");
	} else if (!egress_rules_have(&egress->rules, &tunnel->place)) {
		refuse(tunnel, 403, target, "this destination is not listed for this program");
	} else {
		due_set(tunnel, CONNECT_MS);
		if (tunnel->place.is_literal) {
			addresses_use(tunnel, &tunnel->place.address, 1);
			return;
		}
		tunnel->state = WAITING;
		lookup_next(egress);
	}
}

/* ---- the child's side ------------------------------------------------------------------------ */

static void
head_read(struct tunnel *tunnel)
{
	char *bytes = http_read_buffer();
	ssize_t got = stream_read(tunnel->child.stream, bytes, HTTP_READ_BYTES);
	size_t n = got > 0 ? (size_t)got : 0;
	enum http_step step;

	if (got == -EAGAIN)
		return;
	if (got <= 0) {
		tunnel_end(tunnel);
		return;
	}
	do {
		step = http_parser_step(&tunnel->parser, &bytes, &n);
	} while (step == STEP_MORE && n > 0);
	if (step == STEP_MORE)
		return;
	outbox_want(&tunnel->child.outbox, 0);
	if (step == STEP_BAD) {
		refuse(tunnel, tunnel->parser.status, S("-"), tunnel->parser.why);
		return;
	}
	buf_put(&tunnel->early, (struct slice){ bytes, n });
	head_done(tunnel);
}

/* A refused one may still be sending: that is thrown away until it closes or the time is up. */
static void
rest_drop(struct tunnel *tunnel)
{
	ssize_t n = stream_read(tunnel->child.stream, http_read_buffer(), HTTP_READ_BYTES);

	if (n <= 0 && n != -EAGAIN)
		tunnel_end(tunnel);
}

static void
child_ready(void *owner, unsigned events)
{
	struct side *child = owner;
	struct tunnel *tunnel = child->tunnel;

	if (tunnel->state != DEAD && (events & STREAM_WRITABLE) != 0)
		outbox_ready(&child->outbox);
	if ((events & STREAM_READABLE) == 0)
		return;
	if (tunnel->state == READING)
		head_read(tunnel);
	else if (tunnel->state == OPEN)
		pump(child);
	else if (tunnel->state == ANSWERED)
		rest_drop(tunnel);
}

static void
on_timer(struct timer *timer)
{
	struct tunnel *tunnel = CONTAINER(timer, struct tunnel, timer);
	struct egress *egress = tunnel->egress;

	if (loop_now_ms(egress->loop) < tunnel->due_ms) {
		timer_start(egress->loop, timer, tunnel->due_ms, on_timer);
		return;
	}
	if (tunnel->state != WAITING && tunnel->state != LOOKING && tunnel->state != CONNECTING) {
		tunnel_end(tunnel);
		return;
	}
	net_lookup_forget(&tunnel->lookup);
	side_fini(&tunnel->world);
	fail(tunnel, "connecting took too long");
	lookup_next(egress);
}

static void
on_accept(void *owner, struct stream *stream, const struct address *peer)
{
	struct egress *egress = owner;
	struct tunnel *tunnel;

	if (egress->tunnels_n >= CONNECTIONS_MAX) {
		count(egress, S("refused"));
		if (is_logged(++egress->refused_n))
			log_event(loop_log(egress->loop), LOG_WARN, "egress_refused",
			    "%.*s: more than %u connections at once",
			    SLICE_FMT(egress->settings.whose), CONNECTIONS_MAX);
		stream_close(&stream);
		return;
	}
	tunnel = MEM_NEW(struct tunnel);
	tunnel->egress = egress;
	tunnel->child.tunnel = tunnel->world.tunnel = tunnel;
	tunnel->next = egress->tunnels;
	if (tunnel->next != NULL)
		tunnel->next->prev = tunnel;
	egress->tunnels = tunnel;
	egress->tunnels_n++;
	buf_init(&tunnel->early, loop_memory(egress->loop), HTTP_READ_BYTES);
	http_head_init(&tunnel->head, loop_memory(egress->loop), HEAD_BYTES, HEAD_FIELDS);
	http_parser_init(&tunnel->parser, HTTP_REQUEST, &tunnel->head);
	side_attach(&tunnel->child, stream, child_ready);
	due_set(tunnel, HEAD_MS);
	outbox_want(&tunnel->child.outbox, STREAM_READABLE);
}

/* ---- the proxy ------------------------------------------------------------------------------- */

bool
egress_open(struct loop *loop, const struct egress_settings *settings, int *fd, struct egress **out,
    struct err *err)
{
	struct egress *egress = MEM_NEW(struct egress);
	int taken = *fd;

	*fd = -1;
	egress->loop = loop;
	egress->settings = *settings;
	egress->settings.allow = NULL;
	egress->settings.whose = slice_keep(settings->whose);
	egress->listener.on_accept = on_accept;
	egress->listener.owner = egress;
	*out = egress;
	/* The descriptor last: it is taken over whether listening succeeds or not. */
	if (egress_rules_init(&egress->rules, settings->allow, settings->allow_n, err)) {
		if (loop_listen_on(loop, &egress->listener, &taken, err))
			return true;
	} else {
		close(taken);
	}
	egress_close(out);
	return false;
}

void
egress_close(struct egress **egress)
{
	struct egress *gone = *egress;

	if (gone == NULL)
		return;
	*egress = NULL;
	listener_close(&gone->listener);
	while (gone->tunnels != NULL)
		tunnel_free(gone->tunnels);
	egress_rules_fini(&gone->rules);
	mem_free((void *)(uintptr_t)gone->settings.whose.p);
	mem_free(gone);
}
