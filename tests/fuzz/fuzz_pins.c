/*
 * bascule.lock: whatever the text is, it is an error with a line, or entries that are written and
 * read again as the same, with nothing unseen in them.
 */
#include "guard/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_same(const struct pins *a, const struct pins *b)
{
	const struct pin *x, *y;
	size_t xn, yn;

	x = pins_all(a, &xn);
	y = pins_all(b, &yn);
	must(xn == yn);
	for (size_t i = 0; i < xn; i++)
		must(x[i].kind == y[i].kind && slice_eq(x[i].server, y[i].server) &&
		    slice_eq(x[i].name, y[i].name) && slice_eq(x[i].text, y[i].text) &&
		    memcmp(x[i].digest, y[i].digest, SHA256_BYTES) == 0);
}

static void
on_change(void *ctx, const struct pin_change *change)
{
	++*(size_t *)ctx;
	must(change->what[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { n > 0 ? (const char *)data : "", n };
	struct pins *pins = pins_new(), *again = pins_new(), *none = pins_new();
	struct err err = { 0 };
	size_t changes = 0, all;
	struct buf out;

	buf_init(&out, NULL, PINS_FILE_BYTES);
	if (pins_read(pins, text, "fuzz", &err)) {
		pins_print(pins, &out);
		must(!out.overflow && pins_read(again, buf_view(&out), "again", &err));
		check_same(pins, again);
		pins_compare(pins, again, on_change, &changes);
		must(changes == 0);
		pins_compare(none, pins, on_change, &changes);
		(void)pins_all(pins, &all);
		must(changes == all);
	} else {
		must(err.kind == ERR_CONFIG);
	}
	buf_fini(&out);
	pins_free(&pins);
	pins_free(&again);
	pins_free(&none);
	return 0;
}
