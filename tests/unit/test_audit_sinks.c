/*
 * Sinks against what they write to: files that are rotated, moved, full or not ours; sockets of
 * syslog; a collector that answers as it is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/sinks.h"

static char dir[] = "/tmp/bascule_sinks_XXXXXX";

static int
setup(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0;
}

/* ---- what the tests share -------------------------------------------------------------------- */

struct world {
	struct config *config;
	const struct audit_sink_ops *ops;
	struct audit_sink *sink;
};

/* entry: of audit.sinks. */
static struct world
world_open(const char *entry)
{
	struct world world = { NULL };
	struct err err = { 0 };
	char text[1024];

	snprintf(text, sizeof(text),
	    "upstreams: [{name: x, command: [/bin/true]}]\naudit: {sinks: [%s]}\n", entry);
	if (!config_parse(slice_of(text), "test", dir, NULL, NULL, &world.config, &err))
		fail_msg("%s", err.text);
	assert_int_equal(world.config->audit.sinks_n, 1);
	world.ops = audit_sink_find(world.config->audit.sinks[0].kind);
	assert_non_null(world.ops);
	if (!world.ops->open(&world.config->audit.sinks[0], dir, &world.sink, &err))
		fail_msg("%s", err.text);
	return world;
}

static void
world_close(struct world *world)
{
	world->ops->close(world->sink);
	config_free(&world->config);
}

#define RECORDS 16

/* n records, numbered from `from`; how many were taken. */
static size_t
put_some(struct world *world, unsigned from, size_t n, struct err *err)
{
	static struct audit_record records[RECORDS];
	const struct audit_record *list[RECORDS];
	size_t done = 99;
	bool ok;

	assert_true(n <= RECORDS);
	for (size_t i = 0; i < n; i++) {
		records[i] = (struct audit_record){ .kind = AUDIT_EXCHANGE,
			.number = from + i,
			.time_ms = 1763782454123,
			.outcome = LEDGER_DONE,
			.instance = "1-a",
			.method = "tools/call",
			.caller = "ci" };
		list[i] = &records[i];
	}
	memset(err, 0, sizeof(*err));
	ok = world->ops->write(world->sink, list, n, &done, err);
	assert_true(ok ? done == n : done <= n);
	assert_true(ok == (err->kind == ERR_NONE));
	return done;
}

static void
put(struct world *world, unsigned from, size_t n)
{
	struct err err;

	if (put_some(world, from, n, &err) != n)
		fail_msg("%s", err.text);
}

static const char *
path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static struct slice
content(const char *name)
{
	static char text[256 * 1024];
	int fd = open(path_of(name), O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

	if (fd >= 0)
		close(fd);
	return (struct slice){ text, n > 0 ? (size_t)n : 0 };
}

static unsigned
lines(const char *name)
{
	struct slice text = content(name);
	unsigned n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	assert_true(text.n == 0 || text.p[text.n - 1] == '\n');
	return n;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void
file_is_for_its_owner(void **state)
{
	struct world world = world_open("{jsonl: own.jsonl}");
	mode_t before = umask(0);
	struct stat st;

	put(&world, 1, 3);
	put(&world, 4, 1);
	umask(before);
	assert_int_equal(stat(path_of("own.jsonl"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(lines("own.jsonl"), 4);
	world_close(&world);
}

/* Who else could write there could put in what never happened. */
static void
file_of_others_is_refused(void **state)
{
	struct world world = world_open("{jsonl: loose.jsonl}");
	struct err err;
	int fd = open(path_of("loose.jsonl"), O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(put_some(&world, 1, 1, &err), 0);
	assert_non_null(strstr(err.text, "may be written by others"));
	assert_int_equal(fchmod(fd, 0640), 0);
	put(&world, 1, 1);
	assert_int_equal(lines("loose.jsonl"), 1);
	close(fd);
	world_close(&world);
}

static void
csv_has_one_header(void **state)
{
	struct world world = world_open("{csv: t.csv}"), again;
	struct slice text;
	struct err err;

	put(&world, 1, 2);
	assert_true(world.ops->reopen(world.sink, &err));
	put(&world, 3, 1);
	world_close(&world);
	again = world_open("{csv: t.csv}");
	put(&again, 4, 1);
	world_close(&again);
	assert_int_equal(lines("t.csv"), 5);
	text = content("t.csv");
	assert_true(slice_starts(text, S("seq,time,kind,instance,")));
	assert_null(memmem(text.p + 4, text.n - 4, "seq,time", 8));
}

static void
files_rotate_by_size(void **state)
{
	struct world world = world_open("{csv: r.csv, rotate: 1500B, keep: 2}");
	struct stat st;

	for (unsigned i = 0; i < 40; i++)
		put(&world, i, 1);
	put(&world, 40, RECORDS); /* more than one file takes */
	assert_int_equal(stat(path_of("r.csv"), &st), 0);
	assert_true(st.st_size <= 1500);
	assert_int_equal(stat(path_of("r.csv.1"), &st), 0);
	assert_true(st.st_size <= 1500);
	assert_int_equal(stat(path_of("r.csv.2"), &st), 0);
	assert_int_equal(stat(path_of("r.csv.3"), &st), -1);
	assert_true(slice_starts(content("r.csv"), S("seq,")));
	assert_true(slice_starts(content("r.csv.1"), S("seq,")));
	world_close(&world);
}

/* Two processes on one file: whoever finds that the other has rotated it goes on in the new one. */
static void
files_are_shared(void **state)
{
	struct world a = world_open("{jsonl: s.jsonl, rotate: 1KiB, keep: 9}");
	struct world b = world_open("{jsonl: s.jsonl, rotate: 1KiB, keep: 9}");
	char name[16];
	unsigned n;

	for (unsigned i = 0; i < 20; i++) {
		put(&a, i, 1);
		put(&b, 100 + i, 1);
	}
	n = lines("s.jsonl");
	for (unsigned i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), "s.jsonl.%u", i);
		n += lines(name);
	}
	assert_int_equal(n, 40);
	world_close(&a);
	world_close(&b);
}

/* Moved away, as logrotate does. */
static void
moved_file_is_made_anew(void **state)
{
	struct world world = world_open("{text: m.txt}");
	char old[256];

	put(&world, 1, 2);
	snprintf(old, sizeof(old), "%s/m.old", dir);
	assert_int_equal(rename(path_of("m.txt"), old), 0);
	put(&world, 3, 1);
	assert_int_equal(lines("m.txt"), 1);
	assert_int_equal(lines("m.old"), 2);
	world_close(&world);
}

static void
full_device_fails(void **state)
{
	struct world world = world_open("{jsonl: /dev/full}");
	struct err err;

	assert_int_equal(put_some(&world, 1, 2, &err), 0);
	assert_non_null(strstr(err.text, "/dev/full"));
	assert_non_null(strstr(err.text, "No space left"));
	world_close(&world);
}

/* What a full disk let through of a batch is taken back, and all of it is there once it has room.
 */
static void
torn_batch_is_taken_back(void **state)
{
	struct world world = world_open("{jsonl: full.jsonl, rotate: 0B}");
	struct rlimit before, less;
	struct stat st;
	struct err err;

	put(&world, 1, 1);
	assert_int_equal(stat(path_of("full.jsonl"), &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	less = (struct rlimit){ (rlim_t)st.st_size * 3 + 10, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
	assert_int_equal(put_some(&world, 2, 8, &err), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(lines("full.jsonl"), 1);
	put(&world, 2, 8);
	assert_int_equal(lines("full.jsonl"), 9);
	world_close(&world);
}

static void
missing_folder_is_said(void **state)
{
	struct world world = world_open("{jsonl: none/x.jsonl}");
	struct err err;

	assert_int_equal(put_some(&world, 1, 1, &err), 0);
	assert_non_null(strstr(err.text, "none/x.jsonl"));
	assert_int_equal(mkdir(path_of("none"), 0700), 0);
	put(&world, 1, 1);
	assert_int_equal(lines("none/x.jsonl"), 1);
	world_close(&world);
}

/* ---- syslog ---------------------------------------------------------------------------------- */

static int
listen_on(int type, unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, type, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static size_t
receive(int fd, char *to, size_t size)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	assert_int_equal(poll(&pollfd, 1, 60000), 1);
	n = recv(fd, to, size - 1, 0);
	assert_true(n > 0);
	to[n] = '\0';
	return (size_t)n;
}

static void
datagrams_carry_one_each(void **state)
{
	struct world world;
	char entry[128], text[8192];
	unsigned port;
	int fd = listen_on(SOCK_DGRAM, &port);

	snprintf(entry, sizeof(entry), "{syslog: \"udp://127.0.0.1:%u\", facility: audit}", port);
	world = world_open(entry);
	put(&world, 1, 2);
	for (unsigned i = 1; i <= 2; i++) {
		char number[32];

		receive(fd, text, sizeof(text));
		snprintf(number, sizeof(number), " number=\"%u\"", i);
		assert_memory_equal(text, "<110>1 2025-11-22T", 18);
		assert_non_null(strstr(text, number));
	}
	world_close(&world);
	close(fd);
}

/* Each with its length before it; a connection that the other side closed is made anew. */
static void
streams_count_octets(void **state)
{
	struct world world;
	char entry[128], text[16384], *end;
	unsigned port;
	int at, fd = listen_on(SOCK_STREAM, &port);
	size_t n, length;

	snprintf(entry, sizeof(entry), "{cef: \"tcp://localhost:%u\"}", port);
	world = world_open(entry);
	for (unsigned i = 0; i < 2; i++) {
		put(&world, 1, 1);
		at = accept(fd, NULL, NULL);
		assert_true(at >= 0);
		n = receive(at, text, sizeof(text));
		length = strtoul(text, &end, 10);
		assert_int_equal(length, n - (size_t)(end - text) - 1);
		assert_memory_equal(end, " <134>1 ", 8);
		assert_non_null(strstr(text, " audit - CEF:0|bascule|"));
		close(at);
	}
	close(fd);
	world_close(&world);
}

static void
local_sockets_of_both_kinds(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	char entry[256], text[8192];

	for (size_t i = 0; i < COUNT(types); i++) {
		struct sockaddr_un to = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, types[i], 0), at = fd;
		struct world world;

		snprintf(to.sun_path, sizeof(to.sun_path), "%s/log%zu", dir, i);
		assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
		if (types[i] == SOCK_STREAM)
			assert_int_equal(listen(fd, 1), 0);
		snprintf(entry, sizeof(entry), "{syslog: \"unix:%s\"}", to.sun_path);
		world = world_open(entry);
		put(&world, 1, 1);
		if (types[i] == SOCK_STREAM)
			at = accept(fd, NULL, NULL);
		receive(at, text, sizeof(text));
		assert_memory_equal(text, "<134>1 ", 7);
		world_close(&world);
		if (at != fd)
			close(at);
		close(fd);
	}
}

static void
nobody_listens(void **state)
{
	char entry[128];
	struct world world;
	struct err err;
	unsigned port;

	close(listen_on(SOCK_STREAM, &port));
	snprintf(entry, sizeof(entry), "{syslog: \"tcp://127.0.0.1:%u\"}", port);
	world = world_open(entry);
	assert_int_equal(put_some(&world, 1, 1, &err), 0);
	assert_non_null(strstr(err.text, "Connection refused"));
	world_close(&world);
}

/* ---- OTLP ------------------------------------------------------------------------------------ */

/* Answers one request after the other with what it was given. */
struct collector {
	int fd;
	unsigned n;
	const char *const *answers; /* status line, blank, body */
	char seen[8][32 * 1024];
};

static void
one_request(struct collector *collector, unsigned i)
{
	int at = accept(collector->fd, NULL, NULL);
	char *text = collector->seen[i], *body, *length, answer[512];
	size_t n = 0, wanted = 0;

	must(at >= 0);
	do {
		ssize_t got = recv(at, text + n, sizeof(collector->seen[i]) - n - 1, 0);

		must(got > 0);
		n += (size_t)got;
		text[n] = '\0';
		body = strstr(text, "\r\n\r\n");
		length = strstr(text, "Content-Length: ");
		if (body != NULL && length != NULL)
			wanted = (size_t)(body - text) + 4 + strtoul(length + 16, NULL, 10);
	} while (wanted == 0 || n < wanted);
	snprintf(answer, sizeof(answer),
	    "HTTP/1.1 %.3s X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    collector->answers[i], strlen(collector->answers[i] + 3), collector->answers[i] + 3);
	must(send(at, answer, strlen(answer), 0) == (ssize_t)strlen(answer));
	close(at);
}

static void *
collector_main(void *arg)
{
	struct collector *collector = arg;

	for (unsigned i = 0; i < collector->n; i++)
		one_request(collector, i);
	return NULL;
}

static void
collector_answers(void **state)
{
	static const char *const answers[] = { "200{}", "503later", "400bad",
		"200{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"too old\"}}",
		"200" };
	struct collector collector = { .n = COUNT(answers), .answers = answers };
	struct world world;
	char entry[192];
	unsigned port;
	pthread_t thread;
	struct err err;

	collector.fd = listen_on(SOCK_STREAM, &port);
	assert_int_equal(pthread_create(&thread, NULL, collector_main, &collector), 0);
	snprintf(entry, sizeof(entry),
	    "{otlp: \"http://127.0.0.1:%u/\", headers: {X-Key: k1}, timeout: 60s}", port);
	world = world_open(entry);
	assert_int_equal(put_some(&world, 1, 3, &err), 3);
	assert_int_equal(err.kind, ERR_NONE);
	/* Later: they come again. */
	assert_int_equal(put_some(&world, 4, 3, &err), 0);
	assert_non_null(strstr(err.text, "answered 503"));
	/* Refused for good: they do not. */
	assert_int_equal(put_some(&world, 4, 3, &err), 3);
	assert_non_null(strstr(err.text, "answered 400: these records are not sent again"));
	assert_int_equal(put_some(&world, 7, 3, &err), 3);
	assert_non_null(strstr(err.text, "did not take 2 of 3 records: too old"));
	put(&world, 10, 1);
	pthread_join(thread, NULL);
	close(collector.fd);
	world_close(&world);
	assert_memory_equal(collector.seen[0], "POST /v1/logs HTTP/1.1\r\n", 24);
	assert_non_null(strstr(collector.seen[0], "X-Key: k1\r\n"));
	assert_non_null(strstr(collector.seen[0], "Content-Type: application/json\r\n"));
	assert_non_null(strstr(collector.seen[0], "{\"resourceLogs\":[{\"resource\":"));
	assert_null(strstr(collector.seen[0], "Expect:"));
}

static void
no_collector_is_said(void **state)
{
	char entry[128];
	struct world world;
	struct err err;
	unsigned port;

	close(listen_on(SOCK_STREAM, &port));
	snprintf(entry, sizeof(entry), "{otlp: \"http://127.0.0.1:%u/x/logs\"}", port);
	world = world_open(entry);
	assert_int_equal(put_some(&world, 1, 1, &err), 0);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "/x/logs: "));
	world_close(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_is_for_its_owner),
		cmocka_unit_test(file_of_others_is_refused),
		cmocka_unit_test(csv_has_one_header),
		cmocka_unit_test(files_rotate_by_size),
		cmocka_unit_test(files_are_shared),
		cmocka_unit_test(moved_file_is_made_anew),
		cmocka_unit_test(full_device_fails),
		cmocka_unit_test(torn_batch_is_taken_back),
		cmocka_unit_test(missing_folder_is_said),
		cmocka_unit_test(datagrams_carry_one_each),
		cmocka_unit_test(streams_count_octets),
		cmocka_unit_test(local_sockets_of_both_kinds),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(collector_answers),
		cmocka_unit_test(no_collector_is_said),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
