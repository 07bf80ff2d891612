/*
 * The clients that `bascule install` knows: where each keeps its list of servers, and in what form.
 */
#include <string.h>

#include "cli/install.h"

#define XDG    "XDG_CONFIG_HOME", ".config"
#define HOMEIN "HOME", NULL
#define HERE   "", NULL
#define MAC    "Library/Application Support/"

/* clang-format off */
static const struct install_client clients[] = {
	{ "claude-desktop", "Claude Desktop", INSTALL_JSON, "mcpServers", false, XDG,
	    "Claude/claude_desktop_config.json", MAC "Claude/claude_desktop_config.json" },
	{ "claude-code", "Claude Code", INSTALL_JSON, "mcpServers", true, HOMEIN, ".claude.json", NULL },
	{ "claude-code-project", "Claude Code, this folder", INSTALL_JSON, "mcpServers", true, HERE,
	    ".mcp.json", NULL },
	{ "cursor", "Cursor", INSTALL_JSON, "mcpServers", false, HOMEIN, ".cursor/mcp.json", NULL },
	{ "cursor-project", "Cursor, this folder", INSTALL_JSON, "mcpServers", false, HERE,
	    ".cursor/mcp.json", NULL },
	{ "vscode", "VS Code", INSTALL_JSON, "servers", true, XDG, "Code/User/mcp.json",
	    MAC "Code/User/mcp.json" },
	{ "vscode-project", "VS Code, this folder", INSTALL_JSON, "servers", true, HERE,
	    ".vscode/mcp.json", NULL },
	{ "windsurf", "Windsurf", INSTALL_JSON, "mcpServers", false, HOMEIN,
	    ".codeium/windsurf/mcp_config.json", NULL },
	{ "codex", "Codex", INSTALL_TOML, "mcp_servers", false, "CODEX_HOME", ".codex", "config.toml",
	    ".codex/config.toml" },
	{ "gemini", "Gemini CLI", INSTALL_JSON, "mcpServers", false, HOMEIN, ".gemini/settings.json",
	    NULL },
	{ "zed", "Zed", INSTALL_JSON, "context_servers", false, XDG, "zed/settings.json",
	    ".config/zed/settings.json" },
};
/* clang-format on */

const struct install_client *
install_client_find(const char *name)
{
	for (size_t i = 0; i < COUNT(clients); i++)
		if (strcmp(clients[i].name, name) == 0)
			return &clients[i];
	return NULL;
}

const char *
install_client_nearest(const char *name)
{
	const char *known[COUNT(clients)];

	for (size_t i = 0; i < COUNT(clients); i++)
		known[i] = clients[i].name;
	return cli_nearest(name, known, COUNT(clients));
}

void
install_clients_put(struct buf *out)
{
	for (size_t i = 0; i < COUNT(clients); i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", clients[i].name);
}

/* An absolute path, or NULL. */
static const char *
folder(const struct options *options, const char *name)
{
	const char *value = cli_variable(options, name);

	return value != NULL && value[0] == '/' ? value : NULL;
}

bool
install_client_path(const struct install_client *client, const struct options *options,
    struct buf *out, struct err *err)
{
	const char *home = folder(options, "HOME"), *base;

#ifdef __APPLE__
	if (client->mac != NULL && home != NULL && client->base[0] != '\0') {
		buf_printf(out, "%s/%s", home, client->mac);
		return buf_check(out, err);
	}
#endif
	if (client->base[0] == '\0') {
		buf_puts(out, client->path);
		return buf_check(out, err);
	}
	base = folder(options, client->base);
	if (base != NULL)
		buf_printf(out, "%s/%s", base, client->path);
	else if (home != NULL && client->fallback != NULL)
		buf_printf(out, "%s/%s/%s", home, client->fallback, client->path);
	else
		return err_set(err, ERR_CONFIG,
		    "install: HOME is not set, so nobody knows where %s keeps its configuration",
		    client->title);
	return buf_check(out, err);
}
