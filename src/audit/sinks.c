/*
 * The table of kinds of sinks.  `cef` is two: lines of a file, or messages of syslog.
 */
#include <string.h>
#include <unistd.h>

#include "audit/sinks.h"

static bool
cef_open(
    const struct config_sink *config, const char *dir, struct audit_sink **out, struct err *err)
{
	const struct audit_sink_ops *ops =
	    slice_starts(config->target, S("/")) ? &audit_sink_file : &audit_sink_syslog;

	return ops->open(config, dir, out, err);
}

/* The sink itself knows which of the two it is. */
static bool
cef_write(struct audit_sink *sink, const struct audit_record *const *records, size_t n,
    size_t *done, struct err *err)
{
	return sink->ops->write(sink, records, n, done, err);
}

static bool
cef_reopen(struct audit_sink *sink, struct err *err)
{
	return sink->ops->reopen == NULL || sink->ops->reopen(sink, err);
}

static void
cef_close(struct audit_sink *sink)
{
	sink->ops->close(sink);
}

static const struct audit_sink_ops sink_cef = { .kind = "cef",
	.open = cef_open,
	.write = cef_write,
	.reopen = cef_reopen,
	.close = cef_close };

const struct audit_sink_ops *
audit_sink_find(struct slice kind)
{
	static const struct {
		const char *kind;
		const struct audit_sink_ops *ops;
	} rows[] = { { "jsonl", &audit_sink_file }, { "csv", &audit_sink_file },
		{ "text", &audit_sink_file }, { "syslog", &audit_sink_syslog },
		{ "cef", &sink_cef }, { "otlp", &audit_sink_otlp } };

	for (size_t i = 0; i < COUNT(rows); i++)
		if (slice_eq(kind, slice_of(rows[i].kind)))
			return rows[i].ops;
	return NULL;
}

void
sink_form_init(struct audit_form *form, const struct config_sink *config, char host[SINK_HOST])
{
	audit_form_init(form);
	if (gethostname(host, SINK_HOST - 1) != 0)
		host[0] = '\0';
	host[SINK_HOST - 1] = '\0';
	form->host = slice_of(host);
	form->pid = (long)getpid();
	form->facility = config->facility;
	form->csv_delimiter = config->csv_delimiter;
	form->csv_quote = config->csv_quote;
	form->csv_escape = config->csv_escape;
	form->csv_quoting = config->csv_quoting;
	form->csv_null = config->csv_null;
}
