/*
 * The sandbox's answers, written straight into a buffer: members and elements with their commas,
 * and the plain projections between wiki text, ADF and HTML.  What was written by a client is kept
 * as it came; the other format shows its paragraphs, not its decoration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "atlassian/sandbox_private.h"

/* ---- members --------------------------------------------------------------------------------- */

/* Nothing that a value ends in is one of these. */
static void
begin(struct buf *out, const char *key)
{
	char last = out->n > 0 ? out->p[out->n - 1] : '[';

	if (last != '{' && last != '[' && last != ':')
		buf_putc(out, ',');
	if (key == NULL)
		return;
	buf_putc(out, '"');
	buf_puts(out, key);
	buf_puts(out, "\":");
}

void
put_open(struct buf *out, const char *key, char bracket)
{
	begin(out, key);
	buf_putc(out, bracket);
}

void
put_close(struct buf *out, char bracket)
{
	buf_putc(out, bracket);
}

void
put_text(struct buf *out, const char *key, struct slice text)
{
	begin(out, key);
	if (text.p == NULL)
		buf_puts(out, "null");
	else
		buf_json_string(out, text);
}

void
put_cstr(struct buf *out, const char *key, const char *text)
{
	put_text(out, key, slice_of(text));
}

void
put_format(struct buf *out, const char *key, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	put_text(out, key, (struct slice){ text, (size_t)n });
}

void
put_number(struct buf *out, const char *key, int64_t number)
{
	begin(out, key);
	if (number < 0)
		buf_putc(out, '-');
	buf_put_u64(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

void
put_id(struct buf *out, const char *key, unsigned id)
{
	begin(out, key);
	buf_putc(out, '"');
	buf_put_u64(out, id);
	buf_putc(out, '"');
}

void
put_bool(struct buf *out, const char *key, bool is)
{
	begin(out, key);
	buf_puts(out, is ? "true" : "false");
}

void
put_null(struct buf *out, const char *key)
{
	begin(out, key);
	buf_puts(out, "null");
}

void
put_raw(struct buf *out, const char *key, struct slice json)
{
	begin(out, key);
	buf_put(out, json.p != NULL ? json : S("null"));
}

void
put_time(struct buf *out, const char *key, uint64_t ms, const char *zone)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms == 0 || gmtime_r(&seconds, &tm) == NULL) {
		put_null(out, key);
		return;
	}
	begin(out, key);
	buf_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03u%s\"", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(ms % 1000),
	    zone);
}

void
put_date(struct buf *out, const char *key, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms == 0 || gmtime_r(&seconds, &tm) == NULL) {
		put_null(out, key);
		return;
	}
	begin(out, key);
	buf_printf(out, "\"%04d-%02d-%02d\"", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* ---- what came in ---------------------------------------------------------------------------- */

struct slice
json_text(yyjson_val *object, const char *key)
{
	yyjson_val *value = yyjson_obj_get(object, key);

	if (!yyjson_is_str(value))
		return SLICE_NONE;
	return (struct slice){ yyjson_get_str(value), yyjson_get_len(value) };
}

struct slice
json_raw(struct visit *visit, yyjson_val *value)
{
	struct err err;
	size_t n = 0;
	char *text = yyjson_val_write(value, 0, &n);
	struct slice raw = SLICE_NONE;

	if (text != NULL && arena_reserve(visit->arena, n + 1, &err))
		raw = slice_dup(visit->arena, (struct slice){ text, n });
	free(text);
	return raw;
}

struct slice
json_id(struct visit *visit, yyjson_val *value)
{
	if (yyjson_is_str(value))
		return (struct slice){ yyjson_get_str(value), yyjson_get_len(value) };
	if (yyjson_is_uint(value))
		return arena_printf(
		    visit->arena, "%llu", (unsigned long long)yyjson_get_uint(value));
	return SLICE_NONE;
}

/* ---- projections ----------------------------------------------------------------------------- */

#define ADF_DEPTH 64

static void
adf_walk(struct buf *out, yyjson_val *node, unsigned depth)
{
	yyjson_val *content = yyjson_obj_get(node, "content"), *child, *attrs;
	struct slice type = json_text(node, "type"), text = json_text(node, "text");
	size_t i, n;

	if (depth > ADF_DEPTH)
		return;
	if (text.p != NULL)
		buf_put(out, text);
	attrs = yyjson_obj_get(node, "attrs");
	if (slice_eq(type, S("hardBreak")))
		buf_putc(out, '\n');
	else if (slice_eq(type, S("mention")) || slice_eq(type, S("status")))
		buf_put(out, json_text(attrs, "text"));
	else if (slice_eq(type, S("inlineCard")))
		buf_put(out, json_text(attrs, "url"));
	yyjson_arr_foreach(content, i, n, child) adf_walk(out, child, depth + 1);
	if (slice_eq(type, S("paragraph")) || slice_eq(type, S("heading")) ||
	    slice_eq(type, S("codeBlock")))
		buf_puts(out, "\n\n");
}

void
text_of_adf(struct buf *out, yyjson_val *adf)
{
	adf_walk(out, adf, 0);
	while (out->n > 0 && out->p[out->n - 1] == '\n')
		out->n--;
}

/* The five entities of XML, and &nbsp;. */
static size_t
entity(struct slice at, char *c)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
		{ "&apos;", '\'' }, { "&#39;", '\'' }, { "&nbsp;", ' ' } };

	for (size_t i = 0; i < COUNT(entities); i++) {
		if (!slice_starts(at, slice_of(entities[i].name)))
			continue;
		*c = entities[i].c;
		return strlen(entities[i].name);
	}
	*c = at.p[0];
	return 1;
}

static bool
ends_block(struct slice tag)
{
	static const char *const blocks[] = { "/p", "/h1", "/h2", "/h3", "/h4", "/h5", "/h6", "/li",
		"/tr", "/ac:structured-macro", "br", "br/", "br /", "hr", "hr/", "hr /" };

	for (size_t i = 0; i < COUNT(blocks); i++)
		if (slice_eq(tag, slice_of(blocks[i])))
			return true;
	return false;
}

void
text_of_storage(struct buf *out, struct slice storage)
{
	struct slice at = storage, tag;
	size_t n;
	char c;

	while (at.n > 0) {
		if (slice_starts(at, S("<![CDATA["))) {
			at = (struct slice){ at.p + 9, at.n - 9 };
			const char *end = memmem(at.p, at.n, "]]>", 3);
			n = end != NULL ? (size_t)(end - at.p) : at.n;
			buf_put(out, (struct slice){ at.p, n });
			n += end != NULL ? 3 : 0;
		} else if (at.p[0] == '<') {
			const char *end = memchr(at.p, '>', at.n);
			n = end != NULL ? (size_t)(end - at.p) + 1 : at.n;
			tag = (struct slice){ at.p + 1, n > 1 ? n - 2 : 0 };
			if (ends_block(tag) && out->n > 0 && out->p[out->n - 1] != '\n')
				buf_putc(out, '\n');
			else if (slice_eq(tag, S("/td")) || slice_eq(tag, S("/th")))
				buf_putc(out, ' ');
		} else {
			n = entity(at, &c);
			buf_putc(out, c);
		}
		at = (struct slice){ at.p + n, at.n - n };
	}
	while (out->n > 0 && out->p[out->n - 1] == '\n')
		out->n--;
}

#define STORAGE_DEPTH 100

/* Only what is read here: names of elements, and that the last one opened is closed first. */
bool
storage_is_whole(struct slice storage)
{
	struct slice open[STORAGE_DEPTH], tag;
	size_t depth = 0, n;
	const char *end;

	for (struct slice at = storage; at.n > 0;) {
		const char *from = memchr(at.p, '<', at.n);

		if (from == NULL)
			break;
		at = (struct slice){ from, at.n - (size_t)(from - at.p) };
		n = slice_starts(at, S("<![CDATA[")) ? 3 : slice_starts(at, S("<!--")) ? 3 : 1;
		end = n == 1 ? memchr(at.p, '>', at.n)
			     : memmem(at.p, at.n, at.p[2] == '[' ? "]]>" : "-->", 3);
		if (end == NULL)
			return false;
		tag = (struct slice){ at.p + 1, (size_t)(end - at.p) - 1 };
		at = (struct slice){ end + n, at.n - (size_t)(end - at.p) - n };
		if (n == 3 || tag.n == 0 || tag.p[0] == '!' || tag.p[0] == '?' ||
		    tag.p[tag.n - 1] == '/')
			continue;
		if (tag.p[0] == '/') {
			tag = slice_trim((struct slice){ tag.p + 1, tag.n - 1 });
			if (depth == 0 || !slice_eq(open[--depth], tag))
				return false;
			continue;
		}
		if (depth == STORAGE_DEPTH)
			return false;
		for (n = 0; n < tag.n && tag.p[n] != ' ' && tag.p[n] != '\n' && tag.p[n] != '\t';)
			n++;
		open[depth++] = (struct slice){ tag.p, n };
	}
	return depth == 0;
}

/* Cuts the next paragraph (up to an empty line) from the text; false: none is left. */
static bool
next_paragraph(struct slice *rest, struct slice *paragraph)
{
	const char *end;
	size_t n;

	while (rest->n > 0 && (rest->p[0] == '\n' || rest->p[0] == '\r'))
		*rest = (struct slice){ rest->p + 1, rest->n - 1 };
	if (rest->n == 0)
		return false;
	end = memmem(rest->p, rest->n, "\n\n", 2);
	n = end != NULL ? (size_t)(end - rest->p) : rest->n;
	*paragraph = (struct slice){ rest->p, n };
	*rest = (struct slice){ rest->p + n, rest->n - n };
	return true;
}

void
adf_of_text(struct buf *out, struct slice text)
{
	struct slice paragraph, line, lines;

	put_open(out, NULL, '{');
	put_number(out, "version", 1);
	put_cstr(out, "type", "doc");
	put_open(out, "content", '[');
	while (next_paragraph(&text, &paragraph)) {
		put_open(out, NULL, '{');
		put_cstr(out, "type", "paragraph");
		put_open(out, "content", '[');
		for (lines = paragraph; lines.p != NULL;) {
			if (lines.p != paragraph.p)
				put_raw(out, NULL, S("{\"type\":\"hardBreak\"}"));
			line = slice_cut(lines, '\n', &lines);
			if (line.n == 0)
				continue;
			put_open(out, NULL, '{');
			put_cstr(out, "type", "text");
			put_text(out, "text", line);
			put_close(out, '}');
		}
		put_close(out, ']');
		put_close(out, '}');
	}
	put_close(out, ']');
	put_close(out, '}');
}

static void
escape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.p[i]) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		default:
			buf_putc(out, text.p[i]);
		}
	}
}

void
html_of_text(struct buf *out, struct slice text)
{
	struct slice paragraph, line, lines;

	while (next_paragraph(&text, &paragraph)) {
		buf_puts(out, "<p>");
		for (lines = paragraph; lines.p != NULL;) {
			if (lines.p != paragraph.p)
				buf_puts(out, "<br/>");
			line = slice_cut(lines, '\n', &lines);
			escape(out, line);
		}
		buf_puts(out, "</p>");
	}
}
