/*
 * What requests bring for Atlassian: Authorization, and header fields that name a site and a token.
 * Here they are only read; whether they are worth anything their site says (src/atlassian), and to
 * which site they go is decided there too.
 *
 * Strict on purpose: a field that is empty, comes twice, or holds what no credential holds is
 * refused and not passed over, so that nobody believes he came with a credential and is served with
 * another one.  No text here ever repeats a value.
 */
#include <string.h>

#include "auth/auth.h"
#include "net/net.h"

#define AT(member) offsetof(struct credentials, member)

/* clang-format off */
static const struct field {
	struct slice name;
	size_t at; /* of a slice in struct credentials */
} fields[] = {
	{ S("X-Atlassian-Cloud-Id"),			AT(cloud_id) },
	{ S("X-Jira-URL"),				AT(url[PRODUCT_JIRA]) },
	{ S("X-Atlassian-Jira-Url"),			AT(url[PRODUCT_JIRA]) },
	{ S("X-Jira-Token"),				AT(token[PRODUCT_JIRA]) },
	{ S("X-Atlassian-Jira-Personal-Token"),		AT(token[PRODUCT_JIRA]) },
	{ S("X-Confluence-URL"),			AT(url[PRODUCT_CONFLUENCE]) },
	{ S("X-Atlassian-Confluence-Url"),		AT(url[PRODUCT_CONFLUENCE]) },
	{ S("X-Confluence-Token"),			AT(token[PRODUCT_CONFLUENCE]) },
	{ S("X-Atlassian-Confluence-Personal-Token"),	AT(token[PRODUCT_CONFLUENCE]) },
};

static const struct {
	struct slice name;
	enum credential_scheme scheme;
} schemes[] = {
	{ S("Bearer"),	CREDENTIAL_BEARER },
	{ S("Token"),	CREDENTIAL_TOKEN },
	{ S("Basic"),	CREDENTIAL_BASIC },
};

/* Slices of struct credentials. */
static const size_t parts[] = { AT(authorization), AT(cloud_id), AT(url[0]), AT(url[1]),
	AT(token[0]), AT(token[1]) };
/* clang-format on */

static struct slice *
part(struct credentials *credentials, size_t at)
{
	return (struct slice *)(void *)((char *)credentials + at);
}

static struct slice
part_view(const struct credentials *credentials, size_t at)
{
	return *(const struct slice *)(const void *)((const char *)credentials + at);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool
is_visible(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || (unsigned char)text.p[i] >= 0x7f)
			return false;
	return text.n > 0 && text.n <= CREDENTIAL_BYTES_MAX;
}

static bool
is_cloud_id(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			c == '-'))
			return false;
	}
	return text.n > 0 && text.n <= 64;
}

MUST_CHECK static bool
authorization_read(struct slice value, struct credentials *out, struct err *err)
{
	struct slice rest, scheme = slice_cut(value, ' ', &rest);

	if (out->scheme != CREDENTIAL_NONE)
		return err_set(err, ERR_REQUEST, "Authorization came twice");
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (slice_eq_nocase(scheme, schemes[i].name))
			out->scheme = schemes[i].scheme;
	out->authorization = slice_trim(rest);
	if (out->scheme == CREDENTIAL_NONE)
		return err_set(err, ERR_REQUEST,
		    "Authorization must be \"Bearer TOKEN\", \"Token PAT\" or \"Basic ...\"");
	return is_visible(out->authorization) ||
	    err_set(err, ERR_REQUEST, "Authorization holds no credential behind its scheme");
}

MUST_CHECK static bool
field_read(const struct field *field, struct slice value, struct credentials *out, struct err *err)
{
	struct slice *to = part(out, field->at);

	if (!is_visible(value))
		return err_set(err, ERR_REQUEST, "%.*s is empty, or holds no such value",
		    SLICE_FMT(field->name));
	if (to->p != NULL && !slice_eq(*to, value))
		return err_set(err, ERR_REQUEST, "%.*s contradicts another header of that meaning",
		    SLICE_FMT(field->name));
	if (field->at == AT(cloud_id) && !is_cloud_id(value))
		return err_set(
		    err, ERR_REQUEST, "%.*s must be the id of a site", SLICE_FMT(field->name));
	*to = value;
	return true;
}

/* A field of any text, for a site and not for us. */
MUST_CHECK static bool
passed_read(const struct http_header *header, struct credentials *out, struct err *err)
{
	if (out->passed_n == COUNT(out->passed))
		return err_set(err, ERR_REQUEST, "more than %u header fields that are passed on",
		    CREDENTIAL_PASSED_MAX);
	for (size_t i = 0; i < header->value.n; i++)
		if (((unsigned char)header->value.p[i] < ' ' && header->value.p[i] != '\t') ||
		    header->value.p[i] == 0x7f)
			return err_set(err, ERR_REQUEST, "%.*s holds a control character",
			    SLICE_FMT(header->name));
	if (header->value.n > CREDENTIAL_BYTES_MAX)
		return err_set(
		    err, ERR_REQUEST, "%.*s is too long to be passed on", SLICE_FMT(header->name));
	out->passed[out->passed_n++] = (struct passed){ header->name, header->value };
	return true;
}

bool
credentials_read(const struct auth *auth, const struct http_header *headers, size_t n,
    struct credentials *out, struct err *err)
{
	bool is_ours = auth_asks(auth) && !auth_is_tenants(auth);

	*out = (struct credentials){ 0 };
	for (size_t i = 0; i < n; i++)
		if (auth_passes(auth, headers[i].name) && !passed_read(&headers[i], out, err))
			return false;
	if (!auth_takes_credentials(auth))
		return true;
	for (size_t i = 0; is_ours && i < n; i++)
		is_ours = !slice_eq_nocase(headers[i].name, S("X-Bascule-Key"));
	for (size_t i = 0; i < n; i++) {
		struct slice name = headers[i].name;

		if (slice_eq_nocase(name, S("Authorization"))) {
			if (!is_ours && !authorization_read(headers[i].value, out, err))
				return false;
			continue;
		}
		for (size_t k = 0; k < COUNT(fields); k++)
			if (slice_eq_nocase(name, fields[k].name) &&
			    !field_read(&fields[k], headers[i].value, out, err))
				return false;
	}
	return true;
}

bool
credentials_have_secret(const struct credentials *credentials)
{
	return credentials != NULL &&
	    (credentials->authorization.p != NULL || credentials->token[PRODUCT_JIRA].p != NULL ||
		credentials->token[PRODUCT_CONFLUENCE].p != NULL);
}

/* ---- copies ---------------------------------------------------------------------------------- */

/* Of all texts together. */
static size_t
texts_bytes(const struct credentials *credentials)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT(parts); i++)
		n += part_view(credentials, parts[i]).n;
	for (unsigned i = 0; i < credentials->passed_n; i++)
		n += credentials->passed[i].name.n + credentials->passed[i].value.n;
	return n;
}

static void
text_move(struct slice *text, char **to)
{
	if (text->p == NULL)
		return;
	memcpy(*to, text->p, text->n);
	text->p = *to;
	*to += text->n;
}

/* One block of memory: the struct, its texts behind it. */
struct credentials *
credentials_dup(const struct credentials *credentials)
{
	struct credentials *copy;
	char *to;

	if (credentials == NULL)
		return NULL;
	copy = mem_new(sizeof(*copy) + texts_bytes(credentials) + 1);
	*copy = *credentials;
	to = (char *)(copy + 1);
	for (size_t i = 0; i < COUNT(parts); i++)
		text_move(part(copy, parts[i]), &to);
	for (unsigned i = 0; i < copy->passed_n; i++) {
		text_move(&copy->passed[i].name, &to);
		text_move(&copy->passed[i].value, &to);
	}
	return copy;
}

void
credentials_free(struct credentials **at)
{
	struct credentials *credentials = *at;

	*at = NULL;
	if (credentials == NULL)
		return;
	explicit_bzero(credentials, sizeof(*credentials) + texts_bytes(credentials));
	mem_free(credentials);
}

/* ---- the name -------------------------------------------------------------------------------- */

void
credentials_name(const struct credentials *credentials, const unsigned char salt[TENANT_SALT_BYTES],
    char out[TENANT_NAME_BYTES])
{
	static const char tags[] = "acjwJW";
	unsigned char inner[SHA256_BYTES], digest[SHA256_BYTES];
	struct buf text;
	size_t k = 7;

	/* Texts have no NUL in them: no two sets of fields make the same one.  Hashed twice with
	 * the salt, as nothing can be put behind what was hashed. */
	buf_init(&text, NULL, 8 * CREDENTIAL_BYTES_MAX);
	buf_put(&text, (struct slice){ (const char *)salt, TENANT_SALT_BYTES });
	buf_putc(&text, (char)('0' + credentials->scheme));
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_putc(&text, tags[i]);
		buf_put(&text, part_view(credentials, parts[i]));
		buf_putc(&text, '\0');
	}
	sha256_bytes(buf_view(&text), inner);
	explicit_bzero(text.p, text.n);
	buf_clear(&text);
	buf_put(&text, (struct slice){ (const char *)salt, TENANT_SALT_BYTES });
	buf_put(&text, (struct slice){ (const char *)inner, sizeof(inner) });
	sha256_bytes(buf_view(&text), digest);
	buf_fini(&text);
	memcpy(out, "tenant:", k);
	hex_put(digest, 6, out + k);
	out[k + 12] = '\0';
}
