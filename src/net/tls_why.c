/*
 * The words of TLS errors: which certificate, which names, what to do about it.
 *
 * Certificates come from whoever answered: their texts are cut, and everything but printable ASCII
 * becomes "?".
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls.h"

#define SHOWN	  64 /* bytes of one name */
#define NAMES_MAX 4

PRINTF(2, 3) static void why_set(char why[TLS_WHY], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, TLS_WHY, fmt, ap);
	va_end(ap);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void
show(char to[SHOWN], const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < SHOWN - 1; i++)
		to[i] = p[i] >= ' ' && p[i] < 0x7f ? (char)p[i] : '?';
	to[i] = '\0';
}

/* The common name, or else the organisation. */
static void
show_name(char to[SHOWN], const X509_NAME *name)
{
	static const int kinds[] = { NID_commonName, NID_organizationName };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		int at = X509_NAME_get_index_by_NID(name, kinds[i], -1);
		const ASN1_STRING *text =
		    at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));

		if (text != NULL) {
			show(to, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
			return;
		}
	}
	show(to, (const unsigned char *)"?", 1);
}

static void
show_day(char to[SHOWN], const ASN1_TIME *time)
{
	struct tm tm;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1 ||
	    strftime(to, SHOWN, "%Y-%m-%d", &tm) == 0)
		show(to, (const unsigned char *)"?", 1);
}

/* False: neither a name nor an address. */
static bool
show_alternative(char to[SHOWN], const GENERAL_NAME *name)
{
	if (name->type == GEN_DNS) {
		show(to, ASN1_STRING_get0_data(name->d.dNSName),
		    (size_t)ASN1_STRING_length(name->d.dNSName));
		return true;
	}
	if (name->type == GEN_IPADD) {
		int n = ASN1_STRING_length(name->d.iPAddress);

		return inet_ntop(n == 16 ? AF_INET6 : AF_INET,
			   ASN1_STRING_get0_data(name->d.iPAddress), to, SHOWN) != NULL &&
		    (n == 4 || n == 16);
	}
	return false;
}

/* "a.example, b.example, and 3 more" */
static void
show_names(char *to, size_t size, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int n = names != NULL ? sk_GENERAL_NAME_num(names) : 0, shown = 0, left = 0;
	size_t at = 0;
	char one[SHOWN];

	for (int i = 0; i < n; i++) {
		if (!show_alternative(one, sk_GENERAL_NAME_value(names, i)))
			continue;
		if (shown == NAMES_MAX || at + strlen(one) + 20 > size) {
			left++;
			continue;
		}
		at += (size_t)snprintf(to + at, size - at, "%s%s", shown++ > 0 ? ", " : "", one);
	}
	if (left > 0)
		snprintf(to + at, size - at, "%s%d more", shown > 0 ? ", and " : "", left);
	if (shown + left == 0) {
		show_name(one, X509_get_subject_name(certificate));
		snprintf(to, size, "%s", one);
	}
	GENERAL_NAMES_free(names);
}

static void
why_unknown_ca(char why[TLS_WHY], X509 *certificate, const struct tls_peer *peer)
{
	const char *ca = tls_trust_ca(peer->trust);
	char issuer[SHOWN], file[SHOWN];
	size_t n = strlen(ca);

	show_name(issuer, X509_get_issuer_name(certificate));
	snprintf(file, sizeof(file), "%s", n < sizeof(file) ? ca : ca + n - sizeof(file) + 1);
	if (*ca != '\0')
		why_set(why, "the certificate is signed by \"%s\", which is not in %s (%s)", issuer,
		    tls_trust_serves(peer->trust) ? "client_ca" : "tls.ca", file);
	else
		why_set(why,
		    "the certificate is signed by \"%s\", which this machine does not trust: "
		    "if you do, name its certificate as tls.ca",
		    issuer);
}

void
tls_why_certificate(char why[TLS_WHY], X509_STORE_CTX *store, const struct tls_peer *peer)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	int error = X509_STORE_CTX_get_error(store);
	char text[100];

	if (certificate == NULL) {
		why_set(why, "the certificate is bad: %s", X509_verify_cert_error_string(error));
		return;
	}
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		show_day(text, X509_get0_notAfter(certificate));
		why_set(why, "the certificate expired on %s", text);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		show_day(text, X509_get0_notBefore(certificate));
		why_set(why,
		    "the certificate is not valid before %s (is this machine's clock right?)",
		    text);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		show_names(text, sizeof(text), certificate);
		why_set(why, "the certificate is not for %.60s, but for: %s", peer->host, text);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		why_unknown_ca(why, certificate, peer);
		break;
	default:
		show_name(text, X509_get_subject_name(certificate));
		why_set(why, "the certificate \"%s\" is bad: %s", text,
		    X509_verify_cert_error_string(error));
	}
}

/* ---- everything else ------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	int reason;
	const char *of_server, *of_client; /* what the other side did; NULL: OpenSSL's words */
} reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER,
	  "no TLS comes from there (should the url begin with http://?)",
	  "no TLS comes from the client (should its url begin with https://?)" },
	{ SSL_R_HTTP_REQUEST,
	  "no TLS comes from there (should the url begin with http://?)",
	  "the client speaks plain HTTP (should its url begin with https://?)" },
	{ SSL_R_PACKET_LENGTH_TOO_LONG,
	  "no TLS comes from there (should the url begin with http://?)",
	  "no TLS comes from the client (should its url begin with https://?)" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "the server has no TLS 1.2 or later", "the client has no TLS 1.2 or later" },
	{ SSL_R_VERSION_TOO_LOW, "the server has no TLS 1.2 or later", "the client has no TLS 1.2 or later" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
	  "the server has no TLS 1.2 or later", "the client has no TLS 1.2 or later" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	  NULL, "the client showed no certificate, and listen.tls.client_ca wants one" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	  "the server wants a client certificate: set tls.cert and tls.key", NULL },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	  "the server refused the handshake (it may want a client certificate: tls.cert and tls.key)", NULL },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	  "the server does not accept our client certificate", "the client does not accept our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	  "the server says that our client certificate expired", "the client says that our certificate expired" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
	  "the server says that our client certificate is revoked", "the client says that our certificate is revoked" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	  "the server does not accept our client certificate", "the client does not accept our certificate" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	  "the server does not know who signed our client certificate", "the client does not know who signed our certificate" },
	{ SSL_R_TLSV1_UNRECOGNIZED_NAME, "the server has no certificate for that name", NULL },
	{ SSL_R_TLSV1_ALERT_NO_RENEGOTIATION, "the server refused to renegotiate", NULL },
};
/* clang-format on */

void
tls_why_error(char why[TLS_WHY], bool in_handshake, bool is_server)
{
	unsigned long error = ERR_peek_error();
	int code = ERR_GET_REASON(error);
	const char *text = ERR_reason_error_string(error);

	if (ERR_GET_LIB(error) == ERR_LIB_SSL && code == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		if (in_handshake)
			why_set(why, "the %s closed the connection in the TLS handshake",
			    is_server ? "client" : "server");
		else
			why_set(why,
			    "the connection ended without the end of TLS: what came may be cut "
			    "short");
		return;
	}
	for (size_t i = 0; i < COUNT(reasons); i++) {
		const char *known = is_server ? reasons[i].of_client : reasons[i].of_server;

		if (ERR_GET_LIB(error) == ERR_LIB_SSL && reasons[i].reason == code &&
		    known != NULL) {
			why_set(why, "%s", known);
			return;
		}
	}
	why_set(why, "%s: %s", in_handshake ? "the TLS handshake failed" : "TLS failed",
	    text != NULL ? text : "unknown error");
}
