/*
 * The file of `bascule policy test`: any text is cases or an error that says where; what are cases
 * have what they are asked for, and their arguments are JSON of the strict kind.
 */
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_arguments(struct slice arguments)
{
	struct json_scan *scan;
	struct arena arena;
	struct err err = { 0 };
	char *text;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	text = arena_reserve(&arena, arguments.n, &err) ? arena_bytes(&arena, arguments.n) : NULL;
	must(text != NULL);
	memcpy(text, arguments.p, arguments.n);
	scan = json_scan_new(&arena, text, arguments.n, 0, 0, 7);
	must(json_scan_all(scan, &err) && json_scan_type(scan) == JSON_OBJECT);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct config_cases cases;
	struct err err = { 0 };

	if (!config_cases_parse((struct slice){ (const char *)data, n }, "fuzz", &cases, &err)) {
		must(err.kind == ERR_CONFIG && strncmp(err.text, "fuzz", 4) == 0);
		return 0;
	}
	must(cases.n > 0);
	for (size_t i = 0; i < cases.n; i++) {
		const struct config_case *one = &cases.all[i];

		must(one->tool.n + one->prompt.n + one->resource.n + one->method.n > 0);
		must(one->expect != CONFIG_LOG && one->line > 0);
		if (one->arguments.p != NULL)
			check_arguments(one->arguments);
	}
	config_cases_fini(&cases);
	return 0;
}
