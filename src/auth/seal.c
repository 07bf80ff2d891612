/*
 * Sealed texts: AES-256-GCM (OpenSSL) over what a client carries for us, bound to a purpose and a
 * context, with an expiry.
 *
 * The bytes: version, 24 random ones, expiry (8, big-endian), the cipher's text, its tag (16); as
 * base64url.  Each text has a key of its own, HMAC-SHA256(key, version and random), so that no
 * nonce is ever used twice under one key, however many replicas share it.  Version, expiry, purpose
 * and context are authenticated; each part of the context stands there with its length.
 *
 * Nothing tells why a text does not open.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "auth/auth.h"

#define VERSION	     1
#define KEY_BYTES    32
#define RANDOM_BYTES 24
#define NONCE_BYTES  12
#define EXPIRY_BYTES 8
#define TAG_BYTES    16
#define HEAD_BYTES   (1 + RANDOM_BYTES + EXPIRY_BYTES)

struct seal {
	struct loop *loop;
	unsigned char key[KEY_BYTES];
};

/* ---- base64url ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode(struct buf *out, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i < 3 ? n - i : 3;
		uint32_t bits = (uint32_t)p[i] << 16;
		char four[4];

		bits |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		bits |= left > 2 ? (uint32_t)p[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++)
			four[k] = digits[bits >> (18 - 6 * k) & 63];
		buf_put(out, (struct slice){ four, left + 1 });
	}
}

static int
digit_of(char c)
{
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* to has room for 3 bytes of every 4.  False: not what encode() writes. */
static bool
decode(struct slice text, unsigned char *to, size_t *n)
{
	uint32_t bits = 0;
	unsigned have = 0;

	*n = 0;
	for (size_t i = 0; i < text.n; i++) {
		int digit = digit_of(text.p[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[(*n)++] = (unsigned char)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	return have < 6 && bits == 0;
}

/* ---- keys ---- */

struct seal *
seal_new(struct loop *loop, struct secret key)
{
	static const char label[] = "bascule seal_key 1";
	struct slice text = secret_reveal(key);
	struct seal *seal = MEM_NEW(struct seal);
	unsigned n = KEY_BYTES;

	seal->loop = loop;
	if (text.n == 0)
		loop_random(loop, seal->key, sizeof(seal->key));
	else
		must(HMAC(EVP_sha256(), label, sizeof(label), (const unsigned char *)text.p, text.n,
			 seal->key, &n) != NULL);
	return seal;
}

void
seal_free(struct seal **at)
{
	struct seal *seal = *at;

	*at = NULL;
	if (seal == NULL)
		return;
	OPENSSL_cleanse(seal->key, sizeof(seal->key));
	mem_free(seal);
}

static void
key_make(const struct seal *seal, const unsigned char *head, unsigned char key[KEY_BYTES])
{
	unsigned n = KEY_BYTES;

	must(HMAC(EVP_sha256(), seal->key, KEY_BYTES, head, 1 + RANDOM_BYTES, key, &n) != NULL);
}

void
seal_derive(const struct seal *seal, const char *purpose, struct slice text,
    unsigned char out[SEAL_DERIVED_BYTES])
{
	/* No length of a head (1 + RANDOM_BYTES) comes of it: keys of texts are none of these. */
	static const char label[] = "bascule derived key 1, for ";
	unsigned n = SEAL_DERIVED_BYTES;
	struct buf all;

	buf_init(&all, NULL, MIB);
	buf_put(&all, (struct slice){ label, sizeof(label) });
	buf_puts(&all, purpose);
	buf_putc(&all, '\0');
	buf_put(&all, text);
	must(!all.overflow);
	must(HMAC(EVP_sha256(), seal->key, KEY_BYTES, (const unsigned char *)all.p, all.n, out,
		 &n) != NULL);
	buf_fini(&all);
}

void
seal_tag(
    const struct seal *seal, const char *purpose, struct slice text, char out[SEAL_TAG_TEXT + 1])
{
	unsigned char bytes[SEAL_DERIVED_BYTES];

	seal_derive(seal, purpose, text, bytes);
	hex_put(bytes, SEAL_TAG_TEXT / 2, out);
	out[SEAL_TAG_TEXT] = '\0';
}

bool
seal_tag_fits(const struct seal *seal, const char *purpose, struct slice text, struct slice tag)
{
	char wanted[SEAL_TAG_TEXT + 1];

	seal_tag(seal, purpose, text, wanted);
	return tag.n == SEAL_TAG_TEXT && CRYPTO_memcmp(tag.p, wanted, SEAL_TAG_TEXT) == 0;
}

/* ---- the cipher ---- */

static void
authenticate(EVP_CIPHER_CTX *ctx, bool is_making, const void *p, size_t n)
{
	int done;

	must(n <= INT32_MAX);
	if (n == 0)
		return;
	if (is_making)
		must(EVP_EncryptUpdate(ctx, NULL, &done, p, (int)n) == 1);
	else
		must(EVP_DecryptUpdate(ctx, NULL, &done, p, (int)n) == 1);
}

static void
authenticate_sized(EVP_CIPHER_CTX *ctx, bool is_making, struct slice part)
{
	unsigned char size[8];

	for (unsigned i = 0; i < 8; i++)
		size[i] = (unsigned char)((uint64_t)part.n >> (56 - 8 * i));
	authenticate(ctx, is_making, size, sizeof(size));
	authenticate(ctx, is_making, part.p, part.n);
}

/* A cipher that has its key and has seen all that is bound. */
static EVP_CIPHER_CTX *
cipher_begin(const struct seal *seal, const struct seal_context *context, bool is_making,
    const unsigned char *head)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const unsigned char *nonce = head + 1 + RANDOM_BYTES - NONCE_BYTES;
	unsigned char key[KEY_BYTES];

	must(ctx != NULL);
	key_make(seal, head, key);
	must(EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, is_making) == 1);
	OPENSSL_cleanse(key, sizeof(key));
	authenticate(ctx, is_making, head, HEAD_BYTES);
	authenticate_sized(ctx, is_making, slice_of(context->purpose));
	for (size_t i = 0; i < context->parts_n; i++)
		authenticate_sized(ctx, is_making, context->parts[i]);
	return ctx;
}

void
seal_make(struct seal *seal, const struct seal_context *context, uint64_t expires_ms,
    struct slice plain, struct buf *out)
{
	size_t size = HEAD_BYTES + plain.n + TAG_BYTES;
	unsigned char *bytes;
	EVP_CIPHER_CTX *ctx;
	int done = 0;

	must(plain.n <= SEAL_MAX_BYTES);
	bytes = mem_new(size);
	bytes[0] = VERSION;
	loop_random(seal->loop, bytes + 1, RANDOM_BYTES);
	for (unsigned i = 0; i < EXPIRY_BYTES; i++)
		bytes[1 + RANDOM_BYTES + i] = (unsigned char)(expires_ms >> (56 - 8 * i));
	ctx = cipher_begin(seal, context, true, bytes);
	if (plain.n > 0)
		must(EVP_EncryptUpdate(ctx, bytes + HEAD_BYTES, &done,
			 (const unsigned char *)plain.p, (int)plain.n) == 1);
	must(EVP_EncryptFinal_ex(ctx, bytes + HEAD_BYTES + plain.n, &done) == 1);
	must(EVP_CIPHER_CTX_ctrl(
		 ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, bytes + HEAD_BYTES + plain.n) == 1);
	EVP_CIPHER_CTX_free(ctx);
	encode(out, bytes, size);
	mem_free(bytes);
}

/* Deciphers in place; the plain text begins at HEAD_BYTES. */
static bool
decipher(const struct seal *seal, const struct seal_context *context, unsigned char *bytes,
    size_t plain_n)
{
	EVP_CIPHER_CTX *ctx = cipher_begin(seal, context, false, bytes);
	unsigned char *text = bytes + HEAD_BYTES;
	int done = 0;
	bool ok;

	if (plain_n > 0)
		must(EVP_DecryptUpdate(ctx, text, &done, text, (int)plain_n) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, text + plain_n) == 1);
	ok = EVP_DecryptFinal_ex(ctx, text + plain_n, &done) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool
is_expired(const struct seal *seal, const unsigned char *head)
{
	uint64_t expires_ms = 0;

	for (unsigned i = 0; i < EXPIRY_BYTES; i++)
		expires_ms = expires_ms << 8 | head[1 + RANDOM_BYTES + i];
	return expires_ms != 0 && loop_unix_ms(seal->loop) >= expires_ms;
}

bool
seal_open(struct seal *seal, const struct seal_context *context, struct slice sealed,
    struct arena *arena, struct slice *plain, struct err *err)
{
	unsigned char *bytes;
	size_t n;

	*plain = SLICE_NONE;
	if (sealed.n <= SEALED_BYTES(SEAL_MAX_BYTES)) {
		if (!arena_reserve(arena, sealed.n + 1, err))
			return false;
		bytes = (unsigned char *)arena_bytes(arena, sealed.n + 1);
		if (decode(sealed, bytes, &n) && n >= HEAD_BYTES + TAG_BYTES &&
		    bytes[0] == VERSION &&
		    decipher(seal, context, bytes, n - HEAD_BYTES - TAG_BYTES) &&
		    !is_expired(seal, bytes)) {
			*plain = (struct slice){ (char *)bytes + HEAD_BYTES,
				n - HEAD_BYTES - TAG_BYTES };
			return true;
		}
	}
	return err_set(err, ERR_PARAMS, "it was not made here for this, or has expired");
}
