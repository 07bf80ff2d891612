/*
 * How long a stdio MCP server takes from exec to its first tools/list answer that names a tool:
 * each run starts the command, does initialize and tools/list as a client does (waiting for each
 * answer), closes its stdin and reaps it.  Prints all runs and their median, in milliseconds, as
 * one JSON object.
 */
#include "common.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS_MAX 1000

extern char **environ;

static void
say(int fd, const char *line)
{
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("start: the command does not take its stdin: %m");
}

/* Reads until the answer with this id has come; it stays in the buffer. */
static struct text
answer_read(struct room *in, int fd, const char *id)
{
	for (;;) {
		const char *end;

		while (in->n > 0 && (end = memchr(in->p, '\n', in->n)) != NULL) {
			struct text line = { in->p, (size_t)(end - in->p) };

			if (text_is(json_member(line, "id"), id) &&
			    json_member(line, "method").p == NULL)
				return line;
			room_drop(in, line.n + 1);
		}
		if (room_read(in, fd) == 0)
			die("start: the command ended before it answered");
	}
}

static double
run_once(char **command, const char *tool)
{
	posix_spawn_file_actions_t actions;
	struct room in = { 0 };
	int to[2], from[2], status;
	uint64_t begin, end;
	char quoted[80];
	pid_t child;
	struct text list;

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		die("start: pipe: %m");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
	begin = now_ns();
	if (posix_spawnp(&child, command[0], &actions, NULL, command, environ) != 0)
		die("start: %s cannot be started", command[0]);
	close(to[0]);
	close(from[1]);
	say(to[1],
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
	    "\"capabilities\":{},\"clientInfo\":{\"name\":\"bench-start\",\"version\":\"1\"}}}\n");
	answer_read(&in, from[0], "1");
	say(to[1],
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
	    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n");
	list = answer_read(&in, from[0], "2");
	end = now_ns();
	snprintf(quoted, sizeof quoted, "\"%s\"", tool);
	if (memmem(list.p, list.n, quoted, strlen(quoted)) == NULL)
		die("start: the first tools/list does not name %s: %.*s", tool,
		    (int)(list.n > 300 ? 300 : list.n), list.p);
	close(to[1]);
	close(from[0]);
	waitpid(child, &status, 0);
	room_free(&in);
	posix_spawn_file_actions_destroy(&actions);
	return (double)(end - begin) / 1e6;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	static double took[RUNS_MAX];
	unsigned n;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 6 || strcmp(argv[1], "--runs") != 0 || strcmp(argv[3], "--tool") != 0 ||
	    strcmp(argv[5], "--") != 0 || argv[6] == NULL)
		die("usage: start --runs N --tool NAME -- COMMAND...");
	n = (unsigned)number("--runs", argv[2], 1, RUNS_MAX);
	for (unsigned i = 0; i < n; i++)
		took[i] = run_once(argv + 6, argv[4]);
	qsort(took, n, sizeof *took, compare);
	printf("{\"runs\":%u,\"min_ms\":%.2f,\"median_ms\":%.2f,\"max_ms\":%.2f}\n", n, took[0],
	    n % 2 ? took[n / 2] : (took[n / 2 - 1] + took[n / 2]) / 2, took[n - 1]);
	return 0;
}
