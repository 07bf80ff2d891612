/*
 * Which fields of issues a request to the sandbox's Jira asks for, and what else is to be put in:
 * `fields` and `expand` of the query and of the body.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

/* Left out of "*navigable". */
static const char *const heavy[] = { "comment", "attachment", "worklog", "issuelinks", "subtasks" };

static uint64_t
field_bit(const char *id)
{
	for (size_t i = 0; i < sandbox_fields_n; i++)
		if (strcmp(sandbox_fields[i].id, id) == 0)
			return UINT64_C(1) << i;
	return 0;
}

static uint64_t
navigable(void)
{
	uint64_t bits = FIELDS_ALL;

	for (size_t i = 0; i < COUNT(heavy); i++)
		bits &= ~field_bit(heavy[i]);
	return bits;
}

static void
take_field(uint64_t *bits, struct slice word)
{
	const struct field *field;
	bool is_minus = word.n > 1 && word.p[0] == '-';
	uint64_t bit;

	if (is_minus)
		word = (struct slice){ word.p + 1, word.n - 1 };
	if (slice_eq(word, S("*all"))) {
		*bits = FIELDS_ALL;
	} else if (slice_eq(word, S("*navigable"))) {
		*bits |= navigable();
	} else if ((field = field_find(word)) != NULL) {
		bit = UINT64_C(1) << (field - sandbox_fields);
		if (is_minus)
			*bits = (*bits == 0 ? FIELDS_ALL : *bits) & ~bit;
		else
			*bits |= bit;
	}
}

static void
take_expand(struct visit *visit, struct slice words)
{
	static const struct {
		const char *word;
		unsigned bit;
	} expands[] = { { "renderedFields", EXPAND_RENDERED }, { "names", EXPAND_NAMES },
		{ "schema", EXPAND_SCHEMA }, { "changelog", EXPAND_CHANGELOG },
		{ "transitions", EXPAND_TRANSITIONS } };
	struct slice word;

	while (words.p != NULL) {
		word = slice_trim(slice_cut(words, ',', &words));
		for (size_t i = 0; i < COUNT(expands); i++)
			if (slice_starts(word, slice_of(expands[i].word)))
				visit->expand |= expands[i].bit;
	}
}

static void
take_body(struct visit *visit, bool *has_fields)
{
	yyjson_val *fields = yyjson_obj_get(visit->body, "fields"),
		   *expand = yyjson_obj_get(visit->body, "expand"), *value;
	size_t i, n;

	take_expand(visit, json_text(visit->body, "expand"));
	yyjson_arr_foreach(expand, i, n, value) take_expand(visit, slice_of(yyjson_get_str(value)));
	yyjson_arr_foreach(fields, i, n, value)
	{
		*has_fields = true;
		take_field(
		    &visit->fields, (struct slice){ yyjson_get_str(value), yyjson_get_len(value) });
	}
}

void
visit_fields(struct visit *visit, uint64_t otherwise)
{
	struct slice list;
	bool has_fields = false;

	visit->fields = 0;
	take_expand(visit, visit_query(visit, "expand"));
	take_body(visit, &has_fields);
	for (unsigned i = 0; (list = visit_query_at(visit, "fields", i)).p != NULL; i++) {
		has_fields = has_fields || list.n > 0;
		while (list.p != NULL)
			take_field(&visit->fields, slice_trim(slice_cut(list, ',', &list)));
	}
	if (!has_fields)
		visit->fields = otherwise == FIELDS_NAVIGABLE ? navigable() : otherwise;
}
