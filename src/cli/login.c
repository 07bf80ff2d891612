/*
 * `bascule login` and `bascule logout`: a person, a browser, and the tokens that come of them.  No
 * gateway is started; the tokens' way is atlassian's (login.c there).
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "atlassian/atlassian.h"
#include "cli/cli.h"
#include "cli/login_desk.h"

#define PATIENCE_MS (10 * 60 * 1000)
#define ADDRESS_MAX (16 * KIB)
#define GRACE_MS    200 /* for the browser to get its answer */

struct session {
	struct options *options;
	struct log *log;
	struct loop *loop;
	struct config *config;
	struct group group;
	int (*work)(struct session *session);
	int status;
};

static void say(const char *fmt, ...) PRINTF(1, 2);

static void
say(const char *fmt, ...)
{
	struct buf text;
	va_list args;
	char *made = NULL;
	int n;

	va_start(args, fmt);
	n = vasprintf(&made, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	buf_init(&text, NULL, MIB);
	buf_put_shown(&text, (struct slice){ made, (size_t)n });
	cli_write(STDERR_FILENO, buf_view(&text));
	buf_fini(&text);
	free(made);
}

/* ---- which site ------------------------------------------------------------------------------ */

static bool
is_meant(const struct config_site *site, struct slice name)
{
	return slice_eq(site->provider, name) || (site->name.n > 0 && slice_eq(site->name, name));
}

MUST_CHECK static bool
site_find(
    const struct config *config, struct slice name, const struct config_site **out, struct err *err)
{
	const struct config_atlassian *all = &config->atlassian;
	const struct config_site *found = NULL;

	for (size_t i = 0; i < all->sites_n; i++) {
		const struct config_site *site = &all->sites[i];

		if (!is_meant(site, name))
			continue;
		if (site->auth != SITE_AUTH_OAUTH)
			return err_set(err, ERR_USAGE,
			    "%.*s: is not configured for OAuth (auth.type: oauth), so that there is "
			    "nothing to log in to",
			    SLICE_FMT(site->provider));
		if (found != NULL && !login_is_shared(found, site))
			return err_set(err, ERR_USAGE,
			    "%.*s: is %.*s and %.*s, with a login each: name one of them",
			    SLICE_FMT(name), SLICE_FMT(found->provider), SLICE_FMT(site->provider));
		found = found != NULL ? found : site;
	}
	*out = found;
	return found != NULL ||
	    err_set(err, ERR_USAGE,
		"no site is called \"%.*s\"; `bascule login` lists those there are",
		SLICE_FMT(name));
}

static void
put_time(uint64_t ms, char out[32])
{
	time_t at = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

static void
put_state(const struct login_state *state, struct buf *out)
{
	char until[32];

	put_time(state->expires_ms, until);
	if (!state->is_there)
		buf_puts(out, "no");
	else if (state->can_renew)
		buf_puts(out, "yes, renewed by itself");
	else if (state->expires_ms == 0)
		buf_puts(out, "yes");
	else
		buf_printf(out, "until %s", until);
}

static int
list_work(struct session *session)
{
	static const char *const heads[] = { "SITE", "ADDRESS", "LOGGED IN" };
	const struct config_atlassian *all = &session->config->atlassian;
	struct table *table = table_new(heads, COUNT(heads));
	int status = EXIT_DONE;
	size_t rows = 0;
	struct buf out;

	for (size_t i = 0; i < all->sites_n; i++) {
		const struct config_site *site = &all->sites[i];
		struct login_state state;
		struct arena arena;
		struct err err;
		struct buf how;

		if (site->auth != SITE_AUTH_OAUTH)
			continue;
		buf_init(&how, NULL, 4 * KIB);
		arena_init(&arena, NULL, 64 * KIB);
		if (login_state_wait(session->loop, session->config, site, &state, &err)) {
			put_state(&state, &how);
		} else {
			buf_puts(&how, err.text);
			status = EXIT_FAILED;
		}
		buf_putc(&how, '\0');
		table_row(table,
		    (const char *[]){
			slice_cstr(&arena, site->provider), slice_cstr(&arena, site->url), how.p });
		rows++;
		arena_fini(&arena);
		buf_fini(&how);
	}
	buf_init(&out, NULL, MIB);
	table_print(&table, &out);
	if (rows == 0) {
		buf_clear(&out);
		say("No site is configured for OAuth (auth.type: oauth), so that there is nothing to "
		    "log in to.\n");
	}
	status = cli_print(&out, status);
	buf_fini(&out);
	return status;
}

/* ---- logging in ------------------------------------------------------------------------------ */

/* Only where a person sits in front of this very machine. */
static void
browser_open(const struct session *session, const char *url)
{
	char *const argv[] = { "xdg-open", (char *)(uintptr_t)url, NULL };
	bool has_display = cli_variable(session->options, "DISPLAY") != NULL ||
	    cli_variable(session->options, "WAYLAND_DISPLAY") != NULL;
	posix_spawn_file_actions_t files;
	pid_t pid;

	if (!has_display || cli_variable(session->options, "SSH_CONNECTION") != NULL ||
	    !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return;
	posix_spawn_file_actions_init(&files);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
	/* The address stands on the terminal too: it does not matter how this goes. */
	(void)posix_spawnp(&pid, "xdg-open", &files, NULL, argv,
	    (char *const *)(uintptr_t)session->options->environ);
	posix_spawn_file_actions_destroy(&files);
}

static int
told(const struct config_site *site, const struct login_state *state)
{
	struct buf out;
	char until[32];

	buf_init(&out, NULL, 4 * KIB);
	buf_printf(&out, "%.*s: logged in", SLICE_FMT(site->provider));
	if (state->cloud_id[0] != '\0')
		buf_printf(&out, " (cloud id %s)", state->cloud_id);
	put_time(state->expires_ms, until);
	if (state->can_renew)
		buf_puts(&out, "; the login is renewed by itself\n");
	else if (state->expires_ms != 0)
		buf_printf(&out,
		    " until %s: it cannot be renewed, for no refresh token was given\n", until);
	else
		buf_puts(&out, "\n");
	return cli_print(&out, EXIT_DONE);
}

static void
instruct(const struct session *session, const struct config_site *site, struct oauth_login *login,
    const struct desk *desk)
{
	say("Open this address, and agree there to what bascule asks for:\n\n  %s\n\n",
	    login_url(login));
	if (desk_is_listening(desk))
		say("Waiting for the browser to come back to %.*s.\n",
		    SLICE_FMT(login_redirect_uri(login)));
	if (desk_has_terminal(desk))
		say("%s paste the address here that it was sent to, and press Enter.\n",
		    desk_is_listening(desk) ? "If the browser runs elsewhere:" : "Then");
	if (!desk_is_listening(desk) && !desk_has_terminal(desk))
		say("Then, within 10 minutes, with the address that the browser was sent to:\n\n"
		    "  bascule login %.*s --code ADDRESS\n",
		    SLICE_FMT(site->provider));
	if (desk_has_terminal(desk))
		browser_open(session, login_url(login));
}

/* Answers until one is of this login: anybody may send something to the port. */
MUST_CHECK static bool
answer_wait(struct session *session, struct oauth_login *login, struct desk *desk,
    struct login_state *state, struct err *err)
{
	uint64_t until_ms = loop_now_ms(session->loop) + PATIENCE_MS;
	struct slice answer;
	bool ok;

	for (;;) {
		if (!desk_answer_wait(desk, until_ms, &answer, err))
			return false;
		ok = login_finish_wait(login, answer, state, err);
		if (ok || err->kind != ERR_PARAMS)
			break;
		say("%s\n", err->text);
		desk_reply(desk, 400, "That is not the answer to the login that waits here.\n");
	}
	if (ok)
		desk_reply(desk, 200, "bascule is logged in. You can close this page.\n");
	else
		desk_reply(desk, 400, "The login failed. The terminal says why.\n");
	return ok;
}

static int
browser_work(struct session *session, const struct config_site *site)
{
	struct oauth_login *login = NULL;
	struct desk *desk = NULL;
	struct login_state state;
	struct err err = { 0 };
	int status = EXIT_FAILED;

	if (!login_begin_wait(session->loop, session->config, site, &login, &err))
		return cli_fail(&err);
	desk = desk_new(session->loop, login_redirect_uri(login));
	instruct(session, site, login, desk);
	if (desk_is_listening(desk) || desk_has_terminal(desk)) {
		if (answer_wait(session, login, desk, &state, &err))
			status = told(site, &state);
		else
			status = cli_fail(&err);
		if (!task_sleep_wait(session->loop, GRACE_MS, &err))
			status = EXIT_FAILED;
	}
	desk_free(&desk);
	login_free(&login);
	return status;
}

/* The second half, perhaps of another process. */
static int
code_work(struct session *session, const struct config_site *site, const char *given)
{
	struct oauth_login *login = NULL;
	struct login_state state;
	struct err err = { 0 };
	struct buf text;
	bool ok = true;

	buf_init(&text, NULL, MIB);
	if (strcmp(given, "-") == 0)
		ok = cli_read(STDIN_FILENO, "stdin", ADDRESS_MAX, &text, &err);
	else
		buf_puts(&text, given);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n' || text.p[i] == '\r')
			text.p[i] = ' ';
	ok = ok && buf_check(&text, &err) &&
	    login_resume_wait(session->loop, session->config, site, &login, &err) &&
	    login_finish_wait(login, buf_view(&text), &state, &err);
	buf_fini(&text);
	login_free(&login);
	return ok ? told(site, &state) : cli_fail(&err);
}

static int
login_work(struct session *session)
{
	const struct options *options = session->options;
	const char *code = options->value[OPTION_CODE];
	const struct config_site *site;
	struct err err;

	if (options->words_n == 0)
		return list_work(session);
	if (!site_find(session->config, slice_of(options->words[0]), &site, &err))
		return cli_fail(&err);
	return code != NULL ? code_work(session, site, code) : browser_work(session, site);
}

static int
logout_work(struct session *session)
{
	const struct config_site *site;
	struct err err;
	struct logout logout;
	struct buf out;

	if (!site_find(session->config, slice_of(session->options->words[0]), &site, &err) ||
	    !logout_wait(session->loop, session->config, site, &logout, &err))
		return cli_fail(&err);
	buf_init(&out, NULL, KIB);
	buf_printf(&out, "%.*s: %s\n", SLICE_FMT(site->provider),
	    !logout.was_there	     ? "nobody was logged in"
		: logout.was_revoked ? "logged out, here and at Atlassian"
				     : "logged out here");
	if (logout.was_there && !logout.was_revoked)
		say("Atlassian was not told (%s): until its time is over the login can still be used by "
		    "who has a copy; the account's settings end it.\n",
		    logout.why.text);
	return cli_print(&out, EXIT_DONE);
}

/* ---- the commands ---------------------------------------------------------------------------- */

static void
on_interrupt(void *ctx, int signo)
{
	struct session *session = ctx;

	(void)signo;
	group_cancel(&session->group, ERR_CANCELLED);
}

static void
session_main(void *arg)
{
	struct session *session = arg;

	loop_on_signal(session->loop, SIGINT, on_interrupt, session);
	loop_on_signal(session->loop, SIGTERM, on_interrupt, session);
	session->status = session->work(session);
	loop_stop(session->loop);
}

static int
session_run(struct options *options, int (*work)(struct session *session))
{
	struct session session = { .options = options, .work = work };
	struct err err;

	session.log = cli_log_new(LOG_WARN);
	if (!cli_config_load(options, session.log, &session.config, &err) ||
	    (session.loop = loop_new(&options->keeper, session.log, &err)) == NULL ||
	    !group_spawn(session.loop, &session.group, "login", session_main, &session, &err))
		session.status = cli_fail(&err);
	else
		loop_run(session.loop);
	if (session.loop != NULL)
		loop_free(&session.loop);
	config_free(&session.config);
	log_free(&session.log);
	arena_drain();
	return session.status;
}

int
login_run(struct options *options)
{
	return session_run(options, login_work);
}

int
logout_run(struct options *options)
{
	return session_run(options, logout_work);
}
