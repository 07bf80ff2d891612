/*
 * CQL over the contents of the sandbox: as sandbox_jql.c, for pages, blog posts, comments and
 * attachments.
 */
#include <stdlib.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

enum cql_field {
	C_SPACE,
	C_TITLE,
	C_TEXT,
	C_TYPE,
	C_LABEL,
	C_ANCESTOR,
	C_PARENT,
	C_ID,
	C_CREATOR,
	C_CONTRIBUTOR,
	C_CREATED,
	C_MODIFIED,
	C_SITE,
	C_CONTAINER,
};

static const struct {
	const char *name;
	enum cql_field field;
} names[] = {
	{ "space", C_SPACE },
	{ "space.key", C_SPACE },
	{ "title", C_TITLE },
	{ "text", C_TEXT },
	{ "type", C_TYPE },
	{ "content.type", C_TYPE },
	{ "label", C_LABEL },
	{ "ancestor", C_ANCESTOR },
	{ "parent", C_PARENT },
	{ "id", C_ID },
	{ "content", C_ID },
	{ "creator", C_CREATOR },
	{ "contributor", C_CONTRIBUTOR },
	{ "created", C_CREATED },
	{ "lastModified", C_MODIFIED },
	{ "lastmodified", C_MODIFIED },
	{ "siteSearch", C_SITE },
	{ "container", C_CONTAINER },
};

struct search {
	const struct query_caller *caller;
	struct err *err;
};

static bool
field_of(struct slice name, int *out)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eq_nocase(name, slice_of(names[i].name))) {
			*out = (int)names[i].field;
			return true;
		}
	return false;
}

static uint64_t
time_of(const struct content *content, int field)
{
	const struct revision *first = content->revisions.p[0];

	return field == C_CREATED ? first->when_ms : content_revision(content)->when_ms;
}

static bool
is_user(const struct search *s, const struct user *user, const struct query_value *value)
{
	if (value->is_function)
		return user == s->caller->user;
	return user_find(value->text) == user;
}

static bool
is_contributor(
    const struct search *s, const struct content *content, const struct query_value *value)
{
	const struct revision *revision;

	LIST_EACH(revision, &content->revisions)
	if (is_user(s, revision->by, value))
		return true;
	return false;
}

static bool
is_below(const struct search *s, const struct content *content, struct slice id)
{
	const struct content *above = content_find(s->caller->world, id);

	for (content = content->parent; content != NULL; content = content->parent)
		if (content == above)
			return true;
	return false;
}

static bool
has_label(const struct content *content, struct slice text)
{
	const struct slice *label;

	LIST_EACH(label, &content->labels)
	if (slice_eq_nocase(text, *label))
		return true;
	return false;
}

static bool
contains(const struct content *content, int field, struct slice words)
{
	struct buf text;
	bool is;

	if (field == C_SPACE)
		return text_contains(slice_of(content->space->key), words);
	if (text_contains(content->title, words))
		return true;
	if (field == C_TITLE)
		return false;
	buf_init(&text, NULL, 64 * MIB);
	buf_put(&text, content->title);
	buf_putc(&text, '\n');
	text_of_storage(&text, content->body);
	is = text_contains(buf_view(&text), words);
	buf_fini(&text);
	return is;
}

static bool
equals(const struct search *s, const struct content *content, int field,
    const struct query_value *value)
{
	const struct revision *first = content->revisions.p[0];
	struct slice text = value->text;

	switch (field) {
	case C_SPACE:
		return slice_eq_nocase(text, slice_of(content->space->key));
	case C_TITLE:
		return slice_eq_nocase(text, content->title);
	case C_TYPE:
		return slice_eq_nocase(text, slice_of(content_type_name(content)));
	case C_LABEL:
		return has_label(content, text);
	case C_ANCESTOR:
		return is_below(s, content, text);
	case C_PARENT:
		return content->parent != NULL &&
		    content->parent == content_find(s->caller->world, text);
	case C_ID:
		return content == content_find(s->caller->world, text);
	case C_CONTAINER:
		return content->container != NULL &&
		    content->container == content_find(s->caller->world, text);
	case C_CREATOR:
		return is_user(s, first->by, value);
	case C_CONTRIBUTOR:
		return is_contributor(s, content, value);
	default:
		return contains(content, field, text);
	}
}

static bool
clause_holds(const struct search *s, const struct content *content, const struct query *q)
{
	bool is_negated = q->op == OP_UNEQUAL || q->op == OP_NOT_IN;
	uint64_t ms = 0, is;

	if (q->op == OP_CONTAINS || q->op == OP_LACKS)
		return contains(content, q->field_id, q->values->text) == (q->op == OP_CONTAINS);
	if (q->field_id != C_CREATED && q->field_id != C_MODIFIED) {
		for (const struct query_value *value = q->values; value != NULL;
		     value = value->next)
			if (equals(s, content, q->field_id, value))
				return !is_negated;
		return is_negated;
	}
	is = time_of(content, q->field_id);
	if (!query_time(q->values, s->caller->now_ms, &ms)) /* was checked */
		return false;
	switch (q->op) {
	case OP_LESS:
		return is < ms;
	case OP_LESS_EQUAL:
		return is <= ms;
	case OP_MORE:
		return is > ms;
	case OP_MORE_EQUAL:
		return is >= ms;
	default:
		return (is / 86400000 == ms / 86400000) != is_negated;
	}
}

static bool
query_holds(const struct search *s, const struct content *content, const struct query *q)
{
	switch (q->kind) {
	case QUERY_AND:
		return query_holds(s, content, q->left) && query_holds(s, content, q->right);
	case QUERY_OR:
		return query_holds(s, content, q->left) || query_holds(s, content, q->right);
	case QUERY_NOT:
		return !query_holds(s, content, q->left);
	case QUERY_CLAUSE:
		break;
	}
	return clause_holds(s, content, q);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool
op_suits(int field, enum query_op op)
{
	bool is_time = field == C_CREATED || field == C_MODIFIED,
	     is_text = field == C_TEXT || field == C_SITE;

	if (op == OP_IS || op == OP_IS_NOT)
		return false;
	if (op == OP_CONTAINS || op == OP_LACKS)
		return is_text || field == C_TITLE || field == C_SPACE;
	if (op >= OP_LESS && op <= OP_MORE_EQUAL)
		return is_time;
	return !is_text || op == OP_EQUAL;
}

static bool
check(const struct search *s, struct query *q)
{
	uint64_t ms;

	if (q == NULL)
		return true;
	if (q->kind != QUERY_CLAUSE)
		return check(s, q->left) && check(s, q->right);
	if (!field_of(q->field, &q->field_id))
		return err_set(s->err, ERR_PARAMS,
		    "Could not parse cql : no field is called '%.*s'",
		    q->field.n > 60 ? 60 : (int)q->field.n, q->field.p);
	if (!op_suits(q->field_id, q->op))
		return err_set(s->err, ERR_PARAMS,
		    "Could not parse cql : the operator '%s' is not supported by the field '%.*s'",
		    query_op_name(q->op), SLICE_FMT(q->field));
	if ((q->field_id == C_CREATED || q->field_id == C_MODIFIED) &&
	    !query_time(q->values, s->caller->now_ms, &ms))
		return err_set(s->err, ERR_PARAMS, "Could not parse cql : '%.*s' is no date",
		    q->values->text.n > 60 ? 60 : (int)q->values->text.n, q->values->text.p);
	return true;
}

static int
number_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
content_order(const void *a, const void *b, void *ctx)
{
	const struct content *x = *(const struct content *const *)a,
			     *y = *(const struct content *const *)b;
	const struct query_text *query = ctx;
	int order;

	for (unsigned i = 0; i < query->orders_n; i++) {
		int field = query->orders[i].field_id;

		if (field == C_TITLE)
			order = strcasecmp(x->title.p, y->title.p);
		else if (field == C_CREATED || field == C_MODIFIED)
			order = number_order(time_of(x, field), time_of(y, field));
		else
			order = number_order(x->id, y->id);
		if (order != 0)
			return query->orders[i].is_descending ? -order : order;
	}
	return number_order(x->id, y->id);
}

/* What is in the bin, or not published, is not found. */
static bool
is_found(const struct content *content)
{
	return content != NULL && strcmp(content->status, "current") == 0;
}

bool
cql_find(struct arena *arena, const struct query_caller *caller, struct slice cql,
    const struct content ***out, unsigned *n, struct err *err)
{
	const struct search s = { caller, err };
	const struct list *contents = &caller->world->contents;
	const struct content *content;
	struct query_text query;

	if (slice_trim(cql).n == 0)
		return err_set(err, ERR_PARAMS, "Could not parse cql : it is empty");
	if (!query_parse(arena, "CQL", cql, &query, err))
		return err_prefix(err, "Could not parse cql : ");
	if (!check(&s, query.root))
		return false;
	for (unsigned i = 0; i < query.orders_n; i++)
		if (!field_of(query.orders[i].field, &query.orders[i].field_id))
			return err_set(err, ERR_PARAMS,
			    "Could not parse cql : cannot order by '%.*s'",
			    SLICE_FMT(query.orders[i].field));
	if (!arena_reserve(arena, (contents->n + 1) * sizeof(**out), err))
		return false;
	*out = ARENA_ARRAY(arena, const struct content *, contents->n + 1);
	*n = 0;
	LIST_EACH(content, contents)
	if (is_found(content) && (query.root == NULL || query_holds(&s, content, query.root)))
		(*out)[(*n)++] = content;
	qsort_r(*out, *n, sizeof(**out), content_order, &query);
	return true;
}
