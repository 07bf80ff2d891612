/*
 * JQL over the issues of the sandbox: a query is parsed, its fields and values are checked as Jira
 * checks them, and then every issue is asked.
 */
#include <stdlib.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

/* What may be asked of a field. */
#define CAN_EQUAL 1u /* =, !=, in, not in */
#define CAN_ORDER 2u /* <, <=, >, >= */
#define CAN_FIND  4u /* ~, !~ */
#define CAN_EMPTY 8u /* is, is not */

enum jql_field {
	F_PROJECT,
	F_KEY,
	F_TYPE,
	F_STATUS,
	F_CATEGORY,
	F_ASSIGNEE,
	F_REPORTER,
	F_CREATOR,
	F_WATCHER,
	F_LABELS,
	F_PRIORITY,
	F_RESOLUTION,
	F_SPRINT,
	F_PARENT,
	F_COMPONENT,
	F_FIX_VERSION,
	F_VERSION,
	F_TEXT,
	F_SUMMARY,
	F_DESCRIPTION,
	F_COMMENT,
	F_CREATED,
	F_UPDATED,
	F_RESOLVED,
	F_DUE,
	F_RANK,
	F_LINKED,
	F_CUSTOM, /* + its place in sandbox_fields */
};

static const struct {
	const char *name;
	enum jql_field field;
	unsigned can;
} names[] = {
	{ "project", F_PROJECT, CAN_EQUAL | CAN_EMPTY },
	{ "key", F_KEY, CAN_EQUAL | CAN_ORDER },
	{ "issuekey", F_KEY, CAN_EQUAL | CAN_ORDER },
	{ "issue", F_KEY, CAN_EQUAL | CAN_ORDER },
	{ "id", F_KEY, CAN_EQUAL | CAN_ORDER },
	{ "issuetype", F_TYPE, CAN_EQUAL | CAN_EMPTY },
	{ "type", F_TYPE, CAN_EQUAL | CAN_EMPTY },
	{ "status", F_STATUS, CAN_EQUAL | CAN_EMPTY },
	{ "statusCategory", F_CATEGORY, CAN_EQUAL | CAN_EMPTY },
	{ "assignee", F_ASSIGNEE, CAN_EQUAL | CAN_EMPTY },
	{ "reporter", F_REPORTER, CAN_EQUAL | CAN_EMPTY },
	{ "creator", F_CREATOR, CAN_EQUAL | CAN_EMPTY },
	{ "watcher", F_WATCHER, CAN_EQUAL | CAN_EMPTY },
	{ "labels", F_LABELS, CAN_EQUAL | CAN_EMPTY },
	{ "label", F_LABELS, CAN_EQUAL | CAN_EMPTY },
	{ "priority", F_PRIORITY, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "resolution", F_RESOLUTION, CAN_EQUAL | CAN_EMPTY },
	{ "sprint", F_SPRINT, CAN_EQUAL | CAN_EMPTY },
	{ "parent", F_PARENT, CAN_EQUAL | CAN_EMPTY },
	{ "Epic Link", F_PARENT, CAN_EQUAL | CAN_EMPTY },
	{ "component", F_COMPONENT, CAN_EQUAL | CAN_EMPTY },
	{ "fixVersion", F_FIX_VERSION, CAN_EQUAL | CAN_EMPTY },
	{ "affectedVersion", F_VERSION, CAN_EQUAL | CAN_EMPTY },
	{ "text", F_TEXT, CAN_FIND },
	{ "summary", F_SUMMARY, CAN_FIND | CAN_EMPTY },
	{ "description", F_DESCRIPTION, CAN_FIND | CAN_EMPTY },
	{ "comment", F_COMMENT, CAN_FIND },
	{ "created", F_CREATED, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "createdDate", F_CREATED, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "updated", F_UPDATED, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "updatedDate", F_UPDATED, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "resolved", F_RESOLVED, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "resolutiondate", F_RESOLVED, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "due", F_DUE, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "duedate", F_DUE, CAN_EQUAL | CAN_ORDER | CAN_EMPTY },
	{ "rank", F_RANK, 0 },
};

struct search {
	struct arena *arena;
	const struct query_caller *caller;
	const struct world *world;
	struct err *err;
};

/* ---- fields ---------------------------------------------------------------------------------- */

static bool
field_of(struct slice name, int *out, unsigned *can)
{
	const struct field *custom = NULL;
	struct slice id;

	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eq_nocase(name, slice_of(names[i].name))) {
			*out = (int)names[i].field;
			*can = names[i].can;
			return true;
		}
	if (slice_starts(name, S("cf[")) && slice_ends(name, S("]"))) {
		id = (struct slice){ name.p + 3, name.n - 4 };
		for (size_t i = 0; i < sandbox_fields_n; i++)
			if (sandbox_fields[i].custom != NULL &&
			    slice_ends(slice_of(sandbox_fields[i].id), id))
				custom = &sandbox_fields[i];
	} else {
		custom = field_find(name);
	}
	if (custom == NULL || custom->custom == NULL)
		return false;
	*out = F_CUSTOM + (int)(custom - sandbox_fields);
	*can = CAN_EQUAL | CAN_ORDER | CAN_FIND | CAN_EMPTY;
	return true;
}

static const struct custom *
custom_of(const struct issue *issue, int field)
{
	const struct custom *custom;

	LIST_EACH(custom, &issue->customs)
	if (custom->field == &sandbox_fields[field - F_CUSTOM] && custom->value.p != NULL)
		return custom;
	return NULL;
}

static uint64_t
due_ms(const struct issue *issue)
{
	const struct query_value value = { .text = issue->due };
	uint64_t ms;

	return issue->due.p != NULL && query_time(&value, 0, &ms) ? ms : 0;
}

static uint64_t
time_of(const struct issue *issue, int field)
{
	switch (field) {
	case F_CREATED:
		return issue->created_ms;
	case F_UPDATED:
		return issue->updated_ms;
	case F_RESOLVED:
		return issue->resolved_ms;
	default:
		return due_ms(issue);
	}
}

static bool
is_time(int field)
{
	return field == F_CREATED || field == F_UPDATED || field == F_RESOLVED || field == F_DUE;
}

static bool
is_empty(const struct issue *issue, int field)
{
	switch (field) {
	case F_ASSIGNEE:
		return issue->assignee == NULL;
	case F_LABELS:
		return issue->labels.n == 0;
	case F_PRIORITY:
		return issue->priority == NULL;
	case F_RESOLUTION:
		return issue->resolution == NULL;
	case F_SPRINT:
		return issue->sprint == NULL;
	case F_PARENT:
		return issue->parent == NULL;
	case F_COMPONENT:
		return issue->components.n == 0;
	case F_FIX_VERSION:
		return issue->fix_versions.n == 0;
	case F_VERSION:
		return issue->versions.n == 0;
	case F_DESCRIPTION:
		return issue->description.wiki.n == 0;
	case F_WATCHER:
		return issue->watchers.n == 0;
	default:
		if (is_time(field))
			return time_of(issue, field) == 0;
		return field >= F_CUSTOM && custom_of(issue, field) == NULL;
	}
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool
is_any(struct slice text, const char *a, const char *b)
{
	return slice_eq_nocase(text, slice_of(a)) || slice_eq_nocase(text, slice_of(b));
}

static bool
is_number(struct slice text, unsigned id)
{
	uint64_t number;

	return slice_to_u64(text, UINT32_MAX, &number) && number == id;
}

static bool
is_user(const struct query_caller *caller, const struct user *user, const struct query_value *value)
{
	if (user == NULL)
		return false;
	if (value->is_function)
		return user == caller->user;
	return user_find(value->text) == user ||
	    slice_eq_nocase(value->text, slice_of(user->display));
}

static bool
is_version(const struct list *versions, const struct query_value *value)
{
	const struct version *version;

	LIST_EACH(version, versions)
	{
		if (value->is_function &&
		    version->is_released == is_any(value->text, "releasedVersions", ""))
			return true;
		if (!value->is_function &&
		    (slice_eq_nocase(value->text, version->name) ||
			is_number(value->text, version->id)))
			return true;
	}
	return false;
}

static bool
is_sprint(const struct sprint *sprint, const struct query_value *value)
{
	if (sprint == NULL)
		return false;
	if (!value->is_function)
		return is_number(value->text, sprint->id) ||
		    slice_eq_nocase(value->text, sprint->name);
	if (is_any(value->text, "openSprints", ""))
		return strcmp(sprint->state, "active") == 0;
	if (is_any(value->text, "closedSprints", ""))
		return strcmp(sprint->state, "closed") == 0;
	return strcmp(sprint->state, "future") == 0;
}

static const char *
category_name(const struct status *status)
{
	if (strcmp(status->category, "done") == 0)
		return "Done";
	return strcmp(status->category, "new") == 0 ? "To Do" : "In Progress";
}

static bool
has_label(const struct issue *issue, struct slice text)
{
	const struct slice *label;

	LIST_EACH(label, &issue->labels)
	if (slice_eq_nocase(text, *label))
		return true;
	return false;
}

static bool
has_component(const struct issue *issue, struct slice text)
{
	const struct component *component;

	LIST_EACH(component, &issue->components)
	if (slice_eq_nocase(text, slice_of(component->name)) || is_number(text, component->id))
		return true;
	return false;
}

static bool
has_watcher(
    const struct query_caller *caller, const struct issue *issue, const struct query_value *value)
{
	const struct user *user;

	LIST_EACH(user, &issue->watchers)
	if (is_user(caller, user, value))
		return true;
	return false;
}

/* A custom value is raw JSON: a scalar, an option, a user, or a list of them. */
static bool
custom_is(const struct custom *custom, struct slice text)
{
	yyjson_doc *doc = yyjson_read(custom->value.p, custom->value.n, 0);
	yyjson_val *root = yyjson_doc_get_root(doc), *item;
	bool is = slice_eq_nocase(custom->value, text);
	size_t i, n;

	if (yyjson_is_str(root))
		is = slice_eq_nocase(
		    (struct slice){ yyjson_get_str(root), yyjson_get_len(root) }, text);
	is = is || slice_eq_nocase(json_text(root, "value"), text) ||
	    slice_eq_nocase(json_text(root, "name"), text) ||
	    slice_eq_nocase(json_text(root, "accountId"), text);
	yyjson_arr_foreach(root, i, n, item) is =
	    is || slice_eq_nocase(json_text(item, "value"), text);
	yyjson_doc_free(doc);
	return is;
}

static bool
is_person(const struct query_caller *caller, const struct issue *issue, int field,
    const struct query_value *value)
{
	switch (field) {
	case F_ASSIGNEE:
		return is_user(caller, issue->assignee, value);
	case F_REPORTER:
		return is_user(caller, issue->reporter, value);
	case F_CREATOR:
		return is_user(caller, issue->creator, value);
	default:
		return has_watcher(caller, issue, value);
	}
}

static bool
is_resolution(const struct issue *issue, struct slice text)
{
	return is_any(text, issue->resolution != NULL ? issue->resolution : "Unresolved", "");
}

static bool
is_key(const struct issue *issue, const struct query_value *value)
{
	return issue != NULL &&
	    (slice_eq_nocase(value->text, issue->key) || is_number(value->text, issue->id));
}

static bool
equals(
    const struct search *s, const struct issue *issue, int field, const struct query_value *value)
{
	struct slice text = value->text;
	const struct custom *custom;

	if (value->is_empty && !value->is_quoted)
		return is_empty(issue, field);
	switch (field) {
	case F_PROJECT:
		return is_any(text, issue->project->key, issue->project->name) ||
		    is_number(text, issue->project->id);
	case F_KEY:
		return is_key(issue, value);
	case F_TYPE:
		if (value->is_function)
			return issue->type->is_subtask == is_any(text, "subTaskIssueTypes", "");
		return is_any(text, issue->type->name, issue->type->id);
	case F_STATUS:
		return is_any(text, issue->status->name, issue->status->id);
	case F_CATEGORY:
		return is_any(text, category_name(issue->status), issue->status->category);
	case F_ASSIGNEE:
	case F_REPORTER:
	case F_CREATOR:
	case F_WATCHER:
		return is_person(s->caller, issue, field, value);
	case F_LABELS:
		return has_label(issue, text);
	case F_PRIORITY:
		return issue->priority != NULL &&
		    is_any(text, issue->priority->name, issue->priority->id);
	case F_RESOLUTION:
		return is_resolution(issue, text);
	case F_SPRINT:
		return is_sprint(issue->sprint, value);
	case F_PARENT:
		return is_key(issue->parent, value);
	case F_COMPONENT:
		return has_component(issue, text);
	case F_FIX_VERSION:
		return is_version(&issue->fix_versions, value);
	case F_VERSION:
		return is_version(&issue->versions, value);
	default:
		custom = field >= F_CUSTOM ? custom_of(issue, field) : NULL;
		return custom != NULL && custom_is(custom, text);
	}
}

static bool
contains(const struct issue *issue, int field, struct slice text)
{
	const struct comment *comment;
	const struct custom *custom;

	if ((field == F_TEXT || field == F_SUMMARY) && text_contains(issue->summary, text))
		return true;
	if ((field == F_TEXT || field == F_DESCRIPTION) &&
	    text_contains(issue->description.wiki, text))
		return true;
	if (field == F_TEXT || field == F_COMMENT)
		LIST_EACH(comment, &issue->comments)
	if (text_contains(comment->body.wiki, text))
		return true;
	custom = field >= F_CUSTOM ? custom_of(issue, field) : NULL;
	return custom != NULL && text_contains(custom->value, text);
}

/* Below 0, 0, above 0, as the field stands to the value. */
static int
compare(
    const struct search *s, const struct issue *issue, int field, const struct query_value *value)
{
	const struct priority *priority;
	const struct custom *custom;
	const struct issue *other;
	uint64_t ms = 0, is;
	double number;

	if (is_time(field)) {
		is = time_of(issue, field);
		if (!query_time(value, s->caller->now_ms, &ms)) /* was checked */
			return 0;
		return is < ms ? -1 : is > ms;
	}
	if (field == F_PRIORITY) { /* the first is the highest */
		priority = priority_find(value->text);
		if (priority == NULL || issue->priority == NULL)
			return 0;
		return priority < issue->priority ? -1 : priority > issue->priority;
	}
	if (field == F_KEY) {
		other = issue_find(s->world, value->text);
		if (other == NULL)
			return 0;
		return issue->number < other->number ? -1 : issue->number > other->number;
	}
	custom = custom_of(issue, field);
	number = custom != NULL ? strtod(custom->value.p, NULL) : 0;
	return number < strtod(value->text.p, NULL) ? -1 : number > strtod(value->text.p, NULL);
}

static bool
clause_holds(const struct search *s, const struct issue *issue, const struct query *q)
{
	const struct query_value *value = q->values;
	int field = q->field_id, order;

	switch (q->op) {
	case OP_IS:
		return is_empty(issue, field);
	case OP_IS_NOT:
		return !is_empty(issue, field);
	case OP_CONTAINS:
		return contains(issue, field, value->text);
	case OP_LACKS:
		return !contains(issue, field, value->text);
	case OP_EQUAL:
	case OP_IN:
	case OP_UNEQUAL:
	case OP_NOT_IN:
		for (; value != NULL; value = value->next)
			if (is_time(field) && !value->is_empty
				? compare(s, issue, field, value) == 0
				: equals(s, issue, field, value))
				return q->op == OP_EQUAL || q->op == OP_IN;
		/* What has no value is neither the one nor another. */
		if (q->values->is_empty)
			return q->op == OP_UNEQUAL || q->op == OP_NOT_IN;
		return (q->op == OP_UNEQUAL || q->op == OP_NOT_IN) && !is_empty(issue, field);
	default:
		break;
	}
	if (is_empty(issue, field))
		return false;
	order = compare(s, issue, field, value);
	switch (q->op) {
	case OP_LESS:
		return order < 0;
	case OP_LESS_EQUAL:
		return order <= 0;
	case OP_MORE:
		return order > 0;
	default:
		return order >= 0;
	}
}

static bool
query_holds(const struct search *s, const struct issue *issue, const struct query *q)
{
	switch (q->kind) {
	case QUERY_AND:
		return query_holds(s, issue, q->left) && query_holds(s, issue, q->right);
	case QUERY_OR:
		return query_holds(s, issue, q->left) || query_holds(s, issue, q->right);
	case QUERY_NOT:
		return !query_holds(s, issue, q->left);
	case QUERY_CLAUSE:
		break;
	}
	return clause_holds(s, issue, q);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static unsigned
needs(enum query_op op)
{
	switch (op) {
	case OP_EQUAL:
	case OP_UNEQUAL:
	case OP_IN:
	case OP_NOT_IN:
		return CAN_EQUAL;
	case OP_CONTAINS:
	case OP_LACKS:
		return CAN_FIND;
	case OP_IS:
	case OP_IS_NOT:
		return CAN_EMPTY;
	default:
		return CAN_ORDER;
	}
}

static bool
type_exists(const struct world *world, struct slice text)
{
	const struct project *project;

	LIST_EACH(project, &world->projects)
	if (type_find(project, text) != NULL)
		return true;
	return false;
}

static bool
status_exists(struct slice text)
{
	for (size_t i = 0; i < sandbox_statuses_n; i++)
		if (is_any(text, sandbox_statuses[i].name, sandbox_statuses[i].id))
			return true;
	return false;
}

static bool
user_exists(struct slice text)
{
	for (size_t i = 0; i < sandbox_users_n; i++)
		if (slice_eq_nocase(text, slice_of(sandbox_users[i].display)))
			return true;
	return user_find(text) != NULL;
}

static bool
project_exists(const struct world *world, struct slice text)
{
	const struct project *project;

	LIST_EACH(project, &world->projects)
	if (slice_eq_nocase(text, slice_of(project->name)))
		return true;
	return project_find(world, text) != NULL;
}

static bool
function_exists(int field, struct slice name)
{
	static const struct {
		const char *name;
		int first, last;
	} functions[] = { { "currentUser", F_ASSIGNEE, F_WATCHER },
		{ "openSprints", F_SPRINT, F_SPRINT }, { "closedSprints", F_SPRINT, F_SPRINT },
		{ "futureSprints", F_SPRINT, F_SPRINT },
		{ "releasedVersions", F_FIX_VERSION, F_VERSION },
		{ "unreleasedVersions", F_FIX_VERSION, F_VERSION },
		{ "standardIssueTypes", F_TYPE, F_TYPE }, { "subTaskIssueTypes", F_TYPE, F_TYPE } };

	for (size_t i = 0; i < COUNT(functions); i++)
		if (slice_eq_nocase(name, slice_of(functions[i].name)))
			return field >= functions[i].first && field <= functions[i].last;
	return false;
}

static bool
value_exists(const struct search *s, int field, const struct query_value *value)
{
	uint64_t ms;

	if (value->is_empty)
		return true;
	if (is_time(field))
		return query_time(value, s->caller->now_ms, &ms);
	if (value->is_function)
		return function_exists(field, value->text);
	switch (field) {
	case F_PROJECT:
		return project_exists(s->world, value->text);
	case F_KEY:
	case F_PARENT:
		return issue_find(s->world, value->text) != NULL;
	case F_TYPE:
		return type_exists(s->world, value->text);
	case F_STATUS:
		return status_exists(value->text);
	case F_ASSIGNEE:
	case F_REPORTER:
	case F_CREATOR:
	case F_WATCHER:
		return user_exists(value->text);
	case F_PRIORITY:
		return priority_find(value->text) != NULL;
	default:
		return true;
	}
}

static bool
value_fails(const struct search *s, const struct query *q, const struct query_value *value)
{
	int n = value->text.n > 60 ? 60 : (int)value->text.n;

	if (is_time(q->field_id))
		return err_set(s->err, ERR_PARAMS,
		    "Date value '%.*s' for field '%.*s' is invalid. Valid formats include: "
		    "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period "
		    "format e.g. '-5d', '4w 2d'.",
		    n, value->text.p, SLICE_FMT(q->field));
	if (value->is_function)
		return err_set(s->err, ERR_PARAMS, "Unable to find JQL function '%.*s(%.*s)'.", n,
		    value->text.p, SLICE_FMT(value->argument));
	if (q->field_id == F_KEY || q->field_id == F_PARENT)
		return err_set(s->err, ERR_PARAMS,
		    "An issue with key '%.*s' does not exist for field '%.*s'.", n, value->text.p,
		    SLICE_FMT(q->field));
	return err_set(s->err, ERR_PARAMS, "The value '%.*s' does not exist for the field '%.*s'.",
	    n, value->text.p, SLICE_FMT(q->field));
}

static bool
unknown_field(const struct search *s, struct slice name)
{
	return err_set(s->err, ERR_PARAMS,
	    "Field '%.*s' does not exist or you do not have permission to view it.",
	    name.n > 60 ? 60 : (int)name.n, name.p);
}

static bool
check(const struct search *s, struct query *q)
{
	unsigned can;

	if (q == NULL)
		return true;
	if (q->kind != QUERY_CLAUSE)
		return check(s, q->left) && check(s, q->right);
	if (!field_of(q->field, &q->field_id, &can))
		return unknown_field(s, q->field);
	if ((needs(q->op) & can) == 0)
		return err_set(s->err, ERR_PARAMS,
		    "The operator '%s' is not supported by the '%.*s' field.", query_op_name(q->op),
		    SLICE_FMT(q->field));
	for (const struct query_value *value = q->values; value != NULL; value = value->next)
		if (needs(q->op) != CAN_FIND && !value_exists(s, q->field_id, value))
			return value_fails(s, q, value);
	return true;
}

/* ---- order ----------------------------------------------------------------------------------- */

static int
text_order(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return strcasecmp(a, b);
}

static int
number_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
field_order(const struct issue *a, const struct issue *b, int field)
{
	const struct custom *x, *y;

	switch (field) {
	case F_KEY:
		if (a->project != b->project)
			return text_order(a->project->key, b->project->key);
		return number_order(a->number, b->number);
	case F_PROJECT:
		return text_order(a->project->name, b->project->name);
	case F_TYPE:
		return text_order(a->type->name, b->type->name);
	case F_STATUS:
	case F_CATEGORY:
		return number_order((uintptr_t)a->status, (uintptr_t)b->status);
	case F_ASSIGNEE:
		return text_order(a->assignee != NULL ? a->assignee->display : NULL,
		    b->assignee != NULL ? b->assignee->display : NULL);
	case F_REPORTER:
		return text_order(a->reporter->display, b->reporter->display);
	case F_SUMMARY:
		return text_order(a->summary.p, b->summary.p);
	case F_PRIORITY: /* ascending: the lowest first */
		return number_order((uintptr_t)b->priority, (uintptr_t)a->priority);
	case F_RANK:
		return number_order(a->id, b->id);
	default:
		break;
	}
	if (is_time(field))
		return number_order(time_of(a, field), time_of(b, field));
	x = field >= F_CUSTOM ? custom_of(a, field) : NULL;
	y = field >= F_CUSTOM ? custom_of(b, field) : NULL;
	return text_order(x != NULL ? x->value.p : NULL, y != NULL ? y->value.p : NULL);
}

static int
issue_order(const void *a, const void *b, void *ctx)
{
	const struct issue *x = *(const struct issue *const *)a,
			   *y = *(const struct issue *const *)b;
	const struct query_text *query = ctx;
	int order;

	for (unsigned i = 0; i < query->orders_n; i++) {
		order = field_order(x, y, query->orders[i].field_id);
		if (order != 0)
			return query->orders[i].is_descending ? -order : order;
	}
	return number_order(y->id, x->id); /* the newest first */
}

bool
jql_find(struct arena *arena, const struct query_caller *caller, struct slice jql,
    const struct issue ***out, unsigned *n, struct err *err)
{
	const struct search s = { arena, caller, caller->world, err };
	const struct list *issues = &caller->world->issues;
	const struct issue *issue;
	struct query_text query;
	unsigned can;

	if (!query_parse(arena, "JQL", jql, &query, err) || !check(&s, query.root))
		return false;
	for (unsigned i = 0; i < query.orders_n; i++)
		if (!field_of(query.orders[i].field, &query.orders[i].field_id, &can))
			return unknown_field(&s, query.orders[i].field);
	if (!arena_reserve(arena, (issues->n + 1) * sizeof(**out), err))
		return false;
	*out = ARENA_ARRAY(arena, const struct issue *, issues->n + 1);
	*n = 0;
	LIST_EACH(issue, issues)
	if (issue != NULL && (query.root == NULL || query_holds(&s, issue, query.root)))
		(*out)[(*n)++] = issue;
	qsort_r(*out, *n, sizeof(**out), issue_order, &query);
	return true;
}
