/*
 * Scanning of JSON: what is changed is valid JSON again, with the same tokens in the same order but
 * for numbers that became strings, and nothing else outside of strings is another byte; where
 * nothing may be changed, nothing is.  The first byte says what becomes of which kind, and where
 * something may be changed.
 */
#include <string.h>

#include "guard/scan_stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct scanner *
scanner_make(void)
{
	struct scan_options options = { .kinds = SCAN_ALL };
	struct err err;
	struct scanner *scanner = scan_new(&options, &err);

	must(scanner != NULL);
	return scanner;
}

/* A copy, as the JSON scanner has mended it; false: it is none. */
static bool
is_json(struct arena *arena, struct slice text, struct slice *out)
{
	struct err err;
	char *copy;

	if (text.n == 0 || !arena_reserve(arena, text.n, &err))
		return false;
	copy = arena_bytes(arena, text.n);
	memcpy(copy, text.p, text.n);
	*out = (struct slice){ copy, text.n };
	return json_scan_all(json_scan_new(arena, copy, text.n, 0, JSON_MEND, 1), &err);
}

/* Behind the string that begins there. */
static const char *
string_end(const char *at)
{
	for (at++; *at != '"'; at++)
		at += *at == '\\';
	return at + 1;
}

static bool
is_key(const char *behind, const char *end)
{
	while (behind < end && strchr(" \t\r\n", *behind) != NULL)
		behind++;
	return behind < end && *behind == ':';
}

static const char *
number_end(const char *at, const char *end)
{
	while (at < end && *at != '\0' && strchr("0123456789+-.eE", *at) != NULL)
		at++;
	return at;
}

/* A string may say something else, and a number may be a string now. */
static void
same_tokens(const struct scan_work *work, struct slice before, struct slice after)
{
	const char *a = before.p, *a_end = a + before.n, *a_next;
	const char *b = after.p, *b_end = b + after.n, *b_next;

	for (; a < a_end; a = a_next, b = b_next) {
		must(b < b_end);
		a_next = a + 1;
		b_next = b + 1;
		if (*a == '"') {
			must(*b == '"');
			a_next = string_end(a);
			b_next = string_end(b);
			must(is_key(a_next, a_end) == is_key(b_next, b_end));
			must(slice_eq((struct slice){ a, (size_t)(a_next - a) },
				 (struct slice){ b, (size_t)(b_next - b) }) ||
			    (work->may_change != SCAN_REACH_NONE &&
				(!is_key(a_next, a_end) || work->may_change == SCAN_REACH_DATA)));
		} else if (*b == '"') {
			a_next = number_end(a, a_end);
			b_next = string_end(b);
			must(a_next > a && work->may_change >= SCAN_REACH_VALUE);
		} else {
			must(*a == *b);
		}
	}
	must(b == b_end);
}

static void
check(struct scanner *scanner, uint8_t how, struct slice json)
{
	struct config_scan config = { 0 };
	struct scan_work work;
	struct arena arena;
	struct slice copy;

	scan_work_init(&work, &config, json);
	for (unsigned kind = 0; kind < SCAN_KINDS_N; kind++)
		work.action[kind] = (enum config_scan_action)(how >> (2 * kind) & 3);
	work.may_change = (enum scan_reach)(how >> 6);
	work.is_protocol = (how & 1) != 0;
	work.has_names = work.may_change == SCAN_REACH_SAID;
	scan_work_run(&work, scanner);
	must(!work.has_failed || work.err.kind == ERR_LIMIT);
	if (work.changed.n > 0 && !work.is_blocked && !work.has_failed) {
		arena_init(&arena, NULL, 64 * MIB);
		must(is_json(&arena, buf_view(&work.changed), &copy));
		must(slice_eq(copy, buf_view(&work.changed)));
		same_tokens(&work, json, copy);
		arena_fini(&arena);
	}
	scan_work_fini(&work);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct scanner *scanner;
	struct arena arena;
	struct slice json;

	if (scanner == NULL)
		scanner = scanner_make();
	if (n < 2)
		return 0;
	arena_init(&arena, NULL, 64 * MIB);
	if (is_json(&arena, (struct slice){ (const char *)data + 1, n - 1 }, &json))
		check(scanner, data[0], json);
	arena_fini(&arena);
	return 0;
}
