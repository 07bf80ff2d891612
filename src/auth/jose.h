/*
 * Private to auth: the functions of cjose that are used, in one table that jose.c fills.
 */
#ifndef AUTH_JOSE_H
#define AUTH_JOSE_H

#include <cjose/cjose.h>

#include "auth/token.h"

#define JOSE_FUNCTIONS(X) \
	X(cjose_jwk_import) \
	X(cjose_jwk_release) \
	X(cjose_jws_import) \
	X(cjose_jws_verify) \
	X(cjose_jws_release)

struct jose_lib {
#define X(name) __typeof__(&(name)) name;
	JOSE_FUNCTIONS(X)
#undef X
};
extern struct jose_lib jose_lib;

#endif
