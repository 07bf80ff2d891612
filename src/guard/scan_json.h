/*
 * Private to guard: JSON for the scanners (scan_json.c).  Texts are valid JSON and are borrowed.
 */
#ifndef GUARD_SCAN_JSON_H
#define GUARD_SCAN_JSON_H

#include "guard/scan.h"

/* The strings of a text, one after the other. */
struct json_strings {
	const char *at, *end;
	struct slice text; /* raw, between the quotes */
	struct slice key;  /* raw; the last one before it */
	bool is_key;	   /* it is one itself */
	bool has_escapes;
	bool is_encoded; /* a file or an image as base64 */
};
void json_strings_init(struct json_strings *strings, struct slice json);
bool json_strings_next(struct json_strings *strings); /* false: there are no more */

/* The text as it is looked at: json itself, where it has nothing to undo. */
struct scan_flat {
	struct slice json, text;
	struct buf own;
	bool has_encoded; /* some of its strings are files, and not in text */
};
/*
 * has_names: `_` and `-` in keys and names are spaces, as who reads them reads.  False: ERR_LIMIT.
 * scan_flat_fini() in either case.
 */
MUST_CHECK bool
scan_flat_make(struct scan_flat *flat, struct slice json, bool has_names, struct err *err);
void scan_flat_fini(struct scan_flat *flat);

/* A string or a number, and which bytes of the flat text are what it says. */
struct scan_string {
	size_t at, n;
	struct slice raw, key; /* as of struct json_strings */
	bool is_key, is_encoded;
	bool is_number;
};
typedef void scan_string_fn(void *ctx, const struct scan_string *string);
/* All of them, in their order. */
void scan_flat_strings(const struct scan_flat *flat, scan_string_fn *each, void *ctx);

/* What a placeholder comes in the place of: bytes of the flat text, all of one string; of a number
 * all of it, and a string it is then. */
struct scan_patch {
	size_t at, n;
	const struct scan_finding *finding;
	struct buf *instead; /* of a string that is encoded, n 0: all of it anew; owned.  Or NULL */
};
struct scan_patches {
	struct scan_patch *all;
	size_t n, cap;
};
void scan_patches_fini(struct scan_patches *patches);
void scan_patches_add(struct scan_patches *patches, struct scan_patch patch);
/* When all are there: those that overlap become one. */
void scan_patches_order(struct scan_patches *patches);
/* The JSON with them; false: ERR_LIMIT, out is full. */
MUST_CHECK bool scan_patches_put(const struct scan_patches *patches, const struct scan_flat *flat,
    const struct scanner *scanner, struct buf *out, struct err *err);

#endif
