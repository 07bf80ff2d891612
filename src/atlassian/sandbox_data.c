/*
 * What the sandbox's sites hold when they start: people, the schemes of Jira, two projects, two
 * spaces.  Small enough to be read, large enough to have every kind of thing in it.  The staging
 * site has the same shape and other contents.  Always the same ids and times.
 */
#include <stdlib.h>
#include <string.h>

#include "atlassian/sandbox_private.h"

/* clang-format off */
const struct user sandbox_users[] = {
	{ "5b10a2844c20165700ede21a", "ada", "JIRAUSER10100", "Ada Lovelace", "ada@sandbox.example", false },
	{ "5b10a2844c20165700ede21b", "grace", "JIRAUSER10101", "Grace Hopper", "grace@sandbox.example", false },
	{ "5b10a2844c20165700ede21c", "linus", "JIRAUSER10102", "Linus Pauling", "linus@sandbox.example", false },
	{ "qm:5b10a2844c20165700ede21d", "carl", "JIRAUSER10103", "Carl Customer", "carl@customer.example", true },
};
const size_t sandbox_users_n = COUNT(sandbox_users);
#define ADA   (&sandbox_users[0])
#define GRACE (&sandbox_users[1])
#define LINUS (&sandbox_users[2])
#define CARL  (&sandbox_users[3])

const struct status sandbox_statuses[] = {
	{ "10000", "To Do", "new" },
	{ "3", "In Progress", "indeterminate" },
	{ "10001", "In Review", "indeterminate" },
	{ "10002", "Done", "done" },
	{ "10003", "Waiting for support", "new" },
	{ "10004", "Resolved", "done" },
};
const size_t sandbox_statuses_n = COUNT(sandbox_statuses);

static const struct transition software_steps[] = {
	{ "11", "To Do", &sandbox_statuses[0] },
	{ "21", "In Progress", &sandbox_statuses[1] },
	{ "31", "In Review", &sandbox_statuses[2] },
	{ "41", "Done", &sandbox_statuses[3] },
};
static const struct transition desk_steps[] = {
	{ "51", "Back to support", &sandbox_statuses[4] },
	{ "61", "Start work", &sandbox_statuses[1] },
	{ "71", "Resolve this issue", &sandbox_statuses[5] },
};
static const struct workflow software_flow = { software_steps, COUNT(software_steps) };
static const struct workflow desk_flow = { desk_steps, COUNT(desk_steps) };

const struct issue_type sandbox_types[] = {
	{ "10000", "Epic", "A big piece of work that has other issues in it.", false, 1 },
	{ "10001", "Story", "What a user wants, in their words.", false, 0 },
	{ "10002", "Task", "A piece of work.", false, 0 },
	{ "10003", "Sub-task", "A piece of a larger task.", true, -1 },
	{ "10004", "Bug", "A fault.", false, 0 },
	{ "10005", "Service Request", "A customer asks for something.", false, 0 },
	{ "10006", "Incident", "Something is down.", false, 0 },
};
const size_t sandbox_types_n = COUNT(sandbox_types);
enum { EPIC, STORY, TASK, SUBTASK, BUG, REQUEST, INCIDENT };

const struct priority sandbox_priorities[] = {
	{ "1", "Highest" }, { "2", "High" }, { "3", "Medium" }, { "4", "Low" }, { "5", "Lowest" },
};
const size_t sandbox_priorities_n = COUNT(sandbox_priorities);

const struct link_type sandbox_link_types[] = {
	{ "10000", "Blocks", "is blocked by", "blocks" },
	{ "10001", "Cloners", "is cloned by", "clones" },
	{ "10002", "Duplicate", "is duplicated by", "duplicates" },
	{ "10003", "Relates", "relates to", "relates to" },
	{ "10004", "Issue split", "split from", "split to" },
};
const size_t sandbox_link_types_n = COUNT(sandbox_link_types);

static const char *const teams[] = { "Engine", "Mill", "Store", NULL };
static const char *const environments[] = { "Production", "Staging", "Development", NULL };

#define CUSTOM "com.atlassian.jira.plugin.system.customfieldtypes:"
#define GREENHOPPER "com.pyxis.greenhopper.jira:"
const struct field sandbox_fields[] = {
	/* id, name, type, items, custom, name in JQL, options, on */
	{ "summary", "Summary", "string", NULL, NULL, "summary", NULL, NULL },
	{ "issuetype", "Issue Type", "issuetype", NULL, NULL, "issuetype", NULL, NULL },
	{ "project", "Project", "project", NULL, NULL, "project", NULL, NULL },
	{ "status", "Status", "status", NULL, NULL, "status", NULL, NULL },
	{ "priority", "Priority", "priority", NULL, NULL, "priority", NULL, NULL },
	{ "resolution", "Resolution", "resolution", NULL, NULL, "resolution", NULL, NULL },
	{ "assignee", "Assignee", "user", NULL, NULL, "assignee", NULL, NULL },
	{ "reporter", "Reporter", "user", NULL, NULL, "reporter", NULL, NULL },
	{ "creator", "Creator", "user", NULL, NULL, "creator", NULL, NULL },
	{ "description", "Description", "string", NULL, NULL, "description", NULL, NULL },
	{ "environment", "Environment", "string", NULL, NULL, "environment", NULL, NULL },
	{ "labels", "Labels", "array", "string", NULL, "labels", NULL, NULL },
	{ "components", "Components", "array", "component", NULL, "component", NULL, NULL },
	{ "fixVersions", "Fix versions", "array", "version", NULL, "fixVersion", NULL, NULL },
	{ "versions", "Affects versions", "array", "version", NULL, "affectedVersion", NULL, NULL },
	{ "parent", "Parent", "issuelink", NULL, NULL, "parent", NULL, NULL },
	{ "subtasks", "Sub-tasks", "array", "issuelinks", NULL, NULL, NULL, NULL },
	{ "issuelinks", "Linked Issues", "array", "issuelinks", NULL, NULL, NULL, NULL },
	{ "attachment", "Attachment", "array", "attachment", NULL, "attachments", NULL, NULL },
	{ "comment", "Comment", "comments-page", NULL, NULL, "comment", NULL, NULL },
	{ "worklog", "Log Work", "array", "worklog", NULL, NULL, NULL, NULL },
	{ "timetracking", "Time tracking", "timetracking", NULL, NULL, NULL, NULL, NULL },
	{ "watches", "Watchers", "watches", NULL, NULL, "watchers", NULL, NULL },
	{ "votes", "Votes", "votes", NULL, NULL, "votes", NULL, NULL },
	{ "created", "Created", "datetime", NULL, NULL, "created", NULL, NULL },
	{ "updated", "Updated", "datetime", NULL, NULL, "updated", NULL, NULL },
	{ "resolutiondate", "Resolved", "datetime", NULL, NULL, "resolved", NULL, NULL },
	{ "duedate", "Due date", "date", NULL, NULL, "due", NULL, NULL },
	{ "customfield_10011", "Epic Name", "string", NULL, GREENHOPPER "gh-epic-label", "Epic Name", NULL, "Epic" },
	{ "customfield_10014", "Epic Link", "any", NULL, GREENHOPPER "gh-epic-link", "Epic Link", NULL, NULL },
	{ "customfield_10016", "Story Points", "number", NULL, CUSTOM "float", "Story Points", NULL, NULL },
	{ "customfield_10019", "Rank", "any", NULL, GREENHOPPER "gh-lexo-rank", "Rank", NULL, NULL },
	{ "customfield_10020", "Sprint", "array", "json", GREENHOPPER "gh-sprint", "Sprint", NULL, NULL },
	{ "customfield_10030", "Team", "option", NULL, CUSTOM "select", "Team", teams, NULL },
	{ "customfield_10031", "Environments", "array", "option", CUSTOM "multiselect", "Environments", environments, NULL },
	{ "customfield_10032", "Reviewer", "user", NULL, CUSTOM "userpicker", "Reviewer", NULL, NULL },
	{ "customfield_10033", "Notes", "string", NULL, CUSTOM "textarea", "Notes", NULL, NULL },
	{ "customfield_10034", "Start date", "date", NULL, CUSTOM "datepicker", "Start date", NULL, NULL },
};
const size_t sandbox_fields_n = COUNT(sandbox_fields);

/* ---- projects -------------------------------------------------------------------------------- */

#define DAY_MS   86400000ull
#define START_MS 1780304400000ull /* 2026-06-01T09:00:00Z */

struct issue_row {
	int type;
	const char *summary, *wiki;
	unsigned status, priority;
	const struct user *assignee, *reporter;
	const char *labels, *customs; /* customs: a JSON object */
	unsigned parent, sprint; /* numbers in the project, 0: none */
	unsigned component, fix_version; /* 1-based, 0: none */
	const char *due;
};

static const struct issue_row demo_rows[] = {
	{ EPIC, "Analytical engine, first release", "h1. Goal\n\nThe engine runs a *program* from cards.\n\n* cards are read\n* results are printed",
	    1, 1, ADA, ADA, "engine", "{\"customfield_10011\":\"First release\"}", 0, 0, 1, 2, "2026-09-30" },
	{ STORY, "Read a program from punched cards", "As an operator I want to put a stack of cards in and press *start*.\n\n{code:c}\nwhile (card_read(&card))\n\tengine_step(&card);\n{code}",
	    3, 2, ADA, GRACE, "engine,cards", "{\"customfield_10016\":5,\"customfield_10030\":{\"value\":\"Engine\"}}", 1, 1, 1, 1, NULL },
	{ STORY, "Print the results on paper", "|| column || width ||\n| index | 4 |\n| value | 20 |",
	    1, 2, GRACE, ADA, "printer", "{\"customfield_10016\":3,\"customfield_10030\":{\"value\":\"Mill\"}}", 1, 2, 2, 2, "2026-07-10" },
	{ BUG, "A moth in relay 70 stops the adder", "Found on 9 September.\n\n# open panel F\n# look at relay 70\n\nExpected: no moth.",
	    2, 0, GRACE, LINUS, "hardware,moth", "{\"customfield_10016\":1,\"customfield_10031\":[{\"value\":\"Production\"}]}", 0, 2, 1, 1, NULL },
	{ SUBTASK, "Take the moth out", "With tweezers.", 3, 2, GRACE, GRACE, "", "{}", 4, 0, 0, 0, NULL },
	{ SUBTASK, "Tape the moth into the log book", "Page of the day, with a note.", 0, 3, LINUS, GRACE, "docs", "{}", 4, 0, 0, 0, NULL },
	{ TASK, "Write the notes on the engine", "Note G explains how Bernoulli numbers are computed. See [the page|http://sandbox.example/notes].",
	    1, 2, ADA, ADA, "docs", "{\"customfield_10016\":8,\"customfield_10033\":\"Longer than the paper itself.\"}", 1, 2, 3, 2, "2026-07-20" },
	{ TASK, "Choose a unit for the store", NULL, 0, 3, NULL, LINUS, "", "{\"customfield_10030\":{\"value\":\"Store\"}}", 0, 0, 0, 0, NULL },
	{ BUG, "Division by zero makes the mill spin", "The mill turns for ever when the divisor is 0.", 0, 1, LINUS, ADA, "engine", "{\"customfield_10016\":2}", 0, 3, 1, 2, NULL },
	{ STORY, "Show a bell when a card is missing", "Ring it _twice_.", 0, 4, NULL, GRACE, "cards,ui", "{\"customfield_10016\":2}", 1, 3, 2, 2, NULL },
	{ EPIC, "Compiler for words", "Programs in English words.", 0, 2, GRACE, GRACE, "compiler", "{\"customfield_10011\":\"Compiler\"}", 0, 0, 3, 0, NULL },
	{ TASK, "Collect the words operators use", "Ask in every office.", 0, 2, GRACE, GRACE, "compiler", "{}", 11, 0, 3, 0, NULL },
};

static const struct issue_row ops_rows[] = {
	{ REQUEST, "Please give me a new card reader", "Mine is broken.", 4, 2, LINUS, CARL, "", "{}", 0, 0, 0, 0, NULL },
	{ INCIDENT, "The engine is down", "Nothing moves since 8 o'clock.", 1, 0, GRACE, CARL, "outage", "{}", 0, 0, 0, 0, NULL },
	{ REQUEST, "Access to the log book", "For the audit.", 5, 3, ADA, CARL, "", "{}", 0, 0, 0, 0, NULL },
};

static const struct issue_row staging_rows[] = {
	{ TASK, "Try the upgrade on staging", "Before anyone else does.", 1, 2, LINUS, LINUS, "staging", "{}", 0, 0, 0, 0, NULL },
	{ BUG, "Staging mails go to real people", "They should not.", 0, 0, ADA, GRACE, "staging,mail", "{}", 0, 0, 0, 0, NULL },
};
/* clang-format on */

static uint64_t
hours(unsigned n)
{
	return START_MS + n * 3600000ull;
}

static struct project *
add_project(struct world *world, const char *key, const char *name, const char *description,
    const char *kind, const struct user *lead, const struct workflow *flow)
{
	struct project *project = SANDBOX_NEW(world->sandbox, struct project);

	project->id = 10000 + world->projects.n;
	project->key = key;
	project->name = name;
	project->description = description;
	project->kind = kind;
	project->lead = lead;
	project->workflow = flow;
	list_add(world->sandbox, &world->projects, project);
	return project;
}

static void
add_types(struct world *world, struct project *project, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		list_add(world->sandbox, &project->types, (void *)(uintptr_t)&sandbox_types[i]);
}

static struct version *
add_version(struct world *world, struct project *project, const char *name, const char *released,
    bool is_released)
{
	struct version *version = SANDBOX_NEW(world->sandbox, struct version);

	version->id = world->next_id++;
	version->name = sandbox_dup(world->sandbox, slice_of(name));
	version->release_date = sandbox_dup(world->sandbox, slice_of(released));
	version->description = SLICE_NONE;
	version->is_released = is_released;
	list_add(world->sandbox, &project->versions, version);
	return version;
}

static void
add_component(
    struct world *world, struct project *project, const char *name, const char *description)
{
	struct component *component = SANDBOX_NEW(world->sandbox, struct component);

	component->id = world->next_id++;
	component->name = name;
	component->description = description;
	list_add(world->sandbox, &project->components, component);
}

static void
add_words(struct world *world, struct list *list, const char *words)
{
	struct slice rest = slice_of(words), word, *copy;

	while (rest.n > 0) {
		word = slice_cut(rest, ',', &rest);
		copy = SANDBOX_NEW(world->sandbox, struct slice);
		*copy = sandbox_dup(world->sandbox, word);
		list_add(world->sandbox, list, copy);
	}
}

static void
add_customs(struct world *world, struct issue *issue, const char *json)
{
	yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
	yyjson_val *key, *value;
	struct custom *custom;
	size_t i, most, n;
	char *text;

	yyjson_obj_foreach(yyjson_doc_get_root(doc), i, most, key, value)
	{
		custom = SANDBOX_NEW(world->sandbox, struct custom);
		custom->field = field_find(slice_of(yyjson_get_str(key)));
		text = yyjson_val_write(value, 0, &n);
		custom->value = sandbox_dup(world->sandbox, (struct slice){ text, n });
		free(text);
		list_add(world->sandbox, &issue->customs, custom);
	}
	yyjson_doc_free(doc);
}

static void
add_change(struct world *world, struct issue *issue, const struct user *author, uint64_t when_ms,
    const struct status *from, const struct status *to)
{
	struct change *change = SANDBOX_NEW(world->sandbox, struct change);

	change->id = world->next_id++;
	change->author = author;
	change->when_ms = when_ms;
	change->field = sandbox_dup(world->sandbox, S("status"));
	change->from = sandbox_dup(world->sandbox, slice_of(from->id));
	change->from_text = sandbox_dup(world->sandbox, slice_of(from->name));
	change->to = sandbox_dup(world->sandbox, slice_of(to->id));
	change->to_text = sandbox_dup(world->sandbox, slice_of(to->name));
	list_add(world->sandbox, &issue->changes, change);
}

/* Its history: through the statuses of its workflow up to the one it has. */
static void
add_history(struct world *world, struct issue *issue)
{
	const struct workflow *flow = issue->project->workflow;
	const struct user *by = issue->assignee != NULL ? issue->assignee : issue->reporter;

	for (size_t i = 1; i < flow->n && issue->status != flow->transitions[0].to; i++) {
		issue->updated_ms = hours(issue->number * 24 + 6 * (unsigned)i);
		add_change(world, issue, by, issue->updated_ms, flow->transitions[i - 1].to,
		    flow->transitions[i].to);
		if (flow->transitions[i].to == issue->status)
			break;
	}
	if (strcmp(issue->status->category, "done") == 0) {
		issue->resolution = "Done";
		issue->resolved_ms = issue->updated_ms;
	}
}

static void
add_issue(struct world *world, struct project *project, const struct issue_row *row)
{
	struct sandbox *sandbox = world->sandbox;
	struct issue *issue = issue_new(world, project);

	issue->type = &sandbox_types[row->type];
	issue->summary = sandbox_dup(sandbox, slice_of(row->summary));
	rich_set_wiki(sandbox, &issue->description, slice_of(row->wiki));
	issue->status = &sandbox_statuses[row->status];
	issue->priority = &sandbox_priorities[row->priority];
	issue->assignee = row->assignee;
	issue->reporter = issue->creator = row->reporter;
	issue->due = sandbox_dup(sandbox, slice_of(row->due));
	issue->created_ms = issue->updated_ms = hours(issue->number * 24);
	add_words(world, &issue->labels, row->labels);
	add_customs(world, issue, row->customs);
	if (row->parent != 0)
		issue_set_parent(world, issue, project->numbers.p[row->parent - 1]);
	if (row->sprint != 0)
		issue->sprint = world->sprints.p[row->sprint - 1];
	if (row->component != 0)
		list_add(sandbox, &issue->components, project->components.p[row->component - 1]);
	if (row->fix_version != 0)
		list_add(sandbox, &issue->fix_versions, project->versions.p[row->fix_version - 1]);
	list_add(sandbox, &issue->watchers, (void *)(uintptr_t)row->reporter);
	add_history(world, issue);
}

static void
add_issue_comment(struct world *world, struct issue *issue, const struct user *author,
    unsigned hour, const char *wiki)
{
	struct comment *comment = SANDBOX_NEW(world->sandbox, struct comment);

	comment->id = world->next_id++;
	comment->author = comment->editor = author;
	rich_set_wiki(world->sandbox, &comment->body, slice_of(wiki));
	comment->created_ms = comment->updated_ms = hours(hour);
	list_add(world->sandbox, &issue->comments, comment);
}

static void
add_worklog(struct world *world, struct issue *issue, const struct user *author,
    const char *started, unsigned seconds, const char *wiki)
{
	struct worklog *worklog = SANDBOX_NEW(world->sandbox, struct worklog);

	worklog->id = world->next_id++;
	worklog->author = author;
	rich_set_wiki(world->sandbox, &worklog->comment, slice_of(wiki));
	worklog->created_ms = worklog->updated_ms = hours(80);
	worklog->started = sandbox_dup(world->sandbox, slice_of(started));
	worklog->seconds = seconds;
	list_add(world->sandbox, &issue->worklogs, worklog);
}

static void
add_attachment(
    struct world *world, struct issue *issue, const char *name, const char *type, struct slice data)
{
	struct attachment *attachment = SANDBOX_NEW(world->sandbox, struct attachment);

	attachment->id = world->next_id++;
	attachment->author = GRACE;
	attachment->name = sandbox_dup(world->sandbox, slice_of(name));
	attachment->type = sandbox_dup(world->sandbox, slice_of(type));
	attachment->data = sandbox_dup(world->sandbox, data);
	attachment->created_ms = hours(90);
	list_add(world->sandbox, &issue->attachments, attachment);
}

static void
add_link(struct world *world, unsigned type, struct issue *inward, struct issue *outward)
{
	struct link *link = SANDBOX_NEW(world->sandbox, struct link);

	link->id = world->next_id++;
	link->type = &sandbox_link_types[type];
	link->inward = inward;
	link->outward = outward;
	list_add(world->sandbox, &world->links, link);
	list_add(world->sandbox, &inward->links, link);
	list_add(world->sandbox, &outward->links, link);
}

static void
add_sprint(struct world *world, struct board *board, const char *name, const char *state,
    const char *start, const char *end)
{
	struct sprint *sprint = SANDBOX_NEW(world->sandbox, struct sprint);

	sprint->id = world->sprints.n + 1;
	sprint->board = board;
	sprint->name = sandbox_dup(world->sandbox, slice_of(name));
	sprint->state = state;
	sprint->start = sandbox_dup(world->sandbox, slice_of(start));
	sprint->end = sandbox_dup(world->sandbox, slice_of(end));
	if (strcmp(state, "closed") == 0)
		sprint->complete = sandbox_dup(world->sandbox, slice_of(end));
	sprint->goal = sandbox_dup(world->sandbox, S("Cards go in, paper comes out"));
	list_add(world->sandbox, &world->sprints, sprint);
	list_add(world->sandbox, &board->sprints, sprint);
}

static struct board *
add_board(struct world *world, struct project *project, const char *name, const char *type)
{
	struct board *board = SANDBOX_NEW(world->sandbox, struct board);

	board->id = world->boards.n + 1;
	board->name = name;
	board->type = type;
	board->project = project;
	list_add(world->sandbox, &world->boards, board);
	return board;
}

/* A PNG of one pixel. */
static const char pixel[] =
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9c"
    "c\xf8\xcf\xc0\xf0\x1f\0\5\0\1\xff\x89\x99=\x1d\0\0\0\0IEND\xae"
    "B`\x82";

static void
fill_demo(struct world *world)
{
	struct project *demo = add_project(world, "DEMO", "Demo engine",
	    "A calculating engine and all its parts.", "software", ADA, &software_flow);
	struct project *ops = add_project(world, "OPS", "Operations desk",
	    "Where customers ask for help.", "service_desk", GRACE, &desk_flow);
	struct board *board = add_board(world, demo, "DEMO board", "scrum");
	struct issue **issues;

	add_types(world, demo, EPIC, BUG);
	add_types(world, ops, REQUEST, INCIDENT);
	add_version(world, demo, "0.9", "2026-06-15", true);
	add_version(world, demo, "1.0", "2026-09-30", false);
	add_component(world, demo, "Engine", "The mill and the store.");
	add_component(world, demo, "Printer", "What comes out.");
	add_component(world, demo, "Documentation", "What people read.");
	add_sprint(world, board, "DEMO Sprint 1", "closed", "2026-06-01T09:00:00.000Z",
	    "2026-06-15T09:00:00.000Z");
	add_sprint(world, board, "DEMO Sprint 2", "active", "2026-06-15T09:00:00.000Z",
	    "2026-06-29T09:00:00.000Z");
	add_sprint(world, board, "DEMO Sprint 3", "future", NULL, NULL);
	for (size_t i = 0; i < COUNT(demo_rows); i++)
		add_issue(world, demo, &demo_rows[i]);
	for (size_t i = 0; i < COUNT(ops_rows); i++)
		add_issue(world, ops, &ops_rows[i]);
	issues = (struct issue **)demo->numbers.p;
	add_issue_comment(world, issues[0], GRACE, 30, "When is the *first* card?");
	add_issue_comment(world, issues[0], ADA, 31, "Next week, see DEMO-2.");
	add_issue_comment(world, issues[3], LINUS, 99, "It is a real moth.");
	add_worklog(
	    world, issues[3], GRACE, "2026-06-05T10:00:00.000+0000", 5400, "Looked at relays.");
	add_worklog(world, issues[6], ADA, "2026-06-08T09:00:00.000+0000", 14400, "Note G.");
	issues[3]->estimate_s = 14400;
	issues[3]->remaining_s = 9000;
	add_attachment(
	    world, issues[3], "moth.png", "image/png", (struct slice){ pixel, sizeof(pixel) - 1 });
	add_attachment(world, issues[3], "log.txt", "text/plain",
	    S("0800 engine started\n1545 moth in relay 70\n"));
	add_link(world, 0, issues[3], issues[2]);
	add_link(world, 3, issues[6], issues[10]);
}

static void
fill_staging(struct world *world)
{
	struct project *project =
	    add_project(world, "STG", "Staging", "Rehearsals.", "software", LINUS, &software_flow);

	add_types(world, project, EPIC, BUG);
	add_board(world, project, "STG board", "kanban");
	for (size_t i = 0; i < COUNT(staging_rows); i++)
		add_issue(world, project, &staging_rows[i]);
}

void
world_fill(struct world *world)
{
	if (strcmp(world->name, "staging") == 0)
		fill_staging(world);
	else
		fill_demo(world);
	world_fill_wiki(world);
	world_fill_forms(world);
}
