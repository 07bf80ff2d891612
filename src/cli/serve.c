/*
 * `bascule serve`: the gateway with its fronts, until a signal or the end of stdin.
 *
 * The end has an order: no new requests; those in progress finish (10 s, or a second signal); the
 * hub with its upstreams goes, then the fronts and a sandbox, then the loop.  A reload replaces
 * what upstreams say; what only a restart can change is named.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "atlassian/atlassian.h"
#include "cli/cli.h"
#include "cli/watch.h"

#define DRAIN_MS	10000
#define LINGER_MS	50 /* last bytes leave after the last request has ended */
#define DEFAULT_ADDRESS "127.0.0.1:8080"

struct serve {
	struct options *options;
	serve_config_fn *make;
	struct log *log;
	struct service *service;
	struct loop *loop;
	struct config *config; /* until the hub takes it */
	struct hub *hub;
	struct fronts *fronts;
	struct admin *admin;
	struct traces *traces;	 /* NULL: nothing is traced */
	struct sandbox *sandbox; /* NULL: none is configured */
	struct keep keep;
	struct group group;
	struct timer timer;
	struct task *task;     /* the main one, which waits for the end */
	struct tls_trust *tls; /* what listen.tls names; NULL: it names nothing */
	uint64_t stop_by_ms;
	bool is_stopping, is_over;
	bool wants_reload;
	struct watch watch;
	struct group watching;
	int status;
};

/* ---- what the command line changes ---- */

MUST_CHECK static bool
transport_of(const struct options *options, enum config_transport *out, struct err *err)
{
	static const struct {
		const char *name;
		enum config_transport transport;
	} rows[] = {
		{ "stdio", TRANSPORT_STDIO }, { "http", TRANSPORT_HTTP },
		{ "streamable-http", TRANSPORT_HTTP },
		{ "sse", TRANSPORT_HTTP }, /* the same listener has /sse */
	};
	static const char *const known[] = { "stdio", "http", "streamable-http", "sse" };
	const char *name = options->value[OPTION_TRANSPORT], *nearest;

	*out = TRANSPORT_AUTO;
	if (name == NULL)
		return true;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0) {
			*out = rows[i].transport;
			return true;
		}
	nearest = cli_nearest(name, known, COUNT(known));
	return err_set(err, ERR_USAGE, "serve: unknown transport \"%.40s\"%s%s%s", name,
	    nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
	    nearest != NULL ? "\"?)" : "");
}

/* "ADDRESS:PORT" of --host and --port; what is not given comes from the first address configured.
 */
MUST_CHECK static bool
address_override(struct config *config, const struct options *options, struct err *err)
{
	const char *host = options->value[OPTION_HOST], *port = options->value[OPTION_PORT];
	struct slice first =
	    config->listen_http_n > 0 ? config->listen_http[0] : S(DEFAULT_ADDRESS);
	struct slice from = first, text, *list;
	size_t colon = first.n;

	if (slice_starts(first, S("unix:")))
		from = S(DEFAULT_ADDRESS);
	for (colon = from.n; colon > 0 && from.p[colon - 1] != ':';)
		colon--;
	must(colon > 0);
	if (host != NULL && strlen(host) > 64)
		return err_set(err, ERR_USAGE, "serve: --host must be an IP address");
	if (host != NULL && strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	text = arena_printf(&config->arena, "%s%.*s%s:%.*s",
	    host != NULL && strchr(host, ':') != NULL && host[0] != '[' ? "[" : "",
	    host != NULL ? (int)strlen(host) : (int)(colon - 1), host != NULL ? host : from.p,
	    host != NULL && strchr(host, ':') != NULL && host[0] != '[' ? "]" : "",
	    port != NULL ? (int)strlen(port) : (int)(from.n - colon),
	    port != NULL ? port : from.p + colon);
	if (!address_parse(text, &(struct address){ 0 }, err))
		return err_set(
		    err, ERR_USAGE, "serve: \"%.*s\" is no IP address and port", SLICE_FMT(text));
	list = ARENA_NEW(&config->arena, struct slice);
	*list = text;
	config->listen_http = list;
	config->listen_http_n = 1;
	return true;
}

static bool
has_address(const struct options *options)
{
	return option_is_given(options, OPTION_HOST) || option_is_given(options, OPTION_PORT);
}

MUST_CHECK static bool
listen_options_check(
    const struct options *options, enum config_transport transport, struct err *err)
{
	const char *port = options->value[OPTION_PORT];
	uint64_t number;

	if (transport == TRANSPORT_STDIO && has_address(options))
		return err_set(
		    err, ERR_USAGE, "serve: --host and --port do not go with --transport stdio");
	if (port != NULL && !slice_to_u64(slice_of(port), 65535, &number))
		return err_set(err, ERR_USAGE,
		    "serve: --port must be a number from 0 to 65535, not \"%.20s\"", port);
	return true;
}

/* Where the configuration is the environment, the options are already in it. */
MUST_CHECK static bool
listen_options_apply(const struct options *options, enum config_transport transport,
    struct log *log, struct config *config, struct err *err)
{
	if (config->file.p == NULL && config->listen_http_n == 0) {
		if (has_address(options))
			log_event(log, LOG_WARN, "variable_ignored",
			    "--host and --port have no effect on stdio: add --transport "
			    "streamable-http");
		return true;
	}
	if (transport == TRANSPORT_STDIO) {
		config->listen_stdio = true;
		config->listen_http_n = 0;
	} else if (transport == TRANSPORT_HTTP) {
		config->listen_stdio = false;
	}
	if (has_address(options) || (transport == TRANSPORT_HTTP && config->listen_http_n == 0))
		return address_override(config, options, err);
	return true;
}

/* The configuration as this command line wants it, checked as a whole. */
MUST_CHECK static bool
config_make(struct options *options, struct log *log, struct config **out, struct err *err)
{
	enum config_transport transport;
	struct config *config = NULL;
	bool ok;

	if (!transport_of(options, &transport, err) ||
	    !listen_options_check(options, transport, err))
		return false;
	if (!cli_config_load(options, log, &config, err))
		return false;
	ok =
	    listen_options_apply(options, transport, log, config, err) && config_check(config, err);
	if (ok)
		*out = config;
	else
		config_free(&config);
	return ok;
}

/* ---- signals ---- */

static void
over(struct serve *serve)
{
	serve->is_over = true;
	task_wake(serve->task);
}

static void
time_is_up(struct timer *timer)
{
	struct serve *serve = CONTAINER(timer, struct serve, timer);
	uint64_t now = loop_now_ms(serve->loop);

	/* What other replicas do for clients of this one. */
	if (fronts_forwards(serve->fronts) > 0 && now < serve->stop_by_ms) {
		timer_start(serve->loop, timer, now + LINGER_MS, time_is_up);
		return;
	}
	if (hub_in_flight(serve->hub) > 0)
		log_event(serve->log, LOG_WARN, "drain_cut", "%u requests did not end within %d s",
		    hub_in_flight(serve->hub), DRAIN_MS / 1000);
	over(serve);
}

/* The last request has ended: its last bytes may still be on their way. */
static void
is_idle(void *owner)
{
	struct serve *serve = owner;

	timer_start(serve->loop, &serve->timer, loop_now_ms(serve->loop) + LINGER_MS, time_is_up);
}

static void
stop(struct serve *serve)
{
	serve->is_stopping = true;
	service_tell(serve->service, SERVICE_STOPPING, "waiting for requests in progress");
	serve->stop_by_ms = loop_now_ms(serve->loop) + DRAIN_MS;
	timer_start(serve->loop, &serve->timer, serve->stop_by_ms, time_is_up);
	fronts_drain(serve->fronts);
	hub_drain(serve->hub, is_idle, serve);
}

static void
on_stop_signal(void *ctx, int signo)
{
	struct serve *serve = ctx;

	if (serve->is_stopping) {
		log_event(serve->log, LOG_INFO, "stopping", "second signal: ending at once");
		over(serve);
		return;
	}
	log_event(serve->log, LOG_INFO, "stopping", "%s: waiting for %u requests in progress",
	    signo == SIGINT ? "SIGINT" : "SIGTERM", hub_in_flight(serve->hub));
	stop(serve);
}

static void
on_stdin_end(void *owner)
{
	struct serve *serve = owner;

	if (hub_config(serve->hub)->listen_http_n > 0) {
		log_event(serve->log, LOG_INFO, "client_gone", "stdin has ended; HTTP goes on");
		return;
	}
	if (!serve->is_stopping)
		stop(serve);
}

static struct front_limits
limits_of(const struct config *config)
{
	return (struct front_limits){
		.message_bytes = config->limit_message_bytes,
		.ask_ms = config->limit_ask_ms,
		.session_idle_ms = config->limit_session_idle_ms,
		.sessions = (unsigned)config->limit_sessions,
		.in_flight = (unsigned)config->limit_in_flight,
		.parked = (unsigned)config->limit_parked,
		.is_stateless = config->listen_stateless,
	};
}

/* The addresses stay as they are: what others can reach must not lose its keys. Frees config. */
MUST_CHECK static bool
auth_check(const struct serve *serve, struct config **config, struct err *err)
{
	if ((*config)->auth != AUTH_UNSET || !fronts_are_open(serve->fronts))
		return true;
	config_free(config);
	return err_set(err, ERR_CONFIG,
	    "\"auth\" is missing, and other machines can reach this gateway: give keys, or write "
	    "\"auth: none\"");
}

static bool
has_tls(const struct config *config)
{
	return config->listen_tls_cert.n > 0;
}

/* *out NULL: no TLS is configured. */
MUST_CHECK static bool
tls_load_wait(
    struct loop *loop, const struct config *config, struct tls_trust **out, struct err *err)
{
	size_t n = config->listen_certificates_n;
	struct tls_pair *more = mem_new(n * sizeof(*more));
	const struct tls_files files = {
		.ca = config->listen_tls_client_ca,
		.cert = config->listen_tls_cert,
		.key = config->listen_tls_key,
		.more = more,
		.more_n = n,
	};
	bool ok;

	for (size_t i = 0; i < n; i++)
		more[i] = (struct tls_pair){ config->listen_certificates[i].cert,
			config->listen_certificates[i].key };
	*out = NULL;
	ok = !has_tls(config) || tls_serve_load_wait(loop, &files, out, err) ||
	    err_prefix(err, "listen");
	mem_free(more);
	return ok;
}

/* Certificates that were renewed are taken; who has connected keeps what he has.  What is plain
 * stays plain, and the other way round, until a restart. */
MUST_CHECK static bool
tls_reload_wait(
    struct serve *serve, const struct config *config, struct tls_trust **out, struct err *err)
{
	if (has_tls(config) == (serve->tls != NULL))
		return tls_load_wait(serve->loop, config, out, err);
	log_event(serve->log, LOG_WARN, "needs_restart", "changed, but needs restart: listen.tls");
	*out = tls_trust_share(serve->tls);
	return true;
}

static void
on_reload(void *ctx, int signo)
{
	struct serve *serve = ctx;

	(void)signo;
	serve->wants_reload = true;
	task_wake(serve->task);
}

static const struct config *
config_of(void *owner)
{
	return hub_config(((struct serve *)owner)->hub);
}

static void
on_change(void *owner)
{
	struct serve *serve = owner;

	log_event(
	    serve->log, LOG_INFO, "config_changed", "a file of the configuration has changed");
	on_reload(serve, 0);
}

MUST_CHECK static bool
watch_begin(struct serve *serve, struct err *err)
{
	serve->watch = (struct watch){
		.loop = serve->loop, .config = config_of, .changed = on_change, .owner = serve
	};
	return group_spawn(serve->loop, &serve->watching, "watch", watch_story, &serve->watch, err);
}

static void
reload_wait(struct serve *serve)
{
	struct config *config = NULL;
	struct tls_trust *tls = NULL;
	struct front_limits limits;
	struct err err = { 0 };
	struct buf names;
	bool ok;

	if (serve->is_stopping)
		return;
	ok = serve->make(serve->options, serve->log, &config, &err) &&
	    auth_check(serve, &config, &err) && tls_reload_wait(serve, config, &tls, &err);
	if (ok && serve->is_stopping) { /* asked for while the files were loaded */
		config_free(&config);
		tls_trust_unref(&tls);
		return;
	}
	buf_init(&names, NULL, 64 * KIB);
	if (ok && config_needs_restart(hub_config(serve->hub), config, &names))
		log_event(serve->log, LOG_WARN, "needs_restart", "changed, but needs restart: %.*s",
		    SLICE_FMT(buf_view(&names)));
	buf_fini(&names);
	if (!ok || !hub_reload(serve->hub, &config, &err)) {
		log_event(
		    serve->log, LOG_ERROR, "reload_failed", "%s; nothing was changed", err.text);
		config_free(&config);
		tls_trust_unref(&tls);
		return;
	}
	tls_trust_unref(&serve->tls);
	serve->tls = tls;
	limits = limits_of(hub_config(serve->hub));
	log_set(serve->log, hub_config(serve->hub)->log_level, hub_config(serve->hub)->log_format);
	fronts_set_limits(serve->fronts, &limits);
	fronts_set_auth(serve->fronts, hub_config(serve->hub));
	fronts_set_tls(serve->fronts, serve->tls);
	log_event(serve->log, LOG_INFO, "reloaded", "the configuration was read again");
}

/* ---- start ---- */

/* For a person at a terminal: how a client gets here, and a first thing to try. */
static void
explain(struct serve *serve, const char *url)
{
	const struct config *config = hub_config(serve->hub);
	struct buf out;

	if (!isatty(STDERR_FILENO))
		return;
	buf_init(&out, NULL, 64 * KIB);
	buf_printf(&out,
	    "\n  MCP endpoint:  %s\n\n  For clients with a list of servers:\n\n"
	    "    { \"mcpServers\": { \"bascule\": { \"type\": \"http\", \"url\": \"%s\" } } }\n\n",
	    url, url);
	if (config->file.p != NULL)
		buf_printf(&out, "  To try it in another terminal:\n\n    %s tools -c %.*s\n",
		    program_invocation_name, SLICE_FMT(config->file));
	if (config->file.p != NULL && config->upstreams_n == 1 &&
	    config->upstreams[0].command_n == 2 &&
	    slice_eq(config->upstreams[0].command[1], S("demo")))
		buf_printf(&out, "    %s call echo text=hello -c %.*s\n", program_invocation_name,
		    SLICE_FMT(config->file));
	if (config->file.p != NULL && serve->sandbox != NULL)
		buf_printf(&out, "    %s call jira_search jql='text ~ moth' -c %.*s\n",
		    program_invocation_name, SLICE_FMT(config->file));
	buf_puts(&out, "\n  Ctrl-C ends it.\n\n");
	log_flush(serve->log);
	cli_write(STDERR_FILENO, buf_view(&out));
	buf_fini(&out);
}

MUST_CHECK static bool
listen_all(struct serve *serve, struct err *err)
{
	const struct config *config = hub_config(serve->hub);

	for (size_t i = 0; i < config->listen_http_n; i++) {
		struct address at, bound;
		char text[ADDRESS_TEXT], url[ADDRESS_TEXT + 16];

		if (!address_parse(config->listen_http[i], &at, err) ||
		    !front_http_open(serve->fronts, &at, config->listen_hosts,
			config->listen_hosts_n, &bound, err))
			return err_prefix(err, "listen.http");
		address_print(&bound, text);
		if (bound.is_unix)
			snprintf(url, sizeof(url), "%s", text);
		else
			snprintf(url, sizeof(url), "%s://%s/mcp",
			    serve->tls != NULL ? "https" : "http", text);
		log_event(serve->log, LOG_INFO, "listening", "listening on %s", url);
		if (i == 0)
			explain(serve, url);
	}
	if (config->listen_stdio && !front_stdio_open(serve->fronts, on_stdin_end, serve, err))
		return err_prefix(err, "stdio");
	return true;
}

/* Once the hub is there, which knows the configuration. */
MUST_CHECK static bool
traces_begin(struct serve *serve, struct err *err)
{
	const struct config_traces *config = &hub_config(serve->hub)->traces;

	if (config->otlp.p == NULL)
		return true;
	serve->traces = traces_open(serve->loop, config, err);
	if (serve->traces != NULL)
		hub_set_tracer(serve->hub, traces_tracer(serve->traces));
	return serve->traces != NULL;
}

static void
serve_main(void *arg)
{
	struct serve *serve = arg;
	struct front_limits limits = limits_of(serve->config);
	struct err err = { 0 };
	char replica[REPLICA_NAME_BYTES + 1];
	bool ok = cli_sandbox_open(serve->loop, serve->config, &serve->sandbox, &err) &&
	    mcp_replica_name(serve->config, replica, &err);

	if (ok && replica[0] != '\0')
		log_set_instance(serve->log, replica);
	serve->task = task_self(serve->loop);
	serve->keep.slot.fd = -1;
	ok = ok && tls_load_wait(serve->loop, serve->config, &serve->tls, &err) &&
	    keep_begin_wait(&serve->keep, serve->loop, serve->config, &err) &&
	    (serve->hub = hub_new(serve->loop, &serve->config, native_providers, &err)) != NULL &&
	    keep_hub_wait(&serve->keep, serve->hub, &err) && traces_begin(serve, &err);
	if (!ok) {
		serve->status = cli_fail(&err);
		hub_free_wait(&serve->hub);
		keep_end_wait(&serve->keep);
		tls_trust_unref(&serve->tls);
		sandbox_free(&serve->sandbox);
		loop_stop(serve->loop);
		return;
	}
	serve->fronts = fronts_new(serve->loop, hub_gate(serve->hub), &limits);
	fronts_set_seal_key(serve->fronts, hub_config(serve->hub)->seal_key);
	fronts_set_auth(serve->fronts, hub_config(serve->hub));
	fronts_set_tls(serve->fronts, serve->tls);
	serve->admin = admin_new(serve->hub, serve->fronts);
	admin_set_traces(serve->admin, serve->traces);
	if (fronts_set_replicas(serve->fronts, hub_config(serve->hub), &err) &&
	    listen_all(serve, &err) && watch_begin(serve, &err)) {
		loop_on_signal(serve->loop, SIGTERM, on_stop_signal, serve);
		loop_on_signal(serve->loop, SIGINT, on_stop_signal, serve);
		loop_on_signal(serve->loop, SIGHUP, on_reload, serve);
		service_unused(serve->service);
		service_tell(serve->service, SERVICE_READY, "serving");
		while (!serve->is_over && task_park_wait(serve->loop, &err)) {
			while (serve->wants_reload) {
				serve->wants_reload = false;
				service_tell(
				    serve->service, SERVICE_RELOADING, "reading the configuration");
				reload_wait(serve);
				if (!serve->is_stopping)
					service_tell(serve->service, SERVICE_READY, "serving");
			}
		}
	} else {
		serve->status = cli_fail(&err);
	}
	serve->is_stopping = true;
	group_cancel(&serve->watching, ERR_CANCELLED);
	group_drain(serve->loop, &serve->watching);
	timer_stop(serve->loop, &serve->timer);
	admin_free(&serve->admin);
	hub_free_wait(&serve->hub);
	traces_close_wait(&serve->traces);
	fronts_free(&serve->fronts);
	keep_end_wait(&serve->keep);
	tls_trust_unref(&serve->tls);
	sandbox_free(&serve->sandbox);
	loop_stop(serve->loop);
}

int
serve_with(struct options *options, serve_config_fn *make)
{
	struct serve serve = { .options = options, .make = make };
	struct err err = { 0 };
	bool ok;

	serve.log = cli_log_new(LOG_INFO);
	serve.service = service_take();
	ok = make(options, serve.log, &serve.config, &err);
	if (ok) {
		log_set(serve.log, serve.config->log_level, serve.config->log_format);
		serve.loop = loop_new(&options->keeper, serve.log, &err);
		ok = serve.loop != NULL;
	}
	if (ok)
		service_begin(serve.service, serve.loop);
	ok = ok && group_spawn(serve.loop, &serve.group, "serve", serve_main, &serve, &err);
	if (ok)
		loop_run(serve.loop);
	else
		serve.status = cli_fail(&err);
	service_free(&serve.service);
	if (serve.loop != NULL)
		loop_free(&serve.loop);
	config_free(&serve.config);
	log_free(&serve.log);
	arena_drain();
	return serve.status;
}

int
serve_run(struct options *options)
{
	return serve_with(options, config_make);
}
