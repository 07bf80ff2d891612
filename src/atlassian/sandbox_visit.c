/*
 * What every route of the sandbox begins or ends with: parameters of the query, the thing that the
 * path names, and errors as Jira and Confluence word them.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

#define REPEATS_MAX 64 /* of one parameter */

struct slice
visit_query(struct visit *visit, const char *name)
{
	return visit_query_at(visit, name, 0);
}

unsigned
visit_number(struct visit *visit, const char *name, unsigned otherwise, unsigned most)
{
	struct slice text = visit_query(visit, name);
	uint64_t number;

	if (text.n == 0 || !slice_to_u64(text, UINT32_MAX, &number))
		return otherwise;
	return number > most ? most : (unsigned)number;
}

bool
visit_flag(struct visit *visit, const char *name)
{
	return slice_eq(visit_query(visit, name), S("true"));
}

bool
visit_lists(struct visit *visit, const char *name, const char *word)
{
	struct slice list, item;

	for (unsigned i = 0; i < REPEATS_MAX; i++) {
		list = visit_query_at(visit, name, i);
		if (list.p == NULL)
			return false;
		while (list.p != NULL) {
			item = slice_trim(slice_cut(list, ',', &list));
			if (slice_eq(item, slice_of(word)))
				return true;
		}
	}
	return false;
}

bool
visit_expands(struct visit *visit, const char *what)
{
	struct slice list, item, word = slice_of(what);

	for (unsigned i = 0; i < REPEATS_MAX; i++) {
		list = visit_query_at(visit, "expand", i);
		if (list.p == NULL)
			return false;
		while (list.p != NULL) {
			item = slice_trim(slice_cut(list, ',', &list));
			if (slice_starts(item, S("content.")))
				item = (struct slice){ item.p + 8, item.n - 8 };
			if (slice_starts(item, word) && (item.n == word.n || item.p[word.n] == '.'))
				return true;
		}
	}
	return false;
}

struct slice
visit_dup(struct visit *visit, struct slice s)
{
	struct err err;

	if (s.p == NULL || !arena_reserve(visit->arena, s.n + 1, &err))
		return SLICE_NONE;
	return slice_dup(visit->arena, s);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const char *
wiki_v2_code(int status)
{
	switch (status) {
	case 400:
		return "INVALID_REQUEST_PARAMETER";
	case 401:
		return "UNAUTHORIZED";
	case 403:
		return "FORBIDDEN";
	case 404:
		return "NOT_FOUND";
	case 409:
		return "CONFLICT";
	default:
		return "ERROR";
	}
}

static void
fail_wiki(struct visit *visit, struct slice text)
{
	struct buf *out = &visit->out;
	bool is_v2 = visit->is_wiki_v2;

	put_open(out, NULL, '{');
	if (is_v2) {
		put_open(out, "errors", '[');
		put_open(out, NULL, '{');
		put_number(out, "status", visit->status);
		put_cstr(out, "code", wiki_v2_code(visit->status));
		put_text(out, "title", text);
		put_null(out, "detail");
		put_close(out, '}');
		put_close(out, ']');
	} else {
		put_number(out, "statusCode", visit->status);
		put_raw(out, "data",
		    S("{\"authorized\":true,\"valid\":true,\"allowedInReadOnlyMode\":true,"
		      "\"errors\":[],\"successful\":true}"));
		put_text(out, "message", text);
		put_cstr(out, "reason", http_status_text(visit->status));
	}
	put_close(out, '}');
}

static void
fail_jira(struct visit *visit, const char *field, struct slice text)
{
	struct buf *out = &visit->out;

	put_open(out, NULL, '{');
	put_open(out, "errorMessages", '[');
	if (field == NULL)
		put_text(out, NULL, text);
	put_close(out, ']');
	put_open(out, "errors", '{');
	if (field != NULL) { /* it may come from outside */
		buf_json_string(out, slice_of(field));
		buf_putc(out, ':');
		put_text(out, NULL, text);
	}
	put_close(out, '}');
	put_close(out, '}');
}

void
visit_fail(struct visit *visit, int status, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_clear(&visit->out);
	visit->status = status;
	visit->type = S("application/json;charset=UTF-8");
	if (visit->is_wiki)
		fail_wiki(visit, slice_of(text));
	else
		fail_jira(visit, NULL, slice_of(text));
}

void
visit_fail_field(struct visit *visit, const char *field, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_clear(&visit->out);
	visit->status = 400;
	if (visit->is_wiki)
		fail_wiki(visit, slice_of(text));
	else
		fail_jira(visit, field, slice_of(text));
}

void
visit_no_content(struct visit *visit)
{
	buf_clear(&visit->out);
	visit->status = 204;
}

void
put_paging(struct visit *visit, unsigned start, unsigned most, unsigned total)
{
	put_number(&visit->out, "startAt", start);
	put_number(&visit->out, "maxResults", most);
	put_number(&visit->out, "total", total);
	put_bool(&visit->out, "isLast", total <= start || total - start <= most);
}

/* ---- what the path names --------------------------------------------------------------------- */

struct issue *
visit_issue(struct visit *visit, unsigned arg)
{
	struct issue *issue = issue_find(visit->world, visit->args[arg]);

	if (issue == NULL)
		visit_fail(visit, 404, "%s",
		    visit->world->is_cloud
			? "Issue does not exist or you do not have permission to see it."
			: "Issue Does Not Exist");
	return issue;
}

struct project *
visit_project(struct visit *visit, unsigned arg)
{
	struct project *project = project_find(visit->world, visit->args[arg]);

	if (project == NULL)
		visit_fail(visit, 404, "No project could be found with key '%.*s'.",
		    SLICE_FMT(visit->args[arg]));
	return project;
}

struct content *
visit_content(struct visit *visit, unsigned arg)
{
	struct content *content = content_find(visit->world, visit->args[arg]);

	if (content == NULL)
		visit_fail(visit, 404,
		    "No content found with id: ContentId{id=%.*s}, or the calling user does not have "
		    "permission to view the content",
		    SLICE_FMT(visit->args[arg]));
	return content;
}
