/*
 * A caller's JQL beside the filter of a site: whatever it is, the filter stands behind the
 * parenthesis that we opened, and nothing but an ORDER BY stands behind the filter.  The reader
 * here is not the one that is tested.
 */
#include "atlassian/jql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct slice projects[] = { { "DEMO", 4 }, { "A\"B\\", 4 } };
static const char filter[] = "project in (\"DEMO\", \"A\\\"B\\\\\")";

/* Where the first parenthesis of text is closed; its length: never, or a quote is open. */
static size_t
closed_at(struct slice text)
{
	char quote = '\0';
	size_t depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\\')
			i++;
		else if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return i;
	}
	return text.n;
}

static void
check(struct slice made)
{
	struct slice rest = made, joint = S(") AND ");
	size_t at;

	if (made.p[0] == '(') {
		at = closed_at(made);
		must(at < made.n);
		rest = (struct slice){ made.p + at, made.n - at };
		must(slice_starts(rest, joint));
		rest = (struct slice){ rest.p + joint.n, rest.n - joint.n };
	}
	must(slice_starts(rest, slice_of(filter)));
	rest = (struct slice){ rest.p + sizeof(filter) - 1, rest.n - (sizeof(filter) - 1) };
	must(rest.n == 0 ||
	    (rest.n > 6 && slice_eq_nocase((struct slice){ rest.p, 6 }, S(" order"))));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice jql = { n > 0 ? (const char *)data : "", n };
	struct buf out;
	struct err err;

	buf_init(&out, NULL, 4 * JQL_MAX_BYTES);
	if (jql_compose(&out, jql, projects, COUNT(projects), &err))
		check(buf_view(&out));
	buf_clear(&out);
	/* A value is one string, whatever it is. */
	jql_quote(&out, jql);
	if (!out.overflow) {
		must(out.n >= 2 && out.p[0] == '"' && out.p[out.n - 1] == '"');
		for (size_t i = 1; i + 1 < out.n; i++) {
			must(out.p[i] != '"');
			i += out.p[i] == '\\';
		}
	}
	buf_fini(&out);
	return 0;
}
