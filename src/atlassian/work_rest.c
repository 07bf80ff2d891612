/*
 * Requests of a call: a path with names in it, pairs for the path and the query, JSON both ways.
 * What Atlassian refuses becomes an error that repeats what it said and names the site.
 */
#include "atlassian/tool.h"

#define PATH_MAX_BYTES (32 * KIB)
#define PAIRS_MAX      24
#define NAME_MAX_BYTES 48

struct pair {
	const char *name, *value;
	bool is_used;
};

/* ---- paths ----------------------------------------------------------------------------------- */

static void
put_encoded(struct buf *out, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;

		if (is_plain) {
			buf_putc(out, (char)*p);
		} else {
			buf_putc(out, '%');
			buf_putc(out, digits[*p >> 4]);
			buf_putc(out, digits[*p & 15]);
		}
	}
}

static const char *
value_of(struct work *work, struct pair *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(pairs[i].name, name) == 0) {
			pairs[i].is_used = true;
			return pairs[i].value;
		}
	}
	for (size_t i = 0; i < work->tool->args_n; i++) {
		if (strcmp(work->tool->args[i].name, name) == 0)
			return arg_text(work, &work->tool->args[i], &work->given[i]);
	}
	must(!"a path names what nobody gives");
	return NULL;
}

/* One "{name}"; *at stands behind the brace. */
static bool
put_name(struct work *work, struct pair *pairs, size_t n, const char **at, struct buf *out)
{
	const char *end = strchr(*at, '}'), *value;
	char name[NAME_MAX_BYTES];

	must(end != NULL && (size_t)(end - *at) < sizeof(name));
	memcpy(name, *at, (size_t)(end - *at));
	name[end - *at] = '\0';
	*at = end + 1;
	if (strcmp(name, "api") == 0) {
		buf_puts(out, work->is_cloud ? "/rest/api/3" : "/rest/api/2");
		return true;
	}
	value = value_of(work, pairs, n, name);
	/* "." and ".." would climb; nothing would name the whole. */
	if (value == NULL || *value == '\0' || strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return work_fail(work, ERR_PARAMS, "%s: \"%s\" cannot be part of a path", name,
		    value != NULL ? value : "");
	put_encoded(out, value);
	return true;
}

static const char *
path_make(struct work *work, const char *path, struct pair *pairs, size_t n)
{
	const char *made = NULL;
	char mark = strchr(path, '?') != NULL ? '&' : '?';
	struct buf out;

	buf_init(&out, NULL, PATH_MAX_BYTES);
	while (*path != '\0') {
		if (*path != '{') {
			buf_putc(&out, *path++);
			continue;
		}
		path++;
		if (!put_name(work, pairs, n, &path, &out))
			goto done;
	}
	for (size_t i = 0; i < n; i++) {
		if (pairs[i].is_used || pairs[i].value == NULL)
			continue;
		buf_putc(&out, mark);
		buf_puts(&out, pairs[i].name);
		buf_putc(&out, '=');
		put_encoded(&out, pairs[i].value);
		mark = '&';
	}
	if (!buf_check(&out, work->err))
		work_fail(work, ERR_PARAMS, "the arguments are too long for one request");
	else if (arena_reserve(work->arena, out.n + 1, work->err))
		made = slice_cstr(work->arena, buf_view(&out));
done:
	buf_fini(&out);
	return made;
}

static const char *
path_of(struct work *work, const char *path, va_list ap)
{
	struct pair pairs[PAIRS_MAX];
	size_t n = 0;
	const char *name;

	while ((name = va_arg(ap, const char *)) != NULL) {
		must(n < PAIRS_MAX);
		pairs[n++] = (struct pair){ name, va_arg(ap, const char *), false };
	}
	return path_make(work, path, pairs, n);
}

const char *
work_path(struct work *work, const char *path, ...)
{
	const char *made;
	va_list ap;

	va_start(ap, path);
	made = path_of(work, path, ap);
	va_end(ap);
	return made;
}

/* ---- one request ----------------------------------------------------------------------------- */

static enum errkind
kind_of(int status)
{
	if (status == 401 || status == 403)
		return ERR_REFUSED;
	if (status == 404 || status == 410)
		return ERR_RESOURCE;
	return status == 429 || status >= 500 ? ERR_UNAVAILABLE : ERR_REQUEST;
}

static bool
is_blank(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr(" \t\r\n", text.p[i]) == NULL)
			return false;
	}
	return true;
}

/* A read without data is never taken for an empty result. */
static bool
says_nothing(struct work *work, const struct site_request *request)
{
	return work_fail(work, ERR_UNAVAILABLE, "%.*s answered %.*s with nothing that holds data",
	    SLICE_FMT(work->site->provider.name), SLICE_FMT(request->method));
}

bool
work_request_wait(
    struct work *work, const struct site_request *request, yyjson_val **out, bool may_be_absent)
{
	const struct site *site = work->site;
	struct site_request sent = *request;
	struct rest_reply reply;
	struct slice said;
	yyjson_val *unused;

	if (work->dry != NULL && (request->is_write || work->dry->is_over))
		return dry_take(work, request, out != NULL);
	out = out != NULL ? out : &unused;
	*out = NULL;
	if (sent.headers.p == NULL)
		sent.headers = work->headers;
	sent.exchange = work->exchange;
	if (!site_rest_wait(work->access, &sent, work->arena, &reply, work->err))
		return false;
	work->status = reply.status;
	if (reply.status == 404 && may_be_absent)
		return true;
	if (reply.status >= 300) {
		said = site_complaint(work->access, &reply, work->arena);
		return work_fail(work, kind_of(reply.status), "%.*s: %.*s",
		    SLICE_FMT(site->provider.name), SLICE_FMT(said));
	}
	if (is_blank(reply.body))
		return request->is_write || says_nothing(work, request);
	if (!json_read(work, reply.body, out, "the answer", work->err)) {
		bool is_html = slice_trim(reply.body).p[0] == '<';

		return work_fail(work,
		    request->is_write && !is_html ? ERR_OUTCOME_UNKNOWN : ERR_UNAVAILABLE,
		    "%.*s answered %.*s with %s%s", SLICE_FMT(site->provider.name),
		    SLICE_FMT(request->method),
		    is_html
			? "a web page instead of JSON: is the URL right, and is nobody asked to log in?"
			: "what is not JSON",
		    request->is_write && !is_html
			? "; it may have been done: look before you repeat it"
			: "");
	}
	return request->is_write || yyjson_is_ctn(*out) || says_nothing(work, request);
}

bool
work_json_wait(struct work *work, struct site_request *request, yyjson_mut_val *body,
    yyjson_val **out, bool may_be_absent)
{
	struct buf text;
	bool ok;

	buf_init(&text, loop_memory(work->loop), REST_MAX_BYTES);
	ok =
	    body == NULL || (json_put(work, body, &text, work->err) && buf_check(&text, work->err));
	if (ok && body != NULL)
		request->body = buf_view(&text);
	ok = ok && work_request_wait(work, request, out, may_be_absent);
	request->body = SLICE_NONE;
	buf_fini(&text);
	return ok;
}

static bool
send_wait(struct work *work, const char *verb, yyjson_mut_val *body, yyjson_val **out,
    bool may_be_absent, const char *path, va_list ap)
{
	struct site_request request = { .method = slice_of(verb),
		.is_write = work->tool->flags & WRITES && strcmp(verb, "GET") != 0 };
	const char *made = path_of(work, path, ap);

	if (made == NULL)
		return false;
	request.path = slice_of(made);
	return work_json_wait(work, &request, body, out, may_be_absent);
}

bool
work_get_wait(struct work *work, yyjson_val **out, const char *path, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, path);
	ok = send_wait(work, "GET", NULL, out, false, path, ap);
	va_end(ap);
	return ok;
}

bool
work_try_wait(struct work *work, yyjson_val **out, const char *path, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, path);
	ok = send_wait(work, "GET", NULL, out, true, path, ap);
	va_end(ap);
	return ok;
}

bool
work_send_wait(struct work *work, const char *verb, yyjson_mut_val *body, yyjson_val **out,
    const char *path, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, path);
	ok = send_wait(work, verb, body, out, false, path, ap);
	va_end(ap);
	return ok;
}

int
work_status(const struct work *work)
{
	return work->status;
}

/* ---- rows without a story -------------------------------------------------------------------- */

/* Verb, path, the arguments by their place. */
bool
work_row_wait(struct work *work, yyjson_val **out)
{
	const struct tool *tool = work->tool;
	const char *path =
	    work->is_cloud && tool->path_cloud != NULL ? tool->path_cloud : tool->path;
	yyjson_mut_val *body = NULL;
	struct pair pairs[PAIRS_MAX];
	struct site_request request = { .method = slice_of(tool->verb),
		.is_write = (tool->flags & WRITES) != 0 };
	const char *made;
	size_t n = 0;

	for (size_t i = 0; i < tool->args_n; i++) {
		const struct arg *arg = &tool->args[i];
		const char *name = arg->rest != NULL ? arg->rest : arg->name;

		if (arg->flags & IN_QUERY)
			pairs[n++] =
			    (struct pair){ name, arg_text(work, arg, &work->given[i]), false };
		if (!(arg->flags & IN_BODY) || work->given[i].value == NULL)
			continue;
		if (body == NULL)
			body = out_obj(work);
		out_copy(work, body, name, work->given[i].value);
	}
	made = path_make(work, path, pairs, n);
	if (made == NULL)
		return false;
	request.path = slice_of(made);
	return work_json_wait(work, &request, body, out, false);
}
