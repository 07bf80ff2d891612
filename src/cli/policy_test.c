/*
 * `bascule policy test FILE`: the cases of a file (config_cases.c) against guard.rules of the
 * configuration.  Nothing is started: a case says itself what it is about.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/policy.h"
#include "cli/trail.h"

#define OUT_BYTES (64 * MIB)

struct testing {
	const struct config *config;
	struct guard *guard;
	const struct config_cases *cases;
	struct buf out;
	bool is_json;
	unsigned failed;
	int64_t now_s;
};

/* ---- a case as the guard sees it ------------------------------------------------------------- */

static void
target_set(const struct config_case *now, struct guard_subject *subject)
{
	const struct {
		struct slice name;
		enum guard_target target;
		const char *method;
	} rows[] = {
		{ now->tool, GUARD_TOOL, "tools/call" },
		{ now->prompt, GUARD_PROMPT, "prompts/get" },
		{ now->resource, GUARD_RESOURCE, "resources/read" },
	};

	subject->method = now->method;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].name.p == NULL)
			continue;
		subject->target = rows[i].target;
		subject->name = rows[i].name;
		if (now->method.p == NULL)
			subject->method = slice_of(rows[i].method);
	}
}

/* What a tool does not say of itself is as MCP has it. */
static struct guard_subject
subject_of(const struct testing *testing, const struct config_case *now, struct caller *caller)
{
	struct guard_subject subject = { .caller = caller,
		.client = now->client,
		.revision = now->revision.p != NULL
		    ? now->revision
		    : slice_of(mcp_revision_name(MCP_NEWEST_LEGACY)),
		.server = now->server,
		.is_read_only = now->read_only == TRUTH_TRUE,
		.is_destructive = now->destructive != TRUTH_FALSE,
		.is_idempotent = now->idempotent == TRUTH_TRUE,
		.is_open_world = now->open_world != TRUTH_FALSE,
		.arguments = now->arguments,
		.unix_s = now->has_time ? now->unix_s : testing->now_s };

	*caller = policy_caller(testing->config, now->caller, now->tenant);
	target_set(now, &subject);
	return subject;
}

/* ---- what is told ---------------------------------------------------------------------------- */

static enum guard_action
expected_of(const struct config_case *now)
{
	return now->expect == CONFIG_DENY ? GUARD_DENY
	    : now->expect == CONFIG_ASK	  ? GUARD_ASK_FIRST
					  : GUARD_ALLOW;
}

static void
put_name(struct buf *out, const struct config_case *now, const struct guard_subject *subject)
{
	if (now->name.p != NULL) {
		buf_put_shown(out, now->name);
		return;
	}
	buf_put_shown(out, now->server.p != NULL ? now->server : S("-"));
	buf_putc(out, ' ');
	buf_put_shown(out, subject->name.p != NULL ? subject->name : subject->method);
	if (now->caller.p != NULL) {
		buf_puts(out, " for ");
		buf_put_shown(out, now->caller);
	}
}

static bool
is_rule(const struct config *config, struct slice id)
{
	for (size_t i = 0; i < config->guard.rules_n; i++)
		if (slice_eq(config->guard.rules[i].id, id))
			return true;
	return slice_eq(id, S("default"));
}

static void
put_line(struct testing *testing, const struct config_case *now,
    const struct guard_subject *subject, const struct guard_opinion *came, bool holds)
{
	struct buf *out = &testing->out;

	buf_printf(out, "%s%s:%u: ", holds ? "ok    " : "FAIL  ", testing->cases->name, now->line);
	put_name(out, now, subject);
	buf_puts(out, ": ");
	if (!holds) {
		buf_printf(out, "expected %s", policy_word(expected_of(now)));
		if (now->rule.p != NULL) {
			buf_puts(out, " by rule ");
			buf_put_shown(out, now->rule);
		}
		if (now->rule.p != NULL && !is_rule(testing->config, now->rule)) {
			buf_puts(out, ", which there is not");
			policy_put_nearest_rule(out, testing->config, now->rule);
		}
		buf_puts(out, "; came ");
	}
	policy_put_verdict(out, came->action, came->rule, holds ? SLICE_NONE : came->reason);
	buf_putc(out, '\n');
}

static void
put_json(struct testing *testing, const struct config_case *now,
    const struct guard_subject *subject, const struct guard_opinion *came, bool holds)
{
	struct buf *out = &testing->out, name;

	buf_init(&name, NULL, MIB);
	put_name(&name, now, subject);
	buf_puts(out, now != testing->cases->all ? ",{\"name\":" : "{\"name\":");
	buf_json_string(out, buf_view(&name));
	buf_printf(out, ",\"line\":%u,\"ok\":%s,\"expected\":{\"verdict\":\"%s\"", now->line,
	    holds ? "true" : "false", policy_word(expected_of(now)));
	if (now->rule.p != NULL) {
		buf_puts(out, ",\"rule\":");
		buf_json_string(out, now->rule);
	}
	buf_puts(out, "},\"came\":{");
	policy_put_verdict_json(out, came->action, came->rule, came->reason);
	buf_puts(out, "}}");
	buf_fini(&name);
}

static void
case_run(struct testing *testing, const struct config_case *now)
{
	struct caller caller;
	struct guard_subject subject = subject_of(testing, now, &caller);
	struct guard_opinion came;
	bool holds;

	guard_judge(testing->guard, &subject, 0, &came);
	holds = came.action == expected_of(now) &&
	    (now->rule.p == NULL || slice_eq(now->rule, came.rule));
	testing->failed += !holds;
	(testing->is_json ? put_json : put_line)(testing, now, &subject, &came, holds);
}

/* ---- servers that nobody has ----------------------------------------------------------------- */

/* Not wrong: it may be back tomorrow, as in rules; but more often it is a slip of the pen. */
static void
servers_tell(const struct testing *testing)
{
	struct buf out;

	buf_init(&out, NULL, MIB);
	for (size_t i = 0; i < testing->cases->n; i++) {
		const struct config_case *now = &testing->cases->all[i];

		if (now->server.p == NULL || config_servers_fit(testing->config, &now->server, 1))
			continue;
		buf_printf(&out, "bascule: %s:%u:%u: no server \"", testing->cases->name,
		    now->server_line, now->server_col);
		buf_put_shown(&out, now->server);
		buf_puts(&out, "\" is configured\n");
	}
	(void)cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
}

/* ---- the command ----------------------------------------------------------------------------- */

MUST_CHECK static bool
cases_read(const char *path, struct buf *text, struct config_cases *cases, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0, ok;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	ok = cli_read(fd, is_stdin ? "stdin" : path, CONFIG_CASES_BYTES, text, err);
	if (!is_stdin)
		close(fd);
	return ok && config_cases_parse(buf_view(text), is_stdin ? "stdin" : path, cases, err);
}

static int
cases_run(struct testing *testing)
{
	const struct config_cases *cases = testing->cases;

	servers_tell(testing);
	buf_init(&testing->out, NULL, OUT_BYTES);
	buf_puts(&testing->out, testing->is_json ? "{\"tests\":[" : "");
	for (size_t i = 0; i < cases->n; i++)
		case_run(testing, &cases->all[i]);
	if (testing->is_json)
		buf_printf(&testing->out, "],\"failed\":%u}\n", testing->failed);
	else
		buf_printf(
		    &testing->out, "%zu of %zu hold\n", cases->n - testing->failed, cases->n);
	return cli_print(&testing->out, testing->failed > 0 ? EXIT_FAILED : EXIT_DONE);
}

int
policy_test_run(struct options *options)
{
	struct testing testing = { .is_json = option_is_given(options, OPTION_JSON),
		.now_s = (int64_t)(trail_now_ms() / 1000) };
	struct log *log = cli_log_new(LOG_ERROR);
	struct config_cases cases = { .n = 0 };
	struct config *config = NULL;
	struct err err = { 0 };
	struct buf text;
	int status;

	buf_init(&text, NULL, CONFIG_CASES_BYTES + 64 * KIB);
	if (cli_config_load(options, log, &config, &err) &&
	    guard_new(NULL, config, NULL, &testing.guard, &err) &&
	    cases_read(options->words[1], &text, &cases, &err)) {
		testing.config = config;
		testing.cases = &cases;
		status = cases_run(&testing);
	} else {
		status = cli_fail(&err);
	}
	buf_fini(&testing.out);
	buf_fini(&text);
	config_cases_fini(&cases);
	guard_free(&testing.guard);
	config_free(&config);
	log_free(&log);
	return status;
}
