/*
 * Records as lines of a file: JSON, CSV, text, CEF.  Appended under a lock, so that several
 * processes may share one file; whoever finds that another has rotated it takes the new one.  A
 * file is made for its owner alone (0600), and is not used where others could write into it.
 *
 * A batch stands there whole or not at all: what a full disk let through of it is taken back.  What
 * is written is the system's; it is not waited for the disk (the store does that).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/sinks.h"

#define CHUNK_BYTES (256 * KIB) /* of lines that are written at once */
#define RETURNS	    4		/* how often a file may be replaced under our hands */

struct sink_file {
	struct audit_sink sink;
	const struct config_sink *config;
	form_fn *put;
	struct audit_form form;
	char host[SINK_HOST];
	char *path; /* NUL-ended */
	int fd;	    /* -1: not open */
	bool is_regular;
	bool is_torn; /* a part of a line stands at its end */
	uint64_t period;
	size_t head_bytes; /* of the header that a new file begins with */
	struct buf lines;
};

static uint64_t
period_of(const struct sink_file *file, time_t second)
{
	uint64_t every_s = file->config->rotate_ms / 1000;

	return every_s > 0 ? (uint64_t)second / every_s : 0;
}

static bool
fail(const struct sink_file *file, const char *what, struct err *err)
{
	return err_set(err, ERR_IO, "%s: cannot %s: %m", file->path, what);
}

static void
file_close(struct sink_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Others who may write could put in what never happened. */
static bool
owner_check(const struct sink_file *file, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return true;
	if (st->st_uid != geteuid())
		return err_set(err, ERR_IO,
		    "%s belongs to another user (%u): records are not written there", file->path,
		    (unsigned)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_IO,
		    "%s may be written by others (mode %03o): chmod go-w it", file->path,
		    (unsigned)(st->st_mode & 0777));
	return true;
}

static bool
file_open(struct sink_file *file, struct err *err)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat st;

	if (file->fd >= 0)
		return true;
	file->fd = open(file->path, flags);
	if (file->fd < 0 && errno == ENOENT)
		file->fd = open(file->path, flags | O_CREAT | O_EXCL, 0600);
	if (file->fd < 0 && errno == EEXIST)
		file->fd = open(file->path, flags);
	if (file->fd < 0)
		return fail(file, "open it", err);
	if (fstat(file->fd, &st) != 0 || !owner_check(file, &st, err)) {
		file_close(file);
		return false;
	}
	file->is_regular = S_ISREG(st.st_mode);
	file->period = period_of(file, st.st_size > 0 ? st.st_mtime : time(NULL));
	return true;
}

/* Is what we have open still what its name says? */
static bool
is_current(const struct sink_file *file, struct stat *open_st)
{
	struct stat named;

	return fstat(file->fd, open_st) == 0 && stat(file->path, &named) == 0 &&
	    named.st_dev == open_st->st_dev && named.st_ino == open_st->st_ino;
}

/* ---- rotation -------------------------------------------------------------------------------- */

static bool
is_due(const struct sink_file *file, const struct stat *st, size_t more)
{
	const struct config_sink *config = file->config;

	if (st->st_size == 0)
		return false;
	if (config->rotate_bytes > 0 && (uint64_t)st->st_size + more > config->rotate_bytes)
		return true;
	return config->rotate_ms >= 1000 && period_of(file, time(NULL)) != file->period;
}

/* FILE.1 becomes FILE.2, FILE becomes FILE.1; what was the last is gone. */
static bool
rotate(struct sink_file *file, struct err *err)
{
	size_t size = strlen(file->path) + 24;
	char *from = mem_new(size), *to = mem_new(size);
	bool ok = true;

	for (uint64_t i = file->config->keep; i > 0 && ok; i--) {
		snprintf(to, size, "%s.%llu", file->path, (unsigned long long)i);
		if (i == 1)
			snprintf(from, size, "%s", file->path);
		else
			snprintf(from, size, "%s.%llu", file->path, (unsigned long long)(i - 1));
		ok = rename(from, to) == 0 || errno == ENOENT;
	}
	if (!ok)
		fail(file, "rotate it", err);
	mem_free(from);
	mem_free(to);
	file_close(file);
	return ok;
}

/*
 * The file, locked, where `more` bytes belong.  Without the lock nobody rotates: what is seen under
 * it stays true until it is given back.
 */
static bool
file_lock(struct sink_file *file, size_t more, struct stat *st, struct err *err)
{
	for (unsigned i = 0; i < RETURNS; i++) {
		if (!file_open(file, err))
			return false;
		if (!file->is_regular)
			return fstat(file->fd, st) == 0 || fail(file, "look at it", err);
		if (flock(file->fd, LOCK_EX) != 0)
			return fail(file, "lock it", err);
		if (!is_current(file, st)) {
			file_close(file);
			continue;
		}
		if (!is_due(file, st, more))
			return true;
		if (!rotate(file, err))
			return false;
	}
	return err_set(err, ERR_IO, "%s is replaced again and again", file->path);
}

static void
file_unlock(struct sink_file *file)
{
	if (file->fd >= 0 && file->is_regular)
		flock(file->fd, LOCK_UN);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* All of it; false: err, and what was written of it is taken back where that can be. */
static bool
append(struct sink_file *file, struct slice text, off_t from, struct err *err)
{
	size_t at = 0;

	while (at < text.n) {
		ssize_t n = write(file->fd, text.p + at, text.n - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fail(file, "write it", err);
			if (at > 0)
				file->is_torn = !file->is_regular || ftruncate(file->fd, from) != 0;
			return false;
		}
		at += (size_t)n;
	}
	return true;
}

static bool
lines_write(struct sink_file *file, struct err *err)
{
	struct stat st = { 0 };
	struct buf head;
	bool ok;

	if (!file_lock(file, file->lines.n, &st, err)) {
		file_close(file);
		return false;
	}
	buf_init(&head, NULL, 8 * KIB);
	if (file->is_torn)
		buf_putc(&head, '\n');
	if (file->put == form_put_csv && file->is_regular && st.st_size == 0)
		form_put_csv_header(&file->form, &head);
	ok = (head.n == 0 || append(file, buf_view(&head), st.st_size, err));
	if (ok && head.n > 0)
		file->is_torn = false;
	ok = ok && append(file, buf_view(&file->lines), st.st_size + (off_t)head.n, err);
	file->period = period_of(file, time(NULL));
	file_unlock(file);
	buf_fini(&head);
	if (!ok)
		file_close(file); /* next time it is looked for anew */
	return ok;
}

/* The most that is written at once: no more than a file may hold behind its header. */
static size_t
chunk_bytes(const struct sink_file *file)
{
	uint64_t most = file->config->rotate_bytes;

	if (most == 0 || !file->is_regular)
		return CHUNK_BYTES;
	most = most > file->head_bytes ? most - file->head_bytes : 1;
	return most < CHUNK_BYTES ? (size_t)most : CHUNK_BYTES;
}

/* Lines from record `at` on, at least one; where the next begin. */
static size_t
lines_make(struct sink_file *file, const struct audit_record *const *records, size_t at, size_t n)
{
	size_t most = chunk_bytes(file), before = 0, from = at;

	buf_clear(&file->lines);
	while (at < n && file->lines.n <= most) {
		before = file->lines.n;
		file->put(&file->form, records[at++], &file->lines);
	}
	if (file->lines.n > most && at - from > 1) {
		file->lines.n = before;
		at--;
	}
	return at;
}

static bool
write_all(struct audit_sink *sink, const struct audit_record *const *records, size_t n,
    size_t *done, struct err *err)
{
	struct sink_file *file = (struct sink_file *)sink;

	*done = 0;
	if (!file_open(file, err))
		return false;
	while (*done < n) {
		size_t put = lines_make(file, records, *done, n);

		if (!lines_write(file, err))
			return false;
		*done = put;
	}
	return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

static form_fn *
put_of(enum config_sink_kind kind)
{
	switch (kind) {
	case SINK_CSV:
		return form_put_csv;
	case SINK_TEXT:
		return form_put_text;
	case SINK_CEF:
		return form_put_cef;
	default:
		return form_put_jsonl;
	}
}

static bool
open_sink(
    const struct config_sink *config, const char *dir, struct audit_sink **out, struct err *err)
{
	struct sink_file *file = MEM_NEW(struct sink_file);

	file->sink.ops = &audit_sink_file;
	file->config = config;
	file->put = put_of(config->which);
	file->fd = -1;
	file->path = mem_new(config->target.n + 1);
	memcpy(file->path, config->target.p, config->target.n);
	sink_form_init(&file->form, config, file->host);
	/* A chunk ends behind the record that passes CHUNK_BYTES, with bodies of up to twice the
	 * most, each byte of which may become six. */
	buf_init(&file->lines, NULL, SIZE_MAX / 2);
	if (file->put == form_put_csv)
		form_put_csv_header(&file->form, &file->lines);
	file->head_bytes = file->lines.n;
	*out = &file->sink;
	return true;
}

static bool
reopen_sink(struct audit_sink *sink, struct err *err)
{
	struct sink_file *file = (struct sink_file *)sink;

	file_close(file);
	return file_open(file, err);
}

static void
close_sink(struct audit_sink *sink)
{
	struct sink_file *file = (struct sink_file *)sink;

	file_close(file);
	buf_fini(&file->lines);
	mem_free(file->path);
	mem_free(file);
}

const struct audit_sink_ops audit_sink_file = { .kind = "file",
	.open = open_sink,
	.write = write_all,
	.reopen = reopen_sink,
	.close = close_sink };
