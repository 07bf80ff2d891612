/*
 * Private to atlassian: the unified diff of two texts (text_diff.c).
 */
#ifndef ATLASSIAN_TEXT_DIFF_H
#define ATLASSIAN_TEXT_DIFF_H

#include "base/base.h"

/*
 * Lines with three of context, as `diff -u` prints them.  Work is bounded: where two texts differ
 * in more than some thousand lines, the middle is shown as all gone and all new.  Nothing is put
 * where the lines are the same; whether the last one is ended does not count.  ERR_LIMIT: more than
 * 200,000 lines, or too many for the arena.
 */
MUST_CHECK bool text_diff(struct slice a, struct slice b, const char *a_name, const char *b_name,
    struct arena *arena, struct buf *out, struct err *err);

#endif
