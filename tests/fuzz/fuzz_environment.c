/*
 * Any lines as an environment without a configuration file: what comes of it is whole, and no
 * credential is in what is said of the rest.
 */
#include <stdio.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LINES_MAX 64

/* Variables that name files to read, or places to look for them. */
static bool
is_kept(const char *line)
{
	static const char *const others[] = { "BASCULE_CONFIG=", "XDG_CONFIG_HOME=", "HOME=" };

	for (size_t i = 0; i < COUNT(others); i++)
		if (strncmp(line, others[i], strlen(others[i])) == 0)
			return false;
	return true;
}

/* text: lines, ended by NUL in place. */
static void
environment_make(char *text, size_t n, const char **environment)
{
	size_t lines = 0;
	char *line = text;

	environment[lines++] = "HOME=/nonexistent";
	for (size_t i = 0; i <= n && lines < LINES_MAX; i++) {
		if (i < n && text[i] != '\n')
			continue;
		text[i] = '\0';
		if (is_kept(line))
			environment[lines++] = line;
		line = text + i + 1;
	}
	environment[lines] = NULL;
}

static void
check_config(const struct config *config)
{
	const struct config_atlassian *atlassian = &config->atlassian;
	struct err err;

	must(config_check(config, &err));
	must(config->upstreams_n == 0 && config->file.p == NULL);
	must(atlassian->sites_n > 0 && atlassian->tenants_allow_n > 0);
	must(config->listen_stdio == (config->listen_http_n == 0));
	must((config->auth == AUTH_TENANTS) == atlassian->is_tenants);
	for (size_t i = 0; i < atlassian->sites_n; i++) {
		const struct config_site *site = &atlassian->sites[i];

		must(strlen(site->digest) == 64 && site->timeout_ms > 0);
		must(site->url.n > 0 || (atlassian->is_tenants && site->auth == SITE_AUTH_NONE));
		for (size_t k = 0; k < i; k++)
			must(!slice_eq(site->provider, atlassian->sites[k].provider));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *environment[LINES_MAX + 1];
	struct config_source source = { .environ = environment };
	struct config *config;
	struct err err = { 0 };
	char *text = mem_new(n + 1);

	if (n > 0)
		memcpy(text, data, n);
	environment_make(text, n, environment);
	if (config_load(&source, NULL, &config, &err)) {
		check_config(config);
		config_free(&config);
	} else {
		must(err.kind == ERR_CONFIG && err.text[0] != '\0');
	}
	mem_free(text);
	arena_drain();
	return 0;
}
