/*
 * Private to atlassian: the files of tools, and what a site offers of them.
 */
#ifndef ATLASSIAN_TOOLS_H
#define ATLASSIAN_TOOLS_H

#include "atlassian/tool.h"

#define TOOL_NAME_BYTES 128
#define TOOLS_MAX	256 /* of one product */

extern const struct tool_set *const tool_sets[]; /* NULL-ended */
extern const struct tool_set jira_issue_tools, jira_search_tools, jira_field_tools,
    jira_write_tools, jira_bulk_tools, jira_comment_tools, jira_transition_tools, jira_agile_tools;
extern const struct tool_set jira_people_tools, jira_worklog_tools, jira_link_tools,
    jira_attachment_tools;
extern const struct tool_set jira_project_tools, jira_version_tools, jira_date_tools,
    jira_sla_tools, jira_desk_tools, jira_request_tools, jira_form_tools, jira_development_tools,
    jira_analysis_tools;
extern const struct tool_set jira_extra_tools;

/* As clients see it: the provider's name, then the tool's. */
struct slice
tool_name(const struct config_site *site, const struct tool *tool, char out[TOOL_NAME_BYTES]);
/* The tools of a site as an array of definitions, and their rows (mem_free) in the same order. */
void tools_offer(const struct config_site *site, const struct config_atlassian *all,
    enum config_deployment deployment, const struct tool ***rows, size_t *rows_n, struct buf *out);

/* Has that site what mcp-jira-confluence has? */
bool site_is_classic(const struct config_site *site, const struct config_atlassian *all);
/* Do both ask for the same tools? */
bool tools_are_same(const struct config_atlassian *a, const struct config_atlassian *b);

/* One call (work.c): the reply has the result, or err says why there is none. */
MUST_CHECK bool work_call_wait(struct site *site, const struct tool *tool,
    struct exchange *exchange, struct reply *reply, struct err *err);

#endif
