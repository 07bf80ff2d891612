/*
 * Private to the tools of Jira: what their files share.
 *
 * Scope: which projects a site shows, and who may say what there.  Fields: names and types, known
 * once an access.  Users: any identifier to what Jira wants.  Issues: from a reply to a result.
 */
#ifndef ATLASSIAN_JIRA_H
#define ATLASSIAN_JIRA_H

#include "atlassian/jql.h"
#include "atlassian/tools.h"

#define JIRA_READ_FIELDS \
	"\"versions,created,labels,priority,description,summary,updated,issuetype,assignee,status," \
	"reporter\""
#define JIRA_FIELDS_HELP \
	"Fields to return, by id or name: \"summary,status,Story Points\"; *all: every field"

/* ---- scope (jira_scope.c) -------------------------------------------------------------------- */

/* Of a key: "PROJ" of "PROJ-12"; SLICE_NONE: it is none. */
struct slice jira_project_of(struct slice key);
/* True where the site has no filter, or the project stands in it. */
bool jira_may_see(const struct work *work, struct slice project);
/* An issue (or another thing with a key) of a reply; true without a filter. */
bool jira_may_see_issue(const struct work *work, yyjson_val *issue);
/* ERR_REFUSED, without a request. */
MUST_CHECK bool jira_project_check(struct work *work, struct slice project);
MUST_CHECK bool jira_key_check(struct work *work, struct slice key);
/* The same for a list of keys, which must be keys (ERR_PARAMS); they are in upper case after it. */
MUST_CHECK bool jira_keys_check(struct work *work, struct slice *keys, size_t n);
/* A key that came in a reply: the issue may have moved. */
MUST_CHECK bool jira_reply_check(struct work *work, yyjson_val *issue, struct slice asked);
/*
 * Before what names no issue in its reply, writes above all: asks where the issue is now, if there
 * is a filter or a rule about comments that this could evade.  One request then, else none.
 */
MUST_CHECK bool jira_guard_wait(struct work *work, struct slice key, struct slice *now);
/* Comments there must be internal. */
bool jira_is_internal_only(const struct work *work, struct slice key);

/* ---- fields (jira_fields.c) ------------------------------------------------------------------ */

/* What is known of a field; slices live in the work's arena. */
struct jira_field {
	struct slice id, name;
	struct slice type;   /* of its schema: "string", "option", "user", "array", ... */
	struct slice items;  /* of an array: the type of its items */
	struct slice custom; /* "com.pyxis.greenhopper.jira:gh-epic-link"; SLICE_NONE: of Jira */
};

/* The list, asked for once in ten minutes and access. */
MUST_CHECK bool jira_fields_wait(struct work *work, bool is_refresh);
/* By id or name (case aside) in the list that is there; does not wait.  False: no such field. */
bool jira_field_find(struct work *work, struct slice id_or_name, struct jira_field *out);
/* By the type of its schema: "com.pyxis.greenhopper.jira:gh-epic-link". */
bool jira_field_custom(struct work *work, struct slice custom, struct jira_field *out);
/* Id of a field of every Jira by the names that clients use for it; SLICE_NONE: none of these. */
struct slice jira_system_field(struct slice name);
/* Ids for ids and names; asks for the list only if one is neither.  Unknown ones stay. */
MUST_CHECK bool
jira_field_ids_wait(struct work *work, const struct slice *names, size_t n, struct slice **ids);
/* Does the text hold the word, case aside? */
bool jira_holds(struct slice text, struct slice word);
/* ERR_PARAMS with the nearest name. */
bool jira_field_unknown(struct work *work, struct slice name);

/* ---- users (jira_users.c) -------------------------------------------------------------------- */

/* Where a user must be assignable, for sites that let nobody browse users; may be SLICE_NONE. */
struct jira_place {
	struct slice project, issue;
};
/*
 * accountid:X, an account id, e-mail, user name, key or display name.  *out: the account id on
 * Cloud, the user name elsewhere.  ERR_PARAMS: nobody, or several, who are then named.
 */
MUST_CHECK bool jira_user_wait(
    struct work *work, struct slice who, const struct jira_place *place, struct slice *out);
/* {"accountId": X} or {"name": X}; SLICE_NONE: the same with null. */
yyjson_mut_val *jira_user_ref(struct work *work, struct slice id);
/* From an argument: an identifier, or an object with one of the members that name a user. */
MUST_CHECK bool jira_user_value_wait(
    struct work *work, yyjson_val *value, const struct jira_place *place, yyjson_mut_val **out);

/* ---- issues (jira_issue_shape.c) ------------------------------------------------------------- */

/* What of an issue is asked for, and how it is shown. */
struct issue_view {
	const struct slice *fields; /* ids */
	size_t fields_n;	    /* 0: what Jira gives */
	const char *query;	    /* the same as "a,b"; NULL: none */
	const char *expand;	    /* NULL: nothing */
	bool is_all, wants_epic, wants_url;
	bool by_name; /* custom fields under their names */
	int64_t comment_start, comment_limit;
	yyjson_val *names; /* of the reply: {"customfield_1": "Name"} */
};
#define COMMENTS_ALL INT64_MAX

/* fields: as the client named them; expand: comma list or NULL. */
MUST_CHECK bool issue_view_wait(struct work *work, struct issue_view *view,
    const struct slice *fields, size_t n, const char *expand);
/* The same from the arguments `fields`, `expand` and `use_display_names` of the tool, if any. */
MUST_CHECK bool issue_view_args_wait(struct work *work, struct issue_view *view);
yyjson_mut_val *issue_make(struct work *work, const struct issue_view *view, yyjson_val *issue);
/* {"message":..., "issue":{...}} after a write: a read that fails takes nothing back. */
MUST_CHECK bool issue_written_wait(
    struct work *work, struct slice key, const struct issue_view *view, const char *message);
/* Adds a word to a comma list unless it is there; list may be NULL. */
const char *jira_csv_add(struct work *work, const char *list, const char *word);
/* The name alone, where a person is enough: of SHAPE_FN. */
yyjson_mut_val *jira_person(struct work *work, yyjson_val *user);

extern const struct shape jira_issue_shape, jira_user_shape, jira_comment_shape,
    jira_transition_shape, jira_changelog_shape, jira_worklog_shape, jira_remote_link_shape,
    jira_issue_list_shape, jira_written_shape, jira_issue_brief_shape, jira_message_shape,
    jira_watchers_shape;

/* ---- searching (jira_search.c) --------------------------------------------------------------- */

struct jira_search {
	const char *jql; /* composed */
	const struct issue_view *view;
	int64_t start, limit;
	const char *page_token; /* Cloud; NULL: from the start */
};
/* Puts the site's filter, narrowed by `projects`, and the caller's JQL together. */
MUST_CHECK bool jira_jql(struct work *work, struct slice jql, const struct slice *projects,
    size_t projects_n, const char **out);
/* Makes work->out. */
MUST_CHECK bool jira_search_wait(struct work *work, struct jira_search *search);
/* An issue list as a result, of any source: total -1: not known. */
struct issue_page {
	int64_t total, start, limit;
	const char *next_token;
	yyjson_mut_val *issues;
	int64_t seen; /* before issues of other projects were left out */
};
void issue_page_make(struct work *work, const struct issue_page *page);

/* ---- writing (jira_write_fields.c) ----------------------------------------------------------- */

/* Fields on their way to Jira, and what cannot go with them. */
struct jira_change {
	yyjson_mut_val *fields;
	struct jira_place place;
	yyjson_val *status;   /* asked for: needs a transition */
	yyjson_val *assignee; /* of a new issue: a request of its own */
	bool keeps_assignee;  /* true: `assignee` is such a one */
};
/* One member, by id or name, with the value in any form that clients give. */
MUST_CHECK bool jira_change_put_wait(
    struct work *work, struct jira_change *change, struct slice name, yyjson_val *value);
MUST_CHECK bool
jira_change_object_wait(struct work *work, struct jira_change *change, yyjson_val *object);
/* A text of the client as the site's field takes it: ADF (v3), wiki, or as it is. */
MUST_CHECK bool jira_text(struct work *work, struct slice text, yyjson_mut_val **out);
yyjson_mut_val *jira_names(struct work *work, const struct slice *names, size_t n);

/* ---- transitions (jira_transitions.c) -------------------------------------------------------- */

/* To a transition or status by name, or by the transition's id; fields, comment may be NULL. */
MUST_CHECK bool jira_transition_wait(struct work *work, struct slice key, struct slice to,
    yyjson_mut_val *fields, yyjson_mut_val *comment);

/* ---- attachments (jira_attachments.c) -------------------------------------------------------- */

struct work_files; /* files.h */
/* Attaches what is open; *out says what is there then (jira_attached_shape). */
MUST_CHECK bool jira_attach_wait(
    struct work *work, struct slice key, struct work_files *files, yyjson_mut_val **out);
extern const struct shape jira_attached_shape;

/* ---- comments (jira_comments.c) -------------------------------------------------------------- */

/* The argument of that name, if it is given, as the visibility of a comment.  ERR_PARAMS. */
MUST_CHECK bool jira_visibility_put(struct work *work, const char *arg, yyjson_mut_val *comment);
/* ---- projects (jira_projects.c) -------------------------------------------------------------- */

/* The project key in an argument, in upper case and within the filter; no request is made. */
MUST_CHECK bool jira_project_arg(struct work *work, const char *name, const char **out);
/* An id of digits in an argument; where: who knows it, for the error's text. */
MUST_CHECK bool
jira_id_arg(struct work *work, const char *name, const char *where, const char **out);
extern const struct shape jira_version_shape;

/* ---- small things (jira_scope.c) ------------------------------------------------------------- */

/* A part of a story that runs beside others: a work of its own with its own error. */
struct jira_part {
	struct work work;
	struct err err;
	const char *path; /* GET */
	yyjson_val *reply;
	bool is_ok;
};
/* The parts' requests, side by side.  Each says itself how it went; false: cancelled. */
MUST_CHECK bool jira_parts_wait(struct work *work, struct jira_part *parts, size_t n);
struct jira_part *jira_parts(struct work *work, size_t n); /* NULL: work->err */
/* A copy in the work's arena; SLICE_NONE: no memory (work->err). */
struct slice work_dup(struct work *work, struct slice s);
/* The text that failed, with what was done before it: "DEMO-5 was created, but ...". */
bool work_fail_after(struct work *work, const char *fmt, ...) PRINTF(2, 3);

#endif
