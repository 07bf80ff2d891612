/*
 * The directory of compiled scanners: a file for each set of words, version of the library and kind
 * of machine.  The newest few stay; what nobody has used since many others were made goes, and so
 * does what a process that was killed left half written.  Only files with names of ours are looked
 * at.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/scan.h"

#define KEPT	     8
#define ENTRIES_MOST 10000
#define HALF_S	     3600 /* nobody writes one for so long */
#define NAME_BYTES   64

struct kept {
	char name[NAME_BYTES];
	struct timespec used;
};

/* "scan-", 16 hex digits, ".db", and what follows. */
static bool
is_ours(const char *name, const char **end)
{
	static const char head[] = "scan-", tail[] = ".db";
	size_t digits;

	if (strncmp(name, head, sizeof(head) - 1) != 0)
		return false;
	name += sizeof(head) - 1;
	digits = strspn(name, "0123456789abcdef");
	if (digits != 16 || strncmp(name + digits, tail, sizeof(tail) - 1) != 0)
		return false;
	*end = name + digits + sizeof(tail) - 1;
	return true;
}

static bool
is_newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Takes the place of the oldest that is kept, if it is newer; the one of both that is left goes. */
static void
keep_newest(int dir, struct kept *kept, size_t *n, const struct kept *one)
{
	struct kept *oldest = &kept[0];

	if (*n < KEPT) {
		kept[(*n)++] = *one;
		return;
	}
	for (size_t i = 1; i < KEPT; i++)
		if (is_newer(&oldest->used, &kept[i].used))
			oldest = &kept[i];
	if (!is_newer(&one->used, &oldest->used)) {
		unlinkat(dir, one->name, 0);
		return;
	}
	unlinkat(dir, oldest->name, 0);
	*oldest = *one;
}

void
scan_cache_trim(const char *path)
{
	struct kept kept[KEPT], one;
	DIR *dir = opendir(path);
	struct dirent *entry;
	const char *end = "";
	struct stat is;
	size_t n = 0, length;

	for (unsigned i = 0; dir != NULL && i < ENTRIES_MOST; i++) {
		entry = readdir(dir);
		if (entry == NULL)
			break;
		length = strlen(entry->d_name);
		if (!is_ours(entry->d_name, &end) || length >= NAME_BYTES ||
		    fstatat(dirfd(dir), entry->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(is.st_mode))
			continue;
		memcpy(one.name, entry->d_name, length + 1);
		one.used = is.st_mtim;
		if (*end == '\0')
			keep_newest(dirfd(dir), kept, &n, &one);
		else if (*end == '.' && is.st_mtim.tv_sec + HALF_S < time(NULL))
			unlinkat(dirfd(dir), one.name, 0);
	}
	if (dir != NULL)
		closedir(dir);
}
