/*
 * `bascule call`: one tool, called through the gateway as a client would.  Text goes to stdout as
 * it is (without control characters on a terminal), structured content as indented JSON, other
 * content as a line that says what it is.
 */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* ---- the request ---- */

/* {"name":...,"arguments":...}; the token is for progress. */
MUST_CHECK static bool
params_put(struct local *local, const struct options *options, struct buf *out, struct err *err)
{
	struct slice tool = slice_of(options->words[0]), schema = SLICE_NONE;
	const struct catalogue_entry *entry =
	    catalogue_find(hub_catalogue(local_hub(local)), ITEM_TOOL, tool);

	if (entry != NULL)
		json_find(entry->item->definition, S("inputSchema"), &schema);
	buf_puts(out, "{\"name\":");
	buf_json_string(out, tool);
	buf_puts(out, ",\"arguments\":");
	if (!call_arguments(options->words + 1, options->words_n - 1, schema, out, err))
		return false;
	buf_puts(out, ",\"_meta\":{\"progressToken\":1}}");
	return buf_check(out, err);
}

/* ---- the result ---- */

static void
put_text(struct buf *out, struct slice text)
{
	if (isatty(STDOUT_FILENO))
		buf_put_shown(out, text);
	else
		buf_put(out, text);
	if (text.n == 0 || text.p[text.n - 1] != '\n')
		buf_putc(out, '\n');
}

/* Servers repeat structured content as JSON text for older clients: that need not be shown twice.
 */
static bool
is_repetition(struct slice text, bool has_structured)
{
	text = slice_trim(text);
	return has_structured && text.n >= 2 && (text.p[0] == '{' || text.p[0] == '[');
}

static void
put_content(struct buf *out, struct arena *arena, struct slice content, bool has_structured)
{
	struct slice type = cli_member(arena, content, S("type")), mime, text, resource;

	if (slice_eq(type, S("text"))) {
		text = cli_member(arena, content, S("text"));
		if (!is_repetition(text, has_structured))
			put_text(out, text);
		return;
	}
	if (slice_eq(type, S("resource")) && json_find(content, S("resource"), &resource)) {
		text = cli_member(arena, resource, S("text"));
		if (text.p != NULL) {
			put_text(out, text);
			return;
		}
		content = resource;
	}
	mime = cli_member(arena, content, S("mimeType"));
	text = cli_member(arena, content, S("uri"));
	buf_puts(out, "[");
	buf_put_shown(out, type.n > 0 ? type : S("content of an unknown type"));
	buf_puts(out, mime.n > 0 ? " " : "");
	buf_put_shown(out, mime);
	buf_puts(out, text.n > 0 ? " " : "");
	buf_put_shown(out, text);
	text = cli_member(
	    arena, content, json_find(content, S("blob"), &text) ? S("blob") : S("data"));
	if (text.n > 0)
		buf_printf(out, ", %zu bytes", text.n / 4 * 3);
	buf_puts(out, "; use --json to get it]\n");
}

static void
put_result(struct buf *out, struct slice result)
{
	struct slice contents, structured = SLICE_NONE, key, content;
	struct json_iter iter;
	struct arena arena;
	struct err err;
	bool has_structured = json_find(result, S("structuredContent"), &structured);

	arena_init(&arena, NULL, SIZE_MAX / 2);
	if (json_find(result, S("content"), &contents)) {
		json_iter_init(&iter, contents);
		while (json_iter_next(&iter, &key, &content))
			put_content(out, &arena, content, has_structured);
	}
	if (has_structured) {
		if (!json_pretty(out, structured, &err))
			buf_put(out, structured);
		buf_putc(out, '\n');
	}
	arena_fini(&arena);
}

static int
print_result(const struct options *options, struct slice result)
{
	struct slice value;
	bool is_error = false;
	struct buf out;
	struct err err;

	if (json_find(result, S("isError"), &value) && !json_bool(value, &is_error))
		is_error = false;
	buf_init(&out, NULL, SIZE_MAX / 2);
	if (!option_is_given(options, OPTION_JSON)) {
		put_result(&out, result);
	} else {
		if (!isatty(STDOUT_FILENO) || !json_pretty(&out, result, &err))
			buf_put(&out, result);
		buf_putc(&out, '\n');
	}
	return cli_print(&out, is_error ? EXIT_FAILED : EXIT_DONE);
}

/* An error object of the upstream. */
static int
print_error(struct slice error)
{
	struct slice text, token;
	struct arena arena;
	struct err err;
	int64_t code = 0;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	text = cli_member(&arena, error, S("message"));
	if (json_find(error, S("code"), &token) && !json_int(token, &code))
		code = 0;
	err_set(&err, ERR_INTERNAL, "the server answered with error %lld: %.*s", (long long)code,
	    SLICE_FMT(text));
	arena_fini(&arena);
	cli_fail(&err);
	return code == err_info(ERR_PARAMS)->legacy_code ? EXIT_USAGE : EXIT_FAILED;
}

static int
call_work(struct local *local, void *arg)
{
	const struct options *options = arg;
	struct slice tool = slice_of(options->words[0]);
	struct local_reply reply = { .err = { 0 } };
	struct err err = { 0 };
	struct buf params;
	int status;
	bool ok;

	buf_init(&params, NULL, 64 * MIB);
	ok = local_settle_wait(local, tool, NULL, &err) &&
	    params_put(local, options, &params, &err) &&
	    local_request_wait(local, MCP_TOOLS_CALL, buf_view(&params), &reply, &err);
	buf_fini(&params);
	if (ok && reply.err.kind != ERR_NONE) {
		err = reply.err;
		ok = false;
		if (catalogue_find(hub_catalogue(local_hub(local)), ITEM_TOOL, tool) == NULL &&
		    (err.kind == ERR_PARAMS || err.kind == ERR_UNKNOWN_SERVER))
			local_suggest(local, tool, &err);
	}
	if (!ok)
		status = cli_fail(&err);
	else if (reply.result.n > 0)
		status = print_result(options, buf_view(&reply.result));
	else
		status = print_error(buf_view(&reply.error));
	local_reply_fini(&reply);
	return status;
}

int
call_run(struct options *options)
{
	return local_run(options, LOCAL_QUICK, call_work, options);
}
