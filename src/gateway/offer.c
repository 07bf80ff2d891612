/*
 * What a provider offers: the pages of its tools/list as they came, and a table of the tools in
 * them. Definitions stay where they are in the pages; only names are unescaped.  Nothing here
 * trusts an upstream: tools are counted, names bounded, what makes no sense is left out and said.
 *
 * An offer is built by one owner and never changes after it was handed on.
 */
#include <string.h>

#include "gateway/gateway.h"

#define NAME_MAX_BYTES 256
#define TOOLS_MAX      10000 /* of one provider */
#define PAGES_MAX      1000
#define DROPS_LOGGED   20 /* by name; the rest are counted */
#define ARENA_CEILING  (64 * MIB)

/* Open addressing over the names, for duplicates; slots hold 1-based places in tools. */
struct offer_build {
	uint64_t seed;
	size_t tools_cap, pages_cap;
	uint32_t *slots;
	size_t slots_n; /* power of two */
	unsigned dropped;
};

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
slot_find(const struct offer *offer, struct slice name)
{
	const struct offer_build *build = offer->build;
	size_t at = hash_bytes(name, build->seed) & (build->slots_n - 1);

	while (build->slots[at] != 0 && !slice_eq(offer->tools[build->slots[at] - 1].name, name))
		at = (at + 1) & (build->slots_n - 1);
	return &build->slots[at];
}

/* Room for one more name at a load of at most one half. */
MUST_CHECK static bool
slots_grow(struct offer *offer, struct err *err)
{
	struct offer_build *build = offer->build;
	size_t n = build->slots_n == 0 ? 32 : 2 * build->slots_n;

	if (2 * (offer->tools_n + 1) <= build->slots_n)
		return true;
	if (!arena_reserve(&offer->arena, n * sizeof(*build->slots), err))
		return false;
	build->slots = ARENA_ARRAY(&offer->arena, uint32_t, n);
	build->slots_n = n;
	for (size_t i = 0; i < offer->tools_n; i++)
		*slot_find(offer, offer->tools[i].name) = (uint32_t)(i + 1);
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
hint(struct slice annotations, struct slice key)
{
	struct slice value;
	bool is = false;

	return json_find(annotations, key, &value) && json_bool(value, &is) && is;
}

/* Fills *tool from a definition, or says what is wrong with it; NULL: nothing.  A tool->name that
 * is there may be shown also when something is wrong. */
static const char *
tool_read(struct arena *arena, struct slice definition, struct tool *tool)
{
	struct slice token, value;
	struct err err;

	memset(tool, 0, sizeof(*tool));
	tool->definition = definition;
	if (json_type(definition) != JSON_OBJECT)
		return "its definition is not an object";
	if (!json_find(definition, S("name"), &token))
		return "it has no name";
	if (json_type(token) != JSON_STRING)
		return "its name is not a string";
	if (token.n > 6 * NAME_MAX_BYTES + 2) /* every byte written as \u00xx */
		return "its name is longer than 256 bytes";
	if (!json_string(arena, token, &tool->name, &err))
		return "its name cannot be read";
	tool->name_token = token;
	if (tool->name.n == 0)
		return "its name is empty";
	if (tool->name.n > NAME_MAX_BYTES)
		return "its name is longer than 256 bytes";
	if (has_control(tool->name))
		return "its name holds control characters";
	if (!json_find(definition, S("inputSchema"), &value) || json_type(value) != JSON_OBJECT)
		return "its inputSchema is not an object";
	if (json_find(definition, S("annotations"), &value) && json_type(value) == JSON_OBJECT) {
		tool->is_read_only = hint(value, S("readOnlyHint"));
		tool->is_idempotent = hint(value, S("idempotentHint"));
	}
	return NULL;
}

static void
tool_dropped(struct offer *offer, const struct tool *tool, const char *why, struct slice server,
    struct log *log)
{
	struct slice name = tool->name.n > NAME_MAX_BYTES
	    ? (struct slice){ tool->name.p, NAME_MAX_BYTES }
	    : tool->name;

	if (++offer->build->dropped > DROPS_LOGGED)
		return;
	log_event(log, LOG_WARN, "tool_dropped", "upstream %.*s: tool \"%.*s\" is not offered: %s",
	    SLICE_FMT(server), SLICE_FMT(name), why);
}

MUST_CHECK static bool
tool_add(struct offer *offer, struct slice definition, struct slice server, struct log *log,
    struct err *err)
{
	void *tools = offer->tools;
	struct tool tool;
	uint32_t *slot;
	const char *why = tool_read(&offer->arena, definition, &tool);

	if (!slots_grow(offer, err) ||
	    !grow(
		&offer->arena, &tools, offer->tools_n, &offer->build->tools_cap, sizeof(tool), err))
		return false;
	offer->tools = tools;
	if (why == NULL && offer->tools_n == TOOLS_MAX)
		why = "the server offers more than 10,000 tools";
	if (why == NULL) {
		slot = slot_find(offer, tool.name);
		if (*slot == 0) {
			offer->tools[offer->tools_n++] = tool;
			*slot = (uint32_t)offer->tools_n;
			return true;
		}
		why = "the server offers another tool of that name";
	}
	tool_dropped(offer, &tool, why, server, log);
	return true;
}

/* ---- pages ---- */

static void
drops_summary(const struct offer *offer, unsigned before, struct slice server, struct log *log)
{
	unsigned silent = before > DROPS_LOGGED ? before : DROPS_LOGGED;

	if (offer->build->dropped > silent)
		log_event(log, LOG_WARN, "tool_dropped",
		    "upstream %.*s: %u more tools are not offered", SLICE_FMT(server),
		    offer->build->dropped - silent);
}

MUST_CHECK static bool
page_take(struct offer *offer, struct arena *arena, struct buf *text, struct err *err)
{
	void *pages = offer->pages;
	struct offer_page *page;

	if (offer->pages_n == PAGES_MAX)
		return err_set(
		    err, ERR_LIMIT, "its list of tools has more than %d pages", PAGES_MAX);
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
offer_add_page_wait(struct loop *loop, struct offer *offer, struct arena *arena, struct buf *text,
    struct slice tools_array, struct slice server, struct log *log, struct err *err)
{
	unsigned before = offer->build->dropped;
	struct slice key, value;
	struct json_iter iter;
	const char *since;

	must(offer->refs == 1);
	if (loop != NULL)
		offer->build->seed = loop_seed(loop);
	if (!page_take(offer, arena, text, err))
		return false;
	if (json_type(tools_array) != JSON_ARRAY)
		return err_set(
		    err, ERR_PARSE, "the `tools` of its tools/list result is not an array");
	since = tools_array.p;
	json_iter_init(&iter, tools_array);
	while (json_iter_next(&iter, &key, &value)) {
		if (!tool_add(offer, value, server, log, err))
			return false;
		if (loop == NULL || (size_t)(iter.at - since) < SLICE_OF_WORK_BYTES)
			continue;
		since = iter.at;
		if (!task_yield_wait(loop, err))
			return false;
	}
	drops_summary(offer, before, server, log);
	return true;
}
