/*
 * Tokens of an issuer and its keys.  First byte 'k': a set of keys, then, behind a NUL, a token to
 * verify with it; else a token alone.  What is read is bounded and fit for records, and no
 * signature of the fuzzer's is right.
 */
#include "auth/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct slice scopes[] = { S("use") };
static const struct token_policy policy = {
	.issuer = S("i"),
	.audience = S("a"),
	.caller = S("sub"),
	.tenant = S("org"),
	.scopes = scopes,
	.scopes_n = 1,
	.algorithms = (1u << JOSE_ALGORITHMS_N) - 1,
};

static void
check_name(struct slice name)
{
	must(name.n > 0 && name.n <= TOKEN_NAME_MAX);
	for (size_t i = 0; i < name.n; i++)
		must(name.p[i] > ' ' && name.p[i] <= '~');
}

static void
token_try(struct slice text, const struct keyset *set)
{
	struct token token;
	enum token_fault fault = token_read(&policy, text, 1700000000, &token);

	must(fault < TOKEN_FAULTS_N && token_fault_text(fault) != NULL);
	if (fault == TOKEN_NONE) {
		check_name(token.caller);
		check_name(token.tenant);
		must(text.n <= TOKEN_BYTES_MAX && token.expires_s + TOKEN_LEEWAY_S > 1700000000);
	}
	/* Also where its claims say nothing: what matters here is that the library survives. */
	if (set != NULL && token.signature_bytes > 0 && fault != TOKEN_SHAPE &&
	    fault != TOKEN_CRITICAL && fault != TOKEN_TYPE && fault != TOKEN_ALGORITHM)
		must(keyset_verify(set, &token, text) != TOKEN_NONE);
	token_fini(&token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice all = { (const char *)data, n }, token, keys;
	struct keyset *set = NULL;
	struct err err = { 0 };

	if (n == 0 || n > 300000)
		return 0;
	if (data[0] != 'k') {
		token_try(all, NULL);
		return 0;
	}
	must(jose_load(&err));
	keys = slice_cut((struct slice){ all.p + 1, n - 1 }, '\0', &token);
	if (keyset_new(keys, &set, &err)) {
		must(keyset_n(set) > 0 && keyset_n(set) <= KEYSET_KEYS_MAX);
		if (token.p != NULL)
			token_try(token, set);
	} else {
		must(err.kind == ERR_REFUSED && err.text[0] != '\0');
	}
	keyset_free(&set);
	return 0;
}
