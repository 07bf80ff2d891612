/*
 * tree: what a run left on the disk is removed, however it was left.  Private to agents/.
 */
#ifndef AGENTS_TREE_H
#define AGENTS_TREE_H

#include "base/base.h"

/*
 * Removes all that is in the directory, and the directory.  keep (NULL: nothing): the name of an
 * entry of it that stays, and with it the directory.  What is not there is removed.  No link is
 * followed and nothing outside is touched.  Blocks: for helper threads.  ERR_IO names what stays.
 */
MUST_CHECK bool tree_remove(const char *path, const char *keep, struct err *err);

#endif
