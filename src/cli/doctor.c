/*
 * `bascule doctor`: the table of everything that is looked at, and how it is told.
 *
 * Nothing is changed.  Without --connect nothing is started and nobody is asked but who listens at
 * an address of our own.  Rows of the table are for ever: a code keeps its meaning.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/doctor.h"

#define ARENA_BYTES (16 * MIB)

static doctor_look_fn look_upstreams, look_sites, look_refusals;

static const struct doctor_check checks[] = {
	{ "config.missing", "There is no configuration file, and no site in the environment.",
	    "Write ~/.config/bascule/bascule.yaml or name a file with -c; `bascule import` makes one "
	    "of what a client has.",
	    look_config_missing, DOCTOR_ALWAYS, DOCTOR_ERROR },
	{ "config.bad", "The configuration has a fault.",
	    "Mend the line that is named; docs/configuration.md has every option.", look_config_bad,
	    DOCTOR_ALWAYS, DOCTOR_ERROR },
	{ "config.writable-by-others",
	    "Others than the owner can change the configuration, which names programs to start.",
	    "chmod go-w the file.", look_config_writable, DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "state.not-writable", "Nothing can be written below `state`.",
	    "Give the directory to the user that the gateway runs as, or name another as `state`.",
	    look_state_writable, DOCTOR_CONFIGURED, DOCTOR_ERROR },
	{ "state.readable-by-others",
	    "Others can read what is kept below `state`, or write there: the audit, logins.",
	    "chmod -R go-rwx what is below it, and chmod go-w the directory itself.",
	    look_state_readable, DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "secret.readable-by-others",
	    "Others can read a file that holds a secret: one named by `file:`, a key of "
	    "`tls`, --env-file.",
	    "chmod 600 the file, and replace the secret if others may have read it.", look_secrets,
	    DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "listen.in-use",
	    "Something else listens at an address of `listen.http`. A note where it is a gateway.",
	    "End what listens there (ss -ltnp shows it), or listen at another address.",
	    look_listen_in_use, DOCTOR_CONFIGURED, DOCTOR_ERROR },
	{ "listen.not-possible",
	    "An address of `listen.http` is not of this machine, or this user may not listen there.",
	    "Name an address of this machine and a port from 1024 on; for a unix socket, a "
	    "directory that may be written.",
	    look_listen_impossible, DOCTOR_CONFIGURED, DOCTOR_ERROR },
	{ "listen.open-without-auth",
	    "Other machines can reach the gateway, and it asks nobody for a key: `auth: none`.",
	    "Give keys as `auth.keys`, or listen at 127.0.0.1.", look_listen_open,
	    DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "listen.without-tls", "Other machines reach the gateway without TLS.",
	    "Name a certificate as `listen.tls`, or, behind a proxy that speaks TLS, write `listen: {tls: "
	    "none}`.",
	    look_listen_plain, DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "tls.unreadable",
	    "A file of a `tls` cannot be read, or does not hold what it has to in PEM form.",
	    "Mend the path or the rights of the file; a key has to be without a password, or with "
	    "`tls.key_password`.",
	    look_tls_unreadable, DOCTOR_ALWAYS, DOCTOR_ERROR },
	{ "tls.key-mismatch", "A key does not belong to its certificate.",
	    "Name the two files that were made together.", look_tls_mismatch, DOCTOR_ALWAYS,
	    DOCTOR_ERROR },
	{ "tls.expired", "A certificate has expired.",
	    "Renew it; a gateway that runs takes the new one on SIGHUP.", look_tls_expired,
	    DOCTOR_CONFIGURED, DOCTOR_ERROR },
	{ "tls.expires-soon", "A certificate expires within 30 days.",
	    "Renew it; a gateway that runs takes the new one on SIGHUP.", look_tls_soon,
	    DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "tls.not-yet-valid", "A certificate is not valid yet.",
	    "Set the clock of this machine right, or wait.", look_tls_future, DOCTOR_CONFIGURED,
	    DOCTOR_ERROR },
	{ "upstream.command-missing", "The program of an upstream or a runner is not there.",
	    "Install it, or name its whole path: programs are looked for in PATH as the gateway has "
	    "it.",
	    look_commands, DOCTOR_CONFIGURED, DOCTOR_ERROR },
	{ "upstream.folder-missing", "The `cwd` of an upstream is no directory.",
	    "Make it, or name another.", look_folders, DOCTOR_CONFIGURED, DOCTOR_ERROR },
	{ "upstream.unreachable", "An upstream cannot be started or reached.",
	    "The finding says why; `bascule check --connect` shows what its program wrote.",
	    look_upstreams, DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "site.unreachable", "A site of Jira or Confluence does not answer as one.",
	    "Try its url in a browser on this machine; see `proxy` and `ssl_verify` of the site.",
	    look_sites, DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "site.refused", "A site does not accept the credential.",
	    "Make a new token, or `bascule login` again; docs/login.md has the kinds.",
	    look_refusals, DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "issuer.unreachable", "The metadata of `auth.jwt.issuer` cannot be fetched.",
	    "Fetch the address that is named from this machine; name the authority of its "
	    "certificate as `auth.jwt.ca`, or the address of the keys as `auth.jwt.jwks`.",
	    look_issuer_reach, DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "issuer.mismatch",
	    "The metadata is not that of `auth.jwt.issuer`, or does not say where its keys are.",
	    "Write `auth.jwt.issuer` as the member `issuer` of the metadata has it, with or without "
	    "a slash at the end.",
	    look_issuer_match, DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "issuer.no-keys", "The keys of the issuer cannot be fetched, or none can be used.",
	    "Fetch the address that is named from this machine; it has to be a JWK Set with an RSA "
	    "key of 2048 bits or more, or an EC key, for signatures.",
	    look_issuer_keys, DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "issuer.keys-unfit", "No key of the issuer is for one of `auth.jwt.algorithms`.",
	    "List the `alg` of its keys as `auth.jwt.algorithms`.", look_issuer_fit,
	    DOCTOR_CONNECTED, DOCTOR_ERROR },
	{ "kernel.no-user-namespaces",
	    "This user cannot make namespaces: a `sandbox` sees more than it lists.",
	    "Allow user namespaces (sysctl user.max_user_namespaces, "
	    "kernel.apparmor_restrict_unprivileged_userns; in a container its seccomp profile), or "
	    "live with Landlock.",
	    look_namespaces, DOCTOR_ALWAYS, DOCTOR_WARNING },
	{ "kernel.no-landlock", "The kernel has no Landlock: a `sandbox` has one wall less.",
	    "Linux 5.13 or later, with landlock in its list of security modules (lsm=).",
	    look_landlock, DOCTOR_ALWAYS, DOCTOR_WARNING },
	{ "kernel.no-seccomp", "System calls of a `sandbox` cannot be filtered.",
	    "Install libseccomp2; the kernel needs CONFIG_SECCOMP_FILTER.", look_seccomp,
	    DOCTOR_ALWAYS, DOCTOR_WARNING },
	{ "kernel.no-cgroup",
	    "No control group can be divided from here: bascule itself watches memory and processes "
	    "of a `sandbox`.",
	    "Run it as a unit with Delegate=yes, as docs/service.md has it.", look_cgroup,
	    DOCTOR_ALWAYS, DOCTOR_NOTE },
	{ "limit.descriptors", "Fewer files may be open than `limits.sessions` needs.",
	    "Raise ulimit -n (LimitNOFILE= of a unit), or lower `limits.sessions`.",
	    look_descriptors, DOCTOR_CONFIGURED, DOCTOR_WARNING },
	{ "clock.wrong",
	    "The clock is before 2026, or more than a day before the configuration was written.",
	    "Set it: certificates, tokens and the audit rely on it.", look_clock, DOCTOR_ALWAYS,
	    DOCTOR_ERROR },
	{ "library.missing", "A library that is loaded on first use is not there.",
	    "Install the package that is named.", look_libraries, DOCTOR_ALWAYS, DOCTOR_ERROR },
};

static const char *const level_names[] = { "ok", "note", "warning", "error" };

void
doctor_say(struct doctor *doctor, const struct doctor_check *check, enum doctor_level level,
    const char *fmt, ...)
{
	char text[KIB];
	va_list ap;

	must(level <= check->level);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (doctor->findings_n < DOCTOR_FINDINGS_MAX)
		doctor->findings[doctor->findings_n++] = (struct doctor_finding){ check, level,
			arena_printf(&doctor->arena, "%s", text) };
}

/* ---- with --connect -------------------------------------------------------------------------- */

static bool
is_ready(const struct look *look)
{
	return look->health.state == PROVIDER_READY;
}

static void
look_upstreams(struct doctor *doctor, const struct doctor_check *check)
{
	for (size_t i = 0; i < doctor->looks_n; i++) {
		const struct look *look = &doctor->looks[i];

		if (!look->is_site)
			doctor_say(doctor, check, is_ready(look) ? DOCTOR_OK : DOCTOR_ERROR,
			    "%.*s: %s", SLICE_FMT(look->provider->name),
			    is_ready(look) ? "ready" : look->health.why.text);
	}
}

static void
look_sites(struct doctor *doctor, const struct doctor_check *check)
{
	for (size_t i = 0; i < doctor->looks_n; i++) {
		const struct look *look = &doctor->looks[i];
		bool answers = is_ready(look) || look->was_refused;

		if (look->is_site)
			doctor_say(doctor, check, answers ? DOCTOR_OK : DOCTOR_ERROR, "%.*s: %s",
			    SLICE_FMT(look->provider->name),
			    answers ? "answers" : look->health.why.text);
	}
}

static void
look_refusals(struct doctor *doctor, const struct doctor_check *check)
{
	for (size_t i = 0; i < doctor->looks_n; i++) {
		const struct look *look = &doctor->looks[i];

		if (look->is_site && (is_ready(look) || look->was_refused))
			doctor_say(doctor, check, is_ready(look) ? DOCTOR_OK : DOCTOR_ERROR,
			    "%.*s: %s", SLICE_FMT(look->provider->name),
			    is_ready(look) ? "the credential is accepted" : look->health.why.text);
	}
}

/* ---- telling --------------------------------------------------------------------------------- */

/* NUL-ended, into arena. */
static const char *
shown(struct arena *arena, struct slice text)
{
	const char *made;
	struct buf buf;

	buf_init(&buf, NULL, 8 * KIB);
	buf_put_shown(&buf, text);
	made = arena_printf(arena, "%.*s", SLICE_FMT(buf_view(&buf))).p;
	buf_fini(&buf);
	return made;
}

static void
put_people(struct doctor *doctor, struct buf *out)
{
	static const char *const heads[] = { "LEVEL", "CODE", "FINDING" };
	struct table *table = table_new(heads, COUNT(heads));
	unsigned counts[COUNT(level_names)] = { 0 };
	const struct doctor_check *before = NULL;

	for (size_t i = 0; i < doctor->findings_n; i++) {
		const struct doctor_finding *finding = &doctor->findings[i];

		counts[finding->level]++;
		table_row(table,
		    (const char *[]){ level_names[finding->level], finding->check->code,
			shown(&doctor->arena, finding->detail) });
	}
	table_print(&table, out);
	for (size_t i = 0; i < doctor->findings_n; i++) {
		const struct doctor_finding *finding = &doctor->findings[i];

		if (finding->level == DOCTOR_OK || finding->check == before)
			continue;
		before = finding->check;
		buf_printf(out, "\n%s: %s\n    %s\n", before->code, before->what, before->next);
	}
	buf_printf(out, "\nerrors: %u, warnings: %u, notes: %u, ok: %u\n", counts[DOCTOR_ERROR],
	    counts[DOCTOR_WARNING], counts[DOCTOR_NOTE], counts[DOCTOR_OK]);
}

static void
put_json(const struct doctor *doctor, struct buf *out)
{
	buf_puts(out, "{\"checks\":[");
	for (size_t i = 0; i < doctor->findings_n; i++) {
		const struct doctor_finding *finding = &doctor->findings[i];

		buf_printf(out, "%s{\"code\":\"%s\",\"level\":\"%s\",\"what\":", i > 0 ? "," : "",
		    finding->check->code, level_names[finding->level]);
		buf_json_string(out, slice_of(finding->check->what));
		buf_puts(out, ",\"detail\":");
		buf_json_string(out, finding->detail);
		buf_puts(out, ",\"next\":");
		if (finding->level == DOCTOR_OK)
			buf_puts(out, "null");
		else
			buf_json_string(out, slice_of(finding->check->next));
		buf_putc(out, '}');
	}
	buf_puts(out, "]}\n");
}

static int
markdown_print(void)
{
	struct buf out;

	buf_init(&out, NULL, MIB);
	buf_puts(&out,
	    "# What `bascule doctor` looks at\n\n"
	    "Made by `bascule doctor --markdown` from the table of checks (`src/cli/doctor.c`).\n\n"
	    "`bascule doctor` looks at the configuration, the files and addresses it names, and this "
	    "machine. It\nchanges nothing and starts nothing; with `--connect` it also starts or "
	    "reaches every upstream and site, and\nthe issuer of tokens. Run it as the user that the gateway runs as, with its "
	    "environment: what one user may read and write, another\nmay not.\n\n"
	    "A row of its table, or an object of `checks` with `--json`, is one thing looked at:\n\n"
	    "| member | |\n|---|---|\n"
	    "| `code` | a word of the table below, which keeps its meaning |\n"
	    "| `level` | `ok`: the fault is not there; `note`: good to know; `warning`: it works, and "
	    "should be otherwise; `error`: something will not work |\n"
	    "| `what` | what the fault is |\n"
	    "| `detail` | what was found, and where |\n"
	    "| `next` | what to do; `null` where it is `ok` |\n\n"
	    "A code may come several times (two files, three sites), or not at all where there is "
	    "nothing to look at.\nExit status: 0 no error, 1 some error, 3 the configuration cannot "
	    "be read.\n\n"
	    "| code | at worst | meaning | what to do |\n|---|---|---|---|\n");
	for (size_t i = 0; i < COUNT(checks); i++)
		buf_printf(&out, "| `%s` | %s | %s%s | %s |\n", checks[i].code,
		    level_names[checks[i].level], checks[i].what,
		    checks[i].when == DOCTOR_CONNECTED ? " Only with `--connect`." : "",
		    checks[i].next);
	return cli_print(&out, EXIT_DONE);
}

static int
doctor_tell(struct doctor *doctor)
{
	int status = doctor->config == NULL ? EXIT_CONFIG : EXIT_DONE;
	struct buf out;

	for (size_t i = 0; i < doctor->findings_n && status == EXIT_DONE; i++)
		if (doctor->findings[i].level == DOCTOR_ERROR)
			status = EXIT_FAILED;
	buf_init(&out, NULL, 16 * MIB);
	if (option_is_given(doctor->options, OPTION_JSON))
		put_json(doctor, &out);
	else
		put_people(doctor, &out);
	return cli_print(&out, status);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void
look_all(struct doctor *doctor)
{
	for (size_t i = 0; i < COUNT(checks); i++) {
		if ((checks[i].when != DOCTOR_ALWAYS && doctor->config == NULL) ||
		    (checks[i].when == DOCTOR_CONNECTED && doctor->looks == NULL))
			continue;
		checks[i].look(doctor, &checks[i]);
	}
}

static int
connect_work(struct local *local, void *arg)
{
	struct doctor *doctor = arg;
	struct issuer_report report;
	struct err err = { 0 };
	int status;

	doctor->loop = local_loop(local);
	if (doctor->config->jwt.issuer.p != NULL) {
		issuer_look_wait(doctor->loop, doctor->config, &doctor->arena, &report);
		doctor->issuer = &report;
	}
	if (!looks_wait(local, &doctor->looks, &doctor->looks_n, &err)) {
		status = cli_fail(&err);
	} else {
		look_all(doctor);
		status = doctor_tell(doctor);
	}
	mem_free(doctor->looks);
	doctor->looks = NULL;
	doctor->issuer = NULL;
	doctor->loop = NULL;
	return status;
}

static bool
has_apart(const struct config *config)
{
	bool has = false;

	for (size_t i = 0; i < config->upstreams_n; i++)
		has |= config->upstreams[i].enabled && config->upstreams[i].sandbox.is_on;
	for (size_t i = 0; config->agents.is_on && i < config->agents.runners_n; i++)
		has |= config->agents.runners[i].isolate.is_on;
	return has;
}

int
doctor_run(struct options *options)
{
	struct doctor doctor = { .options = options, .now_s = time(NULL) };
	struct log *log;
	int status;

	if (option_is_given(options, OPTION_MARKDOWN))
		return markdown_print();
	log = cli_log_new(LOG_ERROR); /* what it warns of are findings here */
	arena_init(&doctor.arena, NULL, ARENA_BYTES);
	doctor.findings = mem_new(DOCTOR_FINDINGS_MAX * sizeof(*doctor.findings));
	if (cli_config_load_why(options, log, &doctor.config, &doctor.fault, &doctor.err) &&
	    !cli_config_check(doctor.config, &doctor.err))
		config_free(&doctor.config);
	doctor.is_apart = doctor.config != NULL && has_apart(doctor.config);
	isolation_look(&doctor.means);
	if (doctor.config != NULL && option_is_given(options, OPTION_CONNECT)) {
		status = local_run(options, LOCAL_PATIENT, connect_work, &doctor);
	} else {
		look_all(&doctor);
		status = doctor_tell(&doctor);
	}
	config_free(&doctor.config);
	mem_free(doctor.findings);
	arena_fini(&doctor.arena);
	log_free(&log);
	arena_drain();
	return status;
}
