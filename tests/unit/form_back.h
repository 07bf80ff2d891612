/*
 * Reads every form of a record back and compares what it says with the record: nothing that a field
 * holds may end a record, begin another, or be taken for another field.  Shared by the unit test
 * and the fuzz target.
 */
#ifndef TESTS_FORM_BACK_H
#define TESTS_FORM_BACK_H

#include <stdio.h>
#include <string.h>

#include "audit/form.h"

#define BACK_BYTES (64 * KIB)

struct back {
	const struct audit_record *record;
	const char *form, *field; /* where it went wrong */
};

static inline bool
back_fail(struct back *back, const char *form, const char *field)
{
	back->form = form;
	back->field = field;
	return false;
}

/* What is shown of a value in all forms but JSON. */
static inline void
back_shown(const struct cell *cell, struct buf *out)
{
	buf_clear(out);
	form_put_plain(out, cell->text, "", '\0');
}

static inline bool
back_is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return slice_is_utf8(text);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* One field at *at; moves behind its delimiter. */
static inline bool
back_csv_field(const struct audit_form *form, struct slice line, size_t *at, struct buf *out)
{
	bool in_quotes =
	    *at < line.n && line.p[*at] == form->csv_quote && form->csv_quoting != CSV_NONE;

	buf_clear(out);
	*at += in_quotes;
	for (; *at < line.n; (*at)++) {
		char c = line.p[*at];

		if (form->csv_escape != '\0' && c == form->csv_escape) {
			if (++*at == line.n)
				return false;
			buf_putc(out, line.p[*at]);
		} else if (in_quotes && c == form->csv_quote) {
			if (form->csv_escape != '\0' || *at + 1 >= line.n ||
			    line.p[*at + 1] != form->csv_quote) {
				in_quotes = false;
				continue;
			}
			buf_putc(out, line.p[++*at]);
		} else if (!in_quotes && c == form->csv_delimiter) {
			break;
		} else {
			buf_putc(out, c);
		}
	}
	(*at)++;
	return !in_quotes;
}

static inline bool
back_csv(struct back *back, const struct audit_form *form)
{
	const struct audit_field *fields;
	struct buf out, value, shown;
	struct slice line;
	struct cell cell;
	size_t n, at = 0;
	bool ok = true;

	fields = audit_fields(&n);
	buf_init(&out, NULL, BACK_BYTES);
	buf_init(&value, NULL, BACK_BYTES);
	buf_init(&shown, NULL, BACK_BYTES);
	form_put_csv(form, back->record, &out);
	line = buf_view(&out);
	ok = slice_ends(line, S("\r\n")) || back_fail(back, "csv", "end");
	line.n -= ok ? 2 : 0;
	ok = ok &&
	    (back_is_plain(line) || form->csv_delimiter == '\t' || back_fail(back, "csv", "plain"));
	for (size_t i = 0; ok && i < n; i++) {
		struct slice view, wanted;

		form_cell(back->record, &fields[i], &cell);
		back_shown(&cell, &shown);
		ok = back_csv_field(form, line, &at, &value) ||
		    back_fail(back, "csv", fields[i].name);
		view = buf_view(&value);
		wanted = cell.is_none ? form->csv_null : buf_view(&shown);
		if (ok && !cell.is_none && !cell.is_number && view.n == wanted.n + 1 &&
		    view.p[0] == '\'')
			view = (struct slice){ view.p + 1, view.n - 1 };
		else if (ok && !cell.is_none && !cell.is_number && view.n > 0 &&
		    memchr("=+-@", view.p[0], 4) != NULL)
			ok = back_fail(back, "csv formula", fields[i].name);
		ok = ok && (slice_eq(view, wanted) || back_fail(back, "csv", fields[i].name));
	}
	ok = ok && (at == line.n + 1 || back_fail(back, "csv", "fields"));
	buf_fini(&out);
	buf_fini(&value);
	buf_fini(&shown);
	return ok;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static inline bool
back_json_value(struct arena *arena, const struct cell *cell, struct slice value)
{
	struct slice text;
	struct err err;

	if (cell->is_none)
		return slice_eq(value, S("null"));
	if (cell->is_number)
		return slice_eq(value, cell->text);
	return json_type(value) == JSON_STRING && json_string(arena, value, &text, &err) &&
	    slice_is_utf8(text) && (!slice_is_utf8(cell->text) || slice_eq(text, cell->text));
}

static inline bool
back_json_text(struct back *back, struct arena *arena, struct buf *out)
{
	struct json_scan *scan = json_scan_new(arena, out->p, out->n, 0, 0, 1);
	struct err err;

	return (back_is_plain(buf_view(out)) && json_scan_all(scan, &err)) ||
	    back_fail(back, "json", "text");
}

static inline bool
back_jsonl(struct back *back)
{
	const struct audit_field *fields;
	struct arena arena;
	struct slice value;
	struct cell cell;
	struct buf out;
	size_t n;
	bool ok;

	fields = audit_fields(&n);
	arena_init(&arena, NULL, 4 * MIB);
	buf_init(&out, NULL, BACK_BYTES);
	form_put_jsonl(NULL, back->record, &out);
	ok = (out.n > 0 && out.p[--out.n] == '\n') || back_fail(back, "jsonl", "end");
	ok = ok && back_json_text(back, &arena, &out);
	for (size_t i = 0; ok && i < n; i++) {
		form_cell(back->record, &fields[i], &cell);
		ok = json_find(buf_view(&out), slice_of(fields[i].name), &value)
		    ? back_json_value(&arena, &cell, value)
		    : cell.is_none;
		ok = ok || back_fail(back, "jsonl", fields[i].name);
	}
	buf_fini(&out);
	arena_fini(&arena);
	return ok;
}

/* The only element, or the value of key in the only element. */
static inline struct slice
back_dig(struct slice value, const char *key)
{
	struct json_iter iter;
	struct slice name, element = SLICE_NONE;

	if (json_type(value) == JSON_ARRAY) {
		json_iter_init(&iter, value);
		if (!json_iter_next(&iter, &name, &element))
			return SLICE_NONE;
		value = element;
	}
	return json_type(value) == JSON_OBJECT && json_find(value, slice_of(key), &element)
	    ? element
	    : SLICE_NONE;
}

static inline bool
back_otlp_attribute(
    struct back *back, struct arena *arena, struct json_iter *iter, const struct audit_field *field)
{
	struct slice key, attribute, name, value, token;
	struct cell cell;
	struct err err;

	form_cell(back->record, field, &cell);
	if (cell.is_none)
		return true;
	if (!json_iter_next(iter, &key, &attribute) || json_type(attribute) != JSON_OBJECT ||
	    !json_find(attribute, S("key"), &name) || !json_find(attribute, S("value"), &value) ||
	    !json_string(arena, name, &name, &err) || !slice_eq(name, slice_of(field->name)))
		return back_fail(back, "otlp", field->name);
	if (cell.is_number) {
		if (!json_find(value, S("intValue"), &token) ||
		    !json_string(arena, token, &token, &err) || !slice_eq(token, cell.text))
			return back_fail(back, "otlp", field->name);
		return true;
	}
	return (json_find(value, S("stringValue"), &token) &&
		   back_json_value(arena, &cell, token)) ||
	    back_fail(back, "otlp", field->name);
}

static inline bool
back_otlp(struct back *back)
{
	struct audit_form form;
	const struct audit_field *fields;
	struct slice record, key, more;
	struct json_iter iter;
	struct arena arena;
	struct buf out;
	size_t n;
	bool ok;

	fields = audit_fields(&n);
	audit_form_init(&form);
	arena_init(&arena, NULL, 4 * MIB);
	buf_init(&out, NULL, BACK_BYTES);
	form_otlp_begin(&form, back->record->instance, &out);
	form_otlp_put(&form, back->record, true, &out);
	form_otlp_end(&out);
	ok = back_json_text(back, &arena, &out);
	record = ok ? back_dig(back_dig(back_dig(buf_view(&out), "resourceLogs"), "scopeLogs"),
			  "logRecords")
		    : SLICE_NONE;
	ok = ok && (json_count(record) == 1 || back_fail(back, "otlp", "records"));
	record = ok ? back_dig(record, "attributes") : SLICE_NONE;
	ok = ok && (json_type(record) == JSON_ARRAY || back_fail(back, "otlp", "attributes"));
	if (ok)
		json_iter_init(&iter, record);
	for (size_t i = 0; ok && i < n; i++)
		ok = back_otlp_attribute(back, &arena, &iter, &fields[i]);
	ok = ok && (!json_iter_next(&iter, &key, &more) || back_fail(back, "otlp", "more"));
	buf_fini(&out);
	arena_fini(&arena);
	return ok;
}

/* ---- syslog ---------------------------------------------------------------------------------- */

static inline bool
back_syslog_value(struct back *back, struct slice text, size_t *at, const struct audit_field *field,
    struct buf *value, struct buf *shown)
{
	struct cell cell;
	char head[64];
	size_t n;

	form_cell(back->record, field, &cell);
	if (cell.is_none || !form_is_short(field))
		return true;
	n = (size_t)snprintf(head, sizeof(head), " %s=\"", field->name);
	if (text.n - *at < n || memcmp(text.p + *at, head, n) != 0)
		return back_fail(back, "syslog", field->name);
	buf_clear(value);
	for (*at += n; *at < text.n && text.p[*at] != '"'; (*at)++) {
		if (text.p[*at] == ']')
			return back_fail(back, "syslog", field->name);
		*at += text.p[*at] == '\\';
		buf_putc(value, text.p[*at < text.n ? *at : text.n - 1]);
	}
	(*at)++;
	back_shown(&cell, shown);
	return slice_eq(buf_view(value), buf_view(shown)) || back_fail(back, "syslog", field->name);
}

static inline bool
back_syslog(struct back *back)
{
	const struct audit_field *fields;
	struct buf out, value, shown;
	struct audit_form form;
	struct slice text;
	const char *data;
	size_t n, at;
	bool ok;

	fields = audit_fields(&n);
	audit_form_init(&form);
	buf_init(&out, NULL, BACK_BYTES);
	buf_init(&value, NULL, BACK_BYTES);
	buf_init(&shown, NULL, BACK_BYTES);
	form_put_syslog(&form, back->record, &out);
	text = buf_view(&out);
	data = memmem(text.p, text.n, " - bascule - audit [bascule@32473", 33);
	ok = (back_is_plain(text) && slice_starts(text, S("<")) && data != NULL) ||
	    back_fail(back, "syslog", "head");
	at = ok ? (size_t)(data - text.p) + 33 : 0;
	for (size_t i = 0; ok && i < n; i++)
		ok = back_syslog_value(back, text, &at, &fields[i], &value, &shown);
	ok = ok &&
	    ((at + 1 < text.n && memcmp(text.p + at, "] ", 2) == 0) ||
		back_fail(back, "syslog", "end"));
	buf_fini(&out);
	buf_fini(&value);
	buf_fini(&shown);
	return ok;
}

/* ---- CEF ------------------------------------------------------------------------------------- */

/* The next separator that no backslash stands before. */
static inline size_t
back_find(struct slice text, size_t at, char separator)
{
	for (; at < text.n; at++) {
		if (text.p[at] == '\\')
			at++;
		else if (text.p[at] == separator)
			return at;
	}
	return text.n;
}

static inline void
back_unescape(struct slice text, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < text.n; i++) {
		i += text.p[i] == '\\' && i + 1 < text.n;
		buf_putc(out, text.p[i]);
	}
}

/* The value of a key: up to the blank before the next key. */
static inline bool
back_cef_value(struct slice text, const char *key, struct buf *out)
{
	size_t from = 0, equals = back_find(text, 0, '='), next, end;

	while (equals < text.n) {
		struct slice name = { text.p + from, equals - from };

		next = back_find(text, equals + 1, '=');
		end = next;
		while (next < text.n && end > equals && text.p[end] != ' ')
			end--;
		if (slice_eq(name, slice_of(key))) {
			back_unescape((struct slice){ text.p + equals + 1, end - equals - 1 }, out);
			return true;
		}
		from = end + 1;
		equals = next;
	}
	return false;
}

static inline bool
back_cef(struct back *back)
{
	static const struct {
		const char *key;
		size_t offset, size;
	} rows[] = { { "suser", offsetof(struct audit_record, caller), 33 },
		{ "cs1", offsetof(struct audit_record, tenant), 33 },
		{ "requestClientApplication", offsetof(struct audit_record, client), 65 },
		{ "cs2", offsetof(struct audit_record, tool), 129 },
		{ "requestMethod", offsetof(struct audit_record, method), 33 },
		{ "act", offsetof(struct audit_record, verdict), 8 },
		{ "cs4", offsetof(struct audit_record, notes), 200 } };
	struct buf out, value, shown;
	struct slice text, ext;
	size_t at = 0, bars = 0;
	bool ok;

	buf_init(&out, NULL, BACK_BYTES);
	buf_init(&value, NULL, BACK_BYTES);
	buf_init(&shown, NULL, BACK_BYTES);
	form_put_cef(NULL, back->record, &out);
	text = buf_view(&out);
	ok = slice_ends(text, S("\n")) || back_fail(back, "cef", "end");
	text.n -= ok ? 1 : 0;
	ok = ok && (back_is_plain(text) || back_fail(back, "cef", "plain"));
	for (; bars < 7 && at < text.n; bars++)
		at = back_find(text, at, '|') + 1;
	ok = ok && (bars == 7 || back_fail(back, "cef", "head"));
	ext = ok ? (struct slice){ text.p + at, text.n - at } : SLICE_NONE;
	for (size_t i = 0; ok && i < COUNT(rows); i++) {
		const char *field = (const char *)back->record + rows[i].offset;
		struct slice raw = { field, strnlen(field, rows[i].size) };

		buf_clear(&shown);
		form_put_plain(&shown, raw, "", '\0');
		ok = back_cef_value(ext, rows[i].key, &value)
		    ? slice_eq(buf_view(&value), buf_view(&shown))
		    : raw.n == 0;
		ok = ok || back_fail(back, "cef", rows[i].key);
	}
	buf_fini(&out);
	buf_fini(&value);
	buf_fini(&shown);
	return ok;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* One line, whose words with a name are the fields that are set. */
static inline bool
back_text(struct back *back)
{
	const struct audit_field *fields;
	size_t n, wanted = 0, found = 0;
	bool in_quotes = false, ok;
	struct slice text;
	struct cell cell;
	struct buf out;

	fields = audit_fields(&n);
	buf_init(&out, NULL, BACK_BYTES);
	form_put_text(NULL, back->record, &out);
	text = buf_view(&out);
	ok = slice_ends(text, S("\n")) || back_fail(back, "text", "end");
	text.n -= ok ? 1 : 0;
	ok = ok && (back_is_plain(text) || back_fail(back, "text", "plain"));
	for (size_t i = 0; ok && i < text.n; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '"')
			in_quotes = !in_quotes;
		else if (text.p[i] == '=' && !in_quotes)
			found++;
	}
	for (size_t i = 0; i < n; i++) {
		static const char *const left_out[] = { "time", "kind", "outcome", "method",
			"server", "tool" };
		bool is_out = fields[i].type == AUDIT_BYTES;

		for (size_t k = 0; k < COUNT(left_out); k++)
			is_out = is_out || strcmp(fields[i].name, left_out[k]) == 0;
		form_cell(back->record, &fields[i], &cell);
		wanted += !cell.is_none && !is_out;
	}
	ok = ok && ((found == wanted && !in_quotes) || back_fail(back, "text", "fields"));
	buf_fini(&out);
	return ok;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* False: back->form and back->field say where.  The record is one of an exchange. */
static inline bool
back_all(struct back *back)
{
	static const struct audit_form forms[] = {
		{ .csv_delimiter = ',', .csv_quote = '"', .csv_null = { "", 0 } },
		{ .csv_delimiter = '\t',
		    .csv_quote = '\'',
		    .csv_escape = '\\',
		    .csv_quoting = CSV_ALL,
		    .csv_null = { "NULL", 4 } },
		{ .csv_delimiter = ';',
		    .csv_quote = '"',
		    .csv_escape = '\\',
		    .csv_quoting = CSV_NONE,
		    .csv_null = { "-", 1 } },
		{ .csv_delimiter = '|',
		    .csv_quote = '"',
		    .csv_quoting = CSV_NONNUMERIC,
		    .csv_null = { "", 0 } },
		{ .csv_delimiter = ',',
		    .csv_quote = '"',
		    .csv_escape = '\\',
		    .csv_null = { "", 0 } },
	};

	for (size_t i = 0; i < COUNT(forms); i++)
		if (!back_csv(back, &forms[i]))
			return false;
	return back_jsonl(back) && back_otlp(back) && back_syslog(back) && back_cef(back) &&
	    back_text(back);
}

#endif
