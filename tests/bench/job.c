/*
 * What one run costs beside what its program does: /bin/true in a tmp folder of its own, kept
 * apart, from job_new() to its outcome; and the same in a worktree of a small repository, if its
 * path is given.  CPU is that of gateway, keeper and everything that was started, a run.  Prints
 * one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agents/job.h"

#define RUNS 100u

struct bench {
	struct loop *loop;
	struct group group;
	struct config_runner runner;
	const char *runs_dir, *repo;
	double ms[RUNS];
	unsigned n;
	char isolation[256];
};

static void
ignored(void *owner, struct slice text)
{
}

static void
started(void *owner)
{
}

static const struct job_events events = { .progress = ignored, .started = started };

NORETURN static void
die(const char *what)
{
	fprintf(stderr, "job: %s\n", what);
	exit(1);
}

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double
cpu_ms(int who)
{
	struct rusage use;

	getrusage(who, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 +
	    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
}

static void
run_all(void *arg)
{
	struct bench *bench = arg;

	for (bench->n = 0; bench->n < RUNS; bench->n++) {
		char id[32];
		double begin = now_ms();
		struct job_outcome out;
		struct job *job;
		struct job_spec spec = { .loop = bench->loop,
			.runner = &bench->runner,
			.instance = S("bench"),
			.task = S("nothing"),
			.cwd = slice_of(bench->repo),
			.runs_dir = bench->runs_dir,
			.keep_bytes = 8 * MIB,
			.tail_bytes = 64 * KIB,
			.memory = loop_memory(bench->loop),
			.events = &events };

		snprintf(id, sizeof id, "r-%s%u", bench->repo != NULL ? "tree" : "tmp", bench->n);
		spec.id = slice_of(id);
		job = job_new(&spec);
		job_run_wait(job, &out);
		if (out.state != RUN_COMPLETED)
			die(out.why.text);
		snprintf(bench->isolation, sizeof bench->isolation, "%s", job_isolation(job));
		job_free(&job);
		bench->ms[bench->n] = now_ms() - begin;
	}
	loop_stop(bench->loop);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
bench_play(const char *name, const char *runs_dir, const char *repo)
{
	static struct slice command[] = { S("/bin/true") }, read[] = { S(ISOLATION_SYSTEM) };
	struct bench bench = { .runs_dir = runs_dir, .repo = repo };
	struct err err = { 0 };
	struct keeper *keeper = keeper_fork(&err);
	struct log *log = log_new(2, LOG_WARN, LOG_TEXT, "bench");
	double cpu = cpu_ms(RUSAGE_SELF) + cpu_ms(RUSAGE_CHILDREN);

	bench.runner = (struct config_runner){ .name = S("bench"),
		.command = command,
		.command_n = 1,
		.parse = PARSE_EXIT,
		.folder = repo != NULL ? FOLDER_WORKTREE : FOLDER_TMP,
		.grace_ms = 1000,
		.isolate = { .is_on = true,
		    .read = read,
		    .read_n = 1,
		    .memory_bytes = 64 * MIB,
		    .processes = 32 } };
	bench.loop = keeper != NULL ? loop_new(&keeper, log, &err) : NULL;
	if (bench.loop == NULL ||
	    !group_spawn(bench.loop, &bench.group, "bench", run_all, &bench, &err))
		die(err.text);
	loop_run(bench.loop);
	loop_free(&bench.loop); /* and the keeper, so that its time and its children's is ours */
	log_free(&log);
	cpu = cpu_ms(RUSAGE_SELF) + cpu_ms(RUSAGE_CHILDREN) - cpu;
	qsort(bench.ms, RUNS, sizeof *bench.ms, compare);
	printf(
	    "\"%s\":{\"runs\":%u,\"ms\":%.2f,\"p90_ms\":%.2f,\"cpu_ms\":%.2f,\"effective\":\"%s\"}",
	    name, RUNS, bench.ms[RUNS / 2], bench.ms[RUNS / 10 * 9], cpu / RUNS, bench.isolation);
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/bascule-bench-job-XXXXXX", runs[64];

	if (mkdtemp(dir) == NULL)
		die("no directory in /tmp");
	snprintf(runs, sizeof runs, "%s/0/runs", dir);
	printf("{");
	bench_play("tmp", runs, NULL);
	if (argc > 1) {
		printf(",");
		bench_play("worktree", runs, argv[1]);
	}
	printf("}\n");
	fprintf(stderr, "outputs are left in %s\n", dir);
	return 0;
}
