/*
 * JSON values for expectations: by pointer, and compared.  Numbers are what is written, never a
 * double: 1.0 is not 1.
 */
#include <stdlib.h>
#include <yyjson.h>

#include "story.h"

static yyjson_doc *
doc_read(struct slice text)
{
	if (text.p == NULL)
		return NULL;
	return yyjson_read_opts(
	    (char *)(void *)text.p, text.n, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
}

bool
value_is_json(struct slice text)
{
	yyjson_doc *doc = doc_read(text);
	bool ok = doc != NULL;

	yyjson_doc_free(doc);
	return ok;
}

bool
value_at(struct slice text, struct slice pointer, struct buf *out)
{
	yyjson_doc *doc = doc_read(text);
	yyjson_val *value = NULL;
	char *printed;
	size_t n;

	if (doc == NULL)
		return false;
	value = yyjson_doc_ptr_getn(doc, pointer.p, pointer.n);
	if (value != NULL) {
		printed = yyjson_val_write(value, 0, &n);
		must(printed != NULL);
		buf_put(out, (struct slice){ printed, n });
		free(printed);
	}
	yyjson_doc_free(doc);
	return value != NULL;
}

bool
value_same(struct slice a, struct slice b)
{
	yyjson_doc *x = doc_read(a), *y = doc_read(b);
	bool same =
	    x != NULL && y != NULL && yyjson_equals(yyjson_doc_get_root(x), yyjson_doc_get_root(y));

	yyjson_doc_free(x);
	yyjson_doc_free(y);
	return same;
}
