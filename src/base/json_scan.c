/*
 * The span scanner: validates a JSON text strictly, in steps, and remembers where the members of
 * the outer levels stand.  It builds no tree and copies nothing.
 *
 * A step may stop between any two tokens and also inside white space, a number or a string; what is
 * needed to go on is in struct json_scan.  Nesting is one bit a level.
 *
 * Keys of open objects lie on one stack (struct key) that an open-addressing table indexes by hash;
 * the number of the object in a key is its depth, which no other open object has.  A closed object
 * takes its keys off again, last one first, which gives linear probing back exactly the table it
 * had: memory is bounded by the keys of open objects, not by the length of the text.  Both start
 * inside the scan and grow in the arena by doubling.
 */
#include <string.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/json_text.h"

#define FIRST_KEYS    32 /* slots: twice as many */
#define FIRST_MEMBERS 16
#define SHOWN_BYTES   60 /* of a key in an error */

enum state {
	WANT_VALUE,
	WANT_VALUE_OR_END,
	WANT_KEY,
	WANT_KEY_OR_END,
	WANT_COLON,
	AFTER_VALUE,
	IN_KEY,
	IN_STRING,
	IN_NUMBER,
};

enum number {
	NUMBER_MINUS,
	NUMBER_ZERO,
	NUMBER_INT,
	NUMBER_DOT,
	NUMBER_FRAC,
	NUMBER_E,
	NUMBER_SIGN,
	NUMBER_EXP
};

struct key {
	uint32_t hash;
	uint32_t at, n; /* raw, in the text */
	uint16_t depth; /* of its object */
	bool escaped;
};

/* The member that is being read at a captured depth. */
struct level {
	struct slice key;
	char *value;
};

struct json_scan {
	struct arena *arena;
	char *text, *at, *end;
	char *token; /* opening quote of the string, first byte of the number */
	enum state state;
	enum number number;
	enum json_type type;
	unsigned depth;	   /* open containers */
	unsigned captured; /* so many of them, from outside, are captured objects */
	unsigned capture_depth;
	unsigned flags, mended;
	unsigned line; /* 1-based, of `at` */
	char *line_start;
	bool escaped;			   /* the string in progress has escapes */
	struct hash hash;		   /* of keys, begun */
	uint64_t objects[JSON_DEPTH / 64]; /* a bit a depth: an object, not an array */
	struct level *levels;		   /* capture_depth + 1 */
	struct json_member *members;
	size_t members_n, members_cap;
	struct key *keys;
	uint32_t *slots; /* 0: free, else 1 + index of a key; 2 * keys_cap of them */
	size_t keys_n, keys_cap;
	struct key first_keys[FIRST_KEYS];
	uint32_t first_slots[2 * FIRST_KEYS];
};

_Static_assert(JSON_DEPTH % 64 == 0 && JSON_KEY_BYTES < UINT32_MAX, "sizes of fields");

/* ---- errors -------------------------------------------------------------------------------- */

struct place {
	unsigned line, col;
};

/* Lines end in white space only, so the scan has seen them all; no place is in an earlier line. */
static struct place
place_of(const struct json_scan *scan, const char *at)
{
	return (struct place){ scan->line, (unsigned)(at - scan->line_start) + 1 };
}

static bool
fail(const struct json_scan *scan, const char *at, const char *what, struct err *err)
{
	struct place place = place_of(scan, at);

	return err_set_at(err, ERR_PARSE, place.line, place.col, "not valid JSON: %s", what);
}

/* The byte at `at` is not what may stand there. */
static bool
fail_byte(const struct json_scan *scan, const char *at, const char *wanted, struct err *err)
{
	struct place place = place_of(scan, at);
	unsigned char c = (unsigned char)*at;

	if (c > 0x20 && c < 0x7f)
		return err_set_at(err, ERR_PARSE, place.line, place.col,
		    "not valid JSON: expected %s, found '%c'", wanted, c);
	return err_set_at(err, ERR_PARSE, place.line, place.col,
	    "not valid JSON: expected %s, found byte 0x%02x", wanted, c);
}

static bool
fail_limit(
    const struct json_scan *scan, const char *at, const char *what, size_t limit, struct err *err)
{
	struct place place = place_of(scan, at);

	return err_set_at(err, ERR_LIMIT, place.line, place.col, "JSON with %s %zu", what, limit);
}

static const char *
wanted(const struct json_scan *scan, bool in_object)
{
	switch (scan->state) {
	case WANT_KEY:
		return "a key in quotes";
	case WANT_KEY_OR_END:
		return "a key in quotes or '}'";
	case WANT_COLON:
		return "':'";
	case AFTER_VALUE:
		if (scan->depth == 0)
			return "nothing after the value";
		return in_object ? "',' or '}'" : "',' or ']'";
	case WANT_VALUE_OR_END:
		return "a value or ']'";
	default:
		return "a value";
	}
}

/* ---- keys ---------------------------------------------------------------------------------- */

static uint32_t
key_hash(const struct json_scan *scan, const char *p, size_t n, bool escaped)
{
	struct hash h = scan->hash;
	const char *end = p + n;
	size_t total = 0, have = 0;
	char word[8 + 4];

	h.state += scan->depth; /* the object */
	if (!escaped)
		return (uint32_t)hash_finish(h, p, n);
	while (p < end) {
		size_t got = json_decode(&p, end, word + have);

		have += got;
		total += got;
		if (have > 8) {
			hash_word(&h, hash_load(word));
			have -= 8;
			memmove(word, word + 8, have);
		}
	}
	return (uint32_t)hash_end(h, hash_load_short(word, have), total);
}

/* The bytes of a raw key, unescaped, one by one. */
struct unescaped {
	const char *at, *end;
	char out[4];
	size_t n, i;
};

static int
unescaped_next(struct unescaped *u)
{
	if (u->i == u->n) {
		if (u->at == u->end)
			return -1;
		u->n = json_decode(&u->at, u->end, u->out);
		u->i = 0;
	}
	return (unsigned char)u->out[u->i++];
}

static bool
key_same_unescaped(const char *a, size_t a_n, const char *b, size_t b_n)
{
	struct unescaped left = { .at = a, .end = a + a_n }, right = { .at = b, .end = b + b_n };
	int byte;

	do {
		byte = unescaped_next(&left);
		if (byte != unescaped_next(&right))
			return false;
	} while (byte >= 0);
	return true;
}

/* Equal hashes prove nothing. */
static bool
key_same(const struct json_scan *scan, const struct key *a, const struct key *b)
{
	const char *a_p = scan->text + a->at, *b_p = scan->text + b->at;

	if (a->hash != b->hash || a->depth != b->depth)
		return false;
	if (a->escaped || b->escaped)
		return key_same_unescaped(a_p, a->n, b_p, b->n);
	return a->n == b->n && memcmp(a_p, b_p, a->n) == 0;
}

/* An array that will be overwritten: not zeroed, since that would touch all its pages at once. */
static void *
array_new(struct json_scan *scan, size_t n_bytes, struct err *err)
{
	uintptr_t p;

	if (!arena_reserve(scan->arena, n_bytes + 15, err))
		return NULL;
	p = (uintptr_t)arena_bytes(scan->arena, n_bytes + 15);
	return (void *)((p + 15) & ~(uintptr_t)15);
}

static void
keys_index(struct json_scan *scan)
{
	size_t mask = 2 * scan->keys_cap - 1, i, slot;

	for (i = 0; i < scan->keys_n; i++) {
		for (slot = scan->keys[i].hash & mask; scan->slots[slot] != 0;)
			slot = (slot + 1) & mask;
		scan->slots[slot] = (uint32_t)i + 1;
	}
}

static bool
keys_grow(struct json_scan *scan, struct err *err)
{
	size_t cap = scan->keys_cap * 2;
	struct key *keys = array_new(scan, cap * sizeof(*keys), err);

	if (keys == NULL || !arena_reserve(scan->arena, 2 * cap * sizeof(*scan->slots), err))
		return err_prefix(err, "JSON with %zu keys in open objects", scan->keys_n);
	memcpy(keys, scan->keys, scan->keys_n * sizeof(*keys));
	scan->keys = keys;
	scan->slots = ARENA_ARRAY(scan->arena, uint32_t, 2 * cap);
	scan->keys_cap = cap;
	keys_index(scan);
	return true;
}

/* Takes in the key [at, at + n) of the innermost object; false: it has that key already. */
static bool
key_add(struct json_scan *scan, const char *at, size_t n, struct err *err)
{
	struct key key = { .at = (uint32_t)(at - scan->text),
		.n = (uint32_t)n,
		.depth = (uint16_t)scan->depth,
		.escaped = scan->escaped };
	struct place place;
	size_t mask, slot;

	if (scan->keys_n == scan->keys_cap && !keys_grow(scan, err))
		return false;
	mask = 2 * scan->keys_cap - 1;
	key.hash = key_hash(scan, at, n, scan->escaped);
	for (slot = key.hash & mask; scan->slots[slot] != 0; slot = (slot + 1) & mask) {
		if (!key_same(scan, &scan->keys[scan->slots[slot] - 1], &key))
			continue;
		place = place_of(scan, at - 1);
		if (n > SHOWN_BYTES)
			n = utf8_cut(at, SHOWN_BYTES);
		return err_set_at(err, ERR_PARSE, place.line, place.col,
		    "not valid JSON: the key \"%.*s\" occurs twice in one object", (int)n, at);
	}
	scan->keys[scan->keys_n++] = key;
	scan->slots[slot] = (uint32_t)scan->keys_n;
	return true;
}

/* Takes the keys of the innermost object off again.  Many at once: the table is written anew. */
static void
keys_drop(struct json_scan *scan)
{
	size_t n = scan->keys_n, slots = 2 * scan->keys_cap, slot;

	while (n > 0 && scan->keys[n - 1].depth == scan->depth)
		n--;
	if (scan->depth == 1 && n == 0 && scan->keys_n > FIRST_KEYS) {
		scan->keys_n = 0; /* the outer object: no key can follow */
		return;
	}
	if (scan->keys_n - n > slots / 8) {
		scan->keys_n = n;
		memset(scan->slots, 0, slots * sizeof(*scan->slots));
		keys_index(scan);
		return;
	}
	while (scan->keys_n > n) {
		for (slot = scan->keys[scan->keys_n - 1].hash & (slots - 1);
		     scan->slots[slot] != scan->keys_n;)
			slot = (slot + 1) & (slots - 1);
		scan->slots[slot] = 0;
		scan->keys_n--;
	}
}

/* ---- values -------------------------------------------------------------------------------- */

static bool
member_add(struct json_scan *scan, struct err *err)
{
	const struct level *level = &scan->levels[scan->depth];
	size_t cap = scan->members_cap == 0 ? FIRST_MEMBERS : scan->members_cap * 2;
	struct json_member *members;

	if (scan->members_n == scan->members_cap) {
		members = array_new(scan, cap * sizeof(*members), err);
		if (members == NULL)
			return err_prefix(
			    err, "JSON with %zu members in its outer objects", scan->members_n);
		if (scan->members_n > 0)
			memcpy(members, scan->members, scan->members_n * sizeof(*members));
		scan->members = members;
		scan->members_cap = cap;
	}
	scan->members[scan->members_n++] = (struct json_member){
		.key = level->key,
		.value = { level->value, (size_t)(scan->at - level->value) },
		.parent = scan->depth > 1 ? level[-1].key : SLICE_NONE,
		.depth = scan->depth,
	};
	return true;
}

/* The value that ends at scan->at is complete. */
static inline bool
value_end(struct json_scan *scan, struct err *err)
{
	scan->state = AFTER_VALUE;
	return scan->depth == 0 || scan->depth != scan->captured || member_add(scan, err);
}

static inline bool
in_object(const struct json_scan *scan)
{
	unsigned bit = scan->depth - 1;

	return scan->depth > 0 && (scan->objects[bit / 64] >> bit % 64 & 1) != 0;
}

static bool
container_open(struct json_scan *scan, bool is_object, struct err *err)
{
	unsigned bit = scan->depth;
	uint64_t one = (uint64_t)1 << bit % 64;

	if (scan->depth == JSON_DEPTH)
		return fail_limit(scan, scan->at, "more levels than", JSON_DEPTH, err);
	if (is_object)
		scan->objects[bit / 64] |= one;
	else
		scan->objects[bit / 64] &= ~one;
	if (is_object && scan->captured == scan->depth && scan->depth < scan->capture_depth)
		scan->captured++;
	scan->depth++;
	scan->at++;
	scan->state = is_object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
	return true;
}

static bool
container_close(struct json_scan *scan, bool is_object, struct err *err)
{
	if (is_object)
		keys_drop(scan);
	if (scan->captured == scan->depth)
		scan->captured--;
	scan->depth--;
	scan->at++;
	return value_end(scan, err);
}

/* ---- numbers ------------------------------------------------------------------------------- */

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
number_is_whole(enum number number)
{
	return number == NUMBER_ZERO || number == NUMBER_INT || number == NUMBER_FRAC ||
	    number == NUMBER_EXP;
}

/* What follows after c; -1: the number does not go on with it. */
static int
number_next(enum number number, char c)
{
	bool digit = is_digit(c), has_int = number == NUMBER_ZERO || number == NUMBER_INT;

	switch (number) {
	case NUMBER_MINUS:
		return !digit ? -1 : c == '0' ? NUMBER_ZERO : NUMBER_INT;
	case NUMBER_ZERO:
	case NUMBER_INT:
	case NUMBER_FRAC:
		if (digit && number != NUMBER_ZERO)
			return (int)number;
		if (c == '.' && has_int)
			return NUMBER_DOT;
		return c == 'e' || c == 'E' ? NUMBER_E : -1;
	case NUMBER_DOT:
		return digit ? NUMBER_FRAC : -1;
	case NUMBER_E:
		if (c == '+' || c == '-')
			return NUMBER_SIGN;
		return digit ? NUMBER_EXP : -1;
	case NUMBER_SIGN:
	case NUMBER_EXP:
		return digit ? NUMBER_EXP : -1;
	}
	return -1;
}

static bool
number_go(struct json_scan *scan, const char *stop, struct err *err)
{
	enum number number = scan->number;
	char *p = scan->at;

	while (p < stop) {
		int next = number_next(number, *p);

		if (next < 0)
			break;
		number = (enum number)next;
		p++;
		if (number == NUMBER_INT || number == NUMBER_FRAC || number == NUMBER_EXP)
			while (p < stop && is_digit(*p))
				p++;
	}
	scan->at = p;
	scan->number = number;
	if (p >= stop)
		return true;
	if (!number_is_whole(number))
		return fail_byte(scan, p, "a digit", err);
	if (number == NUMBER_ZERO && is_digit(*p))
		return fail(scan, p, "a number has a zero in front", err);
	return value_end(scan, err);
}

static bool
number_start(struct json_scan *scan, const char *stop, struct err *err)
{
	char c = *scan->at++;

	scan->number = c == '-' ? NUMBER_MINUS : c == '0' ? NUMBER_ZERO : NUMBER_INT;
	scan->state = IN_NUMBER;
	return number_go(scan, stop, err);
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Length of the escape at p; 0: error.  A lone surrogate is overwritten where that is allowed. */
static size_t
escape_go(struct json_scan *scan, char *p, struct err *err)
{
	int32_t unit;

	if (scan->end - p < 2)
		return fail(scan, p, "it ends within a string", err), 0;
	if (p[1] != 'u') {
		if (json_short_escape(p[1]) == '\0')
			return fail(scan, p, "no such escape in a string", err), 0;
		return 2;
	}
	unit = json_unit(p, scan->end);
	if (unit < 0)
		return fail(scan, p, "\\u wants four hexadecimal digits", err), 0;
	if (unit == 0 && scan->state == IN_KEY)
		return fail(scan, p, "a key has a NUL", err), 0;
	if (!json_is_high(unit) && !json_is_low(unit))
		return JSON_ESCAPE_BYTES;
	if (json_is_high(unit) && json_is_low(json_unit(p + JSON_ESCAPE_BYTES, scan->end)))
		return 2 * (size_t)JSON_ESCAPE_BYTES;
	if (!(scan->flags & JSON_MEND))
		return fail(scan, p, "half of a surrogate pair", err), 0;
	memcpy(p, "\\ufffd", JSON_ESCAPE_BYTES);
	scan->mended++;
	return JSON_ESCAPE_BYTES;
}

/* p: the closing quote. */
static bool
key_end(struct json_scan *scan, char *p, struct err *err)
{
	const char *key = scan->token + 1;
	size_t n = (size_t)(p - key);

	if (n > JSON_KEY_BYTES)
		return fail_limit(scan, scan->token, "a key longer than", JSON_KEY_BYTES, err);
	if (!key_add(scan, key, n, err))
		return false;
	if (scan->captured == scan->depth)
		scan->levels[scan->depth].key = (struct slice){ key, n };
	if (scan->end - p > 1 && p[1] == ':') {
		scan->at = p + 2;
		scan->state = WANT_VALUE;
	} else {
		scan->at = p + 1;
		scan->state = WANT_COLON;
	}
	return true;
}

static bool
string_go(struct json_scan *scan, const char *stop, struct err *err)
{
	const char *end = scan->end;
	char *p = scan->at;
	size_t n;

	for (;;) {
		p += json_skip_plain(p, stop, end) - p;
		if (p >= stop)
			break;
		if (*p == '"') {
			if (scan->state == IN_KEY)
				return key_end(scan, p, err);
			scan->at = p + 1;
			return value_end(scan, err);
		}
		if (*p == '\\') {
			n = escape_go(scan, p, err);
			if (n == 0)
				return false;
			scan->escaped = true;
			p += n;
			continue;
		}
		if ((unsigned char)*p < 0x20)
			return fail(scan, p, "a raw control character in a string", err);
		do {
			n = utf8_length(p, (size_t)(end - p));
			if (n == 0)
				return fail(scan, p, "bytes that are not UTF-8", err);
			p += n;
		} while (p < stop && (unsigned char)*p >= 0x80);
	}
	scan->at = p;
	return true;
}

static bool
string_start(struct json_scan *scan, enum state state, const char *stop, struct err *err)
{
	scan->token = scan->at++;
	scan->state = state;
	scan->escaped = false;
	return string_go(scan, stop, err);
}

/* ---- the scan ------------------------------------------------------------------------------ */

static bool
literal(struct json_scan *scan, struct slice word, struct err *err)
{
	if ((size_t)(scan->end - scan->at) < word.n || memcmp(scan->at, word.p, word.n) != 0)
		return fail(scan, scan->at, "neither true, false nor null", err);
	scan->at += word.n;
	return value_end(scan, err);
}

static bool
value_start(struct json_scan *scan, const char *stop, struct err *err)
{
	if (scan->captured == scan->depth)
		scan->levels[scan->depth].value = scan->at;
	switch (*scan->at) {
	case '"':
		return string_start(scan, IN_STRING, stop, err);
	case '{':
		return container_open(scan, true, err);
	case '[':
		return container_open(scan, false, err);
	case 't':
		return literal(scan, S("true"), err);
	case 'f':
		return literal(scan, S("false"), err);
	case 'n':
		return literal(scan, S("null"), err);
	case ']':
		if (scan->state == WANT_VALUE_OR_END)
			return container_close(scan, false, err);
		break;
	default:
		if (*scan->at == '-' || is_digit(*scan->at))
			return number_start(scan, stop, err);
	}
	return fail_byte(scan, scan->at, wanted(scan, in_object(scan)), err);
}

static void
blanks(struct json_scan *scan, const char *stop)
{
	char *p = scan->at;

	for (; p < stop && json_is_blank(*p); p++) {
		if (*p == ' ' || *p == '\t')
			continue;
		if (*p == '\n') {
			scan->line++;
			scan->line_start = p + 1;
		}
		if (scan->flags & JSON_ONE_LINE)
			*p = ' ';
	}
	scan->at = p;
}

/* One token, or a part of a long one. */
static inline bool
token(struct json_scan *scan, const char *stop, struct err *err)
{
	char c = *scan->at;

	switch (scan->state) {
	case IN_KEY:
	case IN_STRING:
		return string_go(scan, stop, err);
	case IN_NUMBER:
		return number_go(scan, stop, err);
	case WANT_VALUE:
	case WANT_VALUE_OR_END:
		return value_start(scan, stop, err);
	case WANT_KEY:
	case WANT_KEY_OR_END:
		if (c == '"')
			return string_start(scan, IN_KEY, stop, err);
		if (c == '}' && scan->state == WANT_KEY_OR_END)
			return container_close(scan, true, err);
		break;
	case WANT_COLON:
		if (c != ':')
			break;
		scan->at++;
		scan->state = WANT_VALUE;
		return true;
	case AFTER_VALUE:
		if (scan->depth == 0)
			break;
		if (c == ',') {
			scan->at++;
			scan->state = in_object(scan) ? WANT_KEY : WANT_VALUE;
			if (scan->state == WANT_KEY && scan->at < stop && *scan->at == '"')
				return string_start(scan, IN_KEY, stop, err);
			return true;
		}
		if (c == (in_object(scan) ? '}' : ']'))
			return container_close(scan, c == '}', err);
		break;
	}
	return fail_byte(scan, scan->at, wanted(scan, in_object(scan)), err);
}

static enum json_step
text_end(struct json_scan *scan, struct err *err)
{
	if (scan->state == IN_NUMBER && number_is_whole(scan->number) && !value_end(scan, err))
		return JSON_BAD;
	if (scan->state == AFTER_VALUE && scan->depth == 0) {
		scan->type = json_type((struct slice){ scan->levels[0].value, 1 });
		return JSON_DONE;
	}
	fail(scan, scan->end, scan->end == scan->text ? "the text is empty" : "it ends too early",
	    err);
	return JSON_BAD;
}

struct json_scan *
json_scan_new(struct arena *arena, char *text, size_t n, unsigned capture_depth, unsigned flags,
    uint64_t seed)
{
	struct json_scan *scan = ARENA_NEW(arena, struct json_scan);

	if (capture_depth > JSON_DEPTH)
		capture_depth = JSON_DEPTH;
	scan->arena = arena;
	scan->text = scan->at = n > 0 ? text : (char *)"";
	scan->end = scan->text + n;
	scan->line = 1;
	scan->line_start = scan->text;
	scan->state = WANT_VALUE;
	scan->capture_depth = capture_depth;
	scan->flags = flags;
	scan->hash = hash_start(seed);
	scan->levels = ARENA_ARRAY(arena, struct level, capture_depth + 1);
	scan->keys = scan->first_keys;
	scan->slots = scan->first_slots;
	scan->keys_cap = FIRST_KEYS;
	return scan;
}

enum json_step
json_scan_step(struct json_scan *scan, size_t budget, struct err *err)
{
	size_t left = (size_t)(scan->end - scan->at);
	const char *stop = scan->at + (budget == 0 ? (left > 0) : budget < left ? budget : left);

	if ((size_t)(scan->end - scan->text) > UINT32_MAX) {
		err_set(err, ERR_LIMIT, "JSON of more than 4 GiB");
		return JSON_BAD;
	}
	while (scan->at < stop) {
		if (json_is_blank(*scan->at) && scan->state < IN_KEY)
			blanks(scan, stop);
		else if (!token(scan, stop, err))
			return JSON_BAD;
	}
	return scan->at < scan->end ? JSON_MORE : text_end(scan, err);
}

bool
json_scan_all(struct json_scan *scan, struct err *err)
{
	return json_scan_step(scan, SIZE_MAX, err) == JSON_DONE;
}

/* ---- what it found ------------------------------------------------------------------------- */

enum json_type
json_scan_type(const struct json_scan *scan)
{
	return scan->type;
}

unsigned
json_scan_mended(const struct json_scan *scan)
{
	return scan->mended;
}

const struct json_member *
json_scan_members(const struct json_scan *scan, size_t *n)
{
	*n = scan->members_n;
	return scan->members;
}

struct slice
json_scan_get(const struct json_scan *scan, struct slice parent, struct slice key)
{
	unsigned depth = parent.p == NULL ? 1 : 2;
	size_t i;

	for (i = 0; i < scan->members_n; i++) {
		const struct json_member *member = &scan->members[i];

		if (member->depth == depth && json_key_is(member->key, key) &&
		    (depth == 1 || json_key_is(member->parent, parent)))
			return member->value;
	}
	return SLICE_NONE;
}

void
json_scan_get_all(const struct json_scan *scan, struct slice parent, const struct slice *keys,
    size_t n, struct slice *values)
{
	for (size_t k = 0; k < n; k++)
		values[k] = SLICE_NONE;
	for (size_t i = 0; i < scan->members_n; i++) {
		const struct json_member *member = &scan->members[i];

		if (member->depth != 2 || !json_key_is(member->parent, parent))
			continue;
		for (size_t k = 0; k < n; k++) {
			if (values[k].p == NULL && json_key_is(member->key, keys[k])) {
				values[k] = member->value;
				break;
			}
		}
	}
}
