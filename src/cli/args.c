/*
 * Arguments to options and words.  Options may stand before or after words, as `--name value`,
 * `--name=value`, `-x value` or `-xvalue`; `--` ends them.  What is unknown is refused with the
 * nearest thing that is known.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const char *
cli_nearest(const char *meant, const char *const *known, size_t n)
{
	unsigned most = (unsigned)strlen(meant) / 3 + 1, best = 255;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned distance = slice_distance(slice_of(meant), slice_of(known[i]));

		if (distance < best && distance <= most) {
			best = distance;
			nearest = known[i];
		}
	}
	return nearest;
}

const char *
cli_variable(const struct options *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *const *at = options->environ; at != NULL && *at != NULL; at++)
		if (strncmp(*at, name, n) == 0 && (*at)[n] == '=')
			return (*at)[n + 1] != '\0' ? *at + n + 1 : NULL;
	return NULL;
}

/* Options of the command, or of any command while it is not known yet. */
static uint64_t
allowed(const struct options *options)
{
	return (options->command != NULL ? options->command->options : 0) | OPTION_BIT(HELP);
}

MUST_CHECK static bool
unknown_option(const struct options *options, const char *arg, size_t n, struct err *err)
{
	const char *known[OPTIONS_N], *nearest;
	const char *command = options->command != NULL ? options->command->name : "bascule";
	char name[32];
	size_t known_n = 0;

	for (size_t i = 0; i < OPTIONS_N; i++)
		if (allowed(options) & ((uint64_t)1 << i))
			known[known_n++] = cli_options[i].name;
	snprintf(name, sizeof(name), "%.*s", (int)(n < 31 ? n : 31), arg);
	nearest = arg[0] == '-' && n > 2 ? cli_nearest(name + 2, known, known_n) : NULL;
	if (nearest != NULL)
		return err_set(err, ERR_USAGE, "%s: unknown option %s (did you mean --%s?)",
		    command, name, nearest);
	return err_set(err, ERR_USAGE, "%s: unknown option %s", command, name);
}

/* The option that arg[0..n) names, or OPTIONS_N. */
static unsigned
option_find(const struct options *options, const char *arg, size_t n)
{
	for (unsigned i = 0; i < OPTIONS_N; i++) {
		const struct cli_option_row *row = &cli_options[i];

		if ((allowed(options) & ((uint64_t)1 << i)) == 0)
			continue;
		if (n == 2 && arg[0] == '-' && row->letter != 0 && arg[1] == row->letter)
			return i;
		if (n > 2 && arg[1] == '-' && strlen(row->name) == n - 2 &&
		    memcmp(arg + 2, row->name, n - 2) == 0)
			return i;
	}
	return OPTIONS_N;
}

/* One option at argv[*at]; moves *at past its value. */
MUST_CHECK static bool
option_read(int argc, const char **argv, int *at, struct options *options, struct err *err)
{
	const char *arg = argv[*at], *value = NULL;
	bool is_long = arg[1] == '-';
	size_t n = is_long ? strcspn(arg, "=") : 2;
	unsigned id = option_find(options, arg, n);

	if (id == OPTIONS_N)
		return unknown_option(options, arg, n, err);
	if (arg[n] != '\0')
		value = is_long ? arg + n + 1 : arg + n;
	if (id == OPTION_VERBOSE && !is_long && value != NULL &&
	    strspn(value, "v") == strlen(value)) {
		options->verbose += (unsigned)strlen(value);
		value = NULL;
	}
	if (cli_options[id].argument == NULL && value != NULL)
		return err_set(err, ERR_USAGE, "--%s takes no value", cli_options[id].name);
	if (cli_options[id].argument != NULL && value == NULL) {
		if (*at + 1 >= argc)
			return err_set(err, ERR_USAGE, "--%s needs a value: --%s %s",
			    cli_options[id].name, cli_options[id].name, cli_options[id].argument);
		value = argv[++*at];
	}
	if (id == OPTION_HEADER) {
		if (options->headers_n == CLI_HEADERS_MAX)
			return err_set(err, ERR_USAGE, "more than %d headers", CLI_HEADERS_MAX);
		options->headers[options->headers_n++] = value;
	} else if (id == OPTION_FAULT) {
		if (options->faults_n == CLI_FAULTS_MAX)
			return err_set(err, ERR_USAGE, "more than %d faults", CLI_FAULTS_MAX);
		options->faults[options->faults_n++] = value;
	}
	options->verbose += id == OPTION_VERBOSE;
	options->given |= (uint64_t)1 << id;
	options->value[id] = value;
	return true;
}

MUST_CHECK static bool
command_read(const char *name, struct options *options, struct err *err)
{
	const char *known[32], *nearest;
	size_t n = 0;

	options->command = cli_command_find(name);
	if (options->command != NULL)
		return true;
	for (; n < cli_commands_n && n < COUNT(known); n++)
		known[n] = cli_commands[n].name;
	nearest = cli_nearest(name, known, n);
	if (nearest != NULL)
		return err_set(err, ERR_USAGE, "unknown command \"%.40s\" (did you mean \"%s\"?)",
		    name, nearest);
	return err_set(err, ERR_USAGE, "unknown command \"%.40s\"", name);
}

MUST_CHECK static bool
words_check(const struct options *options, struct err *err)
{
	const struct command *command = options->command;

	if (option_is_given(options, OPTION_HELP))
		return true;
	if (command == NULL)
		return err_set(err, ERR_USAGE, "no command was given");
	if (options->words_n < command->words_least)
		return err_set(err, ERR_USAGE, "%s: something is missing: %s %s", command->name,
		    command->name, command->words);
	if (options->words_n > command->words_most)
		return err_set(err, ERR_USAGE, "%s: unexpected word \"%.80s\"", command->name,
		    options->words[command->words_most]);
	return true;
}

bool
cli_parse(int argc, const char **argv, struct options *options, struct err *err)
{
	bool only_words = false;
	unsigned n = 0;

	options->words = argv;
	for (int at = 0; at < argc; at++) {
		const char *arg = argv[at];

		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
		} else if (!only_words && arg[0] == '-' && arg[1] != '\0') {
			if (options->command == NULL && strcmp(arg, "--version") == 0)
				options->command = cli_command_find("version");
			else if (!option_read(argc, argv, &at, options, err))
				return false;
			/* Its options are the program's. */
			only_words = option_is_given(options, OPTION_COMMAND);
		} else if (options->command == NULL) {
			if (!command_read(arg, options, err))
				return false;
		} else {
			argv[n++] = arg;
		}
	}
	options->words_n = n;
	return words_check(options, err);
}
