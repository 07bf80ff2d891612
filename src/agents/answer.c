/*
 * What is said of runs, as JSON: the facts of one, a row of a list, the instance.  The same object
 * is a tool's structuredContent and its text.
 */
#include <stdio.h>
#include <time.h>

#include "agents/supervisor.h"

#define ROW_TASK_BYTES 200

bool
run_is_error(const struct run *run)
{
	return run_is_over(run) && run->state != RUN_COMPLETED;
}

static void
put_text(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_json_string(out, value);
}

static void
put_some(struct buf *out, const char *name, struct slice value)
{
	if (value.n > 0)
		put_text(out, name, value);
}

static void
put_moment(struct buf *out, const char *name, uint64_t unix_ms)
{
	time_t second = (time_t)(unix_ms / 1000);
	struct tm tm;
	char text[40];
	size_t n;

	if (unix_ms == 0 || gmtime_r(&second, &tm) == NULL)
		return;
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03uZ", (unsigned)(unix_ms % 1000));
	put_text(out, name, slice_of(text));
}

static void
put_number(struct buf *out, const char *name, uint64_t n)
{
	buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

/* Words with blanks between, as an array. */
static void
put_words(struct buf *out, struct slice words)
{
	const char *between = "";
	struct slice word;

	buf_putc(out, '[');
	while (words.n > 0) {
		word = slice_cut(words, ' ', &words);
		if (word.n == 0)
			continue;
		buf_puts(out, between);
		buf_json_string(out, word);
		between = ",";
	}
	buf_putc(out, ']');
}

/* Whose, how it is, what it used: what lists show as well. */
static void
put_head(const struct run *run, struct buf *out)
{
	buf_puts(out, "{\"run_id\":");
	buf_json_string(out, slice_of(run->id));
	put_text(out, "instance_id", run->instance);
	put_text(out, "status", slice_of(run_state_word(run->state)));
	if (run->is_cancelling && !run_is_over(run))
		buf_puts(out, ",\"cancelling\":true");
	if (run->state == RUN_QUEUED)
		put_number(out, "queue_position", run_queue_position(run));
	put_text(out, "workflow", run->workflow);
	put_text(out, "runner", run->runner);
	if (run->exit_code >= 0)
		buf_printf(out, ",\"exit_code\":%d", run->exit_code);
	else
		buf_puts(out, ",\"exit_code\":null");
	put_some(out, "reason", run->why);
}

static void
put_used(const struct run *run, struct buf *out)
{
	buf_printf(out, ",\"cost_usd\":%llu.%06llu",
	    (unsigned long long)(run->usage.cost_microusd / 1000000),
	    (unsigned long long)(run->usage.cost_microusd % 1000000));
	buf_printf(out, ",\"tokens\":{\"in\":%llu,\"out\":%llu}",
	    (unsigned long long)run->usage.tokens_in, (unsigned long long)run->usage.tokens_out);
	put_moment(out, "queued_at", run->queued_ms);
	put_moment(out, "started_at", run->started_ms);
	put_moment(out, "ended_at", run->ended_ms);
}

static void
put_facts(const struct run *run, struct buf *out)
{
	const struct agents *agents = run->agents;

	put_head(run, out);
	put_text(out, "text", run->text);
	put_some(out, "diff", run->diff);
	put_some(out, "tail", run->tail);
	put_used(run, out);
	buf_printf(out, ",\"truncated\":%s", run->is_truncated ? "true" : "false");
	put_number(
	    out, "output_bytes", run->job != NULL ? job_output_bytes(run->job) : run->output_bytes);
	if (run->output.n > 0 &&
	    (agents->settings == NULL || agents->settings->config->agents.output_as_resource))
		buf_printf(out, ",\"resource\":\"bascule-run:///%s/output\"", run->id);
	put_some(out, "session", run->session);
	if (run->isolation.n > 0) {
		buf_puts(out, ",\"isolation\":{\"effective\":");
		put_words(out, run->isolation);
		buf_putc(out, '}');
	}
	if (!run_is_over(run) && agents->settings != NULL) {
		const struct config_agents *config = &agents->settings->config->agents;

		buf_printf(out, ",\"next\":\"call %.*s_wait with this run_id\"",
		    SLICE_FMT(config->prefix));
	}
}

void
run_facts_put(const struct run *run, struct buf *out)
{
	put_facts(run, out);
	buf_putc(out, '}');
}

void
run_state_put(const struct run *run, struct buf *out)
{
	unsigned skip = run->events_n > RUN_EVENTS_SHOWN ? run->events_n - RUN_EVENTS_SHOWN : 0;
	const char *between = "";

	put_facts(run, out);
	put_text(out, "task", run->task);
	put_number(out, "events_total", run->events_ever);
	buf_puts(out, ",\"events\":[");
	for (const struct run_event *e = run->events; e != NULL; e = e->next) {
		if (skip > 0) {
			skip--;
			continue;
		}
		buf_printf(out, "%s{\"n\":%llu", between, (unsigned long long)e->number);
		put_moment(out, "time", e->unix_ms);
		put_text(out, "text", (struct slice){ e->text, e->n });
		buf_putc(out, '}');
		between = ",";
	}
	buf_puts(out, "]}");
}

void
run_row_put(const struct run *run, struct buf *out)
{
	put_head(run, out);
	put_text(out, "task", (struct slice){ run->task.p, utf8_cut(run->task, ROW_TASK_BYTES) });
	put_used(run, out);
	buf_putc(out, '}');
}

void
instance_put(const struct agents *agents, struct buf *out)
{
	uint64_t ms = loop_now_ms(agents->loop) - agents->started_ms;
	unsigned over = 0;

	for (unsigned s = 0; s < RUN_STATES_N; s++)
		over += run_state_is_over((enum run_state)s) ? agents->count[s] : 0;
	buf_puts(out, "{\"instance_id\":");
	buf_json_string(out, slice_of(agents->instance));
	buf_printf(out, ",\"status\":\"%s\"", agents->is_closing ? "stopping" : "healthy");
	buf_printf(out, ",\"uptime_s\":%llu,\"running\":%u,\"queued\":%u,\"finished\":%u",
	    (unsigned long long)ms / 1000, agents->count[RUN_RUNNING], agents->count[RUN_QUEUED],
	    over);
	if (agents->settings != NULL) {
		const struct config_agents *config = &agents->settings->config->agents;

		buf_printf(out, ",\"limits\":{\"running\":%llu,\"queue\":%llu},\"runners\":[",
		    (unsigned long long)config->running, (unsigned long long)config->queue);
		for (size_t i = 0; i < config->runners_n; i++) {
			buf_puts(out, i > 0 ? "," : "");
			buf_json_string(out, config->runners[i].name);
		}
		buf_putc(out, ']');
	}
	buf_puts(out, ",\"isolation\":{\"effective\":");
	put_words(out, slice_of(agents->isolation));
	buf_puts(out, "}}");
}

void
result_put(struct buf *out, struct slice facts, bool is_error)
{
	buf_puts(out, "{\"content\":[{\"type\":\"text\",\"text\":");
	buf_json_string(out, facts);
	buf_puts(out, "}],\"structuredContent\":");
	buf_put(out, facts);
	buf_printf(out, ",\"isError\":%s}", is_error ? "true" : "false");
}
