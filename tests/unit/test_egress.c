/*
 * The egress proxy on a real loop: a client in a process of its own speaks to it, over a listening
 * socket as a network namespace hands it out, and to a target on loopback that is listed or not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/egress.h"

#define LOOK_MS	   2
#define MUCH	   (4 * MIB)
#define GIVE_UP_S  100 /* a client that hangs is a failure, at last */
#define PLACES_MAX 4

struct story {
	struct loop *loop;
	struct egress *egress;
	struct timer timer;
	pid_t client;
	int status;
	unsigned refused_n;
	char refused[300];
	int proxy_port, target, target_port;
};

/* ---- the client ------------------------------------------------------------------------------ */

static int
dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		_exit(90);
	return fd;
}

static void
say(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t took = send(fd, text, n, MSG_NOSIGNAL);

		if (took <= 0)
			_exit(91);
		text += took;
		n -= (size_t)took;
	}
}

/* Reads until the end of the stream, or until `until` has come (NULL: the end). */
static size_t
hear(int fd, char *to, size_t max, const char *until)
{
	size_t have = 0;
	ssize_t n = 1;

	memset(to, 0, max);
	while (n > 0 && have < max - 1 && (until == NULL || strstr(to, until) == NULL)) {
		n = read(fd, to + have, max - 1 - have);
		if (n > 0)
			have += (size_t)n;
	}
	return have;
}

/* Counts what comes, and says how much it was. */
static void
target_run(int listener)
{
	static char bytes[65536];
	int fd = accept(listener, NULL, NULL);
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		all += (size_t)n;
	snprintf(bytes, sizeof bytes, "%zu bytes", all);
	say(fd, bytes, strlen(bytes));
	_exit(0);
}

static void
request(const struct story *story, const char *head, char *answer, size_t max)
{
	int fd = dial(story->proxy_port);

	say(fd, head, strlen(head));
	hear(fd, answer, max, NULL);
	close(fd);
}

/* `early` bytes of MUCH go along with the head. */
static int
client_opened(const struct story *story, const char *host, size_t early)
{
	static char bytes[65536], answer[1024];
	size_t sent = early;
	pid_t target;
	int fd;

	target = fork();
	if (target == 0)
		target_run(story->target);
	fd = dial(story->proxy_port);
	snprintf(bytes, sizeof bytes, "CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\n", host,
	    story->target_port);
	memset(bytes + strlen(bytes), 'e', early);
	say(fd, bytes, strlen(bytes));
	hear(fd, answer, sizeof answer, "\r\n\r\n");
	if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
		return 1;
	while (sent < MUCH) {
		size_t part = MUCH - sent < sizeof bytes ? MUCH - sent : sizeof bytes;

		say(fd, bytes, part);
		sent += part;
	}
	shutdown(fd, SHUT_WR);
	hear(fd, answer, sizeof answer, NULL);
	snprintf(bytes, sizeof bytes, "%zu bytes", (size_t)MUCH);
	return strcmp(answer, bytes) == 0 ? 0 : 2;
}

static int
client_literal(const struct story *story)
{
	return client_opened(story, "127.0.0.1", 0);
}

static int
client_early(const struct story *story)
{
	return client_opened(story, "127.0.0.1", 1000);
}

static int
client_name(const struct story *story)
{
	return client_opened(story, "LocalHost.", 0);
}

static int
expect(const struct story *story, const char *head, const char *status, const char *word)
{
	char answer[4096];

	request(story, head, answer, sizeof answer);
	if (strncmp(answer, "HTTP/1.1 ", 9) == 0 && strncmp(answer + 9, status, 3) == 0 &&
	    strstr(answer, word) != NULL)
		return 0;
	fprintf(stderr, "%.60s: %s\n", head, answer);
	return 1;
}

static int
client_refused(const struct story *story)
{
	static const char *const hosts[] = { "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "127.1",
		"2130706433", "0x7f.1", "localhost", "a.example.org", "example.com",
		"evil-example.com", ".example.com" };
	char head[256];
	int bad = 0;

	for (size_t i = 0; i < COUNT(hosts); i++) {
		snprintf(head, sizeof head, "CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\n", hosts[i],
		    story->target_port);
		bad += expect(story, head, "403", "not listed");
	}
	snprintf(head, sizeof head, "CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n",
	    story->target_port == 1 ? 2 : 1);
	bad += expect(story, head, "403", "not listed");
	bad += expect(story, "GET http://127.0.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n", "405", "https");
	bad += expect(
	    story, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405", "CONNECT");
	bad += expect(story, "CONNECT nothing HTTP/1.1\r\nHost: x\r\n\r\n", "400", "");
	bad += expect(story, "\x16\x03\x01 not HTTP\r\n\r\n", "501", "not HTTP");
	return bad;
}

static int
client_private(const struct story *story)
{
	char head[256];

	snprintf(head, sizeof head, "CONNECT localhost:%d HTTP/1.1\r\nHost: x\r\n\r\n",
	    story->target_port);
	return expect(story, head, "403", "not public");
}

static int
client_closed(const struct story *story)
{
	char head[256];

	snprintf(head, sizeof head, "CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n",
	    story->target_port);
	close(story->target);
	return expect(story, head, "502", "refused");
}

static int
client_long_head(const struct story *story)
{
	char *head = malloc(20000);
	int bad;

	snprintf(head, 200, "CONNECT a.example.com:443 HTTP/1.1\r\nX: ");
	memset(head + strlen(head), 'x', 12000);
	head[12000] = '\0';
	bad = expect(story, head, "431", "too long");
	free(head);
	return bad;
}

/* More than 64 at once are closed at once; of those before, one that leaves makes room again. */
static int
client_many(const struct story *story)
{
	int fds[64], fd;
	char answer[256];

	for (unsigned i = 0; i < 64; i++)
		fds[i] = dial(story->proxy_port);
	fd = dial(story->proxy_port);
	if (hear(fd, answer, sizeof answer, NULL) != 0)
		return 1;
	for (unsigned i = 0; i < 64; i++)
		close(fds[i]);
	for (;;) { /* they leave one by one; the alarm ends it */
		fd = dial(story->proxy_port);
		if (send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18 &&
		    hear(fd, answer, sizeof answer, NULL) > 0)
			return strstr(answer, "405") != NULL ? 0 : 2;
		close(fd);
	}
}

/* ---- the gateway's side ---------------------------------------------------------------------- */

static int
listener_make(int flags, int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	socklen_t n = sizeof at;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
look(struct timer *timer)
{
	struct story *story = CONTAINER(timer, struct story, timer);

	if (waitpid(story->client, &story->status, WNOHANG) == story->client)
		loop_stop(story->loop);
	else
		timer_start(story->loop, timer, loop_now_ms(story->loop) + LOOK_MS, look);
}

static void
on_refused(void *owner, struct slice destination, const char *why)
{
	struct story *story = owner;

	story->refused_n++;
	snprintf(story->refused, sizeof story->refused, "%.*s: %s", SLICE_FMT(destination), why);
}

/* "%d" in a place is the target's port. */
static void
play(struct story *story, const char *const *places, int (*client)(const struct story *))
{
	struct slice allow[PLACES_MAX];
	char text[PLACES_MAX][64];
	struct egress_settings settings = {
		.whose = S("child"), .allow = allow, .refused = on_refused, .owner = story
	};
	struct log *log = log_new(2, LOG_OFF, LOG_TEXT, "test");
	struct err err = { 0 };
	int fd;

	*story = (struct story){ .target = -1 };
	story->target = listener_make(0, &story->target_port);
	fd = listener_make(SOCK_NONBLOCK, &story->proxy_port);
	for (; places[settings.allow_n] != NULL; settings.allow_n++) {
		snprintf(text[settings.allow_n], sizeof text[0], places[settings.allow_n],
		    story->target_port);
		allow[settings.allow_n] = slice_of(text[settings.allow_n]);
	}
	story->client = fork();
	assert_true(story->client >= 0);
	if (story->client == 0) {
		close(fd);
		alarm(GIVE_UP_S);
		_exit(client(story));
	}
	close(story->target);
	story->loop = loop_new(NULL, log, &err);
	assert_non_null(story->loop);
	assert_true(egress_open(story->loop, &settings, &fd, &story->egress, &err));
	assert_int_equal(fd, -1);
	look(&story->timer);
	loop_run(story->loop);
	egress_close(&story->egress);
	assert_null(story->egress);
	loop_free(&story->loop);
	log_free(&log);
	assert_true(WIFEXITED(story->status));
	assert_int_equal(WEXITSTATUS(story->status), 0);
}

#define PLAY(story, client, ...) play((story), (const char *const[]){ __VA_ARGS__, NULL }, (client))

static void
test_open(void **state)
{
	struct story story;

	PLAY(&story, client_literal, "127.0.0.1:%d");
	assert_int_equal(story.refused_n, 0);
	PLAY(&story, client_early, "127.0.0.1:%d");
	PLAY(&story, client_name, "localhost:%d", "127.0.0.1:%d");
	assert_int_equal(story.refused_n, 0);
}

static void
test_refused(void **state)
{
	struct story story;

	PLAY(&story, client_refused, "127.0.0.1:%d", "*.example.com:%d");
	assert_int_equal(story.refused_n, 16);
	PLAY(&story, client_private, "localhost:%d");
	assert_int_equal(story.refused_n, 1);
	assert_non_null(strstr(story.refused, "localhost:"));
	PLAY(&story, client_long_head, "a.example.com:443");
	PLAY(&story, client_closed, "127.0.0.1:%d");
	assert_int_equal(story.refused_n, 0);
}

static void
test_many(void **state)
{
	struct story story;

	PLAY(&story, client_many, "127.0.0.1:%d");
}

/* It ends while connections are open, are looked up, are refused. */
static void
test_close(void **state)
{
	const struct slice allow[] = { S("name.invalid:443") };
	const struct egress_settings settings = {
		.whose = S("child"), .allow = allow, .allow_n = COUNT(allow)
	};
	static const char *const heads[] = { "CONNECT name.invalid:443 HTTP/1.1\r\n\r\n",
		"CONNECT name.invalid:443 HTTP/1.1\r\n\r\n", "CONNECT na", "" };
	struct log *log = log_new(2, LOG_OFF, LOG_TEXT, "test");
	int port, fd = listener_make(SOCK_NONBLOCK, &port), clients[COUNT(heads)];
	struct egress *egress;
	struct err err = { 0 };
	struct loop *loop = loop_new(NULL, log, &err);

	assert_true(egress_open(loop, &settings, &fd, &egress, &err));
	for (size_t i = 0; i < COUNT(heads); i++) {
		clients[i] = dial(port);
		say(clients[i], heads[i], strlen(heads[i]));
	}
	for (unsigned i = 0; i < 5; i++)
		loop_turn(loop, 0);
	egress_close(&egress);
	loop_free(&loop);
	for (size_t i = 0; i < COUNT(heads); i++)
		close(clients[i]);
	log_free(&log);
}

static void
test_rules(void **state)
{
	static const struct slice bad[] = { S("example.com"), S("example.com:0"),
		S("example.com:65536"), S(":443"), S("*:443"), S("*.:443"), S("a b:443"),
		S("*.10.0.0.1:443"), S("127.1:443"), S("http://a:443"), S("[::1:443"), S("a:b:443"),
		S("") };
	const struct slice good[] = { S("Api.example.com:443"), S("*.example.org:8443"),
		S("10.1.2.3:443"), S("[fd00::1]:443") };
	static const struct {
		const char *place;
		bool is_listed;
	} cases[] = {
		{ "api.EXAMPLE.com:443", true },
		{ "api.example.com.:443", true },
		{ "api.example.com:444", false },
		{ "xapi.example.com:443", false },
		{ "a.example.org:8443", true },
		{ "a.b.example.org:8443", true },
		{ "example.org:8443", false },
		{ "aexample.org:8443", false },
		{ "10.1.2.3:443", true },
		{ "10.1.2.4:443", false },
		{ "[fd00::1]:443", true },
		{ "[fd00:0::1]:443", true },
		{ "[fd00::2]:443", false },
	};
	struct egress_rules rules;
	struct egress_place place;
	struct err err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(egress_rules_init(&rules, &bad[i], 1, &err));
		egress_rules_fini(&rules);
	}
	assert_true(egress_rules_init(&rules, good, COUNT(good), &err));
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(egress_place_parse(slice_of(cases[i].place), &place));
		assert_int_equal(egress_rules_have(&rules, &place), cases[i].is_listed);
	}
	assert_true(egress_place_parse(S("10.1.2.3:443"), &place));
	assert_true(egress_rules_let(&rules, &place.address));
	assert_true(egress_place_parse(S("169.254.169.254:443"), &place));
	assert_false(egress_rules_let(&rules, &place.address));
	assert_true(egress_place_parse(S("93.184.216.34:443"), &place));
	assert_true(egress_rules_let(&rules, &place.address));
	egress_rules_fini(&rules);
}

static void
test_env(void **state)
{
	const char *const env[] = { "A=b", "https_proxy=http://elsewhere/", "NO_PROXY=*",
		"HTTPS_PROXYX=c", NULL };
	const char *const *out;
	unsigned proxies = 0, others = 0;
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, 64 * KIB);
	assert_true(egress_env(&arena, env, &out, &err));
	for (; *out != NULL; out++) {
		assert_null(strstr(*out, "elsewhere"));
		assert_string_not_equal(*out, "NO_PROXY=*");
		proxies += strstr(*out, "=http://127.0.0.1:3128") != NULL;
		others += strcmp(*out, "A=b") == 0 || strcmp(*out, "HTTPS_PROXYX=c") == 0;
	}
	assert_int_equal(proxies, 6);
	assert_int_equal(others, 2);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
