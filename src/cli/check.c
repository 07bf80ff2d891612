/*
 * `bascule check`: is the configuration good, and with --connect, are the upstreams?
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "atlassian/atlassian.h"
#include "cli/cli.h"
#include "guard/guard.h"

static const char *const state_names[] = {
	[PROVIDER_IDLE] = "idle",
	[PROVIDER_CONNECTING] = "connecting",
	[PROVIDER_READY] = "ready",
	[PROVIDER_DOWN] = "down",
};

/* What is started or reached; without the query of a URL and the arguments, which may hold secrets.
 */
static struct slice
target_of(const struct config_upstream *upstream)
{
	struct slice rest;

	if (upstream->command_n > 0)
		return upstream->command[0];
	return slice_cut(upstream->url, '?', &rest);
}

static const char *
kind_of(const struct config_upstream *upstream)
{
	return upstream->command_n > 0 ? "command" : "url";
}

/* ---- without connecting ---- */

static void
put_summary(const struct config *config, struct buf *out)
{
	static const char *const heads[] = { "SERVER", "KIND", "TARGET" };
	struct table *table = table_new(heads, COUNT(heads));
	struct arena arena;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	for (size_t i = 0; i < config->upstreams_n; i++) {
		const struct config_upstream *u = &config->upstreams[i];
		const char *cells[] = { u->name.n > 0 ? slice_cstr(&arena, u->name) : "-",
			u->enabled ? kind_of(u) : "disabled", slice_cstr(&arena, target_of(u)) };

		table_row(table, cells);
	}
	for (size_t i = 0; i < config->atlassian.sites_n; i++) {
		const struct config_site *site = &config->atlassian.sites[i];
		const char *cells[] = { slice_cstr(&arena, site->provider), "site",
			site->url.p != NULL ? slice_cstr(&arena, site->url) : "by request" };

		table_row(table, cells);
	}
	for (size_t i = 0; i < config->agents.runners_n; i++) {
		const struct config_runner *runner = &config->agents.runners[i];
		const char *cells[] = { slice_cstr(&arena, runner->name), "runner",
			slice_cstr(&arena, runner->command[0]) };

		table_row(table, cells);
	}
	buf_puts(out, config->file.p != NULL ? "" : "environment");
	buf_put_shown(out, config->file);
	buf_puts(out, ": ok\n");
	table_print(&table, out);
	arena_fini(&arena);
}

static void
put_file_json(const struct config *config, struct buf *out)
{
	buf_puts(out, "{\"file\":");
	if (config->file.p != NULL)
		buf_json_string(out, config->file);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"ok\":true,\"upstreams\":[");
}

static void
put_upstream_json(const struct config_upstream *upstream, struct buf *out)
{
	buf_puts(out, "{\"server\":");
	buf_json_string(out, upstream->name);
	buf_printf(out, ",\"kind\":\"%s\",\"target\":", kind_of(upstream));
	buf_json_string(out, target_of(upstream));
	buf_printf(out, ",\"enabled\":%s", upstream->enabled ? "true" : "false");
}

static void
put_site_json(const struct config_site *site, struct buf *out)
{
	buf_puts(out, "{\"server\":");
	buf_json_string(out, site->provider);
	buf_puts(out, ",\"kind\":\"site\",\"target\":");
	if (site->url.p != NULL)
		buf_json_string(out, site->url);
	else
		buf_puts(out, "null");
	buf_putc(out, '}');
}

static void
put_runners_json(const struct config_agents *agents, struct buf *out)
{
	buf_puts(out, "],\"runners\":[");
	for (size_t i = 0; i < agents->runners_n; i++) {
		buf_puts(out, i > 0 ? ",{\"runner\":" : "{\"runner\":");
		buf_json_string(out, agents->runners[i].name);
		buf_puts(out, ",\"target\":");
		buf_json_string(out, agents->runners[i].command[0]);
		buf_putc(out, '}');
	}
}

bool
cli_config_check(const struct config *config, struct err *err)
{
	struct guard *guard;

	if (!config_check(config, err) || !guard_new(NULL, config, NULL, &guard, err))
		return false;
	guard_free(&guard);
	return true;
}

static int
check_file(const struct options *options)
{
	struct log *log = cli_log_new(LOG_WARN);
	struct config *config = NULL;
	struct err err = { 0 };
	struct buf out;
	bool ok = cli_config_load(options, log, &config, &err) && cli_config_check(config, &err);
	int status = EXIT_DONE;

	buf_init(&out, NULL, 16 * MIB);
	if (!ok) {
		status = cli_fail(&err);
		if (option_is_given(options, OPTION_JSON)) {
			buf_printf(&out,
			    "{\"ok\":false,\"error\":{\"line\":%u,\"column\":%u,\"message\":",
			    err.line, err.col);
			buf_json_string(&out, slice_of(err.text));
			buf_puts(&out, "}}\n");
		}
	} else if (option_is_given(options, OPTION_JSON)) {
		put_file_json(config, &out);
		for (size_t i = 0; i < config->upstreams_n; i++) {
			buf_puts(&out, i > 0 ? "," : "");
			put_upstream_json(&config->upstreams[i], &out);
			buf_putc(&out, '}');
		}
		buf_puts(&out, "],\"sites\":[");
		for (size_t i = 0; i < config->atlassian.sites_n; i++) {
			buf_puts(&out, i > 0 ? "," : "");
			put_site_json(&config->atlassian.sites[i], &out);
		}
		if (config->agents.is_on)
			put_runners_json(&config->agents, &out);
		buf_puts(&out, "]}\n");
	} else {
		put_summary(config, &out);
	}
	config_free(&config);
	log_free(&log);
	return cli_print(&out, status);
}

/* ---- connecting ---- */

static const struct config_upstream *
upstream_of(const struct config *config, const struct provider *provider)
{
	for (size_t i = 0; i < config->upstreams_n; i++)
		if (slice_eq(config->upstreams[i].name, provider->name))
			return &config->upstreams[i];
	return NULL;
}

/* {"effective": ["userns", ...]} */
static void
put_isolation(const struct look *row, struct buf *out)
{
	struct slice rest, word;
	const char *comma = "";
	struct buf words;

	buf_init(&words, NULL, KIB);
	isolation_print(&row->health.isolation, &words);
	buf_puts(out, "{\"effective\":[");
	rest = row->health.isolation.parts != 0 ? buf_view(&words) : SLICE_NONE;
	while (rest.p != NULL) {
		word = slice_cut(rest, ' ', &rest);
		buf_puts(out, comma);
		buf_json_string(out, word);
		comma = ",";
	}
	buf_puts(out, "]}");
	buf_fini(&words);
}

static void
put_row_json(
    struct local *local, const struct config *config, const struct look *row, struct buf *out)
{
	const struct config_upstream *upstream = upstream_of(config, row->provider);
	bool is_ready = row->health.state == PROVIDER_READY;
	struct slice words = look_last_words(row);

	if (upstream != NULL) {
		put_upstream_json(upstream, out);
	} else {
		buf_puts(out, "{\"server\":");
		buf_json_string(out, row->provider->name);
	}
	buf_printf(out, ",\"state\":\"%s\"", state_names[row->health.state]);
	if (is_ready && !row->is_site)
		buf_printf(out, ",\"revision\":\"%s\"", mcp_revision_name(row->health.revision));
	if (is_ready)
		buf_printf(out, ",\"tools\":%zu",
		    row->provider->offer != NULL ? row->provider->offer->items[ITEM_TOOL].n : 0);
	hidden_put_json(local, row->provider, out);
	if (row->health.is_isolated) {
		buf_puts(out, ",\"isolation\":");
		put_isolation(row, out);
	}
	if (row->ms != UINT64_MAX)
		buf_printf(out, ",\"ms\":%llu", (unsigned long long)row->ms);
	if (!is_ready) {
		buf_puts(out, ",\"error\":");
		buf_json_string(out, slice_of(row->health.why.text));
	}
	if (words.n > 0) {
		buf_puts(out, ",\"stderr\":");
		buf_json_string(out, words);
	}
	buf_putc(out, '}');
}

static void
put_rows(const struct look *rows, size_t n, struct buf *out)
{
	static const char *const heads[] = { "SERVER", "STATE", "REVISION", "TOOLS", "MS",
		"ERROR" };
	struct table *table = table_new(heads, COUNT(heads));
	struct arena arena;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		const struct look *row = &rows[i];
		bool is_ready = row->health.state == PROVIDER_READY;
		char tools[24] = "", ms[24] = "";
		struct buf why;

		if (is_ready)
			snprintf(tools, sizeof(tools), "%zu",
			    row->provider->offer != NULL ? row->provider->offer->items[ITEM_TOOL].n
							 : 0);
		if (row->ms != UINT64_MAX)
			snprintf(ms, sizeof(ms), "%llu", (unsigned long long)row->ms);
		buf_init(&why, NULL, 4 * KIB);
		if (!is_ready)
			buf_put_shown(&why, slice_of(row->health.why.text));
		buf_putc(&why, '\0');
		table_row(table,
		    (const char *[]){
			row->provider->name.n > 0 ? slice_cstr(&arena, row->provider->name) : "-",
			state_names[row->health.state],
			is_ready && !row->is_site ? mcp_revision_name(row->health.revision) : "",
			tools, ms, why.p });
		buf_fini(&why);
	}
	table_print(&table, out);
	arena_fini(&arena);
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].health.is_isolated)
			continue;
		buf_put_shown(out, rows[i].provider->name);
		buf_puts(out, " is kept apart by: ");
		isolation_print(&rows[i].health.isolation, out);
		buf_putc(out, '\n');
	}
}

/* The end of what a failed child wrote to its stderr, to ours. */
static void
tell_last_words(const struct look *row)
{
	struct slice words = look_last_words(row), line;
	struct buf out;

	if (words.n == 0)
		return;
	buf_init(&out, NULL, MIB);
	buf_puts(&out, "the last that ");
	buf_put_shown(&out, row->provider->name.n > 0 ? row->provider->name : S("the server"));
	buf_puts(&out, " wrote to its stderr:\n");
	while (words.p != NULL) {
		line = slice_cut(words, '\n', &words);
		buf_puts(&out, "    ");
		buf_put_shown(&out, line);
		buf_putc(&out, '\n');
	}
	cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
}

static int
connect_work(struct local *local, void *arg)
{
	const struct options *options = arg;
	const struct config *config = hub_config(local_hub(local));
	bool json = option_is_given(options, OPTION_JSON);
	struct look *rows;
	size_t n;
	int status = EXIT_DONE;
	struct err err = { 0 };
	struct buf out;

	if (!looks_wait(local, &rows, &n, &err))
		status = cli_fail(&err);
	buf_init(&out, NULL, 64 * MIB);
	if (json)
		put_file_json(config, &out);
	else
		buf_printf(&out, "%.*s: ok\n", SLICE_FMT(config->file));
	for (size_t i = 0; i < n; i++) {
		if (rows[i].health.state != PROVIDER_READY && status == EXIT_DONE)
			status = EXIT_UPSTREAM;
		if (json) {
			buf_puts(&out, i > 0 ? "," : "");
			put_row_json(local, config, &rows[i], &out);
		}
	}
	if (json)
		buf_puts(&out, "]}\n");
	else
		put_rows(rows, n, &out);
	status = cli_print(&out, status);
	for (size_t i = 0; i < n && !json; i++)
		tell_last_words(&rows[i]);
	if (!json)
		hidden_tell(local);
	mem_free(rows);
	return status;
}

int
check_run(struct options *options)
{
	if (option_is_given(options, OPTION_CONNECT))
		return local_run(options, LOCAL_PATIENT, connect_work, options);
	return check_file(options);
}
