/*
 * Pins: what counts as a change of a definition and what does not, the file as it is written, and
 * files that are not as they should be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard/guard.h"

/* What a scan has accepted, as a definition is. */
static struct slice
json(struct arena *arena, const char *text)
{
	struct slice copy = slice_dup(arena, slice_of(text));
	struct json_scan *scan = json_scan_new(arena, (char *)(uintptr_t)copy.p, copy.n, 0, 0, 1);
	struct err err = { 0 };

	if (!json_scan_all(scan, &err))
		fail_msg("%s: %s", text, err.text);
	return copy;
}

static void
add(struct pins *pins, enum pin_kind kind, const char *server, const char *name, const char *text)
{
	struct err err = { 0 };
	struct arena arena;

	arena_init(&arena, NULL, MIB);
	if (!pins_add(pins, kind, slice_of(server), slice_of(name), json(&arena, text), &err))
		fail_msg("%s", err.text);
	arena_fini(&arena);
}

static void
digest_of(const char *definition, unsigned char out[SHA256_BYTES])
{
	struct pins *pins = pins_new();
	size_t n;

	add(pins, PIN_TOOL, "s", "t", definition);
	memcpy(out, pins_all(pins, &n)->digest, SHA256_BYTES);
	assert_int_equal(n, 1);
	pins_free(&pins);
}

#define BASE \
	"{\"name\":\"t\",\"title\":\"T\",\"description\":\"d\",\"inputSchema\":{\"type\":\"object\"," \
	"\"properties\":{\"a\":{\"type\":\"string\",\"description\":\"\xc3\xa9\"}}},\"outputSchema\":" \
	"{\"type\":\"object\"},\"annotations\":{\"readOnlyHint\":true},\"_meta\":{\"x\":1.0}}"

static void
test_notation_is_no_change(void **state)
{
	static const char *const same[] = {
		/* Other orders, white space, escapes. */
		"{\"_meta\":{\"x\":1.0},\"annotations\":{\"readOnlyHint\":true},\"outputSchema\":"
		"{\"type\":\"object\"},\"inputSchema\":{\"properties\":{\"a\":{\"description\":\"\xc3\xa9\","
		"\"type\":\"string\"}},\"type\":\"object\"},\"description\":\"d\",\"title\":\"T\",\"name\":"
		"\"t\"}",
		"{ \"name\" : \"t\",\r\n\t\"title\":\"T\",\"description\":\"d\",\"inputSchema\":{\"type\":"
		"\"object\",\"properties\":{ \"a\":{\"type\":\"string\",\"description\":\"\xc3\xa9\"}}},"
		"\"outputSchema\":{\"type\":\"object\"},\"annotations\":{\"readOnlyHint\":true},\"_meta\":"
		"{\"x\":1.0}}",
		"{\"n\\u0061me\":\"\\u0074\",\"title\":\"T\",\"description\":\"\\u0064\",\"inputSchema\":"
		"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"description\":\"\\u00E9\""
		"}}},\"outputSchema\":{\"type\":\"object\"},\"annotations\":{\"readOnlyHint\":true},"
		"\"_meta\":{\"x\":1.0}}",
	};
	unsigned char base[SHA256_BYTES], other[SHA256_BYTES];

	(void)state;
	digest_of(BASE, base);
	for (size_t i = 0; i < COUNT(same); i++) {
		digest_of(same[i], other);
		assert_memory_equal(base, other, SHA256_BYTES);
	}
}

static void
test_each_field_is_a_change(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "\"name\":\"t\"", "\"name\":\"u\"" },
		{ "\"title\":\"T\"", "\"title\":\"t\"" },
		{ "\"description\":\"d\"", "\"description\":\"d \"" },
		{ "\"description\":\"d\"", "\"description\":\"d\xe2\x80\x8b\"" },
		{ "\"type\":\"string\"", "\"type\":\"number\"" },
		{ "\xc3\xa9", "e\xcc\x81" },
		{ "\"outputSchema\":{\"type\":\"object\"}", "\"outputSchema\":{}" },
		{ "\"readOnlyHint\":true", "\"readOnlyHint\":false" },
		{ "\"x\":1.0", "\"x\":1" },
		{ "\"title\":\"T\",", "" },
		{ "\"title\":\"T\",", "\"title\":\"T\",\"unheard\":null," },
	};
	unsigned char base[SHA256_BYTES], other[SHA256_BYTES];

	(void)state;
	digest_of(BASE, base);
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *at = strstr(BASE, changes[i].from);
		char text[1000];

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - BASE), BASE, changes[i].to,
		    at + strlen(changes[i].from));
		digest_of(text, other);
		assert_memory_not_equal(base, other, SHA256_BYTES);
	}
}

static void
test_too_deep_is_refused(void **state)
{
	struct pins *pins = pins_new();
	struct err err = { 0 };
	struct arena arena;
	char text[200];
	size_t n = 0;

	(void)state;
	text[n++] = '{';
	text[n++] = '"';
	text[n++] = '"';
	text[n++] = ':';
	memset(text + n, '[', 60);
	memset(text + n + 60, ']', 60);
	memcpy(text + n + 120, "}", 2);
	arena_init(&arena, NULL, MIB);
	assert_false(pins_add(pins, PIN_TOOL, S("s"), S("deep"), json(&arena, text), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.text, "deep"));
	arena_fini(&arena);
	pins_free(&pins);
}

/* ---- the file -------------------------------------------------------------------------------- */

static struct pins *
example(void)
{
	static const struct slice command[] = { { "npx", 3 }, { "-y", 2 }, { "${PACKAGE}", 10 } };
	static const struct slice url[] = { { "https://example.com/mcp?key=hidden", 34 } };
	struct pins *pins = pins_new();
	struct arena arena;
	struct err err = { 0 };

	arena_init(&arena, NULL, MIB);
	assert_true(pins_add_server(pins, S("files"),
	    &(struct pin_server){ .written = command,
		.written_n = COUNT(command),
		.program = S("sha256:00"),
		.info = json(&arena, "{\"name\":\"f\",\"version\":\"1.2\",\"title\":\"no\"}"),
		.instructions = S("Line one.\nLine \"two\".\n") },
	    &err));
	assert_true(pins_add_server(pins, S("web"),
	    &(struct pin_server){ .written = url, .written_n = 1, .is_url = true }, &err));
	add(pins, PIN_TOOL, "files", "z", "{\"name\":\"z\",\"inputSchema\":{\"type\":\"object\"}}");
	add(pins, PIN_TOOL, "files", "a b",
	    "{\"name\":\"a b\",\"description\":\"Zero\\u200bwidth, \\ud83d\\ude00 and a tag \\udb40\\udc41."
	    "\\nA second line with a backslash n: \\\\n\\n\",\"inputSchema\":{\"type\":\"object\","
	    "\"properties\":{\"path\":{\"type\":\"string\",\"description\":\"Which of the files, relative "
	    "to the root\"},\"odd\\nname\":true}},\"x-y\":[1,2.50,-3e5,null]}");
	add(pins, PIN_PROMPT, "files", "p", "{\"name\":\"p\"}");
	add(pins, PIN_TEMPLATE, "web", "web://{+x}", "{\"uriTemplate\":\"web://{+x}\"}");
	assert_true(pins_finish(pins, &err));
	arena_fini(&arena);
	return pins;
}

static void
test_file_is_as_agreed(void **state)
{
	static const char path[] = SOURCE_ROOT "/tests/golden/pins/bascule.lock";
	struct pins *pins = example();
	char *wanted = NULL;
	size_t n = 0;
	struct buf text;
	FILE *file;

	(void)state;
	buf_init(&text, NULL, MIB);
	pins_print(pins, &text);
	if (getenv("BASCULE_GOLDEN") != NULL) {
		file = fopen(path, "we");
		assert_non_null(file);
		assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
		fclose(file);
	}
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(getdelim(&wanted, &n, '\0', file) > 0);
	fclose(file);
	buf_putc(&text, '\0');
	assert_string_equal(text.p, wanted);
	free(wanted);
	buf_fini(&text);
	pins_free(&pins);
}

static void
test_file_is_read_as_written(void **state)
{
	struct pins *pins = example(), *again = pins_new();
	const struct pin *a, *b;
	struct buf text, second;
	struct err err = { 0 };
	size_t an, bn;

	(void)state;
	buf_init(&text, NULL, MIB);
	buf_init(&second, NULL, MIB);
	pins_print(pins, &text);
	if (!pins_read(again, buf_view(&text), "lock", &err))
		fail_msg("%s", err.text);
	a = pins_all(pins, &an);
	b = pins_all(again, &bn);
	assert_int_equal(an, bn);
	for (size_t i = 0; i < an; i++) {
		assert_int_equal(a[i].kind, b[i].kind);
		assert_true(slice_eq(a[i].name, b[i].name));
		assert_true(slice_eq(a[i].text, b[i].text));
		assert_memory_equal(a[i].digest, b[i].digest, SHA256_BYTES);
	}
	pins_print(again, &second);
	assert_true(slice_eq(buf_view(&text), buf_view(&second)));
	/* Nothing that nobody sees stands in it as it is. */
	for (size_t i = 0; i < text.n; i++)
		assert_true((unsigned char)text.p[i] < 0x80 || (unsigned char)text.p[i] == 0xf0 ||
		    ((unsigned char)text.p[i] & 0xc0) == 0x80);
	buf_fini(&text);
	buf_fini(&second);
	pins_free(&pins);
	pins_free(&again);
}

#define HEAD "bascule-lock 1\n"
static const struct {
	const char *text;
	unsigned line;
	const char *says;
} faults[] = {
	{ "", 1, "empty" },
	{ "# only a comment\n", 2, "empty" },
	{ "bascule-lock 2\n", 1, "bascule-lock 1" },
	{ "{\"a\":1}\n", 1, "bascule-lock 1" },
	{ HEAD "tools \"a\" \"b\"\n", 2, "begins no entry" },
	{ HEAD "tool\n", 2, "begins no entry" },
	{ HEAD "tool a b\n", 2, "name of a server" },
	{ HEAD "tool \"a\"\n", 2, "name of the tool" },
	{ HEAD "tool \"\" \"b\"\n", 2, "name of a server" },
	{ HEAD "tool \"a\" \"b\" sha256:12\n", 2, "64 hexadecimal" },
	{ HEAD "tool \"a\" \"b\" more\n", 2, "64 hexadecimal" },
	{ HEAD "\tname \"b\"\n", 2, "no entry stands above" },
	{ HEAD "tool \"a\" \"b\"\n\t\t\"b\"\n", 3, "could go on" },
	{ HEAD "tool \"a\" \"b\"\n\tname\n", 3, "a blank and a value" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"\n\t\n", 4, "nothing else" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"\n\t\tb\n", 4, "another in quotes" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"\n\tx {\n\t\t\"y\": 01}\n", 5, "" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"\n\t\t\"c\"\n\n# x\n\tx nul\n", 7, "" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"\n\tname \"b\"\n", 4, "" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"}\n", 4, "" },
	{ HEAD "tool \"a\" \"b\"\n\tname \"b\"\ntool \"a\" \"b\"\n", 4, "twice" },
	{ HEAD "<<<<<<< ours\n", 2, "begins no entry" },
	{ HEAD "tool \"a\" \"b\" "
	       "sha256:0000000000000000000000000000000000000000000000000000000000000000\n"
	       "\tname \"b\"\n",
	    2, "does not fit" },
};

static void
test_faults_are_told_by_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct pins *pins = pins_new();
		struct err err = { 0 };
		char place[32];

		if (pins_read(pins, slice_of(faults[i].text), "the.lock", &err))
			fail_msg("accepted: %s", faults[i].text);
		snprintf(place, sizeof(place), "the.lock:%u: ", faults[i].line);
		if (err.kind != ERR_CONFIG || strncmp(err.text, place, strlen(place)) != 0 ||
		    strstr(err.text, faults[i].says) == NULL)
			fail_msg(
			    "%zu: wanted %s... %s, got %s", i, place, faults[i].says, err.text);
		pins_free(&pins);
	}
}

/* As an editor, or version control on another system, leaves it. */
static void
test_layout_does_not_matter(void **state)
{
	static const char text[] = "\n# mine\r\nbascule-lock 1\r\n\r\ntool \"a\" \"b\"\r\n"
				   "\tname\t\"b\"\r\n";
	static const char good[] =
	    "bascule-lock 1\r\ntool \"a\" \"b\"\r\n\tdescription \"x\\n\"\r\n"
	    "\t\t\t\"y\"\r\n# between\r\n\tname \"b\"\r\n";
	struct pins *pins = pins_new();
	struct err err = { 0 };
	size_t n;

	(void)state;
	assert_false(pins_read(pins, slice_of(text), "l", &err));
	pins_free(&pins);
	pins = pins_new();
	if (!pins_read(pins, slice_of(good), "l", &err))
		fail_msg("%s", err.text);
	assert_true(
	    slice_eq(pins_all(pins, &n)->text, S("{\"description\":\"x\\ny\",\"name\":\"b\"}")));
	assert_int_equal(n, 1);
	pins_free(&pins);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notation_is_no_change),
		cmocka_unit_test(test_each_field_is_a_change),
		cmocka_unit_test(test_too_deep_is_refused),
		cmocka_unit_test(test_file_is_as_agreed),
		cmocka_unit_test(test_file_is_read_as_written),
		cmocka_unit_test(test_faults_are_told_by_line),
		cmocka_unit_test(test_layout_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
