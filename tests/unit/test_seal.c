/*
 * Sealed texts: they open only whole, under the same key, purpose and context, and in time; and the
 * cursors made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/gateway.h"

static uint64_t clock_ms, counter;
static struct loop *loop;
static struct arena arena;

static uint64_t
fake_now(void *seam)
{
	(void)seam;
	return clock_ms;
}

static void
fake_random(void *seam, void *to, size_t n)
{
	(void)seam;
	counter++;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)to)[i] = (unsigned char)(counter * 31 + i * 7);
}

static void
fake_close(void *seam)
{
	(void)seam;
}

static const struct seam_ops fake_ops = {
	.now_ms = fake_now,
	.unix_ms = fake_now,
	.random = fake_random,
	.close = fake_close,
};

static int
setup(void **state)
{
	(void)state;
	clock_ms = 1000000;
	loop = loop_new_on(&fake_ops, NULL, NULL);
	arena_init(&arena, NULL, 16 * MIB);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	loop_free(&loop);
	return 0;
}

static struct secret
secret(const char *text)
{
	return (struct secret){ slice_of(text) };
}

static const char key_text[] = "0123456789abcdef";

static const struct slice parts[] = { S("tools"), S("ann") };
static const struct slice glued[] = { S("toolsann"), SLICE_NONE };
static const struct slice swapped[] = { S("ann"), S("tools") };
static const struct seal_context context = { "cursor", parts, 2 };

static struct slice
made(struct seal *seal, uint64_t expires_ms, struct slice plain)
{
	struct slice sealed;
	struct buf out;
	struct err err;

	buf_init(&out, NULL, MIB);
	seal_make(seal, &context, expires_ms, plain, &out);
	assert_true(buf_check(&out, &err));
	assert_true(out.n <= SEALED_BYTES(plain.n));
	assert_true(arena_reserve(&arena, out.n, &err));
	sealed = slice_dup(&arena, buf_view(&out));
	buf_fini(&out);
	return sealed;
}

static bool
opens(struct seal *seal, const struct seal_context *with, struct slice sealed, struct slice *plain)
{
	struct slice mine;
	struct err err = { 0 };

	if (seal_open(seal, with, sealed, &arena, plain != NULL ? plain : &mine, &err))
		return true;
	assert_int_equal(err.kind, ERR_PARAMS);
	assert_string_equal(err.text, "it was not made here for this, or has expired");
	return false;
}

static void
test_round_trip(void **state)
{
	struct seal *seal = seal_new(loop, secret(key_text));
	char text[300];
	struct slice plain, first, second;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		struct slice sealed = made(seal, 0, (struct slice){ text, n });

		for (size_t i = 0; i < sealed.n; i++)
			assert_non_null(
			    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-_",
				sealed.p[i]));
		assert_true(opens(seal, &context, sealed, &plain));
		assert_true(slice_eq(plain, (struct slice){ text, n }));
	}
	first = made(seal, 0, S("same"));
	second = made(seal, 0, S("same"));
	assert_false(slice_eq(first, second));
	seal_free(&seal);
	assert_null(seal);
}

/* Every byte and every length counts, and nothing but these bytes opens. */
static void
test_tampering(void **state)
{
	struct seal *seal = seal_new(loop, secret(key_text));
	struct slice sealed = made(seal, 0, S("{\"n\":1}"));
	char copy[512];

	(void)state;
	assert_true(sealed.n < sizeof(copy) - 4);
	for (size_t i = 0; i < sealed.n; i++) {
		memcpy(copy, sealed.p, sealed.n);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		assert_false(opens(seal, &context, (struct slice){ copy, sealed.n }, NULL));
		copy[i] = (char)(0x80 | i);
		assert_false(opens(seal, &context, (struct slice){ copy, sealed.n }, NULL));
		assert_false(opens(seal, &context, (struct slice){ sealed.p, i }, NULL));
	}
	memcpy(copy, sealed.p, sealed.n);
	memcpy(copy + sealed.n, "A===", 4);
	for (size_t more = 1; more <= 4; more++)
		assert_false(opens(seal, &context, (struct slice){ copy, sealed.n + more }, NULL));
	copy[sealed.n] = '\0';
	assert_false(opens(seal, &context, (struct slice){ copy, sealed.n + 1 }, NULL));
	assert_false(opens(seal, &context, SLICE_NONE, NULL));
	assert_false(opens(seal, &context, S("not one at all!"), NULL));
	seal_free(&seal);
}

static void
test_context(void **state)
{
	const struct seal_context others[] = {
		{ "state", parts, 2 },
		{ "cursor", parts, 1 },
		{ "cursor", NULL, 0 },
		{ "cursor", glued, 2 },
		{ "cursor", swapped, 2 },
	};
	struct seal *seal = seal_new(loop, secret(key_text));
	struct slice sealed = made(seal, 0, S("x"));

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(opens(seal, &others[i], sealed, NULL));
	assert_true(opens(seal, &context, sealed, NULL));
	seal_free(&seal);
}

static void
test_keys(void **state)
{
	struct seal *one = seal_new(loop, secret(key_text));
	struct seal *same = seal_new(loop, secret(key_text));
	struct seal *other = seal_new(loop, secret("0123456789abcdeF"));
	struct seal *random = seal_new(loop, secret(NULL));
	struct seal *random2 = seal_new(loop, secret(NULL));
	struct slice sealed = made(one, 0, S("x"));

	(void)state;
	assert_true(opens(same, &context, sealed, NULL));
	assert_false(opens(other, &context, sealed, NULL));
	assert_false(opens(random, &context, sealed, NULL));
	sealed = made(random, 0, S("x"));
	assert_true(opens(random, &context, sealed, NULL));
	assert_false(opens(random2, &context, sealed, NULL));
	seal_free(&one);
	seal_free(&same);
	seal_free(&other);
	seal_free(&random);
	seal_free(&random2);
}

static void
test_expiry(void **state)
{
	struct seal *seal = seal_new(loop, secret(key_text));
	struct slice sealed = made(seal, clock_ms + 1000, S("x"));

	(void)state;
	assert_true(opens(seal, &context, sealed, NULL));
	clock_ms += 999;
	assert_true(opens(seal, &context, sealed, NULL));
	clock_ms += 1;
	assert_false(opens(seal, &context, sealed, NULL));
	seal_free(&seal);
}

/* ---- cursors ---- */

static void
nothing(struct provider *provider)
{
	(void)provider;
}

static const struct provider_ops provider_ops = { .kind = "fake", .close = nothing };
static struct provider provider = { .ops = &provider_ops, .refs = 1, .name = S("s") };
static const struct names names = { S("__"), PREFIX_AUTO, 64, true };
static const struct caller ann = { S("ann"), SLICE_NONE };

/* Tools t<from> .. t<to - 1>. */
static struct catalogue *
tools(unsigned from, unsigned to)
{
	struct offer *offer = offer_new(NULL);
	struct catalogue *catalogue;
	struct arena none;
	struct buf text;
	struct err err;

	arena_init(&none, NULL, 0);
	buf_init(&text, NULL, MIB);
	buf_putc(&text, '[');
	for (unsigned i = from; i < to; i++)
		buf_printf(
		    &text, "%s{\"name\":\"t%u\",\"inputSchema\":{}}", i > from ? "," : "", i);
	buf_putc(&text, ']');
	assert_true(offer_add_page_wait(
	    NULL, offer, ITEM_TOOL, &none, &text, buf_view(&text), S("s"), NULL, &err));
	catalogue = catalogue_new(
	    &(struct catalogue_source){ &provider, offer, NULL }, 1, &names, NULL, NULL, NULL, 7);
	offer_unref(&offer);
	return catalogue;
}

static struct slice
cursor_of(struct seal *seal, const struct catalogue *catalogue, size_t at)
{
	struct slice token;
	struct buf out;
	struct err err;

	buf_init(&out, NULL, MIB);
	buf_putc(&out, '"');
	cursor_make(seal, &ann, catalogue, ITEM_TOOL, at, &out);
	buf_putc(&out, '"');
	assert_true(arena_reserve(&arena, out.n, &err));
	token = slice_dup(&arena, buf_view(&out));
	buf_fini(&out);
	return token;
}

/* Where a cursor leads, SIZE_MAX: it is refused. */
static size_t
leads(struct seal *seal, const struct caller *caller, const struct catalogue *catalogue,
    enum item_kind kind, struct slice token)
{
	size_t at;
	struct err err = { 0 };

	if (cursor_read(seal, caller, catalogue, kind, &arena, token, &at, &err))
		return at;
	assert_int_equal(err.kind, ERR_PARAMS);
	assert_non_null(strstr(err.text, "unknown cursor"));
	return SIZE_MAX;
}

static void
test_cursors(void **state)
{
	const struct caller others[] = { { S("bob"), SLICE_NONE }, { S("ann"), S("acme") } };
	const struct slice rubbish[] = { S("\"\""), S("\"x\""), S("7"), S("{}"), S("\"AAAA\"") };
	struct seal *seal = seal_new(loop, secret(NULL));
	struct catalogue *base = tools(0, 10), *shorter = tools(3, 10), *gone = tools(5, 10);
	struct slice token = cursor_of(seal, base, 4);

	(void)state;
	assert_int_equal(leads(seal, &ann, base, ITEM_TOOL, token), 4);
	assert_int_equal(leads(seal, &ann, shorter, ITEM_TOOL, token), 1);
	assert_int_equal(leads(seal, &ann, gone, ITEM_TOOL, token), SIZE_MAX);
	assert_int_equal(leads(seal, &ann, base, ITEM_PROMPT, token), SIZE_MAX);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(leads(seal, &others[i], base, ITEM_TOOL, token), SIZE_MAX);
	for (size_t i = 0; i < COUNT(rubbish); i++)
		assert_int_equal(leads(seal, &ann, base, ITEM_TOOL, rubbish[i]), SIZE_MAX);
	assert_int_equal(leads(seal, &ann, base, ITEM_TOOL, cursor_of(seal, base, 10)), 10);
	catalogue_unref(&base);
	catalogue_unref(&shorter);
	catalogue_unref(&gone);
	seal_free(&seal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tampering, setup, teardown),
		cmocka_unit_test_setup_teardown(test_context, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cursors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
