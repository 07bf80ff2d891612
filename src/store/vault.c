/*
 * Credentials in the state directory: one file a record, so that a damaged one harms no other.
 *
 * A file is a line that says what it is, a nonce (12 bytes), the text in AES-256-GCM, its tag (16).
 * The line and the record's name are authenticated: a file that was copied over another does not
 * open.  A record is written to a new file that takes the old one's place when it is on the disk.
 *
 * Directory, key and records must be ours and closed to everybody else, or they are not used.  The
 * key lies beside the records, so that encryption protects copies of records without the key, and
 * not against who can read as this user; with a key from outside, that has to be read too.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

#define KEY_BYTES   32
#define NONCE_BYTES 12
#define TAG_BYTES   16
#define KEY_FILE    "key"
#define PURPOSE	    "bascule credentials 1"
#define FILE_BYTES  (sizeof(MAGIC) - 1 + NONCE_BYTES + CREDENTIAL_BYTES + TAG_BYTES)

static const char MAGIC[] = "bascule credential 1\n";
#define MAGIC_BYTES (sizeof(MAGIC) - 1)

struct vault {
	char dir[PATH_MAX];
	bool has_key;
	unsigned char key[KEY_BYTES];
};

/* Where one call works: the directory, and what errors call the file. */
struct place {
	const struct vault *vault;
	int dir;
	char file[CREDENTIAL_NAME + 16];
};

/* ---- the directory --------------------------------------------------------------------------- */

struct vault *
vault_new(struct slice state, struct slice key)
{
	struct vault *self = MEM_NEW(struct vault);
	unsigned n = KEY_BYTES;

	/* Too long: opening it says so. */
	snprintf(self->dir, sizeof(self->dir), "%.*s/credentials", SLICE_FMT(state));
	self->has_key = key.n > 0;
	if (self->has_key)
		must(HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)PURPOSE,
			 sizeof(PURPOSE) - 1, self->key, &n) != NULL &&
		    n == KEY_BYTES);
	return self;
}

void
vault_free(struct vault **at)
{
	if (*at == NULL)
		return;
	explicit_bzero((*at)->key, sizeof((*at)->key));
	mem_free(*at);
	*at = NULL;
}

static bool
is_private(const struct stat *is, const char *dir, const char *file, struct err *err)
{
	const char *slash = *file != '\0' ? "/" : "";

	if (is->st_uid != geteuid())
		return err_set(err, ERR_CONFIG,
		    "%s%s%s: belongs to another user (%u) and is not used", dir, slash, file,
		    (unsigned)is->st_uid);
	if ((is->st_mode & 077) != 0)
		return err_set(err, ERR_CONFIG,
		    "%s%s%s: others may read or change it (mode %03o): chmod go= it, and log in again "
		    "if they may have",
		    dir, slash, file, (unsigned)is->st_mode & 0777);
	return true;
}

/* place->dir is -1 where there is no directory and none is made. */
MUST_CHECK static bool
place_open(struct place *place, const struct vault *vault, struct slice name, const char *end,
    bool make, struct err *err)
{
	const char *dir = vault->dir;
	struct stat is;

	must(name.n > 0 && name.n <= CREDENTIAL_NAME && name.p[0] != '.' &&
	    memchr(name.p, '/', name.n) == NULL);
	place->vault = vault;
	snprintf(place->file, sizeof(place->file), "%.*s%s", SLICE_FMT(name), end);
	place->dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place->dir < 0 && errno == ENOENT && !make)
		return true;
	if (place->dir < 0 && errno == ENOENT) {
		if (!store_dirs_make(dir, err))
			return false;
		place->dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (place->dir < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", dir);
	if (fstat(place->dir, &is) == 0 && is_private(&is, dir, "", err))
		return true;
	close(place->dir);
	return false;
}

static bool
place_fail(const struct place *place, struct err *err, const char *text)
{
	return err_set(err, ERR_CONFIG, "%s/%s: %s", place->vault->dir, place->file, text);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* At most max bytes into bytes; *n is SIZE_MAX where there is no such file. */
MUST_CHECK static bool
file_read(const struct place *place, const char *file, unsigned char *bytes, size_t max, size_t *n,
    struct err *err)
{
	const char *dir = place->vault->dir;
	int fd = openat(place->dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat is;
	ssize_t got = 0;
	bool ok = false;

	*n = SIZE_MAX;
	if (fd < 0)
		return errno == ENOENT || err_set(err, ERR_CONFIG, "%s/%s: %m", dir, file);
	if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode)) {
		err_set(err, ERR_CONFIG, "%s/%s: is no file", dir, file);
	} else if (!is_private(&is, dir, file, err)) {
		/* err says why */
	} else if ((uint64_t)is.st_size > max) {
		err_set(err, ERR_CONFIG, "%s/%s: is too long to be one of ours", dir, file);
	} else {
		*n = 0;
		while (*n < max && (got = read(fd, bytes + *n, max - *n)) > 0)
			*n += (size_t)got;
		ok = got >= 0 || err_set(err, ERR_CONFIG, "%s/%s: %m", dir, file);
	}
	close(fd);
	return ok;
}

static bool
write_all(int fd, const unsigned char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, bytes, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes += put;
		n -= (size_t)put;
	}
	return true;
}

/* A new file of a random name, on the disk. */
MUST_CHECK static bool
fresh_write(const struct place *place, const unsigned char *bytes, size_t n, char fresh[32],
    struct err *err)
{
	const char *dir = place->vault->dir;
	uint64_t random;
	bool ok;
	int fd;

	must(getrandom(&random, sizeof(random), 0) == (ssize_t)sizeof(random));
	snprintf(fresh, 32, "new-%016llx", (unsigned long long)random);
	fd = openat(place->dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, "%s/%s: %m", dir, fresh);
	ok = write_all(fd, bytes, n) && fsync(fd) == 0;
	if (!ok)
		err_set(err, ERR_IO, "%s: %s cannot be written: %m", dir, place->file);
	close(fd);
	if (!ok)
		unlinkat(place->dir, fresh, 0);
	return ok;
}

/* ---- the key --------------------------------------------------------------------------------- */

/* A file is linked to its name only when it is whole; who comes second takes the first one's. */
MUST_CHECK static bool
key_make(const struct place *place, struct err *err)
{
	unsigned char key[KEY_BYTES];
	char fresh[32];
	bool ok;

	must(getrandom(key, sizeof(key), 0) == (ssize_t)sizeof(key));
	ok = fresh_write(place, key, sizeof(key), fresh, err);
	explicit_bzero(key, sizeof(key));
	if (!ok)
		return false;
	if (linkat(place->dir, fresh, place->dir, KEY_FILE, 0) != 0 && errno != EEXIST)
		ok = err_set(err, ERR_IO, "%s/" KEY_FILE ": %m", place->vault->dir);
	unlinkat(place->dir, fresh, 0);
	if (ok && fsync(place->dir) != 0)
		return err_set(err, ERR_IO, "%s: %m", place->vault->dir);
	return ok;
}

MUST_CHECK static bool
key_find(const struct place *place, bool make, unsigned char key[KEY_BYTES], struct err *err)
{
	unsigned char bytes[KEY_BYTES + 1];
	size_t n;

	if (place->vault->has_key) {
		memcpy(key, place->vault->key, KEY_BYTES);
		return true;
	}
	if (!file_read(place, KEY_FILE, bytes, sizeof(bytes), &n, err))
		return false;
	if (n == SIZE_MAX && make &&
	    (!key_make(place, err) || !file_read(place, KEY_FILE, bytes, sizeof(bytes), &n, err)))
		return false;
	if (n == SIZE_MAX)
		return err_set(err, ERR_CONFIG,
		    "%s/" KEY_FILE ": is missing, and what was stored with it cannot be read: "
		    "log in again",
		    place->vault->dir);
	if (n != KEY_BYTES)
		return err_set(err, ERR_CONFIG,
		    "%s/" KEY_FILE ": is damaged: remove it, and log in again", place->vault->dir);
	memcpy(key, bytes, KEY_BYTES);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

/* ---- encryption ------------------------------------------------------------------------------ */

static EVP_CIPHER_CTX *
cipher_begin(
    const unsigned char key[KEY_BYTES], const unsigned char *nonce, const char *file, bool encrypts)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int done;

	must(ctx != NULL &&
	    EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypts) == 1);
	must(EVP_CipherUpdate(ctx, NULL, &done, (const unsigned char *)MAGIC, MAGIC_BYTES) == 1);
	must(EVP_CipherUpdate(ctx, NULL, &done, (const unsigned char *)file, (int)strlen(file)) ==
	    1);
	return ctx;
}

/* to has room for the text and what stands around it. */
static size_t
seal(const unsigned char key[KEY_BYTES], const char *file, struct slice text, unsigned char *to)
{
	unsigned char *nonce = to + MAGIC_BYTES, *body = nonce + NONCE_BYTES;
	EVP_CIPHER_CTX *ctx;
	int done;

	memcpy(to, MAGIC, MAGIC_BYTES);
	must(getrandom(nonce, NONCE_BYTES, 0) == NONCE_BYTES);
	ctx = cipher_begin(key, nonce, file, true);
	must(EVP_EncryptUpdate(ctx, body, &done, (const unsigned char *)text.p, (int)text.n) == 1);
	must(EVP_EncryptFinal_ex(ctx, body + text.n, &done) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, body + text.n) == 1);
	EVP_CIPHER_CTX_free(ctx);
	return MAGIC_BYTES + NONCE_BYTES + text.n + TAG_BYTES;
}

/* In place; n: of the text. */
static bool
unseal(const unsigned char key[KEY_BYTES], const char *file, unsigned char *nonce, size_t n)
{
	unsigned char *body = nonce + NONCE_BYTES;
	EVP_CIPHER_CTX *ctx = cipher_begin(key, nonce, file, false);
	int done;
	bool ok;

	must(EVP_DecryptUpdate(ctx, body, &done, body, (int)n) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, body + n) == 1);
	ok = EVP_DecryptFinal_ex(ctx, body + n, &done) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* ---- records --------------------------------------------------------------------------------- */

MUST_CHECK static bool
record_open(
    const struct place *place, unsigned char *bytes, size_t n, struct buf *out, struct err *err)
{
	const size_t around = MAGIC_BYTES + NONCE_BYTES + TAG_BYTES;
	unsigned char key[KEY_BYTES];
	bool ok;

	if (n <= around || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
		return place_fail(
		    place, err, "is damaged, or none of ours: remove it, and log in again");
	if (!key_find(place, false, key, err))
		return false;
	ok = unseal(key, place->file, bytes + MAGIC_BYTES, n - around);
	explicit_bzero(key, sizeof(key));
	if (!ok)
		return place_fail(place, err,
		    "is damaged, or was stored with another key (seal_key): log in again");
	buf_put(out, (struct slice){ (char *)bytes + MAGIC_BYTES + NONCE_BYTES, n - around });
	return buf_check(out, err);
}

bool
vault_read(
    const struct vault *vault, struct slice name, struct buf *out, bool *is_there, struct err *err)
{
	unsigned char *bytes;
	struct place place;
	size_t n = SIZE_MAX;
	bool ok;

	*is_there = false;
	if (!place_open(&place, vault, name, ".sealed", false, err))
		return false;
	if (place.dir < 0)
		return true;
	bytes = mem_new(FILE_BYTES + 1);
	ok = file_read(&place, place.file, bytes, FILE_BYTES, &n, err);
	if (ok && n != SIZE_MAX) {
		ok = record_open(&place, bytes, n, out, err);
		*is_there = ok;
	}
	explicit_bzero(bytes, FILE_BYTES);
	mem_free(bytes);
	close(place.dir);
	return ok;
}

bool
vault_write(const struct vault *vault, struct slice name, struct slice record, struct err *err)
{
	unsigned char key[KEY_BYTES], *bytes;
	struct place place;
	char fresh[32];
	size_t n;
	bool ok;

	must(record.n > 0);
	if (record.n > CREDENTIAL_BYTES)
		return err_set(err, ERR_LIMIT, "the credential is longer than 64 KiB");
	if (!place_open(&place, vault, name, ".sealed", true, err))
		return false;
	ok = key_find(&place, true, key, err);
	if (ok) {
		bytes = mem_new(FILE_BYTES + 1);
		n = seal(key, place.file, record, bytes);
		explicit_bzero(key, sizeof(key));
		ok = fresh_write(&place, bytes, n, fresh, err);
		mem_free(bytes);
	}
	if (ok && renameat(place.dir, fresh, place.dir, place.file) != 0) {
		ok = err_set(err, ERR_IO, "%s/%s: %m", vault->dir, place.file);
		unlinkat(place.dir, fresh, 0);
	}
	if (ok && fsync(place.dir) != 0)
		ok = err_set(err, ERR_IO, "%s: %m", vault->dir);
	close(place.dir);
	return ok;
}

bool
vault_remove(const struct vault *vault, struct slice name, bool *was_there, struct err *err)
{
	struct place place;
	bool ok = true;

	*was_there = false;
	if (!place_open(&place, vault, name, ".sealed", false, err))
		return false;
	if (place.dir < 0)
		return true;
	*was_there = unlinkat(place.dir, place.file, 0) == 0;
	if (!*was_there && errno != ENOENT)
		ok = err_set(err, ERR_IO, "%s/%s: %m", vault->dir, place.file);
	if (*was_there && fsync(place.dir) != 0)
		ok = err_set(err, ERR_IO, "%s: %m", vault->dir);
	close(place.dir);
	return ok;
}

bool
vault_lock(const struct vault *vault, struct slice name, int *fd, struct err *err)
{
	struct place place;
	bool ok = true;

	*fd = -1;
	if (!place_open(&place, vault, name, ".lock", true, err))
		return false;
	*fd = openat(place.dir, place.file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0) {
		ok = err_set(err, ERR_IO, "%s/%s: %m", vault->dir, place.file);
	} else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		ok = errno == EWOULDBLOCK ||
		    err_set(err, ERR_IO, "%s/%s: %m", vault->dir, place.file);
		close(*fd);
		*fd = -1;
	}
	close(place.dir);
	return ok;
}

void
vault_unlock(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
