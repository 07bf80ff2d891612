/*
 * `bascule tools --tokens`: what the list of tools costs a client that shows it to a model: the
 * bytes of each definition as tools/list sends it, and an estimate of the tokens that these are;
 * dearest first, then sums by server and toolset.
 *
 * The estimate is a token for each BYTES_A_TOKEN bytes.  Tokenizers differ by a quarter over such
 * JSON, some clients leave out the outputSchema or add words of their own: the ratios between
 * tools hold, the bytes are exact, the tokens tell the order of magnitude.
 */
#include <stdlib.h>

#include "atlassian/atlassian.h"
#include "cli/cli.h"

#define BYTES_A_TOKEN 4

struct cost {
	struct slice name, server, toolset; /* toolset SLICE_NONE: of an upstream */
	size_t tools, bytes;
};

struct costs {
	struct cost *all;
	size_t n;
};

static size_t
tokens(size_t bytes)
{
	return (bytes + BYTES_A_TOKEN - 1) / BYTES_A_TOKEN;
}

static int
dearest_first(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
				    : slice_compare(x->name, y->name);
}

static int
by_group(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;
	int sign = slice_compare(x->server, y->server);

	return sign != 0 ? sign : slice_compare(x->toolset, y->toolset);
}

/* One a tool; names live in the arena. */
static void
costs_read(struct local *local, struct arena *arena, struct slice tools, struct costs *costs)
{
	struct slice key, definition, token;
	struct json_iter iter;
	struct err err;

	*costs = (struct costs){ .all = mem_new((json_count(tools) + 1) * sizeof(struct cost)) };
	json_iter_init(&iter, tools);
	while (json_iter_next(&iter, &key, &definition)) {
		struct cost *cost = &costs->all[costs->n];
		const struct catalogue_entry *entry;

		if (!json_find(definition, S("name"), &token) ||
		    !json_string(arena, token, &cost->name, &err))
			continue;
		cost->tools = 1;
		cost->bytes = definition.n;
		entry = catalogue_find(hub_catalogue(local_hub(local)), ITEM_TOOL, cost->name);
		if (entry != NULL) {
			cost->server = entry->provider->name;
			cost->toolset = site_toolset(entry->provider, entry->item->name);
		}
		costs->n++;
	}
}

/* One a server and toolset. */
static void
costs_sum(const struct costs *each, struct costs *sums)
{
	struct cost *sorted = mem_new((each->n + 1) * sizeof(*sorted));

	*sums = (struct costs){ .all = mem_new((each->n + 1) * sizeof(*sums->all)) };
	for (size_t i = 0; i < each->n; i++)
		sorted[i] = each->all[i];
	qsort(sorted, each->n, sizeof(*sorted), by_group);
	for (size_t i = 0; i < each->n; i++) {
		if (i == 0 || by_group(&sorted[i - 1], &sorted[i]) != 0) {
			sums->all[sums->n++] = (struct cost){ .server = sorted[i].server,
				.toolset = sorted[i].toolset };
		}
		sums->all[sums->n - 1].tools++;
		sums->all[sums->n - 1].bytes += sorted[i].bytes;
	}
	mem_free(sorted);
}

static size_t
costs_bytes(const struct costs *costs)
{
	size_t bytes = 0;

	for (size_t i = 0; i < costs->n; i++)
		bytes += costs->all[i].bytes;
	return bytes;
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void
put_text(struct buf *out, const char *key, struct slice value)
{
	if (value.p == NULL)
		return;
	buf_printf(out, "\"%s\":", key);
	buf_json_string(out, value);
	buf_putc(out, ',');
}

static void
put_figures(struct buf *out, size_t bytes)
{
	buf_printf(out, "\"bytes\":%zu,\"tokens\":%zu}", bytes, tokens(bytes));
}

static void
put_json(const struct costs *each, const struct costs *sums, struct buf *out)
{
	buf_puts(out, "{\"tools\":[");
	for (size_t i = 0; i < each->n; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		put_text(out, "name", each->all[i].name);
		put_text(out, "server", each->all[i].server);
		put_text(out, "toolset", each->all[i].toolset);
		put_figures(out, each->all[i].bytes);
	}
	buf_puts(out, "],\"sums\":[");
	for (size_t i = 0; i < sums->n; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		put_text(out, "server", sums->all[i].server);
		put_text(out, "toolset", sums->all[i].toolset);
		buf_printf(out, "\"tools\":%zu,", sums->all[i].tools);
		put_figures(out, sums->all[i].bytes);
	}
	buf_printf(
	    out, "],\"bytes_per_token\":%d,\"total\":{\"tools\":%zu,", BYTES_A_TOKEN, each->n);
	put_figures(out, costs_bytes(each));
	buf_puts(out, "}\n");
}

/* ---- for people ------------------------------------------------------------------------------ */

static const char *
number(struct arena *arena, size_t n)
{
	return slice_cstr(arena, arena_printf(arena, "%zu", n));
}

/* `first` stands in front of server and toolset. */
static void
put_row(struct table *table, struct arena *arena, const char *first, const struct cost *cost)
{
	const char *cells[5];

	cells[0] = number(arena, cost->bytes);
	cells[1] = number(arena, tokens(cost->bytes));
	cells[2] = first;
	cells[3] = slice_cstr(arena, cost->server);
	cells[4] = slice_cstr(arena, cost->toolset);
	table_row(table, cells);
}

static void
put_tables(const struct costs *each, const struct costs *sums, struct arena *arena, struct buf *out)
{
	static const char *const tool_heads[] = { "BYTES", "TOKENS", "TOOL", "SERVER", "TOOLSET" };
	static const char *const sum_heads[] = { "BYTES", "TOKENS", "TOOLS", "SERVER", "TOOLSET" };
	struct cost total = { .server = S("all"), .tools = each->n, .bytes = costs_bytes(each) };
	struct table *table = table_new(tool_heads, COUNT(tool_heads));

	for (size_t i = 0; i < each->n; i++)
		put_row(table, arena, slice_cstr(arena, each->all[i].name), &each->all[i]);
	table_print(&table, out);
	buf_putc(out, '\n');
	table = table_new(sum_heads, COUNT(sum_heads));
	for (size_t i = 0; i < sums->n; i++)
		put_row(table, arena, number(arena, sums->all[i].tools), &sums->all[i]);
	put_row(table, arena, number(arena, total.tools), &total);
	table_print(&table, out);
}

void
tools_cost_put(struct local *local, struct slice tools, bool as_json, struct buf *out)
{
	struct costs each, sums;
	struct arena arena;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	costs_read(local, &arena, tools, &each);
	qsort(each.all, each.n, sizeof(*each.all), dearest_first);
	costs_sum(&each, &sums);
	if (as_json)
		put_json(&each, &sums, out);
	else if (each.n > 0)
		put_tables(&each, &sums, &arena, out);
	mem_free(each.all);
	mem_free(sums.all);
	arena_fini(&arena);
}
