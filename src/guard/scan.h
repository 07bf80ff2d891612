/*
 * What the parts of the scanners share: the engine that finds words (scan_engine.c), sets and
 * shapes that say what must follow a word (scan_shape.c), the pack of rules (scan_pack.c) and how
 * they are applied (scan_secrets.c), personal data (scan_pii.c), injected instructions
 * (scan_injection.c, its words in scan_words.c), and the folding and decoding of texts that hide
 * them (scan_fold.c, scan_decode.c).
 *
 * Every part costs time linear in the text: words are found in one pass, and what is looked at
 * beside a word is bounded, or is a run whose end is remembered.
 */
#ifndef GUARD_SCAN_H
#define GUARD_SCAN_H

#include "guard/guard.h"

/* ---- engine (scan_engine.c) ------------------------------------------------------------------ */

struct scan_word {
	const char *text; /* visible ASCII or UTF-8, not NUL-free of case: see is_caseless */
	size_t n;
	bool is_caseless; /* ASCII letters */
};

/* A word ends before text.p[end].  Order: by end or by start, as the engine has it. */
typedef void (*scan_word_fn)(void *ctx, unsigned word, size_t end);

struct scan_engine;
/*
 * The words are borrowed.  cache: a folder for the compiled database, or NULL.  NULL: err is set;
 * the engine is the PCRE2 one where is_plain is set or Vectorscan cannot be had.
 */
struct scan_engine *scan_engine_new(
    const struct scan_word *words, size_t n, const char *cache, bool is_plain, struct err *err);
void scan_engine_free(struct scan_engine **engine);
/* The newest eight of the compiled databases in that folder stay (scan_cache.c). */
void scan_cache_trim(const char *path);
const char *scan_engine_name(const struct scan_engine *engine);
/* Every occurrence of every word, also where they overlap.  ERR_LIMIT: over 1 GiB of text. */
MUST_CHECK bool scan_engine_run(
    struct scan_engine *engine, struct slice text, scan_word_fn found, void *ctx, struct err *err);

/* ---- sets and shapes (scan_shape.c) ---------------------------------------------------------- */

#define SCAN_SETS_MAX  96
#define SCAN_PARTS_MAX 80

struct scan_set {
	uint8_t has[256];
};

struct scan_sets {
	struct scan_set set[SCAN_SETS_MAX];
	unsigned n;
};

/* A set that is repeated min to max times; a literal is a set of one. */
struct scan_part {
	uint16_t set;
	uint32_t min, max; /* max UINT32_MAX: as long as it lasts */
};

struct scan_shape {
	struct scan_part part[SCAN_PARTS_MAX];
	unsigned n;
};

/*
 * Where the run of each set that was looked at last ends.  Texts are walked forwards, so that all
 * looks at runs together cost each byte once a set, however long they are.
 */
struct scan_runs {
	const struct scan_sets *sets;
	struct slice text;
	struct {
		size_t at, end;
	} run[SCAN_SETS_MAX];
};

/*
 * `[0-9A-Za-z_-]{20,40}\.x` : sets, `[^...]`, literal bytes, `\` before any, `\s` in a set, and
 * `?`,
 * `*`, `+`, `{m}`, `{m,}`, `{m,n}` behind each.  Matched without going back.  Sets are shared.  A
 * shape that cannot be read is a fault of the pack: it stops the program.
 */
void scan_shape_read(struct scan_sets *sets, const char *text, struct scan_shape *shape);
unsigned scan_set_read(struct scan_sets *sets, const char **text);
void scan_runs_init(struct scan_runs *runs, const struct scan_sets *sets, struct slice text);
size_t scan_run_end(struct scan_runs *runs, unsigned set, size_t at);
/* Where the shape ends that starts at `at`; false: it is not there. */
MUST_CHECK bool
scan_shape_match(struct scan_runs *runs, const struct scan_shape *shape, size_t at, size_t *end);

/* Shannon entropy in 1/100 bit a byte, of the first 256 bytes. */
unsigned scan_entropy(struct slice s);

/* ---- one scan -------------------------------------------------------------------------------- */

void scan_found(struct scan_findings *findings, enum scan_kind kind, const char *rule, size_t at,
    size_t n, unsigned score);

/* `[RULE:XXXXXXXX]` with a keyed hash of the secret, or that an instruction stood there. */
void scan_placeholder(const struct scanner *scanner, const struct scan_finding *finding,
    struct slice secret, struct buf *out);

static inline bool
scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
scan_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
scan_is_word(char c)
{
	return scan_is_digit(c) || scan_is_letter(c) || c == '_';
}

/* How many of eight bytes come before the first in '0'..'@' (digits, the colon, the at sign, and
 * five more); where that is not quickly told, 0 for any. */
static inline unsigned
scan_none_of_eight(const char *p)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
	uint64_t word, low;

	memcpy(&word, p, 8);
	low = word & ~high;
	/* Of each byte below 128: its high bit is set where it is >= '0', and not where >= 'A'. */
	word = ((low + (0x80 - '0') * ones) & ~(low + (0x80 - 'A') * ones)) & ~word & high;
	if (word == 0)
		return 8;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (unsigned)__builtin_ctzll(word) / 8;
#else
	return 0;
#endif
}

static inline char
scan_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* ---- secrets (scan_pack.c, scan_secrets.c) --------------------------------------------------- */

enum scan_check {
	CHECK_NONE,
	CHECK_GITHUB,	/* CRC-32 in base 62 as its last six characters */
	CHECK_JWT,	/* a header that is JSON */
	CHECK_GENERIC,	/* looks random, is named as something secret */
	CHECK_PASSWORD, /* no placeholder */
	CHECK_CURL,	/* as the password, and curl stands before it */
	CHECK_DIGITS	/* letters and digits both */
};

#define RULE_VALUE  1u /* the word names what the shape is the value of: word = "value" */
#define RULE_INSIDE 2u /* may follow a letter or digit */
#define RULE_OPEN   4u /* may be followed by a letter or digit */
#define RULE_NOCASE 8u /* the word in any case; always so with RULE_VALUE */

struct scan_rule {
	const char *id, *word;
	const char *back;  /* one set with its counts, before the word; NULL: none */
	const char *shape; /* behind the word */
	uint16_t least;	   /* entropy of the shape, 1/100 bit a byte */
	uint8_t flags, check;
};
extern const struct scan_rule scan_pack[];
extern const size_t scan_pack_n;

struct scan_secrets;
struct scan_secrets *scan_secrets_new(void);
void scan_secrets_free(struct scan_secrets **secrets);
void scan_secrets_start(struct scan_secrets *secrets, struct slice text);
/* The word of that rule of the pack ends at end. */
void scan_secrets_word(
    struct scan_secrets *secrets, unsigned rule, size_t end, struct scan_findings *findings);

/* ---- personal data (scan_pii.c) -------------------------------------------------------------- */

void scan_pii(struct slice text, struct scan_findings *findings);
void scan_pii_rules(
    void (*row)(void *ctx, enum scan_kind kind, const char *rule, const char *how), void *ctx);

/* ---- injected instructions (scan_injection.c, scan_words.c) ---------------------------------- */

/* clang-format off */
enum scan_topic {
	TOPIC_NONE,
	TOPIC_IGNORE, TOPIC_ALL, TOPIC_BEFORE, TOPIC_RULES, TOPIC_NEW, TOPIC_NOW, TOPIC_YOU,
	TOPIC_YOUR,
	TOPIC_MODE, TOPIC_FREE, TOPIC_REVEAL, TOPIC_PROMPT, TOPIC_SECRET, TOPIC_FILE, TOPIC_SEND,
	TOPIC_ADDRESS, TOPIC_CALL, TOPIC_QUIET, TOPIC_AI, TOPIC_TO, TOPIC_MUST, TOPIC_ATTENTION,
	TOPIC_ROLE, TOPIC_FRAME, TOPIC_ENDS, TOPIC_TASK, TOPIC_FIRST, TOPIC_DECODE, TOPIC_OBEY,
	TOPIC_PERSONA, TOPIC_REPLY, TOPIC_DEVELOPER, TOPIC_WITHOUT, TOPIC_CONFIRM, TOPIC_USER,
	TOPIC_DELETE, TOPIC_APPEND, TOPIC_INSTEAD, TOPIC_METADATA,
	TOPICS_N
};
/* clang-format on */

#define WORD_WHOLE 1u /* nothing but the word; otherwise a stem, any letters may follow */
#define WORD_MARK  2u /* a mark, not a word: what stands beside it does not count */

struct scan_topic_word {
	const char *text; /* folded: lower case, no accents */
	uint8_t topic, flags;
};
extern const struct scan_topic_word scan_topic_words[];
extern const size_t scan_topic_words_n;

#define TOPIC_RULE_MAX 5
struct scan_topic_rule {
	const char *id;
	uint8_t weight;		       /* of SCAN_THRESHOLD */
	uint8_t gap;		       /* most bytes between a topic and the next */
	uint8_t topic[TOPIC_RULE_MAX]; /* in this order; TOPIC_NONE: no more */
};
extern const struct scan_topic_rule scan_topic_rules[];
extern const size_t scan_topic_rules_n;
#define SCAN_THRESHOLD 100
_Static_assert(TOPICS_N <= 64, "topics are bits of one word");

#define SCAN_TOPIC_RULES_MAX 128

/* What of the hits is remembered while a text is read. */
struct scan_scorer {
	struct {
		size_t end[TOPIC_RULE_MAX];   /* of the latest that came so far; 0: none */
		size_t start[TOPIC_RULE_MAX]; /* where that one began */
	} state[SCAN_TOPIC_RULES_MAX];
	struct {
		size_t at;
		uint8_t rule;
	} hit[32]; /* the latest of each of the rules that were met last */
	unsigned hits, next;
	uint8_t hit_of[SCAN_TOPIC_RULES_MAX]; /* 0: none, else behind its place in hit */
	size_t best_at, best_end;
	unsigned best, best_rule;
	const struct scan_topic_index *index;
};

/* Of each topic: in which rules and where in them it stands. */
struct scan_topic_index {
	struct {
		uint8_t rule, place;
	} at[SCAN_TOPIC_RULES_MAX * TOPIC_RULE_MAX];
	uint16_t from[TOPICS_N + 1];
};
void scan_topic_index_make(struct scan_topic_index *index);

/* What is rare in ordinary texts; a rule is met only where one of these is (checked). */
bool scan_topic_is_rare(unsigned topic);
/* Whether a word of the table, n bytes, that ends at end stands there as one, and not in another.
 */
bool scan_topic_stands(struct slice text, unsigned word, size_t n, size_t end);
/* Whether a text can add up that holds of the rare topics only these (1 << topic). */
bool scan_topics_suffice(uint64_t rare);

void scan_scorer_start(struct scan_scorer *scorer, const struct scan_topic_index *index);
/* A word of the table, n bytes, ends at end in a text that is folded, or needs no folding. */
void scan_scorer_word(
    struct scan_scorer *scorer, struct slice text, unsigned word, size_t n, size_t end);
/* Whether it adds up; then where, and by which rule most of all. */
bool scan_scorer_end(
    const struct scan_scorer *scorer, size_t *at, size_t *end, const char **rule, unsigned *score);

/* ---- hidden texts (scan_fold.c, scan_decode.c) ----------------------------------------------- */

/* A folded text, and where its parts stood in the one it was made from. */
#define FOLD_STEP 64
struct scan_folded {
	struct buf text;
	uint32_t *from; /* of byte i * FOLD_STEP */
	size_t from_n, from_cap;
	unsigned hidden; /* characters that nobody sees */
};

void scan_folded_init(struct scan_folded *folded, size_t ceiling_bytes);
void scan_folded_fini(struct scan_folded *folded);
/* Whether the text holds anything that scan_fold() would change, letters' case aside. */
bool scan_fold_matters(struct slice text);
/*
 * Lower case, NFKC, accents and marks that nobody sees taken off, tag characters and look-alikes as
 * the letters they stand for, terminal escapes and comment marks out, white space one space.  Stops
 * at the ceiling, which is no failure.
 */
void scan_fold(struct scan_folded *folded, struct slice text);
size_t scan_folded_from(const struct scan_folded *folded, size_t at);

/* Called with each text that was found encoded in another: at and n say where. */
typedef void (*scan_decoded_fn)(void *ctx, struct slice text, size_t at, size_t n);
/*
 * base64 (also of base64), hex, percent, \x and \u escapes, HTML references, bits, and letters
 * written as digits.  At most two levels, 64 KiB and 32 texts.
 */
struct scan_decoder;
struct scan_decoder *scan_decoder_new(void);
void scan_decoder_free(struct scan_decoder **decoder);
void
scan_decode(struct scan_decoder *decoder, struct slice text, scan_decoded_fn decoded, void *ctx);

#endif
