/*
 * Private to Jira's tools: what the files for service projects share.
 */
#ifndef ATLASSIAN_JIRA_DESK_H
#define ATLASSIAN_JIRA_DESK_H

#include "atlassian/jira.h"

/*
 * The service desk in the argument `service_desk_id`.  It names no project: one request for that
 * where the site has a filter, or where the caller wants its key (SLICE_NONE else: project NULL).
 * From here on the call's requests opt in to what older versions call experimental.
 */
MUST_CHECK bool jira_desk_wait(struct work *work, const char **desk, struct slice *project);
MUST_CHECK bool jira_request_type_arg(struct work *work, const char **type);

#endif
