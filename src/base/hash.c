/*
 * Hashes: a fast keyed one for tables, SHA-256 (OpenSSL) where strangers must not find collisions.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/hash.h"

uint64_t
hash_bytes(struct slice s, uint64_t seed)
{
	return hash_finish(hash_start(seed), s.p, s.n);
}

/* Looked up once in the life of the process: by its name it would be, under locks, each time. */
static const EVP_MD *sha256_kind;
static pthread_key_t sha256_contexts; /* one a thread: making one costs more than a short hash */

static void
context_free(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void
sha256_find(void)
{
	sha256_kind = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	must(sha256_kind != NULL);
	must(pthread_key_create(&sha256_contexts, context_free) == 0);
}

/* The thread's own, until the next one is begun. */
static EVP_MD_CTX *
sha256_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *ctx;

	must(pthread_once(&once, sha256_find) == 0);
	ctx = pthread_getspecific(sha256_contexts);
	if (ctx == NULL) {
		ctx = EVP_MD_CTX_new();
		must(ctx != NULL && pthread_setspecific(sha256_contexts, ctx) == 0);
	}
	must(EVP_DigestInit_ex(ctx, sha256_kind, NULL) == 1);
	return ctx;
}

static void
sha256(const struct slice *parts, size_t n, unsigned char out[SHA256_BYTES])
{
	EVP_MD_CTX *ctx = sha256_begin();
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned sum_n = 0;

	for (size_t part = 0; part < n; part++)
		must(
		    parts[part].n == 0 || EVP_DigestUpdate(ctx, parts[part].p, parts[part].n) == 1);
	must(EVP_DigestFinal_ex(ctx, sum, &sum_n) == 1 && sum_n == SHA256_BYTES);
	memcpy(out, sum, SHA256_BYTES);
}

void
sha256_bytes(struct slice s, unsigned char out[SHA256_BYTES])
{
	sha256(&s, 1, out);
}

bool
sha256_fd(int fd, uint64_t max, unsigned char out[SHA256_BYTES])
{
	const size_t size = 64 * KIB;
	EVP_MD_CTX *ctx = sha256_begin();
	char *block = mem_new(size);
	unsigned sum_n = 0;
	ssize_t n = 1;

	while (n != 0) {
		n = read(fd, block, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && (uint64_t)n > max) {
			errno = EFBIG;
			n = -1;
		}
		if (n < 0)
			break;
		max -= (uint64_t)n;
		must(n == 0 || EVP_DigestUpdate(ctx, block, (size_t)n) == 1);
	}
	must(EVP_DigestFinal_ex(ctx, (unsigned char *)block, &sum_n) == 1 && sum_n == SHA256_BYTES);
	memcpy(out, block, SHA256_BYTES);
	mem_free(block);
	return n == 0;
}

void
hex_put(const unsigned char *bytes, size_t n, char *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digits[bytes[i] >> 4];
		to[2 * i + 1] = digits[bytes[i] & 15];
	}
}

void
sha256_hex(const struct slice *parts, size_t n, char out[65])
{
	unsigned char sum[SHA256_BYTES];

	sha256(parts, n, sum);
	hex_put(sum, SHA256_BYTES, out);
	out[64] = '\0';
}
