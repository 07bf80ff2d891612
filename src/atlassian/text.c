/*
 * The table of text formats, and what is the same for all of them: a reader fills a tree, a writer
 * prints it.  From a format to itself the bytes are checked by reading them and then handed on as
 * they are.
 */
#include "atlassian/text.h"

struct text_row {
	const char *name;
	bool (*read)(struct doc_maker *maker, struct slice text);
	void (*write)(const struct doc *doc, struct buf *out);
};

/* clang-format off */
static const struct text_row rows[TEXT_FORMATS_N] = {
	[TEXT_MARKDOWN] = { "markdown",	markdown_read,	markdown_write },
	[TEXT_ADF] =	  { "adf",	adf_read,	adf_write },
	[TEXT_WIKI] =	  { "wiki",	wiki_read,	wiki_write },
	[TEXT_STORAGE] =  { "storage",	storage_read,	storage_write },
};
/* clang-format on */

const char *
text_format_name(enum text_format format)
{
	return rows[format].name;
}

bool
text_format_find(struct slice name, enum text_format *out)
{
	for (unsigned i = 0; i < TEXT_FORMATS_N; i++) {
		if (slice_eq(name, slice_of(rows[i].name))) {
			*out = (enum text_format)i;
			return true;
		}
	}
	return false;
}

bool
text_read(struct arena *arena, enum text_format format, struct slice text, struct doc **out,
    struct err *err)
{
	struct doc_maker maker;

	doc_maker_init(&maker, arena, err);
	if (maker.has_failed || !rows[format].read(&maker, text) || !doc_finish(&maker))
		return false;
	*out = maker.root;
	return true;
}

bool
text_write(const struct doc *doc, enum text_format format, struct buf *out, struct err *err)
{
	rows[format].write(doc, out);
	return buf_check(out, err);
}

bool
text_convert(struct arena *arena, enum text_format from, struct slice text, enum text_format to,
    struct buf *out, struct err *err)
{
	struct doc *doc;

	if (!text_read(arena, from, text, &doc, err))
		return false;
	if (from != to)
		return text_write(doc, to, out, err);
	buf_put(out, text);
	return buf_check(out, err);
}
