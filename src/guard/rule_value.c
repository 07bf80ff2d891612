/*
 * What a rule asks of one value in the arguments of a call.  Who writes the arguments may be an
 * attacker: a path is resolved before it is compared, a host is taken only from a URL that every
 * reader would split in the same way, and an expression has a limit on its steps.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <math.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "guard/rules.h"

#define MATCH_DEPTH  1000
#define MATCH_KIB    1024
#define TEXT_BYTES   (1 * MIB) /* of one value; a longer one is not looked at */
#define NUMBER_BYTES 64

/* ---- expressions ----------------------------------------------------------------------------- */

struct rule_regex {
	pcre2_code *code;
};

/* 20 KiB: one for all expressions. */
struct rule_machine {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

struct rule_machine *
rule_machine_new(void)
{
	struct rule_machine *machine = MEM_NEW(struct rule_machine);

	machine->data = pcre2_match_data_create(1, NULL);
	machine->context = pcre2_match_context_create(NULL);
	must(machine->data != NULL && machine->context != NULL);
	pcre2_set_depth_limit(machine->context, MATCH_DEPTH);
	pcre2_set_heap_limit(machine->context, MATCH_KIB);
	return machine;
}

void
rule_machine_free(struct rule_machine **machine)
{
	if (*machine == NULL)
		return;
	pcre2_match_context_free((*machine)->context);
	pcre2_match_data_free((*machine)->data);
	mem_free(*machine);
	*machine = NULL;
}

bool
rule_regex_new(struct slice pattern, struct rule_regex **out, struct err *err)
{
	struct rule_regex *regex = MEM_NEW(struct rule_regex);
	PCRE2_SIZE at = 0;
	int code = 0;
	PCRE2_UCHAR text[120] = "";

	*out = regex;
	regex->code = pcre2_compile((PCRE2_SPTR)(pattern.n > 0 ? pattern.p : ""), pattern.n,
	    PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (regex->code != NULL)
		return true;
	pcre2_get_error_message(code, text, sizeof(text));
	rule_regex_free(out);
	return err_set(err, ERR_CONFIG, "%s, at character %zu", (const char *)text, at + 1);
}

void
rule_regex_free(struct rule_regex **regex)
{
	if (*regex == NULL)
		return;
	pcre2_code_free((*regex)->code);
	mem_free(*regex);
	*regex = NULL;
}

/* False: there is not as much left. */
static bool
spend(struct rule_work *work, uint64_t cost)
{
	if (cost > work->left)
		return false;
	work->left -= cost;
	return true;
}

/* Most expressions take few steps, and only those that do not get more of them. */
static enum rule_answer
regex_match(const struct rule_regex *regex, struct slice text, struct rule_work *work)
{
	static const uint32_t steps[] = { 256, 4096, 65536 };
	struct rule_machine *machine = work->machine;
	int n = PCRE2_ERROR_MATCHLIMIT;

	for (size_t i = 0; i < COUNT(steps) && n == PCRE2_ERROR_MATCHLIMIT; i++) {
		if (!spend(work, steps[i] + text.n / 16))
			return RULE_UNSURE;
		pcre2_set_match_limit(machine->context, steps[i]);
		n = pcre2_match(regex->code, (PCRE2_SPTR)(text.n > 0 ? text.p : ""), text.n, 0, 0,
		    machine->data, machine->context);
	}
	return n >= 0 ? RULE_YES : n == PCRE2_ERROR_NOMATCH ? RULE_NO : RULE_UNSURE;
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* Takes the last part of an absolute path when "", "." and ".." are resolved; false: none is left.
 */
static bool
path_last(struct slice *path, struct slice *part)
{
	size_t up = 0;

	while (path->n > 0) {
		const char *slash = memrchr(path->p, '/', path->n);
		size_t at = slash != NULL ? (size_t)(slash - path->p) + 1 : 0;

		*part = (struct slice){ path->p + at, path->n - at };
		path->n = at > 0 ? at - 1 : 0;
		if (part->n == 0 || slice_eq(*part, S(".")))
			continue;
		if (slice_eq(*part, S("..")))
			up++;
		else if (up > 0)
			up--;
		else
			return true;
	}
	return false;
}

static size_t
path_depth(struct slice path)
{
	struct slice part;
	size_t n = 0;

	while (path_last(&path, &part))
		n++;
	return n;
}

enum rule_answer
rule_path_under(struct slice path, struct slice folder)
{
	size_t depth, of = path_depth(folder);
	struct slice part, of_part;

	if (path.n == 0 || path.p[0] != '/' || memchr(path.p, '\0', path.n) != NULL ||
	    memchr(path.p, '\\', path.n) != NULL)
		return RULE_UNSURE;
	depth = path_depth(path);
	if (depth < of)
		return RULE_NO;
	for (; depth > of; depth--)
		(void)path_last(&path, &part);
	while (path_last(&path, &part) && path_last(&folder, &of_part))
		if (!slice_eq(part, of_part))
			return RULE_NO;
	return RULE_YES;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Nothing but characters that are, or that more holds. */
static bool
is_made_of(struct slice s, bool digits, bool letters, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(digits && is_digit(s.p[i])) && !(letters && is_letter(s.p[i])) &&
		    (s.p[i] == '\0' || strchr(more, s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

/* Four numbers as everybody writes them: 0177.1 or 0x7f000001 are addresses for some readers. */
static bool
is_plain_v4(struct slice s)
{
	unsigned parts = 0;
	uint64_t number;

	while (s.p != NULL) {
		struct slice part = slice_cut(s, '.', &s);

		if (!slice_to_u64(part, 255, &number) || (part.n > 1 && part.p[0] == '0'))
			return false;
		parts++;
	}
	return parts == 4;
}

static struct slice
last_label(struct slice host)
{
	struct slice label = host;

	while (host.p != NULL)
		label = slice_cut(host, '.', &host);
	return label;
}

/* A name or an address as all readers take it. */
static bool
is_host(struct slice s)
{
	struct slice last = last_label(s);

	if (s.n == 0 || s.n > 255)
		return false;
	if (s.p[0] == '[')
		return s.n > 2 && is_made_of((struct slice){ s.p + 1, s.n - 2 }, true, true, ":.");
	if (!is_made_of(s, true, true, ".-_") || s.p[0] == '.' || last.n == 0 ||
	    memmem(s.p, s.n, "..", 2) != NULL)
		return false;
	return !is_digit(last.p[0]) || is_plain_v4(s);
}

/* "host:port", "[address]:port" or without the port; SLICE_NONE: neither. */
static struct slice
without_port(struct slice text, bool has_scheme)
{
	const char *close = text.n > 0 && text.p[0] == '[' ? memchr(text.p, ']', text.n) : NULL;
	struct slice host = text, port = SLICE_NONE;

	if (close == NULL) {
		host = slice_cut(text, ':', &port);
	} else {
		host.n = (size_t)(close - text.p) + 1;
		port = (struct slice){ close + 1, text.n - host.n };
		if (port.n > 0 && port.p[0] != ':')
			return SLICE_NONE;
		port = port.n > 0 ? (struct slice){ port.p + 1, port.n - 1 } : SLICE_NONE;
	}
	/* "https:/evil.com" has a scheme for some, and no host or another for others. */
	if (port.p != NULL && port.n == 0 && !has_scheme)
		return SLICE_NONE;
	return port.n == 0 || is_made_of(port, true, false, "") ? host : SLICE_NONE;
}

struct slice
rule_host(struct slice text)
{
	const char *at = memmem(text.n > 0 ? text.p : "", text.n, "://", 3);
	struct slice scheme = { text.p, at != NULL ? (size_t)(at - text.p) : 0 }, host = text, user;
	bool has_scheme = is_made_of(scheme, true, true, "+-.") && is_letter(scheme.p[0]);
	size_t n = 0;

	/* "evil.com/?u=http://good.com" has none. */
	if (has_scheme)
		host = (struct slice){ at + 3, text.n - scheme.n - 3 };
	while (n < host.n && memchr("/?#", host.p[n], 3) == NULL) {
		/* Some end the host at "\\", some drop what cannot be seen. */
		if (host.p[n] == '\\' || (unsigned char)host.p[n] <= ' ')
			return SLICE_NONE;
		n++;
	}
	host.n = n;
	at = memchr(host.n > 0 ? host.p : "", '@', host.n);
	if (at != NULL) {
		user = slice_cut(host, '@', &host);
		if (user.n == 0 || memchr(host.n > 0 ? host.p : "", '@', host.n) != NULL)
			return SLICE_NONE;
	}
	host = without_port(host, has_scheme);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	return is_host(host) ? host : SLICE_NONE;
}

/* "*.example.com" is what lies below it. */
static bool
host_fits(struct slice word, struct slice host)
{
	struct slice end;

	if (word.n < 2 || word.p[0] != '*' || word.p[1] != '.')
		return slice_eq_nocase(word, host);
	if (host.n < word.n)
		return false;
	end = (struct slice){ host.p + host.n - (word.n - 1), word.n - 1 };
	return slice_eq_nocase((struct slice){ word.p + 1, word.n - 1 }, end);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static bool
to_number(struct slice text, double *out)
{
	char copy[NUMBER_BYTES], *end = copy;

	if (text.n == 0 || text.n >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	*out = strtod(copy, &end);
	return end == copy + text.n && isfinite(*out);
}

static size_t
elements(struct slice value)
{
	struct json_iter iter;
	struct slice key, element;
	size_t n = 0;

	json_iter_init(&iter, value);
	while (json_iter_next(&iter, &key, &element))
		n++;
	return n;
}

static bool
word_is(struct slice word, struct slice text, bool is_number)
{
	double a, b;

	if (slice_eq(word, text))
		return true;
	return is_number && to_number(word, &a) && to_number(text, &b) && a == b;
}

/* text: of a string what it says, of anything else as it is written. */
static enum rule_answer
word_answer(const struct config_test *test, size_t i, struct rule_regex *const *regexes,
    struct slice text, bool is_number, struct rule_work *work)
{
	struct slice word = test->words[i], host;

	switch (test->kind) {
	case TEST_IN:
		return word_is(word, text, is_number) ? RULE_YES : RULE_NO;
	case TEST_GLOB:
		return slice_glob(word, text) ? RULE_YES : RULE_NO;
	case TEST_REGEX:
		return regex_match(regexes[i], text, work);
	case TEST_UNDER:
		return rule_path_under(text, word);
	default:
		host = rule_host(text);
		return host.p == NULL ? RULE_UNSURE : host_fits(word, host) ? RULE_YES : RULE_NO;
	}
}

static enum rule_answer
number_answer(const struct config_test *test, struct slice text)
{
	double number;

	if (slice_eq(text, S("null")))
		return RULE_NO;
	if (!to_number(text, &number))
		return RULE_UNSURE;
	return (test->kind == TEST_MIN ? number >= test->number : number <= test->number) ? RULE_YES
											  : RULE_NO;
}

/* Of a text, a number or a word. */
static enum rule_answer
scalar_answer(const struct config_test *test, struct rule_regex *const *regexes, struct slice text,
    bool is_number, struct rule_work *work)
{
	enum rule_answer answer = RULE_NO;

	if (test->kind == TEST_LONGER)
		return (double)text.n > test->number ? RULE_YES : RULE_NO;
	if (test->kind == TEST_MIN || test->kind == TEST_MAX)
		return number_answer(test, text);
	if (!spend(work, 1 + test->words_n / 4))
		return RULE_UNSURE;
	for (size_t i = 0; i < test->words_n && answer != RULE_YES; i++) {
		enum rule_answer one = word_answer(test, i, regexes, text, is_number, work);

		answer = one == RULE_NO ? answer : one;
	}
	return answer;
}

enum rule_answer
rule_value(const struct config_test *test, struct rule_regex *const *regexes, struct slice value,
    struct rule_work *work)
{
	enum json_type type = json_type(value);
	enum rule_answer answer;
	struct slice text = value;
	struct arena arena;
	struct err err = { 0 };

	if (test->kind == TEST_EXISTS)
		return RULE_YES;
	if (!spend(work, 1 + value.n / 16))
		return RULE_UNSURE;
	/* A server that takes one text may take a list of one, and the other way round. */
	if (type == JSON_OBJECT || type == JSON_ARRAY) {
		if (test->kind != TEST_LONGER)
			return RULE_UNSURE;
		return (double)elements(value) > test->number ? RULE_YES : RULE_NO;
	}
	if (type != JSON_STRING)
		return scalar_answer(test, regexes, text, type == JSON_NUMBER, work);
	if (test->kind == TEST_LONGER && value.n > TEXT_BYTES)
		return (double)value.n / 6 > test->number ? RULE_YES : RULE_UNSURE;
	if (value.n > TEXT_BYTES)
		return RULE_UNSURE;
	arena_init(&arena, NULL, 2 * TEXT_BYTES);
	answer = json_string(&arena, value, &text, &err)
	    ? scalar_answer(test, regexes, text, false, work)
	    : RULE_UNSURE;
	arena_fini(&arena);
	return answer;
}
