/*
 * Any bytes as a traceparent, and behind a line end as a tracestate: what is taken is written as it
 * came (of version 00), and read again is the same; a tracestate that is taken fits into a header.
 */
#include <string.h>

#include "mcp/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice state,
	    parent = slice_cut((struct slice){ (const char *)data, n }, '\n', &state);
	char text[TRACEPARENT_BYTES + 1];
	struct traceparent one, other;

	if (traceparent_read(parent, &one)) {
		traceparent_print(&one, text);
		must(text[TRACEPARENT_BYTES] == '\0');
		must(traceparent_read((struct slice){ text, TRACEPARENT_BYTES }, &other));
		must(memcmp(one.trace_id, other.trace_id, TRACE_ID_BYTES) == 0 &&
		    memcmp(one.span_id, other.span_id, SPAN_ID_BYTES) == 0 &&
		    one.flags == other.flags);
		must(memcmp(parent.p + 2, text + 2, TRACEPARENT_BYTES - 2) == 0);
	}
	if (state.p != NULL && tracestate_is_good(state)) {
		must(state.n <= TRACESTATE_MAX);
		for (size_t i = 0; i < state.n; i++)
			must(state.p[i] >= 0x20 && state.p[i] <= 0x7e);
	}
	return 0;
}
