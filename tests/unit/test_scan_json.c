/*
 * JSON for the scanners: the text without escapes, its strings and numbers and where they stand in
 * it, and what is put in the place of some of their bytes, with everything else as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard/scan_json.h"

#define GONE "[removed by scan.injection]"

/* In memory of its own, so that any read outside is seen. */
static struct slice
exact(const char *text)
{
	struct slice s = { malloc(strlen(text) + 1), strlen(text) };

	assert_non_null(s.p);
	memcpy((char *)s.p, text, s.n);
	if (s.n > 0)
		s.p = realloc((char *)s.p, s.n);
	return s;
}

static void
assert_text(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_of(want)))
		fail_msg("%.*s, not %s", SLICE_FMT(got), want);
}

/* ---- the text -------------------------------------------------------------------------------- */

static void
escapes_are_undone(void **state)
{
	static const struct {
		const char *json, *flat; /* flat NULL: json itself */
		bool has_names;
	} rows[] = {
		{ "{\"a\":\"b\",\"n\":1.50}", NULL, false },
		{ "", NULL, false },
		{ "[\"\\u0061\\n\\\"\\\\\\/\\b\\f\\r\\t\"]", "[\"a\n\"\\/\b\f\r\t\"]", false },
		{ "\"\\u00e9\\u20ac\\ud83d\\ude00\"", "\"\u00e9\u20ac\U0001f600\"", false },
		{ "{\"\\u006bey\":1,\"b\":\"\\u0062\"}", "{\"key\":1,\"b\":\"b\"}", false },
		{ "\"\\u0000\"", NULL, false }, /* compared below */
		{ "{\"name\":\"do_this-now\",\"a_b\":\"c_d\"}",
		    "{\"name\":\"do this now\",\"a b\":\"c_d\"}", true },
		/* Files are left out; what is short, or no base64, is none. */
		{ "{\"blob\":\"QUJDREVGR0hJSktMTU5P\",\"b\":\"c\"}", "{\"blob\":\"\",\"b\":\"c\"}",
		    false },
		{ "{\"blob\":\"QUJD\"}", NULL, false },
		{ "{\"blob\":\"not of base64 at all\"}", NULL, false },
		{ "{\"data\":\"QUJDREVGR0hJSktMTU5P\"}", NULL, false },
		{ "{\"blob\":[\"QUJDREVGR0hJSktMTU5P\"]}", "{\"blob\":[\"\"]}", false },
	};
	struct scan_flat flat;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice json = exact(rows[i].json);

		assert_true(scan_flat_make(&flat, json, rows[i].has_names, &err));
		if (strcmp(rows[i].json, "\"\\u0000\"") == 0)
			assert_true(slice_eq(flat.text, (struct slice){ "\"\0\"", 3 }));
		else
			assert_text(flat.text, rows[i].flat != NULL ? rows[i].flat : rows[i].json);
		scan_flat_fini(&flat);
		free((char *)json.p);
	}
}

/* ---- strings and numbers --------------------------------------------------------------------- */

struct listing {
	const struct scan_flat *flat;
	char text[1024];
};

/* kind(key)said */
static void
put_string(void *ctx, const struct scan_string *s)
{
	struct listing *listing = ctx;
	size_t n = strlen(listing->text);

	assert_true(s->at + s->n <= listing->flat->text.n);
	snprintf(listing->text + n, sizeof(listing->text) - n, "%s%s(%.*s)%.*s", n > 0 ? " " : "",
	    s->is_number	? "number"
		: s->is_key	? "key"
		: s->is_encoded ? "file"
				: "text",
	    SLICE_FMT(s->key), (int)s->n, listing->flat->text.p + s->at);
}

static void
strings_and_numbers_are_told(void **state)
{
	static const struct {
		const char *json, *told;
	} rows[] = {
		{ "{\"a\":\"x\",\"b\":[1,\"\\u0079\",-2.5e+3],\"c\":{\"d\":true}}",
		    "key()a text(a)x key(a)b number(b)1 text(b)y number(b)-2.5e+3 key(b)c key(c)d" },
		{ "17", "number()17" },
		{ " [ 0 , -1 ] ", "number()0 number()-1" },
		{ "\"\"", "text()" },
		{ "[true,null,{}]", "" },
		{ "{\"\\u006b\" : \"v\" , \"n\":0}",
		    "key()k text(\\u006b)v key(\\u006b)n number(n)0" },
		{ "{\"blob\":\"QUJDREVGR0hJSktMTU5P\",\"n\":5}",
		    "key()blob file(blob) key(blob)n number(n)5" },
		{ "[\"\\ud83d\\ude00\",12345]", "text()\U0001f600 number()12345" },
	};
	struct scan_flat flat;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice json = exact(rows[i].json);
		struct listing listing = { &flat, "" };

		assert_true(scan_flat_make(&flat, json, false, &err));
		scan_flat_strings(&flat, put_string, &listing);
		assert_string_equal(listing.text, rows[i].told);
		scan_flat_fini(&flat);
		free((char *)json.p);
	}
}

/* ---- patches --------------------------------------------------------------------------------- */

/* Where in the flat text these bytes stand. */
static struct scan_patch
patch_of(const struct scan_flat *flat, const char *bytes, const struct scan_finding *finding)
{
	const char *at = memmem(flat->text.p, flat->text.n, bytes, strlen(bytes));

	assert_non_null(at);
	return (struct scan_patch){ (size_t)(at - flat->text.p), strlen(bytes), finding, NULL };
}

static const struct scan_finding gone = { .kind = SCAN_INJECTION, .rule = "test" };

static void
the_rest_stays_byte_for_byte(void **state)
{
	static const struct {
		const char *json, *cut[3], *want;
	} rows[] = {
		{ "{\"a\" :\t\"x SECRET y\",\"n\":1.50e+1}", { "SECRET" },
		    "{\"a\" :\t\"x " GONE " y\",\"n\":1.50e+1}" },
		{ "[\"\\u00e9\\/\\tSECRET\\n\\\"\",\"\\u0041\"]", { "SECRET" },
		    "[\"\\u00e9\\/\\t" GONE "\\n\\\"\",\"\\u0041\"]" },
		/* Escapes go as a whole, and characters that were cut into. */
		{ "[\"x\\u0053ECRE\\u0054y\"]", { "SECRET" }, "[\"x" GONE "y\"]" },
		{ "[\"\\ud83d\\ude00SECRET\"]", { "\x98\x80SECRET" }, "[\"" GONE "\"]" },
		{ "[\"a\xc3\xa9SECRET\xe2\x82\xac z\"]", { "\xa9SECRET\xe2" },
		    "[\"a" GONE " z\"]" },
		/* Two beside each other, two over each other, one at either end. */
		{ "[\"onetwo\"]", { "one", "two" }, "[\"" GONE GONE "\"]" },
		{ "[\"onetwo\"]", { "onet", "two" }, "[\"" GONE "\"]" },
		{ "[\"one x two\"]", { "two", "one" }, "[\"" GONE " x " GONE "\"]" },
		{ "{\"key\":\"one\",\"b\":\"two\"}", { "two", "key" },
		    "{\"" GONE "\":\"one\",\"b\":\"" GONE "\"}" },
		/* A number becomes a string. */
		{ "{\"a\": 4111 ,\"b\":-5}", { "4111" }, "{\"a\": \"" GONE "\" ,\"b\":-5}" },
		{ "[1,-22,\"\\u0033\",4]", { "-22", "3", "4" },
		    "[1,\"" GONE "\",\"" GONE "\",\"" GONE "\"]" },
		{ "17", { "17" }, "\"" GONE "\"" },
		/* Half of a pair says nothing, and is not lost where nothing is found. */
		{ "[\"\\ud83d x SECRET \\ude00\"]", { "SECRET" },
		    "[\"\\ud83d x " GONE " \\ude00\"]" },
	};
	struct scan_flat flat;
	struct buf out;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice json = exact(rows[i].json);
		struct scan_patches patches = { 0 };

		assert_true(scan_flat_make(&flat, json, false, &err));
		for (size_t k = 0; k < COUNT(rows[i].cut) && rows[i].cut[k] != NULL; k++)
			scan_patches_add(&patches, patch_of(&flat, rows[i].cut[k], &gone));
		scan_patches_order(&patches);
		buf_init(&out, NULL, 4 * KIB);
		assert_true(scan_patches_put(&patches, &flat, NULL, &out, &err));
		assert_text(buf_view(&out), rows[i].want);
		buf_fini(&out);
		scan_patches_fini(&patches);
		scan_flat_fini(&flat);
		free((char *)json.p);
	}
}

/* A file is written anew as a whole, and stands beside what is cut. */
static void
files_are_written_anew(void **state)
{
	static const char json[] = "{\"n\":7,\"blob\":\"QUJDREVGR0hJSktMTU5P\",\"b\":\"SECRET\"}";
	struct scan_patches patches = { 0 };
	struct scan_patch file = { .finding = &gone, .instead = MEM_NEW(struct buf) };
	struct scan_flat flat;
	struct buf out;
	struct err err;

	(void)state;
	assert_true(scan_flat_make(&flat, slice_of(json), false, &err));
	buf_init(file.instead, NULL, 64);
	buf_puts(file.instead, "bmV3");
	file.at = strlen("{\"n\":7,\"blob\":\"");
	scan_patches_add(&patches, patch_of(&flat, "SECRET", &gone));
	scan_patches_add(&patches, file);
	scan_patches_order(&patches);
	buf_init(&out, NULL, KIB);
	assert_true(scan_patches_put(&patches, &flat, NULL, &out, &err));
	assert_text(buf_view(&out), "{\"n\":7,\"blob\":\"bmV3\",\"b\":\"" GONE "\"}");
	buf_fini(&out);
	scan_patches_fini(&patches);
	scan_flat_fini(&flat);
}

static void
what_does_not_fit_is_an_error(void **state)
{
	struct scan_patches patches = { 0 };
	struct scan_flat flat;
	struct buf out;
	struct err err = { 0 };

	(void)state;
	assert_true(scan_flat_make(&flat, S("[\"SECRET\"]"), false, &err));
	scan_patches_add(&patches, patch_of(&flat, "SECRET", &gone));
	buf_init(&out, NULL, 16);
	assert_false(scan_patches_put(&patches, &flat, NULL, &out, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_fini(&out);
	scan_patches_fini(&patches);
	scan_flat_fini(&flat);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(strings_and_numbers_are_told),
		cmocka_unit_test(the_rest_stays_byte_for_byte),
		cmocka_unit_test(files_are_written_anew),
		cmocka_unit_test(what_does_not_fit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
