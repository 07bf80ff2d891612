/*
 * What the parts of the sandbox share: the data of a simulated site (sandbox_data.c), one request
 * on its way through the router (sandbox.c, sandbox_visit.c), and the writers of its answer
 * (sandbox_json.c).
 *
 * Everything a world holds is allocated by sandbox_alloc(), one list of blocks with a ceiling, and
 * freed with the sandbox.  Ids are dense, so that finding by id or key is an index, never a search.
 */
#ifndef ATLASSIAN_SANDBOX_PRIVATE_H
#define ATLASSIAN_SANDBOX_PRIVATE_H

#include <yyjson.h>

#include "atlassian/atlassian.h"
#include "net/net.h"

/* ---- storage --------------------------------------------------------------------------------- */

struct list {
	void **p;
	unsigned n, cap;
};
#define LIST_EACH(var, list) \
	for (unsigned var##_i = 0; var##_i < (list)->n && ((var) = (list)->p[var##_i], true); \
	     var##_i++)

void *sandbox_alloc(struct sandbox *sandbox, size_t n); /* zeroed; the size was checked before */
void sandbox_release(struct sandbox *sandbox, void *p); /* NULL: nothing */
struct slice sandbox_dup(struct sandbox *sandbox, struct slice s);
/* Puts a copy of value in the place of what *field holds. */
void sandbox_set(struct sandbox *sandbox, struct slice *field, struct slice value);
void list_add(struct sandbox *sandbox, struct list *list, void *item);
bool list_remove(struct list *list, const void *item); /* false: it is not there */
bool list_has(const struct list *list, const void *item);
#define SANDBOX_NEW(sandbox, type) ((type *)sandbox_alloc((sandbox), sizeof(type)))

/* ---- the data of a site ---------------------------------------------------------------------- */

struct user {
	const char *account_id, *name, *key, *display, *email;
	bool is_customer;
};

struct status {
	const char *id, *name, *category; /* category: new, indeterminate, done */
};

struct transition {
	const char *id, *name;
	const struct status *to;
};

struct workflow {
	const struct transition *transitions;
	size_t n;
};

struct issue_type {
	const char *id, *name, *description;
	bool is_subtask;
	int level; /* 1: epic */
};

struct priority {
	const char *id, *name;
};

struct version {
	unsigned id;
	struct slice name, description, start_date, release_date;
	bool is_released, is_archived;
};

struct component {
	unsigned id;
	const char *name, *description;
};

struct project {
	unsigned id;
	const char *key, *name, *description, *kind; /* software, service_desk */
	const struct user *lead;
	const struct workflow *workflow;
	struct list types;	/* struct issue_type */
	struct list versions;	/* struct version */
	struct list components; /* struct component */
	struct list numbers;	/* struct issue, by number - 1; NULL: deleted */
};

/* Text in the two formats that Jira has: one as it was written, the other made from it. */
struct rich {
	struct slice wiki, adf;
};

struct comment {
	unsigned id;
	const struct user *author, *editor;
	struct rich body;
	uint64_t created_ms, updated_ms;
	struct slice visibility; /* raw JSON, or SLICE_NONE */
};

struct worklog {
	unsigned id;
	const struct user *author;
	struct rich comment;
	uint64_t created_ms, updated_ms;
	struct slice started;
	unsigned seconds;
};

struct attachment {
	unsigned id;
	const struct user *author;
	struct slice name, type, data;
	uint64_t created_ms;
};

struct link_type {
	const char *id, *name, *inward, *outward;
};

struct link {
	unsigned id;
	const struct link_type *type;
	struct issue *inward, *outward;
};

struct remote_link {
	unsigned id;
	struct slice object, global_id, relationship; /* object: raw JSON */
};

/* One changed field; those of one id are one history. */
struct change {
	unsigned id;
	const struct user *author;
	uint64_t when_ms;
	struct slice field, from, from_text, to, to_text;
};

struct sprint {
	unsigned id;
	struct board *board;
	struct slice name, goal, start, end, complete;
	const char *state; /* future, active, closed */
};

struct board {
	unsigned id;
	const char *name, *type;
	struct project *project;
	struct list sprints;
};

/* A value of a custom field, as raw JSON. */
struct custom {
	const struct field *field;
	struct slice value;
};

struct issue {
	unsigned id, number;
	struct project *project;
	struct slice key, summary, due;
	struct rich description, environment;
	const struct issue_type *type;
	const struct status *status;
	const struct priority *priority;
	const struct user *assignee, *reporter, *creator;
	const char *resolution; /* NULL: none */
	uint64_t created_ms, updated_ms, resolved_ms;
	struct issue *parent;
	struct sprint *sprint;
	unsigned estimate_s, remaining_s;
	struct list labels; /* struct slice, owned */
	struct list components, fix_versions, versions, watchers, voters;
	struct list customs, comments, worklogs, attachments, links, remote_links, changes;
	struct list children;	  /* struct issue */
	struct list past_sprints; /* struct sprint */
};

struct field {
	const char *id, *name, *type, *items, *custom, *jql; /* custom: schema key */
	const char *const *options;			     /* NULL-ended, or NULL */
	const char *on; /* types of issues it can be set on; NULL: all */
};
extern const struct field sandbox_fields[];
extern const size_t sandbox_fields_n;

/* A form on an issue (sandbox_jira_form.c). */
struct form;

enum content_type {
	CONTENT_PAGE,
	CONTENT_BLOG,
	CONTENT_COMMENT,
	CONTENT_ATTACHMENT,
	CONTENT_FOLDER
};

struct revision {
	unsigned number;
	const struct user *by;
	uint64_t when_ms;
	struct slice title, body, message;
	bool is_minor;
};

struct property {
	unsigned id, version;
	uint64_t when_ms;
	struct slice key, value; /* value: raw JSON */
};

struct space {
	unsigned id;
	const char *key, *name, *description, *type; /* type: global, personal */
	struct content *home;
};

struct content {
	unsigned id;
	enum content_type type;
	struct space *space;
	struct content *parent;	   /* page above it, comment it answers */
	struct content *container; /* of comments and attachments */
	struct slice title, body;  /* storage */
	const char *status;	   /* current, draft, trashed */
	struct list revisions;	   /* struct revision; the last one is in force */
	struct list children, comments, attachments;
	struct list labels; /* struct slice, owned */
	struct list properties;
	struct list limits[2];	     /* struct user that may read, update; empty: everyone */
	struct list group_limits[2]; /* struct slice, owned */
	/* comments */
	bool is_inline, is_resolved;
	struct slice selection, marker;
	/* attachments */
	struct slice media_type, data, note;
};

/* One instance: a Jira and a Confluence with the same people. */
struct world {
	struct sandbox *sandbox;
	bool is_cloud;
	const char *name, *title;
	const char *jira_path, *wiki_path; /* below the origin */
	const char *jira_url, *wiki_url;   /* whole, no slash behind */
	const char *cloud_id;
	struct list projects, boards, sprints;
	struct list issues; /* by id - FIRST_ISSUE; NULL: deleted */
	struct list links, moves;
	struct list temporary; /* struct attachment, of no issue yet */
	struct list forms;     /* struct form */
	struct list spaces;
	struct list contents; /* by id - FIRST_CONTENT */
	unsigned next_id;     /* of everything else */
};

#define FIRST_ISSUE   10001u
#define FIRST_CONTENT 98305u
#define ISSUES_MAX    50000u
#define CONTENTS_MAX  50000u

extern const struct user sandbox_users[];
extern const size_t sandbox_users_n;
extern const struct issue_type sandbox_types[];
extern const size_t sandbox_types_n;
extern const struct priority sandbox_priorities[];
extern const size_t sandbox_priorities_n;
extern const struct link_type sandbox_link_types[];
extern const size_t sandbox_link_types_n;
extern const struct status sandbox_statuses[];
extern const size_t sandbox_statuses_n;

void world_fill(struct world *world);
void world_fill_wiki(struct world *world);
void world_fill_forms(struct world *world);
const struct user *user_find(struct slice id); /* account id, name, key, or email; NULL */
const struct field *field_find(struct slice id_or_name);
const struct issue_type *type_find(const struct project *project, struct slice id_or_name);
const struct priority *priority_find(struct slice id_or_name);
struct project *project_find(const struct world *world, struct slice key_or_id);
struct issue *issue_find(const struct world *world, struct slice key_or_id);
struct version *version_find(const struct project *project, struct slice id_or_name);
struct component *component_find(const struct project *project, struct slice id_or_name);
struct sprint *sprint_find(const struct world *world, uint64_t id);
struct space *space_find(const struct world *world, struct slice key_or_id);
struct content *content_find(const struct world *world, struct slice id);
/* A new one in its project or space, with its id, and nothing else set. */
struct issue *issue_new(struct world *world, struct project *project);
struct content *content_new(struct world *world, enum content_type type, struct space *space);
struct revision *content_revise(struct world *world, struct content *content, const struct user *by,
    uint64_t when_ms, struct slice message);
const struct revision *content_revision(const struct content *content); /* the one in force */
void content_attach(struct world *world, struct content *content, struct content *parent);
void content_detach(struct content *content);
void content_drop(struct world *world, struct content *content);
void issue_drop(struct world *world, struct issue *issue);
void issue_set_parent(struct world *world, struct issue *issue, struct issue *parent);
void rich_set_wiki(struct sandbox *sandbox, struct rich *rich, struct slice wiki);
void rich_set_adf(struct sandbox *sandbox, struct rich *rich, struct slice adf);

/* ---- a request ------------------------------------------------------------------------------- */

#define SEGMENTS_MAX 16

#define EXPAND_RENDERED	   1u
#define EXPAND_NAMES	   2u
#define EXPAND_SCHEMA	   4u
#define EXPAND_CHANGELOG   8u
#define EXPAND_TRANSITIONS 16u
#define FIELDS_ALL	   UINT64_MAX
#define FIELDS_NAVIGABLE   (UINT64_MAX - 1) /* all but comments, attachments, worklogs */

struct visit {
	struct sandbox *sandbox;
	struct world *world;
	struct http_request *request;
	struct arena *arena;
	const struct user *user;
	const struct route *route;
	struct slice segments[SEGMENTS_MAX]; /* of the path below the base, decoded */
	unsigned segments_n;
	struct slice args[4]; /* those that stand in braces in the route */
	yyjson_doc *doc;
	yyjson_val *body; /* NULL: none */
	uint64_t now_ms;
	unsigned change_id; /* of the history that this request writes; 0: none yet */
	struct buf out;
	int status;
	bool is_v3;   /* ADF in place of wiki text */
	bool is_wiki; /* Confluence */
	bool is_wiki_v2;
	bool by_gateway;		     /* came by /ex/, or asks api.atlassian.com itself */
	bool has_number_times;		     /* in histories */
	bool expands_space, expands_version; /* Confluence shows them unasked */
	unsigned depth;			     /* of contents in contents */
	const char *sandbox_url;
	struct slice below;   /* the path below the base */
	uint64_t fields;      /* of issues: bits, by their place in sandbox_fields */
	unsigned expand;      /* EXPAND_... */
	struct slice type;    /* of the answer; JSON by default */
	struct slice headers; /* more of them */
};

#define ON_DC	  1u
#define ON_CLOUD  2u
#define ON_BOTH	  3u
#define NO_BODY	  4u /* the body is not JSON, or does not matter */
#define ANONYMOUS 8u /* without credentials, too */

/*
 * One row of the router.  Segments of the path are literal, {a name}, or V: the number of Jira's
 * API, 2 or latest, on Cloud also 3.
 */
struct route {
	const char *method, *path;
	unsigned where; /* ON_... */
	void (*run)(struct visit *visit);
};

struct routes {
	const struct route *rows;
	size_t n;
};
extern const struct routes sandbox_jira_issue_routes, sandbox_jira_part_routes,
    sandbox_jira_meta_routes, sandbox_jira_agile_routes, sandbox_wiki_content_routes,
    sandbox_wiki_meta_routes, sandbox_wiki_part_routes, sandbox_wiki_v2_routes;
extern const struct routes sandbox_jira_worklog_routes, sandbox_wiki_cloud_routes;
extern const struct routes sandbox_jira_extra_routes, sandbox_wiki_extra_routes;
extern const struct routes sandbox_jira_desk_routes, sandbox_jira_form_routes;

/* Decoded value of a query parameter, the at-th of that name; SLICE_NONE: absent. */
struct slice visit_query_at(struct visit *visit, const char *name, unsigned at);
struct slice visit_query(struct visit *visit, const char *name);
unsigned visit_number(struct visit *visit, const char *name, unsigned otherwise, unsigned most);
bool visit_flag(struct visit *visit, const char *name); /* true only where it says so */
/* Does a list with commas (any number of parameters of that name) hold the word? */
bool visit_lists(struct visit *visit, const char *name, const char *word);
/* Error answers as the product words them; what was put before is dropped. */
void visit_fail(struct visit *visit, int status, const char *fmt, ...) PRINTF(3, 4);
void visit_fail_field(struct visit *visit, const char *field, const char *fmt, ...) PRINTF(3, 4);
void visit_no_content(struct visit *visit);
/* Members of objects: SLICE_NONE where it is absent or no string. */
struct slice json_text(yyjson_val *object, const char *key);
struct slice json_raw(struct visit *visit, yyjson_val *value); /* printed, in the arena */
struct slice visit_dup(struct visit *visit, struct slice s);   /* into the arena */
/* ids come as numbers and as strings of digits */
struct slice json_id(struct visit *visit, yyjson_val *value);

struct upload {
	struct slice name, filename, type, data;
};
/* Parts of the body; false: it has answered. */
MUST_CHECK bool visit_uploads(struct visit *visit, struct upload *out, unsigned most, unsigned *n);

/* Routes' common beginnings: they answer 404 themselves. */
struct issue *visit_issue(struct visit *visit, unsigned arg);
struct project *visit_project(struct visit *visit, unsigned arg);
struct content *visit_content(struct visit *visit, unsigned arg);

/* ---- JSON out -------------------------------------------------------------------------------- */

/* key NULL: an element of an array. Commas come by themselves. */
void put_open(struct buf *out, const char *key, char bracket);	    /* '{' or '[' */
void put_close(struct buf *out, char bracket);			    /* '}' or ']' */
void put_text(struct buf *out, const char *key, struct slice text); /* absent: null */
void put_cstr(struct buf *out, const char *key, const char *text);  /* NULL: null */
void put_format(struct buf *out, const char *key, const char *fmt, ...) PRINTF(3, 4);
void put_number(struct buf *out, const char *key, int64_t number);
void put_id(struct buf *out, const char *key, unsigned id); /* as a string */
void put_bool(struct buf *out, const char *key, bool is);
void put_null(struct buf *out, const char *key);
void put_raw(struct buf *out, const char *key, struct slice json);		/* absent: null */
void put_time(struct buf *out, const char *key, uint64_t ms, const char *zone); /* 0: null */
void put_date(struct buf *out, const char *key, uint64_t ms);			/* YYYY-MM-DD */
/* Text of one format made from another: paragraphs only. */
void text_of_adf(struct buf *out, yyjson_val *adf);
void text_of_storage(struct buf *out, struct slice storage);
void adf_of_text(struct buf *out, struct slice text);
void html_of_text(struct buf *out, struct slice text); /* <p>, <br/>, escaped */

/* What of issues is asked for: fields and expand of the query, or of the body. */
void visit_fields(struct visit *visit, uint64_t otherwise);
void put_transitions(struct visit *visit, const struct issue *issue);

/* startAt, maxResults, total, isLast. */
void put_paging(struct visit *visit, unsigned start, unsigned most, unsigned total);

/* Shapes that more than one file prints. */
void put_user(struct visit *visit, const char *key, const struct user *user);
void put_issue(struct visit *visit, const char *key, const struct issue *issue);
/* The names and schema of the fields, where expand asks for them. */
void put_names(struct visit *visit);
void put_status(struct visit *visit, const char *key, const struct status *status);
void put_issue_type(struct visit *visit, const char *key, const struct issue_type *type);
void put_priority(struct visit *visit, const char *key, const struct priority *priority);
void put_project(struct visit *visit, const char *key, const struct project *project);
void put_version(struct visit *visit, const struct project *project, const struct version *version);
void put_component(
    struct visit *visit, const struct project *project, const struct component *component);
void put_comment(
    struct visit *visit, const char *key, const struct issue *issue, const struct comment *comment);
void put_worklog(struct visit *visit, const struct issue *issue, const struct worklog *worklog);
void put_attachment(struct visit *visit, const struct attachment *attachment);
void put_link(struct visit *visit, const struct link *link, const struct issue *from);
/* Those from start on, with the changes of the fields (NULL: all); returns how many there are. */
unsigned put_histories(struct visit *visit, const char *key, const struct issue *issue,
    unsigned start, unsigned most, yyjson_val *fields);
void put_sprint(struct visit *visit, const char *key, const struct sprint *sprint);
void put_field(struct visit *visit, const struct field *field);
void put_schema(struct visit *visit, const char *key, const struct field *field);
void put_content(struct visit *visit, const char *key, const struct content *content);
void put_content_at(struct visit *visit, const char *key, const struct content *content,
    const struct revision *revision);
void put_content_id(struct visit *visit, const char *key, const struct content *content);
void put_wiki_time(struct visit *visit, const char *key, uint64_t ms);
void put_wiki_user(struct visit *visit, const char *key, const struct user *user);
void put_space(struct visit *visit, const char *key, const struct space *space);
void put_history(struct visit *visit, const char *key, const struct content *content);
void put_revision(struct visit *visit, const char *key, const struct content *content,
    const struct revision *revision);
void put_body_value(struct visit *visit, const char *key, const char *format, struct slice storage);
unsigned label_id(const struct content *content, struct slice name);
void
put_label(struct visit *visit, const char *key, const struct content *content, struct slice name);
void
put_page_end(struct visit *visit, unsigned start, unsigned limit, unsigned size, unsigned total);
const char *content_type_name(const struct content *content);
/* Is it, or something below it, in expand? "body" is, with expand=body.storage. */
bool visit_expands(struct visit *visit, const char *what);

/* Writes to issues that several routes make; false: it has answered. */
MUST_CHECK bool issue_apply(struct visit *visit, struct issue *issue, yyjson_val *fields);
void issue_change(struct visit *visit, struct issue *issue, const char *field, struct slice from,
    struct slice from_text, struct slice to, struct slice to_text);
void issue_move_to(struct visit *visit, struct issue *issue, const struct transition *transition,
    const char *resolution);
void issue_set_sprint(struct visit *visit, struct issue *issue, struct sprint *sprint);
struct issue *issue_create(struct visit *visit, yyjson_val *fields); /* NULL: it has answered */
void put_created(struct visit *visit, const char *key, const struct issue *issue);
struct comment *comment_add(struct visit *visit, struct issue *issue, yyjson_val *body);
MUST_CHECK bool comment_check(struct visit *visit, yyjson_val *body);
void comment_set(struct visit *visit, struct comment *comment, yyjson_val *body);
void rich_set(struct visit *visit, struct rich *rich, yyjson_val *value);
MUST_CHECK bool issue_update(struct visit *visit, struct issue *issue, yyjson_val *update);
MUST_CHECK bool duration_read(struct slice text, unsigned *seconds);
unsigned option_id(const struct field *field, unsigned at);

/* Writes to contents that both APIs make; those that are false or NULL have answered. */
MUST_CHECK bool body_storage(struct visit *visit, yyjson_val *body, struct buf *out);
bool storage_is_whole(struct slice storage); /* are its elements closed in order? */
MUST_CHECK bool contents_have_room(struct visit *visit);
struct content *page_create(struct visit *visit, struct space *space, struct content *parent,
    struct slice title, struct slice storage, enum content_type type);
MUST_CHECK bool page_update(struct visit *visit, struct content *content, struct slice title,
    struct slice storage, yyjson_val *version);
struct content *remark_create(
    struct visit *visit, struct content *page, struct content *above, struct slice storage);
void remark_make_inline(struct visit *visit, struct content *comment, struct slice selection);
struct property *property_find(const struct content *content, struct slice key_or_id);
struct property *
property_add(struct visit *visit, struct content *content, struct slice key, yyjson_val *value);
MUST_CHECK bool property_update(struct visit *visit, struct property *property);
void content_revive(struct visit *visit, struct content *content); /* as the body's status says */
/* To the bin, or for good what was there or never goes there. */
void content_trash(struct visit *visit, struct content *content);
bool content_is_below(const struct content *content, const struct content *above); /* or it */

/* ---- queries --------------------------------------------------------------------------------- */

enum query_kind { QUERY_CLAUSE, QUERY_AND, QUERY_OR, QUERY_NOT };
enum query_op {
	OP_EQUAL,
	OP_UNEQUAL,
	OP_CONTAINS,
	OP_LACKS,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_MORE,
	OP_MORE_EQUAL,
	OP_IN,
	OP_NOT_IN,
	OP_IS,
	OP_IS_NOT,
	OPS_N
};

struct query_value {
	struct slice text; /* of a function: its name */
	bool is_function, is_quoted;
	bool is_empty; /* EMPTY, NULL */
	struct slice argument;
	struct query_value *next;
};

struct query {
	enum query_kind kind;
	enum query_op op;
	struct slice field;
	int field_id; /* of the evaluator's table */
	struct query_value *values;
	struct query *left, *right;
};

#define QUERY_ORDERS 8
#define QUERY_DEPTH  64
#define QUERY_NODES  2000
#define QUERY_BYTES  (64 * KIB)

struct query_text {
	struct query *root; /* NULL: everything */
	struct {
		struct slice field;
		int field_id;
		bool is_descending;
	} orders[QUERY_ORDERS];
	unsigned orders_n;
};

/* ERR_PARAMS: as the product words it; language: "JQL" or "CQL". */
MUST_CHECK bool query_parse(struct arena *arena, const char *language, struct slice text,
    struct query_text *out, struct err *err);
const char *query_op_name(enum query_op op);

/* Who asks, and when. */
struct query_caller {
	const struct world *world;
	const struct user *user;
	uint64_t now_ms;
};
/* Issues that the query finds, in its order, in the arena. */
MUST_CHECK bool jql_find(struct arena *arena, const struct query_caller *caller, struct slice jql,
    const struct issue ***out, unsigned *n, struct err *err);
MUST_CHECK bool cql_find(struct arena *arena, const struct query_caller *caller, struct slice cql,
    const struct content ***out, unsigned *n, struct err *err);
/* A moment: "2026-01-31", "2026-01-31 10:00", "-7d", "now()", "startOfDay(-1)"; false: no such. */
MUST_CHECK bool query_time(const struct query_value *value, uint64_t now_ms, uint64_t *out);
bool text_contains(struct slice text, struct slice words); /* every word; case does not matter */

#endif
