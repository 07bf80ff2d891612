/*
 * `bascule scan`: what the scanners find in files or on stdin, as a table, or line by line as JSON.
 * It needs no configuration and knows every scanner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "guard/guard.h"

#define LINE_BYTES  (64 * MIB)
#define SHOWN_BYTES 40 /* of a finding that is no secret */
#define READ_BYTES  (256 * KIB)

struct scanning {
	struct scanner *scanner;
	struct scan_findings findings;
	struct table *table;
	struct buf out;
	bool has_found;
};

/* ---- JSON lines ------------------------------------------------------------------------------ */

static void
put_findings(struct scanning *s, struct slice id)
{
	const struct scan_findings *findings = &s->findings;

	buf_puts(&s->out, "{\"id\":");
	buf_put(&s->out, id);
	buf_puts(&s->out, ",\"findings\":[");
	for (size_t i = 0; i < findings->n; i++) {
		const struct scan_finding *finding = &findings->items[i];

		buf_printf(&s->out,
		    "%s{\"kind\":\"%s\",\"rule\":\"%s\",\"start\":%zu,\"end\":%zu,\"score\":%u}",
		    i > 0 ? "," : "", scan_kind_name(finding->kind), finding->rule, finding->at,
		    finding->at + finding->n, finding->score);
	}
	buf_puts(&s->out, findings->is_cut ? "],\"cut\":true}\n" : "]}\n");
	s->has_found |= findings->n > 0;
}

/* One object with `text` and, if it likes, `id`: its line of answer is written before the next. */
MUST_CHECK static bool
json_line(struct scanning *s, char *line, size_t n, struct err *err)
{
	struct arena arena;
	struct json_scan *scan;
	struct slice id, token, text;
	bool ok = false;

	arena_init(&arena, NULL, 2 * LINE_BYTES);
	scan = json_scan_new(&arena, line, n, 1, JSON_MEND, 0);
	if (!json_scan_all(scan, err))
		goto out;
	token = json_scan_get(scan, SLICE_NONE, S("text"));
	id = json_scan_get(scan, SLICE_NONE, S("id"));
	if (token.p == NULL || json_type(token) != JSON_STRING) {
		err_set(err, ERR_USAGE, "each line is to be an object with the string `text`");
		goto out;
	}
	if (!json_string(&arena, token, &text, err) ||
	    !scan_text(s->scanner, text, &s->findings, err))
		goto out;
	put_findings(s, id.p != NULL ? id : S("null"));
	ok = buf_check(&s->out, err);
	if (ok && cli_print(&s->out, EXIT_DONE) != EXIT_DONE)
		ok = err_set(err, ERR_IO, "stdout is closed");
out:
	arena_fini(&arena);
	return ok;
}

/* The whole lines of in, and at the end what is left; they are cut off. */
MUST_CHECK static bool
lines_take(struct scanning *s, struct buf *in, size_t *looked, bool is_end, unsigned *line,
    struct err *err)
{
	size_t from = 0;

	while (from < in->n) {
		size_t at = from > *looked ? from : *looked;
		char *end = memchr(in->p + at, '\n', in->n - at);
		size_t n = end != NULL ? (size_t)(end - in->p) - from : in->n - from;

		*looked = in->n;
		if (end == NULL && !is_end)
			break;
		++*line;
		if (slice_trim((struct slice){ in->p + from, n }).n > 0 &&
		    !json_line(s, in->p + from, n, err))
			return false;
		from += n + (end != NULL);
		*looked = from;
	}
	buf_cut(in, from < in->n ? from : in->n);
	*looked -= from < *looked ? from : *looked;
	return true;
}

MUST_CHECK static bool
lines_scan(struct scanning *s, int fd, const char *name, struct err *err)
{
	struct buf in;
	unsigned line = 0;
	size_t looked = 0; /* no end of a line before here */
	bool ok = false;
	ssize_t n;

	buf_init(&in, NULL, LINE_BYTES);
	do {
		if (!buf_reserve(&in, READ_BYTES, err))
			goto out;
		n = read(fd, in.p + in.n, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(err, ERR_CONFIG, "%m");
			goto out;
		}
		in.n += (size_t)n;
		if (!lines_take(s, &in, &looked, n == 0, &line, err))
			goto out;
	} while (n != 0);
	ok = true;
out:
	buf_fini(&in);
	return ok || err_prefix(err, "%s:%u", name, line + (line == 0));
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void
line_and_column(struct slice text, size_t at, size_t *line, size_t *col)
{
	const char *p = text.p, *end = text.p + at, *next;

	*line = 1;
	while ((next = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p = next + 1;
		++*line;
	}
	*col = (size_t)(end - p) + 1;
}

/* A secret is not repeated: its first characters tell which it is. */
static void
put_part(struct buf *out, struct slice text, const struct scan_finding *finding)
{
	size_t most = finding->kind == SCAN_SECRET ? 4 : SHOWN_BYTES;
	size_t n = finding->n < most ? finding->n : most;
	struct slice part = { text.p + finding->at, n };

	for (size_t i = 0; i < part.n; i++)
		buf_put_shown(out,
		    part.p[i] == '\n' || part.p[i] == '\t' ? S(" ")
							   : (struct slice){ part.p + i, 1 });
	if (n < finding->n)
		buf_puts(out, "...");
}

static void
rows_put(struct scanning *s, const char *name, struct slice text)
{
	for (size_t i = 0; i < s->findings.n; i++) {
		const struct scan_finding *finding = &s->findings.items[i];
		char place[48], score[16];
		size_t line, col;
		struct buf part;

		buf_init(&part, NULL, 4 * KIB);
		put_part(&part, text, finding);
		buf_putc(&part, '\0');
		line_and_column(text, finding->at, &line, &col);
		(void)snprintf(place, sizeof(place), "%zu:%zu", line, col);
		(void)snprintf(score, sizeof(score), "%u", finding->score);
		table_row(s->table,
		    (const char *const[]){
			name, place, scan_kind_name(finding->kind), finding->rule, score, part.p });
		buf_fini(&part);
	}
	s->has_found |= s->findings.n > 0;
}

MUST_CHECK static bool
text_scan(struct scanning *s, int fd, const char *name, struct err *err)
{
	struct buf in;
	bool ok;

	buf_init(&in, NULL, LINE_BYTES + READ_BYTES);
	ok = cli_read(fd, name, LINE_BYTES, &in, err) &&
	    scan_text(s->scanner, buf_view(&in), &s->findings, err);
	if (ok)
		rows_put(s, name, buf_view(&in));
	if (ok && s->findings.is_cut)
		ok = err_set(err, ERR_LIMIT, "%s: more than %d findings, the rest is not shown",
		    name, SCAN_FINDINGS_MAX);
	buf_fini(&in);
	return ok;
}

/* ---- the command ----------------------------------------------------------------------------- */

MUST_CHECK static bool
file_scan(struct scanning *s, const char *path, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0, ok;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, ERR_USAGE, "%s: %m", path);
	if (s->table != NULL)
		ok = text_scan(s, fd, is_stdin ? "stdin" : path, err);
	else
		ok = lines_scan(s, fd, is_stdin ? "stdin" : path, err);
	close(fd);
	return ok;
}

int
scan_run(struct options *options)
{
	static const char *const heads[] = { "FILE", "PLACE", "KIND", "RULE", "SCORE", "TEXT" };
	struct scan_options what = { .kinds = SCAN_ALL };
	struct scanning s = { 0 };
	struct err err = { 0 };
	int status = EXIT_DONE;
	bool ok = true;

	s.scanner = scan_new(&what, &err);
	if (s.scanner == NULL)
		return cli_fail(&err);
	buf_init(&s.out, NULL, LINE_BYTES);
	if (!option_is_given(options, OPTION_JSON))
		s.table = table_new(heads, COUNT(heads));
	for (unsigned i = 0; ok && i < (options->words_n > 0 ? options->words_n : 1); i++)
		ok = file_scan(&s, options->words_n > 0 ? options->words[i] : "-", &err);
	if (s.table != NULL) {
		table_print(&s.table, &s.out);
		status = cli_print(&s.out, EXIT_DONE);
	}
	if (status == EXIT_DONE && s.has_found)
		status = EXIT_FAILED;
	if (!ok)
		status = cli_fail(&err);
	buf_fini(&s.out);
	scan_findings_fini(&s.findings);
	scan_free(&s.scanner);
	return status;
}
