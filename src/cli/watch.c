/*
 * Files are compared by what stat(2) says of them: content that is written by another name and
 * renamed, a link that leads elsewhere, and a file that is written in place all show there.  What
 * has changed is taken when it stays for a second, so that nothing half written is read; a bad one
 * is told once, and not tried again before it changes.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/watch.h"

#define LOOK_MS	   1000
#define LOOK_BYTES MIB /* of all paths */
#define HELPER	   "watch"

struct look {
	struct buf paths; /* each with its NUL */
	uint64_t seed, print;
	struct timespec newest; /* when something of one of them was changed last */
};

static bool
is_after(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* On a helper thread: a disk may be far away. */
static void
look_run(void *arg)
{
	struct look *look = arg;

	look->print = look->seed;
	for (size_t at = 0; at < look->paths.n; at += strlen(look->paths.p + at) + 1) {
		struct stat st = { 0 };
		uint64_t facts[7] = { 0 };

		if (stat(look->paths.p + at, &st) != 0)
			facts[0] = (uint64_t)errno;
		if (is_after(&st.st_ctim, &look->newest))
			look->newest = st.st_ctim;
		facts[1] = st.st_dev;
		facts[2] = st.st_ino;
		facts[3] = (uint64_t)st.st_size;
		facts[4] = (uint64_t)st.st_mtim.tv_sec;
		facts[5] = (uint64_t)st.st_mtim.tv_nsec;
		facts[6] = look->print;
		look->print =
		    hash_bytes((struct slice){ (const char *)facts, sizeof(facts) }, look->seed);
	}
}

/* A number for how all files are now; *is_newer: one was changed since they were read. */
static uint64_t
print_wait(const struct watch *watch, const struct config *config, bool *is_newer)
{
	struct look look = { .seed = loop_seed(watch->loop) };

	buf_init(&look.paths, NULL, LOOK_BYTES);
	for (const struct config_file *file = config->files; file != NULL; file = file->next) {
		buf_put(&look.paths, file->path);
		buf_putc(&look.paths, '\0');
	}
	helper_run_wait(watch->loop, HELPER, look_run, &look);
	buf_fini(&look.paths);
	*is_newer = is_after(&look.newest, &config->read_at);
	return look.print;
}

void
watch_story(void *arg)
{
	struct watch *watch = arg;
	uint64_t taken = 0, last = 0, now;
	bool is_known = false, is_newer;
	struct err err;

	do {
		const struct config *config = watch->config(watch->owner);

		if (!config->reload_on_change) {
			is_known = false;
			continue;
		}
		now = print_wait(watch, config, &is_newer);
		if (!is_known) {
			last = now;
			taken = is_newer ? ~now : now;
		}
		is_known = true;
		if (now != taken && now == last) {
			taken = now;
			watch->changed(watch->owner);
		}
		last = now;
	} while (task_sleep_wait(watch->loop, LOOK_MS, &err));
}
