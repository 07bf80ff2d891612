/*
 * doctor: what this machine has: the kernel's features, limits, the clock, libraries.  Where
 * nothing of the configuration needs them they are no more than a note.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "audit/audit.h"
#include "cli/doctor.h"
#include "guard/guard.h"

#define FEW_DESCRIPTORS 1024u
#define SPARE		64u	     /* files, pipes, the log */
#define EARLIEST_S	1767225600ll /* 2026-01-01 */
#define DAY_S		86400

/* ---- the kernel ------------------------------------------------------------------------------ */

static void
say_feature(struct doctor *doctor, const struct doctor_check *check, bool has, const char *text)
{
	enum doctor_level fault = doctor->is_apart ? DOCTOR_WARNING : DOCTOR_NOTE;

	doctor_say(doctor, check, has ? DOCTOR_OK : fault, "%s%s", text,
	    has || doctor->is_apart ? "" : " (no `sandbox` is configured)");
}

void
look_namespaces(struct doctor *doctor, const struct doctor_check *check)
{
	bool has = doctor->means.has_namespaces;

	say_feature(doctor, check, has,
	    !has			 ? "a child with namespaces of its own could not be made"
		: doctor->means.has_proc ? "namespaces, with a /proc of their own"
					 : "namespaces; without a /proc of their own");
}

void
look_landlock(struct doctor *doctor, const struct doctor_check *check)
{
	char text[48] = "the kernel offers no Landlock";

	if (doctor->means.landlock > 0)
		snprintf(text, sizeof(text), "Landlock, version %u", doctor->means.landlock);
	say_feature(doctor, check, doctor->means.landlock > 0, text);
}

void
look_seccomp(struct doctor *doctor, const struct doctor_check *check)
{
	bool in_kernel = prctl(PR_GET_SECCOMP) >= 0, has = in_kernel && doctor->means.has_filter;

	say_feature(doctor, check, has,
	    has		    ? "filters of system calls can be made"
		: in_kernel ? LIBSECCOMP " cannot make a filter"
			    : "the kernel has no seccomp");
}

void
look_cgroup(struct doctor *doctor, const struct doctor_check *check)
{
	if (doctor->means.has_cgroup)
		doctor_say(doctor, check, DOCTOR_OK, "the group of this process may be written");
	else
		doctor_say(doctor, check, DOCTOR_NOTE,
		    "the group of this process may not be written; that of a service is another");
}

/* ---- limits and the clock -------------------------------------------------------------------- */

void
look_descriptors(struct doctor *doctor, const struct doctor_check *check)
{
	uint64_t sessions = doctor->config->limit_sessions;
	enum doctor_level level = DOCTOR_OK;
	struct rlimit limit;

	if (doctor->config->listen_http_n == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < sessions + SPARE)
		level = limit.rlim_cur < FEW_DESCRIPTORS ? DOCTOR_WARNING : DOCTOR_NOTE;
	doctor_say(doctor, check, level, "%llu files may be open, for %llu sessions at most",
	    (unsigned long long)limit.rlim_cur, (unsigned long long)sessions);
}

void
look_clock(struct doctor *doctor, const struct doctor_check *check)
{
	const struct config_file *file = doctor->config != NULL ? doctor->config->files : NULL;
	time_t now = (time_t)doctor->now_s;
	bool is_wrong = now < EARLIEST_S;
	char date[32] = "";
	struct stat st;
	struct tm tm;

	for (; file != NULL; file = file->next)
		if (file->kind == CONFIG_FILE_ITSELF && stat(file->path.p, &st) == 0)
			is_wrong |= st.st_mtime > now + DAY_S;
	if (gmtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	doctor_say(doctor, check, is_wrong ? DOCTOR_ERROR : DOCTOR_OK, "it is %s here", date);
}

/* ---- libraries ------------------------------------------------------------------------------- */

static bool
needs_sqlite(const struct config *config)
{
	return config->audit.has_store;
}

static bool
needs_curl(const struct config *config)
{
	return config->atlassian.sites_n > 0 || config->jwt.issuer.p != NULL;
}

static bool
needs_ssl(const struct config *config)
{
	bool needs = config->listen_tls_cert.n > 0 || config->replicas.ca.n > 0;

	for (size_t i = 0; i < config->upstreams_n; i++)
		needs |= config->upstreams[i].enabled &&
		    slice_starts(config->upstreams[i].url, S("https://"));
	return needs;
}

static bool
needs_jose(const struct config *config)
{
	return config->jwt.issuer.p != NULL;
}

static const struct library {
	const char *name, *package, *what;
	bool (*is_needed)(const struct config *config); /* NULL: there is another way without it */
} libraries[] = {
	{ audit_library, "libsqlite3-0", "the audit", needs_sqlite },
	{ LIBCURL, "libcurl4", "Jira, Confluence and the issuer of tokens", needs_curl },
	{ LIBCJOSE, "libcjose0", "tokens of an issuer", needs_jose },
	{ LIBSSL, "libssl3", "https", needs_ssl },
	{ LIBSECCOMP, "libseccomp2", "`sandbox`", NULL },
	{ guard_library, "libhyperscan5 or libvectorscan5", "quick scanners", NULL },
};

void
look_libraries(struct doctor *doctor, const struct doctor_check *check)
{
	for (size_t i = 0; i < COUNT(libraries); i++) {
		const struct library *library = &libraries[i];
		enum doctor_level fault = DOCTOR_NOTE;
		void *handle;

		if (library->name[0] == '\0')
			continue;
		handle = dlopen(library->name, RTLD_NOW | RTLD_LOCAL);
		if (handle == NULL && doctor->config != NULL && library->is_needed != NULL &&
		    library->is_needed(doctor->config))
			fault = DOCTOR_ERROR;
		if (handle == NULL)
			doctor_say(doctor, check, fault, "%s, for %s (package %s): %s",
			    library->name, library->what, library->package, dlerror());
		else
			doctor_say(
			    doctor, check, DOCTOR_OK, "%s, for %s", library->name, library->what);
		if (handle != NULL)
			dlclose(handle);
	}
}
