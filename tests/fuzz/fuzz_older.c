/*
 * What is rewritten for earlier revisions, and JSON in one spelling:
 *  - what was JSON is JSON afterwards, and has no member that should have gone;
 *  - to fit what fits already changes nothing;
 *  - the canonical text of a canonical text is the same text.
 * The first byte of an input chooses methods and revision.
 */
#include <stdlib.h>
#include <string.h>

#include "mcp/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define INPUT_MAX (64 * KIB)

static bool
is_json(struct arena *arena, struct slice text)
{
	struct err err;
	char *copy;

	if (!arena_reserve(arena, text.n + 1, &err))
		abort();
	copy = arena_bytes(arena, text.n + 1);
	memcpy(copy, text.p, text.n);
	return json_scan_all(json_scan_new(arena, copy, text.n, 0, 0, 1), &err);
}

static void
check_canonical(struct arena *arena, struct slice text)
{
	struct buf once, twice;

	buf_init(&once, NULL, 16 * INPUT_MAX);
	buf_init(&twice, NULL, 16 * INPUT_MAX);
	if (json_canonical(arena, text, NULL, &once)) {
		must(is_json(arena, buf_view(&once)));
		must(json_canonical(arena, buf_view(&once), NULL, &twice));
		must(slice_eq(buf_view(&once), buf_view(&twice)));
	}
	buf_fini(&once);
	buf_fini(&twice);
}

static void
check_result(
    struct arena *arena, enum mcp_method method, enum mcp_revision revision, struct slice text)
{
	struct buf once, twice;

	buf_init(&once, NULL, 16 * INPUT_MAX);
	buf_init(&twice, NULL, 16 * INPUT_MAX);
	if (result_fit(method, text, revision, &once)) {
		must(is_json(arena, buf_view(&once)));
		must(!result_fit(method, buf_view(&once), revision, &twice));
		must(twice.n == 0);
	}
	buf_fini(&once);
	buf_fini(&twice);
}

static void
check_question(
    struct arena *arena, enum mcp_method method, enum mcp_revision revision, struct slice text)
{
	struct question question = { .method = method, .params = text, .revision = MCP_NEWEST };
	const struct client_capabilities all = { true, true, true, true, true, true };

	question_fit(arena, &question, revision);
	must(is_json(arena, question.params));
	question_is_possible(&question, revision, &all);
}

static void
check_request(
    struct arena *arena, enum mcp_method method, enum mcp_revision revision, struct slice text)
{
	struct message request = { .method = method, .params = text };
	struct slice parts[SPLICE_PARTS], gone;
	struct edit edit;
	struct buf out;

	if (!request_fit(&request, revision, &edit))
		return;
	buf_init(&out, NULL, INPUT_MAX);
	for (size_t i = 0, parts_n = message_splice(text, &edit, 1, parts); i < parts_n; i++)
		buf_put(&out, parts[i]);
	must(is_json(arena, buf_view(&out)));
	must(!json_find(buf_view(&out), S("context"), &gone));
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum mcp_method results[] = { MCP_TOOLS_CALL, MCP_TOOLS_LIST,
		MCP_PROMPTS_GET },
				     asks[] = { MCP_ELICITATION_CREATE, MCP_SAMPLING_CREATE };
	enum mcp_revision revision;
	struct arena arena;
	struct slice text;
	struct err err;
	char *copy;

	if (n < 2 || n > INPUT_MAX)
		return 0;
	revision = (enum mcp_revision)(data[0] % MCP_REVISIONS_N);
	arena_init(&arena, NULL, 256 * MIB);
	must(arena_reserve(&arena, n, &err));
	copy = arena_bytes(&arena, n - 1);
	memcpy(copy, data + 1, n - 1);
	text = (struct slice){ copy, n - 1 };
	if (json_scan_all(json_scan_new(&arena, copy, n - 1, 0, 0, 1), &err) &&
	    json_type(text = slice_trim(text)) == JSON_OBJECT) {
		check_canonical(&arena, text);
		check_result(&arena, results[data[0] / 8 % COUNT(results)], revision, text);
		check_question(&arena, asks[data[0] / 8 % COUNT(asks)], revision, text);
		check_request(&arena, MCP_COMPLETE, revision, text);
	}
	arena_fini(&arena);
	return 0;
}
