/*
 * The record of runs on a real loop with its real thread: what comes back after it was closed, or
 * killed; files that are damaged, newer or on a full disk; and how much it holds of what cannot be
 * written.
 */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/record_store.h"

/* ---- the world ------------------------------------------------------------------------------- */

struct world {
	char dir[64];
	struct loop *loop;
	struct record *record;
	void (*story)(struct world *world);
	int log[2]; /* a pipe, for files have a limit in some stories */
	char logged[64 * 1024];
	size_t logged_n;
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
world_main(void *arg)
{
	struct world *world = arg;

	world->story(world);
	loop_stop(world->loop);
}

/* Runs the story in a task of a real loop. */
static void
loop_story(struct world *world, void (*story)(struct world *world))
{
	struct log *log = log_new(world->log[1], LOG_DEBUG, LOG_TEXT, "17-0badcafe");
	struct group group = { 0 };
	struct err err = { 0 };

	world->story = story;
	world->loop = loop_new(NULL, log, &err);
	assert_non_null(world->loop);
	assert_true(group_spawn(world->loop, &group, "story", world_main, world, &err));
	loop_run(world->loop);
	loop_free(&world->loop);
	log_free(&log);
}

static void
world_make(struct world *world)
{
	*world = (struct world){ 0 };
	signal(SIGXFSZ, SIG_IGN);
	snprintf(world->dir, sizeof(world->dir), "/tmp/bascule-runs-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	assert_int_equal(pipe2(world->log, O_NONBLOCK), 0);
}

static void
world_end(struct world *world)
{
	close(world->log[0]);
	close(world->log[1]);
	assert_int_equal(nftw(world->dir, world_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
	arena_drain();
}

static void
run_story(void (*story)(struct world *world))
{
	struct world world;

	world_make(&world);
	loop_story(&world, story);
	world_end(&world);
}

/* Lets the loop turn until it is so: whoever calls hangs if that never comes. */
#define UNTIL(world, condition) \
	do { \
		struct err until_err; \
\
		assert_true(task_sleep_wait((world)->loop, 1, &until_err)); \
	} while (!(condition))

static unsigned
logged(struct world *world, const char *words)
{
	size_t room = sizeof(world->logged) - 1 - world->logged_n;
	ssize_t n = read(world->log[0], world->logged + world->logged_n, room);
	unsigned found = 0;

	world->logged_n += n > 0 ? (size_t)n : 0;
	for (const char *at = world->logged; (at = strstr(at, words)) != NULL; at++)
		found++;
	return found;
}

static void
begin(struct world *world)
{
	struct err err = { 0 };

	if (!record_open_wait(world->loop, world->dir, &world->record, &err))
		fail_msg("%s", err.text);
}

static void
sync_all(struct world *world)
{
	struct err err = { 0 };

	if (!record_sync_wait(world->record, &err))
		fail_msg("%s", err.text);
}

/* As on a full disk: no file of this process grows beyond it. */
static void
disk(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
store_path(const struct world *world, char path[RUN_STORE_PATH])
{
	snprintf(path, RUN_STORE_PATH, "%s/%s", world->dir, RUN_STORE_NAME);
}

static void
store_sql(const struct world *world, const char *sql)
{
	char path[RUN_STORE_PATH];
	struct sqlite sqlite;
	struct err err = { 0 };

	store_path(world, path);
	assert_true(sqlite_open(&sqlite, path, "store", false, &err));
	if (!sqlite_run(&sqlite, sql, &err))
		fail_msg("%s", err.text);
	sqlite_close(&sqlite);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Every field another value. */
static struct run_row
full_row(void)
{
	return (struct run_row){ .id = S("r-0123456789abcdef"),
		.instance = S("4711-0b5c2f1e"),
		.state = RUN_TIMEOUT,
		.caller = S("ci"),
		.tenant = S("acme"),
		.key = S("key\0with a NUL"),
		.runner = S("claude"),
		.workflow = S("bug_fix"),
		.task = S("Gr\xc3\xbc\xc3\x9f Gott, \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x8c\x89"),
		.why = S("it said: \"no\"; DROP TABLE runs; --"),
		.text = S("line\nline\ttab \\ ' \""),
		.diff = S("--- a\n+++ b\n"),
		.session = S("sess_1"),
		.isolation = S("userns mountns"),
		.folder = S("/state/0/runs/r-1 \xff\xfe"), /* a path may be any bytes */
		.repo = S("/src/repo"),
		.output = S("/state/0/runs/r-1.out"),
		.exit_code = 143,
		.is_truncated = true,
		.queued_ms = 1772600767089,
		.started_ms = 1772600767090,
		.ended_ms = UINT64_MAX,
		.output_bytes = 1ull << 40,
		.tokens_in = 17,
		.tokens_out = 19,
		.cost_microusd = 23000001 };
}

static void
assert_slice(struct slice a, struct slice b)
{
	assert_int_equal(a.n, b.n);
	assert_int_equal(a.p == NULL, b.p == NULL);
	if (a.n > 0)
		assert_memory_equal(a.p, b.p, a.n);
}

static void
assert_row(const struct run_row *a, const struct run_row *b)
{
#define SLICES(X) \
	X(id) \
	X(instance) \
	X(caller) \
	X(tenant) \
	X(key) \
	X(runner) \
	X(workflow) \
	X(task) X(why) X(text) X(diff) X(session) X(isolation) X(folder) X(repo) X(output)
#define NUMBERS(X) \
	X(state) \
	X(exit_code) \
	X(is_truncated) \
	X(queued_ms) \
	X(started_ms) X(ended_ms) X(output_bytes) X(tokens_in) X(tokens_out) X(cost_microusd)
#define X(name) assert_slice(a->name, b->name);
	SLICES(X)
#undef X
#define X(name) assert_int_equal(a->name, b->name);
	NUMBERS(X)
#undef X
}

/* What record_each gave, kept. */
#define SEEN_MOST 20000
struct seen {
	struct arena arena;
	struct run_row *rows;
	size_t n;
};

static void
seen_add(void *owner, const struct run_row *row)
{
	struct seen *seen = owner;
	struct run_row *to = &seen->rows[seen->n++];
	struct err err;

	assert_true(seen->n <= SEEN_MOST);
	*to = *row;
#define X(name) \
	assert_true(arena_reserve(&seen->arena, row->name.n, &err)); \
	to->name = slice_dup(&seen->arena, row->name);
	SLICES(X)
#undef X
}

static struct seen
look(struct world *world, size_t max)
{
	struct seen seen = { .rows = mem_new(SEEN_MOST * sizeof(*seen.rows)) };
	struct err err = { 0 };

	arena_init(&seen.arena, NULL, SIZE_MAX / 4);
	if (!record_each_wait(world->loop, world->dir, max, seen_add, &seen, &err))
		fail_msg("%s", err.text);
	return seen;
}

static void
forget(struct seen *seen)
{
	arena_fini(&seen->arena);
	mem_free(seen->rows);
}

static void
put_number(struct world *world, unsigned number, enum run_state state)
{
	struct run_row row = { .state = state, .queued_ms = number };
	char id[32];

	snprintf(id, sizeof(id), "r-%016x", number);
	row.id = slice_of(id);
	record_put(world->record, &row);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void
words_of_states(void **state)
{
	enum run_state found;

	(void)state;
	for (unsigned i = 0; i < RUN_STATES_N; i++) {
		assert_true(run_state_of(slice_of(run_state_word(i)), &found));
		assert_int_equal(found, i);
		assert_int_equal(run_state_is_over(i), i != RUN_QUEUED && i != RUN_RUNNING);
	}
	assert_false(run_state_of(S("Running"), &found));
	assert_false(run_state_of(SLICE_NONE, &found));
}

/* ---- what comes back ------------------------------------------------------------------------- */

static void
round_trip(struct world *world)
{
	struct run_row full = full_row(), bare = { .id = S("r-bare"), .exit_code = -1 };
	struct run_row empty = {
		.id = S("r-empty"), .key = S(""), .text = S(""), .diff = S(""), .queued_ms = 1
	};
	struct seen seen;

	begin(world);
	record_put(world->record, &full);
	record_put(world->record, &empty);
	record_put(world->record, &bare);
	sync_all(world);
	for (unsigned i = 0; i < 2; i++) {
		seen = look(world, 100);
		assert_int_equal(seen.n, 3);
		assert_row(&seen.rows[0], &bare);
		assert_row(&seen.rows[1], &empty);
		assert_row(&seen.rows[2], &full);
		forget(&seen);
		record_close_wait(&world->record);
		if (i == 0)
			begin(world);
	}
	assert_int_equal(logged(world, "ERROR"), 0);
}

static void
replaced(struct world *world)
{
	struct run_row row = full_row();
	struct seen seen;

	begin(world);
	row.queued_ms = 5;
	record_put(world->record, &row);
	put_number(world, 5, RUN_RUNNING);
	sync_all(world);
	/* The newer one stands where the older one did, whether that was written or still waits. */
	row.state = RUN_COMPLETED;
	row.why = SLICE_NONE;
	row.text = S("another");
	record_put(world->record, &row);
	sync_all(world);
	put_number(world, 5, RUN_FAILED);
	put_number(world, 5, RUN_CANCELLED);
	put_number(world, 5, RUN_LOST);
	record_close_wait(&world->record);
	seen = look(world, 100);
	assert_int_equal(seen.n, 2);
	assert_row(&seen.rows[0], &row);
	assert_int_equal(seen.rows[1].state, RUN_LOST);
	forget(&seen);
}

static void
forgotten(struct world *world)
{
	struct seen seen;

	begin(world);
	for (unsigned i = 0; i < 4; i++)
		put_number(world, i, RUN_COMPLETED);
	sync_all(world);
	record_drop(world->record, S("r-0000000000000001"));
	record_drop(world->record, S("r-nobody"));
	record_drop(world->record, S("r-0000000000000002"));
	put_number(world, 2, RUN_QUEUED); /* and is there again */
	put_number(world, 9, RUN_QUEUED); /* was never written, and never will be */
	record_drop(world->record, S("r-0000000000000009"));
	sync_all(world);
	seen = look(world, 100);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.rows[0].queued_ms, 0);
	assert_int_equal(seen.rows[1].queued_ms, 2);
	assert_int_equal(seen.rows[2].queued_ms, 3);
	forget(&seen);
	record_close_wait(&world->record);
}

static void
huge(struct world *world)
{
	const size_t n = 33 * MIB;
	char *text = mem_new(n);
	struct run_row row = { .id = S("r-huge"), .text = { text, n }, .diff = { text, MIB } };
	struct seen seen;

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 23);
	begin(world);
	record_put(world->record, &row);
	sync_all(world);
	seen = look(world, 1);
	/* What is kept of one text is bounded, and says so. */
	row.text.n = 32 * MIB;
	row.is_truncated = true;
	assert_row(&seen.rows[0], &row);
	forget(&seen);
	record_close_wait(&world->record);
	mem_free(text);
}

static void
only_the_newest(struct world *world)
{
	struct seen seen = look(world, 100);

	assert_int_equal(seen.n, 0); /* no file yet */
	forget(&seen);
	begin(world);
	seen = look(world, 100);
	assert_int_equal(seen.n, 0);
	forget(&seen);
	/* More than a page, put in another order than they were queued in. */
	for (unsigned i = 0; i < 500; i++)
		put_number(world, (i * 7) % 500, RUN_COMPLETED);
	sync_all(world);
	seen = look(world, 300);
	assert_int_equal(seen.n, 300);
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(seen.rows[i].queued_ms, 200 + i);
	forget(&seen);
	record_close_wait(&world->record);
}

/* ---- many ------------------------------------------------------------------------------------ */

static void
many(struct world *world)
{
	struct seen seen;

	begin(world);
	/* None is written while this task does not wait. */
	for (unsigned i = 0; i < 30000; i++)
		put_number(world, i % 10000, i < 20000 ? RUN_RUNNING : RUN_COMPLETED);
	sync_all(world);
	seen = look(world, SIZE_MAX);
	assert_int_equal(seen.n, 10000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(seen.rows[i].state, RUN_COMPLETED);
	forget(&seen);
	record_close_wait(&world->record);
	assert_int_equal(logged(world, "ERROR"), 0);
}

static void
bounded(struct world *world)
{
	struct run_row row = full_row();
	char *text = mem_new(MIB), id[24];
	struct seen seen;

	begin(world);
	for (unsigned i = 0; i < 10100; i++)
		put_number(world, i, RUN_QUEUED);
	sync_all(world);
	seen = look(world, SIZE_MAX);
	assert_int_equal(seen.n, 10000);
	assert_int_equal(seen.rows[0].queued_ms, 100); /* the oldest gave way */
	forget(&seen);
	assert_int_equal(logged(world, "100 changes of runs are not in the record"), 1);

	memset(text, 'x', MIB);
	row.text = (struct slice){ text, MIB };
	for (unsigned i = 0; i < 80; i++) {
		row.id.n = (size_t)snprintf(id, sizeof(id), "r-large%u", i);
		row.id.p = id;
		record_put(world->record, &row);
	}
	sync_all(world);
	seen = look(world, SIZE_MAX);
	assert_int_equal(seen.n, 10063); /* 64 MiB hold 63 of these and what belongs to them */
	forget(&seen);
	record_close_wait(&world->record);
	mem_free(text);
}

/* ---- bad files ------------------------------------------------------------------------------- */

static unsigned
files_like(const struct world *world, const char *words)
{
	char command[160];
	unsigned n = 0;
	FILE *out;

	snprintf(command, sizeof(command), "ls -1 %s", world->dir);
	out = popen(command, "r");
	assert_non_null(out);
	while (fgets(command, sizeof(command), out) != NULL)
		n += strstr(command, words) != NULL;
	pclose(out);
	return n;
}

static void
file_write(const struct world *world, const char *end, const char *bytes, size_t n, long at)
{
	char path[RUN_STORE_PATH + 8];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s", world->dir, RUN_STORE_NAME, end);
	file = fopen(path, at > 0 ? "r+" : "w");
	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
}

static void
no_store(struct world *world)
{
	char rubbish[8192];
	struct seen seen;
	struct err err = { 0 };

	memset(rubbish, 0x55, sizeof(rubbish));
	file_write(world, "", rubbish, sizeof(rubbish), 0);
	file_write(world, "-wal", rubbish, sizeof(rubbish), 0);
	/* Who reads says so and touches nothing; who writes begins anew and keeps the old one. */
	assert_false(record_each_wait(world->loop, world->dir, 9, seen_add, NULL, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, RUN_STORE_NAME));
	assert_int_equal(files_like(world, "broken"), 0);
	begin(world);
	assert_int_equal(logged(world, "was damaged, or no record of runs"), 1);
	assert_true(files_like(world, "broken") >= 1); /* and what lay beside it */
	put_number(world, 7, RUN_COMPLETED);
	sync_all(world);
	seen = look(world, 9);
	assert_int_equal(seen.n, 1);
	forget(&seen);
	record_close_wait(&world->record);
	begin(world);
	record_close_wait(&world->record);
	assert_int_equal(logged(world, "ERROR"), 1);
}

static void
somebody_elses(struct world *world)
{
	store_sql(world, "CREATE TABLE songs(title TEXT)");
	begin(world);
	assert_int_equal(files_like(world, "broken"), 1);
	put_number(world, 7, RUN_COMPLETED);
	sync_all(world);
	record_close_wait(&world->record);
}

/* Its pages are damaged while it is in use; only the file that was eaten is lost. */
static void
damaged(struct world *world)
{
	char rubbish[4096];
	struct err err = { 0 };
	struct seen seen;

	begin(world);
	for (unsigned i = 0; i < 2000; i++)
		put_number(world, i, RUN_COMPLETED);
	sync_all(world);
	record_close_wait(&world->record);
	memset(rubbish, 0xaa, sizeof(rubbish));
	for (long at = 4096; at < 20 * 4096; at += 4096)
		file_write(world, "", rubbish, sizeof(rubbish), at);
	begin(world);
	for (unsigned i = 0; i < 50 && files_like(world, "broken") == 0; i++) {
		put_number(world, i * 40, RUN_LOST);
		(void)!record_sync_wait(world->record, &err);
		UNTIL(world, record_sync_wait(world->record, &err));
	}
	assert_int_equal(files_like(world, ".broken-"), 1);
	put_number(world, 5000, RUN_LOST);
	sync_all(world);
	seen = look(world, SIZE_MAX);
	assert_int_equal(seen.rows[seen.n - 1].queued_ms, 5000);
	forget(&seen);
	record_close_wait(&world->record);
}

static void
newer(struct world *world)
{
	struct seen seen;
	struct err err = { 0 };

	begin(world);
	put_number(world, 7, RUN_COMPLETED);
	record_close_wait(&world->record);
	store_sql(world, "PRAGMA user_version=99; ALTER TABLE runs ADD COLUMN more TEXT");
	assert_false(record_open_wait(world->loop, world->dir, &world->record, &err));
	assert_null(world->record);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "a newer bascule wrote it (format 99"));
	err = (struct err){ 0 };
	assert_false(record_each_wait(world->loop, world->dir, 9, seen_add, NULL, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(files_like(world, "broken"), 0);
	store_sql(world, "PRAGMA user_version=1");
	seen = look(world, 9);
	assert_int_equal(seen.n, 1);
	forget(&seen);
	assert_int_equal(logged(world, "ERROR"), 0);
}

static void
long_path(struct world *world)
{
	char dir[SLOT_PATH + 100];
	struct err err = { 0 };

	memset(dir, 'x', sizeof(dir) - 1);
	dir[sizeof(dir) - 1] = '\0';
	assert_false(record_open_wait(world->loop, dir, &world->record, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_false(record_each_wait(world->loop, dir, 9, seen_add, NULL, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
}

/* ---- a full disk ----------------------------------------------------------------------------- */

static void
full_disk(struct world *world)
{
	struct err err = { 0 };
	struct seen seen;

	begin(world);
	put_number(world, 1, RUN_RUNNING);
	sync_all(world);
	disk(1);
	for (unsigned i = 2; i < 300; i++)
		put_number(world, i, RUN_RUNNING);
	assert_false(record_sync_wait(world->record, &err));
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(strstr(err.text, RUN_STORE_NAME));
	/* It is said once, however often it fails, and who asks is told at once. */
	put_number(world, 1, RUN_COMPLETED);
	assert_false(record_sync_wait(world->record, &err));
	assert_true(task_sleep_wait(world->loop, 900, &err));
	assert_int_equal(logged(world, "cannot be written"), 1);
	disk(RLIM_INFINITY);
	UNTIL(world, record_sync_wait(world->record, &err));
	assert_int_equal(logged(world, "is written again"), 1);
	seen = look(world, SIZE_MAX);
	assert_int_equal(seen.n, 299);
	assert_int_equal(seen.rows[0].state, RUN_COMPLETED);
	forget(&seen);
	record_close_wait(&world->record);
}

/* It is full from the beginning: the runs go on all the same, and the end says what is missing. */
static void
never_opened(struct world *world)
{
	struct err err = { 0 };
	struct seen seen;

	disk(1);
	begin(world);
	put_number(world, 1, RUN_COMPLETED);
	put_number(world, 2, RUN_COMPLETED);
	assert_false(record_sync_wait(world->record, &err));
	assert_int_equal(err.kind, ERR_IO);
	record_close_wait(&world->record);
	assert_int_equal(logged(world, "2 changes of runs are not in the record"), 1);

	begin(world);
	put_number(world, 3, RUN_COMPLETED);
	disk(RLIM_INFINITY);
	record_close_wait(&world->record); /* the last try succeeds */
	seen = look(world, SIZE_MAX);
	assert_int_equal(seen.n, 1);
	forget(&seen);
}

/* ---- who waits ------------------------------------------------------------------------------- */

static bool waited, was_written;
static void
wait_for_disk(void *arg)
{
	struct world *world = arg;
	struct err err = { 0 };

	was_written = record_sync_wait(world->record, &err);
	waited = true;
}

static void
cut_short(struct world *world)
{
	struct group group = { 0 };
	struct err err = { 0 };

	begin(world);
	waited = false;
	put_number(world, 1, RUN_RUNNING);
	assert_true(group_spawn(world->loop, &group, "wait", wait_for_disk, world, &err));
	group_cancel(&group, ERR_CANCELLED);
	group_drain(world->loop, &group);
	assert_true(waited);
	assert_false(was_written);
	/* Nothing to wait for. */
	sync_all(world);
	sync_all(world);
	record_close_wait(&world->record);
	record_close_wait(&world->record);
}

/* ---- killed ---------------------------------------------------------------------------------- */

#define KILLED_ROWS 100
static void
killed_child(struct world *world)
{
	begin(world);
	for (unsigned i = 0; i < KILLED_ROWS; i++)
		put_number(world, i, i % 2 ? RUN_RUNNING : RUN_COMPLETED);
	sync_all(world);
	for (unsigned i = KILLED_ROWS; i < 2 * KILLED_ROWS; i++)
		put_number(world, i, RUN_QUEUED);
	kill(getpid(), SIGKILL);
}

static void
after_the_kill(struct world *world)
{
	struct seen seen;

	/* First as somebody who only looks, then as the one who takes it over. */
	for (unsigned k = 0; k < 2; k++) {
		seen = look(world, SIZE_MAX);
		assert_in_range(seen.n, KILLED_ROWS, 2 * KILLED_ROWS);
		for (unsigned i = 0; i < KILLED_ROWS; i++) {
			assert_int_equal(seen.rows[i].queued_ms, i);
			assert_int_equal(seen.rows[i].state, i % 2 ? RUN_RUNNING : RUN_COMPLETED);
		}
		forget(&seen);
		if (k == 0)
			begin(world);
	}
	record_close_wait(&world->record);
	assert_int_equal(logged(world, "ERROR"), 0);
}

static void
killed(void **state)
{
	struct world world;
	pid_t pid;
	int status;

	(void)state;
	world_make(&world);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		loop_story(&world, killed_child);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	loop_story(&world, after_the_kill);
	world_end(&world);
}

/* ---- the list -------------------------------------------------------------------------------- */

#define STORY(name) \
	static void name##_test(void **state) \
	{ \
		(void)state; \
		run_story(name); \
	}
STORY(round_trip)
STORY(replaced)
STORY(forgotten)
STORY(huge)
STORY(only_the_newest)
STORY(many)
STORY(bounded)
STORY(no_store)
STORY(somebody_elses)
STORY(damaged)
STORY(newer)
STORY(long_path)
STORY(full_disk)
STORY(never_opened)
STORY(cut_short)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_states),
		cmocka_unit_test(round_trip_test),
		cmocka_unit_test(replaced_test),
		cmocka_unit_test(forgotten_test),
		cmocka_unit_test(huge_test),
		cmocka_unit_test(only_the_newest_test),
		cmocka_unit_test(many_test),
		cmocka_unit_test(bounded_test),
		cmocka_unit_test(no_store_test),
		cmocka_unit_test(somebody_elses_test),
		cmocka_unit_test(damaged_test),
		cmocka_unit_test(newer_test),
		cmocka_unit_test(long_path_test),
		cmocka_unit_test(full_disk_test),
		cmocka_unit_test(never_opened_test),
		cmocka_unit_test(killed),
		cmocka_unit_test(cut_short_test),
	};

	return cmocka_run_group_tests_name("agents_record", tests, NULL, NULL);
}
