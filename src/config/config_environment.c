/*
 * The environment of the Python Atlassian servers as a configuration, where there is no file: what
 * concerns the process.  Its sites are read in config_site_env.c.
 *
 * Variables that mean something there and nothing here are named in a warning, so that nobody
 * relies on them.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

/* ---- reading one variable -------------------------------------------------------------------- */

bool
config_env_word(const struct config_load *load, const char *name, struct slice *value)
{
	struct slice wanted = slice_of(name);
	char lower[80];

	if (config_env_get(load, wanted, value)) {
		*value = slice_trim(*value);
		if (value->n > 0)
			return true;
	}
	if (!slice_ends(wanted, S("_PROXY")) || wanted.n >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= wanted.n; i++)
		lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	if (!config_env_get(load, slice_of(lower), value))
		return false;
	*value = slice_trim(*value);
	return value->n > 0;
}

bool
config_env_is_true(const struct config_load *load, const char *name)
{
	static const struct slice words[] = { S("true"), S("1"), S("yes"), S("y"), S("on") };
	size_t n = strcmp(name, "READ_ONLY_MODE") == 0 ? COUNT(words) : 3;
	struct slice value;

	if (!config_env_word(load, name, &value))
		return false;
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(value, words[i]))
			return true;
	return false;
}

MUST_CHECK static bool
node_new(struct config_load *load, struct slice text, struct node **out, struct err *err)
{
	if (!arena_reserve(&load->tree, sizeof(**out) + 16, err))
		return false;
	*out = ARENA_NEW(&load->tree, struct node);
	(*out)->text = text;
	(*out)->is_literal = true;
	return true;
}

/* "a, b" as a list, "k=v, l=w" as a map; empty ones are left out. */
MUST_CHECK static bool
parts_split(struct config_load *load, enum option_type type, struct slice text, struct node *into,
    struct err *err)
{
	into->kind = type == OPTION_PAIRS ? NODE_MAP : NODE_LIST;
	while (text.p != NULL) {
		struct slice part = slice_trim(slice_cut(text, ',', &text)), value = part;
		struct node *node;

		if (part.n == 0)
			continue;
		if (type == OPTION_PAIRS) {
			part = slice_trim(slice_cut(part, '=', &value));
			if (value.p == NULL || part.n == 0)
				return err_set(
				    err, ERR_CONFIG, "one of its parts is not NAME=VALUE");
			value = slice_trim(value);
		}
		if (!node_new(load, value, &node, err))
			return false;
		node->key = part;
		*(into->last != NULL ? &into->last->next : &into->first) = node;
		into->last = node;
		into->children++;
	}
	return true;
}

/* Seconds with a fraction as a duration; a rate with one as the next whole number. */
static struct slice
number_text(struct config_load *load, enum option_type type, struct slice text)
{
	struct slice fraction, whole = slice_cut(text, '.', &fraction);
	uint64_t seconds, part = 0, digit;
	unsigned unit = 100;

	if (!slice_to_u64(whole.n > 0 ? whole : S("0"), 1000000000, &seconds) || text.n > 32)
		return text;
	for (size_t i = 0; i < fraction.n; i++, unit /= 10) {
		if (!slice_to_u64((struct slice){ fraction.p + i, 1 }, 9, &digit))
			return text;
		part += digit * unit;
	}
	if (type == OPTION_DURATION)
		return arena_printf(
		    &load->tree, "%llums", (unsigned long long)seconds * 1000 + part);
	return arena_printf(&load->tree, "%llu", (unsigned long long)seconds + (part > 0));
}

bool
config_env_set(struct config_load *load, const struct config_option *option, const char *variable,
    struct slice text, void *base, struct err *err)
{
	struct node *node;

	if (!node_new(load, text, &node, err))
		return false;
	switch (option->type) {
	case OPTION_LIST:
	case OPTION_ONE_OR_LIST:
	case OPTION_PAIRS:
		if (!parts_split(load, option->type, text, node, err))
			return false;
		break;
	case OPTION_COUNT:
	case OPTION_DURATION:
		node->text = number_text(load, option->type, text);
		break;
	default:
		break;
	}
	return config_value_set(load, option, variable, node, base, err);
}

/* ---- the process ----------------------------------------------------------------------------- */

/* Options of the root that a variable sets as it is. */
static const struct {
	const char *variable, *option, *help;
} settings[] = {
	{ "READ_ONLY_MODE", "atlassian.read_only", "Tools that write are hidden and refused." },
	{ "ENABLED_TOOLS", "atlassian.enabled_tools", "Names of the tools that are offered." },
	{ "TOOLSETS", "atlassian.toolsets",
	    "Sets of tools that are offered: `all`, `default` or names, with commas." },
	{ "ALLOW_GLOBAL_CRED_FALLBACK", "atlassian.tenants.operator_credential",
	    "Requests over HTTP without a credential use the configured one." },
	{ "IGNORE_HEADER_AUTH", "atlassian.tenants.ignore_headers",
	    "Sites and credentials in headers are not looked at." },
	{ "MCP_ATLASSIAN_VALIDATION_CACHE_TTL", "atlassian.validation.ttl",
	    "Seconds for which a credential counts as confirmed." },
	{ "MCP_ATLASSIAN_VALIDATION_CACHE_MAXSIZE", "atlassian.validation.max",
	    "Credentials that are remembered as confirmed." },
};

/* Those that are read below, for the documentation. */
static const struct {
	const char *variable, *help;
} others[] = {
	{ "ATLASSIAN_OAUTH_ENABLE",
	    "Requests bring sites and credentials of their own; over HTTP it is `auth: tenants`." },
	{ "ATLASSIAN_EXTERNAL_AUTH_ENABLE",
	    "Sites need no credential: a proxy in between puts it in." },
	{ "MCP_ALLOWED_URL_DOMAINS",
	    "Hosts, and all below them, that requests may name beside those of Atlassian Cloud." },
	{ "TRANSPORT", "`stdio`, `streamable-http` (or `http`) or `sse`; the last two are one." },
	{ "HOST", "Address for HTTP; 127.0.0.1 where it is not set." },
	{ "PORT", "Port for HTTP; 8000 where it is not set." },
	{ "SSE_HOST", "The same, where `HOST` is not set." },
	{ "SSE_PORT", "The same, where `PORT` is not set; without `TRANSPORT` it means HTTP." },
	{ "PUBLIC_BASE_URL",
	    "Its host is allowed in Host and Origin (`listen.hosts`), beside addresses." },
	{ "STREAMABLE_HTTP_PATH", "No effect: the paths are `/mcp` and `/sse`." },
	{ "MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE",
	    "No effect: the system's authorities are used always." },
	{ "STATELESS", "`listen.stateless`; only over HTTP." },
	{ "SSE_LOG_LEVEL", "`debug`, `info`, `warning` or `error`." },
	{ "MCP_VERBOSE", "`log.level: info`, which is the default." },
	{ "MCP_VERY_VERBOSE", "`log.level: debug`." },
};

static const struct {
	const char *variable, *help;
} ignored[] = {
	{ "MCP_LOGGING_STDOUT", "the log goes to stderr always" },
	{ "ATLASSIAN_OAUTH_PROXY_ENABLE", "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_INSTANCE_URL", "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_ALLOWED_CLIENT_REDIRECT_URIS",
	    "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_ALLOWED_GRANT_TYPES",
	    "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_REQUIRE_CONSENT",
	    "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_CLIENT_STORAGE_MODE",
	    "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_CLIENT_STORAGE_FACTORY",
	    "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_OAUTH_CLIENT_STORAGE_CONFIG_JSON",
	    "registration of OAuth clients is not in this version" },
	{ "ATLASSIAN_RETRY_IGNORE_RETRY_AFTER", "Retry-After is honoured always" },
};

static const struct config_option *
option_of(const char *path)
{
	const struct config_option *options;
	size_t n;

	options = config_options(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(options[i].path, path) == 0)
			return &options[i];
	must(!"a row names an option");
	return NULL;
}

/* A faulty number has its default; a faulty list of tools would offer more than was meant. */
MUST_CHECK static bool
settings_apply(struct config_load *load, struct err *err)
{
	for (size_t i = 0; i < COUNT(settings); i++) {
		const struct config_option *option = option_of(settings[i].option);
		struct slice value;

		if (!config_env_word(load, settings[i].variable, &value))
			continue;
		if (option->type == OPTION_BOOL)
			value =
			    config_env_is_true(load, settings[i].variable) ? S("true") : S("false");
		if (config_env_set(load, option, settings[i].variable, value, load->config, err))
			continue;
		if (!slice_starts(slice_of(err->text), slice_of(settings[i].variable)))
			err_prefix(err, "%s", settings[i].variable);
		if (option->type != OPTION_COUNT && option->type != OPTION_DURATION)
			return false;
		log_event(
		    load->log, LOG_WARN, "variable_faulty", "%s; the default is used", err->text);
	}
	return true;
}

MUST_CHECK static bool
tenants_apply(struct config_load *load, struct err *err)
{
	struct slice domains = SLICE_NONE;

	load->config->atlassian.is_tenants = config_env_is_true(load, "ATLASSIAN_OAUTH_ENABLE");
	if (load->config->atlassian.is_tenants)
		load->config->auth = AUTH_TENANTS;
	if (!config_env_word(load, "MCP_ALLOWED_URL_DOMAINS", &domains))
		domains = SLICE_NONE;
	return config_tenants_allow(load, domains, err) ||
	    err_prefix(err, "MCP_ALLOWED_URL_DOMAINS");
}

/* ---- listening and the log ------------------------------------------------------------------- */

MUST_CHECK static bool
listen_apply(struct config_load *load, struct err *err)
{
	struct config *config = load->config;
	struct slice transport = SLICE_NONE, host, port, sse_port;
	bool has_transport = config_env_word(load, "TRANSPORT", &transport);
	bool has_sse_port = config_env_word(load, "SSE_PORT", &sse_port), is_ip6;
	bool is_http = slice_eq_nocase(transport, S("http")) ||
	    slice_eq_nocase(transport, S("streamable-http")) ||
	    slice_eq_nocase(transport, S("sse")) || (!has_transport && has_sse_port);
	uint64_t number;

	if (has_transport && !is_http && !slice_eq_nocase(transport, S("stdio")))
		log_event(load->log, LOG_WARN, "variable_faulty",
		    "TRANSPORT must be stdio, streamable-http or sse, not \"%s\"; stdio is used",
		    config_show(transport).text);
	config->listen_stdio = !is_http;
	config->listen_http_n = 0;
	config->listen_stateless = is_http && config_env_is_true(load, "STATELESS");
	if (!is_http) {
		if (config_env_is_true(load, "STATELESS"))
			log_event(load->log, LOG_WARN, "variable_ignored",
			    "STATELESS has no effect: it belongs to TRANSPORT=streamable-http");
		return true;
	}
	if (!config_env_word(load, "HOST", &host) && !config_env_word(load, "SSE_HOST", &host))
		host = S("127.0.0.1");
	if (!config_env_word(load, "PORT", &port) && !config_env_word(load, "SSE_PORT", &port))
		port = S("8000");
	if (!slice_to_u64(port, 65535, &number))
		return err_set(err, ERR_CONFIG, "PORT must be a number from 0 to 65535, not \"%s\"",
		    config_show(port).text);
	if (host.n > 255)
		return err_set(err, ERR_CONFIG, "HOST is longer than 255 bytes");
	is_ip6 = host.p[0] != '[' && memchr(host.p, ':', host.n) != NULL;
	config->listen_http[0] = arena_printf(
	    &config->arena, is_ip6 ? "[%.*s]:%u" : "%.*s:%u", SLICE_FMT(host), (unsigned)number);
	config->listen_http_n = 1;
	return true;
}

/* The name that clients reach this gateway by. */
MUST_CHECK static bool
hosts_apply(struct config_load *load, struct err *err)
{
	struct node node = { .kind = NODE_TEXT };
	struct slice url, host;
	const char *start;
	struct err why = { 0 };

	if (!config_env_word(load, "PUBLIC_BASE_URL", &url))
		return true;
	start = memmem(url.p, url.n, "://", 3);
	if (start == NULL || url.n > 8 * KIB)
		host = url;
	else
		host = (struct slice){ start + 3, url.n - (size_t)(start + 3 - url.p) };
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == '/')
			host.n = i;
	node.text = host;
	if (config_check_host(load, &node, &host, &why))
		return config_env_set(
		    load, option_of("listen.hosts"), "PUBLIC_BASE_URL", host, load->config, err);
	log_event(load->log, LOG_WARN, "variable_faulty", "PUBLIC_BASE_URL: %s", why.text);
	return true;
}

static void
log_apply(struct config_load *load)
{
	static const struct {
		struct slice word;
		enum log_level level;
	} levels[] = {
		{ S("debug"), LOG_DEBUG },
		{ S("trace"), LOG_DEBUG },
		{ S("info"), LOG_INFO },
		{ S("warning"), LOG_WARN },
		{ S("warn"), LOG_WARN },
		{ S("error"), LOG_ERROR },
		{ S("critical"), LOG_ERROR },
	};
	struct slice word;

	if (config_env_is_true(load, "MCP_VERY_VERBOSE"))
		load->config->log_level = LOG_DEBUG;
	if (!config_env_word(load, "SSE_LOG_LEVEL", &word))
		return;
	for (size_t i = 0; i < COUNT(levels); i++)
		if (slice_eq_nocase(word, levels[i].word)) {
			load->config->log_level = levels[i].level;
			return;
		}
	log_event(load->log, LOG_WARN, "variable_faulty",
	    "SSE_LOG_LEVEL must be debug, info, warning or error, not \"%s\"",
	    config_show(word).text);
}

static void
ignored_say(const struct config_load *load)
{
	struct slice value;

	for (size_t i = 0; i < COUNT(ignored); i++)
		if (config_env_word(load, ignored[i].variable, &value))
			log_event(load->log, LOG_WARN, "variable_ignored", "%s has no effect: %s",
			    ignored[i].variable, ignored[i].help);
	if (config_env_word(load, "STREAMABLE_HTTP_PATH", &value) && !slice_eq(value, S("/mcp")) &&
	    !slice_eq(value, S("/mcp/")))
		log_event(load->log, LOG_WARN, "variable_ignored",
		    "STREAMABLE_HTTP_PATH has no effect: the paths are /mcp and /sse");
	if (config_env_word(load, "MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE", &value) &&
	    !config_env_is_true(load, "MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE"))
		log_event(load->log, LOG_WARN, "variable_ignored",
		    "MCP_ATLASSIAN_USE_SYSTEM_TRUSTSTORE has no effect: the system's authorities "
		    "are used");
}

/*
 * What options of the command line say of the process wins over a file too.  Where and whether HTTP
 * is served is the command's own affair there.
 */
bool
config_flags_apply(struct config_load *load, struct err *err)
{
	const char *const *environment = load->environ;
	size_t env_file_n = load->env_file_n;
	bool ok;

	load->environ = NULL;
	load->env_file_n = 0;
	ok = settings_apply(load, err);
	log_apply(load);
	load->config->listen_stateless |= config_env_is_true(load, "STATELESS");
	load->environ = environment;
	load->env_file_n = env_file_n;
	return ok;
}

/* ---- the whole ------------------------------------------------------------------------------- */

bool
config_environment_read(struct config_load *load, struct err *err)
{
	struct config_atlassian *atlassian = &load->config->atlassian;

	if (!tenants_apply(load, err) || !config_environment_sites(load, err))
		return false;
	if (atlassian->sites_n == 0 && !atlassian->is_tenants)
		load->fault = CONFIG_FAULT_MISSING;
	if (atlassian->sites_n == 0 && !atlassian->is_tenants)
		return err_set(err, ERR_CONFIG,
		    "no configuration file, and no site in the environment: write "
		    "~/.config/bascule/bascule.yaml or /etc/bascule/bascule.yaml, name a file with "
		    "-c FILE or $BASCULE_CONFIG, or set JIRA_URL and its credential");
	ignored_say(load);
	log_apply(load);
	return settings_apply(load, err) && listen_apply(load, err) && hosts_apply(load, err) &&
	    config_atlassian_finish(load, err);
}

void
config_print_variables(struct buf *out)
{
	config_print_site_variables(out);
	buf_puts(out, "\n| variable | option | |\n|---|---|---|\n");
	for (size_t i = 0; i < COUNT(settings); i++)
		buf_printf(out, "| `%s` | `%s` | %s |\n", settings[i].variable, settings[i].option,
		    settings[i].help);
	for (size_t i = 0; i < COUNT(others); i++)
		buf_printf(out, "| `%s` | | %s |\n", others[i].variable, others[i].help);
	for (size_t i = 0; i < COUNT(ignored); i++)
		buf_printf(
		    out, "| `%s` | no effect | %s |\n", ignored[i].variable, ignored[i].help);
}
