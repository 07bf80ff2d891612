/*
 * What a refusal of Atlassian says, for people: status, its own messages, the reason in its
 * headers, or the title of a web page that came instead.
 */
#include <ctype.h>

#include "atlassian/tool.h"

#define SAID_MAX (2 * KIB)
#define READ_MAX (256 * KIB)

static void
say(struct buf *out, struct slice text)
{
	if (text.n == 0 || out->n + text.n + 2 > SAID_MAX)
		return;
	if (out->n > 0)
		buf_puts(out, "; ");
	buf_put(out, text);
}

static void
say_field(struct buf *out, yyjson_val *key, yyjson_val *value)
{
	struct slice text = json_slice(value), name = json_slice(key);

	if (text.n == 0 || name.n > KIB / 2 || out->n + text.n > SAID_MAX - KIB)
		return;
	say(out, name);
	buf_puts(out, ": ");
	buf_put(out, text);
}

/* Jira: errorMessages, errors; Confluence: message, data.errors[].message.translation; v2:
 * errors[].title, detail; OAuth: error_description. */
static void
say_json(struct buf *out, yyjson_val *root)
{
	static const char *const single[] = { "message", "errorMessage", "error_description",
		"detail", "title" };
	yyjson_val *list = yyjson_obj_get(root, "errorMessages"), *key, *one;
	size_t i, max;

	yyjson_arr_foreach(list, i, max, one) say(out, json_slice(one));
	list = yyjson_obj_get(root, "errors");
	if (yyjson_is_obj(list)) {
		yyjson_obj_foreach(list, i, max, key, one) say_field(out, key, one);
	}
	yyjson_arr_foreach(yyjson_is_arr(list) ? list : json_at(root, "data/errors"), i, max, one)
	{
		say(out, json_slice(yyjson_obj_get(one, "title")));
		say(out, json_slice(yyjson_obj_get(one, "detail")));
		say(out, json_slice(json_at(one, "message/translation")));
	}
	for (i = 0; i < COUNT(single) && out->n == 0; i++)
		say(out, json_slice(yyjson_obj_get(root, single[i])));
}

static void
say_page(struct buf *out, struct slice body)
{
	const char *from = memmem(body.p, body.n, "<title>", 7), *to;

	if (from == NULL)
		return;
	from += 7;
	to = memchr(from, '<', (size_t)(body.p + body.n - from));
	if (to == NULL)
		return;
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (from < to && isspace((unsigned char)to[-1]))
		to--;
	say(out, (struct slice){ from, (size_t)(to - from) });
}

static const char *
meaning(int status)
{
	switch (status) {
	case 401:
		return "the credential was not accepted";
	case 403:
		return "the user may not do this";
	case 404:
		return "not found, or not visible to this user";
	case 409:
		return "it was changed meanwhile";
	case 413:
		return "too large";
	case 429:
		return "too many requests";
	default:
		return status >= 500 ? "the site has failed" : "refused";
	}
}

static void
clean(struct buf *out)
{
	for (size_t i = 0; i < out->n; i++) {
		if ((unsigned char)out->p[i] < ' ')
			out->p[i] = ' ';
	}
}

struct slice
site_complaint(const struct access *access, const struct rest_reply *reply, struct arena *arena)
{
	static const struct slice reasons[] = { { "X-Seraph-LoginReason", 20 },
		{ "X-Authentication-Denied-Reason", 30 }, { "WWW-Authenticate", 16 },
		{ "Retry-After", 11 } };
	struct slice said = S("refused"), body = reply->body;
	yyjson_alc alc = json_alc(arena);
	yyjson_doc *doc = NULL;
	struct buf out, all;
	struct err err;

	(void)access;
	buf_init(&out, NULL, 2 * SAID_MAX);
	buf_init(&all, NULL, 4 * SAID_MAX);
	body.n = body.n > READ_MAX ? READ_MAX : body.n;
	if (body.n > 0)
		doc = yyjson_read_opts(
		    (char *)(uintptr_t)body.p, body.n, YYJSON_READ_NOFLAG, &alc, NULL);
	if (doc != NULL)
		say_json(&out, yyjson_doc_get_root(doc));
	else if (body.n > 0)
		say_page(&out, body);
	for (size_t i = 0; i < COUNT(reasons); i++) {
		struct slice value = rest_header(reply, reasons[i]);

		if (value.n == 0 || value.n > 200)
			continue;
		say(&out, reasons[i]);
		buf_puts(&out, ": ");
		buf_put(&out, value);
	}
	clean(&out);
	buf_printf(&all, "HTTP %d (%s)", reply->status, meaning(reply->status));
	if (out.n > 0)
		buf_puts(&all, ": ");
	buf_put(&all, (struct slice){ out.n > 0 ? out.p : "", out.n });
	if (buf_check(&all, &err) && arena_reserve(arena, all.n, &err))
		said = slice_dup(arena, buf_view(&all));
	buf_fini(&out);
	buf_fini(&all);
	return said;
}
