/*
 * `bascule audit verify`: are the records of all stores those that were written, all of them, in
 * that order?  One line a store; 0: all are, 1: one is not, or is gone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "cli/cli.h"

#define LINES_BYTES (4 * MIB)

struct verdicts {
	const struct config *config;
	bool is_json;
	unsigned stores, broken;
	struct buf out;
	struct err err; /* the first store that could not be looked at */
};

static void
text_put(struct verdicts *verdicts, const char *path, const struct audit_report *report)
{
	struct buf *out = &verdicts->out;

	buf_printf(out, "%s: ", path);
	if (report->is_broken) {
		buf_printf(out, "BROKEN at record %" PRIu64 ": %s\n", report->at, report->reason);
		return;
	}
	if (report->records == 0)
		buf_puts(out, "fine: no records");
	else
		buf_printf(
		    out, "fine: records %" PRIu64 " to %" PRIu64, report->first, report->last);
	if (report->is_signed)
		buf_printf(out, ", signed with the key %s", report->key);
	else
		buf_puts(out,
		    "; NOT SIGNED, or the key is not here: whoever can write the store can make it anew");
	if (!report->has_anchor)
		buf_puts(out, "; without an anchor: that its tail was cut would not be seen");
	buf_putc(out, '\n');
}

static void
json_put(struct verdicts *verdicts, const char *path, const struct audit_report *report)
{
	struct buf *out = &verdicts->out;

	buf_puts(out, "{\"path\":");
	buf_json_string(out, slice_of(path));
	buf_printf(out,
	    ",\"fine\":%s,\"chain\":\"%s\",\"records\":%" PRIu64 ",\"first\":%" PRIu64
	    ",\"last\":%" PRIu64 ",\"signed\":%s,\"key\":\"%s\",\"seals\":%" PRIu64
	    ",\"anchored\":%s",
	    report->is_broken ? "false" : "true", report->chain, report->records, report->first,
	    report->last, report->is_signed ? "true" : "false", report->key, report->seals,
	    report->has_anchor ? "true" : "false");
	if (report->is_broken) {
		buf_printf(out, ",\"at\":%" PRIu64 ",\"reason\":", report->at);
		buf_json_string(out, slice_of(report->reason));
	}
	buf_puts(out, "}\n");
}

static void
store_verify(void *ctx, const char *path)
{
	struct verdicts *verdicts = ctx;
	struct audit_report report;
	struct err err = { 0 };

	if (!audit_verify(path, &verdicts->config->audit, &report, &err)) {
		if (verdicts->err.kind == ERR_NONE)
			verdicts->err = err;
		return;
	}
	verdicts->stores++;
	verdicts->broken += report.is_broken;
	(verdicts->is_json ? json_put : text_put)(verdicts, path, &report);
}

/* A store that an anchor knows, and that is not there any more. */
static void
store_gone(void *ctx, const char *path, uint64_t records)
{
	struct verdicts *verdicts = ctx;
	struct audit_report report = { .is_broken = true, .at = 1, .has_anchor = true };

	if (!slice_starts(slice_of(path), verdicts->config->state))
		return;
	snprintf(report.reason, sizeof(report.reason),
	    "the store is gone; its anchor knows %" PRIu64 " records", records);
	verdicts->stores++;
	verdicts->broken++;
	(verdicts->is_json ? json_put : text_put)(verdicts, path, &report);
}

static void
all_verify(struct verdicts *verdicts)
{
	const struct config *config = verdicts->config;
	struct slice name = config->audit.store;
	struct arena arena;

	arena_init(&arena, NULL, 64 * KIB);
	if (slice_starts(name, S("/"))) {
		const char *path = slice_cstr(&arena, name);

		if (access(path, F_OK) == 0)
			store_verify(verdicts, path);
	} else {
		audit_stores(slice_cstr(&arena, config->state), slice_cstr(&arena, name),
		    store_verify, verdicts);
	}
	audit_stores_gone(&config->audit, store_gone, verdicts);
	if (verdicts->stores == 0 && verdicts->err.kind == ERR_NONE)
		err_set(&verdicts->err, ERR_CONFIG, "%.*s: there is no store of the audit",
		    SLICE_FMT(config->state));
	arena_fini(&arena);
}

/* One store by its path needs no configuration but for the key. */
MUST_CHECK static bool
config_find(
    struct options *options, struct log *log, bool has_path, struct config **out, struct err *err)
{
	if (cli_config_load(options, log, out, err))
		return true;
	if (!has_path || option_is_given(options, OPTION_CONFIG))
		return false;
	*out = config_default();
	return true;
}

int
audit_verify_run(struct options *options)
{
	struct log *log = log_new(STDERR_FILENO, LOG_WARN, LOG_TEXT, "");
	bool has_path = options->words_n > 1;
	struct verdicts verdicts = { .is_json = option_is_given(options, OPTION_JSON) };
	struct config *config = NULL;
	struct err err = { 0 };
	bool ok = config_find(options, log, has_path, &config, &err);

	if (ok) {
		verdicts.config = config;
		buf_init(&verdicts.out, NULL, LINES_BYTES);
		if (has_path)
			store_verify(&verdicts, options->words[1]);
		else
			all_verify(&verdicts);
		ok = cli_write(STDOUT_FILENO, buf_view(&verdicts.out));
		if (verdicts.err.kind != ERR_NONE) {
			err = verdicts.err;
			ok = false;
		}
		buf_fini(&verdicts.out);
	}
	config_free(&config);
	log_free(&log);
	if (!ok)
		return cli_fail(&err);
	return verdicts.broken > 0 ? 1 : EXIT_DONE;
}
