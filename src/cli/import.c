/*
 * `bascule import`: the configuration of another program, as bascule.yaml on stdout or in a new
 * file; what could not be carried over is told on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define IN_BYTES  MIB
#define OUT_BYTES (16 * MIB)

MUST_CHECK static bool
file_read(const char *path, struct buf *into, struct err *err)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	ok = cli_read(fd, path, IN_BYTES, into, err);
	close(fd);
	return ok;
}

/* Written for the one who asks only: it may name what is private. */
MUST_CHECK static bool
file_write(const char *path, bool may_replace, struct slice text, struct err *err)
{
	int fd =
	    open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (may_replace ? O_TRUNC : O_EXCL), 0600);
	bool ok;

	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_USAGE, "%s is there already: --force replaces it", path);
	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	ok = cli_write(fd, text);
	if (!ok)
		err_set(err, ERR_CONFIG, "%s: %m", path);
	if (close(fd) < 0 && ok)
		ok = err_set(err, ERR_CONFIG, "%s: %m", path);
	return ok;
}

static void
put_report(const struct config_import *report)
{
	struct slice rest = buf_view(&report->notes);
	struct buf out;

	buf_init(&out, NULL, OUT_BYTES);
	while (rest.p != NULL && rest.n > 0) {
		struct slice line = slice_cut(rest, '\n', &rest);

		buf_puts(&out, slice_starts(line, S("#")) ? "" : "  ");
		buf_put_shown(&out, line);
		buf_putc(&out, '\n');
	}
	buf_printf(&out, "bascule: %u server%s of %s carried over, %u left out, %u note%s\n",
	    report->servers, report->servers == 1 ? "" : "s", report->of, report->left_out,
	    report->notes_n, report->notes_n == 1 ? "" : "s");
	cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
}

int
import_run(struct options *options)
{
	const char *path = options->words[0], *to = options->value[OPTION_OUTPUT];
	struct config_import report = { 0 };
	struct err err = { 0 };
	struct buf in, out;
	int status;

	buf_init(&in, NULL, IN_BYTES + 128 * KIB);
	buf_init(&out, NULL, OUT_BYTES);
	buf_init(&report.notes, NULL, OUT_BYTES);
	if (!file_read(path, &in, &err) ||
	    !config_import(buf_view(&in), path, &out, &report, &err) ||
	    (to != NULL &&
		!file_write(to, option_is_given(options, OPTION_FORCE), buf_view(&out), &err))) {
		status = cli_fail(&err);
		buf_fini(&out);
	} else {
		put_report(&report);
		if (to != NULL)
			buf_clear(&out);
		status = cli_print(&out, EXIT_DONE);
	}
	buf_fini(&report.notes);
	buf_fini(&in);
	arena_drain();
	return status;
}
