/*
 * Private to audit, and of the loop's thread: entries that wait to be written, and the queues of
 * the sinks.  An entry is a record with its bodies in memory of its own; counted, because several
 * queues may hold it; while a helper thread works on it nothing else changes it.
 */
#ifndef AUDIT_QUEUE_H
#define AUDIT_QUEUE_H

#include "audit/audit.h"

/* Somebody who waits for an entry to be on the disk; on the stack of its task. */
struct audit_waiter {
	struct task *task;
	bool is_over, ok;
	struct err err;
};

struct audit_entry {
	struct audit_entry *next;
	unsigned refs;
	uint64_t queued_ms; /* loop time */
	struct audit_waiter *waiter;
	struct audit_record record;
	char bodies[];
};
struct audit_entry *audit_entry_new(const struct audit_record *record, uint64_t now_ms);
void audit_entry_unref(struct audit_entry **entry);

/* ---- what is turned away (refusals.c) -------------------------------------------------------- */

struct refusals;
struct refusals *refusals_new(struct audit *audit, struct loop *loop);
/* What is only counted so far is put into the queue. */
void refusals_free(struct refusals **refusals);
void refusals_put(
    struct refusals *refusals, const char *reason, const char *transport, const char *address);

/* ---- the sinks (fanout.c) -------------------------------------------------------------------- */

struct fanout;
/* dir: where relative paths of sinks begin; copied. Nothing is opened yet. */
struct fanout *fanout_new(struct loop *loop, const char *dir);
/* The sinks of this configuration: those that it has already stay. */
void fanout_set(struct fanout *fanout, const struct config_audit *config);
/* To all sinks; takes no reference of the caller's. Intents are not for them. */
void fanout_put(struct fanout *fanout, struct audit_entry *entry);
void fanout_reopen(struct fanout *fanout); /* files that others have moved */
/* Each writes what it has, or gives up. */
void fanout_free_wait(struct fanout **fanout);
size_t fanout_n(const struct fanout *fanout);
void fanout_health(const struct fanout *fanout, size_t i, struct audit_health *out);

#endif
