/*
 * Libraries that are loaded when they are first needed, by one table of functions each: linking
 * them would cost every start their relocation and memory.
 */
#include <dlfcn.h>

#include "base/base.h"

bool
symbols_find(void *handle, const char *library, const struct symbol *symbols, size_t n, void *table,
    struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		void *at = dlsym(handle, symbols[i].name);

		if (at == NULL)
			return err_set(err, ERR_UNAVAILABLE, "%s has no function %s", library,
			    symbols[i].name);
		memcpy((char *)table + symbols[i].offset, &at, sizeof(at));
	}
	return true;
}
