/*
 * What a text of a caller is: a key, an id, a date, an address.  A kind is a row; its check lets
 * through only what cannot leave its place in a path, a query or a document, in the form that the
 * service takes, before any request is made.  Free text is bounded, and holds no control characters
 * where it is one line.
 */
#include <ctype.h>

#include "atlassian/confluence.h"

#define INPUT_SHOWN 40 /* bytes of what came, in an error's text */
#define PRINTED_MAX 4  /* bytes for one of them */

struct kind {
	const char *name; /* for the reference */
	const char *want; /* behind "NAME: "..." is "; NULL: free text */
	size_t max_bytes; /* unless the row says less or more */
	bool (*check)(
	    struct work *work, struct slice *text); /* NULL: all are good; no NUL is in it */
};

/* ---- checks ---------------------------------------------------------------------------------- */

static bool
are_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	}
	return s.n > 0;
}

static bool
is_word(struct slice s, const char *others)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!isalnum(c) && strchr(others, c) == NULL)
			return false;
	}
	return s.n > 0;
}

static bool
upper(struct work *work, struct slice *text)
{
	struct err err;
	char *copy;

	if (!arena_reserve(work->arena, text->n + 1, &err))
		return false;
	copy = arena_bytes(work->arena, text->n + 1);
	for (size_t i = 0; i < text->n; i++)
		copy[i] = (char)toupper((unsigned char)text->p[i]);
	text->p = copy;
	return true;
}

/* Lines and tabs are text too. */
static bool
line_check(struct work *work, struct slice *text)
{
	(void)work;
	for (size_t i = 0; i < text->n; i++) {
		unsigned char c = (unsigned char)text->p[i];

		if (c == 0x7f || (c < ' ' && strchr("\t\r\n", c) == NULL))
			return false;
	}
	return true;
}

/* "PROJ-123", also in lower case; no other character can get into a path or a query by it. */
static bool
key_check(struct work *work, struct slice *text)
{
	struct slice s = *text, project;

	project = slice_cut(s, '-', &s);
	return is_word(project, "_") && isalpha((unsigned char)project.p[0]) && s.p != NULL &&
	    are_digits(s) && upper(work, text);
}

static bool
project_check(struct work *work, struct slice *text)
{
	return is_word(*text, "_") && upper(work, text);
}

/* Personal ones are named by their user. */
static bool
space_key_check(struct work *work, struct slice *text)
{
	(void)work;
	return is_word(*text, "~_-.:@") && !slice_eq(*text, S(".")) && !slice_eq(*text, S(".."));
}

static bool
id_check(struct work *work, struct slice *text)
{
	uint64_t number;

	(void)work;
	return are_digits(*text) && slice_to_u64(*text, INT64_MAX, &number);
}

static bool
name_check(struct work *work, struct slice *text)
{
	(void)work;
	return is_word(*text, "-_");
}

/* An id, or an address that holds one: what comes out is the id. */
static bool
page_check(struct work *work, struct slice *text)
{
	struct err kept = *work->err, err;
	struct slice said = work->said;
	const char *id = NULL;

	if (text->n > 0 && line_check(work, text) && arena_reserve(work->arena, text->n + 1, &err))
		id = page_id_of(work, slice_cstr(work->arena, *text));
	*work->err = kept;
	work->said = said;
	if (id != NULL)
		*text = slice_of(id);
	return id != NULL && is_word(*text, "");
}

/* YYYY-MM-DD, of this calendar. */
static bool
date_check(struct work *work, struct slice *text)
{
	static const unsigned days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct slice s = *text;
	uint64_t month, day;

	(void)work;
	return s.n == 10 && s.p[4] == '-' && s.p[7] == '-' &&
	    are_digits((struct slice){ s.p, 4 }) && are_digits((struct slice){ s.p + 5, 2 }) &&
	    are_digits((struct slice){ s.p + 8, 2 }) &&
	    slice_to_u64((struct slice){ s.p + 5, 2 }, 12, &month) && month >= 1 &&
	    slice_to_u64((struct slice){ s.p + 8, 2 }, 31, &day) && day >= 1 &&
	    day <= days[month - 1];
}

/* A date, and behind it a time of day in what forms there are: the service reads it. */
static bool
time_check(struct work *work, struct slice *text)
{
	struct slice date = { text->p, 10 },
		     rest = { text->p + 10, text->n < 10 ? 0 : text->n - 10 };

	if (text->n < 10 || !date_check(work, &date))
		return false;
	return rest.n == 0 ||
	    (strchr("Tt ", rest.p[0]) != NULL && is_word(rest, ":.,+- ") && rest.n > 3 &&
		are_digits((struct slice){ rest.p + 1, 2 }));
}

/* People will click on it: no javascript:, no file:. */
static bool
url_check(struct work *work, struct slice *text)
{
	static const struct slice schemes[] = { { "https://", 8 }, { "http://", 7 } };
	bool is_good = false;

	(void)work;
	for (size_t i = 0; i < COUNT(schemes); i++)
		is_good |= text->n > schemes[i].n &&
		    slice_eq_nocase((struct slice){ text->p, schemes[i].n }, schemes[i]);
	for (size_t i = 0; i < text->n; i++)
		is_good &= isgraph((unsigned char)text->p[i]) || (unsigned char)text->p[i] >= 0x80;
	return is_good;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct kind kinds[] = {
	[ARG_STR] = { "text", NULL, 4 * KIB, line_check },
	[ARG_TEXT] = { "long text", NULL, 4 * MIB, NULL },
	[ARG_KEY] = { "issue key", "no issue key such as PROJ-123", 64, key_check },
	[ARG_PROJECT] = { "project key", "no project key such as PROJ", 80, project_check },
	[ARG_SPACE] = { "space key", "no key of a space such as DOCS or ~name", 255, space_key_check },
	[ARG_PAGE] = { "page", "no page id, page URL or tiny link", 2 * KIB, page_check },
	[ARG_ID] = { "id", "no id; it must be a number such as 10100", 19, id_check },
	[ARG_NAME_ID] = { "id of letters", "no id; it must be of letters, digits and dashes", 64, name_check },
	[ARG_DATE] = { "date", "no date such as 2030-01-31", 10, date_check },
	[ARG_TIME] = { "time", "no time such as 2030-01-31T09:00:00.000Z", 40, time_check },
	[ARG_URL] = { "address", "no whole address such as https://example.com/page", 2 * KIB, url_check },
	[ARG_INT] = { "integer", NULL, 0, NULL },
	[ARG_BOOL] = { "boolean", NULL, 0, NULL },
	[ARG_CSV] = { "list", NULL, 0, NULL },
	[ARG_OBJECT] = { "object", NULL, 0, NULL },
	[ARG_ARRAY] = { "array", NULL, 0, NULL },
};
/* clang-format on */

const char *
kind_name(enum arg_type type)
{
	return kinds[type].name;
}

size_t
kind_bytes(const struct arg *arg, enum arg_type type)
{
	bool is_set = arg->max > 0 && arg->type == type && kinds[type].max_bytes > 0;

	return is_set ? (size_t)arg->max : kinds[type].max_bytes;
}

bool
kind_is_strict(enum arg_type type)
{
	return kinds[type].want != NULL;
}

const char *
work_shown(struct work *work, struct slice text)
{
	struct err err;
	size_t n = text.n > INPUT_SHOWN ? INPUT_SHOWN : text.n;
	char *out, *at;

	if (!arena_reserve(work->arena, n * PRINTED_MAX + 1, &err))
		return "";
	at = out = arena_bytes(work->arena, n * PRINTED_MAX + 1);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c >= ' ' && c < 0x7f)
			*at++ = (char)c;
		else
			at += snprintf(at, PRINTED_MAX + 1, "\\x%02X", c);
	}
	*at = '\0';
	return out;
}

bool
kind_take(struct work *work, const struct arg *arg, enum arg_type type, struct slice *text,
    struct err *err)
{
	const struct kind *kind = &kinds[type];
	size_t most = kind_bytes(arg, type);

	if (kind->want != NULL)
		*text = slice_trim(*text);
	if (text->n > most)
		return err_set(err, ERR_PARAMS, "%s must have at most %zu bytes", arg->name, most);
	if (memchr(text->p, '\0', text->n) != NULL)
		return err_set(err, ERR_PARAMS, "%s must not hold NUL", arg->name);
	if (kind->check == NULL || kind->check(work, text))
		return true;
	if (kind->want == NULL)
		return err_set(err, ERR_PARAMS, "%s must not hold control characters", arg->name);
	return err_set(
	    err, ERR_PARAMS, "%s: \"%s\" is %s", arg->name, work_shown(work, *text), kind->want);
}
