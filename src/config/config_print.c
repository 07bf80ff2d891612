/*
 * The table of options as a page for people, docs/configuration.md.
 */
#include <string.h>

#include "config/config_parts.h"

static const char *const types[] = {
	[OPTION_BOOL] = "true or false",
	[OPTION_COUNT] = "number",
	[OPTION_DURATION] = "duration",
	[OPTION_SECONDS] = "seconds",
	[OPTION_SIZE] = "size",
	[OPTION_FRACTION] = "number, 0 to 1",
	[OPTION_WORD] = "word",
	[OPTION_TEXT] = "text",
	[OPTION_PATH] = "path",
	[OPTION_SECRET] = "secret",
	[OPTION_LIST] = "list of texts",
	[OPTION_ONE_OR_LIST] = "text or list of texts",
	[OPTION_PAIRS] = "map of texts",
};

static const char head[] =
    "# Configuration\n"
    "\n"
    "bascule reads one YAML file: the one given by `-c FILE`, else by `$BASCULE_CONFIG`, else\n"
    "`$XDG_CONFIG_HOME/bascule/bascule.yaml` (`~/.config` where that is not set), else\n"
    "`/etc/bascule/bascule.yaml`. It never looks into the working directory. `bascule check` says\n"
    "whether a file is right, with line and column where it is not.\n"
    "\n"
    "Where there is none, the environment configures sites of Jira and Confluence, as\n"
    "[atlassian.md](atlassian.md) says. With a file, only the file counts, and the environment is there\n"
    "for `${NAME}`.\n"
    "\n"
    "This page is made from the table of options in `src/config/config_options.c`.\n"
    "\n"
    "```yaml\n"
    "upstreams:\n"
    "  - name: files\n"
    "    command: [mcp-server-filesystem, /data]\n"
    "  - name: search\n"
    "    url: https://mcp.example.com/mcp\n"
    "    auth: {type: bearer, token: \"${SEARCH_TOKEN}\"}\n"
    "    timeout: 2m\n"
    "```\n"
    "\n"
    "## How values are written\n"
    "\n"
    "- Durations are a whole number and `ms`, `s`, `m`, `h` or `d`; sizes a whole number and `B`, `KiB`,\n"
    "  `MiB` or `GiB`. A number without a unit is an error.\n"
    "- `true` and `false` are the only truth values; `yes`, `no`, `on` and `off` are words. A value in\n"
    "  quotes is a text.\n"
    "- `${NAME}` anywhere in a value is the environment variable, and an error where it is not set;\n"
    "  `${NAME:-x}` is `x` where it is not set or empty; `$$` is a dollar sign. Inside `{…}` and `[…]` it\n"
    "  must stand in quotes.\n"
    "- `file:PATH` as a whole value is the content of that file (at most 64 KiB), one trailing newline\n"
    "  cut. To begin a value with `file:` itself, write `${NONE:-file:}`, with a variable that is not set.\n"
    "  Such a file, a key of `tls` and --env-file are refused when others than the owner may write to them.\n"
    "- Relative paths are relative to the file they stand in. `~` is not expanded: write `${HOME}`.\n"
    "- Anchors and aliases may be used, up to 50,000 values after expansion; merge keys (`<<`) may not.\n"
    "- Unknown and duplicate keys are errors.\n"
    "\n"
    "## Options\n"
    "\n"
    "\"Reload\": a changed value takes effect on SIGHUP; the others need a restart, and a warning says so.\n"
    "`[]` stands for each entry of a list, `{}` for each of a map, whose keys are names of your own.\n"
    "\n"
    "| option | type | default | reload | |\n"
    "|---|---|---|---|---|\n";

static const char tail[] =
    "\n"
    "Each upstream has either `command` or `url`. `args`, `env` and `cwd` belong to `command`; `headers`\n"
    "and `auth` to `url`. With `url`, `transport` is `auto`, `http` or `sse`; with `command`, `auto` or\n"
    "`stdio`. [atlassian.md](atlassian.md) says more about `atlassian.sites`.\n"
    "\n"
    "## The older form\n"
    "\n"
    "A file with the one root key `proxy` is taken as it is: `proxy.transport` (`stdio`, or `http` on\n"
    "`proxy.http.host` and `proxy.http.port`), `proxy.upstreams` or a single `proxy.upstream`, and\n"
    "`proxy.timeouts.connection_timeout` and `request_timeout` in seconds. Names are needed, and have to\n"
    "differ, only where there is more than one upstream. Other keys are errors.\n";

static void
put_number(struct buf *out, enum option_type type, uint64_t number)
{
	if (type == OPTION_COUNT)
		buf_put_u64(out, number);
	else
		config_unit_print(out, type == OPTION_SIZE ? UNIT_SIZE : UNIT_DURATION, number);
}

static void
put_type(struct buf *out, const struct config_option *option)
{
	const char *between = "";

	switch (option->type) {
	case OPTION_WORD:
		for (const char *const *word = option->words; *word != NULL; word++)
			if (**word != '\0') {
				buf_printf(out, "%s`%s`", between, *word);
				between = ", ";
			}
		break;
	case OPTION_COUNT:
	case OPTION_DURATION:
	case OPTION_SIZE:
		buf_puts(out, types[option->type]);
		buf_puts(out, ", ");
		put_number(out, option->type, option->min);
		buf_puts(out, " to ");
		put_number(out, option->type, option->max);
		break;
	default:
		buf_puts(out, types[option->type]);
	}
}

static void
put_option(struct buf *out, const struct config_option *option)
{
	buf_printf(out, "| `%s` | ", option->path);
	put_type(out, option);
	if (option->fallback != NULL)
		buf_printf(out, " | `%s`", option->fallback);
	else
		buf_printf(
		    out, " | %s", option->fallback_help != NULL ? option->fallback_help : "none");
	buf_printf(out, " | %s | ", option->reloadable ? "yes" : "no");
	/* A bar would end the cell, within backticks too. */
	for (const char *c = option->help; *c != '\0'; c++)
		buf_printf(out, "%s%c", *c == '|' ? "\\" : "", *c);
	buf_puts(out, " |\n");
}

void
config_print_markdown(struct buf *out)
{
	const struct config_option *options;
	size_t n;

	options = config_options(&n);
	buf_puts(out, head);
	for (size_t i = 0; i < n; i++)
		put_option(out, &options[i]);
	buf_puts(out, tail);
}
