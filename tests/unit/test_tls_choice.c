/*
 * Which of several certificates a server shows, against OpenSSL's client in memory: names and
 * patterns, kinds of keys, sessions that are resumed, bad pairs, hellos.
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

#include "identity.h"
#include "net/tls.h"
#include "net/tls_choice.h"
#include "stream_double.h"

#define DAY_S 86400

static struct {
	char dir[40];
	struct identity ca, first, second, wild, twice, old_kind, nameless;
	char nothing_path[80];
} made;

static void
identity_make(struct identity *out, const char *name, const char *alternative, EVP_PKEY *key)
{
	time_t now = time(NULL);

	identity_write_key(out, made.dir, name, name[0] == 'C' ? NULL : &made.ca, alternative,
	    now - DAY_S, now + DAY_S, key);
}

static int
make_all(void **state)
{
	FILE *file;

	(void)state;
	snprintf(made.dir, sizeof(made.dir), "/tmp/test_tls_choice.XXXXXX");
	assert_non_null(mkdtemp(made.dir));
	identity_make(&made.ca, "CA", NULL, NULL);
	identity_make(&made.first, "first", "DNS:one.test,DNS:Both.test,IP:127.0.0.1", NULL);
	identity_make(&made.second, "second", "DNS:two.test,DNS:both.test,DNS:a.w.test", NULL);
	identity_make(&made.wild, "wild", "DNS:*.w.test,DNS:w*.x.test,DNS:10.0.0.1", NULL);
	identity_make(&made.twice, "twice", "DNS:two.test,DNS:three.test", NULL);
	identity_make(&made.old_kind, "old", "DNS:two.test,DNS:one.test", EVP_RSA_gen(2048));
	identity_make(&made.nameless, "nameless.test", "IP:127.0.0.2", NULL);
	snprintf(made.nothing_path, sizeof(made.nothing_path), "%s/nothing", made.dir);
	file = fopen(made.nothing_path, "w");
	assert_non_null(file);
	fclose(file);
	return 0;
}

static int
free_all(void **state)
{
	struct identity *all[] = { &made.ca, &made.first, &made.second, &made.wild, &made.twice,
		&made.old_kind, &made.nameless };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		identity_free(all[i]);
	unlink(made.nothing_path);
	return rmdir(made.dir);
}

/* ---- loading --------------------------------------------------------------------------------- */

struct fixture {
	struct machine machine;
	struct loop *loop;
	struct tls_files files;
	struct tls_pair more[8];
	struct tls_trust *trust;
	struct err err;
	bool ok;
};

static void
load(void *arg)
{
	struct fixture *fixture = arg;

	fixture->ok =
	    tls_serve_load_wait(fixture->loop, &fixture->files, &fixture->trust, &fixture->err);
}

static struct tls_pair
pair_of(const struct identity *identity)
{
	return (struct tls_pair){ slice_of(identity->cert_path), slice_of(identity->key_path) };
}

static void
load_now(struct fixture *fixture)
{
	struct group group = { .running = 0 };
	struct err err;

	assert_true(group_spawn(fixture->loop, &group, "load", load, fixture, &err));
	while (group.running > 0)
		machine_turns(&fixture->machine, fixture->loop);
}

static void
begin(struct fixture *fixture, const struct identity *const *more, size_t n)
{
	*fixture = (struct fixture){ .files.cert = slice_of(made.first.cert_path),
		.files.key = slice_of(made.first.key_path),
		.files.more = fixture->more,
		.files.more_n = n };
	for (size_t i = 0; i < n; i++)
		fixture->more[i] = pair_of(more[i]);
	fixture->loop = machine_loop(&fixture->machine);
	load_now(fixture);
}

static void
end(struct fixture *fixture)
{
	tls_trust_unref(&fixture->trust);
	machine_end(&fixture->machine, &fixture->loop);
}

/* ---- a client -------------------------------------------------------------------------------- */

struct client {
	SSL_CTX *context;
	SSL *ssl, *server;
	SSL_SESSION *session; /* to resume; may be NULL */
};

static void
carry(SSL *from, SSL *to)
{
	char *bytes;
	long n = BIO_get_mem_data(SSL_get_wbio(from), &bytes);

	if (n > 0)
		assert_int_equal(BIO_write(SSL_get_rbio(to), bytes, (int)n), n);
	(void)BIO_reset(SSL_get_wbio(from));
}

static void
memory_set(SSL *ssl)
{
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
}

/* One handshake to its end, with the tickets; name NULL: none is sent.  False: it failed. */
static bool
meet(struct client *client, struct tls_trust *trust, const char *name, bool needs_client)
{
	char byte;
	int one, other;

	SSL_free(client->ssl);
	SSL_free(client->server);
	client->ssl = SSL_new(client->context);
	client->server = SSL_new(tls_trust_context(trust));
	memory_set(client->ssl);
	memory_set(client->server);
	if (name != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(client->ssl, name), 1);
	if (client->session != NULL)
		assert_int_equal(SSL_set_session(client->ssl, client->session), 1);
	if (needs_client)
		SSL_set_verify(
		    client->server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_set_connect_state(client->ssl);
	SSL_set_accept_state(client->server);
	for (int i = 0; i < 6; i++) {
		one = SSL_do_handshake(client->ssl);
		carry(client->ssl, client->server);
		other = SSL_do_handshake(client->server);
		carry(client->server, client->ssl);
	}
	(void)SSL_read(client->ssl, &byte, 1);
	ERR_clear_error();
	/* A connection that is just freed would take its session with it. */
	SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	return one == 1 && other == 1;
}

static void
client_init(struct client *client, int version)
{
	*client = (struct client){ .context = SSL_CTX_new(TLS_client_method()) };
	assert_int_equal(SSL_CTX_set_max_proto_version(client->context, version), 1);
}

static void
session_take(struct client *client)
{
	SSL_SESSION_free(client->session);
	client->session = SSL_get1_session(client->ssl);
	assert_int_equal(SSL_SESSION_is_resumable(client->session), 1);
}

static void
client_fini(struct client *client)
{
	SSL_free(client->ssl);
	SSL_free(client->server);
	SSL_SESSION_free(client->session);
	SSL_CTX_free(client->context);
}

static void
assert_shown(struct client *client, struct tls_trust *trust, const char *name,
    const struct identity *identity)
{
	X509 *shown;

	assert_true(meet(client, trust, name, false));
	shown = SSL_get1_peer_certificate(client->ssl);
	assert_non_null(shown);
	if (X509_cmp(shown, identity->certificate) != 0)
		fail_msg("%s: another certificate", name != NULL ? name : "(no name)");
	X509_free(shown);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void
by_name(void **state)
{
	const struct identity *const more[] = { &made.second, &made.wild, &made.twice,
		&made.nameless };
	const struct {
		const char *name;
		const struct identity *shown;
	} rows[] = {
		{ NULL, &made.first },
		{ "one.test", &made.first },
		{ "two.test", &made.second }, /* the first of two that claim it */
		{ "TWO.Test", &made.second },
		{ "three.test", &made.twice },
		{ "both.test", &made.first },
		{ "b.w.test", &made.wild },
		{ "a.w.test", &made.second }, /* exactly, before a pattern */
		{ "w.test", &made.first },
		{ "c.b.w.test", &made.first },
		{ "*.w.test", &made.first },
		{ "wa.x.test", &made.first }, /* no parts of labels */
		{ "10.0.0.1", &made.first },  /* addresses are no names */
		{ "127.0.0.2", &made.first },
		{ "nameless.test", &made.first }, /* the subject is no name */
		{ "unknown.test", &made.first },
		{ "..", &made.first },
		{ "two.test.", &made.second },
	};
	struct fixture fixture;

	(void)state;
	begin(&fixture, more, COUNT(more));
	assert_true(fixture.ok);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct client client;

		client_init(&client, version);
		for (size_t i = 0; i < COUNT(rows); i++)
			assert_shown(&client, fixture.trust, rows[i].name, rows[i].shown);
		client_fini(&client);
	}
	end(&fixture);
}

/* Who takes only one kind of key gets that one, and never one of another name. */
static void
by_kind(void **state)
{
	const struct identity *const more[] = { &made.second, &made.old_kind };
	struct fixture fixture;
	struct client client;

	(void)state;
	begin(&fixture, more, COUNT(more));
	client_init(&client, TLS1_3_VERSION);
	SSL_CTX_set1_sigalgs_list(client.context, "RSA-PSS+SHA256");
	assert_shown(&client, fixture.trust, "two.test", &made.old_kind);
	assert_shown(&client, fixture.trust, "one.test", &made.old_kind);
	assert_false(meet(&client, fixture.trust, "both.test", false));
	SSL_CTX_set1_sigalgs_list(client.context, "ECDSA+SHA256");
	assert_shown(&client, fixture.trust, "two.test", &made.second);
	assert_shown(&client, fixture.trust, "one.test", &made.first);
	client_fini(&client);
	end(&fixture);
}

/* ---- sessions -------------------------------------------------------------------------------- */

/* A session of one certificate is resumed under its names, and under no other. */
static void
resumption(void **state)
{
	const struct identity *const more[] = { &made.second, &made.wild };
	static const struct {
		const char *first, *then;
		bool is_resumed;
	} rows[] = {
		{ NULL, NULL, true },
		{ "one.test", NULL, true },
		{ "two.test", "two.test", true },
		{ "two.test", "a.w.test", true },
		{ "two.test", "one.test", false },
		{ "one.test", "two.test", false },
		{ "b.w.test", "two.test", false },
		{ "two.test", NULL, false },
	};
	struct fixture fixture;

	(void)state;
	begin(&fixture, more, COUNT(more));
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			struct client client;

			client_init(&client, version);
			assert_true(meet(&client, fixture.trust, rows[i].first, false));
			session_take(&client);
			/* OpenSSL's client takes its session for the name it is told. */
			assert_true(meet(&client, fixture.trust, rows[i].then, false));
			assert_int_equal(SSL_session_reused(client.server), rows[i].is_resumed);
			client_fini(&client);
		}
	end(&fixture);
}

/* With client_ca nobody gets in without a certificate, whatever name or session he brings. */
static void
client_certificates(void **state)
{
	const struct identity *const more[] = { &made.second };
	static const char *const names[] = { "one.test", "two.test" };
	struct fixture fixture;

	(void)state;
	begin(&fixture, more, COUNT(more));
	tls_trust_unref(&fixture.trust);
	fixture.files.ca = slice_of(made.ca.cert_path);
	load_now(&fixture);
	assert_true(fixture.ok);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++)
		for (size_t i = 0; i < COUNT(names); i++) {
			struct client client, other;

			client_init(&client, version);
			client_init(&other, version);
			assert_false(meet(&client, fixture.trust, names[i], true));
			SSL_CTX_use_certificate(client.context, made.first.certificate);
			SSL_CTX_use_PrivateKey(client.context, made.first.key);
			assert_true(meet(&client, fixture.trust, names[i], true));
			session_take(&client);
			assert_true(meet(&client, fixture.trust, names[i], true));
			assert_true(SSL_session_reused(client.server));
			assert_true(SSL_get0_peer_certificate(client.server) != NULL);
			/* Under the other name it is asked for again. */
			other.session = client.session;
			client.session = NULL;
			assert_false(meet(&other, fixture.trust, names[1 - i], true));
			client_fini(&client);
			client_fini(&other);
		}
	end(&fixture);
}

/* Whose handshake begins when the trust is gone has what he connected to. */
static void
outlives_its_trust(void **state)
{
	const struct identity *const more[] = { &made.second };
	struct fixture fixture;
	struct client client;

	(void)state;
	begin(&fixture, more, COUNT(more));
	client_init(&client, TLS1_3_VERSION);
	client.ssl = SSL_new(client.context);
	client.server = SSL_new(tls_trust_context(fixture.trust));
	memory_set(client.ssl);
	memory_set(client.server);
	SSL_set_tlsext_host_name(client.ssl, "two.test");
	SSL_set_connect_state(client.ssl);
	SSL_set_accept_state(client.server);
	end(&fixture);
	for (int i = 0; i < 4; i++) {
		(void)SSL_do_handshake(client.ssl);
		carry(client.ssl, client.server);
		(void)SSL_do_handshake(client.server);
		carry(client.server, client.ssl);
	}
	assert_int_equal(
	    X509_cmp(SSL_get0_peer_certificate(client.ssl), made.second.certificate), 0);
	client_fini(&client);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static void
bad_pairs(void **state)
{
	const struct {
		const char *cert, *key, *text;
	} rows[] = {
		{ "/nosuch/file", made.second.key_path,
		    "tls.certificates[1].cert: /nosuch/file: " },
		{ made.nothing_path, made.second.key_path, "tls.certificates[1].cert: " },
		{ made.second.key_path, made.second.key_path, "tls.certificates[1].cert: " },
		{ made.second.cert_path, "/nosuch/file",
		    "tls.certificates[1].key: /nosuch/file: " },
		{ made.second.cert_path, made.nothing_path, "tls.certificates[1].key: " },
		{ made.second.cert_path, made.first.key_path, "tls.certificates[1].key: " },
	};
	const struct identity *const more[] = { &made.wild, &made.second };
	struct fixture fixture;

	(void)state;
	begin(&fixture, more, COUNT(more));
	assert_true(fixture.ok);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_trust *good = fixture.trust;

		fixture.more[1] =
		    (struct tls_pair){ slice_of(rows[i].cert), slice_of(rows[i].key) };
		load_now(&fixture);
		assert_false(fixture.ok);
		assert_null(fixture.trust);
		assert_int_equal(fixture.err.kind, ERR_CONFIG);
		if (strncmp(fixture.err.text, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("%s", fixture.err.text);
		fixture.trust = good;
	}
	end(&fixture);
}

static void
hellos(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *name; /* NULL: none */
	} rows[] = {
		{ "\0\6\0\0\3a.b", 8, "a.b" },
		{ "\0\4\0\0\1a", 6, "a" },
		{ "", 0, NULL },
		{ "\0", 1, NULL },
		{ "\0\3\0\0\0", 5, NULL },	     /* an empty one */
		{ "\0\6\1\0\3a.b", 8, NULL },	     /* of another type */
		{ "\0\7\0\0\3a.b", 8, NULL },	     /* longer than it is */
		{ "\0\6\0\0\4a.b", 8, NULL },	     /* the same inside */
		{ "\0\6\0\0\2a.b", 8, NULL },	     /* shorter */
		{ "\0\12\0\0\1a\0\0\1b", 10, NULL }, /* two */
		{ "\xff\xff\0\xff\xff", 5, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice name = tls_choice_name((struct slice){ rows[i].bytes, rows[i].n });

		if (rows[i].name == NULL)
			assert_null(name.p);
		else
			assert_true(slice_eq(name, slice_of(rows[i].name)));
	}
}

/* Names as certificates and clients have them. */
static void
folding(void **state)
{
	static const struct {
		const char *name;
		bool may_be_wildcard;
		const char *folded; /* NULL: no name */
	} rows[] = {
		{ "A.example.COM", false, "a.example.com" },
		{ "a.example.com.", false, "a.example.com" },
		{ "localhost", false, "localhost" },
		{ "xn--bcher-kva.example", false, "xn--bcher-kva.example" },
		{ "a_b.example", false, "a_b.example" },
		{ "*.example.com", true, "*.example.com" },
		{ "*.example.com", false, NULL },
		{ "*", true, NULL },
		{ "*.", true, NULL },
		{ "a.*.com", true, NULL },
		{ "**.com", true, NULL },
		{ "a*.com", true, NULL },
		{ "", false, NULL },
		{ ".", false, NULL },
		{ ".a", false, NULL },
		{ "a..b", false, NULL },
		{ "a b", false, NULL },
		{ "a/b", false, NULL },
		{ "127.0.0.1", false, NULL },
		{ "1", false, NULL },
		{ "::1", false, NULL },
		{ "a.b.1", false, NULL },
	};
	char long_name[300], out[CERTIFICATE_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n =
		    certificate_name_fold(slice_of(rows[i].name), rows[i].may_be_wildcard, out);

		if (rows[i].folded == NULL)
			assert_int_equal(n, 0);
		else
			assert_true(slice_eq((struct slice){ out, n }, slice_of(rows[i].folded)));
	}
	for (size_t i = 0; i < sizeof(long_name); i++)
		long_name[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(certificate_name_fold((struct slice){ long_name, 253 }, false, out), 253);
	assert_int_equal(certificate_name_fold((struct slice){ long_name, 255 }, false, out), 0);
	memset(long_name, 'a', 64);
	assert_int_equal(certificate_name_fold((struct slice){ long_name, 63 }, false, out), 63);
	assert_int_equal(certificate_name_fold((struct slice){ long_name, 64 }, false, out), 0);
	assert_int_equal(certificate_name_fold((struct slice){ "a\0b", 3 }, false, out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_kind),
		cmocka_unit_test(resumption),
		cmocka_unit_test(client_certificates),
		cmocka_unit_test(outlives_its_trust),
		cmocka_unit_test(bad_pairs),
		cmocka_unit_test(hellos),
		cmocka_unit_test(folding),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
