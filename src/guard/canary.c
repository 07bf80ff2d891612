/*
 * Canaries: texts that lie where they should not be read from, looked for in what goes to servers.
 * Each is looked for as it is and in the codes that a model is told to hide things in: base64 at
 * any offset, hex, percent.  All of them at once, by Wu and Manber's skips: the windows of a text
 * are passed in steps of several bytes.
 */
#include <stdio.h>

#include "guard/flow.h"

#define FORMS	     10 /* of one canary */
#define FRONT	     12 /* bytes of each that the skips know; none is shorter */
#define SKIPS	     4096
#define NEEDLE_BYTES (3 * (size_t)256)

struct needle {
	struct slice text; /* owned */
	const struct config_canary *canary;
	struct needle *chain;
};

struct canaries {
	struct needle *needles;
	size_t n, longest;
	uint8_t skip[SKIPS];
	struct needle *ends[SKIPS]; /* those whose front ends with such a pair */
};

static unsigned
pair(const char *p)
{
	return ((unsigned)(unsigned char)p[0] << 5 ^ (unsigned char)p[1]) & (SKIPS - 1);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static void
add(struct canaries *canaries, const struct config_canary *canary, struct slice text)
{
	struct needle *needle = &canaries->needles[canaries->n];
	unsigned end;

	for (size_t i = 0; i < canaries->n; i++)
		if (canaries->needles[i].canary == canary &&
		    slice_eq(canaries->needles[i].text, text))
			return;
	must(text.n >= FRONT && text.n <= NEEDLE_BYTES);
	canaries->n++;
	*needle = (struct needle){ .text = slice_keep(text), .canary = canary };
	canaries->longest = text.n > canaries->longest ? text.n : canaries->longest;
	for (size_t i = 1; i < FRONT; i++) {
		uint8_t *skip = &canaries->skip[pair(text.p + i - 1)];

		*skip = *skip < FRONT - 1 - i ? *skip : (uint8_t)(FRONT - 1 - i);
	}
	end = pair(text.p + FRONT - 2);
	needle->chain = canaries->ends[end];
	canaries->ends[end] = needle;
}

static void
add_coded(struct canaries *canaries, const struct config_canary *canary, const char *format)
{
	struct slice text = secret_reveal(canary->text);
	struct buf out;

	buf_init(&out, NULL, NEEDLE_BYTES);
	for (size_t i = 0; i < text.n; i++) {
		char code[4];

		snprintf(code, sizeof(code), format, (unsigned)(unsigned char)text.p[i]);
		buf_puts(&out, code);
	}
	add(canaries, canary, buf_view(&out));
	buf_fini(&out);
}

/*
 * Base64 of something that holds it behind 0, 1 or 2 bytes of a group of three: what of that is the
 * same whatever stands around it.
 */
static void
add_base64(struct canaries *canaries, const struct config_canary *canary)
{
	struct slice text = secret_reveal(canary->text), whole;
	struct buf bytes, out;

	for (size_t before = 0; before < 3; before++) {
		size_t from = before == 0 ? 0 : before + 1;

		buf_init(&bytes, NULL, text.n + 3);
		buf_init(&out, NULL, 2 * NEEDLE_BYTES);
		for (size_t i = 0; i < before; i++)
			buf_putc(&bytes, 'x');
		buf_put(&bytes, text);
		buf_base64(&out, buf_view(&bytes));
		whole = (struct slice){ out.p + from, (before + text.n) * 8 / 6 - from };
		add(canaries, canary, whole);
		for (size_t i = 0; i < out.n; i++)
			out.p[i] = out.p[i] == '+' ? '-' : out.p[i] == '/' ? '_' : out.p[i];
		add(canaries, canary, whole);
		buf_fini(&out);
		buf_fini(&bytes);
	}
}

struct canaries *
canaries_new(const struct config_flow *config)
{
	struct canaries *canaries = MEM_NEW(struct canaries);

	memset(canaries->skip, FRONT - 1, sizeof(canaries->skip));
	canaries->needles = mem_new(sizeof(struct needle) * (config->canaries_n * FORMS + 1));
	for (size_t i = 0; i < config->canaries_n; i++) {
		const struct config_canary *canary = &config->canaries[i];

		add(canaries, canary, secret_reveal(canary->text));
		add_coded(canaries, canary, "%02x");
		add_coded(canaries, canary, "%02X");
		add_coded(canaries, canary, "%%%02x");
		add_base64(canaries, canary);
	}
	return canaries;
}

void
canaries_free(struct canaries **at)
{
	struct canaries *canaries = *at;

	*at = NULL;
	if (canaries == NULL)
		return;
	for (size_t i = 0; i < canaries->n; i++) {
		explicit_bzero((void *)canaries->needles[i].text.p, canaries->needles[i].text.n);
		mem_free((void *)canaries->needles[i].text.p);
	}
	mem_free(canaries->needles);
	mem_free(canaries);
}

/* ---- looking --------------------------------------------------------------------------------- */

static bool
find(const struct canaries *canaries, struct slice text, struct slice server)
{
	for (size_t at = FRONT - 1; at < text.n;) {
		unsigned end = pair(text.p + at - 1);
		const char *front = text.p + at - (FRONT - 1);
		size_t left = text.n - (at - (FRONT - 1));

		if (canaries->skip[end] > 0) {
			at += canaries->skip[end];
			continue;
		}
		for (const struct needle *n = canaries->ends[end]; n != NULL; n = n->chain)
			if (n->text.n <= left && memcmp(front, n->text.p, n->text.n) == 0 &&
			    !slice_globs(n->canary->server, n->canary->server_n, server))
				return true;
		at++;
	}
	return false;
}

bool
canaries_find(const struct canaries *canaries, struct slice json, struct slice server)
{
	struct plain plain;
	struct slice window;
	bool found = false;

	plain_init(&plain, json);
	while (!found && plain_next(&plain, canaries->longest, &window))
		found = find(canaries, window, server);
	plain_fini(&plain);
	return found;
}
