/*
 * Servers of 2025-11-25 may answer a call with an error that sends the user to a page (-32042,
 * elicitation by URL) and wants the call again when that is done.  A client whose revision has no
 * such error is asked instead; with its consent the call is made again: when the server says that
 * it is done, or after a while, later each time.  A page is asked for once.
 */
#include <string.h>

#include "gateway/hub.h"

#define VISITS_MAX   8	  /* pages of one error, and of one call */
#define ROUNDS_MAX   64	  /* times that the call is made again */
#define WAIT_MS	     2000 /* for the first time */
#define WAIT_MAX_MS  30000
#define PARAMS_MAX   (64 * KIB)
#define ID_MAX_BYTES KIB
#define NEEDS_PAGES  "\"requiredCapabilities\":{\"elicitation\":{\"url\":{}}}"

/* One page; in the exchange's arena, and in the hub's list while the call is waited for. */
struct visit {
	struct visits *visits;
	struct slice id; /* as the server wrote it; in the exchange's arena */
	struct question question;
	struct answer answer;
	struct err err;
	bool ok, is_done;
};

struct visits {
	struct visits *next; /* of the hub */
	struct exchange *exchange;
	struct visit all[VISITS_MAX];
	size_t n;
};

/* ---- what the error says --------------------------------------------------------------------- */

static struct visit *
visit_find(struct visits *visits, struct slice id)
{
	for (size_t i = 0; i < visits->n; i++) {
		if (slice_eq(visits->all[i].id, id))
			return &visits->all[i];
	}
	return NULL;
}

/* The question in the words of who knows no ids of elicitations. */
static bool
visit_add(struct visits *visits, struct slice one, struct slice server, struct err *err)
{
	struct arena *arena = &visits->exchange->arena;
	struct slice id, url, message = S("\"\"");
	struct visit *visit;
	struct buf text;
	bool ok;

	if (json_type(one) != JSON_OBJECT || !json_find(one, S("elicitationId"), &id) ||
	    json_type(id) != JSON_STRING || id.n > ID_MAX_BYTES ||
	    !json_find(one, S("url"), &url) || json_type(url) != JSON_STRING)
		return err_set(err, ERR_UNAVAILABLE,
		    "sends the user to a page without saying which, or for what");
	if (visit_find(visits, id) != NULL)
		return true;
	if (visits->n >= VISITS_MAX)
		return err_set(
		    err, ERR_UNAVAILABLE, "sends the user to more than %d pages", VISITS_MAX);
	json_find(one, S("message"), &message);
	buf_init(&text, NULL, PARAMS_MAX);
	buf_puts(&text, "{\"mode\":\"url\",\"message\":");
	buf_put(&text, json_type(message) == JSON_STRING ? message : S("\"\""));
	buf_puts(&text, ",\"url\":");
	buf_put(&text, url);
	buf_putc(&text, '}');
	ok = buf_check(&text, err) && arena_reserve(arena, text.n + id.n, err);
	if (ok) {
		visit = &visits->all[visits->n++];
		*visit = (struct visit){ .visits = visits, .id = slice_dup(arena, id) };
		visit->question = (struct question){ .method = MCP_ELICITATION_CREATE,
			.params = slice_dup(arena, buf_view(&text)),
			.server = server };
	}
	buf_fini(&text);
	return ok;
}

/* The pages that were not asked for yet: from *fresh on. */
static bool
visits_read(
    struct visits *visits, struct slice error, struct slice server, size_t *fresh, struct err *err)
{
	struct slice data, list, key, one;
	struct json_iter iter;

	*fresh = visits->n;
	if (!json_find(error, S("data"), &data) || json_type(data) != JSON_OBJECT ||
	    !json_find(data, S("elicitations"), &list) || json_type(list) != JSON_ARRAY)
		return err_set(
		    err, ERR_UNAVAILABLE, "sends the user to a page that it does not name");
	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &key, &one)) {
		if (!visit_add(visits, one, server, err))
			return false;
	}
	return visits->n > 0 ||
	    err_set(err, ERR_UNAVAILABLE, "sends the user to a page that it does not name");
}

/* ---- asking and waiting ---------------------------------------------------------------------- */

static void
ask_run(void *arg)
{
	struct visit *visit = arg;

	visit->ok = exchange_ask_wait(
	    visit->visits->exchange, &visit->question, &visit->answer, &visit->err);
}

/* All of them at once. */
static bool
ask_wait(struct visits *visits, size_t fresh, struct err *err)
{
	struct loop *loop = visits->exchange->loop;
	struct group group = { 0 };
	bool ok = true;

	for (size_t i = fresh; ok && i < visits->n; i++)
		ok = group_spawn(loop, &group, "ask", ask_run, &visits->all[i], err);
	if (!ok) {
		group_cancel(&group, ERR_CANCELLED);
		group_drain(loop, &group);
		return false;
	}
	if (!group_wait(loop, &group, err))
		return false;
	for (size_t i = fresh; i < visits->n; i++) {
		struct slice action;

		if (!visits->all[i].ok) {
			*err = visits->all[i].err;
			return false;
		}
		if (visits->all[i].answer.is_error ||
		    json_type(visits->all[i].answer.body) != JSON_OBJECT ||
		    !json_find(visits->all[i].answer.body, S("action"), &action) ||
		    !slice_eq(action, S("\"accept\"")))
			return err_set(err, ERR_REQUEST,
			    "needs the user to visit a page, and the user did not consent");
	}
	return true;
}

static bool
are_done(const struct visits *visits)
{
	for (size_t i = 0; i < visits->n; i++) {
		if (!visits->all[i].is_done)
			return false;
	}
	return true;
}

/* Until the server says that it is done, or for a while; that is the user's time. */
static bool
pause_wait(struct visits *visits, struct hub *hub, unsigned round, struct err *err)
{
	uint64_t ms = WAIT_MS, until;
	bool ok = true;

	for (unsigned i = 0; i < round && ms < WAIT_MAX_MS; i++)
		ms *= 2;
	until = loop_now_ms(hub->loop) + (ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS);
	task_clock_stop(visits->exchange->task);
	while (ok && !are_done(visits) && loop_now_ms(hub->loop) < until)
		ok = hub_change_wait(hub, until, err);
	task_clock_start(visits->exchange->task);
	return ok;
}

void
visits_done(struct hub *hub, struct slice id)
{
	for (struct visits *v = hub->visits; v != NULL; v = v->next) {
		struct visit *visit = visit_find(v, id);

		if (visit != NULL)
			visit->is_done = true;
	}
	hub_wake(hub);
}

/* ---- the story ------------------------------------------------------------------------------- */

/* Does the error send the user away, and is there no such error for the client? */
static bool
is_for_us(const struct exchange *exchange, const struct reply *reply)
{
	int64_t code;

	return reply->error.p != NULL && reply->revision < exchange->revision &&
	    mcp_error_code(reply->error, &code) && code == MCP_CODE_URL_ELICITATION;
}

static bool
again_wait(struct visits *visits, struct passage *passage, unsigned round, struct reply *reply)
{
	uint64_t most_ms = passage->gateway->settings->config->limit_ask_ms;
	struct exchange *exchange = visits->exchange;
	struct err *err = &reply->err;
	size_t fresh;

	if (!exchange->can.elicitation_url) {
		reply->more = S(NEEDS_PAGES);
		return err_set(err, ERR_CAPABILITY,
		    "needs the user to visit a page, which the client does not offer");
	}
	if (!visits_read(visits, reply->error, passage->provider->name, &fresh, err))
		return false;
	if (fresh < visits->n)
		return ask_wait(visits, fresh, err) && pause_wait(visits, passage->hub, 0, err);
	if (round >= ROUNDS_MAX || loop_now_ms(exchange->loop) > exchange->started_ms + most_ms)
		return err_set(err, ERR_DEADLINE,
		    "still waits for the page that the user was sent to (limits.ask)");
	return pause_wait(visits, passage->hub, round, err);
}

bool
visit_forward_wait(struct exchange *exchange, struct passage *passage,
    const struct forward *forward, struct reply *reply)
{
	struct provider *provider = passage->provider;
	struct hub *hub = passage->hub;
	struct visits *visits, **at = &hub->visits;
	struct forward again = *forward;
	unsigned round = 0;
	bool ok = provider->ops->forward_wait(provider, exchange, forward, reply, &reply->err);

	if (!ok || !is_for_us(exchange, reply))
		return ok;
	if (!arena_reserve(&exchange->arena, sizeof(*visits), &reply->err))
		return false;
	visits = ARENA_NEW(&exchange->arena, struct visits);
	visits->exchange = exchange;
	visits->next = hub->visits;
	hub->visits = visits;
	while (ok && is_for_us(exchange, reply)) {
		ok = again_wait(visits, passage, round++, reply);
		reply->error = SLICE_NONE;
		if (!ok) {
			err_prefix(&reply->err, "%.*s", SLICE_FMT(provider->name));
			break;
		}
		again.from_ms = loop_now_ms(hub->loop);
		ok = provider->ops->forward_wait(provider, exchange, &again, reply, &reply->err);
	}
	while (*at != visits)
		at = &(*at)->next;
	*at = visits->next;
	return ok;
}
