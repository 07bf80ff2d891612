/*
 * The stage of `guard.flow` and `guard.egress`: does a request send out what must not leave, and
 * does a result bring what is to be remembered, or would be loaded from elsewhere?  Large texts are
 * looked through on a helper thread, where the message is in a task that may wait.
 */
#include "guard/stages.h"

static void
refuse(struct look *look, struct slice rule, const char *why, const char *what)
{
	look_decide(look, GUARD_DENY, rule, SLICE_NONE);
	err_set(&look->verdict->err, ERR_REFUSED, "refused by rule %.*s: %s%s", SLICE_FMT(rule),
	    why, what);
}

static void
act(struct look *look, enum config_flow_action action, struct slice rule, struct slice reason)
{
	if (action == FLOW_LOG)
		look_note(look, rule, S("log"));
	else
		look_decide(look, action == FLOW_ASK ? GUARD_ASK_FIRST : GUARD_DENY, rule, reason);
}

/* ---- where texts are looked through ---------------------------------------------------------- */

/* What goes to the thread, and what comes back. */
struct search {
	const struct config_egress *config;
	const struct canaries *canaries;
	struct slice text, server;
	bool has_any_scheme;
	bool is_found;
	struct egress_found host;
	struct links_found links;
};

static void
egress_work(void *arg)
{
	struct search *search = arg;

	search->is_found =
	    egress_find(search->config, search->text, search->has_any_scheme, &search->host);
}

static void
canary_work(void *arg)
{
	struct search *search = arg;

	search->is_found = canaries_find(search->canaries, search->text, search->server);
}

static void
links_work(void *arg)
{
	struct search *search = arg;

	links_find(search->config, search->text, &search->links);
}

static void
search_do(const struct look *look, void (*work)(void *arg), struct search *search)
{
	if (search->text.n > SLICE_OF_WORK_BYTES && look->may_wait)
		helper_run_wait(look->guard->loop, "scan", work, search);
	else
		work(search);
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool
is_watched(const struct config_egress *config, const struct guard_subject *subject)
{
	return config->hosts_n > 0 &&
	    slice_fits(config->server, config->server_n, subject->server) &&
	    slice_fits(config->tool, config->tool_n,
		subject->target == GUARD_TOOL ? subject->name : SLICE_NONE);
}

/* URLs in what a tool or prompt is given; of a resource, its own. */
static void
egress_look(struct look *look)
{
	const struct config_egress *config = &look->guard->config->egress;
	const struct guard_subject *subject = look->subject;
	bool is_resource = subject->target == GUARD_RESOURCE;
	struct search search = { .config = config,
		.text = is_resource		   ? subject->name
		    : subject->arguments.p != NULL ? look_text(look)
						   : SLICE_NONE,
		.has_any_scheme = !is_resource };

	if (search.text.p == NULL || !is_watched(config, subject))
		return;
	search_do(look, egress_work, &search);
	if (!search.is_found)
		return;
	if (config->action == FLOW_DENY)
		refuse(look, S("egress"),
		    "a URL leads to a host that guard.egress does not name: ", search.host.host);
	else
		act(look, config->action, S("egress"),
		    S("a URL leads to a host that guard.egress does not name"));
}

/* False: it is refused. */
static bool
canary_look(struct look *look)
{
	struct search search = { .canaries = flow_canaries(look->guard->flow),
		.text = look->subject->text,
		.server = look->subject->server };

	if (search.canaries == NULL)
		return true;
	search_do(look, canary_work, &search);
	if (!search.is_found && look->verdict->text.n > 0) {
		search.text = look_text(look);
		search_do(look, canary_work, &search);
	}
	if (!search.is_found)
		return true;
	refuse(look, S("flow.canary"), "it holds a text that must not leave where it lies", "");
	return false;
}

static void
request_look(struct look *look)
{
	struct flow *flow = look->guard->flow;
	const struct config_flow *config = &look->guard->config->flow;
	const struct config_mark *sink;

	if (!canary_look(look))
		return;
	egress_look(look);
	sink = flow_closed(flow, look->subject);
	if (sink != NULL)
		act(look,
		    sink->action > 0 ? (enum config_flow_action)(sink->action - 1) : config->action,
		    sink->rule,
		    config->needs_both != 0
			? S("private data and untrusted content were read before, and this call "
			    "sends data out")
			: S("untrusted content was read before, and this call sends data out"));
}

/* ---- results --------------------------------------------------------------------------------- */

static void
links_look(struct look *look)
{
	const struct config_egress *config = &look->guard->config->egress;
	struct search search = { .config = config, .text = look_text(look) };
	struct links_found *found = &search.links;

	if (!is_watched(config, look->subject) ||
	    (config->images == LINKS_OFF && config->links == LINKS_OFF))
		return;
	search_do(look, links_work, &search);
	if ((found->images > 0 && config->images == LINKS_DENY) ||
	    (found->links > 0 && config->links == LINKS_DENY)) {
		refuse(look, S("egress"),
		    "the result links to a host that guard.egress does not name: ",
		    found->first.host);
	} else if (found->images + found->links > 0) {
		look_note(look, S("egress"), found->text.n > 0 ? S("redact") : S("log"));
		if (found->text.n > 0)
			look_change(look, &found->text);
	}
	buf_fini(&found->text);
}

void
flow_look(struct look *look)
{
	if (look->kind == GUARD_REQUEST) {
		request_look(look);
		return;
	}
	/* What a client answers goes to a server too. */
	if (look->kind == GUARD_ANSWER) {
		(void)canary_look(look);
		return;
	}
	flow_read(look->guard->flow, look->subject);
	links_look(look);
}
