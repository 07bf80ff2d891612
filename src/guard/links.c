/*
 * Links in the strings of a result, in Markdown and HTML: what a client would load by itself
 * (images, frames, styles), and what a person would have to follow.  Found in one pass over each
 * string; keys, and what is no link, stay as they are, byte for byte.
 */
#include <stdlib.h>

#include "guard/flow.h"

#define OPEN_MOST   32	 /* "[" that may stand inside each other */
#define SPOTS_MOST  1000 /* in one string; with more, all of it is one */
#define NAME_BYTES  16
#define ROUNDS_MOST 4
#define NOWHERE	    "about:blank"
#define TOO_MANY    "[more links to hosts outside of guard.egress than can be removed]"

/* What ends a target; where that is next is found once and not for each target before it. */
enum until { UNTIL_BLANK, UNTIL_PAREN, UNTIL_ANGLE, UNTIL_QUOTE, UNTIL_APOSTROPHE, UNTIL_N };

/* A target that leads elsewhere. */
struct spot {
	size_t at, n;
};

struct look_at {
	const struct config_egress *config;
	struct links_found *found;
	struct slice text; /* of one string, unescaped */
	struct spot spots[SPOTS_MOST];
	size_t spots_n; /* to be redacted */
	size_t out_n;	/* that lead elsewhere */
	size_t stops[UNTIL_N];
};

/* ---- targets --------------------------------------------------------------------------------- */

static bool
is_end(enum until until, char c)
{
	static const char ends[UNTIL_N] = {
		[UNTIL_ANGLE] = '>', [UNTIL_QUOTE] = '"', [UNTIL_APOSTROPHE] = '\''
	};

	if (until >= UNTIL_ANGLE)
		return c == ends[until];
	return (unsigned char)c <= ' ' || c == '>' || (until == UNTIL_PAREN && c == ')');
}

/* The target that begins at `at`, perhaps behind blanks and in quotes or <>. */
static struct spot
target_at(struct look_at *look, size_t at, bool is_attribute)
{
	enum until until = is_attribute ? UNTIL_BLANK : UNTIL_PAREN;
	struct slice text = look->text;
	size_t *stop;

	while (at < text.n && (unsigned char)text.p[at] <= ' ')
		at++;
	if (at < text.n && is_attribute && text.p[at] == '"')
		until = UNTIL_QUOTE;
	else if (at < text.n && is_attribute && text.p[at] == '\'')
		until = UNTIL_APOSTROPHE;
	else if (at < text.n && !is_attribute && text.p[at] == '<')
		until = UNTIL_ANGLE;
	at += until >= UNTIL_ANGLE;
	stop = &look->stops[until];
	if (*stop < at) {
		*stop = at;
		while (*stop < text.n && !is_end(until, text.p[*stop]))
			++*stop;
	}
	return (struct spot){ at, *stop - at };
}

static void
judge(struct look_at *look, struct spot spot, bool is_image)
{
	enum config_link_action action = is_image ? look->config->images : look->config->links;
	struct slice url = { look->text.p + spot.at, spot.n };
	struct egress_found host;

	if (action == LINKS_OFF || spot.n == 0 || !egress_leads_out(look->config, url, &host))
		return;
	if (look->found->images + look->found->links == 0)
		look->found->first = host;
	*(is_image ? &look->found->images : &look->found->links) += 1;
	if (++look->out_n > SPOTS_MOST || action != LINKS_REDACT)
		return;
	look->spots[look->spots_n++] = spot;
}

/* srcset: several, with commas. */
static void
judge_set(struct look_at *look, struct spot spot)
{
	size_t from = spot.at, end = spot.at + spot.n;

	while (from < end) {
		size_t n = 0;

		while (from < end &&
		    ((unsigned char)look->text.p[from] <= ' ' || look->text.p[from] == ','))
			from++;
		while (from + n < end && (unsigned char)look->text.p[from + n] > ' ')
			n++;
		judge(look, (struct spot){ from, n }, true);
		from += n;
	}
}

/* NAME= before the sign at `at`. */
static void
attribute(struct look_at *look, size_t at)
{
	static const struct {
		struct slice name;
		bool is_image;
	} names[] = { { S("src"), true }, { S("poster"), true }, { S("background"), true },
		{ S("data"), true }, { S("href"), false }, { S("action"), false },
		{ S("formaction"), false } };
	struct slice name;
	size_t end = at;

	while (end > 0 && (unsigned char)look->text.p[end - 1] <= ' ' && at - end < NAME_BYTES)
		end--;
	name = (struct slice){ look->text.p + end, 0 };
	while (name.p > look->text.p && name.n < NAME_BYTES &&
	    ((name.p[-1] | 0x20) >= 'a' && (name.p[-1] | 0x20) <= 'z')) {
		name.p--;
		name.n++;
	}
	if (slice_eq_nocase(name, S("srcset")))
		judge_set(look, target_at(look, at + 1, true));
	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eq_nocase(name, names[i].name))
			judge(look, target_at(look, at + 1, true), names[i].is_image);
}

/* ---- one string ------------------------------------------------------------------------------ */

/* Do these bytes end before `at`? */
static bool
ends_with(struct slice text, size_t at, struct slice end)
{
	return at >= end.n && slice_eq_nocase((struct slice){ text.p + at - end.n, end.n }, end);
}

/*
 * "[" that are open are kept with what stands before them, so that "](" knows whether it ends an
 * image; one that nobody opened counts as such.
 */
static void
look_at_text(struct look_at *look)
{
	struct slice text = look->text;
	bool is_image[OPEN_MOST], was_image = true;
	size_t open = 0;

	for (size_t i = 0; i < text.n && look->out_n <= SPOTS_MOST; i++) {
		char before = i > 0 ? text.p[i - 1] : '\0';

		switch (text.p[i]) {
		case '[':
			if (open < OPEN_MOST)
				is_image[open] = before == '!';
			open++;
			break;
		case ']':
			was_image = open == 0 || open > OPEN_MOST || is_image[open - 1];
			open -= open > 0;
			break;
		case '(':
			if (before == ']')
				judge(look, target_at(look, i + 1, false), was_image);
			else if (ends_with(text, i, S("url")))
				judge(look,
				    target_at(look, i + 1,
					memchr("\"'", i + 1 < text.n ? text.p[i + 1] : ' ', 2) !=
					    NULL),
				    true);
			break;
		case ':':
			if (before == ']')
				judge(look, target_at(look, i + 1, false), true);
			break;
		case '=':
			attribute(look, i);
			break;
		case '<':
			if (i + 4 < text.n && (text.p[i + 1] | 0x20) == 'h' &&
			    ends_with(text, i + 5, S("http")))
				judge(look, target_at(look, i, false), false);
			break;
		default:
			break;
		}
	}
}

static int
compare(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Spots may lie in each other, and were not found in order: what they cover together goes. */
static void
put_redacted(struct look_at *look, struct buf *text)
{
	size_t at = 0;

	if (look->out_n > SPOTS_MOST) {
		buf_puts(text, TOO_MANY);
		return;
	}
	qsort(look->spots, look->spots_n, sizeof(look->spots[0]), compare);
	for (size_t i = 0; i < look->spots_n; i++) {
		const struct spot *spot = &look->spots[i];

		if (i == 0 || spot->at >= at) {
			buf_put(text, (struct slice){ look->text.p + at, spot->at - at });
			buf_puts(text, NOWHERE);
		}
		if (spot->at + spot->n > at)
			at = spot->at + spot->n;
	}
	buf_put(text, (struct slice){ look->text.p + at, look->text.n - at });
}

static void
look_anew(struct look_at *look, struct slice text)
{
	look->text = text;
	look->spots_n = look->out_n = 0;
	memset(look->stops, 0, sizeof(look->stops));
	look_at_text(look);
}

/*
 * The string without what was found in it.  Where links lie in each other, what is left may read as
 * another one: it is looked at again, and goes as a whole when that does not end.
 */
static void
redact(struct look_at *look, struct buf *out)
{
	struct links_found counted = *look->found;
	struct buf texts[2];
	unsigned round = 0;

	for (size_t i = 0; i < COUNT(texts); i++)
		buf_init(&texts[i], NULL, SIZE_MAX / 2);
	for (; look->spots_n > 0 && round < ROUNDS_MOST; round++) {
		struct buf *text = &texts[round % 2];

		buf_clear(text);
		put_redacted(look, text);
		look_anew(look, buf_view(text));
	}
	buf_json_string(out, look->spots_n == 0 ? look->text : S(TOO_MANY));
	counted.text = look->found->text;
	*look->found = counted;
	for (size_t i = 0; i < COUNT(texts); i++)
		buf_fini(&texts[i]);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* The end of the string that begins at `at`, behind its quote. */
static const char *
string_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\';
	return at < end ? at + 1 : end;
}

static bool
is_key(const char *behind, const char *end)
{
	while (behind < end && (unsigned char)*behind <= ' ')
		behind++;
	return behind < end && *behind == ':';
}

void
links_find(const struct config_egress *config, struct slice json, struct links_found *found)
{
	const char *end = json.n > 0 ? json.p + json.n : json.p, *done = json.p, *behind;
	struct look_at *look = MEM_NEW(struct look_at);
	struct err err;

	*found = (struct links_found){ .images = 0 };
	buf_init(&found->text, NULL, SIZE_MAX / 2);
	look->config = config;
	look->found = found;
	for (const char *at = json.p; at < end; at = behind) {
		struct slice token, text;
		struct arena arena;

		at = memchr(at, '"', (size_t)(end - at));
		if (at == NULL)
			break;
		behind = string_end(at, end);
		if (is_key(behind, end))
			continue;
		token = (struct slice){ at, (size_t)(behind - at) };
		look->spots_n = 0;
		arena_init(&arena, NULL, token.n + KIB);
		if (json_string(&arena, token, &text, &err))
			look_anew(look, text);
		if (look->spots_n > 0) {
			buf_put(&found->text, (struct slice){ done, (size_t)(at - done) });
			redact(look, &found->text);
			done = behind;
		}
		arena_fini(&arena);
	}
	if (found->text.n > 0)
		buf_put(&found->text, (struct slice){ done, (size_t)(end - done) });
	mem_free(look);
}
