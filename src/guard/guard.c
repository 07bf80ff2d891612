/*
 * The one point that every message crosses.  No rules are configured yet, so the default decides:
 * it allows.  What a message holds is never changed here.
 */
#include "guard/guard.h"

struct guard_verdict
guard_message(
    const struct guard_subject *subject, enum guard_kind kind, enum guard_direction direction)
{
	must_slow(subject->caller != NULL || kind == GUARD_DEFINITION);
	(void)direction;
	return (struct guard_verdict){ .action = GUARD_ALLOW, .rule = S("default") };
}
