/*
 * doctor: the configuration, and the files, addresses, certificates and programs that it names.
 * Files are looked at as this user sees them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "cli/doctor.h"
#include "net/net.h"

#define SOON_DAYS    30
#define DAY_S	     86400
#define ANSWER_BYTES (16 * KIB)
#define ANSWER_S     2
#define CERTS_MAX    4096
#define BY_OTHERS    (S_IRWXG | S_IRWXO)
#define READ	     (S_IRGRP | S_IROTH)
#define WRITE	     (S_IWGRP | S_IWOTH)

/* ---- the configuration ----------------------------------------------------------------------- */

static const char *
config_name(const struct doctor *doctor)
{
	return doctor->config->file.p != NULL ? doctor->config->file.p : "the environment";
}

void
look_config_missing(struct doctor *doctor, const struct doctor_check *check)
{
	if (doctor->config != NULL)
		doctor_say(doctor, check, DOCTOR_OK, "%s", config_name(doctor));
	else if (doctor->fault == CONFIG_FAULT_MISSING)
		doctor_say(doctor, check, DOCTOR_ERROR, "%s", doctor->err.text);
}

void
look_config_bad(struct doctor *doctor, const struct doctor_check *check)
{
	if (doctor->config != NULL)
		doctor_say(doctor, check, DOCTOR_OK, "%s", config_name(doctor));
	else if (doctor->fault == CONFIG_FAULT_OTHER)
		doctor_say(doctor, check, DOCTOR_ERROR, "%s", doctor->err.text);
}

/* One of several fields of `tls` that name the same file is enough. */
static bool
was_seen(const struct config_file *from, const struct config_file *file)
{
	for (; from != file; from = from->next)
		if (from->kind == file->kind && slice_eq(from->path, file->path))
			return true;
	return false;
}

static void
look_modes(struct doctor *doctor, const struct doctor_check *check, unsigned kinds, mode_t wrong)
{
	const struct config_file *files = doctor->config->files;
	struct stat st;

	for (const struct config_file *file = files; file != NULL; file = file->next) {
		if ((kinds & (1u << file->kind)) == 0 || was_seen(files, file) ||
		    stat(file->path.p, &st) != 0)
			continue;
		doctor_say(doctor, check, (st.st_mode & wrong) != 0 ? DOCTOR_WARNING : DOCTOR_OK,
		    "%s: mode %04o", file->path.p, (unsigned)st.st_mode & 07777);
	}
}

void
look_config_writable(struct doctor *doctor, const struct doctor_check *check)
{
	look_modes(doctor, check, 1u << CONFIG_FILE_ITSELF, WRITE);
}

void
look_secrets(struct doctor *doctor, const struct doctor_check *check)
{
	look_modes(doctor, check,
	    1u << CONFIG_FILE_VALUE | 1u << CONFIG_FILE_KEY | 1u << CONFIG_FILE_ENV, READ);
}

/* ---- state ----------------------------------------------------------------------------------- */

/* The directory, or the nearest above it that is there: it would be made in that one. */
void
look_state_writable(struct doctor *doctor, const struct doctor_check *check)
{
	const char *state = slice_cstr(&doctor->arena, doctor->config->state);
	size_t n = strlen(state) + 1;
	char *path = arena_bytes(&doctor->arena, n < 2 ? 2 : n), *slash;
	struct stat st;

	memcpy(path, state, n);
	while (stat(path, &st) != 0 && errno == ENOENT && (slash = strrchr(path, '/')) != NULL &&
	    slash > path)
		*slash = '\0';
	if (stat(path, &st) != 0 && errno == ENOENT)
		memcpy(path, "/", 2);
	if (stat(path, &st) != 0)
		doctor_say(doctor, check, DOCTOR_ERROR, "%s: %m", path);
	else if (!S_ISDIR(st.st_mode))
		doctor_say(doctor, check, DOCTOR_ERROR, "%s: is no directory", path);
	else if (access(path, R_OK | W_OK | X_OK) != 0)
		doctor_say(doctor, check, DOCTOR_ERROR, "%s: %m", path);
	else
		doctor_say(doctor, check, DOCTOR_OK, "%s%s", state,
		    strcmp(path, state) == 0 ? "" : " is not there yet, and can be made");
}

/* A service manager makes the directory itself readable: what is in it has to be closed. */
void
look_state_readable(struct doctor *doctor, const struct doctor_check *check)
{
	const char *state = slice_cstr(&doctor->arena, doctor->config->state);
	DIR *dir = opendir(state);
	const struct dirent *entry;
	unsigned faults = 0;
	struct stat st;

	if (dir == NULL)
		return;
	if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & WRITE) != 0 && ++faults > 0)
		doctor_say(doctor, check, DOCTOR_WARNING, "%s: mode %04o", state,
		    (unsigned)st.st_mode & 07777);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    S_ISLNK(st.st_mode) || (st.st_mode & BY_OTHERS) == 0)
			continue;
		faults++;
		doctor_say(doctor, check, DOCTOR_WARNING, "%s/%s: mode %04o", state, entry->d_name,
		    (unsigned)st.st_mode & 07777);
	}
	closedir(dir);
	if (faults == 0)
		doctor_say(doctor, check, DOCTOR_OK, "%s", state);
}

/* ---- addresses ------------------------------------------------------------------------------- */

enum free_state { AT_FREE, AT_USED, AT_IMPOSSIBLE };

/* A socket that nobody listens at is replaced by the gateway. */
static enum free_state
unix_look(const struct address *at, const struct sockaddr_storage *to, socklen_t n, int fd)
{
	char path[sizeof(at->path) + 1];
	char *slash;

	if (connect(fd, (const struct sockaddr *)to, n) == 0 || errno == EAGAIN)
		return AT_USED;
	if (errno != ENOENT && errno != ECONNREFUSED)
		return AT_IMPOSSIBLE;
	snprintf(path, sizeof(path), "%s", at->path);
	slash = strrchr(path, '/');
	if (slash != NULL)
		slash[slash == path] = '\0';
	return slash == NULL || access(path, W_OK | X_OK) == 0 ? AT_FREE : AT_IMPOSSIBLE;
}

/* errno says why it is not possible. */
static enum free_state
address_look(const struct address *at)
{
	struct sockaddr_storage to;
	socklen_t n = address_to_sockaddr(at, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
	enum free_state state;
	int error;

	if (fd < 0)
		return AT_IMPOSSIBLE;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (at->is_unix)
		state = unix_look(at, &to, n, fd);
	else if (bind(fd, (struct sockaddr *)&to, n) == 0 && listen(fd, 1) == 0)
		state = AT_FREE;
	else
		state = errno == EADDRINUSE ? AT_USED : AT_IMPOSSIBLE;
	error = errno;
	close(fd);
	errno = error;
	return state;
}

/* Of /health: all of it, or what others than those of this machine are told. */
static bool
is_gateways(struct slice answer)
{
	return slice_has(answer, S("\"instance_id\"")) ||
	    slice_ends(answer, S("{\"status\":\"healthy\"}\n")) ||
	    slice_ends(answer, S("{\"status\":\"degraded\"}\n"));
}

/* Does what listens there answer as a gateway does, without TLS?  Waits a few seconds at most. */
static bool
is_plain_gateway(const struct address *at)
{
	static const char ask[] = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: "
				  "close\r\n\r\n";
	const struct timeval patience = { .tv_sec = ANSWER_S };
	char *answer = mem_new(ANSWER_BYTES);
	struct sockaddr_storage to;
	socklen_t to_n = address_to_sockaddr(at, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t have = 0;
	ssize_t n = 0;
	bool is;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, to_n) == 0 &&
	    write(fd, ask, sizeof(ask) - 1) == (ssize_t)sizeof(ask) - 1)
		n = 1;
	while (n > 0 && have < ANSWER_BYTES) {
		n = read(fd, answer + have, ANSWER_BYTES - have);
		have += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	is = is_gateways((struct slice){ answer, have });
	mem_free(answer);
	return is;
}

/* The same with TLS, whatever its certificate is: asked by a task. */
struct tls_asking {
	const struct config *config;
	struct loop *loop;
	bool ends_loop;
	struct slice url;
	bool is_gateway;
};

static void
tls_ask(void *arg)
{
	struct tls_asking *asking = arg;
	struct rest_settings settings = {
		.url = asking->url, .is_unverified = true, .connect_ms = ANSWER_S * 1000
	};
	struct rest_request request = { .method = S("GET"),
		.path = S("/health"),
		.headers = S(""),
		.body = SLICE_NONE,
		.timeout_ms = ANSWER_S * 1000,
		.max_bytes = MIB };
	struct rest_pool *pool = NULL;
	struct rest_reply reply;
	struct err err = { 0 };
	struct arena arena;
	bool was_sent;

	/* Where clients need a certificate, its own may do. */
	if (asking->config->listen_tls_client_ca.n > 0) {
		settings.tls.cert = asking->config->listen_tls_cert;
		settings.tls.key = asking->config->listen_tls_key;
	}
	arena_init(&arena, NULL, 4 * MIB);
	if (rest_pool_new(asking->loop, &settings, &pool, &err) &&
	    rest_wait(pool, &request, &arena, &reply, &was_sent, &err))
		asking->is_gateway = is_gateways(reply.body);
	rest_pool_free(&pool);
	arena_fini(&arena);
	if (asking->ends_loop)
		loop_stop(asking->loop);
}

static bool
is_tls_gateway(struct doctor *doctor, struct slice text)
{
	struct tls_asking asking = { .config = doctor->config, .loop = doctor->loop };
	struct group group = { 0 };
	struct keeper *keeper = NULL;
	struct err err = { 0 };
	struct log *log;

	asking.url = cli_url_of_listen(&doctor->arena, "https", text, "");
	if (asking.loop != NULL) {
		tls_ask(&asking);
		return asking.is_gateway;
	}
	log = cli_log_new(LOG_ERROR);
	asking.loop = loop_new(&keeper, log, &err);
	asking.ends_loop = true;
	if (asking.loop != NULL &&
	    group_spawn(asking.loop, &group, "health", tls_ask, &asking, &err))
		loop_run(asking.loop);
	if (asking.loop != NULL)
		loop_free(&asking.loop);
	log_free(&log);
	return asking.is_gateway;
}

void
look_listen_in_use(struct doctor *doctor, const struct doctor_check *check)
{
	const struct config *config = doctor->config;
	struct address at;
	struct err err;

	for (size_t i = 0; i < config->listen_http_n; i++) {
		struct slice text = config->listen_http[i];
		bool is_tls;

		if (!address_parse(text, &at, &err))
			continue;
		is_tls = config->listen_tls_cert.n > 0 && !at.is_unix;
		if (address_look(&at) != AT_USED)
			doctor_say(doctor, check, DOCTOR_OK, "%.*s", SLICE_FMT(text));
		else if ((is_tls && is_tls_gateway(doctor, text)) || is_plain_gateway(&at))
			doctor_say(doctor, check, DOCTOR_NOTE, "%.*s: a gateway runs there",
			    SLICE_FMT(text));
		else if (is_tls && config->listen_tls_client_ca.n > 0)
			doctor_say(doctor, check, DOCTOR_WARNING,
			    "%.*s: something listens there, and to who shows listen.tls.cert it does "
			    "not tell whether it is a gateway",
			    SLICE_FMT(text));
		else
			doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: something listens there",
			    SLICE_FMT(text));
	}
}

void
look_listen_impossible(struct doctor *doctor, const struct doctor_check *check)
{
	const struct config *config = doctor->config;
	struct address at;
	struct err err;

	for (size_t i = 0; i < config->listen_http_n; i++) {
		struct slice text = config->listen_http[i];

		if (!address_parse(text, &at, &err))
			continue;
		if (address_look(&at) == AT_IMPOSSIBLE)
			doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %m", SLICE_FMT(text));
		else
			doctor_say(doctor, check, DOCTOR_OK, "%.*s", SLICE_FMT(text));
	}
}

static void
look_listen(struct doctor *doctor, const struct doctor_check *check, bool is_well)
{
	const struct config *config = doctor->config;
	struct address at;
	struct err err;

	for (size_t i = 0; i < config->listen_http_n; i++)
		if (address_parse(config->listen_http[i], &at, &err))
			doctor_say(doctor, check,
			    is_well || address_is_loopback(&at) ? DOCTOR_OK : check->level, "%.*s",
			    SLICE_FMT(config->listen_http[i]));
}

void
look_listen_open(struct doctor *doctor, const struct doctor_check *check)
{
	enum config_auth auth = doctor->config->auth;

	look_listen(doctor, check, auth == AUTH_KEYS || auth == AUTH_TENANTS);
}

void
look_listen_plain(struct doctor *doctor, const struct doctor_check *check)
{
	const struct config *config = doctor->config;

	look_listen(
	    doctor, check, config->listen_tls_cert.n > 0 || config->listen_tls == LISTEN_TLS_NONE);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static void
look_tls_fault(struct doctor *doctor, const struct doctor_check *check, enum config_fault fault)
{
	if (doctor->config == NULL && doctor->fault == fault)
		doctor_say(doctor, check, DOCTOR_ERROR, "%s", doctor->err.text);
	for (const struct config_file *file = doctor->config != NULL ? doctor->config->files : NULL;
	     file != NULL; file = file->next)
		if (file->kind == CONFIG_FILE_CERT && !was_seen(doctor->config->files, file))
			doctor_say(doctor, check, DOCTOR_OK, "%s", file->path.p);
}

void
look_tls_unreadable(struct doctor *doctor, const struct doctor_check *check)
{
	look_tls_fault(doctor, check, CONFIG_FAULT_TLS_FILE);
}

void
look_tls_mismatch(struct doctor *doctor, const struct doctor_check *check)
{
	look_tls_fault(doctor, check, CONFIG_FAULT_TLS_MISMATCH);
}

static int64_t
seconds_of(const ASN1_TIME *time)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

/*
 * From when to when a file's certificates are valid: all of a chain; of authorities, of which there
 * may be old ones, any.  False: it holds none.
 */
static bool
validity(const struct config_file *file, int64_t *from_s, int64_t *until_s)
{
	bool is_any = file->kind == CONFIG_FILE_CA;
	BIO *bio = BIO_new_file(file->path.p, "r");
	X509 *cert;
	unsigned n = 0;

	while (bio != NULL && n < CERTS_MAX &&
	    (cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
		int64_t from = seconds_of(X509_get0_notBefore(cert));
		int64_t until = seconds_of(X509_get0_notAfter(cert));

		if (n == 0 || (is_any ? from < *from_s : from > *from_s))
			*from_s = from;
		if (n == 0 || (is_any ? until > *until_s : until < *until_s))
			*until_s = until;
		n++;
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	return n > 0;
}

static void
say_date(struct doctor *doctor, const struct doctor_check *check, bool is_fault,
    const struct config_file *file, const char *word, int64_t at_s)
{
	time_t at = (time_t)at_s;
	char date[32] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	doctor_say(doctor, check, is_fault ? check->level : DOCTOR_OK, "%s: valid %s %s",
	    file->path.p, word, date);
}

enum date_question { DATE_EXPIRED, DATE_SOON, DATE_FUTURE };

static void
look_dates(struct doctor *doctor, const struct doctor_check *check, enum date_question question)
{
	const struct config_file *files = doctor->config->files;
	int64_t now = doctor->now_s, from, until;

	for (const struct config_file *file = files; file != NULL; file = file->next) {
		if ((file->kind != CONFIG_FILE_CERT && file->kind != CONFIG_FILE_CA) ||
		    was_seen(files, file) || !validity(file, &from, &until))
			continue;
		if (question == DATE_EXPIRED)
			say_date(doctor, check, until <= now, file, "until", until);
		else if (question == DATE_FUTURE)
			say_date(doctor, check, from > now, file, "from", from);
		else if (until > now)
			say_date(
			    doctor, check, until <= now + SOON_DAYS * DAY_S, file, "until", until);
	}
}

void
look_tls_expired(struct doctor *doctor, const struct doctor_check *check)
{
	look_dates(doctor, check, DATE_EXPIRED);
}

void
look_tls_soon(struct doctor *doctor, const struct doctor_check *check)
{
	look_dates(doctor, check, DATE_SOON);
}

void
look_tls_future(struct doctor *doctor, const struct doctor_check *check)
{
	look_dates(doctor, check, DATE_FUTURE);
}

/* ---- programs -------------------------------------------------------------------------------- */

static void
look_command(struct doctor *doctor, const struct doctor_check *check,
    const struct config_upstream *upstream, struct slice name)
{
	char *path = mem_new(PROGRAM_PATH);
	struct stat st;

	if (!program_find(upstream, path))
		doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %.*s is in no folder of PATH",
		    SLICE_FMT(name), SLICE_FMT(upstream->command[0]));
	else if (stat(path, &st) != 0)
		doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %s: %m", SLICE_FMT(name), path);
	else if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
		doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %s cannot be executed",
		    SLICE_FMT(name), path);
	else
		doctor_say(doctor, check, DOCTOR_OK, "%.*s: %s", SLICE_FMT(name), path);
	mem_free(path);
}

void
look_commands(struct doctor *doctor, const struct doctor_check *check)
{
	const struct config *config = doctor->config;

	for (size_t i = 0; i < config->upstreams_n; i++) {
		const struct config_upstream *upstream = &config->upstreams[i];

		if (upstream->enabled && upstream->command_n > 0)
			look_command(doctor, check, upstream,
			    upstream->name.n > 0 ? upstream->name : S("the server"));
	}
	for (size_t i = 0; config->agents.is_on && i < config->agents.runners_n; i++) {
		const struct config_runner *runner = &config->agents.runners[i];
		const struct config_upstream like = { .command = runner->command,
			.command_n = runner->command_n,
			.env = runner->env,
			.env_n = runner->env_n };

		struct slice word = runner->command[0];

		/* What a call puts in, or what lies where a run works, is not known here. */
		if (memchr(word.p, '{', word.n) == NULL &&
		    (word.p[0] == '/' || memchr(word.p, '/', word.n) == NULL))
			look_command(doctor, check, &like, runner->name);
	}
}

void
look_folders(struct doctor *doctor, const struct doctor_check *check)
{
	const struct config *config = doctor->config;
	struct stat st;

	for (size_t i = 0; i < config->upstreams_n; i++) {
		const struct config_upstream *upstream = &config->upstreams[i];
		const char *path;

		if (!upstream->enabled || upstream->command_n == 0 || upstream->cwd.n == 0)
			continue;
		path = slice_cstr(&doctor->arena, upstream->cwd);
		if (stat(path, &st) != 0)
			doctor_say(doctor, check, DOCTOR_ERROR, "%.*s: %s: %m",
			    SLICE_FMT(upstream->name), path);
		else
			doctor_say(doctor, check, S_ISDIR(st.st_mode) ? DOCTOR_OK : DOCTOR_ERROR,
			    "%.*s: %s%s", SLICE_FMT(upstream->name), path,
			    S_ISDIR(st.st_mode) ? "" : " is no directory");
	}
}
