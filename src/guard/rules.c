/*
 * Which rule decides a call.  What depends on the server, the method and the name alone is found
 * once for each of them and remembered, so that a thousand rules cost a look-up; the rest (who
 * calls, when, with what) is asked of the few that are left, in their order.
 */
#include <string.h>

#include "guard/rules.h"

#define PICKS	      1024  /* remembered; then all are forgotten */
#define PICK_BYTES    512   /* of a key; a longer one is not remembered */
#define VALUES	      10000 /* of one call that a test may look at */
#define POINTER_DEPTH 32
#define MEMBERS	      40		  /* of the arguments that are found at once */
#define WORK	      (UINT64_C(1) << 20) /* of one decision; some milliseconds */
#define WORK_BYTES    16		  /* of JSON passed over, for one unit of it */

/* The rules that a server, method and name leave. */
struct pick {
	uint64_t hash;
	struct slice key; /* owned; SLICE_NONE: a free place */
	uint16_t *rules;  /* places, in order */
	size_t n;
};

struct rule {
	const struct config_rule *config;
	struct rule_regex ***regexes; /* [test][word], NULL: the test has none */
};

struct rules {
	const struct config_guard *guard;
	uint64_t seed;
	struct rule *all;
	struct rule_machine *machine;
	struct pick picks[PICKS];
	size_t picks_n;
	uint16_t *scratch; /* of as many as there are rules */
	uint16_t *about;   /* those that ask who calls, and decide */
	size_t about_n;
};

/* ---- compiling ------------------------------------------------------------------------------- */

static bool
regexes_new(struct rule *rule, struct err *err)
{
	const struct config_rule *config = rule->config;
	struct err why = { 0 };

	rule->regexes = mem_new(sizeof(*rule->regexes) * (config->tests_n + 1));
	for (size_t i = 0; i < config->tests_n; i++) {
		const struct config_test *test = &config->tests[i];

		if (test->kind != TEST_REGEX)
			continue;
		rule->regexes[i] = mem_new(sizeof(**rule->regexes) * (test->words_n + 1));
		for (size_t k = 0; k < test->words_n; k++)
			if (!rule_regex_new(test->words[k], &rule->regexes[i][k], &why))
				return err_set(err, ERR_CONFIG,
				    "guard.rules: the rule \"%.*s\": the expression for %.*s: %s",
				    SLICE_FMT(config->id), SLICE_FMT(test->pointer), why.text);
	}
	return true;
}

static void
regexes_free(struct rule *rule)
{
	for (size_t i = 0; rule->regexes != NULL && i < rule->config->tests_n; i++) {
		for (size_t k = 0; rule->regexes[i] != NULL && k < rule->config->tests[i].words_n;
		     k++)
			rule_regex_free(&rule->regexes[i][k]);
		mem_free(rule->regexes[i]);
	}
	mem_free(rule->regexes);
}

static void
about_find(struct rules *rules)
{
	rules->about = mem_new(sizeof(*rules->about) * (rules->guard->rules_n + 1));
	for (size_t i = 0; i < rules->guard->rules_n; i++) {
		const struct config_rule *rule = &rules->guard->rules[i];

		if (rule->action != CONFIG_LOG &&
		    rule->caller_n + rule->tenant_n + rule->client_n + rule->revision_n > 0)
			rules->about[rules->about_n++] = (uint16_t)i;
	}
}

bool
rules_new(const struct config_guard *guard, uint64_t seed, struct rules **out, struct err *err)
{
	struct rules *rules = MEM_NEW(struct rules);

	rules->guard = guard;
	rules->seed = seed;
	rules->machine = rule_machine_new();
	rules->all = mem_new(sizeof(*rules->all) * (guard->rules_n + 1));
	rules->scratch = mem_new(sizeof(*rules->scratch) * (guard->rules_n + 1));
	for (size_t i = 0; i < guard->rules_n; i++) {
		rules->all[i].config = &guard->rules[i];
		if (!regexes_new(&rules->all[i], err)) {
			rules_free(&rules);
			return false;
		}
	}
	about_find(rules);
	*out = rules;
	return true;
}

static void
picks_forget(struct rules *rules)
{
	for (size_t i = 0; i < PICKS; i++) {
		mem_free((void *)rules->picks[i].key.p);
		mem_free(rules->picks[i].rules);
	}
	memset(rules->picks, 0, sizeof(rules->picks));
	rules->picks_n = 0;
}

void
rules_free(struct rules **rules)
{
	if (*rules == NULL)
		return;
	for (size_t i = 0; i < (*rules)->guard->rules_n; i++)
		if ((*rules)->all[i].config != NULL)
			regexes_free(&(*rules)->all[i]);
	picks_forget(*rules);
	rule_machine_free(&(*rules)->machine);
	mem_free((*rules)->all);
	mem_free((*rules)->scratch);
	mem_free((*rules)->about);
	mem_free(*rules);
	*rules = NULL;
}

/* ---- server, method, name -------------------------------------------------------------------- */

static bool
is_candidate(const struct config_rule *rule, const struct rule_call *call)
{
	const struct {
		const struct slice *globs;
		size_t n;
		enum rule_target target;
	} names[] = { { rule->tool, rule->tool_n, RULE_TOOL },
		{ rule->prompt, rule->prompt_n, RULE_PROMPT },
		{ rule->resource, rule->resource_n, RULE_RESOURCE } };

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].n > 0 &&
		    (call->target != names[i].target ||
			!slice_fits(names[i].globs, names[i].n, call->name)))
			return false;
	return slice_fits(rule->server, rule->server_n, call->server) &&
	    slice_fits(rule->method, rule->method_n, call->method);
}

static size_t
candidates(const struct rules *rules, const struct rule_call *call, uint16_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->guard->rules_n; i++)
		if (is_candidate(rules->all[i].config, call))
			out[n++] = (uint16_t)i;
	return n;
}

static bool
key_make(const struct rule_call *call, char *key, size_t *n)
{
	const struct slice parts[] = { call->server, call->method, call->name };
	size_t at = 0;

	key[at++] = (char)('0' + call->target);
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (at + parts[i].n + 1 > PICK_BYTES)
			return false;
		if (parts[i].n > 0)
			memcpy(key + at, parts[i].p, parts[i].n);
		at += parts[i].n;
		key[at++] = '\0';
	}
	*n = at;
	return true;
}

/* The place of a key, or a free one. */
static struct pick *
pick_place(struct rules *rules, struct slice key, uint64_t hash)
{
	size_t i = hash % PICKS;

	while (rules->picks[i].key.p != NULL &&
	    (rules->picks[i].hash != hash || !slice_eq(rules->picks[i].key, key)))
		i = (i + 1) % PICKS;
	return &rules->picks[i];
}

static const uint16_t *
picked(struct rules *rules, const struct rule_call *call, size_t *n)
{
	char bytes[PICK_BYTES], *copy;
	struct slice key = { bytes, 0 };
	struct pick *pick;
	uint64_t hash;

	if (!key_make(call, bytes, &key.n)) {
		*n = candidates(rules, call, rules->scratch);
		return rules->scratch;
	}
	hash = hash_bytes(key, rules->seed);
	pick = pick_place(rules, key, hash);
	if (pick->key.p == NULL) {
		if (rules->picks_n == PICKS / 2) {
			picks_forget(rules);
			pick = pick_place(rules, key, hash);
		}
		*n = candidates(rules, call, rules->scratch);
		copy = mem_new(key.n);
		memcpy(copy, key.p, key.n);
		*pick = (struct pick){ hash, { copy, key.n },
			mem_new(sizeof(*pick->rules) * (*n + 1)), *n };
		memcpy(pick->rules, rules->scratch, sizeof(*pick->rules) * *n);
		rules->picks_n++;
	}
	*n = pick->n;
	return pick->rules;
}

/* ---- arguments ------------------------------------------------------------------------------- */

/* One decision: what it may still cost, and the members of the arguments, looked for once. */
struct asking {
	struct slice arguments;
	struct rule_work work;
	struct {
		struct slice key, value;
	} members[MEMBERS];
	size_t members_n;
	bool is_indexed, is_whole; /* all of them are there, with plain keys */
};

/* One test over all values at its place. */
struct look {
	struct asking *asking;
	const struct config_test *test;
	struct rule_regex *const *regexes;
	bool wants_all; /* an allow: every value must fit; else one is enough */
	unsigned left;	/* values that may still be looked at */
	size_t found, fit;
	bool is_unsure;
};

static void look_at(struct look *look, struct slice value, struct slice pointer, unsigned depth);

/* False: it would cost more than one call may. */
static bool
afford(struct look *look, size_t bytes)
{
	uint64_t cost = 1 + bytes / WORK_BYTES;

	look->is_unsure |= cost > look->asking->work.left;
	look->asking->work.left -= look->is_unsure ? 0 : cost;
	return !look->is_unsure;
}

static void
look_value(struct look *look, struct slice value)
{
	enum rule_answer answer = rule_value(look->test, look->regexes, value, &look->asking->work);

	look->found++;
	if (answer == RULE_UNSURE)
		look->is_unsure = true;
	else
		look->fit += (answer == RULE_YES) != look->test->is_not;
}

static void
look_each(struct look *look, struct slice value, struct slice pointer, unsigned depth)
{
	struct json_iter iter;
	struct slice key, element;

	json_iter_init(&iter, value);
	while (json_iter_next(&iter, &key, &element) && !look->is_unsure)
		look_at(look, element, pointer, depth);
}

/* "~1" is "/", "~0" is "~" (RFC 6901, 4).  False: longer than any key that is meant. */
static bool
part_plain(struct slice part, char *to, size_t size, struct slice *out)
{
	size_t n = 0;

	for (size_t i = 0; i < part.n; i++) {
		char c = part.p[i];

		if (n == size)
			return false;
		if (c == '~' && i + 1 < part.n && (part.p[i + 1] == '0' || part.p[i + 1] == '1'))
			c = part.p[++i] == '0' ? '~' : '/';
		to[n++] = c;
	}
	*out = (struct slice){ to, n };
	return true;
}

static void
asking_index(struct asking *asking)
{
	struct json_iter iter;
	struct slice key, value;

	asking->is_indexed = asking->is_whole = true;
	json_iter_init(&iter, asking->arguments);
	while (asking->is_whole && json_iter_next(&iter, &key, &value)) {
		if (asking->members_n == MEMBERS || memchr(key.p, '\\', key.n) != NULL) {
			asking->is_whole = false;
			return;
		}
		asking->members[asking->members_n].key = key;
		asking->members[asking->members_n++].value = value;
	}
}

/* A member of the arguments themselves; they may be large, and many rules ask. */
static bool
argument_find(struct look *look, struct slice key, struct slice *out)
{
	struct asking *asking = look->asking;

	if (!asking->is_indexed)
		asking_index(asking);
	for (size_t i = 0; i < asking->members_n && asking->is_whole; i++)
		if (slice_eq(asking->members[i].key, key)) {
			*out = asking->members[i].value;
			return true;
		}
	return !asking->is_whole && afford(look, asking->arguments.n) &&
	    json_find(asking->arguments, key, out);
}

static bool
element_at(struct slice array, struct slice part, struct slice *out)
{
	struct json_iter iter;
	struct slice key;
	uint64_t at;

	if (!slice_to_u64(part, VALUES, &at))
		return false;
	json_iter_init(&iter, array);
	while (json_iter_next(&iter, &key, out))
		if (at-- == 0)
			return true;
	return false;
}

/* A part of the pointer goes into a value; what is not there is looked at no further. */
static void
look_into(
    struct look *look, struct slice value, struct slice part, struct slice rest, unsigned depth)
{
	struct slice plain, next;
	char bytes[256];
	bool is_found;

	if (slice_eq(part, S("*"))) {
		if (afford(look, value.n))
			look_each(look, value, rest, depth + 1);
		return;
	}
	if (!part_plain(part, bytes, sizeof(bytes), &plain))
		return;
	if (depth == 0)
		is_found = argument_find(look, plain, &next);
	else if (!afford(look, value.n))
		return;
	else
		is_found = json_type(value) == JSON_OBJECT ? json_find(value, plain, &next)
							   : element_at(value, plain, &next);
	if (is_found)
		look_at(look, next, rest, depth + 1);
}

static void
look_at(struct look *look, struct slice value, struct slice pointer, unsigned depth)
{
	enum json_type type = json_type(value);
	struct slice part, rest;

	if (look->left == 0 || depth == POINTER_DEPTH) {
		look->is_unsure = true;
		return;
	}
	look->left--;
	if (pointer.n == 0) {
		look_value(look, value);
		return;
	}
	part = slice_cut((struct slice){ pointer.p + 1, pointer.n - 1 }, '/', &rest);
	if (rest.p != NULL)
		rest = (struct slice){ rest.p - 1, rest.n + 1 };
	if (type == JSON_OBJECT || type == JSON_ARRAY)
		look_into(look, value, part, rest, depth);
	else
		/* JSON in a text, or one where many are expected: servers may take that too. */
		look->is_unsure |= type == JSON_STRING;
}

static enum rule_answer
test_answer(const struct rule *rule, size_t i, struct asking *asking)
{
	const struct config_test *test = &rule->config->tests[i];
	struct look look = { .asking = asking,
		.test = test,
		.regexes = rule->regexes[i],
		.wants_all = rule->config->action == CONFIG_ALLOW,
		.left = VALUES };

	if (asking->arguments.p != NULL)
		look_at(&look, asking->arguments, test->pointer, 0);
	if (look.is_unsure)
		return RULE_UNSURE;
	if (test->kind == TEST_EXISTS)
		return ((look.found > 0) == (test->number != 0)) != test->is_not ? RULE_YES
										 : RULE_NO;
	if (look.wants_all)
		return look.found > 0 && look.fit == look.found ? RULE_YES : RULE_NO;
	return look.fit > 0 ? RULE_YES : RULE_NO;
}

static enum rule_answer
tests_answer(const struct rule *rule, struct asking *asking)
{
	enum rule_answer all = RULE_YES;

	for (size_t i = 0; i < rule->config->tests_n; i++) {
		enum rule_answer one = test_answer(rule, i, asking);

		if (one == RULE_NO)
			return RULE_NO;
		all = one == RULE_UNSURE ? RULE_UNSURE : all;
	}
	return all;
}

/* ---- who, when ------------------------------------------------------------------------------- */

static bool
truth_fits(enum config_truth wanted, bool is)
{
	return wanted == TRUTH_UNSET || (wanted == TRUTH_TRUE) == is;
}

static bool
time_fits(const struct config_rule *rule, int64_t unix_s)
{
	int64_t minute = unix_s / 60 % (24 * 60), day = unix_s / (24 * 60 * 60);
	bool is_night = rule->from_min > rule->to_min, is_in = true;

	if (rule->from_min != rule->to_min) {
		bool is_late = minute >= (int64_t)rule->from_min;
		bool is_early = minute < (int64_t)rule->to_min;

		is_in = is_night ? is_late || is_early : is_late && is_early;
		if (is_night && !is_late)
			day--; /* it began the day before */
	}
	/* The first day of 1970 was a Thursday. */
	return is_in && (rule->days == 0 || (rule->days & 1u << ((day + 3) % 7)) != 0);
}

static bool
is_of(const struct config_rule *rule, const struct rule_call *call)
{
	return slice_fits(rule->caller, rule->caller_n, call->caller) &&
	    slice_fits(rule->tenant, rule->tenant_n, call->tenant) &&
	    slice_fits(rule->client, rule->client_n, call->client) &&
	    slice_fits(rule->revision, rule->revision_n, call->revision);
}

static bool
asks_hints(const struct config_rule *rule)
{
	return rule->read_only != TRUTH_UNSET || rule->destructive != TRUTH_UNSET ||
	    rule->idempotent != TRUTH_UNSET || rule->open_world != TRUTH_UNSET;
}

static bool
hints_fit(const struct config_rule *rule, const struct rule_call *call)
{
	return truth_fits(rule->read_only, call->is_read_only) &&
	    truth_fits(rule->destructive, call->is_destructive) &&
	    truth_fits(rule->idempotent, call->is_idempotent) &&
	    truth_fits(rule->open_world, call->is_open_world);
}

static bool
is_about(const struct config_rule *rule, const struct rule_call *call)
{
	return is_of(rule, call) && hints_fit(rule, call);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

/* Unsure: it asks for what is not known of the call, and all that is known fits. */
static enum rule_answer
rule_answer(const struct rule *rule, const struct rule_call *call, struct asking *asking)
{
	const struct config_rule *config = rule->config;
	bool no_hints = (call->lacks & GUARD_LACKS_HINTS) != 0 && asks_hints(config);
	bool no_arguments = (call->lacks & GUARD_LACKS_ARGUMENTS) != 0 && config->tests_n > 0;
	enum rule_answer answer;

	if (!is_of(config, call) || !time_fits(config, call->unix_s) ||
	    (!no_hints && !hints_fit(config, call)))
		return RULE_NO;
	answer = no_arguments ? RULE_YES : tests_answer(rule, asking);
	if (answer == RULE_NO || (answer == RULE_UNSURE && config->action == CONFIG_ALLOW))
		return RULE_NO;
	return no_hints || no_arguments ? RULE_UNSURE : RULE_YES;
}

static void
asking_init(struct asking *asking, struct rules *rules, const struct rule_call *call)
{
	asking->arguments = call->arguments;
	asking->work = (struct rule_work){ WORK, rules->machine };
	asking->members_n = 0;
	asking->is_indexed = asking->is_whole = false;
}

/* What the rule does to the verdict; true: it decides. */
static bool
verdict_add(struct rule_verdict *verdict, const struct config_rule *rule, enum rule_answer answer)
{
	if (answer == RULE_NO)
		return false;
	if (rule->action == CONFIG_LOG) {
		if (answer == RULE_YES && verdict->logged_n < RULES_LOGGED)
			verdict->logged[verdict->logged_n++] = rule->id;
		return false;
	}
	verdict->may_be |= 1u << rule->action;
	if (answer == RULE_UNSURE) {
		if (verdict->unsure.p == NULL)
			verdict->unsure = rule->id;
		return false;
	}
	verdict->action = rule->action;
	verdict->rule = rule->id;
	verdict->reason = rule->reason;
	return true;
}

struct rule_verdict
rules_decide(struct rules *rules, const struct rule_call *call)
{
	struct rule_verdict verdict = { .action = rules->guard->fallback, .rule = S("default") };
	struct asking asking;
	size_t n;
	const uint16_t *places = picked(rules, call, &n);

	asking_init(&asking, rules, call);
	for (size_t i = 0; i < n; i++) {
		const struct rule *rule = &rules->all[places[i]];

		if (verdict_add(&verdict, rule->config, rule_answer(rule, call, &asking)))
			return verdict;
	}
	verdict.may_be |= 1u << verdict.action;
	return verdict;
}

/* Does it deny whatever the arguments and the hour? */
static bool
is_flat_deny(const struct config_rule *rule)
{
	return rule->action == CONFIG_DENY && rule->tests_n == 0 && rule->days == 0 &&
	    rule->from_min == rule->to_min;
}

bool
rules_may_allow(struct rules *rules, const struct rule_call *call, struct slice *by)
{
	size_t n;
	const uint16_t *places = picked(rules, call, &n);

	*by = S("default");
	for (size_t i = 0; i < n; i++) {
		const struct config_rule *rule = rules->all[places[i]].config;

		if (rule->action == CONFIG_LOG || !is_about(rule, call))
			continue;
		if (rule->action != CONFIG_DENY)
			return true;
		if (is_flat_deny(rule)) {
			*by = rule->id;
			return false;
		}
	}
	return rules->guard->fallback != CONFIG_DENY;
}

bool
rules_hide(const struct rules *rules)
{
	for (size_t i = 0; i < rules->guard->rules_n; i++)
		if (is_flat_deny(&rules->guard->rules[i]))
			return true;
	return rules->guard->fallback == CONFIG_DENY;
}

size_t
rules_class_bytes(const struct rules *rules)
{
	return (rules->about_n + 7) / 8;
}

void
rules_class(const struct rules *rules, const struct rule_call *who, unsigned char *out)
{
	memset(out, 0, rules_class_bytes(rules));
	for (size_t i = 0; i < rules->about_n; i++)
		if (is_of(rules->all[rules->about[i]].config, who))
			out[i / 8] |= (unsigned char)(1u << (i % 8));
}

/* ---- why ------------------------------------------------------------------------------------- */

/* Lists of globs, and what of a call they are about; in the order of docs/rules.md. */
static const struct list {
	const char *name;
	size_t globs, n, text;
	enum rule_target target; /* RULE_OTHER: of any */
} name_lists[] = {
#define LIST(name, member, target) \
	{ \
#name, offsetof(struct config_rule, name), offsetof(struct config_rule, name##_n), \
		    offsetof(struct rule_call, member), target \
	}
	LIST(server, server, RULE_OTHER),
	LIST(tool, name, RULE_TOOL),
	LIST(prompt, name, RULE_PROMPT),
	LIST(resource, name, RULE_RESOURCE),
	LIST(caller, caller, RULE_OTHER),
	LIST(tenant, tenant, RULE_OTHER),
	LIST(client, client, RULE_OTHER),
	LIST(method, method, RULE_OTHER),
	LIST(revision, revision, RULE_OTHER),
#undef LIST
};

static void
list_read(struct guard_reading *reading, struct guard_part *parts, const struct list *list,
    const struct rule_call *call)
{
	struct guard_part *part = &parts[reading->parts_n];
	const char *rule = (const char *)reading->rule;
	bool fits;

	memcpy(&part->globs_n, rule + list->n, sizeof(part->globs_n));
	memcpy(&part->globs, rule + list->globs, sizeof(part->globs));
	memcpy(&part->text, (const char *)call + list->text, sizeof(part->text));
	if (part->globs_n == 0)
		return;
	fits = (list->target == RULE_OTHER || list->target == call->target) &&
	    slice_fits(part->globs, part->globs_n, part->text);
	part->name = list->name;
	part->answer = fits ? RULE_YES : RULE_NO;
	reading->parts_n++;
}

/* Each part by itself; whether all of it matches was found as in any decision. */
static void
rule_read(struct rules *rules, const struct rule *rule, const struct rule_call *call,
    struct asking *asking, struct guard_part *parts, struct guard_reading *reading)
{
	const struct config_rule *config = rule->config;

	for (size_t i = 0; i < COUNT(name_lists); i++)
		list_read(reading, parts, &name_lists[i], call);
	if (asks_hints(config))
		parts[reading->parts_n++] = (struct guard_part){ .name = "annotations",
			.answer = hints_fit(config, call) ? RULE_YES : RULE_NO };
	if (config->days != 0 || config->from_min != config->to_min)
		parts[reading->parts_n++] = (struct guard_part){ .name = "time",
			.answer = time_fits(config, call->unix_s) ? RULE_YES : RULE_NO };
	for (size_t i = 0; i < config->tests_n; i++) {
		asking_init(asking, rules, call);
		parts[reading->parts_n++] = (struct guard_part){ .name = "args",
			.test = &config->tests[i],
			.answer = test_answer(rule, i, asking) };
	}
}

struct rule_verdict
rules_explain(struct rules *rules, const struct rule_call *call, guard_read_fn *told, void *ctx)
{
	struct rule_verdict verdict = { .action = rules->guard->fallback, .rule = S("default") };
	struct asking *asking = MEM_NEW(struct asking), *apart = MEM_NEW(struct asking);
	bool is_decided = false;

	asking_init(asking, rules, call);
	for (size_t i = 0; i < rules->guard->rules_n && !is_decided; i++) {
		const struct rule *rule = &rules->all[i];
		struct guard_part *parts =
		    mem_new(sizeof(*parts) * (COUNT(name_lists) + 3 + rule->config->tests_n));
		struct guard_reading reading = { .rule = rule->config, .parts = parts };
		enum rule_answer answer =
		    is_candidate(rule->config, call) ? rule_answer(rule, call, asking) : RULE_NO;

		rule_read(rules, rule, call, apart, parts, &reading);
		reading.matches = answer == RULE_YES;
		told(ctx, &reading);
		mem_free(parts);
		is_decided = verdict_add(&verdict, rule->config, answer);
	}
	if (!is_decided)
		verdict.may_be |= 1u << verdict.action;
	mem_free(asking);
	mem_free(apart);
	return verdict;
}

/* ---- prints ---------------------------------------------------------------------------------- */

static uint64_t
print_texts(uint64_t hash, const struct slice *texts, size_t n)
{
	hash = hash_bytes((struct slice){ (const char *)&n, sizeof(n) }, hash);
	for (size_t i = 0; i < n; i++) {
		hash = hash_bytes((struct slice){ (const char *)&texts[i].n, sizeof(n) }, hash);
		hash = hash_bytes(texts[i], hash);
	}
	return hash;
}

static uint64_t
print_test(uint64_t hash, const struct config_test *test)
{
	const uint64_t rest[] = { test->kind, test->is_not };

	hash = print_texts(hash, &test->pointer, 1);
	hash = print_texts(hash, test->words, test->words_n);
	hash =
	    hash_bytes((struct slice){ (const char *)&test->number, sizeof(test->number) }, hash);
	return hash_bytes((struct slice){ (const char *)rest, sizeof(rest) }, hash);
}

uint64_t
rules_print(const struct rules *rules, struct slice id)
{
	const struct config_rule *rule = NULL;
	uint64_t hash = rules->seed;

	for (size_t i = 0; i < rules->guard->rules_n && rule == NULL; i++)
		if (slice_eq(rules->guard->rules[i].id, id))
			rule = &rules->guard->rules[i];
	if (rule == NULL)
		return 0;
	const struct {
		const struct slice *texts;
		size_t n;
	} lists[] = { { &rule->id, 1 }, { &rule->reason, 1 }, { rule->server, rule->server_n },
		{ rule->tool, rule->tool_n }, { rule->prompt, rule->prompt_n },
		{ rule->resource, rule->resource_n }, { rule->caller, rule->caller_n },
		{ rule->tenant, rule->tenant_n }, { rule->client, rule->client_n },
		{ rule->method, rule->method_n }, { rule->revision, rule->revision_n } };
	const uint64_t rest[] = { rule->action, rule->read_only, rule->destructive,
		rule->idempotent, rule->open_world, rule->from_min, rule->to_min, rule->days };

	for (size_t i = 0; i < COUNT(lists); i++)
		hash = print_texts(hash, lists[i].texts, lists[i].n);
	for (size_t i = 0; i < rule->tests_n; i++)
		hash = print_test(hash, &rule->tests[i]);
	return hash_bytes((struct slice){ (const char *)rest, sizeof(rest) }, hash) | 1;
}
