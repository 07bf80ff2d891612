/*
 * Searching Confluence: CQL as it is, or words made into CQL; always within the spaces that the
 * configuration lets be seen.
 */
#include <strings.h>

#include "atlassian/confluence.h"

#define BLANKS " \t\r\n"

/* Does a word of CQL stand there, and nothing else of a word behind it? */
static bool
is_word(const char *at, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(at, word, n) == 0 &&
	    (at[n] == '\0' || strchr(BLANKS "(\"", at[n]) != NULL);
}

/* "order by", with any blanks in between. */
static bool
is_order(const char *at)
{
	return is_word(at, "order") && is_word(at + 5 + strspn(at + 5, BLANKS), "by");
}

/* " in (", without which no clause of CQL is but for those with a sign. */
static bool
is_in(const char *at)
{
	return strchr(BLANKS, at[0]) != NULL && is_word(at + 1, "in") &&
	    at[3 + strspn(at + 3, BLANKS)] == '(';
}

/* A text with an operator outside of quotes, or one that only orders, is CQL: "salt and pepper" or
 * "how to order by mail" is not. */
static bool
looks_like_cql(const char *text)
{
	bool in_quotes = false;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			in_quotes = !in_quotes;
		else if (!in_quotes && strchr("=~<>", *p) != NULL)
			return true;
		else if (!in_quotes && is_in(p))
			return true;
	}
	return is_order(text + strspn(text, BLANKS));
}

/* Where "order by" begins outside of quotes; the end where it does not. */
static size_t
order_at(const char *cql)
{
	bool in_quotes = false;
	size_t i;

	for (i = 0; cql[i] != '\0'; i++) {
		if (cql[i] == '\\' && cql[i + 1] != '\0')
			i++;
		else if (cql[i] == '"')
			in_quotes = !in_quotes;
		else if (!in_quotes && is_order(cql + i) &&
		    (i == 0 || strchr(BLANKS ")\"", cql[i - 1]) != NULL))
			return i;
	}
	return i;
}

/*
 * A query must stay one: an open quote or parenthesis could swallow what is put beside it, and a
 * closing one could end ours.
 */
static bool
is_whole(const char *cql, size_t n)
{
	bool in_quotes = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		if (in_quotes && cql[i] == '\\')
			i++;
		else if (cql[i] == '"')
			in_quotes = !in_quotes;
		/* A backslash takes the meaning from a quote behind it. */
		else if (!in_quotes && (cql[i] == '\'' || cql[i] == '\\'))
			return false;
		else if (!in_quotes && cql[i] == '(')
			depth++;
		else if (!in_quotes && cql[i] == ')' && --depth < 0)
			return false;
	}
	return !in_quotes && depth == 0;
}

static void
put_spaces(struct work *work, struct buf *out, const struct slice *keys, size_t n)
{
	buf_puts(out, " AND space IN (");
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		buf_puts(out, cql_quote(work, keys[i]));
	}
	buf_putc(out, ')');
}

/* The query within the spaces of the configuration and of spaces_filter; NULL: work->err. */
static const char *
cql_within(struct work *work, const char *cql)
{
	const struct config_site *config = work->site->config;
	size_t order = order_at(cql), n, all = strlen(cql);
	const char *made = NULL;
	struct slice *keys;
	struct buf out;

	n = arg_list(work, "spaces_filter", &keys);
	if (n == 0 && config->filter_n == 0)
		return cql;
	if (!is_whole(cql, order) || !is_whole(cql + order, all - order)) {
		work_fail(work, ERR_PARAMS,
		    "the query has an open quote or parenthesis, or a single quote or backslash outside of double quotes");
		return NULL;
	}
	buf_init(&out, NULL, 64 * KIB);
	buf_putc(&out, '(');
	buf_put(&out, (struct slice){ cql, order });
	buf_putc(&out, ')');
	if (slice_trim((struct slice){ cql, order }).n == 0) {
		buf_clear(&out);
		buf_puts(&out, "type IN (page, blogpost, comment, attachment)");
	}
	if (config->filter_n > 0)
		put_spaces(work, &out, config->filter, config->filter_n);
	if (n > 0)
		put_spaces(work, &out, keys, n);
	buf_putc(&out, ' ');
	buf_puts(&out, cql + order);
	if (buf_check(&out, work->err) && arena_reserve(work->arena, out.n + 1, work->err))
		made = slice_cstr(work->arena, slice_trim(buf_view(&out)));
	buf_fini(&out);
	return made;
}

/* ---- results --------------------------------------------------------------------------------- */

SHAPE(found_space_shape, { .key = "key", .how = SHAPE_STR }, { .key = "name", .how = SHAPE_STR });
SHAPE(found_shape, { .key = "id", .how = SHAPE_STR, .from = "content/id" },
    { .key = "title", .how = SHAPE_STR },
    { .key = "type", .how = SHAPE_STR, .from = "content/type" },
    { .key = "created", .how = SHAPE_STR, .from = "content/history/createdDate" },
    { .key = "updated", .how = SHAPE_STR, .from = "lastModified" },
    { .key = "url", .how = SHAPE_STR },
    { .key = "space", .how = SHAPE_OBJECT, .of = &found_space_shape, .from = "content/space" },
    { .key = "author", .how = SHAPE_STR, .from = "content/version/by/displayName" },
    { .key = "version", .how = SHAPE_INT, .from = "content/version/number" },
    { .key = "excerpt", .how = SHAPE_STR });
SHAPE(search_shape, { .key = "result", .how = SHAPE_LIST, .of = &found_shape });

/* The marks around what was found are not for people. */
static struct slice
without_marks(struct work *work, struct slice text)
{
	char *out, *to;
	struct err err;

	if (text.n == 0 || !arena_reserve(work->arena, text.n, &err))
		return text;
	out = to = arena_bytes(work->arena, text.n);
	for (size_t i = 0; i < text.n; i++) {
		const char *end = text.n - i > 3 && memcmp(text.p + i, "@@@", 3) == 0
		    ? memmem(text.p + i + 3, text.n - i - 3, "@@@", 3)
		    : NULL;

		if (end != NULL && end - (text.p + i) < 20)
			i = (size_t)(end - text.p) + 2;
		else
			*to++ = text.p[i];
	}
	return (struct slice){ out, (size_t)(to - out) };
}

static yyjson_mut_val *
show_found(struct work *work, yyjson_val *source)
{
	yyjson_mut_val *out = shape_make(work, &found_shape, source);
	const char *web = yyjson_get_str(yyjson_obj_get(source, "url"));
	const char *key = yyjson_get_str(json_at(source, "content/space/key")),
		   *name = yyjson_get_str(json_at(source, "resultGlobalContainer/title"));
	struct slice excerpt = json_slice(yyjson_obj_get(source, "excerpt"));
	yyjson_mut_val *space;

	yyjson_mut_obj_remove_key(out, "url");
	yyjson_mut_obj_remove_key(out, "excerpt");
	yyjson_mut_obj_remove_key(out, "title");
	out_slice(
	    work, out, "title", without_marks(work, json_slice(yyjson_obj_get(source, "title"))));
	if (web != NULL)
		out_str(
		    work, out, "url", work_printf(work, "%.*s%s", SLICE_FMT(work_base(work)), web));
	if (key == NULL && name != NULL) {
		space = out_obj(work);
		out_str(work, space, "name", name);
		out_val(work, out, "space", space);
	}
	out_slice(work, out, "excerpt", without_marks(work, excerpt));
	return out;
}

/* The service kept to the spaces; what it says of another is left out all the same. */
static bool
is_of_another(struct work *work, yyjson_val *source)
{
	const char *key = yyjson_get_str(json_at(source, "content/space/key"));

	if (key == NULL)
		key = yyjson_get_str(json_at(source, "space/key"));
	return key != NULL && !space_is_visible(work, key);
}

static bool
find_wait(struct work *work, const char *cql, yyjson_mut_val *list)
{
	const char *path = work_path(work, "/rest/api/search", "cql", cql, "expand",
	    "content.history,content.version,content.space", NULL);
	struct pages pages;
	yyjson_val *items, *one;
	size_t i, max;

	if (path == NULL)
		return false;
	pages_init(&pages, work, PAGE_START, path, "results", 0, arg_int(work, "limit"), 50);
	for (;;) {
		if (!pages_next_wait(&pages, &items))
			return false;
		if (items == NULL)
			return true;
		yyjson_arr_foreach(items, i, max, one)
		{
			if (!is_of_another(work, one))
				yyjson_mut_arr_append(list, show_found(work, one));
		}
	}
}

/* `field ~ "words"`; they may be long.  NULL: work->err. */
static const char *
words_as_cql(struct work *work, const char *field, const char *words)
{
	const char *quoted = cql_quote(work, slice_of(words)), *made = NULL;
	struct buf out;

	buf_init(&out, NULL, 64 * KIB);
	buf_puts(&out, field);
	buf_puts(&out, " ~ ");
	buf_puts(&out, quoted);
	if (buf_check(&out, work->err) && arena_reserve(work->arena, out.n + 1, work->err))
		made = slice_cstr(work->arena, buf_view(&out));
	buf_fini(&out);
	return made;
}

static bool
search(struct work *work)
{
	const char *query = arg_str(work, "query"), *cql = query;
	bool is_cql = looks_like_cql(query);

	if (!is_cql)
		cql = words_as_cql(work, "siteSearch", query);
	if (cql == NULL || (cql = cql_within(work, cql)) == NULL)
		return false;
	work->out = out_arr(work);
	if (find_wait(work, cql, work->out))
		return true;
	/* Old servers do not know siteSearch. */
	if (is_cql || work_status(work) != 400)
		return false;
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
	cql = words_as_cql(work, "text", query);
	return cql != NULL && (cql = cql_within(work, cql)) != NULL &&
	    find_wait(work, cql, work->out);
}

static const struct tool rows[] = {
	{ .name = "search",
	    .title = "Search Content",
	    .help =
		"Finds pages and other content by words or by CQL (such as: type=page AND space=DEV "
		"AND text ~ \"release\").",
	    .toolset = "confluence_pages",
	    .flags = READS,
	    .shape = &search_shape,
	    .run = search,
	    ARGS({ .name = "query",
		     .type = ARG_STR,
		     .flags = REQUIRED,
		     .max = 16384,
		     .help = "Words, or CQL" },
		{ .name = "limit",
		    .type = ARG_INT,
		    .fallback = "10",
		    .min = 1,
		    .max = 50,
		    .help = "At most so many" },
		{ .name = "spaces_filter",
		    .type = ARG_CSV,
		    .of = ARG_SPACE,
		    .help = "Only in these spaces (keys, comma list)" }) },
};
const struct tool_set confluence_search_tools = { PRODUCT_CONFLUENCE, rows, COUNT(rows) };
