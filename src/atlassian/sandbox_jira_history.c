/*
 * How the sandbox's Jira prints what was changed in an issue, when and by whom.
 */
#include "atlassian/sandbox_private.h"

static void
put_change(struct buf *out, const struct change *change)
{
	put_open(out, NULL, '{');
	put_text(out, "field", change->field);
	put_cstr(out, "fieldtype", "jira");
	put_text(out, "fieldId", change->field);
	put_text(out, "from", change->from);
	put_text(out, "fromString", change->from_text);
	put_text(out, "to", change->to);
	put_text(out, "toString", change->to_text);
	put_close(out, '}');
}

static bool
is_of(const struct change *change, yyjson_val *fields)
{
	yyjson_val *field;
	size_t i, n;

	yyjson_arr_foreach(fields, i, n, field)
	{
		if (slice_eq_nocase(change->field,
			(struct slice){ yyjson_get_str(field), yyjson_get_len(field) }))
			return true;
	}
	return yyjson_arr_size(fields) == 0;
}

static void
begin_history(struct visit *visit, const struct change *change)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_id(out, "id", change->id);
	put_user(visit, "author", change->author);
	if (visit->has_number_times)
		put_number(out, "created", (int64_t)change->when_ms);
	else
		put_time(out, "created", change->when_ms, "+0000");
	put_open(out, "items", '[');
}

static void
end_history(struct visit *visit)
{
	put_close(&visit->out, ']');
	put_close(&visit->out, '}');
}

/* Changes of one id are items of one history. */
unsigned
put_histories(struct visit *visit, const char *key, const struct issue *issue, unsigned start,
    unsigned most, yyjson_val *fields)
{
	const struct change *change;
	unsigned last = 0, histories = 0;
	bool is_open = false;

	put_open(&visit->out, key, '[');
	LIST_EACH(change, &issue->changes)
	{
		if (!is_of(change, fields))
			continue;
		if (change->id != last) {
			if (is_open)
				end_history(visit);
			is_open = histories >= start && histories - start < most;
			if (is_open)
				begin_history(visit, change);
			histories++;
		}
		if (is_open)
			put_change(&visit->out, change);
		last = change->id;
	}
	if (is_open)
		end_history(visit);
	put_close(&visit->out, ']');
	return histories;
}
