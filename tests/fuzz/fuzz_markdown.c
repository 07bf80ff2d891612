/*
 * Any bytes as Markdown: read, written in the formats that have a writer here, and read back.  What
 * was written as ADF is ADF; nothing takes more than a bounded multiple of the text.
 */
#include <stdlib.h>
#include <string.h>

#include "atlassian/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(struct arena *arena, struct slice text, enum text_format to, bool must_read)
{
	struct doc *doc;
	struct buf out;
	struct err err;

	buf_init(&out, NULL, 16 * MIB);
	if (text_convert(arena, TEXT_MARKDOWN, text, to, &out, &err)) {
		if (!text_read(arena, to, buf_view(&out), &doc, &err))
			must(!must_read || err.kind == ERR_LIMIT);
	} else {
		must(err.kind == ERR_LIMIT);
	}
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { (const char *)data, n };
	struct arena arena;
	struct doc *doc;
	struct err err;
	struct buf out;

	arena_init(&arena, NULL, 32 * MIB);
	check(&arena, text, TEXT_ADF, true);
	check(&arena, text, TEXT_MARKDOWN, true);
	buf_init(&out, NULL, 16 * MIB);
	if (text_read(&arena, TEXT_MARKDOWN, text, &doc, &err) &&
	    text_write(doc, TEXT_MARKDOWN, &out, &err))
		check(&arena, buf_view(&out), TEXT_ADF, true);
	buf_fini(&out);
	arena_fini(&arena);
	arena_drain();
	return 0;
}
