/*
 * The scanners' front: which words are looked for, who is told of them, and how the findings are
 * put in order.  What a text hides (look-alikes, invisible characters, encodings) is looked through
 * for injected instructions only; secrets and personal data are looked for as they stand.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "guard/scan.h"

#define FOLD_MAX     (4 * MIB)
#define WINDOW_BYTES (128 * KIB)
#define LEAD_BYTES   512 /* what is kept before the overlap, for names and boundaries */

/* Who is told of a word: rules of the pack and words of topics, in one list sorted by word. */
struct told {
	const char *text;
	bool is_caseless;
	bool is_topic;
	unsigned index;
};

/* Words, and who is told of them. */
struct lookout {
	struct scan_engine *engine;
	struct scan_word *words;
	size_t words_n;
	struct told *told;
	size_t *told_from; /* of each word, and the end */
};

/*
 * Every text is looked through for what secrets need and for the rare words of topics; where those
 * could add up to something, or where the text had to be folded, it is looked through for all
 * topics.
 */
struct scanner {
	struct scan_options options;
	struct lookout first, topics;
	struct scan_topic_index index;
	struct scan_secrets *secrets;
	struct scan_decoder *decoder;
	struct scan_folded folded, inner;
	/* of the scan in progress */
	struct scan_findings *findings;
	struct scan_scorer scorer;
	struct slice text;
	uint64_t rare; /* topics that its words stand for, of those that are rare */
	struct err *err;
	bool has_failed;
};

const char *
scan_kind_name(enum scan_kind kind)
{
	static const char *const names[SCAN_KINDS_N] = { "secret", "pii", "injection" };

	return names[kind];
}

/* ---- findings -------------------------------------------------------------------------------- */

void
scan_findings_fini(struct scan_findings *findings)
{
	mem_free(findings->items);
	*findings = (struct scan_findings){ 0 };
}

/* One of a kind that overlaps the other: the surer one gives its name, both give their bytes. */
static bool
finding_joins(struct scan_finding *into, const struct scan_finding *other)
{
	size_t end = into->at + into->n, other_end = other->at + other->n;

	if (into->kind != other->kind || other->at >= end || into->at >= other_end)
		return false;
	if (other->score > into->score) {
		into->rule = other->rule;
		into->score = other->score;
	}
	if (other->at < into->at)
		into->at = other->at;
	into->n = (other_end > end ? other_end : end) - into->at;
	return true;
}

void
scan_found(struct scan_findings *findings, enum scan_kind kind, const char *rule, size_t at,
    size_t n, unsigned score)
{
	struct scan_finding finding = { kind, rule, at, n, score };

	if (findings->n > 0 && finding_joins(&findings->items[findings->n - 1], &finding))
		return;
	if (findings->n == SCAN_FINDINGS_MAX) {
		findings->is_cut = true;
		return;
	}
	if (findings->n == findings->cap) {
		findings->cap = findings->cap > 0 ? 2 * findings->cap : 16;
		findings->items = mem_resize(findings->items, findings->n * sizeof(finding),
		    findings->cap * sizeof(finding));
	}
	findings->items[findings->n++] = finding;
}

static int
finding_order(const void *a, const void *b)
{
	const struct scan_finding *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static void
findings_order(struct scan_findings *findings, size_t from)
{
	size_t kept = from, latest[SCAN_KINDS_N];

	if (findings->n > from)
		qsort(findings->items + from, findings->n - from, sizeof(*findings->items),
		    finding_order);
	for (unsigned kind = 0; kind < SCAN_KINDS_N; kind++)
		latest[kind] = SIZE_MAX;
	for (size_t i = from; i < findings->n; i++) {
		struct scan_finding finding = findings->items[i];
		size_t last = latest[finding.kind];

		if (last != SIZE_MAX && finding_joins(&findings->items[last], &finding))
			continue;
		latest[finding.kind] = kept;
		findings->items[kept++] = finding;
	}
	findings->n = kept;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int
told_order(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	if (order != 0)
		return order;
	if (x->is_caseless != y->is_caseless)
		return x->is_caseless ? 1 : -1;
	if (x->is_topic != y->is_topic)
		return x->is_topic ? 1 : -1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static size_t
told_collect(struct told *told, bool secrets, bool topics, bool only_rare)
{
	size_t n = 0;

	for (size_t i = 0; secrets && i < scan_pack_n; i++)
		told[n++] = (struct told){ scan_pack[i].word,
			(scan_pack[i].flags & (RULE_VALUE | RULE_NOCASE)) != 0, false,
			(unsigned)i };
	for (size_t i = 0; topics && i < scan_topic_words_n; i++)
		if (!only_rare || scan_topic_is_rare(scan_topic_words[i].topic))
			told[n++] =
			    (struct told){ scan_topic_words[i].text, true, true, (unsigned)i };
	return n;
}

MUST_CHECK static bool
lookout_open(struct lookout *lookout, const struct scan_options *options, bool secrets, bool topics,
    bool only_rare, struct err *err)
{
	size_t most = scan_pack_n + scan_topic_words_n, n;

	lookout->told = mem_new(most * sizeof(*lookout->told));
	lookout->words = mem_new(most * sizeof(*lookout->words));
	lookout->told_from = mem_new((most + 1) * sizeof(*lookout->told_from));
	n = told_collect(lookout->told, secrets, topics, only_rare);
	if (n > 0)
		qsort(lookout->told, n, sizeof(*lookout->told), told_order);
	for (size_t i = 0; i < n; i++) {
		const struct told *told = &lookout->told[i];

		if (i > 0 && strcmp(told->text, told[-1].text) == 0 &&
		    told->is_caseless == told[-1].is_caseless)
			continue;
		lookout->told_from[lookout->words_n] = i;
		lookout->words[lookout->words_n++] =
		    (struct scan_word){ told->text, slice_of(told->text).n, told->is_caseless };
	}
	lookout->told_from[lookout->words_n] = n;
	lookout->engine = scan_engine_new(
	    lookout->words, lookout->words_n, options->cache, options->is_plain, err);
	return lookout->engine != NULL;
}

static void
lookout_close(struct lookout *lookout)
{
	scan_engine_free(&lookout->engine);
	mem_free(lookout->told);
	mem_free(lookout->words);
	mem_free(lookout->told_from);
}

static void
rare_found(struct scanner *scanner, unsigned word, size_t n, size_t end)
{
	uint64_t topic = (uint64_t)1 << scan_topic_words[word].topic;

	if ((scanner->rare & topic) == 0 && scan_topic_stands(scanner->text, word, n, end))
		scanner->rare |= topic;
}

static void
first_found(void *ctx, unsigned word, size_t end)
{
	struct scanner *scanner = ctx;
	const struct lookout *lookout = &scanner->first;

	for (size_t i = lookout->told_from[word]; i < lookout->told_from[word + 1]; i++)
		if (lookout->told[i].is_topic)
			rare_found(scanner, lookout->told[i].index, lookout->words[word].n, end);
		else
			scan_secrets_word(
			    scanner->secrets, lookout->told[i].index, end, scanner->findings);
}

static void
topic_found(void *ctx, unsigned word, size_t end)
{
	struct scanner *scanner = ctx;
	const struct lookout *lookout = &scanner->topics;

	for (size_t i = lookout->told_from[word]; i < lookout->told_from[word + 1]; i++)
		scan_scorer_word(&scanner->scorer, scanner->text, lookout->told[i].index,
		    lookout->words[word].n, end);
}

/* ---- the scanner ----------------------------------------------------------------------------- */

struct scanner *
scan_new(const struct scan_options *options, struct err *err)
{
	struct scanner *scanner = MEM_NEW(struct scanner);
	bool secrets = (options->kinds & SCAN_BIT(SECRET)) != 0;
	bool topics = (options->kinds & SCAN_BIT(INJECTION)) != 0;

	scanner->options = *options;
	scan_folded_init(&scanner->folded, FOLD_MAX);
	scan_folded_init(&scanner->inner, FOLD_MAX);
	scanner->options.cache = NULL; /* borrowed */
	scan_topic_index_make(&scanner->index);
	if (secrets)
		scanner->secrets = scan_secrets_new();
	if (topics)
		scanner->decoder = scan_decoder_new();
	if (!lookout_open(&scanner->first, options, secrets, topics, true, err) ||
	    !lookout_open(&scanner->topics, options, false, topics, false, err))
		scan_free(&scanner);
	return scanner;
}

void
scan_free(struct scanner **scanner)
{
	struct scanner *s = *scanner;

	if (s == NULL)
		return;
	lookout_close(&s->first);
	lookout_close(&s->topics);
	scan_secrets_free(&s->secrets);
	scan_decoder_free(&s->decoder);
	scan_folded_fini(&s->folded);
	scan_folded_fini(&s->inner);
	OPENSSL_cleanse(s->options.key, sizeof(s->options.key));
	mem_free(s);
	*scanner = NULL;
}

const char *
scan_engine(const struct scanner *scanner)
{
	return scan_engine_name(scanner->first.engine);
}

MUST_CHECK static bool
first_look(struct scanner *scanner, struct slice text, struct err *err)
{
	scanner->rare = 0;
	scanner->text = text;
	if (scanner->secrets != NULL)
		scan_secrets_start(scanner->secrets, text);
	return scan_engine_run(scanner->first.engine, text, first_found, scanner, err);
}

MUST_CHECK static bool
topics_look(struct scanner *scanner, struct slice text, struct err *err)
{
	scanner->text = text;
	scan_scorer_start(&scanner->scorer, &scanner->index);
	return scan_engine_run(scanner->topics.engine, text, topic_found, scanner, err);
}

/* What the scorer has found, in a text that was made of text[at..at+n), or is it (folded NULL). */
static void
topics_tell(struct scanner *scanner, const struct scan_folded *folded, size_t at, size_t n)
{
	const char *rule;
	size_t from, end;
	unsigned score;

	if (!scan_scorer_end(&scanner->scorer, &from, &end, &rule, &score))
		return;
	if (folded != NULL) {
		from = scan_folded_from(folded, from);
		end = scan_folded_from(folded, end + FOLD_STEP - 1);
		if (from == end && from > 0) /* one character that becomes many */
			from--;
	}
	if (n > 0) { /* encoded: all of it */
		from = at;
		end = at + n;
	}
	scan_found(scanner->findings, SCAN_INJECTION, rule, from, end - from, score);
}

static void
decoded_look(void *ctx, struct slice text, size_t at, size_t n)
{
	struct scanner *scanner = ctx;

	if (scanner->has_failed)
		return;
	scan_fold(&scanner->inner, text);
	if (!topics_look(scanner, buf_view(&scanner->inner.text), scanner->err)) {
		scanner->has_failed = true;
		return;
	}
	topics_tell(scanner, &scanner->inner, at, n);
}

MUST_CHECK static bool
injection_look(struct scanner *scanner, struct slice text, struct err *err)
{
	if (scan_fold_matters(text)) {
		scan_fold(&scanner->folded, text);
		if (!topics_look(scanner, buf_view(&scanner->folded.text), err))
			return false;
		topics_tell(scanner, &scanner->folded, 0, 0);
	} else if (scan_topics_suffice(scanner->rare)) {
		if (!topics_look(scanner, text, err))
			return false;
		topics_tell(scanner, NULL, 0, 0);
	}
	scanner->err = err;
	scanner->has_failed = false;
	scan_decode(scanner->decoder, text, decoded_look, scanner);
	return !scanner->has_failed;
}

/* Findings behind those that are there. */
MUST_CHECK static bool
look(struct scanner *scanner, struct slice text, struct scan_findings *findings, struct err *err)
{
	size_t from = findings->n;

	scanner->findings = findings;
	if ((scanner->options.kinds & SCAN_BIT(PII)) != 0)
		scan_pii(text, findings);
	if (!first_look(scanner, text, err))
		return false;
	if (scanner->decoder != NULL && !injection_look(scanner, text, err))
		return false;
	findings_order(findings, from);
	return true;
}

bool
scan_text(
    struct scanner *scanner, struct slice text, struct scan_findings *findings, struct err *err)
{
	findings->n = 0;
	findings->is_cut = false;
	return text.n == 0 || look(scanner, text, findings, err);
}

/* ---- redacting ------------------------------------------------------------------------------- */

void
scan_placeholder(const struct scanner *scanner, const struct scan_finding *finding,
    struct slice secret, struct buf *out)
{
	unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };
	unsigned n = 0;

	/* The ids of its rules are words that the next one to look would find. */
	if (finding->kind == SCAN_INJECTION) {
		buf_puts(out, "[removed by scan.injection]");
		return;
	}
	must(HMAC(EVP_sha256(), scanner->options.key, SCAN_KEY_BYTES,
		 (const unsigned char *)secret.p, secret.n, sum, &n) != NULL);
	buf_printf(out, "[%s:%02x%02x%02x%02x]", finding->rule, sum[0], sum[1], sum[2], sum[3]);
}

bool
scan_redact(const struct scanner *scanner, struct slice text, const struct scan_findings *findings,
    unsigned kinds, struct buf *out, struct err *err)
{
	size_t at = 0;

	if (findings->is_cut)
		return err_set(
		    err, ERR_LIMIT, "scan: more than %d findings in one text", SCAN_FINDINGS_MAX);
	for (size_t i = 0; i < findings->n; i++) {
		const struct scan_finding *finding = &findings->items[i];
		size_t end = finding->at + finding->n;

		if ((kinds & 1u << finding->kind) == 0 || end <= at)
			continue;
		must(end <= text.n);
		if (finding->at > at)
			buf_put(out, (struct slice){ text.p + at, finding->at - at });
		scan_placeholder(
		    scanner, finding, (struct slice){ text.p + finding->at, finding->n }, out);
		at = end;
	}
	buf_put(out, (struct slice){ text.p + at, text.n - at });
	return buf_check(out, err);
}

/* ---- in pieces ------------------------------------------------------------------------------- */

struct scan_stream {
	struct scanner *scanner;
	struct buf window;
	size_t gone; /* bytes of the text before the window */
	size_t told; /* findings that begin before this place of the window were told */
	struct scan_findings found;
};

struct scan_stream *
scan_stream_new(struct scanner *scanner)
{
	struct scan_stream *stream = MEM_NEW(struct scan_stream);

	stream->scanner = scanner;
	buf_init(&stream->window, NULL, WINDOW_BYTES);
	return stream;
}

void
scan_stream_free(struct scan_stream **stream)
{
	if (*stream == NULL)
		return;
	buf_fini(&(*stream)->window);
	scan_findings_fini(&(*stream)->found);
	mem_free(*stream);
	*stream = NULL;
}

/* Looks at the window; tells what begins before `until`, and keeps what may go on. */
MUST_CHECK static bool
window_look(
    struct scan_stream *stream, size_t until, struct scan_findings *findings, struct err *err)
{
	struct scan_findings *found = &stream->found;
	size_t keep;

	if (!scan_text(stream->scanner, buf_view(&stream->window), found, err))
		return false;
	findings->is_cut |= found->is_cut;
	for (size_t i = 0; i < found->n; i++) {
		const struct scan_finding *finding = &found->items[i];

		if (finding->at >= stream->told && finding->at < until)
			scan_found(findings, finding->kind, finding->rule,
			    stream->gone + finding->at, finding->n, finding->score);
	}
	keep = until > LEAD_BYTES ? until - LEAD_BYTES : 0;
	if (keep > stream->window.n)
		keep = stream->window.n;
	buf_cut(&stream->window, keep);
	stream->gone += keep;
	stream->told = until - keep;
	return true;
}

bool
scan_feed(struct scan_stream *stream, struct slice piece, bool last, struct scan_findings *findings,
    struct err *err)
{
	findings->n = 0;
	findings->is_cut = false;
	while (piece.n > 0) {
		size_t room = WINDOW_BYTES - stream->window.n;
		size_t n = piece.n < room ? piece.n : room;

		buf_put(&stream->window, (struct slice){ piece.p, n });
		must(!stream->window.overflow);
		piece.p += n;
		piece.n -= n;
		if (stream->window.n == WINDOW_BYTES &&
		    !window_look(stream, WINDOW_BYTES - SCAN_OVERLAP_BYTES, findings, err))
			return false;
	}
	if (!last)
		return true;
	if (!window_look(stream, SIZE_MAX, findings, err))
		return false;
	buf_clear(&stream->window);
	stream->gone = stream->told = 0;
	return true;
}

/* ---- for documentation ----------------------------------------------------------------------- */

void
scan_rules(
    void (*row)(void *ctx, enum scan_kind kind, const char *rule, const char *how), void *ctx)
{
	for (size_t i = 0; i < scan_pack_n; i++)
		row(ctx, SCAN_SECRET, scan_pack[i].id,
		    (scan_pack[i].flags & RULE_VALUE) != 0 ? "value of a name" : "prefix");
	scan_pii_rules(row, ctx);
	for (size_t i = 0; i < scan_topic_rules_n; i++)
		row(ctx, SCAN_INJECTION, scan_topic_rules[i].id, "topics");
}
