/*
 * What was told already, so that it is told once, also by the guard that replaces this one.
 */
#include "guard/stages.h"

#define TOLD_MAX 1024

struct told {
	unsigned refs, n;
	uint64_t hashes[TOLD_MAX];
};

struct told *
told_of(struct told *before)
{
	struct told *told = before != NULL ? before : MEM_NEW(struct told);

	told->refs++;
	return told;
}

void
told_unref(struct told **at)
{
	struct told *told = *at;

	*at = NULL;
	if (told != NULL && --told->refs == 0)
		mem_free(told);
}

bool
told_is_news(struct told *told, uint64_t hash)
{
	for (unsigned i = 0; i < told->n; i++)
		if (told->hashes[i] == hash)
			return false;
	if (told->n == TOLD_MAX)
		return false;
	told->hashes[told->n++] = hash;
	return true;
}
