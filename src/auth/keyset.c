/*
 * The keys of an issuer (JWK Set, RFC 7517), and signatures by them.
 *
 * A key verifies only what its own kind, curve and `alg` are for.  What is handed to the library is
 * a JWK of our own making from the members that were checked; keys of shared secrets are never
 * among them, so that nobody can sign with what is public.
 */
#include "auth/jose.h"

#define RSA_BYTES_MIN 256 /* 2048 bits */
#define RSA_BYTES_MAX 1024
#define EXPONENT_MAX  8
#define KEY_ID_MAX    256

/* What a key must be for each algorithm. */
enum key_kind { KEY_RSA, KEY_P256, KEY_P384, KEY_P521 };
static const struct {
	enum key_kind kind;
	size_t signature_bytes; /* 0: as long as the key */
} algorithms[] = {
	[JOSE_RS256] = { KEY_RSA, 0 },
	[JOSE_RS384] = { KEY_RSA, 0 },
	[JOSE_RS512] = { KEY_RSA, 0 },
	[JOSE_PS256] = { KEY_RSA, 0 },
	[JOSE_PS384] = { KEY_RSA, 0 },
	[JOSE_PS512] = { KEY_RSA, 0 },
	[JOSE_ES256] = { KEY_P256, 64 },
	[JOSE_ES384] = { KEY_P384, 96 },
	[JOSE_ES512] = { KEY_P521, 132 },
};

struct key {
	enum key_kind kind;
	size_t bytes;	 /* of the modulus, or of a coordinate */
	struct slice id; /* our own memory; SLICE_NONE: it has none */
	bool is_bound;	 /* to one algorithm */
	enum jose_algorithm algorithm;
	cjose_jwk_t *jwk;
};

struct keyset {
	size_t n;
	struct key keys[KEYSET_KEYS_MAX];
};

/* ---- reading --------------------------------------------------------------------------------- */

/* Bytes of a number in base64url, leading zeros aside; 0: it is none. */
static size_t
number_bytes(struct slice text)
{
	struct buf bytes;
	size_t n = 0;

	buf_init(&bytes, NULL, 2 * RSA_BYTES_MAX);
	if (base64url_read(text, &bytes))
		for (n = bytes.n; n > 0 && bytes.p[bytes.n - n] == '\0';)
			n--;
	buf_fini(&bytes);
	return n;
}

static size_t
text_bytes(struct slice text)
{
	struct buf bytes;
	size_t n;

	buf_init(&bytes, NULL, 2 * RSA_BYTES_MAX);
	n = base64url_read(text, &bytes) ? bytes.n : 0;
	buf_fini(&bytes);
	return n;
}

static bool
operations_fit(yyjson_val *operations)
{
	yyjson_val *one;
	size_t i, n;

	if (operations == NULL)
		return true;
	yyjson_arr_foreach(operations, i, n, one)
	{
		if (yyjson_equals_str(one, "verify"))
			return true;
	}
	return false;
}

static bool
rsa_read(yyjson_val *from, struct key *key, struct buf *jwk)
{
	struct slice n = token_text(token_member(from, "n")),
		     e = token_text(token_member(from, "e"));
	size_t exponent = number_bytes(e);

	key->kind = KEY_RSA;
	key->bytes = number_bytes(n);
	if (key->bytes < RSA_BYTES_MIN || key->bytes > RSA_BYTES_MAX || exponent == 0 ||
	    exponent > EXPONENT_MAX)
		return false;
	buf_printf(
	    jwk, "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%.*s\"}", SLICE_FMT(n), SLICE_FMT(e));
	return true;
}

static bool
ec_read(yyjson_val *from, struct key *key, struct buf *jwk)
{
	static const struct {
		struct slice name;
		enum key_kind kind;
		size_t bytes;
	} curves[] = {
		{ S("P-256"), KEY_P256, 32 },
		{ S("P-384"), KEY_P384, 48 },
		{ S("P-521"), KEY_P521, 66 },
	};
	struct slice curve = token_text(token_member(from, "crv"));
	struct slice x = token_text(token_member(from, "x")),
		     y = token_text(token_member(from, "y"));

	for (size_t i = 0; i < COUNT(curves); i++) {
		if (!slice_eq(curves[i].name, curve))
			continue;
		key->kind = curves[i].kind;
		key->bytes = curves[i].bytes;
		buf_printf(jwk, "{\"kty\":\"EC\",\"crv\":\"%.*s\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
		    SLICE_FMT(curve), SLICE_FMT(x), SLICE_FMT(y));
		return text_bytes(x) == key->bytes && text_bytes(y) == key->bytes;
	}
	return false;
}

/* False: it is not for us. */
static bool
key_read(yyjson_val *from, struct key *key)
{
	struct slice id = token_text(token_member(from, "kid")),
		     kind = token_text(token_member(from, "kty"));
	yyjson_val *use = yyjson_obj_get(from, "use"), *bound = yyjson_obj_get(from, "alg");
	struct buf jwk;
	cjose_err why;
	bool is_read;

	*key = (struct key){ .id = SLICE_NONE };
	if ((use != NULL && !yyjson_equals_str(use, "sig")) ||
	    !operations_fit(yyjson_obj_get(from, "key_ops")) || id.n > KEY_ID_MAX)
		return false;
	key->is_bound = bound != NULL;
	if (key->is_bound && !jose_algorithm_find(token_text(bound), &key->algorithm))
		return false;
	buf_init(&jwk, NULL, 8 * KIB);
	is_read = slice_eq(kind, S("RSA")) ? rsa_read(from, key, &jwk)
	    : slice_eq(kind, S("EC"))	   ? ec_read(from, key, &jwk)
					   : false;
	if (is_read && key->is_bound && algorithms[key->algorithm].kind != key->kind)
		is_read = false;
	if (is_read && !jwk.overflow)
		key->jwk = jose_lib.cjose_jwk_import(jwk.p, jwk.n, &why);
	buf_fini(&jwk);
	if (key->jwk == NULL)
		return false;
	key->id = slice_keep(id);
	return true;
}

bool
keyset_new(struct slice text, struct keyset **out, struct err *err)
{
	yyjson_doc *doc =
	    text.n <= KEYSET_BYTES_MAX ? yyjson_read(text.p, text.n, YYJSON_READ_NOFLAG) : NULL;
	yyjson_val *keys = yyjson_obj_get(yyjson_doc_get_root(doc), "keys"), *one;
	struct keyset *set = NULL;
	size_t i, n;

	*out = NULL;
	if (!yyjson_is_arr(keys)) {
		err_set(err, ERR_REFUSED, "it is no JWK Set: an object with \"keys\"");
	} else if (yyjson_arr_size(keys) > KEYSET_KEYS_MAX) {
		err_set(err, ERR_REFUSED, "it has more than %d keys", KEYSET_KEYS_MAX);
	} else {
		set = MEM_NEW(struct keyset);
		yyjson_arr_foreach(keys, i, n, one)
		{
			if (key_read(one, &set->keys[set->n]))
				set->n++;
		}
		if (set->n == 0) {
			err_set(err, ERR_REFUSED,
			    "none of its keys can be used: RSA of 2048 to 8192 bits, or EC of P-256, "
			    "P-384 or P-521, for signatures");
			keyset_free(&set);
		}
	}
	yyjson_doc_free(doc);
	*out = set;
	return set != NULL;
}

void
keyset_free(struct keyset **at)
{
	struct keyset *set = *at;

	*at = NULL;
	for (size_t i = 0; set != NULL && i < set->n; i++) {
		jose_lib.cjose_jwk_release(set->keys[i].jwk);
		mem_free((void *)set->keys[i].id.p);
	}
	mem_free(set);
}

size_t
keyset_n(const struct keyset *set)
{
	return set->n;
}

/* ---- verifying ------------------------------------------------------------------------------- */

static bool
key_fits(const struct key *key, enum jose_algorithm algorithm)
{
	return key->kind == algorithms[algorithm].kind &&
	    (!key->is_bound || key->algorithm == algorithm);
}

size_t
keyset_fit_n(const struct keyset *set, unsigned algorithms_bits)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		bool fits = false;

		for (unsigned k = 0; k < JOSE_ALGORITHMS_N; k++)
			fits |= (algorithms_bits & 1u << k) != 0 &&
			    key_fits(&set->keys[i], (enum jose_algorithm)k);
		n += fits;
	}
	return n;
}

/* The key that a token names, or the only one that could be meant; NULL: there is none. */
static const struct key *
key_find(const struct keyset *set, const struct token *token)
{
	const struct key *found = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct key *key = &set->keys[i];

		if (!key_fits(key, token->algorithm))
			continue;
		if (token->key_id.p != NULL && key->id.p != NULL &&
		    slice_eq(key->id, token->key_id))
			return key;
		if (token->key_id.p != NULL)
			continue;
		if (found != NULL)
			return NULL;
		found = key;
	}
	return found;
}

enum token_fault
keyset_verify(const struct keyset *set, const struct token *token, struct slice text)
{
	const struct key *key = key_find(set, token);
	size_t wanted;
	cjose_jws_t *jws;
	cjose_err why;
	bool ok;

	if (key == NULL)
		return TOKEN_KEY;
	wanted = algorithms[token->algorithm].signature_bytes;
	if (token->signature_bytes != (wanted > 0 ? wanted : key->bytes))
		return TOKEN_SIGNATURE;
	jws = jose_lib.cjose_jws_import(text.p, text.n, &why);
	if (jws == NULL)
		return TOKEN_SIGNATURE;
	ok = jose_lib.cjose_jws_verify(jws, key->jwk, &why);
	jose_lib.cjose_jws_release(jws);
	return ok ? TOKEN_NONE : TOKEN_SIGNATURE;
}
