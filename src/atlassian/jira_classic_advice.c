/*
 * The two heuristics of mcp-jira-confluence over the issues that were done before: who might do an
 * issue, how large it might be.  They are its own, point for point; here they are given the fields
 * they look at.
 */
#include <stdlib.h>
#include <string.h>

#include "atlassian/classic.h"
#include "atlassian/jira.h"

#define PEOPLE_MAX   200
#define PEOPLE_SHOWN 5
#define WORKLOAD_MAX 100
/* Not by names of statuses: a site that lacks one of them refuses the whole query. */
#define DONE	 "statusCategory = Done"
#define NOT_DONE "statusCategory != Done"
#define HOUR_S	 3600.0

static bool
issue_wait(struct work *work, const char *fields, yyjson_val **issue)
{
	yyjson_mut_val *arguments = out_obj(work);

	out_slice(work, arguments, "issue_key", arg_slice(work, "issue_key"));
	out_str(work, arguments, "fields", fields);
	out_int(work, arguments, "comment_limit", 0);
	out_bool(work, arguments, "update_history", false);
	return work_tool_wait(work, "get_issue", arguments, issue);
}

/* ---- issues of the same kind ----------------------------------------------------------------- */

/* `project = P AND issuetype = T AND (component = A OR ...) AND <done> ORDER BY resolved DESC`. */
static bool
alike_jql(struct work *work, yyjson_val *issue, const char *done, struct slice *out)
{
	yyjson_val *components = yyjson_obj_get(issue, "components"), *one;
	struct slice type = text_at(issue, "issue_type/name", NULL);
	struct buf jql;
	size_t i, max;
	bool ok;

	buf_init(&jql, NULL, JQL_MAX_BYTES);
	buf_puts(&jql, "project = ");
	jql_quote(&jql, text_at(issue, "project/key", ""));
	if (type.n > 0) {
		buf_puts(&jql, " AND issuetype = ");
		jql_quote(&jql, type);
	}
	yyjson_arr_foreach(components, i, max, one)
	{
		buf_puts(&jql, i == 0 ? " AND (component = " : " OR component = ");
		jql_quote(&jql, json_slice(one));
	}
	buf_puts(&jql, yyjson_arr_size(components) > 0 ? ")" : "");
	buf_printf(&jql, " AND %s ORDER BY resolved DESC", done);
	ok = buf_check(&jql, work->err) && arena_reserve(work->arena, jql.n, work->err);
	if (ok)
		*out = slice_dup(work->arena, buf_view(&jql));
	buf_fini(&jql);
	return ok;
}

static bool
has_name(yyjson_val *names, struct slice name)
{
	yyjson_val *one;
	size_t i, max;

	yyjson_arr_foreach(names, i, max, one)
	{
		if (slice_eq(json_slice(one), name))
			return true;
	}
	return false;
}

/* Names that both have. */
static unsigned
shared(yyjson_val *a, yyjson_val *b)
{
	yyjson_val *one;
	unsigned n = 0;
	size_t i, max;

	yyjson_arr_foreach(a, i, max, one) n += has_name(b, json_slice(one));
	return n;
}

/* ---- who might do it ------------------------------------------------------------------------- */

struct candidate {
	struct slice name, id;
	unsigned score, issues, timed;
	double hours;
	bool knows_components, knows_labels; /* of this issue, one or the other */
	size_t first;			     /* the issue by which they came in */
};

/* Seconds since some day; false: no moment of Jira. */
static bool
seconds_of(struct slice moment, double *out)
{
	int year, month, day, hour, minute, second, days;
	char text[20];

	if (moment.n < 19)
		return false;
	memcpy(text, moment.p, 19);
	text[19] = '\0';
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) !=
	    6)
		return false;
	/* Days of the civil calendar, March first. */
	year -= month <= 2;
	month += month <= 2 ? 9 : -3;
	days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
	*out = days * 86400.0 + hour * HOUR_S + minute * 60.0 + second;
	return true;
}

static struct candidate *
candidate_of(struct candidate *all, size_t *n, struct slice id)
{
	for (size_t i = 0; i < *n; i++) {
		if (slice_eq(all[i].id, id))
			return &all[i];
	}
	if (*n == PEOPLE_MAX)
		return NULL;
	all[*n] = (struct candidate){ .id = id, .first = *n };
	return &all[(*n)++];
}

static void
candidate_count(struct candidate *candidate, yyjson_val *issue, yyjson_val *done, struct slice name)
{
	unsigned components = shared(
		     yyjson_obj_get(issue, "components"), yyjson_obj_get(done, "components")),
		 labels = shared(yyjson_obj_get(issue, "labels"), yyjson_obj_get(done, "labels"));
	double from, to;

	candidate->name = name;
	candidate->score += 1 + 2 * components + labels;
	candidate->issues++;
	candidate->knows_components |= components > 0;
	candidate->knows_labels |= labels > 0;
	if (seconds_of(text_at(done, "created", NULL), &from) &&
	    seconds_of(text_at(done, "resolutiondate", NULL), &to) && to >= from) {
		candidate->hours += (to - from) / HOUR_S;
		candidate->timed++;
	}
}

static int
by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

static bool
workload_wait(struct work *work, const struct candidate *candidate, int64_t *n)
{
	yyjson_val *issues;
	struct buf jql;
	bool ok;

	buf_init(&jql, NULL, JQL_MAX_BYTES);
	buf_puts(&jql, "assignee = ");
	jql_quote(&jql, candidate->id);
	buf_puts(&jql, " AND " NOT_DONE);
	ok = buf_check(&jql, work->err) &&
	    classic_issues_wait(work, buf_view(&jql), "summary", SLICE_NONE,
		work->is_cloud ? WORKLOAD_MAX : 1, &issues, n);
	buf_fini(&jql);
	return ok;
}

/* The names that an issue and those of a candidate share are in the candidate's issues. */
static void
put_reason(struct buf *out, yyjson_val *names, yyjson_val *done, const struct candidate *candidate,
    const char *key)
{
	yyjson_val *name, *one;
	size_t i, k, max, max_k;
	bool any = false;

	yyjson_arr_foreach(names, i, max, name)
	{
		yyjson_arr_foreach(done, k, max_k, one)
		{
			struct slice id = text_at(one, "assignee/account_id", NULL);

			if (id.n == 0)
				id = text_at(one, "assignee/name", NULL);
			if (slice_eq(id, candidate->id) &&
			    has_name(yyjson_obj_get(one, key), json_slice(name)))
				break;
		}
		if (k == max_k)
			continue;
		buf_puts(out, any ? ", " : "  - Experience with ");
		any = true;
		buf_put(out, json_slice(name));
	}
	buf_puts(out, any ? "\n" : "");
}

static bool
put_candidate_wait(struct work *work, yyjson_val *issue, yyjson_val *done, unsigned number,
    const struct candidate *candidate)
{
	static const struct {
		unsigned least;
		const char *mark, *word;
	} strengths[] = { { 5, "🟢", "High" }, { 3, "🟡", "Medium" }, { 0, "🔴", "Low" } };
	struct buf *out = &work->told;
	int64_t workload;
	size_t k = 0;

	if (!workload_wait(work, candidate, &workload))
		return false;
	while (candidate->score < strengths[k].least)
		k++;
	buf_printf(out, "### %u. %.*s %s\n**Score:** %u | **Strength:** %s\n", number,
	    SLICE_FMT(candidate->name), strengths[k].mark, candidate->score, strengths[k].word);
	buf_printf(out,
	    "**Current Workload:** %lld open issues\n**Experience:** %u similar issues resolved\n",
	    (long long)workload, candidate->issues);
	if (candidate->timed > 0)
		buf_printf(out, "**Avg Resolution Time:** %.1f hours\n",
		    candidate->hours / candidate->timed);
	if (candidate->knows_components || candidate->knows_labels) {
		buf_puts(out, "**Why recommended:**\n");
		put_reason(out, yyjson_obj_get(issue, "components"), done, candidate, "components");
		put_reason(out, yyjson_obj_get(issue, "labels"), done, candidate, "labels");
	}
	buf_putc(out, '\n');
	return true;
}

static bool
candidates_take(
    struct work *work, yyjson_val *issue, yyjson_val *done, struct candidate **out, size_t *n)
{
	struct candidate *candidate;
	yyjson_val *one;
	size_t i, max;

	*n = 0;
	if (!arena_reserve(work->arena, PEOPLE_MAX * sizeof(**out), work->err))
		return false;
	*out = ARENA_ARRAY(work->arena, struct candidate, PEOPLE_MAX);
	yyjson_arr_foreach(done, i, max, one)
	{
		struct slice id = text_at(one, "assignee/account_id", NULL);

		if (id.n == 0)
			id = text_at(one, "assignee/name", NULL);
		candidate = id.n > 0 ? candidate_of(*out, n, id) : NULL;
		if (candidate != NULL)
			candidate_count(candidate, issue, one,
			    text_at(one, "assignee/display_name", "Unknown"));
	}
	qsort(*out, *n, sizeof(**out), by_score);
	return true;
}

static bool
recommend(struct work *work)
{
	struct candidate *candidates;
	struct buf *out = &work->told;
	yyjson_val *issue, *done;
	struct slice jql;
	int64_t total;
	size_t n;

	if (!issue_wait(work, "summary,issuetype,components,labels,project", &issue) ||
	    !alike_jql(work, issue, DONE " AND resolved >= -26w", &jql) ||
	    !classic_issues_wait(work, jql, "assignee,components,labels,created,resolutiondate",
		SLICE_NONE, 50, &done, &total) ||
	    !candidates_take(work, issue, done, &candidates, &n))
		return false;
	buf_printf(out,
	    "# Task Assignment Recommendations\n\n**Issue:** %.*s - %.*s\n**Type:** %.*s\n"
	    "**Analysis based on:** %zu similar resolved issues\n\n",
	    SLICE_FMT(text_at(issue, "key", "")), SLICE_FMT(text_at(issue, "summary", "")),
	    SLICE_FMT(text_at(issue, "issue_type/name", "")), yyjson_arr_size(done));
	buf_puts(out,
	    n > 0 ? "## 🎯 Recommended Assignees\n\n"
		  : "No assignment recommendations available. This might be due to:\n"
		    "- No similar issues found in project history\n"
		    "- No team members have worked on similar tasks\n"
		    "- Insufficient historical data\n\n"
		    "Consider assigning based on:\n"
		    "- Current workload distribution\n"
		    "- Team member expertise and interests\n"
		    "- Learning and development goals\n");
	for (unsigned i = 0; i < n && i < PEOPLE_SHOWN; i++) {
		if (!put_candidate_wait(work, issue, done, i + 1, &candidates[i]))
			return false;
	}
	return classic_told(work, work_printf(work, "jira://issue/%s", arg_str(work, "issue_key")));
}

/* ---- how large it might be ------------------------------------------------------------------- */

#define POINTS_MAX   21
#define ALIKE_MAX    100
#define ALIKE_SHOWN  3
#define WEIGHTED_MAX (ALIKE_MAX * 64)

struct sample {
	double points;
	unsigned likeness;
	yyjson_val *issue;
};

struct estimate {
	struct work *work;
	yyjson_val *issue;
	size_t description, components, labels;
	unsigned complexity;
	struct sample *samples;
	size_t n;
	double *weighted; /* points of each sample, as often as it is alike; sorted */
	size_t weighted_n;
};

static unsigned
least(size_t a, unsigned b)
{
	return a < b ? (unsigned)a : b;
}

static unsigned
likeness_of(const struct estimate *estimate, yyjson_val *other)
{
	long description = labs((long)estimate->description -
		 (long)text_length(text_at(other, "description", ""))),
	     title = labs((long)text_length(text_at(estimate->issue, "summary", "")) -
		 (long)text_length(text_at(other, "summary", "")));
	unsigned n = 2 *
	    shared(
		yyjson_obj_get(estimate->issue, "components"), yyjson_obj_get(other, "components"));

	n += description < 200 ? 3 : description < 500 ? 2 : description < 1000 ? 1 : 0;
	return n + (title < 20 ? 2 : title < 50 ? 1 : 0);
}

/* To the nearest whole number, of two the even one; of what is not negative. */
static double
rounded(double value)
{
	int64_t whole = (int64_t)value;
	double rest = value - (double)whole;

	if (rest > 0.5 || (!(rest < 0.5) && whole % 2 != 0))
		whole++;
	return (double)whole;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static bool
samples_take(struct estimate *estimate, yyjson_val *done, struct slice points_field)
{
	struct work *work = estimate->work;
	yyjson_val *one;
	size_t i, max;

	if (!arena_reserve(work->arena,
		ALIKE_MAX * sizeof(*estimate->samples) + WEIGHTED_MAX * sizeof(double), work->err))
		return false;
	estimate->samples = ARENA_ARRAY(work->arena, struct sample, ALIKE_MAX);
	estimate->weighted = ARENA_ARRAY(work->arena, double, WEIGHTED_MAX);
	yyjson_arr_foreach(done, i, max, one)
	{
		double points = classic_points_of(work, one, points_field);
		struct sample *sample = &estimate->samples[estimate->n];
		unsigned weight;

		if (!(points > 0) || estimate->n == ALIKE_MAX)
			continue;
		*sample = (struct sample){ points, likeness_of(estimate, one), one };
		estimate->n++;
		weight = sample->likeness > 64 ? 64 : sample->likeness > 0 ? sample->likeness : 1;
		for (unsigned k = 0; k < weight; k++)
			estimate->weighted[estimate->weighted_n++] = points;
	}
	qsort(estimate->weighted, estimate->weighted_n, sizeof(double), by_value);
	return true;
}

/* How often the value at i stands there, which is sorted. */
static size_t
run_at(const struct estimate *estimate, size_t i)
{
	size_t n = 1;

	while (i + n < estimate->weighted_n && !(estimate->weighted[i + n] > estimate->weighted[i]))
		n++;
	return n;
}

static double
most_common(const struct estimate *estimate)
{
	double found = 0;
	size_t best = 0, n;

	for (size_t i = 0; i < estimate->weighted_n; i += n) {
		n = run_at(estimate, i);
		if (n > best)
			found = estimate->weighted[i];
		best = n > best ? n : best;
	}
	return found;
}

static void
put_history(const struct estimate *estimate, double average, double median)
{
	struct buf *out = &estimate->work->told;
	size_t n;

	buf_puts(out, "## 📊 Historical Analysis\n");
	if (estimate->n == 0) {
		buf_puts(out,
		    "**No similar resolved issues found** - No similar resolved issues with story "
		    "points found\n\n");
		return;
	}
	buf_printf(out,
	    "**Based on %zu similar resolved issues:**\n  - Average points: %.1f\n"
	    "  - Median points: %g\n  - Most common: %g\n  - Distribution: ",
	    estimate->n, average, median, most_common(estimate));
	for (size_t i = 0; i < estimate->weighted_n; i += n) {
		n = run_at(estimate, i);
		buf_printf(out, "%s%gpts(%zu)", i > 0 ? ", " : "", estimate->weighted[i], n);
	}
	buf_puts(out, "\n\n");
}

/* The smaller of both, if that is more than last and at least 1. */
static double
least_above(double next, double value, double last)
{
	return value > last && value >= 1 && value < next ? value : next;
}

/* The same words in the same order, of what is 1 to 21. */
static void
put_alternatives(struct buf *out, const double *values, size_t n)
{
	const char *mark = "**Alternative estimates:** ";
	double last = 0;

	for (;;) {
		double next = POINTS_MAX + 1;

		for (size_t i = 0; i < n; i++)
			next = least_above(next, values[i], last);
		if (next > POINTS_MAX)
			break;
		buf_printf(out, "%s%g", mark, next);
		mark = ", ";
		last = next;
	}
	buf_puts(out, last > 0 ? " points\n" : "");
}

static void
put_recommendation(const struct estimate *estimate, double average, double median)
{
	static const unsigned bases[] = { 1, 1, 2, 2, 3, 3, 5, 5, 8 };
	struct buf *out = &estimate->work->told;
	double known[] = { rounded(median), most_common(estimate),
		rounded(average) > 1 ? rounded(average) : 1 },
	       small[] = { 1, 2, 3, 5 }, large[] = { 3, 5, 8, 13 }, primary;
	const char *confidence = estimate->n >= 10 ? "High" : estimate->n >= 5 ? "Medium" : "Low";

	primary = rounded(average + estimate->complexity * 0.5);
	if (estimate->n == 0)
		primary = bases[least(estimate->complexity, COUNT(bases) - 1)];
	primary = primary < 1 ? 1 : primary > POINTS_MAX ? POINTS_MAX : primary;
	buf_printf(out, "## 🎯 Recommendation %s\n**Primary Estimate:** %g story points\n",
	    estimate->n >= 10	   ? "🟢"
		: estimate->n >= 5 ? "🟡"
				   : "🔴",
	    primary);
	buf_printf(out, "**Confidence:** %s\n", confidence);
	if (estimate->n > 0)
		put_alternatives(out, known, COUNT(known));
	else
		put_alternatives(out, primary <= 3 ? small : large, COUNT(small));
	if (estimate->n == 0)
		buf_puts(out,
		    "**Note:** Based on complexity analysis only - consider team discussion\n");
	buf_putc(out, '\n');
}

static void
put_estimate(const struct estimate *estimate)
{
	struct buf *out = &estimate->work->told;
	double sum = 0, average = 0, median = 0;

	for (size_t i = 0; i < estimate->weighted_n; i++)
		sum += estimate->weighted[i];
	if (estimate->weighted_n > 0) {
		average = sum / (double)estimate->weighted_n;
		median = estimate->weighted[estimate->weighted_n / 2];
	}
	buf_printf(out, "# Story Point Estimation\n\n**Issue:** %.*s - %.*s\n**Type:** %.*s\n\n",
	    SLICE_FMT(text_at(estimate->issue, "key", "")),
	    SLICE_FMT(text_at(estimate->issue, "summary", "")),
	    SLICE_FMT(text_at(estimate->issue, "issue_type/name", "")));
	buf_printf(out,
	    "## 🧠 Complexity Analysis\n**Level:** %s (Score: %u)\n**Factors:**\n"
	    "  - Description length: %zu characters\n  - Components: %zu\n  - Labels: %zu\n\n",
	    estimate->complexity >= 6	    ? "High"
		: estimate->complexity >= 3 ? "Medium"
					    : "Low",
	    estimate->complexity, estimate->description, estimate->components, estimate->labels);
	put_history(estimate, average, median);
	put_recommendation(estimate, average, median);
	if (estimate->n == 0)
		return;
	buf_puts(out, "## 📚 Most Similar Issues\n");
	for (size_t i = 0; i < estimate->n && i < ALIKE_SHOWN; i++) {
		const struct sample *sample = &estimate->samples[i];

		buf_printf(out,
		    "- **%.*s** (%g pts): ", SLICE_FMT(text_at(sample->issue, "key", "")),
		    sample->points);
		text_short(out, text_at(sample->issue, "summary", ""), 100);
		buf_printf(out, "\n  - Similarity score: %u\n", sample->likeness);
	}
	buf_putc(out, '\n');
}

static bool
estimate_points(struct work *work)
{
	struct estimate estimate = { .work = work };
	yyjson_val *done = NULL;
	struct slice jql, points;
	const char *where;
	int64_t total;

	if (!issue_wait(
		work, "summary,description,issuetype,components,labels,project", &estimate.issue) ||
	    !classic_points_field_wait(work, &points))
		return false;
	where = DONE " AND resolved >= -52w";
	/* `cf[10016]` means the field whatever it is called. */
	if (slice_starts(points, S("customfield_")))
		where = work_printf(work, "%s AND cf[%.*s] is not EMPTY", where,
		    (int)(points.n - 12), points.p + 12);
	if (points.n > 0 &&
	    (!alike_jql(work, estimate.issue, where, &jql) ||
		!classic_issues_wait(
		    work, jql, "summary,description,components", points, ALIKE_MAX, &done, &total)))
		return false;
	estimate.description = text_length(text_at(estimate.issue, "description", ""));
	estimate.components = yyjson_arr_size(yyjson_obj_get(estimate.issue, "components"));
	estimate.labels = yyjson_arr_size(yyjson_obj_get(estimate.issue, "labels"));
	estimate.complexity = estimate.description > 1000 ? 3
	    : estimate.description > 500		  ? 2
	    : estimate.description > 200		  ? 1
							  : 0;
	estimate.complexity += least(estimate.components, 3) + least(estimate.labels / 2, 2);
	if (!samples_take(&estimate, done, points))
		return false;
	put_estimate(&estimate);
	return classic_told(work, work_printf(work, "jira://issue/%s", arg_str(work, "issue_key")));
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define KEY_ARG \
	{ \
		"issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" \
	}

static const struct tool tools[] = {
	{ .name = "get-task-assignment-recommendations",
	    .title = "Get Task Assignment Recommendations",
	    .help =
		"Who might do an issue: by who resolved issues like it, and how much they have to do. A heuristic.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = recommend,
	    ARGS(KEY_ARG) },
	{ .name = "estimate-story-points",
	    .title = "Estimate Story Points",
	    .help =
		"How many story points an issue may have: by its size and by issues like it. A heuristic.",
	    .toolset = "classic",
	    .flags = READS | IDEMPOTENT | CLASSIC,
	    .run = estimate_points,
	    ARGS(KEY_ARG) },
};
const struct tool_set jira_classic_advice_tools = { PRODUCT_JIRA, tools, COUNT(tools) };
