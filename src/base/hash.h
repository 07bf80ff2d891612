/*
 * The keyed hash of hash_bytes(), in parts, for a text that comes in pieces (keys with escapes).
 * Eight bytes a step, folded by a 64 x 64 -> 128 bit product.  Both factors depend on the seed, so
 * that who does not know it cannot choose bytes that make a step forget what came before.  Private
 * to base.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash {
	uint64_t state, factor;
};

static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline struct hash
hash_start(uint64_t seed)
{
	return (struct hash){ seed ^ 0x9e3779b97f4a7c15u,
		hash_fold(seed ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu) | 1 };
}

static inline uint64_t
hash_load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return le64toh(word);
}

/* 0 to 8 bytes as a word whose other bytes are zero. */
static inline uint64_t
hash_load_short(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t first, last;

	if (n == 0)
		return 0;
	if (n < 4)
		return p[0] | (uint64_t)p[n / 2] << (n / 2 * 8) |
		    (uint64_t)p[n - 1] << ((n - 1) * 8);
	memcpy(&first, p, 4);
	memcpy(&last, p + n - 4, 4);
	return le32toh(first) | (uint64_t)le32toh(last) << ((n - 4) * 8);
}

static inline void
hash_word(struct hash *h, uint64_t word)
{
	h->state = hash_fold(h->state ^ word, h->factor);
}

/* The last word, of 0 to 8 bytes filled up with zeros; the length keeps such texts apart. */
static inline uint64_t
hash_end(struct hash h, uint64_t word, size_t n_bytes)
{
	return hash_fold(h.state ^ word, h.factor ^ (uint64_t)n_bytes << 1);
}

static inline uint64_t
hash_finish(struct hash h, const char *p, size_t n)
{
	size_t left = n;

	for (; left > 8; left -= 8, p += 8)
		hash_word(&h, hash_load(p));
	return hash_end(h, hash_load_short(p, left), n);
}

#endif
