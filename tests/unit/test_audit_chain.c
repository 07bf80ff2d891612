/*
 * The store of the audit: what was written is found again, and any change of it is found out.
 */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/chain.h"

#define SECRET	"a key that nobody guesses"
#define RECORDS 6
#define NOW	1772600767089u

struct place {
	char dir[64], store[128], keys[128], copy[256];
	struct audit_key key;
	struct config_audit config;
};

static int
setup(void **state)
{
	struct place *place = MEM_NEW(struct place);
	struct err err = { 0 };

	snprintf(place->dir, sizeof(place->dir), "/tmp/bascule-audit-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->store, sizeof(place->store), "%s/audit.db", place->dir);
	snprintf(place->keys, sizeof(place->keys), "%s/keys", place->dir);
	snprintf(place->copy, sizeof(place->copy), "%s.copy", place->store);
	assert_int_equal(mkdir(place->keys, 0700), 0);
	place->config.key.hidden = S(SECRET);
	place->config.key_dir = slice_of(place->keys);
	assert_true(audit_key_open(S(SECRET), place->keys, false, &place->key, &err));
	*state = place;
	return 0;
}

static int
remove_one(const char *path, const struct stat *is, int type, struct FTW *ftw)
{
	(void)is;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	struct place *place = *state;

	audit_key_close(&place->key);
	assert_int_equal(nftw(place->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	mem_free(place);
	arena_drain();
	return 0;
}

/* ---- a store with some records --------------------------------------------------------------- */

static struct store *
opened(struct place *place, bool is_strict, unsigned *lost)
{
	struct store_settings settings = {
		.instance = "17-0badcafe", .is_strict = is_strict, .seed = "0123456789abcdef"
	};
	struct store *store = NULL;
	struct err err = { 0 };

	snprintf(settings.path, sizeof(settings.path), "%s", place->store);
	snprintf(settings.key_dir, sizeof(settings.key_dir), "%s", place->keys);
	if (!store_open(&settings, &place->key, NOW, &store, lost, &err))
		fail_msg("%s", err.text);
	return store;
}

static struct audit_record
record_of(unsigned number)
{
	struct audit_record record = { .kind = AUDIT_EXCHANGE,
		.number = number,
		.time_ms = NOW + number,
		.sent_ms = NOW + number + 1,
		.outcome_ms = NOW + number + 2,
		.duration_ms = 2,
		.sends = 1,
		.outcome = LEDGER_FAILED,
		.error_code = -32603,
		.request_id = "\"one\"",
		.caller = "ci",
		.tenant = "acme",
		.client = "editor",
		.transport = "http",
		.address = "192.0.2.7",
		.session = "0123456789abcdef",
		.revision = "2025-11-25",
		.method = "tools/call",
		.server = "files",
		.site = "jira",
		.tool = "write",
		.verdict = "allow",
		.rule = "default",
		.notes = "secrets=redact*1",
		.request_bytes = 10,
		.result_bytes = 20,
		.count = 1,
		.arguments = S("{\"a\":1}"),
		.result = S("{}") };

	memset(record.arguments_sha256, 1, AUDIT_DIGEST);
	memset(record.result_sha256, 2, AUDIT_DIGEST);
	return record;
}

static void
write_some(struct store *store, unsigned from, unsigned n)
{
	struct err err = { 0 };

	for (unsigned i = from; i < from + n; i++) {
		struct audit_record record = record_of(i);
		struct audit_record *all[] = { &record };

		assert_true(store_write(store, all, 1, NOW + i, &err));
	}
}

static void
filled(struct place *place)
{
	struct err err = { 0 };
	unsigned lost;
	struct store *store = opened(place, false, &lost);

	write_some(store, 1, RECORDS);
	assert_true(store_sync(store, NOW, &err));
	store_close(&store);
}

static struct audit_report
verified(struct place *place)
{
	struct audit_report report;
	struct err err = { 0 };

	if (!audit_verify(place->store, &place->config, &report, &err))
		fail_msg("%s", err.text);
	return report;
}

static void
change(struct place *place, const char *sql)
{
	struct sqlite sqlite;
	struct err err = { 0 };

	assert_true(sqlite_open(&sqlite, place->store, STORE_KIND, false, &err));
	if (!sqlite_run(&sqlite, sql, &err))
		fail_msg("%s: %s", sql, err.text);
	assert_true(sqlite_run(&sqlite, "PRAGMA wal_checkpoint(TRUNCATE)", &err));
	sqlite_close(&sqlite);
}

static void
file_copy(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	char bytes[4096];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* ---- what was written ------------------------------------------------------------------------ */

static void
test_written(void **state)
{
	struct place *place = *state;
	struct audit_reader *reader;
	struct audit_report report;
	struct audit_record record, wanted;
	struct err err = { 0 };
	const struct audit_field *fields;
	bool is_end;
	size_t n;

	filled(place);
	report = verified(place);
	assert_false(report.is_broken);
	assert_int_equal(report.records, RECORDS);
	assert_int_equal(report.first, 1);
	assert_int_equal(report.last, RECORDS);
	assert_true(report.is_signed);
	assert_true(report.has_anchor);
	assert_true(audit_reader_open(place->store, &reader, &err));
	fields = audit_fields(&n);
	for (unsigned i = 1; i <= RECORDS; i++) {
		struct buf a, b;

		wanted = record_of(i);
		wanted.seq = i;
		snprintf(wanted.instance, sizeof(wanted.instance), "17-0badcafe");
		assert_true(audit_reader_next(reader, i - 1, &record, &is_end, &err));
		assert_false(is_end);
		memcpy(wanted.hash, record.hash, AUDIT_DIGEST);
		buf_init(&a, NULL, KIB);
		buf_init(&b, NULL, KIB);
		for (size_t k = 0; k < n; k++) {
			assert_true(audit_field_is_set(&record, &fields[k]));
			audit_field_put(&record, &fields[k], &a);
			audit_field_put(&wanted, &fields[k], &b);
		}
		assert_true(slice_eq(buf_view(&a), buf_view(&b)));
		buf_fini(&a);
		buf_fini(&b);
	}
	assert_true(audit_reader_next(reader, RECORDS, &record, &is_end, &err));
	assert_true(is_end);
	audit_reader_close(&reader);
}

/* Who follows may come before the gateway has made its tables. */
static void
test_about_to_be_made(void **state)
{
	struct place *place = *state;
	struct audit_record record;
	struct audit_reader *reader;
	struct err err = { 0 };
	bool is_end = false;
	int fd = open(place->store, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_true(audit_reader_open(place->store, &reader, &err));
	assert_true(audit_reader_next(reader, 0, &record, &is_end, &err));
	assert_true(is_end);
	filled(place);
	assert_true(audit_reader_next(reader, 0, &record, &is_end, &err));
	assert_false(is_end);
	assert_int_equal(record.seq, 1);
	audit_reader_close(&reader);
}

static void
test_goes_on(void **state)
{
	struct place *place = *state;
	struct audit_report report;
	unsigned lost;
	struct store *store;

	filled(place);
	store = opened(place, true, &lost);
	assert_int_equal(store_missing(store), 0);
	write_some(store, 20, 2);
	report = verified(place); /* while it is open */
	assert_false(report.is_broken);
	assert_int_equal(report.last, RECORDS + 2);
	store_close(&store);
	assert_false(verified(place).is_broken);
}

/* ---- every column of every record ------------------------------------------------------------ */

static void
changed_is_found(struct place *place, const char *set, unsigned seq)
{
	struct audit_report report;
	char sql[256];

	file_copy(place->copy, place->store);
	snprintf(sql, sizeof(sql), "UPDATE chain SET %s WHERE seq=%u", set, seq);
	change(place, sql);
	report = verified(place);
	if (!report.is_broken || report.at != seq)
		fail_msg("%s: broken %d at %u: %s", sql, report.is_broken, (unsigned)report.at,
		    report.reason);
}

static void
test_columns(void **state)
{
	static const char *const changes[] = { "%1$s=NULL", "%1$s=%1$s||'x'", "%1$s=zeroblob(32)",
		"%1$s=1.5", "%1$s=''", "%1$s=0" };
	struct place *place = *state;
	const struct audit_field *fields;
	size_t n;

	filled(place);
	file_copy(place->store, place->copy);
	fields = audit_fields(&n);
	for (unsigned seq = 1; seq <= RECORDS; seq++) {
		for (size_t i = 1; i < n; i++) {
			char set[128];

			snprintf(
			    set, sizeof(set), changes[(i + seq) % COUNT(changes)], fields[i].name);
			changed_is_found(place, set, seq);
			snprintf(set, sizeof(set), "%s=NULL", fields[i].name);
			changed_is_found(place, set, seq);
		}
	}
	file_copy(place->copy, place->store);
	assert_false(verified(place).is_broken);
}

/* Any bit of what a record says, where it stands in the file. */
static void
test_bytes(void **state)
{
	static const char *const texts[] = { "editor", "0123456789abcdef", "tools/call", "write",
		"secrets=redact*1", "17-0badcafe", "{\"a\":1}", "failed", "2025-11-25" };
	struct place *place = *state;
	static char file[256 * 1024];
	FILE *in;
	size_t n;

	filled(place);
	in = fopen(place->store, "rb");
	assert_non_null(in);
	n = fread(file, 1, sizeof(file), in);
	fclose(in);
	assert_true(n > 0 && n < sizeof(file));
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *at = memmem(file, n, texts[i], strlen(texts[i]));

		assert_non_null(at);
		/* Of the rows, not of the schema. */
		for (size_t k = 0; k < strlen(texts[i]); k++) {
			FILE *out = fopen(place->store, "wb");

			at[k] ^= 1;
			assert_int_equal(fwrite(file, 1, n, out), n);
			assert_int_equal(fclose(out), 0);
			at[k] ^= 1;
			if (!verified(place).is_broken)
				fail_msg("%s: byte %zu", texts[i], k);
		}
	}
}

/* ---- rows that go, come, or move ------------------------------------------------------------- */

static void
test_rows(void **state)
{
	static const struct {
		const char *sql;
		uint64_t at;
		const char *says;
	} rows[] = {
		{ "DELETE FROM chain WHERE seq=3", 3, "record 3 is missing" },
		{ "DELETE FROM chain WHERE seq=1", 1, "record 1 is missing" },
		{ "DELETE FROM chain WHERE seq IN (2,3)", 2, "records 2 to 3 are missing" },
		{ "DELETE FROM chain WHERE seq=6", 6, "its tail is cut" },
		{ "DELETE FROM chain", 1, "its tail is cut" },
		{ "DELETE FROM chain WHERE seq=6; DELETE FROM seal WHERE kind='checkpoint'", 6,
		    "its tail is cut: the head knows 6 records, 5 are there" },
		{ "DELETE FROM seal WHERE kind='head'", 6, "its head is missing" },
		{ "DELETE FROM chain WHERE seq=6; DELETE FROM seal WHERE kind='checkpoint'; UPDATE seal "
		  "SET seq=5, hash=(SELECT hash FROM chain WHERE seq=5) WHERE kind='head'",
		    5, "the signature of its head is wrong" },
		{ "UPDATE chain SET seq=99 WHERE seq=2; UPDATE chain SET seq=2 WHERE seq=3; UPDATE chain "
		  "SET seq=3 WHERE seq=99",
		    2, "record 2 was changed" },
		{ "UPDATE chain SET seq=7 WHERE seq=3", 3, "record 3 is missing" },
		{ "INSERT INTO chain(seq, kind, hash) VALUES(7, 'exchange', zeroblob(32))", 7,
		    "record 7 was changed" },
		{ "INSERT INTO chain(seq, kind) VALUES(0, 'exchange')", 0, "record 0 was added" },
		{ "DELETE FROM chain WHERE seq<3; UPDATE seal SET seq=2 WHERE kind='start'", 3,
		    "record 3 was changed" },
		{ "UPDATE seal SET key=''", 6, "not signed" },
		{ "UPDATE seal SET key='0123456789abcdef'", 6, "is signed with the key" },
		{ "UPDATE seal SET time=1 WHERE kind='start'", 0,
		    "signature of its start is wrong" },
		{ "UPDATE seal SET signature=x'00'", 1, "none that bascule writes" },
		{ "UPDATE meta SET value='00000000000000000000000000000000'", 1, "its start" },
		{ "DROP TABLE seal", 1, "no store of the audit" },
		{ "DROP TABLE chain", 1, "no store of the audit" },
	};
	struct place *place = *state;

	filled(place);
	file_copy(place->store, place->copy);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct audit_report report;

		file_copy(place->copy, place->store);
		change(place, rows[i].sql);
		report = verified(place);
		if (!report.is_broken || report.at != rows[i].at ||
		    strstr(report.reason, rows[i].says) == NULL)
			fail_msg("%s: broken %d at %u: %s", rows[i].sql, report.is_broken,
			    (unsigned)report.at, report.reason);
	}
}

/* Who makes the whole chain anew has no key; who puts an old copy there has no anchor. */
static void
test_forged(void **state)
{
	struct place *place = *state;
	struct audit_key mine = place->key;
	struct audit_report report;
	struct err err = { 0 };
	struct store *store;
	unsigned lost;

	filled(place);
	file_copy(place->store, place->copy);
	store = opened(place, false, &lost);
	write_some(store, 50, 1);
	assert_true(store_sync(store, NOW, &err));
	store_close(&store);
	file_copy(place->copy, place->store);
	report = verified(place);
	assert_true(report.is_broken);
	assert_int_equal(report.at, RECORDS + 1);
	assert_non_null(strstr(report.reason, "old copy"));
	/* Nor does going on from there hide it. */
	store = opened(place, false, &lost);
	assert_int_equal(store_missing(store), 1);
	write_some(store, 60, 3);
	assert_true(store_sync(store, NOW, &err));
	store_close(&store);
	report = verified(place);
	assert_true(report.is_broken);
	assert_int_equal(report.at, RECORDS + 1);

	assert_int_equal(unlink(place->store), 0);
	assert_true(audit_key_open(S("another key, not that one"), "", false, &place->key, &err));
	filled(place);
	audit_key_close(&place->key);
	place->key = mine;
	report = verified(place);
	assert_true(report.is_broken);
	assert_non_null(strstr(report.reason, "is signed with the key"));
}

static void
test_damaged(void **state)
{
	struct place *place = *state;
	struct audit_report report;
	struct err err = { 0 };
	FILE *out;

	filled(place);
	out = fopen(place->store, "r+b");
	assert_non_null(out);
	for (unsigned i = 0; i < 4096; i++)
		fputc(0x55, out);
	fclose(out);
	report = verified(place);
	assert_true(report.is_broken);
	assert_non_null(strstr(report.reason, place->store));
	assert_int_equal(unlink(place->store), 0);
	assert_false(audit_verify(place->store, &place->config, &report, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
}

/* ---- intents, and what is too old ------------------------------------------------------------ */

static void
test_unknown(void **state)
{
	struct place *place = *state;
	struct audit_record intents[3], done = record_of(2), record;
	struct audit_record *all[] = { &intents[0], &intents[1], &intents[2] };
	struct audit_reader *reader;
	struct err err = { 0 };
	unsigned lost, unknown = 0, n = 0;
	struct store *store = opened(place, true, &lost);
	bool is_end;

	for (unsigned i = 0; i < COUNT(intents); i++) {
		intents[i] = record_of(i + 1);
		intents[i].kind = AUDIT_INTENT;
		intents[i].outcome = LEDGER_OPEN;
	}
	assert_true(store_write(store, all, COUNT(all), NOW, &err));
	assert_true(store_write(store, (struct audit_record *[]){ &done }, 1, NOW, &err));
	store_close(&store);
	store = opened(place, true, &lost);
	assert_int_equal(lost, 2);
	store_close(&store);
	store = opened(place, true, &lost);
	assert_int_equal(lost, 0);
	store_close(&store);
	assert_true(audit_reader_open(place->store, &reader, &err));
	while (audit_reader_next(reader, n, &record, &is_end, &err) && !is_end) {
		n++;
		if (record.outcome == LEDGER_UNKNOWN) {
			unknown++;
			assert_true(record.number == 1 || record.number == 3);
			assert_string_equal(record.tool, "write");
			assert_string_equal(record.instance, "17-0badcafe");
			assert_int_equal(record.kind, AUDIT_EXCHANGE);
		}
	}
	audit_reader_close(&reader);
	assert_int_equal(n, 6);
	assert_int_equal(unknown, 2);
	assert_false(verified(place).is_broken);
}

/* An intent whose exchange ends in the same batch is not written. */
static void
test_needless(void **state)
{
	struct place *place = *state;
	struct audit_record intent = record_of(1), done = record_of(1);
	struct audit_record *all[] = { &intent, NULL, &done };
	struct err err = { 0 };
	unsigned lost;
	struct store *store = opened(place, false, &lost);

	intent.kind = AUDIT_INTENT;
	assert_true(store_write(store, all, COUNT(all), NOW, &err));
	store_close(&store);
	assert_int_equal(verified(place).records, 1);
}

static void
test_kept(void **state)
{
	struct place *place = *state;
	struct store_settings settings = { .keep_ms = 1000 };
	struct audit_report report;
	struct err err = { 0 };
	uint64_t removed;
	unsigned lost;
	struct store *store = opened(place, false, &lost);

	write_some(store, 1, 4);
	write_some(store, 5000, 2);
	assert_true(store_set(store, &settings, &err));
	assert_true(store_cut(store, NOW + 5001, &removed, &err));
	assert_int_equal(removed, 4);
	assert_true(store_cut(store, NOW + 5001, &removed, &err));
	assert_int_equal(removed, 0);
	store_close(&store);
	report = verified(place);
	if (report.is_broken)
		fail_msg("%s", report.reason);
	assert_int_equal(report.first, 5);
	assert_int_equal(report.last, 7); /* that it was cut is a record */
	/* Who cuts more has no signature for it. */
	change(place,
	    "DELETE FROM chain WHERE seq=5;"
	    "UPDATE seal SET seq=5, hash=(SELECT hash FROM chain WHERE seq=6) WHERE kind='start'");
	assert_true(verified(place).is_broken);
}

/* A store of the format before: it can be read, verified, and goes on with what came since. */
static void
test_older_format(void **state)
{
	struct place *place = *state;
	struct audit_record record = record_of(1);
	struct audit_record *all[] = { &record };
	struct audit_reader *reader;
	struct audit_report report;
	struct err err = { 0 };
	unsigned lost;
	struct store *store = opened(place, true, &lost);
	bool is_end;

	record.address[0] = '\0';
	assert_true(store_write(store, all, 1, NOW, &err));
	store_close(&store);
	change(
	    place, "DROP VIEW audit; ALTER TABLE chain DROP COLUMN address; PRAGMA user_version=1");
	for (unsigned i = 0; i < 2; i++) {
		report = verified(place);
		if (report.is_broken)
			fail_msg("%s", report.reason);
		assert_int_equal(report.last, 1 + i);
		assert_true(audit_reader_open(place->store, &reader, &err));
		assert_true(audit_reader_next(reader, i, &record, &is_end, &err));
		assert_false(is_end);
		assert_string_equal(record.caller, "ci");
		assert_string_equal(record.address, i == 0 ? "" : "192.0.2.7");
		audit_reader_close(&reader);
		store = opened(place, true, &lost);
		write_some(store, 2 + i, 1);
		store_close(&store);
	}
	change(place, "SELECT address FROM audit");
}

static void
test_key_file(void **state)
{
	struct place *place = *state;
	struct audit_key a, b;
	struct err err = { 0 };
	char path[256];

	assert_true(audit_key_open(SLICE_NONE, place->keys, false, &a, &err));
	assert_null(a.pkey);
	assert_true(audit_key_open(SLICE_NONE, place->keys, true, &a, &err));
	assert_true(audit_key_open(SLICE_NONE, place->keys, true, &b, &err));
	assert_string_equal(a.id, b.id);
	assert_string_not_equal(a.id, place->key.id);
	audit_key_close(&a);
	audit_key_close(&b);
	snprintf(path, sizeof(path), "%s/audit.key", place->keys);
	assert_int_equal(chmod(path, 0644), 0);
	assert_false(audit_key_open(SLICE_NONE, place->keys, true, &a, &err));
	assert_non_null(strstr(err.text, "others may read"));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_written),
		CASE(test_about_to_be_made),
		CASE(test_goes_on),
		CASE(test_columns),
		CASE(test_bytes),
		CASE(test_rows),
		CASE(test_forged),
		CASE(test_damaged),
		CASE(test_unknown),
		CASE(test_needless),
		CASE(test_kept),
		CASE(test_older_format),
		CASE(test_key_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
