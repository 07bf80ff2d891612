/*
 * The audit on a real loop with real helper threads, and sinks that the tests hold: what they take,
 * when they fail, and when they hang.  These sinks stand in the place of sinks.c.
 */
#ifndef TESTS_UNIT_AUDIT_WORLD_H
#define TESTS_UNIT_AUDIT_WORLD_H

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "audit/chain.h"
#include "audit/queue.h"
#include "audit/sink.h"

/* ---- sinks ----------------------------------------------------------------------------------- */

#define SEEN_MOST 20000

/* "jsonl" is the first, "csv" the second. */
struct fake {
	bool is_held;	/* write waits while it is */
	bool is_in;	/* a write waits */
	unsigned fails; /* so many writes to come fail ... */
	size_t takes;	/* ... each after so many records */
	unsigned opened, closed, reopened;
	size_t seen_n;
	struct seen {
		enum audit_kind kind;
		uint64_t number, count;
	} seen[SEEN_MOST];
};

struct fake_sink {
	struct audit_sink sink;
	struct fake *fake;
};

static struct fake fakes[2];
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fake_change = PTHREAD_COND_INITIALIZER;

static bool
fake_open(
    const struct config_sink *config, const char *dir, struct audit_sink **out, struct err *err)
{
	struct fake_sink *it = MEM_NEW(struct fake_sink);

	(void)dir;
	(void)err;
	it->fake = &fakes[slice_eq(config->kind, S("csv"))];
	*out = &it->sink;
	pthread_mutex_lock(&fake_lock);
	it->fake->opened++;
	pthread_mutex_unlock(&fake_lock);
	return true;
}

static bool
fake_write(struct audit_sink *sink, const struct audit_record *const *records, size_t n,
    size_t *done, struct err *err)
{
	struct fake *fake = CONTAINER(sink, struct fake_sink, sink)->fake;
	bool ok = true;

	pthread_mutex_lock(&fake_lock);
	fake->is_in = true;
	pthread_cond_broadcast(&fake_change);
	while (fake->is_held)
		pthread_cond_wait(&fake_change, &fake_lock);
	fake->is_in = false;
	if (fake->fails > 0) {
		fake->fails--;
		n = n < fake->takes ? n : fake->takes;
		ok = err_set(err, ERR_IO, "the sink is full");
	}
	for (*done = 0; *done < n && fake->seen_n < SEEN_MOST; (*done)++)
		fake->seen[fake->seen_n++] = (struct seen){ records[*done]->kind,
			records[*done]->number, records[*done]->count };
	pthread_mutex_unlock(&fake_lock);
	return ok;
}

static bool
fake_reopen(struct audit_sink *sink, struct err *err)
{
	(void)err;
	pthread_mutex_lock(&fake_lock);
	CONTAINER(sink, struct fake_sink, sink)->fake->reopened++;
	pthread_mutex_unlock(&fake_lock);
	return true;
}

static void
fake_close(struct audit_sink *sink)
{
	pthread_mutex_lock(&fake_lock);
	CONTAINER(sink, struct fake_sink, sink)->fake->closed++;
	pthread_mutex_unlock(&fake_lock);
	mem_free(CONTAINER(sink, struct fake_sink, sink));
}

static const struct audit_sink_ops fake_ops = { .kind = "fake",
	.open = fake_open,
	.write = fake_write,
	.reopen = fake_reopen,
	.close = fake_close };

const struct audit_sink_ops *
audit_sink_find(struct slice kind)
{
	(void)kind;
	return &fake_ops;
}

static void
fake_hold(unsigned i, bool is_held)
{
	pthread_mutex_lock(&fake_lock);
	fakes[i].is_held = is_held;
	pthread_cond_broadcast(&fake_change);
	pthread_mutex_unlock(&fake_lock);
}

/* A copy of what it has taken, whole, because its thread may go on. */
static size_t
fake_seen(unsigned i, struct seen *out)
{
	size_t n;

	pthread_mutex_lock(&fake_lock);
	n = fakes[i].seen_n;
	if (out != NULL)
		memcpy(out, fakes[i].seen, n * sizeof(*out));
	pthread_mutex_unlock(&fake_lock);
	return n;
}

/* So many of the next writes fail, each after it took so many records. */
static inline void
fake_fail(unsigned i, unsigned fails, size_t takes)
{
	pthread_mutex_lock(&fake_lock);
	fakes[i].fails = fails;
	fakes[i].takes = takes;
	pthread_mutex_unlock(&fake_lock);
}

struct fake_state {
	bool is_in;
	unsigned opened, closed, reopened;
};

static inline struct fake_state
fake_now(unsigned i)
{
	struct fake_state now;

	pthread_mutex_lock(&fake_lock);
	now = (struct fake_state){ fakes[i].is_in, fakes[i].opened, fakes[i].closed,
		fakes[i].reopened };
	pthread_mutex_unlock(&fake_lock);
	return now;
}

/* ---- the world ------------------------------------------------------------------------------- */

struct world {
	char dir[64];
	struct loop *loop;
	struct config *config;
	struct slot slot;
	void (*story)(struct world *world);
};

static int
world_remove(const char *path, const struct stat *is, int type, struct FTW *ftw)
{
	(void)is;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* audit: what stands below `audit:`, in flow style. */
static struct config *
world_config(const struct world *world, const char *audit)
{
	struct config *config;
	struct err err = { 0 };
	char text[1024];

	snprintf(text, sizeof(text),
	    "state: %s/state\nupstreams: [{name: x, command: [/bin/true]}]\naudit: %s\n",
	    world->dir, audit);
	if (!config_parse(slice_of(text), "test", world->dir, NULL, NULL, &config, &err))
		fail_msg("%s", err.text);
	config->audit.key_dir = arena_printf(&config->arena, "%s/keys", world->dir);
	return config;
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
world_run(const char *audit, void (*story)(struct world *world))
{
	struct world world = { .story = story, .slot.fd = -1 };
	struct log *log = log_new(STDERR_FILENO, LOG_ERROR + 1, LOG_TEXT, "17-0badcafe");
	struct group group = { 0 };
	struct err err = { 0 };

	signal(SIGXFSZ, SIG_IGN);
	memset(fakes, 0, sizeof(fakes));
	snprintf(world.dir, sizeof(world.dir), "/tmp/bascule-trail-XXXXXX");
	assert_non_null(mkdtemp(world.dir));
	world.config = world_config(&world, audit);
	world.loop = loop_new(NULL, log, &err);
	assert_non_null(world.loop);
	assert_true(group_spawn(world.loop, &group, "story", world_main, &world, &err));
	loop_run(world.loop);
	loop_free(&world.loop);
	slot_close(&world.slot);
	config_free(&world.config);
	log_free(&log);
	assert_int_equal(nftw(world.dir, world_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
	arena_drain();
}

/* Lets the loop turn until it is so: whoever calls hangs if that never comes. */
#define UNTIL(world, condition) \
	do { \
		struct err until_err; \
\
		assert_true(task_sleep_wait((world)->loop, 1, &until_err)); \
	} while (!(condition))

static inline struct audit_record
world_record(enum audit_kind kind, uint64_t number)
{
	return (struct audit_record){ .kind = kind,
		.number = number,
		.time_ms = 1772600767089,
		.outcome = kind == AUDIT_EXCHANGE ? LEDGER_DONE : LEDGER_OPEN,
		.method = "tools/call" };
}

#endif
