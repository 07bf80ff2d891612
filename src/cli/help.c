/*
 * `bascule help`: texts made from the tables of commands and options, for people and as a page of
 * documentation, and the two documents made from the table of configuration options.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/atlassian.h"
#include "cli/help.h"

const char *const help_statuses[] = {
	"done",
	"failed: the tool answered with an error, or the call was refused",
	"wrong usage, unknown tool, bad argument",
	"bad configuration",
	"some upstream failed; for `call`: it is unavailable, or the outcome is unknown",
};
const size_t help_statuses_n = COUNT(help_statuses);

static const char intro[] = "bascule joins MCP servers behind one endpoint.";
static const char outro[] =
    "Results go to stdout, everything else to stderr.\n"
    "`bascule help COMMAND` says more about one, `bascule help configuration` describes bascule.yaml.\n";

/* "-c, --config FILE", with the letter's place kept free where there is none. */
static void
option_name(const struct cli_option_row *row, char text[48])
{
	char letter[8] = "    ";

	if (row->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(text, 48, "%s--%s%s%s", letter, row->name, row->argument != NULL ? " " : "",
	    row->argument != NULL ? row->argument : "");
}

/* help in lines of at most 100 columns, the second and later ones indented. */
static void
put_wrapped(struct buf *out, const char *help, size_t indent)
{
	size_t column = indent;

	while (*help != '\0') {
		size_t n = strcspn(help, " ");

		if (column > indent && column + 1 + n > 100) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_putc(out, ' ');
			column++;
		}
		buf_put(out, (struct slice){ help, n });
		column += n;
		help += n + (help[n] == ' ');
	}
	buf_putc(out, '\n');
}

/* They are many, and the same wherever they are taken. */
static const char site_options[] =
    "And the options of `bascule serve` about Jira and Confluence, from --read-only on.";

uint64_t
help_shown(const struct command *command)
{
	return strcmp(command->name, "serve") == 0 ? command->options
						   : command->options & ~cli_site_options;
}

void
help_put_command(struct buf *out, const struct command *command)
{
	char name[48];

	buf_printf(out, "bascule %s%s%s [OPTIONS]\n\n%c%s.\n", command->name,
	    command->words[0] ? " " : "", command->words, command->help[0] - 'a' + 'A',
	    command->help + 1);
	if (command->about[0] != '\0')
		buf_printf(out, "%s\n", command->about);
	buf_puts(out, "\nOptions:\n");
	for (size_t i = 0; i < OPTIONS_N; i++) {
		if (((help_shown(command) | OPTION_BIT(HELP)) & ((uint64_t)1 << i)) == 0)
			continue;
		option_name(&cli_options[i], name);
		buf_printf(out, "  %-24s  ", name);
		if (strlen(name) > 24)
			buf_printf(out, "\n%28s", "");
		put_wrapped(out, cli_options[i].help, 28);
	}
	if (help_shown(command) != command->options)
		buf_printf(out, "\n%s\n", site_options);
}

void
help_put_all(struct buf *out)
{
	buf_printf(out, "%s\n\nusage: bascule COMMAND [OPTIONS]\n\nCommands:\n", intro);
	for (size_t i = 0; i < cli_commands_n; i++)
		buf_printf(out, "  %-10s %s\n", cli_commands[i].name, cli_commands[i].help);
	buf_printf(out, "\n%s\nExit status:\n", outro);
	for (size_t i = 0; i < help_statuses_n; i++)
		buf_printf(out, "  %zu  %s\n", i, help_statuses[i]);
}

static void
put_markdown_command(struct buf *out, const struct command *command)
{
	buf_printf(out, "\n## bascule %s\n\n```\nbascule %s%s%s [OPTIONS]\n```\n\n%c%s.",
	    command->name, command->name, command->words[0] ? " " : "", command->words,
	    command->help[0] - 'a' + 'A', command->help + 1);
	if (command->about[0] != '\0')
		buf_printf(out, "\n%s", command->about);
	buf_puts(out, "\n");
	if (command->options == 0)
		return;
	buf_puts(out, "\n| option | |\n|---|---|\n");
	for (size_t i = 0; i < OPTIONS_N; i++) {
		const struct cli_option_row *row = &cli_options[i];

		if ((help_shown(command) & ((uint64_t)1 << i)) == 0)
			continue;
		buf_puts(out, "| ");
		if (row->letter != 0)
			buf_printf(out, "`-%c`, ", row->letter);
		buf_printf(out, "`--%s%s%s` | %s |\n", row->name, row->argument != NULL ? " " : "",
		    row->argument != NULL ? row->argument : "", row->help);
	}
	if (help_shown(command) != command->options)
		buf_printf(out, "\n%s\n", site_options);
}

static void
help_put_markdown(struct buf *out)
{
	buf_printf(out,
	    "# The commands\n\nMade by `bascule help --markdown` from the table of commands "
	    "(`src/cli/commands.c`).\n\n%s\nResults go to stdout, everything else to stderr. Every command "
	    "knows `-h`, `--help`.\n\n| command | |\n|---|---|\n",
	    intro);
	for (size_t i = 0; i < cli_commands_n; i++)
		buf_printf(out, "| [`%s`](#bascule-%s) | %s |\n", cli_commands[i].name,
		    cli_commands[i].name, cli_commands[i].help);
	buf_puts(out, "\n| exit status | |\n|---|---|\n");
	for (size_t i = 0; i < help_statuses_n; i++)
		buf_printf(out, "| %zu | %s |\n", i, help_statuses[i]);
	for (size_t i = 0; i < cli_commands_n; i++)
		put_markdown_command(out, &cli_commands[i]);
}

MUST_CHECK static bool
unknown_topic(const char *topic, struct err *err)
{
	const char *known[40] = { "configuration", "atlassian", "man", "completion" }, *nearest;
	size_t n = 4;

	for (size_t i = 0; i < cli_commands_n && n < COUNT(known); i++)
		known[n++] = cli_commands[i].name;
	nearest = cli_nearest(topic, known, n);
	if (nearest != NULL)
		return err_set(err, ERR_USAGE,
		    "help: unknown command \"%.40s\" (did you mean \"%s\"?)", topic, nearest);
	return err_set(err, ERR_USAGE, "help: unknown command \"%.40s\"", topic);
}

/* What is no command; false: topic is none of them, and err is not set. */
static bool
put_topic(
    struct buf *out, const struct options *options, const char *topic, bool *ok, struct err *err)
{
	*ok = true;
	if (strcmp(topic, "configuration") == 0 && option_is_given(options, OPTION_SCHEMA))
		config_print_schema(out);
	else if (strcmp(topic, "configuration") == 0)
		config_print_markdown(out);
	else if (strcmp(topic, "atlassian") == 0)
		atlassian_put_reference(out);
	else if (strcmp(topic, "man") == 0)
		help_put_man(out);
	else if (strcmp(topic, "completion") == 0)
		*ok =
		    help_put_completion(out, options->words_n > 1 ? options->words[1] : NULL, err);
	else
		return false;
	return true;
}

MUST_CHECK static bool
help_put(struct buf *out, const struct options *options, struct err *err)
{
	const char *topic = options->words_n > 0 ? options->words[0] : NULL;
	const struct command *command = topic != NULL ? cli_command_find(topic) : NULL;
	bool ok;

	if (option_is_given(options, OPTION_SCHEMA) &&
	    (topic == NULL || strcmp(topic, "configuration") != 0))
		return err_set(err, ERR_USAGE, "help: --schema goes with `help configuration`");
	if (options->words_n > 1 && strcmp(topic, "completion") != 0)
		return err_set(err, ERR_USAGE, "help: one command at a time");
	if (topic != NULL && command == NULL)
		return put_topic(out, options, topic, &ok, err) ? ok : unknown_topic(topic, err);
	if (command != NULL)
		help_put_command(out, command);
	else if (option_is_given(options, OPTION_MARKDOWN))
		help_put_markdown(out);
	else
		help_put_all(out);
	return true;
}

int
help_run(struct options *options)
{
	struct buf out;
	struct err err;

	buf_init(&out, NULL, 4 * MIB);
	if (help_put(&out, options, &err))
		return cli_print(&out, EXIT_DONE);
	buf_fini(&out);
	return cli_fail(&err);
}
