/*
 * The environment of the Python servers: which sites it makes, and what is said of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

#define VARIABLES_MAX 16
#define CLOUD	      "JIRA_URL=https://acme.atlassian.net"
#define SERVER	      "JIRA_URL=https://jira.acme.com"
#define BASIC	      "JIRA_USERNAME=me@acme.com", "JIRA_API_TOKEN=t0ken"
#define LEFT_OUT      "no site in the environment"

/* What a site looks like here: "jira_2 basic https://…", one a line; said: what the log or the
 * error must hold, NULL: nothing may be said. */
static const struct {
	const char *name;
	const char *environ[VARIABLES_MAX];
	const char *sites, *said;
} cases[] = {
	{ "cloud, basic", { CLOUD, BASIC }, "jira basic https://acme.atlassian.net\n", NULL },
	{ "nothing", { NULL }, "", LEFT_OUT },
	{ "a numbered site without a primary",
	    { "JIRA_2_URL=https://a.b", "JIRA_2_PERSONAL_TOKEN=x" }, "jira_2 pat https://a.b\n",
	    NULL },
};

/* What is logged goes into a pipe, which is read when all is said. */
struct ears {
	int fds[2];
	struct log *log;
	char text[8 * KIB];
};

static void
ears_open(struct ears *ears)
{
	assert_int_equal(pipe(ears->fds), 0);
	ears->log = log_new(ears->fds[1], LOG_DEBUG, LOG_TEXT, "test");
}

static void
ears_close(struct ears *ears)
{
	size_t n = 0;
	ssize_t more;

	log_flush(ears->log);
	log_free(&ears->log);
	close(ears->fds[1]);
	while ((more = read(ears->fds[0], ears->text + n, sizeof(ears->text) - 1 - n)) > 0)
		n += (size_t)more;
	ears->text[n] = '\0';
	close(ears->fds[0]);
}

static void
put_sites(struct buf *out, const struct config *config)
{
	static const char *const words[] = { "none", "basic", "pat", "oauth", "bearer", "cert" };

	for (size_t i = 0; i < config->atlassian.sites_n; i++) {
		const struct config_site *site = &config->atlassian.sites[i];

		buf_put(out, site->provider);
		buf_printf(out, " %s ", words[site->auth]);
		buf_put(out, site->url.p != NULL ? site->url : S("-"));
		buf_putc(out, '\n');
	}
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *environment[VARIABLES_MAX + 2] = { "HOME=/nonexistent" };
		struct config_source source = { .environ = environment };
		struct config *config = NULL;
		struct err err = { 0 };
		struct ears ears;
		struct buf sites;
		bool ok;

		for (size_t k = 0; k < VARIABLES_MAX && cases[i].environ[k] != NULL; k++)
			environment[k + 1] = cases[i].environ[k];
		buf_init(&sites, NULL, MIB);
		ears_open(&ears);
		ok = config_load(&source, ears.log, &config, &err);
		ears_close(&ears);
		if (ok)
			put_sites(&sites, config);
		buf_putc(&sites, '\0');
		if (strcmp(sites.p, cases[i].sites) != 0 ||
		    (cases[i].said != NULL && strstr(ears.text, cases[i].said) == NULL &&
			strstr(err.text, cases[i].said) == NULL) ||
		    (cases[i].said == NULL && (ears.text[0] != '\0' || !ok))) {
			print_error("%s: sites\n%swanted\n%ssaid: %s%s\n", cases[i].name, sites.p,
			    cases[i].sites, ears.text, err.text);
			fail();
		}
		assert_true(ok || err.kind == ERR_CONFIG);
		buf_fini(&sites);
		config_free(&config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_drain();
	return failed;
}
