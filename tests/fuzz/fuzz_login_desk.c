/*
 * Where a browser comes back to after a login: any bytes, cut in any way, are answered as one piece
 * is; a code is taken only from an address with our state in it, and the desk is there for the next
 * one.  The first byte chooses the cutting.
 */
#include <fcntl.h>
#include <unistd.h>

#include "../unit/stream_double.h"
#include "atlassian/oauth.h"
#include "cli/login_desk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define STATE "Zm9vYmFy"

struct run {
	struct machine machine;
	struct loop *loop;
	struct desk *desk;
	struct group group;
	struct buf log;
};

/* The person's part: every answer is looked at, until the desk is closed. */
static void
clerk(void *arg)
{
	struct run *run = arg;
	struct slice answer, code;
	struct arena arena;
	struct err err;

	while (desk_answer_wait(run->desk, run->machine.now_ms + 1000, &answer, &err)) {
		arena_init(&arena, NULL, MIB);
		must(answer.n > 0 && answer.p[0] == '?');
		err = (struct err){ 0 };
		if (oauth_answer(answer, S(STATE), &arena, &code, &err)) {
			must(code.n > 0 && memmem(answer.p, answer.n, "state", 5) != NULL);
			for (size_t i = 0; i < code.n; i++)
				must((unsigned char)code.p[i] >= ' ' && code.p[i] != 0x7f);
			buf_puts(&run->log, "code ");
			buf_put(&run->log, code);
			desk_reply(run->desk, 200, "done\n");
		} else {
			must(err.kind == ERR_PARAMS || err.kind == ERR_REFUSED);
			buf_puts(&run->log, err.text);
			desk_reply(run->desk, 400, "not that\n");
		}
		buf_putc(&run->log, '\n');
		arena_fini(&arena);
	}
	must(err.kind == ERR_DEADLINE);
}

static void
say(struct run *run, struct slice text, size_t step)
{
	struct peer *peer = machine_accept(&run->machine, 0);

	for (size_t k = 0; k < text.n && !peer->is_closed;) {
		size_t take = step == 0 || text.n - k < step ? text.n - k : step;

		peer_says(peer, (struct slice){ text.p + k, take });
		machine_turns(&run->machine, run->loop);
		k += take;
	}
	peer->says_end = true;
	machine_turns(&run->machine, run->loop);
	must(peer->is_closed);
}

static void
run(struct run *run, struct slice text, size_t step)
{
	static const char good[] = "GET /callback?code=c0de&state=" STATE " HTTP/1.1\r\n"
				   "Host: 127.0.0.1:8765\r\n\r\n";
	struct err err;

	memset(run, 0, sizeof(*run));
	buf_init(&run->log, NULL, SIZE_MAX);
	run->loop = machine_loop(&run->machine);
	run->desk = desk_new(run->loop, S("http://127.0.0.1:8765/callback"));
	must(desk_is_listening(run->desk) && !desk_has_terminal(run->desk));
	must(group_spawn(run->loop, &run->group, "clerk", clerk, run, &err));
	machine_turns(&run->machine, run->loop);
	say(run, text, step);
	/* Whatever that was, the person's own answer comes through. */
	say(run, slice_of(good), 0);
	must(run->log.n >= 10 && memcmp(run->log.p + run->log.n - 10, "code c0de\n", 10) == 0);
	machine_sleep(&run->machine, run->loop, 2000);
	must(run->group.running == 0);
	desk_free(&run->desk);
	must(loop_memory(run->loop)->used_bytes == 0);
	machine_end(&run->machine, &run->loop);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct run one, many;
	struct slice text;
	int null;

	if (n < 1 || n > 20000)
		return 0;
	/* Without a terminal. */
	if (isatty(STDIN_FILENO) && (null = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) {
		(void)dup2(null, STDIN_FILENO);
		close(null);
	}
	text = (struct slice){ (const char *)data + 1, n - 1 };
	run(&one, text, 0);
	run(&many, text, data[0]);
	must(slice_eq(buf_view(&one.log), buf_view(&many.log)));
	buf_fini(&one.log);
	buf_fini(&many.log);
	arena_drain();
	return 0;
}
