/*
 * Private to atlassian: proof keys for code exchange (RFC 7636), for who asks and for the sandbox
 * that checks them.  In oauth.c.
 */
#ifndef ATLASSIAN_PKCE_H
#define ATLASSIAN_PKCE_H

#include "base/base.h"

#define PKCE_VERIFIER 43 /* characters of 32 random bytes in base64url */

/* At most 64 bytes, without padding. */
void pkce_base64url(const unsigned char *bytes, size_t n, struct buf *out);
/* code_challenge of a code_verifier (S256). */
void pkce_challenge(struct slice verifier, struct buf *out);

#endif
