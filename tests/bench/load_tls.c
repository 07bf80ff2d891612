/*
 * TLS for the load client: OpenSSL on the socket itself.
 */
#include "load_tls.h"

#include <openssl/ssl.h>

#define PART_BYTES 16384 /* of one record */

struct ssl_st *
tls_open(int fd)
{
	static SSL_CTX *context;
	SSL *tls;

	if (context == NULL) {
		context = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_mode(
		    context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	}
	tls = SSL_new(context);
	if (tls == NULL || SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1)
		die("load: no TLS handshake");
	return tls;
}

int
tls_room_read(struct room *room, struct ssl_st *tls)
{
	char part[PART_BYTES];
	int result = -1;

	for (;;) {
		int n = SSL_read(tls, part, sizeof part);

		if (n <= 0)
			return SSL_get_error(tls, n) == SSL_ERROR_WANT_READ ? result : 0;
		room_put(room, (struct text){ part, (size_t)n });
		result = 1;
		if (SSL_pending(tls) == 0 && n < PART_BYTES)
			return result;
	}
}

bool
tls_room_write(struct room *room, struct ssl_st *tls)
{
	size_t done = 0;

	while (done < room->n) {
		size_t n = 0;

		if (SSL_write_ex(tls, room->p + done, room->n - done, &n) != 1) {
			if (SSL_get_error(tls, 0) != SSL_ERROR_WANT_WRITE)
				return false;
			break;
		}
		done += n;
	}
	room_drop(room, done);
	return true;
}
