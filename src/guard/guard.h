/*
 * guard: everything that crosses the gateway passes guard_message(), in both directions.  It sees
 * plain values, never an exchange.
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "auth/auth.h"

enum guard_kind {
	GUARD_REQUEST,
	GUARD_RESULT,
	GUARD_ASK,
	GUARD_ANSWER,
	GUARD_TELL,
	GUARD_DEFINITION
};
enum guard_direction { GUARD_TO_PROVIDER, GUARD_TO_CLIENT };

struct guard_subject {
	const struct caller *caller; /* NULL for definitions */
	struct slice client;	     /* clientInfo.name as sent, not trusted */
	struct slice server;	     /* configured name; SLICE_NONE before routing */
	struct slice method;
	struct slice name; /* original name of the tool, prompt or URI */
	struct slice text; /* params, result, question ... as JSON */
};

enum guard_action { GUARD_ALLOW, GUARD_DENY };

struct guard_verdict {
	enum guard_action action;
	struct slice rule; /* id of the rule that decided; "default" where none did */
};

struct guard_verdict guard_message(
    const struct guard_subject *subject, enum guard_kind kind, enum guard_direction direction);

#endif
