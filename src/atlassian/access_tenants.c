/*
 * Accesses by credentials that requests brought.  A new one is shown to its site before anything is
 * done with it ("who am I"), once however many requests wait for the answer, and is kept for a
 * while: validation.ttl, of each site validation.max, the ones used last.  A refusal is not kept.
 *
 * They are found by a digest of address, scheme and credential, all of it: nobody comes to another
 * one's connections, or to what was learnt by them.
 */
#include "atlassian/access.h"
#include "atlassian/tool.h"

#define CONFIRM_BYTES_MAX (256 * KIB)

struct waiting {
	struct waiting *next;
	struct task *task;
};

static void
digest_make(const struct choice *choice, unsigned char out[SHA256_BYTES])
{
	struct buf text;

	/* None of the texts has a NUL in it. */
	buf_init(&text, NULL, 64 * KIB);
	buf_put(&text, choice->url);
	buf_printf(&text, "%c%d%d", '\0', (int)choice->scheme, (int)choice->is_ours);
	buf_put(&text, choice->credential);
	sha256_bytes(buf_view(&text), out);
	explicit_bzero(text.p, text.n);
	buf_fini(&text);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* Out of the list; freed now, or by its last user. */
static void
drop(struct access *access)
{
	struct site *site = access->site;
	struct access **at = &site->tenants;

	if (!access->is_kept)
		return;
	while (*at != access)
		at = &(*at)->next;
	*at = access->next;
	site->tenants_n--;
	access->is_kept = false;
	if (access->in_use == 0)
		access_free(&access);
}

/* The one used longest ago that is no longer good, or too many. */
static void
sweep(struct site *site)
{
	uint64_t now = loop_now_ms(hub_loop(site->provider.hub));
	struct access *next, *oldest = NULL;

	for (struct access *a = site->tenants; a != NULL; a = next) {
		next = a->next;
		if (a->confirmation == CONFIRM_GOOD && a->until_ms <= now)
			drop(a);
	}
	while (site->tenants_n > site->all->validation_max) {
		for (oldest = site->tenants; oldest->next != NULL; oldest = oldest->next)
			;
		drop(oldest);
	}
}

/* To the front of the list. */
static void
keep(struct access *access)
{
	struct site *site = access->site;
	struct access **at = &site->tenants;

	while (access->is_kept && *at != access)
		at = &(*at)->next;
	if (access->is_kept)
		*at = access->next;
	else
		site->tenants_n++;
	access->is_kept = true;
	access->next = site->tenants;
	site->tenants = access;
}

static struct access *
find(struct site *site, const unsigned char digest[SHA256_BYTES])
{
	for (struct access *a = site->tenants; a != NULL; a = a->next)
		if (memcmp(a->digest, digest, SHA256_BYTES) == 0)
			return a;
	return NULL;
}

/* ---- confirming ------------------------------------------------------------------------------ */

/* Data Center answers "who am I" also to nobody. */
static bool
is_somebody(const struct rest_reply *reply, struct arena *arena)
{
	static const char *const names[] = { "accountId", "userKey", "key", "username", "name" };
	yyjson_alc alc = json_alc(arena);
	yyjson_doc *doc = yyjson_read_opts(
	    (char *)(uintptr_t)reply->body.p, reply->body.n, YYJSON_READ_NOFLAG, &alc, NULL);
	yyjson_val *root = yyjson_doc_get_root(doc);

	if (slice_eq(json_slice(yyjson_obj_get(root, "type")), S("anonymous")))
		return false;
	for (size_t i = 0; i < COUNT(names); i++)
		if (json_slice(yyjson_obj_get(root, names[i])).n > 0)
			return true;
	return false;
}

MUST_CHECK static bool
reply_check(const struct access *access, const struct rest_reply *reply, struct arena *arena,
    struct err *err)
{
	struct slice said;

	if (reply->status == 200 && is_somebody(reply, arena))
		return true;
	said = site_complaint(access, reply, arena);
	if (reply->status == 429 || reply->status >= 500)
		return err_set(err, ERR_UNAVAILABLE, "the credential could not be confirmed: %.*s",
		    SLICE_FMT(said));
	if (reply->status == 200)
		return err_set(err, ERR_STRANGER, "the site does not say whose credential it is");
	return err_set(
	    err, ERR_STRANGER, "the credential was not confirmed: %.*s", SLICE_FMT(said));
}

MUST_CHECK static bool
ask_wait(struct access *access, struct err *err)
{
	struct site_request request = { .method = S("GET"),
		.path = access->site->config->product == PRODUCT_CONFLUENCE
		    ? S("/rest/api/user/current")
		    : access->deployment == DEPLOYMENT_CLOUD ? S("/rest/api/3/myself")
							     : S("/rest/api/2/myself"),
		.max_bytes = CONFIRM_BYTES_MAX };
	struct rest_reply reply;
	struct arena arena;
	bool ok;

	arena_init(&arena, loop_memory(hub_loop(access->site->provider.hub)), 4 * MIB);
	ok = site_rest_wait(access, &request, &arena, &reply, err) &&
	    reply_check(access, &reply, &arena, err);
	arena_fini(&arena);
	return ok;
}

static void
waiters_wake(struct access *access)
{
	while (access->waiters != NULL) {
		struct waiting *first = access->waiters;

		access->waiters = first->next;
		first->next = NULL;
		task_wake(first->task);
	}
}

MUST_CHECK static bool
confirm_wait(struct access *access, struct err *err)
{
	const struct config_atlassian *all = access->site->all;
	struct loop *loop = hub_loop(access->site->provider.hub);
	bool ok;

	access->confirmation = CONFIRM_RUNNING;
	ok = ask_wait(access, err);
	access->confirmation = ok	? CONFIRM_GOOD
	    : err->kind == ERR_STRANGER ? CONFIRM_BAD
					: CONFIRM_DUE;
	access->until_ms = loop_now_ms(loop) + all->validation_ttl_ms;
	if (!ok)
		access->why = *err;
	if (access->confirmation == CONFIRM_BAD)
		drop(access);
	waiters_wake(access);
	return ok;
}

static void
waiters_remove(struct access *access, struct waiting *self)
{
	struct waiting **at = &access->waiters;

	while (*at != NULL && *at != self)
		at = &(*at)->next;
	if (*at != NULL)
		*at = self->next;
}

/* Until the one who asks has its answer, or gives up. */
MUST_CHECK static bool
answer_wait(struct access *access, struct err *err)
{
	struct waiting self = { .task = task_self(hub_loop(access->site->provider.hub)) };
	bool ok = true;

	self.next = access->waiters;
	access->waiters = &self;
	while (ok && access->confirmation == CONFIRM_RUNNING)
		ok = task_park_wait(hub_loop(access->site->provider.hub), err);
	waiters_remove(access, &self);
	return ok;
}

bool
tenant_find_wait(
    struct site *site, const struct choice *choice, struct access **out, struct err *err)
{
	bool is_kept = site->all->validation_max > 0 && site->all->validation_ttl_ms > 0;
	unsigned char digest[SHA256_BYTES];
	struct access *access;
	bool ok = true;

	digest_make(choice, digest);
	sweep(site);
	access = is_kept ? find(site, digest) : NULL;
	if (access == NULL) {
		if (!access_new(site, choice, &access, err))
			return false;
		memcpy(access->digest, digest, SHA256_BYTES);
	}
	access->in_use++;
	if (is_kept)
		keep(access);
	sweep(site);
	while (ok && access->confirmation != CONFIRM_GOOD) {
		if (access->confirmation == CONFIRM_RUNNING)
			ok = answer_wait(access, err);
		else if (access->confirmation == CONFIRM_DUE)
			ok = confirm_wait(access, err);
		else
			ok = (*err = access->why, false);
	}
	if (!ok)
		access_leave(&access);
	*out = access;
	return ok;
}
