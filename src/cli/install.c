/*
 * `bascule install`: the gateway in a client's configuration, and out of it again.
 *
 * The file is replaced as a whole by a rename, with its mode and owner; a link is followed to the
 * file.  What was there stays beside it as a backup.  `--undo` keeps no notes: if putting the entry
 * into the backup gives the file as it is, nothing else has changed and the backup comes back; if
 * not, only the entry goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/install.h"

#define FILE_BYTES   (32 * MIB)
#define TEXT_BYTES   (FILE_BYTES + MIB)
#define SHOWN_BYTES  200 /* of a line of the difference */
#define SHOWN_LINES  200
#define BACKUP	     ".bascule-backup"
#define DEFAULT_NAME "bascule"
#define SERVE_ARGS   "\"serve\", \"--transport\", \"stdio\""

struct install {
	const struct options *options;
	const struct install_client *client;
	struct install_entry entry;
	char path[PATH_MAX]; /* where the links lead */
	char backup[PATH_MAX];
	char program[PATH_MAX], config[PATH_MAX];
	bool exists;
	struct stat st; /* as it was read */
	struct buf before, after, value, report;
};

/* ---- files ----------------------------------------------------------------------------------- */

/* False: err; *exists tells whether it is there. */
MUST_CHECK static bool
file_read(const char *path, struct buf *into, struct stat *st, bool *exists, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;

	*exists = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || err_set(err, ERR_CONFIG, "%s: %m", path);
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		ok = err_set(err, ERR_CONFIG, "%s: not a regular file", path);
	else
		ok = cli_read(fd, path, FILE_BYTES, into, err);
	close(fd);
	return ok;
}

/* The folders above path. */
MUST_CHECK static bool
folders_make(const char *path, struct err *err)
{
	char *folder = strdup(path);
	bool ok = true;

	must(folder != NULL);
	for (char *at = folder + 1; ok && (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		ok = mkdir(folder, 0700) == 0 || errno == EEXIST ||
		    err_set(err, ERR_CONFIG, "%s: %m", folder);
		*at = '/';
	}
	free(folder);
	return ok;
}

/* The file that links lead to; one that is not there yet keeps its name. */
MUST_CHECK static bool
path_set(struct install *install, struct err *err)
{
	struct stat st;
	struct buf path;
	bool ok;

	buf_init(&path, NULL, PATH_MAX - sizeof(BACKUP) - 16);
	ok = install_client_path(install->client, install->options, &path, err);
	if (ok) {
		char *resolved;

		snprintf(install->path, sizeof(install->path), "%.*s", SLICE_FMT(buf_view(&path)));
		resolved = realpath(install->path, NULL);
		if (resolved != NULL) {
			snprintf(install->path, sizeof(install->path), "%s", resolved);
			ok = strlen(resolved) + sizeof(BACKUP) + 16 < PATH_MAX ||
			    err_set(err, ERR_CONFIG, "%.100s: the path is too long", resolved);
			free(resolved);
		} else if (errno != ENOENT || lstat(install->path, &st) == 0) {
			ok = err_set(err, ERR_CONFIG, "%s: a link that leads nowhere, or: %m",
			    install->path);
		}
	}
	if (ok) {
		size_t n = strlen(install->path);

		memcpy(install->backup, install->path, n);
		memcpy(install->backup + n, BACKUP, sizeof(BACKUP));
	}
	buf_fini(&path);
	return ok;
}

/* ---- the entry ------------------------------------------------------------------------------- */

MUST_CHECK static bool
name_check(const char *name, struct err *err)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
			name[i]) == NULL)
			n = 0;
	return (n > 0 && n <= 64) ||
	    err_set(
		err, ERR_USAGE, "install: --name takes 1 to 64 letters, digits, \"_\" and \"-\"");
}

/* The configuration that the client's gateway will read, absolute; "": the usual search. */
MUST_CHECK static bool
config_find(const struct options *options, char path[PATH_MAX], struct err *err)
{
	const char *name = options->value[OPTION_CONFIG];

	if (name == NULL)
		name = cli_variable(options, "BASCULE_CONFIG"); /* the client has its own */
	path[0] = '\0';
	if (name != NULL && realpath(name, path) == NULL)
		return err_set(err, ERR_CONFIG, "%s: %m", name);
	return true;
}

MUST_CHECK static bool
entry_make(struct install *install, struct err *err)
{
	const struct install_client *client = install->client;
	const char *name = install->options->value[OPTION_NAME];
	bool is_json = client->format == INSTALL_JSON;
	struct buf *out = &install->value;
	char *program = install->program, *config = install->config;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(install->program) - 1);

	if (n <= 0)
		return err_set(err, ERR_INTERNAL, "where this program is: %m");
	program[n] = '\0';
	install->entry.key = client->key;
	install->entry.name = name != NULL ? name : DEFAULT_NAME;
	if (!name_check(install->entry.name, err) || !config_find(install->options, config, err))
		return false;
	buf_puts(out, is_json ? "{" : "");
	buf_puts(out, client->has_type ? "\"type\": \"stdio\", " : "");
	buf_puts(out, is_json ? "\"command\": " : "command = ");
	buf_json_string(out, slice_of(program));
	buf_puts(out, is_json ? ", \"args\": [" : "\nargs = [");
	buf_puts(out, SERVE_ARGS);
	if (config[0] != '\0') {
		buf_puts(out, ", \"-c\", ");
		buf_json_string(out, slice_of(config));
	}
	buf_puts(out, is_json ? "]}" : "]\n");
	install->entry.value = buf_view(out);
	return buf_check(out, err);
}

MUST_CHECK static bool
entry_put(const struct install *install, struct slice text, const struct install_entry *entry,
    struct buf *out, struct slice *old, struct err *err)
{
	bool is_json = install->client->format == INSTALL_JSON;

	return (is_json ? install_json_put : install_toml_put)(text, entry, out, old, err);
}

/* ---- what changes, for people ---------------------------------------------------------------- */

static void
put_shown_lines(struct buf *out, char sign, struct slice text)
{
	for (unsigned i = 0; text.p != NULL && text.n > 0; i++) {
		struct slice line = slice_cut(text, '\n', &text);

		if (i == SHOWN_LINES) {
			buf_puts(out, " …\n");
			return;
		}
		buf_putc(out, sign);
		if (line.n > SHOWN_BYTES)
			buf_printf(out, "(a line of %zu bytes)", line.n);
		else
			buf_put_shown(out, line);
		buf_putc(out, '\n');
	}
}

/* The one place where both differ, in whole lines. */
static void
put_difference(struct buf *out, const char *path, struct slice a, struct slice b)
{
	size_t least = a.n < b.n ? a.n : b.n, same = 0, tail = 0, line = 0;
	unsigned number = 1;

	for (size_t i = 0; i < least && a.p[i] == b.p[i]; i++)
		if (a.p[i] == '\n') {
			same = i + 1;
			number++;
		}
	for (size_t i = 0; i < least - same && a.p[a.n - 1 - i] == b.p[b.n - 1 - i]; i++)
		if (i + same == least - 1 || a.p[a.n - 2 - i] == '\n')
			line = i + 1;
	tail = line;
	if (tail > least - same)
		tail = least - same;
	buf_printf(out, "--- %s\n+++ %s\n@@ line %u @@\n", path, path, number);
	put_shown_lines(out, '-', (struct slice){ a.p + same, a.n - same - tail });
	put_shown_lines(out, '+', (struct slice){ b.p + same, b.n - same - tail });
}

/* ---- doing ----------------------------------------------------------------------------------- */

/* Has somebody else written since it was read? */
static bool
is_changed(const struct install *install)
{
	struct stat st;
	bool exists = stat(install->path, &st) == 0;

	return exists != install->exists ||
	    (exists &&
		(st.st_ino != install->st.st_ino || st.st_size != install->st.st_size ||
		    memcmp(&st.st_mtim, &install->st.st_mtim, sizeof(st.st_mtim)) != 0));
}

MUST_CHECK static bool
apply(struct install *install, struct err *err)
{
	if (is_changed(install))
		return err_set(err, ERR_CONFIG, "%s: was changed meanwhile: close %s and try again",
		    install->path, install->client->title);
	return cli_replace(install->path, buf_view(&install->after),
	    install->exists ? &install->st : NULL, 0600, err);
}

/* An entry as it is written here; its backup, if any, holds what was there before it. */
static bool
is_ours(struct slice old)
{
	return slice_has(old, S(SERVE_ARGS));
}

MUST_CHECK static bool
backup_make(const struct install *install, struct slice old, struct err *err)
{
	if (!install->exists || is_ours(old))
		return true;
	return cli_replace(install->backup, buf_view(&install->before), &install->st, 0600, err);
}

MUST_CHECK static bool
put(struct install *install, struct err *err)
{
	struct slice old, text = buf_view(&install->before);
	bool is_dry = option_is_given(install->options, OPTION_DRY_RUN);

	if (!entry_put(install, text, &install->entry, &install->after, &old, err))
		return err_prefix(err, "%s", install->path);
	if (install->exists && slice_eq(text, buf_view(&install->after))) {
		buf_printf(&install->report, "%s has it already: %s\n", install->client->title,
		    install->path);
		return true;
	}
	if (is_dry) {
		put_difference(&install->report, install->path, text, buf_view(&install->after));
		return true;
	}
	if (!folders_make(install->path, err) || !backup_make(install, old, err) ||
	    !apply(install, err))
		return false;
	buf_printf(&install->report, "%s: \"%s\" is in %s\n", install->client->title,
	    install->entry.name, install->path);
	if (install->exists && !is_ours(old))
		buf_printf(&install->report, "what was there: %s\n", install->backup);
	buf_printf(
	    &install->report, "%s must be started again to see it\n", install->client->title);
	return true;
}

enum undo { UNDO_NOTHING, UNDO_BACKUP, UNDO_FILE, UNDO_ENTRY };

/* What undoing means for the file as it is; after holds the text, if any is left. */
MUST_CHECK static bool
undo_plan(struct install *install, enum undo *plan, struct err *err)
{
	struct slice old, now = buf_view(&install->before);
	struct install_entry entry = install->entry;
	bool has_backup, is_json = install->client->format == INSTALL_JSON, ok;
	struct err ignored = { 0 }; /* of a backup that is none */
	struct buf backup, again;
	struct stat st;

	buf_init(&backup, NULL, TEXT_BYTES);
	buf_init(&again, NULL, TEXT_BYTES);
	*plan = UNDO_NOTHING;
	ok = entry_put(install, now, &entry, &again, &old, err);
	if (ok && old.p != NULL) {
		buf_clear(&again);
		entry.value = old;
		*plan = UNDO_ENTRY;
		if (file_read(install->backup, &backup, &st, &has_backup, &ignored) &&
		    entry_put(install, buf_view(&backup), &entry, &again, &old, &ignored) &&
		    slice_eq(buf_view(&again), now))
			*plan = has_backup ? UNDO_BACKUP : UNDO_FILE;
	}
	if (ok && *plan == UNDO_BACKUP)
		buf_put(&install->after, buf_view(&backup));
	else if (ok && *plan == UNDO_ENTRY)
		ok = (is_json ? install_json_remove : install_toml_remove)(
		    now, &install->entry, &install->after, err);
	buf_fini(&again);
	buf_fini(&backup);
	return ok || err_prefix(err, "%s", install->path);
}

MUST_CHECK static bool
undo(struct install *install, struct err *err)
{
	static const char *const said[] = {
		[UNDO_NOTHING] = "%s: nothing to undo in %s\n",
		[UNDO_BACKUP] = "%s: %s is as it was before\n",
		[UNDO_FILE] = "%s: %s was made by bascule and is gone\n",
		[UNDO_ENTRY] =
		    "%s: the entry is out of %s, which has changed since; the rest stays\n",
	};
	enum undo plan;

	if (!undo_plan(install, &plan, err))
		return false;
	if (plan != UNDO_NOTHING && option_is_given(install->options, OPTION_DRY_RUN)) {
		put_difference(&install->report, install->path, buf_view(&install->before),
		    buf_view(&install->after));
		return true;
	}
	if (plan == UNDO_FILE) {
		if (is_changed(install) || unlink(install->path) < 0)
			return err_set(
			    err, ERR_CONFIG, "%s: could not be removed: try again", install->path);
	} else if (plan != UNDO_NOTHING && !apply(install, err)) {
		return false;
	}
	if (plan == UNDO_BACKUP)
		unlink(install->backup);
	buf_printf(&install->report, said[plan], install->client->title, install->path);
	return true;
}

MUST_CHECK static bool
client_set(struct install *install, const char *name, struct err *err)
{
	const char *nearest = install_client_nearest(name);
	struct buf all;

	install->client = install_client_find(name);
	if (install->client != NULL)
		return true;
	if (nearest != NULL)
		return err_set(err, ERR_USAGE,
		    "install: unknown client \"%.40s\" (did you mean \"%s\"?)", name, nearest);
	buf_init(&all, NULL, KIB);
	install_clients_put(&all);
	err_set(err, ERR_USAGE, "install: unknown client \"%.20s\": known are %.*s", name,
	    SLICE_FMT(buf_view(&all)));
	buf_fini(&all);
	return false;
}

int
install_run(struct options *options)
{
	struct install *install = MEM_NEW(struct install);
	struct buf *bufs[] = { &install->before, &install->after, &install->value };
	bool ok, is_undo = option_is_given(options, OPTION_UNDO);
	struct err err = { 0 };
	int status;

	install->options = options;
	for (size_t i = 0; i < COUNT(bufs); i++)
		buf_init(bufs[i], NULL, TEXT_BYTES);
	buf_init(&install->report, NULL, TEXT_BYTES);
	ok = client_set(install, options->words[0], &err) && path_set(install, &err) &&
	    entry_make(install, &err) &&
	    file_read(install->path, &install->before, &install->st, &install->exists, &err) &&
	    (is_undo ? undo : put)(install, &err);
	if (ok) {
		status = cli_print(&install->report, EXIT_DONE);
	} else {
		buf_fini(&install->report);
		status = cli_fail(&err);
	}
	for (size_t i = 0; i < COUNT(bufs); i++)
		buf_fini(bufs[i]);
	mem_free(install);
	arena_drain();
	return status;
}
