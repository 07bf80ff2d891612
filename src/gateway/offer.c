/*
 * What a provider offers: the pages of its lists as they came, and tables of the items in them.
 * Definitions stay where they are in the pages; only names are unescaped.  Nothing here trusts an
 * upstream: items are counted, names bounded, what makes no sense is left out and said.
 *
 * An offer is built by one owner and never changes after it was handed on.
 */
#include <string.h>

#include "gateway/gateway.h"

#define ITEMS_MAX     10000 /* of one kind */
#define PAGES_MAX     1000  /* of all kinds */
#define DROPS_LOGGED  20    /* by name; the rest are counted */
#define SHOWN_BYTES   256   /* of a name, in the log */
#define ARENA_CEILING (64 * MIB)

/* Of one kind: open addressing over the names, for duplicates; slots hold 1-based places. */
struct build_kind {
	size_t cap;
	uint32_t *slots;
	size_t slots_n; /* power of two */
	unsigned dropped;
};

struct offer_build {
	uint64_t seed;
	size_t pages_cap;
	struct build_kind kinds[ITEM_KINDS];
};

static const struct item_kind_row rows[ITEM_KINDS] = {
	[ITEM_TOOL] = { S("tool"), S("tools"), S("tools"), S("tools"), S("name"), 256,
	    MCP_TOOLS_LIST, MCP_TOOLS_CHANGED, true },
	[ITEM_PROMPT] = { S("prompt"), S("prompts"), S("prompts"), S("prompts"), S("name"), 256,
	    MCP_PROMPTS_LIST, MCP_PROMPTS_CHANGED, true },
	[ITEM_RESOURCE] = { S("resource"), S("resources"), S("resources"), S("resources"), S("uri"),
	    URI_MAX_BYTES, MCP_RESOURCES_LIST, MCP_RESOURCES_CHANGED, false },
	[ITEM_TEMPLATE] = { S("resource template"), S("resource templates"), S("resources"),
	    S("resourceTemplates"), S("uriTemplate"), URI_MAX_BYTES, MCP_TEMPLATES_LIST,
	    MCP_RESOURCES_CHANGED, false },
};

const struct item_kind_row *
item_kind_row(enum item_kind kind)
{
	return &rows[kind];
}

bool
item_kind_of_list(enum mcp_method method, enum item_kind *kind)
{
	for (unsigned i = 0; i < ITEM_KINDS; i++) {
		if (rows[i].list == method) {
			*kind = (enum item_kind)i;
			return true;
		}
	}
	return false;
}

struct offer *
offer_new(struct memory *memory)
{
	struct offer *offer = MEM_NEW(struct offer);

	offer->refs = 1;
	arena_init(&offer->arena, memory, ARENA_CEILING);
	offer->build = ARENA_NEW(&offer->arena, struct offer_build);
	return offer;
}

struct offer *
offer_ref(struct offer *offer)
{
	offer->refs++;
	return offer;
}

void
offer_unref(struct offer **offer)
{
	struct offer *o = *offer;

	*offer = NULL;
	if (o == NULL || --o->refs > 0)
		return;
	for (size_t i = 0; i < o->pages_n; i++) {
		arena_fini(&o->pages[i].arena);
		buf_fini(&o->pages[i].text);
	}
	arena_fini(&o->arena);
	mem_free(o);
}

/* A copy of the array in twice the room; the old one stays in the arena (at most as much again). */
MUST_CHECK static bool
grow(struct arena *arena, void **array, size_t n, size_t *cap, size_t item, struct err *err)
{
	size_t bigger = *cap == 0 ? 16 : 2 * *cap;
	void *fresh;

	if (n < *cap)
		return true;
	if (!arena_reserve(arena, bigger * item, err))
		return false;
	fresh = arena_alloc(arena, bigger * item);
	if (n > 0)
		memcpy(fresh, *array, n * item);
	*array = fresh;
	*cap = bigger;
	return true;
}

/* ---- duplicates ---- */

static uint32_t *
slot_find(const struct offer *offer, enum item_kind kind, struct slice name)
{
	const struct build_kind *build = &offer->build->kinds[kind];
	const struct item *items = offer->items[kind].all;
	size_t at = hash_bytes(name, offer->build->seed) & (build->slots_n - 1);

	while (build->slots[at] != 0 && !slice_eq(items[build->slots[at] - 1].name, name))
		at = (at + 1) & (build->slots_n - 1);
	return &build->slots[at];
}

/* Room for one more name at a load of at most one half. */
MUST_CHECK static bool
slots_grow(struct offer *offer, enum item_kind kind, struct err *err)
{
	struct build_kind *build = &offer->build->kinds[kind];
	size_t n = build->slots_n == 0 ? 32 : 2 * build->slots_n;

	if (2 * (offer->items[kind].n + 1) <= build->slots_n)
		return true;
	if (!arena_reserve(&offer->arena, n * sizeof(*build->slots), err))
		return false;
	build->slots = ARENA_ARRAY(&offer->arena, uint32_t, n);
	build->slots_n = n;
	for (size_t i = 0; i < offer->items[kind].n; i++)
		*slot_find(offer, kind, offer->items[kind].all[i].name) = (uint32_t)(i + 1);
	return true;
}

/* ---- one definition ---- */

/* C0, DEL and C1; the text is valid UTF-8. */
static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static bool
hint(struct slice annotations, struct slice key, bool fallback)
{
	struct slice value;
	bool is;

	return json_find(annotations, key, &value) && json_bool(value, &is) ? is : fallback;
}

/* What the name of an item is called: "name", and for URIs "uri" or "uriTemplate". */
#define WHY(row, text_name, text_uri) ((row)->is_prefixed ? (text_name) : (text_uri))

/* Fills name and name_token, or says what is wrong with them. */
static const char *
name_read(struct arena *arena, const struct item_kind_row *row, struct item *item)
{
	struct slice token;
	struct err err;

	if (!json_find(item->definition, row->member, &token))
		return WHY(row, "it has no name", "it has no URI");
	if (json_type(token) != JSON_STRING)
		return WHY(row, "its name is not a string", "its URI is not a string");
	/* Every byte may be written as \u00xx. */
	if (token.n > 6 * row->name_max + 2)
		return WHY(
		    row, "its name is longer than 256 bytes", "its URI is longer than 8 KiB");
	if (!json_string(arena, token, &item->name, &err))
		return WHY(row, "its name cannot be read", "its URI cannot be read");
	item->name_token = token;
	if (item->name.n == 0)
		return WHY(row, "its name is empty", "its URI is empty");
	if (item->name.n > row->name_max)
		return WHY(
		    row, "its name is longer than 256 bytes", "its URI is longer than 8 KiB");
	if (has_control(item->name))
		return WHY(
		    row, "its name holds control characters", "its URI holds control characters");
	return NULL;
}

static const char *
tool_read(struct item *item)
{
	struct slice value;

	item->is_destructive = item->is_open_world = true;
	if (!json_find(item->definition, S("inputSchema"), &value) ||
	    json_type(value) != JSON_OBJECT)
		return "its inputSchema is not an object";
	if (json_find(item->definition, S("annotations"), &value) &&
	    json_type(value) == JSON_OBJECT) {
		item->is_read_only = hint(value, S("readOnlyHint"), false);
		item->is_idempotent = hint(value, S("idempotentHint"), false);
		/* These two say something of tools that change something. */
		item->is_destructive =
		    !item->is_read_only && hint(value, S("destructiveHint"), true);
		item->is_open_world = hint(value, S("openWorldHint"), true);
	}
	item->has_headers = mirror_is_named(item->definition);
	item->has_odd_output =
	    json_find(item->definition, S("outputSchema"), &value) && !schema_is_of_object(value);
	item->needs_task = json_find(item->definition, S("execution"), &value) &&
	    json_type(value) == JSON_OBJECT && json_find(value, S("taskSupport"), &value) &&
	    slice_eq(value, S("\"required\""));
	item->takes_task = item->needs_task ||
	    (json_find(item->definition, S("execution"), &value) &&
		json_type(value) == JSON_OBJECT && json_find(value, S("taskSupport"), &value) &&
		slice_eq(value, S("\"optional\"")));
	return NULL;
}

/* Fills *item from a definition, or says what is wrong with it; NULL: nothing.  An item->name that
 * is there may be shown also when something is wrong. */
static const char *
item_read(struct arena *arena, enum item_kind kind, struct slice definition, struct item *item)
{
	const char *why;
	struct slice value;

	*item = (struct item){ .definition = definition };
	if (json_type(definition) != JSON_OBJECT)
		return "its definition is not an object";
	why = name_read(arena, &rows[kind], item);
	if (why != NULL)
		return why;
	if (kind == ITEM_TOOL)
		return tool_read(item);
	/* Beside its URI: a list that lacks it is refused as a whole by strict clients. */
	if (!json_find(definition, S("name"), &value) || json_type(value) != JSON_STRING)
		return "it has no name";
	return NULL;
}

static void
item_dropped(struct offer *offer, enum item_kind kind, const struct item *item, const char *why,
    struct slice server, struct log *log)
{
	struct slice name = item->name;

	if (name.n > SHOWN_BYTES)
		name.n = SHOWN_BYTES;
	if (++offer->build->kinds[kind].dropped > DROPS_LOGGED)
		return;
	log_event(log, LOG_WARN, "item_dropped", "upstream %.*s: %.*s \"%.*s\" is not offered: %s",
	    SLICE_FMT(server), SLICE_FMT(rows[kind].one), SLICE_FMT(name), why);
}

MUST_CHECK static bool
item_add(struct offer *offer, enum item_kind kind, struct slice definition, struct slice server,
    struct log *log, struct err *err)
{
	void *all = offer->items[kind].all;
	size_t *n = &offer->items[kind].n;
	struct item item;
	uint32_t *slot;
	const char *why = item_read(&offer->arena, kind, definition, &item);

	if (!slots_grow(offer, kind, err) ||
	    !grow(&offer->arena, &all, *n, &offer->build->kinds[kind].cap, sizeof(item), err))
		return false;
	offer->items[kind].all = all;
	if (why == NULL && *n == ITEMS_MAX)
		why = "the server offers more than 10,000 of them";
	if (why == NULL) {
		slot = slot_find(offer, kind, item.name);
		if (*slot == 0) {
			offer->items[kind].all[(*n)++] = item;
			*slot = (uint32_t)*n;
			return true;
		}
		why = WHY(&rows[kind], "the server offers another of that name",
		    "the server offers another of that URI");
	}
	item_dropped(offer, kind, &item, why, server, log);
	return true;
}

/* ---- pages ---- */

static void
drops_summary(const struct offer *offer, enum item_kind kind, unsigned before, struct slice server,
    struct log *log)
{
	unsigned silent = before > DROPS_LOGGED ? before : DROPS_LOGGED;
	unsigned dropped = offer->build->kinds[kind].dropped;

	if (dropped > silent)
		log_event(log, LOG_WARN, "item_dropped",
		    "upstream %.*s: %u more %.*s are not offered", SLICE_FMT(server),
		    dropped - silent, SLICE_FMT(rows[kind].many));
}

MUST_CHECK static bool
page_take(struct offer *offer, struct arena *arena, struct buf *text, struct err *err)
{
	void *pages = offer->pages;
	struct offer_page *page;

	if (offer->pages_n == PAGES_MAX)
		return err_set(err, ERR_LIMIT, "its lists have more than %d pages", PAGES_MAX);
	if (!grow(&offer->arena, &pages, offer->pages_n, &offer->build->pages_cap, sizeof(*page),
		err))
		return false;
	offer->pages = pages;
	page = &offer->pages[offer->pages_n++];
	arena_take(&page->arena, arena);
	buf_init(&page->text, text->memory, text->ceiling_bytes);
	buf_take(&page->text, text);
	return true;
}

bool
offer_add_page_wait(struct loop *loop, struct offer *offer, enum item_kind kind,
    struct arena *arena, struct buf *text, struct slice array, struct slice server, struct log *log,
    struct err *err)
{
	unsigned before = offer->build->kinds[kind].dropped;
	struct slice key, value;
	struct json_iter iter;
	const char *since;

	must(offer->refs == 1);
	if (loop != NULL)
		offer->build->seed = loop_seed(loop);
	if (!page_take(offer, arena, text, err))
		return false;
	if (json_type(array) != JSON_ARRAY)
		return err_set(err, ERR_PARSE, "the `%.*s` of its %s result is not an array",
		    SLICE_FMT(rows[kind].key), mcp_method_row(rows[kind].list)->name);
	offer->items[kind].is_known = true;
	since = array.p;
	json_iter_init(&iter, array);
	while (json_iter_next(&iter, &key, &value)) {
		if (!item_add(offer, kind, value, server, log, err))
			return false;
		if (loop == NULL || (size_t)(iter.at - since) < SLICE_OF_WORK_BYTES)
			continue;
		since = iter.at;
		if (!task_yield_wait(loop, err))
			return false;
	}
	drops_summary(offer, kind, before, server, log);
	return true;
}
