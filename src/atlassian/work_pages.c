/*
 * Pages of every kind behind one iterator.  It ends by itself: after `most` items, at a page that
 * is empty, that repeats the token it was asked with, or that says it is the last.
 */
#include "atlassian/tool.h"

#define PAGES_MAX      1000
#define PATH_MAX_BYTES (40 * KIB) /* more than work_path() makes */

void
pages_init(struct pages *pages, struct work *work, enum page_kind kind, const char *path,
    const char *list, int64_t start, int64_t most, int64_t page_size)
{
	*pages = (struct pages){ .work = work,
		.kind = kind,
		.path = path,
		.list = list,
		.start = start,
		.most = most,
		.page_size = page_size,
		.total = -1 };
}

/* The path with this page's part of the query; it may be long.  NULL: work->err. */
static const char *
page_path(const struct pages *pages, int64_t want)
{
	static const char *const names[][2] = { [PAGE_START_AT] = { "startAt", "maxResults" },
		[PAGE_START] = { "start", "limit" },
		[PAGE_CURSOR] = { NULL, "limit" } };
	struct work *work = pages->work;
	const char *made = NULL;
	char mark = strchr(pages->path, '?') != NULL ? '&' : '?';
	struct buf out;

	if (pages->kind == PAGE_TOKEN)
		return pages->path;
	if (pages->kind == PAGE_CURSOR && pages->next_token != NULL)
		return pages->next_token;
	buf_init(&out, NULL, PATH_MAX_BYTES);
	buf_puts(&out, pages->path);
	if (names[pages->kind][0] != NULL) {
		buf_printf(&out, "%c%s=%lld", mark, names[pages->kind][0],
		    (long long)pages->start + (long long)pages->seen);
		mark = '&';
	}
	buf_printf(&out, "%c%s=%lld", mark, names[pages->kind][1], (long long)want);
	if (buf_check(&out, work->err) && arena_reserve(work->arena, out.n + 1, work->err))
		made = slice_cstr(work->arena, buf_view(&out));
	buf_fini(&out);
	return made;
}

static bool
fetch_wait(struct pages *pages, int64_t want, yyjson_val **page)
{
	struct work *work = pages->work;
	const char *path = page_path(pages, want);
	struct site_request request = { .method = S("GET"), .path = slice_of(path) };

	if (path == NULL)
		return false;
	if (pages->body == NULL)
		return work_request_wait(work, &request, page, false);
	request.method = S("POST");
	yyjson_mut_obj_remove_key(pages->body, "maxResults");
	yyjson_mut_obj_remove_key(pages->body, "nextPageToken");
	out_int(work, pages->body, "maxResults", want);
	out_str(work, pages->body, "nextPageToken", pages->next_token);
	return work_json_wait(work, &request, pages->body, page, false);
}

/* A cursor is a link of the site: only its path behind the base counts. */
static const char *
next_link(struct pages *pages, yyjson_val *page)
{
	struct slice next = json_slice(json_at(page, "_links/next"));
	struct slice base = slice_of(pages->path);
	const char *from;
	struct err err;

	/* "/wiki/api/v2/...": the part of our own path begins at "/api/" or "/rest/". */
	from = next.n > 0 ? memmem(next.p, next.n, base.p, base.n < 5 ? base.n : 5) : NULL;
	if (from == NULL)
		return NULL;
	next.n -= (size_t)(from - next.p);
	next.p = from;
	if (next.n > PATH_MAX_BYTES || memchr(next.p, '\0', next.n) != NULL ||
	    !arena_reserve(pages->work->arena, next.n + 1, &err))
		return NULL;
	return slice_cstr(pages->work->arena, next);
}

/* Where it goes on; is_over where it does not. */
static void
advance(struct pages *pages, yyjson_val *page, size_t n)
{
	yyjson_val *total = yyjson_obj_get(page, "total"), *last = yyjson_obj_get(page, "isLast");
	const char *before = pages->next_token;

	if (yyjson_is_int(total))
		pages->total = yyjson_get_sint(total);
	pages->seen += (int64_t)n;
	pages->next_token = pages->kind == PAGE_TOKEN
	    ? yyjson_get_str(yyjson_obj_get(page, "nextPageToken"))
	    : next_link(pages, page);
	if (n == 0 || pages->seen >= pages->most || yyjson_get_bool(last))
		pages->is_over = true;
	if (pages->kind == PAGE_START_AT && pages->total >= 0 &&
	    pages->start + pages->seen >= pages->total)
		pages->is_over = true;
	if (pages->kind == PAGE_START && pages->next_token == NULL)
		pages->is_over = true;
	if (pages->kind == PAGE_TOKEN || pages->kind == PAGE_CURSOR)
		pages->is_over |= pages->next_token == NULL ||
		    (before != NULL && strcmp(before, pages->next_token) == 0);
	if (++pages->count >= PAGES_MAX)
		pages->is_over = true;
}

/* A service may send more than it was asked for. */
static yyjson_val *
at_most(struct work *work, yyjson_val *items, int64_t most)
{
	yyjson_mut_val *shorter;
	yyjson_doc *doc;
	yyjson_val *one;
	size_t i, max;

	if ((int64_t)yyjson_arr_size(items) <= most)
		return items;
	shorter = out_arr(work);
	yyjson_arr_foreach(items, i, max, one)
	{
		if ((int64_t)i < most)
			yyjson_mut_arr_append(shorter, yyjson_val_mut_copy(work->doc, one));
	}
	doc = yyjson_mut_val_imut_copy(shorter, &work->alc);
	return yyjson_doc_get_root(doc);
}

bool
pages_next_wait(struct pages *pages, yyjson_val **items)
{
	int64_t want = pages->most - pages->seen;
	yyjson_val *page;

	*items = NULL;
	if (pages->is_over || want <= 0)
		return true;
	if (want > pages->page_size)
		want = pages->page_size;
	if (!fetch_wait(pages, want, &page))
		return false;
	pages->page = page;
	*items = yyjson_is_arr(page) ? page : yyjson_obj_get(page, pages->list);
	if (!yyjson_is_arr(*items)) {
		*items = NULL;
		return work_fail(pages->work, ERR_UNAVAILABLE,
		    "%.*s answered without a list \"%s\"",
		    SLICE_FMT(pages->work->site->provider.name),
		    pages->list != NULL ? pages->list : "");
	}
	*items = at_most(pages->work, *items, pages->most - pages->seen);
	advance(pages, page, yyjson_arr_size(*items));
	return true;
}

bool
pages_gather_wait(struct pages *pages, yyjson_val ***out, size_t *n)
{
	struct work *work = pages->work;
	yyjson_val *items, *item;
	size_t i, max;

	*n = 0;
	if (pages->path == NULL ||
	    !arena_reserve(
		work->arena, ((size_t)pages->most + 1) * sizeof(yyjson_val *), work->err))
		return false;
	*out = ARENA_ARRAY(work->arena, yyjson_val *, (size_t)pages->most + 1);
	do {
		if (!pages_next_wait(pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, item)
		{
			must((int64_t)*n < pages->most);
			(*out)[(*n)++] = item;
		}
	} while (items != NULL);
	return true;
}

bool
pages_show_wait(struct pages *pages, const struct shape *shape, yyjson_mut_val *list)
{
	yyjson_val *items, *item;
	size_t i, max;

	if (pages->path == NULL)
		return false;
	do {
		if (!pages_next_wait(pages, &items))
			return false;
		yyjson_arr_foreach(items, i, max, item)
		{
			yyjson_mut_arr_append(list, shape_make(pages->work, shape, item));
		}
	} while (items != NULL);
	return true;
}
