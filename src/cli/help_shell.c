/*
 * `bascule help man` and `bascule help completion SHELL`: the manual page and what shells complete,
 * made from the tables of commands and options.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"

static bool
takes(const struct command *command, size_t option)
{
	return ((help_shown(command) | OPTION_BIT(HELP)) >> option & 1) != 0;
}

static bool
takes_file(size_t option)
{
	const char *argument = cli_options[option].argument;

	return argument != NULL && strcmp(argument, "FILE") == 0;
}

/* ---- man(7) ---------------------------------------------------------------------------------- */

/* No line of it is a request, and a hyphen is one that can be copied. */
static void
put_roff(struct buf *out, const char *text)
{
	bool at_start = true;

	for (; *text != '\0'; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			buf_puts(out, "\\&");
		if (*text == '\\')
			buf_puts(out, "\\e");
		else if (*text == '-')
			buf_puts(out, "\\-");
		else
			buf_putc(out, *text);
		at_start = *text == '\n';
	}
}

/* Paragraphs of the text, which has empty lines between them. */
static void
put_roff_about(struct buf *out, const char *text)
{
	while (*text != '\0') {
		const char *end = strstr(text, "\n\n");
		size_t n = end != NULL ? (size_t)(end - text) : strlen(text);
		struct buf part;

		buf_init(&part, NULL, 64 * KIB);
		buf_put(&part, (struct slice){ text, n });
		buf_putc(&part, '\0');
		buf_puts(out, ".PP\n");
		put_roff(out, part.p);
		buf_putc(out, '\n');
		buf_fini(&part);
		text += n + (end != NULL ? 2 : 0);
	}
}

static void
put_roff_option(struct buf *out, size_t option)
{
	const struct cli_option_row *row = &cli_options[option];

	buf_puts(out, ".TP\n");
	if (row->letter != 0)
		buf_printf(out, "\\fB\\-%c\\fR, ", row->letter);
	buf_puts(out, "\\fB\\-\\-");
	put_roff(out, row->name);
	buf_puts(out, "\\fR");
	if (row->argument != NULL) {
		buf_puts(out, " \\fI");
		put_roff(out, row->argument);
		buf_puts(out, "\\fR");
	}
	buf_putc(out, '\n');
	put_roff(out, row->help);
	buf_putc(out, '\n');
}

static void
put_roff_command(struct buf *out, const struct command *command)
{
	buf_puts(out, ".SS \"bascule ");
	put_roff(out, command->name);
	if (command->words[0] != '\0') {
		buf_putc(out, ' ');
		put_roff(out, command->words);
	}
	buf_puts(out, "\"\n");
	buf_putc(out, (char)(command->help[0] - 'a' + 'A'));
	put_roff(out, command->help + 1);
	buf_puts(out, ".\n");
	put_roff_about(out, command->about);
	for (size_t i = 0; i < OPTIONS_N; i++)
		if (i != OPTION_HELP && takes(command, i))
			put_roff_option(out, i);
}

void
help_put_man(struct buf *out)
{
	buf_puts(out, ".TH BASCULE 1 \"\" \"bascule " BASCULE_VERSION "\"\n.SH NAME\nbascule \\- ");
	put_roff(out, "a gateway between AI clients and everything they call");
	buf_puts(out,
	    "\n.SH SYNOPSIS\n.B bascule\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n"
	    "One endpoint for many MCP servers, for Jira and Confluence sites, and for runs of "
	    "agents, under one set of rules and one audit trail.\n"
	    "Results go to stdout, everything else to stderr.\n.SH COMMANDS\n");
	for (size_t i = 0; i < cli_commands_n; i++)
		put_roff_command(out, &cli_commands[i]);
	buf_puts(out, ".SH \"EXIT STATUS\"\n");
	for (size_t i = 0; i < help_statuses_n; i++) {
		buf_printf(out, ".TP\n%zu\n", i);
		put_roff(out, help_statuses[i]);
		buf_putc(out, '\n');
	}
	buf_puts(out,
	    ".SH FILES\n.TP\n.I /etc/bascule/bascule.yaml\nthe configuration, where neither "
	    "\\fB\\-c\\fR, $BASCULE_CONFIG nor $XDG_CONFIG_HOME/bascule/bascule.yaml name "
	    "another; \\fBbascule help configuration\\fR describes it\n");
}

/* ---- shells ---------------------------------------------------------------------------------- */

static void
put_option_words(struct buf *out, const struct command *command)
{
	for (size_t i = 0; i < OPTIONS_N; i++)
		if (takes(command, i))
			buf_printf(out, " --%s", cli_options[i].name);
}

static void
put_command_words(struct buf *out)
{
	for (size_t i = 0; i < cli_commands_n; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", cli_commands[i].name);
}

static void
put_bash(struct buf *out)
{
	bool is_first = true;

	buf_puts(out,
	    "# bash completion of bascule; made by `bascule help completion bash`\n"
	    "_bascule() {\n"
	    "    local now=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
	    "    COMPREPLY=()\n    case \"$before\" in\n    ");
	for (size_t i = 0; i < OPTIONS_N; i++) {
		if (!takes_file(i))
			continue;
		buf_printf(out, "%s--%s", is_first ? "" : "|", cli_options[i].name);
		if (cli_options[i].letter != 0)
			buf_printf(out, "|-%c", cli_options[i].letter);
		is_first = false;
	}
	buf_puts(out,
	    ") COMPREPLY=($(compgen -f -- \"$now\")); return ;;\n    esac\n"
	    "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W \"");
	put_command_words(out);
	buf_puts(
	    out, "\" -- \"$now\"))\n        return\n    fi\n    case \"${COMP_WORDS[1]}\" in\n");
	for (size_t i = 0; i < cli_commands_n; i++) {
		buf_printf(out, "    %s) COMPREPLY=($(compgen -W \"", cli_commands[i].name);
		if (strcmp(cli_commands[i].name, "help") == 0)
			put_command_words(out);
		put_option_words(out, &cli_commands[i]);
		buf_puts(out, "\" -- \"$now\")) ;;\n");
	}
	buf_puts(out, "    esac\n}\ncomplete -o default -F _bascule bascule\n");
}

/* In single quotes of zsh and fish; their own marks are escaped. */
static void
put_quoted(struct buf *out, const char *text, const char *marks)
{
	buf_putc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else if (strchr(marks, *text) != NULL)
			buf_printf(out, "\\%c", *text);
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '\'');
}

static void
put_zsh_option(struct buf *out, size_t option)
{
	const struct cli_option_row *row = &cli_options[option];

	buf_puts(out, " \\\n            ");
	if (row->letter != 0)
		buf_printf(out, "{-%c,--%s}", row->letter, row->name);
	else
		buf_printf(out, "--%s", row->name);
	buf_puts(out, "'['");
	put_quoted(out, row->help, "[]:\\");
	buf_puts(out, "']'");
	if (row->argument != NULL) {
		buf_putc(out, ':');
		put_quoted(out, row->argument, ":\\");
		buf_puts(out, takes_file(option) ? ":_files" : ":");
	}
}

static void
put_zsh(struct buf *out)
{
	buf_puts(out,
	    "#compdef bascule\n# made by `bascule help completion zsh`\n_bascule() {\n"
	    "    local -a commands\n    commands=(\n");
	for (size_t i = 0; i < cli_commands_n; i++) {
		buf_printf(out, "        %s:", cli_commands[i].name);
		put_quoted(out, cli_commands[i].help, ":\\");
		buf_putc(out, '\n');
	}
	buf_puts(out,
	    "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
	    "        return\n    fi\n    local name=$words[2]\n    shift words\n"
	    "    (( CURRENT-- ))\n    case $name in\n");
	for (size_t i = 0; i < cli_commands_n; i++) {
		buf_printf(out, "    %s)\n        _arguments", cli_commands[i].name);
		for (size_t option = 0; option < OPTIONS_N; option++)
			if (takes(&cli_commands[i], option))
				put_zsh_option(out, option);
		buf_puts(out, " '*:word:_files' ;;\n");
	}
	buf_puts(out, "    esac\n}\n_bascule \"$@\"\n");
}

static void
put_fish(struct buf *out)
{
	buf_puts(out, "# made by `bascule help completion fish`\n");
	for (size_t i = 0; i < cli_commands_n; i++) {
		const struct command *command = &cli_commands[i];

		buf_printf(out, "complete -c bascule -n __fish_use_subcommand -f -a %s -d ",
		    command->name);
		put_quoted(out, command->help, "\\");
		buf_putc(out, '\n');
		for (size_t option = 0; option < OPTIONS_N; option++) {
			const struct cli_option_row *row = &cli_options[option];

			if (!takes(command, option))
				continue;
			buf_printf(out,
			    "complete -c bascule -n '__fish_seen_subcommand_from %s' -l %s",
			    command->name, row->name);
			if (row->letter != 0)
				buf_printf(out, " -s %c", row->letter);
			buf_puts(out,
			    row->argument == NULL    ? " -d "
				: takes_file(option) ? " -r -F -d "
						     : " -x -d ");
			put_quoted(out, row->help, "\\");
			buf_putc(out, '\n');
		}
	}
}

bool
help_put_completion(struct buf *out, const char *shell, struct err *err)
{
	static const struct {
		const char *name;
		void (*put)(struct buf *out);
	} rows[] = { { "bash", put_bash }, { "zsh", put_zsh }, { "fish", put_fish } };

	for (size_t i = 0; shell != NULL && i < COUNT(rows); i++) {
		if (strcmp(rows[i].name, shell) == 0) {
			rows[i].put(out);
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "help: completion of which shell? bash, zsh or fish");
}
