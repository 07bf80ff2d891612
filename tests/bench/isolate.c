/*
 * What keeping a child apart costs: /bin/true from the request to the keeper until its exit is
 * told, with a sandbox and without one.  The first isolated start is told alone, because the keeper
 * then finds out what the machine allows.  Prints medians in milliseconds, as one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "run/run.h"

#define RUNS 100u

struct bench {
	struct loop *loop;
	struct group group;
	struct task *task;
	bool has_exited;
	int status;
	double first, plain[RUNS], isolated[RUNS];
	struct isolation_report report;
};

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

NORETURN static void
die(const char *what)
{
	fprintf(stderr, "isolate: %s\n", what);
	exit(1);
}

static void
exited(void *owner, int status)
{
	struct bench *bench = owner;

	bench->has_exited = true;
	bench->status = status;
	task_wake(bench->task);
}

static double
run_once(struct bench *bench, const struct child_isolation *isolation)
{
	static const char *const argv[] = { "/bin/true", NULL };
	static const char *const env[] = { "PATH=/usr/bin:/bin", NULL };
	struct child_spec spec = { .argv = argv, .env = env, .isolation = isolation };
	double begin = now_ms();
	struct child *child;
	struct err err;

	bench->has_exited = false;
	if (!child_open_wait(bench->loop, &spec, &child, &err))
		die(err.text);
	child->on_exit = exited;
	child->owner = bench;
	bench->report = child->isolation;
	while (!bench->has_exited)
		if (!task_park_wait(bench->loop, &err))
			die(err.text);
	child_close(&child);
	if (!WIFEXITED(bench->status) || WEXITSTATUS(bench->status) != 0)
		die("/bin/true did not end as it should");
	return now_ms() - begin;
}

static void
run_all(void *arg)
{
	static const char *const system[] = { ISOLATION_SYSTEM, NULL };
	const struct child_isolation isolation = {
		.read = system, .network = ISOLATION_NONE, .memory_bytes = 64 * MIB, .processes = 32
	};
	struct bench *bench = arg;

	bench->task = task_self(bench->loop);
	for (unsigned i = 0; i < RUNS; i++)
		bench->plain[i] = run_once(bench, NULL);
	bench->first = run_once(bench, &isolation);
	for (unsigned i = 0; i < RUNS; i++)
		bench->isolated[i] = run_once(bench, &isolation);
	loop_stop(bench->loop);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(void)
{
	static struct bench bench;
	struct err err = { 0 };
	struct keeper *keeper = keeper_fork(&err);
	struct log *log = log_new(2, LOG_WARN, LOG_TEXT, "bench");
	struct buf words;

	bench.loop = keeper != NULL ? loop_new(&keeper, log, &err) : NULL;
	if (bench.loop == NULL ||
	    !group_spawn(bench.loop, &bench.group, "bench", run_all, &bench, &err))
		die(err.text);
	loop_run(bench.loop);
	loop_free(&bench.loop);
	log_free(&log);
	qsort(bench.plain, RUNS, sizeof *bench.plain, compare);
	qsort(bench.isolated, RUNS, sizeof *bench.isolated, compare);
	buf_init(&words, NULL, KIB);
	isolation_print(&bench.report, &words);
	printf(
	    "{\"runs\":%u,\"first_ms\":%.2f,\"plain_ms\":%.2f,\"isolated_ms\":%.2f,\"isolated_p90_ms\":%.2f,"
	    "\"effective\":\"%.*s\"}\n",
	    RUNS, bench.first, bench.plain[RUNS / 2], bench.isolated[RUNS / 2],
	    bench.isolated[RUNS / 10 * 9], SLICE_FMT(buf_view(&words)));
	buf_fini(&words);
	return 0;
}
