/*
 * What TLS connections trust: libssl itself, certificate authorities, client certificates.
 *
 * All of it is loaded on the helper thread "tls", because the store of a system has 150
 * certificates and takes tens of milliseconds.  Whoever wants a trust that is not loaded queues a
 * job of its own; the thread does them one after the other, so that the first one loads and the
 * others find it done. A trust is read-only once it is ready.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/x509.h>

#include "net/tls.h"

#define TEXT_OF(x)  #x
#define SONAME(n)   "libssl.so." TEXT_OF(n)
#define LIBSSL	    SONAME(OPENSSL_SHLIB_VERSION)
#define FILES_N	    3
#define SYSTEM_HINT "install the package ca-certificates, or name a file as tls.ca"

struct tls_lib tls_lib;

/* A file as it was when the trust was made. */
struct trust_file {
	char *path; /* "": not set */
	struct stat stat;
};

struct tls_trust {
	struct tls_trust *next;
	unsigned refs;
	struct trust_file files[FILES_N]; /* ca, cert, key */
	SSL_CTX *context;		  /* the helper's until is_ready */
	bool is_ready;
};

enum { FILE_CA, FILE_CERT, FILE_KEY };

static struct tls_trust *trusts; /* all that are in use, of this process */

/* ---- on the helper thread -------------------------------------------------------------------- */

struct trust_job {
	struct tls_trust *trust;
	bool ok;
	struct err err;
};

static bool
lib_load(struct err *err)
{
	static void *handle;
	static const struct {
		const char *name;
		size_t offset;
	} functions[] = {
#define X(name) { #name, offsetof(struct tls_lib, name) },
		TLS_FUNCTIONS(X)
#undef X
	};

	if (handle != NULL)
		return true;
	handle = dlopen(LIBSSL, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return err_set(
		    err, ERR_UNAVAILABLE, "https needs OpenSSL's %s: %s", LIBSSL, dlerror());
	for (size_t i = 0; i < COUNT(functions); i++) {
		void *at = dlsym(handle, functions[i].name);

		if (at == NULL) {
			dlclose(handle);
			handle = NULL;
			return err_set(err, ERR_UNAVAILABLE, "%s has no function %s", LIBSSL,
			    functions[i].name);
		}
		memcpy((char *)&tls_lib + functions[i].offset, &at, sizeof(at));
	}
	return true;
}

/* The first thing that went wrong, in OpenSSL's words. */
static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text != NULL ? text : "unknown error";
}

/* An encrypted key must not make OpenSSL ask on the terminal. */
static int
no_password(char *to, int size, int for_writing, void *ctx)
{
	(void)to;
	(void)size;
	(void)for_writing;
	(void)ctx;
	return 0;
}

static bool
system_load(X509_STORE *store, struct err *err)
{
	const char *named = getenv(X509_get_default_cert_file_env());
	const char *dir = getenv(X509_get_default_cert_dir_env());
	const char *const places[] = { named, X509_get_default_cert_file(),
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };

	if (dir != NULL && *dir != '\0')
		(void)X509_STORE_load_path(store, dir);
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i] != NULL && access(places[i], R_OK) == 0 &&
		    X509_STORE_load_file(store, places[i]) == 1)
			return true;
	if (named != NULL)
		return err_set(err, ERR_CONFIG, "%s (of $%s) has no certificates: " SYSTEM_HINT,
		    named, X509_get_default_cert_file_env());
	if (dir != NULL || X509_STORE_load_path(store, X509_get_default_cert_dir()) == 1)
		return true;
	return err_set(err, ERR_CONFIG,
	    "this machine has no certificate authorities in %s: " SYSTEM_HINT,
	    X509_get_default_cert_file());
}

/* What the user lists is trusted as it stands, also a server's or an intermediate certificate. */
static bool
ca_load(X509_STORE *store, const char *path, struct err *err)
{
	if (X509_STORE_load_file(store, path) != 1)
		return err_set(err, ERR_CONFIG, "tls.ca: %s: %s", path, reason());
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return true;
}

static bool
certificate_load(SSL_CTX *context, const char *cert, const char *key, struct err *err)
{
	tls_lib.SSL_CTX_set_default_passwd_cb(context, no_password);
	if (tls_lib.SSL_CTX_use_certificate_chain_file(context, cert) != 1)
		return err_set(err, ERR_CONFIG, "tls.cert: %s: %s", cert, reason());
	if (tls_lib.SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    tls_lib.SSL_CTX_check_private_key(context) != 1)
		return err_set(err, ERR_CONFIG, "tls.key: %s: %s", key, reason());
	return true;
}

static bool
context_fill(const struct tls_trust *trust, SSL_CTX *context, struct err *err)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	X509_STORE *store = tls_lib.SSL_CTX_get_cert_store(context);
	const char *ca = trust->files[FILE_CA].path, *cert = trust->files[FILE_CERT].path;

	must(tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) ==
	    1);
	tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, NULL);
	tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
	must(tls_lib.SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) == 0);
	return (*ca != '\0' ? ca_load(store, ca, err) : system_load(store, err)) &&
	    (*cert == '\0' || certificate_load(context, cert, trust->files[FILE_KEY].path, err));
}

static void
trust_load(void *arg)
{
	struct trust_job *job = arg;
	SSL_CTX *context;

	if (job->trust->context != NULL) {
		job->ok = true;
		return;
	}
	ERR_clear_error();
	if (!lib_load(&job->err))
		return;
	context = tls_lib.SSL_CTX_new(tls_lib.TLS_client_method());
	must(context != NULL);
	job->ok = context_fill(job->trust, context, &job->err);
	if (job->ok)
		job->trust->context = context;
	else
		tls_lib.SSL_CTX_free(context);
	ERR_clear_error();
}

/* ---- on the loop ----------------------------------------------------------------------------- */

static struct trust_file
file_now(struct slice path)
{
	struct trust_file file = { .path = mem_new(path.n + 1) };

	if (path.n > 0)
		memcpy(file.path, path.p, path.n);
	if (path.n > 0 && stat(file.path, &file.stat) != 0)
		file.stat = (struct stat){ 0 };
	return file;
}

static bool
is_same_file(const struct trust_file *a, const struct trust_file *b)
{
	return strcmp(a->path, b->path) == 0 && a->stat.st_dev == b->stat.st_dev &&
	    a->stat.st_ino == b->stat.st_ino && a->stat.st_size == b->stat.st_size &&
	    a->stat.st_mtim.tv_sec == b->stat.st_mtim.tv_sec &&
	    a->stat.st_mtim.tv_nsec == b->stat.st_mtim.tv_nsec;
}

static bool
is_same_trust(const struct tls_trust *a, const struct tls_trust *b)
{
	for (size_t i = 0; i < FILES_N; i++)
		if (!is_same_file(&a->files[i], &b->files[i]))
			return false;
	return true;
}

static void
trust_free(struct tls_trust *trust)
{
	if (trust->context != NULL)
		tls_lib.SSL_CTX_free(trust->context);
	for (size_t i = 0; i < FILES_N; i++)
		mem_free(trust->files[i].path);
	mem_free(trust);
}

struct tls_trust *
tls_trust_ref(const struct tls_files *files)
{
	struct tls_trust *made = MEM_NEW(struct tls_trust);

	made->files[FILE_CA] = file_now(files->ca);
	made->files[FILE_CERT] = file_now(files->cert);
	made->files[FILE_KEY] = file_now(files->key);
	for (struct tls_trust *trust = trusts; trust != NULL; trust = trust->next)
		if (is_same_trust(trust, made)) {
			trust_free(made);
			trust->refs++;
			return trust;
		}
	made->refs = 1;
	made->next = trusts;
	trusts = made;
	return made;
}

void
tls_trust_unref(struct tls_trust **out)
{
	struct tls_trust *trust = *out, **at = &trusts;

	*out = NULL;
	if (trust == NULL || --trust->refs > 0)
		return;
	while (*at != trust)
		at = &(*at)->next;
	*at = trust->next;
	trust_free(trust);
}

bool
tls_trust_load_wait(struct loop *loop, struct tls_trust *trust, struct err *err)
{
	struct trust_job job = { .trust = trust };

	if (trust->is_ready)
		return true;
	trust->refs++; /* whoever holds it may let it go while we wait */
	helper_run_wait(loop, "tls", trust_load, &job);
	if (job.ok)
		trust->is_ready = true;
	else
		*err = job.err;
	tls_trust_unref(&trust);
	return job.ok;
}

bool
tls_trust_is_ready(const struct tls_trust *trust)
{
	return trust != NULL && trust->is_ready;
}

SSL_CTX *
tls_trust_context(const struct tls_trust *trust)
{
	must(trust->is_ready);
	return trust->context;
}

const char *
tls_trust_ca(const struct tls_trust *trust)
{
	return trust->files[FILE_CA].path;
}
