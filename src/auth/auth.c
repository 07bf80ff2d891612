/*
 * Callers without credentials, and when two callers are the same.  A principal belongs to its
 * tenant: the same name under another tenant is somebody else.
 */
#include "auth/auth.h"

struct caller
auth_anonymous(void)
{
	return (struct caller){ .principal = S("anonymous"), .tenant = SLICE_NONE };
}

bool
auth_same(const struct caller *a, const struct caller *b)
{
	bool tenants_known = (a->tenant.p != NULL) == (b->tenant.p != NULL);

	return tenants_known && slice_eq(a->tenant, b->tenant) &&
	    slice_eq(a->principal, b->principal);
}
