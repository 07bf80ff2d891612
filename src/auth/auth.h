/*
 * auth: who sends.  Every exchange has a caller; rules, limits and the audit speak of it.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/base.h"

struct caller {
	struct slice principal; /* key's or token's name; "anonymous" under auth: none */
	struct slice tenant;	/* SLICE_NONE: none */
};

/* The caller of a loopback or stdio client where no credential is asked for. */
struct caller auth_anonymous(void);
/* May a message of caller b use what caller a created (a session, a parked call)? */
bool auth_same(const struct caller *a, const struct caller *b);

#endif
