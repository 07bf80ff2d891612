/*
 * One entry of `upstreams`: what the table cannot say of it.  Command or URL, which options belong
 * to which of them, command and args as one list, auth as a header, and the digest by which a
 * reload finds out whether a running upstream is still the one that is configured.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define HEADERS_BYTES (64 * KIB) /* of all headers of an upstream */

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Tab and everything that is no control character. */
static bool
is_header_value(struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool
config_check_env(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	(void)value;
	for (size_t i = 0; i < node->key.n; i++)
		if ((unsigned char)node->key.p[i] <= ' ' || node->key.p[i] == '=' ||
		    node->key.p[i] == 0x7f)
			return CONFIG_FAIL_KEY(load, node, err, "\"%s\" cannot name a variable",
			    config_show(node->key).text);
	return true;
}

bool
config_check_header(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const struct slice ours[] = {
		S("Host"),
		S("Connection"),
		S("Keep-Alive"),
		S("Content-Length"),
		S("Content-Type"),
		S("Transfer-Encoding"),
		S("TE"),
		S("Trailer"),
		S("Upgrade"),
		S("Expect"),
		S("Accept"),
		S("Mcp-Session-Id"),
		S("MCP-Protocol-Version"),
		S("Last-Event-ID"),
	};

	for (size_t i = 0; i < node->key.n; i++)
		if (!is_token_char(node->key.p[i]))
			return CONFIG_FAIL_KEY(load, node, err, "\"%s\" cannot name a header",
			    config_show(node->key).text);
	for (size_t i = 0; i < COUNT(ours); i++)
		if (slice_eq_nocase(node->key, ours[i]))
			return CONFIG_FAIL_KEY(load, node, err,
			    "the header %s is set by bascule: leave it out",
			    config_show(node->key).text);
	if (!is_header_value(*value))
		return CONFIG_FAIL_NODE(load, node, err,
		    "the value of header %s holds a control character, perhaps a line end",
		    config_show(node->key).text);
	*value = slice_trim(*value);
	return true;
}

/* ---- url ------------------------------------------------------------------------------------- */

/* Says what is wrong with the host and port; NULL: nothing. */
static const char *
authority_fault(struct slice authority)
{
	struct slice port = SLICE_NONE, host;
	uint64_t number;

	if (memchr(authority.p, '@', authority.n) != NULL)
		return "must not hold user and password: use headers or auth";
	if (slice_starts(authority, S("["))) {
		host = slice_cut(authority, ']', &port);
		if (port.p == NULL || host.n < 3 || (port.n > 0 && port.p[0] != ':'))
			return "has an address in brackets that does not end";
		port = port.n > 0 ? (struct slice){ port.p + 1, port.n - 1 } : SLICE_NONE;
	} else {
		host = slice_cut(authority, ':', &port);
	}
	if (host.n == 0)
		return "has no host";
	if (port.p != NULL && (!slice_to_u64(port, 65535, &number) || number == 0))
		return "must have a port between 1 and 65535";
	return NULL;
}

/* Says what is wrong; NULL: nothing. */
static const char *
url_fault(struct slice url)
{
	bool is_plain = slice_starts(url, S("http://"));
	size_t scheme = is_plain ? 7 : 8, end;

	if (!is_plain && !slice_starts(url, S("https://")))
		return "must begin with http:// or https://";
	if (url.n > 8 * KIB)
		return "must not be longer than 8 KiB";
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= ' ' || (unsigned char)url.p[i] >= 0x7f)
			return "holds a blank, a control or a non-ASCII character";
	if (memchr(url.p, '#', url.n) != NULL)
		return "must not have a fragment (\"#\")";
	for (end = scheme; end < url.n && strchr("/?\\", url.p[end]) == NULL;)
		end++;
	if (end < url.n && url.p[end] != '/')
		return "needs \"/\" after the host";
	return authority_fault((struct slice){ url.p + scheme, end - scheme });
}

bool
config_check_url(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	const char *fault = url_fault(*value);

	if (fault != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "the url %s", fault);
	return true;
}

/* ---- the entry as a whole -------------------------------------------------------------------- */

struct entry {
	struct config_load *load;
	const char *shown;
	const struct node *node;
	struct config_draft *draft;
};

/* Options that only one of the two kinds has. */
static const struct {
	const char *key, *needs;
} belongs[] = {
	{ "args", "command" },
	{ "env", "command" },
	{ "cwd", "command" },
	{ "sandbox", "command" },
	{ "headers", "url" },
	{ "auth", "url" },
	{ "tls", "url" },
};

static bool
kind_check(const struct entry *entry, struct err *err)
{
	const struct node *command = config_node_find(entry->node, "command");
	const struct node *url = config_node_find(entry->node, "url");

	if (command == NULL && url == NULL)
		return CONFIG_FAIL_NODE(
		    entry->load, entry->node, err, "%s needs \"command\" or \"url\"", entry->shown);
	if (command != NULL && url != NULL)
		return CONFIG_FAIL_KEY(entry->load, command->line > url->line ? command : url, err,
		    "%s has both \"command\" and \"url\": it can have one", entry->shown);
	for (size_t i = 0; i < COUNT(belongs); i++) {
		const struct node *node = config_node_find(entry->node, belongs[i].key);

		if (node != NULL && config_node_find(entry->node, belongs[i].needs) == NULL)
			return CONFIG_FAIL_KEY(entry->load, node, err,
			    "\"%s\" belongs to upstreams with \"%s\", "
			    "and %s has none",
			    belongs[i].key, belongs[i].needs, entry->shown);
	}
	return true;
}

static bool
transport_check(const struct entry *entry, struct err *err)
{
	enum config_transport transport = entry->draft->upstream.transport;
	bool has_url = entry->draft->upstream.url.n > 0;
	const struct node *node = config_node_find(entry->node, "transport");

	if (transport == TRANSPORT_AUTO || has_url == (transport != TRANSPORT_STDIO))
		return true;
	return CONFIG_FAIL_NODE(entry->load, node, err, "transport %s does not go with \"%s\"",
	    config_show(node->text).text, has_url ? "url" : "command");
}

/* command and args become one list; a program with a slash is relative to the file. */
static bool
command_join(const struct entry *entry, struct err *err)
{
	struct config_upstream *upstream = &entry->draft->upstream;
	const struct node *node = config_node_find(entry->node, "command");
	size_t n = upstream->command_n + entry->draft->args_n;
	struct slice *all, *program;

	if (node == NULL)
		return true;
	if (node->kind == NODE_LIST)
		node = node->first;
	if (!arena_reserve(&entry->load->config->arena, n * sizeof(*all), err))
		return false;
	all = ARENA_ARRAY(&entry->load->config->arena, struct slice, n);
	memcpy(all, upstream->command, upstream->command_n * sizeof(*all));
	if (entry->draft->args_n > 0)
		memcpy(all + upstream->command_n, entry->draft->args,
		    entry->draft->args_n * sizeof(*all));
	program = &all[0];
	if (program->n == 0)
		return CONFIG_FAIL_NODE(entry->load, node, err, "the program is empty");
	if (config_node_find(entry->node, "command")->kind == NODE_TEXT &&
	    (memchr(program->p, ' ', program->n) != NULL ||
		memchr(program->p, '\t', program->n) != NULL))
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "no shell reads the command: write it as a list, [program, argument]");
	if ((memchr(program->p, '/', program->n) != NULL || program->p[0] == '~') &&
	    !config_path_absolute(entry->load, node, program, err))
		return false;
	upstream->command = all;
	upstream->command_n = n;
	return true;
}

/* The texts of a node that is one or a list of them, behind what written has. */
static void
written_put(struct config_upstream *upstream, const struct node *node)
{
	if (node == NULL || node->kind == NODE_MAP || config_node_is_null(node))
		return;
	if (node->kind == NODE_TEXT) {
		upstream->written[upstream->written_n++] = node->text;
		return;
	}
	for (const struct node *one = node->first; one != NULL; one = one->next)
		upstream->written[upstream->written_n++] = one->text;
}

/* What is started or reached, as the file has it: it can be shown, its secrets stand elsewhere. */
static bool
written_keep(const struct entry *entry, struct err *err)
{
	static const char *const keys[] = { "command", "args", "url" };
	struct config_upstream *upstream = &entry->draft->upstream;
	struct arena *arena = &entry->load->config->arena;
	size_t n = upstream->command_n + 1;

	if (!arena_reserve(arena, n * sizeof(*upstream->written), err))
		return false;
	upstream->written = ARENA_ARRAY(arena, struct slice, n);
	for (size_t i = 0; i < COUNT(keys); i++)
		written_put(upstream, config_node_find(entry->node, keys[i]));
	for (size_t i = 0; i < upstream->written_n; i++)
		if (!config_dup(entry->load, upstream->written[i], &upstream->written[i], err))
			return false;
	return true;
}

/* `auth: {type: bearer, token: T}` is another way to write a header. */
static bool
auth_apply(const struct entry *entry, struct err *err)
{
	struct config_upstream *upstream = &entry->draft->upstream;
	const struct node *node = config_node_find(entry->node, "auth");
	struct slice token = secret_reveal(entry->draft->auth_token);
	struct config_pair *headers;
	char *value;

	if (node == NULL || config_node_is_null(node))
		return true;
	if (entry->draft->auth_type == 0)
		return CONFIG_FAIL_NODE(
		    entry->load, node, err, "%s.auth needs \"type: bearer\"", entry->shown);
	if (token.n == 0)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s.auth needs a \"token\" that is not empty", entry->shown);
	for (size_t i = 0; i < token.n; i++)
		if ((unsigned char)token.p[i] <= ' ' || (unsigned char)token.p[i] >= 0x7f)
			return CONFIG_FAIL_NODE(entry->load, config_node_find(node, "token"), err,
			    "the token holds a blank, a control or a non-ASCII character");
	if (!arena_reserve(&entry->load->config->arena,
		(upstream->headers_n + 1) * sizeof(*headers) + token.n + 7, err))
		return false;
	headers =
	    ARENA_ARRAY(&entry->load->config->arena, struct config_pair, upstream->headers_n + 1);
	if (upstream->headers_n > 0)
		memcpy(headers, upstream->headers, upstream->headers_n * sizeof(*headers));
	value = arena_bytes(&entry->load->config->arena, token.n + 7);
	memcpy(value, "Bearer ", 7);
	memcpy(value + 7, token.p, token.n);
	headers[upstream->headers_n].name = S("Authorization");
	headers[upstream->headers_n].value.hidden = (struct slice){ value, token.n + 7 };
	upstream->headers = headers;
	upstream->headers_n++;
	return true;
}

static bool
headers_check(const struct entry *entry, struct err *err)
{
	const struct config_upstream *upstream = &entry->draft->upstream;
	const struct node *node = config_node_find(entry->node, "headers");
	size_t total = 0;

	for (size_t i = 0; i < upstream->headers_n; i++) {
		total +=
		    upstream->headers[i].name.n + secret_reveal(upstream->headers[i].value).n + 4;
		for (size_t j = 0; j < i; j++)
			if (slice_eq_nocase(upstream->headers[i].name, upstream->headers[j].name))
				return CONFIG_FAIL_NODE(entry->load, node, err,
				    "the header %s is set twice "
				    "(case does not count; \"auth\" sets Authorization)",
				    config_show(upstream->headers[i].name).text);
	}
	if (total > HEADERS_BYTES)
		return CONFIG_FAIL_NODE(entry->load, node != NULL ? node : entry->node, err,
		    "the headers are longer than %zu KiB together", HEADERS_BYTES / KIB);
	return true;
}

/* ---- digest ---------------------------------------------------------------------------------- */

void
config_digest_put(struct buf *buf, struct slice s)
{
	buf_printf(buf, "%d%zu:", s.p != NULL, s.n);
	buf_put(buf, s);
}

void
config_digest_put_pairs(struct buf *buf, const struct config_pair *pairs, size_t n)
{
	buf_printf(buf, "%zu;", n);
	for (size_t i = 0; i < n; i++) {
		config_digest_put(buf, pairs[i].name);
		config_digest_put(buf, secret_reveal(pairs[i].value));
	}
}

/* Every field with its length, so that no two settings read alike. */
static bool
digest_make(const struct entry *entry, struct err *err)
{
	struct config_upstream *upstream = &entry->draft->upstream;
	struct config_tls tls = { upstream->url, upstream->tls_ca, upstream->tls_cert,
		upstream->tls_key, NULL };
	struct slice text;
	struct buf buf;
	bool ok;

	buf_init(&buf, NULL, 64 * MIB);
	buf_printf(&buf, "%d %d %d %d %d %llu %llu %llu %llu %zu;", upstream->enabled,
	    (int)upstream->transport, (int)upstream->protocol, (int)upstream->session,
	    upstream->lazy, (unsigned long long)upstream->idle_stop_ms,
	    (unsigned long long)upstream->restarts, (unsigned long long)upstream->timeout_ms,
	    (unsigned long long)upstream->connect_timeout_ms, upstream->command_n);
	for (size_t i = 0; i < upstream->command_n; i++)
		config_digest_put(&buf, upstream->command[i]);
	config_digest_put_pairs(&buf, upstream->env, upstream->env_n);
	config_digest_put(&buf, upstream->cwd);
	config_isolation_digest(&buf, &upstream->sandbox);
	config_digest_put(&buf, upstream->url);
	config_digest_put_pairs(&buf, upstream->headers, upstream->headers_n);
	config_digest_put(&buf, upstream->tls_ca);
	config_digest_put(&buf, upstream->tls_cert);
	config_digest_put(&buf, upstream->tls_key);
	ok = config_tls_check(entry->load, &tls, entry->node, &buf, err) && buf_check(&buf, err);
	text = buf_view(&buf);
	if (ok)
		sha256_hex(&text, 1, upstream->digest);
	buf_fini(&buf);
	return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool
entry_finish(const struct entry *entry, struct err *err)
{
	return kind_check(entry, err) && transport_check(entry, err) && command_join(entry, err) &&
	    written_keep(entry, err) && auth_apply(entry, err) && headers_check(entry, err) &&
	    config_tools_check(entry->load, &entry->draft->upstream.tools, entry->node, err) &&
	    config_isolation_finish(
		entry->load, entry->node, &entry->draft->upstream.sandbox, err) &&
	    digest_make(entry, err);
}

bool
config_upstream_read(struct config_load *load, const struct config_upstream_form *form,
    const char *shown, const struct node *node, struct config_upstream *out, struct err *err)
{
	struct config_draft draft = { .upstream.line = node->line };
	struct entry entry = { load, shown, node, &draft };
	struct config_walk walk = {
		.load = load, .base = &draft, .other = form->other, .hint = form->hint
	};

	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(load, node, err,
		    "%s must be a map with \"name\", and \"command\" or "
		    "\"url\"",
		    shown);
	walk.rows = config_options(&walk.rows_n);
	config_value_defaults(
	    walk.rows, walk.rows_n, S(CONFIG_UPSTREAMS), &draft, &load->config->arena);
	if (form->timeout_ms > 0)
		draft.upstream.timeout_ms = form->timeout_ms;
	if (form->connect_timeout_ms > 0)
		draft.upstream.connect_timeout_ms = form->connect_timeout_ms;
	if (!config_walk_map(&walk, S(CONFIG_UPSTREAMS), shown, node, err) ||
	    !entry_finish(&entry, err))
		return false;
	*out = draft.upstream;
	return true;
}

bool
config_upstreams_read(struct config_load *load, const struct config_upstream_form *form,
    const char *shown, const struct node *list, struct err *err)
{
	struct config *config = load->config;
	const struct node *node = list->first;

	if (config_node_is_null(list))
		return true;
	if (list->kind != NODE_LIST)
		return CONFIG_FAIL_NODE(
		    load, list, err, "%s must be a list: put \"- \" before each entry", shown);
	if (list->children > CONFIG_UPSTREAMS_MAX)
		return CONFIG_FAIL_NODE(
		    load, list, err, "more than %d upstreams", CONFIG_UPSTREAMS_MAX);
	if (!arena_reserve(&config->arena, (list->children + 1) * sizeof(*config->upstreams), err))
		return false;
	config->upstreams = ARENA_ARRAY(&config->arena, struct config_upstream, list->children + 1);
	for (size_t i = 0; i < list->children; i++, node = node->next) {
		char name[64];

		snprintf(name, sizeof(name), "%s[%zu]", shown, i);
		if (!config_upstream_read(load, form, name, node, &config->upstreams[i], err))
			return false;
		config->upstreams_n++;
	}
	return true;
}
