/*
 * Private to cli: what the three actions of `bascule policy` share.  None of them judges by itself:
 * they show requests to the guard, as the gateway does.
 */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "cli/cli.h"
#include "guard/guard.h"

int policy_test_run(struct options *options);
int policy_explain_run(struct options *options);
int policy_replay_run(struct options *options);

const char *policy_word(enum guard_action action); /* allow, deny, ask */
/* A caller of that name; name SLICE_NONE: anonymous; tenant SLICE_NONE: that of the key. */
struct caller policy_caller(const struct config *config, struct slice name, struct slice tenant);
/* What a method is about. */
enum guard_target policy_target(struct slice method);
/* "deny by rule no-prod: production is read-only"; reason may be SLICE_NONE. */
void policy_put_verdict(
    struct buf *out, enum guard_action action, struct slice rule, struct slice reason);
/* The same as members of JSON, without braces. */
void policy_put_verdict_json(
    struct buf *out, enum guard_action action, struct slice rule, struct slice reason);
/* ` (did you mean "X"?)` of the ids of rules, or nothing. */
void policy_put_nearest_rule(struct buf *out, const struct config *config, struct slice rule);

#endif
