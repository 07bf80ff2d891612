/*
 * One JSON-RPC message: from bytes to a scanned struct message, and back to bytes by splicing.
 *
 * The scan is strict (base.h); members of the envelope and of params whose name differs from a
 * protocol name only in case are refused, because receivers disagree about them (an intermediary
 * must not see another message than the server does).  Small texts are read in place within the
 * call; large ones in slices of SLICE_OF_WORK_BYTES, one a turn of the loop.
 */
#include <string.h>

#include "mcp/mcp.h"

/* What a member of the envelope (depth 1) or of params (2) is to the protocol. */
enum member {
	MEMBER_OTHER,
	MEMBER_VERSION,
	MEMBER_ID,
	MEMBER_METHOD,
	MEMBER_PARAMS,
	MEMBER_RESULT,
	MEMBER_ERROR,
	MEMBER_NAME,
	MEMBER_ARGUMENTS,
	MEMBER_META,
	MEMBER_CURSOR,
	MEMBER_URI,
	MEMBER_REQUEST_ID,
	MEMBER_TOKEN,
	MEMBER_REVISION,
	MEMBER_CAPABILITIES,
	MEMBER_CLIENT,
	MEMBER_TASK,
	MEMBER_STATE,
	MEMBER_RESPONSES,
};

static const struct {
	struct slice name;
	unsigned depth;
} protocol_names[] = {
	[MEMBER_OTHER] = { S(""), 0 },
	[MEMBER_VERSION] = { S("jsonrpc"), 1 },
	[MEMBER_ID] = { S("id"), 1 },
	[MEMBER_METHOD] = { S("method"), 1 },
	[MEMBER_PARAMS] = { S("params"), 1 },
	[MEMBER_RESULT] = { S("result"), 1 },
	[MEMBER_ERROR] = { S("error"), 1 },
	[MEMBER_NAME] = { S("name"), 2 },
	[MEMBER_ARGUMENTS] = { S("arguments"), 2 },
	[MEMBER_META] = { S("_meta"), 2 },
	[MEMBER_CURSOR] = { S("cursor"), 2 },
	[MEMBER_URI] = { S("uri"), 2 },
	[MEMBER_REQUEST_ID] = { S("requestId"), 2 },
	[MEMBER_TOKEN] = { S("progressToken"), 2 },
	[MEMBER_REVISION] = { S("protocolVersion"), 2 },
	[MEMBER_CAPABILITIES] = { S("capabilities"), 2 },
	[MEMBER_CLIENT] = { S("clientInfo"), 2 },
	[MEMBER_TASK] = { S("task"), 2 },
	[MEMBER_STATE] = { S("requestState"), 2 },
	[MEMBER_RESPONSES] = { S("inputResponses"), 2 },
};

#define NAME_MAX_BYTES 15 /* the longest of them */

/* Captured depth: envelope, and params or result. */
#define CAPTURE_DEPTH 2
#define ARENA_CEILING (64 * MIB)
#define ID_MAX_BYTES  256   /* of an id, a token, a method */
#define MEMBERS_MAX   65536 /* of the envelope and params together */

/*
 * Which member is it?  False: one that differs from a protocol name only in case, or spells one
 * with escapes.
 */
static bool
member_of(struct arena *arena, const struct json_member *member, enum member *out, struct err *err)
{
	struct slice key = member->key;
	bool is_escaped = memchr(key.p, '\\', key.n) != NULL;

	*out = MEMBER_OTHER;
	if (is_escaped &&
	    (key.n > ID_MAX_BYTES ||
		!json_string(arena, (struct slice){ key.p - 1, key.n + 2 }, &key, err)))
		return key.n > ID_MAX_BYTES;
	if (key.n > NAME_MAX_BYTES)
		return true;
	for (unsigned i = MEMBER_VERSION; i < COUNT(protocol_names); i++) {
		const struct slice name = protocol_names[i].name;

		bool is_same;

		if (protocol_names[i].depth != member->depth || !slice_eq_nocase(name, key))
			continue;
		is_same = slice_eq(name, key);
		if (is_escaped)
			return err_set(
			    err, ERR_REQUEST, "member \"%s\" is written with escapes", name.p);
		if (!is_same)
			return err_set(err, ERR_REQUEST,
			    "member \"%.*s\" differs from \"%s\" only in case", SLICE_FMT(key),
			    name.p);
		*out = (enum member)i;
		return true;
	}
	return true;
}

/* Members of the envelope that struct message does not keep as they are. */
struct envelope {
	struct slice version, method, result, error;
};

/*
 * Puts the members that matter where they belong.  The first fault is told; what follows it is
 * still read, because the answer to a faulty message needs its id.
 */
static bool
message_collect(struct message *message, struct arena *arena, const struct json_scan *scan,
    struct envelope *envelope, struct err *err)
{
	size_t n, counted = 0;
	const struct json_member *members = json_scan_members(scan, &n);
	struct err later;
	bool ok = true;
	struct slice *const places[COUNT(protocol_names)] = {
		[MEMBER_VERSION] = &envelope->version,
		[MEMBER_ID] = &message->id,
		[MEMBER_METHOD] = &envelope->method,
		[MEMBER_PARAMS] = &message->params,
		[MEMBER_RESULT] = &envelope->result,
		[MEMBER_ERROR] = &envelope->error,
		[MEMBER_NAME] = &message->name,
		[MEMBER_ARGUMENTS] = &message->arguments,
		[MEMBER_META] = &message->meta,
		[MEMBER_CURSOR] = &message->cursor,
		[MEMBER_REQUEST_ID] = &message->request_id,
		[MEMBER_TOKEN] = &message->progress_token,
		[MEMBER_STATE] = &message->request_state,
		[MEMBER_RESPONSES] = &message->input_responses,
	};

	for (size_t i = 0; i < n; i++) {
		enum member member;

		if (members[i].depth == 2 && !slice_eq(members[i].parent, S("params")))
			continue;
		if (++counted > MEMBERS_MAX)
			return err_set(err, ERR_LIMIT,
			    "more than %d members in the envelope and params of a message",
			    MEMBERS_MAX);
		if (!member_of(arena, &members[i], &member, ok ? err : &later))
			ok = false;
		else if (places[member] != NULL)
			*places[member] = members[i].value;
	}
	return ok;
}

static bool
message_read_method(
    struct message *message, struct arena *arena, struct slice method, struct err *err)
{
	if (method.p == NULL)
		return true;
	if (json_type(method) != JSON_STRING)
		return err_set(err, ERR_REQUEST, "\"method\" must be a string");
	if (method.n > ID_MAX_BYTES)
		return err_set(
		    err, ERR_REQUEST, "\"method\" is longer than %d bytes", ID_MAX_BYTES);
	return json_string(arena, method, &message->method_name, err);
}

/* Of any size: ids and tokens are never taken for numbers, only written back. */
static bool
is_integer(struct slice token)
{
	if (json_type(token) != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] != '-' && (token.p[i] < '0' || token.p[i] > '9'))
			return false;
	}
	return true;
}

/* What a member of params._meta is to the protocol; NULL: nothing. */
static struct slice *
meta_place(struct message *message, struct slice key)
{
	struct {
		struct slice name;
		struct slice *to;
	} places[] = {
		{ S("protocolVersion"), &message->modern.version },
		{ S("clientInfo"), &message->modern.client_info },
		{ S("clientCapabilities"), &message->modern.capabilities },
		{ S("logLevel"), &message->modern.log_level },
	};

	if (slice_eq(key, S("progressToken")))
		return &message->progress_token;
	if (slice_eq(key, S("traceparent")))
		return &message->traceparent;
	if (slice_eq(key, S("tracestate")))
		return &message->tracestate;
	if (!slice_starts(key, S(MCP_META)))
		return NULL;
	key.p += sizeof(MCP_META) - 1;
	key.n -= sizeof(MCP_META) - 1;
	for (size_t i = 0; i < COUNT(places); i++) {
		if (slice_eq(key, places[i].name))
			return places[i].to;
	}
	return NULL;
}

/* A token is a string or an integer (2025-06-18, basic/utilities/progress). */
static bool
message_read_meta(struct message *message, struct arena *arena, struct err *err)
{
	struct slice key, value, plain, *to;
	struct json_iter iter;

	json_iter_init(&iter, message->meta);
	while (json_iter_next(&iter, &key, &value)) {
		plain = key;
		if (key.n <= ID_MAX_BYTES && memchr(key.p, '\\', key.n) != NULL &&
		    !json_string(arena, (struct slice){ key.p - 1, key.n + 2 }, &plain, err))
			return false;
		to = meta_place(message, plain);
		if (to == NULL) {
			message->meta_has_more = true;
			continue;
		}
		if (plain.p != key.p)
			return err_set(
			    err, ERR_PARAMS, "\"%.*s\" is written with escapes", SLICE_FMT(plain));
		if (to == &message->progress_token &&
		    ((json_type(value) != JSON_STRING && !is_integer(value)) ||
			value.n > ID_MAX_BYTES))
			return err_set(err, ERR_PARAMS,
			    "\"progressToken\" must be a short string or an integer");
		*to = value;
		message->meta_has_more |= to == &message->traceparent || to == &message->tracestate;
	}
	return true;
}

static bool
message_check_id(struct message *message, struct err *err)
{
	switch (json_type(message->id)) {
	case JSON_STRING:
		if (message->id.n > ID_MAX_BYTES)
			return err_set(
			    err, ERR_REQUEST, "\"id\" is longer than %d bytes", ID_MAX_BYTES);
		return true;
	case JSON_NUMBER:
		if (!is_integer(message->id) || message->id.n > ID_MAX_BYTES)
			return err_set(err, ERR_REQUEST, "\"id\" must be a string or an integer");
		return true;
	default:
		message->id = SLICE_NONE;
		return err_set(err, ERR_REQUEST, "\"id\" must be a string or an integer");
	}
}

static bool
message_check_params(struct message *message, struct arena *arena, struct err *err)
{
	if (message->params.p != NULL && json_type(message->params) != JSON_OBJECT)
		return err_set(err, ERR_PARAMS, "\"params\" must be an object");
	if (message->meta.p != NULL && json_type(message->meta) != JSON_OBJECT)
		return err_set(err, ERR_PARAMS, "\"params._meta\" must be an object");
	if (message->meta.n > SLICE_OF_WORK_BYTES)
		return err_set(
		    err, ERR_LIMIT, "\"params._meta\" is over %zu KiB", SLICE_OF_WORK_BYTES / KIB);
	/* In params itself it is the token of a progress notification, and else just a member. */
	if (message->kind == MESSAGE_NOTIFICATION)
		return true;
	message->progress_token = SLICE_NONE;
	return message->meta.p == NULL || message_read_meta(message, arena, err);
}

/* A result or an error. */
static bool
message_check_response(
    struct message *message, const struct envelope *envelope, bool has_id, struct err *err)
{
	if (message->body.p == NULL || (envelope->result.p != NULL && envelope->error.p != NULL))
		return err_set(err, ERR_REQUEST,
		    "a message needs \"method\", \"result\" or \"error\", one of them");
	if (message->kind == MESSAGE_ERROR && json_type(message->body) != JSON_OBJECT)
		return err_set(err, ERR_REQUEST, "\"error\" must be an object");
	/* An error about a message that could not be read has no id, or null (2025-11-25). */
	if (message->kind == MESSAGE_ERROR && (!has_id || json_type(message->id) == JSON_NULL)) {
		message->id = SLICE_NONE;
		return true;
	}
	if (!has_id)
		return err_set(err, ERR_REQUEST, "a response needs \"id\"");
	return message_check_id(message, err);
}

/* Tells the kinds apart and checks the envelope (JSON-RPC 2.0 §4, §5). */
static bool
message_classify(
    struct message *message, struct arena *arena, const struct envelope *envelope, struct err *err)
{
	bool has_id = message->id.p != NULL;

	message->kind = envelope->error.p != NULL ? MESSAGE_ERROR : MESSAGE_RESULT;
	message->body = envelope->error.p != NULL ? envelope->error : envelope->result;
	if (!slice_eq(envelope->version, S("\"2.0\"")))
		return err_set(err, ERR_REQUEST, "\"jsonrpc\" must be \"2.0\"");
	if (message->method_name.p == NULL)
		return message_check_response(message, envelope, has_id, err);
	message->kind = has_id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
	message->method = mcp_method_find(message->method_name);
	if (message->body.p != NULL)
		return err_set(err, ERR_REQUEST, "a message has \"method\" or a result, not both");
	return (!has_id || message_check_id(message, err)) &&
	    message_check_params(message, arena, err);
}

static bool
message_from_scan(
    struct message *message, struct arena *arena, const struct json_scan *scan, struct err *err)
{
	struct envelope envelope = { .version = SLICE_NONE };
	struct err later;
	bool ok;

	if (json_scan_type(scan) == JSON_ARRAY) {
		message->kind = MESSAGE_BATCH;
		return err_set(err, ERR_REQUEST,
		    "batches are not part of this protocol revision: send one message at a time");
	}
	if (json_scan_type(scan) != JSON_OBJECT)
		return err_set(err, ERR_REQUEST, "a message is a JSON object");
	message->mended = json_scan_mended(scan);
	ok = message_collect(message, arena, scan, &envelope, err);
	ok = message_read_method(message, arena, envelope.method, ok ? err : &later) && ok;
	return ok && message_classify(message, arena, &envelope, err);
}

/* ---- intake ---------------------------------------------------------------------------------- */

void
intake_init(struct intake *intake, struct loop *loop, unsigned flags)
{
	memset(intake, 0, sizeof(*intake));
	intake->loop = loop;
	intake->flags = flags | JSON_ONE_LINE;
	arena_init(&intake->arena, loop_memory(loop), ARENA_CEILING);
	buf_init(&intake->text, loop_memory(loop), SIZE_MAX);
}

void
intake_fini(struct intake *intake)
{
	deferred_stop(intake->loop, &intake->step);
	arena_fini(&intake->arena);
	buf_fini(&intake->text);
}

static void
intake_fail(struct intake *intake, const struct err *err)
{
	intake->is_busy = false;
	intake->done(intake->owner, NULL, err);
}

/* The end of the string whose opening quote is at `at`, behind its closing one; NULL: it has none.
 */
static const char *
string_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : NULL;
}

static const char *
blanks_end(const char *at, const char *end)
{
	while (at < end && memchr(" \t\r\n", *at, 4) != NULL)
		at++;
	return at;
}

/* The string or number at `at`; SLICE_NONE: something else. */
static struct slice
token_at(const char *at, const char *end)
{
	const char *to = at;

	if (at < end && *at == '"')
		to = string_end(at, end);
	else
		while (to < end && (*to == '-' || (*to >= '0' && *to <= '9')))
			to++;
	if (to == NULL || to == at || blanks_end(to, end) == end)
		return SLICE_NONE;
	return strchr(",}", *blanks_end(to, end)) != NULL ? (struct slice){ at, (size_t)(to - at) }
							  : SLICE_NONE;
}

/*
 * A text that is over a limit of the scan (too deep, say) may still be somebody's request: finds id
 * and method of its envelope wherever they stand.  One that comes twice is none.
 */
static void
envelope_skim(struct slice text, struct slice *id, struct slice *method)
{
	const char *at = text.p, *end = text.p + text.n, *start;
	unsigned ids = 0, methods = 0;
	size_t depth = 0;

	while (at < end) {
		start = at++;
		if (*start == '{' || *start == '[')
			depth++;
		if ((*start == '}' || *start == ']') && depth-- == 0)
			break;
		if (*start != '"')
			continue;
		if ((at = string_end(start, end)) == NULL)
			break;
		if (depth != 1 || blanks_end(at, end) == end || *blanks_end(at, end) != ':')
			continue;
		if (slice_eq((struct slice){ start, (size_t)(at - start) }, S("\"id\"")) &&
		    ++ids > 0)
			*id = token_at(blanks_end(blanks_end(at, end) + 1, end), end);
		if (slice_eq((struct slice){ start, (size_t)(at - start) }, S("\"method\"")) &&
		    ++methods > 0)
			*method = token_at(blanks_end(blanks_end(at, end) + 1, end), end);
	}
	*id = ids == 1 ? *id : SLICE_NONE;
	*method = methods == 1 ? *method : SLICE_NONE;
}

MUST_CHECK static bool
token_is_sound(struct intake *intake, struct slice token)
{
	struct arena arena;
	struct err err;
	bool ok;

	if (token.p == NULL || token.n > ID_MAX_BYTES)
		return false;
	arena_init(&arena, NULL, MIB);
	ok = json_scan_all(json_scan_new(&arena, (char *)(uintptr_t)token.p, token.n, 0,
			       JSON_ONE_LINE, loop_seed(intake->loop)),
	    &err);
	arena_fini(&arena);
	return ok;
}

/* Over a limit: whose it is may be told all the same. */
static void
intake_limit(struct intake *intake, struct slice text, const struct err *err)
{
	struct message message = { .text = text, .scan = intake->scan, .method = MCP_UNKNOWN };
	struct slice method = SLICE_NONE;
	struct err later;

	if (text.n == 0 || *blanks_end(text.p, text.p + text.n) != '{') {
		intake_fail(intake, err);
		return;
	}
	envelope_skim(text, &message.id, &method);
	if (!token_is_sound(intake, message.id) || !message_check_id(&message, &later))
		message.id = SLICE_NONE;
	if (!token_is_sound(intake, method) ||
	    !message_read_method(&message, &intake->arena, method, &later))
		message.method_name = SLICE_NONE;
	message.kind = message.method_name.p == NULL ? MESSAGE_RESULT
	    : message.id.p != NULL		     ? MESSAGE_REQUEST
						     : MESSAGE_NOTIFICATION;
	intake->is_busy = false;
	intake->done(intake->owner, &message, err);
}

/* The scan is over: builds the message and hands it on. */
static void
intake_finish(struct intake *intake, struct slice text)
{
	struct message message = { .text = text, .scan = intake->scan, .method = MCP_UNKNOWN };
	struct err err = { 0 }, later;

	intake->is_busy = false;
	if (!message_from_scan(&message, &intake->arena, intake->scan, &err) &&
	    !message_check_id(&message, &later))
		message.id = SLICE_NONE;
	intake->done(intake->owner, &message, &err);
}

static void
intake_scan(struct intake *intake, char *text, size_t n)
{
	intake->raw = (struct slice){ text, n };
	intake->scan = json_scan_new(
	    &intake->arena, text, n, CAPTURE_DEPTH, intake->flags, loop_seed(intake->loop));
}

static void
intake_now(struct intake *intake, char *text, size_t n)
{
	struct err err = { 0 };

	intake_scan(intake, text, n);
	if (json_scan_all(intake->scan, &err))
		intake_finish(intake, (struct slice){ text, n });
	else if (err.kind == ERR_LIMIT)
		intake_limit(intake, (struct slice){ text, n }, &err);
	else
		intake_fail(intake, &err);
}

static void
intake_step(struct deferred *deferred)
{
	struct intake *intake = CONTAINER(deferred, struct intake, step);
	struct err err = { 0 };

	switch (json_scan_step(intake->scan, SLICE_OF_WORK_BYTES, &err)) {
	case JSON_MORE:
		loop_defer(intake->loop, &intake->step, intake_step);
		return;
	case JSON_DONE:
		intake_finish(intake, buf_view(&intake->text));
		return;
	case JSON_BAD:
		intake_fail(intake, &err);
		return;
	}
}

/* Reads intake->text, at once or over several turns. */
static void
intake_text(struct intake *intake)
{
	if (intake->text.n <= SLICE_OF_WORK_BYTES) {
		intake_now(intake, intake->text.p, intake->text.n);
		return;
	}
	intake_scan(intake, intake->text.p, intake->text.n);
	intake->is_busy = true;
	loop_defer(intake->loop, &intake->step, intake_step);
}

void
intake_feed(struct intake *intake, const char *text, size_t n)
{
	struct err err = { 0 };
	char *copy;

	must(!intake->is_busy);
	arena_fini(&intake->arena);
	if (intake->text.cap > 0)
		buf_fini(&intake->text);
	if (n <= SLICE_OF_WORK_BYTES) {
		if (!arena_reserve(&intake->arena, n, &err)) {
			intake_fail(intake, &err);
			return;
		}
		copy = arena_bytes(&intake->arena, n);
		memcpy(copy, text, n);
		intake_now(intake, copy, n);
		return;
	}
	if (!buf_reserve(&intake->text, n, &err)) {
		intake_fail(intake, &err);
		return;
	}
	buf_put(&intake->text, (struct slice){ text, n });
	intake_text(intake);
}

void
intake_take(struct intake *intake, struct buf *text)
{
	must(!intake->is_busy);
	arena_fini(&intake->arena);
	buf_fini(&intake->text);
	buf_take(&intake->text, text);
	intake_text(intake);
}

/* ---- splicing -------------------------------------------------------------------------------- */

size_t
message_splice(
    struct slice text, struct edit *edits, size_t edits_n, struct slice parts[SPLICE_PARTS])
{
	const char *at = text.p;
	size_t n = 0;

	must(edits_n <= EDITS_MAX);
	for (size_t i = 1; i < edits_n; i++) {
		for (size_t k = i; k > 0 && edits[k].at.p < edits[k - 1].at.p; k--) {
			struct edit swap = edits[k];

			edits[k] = edits[k - 1];
			edits[k - 1] = swap;
		}
	}
	for (size_t i = 0; i < edits_n; i++) {
		must(edits[i].at.p >= at && edits[i].at.p + edits[i].at.n <= text.p + text.n);
		if (edits[i].at.p > at)
			parts[n++] = (struct slice){ at, (size_t)(edits[i].at.p - at) };
		if (edits[i].with.n > 0)
			parts[n++] = edits[i].with;
		at = edits[i].at.p + edits[i].at.n;
	}
	if (at < text.p + text.n)
		parts[n++] = (struct slice){ at, (size_t)(text.p + text.n - at) };
	return n;
}
