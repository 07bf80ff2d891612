/*
 * What the sandbox's Confluence holds when it starts: two spaces with a tree of pages, in storage
 * format with its macros, comments, labels, versions, an attachment.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

struct page_row {
	unsigned parent; /* 1-based row above it, 0: the space's home */
	const char *title, *labels, *body;
};

/* clang-format off */
static const struct page_row demo_pages[] = {
	{ 0, "Demo engine home", "home", "<p>All about the engine. Start with the <ac:link><ri:page ri:content-title=\"Plan\" /></ac:link>.</p>"
	    "<ac:structured-macro ac:name=\"toc\" ac:schema-version=\"1\" ac:macro-id=\"11111111-aaaa-4000-8000-000000000001\"><ac:parameter ac:name=\"maxLevel\">2</ac:parameter></ac:structured-macro>" },
	{ 1, "Plan", "plan,engine", "<h1>Goal</h1><p>The engine runs a <strong>program</strong> from cards.</p>"
	    "<h2>Milestones</h2><table><tbody><tr><th>When</th><th>What</th></tr><tr><td>June</td><td>cards are read</td></tr><tr><td>September</td><td>results are printed</td></tr></tbody></table>"
	    "<ac:structured-macro ac:name=\"info\" ac:schema-version=\"1\"><ac:rich-text-body><p>Dates are <em>hopes</em>.</p></ac:rich-text-body></ac:structured-macro>"
	    "<h2>Tasks</h2><ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Draw the mill</ac:task-body></ac:task>"
	    "<ac:task><ac:task-id>2</ac:task-id><ac:task-status>incomplete</ac:task-status><ac:task-body>Build the mill</ac:task-body></ac:task></ac:task-list>" },
	{ 1, "How to run a program", "howto,cards", "<h1>How to run a program</h1><ol><li>Put the cards in.</li><li>Press <strong>start</strong>.</li><li>Wait.</li></ol>"
	    "<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\"><ac:parameter ac:name=\"language\">c</ac:parameter><ac:plain-text-body><![CDATA[while (card_read(&card))\n\tengine_step(&card);]]></ac:plain-text-body></ac:structured-macro>"
	    "<ac:structured-macro ac:name=\"warning\" ac:schema-version=\"1\"><ac:rich-text-body><p>Do not open the mill while it turns.</p></ac:rich-text-body></ac:structured-macro>" },
	{ 3, "Cards", "cards", "<p>A card has 50 digits. <ac:image><ri:attachment ri:filename=\"card.png\" /></ac:image></p><ul><li>operations<ul><li>add</li><li>multiply</li></ul></li><li>variables</li></ul>" },
	{ 3, "Printing", "printer", "<p>Paper goes in at the back. See <a href=\"http://sandbox.example/paper\">the supplier</a>.</p><hr /><p>Status: <ac:structured-macro ac:name=\"status\"><ac:parameter ac:name=\"colour\">Green</ac:parameter><ac:parameter ac:name=\"title\">WORKS</ac:parameter></ac:structured-macro></p>" },
	{ 1, "Meeting notes, 1 June", "meeting", "<p>Present: Ada, Grace.</p><ac:structured-macro ac:name=\"jira\"><ac:parameter ac:name=\"key\">DEMO-4</ac:parameter></ac:structured-macro><ac:structured-macro ac:name=\"expand\"><ac:parameter ac:name=\"title\">Details</ac:parameter><ac:rich-text-body><p>A moth was found in relay 70.</p></ac:rich-text-body></ac:structured-macro>" },
};

static const struct page_row docs_pages[] = {
	{ 0, "Documentation", "home", "<p>What operators read.</p>" },
	{ 1, "Error codes", "reference", "<table><tbody><tr><th>Code</th><th>Meaning</th></tr><tr><td>1</td><td>no card</td></tr><tr><td>2</td><td>no paper</td></tr></tbody></table>" },
	{ 1, "Glossary", "reference", "<h2>Mill</h2><p>Where numbers are worked on.</p><h2>Store</h2><p>Where numbers are kept.</p>" },
};

static const struct page_row staging_pages[] = {
	{ 0, "Staging home", "home", "<p>Nothing here is real.</p>" },
	{ 1, "Rehearsal", "staging", "<p>Upgrade on Monday.</p>" },
};
/* clang-format on */

#define START_MS 1780304400000ull /* 2026-06-01T09:00:00Z */
#define HOUR_MS	 3600000ull

static struct content *
add_page(struct world *world, struct space *space, const struct page_row *row,
    struct content *parent, unsigned hour)
{
	struct content *page = content_new(world, CONTENT_PAGE, space);
	struct slice rest = slice_of(row->labels), word, *label;

	page->title = sandbox_dup(world->sandbox, slice_of(row->title));
	page->body = sandbox_dup(world->sandbox, slice_of(row->body));
	while (rest.n > 0) {
		word = slice_cut(rest, ',', &rest);
		label = SANDBOX_NEW(world->sandbox, struct slice);
		*label = sandbox_dup(world->sandbox, word);
		list_add(world->sandbox, &page->labels, label);
	}
	content_revise(
	    world, page, &sandbox_users[hour % 2], START_MS + hour * HOUR_MS, SLICE_NONE);
	if (parent != NULL)
		content_attach(world, page, parent);
	return page;
}

static struct space *
add_space(struct world *world, const char *key, const char *name, const char *description,
    const struct page_row *rows, size_t n)
{
	struct space *space = SANDBOX_NEW(world->sandbox, struct space);
	unsigned first = world->contents.n;

	space->id = 65537 + world->spaces.n;
	space->key = key;
	space->name = name;
	space->description = description;
	space->type = "global";
	list_add(world->sandbox, &world->spaces, space);
	for (unsigned i = 0; i < n; i++)
		add_page(world, space, &rows[i],
		    rows[i].parent != 0 ? world->contents.p[first + rows[i].parent - 1] : NULL, i);
	space->home = world->contents.p[first];
	return space;
}

static struct content *
add_remark(struct world *world, struct content *page, struct content *above, unsigned by,
    unsigned hour, const char *body)
{
	struct content *remark = content_new(world, CONTENT_COMMENT, page->space);
	struct buf title;

	buf_init(&title, NULL, KIB);
	buf_puts(&title, "Re: ");
	buf_put(&title, page->title);
	remark->title = sandbox_dup(world->sandbox, buf_view(&title));
	buf_fini(&title);
	remark->body = sandbox_dup(world->sandbox, slice_of(body));
	remark->container = page;
	list_add(world->sandbox, &page->comments, remark);
	content_revise(world, remark, &sandbox_users[by], START_MS + hour * HOUR_MS, SLICE_NONE);
	if (above != NULL)
		content_attach(world, remark, above);
	return remark;
}

static void
add_file(struct world *world, struct content *page, const char *name, const char *type,
    struct slice data)
{
	struct content *file = content_new(world, CONTENT_ATTACHMENT, page->space);

	file->title = sandbox_dup(world->sandbox, slice_of(name));
	file->media_type = sandbox_dup(world->sandbox, slice_of(type));
	file->data = sandbox_dup(world->sandbox, data);
	file->note = sandbox_dup(world->sandbox, S(""));
	file->container = page;
	list_add(world->sandbox, &page->attachments, file);
	content_revise(world, file, &sandbox_users[0], START_MS + 30 * HOUR_MS, SLICE_NONE);
}

/* A PNG of one pixel. */
static const char pixel[] =
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9c"
    "c\xf8\xcf\xc0\xf0\x1f\0\5\0\1\xff\x89\x99=\x1d\0\0\0\0IEND\xae"
    "B`\x82";

static void
fill_demo(struct world *world)
{
	struct content **pages, *remark;

	add_space(world, "DEMO", "Demo engine", "The engine and its plan.", demo_pages,
	    COUNT(demo_pages));
	add_space(world, "DOCS", "Documentation", "For operators.", docs_pages, COUNT(docs_pages));
	pages = (struct content **)world->contents.p;
	/* A second version of the plan. */
	content_revise(
	    world, pages[1], &sandbox_users[1], START_MS + 40 * HOUR_MS, S("More milestones"));
	remark = add_remark(world, pages[1], NULL, 1, 41, "<p>Is June <em>possible</em>?</p>");
	remark = add_remark(world, pages[1], remark, 0, 42, "<p>It is.</p>");
	pages = (struct content **)world->contents.p;
	remark = add_remark(world, pages[1], NULL, 2, 43, "<p>Which ones?</p>");
	remark->is_inline = true;
	remark->selection = sandbox_dup(world->sandbox, S("results are printed"));
	remark->marker = sandbox_dup(world->sandbox, S("5f2c0001-0000-4000-8000-000000000001"));
	pages = (struct content **)world->contents.p;
	add_file(
	    world, pages[3], "card.png", "image/png", (struct slice){ pixel, sizeof(pixel) - 1 });
	list_add(world->sandbox, &pages[5]->limits[1], (void *)(uintptr_t)&sandbox_users[0]);
}

void
world_fill_wiki(struct world *world)
{
	if (strcmp(world->name, "staging") == 0)
		add_space(
		    world, "STG", "Staging", "Rehearsals.", staging_pages, COUNT(staging_pages));
	else
		fill_demo(world);
}
