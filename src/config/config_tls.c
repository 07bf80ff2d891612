/*
 * `tls` of an upstream or a site: the files that its https connections need, looked at when the
 * configuration is read, so that `bascule check` finds what a first connection would.
 *
 * Their bytes are part of its digest: a reload after a certificate was renewed connects
 * again.  Nothing of them is kept but that.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "config/config_parts.h"

#define PEM_BYTES (4 * MIB)

/* One option below `tls`. */
struct pem {
	struct config_load *load;
	struct arena *arena;
	enum config_file_kind kind;
	const char *shown; /* before the key: "tls.", or of one of several */
	const char *key;
	const char *path;
	const struct node *node; /* NULL: not from a file */
	struct slice text;
};

static unsigned
line_of(const struct node *node)
{
	return node != NULL ? node->line : 0;
}

static unsigned
col_of(const struct node *node)
{
	return node != NULL ? node->col : 0;
}

/* "bascule.yaml:12: " for warnings, nothing without a file. */
struct place {
	char text[128];
};

static struct place
place_of(const struct pem *pem)
{
	struct place place = { "" };

	if (pem->node != NULL)
		snprintf(
		    place.text, sizeof(place.text), "%s:%u: ", pem->load->name, pem->node->line);
	return place;
}

static bool
pem_fail(const struct pem *pem, struct err *err, const char *what)
{
	pem->load->fault = CONFIG_FAULT_TLS_FILE;
	return config_fail(pem->load, line_of(pem->node), col_of(pem->node), err, "%s%s: %s %s",
	    pem->shown, pem->key, pem->path, what);
}

MUST_CHECK static bool
pem_read(struct pem *pem, const struct node *tls, struct slice path, struct err *err)
{
	struct config_load *load = pem->load;
	struct err why;

	pem->node = config_node_find(tls, pem->key);
	if (!arena_reserve(pem->arena, path.n + 1, err))
		return false;
	pem->path = slice_cstr(pem->arena, path);
	if (!config_read_file(pem->arena, pem->path, PEM_BYTES, pem->kind, &pem->text, &why)) {
		load->fault = CONFIG_FAULT_TLS_FILE;
		return config_fail(load, line_of(pem->node), col_of(pem->node), err, "%s%s: %s",
		    pem->shown, pem->key, why.text);
	}
	config_file_note(load, pem->kind, pem->path);
	return true;
}

static BIO *
pem_bio(const struct pem *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->text.p, (int)pem->text.n);

	must(bio != NULL);
	return bio;
}

/* The first certificate; NULL: there is none. */
static X509 *
pem_certificate(const struct pem *pem)
{
	BIO *bio = pem_bio(pem);
	X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

struct password {
	const struct secret *given; /* NULL: there is none */
	bool was_asked;
};

/* An encrypted key must not make OpenSSL ask on the terminal. */
static int
password_get(char *to, int size, int for_writing, void *ctx)
{
	struct password *password = ctx;
	struct slice given;

	(void)for_writing;
	password->was_asked = true;
	given = password->given != NULL ? secret_reveal(*password->given) : SLICE_NONE;
	if (given.n == 0 || given.n > (size_t)size)
		return 0;
	memcpy(to, given.p, given.n);
	return (int)given.n;
}

static EVP_PKEY *
pem_key(const struct pem *pem, struct password *password)
{
	BIO *bio = pem_bio(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, password_get, password);

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static void
warn_if_open(const struct pem *pem)
{
	struct stat st;

	if (stat(pem->path, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		log_event(pem->load->log, LOG_WARN, "key_readable",
		    "%s%skey: everyone on this machine can read %s: chmod 600 it",
		    place_of(pem).text, pem->shown, pem->path);
}

/* Do the two belong together?  *out: the certificate then; NULL: it is not asked for. */
MUST_CHECK static bool
pair_check(const struct pem *cert, const struct pem *key, const struct secret *key_password,
    X509 **out, struct err *err)
{
	X509 *certificate = pem_certificate(cert);
	struct password password = { key_password, false };
	EVP_PKEY *private = pem_key(key, &password);
	char belongs[80];
	bool ok = false;

	snprintf(
	    belongs, sizeof(belongs), "does not belong to the certificate of %scert", cert->shown);
	if (certificate == NULL)
		pem_fail(cert, err, "holds no certificate in PEM form");
	else if (private == NULL && password.was_asked && key_password == NULL)
		pem_fail(key, err, "is encrypted: bascule cannot ask for its password");
	else if (private == NULL && password.was_asked)
		pem_fail(key, err, "is encrypted, and tls.key_password is missing or not right");
	else if (private == NULL)
		pem_fail(key, err, "holds no private key in PEM form");
	else if (X509_check_private_key(certificate, private) == 1)
		ok = true;
	else if (!pem_fail(key, err, belongs))
		key->load->fault = CONFIG_FAULT_TLS_MISMATCH;
	if (ok && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		log_event(cert->load->log, LOG_WARN, "certificate_expired",
		    "%s%scert: the certificate in %s has expired", place_of(cert).text, cert->shown,
		    cert->path);
	if (ok && out != NULL)
		*out = certificate;
	else
		X509_free(certificate);
	EVP_PKEY_free(private);
	ERR_clear_error();
	return ok;
}

MUST_CHECK static bool
ca_check(const struct pem *ca, struct err *err)
{
	X509 *certificate = pem_certificate(ca);

	if (certificate == NULL)
		return pem_fail(ca, err, "holds no certificate in PEM form");
	X509_free(certificate);
	return true;
}

/* A key goes into the digest as a digest. */
static void
digest_put(struct buf *digest, const struct pem *pem)
{
	char hex[65];

	sha256_hex(&pem->text, 1, hex);
	buf_put(digest, (struct slice){ hex, 64 });
}

/* Reads and checks what is set. */
MUST_CHECK static bool
files_check(const struct config_tls *tls, const struct node *node, struct pem *ca, struct pem *cert,
    struct pem *key, struct err *err)
{
	if (tls->ca.n > 0 && (!pem_read(ca, node, tls->ca, err) || !ca_check(ca, err)))
		return false;
	if (tls->cert.n == 0)
		return true;
	if (!pem_read(cert, node, tls->cert, err) || !pem_read(key, node, tls->key, err) ||
	    !pair_check(cert, key, tls->key_password, tls->certificate, err))
		return false;
	warn_if_open(key);
	return true;
}

bool
config_tls_check(struct config_load *load, const struct config_tls *tls, const struct node *entry,
    struct buf *digest, struct err *err)
{
	const struct node *node = entry != NULL ? config_node_find(entry, "tls") : NULL;
	unsigned line = node != NULL ? node->key_line : 0, col = node != NULL ? node->key_col : 0;
	struct arena arena;
	struct pem ca = { load, &arena, CONFIG_FILE_CA, "tls.",
		tls->ca_name != NULL ? tls->ca_name : "ca" },
		   cert = { load, &arena, CONFIG_FILE_CERT, "tls.", "cert" },
		   key = { load, &arena, CONFIG_FILE_KEY, "tls.", "key" };
	bool ok;

	if (node != NULL ? config_node_is_null(node) : entry != NULL)
		return true;
	if (entry == NULL && tls->ca.n == 0 && tls->cert.n == 0 && tls->key.n == 0)
		return true;
	if (tls->url.p != NULL && !slice_starts(tls->url, S("https://")))
		return config_fail(
		    load, line, col, err, "\"tls\" belongs to urls that begin with https://");
	if (tls->needs_cert && tls->cert.n == 0 && tls->key.n == 0)
		return config_fail(load, line, col, err,
		    "tls needs a certificate and its key: tls.cert and tls.key");
	if ((tls->cert.n > 0) != (tls->key.n > 0))
		return config_fail(load, line, col, err,
		    "tls.cert and tls.key go together: %s is missing",
		    tls->cert.n > 0 ? "tls.key" : "tls.cert");
	arena_init(&arena, NULL, 4 * PEM_BYTES);
	ok = files_check(tls, node, &ca, &cert, &key, err);
	digest_put(digest, &ca);
	digest_put(digest, &cert);
	digest_put(digest, &key);
	arena_fini(&arena);
	return ok;
}

bool
config_tls_pair_check(struct config_load *load, const struct config_certificate *pair,
    const struct node *entry, const char *shown, struct x509_st **certificate, struct err *err)
{
	struct arena arena;
	struct pem cert = { load, &arena, CONFIG_FILE_CERT, shown, "cert" },
		   key = { load, &arena, CONFIG_FILE_KEY, shown, "key" };
	bool ok;

	arena_init(&arena, NULL, 4 * PEM_BYTES);
	ok = pem_read(&cert, entry, pair->cert, err) && pem_read(&key, entry, pair->key, err) &&
	    pair_check(&cert, &key, NULL, certificate, err);
	if (ok)
		warn_if_open(&key);
	arena_fini(&arena);
	return ok;
}
