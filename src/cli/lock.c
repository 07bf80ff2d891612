/*
 * `bascule lock`: writes down what servers offer, where that is not written yet; else shows what
 * differs, and with --accept writes that.  A server that is off or cannot be reached keeps its
 * entries as they are: nothing is known of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/lock.h"

struct work {
	const struct options *options;
	const struct config *config;
	struct arena arena;
	char file[PATH_MAX]; /* where the links lead */
	struct stat st;	     /* has_file */
	struct pins *before, *now, *after;
	struct lock_report report;
};

/* ---- the file -------------------------------------------------------------------------------- */

MUST_CHECK static bool
file_find(struct work *work, struct err *err)
{
	struct slice file = work->config->guard.pins.file;
	char *resolved;
	int n;

	if (file.p == NULL)
		return err_set(err, ERR_CONFIG,
		    "there is no configuration file, and nothing in the environment can be pinned");
	n = snprintf(work->file, sizeof(work->file), "%.*s", SLICE_FMT(file));
	if (n < 0 || (size_t)n + 16 > sizeof(work->file))
		return err_set(err, ERR_CONFIG, "guard.pins.file is too long");
	resolved = realpath(work->file, NULL);
	if (resolved != NULL && strlen(resolved) + 16 < sizeof(work->file))
		snprintf(work->file, sizeof(work->file), "%s", resolved);
	free(resolved);
	work->report.file = work->file;
	return true;
}

MUST_CHECK static bool
file_read(struct work *work, struct err *err)
{
	int fd = open(work->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct buf text;
	bool ok;

	if (fd < 0)
		return errno == ENOENT || err_set(err, ERR_CONFIG, "%s: %m", work->file);
	buf_init(&text, NULL, PINS_FILE_BYTES + MIB);
	if (fstat(fd, &work->st) < 0 || !S_ISREG(work->st.st_mode))
		ok = err_set(err, ERR_CONFIG, "%s: not a regular file", work->file);
	else
		ok = cli_read(fd, work->file, PINS_FILE_BYTES, &text, err) &&
		    pins_read(work->before, buf_view(&text), work->file, err);
	close(fd);
	buf_fini(&text);
	work->report.has_file = ok;
	return ok;
}

/* ---- what is offered now --------------------------------------------------------------------- */

static const struct config_upstream *
upstream_of(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->upstreams_n; i++)
		if (slice_eq(config->upstreams[i].name, name))
			return &config->upstreams[i];
	return NULL;
}

static struct slice
shown_digest(const struct program_file *file)
{
	return file->digest[0] != '\0' ? slice_of(file->digest) : SLICE_NONE;
}

MUST_CHECK static bool
server_add(struct work *work, const struct config_upstream *upstream,
    const struct provider *provider, struct err *err)
{
	struct program *program = MEM_NEW(struct program);
	struct pin_server server = { .written = upstream->written,
		.written_n = upstream->written_n,
		.is_url = upstream->command_n == 0 };
	bool ok;

	program_look(upstream, program);
	server.program = shown_digest(&program->program);
	server.script = shown_digest(&program->script);
	server.info = provider->ops->server_info(provider, NULL);
	server.instructions = provider->ops->instructions(provider, NULL);
	ok = pins_add_server(work->now, provider->name, &server, err);
	mem_free(program);
	return ok;
}

MUST_CHECK static bool
items_add(struct work *work, const struct provider *provider, struct err *err)
{
	static const enum item_kind kinds[PIN_KINDS] = {
		[PIN_TOOL] = ITEM_TOOL, [PIN_PROMPT] = ITEM_PROMPT, [PIN_TEMPLATE] = ITEM_TEMPLATE
	};
	const struct offer *offer = provider->ops->offer(provider, NULL);

	for (unsigned kind = PIN_TOOL; offer != NULL && kind < PIN_KINDS; kind++)
		for (size_t i = 0; i < offer->items[kinds[kind]].n; i++) {
			const struct item *item = &offer->items[kinds[kind]].all[i];

			if (!pins_add(work->now, (enum pin_kind)kind, provider->name, item->name,
				item->definition, err))
				return false;
		}
	return true;
}

/* Nothing is known of it: it stays as it was. */
MUST_CHECK static bool
server_keep(struct work *work, struct slice server, struct err *err)
{
	const struct pin *all;
	size_t n;

	all = pins_all(work->before, &n);
	for (size_t i = 0; i < n; i++)
		if (slice_eq(all[i].server, server) && !pins_copy(work->now, &all[i], err))
			return false;
	return true;
}

static void
missing_add(struct work *work, const struct provider *provider)
{
	struct lock_missing *missing = &work->report.missing[work->report.missing_n++];
	struct provider_health health;

	provider->ops->health(provider, NULL, &health);
	missing->server = provider->name;
	missing->why = health.state == PROVIDER_DOWN
	    ? arena_printf(&work->arena, "%s", health.why.text)
	    : S("not connected within the time it had");
}

MUST_CHECK static bool
offered_add(struct work *work, struct provider *const *providers, size_t n, struct err *err)
{
	work->report.missing = ARENA_ARRAY(&work->arena, struct lock_missing, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct provider *provider = providers[i];
		const struct config_upstream *upstream = upstream_of(work->config, provider->name);
		struct provider_health health;

		if (provider->ops->server_info == NULL || upstream == NULL)
			continue;
		provider->ops->health(provider, NULL, &health);
		if (health.state != PROVIDER_READY) {
			missing_add(work, provider);
			if (!server_keep(work, provider->name, err))
				return false;
		} else if (!server_add(work, upstream, provider, err) ||
		    !items_add(work, provider, err)) {
			return false;
		}
	}
	for (size_t i = 0; i < work->config->upstreams_n; i++)
		if (!work->config->upstreams[i].enabled &&
		    !server_keep(work, work->config->upstreams[i].name, err))
			return false;
	return pins_finish(work->now, err);
}

/* ---- differences ----------------------------------------------------------------------------- */

static void
on_change(void *ctx, const struct pin_change *change)
{
	struct lock_report *report = ctx;

	if (report->changes_n == report->changes_cap) {
		size_t cap = report->changes_cap > 0 ? 2 * report->changes_cap : 32;

		report->changes = mem_resize(
		    report->changes, report->changes_n * sizeof(*change), cap * sizeof(*change));
		report->changes_cap = cap;
	}
	report->changes[report->changes_n++] = *change;
}

/* SERVER, SERVER/NAME or NAME. */
static bool
is_called(const struct pin *pin, struct slice name)
{
	size_t n = pin->server.n;

	if (slice_eq(name, pin->server) || (pin->name.n > 0 && slice_eq(name, pin->name)))
		return true;
	return name.n > n + 1 && slice_starts(name, pin->server) && name.p[n] == '/' &&
	    slice_eq((struct slice){ name.p + n + 1, name.n - n - 1 }, pin->name);
}

static bool
is_accepted(const struct work *work, const struct pin *pin)
{
	const struct options *options = work->options;

	for (unsigned i = 0; i < options->words_n; i++)
		if (is_called(pin, slice_of(options->words[i])))
			return true;
	return options->words_n == 0;
}

static const struct pin *
pin_of(const struct pin_change *change)
{
	return change->after != NULL ? change->after : change->before;
}

/* A name that fits no difference is a slip of the keyboard. */
MUST_CHECK static bool
words_check(const struct work *work, struct err *err)
{
	const struct lock_report *report = &work->report;

	for (unsigned i = 0; i < work->options->words_n; i++) {
		struct slice word = slice_of(work->options->words[i]);
		bool is_known = false;

		for (size_t k = 0; k < report->changes_n && !is_known; k++)
			is_known = is_called(pin_of(&report->changes[k]), word);
		if (!is_known)
			return err_set(err, ERR_USAGE,
			    "lock: nothing that differs is called \"%.80s\"", word.p);
	}
	return true;
}

/* What becomes of the file: what was accepted as it is now, everything else as it was. */
MUST_CHECK static bool
after_make(struct work *work, struct err *err)
{
	const struct pin *before, *now;
	size_t before_n, now_n;

	before = pins_all(work->before, &before_n);
	now = pins_all(work->now, &now_n);
	for (size_t i = 0; i < before_n; i++)
		if (!is_accepted(work, &before[i]) && !pins_copy(work->after, &before[i], err))
			return false;
	for (size_t i = 0; i < now_n; i++)
		if (is_accepted(work, &now[i]) && !pins_copy(work->after, &now[i], err))
			return false;
	for (size_t i = 0; i < work->report.changes_n; i++)
		work->report.accepted += is_accepted(work, pin_of(&work->report.changes[i]));
	return pins_finish(work->after, err);
}

MUST_CHECK static bool
file_write(struct work *work, const struct pins *pins, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, NULL, PINS_FILE_BYTES);
	pins_print(pins, &text);
	ok = buf_check(&text, err) &&
	    cli_replace(
		work->file, buf_view(&text), work->report.has_file ? &work->st : NULL, 0644, err);
	buf_fini(&text);
	work->report.is_written = ok;
	return ok;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void
count(struct lock_report *report, const struct pins *pins)
{
	const struct pin *all;
	size_t n;

	all = pins_all(pins, &n);
	for (size_t i = 0; i < n; i++)
		report->counts[all[i].kind]++;
}

static void
tell_missing(const struct lock_report *report)
{
	for (size_t i = 0; i < report->missing_n; i++) {
		struct err err;

		err_set(&err, ERR_UNAVAILABLE, "%.*s: %.*s%s", SLICE_FMT(report->missing[i].server),
		    SLICE_FMT(report->missing[i].why),
		    report->has_file ? "; its entries were not compared" : "");
		cli_fail(&err);
	}
}

MUST_CHECK static bool
work_wait(struct work *work, struct local *local, struct err *err)
{
	struct lock_report *report = &work->report;
	bool accepts = option_is_given(work->options, OPTION_ACCEPT);
	struct provider *const *providers;
	size_t n;

	if (work->options->words_n > 0 && !accepts)
		return err_set(err, ERR_USAGE, "lock: names stand behind --accept");
	if (!file_find(work, err) || !file_read(work, err) ||
	    !local_settle_wait(local, SLICE_NONE, NULL, err))
		return false;
	providers = hub_providers(local_hub(local), &n);
	if (!offered_add(work, providers, n, err))
		return false;
	pins_compare(work->before, work->now, on_change, report);
	if (!report->has_file) {
		count(report, work->now);
		return file_write(work, work->now, err);
	}
	if (!accepts) {
		count(report, work->before);
		return true;
	}
	if (!words_check(work, err) || !after_make(work, err))
		return false;
	count(report, work->after);
	return report->changes_n == 0 || file_write(work, work->after, err);
}

static int
lock_work(struct local *local, void *arg)
{
	struct work *work = MEM_NEW(struct work);
	struct lock_report *report = &work->report;
	int status = EXIT_DONE;
	struct err err = { 0 };
	struct buf out;

	work->options = arg;
	work->config = hub_config(local_hub(local));
	arena_init(&work->arena, NULL, 16 * MIB);
	work->before = pins_new();
	work->now = pins_new();
	work->after = pins_new();
	buf_init(&out, NULL, 4 * PINS_FILE_BYTES);
	if (work_wait(work, local, &err)) {
		tell_missing(report);
		status = report->missing_n > 0 ? EXIT_UPSTREAM : EXIT_DONE;
		if (report->has_file && !option_is_given(arg, OPTION_ACCEPT) &&
		    report->changes_n > 0)
			status = EXIT_FAILED;
		(option_is_given(arg, OPTION_JSON) ? lock_put_json : lock_put)(report, &out);
	} else {
		status = cli_fail(&err);
	}
	pins_free(&work->before);
	pins_free(&work->now);
	pins_free(&work->after);
	mem_free(report->changes);
	arena_fini(&work->arena);
	mem_free(work);
	return cli_print(&out, status);
}

int
lock_run(struct options *options)
{
	return local_run(options, LOCAL_BARE, lock_work, options);
}
