/*
 * Any bytes as ADF: refused, or read; what is read is written as ADF that reads again, and as
 * Markdown, which always reads.
 */
#include <stdlib.h>
#include <string.h>

#include "atlassian/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { (const char *)data, n };
	struct buf once, twice, markdown;
	struct arena arena;
	struct doc *doc;
	struct err err;

	arena_init(&arena, NULL, 32 * MIB);
	buf_init(&once, NULL, 16 * MIB);
	buf_init(&twice, NULL, 16 * MIB);
	buf_init(&markdown, NULL, 16 * MIB);
	if (!text_read(&arena, TEXT_ADF, text, &doc, &err)) {
		must(err.kind == ERR_PARAMS || err.kind == ERR_LIMIT);
		goto out;
	}
	if (text_write(doc, TEXT_MARKDOWN, &markdown, &err) &&
	    !text_read(&arena, TEXT_MARKDOWN, buf_view(&markdown), &doc, &err))
		must(err.kind == ERR_LIMIT);
	if (!text_read(&arena, TEXT_ADF, text, &doc, &err) ||
	    !text_write(doc, TEXT_ADF, &once, &err))
		goto out;
	if (!text_read(&arena, TEXT_ADF, buf_view(&once), &doc, &err)) {
		must(err.kind == ERR_LIMIT);
		goto out;
	}
	must(text_write(doc, TEXT_ADF, &twice, &err) || err.kind == ERR_LIMIT);
out:
	buf_fini(&once);
	buf_fini(&twice);
	buf_fini(&markdown);
	arena_fini(&arena);
	arena_drain();
	return 0;
}
