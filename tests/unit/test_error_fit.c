/*
 * Errors of servers in the words of the client's revision, both ways: the code, data.uri of what
 * was asked for, and everything else byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "mcp/mcp.h"
#include "stream_double.h"

#define READ "resources/read"
#define CALL "tools/call"
#define URI  "\"a://b\\n\""

static const struct {
	const char *method;
	enum mcp_revision server, client;
	const char *error, *fit; /* NULL: as it is */
} cases[] = {
	/* To clients of sessions, from servers of 2026-07-28. */
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "{\"code\":-32602,\"message\":\"gone\"}",
	    "{\"code\":-32002,\"message\":\"gone\",\"data\":{\"uri\":" URI "}}" },
	{ READ, MCP_2026_07_28, MCP_2024_11_05, "{\"data\":{ },\"code\" : -32602}",
	    "{\"data\":{\"uri\":" URI " },\"code\" : -32002}" },
	{ READ, MCP_2026_07_28, MCP_2025_06_18, "{\"code\":-32602,\"data\":{\"k\":1.0}}",
	    "{\"code\":-32002,\"data\":{\"uri\":" URI ",\"k\":1.0}}" },
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "{\"code\":-32602,\"data\":{\"uri\":\"x\"}}",
	    "{\"code\":-32002,\"data\":{\"uri\":\"x\"}}" },
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "{\"code\":-32602,\"data\":[7]}",
	    "{\"code\":-32002,\"data\":[7]}" },
	/* Wrong params of anything else are wrong params. */
	{ CALL, MCP_2026_07_28, MCP_2025_11_25, "{\"code\":-32602}", NULL },
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "{\"code\":-32603}", NULL },
	{ READ, MCP_2025_11_25, MCP_2025_06_18, "{\"code\":-32602}", NULL },
	/* To clients of 2026-07-28, from servers of sessions. */
	{ READ, MCP_2025_06_18, MCP_2026_07_28, "{\"code\":-32002,\"message\":\"gone\"}",
	    "{\"code\":-32602,\"message\":\"gone\",\"data\":{\"uri\":" URI "}}" },
	{ CALL, MCP_2025_11_25, MCP_2026_07_28, "{\"code\":-32002}", "{\"code\":-32602}" },
	{ CALL, MCP_2025_11_25, MCP_2026_07_28, "{\"code\":-32042}", "{\"code\":-32603}" },
	{ CALL, MCP_2025_06_18, MCP_2026_07_28, "{\"code\":-32042}", NULL },
	/* Between two of one revision nothing changes, nor where there is no code. */
	{ READ, MCP_2026_07_28, MCP_2026_07_28, "{\"code\":-32602}", NULL },
	{ READ, MCP_2025_11_25, MCP_2025_11_25, "{\"code\":-32002}", NULL },
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "{\"code\":\"-32602\"}", NULL },
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "{}", NULL },
	{ READ, MCP_2026_07_28, MCP_2025_11_25, "7", NULL },
};

static void
on_message(void *owner, struct message *message, const struct err *err)
{
	struct intake *intake = owner;

	assert_int_equal(err->kind, ERR_NONE);
	intake->owner = exchange_new(intake, message);
}

static void
test_cases(void **state)
{
	struct machine machine;
	struct loop *loop = machine_loop(&machine);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *wanted = cases[i].fit != NULL ? cases[i].fit : cases[i].error;
		struct reply reply = { .error = slice_of(cases[i].error),
			.revision = cases[i].server };
		struct exchange *exchange;
		struct intake intake;
		char text[200];
		int n;

		intake_init(&intake, loop, 0);
		intake.done = on_message;
		intake.owner = &intake;
		n = snprintf(text, sizeof(text),
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"uri\":" URI "}}",
		    cases[i].method);
		intake_feed(&intake, text, (size_t)n);
		exchange = intake.owner;
		exchange->revision = cases[i].client;
		error_fit(exchange, &reply);
		if (!slice_eq(reply.error, slice_of(wanted)))
			fail_msg("%zu: is %.*s, not %s", i, SLICE_FMT(reply.error), wanted);
		assert_int_equal(reply.error.p != cases[i].error, cases[i].fit != NULL);
		exchange_free(&exchange);
		intake_fini(&intake);
	}
	machine_end(&machine, &loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
