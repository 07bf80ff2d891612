/*
 * Pins: definitions in one spelling, with a hash each, in the order of server, kind and name.  Two
 * definitions that mean the same are the same bytes, so that no difference of notation is one here;
 * every member counts, also one that nobody knows yet.
 */
#include <stdlib.h>

#include "guard/pins.h"

#define PINS_MAX    100000
#define PINS_BYTES  (256 * MIB)
#define SMALL_BYTES (16 * MIB) /* of one entry */

struct pins {
	struct arena arena;
	struct pin *all;
	size_t n, cap;
};

const char *
pin_kind_name(enum pin_kind kind)
{
	static const char *const names[PIN_KINDS] = { "server", "tool", "prompt", "template" };

	return names[kind];
}

struct pins *
pins_new(void)
{
	struct pins *pins = MEM_NEW(struct pins);

	arena_init(&pins->arena, NULL, PINS_BYTES);
	return pins;
}

void
pins_free(struct pins **at)
{
	struct pins *pins = *at;

	*at = NULL;
	if (pins == NULL)
		return;
	arena_fini(&pins->arena);
	mem_free(pins->all);
	mem_free(pins);
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* All in the arena already. */
static void
append(struct pins *pins, const struct pin *pin)
{
	if (pins->n == pins->cap) {
		size_t cap = pins->cap > 0 ? 2 * pins->cap : 64;

		pins->all = mem_resize(pins->all, pins->n * sizeof(*pin), cap * sizeof(*pin));
		pins->cap = cap;
	}
	pins->all[pins->n++] = *pin;
}

bool
pins_copy(struct pins *pins, const struct pin *from, struct err *err)
{
	struct pin pin = *from;

	if (pins->n == PINS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d definitions", PINS_MAX);
	if (!arena_reserve(&pins->arena, pin.server.n + pin.name.n + pin.text.n + 3, err))
		return false;
	pin.server = slice_dup(&pins->arena, pin.server);
	pin.name = slice_dup(&pins->arena, pin.name);
	pin.text = slice_dup(&pins->arena, pin.text);
	append(pins, &pin);
	return true;
}

bool
pins_spell(struct slice object, struct buf *out, unsigned char digest[SHA256_BYTES])
{
	struct arena scratch;
	bool ok;

	arena_init(&scratch, NULL, SMALL_BYTES);
	ok = json_canonical(&scratch, object, NULL, out) && !out->overflow;
	arena_fini(&scratch);
	if (ok)
		sha256_bytes(buf_view(out), digest);
	return ok;
}

bool
pins_add(struct pins *pins, enum pin_kind kind, struct slice server, struct slice name,
    struct slice object, struct err *err)
{
	struct pin pin = { .kind = kind, .server = server, .name = name };
	struct buf text;
	bool ok;

	buf_init(&text, NULL, SMALL_BYTES);
	ok = pins_spell(object, &text, pin.digest);
	pin.text = buf_view(&text);
	if (!ok)
		err_set(err, ERR_LIMIT,
		    "%s \"%.*s\" of %.*s cannot be pinned: its definition is too large, or nested "
		    "too deep",
		    pin_kind_name(kind), (int)(name.n > 80 ? 80 : name.n), name.p,
		    SLICE_FMT(server));
	else
		ok = pins_copy(pins, &pin, err);
	buf_fini(&text);
	return ok;
}

/* ---- servers --------------------------------------------------------------------------------- */

static void
put_text(struct buf *out, const char *key, struct slice text)
{
	if (text.p == NULL)
		return;
	buf_printf(out, "%s\"%s\":", out->n > 1 ? "," : "", key);
	buf_json_string(out, text);
}

/* Scheme, host and path: what follows may hold a key. */
static struct slice
url_shown(struct slice url)
{
	struct slice rest;

	return slice_cut(url, '?', &rest);
}

static void
put_written(struct buf *out, const struct pin_server *what)
{
	if (what->written_n == 0)
		return;
	if (what->is_url) {
		put_text(out, "url", url_shown(what->written[0]));
		return;
	}
	buf_puts(out, "\"command\":[");
	for (size_t i = 0; i < what->written_n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		buf_json_string(out, what->written[i]);
	}
	buf_putc(out, ']');
}

/* The name and version that it gives itself, whatever else it says there. */
static void
put_info(struct buf *out, struct slice info)
{
	static const char *const keys[] = { "name", "version" };
	struct slice token;

	for (size_t i = 0; i < COUNT(keys); i++) {
		if (json_type(info) != JSON_OBJECT || !json_find(info, slice_of(keys[i]), &token) ||
		    json_type(token) != JSON_STRING)
			continue;
		buf_printf(out, "%s\"%s\":", out->n > 1 ? "," : "", keys[i]);
		buf_put(out, token);
	}
}

void
pins_put_server(const struct pin_server *what, struct buf *out)
{
	buf_putc(out, '{');
	put_written(out, what);
	put_text(out, "program", what->program);
	put_text(out, "script", what->script);
	put_info(out, what->info);
	put_text(out, "instructions", what->instructions.n > 0 ? what->instructions : SLICE_NONE);
	buf_putc(out, '}');
}

bool
pins_add_server(
    struct pins *pins, struct slice server, const struct pin_server *what, struct err *err)
{
	struct buf object;
	bool ok;

	buf_init(&object, NULL, SMALL_BYTES);
	pins_put_server(what, &object);
	ok = buf_check(&object, err) &&
	    pins_add(pins, PIN_SERVER, server, S(""), buf_view(&object), err);
	buf_fini(&object);
	return ok;
}

/* ---- order ----------------------------------------------------------------------------------- */

int
pins_order(const struct pin *a, const struct pin *b)
{
	int by = slice_compare(a->server, b->server);

	if (by == 0)
		by = (int)a->kind - (int)b->kind;
	return by != 0 ? by : slice_compare(a->name, b->name);
}

static int
compare(const void *a, const void *b)
{
	return pins_order(a, b);
}

bool
pins_finish(struct pins *pins, struct err *err)
{
	if (pins->n > 0)
		qsort(pins->all, pins->n, sizeof(*pins->all), compare);
	for (size_t i = 1; i < pins->n; i++) {
		const struct pin *pin = &pins->all[i];

		unsigned first = pin[-1].line < pin->line ? pin[-1].line : pin->line;
		unsigned second = pin[-1].line + pin->line - first;

		if (pins_order(&pin[-1], pin) == 0)
			return err_set_at(err, ERR_CONFIG, second, 0,
			    "%s \"%.*s\" of \"%.*s\" is there twice, in lines %u and %u",
			    pin_kind_name(pin->kind), SLICE_FMT(pin->name), SLICE_FMT(pin->server),
			    first, second);
	}
	return true;
}

const struct pin *
pins_all(const struct pins *pins, size_t *n)
{
	*n = pins->n;
	return pins->all;
}

const struct pin *
pins_find(const struct pins *pins, enum pin_kind kind, struct slice server, struct slice name)
{
	struct pin wanted = { .kind = kind, .server = server, .name = name };

	if (pins->n == 0)
		return NULL;
	return bsearch(&wanted, pins->all, pins->n, sizeof(wanted), compare);
}
