/*
 * The pages: one row each, and a short function that writes it.
 */
#include <stdio.h>

#include "admin/admin_private.h"
#include "audit/audit.h"

static int
healthz_show(void *owner, bool is_trusted, struct buf *out)
{
	buf_puts(out, "ok\n");
	return 200;
}

static int
readyz_show(void *owner, bool is_trusted, struct buf *out)
{
	const struct admin *admin = owner;

	if (fronts_are_draining(admin->fronts)) {
		buf_puts(out, "stopping\n");
		return 503;
	}
	if (!hub_is_ready(admin->hub)) {
		buf_puts(out, "starting\n");
		return 503;
	}
	buf_puts(out, "ready\n");
	return 200;
}

static int
health_show(void *owner, bool is_trusted, struct buf *out)
{
	admin_health(owner, is_trusted, out);
	return 200;
}

static void
set(struct metrics *metrics, enum metric metric, double value)
{
	series_set(metrics_series(metrics, metric, SLICE_NONE, SLICE_NONE), value);
}

static void
queue(struct metrics *metrics, struct slice name, uint64_t n)
{
	series_set(metrics_series(metrics, METRIC_QUEUES, name, SLICE_NONE), (double)n);
}

/* What others know anyway is not counted along, but looked up. */
static void
gateway_look(const struct admin *admin, struct metrics *metrics)
{
	size_t n;
	struct provider *const *providers = hub_providers(admin->hub, &n);

	metrics_clear(metrics, METRIC_UPSTREAM_UP);
	metrics_clear(metrics, METRIC_UPSTREAM_RESTARTS);
	metrics_clear(metrics, METRIC_UPSTREAM_CALLS);
	for (size_t i = 0; i < n; i++) {
		struct slice name = providers[i]->name;
		struct provider_health health;

		providers[i]->ops->health(providers[i], NULL, &health);
		series_set(metrics_series(metrics, METRIC_UPSTREAM_UP, name, SLICE_NONE),
		    health.state == PROVIDER_READY);
		series_set(metrics_series(metrics, METRIC_UPSTREAM_RESTARTS, name, SLICE_NONE),
		    health.restarts);
		series_set(metrics_series(metrics, METRIC_UPSTREAM_CALLS, name, SLICE_NONE),
		    health.in_flight);
	}
	set(metrics, METRIC_STREAMS, fronts_streams(admin->fronts));
	set(metrics, METRIC_SESSIONS, fronts_sessions(admin->fronts));
	queue(metrics, S("requests"), hub_in_flight(admin->hub));
	queue(metrics, S("parked"), fronts_parked(admin->fronts));
	if (admin->traces != NULL)
		queue(metrics, S("traces"), traces_waiting(admin->traces));
	set(metrics, METRIC_LOOP_LAG, (double)loop_lag_us(hub_loop(admin->hub)) / 1e6);
}

/* Two sinks of a kind are counted together. */
static void
audit_look(const struct admin *admin, struct metrics *metrics)
{
	static const enum metric all[] = { METRIC_AUDIT_RECORDS, METRIC_AUDIT_DROPPED,
		METRIC_AUDIT_LAG, METRIC_AUDIT_UP };
	const struct audit *audit = hub_audit(admin->hub);

	for (size_t i = 0; i < COUNT(all); i++)
		metrics_clear(metrics, all[i]);
	for (size_t i = 0; i < audit_health_n(audit); i++) {
		struct audit_health health;
		char waits[32];
		struct slice name;

		audit_health(audit, i, &health);
		name = slice_of(health.name);
		snprintf(waits, sizeof(waits), "audit.%s", health.name);
		series_add(metrics_series(metrics, METRIC_QUEUES, slice_of(waits), SLICE_NONE),
		    (double)health.queued);
		series_add(metrics_series(metrics, METRIC_AUDIT_RECORDS, name, SLICE_NONE),
		    (double)health.written);
		series_add(metrics_series(metrics, METRIC_AUDIT_DROPPED, name, SLICE_NONE),
		    (double)health.dropped);
		series_add(metrics_series(metrics, METRIC_AUDIT_LAG, name, SLICE_NONE),
		    (double)health.lag_ms / 1e3);
		series_add(metrics_series(metrics, METRIC_AUDIT_UP, name, SLICE_NONE),
		    health.is_failing ? 0 : 1);
	}
}

static int
metrics_show(void *owner, bool is_trusted, struct buf *out)
{
	const struct admin *admin = owner;
	struct metrics *metrics = loop_metrics(hub_loop(admin->hub));

	metrics_clear(metrics, METRIC_QUEUES);
	gateway_look(admin, metrics);
	audit_look(admin, metrics);
	if (hub_agents(admin->hub) != NULL)
		agents_look(hub_agents(admin->hub));
	admin_process(admin, metrics);
	metrics_print(metrics, out);
	return 200;
}

#define PLAIN "text/plain; charset=utf-8"

static const struct front_page pages[] = {
	{ S("/healthz"), S(PLAIN), false, healthz_show },
	{ S("/readyz"), S(PLAIN), false, readyz_show },
	{ S("/health"), S("application/json"), false, health_show },
	{ S("/metrics"), S("text/plain; version=0.0.4; charset=utf-8"), true, metrics_show },
};

struct admin *
admin_new(struct hub *hub, struct fronts *fronts)
{
	struct admin *admin = MEM_NEW(struct admin);

	admin->hub = hub;
	admin->fronts = fronts;
	admin->started_unix_ms = loop_unix_ms(hub_loop(hub));
	fronts_set_pages(fronts, pages, COUNT(pages), admin);
	return admin;
}

void
admin_set_traces(struct admin *admin, const struct traces *traces)
{
	admin->traces = traces;
}

void
admin_free(struct admin **admin)
{
	if (*admin == NULL)
		return;
	fronts_set_pages((*admin)->fronts, NULL, 0, NULL);
	mem_free(*admin);
	*admin = NULL;
}
