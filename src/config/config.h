/*
 * config: bascule.yaml and the environment become one checked struct.  Every option is a row of one
 * table (config_options.c): name, type, place, default, range, reloadable, help.  From it come
 * parsing, docs/configuration.md, the JSON Schema for editors and the texts of errors, which all
 * say file, line, column, what is wrong, and the nearest known word.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <time.h>

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
/* `tls: none`, or not: what `listen.tls` is where it names no certificate. */
enum config_listen_tls { LISTEN_TLS_UNSET, LISTEN_TLS_NONE };
#define CONFIG_CERTIFICATES_MAX 64
/* PEM files, absolute. */
struct config_certificate {
	struct slice cert, key;
};

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

/* NETWORK_LISTED: what `egress` lists, by a proxy. */
enum config_network { NETWORK_NONE, NETWORK_LOOPBACK, NETWORK_HOST, NETWORK_LISTED };

/* How the program of an upstream is kept apart (docs/isolation.md). Numbers 0: no limit. */
struct config_isolation {
	bool is_on;
	struct slice *read, *write, *hide; /* absolute paths; in read also "system" */
	size_t read_n, write_n, hide_n;
	enum config_network network;
	struct slice *egress; /* "host:port", "*.host:port" */
	size_t egress_n;
	uint64_t memory_bytes, cpu_ms, processes, files, file_bytes;
	struct slice *require; /* words of docs/isolation.md */
	size_t require_n;
};

struct config_upstream {
	struct slice name;
	bool enabled;
	struct slice *command; /* command and args, n 0 when url is given */
	size_t command_n;
	struct config_pair *env;
	size_t env_n;
	struct slice cwd; /* absolute, or SLICE_NONE */
	struct config_isolation sandbox;
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
	/* command and args, or url alone, as the file has them: nothing is put in for ${NAME}. */
	struct slice *written;
	size_t written_n;
};

/* A key of `auth.keys`: the key itself is not kept. */
struct config_key {
	struct slice name, tenant; /* tenant SLICE_NONE: none */
	unsigned char digest[SHA256_BYTES];
};

/* The algorithms of signatures that tokens may have: a public key each, never a shared secret. */
#define CONFIG_JWT_ALGORITHMS(X) \
	X(RS256) X(RS384) X(RS512) X(PS256) X(PS384) X(PS512) X(ES256) X(ES384) X(ES512)

/* `auth.jwt`: an issuer whose tokens are taken. */
struct config_jwt {
	struct slice issuer; /* SLICE_NONE: no tokens are taken */
	struct slice audience, resource;
	struct slice jwks;	     /* URL; SLICE_NONE: the issuer's metadata names it */
	struct slice ca;	     /* PEM file; SLICE_NONE: the system's authorities */
	struct slice caller, tenant; /* claims; tenant SLICE_NONE: callers have none */
	struct slice *algorithms, *scopes;
	size_t algorithms_n, scopes_n;
	uint64_t refresh_ms;
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

/* ---- rules ----------------------------------------------------------------------------------- */

enum config_action { CONFIG_ALLOW, CONFIG_DENY, CONFIG_ASK, CONFIG_LOG };
enum config_truth { TRUTH_UNSET, TRUTH_TRUE, TRUTH_FALSE };

/* What is asked of a value in the arguments of a call. */
enum config_test_kind {
	TEST_EXISTS, /* number 0: that it does not */
	TEST_IN,     /* one of words; numbers by value */
	TEST_GLOB,   /* of one of words */
	TEST_REGEX,  /* one of words, anywhere in it */
	TEST_UNDER,  /* a path below one of words, once "." and ".." are resolved */
	TEST_HOST,   /* a URL, or a host, whose host is one of words ("*.example.com": and below) */
	TEST_MIN,    /* a number */
	TEST_MAX,
	TEST_LONGER, /* a text or a list of more than number bytes or elements */
};
struct config_test {
	struct slice
	    pointer; /* into the arguments (RFC 6901); a part "*": each of that list or map */
	enum config_test_kind kind;
	bool is_not;
	struct slice *words;
	size_t words_n;
	double number;
};

/* An empty list: it does not matter.  Globs, but for revisions. */
struct config_rule {
	struct slice id, reason;
	enum config_action action;
	struct slice *server, *tool, *prompt, *resource; /* names as the server has them */
	size_t server_n, tool_n, prompt_n, resource_n;
	struct slice *caller, *tenant, *client, *method, *revision;
	size_t caller_n, tenant_n, client_n, method_n, revision_n;
	enum config_truth read_only, destructive, idempotent, open_world;
	uint64_t from_min, to_min; /* of the day, UTC; the same: all day */
	unsigned days;		   /* 1u << 0 Monday .. 6 Sunday; 0: all */
	struct config_test *tests; /* all of them */
	size_t tests_n;
	unsigned line;
};

/*
 * A case of `bascule policy test`: a request, and what is expected of the rules.  What is not said
 * is SLICE_NONE.
 */
struct config_case {
	struct slice name;
	struct slice server, tool, prompt, resource, method; /* at least one of the last four */
	struct slice caller, tenant, client, revision;
	enum config_truth read_only, destructive, idempotent, open_world;
	struct slice arguments; /* an object as JSON */
	bool has_time;
	int64_t unix_s;
	enum config_action expect; /* never CONFIG_LOG */
	struct slice rule;	   /* that is to decide */
	unsigned line, server_line, server_col;
};
struct config_cases {
	struct arena arena; /* all of them live in it */
	struct config_case *all;
	size_t n;	/* at least one */
	char name[104]; /* of the file, for errors */
};
/*
 * From the YAML text of a file, within the bounds of a configuration; nothing in it is expanded.
 * name: of the file.  ERR_CONFIG says the line and the nearest known word.
 */
#define CONFIG_CASES_BYTES (4 * MIB)
MUST_CHECK bool
config_cases_parse(struct slice text, const char *name, struct config_cases *out, struct err *err);
void config_cases_fini(struct config_cases *cases);

/* ---- limits ---------------------------------------------------------------------------------- */

/* What each has a limit of its own: bits; none of them: all calls share one. */
#define LIMIT_PER_CALLER 1u
#define LIMIT_PER_TENANT 2u
#define LIMIT_PER_SERVER 4u
#define LIMIT_PER_TOOL	 8u
#define LIMIT_PER_CLIENT 16u

/* So many in that time; n 0: no such limit.  text: as it was written. */
struct config_rate {
	uint64_t n, window_ms;
	struct slice text;
};

struct config_limit {
	struct slice rule; /* "rate", "rate.ID", "rate.1": its name in errors and records */
	struct slice *server, *tool, *caller, *tenant; /* globs; an empty list: any */
	size_t server_n, tool_n, caller_n, tenant_n;
	unsigned per;
	struct slice per_text; /* "caller and tool" */
	struct config_rate calls;
	uint64_t burst;				       /* of calls, at once; at least 1 */
	struct config_rate bytes;		       /* of requests and results */
	uint64_t concurrent;			       /* 0: any number */
	struct config_rate budget_calls, budget_bytes; /* of each day, UTC */
	unsigned line, col;
};
/* A script of `guard.plugins`, read when the configuration is. */
struct config_plugin {
	struct slice name;
	struct slice path; /* absolute */
	struct slice file; /* its last part, for errors; NUL-ended */
	struct slice source;
	struct slice settings; /* `config`, as a JSON object */
	struct slice *server;  /* globs; n 0: all */
	size_t server_n;
	uint64_t priority; /* 0 to 100, the lower first */
	bool is_critical;
	uint64_t memory_bytes, steps; /* that it may use; of one call */
};
/*
 * One that stands in no configuration (for `bascule plugin test`), into arena: path as given, the
 * rest as by default.  ERR_CONFIG: it cannot be read, or others may write to it.
 */
MUST_CHECK bool config_plugin_read(
    struct arena *arena, const char *path, struct config_plugin *out, struct err *err);
/* What becomes of what a scanner finds. */
enum config_scan_action { CONFIG_SCAN_OFF, CONFIG_SCAN_LOG, CONFIG_SCAN_REDACT, CONFIG_SCAN_BLOCK };

/* Where that is otherwise: globs; the first that fits a message is taken. */
struct config_scan_except {
	struct slice *server, *tool; /* tools, prompts and URIs, as the server has them */
	size_t server_n, tool_n;
	unsigned secrets, pii, injection; /* 0: as everywhere; else 1 + enum config_scan_action */
};

struct config_scan {
	enum config_scan_action secrets, pii, injection;
	struct slice *ignore; /* globs of the scanners' own rules */
	size_t ignore_n;
	struct config_scan_except *excepts;
	size_t excepts_n;
};

/* ---- flow ------------------------------------------------------------------------------------ */

enum config_label { LABEL_PRIVATE, LABEL_UNTRUSTED, LABEL_SINK, LABELS_N };
enum config_flow_action { FLOW_ASK, FLOW_DENY, FLOW_LOG };
enum config_link_action { LINKS_OFF, LINKS_LOG, LINKS_REDACT, LINKS_DENY };

/* What has a label.  Globs; an empty list: any, but one of them says something. */
struct config_mark {
	struct slice *server, *tool, *resource;
	size_t server_n, tool_n, resource_n;
	struct slice rule; /* of a sink: "flow.sinks" or "flow.ID" */
	unsigned action;   /* the same; 0: that of all, else 1 + enum config_flow_action */
	unsigned line, col;
};

/* A text that is meant to be read by nobody but the servers where it lies. */
struct config_canary {
	struct secret text;
	struct slice *server; /* globs; an empty list: nobody */
	size_t server_n;
	unsigned line, col;
};

struct config_flow {
	struct config_mark *marks[LABELS_N];
	size_t marks_n[LABELS_N];
	unsigned needs_both;		/* 1: a sink is closed when private data was read too */
	enum config_flow_action action; /* of sinks that say nothing */
	unsigned is_of_caller;		/* 1: what one session read counts for all of its caller */
	uint64_t for_ms;
	struct config_canary *canaries;
	size_t canaries_n;
};

/* Hosts that URLs may lead to; hosts_n 0: any. */
struct config_egress {
	struct slice *hosts, *server, *tool; /* of hosts: exact, or "*.suffix"; else globs */
	size_t hosts_n, server_n, tool_n;
	enum config_flow_action action;	       /* in arguments */
	enum config_link_action images, links; /* in results */
};

enum config_pins_mode { PINS_OFF, PINS_WARN, PINS_ENFORCE };
struct config_pins {
	enum config_pins_mode mode;
	struct slice file; /* absolute; SLICE_NONE: the configuration is no file */
};

struct config_guard {
	enum config_action fallback; /* CONFIG_ALLOW or CONFIG_DENY */
	struct config_rule *rules;
	size_t rules_n;
	struct config_pins pins;
	struct config_scan scan;
	struct config_flow flow;
	struct config_egress egress;
	struct config_limit *limits;
	size_t limits_n;
	struct config_plugin *plugins; /* in the order in which they are asked */
	size_t plugins_n;
	uint64_t remember_ms; /* a consent that is to be remembered; 0: none is */
};

/* ---- audit ----------------------------------------------------------------------------------- */

enum config_sink_kind {
	SINK_SQLITE,
	SINK_JSONL,
	SINK_CSV,
	SINK_TEXT,
	SINK_SYSLOG,
	SINK_CEF,
	SINK_OTLP,
	SINKS_N
};
enum config_csv_quoting { CSV_MINIMAL, CSV_ALL, CSV_NONNUMERIC, CSV_NONE };
extern const char *const config_sink_names[SINKS_N];

/* One of audit.sinks, but for the store. */
struct config_sink {
	struct slice kind;   /* "jsonl" */
	struct slice target; /* an absolute path, a URL, or "udp://host:514", "unix:/path" */
	unsigned line;
	enum config_sink_kind which;
	uint64_t queue;				   /* records that may wait */
	uint64_t rotate_bytes, rotate_ms;	   /* of files; 0: never */
	uint64_t keep;				   /* older files, at least 1 */
	char csv_delimiter, csv_quote, csv_escape; /* csv_escape '\0': quotes are doubled */
	enum config_csv_quoting csv_quoting;
	struct slice csv_null;
	unsigned facility; /* of syslog: 0 to 23 */
	struct config_pair *headers;
	size_t headers_n;
	struct slice ca;
	uint64_t timeout_ms;
	char digest[65]; /* over all above but line: the same digest, the same sink */
};

enum config_audit_mode { CONFIG_ASYNC, CONFIG_STRICT };

struct config_audit {
	bool is_written; /* the file says something of it */
	enum config_audit_mode mode;
	uint64_t keep_ms, keep_bytes; /* 0: for ever */
	struct secret key;    /* what checkpoints are signed with; empty: one that is made */
	struct slice key_dir; /* where that is made, absolute */
	bool has_bodies;
	uint64_t body_bytes; /* the most of each */
	bool has_store;	     /* `sqlite` stands in audit.sinks, or nothing does */
	struct slice store;  /* its file, in state/<instance> unless it is absolute */
	struct config_sink *sinks;
	size_t sinks_n;
};

/* ---- traces (docs/traces.md) ----------------------------------------------------------------- */

struct config_traces {
	struct slice otlp; /* URL of the collector; SLICE_NONE: nothing is traced */
	struct slice ca;
	struct config_pair *headers;
	size_t headers_n;
	uint64_t sample; /* millionths of the traces that begin here */
	uint64_t timeout_ms, queue;
};

/* ---- agents (docs/agents.md) ----------------------------------------------------------------- */

enum config_parse {
	PARSE_EXIT, /* the status says it all */
	PARSE_LINES,
	PARSE_CLAUDE_STREAM,
	PARSE_CODEX_JSONL,
	PARSE_GEMINI_JSON,
	PARSE_ACP, /* the Agent Client Protocol, both ways */
};
/* FOLDER_TMP: an empty one; WORKTREE: of the repository that cwd is in, detached. */
enum config_folder { FOLDER_TMP, FOLDER_WORKTREE, FOLDER_SHARED_RO, FOLDER_SHARED };

struct config_runner {
	struct slice name;
	/* Whole arguments; an item that is, or holds, {name} or {name|default} has that value put
	 * in.  n > 0. */
	struct slice *command;
	size_t command_n;
	struct slice input; /* `stdin`, with placeholders; SLICE_NONE: nothing, closed at once */
	enum config_parse parse;
	uint64_t timeout_ms, idle_ms, grace_ms; /* idle 0: never */
	struct slice *env_allow;		/* names taken from our own environment */
	size_t env_allow_n;
	struct config_pair *env; /* set */
	size_t env_n;
	enum config_folder folder;
	struct slice dir;    /* where shared ones and repositories are by default: absolute, or
				SLICE_NONE: the caller must name one */
	struct slice *roots; /* below which a caller's cwd must be; n 0: below dir alone */
	size_t roots_n;
	/* Always is_on but where `isolate: off` was written.  Paths may be "{cwd}". */
	struct config_isolation isolate;
	uint64_t cpu_percent; /* of one core, of the whole tree, where cgroups are; 0: no limit */
	unsigned line;
	char digest[65]; /* over all but name and line */
};

struct config_route {
	struct slice name; /* = workflow */
	struct slice *any, *not_any;
	size_t any_n, not_any_n;
	double weight;
	struct slice runner; /* SLICE_NONE: the default's */
	struct slice *agents;
	size_t agents_n;
	double confidence; /* less than that is not enough, and is the default's */
};

struct config_agents {
	bool is_on; /* the section is there, and has runners */
	struct slice prefix;
	uint64_t running, per_repo, per_caller, queue;
	struct config_rate rate;	 /* calls per duration; n 0: no limit */
	struct config_rate cost, tokens; /* millionths of a dollar, tokens, a day; n 0: no limit */
	uint64_t dedup_ttl_ms;
	struct slice *dedup_key; /* as written: the one list there is, or nothing */
	size_t dedup_key_n;
	uint64_t inline_wait_ms;
	uint64_t output_inline_bytes, output_keep_bytes, output_tail_bytes;
	bool output_as_resource;
	uint64_t retain_runs, retain_age_ms;
	bool metrics;
	struct config_runner *runners;
	size_t runners_n;
	struct config_route *routes; /* n 0: the built-in ones; without `default` */
	size_t routes_n;
	struct config_route *fallback; /* `default`; NULL: none, and then the first runner */
};

/* {name} or {name|default}, in `command` and `stdin` of a runner. */
struct config_placeholder {
	struct slice before;   /* what stands in front of it */
	struct slice name;     /* a letter, then letters, digits and "_", all small; at most 32 */
	struct slice fallback; /* SLICE_NONE: none */
};
/*
 * Takes the next one, and what is in front of it, off text.  False: there is none any more, and
 * before is all that was left, in which "{{" stands for a brace.  (What config_load() took has no
 * other brace that is not one's.)
 */
bool config_placeholder_next(struct slice *text, struct config_placeholder *out);

/* A file that was read for a configuration, for who looks at how it lies there. */
enum config_file_kind {
	CONFIG_FILE_ITSELF,
	CONFIG_FILE_ENV,   /* --env-file */
	CONFIG_FILE_VALUE, /* named by `file:` */
	CONFIG_FILE_CA,
	CONFIG_FILE_CERT,
	CONFIG_FILE_KEY
};
struct config_file {
	struct config_file *next;
	enum config_file_kind kind;
	struct slice path; /* as open(2) had it, NUL-ended */
};

/*
 * `replicas`: those behind one balancer.  One of peers and address, or neither: there are none.
 * URLs are http or https, host and port and no more; an address holds REPLICA_NAME once.
 */
#define REPLICA_NAME	   "{name}"
#define REPLICA_NAME_BYTES 63
struct config_replicas {
	struct slice self; /* SLICE_NONE: the host's name */
	struct config_pair *peers;
	size_t peers_n;
	struct slice address, ca; /* SLICE_NONE: not set */
};
/* Is it a name that a replica can have? */
bool config_is_replica_name(struct slice name);

struct config {
	struct arena arena;	   /* everything here lives in it */
	struct slice file;	   /* SLICE_NONE: no file */
	struct config_file *files; /* the last one first; one may be there twice */
	struct timespec read_at;   /* when its reading began, by the clock that stamps files */

	bool listen_stdio;
	struct slice *listen_http; /* addresses as written: "127.0.0.1:8080", "unix:/path" */
	size_t listen_http_n;
	enum config_listen_tls listen_tls;
	struct slice listen_tls_cert, listen_tls_key,
	    listen_tls_client_ca;			/* PEM files, absolute */
	struct config_certificate *listen_certificates; /* beside the first one */
	size_t listen_certificates_n;
	bool listen_stateless;
	struct slice *listen_hosts;
	size_t listen_hosts_n;
	enum config_auth auth;
	struct config_key *keys; /* AUTH_KEYS: at least one, or jwt */
	size_t keys_n;
	struct config_jwt jwt;

	struct slice separator;
	enum config_prefix prefix;
	uint64_t name_max;	/* namespace.max */
	struct secret seal_key; /* what is sealed can be opened by all who have it; or empty */
	struct config_replicas replicas;
	uint64_t start_wait_ms;
	bool reload_on_change;

	struct config_upstream *upstreams;
	size_t upstreams_n;
	bool is_proxy_form;
	struct config_atlassian atlassian;
	struct config_guard guard;
	struct config_audit audit;
	struct config_agents agents;
	struct config_traces traces;

	uint64_t limit_message_bytes, limit_memory_bytes, limit_in_flight, limit_parked,
	    limit_ask_ms;
	uint64_t limit_sessions, limit_session_idle_ms;

	enum log_level log_level;
	enum log_format log_format;
	struct slice state; /* directory, absolute */
};

/* Why there is no configuration, beside the words of the error. */
enum config_fault {
	CONFIG_FAULT_OTHER,
	CONFIG_FAULT_MISSING,	   /* no file, and nothing in the environment */
	CONFIG_FAULT_TLS_FILE,	   /* one of a `tls` cannot be read, or holds something else */
	CONFIG_FAULT_TLS_MISMATCH, /* a key of another certificate */
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
	enum config_fault *fault; /* set where the load fails */
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

/* Is there a server that one of these globs fits? */
bool config_servers_fit(const struct config *config, const struct slice *globs, size_t n);

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
/* In the largest unit that gives a whole number: "10m". */
void config_duration_print(struct buf *out, uint64_t ms);
MUST_CHECK bool config_size(struct slice text, uint64_t *bytes, struct err *err);
/* 2026-11-22, 2026-11-22T03:34, 2026-11-22T03:34:14Z: UTC, in seconds since 1970; false: none. */
bool config_moment(struct slice text, int64_t *unix_s);

#endif
