/*
 * The control socket on a real loop: what it answers, to whom, and what becomes of those who ask
 * for too much, too long, or go away.  Clients are threads; the runs are those of a double.
 */
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/admin.h"

/* ---- the double, in the place of agents/ ----------------------------------------------------- */

struct agents {
	size_t list_bytes; /* of filling */
	unsigned cancels, reads;
	const char *output; /* of every run */
	size_t output_n;
	size_t shown; /* how much there is of it by now */
	size_t grows; /* by so much at each look that found nothing new */
	bool never_over;
};

void
agents_print_list(struct agents *agents, struct buf *out)
{
	buf_puts(out, "{\"runs\":[{\"run_id\":\"r-1\"}],\"fill\":\"");
	for (size_t i = 0; i < agents->list_bytes; i++)
		buf_putc(out, 'x');
	buf_puts(out, "\"}");
}

static bool
is_known(struct slice id, struct err *err)
{
	return slice_eq(id, S("r-1")) || err_set(err, ERR_PARAMS, "no run \"%.*s\"", SLICE_FMT(id));
}

bool
agents_print_run(struct agents *agents, struct slice id, struct buf *out, struct err *err)
{
	if (!is_known(id, err))
		return false;
	buf_printf(out, "{\"run_id\":\"r-1\",\"cancels\":%u}", agents->cancels);
	return true;
}

bool
agents_cancel(struct agents *agents, struct slice id, struct err *err)
{
	if (!is_known(id, err))
		return false;
	agents->cancels++;
	return true;
}

bool
agents_read_output_wait(struct agents *agents, struct slice id, uint64_t from, size_t max,
    struct buf *out, uint64_t *total, bool *is_over, struct err *err)
{
	size_t n;

	agents->reads++;
	if (!is_known(id, err))
		return false;
	if (from >= agents->shown && agents->shown < agents->output_n)
		agents->shown = agents->shown + agents->grows < agents->output_n
		    ? agents->shown + agents->grows
		    : agents->output_n;
	n = from < agents->shown ? agents->shown - (size_t)from : 0;
	buf_put(out, (struct slice){ agents->output + (n > 0 ? from : 0), n < max ? n : max });
	*total = agents->shown;
	*is_over = agents->shown == agents->output_n && !agents->never_over;
	return true;
}

/* ---- the world ------------------------------------------------------------------------------- */

struct world {
	char root[64], dir[512];
	struct loop *loop;
	struct agents agents;
	struct control *control;
	void (*story)(struct world *world);
	int log;
};

static int
world_remove(const char *path, const struct stat *is, int type, struct FTW *ftw)
{
	(void)is;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
begin(struct world *world)
{
	struct err err = { 0 };

	world->control = control_open(world->loop, &world->agents, world->dir, &err);
	if (world->control == NULL)
		fail_msg("%s", err.text);
}

static void
world_main(void *arg)
{
	struct world *world = arg;

	world->story(world);
	control_close_wait(&world->control);
	loop_stop(world->loop);
}

static void
run_story(void (*story)(struct world *world))
{
	struct world world = { .story = story, .agents.output = "", .log = memfd_create("log", 0) };
	struct log *log = log_new(world.log, LOG_DEBUG, LOG_TEXT, "17-0badcafe");
	struct group group = { 0 };
	struct err err = { 0 };

	snprintf(world.root, sizeof(world.root), "/tmp/bascule-control-XXXXXX");
	assert_non_null(mkdtemp(world.root));
	snprintf(world.dir, sizeof(world.dir), "%s", world.root);
	world.loop = loop_new(NULL, log, &err);
	assert_non_null(world.loop);
	assert_true(group_spawn(world.loop, &group, "story", world_main, &world, &err));
	loop_run(world.loop);
	loop_free(&world.loop);
	log_free(&log);
	close(world.log);
	assert_int_equal(nftw(world.root, world_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
	arena_drain();
}

/* Lets the loop turn until it is so: whoever calls hangs if that never comes. */
#define UNTIL(world, condition) \
	do { \
		struct err until_err; \
\
		assert_true(task_sleep_wait((world)->loop, 1, &until_err)); \
	} while (!(condition))

/* ---- clients --------------------------------------------------------------------------------- */

#define TO_THE_END 100000u
struct client {
	const char *dir;
	struct slice says;
	size_t pieces;	/* says it in pieces of so many bytes; 0: at once */
	unsigned lines; /* reads so many of answers, or TO_THE_END */
	int fd;		/* -1: connects; else it is connected already, and stays so */
	bool stays;
	char answer[128 * 1024]; /* its beginning, NUL-ended */
	size_t n;
	unsigned got; /* lines */
	bool is_nobody, ended, failed;
	struct err err;
};

static bool
client_say(struct client *client)
{
	struct slice rest = client->says;

	while (rest.n > 0) {
		size_t most =
		    client->pieces > 0 && client->pieces < rest.n ? client->pieces : rest.n;
		ssize_t n = send(client->fd, rest.p, most, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		rest.p += n;
		rest.n -= (size_t)n;
	}
	return true;
}

/* On a thread of its own. */
static void
client_run(void *arg)
{
	struct client *client = arg;
	char bytes[4096];

	if (client->fd < 0 && !control_connect(client->dir, &client->fd, &client->err)) {
		client->failed = true;
		return;
	}
	client->is_nobody = client->fd < 0;
	if (client->is_nobody)
		return;
	(void)client_say(client);
	while (client->got < client->lines) {
		ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

		client->ended = n <= 0;
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			client->got += bytes[i] == '\n';
			if (client->n + 1 < sizeof(client->answer))
				client->answer[client->n++] = bytes[i];
		}
	}
	client->answer[client->n] = '\0';
	if (client->stays)
		return;
	close(client->fd);
	client->fd = -1;
}

static struct client *
client_new(const struct world *world, struct slice says, unsigned lines)
{
	struct client *client = MEM_NEW(struct client);

	client->dir = world->dir;
	client->says = says;
	client->lines = lines;
	client->fd = -1;
	return client;
}

static void
client_do(struct world *world, struct client *client)
{
	helper_run_wait(world->loop, "client", client_run, client);
	if (client->failed)
		fail_msg("%s", client->err.text);
}

/* One request, one answer, both without the line's end. */
static void
ask(struct world *world, const char *request, const char *answer)
{
	struct client *client;
	struct buf says, wants;

	buf_init(&says, NULL, MIB);
	buf_init(&wants, NULL, MIB);
	buf_printf(&says, "%s\n", request);
	buf_printf(&wants, "%s\n", answer);
	buf_putc(&wants, '\0');
	client = client_new(world, buf_view(&says), 1);
	client_do(world, client);
	assert_string_equal(client->answer, wants.p);
	buf_fini(&says);
	buf_fini(&wants);
	mem_free(client);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void
answers(struct world *world)
{
	struct client *client;

	begin(world);
	world->agents.output = "ten bytes!";
	world->agents.output_n = world->agents.shown = 10;
	ask(world, "{\"op\":\"list\"}",
	    "{\"result\":{\"runs\":[{\"run_id\":\"r-1\"}],\"fill\":\"\"}}");
	ask(world, "{\"op\":\"show\",\"id\":\"r-1\"}",
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":0}}");
	ask(world, " { \"id\" : \"r\\u002d1\", \"later\": [{}], \"op\":\"cancel\" }\r",
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":1}}");
	ask(world, "{\"op\":\"logs\",\"id\":\"r-1\"}",
	    "{\"result\":{\"from\":0,\"total\":10,\"bytes\":\"dGVuIGJ5dGVzIQ==\",\"last\":true}}");
	ask(world, "{\"op\":\"logs\",\"id\":\"r-1\",\"from\":9,\"follow\":true}",
	    "{\"result\":{\"from\":9,\"total\":10,\"bytes\":\"IQ==\",\"last\":true}}");
	ask(world, "{\"op\":\"logs\",\"id\":\"r-1\",\"from\":9007199254740993}",
	    "{\"result\":{\"from\":9007199254740993,\"total\":10,\"bytes\":\"\",\"last\":true}}");

	/* Several at once, in pieces, on one connection; the last has no end and gets no answer. */
	client = client_new(world,
	    S("{\"op\":\"show\",\"id\":\"r-1\"}\n{\"op\":\"nothing\"}\n"
	      "{\"op\":\"show\",\"id\":\"r-1\"}\n{\"op\""),
	    3);
	client->pieces = 7;
	client_do(world, client);
	assert_string_equal(client->answer,
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":1}}\n"
	    "{\"error\":{\"kind\":\"method\",\"message\":\"unknown op \\\"nothing\\\"\"}}\n"
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":1}}\n");
	mem_free(client);
}

static void
bad_requests(struct world *world)
{
	static const struct {
		const char *request, *kind, *words;
	} rows[] = {
		{ "", "parse", "" },
		{ "hello", "parse", "" },
		{ "{\"op\":\"list\"", "parse", "" },
		{ "{\"op\":\"list\",\"op\":\"show\"}", "parse", "" },
		{ "{\"op\":\"\xff\"}", "parse", "" },
		{ "[]", "request", "object" },
		{ "\"list\"", "request", "object" },
		{ "{}", "method", "unknown op" },
		{ "{\"op\":\"\"}", "method", "unknown op" },
		{ "{\"op\":7}", "params", "op must be a string" },
		{ "{\"op\":\"list \"}", "method", "unknown op" },
		{ "{\"op\":\"show\"}", "params", "id must name a run" },
		{ "{\"op\":\"show\",\"id\":\"\"}", "params", "id must name a run" },
		{ "{\"op\":\"show\",\"id\":null}", "params", "id must be a string" },
		{ "{\"op\":\"show\",\"id\":\"r-2\"}", "params", "no run" },
		{ "{\"op\":\"show\",\"id\":\"r-1\\u0000\"}", "params", "no run" },
		{ "{\"op\":\"cancel\",\"id\":\"r-2\"}", "params", "no run" },
		{ "{\"op\":\"logs\",\"id\":\"r-2\",\"follow\":true}", "params", "no run" },
		{ "{\"op\":\"logs\",\"id\":\"r-1\",\"from\":-1}", "params", "from must be" },
		{ "{\"op\":\"logs\",\"id\":\"r-1\",\"from\":1.5}", "params", "from must be" },
		{ "{\"op\":\"logs\",\"id\":\"r-1\",\"from\":\"0\"}", "params", "from must be" },
		{ "{\"op\":\"logs\",\"id\":\"r-1\",\"from\":18446744073709551616}", "params",
		    "from must be" },
		{ "{\"op\":\"logs\",\"id\":\"r-1\",\"follow\":1}", "params", "follow must be" },
	};
	struct buf says;
	struct client *client;

	begin(world);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char kind[64];

		buf_init(&says, NULL, MIB);
		/* It is answered, and the next one all the same. */
		buf_printf(&says, "%s\n{\"op\":\"show\",\"id\":\"r-1\"}\n", rows[i].request);
		client = client_new(world, buf_view(&says), 2);
		client_do(world, client);
		snprintf(kind, sizeof(kind), "{\"error\":{\"kind\":\"%s\",", rows[i].kind);
		assert_memory_equal(client->answer, kind, strlen(kind));
		assert_non_null(strstr(client->answer, rows[i].words));
		assert_non_null(strstr(client->answer, "}}\n{\"result\":{\"run_id\":\"r-1\""));
		mem_free(client);
		buf_fini(&says);
	}
	assert_int_equal(world->agents.cancels, 0);
}

/* A request may be as long as it may be, and no longer; depth is nobody's way in either. */
static void
long_requests(struct world *world)
{
	const size_t most = CONTROL_REQUEST_BYTES;
	char *text = mem_new(most + 2);
	struct client *client;

	begin(world);
	memset(text, ' ', most);
	memcpy(text, "{\"op\":\"show\",\"id\":\"r-1\"}", 24);
	text[most - 1] = '\n';
	client = client_new(world, (struct slice){ text, most }, 1);
	client_do(world, client);
	assert_string_equal(client->answer, "{\"result\":{\"run_id\":\"r-1\",\"cancels\":0}}\n");
	mem_free(client);

	text[most - 1] = ' ';
	text[most] = '\n';
	client = client_new(world, (struct slice){ text, most + 1 }, TO_THE_END);
	client_do(world, client);
	assert_true(client->ended);
	assert_non_null(strstr(client->answer, "{\"error\":{\"kind\":\"limit\","));
	assert_int_equal(client->got, 1);
	mem_free(client);

	memset(text, '[', most - 1);
	text[most - 1] = '\n';
	client = client_new(world, (struct slice){ text, most }, 1);
	client_do(world, client);
	assert_non_null(strstr(client->answer, "{\"error\":{\"kind\":\"limit\","));
	mem_free(client);

	memset(text, 'x', most);
	memcpy(text, "{\"op\":\"show\",\"id\":\"", 19);
	memcpy(text + most - 3, "\"}\n", 3);
	client = client_new(world, (struct slice){ text, most }, 1);
	client_do(world, client);
	assert_non_null(strstr(client->answer, "id must name a run"));
	mem_free(client);
	mem_free(text);
}

/* ---- output ---------------------------------------------------------------------------------- */

/* The bytes of all chunks, which must follow each other. */
static void
chunks_join(const struct client *client, uint64_t from, struct buf *out)
{
	struct slice rest = { client->answer, client->n };
	struct arena arena;
	bool is_last = false;
	struct err err;

	arena_init(&arena, NULL, 64 * MIB);
	while (rest.n > 0) {
		struct slice line = slice_cut(rest, '\n', &rest), result, value;
		int64_t at = -1;

		assert_false(is_last);
		assert_true(json_scan_all(
		    json_scan_new(&arena, (char *)(uintptr_t)line.p, line.n, 0, 0, 0), &err));
		assert_true(json_find(line, S("result"), &result));
		assert_true(json_find(result, S("from"), &value) && json_int(value, &at));
		assert_int_equal(at, from + out->n);
		assert_true(json_find(result, S("last"), &value) && json_bool(value, &is_last));
		assert_true(json_find(result, S("bytes"), &value));
		assert_true(base64_read((struct slice){ value.p + 1, value.n - 2 }, out));
	}
	assert_true(is_last);
	arena_fini(&arena);
}

static void
output(struct world *world)
{
	const size_t n = 90 * 1000;
	char *text = mem_new(n);
	struct client *client;
	struct buf all;

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(i * 7 + i / 256);
	begin(world);
	world->agents.output = text;
	world->agents.output_n = world->agents.shown = n;
	for (unsigned k = 0; k < 2; k++) {
		static const struct slice says[] = {
			S("{\"op\":\"logs\",\"id\":\"r-1\",\"from\":11,\"follow\":true}\n"),
			S("{\"op\":\"logs\",\"id\":\"r-1\",\"from\":11}\n"),
		};

		client = client_new(world, says[k], 2);
		client_do(world, client);
		buf_init(&all, NULL, MIB);
		chunks_join(client, 11, &all);
		assert_int_equal(all.n, n - 11);
		assert_memory_equal(all.p, text + 11, all.n);
		buf_fini(&all);
		mem_free(client);
	}
	mem_free(text);
}

/* What comes later, until there will be no more; a request behind it waits for that. */
static void
followed(struct world *world)
{
	struct client *client;
	struct buf all;

	begin(world);
	world->agents.output = "one two ten six";
	world->agents.output_n = 15;
	world->agents.grows = 4;
	client = client_new(
	    world, S("{\"op\":\"logs\",\"id\":\"r-1\",\"from\":0,\"follow\":true}\n"), 4);
	client_do(world, client);
	buf_init(&all, NULL, MIB);
	chunks_join(client, 0, &all);
	assert_true(slice_eq(buf_view(&all), S("one two ten six")));
	buf_fini(&all);
	mem_free(client);

	world->agents.shown = 0;
	client = client_new(
	    world, S("{\"op\":\"logs\",\"id\":\"r-1\",\"follow\":true}\n{\"op\":\"list\"}\n"), 5);
	client_do(world, client);
	assert_non_null(strstr(client->answer, "\"last\":true}}\n{\"result\":{\"runs\":"));
	mem_free(client);
}

/* ---- who goes, and who stays too long -------------------------------------------------------- */

#define VISITORS 16

/* Who follows and goes away leaves a place for others. */
static void
gone(struct world *world)
{
	begin(world);
	world->agents.output = "more";
	world->agents.output_n = world->agents.shown = 4;
	world->agents.never_over = true;
	for (unsigned i = 0; i < 3 * VISITORS; i++) {
		struct client *client =
		    client_new(world, S("{\"op\":\"logs\",\"id\":\"r-1\",\"follow\":true}\n"), 1);

		client_do(world, client);
		/* There may be no place yet: the gateway has not looked at the one that went. */
		if (strstr(client->answer, "\"limit\"") != NULL) {
			struct err err;

			assert_true(task_sleep_wait(world->loop, 5, &err));
			i--;
		} else {
			assert_non_null(strstr(client->answer, "bW9yZQ=="));
		}
		mem_free(client);
	}
}

static void
crowd(struct world *world)
{
	struct client *clients[VISITORS], *client;

	begin(world);
	for (unsigned i = 0; i < VISITORS; i++) {
		clients[i] = client_new(world, S("{\"op\":\"show\",\"id\":\"r-1\"}\n"), 1);
		clients[i]->stays = true;
		client_do(world, clients[i]);
		assert_int_equal(clients[i]->got, 1);
	}
	client = client_new(world, SLICE_NONE, TO_THE_END);
	client_do(world, client);
	assert_non_null(strstr(client->answer, "{\"error\":{\"kind\":\"limit\","));
	assert_true(client->ended);
	mem_free(client);
	/* Those that are there go on, and where one has left there is room. */
	client_do(world, clients[3]);
	close(clients[5]->fd);
	for (bool is_in = false; !is_in;) {
		client = client_new(world, S("{\"op\":\"show\",\"id\":\"r-1\"}\n"), 1);
		client_do(world, client);
		is_in = strstr(client->answer, "\"result\"") != NULL;
		mem_free(client);
	}
	/* The end of the gateway is the end of all. */
	control_close_wait(&world->control);
	for (unsigned i = 0; i < VISITORS; i++) {
		if (i != 5) {
			clients[i]->says = SLICE_NONE;
			clients[i]->lines = TO_THE_END;
			client_do(world, clients[i]);
			assert_true(clients[i]->ended);
			close(clients[i]->fd);
		}
		mem_free(clients[i]);
	}
}

/* Somebody who does not take his answer holds nobody up, neither now nor at the end. */
static void
stalled(struct world *world)
{
	struct client *slow;

	begin(world);
	world->agents.list_bytes = 8 * MIB;
	slow = client_new(world, S("{\"op\":\"list\"}\n"), 0);
	slow->stays = true;
	client_do(world, slow);
	ask(world, "{\"op\":\"show\",\"id\":\"r-1\"}",
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":0}}");
	control_close_wait(&world->control);
	close(slow->fd);
	mem_free(slow);
}

static void
large(struct world *world)
{
	struct client *client;

	begin(world);
	world->agents.list_bytes = 3 * MIB;
	client = client_new(world, S("{\"op\":\"list\"}\n"), 1);
	client_do(world, client);
	assert_int_equal(client->got, 1);
	mem_free(client);
	world->agents.list_bytes = 64 * MIB;
	ask(world, "{\"op\":\"show\",\"id\":\"r-1\"}",
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":0}}");
	client = client_new(world, S("{\"op\":\"list\"}\n"), 1);
	client_do(world, client);
	assert_non_null(strstr(client->answer, "{\"error\":{\"kind\":\"limit\","));
	mem_free(client);
}

/* ---- the socket ------------------------------------------------------------------------------ */

static void
socket_path(const struct world *world, char path[600])
{
	snprintf(path, 600, "%s/%s", world->dir, CONTROL_SOCKET);
}

static void
its_file(struct world *world)
{
	mode_t before = umask(0);
	struct client *client = client_new(world, SLICE_NONE, 0);
	char path[600];
	struct stat is;

	/* Nobody is there: not before, and not after. */
	client_do(world, client);
	assert_true(client->is_nobody);
	begin(world);
	umask(before);
	socket_path(world, path);
	assert_int_equal(lstat(path, &is), 0);
	assert_true(S_ISSOCK(is.st_mode));
	assert_int_equal(is.st_mode & 07777, 0600);
	control_close_wait(&world->control);
	assert_int_not_equal(lstat(path, &is), 0);
	client_do(world, client);
	assert_true(client->is_nobody);
	mem_free(client);
}

/* A process that was killed left its socket; so did one that was not a socket. */
static void
stale(struct world *world)
{
	struct client *client = client_new(world, SLICE_NONE, 0);
	struct err err = { 0 };
	char path[600], kept[640];

	socket_path(world, path);
	snprintf(kept, sizeof(kept), "%s.kept", path);
	begin(world);
	assert_int_equal(link(path, kept), 0);
	control_close_wait(&world->control);
	assert_int_equal(rename(kept, path), 0);
	client_do(world, client);
	assert_true(client->is_nobody);
	mem_free(client);
	begin(world);
	ask(world, "{\"op\":\"show\",\"id\":\"r-1\"}",
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":0}}");
	control_close_wait(&world->control);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(control_open(world->loop, &world->agents, world->dir, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "is no socket"));
}

static void
bad_places(struct world *world)
{
	struct err err = { 0 };

	assert_int_equal(chmod(world->dir, 0770), 0);
	assert_null(control_open(world->loop, &world->agents, world->dir, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "others may write there"));
	assert_int_equal(chmod(world->dir, 0700), 0);
	assert_null(control_open(world->loop, &world->agents, "/nowhere/at/all", &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
}

/* Far deeper than the path of a socket may be. */
static void
deep(struct world *world)
{
	for (unsigned i = 0; i < 10; i++) {
		size_t n = strlen(world->dir);

		snprintf(
		    world->dir + n, sizeof(world->dir) - n, "/%u-a-folder-with-a-long-name", i);
		assert_int_equal(mkdir(world->dir, 0700), 0);
	}
	assert_true(strlen(world->dir) > 200);
	begin(world);
	ask(world, "{\"op\":\"show\",\"id\":\"r-1\"}",
	    "{\"result\":{\"run_id\":\"r-1\",\"cancels\":0}}");
	control_close_wait(&world->control);
	assert_int_equal(rmdir(world->dir), 0); /* nothing was left in it */
	assert_int_equal(mkdir(world->dir, 0700), 0);
}

/* As another user: the system call changes the thread alone. */
static void
stranger_run(void *arg)
{
	struct client *client = arg;

	if (syscall(SYS_setresuid, -1, 65534, -1) != 0)
		return;
	client_run(client);
	(void)!syscall(SYS_setresuid, -1, 0, -1);
}

static void
stranger(struct world *world)
{
	struct client *client;
	char path[600], log[4096];
	ssize_t n;

	if (geteuid() != 0)
		return; /* nobody else can be had */
	begin(world);
	socket_path(world, path);
	/* Also where the files would let him. */
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(chmod(world->dir, 0755), 0);
	client = client_new(world, S("{\"op\":\"list\"}\n"), TO_THE_END);
	helper_run_wait(world->loop, "stranger", stranger_run, client);
	assert_false(client->failed);
	assert_non_null(strstr(client->answer, "{\"error\":{\"kind\":\"refused\","));
	assert_null(strstr(client->answer, "r-1"));
	log_flush(loop_log(world->loop));
	n = pread(world->log, log, sizeof(log) - 1, 0);
	assert_true(n >= 0);
	log[n] = '\0';
	assert_non_null(strstr(log, "user 65534 may not ask here"));
	mem_free(client);
}

/* ---- the list -------------------------------------------------------------------------------- */

#define STORIES(X) \
	X(answers) \
	X(bad_requests) \
	X(long_requests) \
	X(output) \
	X(followed) \
	X(gone) X(crowd) X(stalled) X(large) X(its_file) X(stale) X(bad_places) X(deep) X(stranger)
#define X(name) \
	static void name##_test(void **state) \
	{ \
		(void)state; \
		run_story(name); \
	}
STORIES(X)
#undef X

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define X(name) cmocka_unit_test(name##_test),
		STORIES(X)
#undef X
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
