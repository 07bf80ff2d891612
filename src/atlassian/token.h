/*
 * Private to atlassian: the access token of a site that somebody has logged in to, read from the
 * store, renewed before it ends, and asked for by every request.
 */
#ifndef ATLASSIAN_TOKEN_H
#define ATLASSIAN_TOKEN_H

#include "atlassian/site.h"

struct token;
/* Of a site with SITE_AUTH_OAUTH, which stands in the settings.  Nothing is read yet. */
struct token *
token_new(struct loop *loop, struct settings *settings, const struct config_site *site);
/* From a task or not; nobody may wait for it. */
void token_free(struct token **token);
/*
 * Adds "Authorization: Bearer ...\r\n".  *used: of which token, for the next two.  ERR_REFUSED:
 * nobody has logged in, or the login is no longer valid; says what to do.
 */
MUST_CHECK bool
token_put_wait(struct token *token, struct buf *out, unsigned *used, struct err *err);
/* The site refused it with 401: false where there is no other one; err says why, or is ERR_NONE
 * where another would not help, as it is new. */
MUST_CHECK bool token_renew_wait(struct token *token, unsigned used, struct err *err);
/* That the login found; SLICE_NONE: none, or nothing is read yet.  Valid until the next wait. */
struct slice token_cloud_id(const struct token *token);

#endif
