/*
 * What a scripted upstream does: chains of actions, and the jobs that walk along them, one for each
 * request in progress.  A job ends with its chain, with its connection, or when it was cancelled;
 * it never answers twice but where the script says so.
 *
 * In texts $params, $id, $token, $answer stand for what the request (or the answer to the question)
 * was, byte for byte; $ask for the id of the last question, $listen for that of the last
 * subscriptions/listen, $filter for what it asked for.
 */
#include <stdio.h>
#include <string.h>

#include "story.h"

#define TEXT_MAX_BYTES (256 * MIB)

struct job {
	struct job *next;
	struct server *server;
	struct peer *peer;
	struct buf request; /* the whole message */
	struct slice id, params, token;
	struct buf answer; /* of the last question: its result or error */
	const struct action *at;
	char ask_id[24]; /* it waits for this answer; "" not */
	char mark[40];	 /* of the last event that had one */
	bool has_left;	 /* its stream has ended, and it waits to be asked for the rest */
	struct timer timer;
};

/* ---- parsing --------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum action_kind kind;
	bool takes_method, takes_text, takes_number;
} kinds[] = {
	{ "result", ACTION_RESULT, .takes_text = true },
	{ "error", ACTION_ERROR, .takes_text = true },
	{ "after", ACTION_AFTER },
	{ "never", ACTION_NEVER },
	{ "ask", ACTION_ASK, .takes_method = true, .takes_text = true },
	{ "progress", ACTION_PROGRESS, .takes_text = true },
	{ "notify", ACTION_NOTIFY, .takes_method = true, .takes_text = true },
	{ "say", ACTION_SAY, .takes_text = true },
	{ "part", ACTION_PART, .takes_text = true },
	{ "stderr", ACTION_STDERR, .takes_text = true },
	{ "exit", ACTION_EXIT, .takes_number = true },
	{ "close", ACTION_CLOSE },
	{ "status", ACTION_STATUS, .takes_number = true },
	{ "stream", ACTION_STREAM },
	{ "mark", ACTION_MARK, .takes_text = true },
	{ "retry", ACTION_RETRY, .takes_text = true },
	{ "leave", ACTION_LEAVE },
	{ "shut", ACTION_SHUT },
};

static bool
action_parse(struct world *world, struct slice *rest, struct action *action, struct err *err)
{
	struct slice word = script_word(rest), value;
	uint64_t number = 0;
	size_t i = 0;

	while (i < COUNT(kinds) && !slice_eq(word, slice_of(kinds[i].word)))
		i++;
	if (i == COUNT(kinds))
		return err_set(err, ERR_CONFIG, "unknown action \"%.*s\"", SLICE_FMT(word));
	action->kind = kinds[i].kind;
	if (kinds[i].takes_method) {
		action->method = script_word(rest);
		if (action->method.p == NULL)
			return err_set(err, ERR_CONFIG, "%s needs a method", kinds[i].word);
	}
	if (kinds[i].takes_text && !slice_starts(*rest, S("then ")))
		action->text = script_value(rest);
	if (action->kind == ACTION_AFTER) {
		value = script_word(rest);
		return config_duration(value, &action->ms, err);
	}
	if (kinds[i].takes_number && rest->n > 0 && !slice_starts(*rest, S("then "))) {
		if (!slice_to_u64(script_word(rest), 999, &number))
			return err_set(err, ERR_CONFIG, "%s needs a number", kinds[i].word);
		action->number = (int)number;
	}
	return true;
}

bool
actions_parse(struct world *world, struct slice rest, struct action **out, struct err *err)
{
	struct action **at = out;
	struct slice word;

	*out = NULL;
	do {
		*at = ARENA_NEW(&world->arena, struct action);
		if (!action_parse(world, &rest, *at, err))
			return false;
		at = &(*at)->next;
		word = script_word(&rest);
	} while (slice_eq(word, S("then")));
	if (word.p != NULL)
		return err_set(err, ERR_CONFIG, "\"then\" expected, not \"%.*s\"", SLICE_FMT(word));
	return true;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void
job_free(struct job *job)
{
	struct job **at = &job->server->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	timer_stop(job->server->world->loop, &job->timer);
	buf_fini(&job->request);
	buf_fini(&job->answer);
	mem_free(job);
}

void
jobs_free(struct server *server)
{
	while (server->jobs != NULL)
		job_free(server->jobs);
}

void
peer_link(struct peer *peer, struct server *server, const struct peer_ops *ops)
{
	peer->ops = ops;
	peer->server = server;
	peer->next = server->peers;
	server->peers = peer;
}

void
peer_unlink(struct peer *peer)
{
	struct peer **at = &peer->server->peers;
	struct job *next;

	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	for (struct job *job = peer->server->jobs; job != NULL; job = next) {
		next = job->next;
		if (job->peer != peer)
			continue;
		if (job->has_left)
			job->peer = NULL;
		else
			job_free(job);
	}
}

static bool
look(void *ctx, struct slice name, struct buf *out)
{
	struct job *job = ctx;
	struct slice answer = buf_view(&job->answer), value;

	if (slice_eq(name, S("params")))
		buf_put(out, job->params);
	else if (slice_eq(name, S("id")))
		buf_put(out, job->id);
	else if (slice_eq(name, S("token")))
		buf_put(out, job->token);
	else if (slice_eq(name, S("answer")))
		buf_put(out, answer.n > 0 ? answer : S("null"));
	else if (slice_eq(name, S("ask")))
		buf_puts(out, job->server->last_ask);
	else if (slice_eq(name, S("listen")))
		buf_puts(out, job->server->last_listen);
	else if (slice_eq(name, S("filter")))
		buf_put(out, json_find(job->params, S("notifications"), &value) ? value : S("{}"));
	else
		return false;
	return true;
}

/* "{" members "}" without the braces. */
static struct slice
members_of(struct slice object)
{
	return object.n >= 2 ? (struct slice){ object.p + 1, object.n - 2 } : SLICE_NONE;
}

/* The message of one action. */
static void
message_make(struct job *job, const struct action *action, struct buf *out)
{
	struct world *world = job->server->world;
	struct buf text;

	buf_init(&text, NULL, TEXT_MAX_BYTES);
	world_substitute(world, action->text, look, job, &text);
	if (action->kind == ACTION_SAY || action->kind == ACTION_PART ||
	    action->kind == ACTION_STDERR) {
		buf_put(out, buf_view(&text));
		buf_fini(&text);
		return;
	}
	buf_puts(out, "{\"jsonrpc\":\"2.0\"");
	if (action->kind == ACTION_RESULT || action->kind == ACTION_ERROR) {
		buf_printf(out, ",\"id\":%.*s,\"%s\":", SLICE_FMT(job->id),
		    action->kind == ACTION_RESULT ? "result" : "error");
		buf_put(out, text.n > 0 ? buf_view(&text) : S("{}"));
	} else if (action->kind == ACTION_PROGRESS) {
		buf_printf(out,
		    ",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":%.*s,",
		    SLICE_FMT(job->token));
		buf_put(out, members_of(buf_view(&text)));
		buf_putc(out, '}');
	} else {
		if (action->kind == ACTION_ASK)
			buf_printf(out, ",\"id\":%s", job->ask_id);
		buf_printf(out, ",\"method\":\"%.*s\"", SLICE_FMT(action->method));
		if (text.n > 0)
			buf_puts(out, ",\"params\":");
		buf_put(out, buf_view(&text));
	}
	buf_putc(out, '}');
	buf_fini(&text);
}

static void job_go(struct job *job);

static void
job_waited(struct timer *timer)
{
	job_go(CONTAINER(timer, struct job, timer));
}

/* Is there a further answer in the chain? Over HTTP the last one ends the response. */
static bool
has_more(const struct action *action)
{
	for (action = action->next; action != NULL; action = action->next) {
		if (action->kind != ACTION_AFTER && action->kind != ACTION_CLOSE &&
		    action->kind != ACTION_EXIT)
			return true;
	}
	return false;
}

static void
job_send(struct job *job, const struct action *action)
{
	bool is_last =
	    (action->kind == ACTION_RESULT || action->kind == ACTION_ERROR) && !has_more(action);
	struct peer *peer = job->peer;
	struct buf out;

	buf_init(&out, NULL, TEXT_MAX_BYTES);
	message_make(job, action, &out);
	if (action->kind == ACTION_PART)
		peer->ops->part(peer, buf_view(&out));
	else if (action->kind == ACTION_STDERR)
		peer->ops->stderr_say(peer, buf_view(&out));
	else
		peer->ops->send(peer, buf_view(&out), is_last);
	buf_fini(&out);
}

/* One action; false: the chain rests, or the job is gone. */
static bool
job_step(struct job *job, const struct action *action)
{
	struct server *server = job->server;
	struct peer *peer = job->peer;
	struct loop *loop = server->world->loop;

	switch (action->kind) {
	case ACTION_AFTER:
		timer_start(loop, &job->timer, loop_now_ms(loop) + action->ms, job_waited);
		return false;
	case ACTION_NEVER:
		return false;
	case ACTION_ASK:
		snprintf(job->ask_id, sizeof(job->ask_id), "\"q%u\"", ++server->next_ask);
		memcpy(server->last_ask, job->ask_id, sizeof(job->ask_id));
		job_send(job, action);
		return false;
	case ACTION_EXIT:
	case ACTION_CLOSE:
		peer->ops->end(peer, action->number);
		return false;
	case ACTION_STATUS:
		peer->ops->status(peer, action->number);
		return false;
	case ACTION_STREAM:
		peer->ops->stream(peer);
		return true;
	case ACTION_MARK:
		snprintf(job->mark, sizeof(job->mark), "%.*s", SLICE_FMT(action->text));
		peer->ops->mark(peer, S("id"), action->text);
		return true;
	case ACTION_RETRY:
		peer->ops->mark(peer, S("retry"), action->text);
		return true;
	case ACTION_LEAVE:
		job->has_left = true;
		peer->ops->end(peer, 0);
		return false;
	case ACTION_SHUT:
		peer->ops->shut(peer);
		return true;
	default:
		job_send(job, action);
		return true;
	}
}

static void
job_go(struct job *job)
{
	while (job->at != NULL && !job->peer->is_over) {
		const struct action *action = job->at;

		job->at = action->next;
		/* What ends the connection frees the job, now or with it. */
		if (!job_step(job, action))
			return;
	}
	job_free(job);
}

bool
job_resume(struct server *server, struct slice mark, struct peer *peer)
{
	for (struct job *job = server->jobs; job != NULL; job = job->next) {
		if (!job->has_left || !slice_eq(slice_of(job->mark), mark))
			continue;
		job->has_left = false;
		job->peer = peer;
		peer->ops->stream(peer);
		job_go(job);
		return true;
	}
	return false;
}

static struct job *
job_new(struct server *server, struct peer *peer, const struct action *actions)
{
	struct job *job = MEM_NEW(struct job);

	job->server = server;
	job->peer = peer;
	job->at = actions;
	job->next = server->jobs;
	server->jobs = job;
	buf_init(&job->request, NULL, TEXT_MAX_BYTES);
	buf_init(&job->answer, NULL, TEXT_MAX_BYTES);
	return job;
}

void
job_start(struct server *server, struct peer *peer, const struct action *actions)
{
	job_go(job_new(server, peer, actions));
}

/* ---- messages -------------------------------------------------------------------------------- */

/* What an upstream does that the script says nothing about. */
static bool
default_actions(struct server *server, struct slice method, struct slice params, struct buf *out)
{
	struct slice cursor = SLICE_NONE;
	bool is_page = false, is_first = true;

	if (slice_eq(method, S("initialize"))) {
		buf_printf(out,
		    "{\"protocolVersion\":\"%.*s\",\"capabilities\":%.*s,"
		    "\"serverInfo\":{\"name\":\"%s\",\"version\":\"1\"}%s%.*s}",
		    SLICE_FMT(server->revision), SLICE_FMT(server->capabilities), server->name,
		    server->instructions.p != NULL ? ",\"instructions\":" : "",
		    SLICE_FMT(server->instructions));
		return true;
	}
	if (slice_eq(method, S("ping")) || slice_eq(method, S("tools/call"))) {
		buf_puts(out, slice_eq(method, S("ping")) ? "{}" : "{\"content\":[]}");
		return true;
	}
	if (!slice_eq(method, S("tools/list")))
		return false;
	/* The cursor is the first tool of the page. */
	json_find(params, S("cursor"), &cursor);
	buf_puts(out, "{\"tools\":[");
	for (struct tool_line *tool = server->tools; tool != NULL; tool = tool->next) {
		bool is_cursor = cursor.n > 2 &&
		    slice_eq(tool->name, (struct slice){ cursor.p + 1, cursor.n - 2 });

		is_page = is_page || cursor.p == NULL || is_cursor;
		if (!is_page)
			continue;
		if (tool->begins_page && !is_first) {
			buf_printf(out, "],\"nextCursor\":\"%.*s\"", SLICE_FMT(tool->name));
			if (server->is_modern)
				modern_list_members(server, out);
			buf_putc(out, '}');
			return true;
		}
		buf_printf(out, "%s{\"name\":\"%.*s\"%s", is_first ? "" : ",",
		    SLICE_FMT(tool->name), tool->members.n > 2 ? "," : "");
		buf_put(out, members_of(tool->members));
		if (memmem(tool->members.p != NULL ? tool->members.p : "", tool->members.n,
			"\"inputSchema\"", 13) == NULL)
			buf_puts(out, ",\"inputSchema\":{\"type\":\"object\"}");
		buf_putc(out, '}');
		is_first = false;
	}
	buf_putc(out, ']');
	if (server->is_modern)
		modern_list_members(server, out);
	buf_putc(out, '}');
	return true;
}

/* What an upstream of 2026-07-28 does otherwise; NULL: nothing. */
static const struct action *
modern_actions(struct server *server, struct slice method)
{
	struct arena *arena = &server->world->arena;
	struct action *actions = NULL;
	struct slice kept;
	struct buf text;
	struct err err;

	buf_init(&text, NULL, MIB);
	if (server->is_modern && modern_default(server, method, &text)) {
		must(arena_reserve(arena, text.n, &err));
		kept = slice_dup(arena, buf_view(&text));
		must(actions_parse(server->world, kept, &actions, &err));
	}
	buf_fini(&text);
	return actions;
}

static const struct action *
reaction_to(struct server *server, struct slice method, struct slice tool)
{
	for (struct reaction *r = server->reactions; r != NULL; r = r->next) {
		if (r->is_used || !slice_eq(r->method, method) ||
		    (r->tool.p != NULL && !slice_eq(r->tool, tool)))
			continue;
		r->is_used = r->is_once;
		return r->actions;
	}
	return NULL;
}

/* The answer to a question: the job that asked goes on. */
static void
answered(struct server *server, struct slice text, struct slice id)
{
	struct slice body;

	for (struct job *job = server->jobs; job != NULL; job = job->next) {
		if (job->ask_id[0] == '\0' || !slice_eq(slice_of(job->ask_id), id))
			continue;
		job->ask_id[0] = '\0';
		buf_clear(&job->answer);
		if (json_find(text, S("result"), &body) || json_find(text, S("error"), &body))
			buf_put(&job->answer, body);
		job_go(job);
		return;
	}
}

/* notifications/cancelled: what was asked for is not done any further. */
static void
cancelled(struct server *server, struct slice params)
{
	struct slice id;

	if (!json_find(params, S("requestId"), &id))
		return;
	for (struct job *job = server->jobs; job != NULL; job = job->next) {
		if (slice_eq(job->id, id)) {
			job_free(job);
			return;
		}
	}
}

static void
requested(struct server *server, struct peer *peer, struct slice text, struct slice method)
{
	struct job *job = job_new(server, peer, NULL);
	struct slice name = SLICE_NONE, meta;
	struct action fallback = { .kind = ACTION_RESULT };
	struct buf out;

	buf_put(&job->request, text);
	text = buf_view(&job->request);
	must(json_find(text, S("id"), &job->id));
	if (!json_find(text, S("params"), &job->params))
		job->params = S("{}");
	if (json_find(job->params, S("_meta"), &meta))
		json_find(meta, S("progressToken"), &job->token);
	if ((json_find(job->params, S("name"), &name) || json_find(job->params, S("uri"), &name)) &&
	    name.n >= 2)
		name = (struct slice){ name.p + 1, name.n - 2 };
	if (slice_eq(method, S("subscriptions/listen")))
		snprintf(
		    server->last_listen, sizeof(server->last_listen), "%.*s", SLICE_FMT(job->id));
	job->at = reaction_to(server, method, name);
	if (job->at == NULL)
		job->at = modern_actions(server, method);
	if (job->at != NULL) {
		job_go(job);
		return;
	}
	buf_init(&out, NULL, 64 * MIB);
	if (!default_actions(server, method, job->params, &out)) {
		fallback.kind = ACTION_ERROR;
		buf_puts(&out, "{\"code\":-32601,\"message\":\"unknown method\"}");
	}
	fallback.text = buf_view(&out);
	job->at = &fallback;
	job_go(job);
	buf_fini(&out);
}

void
server_message(struct server *server, struct peer *peer, struct slice text)
{
	struct slice id = SLICE_NONE, token, method, params = S("{}");

	json_find(text, S("id"), &id);
	json_find(text, S("params"), &params);
	if (!json_find(text, S("method"), &token) || token.n < 2) {
		server_record(server, S("response"), text);
		answered(server, text, id);
		return;
	}
	method = (struct slice){ token.p + 1, token.n - 2 };
	server_record(server, method, text);
	if (id.p != NULL)
		requested(server, peer, text, method);
	else if (slice_eq(method, S("notifications/cancelled")))
		cancelled(server, params);
}
