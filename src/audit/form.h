/*
 * The forms in which a record leaves: lines of JSON, CSV, text for people, syslog, CEF, OTLP.  The
 * table of fields (record.c) stands behind all of them, so that a thing has the same name
 * everywhere. Private to audit.
 *
 * What a record says came from outside.  In every form it stays one record with the same members:
 * controls, line ends and marks that turn or hide text are shown as \u001b and do nothing,
 * malformed UTF-8 becomes U+FFFD, and what has a meaning in the form is escaped as the form says.
 */
#ifndef AUDIT_FORM_H
#define AUDIT_FORM_H

#include "audit/audit.h"

/* Each adds one whole record, with its line end where the form has lines. */
typedef void
form_fn(const struct audit_form *form, const struct audit_record *record, struct buf *out);
form_fn form_put_jsonl, form_put_csv, form_put_text;
/* Without a line end: messages. The second: a message whose text is a line of CEF. */
form_fn form_put_syslog, form_put_cef_syslog;
/* A line. */
form_fn form_put_cef;
void form_put_csv_header(const struct audit_form *form, struct buf *out);

/* ExportLogsServiceRequest of OTLP/HTTP in JSON: begin, records, end.  All of one instance. */
void form_otlp_begin(const struct audit_form *form, const char *instance, struct buf *out);
/* is_first: no comma before it. */
void form_otlp_put(const struct audit_form *form, const struct audit_record *record, bool is_first,
    struct buf *out);
void form_otlp_end(struct buf *out);

/* ---- one value of a record ------------------------------------------------------------------- */

struct cell {
	bool is_none;	   /* the record has none */
	bool is_number;	   /* digits, perhaps with a sign */
	struct slice text; /* as it came; may lie in scratch */
	char scratch[72];
};
void
form_cell(const struct audit_record *record, const struct audit_field *field, struct cell *cell);
/* Is it in this form? Bodies are not in what must stay short, and the chain only in JSON and CSV.
 */
bool form_is_short(const struct audit_field *field);

/* ---- what the forms share (form_text.c) ------------------------------------------------------ */

/* Text without its harm, as above; one of `special` gets `escape` before it ('\0': itself twice).
 */
void form_put_plain(struct buf *out, struct slice text, const char *special, char escape);
/* A JSON string; what form_put_plain() shows is escaped, so that nothing is lost but broken UTF-8.
 */
void form_put_json(struct buf *out, struct slice text);
/* "2026-11-22T03:34:14.123Z" */
void form_put_time(struct buf *out, uint64_t unix_ms);
/* One word: in quotes, with marks, where it is none by itself. */
void form_put_word(struct buf *out, struct slice text);
/* What happened, in words and without a line end: "done tools/call files/read_file". */
void form_put_gist(const struct audit_record *record, struct buf *out);
/* Of syslog (RFC 5424 §6.2.1): 3 error to 6 informational. */
unsigned form_severity(const struct audit_record *record);

#endif
