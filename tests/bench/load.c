/*
 * A closed-loop MCP client to measure with.  Over Streamable HTTP: N sessions, each on one kept
 * connection with one request at a time.  Over stdio: one child, N requests at a time.  Each
 * session initializes, warms up, and then calls one tool again and again for the time given (or
 * --calls times).  With --modern there are no sessions: each request carries what 2026-07-28 wants
 * in its _meta and its header fields.
 *
 * Every reply is checked for its id and for the text that only this call was given; a wrong one
 * counts as an error, a lost connection or a silence of 60 s ends the run.  With --wait the program
 * prints `ready PID` (the child's, else 0) after the warm-up and starts to measure when a line
 * comes on stdin, so that whoever reads the target's CPU time reads it around exactly the measured
 * calls.  The result is one JSON object on stdout.
 */
#include "common.h"
#include "load_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE_MS 60000
/* What long texts are made of: words, as people write them. */
#define PADDING \
	"The meeting about the new release was moved to Thursday, since two of the reviewers are " \
	"away until then. Please read the notes before it and write down what is open. "
#define HEADERS "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
/* What a client of 2026-07-28 says with each request. */
#define META \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"," \
	"\"io.modelcontextprotocol/clientCapabilities\":{}," \
	"\"io.modelcontextprotocol/clientInfo\":{\"name\":\"bench-load\",\"version\":\"1\"}}"

enum step { STEP_INITIALIZE, STEP_INITIALIZED, STEP_READY };

/* A request in progress, one at a time. */
struct lane {
	uint64_t id, sent_ns, done;
	bool is_waiting;
};

/* A connection, or the child's pipes. */
struct link {
	int in_fd, out_fd;
	struct ssl_st *tls; /* NULL: none */
	unsigned first_lane, lanes;
	enum step step;
	char session[160];	   /* header fields of each request, beside HEADERS */
	struct room in, out, body; /* body: of a chunked reply, unchunked */
};

struct load {
	struct {
		struct sockaddr_in address;
		const char *path, *tool, *arguments, *answer; /* JSON, of any tool */
		unsigned lanes;
		uint64_t seconds, warm_ms, calls, ms, text_bytes;
		const char *header; /* of each request, with its line end; "": none */
		bool waits, is_modern, is_tls;
		char **command;
	} want;
	int epoll;
	pid_t child;
	struct link *links;
	struct lane *lanes;
	unsigned links_n, waiting, ready;
	uint64_t until_ns, calls_each; /* of the phase that runs; calls_each 0: by time */
	bool is_measuring;
	uint64_t next, calls, errors, size;
	uint32_t *took; /* ns per measured call */
	char *padding;
	struct room request, expect;
};

/* Gateways put the server's name in front: up__echo, up/echo. */
static bool
is_echo(const char *tool)
{
	size_t n = strlen(tool);

	return n >= 4 && strcmp(tool + n - 4, "echo") == 0 &&
	    (n == 4 || strchr("_/", tool[n - 5]) != NULL);
}

static void
lane_expect(struct load *l, const struct lane *lane)
{
	l->expect.n = 0;
	if (l->want.answer != NULL) {
		room_printf(&l->expect, "%s", l->want.answer);
	} else if (is_echo(l->want.tool)) {
		room_printf(
		    &l->expect, "\"call %015llu of this load", (unsigned long long)lane->id);
		room_put(&l->expect, (struct text){ l->padding, l->want.text_bytes });
		room_put(&l->expect, TEXT("\""));
	} else if (strcmp(l->want.tool, "sleep") == 0) {
		room_put(&l->expect, TEXT("\"slept\""));
	}
}

/* Puts the request in l->request. */
static void
lane_request(struct load *l, const struct lane *lane)
{
	l->request.n = 0;
	room_printf(&l->request,
	    "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":", (unsigned long long)lane->id);
	if (strcmp(l->want.tool, "ping") == 0) {
		room_put(&l->request, TEXT("\"ping\"}"));
		return;
	}
	room_put(&l->request, TEXT("\"tools/call\",\"params\":{"));
	if (l->want.is_modern)
		room_put(&l->request, TEXT(META ","));
	room_printf(&l->request, "\"name\":\"%s\",\"arguments\":", l->want.tool);
	if (l->want.arguments != NULL) {
		room_printf(&l->request, "%s}}", l->want.arguments);
		return;
	}
	if (strcmp(l->want.tool, "sleep") == 0) {
		room_printf(&l->request, "{\"ms\":%llu}}}", (unsigned long long)l->want.ms);
		return;
	}
	lane_expect(l, lane);
	room_put(&l->request, TEXT("{\"text\":"));
	room_put(&l->request, (struct text){ l->expect.p, l->expect.n });
	room_put(&l->request, TEXT("}}}"));
}

static void
link_send(struct load *l, struct link *k, struct text message)
{
	if (l->child == 0)
		room_printf(&k->out,
		    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n" HEADERS
		    "%s%sContent-Length: %zu\r\n\r\n",
		    l->want.path, (unsigned)ntohs(l->want.address.sin_port), l->want.header,
		    k->session, message.n);
	room_put(&k->out, message);
	if (l->child != 0)
		room_put(&k->out, TEXT("\n"));
}

static void
link_write(struct link *k)
{
	if (!(k->tls != NULL ? tls_room_write(&k->out, k->tls) : room_write(&k->out, k->out_fd)))
		die("load: the connection was lost while writing: %m");
}

static void
link_flush(struct link *k)
{
	link_write(k);
	while (k->out.n > 0) { /* a full pipe or socket: rare, and the reader is another process */
		usleep(50);
		link_write(k);
	}
}

static void
lane_start(struct load *l, struct link *k, struct lane *lane)
{
	bool over = l->calls_each > 0 ? lane->done >= l->calls_each : now_ns() >= l->until_ns;

	if (over)
		return;
	lane->id = ++l->next * l->want.lanes + (uint64_t)(lane - l->lanes);
	lane->is_waiting = true;
	l->waiting++;
	lane_request(l, lane);
	link_send(l, k, (struct text){ l->request.p, l->request.n });
	lane->sent_ns = now_ns();
}

static bool
reply_right(struct load *l, const struct lane *lane, struct text message)
{
	struct text result = json_member(message, "result"), content;

	if (result.p == NULL)
		return false;
	if (strcmp(l->want.tool, "ping") == 0)
		return *result.p == '{';
	if (l->want.is_modern && !text_is(json_member(result, "resultType"), "\"complete\""))
		return false;
	content = json_first(json_member(result, "content"));
	lane_expect(l, lane);
	return text_same(json_member(content, "text"), (struct text){ l->expect.p, l->expect.n });
}

static void
measured(struct load *l, uint64_t ns, bool is_right, struct text message)
{
	if (!is_right) {
		if (l->errors++ == 0)
			fprintf(stderr, "load: wrong reply: %.*s\n",
			    (int)(message.n > 300 ? 300 : message.n), message.p);
		return;
	}
	if (l->calls == l->size) {
		l->size = l->size == 0 ? 65536 : l->size * 2;
		l->took = realloc(l->took, l->size * sizeof *l->took);
		if (l->took == NULL)
			die("load: no memory");
	}
	l->took[l->calls++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static void
initialized_send(struct load *l, struct link *k)
{
	link_send(l, k, TEXT("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"));
	k->step = l->child != 0 ? STEP_READY : STEP_INITIALIZED;
	if (k->step == STEP_READY)
		l->ready++;
}

static void
message_take(struct load *l, struct link *k, struct text message)
{
	struct text id = json_member(message, "id");
	struct lane *lane;
	char digits[24];
	uint64_t n;

	if (id.p == NULL || json_member(message, "method").p != NULL)
		return; /* a notification */
	if (k->step == STEP_INITIALIZE) {
		if (json_member(message, "result").p == NULL)
			die("load: initialize failed: %.*s", (int)message.n, message.p);
		initialized_send(l, k);
		return;
	}
	snprintf(digits, sizeof digits, "%.*s", (int)id.n, id.p);
	n = strtoull(digits, NULL, 10);
	lane = &l->lanes[n % l->want.lanes];
	if (!lane->is_waiting || lane->id != n ||
	    (unsigned)(lane - l->lanes) - k->first_lane >= k->lanes) {
		measured(l, 0, false, message);
		return;
	}
	lane->is_waiting = false;
	lane->done++;
	l->waiting--;
	if (l->is_measuring)
		measured(l, now_ns() - lane->sent_ns, reply_right(l, lane, message), message);
	lane_start(l, k, lane);
}

static void
lines_take(struct load *l, struct link *k)
{
	size_t at = 0;

	for (;;) {
		const char *line = k->in.p + at,
			   *end = at == k->in.n ? NULL : memchr(line, '\n', k->in.n - at);

		if (end == NULL)
			break;
		at += (size_t)(end - line) + 1;
		message_take(l, k, (struct text){ line, (size_t)(end - line) });
	}
	room_drop(&k->in, at);
}

static void
events_take(struct load *l, struct link *k, struct text body)
{
	const char *p = body.p, *end = body.p + body.n;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		if (stop == NULL)
			stop = end;
		if (stop - p > 6 && memcmp(p, "data: ", 6) == 0)
			message_take(l, k, (struct text){ p + 6, (size_t)(stop - p) - 6 });
		p = stop + 1;
	}
}

/* Unchunks into k->body; the length of the chunked body, 0: not all there. */
static size_t
chunks_take(struct link *k, size_t at)
{
	size_t begin = at;

	k->body.n = 0;
	for (;;) {
		const char *line = k->in.p + at, *end = memmem(line, k->in.n - at, "\r\n", 2);
		unsigned long n;

		if (end == NULL)
			return 0;
		n = strtoul(line, NULL, 16);
		at += (size_t)(end - line) + 2;
		if (k->in.n - at < n + 2)
			return 0;
		if (n == 0)
			return at + 2 - begin;
		room_put(&k->body, (struct text){ k->in.p + at, n });
		at += n + 2;
	}
}

static void
session_keep(struct link *k, struct text head)
{
	struct text id = head_value(head, "mcp-session-id");

	if (id.p == NULL || id.n > 80)
		return;
	snprintf(k->session, sizeof k->session,
	    "Mcp-Session-Id: %.*s\r\nMCP-Protocol-Version: 2025-11-25\r\n", (int)id.n, id.p);
}

/* Takes one HTTP reply from the buffer; false: it is not all there. */
static bool
reply_take(struct load *l, struct link *k)
{
	struct text head = { k->in.p, k->in.n }, length, type, body;
	char digits[24];
	size_t used;

	head.n = head_length(head);
	if (head.n == 0)
		return false;
	length = head_value(head, "content-length");
	if (length.p != NULL) {
		snprintf(digits, sizeof digits, "%.*s", (int)length.n, length.p);
		used = number("Content-Length", digits, 0, 1u << 30);
		if (k->in.n - head.n < used)
			return false;
		body = (struct text){ k->in.p + head.n, used };
	} else if (memcmp(head.p + 9, "202", 3) == 0 &&
	    head_value(head, "transfer-encoding").p == NULL) {
		used = 0;
		body = (struct text){ head.p, 0 };
	} else {
		used = chunks_take(k, head.n);
		if (used == 0)
			return false;
		body = (struct text){ k->body.p, k->body.n };
	}
	if (memcmp(head.p + 9, "20", 2) != 0)
		die("load: %.*s%.*s", (int)head.n, head.p, (int)(body.n > 500 ? 500 : body.n),
		    body.p);
	if (k->step == STEP_INITIALIZE)
		session_keep(k, head);
	if (k->step == STEP_INITIALIZED) {
		k->step = STEP_READY;
		l->ready++;
	} else {
		type = head_value(head, "content-type");
		if (type.p != NULL && type.n >= 17 && memcmp(type.p, "text/event-stream", 17) == 0)
			events_take(l, k, body);
		else if (body.n > 0)
			message_take(l, k, body);
	}
	room_drop(&k->in, head.n + used);
	return true;
}

static void
links_step(struct load *l)
{
	struct epoll_event events[64];
	int n = epoll_wait(l->epoll, events, 64, SILENCE_MS);

	if (n == 0)
		die("load: no reply for %d s", SILENCE_MS / 1000);
	for (int i = 0; i < n; i++) {
		struct link *k = events[i].data.ptr;

		if ((k->tls != NULL ? tls_room_read(&k->in, k->tls)
				    : room_read(&k->in, k->in_fd)) == 0)
			die("load: the connection was closed by the other side");
		if (l->child != 0)
			lines_take(l, k);
		else
			while (k->in.n > 0 && reply_take(l, k))
				;
		link_flush(k);
	}
}

/* The first message of a connection, or, where there is no handshake, the header fields of all. */
static void
link_begin(struct load *l, struct link *k)
{
	if (!l->want.is_modern) {
		link_send(l, k,
		    TEXT(
			"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
			"\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench-load\",\"version\":\"1\"}}}"));
		link_flush(k);
		return;
	}
	snprintf(k->session, sizeof k->session,
	    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: %.64s\r\n",
	    l->want.tool);
	k->step = STEP_READY;
	l->ready++;
}

static void
link_open(struct load *l, struct link *k, int in_fd, int out_fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = k };

	k->in_fd = in_fd;
	k->out_fd = out_fd;
	fcntl(in_fd, F_SETFL, fcntl(in_fd, F_GETFL) | O_NONBLOCK);
	if (out_fd != in_fd)
		fcntl(out_fd, F_SETFL, fcntl(out_fd, F_GETFL) | O_NONBLOCK);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, in_fd, &e) < 0)
		die("load: epoll: %m");
	link_begin(l, k);
}

static void
http_open(struct load *l, struct link *k)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&l->want.address, sizeof l->want.address) < 0)
		die("load: connect: %m");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (l->want.is_tls)
		k->tls = tls_open(fd);
	link_open(l, k, fd, fd);
}

static void
child_open(struct load *l, struct link *k)
{
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		die("load: pipe: %m");
	l->child = fork();
	if (l->child < 0)
		die("load: fork: %m");
	if (l->child == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execvp(l->want.command[0], l->want.command);
		die("load: %s: %m", l->want.command[0]);
	}
	close(to[0]);
	close(from[1]);
	link_open(l, k, from[0], to[1]);
}

/* Runs calls until the phase is over and every reply is in; the time it took. */
static uint64_t
phase_run(struct load *l, uint64_t ms, uint64_t calls_each)
{
	uint64_t begin = now_ns();

	l->until_ns = begin + ms * 1000000;
	l->calls_each = calls_each;
	for (unsigned i = 0; i < l->links_n; i++) {
		struct link *k = &l->links[i];

		for (unsigned j = 0; j < k->lanes; j++) {
			l->lanes[k->first_lane + j].done = 0;
			lane_start(l, k, &l->lanes[k->first_lane + j]);
		}
		link_flush(k);
	}
	while (l->waiting > 0)
		links_step(l);
	return now_ns() - begin;
}

static void
sessions_open(struct load *l)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->links_n = l->want.command != NULL ? 1 : l->want.lanes;
	l->links = calloc(l->links_n, sizeof *l->links);
	l->lanes = calloc(l->want.lanes, sizeof *l->lanes);
	l->padding = malloc(l->want.text_bytes + 1);
	if (l->links == NULL || l->lanes == NULL || l->padding == NULL)
		die("load: no memory");
	for (uint64_t i = 0; i < l->want.text_bytes; i++)
		l->padding[i] = PADDING[i % (sizeof PADDING - 1)];
	for (unsigned i = 0; i < l->links_n; i++) {
		l->links[i].first_lane = i;
		l->links[i].lanes = l->want.command != NULL ? l->want.lanes : 1;
		if (l->want.command != NULL)
			child_open(l, &l->links[i]);
		else
			http_open(l, &l->links[i]);
	}
	while (l->ready < l->links_n)
		links_step(l);
}

static int
took_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
took_us(const struct load *l, double share)
{
	return l->calls == 0 ? 0 : l->took[(uint64_t)(share * (double)(l->calls - 1))] / 1000.0;
}

static void
report(struct load *l, uint64_t ns)
{
	if (l->calls > 0)
		qsort(l->took, l->calls, sizeof *l->took, took_compare);
	printf(
	    "{\"calls\":%llu,\"errors\":%llu,\"seconds\":%.6f,\"calls_per_s\":%.1f,\"min_us\":%.1f,\"p50_us\":%.1f,"
	    "\"p99_us\":%.1f,\"max_us\":%.1f}\n",
	    (unsigned long long)l->calls, (unsigned long long)l->errors, (double)ns / 1e9,
	    (double)l->calls * 1e9 / (double)ns, took_us(l, 0), took_us(l, 0.5), took_us(l, 0.99),
	    took_us(l, 1));
	fflush(stdout);
}

static void
url_read(struct load *l, const char *url)
{
	const char *start = strstr(url, "://"), *host = start != NULL ? start + 3 : url;
	const char *colon = strchr(host, ':'), *slash = strchr(host, '/');
	char text[32];

	if (colon == NULL || slash == NULL || slash < colon)
		die("load: --url must be http://ADDRESS:PORT/PATH, or https://");
	l->want.is_tls = strncmp(url, "https://", 8) == 0;
	snprintf(text, sizeof text, "%.*s", (int)(colon - host), host);
	l->want.address.sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &l->want.address.sin_addr) != 1)
		die("load: --url needs an IPv4 address");
	snprintf(text, sizeof text, "%.*s", (int)(slash - colon) - 1, colon + 1);
	l->want.address.sin_port = htons((uint16_t)number("--url", text, 1, 65535));
	l->want.path = slash;
}

static const char *
header_of(const char *name, const char *value)
{
	struct room line = { 0 };

	room_printf(&line, "%s%s\r\n", name, value);
	room_put(&line, (struct text){ "", 1 });
	return line.p;
}

static void
options_read(struct load *l, int argc, char **argv)
{
	bool has_url = false;

	for (int i = 1; i < argc; i++) {
		const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(option, "--wait") == 0) {
			l->want.waits = true;
			continue;
		}
		if (strcmp(option, "--modern") == 0) {
			l->want.is_modern = true;
			continue;
		}
		if (strcmp(option, "--") == 0 && value != NULL) {
			l->want.command = argv + i + 1;
			break;
		}
		if (value == NULL)
			die("load: %s: unknown, or its value is missing", option);
		i++;
		if (strcmp(option, "--url") == 0) {
			url_read(l, value);
			has_url = true;
		} else if (strcmp(option, "--tool") == 0)
			l->want.tool = value;
		else if (strcmp(option, "--bearer") == 0)
			l->want.header = header_of("Authorization: Bearer ", value);
		else if (strcmp(option, "--arguments") == 0)
			l->want.arguments = value;
		else if (strcmp(option, "--answer") == 0)
			l->want.answer = value;
		else if (strcmp(option, "--sessions") == 0 || strcmp(option, "--depth") == 0)
			l->want.lanes = (unsigned)number(option, value, 1, 10000);
		else if (strcmp(option, "--seconds") == 0)
			l->want.seconds = number(option, value, 1, 3600);
		else if (strcmp(option, "--warm-ms") == 0)
			l->want.warm_ms = number(option, value, 0, 60000);
		else if (strcmp(option, "--calls") == 0)
			l->want.calls = number(option, value, 1, 1u << 30);
		else if (strcmp(option, "--ms") == 0)
			l->want.ms = number(option, value, 0, 3600000);
		else if (strcmp(option, "--text") == 0)
			l->want.text_bytes = number(option, value, 0, 1u << 26);
		else
			die("load: %s is unknown", option);
	}
	if (l->want.is_modern && strcmp(l->want.tool, "ping") == 0)
		die("load: there is no ping in 2026-07-28");
	if (has_url == (l->want.command != NULL))
		die("usage: load (--url URL | -- COMMAND...) [--tool echo|sleep|ping] [--sessions N] [--seconds N | --calls N]\n"
		    "    [--warm-ms N] [--ms N] [--text BYTES] [--wait] [--modern] [--bearer KEY]\n"
		    "    --tool NAME --arguments JSON --answer JSON-STRING: any other tool, and the text that it answers");
}

int
main(int argc, char **argv)
{
	struct load l = {
		.want = { .tool = "echo", .lanes = 1, .seconds = 1, .warm_ms = 200, .header = "" }
	};
	uint64_t ns;
	char go;

	signal(SIGPIPE, SIG_IGN);
	options_read(&l, argc, argv);
	sessions_open(&l);
	if (l.want.warm_ms > 0)
		phase_run(&l, l.want.warm_ms, 0);
	if (l.want.waits) {
		printf("ready %d\n", (int)l.child);
		fflush(stdout);
		if (read(STDIN_FILENO, &go, 1) != 1)
			die("load: nobody said go");
	}
	l.is_measuring = true;
	ns = phase_run(&l, l.want.seconds * 1000, l.want.calls);
	report(&l, ns);
	if (l.want.waits &&
	    read(STDIN_FILENO, &go, 1) < 0) /* the child lives until its CPU time was read */
		return 2;
	if (l.child != 0) {
		close(l.links[0].out_fd);
		waitpid(l.child, NULL, 0);
	}
	return l.errors > 0 ? 1 : 0;
}
