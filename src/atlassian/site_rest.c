/*
 * One request to a site: through its gate, counted, and repeated where that does no harm.
 */
#include <stdio.h>

#include "atlassian/site.h"
#include "atlassian/token.h"

#define RETRY_AFTER_MAX_MS (60 * 1000)
#define BACKOFF_MAX_MS	   (30 * 1000)
#define FIELDS_MAX	   (128 * KIB)

static enum site_outcome
outcome_of(int status)
{
	if (status == 0 || status >= 500)
		return OUTCOME_FAILED;
	return status >= 300 ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/* What the breaker shall count: not that a caller went away, or asked for what cannot be sent. */
static int
verdict(bool ok, int status, enum errkind why)
{
	if (ok)
		return status;
	return why == ERR_UNAVAILABLE || why == ERR_DEADLINE || why == ERR_IO ? 0 : GATE_UNJUDGED;
}

/* One request, as often as it is sent. */
struct sending {
	struct rest_request request;
	const struct exchange *exchange;
	unsigned sent_n;
};

/* Which host that pool asks. */
static void
address_find(struct access *access, const struct rest_pool *pool, struct rest_told *told)
{
	const struct access *root = access_root(access);
	bool is_by_api = pool == root->gateway || pool == root->forms;
	struct url url;
	struct err err;

	if (!url_parse(is_by_api ? access->site->config->api : access->url, &url, &err))
		return;
	told->address = url.host;
	told->port = url.port;
}

static void
step_end(struct access *access, const struct rest_pool *pool, const struct sending *sending,
    const struct rest_step *step, int status, const struct err *err)
{
	struct rest_told told = { .server = access->site->provider.name,
		.method = sending->request.method,
		.resends = sending->sent_n - 1,
		.status = status,
		.err = err };

	if (step->began_ns == 0)
		return;
	address_find(access, pool, &told);
	hub_rest_end(access->site->provider.hub, step, &told);
}

static bool
once_wait(struct access *access, struct rest_pool *pool, struct sending *sending,
    struct arena *arena, struct rest_reply *reply, bool *was_sent, struct err *err)
{
	struct site *site = access->site;
	struct rest_step step;
	struct loop *loop = hub_loop(site->provider.hub);
	uint64_t began = loop_now_ms(loop);
	bool ok;

	*reply = (struct rest_reply){ 0 };
	*was_sent = false;
	if (!gate_enter_wait(site->gate, err))
		return false;
	hub_rest_begin(site->provider.hub, sending->exchange, &step);
	sending->sent_n++;
	ok = rest_wait(pool, &sending->request, arena, reply, was_sent, err);
	step_end(access, pool, sending, &step, reply->status, ok ? NULL : err);
	gate_leave(site->gate,
	    access->is_ours ? verdict(ok, reply->status, ok ? ERR_NONE : err->kind)
			    : GATE_UNJUDGED);
	series_add(site->outcomes[outcome_of(ok ? reply->status : 0)], 1);
	series_observe_ms(site->seconds, loop_now_ms(loop) - began);
	return ok;
}

static void
put_fields(const struct access *access, const struct site_request *asked, struct buf *fields)
{
	buf_put(fields, access->headers);
	buf_put(fields, asked->headers);
	buf_printf(fields, "Accept: %.*s\r\nUser-Agent: bascule/" BASCULE_VERSION "\r\n",
	    SLICE_FMT(asked->accept.p != NULL ? asked->accept : S("application/json")));
	if (asked->body.p != NULL || asked->body_read != NULL)
		buf_printf(fields, "Content-Type: %.*s\r\n",
		    SLICE_FMT(asked->type.p != NULL ? asked->type : S("application/json")));
}

/* The gateway's word for a token that is good, but not for this. */
static bool
lacks_scope(const struct rest_reply *reply)
{
	return slice_has((struct slice){ reply->body.p, reply->body.n }, S("scope does not match"));
}

/* How often and where one request was tried. */
struct tries {
	struct rest_pool *pool;
	unsigned used; /* which token */
	bool was_renewed, is_other;
};

/* With the credential of now. */
static bool
try_wait(struct access *access, struct tries *tries, const struct site_request *asked,
    struct sending *sending, struct arena *arena, struct rest_reply *reply, bool *was_sent,
    struct err *err)
{
	struct buf fields;
	bool ok = true;

	*was_sent = false;
	*reply = (struct rest_reply){ 0 };
	buf_init(&fields, NULL, FIELDS_MAX);
	if (access->token != NULL)
		ok = token_put_wait(access->token, &fields, &tries->used, err);
	if (asked->is_for_forms)
		ok = ok && access_forms_wait(access, &tries->pool, err);
	else if (!tries->is_other)
		ok = ok && access_way_wait(access, &tries->pool, err);
	put_fields(access, asked, &fields);
	sending->request.headers = buf_view(&fields);
	ok = ok && buf_check(&fields, err) &&
	    once_wait(access, tries->pool, sending, arena, reply, was_sent, err);
	if (ok && tries->is_other && reply->status != 401)
		access_root(access)->by_gateway = true;
	explicit_bzero(fields.p, fields.n);
	buf_fini(&fields);
	return ok;
}

/*
 * 401: once with a renewed token, and once by the API gateway, where that may help.  A request that
 * was refused so did nothing, and may be repeated also where it writes.
 */
static bool
allowed_wait(struct access *access, const struct site_request *asked, struct sending *sending,
    struct arena *arena, struct rest_reply *reply, bool *was_sent, struct err *err)
{
	struct tries tries = { .used = 0 };

	for (;;) {
		if (!try_wait(access, &tries, asked, sending, arena, reply, was_sent, err))
			return false;
		if (reply->status != 401 || lacks_scope(reply))
			return true;
		if (access->token == NULL) {
			if (tries.is_other || !access_other_way_wait(access, &tries.pool))
				return true;
			tries.is_other = true;
		} else if (tries.was_renewed) {
			return true;
		} else {
			tries.was_renewed = true;
			*was_sent = false;
			if (!token_renew_wait(access->token, tries.used, err))
				return err->kind == ERR_NONE;
		}
	}
}

static bool
may_repeat(const struct site *site, const struct site_request *request, int status, bool was_sent,
    enum errkind why)
{
	if (status != 0 && status != 429 && status != 502 && status != 503 && status != 504)
		return false;
	if (status == 0 && why != ERR_UNAVAILABLE)
		return false;
	/* A write that surely did not arrive, or that was turned away, did nothing. */
	return !request->is_write || site->config->retry_writes || (status == 0 && !was_sent);
}

/* What the service asks for, else twice the time of before, with a part of it random. */
static uint64_t
pause_ms(struct loop *loop, const struct site *site, const struct rest_reply *reply, unsigned turn)
{
	uint64_t asked, ms = site->config->retry_backoff_ms;
	uint32_t random;

	if (reply->status != 0 &&
	    slice_to_u64(slice_trim(rest_header(reply, S("Retry-After"))), UINT32_MAX, &asked))
		return asked * 1000 > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : asked * 1000;
	loop_random(loop, &random, sizeof(random));
	ms = ms << (turn > 10 ? 10 : turn);
	ms = ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
	return ms / 2 + (ms > 1 ? random % (ms / 2 + 1) : 0);
}

static bool
unknown_or(
    const struct access *access, const struct site_request *request, bool was_sent, struct err *err)
{
	struct err why = *err;

	if (request->is_write && was_sent && err->kind != ERR_LIMIT)
		return err_set(err, ERR_OUTCOME_UNKNOWN,
		    "%.*s: the request was sent and nothing came back (%s): look before you repeat it",
		    SLICE_FMT(access->site->provider.name), why.text);
	return err_prefix(err, "%.*s", SLICE_FMT(access->site->provider.name));
}

bool
site_rest_wait(struct access *access, const struct site_request *asked, struct arena *arena,
    struct rest_reply *reply, struct err *err)
{
	const struct site *site = access->site;
	struct loop *loop = hub_loop(site->provider.hub);
	struct sending sending = { .request = { .method = asked->method,
				       .path = asked->path,
				       .body = asked->body,
				       .body_read = asked->body_read,
				       .body_owner = asked->body_owner,
				       .body_bytes = asked->body_bytes,
				       .timeout_ms = site->config->timeout_ms,
				       .max_bytes = asked->max_bytes > 0 ? asked->max_bytes
									 : REST_MAX_BYTES },
		.exchange = asked->exchange };
	bool was_sent = false, ok = true;

	for (unsigned turn = 0; ok; turn++) {
		ok = allowed_wait(access, asked, &sending, arena, reply, &was_sent, err);
		if (turn >= site->config->retry_total ||
		    !may_repeat(site, asked, reply->status, was_sent, ok ? ERR_NONE : err->kind) ||
		    (!ok && task_cut(task_self(loop)) != ERR_NONE))
			break;
		ok = task_sleep_wait(loop, pause_ms(loop, site, reply, turn), err);
	}
	return ok || unknown_or(access, asked, was_sent, err);
}
