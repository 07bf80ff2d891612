/*
 * Private to atlassian: the clock of a time zone, from the system's files (TZif, RFC 8536).
 */
#ifndef ATLASSIAN_ZONE_H
#define ATLASSIAN_ZONE_H

#include "base/base.h"

struct zone;

/*
 * Of an IANA name such as Europe/Berlin; "UTC" needs no file.  In the arena.  ERR_CONFIG: no such
 * zone, or a file that is none.  Reads one file beneath /usr/share/zoneinfo.
 */
MUST_CHECK bool
zone_open(struct arena *arena, struct slice name, struct zone **out, struct err *err);
/* The same from the bytes of such a file. */
MUST_CHECK bool
zone_read(struct arena *arena, struct slice bytes, struct zone **out, struct err *err);
/* Seconds that its clocks are ahead of UTC at that moment (seconds since 1970). */
int32_t zone_offset(const struct zone *zone, int64_t unix_s);

#endif
