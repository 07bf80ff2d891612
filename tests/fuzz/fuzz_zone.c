/*
 * Any bytes as a file of a time zone: what is taken has clocks that are less than 27 hours off at
 * any moment, and the same at the same moment.
 */
#include "atlassian/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define OFFSET_MOST (27 * 3600)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int64_t moments[] = { INT64_MIN, -1, 0, 10, 951782400, 1774746000, 1792890000,
		4102444800, 7258118400, INT64_MAX };
	struct arena arena;
	struct zone *zone;
	struct err err;

	arena_init(&arena, NULL, 4 * MIB);
	if (zone_read(&arena, (struct slice){ (const char *)data, n }, &zone, &err)) {
		for (size_t i = 0; i < COUNT(moments); i++) {
			int32_t offset = zone_offset(zone, moments[i]);

			must(offset < OFFSET_MOST && offset > -OFFSET_MOST);
			must(zone_offset(zone, moments[i]) == offset);
		}
	} else {
		must(zone == NULL && err.kind != ERR_NONE);
	}
	arena_fini(&arena);
	return 0;
}
