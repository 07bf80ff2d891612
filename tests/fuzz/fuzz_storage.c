/*
 * The reader of storage format: what it accepts is written as storage that it accepts again, and as
 * wiki markup that is read; the sections that it finds lie within the text.
 */
#include "atlassian/text.h"
#include "atlassian/text_section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
sections(struct arena *arena, struct slice text)
{
	struct section_query query = { .heading = S("a") };
	struct section section;
	struct err err;

	if (!section_find(arena, text, &query, &section, &err))
		return;
	must(section.at <= section.body && section.body <= section.end && section.end <= text.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { (const char *)data, n };
	struct arena arena;
	struct buf storage, wiki;
	struct doc *doc;
	struct err err;

	arena_init(&arena, NULL, 256 * MIB);
	buf_init(&storage, NULL, 64 * MIB);
	buf_init(&wiki, NULL, 64 * MIB);
	if (text_read(&arena, TEXT_STORAGE, text, &doc, &err)) {
		must(text_write(doc, TEXT_STORAGE, &storage, &err));
		must(text_write(doc, TEXT_WIKI, &wiki, &err));
		must(text_read(&arena, TEXT_STORAGE, buf_view(&storage), &doc, &err) ||
		    err.kind == ERR_LIMIT);
		must(text_read(&arena, TEXT_WIKI, buf_view(&wiki), &doc, &err));
		sections(&arena, text);
	}
	buf_fini(&storage);
	buf_fini(&wiki);
	arena_fini(&arena);
	return 0;
}
