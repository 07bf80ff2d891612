/*
 * The replicas behind one balancer: who they are and where, ids of sessions that name them, and
 * the mark by which one knows what another hands to it.
 *
 * Addresses come from the configuration.  A name comes from a client, and is looked at only behind
 * a tag or a seal of ours; with `address` it may differ from our own in the number at its end.
 */
#include "mcp/replicas.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PEERS_MAX     256
#define PEER_KEEP     64 /* idle connections to each */
#define CONNECT_MS    5000
#define MARK_MS	      60000
#define NUMBER_DIGITS 4 /* of a name, at its end */
#define PARTS_MAX     5

/* ---- who they are ---------------------------------------------------------------------------- */

static bool
are_there(const struct config_replicas *config)
{
	return config->peers_n > 0 || config->address.p != NULL;
}

bool
mcp_replica_name(const struct config *config, char name[REPLICA_NAME_BYTES + 1], struct err *err)
{
	struct slice configured = config->replicas.self;
	char host[256] = "";

	name[0] = '\0';
	if (!are_there(&config->replicas))
		return true;
	if (configured.p == NULL) {
		if (gethostname(host, sizeof(host) - 1) != 0)
			host[0] = '\0';
		host[strcspn(host, ".")] = '\0';
		configured = slice_of(host);
	}
	if (!config_is_replica_name(configured))
		return err_set(err, ERR_CONFIG,
		    "replicas.self is missing, and the host's name (\"%.63s\") is no name for a "
		    "replica: 1 to 63 of a-z, 0-9 and \"-\"",
		    host);
	snprintf(name, REPLICA_NAME_BYTES + 1, "%.*s", SLICE_FMT(configured));
	return true;
}

MUST_CHECK static bool
peer_add(struct replicas *replicas, struct slice name, struct slice url, struct err *err)
{
	struct replica *peer = MEM_NEW(struct replica);

	snprintf(peer->name, sizeof(peer->name), "%.*s", SLICE_FMT(name));
	if (!http_pool_new(replicas->loop, url, PEER_KEEP, CONNECT_MS, &peer->pool, err)) {
		mem_free(peer);
		return err_prefix(err, "replica \"%.*s\"", SLICE_FMT(name));
	}
	if (slice_starts(url, S("https:")))
		http_pool_set_tls(peer->pool, &replicas->tls);
	peer->next = replicas->peers;
	replicas->peers = peer;
	replicas->peers_n++;
	return true;
}

/* How much of a name stands before the number at its end; false: it has none that counts. */
static bool
stem_of(struct slice name, size_t *n)
{
	*n = name.n;
	while (*n > 0 && name.p[*n - 1] >= '0' && name.p[*n - 1] <= '9')
		--*n;
	return name.n > *n && name.n - *n <= NUMBER_DIGITS &&
	    (name.p[*n] != '0' || name.n - *n == 1);
}

/* One of a StatefulSet, entered when it is first heard of. */
static struct replica *
peer_by_address(struct replicas *replicas, struct slice name)
{
	struct slice self = slice_of(replicas->self), address = replicas->address;
	const char *at = memmem(address.p, address.n, REPLICA_NAME, sizeof(REPLICA_NAME) - 1);
	size_t stem, of_self, before;
	struct err err = { 0 };
	struct buf url;
	bool ok;

	must(at != NULL);
	if (!config_is_replica_name(name) || !stem_of(name, &stem) || !stem_of(self, &of_self) ||
	    stem != of_self || memcmp(name.p, self.p, stem) != 0 || replicas->peers_n >= PEERS_MAX)
		return NULL;
	before = (size_t)(at - address.p) + sizeof(REPLICA_NAME) - 1;
	buf_init(&url, NULL, 4 * KIB);
	buf_put(&url, (struct slice){ address.p, (size_t)(at - address.p) });
	buf_put(&url, name);
	buf_put(&url, (struct slice){ address.p + before, address.n - before });
	ok = peer_add(replicas, name, buf_view(&url), &err);
	buf_fini(&url);
	return ok ? replicas->peers : NULL;
}

struct replica *
replicas_find(struct replicas *replicas, struct slice name)
{
	struct replica *peer = replicas->peers;

	if (slice_eq(name, slice_of(replicas->self)))
		return NULL;
	while (peer != NULL && !slice_eq(slice_of(peer->name), name))
		peer = peer->next;
	if (peer == NULL && replicas->address.p != NULL)
		peer = peer_by_address(replicas, name);
	return peer;
}

MUST_CHECK static bool
peers_take(struct replicas *replicas, const struct config_replicas *config, struct err *err)
{
	struct slice self = slice_of(replicas->self);
	bool is_self_there = config->peers_n == 0;
	size_t stem;

	for (size_t i = 0; i < config->peers_n; i++) {
		if (slice_eq(config->peers[i].name, self))
			is_self_there = true;
		else if (!peer_add(replicas, config->peers[i].name,
			     secret_reveal(config->peers[i].value), err))
			return false;
	}
	if (!is_self_there)
		return err_set(err, ERR_CONFIG,
		    "replicas.peers lists all of them, also this one, \"%s\": set replicas.self if "
		    "it is called otherwise there",
		    replicas->self);
	if (config->address.p == NULL)
		return true;
	if (!stem_of(self, &stem))
		return err_set(err, ERR_CONFIG,
		    "with replicas.address names end in a number of at most %d digits, and \"%s\" does "
		    "not: set replicas.self, or list them under replicas.peers",
		    NUMBER_DIGITS, replicas->self);
	replicas->address = slice_keep(config->address);
	return true;
}

bool
replicas_new(struct loop *loop, struct seal *const *seal, const struct config *config,
    struct replicas **out, struct err *err)
{
	const struct config_replicas *from = &config->replicas;
	bool shows_cert = config->listen_tls_client_ca.n > 0;
	struct replicas *replicas;

	*out = NULL;
	if (!are_there(from))
		return true;
	replicas = MEM_NEW(struct replicas);
	replicas->loop = loop;
	replicas->seal = seal;
	if (from->ca.n > 0)
		replicas->tls.ca = slice_keep(from->ca);
	/* Where clients need a certificate, replicas do. */
	if (shows_cert) {
		replicas->tls.cert = slice_keep(config->listen_tls_cert);
		replicas->tls.key = slice_keep(config->listen_tls_key);
	}
	if (!mcp_replica_name(config, replicas->self, err) || !peers_take(replicas, from, err)) {
		replicas_free(&replicas);
		return false;
	}
	*out = replicas;
	return true;
}

void
replicas_free(struct replicas **at)
{
	struct replicas *replicas = *at;

	*at = NULL;
	if (replicas == NULL)
		return;
	if (replicas->group.running > 0) {
		group_cancel(&replicas->group, ERR_CANCELLED);
		group_drain(replicas->loop, &replicas->group);
	}
	must(replicas->forwards == NULL);
	while (replicas->peers != NULL) {
		struct replica *peer = replicas->peers;

		replicas->peers = peer->next;
		http_pool_free(&peer->pool);
		mem_free(peer);
	}
	mem_free((void *)replicas->address.p);
	mem_free((void *)replicas->tls.ca.p);
	mem_free((void *)replicas->tls.cert.p);
	mem_free((void *)replicas->tls.key.p);
	mem_free(replicas);
}

void
replicas_renew(struct replicas *replicas)
{
	for (struct replica *peer = replicas != NULL ? replicas->peers : NULL; peer != NULL;
	     peer = peer->next)
		http_pool_renew(peer->pool);
}

/* ---- ids of sessions ------------------------------------------------------------------------- */

void
replicas_id_make(const struct replicas *replicas, const char *digits, char out[])
{
	int n = snprintf(out, SESSION_ID_BYTES, "%s.%.*s", replicas->self, SESSION_DIGITS, digits);

	seal_tag(*replicas->seal, "session", (struct slice){ out, (size_t)n }, out + n);
}

struct replica *
replicas_of_id(struct replicas *replicas, struct slice id)
{
	struct slice rest, name = slice_cut(id, '.', &rest), tag;

	if (id.n >= SESSION_ID_BYTES || rest.p == NULL ||
	    rest.n != SESSION_DIGITS + SEAL_TAG_TEXT || !config_is_replica_name(name))
		return NULL;
	tag = (struct slice){ rest.p + SESSION_DIGITS, SEAL_TAG_TEXT };
	if (!seal_tag_fits(
		*replicas->seal, "session", (struct slice){ id.p, id.n - SEAL_TAG_TEXT }, tag))
		return NULL;
	return replicas_find(replicas, name);
}

/* ---- marks ----------------------------------------------------------------------------------- */

static struct seal_context
context_of(struct slice to, const struct replica_request *request, struct slice parts[PARTS_MAX])
{
	parts[0] = to;
	parts[1] = request->method;
	parts[2] = request->path;
	parts[3] = request->query;
	parts[4] = request->session;
	return (struct seal_context){ .purpose = "replica", .parts = parts, .parts_n = PARTS_MAX };
}

/* The lengths, "-" for a tenant that is not there, then both. */
void
replica_mark_put(const struct replicas *replicas, const struct replica *to,
    const struct replica_request *request, const struct caller *caller, struct buf *out)
{
	struct slice parts[PARTS_MAX];
	struct seal_context context = context_of(slice_of(to->name), request, parts);
	struct buf plain;

	buf_init(&plain, NULL, SEAL_MAX_BYTES);
	buf_printf(&plain, "%zu ", caller->principal.n);
	if (caller->tenant.p != NULL)
		buf_printf(&plain, "%zu\n", caller->tenant.n);
	else
		buf_puts(&plain, "-\n");
	buf_put(&plain, caller->principal);
	buf_put(&plain, caller->tenant);
	must(!plain.overflow);
	seal_make(*replicas->seal, &context, loop_unix_ms(replicas->loop) + MARK_MS,
	    buf_view(&plain), out);
	buf_fini(&plain);
}

static bool
caller_read(struct slice plain, struct caller *caller)
{
	struct slice both, of_tenant, line = slice_cut(plain, '\n', &both);
	struct slice of_principal = slice_cut(line, ' ', &of_tenant);
	uint64_t n, tenant_n = 0;

	*caller = (struct caller){ 0 };
	if (both.p == NULL || !slice_to_u64(of_principal, both.n, &n))
		return false;
	caller->principal = (struct slice){ both.p, n };
	if (slice_eq(of_tenant, S("-")))
		return n == both.n;
	if (!slice_to_u64(of_tenant, both.n, &tenant_n) || n + tenant_n != both.n)
		return false;
	caller->tenant = (struct slice){ both.p + n, tenant_n };
	return true;
}

bool
replica_mark_open(const struct replicas *replicas, struct slice mark,
    const struct replica_request *request, struct arena *arena, struct caller *caller,
    struct err *err)
{
	struct slice parts[PARTS_MAX], plain;
	struct seal_context context = context_of(slice_of(replicas->self), request, parts);

	if (seal_open(*replicas->seal, &context, mark, arena, &plain, err) &&
	    caller_read(plain, caller))
		return true;
	return err_set(err, ERR_REFUSED,
	    REPLICA_HEADER
	    ": no replica of this gateway has said that of this request within the "
	    "last minute (seal_key, replicas.self and the clock must be right in all of them)");
}
