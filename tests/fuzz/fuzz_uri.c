/*
 * A template and a URI, a line each: the answer is the same with just the budget that the first
 * asking needed, and with less there is none; what fits has the template's literals in their order,
 * the first and the last at its ends; a template without expressions fits itself only.
 */
#include <string.h>

#include "gateway/gateway.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define BUDGET 20000

/* Every literal of the template stands in the URI in this order, the first and last at its ends. */
static void
check_literals(struct slice template, struct slice uri)
{
	const char *at = template.p, *end = template.p + template.n;
	const char *rest = uri.p, *uri_end = uri.p + uri.n;

	while (at < end) {
		const char *open = memchr(at, '{', (size_t)(end - at));
		struct slice literal = { at, (size_t)((open != NULL ? open : end) - at) };
		const char *found = literal.n == 0
		    ? rest
		    : memmem(rest, (size_t)(uri_end - rest), literal.p, literal.n);

		must(found != NULL);
		must(at != template.p || found == uri.p);
		rest = found + literal.n;
		if (open == NULL) {
			must(uri.n >= literal.n &&
			    memcmp(uri_end - literal.n, literal.p, literal.n) == 0);
			return;
		}
		at = memchr(open, '}', (size_t)(end - open));
		must(at != NULL && at > open + 1);
		at++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice template, uri = SLICE_NONE;
	size_t budget = BUDGET, left;
	bool fits;

	template = slice_cut((struct slice){ (const char *)data, n }, '\n', &uri);
	if (uri.p == NULL)
		uri = template; /* against itself */
	fits = uri_fits(template, uri, &budget);
	must(budget <= BUDGET);
	if (fits)
		check_literals(template, uri);
	if (budget > 0 && budget < BUDGET) {
		left = BUDGET - budget + 1;
		must(uri_fits(template, uri, &left) == fits && left == 1);
		left = BUDGET - budget;
		must(!uri_fits(template, uri, &left) && left == 0);
	}

	/* Without expressions it is a comparison. */
	if (template.n > 0 && template.n <= UINT16_MAX &&
	    memchr(template.p, '{', template.n) == NULL && budget > 0)
		must(fits == slice_eq(template, uri));
	return 0;
}
