/*
 * REST calls by https and through proxies, over real sockets: whose certificates are taken, client
 * keys with and without a password, what is said to a proxy, and the words of what fails.
 */
#include "identity.h"
#include "rest_world.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#define DAY_S	 86400
#define PASSWORD "open sesame"

/* ---- certificates ---------------------------------------------------------------------------- */

static struct {
	char dir[40];
	struct identity ca, other_ca, good, expired, other_name, self, client;
	char locked_path[80];
} made;

static void
make(struct identity *out, const char *name, const struct identity *issuer, const char *alternative,
    int from_days, int to_days)
{
	time_t now = time(NULL);

	identity_write(out, made.dir, name, issuer, alternative, now + (time_t)from_days * DAY_S,
	    now + (time_t)to_days * DAY_S);
}

static int
make_all(void **state)
{
	FILE *file;

	snprintf(made.dir, sizeof(made.dir), "/tmp/test_rest_tls.XXXXXX");
	assert_non_null(mkdtemp(made.dir));
	make(&made.ca, "Test CA", NULL, NULL, -99, 99);
	make(&made.other_ca, "Other CA", NULL, NULL, -99, 99);
	make(&made.good, "good", &made.ca, "DNS:server.test,DNS:proxy.test,IP:127.0.0.1", -9, 9);
	make(&made.expired, "expired", &made.ca, "DNS:server.test", -9, -1);
	make(&made.other_name, "other", &made.ca, "DNS:a.test", -9, 9);
	make(&made.self, "self", NULL, "DNS:server.test", -9, 9);
	make(&made.client, "client", &made.ca, "DNS:client.test", -9, 9);
	snprintf(made.locked_path, sizeof(made.locked_path), "%s/locked.key", made.dir);
	file = fopen(made.locked_path, "w");
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, made.client.key, EVP_aes_128_cbc(),
			     PASSWORD, sizeof(PASSWORD) - 1, NULL, NULL),
	    1);
	fclose(file);
	return 0;
}

static int
free_all(void **state)
{
	struct identity *all[] = { &made.ca, &made.other_ca, &made.good, &made.expired,
		&made.other_name, &made.self, &made.client };

	for (size_t i = 0; i < COUNT(all); i++)
		identity_free(all[i]);
	unlink(made.locked_path);
	return rmdir(made.dir);
}

/* ---- the other side -------------------------------------------------------------------------- */

/* What a connection begins with, before HTTP. */
enum opening { OPEN_HTTP, OPEN_CONNECT, OPEN_SOCKS };

/* A server and a proxy in one: whom it opens a tunnel to is itself. */
struct side {
	struct raw_server raw; /* must be first */
	SSL_CTX *context;      /* NULL: plain */
	enum opening opening;
	bool is_tls_first;     /* an https proxy */
	const char *connected; /* answer to CONNECT */
	bool socks_password;
	struct buf opened; /* what was said to open the tunnel */
	struct buf heard;  /* the last request */
	char alpn[64];
	bool was_hello; /* a server name came */
	unsigned handshakes, requests;
	const char *answer;
};

struct side_end {
	SSL *ssl;
	struct buf text; /* plain */
	unsigned step;	 /* of SOCKS; 1 of CONNECT: done */
	bool is_open, is_accepted;
};

static void
end_free(struct raw_peer *peer)
{
	struct side_end *end = peer->user;

	if (end == NULL)
		return;
	SSL_free(end->ssl);
	buf_fini(&end->text);
	mem_free(end);
	peer->user = NULL;
}

static void
end_start_tls(struct side *side, struct side_end *end)
{
	end->ssl = SSL_new(side->context);
	SSL_set_bio(end->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(end->ssl), -1);
	BIO_set_mem_eof_return(SSL_get_wbio(end->ssl), -1);
	SSL_set_accept_state(end->ssl);
}

static struct side_end *
end_of(struct raw_peer *peer)
{
	struct side *side = (struct side *)peer->server;
	struct side_end *end = peer->user;

	if (end != NULL)
		return end;
	end = MEM_NEW(struct side_end);
	buf_init(&end->text, NULL, SIZE_MAX);
	end->is_open = side->opening == OPEN_HTTP;
	if (side->context != NULL && (end->is_open || side->is_tls_first))
		end_start_tls(side, end);
	peer->user = end;
	return end;
}

static void
end_flush(struct raw_peer *peer, struct side_end *end)
{
	char *out;
	long n = end->ssl != NULL ? BIO_get_mem_data(SSL_get_wbio(end->ssl), &out) : 0;

	if (n <= 0)
		return;
	raw_peer_say(peer, (struct slice){ out, (size_t)n });
	(void)BIO_reset(SSL_get_wbio(end->ssl));
}

static void
end_say(struct raw_peer *peer, struct side_end *end, struct slice text)
{
	if (end->ssl == NULL)
		raw_peer_say(peer, text);
	else
		assert_int_equal(SSL_write(end->ssl, text.p, (int)text.n), (int)text.n);
}

/* From what came on the wire to plain text. */
static void
end_read(struct raw_peer *peer, struct side *side, struct side_end *end)
{
	char bytes[4096];
	int got;

	if (end->ssl == NULL) {
		buf_put(&end->text, buf_view(&peer->heard));
		buf_clear(&peer->heard);
		return;
	}
	BIO_write(SSL_get_rbio(end->ssl), peer->heard.p, (int)peer->heard.n);
	buf_clear(&peer->heard);
	ERR_clear_error();
	if (!end->is_accepted && SSL_do_handshake(end->ssl) == 1) {
		end->is_accepted = true;
		side->handshakes++;
	}
	while (end->is_accepted && (got = SSL_read(end->ssl, bytes, sizeof(bytes))) > 0)
		buf_put(&end->text, (struct slice){ bytes, (size_t)got });
}

/* RFC 1928, 1929: one message after the other, each whole in what came. */
static void
socks_step(struct raw_peer *peer, struct side *side, struct side_end *end)
{
	static const char method[] = { 5, 0 }, password[] = { 5, 2 }, good[] = { 1, 0 };
	static const char connected[] = { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	struct slice says[] = { { method, 2 }, { good, 2 }, { connected, 10 } };

	buf_put(&side->opened, buf_view(&end->text));
	buf_clear(&end->text);
	if (end->step == 0 && side->socks_password)
		says[0].p = password;
	end_say(peer, end, says[end->step]);
	end->step += end->step == 0 && !side->socks_password ? 2 : 1;
	end->is_open = end->step == 3;
}

static void
connect_step(struct raw_peer *peer, struct side *side, struct side_end *end)
{
	if (memmem(end->text.p, end->text.n, "\r\n\r\n", 4) == NULL)
		return;
	buf_put(&side->opened, buf_view(&end->text));
	buf_clear(&end->text);
	end_say(peer, end, slice_of(side->connected));
	end->is_open = true;
	if (side->context != NULL && !side->is_tls_first)
		end_start_tls(side, end);
}

static void
side_heard(struct raw_peer *peer)
{
	struct side *side = (struct side *)peer->server;
	struct side_end *end = end_of(peer);

	end_read(peer, side, end);
	if (!end->is_open && end->text.n > 0) {
		if (side->opening == OPEN_SOCKS)
			socks_step(peer, side, end);
		else
			connect_step(peer, side, end);
	} else if (end->text.n > 0 && memmem(end->text.p, end->text.n, "\r\n\r\n", 4) != NULL) {
		side->requests++;
		buf_clear(&side->heard);
		buf_put(&side->heard, buf_view(&end->text));
		buf_putc(&side->heard, '\0');
		buf_clear(&end->text);
		end_say(peer, end, slice_of(side->answer));
	}
	end_flush(peer, end);
}

static int
choose(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
    unsigned in_n, void *arg)
{
	struct side *side = arg;

	snprintf(side->alpn, sizeof(side->alpn), "%.*s", (int)in_n, (const char *)in);
	side->was_hello = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != NULL;
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_n,
		(const unsigned char *)"\x08http/1.1", 9, in, in_n) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

struct fixture {
	struct world world;
	struct side side;
	unsigned port;
};

static const struct http_handler nobody;

static void
begin(struct fixture *fixture, const struct identity *identity)
{
	struct side *side = &fixture->side;

	*fixture = (struct fixture){ .port = 0 };
	world_begin(&fixture->world, &nobody);
	fixture->port = raw_open(&side->raw, fixture->world.loop);
	side->raw.on_heard = side_heard;
	side->raw.on_closed = end_free;
	side->answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
	side->connected = "HTTP/1.1 200 Yes\r\nVia: x\r\n\r\n";
	buf_init(&side->opened, NULL, SIZE_MAX);
	buf_init(&side->heard, NULL, SIZE_MAX);
	dns.ip[0] = "127.0.0.1";
	dns.n = 1;
	dns.asked = 0;
	if (identity == NULL)
		return;
	side->context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_alpn_select_cb(side->context, choose, side);
	assert_int_equal(SSL_CTX_use_certificate(side->context, identity->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(side->context, identity->key), 1);
	SSL_CTX_set_session_id_context(side->context, (const unsigned char *)"t", 1);
}

static void
end(struct fixture *fixture)
{
	rest_pool_free(&fixture->world.pool);
	raw_close(&fixture->side.raw);
	SSL_CTX_free(fixture->side.context);
	buf_fini(&fixture->side.opened);
	buf_fini(&fixture->side.heard);
	world_end(&fixture->world);
}

static void
ask(struct fixture *fixture, struct rest_settings *settings, const char *host, struct call *one)
{
	pool_open_with(&fixture->world, settings, "https", host, fixture->port, "/base");
	call(one, &fixture->world, "GET", "/x");
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void
certificates(void **state)
{
	const struct {
		const struct identity *server;
		const char *host, *ca, *text; /* NULL: it is good */
		bool is_unverified;
	} rows[] = {
		{ &made.good, "server.test", made.ca.cert_path, NULL, false },
		{ &made.good, "127.0.0.1", made.ca.cert_path, NULL, false },
		{ &made.self, "server.test", made.self.cert_path, NULL, false },
		{ &made.good, "server.test", made.other_ca.cert_path,
		    "signed by \"Test CA\", which is not in tls.ca", false },
		{ &made.self, "server.test", made.ca.cert_path, "which is not in tls.ca", false },
		{ &made.expired, "server.test", made.ca.cert_path, "the certificate expired on ",
		    false },
		{ &made.other_name, "server.test", made.ca.cert_path,
		    "the certificate is not for server.test, but for: a.test", false },
		{ &made.good, "server.test", NULL, "which this machine does not trust", false },
		{ &made.self, "server.test", NULL, NULL, true },
		{ &made.expired, "elsewhere.test", NULL, NULL, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rest_settings settings = { .tls.ca = slice_of(rows[i].ca),
			.is_unverified = rows[i].is_unverified };
		struct fixture fixture;
		struct call one;

		begin(&fixture, rows[i].server);
		ask(&fixture, &settings, rows[i].host, &one);
		if (rows[i].text == NULL)
			assert_reply(&one, 200, "fine");
		else
			assert_failed(&one, ERR_UNAVAILABLE, rows[i].text, false);
		assert_int_equal(fixture.side.requests, rows[i].text == NULL);
		call_fini(&one);
		end(&fixture);
	}
}

/* What the system trusts, where no file is named. */
static void
system_authorities(void **state)
{
	struct rest_settings settings = { .connections = 1 };
	struct fixture fixture;
	struct call one;

	begin(&fixture, &made.good);
	setenv("SSL_CERT_FILE", made.ca.cert_path, 1);
	ask(&fixture, &settings, "server.test", &one);
	unsetenv("SSL_CERT_FILE");
	assert_reply(&one, 200, "fine");
	call_fini(&one);
	end(&fixture);
}

static void
said_to_the_server(void **state)
{
	struct rest_settings settings = { .tls.ca = slice_of(made.ca.cert_path) };
	struct fixture fixture;
	struct call one;

	begin(&fixture, &made.good);
	ask(&fixture, &settings, "server.test", &one);
	assert_reply(&one, 200, "fine");
	assert_string_equal(fixture.side.alpn, "\x02h2\x08http/1.1");
	assert_true(fixture.side.was_hello);
	call_fini(&one);
	/* Kept: no second handshake. */
	call(&one, &fixture.world, "GET", "/y");
	assert_reply(&one, 200, "fine");
	assert_int_equal(fixture.side.handshakes, 1);
	call_fini(&one);
	end(&fixture);
}

static void
no_such_authorities(void **state)
{
	struct rest_settings settings = { .tls.ca = S("/no/such/file.pem") };
	struct fixture fixture;
	struct call one;

	begin(&fixture, &made.good);
	ask(&fixture, &settings, "server.test", &one);
	assert_failed(&one, ERR_CONFIG, "tls.ca: /no/such/file.pem", false);
	call_fini(&one);
	end(&fixture);
}

static void
client_keys(void **state)
{
	const struct {
		const char *cert, *key, *password, *text;
		bool is_new; /* TLS 1.3: refused after the handshake */
	} rows[] = {
		{ made.client.cert_path, made.client.key_path, NULL, NULL },
		{ made.client.cert_path, made.locked_path, PASSWORD, NULL, true },
		{ NULL, NULL, NULL, "certificate required", true },
		{ made.client.cert_path, made.locked_path, PASSWORD, NULL },
		{ made.client.cert_path, made.locked_path, "wrong",
		    "tls.cert or tls.key cannot be used" },
		{ made.client.cert_path, made.locked_path, NULL,
		    "tls.cert or tls.key cannot be used" },
		{ made.client.cert_path, made.good.key_path, NULL,
		    "tls.cert or tls.key cannot be used" },
		{ "/no/such.pem", made.client.key_path, NULL,
		    "tls.cert or tls.key cannot be used" },
		{ NULL, NULL, NULL, "https://server.test" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rest_settings settings = { .tls = { slice_of(made.ca.cert_path),
						      slice_of(rows[i].cert),
						      slice_of(rows[i].key) },
			.key_password = slice_of(rows[i].password) };
		struct fixture fixture;
		struct call one;

		begin(&fixture, &made.good);
		if (!rows[i].is_new)
			SSL_CTX_set_max_proto_version(fixture.side.context, TLS1_2_VERSION);
		SSL_CTX_set_verify(
		    fixture.side.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		X509_STORE_add_cert(
		    SSL_CTX_get_cert_store(fixture.side.context), made.ca.certificate);
		ask(&fixture, &settings, "server.test", &one);
		if (rows[i].text == NULL)
			assert_reply(&one, 200, "fine");
		else
			assert_failed(&one, ERR_UNAVAILABLE, rows[i].text, rows[i].is_new);
		assert_null(strstr(one.err.text, PASSWORD));
		call_fini(&one);
		end(&fixture);
	}
}

static void
handshakes_that_fail(void **state)
{
	struct rest_settings settings = { .tls.ca = slice_of(made.ca.cert_path) };
	struct fixture fixture;
	struct call one;

	begin(&fixture, NULL); /* it speaks plain HTTP */
	fixture.side.raw.on_heard = NULL;
	fixture.side.raw.hangs_up_at_once = true;
	ask(&fixture, &settings, "server.test", &one);
	assert_failed(&one, ERR_UNAVAILABLE, "https://server.test:", false);
	call_fini(&one);
	end(&fixture);
}

/* ---- proxies --------------------------------------------------------------------------------- */

static bool
asked_proxy(void *owner, const struct address *address)
{
	*(uint16_t *)owner = address->port;
	return true;
}

static void
ask_by(struct fixture *fixture, struct rest_settings *settings, const char *scheme,
    const char *proxy, struct call *one)
{
	char url[200];
	uint16_t port = 0;

	snprintf(url, sizeof(url), "%s%s:%u", proxy, strchr(proxy, '@') != NULL ? "" : "proxy.test",
	    fixture->port);
	settings->proxy = slice_of(url);
	settings->may_connect = asked_proxy;
	settings->owner = &port;
	pool_open_with(&fixture->world, settings, scheme, "server.test", 8443, "/base");
	call(one, &fixture->world, "GET", "/x");
	assert_int_equal(port, fixture->port);
}

static void
plain_by_proxy(void **state)
{
	struct rest_settings settings = { .connections = 1 };
	struct fixture fixture;
	struct call one;

	begin(&fixture, NULL);
	ask_by(&fixture, &settings, "http", "http://user:pa%40ss@proxy.test", &one);
	assert_reply(&one, 200, "fine");
	assert_non_null(
	    strstr(fixture.side.heard.p, "GET http://server.test:8443/base/x HTTP/1.1\r\n"));
	assert_non_null(
	    strstr(fixture.side.heard.p, "Proxy-Authorization: Basic dXNlcjpwYUBzcw==\r\n"));
	assert_int_equal(dns.asked, 1);
	assert_string_equal(dns.last, "proxy.test");
	call_fini(&one);
	fixture.side.answer = "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n";
	call(&one, &fixture.world, "GET", "/x");
	assert_failed(&one, ERR_UNAVAILABLE, "said 407 (it wants a user and password)", false);
	assert_null(strstr(one.err.text, "pa@ss"));
	assert_null(strstr(one.err.text, "pa%40ss"));
	assert_non_null(strstr(one.err.text, "the proxy proxy.test:"));
	call_fini(&one);
	end(&fixture);
}

static void
tls_by_proxy(void **state)
{
	struct rest_settings settings = { .tls.ca = slice_of(made.ca.cert_path) };
	struct fixture fixture;
	struct call one;

	begin(&fixture, &made.good);
	fixture.side.opening = OPEN_CONNECT;
	ask_by(&fixture, &settings, "https", "http://user:secret@proxy.test", &one);
	assert_reply(&one, 200, "fine");
	buf_putc(&fixture.side.opened, '\0');
	assert_non_null(strstr(fixture.side.opened.p, "CONNECT server.test:8443 HTTP/1.1\r\n"));
	assert_non_null(strstr(fixture.side.opened.p, "Proxy-Authorization: Basic "));
	assert_non_null(strstr(fixture.side.heard.p, "GET /base/x HTTP/1.1\r\n"));
	assert_null(strstr(fixture.side.heard.p, "Proxy-Authorization"));
	assert_null(rest_header(&one.reply, S("Via")).p); /* the proxy's, not the answer's */
	assert_string_equal(dns.last, "proxy.test");
	call_fini(&one);
	end(&fixture);
}

static void
refused_by_proxy(void **state)
{
	static const struct {
		const char *answer, *text;
	} rows[] = {
		{ "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
		    "the proxy said 407 (it wants a user and password)" },
		{ "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "the proxy said 403" },
		{ "what?\r\n\r\n", "https://server.test:8443 by the proxy proxy.test:" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rest_settings settings = { .tls.ca = slice_of(made.ca.cert_path) };
		struct fixture fixture;
		struct call one;

		begin(&fixture, &made.good);
		fixture.side.opening = OPEN_CONNECT;
		fixture.side.connected = rows[i].answer;
		ask_by(&fixture, &settings, "https", "http://user:secret@proxy.test", &one);
		assert_failed(&one, ERR_UNAVAILABLE, rows[i].text, false);
		assert_non_null(strstr(one.err.text, " by the proxy proxy.test:"));
		assert_null(strstr(one.err.text, "secret"));
		call_fini(&one);
		end(&fixture);
	}
}

static void
proxy_by_tls(void **state)
{
	struct rest_settings settings = { .tls.ca = slice_of(made.ca.cert_path) };
	struct fixture fixture;
	struct call one;

	begin(&fixture, &made.good);
	ask_by(&fixture, &settings, "http", "https://", &one);
	assert_reply(&one, 200, "fine");
	assert_int_equal(fixture.side.handshakes, 1);
	assert_non_null(strstr(fixture.side.heard.p, "GET http://server.test:8443/base/x"));
	call_fini(&one);
	end(&fixture);
	/* A proxy that nobody vouches for hears nothing, also when the service need not be known.
	 */
	begin(&fixture, &made.self);
	settings.is_unverified = true;
	ask_by(&fixture, &settings, "http", "https://", &one);
	assert_failed(&one, ERR_UNAVAILABLE, "which is not in tls.ca", false);
	assert_int_equal(fixture.side.requests, 0);
	call_fini(&one);
	end(&fixture);
}

static void
socks(void **state)
{
	static const struct {
		const char *proxy;
		bool has_password;
		unsigned asked; /* names */
		struct slice said;
	} rows[] = {
		{ "socks5h://", false, 1, { "\5\1\0\3\x0bserver.test\x20\xfb", 18 } },
		{ "socks5h://user:secret@proxy.test", true, 1, { "\1\4user\6secret", 13 } },
		{ "socks5://", false, 2, { "\5\1\0\1\x7f\0\0\1\x20\xfb", 10 } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rest_settings settings = { .connections = 1 };
		struct fixture fixture;
		struct call one;

		begin(&fixture, NULL);
		fixture.side.opening = OPEN_SOCKS;
		fixture.side.socks_password = rows[i].has_password;
		ask_by(&fixture, &settings, "http", rows[i].proxy, &one);
		assert_reply(&one, 200, "fine");
		assert_non_null(strstr(fixture.side.heard.p, "GET /base/x HTTP/1.1\r\n"));
		assert_non_null(memmem(
		    fixture.side.opened.p, fixture.side.opened.n, rows[i].said.p, rows[i].said.n));
		assert_int_equal(dns.asked, rows[i].asked);
		call_fini(&one);
		end(&fixture);
	}
}

static void
proxy_is_down(void **state)
{
	struct rest_settings settings = { .proxy = S("http://user:secret@127.0.0.1:1") };
	struct fixture fixture;
	struct call one;

	begin(&fixture, NULL);
	pool_open_with(&fixture.world, &settings, "http", "server.test", 80, "");
	call(&one, &fixture.world, "GET", "/x");
	assert_failed(&one, ERR_UNAVAILABLE,
	    "http://server.test:80 by the proxy 127.0.0.1:1: cannot connect: Connection refused",
	    false);
	call_fini(&one);
	end(&fixture);
}

/* Proxies of the environment are nobody's business, nor what it exempts from them. */
static void
environment(void **state)
{
	struct rest_settings settings = { .connections = 1 };
	struct fixture fixture;
	struct call one;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	setenv("no_proxy", "server.test", 1);
	begin(&fixture, NULL);
	pool_open_with(&fixture.world, &settings, "http", "other.test", fixture.port, "/base");
	call(&one, &fixture.world, "GET", "/x");
	assert_reply(&one, 200, "fine");
	assert_non_null(strstr(fixture.side.heard.p, "GET /base/x HTTP/1.1\r\n"));
	call_fini(&one);
	ask_by(&fixture, &settings, "http", "http://", &one);
	assert_reply(&one, 200, "fine");
	assert_non_null(strstr(fixture.side.heard.p, "GET http://server.test:8443/base/x"));
	call_fini(&one);
	end(&fixture);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("no_proxy");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates),
		cmocka_unit_test(system_authorities),
		cmocka_unit_test(said_to_the_server),
		cmocka_unit_test(no_such_authorities),
		cmocka_unit_test(client_keys),
		cmocka_unit_test(handshakes_that_fail),
		cmocka_unit_test(plain_by_proxy),
		cmocka_unit_test(tls_by_proxy),
		cmocka_unit_test(refused_by_proxy),
		cmocka_unit_test(proxy_by_tls),
		cmocka_unit_test(socks),
		cmocka_unit_test(proxy_is_down),
		cmocka_unit_test(environment),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
