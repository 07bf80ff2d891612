/*
 * Transitions of an issue: where its workflow lets it go.
 */
#include "atlassian/tools.h"

SHAPE(transition_shape, { .key = "id", .how = SHAPE_INT }, { .key = "name", .how = SHAPE_STR },
    { .key = "to_status", .how = SHAPE_NAME, .from = "to" });
SHAPE(transitions_shape,
    { .key = "result", .how = SHAPE_LIST, .of = &transition_shape, .from = "transitions" });

static bool
get_transitions(struct work *work)
{
	yyjson_val *reply;

	if (!work_get_wait(work, &reply, "{api}/issue/{issue_key}/transitions", NULL))
		return false;
	work->out = shape_list(work, &transition_shape, yyjson_obj_get(reply, "transitions"));
	return true;
}

static const struct tool rows[] = {
	{ .name = "get_transitions",
	    .title = "Get Transitions",
	    .help =
		"The transitions that an issue can take now: id, name, and the status each leads to.",
	    .toolset = "jira_transitions",
	    .flags = READS,
	    .shape = &transitions_shape,
	    .run = get_transitions,
	    ARGS({ .name = "issue_key",
		.type = ARG_KEY,
		.flags = REQUIRED,
		.help = "Such as PROJ-123" }) },
};
const struct tool_set jira_transition_tools = { PRODUCT_JIRA, rows, COUNT(rows) };
