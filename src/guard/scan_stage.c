/*
 * What the scanners make of one text: what they find in its strings is counted, and where it is to
 * be redacted, cut out.  Instructions are looked for again in what is left, because a scanner tells
 * the worst of them only.
 */
#include <string.h>

#include "guard/scan_stage.h"

#define ROUNDS_MAX   8		   /* of redacting instructions */
#define LINE_BYTES   KIB	   /* an instruction takes its line with it, so far to each side */
#define SPREAD_MAX   64		   /* findings over many strings */
#define ENCODED_MAX  16		   /* files in one message that are looked into */
#define DECODED_MAX  (4 * MIB)	   /* of all of them together */
#define SAMPLE_BYTES ((size_t)512) /* of a file, which tell whether it is a text */
#define GROWTH_BYTES (2 * MIB)	   /* that placeholders may add */

/* One round over a text. */
struct round {
	struct scan_work *work;
	struct scanner *scanner;
	struct scan_flat flat;
	struct scan_findings findings;
	struct scan_patches patches;
	bool *is_placed; /* of each finding: it has a patch, or is where it does not count */
	bool *is_stuck;	 /* of each: it stands where nothing may be changed */
	bool *is_over;	 /* of each: it is over many strings, of which some may be changed */
	size_t next[SCAN_KINDS_N];
	size_t spread[SPREAD_MAX]; /* findings over many strings, none of which has it alone */
	unsigned spread_n;
	bool is_spread;	      /* findings over many strings are in all of them */
	unsigned encoded;     /* strings so far */
	size_t decoded_bytes; /* of those that were looked into */
	bool is_first;
};

void
scan_work_init(struct scan_work *work, const struct config_scan *config, struct slice json)
{
	*work = (struct scan_work){ .config = config, .json = json };
	buf_init(&work->changed, NULL, 0);
}

void
scan_work_fini(struct scan_work *work)
{
	buf_fini(&work->changed);
}

/* ---- what counts ----------------------------------------------------------------------------- */

static bool
counts(const struct round *round, const struct scan_finding *finding)
{
	if (!round->is_first && finding->kind != SCAN_INJECTION)
		return false;
	return round->work->action[finding->kind] != CONFIG_SCAN_OFF &&
	    !slice_globs(round->work->config->ignore, round->work->config->ignore_n,
		slice_of(finding->rule));
}

static void
see(struct scan_work *work, const struct scan_finding *finding)
{
	for (unsigned i = 0; i < work->sights_n; i++) {
		struct scan_sight *sight = &work->sights[i];

		if (sight->kind == finding->kind && sight->rule == finding->rule) {
			sight->count++;
			return;
		}
	}
	if (work->sights_n < SIGHTS_MAX)
		work->sights[work->sights_n++] =
		    (struct scan_sight){ finding->kind, finding->rule, 1 };
}

static void
block(struct scan_work *work, const struct scan_finding *finding, bool is_fixed)
{
	if (work->is_blocked)
		return;
	work->is_blocked = true;
	work->is_fixed = is_fixed;
	work->why = (struct scan_sight){ finding->kind, finding->rule, 1 };
}

static void
fail(struct scan_work *work, const struct err *err)
{
	work->has_failed = true;
	work->err = *err;
}

/* ---- where something may be changed ---------------------------------------------------------- */

/* What MCP itself reads, or who is behind it as MCP says. */
static bool
is_protocols(struct slice key)
{
	static const struct slice keys[] = { S("$ref"), S("action"), S("const"), S("cursor"),
		S("elicitationId"), S("enum"), S("format"), S("level"), S("method"), S("mimeType"),
		S("mode"), S("nextCursor"), S("pattern"), S("progressToken"), S("requestId"),
		S("requestState"), S("required"), S("role"), S("status"), S("taskId"), S("type"),
		S("uri"), S("url") };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (slice_eq(keys[i], key))
			return true;
	return false;
}

static bool
may_change(const struct scan_work *work, const struct scan_string *string)
{
	switch (work->may_change) {
	case SCAN_REACH_SAID:
		return !string->is_key && !string->is_number &&
		    (string->key.p == NULL || slice_eq(string->key, S("description")) ||
			slice_eq(string->key, S("title")));
	case SCAN_REACH_VALUE:
		return !string->is_key && !(work->is_protocol && is_protocols(string->key));
	case SCAN_REACH_DATA:
		return true;
	default:
		return false;
	}
}

/* The lines that the bytes [*from, *to) of text stand in. */
static void
widen(struct slice text, size_t *from, size_t *to)
{
	size_t least = *from > LINE_BYTES ? *from - LINE_BYTES : 0;
	size_t most = text.n - *to > LINE_BYTES ? *to + LINE_BYTES : text.n;

	while (*from > least && text.p[*from - 1] != '\n')
		--*from;
	while (*to < most && text.p[*to] != '\n')
		++*to;
}

static void
patch(struct round *round, size_t finding, const struct scan_string *string)
{
	const struct scan_finding *f = &round->findings.items[finding];
	size_t end = string->at + string->n;
	size_t from = f->at > string->at ? f->at - string->at : 0;
	size_t to = (f->at + f->n < end ? f->at + f->n : end) - string->at;

	if (string->is_number) {
		from = 0;
		to = string->n;
	} else if (f->kind == SCAN_INJECTION) {
		widen((struct slice){ round->flat.text.p + string->at, string->n }, &from, &to);
	}
	if (to > from)
		scan_patches_add(
		    &round->patches, (struct scan_patch){ string->at + from, to - from, f, NULL });
}

/* ---- files inside ---------------------------------------------------------------------------- */

static bool
is_text(struct slice s)
{
	for (unsigned cut = 0; cut < 4 && s.n > 0; cut++, s.n--)
		if (slice_is_utf8(s))
			return memchr(s.p, '\0', s.n) == NULL;
	return false;
}

/* Both spellings of base64, as one. */
MUST_CHECK static bool
decode(struct slice raw, struct buf *out)
{
	struct buf plain;
	bool ok;

	if (memchr(raw.p, '-', raw.n) == NULL && memchr(raw.p, '_', raw.n) == NULL)
		return base64_read(raw, out) && !out->overflow;
	buf_init(&plain, NULL, raw.n + 4);
	buf_put(&plain, raw);
	for (size_t i = 0; i < plain.n; i++)
		plain.p[i] = (char)(plain.p[i] == '-' ? '+' : plain.p[i] == '_' ? '/' : plain.p[i]);
	ok = base64_read(buf_view(&plain), out) && !out->overflow;
	buf_fini(&plain);
	return ok;
}

/* A text, written as base64 again. */
static struct buf *
encode(struct slice text)
{
	struct buf *out = MEM_NEW(struct buf);

	buf_init(out, NULL, text.n / 3 * 4 + 8);
	buf_base64(out, text);
	return out;
}

static void round_run(struct scan_work *work, struct scanner *scanner, bool is_first,
    struct slice text, bool is_plain, struct buf *out);

/* A text in a file passes the same rounds; what was found in it stands for the whole message. */
static void
inside_look(struct round *round, const struct scan_string *string, struct slice text)
{
	struct scan_work *work = round->work;
	struct buf out, again;
	static const struct scan_finding none;

	if (!round->is_first && work->action[SCAN_INJECTION] != CONFIG_SCAN_REDACT)
		return;
	buf_init(&out, NULL, text.n + GROWTH_BYTES);
	round_run(work, round->scanner, round->is_first, text, true, &out);
	for (unsigned i = 1; i < ROUNDS_MAX && out.n > 0 && !work->is_blocked; i++) {
		buf_init(&again, NULL, out.n + GROWTH_BYTES);
		round_run(work, round->scanner, false, buf_view(&out), true, &again);
		if (again.n == 0)
			break;
		buf_fini(&out);
		out = again;
	}
	if (out.n > 0)
		scan_patches_add(&round->patches,
		    (struct scan_patch){ string->at, 0, &none, encode(buf_view(&out)) });
	buf_fini(&out);
}

static void
encoded_look(struct round *round, const struct scan_string *string)
{
	struct slice sample = { string->raw.p,
		string->raw.n < SAMPLE_BYTES ? string->raw.n : SAMPLE_BYTES };
	size_t bytes = string->raw.n / 4 * 3 + 3;
	struct buf out;

	if (++round->encoded > ENCODED_MAX || bytes > DECODED_MAX - round->decoded_bytes)
		return;
	buf_init(&out, NULL, bytes);
	if (decode(sample, &out) && is_text(buf_view(&out))) {
		round->decoded_bytes += bytes;
		buf_clear(&out);
		if (decode(string->raw, &out) && is_text(buf_view(&out)))
			inside_look(round, string, buf_view(&out));
	}
	buf_fini(&out);
}

/* ---- findings over many strings -------------------------------------------------------------- */

/*
 * Instructions in one string, and words of the next that only seem to belong to them: each string
 * is looked at by itself.  Where none of them holds any by itself, they are spread over all.
 */
static void
alone_look(struct round *round, size_t at, const struct scan_string *string)
{
	struct slice text = { round->flat.text.p + string->at, string->n };
	struct scan_findings alone = { 0 };
	struct err err = { 0 };

	if (string->is_key || string->is_number ||
	    (round->work->is_protocol && is_protocols(string->key)))
		return;
	if (round->is_spread) {
		patch(round, at, string);
		round->is_placed[at] = true;
		return;
	}
	if (!scan_text(round->scanner, text, &alone, &err))
		fail(round->work, &err);
	for (size_t i = 0; i < alone.n; i++) {
		size_t from = alone.items[i].at, to = from + alone.items[i].n;

		if (alone.items[i].kind != SCAN_INJECTION)
			continue;
		widen(text, &from, &to);
		scan_patches_add(&round->patches,
		    (struct scan_patch){
			string->at + from, to - from, &round->findings.items[at], NULL });
		round->is_placed[at] = true;
	}
	scan_findings_fini(&alone);
}

/* ---- a round --------------------------------------------------------------------------------- */

static bool
is_over_many(const struct scan_finding *finding, const struct scan_string *string)
{
	return finding->kind == SCAN_INJECTION &&
	    (finding->at < string->at || finding->at + finding->n > string->at + string->n);
}

static void
finding_take(struct round *round, size_t at, const struct scan_string *string)
{
	const struct scan_finding *finding = &round->findings.items[at];
	struct scan_work *work = round->work;

	if (!counts(round, finding))
		return;
	if (!round->is_placed[at] && !round->is_stuck[at] && !round->is_over[at] && round->is_first)
		see(work, finding);
	switch (work->action[finding->kind]) {
	case CONFIG_SCAN_BLOCK:
		block(work, finding, false);
		break;
	case CONFIG_SCAN_REDACT:
		if (may_change(work, string) && is_over_many(finding, string)) {
			alone_look(round, at, string);
			round->is_over[at] = true;
		} else if (may_change(work, string)) {
			patch(round, at, string);
			round->is_placed[at] = true;
		} else {
			round->is_stuck[at] = true;
		}
		return;
	default:
		break;
	}
	round->is_placed[at] = true;
}

/* Findings of one kind do not overlap. */
static void
string_look(void *ctx, const struct scan_string *string)
{
	struct round *round = ctx;
	const struct scan_finding *items = round->findings.items;
	size_t end = string->at + string->n, n = round->findings.n;

	if (string->is_encoded)
		encoded_look(round, string);
	for (unsigned kind = 0; kind < SCAN_KINDS_N; kind++) {
		size_t *next = &round->next[kind];

		while (*next < n &&
		    (items[*next].kind != kind || items[*next].at + items[*next].n <= string->at))
			++*next;
		for (size_t i = *next; i < n && items[i].at < end; i++) {
			if (items[i].kind != kind)
				continue;
			finding_take(round, i, string);
			if (items[i].at + items[i].n >= end)
				break;
		}
	}
}

/* A text that is no JSON is one string. */
static void
plain_look(struct round *round, struct slice text)
{
	struct scan_string all = { .n = text.n, .raw = text };
	enum scan_reach before = round->work->may_change;

	if (before != SCAN_REACH_NONE)
		round->work->may_change = SCAN_REACH_DATA;
	string_look(round, &all);
	round->work->may_change = before;
}

static void
plain_put(const struct round *round, struct slice text, struct buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < round->patches.n; i++) {
		const struct scan_patch *p = &round->patches.all[i];

		buf_put(out, (struct slice){ text.p + at, p->at - at });
		scan_placeholder(
		    round->scanner, p->finding, (struct slice){ text.p + p->at, p->n }, out);
		at = p->at + p->n;
	}
	buf_put(out, (struct slice){ text.p + at, text.n - at });
}

static void
spread_look(void *ctx, const struct scan_string *string)
{
	struct round *round = ctx;

	for (unsigned i = 0; i < round->spread_n; i++) {
		const struct scan_finding *f = &round->findings.items[round->spread[i]];

		if (f->at < string->at + string->n && f->at + f->n > string->at &&
		    may_change(round->work, string))
			alone_look(round, round->spread[i], string);
	}
}

/* There is one finding of instructions in a text, and one in each of the few that it hides; what
 * there were more of stays where it is, and so nothing passes. */
static void
spread(struct round *round)
{
	for (size_t i = 0; i < round->findings.n; i++) {
		if (!round->is_over[i] || round->is_placed[i])
			continue;
		round->is_stuck[i] = true; /* until it is placed */
		if (round->spread_n < SPREAD_MAX)
			round->spread[round->spread_n++] = i;
	}
	round->is_spread = true;
	if (round->spread_n > 0)
		scan_flat_strings(&round->flat, spread_look, round);
}

static void
round_conclude(struct round *round, struct slice text, bool is_plain, struct buf *out)
{
	struct scan_work *work = round->work;
	struct err err = { 0 };

	if (!is_plain)
		spread(round);
	for (size_t i = 0; i < round->findings.n; i++)
		if (round->is_stuck[i] && !round->is_placed[i])
			block(work, &round->findings.items[i], true);
	if (work->is_blocked || work->has_failed || round->patches.n == 0)
		return;
	if (round->findings.is_cut) {
		err_set(&err, ERR_LIMIT, "scan: more than %d findings in one message",
		    SCAN_FINDINGS_MAX);
		fail(work, &err);
		return;
	}
	scan_patches_order(&round->patches);
	if (is_plain)
		plain_put(round, text, out);
	else if (!scan_patches_put(&round->patches, &round->flat, round->scanner, out, &err))
		fail(work, &err);
	if (!work->has_failed && !buf_check(out, &err))
		fail(work, &err);
}

/* out: what goes on instead; stays empty where nothing is changed. */
static void
round_run(struct scan_work *work, struct scanner *scanner, bool is_first, struct slice text,
    bool is_plain, struct buf *out)
{
	struct round round = { .work = work, .scanner = scanner, .is_first = is_first };
	struct err err = { 0 };

	if (is_plain)
		round.flat = (struct scan_flat){ .json = text, .text = text };
	if ((!is_plain && !scan_flat_make(&round.flat, text, work->has_names, &err)) ||
	    !scan_text(scanner, round.flat.text, &round.findings, &err)) {
		fail(work, &err);
	} else if (round.findings.n > 0 || (!is_plain && round.flat.has_encoded)) {
		round.is_placed = mem_new(round.findings.n + 1);
		round.is_stuck = mem_new(round.findings.n + 1);
		round.is_over = mem_new(round.findings.n + 1);
		if (is_plain)
			plain_look(&round, text);
		else
			scan_flat_strings(&round.flat, string_look, &round);
		round_conclude(&round, text, is_plain, out);
	}
	mem_free(round.is_placed);
	mem_free(round.is_stuck);
	mem_free(round.is_over);
	scan_patches_fini(&round.patches);
	scan_findings_fini(&round.findings);
	if (!is_plain)
		scan_flat_fini(&round.flat);
}

void
scan_work_run(struct scan_work *work, struct scanner *scanner)
{
	struct buf out;

	for (unsigned i = 0; i < ROUNDS_MAX && !work->is_blocked && !work->has_failed; i++) {
		struct slice text = i == 0 ? work->json : buf_view(&work->changed);

		buf_init(&out, NULL, text.n + GROWTH_BYTES);
		round_run(work, scanner, i == 0, text, false, &out);
		if (out.n == 0) {
			buf_fini(&out);
			return;
		}
		buf_fini(&work->changed);
		work->changed = out;
		/* Only what is redacted by its worst part may have another. */
		if (work->action[SCAN_INJECTION] != CONFIG_SCAN_REDACT)
			return;
	}
	if (!work->is_blocked && !work->has_failed)
		block(work, &(struct scan_finding){ .kind = SCAN_INJECTION, .rule = "too-many" },
		    false);
}
