/*
 * Uploads to the sandbox: the parts of a multipart/form-data body, in order, as slices of it.
 * Linear; nothing is copied.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

#define BOUNDARY_MAX 100
#define HEAD_MAX     (8 * KIB) /* header fields of one part */

/* The value of name="..." in a header field; SLICE_NONE: it is not there. */
static struct slice
parameter(struct slice head, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n + 2 < head.n; i++) {
		struct slice rest = { head.p + i, head.n - i };
		const char *end;

		if (!slice_starts(rest, slice_of(name)) || rest.p[n] != '=' ||
		    rest.p[n + 1] != '"' || (i > 0 && rest.p[-1] != ' ' && rest.p[-1] != ';'))
			continue;
		rest = (struct slice){ rest.p + n + 2, rest.n - n - 2 };
		end = memchr(rest.p, '"', rest.n);
		if (end != NULL)
			return (struct slice){ rest.p, (size_t)(end - rest.p) };
	}
	return SLICE_NONE;
}

static struct slice
field(struct slice head, const char *name)
{
	struct slice line, value, key;

	while (head.n > 0) {
		line = slice_cut(head, '\n', &head);
		key = slice_cut(line, ':', &value);
		if (value.p != NULL && slice_eq_nocase(slice_trim(key), slice_of(name))) {
			while (value.n > 0 && value.p[value.n - 1] == '\r')
				value.n--;
			return slice_trim(value);
		}
	}
	return SLICE_NONE;
}

static bool
boundary_of(struct visit *visit, struct slice *out)
{
	struct slice type = http_request_header(visit->request, S("Content-Type"));
	const char *at = type.p != NULL ? memmem(type.p, type.n, "boundary=", 9) : NULL;
	struct slice boundary;

	if (at == NULL || !slice_starts(type, S("multipart/form-data")))
		return false;
	boundary = (struct slice){ at + 9, type.n - (size_t)(at + 9 - type.p) };
	boundary = slice_trim(slice_cut(boundary, ';', &(struct slice){ 0 }));
	if (boundary.n >= 2 && boundary.p[0] == '"')
		boundary = (struct slice){ boundary.p + 1, boundary.n - 2 };
	if (boundary.n == 0 || boundary.n > BOUNDARY_MAX)
		return false;
	*out = arena_printf(visit->arena, "--%.*s", SLICE_FMT(boundary));
	return true;
}

static bool
next_part(struct slice *rest, struct slice boundary, struct upload *part)
{
	const char *head_end, *end;
	struct slice head;

	if (!slice_starts(*rest, boundary) || rest->n < boundary.n + 4)
		return false;
	*rest = (struct slice){ rest->p + boundary.n, rest->n - boundary.n };
	if (!slice_starts(*rest, S("\r\n"))) /* "--": the last one */
		return false;
	head_end = memmem(rest->p, rest->n < HEAD_MAX ? rest->n : HEAD_MAX, "\r\n\r\n", 4);
	if (head_end == NULL)
		return false;
	head = (struct slice){ rest->p, (size_t)(head_end - rest->p) };
	*rest = (struct slice){ head_end + 4, rest->n - head.n - 4 };
	end = memmem(rest->p, rest->n, boundary.p, boundary.n);
	if (end == NULL || end - rest->p < 2)
		return false;
	*part = (struct upload){ .name = parameter(head, "name"),
		.filename = parameter(head, "filename"),
		.type = field(head, "Content-Type"),
		.data = { rest->p, (size_t)(end - rest->p) - 2 } };
	*rest = (struct slice){ end, rest->n - (size_t)(end - rest->p) };
	return true;
}

bool
visit_uploads(struct visit *visit, struct upload *out, unsigned most, unsigned *n)
{
	struct slice rest = buf_view(&visit->request->body), boundary;

	*n = 0;
	if (!slice_starts(http_request_header(visit->request, S("X-Atlassian-Token")), S("no"))) {
		visit_fail(visit, 403, "XSRF check failed");
		return false;
	}
	if (!boundary_of(visit, &boundary)) {
		visit_fail(visit, 415, "Unsupported Media Type");
		return false;
	}
	while (*n < most && next_part(&rest, boundary, &out[*n]))
		(*n)++;
	if (*n > 0)
		return true;
	visit_fail(visit, 400, "No file was found in the request");
	return false;
}
