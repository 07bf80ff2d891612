/*
 * What the system knows of this process.  A look that fails leaves the value of the last one.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/admin_private.h"

static void
set(struct metrics *metrics, enum metric metric, double value)
{
	series_set(metrics_series(metrics, metric, SLICE_NONE, SLICE_NONE), value);
}

static double
seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The second number of statm: resident pages. */
static void
resident_look(struct metrics *metrics)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all, resident;

	if (file == NULL)
		return;
	if (fscanf(file, "%lu %lu", &all, &resident) == 2)
		set(metrics, METRIC_RESIDENT, (double)resident * (double)sysconf(_SC_PAGESIZE));
	fclose(file);
}

static void
descriptors_look(struct metrics *metrics)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned n = 0;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	set(metrics, METRIC_OPEN_FDS, n - 1); /* but for the folder's own */
}

void
admin_process(const struct admin *admin, struct metrics *metrics)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		set(metrics, METRIC_CPU, seconds(usage.ru_utime) + seconds(usage.ru_stime));
	resident_look(metrics);
	descriptors_look(metrics);
	set(metrics, METRIC_START_TIME, (double)admin->started_unix_ms / 1000);
}
