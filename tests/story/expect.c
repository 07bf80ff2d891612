/*
 * Expectations: values by JSON pointer, counts of what came where, lines of the gateway's log.
 *
 * What a message says is looked at at once; counts may still grow, so they are looked at when the
 * world has settled, and waited for while they do not hold.
 */
#include <stdio.h>
#include <string.h>

#include "story.h"

/* ---- one expectation ------------------------------------------------------------------------- */

struct check {
	struct world *world;
	struct client *client;
	struct slice rest;
	struct err *err; /* why it does not hold; ERR_CONFIG: it makes no sense */
};

/* "== N" (or nothing: at least one) against what was counted. */
static bool
check_number(struct check *check, struct slice rest, uint64_t got)
{
	struct slice op = script_word(&rest);
	uint64_t want = 0;
	bool is_least = slice_eq(op, S(">="));

	if (op.p == NULL)
		return got > 0 || err_set(check->err, ERR_PARAMS, "none");
	if ((!slice_eq(op, S("==")) && !is_least) ||
	    !slice_to_u64(script_word(&rest), UINT32_MAX, &want))
		return err_set(check->err, ERR_CONFIG, "\"== N\" or \">= N\" expected");
	if (is_least ? got >= want : got == want)
		return true;
	return err_set(check->err, ERR_PARAMS, "%llu", (unsigned long long)got);
}

/* "/pointer == VALUE", "/pointer != VALUE", "/pointer exists", "/pointer absent", "~ TEXT" of a
 * text. */
static bool
check_text(struct check *check, struct slice rest, struct slice text)
{
	struct slice pointer = script_word(&rest), op, want;
	struct buf got;
	bool is_there, ok;

	if (slice_eq(pointer, S("~")) || slice_eq(pointer, S("!~"))) {
		want = script_value(&rest);
		ok = text.p != NULL && want.p != NULL &&
		    (memmem(text.p, text.n, want.p, want.n) != NULL) == (pointer.n == 1);
		return ok || err_set(check->err, ERR_PARAMS, "%.*s", SLICE_FMT(text));
	}
	op = script_word(&rest);
	if (!slice_starts(pointer, S("/")) || op.p == NULL)
		return err_set(
		    check->err, ERR_CONFIG, "a pointer and ==, != , ~, exists or absent expected");
	buf_init(&got, NULL, SIZE_MAX);
	is_there = value_at(text, pointer, &got);
	if (slice_eq(op, S("exists")) || slice_eq(op, S("absent")))
		ok = is_there == slice_eq(op, S("exists"));
	else if (slice_eq(op, S("~"))) {
		want = script_value(&rest);
		ok = is_there && memmem(got.p, got.n, want.p, want.n) != NULL;
	} else if (slice_eq(op, S("==")) || slice_eq(op, S("!=")))
		ok = is_there && value_same(buf_view(&got), rest) == slice_eq(op, S("=="));
	else
		ok = err_set(check->err, ERR_CONFIG, "unknown \"%.*s\"", SLICE_FMT(op));
	if (is_there)
		text = buf_view(&got);
	if (!ok && check->err->kind == ERR_NONE)
		err_set(check->err, ERR_PARAMS, "%.*s", SLICE_FMT(text));
	buf_fini(&got);
	return ok;
}

/* NAME requests METHOD == N | NAME starts|running == N | NAME last METHOD ... */
static bool
check_server(struct check *check, struct slice rest)
{
	struct slice name = script_word(&rest), what = script_word(&rest);
	struct server *server = server_find(check->world, name);
	struct slice method, text;

	if (server == NULL)
		return err_set(check->err, ERR_CONFIG, "no upstream \"%.*s\"", SLICE_FMT(name));
	if (slice_eq(what, S("starts")))
		return check_number(check, rest, server->starts);
	if (slice_eq(what, S("running")))
		return check_number(check, rest, server_peer(server) != NULL);
	method = script_word(&rest);
	if (slice_eq(what, S("requests")))
		return check_number(check, rest, server_count(server, method));
	text = server_last(server, method);
	if (!slice_eq(what, S("last")))
		return err_set(check->err, ERR_CONFIG, "unknown word \"%.*s\"", SLICE_FMT(what));
	if (text.p == NULL)
		return err_set(check->err, ERR_PARAMS, "it got no %.*s", SLICE_FMT(method));
	return check_text(check, rest, text);
}

/* EVENT [~ TEXT] [== N] */
static bool
check_log(struct check *check, struct slice rest)
{
	struct slice event = script_word(&rest), text = SLICE_NONE;

	if (slice_starts(rest, S("~ "))) {
		script_word(&rest);
		text = script_value(&rest);
	}
	return check_number(check, rest, world_log_count(check->world, event, text));
}

/* NAME == N: exchanges that ended so. */
static bool
check_outcome(struct check *check, struct slice rest)
{
	struct slice name = script_word(&rest);
	char text[40];
	int n = snprintf(text, sizeof(text), " completed: %.*s in ", SLICE_FMT(name));

	return check_number(check, rest,
	    world_log_count(
		check->world, S("request_completed"), (struct slice){ text, (size_t)n }));
}

static bool
check_client(struct check *check, struct slice word, struct slice rest)
{
	struct client *client = check->client;
	struct slice value;

	if (slice_eq(word, S("received"))) {
		value = script_word(&rest);
		return check_number(check, rest, client_count(client, value));
	}
	if (slice_eq(word, S("unread")))
		return check_number(check, rest, client_unread(client));
	if (slice_eq(word, S("status")))
		return check_number(check, rest, (uint64_t)client->status);
	if (slice_eq(word, S("gone")))
		return client->is_gone || err_set(check->err, ERR_PARAMS, "it is still there");
	if (slice_eq(word, S("stream")) || slice_eq(word, S("document")))
		return client->was_sse == (word.p[0] == 's') ||
		    err_set(check->err, ERR_PARAMS, "it was the other");
	if (slice_eq(word, S("header"))) {
		value = script_value(&rest);
		return memmem(client->head.p, client->head.n, value.p, value.n) != NULL ||
		    err_set(check->err, ERR_PARAMS, "%.*s", SLICE_FMT(buf_view(&client->head)));
	}
	if (client->at == NULL)
		return err_set(check->err, ERR_CONFIG, "no message was read");
	if (slice_eq(word, S("message")))
		return check_text(check, rest, buf_view(&client->at->text));
	return check_text(check, check->rest, buf_view(&client->at->text));
}

static bool
check_holds(void *ctx)
{
	struct check *check = ctx;
	struct slice rest = check->rest, word = script_word(&rest);

	*check->err = (struct err){ 0 };
	if (slice_eq(word, S("upstream")))
		return check_server(check, rest);
	if (slice_eq(word, S("log")))
		return check_log(check, rest);
	if (slice_eq(word, S("outcome")))
		return check_outcome(check, rest);
	if (check->client == NULL)
		return err_set(
		    check->err, ERR_CONFIG, "unknown expectation \"%.*s\"", SLICE_FMT(word));
	return check_client(check, word, rest);
}

/* What grows with time; a message that was read does not change any more. */
static bool
may_change(struct slice rest)
{
	static const struct slice fixed[] = { S("/"), S("message"), S("status"), S("stream"),
		S("document"), S("header") };

	for (size_t i = 0; i < COUNT(fixed); i++) {
		if (slice_starts(rest, fixed[i]))
			return false;
	}
	return true;
}

bool
expect_run(struct world *world, struct client *client, struct slice rest, struct err *err)
{
	struct check check = { .world = world, .client = client, .rest = rest, .err = err };
	struct err why = { 0 };

	if (may_change(rest)) {
		world_settle(world);
		if (world_wait(world, check_holds, &check))
			return true;
	} else if (check_holds(&check)) {
		return true;
	}
	why = *err;
	if (why.kind == ERR_CONFIG)
		return false;
	return err_set(err, ERR_PARAMS, "expected %.*s, got: %s", (int)(rest.n > 90 ? 90 : rest.n),
	    rest.p, why.text);
}

bool
expect_read(
    struct world *world, struct client *client, struct slice rest, struct buf *out, struct err *err)
{
	struct slice after = rest, word = script_word(&after), text = SLICE_NONE;
	struct server *server;

	if (slice_eq(word, S("upstream"))) {
		world_settle(world);
		server = server_find(world, script_word(&after));
		if (server == NULL || !slice_eq(script_word(&after), S("last")))
			return err_set(
			    err, ERR_CONFIG, "upstream NAME last METHOD /pointer expected");
		text = server_last(server, script_word(&after));
		rest = after;
	} else if (client != NULL && client->at != NULL) {
		text = buf_view(&client->at->text);
	}
	if (!value_at(text, rest, out))
		return err_set(
		    err, ERR_PARAMS, "nothing at %.*s of: %.*s", SLICE_FMT(rest), SLICE_FMT(text));
	return true;
}
