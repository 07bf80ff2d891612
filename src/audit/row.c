/*
 * Rows of the store: the table of fields as columns.  A field that is not set is NULL.
 *
 * chain	every record, in order
 * pending	intents whose exchange has no record yet, by the exchange's number
 * seal		signatures of places in the chain
 * meta		what this is
 * audit	a view: one row an exchange, for people and their tools
 */
#include <inttypes.h>
#include <string.h>

#include "audit/chain.h"

static const char *
column_type(enum audit_type type)
{
	switch (type) {
	case AUDIT_U64:
	case AUDIT_TIME:
	case AUDIT_UNSIGNED:
	case AUDIT_INT:
		return "INTEGER";
	case AUDIT_BYTES:
		return "BLOB";
	case AUDIT_KIND:
	case AUDIT_OUTCOME:
	case AUDIT_TEXT:
	case AUDIT_BODY:
		break;
	}
	return "TEXT";
}

/* ---- statements ------------------------------------------------------------------------------ */

static void
put_names(struct buf *sql)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s%s", i > 0 ? "," : "", fields[i].name);
}

void
row_select(struct buf *sql, uint64_t format, const char *where)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	buf_puts(sql, "SELECT ");
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s%s%s", i > 0 ? "," : "",
		    fields[i].since > format ? "NULL AS " : "", fields[i].name);
	buf_printf(sql, " FROM chain %s", where);
	buf_putc(sql, '\0');
}

void
row_insert(struct buf *sql)
{
	size_t n;

	audit_fields(&n);
	buf_puts(sql, "INSERT INTO chain(");
	put_names(sql);
	buf_puts(sql, ") VALUES(");
	for (size_t i = 0; i < n; i++)
		buf_puts(sql, i > 0 ? ",?" : "?");
	buf_puts(sql, ")");
	buf_putc(sql, '\0');
}

static void
put_view(struct buf *sql, const struct audit_field *fields, size_t n)
{
	buf_puts(sql, "CREATE VIEW audit AS SELECT ");
	for (size_t i = 0; i < n; i++) {
		const char *name = fields[i].name;

		if (i > 0)
			buf_putc(sql, ',');
		if (fields[i].type == AUDIT_TIME)
			buf_printf(sql,
			    "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ',%s/1000.0,'unixepoch') AS %s",
			    name, name);
		else if (fields[i].type == AUDIT_BYTES)
			buf_printf(sql, "lower(hex(%s)) AS %s", name, name);
		else
			buf_puts(sql, name);
	}
	buf_puts(sql, " FROM chain WHERE kind='exchange';");
}

void
row_schema(struct buf *sql)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	buf_puts(sql, "CREATE TABLE chain(");
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s%s %s%s", i > 0 ? "," : "", fields[i].name,
		    column_type(fields[i].type), i == 0 ? " PRIMARY KEY" : "");
	buf_puts(sql,
	    ");"
	    "CREATE TABLE pending(number INTEGER PRIMARY KEY, seq INTEGER NOT NULL);"
	    "CREATE TABLE seal(kind TEXT, seq INTEGER, time INTEGER, hash BLOB, key TEXT,"
	    " signature BLOB, PRIMARY KEY(kind, seq)) WITHOUT ROWID;"
	    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;");
	put_view(sql, fields, n);
	buf_putc(sql, '\0');
}

void
row_migrate(struct buf *sql, uint64_t format)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	buf_puts(sql, "BEGIN IMMEDIATE;DROP VIEW IF EXISTS audit;");
	for (size_t i = 0; i < n; i++)
		if (fields[i].since > format)
			buf_printf(sql, "ALTER TABLE chain ADD COLUMN %s %s;", fields[i].name,
			    column_type(fields[i].type));
	put_view(sql, fields, n);
	buf_printf(sql, "PRAGMA user_version=%d;COMMIT", STORE_FORMAT);
	buf_putc(sql, '\0');
}

/* ---- values ---------------------------------------------------------------------------------- */

void
row_bind(struct sqlite *sqlite, sqlite3_stmt *insert, const struct audit_record *record)
{
	const struct audit_field *fields;
	uint64_t number;
	size_t n;

	fields = audit_fields(&n);
	sqlite->sqlite3_clear_bindings(insert);
	for (size_t i = 0; i < n; i++) {
		const void *at = (const char *)record + fields[i].offset;
		int place = (int)i + 1;

		if (!audit_field_is_set(record, &fields[i]))
			continue;
		switch (fields[i].type) {
		case AUDIT_U64:
		case AUDIT_TIME:
			memcpy(&number, at, sizeof(number));
			sqlite->sqlite3_bind_int64(insert, place, (sqlite3_int64)number);
			break;
		case AUDIT_UNSIGNED:
			sqlite->sqlite3_bind_int64(insert, place, *(const unsigned *)at);
			break;
		case AUDIT_INT:
			sqlite->sqlite3_bind_int64(insert, place, *(const int *)at);
			break;
		case AUDIT_KIND:
			sqlite_bind(sqlite, insert, place, slice_of(audit_kind_name(record->kind)));
			break;
		case AUDIT_OUTCOME:
			sqlite_bind(
			    sqlite, insert, place, slice_of(ledger_outcome_name(record->outcome)));
			break;
		case AUDIT_TEXT:
			sqlite_bind(sqlite, insert, place, slice_of(at));
			break;
		case AUDIT_BYTES:
			sqlite_bind_bytes(
			    sqlite, insert, place, (struct slice){ at, AUDIT_DIGEST });
			break;
		case AUDIT_BODY:
			sqlite_bind(sqlite, insert, place, *(const struct slice *)at);
			break;
		}
	}
}

/* The place of a word in a list of names; false: it is none of them. */
static bool
word_find(struct slice word, const char *(*name)(unsigned), unsigned n, unsigned *out)
{
	for (*out = 0; *out < n; (*out)++)
		if (slice_eq(word, slice_of(name(*out))))
			return true;
	return false;
}

static const char *
kind_name(unsigned i)
{
	return audit_kind_name((enum audit_kind)i);
}

static const char *
outcome_name(unsigned i)
{
	return ledger_outcome_name((enum ledger_outcome)i);
}

static bool
read_int(const struct audit_field *field, int type, sqlite3_int64 value, char *to)
{
	uint64_t number = (uint64_t)value;

	if (type != SQLITE_INTEGER)
		return false;
	if (field->type == AUDIT_UNSIGNED || field->type == AUDIT_INT) {
		int small = (int)value;

		memcpy(to, &small, sizeof(small));
		return value == small;
	}
	memcpy(to, &number, sizeof(number));
	return true;
}

static bool
read_bytes(const struct audit_field *field, struct slice value, char *to)
{
	unsigned word;

	switch (field->type) {
	case AUDIT_KIND:
		if (!word_find(value, kind_name, AUDIT_KINDS_N, &word))
			return false;
		*(enum audit_kind *)(void *)to = (enum audit_kind)word;
		return true;
	case AUDIT_OUTCOME:
		if (!word_find(value, outcome_name, LEDGER_OUTCOMES_N, &word))
			return false;
		*(enum ledger_outcome *)(void *)to = (enum ledger_outcome)word;
		return true;
	case AUDIT_TEXT:
		if (value.n >= field->size)
			return false;
		memcpy(to, value.p, value.n);
		return true;
	case AUDIT_BYTES:
		if (value.n != AUDIT_DIGEST)
			return false;
		memcpy(to, value.p, value.n);
		return true;
	default:
		*(struct slice *)(void *)to = value;
		return value.n <= AUDIT_BODY_MAX;
	}
}

bool
row_read(struct sqlite *sqlite, sqlite3_stmt *select, struct audit_record *out, struct err *err)
{
	const struct audit_field *fields;
	size_t n;

	fields = audit_fields(&n);
	*out = (struct audit_record){ .seq = 0 };
	for (size_t i = 0; i < n; i++) {
		char *to = (char *)out + fields[i].offset;
		int at = (int)i, type = sqlite->sqlite3_column_type(select, at);
		bool is_number = strcmp(column_type(fields[i].type), "INTEGER") == 0;

		if (type == SQLITE_NULL)
			continue;
		if (is_number
			? read_int(&fields[i], type, sqlite->sqlite3_column_int64(select, at), to)
			: read_bytes(&fields[i], sqlite_column(sqlite, select, at), to))
			continue;
		return err_set(err, ERR_CONFIG,
		    "%s: record %lld: \"%s\" is none that bascule writes", sqlite->path,
		    (long long)sqlite->sqlite3_column_int64(select, 0), fields[i].name);
	}
	return true;
}

struct slice
row_chain(struct sqlite *sqlite, sqlite3_stmt *select, struct chain *chain)
{
	static const char types[] = {
		[SQLITE_TEXT] = 't', [SQLITE_BLOB] = 'b', [SQLITE_FLOAT] = 'f'
	};
	const struct audit_field *fields;
	struct slice hash = SLICE_NONE;
	size_t n;

	fields = audit_fields(&n);
	chain_begin(chain, (uint64_t)sqlite->sqlite3_column_int64(select, 0));
	for (size_t i = 0; i < n; i++) {
		int at = (int)i, type = sqlite->sqlite3_column_type(select, at);

		if (type == SQLITE_NULL)
			continue;
		if (audit_field_is_link(&fields[i])) {
			if (i > 0 && type == SQLITE_BLOB)
				hash = sqlite_column(sqlite, select, at);
		} else if (type == SQLITE_INTEGER) {
			chain_put_int(
			    chain, fields[i].name, sqlite->sqlite3_column_int64(select, at));
		} else {
			chain_put_bytes(
			    chain, fields[i].name, types[type], sqlite_column(sqlite, select, at));
		}
	}
	chain_end(chain);
	return hash;
}

/* ---- seals, and what the store is ------------------------------------------------------------ */

bool
seal_row_of(struct sqlite *sqlite, sqlite3_stmt *select, struct seal_row *out)
{
	struct slice kind = sqlite_column(sqlite, select, 0), hash, key, signature;

	*out = (struct seal_row){ .seq = (uint64_t)sqlite->sqlite3_column_int64(select, 1),
		.time_ms = (uint64_t)sqlite->sqlite3_column_int64(select, 2) };
	if (kind.n >= sizeof(out->kind))
		return false;
	memcpy(out->kind, kind.p, kind.n);
	hash = sqlite_column(sqlite, select, 3);
	key = sqlite_column(sqlite, select, 4);
	if (hash.n != AUDIT_DIGEST || (key.n != 0 && key.n != KEY_ID - 1))
		return false;
	memcpy(out->hash, hash.p, hash.n);
	memcpy(out->key, key.p, key.n);
	signature = sqlite_column(sqlite, select, 5);
	if (signature.n == KEY_SIGNATURE)
		memcpy(out->signature, signature.p, signature.n);
	return signature.n == KEY_SIGNATURE;
}

bool
seal_row_read(
    struct sqlite *sqlite, const char *kind, struct seal_row *out, bool *is_there, struct err *err)
{
	sqlite3_stmt *select = NULL;
	bool ok;
	int code;

	*is_there = false;
	if (!sqlite_prepare(sqlite,
		"SELECT " SEAL_COLUMNS " FROM seal WHERE kind=? ORDER BY seq DESC LIMIT 1", &select,
		err))
		return false;
	sqlite_bind(sqlite, select, 1, slice_of(kind));
	code = sqlite->sqlite3_step(select);
	*is_there = code == SQLITE_ROW;
	ok = code == SQLITE_DONE || code == SQLITE_ROW || sqlite_fail(sqlite, "seal", err);
	if (*is_there && !seal_row_of(sqlite, select, out))
		ok = err_set(
		    err, ERR_CONFIG, "%s: its %s is none that bascule writes", sqlite->path, kind);
	sqlite_finish(sqlite, &select);
	return ok;
}

bool
store_id_read(struct sqlite *sqlite, char id[CHAIN_ID], bool *is_there, struct err *err)
{
	sqlite3_stmt *select = NULL;
	struct slice text;
	bool ok;
	int code;

	*is_there = false;
	if (!sqlite_prepare(sqlite, "SELECT value FROM meta WHERE name='chain'", &select, err))
		return false;
	code = sqlite->sqlite3_step(select);
	text = code == SQLITE_ROW ? sqlite_column(sqlite, select, 0) : SLICE_NONE;
	*is_there = text.n == CHAIN_ID - 1;
	ok = code == SQLITE_DONE || code == SQLITE_ROW || sqlite_fail(sqlite, "meta", err);
	if (*is_there) {
		memcpy(id, text.p, text.n);
		id[text.n] = '\0';
	}
	sqlite_finish(sqlite, &select);
	return ok;
}
