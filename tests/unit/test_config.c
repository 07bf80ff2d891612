/*
 * What a right file means: every option's place, defaults, variables, both forms, digests, and what
 * a reload cannot change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const environment[] = {
	"TOKEN=s3cret",
	"EMPTY=",
	"NUM=7",
	"YES=true",
	"DUR=90s",
	"HOME=/home/u",
	"QUOTED=file:/etc/x${NUM}",
	NULL,
};

static struct config *
parse(const char *yaml)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (!config_parse(
		slice_of(yaml), "bascule.yaml", "/etc/x", environment, NULL, &config, &err)) {
		print_error("%s\n%s\n", err.text, yaml);
		fail();
	}
	return config;
}

static void
expect(struct slice got, const char *wanted)
{
	if (!slice_eq(got, slice_of(wanted)))
		print_error("got \"%.*s\", wanted \"%s\"\n", SLICE_FMT(got), wanted);
	assert_true(slice_eq(got, slice_of(wanted)));
}

static void
test_full(void **state)
{
	struct config *config = parse(
	    "listen:\n"
	    "  stdio: true\n"
	    "  http: [127.0.0.1:0, \"[::1]:9\", unix:run/s, localhost:80, unix:/a]\n"
	    "  hosts: [gw.example.com, gw:8443, \"[fe80::1]\", \"[fe80::1]:80\", 10.0.0.1]\n"
	    "auth: none\n"
	    "namespace: {separator: \".\", prefix: never, max: 128}\n"
	    "start_wait: 250ms\n"
	    "limits: {message: 1MiB, memory: 1GiB, in_flight: 5, parked: 0, ask: 1h, sessions: 3,\n"
	    "  session_idle: 2d}\n"
	    "log: {level: off, format: json}\n"
	    "state: ./state\n"
	    "upstreams:\n"
	    "  - name: files\n"
	    "    enabled: false\n"
	    "    command: [bin/server, true, 0x10, ~x, \"null\"]\n"
	    "    args: [a b, \"\"]\n"
	    "    env: {LOG: info, N: 1, B: false, E: \"\"}\n"
	    "    cwd: work\n"
	    "    transport: stdio\n"
	    "    protocol: legacy\n"
	    "    session: per_client\n"
	    "    timeout: 2m\n"
	    "    connect_timeout: 3s\n"
	    "  - name: search\n"
	    "    url: https://mcp.example.com:8443/mcp?x=1\n"
	    "    headers: {X-Key: \"${TOKEN}\"}\n"
	    "    auth: {type: bearer, token: \"${TOKEN}\"}\n"
	    "    transport: sse\n"
	    "    protocol: modern\n"
	    "    session: shared\n");
	const struct config_upstream *files = &config->upstreams[0],
				     *search = &config->upstreams[1];

	(void)state;
	assert_true(config->listen_stdio);
	assert_int_equal(config->listen_http_n, 5);
	expect(config->listen_http[0], "127.0.0.1:0");
	expect(config->listen_http[1], "[::1]:9");
	expect(config->listen_http[2], "unix:/etc/x/run/s");
	expect(config->listen_http[4], "unix:/a");
	assert_int_equal(config->listen_hosts_n, 5);
	expect(config->listen_hosts[1], "gw:8443");
	expect(config->listen_hosts[2], "fe80::1");
	expect(config->listen_hosts[3], "[fe80::1]:80");
	assert_int_equal(config->auth, AUTH_NONE);
	expect(config->separator, ".");
	assert_int_equal(config->prefix, PREFIX_NEVER);
	assert_int_equal(config->name_max, 128);
	assert_int_equal(config->start_wait_ms, 250);
	assert_int_equal(config->limit_message_bytes, MIB);
	assert_int_equal(config->limit_memory_bytes, 1024 * MIB);
	assert_int_equal(config->limit_in_flight, 5);
	assert_int_equal(config->limit_parked, 0);
	assert_int_equal(config->limit_ask_ms, 3600000);
	assert_int_equal(config->limit_sessions, 3);
	assert_int_equal(config->limit_session_idle_ms, 2 * 86400000);
	assert_int_equal(config->log_level, LOG_OFF);
	assert_int_equal(config->log_format, LOG_JSON);
	expect(config->state, "/etc/x/state");
	expect(config->file, "bascule.yaml");
	assert_false(config->is_proxy_form);

	assert_int_equal(config->upstreams_n, 2);
	expect(files->name, "files");
	assert_false(files->enabled);
	assert_int_equal(files->command_n, 7);
	expect(files->command[0], "/etc/x/bin/server");
	expect(files->command[1], "true");
	expect(files->command[2], "0x10");
	expect(files->command[3], "~x");
	expect(files->command[4], "null");
	expect(files->command[5], "a b");
	assert_non_null(files->command[6].p);
	assert_int_equal(files->command[6].n, 0);
	assert_int_equal(files->env_n, 4);
	expect(files->env[1].name, "N");
	expect(secret_reveal(files->env[1].value), "1");
	expect(secret_reveal(files->env[2].value), "false");
	expect(secret_reveal(files->env[3].value), "");
	expect(files->cwd, "/etc/x/work");
	assert_null(files->url.p);
	assert_int_equal(files->transport, TRANSPORT_STDIO);
	assert_int_equal(files->protocol, PROTOCOL_LEGACY);
	assert_int_equal(files->session, SESSION_PER_CLIENT);
	assert_int_equal(files->timeout_ms, 120000);
	assert_int_equal(files->connect_timeout_ms, 3000);
	assert_int_equal(files->line, 13);

	expect(search->url, "https://mcp.example.com:8443/mcp?x=1");
	assert_true(search->enabled);
	assert_int_equal(search->command_n, 0);
	assert_int_equal(search->headers_n, 2);
	expect(search->headers[0].name, "X-Key");
	expect(secret_reveal(search->headers[0].value), "s3cret");
	expect(search->headers[1].name, "Authorization");
	expect(secret_reveal(search->headers[1].value), "Bearer s3cret");
	assert_null(search->cwd.p);
	assert_int_equal(search->transport, TRANSPORT_SSE);
	assert_int_equal(search->protocol, PROTOCOL_MODERN);
	assert_int_equal(search->session, SESSION_SHARED);
	assert_int_equal(search->timeout_ms, 60000);
	assert_int_equal(search->line, 24);
	config_free(&config);
	assert_null(config);
}

static void
expect_defaults(const struct config *config)
{
	assert_false(config->listen_stdio);
	assert_int_equal(config->listen_http_n, 1);
	expect(config->listen_http[0], "127.0.0.1:8080");
	assert_int_equal(config->listen_hosts_n, 0);
	assert_int_equal(config->auth, AUTH_UNSET);
	expect(config->separator, "__");
	assert_int_equal(config->prefix, PREFIX_AUTO);
	assert_int_equal(config->name_max, 64);
	assert_int_equal(config->start_wait_ms, 5000);
	assert_int_equal(config->limit_message_bytes, 64 * MIB);
	assert_int_equal(config->limit_memory_bytes, 512 * MIB);
	assert_int_equal(config->limit_in_flight, 2000);
	assert_int_equal(config->limit_parked, 1000);
	assert_int_equal(config->limit_ask_ms, 600000);
	assert_int_equal(config->limit_sessions, 10000);
	assert_int_equal(config->limit_session_idle_ms, 1800000);
	assert_int_equal(config->log_level, LOG_INFO);
	assert_int_equal(config->log_format, LOG_TEXT);
	assert_int_equal(config->state.p[0], '/');
}

static void
test_defaults(void **state)
{
	struct config *config = parse("upstreams: [{name: a, command: [x]}]");

	(void)state;
	expect_defaults(config);
	expect(config->state, "/home/u/.local/state/bascule");
	expect(config->upstreams[0].command[0], "x");
	assert_true(config->upstreams[0].enabled);
	assert_int_equal(config->upstreams[0].transport, TRANSPORT_AUTO);
	assert_int_equal(config->upstreams[0].timeout_ms, 60000);
	assert_int_equal(config->upstreams[0].connect_timeout_ms, 10000);
	config_free(&config);
	config = config_default();
	expect_defaults(config);
	assert_null(config->file.p);
	assert_int_equal(config->upstreams_n, 0);
	config_free(&config);
}

/* Each is written as the value of a header. */
static const struct {
	const char *written, *value;
} texts[] = {
	{ "plain", "plain" },
	{ "\"${TOKEN}\"", "s3cret" },
	{ "a${TOKEN}b${NUM}c", "as3cretb7c" },
	{ "\"${EMPTY}\"", "" },
	{ "x${EMPTY}", "x" },
	{ "\"${EMPTY:-d}\"", "d" },
	{ "\"${NOPE:-}\"", "" },
	{ "\"${NOPE:-a b:-c}\"", "a b:-c" },
	{ "\"${TOKEN:-d}\"", "s3cret" },
	{ "a$$b", "a$b" },
	{ "$${TOKEN}", "${TOKEN}" },
	{ "$$${TOKEN}", "$s3cret" },
	{ "a$b$", "a$b$" },
	{ "$", "$" },
	{ "'${NUM}'", "7" },
	{ "\"${QUOTED}\"", "file:/etc/x${NUM}" },
	{ "\"${NOPE:-file:}x\"", "file:x" },
	{ "\"no file:x\"", "no file:x" },
	{ "|-\n        block\n", "block" },
	{ ">-\n        fol\n        ded\n", "fol ded" },
	{ "!!str 5", "5" },
	{ "yes", "yes" },
	{ "0123", "0123" },
	{ "1.10", "1.10" },
	{ "'null'", "null" },
	{ "2020-01-01", "2020-01-01" },
	{ "\"  trimmed\\t\"", "trimmed" },
};

static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct config *config;
		char yaml[256];

		snprintf(yaml, sizeof(yaml),
		    "upstreams:\n  - name: a\n    url: http://h/\n"
		    "    headers:\n      X: %s",
		    texts[i].written);
		config = parse(yaml);
		assert_int_equal(config->upstreams[0].headers_n, 1);
		expect(secret_reveal(config->upstreams[0].headers[0].value), texts[i].value);
		config_free(&config);
	}
}

static void
test_variables_for_anything(void **state)
{
	struct config *config =
	    parse("listen: {stdio: \"${YES}\", http: \"127.0.0.1:${NUM}\"}\n"
		  "limits: {in_flight: \"${NUM}\"}\n"
		  "start_wait: ${DUR}\n"
		  "log: {level: \"${NOPE:-debug}\"}\n"
		  "upstreams: [{name: \"a${NUM}\", command: [\"${HOME}/bin/x\"]}]\n");

	(void)state;
	assert_true(config->listen_stdio);
	expect(config->listen_http[0], "127.0.0.1:7");
	assert_int_equal(config->limit_in_flight, 7);
	assert_int_equal(config->start_wait_ms, 90000);
	assert_int_equal(config->log_level, LOG_DEBUG);
	expect(config->upstreams[0].name, "a7");
	expect(config->upstreams[0].command[0], "/home/u/bin/x");
	config_free(&config);
}

static void
test_aliases(void **state)
{
	struct config *config =
	    parse("%YAML 1.2\n"
		  "---\n"
		  "upstreams:\n"
		  "  - name: a\n"
		  "    command: &cmd [x, y]\n"
		  "    env: &env {A: b}\n"
		  "  - {name: b, command: *cmd, env: *env, timeout: &t 5s, enabled: False}\n"
		  "  - {\"name\": 'c', ? command : z, args: *cmd, timeout: *t, env: }\n"
		  "...\n");

	(void)state;
	assert_int_equal(config->upstreams_n, 3);
	assert_int_equal(config->upstreams[1].command_n, 2);
	expect(config->upstreams[1].command[1], "y");
	expect(config->upstreams[1].env[0].name, "A");
	assert_false(config->upstreams[1].enabled);
	assert_int_equal(config->upstreams[2].command_n, 3);
	expect(config->upstreams[2].command[0], "z");
	expect(config->upstreams[2].command[1], "x");
	assert_int_equal(config->upstreams[2].timeout_ms, 5000);
	assert_int_equal(config->upstreams[2].env_n, 0);
	config_free(&config);
}

/* ---- the proxy form -------------------------------------------------------------------------- */

static void
test_proxy_stdio(void **state)
{
	struct config *config = parse("proxy:\n"
				      "  transport: stdio\n"
				      "  upstream:\n"
				      "    command: [python, -m, server]\n"
				      "    restart_on_failure: true\n"
				      "    max_restart_attempts: 3\n"
				      "  timeouts: {connection_timeout: 30, request_timeout: 0.5}\n"
				      "  http: {host: 0.0.0.0, port: 9}\n");

	(void)state;
	assert_true(config->is_proxy_form);
	assert_true(config->listen_stdio);
	assert_int_equal(config->listen_http_n, 0);
	assert_int_equal(config->upstreams_n, 1);
	expect(config->upstreams[0].name, "default");
	assert_int_equal(config->upstreams[0].command_n, 3);
	assert_int_equal(config->upstreams[0].timeout_ms, 500);
	assert_int_equal(config->upstreams[0].connect_timeout_ms, 30000);
	config_free(&config);
}

static void
test_proxy_http(void **state)
{
	struct config *config = parse(
	    "proxy:\n"
	    "  transport: http\n"
	    "  http: {host: \"::1\", port: 9}\n"
	    "  upstreams:\n"
	    "    - {name: a, transport: stdio, command: [x], enabled: false, tls_verify: true}\n"
	    "    - {name: b, transport: http, url: \"http://h/\", timeout: 5s, server_identity: z}\n");

	(void)state;
	assert_false(config->listen_stdio);
	assert_int_equal(config->listen_http_n, 1);
	expect(config->listen_http[0], "[::1]:9");
	assert_int_equal(config->upstreams_n, 2);
	assert_int_equal(config->upstreams[0].timeout_ms, 60000);
	assert_int_equal(config->upstreams[1].timeout_ms, 5000);
	assert_int_equal(config->upstreams[1].transport, TRANSPORT_HTTP);
	config_free(&config);
}

static void
test_proxy_single(void **state)
{
	static const char *const forms[] = {
		"proxy: {upstreams: [{command: [x]}]}",
		"proxy: {upstreams: {command: [x]}}",
		"proxy: {upstream: {command: [x]}, http: , timeouts: }",
		"proxy: {transport: streamable-http, upstream: {command: [x]}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct config *config = parse(forms[i]);

		assert_int_equal(config->upstreams_n, 1);
		expect(config->upstreams[0].name, "default");
		assert_int_equal(config->listen_stdio, i < 3);
		if (i == 3)
			expect(config->listen_http[0], "127.0.0.1:8080");
		config_free(&config);
	}
}

/* ---- digests and reload ---------------------------------------------------------------------- */

/* Rules for tools are no part of the digest: another rule is no other upstream. */
static void
test_tools(void **state)
{
	struct config *config = parse("seal_key: \"${TOKEN}0123456789\"\n"
				      "upstreams:\n"
				      "  - {name: a, command: [x]}\n"
				      "  - name: b\n"
				      "    command: [x]\n"
				      "    tools:\n"
				      "      allow: [\"*\", a]\n"
				      "      deny: [\"admin_?\"]\n"
				      "      rename: {a: b, b: a}\n"
				      "      describe: {a: \"does ${NUM}\", c: \"\"}\n");
	const struct config_tools *none = &config->upstreams[0].tools,
				  *tools = &config->upstreams[1].tools;

	(void)state;
	expect(secret_reveal(config->seal_key), "s3cret0123456789");
	assert_string_equal(config->upstreams[0].digest, config->upstreams[1].digest);
	assert_int_equal(none->allow_n + none->deny_n + none->rename_n + none->describe_n, 0);
	assert_int_equal(tools->allow_n, 2);
	expect(tools->allow[1], "a");
	assert_int_equal(tools->deny_n, 1);
	expect(tools->deny[0], "admin_?");
	assert_int_equal(tools->rename_n, 2);
	expect(tools->rename[1].name, "b");
	expect(secret_reveal(tools->rename[1].value), "a");
	assert_int_equal(tools->describe_n, 2);
	expect(secret_reveal(tools->describe[0].value), "does 7");
	config_free(&config);
}

static void
test_digest(void **state)
{
	/* The first two are the same upstream; every other one differs from all before it. */
	struct config *config =
	    parse("upstreams:\n"
		  "  - {name: a, command: [x, y]}\n"
		  "  - {name: b, command: x, args: [y]}\n"
		  "  - {name: c, command: [x, y], enabled: false}\n"
		  "  - {name: d, command: [xy]}\n"
		  "  - {name: e, command: [x, y, \"\"]}\n"
		  "  - {name: f, command: [x, y], env: {A: b}}\n"
		  "  - {name: g, command: [x, y], env: {A: c}}\n"
		  "  - {name: h, command: [x, y], cwd: /}\n"
		  "  - {name: i, command: [x, y], timeout: 1s}\n"
		  "  - {name: j, command: [x, y], connect_timeout: 1s}\n"
		  "  - {name: k, command: [x, y], protocol: legacy}\n"
		  "  - {name: l, command: [x, y], session: shared}\n"
		  "  - {name: m, command: [x, y], transport: stdio}\n"
		  "  - {name: n, url: \"http://h/\"}\n"
		  "  - {name: o, url: \"http://h/\", headers: {A: b}}\n"
		  "  - {name: p, url: \"http://h/\", auth: {type: bearer, token: x}}\n"
		  "  - {name: q, url: \"http://h/\", auth: {type: bearer, token: y}}\n"
		  "  - {name: r, command: [x, y], env: {A: b, C: d}}\n"
		  "  - {name: s, command: [x, y], env: {AbC: d}}\n");

	(void)state;
	assert_int_equal(strlen(config->upstreams[0].digest), 64);
	assert_string_equal(config->upstreams[0].digest, config->upstreams[1].digest);
	for (size_t i = 2; i < config->upstreams_n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(
			    config->upstreams[i].digest, config->upstreams[j].digest);
	config_free(&config);
}

/* Keys are hashed, whatever they were written as; one reachable address is then allowed. */
static void
test_keys(void **state)
{
	struct config *config = parse("listen: {http: 0.0.0.0:1}\n"
				      "auth:\n"
				      "  keys:\n"
				      "    - {name: ci, key: \"0123456789abcdef\", tenant: acme}\n"
				      "    - {name: b.o@b, key: \"abcdefghijklmnop-${NONE:-q}\"}\n"
				      "upstreams: [{name: a, command: [x]}]\n");
	unsigned char digest[SHA256_BYTES];

	(void)state;
	assert_int_equal(config->auth, AUTH_KEYS);
	assert_int_equal(config->keys_n, 2);
	expect(config->keys[0].name, "ci");
	expect(config->keys[0].tenant, "acme");
	sha256_bytes(S("0123456789abcdef"), digest);
	assert_memory_equal(config->keys[0].digest, digest, SHA256_BYTES);
	assert_null(config->keys[1].tenant.p);
	sha256_bytes(S("abcdefghijklmnop-q"), digest);
	assert_memory_equal(config->keys[1].digest, digest, SHA256_BYTES);
	config_free(&config);
}

static void
test_needs_restart(void **state)
{
	static const struct {
		const char *before, *after, *names;
	} cases[] = {
		{ "", "", "" },
		{ "listen: {http: 127.0.0.1:1}", "listen: {http: 127.0.0.1:2}", "listen.http" },
		{ "listen: {http: [127.0.0.1:1]}", "listen: {http: 127.0.0.1:1}", "" },
		{ "listen: {http: 127.0.0.1:1}", "listen: {http: [127.0.0.1:1, unix:/x]}",
		    "listen.http" },
		{ "auth: none\nlog: {level: debug}\nstart_wait: 5s", "limits: {message: 1MiB}",
		    "limits.message, log.level" },
		{ "namespace: {separator: \"-\"}\nstate: /a", "listen: {stdio: true, hosts: [x]}",
		    "listen.stdio, listen.hosts, namespace.separator, state" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *before, *after;
		char yaml[512];
		struct buf names;

		snprintf(yaml, sizeof(yaml), "%s\nupstreams: [{name: a, command: [x]}]",
		    cases[i].before);
		before = parse(yaml);
		snprintf(yaml, sizeof(yaml),
		    "%s\nupstreams: [{name: b, command: [y], timeout: 9s}]", cases[i].after);
		after = parse(yaml);
		buf_init(&names, NULL, KIB);
		assert_int_equal(
		    config_needs_restart(before, after, &names), cases[i].names[0] != '\0');
		expect(names.n > 0 ? buf_view(&names) : S(""), cases[i].names);
		buf_fini(&names);
		config_free(&before);
		config_free(&after);
	}
}

/* What a command has put together itself passes the same checks, without a position. */
static void
test_check(void **state)
{
	struct config *config = config_default();
	struct config_upstream upstream = { .name = S("a__b") };
	struct slice everywhere = S("0.0.0.0:80");
	struct err err = { 0 };

	(void)state;
	assert_false(config_check(config, &err));
	assert_string_equal(err.text,
	    "nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"");
	config->upstreams = &upstream;
	config->upstreams_n = 1;
	assert_false(config_check(config, &err));
	assert_string_equal(err.text, "the upstream name \"a__b\" must not hold the separator");
	upstream.name = S("a");
	assert_true(config_check(config, &err));
	upstream.enabled = true;
	upstream.url = S("https://mcp.example.com/");
	assert_true(config_check(config, &err));
	upstream.url = SLICE_NONE;
	upstream.protocol = PROTOCOL_MODERN;
	assert_true(config_check(config, &err));
	upstream.transport = TRANSPORT_SSE;
	assert_false(config_check(config, &err));
	upstream.enabled = false;
	assert_true(config_check(config, &err));
	upstream.transport = TRANSPORT_AUTO;
	upstream.protocol = PROTOCOL_AUTO;
	config->listen_http = &everywhere;
	assert_false(config_check(config, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(err.line, 0);
	config->auth = AUTH_NONE;
	assert_true(config_check(config, &err));
	config_free(&config);
}

static void
test_loopback(void **state)
{
	static const struct {
		const char *address;
		bool is_open;
	} cases[] = {
		{ "127.0.0.1:1", false },
		{ "127.255.0.1:1", false },
		{ "localhost:1", false },
		{ "LOCALHOST:1", false },
		{ "[::1]:1", false },
		{ "[0:0:0:0:0:0:0:1]:1", false },
		{ "[::ffff:127.0.0.1]:1", false },
		{ "unix:/x", false },
		{ "128.0.0.1:1", true },
		{ "0.0.0.0:1", true },
		{ "[::]:1", true },
		{ "[::ffff:10.0.0.1]:1", true },
		{ "[::ffff:0.0.0.0]:1", true },
		{ "[::2]:1", true },
		{ "localhost.example.com:1", true },
		{ "127.0.0.1.example.com:1", true },
		{ "example.com:1", true },
	};
	struct config *config = config_default();
	struct config_upstream upstream = { .name = S("a") };
	struct err err;

	(void)state;
	config->upstreams = &upstream;
	config->upstreams_n = 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice address = slice_of(cases[i].address);

		config->listen_http = &address;
		assert_int_equal(config_check(config, &err), !cases[i].is_open);
	}
	config_free(&config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_variables_for_anything),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_proxy_stdio),
		cmocka_unit_test(test_proxy_http),
		cmocka_unit_test(test_proxy_single),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_needs_restart),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
