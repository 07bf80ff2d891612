/*
 * URIs and templates of URIs (RFC 6570), as far as routing needs them: could this URI have come
 * from that template?  Values are not taken out; the provider does that, and has the last word.
 *
 * An expression is a wildcard of one of two kinds: within a segment of the path, or anything.  A
 * mismatch goes back to the newest wildcard of the first kind, then to the newest of the second:
 * that is enough, whatever the template.  The budget bounds it: time is linear in what is taken
 * from it, the names of expressions included.
 */
#include <string.h>

#include "gateway/gateway.h"

/* A wildcard that may take one more byte: what follows it, and where the rest of the URI begins. */
struct retry {
	const char *template, *uri;
};

struct match {
	const char *template, *template_end;
	const char *uri, *uri_end;
	struct retry segment, any; /* template NULL: none */
	size_t *budget;
};

/* So many bytes of an expression's name are looked through in the time of a step. */
#define NAME_BYTES 32

static bool
pay(size_t *budget, size_t n)
{
	*budget -= n < *budget ? n : *budget;
	return *budget > 0;
}

/* Takes the expression at match->template; false: it does not end, is empty, or is too dear. */
static bool
expression(struct match *match)
{
	const char *at = match->template + 1;
	const char *close = memchr(at, '}', (size_t)(match->template_end - at));
	bool is_any, is_needed;

	if (!pay(match->budget,
		(size_t)((close != NULL ? close : match->template_end) - at) / NAME_BYTES) ||
	    close == NULL || close == at)
		return false;
	is_any = memchr("+#/?&", *at, 5) != NULL;
	is_needed = *at == '+' || memchr("#/?&.;", *at, 6) == NULL;
	match->template = close + 1;
	if (is_needed) {
		if (match->uri == match->uri_end || (!is_any && *match->uri == '/'))
			return false;
		match->uri++;
	}
	*(is_any ? &match->any : &match->segment) = (struct retry){ match->template, match->uri };
	/* What goes back further than this one would only take what this one can take itself. */
	if (is_any)
		match->segment.template = NULL;
	return true;
}

/* One more byte for the newest wildcard that can take it; false: none can. */
static bool
go_back(struct match *match)
{
	struct retry *segment = &match->segment, *any = &match->any;

	if (segment->template != NULL && segment->uri < match->uri_end && *segment->uri != '/') {
		match->template = segment->template;
		match->uri = ++segment->uri;
		return true;
	}
	segment->template = NULL;
	if (any->template == NULL || any->uri >= match->uri_end)
		return false;
	match->template = any->template;
	match->uri = ++any->uri;
	return true;
}

/* One step forward; false: it does not fit like this. */
static bool
step(struct match *match)
{
	if (match->template == match->template_end)
		return false;
	if (*match->template == '{')
		return expression(match);
	if (match->uri == match->uri_end || *match->template != *match->uri)
		return false;
	match->template ++;
	match->uri++;
	return true;
}

bool
uri_fits(struct slice template, struct slice uri, size_t *budget)
{
	struct match match = { .template = template.p,
		.template_end = template.p + template.n,
		.uri = uri.p,
		.uri_end = uri.p + uri.n,
		.budget = budget };

	if (template.n == 0 || template.n > UINT16_MAX || uri.n > UINT16_MAX)
		return false;
	for (; *budget > 0; pay(budget, 1)) {
		if (match.template == match.template_end && match.uri == match.uri_end)
			return true;
		if (!step(&match) && !go_back(&match))
			return false;
	}
	return false;
}

/* ---- of requests ---------------------------------------------------------------------------- */

bool
forward_uri(
    struct exchange *exchange, const struct forward *forward, struct slice *out, struct err *err)
{
	struct slice token;

	if (json_type(exchange->request.params) != JSON_OBJECT ||
	    !json_find(exchange->request.params, S("uri"), &token))
		return err_set(err, ERR_PARAMS, "params.uri must be a string");
	if (forward->edits_n > 0)
		token = forward->edits[0].with;
	return arena_reserve(&exchange->arena, token.n, err) &&
	    json_string(&exchange->arena, token, out, err);
}
