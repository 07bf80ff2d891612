/*
 * Private to atlassian: tools are rows.
 *
 * From a row come the tool's schema, the check of its arguments, its read/write class, the request
 * and the shape of the result.  A row with `run` is a short story of several requests; one without
 * is one request: verb, path, the arguments by their place, and `shape`.
 */
#ifndef ATLASSIAN_TOOL_H
#define ATLASSIAN_TOOL_H

#include "atlassian/site.h"
#include "atlassian/text.h"

/* ---- rows ------------------------------------------------------------------------------------ */

enum arg_type {
	ARG_STR,
	ARG_TEXT,    /* a long text: Markdown where the tool says so */
	ARG_KEY,     /* of an issue: PROJ-123; taken in lower case too */
	ARG_PROJECT, /* its key; in upper case then */
	ARG_SPACE,   /* its key */
	ARG_PAGE,    /* id, URL or tiny link of a page; the id then */
	ARG_ID,	     /* a number as a string, or a number */
	ARG_NAME_ID, /* letters, digits, dashes */
	ARG_DATE,    /* 2030-01-31 */
	ARG_TIME,    /* the same, and a time of day behind it */
	ARG_URL,     /* http or https */
	ARG_INT,
	ARG_BOOL,
	ARG_CSV,    /* "a,b" or ["a","b"] */
	ARG_OBJECT, /* {...}, or a string that holds it */
	ARG_ARRAY,  /* [...], or a string that holds it */
};

#define REQUIRED 1u
#define IN_QUERY 2u /* goes into the query of a row without `run` */
#define IN_BODY	 4u /* or into its body */
#define OR_NAMES 8u /* of ARG_ARRAY: "a,b" is an array of these names */

struct arg {
	const char *name;
	enum arg_type type;
	unsigned flags;
	const char *help;
	const char *fallback; /* the default as JSON: "10", "\"storage\"", "true"; NULL: none */
	long min, max;	      /* of ARG_INT; both 0: any.  Of strings max: bytes; 0: of its kind */
	const char *one_of;   /* "a|b|c"; NULL: any */
	const char *rest;     /* what REST calls it; NULL: the same */
	enum arg_type of;     /* the items of ARG_CSV, a kind of string */
};

#define READS	   1u
#define WRITES	   2u /* exactly one of both */
#define DESTROYS   4u /* destructiveHint */
#define IDEMPOTENT 8u
#define CLOUD_ONLY 16u /* refused with a clear text elsewhere */
#define DC_ONLY	   32u
#define CLASSIC	   512u /* of mcp-jira-confluence: only where that is asked for, and not prefixed */

struct work;
struct shape;

struct tool {
	const char *name; /* behind "jira_", "confluence_" */
	const char *title, *help, *toolset;
	unsigned flags;
	const char *verb, *path, *path_cloud; /* path_cloud NULL: the same */
	const struct shape *shape;	/* of the result: its outputSchema; and trims the reply */
	bool (*run)(struct work *work); /* makes work->out; may park */
	const struct arg *args;
	size_t args_n;
};
#define ARGS(...) \
	.args = (const struct arg[]){ __VA_ARGS__ }, \
	.args_n = sizeof((const struct arg[]){ __VA_ARGS__ }) / sizeof(struct arg)

/* A file of tools: one line in tools.c. */
struct tool_set {
	enum config_product product;
	const struct tool *tools;
	size_t n;
};

/* ---- shapes (shape.c) ------------------------------------------------------------------------ */

enum shape_how {
	SHAPE_COPY, /* as it is */
	SHAPE_STR,  /* a string; numbers become strings */
	SHAPE_INT,  /* an integer; digits in a string become one */
	SHAPE_BOOL,
	SHAPE_OBJECT, /* of `of` */
	SHAPE_LIST,   /* an array of `of`; of NULL: of strings */
	SHAPE_NAME,   /* {"name":...}.name of an object, or the string itself */
	SHAPE_NAMES,  /* an array of these */
	SHAPE_TEXT,   /* wiki, ADF or storage becomes Markdown */
	SHAPE_FN,     /* `fn` makes it */
};

struct shape_field {
	const char *key;
	enum shape_how how;
	const char
	    *from; /* path in the source: "fields/status"; NULL: key; "": the source itself */
	const struct shape *of;
	yyjson_mut_val *(*fn)(struct work *work, yyjson_val *source); /* NULL: leaves it out */
	const char *help; /* in the outputSchema; may be NULL */
};
struct shape {
	const struct shape_field *fields;
	size_t n;
	bool is_open; /* other members may be there (customfield_N) */
};
#define SHAPE(name, ...) \
	static const struct shape_field name##_fields[] = { __VA_ARGS__ }; \
	const struct shape name = { name##_fields, COUNT(name##_fields), false }
#define LOCAL_SHAPE(name, ...) \
	static const struct shape_field name##_fields[] = { __VA_ARGS__ }; \
	static const struct shape name = { name##_fields, COUNT(name##_fields), false }

/* Members whose source is absent or null are left out. */
yyjson_mut_val *shape_make(struct work *work, const struct shape *shape, yyjson_val *source);
yyjson_mut_val *shape_list(struct work *work, const struct shape *shape, yyjson_val *array);
/* The same in place of the single value. */
yyjson_mut_val *shape_names(struct work *work, yyjson_val *array); /* of SHAPE_NAMES */
yyjson_mut_val *shape_text(struct work *work, yyjson_val *source); /* Markdown */
void shape_schema(const struct shape *shape, struct buf *out);

/* ---- one call -------------------------------------------------------------------------------- */

/* The value of an argument, checked: of its default where none was given. */
struct given {
	bool is_given;
	yyjson_val *value; /* NULL: absent */
	struct slice text; /* of all kinds of strings */
	int64_t number;	   /* ARG_INT, ARG_BOOL */
	struct slice *list;
	size_t list_n;
};

/* Made for an exchange, gone with it. */
struct work {
	struct loop *loop;
	struct exchange *exchange;
	struct arena *arena; /* its own */
	yyjson_alc alc;	     /* memory of the arena, for readers and printers */
	struct site *site;
	struct access *access;
	bool is_cloud;
	const struct tool *tool;
	struct given *given;  /* one for each of the tool's arguments, in their order */
	yyjson_mut_doc *doc;  /* of what is made */
	yyjson_mut_val *out;  /* the result: object or array */
	struct slice summary; /* one line for people; SLICE_NONE: made from the result */
	struct slice said;    /* what went wrong, longer than an err can hold; or SLICE_NONE */
	struct buf more;      /* content blocks behind the text: ",{...},{...}" */
	struct buf told;      /* the whole result as text; empty: `out` is the result */
	struct slice headers; /* of every request: "Name: value\r\n...", or SLICE_NONE */
	int status;	      /* of the last reply */
	struct dry *dry;      /* NULL: requests are sent; shared by the parts of a work */
	struct err *err;
};

/* From the raw object that came; SLICE_NONE: none came.  ERR_PARAMS says which and what. */
MUST_CHECK bool work_take_args(struct work *work, struct slice arguments, struct err *err);
/* Those of the row, and the common one behind them; NULL: no more. */
const struct arg *arg_at(const struct tool *tool, size_t k);
const char *arg_text(struct work *work, const struct arg *arg, const struct given *given);
/* Kinds of strings (work_kinds.c).  In the form that the service takes; ERR_PARAMS says what of
 * that kind is expected. */
MUST_CHECK bool kind_take(struct work *work, const struct arg *arg, enum arg_type type,
    struct slice *text, struct err *err);
const char *kind_name(enum arg_type type);
size_t kind_bytes(const struct arg *arg, enum arg_type type); /* at most; 0: no string */
bool kind_is_strict(enum arg_type type);		      /* an empty text is none */
/* What came, for an error's text: cut, in printable ASCII. */
const char *work_shown(struct work *work, struct slice text);
/* Arguments.  Absent ones without a default: NULL, 0, false. */
const char *arg_str(const struct work *work, const char *name); /* NUL-ended */
struct slice arg_slice(const struct work *work, const char *name);
int64_t arg_int(const struct work *work, const char *name);
bool arg_bool(const struct work *work, const char *name);
bool arg_has(const struct work *work, const char *name);
yyjson_val *arg_json(const struct work *work, const char *name); /* object, array; NULL */
size_t arg_list(const struct work *work, const char *name, struct slice **out); /* of ARG_CSV */

/*
 * Dry runs (work_dry.c).  A request that writes is kept in place of being sent.  Where its answer
 * is needed (out is not NULL) the story ends with it: nothing is sent behind it, and every request
 * fails.  Where it is not, the story goes on as if it had been done.
 */
struct dry {
	yyjson_mut_val *requests;
	bool is_over;
};
/* The argument that every tool of a kind has beside those of its row; NULL: none. */
const struct arg *tool_common_arg(const struct tool *tool);
/* out; in a dry run NULL: for stories that can do without the answer. */
yyjson_val **unless_dry(const struct work *work, yyjson_val **out);
MUST_CHECK bool dry_init(struct work *work, bool is_dry, struct err *err);
MUST_CHECK bool dry_take(struct work *work, const struct site_request *request, bool needs_answer);
/* ok: how the story ended; what was kept is the result then, also where that was no success. */
MUST_CHECK bool dry_finish(struct work *work, bool ok);

/*
 * Requests.  path: "{name}" is replaced by the encoded value of that name: one of the pairs (name,
 * value; NULL-ended) or of the arguments; "{api}": /rest/api/3 on Cloud, /rest/api/2 elsewhere.
 * Pairs that the path does not use go into the query; a pair whose value is NULL is left out.  A
 * status of 300 or more is an error: what Atlassian said, with the site's name; ERR_RESOURCE for
 * 404 and 410, ERR_REFUSED for 401 and 403, ERR_REQUEST for other 4xx, ERR_UNAVAILABLE for 429 and
 * 5xx.  *out: the body as JSON, NULL when it is empty; out NULL: nobody wants it, which lets a dry
 * run go on behind it.
 */
MUST_CHECK __attribute__((sentinel)) bool
work_get_wait(struct work *work, yyjson_val **out, const char *path, ...);
MUST_CHECK __attribute__((sentinel)) bool work_send_wait(struct work *work, const char *verb,
    yyjson_mut_val *body, yyjson_val **out, const char *path, ...);
/* The same, and 404 is no error: *out NULL then. */
MUST_CHECK __attribute__((sentinel)) bool
work_try_wait(struct work *work, yyjson_val **out, const char *path, ...);
/* A request as it is, and its JSON. */
MUST_CHECK bool work_request_wait(
    struct work *work, const struct site_request *request, yyjson_val **out, bool may_be_absent);
/* The same with a body, printed for it; NULL: none. */
MUST_CHECK bool work_json_wait(struct work *work, struct site_request *request,
    yyjson_mut_val *body, yyjson_val **out, bool may_be_absent);
/* That of a row without `run`. */
MUST_CHECK bool work_row_wait(struct work *work, yyjson_val **out);
/* Status of the last reply. */
int work_status(const struct work *work);

/*
 * Pages of every kind behind one iterator: startAt/maxResults/total, start/limit/_links.next,
 * nextPageToken, cursor in _links.next.  `list` names the array ("issues", "values", "results").
 * Stops after `most` items, and where a page is empty or repeats itself.
 */
enum page_kind { PAGE_START_AT, PAGE_START, PAGE_TOKEN, PAGE_CURSOR };
struct pages {
	struct work *work;
	enum page_kind kind;
	const char *path;     /* with pairs put in; SLICE as work_path() made it */
	yyjson_mut_val *body; /* PAGE_TOKEN by POST; NULL: GET */
	const char *list;
	int64_t start, most, page_size, seen;
	int64_t total;		/* as the service said; -1: not said */
	const char *next_token; /* of the next page; NULL: none, it was the last */
	bool is_over;
	unsigned count;	  /* of pages so far */
	yyjson_val *page; /* the last one as a whole; NULL: none yet */
};
void pages_init(struct pages *pages, struct work *work, enum page_kind kind, const char *path,
    const char *list, int64_t start, int64_t most, int64_t page_size);
/* The next page's array in *items, at most what is left of `most`; NULL: over. */
MUST_CHECK bool pages_next_wait(struct pages *pages, yyjson_val **items);
/* Every item of all pages, as the service sent them, in the arena.  Also false: path was NULL. */
MUST_CHECK bool pages_gather_wait(struct pages *pages, yyjson_val ***out, size_t *n);
/* The same, appended to a list in that shape. */
MUST_CHECK bool
pages_show_wait(struct pages *pages, const struct shape *shape, yyjson_mut_val *list);
/* A path with its pairs put in, as work_get_wait() does; in the arena; NULL: work->err. */
__attribute__((sentinel)) const char *work_path(struct work *work, const char *path, ...);

/* Reading JSON (json.c). */
/* {"a":{"b":..}} by "a/b"; NULL: not there. */
yyjson_val *json_at(yyjson_val *value, const char *path);
struct slice json_slice(yyjson_val *value); /* SLICE_NONE: no string */
/* what: for the error's text. */
MUST_CHECK bool json_read(
    struct work *work, struct slice text, yyjson_val **out, const char *what, struct err *err);
MUST_CHECK bool
json_put(struct work *work, yyjson_mut_val *value, struct buf *out, struct err *err);

/* Making JSON: short names for what tools do a lot. */
yyjson_mut_val *out_obj(struct work *work);
yyjson_mut_val *out_arr(struct work *work);
void out_str(struct work *work, yyjson_mut_val *to, const char *key,
    const char *value); /* copied; NULL: nothing */
void out_slice(struct work *work, yyjson_mut_val *to, const char *key, struct slice value);
void out_int(struct work *work, yyjson_mut_val *to, const char *key, int64_t value);
void out_bool(struct work *work, yyjson_mut_val *to, const char *key, bool value);
void out_val(struct work *work, yyjson_mut_val *to, const char *key,
    yyjson_mut_val *value); /* NULL: nothing */
void out_copy(struct work *work, yyjson_mut_val *to, const char *key, yyjson_val *value); /* deep */
const char *work_printf(struct work *work, const char *fmt, ...) PRINTF(2, 3); /* <= 4 KiB */
const char *work_number(struct work *work, int64_t n);
/* A copy that is NUL-ended; NULL: absent, or no memory (work->err). */
const char *work_cstr(struct work *work, struct slice s);
/* Fails the work: always false. */
bool work_fail(struct work *work, enum errkind kind, const char *fmt, ...) PRINTF(3, 4);

/* Text of an argument for the site: Markdown becomes what the field takes. */
MUST_CHECK bool work_text(struct work *work, struct slice text, enum text_format from,
    enum text_format to, struct slice *out);

/* The site's address as this call uses it; SLICE_NONE: none. */
struct slice work_base(const struct work *work);
/* The URL of an issue or page for people. */
const char *site_browse_url(const struct work *work, const char *path_fmt, const char *key);

/* Tells a client that wants to know: so much of so much is done.  Never waits. */
void work_progress(struct work *work, int64_t done, int64_t total, const char *what);

/* Several requests side by side: each fn gets its own place of `each`; the first failure is kept.
 */
MUST_CHECK bool work_all_wait(struct work *work, void (*fn)(void *arg), void **each, size_t n);

#endif
