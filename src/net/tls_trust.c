/*
 * What TLS connections trust: libssl itself, certificate authorities, our own certificates.
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
#include <openssl/x509.h>

#include "net/tls.h"
#include "net/tls_choice.h"

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
	struct trust_file *files; /* ca, cert, key; of a server then pairs of cert and key */
	size_t files_n;
	SSL_CTX *context; /* the helper's until is_ready */
	enum tls_side side;
	bool is_ready;
};

enum { FILE_CA, FILE_CERT, FILE_KEY, FILE_MORE };

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
	static const struct symbol functions[] = {
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
	if (!symbols_find(handle, LIBSSL, functions, COUNT(functions), &tls_lib, err)) {
		dlclose(handle);
		handle = NULL;
	}
	return handle != NULL;
}

/* The first thing that went wrong, in OpenSSL's words. */
static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text != NULL ? text : "unknown error";
}

/* An encrypted key must not make OpenSSL ask on the terminal. */
int
tls_no_password(char *to, int size, int for_writing, void *ctx)
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
	tls_lib.SSL_CTX_set_default_passwd_cb(context, tls_no_password);
	if (tls_lib.SSL_CTX_use_certificate_chain_file(context, cert) != 1)
		return err_set(err, ERR_CONFIG, "tls.cert: %s: %s", cert, reason());
	if (tls_lib.SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    tls_lib.SSL_CTX_check_private_key(context) != 1)
		return err_set(err, ERR_CONFIG, "tls.key: %s: %s", key, reason());
	return true;
}

static const unsigned char alpn[] = "\x08http/1.1"; /* RFC 7301 §6 */

static bool
client_fill(const struct tls_trust *trust, SSL_CTX *context, struct err *err)
{
	X509_STORE *store = tls_lib.SSL_CTX_get_cert_store(context);
	const char *ca = trust->files[FILE_CA].path, *cert = trust->files[FILE_CERT].path;

	tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
	must(tls_lib.SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1) == 0);
	return (*ca != '\0' ? ca_load(store, ca, err) : system_load(store, err)) &&
	    (*cert == '\0' || certificate_load(context, cert, trust->files[FILE_KEY].path, err));
}

/* Of what the client offers; who does not offer it, or offers nothing, gets HTTP/1.1 all the same:
 * his first line shows what he speaks. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *offered,
    unsigned n, void *ctx)
{
	(void)ssl;
	(void)ctx;
	for (unsigned at = 0; at < n; at += offered[at] + 1u)
		if (n - at >= sizeof(alpn) - 1 &&
		    memcmp(offered + at, alpn, sizeof(alpn) - 1) == 0) {
			*out = offered + at + 1;
			*out_n = offered[at];
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_NOACK;
}

/* More certificates than one: all are loaded again here, with the names in them. */
static bool
choice_fill(const struct tls_trust *trust, SSL_CTX *context, struct err *err)
{
	struct tls_choice *choice;
	struct tls_pair *pairs;
	size_t n = 0;
	bool ok;

	if (trust->files_n == FILE_MORE)
		return true;
	pairs = mem_new(trust->files_n / 2 * sizeof(*pairs));
	for (size_t i = FILE_CERT; i < trust->files_n; i += 2)
		pairs[n++] = (struct tls_pair){ slice_of(trust->files[i].path),
			slice_of(trust->files[i + 1].path) };
	ok = tls_choice_new(pairs, n, &choice, err);
	mem_free(pairs);
	if (ok)
		tls_choice_use(&choice, context);
	return ok;
}

/* Sessions are resumed by tickets: nothing is kept here for clients that went away. */
static bool
server_fill(const struct tls_trust *trust, SSL_CTX *context, struct err *err)
{
	static const unsigned char name[] = "bascule";
	const char *ca = trust->files[FILE_CA].path;

	tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
	tls_lib.SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	tls_lib.SSL_CTX_set_alpn_select_cb(context, on_alpn, NULL);
	must(tls_lib.SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1) == 1);
	if (*ca != '\0') {
		if (!ca_load(tls_lib.SSL_CTX_get_cert_store(context), ca, err))
			return false;
		tls_lib.SSL_CTX_set_client_CA_list(context, tls_lib.SSL_load_client_CA_file(ca));
	}
	return certificate_load(
		   context, trust->files[FILE_CERT].path, trust->files[FILE_KEY].path, err) &&
	    choice_fill(trust, context, err);
}

static bool
context_fill(const struct tls_trust *trust, SSL_CTX *context, struct err *err)
{
	must(tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL) ==
	    1);
	tls_lib.SSL_CTX_ctrl(context, SSL_CTRL_MODE,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, NULL);
	return (trust->side == TLS_SERVER ? server_fill : client_fill)(trust, context, err);
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
	context = tls_lib.SSL_CTX_new(job->trust->side == TLS_SERVER ? tls_lib.TLS_server_method()
								     : tls_lib.TLS_client_method());
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
	if (a->side != b->side || a->files_n != b->files_n)
		return false;
	for (size_t i = 0; i < a->files_n; i++)
		if (!is_same_file(&a->files[i], &b->files[i]))
			return false;
	return true;
}

static void
trust_free(struct tls_trust *trust)
{
	if (trust->context != NULL)
		tls_lib.SSL_CTX_free(trust->context);
	for (size_t i = 0; i < trust->files_n; i++)
		mem_free(trust->files[i].path);
	mem_free(trust->files);
	mem_free(trust);
}

struct tls_trust *
tls_trust_ref(const struct tls_files *files, enum tls_side side)
{
	struct tls_trust *made = MEM_NEW(struct tls_trust);

	must(files->more_n <= TLS_MORE_MAX && (files->more_n == 0 || side == TLS_SERVER));
	made->side = side;
	made->files_n = FILE_MORE + 2 * files->more_n;
	made->files = mem_new(made->files_n * sizeof(*made->files));
	made->files[FILE_CA] = file_now(files->ca);
	made->files[FILE_CERT] = file_now(files->cert);
	made->files[FILE_KEY] = file_now(files->key);
	for (size_t i = 0; i < files->more_n; i++) {
		made->files[FILE_MORE + 2 * i] = file_now(files->more[i].cert);
		made->files[FILE_MORE + 2 * i + 1] = file_now(files->more[i].key);
	}
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

struct tls_trust *
tls_trust_share(struct tls_trust *trust)
{
	if (trust != NULL)
		trust->refs++;
	return trust;
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
tls_serve_load_wait(
    struct loop *loop, const struct tls_files *files, struct tls_trust **out, struct err *err)
{
	*out = tls_trust_ref(files, TLS_SERVER);
	if (!tls_trust_load_wait(loop, *out, err))
		tls_trust_unref(out);
	return *out != NULL;
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

bool
tls_trust_serves(const struct tls_trust *trust)
{
	return trust->side == TLS_SERVER;
}
