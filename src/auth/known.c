/*
 * Tokens that were found good, by their SHA-256: the next call with one costs no signature.  At
 * most KNOWN_MAX of them; a new one takes the place of the one that was not used for longest.  What
 * has expired is not found any more.
 */
#include <string.h>

#include "auth/token.h"

#define KNOWN_BUCKETS 1024

struct known {
	struct known *chain;	   /* of its bucket */
	struct known *next, *prev; /* by last use, newest first */
	unsigned char digest[SHA256_BYTES];
	struct caller caller; /* our own memory */
	uint64_t expires_s;
};

struct known_tokens {
	struct known *buckets[KNOWN_BUCKETS];
	struct known recent; /* list head */
	size_t n;
};

static struct known **
place(struct known_tokens *tokens, const unsigned char digest[SHA256_BYTES])
{
	struct known **at = &tokens->buckets[(digest[0] | digest[1] << 8) % KNOWN_BUCKETS];

	while (*at != NULL && memcmp((*at)->digest, digest, SHA256_BYTES) != 0)
		at = &(*at)->chain;
	return at;
}

static void
unlink_known(struct known *known)
{
	known->prev->next = known->next;
	known->next->prev = known->prev;
}

static void
put_first(struct known_tokens *tokens, struct known *known)
{
	known->next = tokens->recent.next;
	known->prev = &tokens->recent;
	known->next->prev = known->prev->next = known;
}

static void
drop(struct known_tokens *tokens, struct known *known)
{
	*place(tokens, known->digest) = known->chain;
	unlink_known(known);
	tokens->n--;
	auth_caller_free(&known->caller);
	mem_free(known);
}

struct known_tokens *
known_new(void)
{
	struct known_tokens *tokens = MEM_NEW(struct known_tokens);

	tokens->recent.next = tokens->recent.prev = &tokens->recent;
	return tokens;
}

void
known_free(struct known_tokens **at)
{
	struct known_tokens *tokens = *at;

	*at = NULL;
	if (tokens == NULL)
		return;
	known_clear(tokens);
	mem_free(tokens);
}

void
known_clear(struct known_tokens *tokens)
{
	while (tokens->recent.next != &tokens->recent)
		drop(tokens, tokens->recent.next);
}

size_t
known_n(const struct known_tokens *tokens)
{
	return tokens->n;
}

const struct caller *
known_find(struct known_tokens *tokens, const unsigned char digest[SHA256_BYTES], uint64_t now_s)
{
	struct known *known = *place(tokens, digest);

	if (known == NULL)
		return NULL;
	if (now_s >= known->expires_s + TOKEN_LEEWAY_S) {
		drop(tokens, known);
		return NULL;
	}
	unlink_known(known);
	put_first(tokens, known);
	return &known->caller;
}

const struct caller *
known_add(struct known_tokens *tokens, const unsigned char digest[SHA256_BYTES],
    const struct token *token)
{
	struct caller caller = { token->caller, token->tenant, NULL };
	struct known *known;

	if (tokens->n >= KNOWN_MAX)
		drop(tokens, tokens->recent.prev);
	known = MEM_NEW(struct known);
	memcpy(known->digest, digest, SHA256_BYTES);
	known->caller = auth_caller_copy(&caller);
	known->expires_s = token->expires_s;
	*place(tokens, digest) = known;
	put_first(tokens, known);
	tokens->n++;
	return &known->caller;
}
