/*
 * The end of the process when the program has contradicted itself.  Nothing is cleaned up and
 * nothing is allocated: the state is not to be trusted, and the core file should show it as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"

void
must_failed(const char *file, int line, const char *func, const char *what)
{
	char text[512];
	int n = snprintf(
	    text, sizeof(text), "bascule: %s:%d: %s: must hold: %s\n", file, line, func, what);

	if (n >= (int)sizeof(text))
		n = (int)sizeof(text) - 1;
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	abort();
}
