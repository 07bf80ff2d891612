/*
 * Private to `bascule lock`: what it found, and how that is told.
 */
#ifndef CLI_LOCK_H
#define CLI_LOCK_H

#include "cli/cli.h"
#include "guard/guard.h"

/* A server that could not be compared, and why. */
struct lock_missing {
	struct slice server, why;
};

struct lock_report {
	const char *file;
	bool has_file;	 /* before */
	bool is_written; /* now */
	struct pin_change *changes;
	size_t changes_n, changes_cap, accepted; /* those are in the file now */
	struct lock_missing *missing;
	size_t missing_n;
	size_t counts[PIN_KINDS]; /* of what is in the file now */
};

void lock_put(const struct lock_report *report, struct buf *out);
void lock_put_json(const struct lock_report *report, struct buf *out);

#endif
