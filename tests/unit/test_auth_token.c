/*
 * Tokens of an issuer: base64url in its one form, what a header and claims must say, keys of a set,
 * signatures by keys that are made here, and which tokens are remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "auth/token.h"

#define NOW 1700000000
#define GOOD_CLAIMS \
	"{\"iss\":\"https://id.example.com\",\"aud\":\"me\",\"sub\":\"alice\",\"exp\":1700000600}"

static struct slice scopes[] = { S("use") };
static const struct token_policy policy = {
	.issuer = S("https://id.example.com"),
	.audience = S("me"),
	.caller = S("sub"),
	.tenant = SLICE_NONE,
	.scopes = scopes,
	.scopes_n = 1,
	.algorithms = 1u << JOSE_RS256 | 1u << JOSE_ES256,
};

static void
put_base64url(struct buf *out, struct slice bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned n = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		bits = bits << 8 | (unsigned char)bytes.p[i];
		for (n += 8; n >= 6; n -= 6)
			buf_putc(out, digits[bits >> (n - 6) & 63]);
	}
	if (n > 0)
		buf_putc(out, digits[bits << (6 - n) & 63]);
}

static void
put_token(struct buf *out, const char *header, const char *claims)
{
	put_base64url(out, slice_of(header));
	buf_putc(out, '.');
	put_base64url(out, slice_of(claims));
}

static enum token_fault
read_one(const char *header, const char *claims)
{
	struct token token;
	enum token_fault fault;
	struct buf text;

	buf_init(&text, NULL, MIB);
	put_token(&text, header, claims);
	buf_puts(&text, ".c2ln");
	fault = token_read(&policy, buf_view(&text), NOW, &token);
	token_fini(&token);
	buf_fini(&text);
	return fault;
}

static void
test_base64url(void **state)
{
	static const struct {
		struct slice text;
		const char *bytes; /* NULL: none */
	} cases[] = {
		{ S(""), "" },
		{ S("Zg"), "f" },
		{ S("Zm8"), "fo" },
		{ S("Zm9v"), "foo" },
		{ S("Zm9vYmFy"), "foobar" },
		{ S("-_-_"), "\xfb\xff\xbf" },
		{ S("Z"), NULL },
		{ S("Zh"), NULL }, /* another form of "f" */
		{ S("Zm9="), NULL },
		{ S("Zg=="), NULL },
		{ S("+/+/"), NULL },
		{ S("Zm 9v"), NULL },
		{ S("Zm9v\n"), NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;
		bool ok;

		buf_init(&out, NULL, KIB);
		ok = base64url_read(cases[i].text, &out);
		assert_int_equal(ok, cases[i].bytes != NULL);
		if (ok)
			assert_true(slice_eq(buf_view(&out), slice_of(cases[i].bytes)));
		buf_fini(&out);
	}
}

static void
test_headers(void **state)
{
	static const struct {
		const char *header;
		enum token_fault fault;
	} cases[] = {
		{ "{\"alg\":\"RS256\"}", TOKEN_NONE },
		{ "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"a\"}", TOKEN_NONE },
		{ "{\"alg\":\"RS256\",\"typ\":\"application/at+jwt\",\"x5c\":[\"a\"]}",
		    TOKEN_NONE },
		{ "{\"alg\":\"none\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"None\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"HS256\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"RS512\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"rs256\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":1}", TOKEN_ALGORITHM },
		{ "{}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"RS256\",\"alg\":\"HS256\"}", TOKEN_ALGORITHM },
		{ "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", TOKEN_CRITICAL },
		{ "{\"alg\":\"RS256\",\"crit\":null}", TOKEN_CRITICAL },
		{ "{\"alg\":\"RS256\",\"b64\":false}", TOKEN_CRITICAL },
		{ "{\"alg\":\"RS256\",\"typ\":\"dpop+jwt\"}", TOKEN_TYPE },
		{ "{\"alg\":\"RS256\",\"typ\":7}", TOKEN_TYPE },
		{ "{\"alg\":\"RS256\",\"enc\":\"A128GCM\"}", TOKEN_SHAPE },
		{ "{\"alg\":\"RS256\",\"kid\":1}", TOKEN_SHAPE },
		{ "{\"alg\":\"RS256\",\"jwk\":{}}", TOKEN_SHAPE },
		{ "{\"alg\":\"RS256\",\"x\":[[]]}", TOKEN_SHAPE },
		{ "[]", TOKEN_SHAPE },
		{ "", TOKEN_SHAPE },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(read_one(cases[i].header, GOOD_CLAIMS), cases[i].fault);
}

#define WHO   "\"iss\":\"https://id.example.com\",\"aud\":\"me\",\"sub\":\"alice\""
#define UNTIL "\"exp\":1700000600"
static void
test_claims(void **state)
{
	static const struct {
		const char *claims;
		enum token_fault fault;
	} cases[] = {
		{ "{" WHO "," UNTIL "}", TOKEN_NONE },
		{ "{" WHO ",\"exp\":1699999971}", TOKEN_NONE }, /* leeway */
		{ "{" WHO ",\"exp\":1700000600.5,\"nbf\":1700000030,\"iat\":1700000030}",
		    TOKEN_NONE },
		{ "{" WHO ",\"exp\":1699999970}", TOKEN_EXPIRED },
		{ "{" WHO ",\"exp\":0}", TOKEN_EXPIRED },
		{ "{" WHO "}", TOKEN_CLAIMS },
		{ "{" WHO ",\"exp\":\"1700000600\"}", TOKEN_CLAIMS },
		{ "{" WHO ",\"exp\":-1}", TOKEN_CLAIMS },
		{ "{" WHO ",\"exp\":1e300}", TOKEN_CLAIMS },
		{ "{" WHO ",\"exp\":1700000600,\"exp\":1800000000}", TOKEN_CLAIMS },
		{ "{" WHO "," UNTIL ",\"nbf\":1700000031}", TOKEN_EARLY },
		{ "{" WHO "," UNTIL ",\"iat\":1700000031}", TOKEN_EARLY },
		{ "{" WHO "," UNTIL ",\"nbf\":null}", TOKEN_CLAIMS },
		{ "{\"iss\":\"https://id.example.com/\",\"aud\":\"me\",\"sub\":\"a\"," UNTIL "}",
		    TOKEN_ISSUER },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":\"you\",\"sub\":\"a\"," UNTIL "}",
		    TOKEN_AUDIENCE },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":[],\"sub\":\"a\"," UNTIL "}",
		    TOKEN_AUDIENCE },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":[1,\"me\"],\"sub\":\"a\"," UNTIL "}",
		    TOKEN_NONE },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":\"me\"," UNTIL "}", TOKEN_NAME },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":\"me\",\"sub\":7," UNTIL "}",
		    TOKEN_NAME },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":\"me\",\"sub\":\"a\\n\"," UNTIL "}",
		    TOKEN_NAME },
		{ "{\"iss\":\"https://id.example.com\",\"aud\":\"me\",\"sub\":\"a\\u0000\"," UNTIL
		  "}",
		    TOKEN_NAME },
		{ "[]", TOKEN_SHAPE },
		{ "{" WHO "," UNTIL, TOKEN_SHAPE },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(read_one("{\"alg\":\"RS256\"}", cases[i].claims), cases[i].fault);
}

static void
test_shapes(void **state)
{
	static const struct slice cases[] = { S(""), S("."), S(".."), S("..."), S("a.b"),
		S("e30.e30"), S("e30.e30."), S("e30.e30.c2ln.c2ln"), S("e30.e30.c2ln."),
		S("e30.e30.c2l="), S("e30.e30.c2lnc"), S(" e30.e30.c2ln"),
		S("bnVsbA.bnVsbA.c2ln") };
	struct token token;
	struct buf large;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(token_read(&policy, cases[i], NOW, &token), TOKEN_SHAPE);
		token_fini(&token);
	}
	buf_init(&large, NULL, MIB);
	while (large.n <= TOKEN_BYTES_MAX)
		buf_puts(&large, "e30.");
	assert_int_equal(token_read(&policy, buf_view(&large), NOW, &token), TOKEN_SIZE);
	token_fini(&token);
	buf_fini(&large);
}

static void
test_scopes(void **state)
{
	static const struct {
		const char *more;
		bool has;
	} cases[] = {
		{ "", false },
		{ ",\"scope\":\"use\"", true },
		{ ",\"scope\":\"a use b\"", true },
		{ ",\"scope\":\"users\"", false },
		{ ",\"scp\":[\"a\",\"use\"]", true },
		{ ",\"scp\":\"use\"", true },
		{ ",\"scope\":[\"use\"]", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char claims[256];
		struct token token;
		struct buf text;

		snprintf(claims, sizeof(claims), "{" WHO "," UNTIL "%s}", cases[i].more);
		buf_init(&text, NULL, MIB);
		put_token(&text, "{\"alg\":\"RS256\"}", claims);
		buf_puts(&text, ".c2ln");
		assert_int_equal(token_read(&policy, buf_view(&text), NOW, &token), TOKEN_NONE);
		assert_int_equal(token.has_scopes, cases[i].has);
		token_fini(&token);
		buf_fini(&text);
	}
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void
put_number(struct buf *out, EVP_PKEY *key, const char *name, int n)
{
	unsigned char bytes[512];
	BIGNUM *number = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
	if (n == 0)
		n = BN_num_bytes(number);
	assert_int_equal(BN_bn2binpad(number, bytes, n), n);
	put_base64url(out, (struct slice){ (const char *)bytes, (size_t)n });
	BN_free(number);
}

static void
put_rsa(struct buf *out, EVP_PKEY *key, const char *more)
{
	buf_puts(out, "{\"kty\":\"RSA\",\"n\":\"");
	put_number(out, key, OSSL_PKEY_PARAM_RSA_N, 0);
	buf_puts(out, "\",\"e\":\"");
	put_number(out, key, OSSL_PKEY_PARAM_RSA_E, 0);
	buf_printf(out, "\"%s}", more);
}

static void
put_ec(struct buf *out, EVP_PKEY *key, const char *more)
{
	int bytes = (EVP_PKEY_get_bits(key) + 7) / 8;

	buf_printf(out, "{\"kty\":\"EC\",\"crv\":\"P-%d\",\"x\":\"", EVP_PKEY_get_bits(key));
	put_number(out, key, OSSL_PKEY_PARAM_EC_PUB_X, bytes);
	buf_puts(out, "\",\"y\":\"");
	put_number(out, key, OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
	buf_printf(out, "\"%s}", more);
}

/* As the algorithm of that name signs, "PS384"; what the key is for is not asked. */
static void
put_signature(struct buf *text, EVP_PKEY *key, const char *algorithm)
{
	unsigned char made[1024], fixed[132];
	const EVP_MD *hash = algorithm[2] == '2' ? EVP_sha256()
	    : algorithm[2] == '3'		 ? EVP_sha384()
						 : EVP_sha512();
	int half = (EVP_PKEY_get_bits(key) + 7) / 8;
	const unsigned char *at = made;
	EVP_PKEY_CTX *padding;
	size_t n = sizeof(made);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(context, &padding, hash, NULL, key), 1);
	if (algorithm[0] == 'P') {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(
	    EVP_DigestSign(context, made, &n, (const unsigned char *)text->p, text->n), 1);
	EVP_MD_CTX_free(context);
	buf_putc(text, '.');
	if (EVP_PKEY_is_a(key, "RSA")) {
		put_base64url(text, (struct slice){ (const char *)made, n });
		return;
	}
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)n);
	assert_non_null(pair);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), fixed, half);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), fixed + half, half);
	ECDSA_SIG_free(pair);
	put_base64url(text, (struct slice){ (const char *)fixed, 2 * (size_t)half });
}

/* A token by that key, signed as an algorithm does and maybe of another in its header. */
static enum token_fault
verify_as(const struct token_policy *wanted, const struct keyset *set, EVP_PKEY *key,
    const char *header, const char *algorithm, bool is_changed)
{
	struct token token;
	enum token_fault fault;
	struct buf text;

	buf_init(&text, NULL, MIB);
	put_token(&text, header, GOOD_CLAIMS);
	put_signature(&text, key, algorithm);
	if (is_changed)
		text.p[text.n - 8] = text.p[text.n - 8] == 'A' ? 'B' : 'A';
	fault = token_read(wanted, buf_view(&text), NOW, &token);
	if (fault == TOKEN_NONE)
		fault = keyset_verify(set, &token, buf_view(&text));
	token_fini(&token);
	buf_fini(&text);
	return fault;
}

static enum token_fault
verify(const struct keyset *set, EVP_PKEY *key, const char *header, bool is_changed)
{
	return verify_as(&policy, set, key, header, "RS256", is_changed);
}

/* One for all tests, since making one takes long under valgrind; the caller frees it as its own. */
static EVP_PKEY *
rsa_key(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_RSA_gen(2048);
	assert_int_equal(EVP_PKEY_up_ref(key), 1);
	return key;
}

static void
test_signatures(void **state)
{
	EVP_PKEY *rsa = rsa_key(), *other = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");
	struct keyset *set;
	struct err err = { 0 };
	struct buf json;

	assert_true(jose_load(&err));
	buf_init(&json, NULL, MIB);
	buf_puts(&json, "{\"keys\":[");
	put_rsa(&json, rsa, ",\"kid\":\"r\",\"use\":\"sig\"");
	buf_putc(&json, ',');
	put_ec(&json, ec, ",\"kid\":\"e\",\"alg\":\"ES256\",\"key_ops\":[\"verify\"]");
	buf_putc(&json, ',');
	put_rsa(&json, other, ",\"kid\":\"p\",\"alg\":\"PS256\"");
	buf_puts(&json, ",{\"kty\":\"oct\",\"kid\":\"o\",\"k\":\"AAAA\"},7]}");
	assert_true(keyset_new(buf_view(&json), &set, &err));
	assert_int_equal(keyset_n(set), 3);

	assert_int_equal(verify(set, rsa, "{\"alg\":\"RS256\",\"kid\":\"r\"}", false), TOKEN_NONE);
	assert_int_equal(verify(set, rsa, "{\"alg\":\"RS256\"}", false), TOKEN_NONE);
	assert_int_equal(verify(set, ec, "{\"alg\":\"ES256\",\"kid\":\"e\"}", false), TOKEN_NONE);
	assert_int_equal(
	    verify(set, rsa, "{\"alg\":\"RS256\",\"kid\":\"r\"}", true), TOKEN_SIGNATURE);
	assert_int_equal(
	    verify(set, ec, "{\"alg\":\"ES256\",\"kid\":\"e\"}", true), TOKEN_SIGNATURE);
	assert_int_equal(
	    verify(set, other, "{\"alg\":\"RS256\",\"kid\":\"r\"}", false), TOKEN_SIGNATURE);
	/* A key is for what it says it is for, and for its own kind. */
	assert_int_equal(verify(set, other, "{\"alg\":\"RS256\",\"kid\":\"p\"}", false), TOKEN_KEY);
	assert_int_equal(verify(set, rsa, "{\"alg\":\"ES256\",\"kid\":\"r\"}", false), TOKEN_KEY);
	assert_int_equal(verify(set, rsa, "{\"alg\":\"RS256\",\"kid\":\"x\"}", false), TOKEN_KEY);
	assert_int_equal(
	    verify(set, rsa, "{\"alg\":\"ES256\",\"kid\":\"e\"}", false), TOKEN_SIGNATURE);
	keyset_free(&set);
	buf_fini(&json);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(other);
	EVP_PKEY_free(ec);
}

enum { RSA_KEY, P256_KEY, P384_KEY, P521_KEY, KEYS_N };
static const struct {
	const char *name;
	unsigned key;
} rows[JOSE_ALGORITHMS_N] = {
	[JOSE_RS256] = { "RS256", RSA_KEY },
	[JOSE_RS384] = { "RS384", RSA_KEY },
	[JOSE_RS512] = { "RS512", RSA_KEY },
	[JOSE_PS256] = { "PS256", RSA_KEY },
	[JOSE_PS384] = { "PS384", RSA_KEY },
	[JOSE_PS512] = { "PS512", RSA_KEY },
	[JOSE_ES256] = { "ES256", P256_KEY },
	[JOSE_ES384] = { "ES384", P384_KEY },
	[JOSE_ES512] = { "ES512", P521_KEY },
};

/* A set of one key, that of rows[of], against tokens of the algorithm `with`. */
static void
try_algorithm(
    const struct keyset *set, EVP_PKEY *const *keys, unsigned of, bool is_bound, unsigned with)
{
	bool is_own = rows[with].key == rows[of].key && (!is_bound || with == of);
	const char *name = rows[with].name;
	EVP_PKEY *key = keys[rows[with].key];
	struct token_policy wanted = policy;
	char header[64];

	wanted.algorithms = (1u << JOSE_ALGORITHMS_N) - 1;
	snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", name);
	assert_int_equal(keyset_fit_n(set, 1u << with), is_own);
	assert_int_equal(
	    verify_as(&wanted, set, key, header, name, false), is_own ? TOKEN_NONE : TOKEN_KEY);
	if (is_own)
		assert_int_equal(verify_as(&wanted, set, key, header, name, true), TOKEN_SIGNATURE);
	/* It says one, and was signed by another. */
	if (is_own && with != of)
		assert_int_equal(
		    verify_as(&wanted, set, key, header, rows[of].name, false), TOKEN_SIGNATURE);
	wanted.algorithms &= ~(1u << with);
	assert_int_equal(verify_as(&wanted, set, key, header, name, false), TOKEN_ALGORITHM);
}

/* Every algorithm: taken where it is listed and the key is for it, and nowhere else. */
static void
test_algorithms(void **state)
{
	EVP_PKEY *keys[KEYS_N] = { rsa_key(), EVP_EC_gen("P-256"), EVP_EC_gen("P-384"),
		EVP_EC_gen("P-521") };
	struct err err = { 0 };
	struct keyset *set;
	char alg[64];
	struct buf json;

	assert_true(jose_load(&err));
	buf_init(&json, NULL, MIB);
	for (unsigned i = 0; i < 2 * JOSE_ALGORITHMS_N; i++) {
		unsigned of = i / 2;
		bool is_bound = i % 2 != 0;

		snprintf(alg, sizeof(alg), ",\"alg\":\"%s\"", rows[of].name);
		buf_clear(&json);
		buf_puts(&json, "{\"keys\":[");
		if (rows[of].key == RSA_KEY)
			put_rsa(&json, keys[RSA_KEY], is_bound ? alg : "");
		else
			put_ec(&json, keys[rows[of].key], is_bound ? alg : "");
		buf_puts(&json, "]}");
		assert_true(keyset_new(buf_view(&json), &set, &err));
		for (unsigned with = 0; with < JOSE_ALGORITHMS_N; with++)
			try_algorithm(set, keys, of, is_bound, with);
		keyset_free(&set);
	}
	for (unsigned i = 0; i < KEYS_N; i++)
		EVP_PKEY_free(keys[i]);
	buf_fini(&json);
}

/* Too small, too large, of a curve that is another than it says, for another kind's algorithm. */
static void
test_unfit_keys(void **state)
{
	EVP_PKEY *small = EVP_RSA_gen(2040), *least = rsa_key(), *ec = EVP_EC_gen("P-256"),
		 *other = EVP_EC_gen("secp256k1");
	struct err err = { 0 };
	struct keyset *set;
	struct buf json;

	assert_true(jose_load(&err));
	for (unsigned i = 0; i < 7; i++) {
		buf_init(&json, NULL, MIB);
		buf_puts(&json, "{\"keys\":[");
		if (i == 0)
			put_rsa(&json, small, "");
		else if (i == 1)
			put_rsa(&json, least, ",\"alg\":\"ES256\"");
		else if (i == 2)
			put_rsa(&json, least, ",\"alg\":\"HS256\"");
		else if (i == 3)
			put_ec(&json, ec, ",\"alg\":\"ES384\"");
		else if (i == 4)
			put_ec(&json, other, ""); /* not a point of P-256 */
		else if (i == 5)
			put_ec(&json, ec, ",\"use\":\"enc\"");
		else
			put_rsa(&json, least, ",\"key_ops\":[\"sign\"]");
		buf_puts(&json, "]}");
		assert_false(keyset_new(buf_view(&json), &set, &err));
		assert_non_null(strstr(err.text, "none of its keys"));
		buf_fini(&json);
	}
	/* Beside one that will do they are left out. */
	buf_init(&json, NULL, MIB);
	buf_puts(&json, "{\"keys\":[");
	put_rsa(&json, small, ",\"kid\":\"s\"");
	buf_putc(&json, ',');
	put_rsa(&json, least, ",\"kid\":\"l\"");
	buf_puts(&json, "]}");
	assert_true(keyset_new(buf_view(&json), &set, &err));
	assert_int_equal(keyset_n(set), 1);
	assert_int_equal(verify(set, small, "{\"alg\":\"RS256\",\"kid\":\"s\"}", false), TOKEN_KEY);
	assert_int_equal(
	    verify(set, least, "{\"alg\":\"RS256\",\"kid\":\"l\"}", false), TOKEN_NONE);
	keyset_free(&set);
	buf_fini(&json);
	EVP_PKEY_free(small);
	EVP_PKEY_free(least);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other);
}

/* ---- tokens that were found good ------------------------------------------------------------- */

static void
digest_of(uint64_t number, unsigned char digest[SHA256_BYTES])
{
	sha256_bytes((struct slice){ (const char *)&number, sizeof(number) }, digest);
}

static const struct caller *
find_number(struct known_tokens *tokens, uint64_t number, uint64_t now_s)
{
	unsigned char digest[SHA256_BYTES];

	digest_of(number, digest);
	return known_find(tokens, digest, now_s);
}

static void
add_number(struct known_tokens *tokens, uint64_t number, uint64_t expires_s)
{
	struct token token = { .expires_s = expires_s };
	unsigned char digest[SHA256_BYTES];
	char name[24];

	snprintf(name, sizeof(name), "n%llu", (unsigned long long)number);
	token.caller = slice_of(name);
	token.tenant = S("t");
	digest_of(number, digest);
	assert_null(known_find(tokens, digest, NOW));
	assert_true(slice_eq(known_add(tokens, digest, &token)->principal, slice_of(name)));
}

static void
test_known(void **state)
{
	struct known_tokens *tokens = known_new();
	const struct caller *caller;
	char name[24];

	/* Far more than there is room for; the first is used all the time, and stays. */
	for (uint64_t i = 0; i < 3 * KNOWN_MAX; i++) {
		add_number(tokens, i, NOW + 600);
		assert_non_null(find_number(tokens, 0, NOW));
		assert_true(known_n(tokens) <= KNOWN_MAX);
	}
	assert_int_equal(known_n(tokens), KNOWN_MAX);
	for (uint64_t i = 0; i < 3 * KNOWN_MAX; i++) {
		caller = find_number(tokens, i, NOW);
		assert_int_equal(caller != NULL, i == 0 || i > 2 * KNOWN_MAX);
		snprintf(name, sizeof(name), "n%llu", (unsigned long long)i);
		assert_true(caller == NULL ||
		    (slice_eq(caller->principal, slice_of(name)) &&
			slice_eq(caller->tenant, S("t"))));
	}
	/* Each to its own time, and then it is gone. */
	known_clear(tokens);
	assert_int_equal(known_n(tokens), 0);
	for (uint64_t i = 0; i < 100; i++)
		add_number(tokens, i, NOW + i);
	assert_non_null(find_number(tokens, 50, NOW + 50 + TOKEN_LEEWAY_S - 1));
	assert_null(find_number(tokens, 50, NOW + 50 + TOKEN_LEEWAY_S));
	assert_int_equal(known_n(tokens), 99);
	assert_null(find_number(tokens, 50, NOW));
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(find_number(tokens, i, NOW + 70 + TOKEN_LEEWAY_S) != NULL, i > 70);
	assert_int_equal(known_n(tokens), 29);
	known_free(&tokens);
	known_free(&tokens);
}

static void
test_keysets(void **state)
{
	static const char *const none[] = { "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]}",
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":7,\"e\":[]}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\"}]}",
		/* Not on the curve. */
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
		"\"x\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\","
		"\"y\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\"}]}" };
	struct keyset *set;
	struct buf many;
	struct err err = { 0 };

	assert_true(jose_load(&err));
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_false(keyset_new(slice_of(none[i]), &set, &err));
		assert_null(set);
		assert_int_equal(err.kind, ERR_REFUSED);
	}
	buf_init(&many, NULL, MIB);
	buf_puts(&many, "{\"keys\":[0");
	for (size_t i = 0; i < KEYSET_KEYS_MAX; i++)
		buf_puts(&many, ",0");
	buf_puts(&many, "]}");
	assert_false(keyset_new(buf_view(&many), &set, &err));
	assert_non_null(strstr(err.text, "more than 64"));
	buf_fini(&many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_unfit_keys),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_keysets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
