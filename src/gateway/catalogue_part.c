/*
 * A part of a catalogue: some of its entries in their order, under the names that they have there,
 * so that what one caller is not shown changes no name for another.  It holds the whole.
 */
#include "gateway/catalogue.h"

struct taking {
	struct catalogue *part, *whole;
	catalogue_keep *keeps;
	void *ctx;
	bool *is_kept; /* of all entries, kind after kind */
};

/* False: all of them. */
static bool
choose(struct taking *taking)
{
	const struct catalogue *whole = taking->whole;
	size_t all = 0, kept = 0;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		all += whole->parts[kind].n;
	taking->is_kept = mem_new(all + 1);
	all = 0;
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		for (size_t i = 0; i < whole->parts[kind].n; i++, all++) {
			taking->is_kept[all] =
			    taking->keeps(taking->ctx, kind, &whole->parts[kind].entries[i]);
			kept += taking->is_kept[all];
		}
	return kept < all;
}

MUST_CHECK static bool
room(struct taking *taking, struct err *err)
{
	struct catalogue *part = taking->part;
	const struct catalogue *whole = taking->whole;
	size_t bytes = KIB;

	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		bytes += whole->parts[kind].n * sizeof(struct catalogue_entry) +
		    whole->parts[kind].buckets_n * sizeof(uint32_t);
	if (!arena_reserve(&part->arena, bytes, err) ||
	    !buf_reserve(&part->text, whole->text.n + KIB, err))
		return false;
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		part->parts[kind].buckets_n = whole->parts[kind].buckets_n;
		part->parts[kind].entries =
		    ARENA_ARRAY(&part->arena, struct catalogue_entry, whole->parts[kind].n);
		part->parts[kind].buckets =
		    ARENA_ARRAY(&part->arena, uint32_t, whole->parts[kind].buckets_n);
	}
	return true;
}

static void
take(struct taking *taking, enum item_kind kind, const struct catalogue_entry *from)
{
	struct catalogue *catalogue = taking->part;
	struct part *part = &catalogue->parts[kind];
	uint32_t *bucket = &part->buckets[catalogue_bucket(catalogue, part, from->name)];
	struct catalogue_entry *entry = &part->entries[part->n];
	size_t at;

	if (part->n > 0)
		buf_putc(&catalogue->text, ',');
	at = catalogue->text.n;
	buf_put(&catalogue->text, from->shown);
	*entry = *from;
	entry->shown = (struct slice){ catalogue->text.p + at, from->shown.n };
	entry->next = *bucket;
	*bucket = (uint32_t)++part->n;
	catalogue->has_odd_output |= from->item->has_odd_output;
}

/* is_kept NULL: nothing is. */
static void
list_take(struct taking *taking, enum item_kind kind, const bool *is_kept)
{
	struct part *part = &taking->part->parts[kind];
	struct buf *text = &taking->part->text;

	part->from = text->n;
	buf_puts(text, "{\"");
	buf_put(text, item_kind_row(kind)->key);
	buf_puts(text, "\":[");
	for (size_t i = 0; is_kept != NULL && i < taking->whole->parts[kind].n; i++)
		if (is_kept[i])
			take(taking, kind, &taking->whole->parts[kind].entries[i]);
	buf_putc(text, ']');
	part->to = text->n;
	buf_put(text, taking->part->unavailable);
	buf_putc(text, '}');
	part->end = text->n;
}

static struct catalogue *
part_new(struct catalogue *whole, struct memory *memory)
{
	struct catalogue *part = MEM_NEW(struct catalogue);
	size_t n = whole->providers_n;

	part->refs = 1;
	part->seed = whole->seed;
	part->whole = catalogue_ref(whole);
	part->unavailable = whole->unavailable;
	part->hidden = whole->hidden;
	part->hidden_n = whole->hidden_n;
	arena_init(&part->arena, memory, SIZE_MAX / 2);
	buf_init(&part->text, memory, SIZE_MAX / 2);
	part->providers_n = n;
	part->providers = mem_new((n + 1) * sizeof(*part->providers));
	part->offers = mem_new((n + 1) * sizeof(*part->offers));
	for (size_t i = 0; i < n; i++) {
		part->providers[i] = provider_ref(whole->providers[i]);
		part->offers[i] = whole->offers[i] != NULL ? offer_ref(whole->offers[i]) : NULL;
	}
	return part;
}

struct catalogue *
catalogue_part(struct catalogue *whole, catalogue_keep *keeps, void *ctx, struct log *log,
    struct memory *memory)
{
	struct taking taking = { .whole = whole, .keeps = keeps, .ctx = ctx };
	const bool *is_kept;
	struct err err;

	if (!choose(&taking)) {
		mem_free(taking.is_kept);
		return catalogue_ref(whole);
	}
	taking.part = part_new(whole, memory);
	is_kept = taking.is_kept;
	if (!room(&taking, &err)) {
		log_event(
		    log, LOG_ERROR, "catalogue_too_large", "nothing is offered: %s", err.text);
		is_kept = NULL;
		buf_init(&taking.part->text, NULL, SIZE_MAX / 2);
		must(buf_reserve(
		    &taking.part->text, (ITEM_KINDS + 1) * (whole->unavailable.n + KIB), &err));
	}
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++) {
		list_take(&taking, kind, is_kept);
		is_kept = is_kept != NULL ? is_kept + whole->parts[kind].n : NULL;
	}
	mem_free(taking.is_kept);
	return taking.part;
}
