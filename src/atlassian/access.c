/*
 * Accesses: a site seen with one credential.  What is learnt by one (deployment, fields, users) is
 * never shown to another, nor are its connections.  Here they are made and ended; which one a
 * request gets is decided in access_choice.c, and whether it is good in access_tenants.c.
 */
#include <openssl/evp.h>
#include <stdio.h>

#include "atlassian/access.h"
#include "atlassian/token.h"
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

/* Fields that the operator put there as a credential are his. */
static bool
is_secret_field(struct slice name)
{
	return slice_eq_nocase(name, S("Authorization")) || slice_eq_nocase(name, S("Cookie")) ||
	    slice_eq_nocase(name, S("Proxy-Authorization"));
}

static void
own_headers_make(const struct config_site *config, struct buf *out)
{
	struct slice secret = secret_reveal(config->secret);

	if (config->auth == SITE_AUTH_BASIC)
		put_basic(out, config->user, secret);
	if (config->auth == SITE_AUTH_PAT || config->auth == SITE_AUTH_BEARER)
		put_field(out, S("Authorization"), "Bearer ", secret);
}

/* The configured fields go to the configured address only. */
static void
headers_make(const struct config_site *config, const struct choice *choice, struct buf *out)
{
	if (choice->is_operators)
		own_headers_make(config, out);
	else
		put_field(out, S("Authorization"),
		    choice->scheme == CREDENTIAL_BASIC ? "Basic " : "Bearer ", choice->credential);
	if (!choice->is_operators && !choice->is_ours)
		return;
	for (size_t i = 0; i < config->headers_n; i++)
		if (choice->is_operators || !is_secret_field(config->headers[i].name))
			put_field(out, config->headers[i].name, "",
			    secret_reveal(config->headers[i].value));
}

/* ---- making one ------------------------------------------------------------------------------ */

enum config_deployment
site_deployment(const struct site *site)
{
	return config_site_is_cloud(site->config) ? DEPLOYMENT_CLOUD : site->config->deployment;
}

struct rest_settings
access_settings(const struct config_site *config, struct slice url)
{
	return (struct rest_settings){ .url = url,
		.is_unverified = config->is_unverified,
		.tls = { config->tls_ca, config->tls_cert, config->tls_key },
		.key_password = secret_reveal(config->tls_key_password),
		.proxy = access_proxy(config, url),
		.connect_ms = config->timeout_ms };
}

/* Of an address that a request named. */
static enum config_deployment
deployment_by_host(struct slice url)
{
	struct config_site site = { .url = url };

	return config_site_is_cloud(&site) ? DEPLOYMENT_CLOUD : DEPLOYMENT_AUTO;
}

static bool
may_dial(void *owner, const struct address *address)
{
	const struct access *access = owner;

	return access_may_dial((enum access_reach)access->reach, address);
}

/*
 * What a connection needs.  The operator's client certificate is a credential where nothing else
 * is; his settings of TLS are for his address.  A proxy of his connects for everyone, and sees to
 * it where.
 */
static void
settings_make(const struct access *access, const struct choice *choice, struct rest_settings *out)
{
	const struct config_site *config = access->site->config;
	bool is_ours = choice->is_operators || choice->is_ours;

	*out = (struct rest_settings){ .url = access->url,
		.proxy = access_proxy(config, access->url),
		.connect_ms = config->timeout_ms };
	if (is_ours) {
		out->is_unverified = config->is_unverified;
		out->tls.ca = config->tls_ca;
	}
	if (choice->is_operators || (is_ours && config->auth != SITE_AUTH_CERT)) {
		out->tls = (struct tls_files){ config->tls_ca, config->tls_cert, config->tls_key };
		out->key_password = secret_reveal(config->tls_key_password);
	}
	if (!is_ours && out->proxy.n == 0) {
		out->may_connect = may_dial;
		out->owner = (void *)(uintptr_t)access;
	}
}

void
access_arena_init(struct access *access)
{
	arena_init(
	    &access->arena, loop_memory(hub_loop(access->site->provider.hub)), ACCESS_BYTES_MAX);
}

bool
access_new(struct site *site, const struct choice *choice, struct access **out, struct err *err)
{
	struct loop *loop = hub_loop(site->provider.hub);
	struct slice url = choice->is_operators ? site->config->url : choice->url;
	struct access *access = MEM_NEW(struct access);
	struct rest_settings settings;
	struct buf headers;
	bool ok;

	access->site = site;
	access->is_operators = choice->is_operators;
	access->is_ours = choice->is_operators || choice->is_ours;
	access->reach = (int)choice->reach;
	access->deployment = access->is_ours ? site_deployment(site)
	    : choice->is_cloud		     ? DEPLOYMENT_CLOUD
					     : deployment_by_host(url);
	access_arena_init(access);
	buf_init(&headers, NULL, HEADERS_MAX);
	headers_make(site->config, choice, &headers);
	ok = buf_check(&headers, err) && arena_reserve(&access->arena, headers.n + url.n + 64, err);
	if (ok) {
		access->headers = slice_dup(&access->arena, buf_view(&headers));
		access->url = slice_dup(&access->arena, url);
		settings_make(access, choice, &settings);
		ok = rest_pool_new(loop, &settings, &access->pool, err);
	}
	if (headers.n > 0)
		explicit_bzero(headers.p, headers.n);
	buf_fini(&headers);
	if (ok && access->is_operators && site->config->auth == SITE_AUTH_OAUTH)
		access->token = token_new(loop, site->settings, site->config);
	if (!ok)
		access_free(&access);
	*out = access;
	return ok;
}

void
access_free(struct access **at)
{
	struct access *access = *at;

	*at = NULL;
	if (access == NULL)
		return;
	must(access->in_use == 0);
	if (access->base == NULL) {
		rest_pool_free(&access->pool);
		rest_pool_free(&access->gateway);
		rest_pool_free(&access->forms);
		token_free(&access->token);
	}
	access_leave(&access->base);
	yyjson_doc_free(access->fields.doc);
	yyjson_doc_free(access->myself.doc);
	yyjson_doc_free(access->users.doc);
	if (access->headers.n > 0)
		explicit_bzero((char *)(uintptr_t)access->headers.p, access->headers.n);
	arena_fini(&access->arena);
	mem_free(access);
}

void
access_leave(struct access **at)
{
	struct access *access = *at;

	*at = NULL;
	if (access == NULL)
		return;
	access->in_use--;
	if (access->in_use == 0 && !access->is_kept)
		access_free(&access);
}

/* ---- finding one ----------------------------------------------------------------------------- */

static bool
own_find(struct site *site, const struct choice *choice, struct access **out, struct err *err)
{
	if (site->own == NULL) {
		if (!access_new(site, choice, &site->own, err))
			return false;
		site->own->is_kept = true;
	}
	site->own->in_use++;
	*out = site->own;
	return true;
}

static bool
pass(const struct exchange *exchange, struct access **access, struct err *err)
{
	if (exchange == NULL || access_pass(access, exchange->caller.credentials, err))
		return true;
	access_leave(access);
	return false;
}

static bool
find_wait(struct site *site, struct exchange *exchange, bool takes_own, struct access **out,
    struct err *err)
{
	const struct config *config = site->settings->config;
	struct choice choice;
	struct arena arena;
	bool ok;

	*out = NULL;
	arena_init(&arena, loop_memory(hub_loop(site->provider.hub)), 64 * KIB);
	ok = access_choose(config, site->config,
	    exchange != NULL ? exchange->caller.credentials : NULL, &arena, &choice, err);
	if (ok && choice.is_operators && !takes_own)
		ok = err_set(err, ERR_STRANGER, "a credential for Jira or Confluence is needed");
	ok = ok &&
	    (choice.is_operators ? own_find(site, &choice, out, err)
				 : tenant_find_wait(site, &choice, out, err)) &&
	    pass(exchange, out, err);
	/* Only where credentials are what lets people in, a bad one is a stranger's. */
	if (!ok && err->kind == ERR_STRANGER && config->auth != AUTH_TENANTS)
		err->kind = ERR_REFUSED;
	arena_fini(&arena);
	return ok;
}

bool
access_find_wait(struct site *site, struct exchange *exchange, struct access **out, struct err *err)
{
	return find_wait(site, exchange, true, out, err) ||
	    err_prefix(err, "%.*s", SLICE_FMT(site->provider.name));
}

bool
access_confirm_wait(struct site *site, struct exchange *exchange, struct err *err)
{
	struct access *access;
	bool ok = find_wait(site, exchange, false, &access, err);

	access_leave(&access);
	return ok;
}

void
accesses_close(struct site *site)
{
	while (site->tenants != NULL) {
		struct access *access = site->tenants;

		site->tenants = access->next;
		access_free(&access);
	}
	access_free(&site->own);
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
			seen = access->deployment = access_root(access)->deployment =
			    read_answer(site, &reply, &arena);
		arena_fini(&arena);
	}
	*is_cloud = seen == DEPLOYMENT_CLOUD;
	return ok;
}
