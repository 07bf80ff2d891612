/*
 * A file is replaced as a whole by a rename: nobody sees it half written, and what was there stays
 * where something fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

bool
cli_replace(
    const char *path, struct slice text, const struct stat *st, unsigned mode, struct err *err)
{
	char *temporary;
	bool ok;
	int fd;

	must(asprintf(&temporary, "%s.XXXXXX", path) > 0);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		free(temporary);
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	}
	ok = cli_write(fd, text) && fsync(fd) == 0;
	if (ok && st != NULL && (st->st_uid != geteuid() || st->st_gid != getegid()))
		ok = fchown(fd, st->st_uid, st->st_gid) == 0;
	ok = ok && fchmod(fd, st != NULL ? st->st_mode & 07777 : (mode_t)mode) == 0;
	ok = close(fd) == 0 && ok;
	ok = ok && rename(temporary, path) == 0;
	if (!ok) {
		err_set(err, ERR_CONFIG, "%s: %m; nothing was changed", path);
		unlink(temporary);
	}
	free(temporary);
	return ok;
}
