/*
 * What a view offers is looked at for names that could be taken for others (guard's likeness.c).
 * Native providers are looked at too: theirs are the names that are worth an imitation.
 */
#include "gateway/hub.h"

#define TEXTS_BYTES (16 * MIB) /* of one server's instructions */

static size_t
count(const struct catalogue_source *sources, size_t n)
{
	size_t all = n;

	for (size_t i = 0; i < n; i++)
		all += sources[i].offer != NULL ? sources[i].offer->items[ITEM_TOOL].n : 0;
	return all;
}

/* The tools of one server; how many. */
static size_t
tools_put(const struct catalogue_source *source, struct likeness_item *items)
{
	const struct offer *offer = source->offer;
	size_t n = offer != NULL ? offer->items[ITEM_TOOL].n : 0;

	for (size_t i = 0; i < n; i++)
		items[i] = (struct likeness_item){ source->provider->name,
			offer->items[ITEM_TOOL].all[i].name,
			offer->items[ITEM_TOOL].all[i].definition };
	return n;
}

void
likenesses_look(struct gateway *gateway, struct client *client,
    const struct catalogue_source *sources, size_t n)
{
	struct likeness_item *items = mem_new((count(sources, n) + 1) * sizeof(*items));
	struct buf *texts = mem_new((n + 1) * sizeof(*texts));
	size_t items_n = 0;

	for (size_t i = 0; i < n; i++) {
		const struct provider *provider = sources[i].provider;
		struct slice instructions = provider->ops->instructions(provider, client);

		items_n += tools_put(&sources[i], items + items_n);
		buf_init(&texts[i], NULL, TEXTS_BYTES);
		if (sources[i].offer == NULL || instructions.n == 0)
			continue;
		buf_json_string(&texts[i], instructions);
		if (!texts[i].overflow)
			items[items_n++] =
			    (struct likeness_item){ provider->name, S(""), buf_view(&texts[i]) };
	}
	guard_names(gateway->guard, items, items_n);
	for (size_t i = 0; i < n; i++)
		buf_fini(&texts[i]);
	mem_free(texts);
	mem_free(items);
}
