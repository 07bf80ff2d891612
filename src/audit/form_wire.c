/*
 * The forms that go to collectors: syslog (RFC 5424), CEF (version 0 of the format), OTLP logs (the
 * JSON of the protocol definitions, opentelemetry/proto/collector/logs/v1).
 */
#include <string.h>

#include "audit/form.h"
#include "net/net.h"

/* ---- syslog ---------------------------------------------------------------------------------- */

/* 32473 is the number that RFC 5612 sets aside for names without an owner. */
#define SD_ID "bascule@32473"

/* A header field: visible ASCII, at most n bytes; "-" where nothing is left (§6.2). */
static void
put_header_field(struct buf *out, struct slice text, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < most; i++)
		if (text.p[i] > ' ' && text.p[i] < 0x7f) {
			buf_putc(out, text.p[i]);
			n++;
		}
	if (n == 0)
		buf_putc(out, '-');
}

static void
put_header(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	buf_printf(out, "<%u>1 ", form->facility * 8 + form_severity(record));
	form_put_time(out, record->time_ms);
	buf_putc(out, ' ');
	put_header_field(out, form->host, 255);
	buf_puts(out, " bascule ");
	if (form->pid > 0)
		buf_printf(out, "%ld", form->pid);
	else
		buf_putc(out, '-');
	buf_puts(out, " audit ");
}

void
form_put_syslog(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	const struct audit_field *fields;
	struct cell cell;
	size_t n;

	fields = audit_fields(&n);
	put_header(form, record, out);
	buf_puts(out, "[" SD_ID);
	for (size_t i = 0; i < n; i++) {
		form_cell(record, &fields[i], &cell);
		if (cell.is_none || !form_is_short(&fields[i]))
			continue;
		buf_putc(out, ' ');
		buf_puts(out, fields[i].name);
		buf_puts(out, "=\"");
		form_put_plain(out, cell.text, "\"\\]", '\\');
		buf_putc(out, '"');
	}
	buf_puts(out, "] ");
	form_put_gist(record, out);
}

/* ---- CEF ------------------------------------------------------------------------------------- */

/* Its keys; is_named: one that says nothing of itself, KEYLabel=name goes with it. */
static const struct {
	const char *name, *key;
	bool is_named;
} cef_keys[] = {
	{ "time", "rt", false },
	{ "kind", "cat", false },
	{ "instance", "deviceExternalId", false },
	{ "number", "externalId", false },
	{ "caller", "suser", false },
	{ "tenant", "cs1", true },
	{ "client", "requestClientApplication", false },
	{ "server", "destinationServiceName", false },
	{ "tool", "cs2", true },
	{ "method", "requestMethod", false },
	{ "verdict", "act", false },
	{ "rule", "cs3", true },
	{ "notes", "cs4", true },
	{ "session", "cs5", true },
	{ "site", "cs6", true },
	{ "outcome", "outcome", false },
	{ "error_code", "cn1", true },
	{ "duration_ms", "cn2", true },
	{ "transport", "app", false },
	{ "address", "src", false },
	{ "request_bytes", "in", false },
	{ "result_bytes", "out", false },
	{ "count", "cnt", false },
};

static const struct audit_field *
field_find(const char *name)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	must(!"a key of CEF is no field");
	return NULL;
}

/* 0 to 10; syslog counts the other way. */
static unsigned
cef_severity(const struct audit_record *record)
{
	static const unsigned severities[] = { 10, 10, 10, 8, 6, 4, 2, 1 };

	return severities[form_severity(record) % COUNT(severities)];
}

static void
put_cef(const struct audit_record *record, struct buf *out)
{
	bool is_exchange = record->kind == AUDIT_EXCHANGE;
	struct cell cell;

	buf_printf(out, "CEF:0|bascule|bascule|" BASCULE_VERSION "|%s|",
	    is_exchange ? ledger_outcome_name(record->outcome) : audit_kind_name(record->kind));
	if (is_exchange)
		form_put_plain(out, slice_of(record->method), "|\\", '\\');
	else
		form_put_gist(record, out);
	buf_printf(out, "|%u|", cef_severity(record));
	for (size_t i = 0; i < COUNT(cef_keys); i++) {
		form_cell(record, field_find(cef_keys[i].name), &cell);
		if (cell.is_none)
			continue;
		if (i > 0)
			buf_putc(out, ' ');
		if (cef_keys[i].is_named)
			buf_printf(out, "%sLabel=%s ", cef_keys[i].key, cef_keys[i].name);
		buf_printf(out, "%s=", cef_keys[i].key);
		if (strcmp(cef_keys[i].key, "rt") == 0)
			buf_printf(out, "%llu", (unsigned long long)record->time_ms);
		else
			form_put_plain(out, cell.text, "=\\", '\\');
	}
}

void
form_put_cef(const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	put_cef(record, out);
	buf_putc(out, '\n');
}

void
form_put_cef_syslog(
    const struct audit_form *form, const struct audit_record *record, struct buf *out)
{
	put_header(form, record, out);
	buf_puts(out, "- ");
	put_cef(record, out);
}

/* ---- OTLP ------------------------------------------------------------------------------------ */

static void
put_attribute(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "{\"key\":\"%s\",\"value\":{\"stringValue\":", name);
	form_put_json(out, text);
	buf_puts(out, "}}");
}

void
form_otlp_begin(const struct audit_form *form, const char *instance, struct buf *out)
{
	otlp_put_head(out, &otlp_logs, slice_of(instance), form->host, "bascule.audit");
}

/* SEVERITY_NUMBER_* of the definitions, by syslog's. */
static const struct {
	unsigned number;
	const char *text;
} otlp_severities[] = {
	{ 21, "FATAL" },
	{ 21, "FATAL" },
	{ 21, "FATAL" },
	{ 17, "ERROR" },
	{ 13, "WARN" },
	{ 10, "INFO2" },
	{ 9, "INFO" },
	{ 5, "DEBUG" },
};

/* Numbers of 64 bits are texts in the JSON of protocol buffers. */
static void
put_nanoseconds(struct buf *out, const char *name, uint64_t unix_ms)
{
	buf_printf(out, "\"%s\":\"%llu000000\",", name, (unsigned long long)unix_ms);
}

void
form_otlp_put(const struct audit_form *form, const struct audit_record *record, bool is_first,
    struct buf *out)
{
	unsigned severity = form_severity(record) % COUNT(otlp_severities);
	const struct audit_field *fields;
	const char *before = "";
	struct cell cell;
	struct buf gist;
	size_t n;

	fields = audit_fields(&n);
	buf_puts(out, is_first ? "{" : ",{");
	put_nanoseconds(out, "timeUnixNano", record->time_ms);
	put_nanoseconds(out, "observedTimeUnixNano",
	    record->outcome_ms != 0 ? record->outcome_ms : record->time_ms);
	buf_printf(out, "\"severityNumber\":%u,\"severityText\":\"%s\",\"body\":{\"stringValue\":",
	    otlp_severities[severity].number, otlp_severities[severity].text);
	buf_init(&gist, NULL, 4 * KIB);
	form_put_gist(record, &gist);
	form_put_json(out, buf_view(&gist));
	buf_fini(&gist);
	buf_puts(out, "},\"attributes\":[");
	for (size_t i = 0; i < n; i++) {
		form_cell(record, &fields[i], &cell);
		if (cell.is_none)
			continue;
		buf_puts(out, before);
		before = ",";
		if (cell.is_number)
			buf_printf(out, "{\"key\":\"%s\",\"value\":{\"intValue\":\"%.*s\"}}",
			    fields[i].name, SLICE_FMT(cell.text));
		else
			put_attribute(out, fields[i].name, cell.text);
	}
	buf_puts(out, "]}");
}

void
form_otlp_end(struct buf *out)
{
	otlp_put_tail(out);
}
