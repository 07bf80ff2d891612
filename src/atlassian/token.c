/*
 * Tokens of `bascule login` in use.
 *
 * A token is renewed in one task of its own, whoever asks: all who need it wait for the same
 * renewal, and one who is cut does not cut the renewal, for a refresh token counts once.  Between
 * processes, and between the products of a site, the record's lock does the same: who gets it reads
 * the record again, and finds that somebody else has renewed it.  A renewed grant is stored before
 * it is used.
 */
#include <stdio.h>

#include "atlassian/oauth.h"
#include "atlassian/token.h"

#define EARLY_MS     (300 * 1000) /* before it ends */
#define LOCK_MS	     (30 * 1000)  /* how long another process may be at it */
#define LOCK_TURN_MS 20
#define CALM_MS	     (10 * 1000) /* after a renewal that failed while the token is still good */
#define FRESH_MS     (60 * 1000) /* a site that refuses a token this new means something else */
#define RECORD_MAX   CREDENTIAL_BYTES

struct waiter {
	struct waiter *next;
	struct task *task;
};

struct token {
	struct loop *loop;
	struct settings *settings;
	const struct config_site *site;
	struct vault *store;
	char record[CREDENTIAL_NAME + 1];

	struct grant grant;
	unsigned number;  /* of the access token in it; 0: none yet */
	unsigned refused; /* the number that the site does not take */
	bool is_unsaved;  /* storing it failed */
	uint64_t calm_until_ms, renewed_ms;
	char dead[65]; /* SHA-256 of a refresh token that is no longer valid */
	struct err dead_err;

	struct group group; /* of the one task that renews */
	bool is_busy, has_failed, is_orphan;
	unsigned runs;
	struct err why;
	struct waiter *waiters;
	struct deferred end;
};

/* ---- the store, on a helper thread ----------------------------------------------------------- */

struct errand {
	struct token *token;
	struct buf text;
	bool writes, ok, is_there;
	struct err err;
};

static void
errand_run(void *arg)
{
	struct errand *errand = arg;
	const struct vault *store = errand->token->store;
	struct slice name = slice_of(errand->token->record);

	if (errand->writes)
		errand->ok = vault_write(store, name, buf_view(&errand->text), &errand->err);
	else
		errand->ok =
		    vault_read(store, name, &errand->text, &errand->is_there, &errand->err);
	mem_drain();
}

static void
errand_end(struct errand *errand)
{
	if (errand->text.n > 0)
		explicit_bzero(errand->text.p, errand->text.n);
	buf_fini(&errand->text);
}

/* Takes over what is stored.  *is_there: there is a record. */
MUST_CHECK static bool
read_wait(struct token *token, bool *is_there, struct err *err)
{
	struct errand errand = { .token = token };
	struct grant read;
	bool ok;

	buf_init(&errand.text, NULL, RECORD_MAX);
	helper_run_wait(token->loop, "credentials", errand_run, &errand);
	*is_there = errand.is_there;
	ok = errand.ok;
	if (!ok)
		*err = errand.err;
	if (ok && errand.is_there) {
		ok = grant_parse(buf_view(&errand.text), &read, err);
		if (ok) {
			token->number += !slice_eq(read.access, token->grant.access);
			grant_take(&token->grant, &read);
		}
	}
	errand_end(&errand);
	return ok;
}

static void
write_wait(struct token *token)
{
	struct errand errand = { .token = token, .writes = true };

	buf_init(&errand.text, NULL, RECORD_MAX);
	grant_print(&token->grant, &errand.text);
	if (buf_check(&errand.text, &errand.err))
		helper_run_wait(token->loop, "credentials", errand_run, &errand);
	token->is_unsaved = !errand.ok;
	if (!errand.ok && loop_log(token->loop) != NULL)
		log_event(loop_log(token->loop), LOG_ERROR, "token_not_stored",
		    "%.*s: the renewed login could not be stored, and is lost when this process "
		    "ends: %s",
		    SLICE_FMT(token->site->provider), errand.err.text);
	errand_end(&errand);
}

MUST_CHECK static bool
lock_wait(struct token *token, int *fd, struct err *err)
{
	uint64_t until_ms = loop_now_ms(token->loop) + LOCK_MS;

	for (;;) {
		if (!vault_lock(token->store, slice_of(token->record), fd, err))
			return false;
		if (*fd >= 0)
			return true;
		if (loop_now_ms(token->loop) >= until_ms)
			return err_set(err, ERR_UNAVAILABLE,
			    "another process has been renewing the login for too long");
		if (!task_sleep_wait(token->loop, LOCK_TURN_MS, err))
			return false;
	}
}

/* ---- is it good? ----------------------------------------------------------------------------- */

/* For ahead_ms from now, and not refused by the site. */
static bool
is_good(const struct token *token, uint64_t ahead_ms)
{
	return token->number > 0 && token->number != token->refused &&
	    (token->grant.expires_ms == 0 ||
		loop_unix_ms(token->loop) + ahead_ms < token->grant.expires_ms);
}

static bool
is_due(const struct token *token)
{
	if (is_good(token, EARLY_MS))
		return false;
	return !is_good(token, 0) || loop_now_ms(token->loop) >= token->calm_until_ms;
}

/* ---- renewing -------------------------------------------------------------------------------- */

static void
digest_of(struct slice text, char out[65])
{
	sha256_hex(&text, 1, out);
}

/* The record's lock is held. */
MUST_CHECK static bool
refresh_wait(struct token *token, struct err *err)
{
	struct slice name = token->site->provider;
	struct grant renewed;
	char digest[65];

	if (token->grant.refresh.n == 0)
		return is_good(token, 0) ||
		    err_set(err, ERR_REFUSED,
			"the access token is no longer valid and cannot be renewed: run `bascule "
			"login %.*s`",
			SLICE_FMT(name));
	digest_of(token->grant.refresh, digest);
	if (strcmp(digest, token->dead) == 0) {
		*err = token->dead_err;
		return false;
	}
	if (!oauth_refresh_wait(token->loop, token->site, &token->grant, &renewed, err)) {
		if (err->kind == ERR_REFUSED) {
			memcpy(token->dead, digest, sizeof(digest));
			token->dead_err = *err;
		}
		return false;
	}
	grant_take(&token->grant, &renewed);
	token->number++;
	token->renewed_ms = loop_now_ms(token->loop);
	write_wait(token);
	if (loop_log(token->loop) != NULL)
		log_event(loop_log(token->loop), LOG_INFO, "token_renewed",
		    "%.*s: the access token was renewed", SLICE_FMT(name));
	return true;
}

/* What the configuration gives where nobody has logged in. */
MUST_CHECK static bool
given_wait(struct token *token, struct err *err)
{
	struct slice given = secret_reveal(token->site->secret), name = token->site->provider;

	if (given.n == 0)
		return err_set(err, ERR_REFUSED, "nobody has logged in: run `bascule login %.*s`",
		    SLICE_FMT(name));
	if (token->number > 0 && slice_eq(given, token->grant.access))
		return is_good(token, 0) ||
		    err_set(err, ERR_REFUSED,
			"the site does not accept the access token of the configuration: set "
			"another, or run `bascule login %.*s`",
			SLICE_FMT(name));
	grant_fini(&token->grant);
	token->number++;
	return grant_set(&token->grant, &token->grant.access, given, err);
}

MUST_CHECK static bool
renew_wait(struct token *token, struct err *err)
{
	bool is_there = true, ok;
	int lock = -1;

	if (!token->is_unsaved && !read_wait(token, &is_there, err))
		return false;
	if (!is_there)
		return given_wait(token, err);
	if (is_good(token, EARLY_MS))
		return true;
	if (!lock_wait(token, &lock, err))
		return false;
	ok = token->is_unsaved || read_wait(token, &is_there, err);
	if (ok && !is_there)
		ok = given_wait(token, err);
	else if (ok && !is_good(token, EARLY_MS))
		ok = refresh_wait(token, err);
	vault_unlock(&lock);
	return ok;
}

static void
orphan_end(struct deferred *deferred)
{
	struct token *token = CONTAINER(deferred, struct token, end);

	if (token->group.running > 0)
		loop_defer(token->loop, &token->end, orphan_end);
	else
		token_free(&token);
}

static void
renew_run(void *arg)
{
	struct token *token = arg;

	token->has_failed = !renew_wait(token, &token->why);
	if (token->has_failed && is_good(token, 0)) {
		token->calm_until_ms = loop_now_ms(token->loop) + CALM_MS;
		if (loop_log(token->loop) != NULL)
			log_event(loop_log(token->loop), LOG_WARN, "token_failed",
			    "%.*s: the access token could not be renewed yet: %s",
			    SLICE_FMT(token->site->provider), token->why.text);
		token->has_failed = false;
	}
	token->is_busy = false;
	token->runs++;
	for (struct waiter *waiter = token->waiters; waiter != NULL; waiter = waiter->next)
		task_wake(waiter->task);
	if (token->is_orphan)
		loop_defer(token->loop, &token->end, orphan_end);
}

/* ---- those who need it ----------------------------------------------------------------------- */

/* Waits for the renewal in progress, or for a new one. */
MUST_CHECK static bool
join_wait(struct token *token, struct err *err)
{
	struct waiter self = { token->waiters, task_self(token->loop) }, **at;
	unsigned run = token->runs;
	bool ok = true;

	if (!token->is_busy) {
		token->is_busy =
		    group_spawn(token->loop, &token->group, "token", renew_run, token, err);
		if (!token->is_busy)
			return false;
	}
	token->waiters = &self;
	while (ok && token->runs == run)
		ok = task_park_wait(token->loop, err);
	for (at = &token->waiters; *at != &self; at = &(*at)->next)
		;
	*at = self.next;
	if (ok && token->has_failed) {
		*err = token->why;
		return false;
	}
	return ok;
}

bool
token_put_wait(struct token *token, struct buf *out, unsigned *used, struct err *err)
{
	if (is_due(token) && !join_wait(token, err))
		return false;
	*used = token->number;
	buf_puts(out, "Authorization: Bearer ");
	buf_put(out, token->grant.access);
	buf_puts(out, "\r\n");
	return true;
}

bool
token_renew_wait(struct token *token, unsigned used, struct err *err)
{
	bool ok;

	*err = (struct err){ 0 };
	if (used != token->number)
		return true; /* it was renewed meanwhile */
	if (token->renewed_ms != 0 && loop_now_ms(token->loop) - token->renewed_ms < FRESH_MS)
		return false;
	token->refused = used;
	ok = join_wait(token, err) && token->number != used;
	if (!ok && token->refused == used)
		token->refused = 0;
	return ok;
}

struct slice
token_cloud_id(const struct token *token)
{
	return token->grant.cloud_id;
}

/* ---- the token ------------------------------------------------------------------------------- */

struct token *
token_new(struct loop *loop, struct settings *settings, const struct config_site *site)
{
	struct token *token = MEM_NEW(struct token);

	token->loop = loop;
	token->settings = settings_ref(settings);
	token->site = site;
	token->store =
	    vault_new(settings->config->state, secret_reveal(settings->config->seal_key));
	oauth_record(site, token->record);
	grant_init(&token->grant);
	return token;
}

void
token_free(struct token **at)
{
	struct token *token = *at;

	*at = NULL;
	if (token == NULL)
		return;
	must(token->waiters == NULL);
	group_cancel(&token->group, ERR_CANCELLED);
	if (token->group.running > 0 && task_self(token->loop) == NULL) {
		token->is_orphan = true;
		if (!token->is_busy)
			loop_defer(token->loop, &token->end, orphan_end);
		return;
	}
	if (token->group.running > 0)
		group_drain(token->loop, &token->group);
	deferred_stop(token->loop, &token->end);
	grant_fini(&token->grant);
	vault_free(&token->store);
	settings_unref(&token->settings);
	mem_free(token);
}
