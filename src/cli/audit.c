/*
 * `bascule audit`: what the stores of all processes under the state directory hold, one after the
 * other by time: looked through (query), followed (tail), written in another form (export).  Stores
 * are read while gateways write them; nothing is asked of a gateway.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "cli/trail.h"

#define FLUSH_BYTES   (64 * KIB)
#define POLL_MS	      250
#define TAIL_RECORDS  20
#define QUERY_RECORDS 100

/* ---- what is asked for ----------------------------------------------------------------------- */

struct filter {
	uint64_t since_ms, until_ms; /* until: not itself */
	uint64_t limit;		     /* the newest; UINT64_MAX: all */
	const struct options *options;
};

/* Options that are globs over a field. */
static const struct {
	enum cli_option option;
	size_t offset;
} globs[] = {
	{ OPTION_CALLER, offsetof(struct audit_record, caller) },
	{ OPTION_TENANT, offsetof(struct audit_record, tenant) },
	{ OPTION_SERVER, offsetof(struct audit_record, server) },
	{ OPTION_TOOL, offsetof(struct audit_record, tool) },
	{ OPTION_VERDICT, offsetof(struct audit_record, verdict) },
	{ OPTION_RULE, offsetof(struct audit_record, rule) },
};

MUST_CHECK static bool
outcome_check(const struct options *options, struct err *err)
{
	const char *names[LEDGER_OUTCOMES_N], *nearest;
	const char *text = options->value[OPTION_OUTCOME];

	for (unsigned i = 0; i < LEDGER_OUTCOMES_N; i++) {
		names[i] = ledger_outcome_name(i);
		if (!option_is_given(options, OPTION_OUTCOME) || strcmp(names[i], text) == 0)
			return true;
	}
	nearest = cli_nearest(text, names, COUNT(names));
	return err_set(err, ERR_USAGE,
	    "--outcome \"%.40s\": done, failed, refused, cancelled, deadline, unavailable or "
	    "unknown%s%s%s",
	    text, nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
	    nearest != NULL ? "\"?)" : "");
}

MUST_CHECK static bool
filter_read(const struct options *options, uint64_t limit, struct filter *filter, struct err *err)
{
	const char *text = options->value[OPTION_LIMIT];

	*filter = (struct filter){ .until_ms = UINT64_MAX, .limit = limit, .options = options };
	if (option_is_given(options, OPTION_LIMIT) &&
	    !slice_to_u64(slice_of(text), UINT64_MAX - 1, &filter->limit))
		return err_set(err, ERR_USAGE, "--limit \"%.40s\" is no number", text);
	return outcome_check(options, err) &&
	    trail_moment(options, OPTION_SINCE, &filter->since_ms, err) &&
	    trail_moment(options, OPTION_UNTIL, &filter->until_ms, err);
}

static bool
fits(const struct filter *filter, const struct audit_record *record)
{
	const struct options *options = filter->options;

	/* What was meant is told by what came of it. */
	if (record->kind == AUDIT_INTENT || record->time_ms < filter->since_ms ||
	    record->time_ms >= filter->until_ms)
		return false;
	if (option_is_given(options, OPTION_OUTCOME) &&
	    strcmp(ledger_outcome_name(record->outcome), options->value[OPTION_OUTCOME]) != 0)
		return false;
	for (size_t i = 0; i < COUNT(globs); i++)
		if (option_is_given(options, globs[i].option) &&
		    !slice_glob(slice_of(options->value[globs[i].option]),
			slice_of((const char *)record + globs[i].offset)))
			return false;
	return true;
}

/* ---- telling --------------------------------------------------------------------------------- */

struct telling {
	struct trail trail;
	struct filter filter;
	struct slice form; /* of a line */
	struct audit_form settings;
	struct table *table; /* in place of lines */
	int fd;
	struct buf out;
	uint64_t told;
};

MUST_CHECK static bool
flush(struct telling *telling, struct err *err)
{
	bool ok = buf_check(&telling->out, err);

	if (ok && !cli_write(telling->fd, buf_view(&telling->out)))
		ok = err_set(err, ERR_IO, "what was asked for could not be written: %m");
	buf_clear(&telling->out);
	return ok;
}

static void
row_put(struct telling *telling, const struct audit_record *record)
{
	char what[64], number[24] = "", code[16] = "";
	const struct slice texts[] = { slice_of(record->caller), slice_of(record->tenant),
		slice_of(record->server),
		slice_of(record->tool[0] != '\0'	? record->tool
			: record->kind == AUDIT_REFUSED ? record->address
							: record->method),
		slice_of(record->verdict), slice_of(record->rule) };
	struct buf shown[COUNT(texts)], time;

	buf_init(&time, NULL, KIB);
	audit_put_time(&time, record->time_ms);
	buf_putc(&time, '\0');
	for (size_t i = 0; i < COUNT(texts); i++) {
		buf_init(&shown[i], NULL, 4 * KIB);
		audit_put_shown(&shown[i], texts[i]);
		buf_putc(&shown[i], '\0');
	}
	if (record->kind == AUDIT_EXCHANGE) {
		snprintf(what, sizeof(what), "%s", ledger_outcome_name(record->outcome));
		snprintf(number, sizeof(number), "%llu", (unsigned long long)record->duration_ms);
	} else {
		snprintf(what, sizeof(what), record->count > 0 ? "%s: %llu" : "%s",
		    audit_kind_name(record->kind), (unsigned long long)record->count);
	}
	if (record->error_code != 0)
		snprintf(code, sizeof(code), "%d", record->error_code);
	table_row(telling->table,
	    (const char *[]){ time.p, shown[0].p, shown[1].p, shown[2].p, shown[3].p, shown[4].p,
		shown[5].p, what, code, number });
	for (size_t i = 0; i < COUNT(texts); i++)
		buf_fini(&shown[i]);
	buf_fini(&time);
}

MUST_CHECK static bool
record_put(struct telling *telling, const struct audit_record *record, struct err *err)
{
	telling->told++;
	if (telling->table != NULL) {
		row_put(telling, record);
		return true;
	}
	audit_line_put(telling->form, &telling->settings, record, &telling->out);
	return telling->out.n < FLUSH_BYTES || flush(telling, err);
}

/* How many fit. */
MUST_CHECK static bool
count(struct telling *telling, uint64_t *n, struct err *err)
{
	const struct audit_record *record;

	*n = 0;
	for (;;) {
		if (!trail_next(&telling->trail, &record, err))
			return false;
		if (record == NULL)
			break;
		*n += fits(&telling->filter, record);
	}
	trail_rewind(&telling->trail);
	return true;
}

/* All that fit, or the newest of them. */
MUST_CHECK static bool
tell(struct telling *telling, struct err *err)
{
	const struct audit_record *record;
	uint64_t skip = 0, n;

	if (telling->filter.limit != UINT64_MAX) {
		if (!count(telling, &n, err))
			return false;
		skip = n > telling->filter.limit ? n - telling->filter.limit : 0;
	}
	for (;;) {
		if (!trail_next(&telling->trail, &record, err))
			return false;
		if (record == NULL)
			break;
		if (!fits(&telling->filter, record))
			continue;
		if (skip > 0)
			skip--;
		else if (!record_put(telling, record, err))
			return false;
	}
	if (telling->table != NULL)
		table_print(&telling->table, &telling->out);
	return flush(telling, err);
}

/* What comes, until it is stopped. */
MUST_CHECK static bool
follow(struct telling *telling, struct err *err)
{
	const struct timespec pause = { 0, (long)POLL_MS * 1000000 };
	const struct audit_record *record;

	for (;;) {
		if (!trail_look(&telling->trail, err) || !trail_next(&telling->trail, &record, err))
			return false;
		if (record == NULL) {
			if (!flush(telling, err))
				return false;
			nanosleep(&pause, NULL);
		} else if (fits(&telling->filter, record) && !record_put(telling, record, err)) {
			return false;
		}
	}
}

/* ---- the commands ---------------------------------------------------------------------------- */

typedef bool action_fn(struct telling *telling, const struct options *options, struct err *err);

static bool
tail_do(struct telling *telling, const struct options *options, struct err *err)
{
	telling->form = option_is_given(options, OPTION_JSON) ? S("jsonl") : S("text");
	return tell(telling, err) &&
	    (!option_is_given(options, OPTION_FOLLOW) || follow(telling, err));
}

static bool
query_do(struct telling *telling, const struct options *options, struct err *err)
{
	static const char *const heads[] = { "TIME", "CALLER", "TENANT", "SERVER", "TOOL",
		"VERDICT", "RULE", "OUTCOME", "CODE", "MS" };

	telling->form = S("jsonl");
	if (!option_is_given(options, OPTION_JSON))
		telling->table = table_new(heads, COUNT(heads));
	return tell(telling, err);
}

static bool
export_do(struct telling *telling, const struct options *options, struct err *err)
{
	const char *path = options->value[OPTION_OUTPUT];
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC |
	    (option_is_given(options, OPTION_FORCE) ? O_TRUNC : O_EXCL);
	bool ok;

	telling->form = slice_of(options->words_n > 1 ? options->words[1] : "jsonl");
	if (!audit_lines_begin(telling->form, &telling->settings, &telling->out))
		return err_set(err, ERR_USAGE,
		    "audit export: \"%.40s\" is no form: write jsonl, csv, text, cef or syslog",
		    options->words[1]);
	if (!option_is_given(options, OPTION_OUTPUT))
		return tell(telling, err);
	telling->fd = open(path, flags, 0600);
	if (telling->fd < 0 && errno == EEXIST)
		return err_set(err, ERR_USAGE, "%s is there already; --force replaces it", path);
	if (telling->fd < 0)
		return err_set(err, ERR_IO, "%s: %m", path);
	ok = tell(telling, err);
	if (close(telling->fd) != 0 && ok)
		ok = err_set(err, ERR_IO, "%s: %m", path);
	return ok;
}

static int
run(struct options *options, action_fn *action, uint64_t limit)
{
	struct log *log = cli_log_new(LOG_ERROR);
	struct config *config = NULL;
	struct telling telling = { .fd = STDOUT_FILENO };
	struct err err = { 0 };
	bool ok;

	buf_init(&telling.out, NULL, SIZE_MAX / 2);
	audit_form_init(&telling.settings);
	ok = filter_read(options, limit, &telling.filter, &err) &&
	    trail_config(options, log, &config, &err) && trail_open(&telling.trail, config, &err) &&
	    action(&telling, options, &err);
	if (ok && telling.told == 0)
		(void)cli_write(STDERR_FILENO, S("bascule: no record fits\n"));
	if (telling.table != NULL)
		table_print(&telling.table, &telling.out);
	trail_fini(&telling.trail);
	buf_fini(&telling.out);
	config_free(&config);
	log_free(&log);
	return ok ? EXIT_DONE : cli_fail(&err);
}

static int
tail_run(struct options *options)
{
	return run(options, tail_do, TAIL_RECORDS);
}

static int
query_run(struct options *options)
{
	return run(options, query_do, QUERY_RECORDS);
}

static int
export_run(struct options *options)
{
	return run(options, export_do, UINT64_MAX);
}

int
audit_run(struct options *options)
{
	static const struct {
		const char *name;
		unsigned words; /* behind it, at most */
		int (*run)(struct options *options);
	} actions[] = {
		{ "tail", 0, tail_run },
		{ "query", 0, query_run },
		{ "export", 1, export_run },
		{ "verify", 1, audit_verify_run },
	};
	const char *names[COUNT(actions)], *nearest;
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT(actions); i++) {
		names[i] = actions[i].name;
		if (strcmp(options->words[0], actions[i].name) != 0)
			continue;
		if (options->words_n - 1 <= actions[i].words)
			return actions[i].run(options);
		err_set(&err, ERR_USAGE, "audit %s: unexpected word \"%.80s\"", actions[i].name,
		    options->words[actions[i].words + 1]);
		return cli_fail(&err);
	}
	nearest = cli_nearest(options->words[0], names, COUNT(names));
	err_set(&err, ERR_USAGE, "audit: unknown action \"%.40s\"%s%s%s", options->words[0],
	    nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
	    nearest != NULL ? "\"?)" : "");
	return cli_fail(&err);
}
