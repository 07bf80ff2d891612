/*
 * `bascule connect`: a client that speaks over stdin and stdout, and one remote server.  It is
 * `serve` with a configuration of its own, made from the command line and the environment: one
 * upstream, no prefix, no HTTP.
 *
 * The configuration is written as text and read like any other, so that URLs and headers are
 * checked in one place and `${NAME}` in them works; headers never stand in an error or in the log.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define TEXT_BYTES (256 * KIB)

/* Tokens that the environment may hold for the server. */
static const struct {
	const char *variable, *header, *before;
	bool only_sse_url; /* not for a URL of the command line: it could be anybody's */
} tokens[] = {
	{ "API_ACCESS_TOKEN", "Authorization", "Bearer ", false },
	{ "JIRA_PERSONAL_TOKEN", "X-Jira-Token", "", true },
	{ "CONFLUENCE_PERSONAL_TOKEN", "X-Confluence-Token", "", true },
};

static bool
has_header(const struct options *options, const char *name)
{
	for (unsigned i = 0; i < options->headers_n; i++) {
		struct slice rest;
		struct slice given =
		    slice_trim(slice_cut(slice_of(options->headers[i]), ':', &rest));

		if (slice_eq_nocase(given, slice_of(name)))
			return true;
	}
	return false;
}

/* The value stays in the environment; what is written is where it stands. */
static unsigned
put_tokens(const struct options *options, struct buf *out)
{
	bool is_sse_url = options->words_n == 0;
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(tokens); i++) {
		if (cli_variable(options, tokens[i].variable) == NULL ||
		    (tokens[i].only_sse_url && !is_sse_url) ||
		    has_header(options, tokens[i].header))
			continue;
		buf_printf(out, "      \"%s\": \"%s${%s}\"\n", tokens[i].header, tokens[i].before,
		    tokens[i].variable);
		n++;
	}
	return n;
}

MUST_CHECK static bool
put_headers(const struct options *options, struct buf *out, struct err *err)
{
	size_t at = out->n;
	unsigned n;

	buf_puts(out, "    headers:\n");
	n = put_tokens(options, out) + options->headers_n;
	for (unsigned i = 0; i < options->headers_n; i++) {
		struct slice value;
		struct slice name = slice_cut(slice_of(options->headers[i]), ':', &value);

		if (value.p == NULL || slice_trim(name).n == 0)
			return err_set(err, ERR_USAGE,
			    "connect: header %u has no name and colon: write -H 'NAME: VALUE'",
			    i + 1);
		buf_puts(out, "      ");
		buf_json_string(out, slice_trim(name));
		buf_puts(out, ": ");
		buf_json_string(out, slice_trim(value));
		buf_putc(out, '\n');
	}
	if (n == 0)
		out->n = at;
	return true;
}

MUST_CHECK static bool
transport_check(const char *name, struct err *err)
{
	static const char *const known[] = { "auto", "http", "sse" };

	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return err_set(
	    err, ERR_USAGE, "connect: --transport is auto, http or sse, not \"%.40s\"", name);
}

MUST_CHECK static bool
text_make(const struct options *options, struct buf *out, struct err *err)
{
	const char *transport = options->value[OPTION_TRANSPORT];
	const char *timeout = options->value[OPTION_TIMEOUT], *url;
	uint64_t timeout_ms;

	url = options->words_n > 0 ? options->words[0] : cli_variable(options, "SSE_SERVER_URL");
	if (url == NULL)
		return err_set(err, ERR_USAGE,
		    "connect: no server: write bascule connect URL, or set SSE_SERVER_URL");
	if (transport != NULL && strcmp(transport, "streamable-http") == 0)
		transport = "http";
	if (transport != NULL && !transport_check(transport, err))
		return false;
	if (timeout != NULL && !config_duration(slice_of(timeout), &timeout_ms, err)) {
		err->kind = ERR_USAGE;
		return err_prefix(err, "connect: --timeout");
	}
	buf_printf(out,
	    "listen: {stdio: true, http: []}\n"
	    "namespace: {prefix: never}\n"
	    "start_wait: 10s\n"
	    "upstreams:\n"
	    "  - name: remote\n"
	    "    transport: %s\n"
	    "    timeout: \"%s\"\n"
	    "    url: ",
	    transport != NULL ? transport : "auto", timeout != NULL ? timeout : "60s");
	buf_json_string(out, slice_of(url));
	buf_putc(out, '\n');
	return put_headers(options, out, err) && buf_check(out, err);
}

/* What is wrong is on the command line: the place in the text says nothing to anyone. */
static void
usage_of(struct err *err)
{
	char *text = strstr(err->text, ": ");
	struct err from = *err;

	if (text == NULL || err->line == 0)
		return;
	err_set(err, ERR_USAGE, "connect: %s", from.text + (text + 2 - err->text));
}

MUST_CHECK static bool
connect_config(struct options *options, struct log *log, struct config **out, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, NULL, TEXT_BYTES);
	ok = text_make(options, &text, err);
	if (ok &&
	    !config_parse(buf_view(&text), "connect", NULL, options->environ, log, out, err)) {
		usage_of(err);
		ok = false;
	}
	buf_fini(&text);
	if (!ok)
		return false;
	(*out)->file = SLICE_NONE;
	(*out)->upstreams[0].line = 0;
	ok = config_check(*out, err);
	if (!ok)
		config_free(out);
	return ok;
}

int
connect_run(struct options *options)
{
	return serve_with(options, connect_config);
}
