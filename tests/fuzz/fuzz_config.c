/*
 * Any bytes as a configuration: what is refused says where and why, what is accepted passes the
 * checks of the whole again and means the same when it is read again.
 */
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define NAME "fuzz.yaml"

static const char *const environment[] = { "A=b", "TOKEN=s3cret", "EMPTY=", "NUM=60", "HOME=/h",
	NULL };

static void
check_error(const struct err *err)
{
	must(err->kind == ERR_CONFIG);
	must(strncmp(err->text, NAME ":", strlen(NAME) + 1) == 0);
	must((err->line == 0) == (err->col == 0));
	for (const char *p = err->text; *p != '\0'; p++)
		must((unsigned char)*p >= ' ');
}

/* Primaries stand first, and no two have one provider. */
static void
check_sites(const struct config_atlassian *atlassian)
{
	bool is_named = false;

	must(atlassian->tenants_allow_n > 0);
	must(!atlassian->is_tenants || atlassian->sites_n >= 2);
	for (size_t i = 0; i < atlassian->sites_n; i++) {
		const struct config_site *site = &atlassian->sites[i];

		must(site->url.n > 0 || (atlassian->is_tenants && site->name.n == 0));
		must(site->name.n <= 30 && site->provider.n <= 41 && site->provider.n >= 4);
		must(strlen(site->digest) == 64 && site->timeout_ms > 0);
		must(site->auth != SITE_AUTH_BASIC || site->user.n > 0);
		must(site->auth == SITE_AUTH_NONE || site->url.n > 0);
		must(!is_named || site->name.n > 0);
		is_named = site->name.n > 0;
		for (size_t k = 0; k < i; k++)
			must(!slice_eq(site->provider, atlassian->sites[k].provider));
	}
}

/* No brace of a command is none of a placeholder's, and a runner can be started. */
static void
check_agents(const struct config_agents *agents)
{
	must(!agents->is_on || agents->runners_n > 0);
	must(agents->prefix.n >= 1 && agents->prefix.n <= 16);
	for (size_t i = 0; i < agents->runners_n; i++) {
		const struct config_runner *runner = &agents->runners[i];

		must(runner->command_n > 0 && runner->command[0].n > 0);
		must(strlen(runner->digest) == 64 && runner->timeout_ms > 0);
		must(runner->folder != FOLDER_SHARED_RO || !runner->isolate.is_on ||
		    !slice_globs(runner->isolate.write, runner->isolate.write_n, S("{cwd}")));
		for (size_t k = 0; k < runner->command_n; k++) {
			struct slice rest = runner->command[k];
			struct config_placeholder one;

			while (config_placeholder_next(&rest, &one))
				must(k > 0 && memchr(one.before.p, '{', one.before.n) == NULL);
			must(memchr(one.before.p, '{', one.before.n) == NULL);
		}
	}
	for (size_t i = 0; i < agents->routes_n; i++)
		must(agents->routes[i].any_n > 0 && agents->routes[i].weight >= 0.01);
}

static void
check_config(const struct config *config)
{
	struct err err;

	/* What was parsed is whole; only what this version cannot do is left to refuse. */
	must(config_check(config, &err) || strstr(err.text, "not in this version") != NULL ||
	    strstr(err.text, "is not spoken over") != NULL);
	must(config->upstreams_n > 0 || config->atlassian.sites_n > 0 || config->agents.is_on);
	must(config->state.n > 0 && config->state.p[0] == '/');
	check_sites(&config->atlassian);
	check_agents(&config->agents);
	for (size_t i = 0; i < config->upstreams_n; i++) {
		const struct config_upstream *upstream = &config->upstreams[i];

		must((upstream->url.n > 0) != (upstream->command_n > 0));
		must(strlen(upstream->digest) == 64);
		must(upstream->timeout_ms > 0 && upstream->connect_timeout_ms > 0);
	}
}

static void
check_same(const struct config *a, const struct config *b)
{
	struct buf names;

	buf_init(&names, NULL, KIB);
	must(!config_needs_restart(a, b, &names));
	must(a->upstreams_n == b->upstreams_n);
	for (size_t i = 0; i < a->upstreams_n; i++)
		must(strcmp(a->upstreams[i].digest, b->upstreams[i].digest) == 0);
	must(a->atlassian.sites_n == b->atlassian.sites_n);
	for (size_t i = 0; i < a->atlassian.sites_n; i++)
		must(strcmp(a->atlassian.sites[i].digest, b->atlassian.sites[i].digest) == 0);
	must(a->agents.runners_n == b->agents.runners_n);
	for (size_t i = 0; i < a->agents.runners_n; i++)
		must(strcmp(a->agents.runners[i].digest, b->agents.runners[i].digest) == 0);
	buf_fini(&names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { (const char *)data, n };
	struct config *config, *again;
	struct err err = { 0 };

	if (!config_parse(text, NAME, "/nonexistent", environment, NULL, &config, &err)) {
		check_error(&err);
	} else {
		check_config(config);
		must(config_parse(text, NAME, "/nonexistent", environment, NULL, &again, &err));
		check_same(config, again);
		config_free(&config);
		config_free(&again);
	}
	arena_drain();
	return 0;
}
