/*
 * Private to guard: the rules of `guard.rules`, compiled.  The first that matches a call and says
 * allow, deny or ask decides; those that say log are named beside it.
 */
#ifndef GUARD_RULES_H
#define GUARD_RULES_H

#include "guard/guard.h"

enum rule_target { RULE_OTHER, RULE_TOOL, RULE_PROMPT, RULE_RESOURCE };

/* What rules see of a call.  All borrowed. */
struct rule_call {
	struct slice server; /* configured name; SLICE_NONE: not for one server */
	enum rule_target target;
	struct slice name; /* as the server has it; SLICE_NONE with RULE_OTHER */
	struct slice caller, tenant, client, method, revision;
	bool is_read_only, is_destructive, is_idempotent, is_open_world; /* with MCP's defaults */
	struct slice arguments; /* an object, checked JSON; SLICE_NONE: there are none */
	int64_t unix_s;
	unsigned lacks; /* GUARD_LACKS bits: what of the above is not known */
};

#define RULES_LOGGED 8

struct rule_verdict {
	enum config_action action; /* never CONFIG_LOG */
	struct slice rule,
	    reason; /* "default" where none decides; both live as long as the rules */
	struct slice logged[RULES_LOGGED]; /* ids of rules that matched before it and say log */
	unsigned logged_n;
	/* Where a call lacks something: each 1u << action that it may be, and the first rule of
	 * which it is not known whether it matches. */
	unsigned may_be;
	struct slice unsure;
};

struct rules;

/*
 * guard is borrowed for as long as the rules live.  seed: random.  False: ERR_CONFIG, a regular
 * expression is none; which rule, where in it.
 */
MUST_CHECK bool
rules_new(const struct config_guard *guard, uint64_t seed, struct rules **out, struct err *err);
void rules_free(struct rules **rules);

/*
 * Never fails.  A call that cannot be looked at to its end (too many values, an expression that
 * takes too long) counts as matched by deny, ask and log, and as not matched by allow.
 */
struct rule_verdict rules_decide(struct rules *rules, const struct rule_call *call);

/*
 * The same, and told of each rule in turn what it asks and whether that holds, up to the one that
 * decides.  For people: it is slower.
 */
struct rule_verdict
rules_explain(struct rules *rules, const struct rule_call *call, guard_read_fn *told, void *ctx);

/* A hash of all that a rule says; 0: there is no such rule. */
uint64_t rules_print(const struct rules *rules, struct slice id);

/*
 * Can a call of that name be allowed at all, whatever its arguments and the hour?  False only where
 * a rule that asks nothing more denies it: then it need not be shown.  *rule: which; "default".
 */
bool rules_may_allow(struct rules *rules, const struct rule_call *call, struct slice *rule);
/* Can that be false for any call? */
bool rules_hide(const struct rules *rules);
/*
 * Callers of one class (the same bytes, so many of them) are allowed the same, as far as who they
 * are decides: caller, tenant, client and revision of a call.
 */
size_t rules_class_bytes(const struct rules *rules);
void rules_class(const struct rules *rules, const struct rule_call *who, unsigned char *out);

/* ---- what rules ask of one value (rule_value.c) ---------------------------------------------- */

struct rule_regex; /* compiled */

/* What expressions are tried with; one at a time. */
struct rule_machine;
struct rule_machine *rule_machine_new(void);
void rule_machine_free(struct rule_machine **machine); /* NULL: nothing */

/* What a decision may still cost, in steps of an expression or their like. */
struct rule_work {
	uint64_t left;
	struct rule_machine *machine;
};

/*
 * regexes: of test->words where its kind is TEST_REGEX, else NULL.  work->left is reduced.  Unsure:
 * a list or map where a text is asked for, a path that is not absolute, a host that readers would
 * split differently, no number, too long, or too dear.
 */
enum rule_answer rule_value(const struct config_test *test, struct rule_regex *const *regexes,
    struct slice value, struct rule_work *work);
MUST_CHECK bool rule_regex_new(struct slice pattern, struct rule_regex **out, struct err *err);
void rule_regex_free(struct rule_regex **regex);

/* Is a path below a folder, both absolute, when "." and ".." are resolved?  Nothing is read. */
enum rule_answer rule_path_under(struct slice path, struct slice folder);
/* The host of a URL or of "host:port"; SLICE_NONE: it has none that all readers agree on. */
struct slice rule_host(struct slice text);

#endif
