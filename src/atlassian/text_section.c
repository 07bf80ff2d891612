/*
 * Finding and changing a section of a page by the text of its heading.  Positions come from the XML
 * itself; nothing of the page is printed anew.
 */
#include "atlassian/text_section.h"

#include "atlassian/text_xml.h"

#define LISTED 20 /* headings that an error names at most */

struct search {
	const struct section_query *query;
	struct slice wanted;
	struct buf text;   /* of the heading at hand */
	struct buf listed; /* "Title" (h2), ... */
	unsigned listed_n, found_n;
	const struct xml *found;
};

/* 1-6; 0: no heading. */
static unsigned
heading_level(const struct xml *xml)
{
	if (xml->kind != XML_ELEMENT || xml->name.n != 2 || xml->name.p[0] != 'h' ||
	    xml->name.p[1] < '1' || xml->name.p[1] > '6')
		return 0;
	return (unsigned)(xml->name.p[1] - '0');
}

/* Runs of white space, also no-break spaces, become one space; none at the ends. */
static void
tidy(struct buf *text)
{
	size_t n = 0;
	bool is_waiting = false;

	for (size_t i = 0; i < text->n; i++) {
		bool is_nbsp = i + 1 < text->n && memcmp(text->p + i, "\u00a0", 2) == 0;

		if (is_nbsp || strchr(" \t\r\n", text->p[i]) != NULL) {
			i += is_nbsp;
			is_waiting = n > 0;
			continue;
		}
		if (is_waiting)
			text->p[n++] = ' ';
		is_waiting = false;
		text->p[n++] = text->p[i];
	}
	text->n = n;
}

static void
look_at(struct search *search, const struct xml *xml, unsigned level)
{
	struct slice name;

	buf_clear(&search->text);
	xml_put_plain(xml, &search->text);
	tidy(&search->text);
	name = buf_view(&search->text);
	if (search->listed_n++ < LISTED) {
		struct slice shown = { name.p, name.n < 60 ? name.n : 60 };

		buf_printf(&search->listed, "%s\"%.*s\" (h%u)", search->listed.n > 0 ? ", " : "",
		    SLICE_FMT(shown), level);
	}
	if ((search->query->level != 0 && search->query->level != level) ||
	    !slice_eq_nocase(name, search->wanted))
		return;
	if (search->found_n++ == 0)
		search->found = xml;
}

/* Also inside of layouts, tables and macros.  Depth is bounded by XML_DEPTH. */
static void
look(struct search *search, const struct xml *xml)
{
	for (const struct xml *at = xml->first; at != NULL; at = at->next) {
		unsigned level = heading_level(at);

		if (level > 0)
			look_at(search, at, level);
		else
			look(search, at);
	}
}

static bool
not_found(const struct search *search, struct err *err)
{
	struct slice wanted = search->wanted;

	if (search->listed_n == 0)
		return err_set(err, ERR_PARAMS, "the page has no headings, so none \"%.*s\"",
		    SLICE_FMT(wanted));
	return err_set(err, ERR_PARAMS, "no heading \"%.*s\"; there are %u: %.*s%s",
	    SLICE_FMT(wanted), search->listed_n, SLICE_FMT(buf_view(&search->listed)),
	    search->listed_n > LISTED ? ", ..." : "");
}

static void
span(const struct xml *heading, struct section *out)
{
	unsigned level = heading_level(heading);
	const struct xml *at = heading->next;

	out->level = level;
	out->at = heading->at;
	out->body = out->end = heading->end;
	for (; at != NULL; at = at->next) {
		unsigned other = heading_level(at);

		if (other != 0 && other <= level)
			break;
	}
	out->end = at != NULL ? at->at : heading->parent->close_at;
}

bool
section_find(struct arena *arena, struct slice text, const struct section_query *query,
    struct section *out, struct err *err)
{
	struct search search = { .query = query };
	struct buf wanted;
	struct xml *xml;
	bool ok = false;

	if (!xml_read(arena, text, &xml, err))
		return false;
	buf_init(&wanted, arena->memory, MIB);
	buf_init(&search.text, arena->memory, SIZE_MAX);
	buf_init(&search.listed, arena->memory, 8 * KIB);
	buf_put(&wanted, query->heading);
	tidy(&wanted);
	search.wanted = buf_view(&wanted);
	look(&search, xml);
	if (search.found_n == 0)
		not_found(&search, err);
	else if (search.found_n > 1 && !query->is_first)
		err_set(err, ERR_PARAMS,
		    "%u headings \"%.*s\"; say the level, or that the first is meant",
		    search.found_n, SLICE_FMT(search.wanted));
	else
		ok = true;
	if (ok)
		span(search.found, out);
	buf_fini(&search.listed);
	buf_fini(&search.text);
	buf_fini(&wanted);
	return ok;
}

bool
section_change(struct arena *arena, struct slice text, const struct section_query *query,
    enum section_edit edit, struct slice with, struct buf *out, struct err *err)
{
	struct section section;
	struct xml *checked;
	size_t from, to;

	if (!section_find(arena, text, query, &section, err))
		return false;
	if (!xml_read(arena, with, &checked, err))
		return err_prefix(err, "the new text");
	from = edit == SECTION_REPLACE_ALL ? section.at
	    : edit == SECTION_APPEND	   ? section.end
					   : section.body;
	to = edit == SECTION_PREPEND ? section.body : section.end;
	buf_put(out, (struct slice){ text.p, from });
	buf_put(out, with);
	buf_put(out, (struct slice){ text.p + to, text.n - to });
	return buf_check(out, err);
}
