/*
 * `listen.tls`: the certificates that a listener has, and the names that they claim.
 *
 * A name that two certificates claim is that of the first one, unless their keys are of different
 * kinds (RSA and ECDSA): then both are shown, as the client can use them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "config/config_parts.h"

#define SHOWN_BYTES 64

/* ---- reading --------------------------------------------------------------------------------- */

MUST_CHECK static bool
entry_read(struct config_load *load, const char *shown, const struct node *node,
    struct config_certificate *out, struct err *err)
{
	struct config_walk walk = { .load = load, .base = out };

	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(
		    load, node, err, "%s must be a map with \"cert\" and \"key\"", shown);
	walk.rows = config_options(&walk.rows_n);
	if (!config_walk_map(&walk, S(CONFIG_CERTS), shown, node, err))
		return false;
	if (out->cert.n > 0 && out->key.n > 0)
		return true;
	return CONFIG_FAIL_NODE(
	    load, node, err, "%s needs a \"%s\"", shown, out->cert.n > 0 ? "key" : "cert");
}

bool
config_certificates_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config *config = load->config;
	char shown[SHOWN_BYTES];

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST || list->children > CONFIG_CERTIFICATES_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "listen.tls.certificates must be a list of at most %d entries",
		    CONFIG_CERTIFICATES_MAX);
	if (!arena_reserve(
		&config->arena, (list->children + 1) * sizeof(struct config_certificate), err))
		return false;
	config->listen_certificates =
	    ARENA_ARRAY(&config->arena, struct config_certificate, list->children + 1);
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		snprintf(shown, sizeof(shown), "listen.tls.certificates[%zu]",
		    config->listen_certificates_n);
		if (!entry_read(load, shown, node,
			&config->listen_certificates[config->listen_certificates_n], err))
			return false;
		config->listen_certificates_n++;
	}
	return true;
}

/* ---- the names ------------------------------------------------------------------------------- */

struct claim {
	char *name;
	size_t of; /* 0: listen.tls.cert */
};

struct claims {
	const struct config_load *load;
	const struct node *list;
	X509 *certificates[1 + CONFIG_CERTIFICATES_MAX];
	struct claim *all;
	size_t n, size, of;
};

static void
claim_add(void *ctx, struct slice name)
{
	struct claims *claims = ctx;
	struct claim *claim;

	if (claims->n == claims->size) {
		claims->size = claims->size > 0 ? 2 * claims->size : 64;
		claims->all = mem_resize(claims->all, claims->n * sizeof(*claims->all),
		    claims->size * sizeof(*claims->all));
	}
	claim = &claims->all[claims->n++];
	*claim = (struct claim){ mem_new(name.n + 1), claims->of };
	memcpy(claim->name, name.p, name.n);
}

static int
claim_compare(const void *a, const void *b)
{
	const struct claim *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : (one->of > other->of) - (one->of < other->of);
}

static void
option_name(size_t of, char to[SHOWN_BYTES])
{
	if (of == 0)
		snprintf(to, SHOWN_BYTES, "listen.tls.cert");
	else
		snprintf(to, SHOWN_BYTES, "listen.tls.certificates[%zu].cert", of - 1);
}

static unsigned
line_of(const struct claims *claims, size_t of)
{
	const struct node *node = claims->list->first;

	while (--of > 0)
		node = node->next;
	return node->line;
}

static int
kind_of(const struct claims *claims, size_t of)
{
	return EVP_PKEY_get_base_id(X509_get0_pubkey(claims->certificates[of]));
}

/* Who has the name of claim i, when it is sorted; NULL: nobody before it. */
static const struct claim *
claim_taken(const struct claims *claims, size_t i)
{
	const struct claim *claim = &claims->all[i];

	while (i-- > 0 && strcmp(claims->all[i].name, claim->name) == 0)
		if (claims->all[i].of != claim->of &&
		    kind_of(claims, claims->all[i].of) == kind_of(claims, claim->of))
			return &claims->all[i];
	return NULL;
}

/* Of each certificate the first name that another one has. */
static void
taken_warn(const struct claims *claims)
{
	bool was_said[1 + CONFIG_CERTIFICATES_MAX] = { false };
	char mine[SHOWN_BYTES], other[SHOWN_BYTES];

	for (size_t i = 0; i < claims->n; i++) {
		size_t of = claims->all[i].of;
		const struct claim *taken = was_said[of] ? NULL : claim_taken(claims, i);

		if (taken == NULL)
			continue;
		was_said[of] = true;
		option_name(of, mine);
		option_name(taken->of, other);
		log_event(claims->load->log, LOG_WARN, "certificate_name_taken",
		    "%s:%u: %s: the certificate is for %s, and so is that of %s: clients that ask for "
		    "this name see that one",
		    claims->load->name, line_of(claims, of), mine, claims->all[i].name, other);
	}
}

static void
names_look(struct claims *claims, size_t n)
{
	char shown[SHOWN_BYTES];

	for (claims->of = 0; claims->of <= n; claims->of++) {
		size_t before = claims->n;

		certificate_names_each(claims->certificates[claims->of], claim_add, claims);
		if (claims->n > before || claims->of == 0)
			continue;
		option_name(claims->of, shown);
		log_event(claims->load->log, LOG_WARN, "certificate_without_name",
		    "%s:%u: %s: the certificate is for no DNS name (subjectAltName), so no client sees "
		    "it",
		    claims->load->name, line_of(claims, claims->of), shown);
	}
	if (claims->n > 0)
		qsort(claims->all, claims->n, sizeof(*claims->all), claim_compare);
	taken_warn(claims);
}

/* ---- the files ------------------------------------------------------------------------------- */

MUST_CHECK static bool
more_check(struct config_load *load, struct claims *claims, struct err *err)
{
	const struct config *config = load->config;
	const struct node *node = claims->list->first;
	char shown[SHOWN_BYTES];

	for (size_t i = 0; i < config->listen_certificates_n; i++, node = node->next) {
		snprintf(shown, sizeof(shown), "tls.certificates[%zu].", i);
		if (!config_tls_pair_check(load, &config->listen_certificates[i], node, shown,
			&claims->certificates[1 + i], err))
			return false;
	}
	return true;
}

bool
config_certificates_check(struct config_load *load, const struct node *root, struct err *err)
{
	const struct config *config = load->config;
	const struct node *listen = config_node_find(root, "listen"),
			  *node = config_node_find(listen, "tls");
	struct claims claims = { load, config_node_find(node, "certificates") };
	const struct config_tls tls = {
		.ca = config->listen_tls_client_ca,
		.cert = config->listen_tls_cert,
		.key = config->listen_tls_key,
		.ca_name = "client_ca",
		.needs_cert = true,
		.certificate = &claims.certificates[0],
	};
	struct buf digest;
	bool ok;

	if (node == NULL || node->kind != NODE_MAP) /* `none` */
		return true;
	buf_init(&digest, NULL, 4 * KIB);
	ok = config_tls_check(load, &tls, listen, &digest, err);
	buf_fini(&digest);
	if (ok && config->listen_certificates_n > 0) {
		ok = more_check(load, &claims, err);
		if (ok)
			names_look(&claims, config->listen_certificates_n);
	}
	for (size_t i = 0; i < COUNT(claims.certificates); i++)
		X509_free(claims.certificates[i]);
	for (size_t i = 0; i < claims.n; i++)
		mem_free(claims.all[i].name);
	mem_free(claims.all);
	return ok;
}
