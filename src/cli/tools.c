/*
 * `bascule tools`: what a client would see.  The list comes from a real tools/list through the
 * gateway; which server a tool is of comes from the catalogue.
 */
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define HELP_BYTES 200 /* of a description in the table; piped tables are not cut by width */

/* Who offers the tool of a definition; SLICE_NONE: it has gone meanwhile. */
static struct slice
server_of(struct local *local, struct arena *arena, struct slice definition)
{
	const struct catalogue_entry *entry;
	struct slice token, name;
	struct err err;

	if (!json_find(definition, S("name"), &token) || !json_string(arena, token, &name, &err))
		return SLICE_NONE;
	entry = catalogue_find(hub_catalogue(local_hub(local)), ITEM_TOOL, name);
	return entry != NULL ? entry->provider->name : SLICE_NONE;
}

/* The definition with a `server` of ours; one that stood there is replaced. */
static void
put_with_server(struct buf *out, struct slice definition, struct slice server)
{
	struct slice old;
	const char *end = definition.p + definition.n;

	if (json_find(definition, S("server"), &old)) {
		buf_put(out, (struct slice){ definition.p, (size_t)(old.p - definition.p) });
		buf_json_string(out, server);
		buf_put(out, (struct slice){ old.p + old.n, (size_t)(end - (old.p + old.n)) });
		return;
	}
	buf_put(out, (struct slice){ definition.p, definition.n - 1 });
	buf_puts(out, ",\"server\":");
	buf_json_string(out, server);
	buf_putc(out, '}');
}

static void
put_json(struct local *local, struct slice result, struct slice tools, struct buf *out)
{
	struct slice key, definition;
	struct json_iter iter;
	struct arena arena;
	bool any = false;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	buf_put(out, (struct slice){ result.p, (size_t)(tools.p - result.p) });
	buf_putc(out, '[');
	json_iter_init(&iter, tools);
	while (json_iter_next(&iter, &key, &definition)) {
		if (any)
			buf_putc(out, ',');
		any = true;
		put_with_server(out, definition, server_of(local, &arena, definition));
	}
	buf_putc(out, ']');
	buf_put(out,
	    (struct slice){
		tools.p + tools.n, (size_t)(result.p + result.n - (tools.p + tools.n)) });
	arena_fini(&arena);
}

/* The first line of a description, without control characters, NUL-ended. */
static void
put_summary(struct buf *out, struct arena *arena, struct slice definition)
{
	struct slice token, text = SLICE_NONE, rest;
	struct err err;

	if (json_find(definition, S("description"), &token) && json_type(token) == JSON_STRING &&
	    !json_string(arena, token, &text, &err))
		text = SLICE_NONE;
	text = slice_trim(slice_cut(text, '\n', &rest));
	if (text.n > HELP_BYTES) {
		text.n = HELP_BYTES;
		while (text.n > 0 && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
			text.n--;
	}
	buf_put_shown(out, text);
}

static void
put_table(struct local *local, struct slice tools, struct buf *out)
{
	static const char *const heads[] = { "TOOL", "SERVER", "DESCRIPTION" };
	struct table *table = table_new(heads, COUNT(heads));
	struct slice key, definition, token, name;
	struct json_iter iter;
	struct arena arena;
	struct buf summary;
	struct err err;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	buf_init(&summary, NULL, MIB);
	json_iter_init(&iter, tools);
	while (json_iter_next(&iter, &key, &definition)) {
		const char *cells[3];

		if (!json_find(definition, S("name"), &token) ||
		    !json_string(&arena, token, &name, &err))
			continue;
		buf_clear(&summary);
		put_summary(&summary, &arena, definition);
		buf_putc(&summary, '\0');
		cells[0] = slice_cstr(&arena, name);
		cells[1] = slice_cstr(&arena, server_of(local, &arena, definition));
		cells[2] = summary.p;
		table_row(table, cells);
	}
	table_print(&table, out);
	buf_fini(&summary);
	arena_fini(&arena);
}

/* Says who is down and why; the exit status. */
static int
tell_failures(struct local *local)
{
	size_t n;
	struct provider *const *providers = hub_providers(local_hub(local), &n);
	int status = EXIT_DONE;

	for (size_t i = 0; i < n; i++) {
		struct provider_health health;
		struct err err = { 0 };

		providers[i]->ops->health(providers[i], NULL, &health);
		if (health.state == PROVIDER_READY)
			continue;
		if (health.state == PROVIDER_DOWN)
			err = health.why;
		else
			err_set(&err, ERR_UNAVAILABLE, "not connected within the time it had");
		if (providers[i]->name.n > 0)
			err_prefix(&err, "%.*s", SLICE_FMT(providers[i]->name));
		cli_fail(&err);
		status = EXIT_UPSTREAM;
	}
	return status;
}

/* Puts the tools of one page into list, and the params for the next one, empty: none. */
static void
page_put(struct buf *list, struct buf *params, struct slice result, struct slice tools)
{
	struct slice next;

	if (list->n > 0 && tools.n > 2)
		buf_putc(list, ',');
	buf_put(list, (struct slice){ tools.p + 1, tools.n - 2 });
	buf_clear(params);
	if (!json_find(result, S("nextCursor"), &next))
		return;
	buf_puts(params, "{\"cursor\":");
	buf_put(params, next);
	buf_putc(params, '}');
}

/* Asks for one page; meta: the raw member of the newest page, kept in its own buffer. */
MUST_CHECK static bool
page_wait(
    struct local *local, struct buf *list, struct buf *params, struct buf *meta, struct err *err)
{
	struct local_reply reply = { .err = { 0 } };
	struct slice result, tools, value;
	bool ok;

	if (!local_request_wait(local, MCP_TOOLS_LIST, buf_view(params), &reply, err))
		return false;
	result = buf_view(&reply.result);
	ok = reply.err.kind == ERR_NONE && json_find(result, S("tools"), &tools);
	if (ok) {
		page_put(list, params, result, tools);
		buf_clear(meta);
		if (json_find(result, S("_meta"), &value))
			buf_put(meta, value);
	} else {
		*err = reply.err;
	}
	local_reply_fini(&reply);
	return ok;
}

/* All pages as one result: {"tools":[...],"_meta":{...}}. */
MUST_CHECK static bool
list_wait(struct local *local, struct buf *all, struct err *err)
{
	struct buf list, params, meta;
	bool ok = true;

	buf_init(&list, NULL, SIZE_MAX / 2);
	buf_init(&params, NULL, MIB);
	buf_init(&meta, NULL, SIZE_MAX / 2);
	buf_puts(&params, "{}");
	while (ok && params.n > 0)
		ok = page_wait(local, &list, &params, &meta, err);
	buf_puts(all, "{\"tools\":[");
	buf_put(all, buf_view(&list));
	buf_putc(all, ']');
	if (meta.n > 0) {
		buf_puts(all, ",\"_meta\":");
		buf_put(all, buf_view(&meta));
	}
	buf_putc(all, '}');
	buf_fini(&list);
	buf_fini(&params);
	buf_fini(&meta);
	return ok;
}

static int
tools_work(struct local *local, void *arg)
{
	const struct options *options = arg;
	struct buf result, out;
	struct slice tools;
	struct err err = { 0 };
	int status;

	buf_init(&result, NULL, SIZE_MAX / 2);
	if (!local_settle_wait(local, SLICE_NONE, NULL, &err) || !list_wait(local, &result, &err)) {
		buf_fini(&result);
		return cli_fail(&err);
	}
	must(json_find(buf_view(&result), S("tools"), &tools));
	buf_init(&out, NULL, SIZE_MAX / 2);
	status = tell_failures(local);
	hidden_tell(local);
	if (option_is_given(options, OPTION_TOKENS)) {
		tools_cost_put(local, tools, option_is_given(options, OPTION_JSON), &out);
	} else if (option_is_given(options, OPTION_JSON)) {
		put_json(local, buf_view(&result), tools, &out);
		buf_putc(&out, '\n');
	} else {
		put_table(local, tools, &out);
	}
	if (out.n == 0)
		cli_write(STDERR_FILENO, S("no tools are offered\n"));
	buf_fini(&result);
	return cli_print(&out, status);
}

int
tools_run(struct options *options)
{
	return local_run(options, LOCAL_PATIENT, tools_work, options);
}
