/*
 * TLS for the HTTP client and the HTTP server: what is trusted (tls_trust.c), which certificate a
 * client of ours sees (tls_choice.c), the stream (tls.c), the words of errors (tls_why.c).
 *
 * libssl is loaded with the first trust that is wanted and not linked: a gateway without https is
 * as small and as quick to start as without TLS.  libcrypto is linked.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <openssl/ssl.h>

#include "net/net.h"

/* ---- libssl ---------------------------------------------------------------------------------- */

/* Every function of libssl that is used; called as tls_lib.SSL_new(...). */
#define TLS_FUNCTIONS(X) \
	X(SSL_CTX_check_private_key) \
	X(SSL_CTX_ctrl) \
	X(SSL_CTX_free) \
	X(SSL_CTX_get0_param) \
	X(SSL_CTX_get_cert_store) \
	X(SSL_CTX_get_ex_data) \
	X(SSL_CTX_get_verify_mode) \
	X(SSL_CTX_new) \
	X(SSL_CTX_set_alpn_select_cb) \
	X(SSL_CTX_set_client_hello_cb) \
	X(SSL_CTX_set_alpn_protos) \
	X(SSL_CTX_set1_cert_store) \
	X(SSL_CTX_set_default_passwd_cb) \
	X(SSL_CTX_set_client_CA_list) \
	X(SSL_CTX_set_ex_data) \
	X(SSL_CTX_set_options) \
	X(SSL_CTX_set_session_id_context) \
	X(SSL_CTX_set_verify) \
	X(SSL_CTX_use_PrivateKey_file) \
	X(SSL_CTX_use_cert_and_key) \
	X(SSL_CTX_use_certificate_chain_file) \
	X(SSL_SESSION_free) \
	X(SSL_SESSION_is_resumable) \
	X(SSL_certs_clear) \
	X(SSL_client_hello_get0_ext) \
	X(SSL_ctrl) \
	X(SSL_do_handshake) \
	X(SSL_free) \
	X(SSL_get0_param) \
	X(SSL_get1_session) \
	X(SSL_get_SSL_CTX) \
	X(SSL_get_error) \
	X(SSL_get_ex_data) \
	X(SSL_get_ex_data_X509_STORE_CTX_idx) \
	X(SSL_load_client_CA_file) \
	X(SSL_new) \
	X(SSL_peek_ex) \
	X(SSL_pending) \
	X(SSL_read_ex) \
	X(SSL_set1_host) \
	X(SSL_set_accept_state) \
	X(SSL_set_bio) \
	X(SSL_set_connect_state) \
	X(SSL_set_ex_data) \
	X(SSL_set_hostflags) \
	X(SSL_set_session) \
	X(SSL_set_session_id_context) \
	X(SSL_set_verify) \
	X(SSL_shutdown) \
	X(SSL_use_cert_and_key) \
	X(SSL_write_ex) \
	X(TLS_client_method) \
	X(TLS_server_method)

struct tls_lib {
#define X(name) __typeof__(name) *name;
	TLS_FUNCTIONS(X)
#undef X
};
extern struct tls_lib tls_lib; /* filled before the first tls_trust_load_wait() returns true */

/* ---- trust ----------------------------------------------------------------------------------- */

/*
 * Whom we believe, and who we are: certificate authorities and perhaps a client certificate.  One
 * for each distinct setting, counted; files that were replaced make another one.
 */
enum tls_side { TLS_CLIENT, TLS_SERVER };
struct tls_trust *tls_trust_ref(const struct tls_files *files, enum tls_side side);
/* Loads it on the helper thread "tls", once; a load that failed is tried again by the next call.
 * ERR_CONFIG names the file and the reason. */
MUST_CHECK bool tls_trust_load_wait(struct loop *loop, struct tls_trust *trust, struct err *err);
bool tls_trust_is_ready(const struct tls_trust *trust);
SSL_CTX *tls_trust_context(const struct tls_trust *trust); /* of a ready one */
const char *tls_trust_ca(const struct tls_trust *trust);   /* the CA file; "": the system's */
bool tls_trust_serves(const struct tls_trust *trust);
/* For OpenSSL: of an encrypted key. */
int tls_no_password(char *to, int size, int for_writing, void *ctx);

/* ---- streams --------------------------------------------------------------------------------- */

/* Whom the streams of a pool talk to, or those of a server: its clients. */
struct tls_peer {
	struct tls_trust *trust; /* NULL: not asked for yet */
	SSL_SESSION *session;	 /* of an earlier connection, to resume; may be NULL */
	char host[256];		 /* name or address that its certificate must have; "": any */
	bool is_ip;
};

void tls_peer_init(struct tls_peer *peer, struct slice host);
/* Takes what the files hold now, for streams to come; false: nothing has changed. */
bool tls_peer_renew(struct tls_peer *peer, const struct tls_files *files, enum tls_side side);
void tls_peer_fini(struct tls_peer *peer); /* after the last stream was closed */

/*
 * TLS over any stream, which becomes its own; of the side that the peer's trust has.  Writable when
 * the handshake is done; what fails shows as an error of the next read or write.  The trust must be
 * ready, and the peer must outlive it; its trust may be changed, for streams to come.  Without the
 * peer's close_notify the end of the stream below is -EPROTO.
 */
struct stream *tls_stream_new(struct loop *loop, struct tls_peer *peer, struct stream **below);
/* The reason of an error, or what an unfinished handshake waits for; NULL: errno says it. */
const char *tls_stream_why(const struct stream *stream);

/* ---- words (tls_why.c) ----------------------------------------------------------------------- */

#define TLS_WHY 200

/* Why a certificate was not accepted; called while it is verified. */
void tls_why_certificate(char why[TLS_WHY], X509_STORE_CTX *store, const struct tls_peer *peer);
/* What OpenSSL's queue of errors says. */
void tls_why_error(char why[TLS_WHY], bool in_handshake, bool is_server);

#endif
