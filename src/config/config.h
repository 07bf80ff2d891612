/*
 * config: bascule.yaml and the environment become one checked struct.  Every option is a row of one
 * table (config_options.c): name, type, place, default, range, reloadable, help.  From it come
 * parsing, docs/configuration.md, the JSON Schema for editors and the texts of errors, which all
 * say file, line, column, what is wrong, and the nearest known word.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/base.h"

/* A value that no formatter prints: there is no way to it but secret_reveal(). */
struct secret {
	struct slice hidden;
};
static inline struct slice
secret_reveal(struct secret secret)
{
	return secret.hidden;
}

enum config_transport { TRANSPORT_AUTO, TRANSPORT_HTTP, TRANSPORT_SSE, TRANSPORT_STDIO };
enum config_protocol { PROTOCOL_AUTO, PROTOCOL_LEGACY, PROTOCOL_MODERN };
enum config_session { SESSION_AUTO, SESSION_SHARED, SESSION_PER_CLIENT };
enum config_prefix { PREFIX_AUTO, PREFIX_ALWAYS, PREFIX_NEVER };
/* AUTH_TENANTS: who brings a credential that its own Atlassian site has confirmed. */
enum config_auth { AUTH_UNSET, AUTH_NONE, AUTH_TENANTS, AUTH_KEYS };

struct config_pair {
	struct slice name;
	struct secret value; /* environment values and headers may hold secrets */
};

/* Which tools of an upstream are offered, and how; all by their original names. */
struct config_tools {
	struct slice *allow, *deny; /* globs; deny wins; allow_n 0: all */
	size_t allow_n, deny_n;
	struct config_pair *rename, *describe; /* original name: new name, description */
	size_t rename_n, describe_n;
};

struct config_upstream {
	struct slice name;
	bool enabled;
	struct slice *command; /* command and args, n 0 when url is given */
	size_t command_n;
	struct config_pair *env;
	size_t env_n;
	struct slice cwd; /* absolute, or SLICE_NONE */
	struct slice url;
	struct config_pair *headers;
	size_t headers_n;
	struct slice tls_ca, tls_cert, tls_key; /* PEM files, absolute, or SLICE_NONE */
	enum config_transport transport;
	enum config_protocol protocol;
	enum config_session session;
	bool lazy;
	uint64_t idle_stop_ms, restarts; /* 0: never, without end */
	uint64_t timeout_ms, connect_timeout_ms;
	unsigned line; /* where it stands in the file, 0: not from a file */
	/* SHA-256 over everything above but name and line, and over what the files of tls hold: the
	 * same digest, the same upstream. */
	char digest[65];
	struct config_tools tools; /* may change while it runs */
};

/* A key of `auth.keys`: the key itself is not kept. */
struct config_key {
	struct slice name, tenant; /* tenant SLICE_NONE: none */
	unsigned char digest[SHA256_BYTES];
};

/* ---- Atlassian sites ------------------------------------------------------------------------- */

enum config_product { PRODUCT_JIRA, PRODUCT_CONFLUENCE };
enum config_deployment { DEPLOYMENT_AUTO, DEPLOYMENT_CLOUD, DEPLOYMENT_DATA_CENTER };
enum config_site_auth {
	SITE_AUTH_NONE, /* the caller brings it, or a proxy puts it in */
	SITE_AUTH_BASIC,
	SITE_AUTH_PAT,
	SITE_AUTH_OAUTH,  /* tokens of `bascule login`, refreshed */
	SITE_AUTH_BEARER, /* a token as it is */
	SITE_AUTH_CERT,
};

/* Whether a Cloud site is reached by its own address or by Atlassian's API gateway.  AUTO: by the
 * gateway with OAuth or a cloud id; else by its address, unless that refuses a scoped token. */
enum config_gateway { GATEWAY_AUTO, GATEWAY_ALWAYS, GATEWAY_NEVER };

/* One product of one site: Jira and Confluence of one entry are two of these. */
struct config_site {
	enum config_product product;
	struct slice name;     /* "": the primary */
	struct slice provider; /* "jira", "confluence", "jira_staging": its tools' prefix too */
	struct slice url;      /* without a slash at its end; SLICE_NONE: requests bring it */
	enum config_deployment deployment;

	enum config_site_auth auth;
	struct slice user;    /* basic */
	struct secret secret; /* token or password; OAuth: access token, if it was given */
	struct slice client_id, redirect_uri, scope,
	    cloud_id; /* OAuth; cloud_id also: API gateway */
	struct secret client_secret;
	struct slice oauth_server; /* OAuth: in front of authorize and token; SLICE_NONE: known */
	struct slice api;	   /* of the API gateway; without a slash at its end */
	enum config_gateway gateway;

	bool is_unverified; /* ssl_verify: false */
	struct slice tls_ca, tls_cert, tls_key;
	struct secret tls_key_password;
	struct slice proxy; /* URL, as it may hold a password: secret to the log */
	struct slice *no_proxy;
	size_t no_proxy_n;
	struct config_pair *headers; /* put into every request */
	size_t headers_n;
	struct slice *passthrough; /* names of fields taken from the client's request */
	size_t passthrough_n;
	uint64_t timeout_ms;  /* 75 s */
	uint64_t retry_total; /* repeats of reads */
	uint64_t retry_backoff_ms;
	bool retry_writes;
	uint64_t concurrent, per_second;		 /* 0: no cap */
	uint64_t breaker_threshold, breaker_cooldown_ms; /* 0: none */
	uint64_t limit_max;				 /* of every `limit` argument; 0: none */

	struct slice *filter; /* project keys or space keys that may be seen; n 0: all */
	size_t filter_n;
	struct slice *internal_only; /* JSM projects whose comments must be internal */
	size_t internal_only_n;
	bool no_markup;		       /* DISABLE_JIRA_MARKUP_TRANSLATION */
	struct slice *hierarchy_links; /* "child:PHRASE", "parent:PHRASE" */
	size_t hierarchy_links_n;
	struct slice *sla_metrics; /* n 0: those of the tool */
	size_t sla_metrics_n;
	bool sla_working_hours;			       /* counted where a call does not say it */
	struct slice sla_start, sla_end, sla_timezone; /* "09:00", "17:00", IANA name */
	struct slice *sla_days;			       /* "1" Monday to "7"; n 0: "1" to "5" */
	size_t sla_days_n;

	unsigned line; /* 0: from the environment */
	/* SHA-256 over everything above but line, and over what the files of tls hold: the same
	 * provider with the same digest is the same site. */
	char digest[65];
};
/* By the host of its url, or because OAuth has a cloud id; false: it has to be asked. */
bool config_site_is_cloud(const struct config_site *site);

struct config_atlassian {
	/* Primaries first; providers differ.  With is_tenants both primaries are there: one that is
	 * not configured has no url, SITE_AUTH_NONE, and the settings for what requests bring. */
	struct config_site *sites;
	size_t sites_n;
	bool is_tenants;		/* requests bring sites and credentials of their own */
	bool allow_operator_credential; /* ALLOW_GLOBAL_CRED_FALLBACK */
	bool ignore_headers;		/* IGNORE_HEADER_AUTH */
	struct slice *tenants_allow;	/* hosts that requests may name: exact, or "*.suffix" */
	size_t tenants_allow_n;		/* at least one */
	uint64_t validation_ttl_ms, validation_max; /* 300 s, 100; 0: no cache */
	struct slice *compat;			    /* as written */
	size_t compat_n;
	bool compat_classic; /* compat: [mcp-jira-confluence] */
	uint64_t watch_ms;   /* between looks at what is subscribed to; 0: no subscriptions */
	bool is_read_only;
	struct slice *toolsets; /* "all", "default", names; n 0: all */
	size_t toolsets_n;
	struct slice *enabled_tools; /* as clients see them; n 0: all */
	size_t enabled_tools_n;
	bool json_in_text;    /* results as JSON text too, for clients that read only text */
	struct slice sandbox; /* "127.0.0.1:8090": served there too; SLICE_NONE: no sandbox */
	struct slice spool;   /* folder of files that may be uploaded; SLICE_NONE: none may */
	uint64_t inline_bytes, upload_bytes; /* of downloads in one result; of one file sent */
	uint64_t result_bytes;		     /* of one result's JSON, else it comes in parts */
};

struct config {
	struct arena arena; /* everything here lives in it */
	struct slice file;  /* SLICE_NONE: no file */

	bool listen_stdio;
	struct slice *listen_http; /* addresses as written: "127.0.0.1:8080", "unix:/path" */
	size_t listen_http_n;
	bool listen_stateless;
	struct slice *listen_hosts;
	size_t listen_hosts_n;
	enum config_auth auth;
	struct config_key *keys; /* AUTH_KEYS: at least one */
	size_t keys_n;

	struct slice separator;
	enum config_prefix prefix;
	uint64_t name_max;	/* namespace.max */
	struct secret seal_key; /* what is sealed can be opened by all who have it; or empty */
	uint64_t start_wait_ms;

	struct config_upstream *upstreams;
	size_t upstreams_n;
	bool is_proxy_form;
	struct config_atlassian atlassian;

	uint64_t limit_message_bytes, limit_memory_bytes, limit_in_flight, limit_parked,
	    limit_ask_ms;
	uint64_t limit_sessions, limit_session_idle_ms;

	enum log_level log_level;
	enum log_format log_format;
	struct slice state; /* directory, absolute */
};

/* Where a value came from, for `config_load`. All may be SLICE_NONE / NULL. */
struct config_source {
	const char *file;	    /* -c; NULL: the search order of the contract */
	const char *env_file;	    /* --env-file */
	const char *const *environ; /* NULL-ended; where ${NAME} and the search order look */
	/* Variables that options of the command line stand for: they win over the env file, which
	 * wins over environ. */
	const struct config_pair *flags;
	size_t flags_n;
};

/*
 * Loads and checks.  No file found: the sites of the environment (docs/atlassian.md), and where it
 * has none, ERR_CONFIG with the next step.  With a file the environment configures nothing; it is
 * there for ${NAME}.  *out is owned by the caller.  Warnings (deprecated spellings, sites that are
 * skipped, variables that mean nothing) go to log.
 */
MUST_CHECK bool config_load(
    const struct config_source *source, struct log *log, struct config **out, struct err *err);
/* The same from text; name stands for the file in errors, dir is what relative paths are relative
 * to. */
MUST_CHECK bool config_parse(struct slice text, const char *name, const char *dir,
    const char *const *environ, struct log *log, struct config **out, struct err *err);
/* An empty configuration with every default (for commands that bring their own upstream). */
struct config *config_default(void);
void config_free(struct config **config);

/* Checks that need the whole: listen addresses against auth, names, at least one upstream. */
MUST_CHECK bool config_check(const struct config *config, struct err *err);

/* Names (comma-separated) of options that differ and cannot be changed by a reload; false: none do.
 */
bool
config_needs_restart(const struct config *before, const struct config *after, struct buf *names);

/*
 * The configuration of another program (MCP clients' lists of servers as JSON, gatekit's YAML) as
 * the text of a bascule.yaml.  What has no place in it becomes a comment, and a line of notes.
 * Literal secrets are not copied: ${NAME} stands for them.  report->notes is the caller's buf.
 */
struct config_import {
	const char *of; /* what it was */
	unsigned servers, left_out, notes_n;
	struct buf notes;
};
MUST_CHECK bool config_import(struct slice text, const char *name, struct buf *out,
    struct config_import *report, struct err *err);

/* The tables of docs/atlassian.md: what each variable of the environment does here. */
void config_print_variables(struct buf *out);
/* Documentation from the table of options: Markdown page, JSON Schema. */
void config_print_markdown(struct buf *out);
void config_print_schema(struct buf *out);

/* Durations `ms s m h d` and sizes `B KiB MiB GiB`; a bare number is an error (text says so). */
MUST_CHECK bool config_duration(struct slice text, uint64_t *ms, struct err *err);
MUST_CHECK bool config_size(struct slice text, uint64_t *bytes, struct err *err);

#endif
