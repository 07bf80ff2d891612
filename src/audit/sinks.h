/*
 * The kinds of sinks, each a file sink_<kind>.c.  Private to audit.
 */
#ifndef AUDIT_SINKS_H
#define AUDIT_SINKS_H

#include "audit/form.h"
#include "audit/sink.h"

#define SINK_HOST 256

extern const struct audit_sink_ops audit_sink_file, audit_sink_syslog, audit_sink_otlp;

/* The form of a sink as it is configured; host is the storage of form->host. */
void
sink_form_init(struct audit_form *form, const struct config_sink *config, char host[SINK_HOST]);

#endif
