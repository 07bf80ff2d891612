/*
 * The key that seals of the chain are signed with: Ed25519, made from a secret of the configuration
 * or from a file that is made once.  It must not lie beside the store: who can write there could
 * make a store anew, but not its signatures.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/chain.h"

#define KEY_FILE     "audit.key"
#define PURPOSE	     "bascule audit key 1\n"
#define SECRET_LEAST 16
#define SECRET_MOST  1024
#define RANDOM_BYTES 32
#define PUBLIC_BYTES 32

/* The key of a secret; the seed is a hash of it, so that any text will do. */
static void
key_make(struct slice secret, struct audit_key *out)
{
	unsigned char seed[SHA256_BYTES], public[PUBLIC_BYTES], sum[SHA256_BYTES];
	size_t n = sizeof(public);
	struct buf text;

	buf_init(&text, NULL, secret.n + sizeof(PURPOSE));
	buf_puts(&text, PURPOSE);
	buf_put(&text, secret);
	sha256_bytes(buf_view(&text), seed);
	explicit_bzero(text.p, text.n);
	buf_fini(&text);
	out->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	must(out->pkey != NULL && EVP_PKEY_get_raw_public_key(out->pkey, public, &n) == 1);
	sha256_bytes((struct slice){ (char *)public, sizeof(public) }, sum);
	hex_put(sum, (KEY_ID - 1) / 2, out->id);
	out->id[KEY_ID - 1] = '\0';
}

/* ---- the file -------------------------------------------------------------------------------- */

static bool
file_write(const char *path, struct err *err)
{
	unsigned char random[RANDOM_BYTES];
	char text[2 * RANDOM_BYTES + 1];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok;

	if (fd < 0)
		return errno == EEXIST || err_set(err, ERR_CONFIG, "%s: cannot be made: %m", path);
	must(getrandom(random, sizeof(random), 0) == sizeof(random));
	hex_put(random, sizeof(random), text);
	text[2 * RANDOM_BYTES] = '\n';
	ok = write(fd, text, sizeof(text)) == sizeof(text) && fsync(fd) == 0;
	if (!ok) {
		err_set(err, ERR_CONFIG, "%s: cannot be written: %m", path);
		unlink(path);
	}
	close(fd);
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, sizeof(text));
	return ok;
}

static bool
file_check(int fd, const char *path, struct err *err)
{
	struct stat is;

	if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode))
		return err_set(err, ERR_CONFIG, "%s: is no file", path);
	if (is.st_uid != geteuid() && is.st_uid != 0)
		return err_set(
		    err, ERR_CONFIG, "%s: belongs to another user and is not used", path);
	return (is.st_mode & 077) == 0 ||
	    err_set(err, ERR_CONFIG,
		"%s: others may read or change it (mode %03o): chmod go= it, or remove it and begin "
		"with a new one",
		path, (unsigned)is.st_mode & 0777);
}

/* *is_there false: there is no such file. */
static bool
file_read(const char *path, struct audit_key *out, bool *is_there, struct err *err)
{
	char text[SECRET_MOST];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;
	bool ok;

	*is_there = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ||
		    err_set(err, ERR_CONFIG, "%s: %m", path);
	ok = file_check(fd, path, err);
	n = ok ? read(fd, text, sizeof(text)) : 0;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (ok && n == sizeof(text))
		ok = err_set(err, ERR_CONFIG, "%s: is longer than a key", path);
	if (ok && n < SECRET_LEAST)
		ok = err_set(err, ERR_CONFIG, "%s: holds no key: remove it for a new one", path);
	if (ok)
		key_make((struct slice){ text, (size_t)n }, out);
	close(fd);
	explicit_bzero(text, sizeof(text));
	return ok;
}

bool
audit_key_open(
    struct slice secret, const char *dir, bool make, struct audit_key *out, struct err *err)
{
	char path[KEY_PATH_BYTES];
	bool is_there;

	*out = (struct audit_key){ .pkey = NULL };
	if (secret.n > 0) {
		key_make(secret, out);
		return true;
	}
	if (dir[0] == '\0')
		return true;
	if ((size_t)snprintf(path, sizeof(path), "%s/" KEY_FILE, dir) >= sizeof(path))
		return err_set(err, ERR_CONFIG, "%.80s...: the path is too long", dir);
	if (!file_read(path, out, &is_there, err))
		return false;
	if (is_there || !make)
		return true;
	return store_dirs_make(dir, err) && file_write(path, err) &&
	    file_read(path, out, &is_there, err);
}

void
audit_key_close(struct audit_key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

/* ---- signatures ------------------------------------------------------------------------------ */

void
audit_key_sign(const struct audit_key *key, struct slice text, unsigned char out[KEY_SIGNATURE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = KEY_SIGNATURE;

	must(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1);
	must(EVP_DigestSign(ctx, out, &n, (const unsigned char *)text.p, text.n) == 1 &&
	    n == KEY_SIGNATURE);
	EVP_MD_CTX_free(ctx);
}

bool
audit_key_fits(
    const struct audit_key *key, struct slice text, const unsigned char signature[KEY_SIGNATURE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool fits;

	must(ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1);
	fits = EVP_DigestVerify(
		   ctx, signature, KEY_SIGNATURE, (const unsigned char *)text.p, text.n) == 1;
	EVP_MD_CTX_free(ctx);
	return fits;
}
