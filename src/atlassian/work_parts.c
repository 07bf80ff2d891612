/*
 * Results that are larger than atlassian.result_max come in parts: the first says how much there is
 * and by which handle the rest is had, {"rest": HANDLE} to the same tool.  A handle names the kept
 * text and the byte to go on from, so a part may be asked for again, and in any order.
 *
 * What is kept is bounded in number, bytes and time, the oldest goes first, and it is shown only to
 * the caller and the credential that it was made for.  A handle cannot be guessed.
 */
#include "atlassian/parts.h"

#include <stdio.h>
#include <string.h>

#define KEPT_MAX       16 /* results of one site */
#define KEPT_BYTES_MAX (16 * MIB)
#define KEPT_MS	       (10 * 60 * 1000)
#define ID_BYTES       16  /* random; twice as many in hex */
#define FRAME_BYTES    256 /* of a part, around its text */

struct kept_result {
	struct kept_result *next; /* older */
	char id[2 * ID_BYTES + 1];
	unsigned char digest[SHA256_BYTES]; /* of the credential; zero: the configured one */
	struct slice principal;
	const struct tool *tool;
	uint64_t until_ms;
	struct buf text;
};

struct parts {
	struct loop *loop;
	struct kept_result *newest;
	struct timer timer; /* runs while anything is kept */
};

/* ---- what is kept ---------------------------------------------------------------------------- */

static void
kept_free(struct kept_result *kept)
{
	buf_fini(&kept->text);
	mem_free((void *)kept->principal.p);
	mem_free(kept);
}

/* Forgets all from there on. */
static void
forget_from(struct kept_result **at)
{
	struct kept_result *kept = *at;

	*at = NULL;
	while (kept != NULL) {
		struct kept_result *next = kept->next;

		kept_free(kept);
		kept = next;
	}
}

static void
forget_old(struct timer *timer)
{
	struct parts *parts = CONTAINER(timer, struct parts, timer);
	struct kept_result **at = &parts->newest;
	uint64_t now = loop_now_ms(parts->loop), until_ms = 0;

	while (*at != NULL && (*at)->until_ms > now) {
		until_ms = (*at)->until_ms;
		at = &(*at)->next;
	}
	forget_from(at);
	timer_stop(parts->loop, timer);
	if (parts->newest != NULL)
		timer_start(parts->loop, timer, until_ms, forget_old);
}

static void
forget_surplus(struct parts *parts)
{
	struct kept_result **at = &parts->newest;
	size_t n = 0, bytes = 0;

	while (*at != NULL && n < KEPT_MAX && bytes + (*at)->text.n <= KEPT_BYTES_MAX) {
		n++;
		bytes += (*at)->text.n;
		at = &(*at)->next;
	}
	forget_from(at);
}

void
parts_free(struct parts **at)
{
	struct parts *parts = *at;

	*at = NULL;
	if (parts == NULL)
		return;
	timer_stop(parts->loop, &parts->timer);
	forget_from(&parts->newest);
	mem_free(parts);
}

/* Takes the text. */
static struct kept_result *
keep(struct work *work, struct buf *text)
{
	struct parts *parts = work->site->parts;
	struct kept_result *kept = MEM_NEW(struct kept_result);
	unsigned char random[ID_BYTES];

	if (parts == NULL) {
		parts = work->site->parts = MEM_NEW(struct parts);
		parts->loop = work->loop;
	}
	loop_random(work->loop, random, sizeof(random));
	hex_put(random, sizeof(random), kept->id);
	memcpy(kept->digest, work->access->digest, sizeof(kept->digest));
	kept->principal = slice_keep(work->exchange->caller.principal);
	kept->tool = work->tool;
	kept->until_ms = loop_now_ms(work->loop) + KEPT_MS;
	buf_init(&kept->text, text->memory, SIZE_MAX);
	buf_take(&kept->text, text);
	kept->next = parts->newest;
	parts->newest = kept;
	forget_surplus(parts);
	if (kept->next == NULL) {
		timer_stop(work->loop, &parts->timer);
		timer_start(work->loop, &parts->timer, kept->until_ms, forget_old);
	}
	return kept;
}

static struct kept_result *
kept_find(const struct work *work, struct slice id)
{
	struct kept_result *kept = work->site->parts != NULL ? work->site->parts->newest : NULL;

	while (kept != NULL &&
	    (!slice_eq(slice_of(kept->id), id) || kept->tool != work->tool ||
		kept->until_ms <= loop_now_ms(work->loop) ||
		!slice_eq(kept->principal, work->exchange->caller.principal) ||
		memcmp(kept->digest, work->access->digest, sizeof(kept->digest)) != 0))
		kept = kept->next;
	return kept;
}

/* ---- a part ---------------------------------------------------------------------------------- */

/* How much from there fits once it is a string of JSON; whole characters, at least one. */
static size_t
part_length(const struct work *work, struct slice text)
{
	size_t room = work->site->all->result_bytes - FRAME_BYTES, n = 0;

	while (n < text.n) {
		size_t cost = text.p[n] == '"' || text.p[n] == '\\' ? 2 : 1;

		if (cost > room)
			break;
		room -= cost;
		n++;
	}
	while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Makes it the result of the work. */
static void
show(struct work *work, const struct kept_result *kept, size_t from)
{
	struct slice text = { kept->text.p + from, kept->text.n - from };
	yyjson_mut_val *part = out_obj(work);
	const char *rest;
	size_t to;

	text.n = part_length(work, text);
	to = from + text.n;
	out_int(work, part, "from", (int64_t)from);
	out_int(work, part, "to", (int64_t)to);
	out_int(work, part, "bytes", (int64_t)kept->text.n);
	rest = to < kept->text.n ? work_printf(work, "%s-%zu", kept->id, to) : NULL;
	out_str(work, part, "rest", rest);
	out_slice(work, part, "json", text);
	work->out = out_obj(work);
	out_val(work, work->out, "part", part);
	work->summary = slice_of(rest != NULL
		? work_printf(work,
		      "Bytes %zu to %zu of %zu; call again with {\"rest\": \"%s\"} for more", from,
		      to, kept->text.n, rest)
		: work_printf(work, "Bytes %zu to %zu of %zu, the end", from, to, kept->text.n));
}

bool
parts_cut(struct work *work, struct buf *json, struct err *err)
{
	if (json->n > KEPT_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
		    "the result has %zu bytes, over %zu MiB; ask for less", json->n,
		    KEPT_BYTES_MAX / MIB);
	show(work, keep(work, json), 0);
	return true;
}

struct slice
parts_asked(struct slice arguments)
{
	struct slice token;

	return json_type(arguments) == JSON_OBJECT && json_find(arguments, S("rest"), &token)
	    ? token
	    : SLICE_NONE;
}

bool
parts_take(struct work *work, struct slice token)
{
	struct slice id, rest = SLICE_NONE;
	struct kept_result *kept;
	uint64_t from;

	if (json_type(token) != JSON_STRING)
		return work_fail(
		    work, ERR_PARAMS, "rest: must be a string, as a result's part.rest says it");
	id = slice_cut((struct slice){ token.p + 1, token.n - 2 }, '-', &rest);
	kept = kept_find(work, id);
	if (kept == NULL)
		return work_fail(work, ERR_PARAMS,
		    "rest: nothing is kept under that (for 10 minutes); make the call again "
		    "without it");
	if (!slice_to_u64(rest, kept->text.n, &from) || from >= kept->text.n ||
	    ((unsigned char)kept->text.p[from] & 0xc0) == 0x80)
		return work_fail(work, ERR_PARAMS, "rest: must be as a result's part.rest says it");
	show(work, kept, from);
	return true;
}
