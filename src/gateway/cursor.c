/*
 * Cursors of the merged lists: where the next page begins, sealed, so that a client can only give
 * back what it was given.  A cursor is of one kind of list and one caller.  It holds the place and
 * the name of the last item it has shown: when the list has changed meanwhile the next page begins
 * behind that name; when the name is gone there is no next page.
 */
#include <string.h>

#include "gateway/gateway.h"

/* A place, a line end, and a URI with the name of a server before it. */
#define CURSOR_PLAIN_BYTES (URI_MAX_BYTES + 128)

static const char purpose[] = "cursor";

struct binding {
	struct slice parts[3];
	struct seal_context context;
};

static void
binding_set(struct binding *binding, enum item_kind kind, const struct caller *caller)
{
	binding->parts[0] = item_kind_row(kind)->key;
	binding->parts[1] = caller->principal;
	binding->parts[2] = caller->tenant;
	binding->context = (struct seal_context){ purpose, binding->parts, COUNT(binding->parts) };
}

void
cursor_make(struct seal *seal, const struct caller *caller, const struct catalogue *catalogue,
    enum item_kind kind, size_t at, struct buf *out)
{
	const struct catalogue_entry *entries;
	struct binding binding;
	struct buf plain;
	size_t n;

	entries = catalogue_entries(catalogue, kind, &n);
	must(at > 0 && at <= n);
	binding_set(&binding, kind, caller);
	buf_init(&plain, NULL, CURSOR_PLAIN_BYTES);
	buf_put_u64(&plain, at);
	buf_putc(&plain, '\n');
	buf_put(&plain, entries[at - 1].name);
	must(!plain.overflow);
	seal_make(seal, &binding.context, 0, buf_view(&plain), out);
	buf_fini(&plain);
}

bool
cursor_read(struct seal *seal, const struct caller *caller, const struct catalogue *catalogue,
    enum item_kind kind, struct arena *arena, struct slice token, size_t *at, struct err *err)
{
	const struct catalogue_entry *entries, *entry;
	struct slice text, plain, name;
	struct binding binding;
	uint64_t place;
	size_t n;

	binding_set(&binding, kind, caller);
	if (json_type(token) != JSON_STRING || token.n > 6 * SEALED_BYTES(CURSOR_PLAIN_BYTES) ||
	    !json_string(arena, token, &text, err) ||
	    !seal_open(seal, &binding.context, text, arena, &plain, err) ||
	    !slice_to_u64(slice_cut(plain, '\n', &name), UINT32_MAX, &place))
		return err_set(err, ERR_PARAMS, "unknown cursor: ask for the first page again");
	entries = catalogue_entries(catalogue, kind, &n);
	*at = place;
	if (place > 0 && place <= n && slice_eq(entries[place - 1].name, name))
		return true;
	entry = catalogue_find(catalogue, kind, name);
	if (entry == NULL)
		return err_set(err, ERR_PARAMS,
		    "unknown cursor: the list has changed, ask for the first page again");
	*at = (size_t)(entry - entries) + 1;
	return true;
}
