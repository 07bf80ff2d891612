/*
 * Where requests of an access go: to the site's own address, or through Atlassian's API gateway,
 * https://api.atlassian.com/ex/{product}/{cloud id}, which OAuth, scoped API tokens and service
 * accounts need.  The cloud id is configured, was found by the login, or is asked of the site.
 *
 * Kept by access: what one credential needs says nothing about another.
 */
#include <ctype.h>
#include <stdio.h>

#include "atlassian/oauth.h"
#include "atlassian/token.h"
#include "atlassian/tool.h"

#define AGAIN_MS   (5 * 60 * 1000) /* after a gateway that refused the credential too */
#define INFO_BYTES (64 * KIB)
#define CLOUD_ID   64

static bool
is_cloud_id(struct slice id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '-')
			return false;
	return id.n > 0 && id.n <= CLOUD_ID;
}

/* https://api.atlassian.com/ex/... */
static bool
is_at_gateway(const struct config_site *config)
{
	struct slice rest;

	if (!slice_starts(config->url, config->api))
		return false;
	rest = (struct slice){ config->url.p + config->api.n, config->url.n - config->api.n };
	return slice_starts(rest, S("/ex/"));
}

/* Does the configuration say so, or the kind of credential? */
static bool
wants_gateway(const struct access *access)
{
	const struct config_site *config = access->site->config;

	if (!access->is_operators || config->gateway == GATEWAY_NEVER || config->api.n == 0 ||
	    is_at_gateway(config))
		return false;
	if (config->gateway == GATEWAY_ALWAYS)
		return true;
	return access->deployment == DEPLOYMENT_CLOUD &&
	    (config->auth == SITE_AUTH_OAUTH || config->cloud_id.n > 0);
}

/* API tokens of people (ATATT) may be scoped, those of service accounts (ATSTT) are. */
static bool
may_need_gateway(const struct access *access)
{
	const struct config_site *config = access->site->config;
	struct slice secret = secret_reveal(config->secret);

	return access->is_operators && config->gateway == GATEWAY_AUTO &&
	    access->deployment == DEPLOYMENT_CLOUD && !is_at_gateway(config) &&
	    (config->auth == SITE_AUTH_BASIC || config->auth == SITE_AUTH_BEARER) &&
	    (slice_starts(secret, S("ATSTT")) || slice_starts(secret, S("ATATT")));
}

/* What the site says of itself, to anybody; into id. */
MUST_CHECK static bool
ask_wait(struct access *access, struct buf *id, struct err *err)
{
	const struct config_site *config = access->site->config;
	struct loop *loop = hub_loop(access->site->provider.hub);
	struct rest_request request = { .method = S("GET"),
		.path = S("/_edge/tenant_info"),
		.headers = S("Accept: application/json\r\n"),
		.timeout_ms = config->timeout_ms,
		.max_bytes = INFO_BYTES };
	struct rest_settings settings;
	struct rest_pool *pool;
	struct rest_reply reply;
	struct arena arena;
	struct slice found;
	yyjson_doc *doc;
	bool was_sent, ok;
	struct url url;

	if (!url_parse(config->url, &url, err))
		return false;
	settings = access_settings(config,
	    (struct slice){
		config->url.p, (size_t)(url.authority.p + url.authority.n - config->url.p) });
	if (!rest_pool_new(loop, &settings, &pool, err))
		return false;
	arena_init(&arena, loop_memory(loop), MIB);
	ok = rest_wait(pool, &request, &arena, &reply, &was_sent, err);
	if (ok) {
		doc = yyjson_read(reply.body.p, reply.body.n, YYJSON_READ_NOFLAG);
		found = json_slice(yyjson_obj_get(yyjson_doc_get_root(doc), "cloudId"));
		ok = reply.status == 200 && is_cloud_id(found);
		if (ok)
			buf_put(id, found);
		else
			err_set(err, ERR_UNAVAILABLE,
			    "the site does not tell its cloud id (HTTP %d): set auth.cloud_id",
			    reply.status);
		yyjson_doc_free(doc);
	}
	arena_fini(&arena);
	rest_pool_free(&pool);
	return ok;
}

/* A pool for {api}{before}{cloud id}{behind}, made at most once. */
MUST_CHECK static bool
pool_wait(struct access *access, const char *before, const char *behind, struct rest_pool **made,
    struct err *err)
{
	const struct config_site *config = access->site->config;
	struct rest_settings settings;
	struct rest_pool *pool = NULL;
	struct buf id, url;
	bool ok = true;

	buf_init(&id, NULL, KIB);
	buf_init(&url, NULL, 4 * KIB);
	if (config->cloud_id.n > 0)
		buf_put(&id, config->cloud_id);
	else if (access->token != NULL && is_cloud_id(token_cloud_id(access->token)))
		buf_put(&id, token_cloud_id(access->token));
	else
		ok = ask_wait(access, &id, err);
	/* Another call may have made it meanwhile. */
	if (ok && *made == NULL) {
		buf_printf(&url, "%.*s%s%.*s%s", SLICE_FMT(config->api), before,
		    SLICE_FMT(buf_view(&id)), behind);
		settings = access_settings(config, buf_view(&url));
		ok = rest_pool_new(hub_loop(access->site->provider.hub), &settings, &pool, err);
		*made = pool;
	}
	buf_fini(&url);
	buf_fini(&id);
	return ok;
}

MUST_CHECK static bool
gateway_wait(struct access *access, struct err *err)
{
	bool is_jira = access->site->config->product == PRODUCT_JIRA;

	return pool_wait(access, is_jira ? "/ex/jira/" : "/ex/confluence/", is_jira ? "" : "/wiki",
	    &access->gateway, err);
}

bool
access_forms_wait(struct access *access, struct rest_pool **pool, struct err *err)
{
	access = access_root(access);
	if (!access->is_ours || access->site->config->api.n == 0)
		return err_set(
		    err, ERR_REFUSED, "forms are for the site that is configured, by its auth.api");
	if (access->forms == NULL &&
	    !pool_wait(access, "/jira/forms/cloud/", "", &access->forms, err))
		return false;
	*pool = access->forms;
	return true;
}

bool
access_way_wait(struct access *access, struct rest_pool **pool, struct err *err)
{
	access = access_root(access);
	if (wants_gateway(access)) {
		if (access->gateway == NULL && !gateway_wait(access, err))
			return false;
		access->by_gateway = true;
	}
	*pool = access->by_gateway ? access->gateway : access->pool;
	return true;
}

bool
access_other_way_wait(struct access *access, struct rest_pool **pool)
{
	uint64_t now = loop_now_ms(hub_loop(access->site->provider.hub));
	struct err err;

	access = access_root(access);
	if (*pool != access->pool || !may_need_gateway(access) ||
	    (access->way_again_ms != 0 && now < access->way_again_ms))
		return false;
	access->way_again_ms = now + AGAIN_MS;
	if (access->gateway == NULL && !gateway_wait(access, &err))
		return false;
	*pool = access->gateway;
	return true;
}
