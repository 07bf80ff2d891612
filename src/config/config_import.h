/*
 * Private to the import: a foreign configuration is read as a tree and written as bascule.yaml, one
 * server after the other.  What has no place becomes a comment where it would have stood, and a
 * line of the report.
 */
#ifndef CONFIG_CONFIG_IMPORT_H
#define CONFIG_CONFIG_IMPORT_H

#include "config/config_parts.h"

#define IMPORT_BYTES	 MIB /* of the file */
#define IMPORT_OUT_BYTES (8 * MIB)
#define IMPORT_VARS_MAX	 512

#define IMPORT_FILTERS 3

struct import_alias;
struct import_except;

/* A variable that the written file needs. */
struct import_var {
	struct slice name;
	struct slice secret; /* the literal that stood there; SLICE_NONE: a variable there too */
};

struct import {
	struct config_load load; /* its tree holds the nodes and all texts made here */
	const char *of;		 /* what kind of file it is, for people */
	bool expands;		 /* do ${…} stand for something in it? */
	const struct node *inputs;
	struct buf head, servers, tail, notes;
	struct buf entry; /* of the server at work */
	struct buf line;  /* of its line at work: notes stand before it */
	struct buf value; /* of the value at work */
	struct slice server;
	struct slice *names; /* of the servers written so far */
	size_t servers_n, left_out_n, notes_n;
	struct import_var vars[IMPORT_VARS_MAX];
	size_t vars_n;
	struct buf sinks; /* lines of audit.sinks */
	size_t sinks_n;
	uint64_t body_bytes; /* the most of a body that is kept; 0: none are */
	/* of `guard.scan`: actions everywhere (NULL: none), rules that do not count, exceptions */
	const char *filters[IMPORT_FILTERS];
	struct buf ignored;
	struct import_except *excepts;
	struct import_alias *aliases;
	struct slice timeouts; /* lines for every entry, SLICE_NONE: none */
};

/* Where a value stands: what may be secret there, and how a variable for it is called. */
enum import_place { IMPORT_TEXT, IMPORT_ENV, IMPORT_HEADER, IMPORT_ARG };

/* JSON with comments and trailing commas, or YAML, as the same tree (config_import_read.c). */
MUST_CHECK bool
import_read(struct import *import, struct slice text, struct node **root, struct err *err);

/* ---- writing (config_import_put.c) ----------------------------------------------------------- */

/* `# import: TEXT` at this place of the entry, and a line of the report. */
void import_note(struct import *import, const char *fmt, ...) PRINTF(2, 3);
/* The same behind all servers. */
void import_note_whole(struct import *import, const char *fmt, ...) PRINTF(2, 3);
/* A scalar as YAML reads it back, in quotes where it must be. */
void import_put_scalar(struct buf *out, struct slice text);
/* The value of a foreign file, into the line: its variables become ours, secrets variables. */
void import_put_value(
    struct import *import, enum import_place place, struct slice name, struct slice text);
/* [A, B], the texts as they stand; into the line. */
void import_put_list(struct import *import, const struct node *list);
/* One argument of a command, named after the option before it (NULL: none); into the line. */
void import_put_argument(struct import *import, const struct node *before, const struct node *node);
void import_line_end(struct import *import);

/* Begins an entry with a valid name of its own; false: there are too many. */
bool import_begin(struct import *import, struct slice name);
/* Ends it: checked as it will be read; one with a fault becomes a comment. */
void import_end(struct import *import);
/* Ends one that cannot be written at all. */
void import_leave_out(struct import *import, const char *why);

/* Is the text a configuration, were every variable it needs set to value? */
MUST_CHECK bool
import_is_valid(struct import *import, struct slice text, const char *value, struct err *err);

/* ---- audit files (config_import_audit.c) ----------------------------------------------------- */

/* One of gatekit's handlers; sink: "jsonl", "csv", "text"; config may be NULL. */
void import_audit(
    struct import *import, const char *sink, const char *handler, const struct node *config);
/* Writes what was read of them into the head. */
void import_audit_end(struct import *import);
/* ---- filters of gatekit (config_import_filters.c) -------------------------------------------- */

/* The server at work is called so there; and back: SLICE_NONE, none is. */
void import_server_name(struct import *import, struct slice theirs);
struct slice import_server_of(const struct import *import, struct slice theirs);
/* A handler in the list of scope ("_global", or a server); false: it is no filter.  config: NULL,
 * it has none. */
bool import_filter(
    struct import *import, struct slice handler, struct slice scope, const struct node *config);
/* Writes what was read of them into the head. */
void import_filters_end(struct import *import);

/* ---- values (config_import_value.c) ---------------------------------------------------------- */

/* Replaces what import->value holds: the value with ${…}, $ and `file:` as ours. */
void import_convert(
    struct import *import, enum import_place place, struct slice name, struct slice text);
/* Does the text at this place look like a secret? */
bool import_is_secret(enum import_place place, struct slice name, struct slice text);
/* The variable for a secret, new or of the same value. */
struct slice import_var_of_secret(
    struct import *import, enum import_place place, struct slice name, struct slice secret);

/* ---- the forms ------------------------------------------------------------------------------- */

/* `tools:` with one of allow and deny, live where this version knows it. */
void import_put_tools(struct import *import, const char *key, const struct node *list);
/* `mcpServers`, `servers`, `context_servers`; false: root is none of these. */
bool import_servers(struct import *import, const struct node *root);
/* `proxy:` with plugins; false: root has none. */
bool import_gatekit(struct import *import, const struct node *root);

#endif
