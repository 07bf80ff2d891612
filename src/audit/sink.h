/*
 * Private to audit: where records go besides the store.  A kind of sink is a table of functions;
 * which there are stands in sinks.c.
 *
 * Everything here runs on a helper thread, one for each sink, and may block there: it touches
 * nothing of the loop, and nothing of another sink.  Batches come in order, each once; a write that
 * failed is tried again with the same records, later each time (1 s to 60 s), while the queue of
 * that sink fills and then drops, which the sink is told by a record of kind AUDIT_DROPPED.
 */
#ifndef AUDIT_SINK_H
#define AUDIT_SINK_H

#include "audit/audit.h"

struct audit_sink; /* each kind has its own, with ops first */

struct audit_sink_ops {
	const char *kind; /* as in the configuration: "jsonl" */
	/* config lives as long as the sink; dir: state/<instance>, for relative paths. */
	bool (*open)(const struct config_sink *config, const char *dir, struct audit_sink **out,
	    struct err *err);
	/*
	 * All or, at least, in order: *done is how many of them need not come again.  True: done is
	 * n.  False: err, is_open may have become false.
	 */
	bool (*write)(struct audit_sink *sink, const struct audit_record *const *records, size_t n,
	    size_t *done, struct err *err);
	/* What was written is handed to the system; after each batch.  NULL: it always is. */
	bool (*flush)(struct audit_sink *sink, struct err *err);
	/* The files were moved by others (SIGHUP, logrotate); NULL: it has none. */
	bool (*reopen)(struct audit_sink *sink, struct err *err);
	void (*close)(struct audit_sink *sink);
};

struct audit_sink {
	const struct audit_sink_ops *ops;
};

/* NULL: no such kind (sinks.c). */
const struct audit_sink_ops *audit_sink_find(struct slice kind);

#endif
