/*
 * Keys and certificates that tests make when they start, as objects and as PEM files.
 */
#ifndef TESTS_UNIT_IDENTITY_H
#define TESTS_UNIT_IDENTITY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
	char cert_path[80], key_path[80];
};

static void
extension_add(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: self-signed. alternative: SAN, NULL: an authority. key: ours from now on, NULL:
 * P-256.
 */
static void
identity_write_key(struct identity *out, const char *dir, const char *name,
    const struct identity *issuer, const char *alternative, time_t from, time_t to, EVP_PKEY *key)
{
	static long serial = 1;
	X509 *certificate = X509_new();
	X509_NAME *subject;
	FILE *file;

	out->key = key != NULL ? key : EVP_EC_gen("P-256");
	assert_non_null(out->key);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
	ASN1_TIME_set(X509_getm_notBefore(certificate), from);
	ASN1_TIME_set(X509_getm_notAfter(certificate), to);
	subject = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(
	    subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(
	    certificate, issuer != NULL ? X509_get_subject_name(issuer->certificate) : subject);
	X509_set_pubkey(certificate, out->key);
	if (alternative != NULL)
		extension_add(certificate, NID_subject_alt_name, alternative);
	else
		extension_add(certificate, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(
	    X509_sign(certificate, issuer != NULL ? issuer->key : out->key, EVP_sha256()) > 0);
	out->certificate = certificate;
	snprintf(out->cert_path, sizeof(out->cert_path), "%s/%ld.pem", dir, serial);
	snprintf(out->key_path, sizeof(out->key_path), "%s/%ld.key", dir, serial);
	file = fopen(out->cert_path, "w");
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	file = fopen(out->key_path, "w");
	assert_int_equal(PEM_write_PrivateKey(file, out->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

static inline void
identity_write(struct identity *out, const char *dir, const char *name,
    const struct identity *issuer, const char *alternative, time_t from, time_t to)
{
	identity_write_key(out, dir, name, issuer, alternative, from, to, NULL);
}

static void
identity_free(struct identity *identity)
{
	unlink(identity->cert_path);
	unlink(identity->key_path);
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
}

#endif
