/*
 * Hashes: a fast keyed one for tables, SHA-256 (OpenSSL) where strangers must not find collisions.
 */
#include <openssl/evp.h>

#include "base/base.h"
#include "base/hash.h"

uint64_t
hash_bytes(struct slice s, uint64_t seed)
{
	return hash_finish(hash_start(seed), s.p, s.n);
}

void
sha256_hex(const struct slice *parts, size_t n, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned sum_n = 0, i;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL);
	must(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
	for (size_t part = 0; part < n; part++)
		must(
		    parts[part].n == 0 || EVP_DigestUpdate(ctx, parts[part].p, parts[part].n) == 1);
	must(EVP_DigestFinal_ex(ctx, sum, &sum_n) == 1 && sum_n == 32);
	EVP_MD_CTX_free(ctx);
	for (i = 0; i < 32; i++) {
		out[2 * i] = digits[sum[i] >> 4];
		out[2 * i + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}
