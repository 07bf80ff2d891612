/*
 * Memory that is freed as a whole, and the accounts that bound it.
 *
 * An arena is a list of chunks; allocations are cut from the newest.  What does not fit in a
 * default chunk gets one of its own, put behind the newest so that the rest of that one is not
 * lost.  An account holds the size of every chunk plus what is announced and not yet taken.  The
 * ceiling of an arena is about the bytes asked for; the account is about the bytes really held.
 *
 * Out of memory in malloc() ends the process: the ceilings are there so that it does not come to
 * that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define KEPT_MAX    128 /* chunks a thread keeps for reuse: 512 KiB */
#define ALIGN_BYTES ((size_t)16)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size_bytes; /* with this head */
	char bytes[] __attribute__((aligned(16)));
};

#define CHUNK_ROOM (ARENA_CHUNK - sizeof(struct arena_chunk))

/* Tasks never change their thread, helper threads have arenas of their own: no lock is needed. */
static __thread struct arena_chunk *kept;
static __thread unsigned kept_n;

NORETURN static void
out_of_memory(size_t n)
{
	fprintf(stderr, "bascule: out of memory (%zu bytes were asked for)\n", n);
	abort();
}

static void
account_add(struct memory *memory, size_t n)
{
	if (memory == NULL)
		return;
	memory->used_bytes += n;
	if (memory->used_bytes > memory->peak_bytes)
		memory->peak_bytes = memory->used_bytes;
}

static void
account_sub(struct memory *memory, size_t n)
{
	if (memory == NULL)
		return;
	must(memory->used_bytes >= n);
	memory->used_bytes -= n;
}

void
arena_init(struct arena *arena, struct memory *memory, size_t ceiling_bytes)
{
	*arena = (struct arena){ .memory = memory, .ceiling_bytes = ceiling_bytes };
}

static struct arena_chunk *
chunk_new(struct arena *arena, size_t size_bytes)
{
	struct arena_chunk *chunk;

	if (size_bytes == ARENA_CHUNK && kept != NULL) {
		chunk = kept;
		kept = chunk->next;
		kept_n--;
	} else {
		chunk = malloc(size_bytes);
		if (chunk == NULL)
			out_of_memory(size_bytes);
		chunk->size_bytes = size_bytes;
	}
	account_add(arena->memory, size_bytes);
	return chunk;
}

static void
chunk_free(struct arena_chunk *chunk)
{
#ifndef BASCULE_SANITIZE
	if (chunk->size_bytes == ARENA_CHUNK && kept_n < KEPT_MAX) {
		chunk->next = kept;
		kept = chunk;
		kept_n++;
		return;
	}
#endif
	free(chunk);
}

void
arena_fini(struct arena *arena)
{
	size_t held = arena->reserved_bytes;

	while (arena->chunks != NULL) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		held += chunk->size_bytes;
		chunk_free(chunk);
	}
	account_sub(arena->memory, held);
	arena_init(arena, arena->memory, arena->ceiling_bytes);
}

void
arena_take(struct arena *to, struct arena *from)
{
	*to = *from;
	arena_init(from, to->memory, to->ceiling_bytes);
}

void
arena_drain(void)
{
	while (kept != NULL) {
		struct arena_chunk *chunk = kept;

		kept = chunk->next;
		free(chunk);
	}
	kept_n = 0;
	mem_drain();
}

bool
arena_reserve(struct arena *arena, size_t n, struct err *err)
{
	struct memory *memory = arena->memory;
	size_t taken = arena->used_bytes + arena->reserved_bytes;

	if (taken > arena->ceiling_bytes || n > arena->ceiling_bytes - taken)
		return err_set(err, ERR_LIMIT,
		    "%zu bytes more than the %zu in use would pass the "
		    "ceiling of %zu bytes",
		    n, taken, arena->ceiling_bytes);
	if (memory != NULL && memory->limit_bytes != 0 &&
	    (memory->used_bytes > memory->limit_bytes ||
		n > memory->limit_bytes - memory->used_bytes))
		return err_set(err, ERR_LIMIT,
		    "out of memory: %zu bytes more would pass the limit of "
		    "%zu bytes (limits.memory)",
		    n, memory->limit_bytes);
	arena->reserved_bytes += n;
	account_add(memory, n);
	return true;
}

/* Books n bytes: first from what was announced. */
static void
take(struct arena *arena, size_t n)
{
	size_t announced = n < arena->reserved_bytes ? n : arena->reserved_bytes;

	must(n <= ARENA_SMALL || n == announced);
	arena->reserved_bytes -= announced;
	account_sub(arena->memory, announced);
	arena->used_bytes += n;
}

#ifdef BASCULE_SANITIZE

static char *
cut(struct arena *arena, size_t n, size_t align)
{
	struct arena_chunk *chunk = chunk_new(arena, sizeof(*chunk) + n);

	(void)align;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk->bytes;
}

#else

static char *
cut_slowly(struct arena *arena, size_t n)
{
	struct arena_chunk *chunk;

	if (n > CHUNK_ROOM) {
		chunk = chunk_new(arena, sizeof(*chunk) + n);
		if (arena->chunks == NULL) {
			chunk->next = NULL;
			arena->chunks = chunk;
			arena->at = arena->end = chunk->bytes + n;
		} else {
			chunk->next = arena->chunks->next;
			arena->chunks->next = chunk;
		}
		return chunk->bytes;
	}
	chunk = chunk_new(arena, ARENA_CHUNK);
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->at = chunk->bytes + n;
	arena->end = chunk->bytes + CHUNK_ROOM;
	return chunk->bytes;
}

static char *
cut(struct arena *arena, size_t n, size_t align)
{
	size_t skip = (size_t)(-(uintptr_t)arena->at & (align - 1));
	size_t room = (size_t)(arena->end - arena->at);
	char *p;

	if (arena->at == NULL || skip > room || n > room - skip)
		return cut_slowly(arena, n);
	p = arena->at + skip;
	arena->at = p + n;
	return p;
}

#endif

void *
arena_alloc(struct arena *arena, size_t n)
{
	char *p;

	take(arena, n);
	p = cut(arena, n, ALIGN_BYTES);
	memset(p, 0, n);
	return p;
}

char *
arena_bytes(struct arena *arena, size_t n)
{
	take(arena, n);
	return cut(arena, n, 1);
}

struct slice
arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap;
	size_t size;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0);
	size = (size_t)n < ARENA_SMALL ? (size_t)n + 1 : ARENA_SMALL;
	p = arena_bytes(arena, size);
	va_start(ap, fmt);
	vsnprintf(p, size, fmt, ap);
	va_end(ap);
	return (struct slice){ p, size - 1 };
}
