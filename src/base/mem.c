/*
 * Heap objects and the bytes of buffers.
 *
 * Small blocks (to MEM_SMALL bytes) come from lists of freed ones, a list a size class and thread:
 * a call makes and frees a dozen of them, and the C library's own cache holds only seven of a size.
 * The lists are bounded.  Blocks may be freed by another thread than the one that made them.  In
 * sanitizer builds every block is a malloc() of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/base.h"

NORETURN static void
out_of_memory(size_t n)
{
	fprintf(stderr, "bascule: out of memory (%zu bytes were asked for)\n", n);
	abort();
}

#ifdef BASCULE_SANITIZE

static void *
block_new(size_t n)
{
	void *p = malloc(n == 0 ? 1 : n);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void
mem_free(void *p)
{
	free(p);
}

void *
mem_resize(void *p, size_t used, size_t n)
{
	p = realloc(p, n);
	if (p == NULL)
		out_of_memory(n);
	return p;
}

void
mem_drain(void)
{
}

#else

#define CLASS_BYTES ((size_t)64)
#define CLASSES	    16
#define MEM_SMALL   (CLASS_BYTES * CLASSES)
#define KEPT_MAX    128 /* blocks kept of each class */

/* Before every block. */
struct head {
	struct head *next; /* while it is kept */
	size_t class;	   /* 1 .. CLASSES; 0: large */
};

static __thread struct head *kept[CLASSES + 1];
static __thread unsigned kept_n[CLASSES + 1];

static void *
block_new(size_t n)
{
	size_t class = n <= MEM_SMALL ? (n + CLASS_BYTES - 1) / CLASS_BYTES + (n == 0) : 0;
	struct head *head = class > 0 ? kept[class] : NULL;

	if (head != NULL) {
		kept[class] = head->next;
		kept_n[class]--;
		return head + 1;
	}
	head = malloc(sizeof(*head) + (class > 0 ? class * CLASS_BYTES : n));
	if (head == NULL)
		out_of_memory(n);
	head->class = class;
	return head + 1;
}

void
mem_free(void *p)
{
	struct head *head;

	if (p == NULL)
		return;
	head = (struct head *)p - 1;
	if (head->class == 0 || kept_n[head->class] == KEPT_MAX) {
		free(head);
		return;
	}
	head->next = kept[head->class];
	kept[head->class] = head;
	kept_n[head->class]++;
}

void *
mem_resize(void *p, size_t used, size_t n)
{
	struct head *head = p != NULL ? (struct head *)p - 1 : NULL;
	void *to;

	if (head != NULL && head->class > 0 && n <= head->class * CLASS_BYTES)
		return p;
	if (head != NULL && head->class == 0 && n > MEM_SMALL) {
		head = realloc(head, sizeof(*head) + n);
		if (head == NULL)
			out_of_memory(n);
		return head + 1;
	}
	to = block_new(n);
	if (used > 0)
		memcpy(to, p, used < n ? used : n);
	mem_free(p);
	return to;
}

void
mem_drain(void)
{
	for (size_t class = 1; class <= CLASSES; class ++) {
		while (kept[class] != NULL) {
			struct head *head = kept[class];

			kept[class] = head->next;
			free(head);
		}
		kept_n[class] = 0;
	}
}

#endif

void *
mem_new(size_t n)
{
	return memset(block_new(n), 0, n);
}

/*
 * Left to itself, glibc takes the largest block freed so far as a sign that such blocks are common,
 * keeps them in its heap, and gives back only the end of it.
 */
#if defined(__GLIBC__) && !defined(BASCULE_SANITIZE)

#define MMAP_BYTES (256 * 1024)
#define TRIM_BYTES (1024 * 1024)

void
mem_setup(void)
{
	mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

void
mem_trim(void)
{
	malloc_trim(0);
}

#else

void
mem_setup(void)
{
}

void
mem_trim(void)
{
}

#endif
