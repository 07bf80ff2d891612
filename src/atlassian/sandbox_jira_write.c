/*
 * What is written to issues of the sandbox: fields checked as a whole before the first of them is
 * set, each change in the history, errors in Jira's words.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

#define SUMMARY_MAX 255
#define LABELS_MAX  1000

/* ---- values ---------------------------------------------------------------------------------- */

/* The user that {"accountId"}, {"name"} or {"id"} names; false: there is no such. */
static bool
user_of(const struct visit *visit, yyjson_val *value, const struct user **out)
{
	static const char *const keys[] = { "accountId", "name", "id", "key" };
	struct slice text;

	*out = NULL;
	if (value == NULL || yyjson_is_null(value))
		return true;
	for (size_t i = 0; i < COUNT(keys); i++) {
		yyjson_val *member = yyjson_obj_get(value, keys[i]);

		if (member != NULL && yyjson_is_null(member))
			return true;
		text = json_text(value, keys[i]);
		if (text.p == NULL)
			continue;
		if (text.n == 0 && !visit->world->is_cloud)
			return true;
		*out = user_find(text);
		return *out != NULL;
	}
	return false;
}

/* {"id"}, {"name"}, {"key"} or {"value"}, whichever stands there. */
static struct slice
id_or_name(struct visit *visit, yyjson_val *value)
{
	static const char *const keys[] = { "id", "key", "name", "value" };
	yyjson_val *member;

	for (size_t i = 0; i < COUNT(keys); i++)
		if ((member = yyjson_obj_get(value, keys[i])) != NULL)
			return json_id(visit, member);
	return SLICE_NONE;
}

static struct slice
user_id(const struct visit *visit, const struct user *user)
{
	if (user == NULL)
		return SLICE_NONE;
	return slice_of(visit->world->is_cloud ? user->account_id : user->name);
}

static struct slice
user_text(const struct user *user)
{
	return user != NULL ? slice_of(user->display) : SLICE_NONE;
}

void
issue_change(struct visit *visit, struct issue *issue, const char *field, struct slice from,
    struct slice from_text, struct slice to, struct slice to_text)
{
	struct sandbox *sandbox = visit->sandbox;
	struct change *change = SANDBOX_NEW(sandbox, struct change);

	if (visit->change_id == 0)
		visit->change_id = visit->world->next_id++;
	change->id = visit->change_id;
	change->author = visit->user;
	change->when_ms = visit->now_ms;
	change->field = sandbox_dup(sandbox, slice_of(field));
	change->from = sandbox_dup(sandbox, from);
	change->from_text = sandbox_dup(sandbox, from_text);
	change->to = sandbox_dup(sandbox, to);
	change->to_text = sandbox_dup(sandbox, to_text);
	list_add(sandbox, &issue->changes, change);
}

/* ---- one field at a time --------------------------------------------------------------------- */

/*
 * A row checks a value, and sets it afterwards.  A check that fails has answered.
 */
struct setter {
	const char *id;
	bool (*check)(struct visit *visit, const struct project *project, yyjson_val *value);
	void (*set)(struct visit *visit, struct issue *issue, yyjson_val *value);
};

static bool
check_summary(struct visit *visit, const struct project *project, yyjson_val *value)
{
	struct slice text = { yyjson_get_str(value), yyjson_get_len(value) };

	if (!yyjson_is_str(value) || slice_trim(text).n == 0)
		visit_fail_field(visit, "summary", "You must specify a summary of the issue.");
	else if (text.n > SUMMARY_MAX)
		visit_fail_field(visit, "summary", "Summary must be less than 255 characters.");
	else if (memchr(text.p, '\n', text.n) != NULL)
		visit_fail_field(visit, "summary",
		    "The summary is invalid because it contains newline characters.");
	else
		return true;
	return false;
}

static void
set_summary(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct slice text = { yyjson_get_str(value), yyjson_get_len(value) };

	if (issue->summary.p != NULL && !slice_eq(issue->summary, text))
		issue_change(visit, issue, "summary", SLICE_NONE, issue->summary, SLICE_NONE, text);
	sandbox_set(visit->sandbox, &issue->summary, text);
}

/* Version 2 takes strings, version 3 documents. */
static bool
check_rich(struct visit *visit, const char *field, yyjson_val *value)
{
	if (yyjson_is_null(value))
		return true;
	if (visit->is_v3) {
		if (slice_eq(json_text(value, "type"), S("doc")) &&
		    yyjson_is_arr(yyjson_obj_get(value, "content")) &&
		    yyjson_get_uint(yyjson_obj_get(value, "version")) == 1)
			return true;
		visit_fail_field(visit, field,
		    "Operation value must be an Atlassian Document (see the Atlassian Document "
		    "Format)");
		return false;
	}
	if (yyjson_is_str(value))
		return true;
	visit_fail_field(visit, field, "Operation value must be a string");
	return false;
}

static void
set_rich(struct visit *visit, struct rich *rich, yyjson_val *value)
{
	if (value == NULL || yyjson_is_null(value))
		rich_set_wiki(visit->sandbox, rich, SLICE_NONE);
	else if (yyjson_is_str(value))
		rich_set_wiki(visit->sandbox, rich,
		    (struct slice){ yyjson_get_str(value), yyjson_get_len(value) });
	else
		rich_set_adf(visit->sandbox, rich, json_raw(visit, value));
}

static bool
check_description(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_rich(visit, "description", value);
}

static void
set_description(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct slice old = visit_dup(visit, issue->description.wiki);
	bool is_new = issue->updated_ms == 0;

	set_rich(visit, &issue->description, value);
	if (!is_new)
		issue_change(visit, issue, "description", SLICE_NONE, old, SLICE_NONE,
		    issue->description.wiki);
}

static bool
check_environment(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_rich(visit, "environment", value);
}

static void
set_environment(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	set_rich(visit, &issue->environment, value);
}

static bool
check_type(struct visit *visit, const struct project *project, yyjson_val *value)
{
	if (type_find(project, id_or_name(visit, value)) != NULL)
		return true;
	visit_fail_field(visit, "issuetype",
	    visit->world->is_cloud ? "Specify a valid issue type" : "issue type is required");
	return false;
}

static void
set_type(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	const struct issue_type *type = type_find(issue->project, id_or_name(visit, value));

	if (issue->type != NULL && issue->type != type)
		issue_change(visit, issue, "issuetype", slice_of(issue->type->id),
		    slice_of(issue->type->name), slice_of(type->id), slice_of(type->name));
	issue->type = type;
}

static bool
check_priority(struct visit *visit, const struct project *project, yyjson_val *value)
{
	if (yyjson_is_null(value) || priority_find(id_or_name(visit, value)) != NULL)
		return true;
	visit_fail_field(visit, "priority", "The priority selected is invalid.");
	return false;
}

static void
set_priority(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	const struct priority *old = issue->priority;

	issue->priority = yyjson_is_null(value) ? NULL : priority_find(id_or_name(visit, value));
	if (old != issue->priority && old != NULL && issue->priority != NULL)
		issue_change(visit, issue, "priority", slice_of(old->id), slice_of(old->name),
		    slice_of(issue->priority->id), slice_of(issue->priority->name));
}

static bool
check_user(struct visit *visit, const char *field, yyjson_val *value)
{
	const struct user *user;

	if (user_of(visit, value, &user))
		return true;
	if (visit->world->is_cloud)
		visit_fail_field(visit, field,
		    "Account ID is not valid or the user cannot be "
		    "assigned issues.");
	else
		visit_fail_field(visit, field, "User '%.*s' does not exist.",
		    SLICE_FMT(json_text(value, "name")));
	return false;
}

static bool
check_assignee(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_user(visit, "assignee", value);
}

static void
set_assignee(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	const struct user *user = NULL, *old = issue->assignee;

	if (!user_of(visit, value, &user))
		return;
	if (slice_eq(json_text(value, "accountId"), S("-1")) ||
	    slice_eq(json_text(value, "name"), S("-1")))
		user = issue->project->lead;
	issue->assignee = user;
	if (old != user && issue->updated_ms != 0)
		issue_change(visit, issue, "assignee", user_id(visit, old), user_text(old),
		    user_id(visit, user), user_text(user));
}

static bool
check_reporter(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_user(visit, "reporter", value);
}

static void
set_reporter(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	const struct user *user;

	if (user_of(visit, value, &user) && user != NULL)
		issue->reporter = user;
}

static bool
check_labels(struct visit *visit, const struct project *project, yyjson_val *value)
{
	yyjson_val *label;
	size_t i, n;

	if (yyjson_is_null(value))
		return true;
	if (!yyjson_is_arr(value) || yyjson_arr_size(value) > LABELS_MAX) {
		visit_fail_field(visit, "labels", "data was not an array");
		return false;
	}
	yyjson_arr_foreach(value, i, n, label)
	{
		struct slice text = { yyjson_get_str(label), yyjson_get_len(label) };

		if (yyjson_is_str(label) && text.n > 0 && memchr(text.p, ' ', text.n) == NULL)
			continue;
		visit_fail_field(visit, "labels",
		    "The label '%.*s' contains spaces which is invalid.", SLICE_FMT(text));
		return false;
	}
	return true;
}

static struct slice *
label_find(const struct issue *issue, struct slice text)
{
	struct slice *label;

	LIST_EACH(label, &issue->labels)
	if (slice_eq(*label, text))
		return label;
	return NULL;
}

static void
label_add(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct slice text = { yyjson_get_str(value), yyjson_get_len(value) }, *label;

	if (label_find(issue, text) != NULL)
		return;
	label = SANDBOX_NEW(visit->sandbox, struct slice);
	*label = sandbox_dup(visit->sandbox, text);
	list_add(visit->sandbox, &issue->labels, label);
}

static void
label_remove(struct visit *visit, struct issue *issue, struct slice text)
{
	struct slice *label = label_find(issue, text);

	if (label == NULL)
		return;
	list_remove(&issue->labels, label);
	sandbox_set(visit->sandbox, label, SLICE_NONE);
	sandbox_release(visit->sandbox, label);
}

static struct slice
labels_text(struct visit *visit, const struct issue *issue)
{
	struct slice text = S("");
	const struct slice *label;

	LIST_EACH(label, &issue->labels)
	text = arena_printf(
	    visit->arena, "%.*s%s%.*s", SLICE_FMT(text), text.n > 0 ? " " : "", SLICE_FMT(*label));
	return text;
}

static void
set_labels(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct slice old = labels_text(visit, issue);
	yyjson_val *label;
	size_t i, n;

	while (issue->labels.n > 0)
		label_remove(visit, issue, *(struct slice *)issue->labels.p[0]);
	yyjson_arr_foreach(value, i, n, label) label_add(visit, issue, label);
	if (issue->updated_ms != 0)
		issue_change(
		    visit, issue, "labels", SLICE_NONE, old, SLICE_NONE, labels_text(visit, issue));
}

typedef void *(*find_fn)(const struct project *project, struct slice id_or_name);

static void *
find_component(const struct project *project, struct slice name)
{
	return component_find(project, name);
}

static void *
find_version(const struct project *project, struct slice name)
{
	return version_find(project, name);
}

static bool
check_named(struct visit *visit, const struct project *project, const char *field,
    yyjson_val *value, find_fn find)
{
	yyjson_val *item;
	struct slice name;
	size_t i, n;

	if (!yyjson_is_arr(value) && !yyjson_is_null(value)) {
		visit_fail_field(visit, field, "data was not an array");
		return false;
	}
	yyjson_arr_foreach(value, i, n, item)
	{
		name = id_or_name(visit, item);
		if (find(project, name) != NULL)
			continue;
		visit_fail_field(visit, field, "%s name '%.*s' is not valid",
		    find == find_component ? "Component" : "Version", SLICE_FMT(name));
		return false;
	}
	return true;
}

static void
set_named(
    struct visit *visit, struct issue *issue, struct list *list, yyjson_val *value, find_fn find)
{
	yyjson_val *item;
	void *found;
	size_t i, n;

	list->n = 0;
	yyjson_arr_foreach(value, i, n, item)
	{
		found = find(issue->project, id_or_name(visit, item));
		if (found != NULL && !list_has(list, found))
			list_add(visit->sandbox, list, found);
	}
}

static bool
check_components(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_named(visit, project, "components", value, find_component);
}

static void
set_components(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	set_named(visit, issue, &issue->components, value, find_component);
}

static bool
check_fix_versions(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_named(visit, project, "fixVersions", value, find_version);
}

static void
set_fix_versions(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	set_named(visit, issue, &issue->fix_versions, value, find_version);
}

static bool
check_versions(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return check_named(visit, project, "versions", value, find_version);
}

static void
set_versions(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	set_named(visit, issue, &issue->versions, value, find_version);
}

static bool
check_date(struct visit *visit, const struct project *project, yyjson_val *value)
{
	struct query_value date = { .text = { yyjson_get_str(value), yyjson_get_len(value) } };
	uint64_t ms;

	if (yyjson_is_null(value) ||
	    (yyjson_is_str(value) &&
		(date.text.n == 0 || (date.text.n == 10 && query_time(&date, visit->now_ms, &ms)))))
		return true;
	visit_fail_field(visit, "duedate", "Error parsing date string: %.*s", SLICE_FMT(date.text));
	return false;
}

static void
set_due(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct slice text = { yyjson_get_str(value), yyjson_get_len(value) };

	sandbox_set(visit->sandbox, &issue->due, text.n > 0 ? text : SLICE_NONE);
}

/* {"key"} or {"id"}, or for the epic link a string; null takes it away. */
static struct issue *
parent_of(struct visit *visit, yyjson_val *value)
{
	struct slice key = yyjson_is_str(value)
	    ? (struct slice){ yyjson_get_str(value), yyjson_get_len(value) }
	    : id_or_name(visit, value);

	return key.p != NULL ? issue_find(visit->world, key) : NULL;
}

static bool
check_parent(struct visit *visit, const struct project *project, yyjson_val *value)
{
	if (yyjson_is_null(value) || parent_of(visit, value) != NULL)
		return true;
	visit_fail_field(visit, "parent", "Could not find valid 'id' or 'key' for parent issue.");
	return false;
}

static bool
is_above(const struct issue *issue, const struct issue *other)
{
	while (other != NULL && other != issue)
		other = other->parent;
	return other != NULL;
}

static void
set_parent(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct issue *parent = yyjson_is_null(value) ? NULL : parent_of(visit, value),
		     *old = issue->parent;

	if (parent == old || is_above(issue, parent))
		return;
	issue_set_parent(visit->world, issue, parent);
	if (issue->updated_ms != 0)
		issue_change(visit, issue, "parent", SLICE_NONE,
		    old != NULL ? old->key : SLICE_NONE, SLICE_NONE,
		    parent != NULL ? parent->key : SLICE_NONE);
}

static bool
check_epic(struct visit *visit, const struct project *project, yyjson_val *value)
{
	struct issue *epic = yyjson_is_null(value) ? NULL : parent_of(visit, value);

	if (yyjson_is_null(value) || (epic != NULL && epic->type->level == 1))
		return true;
	visit_fail_field(visit, "customfield_10014", "The issue you have chosen is not an epic.");
	return false;
}

static bool
check_sprint(struct visit *visit, const struct project *project, yyjson_val *value)
{
	uint64_t id = 0;

	if (yyjson_is_null(value) || slice_to_u64(json_id(visit, value), UINT32_MAX, &id))
		if (id == 0 || sprint_find(visit->world, id) != NULL)
			return true;
	visit_fail_field(visit, "customfield_10020", "Number value expected as the Sprint id.");
	return false;
}

void
issue_set_sprint(struct visit *visit, struct issue *issue, struct sprint *sprint)
{
	struct sprint *old = issue->sprint;

	if (old == sprint)
		return;
	issue->sprint = sprint;
	if (issue->updated_ms != 0)
		issue_change(visit, issue, "Sprint", SLICE_NONE, old != NULL ? old->name : S(""),
		    SLICE_NONE, sprint != NULL ? sprint->name : S(""));
}

static void
set_sprint(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	uint64_t id = 0;

	if (!yyjson_is_null(value) && !slice_to_u64(json_id(visit, value), UINT32_MAX, &id))
		return;
	issue_set_sprint(visit, issue, sprint_find(visit->world, id));
}

/* "3h 30m", "2d": a working day has 8 hours, a week 5 days; or seconds. */
bool
duration_read(struct slice text, unsigned *seconds)
{
	uint64_t sum = 0, n;

	text = slice_trim(text);
	while (text.n > 0) {
		size_t digits = 0;
		unsigned unit;

		while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
			digits++;
		if (!slice_to_u64((struct slice){ text.p, digits }, 100000, &n))
			return false;
		switch (digits < text.n ? text.p[digits] : 'm') {
		case 'w':
			unit = 5 * 8 * 3600;
			break;
		case 'd':
			unit = 8 * 3600;
			break;
		case 'h':
			unit = 3600;
			break;
		case 'm':
			unit = 60;
			break;
		case 's':
			unit = 1;
			break;
		default:
			return false;
		}
		sum += n * unit;
		digits += digits < text.n;
		text = slice_trim((struct slice){ text.p + digits, text.n - digits });
	}
	*seconds = sum > UINT32_MAX ? UINT32_MAX : (unsigned)sum;
	return sum > 0;
}

static bool
check_timetracking(struct visit *visit, const struct project *project, yyjson_val *value)
{
	struct slice original = json_text(value, "originalEstimate"),
		     remaining = json_text(value, "remainingEstimate");
	unsigned seconds;

	if (yyjson_is_null(value) ||
	    (yyjson_is_obj(value) && (original.p == NULL || duration_read(original, &seconds)) &&
		(remaining.p == NULL || duration_read(remaining, &seconds))))
		return true;
	visit_fail_field(visit, "timetracking_originalestimate",
	    "The original estimate specified is not valid.");
	return false;
}

static void
set_timetracking(struct visit *visit, struct issue *issue, yyjson_val *value)
{
	struct slice original = json_text(value, "originalEstimate"),
		     remaining = json_text(value, "remainingEstimate");

	if (original.p != NULL && duration_read(original, &issue->estimate_s))
		issue->remaining_s = issue->estimate_s;
	if (remaining.p != NULL && !duration_read(remaining, &issue->remaining_s))
		issue->remaining_s = 0;
}

static bool
check_project(struct visit *visit, const struct project *project, yyjson_val *value)
{
	return true; /* was found before anything else */
}

static void
set_nothing(struct visit *visit, struct issue *issue, yyjson_val *value)
{
}

static const struct setter setters[] = {
	{ "project", check_project, set_nothing },
	{ "summary", check_summary, set_summary },
	{ "issuetype", check_type, set_type },
	{ "description", check_description, set_description },
	{ "environment", check_environment, set_environment },
	{ "priority", check_priority, set_priority },
	{ "assignee", check_assignee, set_assignee },
	{ "reporter", check_reporter, set_reporter },
	{ "labels", check_labels, set_labels },
	{ "components", check_components, set_components },
	{ "fixVersions", check_fix_versions, set_fix_versions },
	{ "versions", check_versions, set_versions },
	{ "duedate", check_date, set_due },
	{ "parent", check_parent, set_parent },
	{ "customfield_10014", check_epic, set_parent },
	{ "customfield_10020", check_sprint, set_sprint },
	{ "timetracking", check_timetracking, set_timetracking },
};

/* ---- custom fields --------------------------------------------------------------------------- */

static bool
is_option(const struct visit *visit, const struct field *field, yyjson_val *value)
{
	struct slice text = json_text(value, "value"), id = json_text(value, "id");

	for (unsigned i = 0; field->options[i] != NULL; i++) {
		uint64_t number;

		if (slice_eq(text, slice_of(field->options[i])))
			return true;
		if (slice_to_u64(id, UINT32_MAX, &number) && number == option_id(field, i))
			return true;
	}
	return false;
}

static bool
check_custom(struct visit *visit, const struct field *field, yyjson_val *value)
{
	yyjson_val *item;
	size_t i, n;

	if (yyjson_is_null(value))
		return true;
	if (field->options != NULL && field->items == NULL && !is_option(visit, field, value)) {
		visit_fail_field(visit, field->id, "Option value '%.*s' is not valid",
		    SLICE_FMT(json_text(value, "value")));
		return false;
	}
	if (field->options != NULL && field->items != NULL) {
		yyjson_arr_foreach(value, i, n, item) if (!is_option(visit, field, item)) value =
		    NULL;
		if (!yyjson_is_arr(value)) {
			visit_fail_field(visit, field->id, "data was not an array of options");
			return false;
		}
	}
	if (strcmp(field->type, "number") == 0 && !yyjson_is_num(value)) {
		visit_fail_field(visit, field->id, "Operation value must be a number");
		return false;
	}
	if (strcmp(field->type, "string") == 0 && !yyjson_is_str(value) && !yyjson_is_obj(value)) {
		visit_fail_field(visit, field->id, "Operation value must be a string");
		return false;
	}
	return true;
}

static void
set_custom(struct visit *visit, struct issue *issue, const struct field *field, yyjson_val *value)
{
	struct slice raw = yyjson_is_null(value) ? SLICE_NONE : json_raw(visit, value);
	struct custom *custom;

	LIST_EACH(custom, &issue->customs)
	{
		if (custom->field != field)
			continue;
		if (issue->updated_ms != 0)
			issue_change(
			    visit, issue, field->name, SLICE_NONE, custom->value, SLICE_NONE, raw);
		sandbox_set(visit->sandbox, &custom->value, raw);
		return;
	}
	custom = SANDBOX_NEW(visit->sandbox, struct custom);
	custom->field = field;
	custom->value = sandbox_dup(visit->sandbox, raw);
	list_add(visit->sandbox, &issue->customs, custom);
	if (issue->updated_ms != 0)
		issue_change(visit, issue, field->name, SLICE_NONE, SLICE_NONE, SLICE_NONE, raw);
}

/* ---- many fields at once --------------------------------------------------------------------- */

/* For an error; a name from outside may be long. */
static const char *
field_name(struct visit *visit, struct slice id)
{
	return slice_cstr(visit->arena, (struct slice){ id.p, id.n > 100 ? 100 : id.n });
}

static const struct setter *
setter_find(struct slice id)
{
	for (size_t i = 0; i < COUNT(setters); i++)
		if (slice_eq(id, slice_of(setters[i].id)))
			return &setters[i];
	return NULL;
}

static bool
check_fields(struct visit *visit, const struct project *project, yyjson_val *fields)
{
	yyjson_val *key, *value;
	size_t i, n;

	yyjson_obj_foreach(fields, i, n, key, value)
	{
		struct slice id = { yyjson_get_str(key), yyjson_get_len(key) };
		const struct setter *setter = setter_find(id);
		const struct field *field = field_find(id);

		if (setter != NULL) {
			if (!setter->check(visit, project, value))
				return false;
		} else if (field == NULL || field->custom == NULL ||
		    !slice_eq(id, slice_of(field->id))) {
			visit_fail_field(visit, field_name(visit, id),
			    "Field '%.*s' cannot be set. It is not on the appropriate screen, or "
			    "unknown.",
			    SLICE_FMT(id));
			return false;
		} else if (!check_custom(visit, field, value)) {
			return false;
		}
	}
	return true;
}

bool
issue_apply(struct visit *visit, struct issue *issue, yyjson_val *fields)
{
	yyjson_val *key, *value;
	size_t i, n;

	if (!check_fields(visit, issue->project, fields))
		return false;
	yyjson_obj_foreach(fields, i, n, key, value)
	{
		struct slice id = { yyjson_get_str(key), yyjson_get_len(key) };
		const struct setter *setter = setter_find(id);

		if (setter != NULL)
			setter->set(visit, issue, value);
		else
			set_custom(visit, issue, field_find(id), value);
	}
	return true;
}

/* ---- update: operations ---------------------------------------------------------------------- */

/* {"labels": [{"add": "x"}, {"remove": "y"}]}, {"comment": [{"add": {...}}]}, {"f": [{"set": v}]}.
 */
static bool
operate(struct visit *visit, struct issue *issue, struct slice id, yyjson_val *operation)
{
	yyjson_val *add = yyjson_obj_get(operation, "add"),
		   *remove = yyjson_obj_get(operation, "remove"),
		   *set = yyjson_obj_get(operation, "set");
	const struct setter *setter = setter_find(id);

	if (slice_eq(id, S("comment")) && add != NULL)
		return comment_add(visit, issue, add) != NULL;
	if (slice_eq(id, S("labels")) && yyjson_is_str(add)) {
		label_add(visit, issue, add);
		return true;
	}
	if (slice_eq(id, S("labels")) && yyjson_is_str(remove)) {
		label_remove(
		    visit, issue, (struct slice){ yyjson_get_str(remove), yyjson_get_len(remove) });
		return true;
	}
	if (set != NULL && setter != NULL) {
		if (!setter->check(visit, issue->project, set))
			return false;
		setter->set(visit, issue, set);
		return true;
	}
	visit_fail_field(visit, field_name(visit, id), "Field does not support this operation.");
	return false;
}

bool
issue_update(struct visit *visit, struct issue *issue, yyjson_val *update)
{
	yyjson_val *key, *operations, *operation;
	size_t i, n, j, m;

	yyjson_obj_foreach(update, i, n, key, operations)
	{
		yyjson_arr_foreach(operations, j, m, operation)
		{
			struct slice id = { yyjson_get_str(key), yyjson_get_len(key) };

			if (!operate(visit, issue, id, operation))
				return false;
		}
	}
	return true;
}

/* ---- the rest of an issue's life ------------------------------------------------------------- */

static struct project *
create_project(struct visit *visit, yyjson_val *fields)
{
	struct project *project = NULL;
	struct slice name = id_or_name(visit, yyjson_obj_get(fields, "project"));

	if (name.p != NULL)
		project = project_find(visit->world, name);
	if (name.p == NULL)
		visit_fail_field(visit, "project",
		    visit->world->is_cloud ? "Specify a valid project ID or key"
					   : "project is required");
	else if (project == NULL)
		visit_fail_field(visit, "project",
		    visit->world->is_cloud ? "valid project is required" : "project is required");
	return project;
}

struct issue *
issue_create(struct visit *visit, yyjson_val *fields)
{
	struct project *project = create_project(visit, fields);
	const struct issue_type *type;
	struct issue *issue;

	if (project == NULL)
		return NULL;
	if (visit->world->issues.n >= ISSUES_MAX) {
		visit_fail(visit, 507, "The sandbox has as many issues as it may: start it again.");
		return NULL;
	}
	if (!check_summary(visit, project, yyjson_obj_get(fields, "summary")) ||
	    !check_type(visit, project, yyjson_obj_get(fields, "issuetype")) ||
	    !check_fields(visit, project, fields))
		return NULL;
	type = type_find(project, id_or_name(visit, yyjson_obj_get(fields, "issuetype")));
	if (type->is_subtask && yyjson_obj_get(fields, "parent") == NULL) {
		visit_fail_field(visit, "parent",
		    "Issue type is a sub-task but parent issue key or id not specified.");
		return NULL;
	}
	issue = issue_new(visit->world, project);
	issue->status = project->workflow->transitions[0].to;
	issue->priority = priority_find(S("Medium"));
	issue->reporter = issue->creator = visit->user;
	issue->created_ms = visit->now_ms;
	if (!issue_apply(visit, issue, fields)) /* was checked */
		return NULL;
	issue->updated_ms = visit->now_ms;
	list_add(visit->sandbox, &issue->watchers, (void *)(uintptr_t)visit->user);
	return issue;
}

void
put_created(struct visit *visit, const char *key, const struct issue *issue)
{
	struct buf *out = &visit->out;

	put_open(out, key, '{');
	put_id(out, "id", issue->id);
	put_text(out, "key", issue->key);
	put_format(out, "self", "%s/rest/api/%d/issue/%u", visit->world->jira_url,
	    visit->is_v3 ? 3 : 2, issue->id);
	put_close(out, '}');
}

void
issue_move_to(struct visit *visit, struct issue *issue, const struct transition *transition,
    const char *resolution)
{
	const struct status *old = issue->status;
	bool is_done = strcmp(transition->to->category, "done") == 0;

	issue->status = transition->to;
	issue->updated_ms = visit->now_ms;
	issue_change(visit, issue, "status", slice_of(old->id), slice_of(old->name),
	    slice_of(issue->status->id), slice_of(issue->status->name));
	if (is_done == (issue->resolution != NULL))
		return;
	issue_change(visit, issue, "resolution", SLICE_NONE, slice_of(issue->resolution),
	    SLICE_NONE, slice_of(is_done ? resolution : NULL));
	issue->resolution = is_done ? resolution : NULL;
	issue->resolved_ms = is_done ? visit->now_ms : 0;
}

struct comment *
comment_add(struct visit *visit, struct issue *issue, yyjson_val *body)
{
	struct comment *comment;

	if (!comment_check(visit, body))
		return NULL;
	comment = SANDBOX_NEW(visit->sandbox, struct comment);
	comment->id = visit->world->next_id++;
	comment->author = comment->editor = visit->user;
	comment->created_ms = comment->updated_ms = issue->updated_ms = visit->now_ms;
	comment_set(visit, comment, body);
	list_add(visit->sandbox, &issue->comments, comment);
	return comment;
}

void
comment_set(struct visit *visit, struct comment *comment, yyjson_val *body)
{
	yyjson_val *visibility = yyjson_obj_get(body, "visibility");

	set_rich(visit, &comment->body, yyjson_obj_get(body, "body"));
	if (yyjson_is_obj(visibility))
		sandbox_set(visit->sandbox, &comment->visibility, json_raw(visit, visibility));
}

bool
comment_check(struct visit *visit, yyjson_val *body)
{
	yyjson_val *text = yyjson_obj_get(body, "body");

	if (text != NULL && !yyjson_is_null(text) &&
	    !(yyjson_is_str(text) && yyjson_get_len(text) == 0))
		return check_rich(visit, "comment", text);
	visit_fail_field(visit, "comment", "Comment body can not be empty!");
	return false;
}

void
rich_set(struct visit *visit, struct rich *rich, yyjson_val *value)
{
	set_rich(visit, rich, value);
}
