/*
 * agents: the runs of the gateways that are live below the state directory, asked through their
 * control sockets.  Nothing is started, and no store is read: what nobody answers for is not shown.
 *
 * A gateway is believed no more than any server: its answers are bounded and checked, and texts are
 * made harmless for a terminal.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/admin.h"
#include "cli/trail.h"

#define ANSWER_MS     30000
#define READ_BYTES    (64 * KIB)
#define SCAN_BYTES    (256 * MIB)
#define REQUEST_BYTES (4 * KIB)
#define ID_BYTES      128
#define TASK_WIDTH    400 /* bytes of a task in a table that is not cut by a terminal */

/* One that is live. */
struct gateway {
	unsigned number;
	char where[SLOT_PATH + 16]; /* its socket, for errors */
	int fd;
	struct buf in;
	size_t used; /* of in: answers that were read already */
};

struct fleet {
	struct options *options;
	struct arena arena; /* what answers mean; their bytes are each gateway's */
	struct gateway *all[SLOTS_MAX];
	size_t n;
	int status; /* of what went wrong with some of them */
};

/* ---- one answer ------------------------------------------------------------------------------ */

/* A line, without its end; timeout_ms -1: for ever. */
MUST_CHECK static bool
line_read(struct gateway *gateway, int timeout_ms, struct slice *out, struct err *err)
{
	struct buf *in = &gateway->in;
	size_t looked = 0;

	buf_cut(in, gateway->used);
	gateway->used = 0;
	for (;;) {
		struct pollfd pollfd = { .fd = gateway->fd, .events = POLLIN };
		char *end = in->n > looked ? memchr(in->p + looked, '\n', in->n - looked) : NULL;
		ssize_t n;

		if (end != NULL) {
			*out = (struct slice){ in->p, (size_t)(end - in->p) };
			gateway->used = out->n + 1;
			return true;
		}
		looked = in->n;
		if (!buf_reserve(in, READ_BYTES, err))
			return err_prefix(err, "%s", gateway->where);
		n = poll(&pollfd, 1, timeout_ms);
		if (n == 0)
			return err_set(err, ERR_DEADLINE, "%s: no answer within %d s",
			    gateway->where, timeout_ms / 1000);
		n = n < 0 ? n : recv(gateway->fd, in->p + in->n, READ_BYTES, 0);
		if (n == 0)
			return err_set(
			    err, ERR_UNAVAILABLE, "%s: the gateway has ended", gateway->where);
		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_UNAVAILABLE, "%s: %m", gateway->where);
		in->n += n > 0 ? (size_t)n : 0;
	}
}

static bool
no_answer(const struct gateway *gateway, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "%s: what answers there is no gateway of this kind",
	    gateway->where);
}

/* The error that it answered with, under its own kind. */
static bool
told(struct arena *arena, const struct gateway *gateway, struct slice error, struct err *err)
{
	struct slice kind = cli_member(arena, error, S("kind"));
	struct slice text = cli_member(arena, error, S("message"));

	if (text.n == 0)
		return no_answer(gateway, err);
	for (unsigned i = ERR_NONE + 1; i < ERR_KINDS_N; i++)
		if (slice_eq(kind, slice_of(err_info((enum errkind)i)->name)))
			return err_set(err, (enum errkind)i, "%.*s", SLICE_FMT(text));
	return err_set(err, ERR_UNAVAILABLE, "%s: %.*s", gateway->where, SLICE_FMT(text));
}

/* What the next line answers: an object. */
MUST_CHECK static bool
answer_read(struct arena *arena, struct gateway *gateway, int timeout_ms, struct slice *result,
    struct err *err)
{
	struct slice line, error;
	struct json_scan *scan;
	struct err bad;

	if (!line_read(gateway, timeout_ms, &line, err))
		return false;
	scan = json_scan_new(arena, (char *)(uintptr_t)line.p, line.n, 0, 0, 0);
	if (!json_scan_all(scan, &bad) || json_scan_type(scan) != JSON_OBJECT)
		return no_answer(gateway, err);
	if (json_find(line, S("error"), &error))
		return told(arena, gateway, error, err);
	return (json_find(line, S("result"), result) && json_type(*result) == JSON_OBJECT) ||
	    no_answer(gateway, err);
}

/* id SLICE_NONE: of all of them. */
MUST_CHECK static bool
request_send(
    struct gateway *gateway, const char *op, struct slice id, bool follows, struct err *err)
{
	struct buf request;
	bool ok;

	buf_init(&request, NULL, REQUEST_BYTES);
	buf_printf(&request, "{\"op\":\"%s\"", op);
	if (id.p != NULL) {
		buf_puts(&request, ",\"id\":");
		buf_json_string(&request, id);
	}
	buf_puts(&request, follows ? ",\"follow\":true}\n" : "}\n");
	ok = buf_check(&request, err);
	if (ok && send(gateway->fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
		ok = err_set(err, ERR_UNAVAILABLE, "%s: %m", gateway->where);
	buf_fini(&request);
	return ok;
}

MUST_CHECK static bool
gateway_ask(struct fleet *fleet, struct gateway *gateway, const char *op, struct slice id,
    struct slice *result, struct err *err)
{
	return request_send(gateway, op, id, false, err) &&
	    answer_read(&fleet->arena, gateway, ANSWER_MS, result, err);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* One that does not answer hides nobody else. */
static void
one_failed(struct fleet *fleet, const struct err *err)
{
	fleet->status = cli_fail(err);
}

static void
fleet_look(struct fleet *fleet, const char *state, unsigned number)
{
	char dir[SLOT_PATH];
	struct gateway *gateway;
	struct err err;
	int fd;

	if ((size_t)snprintf(dir, sizeof(dir), "%s/%u", state, number) >= sizeof(dir))
		return;
	if (!control_connect(dir, &fd, &err)) {
		one_failed(fleet, &err);
		return;
	}
	if (fd < 0)
		return;
	gateway = MEM_NEW(struct gateway);
	gateway->number = number;
	gateway->fd = fd;
	snprintf(gateway->where, sizeof(gateway->where), "%s/%s", dir, CONTROL_SOCKET);
	buf_init(&gateway->in, NULL, CONTROL_ANSWER_BYTES + 2 * READ_BYTES);
	fleet->all[fleet->n++] = gateway;
}

static void
fleet_fini(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n; i++) {
		close(fleet->all[i]->fd);
		buf_fini(&fleet->all[i]->in);
		mem_free(fleet->all[i]);
	}
	arena_fini(&fleet->arena);
}

MUST_CHECK static bool
fleet_open(struct fleet *fleet, struct err *err)
{
	const char *only = fleet->options->value[OPTION_INSTANCE];
	struct log *log = cli_log_new(LOG_ERROR);
	struct config *config = NULL;
	uint64_t number = 0, last = SLOTS_MAX - 1;
	const char *state = "";
	bool ok;

	arena_init(&fleet->arena, NULL, SCAN_BYTES);
	ok = only == NULL || slice_to_u64(slice_of(only), last, &number) ||
	    err_set(err, ERR_USAGE,
		"agents: --instance must be the number of a directory below `state`, not \"%.20s\"",
		only);
	ok = ok && trail_config(fleet->options, log, &config, err);
	if (ok) {
		state = slice_cstr(&fleet->arena, config->state);
		last = only != NULL ? number : last;
		for (unsigned i = (unsigned)number; i <= last; i++)
			fleet_look(fleet, state, i);
	}
	if (ok && fleet->n == 0 && fleet->status == EXIT_DONE)
		ok = err_set(err, ERR_UNAVAILABLE,
		    "no gateway that runs agents is live below %s%s%s", state,
		    only != NULL ? "/" : "", only != NULL ? only : "");
	config_free(&config);
	log_free(&log);
	return ok;
}

/* It has none of that name; another error, as of a beginning that several have, is one for all. */
static bool
is_not_there(const struct err *err)
{
	return err->kind == ERR_PARAMS && slice_starts(slice_of(err->text), S("no such run"));
}

/* The one gateway that has that run; *id becomes its whole name. */
MUST_CHECK static bool
run_find(struct fleet *fleet, struct slice *id, struct gateway **out, struct slice *result,
    struct err *err)
{
	struct slice name = SLICE_NONE, found, one;
	struct err other;

	*out = NULL;
	if (id->n == 0 || id->n > ID_BYTES)
		return err_set(err, ERR_USAGE, "agents: \"%.40s\" is no run", id->p);
	for (size_t i = 0; i < fleet->n; i++) {
		if (!gateway_ask(fleet, fleet->all[i], "show", *id, &one, &other)) {
			if (is_not_there(&other))
				continue;
			if (other.kind == ERR_PARAMS) {
				*err = other;
				return false;
			}
			one_failed(fleet, &other);
			continue;
		}
		found = cli_member(&fleet->arena, one, S("run_id"));
		if (found.n == 0) {
			no_answer(fleet->all[i], &other);
			one_failed(fleet, &other);
			continue;
		}
		if (*out != NULL)
			return err_set(
			    err, ERR_PARAMS, "several runs begin with \"%.*s\"", SLICE_FMT(*id));
		*out = fleet->all[i];
		*result = one;
		name = found;
	}
	if (*out == NULL)
		return err_set(err, fleet->status == EXIT_DONE ? ERR_PARAMS : ERR_UNAVAILABLE,
		    "no such run: \"%.*s\"", SLICE_FMT(*id));
	/* name lies in what the gateway answered, which its next answer takes the place of. */
	if (!arena_reserve(&fleet->arena, name.n + 1, err))
		return false;
	*id = slice_dup(&fleet->arena, name);
	return true;
}

/* ---- list ------------------------------------------------------------------------------------ */

struct row {
	struct slice run, queued; /* queued: text that sorts by time */
};

static int
newer_first(const void *a, const void *b)
{
	return slice_compare(((const struct row *)b)->queued, ((const struct row *)a)->queued);
}

/* Text for one cell of a table. */
static const char *
cell(struct arena *arena, struct slice text)
{
	struct buf shown;
	const char *out;

	if (text.n > TASK_WIDTH)
		text.n = TASK_WIDTH;
	buf_init(&shown, NULL, 8 * KIB);
	buf_put_shown(&shown, text);
	for (size_t i = 0; i < shown.n; i++)
		if (shown.p[i] == '\n' || shown.p[i] == '\t')
			shown.p[i] = ' ';
	out = slice_cstr(arena, buf_view(&shown));
	buf_fini(&shown);
	return out;
}

/* "2026-11-22T03:34:14.123Z" in seconds; 0: none. */
static int64_t
moment(struct slice text)
{
	int64_t unix_s;

	if (text.n > 19)
		text.n = 19;
	return config_moment(text, &unix_s) ? unix_s : 0;
}

/* How long it has been running, or did. */
static const char *
took(struct arena *arena, struct slice run)
{
	int64_t from = moment(cli_member(arena, run, S("started_at")));
	int64_t to = moment(cli_member(arena, run, S("ended_at")));
	int64_t s;

	if (from == 0)
		return "";
	if (to == 0)
		to = (int64_t)(trail_now_ms() / 1000);
	s = to > from ? to - from : 0;
	return s < 60 ? arena_printf(arena, "%" PRId64 "s%c", s, '\0').p
	    : s < 3600
	    ? arena_printf(arena, "%" PRId64 "m%02" PRId64 "s%c", s / 60, s % 60, '\0').p
	    : arena_printf(arena, "%" PRId64 "h%02" PRId64 "m%c", s / 3600, s / 60 % 60, '\0').p;
}

static const char *
cost(struct arena *arena, struct slice run)
{
	struct slice value;

	if (!json_find(run, S("cost_usd"), &value) || json_type(value) != JSON_NUMBER ||
	    value.n > 24 || strtod(slice_cstr(arena, value), NULL) == 0)
		return "";
	return slice_cstr(arena, value);
}

static void
put_table(struct arena *arena, const struct row *rows, size_t n, struct buf *out)
{
	static const char *const heads[] = { "RUN", "STATUS", "RUNNER", "WORKFLOW", "QUEUED",
		"TOOK", "USD", "TASK" };
	struct table *table = table_new(heads, COUNT(heads));

	for (size_t i = 0; i < n; i++) {
		struct slice run = rows[i].run, queued = rows[i].queued;

		if (queued.n > 19)
			queued.n = 19; /* without what is below a second */
		table_row(table,
		    (const char *[]){ cell(arena, cli_member(arena, run, S("run_id"))),
			cell(arena, cli_member(arena, run, S("status"))),
			cell(arena, cli_member(arena, run, S("runner"))),
			cell(arena, cli_member(arena, run, S("workflow"))), cell(arena, queued),
			took(arena, run), cost(arena, run),
			cell(arena, cli_member(arena, run, S("task"))) });
	}
	table_print(&table, out);
}

/* Adds the runs of one gateway. */
MUST_CHECK static bool
rows_add(
    struct fleet *fleet, struct gateway *gateway, struct row **rows, size_t *n, struct err *err)
{
	struct slice result, runs, run;
	struct json_iter iter;
	size_t more;

	if (!gateway_ask(fleet, gateway, "list", SLICE_NONE, &result, err))
		return false;
	if (!json_find(result, S("runs"), &runs) || json_type(runs) != JSON_ARRAY)
		return no_answer(gateway, err);
	more = json_count(runs);
	*rows = mem_resize(*rows, *n * sizeof(**rows), (*n + more + 1) * sizeof(**rows));
	json_iter_init(&iter, runs);
	while (json_iter_next(&iter, NULL, &run)) {
		if (json_type(run) != JSON_OBJECT)
			return no_answer(gateway, err);
		(*rows)[(*n)++] =
		    (struct row){ run, cli_member(&fleet->arena, run, S("queued_at")) };
	}
	return true;
}

static bool
list_do(struct fleet *fleet, struct buf *out, struct err *err)
{
	struct row *rows = NULL;
	size_t n = 0;

	for (size_t i = 0; i < fleet->n; i++) {
		struct err other;

		if (!rows_add(fleet, fleet->all[i], &rows, &n, &other))
			one_failed(fleet, &other);
	}
	if (n > 1)
		qsort(rows, n, sizeof(*rows), newer_first);
	if (option_is_given(fleet->options, OPTION_JSON)) {
		buf_puts(out, "{\"runs\":[");
		for (size_t i = 0; i < n; i++) {
			buf_puts(out, i > 0 ? "," : "");
			buf_put(out, rows[i].run);
		}
		buf_puts(out, "]}\n");
	} else {
		put_table(&fleet->arena, rows, n, out);
	}
	mem_free(rows);
	if (n == 0 && fleet->status == EXIT_DONE)
		(void)cli_write(STDERR_FILENO, S("bascule: there are no runs\n"));
	return true;
}

/* ---- show ------------------------------------------------------------------------------------ */

static bool
is_long(struct slice text)
{
	return text.n > 100 || (text.n > 0 && memchr(text.p, '\n', text.n) != NULL);
}

/* Of one text with its end. */
static void
put_lines(struct buf *out, struct slice text)
{
	buf_put_shown(out, text);
	if (!slice_ends(text, S("\n")))
		buf_putc(out, '\n');
}

static void
put_events(struct arena *arena, struct slice events, struct buf *out)
{
	struct json_iter iter;
	struct slice event;

	json_iter_init(&iter, events);
	while (json_iter_next(&iter, NULL, &event)) {
		buf_put_shown(out, cli_member(arena, event, S("time")));
		buf_puts(out, "  ");
		put_lines(out, cli_member(arena, event, S("text")));
	}
}

/* What is short as a list of names and values, or (is_second) what is long, below its name. */
static void
put_members(struct arena *arena, struct slice run, bool is_second, struct buf *out)
{
	struct slice key, value, text;
	struct json_iter iter;
	struct err err;

	json_iter_init(&iter, run);
	while (json_iter_next(&iter, &key, &value)) {
		bool has_events = slice_eq(key, S("events")) && json_type(value) == JSON_ARRAY;

		text = value;
		if (json_type(value) == JSON_STRING && !json_string(arena, value, &text, &err))
			continue;
		if ((is_long(text) || has_events) != is_second || text.n == 0)
			continue;
		if (!is_second) {
			buf_put_shown(out, key);
			for (size_t i = key.n; i < 16; i++)
				buf_putc(out, ' ');
			put_lines(out, text);
			continue;
		}
		buf_putc(out, '\n');
		buf_put_shown(out, key);
		buf_puts(out, ":\n");
		if (has_events)
			put_events(arena, value, out);
		else
			put_lines(out, text);
	}
}

static void
put_run(struct fleet *fleet, struct slice run, struct buf *out)
{
	if (option_is_given(fleet->options, OPTION_JSON)) {
		buf_put(out, run);
		buf_putc(out, '\n');
		return;
	}
	put_members(&fleet->arena, run, false, out);
	put_members(&fleet->arena, run, true, out);
}

static bool
show_do(struct fleet *fleet, struct buf *out, struct err *err)
{
	struct slice id = slice_of(fleet->options->words[1]), run;
	struct gateway *gateway;

	if (!run_find(fleet, &id, &gateway, &run, err))
		return false;
	put_run(fleet, run, out);
	return true;
}

/* ---- cancel ---------------------------------------------------------------------------------- */

static bool
cancel_do(struct fleet *fleet, struct buf *out, struct err *err)
{
	struct slice id = slice_of(fleet->options->words[1]), run, status;
	struct gateway *gateway;
	bool is_ending;

	if (!run_find(fleet, &id, &gateway, &run, err) ||
	    !gateway_ask(fleet, gateway, "cancel", id, &run, err))
		return false;
	if (option_is_given(fleet->options, OPTION_JSON)) {
		put_run(fleet, run, out);
		return true;
	}
	status = cli_member(&fleet->arena, run, S("status"));
	is_ending = slice_eq(status, S("running")) || slice_eq(status, S("queued"));
	buf_put_shown(out, id);
	buf_puts(out, is_ending ? " was told to end\n" : " is ");
	if (!is_ending)
		put_lines(out, status);
	return true;
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* Raw into a pipe or file; at a terminal, harmless.  held: a byte that may begin a control
 * character of two. */
static void
put_output(struct buf *out, struct buf *bytes, bool is_shown, bool is_last, bool *held)
{
	struct slice text = buf_view(bytes);

	if (!is_shown) {
		buf_put(out, text);
		return;
	}
	if (*held && text.n > 0 && (unsigned char)text.p[0] >= 0x80 &&
	    (unsigned char)text.p[0] < 0xa0) {
		buf_puts(out, "\xef\xbf\xbd");
		text.p++;
		text.n--;
	} else if (*held) {
		buf_putc(out, '\xc2');
	}
	*held = !is_last && text.n > 0 && text.p[text.n - 1] == '\xc2';
	text.n -= *held;
	buf_put_shown(out, text);
}

MUST_CHECK static bool
chunk_put(struct fleet *fleet, const struct gateway *gateway, struct slice chunk, bool *is_last,
    bool *held, struct err *err)
{
	bool is_shown = isatty(STDOUT_FILENO), ok;
	struct slice token, last;
	struct buf bytes, out;

	if (!json_find(chunk, S("bytes"), &token) || json_type(token) != JSON_STRING ||
	    !json_find(chunk, S("last"), &last) || !json_bool(last, is_last))
		return no_answer(gateway, err);
	buf_init(&bytes, NULL, CONTROL_ANSWER_BYTES);
	buf_init(&out, NULL, 4 * CONTROL_ANSWER_BYTES);
	ok = base64_read((struct slice){ token.p + 1, token.n - 2 }, &bytes) ||
	    no_answer(gateway, err);
	if (ok && option_is_given(fleet->options, OPTION_JSON)) {
		buf_put(&out, chunk);
		buf_putc(&out, '\n');
	} else if (ok) {
		put_output(&out, &bytes, is_shown, *is_last, held);
	}
	ok = ok && buf_check(&out, err) &&
	    (cli_write(STDOUT_FILENO, buf_view(&out)) ||
		err_set(err, ERR_INTERNAL, "what is written is not read any more"));
	buf_fini(&bytes);
	buf_fini(&out);
	return ok;
}

static bool
logs_do(struct fleet *fleet, struct buf *unused, struct err *err)
{
	bool follows = option_is_given(fleet->options, OPTION_FOLLOW), held = false;
	struct slice id = slice_of(fleet->options->words[1]), chunk;
	bool is_last = false, ok;
	struct gateway *gateway;
	struct arena arena;

	ok = run_find(fleet, &id, &gateway, &chunk, err) &&
	    request_send(gateway, "logs", id, follows, err);
	while (ok && !is_last) {
		arena_init(&arena, NULL, SCAN_BYTES);
		ok = answer_read(&arena, gateway, follows ? -1 : ANSWER_MS, &chunk, err) &&
		    chunk_put(fleet, gateway, chunk, &is_last, &held, err);
		arena_fini(&arena);
	}
	return ok;
}

/* ---- the command ----------------------------------------------------------------------------- */

typedef bool action_fn(struct fleet *fleet, struct buf *out, struct err *err);

static int
run(struct options *options, action_fn *action)
{
	struct fleet *fleet = MEM_NEW(struct fleet);
	struct err err = { 0 };
	struct buf out;
	int status;

	fleet->options = options;
	buf_init(&out, NULL, SIZE_MAX / 2);
	status =
	    fleet_open(fleet, &err) && action(fleet, &out, &err) ? fleet->status : cli_fail(&err);
	status = cli_print(&out, status);
	fleet_fini(fleet);
	mem_free(fleet);
	return status;
}

int
agents_run(struct options *options)
{
	static const struct {
		const char *name;
		unsigned words; /* behind it */
		action_fn *action;
	} actions[] = {
		{ "list", 0, list_do },
		{ "show", 1, show_do },
		{ "cancel", 1, cancel_do },
		{ "logs", 1, logs_do },
	};
	const char *names[COUNT(actions)], *nearest;
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT(actions); i++) {
		names[i] = actions[i].name;
		if (strcmp(options->words[0], actions[i].name) != 0)
			continue;
		if (options->words_n - 1 == actions[i].words)
			return run(options, actions[i].action);
		if (options->words_n - 1 < actions[i].words)
			err_set(&err, ERR_USAGE, "agents %s: which run?", actions[i].name);
		else
			err_set(&err, ERR_USAGE, "agents %s: unexpected word \"%.80s\"",
			    actions[i].name, options->words[actions[i].words + 1]);
		return cli_fail(&err);
	}
	nearest = cli_nearest(options->words[0], names, COUNT(names));
	err_set(&err, ERR_USAGE, "agents: unknown action \"%.40s\"%s%s%s", options->words[0],
	    nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
	    nearest != NULL ? "\"?)" : "");
	return cli_fail(&err);
}
