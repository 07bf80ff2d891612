/*
 * What a token says, and whether that is enough: its form (RFC 7515, compact), its header and its
 * claims (RFC 7519, RFC 8725, RFC 9068).  Its signature is keyset.c's business.
 *
 * The library that verifies reads the header with another parser than ours: what two parsers could
 * read in two ways (a name that is there twice, base64 in other than its one form) is refused.
 */
#include <math.h>
#include <string.h>

#include "auth/token.h"

#define HEADER_BYTES_MAX (2 * KIB)
#define AUDIENCES_MAX	 64
#define SECONDS_MAX	 1e12

const char *
token_fault_text(enum token_fault fault)
{
	static const char *const texts[] = {
#define X(name, text) text,
		TOKEN_FAULTS(X)
#undef X
	};

	return texts[fault];
}

bool
jose_algorithm_find(struct slice name, enum jose_algorithm *out)
{
	static const struct slice names[] = {
#define X(word) S(#word),
		CONFIG_JWT_ALGORITHMS(X)
#undef X
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (slice_eq(names[i], name)) {
			*out = (enum jose_algorithm)i;
			return true;
		}
	}
	return false;
}

/* ---- base64url and JSON ---------------------------------------------------------------------- */

static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
base64url_read(struct slice text, struct buf *out)
{
	uint32_t bits = 0;
	unsigned bits_n = 0;

	if (text.n % 4 == 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int value = digit(text.p[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (uint32_t)value) & 0xffffff;
		bits_n += 6;
		if (bits_n >= 8) {
			bits_n -= 8;
			buf_putc(out, (char)(bits >> bits_n));
		}
	}
	return (bits & ((1u << bits_n) - 1)) == 0 && !out->overflow;
}

yyjson_val *
token_member(yyjson_val *object, const char *name)
{
	yyjson_val *key, *found = NULL;
	yyjson_obj_iter iter;

	if (!yyjson_obj_iter_init(object, &iter))
		return NULL;
	while ((key = yyjson_obj_iter_next(&iter)) != NULL) {
		if (!yyjson_equals_str(key, name))
			continue;
		if (found != NULL)
			return NULL;
		found = yyjson_obj_iter_get_val(key);
	}
	return found;
}

static bool
has_member(yyjson_val *object, const char *name)
{
	return yyjson_obj_get(object, name) != NULL;
}

struct slice
token_text(yyjson_val *value)
{
	return yyjson_is_str(value) ? (struct slice){ yyjson_get_str(value), yyjson_get_len(value) }
				    : SLICE_NONE;
}

/* A part of a token as the object it must be; NULL: it is none. */
static yyjson_doc *
part_read(struct slice part, size_t most)
{
	yyjson_doc *doc = NULL;
	struct buf json;

	buf_init(&json, NULL, most + 4);
	if (base64url_read(part, &json))
		doc = yyjson_read(json.p, json.n, YYJSON_READ_NOFLAG);
	buf_fini(&json);
	if (doc != NULL && !yyjson_is_obj(yyjson_doc_get_root(doc))) {
		yyjson_doc_free(doc);
		doc = NULL;
	}
	return doc;
}

/* ---- the header ------------------------------------------------------------------------------ */

static bool
type_is_fit(yyjson_val *header)
{
	static const struct slice types[] = { S("JWT"), S("at+jwt"), S("application/at+jwt"),
		S("application/jwt") };
	struct slice type = token_text(token_member(header, "typ"));

	if (!has_member(header, "typ"))
		return true;
	for (size_t i = 0; i < COUNT(types); i++)
		if (slice_eq_nocase(types[i], type))
			return true;
	return false;
}

/* Nothing in it nests but lists of texts (x5c): nobody has to follow it far. */
static bool
header_is_flat(yyjson_val *header)
{
	yyjson_val *key, *value, *element;
	size_t i, n, k, m;

	yyjson_obj_foreach(header, i, n, key, value)
	{
		if (yyjson_is_obj(value))
			return false;
		yyjson_arr_foreach(value, k, m, element)
		{
			if (yyjson_is_ctn(element))
				return false;
		}
	}
	return true;
}

static enum token_fault
header_read(const struct token_policy *policy, yyjson_val *header, struct token *out)
{
	if (has_member(header, "crit") || has_member(header, "b64"))
		return TOKEN_CRITICAL;
	if (!header_is_flat(header) || has_member(header, "enc"))
		return TOKEN_SHAPE;
	if (!type_is_fit(header))
		return TOKEN_TYPE;
	if (!jose_algorithm_find(token_text(token_member(header, "alg")), &out->algorithm) ||
	    (policy->algorithms & 1u << out->algorithm) == 0)
		return TOKEN_ALGORITHM;
	out->key_id = token_text(token_member(header, "kid"));
	return has_member(header, "kid") && out->key_id.p == NULL ? TOKEN_SHAPE : TOKEN_NONE;
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* NumericDate, which may have a fraction.  False: it is there, and is none. */
static bool
seconds_read(yyjson_val *claims, const char *name, bool *is_there, double *out)
{
	yyjson_val *value = token_member(claims, name);

	*is_there = has_member(claims, name);
	*out = yyjson_is_num(value) ? yyjson_get_num(value) : -1;
	return !*is_there || (isfinite(*out) && *out >= 0 && *out < SECONDS_MAX);
}

static bool
audience_fits(yyjson_val *audience, struct slice wanted)
{
	yyjson_val *one;
	size_t i, n;

	if (slice_eq(token_text(audience), wanted))
		return true;
	if (yyjson_arr_size(audience) > AUDIENCES_MAX)
		return false;
	yyjson_arr_foreach(audience, i, n, one)
	{
		if (slice_eq(token_text(one), wanted))
			return true;
	}
	return false;
}

static enum token_fault
times_check(yyjson_val *claims, uint64_t now_s, struct token *out)
{
	double expires, not_before, issued, now = (double)now_s;
	bool has_expires, has_not_before, has_issued;

	if (!seconds_read(claims, "exp", &has_expires, &expires) || !has_expires ||
	    !seconds_read(claims, "nbf", &has_not_before, &not_before) ||
	    !seconds_read(claims, "iat", &has_issued, &issued))
		return TOKEN_CLAIMS;
	if (now >= expires + TOKEN_LEEWAY_S)
		return TOKEN_EXPIRED;
	if ((has_not_before && now + TOKEN_LEEWAY_S < not_before) ||
	    (has_issued && now + TOKEN_LEEWAY_S < issued))
		return TOKEN_EARLY;
	out->expires_s = (uint64_t)expires;
	return TOKEN_NONE;
}

/* It goes into rules, records and logs. */
static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	return name.n > 0 && name.n <= TOKEN_NAME_MAX;
}

/* A claim by the name that the configuration gives it. */
static struct slice
claim_text(yyjson_val *claims, struct slice name)
{
	char text[65];

	if (name.n >= sizeof(text))
		return SLICE_NONE;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return token_text(token_member(claims, text));
}

static bool
text_holds(struct slice text, struct slice word)
{
	struct slice rest = text;

	while (rest.p != NULL)
		if (slice_eq(slice_cut(rest, ' ', &rest), word))
			return true;
	return false;
}

/* `scope` is one text (RFC 9068), `scp` with some issuers a list. */
static bool
scope_is_there(yyjson_val *claims, struct slice scope)
{
	yyjson_val *list = token_member(claims, "scp"), *one;
	size_t i, n;

	if (text_holds(token_text(token_member(claims, "scope")), scope) ||
	    text_holds(token_text(list), scope))
		return true;
	yyjson_arr_foreach(list, i, n, one)
	{
		if (slice_eq(token_text(one), scope))
			return true;
	}
	return false;
}

static enum token_fault
claims_read(
    const struct token_policy *policy, yyjson_val *claims, uint64_t now_s, struct token *out)
{
	enum token_fault fault;

	if (!slice_eq(token_text(token_member(claims, "iss")), policy->issuer))
		return TOKEN_ISSUER;
	if (!audience_fits(token_member(claims, "aud"), policy->audience))
		return TOKEN_AUDIENCE;
	fault = times_check(claims, now_s, out);
	if (fault != TOKEN_NONE)
		return fault;
	out->caller = claim_text(claims, policy->caller);
	if (!is_name(out->caller))
		return TOKEN_NAME;
	out->tenant = policy->tenant.p != NULL ? claim_text(claims, policy->tenant) : SLICE_NONE;
	if (policy->tenant.p != NULL && !is_name(out->tenant))
		return TOKEN_TENANT;
	out->has_scopes = true;
	for (size_t i = 0; i < policy->scopes_n; i++)
		out->has_scopes = out->has_scopes && scope_is_there(claims, policy->scopes[i]);
	return TOKEN_NONE;
}

enum token_fault
token_read(const struct token_policy *policy, struct slice text, uint64_t now_s, struct token *out)
{
	struct slice header, claims, signature, rest;
	enum token_fault fault;
	struct buf bytes;
	bool is_signature;

	*out = (struct token){ .caller = SLICE_NONE };
	if (text.n > TOKEN_BYTES_MAX)
		return TOKEN_SIZE;
	header = slice_cut(text, '.', &rest);
	claims = slice_cut(rest, '.', &rest);
	signature = slice_cut(rest, '.', &rest);
	if (signature.n == 0 || rest.p != NULL)
		return TOKEN_SHAPE;
	buf_init(&bytes, NULL, TOKEN_BYTES_MAX);
	is_signature = base64url_read(signature, &bytes);
	out->signature_bytes = bytes.n;
	buf_fini(&bytes);
	if (!is_signature)
		return TOKEN_SHAPE;
	out->documents[0] = part_read(header, HEADER_BYTES_MAX);
	out->documents[1] = part_read(claims, TOKEN_BYTES_MAX);
	if (out->documents[0] == NULL || out->documents[1] == NULL)
		return TOKEN_SHAPE;
	fault = header_read(policy, yyjson_doc_get_root(out->documents[0]), out);
	return fault != TOKEN_NONE
	    ? fault
	    : claims_read(policy, yyjson_doc_get_root(out->documents[1]), now_s, out);
}

void
token_fini(struct token *token)
{
	yyjson_doc_free(token->documents[0]);
	yyjson_doc_free(token->documents[1]);
	*token = (struct token){ .caller = SLICE_NONE };
}
