/*
 * The one point that every message crosses: a table of stages, each of which looks at some kinds of
 * messages.  The first that refuses ends it; what one has changed is what the next one sees.
 */
#include "guard/stages.h"

#define ALL_KINDS ((1u << (GUARD_DEFINITION + 1)) - 1)

static const struct stage {
	unsigned kinds;
	void (*look)(struct look *look);
} stages[] = {
	{ 1u << GUARD_REQUEST | 1u << GUARD_DEFINITION, pins_look },
	{ 1u << GUARD_REQUEST, rules_look },
	{ 1u << GUARD_REQUEST | 1u << GUARD_RESULT | 1u << GUARD_ANSWER, flow_look },
	{ 1u << GUARD_REQUEST | 1u << GUARD_RESULT, limits_look },
	{ ALL_KINDS, scan_look },
	{ 1u << GUARD_REQUEST | 1u << GUARD_RESULT | 1u << GUARD_TELL | 1u << GUARD_DEFINITION,
	    plugins_look },
};

/* Which upstreams execute what a registry has today. */
static void
commands_tell(struct guard *guard, const struct config *config)
{
	for (size_t i = 0; guard->loop != NULL && i < config->upstreams_n; i++) {
		const struct config_upstream *upstream = &config->upstreams[i];
		struct slice package;

		if (upstream->enabled && upstream->command_n > 0 &&
		    command_is_unpinned(upstream->written, upstream->written_n, &package) &&
		    told_is_news(guard->told, hash_bytes(package, hash_bytes(upstream->name, 0))))
			log_event(loop_log(guard->loop), LOG_WARN, "command_unpinned",
			    "%.*s executes whatever \"%.*s\" is at the moment: name a version",
			    SLICE_FMT(upstream->name), (int)(package.n > 100 ? 100 : package.n),
			    package.p);
	}
}

bool
guard_new(struct loop *loop, const struct config *config, struct guard *before, struct guard **out,
    struct err *err)
{
	struct guard *guard = MEM_NEW(struct guard);

	guard->number = before != NULL ? before->number + 1 : 1;
	guard->loop = loop;
	guard->config = &config->guard;
	guard->limits = limits_new(&config->guard, loop != NULL ? loop_seed(loop) : 0,
	    before != NULL ? before->limits : NULL);
	guard->flow = flow_new(&config->guard, loop != NULL ? loop_seed(loop) : 0,
	    before != NULL ? before->flow : NULL);
	guard->told = told_of(before != NULL ? before->told : NULL);
	if (!rules_new(&config->guard, loop != NULL ? loop_seed(loop) : 0, &guard->rules, err) ||
	    !pinned_new(loop, config, guard->told, &guard->pinned, err) ||
	    !guard_scan_new(
		loop, config, before != NULL ? before->scan : NULL, &guard->scan, err) ||
	    !plugins_new(loop, config, &guard->plugins, err)) {
		guard_free(&guard);
		return false;
	}
	commands_tell(guard, config);
	*out = guard;
	return true;
}

void
guard_free(struct guard **at)
{
	struct guard *guard = *at;

	*at = NULL;
	if (guard == NULL)
		return;
	rules_free(&guard->rules);
	limits_free(&guard->limits);
	guard_scan_free(&guard->scan);
	plugins_free(&guard->plugins);
	flow_free(&guard->flow);
	pinned_free(&guard->pinned);
	told_unref(&guard->told);
	mem_free(guard);
}

struct loop *
guard_loop(const struct guard *guard)
{
	return guard->loop;
}

uint64_t
guard_rule_print(const struct guard *guard, struct slice rule)
{
	uint64_t print = rules_print(guard->rules, rule);

	return print != 0 ? print : guard->number;
}

uint64_t
guard_number(const struct guard *guard)
{
	return guard->number;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

void
guard_verdict_fini(struct guard_verdict *verdict)
{
	buf_fini(&verdict->text);
	guard_done(&verdict->hold);
	buf_fini(&verdict->words);
	buf_fini(&verdict->answer);
}

void
look_note(struct look *look, struct slice rule, struct slice action)
{
	struct guard_verdict *verdict = look->verdict;

	for (unsigned i = 0; i < verdict->notes_n; i++) {
		struct guard_note *note = &verdict->notes[i];

		if (slice_eq(note->rule, rule) && slice_eq(note->action, action)) {
			note->count++;
			return;
		}
	}
	if (verdict->notes_n < GUARD_NOTES)
		verdict->notes[verdict->notes_n++] = (struct guard_note){ rule, action, 1 };
}

void
look_decide(struct look *look, enum guard_action action, struct slice rule, struct slice reason)
{
	/* An approval does not undo a refusal; the first that asks is asked for. */
	if (look->verdict->action == GUARD_DENY ||
	    (look->verdict->action == GUARD_ASK_FIRST && action != GUARD_DENY))
		return;
	look->verdict->action = action;
	look->verdict->rule = rule;
	look->verdict->reason = reason;
}

void
look_decide_words(
    struct look *look, enum guard_action action, struct slice rule, struct buf *reason)
{
	struct slice words = buf_view(reason);

	look_decide(look, action, rule, words);
	/* It was taken: what stands there now lives as long as the verdict. */
	if (words.p != NULL && look->verdict->reason.p == words.p) {
		buf_fini(&look->verdict->words);
		buf_take(&look->verdict->words, reason);
	}
}

void
look_answer(struct look *look, struct buf *answer)
{
	buf_fini(&look->verdict->answer);
	buf_take(&look->verdict->answer, answer);
}

struct slice
look_text(const struct look *look)
{
	if (look->verdict->text.n > 0)
		return buf_view(&look->verdict->text);
	return look->kind == GUARD_REQUEST && look->subject->arguments.p != NULL
	    ? look->subject->arguments
	    : look->subject->text;
}

void
look_change(struct look *look, struct buf *text)
{
	buf_fini(&look->verdict->text);
	look->verdict->text = *text;
	buf_init(text, NULL, 0);
}

static void
look_all(struct look *look)
{
	struct guard_verdict *verdict = look->verdict;

	must_slow(look->subject->caller != NULL || look->kind == GUARD_DEFINITION);
	*verdict = (struct guard_verdict){ .action = GUARD_ALLOW, .rule = S("default") };
	for (size_t i = 0; i < COUNT(stages) && verdict->action != GUARD_DENY; i++)
		if ((stages[i].kinds & 1u << look->kind) != 0)
			stages[i].look(look);
}

void
guard_message(struct guard *guard, const struct guard_subject *subject, enum guard_kind kind,
    enum guard_direction direction, struct guard_verdict *verdict)
{
	look_all(&(struct look){ guard, subject, kind, direction, verdict, false });
}

bool
guard_look_ahead(struct guard *guard, const struct guard_subject *subject)
{
	return scan_look_ahead(guard->scan, subject);
}

bool
guard_message_wait(struct guard *guard, const struct guard_subject *subject, enum guard_kind kind,
    enum guard_direction direction, struct guard_verdict *verdict, struct err *err)
{
	look_all(&(struct look){ guard, subject, kind, direction, verdict, true });
	(void)err;
	return true;
}
