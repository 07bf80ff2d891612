/*
 * Results and questions for clients of earlier revisions: what they do not know is text or takes
 * its older form, the rest stays byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcp/mcp.h"

#define TEXT(text)  "{\"type\":\"text\",\"text\":\"" text "\"}"
#define AUDIO	    "{\"type\":\"audio\",\"data\":\"AAECAw==\",\"mimeType\":\"audio/\\u0077av\"}"
#define AUDIO_TEXT  TEXT("[audio: audio/\\u0077av, 4 bytes]")
#define LINK(more)  "{\"type\":\"resource_link\",\"uri\":\"a://b\\n\",\"name\":\"n\"" more "}"
#define LINK_TEXT   "{\"type\":\"text\",\"text\":\"[resource: n] a://b\\n\""
#define CONTENT(is) "{\"_meta\":{\"n\":1.0}, \"content\" : [" is "],\"isError\":false}"

static const struct {
	enum mcp_method method;
	enum mcp_revision revision;
	const char *result, *fit; /* NULL: as it is */
} cases[] = {
	/* Kinds, and since when they are known. */
	{ MCP_TOOLS_CALL, MCP_2024_11_05, CONTENT(AUDIO), CONTENT(AUDIO_TEXT) },
	{ MCP_TOOLS_CALL, MCP_2025_03_26, CONTENT(AUDIO), NULL },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, CONTENT(LINK("")), CONTENT(LINK_TEXT "}") },
	{ MCP_TOOLS_CALL, MCP_2025_03_26, CONTENT(LINK("")), CONTENT(LINK_TEXT "}") },
	{ MCP_TOOLS_CALL, MCP_2025_06_18, CONTENT(LINK("")), NULL },
	{ MCP_TOOLS_CALL, MCP_2025_11_25, CONTENT(AUDIO "," LINK("")), NULL },
	{ MCP_TOOLS_CALL, MCP_2025_03_26, CONTENT(AUDIO "," LINK("") ", " TEXT("x")),
	    CONTENT(AUDIO "," LINK_TEXT "}, " TEXT("x")) },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, CONTENT(TEXT("x") "," AUDIO "," LINK("")),
	    CONTENT(TEXT("x") "," AUDIO_TEXT "," LINK_TEXT "}") },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, CONTENT(TEXT("\\\"audio\\\"")), NULL },
	/* Annotations are as old as content. */
	{ MCP_TOOLS_CALL, MCP_2024_11_05,
	    CONTENT(LINK(",\"annotations\":{\"priority\":0.50},\"size\":7")),
	    CONTENT(LINK_TEXT ",\"annotations\":{\"priority\":0.50}}") },
	/* What lacks members, or is none of it. */
	{ MCP_TOOLS_CALL, MCP_2024_11_05, CONTENT("{\"type\":\"audio\",\"data\":7}"),
	    CONTENT(TEXT("[audio: ?, 0 bytes]")) },
	{ MCP_TOOLS_CALL, MCP_2024_11_05,
	    CONTENT("{\"type\":\"audio\",\"data\":\"\",\"mimeType\":\"\"}"),
	    CONTENT(TEXT("[audio: , 0 bytes]")) },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, CONTENT("7,null,[],{},{\"type\":7}"), NULL },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, "{\"content\":{\"type\":\"audio\"}}", NULL },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, "{}", NULL },
	{ MCP_TOOLS_CALL, MCP_2024_11_05, "[]", NULL },
	/* Structured content stays, and is told as text where there is nothing else. */
	{ MCP_TOOLS_CALL, MCP_2025_03_26, "{\"structuredContent\":{\"a\":\"\\n\"}}",
	    "{\"content\":[" TEXT(
		"{\\\"a\\\":\\\"\\\\n\\\"}") "],\"structuredContent\":{\"a\":\"\\n\"}}" },
	{ MCP_TOOLS_CALL, MCP_2025_03_26, "{\"structuredContent\":[1.0],\"content\":[]}",
	    "{\"structuredContent\":[1.0],\"content\":[" TEXT("[1.0]") "]}" },
	{ MCP_TOOLS_CALL, MCP_2025_03_26, "{\"structuredContent\":{},\"content\":[" TEXT("x") "]}",
	    NULL },
	{ MCP_TOOLS_CALL, MCP_2025_06_18, "{\"structuredContent\":{}}", NULL },
	/* Prompts have one item a message. */
	{ MCP_PROMPTS_GET, MCP_2024_11_05,
	    "{\"messages\":[{\"role\":\"user\",\"content\":" AUDIO
	    "},{\"content\":" TEXT("x") "},{\"content\":" LINK("") ",\"role\":\"user\"},7]}",
	    "{\"messages\":[{\"role\":\"user\",\"content\":" AUDIO_TEXT
	    "},{\"content\":" TEXT("x") "},{\"content\":" LINK_TEXT "},\"role\":\"user\"},7]}" },
	{ MCP_PROMPTS_GET, MCP_2024_11_05, "{\"structuredContent\":{}}", NULL },
	/* Tools say what they put out only where that is an object. */
	{ MCP_TOOLS_LIST, MCP_2025_11_25,
	    "{\"tools\":[{\"name\":\"a\",\"outputSchema\":{\"type\":\"object\"}},7,"
	    "{\"name\":\"b\", \"outputSchema\" : {\"anyOf\":[]}},"
	    "{\"outputSchema\":{\"type\":\"array\"},\"name\":\"c\"},{\"outputSchema\":true}]}",
	    "{\"tools\":[{\"name\":\"a\",\"outputSchema\":{\"type\":\"object\"}},7,"
	    "{\"name\":\"b\"},{\"name\":\"c\"},{}]}" },
	{ MCP_TOOLS_LIST, MCP_2026_07_28, "{\"tools\":[{\"outputSchema\":{\"anyOf\":[]}}]}", NULL },
	{ MCP_TOOLS_LIST, MCP_2024_11_05, "{\"tools\":{}}", NULL },
	/* Elsewhere these words mean nothing. */
	{ MCP_RESOURCES_READ, MCP_2024_11_05, CONTENT(AUDIO), NULL },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice result = slice_of(cases[i].result);
		struct buf out;
		bool is_changed;

		buf_init(&out, NULL, MIB);
		is_changed = result_fit(cases[i].method, result, cases[i].revision, &out);
		assert_int_equal(is_changed, cases[i].fit != NULL);
		if (!is_changed)
			assert_int_equal(out.n, 0);
		else if (!slice_eq(buf_view(&out), slice_of(cases[i].fit)))
			fail_msg("%s\nis    %.*s\nnot   %s", cases[i].result,
			    SLICE_FMT(buf_view(&out)), cases[i].fit);
		buf_fini(&out);
	}
}

#define ASK(is) \
	"{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{" is \
	"}},\"_meta\":{\"progressToken\":\"t\"}}"
#define ONE(more) "{\"const\":\"a\",\"title\":\"\\n\"}" more

static const struct {
	enum mcp_method method;
	enum mcp_revision revision;
	const char *params, *fit; /* NULL: as it is */
} questions[] = {
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18,
	    ASK("\"x\":{\"type\":\"string\",\"oneOf\" : [" ONE(
		",{\"title\":\"B\",\"const\":\"b\"}") "],\"title\":\"X\"},\"y\":{\"oneOf\":[]}"),
	    ASK("\"x\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"enumNames\":[\"\\n\",\"B\"],\"title\":\"X\"},\"y\":{\"enum\":[],\"enumNames\":[]}") },
	{ MCP_ELICITATION_CREATE, MCP_2025_11_25, ASK("\"x\":{\"oneOf\":[" ONE("") "]}"), NULL },
	{ MCP_SAMPLING_CREATE, MCP_2025_06_18, ASK("\"x\":{\"oneOf\":[" ONE("") "]}"), NULL },
	/* A list of one block is that block. */
	{ MCP_SAMPLING_CREATE, MCP_2025_06_18,
	    "{\"messages\":[{\"content\":[" TEXT("x") "]},{\"content\":" TEXT("y") "},{\"content\":[" TEXT(
		"x") "," TEXT("y") "]},5],\"_meta\":{\"progressToken\":\"t\"}}",
	    "{\"messages\":[{\"content\":" TEXT("x") "},{\"content\":" TEXT("y") "},{\"content\":[" TEXT(
		"x") "," TEXT("y") "]},5],\"_meta\":{\"progressToken\":\"t\"}}" },
	{ MCP_SAMPLING_CREATE, MCP_2025_11_25, "{\"messages\":[{\"content\":[" TEXT("x") "]}]}",
	    NULL },
	{ MCP_SAMPLING_CREATE, MCP_2025_06_18, "{\"messages\":[{\"content\":[]}]}", NULL },
	/* No choices of texts, or choices already. */
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18,
	    ASK("\"x\":{\"oneOf\":[" ONE(",{\"const\":1,\"title\":\"b\"}") "]}"), NULL },
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18, ASK("\"x\":{\"oneOf\":[{\"const\":\"a\"}]}"),
	    NULL },
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18, ASK("\"x\":{\"oneOf\":{\"a\":1}},\"y\":7"),
	    NULL },
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18,
	    ASK("\"x\":{\"enum\":[],\"oneOf\":[" ONE("") "]}"), NULL },
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18, "{\"requestedSchema\":{\"properties\":[]}}",
	    NULL },
	{ MCP_ELICITATION_CREATE, MCP_2025_06_18, "{}", NULL },
};

static void
test_questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++) {
		const char *wanted =
		    questions[i].fit != NULL ? questions[i].fit : questions[i].params;
		struct question question = { .method = questions[i].method,
			.params = slice_of(questions[i].params) };
		const char *token = strstr(questions[i].params, "\"t\"");
		struct arena arena;

		if (token != NULL)
			question.token = (struct slice){ token, 3 };
		arena_init(&arena, NULL, MIB);
		question_fit(&arena, &question, questions[i].revision);
		if (!slice_eq(question.params, slice_of(wanted)))
			fail_msg("is %.*s, not %s", SLICE_FMT(question.params), wanted);
		assert_int_equal(
		    question.params.p != questions[i].params, questions[i].fit != NULL);
		/* A span of what is sent. */
		if (token != NULL) {
			assert_true(slice_eq(question.token, S("\"t\"")));
			assert_ptr_equal(
			    question.token.p, question.params.p + question.params.n - 5);
		}
		arena_fini(&arena);
	}
}

#define BLOCKS(is) "{\"messages\":[{\"content\":" is "}]}"

/* What a client that can all of it is asked, and what is refused for it. */
static void
test_possible(void **state)
{
	static const struct {
		enum mcp_method method;
		enum mcp_revision asker, client;
		const char *params;
		bool is_possible;
	} rows[] = {
		{ MCP_SAMPLING_CREATE, MCP_2025_11_25, MCP_2025_06_18, BLOCKS("{}"), true },
		{ MCP_SAMPLING_CREATE, MCP_2025_11_25, MCP_2025_06_18, BLOCKS("[{},{}]"), false },
		{ MCP_SAMPLING_CREATE, MCP_2026_07_28, MCP_2024_11_05, BLOCKS("[]"), false },
		{ MCP_SAMPLING_CREATE, MCP_2026_07_28, MCP_2025_11_25, BLOCKS("[{},{}]"), true },
		/* Whoever speaks the same says what it likes. */
		{ MCP_SAMPLING_CREATE, MCP_2025_06_18, MCP_2025_06_18, BLOCKS("[{},{}]"), true },
		{ MCP_SAMPLING_CREATE, MCP_2025_06_18, MCP_2026_07_28, BLOCKS("[{},{}]"), true },
		{ MCP_SAMPLING_CREATE, MCP_2025_11_25, MCP_2025_06_18, "{\"tools\":[]}", false },
		{ MCP_SAMPLING_CREATE, MCP_2025_11_25, MCP_2026_07_28, "{\"tools\":[]}", true },
		{ MCP_SAMPLING_CREATE, MCP_2025_11_25, MCP_2025_06_18, "{\"messages\":7}", true },
		{ MCP_ELICITATION_CREATE, MCP_2026_07_28, MCP_2025_06_18, "{\"mode\":\"url\"}",
		    false },
		{ MCP_ELICITATION_CREATE, MCP_2026_07_28, MCP_2025_11_25, "{\"mode\":\"url\"}",
		    true },
		{ MCP_ELICITATION_CREATE, MCP_2026_07_28, MCP_2025_03_26, "{}", false },
		{ MCP_ROOTS_LIST, MCP_2026_07_28, MCP_2024_11_05, "{}", true },
	};
	const struct client_capabilities all = { true, true, true, true, true, true };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct question question = { .method = rows[i].method,
			.params = slice_of(rows[i].params),
			.revision = rows[i].asker };

		if (question_is_possible(&question, rows[i].client, &all) != rows[i].is_possible)
			fail_msg("%zu: %s", i, rows[i].params);
	}
}

/* What a server of an earlier revision is not sent, with one comma. */
static void
test_requests(void **state)
{
	static const struct {
		enum mcp_method method;
		enum mcp_revision revision;
		const char *params, *fit; /* NULL: as it is */
	} rows[] = {
		{ MCP_COMPLETE, MCP_2025_03_26, "{\"ref\":{},\"context\":{\"a\":1},\"b\":2}",
		    "{\"ref\":{},\"b\":2}" },
		{ MCP_COMPLETE, MCP_2024_11_05, "{\"ref\":{} , \"context\" : {}}",
		    "{\"ref\":{} }" },
		{ MCP_COMPLETE, MCP_2024_11_05, "{ \"context\":[7] , \"ref\":{}}",
		    "{  \"ref\":{}}" },
		{ MCP_COMPLETE, MCP_2024_11_05, "{ \"context\":[7] }", "{}" },
		{ MCP_COMPLETE, MCP_2025_06_18, "{\"context\":{}}", NULL },
		{ MCP_COMPLETE, MCP_2024_11_05, "{\"ref\":{\"context\":1}}", NULL },
		{ MCP_COMPLETE, MCP_2024_11_05, "[]", NULL },
		{ MCP_TOOLS_CALL, MCP_2024_11_05, "{\"context\":{}}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message request = { .method = rows[i].method,
			.params = slice_of(rows[i].params) };
		struct slice parts[SPLICE_PARTS];
		struct buf out;
		struct edit edit;
		bool is = request_fit(&request, rows[i].revision, &edit);

		assert_int_equal(is, rows[i].fit != NULL);
		if (!is)
			continue;
		buf_init(&out, NULL, KIB);
		for (size_t k = 0, n = message_splice(request.params, &edit, 1, parts); k < n; k++)
			buf_put(&out, parts[k]);
		if (!slice_eq(buf_view(&out), slice_of(rows[i].fit)))
			fail_msg("%zu: is %.*s", i, SLICE_FMT(buf_view(&out)));
		buf_fini(&out);
	}
}

/* What would take long to walk is left alone. */
static void
test_large(void **state)
{
	static const char head[] = "{\"content\":[{\"type\":\"audio\",\"data\":\"",
			  tail[] = "\"}]}";
	size_t n = 4 * MIB + 1;
	struct buf text, out;

	(void)state;
	for (unsigned is_larger = 0; is_larger < 2; is_larger++) {
		buf_init(&text, NULL, 8 * MIB);
		buf_init(&out, NULL, 8 * MIB);
		buf_puts(&text, head);
		while (text.n < n - sizeof(tail) + is_larger)
			buf_putc(&text, 'A');
		buf_puts(&text, tail);
		assert_int_equal(text.n, 4 * MIB + is_larger);
		assert_int_equal(
		    result_fit(MCP_TOOLS_CALL, buf_view(&text), MCP_2024_11_05, &out), !is_larger);
		buf_fini(&text);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_possible),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
