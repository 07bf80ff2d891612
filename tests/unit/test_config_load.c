/*
 * Where a configuration comes from: the search order, variables of an env file, values in files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "config/config.h"

static char root[64]; /* a directory of this run */

static const char *
path_of(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static void
file_write(const char *name, const char *text, size_t n)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fchmod(fileno(file), 0600), 0); /* whatever the umask is */
	fclose(file);
}

#define WRITE(name, text) file_write((name), (text), strlen(text))

static void
config_write(const char *name, const char *upstream)
{
	char text[128];

	snprintf(text, sizeof(text), "upstreams: [{name: %s, command: [./x]}]\n", upstream);
	WRITE(name, text);
}

static const char *
variable(char *to, const char *name, const char *value)
{
	snprintf(to, 160, "%s=%s", name, value);
	return to;
}

static void
expect(struct slice got, const char *wanted)
{
	if (!slice_eq(got, slice_of(wanted)))
		print_error("got \"%.*s\", wanted \"%s\"\n", SLICE_FMT(got), wanted);
	assert_true(slice_eq(got, slice_of(wanted)));
}

static struct config *
load(const struct config_source *source)
{
	struct config *config = NULL;
	struct err err = { 0 };

	if (!config_load(source, NULL, &config, &err)) {
		print_error("%s\n", err.text);
		fail();
	}
	return config;
}

static void
test_order(void **state)
{
	char config_home[160], home[160], named[160];
	const char *environment[4] = { variable(named, "BASCULE_CONFIG", path_of("named/n.yaml")),
		variable(config_home, "XDG_CONFIG_HOME", path_of("xdg")),
		variable(home, "HOME", path_of("home")), NULL };
	struct config_source source = { .file = path_of("given/g.yaml"), .environ = environment };
	struct config *config;

	(void)state;
	config_write("given/g.yaml", "given");
	config_write("named/n.yaml", "named");
	config_write("xdg/bascule/bascule.yaml", "xdg");
	config_write("home/.config/bascule/bascule.yaml", "home");
	config_write("bascule.yaml", "working");
	config = load(&source);
	expect(config->upstreams[0].name, "given");
	expect(config->upstreams[0].command[0], path_of("given/x"));
	expect(config->file, path_of("given/g.yaml"));
	config_free(&config);

	source.file = NULL;
	config = load(&source);
	expect(config->upstreams[0].name, "named");
	config_free(&config);

	source.environ = environment + 1;
	config = load(&source);
	expect(config->upstreams[0].name, "xdg");
	config_free(&config);

	source.environ = environment + 2;
	config = load(&source);
	expect(config->upstreams[0].name, "home");
	expect(config->state, path_of("home/.local/state/bascule"));
	config_free(&config);
}

/* A file in the working directory is never found; relative paths of -c are. */
static void
test_working_directory(void **state)
{
	struct config_source source = { .environ = (const char *const[]){
					    "XDG_CONFIG_HOME=relative", NULL } };
	char before[512];
	struct config *config = NULL;
	struct err err = { 0 };

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(root), 0);
	config_write("bascule.yaml", "working");
	config_write("relative/bascule/bascule.yaml", "relative");
	if (access("/etc/bascule/bascule.yaml", F_OK) < 0) {
		assert_false(config_load(&source, NULL, &config, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.text, "no configuration file"));
		assert_non_null(strstr(err.text, "-c FILE"));
	}
	source.file = "relative/bascule/bascule.yaml";
	config = load(&source);
	expect(config->upstreams[0].command[0], path_of("relative/bascule/x"));
	config_free(&config);
	source.file = "bascule.yaml";
	config = load(&source);
	expect(config->upstreams[0].command[0], path_of("x"));
	config_free(&config);
	assert_int_equal(chdir(before), 0);
}

static void
test_not_there(void **state)
{
	char named[160];
	struct config_source sources[] = {
		{ .file = path_of("nowhere.yaml") },
		{ .environ =
			(const char *const[]){
			    variable(named, "BASCULE_CONFIG", path_of("nowhere.yaml")), NULL } },
		{ .file = root },
	};
	struct config *config = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(sources); i++) {
		struct err err = { 0 };

		assert_false(config_load(&sources[i], NULL, &config, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.text, i < 2 ? "No such file" : "regular"));
	}
}

static void
test_state_directory(void **state)
{
	static const struct {
		const char *environment[4];
		const char *directory;
	} cases[] = {
		{ { "STATE_DIRECTORY=/var/lib/a:/var/lib/b", "HOME=/h", NULL }, "/var/lib/a" },
		{ { "XDG_STATE_HOME=/s", "HOME=/h", NULL }, "/s/bascule" },
		{ { "XDG_STATE_HOME=s", "HOME=/h", NULL }, "/h/.local/state/bascule" },
		{ { "STATE_DIRECTORY=", "XDG_STATE_HOME=", "HOME=h", NULL }, "/var/lib/bascule" },
		{ { NULL }, "/var/lib/bascule" },
	};

	(void)state;
	config_write("state.yaml", "a");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config_source source = { .file = path_of("state.yaml"),
			.environ = cases[i].environment };
		struct config *config = load(&source);

		expect(config->state, cases[i].directory);
		config_free(&config);
	}
}

/* ---- values in files ------------------------------------------------------------------------- */

static void
test_value_files(void **state)
{
	static const struct {
		const char *content, *value;
	} cases[] = {
		{ "token", "token" },
		{ "token\n", "token" },
		{ "token\r\n", "token" },
		{ "", "" },
		{ "\n", "" },
		{ "\xc3\xa4 ${NOPE}", "\xc3\xa4 ${NOPE}" },
	};
	struct config_source source = { .file = path_of("v.yaml"),
		.environ = (const char *const[]){ "NAME=secret", NULL } };

	(void)state;
	WRITE("v.yaml",
	    "upstreams: [{name: a, command: [x, \"file:${NAME}/t\"], env: {A: file:secret/t}}]");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config;

		WRITE("secret/t", cases[i].content);
		config = load(&source);
		expect(config->upstreams[0].command[1], cases[i].value);
		expect(secret_reveal(config->upstreams[0].env[0].value), cases[i].value);
		config_free(&config);
	}
}

static void
test_value_files_refused(void **state)
{
	static char large[64 * 1024 + 1];
	struct config_source source = { .file = path_of("v.yaml") };
	struct config *config = NULL;
	struct err err;

	(void)state;
	WRITE("v.yaml", "upstreams: [{name: a, command: [x, file:t]}]");
	memset(large, 'x', sizeof(large));
	file_write("t", large, sizeof(large));
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "larger than 64 KiB"));
	assert_int_equal(err.col, 36);
	file_write("t", large, sizeof(large) - 1);
	assert_true(config_load(&source, NULL, &config, &err));
	config_free(&config);
	file_write("t", "a\0b", 3);
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "NUL"));
	file_write("t", "secret", 6);
	assert_int_equal(chmod(path_of("t"), 0620), 0);
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "others may write to it (mode 620)"));
	assert_int_equal(err.col, 36);
	assert_int_equal(chmod(path_of("t"), 0600), 0);
	unlink(path_of("t"));
	assert_int_equal(mkfifo(path_of("t"), 0600), 0);
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "not a regular file"));
	unlink(path_of("t"));
}

/* ---- files of tls ---- */

/* A new key, and a certificate of it, valid until `days` from now. */
static void
pair_write(const char *cert, const char *key, bool is_encrypted, int days)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	FILE *file;

	X509_gmtime_adj(X509_getm_notBefore(certificate), -99L * 86400);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * days);
	X509_set_pubkey(certificate, pair);
	assert_true(X509_sign(certificate, pair, EVP_sha256()) > 0);
	file = fopen(path_of(cert), "w");
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	fclose(file);
	file = fopen(path_of(key), "w");
	assert_int_equal(PEM_write_PrivateKey(file, pair, is_encrypted ? EVP_aes_128_cbc() : NULL,
			     (const unsigned char *)"x", is_encrypted, NULL, NULL),
	    1);
	fclose(file);
	chmod(path_of(key), 0600);
	X509_free(certificate);
	EVP_PKEY_free(pair);
}

/* Loads it, and reads what was logged. */
static void
load_logged(const struct config_source *source, char *to, size_t size)
{
	struct config *config = NULL;
	struct log *log;
	struct err err;
	ssize_t n;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	log = log_new(ends[1], LOG_WARN, LOG_TEXT, NULL);
	assert_true(config_load(source, log, &config, &err));
	config_free(&config);
	log_flush(log);
	log_free(&log);
	close(ends[1]);
	n = read(ends[0], to, size - 1);
	assert_true(n >= 0);
	to[n] = '\0';
	close(ends[0]);
}

static void
test_tls_files(void **state)
{
	char file[128];
	struct config_source source = { .file = file };
	char first[65], logged[600];
	struct config *config;

	(void)state;
	snprintf(file, sizeof(file), "%s", path_of("v.yaml"));
	pair_write("cert.pem", "key.pem", false, 9);
	WRITE("v.yaml",
	    "upstreams: [{name: a, url: \"https://h/\", tls: {ca: cert.pem, cert: ./cert.pem, key: "
	    "key.pem}}]");
	config = load(&source);
	expect(config->upstreams[0].tls_ca, path_of("cert.pem"));
	expect(config->upstreams[0].tls_cert, path_of("cert.pem"));
	expect(config->upstreams[0].tls_key, path_of("key.pem"));
	memcpy(first, config->upstreams[0].digest, sizeof(first));
	config_free(&config);
	config = load(&source);
	assert_string_equal(config->upstreams[0].digest, first);
	config_free(&config);
	/* The same paths, and another certificate: another upstream. */
	pair_write("cert.pem", "key.pem", false, 9);
	config = load(&source);
	assert_string_not_equal(config->upstreams[0].digest, first);
	config_free(&config);
	load_logged(&source, logged, sizeof(logged));
	assert_string_equal(logged, "");
	pair_write("cert.pem", "key.pem", false, -1);
	chmod(path_of("key.pem"), 0644);
	load_logged(&source, logged, sizeof(logged));
	assert_non_null(strstr(logged, "cert.pem has expired"));
	assert_non_null(strstr(logged, "everyone on this machine can read "));
}

static void
test_tls_files_refused(void **state)
{
	char file[128];
	struct config_source source = { .file = file };
	struct config *config = NULL;
	struct err err;

	(void)state;
	snprintf(file, sizeof(file), "%s", path_of("v.yaml"));
	pair_write("other.pem", "key.pem", false, 9);
	pair_write("cert.pem", "other.key", false, 9);
	WRITE("v.yaml",
	    "upstreams: [{name: a, url: \"https://h/\", tls: {cert: cert.pem, key: key.pem}}]");
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "key.pem does not belong to the certificate of tls.cert"));
	assert_int_equal(err.line, 1);
	assert_int_equal(err.col, 69);
	pair_write("cert.pem", "key.pem", true, 9);
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "key.pem is encrypted"));
	WRITE("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "key.pem holds no private key in PEM form"));
	WRITE("cert.pem", "");
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "cert.pem holds no certificate in PEM form"));
}

/* Several of a listener: each that is bad is named, and reloading looks at all of them. */
static void
test_tls_of_listener(void **state)
{
	static const char text[] =
	    "listen: {tls: {cert: cert.pem, key: key.pem, certificates: [{cert: b.pem, key: b.key}, "
	    "{cert: c.pem, key: c.key}]}}\n"
	    "upstreams: [{name: a, command: [x]}]";
	char file[128], logged[600];
	struct config_source source = { .file = file };
	struct config *config = NULL;
	struct err err;
	size_t certs = 0;

	(void)state;
	snprintf(file, sizeof(file), "%s", path_of("v.yaml"));
	pair_write("cert.pem", "key.pem", false, 9);
	pair_write("b.pem", "b.key", false, 9);
	pair_write("c.pem", "c.key", false, -1);
	WRITE("v.yaml", text);
	config = load(&source);
	assert_int_equal(config->listen_certificates_n, 2);
	expect(config->listen_certificates[0].cert, path_of("b.pem"));
	expect(config->listen_certificates[1].key, path_of("c.key"));
	for (const struct config_file *at = config->files; at != NULL; at = at->next)
		certs += at->kind == CONFIG_FILE_CERT;
	assert_int_equal(certs, 3);
	config_free(&config);
	load_logged(&source, logged, sizeof(logged));
	assert_non_null(strstr(logged, "tls.certificates[1].cert: the certificate in"));
	assert_non_null(strstr(logged, "certificates[0].cert: the certificate is for no DNS name"));
	pair_write("c.pem", "other.key", false, 9);
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "tls.certificates[1].key: "));
	assert_non_null(strstr(
	    err.text, "c.key does not belong to the certificate of tls.certificates[1].cert"));
	unlink(path_of("b.pem"));
	assert_false(config_load(&source, NULL, &config, &err));
	assert_non_null(strstr(err.text, "tls.certificates[0].cert: "));
	assert_non_null(strstr(err.text, "b.pem: No such file"));
	unlink(path_of("b.key"));
	unlink(path_of("c.pem"));
	unlink(path_of("c.key"));
}

/* Those of a site; their keys may be encrypted. */
static void
test_tls_of_sites(void **state)
{
	static const char site[] =
	    "atlassian: {sites: [{jira: \"https://j.x\", auth: {type: cert}, tls: {cert: cert.pem, "
	    "key: key.pem%s}}]}";
	static const struct {
		const char *password, *error; /* NULL: accepted */
	} rows[] = {
		{ ", key_password: x", NULL },
		{ ", key_password: wrong",
		    "key.pem is encrypted, and tls.key_password is missing or not right" },
		{ "", "key.pem is encrypted, and tls.key_password is missing or not right" },
	};
	char file[128], text[512];
	struct config_source source = { .file = file };
	struct config *config = NULL;
	struct err err;

	(void)state;
	snprintf(file, sizeof(file), "%s", path_of("v.yaml"));
	pair_write("cert.pem", "key.pem", true, 9);
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), site, rows[i].password);
		WRITE("v.yaml", text);
		assert_int_equal(config_load(&source, NULL, &config, &err), rows[i].error == NULL);
		if (rows[i].error != NULL) {
			assert_non_null(strstr(err.text, rows[i].error));
			assert_int_equal(err.line, 1);
		} else {
			assert_int_equal(config->atlassian.sites[0].auth, SITE_AUTH_CERT);
			assert_true(config->atlassian.sites[0].tls_key_password.hidden.n == 1);
		}
		config_free(&config);
	}
}

/* JIRA_CLIENT_CERT alone holds the key too, and is the authentication. */
static void
test_tls_of_environment(void **state)
{
	char cert[160], key[160], logged[600] = "", both[8 * KIB];
	const char *environment[] = { "HOME=/nonexistent", "JIRA_URL=https://j.x", cert, NULL,
		NULL };
	struct config_source source = { .environ = environment };
	struct config *config;
	size_t n = 0;

	(void)state;
	pair_write("cert.pem", "key.pem", false, 9);
	variable(cert, "JIRA_CLIENT_CERT", path_of("cert.pem"));
	environment[3] = variable(key, "JIRA_CLIENT_KEY", path_of("key.pem"));
	config = load(&source);
	assert_int_equal(config->atlassian.sites[0].auth, SITE_AUTH_CERT);
	expect(config->atlassian.sites[0].tls_key, path_of("key.pem"));
	config_free(&config);
	chmod(path_of("key.pem"), 0644);
	load_logged(&source, logged, sizeof(logged));
	assert_non_null(strstr(logged, " tls.key: everyone on this machine can read "));

	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(path_of(i == 0 ? "cert.pem" : "key.pem"), "r");

		n += fread(both + n, 1, sizeof(both) - n, file);
		fclose(file);
	}
	file_write("cert.pem", both, n);
	environment[3] = NULL;
	config = load(&source);
	expect(config->atlassian.sites[0].tls_key, path_of("cert.pem"));
	config_free(&config);
}

/* ---- env files ------------------------------------------------------------------------------- */

static void
test_env_file(void **state)
{
	static const struct {
		const char *line, *value;
	} cases[] = {
		{ "A=b", "b" },
		{ "A = b ", "b" },
		{ "export A=b", "b" },
		{ "A=", "" },
		{ "A=b # c", "b" },
		{ "A=b#c", "b#c" },
		{ "A=# c", "" },
		{ "A='b # ${X} \\n'", "b # ${X} \\n" },
		{ "A=\"b\\n\\\"c\\\\\" # d", "b\n\"c\\" },
		{ "A=\"\"", "" },
		{ "A=b=c", "b=c" },
		{ "\xef\xbb\xbf"
		  "A=b\r",
		    "b" },
		{ "A=1\nA=2\n", "2" },
		{ "\n# c\n\n A=b", "b" },
		{ "A=it's", "it's" },
	};
	struct config_source source = { .file = path_of("e.yaml"),
		.env_file = path_of(".env"),
		.environ = (const char *const[]){ "A=of the process", NULL } };

	(void)state;
	WRITE("e.yaml", "upstreams: [{name: a, command: [x, \"${A}\"]}]");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config;

		WRITE(".env", cases[i].line);
		config = load(&source);
		expect(config->upstreams[0].command[1], cases[i].value);
		config_free(&config);
	}
}

static void
test_env_file_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "A=b\nC\n", ".env:2:1: no \"=\": write NAME=VALUE" },
		{ "=b", ".env:1:1: the name is missing" },
		{ "A B=c",
		    ".env:1:1: the name holds other characters than letters, digits and \"_\"" },
		{ "\n\nA=\"b", ".env:3:1: the closing quote is missing" },
		{ "A='b'c", ".env:1:1: something follows the closing quote" },
		{ "A='", ".env:1:1: the closing quote is missing" },
	};
	struct config_source source = { .file = path_of("e.yaml"), .env_file = path_of(".env") };
	struct config *config = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };

		WRITE(".env", cases[i].text);
		assert_false(config_load(&source, NULL, &config, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_string_equal(err.text + strlen(root) + 1, cases[i].error);
	}
}

/* ---- the run's directory --------------------------------------------------------------------- */

static int
setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/bascule-config-XXXXXX");
	return mkdtemp(root) == NULL;
}

static int
teardown(void **state)
{
	static const char *const names[] = {
		"given/g.yaml",
		"given",
		"named/n.yaml",
		"named",
		"xdg/bascule/bascule.yaml",
		"xdg/bascule",
		"xdg",
		"home/.config/bascule/bascule.yaml",
		"home/.config/bascule",
		"home/.config",
		"home",
		"relative/bascule/bascule.yaml",
		"relative/bascule",
		"relative",
		"secret/t",
		"secret",
		"bascule.yaml",
		"state.yaml",
		"v.yaml",
		"e.yaml",
		".env",
		"t",
		"cert.pem",
		"key.pem",
		"other.pem",
		"other.key",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		remove(path_of(names[i]));
	return rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_working_directory),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_state_directory),
		cmocka_unit_test(test_value_files),
		cmocka_unit_test(test_value_files_refused),
		cmocka_unit_test(test_tls_files),
		cmocka_unit_test(test_tls_files_refused),
		cmocka_unit_test(test_tls_of_listener),
		cmocka_unit_test(test_tls_of_sites),
		cmocka_unit_test(test_tls_of_environment),
		cmocka_unit_test(test_env_file),
		cmocka_unit_test(test_env_file_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
