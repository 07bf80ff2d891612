/*
 * THE table of options.  Parsing, defaults, ranges, docs/configuration.md, the JSON Schema and the
 * "did you mean" of errors all come from it; an option that is not a row does not exist.
 * config_find.c looks into it.
 */
#include "config/config_parts.h"

#define ROOT(field)	 .offset = offsetof(struct config, field)
#define ROOT_N(field)	 ROOT(field), .offset_n = offsetof(struct config, field##_n)
#define UP(field)	 .offset = offsetof(struct config_draft, upstream.field), .reloadable = true
#define UP_N(field)	 UP(field), .offset_n = offsetof(struct config_draft, upstream.field##_n)
#define KEY(field)	 .offset = offsetof(struct config_key_draft, field), .reloadable = true
#define CERT(field)	 .offset = offsetof(struct config_certificate, field), .reloadable = true
#define JWT(field)	 ROOT(jwt.field), .reloadable = true
#define JWT_N(field)	 ROOT_N(jwt.field), .reloadable = true
#define SITE_AT(field)	 offsetof(struct config_site_draft, field)
#define SITE(field)	 .offset = SITE_AT(site.field), .reloadable = true
#define SITE_N(field)	 SITE(field), .offset_n = SITE_AT(site.field##_n)
#define OF_SITE(field)	 .offset = SITE_AT(field), .reloadable = true
#define OF_SITE_N(field) OF_SITE(field), .offset_n = SITE_AT(field##_n)
#define RULE_AT(field)	 offsetof(struct config_rule_draft, field)
#define RULE(field)	 .offset = RULE_AT(rule.field), .reloadable = true
#define RULE_N(field)	 RULE(field), .offset_n = RULE_AT(rule.field##_n)
#define OF_RULE(field)	 .offset = RULE_AT(field), .reloadable = true
#define LIMIT_AT(field)	 offsetof(struct config_limit_draft, field)
#define LIMIT(field)	 .offset = LIMIT_AT(limit.field), .reloadable = true
#define LIMIT_N(field)	 LIMIT(field), .offset_n = LIMIT_AT(limit.field##_n)
#define OF_LIMIT(field)	 .offset = LIMIT_AT(field), .reloadable = true
#define PLUGIN_AT(field) offsetof(struct config_plugin, field)
#define PLUGIN(field)	 .offset = PLUGIN_AT(field), .reloadable = true
#define PLUGIN_N(field)	 PLUGIN(field), .offset_n = PLUGIN_AT(field##_n)
#define SINK_AT(field)	 offsetof(struct config_sink_draft, field)
#define SINK(field)	 .offset = SINK_AT(sink.field), .reloadable = true
#define SINK_N(field)	 SINK(field), .offset_n = SINK_AT(sink.field##_n)
#define OF_SINK(field)	 .offset = SINK_AT(field), .reloadable = true
#define MARK_AT(field)	 offsetof(struct config_mark_draft, field)
#define MARK_N(field) \
	.offset = MARK_AT(mark.field), .offset_n = MARK_AT(mark.field##_n), .reloadable = true
#define CANARY_AT(field) offsetof(struct config_canary, field)
#define MARKED(label, what) \
	{ "guard.flow.labels." label "[].server", OPTION_ONE_OR_LIST, MARK_N(server), \
		RANGE(1, 100), .check = config_check_glob, \
		.help = what " Servers and sites as configured, `*` and `?`.", \
		.fallback_help = "any" }, \
	    { "guard.flow.labels." label "[].tool", OPTION_ONE_OR_LIST, MARK_N(tool), \
		    RANGE(1, 100), .check = config_check_glob, \
		    .help = "Of these their tools of such names.", \
		    .fallback_help = "all they do" }, \
	{ \
		"guard.flow.labels." label "[].resource", OPTION_ONE_OR_LIST, MARK_N(resource), \
		    RANGE(1, 100), .check = config_check_glob, \
				   .help = "The resources of such URIs.", \
				   .fallback_help = "all they do" \
	}
#define DRAFT(field)	 .offset = offsetof(struct config_draft, field), .reloadable = true
#define AGENTS(field)	 ROOT(agents.field), .reloadable = true
#define RUNNER_AT(field) offsetof(struct config_runner_draft, field)
#define RUNNER(field)	 .offset = RUNNER_AT(runner.field), .reloadable = true
#define RUNNER_N(field)	 RUNNER(field), .offset_n = RUNNER_AT(runner.field##_n)
#define OF_RUNNER(field) .offset = RUNNER_AT(field), .reloadable = true
#define ROUTE_AT(field)	 offsetof(struct config_route_draft, field)
#define ROUTE(field)	 .offset = ROUTE_AT(route.field), .reloadable = true
#define ROUTE_N(field)	 ROUTE(field), .offset_n = ROUTE_AT(route.field##_n)
#define OF_ROUTE(field)	 .offset = ROUTE_AT(field), .reloadable = true
#define EXCEPT(field)	 .offset = offsetof(struct config_scan_except, field), .reloadable = true
#define EXCEPT_N(field)	 EXCEPT(field), .offset_n = offsetof(struct config_scan_except, field##_n)
#define RANGE(low, high) .min = (low), .max = (high)
#define WORDS(...) \
	.words = (const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

#define SECOND_MS ((uint64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS	  (60 * MINUTE_MS)
#define GIB	  ((uint64_t)1024 * MIB)

static const struct config_option options[] = {
	{ "listen.stdio", OPTION_BOOL, ROOT(listen_stdio), .fallback = "false",
	    .help = "Serve one client on stdin and stdout as well." },
	{ "listen.http", OPTION_ONE_OR_LIST, ROOT_N(listen_http), .fallback = "127.0.0.1:8080",
	    RANGE(0, CONFIG_LISTEN_MAX), .check = config_check_listen,
	    .help =
		"Addresses for HTTP: `host:port`, `[ipv6]:port` or `unix:/path`; `[]` for none. "
		"One that other machines can reach needs `auth`, or `auth: none` written out." },
	{ "listen.stateless", OPTION_BOOL, ROOT(listen_stateless), .fallback = "false",
	    .help =
		"Over HTTP, clients of the revisions with sessions are served without: each POST "
		"stands alone, and nothing can be asked of them." },
	{ "listen.tls", OPTION_WORD, ROOT(listen_tls), WORDS("", "none"), .reloadable = true,
	    .help =
		"`none`: what other machines reach is meant to be plain HTTP, behind a proxy that speaks "
		"TLS, say; or a map with `cert` and `key`.",
	    .fallback_help = "not set: plain HTTP, and a warning where other machines reach it" },
	{ "listen.tls.cert", OPTION_PATH, ROOT(listen_tls_cert), .reloadable = true,
	    .help =
		"PEM file with our certificate and its chain: every address of `listen.http` but unix "
		"ones speaks TLS 1.2 and later then. Read again on SIGHUP.",
	    .fallback_help = "plain HTTP" },
	{ "listen.tls.key", OPTION_PATH, ROOT(listen_tls_key), .reloadable = true,
	    .help = "PEM file with the private key of `cert`, without a password." },
	{ "listen.tls.client_ca", OPTION_PATH, ROOT(listen_tls_client_ca), .reloadable = true,
	    .help =
		"PEM file with certificate authorities: a client needs a certificate by one of them to "
		"get in at all, beside what `auth` asks for.",
	    .fallback_help = "clients need none" },
	{ "listen.tls.certificates[].cert", OPTION_PATH, CERT(cert),
	    .help =
		"A further certificate and its chain: clients that ask for a name in it (SNI; DNS names, "
		"`*` for a first label) see it, all others that of `listen.tls.cert`. At most 64.",
	    .fallback_help = "required" },
	{ "listen.tls.certificates[].key", OPTION_PATH, CERT(key),
	    .help = "Its private key, without a password.", .fallback_help = "required" },
	{ "listen.hosts", OPTION_LIST, ROOT_N(listen_hosts), RANGE(0, 256),
	    .check = config_check_host,
	    .help = "Names, with or without a port, that are allowed in Host and Origin.",
	    .fallback_help = "loopback names" },
	{ "auth", OPTION_WORD, ROOT(auth), WORDS("", "none", "tenants"), .reloadable = true,
	    .help =
		"`none`: everyone who reaches the gateway may use it; `tenants`: who brings a credential "
		"that its own Atlassian site has confirmed; or a map with `keys`, `jwt` or both.",
	    .fallback_help = "not set: only loopback and unix addresses" },
	{ "auth.keys[].name", OPTION_TEXT, KEY(name),
	    .help =
		"Who has the key, for rules and records: 1 to 32 of letters, digits, `_`, `-`, `.` and "
		"`@`.",
	    .fallback_help = "required" },
	{ "auth.keys[].key", OPTION_SECRET, KEY(key),
	    .help =
		"16 to 512 visible ASCII characters, best as `${NAME}` or `file:PATH`; only a hash is "
		"kept.",
	    .fallback_help = "required" },
	{ "auth.keys[].tenant", OPTION_TEXT, KEY(tenant), .help = "To whom it belongs." },
	{ "auth.jwt.issuer", OPTION_TEXT, JWT(issuer), .check = config_check_issuer,
	    .help =
		"Whose tokens (JWT, OAuth 2.1) are taken: its URL, exactly as `iss` has it; https, or on "
		"this machine.",
	    .fallback_help = "required in `auth.jwt`" },
	{ "auth.jwt.audience", OPTION_TEXT, JWT(audience),
	    .help = "What `aud` of a token must name; best the URL that clients use.",
	    .fallback_help = "required in `auth.jwt`" },
	{ "auth.jwt.resource", OPTION_TEXT, JWT(resource), .check = config_check_site_url,
	    .help = "URL that clients use, for the metadata that tells them where to log in.",
	    .fallback_help = "`audience`, which must be a URL then" },
	{ "auth.jwt.algorithms", OPTION_LIST, JWT_N(algorithms), RANGE(1, 9),
	    .check = config_check_algorithm,
	    .help =
		"Signatures that are taken: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, "
		"ES512.",
	    .fallback_help = "RS256 and ES256" },
	{ "auth.jwt.jwks", OPTION_TEXT, JWT(jwks), .check = config_check_issuer,
	    .help = "URL of the issuer's keys.", .fallback_help = "as the issuer's metadata says" },
	{ "auth.jwt.ca", OPTION_PATH, JWT(ca),
	    .help = "PEM file of the certificate authorities that the issuer is checked against.",
	    .fallback_help = "the system's authorities" },
	{ "auth.jwt.scopes", OPTION_LIST, JWT_N(scopes), RANGE(0, 32), .check = config_check_scope,
	    .help = "A token needs all of these (`scope`, or `scp`)." },
	{ "auth.jwt.caller", OPTION_TEXT, JWT(caller), .fallback = "sub",
	    .check = config_check_claim,
	    .help = "The claim that names the caller, for rules and records." },
	{ "auth.jwt.tenant", OPTION_TEXT, JWT(tenant), .check = config_check_claim,
	    .help = "The claim that names the caller's tenant; a token without it is refused." },
	{ "auth.jwt.refresh", OPTION_DURATION, JWT(refresh_ms), .fallback = "30s",
	    RANGE(SECOND_MS, HOUR_MS),
	    .help =
		"The issuer is asked for its keys at most this often because a token names one that is "
		"not known; each quarter of an hour besides." },
	{ "namespace.separator", OPTION_TEXT, ROOT(separator), .fallback = "__",
	    .check = config_check_separator,
	    .help =
		"Stands between the server and the tool in a name; 1 to 8 of `A-Z a-z 0-9 _ - . / :`." },
	{ "namespace.prefix", OPTION_WORD, ROOT(prefix), .fallback = "auto",
	    WORDS("auto", "always", "never"),
	    .help =
		"Whether tools carry the name of their server; `auto`: with more than one upstream." },
	{ "namespace.max", OPTION_COUNT, ROOT(name_max), .fallback = "64", RANGE(20, 256),
	    .help = "Longest name in bytes; a longer one is cut and ends in a hash." },
	{ "start_wait", OPTION_DURATION, ROOT(start_wait_ms), .fallback = "5s",
	    RANGE(0, 10 * MINUTE_MS), .help = "How long the first list waits for slow upstreams." },
	{ "reload_on_change", OPTION_BOOL, ROOT(reload_on_change), .reloadable = true,
	    .fallback = "false",
	    .help =
		"Reads the configuration again when a file of it has changed, as SIGHUP does: itself, what "
		"`file:` names, certificates. Looked at once a second; without it only SIGHUP does." },

	{ "seal_key", OPTION_SECRET, ROOT(seal_key), .check = config_check_seal_key,
	    .help =
		"What clients carry for the gateway (cursors) is sealed with it; at least 16 "
		"characters, best as `file:PATH`. Processes that stand for each other share one.",
	    .fallback_help = "a random one at every start" },
	{ "replicas.self", OPTION_TEXT, ROOT(replicas.self), .check = config_check_replica,
	    .help =
		"This one's name: 1 to 63 of `a-z`, `0-9` and `-`. `replicas` need a `seal_key`.",
	    .fallback_help = "the host's name, up to its first dot" },
	{ "replicas.peers", OPTION_PAIRS, ROOT_N(replicas.peers), RANGE(1, CONFIG_PEERS_MAX),
	    .check = config_check_replica_url,
	    .help =
		"All replicas, this one too, by name: where the others reach it, `http://host:port`.",
	    .fallback_help = "`replicas.address`" },
	{ "replicas.address", OPTION_TEXT, ROOT(replicas.address),
	    .check = config_check_replica_url,
	    .help =
		"The same for names that differ only in the number at their end, such as those of a "
		"StatefulSet: `http://{name}.bascule-pods:8080`.",
	    .fallback_help = "`replicas.peers`" },
	{ "replicas.ca", OPTION_PATH, ROOT(replicas.ca),
	    .help =
		"PEM file with the authorities that `https` peers have their certificates from.",
	    .fallback_help = "the system's" },

	{ "upstreams[].name", OPTION_TEXT, UP(name),
	    .help =
		"The name of the server: a letter or digit, then letters, digits, `_` and `-`; at most 32, "
		"no `_` at the end, no separator inside; not `jira`, `confluence` or `maf`.",
	    .fallback_help = "required" },
	{ "upstreams[].enabled", OPTION_BOOL, UP(enabled), .fallback = "true",
	    .help = "`false`: checked, and otherwise as if it were not there." },
	{ "upstreams[].command", OPTION_ONE_OR_LIST, UP_N(command), RANGE(1, 1024),
	    .help =
		"Program and arguments of a server over stdio; no shell. A program with a slash is "
		"relative to this file, one without is looked for in PATH. Either this or `url`." },
	{ "upstreams[].args", OPTION_LIST, DRAFT(args),
	    .offset_n = offsetof(struct config_draft, args_n), RANGE(0, 1024),
	    .help = "More arguments, behind those of `command`." },
	{ "upstreams[].env", OPTION_PAIRS, UP_N(env), RANGE(0, 256), .check = config_check_env,
	    .help = "Environment of the command, beside PATH, HOME, LANG and TZ." },
	{ "upstreams[].cwd", OPTION_PATH, UP(cwd), .help = "Working directory of the command.",
	    .fallback_help = "the gateway's" },
	{ "upstreams[].sandbox.read", OPTION_LIST, UP_N(sandbox.read), RANGE(0, 96),
	    .check = config_check_seen,
	    .help =
		"What the command sees and may read; `system`: programs, libraries and what of /etc they "
		"need. Nothing else is there, but a /tmp, /dev and /proc of its own.",
	    .fallback_help = "`[system]`" },
	{ "upstreams[].sandbox.write", OPTION_LIST, UP_N(sandbox.write), RANGE(0, 96),
	    .check = config_check_written, .help = "What it may write as well.",
	    .fallback_help = "nothing" },
	{ "upstreams[].sandbox.hide", OPTION_LIST, UP_N(sandbox.hide), RANGE(0, 96),
	    .check = config_check_hidden,
	    .help = "What it does not see although it is below a path that is listed.",
	    .fallback_help = "the usual places of keys and tokens below the home directory" },
	{ "upstreams[].sandbox.network", OPTION_ONE_OR_LIST, UP_N(sandbox.egress), RANGE(1, 256),
	    .check = config_check_network,
	    .help =
		"`none`; `loopback`: one of its own, with nobody else on it; `host`: all that the "
		"gateway reaches; or a list of destinations, `api.example.com:443`, "
		"`*.example.com:443`, that it reaches by a proxy of bascule's.",
	    .fallback_help = "`none`" },
	{ "upstreams[].sandbox.memory", OPTION_SIZE, UP(sandbox.memory_bytes),
	    RANGE(MIB, 1024 * GIB),
	    .help = "Resident memory of all its processes together; above it they are ended.",
	    .fallback_help = "no limit" },
	{ "upstreams[].sandbox.cpu", OPTION_DURATION, UP(sandbox.cpu_ms),
	    RANGE(SECOND_MS, 30 * DAY_MS),
	    .help = "Processor time of one process, in whole seconds; above it that one is ended.",
	    .fallback_help = "no limit" },
	{ "upstreams[].sandbox.processes", OPTION_COUNT, UP(sandbox.processes), RANGE(1, 1000000),
	    .help = "Processes and threads together.", .fallback_help = "no limit" },
	{ "upstreams[].sandbox.files", OPTION_COUNT, UP(sandbox.files), RANGE(16, 1000000),
	    .help = "Open files of one process.", .fallback_help = "the gateway's" },
	{ "upstreams[].sandbox.file_size", OPTION_SIZE, UP(sandbox.file_bytes),
	    RANGE(KIB, 1024 * GIB), .help = "Size of one file that it writes.",
	    .fallback_help = "no limit" },
	{ "upstreams[].sandbox.require", OPTION_LIST, UP_N(sandbox.require), RANGE(0, 32),
	    .check = config_check_required,
	    .help = "What must be in force, else it is not started; `[]`: whatever can be had.",
	    .fallback_help = "`[files, network]`" },
	{ "upstreams[].url", OPTION_TEXT, UP(url), .check = config_check_url,
	    .help =
		"Address of a server over HTTP: `http://` or `https://`. Either this or `command`." },
	{ "upstreams[].headers", OPTION_PAIRS, UP_N(headers), RANGE(0, 64),
	    .check = config_check_header, .help = "Headers of every request to `url`." },
	{ "upstreams[].auth.type", OPTION_WORD, DRAFT(auth_type), WORDS("", "bearer"),
	    .help = "How to authenticate to `url`; `bearer` becomes an Authorization header." },
	{ "upstreams[].auth.token", OPTION_SECRET, DRAFT(auth_token),
	    .help = "The token, best as `${NAME}` or `file:PATH`." },
	{ "upstreams[].tls.ca", OPTION_PATH, UP(tls_ca),
	    .help = "PEM file of the certificate authorities, or of the server's own certificate, "
		    "that an https `url` is checked against.",
	    .fallback_help = "the system's authorities" },
	{ "upstreams[].tls.cert", OPTION_PATH, UP(tls_cert),
	    .help = "PEM file of a client certificate, with its chain, for servers that ask." },
	{ "upstreams[].tls.key", OPTION_PATH, UP(tls_key),
	    .help = "PEM file of its private key, not encrypted; nobody else should be able to "
		    "read it." },
	{ "upstreams[].transport", OPTION_WORD, UP(transport), .fallback = "auto",
	    WORDS("auto", "http", "sse", "stdio"),
	    .help = "How the server is spoken to; `auto` tries Streamable HTTP, then HTTP+SSE." },
	{ "upstreams[].protocol", OPTION_WORD, UP(protocol), .fallback = "auto",
	    WORDS("auto", "legacy", "modern"),
	    .help =
		"Which era of MCP the server is asked for: `modern` is 2026-07-28, `legacy` all "
		"before it; `auto` asks for the modern one first and remembers what was answered." },
	{ "upstreams[].session", OPTION_WORD, UP(session), .fallback = "auto",
	    WORDS("auto", "shared", "per_client"),
	    .help =
		"One session for all clients (`shared`), or one for each, with its capabilities "
		"(`per_client`); `auto`: its own for the client on stdio, shared over HTTP." },
	{ "upstreams[].lazy", OPTION_BOOL, UP(lazy), .fallback = "false",
	    .help = "Connect when something of it is first asked for, not at the start." },
	{ "upstreams[].idle_stop", OPTION_DURATION, UP(idle_stop_ms), .fallback = "0s",
	    RANGE(0, 30 * DAY_MS),
	    .help = "Disconnect when it was not used for so long; the next call connects again.",
	    .fallback_help = "never" },
	{ "upstreams[].restarts", OPTION_COUNT, UP(restarts), .fallback = "0", RANGE(0, 1000000),
	    .help = "Failures in a row after which only a call tries to connect again.",
	    .fallback_help = "without end" },
	{ "upstreams[].timeout", OPTION_DURATION, UP(timeout_ms), .fallback = "60s",
	    RANGE(1, 7 * DAY_MS),
	    .help =
		"How long a call may take; the time in which a person is asked does not count." },
	{ "upstreams[].connect_timeout", OPTION_DURATION, UP(connect_timeout_ms), .fallback = "10s",
	    RANGE(1, HOUR_MS), .help = "How long starting and the handshake may take." },
	{ "upstreams[].tools.allow", OPTION_LIST, UP_N(tools.allow), RANGE(1, 1000),
	    .check = config_check_glob,
	    .help =
		"The tools that are offered: names as the server has them, `*` and `?` fit any.",
	    .fallback_help = "all" },
	{ "upstreams[].tools.deny", OPTION_LIST, UP_N(tools.deny), RANGE(0, 1000),
	    .check = config_check_glob,
	    .help = "The tools that are neither shown nor called, also where `allow` fits." },
	{ "upstreams[].tools.rename", OPTION_PAIRS, UP_N(tools.rename), RANGE(0, 1000),
	    .check = config_check_tool,
	    .help =
		"Other names: `{original: new}`; `namespace` puts its prefix before the new one." },
	{ "upstreams[].tools.describe", OPTION_PAIRS, UP_N(tools.describe), RANGE(0, 1000),
	    .check = config_check_described, .help = "Other descriptions: `{original: text}`." },

	{ "atlassian.sites[].name", OPTION_TEXT, SITE(name), .check = config_check_site_name,
	    .help =
		"Empty: the primary, whose tools are `jira_...` and `confluence_...`. Else 1 to 30 letters, "
		"digits and `_`, not `jira` or `confluence`; the tools are `jira_NAME_...`.",
	    .fallback_help = "the primary" },
	{ "atlassian.sites[].jira", OPTION_TEXT, OF_SITE(jira), .check = config_check_site_url,
	    .help = "Address of Jira, such as `https://acme.atlassian.net`." },
	{ "atlassian.sites[].confluence", OPTION_TEXT, OF_SITE(confluence),
	    .check = config_check_site_url,
	    .help = "Address of Confluence, such as `https://acme.atlassian.net/wiki`." },
	{ "atlassian.sites[].deployment", OPTION_WORD, SITE(deployment), .fallback = "auto",
	    WORDS("auto", "cloud", "data_center"),
	    .help = "`auto`: told by the host, and where that does not tell, by asking the site." },
	{ "atlassian.sites[].auth.type", OPTION_WORD, OF_SITE(auth_type),
	    WORDS("", "none", "basic", "pat", "oauth", "bearer", "cert"),
	    .help =
		"`basic`: `user` and an API token or password; `pat`: a personal access token (Data "
		"Center); `oauth`: OAuth 2.0 with `client_id` and `client_secret`; `bearer`: a token as it "
		"is; `cert`: the certificate of `tls`; `none`: requests bring their own, or a proxy adds it.",
	    .fallback_help = "required, but `none` with `auth: tenants`" },
	{ "atlassian.sites[].auth.user", OPTION_TEXT, SITE(user),
	    .help = "With `basic`: the e-mail address of the account, or the user's name." },
	{ "atlassian.sites[].auth.token", OPTION_SECRET, SITE(secret),
	    .help = "With `basic`, `pat` and `bearer`: the token or password, best as `${NAME}` or "
		    "`file:PATH`." },
	{ "atlassian.sites[].auth.client_id", OPTION_TEXT, SITE(client_id),
	    .help = "With `oauth`: the application." },
	{ "atlassian.sites[].auth.client_secret", OPTION_SECRET, SITE(client_secret),
	    .help = "With `oauth`: its secret." },
	{ "atlassian.sites[].auth.redirect_uri", OPTION_TEXT, SITE(redirect_uri),
	    .check = config_check_url,
	    .help = "With `oauth`: the callback address that the application is registered with." },
	{ "atlassian.sites[].auth.scope", OPTION_TEXT, SITE(scope),
	    .help = "With `oauth`: what is asked for, separated by blanks." },
	{ "atlassian.sites[].auth.cloud_id", OPTION_TEXT, SITE(cloud_id),
	    .check = config_check_cloud_id,
	    .help = "The id of a Cloud site, whose API gateway is then used." },
	{ "atlassian.sites[].auth.gateway", OPTION_WORD, SITE(gateway), .fallback = "auto",
	    WORDS("auto", "always", "never"),
	    .help =
		"Whether a Cloud site is called by Atlassian's API gateway. `auto`: with `oauth`, with a "
		"`cloud_id`, and where the site's own address refuses an API token that works there "
		"(scoped tokens, service accounts)." },
	{ "atlassian.sites[].auth.server", OPTION_TEXT, SITE(oauth_server),
	    .check = config_check_oauth_url,
	    .help =
		"With `oauth`: another address in front of `/authorize` and the token endpoint, such as "
		"that of a proxy.",
	    .fallback_help = "Atlassian's; of Data Center, `rest/oauth2/latest` of the site" },
	{ "atlassian.sites[].auth.api", OPTION_TEXT, SITE(api),
	    .fallback = "https://api.atlassian.com", .check = config_check_oauth_url,
	    .help = "Address of the API gateway." },
	{ "atlassian.sites[].tls.ca", OPTION_PATH, SITE(tls_ca),
	    .help = "PEM file of the certificate authorities that the site is checked against.",
	    .fallback_help = "the system's authorities" },
	{ "atlassian.sites[].tls.cert", OPTION_PATH, SITE(tls_cert),
	    .help = "PEM file of a client certificate, with its chain." },
	{ "atlassian.sites[].tls.key", OPTION_PATH, SITE(tls_key),
	    .help = "PEM file of its private key; nobody else should be able to read it." },
	{ "atlassian.sites[].tls.key_password", OPTION_SECRET, SITE(tls_key_password),
	    .help = "The password of an encrypted key." },
	{ "atlassian.sites[].tls.verify", OPTION_BOOL, OF_SITE(verify), .fallback = "true",
	    .help =
		"`false`: any certificate is accepted, and so anyone between here and the site." },
	{ "atlassian.sites[].proxy", OPTION_TEXT, SITE(proxy), .check = config_check_proxy,
	    .help =
		"A proxy in between: `http://`, `https://`, `socks4://`, `socks4a://`, `socks5://` or "
		"`socks5h://`, perhaps with user and password." },
	{ "atlassian.sites[].no_proxy", OPTION_ONE_OR_LIST, SITE_N(no_proxy), RANGE(0, 256),
	    .check = config_check_no_proxy,
	    .help = "Hosts, ends of host names or networks (`10.0.0.0/8`) that are reached without "
		    "it; `*`: all." },
	{ "atlassian.sites[].headers", OPTION_PAIRS, SITE_N(headers), RANGE(0, 64),
	    .check = config_check_header, .help = "Headers of every request to the site." },
	{ "atlassian.sites[].passthrough", OPTION_ONE_OR_LIST, SITE_N(passthrough), RANGE(0, 64),
	    .check = config_check_passthrough,
	    .help = "Names of headers of the client's request that are passed on to the site." },
	{ "atlassian.sites[].timeout", OPTION_DURATION, SITE(timeout_ms), .fallback = "75s",
	    RANGE(1, HOUR_MS), .help = "How long one request to the site may take." },
	{ "atlassian.sites[].retry.total", OPTION_COUNT, SITE(retry_total), .fallback = "2",
	    RANGE(0, 100),
	    .help =
		"How often a read is repeated that failed for a passing reason (429, 502, 503, 504, no "
		"connection); `0`: never." },
	{ "atlassian.sites[].retry.backoff", OPTION_DURATION, SITE(retry_backoff_ms),
	    .fallback = "1s", RANGE(0, HOUR_MS),
	    .help =
		"How long it waits before the first repeat, doubled for each further one; the site's "
		"Retry-After counts more." },
	{ "atlassian.sites[].retry.writes", OPTION_BOOL, SITE(retry_writes), .fallback = "false",
	    .help = "Repeat writes too: some may then be done twice." },
	{ "atlassian.sites[].concurrent", OPTION_COUNT, SITE(concurrent), .fallback = "0",
	    RANGE(0, 10000), .help = "Requests to the site at the same time; `0`: no cap." },
	{ "atlassian.sites[].per_second", OPTION_COUNT, SITE(per_second), .fallback = "0",
	    RANGE(0, 100000), .help = "Requests to the site in a second; `0`: no cap." },
	{ "atlassian.sites[].breaker.threshold", OPTION_COUNT, SITE(breaker_threshold),
	    .fallback = "0", RANGE(0, 1000000),
	    .help =
		"After so many answers of 429 or 503 in a row the site is left alone; `0`: never." },
	{ "atlassian.sites[].breaker.cooldown", OPTION_DURATION, SITE(breaker_cooldown_ms),
	    .fallback = "30s", RANGE(1, HOUR_MS),
	    .help = "For how long, before one request tries it again." },
	{ "atlassian.sites[].projects", OPTION_ONE_OR_LIST, OF_SITE_N(projects), RANGE(0, 1000),
	    .check = config_check_filter,
	    .help = "Keys of the Jira projects that may be seen and changed.",
	    .fallback_help = "all" },
	{ "atlassian.sites[].spaces", OPTION_ONE_OR_LIST, OF_SITE_N(spaces), RANGE(0, 1000),
	    .check = config_check_filter,
	    .help = "Keys of the Confluence spaces that may be seen and changed.",
	    .fallback_help = "all" },
	{ "atlassian.sites[].internal_only", OPTION_ONE_OR_LIST, SITE_N(internal_only),
	    RANGE(0, 1000), .check = config_check_filter,
	    .help = "Keys of service projects in which comments must be internal." },
	{ "atlassian.sites[].max_limit", OPTION_COUNT, SITE(limit_max), .fallback = "0",
	    RANGE(0, 1000000), .help = "The most that a `limit` argument may ask for; `0`: any." },
	{ "atlassian.sites[].markup", OPTION_BOOL, OF_SITE(markup), .fallback = "true",
	    .help = "`false`: texts of Jira are neither translated from Markdown nor to it." },
	{ "atlassian.sites[].hierarchy_links", OPTION_ONE_OR_LIST, SITE_N(hierarchy_links),
	    RANGE(0, 100), .check = config_check_hierarchy_link,
	    .help =
		"`child:NAME`: links of that name lead from an epic to an issue above it, beside those "
		"called is child of, is contained by and split from." },
	{ "atlassian.sites[].sla.metrics", OPTION_ONE_OR_LIST, SITE_N(sla_metrics), RANGE(0, 16),
	    .check = config_check_sla_metric,
	    .help = "What `get_issue_sla` shows where a call does not say it.",
	    .fallback_help = "`cycle_time`, `time_in_status`" },
	{ "atlassian.sites[].sla.working_hours_only", OPTION_BOOL, SITE(sla_working_hours),
	    .fallback = "false", .help = "It counts working hours where a call does not say it." },
	{ "atlassian.sites[].sla.start", OPTION_TEXT, SITE(sla_start), .fallback = "09:00",
	    .check = config_check_sla_clock, .help = "When work begins." },
	{ "atlassian.sites[].sla.end", OPTION_TEXT, SITE(sla_end), .fallback = "17:00",
	    .check = config_check_sla_clock, .help = "When it ends, on the same day." },
	{ "atlassian.sites[].sla.days", OPTION_ONE_OR_LIST, SITE_N(sla_days), RANGE(0, 7),
	    .check = config_check_sla_day, .help = "Days on which people work, `1` is Monday.",
	    .fallback_help = "1 to 5" },
	{ "atlassian.sites[].sla.timezone", OPTION_TEXT, SITE(sla_timezone), .fallback = "UTC",
	    .check = config_check_sla_zone,
	    .help = "Whose clocks these are, such as `Europe/Berlin`." },
	{ "atlassian.tenants.allow", OPTION_LIST, ROOT_N(atlassian.tenants_allow), RANGE(1, 1000),
	    .check = config_check_tenant_host,
	    .help =
		"Hosts that requests may name, exact or as `*.suffix`, with any port. With it, requests "
		"may bring sites and credentials of their own also where `auth` is not `tenants`.",
	    .fallback_help = "those of Atlassian Cloud" },
	{ "atlassian.tenants.operator_credential", OPTION_BOOL,
	    ROOT(atlassian.allow_operator_credential), .fallback = "false",
	    .help =
		"Requests over HTTP that bring no credential use the one that is configured here." },
	{ "atlassian.tenants.ignore_headers", OPTION_BOOL, ROOT(atlassian.ignore_headers),
	    .fallback = "false",
	    .help = "Sites and credentials in headers of requests are not looked at." },
	{ "atlassian.validation.ttl", OPTION_DURATION, ROOT(atlassian.validation_ttl_ms),
	    .fallback = "5m", RANGE(0, DAY_MS),
	    .help =
		"For how long a credential counts as confirmed after its site has confirmed it; `0s`: it "
		"is asked each time." },
	{ "atlassian.validation.max", OPTION_COUNT, ROOT(atlassian.validation_max),
	    .fallback = "100", RANGE(0, 1000000),
	    .help = "Credentials that are remembered as confirmed; `0`: none." },
	{ "atlassian.compat", OPTION_ONE_OR_LIST, ROOT_N(atlassian.compat), RANGE(0, 8),
	    .check = config_check_compat,
	    .help =
		"`mcp-jira-confluence`: the 19 tools, the prompts and the resources of that server too." },
	{ "atlassian.watch", OPTION_DURATION, ROOT(atlassian.watch_ms), .fallback = "30s",
	    RANGE(0, DAY_MS),
	    .help =
		"Shortest time between two looks at an issue or page that a client subscribed to; ever longer, up to 20 times this, while it stays the same; `0s`: no subscriptions." },
	{ "atlassian.read_only", OPTION_BOOL, ROOT(atlassian.is_read_only), .fallback = "false",
	    .help = "Tools that write are hidden and refused." },
	{ "atlassian.toolsets", OPTION_ONE_OR_LIST, ROOT_N(atlassian.toolsets), RANGE(0, 64),
	    .check = config_check_tool_name,
	    .help = "Sets of tools that are offered: `all`, `default` or their names.",
	    .fallback_help = "all" },
	{ "atlassian.enabled_tools", OPTION_ONE_OR_LIST, ROOT_N(atlassian.enabled_tools),
	    RANGE(0, 1000), .check = config_check_tool_name,
	    .help = "Names of the tools that are offered, as clients see them.",
	    .fallback_help = "all" },
	{ "atlassian.json_in_text", OPTION_BOOL, ROOT(atlassian.json_in_text), .fallback = "false",
	    .help = "Results also as JSON text, for clients that read only text." },
	{ "atlassian.result_max", OPTION_SIZE, ROOT(atlassian.result_bytes), .fallback = "64MiB",
	    RANGE(KIB, 64 * MIB),
	    .help = "Of a result's JSON; one that is larger comes in parts." },
	{ "atlassian.spool", OPTION_PATH, ROOT(atlassian.spool),
	    .help =
		"Folder of files that tools may attach by their names below it; with the configured "
		"credential only.",
	    .fallback_help = "none: files come inside of calls" },
	{ "atlassian.attachments.inline", OPTION_SIZE, ROOT(atlassian.inline_bytes),
	    .fallback = "32MiB", RANGE(0, 40 * MIB),
	    .help = "Attachments that one result holds; what is more is a link." },
	{ "atlassian.attachments.upload", OPTION_SIZE, ROOT(atlassian.upload_bytes),
	    .fallback = "100MiB", RANGE(0, 10 * GIB),
	    .help = "The largest file that is attached." },
	{ "atlassian.sandbox", OPTION_TEXT, ROOT(atlassian.sandbox), .check = config_check_sandbox,
	    .help =
		"`127.0.0.1:PORT`: the simulated Jira and Confluence of `bascule sandbox` runs there, "
		"inside the gateway, for entries of `atlassian.sites` to name.",
	    .fallback_help = "none" },

	{ "guard.default", OPTION_WORD, ROOT(guard.fallback), .fallback = "allow",
	    WORDS("allow", "deny"), .reloadable = true,
	    .help = "What becomes of a call that no rule decides." },
	{ "guard.remember", OPTION_DURATION, ROOT(guard.remember_ms), .fallback = "1h",
	    RANGE(0, 7 * DAY_MS), .reloadable = true,
	    .help =
		"How long a consent that a rule asked for holds, where the user wants it remembered; `0s`: "
		"each call is asked for." },
	{ "guard.rules[].id", OPTION_TEXT, RULE(id), .check = config_check_rule_id,
	    .help =
		"The name of the rule, in errors and records: 1 to 64 of letters, digits, `_`, `-`, `.`, "
		"`/` and `:`; `default` and what begins with `scan.` are taken.",
	    .fallback_help = "required" },
	{ "guard.rules[].action", OPTION_WORD, RULE(action), WORDS("allow", "deny", "ask", "log"),
	    .help =
		"What becomes of a call that it matches: the first rule that says `allow`, `deny` or `ask` "
		"decides; `log` is written down and goes on.",
	    .fallback_help = "required" },
	{ "guard.rules[].reason", OPTION_TEXT, RULE(reason), .check = config_check_rule_reason,
	    .help = "Why, for the person who is refused or asked." },
	{ "guard.rules[].match.server", OPTION_ONE_OR_LIST, RULE_N(server), RANGE(1, 100),
	    .check = config_check_glob,
	    .help = "Names of servers and sites, as configured (`*` and `?` stand for others).",
	    .fallback_help = "any" },
	{ "guard.rules[].match.tool", OPTION_ONE_OR_LIST, RULE_N(tool), RANGE(1, 100),
	    .check = config_check_glob, .help = "Tools, by the name that the server gives them.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.prompt", OPTION_ONE_OR_LIST, RULE_N(prompt), RANGE(1, 100),
	    .check = config_check_glob, .help = "Prompts, in the same way.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.resource", OPTION_ONE_OR_LIST, RULE_N(resource), RANGE(1, 100),
	    .check = config_check_glob, .help = "URIs of resources.", .fallback_help = "any" },
	{ "guard.rules[].match.caller", OPTION_ONE_OR_LIST, RULE_N(caller), RANGE(1, 100),
	    .check = config_check_glob, .help = "Names of keys (`auth.keys`), or `anonymous`.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.tenant", OPTION_ONE_OR_LIST, RULE_N(tenant), RANGE(1, 100),
	    .check = config_check_glob, .help = "To whom the caller belongs.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.client", OPTION_ONE_OR_LIST, RULE_N(client), RANGE(1, 100),
	    .check = config_check_glob,
	    .help = "What the client calls itself; anybody may call himself anything.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.method", OPTION_ONE_OR_LIST, RULE_N(method), RANGE(1, 100),
	    .check = config_check_glob, .help = "Methods of MCP: `tools/call`.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.revision", OPTION_ONE_OR_LIST, RULE_N(revision), RANGE(1, 100),
	    .check = config_check_revision,
	    .help = "Revisions of MCP that the client speaks: `2025-11-25`.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.annotations.readOnlyHint", OPTION_WORD, RULE(read_only),
	    WORDS("", "true", "false"),
	    .help = "What the tool says of itself: that it changes nothing.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.annotations.destructiveHint", OPTION_WORD, RULE(destructive),
	    WORDS("", "true", "false"),
	    .help = "That it may destroy; a tool that says nothing may.", .fallback_help = "any" },
	{ "guard.rules[].match.annotations.idempotentHint", OPTION_WORD, RULE(idempotent),
	    WORDS("", "true", "false"), .help = "That a second call changes nothing more.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.annotations.openWorldHint", OPTION_WORD, RULE(open_world),
	    WORDS("", "true", "false"),
	    .help = "That it deals with the world outside; a tool that says nothing may.",
	    .fallback_help = "any" },
	{ "guard.rules[].match.time.from", OPTION_TEXT, OF_RULE(from),
	    .check = config_check_sla_clock, .help = "From when it holds each day, `HH:MM` in UTC.",
	    .fallback_help = "any time" },
	{ "guard.rules[].match.time.to", OPTION_TEXT, OF_RULE(to), .check = config_check_sla_clock,
	    .help = "Until when; before `from`: of the next day." },
	{ "guard.rules[].match.time.days", OPTION_ONE_OR_LIST, OF_RULE(days),
	    .offset_n = offsetof(struct config_rule_draft, days_n), RANGE(1, 7),
	    .check = config_check_day, .help = "`mon` to `sun`; of a night the day it begins.",
	    .fallback_help = "all" },
	{ "guard.plugins[].lua", OPTION_PATH, PLUGIN(path),
	    .help =
		"A script in Lua that looks at what crosses, relative to this file; nobody but its owner "
		"may be able to write to it.",
	    .fallback_help = "required" },
	{ "guard.plugins[].name", OPTION_TEXT, PLUGIN(name),
	    .help =
		"What it is called: `plugin.NAME` is the rule in errors and records; letters, digits, `_`, "
		"`-` and `.`.",
	    .fallback_help = "the file's, without `.lua`" },
	{ "guard.plugins[].server", OPTION_ONE_OR_LIST, PLUGIN_N(server), RANGE(1, 100),
	    .check = config_check_glob,
	    .help =
		"Names of servers and sites whose messages it sees (`*` and `?` stand for others).",
	    .fallback_help = "all" },
	{ "guard.plugins[].priority", OPTION_COUNT, PLUGIN(priority), .fallback = "50",
	    RANGE(0, 100), .help = "The lower is asked first; of the same, as they stand here." },
	{ "guard.plugins[].critical", OPTION_BOOL, PLUGIN(is_critical), .fallback = "true",
	    .help =
		"`true`: a message on which it fails is refused; `false`: the message goes on, and the "
		"log says so." },
	{ "guard.plugins[].memory", OPTION_SIZE, PLUGIN(memory_bytes), .fallback = "32MiB",
	    RANGE(MIB, GIB), .help = "That it may use, the message that it looks at included." },
	{ "guard.plugins[].steps", OPTION_COUNT, PLUGIN(steps), .fallback = "500000",
	    RANGE(1000, 100000000),
	    .help = "Instructions of one call; what is dear to the machine counts as several." },

	{ "guard.rate[].id", OPTION_TEXT, OF_LIMIT(id), .check = config_check_limit_id,
	    .help =
		"The name of the limit: errors and records say `rate.ID`. 1 to 32 of letters, digits, `_` "
		"and `-`.",
	    .fallback_help = "its place in the list, from 0; `rate` where there is no list" },
	{ "guard.rate[].calls", OPTION_TEXT, OF_LIMIT(calls),
	    .help = "Requests that go to a server, such as `100/60s`.", .fallback_help = "any" },
	{ "guard.rate[].burst", OPTION_COUNT, LIMIT(burst), RANGE(1, 1000000000),
	    .help = "How many of these may come at once.",
	    .fallback_help = "as many as `calls` says" },
	{ "guard.rate[].bytes", OPTION_TEXT, OF_LIMIT(bytes),
	    .help = "Of their parameters and results together, such as `10MiB/60s`.",
	    .fallback_help = "any" },
	{ "guard.rate[].concurrent", OPTION_COUNT, LIMIT(concurrent), RANGE(1, 1000000),
	    .help = "Requests in progress at the same time.", .fallback_help = "any" },
	{ "guard.rate[].budget.calls", OPTION_TEXT, OF_LIMIT(budget_calls),
	    .help = "Requests in a day (UTC), such as `1000/d`.", .fallback_help = "any" },
	{ "guard.rate[].budget.bytes", OPTION_TEXT, OF_LIMIT(budget_bytes),
	    .help = "Bytes in a day (UTC), such as `1GiB/d`.", .fallback_help = "any" },
	{ "guard.rate[].per", OPTION_ONE_OR_LIST, OF_LIMIT(per), .offset_n = LIMIT_AT(per_n),
	    RANGE(1, 5), .check = config_check_per,
	    .help =
		"Who has a limit of its own: each `caller`, `tenant`, `server`, `tool` or `client`, or each "
		"combination of several; `all`: everything together has one.",
	    .fallback_help = "`caller`" },
	{ "guard.rate[].match.server", OPTION_ONE_OR_LIST, LIMIT_N(server), RANGE(1, 100),
	    .check = config_check_glob,
	    .help = "Servers and sites whose requests count; names as configured, `*` and `?`.",
	    .fallback_help = "any" },
	{ "guard.rate[].match.tool", OPTION_ONE_OR_LIST, LIMIT_N(tool), RANGE(1, 100),
	    .check = config_check_glob,
	    .help = "Tools, by the name that the server gives them; nothing else counts then.",
	    .fallback_help = "any request" },
	{ "guard.rate[].match.caller", OPTION_ONE_OR_LIST, LIMIT_N(caller), RANGE(1, 100),
	    .check = config_check_glob, .help = "Names of keys (`auth.keys`), or `anonymous`.",
	    .fallback_help = "any" },
	{ "guard.rate[].match.tenant", OPTION_ONE_OR_LIST, LIMIT_N(tenant), RANGE(1, 100),
	    .check = config_check_glob, .help = "To whom the caller belongs.",
	    .fallback_help = "any" },

	{ "guard.scan.secrets", OPTION_WORD, ROOT(guard.scan.secrets), .fallback = "off",
	    WORDS("off", "log", "redact", "block"), .reloadable = true,
	    .help =
		"What becomes of keys, tokens and passwords in all that crosses: `log` only says so, "
		"`redact` puts a placeholder there, `block` refuses the message." },
	{ "guard.scan.pii", OPTION_WORD, ROOT(guard.scan.pii), .fallback = "off",
	    WORDS("off", "log", "redact", "block"), .reloadable = true,
	    .help = "The same of personal data: cards, accounts, identity numbers, addresses." },
	{ "guard.scan.injection", OPTION_WORD, ROOT(guard.scan.injection), .fallback = "off",
	    WORDS("off", "log", "redact", "block"), .reloadable = true,
	    .help = "The same of instructions to the model that are hidden in texts, also in the "
		    "definitions of tools." },
	{ "guard.scan.ignore", OPTION_ONE_OR_LIST, ROOT_N(guard.scan.ignore), RANGE(0, 1000),
	    .reloadable = true,
	    .help = "Rules of the scanners that do not count (`generic-api-key`, `ip*`)." },
	{ "guard.scan.except[].server", OPTION_ONE_OR_LIST, EXCEPT_N(server), RANGE(1, 100),
	    .check = config_check_glob,
	    .help =
		"Where it is otherwise: names of servers and sites, as configured (`*` and `?` stand for "
		"others). The first entry that fits a message is taken.",
	    .fallback_help = "any" },
	{ "guard.scan.except[].tool", OPTION_ONE_OR_LIST, EXCEPT_N(tool), RANGE(1, 100),
	    .check = config_check_glob,
	    .help = "Tools, prompts and URIs of resources, by the name that the server gives them.",
	    .fallback_help = "any, and messages that are about none" },
	{ "guard.scan.except[].secrets", OPTION_WORD, EXCEPT(secrets),
	    WORDS("", "off", "log", "redact", "block"), .help = "As `guard.scan.secrets`.",
	    .fallback_help = "as everywhere" },
	{ "guard.scan.except[].pii", OPTION_WORD, EXCEPT(pii),
	    WORDS("", "off", "log", "redact", "block"), .help = "As `guard.scan.pii`.",
	    .fallback_help = "as everywhere" },
	{ "guard.scan.except[].injection", OPTION_WORD, EXCEPT(injection),
	    WORDS("", "off", "log", "redact", "block"), .help = "As `guard.scan.injection`.",
	    .fallback_help = "as everywhere" },
	MARKED("private", "Results of these are private data."),
	MARKED("untrusted", "Results of these are content that anybody may have written."),
	MARKED("sinks", "Calls of these send data out."),
	{ "guard.flow.labels.sinks[].id", OPTION_TEXT, .offset = MARK_AT(id), .reloadable = true,
	    .check = config_check_limit_id,
	    .help = "The name of the sink: errors and records say `flow.ID`.",
	    .fallback_help = "`sinks`" },
	{ "guard.flow.labels.sinks[].action", OPTION_WORD, .offset = MARK_AT(action),
	    .reloadable = true, WORDS("", "ask", "deny", "log"),
	    .help = "What becomes of a call of this one.", .fallback_help = "`guard.flow.action`" },
	{ "guard.flow.when", OPTION_WORD, ROOT(guard.flow.needs_both), .fallback = "untrusted",
	    WORDS("untrusted", "both"), .reloadable = true,
	    .help =
		"After what a sink is closed: `untrusted` content was read, or `both` that and private "
		"data." },
	{ "guard.flow.action", OPTION_WORD, ROOT(guard.flow.action), .fallback = "ask",
	    WORDS("ask", "deny", "log"), .reloadable = true,
	    .help =
		"What becomes of a call of a sink then: its user is asked, it is refused, or it is "
		"written down." },
	{ "guard.flow.window", OPTION_WORD, ROOT(guard.flow.is_of_caller), .fallback = "session",
	    WORDS("session", "caller"), .reloadable = true,
	    .help =
		"For whom it is closed: for the session that read it, or for all of the same caller." },
	{ "guard.flow.for", OPTION_DURATION, ROOT(guard.flow.for_ms), .fallback = "30m",
	    RANGE(SECOND_MS, 7 * DAY_MS), .reloadable = true,
	    .help = "For how long, since the last such result." },
	{ "guard.flow.canaries[].text", OPTION_SECRET, .offset = CANARY_AT(text),
	    .reloadable = true,
	    .help =
		"A text of 12 to 256 bytes that lies where it should not be read from; best as `${NAME}` "
		"or `file:PATH`. A call that holds it, also in base64, hex or percent code, is refused.",
	    .fallback_help = "required" },
	{ "guard.flow.canaries[].server", OPTION_ONE_OR_LIST, .offset = CANARY_AT(server),
	    .offset_n = CANARY_AT(server_n), .reloadable = true, RANGE(1, 100),
	    .check = config_check_glob,
	    .help = "Servers where it lies: their own calls may hold it.",
	    .fallback_help = "none" },
	{ "guard.egress.hosts", OPTION_LIST, ROOT_N(guard.egress.hosts), RANGE(1, 1000),
	    .check = config_check_egress_host, .reloadable = true,
	    .help =
		"Hosts that URLs may lead to, in arguments of calls and in links of results: exact, or "
		"`*.example.com` for all below.",
	    .fallback_help = "any" },
	{ "guard.egress.action", OPTION_WORD, ROOT(guard.egress.action), .fallback = "deny",
	    WORDS("ask", "deny", "log"), .reloadable = true,
	    .help = "What becomes of a call with a URL that leads elsewhere." },
	{ "guard.egress.images", OPTION_WORD, ROOT(guard.egress.images), .fallback = "redact",
	    WORDS("off", "log", "redact", "deny"), .reloadable = true,
	    .help =
		"The same of what a client would load by itself from a result (images, frames): `redact` "
		"puts `about:blank` in its place, `deny` refuses the result." },
	{ "guard.egress.links", OPTION_WORD, ROOT(guard.egress.links), .fallback = "off",
	    WORDS("off", "log", "redact", "deny"), .reloadable = true,
	    .help = "The same of links that a person would have to follow." },
	{ "guard.egress.match.server", OPTION_ONE_OR_LIST, ROOT_N(guard.egress.server),
	    RANGE(1, 100), .check = config_check_glob, .reloadable = true,
	    .help = "Servers and sites whose calls and results are looked at.",
	    .fallback_help = "all" },
	{ "guard.egress.match.tool", OPTION_ONE_OR_LIST, ROOT_N(guard.egress.tool), RANGE(1, 100),
	    .check = config_check_glob, .reloadable = true, .help = "Of these such tools alone.",
	    .fallback_help = "all" },

	{ "guard.pins.mode", OPTION_WORD, ROOT(guard.pins.mode), .fallback = "warn",
	    WORDS("off", "warn", "enforce"), .reloadable = true,
	    .help = "What becomes of tools that are not as `bascule lock` wrote them down; see "
		    "[pins](pins.md)." },
	{ "guard.pins.file", OPTION_PATH, ROOT(guard.pins.file), .reloadable = true,
	    .help = "Where that is written down; with `warn`, none is needed.",
	    .fallback_help = "`bascule.lock` beside this file" },

	{ "audit.mode", OPTION_WORD, ROOT(audit.mode), .fallback = "async",
	    WORDS("async", "strict"), .reloadable = true,
	    .help =
		"`async`: nothing waits for the trail, and what is lost is counted; `strict`: a call that "
		"is not read-only is on the disk before it is sent, and every call before it is "
		"answered." },
	{ "audit.keep", OPTION_DURATION, ROOT(audit.keep_ms), .fallback = "90d",
	    RANGE(0, 36500 * DAY_MS), .reloadable = true,
	    .help = "How long records stay in the store; `0s`: for ever." },
	{ "audit.keep_size", OPTION_SIZE, ROOT(audit.keep_bytes), .fallback = "0B",
	    RANGE(0, 1024 * 1024 * GIB), .reloadable = true,
	    .help =
		"How large the store may become before its oldest records go; `0B`: no limit." },
	{ "audit.key", OPTION_SECRET, ROOT(audit.key), .check = config_check_audit_key,
	    .help =
		"What checkpoints of the trail are signed with; at least 16 characters, best as "
		"`file:PATH`, and not beside the store.",
	    .fallback_help = "a random one, made in `$XDG_CONFIG_HOME/bascule/audit.key`" },
	{ "audit.bodies", OPTION_BOOL, ROOT(audit.has_bodies), .fallback = "false",
	    .reloadable = true,
	    .help =
		"Arguments and results are kept as well, with secrets and personal data redacted." },
	{ "audit.body_max", OPTION_SIZE, ROOT(audit.body_bytes), .fallback = "16KiB", RANGE(1, MIB),
	    .reloadable = true, .help = "The most that is kept of each." },
	{ "audit.sinks[].sqlite", OPTION_TEXT, OF_SINK(to[SINK_SQLITE]),
	    .help =
		"Where records go. One of these seven stands in each entry, with its options beside "
		"it. This one: the name of the store in the state directory of the process.",
	    .fallback_help = "one of the seven is required" },
	{ "audit.sinks[].jsonl", OPTION_PATH, OF_SINK(to[SINK_JSONL]),
	    .help = "A file, one JSON object a line." },
	{ "audit.sinks[].csv", OPTION_PATH, OF_SINK(to[SINK_CSV]),
	    .help = "A file as RFC 4180 has it, with a header." },
	{ "audit.sinks[].text", OPTION_PATH, OF_SINK(to[SINK_TEXT]),
	    .help = "A file with a line for people." },
	{ "audit.sinks[].syslog", OPTION_TEXT, OF_SINK(to[SINK_SYSLOG]),
	    .check = config_check_sink_socket,
	    .help =
		"Messages of RFC 5424 to `udp://host:514`, `tcp://host:601` or `unix:/dev/log`." },
	{ "audit.sinks[].cef", OPTION_TEXT, OF_SINK(to[SINK_CEF]), .check = config_check_sink_cef,
	    .help =
		"Common Event Format: lines of a file, or messages to an address as of `syslog`." },
	{ "audit.sinks[].otlp", OPTION_TEXT, OF_SINK(to[SINK_OTLP]), .check = config_check_url,
	    .help =
		"Logs of OpenTelemetry over HTTP, in JSON. A URL without a path gets `/v1/logs`." },
	{ "audit.sinks[].rotate", OPTION_SIZE, SINK(rotate_bytes), .fallback = "64MiB",
	    RANGE(0, 1024 * GIB),
	    .help = "Of files: a new one is begun before this size is passed; `0B`: never." },
	{ "audit.sinks[].rotate_every", OPTION_DURATION, SINK(rotate_ms), .fallback = "0s",
	    RANGE(0, 366 * DAY_MS),
	    .help =
		"Of files: a new one is begun when so long has passed, counted in UTC: `1d` is at "
		"midnight.",
	    .fallback_help = "never" },
	{ "audit.sinks[].keep", OPTION_COUNT, SINK(keep), .fallback = "5", RANGE(1, 1000),
	    .help = "Of files: how many older ones stay, as `FILE.1` and so on." },
	{ "audit.sinks[].delimiter", OPTION_TEXT, OF_SINK(delimiter), .fallback = ",",
	    .check = config_check_csv_mark, .help = "Of `csv`: stands between values." },
	{ "audit.sinks[].quote", OPTION_TEXT, OF_SINK(quote), .fallback = "\"",
	    .check = config_check_csv_mark, .help = "Of `csv`: stands around values." },
	{ "audit.sinks[].quoting", OPTION_WORD, SINK(csv_quoting), .fallback = "minimal",
	    WORDS("minimal", "all", "nonnumeric", "none"), .help = "Of `csv`: which values." },
	{ "audit.sinks[].escape", OPTION_TEXT, OF_SINK(escape), .check = config_check_csv_mark,
	    .help = "Of `csv`: stands before a quote within a value.",
	    .fallback_help = "quotes are doubled" },
	{ "audit.sinks[].null", OPTION_TEXT, SINK(csv_null), .fallback = "",
	    .check = config_check_csv_null, .help = "Of `csv`: stands where there is no value." },
	{ "audit.sinks[].facility", OPTION_WORD, SINK(facility), .fallback = "local0",
	    WORDS("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
		"authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2",
		"local3", "local4", "local5", "local6", "local7"),
	    .help = "Of `syslog`." },
	{ "audit.sinks[].headers", OPTION_PAIRS, SINK_N(headers), RANGE(0, 64),
	    .check = config_check_header,
	    .help = "Of `otlp`: headers of every request, best as `${NAME}` or `file:PATH`." },
	{ "audit.sinks[].ca", OPTION_PATH, SINK(ca),
	    .help =
		"Of `otlp`: PEM file of the certificate authorities that it is checked against.",
	    .fallback_help = "the system's authorities" },
	{ "audit.sinks[].timeout", OPTION_DURATION, SINK(timeout_ms), .fallback = "10s",
	    RANGE(1, HOUR_MS), .help = "Of `otlp` and `syslog`: how long sending may take." },
	{ "audit.sinks[].queue", OPTION_COUNT, SINK(queue), .fallback = "10000", RANGE(1, 1000000),
	    .help =
		"Records that may wait while the sink is slow or down. What comes then is dropped, "
		"counted, and said in the sink itself once it works again." },

	{ "agents.prefix", OPTION_TEXT, AGENTS(prefix), .fallback = "maf",
	    .check = config_check_agents_prefix,
	    .help =
		"The tools are `maf`, `maf_status` and so on; 1 to 16 letters, digits and `_`, not `jira` or "
		"`confluence`." },
	{ "agents.limits.running", OPTION_COUNT, AGENTS(running), .fallback = "4", RANGE(1, 1000),
	    .help = "Runs at the same time; more wait." },
	{ "agents.limits.per_repo", OPTION_COUNT, AGENTS(per_repo), .fallback = "2", RANGE(0, 1000),
	    .help = "Of these in one repository or shared folder; `0`: any." },
	{ "agents.limits.per_caller", OPTION_COUNT, AGENTS(per_caller), .fallback = "2",
	    RANGE(0, 1000), .help = "Of these for one caller; `0`: any." },
	{ "agents.limits.queue", OPTION_COUNT, AGENTS(queue), .fallback = "64", RANGE(0, 100000),
	    .help = "Runs that may wait; what comes then is refused." },
	{ "agents.limits.rate", OPTION_TEXT, AGENTS(rate.text), .fallback = "10/60s",
	    .help = "Runs that may be started in that time; `off`: any number." },
	{ "agents.limits.cost", OPTION_TEXT, AGENTS(cost.text), .fallback = "off",
	    .help =
		"What the runs of one caller may cost in a day (UTC), in US dollars as their programs say: "
		"such as `20.00/d`. Once that is used up no run starts before the next day." },
	{ "agents.limits.tokens", OPTION_TEXT, AGENTS(tokens.text), .fallback = "off",
	    .help =
		"Likewise in tokens, of what goes in and what comes out: such as `5000000/d`." },
	{ "agents.dedup.ttl", OPTION_DURATION, AGENTS(dedup_ttl_ms), .fallback = "60s",
	    RANGE(0, DAY_MS),
	    .help = "For how long the same call again gives the same run; `0s`: it never does." },
	{ "agents.dedup.key", OPTION_LIST, AGENTS(dedup_key),
	    .offset_n = offsetof(struct config, agents.dedup_key_n), RANGE(1, 3),
	    .check = config_check_dedup,
	    .help = "What makes it the same; there is one list, to be written out or left out.",
	    .fallback_help = "`[caller, request_id, sha256(arguments)]`" },
	{ "agents.inline_wait", OPTION_DURATION, AGENTS(inline_wait_ms), .fallback = "25s",
	    RANGE(0, HOUR_MS),
	    .help = "How long a call waits for its run before it is answered with a handle." },
	{ "agents.output.inline", OPTION_SIZE, AGENTS(output_inline_bytes), .fallback = "16KiB",
	    RANGE(KIB, 4 * MIB), .help = "What of the result stands in an answer." },
	{ "agents.output.keep", OPTION_SIZE, AGENTS(output_keep_bytes), .fallback = "8MiB",
	    RANGE(64 * KIB, 16 * GIB),
	    .help = "What is kept of a run's output: its head, and `tail` of its end." },
	{ "agents.output.tail", OPTION_SIZE, AGENTS(output_tail_bytes), .fallback = "64KiB",
	    RANGE(KIB, 8 * MIB), .help = "The end of it that is always kept; at most `keep`." },
	{ "agents.output.as_resource", OPTION_BOOL, AGENTS(output_as_resource), .fallback = "true",
	    .help = "Whether the whole output is a resource that can be read in ranges." },
	{ "agents.retain.runs", OPTION_COUNT, AGENTS(retain_runs), .fallback = "1000",
	    RANGE(1, 100000), .help = "How many runs that are over are remembered." },
	{ "agents.retain.age", OPTION_DURATION, AGENTS(retain_age_ms), .fallback = "7d",
	    RANGE(MINUTE_MS, 3650 * DAY_MS), .help = "And for how long." },
	{ "agents.runners{}.extends", OPTION_TEXT, OF_RUNNER(extends),
	    .help =
		"Another runner, whose options are this one's too where it does not say otherwise; those of "
		"`isolate` one by one." },
	{ "agents.runners{}.command", OPTION_ONE_OR_LIST, RUNNER_N(command), RANGE(1, 256),
	    .help =
		"Program and arguments; no shell. `{name}` and `{name|default}` are what a call gives, "
		"always within one argument; `{task}`, `{cwd}` and `{run_id}` are always there; `{{` is a brace.",
	    .fallback_help = "required" },
	{ "agents.runners{}.stdin", OPTION_TEXT, RUNNER(input),
	    .help =
		"What the program reads on its stdin, with the same placeholders; mostly `\"{task}\"`.",
	    .fallback_help = "nothing" },
	{ "agents.runners{}.parse", OPTION_WORD, RUNNER(parse), .fallback = "lines",
	    WORDS("exit", "lines", "claude-stream", "codex-jsonl", "gemini-json", "acp"),
	    .help =
		"How its output is read: `lines`: each is progress, and all of them the result; `exit`: "
		"the same without progress; `acp`: the Agent Client Protocol, both ways." },
	{ "agents.runners{}.timeout", OPTION_DURATION, RUNNER(timeout_ms), .fallback = "30m",
	    RANGE(SECOND_MS, 7 * DAY_MS), .help = "How long a run may take; then it is ended." },
	{ "agents.runners{}.idle", OPTION_DURATION, RUNNER(idle_ms), .fallback = "0s",
	    RANGE(0, 7 * DAY_MS),
	    .help = "How long it may say nothing; then it is ended. `0s`: for ever." },
	{ "agents.runners{}.grace", OPTION_DURATION, RUNNER(grace_ms), .fallback = "5s",
	    RANGE(0, 10 * MINUTE_MS),
	    .help =
		"To end it is to send TERM, and after this long KILL to all of its processes." },
	{ "agents.runners{}.env.allow", OPTION_LIST, RUNNER_N(env_allow), RANGE(0, 256),
	    .check = config_check_env_name,
	    .help = "Variables that it gets from the gateway's environment; no others.",
	    .fallback_help = "`[PATH, HOME, LANG, TZ]`" },
	{ "agents.runners{}.env.set", OPTION_PAIRS, RUNNER_N(env), RANGE(0, 256),
	    .check = config_check_env, .help = "Variables that are set for it." },
	{ "agents.runners{}.dir", OPTION_PATH, RUNNER(dir),
	    .help =
		"The repository (`cwd: worktree`) or folder (`shared`, `shared-ro`) of calls that name none.",
	    .fallback_help = "a call has to name one" },
	{ "agents.runners{}.roots", OPTION_LIST, RUNNER_N(roots), RANGE(0, 64),
	    .check = config_check_root, .help = "Folders below which a call may name one.",
	    .fallback_help = "`dir`" },
	{ "agents.runners{}.isolate", OPTION_WORD, OF_RUNNER(off), WORDS("", "off"),
	    .help =
		"`off`: the program has your rights and is not kept apart at all; or a map, whose defaults "
		"hold without it. See [isolation](isolation.md)." },
	{ "agents.runners{}.isolate.cwd", OPTION_WORD, RUNNER(folder), .fallback = "tmp",
	    WORDS("tmp", "worktree", "shared-ro", "shared"),
	    .help =
		"Where it works: `tmp`: an empty folder, removed after it; `worktree`: a git worktree of its "
		"own; `shared`, `shared-ro`: the folder itself." },
	{ "agents.runners{}.isolate.write", OPTION_LIST, RUNNER_N(isolate.write), RANGE(0, 96),
	    .check = config_check_run_written,
	    .help = "What it may write; `{cwd}`: the folder it works in.",
	    .fallback_help = "`[\"{cwd}\"]`; with `shared-ro` nothing" },
	{ "agents.runners{}.isolate.read", OPTION_LIST, RUNNER_N(isolate.read), RANGE(0, 96),
	    .check = config_check_run_seen,
	    .help = "What it sees and may read beside that; `system` and `{cwd}` as well.",
	    .fallback_help = "`[system]`" },
	{ "agents.runners{}.isolate.hide", OPTION_LIST, RUNNER_N(isolate.hide), RANGE(0, 96),
	    .check = config_check_hidden,
	    .help = "What it does not see although it is below a path that is listed.",
	    .fallback_help = "as of `upstreams[].sandbox.hide`" },
	{ "agents.runners{}.isolate.net", OPTION_ONE_OR_LIST, RUNNER_N(isolate.egress),
	    RANGE(1, 256), .check = config_check_net,
	    .help =
		"`none`, `loopback`, `allow`: all that the gateway reaches, or a list of destinations, as of "
		"`upstreams[].sandbox.network`.",
	    .fallback_help = "`none`" },
	{ "agents.runners{}.isolate.memory", OPTION_SIZE, RUNNER(isolate.memory_bytes),
	    .fallback = "2GiB", RANGE(MIB, 1024 * GIB),
	    .help = "Resident memory of all its processes together; above it they are ended." },
	{ "agents.runners{}.isolate.pids", OPTION_COUNT, RUNNER(isolate.processes),
	    .fallback = "256", RANGE(1, 1000000), .help = "Processes and threads together." },
	{ "agents.runners{}.isolate.cpu", OPTION_TEXT, OF_RUNNER(cpu),
	    .help =
		"How much of one processor all of it may use, such as `50%` or `200%`; where cgroups can "
		"be had.",
	    .fallback_help = "no limit" },
	{ "agents.runners{}.isolate.files", OPTION_COUNT, RUNNER(isolate.files), RANGE(16, 1000000),
	    .help = "Open files of one process.", .fallback_help = "the gateway's" },
	{ "agents.runners{}.isolate.file_size", OPTION_SIZE, RUNNER(isolate.file_bytes),
	    RANGE(KIB, 1024 * GIB), .help = "Size of one file that it writes.",
	    .fallback_help = "no limit" },
	{ "agents.runners{}.isolate.seccomp", OPTION_WORD, OF_RUNNER(seccomp), WORDS("default"),
	    .help = "The filter of system calls: there is one, and it is always on.",
	    .fallback = "default" },
	{ "agents.runners{}.isolate.require", OPTION_LIST, RUNNER_N(isolate.require), RANGE(0, 32),
	    .check = config_check_required,
	    .help = "What must be in force, else it is not started; `[]`: whatever can be had.",
	    .fallback_help = "`[files, network]`" },
	{ "agents.routes{}.any", OPTION_ONE_OR_LIST, ROUTE_N(any), RANGE(1, 1000),
	    .check = config_check_phrase,
	    .help =
		"Words and phrases of tasks that are of this kind: whole words in any case, and with other "
		"endings (-s, -ed, -ing). The key is the name of the workflow; `default` has none of them, "
		"and is taken where nothing fits.",
	    .fallback_help = "required" },
	{ "agents.routes{}.not", OPTION_ONE_OR_LIST, ROUTE_N(not_any), RANGE(0, 1000),
	    .check = config_check_phrase, .help = "With one of these it is none of this kind.",
	    .fallback_help = "none" },
	{ "agents.routes{}.weight", OPTION_TEXT, OF_ROUTE(weight), .fallback = "1",
	    .help = "What each word of it counts, 0.01 to 100." },
	{ "agents.routes{}.runner", OPTION_TEXT, ROUTE(runner), .help = "Which runner does them.",
	    .fallback_help = "that of `default`, else the first" },
	{ "agents.routes{}.agents", OPTION_LIST, ROUTE_N(agents), RANGE(0, 32),
	    .check = config_check_agent,
	    .help = "Names that are told with the route; they mean nothing here.",
	    .fallback_help = "none" },
	{ "agents.routes{}.confidence", OPTION_TEXT, OF_ROUTE(confidence), .fallback = "0",
	    .help =
		"How sure it must be, 0 to 1; where it is less so, the task goes to `default`." },
	{ "agents.metrics", OPTION_BOOL, AGENTS(metrics), .fallback = "true",
	    .help = "Whether `/metrics` has the rows that begin with `maf_`." },

	{ "limits.message", OPTION_SIZE, ROOT(limit_message_bytes), .fallback = "64MiB",
	    RANGE(KIB, GIB), .help = "The longest message, in either direction." },
	{ "limits.memory", OPTION_SIZE, ROOT(limit_memory_bytes), .fallback = "512MiB",
	    RANGE(MIB, 1024 * GIB), .help = "Memory of all exchanges together." },
	{ "limits.in_flight", OPTION_COUNT, ROOT(limit_in_flight), .fallback = "2000",
	    RANGE(1, 1000000), .help = "Exchanges at the same time." },
	{ "limits.parked", OPTION_COUNT, ROOT(limit_parked), .fallback = "1000", RANGE(0, 1000000),
	    .help =
		"Calls of clients without sessions that wait for an answer; another that has to ask is refused." },
	{ "limits.ask", OPTION_DURATION, ROOT(limit_ask_ms), .fallback = "10m",
	    RANGE(1, 7 * DAY_MS), .help = "How long a person may take to answer." },
	{ "limits.sessions", OPTION_COUNT, ROOT(limit_sessions), .fallback = "10000",
	    RANGE(1, 10000000), .help = "Sessions of clients at the same time." },
	{ "limits.session_idle", OPTION_DURATION, ROOT(limit_session_idle_ms), .fallback = "30m",
	    RANGE(1, 30 * DAY_MS), .help = "A session that is not used for so long ends." },

	{ "traces.otlp", OPTION_TEXT, ROOT(traces.otlp), .check = config_check_url,
	    .help =
		"Where spans of requests and of the calls they lead to are sent: a collector of "
		"OpenTelemetry over HTTP, in JSON. A URL without a path gets `/v1/traces`.",
	    .fallback_help = "nothing is traced" },
	{ "traces.sample", OPTION_FRACTION, ROOT(traces.sample), .fallback = "1.0",
	    RANGE(0, 1000000),
	    .help =
		"The part of the traces begun here that is recorded. Where a client has begun one, "
		"its own word counts." },
	{ "traces.headers", OPTION_PAIRS, ROOT_N(traces.headers), RANGE(0, 64),
	    .check = config_check_header,
	    .help = "Headers of every request to it, best as `${NAME}` or `file:PATH`." },
	{ "traces.ca", OPTION_PATH, ROOT(traces.ca),
	    .help = "PEM file of the certificate authorities that it is checked against.",
	    .fallback_help = "the system's authorities" },
	{ "traces.timeout", OPTION_DURATION, ROOT(traces.timeout_ms), .fallback = "5s",
	    RANGE(1, 10 * MINUTE_MS), .help = "How long sending one batch may take." },
	{ "traces.queue", OPTION_COUNT, ROOT(traces.queue), .fallback = "65536",
	    RANGE(512, 1000000),
	    .help =
		"Spans that may wait while the collector is slow or away, in at most 512 bytes each; "
		"what comes then is dropped and counted." },

	{ "log.level", OPTION_WORD, ROOT(log_level), .fallback = "info",
	    WORDS("debug", "info", "warn", "error", "off"),
	    .help = "What is logged, always to stderr." },
	{ "log.format", OPTION_WORD, ROOT(log_format), .fallback = "text", WORDS("text", "json"),
	    .help = "Lines for people, or one JSON object a line." },
	{ "state", OPTION_PATH, ROOT(state),
	    .help = "The one directory that bascule writes to: the credentials of `bascule login`.",
	    .fallback_help = "`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/bascule`, else "
			     "`~/.local/state/bascule`" },
};

_Static_assert(sizeof(enum config_transport) == sizeof(unsigned), "OPTION_WORD writes an unsigned");

const struct config_option *
config_options(size_t *n)
{
	*n = COUNT(options);
	return options;
}
