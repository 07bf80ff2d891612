/*
 * Private to atlassian: results that come in parts (work_parts.c).
 */
#ifndef ATLASSIAN_PARTS_H
#define ATLASSIAN_PARTS_H

#include "atlassian/tool.h"

/*
 * The printed result is larger than one may be: it is kept (json is taken), and work->out is its
 * first part.  ERR_LIMIT: it is too large for that too.
 */
MUST_CHECK bool parts_cut(struct work *work, struct buf *json, struct err *err);
/* The raw handle that a call brings; SLICE_NONE: none. */
struct slice parts_asked(struct slice arguments);
/* work->out becomes the part that the handle names, of a work with its access; ERR_PARAMS: none. */
MUST_CHECK bool parts_take(struct work *work, struct slice token);

#endif
