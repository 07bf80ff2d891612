/*
 * Private to `bascule login`: where the answer of a browser comes in, be it at the redirect address
 * on this machine, or as a line at the terminal.
 */
#ifndef CLI_LOGIN_DESK_H
#define CLI_LOGIN_DESK_H

#include "net/net.h"

struct desk;
/* Listens where redirect_uri says, if that is this machine, and reads the terminal, if there is
 * one. */
struct desk *desk_new(struct loop *loop, struct slice redirect_uri);
void desk_free(struct desk **desk);
bool desk_is_listening(const struct desk *desk);
bool desk_has_terminal(const struct desk *desk);
/* The next answer, valid until the next call.  ERR_DEADLINE: none came until then; ERR_IO: the
 * terminal is gone, and nothing listens. */
MUST_CHECK bool
desk_answer_wait(struct desk *desk, uint64_t until_ms, struct slice *answer, struct err *err);
/* Tells the browser, if the last answer came from one, how it went. */
void desk_reply(struct desk *desk, int status, const char *text);

#endif
