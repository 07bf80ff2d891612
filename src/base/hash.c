/*
 * Hashes: a fast keyed one for tables, SHA-256 (OpenSSL) where strangers must not find collisions.
 */
#include <openssl/evp.h>
#include <string.h>

#include "base/base.h"
#include "base/hash.h"

uint64_t
hash_bytes(struct slice s, uint64_t seed)
{
	return hash_finish(hash_start(seed), s.p, s.n);
}

static void
sha256(const struct slice *parts, size_t n, unsigned char out[SHA256_BYTES])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned sum_n = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
	for (size_t part = 0; part < n; part++)
		must(
		    parts[part].n == 0 || EVP_DigestUpdate(ctx, parts[part].p, parts[part].n) == 1);
	must(EVP_DigestFinal_ex(ctx, sum, &sum_n) == 1 && sum_n == SHA256_BYTES);
	EVP_MD_CTX_free(ctx);
	memcpy(out, sum, SHA256_BYTES);
}

void
sha256_bytes(struct slice s, unsigned char out[SHA256_BYTES])
{
	sha256(&s, 1, out);
}

void
sha256_hex(const struct slice *parts, size_t n, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_BYTES];

	sha256(parts, n, sum);
	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}
