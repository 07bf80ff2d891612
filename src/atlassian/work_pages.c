/*
 * Pages of every kind behind one iterator.  It ends by itself: after `most` items, at a page that
 * is empty, that repeats the token it was asked with, or that says it is the last.
 */
#include "atlassian/tool.h"

#define PAGES_MAX 1000

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

/* The path with this page's part of the query. */
static const char *
page_path(const struct pages *pages, int64_t want)
{
	struct work *work = pages->work;
	const char *mark = strchr(pages->path, '?') != NULL ? "&" : "?";

	switch (pages->kind) {
	case PAGE_START_AT:
		return work_printf(work, "%s%sstartAt=%lld&maxResults=%lld", pages->path, mark,
		    (long long)(pages->start + pages->seen), (long long)want);
	case PAGE_START:
		return work_printf(work, "%s%sstart=%lld&limit=%lld", pages->path, mark,
		    (long long)(pages->start + pages->seen), (long long)want);
	case PAGE_CURSOR:
		return pages->next_token != NULL
		    ? pages->next_token
		    : work_printf(work, "%s%slimit=%lld", pages->path, mark, (long long)want);
	case PAGE_TOKEN:
		break;
	}
	return pages->path;
}

static bool
fetch_wait(struct pages *pages, int64_t want, yyjson_val **page)
{
	struct work *work = pages->work;
	const char *path = page_path(pages, want);
	struct site_request request = { .method = S("GET"), .path = slice_of(path) };
	struct buf text;
	bool ok;

	if (pages->body == NULL)
		return work_request_wait(work, &request, page, false);
	request.method = S("POST");
	yyjson_mut_obj_remove_key(pages->body, "maxResults");
	yyjson_mut_obj_remove_key(pages->body, "nextPageToken");
	out_int(work, pages->body, "maxResults", want);
	out_str(work, pages->body, "nextPageToken", pages->next_token);
	buf_init(&text, loop_memory(work->loop), REST_MAX_BYTES);
	ok = json_put(work, pages->body, &text, work->err) && buf_check(&text, work->err);
	request.body = buf_view(&text);
	ok = ok && work_request_wait(work, &request, page, false);
	buf_fini(&text);
	return ok;
}

/* A cursor is a link of the site: only its path behind the base counts. */
static const char *
next_link(struct pages *pages, yyjson_val *page)
{
	struct slice next = json_slice(json_at(page, "_links/next"));
	struct slice base = slice_of(pages->path);
	size_t k;

	if (next.n == 0)
		return NULL;
	/* "/wiki/api/v2/...": the part that stands in our own path begins at "/api/" or "/rest/".
	 */
	for (k = 0; k + 5 < next.n; k++) {
		if (memcmp(next.p + k, base.p, base.n < 5 ? base.n : 5) == 0)
			return work_printf(pages->work, "%.*s", (int)(next.n - k), next.p + k);
	}
	return NULL;
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
	advance(pages, page, yyjson_arr_size(*items));
	return true;
}
