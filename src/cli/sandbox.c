/*
 * `bascule sandbox`: a simulated Jira and Confluence on a local port, until it is told to stop; and
 * the one that a configuration asks for, within the process of another command.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "atlassian/atlassian.h"
#include "cli/cli.h"

#define DEFAULT_PORT 8090

static void
on_signal(void *ctx, int signo)
{
	loop_stop(ctx);
}

static void
say(const struct sandbox *sandbox)
{
	const char *url = sandbox_url(sandbox);

	fprintf(stderr, "A Jira and Confluence to try things with; nothing is kept.\n");
	for (size_t i = 0; i < sandbox_bases_n; i++)
		fprintf(
		    stderr, "  %-34s %s%s\n", sandbox_bases[i].name, url, sandbox_bases[i].path);
	fprintf(stderr, "To use it:\n");
	fprintf(stderr, "  export JIRA_URL=%s/jira JIRA_PERSONAL_TOKEN=sandbox\n", url);
	fprintf(stderr, "  export CONFLUENCE_URL=%s/confluence CONFLUENCE_PERSONAL_TOKEN=sandbox\n",
	    url);
}

static bool
port_read(const struct options *options, uint16_t *port, struct err *err)
{
	const char *text = options->value[OPTION_PORT];
	uint64_t number = DEFAULT_PORT;

	if (text != NULL && !slice_to_u64(slice_of(text), UINT16_MAX, &number))
		return err_set(err, ERR_USAGE, "--port: \"%s\" is no port", text);
	*port = (uint16_t)number;
	return true;
}

bool
cli_sandbox_open(
    struct loop *loop, const struct config *config, struct sandbox **out, struct err *err)
{
	struct address at;

	if (config->atlassian.sandbox.n == 0)
		return true;
	return (address_parse(config->atlassian.sandbox, &at, err) &&
		   sandbox_new(loop, &at, NULL, out, err)) ||
	    err_prefix(err, "atlassian.sandbox");
}

int
sandbox_run(struct options *options)
{
	const struct sandbox_options faults = { options->faults, options->faults_n, 0 };
	struct address at = { .ip = { 127, 0, 0, 1 } };
	struct sandbox *sandbox = NULL;
	struct log *log = cli_log_new(options->verbose > 1 ? LOG_DEBUG : LOG_INFO);
	struct loop *loop = NULL;
	struct err err;
	int status = EXIT_DONE;

	if (!port_read(options, &at.port, &err) ||
	    (loop = loop_new(&options->keeper, log, &err)) == NULL ||
	    !sandbox_new(loop, &at, &faults, &sandbox, &err)) {
		status = cli_fail(&err);
	} else {
		loop_on_signal(loop, SIGTERM, on_signal, loop);
		loop_on_signal(loop, SIGINT, on_signal, loop);
		say(sandbox);
		loop_run(loop);
	}
	sandbox_free(&sandbox);
	if (loop != NULL)
		loop_free(&loop);
	log_free(&log);
	return status;
}
