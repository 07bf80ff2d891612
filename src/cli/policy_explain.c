/*
 * `bascule policy explain`: what would become of one call, and why.  The call is shown to the guard
 * of a gateway of the command's own, as a client's would be, and goes no further; what the rules
 * before the one that decides lacked is told part by part.
 */
#include <string.h>

#include "cli/policy.h"

#define ARGUMENTS_BYTES (64 * MIB)
#define SHOWN_BYTES	4000 /* of arguments, for people */

/* What is asked about. */
struct asked {
	struct slice tool, server; /* server: tool is its own name for it; SLICE_NONE: as shown */
	struct slice caller, tenant, client, revision;
	struct slice arguments; /* raw object of the one JSON; SLICE_NONE: of the words */
};

struct explaining {
	const struct options *options;
	struct local *local;
	struct asked asked;
	struct arena arena;
	struct buf arguments;
	/* found: */
	struct catalogue *catalogue; /* that all of it is of */
	struct provider *provider;
	const struct item *item;
	const struct catalogue_hidden *hidden;
	struct caller caller;
	struct guard_subject subject;
	struct slice not_shown; /* the rule because of which; SLICE_NONE: it is shown */
	struct buf readings;
	unsigned readings_n;
	struct guard_verdict verdict;
	bool is_json;
};

/* ---- the question ---------------------------------------------------------------------------- */

MUST_CHECK static bool
member_take(struct explaining *e, struct slice key, struct slice value, struct err *err)
{
	struct {
		const char *name;
		struct slice *text;
	} members[] = {
		{ "tool", &e->asked.tool },
		{ "server", &e->asked.server },
		{ "caller", &e->asked.caller },
		{ "tenant", &e->asked.tenant },
		{ "client", &e->asked.client },
		{ "revision", &e->asked.revision },
		{ "args", NULL },
	};
	const char *names[COUNT(members)], *nearest;

	for (size_t i = 0; i < COUNT(members); i++) {
		names[i] = members[i].name;
		if (!slice_eq(key, slice_of(names[i])))
			continue;
		if (members[i].text != NULL)
			return (json_type(value) == JSON_STRING &&
				   json_string(&e->arena, value, members[i].text, err)) ||
			    err_set(
				err, ERR_USAGE, "policy explain: \"%s\" must be a text", names[i]);
		e->asked.arguments = value;
		return json_type(value) == JSON_OBJECT ||
		    err_set(err, ERR_USAGE, "policy explain: \"args\" must be an object");
	}
	nearest = cli_nearest(slice_cstr(&e->arena, key), names, COUNT(names));
	return err_set(err, ERR_USAGE, "policy explain: unknown member \"%.60s\"%s%s%s",
	    slice_cstr(&e->arena, key), nearest != NULL ? " (did you mean \"" : "",
	    nearest != NULL ? nearest : "", nearest != NULL ? "\"?)" : "");
}

/* {"tool": ..., "args": {...}, "caller": ...} */
MUST_CHECK static bool
one_json_read(struct explaining *e, struct slice word, struct err *err)
{
	struct slice key, value;
	struct json_scan *scan;
	struct json_iter iter;
	struct err why;
	char *copy;

	if (!arena_reserve(&e->arena, word.n, err))
		return false;
	copy = arena_bytes(&e->arena, word.n);
	memcpy(copy, word.p, word.n);
	scan = json_scan_new(&e->arena, copy, word.n, 0, 0, 0);
	if (!json_scan_all(scan, &why))
		return err_set(err, ERR_USAGE, "policy explain: not JSON: %s", why.text);
	json_iter_init(&iter, slice_trim((struct slice){ copy, word.n }));
	while (json_iter_next(&iter, &key, &value))
		if (!member_take(e, key, value, err))
			return false;
	return e->asked.tool.n > 0 || err_set(err, ERR_USAGE, "policy explain needs a \"tool\"");
}

MUST_CHECK static bool
question_read(struct explaining *e, struct err *err)
{
	const struct options *options = e->options;
	struct slice word = slice_of(options->words[1]);

	if (slice_trim(word).n > 0 && slice_trim(word).p[0] == '{') {
		if (options->words_n > 2)
			return err_set(err, ERR_USAGE,
			    "policy explain: unexpected word \"%.80s\" behind a whole call",
			    options->words[2]);
		if (!one_json_read(e, word, err))
			return false;
	} else {
		e->asked.tool = word;
	}
	if (option_is_given(options, OPTION_CALLER))
		e->asked.caller = slice_of(options->value[OPTION_CALLER]);
	if (option_is_given(options, OPTION_TENANT))
		e->asked.tenant = slice_of(options->value[OPTION_TENANT]);
	return true;
}

/* ---- what it is about ------------------------------------------------------------------------ */

static bool
is_meant(const struct explaining *e, struct slice shown, const struct provider *provider,
    const struct item *item)
{
	return e->asked.server.p == NULL
	    ? slice_eq(shown, e->asked.tool)
	    : slice_eq(provider->name, e->asked.server) && slice_eq(item->name, e->asked.tool);
}

static void
tool_find(struct explaining *e)
{
	const struct catalogue_entry *entries;
	const struct catalogue_hidden *hidden;
	size_t n;

	e->catalogue = catalogue_ref(hub_catalogue(local_hub(e->local)));
	entries = catalogue_entries(e->catalogue, ITEM_TOOL, &n);
	for (size_t i = 0; i < n && e->item == NULL; i++)
		if (is_meant(e, entries[i].name, entries[i].provider, entries[i].item)) {
			e->provider = entries[i].provider;
			e->item = entries[i].item;
		}
	hidden = catalogue_hidden(e->catalogue, &n);
	for (size_t i = 0; i < n && e->item == NULL; i++)
		if (hidden[i].kind == ITEM_TOOL &&
		    is_meant(e, hidden[i].name, hidden[i].provider, hidden[i].item)) {
			e->hidden = &hidden[i];
			e->provider = (struct provider *)(uintptr_t)hidden[i].provider;
			e->item = hidden[i].item;
		}
}

/* Of a server that is down nobody knows what it has. */
MUST_CHECK static bool
unknown_fail(struct explaining *e, struct err *err)
{
	struct slice separator = hub_config(local_hub(e->local))->separator;
	struct provider *const *providers;
	struct provider_health health;
	size_t n;

	providers = hub_providers(local_hub(e->local), &n);
	for (size_t i = 0; i < n; i++) {
		struct slice name = providers[i]->name, rest = e->asked.tool;
		bool is_its = n == 1 || slice_eq(name, e->asked.server);

		if (slice_starts(rest, name)) {
			rest = (struct slice){ rest.p + name.n, rest.n - name.n };
			is_its |= slice_starts(rest, separator);
		}
		providers[i]->ops->health(providers[i], NULL, &health);
		if (is_its && health.state != PROVIDER_READY)
			return err_set(err, ERR_UNAVAILABLE,
			    "%.*s is not there, and what it offers is not known: %s",
			    SLICE_FMT(name), health.why.text);
	}
	return err_set(err, ERR_PARAMS, "unknown tool \"%.*s\"",
	    (int)(e->asked.tool.n > 100 ? 100 : e->asked.tool.n), e->asked.tool.p);
}

/* As gateway's crossing has it for a client's request. */
static void
subject_make(struct explaining *e)
{
	struct hub *hub = local_hub(e->local);
	struct asked *asked = &e->asked;

	e->caller = policy_caller(hub_config(hub), asked->caller, asked->tenant);
	e->subject = (struct guard_subject){ .caller = &e->caller,
		.client = asked->client.p != NULL ? asked->client : S("bascule"),
		.revision = asked->revision.p != NULL
		    ? asked->revision
		    : slice_of(mcp_revision_name(MCP_NEWEST_LEGACY)),
		.text = buf_view(&e->arguments),
		.arguments = buf_view(&e->arguments),
		.definition = e->item->definition,
		.now_ms = loop_now_ms(local_loop(e->local)),
		.unix_s = (int64_t)(loop_unix_ms(local_loop(e->local)) / 1000) };
	provider_subject(&e->subject, ITEM_TOOL, e->provider, e->item);
}

/* ---- one rule -------------------------------------------------------------------------------- */

static void
put_words(struct buf *out, const struct slice *words, size_t n)
{
	buf_puts(out, n != 1 ? "[" : "");
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		buf_put_shown(out, words[i]);
	}
	buf_puts(out, n != 1 ? "]" : "");
}

static void
put_test(struct buf *out, const struct config_test *test)
{
	static const char *const kinds[] = { [TEST_EXISTS] = "exists",
		[TEST_IN] = "in",
		[TEST_GLOB] = "glob",
		[TEST_REGEX] = "regex",
		[TEST_UNDER] = "under",
		[TEST_HOST] = "host",
		[TEST_MIN] = "min",
		[TEST_MAX] = "max",
		[TEST_LONGER] = "longer" };

	buf_put_shown(out, test->pointer);
	buf_printf(out, " %s%s ", test->is_not ? "not " : "", kinds[test->kind]);
	if (test->words_n > 0)
		put_words(out, test->words, test->words_n);
	else if (test->kind == TEST_EXISTS)
		buf_puts(out, test->number != 0 ? "true" : "false");
	else
		buf_printf(out, "%g", test->number);
}

static void
put_hints(struct buf *out, const struct config_rule *rule)
{
	const struct {
		const char *name;
		enum config_truth truth;
	} hints[] = { { "readOnlyHint", rule->read_only }, { "destructiveHint", rule->destructive },
		{ "idempotentHint", rule->idempotent }, { "openWorldHint", rule->open_world } };
	const char *between = "";

	for (size_t i = 0; i < COUNT(hints); i++) {
		if (hints[i].truth == TRUTH_UNSET)
			continue;
		buf_printf(out, "%s%s %s", between, hints[i].name,
		    hints[i].truth == TRUTH_TRUE ? "true" : "false");
		between = ", ";
	}
}

static void
put_time(struct buf *out, const struct config_rule *rule)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	unsigned from = (unsigned)rule->from_min, to = (unsigned)rule->to_min;
	const char *between = "";

	if (from != to)
		buf_printf(out, "%02u:%02u to %02u:%02u UTC%s", from / 60, from % 60, to / 60,
		    to % 60, rule->days != 0 ? " " : "");
	for (unsigned i = 0; i < COUNT(days); i++) {
		if ((rule->days & 1u << i) == 0)
			continue;
		buf_printf(out, "%s%s", between, days[i]);
		between = ", ";
	}
}

/* What a part asks, as far as the configuration says it. */
static void
put_asked(struct buf *out, const struct config_rule *rule, const struct guard_part *part)
{
	if (part->test != NULL)
		put_test(out, part->test);
	else if (part->globs != NULL)
		put_words(out, part->globs, part->globs_n);
	else if (strcmp(part->name, "time") == 0)
		put_time(out, rule);
	else
		put_hints(out, rule);
}

static const char *
answer_word(enum rule_answer answer)
{
	static const char *const words[] = {
		[RULE_NO] = "no", [RULE_YES] = "yes", [RULE_UNSURE] = "cannot be told"
	};

	return words[answer];
}

static const char *
action_word(const struct config_rule *rule)
{
	static const char *const words[] = { [CONFIG_ALLOW] = "allow",
		[CONFIG_DENY] = "deny",
		[CONFIG_ASK] = "ask",
		[CONFIG_LOG] = "log" };

	return words[rule->action];
}

static void
reading_line(struct buf *out, const struct guard_reading *reading)
{
	buf_puts(out, "  ");
	buf_put_shown(out, reading->rule->id);
	buf_printf(out, " (%s): %s\n", action_word(reading->rule),
	    reading->matches ? "matches" : "does not match");
	for (size_t i = 0; i < reading->parts_n; i++) {
		const struct guard_part *part = &reading->parts[i];

		buf_printf(out, "    %s ", part->name);
		put_asked(out, reading->rule, part);
		buf_printf(out, ": %s", answer_word(part->answer));
		if (part->globs != NULL && part->answer != RULE_YES) {
			buf_puts(out, ", it is ");
			buf_put_shown(out, part->text.n > 0 ? part->text : S("not known"));
		}
		buf_putc(out, '\n');
	}
}

static void
reading_json(struct buf *out, const struct guard_reading *reading)
{
	struct buf text;

	buf_puts(out, "{\"rule\":");
	buf_json_string(out, reading->rule->id);
	buf_printf(out, ",\"action\":\"%s\",\"matches\":%s,\"asks\":[", action_word(reading->rule),
	    reading->matches ? "true" : "false");
	for (size_t i = 0; i < reading->parts_n; i++) {
		const struct guard_part *part = &reading->parts[i];

		buf_init(&text, NULL, MIB);
		put_asked(&text, reading->rule, part);
		buf_printf(out, "%s{\"match\":\"%s\",\"what\":", i > 0 ? "," : "", part->name);
		buf_json_string(out, buf_view(&text));
		buf_printf(out, ",\"holds\":%s}",
		    part->answer == RULE_UNSURE	   ? "null"
			: part->answer == RULE_YES ? "true"
						   : "false");
		buf_fini(&text);
	}
	buf_puts(out, "]}");
}

static void
reading_take(void *ctx, const struct guard_reading *reading)
{
	struct explaining *e = ctx;

	if (e->is_json && e->readings_n > 0)
		buf_putc(&e->readings, ',');
	(e->is_json ? reading_json : reading_line)(&e->readings, reading);
	e->readings_n++;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* The arguments as they would go on; SLICE_NONE: nothing would be sent. */
static struct slice
sent_of(const struct explaining *e)
{
	if (e->verdict.action == GUARD_DENY || e->verdict.answer.n > 0)
		return SLICE_NONE;
	return e->verdict.text.n > 0 ? buf_view(&e->verdict.text) : buf_view(&e->arguments);
}

static void
put_notes(const struct explaining *e, struct buf *out)
{
	for (unsigned i = 0; i < e->verdict.notes_n; i++) {
		const struct guard_note *note = &e->verdict.notes[i];

		buf_puts(out, e->is_json ? (i > 0 ? ",{\"rule\":" : "{\"rule\":") : "noted: ");
		if (e->is_json) {
			buf_json_string(out, note->rule);
			buf_puts(out, ",\"action\":");
			buf_json_string(out, note->action);
			buf_printf(out, ",\"count\":%u}", note->count);
		} else {
			buf_put_shown(out, note->rule);
			buf_printf(out, ", %.*s, %u\n", SLICE_FMT(note->action), note->count);
		}
	}
}

static struct slice
reason_of(const struct explaining *e)
{
	return e->verdict.err.kind != ERR_NONE ? slice_of(e->verdict.err.text) : e->verdict.reason;
}

static void
put_json(const struct explaining *e, struct buf *out)
{
	struct slice sent = sent_of(e);

	buf_putc(out, '{');
	policy_put_verdict_json(out, e->verdict.action, e->verdict.rule, reason_of(e));
	buf_puts(out, ",\"server\":");
	buf_json_string(out, e->subject.server);
	buf_puts(out, ",\"tool\":");
	buf_json_string(out, e->subject.name);
	buf_puts(out, ",\"caller\":");
	buf_json_string(out, e->caller.principal);
	buf_printf(out, ",\"shown\":%s,\"rules\":[",
	    e->not_shown.p == NULL && e->hidden == NULL ? "true" : "false");
	buf_put(out, buf_view(&e->readings));
	buf_puts(out, "],\"noted\":[");
	put_notes(e, out);
	buf_puts(out, "],\"sent\":");
	if (sent.p == NULL) {
		buf_puts(out, "null}\n");
		return;
	}
	buf_puts(out, "{\"server\":");
	buf_json_string(out, e->subject.server);
	buf_puts(out, ",\"tool\":");
	buf_json_string(out, e->subject.name);
	buf_puts(out, ",\"arguments\":");
	buf_put(out, sent);
	buf_puts(out, "}}\n");
}

static void
put_sent(const struct explaining *e, struct buf *out)
{
	struct slice sent = sent_of(e);

	if (e->verdict.answer.n > 0 && e->verdict.action != GUARD_DENY) {
		buf_puts(out, "nothing is sent: ");
		buf_put_shown(out, e->verdict.rule);
		buf_puts(out, " answers itself\n");
	}
	if (sent.p == NULL) {
		buf_puts(out, e->verdict.action == GUARD_DENY ? "nothing is sent\n" : "");
		return;
	}
	buf_puts(out, e->verdict.action == GUARD_ASK_FIRST ? "sent, after a yes: " : "sent: ");
	if (sent.n > SHOWN_BYTES)
		buf_printf(out, "%zu bytes of arguments; --json has them", sent.n);
	else
		pins_put_visible(out, sent);
	buf_putc(out, '\n');
}

static void
put_text(const struct explaining *e, struct buf *out)
{
	policy_put_verdict(out, e->verdict.action, e->verdict.rule, reason_of(e));
	buf_puts(out, "\ncall: ");
	buf_put_shown(out, e->subject.name);
	buf_puts(out, " of ");
	buf_put_shown(out, e->subject.server);
	buf_puts(out, ", by ");
	buf_put_shown(out, e->caller.principal);
	buf_putc(out, '\n');
	if (e->not_shown.p != NULL) {
		buf_puts(out, "not shown to ");
		buf_put_shown(out, e->caller.principal);
		buf_puts(out, ": the tool is unknown there\n");
	}
	if (e->readings_n > 0)
		buf_puts(out, "rules, in their order:\n");
	buf_put(out, buf_view(&e->readings));
	put_notes(e, out);
	put_sent(e, out);
}

static int
explain_work(struct local *local, void *arg)
{
	struct explaining *e = arg;
	struct guard *guard = hub_guard(local_hub(local));
	const struct options *options = e->options;
	struct slice schema = SLICE_NONE, rule;
	struct err err = { 0 };
	struct buf out;

	e->local = local;
	if (!local_settle_wait(
		local, e->asked.server.p == NULL ? e->asked.tool : SLICE_NONE, NULL, &err))
		return cli_fail(&err);
	tool_find(e);
	if (e->item == NULL) {
		if (!unknown_fail(e, &err) && err.kind == ERR_PARAMS)
			local_suggest(local, e->asked.tool, &err);
		return cli_fail(&err);
	}
	json_find(e->item->definition, S("inputSchema"), &schema);
	if (e->asked.arguments.p != NULL)
		buf_put(&e->arguments, e->asked.arguments);
	else if (!call_arguments(
		     options->words + 2, options->words_n - 2, schema, &e->arguments, &err))
		return cli_fail(&err);
	subject_make(e);
	if (!guard_shows(guard, &e->subject, &rule))
		e->not_shown = rule;
	guard_explain(guard, &e->subject, reading_take, e);
	if (!guard_message_wait(
		guard, &e->subject, GUARD_REQUEST, GUARD_TO_PROVIDER, &e->verdict, &err))
		return cli_fail(&err);
	if (e->hidden != NULL) {
		e->verdict.action = GUARD_DENY;
		e->verdict.rule = e->hidden->rule;
		e->verdict.reason = e->hidden->reason;
	}
	buf_init(&out, NULL, 2 * ARGUMENTS_BYTES);
	(e->is_json ? put_json : put_text)(e, &out);
	return cli_print(&out, EXIT_DONE);
}

/* The guard is gone before its verdict otherwise. */
static int
explain_whole(struct local *local, void *arg)
{
	struct explaining *e = arg;
	int status = explain_work(local, e);

	guard_verdict_fini(&e->verdict);
	catalogue_unref(&e->catalogue);
	return status;
}

int
policy_explain_run(struct options *options)
{
	struct explaining *e = MEM_NEW(struct explaining);
	struct err err = { 0 };
	int status;

	e->options = options;
	e->is_json = option_is_given(options, OPTION_JSON);
	arena_init(&e->arena, NULL, 2 * ARGUMENTS_BYTES);
	buf_init(&e->arguments, NULL, ARGUMENTS_BYTES);
	buf_init(&e->readings, NULL, ARGUMENTS_BYTES);
	status = question_read(e, &err) ? local_run(options, LOCAL_QUICK, explain_whole, e)
					: cli_fail(&err);
	buf_fini(&e->arguments);
	buf_fini(&e->readings);
	arena_fini(&e->arena);
	mem_free(e);
	return status;
}
