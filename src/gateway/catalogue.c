/*
 * The catalogue: the offers of all providers joined into one list a kind under the names clients
 * see, as an immutable, counted snapshot with tables of names and the finished results.
 *
 * Definitions are copied byte for byte; only the name's token is replaced, and only where the name
 * differs, and the description where the configuration has another.  What the guard refuses is
 * hidden, alone; what it changes is shown as it has it.  Order is that of the
 * configuration, then of each provider's own list.  A snapshot keeps its providers and offers
 * alive, so that entries may be used as long as it is held.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/catalogue.h"

#define PAGE_ITEMS  1000
#define PAGE_BYTES  MIB
#define NAME_SHOWN  256			 /* bytes, in the log */
#define ROUTE_BYTES (URI_MAX_BYTES + 64) /* with the name of a server before it */
#define FIT_BUDGET  ((size_t)1 << 20)	 /* steps of all templates for one URI: some milliseconds */

/* While one is made. */
struct making {
	struct catalogue *catalogue;
	const struct catalogue_source *sources;
	const struct names *names;
	const struct catalogue *before;
	struct log *log;
	struct screens *screens;
	unsigned silent;	    /* reports that are only counted */
	struct slice *descriptions; /* of each entry of the part being made; SLICE_NONE: its own */
};

static struct catalogue_entry *
find(const struct catalogue *catalogue, enum item_kind kind, struct slice name)
{
	const struct part *part = &catalogue->parts[kind];
	uint32_t at;

	if (part->n == 0)
		return NULL;
	at = part->buckets[catalogue_bucket(catalogue, part, name)];
	while (at != 0 && !slice_eq(part->entries[at - 1].name, name))
		at = part->entries[at - 1].next;
	return at != 0 ? &part->entries[at - 1] : NULL;
}

/* ---- what is told ---- */

static bool
is_reported(const struct catalogue *catalogue, uint64_t hash)
{
	for (size_t i = 0; catalogue != NULL && i < catalogue->reports_n; i++)
		if (catalogue->reports[i] == hash)
			return true;
	return false;
}

/* Once a text, as long as it stays true. */
static void PRINTF(3, 4) report(struct making *making, const char *event, const char *fmt, ...)
{
	struct catalogue *catalogue = making->catalogue;
	char text[1024];
	uint64_t hash;
	va_list ap;

	if (catalogue->reports_n == CATALOGUE_REPORTS) {
		making->silent++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hash = hash_bytes(slice_of(text), 0);
	catalogue->reports[catalogue->reports_n++] = hash;
	if (!is_reported(making->before, hash))
		log_event(making->log, LOG_WARN, event, "%s", text);
}

/* ---- the rules of the configuration ---- */

bool
tools_allow(const struct config_tools *rules, struct slice name)
{
	if (rules == NULL)
		return true;
	return slice_fits(rules->allow, rules->allow_n, name) &&
	    !slice_globs(rules->deny, rules->deny_n, name);
}

/* What the rules have for a tool; SLICE_NONE: nothing. */
static struct slice
pair_find(const struct config_pair *pairs, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(pairs[i].name, name))
			return secret_reveal(pairs[i].value);
	return SLICE_NONE;
}

static bool
has_tool(const struct offer *offer, struct slice name)
{
	for (size_t i = 0; i < offer->items[ITEM_TOOL].n; i++)
		if (slice_eq(offer->items[ITEM_TOOL].all[i].name, name))
			return true;
	return false;
}

static void
tell_unknown(struct making *making, const struct catalogue_source *source, const char *what,
    const struct config_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!has_tool(source->offer, pairs[i].name))
			report(making, "tool_rule_unknown",
			    "%.*s has no tool \"%.*s\": its `tools.%s` does nothing",
			    SLICE_FMT(source->provider->name), SLICE_FMT(pairs[i].name), what);
}

/* ---- names ---- */

/* What is added, and how it is to be shown. */
struct candidate {
	enum item_kind kind;
	struct provider *provider;
	const struct item *item;
	const struct screen *screen;
	struct slice renamed, description; /* by the configuration; SLICE_NONE: not */
};

static void
add(struct making *making, const struct candidate *new, struct slice name)
{
	enum item_kind kind = new->kind;

	struct catalogue *catalogue = making->catalogue;
	struct part *part = &catalogue->parts[kind];
	uint32_t *bucket = &part->buckets[catalogue_bucket(catalogue, part, name)];
	struct catalogue_entry *entry = &part->entries[part->n];

	*entry = (struct catalogue_entry){ .name = name,
		.shown = new->screen->text.p != NULL ? new->screen->text : new->item->definition,
		.provider = new->provider,
		.item = new->item,
		.next = *bucket };
	if (kind == ITEM_TOOL)
		making->descriptions[part->n] = new->description;
	catalogue->has_odd_output |= new->item->has_odd_output;
	*bucket = (uint32_t)++part->n;
}

static struct slice
name_of(const struct making *making, const struct candidate *new, bool is_taken)
{
	struct arena *arena = &making->catalogue->arena;
	struct slice name = new->renamed.p != NULL ? new->renamed : new->item->name;

	if (item_kind_row(new->kind)->is_prefixed)
		return name_make(
		    arena, making->names, new->provider, name, new->item->name, is_taken);
	return is_taken ? name_make_uri(arena, new->provider, name) : name;
}

static void
add_hidden(struct making *making, const struct candidate *new)
{
	struct catalogue *catalogue = making->catalogue;
	const struct screen *screen = new->screen;

	must(catalogue->hidden_n < screens_hidden(making->screens));
	catalogue->hidden[catalogue->hidden_n++] = (struct catalogue_hidden){ .kind = new->kind,
		.name = name_of(making, new, false),
		.provider = new->provider,
		.item = new->item,
		.rule = screen->rule,
		.reason = screen->reason };
	report(making, "item_hidden", "upstream %.*s: %.*s \"%.*s\" is hidden by rule %.*s%s%.*s",
	    SLICE_FMT(new->provider->name), SLICE_FMT(item_kind_row(new->kind)->one),
	    (int)(new->item->name.n > NAME_SHOWN ? NAME_SHOWN : new->item->name.n),
	    new->item->name.p, SLICE_FMT(screen->rule), screen->reason.n > 0 ? ": " : "",
	    SLICE_FMT(screen->reason));
}

/* The first that asks for a name has it; a later one takes the other form. */
static void
add_named(struct making *making, const struct candidate *new)
{
	struct slice one = item_kind_row(new->kind)->one, server = new->provider->name;
	const struct item *item = new->item;
	struct slice name, taken;
	const struct catalogue_entry *other;

	if (new->screen->is_hidden) {
		add_hidden(making, new);
		return;
	}
	name = taken = name_of(making, new, false);
	other = find(making->catalogue, new->kind, name);
	if (other == NULL) {
		add(making, new, name);
		return;
	}
	name = name_of(making, new, true);
	if (find(making->catalogue, new->kind, name) != NULL) {
		report(making, "name_collision",
		    "%.*s \"%.*s\" of %.*s is not offered: "
		    "its names \"%.*s\" and \"%.*s\" are both taken",
		    SLICE_FMT(one), SLICE_FMT(item->name), SLICE_FMT(server), SLICE_FMT(taken),
		    SLICE_FMT(name));
		return;
	}
	report(making, "name_collision",
	    "%.*s \"%.*s\" of %.*s is offered as \"%.*s\": \"%.*s\" is a %.*s of %.*s",
	    SLICE_FMT(one), SLICE_FMT(item->name), SLICE_FMT(server), SLICE_FMT(name),
	    SLICE_FMT(taken), SLICE_FMT(one), SLICE_FMT(other->provider->name));
	add(making, new, name);
}

static void
add_tool(struct making *making, const struct config_tools *rules, struct candidate *new)
{
	if (!tools_allow(rules, new->item->name))
		return;
	if (rules != NULL) {
		new->renamed = pair_find(rules->rename, rules->rename_n, new->item->name);
		new->description = pair_find(rules->describe, rules->describe_n, new->item->name);
	}
	add_named(making, new);
}

static void
add_source(struct making *making, size_t at)
{
	const struct catalogue_source *source = &making->sources[at];
	const struct config_tools *rules = source->rules;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		for (size_t i = 0; i < source->offer->items[kind].n; i++) {
			struct candidate new = { .kind = kind,
				.provider = source->provider,
				.item = &source->offer->items[kind].all[i],
				.screen = screens_of(making->screens, at, kind, i) };

			if (kind == ITEM_TOOL)
				add_tool(making, rules, &new);
			else
				add_named(making, &new);
		}
	if (rules == NULL || !source->offer->items[ITEM_TOOL].is_known)
		return;
	tell_unknown(making, source, "rename", rules->rename, rules->rename_n);
	tell_unknown(making, source, "describe", rules->describe, rules->describe_n);
}

/* ---- the lists ---- */

static void
put_between(struct buf *text, const char *from, const char *to)
{
	buf_put(text, (struct slice){ from, (size_t)(to - from) });
}

/* A definition, which stands in entry->shown until now, with another name and another description
 * where there is one. */
static void
put_shown(struct buf *text, const struct catalogue_entry *entry, struct slice description)
{
	struct slice definition = entry->shown, name_token = entry->item->name_token;
	const char *end = definition.p + definition.n;
	struct edit {
		struct slice at, with;
	} edits[2] = { { SLICE_NONE, SLICE_NONE } };
	const char *at = definition.p;
	bool is_first;

	if (definition.p != entry->item->definition.p)
		must(json_find(definition, S("name"), &name_token));
	edits[0] = (struct edit){ name_token,
		slice_eq(entry->name, entry->item->name) ? SLICE_NONE : entry->name };
	edits[1].with = description;
	if (description.p != NULL && !json_find(definition, S("description"), &edits[1].at))
		edits[1].at = (struct slice){ end - 1, 0 }; /* a new member */
	is_first = edits[1].at.p == NULL || edits[0].at.p < edits[1].at.p;
	for (unsigned i = 0; i < 2; i++) {
		const struct edit *edit = &edits[is_first ? i : 1 - i];

		if (edit->with.p == NULL)
			continue;
		put_between(text, at, edit->at.p);
		if (edit->at.n == 0)
			buf_puts(text, ",\"description\":");
		buf_json_string(text, edit->with);
		at = edit->at.p + edit->at.n;
	}
	put_between(text, at, end);
}

static void
unavailable_make(struct catalogue *catalogue, const struct catalogue_source *sources)
{
	struct buf *text = &catalogue->text;
	bool any = false;

	for (size_t i = 0; i < catalogue->providers_n; i++) {
		struct provider *provider = catalogue->providers[i];
		const struct provider_health *health = &sources[i].health;

		if (catalogue->offers[i] != NULL)
			continue;
		if (health->state == PROVIDER_READY)
			continue; /* up, and offers nothing */
		buf_puts(text,
		    any ? ",{\"server\":" : ",\"_meta\":{\"bascule/unavailable\":[{\"server\":");
		any = true;
		buf_json_string(text, provider->name);
		buf_puts(text, ",\"reason\":");
		buf_json_string(text,
		    health->state == PROVIDER_DOWN ? slice_of(health->why.text)
						   : S("not connected yet"));
		buf_putc(text, '}');
	}
	if (any)
		buf_puts(text, "]}");
	catalogue->unavailable = buf_view(text);
}

/* The text has its room already and stays where it is. */
static void
list_make(struct making *making, enum item_kind kind)
{
	struct catalogue *catalogue = making->catalogue;
	struct part *part = &catalogue->parts[kind];
	struct buf *text = &catalogue->text;

	part->from = text->n;
	buf_puts(text, "{\"");
	buf_put(text, item_kind_row(kind)->key);
	buf_puts(text, "\":[");
	for (size_t i = 0; i < part->n; i++) {
		struct catalogue_entry *entry = &part->entries[i];
		size_t at;

		if (i > 0)
			buf_putc(text, ',');
		at = text->n;
		put_shown(text, entry, kind == ITEM_TOOL ? making->descriptions[i] : SLICE_NONE);
		entry->shown = (struct slice){ text->p + at, text->n - at };
	}
	buf_putc(text, ']');
	part->to = text->n;
	buf_put(text, catalogue->unavailable);
	buf_putc(text, '}');
	part->end = text->n;
}

/* ---- the snapshot ---- */

struct sizes {
	size_t items[ITEM_KINDS], name_bytes, text_bytes;
};

static void
measure_items(const struct making *making, size_t source, enum item_kind kind, struct sizes *sizes)
{
	const struct offer *offer = making->catalogue->offers[source];
	size_t prefix = making->sources[source].provider->name.n + making->names->separator.n + 16;

	for (size_t i = 0; i < offer->items[kind].n; i++) {
		const struct item *item = &offer->items[kind].all[i];
		/* As made before it is cut, with room for the hash. */
		size_t name = prefix + item->name.n;

		sizes->name_bytes += 2 * name;
		/* Names hold no control characters: an escape is two bytes. */
		sizes->text_bytes += item->definition.n + 2 * name + 8;
	}
	sizes->items[kind] += offer->items[kind].n;
}

/* New names may be longer than old ones. */
static void
measure_rules(const struct config_tools *rules, struct sizes *sizes)
{
	for (size_t i = 0; i < rules->rename_n; i++) {
		size_t n = secret_reveal(rules->rename[i].value).n;

		sizes->name_bytes += 2 * n;
		sizes->text_bytes += 2 * n;
	}
	for (size_t i = 0; i < rules->describe_n; i++)
		sizes->text_bytes += 6 * secret_reveal(rules->describe[i].value).n + 32;
}

static void
measure(const struct making *making, struct sizes *sizes)
{
	const struct catalogue *catalogue = making->catalogue;

	*sizes = (struct sizes){ .text_bytes = 512 + screens_bytes(making->screens) };
	for (size_t i = 0; i < catalogue->providers_n; i++) {
		/* Its name and the reason, every byte escaped, in each list. */
		sizes->text_bytes += (ITEM_KINDS + 1) * (6 * sizeof(struct err) + 256);
		if (catalogue->offers[i] == NULL)
			continue;
		for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
			measure_items(making, i, kind, sizes);
		if (making->sources[i].rules != NULL)
			measure_rules(making->sources[i].rules, sizes);
	}
}

static size_t
buckets_for(size_t items)
{
	size_t n = 16;

	while (n < items)
		n *= 2;
	return n;
}

/* Room for everything. */
MUST_CHECK static bool
room(struct making *making, const struct sizes *sizes, struct err *err)
{
	struct catalogue *catalogue = making->catalogue;
	size_t bytes = sizes->name_bytes + KIB;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		bytes += sizes->items[kind] * sizeof(struct catalogue_entry) +
		    buckets_for(sizes->items[kind]) * sizeof(uint32_t);
	bytes += screens_hidden(making->screens) * sizeof(*catalogue->hidden);
	if (!arena_reserve(&catalogue->arena, bytes, err) ||
	    !buf_reserve(&catalogue->text, sizes->text_bytes, err))
		return false;
	catalogue->hidden = ARENA_ARRAY(
	    &catalogue->arena, struct catalogue_hidden, screens_hidden(making->screens));
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		struct part *part = &catalogue->parts[kind];

		part->buckets_n = buckets_for(sizes->items[kind]);
		part->entries =
		    ARENA_ARRAY(&catalogue->arena, struct catalogue_entry, sizes->items[kind]);
		part->buckets = ARENA_ARRAY(&catalogue->arena, uint32_t, part->buckets_n);
	}
	return true;
}

static void
hold(struct catalogue *catalogue, const struct catalogue_source *sources, size_t n)
{
	catalogue->providers = mem_new((n + 1) * sizeof(*catalogue->providers));
	catalogue->offers = mem_new((n + 1) * sizeof(*catalogue->offers));
	catalogue->providers_n = n;
	for (size_t i = 0; i < n; i++) {
		catalogue->providers[i] = provider_ref(sources[i].provider);
		if (sources[i].offer != NULL && sources[i].health.state != PROVIDER_DOWN)
			catalogue->offers[i] = offer_ref(sources[i].offer);
	}
}

static void
fill(struct making *making, const struct sizes *sizes)
{
	struct catalogue *catalogue = making->catalogue;
	size_t entry_bytes = sizeof(*making->descriptions);

	making->descriptions = mem_new((sizes->items[ITEM_TOOL] + 1) * entry_bytes);
	for (size_t i = 0; i < catalogue->providers_n; i++)
		if (catalogue->offers[i] != NULL)
			add_source(making, i);
	if (making->silent > 0)
		log_event(making->log, LOG_WARN, "name_collision",
		    "%u more names collide, are hidden, or are of rules that do nothing",
		    making->silent);
}

struct catalogue *
catalogue_new(const struct catalogue_source *sources, size_t n, const struct names *names,
    const struct catalogue *before, struct log *log, struct memory *memory, uint64_t seed)
{
	struct catalogue *catalogue = MEM_NEW(struct catalogue);
	struct making making = { .catalogue = catalogue,
		.sources = sources,
		.names = names,
		.before = before,
		.log = log };
	struct sizes sizes;
	struct err err;

	catalogue->refs = 1;
	catalogue->seed = seed;
	arena_init(&catalogue->arena, memory, SIZE_MAX / 2);
	buf_init(&catalogue->text, memory, SIZE_MAX / 2);
	hold(catalogue, sources, n);
	making.screens = screens_new(sources, catalogue->offers, n, &catalogue->arena);
	measure(&making, &sizes);
	if (room(&making, &sizes, &err)) {
		fill(&making, &sizes);
	} else {
		log_event(
		    log, LOG_ERROR, "catalogue_too_large", "nothing is offered: %s", err.text);
		buf_init(&catalogue->text, NULL, SIZE_MAX / 2); /* the reasons are still told */
		must(buf_reserve(&catalogue->text,
		    (n + 1) * (ITEM_KINDS + 1) * (6 * sizeof(struct err) + 256), &err));
	}
	unavailable_make(catalogue, sources);
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		list_make(&making, kind);
	mem_free(making.descriptions);
	screens_free(&making.screens);
	return catalogue;
}

struct catalogue *
catalogue_ref(struct catalogue *catalogue)
{
	catalogue->refs++;
	return catalogue;
}

void
catalogue_unref(struct catalogue **catalogue)
{
	struct catalogue *c = *catalogue;

	*catalogue = NULL;
	if (c == NULL || --c->refs > 0)
		return;
	for (size_t i = 0; i < c->providers_n; i++) {
		offer_unref(&c->offers[i]);
		provider_unref(&c->providers[i]);
	}
	mem_free(c->offers);
	mem_free(c->providers);
	catalogue_unref(&c->whole);
	buf_fini(&c->text);
	arena_fini(&c->arena);
	mem_free(c);
}

/* ---- looking at it ---- */

const struct catalogue_entry *
catalogue_find(const struct catalogue *catalogue, enum item_kind kind, struct slice name)
{
	return find(catalogue, kind, name);
}

const struct catalogue_hidden *
catalogue_find_hidden(const struct catalogue *catalogue, enum item_kind kind, struct slice name)
{
	for (size_t i = 0; i < catalogue->hidden_n; i++) {
		const struct catalogue_hidden *hidden = &catalogue->hidden[i];

		if (hidden->kind == kind && slice_eq(hidden->name, name))
			return hidden;
	}
	return NULL;
}

const struct catalogue_hidden *
catalogue_hidden(const struct catalogue *catalogue, size_t *n)
{
	*n = catalogue->hidden_n;
	return catalogue->hidden;
}

const struct catalogue_entry *
catalogue_entries(const struct catalogue *catalogue, enum item_kind kind, size_t *n)
{
	*n = catalogue->parts[kind].n;
	return catalogue->parts[kind].entries;
}

/* Where the page that begins with entry at ends. */
static size_t
page_end(const struct part *part, size_t at)
{
	size_t first = at, bytes = 0;

	while (at < part->n && at - first < PAGE_ITEMS) {
		bytes += part->entries[at].shown.n;
		if (bytes > PAGE_BYTES && at > first)
			break;
		at++;
	}
	return at;
}

bool
catalogue_has_odd_output(const struct catalogue *catalogue)
{
	return catalogue->has_odd_output;
}

struct slice
catalogue_list(const struct catalogue *catalogue, enum item_kind kind)
{
	const struct part *part = &catalogue->parts[kind];

	if (page_end(part, 0) < part->n)
		return SLICE_NONE;
	return (struct slice){ catalogue->text.p + part->from, part->end - part->from };
}

void
catalogue_page(const struct catalogue *catalogue, enum item_kind kind, size_t at, size_t *next,
    struct buf *out)
{
	const struct part *part = &catalogue->parts[kind];

	must(at <= part->n);
	*next = page_end(part, at);
	buf_puts(out, "{\"");
	buf_put(out, item_kind_row(kind)->key);
	buf_puts(out, "\":[");
	if (*next > at) {
		struct slice last = part->entries[*next - 1].shown;

		put_between(out, part->entries[at].shown.p, last.p + last.n);
	}
	buf_putc(out, ']');
	buf_put(out, catalogue->unavailable);
}

static struct slice
array_of(const struct catalogue *catalogue, enum item_kind kind)
{
	const struct part *part = &catalogue->parts[kind];

	return (struct slice){ catalogue->text.p + part->from, part->to - part->from };
}

bool
catalogue_same(const struct catalogue *a, const struct catalogue *b, enum item_kind kind)
{
	return slice_eq(array_of(a, kind), array_of(b, kind));
}

unsigned
catalogue_changed(const struct catalogue *a, const struct catalogue *b)
{
	unsigned kinds = 0;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		kinds |= catalogue_same(a, b, kind) ? 0 : 1u << kind;
	return kinds;
}

/* ---- URIs ---- */

static bool
has_resources(const struct offer *offer)
{
	return offer != NULL &&
	    (offer->items[ITEM_RESOURCE].is_known || offer->items[ITEM_TEMPLATE].is_known);
}

/* As the provider of an entry calls a URI that came as the entry's own form has it. */
static struct slice
original_uri(const struct catalogue_entry *entry, struct slice uri)
{
	size_t added = entry->name.n - entry->item->name.n;

	return (struct slice){ uri.p + added, uri.n - added };
}

static bool
route_listed(const struct catalogue *catalogue, struct slice uri, struct uri_route *route)
{
	const struct catalogue_entry *entry = find(catalogue, ITEM_RESOURCE, uri);

	if (entry == NULL)
		return false;
	*route = (struct uri_route){ URI_LISTED, entry->provider, entry, entry->item->name };
	return true;
}

static bool
route_template(const struct catalogue *catalogue, struct slice uri, struct uri_route *route)
{
	const struct part *part = &catalogue->parts[ITEM_TEMPLATE];
	size_t budget = FIT_BUDGET;

	for (size_t i = 0; i < part->n && budget > 0; i++) {
		const struct catalogue_entry *entry = &part->entries[i];

		if (!uri_fits(entry->name, uri, &budget))
			continue;
		*route = (struct uri_route){ URI_TEMPLATE, entry->provider, entry,
			original_uri(entry, uri) };
		return true;
	}
	return false;
}

/* `server+uri` of a URI that is not listed. */
static bool
route_server(const struct catalogue *catalogue, struct slice uri, struct uri_route *route)
{
	struct slice rest, server = slice_cut(uri, '+', &rest);

	for (size_t i = 0; rest.n > 0 && i < catalogue->providers_n; i++) {
		struct provider *provider = catalogue->providers[i];

		if (!slice_eq(provider->name, server) || !has_resources(catalogue->offers[i]))
			continue;
		*route = (struct uri_route){ URI_SERVER, provider, NULL, rest };
		return true;
	}
	return false;
}

static bool
route_only(const struct catalogue *catalogue, struct slice uri, struct uri_route *route)
{
	struct provider *only = NULL;

	for (size_t i = 0; i < catalogue->providers_n; i++) {
		if (!has_resources(catalogue->offers[i]))
			continue;
		if (only != NULL)
			return false;
		only = catalogue->providers[i];
	}
	*route = (struct uri_route){ URI_ONLY, only, NULL, uri };
	return only != NULL;
}

bool
catalogue_route_uri(const struct catalogue *catalogue, struct slice uri, struct uri_route *route)
{
	*route = (struct uri_route){ .provider = NULL };
	if (uri.n == 0 || uri.n > ROUTE_BYTES)
		return false;
	return route_listed(catalogue, uri, route) || route_template(catalogue, uri, route) ||
	    route_server(catalogue, uri, route) || route_only(catalogue, uri, route);
}

static bool
comes_back(const struct catalogue *catalogue, const struct provider *provider, struct slice shown,
    struct slice uri)
{
	struct uri_route route;

	return catalogue_route_uri(catalogue, shown, &route) && route.provider == provider &&
	    slice_eq(route.uri, uri);
}

bool
catalogue_client_uri(const struct catalogue *catalogue, struct arena *arena,
    const struct provider *provider, struct slice uri, struct slice *out, struct err *err)
{
	struct slice named;

	*out = uri;
	if (uri.n > URI_MAX_BYTES || comes_back(catalogue, provider, uri, uri))
		return true;
	if (!arena_reserve(arena, provider->name.n + 1 + uri.n, err))
		return false;
	named = name_make_uri(arena, provider, uri);
	if (comes_back(catalogue, provider, named, uri))
		*out = named;
	return true;
}
