/*
 * `auth.jwt`: whose tokens are taken.  What the table of options cannot say: an issuer is reached
 * by https or is on this machine, algorithms need a public key, and clients are told a URL.
 */
#include <string.h>

#include "config/config_parts.h"

#define CLAIM_BYTES 64
#define SCOPE_BYTES 128

/* Unlike an address of a site it stays as it is written: `iss` must be the same to the byte. */
bool
config_check_issuer(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice as_url = *value;

	if (memchr(value->p, '?', value->n) != NULL || memchr(value->p, '#', value->n) != NULL)
		return CONFIG_FAIL_NODE(
		    load, node, err, "must have neither a query nor a fragment");
	return config_check_oauth_url(load, node, &as_url, err);
}

bool
config_check_algorithm(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const struct slice names[] = {
#define X(name) S(#name),
		CONFIG_JWT_ALGORITHMS(X)
#undef X
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eq(names[i], *value))
			return true;
	if (slice_starts(*value, S("HS")) || slice_eq_nocase(*value, S("none")))
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" is never taken: who can check such a token can make one",
		    config_show(*value).text);
	return CONFIG_FAIL_NODE(load, node, err,
	    "unknown algorithm \"%s\": RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or ES512",
	    config_show(*value).text);
}

/* RFC 6749 section 3.3; it stands between quotes in a header field. */
bool
config_check_scope(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	for (size_t i = 0; i < value->n; i++)
		if (value->p[i] <= ' ' || value->p[i] > '~' || value->p[i] == '"' ||
		    value->p[i] == '\\')
			return CONFIG_FAIL_NODE(load, node, err,
			    "a scope is one word of visible ASCII characters without \" and \\");
	return (value->n > 0 && value->n <= SCOPE_BYTES) ||
	    CONFIG_FAIL_NODE(load, node, err, "a scope has 1 to %d characters", SCOPE_BYTES);
}

bool
config_check_claim(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return (value->n > 0 && value->n <= CLAIM_BYTES) ||
	    CONFIG_FAIL_NODE(
		load, node, err, "the name of a claim has 1 to %d characters", CLAIM_BYTES);
}

MUST_CHECK static bool
algorithms_default(struct config *config, struct err *err)
{
	struct config_jwt *jwt = &config->jwt;

	if (jwt->algorithms_n > 0)
		return true;
	if (!arena_reserve(&config->arena, 2 * sizeof(*jwt->algorithms), err))
		return false;
	jwt->algorithms = ARENA_ARRAY(&config->arena, struct slice, 2);
	jwt->algorithms[jwt->algorithms_n++] = S("RS256");
	jwt->algorithms[jwt->algorithms_n++] = S("ES256");
	return true;
}

/* Where clients are told to look for metadata begins with it. */
MUST_CHECK static bool
resource_check(struct config_load *load, const struct node *node, struct err *err)
{
	struct config_jwt *jwt = &load->config->jwt;
	struct slice as_url = jwt->audience;
	struct err quiet = { 0 };

	if (jwt->resource.n == 0 && !config_check_site_url(load, node, &as_url, &quiet))
		return CONFIG_FAIL_NODE(load, node, err,
		    "auth.jwt needs a \"resource\": the URL that clients use (the audience is none)");
	if (jwt->resource.n == 0)
		jwt->resource = jwt->audience;
	for (size_t i = 0; i < jwt->resource.n; i++)
		if (jwt->resource.p[i] <= ' ' || jwt->resource.p[i] > '~' ||
		    jwt->resource.p[i] == '"' || jwt->resource.p[i] == '\\')
			return CONFIG_FAIL_NODE(load, node, err,
			    "auth.jwt: the URL that clients use holds a forbidden character");
	return true;
}

bool
config_jwt_finish(struct config_load *load, const struct node *root, struct err *err)
{
	const struct node *node = NULL;
	struct config *config = load->config;

	if (root != NULL && config_node_find(root, "auth") != NULL &&
	    config_node_find(root, "auth")->kind == NODE_MAP)
		node = config_node_find(config_node_find(root, "auth"), "jwt");
	if (node == NULL)
		return true;
	if (config->jwt.issuer.n == 0)
		return CONFIG_FAIL_NODE(load, node, err,
		    "auth.jwt needs an \"issuer\": the URL that `iss` of its tokens has");
	if (config->jwt.audience.n == 0 || config->jwt.audience.n > 2 * KIB)
		return CONFIG_FAIL_NODE(load, node, err,
		    "auth.jwt needs an \"audience\": what `aud` of tokens for this gateway names");
	config->auth = AUTH_KEYS;
	return algorithms_default(config, err) && resource_check(load, node, err);
}
