/*
 * Definitions are shown to the guard before they are shown to clients: while a catalogue is made,
 * each item that the configuration lets through, alone; and what servers say of themselves when
 * somebody asks.  What is refused is left out and nothing else is; what is changed is shown so.
 *
 * Native providers are this program itself: they are not looked at.
 */
#include <string.h>

#include "gateway/hub.h"

#define WHY_BYTES   512	       /* of a reason */
#define AHEAD_BYTES (64 * KIB) /* of definitions, between turns of the loop */

struct screens {
	struct screen **all; /* of each source and kind; NULL: nothing of it was touched */
	size_t sources_n, hidden_n, more_bytes;
};

static void
look_at(struct guard *guard, const struct provider *provider, struct guard_subject *subject,
    struct guard_verdict *verdict)
{
	const struct loop *loop = provider->hub->loop;

	subject->server = provider->name;
	subject->now_ms = loop_now_ms(loop);
	subject->unix_s = (int64_t)(loop_unix_ms(loop) / 1000);
	guard_message(guard, subject, GUARD_DEFINITION, GUARD_TO_CLIENT, verdict);
}

/* ---- items ----------------------------------------------------------------------------------- */

static struct guard_subject
subject_of_item(enum item_kind kind, const struct item *item)
{
	static const enum guard_target targets[ITEM_KINDS] = { [ITEM_TOOL] = GUARD_TOOL,
		[ITEM_PROMPT] = GUARD_PROMPT,
		[ITEM_RESOURCE] = GUARD_RESOURCE,
		[ITEM_TEMPLATE] = GUARD_RESOURCE };
	return (struct guard_subject){
		.method = slice_of(mcp_method_row(item_kind_row(kind)->list)->name),
		.target = targets[kind],
		.name = item->name,
		.is_read_only = item->is_read_only,
		.is_destructive = item->is_destructive,
		.is_idempotent = item->is_idempotent,
		.is_open_world = item->is_open_world,
		.text = item->definition,
	};
}

static void
item_look(struct guard *guard, const struct provider *provider, enum item_kind kind,
    const struct item *item, struct guard_verdict *verdict)
{
	struct guard_subject subject = subject_of_item(kind, item);

	look_at(guard, provider, &subject, verdict);
}

bool
screen_ahead_wait(
    struct hub *hub, const struct provider *provider, const struct offer *offer, struct err *err)
{
	struct gateway *gateway;
	bool ok = true, is_quicker = true;
	size_t bytes = 0;

	if (hub->now == NULL) /* it stops */
		return true;
	gateway = gateway_ref(hub->now);
	for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
		for (size_t i = 0; ok && is_quicker && i < offer->items[kind].n; i++) {
			const struct item *item = &offer->items[kind].all[i];
			struct guard_subject subject = subject_of_item(kind, item);

			subject.server = provider->name;
			is_quicker = guard_look_ahead(gateway->guard, &subject);
			bytes += item->definition.n;
			if (bytes < AHEAD_BYTES)
				continue;
			bytes = 0;
			ok = task_yield_wait(hub->loop, err);
		}
	gateway_unref(&gateway);
	return ok;
}

static struct slice
kept(struct arena *arena, struct slice text)
{
	struct err err;

	if (text.n > WHY_BYTES)
		text.n = WHY_BYTES;
	return arena_reserve(arena, text.n + 1, &err) ? slice_dup(arena, text) : S("");
}

/* A changed definition has the same name, or it could not be called by it. */
static bool
is_of_same_name(enum item_kind kind, const struct item *item, struct slice definition)
{
	struct slice token;

	return json_type(definition) == JSON_OBJECT &&
	    json_find(definition, item_kind_row(kind)->member, &token) &&
	    slice_eq(token, item->name_token);
}

static void
hide(struct screens *screens, struct screen *screen, struct arena *arena, struct slice rule,
    struct slice reason)
{
	*screen = (struct screen){
		.is_hidden = true, .rule = kept(arena, rule), .reason = kept(arena, reason)
	};
	screens->hidden_n++;
}

static void
screen_fill(struct screens *screens, struct screen *screen, enum item_kind kind,
    const struct item *item, struct arena *arena, const struct guard_verdict *verdict)
{
	struct slice text = buf_view(&verdict->text);
	struct err err;

	if (verdict->action != GUARD_ALLOW) {
		hide(screens, screen, arena, verdict->rule,
		    verdict->err.kind != ERR_NONE ? slice_of(verdict->err.text) : verdict->reason);
		return;
	}
	if (text.n == 0)
		return;
	if (!is_of_same_name(kind, item, text)) {
		hide(screens, screen, arena,
		    verdict->notes_n > 0 ? verdict->notes[0].rule : verdict->rule,
		    S("what is wrong is in its name"));
		return;
	}
	if (!arena_reserve(arena, text.n, &err)) {
		hide(screens, screen, arena, verdict->rule, slice_of(err.text));
		return;
	}
	screen->text = slice_dup(arena, text);
	screens->more_bytes += text.n;
}

static void
kind_look(struct screens *screens, const struct catalogue_source *source, enum item_kind kind,
    struct screen **all, struct arena *arena)
{
	size_t n = source->offer->items[kind].n;

	for (size_t i = 0; i < n; i++) {
		const struct item *item = &source->offer->items[kind].all[i];
		struct guard_verdict verdict;

		if (kind == ITEM_TOOL && !tools_allow(source->rules, item->name))
			continue;
		item_look(source->guard, source->provider, kind, item, &verdict);
		if (*all == NULL && (verdict.action != GUARD_ALLOW || verdict.text.n > 0))
			*all = mem_new(n * sizeof(**all));
		if (*all != NULL)
			screen_fill(screens, &(*all)[i], kind, item, arena, &verdict);
		guard_verdict_fini(&verdict);
	}
}

struct screens *
screens_new(const struct catalogue_source *sources, struct offer *const *offers, size_t n,
    struct arena *arena)
{
	struct screens *screens = MEM_NEW(struct screens);

	screens->sources_n = n;
	screens->all = mem_new((n + 1) * ITEM_KINDS * sizeof(*screens->all));
	for (size_t i = 0; i < n; i++)
		for (enum item_kind kind = 0; kind < ITEM_KINDS; kind++)
			if (offers[i] != NULL && sources[i].guard != NULL)
				kind_look(screens, &sources[i], kind,
				    &screens->all[i * ITEM_KINDS + kind], arena);
	return screens;
}

void
screens_free(struct screens **at)
{
	struct screens *screens = *at;

	*at = NULL;
	if (screens == NULL)
		return;
	for (size_t i = 0; i < screens->sources_n * ITEM_KINDS; i++)
		mem_free(screens->all[i]);
	mem_free(screens->all);
	mem_free(screens);
}

const struct screen *
screens_of(const struct screens *screens, size_t source, enum item_kind kind, size_t item)
{
	static const struct screen clean;
	const struct screen *all = screens->all[source * ITEM_KINDS + kind];

	return all != NULL ? &all[item] : &clean;
}

size_t
screens_hidden(const struct screens *screens)
{
	return screens->hidden_n;
}

size_t
screens_bytes(const struct screens *screens)
{
	return screens->more_bytes;
}

/* ---- what servers say of themselves ---------------------------------------------------------- */

static void
instructions_tell(struct provider *provider, struct slice text, const struct guard_verdict *verdict)
{
	uint64_t hash = hash_bytes(text, loop_seed(provider->hub->loop)) | 1;
	bool is_refused = verdict->action != GUARD_ALLOW;

	if (provider->told == hash)
		return;
	provider->told = hash;
	log_event(loop_log(provider->hub->loop), LOG_WARN, "instructions_hidden",
	    "upstream %.*s: its instructions are %s by rule %.*s", SLICE_FMT(provider->name),
	    is_refused ? "left out" : "changed",
	    SLICE_FMT(
		verdict->notes_n > 0 && !is_refused ? verdict->notes[0].rule : verdict->rule));
}

void
screen_instructions(struct gateway *gateway, struct provider *provider, struct slice text,
    struct arena *arena, struct slice *out)
{
	struct guard_subject subject = { .method = S("initialize"), .target = GUARD_OTHER };
	struct guard_verdict verdict;
	struct buf token;
	struct err err;

	*out = text;
	if (text.n == 0 || provider->has_own_prefix)
		return;
	buf_init(&token, loop_memory(provider->hub->loop), 6 * text.n + 2);
	buf_json_string(&token, text);
	*out = SLICE_NONE;
	if (!buf_check(&token, &err)) {
		buf_fini(&token);
		return;
	}
	subject.text = buf_view(&token);
	look_at(gateway->guard, provider, &subject, &verdict);
	if (verdict.action != GUARD_ALLOW || verdict.text.n > 0)
		instructions_tell(provider, text, &verdict);
	if (verdict.action == GUARD_ALLOW && verdict.text.n == 0)
		*out = text;
	else if (verdict.action == GUARD_ALLOW &&
	    (json_type(buf_view(&verdict.text)) != JSON_STRING ||
		!arena_reserve(arena, verdict.text.n, &err) ||
		!json_string(arena, buf_view(&verdict.text), out, &err)))
		*out = SLICE_NONE;
	guard_verdict_fini(&verdict);
	buf_fini(&token);
}
