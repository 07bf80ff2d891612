/*
 * Private to guard: what its stages share.  A stage looks at one message, says what it thinks of it
 * with the functions below, and returns; it is in a file of its own.
 */
#ifndef GUARD_STAGES_H
#define GUARD_STAGES_H

#include "guard/flow.h"
#include "guard/guard.h"
#include "guard/limits.h"
#include "guard/rules.h"

struct guard {
	struct loop *loop; /* NULL: nothing passes */
	uint64_t number;   /* of those that followed each other */
	const struct config_guard *config;
	struct rules *rules;
	struct limits *limits;
	struct plugins *plugins; /* NULL: none */
	struct guard_scan *scan; /* NULL: all off */
	struct flow *flow;
	struct told *told;
	struct pinned *pinned; /* NULL: nothing is */
	uint64_t names_seen;   /* hash of what was looked at last (likeness.c) */
};

/* One message on its way. */
struct look {
	struct guard *guard;
	const struct guard_subject *subject;
	enum guard_kind kind;
	enum guard_direction direction;
	struct guard_verdict *verdict;
	bool may_wait; /* it is in a task that may wait for a helper thread */
};

/* rule, action: live as long as the guard. */
void look_note(struct look *look, struct slice rule, struct slice action);
/* Refused, or to be asked first; a refusal stands whatever comes later. */
void
look_decide(struct look *look, enum guard_action action, struct slice rule, struct slice reason);
/* The same with a reason that is the message's own; takes the buffer. */
void look_decide_words(
    struct look *look, enum guard_action action, struct slice rule, struct buf *reason);
/* The text as it goes on now: the arguments of a request that has them, or all of it. */
struct slice look_text(const struct look *look);
/* What goes on instead; takes the buffer. */
void look_change(struct look *look, struct buf *text);

/* Of a request: this is its result, and nobody else is asked; takes the buffer. */
void look_answer(struct look *look, struct buf *answer);

/* Hashes of what was told (told.c); bounded: when it is full, nothing is news any more. */
struct told *told_of(struct told *before); /* a new reference, or one that is new */
void told_unref(struct told **told);
bool told_is_news(struct told *told, uint64_t hash); /* once for each hash */

/* What is approved (pins_look.c).  told is borrowed; *out NULL: there is nothing to compare with.
 */
MUST_CHECK bool pinned_new(struct loop *loop, const struct config *config, struct told *told,
    struct pinned **out, struct err *err);
void pinned_free(struct pinned **pinned);

/* ---- stages ---------------------------------------------------------------------------------- */

void pins_look(struct look *look);   /* pins_look.c */
void rules_look(struct look *look);  /* rules_look.c */
void flow_look(struct look *look);   /* flow_look.c */
void limits_look(struct look *look); /* limits_look.c */

/* plugins_look.c; *out NULL: there are none */
MUST_CHECK bool
plugins_new(struct loop *loop, const struct config *config, struct plugins **out, struct err *err);
void plugins_free(struct plugins **plugins);
void plugins_look(struct look *look);
/* scan_look.c: may wait, where look->may_wait.  *out NULL: there is nothing to look for. */
struct guard_scan;
MUST_CHECK bool guard_scan_new(struct loop *loop, const struct config *config,
    const struct guard_scan *before, struct guard_scan **out, struct err *err);
void guard_scan_free(struct guard_scan **scan);
void scan_look(struct look *look);
bool scan_look_ahead(struct guard_scan *scan, const struct guard_subject *subject);

#endif
