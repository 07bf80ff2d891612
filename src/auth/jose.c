/*
 * Loads cjose, which brings jansson, once a process and never on the loop's thread: gateways
 * without `auth.jwt` do not pay for it.  It is never unloaded.
 */
#include <dlfcn.h>
#include <pthread.h>

#include "auth/jose.h"

struct jose_lib jose_lib;

MUST_CHECK static bool
lib_open(void **loaded, struct err *err)
{
	static const struct symbol functions[] = {
#define X(name) { #name, offsetof(struct jose_lib, name) },
		JOSE_FUNCTIONS(X)
#undef X
	};
	void *handle = dlopen(LIBCJOSE, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return err_set(err, ERR_UNAVAILABLE,
		    "cjose is missing, install the package libcjose0: %s", dlerror());
	if (!symbols_find(handle, LIBCJOSE, functions, COUNT(functions), &jose_lib, err)) {
		dlclose(handle);
		return false;
	}
	*loaded = handle;
	return true;
}

bool
jose_load(struct err *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static void *loaded;
	bool ok;

	pthread_mutex_lock(&lock);
	ok = loaded != NULL || lib_open(&loaded, err);
	pthread_mutex_unlock(&lock);
	return ok;
}
