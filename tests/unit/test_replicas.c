/*
 * Replicas: ids of sessions name one that is there, and are taken only as we made them; marks are
 * good for one replica, one request and a minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mcp/replicas.h"

static uint64_t clock_ms, counter;
static struct loop *loop;
static struct seal *seal;
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
	seal = seal_new(loop, (struct secret){ S("0123456789abcdef") });
	arena_init(&arena, NULL, 16 * MIB);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	seal_free(&seal);
	loop_free(&loop);
	return 0;
}

static struct config_pair peers[] = {
	{ S("a"), { S("http://127.0.0.1:1") } },
	{ S("b"), { S("http://127.0.0.1:2") } },
	{ S("c-1"), { S("https://c.example:3/") } },
};

static struct replicas *
listed(const char *self)
{
	struct config config = {
		.replicas = { .self = slice_of(self), .peers = peers, .peers_n = COUNT(peers) }
	};
	struct replicas *replicas;
	struct err err;

	assert_true(replicas_new(loop, &seal, &config, &replicas, &err));
	return replicas;
}

static struct replicas *
numbered(const char *self, struct err *err)
{
	struct config config = { .replicas = { .self = slice_of(self),
				     .address = S("http://{name}.pods:8080") } };
	struct replicas *replicas;

	if (!replicas_new(loop, &seal, &config, &replicas, err))
		return NULL;
	return replicas;
}

static const char digits[] = "0123456789abcdef0123456789abcdef";

static struct replica *
owner(struct replicas *replicas, const char *id)
{
	return replicas_of_id(replicas, slice_of(id));
}

static void
test_ids(void **state)
{
	struct replicas *a = listed("a"), *b = listed("b"), *c = listed("c-1");
	char id[SESSION_ID_BYTES], other[SESSION_ID_BYTES];

	(void)state;
	replicas_id_make(b, digits, id);
	assert_int_equal(strlen(id), 2 + SESSION_DIGITS + SEAL_TAG_TEXT);
	assert_memory_equal(id, "b.0123456789abcdef", 18);
	assert_string_equal(owner(a, id)->name, "b");
	assert_string_equal(owner(c, id)->name, "b");
	assert_null(owner(b, id)); /* its own */
	replicas_id_make(c, digits, other);
	assert_string_equal(owner(a, other)->name, "c-1");
	/* Any byte changed, cut or added. */
	for (size_t i = 0; id[i] != '\0'; i++) {
		char text[SESSION_ID_BYTES + 1];
		size_t n = strlen(id);

		memcpy(text, id, n);
		for (unsigned k = 1; k < 256; k += 51) {
			text[i] = (char)(id[i] ^ k);
			assert_null(replicas_of_id(a, (struct slice){ text, n }));
		}
		assert_null(replicas_of_id(a, (struct slice){ id, i }));
	}
	assert_null(replicas_of_id(a, (struct slice){ id, sizeof(id) }));
	assert_null(replicas_of_id(a, SLICE_NONE));
	replicas_free(&a);
	replicas_free(&b);
	replicas_free(&c);
}

/* A name that was ours once, or of others with the key, and is not listed. */
static void
test_unlisted(void **state)
{
	struct replicas *a = listed("a");
	struct err err;
	struct replicas *x = numbered("x-1", &err);
	char id[SESSION_ID_BYTES];

	(void)state;
	replicas_id_make(x, digits, id);
	assert_null(owner(a, id));
	assert_null(replicas_find(a, S("x-1")));
	assert_null(replicas_find(a, S("")));
	replicas_free(&a);
	replicas_free(&x);
}

static void
test_numbers(void **state)
{
	static const char *const no[] = { "bascule", "bascule-", "bascule-00", "bascule-01",
		"bascule-12345", "other-1", "bascule-1x", "xbascule-1", "bascule-1.evil", "1", "",
		"bascule-1/", "bascule-1:80", "BASCULE-1", "bascule--1" };
	struct err err = { 0 };
	struct replicas *r = numbered("bascule-0", &err);

	(void)state;
	assert_non_null(r);
	assert_null(replicas_find(r, S("bascule-0")));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_null(replicas_find(r, slice_of(no[i])));
	assert_string_equal(replicas_find(r, S("bascule-1"))->name, "bascule-1");
	assert_ptr_equal(replicas_find(r, S("bascule-1")), replicas_find(r, S("bascule-1")));
	assert_string_equal(replicas_find(r, S("bascule-9999"))->name, "bascule-9999");
	assert_int_equal(r->peers_n, 2);
	/* No more of them than there can be. */
	for (unsigned i = 1; i < 400; i++) {
		char name[32];

		snprintf(name, sizeof(name), "bascule-%u", i);
		(void)replicas_find(r, slice_of(name));
	}
	assert_int_equal(r->peers_n, 256);
	replicas_free(&r);
	assert_null(numbered("bascule", &err));
	assert_non_null(strstr(err.text, "end in a number"));
}

static void
test_self(void **state)
{
	struct config config = { .replicas = { .self = S("d"), .peers = peers, .peers_n = 3 } };
	struct replicas *replicas;
	struct err err = { 0 };

	(void)state;
	assert_false(replicas_new(loop, &seal, &config, &replicas, &err));
	assert_null(replicas);
	assert_non_null(strstr(err.text, "also this one, \"d\""));
	config = (struct config){ .listen_stdio = true };
	assert_true(replicas_new(loop, &seal, &config, &replicas, &err));
	assert_null(replicas);
}

static const struct replica_request request = {
	.method = S("POST"),
	.path = S("/mcp"),
	.query = SLICE_NONE,
	.session = S("b.1"),
};

static bool
opens(const struct replicas *at, struct slice mark, const struct replica_request *what,
    struct caller *caller)
{
	struct err err = { 0 };
	bool ok = replica_mark_open(at, mark, what, &arena, caller, &err);

	assert_int_equal(err.kind, ok ? ERR_NONE : ERR_REFUSED);
	return ok;
}

static void
test_marks(void **state)
{
	struct replicas *a = listed("a"), *b = listed("b"), *c = listed("c-1");
	struct caller ann = { .principal = S("ann"), .tenant = S("x 1\n") }, got;
	struct replica_request other = request;
	struct buf mark;
	char *bytes;

	(void)state;
	buf_init(&mark, NULL, MIB);
	replica_mark_put(a, replicas_find(a, S("b")), &request, &ann, &mark);
	assert_true(opens(b, buf_view(&mark), &request, &got));
	assert_true(auth_same(&ann, &got));
	assert_false(opens(a, buf_view(&mark), &request, &got));
	assert_false(opens(c, buf_view(&mark), &request, &got));
	other.method = S("DELETE");
	assert_false(opens(b, buf_view(&mark), &other, &got));
	other = request;
	other.session = S("b.2");
	assert_false(opens(b, buf_view(&mark), &other, &got));
	other = request;
	other.path = S("/m");
	other.query = S("cp");
	assert_false(opens(b, buf_view(&mark), &other, &got));
	bytes = mark.p;
	for (size_t i = 0; i < mark.n; i += 7) {
		bytes[i] ^= 1;
		assert_false(opens(b, buf_view(&mark), &request, &got));
		bytes[i] ^= 1;
	}
	clock_ms += 59000;
	assert_true(opens(b, buf_view(&mark), &request, &got));
	clock_ms += 1000;
	assert_false(opens(b, buf_view(&mark), &request, &got));
	/* Without a tenant, which is not the same as one without a name. */
	buf_clear(&mark);
	ann.tenant = SLICE_NONE;
	replica_mark_put(a, replicas_find(a, S("b")), &request, &ann, &mark);
	assert_true(opens(b, buf_view(&mark), &request, &got));
	assert_true(got.tenant.p == NULL && auth_same(&ann, &got));
	assert_false(opens(b, SLICE_NONE, &request, &got));
	buf_fini(&mark);
	replicas_free(&a);
	replicas_free(&b);
	replicas_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unlisted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self, setup, teardown),
		cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
