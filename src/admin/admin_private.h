/*
 * Private to admin: the pages and what fills them.
 */
#ifndef ADMIN_ADMIN_PRIVATE_H
#define ADMIN_ADMIN_PRIVATE_H

#include "admin/admin.h"

struct admin {
	struct hub *hub;
	struct fronts *fronts;
	const struct traces *traces; /* NULL: nothing is traced */
	uint64_t started_unix_ms;
};

/* The document of /health; without detail: its status alone (health.c). */
void admin_health(const struct admin *admin, bool has_detail, struct buf *out);
/* Memory, descriptors and time of this process, into the metrics (process.c). */
void admin_process(const struct admin *admin, struct metrics *metrics);

/* A socket that listens there, not blocking; -1: err (control_path.c). */
int control_listen(const char *slot_dir, struct err *err);
void control_remove(const char *slot_dir); /* its file */
/* Of the process at the other end: may it ask? */
bool control_may_ask(int fd, unsigned *uid);

#endif
