/*
 * Loads libcurl, the OpenSSL flavour, once a process and never on the loop's thread.
 *
 * Whoever needs it on the loop queues a job of its own, helper threads of their own load it where
 * they are: the first one loads and the others find it done.  It is never unloaded.  The other
 * flavours have other names, but a system may offer them under this one: the library itself is
 * asked.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "net/rest_curl.h"

#define VERSION_MIN 0x075500 /* 7.85: CURLOPT_PROTOCOLS_STR */

struct rest_lib rest_lib;

struct lib_job {
	bool ok;
	struct err err;
};

MUST_CHECK static bool
functions_find(void *handle, struct err *err)
{
	static const struct symbol functions[] = {
#define X(name) { #name, offsetof(struct rest_lib, name) },
		REST_FUNCTIONS(X)
#undef X
	};

	return symbols_find(handle, LIBCURL, functions, COUNT(functions), &rest_lib, err);
}

MUST_CHECK static bool
version_check(struct err *err)
{
	const curl_version_info_data *info = rest_lib.curl_version_info(CURLVERSION_NOW);

	if (info->version_num < VERSION_MIN)
		return err_set(err, ERR_UNAVAILABLE, "%s is version %s; 7.85 or later is needed",
		    LIBCURL, info->version);
	if (info->ssl_version == NULL || !slice_starts(slice_of(info->ssl_version), S("OpenSSL/3")))
		return err_set(err, ERR_UNAVAILABLE,
		    "%s uses %.40s for TLS; the OpenSSL 3 flavour is needed (package libcurl4)",
		    LIBCURL, info->ssl_version != NULL ? info->ssl_version : "nothing");
	return true;
}

MUST_CHECK static bool
lib_fail(const char *why, struct err *err)
{
	if (strstr(why, strerror(EMFILE)) != NULL)
		return err_set(err, ERR_UNAVAILABLE,
		    "libcurl cannot be loaded: %s (raise the limit, ulimit -n)", strerror(EMFILE));
	return err_set(
	    err, ERR_UNAVAILABLE, "libcurl is missing, install the package libcurl4: %s", why);
}

MUST_CHECK static bool
lib_open(void **loaded, struct err *err)
{
	void *handle;

	handle = dlopen(LIBCURL, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		return lib_fail(dlerror(), err);
	if (!functions_find(handle, err) || !version_check(err)) {
		dlclose(handle);
		return false;
	}
	if (rest_lib.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_UNAVAILABLE, "%s cannot be initialised", LIBCURL);
	*loaded = handle;
	return true;
}

bool
rest_lib_load(struct err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static void *loaded;
	bool ok;

	pthread_mutex_lock(&lock);
	ok = loaded != NULL || lib_open(&loaded, err);
	pthread_mutex_unlock(&lock);
	return ok;
}

static void
lib_work(void *arg)
{
	struct lib_job *job = arg;

	job->ok = rest_lib_load(&job->err);
}

bool
rest_lib_load_wait(struct loop *loop, struct err *err)
{
	struct lib_job job = { .ok = false };

	helper_run_wait(loop, "tls", lib_work, &job);
	if (!job.ok)
		*err = job.err;
	return job.ok;
}
