/*
 * What the parts of config share: the tree of a YAML text, the table of options, the state of one
 * load.
 *
 * A value goes: node (as written) -> expanded text -> typed field.  Error texts quote the node and
 * not the expanded text, because that may hold a secret; only names and addresses are quoted
 * expanded, and values of headers, environment and URLs not at all.
 */
#ifndef CONFIG_CONFIG_PARTS_H
#define CONFIG_CONFIG_PARTS_H

#include "config/config.h"

#define CONFIG_FILE_BYTES	 (4 * MIB)
#define CONFIG_VALUE_BYTES	 (128 * KIB) /* of one value, expanded */
#define CONFIG_SECRET_BYTES	 (64 * KIB)  /* of a file named by `file:` */
#define CONFIG_NODES_MAX	 50000
#define CONFIG_DEPTH_MAX	 32
#define CONFIG_UPSTREAMS_MAX	 1000
#define CONFIG_LISTEN_MAX	 16
#define CONFIG_KEYS_MAX		 1000
#define CONFIG_PEERS_MAX	 256
#define CONFIG_SITES_MAX	 200
#define CONFIG_RULES_MAX	 1000
#define CONFIG_TESTS_MAX	 32 /* of one rule */
#define CONFIG_LIMITS_MAX	 100
#define CONFIG_PLUGINS_MAX	 32
#define CONFIG_SINKS_MAX	 16
#define CONFIG_MARKS_MAX	 1000 /* of one label */
#define CONFIG_CANARIES_MAX	 100
#define CONFIG_SANDBOX_PATHS_MAX 96u
#define CONFIG_RUNNERS_MAX	 200
#define CONFIG_EXTENDS_MAX	 16 /* runners that extend each other */
#define CONFIG_ROUTES_MAX	 100

/* ---- the tree (config_yaml.c) ---------------------------------------------------------------- */

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool is_quoted;	 /* of a text: quoted or a block, never a number or a word */
	bool is_literal; /* of a text: nothing in it is expanded */
	struct slice text;
	struct slice key; /* in a map: its key, and where that stands */
	unsigned key_line, key_col;
	unsigned line, col; /* 1-based; col in characters, as the YAML reader counts */
	struct node *first, *last, *next;
	size_t children;
	size_t nodes;	 /* of the whole subtree, keys counted, aliases expanded */
	unsigned height; /* 0: a text */
};

/* One load: where it comes from, where it goes to. Lives on the stack of config_load(). */
struct config_load {
	struct slice text; /* of the file, for columns in bytes */
	char name[104];	   /* for errors; long paths keep their end; "": the environment */
	struct slice dir;  /* absolute; what relative paths are relative to */
	const char *const *environ;
	const struct config_pair *flags; /* looked at first */
	size_t flags_n;
	const struct config_pair *env_file; /* looked at before environ */
	size_t env_file_n;
	struct log *log;
	struct config *config;
	struct arena tree; /* nodes; gone after the load */
	enum config_fault fault;
};

/* *root NULL: an empty document. */
MUST_CHECK bool config_yaml_parse(struct config_load *load, struct node **root, struct err *err);
/* Puts a finished node behind what parent has. */
void config_node_attach(struct node *parent, struct node *node);
struct node *config_node_find(const struct node *map, const char *key); /* NULL: not there */
/* Nothing, `~` or `null`, not quoted. */
bool config_node_is_null(const struct node *node);

/* The same node as JSON (config_json.c).  load NULL: nothing is expanded.  No room: out->overflow.
 */
MUST_CHECK bool config_json_put(
    struct config_load *load, const struct node *node, struct buf *out, struct err *err);
/* Notes a file that was read; without room for it, it is not there. */
void config_file_note(struct config_load *load, enum config_file_kind kind, const char *path);
/* A name for errors: a long path keeps its end, which tells more (config_load.c). */
void config_name_set(struct config_load *load, const char *name);

/* Fails with "name:line:col: text"; line 0: no position; load NULL: no name. col in characters. */
bool config_fail(const struct config_load *load, unsigned line, unsigned col, struct err *err,
    const char *fmt, ...) PRINTF(5, 6);
#define CONFIG_FAIL_NODE(load, node, err, ...) \
	config_fail((load), (node)->line, (node)->col, (err), __VA_ARGS__)
#define CONFIG_FAIL_KEY(load, node, err, ...) \
	config_fail((load), (node)->key_line, (node)->key_col, (err), __VA_ARGS__)

/* Text fit for an error: cut to 40 bytes, controls replaced. */
struct config_shown {
	char text[48];
};
struct config_shown config_show(struct slice s);

/* ---- values (config_expand.c, config_env.c, config_units.c) ---------------------------------- */

/* ${NAME}, $$ and `file:` of a text node; the result lives in load->config->arena. */
MUST_CHECK bool config_expand(
    struct config_load *load, const struct node *node, struct slice *out, struct err *err);
bool config_has_expansion(struct slice text);
/* Value of an environment variable, that of the env file first; false: unset. */
bool config_env_get(const struct config_load *load, struct slice name, struct slice *value);
/* Calls fn with the name of every variable, perhaps more than once. */
void config_env_each(
    const struct config_load *load, void (*fn)(void *ctx, struct slice name), void *ctx);
/* Reads KEY=VALUE lines into load->env_file. */
MUST_CHECK bool config_env_read(struct config_load *load, const char *path, struct err *err);
/*
 * A whole file, at most max bytes, into the arena.  The configuration and --env-file may be pipes;
 * what holds secrets is refused when others may write to it.
 */
MUST_CHECK bool config_read_file(struct arena *arena, const char *path, size_t max,
    enum config_file_kind kind, struct slice *out, struct err *err);
MUST_CHECK bool
config_dup(struct config_load *load, struct slice s, struct slice *out, struct err *err);

#define DAY_MS ((uint64_t)24 * 60 * 60 * 1000)

/*
 * "20", "20.5", "0.000001": at most `most` before the point and `decimals` (0 to 6) digits behind
 * it, none of them alone; *out in units of the last one.
 */
MUST_CHECK bool config_decimal(struct slice text, unsigned decimals, uint64_t most, uint64_t *out);

enum config_unit { UNIT_DURATION, UNIT_SIZE };
/* The largest unit that gives a whole number: "10m", "64MiB". */
void config_unit_print(struct buf *out, enum config_unit unit, uint64_t value);

/* ---- the table of options (config_options.c, config_find.c) ---------------------------------- */

enum option_type {
	OPTION_BOOL,	    /* bool */
	OPTION_COUNT,	    /* uint64_t */
	OPTION_DURATION,    /* uint64_t, milliseconds */
	OPTION_SECONDS,	    /* the same; a bare number means seconds (`proxy:` form) */
	OPTION_SIZE,	    /* uint64_t, bytes */
	OPTION_FRACTION,    /* uint64_t, millionths; written from 0 to 1 */
	OPTION_WORD,	    /* an enum: words, value by position */
	OPTION_TEXT,	    /* struct slice */
	OPTION_PATH,	    /* struct slice, made absolute */
	OPTION_SECRET,	    /* struct secret */
	OPTION_LIST,	    /* struct slice * and a size_t behind it */
	OPTION_ONE_OR_LIST, /* the same; a single text is a list of one */
	OPTION_PAIRS,	    /* struct config_pair * and a size_t behind it */
};

/* Checks one text of an option (one element of a list), and may replace it. */
typedef bool
option_check_fn(struct config_load *, const struct node *, struct slice *, struct err *);

struct config_option {
	const char *path; /* "limits.message", "upstreams[].command", "agents.runners{}.stdin" */
	enum option_type type;
	size_t offset;	 /* in struct config; in a list or a map of names in that entry's draft */
	size_t offset_n; /* of the count of a list */
	const char *fallback;	  /* as it would be written; NULL: none */
	uint64_t min, max;	  /* of numbers; of lists and pairs: how many */
	const char *const *words; /* NULL-ended; "" has no spelling */
	option_check_fn *check;
	bool reloadable;
	const char *help;
	const char *fallback_help; /* where the default is no constant */
};

/* An upstream while it is read: some options of the file become others of the result. */
struct config_draft {
	struct config_upstream upstream;
	struct slice *args;
	size_t args_n;
	unsigned auth_type;
	struct secret auth_token;
};

/* A key while it is read. */
struct config_key_draft {
	struct slice name, tenant;
	struct secret key;
};

/* A site while it is read: Jira and Confluence of one entry become two. */
struct config_site_draft {
	struct config_site site; /* what they share */
	struct slice jira, confluence;
	unsigned auth_type; /* 0: not said; else 1 + enum config_site_auth */
	bool verify, markup;
	struct slice *projects, *spaces;
	size_t projects_n, spaces_n;
};

/* A rule while it is read. */
struct config_rule_draft {
	struct config_rule rule;
	struct slice from, to; /* "22:00" */
	struct slice *days;
	size_t days_n;
};

/* A limit while it is read. */
struct config_limit_draft {
	struct config_limit limit;
	struct slice id, calls, bytes, budget_calls, budget_bytes;
	struct slice *per;
	size_t per_n;
};

/* A sink while it is read. */
struct config_sink_draft {
	struct config_sink sink;
	struct slice to[SINKS_N]; /* of each kind; all but one are SLICE_NONE */
	struct slice delimiter, quote, escape;
};

/* Something that has a label, while it is read. */
struct config_mark_draft {
	struct config_mark mark;
	struct slice id;
	unsigned action; /* 0: not said; else 1 + enum config_flow_action */
};

/* A runner while it is read. */
struct config_runner_draft {
	struct config_runner runner;
	struct slice extends, cpu;
	unsigned off; /* 1: `isolate: off` */
	unsigned seccomp;
};

/* A route while it is read. */
struct config_route_draft {
	struct config_route route;
	struct slice weight, confidence;
};

#define CONFIG_UPSTREAMS "upstreams[]"
#define CONFIG_KEYS	 "auth.keys[]"
#define CONFIG_CERTS	 "listen.tls.certificates[]"
#define CONFIG_SITES	 "atlassian.sites[]"
#define CONFIG_RULES	 "guard.rules[]"
#define CONFIG_LIMITS	 "guard.rate[]"
#define CONFIG_PLUGINS	 "guard.plugins[]"
#define CONFIG_SINKS	 "audit.sinks[]"
#define CONFIG_EXCEPTS	 "guard.scan.except[]"
#define CONFIG_RUNNERS	 "agents.runners{}"
#define CONFIG_ROUTES	 "agents.routes{}"

const struct config_option *config_options(size_t *n);
/* The option at path (SLICE_NONE: the root) and key; NULL: none. */
const struct config_option *
config_option_find(const struct config_option *rows, size_t n, struct slice path, struct slice key);
/* Is there any option below path.key? */
bool config_option_is_group(
    const struct config_option *rows, size_t n, struct slice path, struct slice key);
/* Part of the contract, but not of this version? */
bool config_option_is_later(struct slice path, struct slice key);
/* The nearest known key below path, SLICE_NONE: none is near. */
struct slice config_option_nearest(
    const struct config_option *rows, size_t n, struct slice path, struct slice key);

/* ---- reading by the table (config_value.c, config_walk.c) ------------------------------------ */

/* Sets the field of one option from its node. shown: the option's path for people. */
MUST_CHECK bool config_value_set(struct config_load *load, const struct config_option *option,
    const char *shown, const struct node *node, void *base, struct err *err);
/* Sets the options that have a default: those below list ("upstreams[]"), or, where that is
 * SLICE_NONE, those in no list. */
void config_value_defaults(
    const struct config_option *rows, size_t n, struct slice list, void *base, struct arena *arena);
/* The nearest of words, SLICE_NONE: none is near. */
struct slice config_word_nearest(const char *const *words, struct slice text);

/* Takes a key that no row knows (true, *taken), leaves it (true), or fails. */
struct config_walk;
typedef bool config_other_fn(
    struct config_walk *, struct slice path, const struct node *, bool *taken, struct err *);

/* A walk over one map and the groups below it. */
struct config_walk {
	struct config_load *load;
	const struct config_option *rows;
	size_t rows_n;
	void *base;		/* of the fields */
	config_other_fn *other; /* NULL: what no row knows is unknown */
	const char *hint;	/* behind "unknown key", NULL: none */
};

/* path: of the map in the table, SLICE_NONE: the root; shown: the same for people. */
MUST_CHECK bool config_walk_map(struct config_walk *walk, struct slice path, const char *shown,
    const struct node *map, struct err *err);

/* ---- upstreams and the `proxy:` form --------------------------------------------------------- */

/*
 * Reads one entry into *out: command and args joined, auth made a header, all of it checked but the
 * name, which config_check_whole() does.  The form: other and hint as in struct config_walk;
 * timeouts for entries that say none, 0: the defaults of the table.
 */
struct config_upstream_form {
	config_other_fn *other;
	const char *hint;
	uint64_t timeout_ms, connect_timeout_ms;
};
MUST_CHECK bool
config_upstream_read(struct config_load *load, const struct config_upstream_form *form,
    const char *shown, const struct node *node, struct config_upstream *out, struct err *err);
/* The same of a list, into load->config. */
MUST_CHECK bool
config_upstreams_read(struct config_load *load, const struct config_upstream_form *form,
    const char *shown, const struct node *list, struct err *err);
MUST_CHECK bool
config_proxy_read(struct config_load *load, const struct node *root, struct err *err);

/*
 * Looks at the files of `tls` (config_tls.c); what they hold goes into the digest.  Paths
 * SLICE_NONE: not set.  entry: the map that holds `tls`, NULL: not from a file.
 */
struct config_tls {
	struct slice url, ca, cert, key;
	const struct secret *key_password; /* NULL: an encrypted key is refused */
	const char *ca_name;		   /* of the option; NULL: "ca" */
	bool needs_cert;
	struct x509_st **certificate; /* where to leave it; NULL: nowhere */
};
MUST_CHECK bool config_tls_check(struct config_load *load, const struct config_tls *tls,
    const struct node *entry, struct buf *digest, struct err *err);
/* One more pair (config_tls.c): reads and checks both, the caller frees *certificate (X509). entry:
 * its map; shown: what stands before "cert" in errors. */
MUST_CHECK bool
config_tls_pair_check(struct config_load *load, const struct config_certificate *pair,
    const struct node *entry, const char *shown, struct x509_st **certificate, struct err *err);
/* `listen.tls` (config_certificates.c): `certificates` into load->config; and, when all is read,
 * what its files hold. */
MUST_CHECK bool
config_certificates_read(struct config_load *load, const struct node *list, struct err *err);
MUST_CHECK bool
config_certificates_check(struct config_load *load, const struct node *root, struct err *err);
/* `sandbox` of an upstream (config_isolation.c): its defaults, and its part of the digest. */
MUST_CHECK bool config_isolation_finish(struct config_load *load, const struct node *upstream,
    struct config_isolation *sandbox, struct err *err);
/* The same of a runner, when all that it extends is read: lists that are NULL were not written.
 * net: where its network is written, for errors; may be NULL. */
MUST_CHECK bool config_isolation_of_runner(struct config_load *load, const struct node *runner,
    const struct node *net, struct config_isolation *isolate, struct err *err);
void config_isolation_digest(struct buf *buf, const struct config_isolation *sandbox);
/* Parts of a digest: with their lengths, so that no two settings read alike. */
void config_digest_put(struct buf *buf, struct slice s);
void config_digest_put_list(struct buf *buf, const struct slice *list, size_t n);
void config_digest_put_pairs(struct buf *buf, const struct config_pair *pairs, size_t n);
/* `auth.keys`, into load->config (config_keys.c). */
MUST_CHECK bool
config_keys_read(struct config_load *load, const struct node *list, struct err *err);

/* `auth.jwt` (config_jwt.c): what it leaves out, and what its parts mean to each other. */
option_check_fn config_check_issuer, config_check_algorithm, config_check_scope, config_check_claim;
MUST_CHECK bool
config_jwt_finish(struct config_load *load, const struct node *root, struct err *err);

/* `guard.rules`, into load->config (config_guard.c). */
MUST_CHECK bool
config_rules_read(struct config_load *load, const struct node *list, struct err *err);
/* `args` of a rule's `match`, as a member of a JSON Schema. */
void config_rule_args_schema(struct buf *out);
/* `guard.rate`, a map or a list of them, into load->config (config_limits.c). */
MUST_CHECK bool
config_limits_read(struct config_load *load, const struct node *node, struct err *err);
/* "100/60s", "10MiB/d"; false: it is none, and err may say why. */
MUST_CHECK bool
config_rate_read(struct slice text, bool is_bytes, struct config_rate *rate, struct err *err);
/* A list of `guard.flow`, into load->config (config_flow.c); *taken false: it is none. */
MUST_CHECK bool config_flow_read(struct config_load *load, struct slice path,
    const struct node *node, bool *taken, struct err *err);
/* When all is read: do labels that need each other stand there, and of servers that are there? */
MUST_CHECK bool config_flow_check(const struct config_load *load, const struct config *config,
    const struct node *root, struct err *err);
/* Once all is read: do limits speak of servers that are there?  root NULL: without. */
MUST_CHECK bool config_limits_check(const struct config_load *load, const struct config *config,
    const struct node *root, struct err *err);

/* `guard.plugins`, into load->config (config_plugins.c). */
MUST_CHECK bool
config_plugins_read(struct config_load *load, const struct node *list, struct err *err);

/* `audit.sinks`, into load->config (config_audit.c). */
MUST_CHECK bool
config_sinks_read(struct config_load *load, const struct node *list, struct err *err);
/* `agents.runners` (config_agents.c) and `agents.routes` (config_routes.c), into load->config. */
MUST_CHECK bool
config_runners_read(struct config_load *load, const struct node *map, struct err *err);
MUST_CHECK bool
config_routes_read(struct config_load *load, const struct node *map, struct err *err);
/* Letters, digits, "_" and "-", 1 to 32: the name of a runner, a route, an agent. */
bool config_is_agent_name(struct slice name);
/* The command of a runner, whose placeholders may stand nowhere where they would be a program or a
 * part of a script (config_command.c).  list: its node; shown: of the runner. */
MUST_CHECK bool config_command_check(struct config_load *load, const char *shown,
    const struct node *list, struct config_runner *runner, struct err *err);
/* The same of `stdin`. */
MUST_CHECK bool config_placeholders_check(
    struct config_load *load, const struct node *node, struct slice text, struct err *err);
/* Warns of a runner that can be started and hardly works. */
void config_runner_warn(const struct config_load *load, const struct config_runner *runner);
/* When all is read: is what `agents` says of itself right as a whole? */
MUST_CHECK bool
config_agents_finish(struct config_load *load, const struct node *root, struct err *err);
/* The same of its routes: are their runners there? */
MUST_CHECK bool
config_routes_finish(struct config_load *load, const struct node *map, struct err *err);
/* The runner of that name; NULL: there is none. */
const struct config_runner *config_runner_find(const struct config *config, struct slice name);
/* Fails because no runner is called so, with the nearest that is one. */
bool config_runner_unknown(
    struct config_load *load, const struct node *map, const struct node *node, struct err *err);

/* Why no call can match the rule; NULL: one may (config_rules_check.c). */
const char *config_rule_contradicts(const struct config_rule *rule);
/* Is every call that b would match decided by a?  *left: comparisons of globs that may still be
 * made; with 0 it is not said. */
bool config_rule_covers(const struct config_rule *a, const struct config_rule *b, size_t *left);
/* Warns of rules about servers and callers that are not configured. */
void config_rules_warn(const struct config_load *load);
/* `guard.scan.except`, into load->config (config_scan.c). */
MUST_CHECK bool
config_excepts_read(struct config_load *load, const struct node *list, struct err *err);

/* ---- Atlassian sites ------------------------------------------------------------------------- */

/* A draft with the defaults of the table. */
void config_site_draft_init(struct config_load *load, struct config_site_draft *draft);
/*
 * One product of a draft, checked as a whole (config_site.c).  entry: its map, NULL: not from a
 * file; shown: what it is called in errors.  The url may be SLICE_NONE only for a primary.
 */
MUST_CHECK bool config_site_make(struct config_load *load, const struct config_site_draft *draft,
    enum config_product product, const struct node *entry, const char *shown,
    struct config_site *out, struct err *err);
/* `atlassian.sites`, into load->config (config_atlassian.c); list NULL: there is none. */
MUST_CHECK bool
config_sites_read(struct config_load *load, const struct node *list, struct err *err);
/* The hosts that requests may name: those of the cloud, and domains (with commas, each with all
 * below it; what is no domain is left out with a warning). */
MUST_CHECK bool
config_tenants_allow(struct config_load *load, struct slice domains, struct err *err);
/* What follows from the sites and from is_tenants, when all are read: their order, the primaries
 * that requests fill, the hosts that they may name. */
MUST_CHECK bool config_atlassian_finish(struct config_load *load, struct err *err);
/*
 * The environment of the Python servers, into load->config: the process (config_environment.c),
 * its sites (config_site_env.c).  A site that cannot be used is skipped with a warning.
 */
MUST_CHECK bool config_environment_read(struct config_load *load, struct err *err);
MUST_CHECK bool config_flags_apply(struct config_load *load, struct err *err);
MUST_CHECK bool config_environment_sites(struct config_load *load, struct err *err);
void config_print_site_variables(struct buf *out);
/* A variable without blanks around it; false: not set, or empty.  What ends in _PROXY is also
 * looked for in lower case. */
bool config_env_word(const struct config_load *load, const char *name, struct slice *value);
/* true, 1, yes; of READ_ONLY_MODE also y and on. */
bool config_env_is_true(const struct config_load *load, const char *name);
/*
 * Sets an option from the text of a variable: seconds with a fraction, lists with commas, pairs
 * NAME=VALUE with commas.  Nothing of it is expanded.
 */
MUST_CHECK bool config_env_set(struct config_load *load, const struct config_option *option,
    const char *variable, struct slice text, void *base, struct err *err);

/* ---- checks (config_check.c) ----------------------------------------------------------------- */

option_check_fn config_check_listen, config_check_host, config_check_separator;
option_check_fn config_check_seal_key;
option_check_fn config_check_audit_key;
option_check_fn config_check_replica, config_check_replica_url; /* config_replicas.c */
/* When all is read: is what `replicas` says of itself right as a whole? */
MUST_CHECK bool
config_replicas_check(struct config_load *load, const struct node *root, struct err *err);
/* config_tools.c */
option_check_fn config_check_glob, config_check_tool, config_check_described;
/* The rules against each other: names that two tools would have. */
MUST_CHECK bool config_tools_check(struct config_load *load, const struct config_tools *tools,
    const struct node *upstream, struct err *err);
option_check_fn config_check_seen, config_check_written, config_check_hidden;
option_check_fn config_check_network, config_check_required; /* config_isolation.c */
option_check_fn config_check_net;
option_check_fn config_check_agents_prefix, config_check_dedup, config_check_env_name,
    config_check_root, config_check_run_written, config_check_run_seen;	 /* config_agents.c */
option_check_fn config_check_phrase, config_check_agent;		 /* config_routes.c */
option_check_fn config_check_url, config_check_env, config_check_header; /* config_upstream.c */
option_check_fn config_check_site_name, config_check_site_url, config_check_cloud_id;
option_check_fn config_check_oauth_url;
option_check_fn config_check_proxy, config_check_no_proxy, config_check_passthrough;
option_check_fn config_check_filter; /* config_site.c */
option_check_fn config_check_hierarchy_link;
option_check_fn config_check_sla_metric, config_check_sla_clock, config_check_sla_day,
    config_check_sla_zone;
option_check_fn config_check_tenant_host, config_check_compat, config_check_tool_name;
option_check_fn config_check_sandbox;
option_check_fn config_check_rule_id, config_check_rule_reason, config_check_day,
    config_check_revision;				 /* config_guard.c */
option_check_fn config_check_limit_id, config_check_per; /* config_limits.c */
option_check_fn config_check_sink_socket, config_check_sink_cef, config_check_csv_mark,
    config_check_csv_null;		  /* config_audit.c */
option_check_fn config_check_egress_host; /* config_flow.c */
/* config_check() with positions from the tree; load and root NULL: without. */
MUST_CHECK bool config_check_whole(const struct config_load *load, const struct config *config,
    const struct node *root, struct err *err);
/* Relative paths become absolute; "~" is refused. */
MUST_CHECK bool config_path_absolute(
    struct config_load *load, const struct node *node, struct slice *path, struct err *err);

#endif
