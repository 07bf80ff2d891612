/*
 * Addresses that a request may make us connect to.
 */
#include "atlassian/access.h"

bool
access_may_dial(enum access_reach reach, const struct address *address)
{
	if (reach == REACH_ANY)
		return true;
	if (address->is_unix)
		return false;
	return reach == REACH_LOOPBACK ? address_is_loopback(address) : address_is_public(address);
}
