/*
 * Personal data: what has a check digit or a grammar of its own is told from numbers that only look
 * like it.  One pass; only at a digit, an at sign or a colon is anything looked at, and what is
 * looked at there is bounded.
 *
 * Identity numbers whose check lets one in ten pass (and those without any) need a word for them
 * close before.
 */
#include "guard/scan.h"

#define CONTEXT_BYTES 48
#define DIGITS_MAX    20 /* no number that is known has more */

struct number {
	struct slice text; /* the whole text */
	size_t at;	   /* of the first digit */
	size_t run;	   /* how many digits follow each other there */
};

static bool
is_word_at(struct slice text, size_t at)
{
	return at < text.n && (scan_is_word(text.p[at]) || (text.p[at] & 0x80) != 0);
}

static bool
is_digit_at(struct slice text, size_t at)
{
	return at < text.n && scan_is_digit(text.p[at]);
}

/* Whether one of the words (lower case, NULL-ended) stands close before `at`. */
static bool
has_context(struct slice text, size_t at, const char *const *words)
{
	uint32_t first = 0; /* letters that one of them begins with */

	for (unsigned k = 0; words[k] != NULL; k++)
		first |= 1u << (words[k][0] - 'a');
	for (size_t i = at > CONTEXT_BYTES ? at - CONTEXT_BYTES : 0; i < at; i++) {
		unsigned letter = ((unsigned char)text.p[i] | 0x20u) - 'a';

		if (letter > 'z' - 'a' || (first >> letter & 1) == 0)
			continue;
		for (unsigned k = 0; words[k] != NULL; k++) {
			struct slice word = slice_of(words[k]);

			if (scan_lower(text.p[i]) == word.p[0] && i + word.n <= at &&
			    slice_eq_nocase((struct slice){ text.p + i, word.n }, word) &&
			    (i == 0 || !scan_is_letter(text.p[i - 1]) || word.n > 5))
				return true;
		}
	}
	return false;
}

/*
 * Up to DIGITS_MAX digits from `at`, in groups with one of the separators between; end is behind
 * the last.
 */
struct digits {
	char d[DIGITS_MAX];
	unsigned n;
	uint64_t shape; /* lengths of the groups, four bits each: 0x444 */
	unsigned groups;
	size_t end;
};
#define GROUPS_MAX 12
#define GROUP_LONG 15 /* longer than any that is looked for */

static bool
is_one_of(char c, const char *few)
{
	for (; *few != '\0'; few++)
		if (c == *few)
			return true;
	return false;
}

static void
group_end(struct digits *digits, unsigned run)
{
	digits->shape = digits->shape << 4 | (run < GROUP_LONG ? run : GROUP_LONG);
	digits->groups++;
}

static void
digits_read(struct slice text, size_t at, const char *separators, struct digits *out)
{
	unsigned run = 0;
	char separator = 0;

	out->n = out->groups = 0;
	out->shape = 0;
	while (at < text.n && out->n < DIGITS_MAX && out->groups < GROUPS_MAX) {
		char c = text.p[at];

		if (scan_is_digit(c)) {
			out->d[out->n++] = (char)(c - '0');
			run++;
			at++;
		} else if (is_one_of(c, separators) && is_digit_at(text, at + 1) &&
		    (separator == 0 || separator == c)) {
			separator = c;
			group_end(out, run);
			run = 0;
			at++;
		} else {
			break;
		}
	}
	if (out->groups < GROUPS_MAX)
		group_end(out, run);
	out->end = at;
}

/* ---- check digits ---------------------------------------------------------------------------- */

/* ISO/IEC 7812-1, annex B. */
static bool
luhn_is_right(const char *d, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned v = (unsigned)d[n - 1 - i] << (i & 1);

		sum += v > 9 ? v - 9 : v;
	}
	return sum % 10 == 0;
}

/* Verhoeff's dihedral scheme, as Aadhaar has it. */
static bool
verhoeff_is_right(const char *digits, unsigned n)
{
	static const unsigned char d[10][10] = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		{ 1, 2, 3, 4, 0, 6, 7, 8, 9, 5 }, { 2, 3, 4, 0, 1, 7, 8, 9, 5, 6 },
		{ 3, 4, 0, 1, 2, 8, 9, 5, 6, 7 }, { 4, 0, 1, 2, 3, 9, 5, 6, 7, 8 },
		{ 5, 9, 8, 7, 6, 0, 4, 3, 2, 1 }, { 6, 5, 9, 8, 7, 1, 0, 4, 3, 2 },
		{ 7, 6, 5, 9, 8, 2, 1, 0, 4, 3 }, { 8, 7, 6, 5, 9, 3, 2, 1, 0, 4 },
		{ 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 } };
	static const unsigned char p[8][10] = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		{ 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 }, { 5, 8, 0, 3, 7, 9, 6, 1, 4, 2 },
		{ 8, 9, 1, 6, 0, 4, 3, 5, 2, 7 }, { 9, 4, 5, 3, 1, 2, 6, 8, 7, 0 },
		{ 4, 2, 8, 6, 5, 7, 3, 9, 0, 1 }, { 2, 7, 9, 3, 8, 0, 6, 4, 1, 5 },
		{ 7, 0, 4, 6, 9, 1, 3, 2, 5, 8 } };
	unsigned c = 0;

	for (unsigned i = 0; i < n; i++)
		c = d[c][p[i % 8][(unsigned char)digits[n - 1 - i]]];
	return c == 0;
}

/* ISO 7064 MOD 11,10, as the German tax number has it; one digit stands twice or three times. */
static bool
steuer_id_is_right(const char *d)
{
	unsigned product = 10, count[10] = { 0 }, twice = 0;

	for (unsigned i = 0; i < 10; i++) {
		unsigned sum = ((unsigned)d[i] + product) % 10;

		product = (sum == 0 ? 10 : sum) * 2 % 11;
		count[(unsigned char)d[i]]++;
	}
	for (unsigned i = 0; i < 10; i++)
		twice += count[i] == 2 || count[i] == 3;
	return d[0] != 0 && twice >= 1 && (11 - product) % 10 == (unsigned)d[10];
}

static bool
cpf_is_right(const char *d)
{
	bool is_same = true;

	for (unsigned k = 9; k < 11; k++) {
		unsigned sum = 0;

		for (unsigned i = 0; i < k; i++)
			sum += (unsigned)d[i] * (k + 1 - i);
		if (sum * 10 % 11 % 10 != (unsigned)d[k])
			return false;
	}
	for (unsigned i = 1; i < 11; i++)
		is_same &= d[i] == d[0];
	return !is_same;
}

/* The Dutch test of eleven. */
static bool
bsn_is_right(const char *d)
{
	int sum = -d[8];

	for (int i = 0; i < 8; i++)
		sum += d[i] * (9 - i);
	return sum % 11 == 0 && (d[0] != 0 || d[1] != 0);
}

/* Key of 97, and a birth that could be. */
static bool
nir_is_right(const char *d)
{
	uint64_t body = 0;
	unsigned month = (unsigned)d[3] * 10 + (unsigned)d[4];

	for (unsigned i = 0; i < 13; i++)
		body = body * 10 + (uint64_t)d[i];
	return (d[0] == 1 || d[0] == 2) && month >= 1 &&
	    (month <= 12 || (month >= 20 && month <= 42) || month >= 50) &&
	    97 - body % 97 == (unsigned)d[13] * 10 + (unsigned)d[14];
}

static bool
ssn_is_right(const char *d)
{
	unsigned area = (unsigned)d[0] * 100 + (unsigned)d[1] * 10 + (unsigned)d[2];

	return area != 0 && area != 666 && (d[3] != 0 || d[4] != 0) &&
	    (d[5] != 0 || d[6] != 0 || d[7] != 0 || d[8] != 0);
}

/* ---- cards ----------------------------------------------------------------------------------- */

static const struct card {
	const char *rule;
	unsigned from, to;    /* of the first six digits */
	unsigned least, most; /* digits */
} cards[] = {
	{ "card/amex", 340000, 349999, 15, 15 },
	{ "card/amex", 370000, 379999, 15, 15 },
	{ "card/diners", 300000, 305999, 14, 14 },
	{ "card/diners", 309500, 309599, 14, 14 },
	{ "card/diners", 360000, 369999, 14, 14 },
	{ "card/diners", 380000, 399999, 14, 16 },
	{ "card/discover", 601100, 601199, 16, 19 },
	{ "card/discover", 644000, 659999, 16, 19 },
	{ "card/unionpay", 620000, 629999, 16, 19 },
	{ "card/unionpay", 810000, 817199, 16, 19 },
	{ "card/jcb", 352800, 358999, 16, 19 },
	{ "card/mastercard", 510000, 559999, 16, 16 },
	{ "card/mastercard", 222100, 272099, 16, 16 },
	{ "card/visa", 400000, 499999, 13, 19 },
	{ "card/maestro", 500000, 509999, 12, 19 },
	{ "card/maestro", 560000, 589999, 12, 19 },
	{ "card/maestro", 600000, 609999, 13, 19 },
	{ "card/maestro", 630000, 639999, 12, 19 },
	{ "card/maestro", 670000, 679999, 12, 19 },
};

/* Whether a separator and n digits follow: most numbers end here. */
static bool
group_has(struct slice text, size_t at, const char *separators, size_t n)
{
	if (at >= text.n || !is_one_of(text.p[at], separators))
		return false;
	for (size_t i = 1; i <= n; i++)
		if (!is_digit_at(text, at + i))
			return false;
	return !is_digit_at(text, at + 1 + n);
}

/* Groups as cards show them, or none. */
static bool
card_groups_fit(const struct digits *digits)
{
	static const uint64_t shown[] = { 0x4444, 0x465, 0x464, 0x4441, 0x44443, 0x4443, 0x664,
		0x844, 0x444, 0x448 };

	if (digits->groups == 1)
		return true;
	for (size_t i = 0; i < COUNT(shown); i++)
		if (digits->shape == shown[i])
			return true;
	return false;
}

static const char *
card_of(const struct digits *digits)
{
	unsigned first = 0;

	for (unsigned i = 0; i < 6; i++)
		first = first * 10 + (unsigned)digits->d[i];
	for (size_t i = 0; i < COUNT(cards); i++)
		if (first >= cards[i].from && first <= cards[i].to && digits->n >= cards[i].least &&
		    digits->n <= cards[i].most)
			return cards[i].rule;
	return NULL;
}

/* What a number is said to be other than a card. */
static const char *const other_numbers[] = { "order", "invoice", "tracking", "timestamp", "epoch",
	"created_at", "updated_at", "version", "isbn", "serial", "build", NULL };
static const char *const card_words[] = { "card", "karte", "carte", "tarjeta", "carta", "kaart",
	"cartao", "payment", "pan", "visa", "charge", "amex", "credit", "debit", "cc", NULL };

static bool
card_look(const struct number *number, struct scan_findings *findings)
{
	struct digits digits;
	const char *rule;

	if (number->text.p[number->at] < '2' || /* no card begins with 0 or 1 */
	    (number->run != 4 && number->run != 6 && number->run != 8 && number->run < 12))
		return false;
	if (number->run < 12 && !group_has(number->text, number->at + number->run, " -", 4) &&
	    !group_has(number->text, number->at + number->run, " -", 6))
		return false;
	digits_read(number->text, number->at, " -", &digits);
	if (digits.n < 12 || digits.n > 19 || is_word_at(number->text, digits.end) ||
	    !card_groups_fit(&digits))
		return false;
	rule = card_of(&digits);
	if (rule == NULL || !luhn_is_right(digits.d, digits.n))
		return false;
	/* One number in ten is right by chance: short ones, and those said to be something else. */
	if (digits.n < 15 && digits.groups == 1 &&
	    !has_context(number->text, number->at, card_words))
		return false;
	if (digits.groups == 1 && has_context(number->text, number->at, other_numbers))
		return false;
	scan_found(findings, SCAN_PII, rule, number->at, digits.end - number->at, 100);
	return true;
}

/* ---- identity numbers ------------------------------------------------------------------------ */

static const char *const ssn_words[] = { "ssn", "social security", "social-security",
	"social_security", NULL };
static const char *const aadhaar_words[] = { "aadhaar", "aadhar", "uidai", NULL };
static const char *const steuer_words[] = { "steuer", "tax id", "tax-id", "tax number", "idnr",
	"tin", "tax_id", NULL };
static const char *const cpf_words[] = { "cpf", NULL };
static const char *const bsn_words[] = { "bsn", "burgerservice", "sofinummer", NULL };
static const char *const nir_words[] = { "nir", "insee", "curit", "secu", "carte vitale", NULL };
static const char *const dni_words[] = { "dni", "nif", "nie", "identidad", NULL };

/* A number with this many digits in these groups, this check, and a word before it. */
static const struct identity {
	const char *rule, *separators;
	uint64_t grouped;	/* lengths of groups; needs a word where needs_word */
	unsigned first, second; /* the first of those */
	unsigned plain;		/* digits without groups; always needs a word */
	bool needs_word;
	const char *const *words;
	bool (*is_right)(const char *digits);
} identities[] = {
	{ "id/us-ssn", "-", 0x324, 3, 2, 9, false, ssn_words, ssn_is_right },
	{ "id/us-ssn", " ", 0x324, 3, 2, 9, true, ssn_words, ssn_is_right },
	{ "id/br-cpf", ".-", 0x3332, 3, 3, 11, true, cpf_words, cpf_is_right },
	{ "id/de-steuerid", " ", 0x2333, 2, 3, 11, false, steuer_words, steuer_id_is_right },
	{ "id/nl-bsn", ".", 0x432, 4, 3, 9, true, bsn_words, bsn_is_right },
	{ "id/fr-nir", " ", 0x1222332, 1, 2, 15, false, nir_words, nir_is_right },
};

static bool
identity_look(const struct number *number, struct scan_findings *findings)
{
	struct digits digits;

	for (size_t i = 0; i < COUNT(identities); i++) {
		const struct identity *row = &identities[i];

		if (number->run != row->plain &&
		    (number->run != row->first ||
			!group_has(
			    number->text, number->at + number->run, row->separators, row->second)))
			continue;
		digits_read(number->text, number->at, row->separators, &digits);
		if (is_word_at(number->text, digits.end))
			continue;
		if (digits.groups == 1 ? digits.n != row->plain : digits.shape != row->grouped)
			continue;
		if ((digits.groups == 1 || row->needs_word) &&
		    !has_context(number->text, number->at, row->words))
			continue;
		if (!row->is_right(digits.d))
			continue;
		scan_found(findings, SCAN_PII, row->rule, number->at, digits.end - number->at, 100);
		return true;
	}
	return false;
}

/* 000.000.000-00: the separators differ. */
static bool
cpf_look(const struct number *number, struct scan_findings *findings)
{
	struct slice text = number->text;
	struct digits front, back;
	char d[11];

	if (number->run != 3 || !group_has(text, number->at + 3, ".", 3))
		return false;
	digits_read(text, number->at, ".", &front);
	if (front.shape != 0x333 || front.end + 2 >= text.n || text.p[front.end] != '-')
		return false;
	digits_read(text, front.end + 1, "", &back);
	if (back.shape != 2 || is_word_at(text, back.end))
		return false;
	memcpy(d, front.d, 9);
	memcpy(d + 9, back.d, 2);
	if (!cpf_is_right(d))
		return false;
	scan_found(findings, SCAN_PII, "id/br-cpf", number->at, back.end - number->at, 100);
	return true;
}

static bool
aadhaar_look(const struct number *number, struct scan_findings *findings)
{
	struct digits digits;

	if (number->text.p[number->at] < '2' || (number->run != 4 && number->run != 12))
		return false;
	if (number->run == 4 && !group_has(number->text, number->at + 4, " -", 4))
		return false;
	digits_read(number->text, number->at, " -", &digits);
	if (digits.n != 12 || is_word_at(number->text, digits.end) ||
	    (digits.groups > 1 && digits.shape != 0x444) ||
	    !has_context(number->text, number->at, aadhaar_words) ||
	    !verhoeff_is_right(digits.d, 12))
		return false;
	scan_found(findings, SCAN_PII, "id/in-aadhaar", number->at, digits.end - number->at, 100);
	return true;
}

/* Eight digits (or X, Y, Z and seven) and the letter that their remainder of 23 gives. */
static bool
dni_look(const struct number *number, struct scan_findings *findings)
{
	static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
	struct slice text = number->text;
	size_t at = number->at, end = at + number->run;
	unsigned value = 0;

	if (number->run == 7 && at > 0 && text.p[at - 1] >= 'X' && text.p[at - 1] <= 'Z') {
		value = (unsigned)(text.p[at - 1] - 'X');
		at--;
	} else if (number->run != 8) {
		return false;
	}
	if (at > 0 && is_word_at(text, at - 1))
		return false;
	for (size_t i = number->at; i < end; i++)
		value = value * 10 + (unsigned)(text.p[i] - '0');
	if (end < text.n && text.p[end] == '-')
		end++;
	if (end >= text.n || text.p[end] != letters[value % 23] || is_word_at(text, end + 1))
		return false;
	if (text.p[end - 1] == '-' && !has_context(text, at, dni_words))
		return false;
	scan_found(findings, SCAN_PII, "id/es-dni", at, end + 1 - at, 100);
	return true;
}

/*
 * Two letters, six digits, A to D (HMRC's rules for the letters).
 * long: a grammar, byte by byte
 */
static bool
nino_look(const struct number *number, struct scan_findings *findings)
{
	struct slice text = number->text;
	size_t at = number->at, end = at;
	unsigned n = 0;

	if (at >= 3 && text.p[at - 1] == ' ')
		at--;
	if (at < 2 || (at > 2 && is_word_at(text, at - 3)))
		return false;
	at -= 2;
	if (strchr("ABCEGHJKLMNOPRSTWXYZ", text.p[at]) == NULL ||
	    strchr("ABCEGHJKLMNPRSTWXYZ", text.p[at + 1]) == NULL || text.p[at] == '\0' ||
	    text.p[at + 1] == '\0')
		return false;
	for (; n < 6 && end < text.n; end++)
		if (scan_is_digit(text.p[end]))
			n++;
		else if (text.p[end] != ' ' || n % 2 != 0)
			return false;
	if (end < text.n && text.p[end] == ' ')
		end++;
	if (n != 6 || end >= text.n || text.p[end] < 'A' || text.p[end] > 'D' ||
	    is_word_at(text, end + 1))
		return false;
	if (memcmp(text.p + at, "BG", 2) == 0 || memcmp(text.p + at, "GB", 2) == 0 ||
	    memcmp(text.p + at, "NT", 2) == 0 || memcmp(text.p + at, "KN", 2) == 0 ||
	    memcmp(text.p + at, "TN", 2) == 0 || memcmp(text.p + at, "ZZ", 2) == 0)
		return false;
	scan_found(findings, SCAN_PII, "id/uk-nino", at, end + 1 - at, 90);
	return true;
}

/* Six letters, year, month, day, place, and a letter by the sum of what each is worth. */
static bool
codice_fiscale_look(const struct number *number, struct scan_findings *findings)
{
	static const unsigned char odd[] = { 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3,
		6, 8, 12, 14, 16, 10, 22, 25, 24, 23 };
	static const char form[] = "LLLLLLDDLDDLDDDL";
	struct slice text = number->text;
	unsigned sum = 0;
	size_t at;

	if (number->run != 2 || number->at < 6 || text.n - number->at < 10)
		return false;
	at = number->at - 6;
	if ((at > 0 && is_word_at(text, at - 1)) || is_word_at(text, at + 16))
		return false;
	for (unsigned i = 0; i < 16; i++) {
		char c = text.p[at + i] >= 'a' ? (char)(text.p[at + i] & ~0x20) : text.p[at + i];
		unsigned v;

		if (form[i] == 'D' ? !(scan_is_digit(c) || (c >= 'L' && c <= 'V'))
				   : !(c >= 'A' && c <= 'Z'))
			return false;
		v = scan_is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A');
		if (i == 15)
			break;
		sum += i % 2 == 0 ? odd[v] : v;
	}
	if ((text.p[at + 15] & ~0x20) != (char)('A' + sum % 26))
		return false;
	scan_found(findings, SCAN_PII, "id/it-cf", at, 16, 100);
	return true;
}

/* ---- accounts -------------------------------------------------------------------------------- */

/* Lengths of the register of ISO 13616. */
static const struct {
	char country[3];
	unsigned char n;
} ibans[] = { { "AD", 24 }, { "AE", 23 }, { "AL", 28 }, { "AT", 20 }, { "AZ", 28 }, { "BA", 20 },
	{ "BE", 16 }, { "BG", 22 }, { "BH", 22 }, { "BR", 29 }, { "BY", 28 }, { "CH", 21 },
	{ "CR", 22 }, { "CY", 28 }, { "CZ", 24 }, { "DE", 22 }, { "DK", 18 }, { "DO", 28 },
	{ "EE", 20 }, { "EG", 29 }, { "ES", 24 }, { "FI", 18 }, { "FO", 18 }, { "FR", 27 },
	{ "GB", 22 }, { "GE", 22 }, { "GI", 23 }, { "GL", 18 }, { "GR", 27 }, { "GT", 28 },
	{ "HR", 21 }, { "HU", 28 }, { "IE", 22 }, { "IL", 23 }, { "IQ", 23 }, { "IS", 26 },
	{ "IT", 27 }, { "JO", 30 }, { "KW", 30 }, { "KZ", 20 }, { "LB", 28 }, { "LC", 32 },
	{ "LI", 21 }, { "LT", 20 }, { "LU", 20 }, { "LV", 21 }, { "LY", 25 }, { "MC", 27 },
	{ "MD", 24 }, { "ME", 22 }, { "MK", 19 }, { "MR", 27 }, { "MT", 31 }, { "MU", 30 },
	{ "NL", 18 }, { "NO", 15 }, { "PK", 24 }, { "PL", 28 }, { "PS", 29 }, { "PT", 25 },
	{ "QA", 29 }, { "RO", 24 }, { "RS", 22 }, { "SA", 24 }, { "SC", 31 }, { "SE", 24 },
	{ "SI", 19 }, { "SK", 24 }, { "SM", 27 }, { "ST", 25 }, { "SV", 28 }, { "TL", 23 },
	{ "TN", 24 }, { "TR", 26 }, { "UA", 29 }, { "VA", 22 }, { "VG", 24 }, { "XK", 20 } };

static unsigned
iban_length(struct slice text, size_t at)
{
	for (size_t i = 0; i < COUNT(ibans); i++)
		if (text.p[at] == ibans[i].country[0] && text.p[at + 1] == ibans[i].country[1])
			return ibans[i].n;
	return 0;
}

/* ISO 7064 MOD 97-10 over what stands behind the first four, then these. */
static bool
iban_look(const struct number *number, struct scan_findings *findings)
{
	struct slice text = number->text;
	char account[34];
	unsigned n = 0, need, rest = 0;
	size_t at, end;

	if (number->at < 2 || number->run < 2)
		return false;
	end = at = number->at - 2;
	if ((at > 0 && is_word_at(text, at - 1)) || (need = iban_length(text, at)) == 0)
		return false;
	while (n < need && end < text.n) {
		char c = text.p[end];

		if (scan_is_digit(c) || (c >= 'A' && c <= 'Z'))
			account[n++] = c;
		else if ((c != ' ' && c != '-') || n % 4 != 0)
			return false;
		end++;
	}
	if (n != need || is_word_at(text, end))
		return false;
	for (unsigned i = 0; i < n; i++) {
		char c = account[(i + 4) % n];

		rest = scan_is_digit(c) ? (rest * 10 + (unsigned)(c - '0')) % 97
					: (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
	}
	if (rest != 1)
		return false;
	scan_found(findings, SCAN_PII, "iban", at, end - at, 100);
	return true;
}

/* ---- phones, addresses ----------------------------------------------------------------------- */

static const char *const phone_words[] = { "phone", "tel", "call", "mobile", "mobil", "handy",
	"fax", "cell", "telefon", "telefono", "portable", "whatsapp", "sms", "rufnummer", NULL };

/*
 * +, a country, 7 to 15 digits in all (E.164); or ten digits the American way with a word.
 * long: a grammar, byte by byte
 */
static bool
phone_look(const struct number *number, struct scan_findings *findings)
{
	struct slice text = number->text;
	size_t at = number->at, end = at, last = at;
	unsigned n = 0, gaps = 0;
	bool is_international =
	    at > 0 && text.p[at - 1] == '+' && (at < 2 || !is_word_at(text, at - 2));
	bool is_bracketed = at > 0 && text.p[at - 1] == '(' && number->run == 3;

	if (!is_international && number->run != 3)
		return false;
	for (; end < text.n && n <= 15 && gaps < 3; end++) {
		if (scan_is_digit(text.p[end])) {
			n++;
			gaps = 0;
			last = end + 1;
		} else if (is_one_of(text.p[end], " -.()/")) {
			gaps++;
		} else {
			break;
		}
	}
	if (is_word_at(text, last) || (is_international ? n < 8 || n > 15 : n != 10))
		return false;
	if (is_international && text.p[at] == '0')
		return false;
	if (!is_international && (text.p[at] < '2' || last - at < (is_bracketed ? 11 : 12)))
		return false;
	if (!is_international && !is_bracketed && !has_context(text, at, phone_words))
		return false;
	at -= is_international || is_bracketed;
	scan_found(findings, SCAN_PII, "phone", at, last - at, 80);
	return true;
}

static const char *const version_words[] = { "version", "build", "release", "chrome", "section",
	"firmware", "netmask", "assembly", NULL };

/*
 * Four numbers below 256, which no word says to be a version.
 * long: a grammar, byte by byte
 */
static bool
ipv4_look(const struct number *number, struct scan_findings *findings)
{
	struct slice text = number->text;
	size_t at = number->at;
	unsigned part[4];

	if (number->run > 3 || at + number->run >= text.n || text.p[at + number->run] != '.' ||
	    (at > 0 && (text.p[at - 1] == '.' || text.p[at - 1] == '-')))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		unsigned n = 0;

		part[i] = 0;
		for (; n < 4 && is_digit_at(text, at); at++, n++)
			part[i] = part[i] * 10 + (unsigned)(text.p[at] - '0');
		if (n == 0 || n > 3 || part[i] > 255 || (n > 1 && text.p[at - n] == '0'))
			return false;
		if (i < 3 && (at >= text.n || text.p[at++] != '.'))
			return false;
	}
	if (is_word_at(text, at) ||
	    (at + 1 < text.n && text.p[at] == '.' && is_digit_at(text, at + 1)))
		return false;
	if (part[0] == 0 || part[0] == 127 || part[0] >= 224 ||
	    has_context(text, number->at, version_words))
		return false;
	scan_found(findings, SCAN_PII, "ipv4", number->at, at - number->at, 90);
	return true;
}

static bool
is_hex(char c)
{
	return scan_is_digit(c) || (scan_lower(c) >= 'a' && scan_lower(c) <= 'f');
}

/*
 * RFC 4291, 2.2: eight groups, or fewer with one `::`; not the short ones that code is full of.
 * long: a grammar, byte by byte
 */
static size_t
ipv6_look(struct slice text, size_t colon, struct scan_findings *findings)
{
	size_t at = colon, last = colon, end, i;
	unsigned groups = 0, digits = 0, all = 0;
	bool has_gap = false, is_bad = false;

	while (at > 0 && colon - at < 5 && is_hex(text.p[at - 1]))
		at--;
	if (at > 0 && (is_word_at(text, at - 1) || text.p[at - 1] == ':' || text.p[at - 1] == '.'))
		return colon + 1;
	for (i = at; i < text.n && i - at < 46 && !is_bad; i++) {
		if (is_hex(text.p[i])) {
			groups += digits == 0;
			is_bad |= ++digits > 4;
			all++;
		} else if (text.p[i] == ':') {
			if (i > at && text.p[i - 1] == ':') {
				is_bad |= has_gap;
				has_gap = true;
			}
			last = i;
			digits = 0;
		} else {
			break;
		}
	}
	end = i;
	if (end > at && text.p[end - 1] == ':' && !(end - at >= 2 && text.p[end - 2] == ':'))
		end--;
	if (is_bad || is_word_at(text, i) || i - at >= 46 || groups > 8 ||
	    (has_gap ? groups > 7 || groups < 2 || all < 5 : groups != 8))
		return last + 1; /* what follows may be a number */
	scan_found(findings, SCAN_PII, "ipv6", at, end - at, 90);
	return i;
}

static bool
is_local_part(char c)
{
	return scan_is_word(c) || strchr("!#$%&'*+/=?^`{|}~.-", c) != NULL;
}

/*
 * A name, an at sign, a host with a dot whose last label is of letters (RFC 5321; quoted names
 * not).
 * long: a grammar, byte by byte
 */
static void
email_look(struct slice text, size_t sign, struct scan_findings *findings)
{
	size_t at = sign, end = sign + 1, dot = 0;

	while (at > 0 && sign - at < 64 && text.p[at - 1] != '\0' && is_local_part(text.p[at - 1]))
		at--;
	while (at < sign && !scan_is_word(text.p[at]))
		at++;
	while (end < text.n && end - sign < 255 &&
	    (scan_is_digit(text.p[end]) || scan_is_letter(text.p[end]) || text.p[end] == '-' ||
		text.p[end] == '.')) {
		if (text.p[end] == '.') {
			if (text.p[end - 1] == '.' || text.p[end - 1] == '@')
				return;
			if (end + 1 >= text.n || !scan_is_letter(text.p[end + 1]))
				break;
			dot = end;
		}
		end++;
	}
	while (end > sign && (text.p[end - 1] == '.' || text.p[end - 1] == '-'))
		end--;
	if (at == sign || dot == 0 || end < dot + 3 || text.p[sign - 1] == '.' ||
	    !scan_is_letter(text.p[end - 1]))
		return;
	scan_found(findings, SCAN_PII, "email", at, end - at, 90);
}

/* ---- the pass -------------------------------------------------------------------------------- */

/* What may stand between two groups of digits. */
static bool
is_joint(char c)
{
	static const bool joint[256] = {
		[' '] = true, ['-'] = true, ['.'] = true, ['('] = true, [')'] = true, ['/'] = true
	};

	return joint[(unsigned char)c];
}

/*
 * Whether a number that does not follow a letter could be anything, by its length and what stands
 * beside it: most are dates, times and counts, and are not looked at any further.
 */
static bool
may_be_something(const struct number *number)
{
	struct slice text = number->text;
	size_t at = number->at, end = at + number->run;
	char next = end < text.n ? text.p[end] : 0, before = at > 0 ? text.p[at - 1] : 0;

	if (before == '+' || before == '(' ||
	    (before == ' ' && at > 1 && text.p[at - 2] >= 'A' && text.p[at - 2] <= 'Z'))
		return true;
	if (number->run >= 8)
		return true;
	if (!is_joint(next) || (!is_digit_at(text, end + 1) && !is_digit_at(text, end + 2)))
		return false;
	switch (number->run) {
	case 1:
	case 2:
		return (next == ' ' || next == '.') && is_digit_at(text, end + 1);
	case 3:
		return true;
	case 4:
	case 6: /* four digits more, or six */
		return (next == ' ' || next == '-') && is_digit_at(text, end + 1) &&
		    is_digit_at(text, end + 2) && is_digit_at(text, end + 3) &&
		    is_digit_at(text, end + 4);
	default:
		return false;
	}
}

/* What begins with the digits at `at`; returns where to go on. */
static size_t
number_look(struct slice text, size_t at, struct scan_findings *findings)
{
	struct number number = { text, at, 0 };
	bool is_inside;

	while (is_digit_at(text, at + number.run))
		number.run++;
	is_inside = at > 0 && is_word_at(text, at - 1);
	if (is_inside) {
		if (!codice_fiscale_look(&number, findings) && !iban_look(&number, findings) &&
		    !nino_look(&number, findings))
			(void)dni_look(&number, findings);
		return at + number.run;
	}
	if (number.run > 19 || !may_be_something(&number))
		return at + number.run;
	if (!phone_look(&number, findings) && !ipv4_look(&number, findings) &&
	    !identity_look(&number, findings) && !cpf_look(&number, findings) &&
	    !dni_look(&number, findings) && !nino_look(&number, findings) &&
	    !aadhaar_look(&number, findings))
		(void)card_look(&number, findings);
	return at + number.run;
}

void
scan_pii(struct slice text, struct scan_findings *findings)
{
	size_t at = 0;

	while (at < text.n) {
		unsigned clear = at + 8 <= text.n ? scan_none_of_eight(text.p + at) : 0;
		char c;

		if (clear == 8) {
			at += 8;
			continue;
		}
		at += clear;
		c = text.p[at];
		if (scan_is_digit(c)) {
			at = number_look(text, at, findings);
		} else if (c == ':') {
			at = at + 1 < text.n && (is_hex(text.p[at + 1]) || text.p[at + 1] == ':')
			    ? ipv6_look(text, at, findings)
			    : at + 1;
		} else {
			if (c == '@')
				email_look(text, at, findings);
			at++;
		}
	}
}

/* ---- for documentation, and for who writes ids down ------------------------------------------ */

void
scan_pii_rules(
    void (*row)(void *ctx, enum scan_kind kind, const char *rule, const char *how), void *ctx)
{
	static const char *const others[] = { "id/us-ssn", "id/br-cpf", "id/de-steuerid",
		"id/nl-bsn", "id/fr-nir", "id/in-aadhaar", "id/es-dni", "id/uk-nino", "id/it-cf",
		"iban", "phone", "ipv4", "ipv6", "email" };

	for (size_t i = 0; i < COUNT(cards); i++)
		if (i == 0 || strcmp(cards[i].rule, cards[i - 1].rule) != 0)
			row(ctx, SCAN_PII, cards[i].rule, "number");
	for (size_t i = 0; i < COUNT(others); i++)
		row(ctx, SCAN_PII, others[i], "grammar");
}
