/*
 * The chain: what its hashes are made of, and what signatures say.  No files, no database.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/chain.h"

#define RECORD_MOST (8 * MIB)

void
chain_init(struct chain *chain, const char id[CHAIN_ID])
{
	struct buf text;

	*chain = (struct chain){ .seq = 0 };
	memcpy(chain->id, id, CHAIN_ID);
	buf_init(&chain->bytes, NULL, RECORD_MOST);
	buf_init(&text, NULL, KIB);
	buf_printf(&text, "bascule audit chain 1\n%s\n", id);
	sha256_bytes(buf_view(&text), chain->hash);
	buf_fini(&text);
}

void
chain_fini(struct chain *chain)
{
	buf_fini(&chain->bytes);
}

/* ---- one link -------------------------------------------------------------------------------- */

/* Big-endian. */
static char *
number_put(char *to, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (char)(value >> (56 - 8 * i) & 0xff);
	return to + 8;
}

void
chain_begin(struct chain *chain, uint64_t seq)
{
	char place[AUDIT_DIGEST + 8];

	memcpy(place, chain->hash, AUDIT_DIGEST);
	number_put(place + AUDIT_DIGEST, seq);
	buf_clear(&chain->bytes);
	buf_put(&chain->bytes, (struct slice){ place, sizeof(place) });
	chain->seq = seq;
}

/* A field but for its value: name, type, and a number. */
static void
put_head(struct chain *chain, const char *name, char type, uint64_t number)
{
	char head[64], *at = head;
	size_t n = strlen(name);

	must(n <= sizeof(head) - 10);
	*at++ = (char)n;
	memcpy(at, name, n);
	at += n;
	*at++ = type;
	at = number_put(at, number);
	buf_put(&chain->bytes, (struct slice){ head, (size_t)(at - head) });
}

void
chain_put_int(struct chain *chain, const char *name, int64_t value)
{
	put_head(chain, name, 'i', (uint64_t)value);
}

void
chain_put_bytes(struct chain *chain, const char *name, char type, struct slice value)
{
	put_head(chain, name, type, value.n);
	buf_put(&chain->bytes, value);
}

void
chain_end(struct chain *chain)
{
	/* A record of the store that is larger than any is none that was written: its hash differs.
	 */
	sha256_bytes(buf_view(&chain->bytes), chain->hash);
}

static void
put_field(struct chain *chain, const struct audit_record *record, const struct audit_field *field)
{
	const void *at = (const char *)record + field->offset;
	uint64_t number;

	switch (field->type) {
	case AUDIT_U64:
	case AUDIT_TIME:
		memcpy(&number, at, sizeof(number));
		chain_put_int(chain, field->name, (int64_t)number);
		break;
	case AUDIT_UNSIGNED:
		chain_put_int(chain, field->name, *(const unsigned *)at);
		break;
	case AUDIT_INT:
		chain_put_int(chain, field->name, *(const int *)at);
		break;
	case AUDIT_KIND:
		chain_put_bytes(chain, field->name, 't', slice_of(audit_kind_name(record->kind)));
		break;
	case AUDIT_OUTCOME:
		chain_put_bytes(
		    chain, field->name, 't', slice_of(ledger_outcome_name(record->outcome)));
		break;
	case AUDIT_TEXT:
		chain_put_bytes(chain, field->name, 't', slice_of(at));
		break;
	case AUDIT_BYTES:
		chain_put_bytes(chain, field->name, 'b', (struct slice){ at, AUDIT_DIGEST });
		break;
	case AUDIT_BODY:
		chain_put_bytes(chain, field->name, 't', *(const struct slice *)at);
		break;
	}
}

void
chain_add(struct chain *chain, struct audit_record *record)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	record->seq = chain->seq + 1;
	chain_begin(chain, record->seq);
	for (size_t i = 0; i < n; i++)
		if (!audit_field_is_link(&fields[i]) && audit_field_is_set(record, &fields[i]))
			put_field(chain, record, &fields[i]);
	chain_end(chain);
	memcpy(record->hash, chain->hash, sizeof(record->hash));
}

/* ---- seals ----------------------------------------------------------------------------------- */

static void
put_seal(const struct seal_row *row, const char *chain_id, struct buf *out)
{
	char hash[2 * AUDIT_DIGEST];

	hex_put(row->hash, AUDIT_DIGEST, hash);
	buf_printf(out, "bascule audit seal 1\n%s\n%s\n%" PRIu64 "\n%" PRIu64 "\n%.*s\n%s\n",
	    row->kind, chain_id, row->seq, row->time_ms, (int)sizeof(hash), hash, row->key);
}

void
seal_row_sign(struct seal_row *row, const char *chain_id, const struct audit_key *key)
{
	struct buf text;

	memset(row->signature, 0, sizeof(row->signature));
	row->key[0] = '\0';
	if (key->pkey == NULL)
		return;
	memcpy(row->key, key->id, sizeof(row->key));
	buf_init(&text, NULL, KIB);
	put_seal(row, chain_id, &text);
	audit_key_sign(key, buf_view(&text), row->signature);
	buf_fini(&text);
}

bool
seal_row_fits(const struct seal_row *row, const char *chain_id, const struct audit_key *key)
{
	struct buf text;
	bool fits;

	buf_init(&text, NULL, KIB);
	put_seal(row, chain_id, &text);
	fits = audit_key_fits(key, buf_view(&text), row->signature);
	buf_fini(&text);
	return fits;
}

/* ---- the anchor ------------------------------------------------------------------------------ */

bool
anchor_path(const char *dir, const char *chain_id, char path[KEY_PATH_BYTES])
{
	return dir[0] != '\0' &&
	    (size_t)snprintf(path, KEY_PATH_BYTES, "%s/audit-%s.anchor", dir, chain_id) <
	    KEY_PATH_BYTES;
}

void
anchor_put(const struct seal_row *row, const char *chain_id, const char *store, struct buf *out)
{
	char hash[2 * AUDIT_DIGEST], signature[2 * KEY_SIGNATURE];

	hex_put(row->hash, AUDIT_DIGEST, hash);
	hex_put(row->signature, KEY_SIGNATURE, signature);
	buf_printf(out, "%s %" PRIu64 " %" PRIu64 " %.*s %s %.*s\n%s\n", chain_id, row->seq,
	    row->time_ms, (int)sizeof(hash), hash, row->key[0] != '\0' ? row->key : "-",
	    (int)sizeof(signature), signature, store);
}

static bool
hex_read(struct slice text, unsigned char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	if (text.n != 2 * n)
		return false;
	for (size_t i = 0; i < 2 * n; i++) {
		const char *at = text.p[i] != '\0' ? strchr(digits, text.p[i]) : NULL;

		if (at == NULL)
			return false;
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | (at - digits));
	}
	return true;
}

bool
anchor_read(struct slice text, const char *chain_id, struct seal_row *row)
{
	struct slice rest = slice_cut(text, '\n', &(struct slice){ 0 }), id, seq, time, hash, key;

	*row = (struct seal_row){ .kind = "head" };
	id = slice_cut(rest, ' ', &rest);
	seq = slice_cut(rest, ' ', &rest);
	time = slice_cut(rest, ' ', &rest);
	hash = slice_cut(rest, ' ', &rest);
	key = slice_cut(rest, ' ', &rest);
	if (!slice_eq(id, slice_of(chain_id)) || !slice_to_u64(seq, UINT64_MAX, &row->seq) ||
	    !slice_to_u64(time, UINT64_MAX, &row->time_ms) ||
	    !hex_read(hash, row->hash, AUDIT_DIGEST) ||
	    !hex_read(rest, row->signature, KEY_SIGNATURE))
		return false;
	if (key.n == KEY_ID - 1)
		memcpy(row->key, key.p, key.n);
	return key.n == KEY_ID - 1 || slice_eq(key, S("-"));
}
