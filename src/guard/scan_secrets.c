/*
 * Applies the pack to a text, word by word as the engine tells them.
 *
 * A token's word is looked at with what stands beside it.  A value's word is part of a name: what
 * follows is read as an assignment in any of the usual notations (=, :, :=, =>, an XML element, a
 * call with two arguments, a header), and what is assigned is matched.  Both are bounded, and an
 * assignment is read once however many words its name holds.
 */
#include "guard/scan.h"

#define NAME_REST_MAX  50 /* of a name, behind the word */
#define NAME_TYPE_MAX  20 /* a type, between the name and the sign */
#define QUOTES_MAX     8
#define LOOK_BACK_CURL 300
#define GENERIC_LEAST  10

struct rule_parts {
	struct scan_shape shape;
	struct scan_part back;
	bool has_back;
	size_t word_n;
};

struct assignment {
	size_t from, sign; /* a word that ends in here is part of its name */
	size_t rest_end;   /* where the name itself ends */
	size_t value;	   /* 0: there is none */
};

struct scan_secrets {
	struct scan_sets sets;
	struct rule_parts *rules; /* as in the pack */
	struct scan_runs runs;
	struct slice text;
	struct assignment latest;
};

struct scan_secrets *
scan_secrets_new(void)
{
	struct scan_secrets *secrets = MEM_NEW(struct scan_secrets);

	secrets->rules = mem_new(scan_pack_n * sizeof(*secrets->rules));
	for (size_t i = 0; i < scan_pack_n; i++) {
		const struct scan_rule *rule = &scan_pack[i];
		struct rule_parts *parts = &secrets->rules[i];
		struct scan_shape back;

		parts->word_n = slice_of(rule->word).n;
		scan_shape_read(&secrets->sets, rule->shape, &parts->shape);
		if (rule->back == NULL)
			continue;
		scan_shape_read(&secrets->sets, rule->back, &back);
		must(back.n == 1);
		parts->back = back.part[0];
		parts->has_back = true;
	}
	return secrets;
}

void
scan_secrets_free(struct scan_secrets **secrets)
{
	if (*secrets == NULL)
		return;
	mem_free((*secrets)->rules);
	mem_free(*secrets);
	*secrets = NULL;
}

void
scan_secrets_start(struct scan_secrets *secrets, struct slice text)
{
	secrets->text = text;
	secrets->latest = (struct assignment){ .from = SIZE_MAX };
	scan_runs_init(&secrets->runs, &secrets->sets, text);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static uint32_t
crc32_of(struct slice s)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < s.n; i++) {
		crc ^= (unsigned char)s.p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* The last six characters are CRC-32 of those behind the prefix, in base 62. */
static bool
github_is_right(struct slice token)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint32_t crc;

	if (token.n != 40)
		return false;
	crc = crc32_of((struct slice){ token.p + 4, 30 });
	for (size_t i = 0; i < 6; i++, crc /= 62)
		if (token.p[39 - i] != digits[crc % 62])
			return false;
	return true;
}

/* A header in base64url that is an object. */
static bool
jwt_is_right(struct slice token)
{
	struct slice rest, head = slice_cut(token, '.', &rest);
	char raw[512];
	struct buf out;
	bool ok;

	if (head.n > sizeof(raw) - 4)
		return false;
	for (size_t i = 0; i < head.n; i++)
		raw[i] = head.p[i] == '-' ? '+' : head.p[i] == '_' ? '/' : head.p[i];
	while (head.n % 4 != 0)
		raw[head.n++] = '=';
	buf_init(&out, NULL, 4 * KIB);
	ok = base64_read((struct slice){ raw, head.n }, &out) && out.n >= 2 && out.p[0] == '{' &&
	    out.p[out.n - 1] == '}';
	buf_fini(&out);
	return ok;
}

static bool
has_word(struct slice s, struct slice word)
{
	for (size_t i = 0; i + word.n <= s.n; i++)
		if (slice_eq_nocase((struct slice){ s.p + i, word.n }, word))
			return true;
	return false;
}

/* What stands for a secret in documentation: a word for it, or one character again and again. */
static bool
is_placeholder(struct slice s)
{
	static const char *const words[] = { "example", "changeme", "placeholder", "your", "dummy",
		"sample", "redacted", "xxxx", "****", "....", "password", "passwort", "secret",
		"token", "insert", "replace", "default", "undefined" };
	size_t run = 1, most = 1;

	for (size_t i = 0; i < COUNT(words); i++)
		if (has_word(s, slice_of(words[i])))
			return true;
	for (size_t i = 1; i < s.n; i++) {
		run = s.p[i] == s.p[i - 1] ? run + 1 : 1;
		most = run > most ? run : most;
	}
	return most * 2 >= s.n;
}

struct makeup {
	unsigned digits, lower, upper, other, turns; /* turns: from letter to digit and back */
	unsigned joints;			     /* dots and such between letters */
};

static struct makeup
makeup_of(struct slice s)
{
	struct makeup m = { 0 };
	bool was_digit = false;

	for (size_t i = 0; i < s.n; i++) {
		bool is_digit = scan_is_digit(s.p[i]), is_letter = scan_is_letter(s.p[i]);

		m.digits += is_digit;
		m.lower += is_letter && s.p[i] >= 'a';
		m.upper += is_letter && s.p[i] < 'a';
		m.other += !is_digit && !is_letter;
		m.joints += i > 0 && !is_digit && !is_letter && scan_is_letter(s.p[i - 1]);
		if (i > 0 && (is_digit || is_letter) && is_digit != was_digit)
			m.turns++;
		if (is_digit || is_letter)
			was_digit = is_digit;
	}
	return m;
}

static bool
has_letters_and_digits(struct slice s)
{
	struct makeup m = makeup_of(s);

	return m.digits > 0 && m.lower + m.upper > 0;
}

/* A password that somebody uses, and not a variable or a word for one. */
static bool
password_is_real(struct slice s)
{
	struct makeup m = makeup_of(s);

	return s.n >= 5 && !is_placeholder(s) && !has_word(s, S("12345")) && s.p[0] != '%' &&
	    s.p[0] != '<' && m.digits + m.upper + m.other > 0 && m.digits + m.lower > 0 &&
	    s.p[0] != '(' && scan_entropy(s) >= 220;
}

/* user:password, perhaps in quotes, perhaps with what follows an at sign. */
static struct slice
password_of(struct slice pair, char until)
{
	struct slice rest;

	slice_cut(pair, ':', &rest);
	while (rest.n > 0 && (rest.p[0] == '"' || rest.p[0] == '\'' || rest.p[0] == '\\')) {
		rest.p++;
		rest.n--;
	}
	return until != 0 ? slice_cut(rest, until, &(struct slice){ 0 }) : rest;
}

static bool
curl_stands_before(struct slice text, size_t at)
{
	size_t from = at > LOOK_BACK_CURL ? at - LOOK_BACK_CURL : 0;

	return memmem(text.p + from, at - from, "curl", 4) != NULL;
}

/* What may follow a word for a secret in the name of one: secretKey, TOKEN_2, password_value. */
static bool
name_rest_is_fine(struct slice rest)
{
	static const char *const words[] = { "s", "key", "token", "secret", "string", "value",
		"val", "str", "prod", "dev", "test", "live", "api", "v", "password", "id_token",
		"base64", "hash", "auth", "header", "bearer" };

	while (rest.n > 0) {
		size_t i;

		if (!scan_is_letter(rest.p[0])) {
			rest.p++;
			rest.n--;
			continue;
		}
		for (i = 0; i < COUNT(words); i++) {
			struct slice word = slice_of(words[i]);

			if (rest.n >= word.n &&
			    slice_eq_nocase((struct slice){ rest.p, word.n }, word) &&
			    (word.n > 1 || rest.n == 1 || !scan_is_letter(rest.p[1]))) {
				rest.p += word.n;
				rest.n -= word.n;
				break;
			}
		}
		if (i == COUNT(words))
			return false;
	}
	return true;
}

/*
 * Letters and digits mixed as no name of a thing is: random enough for its length, digits, and
 * neither a path nor words with dots or dashes between them.
 */
static bool
generic_is_secret(struct slice value, struct slice name_rest)
{
	struct makeup m = makeup_of(value);
	unsigned least = value.n >= 20 ? 330 : 290;

	if (value.n < GENERIC_LEAST || !name_rest_is_fine(name_rest) || is_placeholder(value))
		return false;
	if (m.digits == 0 || m.lower + m.upper == 0 || value.p[0] == '.' || value.p[0] == '/')
		return false;
	if (m.digits == 1 && (m.upper == 0 || m.lower == 0))
		return false;
	if (m.joints > 4 || (m.joints > 0 && m.turns < 3))
		return false;
	return m.turns >= 2 && scan_entropy(value) >= least;
}

/* False: not what it looks like.  score: how sure it is. */
static bool
check_done(const struct scan_secrets *secrets, enum scan_check check, struct slice whole,
    struct slice shape, size_t at, unsigned *score)
{
	switch (check) {
	case CHECK_GITHUB:
		*score = github_is_right(whole) ? 100 : 80;
		return true;
	case CHECK_JWT:
		*score = jwt_is_right(whole) ? 100 : 70;
		return slice_starts(whole, S("ey"));
	case CHECK_DIGITS:
		return has_letters_and_digits(shape);
	case CHECK_PASSWORD:
		return password_is_real(password_of(shape, '@'));
	case CHECK_CURL:
		return password_is_real(password_of(shape, 0)) &&
		    curl_stands_before(secrets->text, at);
	case CHECK_GENERIC:
		return generic_is_secret(shape,
		    (struct slice){ secrets->text.p + secrets->latest.from,
			secrets->latest.rest_end - secrets->latest.from });
	case CHECK_NONE:
		return true;
	}
	return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

/* Whether a token may begin at `at`: not in a word; \n and the like written out end one. */
static bool
may_begin(struct slice text, size_t at)
{
	if (at == 0 || !scan_is_word(text.p[at - 1]))
		return true;
	return at >= 2 && text.p[at - 2] == '\\' && strchr("nrt", text.p[at - 1]) != NULL;
}

static bool
may_end(struct slice text, size_t end)
{
	return end >= text.n || !(scan_is_digit(text.p[end]) || scan_is_letter(text.p[end]));
}

/* How many bytes before `at` are of the part's set: SIZE_MAX where that is not allowed. */
static size_t
back_of(const struct scan_secrets *secrets, const struct scan_part *back, size_t at)
{
	const uint8_t *has = secrets->sets.set[back->set].has;
	size_t n = 0, most = back->max == UINT32_MAX ? 4 * KIB : back->max;

	while (n < most && n < at && has[(unsigned char)secrets->text.p[at - n - 1]] != 0)
		n++;
	return n < back->min ? SIZE_MAX : n;
}

static void
token_word(struct scan_secrets *secrets, const struct scan_rule *rule,
    const struct rule_parts *parts, size_t end, struct scan_findings *findings)
{
	size_t at = end - parts->word_n, shape_end, back = 0;
	struct slice text = secrets->text, shape, whole;
	unsigned score = 90;

	if (!parts->has_back && (rule->flags & RULE_INSIDE) == 0 && !may_begin(text, at))
		return;
	if (!scan_shape_match(&secrets->runs, &parts->shape, end, &shape_end) ||
	    ((rule->flags & RULE_OPEN) == 0 && !may_end(text, shape_end)))
		return;
	if (parts->has_back) {
		back = back_of(secrets, &parts->back, at);
		if (back == SIZE_MAX)
			return;
	}
	shape = (struct slice){ text.p + end, shape_end - end };
	whole = (struct slice){ text.p + at - back, shape_end - at + back };
	if (rule->least > 0 && scan_entropy(shape) < rule->least)
		return;
	if (!check_done(secrets, rule->check, whole, shape, at, &score))
		return;
	if (rule->check == CHECK_PASSWORD || rule->check == CHECK_CURL)
		whole = password_of(shape, rule->check == CHECK_PASSWORD ? '@' : 0);
	scan_found(findings, SCAN_SECRET, rule->id, (size_t)(whole.p - text.p), whole.n, score);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool
is_name_byte(char c)
{
	return scan_is_word(c) || c == '-' || c == '.';
}

static bool
is_quote_or_space(char c)
{
	return c == '"' || c == '\'' || c == '`' || c == ' ' || c == '\t' || c == '\\' ||
	    c == ']' || c == ')' || c == '/';
}

/* Past the words Bearer, Basic and Token of a header, and what is before and behind them. */
static size_t
value_begin(struct slice text, size_t at)
{
	static const char *const schemes[] = { "bearer ", "basic ", "token " };
	size_t most = at + QUOTES_MAX;

	while (at < text.n && at < most && strchr("\"'`= \t\r\n\\(", text.p[at]) != NULL &&
	    text.p[at] != '\0')
		at++;
	for (size_t i = 0; i < COUNT(schemes); i++) {
		struct slice scheme = slice_of(schemes[i]);

		if (text.n - at > scheme.n &&
		    slice_eq_nocase((struct slice){ text.p + at, scheme.n }, scheme)) {
			at += scheme.n;
			break;
		}
	}
	return at;
}

/* Reads name rest, type, quotes, sign; .value is 0 where no assignment follows. */
static struct assignment
assignment_read(struct slice text, size_t at)
{
	struct assignment a = { .from = at, .sign = at };
	size_t most = at + NAME_REST_MAX, signs = 0;

	while (at < text.n && at < most && is_name_byte(text.p[at]))
		at++;
	a.rest_end = at;
	for (most = at + NAME_TYPE_MAX;
	     at < text.n && at < most && (is_name_byte(text.p[at]) || text.p[at] == ' ');)
		at++;
	for (most = at + 4; at < text.n && at < most && is_quote_or_space(text.p[at]);)
		at++;
	a.sign = at;
	while (at < text.n && signs < 4 && strchr("=:>,|?", text.p[at]) != NULL &&
	    text.p[at] != '\0') {
		at++;
		signs++;
	}
	if (signs > 0 && at < text.n)
		a.value = value_begin(text, at);
	return a;
}

/* A name of a service stands where a word begins: Jfrog in SecretJfrog, not etsy in SetSysctl. */
static bool
name_may_hold(struct slice text, size_t at, size_t end)
{
	char first = text.p[at];

	if (at > 0 && scan_is_letter(text.p[at - 1])) {
		bool is_turn = first < 'a' && text.p[at - 1] >= 'a';
		bool is_escape = at > 1 && text.p[at - 2] == '\\';

		if (!is_turn && !is_escape)
			return false;
	}
	if (end < text.n && text.p[end] >= 'a' && text.p[end] <= 'z') {
		static const char *const follow[] = { "key", "token", "secret", "api", "id", "pass",
			"auth", "client", "access", "s" };
		struct slice rest = { text.p + end, text.n - end };

		for (size_t i = 0; i < COUNT(follow); i++)
			if (slice_starts(rest, slice_of(follow[i])))
				return true;
		return false;
	}
	return true;
}

static bool
value_may_end(struct slice text, size_t end)
{
	return end >= text.n || text.p[end] == '\0' ||
	    strchr("\"'` \t\r\n;\\,)}]<>&|#", text.p[end]) != NULL;
}

static void
value_word(struct scan_secrets *secrets, const struct scan_rule *rule,
    const struct rule_parts *parts, size_t end, struct scan_findings *findings)
{
	struct assignment *a = &secrets->latest;
	struct slice text = secrets->text, shape;
	unsigned score = rule->check == CHECK_GENERIC ? 60 : 80;
	size_t at = end - parts->word_n, value_end;

	if (a->from > end || end > a->sign)
		*a = assignment_read(text, end);
	else if (a->from < end)
		a->from = end < a->rest_end ? end : a->rest_end;
	if (a->value == 0 || (rule->check != CHECK_GENERIC && !name_may_hold(text, at, end)))
		return;
	if (!scan_shape_match(&secrets->runs, &parts->shape, a->value, &value_end) ||
	    !value_may_end(text, value_end))
		return;
	shape = (struct slice){ text.p + a->value, value_end - a->value };
	if (scan_entropy(shape) < rule->least)
		return;
	if (rule->least > 0 && rule->check != CHECK_GENERIC && is_placeholder(shape))
		return;
	if (check_done(secrets, rule->check, shape, shape, at, &score))
		scan_found(findings, SCAN_SECRET, rule->id, a->value, shape.n, score);
}

void
scan_secrets_word(
    struct scan_secrets *secrets, unsigned rule, size_t end, struct scan_findings *findings)
{
	const struct scan_rule *row = &scan_pack[rule];

	if ((row->flags & RULE_VALUE) != 0)
		value_word(secrets, row, &secrets->rules[rule], end, findings);
	else
		token_word(secrets, row, &secrets->rules[rule], end, findings);
}
