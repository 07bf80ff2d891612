/*
 * Writing JSON: strings, and the pretty form for people.  The hot path splices
 * accepted spans and needs only these.
 */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/base.h"
#include "base/json_text.h"

static void
put_escape(struct buf *buf, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char shorts[] = "btn?fr"; /* 8 to 13 */
	char out[JSON_ESCAPE_BYTES] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	if (c == '"' || c == '\\')
		buf_put(buf, (struct slice){ (char[]){ '\\', (char)c }, 2 });
	else if (c >= 8 && c <= 13 && c != 11)
		buf_put(buf, (struct slice){ (char[]){ '\\', shorts[c - 8] }, 2 });
	else
		buf_put(buf, (struct slice){ out, sizeof(out) });
}

void
buf_json_string(struct buf *buf, struct slice s)
{
	const char *at = s.p, *end = s.p + s.n, *start = at, *next;
	size_t n;

	buf_putc(buf, '"');
	while (at < end) {
		next = json_skip_plain(at, end, end);
		n = next < end ? utf8_length(next, (size_t)(end - next)) : 0;
		at = next + n;
		if (next == end || n > 1)
			continue;
		buf_put(buf, (struct slice){ start, (size_t)(next - start) });
		if (n == 0)
			buf_puts(buf, UTF8_REPLACEMENT);
		else
			put_escape(buf, (unsigned char)*next);
		at = start = next + 1;
	}
	if (end > start)
		buf_put(buf, (struct slice){ start, (size_t)(end - start) });
	buf_putc(buf, '"');
}

bool
json_pretty(struct buf *out, struct slice text, struct err *err)
{
	yyjson_read_err read_err;
	yyjson_doc *doc;
	size_t n = 0;
	char *printed;

	/* Numbers stay as they are written. */
	doc = yyjson_read_opts((char *)(uintptr_t)(text.n > 0 ? text.p : ""), text.n,
	    YYJSON_READ_NUMBER_AS_RAW, NULL, &read_err);
	if (doc == NULL)
		return err_set(
		    err, ERR_PARSE, "not valid JSON at byte %zu: %s", read_err.pos, read_err.msg);
	printed = yyjson_write(doc, YYJSON_WRITE_PRETTY_TWO_SPACES, &n);
	yyjson_doc_free(doc);
	if (printed == NULL)
		return err_set(err, ERR_INTERNAL, "JSON could not be printed");
	buf_put(out, (struct slice){ printed, n });
	free(printed);
	return buf_check(out, err);
}
