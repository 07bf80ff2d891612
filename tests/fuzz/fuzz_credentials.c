/*
 * What requests bring for Atlassian: whatever header fields come, what is accepted is bounded and
 * visible, a copy says the same, and what is refused is not repeated in the error.  The first byte
 * chooses the configuration; each line behind it is a field, "Name:value".
 */
#include "auth/auth.h"
#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define FIELDS_MAX 40

static struct auth *
auth_for(uint8_t how)
{
	static struct slice names[] = { S("X-Trace"), S("Cookie") };
	static struct config_site site = { .passthrough = names, .passthrough_n = COUNT(names) };
	struct config_key key = { .name = S("ci") };
	struct config config = { .auth = how & 1 ? AUTH_KEYS : AUTH_TENANTS,
		.keys = &key,
		.keys_n = 1,
		.atlassian = { .sites = &site,
		    .sites_n = how & 2 ? 0 : 1,
		    .ignore_headers = (how & 4) != 0 } };

	return auth_new(&config);
}

static void
check_visible(struct slice text)
{
	must(text.p == NULL || (text.n > 0 && text.n <= CREDENTIAL_BYTES_MAX));
	for (size_t i = 0; i < text.n; i++)
		must((unsigned char)text.p[i] > ' ' && (unsigned char)text.p[i] < 0x7f);
}

static void
check_same(struct slice a, struct slice b)
{
	must((a.p == NULL) == (b.p == NULL) && slice_eq(a, b));
}

static void
check(const struct credentials *got, uint8_t how)
{
	static const unsigned char salt[TENANT_SALT_BYTES] = { 7 };
	struct credentials *copy = credentials_dup(got);
	char name[TENANT_NAME_BYTES], again[TENANT_NAME_BYTES];

	check_visible(got->authorization);
	check_visible(got->cloud_id);
	must((got->scheme == CREDENTIAL_NONE) == (got->authorization.p == NULL));
	check_same(got->authorization, copy->authorization);
	check_same(got->cloud_id, copy->cloud_id);
	for (size_t i = 0; i < CREDENTIAL_PRODUCTS; i++) {
		check_visible(got->url[i]);
		check_visible(got->token[i]);
		check_same(got->url[i], copy->url[i]);
		check_same(got->token[i], copy->token[i]);
	}
	must(got->passed_n <= CREDENTIAL_PASSED_MAX && got->passed_n == copy->passed_n);
	for (unsigned i = 0; i < got->passed_n; i++) {
		must(memchr(got->passed[i].value.p, '\n', got->passed[i].value.n) == NULL);
		check_same(got->passed[i].name, copy->passed[i].name);
		check_same(got->passed[i].value, copy->passed[i].value);
	}
	if (how & 6)
		must(!credentials_have_secret(got));
	must(credentials_have_secret(got) == credentials_have_secret(copy));
	credentials_name(got, salt, name);
	credentials_name(copy, salt, again);
	must(memcmp(name, again, sizeof(name)) == 0);
	credentials_free(&copy);
}

/* Whether an error is one of our sentences, with no more of the request than a field's name. */
static bool
is_ours(const char *text, const struct http_header *headers, size_t count)
{
	static const char *const whole[] = {
		"Authorization came twice",
		"Authorization must be \"Bearer TOKEN\", \"Token PAT\" or \"Basic ...\"",
		"Authorization holds no credential behind its scheme",
		"more than 16 header fields that are passed on",
	};
	static const char *const behind_a_name[] = {
		" is empty, or holds no such value",
		" contradicts another header of that meaning",
		" must be the id of a site",
		" holds a control character",
		" is too long to be passed on",
	};
	size_t n = strlen(text);

	for (size_t i = 0; i < COUNT(whole); i++)
		if (strcmp(text, whole[i]) == 0)
			return true;
	for (size_t i = 0; i < count; i++) {
		struct slice name = headers[i].name;

		if (n < name.n || !slice_eq_nocase((struct slice){ text, name.n }, name))
			continue;
		for (size_t k = 0; k < COUNT(behind_a_name); k++)
			if (strcmp(text + name.n, behind_a_name[k]) == 0)
				return true;
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct http_header headers[FIELDS_MAX];
	struct slice rest, line;
	struct credentials got;
	struct auth *auth;
	struct err err = { 0 };
	size_t count = 0;

	if (n == 0 || n > 100000)
		return 0;
	rest = (struct slice){ (const char *)data + 1, n - 1 };
	while (rest.n > 0 && count < FIELDS_MAX) {
		line = slice_cut(rest, '\n', &rest);
		headers[count].name = slice_cut(line, ':', &headers[count].value);
		if (headers[count].value.p == NULL)
			headers[count].value = S("");
		count++;
	}
	auth = auth_for(data[0]);
	if (credentials_read(auth, headers, count, &got, &err)) {
		check(&got, data[0]);
	} else {
		must(err.kind == ERR_REQUEST);
		must(is_ours(err.text, headers, count));
	}
	auth_free(&auth);
	return 0;
}
