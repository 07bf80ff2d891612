/*
 * A machine for unit tests: streams over two queues of bytes, a clock that only the test moves,
 * listeners and connections that the test answers.  Everything can be made short, blocked or
 *broken.
 *
 *	struct machine machine;
 *	struct loop *loop = machine_loop(&machine);
 *	struct peer *peer = machine_accept(&machine, 0);	(or machine_connected(&machine, 0))
 *	peer_says(peer, S("GET / ..."));
 *	machine_turns(&machine, loop);				(until nothing happens any more)
 *	... look at peer_heard(peer) ...
 *	machine_end(&machine, &loop);
 */
#ifndef TESTS_STREAM_DOUBLE_H
#define TESTS_STREAM_DOUBLE_H

#include <errno.h>
#include <string.h>

#include "run/run.h"

#define MACHINE_PEERS	  64
#define MACHINE_LISTENERS 4
#define UNUSED		  __attribute__((unused))

struct machine;

/* One stream and its other end. Stays until machine_end(), also when the stream was closed. */
struct peer {
	struct stream stream;
	struct machine *machine;
	struct buf says; /* what the stream reads */
	size_t says_at;
	struct buf heard;	     /* what was written to it */
	size_t read_max;	     /* bytes a read gives at most; 0: no bound */
	size_t write_max;	     /* bytes a write takes at most; 0: no bound */
	size_t write_room;	     /* bytes it takes before it blocks */
	int read_error, write_error; /* errno, 0: none */
	bool says_end;		     /* end of stream after says */
	bool is_connecting, is_shut, is_closed;
	unsigned wanted, reads, writes, wants;
	struct address to; /* of connections */
};

struct machine {
	uint64_t now_ms;
	unsigned events; /* callbacks of streams, reads and writes, ever */
	struct peer *peers[MACHINE_PEERS];
	unsigned peers_n;
	struct listener *listeners[MACHINE_LISTENERS];
	unsigned connects; /* ever */
	int connect_error; /* of connections begun from now on */
	bool connects_hang;
	uint64_t random;
};

/*
 * ---- streams
 * -----------------------------------------------------------------------------------
 */

static ssize_t
peer_read(struct stream *stream, void *to, size_t n)
{
	struct peer *peer = CONTAINER(stream, struct peer, stream);
	size_t left = peer->says.n - peer->says_at;

	must(!peer->is_closed);
	peer->reads++;
	peer->machine->events++;
	if (peer->read_error != 0 && left == 0)
		return -peer->read_error;
	if (left == 0)
		return peer->says_end ? 0 : -EAGAIN;
	if (peer->read_max != 0 && n > peer->read_max)
		n = peer->read_max;
	if (n > left)
		n = left;
	memcpy(to, peer->says.p + peer->says_at, n);
	peer->says_at += n;
	return (ssize_t)n;
}

static ssize_t
peer_writev(struct stream *stream, const struct iovec *iov, int n)
{
	struct peer *peer = CONTAINER(stream, struct peer, stream);
	ssize_t took = 0;

	must(!peer->is_closed && !peer->is_shut);
	peer->writes++;
	peer->machine->events++;
	if (peer->write_error != 0)
		return -peer->write_error;
	if (peer->is_connecting || peer->write_room == 0)
		return -EAGAIN;
	for (int i = 0; i < n; i++) {
		size_t part = iov[i].iov_len;

		if (part > peer->write_room)
			part = peer->write_room;
		if (peer->write_max != 0 && part > peer->write_max - (size_t)took)
			part = peer->write_max - (size_t)took;
		buf_put(&peer->heard, (struct slice){ iov[i].iov_base, part });
		peer->write_room -= part;
		took += (ssize_t)part;
		if (part < iov[i].iov_len)
			break;
	}
	return took;
}

static void
peer_want(struct stream *stream, unsigned events)
{
	struct peer *peer = CONTAINER(stream, struct peer, stream);

	must(!peer->is_closed);
	peer->wants++;
	peer->wanted = events;
}

static void
peer_shutdown(struct stream *stream)
{
	CONTAINER(stream, struct peer, stream)->is_shut = true;
}

static void
peer_close(struct stream *stream)
{
	CONTAINER(stream, struct peer, stream)->is_closed = true;
}

static const struct stream_ops peer_ops = { peer_read, peer_writev, peer_want, peer_shutdown,
	peer_close };

static struct peer *
peer_new(struct machine *machine, struct loop *loop)
{
	struct peer *peer = MEM_NEW(struct peer);

	must(machine->peers_n < MACHINE_PEERS);
	peer->stream.ops = &peer_ops;
	peer->stream.loop = loop;
	peer->machine = machine;
	peer->write_room = SIZE_MAX;
	buf_init(&peer->says, NULL, SIZE_MAX);
	buf_init(&peer->heard, NULL, SIZE_MAX);
	machine->peers[machine->peers_n++] = peer;
	return peer;
}

static void UNUSED
peer_says(struct peer *peer, struct slice text)
{
	buf_put(&peer->says, text);
}

static struct slice UNUSED
peer_heard(const struct peer *peer)
{
	return buf_view(&peer->heard);
}

/*
 * ---- the seam
 * ------------------------------------------------------------------------------------
 */

static uint64_t
machine_now(void *seam)
{
	return ((struct machine *)seam)->now_ms;
}

static uint64_t
machine_unix(void *seam)
{
	return 1700000000000u + ((struct machine *)seam)->now_ms;
}

static void
machine_random(void *seam, void *to, size_t n)
{
	struct machine *machine = seam;

	for (size_t i = 0; i < n; i++) {
		machine->random = machine->random * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)to)[i] = (uint8_t)(machine->random >> 56);
	}
}

static unsigned
peer_events(const struct peer *peer)
{
	unsigned events = 0;

	if (peer->is_closed)
		return 0;
	if (peer->write_error != 0 || (!peer->is_connecting && peer->write_room > 0))
		events |= STREAM_WRITABLE;
	if (peer->says.n > peer->says_at || peer->says_end || peer->read_error != 0)
		events |= STREAM_READABLE;
	return events & peer->wanted;
}

static void
machine_turn(void *seam, int64_t timeout_ms)
{
	struct machine *machine = seam;

	(void)timeout_ms;
	for (unsigned i = 0; i < machine->peers_n; i++) {
		struct peer *peer = machine->peers[i];
		unsigned events = peer_events(peer);

		if (events == 0)
			continue;
		machine->events++;
		peer->stream.on_ready(peer->stream.owner, events);
	}
}

static struct stream *
machine_connect(void *seam, const struct address *to, struct err *err)
{
	struct machine *machine = seam;
	struct peer *peer = peer_new(machine, NULL);

	(void)err;
	machine->connects++;
	peer->to = *to;
	peer->is_connecting = machine->connects_hang;
	peer->read_error = peer->write_error = machine->connect_error;
	return &peer->stream;
}

static bool
machine_listen(void *seam, struct listener *listener, const struct address *at, struct err *err)
{
	struct machine *machine = seam;

	(void)err;
	listener->address = *at;
	for (unsigned i = 0; i < MACHINE_LISTENERS; i++)
		if (machine->listeners[i] == NULL) {
			machine->listeners[i] = listener;
			return true;
		}
	must_failed(__FILE__, __LINE__, __func__, "too many listeners");
}

static void
machine_listener_close(void *seam, struct listener *listener)
{
	struct machine *machine = seam;

	for (unsigned i = 0; i < MACHINE_LISTENERS; i++)
		if (machine->listeners[i] == listener)
			machine->listeners[i] = NULL;
}

static void
machine_offload(
    void *seam, const char *helper, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	(void)seam;
	(void)helper;
	work(arg);
	done(arg);
}

static void
machine_signal(void *seam, int signo, void (*fn)(void *ctx, int signo), void *ctx)
{
	(void)seam;
	(void)signo;
	(void)fn;
	(void)ctx;
}

static void
machine_close(void *seam)
{
	(void)seam;
}

static const struct seam_ops machine_ops = {
	.now_ms = machine_now,
	.unix_ms = machine_unix,
	.random = machine_random,
	.turn = machine_turn,
	.connect = machine_connect,
	.listen = machine_listen,
	.listener_close = machine_listener_close,
	.offload = machine_offload,
	.signal = machine_signal,
	.close = machine_close,
};

static UNUSED struct loop *
machine_loop(struct machine *machine)
{
	*machine = (struct machine){ .now_ms = 1000 };
	return loop_new_on(&machine_ops, machine, NULL);
}

/* A client connects to the listener of that index. */
static struct peer UNUSED *
machine_accept(struct machine *machine, unsigned listener)
{
	struct address from = { .ip = { 127, 0, 0, 1 }, .port = 40000 };
	struct peer *peer = peer_new(machine, machine->listeners[listener]->loop);

	machine->listeners[listener]->on_accept(
	    machine->listeners[listener]->owner, &peer->stream, &from);
	return peer;
}

static struct peer UNUSED *
machine_last(struct machine *machine)
{
	return machine->peers_n > 0 ? machine->peers[machine->peers_n - 1] : NULL;
}

/* Turns until nothing happens; one turn more lets deferred work be done. */
static void
machine_turns(struct machine *machine, struct loop *loop)
{
	unsigned calm = 0;

	for (unsigned i = 0; calm < 2 && i < 1000000; i++) {
		unsigned was = machine->events;

		(void)loop_turn(loop, 0);
		calm = machine->events == was ? calm + 1 : 0;
	}
}

static void UNUSED
machine_sleep(struct machine *machine, struct loop *loop, uint64_t ms)
{
	machine->now_ms += ms;
	machine_turns(machine, loop);
}

static void
machine_end(struct machine *machine, struct loop **loop)
{
	machine_turns(machine, *loop);
	loop_free(loop);
	for (unsigned i = 0; i < machine->peers_n; i++) {
		buf_fini(&machine->peers[i]->says);
		buf_fini(&machine->peers[i]->heard);
		mem_free(machine->peers[i]);
	}
	arena_drain();
}

#endif
