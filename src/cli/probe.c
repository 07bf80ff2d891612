/*
 * `bascule probe`: what a server speaks.  Each revision is tried on a connection of its own, as a
 * client that speaks nothing else would; the transport is told by the first that is answered.  No
 * gateway stands between: the backs are used as they are.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define TEXT_BYTES   (256 * KIB)
#define MESSAGE_MAX  (64 * MIB)
#define PAGES_MAX    1000
#define CLOSE_MS     3000
#define CURSOR_BYTES (64 * KIB)

/* What one revision came to. */
struct finding {
	bool is_spoken, has_tools;
	enum mcp_revision answered; /* what the server chose */
	uint64_t ms, tools_ms;	    /* until it was greeted; until its tools were listed */
	size_t tools;
	struct slice server, capabilities; /* raw, in the arena */
	struct err err;			   /* why it is not spoken, or not listed */
};

struct probing {
	struct options *options;
	struct log *log;
	struct loop *loop;
	struct config *config;
	struct arena arena;
	struct back_memory memory;
	struct finding findings[MCP_REVISIONS_N];
	int status;
};

/* ---- the target ------------------------------------------------------------------------------ */

MUST_CHECK static bool
text_make(const struct options *options, struct buf *out, struct err *err)
{
	const char *timeout = options->value[OPTION_TIMEOUT];
	bool is_command = option_is_given(options, OPTION_COMMAND);

	if (!is_command && options->words_n != 1)
		return err_set(err, ERR_USAGE,
		    "probe: one URL, or --command with a program and its arguments");
	if (is_command && options->words_n == 0)
		return err_set(err, ERR_USAGE, "probe: --command needs a program after it");
	buf_puts(out, "listen: {stdio: true, http: []}\nupstreams:\n  - name: server\n");
	buf_printf(out, "    connect_timeout: \"%s\"\n", timeout != NULL ? timeout : "30s");
	buf_puts(out, is_command ? "    command: [" : "    url: ");
	for (unsigned i = 0; i < options->words_n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		buf_json_string(out, slice_of(options->words[i]));
	}
	buf_puts(out, is_command ? "]\n" : "\n");
	for (unsigned i = 0; i < options->headers_n; i++) {
		struct slice value;
		struct slice name = slice_cut(slice_of(options->headers[i]), ':', &value);

		if (value.p == NULL || slice_trim(name).n == 0)
			return err_set(err, ERR_USAGE,
			    "probe: header %u has no name and colon: write -H 'NAME: VALUE'",
			    i + 1);
		buf_puts(out, i == 0 ? "    headers:\n      " : "      ");
		buf_json_string(out, slice_trim(name));
		buf_puts(out, ": ");
		buf_json_string(out, slice_trim(value));
		buf_putc(out, '\n');
	}
	return buf_check(out, err);
}

/* What is wrong is on the command line: the place in the text says nothing to anyone. */
static bool
usage_error(struct err *err)
{
	struct err from = *err;
	const char *text = err->line > 0 ? strstr(from.text, ": ") : NULL;

	return err_set(err, ERR_USAGE, "probe: %s", text != NULL ? text + 2 : from.text);
}

MUST_CHECK static bool
target_read(struct probing *probing, struct err *err)
{
	const struct options *options = probing->options;
	struct buf text;
	bool ok;

	buf_init(&text, NULL, TEXT_BYTES);
	ok = text_make(options, &text, err);
	if (ok &&
	    !config_parse(buf_view(&text), "probe", NULL, options->environ, probing->log,
		&probing->config, err))
		ok = usage_error(err);
	buf_fini(&text);
	return ok;
}

/* ---- one revision ---------------------------------------------------------------------------- */

static void
on_list_changed(void *owner, enum mcp_method what)
{
	(void)owner;
	(void)what;
}

static void
on_lost(void *owner, const struct err *why)
{
	(void)owner;
	(void)why;
}

static const struct back_events events = { .list_changed = on_list_changed, .lost = on_lost };

static struct slice
kept(struct probing *probing, struct slice text)
{
	struct err err;

	return text.p != NULL && arena_reserve(&probing->arena, text.n, &err)
	    ? slice_dup(&probing->arena, text)
	    : SLICE_NONE;
}

/* One page of the tools; cursor: of the next one. */
static bool
page_wait(struct back *back, struct buf *cursor, size_t *tools, struct err *err)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
	struct slice list, next, key, one;
	struct json_iter iter;
	struct buf text;
	struct call call;
	bool ok;

	buf_init(&text, NULL, 2 * CURSOR_BYTES);
	buf_printf(&text, "%s0,\"method\":\"tools/list\",\"params\":{%s", head,
	    cursor->n > 0 ? "\"cursor\":" : "");
	buf_put(&text, buf_view(cursor));
	buf_puts(&text, "}}");
	buf_clear(cursor);
	call_init(&call);
	call.text = buf_view(&text);
	call.id = (struct slice){ call.text.p + sizeof(head) - 1, 1 };
	call.may_repeat = true;
	ok = buf_check(&text, err) && back_call_wait(back, &call, err);
	if (ok && call.response.kind == MESSAGE_ERROR)
		ok = err_set(err, ERR_UNAVAILABLE, "refused tools/list: %.*s",
		    (int)(call.response.body.n > 160 ? 160 : call.response.body.n),
		    call.response.body.p);
	if (ok) {
		list = json_scan_get(call.response.scan, S("result"), S("tools"));
		next = json_scan_get(call.response.scan, S("result"), S("nextCursor"));
		json_iter_init(&iter, json_type(list) == JSON_ARRAY ? list : S("[]"));
		while (json_iter_next(&iter, &key, &one))
			++*tools;
		if (json_type(next) == JSON_STRING && next.n > 2 && next.n <= CURSOR_BYTES)
			buf_put(cursor, next);
	}
	call_fini(&call);
	buf_fini(&text);
	return ok;
}

static void
tools_wait(struct probing *probing, struct back *back, struct finding *finding)
{
	uint64_t began = loop_now_ms(probing->loop);
	struct slice there;
	struct buf cursor;

	if (!json_find(finding->capabilities, S("tools"), &there))
		return;
	buf_init(&cursor, NULL, 2 * CURSOR_BYTES);
	finding->has_tools = true;
	for (unsigned i = 0; finding->has_tools && i < PAGES_MAX; i++) {
		if (i > 0 && cursor.n == 0)
			break;
		finding->has_tools = page_wait(back, &cursor, &finding->tools, &finding->err);
	}
	finding->tools_ms = loop_now_ms(probing->loop) - began;
	buf_fini(&cursor);
}

static void
revision_wait(struct probing *probing, enum mcp_revision revision)
{
	struct finding *finding = &probing->findings[revision];
	struct config_upstream upstream = probing->config->upstreams[0];
	struct back_spec spec = { .server = S("server"),
		.upstream = &upstream,
		.env = probing->options->environ,
		.message_bytes = MESSAGE_MAX,
		.ask_ms = upstream.connect_timeout_ms,
		.capabilities = S("{}"),
		.revision = revision,
		.memory = &probing->memory };
	uint64_t began = loop_now_ms(probing->loop);
	struct task *self = task_self(probing->loop);
	struct back *back;

	upstream.protocol = mcp_revision_is_modern(revision) ? PROTOCOL_MODERN : PROTOCOL_LEGACY;
	/* HTTP+SSE is of the legacy era; which of both it is, a legacy answer tells. */
	if (upstream.protocol == PROTOCOL_MODERN && upstream.url.p != NULL)
		upstream.transport = TRANSPORT_HTTP;
	task_deadline(self, began + 2 * upstream.connect_timeout_ms);
	finding->is_spoken =
	    back_open_wait(probing->loop, &spec, &events, probing, &back, &finding->err);
	finding->ms = loop_now_ms(probing->loop) - began;
	if (finding->is_spoken) {
		finding->answered = back_revision(back);
		finding->server = kept(probing, back_server_info(back));
		finding->capabilities = kept(probing, back_capabilities(back));
		back_begin_wait(back);
		tools_wait(probing, back, finding);
		back_close_wait(&back, CLOSE_MS);
	}
	task_deadline(self, 0);
}

/* ---- what is printed ------------------------------------------------------------------------- */

static const char *
transport_name(const struct probing *probing)
{
	if (probing->config->upstreams[0].url.p == NULL)
		return "stdio";
	return probing->memory.transport == TRANSPORT_SSE ? "HTTP+SSE" : "Streamable HTTP";
}

/* The last that is spoken, whose words stand for the server's. */
static const struct finding *
newest(const struct probing *probing)
{
	for (size_t i = MCP_REVISIONS_N; i > 0; i--) {
		if (probing->findings[i - 1].is_spoken)
			return &probing->findings[i - 1];
	}
	return NULL;
}

/* Is the revision spoken, and not another in its place? */
static bool
is_agreed(const struct probing *probing, size_t revision)
{
	const struct finding *f = &probing->findings[revision];

	return f->is_spoken && f->answered == (enum mcp_revision)revision;
}

static const char *
eras(const struct probing *probing)
{
	bool is_modern = probing->findings[MCP_NEWEST].is_spoken, is_legacy = false;

	for (size_t i = 0; i <= MCP_NEWEST_LEGACY; i++)
		is_legacy |= probing->findings[i].is_spoken;
	return is_modern ? is_legacy ? "both" : "modern" : is_legacy ? "legacy" : "none";
}

static void
put_finding_json(const struct probing *probing, size_t i, struct buf *out)
{
	const struct finding *f = &probing->findings[i];

	buf_printf(out, "{\"revision\":\"%s\",\"spoken\":%s,\"ms\":%llu",
	    mcp_revision_name((enum mcp_revision)i), is_agreed(probing, i) ? "true" : "false",
	    (unsigned long long)f->ms);
	if (f->is_spoken) {
		buf_printf(
		    out, ",\"answered\":\"%s\",\"capabilities\":", mcp_revision_name(f->answered));
		buf_put(out, f->capabilities);
	}
	if (f->has_tools)
		buf_printf(out, ",\"tools\":%zu,\"tools_ms\":%llu", f->tools,
		    (unsigned long long)f->tools_ms);
	if (f->err.kind != ERR_NONE) {
		buf_puts(out, ",\"error\":");
		buf_json_string(out, slice_of(f->err.text));
	}
	buf_putc(out, '}');
}

static void
put_json(const struct probing *probing, struct buf *out)
{
	const struct finding *best = newest(probing);

	buf_printf(out, "{\"transport\":\"%s\",\"era\":\"%s\",\"server\":", transport_name(probing),
	    eras(probing));
	buf_put(out, best != NULL && best->server.p != NULL ? best->server : S("null"));
	buf_puts(out, ",\"revisions\":[");
	for (size_t i = 0; i < MCP_REVISIONS_N; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_finding_json(probing, i, out);
	}
	buf_puts(out, "]}\n");
}

static void
put_rows(const struct probing *probing, struct buf *out)
{
	static const char *const heads[] = { "REVISION", "SPOKEN", "MS", "TOOLS", "MS", "REMARK" };
	struct table *table = table_new(heads, COUNT(heads));

	for (size_t i = 0; i < MCP_REVISIONS_N; i++) {
		const struct finding *f = &probing->findings[i];
		char ms[24], tools[24] = "", tools_ms[24] = "", other[32] = "";
		struct buf remark;

		snprintf(ms, sizeof(ms), "%llu", (unsigned long long)f->ms);
		if (f->has_tools) {
			snprintf(tools, sizeof(tools), "%zu", f->tools);
			snprintf(
			    tools_ms, sizeof(tools_ms), "%llu", (unsigned long long)f->tools_ms);
		}
		if (f->is_spoken && !is_agreed(probing, i))
			snprintf(
			    other, sizeof(other), "answers %s", mcp_revision_name(f->answered));
		buf_init(&remark, NULL, 4 * KIB);
		buf_put_shown(
		    &remark, f->err.kind != ERR_NONE ? slice_of(f->err.text) : slice_of(other));
		buf_putc(&remark, '\0');
		table_row(table,
		    (const char *[]){ mcp_revision_name((enum mcp_revision)i),
			is_agreed(probing, i) ? "yes" : "no", ms, tools, tools_ms, remark.p });
		buf_fini(&remark);
	}
	table_print(&table, out);
}

static void
put_text(struct probing *probing, struct buf *out)
{
	const struct finding *best = newest(probing);
	struct slice name, version, key, value;
	struct json_iter iter;

	buf_printf(
	    out, "transport     %s\nera           %s\n", transport_name(probing), eras(probing));
	if (best != NULL) {
		name = cli_member(&probing->arena, best->server, S("name"));
		version = cli_member(&probing->arena, best->server, S("version"));
		buf_puts(out, "server        ");
		buf_put_shown(out, name.p != NULL ? name : S("(no name)"));
		buf_puts(out, " ");
		buf_put_shown(out, version);
		buf_puts(out, "\ncapabilities ");
		json_iter_init(&iter, best->capabilities);
		while (json_iter_next(&iter, &key, &value)) {
			buf_putc(out, ' ');
			buf_put_shown(out, key);
		}
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	put_rows(probing, out);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void
probing_main(void *arg)
{
	struct probing *probing = arg;
	struct buf out;

	/* From the oldest on: which transport it is, is known when the modern one is tried. */
	for (unsigned i = 0; i < MCP_REVISIONS_N; i++) {
		local_status("%s", mcp_revision_name((enum mcp_revision)i));
		revision_wait(probing, (enum mcp_revision)i);
	}
	local_status_clear();
	buf_init(&out, NULL, MESSAGE_MAX);
	if (option_is_given(probing->options, OPTION_JSON))
		put_json(probing, &out);
	else
		put_text(probing, &out);
	probing->status = cli_print(&out, newest(probing) != NULL ? EXIT_DONE : EXIT_UPSTREAM);
	loop_stop(probing->loop);
}

int
probe_run(struct options *options)
{
	struct probing *probing = MEM_NEW(struct probing);
	struct group group = { 0 };
	struct err err = { 0 };
	int status;
	bool ok;

	probing->options = options;
	probing->log = cli_log_new(LOG_ERROR);
	arena_init(&probing->arena, NULL, 64 * MIB);
	ok = target_read(probing, &err);
	if (ok) {
		probing->loop = loop_new(&options->keeper, probing->log, &err);
		ok = probing->loop != NULL;
	}
	ok = ok && group_spawn(probing->loop, &group, "probe", probing_main, probing, &err);
	if (ok)
		loop_run(probing->loop);
	status = ok ? probing->status : cli_fail(&err);
	if (probing->loop != NULL)
		loop_free(&probing->loop);
	config_free(&probing->config);
	arena_fini(&probing->arena);
	log_free(&probing->log);
	mem_free(probing);
	arena_drain();
	return status;
}
