/*
 * Storage format, macros: those that the tree has a word for, and the rest, kept with their bytes,
 * their text visible.
 */
#include "atlassian/text_storage.h"

/* ---- macros ---------------------------------------------------------------------------------- */

static const struct xml *
parameter(const struct xml *macro, struct slice name)
{
	for (const struct xml *at = macro->first; at != NULL; at = at->next) {
		if (xml_is(at, S("ac:parameter")) && slice_eq(xml_attr(at, S("ac:name")), name))
			return at;
	}
	return NULL;
}

/* Whether the macro has other parameters than these two. */
static bool
says_more(const struct xml *macro, struct slice one, struct slice other)
{
	for (const struct xml *at = macro->first; at != NULL; at = at->next) {
		struct slice name;

		if (!xml_is(at, S("ac:parameter")))
			continue;
		name = xml_attr(at, S("ac:name"));
		if (!slice_eq(name, one) && !slice_eq(name, other))
			return true;
	}
	return false;
}

static void
code(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned is_noformat)
{
	struct doc *doc = storage_block(reader, flow, DOC_CODE);

	if (doc == NULL)
		return;
	doc->text = storage_plain(reader, xml_child(xml, S("ac:plain-text-body")));
	doc->language = storage_plain(reader, parameter(xml, S("language")));
	doc->title = storage_plain(reader, parameter(xml, S("title")));
	if (is_noformat || says_more(xml, S("language"), S("title")))
		storage_keep(reader, doc, xml);
}

static void
boxed(struct reader *reader, const struct xml *xml, struct doc *doc, const struct style *style)
{
	const struct xml *body = xml_child(xml, S("ac:rich-text-body"));
	struct flow inside = { .home = doc };

	if (doc == NULL)
		return;
	doc->title = storage_plain(reader, parameter(xml, S("title")));
	if (body != NULL)
		storage_children(reader, body, &inside, style);
	if (says_more(xml, S("title"), S("title")))
		storage_keep(reader, doc, xml);
}

static void
panel(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned row)
{
	static const struct slice names[] = { S("info"), S("note"), S("success"), S("warning") };
	struct doc *doc = storage_block(reader, flow, DOC_PANEL);

	boxed(reader, xml, doc, style);
	if (doc == NULL)
		return;
	doc->name = row < COUNT(names) ? names[row] : S("note");
	if (row >= COUNT(names))
		storage_keep(reader, doc, xml);
}

static void
expand(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned arg)
{
	boxed(reader, xml, storage_block(reader, flow, DOC_EXPAND), style);
}

static void
status(struct reader *reader, const struct xml *xml, struct flow *flow, const struct style *style,
    unsigned arg)
{
	struct doc *doc = storage_inline(reader, flow, DOC_STATUS);
	struct slice color;

	if (doc == NULL)
		return;
	doc->text = storage_plain(reader, parameter(xml, S("title")));
	color = storage_plain(reader, parameter(xml, S("colour")));
	buf_clear(&reader->scratch);
	for (size_t i = 0; i < color.n; i++)
		buf_putc(&reader->scratch, (char)(color.p[i] | 0x20));
	color = buf_view(&reader->scratch);
	doc->color = slice_eq(color, S("grey")) ? S("neutral") : doc_dup(reader->maker, color);
	if (says_more(xml, S("title"), S("colour")))
		storage_keep(reader, doc, xml);
}

/* What a macro shows where it cannot run: its plain body, or its parameters. */
static struct slice
macro_text(struct reader *reader, const struct xml *xml)
{
	const struct xml *body = xml_child(xml, S("ac:plain-text-body"));
	struct buf *out = &reader->scratch;

	if (body != NULL)
		return storage_plain(reader, body);
	buf_clear(out);
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		if (!xml_is(at, S("ac:parameter")))
			continue;
		buf_puts(out, out->n > 0 ? ", " : "");
		if (xml_attr(at, S("ac:name")).n > 0) {
			buf_put(out, xml_attr(at, S("ac:name")));
			buf_putc(out, '=');
		}
		xml_put_plain(at, out);
	}
	return doc_dup(reader->maker, buf_view(out));
}

static void
macro_unknown(struct reader *reader, const struct xml *xml, struct flow *flow, struct slice name)
{
	const struct xml *body = xml_child(xml, S("ac:rich-text-body"));
	bool is_inline =
	    flow->is_inline_only || (body == NULL && (flow->line != NULL || flow->is_in_p));
	struct doc *doc = is_inline ? storage_inline(reader, flow, DOC_MACRO)
				    : storage_block(reader, flow, DOC_MACRO);
	struct flow inside = { .home = doc, .line = is_inline ? doc : NULL };

	if (doc == NULL)
		return;
	inside.is_inline_only = is_inline;
	doc->name = doc_dup(reader->maker, name);
	doc->title = storage_plain(reader, parameter(xml, S("title")));
	if (body == NULL)
		body = xml_child(xml, S("ac:adf-fallback"));
	if (body != NULL)
		storage_children(reader, body, &inside, &(struct style){ 0 });
	else
		doc->text = macro_text(reader, xml);
	storage_keep(reader, doc, xml);
}

void
storage_macro(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	static const struct element macros[] = {
		{ S("code"), code, 0, true },
		{ S("noformat"), code, 1, true },
		{ S("info"), panel, 0, true },
		{ S("note"), panel, 1, true },
		{ S("tip"), panel, 2, true },
		{ S("warning"), panel, 3, true },
		{ S("panel"), panel, 4, true },
		{ S("expand"), expand, 0, true },
		{ S("ui-expand"), expand, 0, true },
		{ S("status"), status, 0, false },
	};
	struct slice name = xml_attr(xml, S("ac:name"));

	for (size_t i = 0; i < COUNT(macros); i++) {
		if (!slice_eq(name, macros[i].name) || (macros[i].is_block && flow->is_inline_only))
			continue;
		macros[i].read(reader, xml, flow, style, macros[i].arg);
		return;
	}
	macro_unknown(reader, xml, flow, name);
}

void
storage_extension(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	macro_unknown(reader, xml, flow, S("adf-extension"));
}

/* A comment's place, or a template's hint: the text is seen, the element is kept. */
void
storage_wrapped(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned is_placeholder)
{
	struct doc *doc = storage_inline(reader, flow, DOC_MACRO);
	struct flow inside = { .home = doc, .line = doc, .is_inline_only = true };

	if (doc == NULL)
		return;
	doc->name = is_placeholder ? S("placeholder") : S("inline-comment-marker");
	doc->text = storage_plain(reader, xml);
	storage_keep(reader, doc, xml);
	storage_children(reader, xml, &inside, style);
}
