/*
 * The HTTP client over TLS, against OpenSSL's server in memory: whose certificates are taken, what
 * errors say, cut and hanging handshakes, long bodies, renegotiation, ends.  Keys and certificates
 * are made when the tests start, around the double's clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "identity.h"
#include "net/http_link.h"
#include "stream_double.h"

#define NOW_S 1700000000
#define DAY_S 86400

/* ---- certificates ---------------------------------------------------------------------------- */

static struct {
	char dir[32];
	struct identity ca, other_ca, good, expired, future, other_name, by_ip, self, client;
	char locked_path[80], nothing_path[80];
} made;

static void
identity_make(struct identity *out, const char *name, const struct identity *issuer,
    const char *alternative, int from_days, int to_days)
{
	identity_write(out, made.dir, name, issuer, alternative, NOW_S + (time_t)from_days * DAY_S,
	    NOW_S + (time_t)to_days * DAY_S);
}

static int
make_all(void **state)
{
	FILE *file;

	(void)state;
	snprintf(made.dir, sizeof(made.dir), "/tmp/test_tls.XXXXXX");
	assert_non_null(mkdtemp(made.dir));
	identity_make(&made.ca, "Test CA", NULL, NULL, -99, 99);
	identity_make(&made.other_ca, "Other CA", NULL, NULL, -99, 99);
	identity_make(&made.good, "good", &made.ca, "DNS:*.w.test,DNS:server.test", -9, 9);
	identity_make(&made.expired, "expired", &made.ca, "DNS:server.test", -9, -1);
	identity_make(&made.future, "future", &made.ca, "DNS:server.test", 1, 9);
	identity_make(&made.other_name, "other", &made.ca,
	    "DNS:a.test,DNS:b.test,IP:10.0.0.1,DNS:c.test,DNS:d.test,DNS:e.test", -9, 9);
	identity_make(&made.by_ip, "ip", &made.ca, "IP:127.0.0.1", -9, 9);
	identity_make(&made.self, "self", NULL, "DNS:server.test", -9, 9);
	identity_make(&made.client, "client", &made.ca, "DNS:client.test", -9, 9);
	snprintf(made.locked_path, sizeof(made.locked_path), "%s/locked.key", made.dir);
	file = fopen(made.locked_path, "w");
	assert_int_equal(PEM_write_PrivateKey(file, made.client.key, EVP_aes_128_cbc(),
			     (const unsigned char *)"x", 1, NULL, NULL),
	    1);
	fclose(file);
	snprintf(made.nothing_path, sizeof(made.nothing_path), "%s/nothing", made.dir);
	return 0;
}

static int
free_all(void **state)
{
	struct identity *all[] = { &made.ca, &made.other_ca, &made.good, &made.expired,
		&made.future, &made.other_name, &made.by_ip, &made.self, &made.client };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		identity_free(all[i]);
	unlink(made.locked_path);
	return rmdir(made.dir);
}

/* ---- the server ------------------------------------------------------------------------------ */

struct server {
	SSL_CTX *context;
	SSL *ssl;
	struct peer *peer;
	size_t heard_at;
	struct buf got; /* plain text */
	bool is_accepted, is_mute;
	size_t answer_bytes; /* of the body; SIZE_MAX: what the request had */
	const char *answer;  /* instead, with its head */
	unsigned answers;
};

static void
server_init(struct server *server, const struct identity *identity)
{
	*server = (struct server){ .answer_bytes = SIZE_MAX };
	server->context = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(server->context, identity->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server->context, identity->key), 1);
	SSL_CTX_set_session_id_context(server->context, (const unsigned char *)"t", 1);
	buf_init(&server->got, NULL, SIZE_MAX);
}

/* The newest connection of the machine. */
static void
server_attach(struct server *server, struct peer *peer)
{
	SSL_free(server->ssl);
	server->peer = peer;
	server->heard_at = 0;
	server->is_accepted = false;
	buf_clear(&server->got);
	server->ssl = SSL_new(server->context);
	SSL_set_bio(server->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(server->ssl), -1);
	BIO_set_mem_eof_return(SSL_get_wbio(server->ssl), -1);
	SSL_set_accept_state(server->ssl);
}

static void
server_fini(struct server *server)
{
	SSL_free(server->ssl);
	SSL_CTX_free(server->context);
	buf_fini(&server->got);
}

static void
server_write(struct server *server, struct slice text)
{
	assert_int_equal(SSL_write(server->ssl, text.p, (int)text.n), (int)text.n);
}

static void
server_answer(struct server *server, struct slice body)
{
	char head[100];

	server->answers++;
	if (server->answer != NULL) {
		server_write(server, slice_of(server->answer));
		return;
	}
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body.n);
	server_write(server, slice_of(head));
	if (body.n > 0)
		server_write(server, body);
}

static void
server_look(struct server *server)
{
	struct slice all = buf_view(&server->got);
	const char *end = memmem(all.p, all.n, "\r\n\r\n", 4);
	const char *length = memmem(all.p, all.n, "Content-Length: ", 16);
	size_t head, body;

	if (end == NULL)
		return;
	head = (size_t)(end - all.p) + 4;
	body = length != NULL && length < end ? strtoull(length + 16, NULL, 10) : 0;
	if (all.n < head + body)
		return;
	server_answer(server, (struct slice){ all.p + head, body });
	buf_clear(&server->got);
}

/* What the server does with what came, and its bytes to the client. */
static void
server_pump(struct server *server)
{
	struct slice heard;
	static char bytes[65536];
	char *out;
	long n;
	int got;

	if (server->ssl == NULL || server->is_mute)
		return;
	heard = peer_heard(server->peer);
	if (heard.n > server->heard_at) {
		BIO_write(SSL_get_rbio(server->ssl), heard.p + server->heard_at,
		    (int)(heard.n - server->heard_at));
		server->heard_at = heard.n;
	}
	ERR_clear_error();
	if (!server->is_accepted)
		server->is_accepted = SSL_do_handshake(server->ssl) == 1;
	while (server->is_accepted && (got = SSL_read(server->ssl, bytes, sizeof(bytes))) > 0) {
		buf_put(&server->got, (struct slice){ bytes, (size_t)got });
		server_look(server);
	}
	n = BIO_get_mem_data(SSL_get_wbio(server->ssl), &out);
	if (n > 0) {
		peer_says(server->peer, (struct slice){ out, (size_t)n });
		(void)BIO_reset(SSL_get_wbio(server->ssl));
		server->peer->machine->events++;
	}
}

/* ---- the client ------------------------------------------------------------------------------ */

struct fixture {
	struct machine machine;
	struct loop *loop;
	struct http_pool *pool;
	struct server server;
	struct buf got;
	struct err err;
	int status;
	unsigned dones;
	bool is_resolved;
	size_t read_max, write_max; /* of connections */
};

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	(void)fetch;
	((struct fixture *)owner)->status = status;
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	(void)fetch;
	buf_put(&((struct fixture *)owner)->got, (struct slice){ bytes, n });
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct fixture *fixture = owner;

	(void)fetch;
	fixture->dones++;
	fixture->err = err != NULL ? *err : (struct err){ .kind = ERR_NONE };
}

static const struct fetch_handler handler = { on_head, on_data, on_done };

static void
resolve(void *arg)
{
	struct fixture *fixture = arg;

	fixture->is_resolved = http_pool_resolve_wait(fixture->pool, &fixture->err);
}

static void
resolve_all(struct fixture *fixture)
{
	struct group group = { .running = 0 };
	struct err err;

	/* Nobody is to be asked. */
	if (fixture->pool->addresses_n > 0)
		fixture->pool->is_stale = false;
	fixture->is_resolved = false;
	fixture->err = (struct err){ 0 };
	assert_true(group_spawn(fixture->loop, &group, "resolve", resolve, fixture, &err));
	while (group.running > 0)
		machine_turns(&fixture->machine, fixture->loop);
}

static void
pool_open(struct fixture *fixture, const char *url, const struct tls_files *files)
{
	struct err err;

	http_pool_free(&fixture->pool);
	assert_true(http_pool_new(fixture->loop, slice_of(url), 2, 10000, &fixture->pool, &err));
	if (files != NULL)
		http_pool_set_tls(fixture->pool, files);
	if (fixture->pool->addresses_n == 0) {
		fixture->pool->addresses[0] =
		    (struct address){ .ip = { 127, 0, 0, 1 }, .port = 443 };
		fixture->pool->addresses_n = 1;
	}
	resolve_all(fixture);
}

static void
begin_at(struct fixture *fixture, const struct identity *identity, const char *url,
    const struct tls_files *files)
{
	*fixture = (struct fixture){ .dones = 0 };
	fixture->loop = machine_loop(&fixture->machine);
	buf_init(&fixture->got, NULL, SIZE_MAX);
	server_init(&fixture->server, identity);
	pool_open(fixture, url, files);
}

static void
begin(struct fixture *fixture, const struct identity *identity)
{
	struct tls_files files = { .ca = slice_of(made.ca.cert_path) };

	begin_at(fixture, identity, "https://server.test/", &files);
	assert_true(fixture->is_resolved);
}

static void
end(struct fixture *fixture)
{
	http_pool_free(&fixture->pool);
	server_fini(&fixture->server);
	buf_fini(&fixture->got);
	for (unsigned i = 0; i < fixture->machine.peers_n; i++)
		assert_true(fixture->machine.peers[i]->is_closed);
	assert_int_equal(loop_memory(fixture->loop)->used_bytes, 0);
	machine_end(&fixture->machine, &fixture->loop);
}

/* Both sides go on until nothing happens. */
static void
run(struct fixture *fixture)
{
	unsigned was;

	do {
		struct peer *peer = machine_last(&fixture->machine);

		was = fixture->machine.events;
		if (peer != NULL && fixture->server.peer != peer) {
			peer->read_max = fixture->read_max;
			peer->write_max = fixture->write_max;
			server_attach(&fixture->server, peer);
		}
		machine_turns(&fixture->machine, fixture->loop);
		server_pump(&fixture->server);
	} while (fixture->machine.events != was);
}

static void
start(struct fixture *fixture, struct slice body)
{
	struct fetch_request request = { .method = S("POST"),
		.path = S("/mcp"),
		.body = &body,
		.body_parts = 1,
		.idle_ms = 60000 };

	buf_clear(&fixture->got);
	fixture->dones = 0;
	fixture->status = 0;
	(void)fetch_start(fixture->pool, &request, &handler, fixture);
}

static void
fetch(struct fixture *fixture, struct slice body)
{
	start(fixture, body);
	run(fixture);
}

static void
assert_done(struct fixture *fixture, struct slice body)
{
	if (fixture->dones != 1 || fixture->err.kind != ERR_NONE)
		fail_msg("%u done: %s", fixture->dones, fixture->err.text);
	assert_int_equal(fixture->status, 200);
	assert_int_equal(fixture->got.n, body.n);
	assert_memory_equal(buf_view(&fixture->got).p, body.p, body.n);
}

static void
assert_failed(struct fixture *fixture, enum errkind kind, const char *text)
{
	assert_int_equal(fixture->dones, 1);
	assert_string_equal(fixture->err.text, text);
	assert_int_equal(fixture->err.kind, kind);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void
certificates(void **state)
{
	const char *ca = made.ca.cert_path, *other = made.other_ca.cert_path;
	char not_other[240], not_self[240];
	const struct {
		const struct identity *server;
		const char *url, *ca;
		const char *text; /* NULL: it is good */
	} rows[] = {
		{ &made.good, "https://server.test/", ca, NULL },
		{ &made.good, "https://SERVER.test./", ca, NULL },
		{ &made.good, "https://any.w.test/", ca, NULL },
		{ &made.by_ip, "https://127.0.0.1/", ca, NULL },
		{ &made.self, "https://server.test/", made.self.cert_path, NULL },
		{ &made.good, "https://server.test/", made.good.cert_path, NULL },
		{ &made.expired, "https://server.test/", ca,
		    "https://server.test: the certificate expired on 2023-11-13" },
		{ &made.future, "https://server.test:99/", ca,
		    "https://server.test:99: the certificate is not valid before 2023-11-15 "
		    "(is this machine's clock right?)" },
		{ &made.other_name, "https://server.test/", ca,
		    "https://server.test: the certificate is not for server.test, but for: "
		    "a.test, b.test, 10.0.0.1, c.test, and 2 more" },
		{ &made.good, "https://x.y.w.test/", ca,
		    "https://x.y.w.test: the certificate is not for x.y.w.test, but for: "
		    "*.w.test, server.test" },
		{ &made.good, "https://127.0.0.1/", ca,
		    "https://127.0.0.1: the certificate is not for 127.0.0.1, but for: "
		    "*.w.test, server.test" },
		{ &made.by_ip, "https://[::1]/", ca,
		    "https://[::1]: the certificate is not for ::1, but for: 127.0.0.1" },
		{ &made.good, "https://server.test/", other, not_other },
		{ &made.self, "https://server.test/", ca, not_self },
	};

	(void)state;
	snprintf(not_other, sizeof(not_other),
	    "https://server.test: the certificate is signed by \"Test CA\", "
	    "which is not in tls.ca (%s)",
	    other);
	snprintf(not_self, sizeof(not_self),
	    "https://server.test: the certificate is signed by \"self\", "
	    "which is not in tls.ca (%s)",
	    ca);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_files files = { .ca = slice_of(rows[i].ca) };
		struct fixture fixture;

		begin_at(&fixture, rows[i].server, rows[i].url, &files);
		fetch(&fixture, S("hello"));
		if (rows[i].text == NULL)
			assert_done(&fixture, S("hello"));
		else
			assert_failed(&fixture, ERR_UNAVAILABLE, rows[i].text);
		assert_int_equal(fixture.server.answers, rows[i].text == NULL);
		end(&fixture);
	}
}

/* The system's authorities, here those of $SSL_CERT_FILE, and a machine that has none of use. */
static void
system_authorities(void **state)
{
	struct fixture fixture;

	(void)state;
	setenv("SSL_CERT_FILE", made.ca.cert_path, 1);
	begin_at(&fixture, &made.good, "https://server.test/", NULL);
	fetch(&fixture, S("hello"));
	assert_done(&fixture, S("hello"));
	end(&fixture);
	setenv("SSL_CERT_FILE", made.other_ca.cert_path, 1);
	begin_at(&fixture, &made.good, "https://server.test/", NULL);
	fetch(&fixture, S("hello"));
	assert_failed(&fixture, ERR_UNAVAILABLE,
	    "https://server.test: the certificate is signed by \"Test CA\", which this machine "
	    "does not trust: if you do, name its certificate as tls.ca");
	end(&fixture);
	unsetenv("SSL_CERT_FILE");
	begin_at(&fixture, &made.good, "https://server.test/", NULL);
	if (fixture.is_resolved) { /* the machine's own */
		fetch(&fixture, S("hello"));
		assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	}
	end(&fixture);
}

static void
bad_files(void **state)
{
	const struct {
		const char *ca, *cert, *key, *text;
	} rows[] = {
		{ made.nothing_path, NULL, NULL, "tls.ca: " },
		{ made.good.key_path, NULL, NULL, "tls.ca: " },
		{ NULL, made.nothing_path, made.client.key_path, "tls.cert: " },
		{ NULL, made.client.cert_path, made.nothing_path, "tls.key: " },
		{ NULL, made.client.cert_path, made.good.key_path, "tls.key: " },
		{ NULL, made.client.cert_path, made.locked_path, "tls.key: " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *ca = rows[i].ca != NULL ? rows[i].ca : made.ca.cert_path;
		struct tls_files files = { slice_of(ca), slice_of(rows[i].cert),
			slice_of(rows[i].key) };
		struct fixture fixture;

		begin_at(&fixture, &made.good, "https://server.test/", &files);
		assert_false(fixture.is_resolved);
		assert_int_equal(fixture.err.kind, ERR_CONFIG);
		assert_non_null(strstr(fixture.err.text, "https://server.test: "));
		assert_non_null(strstr(fixture.err.text, rows[i].text));
		/* Whoever goes on all the same is told. */
		fetch(&fixture, S("hello"));
		assert_failed(&fixture, ERR_UNAVAILABLE, "https://server.test: TLS was not loaded");
		end(&fixture);
	}
}

/* One trust for one setting; a file that was replaced makes another. */
static void
shared_trust(void **state)
{
	struct tls_files files = { .ca = slice_of(made.ca.cert_path) }, other = files;
	struct tls_trust *one = tls_trust_ref(&files, TLS_CLIENT),
			 *two = tls_trust_ref(&other, TLS_CLIENT), *three;

	(void)state;
	assert_ptr_equal(one, two);
	assert_int_equal(truncate(made.nothing_path, 0), -1);
	other.cert = slice_of(made.nothing_path);
	three = tls_trust_ref(&other, TLS_CLIENT);
	assert_ptr_not_equal(one, three);
	fclose(fopen(made.nothing_path, "w"));
	tls_trust_unref(&two);
	two = tls_trust_ref(&other, TLS_CLIENT);
	assert_ptr_not_equal(two, three);
	unlink(made.nothing_path);
	tls_trust_unref(&one);
	tls_trust_unref(&two);
	tls_trust_unref(&three);
	mem_drain();
}

static void
client_certificate(void **state)
{
	struct tls_files without = { .ca = slice_of(made.ca.cert_path) };
	struct tls_files with = { slice_of(made.ca.cert_path), slice_of(made.client.cert_path),
		slice_of(made.client.key_path) };
	struct tls_files wrong = { slice_of(made.ca.cert_path), slice_of(made.self.cert_path),
		slice_of(made.self.key_path) };
	const struct {
		int version;
		const struct tls_files *files;
		const char *text;
	} rows[] = {
		{ TLS1_3_VERSION, &with, NULL },
		{ TLS1_2_VERSION, &with, NULL },
		{ TLS1_3_VERSION, &without,
		    "connection lost before the response: "
		    "the server wants a client certificate: set tls.cert and tls.key" },
		{ TLS1_2_VERSION, &without,
		    "the server refused the handshake "
		    "(it may want a client certificate: tls.cert and tls.key)" },
		{ TLS1_3_VERSION, &wrong,
		    "connection lost before the response: "
		    "the server does not know who signed our client certificate" },
		{ TLS1_2_VERSION, &wrong,
		    "the server does not know who signed our client certificate" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;
		char text[240];

		begin_at(&fixture, &made.good, "https://server.test/", rows[i].files);
		SSL_CTX_set_min_proto_version(fixture.server.context, rows[i].version);
		SSL_CTX_set_max_proto_version(fixture.server.context, rows[i].version);
		SSL_CTX_set_verify(fixture.server.context,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(fixture.server.context), NOW_S);
		X509_STORE_add_cert(
		    SSL_CTX_get_cert_store(fixture.server.context), made.ca.certificate);
		fetch(&fixture, S("hello"));
		snprintf(text, sizeof(text), "https://server.test: %s", rows[i].text);
		if (rows[i].text == NULL)
			assert_done(&fixture, S("hello"));
		else
			assert_failed(&fixture,
			    rows[i].version == TLS1_3_VERSION ? ERR_IO : ERR_UNAVAILABLE, text);
		end(&fixture);
	}
}

/* ---- handshakes that do not come about ------------------------------------------------------- */

static void
old_version(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, &made.good);
	SSL_CTX_set_security_level(fixture.server.context, 0);
	SSL_CTX_set_min_proto_version(fixture.server.context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(fixture.server.context, TLS1_1_VERSION);
	fetch(&fixture, S("hello"));
	assert_failed(
	    &fixture, ERR_UNAVAILABLE, "https://server.test: the server has no TLS 1.2 or later");
	end(&fixture);
}

static void
hanging(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, &made.good);
	fixture.server.is_mute = true;
	fetch(&fixture, S("hello"));
	assert_int_equal(fixture.dones, 0);
	machine_sleep(&fixture.machine, fixture.loop, 9999);
	assert_int_equal(fixture.dones, 0);
	machine_sleep(&fixture.machine, fixture.loop, 1);
	assert_failed(&fixture, ERR_UNAVAILABLE,
	    "https://server.test: the TLS handshake did not end in time");
	end(&fixture);
}

static void
refused(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, &made.good);
	fixture.machine.connect_error = ECONNREFUSED;
	fetch(&fixture, S("hello"));
	assert_int_equal(fixture.dones, 1);
	assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(fixture.err.text, "Connection refused"));
	end(&fixture);
}

static void
no_tls_there(void **state)
{
	static const struct {
		struct slice says;
		bool ends;
		const char *text; /* NULL: any */
	} rows[] = {
		{ S("HTTP/1.1 400 Bad Request\r\n\r\n"), false,
		    "https://server.test: no TLS comes from there (should the url begin with http://?)" },
		{ S("\x16\x03\x03\xff\xff____________________________"), false, NULL },
		{ S("\x16\x03\x03\x01\x00______"), true, NULL },
		{ S("\x15\x03\x03\x00\x02\x02\x28"), false,
		    "https://server.test: the server refused the handshake "
		    "(it may want a client certificate: tls.cert and tls.key)" },
		{ S(""), true,
		    "https://server.test: the server closed the connection in the TLS handshake" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;

		begin(&fixture, &made.good);
		fixture.server.is_mute = true;
		fetch(&fixture, S("hello"));
		peer_says(fixture.server.peer, rows[i].says);
		fixture.server.peer->says_end = rows[i].ends;
		run(&fixture);
		assert_int_equal(fixture.dones, 1);
		if (rows[i].text != NULL)
			assert_string_equal(fixture.err.text, rows[i].text);
		assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
		end(&fixture);
	}
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void
byte_by_byte(void **state)
{
	static const size_t steps[][2] = { { 1, 1 }, { 1, 0 }, { 0, 1 }, { 7, 3 }, { 5, 1000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct fixture fixture;

		begin(&fixture, &made.good);
		fixture.read_max = steps[i][0];
		fixture.write_max = steps[i][1];
		for (int n = 0; n < 3; n++) {
			fetch(&fixture, S("hello"));
			assert_done(&fixture, S("hello"));
		}
		assert_int_equal(fixture.machine.connects, 1);
		end(&fixture);
	}
}

static struct slice
long_body(size_t n)
{
	char *bytes = mem_new(n);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 13 + i / 509);
	return (struct slice){ bytes, n };
}

/* Both ways, through a stream that takes and gives little at once. */
static void
long_bodies(void **state)
{
	struct slice body = long_body(16 * MIB);
	struct fixture fixture;

	(void)state;
	begin(&fixture, &made.good);
	fixture.read_max = 10007;
	fixture.write_max = 30011;
	fetch(&fixture, body);
	assert_done(&fixture, body);
	fetch(&fixture, S("after it"));
	assert_done(&fixture, S("after it"));
	assert_int_equal(fixture.machine.connects, 1);
	end(&fixture);
	mem_free((char *)(uintptr_t)body.p);
}

/* The peer does not read for a while: what waits is bounded, and goes on later. */
static void
blocked_writes(void **state)
{
	struct slice body = long_body(MIB);
	struct fixture fixture;

	(void)state;
	begin(&fixture, &made.good);
	fetch(&fixture, S("x"));
	fixture.server.peer->write_room = 1000;
	start(&fixture, body);
	run(&fixture);
	assert_int_equal(fixture.dones, 0);
	assert_true(loop_memory(fixture.loop)->used_bytes < MIB + 300 * KIB);
	fixture.server.peer->write_room = SIZE_MAX;
	run(&fixture);
	assert_done(&fixture, body);
	end(&fixture);
	mem_free((char *)(uintptr_t)body.p);
}

/* New keys and new handshakes in the middle of a connection, of the client's writing too. */
static void
new_keys(void **state)
{
	struct slice body = long_body(MIB);

	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct fixture fixture;

		begin(&fixture, &made.good);
		SSL_CTX_set_max_proto_version(fixture.server.context, version);
		fetch(&fixture, S("first"));
		assert_done(&fixture, S("first"));
		for (int i = 0; i < 4; i++) {
			/* Asked for while idle, and while a body is on its way. */
			if (i % 2 == 0) {
				fixture.server.peer->write_room = 50000;
				start(&fixture, body);
				run(&fixture);
			}
			if (version == TLS1_3_VERSION)
				assert_int_equal(
				    SSL_key_update(fixture.server.ssl, SSL_KEY_UPDATE_REQUESTED),
				    1);
			else
				assert_int_equal(SSL_renegotiate(fixture.server.ssl), 1);
			(void)SSL_do_handshake(fixture.server.ssl);
			fixture.machine.events++;
			server_pump(&fixture.server);
			fixture.server.peer->write_room = SIZE_MAX;
			if (i % 2 == 1)
				start(&fixture, body);
			run(&fixture);
			assert_done(&fixture, body);
			/* It was asked for, and has been done. */
			assert_int_equal(
			    SSL_get_key_update_type(fixture.server.ssl), SSL_KEY_UPDATE_NONE);
			assert_int_equal(SSL_renegotiate_pending(fixture.server.ssl), 0);
		}
		assert_int_equal(
		    SSL_num_renegotiations(fixture.server.ssl), version == TLS1_2_VERSION ? 4 : 0);
		end(&fixture);
	}
	mem_free((char *)(uintptr_t)body.p);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void
ends(void **state)
{
	static const struct {
		const char *answer, *text;
		bool says_so; /* close_notify */
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nhello", NULL, true },
		{ "HTTP/1.1 200 OK\r\n\r\nhello",
		    "https://server.test: connection lost in the middle of the response: the "
		    "connection ended without the end of TLS: what came may be cut short",
		    false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		    "https://server.test: connection lost in the middle of the response: "
		    "closed by the server",
		    true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture fixture;

		begin(&fixture, &made.good);
		fixture.server.answer = rows[i].answer;
		fetch(&fixture, S("hello"));
		if (rows[i].says_so) /* and the connection below stays as it is */
			(void)SSL_shutdown(fixture.server.ssl);
		else
			fixture.server.peer->says_end = true;
		fixture.machine.events++;
		server_pump(&fixture.server);
		run(&fixture);
		if (rows[i].text == NULL)
			assert_done(&fixture, S("hello"));
		else
			assert_failed(&fixture, ERR_IO, rows[i].text);
		end(&fixture);
	}
}

/* A server that refuses us after the handshake, and is gone before we write. */
static void
alert_before_writing(void **state)
{
	(void)state;
	for (int has_alert = 0; has_alert < 2; has_alert++) {
		struct fixture fixture;

		begin(&fixture, &made.good);
		SSL_CTX_set_num_tickets(fixture.server.context, 0);
		fetch(&fixture, S("one"));
		assert_done(&fixture, S("one"));
		http_pool_forget(fixture.pool);
		SSL_CTX_set_verify(fixture.server.context,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		start(&fixture, S("two"));
		machine_turns(&fixture.machine, fixture.loop);
		server_attach(&fixture.server, machine_last(&fixture.machine));
		server_pump(&fixture.server);
		/* Its flight is there, and room for the rest of the handshake only. */
		fixture.server.peer->write_room = 100;
		machine_turns(&fixture.machine, fixture.loop);
		fixture.server.peer->write_room = SIZE_MAX;
		if (has_alert) {
			machine_turns(&fixture.machine, fixture.loop);
			server_pump(&fixture.server);
		}
		fixture.server.peer->write_error = EPIPE;
		fixture.server.peer->read_error = ECONNRESET;
		machine_turns(&fixture.machine, fixture.loop);
		assert_int_equal(fixture.dones, 1);
		assert_non_null(strstr(fixture.err.text,
		    has_alert
			? "the server wants a client certificate: set tls.cert and tls.key"
			: "Connection reset by peer right after the TLS handshake (the server may "
			  "want a client certificate"));
		end(&fixture);
	}
}

/* We say that we end, and come back with the session that we had. */
static void
resumption(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct fixture fixture;

		begin(&fixture, &made.good);
		SSL_CTX_set_max_proto_version(fixture.server.context, version);
		fetch(&fixture, S("one"));
		assert_done(&fixture, S("one"));
		assert_false(SSL_session_reused(fixture.server.ssl));
		http_pool_forget(fixture.pool);
		server_pump(&fixture.server);
		assert_int_equal(SSL_get_shutdown(fixture.server.ssl) & SSL_RECEIVED_SHUTDOWN,
		    SSL_RECEIVED_SHUTDOWN);
		fetch(&fixture, S("two"));
		assert_done(&fixture, S("two"));
		assert_true(SSL_session_reused(fixture.server.ssl));
		assert_int_equal(fixture.machine.connects, 2);
		end(&fixture);
	}
}

/* Another file in the place of this one. */
static void
replace(const char *path, const char *from)
{
	char next[sizeof(made.dir) + 32], bytes[8192];
	FILE *in = fopen(from, "r"), *out;
	size_t n;

	assert_non_null(in);
	n = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	snprintf(next, sizeof(next), "%s/next", made.dir);
	out = fopen(next, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(out);
	assert_int_equal(rename(next, path), 0);
}

/* What the files hold counts when we are told to look, and a session of before does not help. */
static void
renewed(void **state)
{
	char path[sizeof(made.dir) + 32];
	struct tls_files files = { .cert = SLICE_NONE };
	struct fixture fixture;

	(void)state;
	snprintf(path, sizeof(path), "%s/renewed.pem", made.dir);
	files.ca = slice_of(path);
	replace(path, made.ca.cert_path);
	begin_at(&fixture, &made.good, "https://server.test/", &files);
	fetch(&fixture, S("one"));
	assert_done(&fixture, S("one"));
	/* Nothing has changed: the connection is kept. */
	http_pool_renew(fixture.pool);
	fetch(&fixture, S("two"));
	assert_done(&fixture, S("two"));
	assert_int_equal(fixture.machine.connects, 1);
	/* Who is begun in between fails, and has sent nothing. */
	replace(path, made.other_ca.cert_path);
	http_pool_renew(fixture.pool);
	fetch(&fixture, S("three"));
	assert_failed(&fixture, ERR_UNAVAILABLE, "https://server.test: TLS was not loaded");
	assert_int_equal(fixture.machine.connects, 1);
	resolve_all(&fixture);
	assert_true(fixture.is_resolved);
	fetch(&fixture, S("four"));
	assert_int_equal(fixture.err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(fixture.err.text, "signed by \"Test CA\", which is not in tls.ca"));
	replace(path, made.ca.cert_path);
	http_pool_renew(fixture.pool);
	resolve_all(&fixture);
	fetch(&fixture, S("five"));
	assert_done(&fixture, S("five"));
	assert_false(SSL_session_reused(fixture.server.ssl));
	end(&fixture);
	unlink(path);
}

/* The name goes to the server, and the protocol that we speak. */
static int
choose(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
    unsigned in_n, void *arg)
{
	(void)ssl;
	assert_int_equal(in_n, 9);
	*out = in + 1;
	*out_n = in[0];
	*(bool *)arg = memcmp(in, "\x08http/1.1", 9) == 0;
	return SSL_TLSEXT_ERR_OK;
}

static void
said_to_the_server(void **state)
{
	struct fixture fixture;
	bool has_alpn = false;

	(void)state;
	begin(&fixture, &made.good);
	SSL_CTX_set_alpn_select_cb(fixture.server.context, choose, &has_alpn);
	fetch(&fixture, S("hello"));
	assert_done(&fixture, S("hello"));
	assert_true(has_alpn);
	assert_string_equal(
	    SSL_get_servername(fixture.server.ssl, TLSEXT_NAMETYPE_host_name), "server.test");
	end(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates),
		cmocka_unit_test(system_authorities),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(shared_trust),
		cmocka_unit_test(client_certificate),
		cmocka_unit_test(old_version),
		cmocka_unit_test(hanging),
		cmocka_unit_test(refused),
		cmocka_unit_test(no_tls_there),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(long_bodies),
		cmocka_unit_test(blocked_writes),
		cmocka_unit_test(new_keys),
		cmocka_unit_test(ends),
		cmocka_unit_test(alert_before_writing),
		cmocka_unit_test(resumption),
		cmocka_unit_test(renewed),
		cmocka_unit_test(said_to_the_server),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
