/*
 * `agents` as it is read: the example of the manual, the defaults, what `extends` merges, where a
 * placeholder may stand, what is refused and what is only warned of, and when a runner is another
 * one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

static const char *const environment[] = { "HOME=/home/u", "KEY=s3cret", "BRACE={", NULL };

static struct config *
parsed_with(const char *yaml, struct log *log)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (!config_parse(slice_of(yaml), "f", "/etc/x", environment, log, &config, &err))
		fail_msg("%s\n%s", err.text, yaml);
	return config;
}

static struct config *
parsed(const char *yaml)
{
	return parsed_with(yaml, NULL);
}

/* The error, without the name of the file. */
static const char *
error_of(const char *yaml)
{
	static struct err err;
	struct config *config = NULL;

	err = (struct err){ 0 };
	if (config_parse(slice_of(yaml), "f", "/etc/x", environment, NULL, &config, &err)) {
		config_free(&config);
		return "";
	}
	assert_int_equal(err.kind, ERR_CONFIG);
	return err.text;
}

static const struct config_runner *
runner(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->agents.runners_n; i++)
		if (slice_eq(config->agents.runners[i].name, slice_of(name)))
			return &config->agents.runners[i];
	fail_msg("no runner %s", name);
	return NULL;
}

/* "a b c" is that list. */
static void
expect_list(const struct slice *list, size_t n, const char *wanted)
{
	struct buf buf;

	buf_init(&buf, NULL, 64 * KIB);
	for (size_t i = 0; i < n; i++)
		buf_printf(&buf, "%s%.*s", i > 0 ? " " : "", SLICE_FMT(list[i]));
	if (!slice_eq(buf_view(&buf), slice_of(wanted)))
		fail_msg("\"%.*s\" and not \"%s\"", SLICE_FMT(buf_view(&buf)), wanted);
	buf_fini(&buf);
}

/* ---- what is right --------------------------------------------------------------------------- */

static const char example[] =
    "agents:\n"
    "  prefix: maf\n"
    "  limits: {running: 4, per_repo: 2, per_caller: 2, queue: 64, rate: 10/60s,\n"
    "    cost: 12.5/d, tokens: 5000/1d}\n"
    "  dedup: {ttl: 60s, key: [caller, request_id, sha256(arguments)]}\n"
    "  inline_wait: 25s\n"
    "  output: {inline: 16KiB, keep: 8MiB, tail: 64KiB, as_resource: true}\n"
    "  retain: {runs: 1000, age: 7d}\n"
    "  runners:\n"
    "    claude:\n"
    "      command: [claude, -p, --output-format, stream-json, --verbose, --max-turns, "
    "\"{max_turns|30}\", --max-budget-usd, \"{budget|1}\"]\n"
    "      stdin: \"{task}\"\n"
    "      parse: claude-stream\n"
    "      timeout: 30m\n"
    "      idle: 5m\n"
    "      grace: 5s\n"
    "      env: {allow: [HOME, PATH, ANTHROPIC_API_KEY], set: {CI: 1, TOKEN: \"${KEY}\"}}\n"
    "      isolate:\n"
    "        cwd: worktree\n"
    "        write: [\"{cwd}\"]\n"
    "        read: [/usr, /lib, /etc/ssl]\n"
    "        net: allow\n"
    "        memory: 2GiB\n"
    "        pids: 256\n"
    "        cpu: 50%\n"
    "        seccomp: default\n"
    "        require: [pidns, nnp]\n"
    "    reviewer: {extends: claude, isolate: {cwd: shared-ro, net: none}}\n"
    "  routes:\n"
    "    bug_fix:   {any: [fix, bug, crash, exception, traceback, \"not working\"], not: [prefix], "
    "runner: claude}\n"
    "    code_review: {any: [review, audit, inspect], weight: 1.2, runner: reviewer}\n"
    "    default:   {runner: claude, confidence: 0}\n"
    "  metrics: true\n";

static void
test_example(void **state)
{
	struct config *config = parsed(example);
	const struct config_agents *agents = &config->agents;
	const struct config_runner *claude = runner(config, "claude"),
				   *reviewer = runner(config, "reviewer");

	(void)state;
	assert_true(agents->is_on);
	assert_true(agents->rate.n == 10 && agents->rate.window_ms == 60000);
	assert_true(agents->cost.n == 12500000 && agents->tokens.n == 5000);
	assert_int_equal(agents->runners_n, 2);
	expect_list(claude->command, claude->command_n,
	    "claude -p --output-format stream-json --verbose --max-turns {max_turns|30} "
	    "--max-budget-usd {budget|1}");
	assert_true(slice_eq(claude->input, S("{task}")));
	assert_int_equal(claude->parse, PARSE_CLAUDE_STREAM);
	assert_int_equal(claude->idle_ms, 300000);
	expect_list(claude->env_allow, claude->env_allow_n, "HOME PATH ANTHROPIC_API_KEY");
	assert_int_equal(claude->env_n, 2);
	assert_true(slice_eq(secret_reveal(claude->env[1].value), S("s3cret")));
	assert_int_equal(claude->folder, FOLDER_WORKTREE);
	assert_true(claude->isolate.is_on);
	assert_int_equal(claude->isolate.network, NETWORK_HOST);
	expect_list(claude->isolate.write, claude->isolate.write_n, "{cwd}");
	expect_list(claude->isolate.read, claude->isolate.read_n, "/usr /lib /etc/ssl");
	expect_list(claude->isolate.require, claude->isolate.require_n, "pidns nnp");
	assert_int_equal(claude->cpu_percent, 50);
	assert_int_equal(claude->line, 10);
	assert_int_equal(reviewer->folder, FOLDER_SHARED_RO);
	assert_int_equal(reviewer->isolate.network, NETWORK_NONE);
	assert_int_equal(reviewer->isolate.write_n, 0);
	expect_list(reviewer->isolate.read, reviewer->isolate.read_n, "/usr /lib /etc/ssl {cwd}");
	assert_int_equal(reviewer->cpu_percent, 50);
	assert_int_equal(reviewer->command_n, claude->command_n);
	assert_int_equal(reviewer->line, 28);
	assert_int_equal(agents->routes_n, 2);
	assert_true(slice_eq(agents->routes[1].name, S("code_review")));
	assert_true(agents->routes[1].weight == 1.2 && agents->routes[0].weight == 1.0);
	expect_list(agents->routes[0].not_any, agents->routes[0].not_any_n, "prefix");
	assert_non_null(agents->fallback);
	assert_true(slice_eq(agents->fallback->runner, S("claude")));
	config_free(&config);
}

static void
test_defaults(void **state)
{
	struct config *config = parsed("agents: {runners: {a: {command: [/bin/true]}}}\n");
	const struct config_agents *agents = &config->agents;
	const struct config_runner *a = runner(config, "a");

	(void)state;
	assert_true(agents->is_on && agents->metrics && agents->output_as_resource);
	assert_true(slice_eq(agents->prefix, S("maf")));
	assert_int_equal(agents->running, 4);
	assert_int_equal(agents->per_repo, 2);
	assert_int_equal(agents->per_caller, 2);
	assert_int_equal(agents->queue, 64);
	assert_true(agents->rate.n == 10 && agents->rate.window_ms == 60000);
	assert_int_equal(agents->dedup_ttl_ms, 60000);
	assert_int_equal(agents->inline_wait_ms, 25000);
	assert_int_equal(agents->output_inline_bytes, 16 * KIB);
	assert_int_equal(agents->output_keep_bytes, 8 * MIB);
	assert_int_equal(agents->output_tail_bytes, 64 * KIB);
	assert_int_equal(agents->retain_runs, 1000);
	assert_int_equal(agents->retain_age_ms, 7 * 24 * 3600 * 1000);
	assert_int_equal(agents->routes_n, 0);
	assert_null(agents->fallback);
	assert_null(a->input.p);
	assert_int_equal(a->parse, PARSE_LINES);
	assert_int_equal(a->timeout_ms, 30 * 60 * 1000);
	assert_int_equal(a->idle_ms, 0);
	assert_int_equal(a->grace_ms, 5000);
	expect_list(a->env_allow, a->env_allow_n, "PATH HOME LANG TZ");
	assert_int_equal(a->folder, FOLDER_TMP);
	assert_true(a->isolate.is_on);
	assert_int_equal(a->isolate.network, NETWORK_NONE);
	expect_list(a->isolate.write, a->isolate.write_n, "{cwd}");
	expect_list(a->isolate.read, a->isolate.read_n, "system");
	expect_list(a->isolate.require, a->isolate.require_n, "files network");
	assert_true(a->isolate.hide_n > 10);
	assert_true(slice_eq(a->isolate.hide[0], S("/home/u/.ssh")));
	assert_int_equal(a->isolate.memory_bytes, (size_t)2 * 1024 * MIB);
	assert_int_equal(a->isolate.processes, 256);
	assert_int_equal(a->cpu_percent, 0);
	config_free(&config);
}

/* Nearer ones win, lists as a whole, the options of `isolate` one by one. */
static void
test_extends(void **state)
{
	struct config *config =
	    parsed("agents:\n"
		   "  runners:\n"
		   "    c: {extends: b, isolate: {net: [a.example.com:443, "
		   "\"*.b.example.com:443\"], cpu: 200%}}\n"
		   "    a: {command: [./run, x], timeout: 1m, dir: repo, "
		   "env: {allow: [A], set: {B: c}}, isolate: {cwd: worktree, "
		   "write: [/data, \"{cwd}\"], memory: 1GiB, read: []}}\n"
		   "    b: {extends: a, timeout: 2m, env: {allow: []}, "
		   "isolate: {pids: 7, net: loopback, hide: [/data/x]}}\n"
		   "    d: {extends: a, isolate: off}\n"
		   "    e: {extends: d, isolate: {pids: 9}}\n"
		   "    f: {extends: a, command: other, isolate: {cwd: tmp}}\n");
	const struct config_runner *c = runner(config, "c"), *b = runner(config, "b"),
				   *d = runner(config, "d"), *e = runner(config, "e"),
				   *f = runner(config, "f");

	(void)state;
	expect_list(c->command, c->command_n, "/etc/x/run x");
	assert_int_equal(c->timeout_ms, 120000);
	assert_int_equal(c->env_allow_n, 0);
	assert_int_equal(c->env_n, 1);
	assert_true(slice_eq(c->dir, S("/etc/x/repo")));
	assert_int_equal(c->folder, FOLDER_WORKTREE);
	assert_int_equal(c->isolate.network, NETWORK_LISTED);
	expect_list(
	    c->isolate.egress, c->isolate.egress_n, "a.example.com:443 *.b.example.com:443");
	expect_list(c->isolate.write, c->isolate.write_n, "/data {cwd}");
	assert_int_equal(c->isolate.read_n, 0);
	expect_list(c->isolate.hide, c->isolate.hide_n, "/data/x");
	assert_int_equal(c->isolate.processes, 7);
	assert_int_equal(c->isolate.memory_bytes, 1024 * MIB);
	assert_int_equal(c->cpu_percent, 200);
	assert_int_equal(b->isolate.network, NETWORK_LOOPBACK);
	assert_int_equal(b->isolate.egress_n, 0);
	assert_false(d->isolate.is_on);
	assert_int_equal(d->isolate.memory_bytes, 0);
	assert_int_equal(d->folder, FOLDER_WORKTREE);
	assert_true(e->isolate.is_on);
	assert_int_equal(e->isolate.processes, 9);
	assert_int_equal(e->isolate.memory_bytes, (size_t)2 * 1024 * MIB);
	expect_list(e->isolate.write, e->isolate.write_n, "{cwd}");
	expect_list(f->command, f->command_n, "other");
	assert_int_equal(f->folder, FOLDER_TMP);
	config_free(&config);
}

#define RUNNERS(text) "agents: {runners: {" text "}}\n"

/* Two runners that do the same have the same digest, whatever they are called. */
static void
test_digest(void **state)
{
	static const char *const others[] = { "command: [x, z]", "command: [xy]", "stdin: y",
		"parse: exit", "timeout: 1s", "idle: 1s", "grace: 1s", "env: {allow: []}",
		"env: {set: {A: b}}", "dir: /a", "roots: [/a]", "isolate: off",
		"isolate: {cwd: shared}", "isolate: {write: []}", "isolate: {read: [/a]}",
		"isolate: {hide: []}", "isolate: {net: allow}", "isolate: {net: \"a:1\"}",
		"isolate: {memory: 1MiB}", "isolate: {pids: 1}", "isolate: {cpu: 1%}",
		"isolate: {files: 20}", "isolate: {file_size: 1MiB}", "isolate: {require: []}" };
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		struct config *config;

		snprintf(yaml, sizeof(yaml),
		    "agents:\n  runners:\n    a: {command: [x, y]}\n    b: {extends: a}\n"
		    "    c: {extends: a, %s}\n",
		    others[i]);
		config = parsed(yaml);
		assert_int_equal(strlen(runner(config, "a")->digest), 64);
		assert_string_equal(runner(config, "a")->digest, runner(config, "b")->digest);
		if (strcmp(runner(config, "a")->digest, runner(config, "c")->digest) == 0)
			fail_msg("the same digest with %s", others[i]);
		config_free(&config);
	}
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void
test_refused(void **state)
{
	static const struct {
		const char *yaml, *error;
	} cases[] = {
		/* the section */
		{ "agents: {}\n", "1:1: agents has no runners" },
		{ "agents: {prefix: x}\n", "1:1: agents has no runners" },
		{ "agents: {runners: {}}\n", "1:1: agents has no runners" },
		{ "agents: {runners: []}\n", "1:19: agents.runners must be a map" },
		{ "agents: {runner: {}}\n",
		    "1:10: unknown key \"runner\" in agents (did you mean" },
		{ "agents: {\"runners{}\": {command: x}}\n", "1:10: unknown key \"runners{}\"" },
		{ "agents: {prefix: \"\", runners: {a: {command: x}}}\n",
		    "1:18: \"\" is no prefix" },
		{ "agents: {prefix: a-b, runners: {a: {command: x}}}\n", "is no prefix" },
		{ "agents: {prefix: abcdefghijklmnopq, runners: {a: {command: x}}}\n",
		    "is no prefix" },
		{ "agents: {prefix: jira}\n",
		    "1:18: the prefix \"jira\" is that of the tools of a site" },
		{ "agents: {prefix: Confluence}\n", "is that of the tools of a site" },
		{ "agents: {prefix: run, runners: {a: {command: x}}}\n"
		  "upstreams: [{name: run, command: x}]\n",
		    "2:20: the name \"run\" is that of the tools of \"agents:\"" },
		{ "agents: {limits: {rate: 10}, runners: {a: {command: x}}}\n",
		    "1:25: agents.limits.rate: \"10\" is no rate" },
		{ "agents: {limits: {rate: 0/60s}, runners: {a: {command: x}}}\n", "is no rate" },
		{ "agents: {limits: {rate: 5/2d}, runners: {a: {command: x}}}\n", "is no rate" },
		{ "agents: {limits: {cost: 10}, runners: {a: {command: x}}}\n",
		    "1:25: agents.limits.cost: \"10\" is no budget" },
		{ "agents: {limits: {cost: 1.0000001/d}, runners: {a: {command: x}}}\n",
		    "is no budget" },
		{ "agents: {limits: {cost: 1./d}, runners: {a: {command: x}}}\n", "is no budget" },
		{ "agents: {limits: {cost: 0.0/d}, runners: {a: {command: x}}}\n", "is no budget" },
		{ "agents: {limits: {cost: -1/d}, runners: {a: {command: x}}}\n", "is no budget" },
		{ "agents: {limits: {cost: 5/h}, runners: {a: {command: x}}}\n", "is no budget" },
		{ "agents: {limits: {tokens: 1.5/d}, runners: {a: {command: x}}}\n",
		    "is no budget" },
		{ "agents: {limits: {tokens: 1000000000001/d}, runners: {a: {command: x}}}\n",
		    "is no budget" },
		{ "agents: {limits: {rate: x/60s}, runners: {a: {command: x}}}\n", "is no rate" },
		{ "agents: {limits: {running: 0}}\n", "must be between 1 and 1000" },
		{ "agents: {dedup: {key: [caller]}, runners: {a: {command: x}}}\n",
		    "1:23: agents.dedup.key must be [caller, request_id, sha256(arguments)]" },
		{ "agents: {dedup: {key: [caller, caller, request_id]}, runners: {a: {command: x}}}\n",
		    "agents.dedup.key must be" },
		{ "agents: {dedup: {key: [task]}}\n", "1:24: \"task\" is no part of a key" },
		{ "agents: {output: {keep: 64KiB, tail: 65KiB}, runners: {a: {command: x}}}\n",
		    "1:38: agents.output.tail is larger than agents.output.keep" },
		/* runners */
		{ RUNNERS("\"a b\": {command: x}"), "1:20: \"a b\" is no name of a runner" },
		{ RUNNERS("a: x"), "1:23: agents.runners.a must be a map with \"command\"" },
		{ RUNNERS("a: {}"), "1:20: agents.runners.a needs a \"command\"" },
		{ RUNNERS("a: {command: []}"), "agents.runners.a.command must not be empty" },
		{ RUNNERS("a: {command: \"\"}"), "1:33: agents.runners.a: the program is empty" },
		{ RUNNERS("a: {command: [\"\", x]}"), "the program is empty" },
		{ RUNNERS("a: {command: x y}"), "no shell reads the command" },
		{ RUNNERS("a: {comand: x}"),
		    "unknown key \"comand\" in agents.runners.a (did you" },
		{ RUNNERS("a: {command: x, parse: json}"),
		    "1:43: agents.runners.a.parse must be one of exit, lines, claude-stream, "
		    "codex-jsonl, gemini-json, acp, not \"json\"" },
		{ RUNNERS("a: {command: x, timeout: 0s}"), "must be between 1s and 7d" },
		{ RUNNERS("a: {command: x, env: {allow: [A=b]}}"), "cannot name a variable" },
		{ RUNNERS("a: {command: x, roots: [~x]}"), "\"~\" is not expanded" },
		{ RUNNERS("a: {extends: b, command: x}"), "1:33: no runner is called \"b\"" },
		{ RUNNERS("claude: {command: x}, a: {extends: cluade}"),
		    "no runner is called \"cluade\" (did you mean \"claude\"?)" },
		{ RUNNERS("a: {extends: a, command: x}"), "1:33: the runner \"a\" extends itself" },
		{ RUNNERS("a: {extends: b, command: x}, b: {extends: c}, c: {extends: b}"),
		    "the runner \"b\" extends itself, by way of others" },
		/* placeholders */
		{ RUNNERS("a: {command: [x, {task}]}"),
		    "1:37: a placeholder needs quotes: write \"{task}\", with them" },
		{ RUNNERS("a: {command: x, stdin: {task}}"), "a placeholder needs quotes" },
		{ RUNNERS("a: {command: [x, \"{task\"]}"), "1:37: \"{task\" is no placeholder" },
		{ RUNNERS("a: {command: [x, \"{a b}\"]}"), "\"{a b}\" is no placeholder" },
		{ RUNNERS("a: {command: [x, \"{}\"]}"), "\"{}\" is no placeholder" },
		{ RUNNERS("a: {command: [x, \"{1}\"]}"), "is no placeholder" },
		{ RUNNERS("a: {command: [x, \"{Task}\"]}"), "is no placeholder" },
		{ RUNNERS("a: {command: [x, \"{task|{cwd}}\"]}"), "is no placeholder" },
		{ RUNNERS("a: {command: [x, \"{{{ a }\"]}"), "\"{ a }\" is no placeholder" },
		{ RUNNERS("a: {command: x, stdin: \"{task} and {\"}"),
		    "1:43: \"{\" is no placeholder" },
		{ RUNNERS("a: {command: x, stdin: \"${BRACE}${KEY}\"}"),
		    "\"{\" is no placeholder" },
		{ RUNNERS("a: {command: [\"{runner}\"]}"), "a placeholder cannot be the program" },
		{ RUNNERS("a: {command: [sh, -c, \"claude {task}\"]}"),
		    "1:42: agents.runners.a: a placeholder in a script of sh" },
		{ RUNNERS("a: {command: [/bin/bash, -lc, \"{task}\"]}"), "a script of bash" },
		{ RUNNERS("a: {command: [env, X=1, sh, -c, \"{task|x}\"]}"), "a script of sh" },
		{ RUNNERS("a: {command: [python3.11, \"-c{task}\"]}"), "a script of python" },
		{ RUNNERS("a: {command: [node, \"--eval={task}\"]}"), "a script of node" },
		{ RUNNERS("a: {command: [node, --eval, \"{task}\"]}"), "a script of node" },
		{ RUNNERS("a: {command: [ssh, host, claude, \"{task}\"]}"), "a script of ssh" },
		{ RUNNERS("a: {command: [env, -S, \"{task}\"]}"), "a script of env" },
		/* isolation */
		{ RUNNERS("a: {command: x, isolate: on}"), "agents.runners.a.isolate must be off" },
		{ RUNNERS("a: {command: x, isolate: {cwd: shard}}"), "(did you mean \"shared\"?)" },
		{ RUNNERS("a: {command: x, isolate: {net: host}}"),
		    "\"host\" is no network: none, loopback, allow" },
		{ RUNNERS("a: {command: x, isolate: {net: [allow, \"a:1\"]}}"),
		    "1:51: \"allow\" stands alone" },
		{ RUNNERS("b: {command: x, isolate: {net: [none, \"a:1\"]}}, a: {extends: b}"),
		    "1:51: \"none\" stands alone" },
		{ RUNNERS("a: {command: x, isolate: {write: [\"{task}\"]}}"), "is no path" },
		{ RUNNERS("a: {command: x, isolate: {write: [\"{cwd}/out\"]}}"), "is no path" },
		{ RUNNERS("a: {command: x, isolate: {write: [/]}}"), "cannot be written" },
		{ RUNNERS("a: {command: x, isolate: {write: [system]}}"), "can only be read" },
		{ RUNNERS("a: {command: x, isolate: {hide: [/]}}"), "cannot be hidden" },
		{ RUNNERS("a: {command: x, isolate: {require: [pidn]}}"),
		    "did you mean \"pidns\"?" },
		{ RUNNERS("a: {command: x, isolate: {seccomp: off}}"), "must be default" },
		{ RUNNERS("a: {command: x, isolate: {cpu: 50}}"), "1:51: \"50\" is no share" },
		{ RUNNERS("a: {command: x, isolate: {cpu: 0%}}"), "is no share of a processor" },
		{ RUNNERS("a: {command: x, isolate: {cwd: shared-ro, write: [\"{cwd}\"]}}"),
		    "1:69: with \"cwd: shared-ro\" the folder is not written" },
		/* routes */
		{ "agents: {runners: {a: {command: x}}, routes: []}\n",
		    "agents.routes must be a map" },
		{ "agents: {runners: {a: {command: x}}, routes: {r: {any: [x], runner: b}}}\n",
		    "1:69: no runner is called \"b\": name one of" },
		{ "agents: {runners: {a: {command: x}}, routes: {r: {runner: a}}}\n",
		    "1:47: agents.routes.r needs \"any\"" },
		{ "agents: {routes: {r: {any: []}}}\n", "must not be empty" },
		{ "agents: {routes: {r: x}}\n", "agents.routes.r must be a map" },
		{ "agents: {routes: {\"r s\": {any: x}}}\n", "is no name of a route" },
		{ "agents: {routes: {default: {any: x}}}\n", "it has no \"any\"" },
		{ "agents: {routes: {r: {any: \"..\"}}}\n", "1:28: \"..\" holds no word" },
		{ "agents: {routes: {r: {any: \"a b c d e f g h i\"}}}\n",
		    "too long for a phrase" },
		{ "agents: {routes: {r: {any: x, weight: 0}}}\n",
		    "weight must be a number between" },
		{ "agents: {routes: {r: {any: x, weight: -1}}}\n",
		    "weight must be a number between" },
		{ "agents: {routes: {r: {any: x, weight: 1.}}}\n",
		    "weight must be a number between" },
		{ "agents: {routes: {r: {any: x, confidence: 1.1}}}\n", "between 0 and 1" },
		{ "agents: {routes: {r: {any: x, agents: [\"a b\"]}}}\n", "is no name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (strstr(error_of(cases[i].yaml), cases[i].error) == NULL)
			fail_msg("%s  says: %s\n  not:  %s", cases[i].yaml, error_of(cases[i].yaml),
			    cases[i].error);
		assert_null(strstr(error_of(cases[i].yaml), "s3cret"));
	}
}

/* What is like it, and right. */
static void
test_accepted(void **state)
{
	static const char *const cases[] = {
		RUNNERS("a: {command: [sh, -c, 'claude \"$1\"', sh, \"{task}\"]}"),
		RUNNERS("a: {command: [python3, agent.py, --prompt, \"{task}\"]}"),
		RUNNERS("a: {command: [claude, -c, \"{task}\"]}"),
		RUNNERS("a: {command: x, stdin: \"${EMPTY:-}{task}\\n{a_1|}{b|x y|z}}\"}"),
		RUNNERS("a: {command: [x, \"--in={cwd}/{run_id}.txt\"]}"),
		RUNNERS("a: {command: x, isolate: {net: \"a.example.com:443\"}}"),
		RUNNERS("a: {command: x, isolate: {}}"),
		"agents: {limits: {rate: off}, runners: {a: {command: x}}}\n",
		"agents: {routes: {default: {runner: a}}, runners: {a: {command: x}}}\n",
		"agents: {dedup: {key: [sha256(arguments), caller, request_id]}, runners: {a: {command: x}}}\n",
		"agents:\nupstreams: [{name: u, command: x}]\n",
		"agents: {prefix: run, runners: {a: {command: x}}}\nupstreams: [{name: r, command: x}]\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config = parsed(cases[i]);
		config_free(&config);
	}
}

static void
test_many(void **state)
{
	struct buf yaml;

	(void)state;
	buf_init(&yaml, NULL, MIB);
	buf_puts(&yaml, "agents: {runners: {a0: {command: x}");
	for (unsigned i = 1; i < 17; i++)
		buf_printf(&yaml, ", a%u: {extends: a%u}", i, i - 1);
	buf_puts(&yaml, "}}");
	buf_putc(&yaml, '\0');
	assert_non_null(strstr(error_of(yaml.p), "more than 16 runners extend each other"));
	buf_clear(&yaml);
	buf_puts(&yaml, "agents: {runners: {");
	for (unsigned i = 0; i < 201; i++)
		buf_printf(&yaml, "a%u: {command: x}, ", i);
	buf_puts(&yaml, "}}");
	buf_putc(&yaml, '\0');
	assert_non_null(strstr(error_of(yaml.p), "at most 200 runners"));
	buf_fini(&yaml);
}

/* ---- what is only said ----------------------------------------------------------------------- */

static void
expect_warning(const char *yaml, const char *event)
{
	struct config *config;
	struct log *log;
	char text[4096];
	ssize_t n;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	log = log_new(fds[1], LOG_WARN, LOG_JSON, "t");
	config = parsed_with(yaml, log);
	config_free(&config);
	log_free(&log);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fds[0]);
	if (event == NULL ? n > 0 : strstr(text, event) == NULL)
		fail_msg("%s  says: %s", yaml, text);
}

static void
test_warned(void **state)
{
	(void)state;
	expect_warning(RUNNERS("a: {command: [x, \"{task}\"]}"), "runner_shows_task");
	expect_warning(RUNNERS("a: {command: [x, \"--do={task|x}\"]}"), "runner_shows_task");
	expect_warning(RUNNERS("a: {command: [x, \"{model}\"]}"), "runner_needs_value");
	expect_warning(RUNNERS("a: {command: x, stdin: \"{model}\"}"), "runner_needs_value");
	expect_warning(
	    RUNNERS("a: {command: x, isolate: {cwd: worktree}}"), "runner_without_folder");
	expect_warning(
	    RUNNERS("a: {command: [x, \"{cwd}\", \"{model|y}\"], stdin: \"{task}\"}"), NULL);
	expect_warning(RUNNERS("a: {command: x, dir: /r, isolate: {cwd: worktree}}"), NULL);
	expect_warning(RUNNERS("a: {command: x, roots: [/r], isolate: {cwd: shared}}"), NULL);
}

/* ---- placeholders ---------------------------------------------------------------------------- */

static void
test_placeholders(void **state)
{
	struct slice text = S("a{task}{x_1|y z|}b{no c{empty|}");
	struct config_placeholder got;

	(void)state;
	assert_true(config_placeholder_next(&text, &got));
	assert_true(slice_eq(got.before, S("a")) && slice_eq(got.name, S("task")));
	assert_null(got.fallback.p);
	assert_true(config_placeholder_next(&text, &got));
	assert_int_equal(got.before.n, 0);
	assert_true(slice_eq(got.name, S("x_1")) && slice_eq(got.fallback, S("y z|")));
	assert_true(config_placeholder_next(&text, &got));
	assert_true(slice_eq(got.before, S("b{no c")) && slice_eq(got.name, S("empty")));
	assert_true(got.fallback.p != NULL && got.fallback.n == 0);
	assert_false(config_placeholder_next(&text, &got));
	assert_int_equal(got.before.n, 0);
	text = S("{{task}{{{task}");
	assert_true(config_placeholder_next(&text, &got));
	assert_true(slice_eq(got.before, S("{{task}{{")) && slice_eq(got.name, S("task")));
	text = S("{");
	assert_false(config_placeholder_next(&text, &got));
	assert_true(slice_eq(got.before, S("{")));
}

/* All of it may change while the gateway runs. */
static void
test_reload(void **state)
{
	struct config *before = parsed("upstreams: [{name: u, command: x}]\n"),
		      *after = parsed(example);
	struct buf names;

	(void)state;
	buf_init(&names, NULL, KIB);
	assert_false(config_needs_restart(before, after, &names));
	assert_false(config_needs_restart(after, before, &names));
	buf_fini(&names);
	config_free(&before);
	config_free(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_extends),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_warned),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
