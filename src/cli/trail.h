/*
 * Private to cli: the records of all stores below the state directory of a configuration, one after
 * the other by time; also while gateways write them.
 */
#ifndef CLI_TRAIL_H
#define CLI_TRAIL_H

#include "audit/audit.h"
#include "cli/cli.h"

struct trail_store;
struct trail {
	struct trail_store **stores;
	size_t n;
	struct err err; /* of a store that cannot be opened */
	const struct config *config;
};

/* config is borrowed as long as the trail is open.  False: ERR_CONFIG, there is no store, or one
 * cannot be read. */
MUST_CHECK bool trail_open(struct trail *trail, const struct config *config, struct err *err);
void trail_fini(struct trail *trail); /* of zeroes: nothing */
/* Looks for stores that came since. */
MUST_CHECK bool trail_look(struct trail *trail, struct err *err);
/* The oldest of what the stores have next, good until the next call; *out NULL: there is none now.
 */
MUST_CHECK bool trail_next(struct trail *trail, const struct audit_record **out, struct err *err);
void trail_rewind(struct trail *trail); /* from the beginning again */

/* A file of the configuration says where the stores are; without any they are where one without
 * `state` has them. */
MUST_CHECK bool
trail_config(const struct options *options, struct log *log, struct config **out, struct err *err);
/* An option that is a moment, or how long ago it was, in ms since 1970; not given: *ms stays. */
MUST_CHECK bool
trail_moment(const struct options *options, enum cli_option option, uint64_t *ms, struct err *err);
uint64_t trail_now_ms(void);

#endif
