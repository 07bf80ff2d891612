/*
 * Private to admin: spans and their way to the collector.
 */
#ifndef ADMIN_TRACES_H
#define ADMIN_TRACES_H

#include "admin/admin.h"

/* Adds it as a JSON object (span_form.c); now_ns: its end. */
void span_put(struct buf *out, const struct span *span, uint64_t now_ns);
/* Of a trace that begins here: is it recorded?  sample: millionths. */
bool trace_is_sampled(const unsigned char trace_id[TRACE_ID_BYTES], uint64_t sample);

#endif
