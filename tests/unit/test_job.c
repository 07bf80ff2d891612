/*
 * Runs of agent programs through the real loop, keeper and git: how they end, what they leave, what
 * they cannot do.
 *
 * Each case is a story that runs in a task.  cmocka's own assertions jump, which must not happen on
 * a task's stack, so a story notes the first line that does not hold.  Where a row needs isolation
 * that the machine does not give, it is skipped, and said so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/job.h"

#define CHECK(x)  ((x) || first_failed != 0 ? (void)0 : (void)(first_failed = __LINE__))
#define TEXT_MAX  (64 * KIB)
#define LOOK_MS	  10
#define LOOKS_MAX 3000u
#ifdef BASCULE_SANITIZE /* which keeps 256 MiB of what was freed */
#define RESIDENT_MORE_KIB (320 * 1024u)
#else
#define RESIDENT_MORE_KIB (24 * 1024u)
#endif

static int first_failed;
static char dir[64], runs[96], repo[96], home[96];
static char text[TEXT_MAX]; /* of a file, or an answer */

struct world {
	struct loop *loop;
	struct group group;
	void (*fn)(struct world *world);
};

/* ---- files ----------------------------------------------------------------------------------- */

static const char *
path_of(const char *fmt, ...)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof paths[0], fmt, args);
	va_end(args);
	return path;
}

static bool
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static size_t
entries(const char *path)
{
	DIR *open_dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	while (open_dir != NULL && (entry = readdir(open_dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (open_dir != NULL)
		closedir(open_dir);
	return n;
}

static const char *
file_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool
has(struct slice s, const char *part)
{
	return slice_has(s, slice_of(part));
}

/* A shell script, with $DIR and $REPO. */
static int
shell(const char *script)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("DIR", dir, 1);
		setenv("REPO", repo, 1);
		execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

#define REPO_MAKE \
	"export HOME=$DIR; mkdir -p $REPO/sub; cd $REPO; git init -q; git config user.email a@b; " \
	"git config user.name n; printf 'one\\ntwo\\n' >changed; echo old >deleted; echo s >sub/file; " \
	"git add -A; git commit -qm first"

/* Is a process of that run there yet?  Other copies of this test have runs of the same ids. */
static bool
is_left(const char *id)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char mark[PATH_MAX], *environ_text = mem_new(TEXT_MAX);
	bool found = false;
	int mark_n;

	mark_n = snprintf(mark, sizeof mark, "TMPDIR=%s/%s/", runs, id);
	while (!found && (entry = readdir(proc)) != NULL) {
		int fd = open(path_of("/proc/%s/environ", entry->d_name), O_RDONLY | O_CLOEXEC);
		ssize_t n = fd >= 0 ? read(fd, environ_text, TEXT_MAX) : -1;

		found = n > 0 && memmem(environ_text, (size_t)n, mark, (size_t)mark_n) != NULL;
		if (fd >= 0)
			close(fd);
	}
	closedir(proc);
	mem_free(environ_text);
	return found;
}

static size_t
resident_kib(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	size_t kib = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (file != NULL)
		fclose(file);
	return kib;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* One run of a story, with room for all that its runner points to. */
struct run {
	struct job *job;
	struct job_spec spec;
	struct config_runner runner;
	struct slice command[4], allow[4], read[4], hide[2];
	struct config_pair env[2];
	struct job_outcome out;
	char id[32], isolation[512];
	struct task *waker; /* woken by what happens */
	unsigned started, told;
	uint64_t asked;
	char progress[512];
	bool is_over;
	struct world *world;
};

static void
on_started(void *owner)
{
	struct run *run = owner;

	run->started++;
	snprintf(run->isolation, sizeof run->isolation, "%s", job_isolation(run->job));
	CHECK(job_pid(run->job) > 0);
	task_wake(run->waker);
}

static void
on_progress(void *owner, struct slice said)
{
	struct run *run = owner;

	run->told++;
	snprintf(run->progress, sizeof run->progress, "%.*s", SLICE_FMT(said));
	task_wake(run->waker);
}

static void
on_permission(void *owner, uint64_t number, struct slice title, struct slice detail,
    const struct dialogue_choice *choices, size_t choices_n)
{
	struct run *run = owner;

	run->asked = number;
	task_wake(run->waker);
}

static const struct job_events events = {
	.progress = on_progress, .started = on_started, .permission = on_permission
};

/* A shell that runs the script, kept apart, in a tmp folder, without limits of time. */
static void
run_init(struct world *world, struct run *run, const char *id, const char *script)
{
	*run = (struct run){ .world = world, .waker = task_self(world->loop) };
	snprintf(run->id, sizeof run->id, "%s", id);
	run->command[0] = S("/bin/sh");
	run->command[1] = S("-c");
	run->command[2] = slice_of(script);
	run->read[0] = S(ISOLATION_SYSTEM);
	run->runner = (struct config_runner){ .name = S("test"),
		.command = run->command,
		.command_n = 3,
		.parse = PARSE_LINES,
		.grace_ms = 200,
		.env_allow = run->allow,
		.env = run->env,
		.isolate = { .is_on = true,
		    .read = run->read,
		    .read_n = 1,
		    .hide = run->hide,
		    .network = NETWORK_NONE } };
	run->spec = (struct job_spec){ .loop = world->loop,
		.runner = &run->runner,
		.id = slice_of(run->id),
		.instance = S("1-00000000"),
		.task = S("the task"),
		.runs_dir = runs,
		.keep_bytes = 8 * MIB,
		.tail_bytes = 64 * KIB,
		.memory = loop_memory(world->loop),
		.events = &events,
		.owner = run };
}

static void
play(struct run *run)
{
	if (run->job == NULL)
		run->job = job_new(&run->spec);
	job_run_wait(run->job, &run->out);
	run->is_over = true;
	CHECK(job_pid(run->job) == 0);
	CHECK(!is_there(path_of("%s/%s/work", runs, run->id)));
	CHECK(!is_there(path_of("%s/%s/tmp", runs, run->id)));
	CHECK(!is_there(path_of("%s/%s/git", runs, run->id)));
	CHECK(!is_left(run->id));
	task_wake(run->waker);
}

static void
play_task(void *arg)
{
	play(arg);
}

static void
run_end(struct run *run)
{
	if (first_failed != 0)
		fprintf(stderr, "%s: %s; text: %.*s; tail: %.*s; diff: %.*s\n", run->id,
		    run->out.why.text, SLICE_FMT(run->out.text), (int)(run->out.tail.n % 2000),
		    run->out.tail.p, SLICE_FMT(run->out.diff));
	job_free(&run->job);
}

/* In a task of its own, until it has said something. */
static void
begin_and_hear(struct world *world, struct group *group, struct run *run)
{
	struct err err;

	run->job = job_new(&run->spec);
	CHECK(group_spawn(world->loop, group, "run", play_task, run, &err));
	while (run->told == 0 && !run->is_over)
		if (!task_park_wait(world->loop, &err))
			break;
}

static void
wait_over(struct world *world, struct group *group)
{
	struct err err;

	CHECK(group_wait(world->loop, group, &err));
}

static bool
in_force(const struct run *run, const char *word)
{
	if (strstr(run->isolation, word) != NULL)
		return true;
	fprintf(stderr, "skipped: %s cannot be had here (%s)\n", word, run->isolation);
	return false;
}

/* ---- how they end ---------------------------------------------------------------------------- */

static void
story_success(struct world *world)
{
	struct run run;

	run_init(world, &run, "r-ok",
	    "cat; echo; echo wrong >&2; pwd; echo \"$TMPDIR\"; echo t >\"$TMPDIR/t\"; echo f >f; "
	    "echo \"$1 $2\"");
	run.command[3] = S("{word|none} {run_id} {json|{}");
	run.runner.command = (struct slice[]){ S("/bin/sh"), S("-c"), run.command[2], S("zero"),
		S("{word|none}"), S("{\"a\":{run_id}}") };
	run.runner.command_n = 6;
	run.runner.input = S("do {task}");
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && run.out.exit_code == 0 && run.out.why.text[0] == 0);
	CHECK(has(run.out.text, "do the task\n"));
	CHECK(has(run.out.text, path_of("%s/r-ok/work\n", runs)));
	CHECK(has(run.out.text, path_of("%s/r-ok/tmp\n", runs)));
	CHECK(has(run.out.text, "none {\"a\":r-ok}\n"));
	CHECK(!has(run.out.text, "wrong") && has(run.out.tail, "wrong\n"));
	CHECK(run.started == 1 && run.isolation[0] != '\0' && run.told > 0);
	CHECK(strcmp(job_output_path(run.job), path_of("%s/r-ok/output", runs)) == 0);
	CHECK(slice_eq(slice_of(file_text(job_output_path(run.job))), run.out.tail));
	CHECK(job_output_bytes(run.job) == run.out.output_bytes && !run.out.is_truncated);
	run_end(&run);
}

static void
story_failures(struct world *world)
{
	struct run run;

	run_init(world, &run, "r-exit", "echo said; echo 'key expired' >&2; exit 3");
	play(&run);
	CHECK(run.out.state == RUN_FAILED && run.out.exit_code == 3);
	CHECK(strstr(run.out.why.text, "3") && strstr(run.out.why.text, "key expired"));
	run_end(&run);

	run_init(world, &run, "r-signal", "kill -9 $$");
	play(&run);
	CHECK(run.out.state == RUN_FAILED && run.out.exit_code == 128 + 9);
	run_end(&run);

	run_init(world, &run, "r-none", "");
	run.command[0] = S("no-such-agent");
	play(&run);
	CHECK(run.out.state == RUN_FAILED && run.out.exit_code == -1);
	CHECK(strstr(run.out.why.text, "no-such-agent") != NULL);
	run_end(&run);

	run_init(world, &run, "r-none-off", "");
	run.command[0] = S("no-such-agent");
	run.runner.isolate.is_on = false;
	play(&run);
	CHECK(strstr(run.out.why.text, "no such program in PATH") != NULL);
	run_end(&run);
}

static void
story_words(struct world *world)
{
	const struct job_value values[] = { { S("model"), S("--evil") } };
	struct run run;

	run_init(world, &run, "r-word", "{nothing}");
	play(&run);
	CHECK(run.out.state == RUN_FAILED && run.out.why.kind == ERR_PARAMS);
	CHECK(strstr(run.out.why.text, "{nothing}") != NULL);
	CHECK(!is_there(path_of("%s/r-word", runs)));
	run_end(&run);

	run_init(world, &run, "r-stdin", "cat");
	run.runner.input = S("{nothing}");
	play(&run);
	CHECK(run.out.why.kind == ERR_PARAMS && strstr(run.out.why.text, "stdin") != NULL);
	run_end(&run);

	run_init(world, &run, "r-option", "echo \"$0\"");
	run.command[3] = S("{model}");
	run.runner.command_n = 4;
	run.spec.values = values;
	run.spec.values_n = 1;
	play(&run);
	CHECK(run.out.why.kind == ERR_PARAMS && strstr(run.out.why.text, "\"--\"") != NULL);
	run_end(&run);

	run_init(world, &run, "r-brace", "printf %s \"$0\"");
	run.command[3] = S("a{{b}} {run_id|x}{{");
	run.runner.command_n = 4;
	play(&run);
	CHECK(slice_eq(run.out.text, S("a{b}} r-brace{\n")));
	run_end(&run);

	run_init(world, &run, "r-cwd", "true");
	run.runner.folder = FOLDER_SHARED;
	play(&run);
	CHECK(run.out.why.kind == ERR_PARAMS && strstr(run.out.why.text, "cwd") != NULL);
	run_end(&run);
	run_init(world, &run, "r-cwd-gone", "true");
	run.runner.folder = FOLDER_SHARED;
	run.spec.cwd = S("/nonexistent/folder");
	play(&run);
	CHECK(run.out.why.kind == ERR_PARAMS && strstr(run.out.why.text, "No such file") != NULL);
	run_end(&run);
}

/* Nobody of the tree stays: not one in a session of its own that ignores TERM. */
static void
cancel_story(struct world *world, const char *id, bool is_apart)
{
	struct group group = { 0 };
	struct run run;

	run_init(world, &run, id,
	    "trap '' TERM HUP INT; setsid sh -c 'trap \"\" TERM HUP INT; (echo up; while :; do sleep "
	    "1; done) & while :; do sleep 1; done' & wait; while :; do sleep 1; done");
	run.runner.isolate.is_on = is_apart;
	begin_and_hear(world, &group, &run);
	CHECK(strstr(run.progress, "up") != NULL && is_left(id));
	job_cancel(run.job);
	wait_over(world, &group);
	CHECK(run.out.state == RUN_CANCELLED && run.out.why.kind == ERR_CANCELLED);
	CHECK(run.out.exit_code == 128 + 9);
	run_end(&run);
}

static void
story_cancel(struct world *world)
{
	struct run run;
	struct group group = { 0 };

	cancel_story(world, "r-cancel", true);
	cancel_story(world, "r-cancel-off", false);

	run_init(world, &run, "r-before", "true"); /* before it is run at all */
	run.job = job_new(&run.spec);
	job_cancel(run.job);
	play(&run);
	CHECK(run.out.state == RUN_CANCELLED && run.started == 0);
	CHECK(!is_there(path_of("%s/r-before", runs)));
	run_end(&run);

	run_init(world, &run, "r-cut", "echo up; sleep 1000"); /* the task that waits is cut */
	begin_and_hear(world, &group, &run);
	group_cancel(&group, ERR_CANCELLED);
	group_drain(world->loop, &group);
	CHECK(run.out.state == RUN_CANCELLED && run.is_over);
	run_end(&run);
}

static void
story_times(struct world *world)
{
	struct run run;

	run_init(world, &run, "r-timeout", "while :; do echo tick; sleep 0.05; done");
	run.runner.timeout_ms = 400;
	run.runner.idle_ms = 60000;
	play(&run);
	CHECK(run.out.state == RUN_TIMEOUT && strstr(run.out.why.text, "timeout") != NULL);
	CHECK(has(run.out.text, "tick"));
	run_end(&run);

	run_init(world, &run, "r-idle", "echo once; sleep 1000");
	run.runner.timeout_ms = 600000;
	run.runner.idle_ms = 300;
	play(&run);
	CHECK(run.out.state == RUN_TIMEOUT && strstr(run.out.why.text, "idle") != NULL);
	run_end(&run);
}

static void
story_stdin(struct world *world)
{
	struct run run;
	char *task = mem_new(5 * MIB);

	memset(task, 'x', 5 * MIB);
	run_init(world, &run, "r-deaf", "echo done");
	run.runner.input = S("{task}");
	run.spec.task = (struct slice){ task, 5 * MIB };
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED);
	run_end(&run);

	run_init(world, &run, "r-deaf-idle", "sleep 1000");
	run.runner.input = S("{task}");
	run.runner.idle_ms = 300;
	run.spec.task = (struct slice){ task, 5 * MIB };
	play(&run);
	CHECK(run.out.state == RUN_TIMEOUT);
	run_end(&run);

	run_init(world, &run, "r-reads", "wc -c");
	run.runner.input = S("{task}");
	run.spec.task = (struct slice){ task, 5 * MIB };
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && has(run.out.text, "5242880"));
	run_end(&run);
	mem_free(task);
}

#ifdef DIALOGUE_DOUBLE /* what it does for acp is not the protocol */
static void
story_interactive(struct world *world)
{
	struct group group = { 0 };
	struct err err;
	struct run run;

	run_init(world, &run, "r-asked", "echo up; read line; echo \"got $line\"");
	run.runner.parse = PARSE_ACP;
	run.runner.grace_ms = 600000;
	begin_and_hear(world, &group, &run);
	job_cancel(run.job);
	wait_over(world, &group);
	CHECK(run.out.state == RUN_CANCELLED && has(run.out.text, "got cancel"));
	CHECK(run.out.exit_code == 0);
	run_end(&run);

	run_init(world, &run, "r-asked-deaf", "trap '' TERM; echo up; while :; do sleep 1; done");
	run.runner.parse = PARSE_ACP;
	begin_and_hear(world, &group, &run);
	job_cancel(run.job);
	wait_over(world, &group);
	CHECK(run.out.state == RUN_CANCELLED && run.out.exit_code == 128 + 9);
	run_end(&run);

	run_init(world, &run, "r-over", "echo over; sleep 1000");
	run.runner.parse = PARSE_ACP;
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED);
	run_end(&run);

	/* The time in which a person is asked does not count. */
	run_init(world, &run, "r-may", "echo 'may?'; read line; echo \"$line\"");
	run.runner.parse = PARSE_ACP;
	run.runner.timeout_ms = 5000;
	run.runner.idle_ms = 1000;
	run.job = job_new(&run.spec);
	CHECK(group_spawn(world->loop, &group, "run", play_task, &run, &err));
	while (run.asked == 0 && !run.is_over)
		CHECK(task_park_wait(world->loop, &err));
	CHECK(task_sleep_wait(world->loop, 1500, &err) && !run.is_over);
	job_answer(run.job, run.asked, 0);
	wait_over(world, &group);
	CHECK(run.out.state == RUN_COMPLETED && has(run.out.text, "yes"));
	run_end(&run);
}
#endif

/* ---- output ---------------------------------------------------------------------------------- */

static void
story_flood(struct world *world)
{
	size_t before_kib = resident_kib();
	struct stat st;
	struct run run;

	run_init(world, &run, "r-flood",
	    "echo begin; head -c 209715200 /dev/zero | tr '\\0' x; echo; echo end");
	run.spec.keep_bytes = MIB;
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && run.out.is_truncated);
	CHECK(run.out.output_bytes == 209715200 + 6 + 1 + 4);
	CHECK(stat(job_output_path(run.job), &st) == 0);
	CHECK(st.st_size > (off_t)MIB && st.st_size < (off_t)(MIB + 100));
	CHECK((uint64_t)st.st_size == job_output_bytes(run.job));
	CHECK(strncmp(file_text(job_output_path(run.job)), "begin\nxxxx", 10) == 0);
	CHECK(run.out.tail.n == 64 * KIB && slice_ends(run.out.tail, S("xxxx\nend\n")));
	CHECK(loop_memory(world->loop)->peak_bytes < 16 * MIB);
	if (resident_kib() > before_kib + RESIDENT_MORE_KIB)
		fprintf(stderr, "%zu KiB before, %zu after\n", before_kib, resident_kib());
	CHECK(resident_kib() < before_kib + RESIDENT_MORE_KIB);
	run_end(&run);
}

/* Between head and tail nothing is left out when all of it fits. */
static void
story_seams(struct world *world)
{
	static const unsigned sizes[] = { 0, 1, 3000, 3072, 3073, 4095, 4096 };
	struct run run;

	for (unsigned i = 0; i < COUNT(sizes); i++) {
		run_init(world, &run, path_of("r-seam%u", i),
		    path_of("i=0; while [ $i -lt %u ]; do printf x; i=$((i+1)); done", sizes[i]));
		run.spec.keep_bytes = 4096;
		run.spec.tail_bytes = 1024;
		play(&run);
		CHECK(run.out.output_bytes == sizes[i] && !run.out.is_truncated);
		CHECK(strlen(file_text(job_output_path(run.job))) == sizes[i]);
		CHECK(strspn(text, "x") == sizes[i]);
		run_end(&run);
	}
	run_init(world, &run, "r-seam-over",
	    "i=0; while [ $i -lt 4097 ]; do printf x; i=$((i+1)); done");
	run.spec.keep_bytes = 4096;
	run.spec.tail_bytes = 1024;
	play(&run);
	CHECK(run.out.is_truncated);
	CHECK(strstr(file_text(job_output_path(run.job)), "[... 1 bytes are left out ...]"));
	run_end(&run);
}

static void
story_full_disk(struct world *world)
{
	struct rlimit old, small;
	struct run run;

	/* As a disk that is full: files end at 64 KiB. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 64 * KIB;
	run_init(world, &run, "r-full", "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end");
	setrlimit(RLIMIT_FSIZE, &small);
	play(&run);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK(run.out.state == RUN_COMPLETED && run.out.is_truncated);
	CHECK(run.out.output_bytes == 1000005 && slice_ends(run.out.tail, S("\nend\n")));
	run_end(&run);
}

/* ---- folders --------------------------------------------------------------------------------- */

static void
story_worktree(struct world *world)
{
	struct run run;

	CHECK(shell(REPO_MAKE) == 0);
	run_init(world, &run, "r-tree",
	    "git log --format=%s; echo three >>changed; rm deleted; mkdir new; echo n >new/file; "
	    "git init -q nested; git status --short; git commit -qam x && echo COMMITTED; "
	    "printf 'gitdir: /nowhere\\n' >.git");
	run.runner.folder = FOLDER_WORKTREE;
	run.spec.cwd = slice_of(repo);
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED);
	CHECK(has(run.out.text, "first\n") && has(run.out.text, " D deleted"));
	CHECK(has(run.out.diff, "+three") && has(run.out.diff, "deleted file mode") &&
	    has(run.out.diff, "+++ b/new/file") && has(run.out.diff, "+n"));
	if (in_force(&run, "mountns"))
		CHECK(!has(run.out.text, "COMMITTED"));
	CHECK(strcmp(job_repo(run.job), repo) == 0);
	CHECK(shell("test -z \"$(ls $REPO/.git/worktrees)\"") == 0);
	CHECK(shell("cd $REPO; test -z \"$(git status --short)\"; git fsck 2>/dev/null") == 0);
	run_end(&run);

	run_init(
	    world, &run, "r-sub", "pwd; ls; echo x >>file"); /* below the top of the checkout */
	run.runner.folder = FOLDER_WORKTREE;
	run.spec.cwd = slice_of(path_of("%s/sub", repo));
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && has(run.out.text, "/r-sub/work/sub\nfile\n"));
	CHECK(has(run.out.diff, "sub/file"));
	run_end(&run);
}

static void
story_worktree_faults(struct world *world)
{
	struct group group = { 0 };
	struct err err;
	struct run run;

	run_init(world, &run, "r-norepo", "true");
	run.runner.folder = FOLDER_WORKTREE;
	run.spec.cwd = S("/usr");
	play(&run);
	CHECK(run.out.why.kind == ERR_PARAMS && strstr(run.out.why.text, "no git repository"));
	run_end(&run);

	CHECK(shell("git init -q $DIR/empty") == 0);
	run_init(world, &run, "r-unborn", "true");
	run.runner.folder = FOLDER_WORKTREE;
	run.spec.cwd = slice_of(path_of("%s/empty", dir));
	play(&run);
	CHECK(run.out.state == RUN_FAILED && strstr(run.out.why.text, "commit something"));
	run_end(&run);

	/* What somebody made below the roots leads to a repository elsewhere, or is a link by now.
	 */
	CHECK(shell(REPO_MAKE
		  "; mkdir $DIR/planted; echo gitdir: $REPO/.git >$DIR/planted/.git; ln -s $REPO "
		  "$DIR/link") == 0);
	run_init(world, &run, "r-planted", "true");
	run.runner.folder = FOLDER_WORKTREE;
	run.spec.cwd = slice_of(path_of("%s/planted", dir));
	play(&run);
	CHECK(run.out.state == RUN_FAILED && strstr(run.out.why.text, "lies elsewhere"));
	run_end(&run);
	run_init(world, &run, "r-link", "true");
	run.runner.folder = FOLDER_SHARED;
	run.spec.cwd = slice_of(path_of("%s/link", dir));
	play(&run);
	CHECK(run.out.state == RUN_FAILED && strstr(run.out.why.text, "leads somewhere else"));
	run_end(&run);

	/* Cancelled while git checks out, which a filter holds up. */
	CHECK(shell("export HOME=$DIR; cd $REPO; echo '* filter=slow' >.gitattributes; git add -A; "
		    "git commit -qm 2; git config filter.slow.smudge 'sleep 1000; cat'") == 0);
	run_init(world, &run, "r-making", "true");
	run.runner.folder = FOLDER_WORKTREE;
	run.spec.cwd = slice_of(repo);
	run.job = job_new(&run.spec);
	CHECK(group_spawn(world->loop, &group, "run", play_task, &run, &err));
	for (unsigned i = 0; i < LOOKS_MAX && !is_there(path_of("%s/r-making/work/.git", runs));
	     i++)
		CHECK(task_sleep_wait(world->loop, LOOK_MS, &err));
	job_cancel(run.job);
	wait_over(world, &group);
	CHECK(run.out.state == RUN_CANCELLED && run.started == 0);
	CHECK(shell("test -z \"$(ls $REPO/.git/worktrees)\"") == 0);
	run_end(&run);
}

static void
story_two(struct world *world)
{
	struct group group = { 0 };
	struct run a, b;

	CHECK(shell(REPO_MAKE) == 0);
	run_init(world, &a, "r-a", "echo a >>changed; echo up; cat changed");
	run_init(world, &b, "r-b", "echo b >>changed; echo up; cat changed");
	a.runner.folder = b.runner.folder = FOLDER_WORKTREE;
	a.spec.cwd = b.spec.cwd = slice_of(repo);
	begin_and_hear(world, &group, &a);
	begin_and_hear(world, &group, &b);
	wait_over(world, &group);
	CHECK(a.out.state == RUN_COMPLETED && b.out.state == RUN_COMPLETED);
	CHECK(has(a.out.diff, "+a") && !has(a.out.diff, "+b"));
	CHECK(has(b.out.diff, "+b") && !has(b.out.diff, "+a"));
	CHECK(shell("test -z \"$(ls $REPO/.git/worktrees)\"") == 0);
	run_end(&a);
	run_end(&b);
}

static void
story_hostile_folder(struct world *world)
{
	struct run run;

	CHECK(shell("mkdir -p $DIR/outside; echo keep >$DIR/outside/file") == 0);
	run_init(world, &run, "r-hostile",
	    "ln -s \"$1\" link; ln -s \"$1/file\" flink; mkdir -p locked/in; echo x >locked/in/f; "
	    "chmod 000 locked/in locked; mkdir ro; echo y >ro/f; chmod 500 ro; mkfifo pipe; "
	    "i=0; while [ $i -lt 300 ]; do mkdir deeeeeeeeeeeeeeeeeeeeeep; cd deeeeeeeeeeeeeeeeeeeeeep; "
	    "i=$((i+1)); done; echo bottom >f; chmod 000 .");
	run.runner.command = (struct slice[]){ S("/bin/sh"), S("-c"), run.command[2], S("zero"),
		slice_of(path_of("%s/outside", dir)) };
	run.runner.command_n = 5;
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED);
	CHECK(entries(path_of("%s/r-hostile", runs)) == 1); /* the output */
	CHECK(strcmp(file_text(path_of("%s/outside/file", dir)), "keep\n") == 0);
	run_end(&run);
}

static void
story_shared(struct world *world)
{
	struct run run;

	CHECK(shell("mkdir -p $DIR/shared; echo s >$DIR/shared/file") == 0);
	run_init(
	    world, &run, "r-shared", "cat file; echo w >written; echo t >$TMPDIR/t && echo tmp");
	run.runner.folder = FOLDER_SHARED;
	run.runner.dir = slice_of(path_of("%s/shared", dir));
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && has(run.out.text, "s\ntmp\n"));
	CHECK(is_there(path_of("%s/shared/written", dir)));
	run_end(&run);

	run_init(world, &run, "r-shared-ro",
	    "cat file; echo t >$TMPDIR/t && echo tmp; echo w >>file && echo WROTE; true");
	run.runner.folder = FOLDER_SHARED_RO;
	run.runner.isolate.write = (struct slice[]){ S("{cwd}") };
	run.runner.isolate.write_n = 1;
	run.runner.dir = slice_of(path_of("%s/shared", dir));
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && has(run.out.text, "s\ntmp\n"));
	if (in_force(&run, "mountns"))
		CHECK(!has(run.out.text, "WROTE"));
	CHECK(strcmp(file_text(path_of("%s/shared/file", dir)), "s\n") == 0);
	run_end(&run);
}

/* ---- what it sees ---------------------------------------------------------------------------- */

static void
story_apart(struct world *world)
{
	struct run run;

	CHECK(
	    shell(
		"mkdir -p $DIR/home/.ssh; echo PRIVATE >$DIR/home/.ssh/id; echo n >$DIR/home/n") ==
	    0);
	run_init(world, &run, "r-apart",
	    path_of("cat n; cat .ssh/id; cat %s/repo/changed; "
		    "ls /proc | grep -c '^[0-9]'; kill -0 %d && echo SIGNALLED; exit 0",
		dir, (int)getpid()));
	snprintf(home, sizeof home, "%s/home", dir);
	run.runner.folder = FOLDER_SHARED;
	run.runner.dir = slice_of(home);
	run.hide[0] = slice_of(path_of("%s/.ssh", home));
	run.runner.isolate.hide_n = 1;
	play(&run);
	CHECK(run.out.state == RUN_COMPLETED && has(run.out.text, "n\n"));
	if (in_force(&run, "mountns"))
		CHECK(!has(run.out.text, "PRIVATE") && !has(run.out.text, "one"));
	if (in_force(&run, "pidns"))
		CHECK(!has(run.out.text, "SIGNALLED"));
	if (in_force(&run, "proc"))
		CHECK(has(run.out.text, "\n3\n") || has(run.out.text, "\n4\n") ||
		    has(run.out.text, "\n5\n"));
	run_end(&run);

	/* A shared folder that contains what the instance keeps. */
	CHECK(shell("mkdir -p $DIR/state/0; echo SOCKET >$DIR/state/0/control") == 0);
	run_init(
	    world, &run, "r-instance", "cat state/0/control; ls state/0/runs; echo t >$TMPDIR/t");
	run.runner.folder = FOLDER_SHARED;
	run.runner.dir = slice_of(dir);
	play(&run);
	if (in_force(&run, "mountns"))
		CHECK(!has(run.out.text, "SOCKET") && !has(run.out.text, "r-apart") &&
		    run.out.state == RUN_COMPLETED);
	run_end(&run);
}

static void
story_environment(struct world *world)
{
	struct run run;

	setenv("JOB_TEST_SECRET", "hidden", 1);
	setenv("JOB_TEST_SHOWN", "shown", 1);
	setenv("BASCULE_DEPTH", "7", 1);
	run_init(world, &run, "r-env", "env");
	run.allow[0] = S("JOB_TEST_SHOWN");
	run.allow[1] = S("JOB_TEST_ABSENT");
	run.allow[2] = S("BASCULE_DEPTH");
	run.runner.env_allow_n = 3;
	run.env[0] = (struct config_pair){ S("SET"), { S("by configuration") } };
	run.runner.env_n = 1;
	run.spec.depth = 1;
	play(&run);
	CHECK(!has(run.out.text, "hidden") && has(run.out.text, "JOB_TEST_SHOWN=shown\n"));
	CHECK(!has(run.out.text, "JOB_TEST_ABSENT") && !has(run.out.text, "HOME="));
	CHECK(has(run.out.text, "SET=by configuration\n"));
	CHECK(has(run.out.text, "BASCULE_DEPTH=2\n") && !has(run.out.text, "BASCULE_DEPTH=7"));
	CHECK(has(run.out.text, "BASCULE_RUN_ID=r-env\n"));
	run_end(&run);
}

/* ---- what others left ------------------------------------------------------------------------ */

struct reaping {
	bool ok;
	struct err err;
};

static void
reap_work(void *arg)
{
	struct reaping *reaping = arg;

	reaping->ok = job_reap(slice_of(path_of("%s/r-dead", runs)), slice_of(repo), &reaping->err);
}

static void
erase_work(void *arg)
{
	struct reaping *reaping = arg;

	reaping->ok = job_erase(slice_of(path_of("%s/r-dead", runs)), &reaping->err);
}

static void
story_reap(struct world *world)
{
	struct reaping reaping = { 0 };
	struct arena arena;
	struct slice top;
	struct err err;

	CHECK(shell(REPO_MAKE "; mkdir -p $DIR/state/0/runs/r-dead; cd $DIR/state/0/runs/r-dead; "
			      "git -C $REPO worktree add -q --detach $PWD/work; "
			      "git -C $REPO worktree add -q --detach $DIR/theirs; "
			      "echo said >output; mkdir tmp; echo x >tmp/x") == 0);
	CHECK(entries(path_of("%s/.git/worktrees", repo)) == 2);
	helper_run_wait(world->loop, "test", reap_work, &reaping);
	CHECK(reaping.ok);
	CHECK(entries(path_of("%s/r-dead", runs)) == 1);
	CHECK(is_there(path_of("%s/r-dead/output", runs)));
	CHECK(entries(path_of("%s/.git/worktrees", repo)) == 1);   /* a person's stays */
	helper_run_wait(world->loop, "test", reap_work, &reaping); /* once more: nothing */
	CHECK(reaping.ok);
	helper_run_wait(world->loop, "test", erase_work, &reaping);
	CHECK(reaping.ok && !is_there(path_of("%s/r-dead", runs)));

	arena_init(&arena, NULL, 64 * KIB);
	CHECK(job_repo_of_wait(world->loop, &arena, slice_of(path_of("%s/sub", repo)), &top, &err));
	CHECK(slice_eq(top, slice_of(repo)));
	CHECK(!job_repo_of_wait(world->loop, &arena, S("/usr"), &top, &err));
	CHECK(strstr(err.text, "no git repository") != NULL);
	arena_fini(&arena);
}

/* ---- playing stories ------------------------------------------------------------------------- */

static void
story_task(void *arg)
{
	struct world *world = arg;

	world->fn(world);
	loop_stop(world->loop);
}

static void
story_play(void (*fn)(struct world *world))
{
	struct world world = { .fn = fn };
	struct err err = { 0 };
	struct keeper *keeper = keeper_fork(&err);
	struct log *log = log_new(2, LOG_ERROR, LOG_TEXT, "test");

	assert_non_null(keeper);
	first_failed = 0;
	snprintf(dir, sizeof dir, "/tmp/bascule-job-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(runs, sizeof runs, "%s/state/0/runs", dir);
	snprintf(repo, sizeof repo, "%s/repo", dir);
	world.loop = loop_new(&keeper, log, &err);
	assert_non_null(world.loop);
	assert_true(group_spawn(world.loop, &world.group, "story", story_task, &world, &err));
	loop_run(world.loop);
	assert_int_equal(loop_memory(world.loop)->used_bytes, 0);
	loop_free(&world.loop);
	log_free(&log);
	shell("chmod -R u+rwx $DIR; rm -rf $DIR");
	if (first_failed != 0)
		fail_msg("line %d does not hold", first_failed);
}

#define STORY(name) \
	static void test_##name(void **state) \
	{ \
		story_play(story_##name); \
	}
STORY(success)
STORY(failures)
STORY(words)
STORY(cancel)
STORY(times)
STORY(stdin)
#ifdef DIALOGUE_DOUBLE
STORY(interactive)
#endif
STORY(flood)
STORY(seams)
STORY(full_disk)
STORY(worktree)
STORY(worktree_faults)
STORY(two)
STORY(hostile_folder)
STORY(shared)
STORY(apart)
STORY(environment)
STORY(reap)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_stdin),
#ifdef DIALOGUE_DOUBLE
		cmocka_unit_test(test_interactive),
#endif
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_seams),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_worktree),
		cmocka_unit_test(test_worktree_faults),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_hostile_folder),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_reap),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
