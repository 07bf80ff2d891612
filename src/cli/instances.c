/*
 * instances: the Jira and Confluence sites of the configuration, and, asked for, how they are.
 */
#include <stdio.h>

#include "atlassian/atlassian.h"
#include "cli/cli.h"

#define SITES_AT_ONCE 64

static const char *const product_names[] = { "jira", "confluence" };
static const char *const deployment_names[] = { "unknown", "cloud", "data center" };
static const char *const auth_names[] = {
	[SITE_AUTH_NONE] = "none",
	[SITE_AUTH_BASIC] = "basic",
	[SITE_AUTH_PAT] = "pat",
	[SITE_AUTH_OAUTH] = "oauth",
	[SITE_AUTH_BEARER] = "bearer",
	[SITE_AUTH_CERT] = "cert",
};

struct site_look {
	struct provider *provider;
	struct site_report report;
};

/* ---- printing -------------------------------------------------------------------------------- */

static void
put_member(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_json_string(out, value);
}

static void
put_json(const struct site_look *look, bool was_asked, struct buf *out)
{
	const struct site_report *report = &look->report;
	const struct config_site *config = report->config;

	buf_puts(out, "{\"site\":");
	buf_json_string(out, config->provider);
	put_member(out, "name", config->name.p != NULL ? config->name : S(""));
	put_member(out, "product", slice_of(product_names[config->product]));
	put_member(out, "url", config->url.p != NULL ? config->url : S(""));
	put_member(out, "kind", slice_of(deployment_names[report->deployment]));
	put_member(out, "auth", slice_of(auth_names[config->auth]));
	if (was_asked) {
		buf_printf(out, ",\"reachable\":%s,\"ms\":%llu",
		    report->is_reachable ? "true" : "false", (unsigned long long)report->ms);
		put_member(out, report->is_reachable ? "user" : "error",
		    slice_of(report->is_reachable ? report->user : report->why.text));
	}
	buf_putc(out, '}');
}

static void
put_table(const struct site_look *looks, size_t n, bool was_asked, struct buf *out)
{
	static const char *const heads[] = { "SITE", "PRODUCT", "KIND", "AUTH", "URL", "REACHABLE",
		"USER", "ERROR" };
	struct table *table = table_new(heads, was_asked ? COUNT(heads) : 5);
	struct arena arena;

	arena_init(&arena, NULL, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		const struct site_report *report = &looks[i].report;
		const struct config_site *config = report->config;
		struct buf shown;

		buf_init(&shown, NULL, 4 * KIB);
		buf_put_shown(
		    &shown, slice_of(report->is_reachable ? report->user : report->why.text));
		buf_putc(&shown, '\0');
		table_row(table,
		    (const char *[]){ slice_cstr(&arena, config->provider),
			product_names[config->product], deployment_names[report->deployment],
			auth_names[config->auth],
			config->url.n > 0 ? slice_cstr(&arena, config->url) : "(of each request)",
			report->is_reachable ? "yes" : "no", report->is_reachable ? shown.p : "",
			report->is_reachable ? "" : shown.p });
		buf_fini(&shown);
	}
	table_print(&table, out);
	arena_fini(&arena);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void
look_wait(void *arg)
{
	struct site_look *look = arg;

	site_check_wait(look->provider, &look->report);
}

/* Side by side: one that does not answer holds no other up. */
static bool
look_all_wait(struct local *local, struct site_look *looks, size_t n, struct err *err)
{
	struct group group = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (looks[i].report.config->url.n == 0)
			continue;
		if (!group_spawn(local_loop(local), &group, "look", look_wait, &looks[i], err)) {
			group_cancel(&group, ERR_CANCELLED);
			group_drain(local_loop(local), &group);
			return false;
		}
		if ((i + 1) % SITES_AT_ONCE == 0 && !group_wait(local_loop(local), &group, err))
			return false;
	}
	return group_wait(local_loop(local), &group, err);
}

static int
print(struct local *local, struct site_look *looks, size_t n, bool was_asked, bool json)
{
	int status = EXIT_DONE;
	struct buf out;

	(void)local;
	buf_init(&out, NULL, 16 * MIB);
	for (size_t i = 0; i < n; i++) {
		if (was_asked && looks[i].report.config->url.n > 0 && !looks[i].report.is_reachable)
			status = EXIT_UPSTREAM;
	}
	if (json) {
		buf_puts(&out, "{\"sites\":[");
		for (size_t i = 0; i < n; i++) {
			buf_puts(&out, i > 0 ? "," : "");
			put_json(&looks[i], was_asked, &out);
		}
		buf_puts(&out, "]}\n");
	} else if (n == 0) {
		buf_puts(&out, "no sites are configured\n");
	} else {
		put_table(looks, n, was_asked, &out);
	}
	return cli_print(&out, status);
}

static int
instances_work(struct local *local, void *arg)
{
	const struct options *options = arg;
	bool asks = option_is_given(options, OPTION_CHECK);
	const struct config_atlassian *all = &hub_config(local_hub(local))->atlassian;
	struct site_look *looks = mem_new((all->sites_n + 1) * sizeof(*looks));
	size_t providers_n, n = 0;
	struct provider *const *providers = hub_providers(local_hub(local), &providers_n);
	struct err err = { 0 };
	int status;

	for (size_t i = 0; i < providers_n && n < all->sites_n; i++) {
		if (!provider_is_site(providers[i]))
			continue;
		looks[n].provider = providers[i];
		looks[n].report.config = &all->sites[n];
		looks[n].report.deployment = config_site_is_cloud(&all->sites[n])
		    ? DEPLOYMENT_CLOUD
		    : all->sites[n].deployment;
		n++;
	}
	if (asks && !look_all_wait(local, looks, n, &err))
		status = cli_fail(&err);
	else
		status = print(local, looks, n, asks, option_is_given(options, OPTION_JSON));
	mem_free(looks);
	return status;
}

int
instances_run(struct options *options)
{
	return local_run(options, LOCAL_SITES, instances_work, options);
}
