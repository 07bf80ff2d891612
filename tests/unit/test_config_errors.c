/*
 * What is refused, and in which words: every text says line, column and what to do.  The tables
 * read like a page of bad examples; the name of the file is left out of the texts.
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

#define NAME "bascule.yaml"

static const char *const environment[] = { "TOKEN=s3cret", "EMPTY=", "NUM=60", "HOME=/home/u",
	NULL };

static const struct {
	const char *yaml, *error;
} cases[] = {
	{ "",
	    ": nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "# only a comment\n",
	    ": nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "upstreams: []\n",
	    ":1:12: nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "- a\n", ":1:1: the file must be a map of options, not a list" },
	{ "hello\n", ":1:1: the file must be a map of options, not a text" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "  - name: b\n"
	  "    command: [x]\n"
	  "  - name: c\n"
	  "    serach: 1\n"
	  "    command: [x]\n",
	    ":7:5: unknown key \"serach\" in upstreams[2]" },
	{ "listn:\n"
	  "  stdio: true\n",
	    ":1:1: unknown key \"listn\" (did you mean \"listen\"?)" },
	{ "limits: {mesage: 1MiB}\n",
	    ":1:10: unknown key \"mesage\" in limits (did you mean \"message\"?)" },
	{ "limits.message: 64MiB\n", ":1:1: unknown key \"limits.message\"" },
	{ "zzzzzzzzz: 1\n", ":1:1: unknown key \"zzzzzzzzz\"" },
	{ "audit: {sinks: [{jsnl: a}]}\n",
	    ":1:18: unknown key \"jsnl\" in audit.sinks[0] (did you mean \"jsonl\"?)" },
	{ "audit: {sinks: [{rotate: 1MiB}]}\n",
	    ":1:17: audit.sinks[0] names no sink: write one of sqlite, jsonl, csv, text, syslog, cef and otlp" },
	{ "audit: {sinks: [{jsonl: a, csv: b}]}\n",
	    ":1:17: audit.sinks[0] names more than one sink: write one of sqlite, jsonl, csv, text, syslog, cef and otlp" },
	{ "audit: {sinks: [{jsonl: /a, facility: audit}]}\n",
	    ":1:29: audit.sinks[0]: jsonl to \"/a\" has no \"facility\"" },
	{ "audit: {sinks: [{jsonl: /a}, {csv: /a}]}\n",
	    ":1:36: audit.sinks[0] writes to \"/a\" already" },
	{ "audit: {sinks: [{sqlite: a}, {sqlite: b}]}\n",
	    ":1:30: audit.sinks[1] is a second store: there is one, which keeps what is chained and signed" },
	{ "audit: {sinks: [{syslog: \"udp://x\"}]}\n",
	    ":1:26: \"udp://x\" needs a host and a port, such as udp://logs.example.com:514" },
	{ "audit: {sinks: [{cef: \"tcp://:601\"}]}\n",
	    ":1:23: \"tcp://:601\" needs a host and a port, such as udp://logs.example.com:514" },
	{ "audit: {sinks: [{csv: /a, quoting: none}]}\n",
	    ":1:17: audit.sinks[0]: \"quoting: none\" needs an \"escape\": a value may hold the delimiter" },
	{ "audit: {sinks: [{csv: /a, quote: \",\"}]}\n",
	    ":1:17: audit.sinks[0]: \"delimiter\", \"quote\" and \"escape\" must differ" },
	{ "listen:\n"
	  "  stdio: yes\n",
	    ":2:10: listen.stdio must be true or false, not \"yes\"" },
	{ "listen:\n"
	  "  stdio: \"true\"\n",
	    ":2:10: listen.stdio must be true or false, not \"true\" in quotes" },
	{ "start_wait: 5\n", ":1:13: start_wait: \"5\" has no unit: write 5s (ms, s, m, h or d)" },
	{ "start_wait: 5 s\n",
	    ":1:13: start_wait: \"5 s\" has an unknown unit: write ms, s, m, h or d" },
	{ "start_wait: 1.5s\n",
	    ":1:13: start_wait: \"1.5s\" is no duration: write a whole number and ms, s, "
	    "m, h or d, such as 30s" },
	{ "start_wait: 5sec\n",
	    ":1:13: start_wait: \"5sec\" has an unknown unit: write ms, s, m, h or d" },
	{ "start_wait: 11m\n", ":1:13: start_wait must be between 0ms and 10m, not \"11m\"" },
	{ "start_wait: 99999999999999999999s\n",
	    ":1:13: start_wait: \"99999999999999999999s\" is too large" },
	{ "start_wait:\n", ":1:12: start_wait has no value (\"\" is an empty one)" },
	{ "start_wait: [5s]\n", ":1:13: start_wait must be a duration such as 30s, not a list" },
	{ "limits: {message: 64}\n",
	    ":1:19: limits.message: \"64\" has no unit: write 64MiB (B, KiB, MiB or GiB)" },
	{ "limits: {message: 64MB}\n",
	    ":1:19: limits.message: \"64MB\" has an unknown unit: write B, KiB, MiB or GiB" },
	{ "limits: {message: 2GiB}\n",
	    ":1:19: limits.message must be between 1KiB and 1GiB, not \"2GiB\"" },
	{ "limits: {message: 600MiB}\n",
	    ":1:1: nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "limits: {in_flight: 0}\n",
	    ":1:21: limits.in_flight must be between 1 and 1000000, not \"0\"" },
	{ "limits: {in_flight: \"2000\"}\n",
	    ":1:21: limits.in_flight must be a whole number, not \"2000\" in quotes" },
	{ "limits: {in_flight: -1}\n",
	    ":1:21: limits.in_flight must be a whole number, not \"-1\"" },
	{ "limits: {in_flight: many}\n",
	    ":1:21: limits.in_flight must be a whole number, not \"many\"" },
	{ "limits: []\n", ":1:9: limits must be a map of options, not a list" },
	{ "log: {level: inof}\n",
	    ":1:14: log.level must be one of debug, info, warn, error, off, not \"inof\" "
	    "(did you mean \"info\"?)" },
	{ "log: {level: loud}\n",
	    ":1:14: log.level must be one of debug, info, warn, error, off, not \"loud\"" },
	{ "auth: tenant\n",
	    ":1:7: auth must be one of none, tenants, not \"tenant\" (did you mean \"tenants\"?)" },
	{ "auth: {jwt: {issuer: x}}\n", ":1:22: the url must begin with http:// or https://" },
	{ "auth: {jwt: {issuer: \"http://id.example.com\"}}\n",
	    ":1:22: secrets are sent there: it must begin with https://, or be on this machine" },
	{ "auth: {jwt: {audience: me}}\n",
	    ":1:13: auth.jwt needs an \"issuer\": the URL that `iss` of its tokens has" },
	{ "auth: {jwt: {issuer: \"https://id\"}}\n",
	    ":1:13: auth.jwt needs an \"audience\": what `aud` of tokens for this gateway names" },
	{ "auth: {jwt: {issuer: \"https://id\", audience: me}}\n",
	    ":1:13: auth.jwt needs a \"resource\": the URL that clients use (the audience is none)" },
	{ "auth: {jwt: {algorithms: [HS256]}}\n",
	    ":1:27: \"HS256\" is never taken: who can check such a token can make one" },
	{ "auth: {jwt: {algorithms: [none]}}\n",
	    ":1:27: \"none\" is never taken: who can check such a token can make one" },
	{ "auth: {keyz: []}\n", ":1:8: unknown key \"keyz\" in auth (did you mean \"keys\"?)" },
	{ "auth: [none]\n", ":1:7: auth must be a word, not a list" },
	{ "auth: {keys: []}\n",
	    ":1:14: auth.keys must not be empty: without keys write \"auth: none\"" },
	{ "auth: {keys: }\n", ":1:14: auth.keys must be a list: put \"- \" before each entry" },
	{ "auth: {keys: [ci]}\n", ":1:15: auth.keys[0] must be a map with \"name\" and \"key\"" },
	{ "auth: {keys: [{name: ci, key: k}]}\n",
	    ":1:31: auth.keys[0].key must have 16 to 512 characters; `openssl rand -hex 24` makes a "
	    "good one" },
	{ "auth: {keys: [{name: ci, key: \"\"}]}\n",
	    ":1:31: auth.keys[0].key must have 16 to 512 characters; `openssl rand -hex 24` makes a "
	    "good one" },
	{ "auth: {keys: [{name: ci, key: \"0123456789 abcdef\"}]}\n",
	    ":1:31: auth.keys[0].key holds a blank, a control or a non-ASCII character" },
	{ "auth: {keys: [{name: ci}]}\n", ":1:15: auth.keys[0] needs a \"key\"" },
	{ "auth: {keys: [{key: 0123456789abcdef}]}\n", ":1:15: auth.keys[0] needs a \"name\"" },
	{ "auth: {keys: [{name: anonymous, key: 0123456789abcdef}]}\n",
	    ":1:22: auth.keys[0].name must be 1 to 32 letters, digits, \"_\", \"-\", \".\" and "
	    "\"@\", and not \"anonymous\"" },
	{ "auth: {keys: [{name: a, tenant: \"x y\", key: 0123456789abcdef}]}\n",
	    ":1:33: auth.keys[0].tenant must be 1 to 32 letters, digits, \"_\", \"-\", \".\" and "
	    "\"@\"" },
	{ "auth: {keys: [{name: a, kee: 0123456789abcdef}]}\n",
	    ":1:25: unknown key \"kee\" in auth.keys[0] (did you mean \"key\"?)" },
	{ "auth: {keys: [{name: a, key: 0123456789abcdef}, {name: a, key: 0123456789abcdeg}]}\n",
	    ":1:56: the name \"a\" is taken by auth.keys[0]: names must differ" },
	{ "auth: {keys: [{name: a, key: 0123456789abcdef}, {name: b, key: 0123456789abcdef}]}\n",
	    ":1:64: auth.keys[1] has the same key as auth.keys[0]" },
	{ "auth: non\n",
	    ":1:7: auth must be one of none, tenants, not \"non\" (did you mean \"none\"?)" },
	{ "listen:\n"
	  "  tls: {cert: a}\n",
	    ":2:3: tls.cert and tls.key go together: tls.key is missing" },
	{ "listen:\n"
	  "  tls: {client_ca: a}\n",
	    ":2:3: tls needs a certificate and its key: tls.cert and tls.key" },
	{ "listen:\n"
	  "  tls: {cert: /nowhere/cert.pem, key: /nowhere/key.pem}\n",
	    ":2:15: tls.cert: /nowhere/cert.pem: No such file or directory" },
	{ "listen: {tls: off}\n", ":1:15: listen.tls must be none, not \"off\"" },
	{ "listen: {tls: {certificates: [{cert: a, key: b}]}}\n",
	    ":1:10: tls needs a certificate and its key: tls.cert and tls.key" },
	{ "listen: {tls: {certificates: {cert: a, key: b}}}\n",
	    ":1:30: listen.tls.certificates must be a list of at most 64 entries" },
	{ "listen: {tls: {certificates: [a.pem]}}\n",
	    ":1:31: listen.tls.certificates[0] must be a map with \"cert\" and \"key\"" },
	{ "listen: {tls: {certificates: [{cert: a, key: b}, {cert: a}]}}\n",
	    ":1:50: listen.tls.certificates[1] needs a \"key\"" },
	{ "listen: {tls: {certificates: [{key: a}]}}\n",
	    ":1:31: listen.tls.certificates[0] needs a \"cert\"" },
	{ "listen: {tls: {certificates: [{cert: a, kee: b}]}}\n",
	    ":1:41: unknown key \"kee\" in listen.tls.certificates[0] (did you mean \"key\"?)" },
	{ "agents: {}\n", ":1:1: agents has no runners: name a program under \"agents.runners\"" },
	{ "agents: {runners: []}\n",
	    ":1:19: agents.runners must be a map of names and at most 200 runners" },
	{ "agents: {runners: {a: {}}}\n",
	    ":1:20: agents.runners.a needs a \"command\", or a runner that it \"extends\"" },
	{ "agents: {runners: {a: {extends: b}}}\n",
	    ":1:33: no runner is called \"b\": name one of \"agents.runners\"" },
	{ "agents: {runners: {a: {command: [x, \"{a b}\"]}}}\n",
	    ":1:37: \"{a b}\" is no placeholder: write {name} or {name|default}, with small letters, "
	    "digits and \"_\" in the name, or {{ for a brace" },
	{ "agents: {runners: {a: {command: [sh, -c, \"x {task}\"]}}}\n",
	    ":1:42: agents.runners.a: a placeholder in a script of sh lets callers run what they like: "
	    "give it by \"stdin\", or as an argument behind the script" },
	{ "agents: {runners: {a: {command: x, parse: claude}}}\n",
	    ":1:43: agents.runners.a.parse must be one of exit, lines, claude-stream, codex-jsonl, "
	    "gemini-json, acp, not \"claude\"" },
	{ "agents: {prefix: jira}\n",
	    ":1:18: the prefix \"jira\" is that of the tools of a site: take another" },
	{ "agents: {runners: {a: {command: x}}, routes: {r: {any: x, runner: c}}}\n",
	    ":1:67: no runner is called \"c\": name one of \"agents.runners\"" },
	{ "listen: {http: 0.0.0.0:8080}\n"
	  "upstreams: [{name: a, command: [x]}]\n",
	    ":1:16: \"0.0.0.0:8080\" can be reached from other machines: write \"auth: "
	    "none\" to let everyone in, give keys under \"auth:\", or listen on 127.0.0.1" },
	{ "listen:\n"
	  "  http:\n"
	  "    - 127.0.0.1:1\n"
	  "    - 10.0.0.1:2\n"
	  "upstreams: [{name: a, command: [x]}]\n",
	    ":4:7: \"10.0.0.1:2\" can be reached from other machines: write \"auth: none\" "
	    "to let everyone in, give keys under \"auth:\", or listen on 127.0.0.1" },
	{ "listen: {http: 8080}\n"
	  "upstreams: [{name: a, command: [x]}]\n",
	    ":1:16: the address \"8080\" is only a port: write 127.0.0.1:PORT" },
	{ "listen: {http: \":8080\"}\n",
	    ":1:16: the address \":8080\" has no host: write 127.0.0.1:PORT, or "
	    "0.0.0.0:PORT for every interface" },
	{ "listen: {http: \"127.0.0.1:70000\"}\n",
	    ":1:16: the address \"127.0.0.1:70000\" has a port that is not between 0 and "
	    "65535" },
	{ "listen: {http: \"::1:8080\"}\n",
	    ":1:16: the address \"::1:8080\" has no host: write 127.0.0.1:PORT, or "
	    "0.0.0.0:PORT for every interface" },
	{ "listen: {http: \"[::g]:8080\"}\n",
	    ":1:16: the address \"[::g]:8080\" has no IPv6 address in its brackets" },
	{ "listen: {http: \"http://127.0.0.1:8080\"}\n",
	    ":1:16: the address \"http://127.0.0.1:8080\" is a URL: write only host:port" },
	{ "listen: {http: \"127.0.0.1:1\", hosts: [\"https://gw.example.com\"]}\n",
	    ":1:39: the host \"https://gw.example.com\" is a URL: write only the name, "
	    "such as gw.example.com" },
	{ "listen: {hosts: [\"*.example.com\"]}\n",
	    ":1:18: the host \"*.example.com\" holds a \"*\": patterns are not supported, "
	    "name each host" },
	{ "listen: {hosts: gw}\n", ":1:17: listen.hosts must be a list of texts, not a text" },
	{ "listen: {http: [\"127.0.0.1:1\", \"127.0.0.1:1\"]}\n",
	    ":1:32: the address \"127.0.0.1:1\" stands there twice" },
	{ "namespace: {separator: \"\"}\n",
	    ":1:24: the separator must be 1 to 8 of A-Z a-z 0-9 _ - . / :, not \"\"" },
	{ "namespace: {max: 5}\n", ":1:18: namespace.max must be between 20 and 256, not \"5\"" },
	{ "namespace: {prefix: sometimes}\n",
	    ":1:21: namespace.prefix must be one of auto, always, never, not \"sometimes\"" },
	{ "upstreams:\n"
	  "  name: a\n",
	    ":2:3: upstreams must be a list: put \"- \" before each entry" },
	{ "upstreams: [a]\n",
	    ":1:13: upstreams[0] must be a map with \"name\", and \"command\" or \"url\"" },
	{ "upstreams:\n"
	  "  - name: a\n",
	    ":2:5: upstreams[0] needs \"command\" or \"url\"" },
	{ "upstreams:\n"
	  "  - command: [x]\n",
	    ":2:5: upstreams[0] needs a \"name\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    url: http://h/\n",
	    ":4:5: upstreams[0] has both \"command\" and \"url\": it can have one" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: []\n",
	    ":3:14: upstreams[0].command must not be empty" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: npx -y foo\n",
	    ":3:14: no shell reads the command: write it as a list, [program, argument]" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [\"\", x]\n",
	    ":3:15: the program is empty" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: ftp://h/\n",
	    ":3:10: the url must begin with http:// or https://" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: https://u:${TOKEN}@h/\n",
	    ":3:10: the url must not hold user and password: use headers or auth" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http:///x\n",
	    ":3:10: the url has no host" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h:0/\n",
	    ":3:10: the url must have a port between 1 and 65535" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    env: {A: b}\n",
	    ":4:5: \"env\" belongs to upstreams with \"command\", and upstreams[0] has none" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    headers: {A: b}\n",
	    ":4:5: \"headers\" belongs to upstreams with \"url\", and upstreams[0] has none" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    tls: {ca: c.pem}\n",
	    ":4:5: \"tls\" belongs to upstreams with \"url\", and upstreams[0] has none" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    tls: {ca: c.pem}\n",
	    ":4:5: \"tls\" belongs to urls that begin with https://" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: https://h/\n"
	  "    tls: {cert: c.pem}\n",
	    ":4:5: tls.cert and tls.key go together: tls.key is missing" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: https://h/\n"
	  "    tls: {key: c.pem}\n",
	    ":4:5: tls.cert and tls.key go together: tls.cert is missing" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: https://h/\n"
	  "    tls: {ca: /nowhere/c.pem}\n",
	    ":4:15: tls.ca: /nowhere/c.pem: No such file or directory" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: https://h/\n"
	  "    tls: {ca: /dev/null}\n",
	    ":4:15: tls.ca: /dev/null: not a regular file" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: https://h/\n"
	  "    tls: {cert: a, sni: b}\n",
	    ":4:20: unknown key \"sni\" in upstreams[0].tls" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    headers: {\"A B\": b}\n",
	    ":4:15: \"A B\" cannot name a header" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    headers: {host: b}\n",
	    ":4:15: the header host is set by bascule: leave it out" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    headers: {A: \"b\\r\\nC: d\"}\n",
	    ":4:18: the value of header A holds a control character, perhaps a line end" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    headers: {A: b, a: c}\n",
	    ":4:14: the header a is set twice (case does not count; \"auth\" sets "
	    "Authorization)" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    headers: {authorization: b}\n"
	  "    auth: {type: bearer, token: \"${TOKEN}\"}\n",
	    ":4:14: the header Authorization is set twice (case does not count; \"auth\" "
	    "sets Authorization)" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: {type: basic, token: x}\n",
	    ":4:18: upstreams[0].auth.type must be bearer, not \"basic\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: {type: oauth, token: x}\n",
	    ":4:18: this version does not have \"upstreams[0].auth.type: oauth\" yet" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: {token: x}\n",
	    ":4:11: upstreams[0].auth needs \"type: bearer\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: {type: bearer}\n",
	    ":4:11: upstreams[0].auth needs a \"token\" that is not empty" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    transport: stdio\n",
	    ":4:16: transport stdio does not go with \"url\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    transport: http\n",
	    ":4:16: transport http does not go with \"command\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    timeout: 60\n",
	    ":4:14: upstreams[0].timeout: \"60\" has no unit: write 60s (ms, s, m, h or d)" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    timeout: ${TOKEN}\n",
	    ":4:14: upstreams[0].timeout must be a duration such as 30s, not \"${TOKEN}\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    timeout: ${NUM}\n",
	    ":4:14: upstreams[0].timeout must be a duration such as 30s, not \"${NUM}\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    sandbox: {write: [/]}\n",
	    ":4:23: all of \"/\" cannot be written: name the folders" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {write: [system]}}\n",
	    ":2:47: \"system\" can only be read: put it into \"read\"" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {require: [netsn]}}\n",
	    ":2:49: nothing is called \"netsn\" that can be required (did you mean \"netns\"?)" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {network: nome}}\n",
	    ":2:48: \"nome\" is no network (did you mean \"none\"?)" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {network: [\"https://a.example\"]}}\n",
	    ":2:49: \"https://a.example\" is no network: none, loopback, host, or a list of "
	    "destinations such as api.example.com:443" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {network: [\"a.example:443\", \"127.1:443\"]}}\n",
	    ":2:66: \"127.1:443\" is no network: none, loopback, host, or a list of destinations "
	    "such as api.example.com:443" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {network: [\"a.example:443\", host]}}\n",
	    ":2:48: \"host\" stands alone, not in a list of destinations" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], sandbox: {memory: 512}}\n",
	    ":2:47: upstreams[0].sandbox.memory: \"512\" has no unit: write 512MiB (B, KiB, MiB or "
	    "GiB)" },
	{ "upstreams:\n"
	  "  - {name: a, url: \"http://h/\", sandbox: {}}\n",
	    ":2:33: \"sandbox\" belongs to upstreams with \"command\", and upstreams[0] has none" },
	{ "upstreams:\n"
	  "  - {name: a__b, command: [x]}\n",
	    ":2:12: the upstream name \"a__b\" must not hold the separator" },
	{ "upstreams:\n"
	  "  - {name: a_, command: [x]}\n",
	    ":2:12: the upstream name \"a_\" must not end in \"_\"" },
	{ "upstreams:\n"
	  "  - {name: -a, command: [x]}\n",
	    ":2:12: the upstream name \"-a\" must begin with a letter or a digit" },
	{ "upstreams:\n"
	  "  - {name: jira, command: [x]}\n",
	    ":2:12: the upstream name \"jira\" is reserved for tools of bascule itself" },
	{ "upstreams:\n"
	  "  - {name: abcdefghijklmnopqrstuvwxyz0123456, command: [x]}\n",
	    ":2:12: the upstream name \"abcdefghijklmnopqrstuvwxyz0123456\" is longer than "
	    "32 bytes" },
	{ "upstreams:\n"
	  "  - {name: ä, command: [x]}\n",
	    ":2:12: the upstream name \"ä\" must begin with a letter or a digit" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x]}\n"
	  "  - {name: a, command: [y]}\n",
	    ":3:12: the name \"a\" is taken by upstreams[0]: names must differ" },
	{ "namespace: {separator: \"-\"}\n"
	  "upstreams:\n"
	  "  - {name: a-b, command: [x]}\n",
	    ":3:12: the upstream name \"a-b\" must not hold the separator" },
	{ "upstreams:\n"
	  "  - {name: \"${NOPE}\", command: [x]}\n",
	    ":2:12: the environment variable NOPE is not set (write ${NOPE:-default} where "
	    "it may be missing)" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"${}\"]}\n",
	    ":2:25: \"${}\" is no variable: write ${NAME} or ${NAME:-default}, and $$ for "
	    "a dollar sign" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"${A\"]}\n",
	    ":2:25: \"${\" without \"}\" (write $$ for a dollar sign)" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"${A:-${B}}\"]}\n",
	    ":2:25: a default cannot hold another ${...}" },
	{ "upstreams:\n"
	  "  - {name: a, command: [${A}]}\n",
	    ":2:26: \"${\" must stand in quotes inside {…} and […]" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"file:/nonexistent/x\"]}\n",
	    ":2:25: /nonexistent/x: No such file or directory" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"file:\"]}\n",
	    ":2:25: \"file:\" names no file" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"file:/dev/zero\"]}\n",
	    ":2:25: /dev/zero: not a regular file" },
	{ "upstreams:\n"
	  "  - {name: a, command: [\"~/bin/x\"]}\n",
	    ":2:25: \"~\" is not expanded: write \"${HOME}/...\"" },
	{ "state: \"\"\n", ":1:8: the path is empty" },
	{ "log: {level: info, level: debug}\n", ":1:20: duplicate key \"level\"" },
	{ "a: &x {b: *x}\n", ":1:11: \"*x\" stands inside what it names" },
	{ "a: *x\n", ":1:4: no anchor \"&x\" before this alias" },
	{ "a: {<<: 1}\n",
	    ":1:5: merge keys (\"<<\") are not supported: write the keys out, or use an "
	    "alias for the whole value" },
	{ "? {a: b}\n"
	  ": c\n",
	    ":1:3: a key must be a text; put ${…}, {…} and […] in quotes" },
	{ "a: !!int 3\n",
	    ":1:4: the tag \"tag:yaml.org,2002:int\" is not supported: leave it out" },
	{ "a: \"\\0\"\n", ":1:4: a text must not hold a NUL" },
	{ "a: 1\n"
	  "---\n"
	  "b: 2\n",
	    ":2:1: a second document begins here: only one is allowed" },
	{ "log:\n"
	  "\tlevel: info\n",
	    ":2:1: a tab cannot stand here: indent with spaces" },
	{ "log: {level: info\n",
	    ":2:1: not YAML: did not find expected ',' or '}' (while parsing a flow "
	    "mapping of line 1)" },
	{ "log: \"ä\" ö\n"
	  "  x: y\n",
	    ":1:11: not YAML: did not find expected key (while parsing a block mapping of "
	    "line 1)" },
	{ "  ä: {ö: \"x\", ööö: }\n", ":1:3: unknown key \"ä\"" },
	{ "proxy:\n"
	  "  transport: stdio\n"
	  "  upstreams:\n"
	  "    - {name: a, command: [x]}\n"
	  "  plugins: {}\n",
	    ":5:3: \"plugins\" is not taken in proxy; \"bascule import FILE\" turns such a "
	    "file into bascule.yaml" },
	{ "proxy:\n"
	  "  transport: stdio\n"
	  "  upstream: {command: [x]}\n"
	  "plugins: {}\n",
	    ":4:1: \"plugins\" is not taken beside \"proxy\"; \"bascule import FILE\" "
	    "turns such a file into bascule.yaml" },
	{ "proxy:\n"
	  "  upstreams:\n"
	  "    - {command: [x]}\n"
	  "    - {command: [x]}\n",
	    ":3:7: upstreams[0] needs a \"name\"" },
	{ "proxy:\n"
	  "  upstreams:\n"
	  "    - {name: a__b, command: [x]}\n",
	    ":3:14: the upstream name \"a__b\" must not hold the separator" },
	{ "proxy:\n"
	  "  transport: http\n"
	  "  http: {host: 0.0.0.0, port: 80}\n"
	  "  upstream: {command: [x]}\n",
	    ":3:16: \"0.0.0.0:80\" can be reached from other machines: that needs \"auth: "
	    "none\" and so bascule's own form of this file" },
	{ "proxy:\n"
	  "  transport: sse\n",
	    ":2:14: proxy.transport must be one of stdio, http, streamable-http, not "
	    "\"sse\"" },
	{ "proxy:\n"
	  "  upstream: {command: [x], tls_verify: false}\n",
	    ":2:28: certificates are always verified: \"tls_verify\" can only be true" },
	{ "proxy:\n"
	  "  upstream: {command: [x], foo: false}\n",
	    ":2:28: unknown key \"foo\" in proxy.upstream; \"bascule import FILE\" turns "
	    "such a file into bascule.yaml" },
	{ "proxy:\n"
	  "  upstream: {command: [x]}\n"
	  "  upstreams: []\n",
	    ":2:3: \"upstream\" and \"upstreams\" cannot both be there" },
	{ "proxy:\n"
	  "  timeouts: {request_timeout: 0}\n",
	    ":2:31: proxy.timeouts.request_timeout must be between 1ms and 7d, not \"0\"" },
	{ "proxy:\n"
	  "  timeouts: {request_timeut: 0}\n",
	    ":2:14: \"request_timeut\" is not taken in proxy.timeouts; \"bascule import "
	    "FILE\" turns such a file into bascule.yaml" },
	{ "proxy: \n",
	    ":1:1: nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    env: {A: }\n",
	    ":4:14: upstreams[0].env.A has no value (\"\" is an empty one)" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    env: {A: [b]}\n",
	    ":4:14: upstreams[0].env.A can hold only texts, not a list" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    env: {A=B: c}\n",
	    ":4:11: \"A=B\" cannot name a variable" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x, {y: z}]\n",
	    ":3:18: upstreams[0].command can hold only texts, not a map" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    env: [A]\n",
	    ":4:10: upstreams[0].env must be a map of names and texts, not a list" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: bearer\n",
	    ":4:11: upstreams[0].auth must be a map of options, not a text" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h?x\n",
	    ":3:10: the url needs \"/\" after the host" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: \"http://h/ x\"\n",
	    ":3:10: the url holds a blank, a control or a non-ASCII character" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/#x\n",
	    ":3:10: the url must not have a fragment (\"#\")" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://[::1/\n",
	    ":3:10: the url has an address in brackets that does not end" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    tools: {allw: [\"*\"]}\n",
	    ":4:13: unknown key \"allw\" in upstreams[0].tools (did you mean \"allow\"?)" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {allow: []}}\n",
	    ":2:44: upstreams[0].tools.allow must not be empty" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {deny: [a, \"\"]}}\n",
	    ":2:47: the pattern \"\" is empty" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {deny: [\"a\\n\"]}}\n",
	    ":2:44: the pattern \"a?\" holds a control character" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {deny: [b, \"a*\", c, \"a*\"]}}\n",
	    ":2:56: the pattern \"a*\" stands there twice" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {rename: {a: a}}}\n",
	    ":2:49: the tool \"a\" is renamed to itself: leave it out" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {rename: {a: \"\"}}}\n",
	    ":2:49: the tool name \"\" is empty" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {rename: {a: c, b: c}}}\n",
	    ":2:55: \"a\" and \"b\" are both renamed to \"c\"" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {allow: [a, b], rename: {a: b}}}\n",
	    ":2:64: \"a\" is renamed to \"b\", which another rule knows as a tool that keeps its "
	    "name" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {rename: {a: b}, describe: {b: c}}}\n",
	    ":2:49: \"a\" is renamed to \"b\", which another rule knows as a tool that keeps its "
	    "name" },
	{ "upstreams:\n"
	  "  - {name: a, command: [x], tools: {rename: {a: b, a: c}}}\n",
	    ":2:52: duplicate key \"a\"" },
	{ "seal_key: 0123456789abcde\n",
	    ":1:11: seal_key must have at least 16 characters: make one with "
	    "\"head -c 32 /dev/urandom | base64\"" },
	{ "replicas: {self: a, peers: {a: \"http://h:1\"}}\n",
	    ":1:1: replicas need a \"seal_key\", the same for all: they know each other by it" },
	{ "seal_key: 0123456789abcdef\n"
	  "replicas: {self: a_b, address: \"http://{name}.pods:80\"}\n",
	    ":2:18: \"a_b\" is no name for a replica: 1 to 63 of a-z, 0-9 and \"-\", which stands "
	    "neither first nor last" },
	{ "seal_key: 0123456789abcdef\n"
	  "replicas: {self: a, peers: {a: \"http://h:1\", b: \"http://user@h:2\"}}\n",
	    ":2:49: the url \"http://user@h:2\" of a replica has a host with a character that no "
	    "host name has" },
	{ "upstreams:\n"
	  "  - name: \"\"\n"
	  "    command: [x]\n",
	    ":2:11: the upstream name \"\" is empty" },
	{ "upstreams:\n"
	  "  - name: [a]\n"
	  "    command: [x]\n",
	    ":2:11: upstreams[0].name must be a text, not a list" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    args: [x]\n",
	    ":2:5: upstreams[0] needs \"command\" or \"url\"" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    command: [x]\n"
	  "    transprot: auto\n",
	    ":4:5: unknown key \"transprot\" in upstreams[0] (did you mean \"transport\"?)" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: {type: bearer, tokn: x}\n",
	    ":4:26: unknown key \"tokn\" in upstreams[0].auth (did you mean \"token\"?)" },
	{ "upstreams:\n"
	  "  - name: a\n"
	  "    url: http://h/\n"
	  "    auth: {type: bearer, token: \"a b\"}\n",
	    ":4:33: the token holds a blank, a control or a non-ASCII character" },
	{ "listen: {http: \"127.1:80\"}\n",
	    ":1:16: the address \"127.1:80\" has a host that is neither a name nor an "
	    "address" },
	{ "listen: {http: \"127.0.0.1\"}\n",
	    ":1:16: the address \"127.0.0.1\" has no port: write host:port" },
	{ "listen: {http: \"unix:\"}\n", ":1:16: the path is empty" },
	{ "listen: {http: \"[::1]\"}\n",
	    ":1:16: the address \"[::1]\" has no port: write [address]:port" },
	{ "listen: {http: \"1:2:3\"}\n",
	    ":1:16: the address \"1:2:3\" is no host:port; an IPv6 address stands in "
	    "brackets, \"[::1]:8080\"" },
	{ "listen: {hosts: [\"gw:0\"]}\n",
	    ":1:18: the host \"gw:0\" has no port between 1 and 65535" },
	{ "listen: {hosts: [\"\"]}\n", ":1:18: the host \"\" is empty" },
	{ "listen: {hosts: [\"a b\"]}\n",
	    ":1:18: the host \"a b\" holds a character that no host name has" },
	{ "\"x\": \"\\q\"\n",
	    ":1:7: not YAML: found unknown escape character (while parsing a quoted scalar "
	    "of line 1)" },
	{ "limits: {memory: 1MiB, message: 2MiB}\n"
	  "upstreams: [{name: a, command: [x]}]\n",
	    ":1:33: limits.message is larger than limits.memory" },
	{ "log: {level: \"${NOPE:\?}\"}\n",
	    ":1:14: \"${NOPE:\?}\" is no variable: write ${NAME} or ${NAME:-default}, and "
	    "$$ for a dollar sign" },
	{ "log: {level: \"file:rel\"}\n", ":1:14: /etc/x/rel: No such file or directory" },
};

static void
expect_error(struct slice yaml, const char *error)
{
	struct config *config = NULL;
	char position[32] = "";
	struct err err = { 0 };

	if (config_parse(yaml, NAME, "/etc/x", environment, NULL, &config, &err)) {
		print_error("accepted: %.*s\n", SLICE_FMT(yaml));
		config_free(&config);
		fail();
	}
	assert_null(config);
	if (strncmp(err.text, NAME, strlen(NAME)) != 0 ||
	    strcmp(err.text + strlen(NAME), error) != 0)
		print_error("for: %.*s\nwanted: " NAME "%s\n   got: %s\n",
		    (int)(yaml.n < 200 ? yaml.n : 200), yaml.p, error, err.text);
	assert_string_equal(err.text + strlen(NAME), error);
	assert_int_equal(err.kind, ERR_CONFIG);
	if (err.line > 0)
		snprintf(position, sizeof(position), ":%u:%u: ", err.line, err.col);
	assert_int_equal(strncmp(err.text + strlen(NAME), position, strlen(position)), 0);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_error(slice_of(cases[i].yaml), cases[i].error);
}

/* A text that repeats a part n times, between others. */
static struct slice
repeated(struct buf *buf, const char *before, const char *part, size_t n, const char *after)
{
	buf_init(buf, NULL, 64 * MIB);
	buf_puts(buf, before);
	while (n-- > 0)
		buf_puts(buf, part);
	buf_puts(buf, after);
	assert_false(buf->overflow);
	return buf_view(buf);
}

static const struct {
	const char *before, *part;
	size_t n;
	const char *after, *error;
} large[] = {
	{ "a: ", "[", 32, "", ":1:35: nested deeper than 32 levels" },
	{ "", "[", 100000, "", ":1:33: nested deeper than 32 levels" },
	{ "", "- ", 100000, "", ":1:65: nested deeper than 32 levels" },
	{ "", "{a: ", 1000, "", ":1:129: nested deeper than 32 levels" },
	{ "upstreams:\n", "- a\n", 50000, "",
	    ":49999:3: more than 50000 values (what anchors repeat counts)" },
	{ "upstreams: [", "a,", 100000, "]",
	    ":1:100007: more than 50000 values (what anchors repeat counts)" },
	{ "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	  "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n",
	    "e: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", 1, "",
	    ":5:20: more than 50000 values (what anchors repeat counts)" },
	{ "a: &a [[[[[[[[x]]]]]]]]\nb: &b [[[[[[[[*a]]]]]]]]\nc: &c [[[[[[[[*b]]]]]]]]\n",
	    "d: [[[[[[[[*c]]]]]]]]\n", 1, "", ":4:12: nested deeper than 32 levels" },
	{ "upstreams: [", "&a x, &b x, ", 1, "]",
	    ":1:13: upstreams[0] must be a map with \"name\", and "
	    "\"command\" or \"url\"" },
	{ "start_wait: ", "9", 200 * KIB, "s", ":1:13: longer than 128 KiB" },
	{ "start_wait: ", "9", 100, "s",
	    ":1:13: start_wait: \"9999999999999999999999999999999999999999...\" is too large" },
	{ "", "k", 1000, ": 1",
	    ":1:1: unknown key \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...\"" },
	{ "", " ", 4 * MIB + 1, "", ": larger than 4 MiB" },
	{ "", "#\n", 2 * MIB, "",
	    ": nothing to serve: list a server under \"upstreams:\" or a site under \"atlassian.sites:\"" },
	{ "state: /\nlisten:\n  http: [", "\"127.0.0.1:1\",", 17, "]",
	    ":3:9: listen.http has more than 16 entries" },
	{ "listen: {http: unix:/", "p", 200, "}",
	    ":1:16: the address \"unix:/pppppppppppppppppppppppppp"
	    "pppppppp...\" is longer than the 107 bytes that a unix address can have" },
	{ "upstreams: [{name: a, url: http://h/, headers: {A: ", "v", 66000, "}}]",
	    ":1:48: the headers are longer than 64 KiB together" },
	{ "upstreams: [{name: a, url: http://h/", "v", 9000, "}]",
	    ":1:28: the url must not be longer than 8 KiB" },
};

static void
test_large(void **state)
{
	struct buf buf;

	(void)state;
	for (size_t i = 0; i < COUNT(large); i++) {
		expect_error(
		    repeated(&buf, large[i].before, large[i].part, large[i].n, large[i].after),
		    large[i].error);
		buf_fini(&buf);
	}
}

static void
test_anchors(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, NULL, MIB);
	buf_puts(&buf, "upstreams:\n");
	for (int i = 0; i < 257; i++)
		buf_printf(&buf, "- &a%d x\n", i);
	expect_error(buf_view(&buf), ":258:3: more than 256 anchors");
	buf_fini(&buf);
}

/* Bytes that are no text at all; columns count bytes. */
static const struct {
	struct slice yaml;
	const char *error;
} raw[] = {
	{ S("a: 1\nb: \xff\n"), ":2:4: not a text: invalid leading UTF-8 octet" },
	{ S("a: \xc3"), ":1:4: not a text: incomplete UTF-8 octet sequence" },
	{ S("a: 1\nb: x\x01\n"), ":2:5: not a text: control characters are not allowed" },
	{ S("a: \0"), ":1:4: not a text: control characters are not allowed" },
	{ S("\xc3\xa4: 1\n"), ":1:1: unknown key \"\xc3\xa4\"" },
	{ S("log: {level: \"\xc3\xa4\", \"\xe2\x82\xac\": 1}"),
	    ":1:14: log.level must be one of debug, info, warn, error, off, not \"\xc3\xa4\"" },
	{ S("log: {\"format\": text, \"\xe2\x82\xac\": 1}"),
	    ":1:23: unknown key \"\xe2\x82\xac\" in log" },
	{ S("listen: {hosts: [\"\xf0\x9f\x98\x80\", x]}"),
	    ":1:18: the host \"\xf0\x9f\x98\x80\" holds a character that no host name has" },
	{ S("log: {? \"\xc3\xa4\xc3\xa4\" : 1, bad: 1}"),
	    ":1:9: unknown key \"\xc3\xa4\xc3\xa4\" in log" },
	{ S("upstreams: [{name: a, args: [\"\xc3\xa4\"], url: http://h/}]"),
	    ":1:23: \"args\" belongs to upstreams with \"command\", and upstreams[0] has none" },
	{ S("upstreams: [{name: a, command: [\"\xc3\xa4\"], bad: 1}]"),
	    ":1:40: unknown key \"bad\" in upstreams[0]" },
	{ S("start_wait: 1s\r\nlog: {bad: 1}\r\n"), ":2:7: unknown key \"bad\" in log" },
	{ S("\xef\xbb\xbfstate: x\nbad: 1\n"), ":2:1: unknown key \"bad\"" },
};

static void
test_raw(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(raw); i++)
		expect_error(raw[i].yaml, raw[i].error);
}

/* What a variable or a file holds stands in no error. */
static void
test_no_secret_in_errors(void **state)
{
	static const char *const options[] = {
		"start_wait: ${TOKEN}",
		"limits: {in_flight: \"${TOKEN}\"}",
		"limits: {memory: \"${TOKEN}\"}",
		"log: {level: \"${TOKEN}\"}",
		"listen: {stdio: \"${TOKEN}\"}",
		"listen: {hosts: [\"${TOKEN}*\"]}",
		"namespace: {separator: \"${TOKEN} \"}",
		"upstreams: [{name: a, url: \"x${TOKEN}\"}]",
		"upstreams: [{name: a, url: http://h, headers: {A: \"${TOKEN}\\n\"}}]",
		"upstreams: [{name: a, url: http://h, auth: {type: bearer, token: \"${TOKEN} \"}}]",
		"upstreams: [{name: a, url: http://h, auth: {type: \"${TOKEN}\", token: x}}]",
		"state: \"~${TOKEN}\"",
		"agents: {runners: {a: {command: x, stdin: \"{${TOKEN}\"}}}",
		"agents: {limits: {rate: \"${TOKEN}\"}, runners: {a: {command: x}}}",
		"agents: {runners: {a: {command: x, isolate: {cpu: \"${TOKEN}\"}}}}",
	};
	struct config *config = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(options); i++) {
		err = (struct err){ 0 };
		assert_false(config_parse(
		    slice_of(options[i]), NAME, "/etc/x", environment, NULL, &config, &err));
		if (strstr(err.text, "s3cret") != NULL)
			print_error("%s\n", err.text);
		assert_null(strstr(err.text, "s3cret"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_no_secret_in_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
