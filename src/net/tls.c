/*
 * TLS, of a client or a server, as a stream over another stream, on the ground floor.
 *
 * OpenSSL reads through `in`, which takes from the stream below as much as there is, and writes to
 * `out`, which the stream below is given at once and later as it takes it: so OpenSSL itself never
 * waits for room, and a turn's writing leaves in one piece.  `in` is memory of all streams in turn;
 * only what is left of it when a stream has done its work becomes the stream's own.  Readiness
 * stays level-triggered: where OpenSSL or `in` hold bytes that the stream below will not announce
 * again, the owner is called by way of the deferred queue.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/tls.h"

#define IN_BYTES    (32 * KIB)
#define OUT_MAX	    MIB	       /* a peer that makes us answer and does not read */
#define WRITE_BYTES (64 * KIB) /* that one writev takes at most */

enum tls_state { TLS_CONNECTING, TLS_HANDSHAKE, TLS_OPEN, TLS_FAILED };

struct tls {
	struct stream stream;
	struct stream *below;
	struct tls_peer *peer;
	SSL *ssl;
	const SSL_CTX *context; /* that ssl was made of: the peer's may be another by now */
	char *in;		/* of the peer, for OpenSSL: in_common, or our own; NULL: nothing */
	size_t in_n, in_at;
	struct buf out; /* of OpenSSL, for the peer */
	size_t out_at;
	unsigned wants;	 /* of the owner */
	int error;	 /* -errno of FAILED */
	int read_error;	 /* of the stream below */
	int write_error; /* of the stream below, or of memory */
	struct deferred again;
	uint8_t state;	     /* enum tls_state */
	bool is_dry;	     /* the stream below had no more */
	bool below_ended;    /* end of the stream below */
	bool has_ended;	     /* close_notify came */
	bool has_read;	     /* some of what the peer wrote */
	bool writes_by_read; /* a write waits for bytes of the peer (renegotiation) */
	bool is_shut;	     /* the stream below is shut down after `out` */
	bool is_server;
	char why[TLS_WHY];
};

static struct tls *
tls_of(const struct stream *stream)
{
	return CONTAINER(stream, struct tls, stream);
}

/* ---- below: the bytes of the connection ------------------------------------------------------ */

/* Of the stream that works just now, up to its settle(). */
static char in_common[IN_BYTES];

static void
in_drop(struct tls *tls)
{
	if (tls->in != in_common)
		mem_free(tls->in);
	tls->in = NULL;
	tls->in_n = tls->in_at = 0;
}

/* Another stream may work next. */
static void
in_keep(struct tls *tls)
{
	size_t left = tls->in_n - tls->in_at;

	if (tls->in == NULL || left == 0) {
		in_drop(tls);
	} else if (tls->in == in_common) {
		tls->in = mem_new(left);
		memcpy(tls->in, in_common + tls->in_at, left);
		tls->in_n = left;
		tls->in_at = 0;
	}
}

/* False: nothing came. */
static bool
in_fill(struct tls *tls)
{
	ssize_t got;

	in_drop(tls);
	got = stream_read(tls->below, in_common, IN_BYTES);
	tls->is_dry = got < (ssize_t)IN_BYTES;
	if (got > 0) {
		tls->in = in_common;
		tls->in_n = (size_t)got;
		return true;
	}
	if (got == 0)
		tls->below_ended = true;
	else if (got != -EAGAIN)
		tls->read_error = (int)got;
	return false;
}

static int
bio_read(BIO *bio, char *to, int size)
{
	struct tls *tls = BIO_get_data(bio);
	size_t n = size > 0 ? (size_t)size : 0;

	BIO_clear_retry_flags(bio);
	if (tls->in_at == tls->in_n && !in_fill(tls)) {
		if (tls->below_ended)
			return 0;
		if (tls->read_error == 0)
			BIO_set_retry_read(bio);
		return -1;
	}
	if (n > tls->in_n - tls->in_at)
		n = tls->in_n - tls->in_at;
	memcpy(to, tls->in + tls->in_at, n);
	tls->in_at += n;
	return (int)n;
}

static int
bio_write(BIO *bio, const char *from, int size)
{
	struct tls *tls = BIO_get_data(bio);
	struct err err;

	BIO_clear_retry_flags(bio);
	if (tls->write_error != 0)
		return size; /* nobody will see it; reading goes on */
	buf_put(&tls->out, (struct slice){ from, (size_t)size });
	if (buf_check(&tls->out, &err))
		return size;
	tls->write_error = -ENOBUFS;
	return -1;
}

static long
bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	const struct tls *tls = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	if (what == BIO_CTRL_EOF)
		return tls->below_ended;
	return what == BIO_CTRL_FLUSH;
}

static BIO *
bio_new(struct tls *tls)
{
	static BIO_METHOD *method; /* one a process */
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
		must(method != NULL && BIO_meth_set_read(method, bio_read) == 1 &&
		    BIO_meth_set_write(method, bio_write) == 1 &&
		    BIO_meth_set_ctrl(method, bio_ctrl) == 1);
	}
	bio = BIO_new(method);
	must(bio != NULL);
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	return bio;
}

/* Hands `out` to the stream below; true: all of it went. */
static bool
out_flush(struct tls *tls)
{
	while (tls->out.n > tls->out_at && tls->write_error == 0) {
		struct iovec iov = { tls->out.p + tls->out_at, tls->out.n - tls->out_at };
		ssize_t took = stream_writev(tls->below, &iov, 1);

		if (took == -EAGAIN)
			return false;
		if (took < 0)
			tls->write_error = (int)took;
		else
			tls->out_at += (size_t)took;
	}
	buf_fini(&tls->out);
	tls->out_at = 0;
	if (tls->is_shut && tls->write_error == 0) {
		tls->is_shut = false;
		stream_shutdown(tls->below);
	}
	return tls->write_error == 0;
}

/* ---- readiness ------------------------------------------------------------------------------- */

static bool
has_more(const struct tls *tls)
{
	return tls->in_at < tls->in_n || tls_lib.SSL_pending(tls->ssl) > 0;
}

/* What the owner may do although the stream below announces nothing. */
static unsigned
always_ready(const struct tls *tls)
{
	if (tls->state == TLS_FAILED)
		return STREAM_READABLE | STREAM_WRITABLE;
	if (tls->state != TLS_OPEN)
		return 0;
	return (tls->has_ended || has_more(tls) ? STREAM_READABLE : 0) |
	    (tls->write_error != 0 ? STREAM_WRITABLE : 0);
}

static unsigned
wanted_below(const struct tls *tls)
{
	bool waits_to_write = tls->out.n > tls->out_at;
	unsigned wants = tls->wants, below = waits_to_write ? STREAM_WRITABLE : 0;

	switch ((enum tls_state)tls->state) {
	case TLS_CONNECTING:
		return wants != 0 ? STREAM_WRITABLE : 0;
	case TLS_HANDSHAKE:
		return wants != 0 ? below | STREAM_READABLE : 0;
	case TLS_OPEN:
		if (wants & STREAM_WRITABLE)
			below |= tls->writes_by_read ? STREAM_READABLE : STREAM_WRITABLE;
		return below | (wants & STREAM_READABLE);
	case TLS_FAILED:
		break;
	}
	return 0;
}

static void again(struct deferred *deferred);

/* After everything that may have changed what is ready or wanted. */
static void
settle(struct tls *tls)
{
	in_keep(tls);
	stream_want(tls->below, wanted_below(tls));
	if ((tls->wants & always_ready(tls)) != 0)
		loop_defer(tls->stream.loop, &tls->again, again);
	else
		deferred_stop(tls->stream.loop, &tls->again);
}

static void
again(struct deferred *deferred)
{
	struct tls *tls = CONTAINER(deferred, struct tls, again);

	/* Queued before the call, which may close the stream. */
	loop_defer(tls->stream.loop, deferred, again);
	tls->stream.on_ready(tls->stream.owner, tls->wants & always_ready(tls));
}

/* ---- OpenSSL's answers ----------------------------------------------------------------------- */

/* The connection broke, and OpenSSL has nothing to say of it. */
static void
why_broken(struct tls *tls, int error)
{
	const char *text = strerrordesc_np(-error);

	if (text == NULL)
		text = "unknown error";
	if (tls->state == TLS_HANDSHAKE)
		snprintf(tls->why, sizeof(tls->why), "the TLS handshake failed: %s", text);
	else if (tls->state == TLS_OPEN && !tls->has_read && !tls->is_server)
		snprintf(tls->why, sizeof(tls->why),
		    "%s right after the TLS handshake (the server may want a client certificate: "
		    "tls.cert and tls.key)",
		    text);
}

static void
fail(struct tls *tls)
{
	int io = tls->read_error != 0 ? tls->read_error : tls->write_error;
	bool in_handshake = tls->state != TLS_OPEN;

	if (io != 0 && ERR_peek_error() == 0) {
		tls->error = io;
		why_broken(tls, io);
	} else {
		tls->error = -EPROTO;
		if (tls->why[0] == '\0')
			tls_why_error(tls->why, in_handshake, tls->is_server);
		(void)out_flush(tls); /* the alert */
	}
	if (in_handshake) {
		tls_lib.SSL_SESSION_free(tls->peer->session);
		tls->peer->session = NULL;
	}
	tls->state = TLS_FAILED;
}

/* After a call that did not succeed: 0 the end, -EAGAIN, or the error that the stream has now. */
static ssize_t
result_of(struct tls *tls, int returned)
{
	switch (tls_lib.SSL_get_error(tls->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		tls->has_ended = true;
		return 0;
	default:
		fail(tls);
		return tls->error;
	}
}

static int
on_verify(int is_good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, tls_lib.SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *tls = tls_lib.SSL_get_ex_data(ssl, 0);

	if (!is_good)
		tls_why_certificate(tls->why, store, tls->peer);
	return is_good;
}

static void
handshake(struct tls *tls)
{
	int returned;

	ERR_clear_error();
	returned = tls_lib.SSL_do_handshake(tls->ssl);
	if (returned != 1 && result_of(tls, returned) != -EAGAIN)
		return;
	if (!out_flush(tls) && tls->write_error != 0)
		fail(tls);
	else
		tls->state = returned == 1 ? TLS_OPEN : TLS_HANDSHAKE;
}

/* ---- the stream's functions ------------------------------------------------------------------ */

static ssize_t
tls_read(struct stream *stream, void *to, size_t n)
{
	struct tls *tls = tls_of(stream);
	ssize_t result = -EAGAIN;
	size_t done = 0;

	if (tls->state != TLS_OPEN)
		return tls->state == TLS_FAILED ? tls->error : -EAGAIN;
	while (done < n) {
		size_t part;
		int returned;

		ERR_clear_error();
		returned = tls_lib.SSL_read_ex(tls->ssl, (char *)to + done, n - done, &part);
		if (returned != 1) {
			result = result_of(tls, returned);
			break;
		}
		done += part;
		tls->has_read = true;
		if (tls->is_dry && !has_more(tls))
			break;
	}
	(void)out_flush(tls); /* an answer to KeyUpdate or renegotiation */
	settle(tls);
	return done > 0 ? (ssize_t)done : result;
}

/* How much of one part was taken; *result: the error when it was not all. */
static size_t
part_write(struct tls *tls, const struct iovec *part, size_t room, ssize_t *result)
{
	size_t n = part->iov_len < room ? part->iov_len : room, took = 0;
	int returned;

	if (n == 0)
		return 0;
	ERR_clear_error();
	returned = tls_lib.SSL_write_ex(tls->ssl, part->iov_base, n, &took);
	if (returned == 1)
		return took;
	*result = result_of(tls, returned);
	if (*result == 0) /* the peer said that it ended: still it may read */
		*result = -EPIPE;
	tls->writes_by_read = *result == -EAGAIN;
	return 0;
}

/* Writing failed: the peer may have said why before it closed. */
static ssize_t
write_failed(struct tls *tls)
{
	size_t n;
	char one;
	int returned;

	ERR_clear_error();
	returned = tls_lib.SSL_peek_ex(tls->ssl, &one, 1, &n);
	if (returned != 1)
		(void)result_of(tls, returned);
	settle(tls);
	return tls->state == TLS_FAILED ? tls->error : tls->write_error;
}

static ssize_t
tls_writev(struct stream *stream, const struct iovec *iov, int n)
{
	struct tls *tls = tls_of(stream);
	ssize_t result = 0;
	size_t done = 0;

	if (tls->state != TLS_OPEN)
		return tls->state == TLS_FAILED ? tls->error : -EAGAIN;
	if (!out_flush(tls)) {
		if (tls->write_error != 0)
			return write_failed(tls);
		settle(tls);
		return -EAGAIN;
	}
	tls->writes_by_read = false;
	for (int i = 0; i < n && result == 0 && done < WRITE_BYTES; i++)
		done += part_write(tls, &iov[i], WRITE_BYTES - done, &result);
	(void)out_flush(tls);
	if (tls->write_error != 0 && tls->state == TLS_OPEN)
		return write_failed(tls);
	settle(tls);
	return done > 0 || result == 0 ? (ssize_t)done : result;
}

static void
tls_want(struct stream *stream, unsigned events)
{
	struct tls *tls = tls_of(stream);

	tls->wants = events;
	settle(tls);
}

static void
end_write(struct tls *tls)
{
	ERR_clear_error();
	if (tls->state == TLS_OPEN && tls->write_error == 0)
		(void)tls_lib.SSL_shutdown(tls->ssl);
}

static void
tls_shutdown(struct stream *stream)
{
	struct tls *tls = tls_of(stream);

	end_write(tls);
	tls->is_shut = true;
	(void)out_flush(tls);
	settle(tls);
}

/* The newest session, with what tickets have come; none whose certificate others had to vouch for.
 */
static void
session_keep(struct tls *tls)
{
	const struct tls_trust *trust = tls->peer->trust;
	SSL_SESSION *session;

	if (!tls_trust_is_ready(trust) || tls_trust_context(trust) != tls->context)
		return;
	session = tls_lib.SSL_get1_session(tls->ssl);
	if (session == NULL)
		return;
	if (tls_lib.SSL_SESSION_is_resumable(session) != 1) {
		tls_lib.SSL_SESSION_free(session);
		return;
	}
	tls_lib.SSL_SESSION_free(tls->peer->session);
	tls->peer->session = session;
}

static void
tls_close(struct stream *stream)
{
	struct tls *tls = tls_of(stream);

	end_write(tls);
	if (tls->state == TLS_OPEN) {
		(void)out_flush(tls);
		if (!tls->is_server)
			session_keep(tls);
	}
	deferred_stop(stream->loop, &tls->again);
	stream_close(&tls->below);
	tls_lib.SSL_free(tls->ssl);
	ERR_clear_error();
	buf_fini(&tls->out);
	in_drop(tls);
	mem_free(tls);
}

static void
below_ready(void *owner, unsigned events)
{
	struct tls *tls = owner;
	unsigned ready = 0;

	if (tls->state != TLS_OPEN) {
		handshake(tls);
		if (tls->state == TLS_OPEN)
			ready = tls->wants & STREAM_WRITABLE; /* what came with it: settle() */
	} else {
		if ((events & STREAM_WRITABLE) && out_flush(tls) && !tls->writes_by_read)
			ready |= tls->wants & STREAM_WRITABLE;
		if (events & STREAM_READABLE) {
			ready |= tls->wants &
			    (STREAM_READABLE | (tls->writes_by_read ? STREAM_WRITABLE : 0));
			tls->writes_by_read = false;
		}
	}
	settle(tls);
	if (ready != 0)
		tls->stream.on_ready(tls->stream.owner, ready);
}

static const struct stream_ops ops = {
	.read = tls_read,
	.writev = tls_writev,
	.want = tls_want,
	.shutdown = tls_shutdown,
	.close = tls_close,
};

/* ---- making them ----------------------------------------------------------------------------- */

/* Whom the certificate must name, and the time that counts for it: the loop's. */
static void
ssl_expect(SSL *ssl, struct tls_peer *peer, struct loop *loop)
{
	X509_VERIFY_PARAM *param = tls_lib.SSL_get0_param(ssl);

	X509_VERIFY_PARAM_set_time(param, (time_t)(loop_unix_ms(loop) / 1000));
	if (peer->host[0] == '\0')
		return;
	tls_lib.SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (peer->is_ip) {
		must(X509_VERIFY_PARAM_set1_ip_asc(param, peer->host) == 1);
	} else {
		must(tls_lib.SSL_set1_host(ssl, peer->host) == 1);
		must(tls_lib.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			 peer->host) == 1);
	}
	if (peer->session != NULL)
		(void)tls_lib.SSL_set_session(ssl, peer->session);
}

struct stream *
tls_stream_new(struct loop *loop, struct tls_peer *peer, struct stream **below)
{
	struct tls *tls = MEM_NEW(struct tls);
	BIO *bio = bio_new(tls);

	tls->below = *below;
	*below = NULL;
	tls->stream.ops = &ops;
	tls->stream.loop = loop;
	tls->peer = peer;
	tls->below->on_ready = below_ready;
	tls->below->owner = tls;
	buf_init(&tls->out, loop_memory(loop), OUT_MAX);
	tls->is_server = tls_trust_serves(peer->trust);
	tls->context = tls_trust_context(peer->trust);
	tls->ssl = tls_lib.SSL_new(tls_trust_context(peer->trust));
	must(tls->ssl != NULL);
	if (!tls->is_server || *tls_trust_ca(peer->trust) != '\0')
		tls_lib.SSL_set_verify(
		    tls->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	must(tls_lib.SSL_set_ex_data(tls->ssl, 0, tls) == 1);
	tls_lib.SSL_set_bio(tls->ssl, bio, bio);
	if (tls->is_server) {
		tls->state = TLS_HANDSHAKE; /* the client speaks first */
		tls_lib.SSL_set_accept_state(tls->ssl);
	} else {
		tls_lib.SSL_set_connect_state(tls->ssl);
	}
	ssl_expect(tls->ssl, peer, loop);
	return &tls->stream;
}

const char *
tls_stream_why(const struct stream *stream)
{
	const struct tls *tls = tls_of(stream);

	if (tls->state == TLS_HANDSHAKE)
		return "the TLS handshake did not end in time";
	return tls->why[0] != '\0' ? tls->why : NULL;
}

void
tls_peer_init(struct tls_peer *peer, struct slice host)
{
	unsigned char ip[16];

	*peer = (struct tls_peer){ .trust = NULL };
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--; /* certificates name hosts without it */
	must(host.n < sizeof(peer->host));
	memcpy(peer->host, host.p, host.n);
	peer->is_ip =
	    inet_pton(AF_INET, peer->host, ip) == 1 || inet_pton(AF_INET6, peer->host, ip) == 1;
}

bool
tls_peer_renew(struct tls_peer *peer, const struct tls_files *files, enum tls_side side)
{
	struct tls_trust *before = peer->trust;
	bool is_new;

	peer->trust = tls_trust_ref(files, side);
	is_new = peer->trust != before;
	/* Who was believed then has to show his certificate again. */
	if (is_new && peer->session != NULL) {
		tls_lib.SSL_SESSION_free(peer->session);
		peer->session = NULL;
	}
	tls_trust_unref(&before);
	return is_new;
}

void
tls_peer_fini(struct tls_peer *peer)
{
	if (peer->session != NULL)
		tls_lib.SSL_SESSION_free(peer->session);
	peer->session = NULL;
	tls_trust_unref(&peer->trust);
}
