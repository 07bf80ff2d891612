/*
 * THE table of options.  Parsing, defaults, ranges, docs/configuration.md, the JSON Schema and the
 * "did you mean" of errors all come from it; an option that is not a row does not exist.
 *
 * Beside it: the names that belong to the contract and not to this version, so that who writes them
 * is told so and not that they are unknown.
 */
#include "config/config_parts.h"

#define ROOT(field)	 .offset = offsetof(struct config, field)
#define ROOT_N(field)	 ROOT(field), .offset_n = offsetof(struct config, field##_n)
#define UP(field)	 .offset = offsetof(struct config_draft, upstream.field), .reloadable = true
#define UP_N(field)	 UP(field), .offset_n = offsetof(struct config_draft, upstream.field##_n)
#define KEY(field)	 .offset = offsetof(struct config_key_draft, field), .reloadable = true
#define SITE_AT(field)	 offsetof(struct config_site_draft, field)
#define SITE(field)	 .offset = SITE_AT(site.field), .reloadable = true
#define SITE_N(field)	 SITE(field), .offset_n = SITE_AT(site.field##_n)
#define OF_SITE(field)	 .offset = SITE_AT(field), .reloadable = true
#define OF_SITE_N(field) OF_SITE(field), .offset_n = SITE_AT(field##_n)
#define DRAFT(field)	 .offset = offsetof(struct config_draft, field), .reloadable = true
#define RANGE(low, high) .min = (low), .max = (high)
#define WORDS(...) \
	.words = (const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

#define SECOND_MS ((uint64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS	  (60 * MINUTE_MS)
#define DAY_MS	  (24 * HOUR_MS)
#define GIB	  ((uint64_t)1024 * MIB)

static const struct config_option options[] = {
	{ "listen.stdio", OPTION_BOOL, ROOT(listen_stdio), .fallback = "false",
	    .help = "Serve one client on stdin and stdout as well." },
	{ "listen.http", OPTION_ONE_OR_LIST, ROOT_N(listen_http), .fallback = "127.0.0.1:8080",
	    RANGE(0, CONFIG_LISTEN_MAX), .check = config_check_listen,
	    .help =
		"Addresses for HTTP: `host:port`, `[ipv6]:port` or `unix:/path`; `[]` for none. "
		"One that other machines can reach needs `auth.keys`, or `auth: none` written out." },
	{ "listen.stateless", OPTION_BOOL, ROOT(listen_stateless), .fallback = "false",
	    .help =
		"Over HTTP, clients of the revisions with sessions are served without: each POST "
		"stands alone, and nothing can be asked of them." },
	{ "listen.hosts", OPTION_LIST, ROOT_N(listen_hosts), RANGE(0, 256),
	    .check = config_check_host,
	    .help = "Names, with or without a port, that are allowed in Host and Origin.",
	    .fallback_help = "loopback names" },
	{ "auth", OPTION_WORD, ROOT(auth), WORDS("", "none", "tenants"), .reloadable = true,
	    .help =
		"`none`: everyone who reaches the gateway may use it; `tenants`: who brings a credential "
		"that its own Atlassian site has confirmed; or a map with `keys`.",
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

	{ "seal_key", OPTION_SECRET, ROOT(seal_key), .check = config_check_seal_key,
	    .help =
		"What clients carry for the gateway (cursors) is sealed with it; at least 16 "
		"characters, best as `file:PATH`. Processes that stand for each other share one.",
	    .fallback_help = "a random one at every start" },

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
	    RANGE(0, 86400000),
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

/* Of the contract, not of this version; also words that an option will take. */
static const char *const later[] = {
	"listen.tls",
	"auth.jwt",
	"guard",
	"audit",
	"agents",
	"upstreams[].sandbox",
	"upstreams[].auth.type.oauth",
};

_Static_assert(sizeof(enum config_transport) == sizeof(unsigned), "OPTION_WORD writes an unsigned");

const struct config_option *
config_options(size_t *n)
{
	*n = COUNT(options);
	return options;
}

/* What stands behind path in a longer one; SLICE_NONE: it is not below it. */
static struct slice
below(const char *whole, struct slice path)
{
	struct slice rest = slice_of(whole);

	if (path.n == 0)
		return rest;
	if (!slice_starts(rest, path) || rest.n <= path.n || rest.p[path.n] != '.')
		return SLICE_NONE;
	return (struct slice){ rest.p + path.n + 1, rest.n - path.n - 1 };
}

const struct config_option *
config_option_find(const struct config_option *rows, size_t n, struct slice path, struct slice key)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(below(rows[i].path, path), key))
			return &rows[i];
	return NULL;
}

bool
config_option_is_group(
    const struct config_option *rows, size_t n, struct slice path, struct slice key)
{
	for (size_t i = 0; i < n; i++) {
		struct slice rest = below(rows[i].path, path);

		if (rest.n > key.n && slice_starts(rest, key) && rest.p[key.n] == '.')
			return true;
	}
	return false;
}

bool
config_option_is_later(struct slice path, struct slice key)
{
	for (size_t i = 0; i < COUNT(later); i++)
		if (slice_eq(below(later[i], path), key))
			return true;
	return false;
}

/* ---- the nearest word ------------------------------------------------------------------------ */

struct nearest {
	struct slice wanted, best;
	unsigned distance; /* the best must be below it */
};

static struct nearest
nearest_init(struct slice wanted)
{
	size_t far = (wanted.n + 2) / 3 + 1;

	return (struct nearest){ wanted, SLICE_NONE, far > 5 ? 5 : (unsigned)far };
}

static void
nearest_try(struct nearest *nearest, struct slice word)
{
	unsigned distance = slice_distance(nearest->wanted, word);

	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = word;
	}
}

/* The first part of a path: "limits" of "limits.message", "upstreams" of "upstreams[].name". */
static struct slice
first_part(struct slice path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '.' || path.p[i] == '[')
			path.n = i;
	return path;
}

struct slice
config_option_nearest(
    const struct config_option *rows, size_t n, struct slice path, struct slice key)
{
	struct nearest nearest = nearest_init(key);

	for (size_t i = 0; i < n; i++)
		nearest_try(&nearest, first_part(below(rows[i].path, path)));
	for (size_t i = 0; i < COUNT(later); i++)
		nearest_try(&nearest, first_part(below(later[i], path)));
	return nearest.best;
}

struct slice
config_word_nearest(const char *const *words, struct slice text)
{
	struct nearest nearest = nearest_init(text);

	for (; *words != NULL; words++)
		if (**words != '\0')
			nearest_try(&nearest, slice_of(*words));
	return nearest.best;
}
