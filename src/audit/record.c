/*
 * The record of the trail: the table of its fields, and each of them as text.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/audit.h"

#define FIELD_SINCE(format, word, kind, member, about) \
	{ \
		.name = (word), .type = AUDIT_##kind, \
		.offset = offsetof(struct audit_record, member), \
		.size = sizeof(((struct audit_record *)NULL)->member), .help = (about), \
		.since = (format) \
	}
#define FIELD(word, kind, member, about) FIELD_SINCE(1, word, kind, member, about)

static const struct audit_field fields[] = {
	FIELD("seq", U64, seq, "Place in the chain of its instance."),
	FIELD("time", TIME, time_ms, "When it came."),
	FIELD("kind", KIND, kind, "What the record is about."),
	FIELD("instance", TEXT, instance,
	    "The process: its id, or the name of the replica, and 8 random digits."),
	FIELD("number", U64, number, "Of the exchange, as in the log (Request #n)."),
	FIELD("request_id", TEXT, request_id, "As the client wrote it, cut."),
	FIELD("caller", TEXT, caller, "The name of the key, or `anonymous`."),
	FIELD("tenant", TEXT, tenant, "To whom the caller belongs."),
	FIELD("client", TEXT, client, "What the client calls itself."),
	FIELD("transport", TEXT, transport, "`stdio`, `http` or `sse`."),
	FIELD_SINCE(2, "address", TEXT, address, "Of kind `refused`: where it came from."),
	FIELD("session", TEXT, session, "The same for all requests of a session; not its id."),
	FIELD("revision", TEXT, revision, "Of MCP, that the client speaks."),
	FIELD("method", TEXT, method, "Of MCP."),
	FIELD("server", TEXT, server, "As configured."),
	FIELD("site", TEXT, site, "Of Jira or Confluence."),
	FIELD("tool", TEXT, tool, "Or prompt, URI, task: as its server calls it, cut."),
	FIELD("verdict", TEXT, verdict, "`allow`, `deny` or `ask`."),
	FIELD("rule", TEXT, rule, "That decided."),
	FIELD("notes", TEXT, notes, "What was seen and let pass, or changed: rule=action*count."),
	FIELD("outcome", OUTCOME, outcome, "What became of it."),
	FIELD("error_code", INT, error_code, "Of JSON-RPC."),
	FIELD("sends", UNSIGNED, sends, "How often it was handed to its server."),
	FIELD("sent", TIME, sent_ms, "When its first byte was."),
	FIELD("ended", TIME, outcome_ms, "When its outcome was known."),
	FIELD("duration_ms", U64, duration_ms, "From its arrival to its outcome."),
	FIELD("request_bytes", U64, request_bytes, "Of its params."),
	FIELD("result_bytes", U64, result_bytes, "Of its result or error."),
	FIELD("arguments_sha256", BYTES, arguments_sha256,
	    "Of the arguments, as the client wrote them."),
	FIELD(
	    "result_sha256", BYTES, result_sha256, "Of the result or error, as the client got it."),
	FIELD("arguments", BODY, arguments, "Redacted; with `audit.bodies`."),
	FIELD("result", BODY, result, "Redacted; with `audit.bodies`."),
	FIELD("count", U64, count, "Records that were lost or cut; requests that were refused."),
	FIELD("hash", BYTES, hash, "Of this record and all before it."),
};

static const char *const kind_names[] = {
#define X(name, text) [AUDIT_##name] = text,
	AUDIT_KINDS(X)
#undef X
};

const char *
audit_kind_name(enum audit_kind kind)
{
	must((unsigned)kind < AUDIT_KINDS_N);
	return kind_names[kind];
}

const struct audit_field *
audit_fields(size_t *n)
{
	*n = COUNT(fields);
	return fields;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const void *
value_of(const struct audit_record *record, const struct audit_field *field)
{
	return (const char *)record + field->offset;
}

static uint64_t
u64_of(const struct audit_record *record, const struct audit_field *field)
{
	uint64_t value;

	memcpy(&value, value_of(record, field), sizeof(value));
	return value;
}

bool
audit_field_is_set(const struct audit_record *record, const struct audit_field *field)
{
	static const unsigned char zero[AUDIT_DIGEST];
	const void *value = value_of(record, field);

	switch (field->type) {
	case AUDIT_KIND:
		return true;
	case AUDIT_OUTCOME:
		return record->outcome != LEDGER_OPEN;
	case AUDIT_TEXT:
		return *(const char *)value != '\0';
	case AUDIT_BODY:
		return ((const struct slice *)value)->p != NULL;
	case AUDIT_U64:
	case AUDIT_TIME:
	case AUDIT_UNSIGNED:
	case AUDIT_INT:
	case AUDIT_BYTES:
		return memcmp(value, zero, field->size) != 0;
	}
	return false;
}

bool
audit_field_is_link(const struct audit_field *field)
{
	return field->offset == offsetof(struct audit_record, seq) ||
	    field->offset == offsetof(struct audit_record, hash);
}

static void
time_put(uint64_t ms, struct buf *out)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		buf_put_u64(out, ms);
		return;
	}
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "%s.%03uZ", text, (unsigned)(ms % 1000));
}

static void
hex_of(const unsigned char *bytes, struct buf *out)
{
	char text[2 * AUDIT_DIGEST];

	hex_put(bytes, AUDIT_DIGEST, text);
	buf_put(out, (struct slice){ text, sizeof(text) });
}

void
audit_field_put(const struct audit_record *record, const struct audit_field *field, struct buf *out)
{
	const void *value = value_of(record, field);

	switch (field->type) {
	case AUDIT_U64:
		buf_put_u64(out, u64_of(record, field));
		break;
	case AUDIT_TIME:
		time_put(u64_of(record, field), out);
		break;
	case AUDIT_UNSIGNED:
		buf_put_u64(out, *(const unsigned *)value);
		break;
	case AUDIT_INT:
		buf_printf(out, "%d", *(const int *)value);
		break;
	case AUDIT_KIND:
		buf_puts(out, audit_kind_name(record->kind));
		break;
	case AUDIT_OUTCOME:
		buf_puts(out, ledger_outcome_name(record->outcome));
		break;
	case AUDIT_TEXT:
		buf_put(out, slice_of(value));
		break;
	case AUDIT_BYTES:
		hex_of(value, out);
		break;
	case AUDIT_BODY:
		buf_put(out, *(const struct slice *)value);
		break;
	}
}
