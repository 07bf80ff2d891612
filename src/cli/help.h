/*
 * What the texts of `bascule help` share.  Private to cli/.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

extern const char *const help_statuses[]; /* by exit status */
extern const size_t help_statuses_n;
/* The options that are shown with a command, as OPTION_BITs. */
uint64_t help_shown(const struct command *command);

/* help_shell.c: bascule(1) as man(7), and what a shell completes (ERR_USAGE: not that one, or
 * NULL). */
void help_put_man(struct buf *out);
MUST_CHECK bool help_put_completion(struct buf *out, const char *shell, struct err *err);

#endif
