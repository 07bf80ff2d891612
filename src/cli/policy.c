/*
 * `bascule policy`: rules looked at from outside.  test: do they say what a file expects; explain:
 * what decides one call, and why; replay: what would they have said of what was recorded.
 */
#include <string.h>

#include "cli/policy.h"

const char *
policy_word(enum guard_action action)
{
	static const char *const words[] = {
		[GUARD_ALLOW] = "allow", [GUARD_DENY] = "deny", [GUARD_ASK_FIRST] = "ask"
	};

	return words[action];
}

struct caller
policy_caller(const struct config *config, struct slice name, struct slice tenant)
{
	struct caller caller = auth_anonymous();

	if (name.p == NULL) {
		caller.tenant = tenant;
		return caller;
	}
	caller.principal = name;
	for (size_t i = 0; i < config->keys_n; i++)
		if (slice_eq(config->keys[i].name, name))
			caller.tenant = config->keys[i].tenant;
	if (tenant.p != NULL)
		caller.tenant = tenant;
	return caller;
}

enum guard_target
policy_target(struct slice method)
{
	static const struct {
		const char *method;
		enum guard_target target;
	} rows[] = {
		{ "tools/call", GUARD_TOOL },
		{ "prompts/get", GUARD_PROMPT },
		{ "resources/read", GUARD_RESOURCE },
		{ "resources/subscribe", GUARD_RESOURCE },
		{ "resources/unsubscribe", GUARD_RESOURCE },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (slice_eq(slice_of(rows[i].method), method))
			return rows[i].target;
	return GUARD_OTHER;
}

void
policy_put_verdict(
    struct buf *out, enum guard_action action, struct slice rule, struct slice reason)
{
	buf_puts(out, policy_word(action));
	buf_puts(out, slice_eq(rule, S("default")) ? " by " : " by rule ");
	buf_put_shown(out, rule);
	buf_puts(out, reason.n > 0 ? ": " : "");
	buf_put_shown(out, reason);
}

void
policy_put_verdict_json(
    struct buf *out, enum guard_action action, struct slice rule, struct slice reason)
{
	buf_printf(out, "\"verdict\":\"%s\",\"rule\":", policy_word(action));
	buf_json_string(out, rule);
	if (reason.n > 0) {
		buf_puts(out, ",\"reason\":");
		buf_json_string(out, reason);
	}
}

void
policy_put_nearest_rule(struct buf *out, const struct config *config, struct slice rule)
{
	const struct config_guard *guard = &config->guard;
	unsigned best = (unsigned)rule.n / 3 + 1;
	struct slice near = SLICE_NONE;

	for (size_t i = 0; i < guard->rules_n; i++) {
		unsigned distance = slice_distance(rule, guard->rules[i].id);

		if (distance < best) {
			best = distance;
			near = guard->rules[i].id;
		}
	}
	if (near.p != NULL)
		buf_printf(out, " (did you mean \"%.*s\"?)", SLICE_FMT(near));
}

/* ---- the actions ----------------------------------------------------------------------------- */

static const struct action {
	const char *name, *words;
	unsigned least, most; /* words behind it */
	uint64_t options;     /* beside those of all */
	int (*run)(struct options *options);
} actions[] = {
	{ "test", "FILE", 1, 1, 0, policy_test_run },
	{ "explain", "TOOL [JSON | KEY=VALUE ...]", 1, 1000,
	    OPTION_BIT(CALLER) | OPTION_BIT(TENANT), policy_explain_run },
	{ "replay", "no word", 0, 0, OPTION_BIT(SINCE) | OPTION_BIT(UNTIL), policy_replay_run },
};

MUST_CHECK static bool
action_check(const struct action *action, const struct options *options, struct err *err)
{
	uint64_t of_some = 0;
	unsigned n = options->words_n - 1;

	for (size_t i = 0; i < COUNT(actions); i++)
		of_some |= actions[i].options;
	for (unsigned i = 0; i < OPTIONS_N; i++) {
		uint64_t bit = (uint64_t)1 << i;

		if ((options->given & of_some & ~action->options & bit) != 0)
			return err_set(err, ERR_USAGE, "policy %s: --%s means nothing here",
			    action->name, cli_options[i].name);
	}
	if (n > action->most)
		return err_set(err, ERR_USAGE, "policy %s: unexpected word \"%.80s\"", action->name,
		    options->words[action->most + 1]);
	return n >= action->least ||
	    err_set(err, ERR_USAGE, "policy %s needs %s", action->name, action->words);
}

int
policy_run(struct options *options)
{
	const char *names[COUNT(actions)], *nearest;
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT(actions); i++) {
		names[i] = actions[i].name;
		if (strcmp(options->words[0], actions[i].name) == 0)
			return action_check(&actions[i], options, &err) ? actions[i].run(options)
									: cli_fail(&err);
	}
	nearest = cli_nearest(options->words[0], names, COUNT(names));
	err_set(&err, ERR_USAGE, "policy: unknown action \"%.40s\"%s%s%s", options->words[0],
	    nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
	    nearest != NULL ? "\"?)" : "");
	return cli_fail(&err);
}
