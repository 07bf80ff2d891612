/*
 * Private to admin: spans and their way to the collector.
 */
#ifndef ADMIN_TRACES_H
#define ADMIN_TRACES_H

#include "admin/admin.h"

/* Adds it as a record, of at most SPAN_BYTES (span_form.c); now_ns: its end. */
#define SPAN_BYTES (8 * KIB)
void span_pack(struct buf *out, const struct span *span, uint64_t now_ns);

/* For one thread: records as JSON objects, each of at most 8 KiB and 12 bytes for each of its own.
 */
struct span_printer;
struct span_printer *span_printer_new(void);
void span_printer_free(struct span_printer **printer);
/* Prints the record that begins there, and returns its bytes. */
size_t span_print(struct span_printer *printer, struct buf *out, const char *packed);
/* Of a trace that begins here: is it recorded?  sample: millionths. */
bool trace_is_sampled(const unsigned char trace_id[TRACE_ID_BYTES], uint64_t sample);

#endif
