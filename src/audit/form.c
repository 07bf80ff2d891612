/*
 * Values of a record, and the forms that are lines: JSON, CSV, text.
 */
#include <stdio.h>
#include <string.h>

#include "audit/form.h"

void
audit_form_init(struct audit_form *form)
{
	*form = (struct audit_form){ .facility = 16,
		.csv_delimiter = ',',
		.csv_quote = '"',
		.csv_quoting = CSV_MINIMAL,
		.csv_null = S("") };
}

/* ---- values ---------------------------------------------------------------------------------- */

/* A duration of 0 ms is one. */
static bool
is_set(const struct audit_record *record, const struct audit_field *field)
{
	if (field->offset == offsetof(struct audit_record, duration_ms))
		return record->kind == AUDIT_EXCHANGE;
	return audit_field_is_set(record, field);
}

/* The commonest of numbers, without a detour. */
static struct slice
digits(struct cell *cell, uint64_t number)
{
	char *end = cell->scratch + sizeof(cell->scratch), *at = end;

	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return (struct slice){ at, (size_t)(end - at) };
}

void
form_cell(const struct audit_record *record, const struct audit_field *field, struct cell *cell)
{
	const void *value = (const char *)record + field->offset;
	struct buf text;
	uint64_t number;

	cell->is_none = !is_set(record, field);
	cell->is_number =
	    field->type == AUDIT_U64 || field->type == AUDIT_UNSIGNED || field->type == AUDIT_INT;
	cell->text = S("");
	if (cell->is_none)
		return;
	if (field->type == AUDIT_TEXT) {
		cell->text = (struct slice){ value, strnlen(value, field->size) };
	} else if (field->type == AUDIT_BODY) {
		cell->text = *(const struct slice *)value;
	} else if (field->type == AUDIT_U64) {
		memcpy(&number, value, sizeof(number));
		cell->text = digits(cell, number);
	} else {
		buf_init(&text, NULL, sizeof(cell->scratch));
		audit_field_put(record, field, &text);
		must(!text.overflow && text.n > 0);
		memcpy(cell->scratch, text.p, text.n);
		cell->text = (struct slice){ cell->scratch, text.n };
		buf_fini(&text);
	}
}

bool
form_is_short(const struct audit_field *field)
{
	return field->type != AUDIT_BODY && field->type != AUDIT_BYTES;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* What every line has, null where there is no value. */
static bool
is_always(const struct audit_field *field)
{
	static const char *const names[] = { "time", "instance", "caller", "tenant", "client",
		"server", "tool", "method", "verdict", "rule", "outcome", "error_code",
		"duration_ms" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], field->name) == 0)
			return true;
	return false;
}

void
form_put_jsonl(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	const struct audit_field *fields;
	struct cell cell;
	char before = '{';
	size_t n;

	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++) {
		form_cell(record, &fields[i], &cell);
		if (cell.is_none && !is_always(&fields[i]))
			continue;
		buf_putc(out, before);
		buf_putc(out, '"');
		buf_puts(out, fields[i].name);
		buf_puts(out, "\":");
		before = ',';
		if (cell.is_none)
			buf_puts(out, "null");
		else if (cell.is_number)
			buf_put(out, cell.text);
		else
			form_put_json(out, cell.text);
	}
	buf_puts(out, "}\n");
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/*
 * Spreadsheets take a text that begins so for a formula.  An apostrophe before it makes it a text;
 * numbers stay as they are.
 */
static bool
is_formula(struct slice text)
{
	/* Also in full width: = + - @ */
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d",
		"\xef\xbc\xa0" };

	for (size_t i = 0; i < COUNT(wide); i++)
		if (slice_starts(text, slice_of(wide[i])))
			return true;
	return text.n > 0 && memchr("=+-@\t\r", text.p[0], 6) != NULL;
}

static bool
needs_quotes(const struct audit_form *form, struct slice shown)
{
	return memchr(shown.p, form->csv_delimiter, shown.n) != NULL ||
	    memchr(shown.p, form->csv_quote, shown.n) != NULL ||
	    (form->csv_escape != '\0' && memchr(shown.p, form->csv_escape, shown.n) != NULL) ||
	    shown.p[0] == ' ' || shown.p[shown.n - 1] == ' ';
}

static void
put_csv_field(const struct audit_form *form, struct slice text, bool is_text, struct buf *out)
{
	enum config_csv_quoting quoting = form->csv_quoting;
	bool quotes = quoting == CSV_ALL || (quoting == CSV_NONNUMERIC && is_text) ||
	    (quoting == CSV_MINIMAL && text.n > 0 && needs_quotes(form, text));
	char special[] = { form->csv_quote, quotes ? '\0' : form->csv_delimiter, '\0', '\0' };

	if (form->csv_escape != '\0')
		special[strlen(special)] = form->csv_escape;
	if (quotes)
		buf_putc(out, form->csv_quote);
	if (quotes || quoting == CSV_NONE)
		form_put_plain(out, text, special, form->csv_escape);
	else
		buf_put(out, text);
	if (quotes)
		buf_putc(out, form->csv_quote);
}

static void
put_csv_cell(const struct audit_form *form, const struct cell *cell, struct buf *out)
{
	struct buf shown;

	if (cell->is_none) {
		put_csv_field(form, form->csv_null, true, out);
		return;
	}
	buf_init(&shown, NULL, SIZE_MAX / 2);
	if (!cell->is_number && is_formula(cell->text))
		buf_putc(&shown, '\'');
	form_put_plain(&shown, cell->text, "", '\0');
	put_csv_field(form, buf_view(&shown), !cell->is_number, out);
	buf_fini(&shown);
}

void
form_put_csv(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	const struct audit_field *fields;
	struct cell cell;
	size_t n;

	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, form->csv_delimiter);
		form_cell(record, &fields[i], &cell);
		put_csv_cell(form, &cell, out);
	}
	buf_puts(out, "\r\n");
}

void
form_put_csv_header(const struct audit_form *form, struct buf *out)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, form->csv_delimiter);
		put_csv_field(form, slice_of(fields[i].name), true, out);
	}
	buf_puts(out, "\r\n");
}

/* ---- text ------------------------------------------------------------------------------------ */

/* What the beginning of the line says. */
static bool
is_in_gist(const struct audit_record *record, const struct audit_field *field)
{
	static const size_t always[] = { offsetof(struct audit_record, time_ms),
		offsetof(struct audit_record, kind), offsetof(struct audit_record, outcome) };
	static const size_t of_exchange[] = { offsetof(struct audit_record, method),
		offsetof(struct audit_record, server), offsetof(struct audit_record, tool) };

	for (size_t i = 0; i < COUNT(always); i++)
		if (field->offset == always[i] ||
		    (record->kind == AUDIT_EXCHANGE && field->offset == of_exchange[i]))
			return true;
	return false;
}

/* "2026-11-22T03:34:14.123Z done tools/call files/read_file caller=ci ..." */
void
form_put_text(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	const struct audit_field *fields;
	struct cell cell;
	size_t n;

	fields = audit_fields(&n);
	form_put_time(out, record->time_ms);
	buf_putc(out, ' ');
	form_put_gist(record, out);
	for (size_t i = 0; i < n; i++) {
		form_cell(record, &fields[i], &cell);
		if (cell.is_none || is_in_gist(record, &fields[i]) || fields[i].type == AUDIT_BYTES)
			continue;
		buf_putc(out, ' ');
		buf_puts(out, fields[i].name);
		buf_putc(out, '=');
		form_put_word(out, cell.text);
	}
	buf_putc(out, '\n');
}

/* ---- by name --------------------------------------------------------------------------------- */

static void
put_syslog_line(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	form_put_syslog(form, record, out);
	buf_putc(out, '\n');
}

static form_fn *
line_find(struct slice kind)
{
	static const struct {
		const char *kind;
		form_fn *put;
	} lines[] = { { "jsonl", form_put_jsonl }, { "csv", form_put_csv },
		{ "text", form_put_text }, { "cef", form_put_cef }, { "syslog", put_syslog_line } };

	for (size_t i = 0; i < COUNT(lines); i++)
		if (slice_eq(kind, slice_of(lines[i].kind)))
			return lines[i].put;
	return NULL;
}

bool
audit_lines_begin(struct slice kind, const struct audit_form *form, struct buf *out)
{
	if (slice_eq(kind, S("csv")))
		form_put_csv_header(form, out);
	return line_find(kind) != NULL;
}

void
audit_line_put(struct slice kind, const struct audit_form *form, const struct audit_record *record,
    struct buf *out)
{
	form_fn *put = line_find(kind);

	must(put != NULL);
	put(form, record, out);
}
