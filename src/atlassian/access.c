/*
 * Accesses: a site seen with one credential.  What is learnt by one (deployment, fields, users) is
 * never shown to another.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "atlassian/tool.h"

#define ACCESS_BYTES_MAX (16 * MIB)
#define HEADERS_MAX	 (64 * KIB)
#define ASK_BYTES_MAX	 (256 * KIB)

/* ---- headers --------------------------------------------------------------------------------- */

static void
put_basic(struct buf *out, struct slice user, struct slice secret)
{
	size_t n = user.n + 1 + secret.n;
	unsigned char *plain = mem_new(n + 1), *coded = mem_new(4 * (n / 3 + 2));

	memcpy(plain, user.p != NULL ? user.p : "", user.n);
	plain[user.n] = ':';
	memcpy(plain + user.n + 1, secret.p != NULL ? secret.p : "", secret.n);
	EVP_EncodeBlock(coded, plain, (int)n);
	buf_puts(out, "Authorization: Basic ");
	buf_puts(out, (const char *)coded);
	buf_puts(out, "\r\n");
	explicit_bzero(plain, n);
	mem_free(plain);
	mem_free(coded);
}

static bool
is_field_value(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < ' ' && text.p[i] != '\t')
			return false;
	}
	return true;
}

static void
put_field(struct buf *out, struct slice name, const char *scheme, struct slice value)
{
	if (!is_field_value(name) || !is_field_value(value) || value.p == NULL)
		return;
	buf_put(out, name);
	buf_puts(out, ": ");
	buf_puts(out, scheme);
	buf_put(out, value);
	buf_puts(out, "\r\n");
}

static void
headers_make(const struct config_site *config, struct buf *out)
{
	struct slice secret = secret_reveal(config->secret);

	if (config->auth == SITE_AUTH_BASIC)
		put_basic(out, config->user, secret);
	if (config->auth == SITE_AUTH_PAT || config->auth == SITE_AUTH_BEARER ||
	    config->auth == SITE_AUTH_OAUTH)
		put_field(out, S("Authorization"), "Bearer ", secret);
	for (size_t i = 0; i < config->headers_n; i++)
		put_field(
		    out, config->headers[i].name, "", secret_reveal(config->headers[i].value));
}

/* ---- making one ------------------------------------------------------------------------------ */

enum config_deployment
site_deployment(const struct site *site)
{
	return config_site_is_cloud(site->config) ? DEPLOYMENT_CLOUD : site->config->deployment;
}

static bool
access_new(struct site *site, struct access **out, struct err *err)
{
	const struct config_site *config = site->config;
	struct loop *loop = hub_loop(site->provider.hub);
	struct rest_settings settings = { .url = config->url,
		.is_unverified = config->is_unverified,
		.tls = { config->tls_ca, config->tls_cert, config->tls_key },
		.key_password = secret_reveal(config->tls_key_password),
		.proxy = config->proxy,
		.connect_ms = config->timeout_ms };
	struct access *access = MEM_NEW(struct access);
	struct buf headers;

	access->site = site;
	access->deployment = site_deployment(site);
	arena_init(&access->arena, loop_memory(loop), ACCESS_BYTES_MAX);
	buf_init(&headers, NULL, HEADERS_MAX);
	headers_make(config, &headers);
	if (!buf_check(&headers, err) || !arena_reserve(&access->arena, headers.n, err) ||
	    !rest_pool_new(loop, &settings, &access->pool, err)) {
		buf_fini(&headers);
		access_free(&access);
		return false;
	}
	access->headers = slice_dup(&access->arena, buf_view(&headers));
	buf_fini(&headers);
	*out = access;
	return true;
}

void
access_free(struct access **at)
{
	struct access *access = *at;

	*at = NULL;
	if (access == NULL)
		return;
	rest_pool_free(&access->pool);
	yyjson_doc_free(access->fields.doc);
	yyjson_doc_free(access->myself.doc);
	yyjson_doc_free(access->users.doc);
	arena_fini(&access->arena);
	mem_free(access);
}

bool
access_find_wait(struct site *site, struct exchange *exchange, struct access **out, struct err *err)
{
	(void)exchange;
	if (site->own == NULL && !access_new(site, &site->own, err))
		return err_prefix(err, "%.*s", SLICE_FMT(site->provider.name));
	*out = site->own;
	return true;
}

/* ---- what it is ------------------------------------------------------------------------------ */

static enum config_deployment
read_answer(const struct site *site, const struct rest_reply *reply, struct arena *arena)
{
	yyjson_alc alc = json_alc(arena);
	yyjson_doc *doc;

	if (site->config->product == PRODUCT_CONFLUENCE)
		return reply->status == 200 ? DEPLOYMENT_CLOUD
		    : reply->status == 404  ? DEPLOYMENT_DATA_CENTER
					    : DEPLOYMENT_AUTO;
	if (reply->status != 200)
		return DEPLOYMENT_AUTO;
	doc = yyjson_read_opts(
	    (char *)(uintptr_t)reply->body.p, reply->body.n, YYJSON_READ_NOFLAG, &alc, NULL);
	return slice_eq(json_slice(yyjson_obj_get(yyjson_doc_get_root(doc), "deploymentType")),
		   S("Cloud"))
	    ? DEPLOYMENT_CLOUD
	    : DEPLOYMENT_DATA_CENTER;
}

bool
access_deployment_wait(struct access *access, bool *is_cloud, struct err *err)
{
	const struct site *site = access->site;
	struct site_request request = { .method = S("GET"),
		.path = site->config->product == PRODUCT_JIRA ? S("/rest/api/2/serverInfo")
							      : S("/api/v2/spaces?limit=1"),
		.max_bytes = ASK_BYTES_MAX };
	enum config_deployment seen = access->deployment;
	struct rest_reply reply;
	struct arena arena;
	bool ok = true;

	if (seen == DEPLOYMENT_AUTO) {
		arena_init(&arena, loop_memory(hub_loop(site->provider.hub)), 4 * MIB);
		ok = site_rest_wait(access, &request, &arena, &reply, err);
		if (ok)
			seen = access->deployment = read_answer(site, &reply, &arena);
		arena_fini(&arena);
	}
	*is_cloud = seen == DEPLOYMENT_CLOUD;
	return ok;
}
