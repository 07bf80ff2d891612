/*
 * What changed between two JSON Schemas, as far as it matters to who approved the first: does the
 * tool take more than before, does it take less, were texts changed that a model reads?  A rough
 * comparison by keywords: what it does not know is "changed", never "the same".
 */
#include <stdio.h>
#include <stdlib.h>

#include "guard/pins.h"

#define SETS_MAX 256 /* elements that are compared of one list */

struct diff {
	struct pins_schema *out;
	struct arena *arena;
};

static void differ(struct diff *diff, struct slice before, struct slice after);

static struct slice
member(struct slice object, struct slice key)
{
	struct slice value;

	return json_type(object) == JSON_OBJECT && json_find(object, key, &value) ? value
										  : SLICE_NONE;
}

/* A name that the tool takes now; the first few are told. */
static void
name_new(struct diff *diff, struct slice key)
{
	struct pins_schema *out = diff->out;
	size_t used = strlen(out->names);
	int n;

	out->is_wider = true;
	if (used + 3 * sizeof(" ") + 48 > sizeof(out->names))
		return;
	n = (int)(key.n > 40 ? 40 : key.n);
	snprintf(
	    out->names + used, sizeof(out->names) - used, "%s%.*s", used > 0 ? ", " : "", n, key.p);
}

/* ---- kinds of keywords ----------------------------------------------------------------------- */

static void
texts(struct diff *diff, struct slice before, struct slice after)
{
	diff->out->has_texts = true;
}

static void
other(struct diff *diff, struct slice before, struct slice after)
{
	diff->out->is_other = true;
}

/* Schemas by name: "properties", "$defs". */
static void
named(struct diff *diff, struct slice before, struct slice after, bool is_properties)
{
	struct slice key, value;
	struct json_iter iter;

	json_iter_init(&iter, json_type(after) == JSON_OBJECT ? after : S("{}"));
	while (json_iter_next(&iter, &key, &value)) {
		struct slice name, old;
		struct err err;

		if (!json_string(diff->arena, (struct slice){ key.p - 1, key.n + 2 }, &name, &err))
			continue;
		old = member(before, name);
		if (old.p != NULL)
			differ(diff, old, value);
		else if (is_properties)
			name_new(diff, name);
		else
			diff->out->is_other = true;
	}
	json_iter_init(&iter, json_type(before) == JSON_OBJECT ? before : S("{}"));
	while (json_iter_next(&iter, &key, &value)) {
		struct slice name;
		struct err err;

		if (json_string(diff->arena, (struct slice){ key.p - 1, key.n + 2 }, &name, &err) &&
		    member(after, name).p == NULL)
			diff->out->is_narrower = true;
	}
}

static void
properties(struct diff *diff, struct slice before, struct slice after)
{
	named(diff, before, after, true);
}

static void
definitions(struct diff *diff, struct slice before, struct slice after)
{
	named(diff, before, after, false);
}

static bool
has_element(struct slice list, struct slice wanted)
{
	struct slice key, one;
	struct json_iter iter;
	unsigned n = 0;

	if (json_type(list) != JSON_ARRAY)
		return slice_eq(list, wanted);
	json_iter_init(&iter, list);
	while (n++ < SETS_MAX && json_iter_next(&iter, &key, &one))
		if (slice_eq(one, wanted))
			return true;
	return false;
}

/* Has a an element that b has not?  Either may be one element without a list. */
static bool
has_more(struct slice a, struct slice b)
{
	struct slice key, one;
	struct json_iter iter;
	unsigned n = 0;

	if (a.p == NULL)
		return false;
	if (json_type(a) != JSON_ARRAY)
		return !has_element(b, a);
	json_iter_init(&iter, a);
	while (n++ < SETS_MAX && json_iter_next(&iter, &key, &one))
		if (!has_element(b, one))
			return true;
	return n > SETS_MAX;
}

/* What may be: the more of it, the wider; none at all: anything. */
static void
choices(struct diff *diff, struct slice before, struct slice after)
{
	diff->out->is_wider |= after.p == NULL || (before.p != NULL && has_more(after, before));
	diff->out->is_narrower |= before.p == NULL || (after.p != NULL && has_more(before, after));
}

/* What must be: the more of it, the narrower. */
static void
required(struct diff *diff, struct slice before, struct slice after)
{
	diff->out->is_wider |= has_more(before, after);
	diff->out->is_narrower |= has_more(after, before);
}

/* true or a schema where it is not said. */
static void
additional(struct diff *diff, struct slice before, struct slice after)
{
	bool was_closed = json_type(before) == JSON_FALSE,
	     is_closed = json_type(after) == JSON_FALSE;

	if (was_closed != is_closed)
		*(was_closed ? &diff->out->is_wider : &diff->out->is_narrower) = true;
	else if (json_type(before) == JSON_OBJECT && json_type(after) == JSON_OBJECT)
		differ(diff, before, after);
	else
		diff->out->is_other = true;
}

static void
nested(struct diff *diff, struct slice before, struct slice after)
{
	if (json_type(before) == JSON_OBJECT && json_type(after) == JSON_OBJECT)
		differ(diff, before, after);
	else
		diff->out->is_other = true;
}

/* Without it, anything. */
static void
bound(struct diff *diff, struct slice before, struct slice after)
{
	if (before.p == NULL)
		diff->out->is_narrower = true;
	else if (after.p == NULL)
		diff->out->is_wider = true;
	else
		diff->out->is_other = true;
}

static bool
number(struct slice token, double *out)
{
	char text[32];

	if (json_type(token) != JSON_NUMBER || token.n >= sizeof(text))
		return false;
	memcpy(text, token.p, token.n);
	text[token.n] = '\0';
	*out = strtod(text, NULL);
	return true;
}

static void
limit(struct diff *diff, struct slice before, struct slice after, bool is_most)
{
	double was, is;

	if (!number(before, &was) || !number(after, &is))
		bound(diff, before, after);
	else
		*(is_most == (is > was) ? &diff->out->is_wider : &diff->out->is_narrower) = true;
}

static void
most(struct diff *diff, struct slice before, struct slice after)
{
	limit(diff, before, after, true);
}

static void
least(struct diff *diff, struct slice before, struct slice after)
{
	limit(diff, before, after, false);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	struct slice key;
	void (*differ)(struct diff *diff, struct slice before, struct slice after);
} keywords[] = {
	{ S("description"), texts },
	{ S("title"), texts },
	{ S("$comment"), texts },
	{ S("examples"), texts },
	{ S("default"), texts },
	{ S("properties"), properties },
	{ S("patternProperties"), properties },
	{ S("$defs"), definitions },
	{ S("definitions"), definitions },
	{ S("type"), choices },
	{ S("enum"), choices },
	{ S("required"), required },
	{ S("additionalProperties"), additional },
	{ S("unevaluatedProperties"), additional },
	{ S("items"), nested },
	{ S("contains"), nested },
	{ S("propertyNames"), nested },
	{ S("maximum"), most },
	{ S("exclusiveMaximum"), most },
	{ S("maxLength"), most },
	{ S("maxItems"), most },
	{ S("maxProperties"), most },
	{ S("minimum"), least },
	{ S("exclusiveMinimum"), least },
	{ S("minLength"), least },
	{ S("minItems"), least },
	{ S("minProperties"), least },
	{ S("pattern"), bound },
	{ S("format"), bound },
	{ S("const"), bound },
	{ S("uniqueItems"), bound },
	{ S("multipleOf"), bound },
};

static void
keyword(struct diff *diff, struct slice key, struct slice before, struct slice after)
{
	if (slice_eq(before, after))
		return;
	for (size_t i = 0; i < COUNT(keywords); i++) {
		if (slice_eq(keywords[i].key, key)) {
			keywords[i].differ(diff, before, after);
			return;
		}
	}
	other(diff, before, after);
}

/* Two schemas; a schema that is no object is true or false. */
static void
differ(struct diff *diff, struct slice before, struct slice after)
{
	struct slice key, value;
	struct json_iter iter;

	if (slice_eq(before, after))
		return;
	if (json_type(before) != JSON_OBJECT || json_type(after) != JSON_OBJECT) {
		diff->out->is_other = true;
		return;
	}
	json_iter_init(&iter, before);
	while (json_iter_next(&iter, &key, &value))
		keyword(diff, key, value, member(after, key));
	json_iter_init(&iter, after);
	while (json_iter_next(&iter, &key, &value))
		if (member(before, key).p == NULL)
			keyword(diff, key, SLICE_NONE, value);
}

void
pins_schema_compare(struct slice before, struct slice after, struct pins_schema *out)
{
	struct arena arena;
	struct diff diff = { .out = out, .arena = &arena };

	*out = (struct pins_schema){ .is_wider = false };
	arena_init(&arena, NULL, 16 * MIB);
	if (before.p == NULL || after.p == NULL)
		out->is_other = true;
	else
		differ(&diff, before, after);
	arena_fini(&arena);
}
