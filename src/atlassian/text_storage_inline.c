/*
 * Storage format, within a line: marks, links, images, dates, emoticons.  What an address of ours
 * (docs/text.md) or a node can say becomes that; what says more keeps its bytes.
 */
#include "atlassian/text_address.h"
#include "atlassian/text_storage.h"

/* ---- inlines --------------------------------------------------------------------------------- */

void
storage_marked(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned mark)
{
	struct style inside = *style;

	inside.marks |= mark;
	storage_children(reader, xml, flow, &inside);
}

void
storage_line_break(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	flow->space = SLICE_NONE;
	(void)storage_inline(reader, flow, DOC_BREAK);
}

/* The color of a style that says nothing but a color. */
static struct slice
color_of(struct slice style)
{
	struct slice rest, value;
	struct slice key = slice_trim(slice_cut(slice_trim(style), ':', &rest));

	if (!slice_eq_nocase(key, S("color")))
		return SLICE_NONE;
	value = slice_trim(slice_cut(rest, ';', &rest));
	return slice_trim(rest).n == 0 ? value : SLICE_NONE;
}

void
storage_span(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	struct slice color = color_of(xml_attr(xml, S("style")));
	struct style inside = *style;

	if (color.n > 0)
		inside.color = color;
	storage_children(reader, xml, flow, &inside);
}

/* Text, marks and colors: what can carry a link. */
static bool
is_text(const struct xml *xml)
{
	static const struct slice names[] = { S("strong"), S("b"), S("em"), S("i"), S("u"), S("s"),
		S("del"), S("sub"), S("sup"), S("code"), S("span"), S("ac:link-body") };

	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		bool is_known = at->kind == XML_TEXT;

		for (size_t i = 0; i < COUNT(names) && !is_known; i++)
			is_known = xml_is(at, names[i]);
		if (!is_known || !is_text(at))
			return false;
	}
	return true;
}

void
storage_anchor(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	struct slice href = xml_attr(xml, S("href"));
	struct style inside = *style;
	struct doc *card;

	if (xml_attr(xml, S("data-card-appearance")).n > 0 && href.n > 0) {
		card = storage_inline(reader, flow, DOC_CARD);
		if (card == NULL)
			return;
		card->href = doc_dup(reader->maker, href);
		card->text = storage_plain(reader, xml);
		return;
	}
	if (href.n == 0 || xml->first == NULL || !is_text(xml)) {
		storage_raw(reader, xml, flow, false);
		return;
	}
	inside.href = href;
	storage_children(reader, xml, flow, &inside);
}

void
storage_date(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	struct slice value = xml_attr(xml, S("datetime"));
	struct doc *doc;

	if (value.n != 10 || value.p[4] != '-' || value.p[7] != '-') {
		storage_raw(reader, xml, flow, false);
		return;
	}
	doc = storage_inline(reader, flow, DOC_DATE);
	if (doc != NULL)
		doc->text = doc_dup(reader->maker, value);
}

void
storage_emoticon(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	struct slice name = xml_attr(xml, S("ac:emoji-shortname"));
	struct doc *doc = storage_inline(reader, flow, DOC_EMOJI);

	if (doc == NULL)
		return;
	if (name.n == 0) {
		buf_clear(&reader->scratch);
		buf_putc(&reader->scratch, ':');
		buf_put(&reader->scratch, xml_attr(xml, S("ac:name")));
		buf_putc(&reader->scratch, ':');
		name = buf_view(&reader->scratch);
	}
	doc->name = doc_dup(reader->maker, name);
	doc->text = storage_attr(reader, xml, S("ac:emoji-fallback"));
	doc->id = storage_attr(reader, xml, S("ac:emoji-id"));
	storage_keep(reader, doc, xml);
}

/* ac:image: what has more than a source, an alternative and a size keeps its bytes too. */
void
storage_image(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	const struct xml *file = xml_child(xml, S("ri:attachment"));
	const struct xml *url = xml_child(xml, S("ri:url"));
	const struct xml *source = file != NULL ? file : url;
	struct doc *doc;
	uint64_t n = 0;
	unsigned said = 0;

	if (source == NULL) {
		storage_raw(reader, xml, flow, false);
		return;
	}
	doc = storage_inline(reader, flow, DOC_IMAGE);
	if (doc == NULL)
		return;
	if (file != NULL)
		doc->id = storage_attr(reader, file, S("ri:filename"));
	else
		doc->href = storage_attr(reader, url, S("ri:value"));
	doc->text = storage_attr(reader, xml, S("ac:alt"));
	if (slice_to_u64(xml_attr(xml, S("ac:width")), 100000, &n))
		doc->columns = (unsigned)n;
	n = 0;
	if (slice_to_u64(xml_attr(xml, S("ac:height")), 100000, &n))
		doc->rows = (unsigned)n;
	said = (doc->text.p != NULL) + (doc->columns > 0) + (doc->rows > 0);
	if (xml->attrs_n != said || xml->first->next != NULL || source->first != NULL ||
	    source->attrs_n != 1)
		storage_keep(reader, doc, xml);
}

/* ---- links ----------------------------------------------------------------------------------- */

/* The address of what the link names, in scratch; false: it says more than an address can. */
static bool
link_address(struct reader *reader, const struct xml *xml, const struct xml *target)
{
	static const struct {
		struct slice element, attr, scheme;
	} targets[] = {
		{ S("ri:page"), S("ri:content-title"), S("page:") },
		{ S("ri:attachment"), S("ri:filename"), S("attachment:") },
		{ S("ri:space"), S("ri:space-key"), S("space:") },
		{ S("ri:content-entity"), S("ri:content-id"), S("content:") },
	};
	struct buf *out = &reader->scratch;
	struct slice space, section = xml_attr(xml, S("ac:anchor"));
	unsigned said = section.p != NULL, target_said = 1;

	buf_clear(out);
	if (target != NULL) {
		size_t i = 0;

		while (i < COUNT(targets) && !slice_eq(target->name, targets[i].element))
			i++;
		if (i == COUNT(targets) || xml_attr(target, targets[i].attr).n == 0)
			return false;
		buf_put(out, targets[i].scheme);
		space = i == 0 ? xml_attr(target, S("ri:space-key")) : SLICE_NONE;
		if (space.n > 0) {
			address_put(out, space);
			buf_putc(out, '/');
			target_said++;
		}
		address_put(out, xml_attr(target, targets[i].attr));
		target_said += xml_attr(target, S("ri:version-at-save")).p != NULL;
		if (target->attrs_n != target_said || target->first != NULL)
			return false;
	}
	if (section.n > 0) {
		buf_putc(out, '#');
		address_put(out, section);
	}
	return xml->attrs_n == said && out->n > 0;
}

static void
mention(struct reader *reader, const struct xml *user, const struct xml *body, struct flow *flow)
{
	static const struct slice kinds[] = { S("ri:account-id"), S("ri:userkey"),
		S("ri:username") };
	struct doc *doc = storage_inline(reader, flow, DOC_MENTION);

	for (size_t i = 0; i < COUNT(kinds) && doc != NULL && doc->id.n == 0; i++) {
		doc->id = storage_attr(reader, user, kinds[i]);
		doc->name = (struct slice){ kinds[i].p + 3, kinds[i].n - 3 };
	}
	if (doc != NULL && body != NULL)
		doc->text = storage_plain(reader, body);
}

/* What a link shows when it has no body. */
static struct slice
link_title(const struct xml *xml, const struct xml *target)
{
	if (target == NULL)
		return xml_attr(xml, S("ac:anchor"));
	return target->attrs_n > 0 ? target->attrs[0].value : target->name;
}

/* Kept as it is, with the text that it shows. */
static void
link_kept(struct reader *reader, const struct xml *xml, const struct xml *target,
    const struct xml *body, struct flow *flow)
{
	struct doc *doc = storage_inline(reader, flow, DOC_MACRO);

	if (doc == NULL)
		return;
	doc->name = S("link");
	doc->text = storage_plain(reader, body);
	if (doc->text.n == 0)
		doc->text = doc_dup(reader->maker, link_title(xml, target));
	storage_keep(reader, doc, xml);
}

void
storage_ac_link(struct reader *reader, const struct xml *xml, struct flow *flow,
    const struct style *style, unsigned arg)
{
	const struct xml *target = NULL, *body = NULL;
	struct style inside = *style;
	unsigned n = 0;

	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		if (at->kind == XML_TEXT && xml_is_blank(at->text))
			continue;
		n++;
		if (xml_is(at, S("ac:link-body")) || xml_is(at, S("ac:plain-text-link-body")))
			body = at;
		else if (at->kind == XML_ELEMENT && slice_starts(at->name, S("ri:")))
			target = at;
	}
	if (xml_is(target, S("ri:user")) && target->attrs_n == 1 && xml->attrs_n == 0) {
		mention(reader, target, body, flow);
		return;
	}
	if (n != (target != NULL) + (body != NULL) + 0u || (body != NULL && !is_text(body)) ||
	    !(xml_is(target, S("ri:url")) || link_address(reader, xml, target))) {
		link_kept(reader, xml, target, body, flow);
		return;
	}
	inside.href = doc_dup(reader->maker,
	    xml_is(target, S("ri:url")) ? xml_attr(target, S("ri:value"))
					: buf_view(&reader->scratch));
	if (body != NULL && body->first != NULL)
		storage_children(reader, body, flow, &inside);
	else
		storage_text(reader, link_title(xml, target), flow, &inside);
}
