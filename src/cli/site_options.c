/*
 * Options of the command line that stand for variables of the environment, as the Python Atlassian
 * servers have them: one table, laid over the environment before the configuration is read.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/*
 * value NULL: the option's argument.  with_file: what it says is also there where a file is, and
 * wins over it; the others only the environment has a place for.
 */
static const struct {
	enum cli_option option;
	const char *variable, *value;
	bool with_file;
} rows[] = {
	{ OPTION_TRANSPORT, "TRANSPORT", NULL, true },
	{ OPTION_HOST, "HOST", NULL, true },
	{ OPTION_PORT, "PORT", NULL, true },
	{ OPTION_STATELESS, "STATELESS", "true", true },
	{ OPTION_LOG_LEVEL, "SSE_LOG_LEVEL", NULL, true },
	{ OPTION_READ_ONLY, "READ_ONLY_MODE", "true", true },
	{ OPTION_ENABLED_TOOLS, "ENABLED_TOOLS", NULL, true },
	{ OPTION_TOOLSETS, "TOOLSETS", NULL, true },
	{ OPTION_JIRA_URL, "JIRA_URL", NULL, false },
	{ OPTION_JIRA_USERNAME, "JIRA_USERNAME", NULL, false },
	{ OPTION_JIRA_TOKEN, "JIRA_API_TOKEN", NULL, false },
	{ OPTION_JIRA_PERSONAL_TOKEN, "JIRA_PERSONAL_TOKEN", NULL, false },
	{ OPTION_JIRA_PROJECTS_FILTER, "JIRA_PROJECTS_FILTER", NULL, false },
	{ OPTION_JIRA_SSL_VERIFY, "JIRA_SSL_VERIFY", "true", false },
	{ OPTION_NO_JIRA_SSL_VERIFY, "JIRA_SSL_VERIFY", "false", false },
	{ OPTION_CONFLUENCE_URL, "CONFLUENCE_URL", NULL, false },
	{ OPTION_CONFLUENCE_USERNAME, "CONFLUENCE_USERNAME", NULL, false },
	{ OPTION_CONFLUENCE_TOKEN, "CONFLUENCE_API_TOKEN", NULL, false },
	{ OPTION_CONFLUENCE_PERSONAL_TOKEN, "CONFLUENCE_PERSONAL_TOKEN", NULL, false },
	{ OPTION_CONFLUENCE_SPACES_FILTER, "CONFLUENCE_SPACES_FILTER", NULL, false },
	{ OPTION_CONFLUENCE_SSL_VERIFY, "CONFLUENCE_SSL_VERIFY", "true", false },
	{ OPTION_NO_CONFLUENCE_SSL_VERIFY, "CONFLUENCE_SSL_VERIFY", "false", false },
	{ OPTION_OAUTH_CLIENT_ID, "ATLASSIAN_OAUTH_CLIENT_ID", NULL, false },
	{ OPTION_OAUTH_CLIENT_SECRET, "ATLASSIAN_OAUTH_CLIENT_SECRET", NULL, false },
	{ OPTION_OAUTH_REDIRECT_URI, "ATLASSIAN_OAUTH_REDIRECT_URI", NULL, false },
	{ OPTION_OAUTH_SCOPE, "ATLASSIAN_OAUTH_SCOPE", NULL, false },
	{ OPTION_OAUTH_CLOUD_ID, "ATLASSIAN_OAUTH_CLOUD_ID", NULL, false },
	{ OPTION_OAUTH_ACCESS_TOKEN, "ATLASSIAN_OAUTH_ACCESS_TOKEN", NULL, false },
};

_Static_assert(COUNT(rows) + 1 <= CLI_VARIABLES_MAX, "room for all of them");

size_t
cli_variables(const struct options *options, struct config_pair *pairs)
{
	size_t n = 0;

	/* The last one counts, and --log-level says more than -v. */
	if (options->verbose > 0)
		pairs[n++] = (struct config_pair){ S("SSE_LOG_LEVEL"),
			{ options->verbose > 1 ? S("debug") : S("info") } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *value = rows[i].value;

		if (!option_is_given(options, rows[i].option))
			continue;
		if (value == NULL)
			value = options->value[rows[i].option];
		pairs[n++] =
		    (struct config_pair){ slice_of(rows[i].variable), { slice_of(value) } };
	}
	return n;
}

bool
cli_site_options_check(const struct options *options, const struct config *config, struct err *err)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!rows[i].with_file && option_is_given(options, rows[i].option))
			return err_set(err, ERR_USAGE,
			    "%s: --%s does not go with a configuration file: write the site under "
			    "\"atlassian:\" of %.*s",
			    options->command->name, cli_options[rows[i].option].name,
			    SLICE_FMT(config->file));
	return true;
}
