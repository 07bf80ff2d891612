/*
 * `bascule policy replay`: what was recorded once more through the rules as they are now.  Only
 * rules are asked again: what scanners, limits, labels or scripts refused stays as it was, unless
 * it had reached its server.  What a record does not hold (arguments, unless audit.bodies keeps
 * them; what a tool said of itself) is never guessed: where a rule asks for it, and its answer
 * would matter, that is said.
 */
#include <stdio.h>
#include <string.h>

#include "cli/policy.h"
#include "cli/trail.h"

#define SINCE_MS     (UINT64_C(7) * 24 * 60 * 60 * 1000)
#define CHANGES_MAX  200 /* told apart; what comes beyond is counted together */
#define EXAMPLES_MAX 3
#define OUT_BYTES    (16 * MIB)

/* One call, for people. */
struct example {
	uint64_t time_ms, number;
	char instance[AUDIT_INSTANCE], caller[33], server[33], tool[129];
};

/* Calls of one kind of change; or of one rule of which it cannot be said. */
struct change {
	enum guard_action was, is;
	char was_rule[65], is_rule[65];
	uint64_t n;
	struct example examples[EXAMPLES_MAX];
};

struct changes {
	struct change *all; /* of CHANGES_MAX + 1: the last is for all others */
	size_t n;
	uint64_t calls;
};

struct replay {
	const struct config *config;
	struct guard *guard;
	struct trail trail;
	uint64_t since_ms, until_ms;
	uint64_t records, calls, others; /* others: decided by something else than rules */
	struct changes changed, unsaid;
	bool is_json;
};

/* ---- what was, and what would be ------------------------------------------------------------- */

static enum guard_action
action_of(const char *verdict)
{
	return strcmp(verdict, "deny") == 0 ? GUARD_DENY
	    : strcmp(verdict, "ask") == 0   ? GUARD_ASK_FIRST
					    : GUARD_ALLOW;
}

/* The names by which other parts of the guard refuse. */
static bool
is_of_others(const struct config *config, struct slice rule)
{
	static const char *const names[] = { "scan", "scan.*", "flow.*", "rate", "rate.*", "egress",
		"pins", "plugin.*" };

	for (size_t i = 0; i < config->guard.rules_n; i++)
		if (slice_eq(config->guard.rules[i].id, rule))
			return false;
	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_glob(slice_of(names[i]), rule))
			return true;
	return false;
}

/* `[RULE:XXXXXXXX]` or `[redacted]`: something else stood there. */
static bool
has_placeholder(struct slice text)
{
	const char *at = text.p, *end = text.p + text.n;

	if (slice_has(text, S("[redacted]")))
		return true;
	while (at < end && (at = memchr(at, ':', (size_t)(end - at))) != NULL) {
		size_t n = 0;

		at++;
		while (n < 9 && at + n < end && strchr("0123456789abcdef", at[n]) != NULL &&
		    at[n] != '\0')
			n++;
		if (n == 8 && at + n < end && at[n] == ']')
			return true;
	}
	return false;
}

static bool
is_zero(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* The arguments as they were; false: the record does not hold them. */
static bool
arguments_of(const struct audit_record *record, struct slice *out)
{
	unsigned char digest[AUDIT_DIGEST];
	struct slice not_kept;

	*out = SLICE_NONE;
	if (is_zero(record->arguments_sha256, AUDIT_DIGEST))
		return true;
	sha256_bytes(S("{}"), digest);
	if (memcmp(digest, record->arguments_sha256, AUDIT_DIGEST) == 0) {
		*out = S("{}");
		return true;
	}
	if (record->arguments.p == NULL || json_type(record->arguments) != JSON_OBJECT)
		return false;
	*out = record->arguments;
	sha256_bytes(*out, digest);
	return memcmp(digest, record->arguments_sha256, AUDIT_DIGEST) == 0 ||
	    (!has_placeholder(*out) && !json_find(*out, S("not_kept"), &not_kept));
}

/* A text that fills its field may have been longer. */
static bool
is_cut(const char *text, size_t size)
{
	return strlen(text) >= size - 4; /* a character of UTF-8 is not cut through */
}

static struct slice
text_of(const char *text)
{
	return text[0] != '\0' ? slice_of(text) : SLICE_NONE;
}

/* Of what is not about a tool nothing was said; prompts and resources are as in subject_of(). */
static struct guard_subject
subject_of(const struct audit_record *record, struct caller *caller, unsigned *lacks)
{
	struct guard_subject subject = { .caller = caller,
		.client = text_of(record->client),
		.revision = text_of(record->revision),
		.server = text_of(record->server),
		.method = slice_of(record->method),
		.target = policy_target(slice_of(record->method)),
		.name = text_of(record->tool),
		.is_destructive = true,
		.is_open_world = true,
		.unix_s = (int64_t)(record->time_ms / 1000) };

	*caller = (struct caller){ slice_of(record->caller), text_of(record->tenant), NULL };
	*lacks =
	    subject.target == GUARD_TOOL || subject.target == GUARD_PROMPT ? GUARD_LACKS_HINTS : 0;
	if (!arguments_of(record, &subject.arguments))
		*lacks |= GUARD_LACKS_ARGUMENTS;
	return subject;
}

/* ---- what is counted ------------------------------------------------------------------------- */

static void
example_set(struct example *example, const struct audit_record *record)
{
	example->time_ms = record->time_ms;
	example->number = record->number;
	memcpy(example->instance, record->instance, sizeof(example->instance));
	memcpy(example->caller, record->caller, sizeof(example->caller));
	memcpy(example->server, record->server, sizeof(example->server));
	snprintf(example->tool, sizeof(example->tool), "%s",
	    record->tool[0] != '\0' ? record->tool : record->method);
}

static void
change_count(struct changes *changes, const struct change *which, const struct audit_record *record)
{
	struct change *change = changes->all;
	struct change *end = changes->all + changes->n;

	while (change < end &&
	    (change->was != which->was || change->is != which->is ||
		strcmp(change->was_rule, which->was_rule) != 0 ||
		strcmp(change->is_rule, which->is_rule) != 0))
		change++;
	if (change == end && changes->n < CHANGES_MAX) {
		*change = *which;
		changes->n++;
	}
	if (change->n < EXAMPLES_MAX)
		example_set(&change->examples[change->n], record);
	change->n++;
	changes->calls++;
}

static void
id_put(char id[65], struct slice text)
{
	snprintf(id, 65, "%.*s", SLICE_FMT(text));
}

static void
call_replay(struct replay *replay, const struct audit_record *record)
{
	struct change change = { .was = action_of(record->verdict) };
	struct guard_opinion now;
	struct guard_subject subject;
	struct caller caller;
	unsigned lacks;
	bool is_others;

	replay->calls++;
	id_put(change.was_rule, slice_of(record->rule));
	is_others = is_of_others(replay->config, slice_of(record->rule));
	if (change.was == GUARD_DENY && is_others && record->sent_ms == 0) {
		replay->others++;
		return;
	}
	/* What was sent the rules let pass, whatever became of its result. */
	if (change.was == GUARD_DENY && is_others)
		change.was = GUARD_ALLOW;
	subject = subject_of(record, &caller, &lacks);
	guard_judge(replay->guard, &subject, lacks, &now);
	/* Another part asks first anyhow. */
	if (is_others && change.was == GUARD_ASK_FIRST && now.action == GUARD_ALLOW)
		now.action = GUARD_ASK_FIRST;
	change.is = now.action;
	id_put(change.is_rule, now.rule);
	if ((now.may_be & (now.may_be - 1)) != 0 || is_cut(record->tool, sizeof(record->tool)) ||
	    is_cut(record->client, sizeof(record->client))) {
		if (now.unsure.p != NULL)
			id_put(change.is_rule, now.unsure);
		change.was = change.is = GUARD_ALLOW;
		change.was_rule[0] = '\0';
		change_count(&replay->unsaid, &change, record);
	} else if (change.was != change.is) {
		change_count(&replay->changed, &change, record);
	}
}

MUST_CHECK static bool
replay_all(struct replay *replay, struct err *err)
{
	const struct audit_record *record;

	for (;;) {
		if (!trail_next(&replay->trail, &record, err))
			return false;
		if (record == NULL)
			return true;
		if (record->kind != AUDIT_EXCHANGE || record->time_ms < replay->since_ms ||
		    record->time_ms >= replay->until_ms)
			continue;
		replay->records++;
		if (record->verdict[0] != '\0')
			call_replay(replay, record);
	}
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void
put_example(struct buf *out, const struct example *example)
{
	buf_puts(out, "    ");
	audit_put_time(out, example->time_ms);
	buf_putc(out, ' ');
	buf_put_shown(out, slice_of(example->caller));
	buf_putc(out, ' ');
	buf_put_shown(out, slice_of(example->server[0] != '\0' ? example->server : "-"));
	buf_putc(out, ' ');
	buf_put_shown(out, slice_of(example->tool));
	buf_putc(out, '\n');
}

static void
put_change(struct buf *out, const struct change *change, bool is_unsaid)
{
	buf_printf(out, "  %llu: ", (unsigned long long)change->n);
	if (is_unsaid) {
		buf_puts(out, "rule ");
		buf_put_shown(out, slice_of(change->is_rule));
	} else {
		buf_printf(out, "%s (", policy_word(change->was));
		buf_put_shown(out, slice_of(change->was_rule));
		buf_printf(out, ") would be %s (", policy_word(change->is));
		buf_put_shown(out, slice_of(change->is_rule));
		buf_putc(out, ')');
	}
	buf_putc(out, '\n');
	for (size_t i = 0; i < change->n && i < EXAMPLES_MAX; i++)
		put_example(out, &change->examples[i]);
}

static void
put_changes(struct buf *out, const struct changes *changes, bool is_unsaid)
{
	const struct change *rest = &changes->all[CHANGES_MAX];

	for (size_t i = 0; i < changes->n; i++)
		put_change(out, &changes->all[i], is_unsaid);
	if (rest->n > 0)
		buf_printf(out, "  %llu: of more kinds than are told apart\n",
		    (unsigned long long)rest->n);
}

static void
put_text(const struct replay *replay, struct buf *out)
{
	buf_puts(out, "since ");
	audit_put_time(out, replay->since_ms);
	buf_printf(out, ": %llu records, %llu of calls that rules decide\n",
	    (unsigned long long)replay->records, (unsigned long long)replay->calls);
	if (replay->others > 0)
		buf_printf(out, "%llu were refused by other parts of the guard, and stay so\n",
		    (unsigned long long)replay->others);
	buf_printf(out, "%llu verdicts change%s\n", (unsigned long long)replay->changed.calls,
	    replay->changed.calls > 0 ? ":" : "");
	put_changes(out, &replay->changed, false);
	if (replay->unsaid.calls > 0)
		buf_printf(out,
		    "%llu cannot be said: a rule asks for what was not recorded (audit.bodies "
		    "keeps arguments):\n",
		    (unsigned long long)replay->unsaid.calls);
	put_changes(out, &replay->unsaid, true);
}

static void
put_example_json(struct buf *out, const struct example *example)
{
	const struct {
		const char *name, *text;
	} members[] = { { "instance", example->instance }, { "caller", example->caller },
		{ "server", example->server }, { "tool", example->tool } };

	buf_puts(out, "{\"time\":\"");
	audit_put_time(out, example->time_ms);
	buf_printf(out, "\",\"number\":%llu", (unsigned long long)example->number);
	for (size_t i = 0; i < COUNT(members); i++) {
		buf_printf(out, ",\"%s\":", members[i].name);
		buf_json_string(out, slice_of(members[i].text));
	}
	buf_putc(out, '}');
}

static void
put_change_json(struct buf *out, const struct change *change, bool is_unsaid)
{
	if (is_unsaid) {
		buf_puts(out, "{\"rule\":");
		buf_json_string(out, slice_of(change->is_rule));
	} else {
		buf_puts(out, "{\"was\":{");
		policy_put_verdict_json(out, change->was, slice_of(change->was_rule), SLICE_NONE);
		buf_puts(out, "},\"now\":{");
		policy_put_verdict_json(out, change->is, slice_of(change->is_rule), SLICE_NONE);
		buf_putc(out, '}');
	}
	buf_printf(out, ",\"calls\":%llu,\"examples\":[", (unsigned long long)change->n);
	for (size_t i = 0; i < change->n && i < EXAMPLES_MAX; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_example_json(out, &change->examples[i]);
	}
	buf_puts(out, "]}");
}

static void
put_changes_json(struct buf *out, const char *name, const struct changes *changes, bool is_unsaid)
{
	buf_printf(
	    out, ",\"%s\":{\"calls\":%llu,\"kinds\":[", name, (unsigned long long)changes->calls);
	for (size_t i = 0; i < changes->n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_change_json(out, &changes->all[i], is_unsaid);
	}
	buf_puts(out, "]}");
}

static void
put_json(const struct replay *replay, struct buf *out)
{
	buf_puts(out, "{\"since\":\"");
	audit_put_time(out, replay->since_ms);
	buf_printf(out, "\",\"records\":%llu,\"calls\":%llu,\"refused_by_others\":%llu",
	    (unsigned long long)replay->records, (unsigned long long)replay->calls,
	    (unsigned long long)replay->others);
	put_changes_json(out, "changed", &replay->changed, false);
	put_changes_json(out, "cannot_be_said", &replay->unsaid, true);
	buf_puts(out, "}\n");
}

/* ---- the command ----------------------------------------------------------------------------- */

static int
told(const struct replay *replay)
{
	struct buf out;

	buf_init(&out, NULL, OUT_BYTES);
	(replay->is_json ? put_json : put_text)(replay, &out);
	return cli_print(&out, replay->changed.calls > 0 ? EXIT_FAILED : EXIT_DONE);
}

int
policy_replay_run(struct options *options)
{
	struct replay *replay = MEM_NEW(struct replay);
	struct log *log = cli_log_new(LOG_ERROR);
	struct config *config = NULL;
	struct err err = { 0 };
	int status;

	replay->until_ms = UINT64_MAX;
	replay->since_ms = trail_now_ms() - SINCE_MS;
	replay->is_json = option_is_given(options, OPTION_JSON);
	replay->changed.all = mem_new((CHANGES_MAX + 1) * sizeof(*replay->changed.all));
	replay->unsaid.all = mem_new((CHANGES_MAX + 1) * sizeof(*replay->unsaid.all));
	if (trail_moment(options, OPTION_SINCE, &replay->since_ms, &err) &&
	    trail_moment(options, OPTION_UNTIL, &replay->until_ms, &err) &&
	    cli_config_load(options, log, &config, &err) &&
	    guard_new(NULL, config, NULL, &replay->guard, &err) &&
	    trail_open(&replay->trail, config, &err)) {
		replay->config = config;
		status = replay_all(replay, &err) ? told(replay) : cli_fail(&err);
	} else {
		status = cli_fail(&err);
	}
	trail_fini(&replay->trail);
	guard_free(&replay->guard);
	config_free(&config);
	log_free(&log);
	mem_free(replay->changed.all);
	mem_free(replay->unsaid.all);
	mem_free(replay);
	return status;
}
