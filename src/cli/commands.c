/*
 * The tables of commands and options.  Parsing, help, usage errors and docs/cli.md are made from
 * these rows; a command that is not here does not exist.
 */
#include <string.h>

#include "cli/cli.h"

const struct cli_option_row cli_options[OPTIONS_N] = {
#define X(id, letter, name, argument, help) { letter, name, argument, help },
	CLI_OPTIONS(X)
#undef X
};

#define READS_CONFIG (OPTION_BIT(CONFIG) | OPTION_BIT(ENV_FILE))
#define ABOUT_SITES \
	(OPTION_BIT(READ_ONLY) | OPTION_BIT(ENABLED_TOOLS) | OPTION_BIT(TOOLSETS) | \
	    OPTION_BIT(JIRA_URL) | OPTION_BIT(JIRA_USERNAME) | OPTION_BIT(JIRA_TOKEN) | \
	    OPTION_BIT(JIRA_PERSONAL_TOKEN) | OPTION_BIT(JIRA_PROJECTS_FILTER) | \
	    OPTION_BIT(JIRA_SSL_VERIFY) | OPTION_BIT(NO_JIRA_SSL_VERIFY) | \
	    OPTION_BIT(CONFLUENCE_URL) | OPTION_BIT(CONFLUENCE_USERNAME) | \
	    OPTION_BIT(CONFLUENCE_TOKEN) | OPTION_BIT(CONFLUENCE_PERSONAL_TOKEN) | \
	    OPTION_BIT(CONFLUENCE_SPACES_FILTER) | OPTION_BIT(CONFLUENCE_SSL_VERIFY) | \
	    OPTION_BIT(NO_CONFLUENCE_SSL_VERIFY) | OPTION_BIT(OAUTH_CLIENT_ID) | \
	    OPTION_BIT(OAUTH_CLIENT_SECRET) | OPTION_BIT(OAUTH_REDIRECT_URI) | \
	    OPTION_BIT(OAUTH_SCOPE) | OPTION_BIT(OAUTH_CLOUD_ID) | OPTION_BIT(OAUTH_ACCESS_TOKEN))
#define ABOUT_PROCESS \
	(OPTION_BIT(STATELESS) | OPTION_BIT(PATH) | OPTION_BIT(LOG_LEVEL) | OPTION_BIT(VERBOSE) | \
	    OPTION_BIT(RELOAD))
#define ANY_NUMBER 1000

const uint64_t cli_site_options = ABOUT_SITES;

const struct command cli_commands[] = {
	{ .name = "serve",
	    .words = "",
	    .help = "join the configured servers behind one endpoint",
	    .about =
		"Runs until SIGTERM or SIGINT; requests in progress are then given 10 s, a second "
		"signal ends at\nonce. SIGHUP reads the configuration again: changed upstreams take "
		"effect, a faulty file changes\nnothing.\n\nWithout a configuration file, JIRA_URL and the "
		"other variables of docs/atlassian.md count, and it\nserves on stdio unless TRANSPORT, "
		"SSE_PORT or --transport say otherwise. An option wins over the\nvariable it stands for; "
		"with a file, options about sites are refused.",
	    .options = READS_CONFIG | OPTION_BIT(TRANSPORT) | OPTION_BIT(HOST) | OPTION_BIT(PORT) |
		ABOUT_PROCESS | ABOUT_SITES,
	    .keeper = KEEPER_ALWAYS,
	    .run = serve_run },
	{ .name = "check",
	    .words = "",
	    .help = "validate the configuration, with --connect try every upstream and site",
	    .about =
		"Says what is configured. With --connect, one row an upstream or site: how it went,\nthe "
		"revision it speaks, how many tools it offers, how long it took, and why it failed.",
	    .options = READS_CONFIG | OPTION_BIT(CONNECT) | OPTION_BIT(JSON) | ABOUT_SITES,
	    .keeper = KEEPER_TO_CONNECT,
	    .run = check_run },
	{ .name = "tools",
	    .words = "",
	    .help = "list the tools that a client would see",
	    .about =
		"Starts its own upstreams. With --json, the result of tools/list with `server` on "
		"each tool.\n\nWith --tokens, what the list costs a client: the bytes of each definition "
		"and of each server and\ntoolset, and the tokens that these are at 4 bytes each; "
		"tokenizers differ from that by a quarter.",
	    .options = READS_CONFIG | OPTION_BIT(TOKENS) | OPTION_BIT(JSON) | ABOUT_SITES,
	    .keeper = KEEPER_ALWAYS,
	    .run = tools_run },
	{ .name = "call",
	    .words = "TOOL [JSON | KEY=VALUE ...]",
	    .words_least = 1,
	    .words_most = ANY_NUMBER,
	    .help = "call one tool and print the result",
	    .about =
		"Arguments are one JSON object, or words KEY=VALUE whose values are read as the tool's "
		"schema says:\nnumbers, booleans, objects and lists as JSON, everything else as text. "
		"With --json, the whole\nCallToolResult is printed. Starts its own upstreams; their "
		"questions are put to you when stdin is a\nterminal, and declined when it is not.",
	    .options = READS_CONFIG | OPTION_BIT(JSON) | ABOUT_SITES,
	    .keeper = KEEPER_ALWAYS,
	    .run = call_run },
	{ .name = "instances",
	    .words = "",
	    .help = "list the Jira and Confluence sites, with --check look at each",
	    .about =
		"One row a site: its name in tools, product, URL, kind and way of authentication. With "
		"--check each\nis asked: whether it can be reached, what it is, and who one is there. "
		"Nothing is started. What of\nthe environment was left out is said on stderr.",
	    .options = READS_CONFIG | OPTION_BIT(CHECK) | OPTION_BIT(JSON) | ABOUT_SITES,
	    .keeper = KEEPER_NEVER,
	    .run = instances_run },
	{ .name = "health",
	    .words = "[URL]",
	    .words_most = 1,
	    .help = "ask a running gateway how it is: 0 healthy, 1 not",
	    .about =
		"Asks /health at URL (or unix:PATH), else at the address of the configuration, "
		"else at\nhttp://127.0.0.1:8080; for container health checks. A gateway that answers "
		"is healthy, also\nwhen it is degraded: a server that is down is named, and is no "
		"reason to restart the gateway. With\n--json, the whole document.",
	    .options = READS_CONFIG | OPTION_BIT(JSON),
	    .run = health_run },
	{ .name = "doctor",
	    .words = "",
	    .help = "look at everything, answer with stable codes and next steps",
	    .about =
		"Configuration, files, addresses, certificates, programs, this machine: a row for each "
		"thing looked\nat, and for each fault what to do next. Nothing is changed and nothing is "
		"started; with --connect\nevery upstream, site and issuer of tokens is tried too. "
		"--markdown prints the page of all codes.\n0: no error, though there may be warnings; 1: "
		"some error; 3: the configuration cannot be read.\nSee docs/doctor.md.",
	    .options = READS_CONFIG | OPTION_BIT(CONNECT) | OPTION_BIT(JSON) |
		OPTION_BIT(MARKDOWN) | ABOUT_SITES,
	    .keeper = KEEPER_TO_CONNECT,
	    .run = doctor_run },
	{ .name = "connect",
	    .words = "[URL]",
	    .words_most = 1,
	    .help = "a client on stdin and stdout to a remote server",
	    .about =
		"For clients that can only start a program. URL is the server's endpoint, "
		"$SSE_SERVER_URL by default;\n--transport is auto, http or sse. $API_ACCESS_TOKEN is "
		"sent as `Authorization: Bearer`; with\n$SSE_SERVER_URL also $JIRA_PERSONAL_TOKEN and "
		"$CONFLUENCE_PERSONAL_TOKEN, as X-Jira-Token and\nX-Confluence-Token. -H wins over "
		"both. Ends when stdin does; while the server cannot be reached,\nrequests are answered "
		"with an error that says why, and it is tried again.",
	    .options = OPTION_BIT(HEADER) | OPTION_BIT(TRANSPORT) | OPTION_BIT(TIMEOUT),
	    .keeper = KEEPER_NEVER,
	    .run = connect_run },
	{ .name = "probe",
	    .words = "URL | --command PROGRAM [ARGUMENT ...]",
	    .words_most = ANY_NUMBER,
	    .help = "what a server speaks: era, revisions, capabilities, tools, timings",
	    .about =
		"Tries each revision on a connection of its own, as a client that speaks nothing else. "
		"A program is\nstarted once for each, in this environment; options come before --command. "
		"--timeout is what a\nconnection may take, 30s by default. 0: something is spoken; 4: "
		"nothing is.",
	    .options =
		OPTION_BIT(COMMAND) | OPTION_BIT(HEADER) | OPTION_BIT(TIMEOUT) | OPTION_BIT(JSON),
	    .keeper = KEEPER_ALWAYS,
	    .run = probe_run },
	{ .name = "login",
	    .words = "[SITE]",
	    .words_most = 1,
	    .help = "log in to Jira or Confluence with OAuth 2.0 and keep the tokens",
	    .about =
		"SITE: jira, confluence, jira_NAME, or the site's name; without it, the sites that can "
		"be logged in\nto are listed. Prints the address to open in a browser; the answer comes "
		"back to the redirect\naddress if that is on this machine. If not, paste the address that "
		"the browser was sent to, or give\nit within 10 minutes to a second `bascule login SITE "
		"--code`. See docs/login.md.",
	    .options = READS_CONFIG | OPTION_BIT(CODE) | ABOUT_SITES,
	    .run = login_run },
	{ .name = "logout",
	    .words = "SITE",
	    .words_least = 1,
	    .words_most = 1,
	    .help = "forget the tokens of a login",
	    .about =
		"What `bascule login` stored for the site is removed. A gateway that runs keeps its "
		"access token\nuntil that ends, an hour at most.",
	    .options = READS_CONFIG | ABOUT_SITES,
	    .run = logout_run },
	{ .name = "import",
	    .words = "FILE",
	    .words_least = 1,
	    .words_most = 1,
	    .help = "another program's configuration as bascule.yaml",
	    .about =
		"Reads mcpServers of Claude, Cursor, Windsurf, Gemini and mcp-hub, VS Code's servers, "
		"Zed's\ncontext_servers, and gatekit's YAML; `-` is stdin. What cannot be carried over "
		"becomes a comment\nand a line on stderr. Literal secrets are not copied: the file "
		"names variables for them.",
	    .options = OPTION_BIT(OUTPUT) | OPTION_BIT(FORCE),
	    .run = import_run },
	{ .name = "install",
	    .words = "CLIENT",
	    .words_least = 1,
	    .words_most = 1,
	    .help = "put the gateway into a client's configuration",
	    .about =
		"CLIENT: claude-desktop, claude-code, claude-code-project, cursor, cursor-project, "
		"vscode,\nvscode-project, windsurf, codex, gemini or zed. The client will start "
		"`bascule serve --transport\nstdio` (with -c FILE, if given). Everything else in its "
		"file keeps its bytes; what was there is kept\nbeside it as FILE.bascule-backup. "
		"--undo restores that, or takes out the entry where the file has\nchanged since.",
	    .options =
		OPTION_BIT(CONFIG) | OPTION_BIT(NAME) | OPTION_BIT(DRY_RUN) | OPTION_BIT(UNDO),
	    .run = install_run },
	{ .name = "lock",
	    .words = "[NAME ...]",
	    .words_most = ANY_NUMBER,
	    .help = "pin what servers offer; show what has changed since",
	    .about =
		"Starts its own upstreams. Without a lock file (`guard.pins.file`) it is written: command,\n"
		"program, version and instructions of each server, its tools, prompts and templates. With one,\n"
		"what differs is printed, old and new, with how much it may matter, and nothing is written;\n"
		"--accept writes it down, all of it or what is named: SERVER, TOOL or SERVER/TOOL by the\n"
		"server's own name for it. A gateway that runs takes it over on SIGHUP. 0: nothing differs;\n"
		"1: something does. See docs/pins.md.",
	    .options = READS_CONFIG | OPTION_BIT(ACCEPT) | OPTION_BIT(JSON),
	    .keeper = KEEPER_ALWAYS,
	    .run = lock_run },
	{ .name = "scan",
	    .words = "[FILE ... | -]",
	    .words_most = ANY_NUMBER,
	    .help = "find secrets, personal data and injected instructions in texts",
	    .about =
		"Every scanner looks at each file, or at stdin; no configuration is read. A row a finding:\n"
		"place, kind, rule, how sure it is (1 to 100) and, unless it is a secret, the text. With\n"
		"--json each line of the input is an object {\"id\", \"text\"}, answered before the next by\n"
		"one of {\"id\", \"findings\": [{\"kind\", \"rule\", \"start\", \"end\", \"score\"}]} with offsets\n"
		"in bytes of the text. 0: nothing was found; 1: something was. See docs/detection.md.",
	    .options = OPTION_BIT(JSON),
	    .run = scan_run },
	{ .name = "agents",
	    .words = "list | show RUN | cancel RUN | logs RUN",
	    .words_least = 1,
	    .words_most = 2,
	    .help = "the runs of live gateways: list, look at, cancel them, read their output",
	    .about =
		"Asks the gateways that are live below the state directory of the configuration, as the "
		"same user\nor root. RUN is an id, or the beginning of one. list: newest first; show: one "
		"run with its last\nevents; cancel: it is told to end; logs: its output, with -f also what "
		"comes until it is over.\n--json gives {\"runs\": [...]}, one run, or an object a line with "
		"base64 `bytes`. 2: there is no such\nrun; 4: no gateway is live, or one did not answer. See "
		"docs/agents.md.",
	    .options = READS_CONFIG | OPTION_BIT(INSTANCE) | OPTION_BIT(FOLLOW) | OPTION_BIT(JSON),
	    .run = agents_run },
	{ .name = "audit",
	    .words = "tail | query | export [FORM] | verify [PATH]",
	    .words_least = 1,
	    .words_most = 2,
	    .help = "look through the audit trail, follow it, export it, verify it",
	    .about =
		"Reads the stores of all processes below the state directory of the configuration, also "
		"while\ngateways write them. query: a table of the newest 100 records that fit, or as "
		"many as --limit\nsays; tail: a line for each of the newest 20, with -f also what comes; "
		"with --json both give an\nobject a line. export: all that fit, as jsonl, csv, text, cef "
		"or syslog (jsonl without FORM), into\nFILE with -o. Moments are UTC. See "
		"docs/audit-sinks.md.\n\nverify: is every record of every store (or of PATH) as it "
		"was written, and none missing? 0: yes, 1:\nno, and the first one that is not is named. "
		"See docs/audit.md.",
	    .options = READS_CONFIG | OPTION_BIT(SINCE) | OPTION_BIT(UNTIL) | OPTION_BIT(CALLER) |
		OPTION_BIT(TENANT) | OPTION_BIT(SERVER) | OPTION_BIT(TOOL) | OPTION_BIT(OUTCOME) |
		OPTION_BIT(VERDICT) | OPTION_BIT(RULE) | OPTION_BIT(LIMIT) | OPTION_BIT(FOLLOW) |
		OPTION_BIT(JSON) | OPTION_BIT(OUTPUT) | OPTION_BIT(FORCE),
	    .run = audit_run },
	{ .name = "policy",
	    .words = "test FILE | explain TOOL [JSON | KEY=VALUE ...] | replay",
	    .words_least = 1,
	    .words_most = ANY_NUMBER,
	    .help = "test rules, say which decides a call and why, try them on what was recorded",
	    .about =
		"test: the cases of FILE (YAML; - is stdin) against guard.rules; nothing is started. "
		"0: all hold;\n1: some do not, and each is named.\n\nexplain: verdict and rule of a call "
		"(`default` where no rule decides), what each rule up to it\nasked, and what would be "
		"sent. TOOL is as a client sees it; or all is one JSON object\n{\"tool\", \"args\", "
		"\"caller\"}. Starts its own upstreams; the call is not made.\n\nreplay: the recorded "
		"calls of the audit trail since --since (7d) through the rules as they are now.\n0: no "
		"verdict changes; 1: some do, and are counted, with examples. See docs/rules.md.",
	    .options = READS_CONFIG | OPTION_BIT(SINCE) | OPTION_BIT(UNTIL) | OPTION_BIT(CALLER) |
		OPTION_BIT(TENANT) | OPTION_BIT(JSON) | ABOUT_SITES,
	    .keeper = KEEPER_ALWAYS,
	    .run = policy_run },
	{ .name = "plugin",
	    .words = "test FILE",
	    .words_least = 2,
	    .words_most = 2,
	    .help = "run the cases that a script of guard.plugins brings with it",
	    .about =
		"The list `tests` of what the script returns: each case is a message and what is to become\n"
		"of it. The script is read anew for each. 0: all hold; 1: some do not. See docs/plugins.md.",
	    .options = OPTION_BIT(JSON),
	    .run = plugin_run },
	{ .name = "demo",
	    .words = "",
	    .help = "a small MCP server over stdio, to try things",
	    .about =
		"Tools: echo{text}, time{}, sleep{seconds}, count{to} with progress, ask{message} with a "
		"question to\nthe client. Ends when stdin does.",
	    .run = demo_run },
	{ .name = "sandbox",
	    .words = "",
	    .help = "a simulated Jira and Confluence, to try things without an account",
	    .about =
		"Jira and Confluence, Cloud and Data Center, on 127.0.0.1 at port 8090 (0: a free one), "
		"with some\ndata in it; what is written is gone when it ends. --fault makes it slow=MS, "
		"fail=N, rate=N, html,\ntruncate=N or hang=N (every Nth request); several with commas. "
		"See docs/sandbox.md.",
	    .options = OPTION_BIT(PORT) | OPTION_BIT(FAULT) | OPTION_BIT(VERBOSE),
	    .run = sandbox_run },
	{ .name = "version",
	    .words = "",
	    .help = "print the version and the protocol revisions spoken",
	    .about = "",
	    .run = version_run },
	{ .name = "help",
	    .words = "[COMMAND | configuration | atlassian | man | completion SHELL]",
	    .words_most = 2,
	    .help = "say how bascule or a command is used",
	    .about =
		"`help configuration` describes every option of bascule.yaml; with --schema as a JSON "
		"Schema for\neditors. `help atlassian` prints all tools of Jira and Confluence as JSON, with "
		"their arguments.\n`help man` is the manual page, `help completion` what bash, zsh or fish "
		"complete.\n--markdown prints the page of documentation: of the commands, or of the "
		"configuration.",
	    .options = OPTION_BIT(MARKDOWN) | OPTION_BIT(SCHEMA),
	    .run = help_run },
};
const size_t cli_commands_n = COUNT(cli_commands);

const struct command *
cli_command_find(const char *name)
{
	for (size_t i = 0; i < cli_commands_n; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return NULL;
}
