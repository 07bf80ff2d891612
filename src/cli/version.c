/*
 * `bascule version`.
 */
#include "cli/cli.h"

int
version_run(struct options *options)
{
	struct buf out;

	buf_init(&out, NULL, MIB);
	buf_printf(&out, "bascule %s\nprotocol revisions:", BASCULE_VERSION);
	for (unsigned i = 0; i < MCP_REVISIONS_N; i++)
		buf_printf(
		    &out, "%s %s", i > 0 ? "," : "", mcp_revision_name((enum mcp_revision)i));
	buf_putc(&out, '\n');
	return cli_print(&out, EXIT_DONE);
}
