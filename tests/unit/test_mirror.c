/*
 * Headers that repeat a call's arguments: which a schema names, whether by the rules, and how a
 * value is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcp/mcp.h"

#define TOOL(schema)  "{\"name\":\"t\",\"inputSchema\":" schema "}"
#define PROPS(inside) TOOL("{\"type\":\"object\",\"properties\":{" inside "}}")
#define NAMED(name)   "\"type\":\"string\",\"x-mcp-header\":\"" name "\""

static void
the_rules(void **state)
{
	static const struct {
		const char *definition, *fault; /* NULL: none */
	} rows[] = {
		{ PROPS("\"a\":{" NAMED("A") "}"), NULL },
		{ PROPS("\"a\":{\"type\":\"integer\",\"x-mcp-header\":\"A\"},"
			"\"b\":{\"type\":\"boolean\",\"x-mcp-header\":\"b\"}"),
		    NULL },
		{ PROPS("\"a\":{\"type\":\"object\",\"properties\":{\"b\":{" NAMED("A") "}}}"),
		    NULL },
		/* A property may have that name; it is data where a value stands. */
		{ PROPS("\"x-mcp-header\":{\"type\":\"number\"}"), NULL },
		{ PROPS("\"a\":{\"const\":{\"x-mcp-header\":5},\"enum\":[{\"x-mcp-header\":5}]}"),
		    NULL },
		{ PROPS("\"a\":{" NAMED("") "}"), "no header name" },
		{ PROPS("\"a\":{" NAMED("A B") "}"), "no header name" },
		{ PROPS("\"a\":{" NAMED("A:") "}"), "no header name" },
		{ PROPS("\"a\":{" NAMED("\\u0041") "}"), "no header name" },
		{ PROPS("\"a\":{\"type\":\"string\",\"x-mcp-header\":5}"), "no header name" },
		{ PROPS("\"a\":{" NAMED("A") "},\"b\":{" NAMED("a") "}"), "twice" },
		{ PROPS("\"a\":{\"type\":\"number\",\"x-mcp-header\":\"A\"}"), "no string" },
		{ PROPS("\"a\":{\"type\":[\"string\"],\"x-mcp-header\":\"A\"}"), "no string" },
		{ PROPS("\"a\":{\"x-mcp-header\":\"A\"}"), "no string" },
		{ PROPS("\"a\":{\"type\":\"array\",\"items\":{" NAMED("A") "}}"), "plain" },
		{ PROPS("\"a\":{\"oneOf\":[{" NAMED("A") "}]}"), "plain" },
		{ TOOL("{\"$defs\":{\"d\":{" NAMED("A") "}}}"), "plain" },
		{ TOOL("{\"anyOf\":[{\"properties\":{\"a\":{" NAMED("A") "}}}]}"), "plain" },
		{ TOOL("{\"type\":\"object\",\"x-mcp-header\":\"A\"}"), "no string" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *fault = mirror_fault(slice_of(rows[i].definition));

		if ((fault == NULL) != (rows[i].fault == NULL) ||
		    (fault != NULL && strstr(fault, rows[i].fault) == NULL))
			fail_msg("row %zu: %s", i, fault != NULL ? fault : "no fault");
	}
	assert_false(mirror_is_named(SLICE_NONE));
	assert_false(mirror_is_named(S("{\"x\":1}")));
}

static void
note(void *owner, struct slice header, struct slice value)
{
	buf_printf(
	    owner, "%.*s=%.*s;", SLICE_FMT(header), SLICE_FMT(value.p != NULL ? value : S("-")));
}

static void
the_values(void **state)
{
	static const char definition[] =
	    PROPS("\"a\":{" NAMED("A") "},\"b\":{\"type\":\"object\",\"properties\":{"
				       "\"c\":{\"type\":\"integer\",\"x-mcp-header\":\"C\"}}},"
				       "\"\\u0064\":{\"type\":\"boolean\",\"x-mcp-header\":\"D\"}");
	static const struct {
		const char *arguments, *said;
	} rows[] = {
		{ "{}", "A=-;C=-;D=-;" },
		{ "{\"a\":\"x\",\"b\":{\"c\":42.0},\"d\":true}", "A=\"x\";C=42.0;D=true;" },
		{ "{\"a\":null,\"b\":5,\"\\u0064\":false}", "A=-;C=-;D=false;" },
		{ "{\"a\":[\"x\"],\"b\":{\"c\":{\"c\":1}},\"d\":{}}", "A=-;C=-;D=-;" },
		{ "[1]", "A=-;C=-;D=-;" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		mirror_walk(S(definition), slice_of(rows[i].arguments), note, &out);
		buf_putc(&out, '\0');
		assert_string_equal(out.p, rows[i].said);
	}
	buf_fini(&out);
}

/* A schema as deep as a message may be costs no stack and names nothing down there. */
static void
a_deep_schema(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, NULL, MIB);
	buf_puts(&text, "{\"inputSchema\":");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, "{\"properties\":{\"a\":");
	buf_puts(&text, "{" NAMED("A") "}");
	for (int i = 0; i < 100; i++)
		buf_puts(&text, "}}");
	buf_putc(&text, '}');
	assert_true(mirror_is_named(buf_view(&text)));
	assert_null(mirror_fault(buf_view(&text)));
	buf_fini(&text);
}

static void
written_and_read(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "plain", "plain" },
		{ "two words\tand a tab", "two words\tand a tab" },
		{ "", "" },
		{ " x", "=?base64?IHg=?=" },
		{ "x\t", "=?base64?eAk=?=" },
		{ "a\r\nb: c", "=?base64?YQ0KYjogYw==?=" },
		{ "gr\xc3\xbc\xc3\x9f", "=?base64?Z3LDvMOf?=" },
		{ "=?base64?eA==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?=" },
		{ "=?base64?x", "=?base64?x" },
	};
	static const char *const bad[] = { "=?base64?\?=x?=", "=?base64?e?=", "=?base64?e A=?=",
		"=?base64?!!!!?=", "=?base64?=" };
	struct arena arena;
	struct slice text;
	struct err err;
	struct buf out;

	(void)state;
	buf_init(&out, NULL, KIB);
	arena_init(&arena, NULL, 64 * KIB);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		buf_mirror(&out, slice_of(rows[i].text));
		if (!slice_eq(buf_view(&out), slice_of(rows[i].value)))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(buf_view(&out)));
		assert_true(mirror_read(&arena, slice_of(rows[i].value), &text, &err));
		assert_true(slice_eq(text, slice_of(rows[i].text)));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (mirror_read(&arena, slice_of(bad[i]), &text, &err))
			fail_msg("%s was read as %.*s", bad[i], SLICE_FMT(text));
		assert_int_equal(err.kind, ERR_PARAMS);
	}
	arena_fini(&arena);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rules),
		cmocka_unit_test(the_values),
		cmocka_unit_test(a_deep_schema),
		cmocka_unit_test(written_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
