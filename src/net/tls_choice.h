/*
 * Which of several certificates a server shows: by the name that the client asks for.
 */
#ifndef NET_TLS_CHOICE_H
#define NET_TLS_CHOICE_H

#include <openssl/ssl.h>

#include "net/net.h"

/* Certificates with their chains and keys, and an index of the names in them; read-only. */
struct tls_choice;

/* Reads the pairs, the first of which is that of clients who name nothing we know.  Not on the
 * loop's thread; libssl is loaded. ERR_CONFIG names the file and the reason. */
MUST_CHECK bool
tls_choice_new(const struct tls_pair *pairs, size_t n, struct tls_choice **out, struct err *err);
void tls_choice_free(struct tls_choice **choice);

#define TLS_CHOICE_KINDS 4

/* The pairs for one name: one for each kind of key, in the order of the configuration. */
struct tls_chosen {
	uint8_t pairs[TLS_CHOICE_KINDS];
	unsigned n;
};
/* Exact names go before patterns; NULL: the first pair is to be shown. */
const struct tls_chosen *tls_choice_find(const struct tls_choice *choice, struct slice name);
/* The host in the extension server_name of a ClientHello (RFC 6066 section 3); SLICE_NONE: there is
 * none that makes sense. */
struct slice tls_choice_name(struct slice extension);

/* For the handshakes of the context, which owns it from now on. */
void tls_choice_use(struct tls_choice **choice, SSL_CTX *context);

#endif
