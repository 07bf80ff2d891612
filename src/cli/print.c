/*
 * What people and programs read: errors, texts of strangers made harmless for a terminal, and
 * tables.
 */
#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

int
cli_fail(const struct err *err)
{
	struct buf out;

	buf_init(&out, NULL, 4 * KIB);
	buf_puts(&out, "bascule: ");
	buf_put_shown(&out, slice_of(err->text));
	buf_putc(&out, '\n');
	cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
	return err_info(err->kind)->exit_status;
}

bool
cli_write(int fd, struct slice text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n >= 0) {
			text.p += n;
			text.n -= (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

struct slice
cli_member(struct arena *arena, struct slice object, struct slice key)
{
	struct slice token, text;
	struct err err;

	if (json_type(object) != JSON_OBJECT || !json_find(object, key, &token) ||
	    json_type(token) != JSON_STRING || !json_string(arena, token, &text, &err))
		return SLICE_NONE;
	return text;
}

bool
cli_read(int fd, const char *name, size_t max, struct buf *into, struct err *err)
{
	ssize_t n = 1;

	while (n != 0 && into->n <= max) {
		if (!buf_reserve(into, 64 * KIB, err))
			return false;
		n = read(fd, into->p + into->n, 64 * KIB);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_CONFIG, "%s: %m", name);
		into->n += (size_t)n;
	}
	return into->n <= max ||
	    err_set(err, ERR_CONFIG, "%s: larger than %zu MiB", name, max / MIB);
}

int
cli_print(struct buf *buf, int status)
{
	struct err err;

	if (!buf_check(buf, &err))
		status = cli_fail(&err);
	else if (!cli_write(STDOUT_FILENO, buf_view(buf)))
		status = EXIT_FAILED;
	buf_fini(buf);
	return status;
}

/* C0 but LF and tab, DEL, and C1, which in UTF-8 is C2 80..9F. */
void
buf_put_shown(struct buf *buf, struct slice text)
{
	size_t from = 0, at;

	for (at = 0; at < text.n; at++) {
		unsigned char c = (unsigned char)text.p[at];
		size_t n = 0;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			n = 1;
		else if (c == 0xc2 && at + 1 < text.n && (unsigned char)text.p[at + 1] < 0xa0)
			n = 2;
		if (n == 0)
			continue;
		buf_put(buf, (struct slice){ text.p + from, at - from });
		buf_puts(buf, "\xef\xbf\xbd");
		from = at + n;
		at += n - 1;
	}
	buf_put(buf, (struct slice){ text.p + from, text.n - from });
}

/* ---- tables ---- */

struct table {
	struct libscols_table *scols;
	size_t columns;
};

struct table *
table_new(const char *const *heads, size_t n)
{
	struct table *table = MEM_NEW(struct table);

	/* Only so that the width of characters is known; numbers are not touched. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "");
	table->scols = scols_new_table();
	must(table->scols != NULL);
	table->columns = n;
	scols_table_set_termforce(
	    table->scols, isatty(STDOUT_FILENO) ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < n; i++)
		must(scols_table_new_column(table->scols, heads[i], i + 1 < n ? 0 : 0.9,
			 i + 1 < n ? 0 : SCOLS_FL_TRUNC) != NULL);
	return table;
}

void
table_row(struct table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);

	must(line != NULL);
	for (size_t i = 0; i < table->columns; i++)
		must(scols_line_set_data(line, i, cells[i]) == 0);
}

/* Lines without the blanks that fill an empty last column. */
static void
put_lines(struct buf *out, struct slice text)
{
	while (text.n > 0) {
		struct slice line = slice_cut(text, '\n', &text);

		while (line.n > 0 && line.p[line.n - 1] == ' ')
			line.n--;
		buf_put(out, line);
		buf_putc(out, '\n');
	}
}

void
table_print(struct table **at, struct buf *out)
{
	struct table *table = *at;
	char *text = NULL;

	*at = NULL;
	if (scols_table_get_nlines(table->scols) > 0 &&
	    scols_print_table_to_string(table->scols, &text) == 0 && text != NULL)
		put_lines(out, slice_of(text));
	free(text);
	scols_unref_table(table->scols);
	mem_free(table);
}
