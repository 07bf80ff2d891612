/*
 * The reader of wiki markup: it takes every text; what it makes of it is written as storage format
 * that is well-formed, and as wiki markup that is read again.
 */
#include "atlassian/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { (const char *)data, n };
	struct arena arena;
	struct buf storage, wiki;
	struct doc *doc, *again;
	struct err err;

	arena_init(&arena, NULL, 256 * MIB);
	buf_init(&storage, NULL, 64 * MIB);
	buf_init(&wiki, NULL, 64 * MIB);
	must(text_read(&arena, TEXT_WIKI, text, &doc, &err));
	must(text_write(doc, TEXT_STORAGE, &storage, &err));
	must(text_read(&arena, TEXT_STORAGE, buf_view(&storage), &again, &err) ||
	    err.kind == ERR_LIMIT);
	must(text_write(doc, TEXT_WIKI, &wiki, &err));
	must(text_read(&arena, TEXT_WIKI, buf_view(&wiki), &again, &err));
	buf_fini(&storage);
	buf_fini(&wiki);
	arena_fini(&arena);
	return 0;
}
