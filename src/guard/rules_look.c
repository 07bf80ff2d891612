/*
 * The stage of `guard.rules`: may this request be made?  And what they say to commands that ask
 * without one.
 */
#include "guard/stages.h"

static const enum rule_target targets[] = {
	[GUARD_OTHER] = RULE_OTHER,
	[GUARD_TOOL] = RULE_TOOL,
	[GUARD_PROMPT] = RULE_PROMPT,
	[GUARD_RESOURCE] = RULE_RESOURCE,
};

static struct rule_call
call_of(const struct guard_subject *subject)
{
	return (struct rule_call){ .server = subject->server,
		.target = targets[subject->target],
		.name = subject->name,
		.caller = subject->caller->principal,
		.tenant = subject->caller->tenant,
		.client = subject->client,
		.method = subject->method,
		.revision = subject->revision,
		.is_read_only = subject->is_read_only,
		.is_destructive = subject->is_destructive,
		.is_idempotent = subject->is_idempotent,
		.is_open_world = subject->is_open_world,
		.arguments = subject->arguments,
		.unix_s = subject->unix_s };
}

bool
guard_hides(const struct guard *guard)
{
	return rules_hide(guard->rules);
}

bool
guard_shows(struct guard *guard, const struct guard_subject *subject, struct slice *rule)
{
	struct rule_call call = call_of(subject);

	return rules_may_allow(guard->rules, &call, rule);
}

size_t
guard_class_bytes(const struct guard *guard)
{
	return rules_class_bytes(guard->rules);
}

void
guard_class(const struct guard *guard, const struct guard_subject *who, unsigned char *out)
{
	struct rule_call call = call_of(who);

	rules_class(guard->rules, &call, out);
}

static enum guard_action
action_of(enum config_action action)
{
	return action == CONFIG_DENY ? GUARD_DENY
	    : action == CONFIG_ASK   ? GUARD_ASK_FIRST
				     : GUARD_ALLOW;
}

void
guard_judge(struct guard *guard, const struct guard_subject *subject, unsigned lacks,
    struct guard_opinion *out)
{
	struct rule_call call = call_of(subject);
	struct rule_verdict verdict;

	call.lacks = lacks;
	verdict = rules_decide(guard->rules, &call);
	*out = (struct guard_opinion){ .action = action_of(verdict.action),
		.rule = verdict.rule,
		.reason = verdict.reason,
		.unsure = verdict.unsure };
	for (enum config_action i = CONFIG_ALLOW; i <= CONFIG_LOG; i++)
		if ((verdict.may_be & 1u << i) != 0)
			out->may_be |= 1u << action_of(i);
}

void
guard_explain(
    struct guard *guard, const struct guard_subject *subject, guard_read_fn *told, void *ctx)
{
	struct rule_call call = call_of(subject);

	(void)rules_explain(guard->rules, &call, told, ctx);
}

void
rules_look(struct look *look)
{
	struct rule_call call = call_of(look->subject);
	struct rule_verdict verdict;

	if (call.arguments.p != NULL)
		call.arguments = look_text(look);
	verdict = rules_decide(look->guard->rules, &call);
	for (unsigned i = 0; i < verdict.logged_n; i++)
		look_note(look, verdict.logged[i], S("log"));
	if (action_of(verdict.action) != GUARD_ALLOW)
		look_decide(look, action_of(verdict.action), verdict.rule, verdict.reason);
	else if (look->verdict->action == GUARD_ALLOW)
		look->verdict->rule = verdict.rule;
}
