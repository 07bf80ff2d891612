/*
 * Rules that make no sense: tests that no value can pass together, a rule that an earlier one
 * always decides before it, and globs that fit no server or caller of this configuration.  The
 * first two are errors, because whoever wrote them relies on what will never happen; the last is a
 * warning, because a server may be taken out for a while.
 *
 * Only what is certain is said: globs are compared as they are written, and of expressions nothing
 * is known.
 */
#include <string.h>

#include "config/config_parts.h"

/* ---- one rule by itself ---------------------------------------------------------------------- */

static bool
has_word(const struct config_test *test, struct slice word)
{
	for (size_t i = 0; i < test->words_n; i++)
		if (slice_eq(test->words[i], word))
			return true;
	return false;
}

/* Is none of a's words, or (all) each of them, one of b's? */
static bool
words_are(const struct config_test *a, const struct config_test *b, bool all)
{
	for (size_t i = 0; i < a->words_n; i++)
		if (has_word(b, a->words[i]) != all)
			return false;
	return true;
}

/* A number and a text that say the same ("5" and "5.0") are not told apart here. */
static bool
are_plain(const struct config_test *test)
{
	for (size_t i = 0; i < test->words_n; i++)
		if (test->words[i].n > 0 &&
		    memchr("+-.0123456789", test->words[i].p[0], 13) != NULL)
			return false;
	return true;
}

/* Why no value can pass both; NULL: one may. */
static const char *
contradiction(const struct config_test *a, const struct config_test *b)
{
	if (a->kind == TEST_EXISTS) {
		bool there = (a->number != 0) != a->is_not;

		if (b->kind == TEST_EXISTS)
			return there != ((b->number != 0) != b->is_not)
			    ? "\"exists\" is true and false"
			    : NULL;
		return there ? NULL : "what does not exist has no value";
	}
	if (a->kind == TEST_MIN && b->kind == TEST_MAX && !a->is_not && !b->is_not)
		return a->number > b->number ? "\"min\" is above \"max\"" : NULL;
	if (a->kind != b->kind || a->words_n == 0)
		return NULL;
	if (!a->is_not && b->is_not)
		return words_are(a, b, true) ? "what it must be, \"not\" excludes" : NULL;
	return a->kind == TEST_IN && !a->is_not && !b->is_not && are_plain(a) && are_plain(b) &&
		words_are(a, b, false)
	    ? "no value is in both lists"
	    : NULL;
}

const char *
config_rule_contradicts(const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->tests_n; i++)
		for (size_t k = 0; k < rule->tests_n; k++) {
			const struct config_test *a = &rule->tests[i], *b = &rule->tests[k];
			const char *why = NULL;

			/* Of several values one may pass this test and another that. */
			if (i != k && slice_eq(a->pointer, b->pointer) &&
			    memchr(a->pointer.p, '*', a->pointer.n) == NULL)
				why = contradiction(a, b);
			if (why != NULL)
				return why;
		}
	return NULL;
}

/* ---- two rules ------------------------------------------------------------------------------- */

/* Whatever b fits, a fits. */
static bool
glob_covers(struct slice a, struct slice b)
{
	if (slice_eq(a, b))
		return true;
	return memchr(a.p != NULL ? a.p : "", '?', a.n) == NULL && slice_glob(a, b);
}

static bool
globs_cover(size_t *left, const struct slice *a, size_t a_n, const struct slice *b, size_t b_n)
{
	if (a_n == 0)
		return true;
	if (b_n == 0 || *left < a_n * b_n)
		return false;
	*left -= a_n * b_n;
	for (size_t i = 0; i < b_n; i++) {
		size_t k = 0;

		while (k < a_n && !glob_covers(a[k], b[i]))
			k++;
		if (k == a_n)
			return false;
	}
	return true;
}

static bool
truth_covers(enum config_truth a, enum config_truth b)
{
	return a == TRUTH_UNSET || a == b;
}

static bool
time_covers(const struct config_rule *a, const struct config_rule *b)
{
	if (a->days == 0 && a->from_min == a->to_min)
		return true;
	return a->from_min == b->from_min && a->to_min == b->to_min &&
	    (a->days == 0 || (b->days != 0 && (b->days & ~a->days) == 0));
}

static bool
test_same(const struct config_test *a, const struct config_test *b)
{
	return slice_eq(a->pointer, b->pointer) && a->kind == b->kind && a->is_not == b->is_not &&
	    !(a->number < b->number) && !(a->number > b->number) && a->words_n == b->words_n &&
	    words_are(a, b, true);
}

/* An allow asks all values, the others one. */
static bool
tests_cover(const struct config_rule *a, const struct config_rule *b)
{
	if (a->tests_n > 0 && a->action == CONFIG_ALLOW && b->action != CONFIG_ALLOW)
		return false;
	for (size_t i = 0; i < a->tests_n; i++) {
		size_t k = 0;

		while (k < b->tests_n && !test_same(&a->tests[i], &b->tests[k]))
			k++;
		if (k == b->tests_n)
			return false;
	}
	return true;
}

bool
config_rule_covers(const struct config_rule *a, const struct config_rule *b, size_t *left)
{
	const struct {
		const struct slice *a, *b;
		size_t a_n, b_n;
	} globs[] = {
		{ a->server, b->server, a->server_n, b->server_n },
		{ a->tool, b->tool, a->tool_n, b->tool_n },
		{ a->prompt, b->prompt, a->prompt_n, b->prompt_n },
		{ a->resource, b->resource, a->resource_n, b->resource_n },
		{ a->caller, b->caller, a->caller_n, b->caller_n },
		{ a->tenant, b->tenant, a->tenant_n, b->tenant_n },
		{ a->client, b->client, a->client_n, b->client_n },
		{ a->method, b->method, a->method_n, b->method_n },
		{ a->revision, b->revision, a->revision_n, b->revision_n },
	};

	if (a->action == CONFIG_LOG || !truth_covers(a->read_only, b->read_only) ||
	    !truth_covers(a->destructive, b->destructive) ||
	    !truth_covers(a->idempotent, b->idempotent) ||
	    !truth_covers(a->open_world, b->open_world) || !time_covers(a, b) || !tests_cover(a, b))
		return false;
	for (size_t i = 0; i < COUNT(globs); i++)
		if (!globs_cover(left, globs[i].a, globs[i].a_n, globs[i].b, globs[i].b_n))
			return false;
	return true;
}

/* ---- what is configured ---------------------------------------------------------------------- */

static bool
is_server(const struct config *config, struct slice glob)
{
	return config_servers_fit(config, &glob, 1);
}

static bool
is_caller(const struct config *config, struct slice glob)
{
	if (slice_glob(glob, S("anonymous")) || config->auth == AUTH_TENANTS ||
	    config->jwt.issuer.p != NULL)
		return true;
	for (size_t i = 0; i < config->keys_n; i++)
		if (slice_glob(glob, config->keys[i].name))
			return true;
	return false;
}

static void
warn_unknown(const struct config_load *load, const struct config_rule *rule, const char *what,
    const struct slice *globs, size_t n,
    bool (*is_known)(const struct config *config, struct slice glob))
{
	for (size_t i = 0; i < n; i++)
		if (!is_known(load->config, globs[i]))
			log_event(load->log, LOG_WARN, "rule_fits_nothing",
			    "%s:%u: the rule \"%s\" is about the %s \"%s\": none that is "
			    "configured has such a name",
			    load->name, rule->line, config_show(rule->id).text, what,
			    config_show(globs[i]).text);
}

void
config_rules_warn(const struct config_load *load)
{
	const struct config_guard *guard = &load->config->guard;

	if (load->log == NULL)
		return;
	for (size_t i = 0; i < guard->rules_n; i++) {
		const struct config_rule *rule = &guard->rules[i];

		warn_unknown(load, rule, "server", rule->server, rule->server_n, is_server);
		warn_unknown(load, rule, "caller", rule->caller, rule->caller_n, is_caller);
	}
}
