/*
 * The program.  Commands that start children fork the keeper here, before anything else is made
 * (no threads, no loop, little memory); everything else is the command's.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

extern char **environ;

static int
keeper(const char *number)
{
	uint64_t fd;

	if (number == NULL || !slice_to_u64(slice_of(number), 1 << 20, &fd))
		return EXIT_USAGE;
	return keeper_main((int)fd);
}

static int
usage(const struct options *options, const struct err *err)
{
	struct buf out;
	int status = cli_fail(err);

	buf_init(&out, NULL, MIB);
	if (options->command == NULL && (options->given & OPTION_BIT(HELP)) == 0 &&
	    options->words_n == 0)
		buf_puts(&out, "`bascule help` lists the commands.\n");
	else if (options->command != NULL)
		buf_printf(
		    &out, "`bascule help %s` says how it is used.\n", options->command->name);
	cli_write(2, buf_view(&out));
	buf_fini(&out);
	return status;
}

static int
help(const struct options *options)
{
	struct buf out;

	buf_init(&out, NULL, MIB);
	if (options->command != NULL)
		help_put_command(&out, options->command);
	else
		help_put_all(&out);
	return cli_print(&out, EXIT_DONE);
}

static bool
wants_keeper(const struct options *options)
{
	return options->command->keeper == KEEPER_ALWAYS ||
	    (options->command->keeper == KEEPER_TO_CONNECT &&
		option_is_given(options, OPTION_CONNECT));
}

int
main(int argc, char **argv)
{
	struct options options = { .environ = (const char *const *)environ };
	struct err err;
	int status;

	mem_setup();
	if (argc > 1 && strcmp(argv[1], KEEPER_ARG) == 0)
		return keeper(argv[2]);
	/* A reader that goes away is an error of the write, not the end of the program. */
	signal(SIGPIPE, SIG_IGN);
	if (!cli_parse(argc - 1, (const char **)(argv + 1), &options, &err))
		return usage(&options, &err);
	if (option_is_given(&options, OPTION_HELP))
		return help(&options);
	if (wants_keeper(&options)) {
		options.keeper = keeper_fork(&err);
		if (options.keeper == NULL)
			return cli_fail(&err);
	}
	status = options.command->run(&options);
	keeper_close(&options.keeper); /* no loop took it over */
	return status;
}
