/*
 * How every upstream and every site is, for commands that start or reach all of them.
 */
#include "atlassian/atlassian.h"
#include "cli/cli.h"

static void
fill(struct look *look, struct provider *provider, uint64_t ms)
{
	look->provider = provider;
	look->is_site = provider_is_site(provider);
	look->ms = ms;
	provider->ops->health(provider, NULL, &look->health);
	if (look->health.state != PROVIDER_READY && look->health.state != PROVIDER_DOWN)
		err_set(&look->health.why, ERR_UNAVAILABLE, "not connected within the time it had");
}

/* A site shows by an answer to whom it takes us for. */
static void
site_look_wait(void *arg)
{
	struct look *look = arg;
	struct site_report report;

	site_check_wait(look->provider, &report);
	look->ms = report.ms;
	if (!report.is_reachable) {
		look->was_refused = report.is_refused;
		look->health.state = PROVIDER_DOWN;
		look->health.why = report.why;
	}
}

/* All of them side by side; what a request brings itself cannot be looked at. */
static bool
sites_look_wait(struct local *local, struct look *looks, size_t n, struct err *err)
{
	const struct config *config = hub_config(local_hub(local));
	struct group group = { 0 };
	size_t site = 0;
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		if (looks[i].is_site && config->atlassian.sites[site++].url.n > 0)
			ok = group_spawn(
			    local_loop(local), &group, "look", site_look_wait, &looks[i], err);
	}
	if (!ok) {
		group_cancel(&group, ERR_CANCELLED);
		group_drain(local_loop(local), &group);
	}
	return ok && group_wait(local_loop(local), &group, err);
}

bool
looks_wait(struct local *local, struct look **looks, size_t *n, struct err *err)
{
	struct provider *const *providers = hub_providers(local_hub(local), n);
	uint64_t *ms = mem_new((*n + 1) * sizeof(*ms));
	bool ok = local_settle_wait(local, SLICE_NONE, ms, err);

	*looks = mem_new((*n + 1) * sizeof(**looks));
	for (size_t i = 0; i < *n; i++)
		fill(&(*looks)[i], providers[i], ms[i]);
	ok = ok && sites_look_wait(local, *looks, *n, err);
	mem_free(ms);
	return ok;
}

struct slice
look_last_words(const struct look *look)
{
	if (look->health.state == PROVIDER_READY || look->provider->ops->last_words == NULL)
		return SLICE_NONE;
	return slice_trim(look->provider->ops->last_words(look->provider));
}
