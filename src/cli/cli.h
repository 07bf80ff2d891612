/*
 * cli: one file a command, and main.c.  Commands and options are rows of two tables (commands.c);
 * from them come the parsing of arguments, the texts of usage errors, help, and docs/cli.md.
 *
 * Results go to stdout, everything else to stderr.  Exit status: 0 done; 1 failed; 2 wrong usage;
 * 3 bad configuration; 4 some upstream failed.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "gateway/gateway.h"

/* The kinds of providers beside upstreams, NULL-ended (providers.c). */
extern const struct provider_kind *const native_providers[];

#define EXIT_DONE     0
#define EXIT_FAILED   1
#define EXIT_USAGE    2
#define EXIT_CONFIG   3
#define EXIT_UPSTREAM 4

/* ---- the tables (commands.c) ----------------------------------------------------------------- */

#define CLI_OPTIONS(X) \
	/* id, letter, name, argument, help */ \
	X(CONFIG, 'c', "config", "FILE", \
	    "the configuration; else $BASCULE_CONFIG, " \
	    "$XDG_CONFIG_HOME/bascule/bascule.yaml, /etc/bascule/bascule.yaml") \
	X(ENV_FILE, 0, "env-file", "FILE", "more environment for ${NAME}: lines of NAME=value") \
	X(TRANSPORT, 0, "transport", "KIND", \
	    "stdio, http, streamable-http or sse; stdio turns HTTP off") \
	X(HOST, 0, "host", "ADDRESS", "listen on this address instead of listen.http") \
	X(PORT, 0, "port", "NUMBER", "listen on this port instead of listen.http") \
	X(STATELESS, 0, "stateless", NULL, "as listen.stateless") \
	X(PATH, 0, "path", "PATH", "taken and warned of: the paths are /mcp and /sse") \
	X(LOG_LEVEL, 0, "log-level", "LEVEL", \
	    "debug, info, warning or error instead of log.level") \
	X(VERBOSE, 'v', "verbose", NULL, "log.level info, and with -vv debug") \
	X(RELOAD, 0, "reload", NULL, "taken and warned of: SIGHUP reads the configuration again") \
	X(READ_ONLY, 0, "read-only", NULL, \
	    "tools of Jira and Confluence that write are not offered") \
	X(ENABLED_TOOLS, 0, "enabled-tools", "NAMES", "only these of them, with commas") \
	X(TOOLSETS, 0, "toolsets", "NAMES", \
	    "only these sets of them: all, default or names, with commas") \
	X(JIRA_URL, 0, "jira-url", "URL", "Jira, where there is no configuration file") \
	X(JIRA_USERNAME, 0, "jira-username", "USER", "e-mail address or name for it") \
	X(JIRA_TOKEN, 0, "jira-token", "TOKEN", \
	    "API token or password; others on this machine can see it") \
	X(JIRA_PERSONAL_TOKEN, 0, "jira-personal-token", "TOKEN", \
	    "personal access token; likewise") \
	X(JIRA_PROJECTS_FILTER, 0, "jira-projects-filter", "KEYS", \
	    "only these projects, with commas") \
	X(JIRA_SSL_VERIFY, 0, "jira-ssl-verify", NULL, \
	    "check its certificate, which is the default") \
	X(NO_JIRA_SSL_VERIFY, 0, "no-jira-ssl-verify", NULL, "accept any certificate") \
	X(CONFLUENCE_URL, 0, "confluence-url", "URL", \
	    "Confluence, where there is no configuration file") \
	X(CONFLUENCE_USERNAME, 0, "confluence-username", "USER", "e-mail address or name for it") \
	X(CONFLUENCE_TOKEN, 0, "confluence-token", "TOKEN", \
	    "API token or password; others on this machine can see it") \
	X(CONFLUENCE_PERSONAL_TOKEN, 0, "confluence-personal-token", "TOKEN", \
	    "personal access token; likewise") \
	X(CONFLUENCE_SPACES_FILTER, 0, "confluence-spaces-filter", "KEYS", \
	    "only these spaces, with commas") \
	X(CONFLUENCE_SSL_VERIFY, 0, "confluence-ssl-verify", NULL, \
	    "check its certificate, which is the default") \
	X(NO_CONFLUENCE_SSL_VERIFY, 0, "no-confluence-ssl-verify", NULL, "accept any certificate") \
	X(OAUTH_CLIENT_ID, 0, "oauth-client-id", "ID", "OAuth for both: the application") \
	X(OAUTH_CLIENT_SECRET, 0, "oauth-client-secret", "SECRET", \
	    "its secret; others on this machine can see it") \
	X(OAUTH_REDIRECT_URI, 0, "oauth-redirect-uri", "URL", "its callback address") \
	X(OAUTH_SCOPE, 0, "oauth-scope", "SCOPE", "what is asked for") \
	X(OAUTH_CLOUD_ID, 0, "oauth-cloud-id", "ID", "the id of the Cloud site") \
	X(OAUTH_ACCESS_TOKEN, 0, "oauth-access-token", "TOKEN", "a token as it is") \
	X(HEADER, 'H', "header", "'NAME: VALUE'", \
	    "a header of every request, once for each; ${NAME} in it is a variable") \
	X(TIMEOUT, 0, "timeout", "DURATION", "how long a call may take: 90s, 5m; 60s by default") \
	X(OUTPUT, 'o', "output", "FILE", "write to this file instead of stdout") \
	X(FORCE, 0, "force", NULL, "replace the file if it is there") \
	X(DRY_RUN, 0, "dry-run", NULL, "say what would be changed and change nothing") \
	X(UNDO, 0, "undo", NULL, "take it out again") \
	X(NAME, 0, "name", "NAME", "the name of the entry, bascule by default") \
	X(CHECK, 0, "check", NULL, "ask every site how it is") \
	X(CONNECT, 0, "connect", NULL, "start or reach every upstream and say how it went") \
	X(ACCEPT, 0, "accept", NULL, "write down what is different, all of it or what is named") \
	X(FAULT, 0, "fault", "SPEC", "what goes wrong, once for each or with commas") \
	X(CODE, 0, "code", "ADDRESS", \
	    "the address that the browser was sent back to; - reads it from stdin") \
	X(COMMAND, 0, "command", NULL, "what follows is a program with its arguments") \
	X(TOKENS, 0, "tokens", NULL, "say what each tool costs a client, dearest first") \
	X(SINCE, 0, "since", "MOMENT", "not before: 2026-11-22T03:34:14Z, or 2h: so long ago") \
	X(UNTIL, 0, "until", "MOMENT", "only before it") \
	X(CALLER, 0, "caller", "GLOB", "only of these callers; policy explain: as this one") \
	X(TENANT, 0, "tenant", "GLOB", "only of these tenants; policy explain: of this one") \
	X(SERVER, 0, "server", "GLOB", "only of these servers") \
	X(TOOL, 0, "tool", "GLOB", "only these tools, as their server calls them") \
	X(OUTCOME, 0, "outcome", "WORD", \
	    "only with this: done, failed, refused, cancelled, deadline, unavailable, unknown") \
	X(VERDICT, 0, "verdict", "GLOB", "only with this: allow, deny, ask") \
	X(RULE, 0, "rule", "GLOB", "only where one of these rules decided") \
	X(LIMIT, 0, "limit", "N", "only the newest N") \
	X(INSTANCE, 0, "instance", "N", "only the gateway whose directory is N of `state`") \
	X(FOLLOW, 'f', "follow", NULL, "go on with what comes, until stopped") \
	X(JSON, 0, "json", NULL, "print JSON for programs") \
	X(MARKDOWN, 0, "markdown", NULL, "print a page of documentation") \
	X(SCHEMA, 0, "schema", NULL, "print a JSON Schema for editors") \
	X(HELP, 'h', "help", NULL, "say how the command is used")

enum cli_option {
#define X(id, letter, name, argument, help) OPTION_##id,
	CLI_OPTIONS(X)
#undef X
	    OPTIONS_N
};
#define OPTION_BIT(id) ((uint64_t)1 << OPTION_##id)
_Static_assert(OPTIONS_N <= 64, "one bit for each");

struct cli_option_row {
	char letter;
	const char *name, *argument, *help;
};
extern const struct cli_option_row cli_options[OPTIONS_N];

struct options;

enum cli_keeper { KEEPER_NEVER, KEEPER_TO_CONNECT, KEEPER_ALWAYS };

struct command {
	const char *name;
	const char *words; /* as shown, "" for none */
	unsigned words_least, words_most;
	const char *help;		     /* one line */
	const char *about;		     /* some more, for `help COMMAND` */
	uint64_t options;		     /* OPTION_BITs; OPTION_HELP is every command's */
	enum cli_keeper keeper;		     /* does it start children? */
	int (*run)(struct options *options); /* the exit status */
};
extern const struct command cli_commands[];
extern const size_t cli_commands_n;
const struct command *cli_command_find(const char *name);

/* ---- arguments (args.c) ---------------------------------------------------------------------- */

#define CLI_HEADERS_MAX 64
#define CLI_FAULTS_MAX	16

struct options {
	const struct command *command;
	uint64_t given;			      /* OPTION_BITs */
	unsigned verbose;		      /* how often -v was given */
	const char *value[OPTIONS_N];	      /* of those with an argument; the last one counts */
	const char *headers[CLI_HEADERS_MAX]; /* every -H, in order */
	unsigned headers_n;
	const char *faults[CLI_FAULTS_MAX]; /* every --fault, in order */
	unsigned faults_n;
	const char *const *words; /* what is left, in order */
	unsigned words_n;
	const char *const *environ;
	struct keeper *keeper; /* forked before anything else, or NULL */
};

/*
 * Reads the arguments after the program's name; moves the words to the front of argv.  False:
 * ERR_USAGE with the nearest known word.  options->command is set as soon as it is known.
 */
MUST_CHECK bool cli_parse(int argc, const char **argv, struct options *options, struct err *err);
static inline bool
option_is_given(const struct options *options, enum cli_option option)
{
	return (options->given & ((uint64_t)1 << option)) != 0;
}
/* Of the environment; NULL: not set, or empty. */
const char *cli_variable(const struct options *options, const char *name);
/* The nearest of n words to what was meant, or NULL when none is near. */
const char *cli_nearest(const char *meant, const char *const *known, size_t n);

/* ---- options that stand for variables (site_options.c) --------------------------------------- */

/* Those about Jira and Confluence (commands.c). */
extern const uint64_t cli_site_options;
/* The variables that given options stand for, into pairs (of CLI_VARIABLES_MAX); how many. */
#define CLI_VARIABLES_MAX 48
size_t cli_variables(const struct options *options, struct config_pair *pairs);
/* Of a configuration from a file: refuses options that only the environment has a place for. */
MUST_CHECK bool
cli_site_options_check(const struct options *options, const struct config *config, struct err *err);

/* ---- output (print.c) ------------------------------------------------------------------------ */

/* "bascule: TEXT" to stderr; the exit status of its kind. */
int cli_fail(const struct err *err);
/* All of it to a descriptor, also when that is not ready or interrupted; false: it is gone. */
bool cli_write(int fd, struct slice text);
/* Adds the file (or a pipe) to into; ERR_CONFIG where it is larger than max or cannot be read. */
MUST_CHECK bool cli_read(int fd, const char *name, size_t max, struct buf *into, struct err *err);
/* A whole file in place of another, with the mode and owner of st; NULL: a new one, with mode.
 * ERR_CONFIG. */
struct stat;
MUST_CHECK bool cli_replace(
    const char *path, struct slice text, const struct stat *st, unsigned mode, struct err *err);
/* Writes buf to stdout, clears it; an exit status: done, or failed when stdout is gone. */
int cli_print(struct buf *buf, int status);
/* A string member of a JSON object, unescaped; SLICE_NONE: not there, or no string. */
struct slice cli_member(struct arena *arena, struct slice object, struct slice key);
/* Adds text as a terminal may show it: control characters but LF and tab become U+FFFD. */
void buf_put_shown(struct buf *buf, struct slice text);

/*
 * Rows of text in aligned columns: cut to the width of a terminal, whole when piped.  The cells are
 * cstrings, copied.
 */
struct table;
struct table *table_new(const char *const *heads, size_t n);
void table_row(struct table *table, const char *const *cells);
/* Into out; frees it. */
void table_print(struct table **table, struct buf *out);

/* ---- the gateway for one command (local.c, local_front.c) ------------------------------------ */

/*
 * A hub without a network front: loads the configuration, starts the upstreams, runs one task and
 * ends.  Questions of upstreams are put to the person at the terminal, progress is shown there.
 */
/* ---- what a process keeps (keep.c) ----------------------------------------------------------- */

struct agents;
struct control;
struct keep {
	struct slot slot;	 /* fd -1: it has none */
	struct audit *audit;	 /* NULL: nothing is audited */
	struct agents *agents;	 /* NULL: there are none */
	struct control *control; /* NULL: as agents, or it could not be opened */
	bool has_budgets;
};
/* In a task, before the hub.  False: the audit or the agents' runs must be kept, and cannot be; end
 * it all the same. */
MUST_CHECK bool
keep_begin_wait(struct keep *keep, struct loop *loop, const struct config *config, struct err *err);
/* Before anything passes. */
MUST_CHECK bool keep_hub_wait(struct keep *keep, struct hub *hub, struct err *err);
void keep_end_wait(struct keep *keep); /* after the hub */

struct local;

struct local_reply {
	struct buf result; /* raw JSON, n 0 when there is none */
	struct buf error;  /* JSON-RPC error of an upstream */
	struct err err;	   /* kind ERR_NONE: not used */
};

struct log *cli_log_new(enum log_level level);

struct sandbox;
/*
 * The sandbox that the configuration asks for (atlassian.sandbox), else *out stays NULL.  To be
 * there before the hub.  ERR_UNAVAILABLE: its port is taken (sandbox.c).
 */
MUST_CHECK bool cli_sandbox_open(
    struct loop *loop, const struct config *config, struct sandbox **out, struct err *err);
MUST_CHECK bool cli_config_load(
    const struct options *options, struct log *log, struct config **out, struct err *err);

/* The same; where it fails *fault says of what sort that is. */
MUST_CHECK bool cli_config_load_why(const struct options *options, struct log *log,
    struct config **out, enum config_fault *fault, struct err *err);
/* What only the whole shows, and whether a guard can be made of it (check.c). */
MUST_CHECK bool cli_config_check(const struct config *config, struct err *err);

/* A URL of an address of listen.http that is no unix socket, for this machine: "0.0.0.0:80" is
 * where others reach it, and 127.0.0.1 where we do.  Into the arena (health.c). */
struct slice
cli_url_of_listen(struct arena *arena, const char *scheme, struct slice address, const char *path);

enum local_kind {
	LOCAL_QUICK,   /* upstreams are waited for until start_wait */
	LOCAL_PATIENT, /* every upstream gets the time that its settings give it */
	LOCAL_BARE,    /* the same, whatever is pinned */
	LOCAL_SITES,   /* no upstream is started */
};
/* Runs work(local, arg) in a task and gives its exit status. */
int local_run(struct options *options, enum local_kind kind,
    int (*work)(struct local *local, void *arg), void *arg);
struct hub *local_hub(struct local *local);
struct loop *local_loop(struct local *local);
/*
 * Waits until every upstream is up or has failed, or tool (if any) is there; says on a terminal
 * what it waits for.  settled_ms (may be NULL, else one a provider): how long each took.
 */
MUST_CHECK bool
local_settle_wait(struct local *local, struct slice tool, uint64_t *settled_ms, struct err *err);
/* How a provider is: an upstream by connecting, a site by an answer (look.c). */
struct look {
	struct provider *provider;
	bool is_site;
	bool was_refused; /* of a site: it does not accept the credential */
	struct provider_health health;
	uint64_t ms; /* UINT64_MAX: it never came to an end */
};
/* Of all of them, *n; the caller frees *looks, also where it is false. */
MUST_CHECK bool looks_wait(struct local *local, struct look **looks, size_t *n, struct err *err);
/* What one that failed wrote to its stderr, its end. */
struct slice look_last_words(const struct look *look);
/* Adds the nearest tool that is offered to an error about one that is not; or nothing. */
void local_suggest(struct local *local, struct slice tool, struct err *err);
/* One request through the gateway, as a client would send it; false: it could not be made. */
MUST_CHECK bool local_request_wait(struct local *local, enum mcp_method method, struct slice params,
    struct local_reply *reply, struct err *err);
void local_reply_fini(struct local_reply *reply);

/* Private to local.c and local_front.c. */
struct local_front;
struct local_front *local_front_new(struct hub *hub);
void local_front_free(struct local_front **front);
MUST_CHECK bool local_front_request_wait(struct local_front *front, enum mcp_method method,
    struct slice params, struct local_reply *reply, struct err *err);
/* The person does not want the answer any more; it ends with ERR_CANCELLED soon. */
void local_front_cancel(struct local_front *front);
/* A passing remark on a terminal's last line, replaced by the next one. */
void local_status(const char *fmt, ...) PRINTF(1, 2);
void local_status_clear(void);

/* ---- commands -------------------------------------------------------------------------------- */

/* `serve` with a configuration that make gives, at the start and at every reload. */
typedef bool
serve_config_fn(struct options *options, struct log *log, struct config **out, struct err *err);
int serve_with(struct options *options, serve_config_fn *make);

int serve_run(struct options *options);
int connect_run(struct options *options);
int probe_run(struct options *options);
int import_run(struct options *options);
int install_run(struct options *options);
int check_run(struct options *options);
int instances_run(struct options *options);
int tools_run(struct options *options);
/* What each of a raw list of tools costs, as tables or one JSON object (tools_cost.c). */
void tools_cost_put(struct local *local, struct slice tools, bool as_json, struct buf *out);
/* What the guard hides (hidden.c): to stderr, a line each; of one provider, as a member of JSON
 * with a comma before it, or nothing. */
void hidden_tell(struct local *local);
void hidden_put_json(struct local *local, const struct provider *provider, struct buf *out);
int lock_run(struct options *options);
int call_run(struct options *options);
int health_run(struct options *options);
int doctor_run(struct options *options);
int login_run(struct options *options);
int logout_run(struct options *options);
int demo_run(struct options *options);
int sandbox_run(struct options *options);
int scan_run(struct options *options);
int agents_run(struct options *options);
int audit_run(struct options *options);
int plugin_run(struct options *options);
int policy_run(struct options *options);
int audit_verify_run(struct options *options);
int version_run(struct options *options);
int help_run(struct options *options);
/* For usage errors and --help. */
void help_put_command(struct buf *out, const struct command *command);
void help_put_all(struct buf *out);

/* The arguments of a tool from words of the command line: one JSON object, or key=value by schema.
 */
MUST_CHECK bool call_arguments(
    const char *const *words, size_t n, struct slice schema, struct buf *out, struct err *err);

#endif
