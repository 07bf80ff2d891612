/*
 * Which certificate a client sees, by the name in its hello.
 *
 * There is one SSL_CTX for all of them: protocols, tickets, and whose certificates clients need are
 * the same whatever name is asked for.  The chosen pairs are set on the connection before OpenSSL
 * looks at a session that the client wants to resume, and so is the context of sessions: a session
 * begun under one certificate is not resumed under another (RFC 6066 section 3).
 *
 * Names are read from the certificates once, when they are loaded, and are sorted then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls.h"
#include "net/tls_choice.h"

struct pair {
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) * chain; /* may be NULL */
};

struct named {
	char *name; /* folded; "*.example.com" is a pattern */
	struct tls_chosen chosen;
};

struct tls_choice {
	struct pair *pairs;
	size_t pairs_n;
	struct named *named; /* sorted; each name once */
	size_t named_n, named_size;
	unsigned reading; /* the pair whose names come */
};

/* ---- the files ------------------------------------------------------------------------------- */

/* "tls.cert", or "tls.certificates[2].cert". */
static bool
pair_fail(struct err *err, size_t i, const char *key, struct slice path)
{
	const char *why = ERR_reason_error_string(ERR_peek_error());
	char shown[48];

	if (i == 0)
		snprintf(shown, sizeof(shown), "tls.%s", key);
	else
		snprintf(shown, sizeof(shown), "tls.certificates[%zu].%s", i - 1, key);
	err_set(err, ERR_CONFIG, "%s: %.*s: %s", shown, SLICE_FMT(path),
	    why != NULL ? why : "unknown error");
	ERR_clear_error();
	return false;
}

static BIO *
file_open(struct slice path)
{
	char *name = mem_new(path.n + 1);
	BIO *bio;

	memcpy(name, path.p, path.n);
	bio = BIO_new_file(name, "r");
	mem_free(name);
	return bio;
}

/* What follows the certificate, to the end of the file. */
static bool
chain_read(struct pair *pair, BIO *bio)
{
	X509 *next;
	unsigned long error;

	while ((next = PEM_read_bio_X509(bio, NULL, tls_no_password, NULL)) != NULL) {
		if (pair->chain == NULL)
			pair->chain = sk_X509_new_null();
		must(pair->chain != NULL && sk_X509_push(pair->chain, next) > 0);
	}
	error = ERR_peek_last_error();
	if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		return false;
	ERR_clear_error();
	return true;
}

static bool
certificate_read(struct pair *pair, struct slice path)
{
	BIO *bio = file_open(path);
	bool ok;

	if (bio == NULL)
		return false;
	pair->certificate = PEM_read_bio_X509_AUX(bio, NULL, tls_no_password, NULL);
	ok = pair->certificate != NULL && chain_read(pair, bio);
	BIO_free(bio);
	return ok;
}

/* Says no where the key is none, or that of another certificate, or too weak to be shown. */
static bool
key_read(struct pair *pair, struct slice path, SSL_CTX *trial)
{
	BIO *bio = file_open(path);

	if (bio == NULL)
		return false;
	pair->key = PEM_read_bio_PrivateKey(bio, NULL, tls_no_password, NULL);
	BIO_free(bio);
	return pair->key != NULL && X509_check_private_key(pair->certificate, pair->key) == 1 &&
	    tls_lib.SSL_CTX_use_cert_and_key(trial, pair->certificate, pair->key, pair->chain, 1) ==
	    1;
}

/* ---- the index ------------------------------------------------------------------------------- */

static void
name_add(void *ctx, struct slice name)
{
	struct tls_choice *choice = ctx;
	struct named *named;

	if (choice->named_n == choice->named_size) {
		choice->named_size = choice->named_size > 0 ? 2 * choice->named_size : 64;
		choice->named = mem_resize(choice->named, choice->named_n * sizeof(*choice->named),
		    choice->named_size * sizeof(*choice->named));
	}
	named = &choice->named[choice->named_n++];
	*named = (struct named){ .name = mem_new(name.n + 1) };
	memcpy(named->name, name.p, name.n);
	named->chosen.pairs[named->chosen.n++] = (uint8_t)choice->reading;
}

static int
named_compare(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order != 0 ? order : one->chosen.pairs[0] - other->chosen.pairs[0];
}

static bool
has_kind(const struct tls_choice *choice, const struct tls_chosen *chosen, unsigned pair)
{
	int kind = EVP_PKEY_get_base_id(choice->pairs[pair].key);

	for (unsigned i = 0; i < chosen->n; i++)
		if (EVP_PKEY_get_base_id(choice->pairs[chosen->pairs[i]].key) == kind)
			return true;
	return false;
}

/* Sorts; of pairs that claim the same name the first of each kind of key is kept. */
static void
index_make(struct tls_choice *choice)
{
	size_t n = 0;

	if (choice->named_n == 0)
		return;
	qsort(choice->named, choice->named_n, sizeof(*choice->named), named_compare);
	for (size_t i = 1; i < choice->named_n; i++) {
		struct named *last = &choice->named[n], *next = &choice->named[i];
		unsigned pair = next->chosen.pairs[0];

		if (strcmp(last->name, next->name) != 0) {
			choice->named[++n] = *next;
			continue;
		}
		mem_free(next->name);
		if (last->chosen.n < TLS_CHOICE_KINDS && !has_kind(choice, &last->chosen, pair))
			last->chosen.pairs[last->chosen.n++] = (uint8_t)pair;
	}
	choice->named_n = n + 1;
}

static int
name_compare(const void *key, const void *element)
{
	return strcmp(key, ((const struct named *)element)->name);
}

const struct tls_chosen *
tls_choice_find(const struct tls_choice *choice, struct slice name)
{
	char text[CERTIFICATE_NAME_BYTES + 1], *dot;
	size_t n = certificate_name_fold(name, false, text);
	const struct named *found;

	if (n == 0 || choice->named_n == 0)
		return NULL;
	text[n] = '\0';
	found = bsearch(text, choice->named, choice->named_n, sizeof(*choice->named), name_compare);
	dot = strchr(text, '.');
	if (found == NULL && dot != NULL && dot > text) {
		dot[-1] = '*';
		found = bsearch(
		    dot - 1, choice->named, choice->named_n, sizeof(*choice->named), name_compare);
	}
	return found != NULL ? &found->chosen : NULL;
}

/* ---- making it ------------------------------------------------------------------------------- */

bool
tls_choice_new(const struct tls_pair *pairs, size_t n, struct tls_choice **out, struct err *err)
{
	struct tls_choice *choice = MEM_NEW(struct tls_choice);
	SSL_CTX *trial = tls_lib.SSL_CTX_new(tls_lib.TLS_server_method());
	bool ok = true;

	must(trial != NULL && n > 0 && n <= UINT8_MAX);
	ERR_clear_error();
	choice->pairs = mem_new(n * sizeof(*choice->pairs));
	for (size_t i = 0; i < n && ok; i++) {
		struct pair *pair = &choice->pairs[choice->pairs_n++];

		if (!certificate_read(pair, pairs[i].cert))
			ok = pair_fail(err, i, "cert", pairs[i].cert);
		else if (!key_read(pair, pairs[i].key, trial))
			ok = pair_fail(err, i, "key", pairs[i].key);
		choice->reading = (unsigned)i;
		if (ok)
			certificate_names_each(pair->certificate, name_add, choice);
	}
	tls_lib.SSL_CTX_free(trial);
	if (ok)
		index_make(choice);
	else
		tls_choice_free(&choice);
	*out = choice;
	return ok;
}

void
tls_choice_free(struct tls_choice **out)
{
	struct tls_choice *choice = *out;

	*out = NULL;
	if (choice == NULL)
		return;
	for (size_t i = 0; i < choice->pairs_n; i++) {
		X509_free(choice->pairs[i].certificate);
		EVP_PKEY_free(choice->pairs[i].key);
		sk_X509_pop_free(choice->pairs[i].chain, X509_free);
	}
	for (size_t i = 0; i < choice->named_n; i++)
		mem_free(choice->named[i].name);
	mem_free(choice->named);
	mem_free(choice->pairs);
	mem_free(choice);
}

/* ---- handshakes ------------------------------------------------------------------------------ */

static size_t
two_bytes(struct slice s)
{
	return (size_t)(unsigned char)s.p[0] << 8 | (unsigned char)s.p[1];
}

/* A list with one entry, of the one type that there is: length, type, length, name. */
struct slice
tls_choice_name(struct slice extension)
{
	struct slice name;

	if (extension.n < 5 || two_bytes(extension) != extension.n - 2 ||
	    extension.p[2] != TLSEXT_NAMETYPE_host_name)
		return SLICE_NONE;
	name = (struct slice){ extension.p + 3, extension.n - 3 };
	if (two_bytes(name) != name.n - 2 || name.n == 2)
		return SLICE_NONE;
	return (struct slice){ name.p + 2, name.n - 2 };
}

/* In place of the first pair, which the context has. */
static bool
pairs_show(SSL *ssl, const struct tls_choice *choice, const struct tls_chosen *chosen)
{
	unsigned char sessions[] = { 'b', 'a', 's', 'c', 'u', 'l', 'e', chosen->pairs[0] };

	tls_lib.SSL_certs_clear(ssl);
	for (unsigned i = 0; i < chosen->n; i++) {
		const struct pair *pair = &choice->pairs[chosen->pairs[i]];

		if (tls_lib.SSL_use_cert_and_key(
			ssl, pair->certificate, pair->key, pair->chain, 1) != 1)
			return false;
	}
	return tls_lib.SSL_set_session_id_context(ssl, sessions, sizeof(sessions)) == 1;
}

static int
on_hello(SSL *ssl, int *alert, void *ctx)
{
	const struct tls_choice *choice = ctx;
	const struct tls_chosen *chosen = NULL;
	const unsigned char *bytes;
	size_t n;

	if (tls_lib.SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &n) == 1)
		chosen = tls_choice_find(
		    choice, tls_choice_name((struct slice){ (const char *)bytes, n }));
	if (chosen == NULL || (chosen->n == 1 && chosen->pairs[0] == 0) ||
	    pairs_show(ssl, choice, chosen))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

/* The parameters of CRYPTO_EX_free. */
static void
on_context_free(void *parent, void *of_context, CRYPTO_EX_DATA *data, int index, long n, void *ctx)
{
	struct tls_choice *choice = of_context;

	(void)parent;
	(void)data;
	(void)index;
	(void)n;
	(void)ctx;
	tls_choice_free(&choice);
}

void
tls_choice_use(struct tls_choice **choice, SSL_CTX *context)
{
	static int index = -1; /* one a process; only the helper thread "tls" comes here */

	/* Connections hold the context, and may begin their handshake when its trust is gone. */
	if (index < 0)
		index = CRYPTO_get_ex_new_index(
		    CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, NULL, NULL, on_context_free);
	must(index >= 0 && tls_lib.SSL_CTX_set_ex_data(context, index, *choice) == 1);
	tls_lib.SSL_CTX_set_client_hello_cb(context, on_hello, *choice);
	*choice = NULL;
}
