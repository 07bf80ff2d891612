/*
 * Private to guard: a plugin, that is one script of `guard.plugins` and its state.
 *
 * It is shown one message at a time and says what is to become of it; it never waits and knows
 * nothing of the loop.  Where its state may be damaged, the next call has a fresh one.
 */
#ifndef GUARD_PLUGIN_H
#define GUARD_PLUGIN_H

#include "guard/guard.h"
#include "run/run.h"

enum plugin_hook {
	PLUGIN_REQUEST,
	PLUGIN_RESULT,
	PLUGIN_NOTIFICATION,
	PLUGIN_DEFINITION,
	PLUGIN_HOOKS_N
};
const char *plugin_hook_name(enum plugin_hook hook);

/* Where it runs. */
struct plugin_host {
	struct loop *loop;    /* NULL: nowhere, it is only looked at or tested */
	struct log *log;      /* NULL: nobody hears it */
	uint64_t reply_bytes; /* that it may give back in one text */
};

struct plugin_message {
	enum plugin_hook hook;
	const struct guard_subject *subject;
	struct slice text; /* arguments of a request that has them, else params, result ... */
};

enum plugin_says { PLUGIN_PASSES, PLUGIN_DENIES, PLUGIN_ASKS, PLUGIN_HIDES };

/* Zeroed before, to be freed after. */
struct plugin_verdict {
	enum plugin_says says;
	struct buf reason; /* of what is denied or asked */
	struct buf change; /* goes on in place of the message's text; empty: it goes on as it is */
	struct buf answer; /* of a request: its result, nobody else is asked; empty: none */
	struct buf log;	   /* what is to be written down; empty: nothing */
};
void plugin_verdict_fini(struct plugin_verdict *verdict);

struct plugin;
/* config: borrowed.  ERR_CONFIG: file, line and what is wrong with it. */
MUST_CHECK bool plugin_new(const struct config_plugin *config, const struct plugin_host *host,
    struct plugin **out, struct err *err);
void plugin_free(struct plugin **plugin);
bool plugin_has(const struct plugin *plugin, enum plugin_hook hook);
/* False: it failed, err says why. */
MUST_CHECK bool plugin_call(struct plugin *plugin, const struct plugin_message *message,
    struct plugin_verdict *verdict, struct err *err);

#endif
