/*
 * The gateway for one command: configuration, loop, hub and a front of its own, one task that does
 * the command's work, and an orderly end.  Little is logged: the command's output says how it went.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agents/agents.h"
#include "atlassian/atlassian.h"
#include "cli/cli.h"

#define POLL_MS		5    /* how exact the times of `check --connect` are */
#define REMARK_AFTER_MS 500  /* quick ones are not worth a remark */
#define PATIENCE_MS	5000 /* on top of the longest connect_timeout */

struct local {
	struct options *options;
	struct log *log;
	struct loop *loop;
	struct config *config; /* until the hub takes it */
	struct hub *hub;
	struct local_front *front;
	struct sandbox *sandbox;
	bool keeps; /* it does what a gateway does, and is written down like that */
	struct keep keep;
	uint64_t started_ms;
	bool was_interrupted;
	int (*work)(struct local *local, void *arg);
	void *arg;
	int status;
};

/* ---- a remark on the last line of the terminal ---- */

static bool remark_is_shown; /* there is one stderr in a process */

void
local_status_clear(void)
{
	if (!remark_is_shown)
		return;
	remark_is_shown = false;
	cli_write(STDERR_FILENO, S("\r\033[K"));
}

void
local_status(const char *fmt, ...)
{
	char text[79]; /* of a narrow terminal's line */
	struct buf out;
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	buf_init(&out, NULL, 4 * KIB);
	buf_puts(&out, "\r\033[K");
	buf_put_shown(&out, slice_of(text));
	cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
	remark_is_shown = true;
}

/* ---- start and end ---- */

struct log *
cli_log_new(enum log_level level)
{
	unsigned char bits[4] = { 0 };
	char instance[32];

	if (getentropy(bits, sizeof(bits)) != 0)
		memset(bits, 0, sizeof(bits));
	snprintf(instance, sizeof(instance), "%ld-%02x%02x%02x%02x", (long)getpid(), bits[0],
	    bits[1], bits[2], bits[3]);
	return log_new(STDERR_FILENO, level, LOG_TEXT, instance);
}

/* Options that other servers have, and that say nothing here. */
static void
ignored_say(const struct options *options, struct log *log)
{
	const char *path = options->value[OPTION_PATH];

	if (path != NULL && strcmp(path, "/mcp") != 0 && strcmp(path, "/sse") != 0)
		log_event(log, LOG_WARN, "variable_ignored",
		    "--path has no effect: the paths are /mcp and /sse");
	if (option_is_given(options, OPTION_RELOAD))
		log_event(log, LOG_WARN, "variable_ignored",
		    "--reload has no effect: SIGHUP reads the configuration again");
}

bool
cli_config_load_why(const struct options *options, struct log *log, struct config **out,
    enum config_fault *fault, struct err *err)
{
	struct config_pair flags[CLI_VARIABLES_MAX];
	struct config_source source = {
		.file = options->value[OPTION_CONFIG],
		.env_file = options->value[OPTION_ENV_FILE],
		.environ = options->environ,
		.flags = flags,
		.flags_n = cli_variables(options, flags),
		.fault = fault,
	};

	ignored_say(options, log);
	if (!config_load(&source, log, out, err))
		return false;
	if ((*out)->file.p == NULL || cli_site_options_check(options, *out, err))
		return true;
	config_free(out);
	return false;
}

bool
cli_config_load(
    const struct options *options, struct log *log, struct config **out, struct err *err)
{
	return cli_config_load_why(options, log, out, NULL, err);
}

/* Ctrl-C: upstreams are told that nobody waits any more, and end in order. The second one is final.
 */
static void
on_interrupt(void *ctx, int signo)
{
	struct local *local = ctx;

	if (local->was_interrupted)
		_exit(EXIT_FAILED);
	local->was_interrupted = true;
	if (local->front != NULL)
		local_front_cancel(local->front);
}

static void
local_main(void *arg)
{
	struct local *local = arg;
	struct err err = { 0 };

	/* Where its port is taken, a gateway with the same configuration has it: that one is asked.
	 */
	if (!cli_sandbox_open(local->loop, local->config, &local->sandbox, &err))
		log_event(local->log, LOG_DEBUG, "sandbox_elsewhere", "%s", err.text);
	loop_on_signal(local->loop, SIGINT, on_interrupt, local);
	loop_on_signal(local->loop, SIGTERM, on_interrupt, local);
	local->started_ms = loop_now_ms(local->loop);
	local->keep.slot.fd = -1;
	if (!local->keeps || keep_begin_wait(&local->keep, local->loop, local->config, &err))
		local->hub = hub_new(local->loop, &local->config, native_providers, &err);
	if (local->hub != NULL &&
	    (!local->keeps || keep_hub_wait(&local->keep, local->hub, &err))) {
		if (local->keep.agents != NULL)
			agents_be_patient(local->keep.agents);
		local->front = local_front_new(local->hub);
		local->status = local->work(local, local->arg);
		local_status_clear();
	} else {
		local->status = cli_fail(&err);
	}
	hub_free_wait(&local->hub);
	if (local->front != NULL)
		local_front_free(&local->front);
	keep_end_wait(&local->keep);
	sandbox_free(&local->sandbox);
	loop_stop(local->loop);
}

/* Every upstream gets the time it may take by its own settings. */
static void
be_patient(struct config *config)
{
	for (size_t i = 0; i < config->upstreams_n; i++)
		if (config->start_wait_ms < config->upstreams[i].connect_timeout_ms + PATIENCE_MS)
			config->start_wait_ms =
			    config->upstreams[i].connect_timeout_ms + PATIENCE_MS;
}

int
local_run(struct options *options, enum local_kind kind,
    int (*work)(struct local *local, void *arg), void *arg)
{
	struct local local = { .options = options, .work = work, .arg = arg };
	struct group group = { 0 };
	struct err err = { 0 };
	bool ok;

	/* Who waits for every upstream wants to know what is odd about them; who calls one does
	 * not. */
	local.log = cli_log_new(kind != LOCAL_QUICK ? LOG_WARN : LOG_ERROR);
	ok = cli_config_load(options, local.log, &local.config, &err) &&
	    config_check(local.config, &err);
	if (ok && (kind == LOCAL_PATIENT || kind == LOCAL_BARE))
		be_patient(local.config);
	if (ok && kind == LOCAL_QUICK) {
		local.keeps = true;
		/* Who wrote nothing about it wants no files from a command. */
		local.config->audit.has_store &= local.config->audit.is_written;
	}
	if (ok && kind == LOCAL_BARE)
		local.config->guard.pins.mode = PINS_OFF;
	if (ok && kind == LOCAL_SITES)
		local.config->upstreams_n = 0;
	if (ok) {
		local.loop = loop_new(&options->keeper, local.log, &err);
		ok = local.loop != NULL;
	}
	if (ok)
		ok = group_spawn(local.loop, &group, "command", local_main, &local, &err);
	if (ok)
		loop_run(local.loop);
	else
		local.status = cli_fail(&err);
	if (local.loop != NULL)
		loop_free(&local.loop);
	config_free(&local.config);
	log_free(&local.log);
	arena_drain();
	return local.status;
}

struct hub *
local_hub(struct local *local)
{
	return local->hub;
}

struct loop *
local_loop(struct local *local)
{
	return local->loop;
}

bool
local_request_wait(struct local *local, enum mcp_method method, struct slice params,
    struct local_reply *reply, struct err *err)
{
	return local_front_request_wait(local->front, method, params, reply, err);
}

/* ---- waiting for upstreams ---- */

static void
remark(const struct local *local, struct provider *const *providers, size_t n)
{
	uint64_t ms = loop_now_ms(local->loop) - local->started_ms;
	char names[100];
	size_t at = 0;

	if (ms < REMARK_AFTER_MS || !isatty(STDERR_FILENO))
		return;
	names[0] = '\0';
	for (size_t i = 0; i < n && at < sizeof(names); i++)
		if (!providers[i]->ops->is_settled(providers[i], NULL))
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%.*s",
			    at > 0 ? ", " : "", SLICE_FMT(providers[i]->name));
	local_status("waiting for %s (%llu s)", names, (unsigned long long)(ms / 1000));
}

bool
local_settle_wait(struct local *local, struct slice tool, uint64_t *settled_ms, struct err *err)
{
	uint64_t until = local->started_ms + hub_config(local->hub)->start_wait_ms;
	size_t n, left;
	struct provider *const *providers = hub_providers(local->hub, &n);

	for (size_t i = 0; i < n; i++) {
		providers[i]->ops->want(providers[i], NULL, true);
		if (settled_ms != NULL)
			settled_ms[i] = UINT64_MAX;
	}
	for (;;) {
		uint64_t now = loop_now_ms(local->loop);

		left = 0;
		for (size_t i = 0; i < n; i++) {
			if (!providers[i]->ops->is_settled(providers[i], NULL))
				left++;
			else if (settled_ms != NULL && settled_ms[i] == UINT64_MAX)
				settled_ms[i] = now - local->started_ms;
		}
		if (left == 0 || now >= until ||
		    (tool.n > 0 &&
			catalogue_find(hub_catalogue(local->hub), ITEM_TOOL, tool) != NULL))
			break;
		if (local->was_interrupted) {
			local_status_clear();
			return err_set(err, ERR_CANCELLED, "interrupted");
		}
		remark(local, providers, n);
		if (!task_sleep_wait(local->loop, POLL_MS, err))
			return false;
	}
	local_status_clear();
	return true;
}

void
local_suggest(struct local *local, struct slice tool, struct err *err)
{
	size_t n;
	const struct catalogue_entry *entries =
	    catalogue_entries(hub_catalogue(local_hub(local)), ITEM_TOOL, &n);
	unsigned most = (unsigned)tool.n / 3 + 1, best = 255;
	struct slice nearest = SLICE_NONE;
	size_t length = strlen(err->text);

	for (size_t i = 0; i < n; i++) {
		unsigned distance = slice_distance(tool, entries[i].name);

		if (distance < best && distance <= most) {
			best = distance;
			nearest = entries[i].name;
		}
	}
	if (nearest.n > 0 && length + nearest.n + 20 < sizeof(err->text)) {
		struct err with;

		err_set(
		    &with, err->kind, "%s (did you mean \"%.*s\"?)", err->text, SLICE_FMT(nearest));
		*err = with;
	}
}
