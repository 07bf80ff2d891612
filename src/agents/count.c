/*
 * What is counted of runs (docs/metrics.md), where `agents.metrics` does not turn it off.
 */
#include "agents/supervisor.h"

static bool
is_counted(const struct agents *agents)
{
	return agents->settings == NULL || agents->settings->config->agents.metrics;
}

static struct series *
series_of(const struct agents *agents, enum metric metric, struct slice label)
{
	return metrics_series(loop_metrics(agents->loop), metric, label, SLICE_NONE);
}

void
count_state(const struct agents *agents)
{
	if (!is_counted(agents))
		return;
	series_set(series_of(agents, METRIC_MAF_RUNNING, SLICE_NONE), agents->count[RUN_RUNNING]);
	series_set(series_of(agents, METRIC_MAF_QUEUED, SLICE_NONE), agents->count[RUN_QUEUED]);
}

void
count_run(const struct run *run)
{
	const struct agents *agents = run->agents;

	if (!is_counted(agents))
		return;
	if (run->started_ms > 0)
		series_observe_ms(
		    series_of(agents, METRIC_MAF_SECONDS, SLICE_NONE), run_worked_ms(run));
	series_add(
	    series_of(agents, METRIC_MAF_COST, SLICE_NONE), (double)run->usage.cost_microusd / 1e6);
	series_add(series_of(agents, METRIC_MAF_TOKENS, S("in")), (double)run->usage.tokens_in);
	series_add(series_of(agents, METRIC_MAF_TOKENS, S("out")), (double)run->usage.tokens_out);
	series_add(series_of(agents, METRIC_MAF_OUTPUT, SLICE_NONE), (double)run->output_bytes);
}

void
count_call(const struct agents *agents, struct slice tool, const struct reply *reply, bool is_error)
{
	struct slice outcome = S("done");

	if (!is_counted(agents))
		return;
	if (is_error)
		outcome = S("failed");
	else if (reply->err.kind == ERR_CANCELLED)
		outcome = S("cancelled");
	else if (reply->err.kind == ERR_LIMIT)
		outcome = S("limit");
	else if (reply->err.kind != ERR_NONE)
		outcome = S("refused");
	series_add(metrics_series_of(loop_metrics(agents->loop), METRIC_MAF_REQUESTS,
		       (struct slice[METRIC_LABELS]){ slice_of(agents->instance), tool, outcome }),
	    1);
}

void
agents_look(const struct agents *agents)
{
	if (!is_counted(agents))
		return;
	series_set(series_of(agents, METRIC_MAF_UPTIME, slice_of(agents->instance)),
	    (double)(loop_now_ms(agents->loop) - agents->started_ms) / 1e3);
	count_state(agents);
}
