/*
 * The HTTP client: any cutting of a server's bytes, with and without pauses, gives the response
 * that one piece gives; `done` comes once, nothing is leaked.  The first byte chooses the cutting,
 * the second what the owner does.
 */
#include "../unit/stream_double.h"
#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct machine machine;
	struct loop *loop;
	struct http_pool *pool;
	struct fetch *fetch;
	struct buf body;
	int status;
	enum errkind kind;
	unsigned dones;
	bool pauses, aborts;
};

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	struct run *run = owner;

	must(run->status == 0);
	run->status = status;
	(void)fetch_header(fetch, S("x"));
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	struct run *run = owner;

	must(run->status != 0 && n > 0);
	buf_put(&run->body, (struct slice){ bytes, n });
	memset(bytes, '#', n);
	if (run->aborts && run->body.n > 5)
		fetch_abort(&run->fetch);
	else if (run->pauses)
		fetch_pause(fetch);
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct run *run = owner;

	(void)fetch;
	run->dones++;
	run->kind = err != NULL ? err->kind : ERR_NONE;
	run->fetch = NULL;
}

static void
calm(struct run *run)
{
	machine_turns(&run->machine, run->loop);
	while (run->fetch != NULL && run->pauses) {
		size_t was = run->body.n;

		fetch_resume(run->fetch);
		machine_turns(&run->machine, run->loop);
		if (run->body.n == was)
			break;
	}
}

static void
run(struct run *run, const uint8_t *data, size_t n, uint8_t cutting, uint8_t how)
{
	static const struct fetch_handler handler = { on_head, on_data, on_done };
	struct fetch_request request = {
		.method = how & 1 ? S("HEAD") : S("GET"), .path = S("/"), .max_bytes = 1000
	};
	size_t step = cutting & 0x7f;
	struct peer *peer;
	struct err err;

	memset(run, 0, sizeof(*run));
	run->pauses = cutting & 0x80;
	run->aborts = how & 2;
	buf_init(&run->body, NULL, SIZE_MAX);
	run->loop = machine_loop(&run->machine);
	must(http_pool_new(
	    run->loop, S("http://127.0.0.1:99/"), how & 4 ? 1 : 0, 1000, &run->pool, &err));
	run->fetch = fetch_start(run->pool, &request, &handler, run);
	machine_turns(&run->machine, run->loop);
	peer = machine_last(&run->machine);
	for (size_t k = 0; k < n && !peer->is_closed;) {
		size_t take = step == 0 || n - k < step ? n - k : step;

		peer_says(peer, (struct slice){ (const char *)data + k, take });
		(void)loop_turn(run->loop, 0);
		k += take;
	}
	calm(run);
	peer->says_end = true;
	calm(run);
	must(run->fetch == NULL && run->dones <= 1 && (run->dones == 1 || run->aborts));
	http_pool_free(&run->pool);
	must(peer->is_closed && loop_memory(run->loop)->used_bytes == 0);
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
	/* An owner that aborts on the way may do so before a fault that one piece shows at once. */
	must(one.aborts ||
	    (one.status == many.status && one.dones == many.dones && one.kind == many.kind));
	/* How much of a response came before it proved bad depends on the cutting. */
	if (one.dones == 1 && one.kind == ERR_NONE && many.dones == 1)
		must(slice_eq(buf_view(&one.body), buf_view(&many.body)));
	buf_fini(&one.body);
	buf_fini(&many.body);
	return 0;
}
