/*
 * A tool as a part of another's work, and what is needed to write results down as text.  A part has
 * arguments and a result of its own; all else (memory, access, exchange, error) is the whole's.
 */
#include <string.h>

#include "atlassian/classic.h"

#define PART_MORE_MAX (64 * KIB)

/* ---- parts ----------------------------------------------------------------------------------- */

static const struct tool *
tool_find(enum config_product product, const char *name)
{
	for (size_t s = 0; tool_sets[s] != NULL; s++) {
		for (size_t i = 0; tool_sets[s]->product == product && i < tool_sets[s]->n; i++) {
			if (strcmp(tool_sets[s]->tools[i].name, name) == 0)
				return &tool_sets[s]->tools[i];
		}
	}
	return NULL;
}

yyjson_val *
work_read(struct work *work, yyjson_mut_val *made)
{
	yyjson_doc *doc = made != NULL ? yyjson_mut_val_imut_copy(made, &work->alc) : NULL;

	if (doc == NULL)
		err_set(work->err, ERR_LIMIT, "no memory for the parts of this call");
	return yyjson_doc_get_root(doc);
}

/* The arguments as they would have come. */
static bool
arguments_print(struct work *work, yyjson_mut_val *arguments, struct slice *out)
{
	struct buf text;
	bool ok;

	*out = SLICE_NONE;
	if (arguments == NULL)
		return true;
	buf_init(&text, loop_memory(work->loop), SIZE_MAX / 2);
	ok = json_put(work, arguments, &text, work->err) && buf_check(&text, work->err) &&
	    arena_reserve(work->arena, text.n, work->err);
	if (ok)
		*out = slice_dup(work->arena, buf_view(&text));
	buf_fini(&text);
	return ok;
}

bool
work_tool_wait(struct work *work, const char *name, yyjson_mut_val *arguments, yyjson_val **out)
{
	struct work part = *work;
	struct slice text;
	bool ok;

	part.tool = tool_find(work->site->config->product, name);
	must(part.tool != NULL && part.tool->run != NULL);
	part.out = NULL;
	part.summary = SLICE_NONE;
	/* A part has no blocks of content: what it would add is not the whole's. */
	buf_init(&part.more, loop_memory(work->loop), PART_MORE_MAX);
	buf_init(&part.told, loop_memory(work->loop), PART_MORE_MAX);
	ok = arguments_print(work, arguments, &text) && work_take_args(&part, text, work->err);
	/* Whether anything is sent is for the whole to say. */
	part.dry = work->dry;
	ok = ok && part.tool->run(&part);
	work->said = part.said;
	work->status = part.status;
	buf_fini(&part.more);
	buf_fini(&part.told);
	*out = ok ? work_read(work, part.out != NULL ? part.out : out_obj(work)) : NULL;
	return *out != NULL;
}

yyjson_mut_val *
work_given(struct work *work)
{
	yyjson_mut_val *out = out_obj(work);

	for (size_t i = 0; i < work->tool->args_n; i++) {
		if (work->given[i].is_given)
			out_copy(work, out, work->tool->args[i].name, work->given[i].value);
	}
	return out;
}

/* ---- texts ----------------------------------------------------------------------------------- */

struct slice
text_at(yyjson_val *value, const char *path, const char *otherwise)
{
	struct slice text = json_slice(json_at(value, path));

	return text.n > 0 || otherwise == NULL ? text : slice_of(otherwise);
}

struct slice
text_trim(struct slice text)
{
	while (text.n > 0 && strchr(" \t\r\n", text.p[0]) != NULL) {
		text.p++;
		text.n--;
	}
	while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL)
		text.n--;
	return text;
}

/* "2026-06-03T09:00..." */
static bool
is_moment(struct slice text)
{
	return text.n >= 16 && text.p[4] == '-' && text.p[7] == '-' && text.p[10] == 'T' &&
	    text.p[13] == ':';
}

void
text_moment(struct buf *out, struct slice moment)
{
	if (is_moment(moment))
		buf_printf(out, "%.10s %.5s", moment.p, moment.p + 11);
	else
		buf_put(out, moment);
}

void
text_day(struct buf *out, struct slice moment)
{
	buf_put(out, is_moment(moment) ? (struct slice){ moment.p, 10 } : moment);
}

/* Bytes of the first so many characters. */
static size_t
bytes_of(struct slice text, size_t characters)
{
	size_t i = 0;

	for (; i < text.n; i++) {
		if (((unsigned char)text.p[i] & 0xc0) == 0x80)
			continue;
		if (characters-- == 0)
			break;
	}
	return i;
}

void
text_short(struct buf *out, struct slice text, size_t most)
{
	size_t n = bytes_of(text, most);

	buf_put(out, (struct slice){ text.p, n });
	if (n < text.n)
		buf_puts(out, "...");
}

size_t
text_length(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

void
work_attach_text(struct work *work, struct slice content, const char *uri)
{
	buf_puts(&work->more, ",{\"type\":\"resource\",\"resource\":{\"uri\":");
	buf_json_string(&work->more, slice_of(uri));
	buf_puts(&work->more, ",\"mimeType\":\"text/markdown\",\"text\":");
	buf_json_string(&work->more, content);
	buf_puts(&work->more, "}}");
}

bool
classic_told(struct work *work, const char *uri)
{
	work_attach_text(work, buf_view(&work->told), uri);
	return true;
}
