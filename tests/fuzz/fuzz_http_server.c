/*
 * The HTTP server: any cutting of a client's bytes, short writes included, gives the requests that
 * one piece gives; nothing is leaked, every request that was told has one end.  The first byte
 * chooses the cutting, the second how the handler answers.
 */
#include "../unit/stream_double.h"
#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct machine machine;
	struct loop *loop;
	struct http_server *server;
	struct http_request *waiting;
	struct buf log;
	uint8_t how;
	unsigned open; /* told and not ended */
};

static void
on_head(void *owner, struct http_request *request)
{
	struct run *run = owner;

	run->open++;
	buf_put(&run->log, request->method);
	buf_putc(&run->log, ' ');
	buf_put(&run->log, request->path);
	buf_putc(&run->log, '?');
	buf_put(&run->log, request->query);
	for (unsigned i = 0; i < request->headers_n; i++) {
		buf_putc(&run->log, '|');
		buf_put(&run->log, request->headers[i].name);
		buf_putc(&run->log, '=');
		buf_put(&run->log, request->headers[i].value);
	}
}

static void
answer(struct run *run, struct http_request *request)
{
	struct slice parts[] = { S("body: "), buf_view(&request->body) };

	run->open--;
	run->waiting = NULL;
	if (run->how & 1) {
		http_stream_begin(request, 200, S("X: y\r\n"), S("text/plain"));
		http_stream_put(request, parts, 2);
		http_stream_end(request);
	} else {
		http_respond(request, 200, SLICE_NONE, S("text/plain"), parts, 2);
	}
}

static void
on_request(void *owner, struct http_request *request)
{
	struct run *run = owner;

	buf_printf(&run->log, "#%zu:", request->body.n);
	buf_put(&run->log, buf_view(&request->body));
	if (run->how & 2)
		run->waiting = request;
	else
		answer(run, request);
}

static void
on_gone(void *owner, struct http_request *request)
{
	struct run *run = owner;

	run->open--;
	if (run->waiting == request)
		run->waiting = NULL;
}

static void
turn(struct run *run)
{
	(void)loop_turn(run->loop, 0);
	if (run->waiting != NULL)
		answer(run, run->waiting);
}

static void
calm(struct run *run)
{
	do {
		machine_turns(&run->machine, run->loop);
		if (run->waiting != NULL)
			answer(run, run->waiting);
	} while (run->waiting != NULL);
	machine_turns(&run->machine, run->loop);
	if (run->waiting != NULL)
		calm(run);
}

static void
run(struct run *run, const uint8_t *data, size_t n, uint8_t cutting, uint8_t how)
{
	static const struct http_handler handler = { on_head, on_request, on_gone };
	struct http_limits limits = http_limits_default;
	struct address at = { .ip = { 127, 0, 0, 1 }, .port = 80 };
	size_t step = cutting;
	struct peer *peer;
	struct err err;

	memset(run, 0, sizeof(*run));
	run->how = how;
	limits.head_bytes = 1000;
	limits.headers = 20;
	limits.body_bytes = 1000;
	buf_init(&run->log, NULL, SIZE_MAX);
	run->loop = machine_loop(&run->machine);
	must(http_server_new(run->loop, &at, &limits, &handler, run, &run->server, &err));
	peer = machine_accept(&run->machine, 0);
	peer->write_max = step;
	for (size_t k = 0; k < n && !peer->is_closed;) {
		size_t take = step == 0 || n - k < step ? n - k : step;

		peer_says(peer, (struct slice){ (const char *)data + k, take });
		turn(run);
		k += take;
	}
	calm(run);
	peer->says_end = true;
	calm(run);
	must(peer->is_closed && run->open == 0 && http_server_connections(run->server) == 0);
	must(loop_memory(run->loop)->used_bytes == 0);
	http_server_free(&run->server);
	machine_end(&run->machine, &run->loop);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct run one, many;

	if (n < 2 || n > 20000)
		return 0;
	run(&one, data + 2, n - 2, 0, data[1]);
	run(&many, data + 2, n - 2, data[0], data[1]);
	must(slice_eq(buf_view(&one.log), buf_view(&many.log)));
	buf_fini(&one.log);
	buf_fini(&many.log);
	return 0;
}
