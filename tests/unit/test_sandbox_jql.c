/* JQL as the sandbox reads it: what parses, how it is grouped, moments, faults, hostile lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "atlassian/sandbox_private.h"

/* The tree as text: (a = b), clauses joined by & and |, ! before what is not. */
static void
print(struct buf *out, const struct query *q)
{
	if (q->kind == QUERY_CLAUSE) {
		buf_put(out, q->field);
		buf_printf(out, " %s", query_op_name(q->op));
		for (const struct query_value *v = q->values; v != NULL; v = v->next) {
			buf_putc(out, ' ');
			buf_put(out, v->text);
			if (v->is_function)
				buf_puts(out, "()");
		}
		return;
	}
	buf_puts(out, q->kind == QUERY_NOT ? "!(" : "(");
	print(out, q->left);
	if (q->right != NULL) {
		buf_puts(out, q->kind == QUERY_AND ? " & " : " | ");
		print(out, q->right);
	}
	buf_putc(out, ')');
}

static void
grouping(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{ "a = b", "a = b" },
		{ "a=b and c!=d or e~f", "((a = b & c != d) | e ~ f)" },
		{ "a = 1 AND (b = 2 OR NOT c = 3)", "(a = 1 & (b = 2 | !(c = 3)))" },
		{ "\"Epic Link\" in (X-1, 'y z', f(\"q\"))", "Epic Link in X-1 y z f()" },
		{ "a not in (1,2) and b is not empty", "(a not in 1 2 & b is not empty)" },
		{ "a <= -7d and b >= now()", "(a <= -7d & b >= now())" },
		{ "summary ~ \"a \\\"b\\\"\"", "summary ~ a \"b\"" },
		{ "a in openSprints() order by b desc, c", "a in openSprints()" },
	};
	struct query_text query;
	struct arena arena;
	struct err err;
	struct buf out;

	for (size_t i = 0; i < COUNT(cases); i++) {
		arena_init(&arena, NULL, MIB);
		buf_init(&out, NULL, MIB);
		if (!query_parse(&arena, "JQL", slice_of(cases[i].text), &query, &err))
			fail_msg("%s: %s", cases[i].text, err.text);
		print(&out, query.root);
		buf_putc(&out, 0);
		assert_string_equal(out.p, cases[i].tree);
		buf_fini(&out);
		arena_fini(&arena);
	}
}

static void
orders(void **state)
{
	struct query_text query;
	struct arena arena;
	struct err err;

	arena_init(&arena, NULL, MIB);
	assert_true(
	    query_parse(&arena, "JQL", S(" ORDER BY a DESC, \"b c\" , d asc"), &query, &err));
	assert_null(query.root);
	assert_int_equal(query.orders_n, 3);
	assert_true(query.orders[0].is_descending);
	assert_true(slice_eq(query.orders[1].field, S("b c")));
	assert_false(query.orders[2].is_descending);
	assert_true(query_parse(&arena, "JQL", S(""), &query, &err));
	assert_null(query.root);
	arena_fini(&arena);
}

static void
faulty(void **state)
{
	static const char *const cases[] = { "a", "a =", "= b", "a = b c = d", "(a = b", "a = b)",
		"a in (1", "a in (1 2)", "a in ()", "a is 3", "a not b", "a = 'open", "a = \"x\\",
		"a = b and", "or a = b", "order", "order by", "a = b order by", "a = f(", "a ! b",
		"a = b, c", "not" };
	struct query_text query;
	struct arena arena;
	struct err err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		arena_init(&arena, NULL, MIB);
		if (query_parse(&arena, "JQL", slice_of(cases[i]), &query, &err))
			fail_msg("parsed: %s", cases[i]);
		assert_int_equal(err.kind, ERR_PARAMS);
		arena_fini(&arena);
	}
}

/* Depth, parts and length end in an error, not in the stack or the memory. */
static void
hostile(void **state)
{
	static const char *const pieces[] = { "(", "not ", "a = b or ", "a in ('x', ", "'" };
	struct query_text query;
	struct arena arena;
	struct err err;
	struct buf text;

	for (size_t i = 0; i < COUNT(pieces); i++)
		for (size_t most = 10 * KIB; most <= 100 * KIB; most *= 10) {
			arena_init(&arena, NULL, 4 * MIB);
			buf_init(&text, NULL, MIB);
			while (text.n < most)
				buf_puts(&text, pieces[i]);
			assert_false(query_parse(&arena, "JQL", buf_view(&text), &query, &err));
			buf_fini(&text);
			arena_fini(&arena);
		}
}

static void
moments(void **state)
{
	static const struct {
		const char *text, *argument;
		bool is_function;
		uint64_t ms; /* 0: refused */
	} cases[] = {
		{ "2026-06-01", NULL, false, 1780272000000 },
		{ "2026/06/01 09:00", NULL, false, 1780304400000 },
		{ "2026-06-01T09:00:30", NULL, false, 1780304430000 },
		{ "-1h", NULL, false, 1780300800000 },
		{ "+2d", NULL, false, 1780477200000 },
		{ "now", NULL, true, 1780304400000 },
		{ "startOfDay", NULL, true, 1780272000000 },
		{ "startOfDay", "-1", true, 1780185600000 },
		{ "endOfMonth", NULL, true, 1782864000000 },
		{ "2026-13-01", NULL, false, 0 },
		{ "2026-06-01x", NULL, false, 0 },
		{ "soon", NULL, false, 0 },
		{ "-", NULL, false, 0 },
		{ "", NULL, false, 0 },
		{ "never", NULL, true, 0 },
	};
	uint64_t ms;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct query_value value = { .text = slice_of(cases[i].text),
			.argument = slice_of(cases[i].argument),
			.is_function = cases[i].is_function };
		bool is = query_time(&value, 1780304400000, &ms);

		if (is != (cases[i].ms != 0) || (is && ms != cases[i].ms))
			fail_msg("%s: %d %llu", cases[i].text, is, (unsigned long long)ms);
	}
}

static void
words(void **state)
{
	assert_true(text_contains(S("A Moth in relay 70"), S("moth RELAY")));
	assert_true(text_contains(S("A Moth in relay 70"), S("mot*")));
	assert_true(text_contains(S("A Moth in relay 70"), S("\"moth in\"")));
	assert_false(text_contains(S("A Moth in relay 70"), S("\"in moth\"")));
	assert_false(text_contains(S("A Moth"), S("moth butterfly")));
	assert_true(text_contains(SLICE_NONE, S("")));
	assert_false(text_contains(SLICE_NONE, S("x")));
}

static void
elements(void **state)
{
	assert_true(storage_is_whole(S("<p>a &amp; <br/> <b x=\"1\">c</b></p><!-- <x> -->")));
	assert_true(storage_is_whole(S("<a><![CDATA[</b> > ]]></a>")));
	assert_true(storage_is_whole(S("")));
	assert_false(storage_is_whole(S("<p>")));
	assert_false(storage_is_whole(S("</p>")));
	assert_false(storage_is_whole(S("<p><b></p></b>")));
	assert_false(storage_is_whole(S("<p")));
	assert_false(storage_is_whole(S("<![CDATA[ x")));
	assert_false(storage_is_whole(S("<")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grouping),
		cmocka_unit_test(orders),
		cmocka_unit_test(faulty),
		cmocka_unit_test(hostile),
		cmocka_unit_test(moments),
		cmocka_unit_test(words),
		cmocka_unit_test(elements),
	};
	int status = cmocka_run_group_tests(tests, NULL, NULL);

	arena_drain();
	return status;
}
