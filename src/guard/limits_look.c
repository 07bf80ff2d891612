/*
 * The stage of `guard.rate`: may one more request be made?  What comes back is counted, never
 * refused: its server has done the work.
 */
#include <stdio.h>

#include "guard/stages.h"

static void
say(struct look *look, const struct limit_reached *reached)
{
	const struct config_limit *limit = reached->limit;
	struct guard_verdict *verdict = look->verdict;
	char number[24], when[48] = "when one of them is answered";

	if (reached->retry_ms > 0)
		snprintf(when, sizeof(when), "in %llu %s",
		    (unsigned long long)(reached->retry_ms < 1000
			    ? reached->retry_ms
			    : (reached->retry_ms + 999) / 1000),
		    reached->retry_ms < 1000 ? "ms" : "s");
	snprintf(number, sizeof(number), "%llu", (unsigned long long)limit->concurrent);
	err_set(&verdict->err, ERR_LIMIT,
	    "the limit %.*s is reached (%.*s: %.*s, %s%.*s): try again %s", SLICE_FMT(limit->rule),
	    SLICE_FMT(reached->key),
	    SLICE_FMT(reached->value.p != NULL ? reached->value : slice_of(number)),
	    limit->per != 0 ? "per " : "for all together", SLICE_FMT(limit->per_text), when);
	verdict->retry_ms = reached->retry_ms;
}

void
limits_look(struct look *look)
{
	struct guard_subject subject = *look->subject;
	struct limit_reached reached;

	if (look->kind == GUARD_RESULT) {
		/* As it goes on. */
		subject.text = look_text(look);
		limits_pay(look->guard->limits, &subject);
		return;
	}
	if (limits_take(look->guard->limits, &subject, &look->verdict->hold, &reached))
		return;
	look_decide(look, GUARD_DENY, reached.limit->rule, SLICE_NONE);
	say(look, &reached);
}
