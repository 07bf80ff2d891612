/*
 * What a window has read: a session, or all that one caller does.  After content that anybody may
 * have written, what sends data out is closed for a while: such content may be an order to the
 * model, and the call its execution.  Determined by where things come from, not by what they say.
 */
#include "guard/flow.h"

#include "guard/live.h"

struct flow {
	const struct config_flow *config;
	struct canaries *canaries; /* NULL: there are none */
	struct live *live;	   /* NULL: nothing was labelled yet */
	struct live_key of_session, of_caller, others;
};

struct flow *
flow_new(const struct config_guard *config, uint64_t seed, const struct flow *before)
{
	struct flow *flow = MEM_NEW(struct flow);

	flow->config = &config->flow;
	if (config->flow.canaries_n > 0)
		flow->canaries = canaries_new(&config->flow);
	if (before != NULL && before->live != NULL)
		flow->live = live_ref(before->live);
	else if (config->flow.marks_n[LABEL_SINK] > 0)
		flow->live = live_new(seed, LIVE_MOST);
	if (flow->live == NULL)
		return flow;
	flow->of_session = live_key(flow->live, S("session"));
	flow->of_caller = live_key(flow->live, S("caller"));
	flow->others = live_key(flow->live, S("others"));
	return flow;
}

void
flow_free(struct flow **at)
{
	struct flow *flow = *at;

	*at = NULL;
	if (flow == NULL)
		return;
	canaries_free(&flow->canaries);
	live_unref(&flow->live);
	mem_free(flow);
}

const struct canaries *
flow_canaries(const struct flow *flow)
{
	return flow->canaries;
}

/* ---- labels ---------------------------------------------------------------------------------- */

/*
 * What came back and is of no tool, prompt or resource by name (the outcome of a task, say) has
 * every label of its server: it may be of any of them.
 */
static bool
has_label(const struct config_mark *mark, const struct guard_subject *subject, bool is_result)
{
	if (!slice_fits(mark->server, mark->server_n, subject->server))
		return false;
	if (is_result && subject->target == GUARD_OTHER)
		return true;
	return slice_fits(mark->tool, mark->tool_n,
		   subject->target == GUARD_TOOL ? subject->name : SLICE_NONE) &&
	    slice_fits(mark->resource, mark->resource_n,
		subject->target == GUARD_RESOURCE ? subject->name : SLICE_NONE);
}

static const struct config_mark *
mark_find(const struct flow *flow, enum config_label label, const struct guard_subject *subject)
{
	for (size_t i = 0; i < flow->config->marks_n[label]; i++)
		if (has_label(&flow->config->marks[label][i], subject, label != LABEL_SINK))
			return &flow->config->marks[label][i];
	return NULL;
}

/* ---- windows --------------------------------------------------------------------------------- */

/* Who has no session is known by who calls. */
static struct live_entry *
window_of(const struct flow *flow, const struct guard_subject *subject)
{
	struct live_key key;

	if (flow->config->is_of_caller != 0 || subject->window == 0)
		key = live_key_add(live_key_add(flow->of_caller, subject->caller->principal),
		    subject->caller->tenant);
	else
		key = live_key_add(flow->of_session,
		    (struct slice){ (const char *)&subject->window, sizeof(subject->window) });
	return live_get(flow->live, key, flow->others, subject->now_ms);
}

void
flow_read(struct flow *flow, const struct guard_subject *subject)
{
	struct live_entry *window;

	if (flow->config->marks_n[LABEL_SINK] == 0)
		return;
	for (enum config_label label = 0; label < LABEL_SINK; label++) {
		if (mark_find(flow, label, subject) == NULL)
			continue;
		window = window_of(flow, subject);
		window->until_ms[label] = subject->now_ms + flow->config->for_ms;
		if (window->fresh_ms < window->until_ms[label])
			window->fresh_ms = window->until_ms[label];
	}
}

const struct config_mark *
flow_closed(struct flow *flow, const struct guard_subject *subject)
{
	const struct config_mark *sink = mark_find(flow, LABEL_SINK, subject);
	const struct live_entry *window;

	if (sink == NULL)
		return NULL;
	window = window_of(flow, subject);
	if (window->until_ms[LABEL_UNTRUSTED] <= subject->now_ms ||
	    (flow->config->needs_both != 0 && window->until_ms[LABEL_PRIVATE] <= subject->now_ms))
		return NULL;
	return sink;
}
