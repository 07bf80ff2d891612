/*
 * What modern clients carry for us between two requests (requestState): sealed, so that it can be
 * neither read nor changed, and good only for whom and for what it was made: the caller, the
 * method, and the params but for what a retry changes.
 *
 * The text: its kind, eight digits of the process that made it, a dot, the sealed text.  The digits
 * are no secret and protect nothing: they tell a state from before a restart, or of another
 * instance, from one that was never good.
 *
 * Params that differ only in white space, in the order of members or in how strings are escaped are
 * the same; numbers are compared as text.  Over CANONICAL_BYTES, or deeper than json_canonical()
 * goes, they are compared byte for byte: to sort what a client may send would hold up all others.
 */
#include <string.h>

#include "mcp/front_modern.h"

#define CANONICAL_BYTES SLICE_OF_WORK_BYTES
#define STATE_BYTES	(SEALED_BYTES(SEAL_MAX_BYTES) + 16)

/* ---- canonical params ------------------------------------------------------------------------ */

/* What a retry changes, or what is about this one request (2026-07-28, basic/patterns/mrtr). */
static bool
is_of_round(struct slice key)
{
	return slice_eq(key, S("_meta")) || slice_eq(key, S("inputResponses")) ||
	    slice_eq(key, S("requestState"));
}

/* The members as they stand, one after the other. */
static bool
bytes_digest(struct arena *arena, struct slice params, char digest[65], struct err *err)
{
	size_t n = 0, all = json_count(params);
	struct slice *parts, key, value;
	struct json_iter iter;

	if (!arena_reserve(arena, (all + 1) * 4 * sizeof(*parts), err))
		return false;
	parts = ARENA_ARRAY(arena, struct slice, (all + 1) * 4);
	json_iter_init(&iter, params);
	while (json_iter_next(&iter, &key, &value)) {
		if (is_of_round(key))
			continue;
		parts[n++] = key;
		parts[n++] = S("\":");
		parts[n++] = value;
		parts[n++] = S(",\"");
	}
	sha256_hex(parts, n, digest);
	return true;
}

bool
state_bind(struct loop *loop, const struct caller *caller, const struct message *request,
    struct state_binding *binding, struct err *err)
{
	struct arena arena;
	struct buf text;
	struct slice view;
	bool ok = true;

	arena_init(&arena, loop_memory(loop), 64 * MIB);
	buf_init(&text, NULL, 8 * CANONICAL_BYTES);
	if (request->params.n <= CANONICAL_BYTES &&
	    json_canonical(&arena, request->params, is_of_round, &text) && buf_check(&text, err)) {
		view = buf_view(&text);
		sha256_hex(&view, 1, binding->digest);
	} else {
		ok = bytes_digest(&arena, request->params, binding->digest, err);
	}
	buf_fini(&text);
	arena_fini(&arena);
	binding->parts[0] = caller->principal;
	binding->parts[1] = caller->tenant;
	binding->parts[2] = request->method_name;
	binding->parts[3] = slice_of(binding->digest);
	return ok;
}

/* ---- sealing --------------------------------------------------------------------------------- */

static struct seal_context
context_of(enum state_kind kind, const struct state_binding *binding)
{
	return (struct seal_context){ .purpose = kind == STATE_PARKED ? "parked" : "passed",
		.parts = binding->parts,
		.parts_n = COUNT(binding->parts) };
}

void
state_seal(const struct fronts *fronts, enum state_kind kind, const struct state_binding *binding,
    uint64_t expires_ms, struct slice plain, struct buf *out)
{
	struct seal_context context = context_of(kind, binding);

	buf_printf(out, "\"%c%s.", (char)kind, fronts->tag);
	seal_make(fronts->seal, &context, expires_ms, plain, out);
	buf_putc(out, '"');
}

/* Kind, tag and sealed text; false: it is none of ours. */
static bool
take_apart(struct slice text, enum state_kind *kind, struct slice *tag, struct slice *sealed)
{
	*tag = slice_cut(text, '.', sealed);
	if (tag->n != STATE_TAG || sealed->p == NULL ||
	    (tag->p[0] != (char)STATE_PARKED && tag->p[0] != (char)STATE_PASSED))
		return false;
	*kind = (enum state_kind)tag->p[0];
	tag->p++;
	tag->n--;
	return true;
}

bool
state_open(const struct fronts *fronts, const struct caller *caller, const struct message *request,
    struct arena *arena, enum state_kind *kind, struct slice *plain, struct err *err)
{
	struct slice token = request->request_state, text, tag, sealed;
	struct state_binding binding;
	struct seal_context context;
	bool is_ours;

	if (json_type(token) != JSON_STRING || token.n > STATE_BYTES ||
	    !json_string(arena, token, &text, err) || !take_apart(text, kind, &tag, &sealed))
		return err_set(err, ERR_PARAMS,
		    "params.requestState is none that was given here: send it exactly as it came");
	is_ours = slice_eq(tag, slice_of(fronts->tag));
	if (!state_bind(fronts->loop, caller, request, &binding, err))
		return false;
	context = context_of(*kind, &binding);
	if ((is_ours || *kind == STATE_PASSED) &&
	    seal_open(fronts->seal, &context, sealed, arena, plain, err))
		return true;
	if (!is_ours)
		return err_set(err, ERR_PARAMS,
		    "params.requestState is from before a restart of bascule or of another "
		    "instance, and what waited there is lost: make the call again without it");
	return err_set(err, ERR_PARAMS,
	    "params.requestState was not given to this caller for this call, or has expired: make "
	    "the call again without it");
}

bool
state_owner(const struct fronts *fronts, const struct caller *caller, const struct message *request,
    struct arena *arena, struct slice *name)
{
	struct slice token = request->request_state, text, tag, sealed, plain;
	struct state_binding binding;
	struct seal_context context;
	enum state_kind kind;
	struct err err;

	*name = SLICE_NONE;
	if (json_type(token) != JSON_STRING || token.n > STATE_BYTES ||
	    !json_string(arena, token, &text, &err) || !take_apart(text, &kind, &tag, &sealed) ||
	    kind != STATE_PARKED || slice_eq(tag, slice_of(fronts->tag)) ||
	    !state_bind(fronts->loop, caller, request, &binding, &err))
		return false;
	context = context_of(kind, &binding);
	if (!seal_open(fronts->seal, &context, sealed, arena, &plain, &err))
		return false;
	/* "NUMBER ROUND NAME" (park.c) */
	slice_cut(plain, ' ', &plain);
	slice_cut(plain, ' ', name);
	return name->n > 0;
}
