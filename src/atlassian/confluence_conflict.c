/*
 * Two writers of one page: the second is told what the first did, and nothing of either is lost.
 * An update is refused where the page is no longer at the version that the caller has read, or
 * where Confluence says that it moved on in between; the text shows both versions, and a diff.
 */
#include "atlassian/confluence.h"
#include "atlassian/text_diff.h"

#define DIFF_SHOWN (3 * KIB)

/* ---- the difference -------------------------------------------------------------------------- */

/* A line for each tag: storage format is mostly one long line. */
static bool
as_lines(struct work *work, struct slice text, struct slice *out)
{
	size_t n = 0;
	char *to;

	if (text.n == 0) {
		*out = S("");
		return true;
	}
	if (!arena_reserve(work->arena, 2 * text.n, work->err))
		return false;
	to = arena_bytes(work->arena, 2 * text.n);
	for (size_t i = 0; i < text.n; i++) {
		to[n++] = text.p[i];
		if (text.p[i] == '>' && i + 1 < text.n && text.p[i + 1] == '<')
			to[n++] = '\n';
	}
	*out = (struct slice){ to, n };
	return true;
}

/* Both as Markdown, or, where one of them cannot be read, both as storage format. */
static bool
diff_texts(struct work *work, struct slice *a, struct slice *b, bool *is_markdown)
{
	struct slice before, after;

	*is_markdown = work_text(work, *a, TEXT_STORAGE, TEXT_MARKDOWN, &before) &&
	    work_text(work, *b, TEXT_STORAGE, TEXT_MARKDOWN, &after);
	if (!*is_markdown) {
		*work->err = (struct err){ 0 };
		work->said = SLICE_NONE;
		if (!as_lines(work, *a, &before) || !as_lines(work, *b, &after))
			return false;
	}
	*a = before;
	*b = after;
	return true;
}

bool
page_diff(struct work *work, const struct page *before, const struct page *after, bool *is_markdown,
    struct slice *out)
{
	struct slice a = before->body, b = after->body;
	struct buf diff;
	bool ok;

	*out = S("");
	if (!diff_texts(work, &a, &b, is_markdown))
		return false;
	buf_init(&diff, loop_memory(work->loop), REST_MAX_BYTES);
	ok = text_diff(a, b, work_printf(work, "version %lld", (long long)before->version),
		 work_printf(work, "version %lld", (long long)after->version), work->arena, &diff,
		 work->err) &&
	    buf_check(&diff, work->err) && arena_reserve(work->arena, diff.n, work->err);
	if (ok && diff.n > 0)
		*out = slice_dup(work->arena, buf_view(&diff));
	buf_fini(&diff);
	return ok;
}

/* ---- the refusal ----------------------------------------------------------------------------- */

/* "version 3 (Ada, 2026-01-31T10:00:00Z: what it is about)" */
static void
put_version(struct work *work, const struct page *page, struct buf *out)
{
	const char *author =
	    page->author != NULL ? page->author : person_name(work, page->author_id);

	buf_printf(out, "version %lld", (long long)page->version);
	if (author != NULL || page->updated != NULL)
		buf_printf(out, " (%s%s%s%s%s)", author != NULL ? author : "",
		    author != NULL && page->updated != NULL ? ", " : "",
		    page->updated != NULL ? page->updated : "",
		    page->message != NULL && *page->message != '\0' ? ": " : "",
		    page->message != NULL ? page->message : "");
}

static void
put_diff(struct work *work, const struct page *seen, const struct page *now, struct buf *out)
{
	size_t n;
	struct slice diff;
	bool is_markdown;

	if (!page_diff(work, seen, now, &is_markdown, &diff)) {
		*work->err = (struct err){ 0 };
		work->said = SLICE_NONE;
		return;
	}
	if (diff.n == 0) {
		buf_puts(out, "; the text is the same in both");
		return;
	}
	for (n = diff.n < DIFF_SHOWN ? diff.n : DIFF_SHOWN; n < diff.n && n > 0; n--) {
		if (diff.p[n - 1] == '\n')
			break;
	}
	buf_printf(out, ". What changed since%s:\n", is_markdown ? "" : ", in storage format");
	buf_put(out, (struct slice){ diff.p, n });
	if (n < diff.n)
		buf_printf(out, "... and %zu more bytes", diff.n - n);
}

/* Always false: the long text is work->said, and an err that says the same in short. */
static bool
refuse(struct work *work, const struct page *seen, const struct page *now)
{
	struct buf text;

	buf_init(&text, NULL, 16 * KIB);
	buf_printf(
	    &text, "%.*s: page %s is now at ", SLICE_FMT(work->site->provider.name), now->id);
	put_version(work, now, &text);
	buf_puts(&text, ", and no longer at ");
	put_version(work, seen, &text);
	buf_puts(&text, "; nothing was written: read it again, then update");
	put_diff(work, seen, now, &text);
	if (!text.overflow && arena_reserve(work->arena, text.n, &(struct err){ 0 }))
		work->said = slice_dup(work->arena, buf_view(&text));
	buf_fini(&text);
	return err_set(work->err, ERR_REQUEST,
	    "%.*s: page %s is now at version %lld, no longer at %lld: nothing was written",
	    SLICE_FMT(work->site->provider.name), now->id, (long long)now->version,
	    (long long)seen->version);
}

bool
page_conflict_wait(struct work *work, const char *id, int64_t version)
{
	struct page now, seen;

	if (!page_get_wait(work, id, 0, WITH_BODY, &now))
		return false;
	if (now.version < version)
		return work_fail(work, ERR_REQUEST,
		    "%.*s: page %s is at version %lld, there is no %lld yet: nothing was written",
		    SLICE_FMT(work->site->provider.name), id, (long long)now.version,
		    (long long)version);
	if (now.version == version)
		return work_fail(work, ERR_REQUEST,
		    "%.*s: page %s was changed meanwhile (it was at version %lld): read it again, then update",
		    SLICE_FMT(work->site->provider.name), id, (long long)version);
	if (!page_get_wait(work, id, version, WITH_BODY, &seen))
		return work_fail(work, ERR_REQUEST,
		    "%.*s: page %s is now at version %lld, no longer at %lld (which cannot be read): "
		    "nothing was written",
		    SLICE_FMT(work->site->provider.name), id, (long long)now.version,
		    (long long)version);
	return refuse(work, &seen, &now);
}

bool
page_expect_wait(struct work *work, const struct page *page)
{
	return !arg_has(work, "expected_version") ||
	    arg_int(work, "expected_version") == page->version ||
	    page_conflict_wait(work, page->id, arg_int(work, "expected_version"));
}
