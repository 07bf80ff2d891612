/*
 * Offers and the catalogue: what is dropped from a provider's list, what the joined list looks like
 * byte for byte, and who gets which name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/gateway.h"

struct fake {
	struct provider provider;
	enum provider_state state;
	const char *why;
};

static void
fake_health(const struct provider *provider, struct provider_health *health)
{
	const struct fake *fake = CONTAINER(provider, struct fake, provider);

	memset(health, 0, sizeof(*health));
	health->state = fake->state;
	if (fake->why != NULL)
		err_set(&health->why, ERR_UNAVAILABLE, "%s", fake->why);
}

static void
fake_close(struct provider *provider)
{
	(void)provider;
}

static const struct provider_ops fake_ops = {
	.kind = "fake",
	.close = fake_close,
};

static struct fake
fake_make(const char *name)
{
	return (struct fake){
		.provider = { .ops = &fake_ops, .refs = 1, .name = slice_of(name) },
		.state = PROVIDER_READY,
	};
}

/* ---- the log, read back ---- */

static int log_pipe[2];
static struct log *logger;

static void
log_begin(void)
{
	assert_int_equal(pipe(log_pipe), 0);
	logger = log_new(log_pipe[1], LOG_DEBUG, LOG_TEXT, "test");
}

static void
log_end(char *text, size_t size)
{
	ssize_t n;

	log_flush(logger);
	log_free(&logger);
	close(log_pipe[1]);
	n = read(log_pipe[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(log_pipe[0]);
}

static unsigned
count(const char *text, const char *word)
{
	unsigned n = 0;

	for (text = strstr(text, word); text != NULL; text = strstr(text + 1, word))
		n++;
	return n;
}

/* ---- offers ---- */

static void
kind_add(struct offer *offer, enum item_kind kind, const char *items, struct log *log)
{
	struct arena arena, taken;
	struct json_scan *scan;
	struct buf text;
	struct err err;

	buf_init(&text, NULL, 64 * MIB);
	arena_init(&arena, NULL, 64 * MIB);
	arena_init(&taken, NULL, 64 * MIB);
	buf_puts(&text, items);
	scan = json_scan_new(&arena, text.p, text.n, 0, 0, 1);
	assert_true(json_scan_all(scan, &err));
	arena_fini(&arena);
	assert_true(offer_add_page_wait(
	    NULL, offer, kind, &taken, &text, buf_view(&text), S("s"), log, &err));
	assert_null(text.p);
}

static void
page_add(struct offer *offer, const char *tools, struct log *log)
{
	kind_add(offer, ITEM_TOOL, tools, log);
}

static struct offer *
offer_make(const char *tools)
{
	struct offer *offer = offer_new(NULL);

	page_add(offer, tools, NULL);
	return offer;
}

static const struct {
	const char *definition, *says; /* NULL: it is taken */
} definitions[] = {
	{ "{\"name\":\"a\",\"inputSchema\":{}}", NULL },
	{ " {\"inputSchema\" : {} , \"name\" : \"\\u0061\"} ", NULL },
	{ "{\"name\":\"sp ace \\\" \xc3\xa4\",\"inputSchema\":{}}", NULL },
	{ "1", "not an object" },
	{ "null", "not an object" },
	{ "[]", "not an object" },
	{ "{\"inputSchema\":{}}", "no name" },
	{ "{\"name\":7,\"inputSchema\":{}}", "not a string" },
	{ "{\"name\":\"\",\"inputSchema\":{}}", "empty" },
	{ "{\"name\":\"a\\u001b[31m\",\"inputSchema\":{}}", "control" },
	{ "{\"name\":\"a\\n\",\"inputSchema\":{}}", "control" },
	{ "{\"name\":\"a\x7f\",\"inputSchema\":{}}", "control" },
	{ "{\"name\":\"a\\u009b\",\"inputSchema\":{}}", "control" },
	{ "{\"name\":\"a\"}", "inputSchema" },
	{ "{\"name\":\"a\",\"inputSchema\":[]}", "inputSchema" },
	{ "{\"name\":\"a\",\"inputSchema\":null}", "inputSchema" },
};

static void
test_definitions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(definitions); i++) {
		struct offer *offer = offer_new(NULL);
		char text[4096], said[4096];

		snprintf(text, sizeof(text), "[%s]", definitions[i].definition);
		log_begin();
		page_add(offer, text, logger);
		log_end(said, sizeof(said));
		assert_int_equal(offer->items[ITEM_TOOL].n, definitions[i].says == NULL);
		if (definitions[i].says == NULL)
			assert_string_equal(said, "");
		else if (strstr(said, definitions[i].says) == NULL ||
		    strstr(said, "upstream s:") == NULL)
			fail_msg("%s: said %s", definitions[i].definition, said);
		offer_unref(&offer);
	}
}

static const struct {
	enum item_kind kind;
	const char *definition, *says; /* NULL: it is taken */
} other_kinds[] = {
	{ ITEM_PROMPT, "{\"name\":\"p\"}", NULL },
	{ ITEM_PROMPT, "{\"title\":\"p\"}", "prompt \"\" is not offered: it has no name" },
	{ ITEM_RESOURCE, "{\"uri\":\"file:///a b\",\"name\":\"\"}", NULL },
	{ ITEM_RESOURCE, "{\"name\":\"a\"}", "it has no URI" },
	{ ITEM_RESOURCE, "{\"uri\":1,\"name\":\"a\"}", "its URI is not a string" },
	{ ITEM_RESOURCE, "{\"uri\":\"\",\"name\":\"a\"}", "its URI is empty" },
	{ ITEM_RESOURCE, "{\"uri\":\"a\\n\",\"name\":\"a\"}", "its URI holds control" },
	{ ITEM_RESOURCE, "{\"uri\":\"u:x\"}", "resource \"u:x\" is not offered: it has no name" },
	{ ITEM_TEMPLATE, "{\"uriTemplate\":\"u:{x}\",\"name\":\"a\"}", NULL },
	{ ITEM_TEMPLATE, "{\"uri\":\"u:{x}\",\"name\":\"a\"}", "resource template" },
};

static void
test_other_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(other_kinds); i++) {
		struct offer *offer = offer_new(NULL);
		char text[4096], said[4096];

		snprintf(text, sizeof(text), "[%s]", other_kinds[i].definition);
		log_begin();
		kind_add(offer, other_kinds[i].kind, text, logger);
		log_end(said, sizeof(said));
		assert_int_equal(offer->items[other_kinds[i].kind].n, other_kinds[i].says == NULL);
		assert_int_equal(offer->items[ITEM_TOOL].n, 0);
		assert_false(offer->items[ITEM_TOOL].is_known);
		if (strstr(said, other_kinds[i].says != NULL ? other_kinds[i].says : "") == NULL)
			fail_msg("%s: said %s", other_kinds[i].definition, said);
		offer_unref(&offer);
	}
}

static void
test_kind_rows(void **state)
{
	enum item_kind found;

	(void)state;
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		assert_true(item_kind_of_list(item_kind_row(kind)->list, &found));
		assert_int_equal(found, kind);
	}
	assert_false(item_kind_of_list(MCP_TOOLS_CALL, &found));
}

static void
test_name_length(void **state)
{
	char text[2048];

	(void)state;
	for (int n = 255; n <= 258; n++) {
		struct offer *offer;

		snprintf(text, sizeof(text), "[{\"name\":\"%0*d\",\"inputSchema\":{}}]", n, 1);
		offer = offer_make(text);
		assert_int_equal(offer->items[ITEM_TOOL].n, n <= 256);
		offer_unref(&offer);
	}
}

static void
test_pages_and_duplicates(void **state)
{
	struct offer *offer = offer_new(NULL);
	char said[4096];

	(void)state;
	log_begin();
	page_add(offer,
	    "[{\"name\":\"a\",\"inputSchema\":{},\"annotations\":{\"readOnlyHint\":true}},"
	    "{\"name\":\"\\u0061\",\"inputSchema\":{}}]",
	    logger);
	page_add(offer, "[]", logger);
	page_add(offer,
	    "[{\"name\":\"b\",\"inputSchema\":{},\"annotations\":{\"idempotentHint\":true,"
	    "\"readOnlyHint\":\"yes\"}},{\"name\":\"a\",\"inputSchema\":{}}]",
	    logger);
	log_end(said, sizeof(said));
	assert_int_equal(offer->items[ITEM_TOOL].n, 2);
	assert_int_equal(count(said, "another of that name"), 2);
	assert_true(offer->items[ITEM_TOOL].all[0].is_read_only);
	assert_false(offer->items[ITEM_TOOL].all[0].is_idempotent);
	assert_false(offer->items[ITEM_TOOL].all[1].is_read_only);
	assert_true(offer->items[ITEM_TOOL].all[1].is_idempotent);
	offer_unref(&offer);
}

static void
many(struct buf *text, unsigned n, const char *fmt)
{
	buf_init(text, NULL, 64 * MIB);
	buf_putc(text, '[');
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(text, ',');
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(text, fmt, i);
#pragma GCC diagnostic pop
	}
	buf_puts(text, "]");
	buf_putc(text, '\0');
}

/* A flood of rubbish is counted, not told one by one; a flood of tools has an end. */
static void
test_floods(void **state)
{
	struct offer *offer = offer_new(NULL);
	struct buf text;
	static char said[32768];

	(void)state;
	many(&text, 5000, "{\"name\":\"t%u\"}");
	log_begin();
	page_add(offer, text.p, logger);
	log_end(said, sizeof(said));
	assert_int_equal(offer->items[ITEM_TOOL].n, 0);
	assert_true(count(said, "\n") <= 21);
	assert_non_null(strstr(said, "4980 more tools"));
	buf_fini(&text);
	many(&text, 10005, "{\"name\":\"t%u\",\"inputSchema\":{}}");
	page_add(offer, text.p, NULL);
	assert_int_equal(offer->items[ITEM_TOOL].n, 10000);
	buf_fini(&text);
	offer_unref(&offer);
}

static void
test_not_an_array(void **state)
{
	struct offer *offer = offer_new(NULL);
	struct arena arena;
	struct buf text;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, MIB);
	buf_init(&text, NULL, MIB);
	buf_puts(&text, "{}");
	assert_false(offer_add_page_wait(
	    NULL, offer, ITEM_TOOL, &arena, &text, buf_view(&text), S("s"), NULL, &err));
	assert_int_equal(err.kind, ERR_PARSE);
	buf_fini(&text);
	assert_false(offer_add_page_wait(
	    NULL, offer, ITEM_TOOL, &arena, &text, SLICE_NONE, S("s"), NULL, &err));
	offer_unref(&offer);
	buf_fini(&text);
	arena_fini(&arena);
}

/* ---- the catalogue ---- */

#define DEF(name, more) "{\"name\":\"" name "\",\"inputSchema\":{ \"type\" : \"object\" }" more "}"

static const struct names two = { S("__"), PREFIX_AUTO, 64, true };
static const struct names bare = { S("__"), PREFIX_NEVER, 64, true };

static struct catalogue *
make(
    struct fake *fakes, struct offer **offers, size_t n, const struct names *names, struct log *log)
{
	struct catalogue_source sources[8];

	for (size_t i = 0; i < n; i++) {
		sources[i] = (struct catalogue_source){ &fakes[i].provider, offers[i], NULL };
		fake_health(&fakes[i].provider, &sources[i].health);
	}
	return catalogue_new(sources, n, names, NULL, log, NULL, 42);
}

static void
assert_list(const struct catalogue *catalogue, const char *want)
{
	struct slice list = catalogue_list(catalogue, ITEM_TOOL);

	if (!slice_eq(list, slice_of(want)))
		fail_msg("got\n%.*s\nwant\n%s", SLICE_FMT(list), want);
}

static void
test_list(void **state)
{
	struct fake fakes[2];
	struct offer *offers[2];
	struct catalogue *catalogue;
	const struct catalogue_entry *entry;
	size_t n;

	(void)state;
	fakes[0] = fake_make("b");
	fakes[1] = fake_make("a");
	offers[0] = offer_make("[" DEF("x", ",\"n\":1.50") ", " DEF("q\\\"", "") "]");
	offers[1] = offer_make("[{ \"inputSchema\":{},\"z\":[1e400] , \"name\" : \"\\u0078\" }]");
	catalogue = make(fakes, offers, 2, &two, NULL);
	assert_list(catalogue,
	    "{\"tools\":[" DEF("b__x", ",\"n\":1.50") "," DEF(
		"b__q\\\"", "") ",{ \"inputSchema\":{},\"z\":[1e400] , \"name\" : \"a__x\" }]}");
	assert_non_null(catalogue_entries(catalogue, ITEM_TOOL, &n));
	assert_int_equal(n, 3);
	entry = catalogue_find(catalogue, ITEM_TOOL, S("a__x"));
	assert_non_null(entry);
	assert_ptr_equal(entry->provider, &fakes[1].provider);
	assert_true(slice_eq(entry->item->name, S("x")));
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("x")));
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("")));
	catalogue_unref(&catalogue);
	/* Unprefixed, a definition is its bytes, escapes of the name too. */
	catalogue = make(fakes + 1, offers + 1, 1, &bare, NULL);
	assert_list(catalogue,
	    "{\"tools\":[{ \"inputSchema\":{},\"z\":[1e400] , \"name\" : \"\\u0078\" }]}");
	assert_non_null(catalogue_find(catalogue, ITEM_TOOL, S("x")));
	catalogue_unref(&catalogue);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fakes[i].provider.refs, 1);
		assert_int_equal(offers[i]->refs, 1);
		offer_unref(&offers[i]);
	}
}

static void
test_unavailable(void **state)
{
	struct fake fakes[4];
	struct offer *offers[4] = { NULL };
	struct catalogue *catalogue;

	(void)state;
	fakes[0] = fake_make("up");
	fakes[1] = fake_make("down");
	fakes[1].state = PROVIDER_DOWN;
	fakes[1].why = "no \"such\" file";
	fakes[2] = fake_make("slow");
	fakes[2].state = PROVIDER_CONNECTING;
	fakes[3] = fake_make("toolless");
	offers[0] = offer_make("[" DEF("x", "") "]");
	offers[1] = offer_make("[" DEF("stale", "") "]");
	catalogue = make(fakes, offers, 4, &two, NULL);
	assert_list(catalogue,
	    "{\"tools\":[" DEF(
		"up__x", "") "],\"_meta\":{\"bascule/unavailable\":["
			     "{\"server\":\"down\",\"reason\":\"no \\\"such\\\" file\"},"
			     "{\"server\":\"slow\",\"reason\":\"not connected yet\"}]}}");
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("down__stale")));
	catalogue_unref(&catalogue);
	offer_unref(&offers[0]);
	offer_unref(&offers[1]);
	catalogue = make(fakes, offers, 0, &two, NULL);
	assert_list(catalogue, "{\"tools\":[]}");
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("x")));
	catalogue_unref(&catalogue);
}

static void
test_collisions(void **state)
{
	struct fake fakes[3];
	struct offer *offers[3];
	struct catalogue *catalogue;
	const struct catalogue_entry *entries;
	struct arena arena;
	struct slice hashed;
	char said[4096], hostile[256];
	size_t n;

	(void)state;
	arena_init(&arena, NULL, MIB);
	fakes[0] = fake_make("a");
	fakes[1] = fake_make("b");
	fakes[2] = fake_make("c");
	hashed = name_make(&arena, &bare, &fakes[1].provider, S("read"), S("read"), true);
	offers[0] = offer_make("[" DEF("read", "") "]");
	offers[1] = offer_make("[" DEF("read", "") "]");
	offers[2] = offer_make("[" DEF("other", "") "]");
	log_begin();
	catalogue = make(fakes, offers, 3, &bare, logger);
	log_end(said, sizeof(said));
	assert_int_equal(count(said, "[WARNING]") + count(said, "[WARN]"), 1);
	assert_ptr_equal(
	    catalogue_find(catalogue, ITEM_TOOL, S("read"))->provider, &fakes[0].provider);
	assert_ptr_equal(
	    catalogue_find(catalogue, ITEM_TOOL, hashed)->provider, &fakes[1].provider);
	catalogue_unref(&catalogue);
	offer_unref(&offers[0]);
	/* An earlier server takes both names: the later tool is left out, and nobody else's is
	 * changed. */
	snprintf(hostile, sizeof(hostile), "[" DEF("read", "") "," DEF("%.*s", "") "]",
	    SLICE_FMT(hashed));
	offers[0] = offer_make(hostile);
	catalogue = make(fakes, offers, 3, &bare, NULL);
	entries = catalogue_entries(catalogue, ITEM_TOOL, &n);
	assert_int_equal(n, 3);
	assert_ptr_equal(entries[2].provider, &fakes[2].provider);
	catalogue_unref(&catalogue);
	for (size_t i = 0; i < 3; i++)
		offer_unref(&offers[i]);
	arena_fini(&arena);
}

static void
test_same(void **state)
{
	struct fake fakes[2];
	struct offer *offers[2], *other;
	struct catalogue *base, *again, *changed;

	(void)state;
	fakes[0] = fake_make("a");
	fakes[1] = fake_make("b");
	offers[0] = offer_make("[" DEF("x", "") "," DEF("old", "") "]");
	offers[1] = offer_make("[" DEF("y", "") "]");
	other = offer_make("[" DEF("x", ",\"description\":\"mine\"") "," DEF("new", "") "]");
	base = make(fakes, offers, 2, &two, NULL);
	again = make(fakes, offers, 2, &two, NULL);
	changed = make(fakes, &other, 1, &two, NULL);
	assert_true(catalogue_same(base, again, ITEM_TOOL));
	assert_false(catalogue_same(base, changed, ITEM_TOOL));
	assert_true(catalogue_same(base, changed, ITEM_PROMPT));
	catalogue_unref(&base);
	catalogue_unref(&again);
	catalogue_unref(&changed);
	offer_unref(&offers[0]);
	offer_unref(&offers[1]);
	offer_unref(&other);
}

static void
test_many_and_memory(void **state)
{
	struct fake fake = fake_make("a");
	struct memory memory = { .limit_bytes = 64 * KIB };
	struct catalogue_source source = { .provider = &fake.provider };
	struct catalogue *catalogue;
	struct offer *offer;
	struct buf text;
	char name[32], said[4096];

	(void)state;
	many(&text, 3000, "{\"name\":\"t%u\",\"inputSchema\":{}}");
	offer = offer_make(text.p);
	buf_fini(&text);
	catalogue = make(&fake, &offer, 1, &two, NULL);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "a__t%u", i);
		assert_non_null(catalogue_find(catalogue, ITEM_TOOL, slice_of(name)));
	}
	catalogue_unref(&catalogue);
	log_begin();
	source.offer = offer;
	catalogue = catalogue_new(&source, 1, &two, NULL, logger, &memory, 42);
	log_end(said, sizeof(said));
	assert_list(catalogue, "{\"tools\":[]}");
	assert_non_null(strstr(said, "nothing is offered"));
	catalogue_unref(&catalogue);
	assert_int_equal(memory.used_bytes, 0);
	offer_unref(&offer);
}

/* ---- rules of the configuration ---- */

#define PAIR(from, to) \
	{ \
		S(from), \
		{ \
			S(to) \
		} \
	}

static void
test_rules(void **state)
{
	struct slice allow[] = { S("r*"), S("other"), S("admin_list") };
	struct slice deny[] = { S("admin_*"), S("r?w") };
	struct config_pair rename[] = { PAIR("read", "get \"it\""), PAIR("nobody", "x") };
	struct config_pair describe[] = { PAIR("read", "It reads.\n"), PAIR("run", "Runs"),
		PAIR("other", "New") };
	const struct config_tools rules = { allow, deny, COUNT(allow), COUNT(deny), rename,
		describe, COUNT(rename), COUNT(describe) };
	struct fake fake = fake_make("s");
	struct offer *offer = offer_make(
	    "[" DEF("admin_list", "") "," DEF("raw", "") "," DEF("zoo", "") "," DEF("read",
		",\"description\":\"old\",\"n\":1e2") ",{\"description\" : \"d\" ,\"name\":\"run\","
						      "\"inputSchema\":{}}," DEF("other", "") "]");
	struct catalogue_source source = { &fake.provider, offer, &rules };
	struct catalogue *catalogue;
	char said[4096];

	(void)state;
	log_begin();
	catalogue = catalogue_new(&source, 1, &two, NULL, logger, NULL, 42);
	log_end(said, sizeof(said));
	assert_list(catalogue,
	    "{\"tools\":[" DEF("s__get \\\"it\\\"",
		",\"description\":\"It reads.\\n\",\"n\":1e2") ",{\"description\" : \"Runs\" ,"
							       "\"name\":\"s__run\",\"inputSchema\":{}}," DEF(
								   "s__other",
								   ",\"description\":\"New\"") "]}");
	assert_true(slice_eq(
	    catalogue_find(catalogue, ITEM_TOOL, S("s__get \"it\""))->item->name, S("read")));
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("s__read")));
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("s__raw")));
	assert_null(catalogue_find(catalogue, ITEM_TOOL, S("s__admin_list")));
	assert_int_equal(count(said, "[WARN"), 1);
	assert_non_null(strstr(said, "s has no tool \"nobody\": its `tools.rename` does nothing"));
	catalogue_unref(&catalogue);
	offer_unref(&offer);
}

/* What the catalogue before has told is not told again; what is new is. */
static void
test_reports_once(void **state)
{
	struct fake fakes[2];
	struct offer *offers[2];
	struct catalogue_source sources[2];
	struct catalogue *first, *second;
	char said[4096];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fakes[i] = fake_make(i == 0 ? "a" : "b");
		offers[i] = offer_make("[" DEF("x", "") "]");
		sources[i] = (struct catalogue_source){ &fakes[i].provider, offers[i], NULL };
	}
	first = catalogue_new(sources, 2, &bare, NULL, NULL, NULL, 42);
	log_begin();
	second = catalogue_new(sources, 2, &bare, first, logger, NULL, 43);
	log_end(said, sizeof(said));
	assert_string_equal(said, "");
	catalogue_unref(&first);
	offer_unref(&offers[1]);
	offers[1] = offer_make("[" DEF("x", "") "," DEF("x_e1707ddf", "") "]");
	sources[0].offer = offers[1];
	sources[1].offer = offers[0];
	log_begin();
	first = catalogue_new(sources, 2, &bare, second, logger, NULL, 42);
	log_end(said, sizeof(said));
	assert_int_equal(count(said, "name_collision") + count(said, "[WARN"), 1);
	catalogue_unref(&first);
	catalogue_unref(&second);
	offer_unref(&offers[0]);
	offer_unref(&offers[1]);
}

/* ---- pages ---- */

static void
assert_pages(const struct catalogue *catalogue, const size_t *ends, size_t n)
{
	size_t at = 0, next;
	struct buf out;

	buf_init(&out, NULL, 64 * MIB);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&out);
		catalogue_page(catalogue, ITEM_TOOL, at, &next, &out);
		assert_int_equal(next, ends[i]);
		assert_true(slice_starts(buf_view(&out), S("{\"tools\":[{")));
		assert_true(slice_ends(buf_view(&out), S("}]")));
		at = next;
	}
	buf_clear(&out);
	catalogue_page(catalogue, ITEM_TOOL, at, &next, &out);
	assert_int_equal(next, at);
	assert_true(slice_eq(buf_view(&out), S("{\"tools\":[]")));
	buf_fini(&out);
}

static void
test_pages(void **state)
{
	struct fake fake = fake_make("a");
	struct catalogue *catalogue;
	struct offer *offer;
	struct buf text;

	(void)state;
	many(&text, 2001, "{\"name\":\"t%u\",\"inputSchema\":{}}");
	offer = offer_make(text.p);
	buf_fini(&text);
	catalogue = make(&fake, &offer, 1, &two, NULL);
	assert_null(catalogue_list(catalogue, ITEM_TOOL).p);
	assert_true(slice_eq(catalogue_list(catalogue, ITEM_PROMPT), S("{\"prompts\":[]}")));
	assert_pages(catalogue, (size_t[]){ 1000, 2000, 2001 }, 3);
	catalogue_unref(&catalogue);
	offer_unref(&offer);

	/* By bytes: two of these do not fit into one page, a single one always does. */
	offer = offer_new(NULL);
	buf_init(&text, NULL, 64 * MIB);
	for (unsigned i = 0; i < 3; i++) {
		buf_clear(&text);
		buf_printf(&text, "[{\"name\":\"t%u\",\"inputSchema\":{},\"x\":\"", i);
		for (unsigned k = 0; k < (i == 1 ? 2000 : 600) * KIB; k++)
			buf_putc(&text, 'x');
		buf_puts(&text, "\"}]");
		buf_putc(&text, '\0');
		page_add(offer, text.p, NULL);
	}
	buf_fini(&text);
	catalogue = make(&fake, &offer, 1, &two, NULL);
	assert_pages(catalogue, (size_t[]){ 1, 2, 3 }, 3);
	catalogue_unref(&catalogue);
	offer_unref(&offer);
}

/* ---- prompts, resources, templates ---- */

#define RES(uri)  "{\"uri\":\"" uri "\",\"name\":\"r\"}"
#define TEMP(uri) "{\"uriTemplate\":\"" uri "\",\"name\":\"t\"}"

/* Two servers, a and b, with the same URI, the same template and the same prompt; and one of each
 * of their own. */
static struct catalogue *
two_servers(struct fake fakes[2], struct log *log)
{
	struct offer *offers[2];
	struct catalogue *catalogue;

	for (size_t i = 0; i < 2; i++) {
		fakes[i] = fake_make(i == 0 ? "a" : "b");
		offers[i] = offer_new(NULL);
		kind_add(offers[i], ITEM_PROMPT, "[{\"name\":\"p\"}]", NULL);
		kind_add(offers[i], ITEM_RESOURCE,
		    i == 0 ? "[" RES("x:same") "," RES("x:a") "]"
			   : "[" RES("x:same") "," RES("x:b") "]",
		    NULL);
		kind_add(offers[i], ITEM_TEMPLATE,
		    i == 0 ? "[" TEMP("t:{v}") "]" : "[" TEMP("t:{v}") "," TEMP("u:{v}") "]", NULL);
	}
	catalogue = make(fakes, offers, 2, &bare, log);
	offer_unref(&offers[0]);
	offer_unref(&offers[1]);
	return catalogue;
}

static void
test_kinds_list(void **state)
{
	struct fake fakes[2];
	struct catalogue *catalogue;
	const struct catalogue_entry *entry;
	char said[4096];

	(void)state;
	log_begin();
	catalogue = two_servers(fakes, logger);
	log_end(said, sizeof(said));
	assert_int_equal(count(said, "[WARN"), 3);
	assert_true(slice_eq(catalogue_list(catalogue, ITEM_RESOURCE),
	    S("{\"resources\":[" RES("x:same") "," RES("x:a") "," RES("b+x:same") "," RES(
		"x:b") "]}")));
	assert_true(slice_eq(catalogue_list(catalogue, ITEM_TEMPLATE),
	    S("{\"resourceTemplates\":[" TEMP("t:{v}") "," TEMP("b+t:{v}") "," TEMP(
		"u:{v}") "]}")));
	assert_true(slice_eq(catalogue_list(catalogue, ITEM_TOOL), S("{\"tools\":[]}")));
	assert_ptr_equal(
	    catalogue_find(catalogue, ITEM_PROMPT, S("p"))->provider, &fakes[0].provider);
	entry = catalogue_find(catalogue, ITEM_RESOURCE, S("b+x:same"));
	assert_ptr_equal(entry->provider, &fakes[1].provider);
	assert_true(slice_eq(entry->item->name, S("x:same")));
	catalogue_unref(&catalogue);
}

static const struct {
	const char *uri, *server, *original; /* server NULL: nobody's */
	enum uri_route_how how;
} routes[] = {
	{ "x:a", "a", "x:a", URI_LISTED },
	{ "x:b", "b", "x:b", URI_LISTED },
	{ "x:same", "a", "x:same", URI_LISTED },
	{ "b+x:same", "b", "x:same", URI_LISTED },
	{ "t:1", "a", "t:1", URI_TEMPLATE },
	{ "b+t:1", "b", "t:1", URI_TEMPLATE },
	{ "u:1", "b", "u:1", URI_TEMPLATE },
	{ "a+y:1", "a", "y:1", URI_SERVER },
	{ "a+", NULL, NULL, 0 },
	{ "c+y:1", NULL, NULL, 0 },
	{ "y:1", NULL, NULL, 0 },
	{ "", NULL, NULL, 0 },
};

static void
test_routes(void **state)
{
	struct fake fakes[2];
	struct catalogue *catalogue = two_servers(fakes, NULL);
	static char longest[10000];

	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		struct uri_route route;
		bool found = catalogue_route_uri(catalogue, slice_of(routes[i].uri), &route);

		if (found != (routes[i].server != NULL))
			fail_msg("%s: %s", routes[i].uri, found ? "found" : "not found");
		if (!found)
			continue;
		assert_true(slice_eq(route.provider->name, slice_of(routes[i].server)));
		assert_true(slice_eq(route.uri, slice_of(routes[i].original)));
		assert_int_equal(route.how, routes[i].how);
		assert_int_equal(route.entry != NULL, route.how <= URI_TEMPLATE);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "t:", 2);
	assert_false(catalogue_route_uri(catalogue, slice_of(longest), &(struct uri_route){ 0 }));
	catalogue_unref(&catalogue);
}

/* The only provider that has resources gets what nobody lists; one without them does not count. */
static void
test_route_only(void **state)
{
	struct fake fakes[2];
	struct offer *offers[2];
	struct catalogue *catalogue;
	struct uri_route route;

	(void)state;
	fakes[0] = fake_make("tools");
	fakes[1] = fake_make("files");
	offers[0] = offer_make("[]");
	offers[1] = offer_new(NULL);
	kind_add(offers[1], ITEM_RESOURCE, "[]", NULL);
	catalogue = make(fakes, offers, 2, &two, NULL);
	assert_true(catalogue_route_uri(catalogue, S("any:thing"), &route));
	assert_ptr_equal(route.provider, &fakes[1].provider);
	assert_int_equal(route.how, URI_ONLY);
	catalogue_unref(&catalogue);
	offer_unref(&offers[1]);
	catalogue = make(fakes, offers, 1, &two, NULL);
	assert_false(catalogue_route_uri(catalogue, S("any:thing"), &route));
	catalogue_unref(&catalogue);
	offer_unref(&offers[0]);
}

static void
test_client_uris(void **state)
{
	static const struct {
		unsigned server;
		const char *uri, *want;
	} cases[] = {
		{ 0, "x:same", "x:same" },
		{ 1, "x:same", "b+x:same" },
		{ 1, "x:b", "x:b" },
		{ 0, "t:1", "t:1" },
		{ 1, "t:1", "b+t:1" },
		{ 1, "u:1", "u:1" },
		{ 0, "u:1", "a+u:1" },
		{ 0, "new:1", "a+new:1" },
	};
	struct fake fakes[2];
	struct catalogue *catalogue = two_servers(fakes, NULL);
	struct arena arena;
	struct slice got;
	struct err err;

	(void)state;
	arena_init(&arena, NULL, MIB);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(catalogue_client_uri(catalogue, &arena,
		    &fakes[cases[i].server].provider, slice_of(cases[i].uri), &got, &err));
		if (!slice_eq(got, slice_of(cases[i].want)))
			fail_msg("%s: %.*s", cases[i].want, SLICE_FMT(got));
	}
	arena_fini(&arena);
	catalogue_unref(&catalogue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_name_length),
		cmocka_unit_test(test_pages_and_duplicates),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_not_an_array),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_unavailable),
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_many_and_memory),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_kind_rows),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_reports_once),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_kinds_list),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_route_only),
		cmocka_unit_test(test_client_uris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
