/*
 * Private to Jira's tools: when an issue was in which status, and how long that is.
 *
 * Times keep the text that Jira sent.  Durations are whole minutes.  Working hours are counted on
 * the clock of their zone, as people there read it.
 */
#ifndef ATLASSIAN_JIRA_TIMES_H
#define ATLASSIAN_JIRA_TIMES_H

#include "atlassian/jira.h"
#include "atlassian/zone.h"

struct jira_time {
	int64_t ms;	  /* since 1970, UTC */
	int32_t offset_s; /* of the zone it was written in */
	struct slice text;
	bool is_set;
};
/* "2026-06-05T10:00:00.000+0200", "...Z", "2026-06-05"; years 1970 to 2199.  False: it is none. */
bool jira_time_read(struct slice text, struct jira_time *out);

/* One stay in a status. */
struct jira_visit {
	struct slice status, by;	  /* by: SLICE_NONE: it was created so */
	struct jira_time entered, exited; /* exited not set: it is in it now */
};

/* All stays in one status. */
struct jira_stay {
	struct slice status;
	int64_t minutes; /* of those that are over */
	unsigned visits;
};

struct jira_history {
	struct slice key, status;
	struct jira_time created, updated, resolved, due;
	struct jira_visit *visits; /* in the order of time */
	size_t visits_n;
	struct jira_stay *stays; /* the longest first */
	size_t stays_n;
};
/* One request, more where Cloud cuts a long history.  with_changes: false: no visits, no stays. */
MUST_CHECK bool
jira_history_wait(struct work *work, struct slice key, bool with_changes, struct jira_history *out);
/* Members `status_changes` of a result. */
yyjson_mut_val *
jira_visits_make(struct work *work, const struct jira_history *history, bool with_durations);
/* The longest first; those of one length stay in their order. */
void jira_stays_sort(struct jira_stay *stays, size_t n);

/* From a to b, cut; negative where b is before a. */
int64_t jira_minutes(const struct jira_time *a, const struct jira_time *b);
/* "1d 2h 0m"; nothing or less: "0m". */
const char *jira_minutes_text(struct work *work, int64_t minutes);

/* When people work: minutes of a day, days as bits (1 << 1: Monday, 1 << 7: Sunday). */
struct jira_hours {
	const struct zone *zone;
	unsigned start_min, end_min, days;
};
int64_t jira_working_minutes(
    const struct jira_hours *hours, const struct jira_time *from, const struct jira_time *to);

#endif
