/*
 * `bascule health`: asks a running gateway how it is.  0: it answers, be it degraded; 1: it does
 * not.
 *
 * It asks the address given (unix:/run/bascule.sock for a unix socket), else the first TCP address
 * of the configuration, else its first, else the default one.  A missing configuration is no fault:
 * the gateway may have been started without.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define TIMEOUT_MS	5000
#define ANSWER_BYTES	(16 * MIB)
#define DEFAULT_URL	"http://127.0.0.1:8080/health"
#define ENVIRONMENT_URL "http://127.0.0.1:8000/health"
#define UNIX_URL	"http://localhost/health"

struct asking {
	struct options *options;
	struct loop *loop;
	struct slice url;
	struct address socket; /* is_unix: instead of the host of the URL */
	struct tls_files tls;  /* of https; in the arena */
	struct slice shown;    /* who is asked, in errors */
	struct task *task;
	int status; /* of the response; 0: none yet */
	struct buf body;
	bool is_over;
	struct err err;
	int exit_status;
};

/* ---- where --------------------------------------------------------------------------------- */

struct slice
cli_url_of_listen(struct arena *arena, const char *scheme, struct slice address, const char *path)
{
	static const struct {
		struct slice any, here;
	} rows[] = {
		{ S("0.0.0.0:"), S("127.0.0.1:") },
		{ S("[::]:"), S("[::1]:") },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (slice_starts(address, rows[i].any))
			return arena_printf(arena, "%s://%.*s%.*s%s", scheme,
			    SLICE_FMT(rows[i].here), (int)(address.n - rows[i].any.n),
			    address.p + rows[i].any.n, path);
	return arena_printf(arena, "%s://%.*s%s", scheme, SLICE_FMT(address), path);
}

/* Was a configuration named? */
static bool
has_named(const struct options *options)
{
	for (const char *const *at = options->environ; *at != NULL; at++)
		if (strncmp(*at, "BASCULE_CONFIG=", 15) == 0 && (*at)[15] != '\0')
			return true;
	return option_is_given(options, OPTION_CONFIG);
}

MUST_CHECK static bool
ask_socket(struct asking *asking, struct arena *arena, struct slice text, struct err *err)
{
	if (!address_parse(text, &asking->socket, err)) {
		err->kind = ERR_USAGE;
		return err_prefix(err, "health");
	}
	asking->url = S(UNIX_URL);
	asking->shown = slice_dup(arena, text);
	return true;
}

/* TCP first: only there a health check sees what clients see. */
MUST_CHECK static bool
ask_config(struct asking *asking, struct arena *arena, struct err *err)
{
	struct options *options = asking->options;
	struct log *log = cli_log_new(LOG_ERROR);
	struct config *config = NULL;
	struct slice *url = &asking->url;
	bool ok;

	ok = cli_config_load(options, log, &config, err);
	log_free(&log);
	if (!ok && has_named(options))
		return false;
	if (!ok) {
		*url = S(DEFAULT_URL);
		*err = (struct err){ 0 };
		return true;
	}
	for (size_t i = 0; i < config->listen_http_n && url->p == NULL; i++)
		if (!slice_starts(config->listen_http[i], S("unix:")))
			*url = cli_url_of_listen(arena,
			    config->listen_tls_cert.n > 0 ? "https" : "http",
			    config->listen_http[i], "/health");
	/* Our own certificate, whatever name it is for: here it is an address that is asked. */
	asking->tls = (struct tls_files){ .ca = slice_dup(arena, config->listen_tls_cert),
		.cert = slice_dup(arena, config->listen_tls_cert),
		.key = slice_dup(arena, config->listen_tls_key),
		.is_any_name = true };
	/* A gateway without a file whose transport is an option of its own. */
	if (url->p == NULL && config->file.p == NULL)
		*url = S(ENVIRONMENT_URL);
	if (url->p == NULL && config->listen_http_n > 0)
		ok = ask_socket(asking, arena, config->listen_http[0], err);
	else
		ok = url->p != NULL ||
		    err_set(err, ERR_USAGE, "health: the configuration names no address");
	config_free(&config);
	return ok;
}

/* The page of the gateway whose address, or whose endpoint, was given. */
MUST_CHECK static bool
ask_word(struct asking *asking, const char *word, struct arena *arena, struct err *err)
{
	struct slice text = slice_of(word);
	struct url url;

	if (slice_starts(text, S("unix:")))
		return ask_socket(asking, arena, text, err);
	if (text.n > KIB || !url_parse(text, &url, err))
		return err_set(err, ERR_USAGE,
		    "health: \"%.80s\" is no URL such as http://127.0.0.1:8080", word);
	if (slice_eq(url.path, S("/")) || slice_eq(url.path, S("/mcp")) ||
	    slice_eq(url.path, S("/sse")))
		url.path = S("/health");
	asking->url = arena_printf(arena, "%s://%.*s%.*s", url.is_tls ? "https" : "http",
	    SLICE_FMT(url.authority), SLICE_FMT(url.path));
	return true;
}

/* ---- asking -------------------------------------------------------------------------------- */

static void
on_head(void *owner, struct fetch *fetch, int status)
{
	((struct asking *)owner)->status = status;
}

static void
on_data(void *owner, struct fetch *fetch, char *bytes, size_t n)
{
	buf_put(&((struct asking *)owner)->body, (struct slice){ bytes, n });
}

static void
on_done(void *owner, struct fetch *fetch, const struct err *err)
{
	struct asking *asking = owner;

	asking->is_over = true;
	if (err != NULL)
		asking->err = *err;
	task_wake(asking->task);
}

static const struct fetch_handler handler = { on_head, on_data, on_done };

MUST_CHECK static bool
ask_wait(struct asking *asking, struct http_pool *pool, struct err *err)
{
	struct fetch_request request = { .method = S("GET"),
		.headers = S(""),
		.idle_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_BYTES };
	struct fetch *fetch;
	struct url url;

	if (!http_pool_resolve_wait(pool, err) || !url_parse(asking->url, &url, err))
		return false;
	request.path = url.path;
	fetch = fetch_start(pool, &request, &handler, asking);
	while (!asking->is_over) {
		if (!task_park_wait(asking->loop, err)) {
			fetch_abort(&fetch);
			return err_set(
			    err, ERR_DEADLINE, "no answer within %d s", TIMEOUT_MS / 1000);
		}
	}
	if (asking->err.kind != ERR_NONE) {
		*err = asking->err;
		return false;
	}
	if (asking->status != 200)
		return err_set(err, ERR_UNAVAILABLE, "HTTP status %d", asking->status);
	return buf_check(&asking->body, err);
}

static void
asking_main(void *arg)
{
	struct asking *asking = arg;
	struct http_pool *pool = NULL;
	bool ok;

	asking->task = task_self(asking->loop);
	task_deadline(asking->task, loop_now_ms(asking->loop) + TIMEOUT_MS);
	ok = http_pool_new(asking->loop, asking->url, 0, TIMEOUT_MS, &pool, &asking->err);
	if (ok && asking->tls.cert.n > 0)
		http_pool_set_tls(pool, &asking->tls);
	if (ok && asking->socket.is_unix)
		http_pool_set_address(pool, &asking->socket);
	ok = ok && ask_wait(asking, pool, &asking->err);
	if (!ok)
		asking->exit_status = EXIT_FAILED;
	if (pool != NULL)
		http_pool_free(&pool);
	loop_stop(asking->loop);
}

/* ---- what was answered --------------------------------------------------------------------- */

/* "degraded", and a line for each server that is not ready. */
static void
put_people(struct buf *out, struct arena *arena, struct slice document)
{
	struct slice servers, server, key;
	struct json_iter iter;

	buf_put_shown(out, cli_member(arena, document, S("status")));
	buf_putc(out, '\n');
	if (!json_find(document, S("servers"), &servers) || json_type(servers) != JSON_ARRAY)
		return;
	json_iter_init(&iter, servers);
	while (json_iter_next(&iter, &key, &server)) {
		struct slice state = cli_member(arena, server, S("state"));
		struct slice reason = cli_member(arena, server, S("reason"));

		if (slice_eq(state, S("ready")))
			continue;
		buf_puts(out, "  ");
		buf_put_shown(out, cli_member(arena, server, S("name")));
		buf_puts(out, ": ");
		buf_put_shown(out, state);
		buf_puts(out, reason.n > 0 ? ": " : "");
		buf_put_shown(out, reason);
		buf_putc(out, '\n');
	}
}

static int
answer_print(struct asking *asking)
{
	bool is_json = option_is_given(asking->options, OPTION_JSON);
	struct json_scan *scan;
	struct arena arena;
	struct buf out;
	struct err err;

	buf_init(&out, NULL, 2 * ANSWER_BYTES);
	arena_init(&arena, NULL, 4 * ANSWER_BYTES);
	scan = json_scan_new(
	    &arena, asking->body.p != NULL ? asking->body.p : "", asking->body.n, 1, JSON_MEND, 1);
	/* Another page, such as /healthz, is no JSON. */
	if (!json_scan_all(scan, &err) || json_scan_type(scan) != JSON_OBJECT)
		buf_put_shown(&out, buf_view(&asking->body));
	else if (is_json)
		buf_put(&out, buf_view(&asking->body));
	else
		put_people(&out, &arena, buf_view(&asking->body));
	if (out.n == 0 || out.p[out.n - 1] != '\n')
		buf_putc(&out, '\n');
	arena_fini(&arena);
	return cli_print(&out, EXIT_DONE);
}

static int
fail(struct asking *asking)
{
	if (option_is_given(asking->options, OPTION_JSON)) {
		struct buf out;

		buf_init(&out, NULL, MIB);
		buf_puts(&out, "{\"status\":\"unreachable\",\"reason\":");
		buf_json_string(&out, slice_of(asking->err.text));
		buf_puts(&out, "}\n");
		cli_print(&out, EXIT_DONE);
	}
	err_prefix(&asking->err, "%.*s", (int)(asking->shown.n > 100 ? 100 : asking->shown.n),
	    asking->shown.p);
	(void)cli_fail(&asking->err);
	return EXIT_FAILED;
}

int
health_run(struct options *options)
{
	struct asking asking = { .options = options };
	struct log *log = cli_log_new(LOG_ERROR);
	struct group group = { 0 };
	struct arena arena;
	int status;
	bool ok;

	arena_init(&arena, NULL, MIB);
	buf_init(&asking.body, NULL, ANSWER_BYTES);
	ok = options->words_n > 0 ? ask_word(&asking, options->words[0], &arena, &asking.err)
				  : ask_config(&asking, &arena, &asking.err);
	if (asking.shown.p == NULL)
		asking.shown = asking.url;
	if (ok) {
		asking.loop = loop_new(&options->keeper, log, &asking.err);
		ok = asking.loop != NULL &&
		    group_spawn(asking.loop, &group, "health", asking_main, &asking, &asking.err);
	}
	if (ok)
		loop_run(asking.loop);
	if (!ok)
		status = cli_fail(&asking.err);
	else
		status = asking.exit_status == EXIT_DONE ? answer_print(&asking) : fail(&asking);
	if (asking.loop != NULL)
		loop_free(&asking.loop);
	buf_fini(&asking.body);
	arena_fini(&arena);
	log_free(&log);
	arena_drain();
	return status;
}
