/*
 * What a record of the audit costs: CPU time of its way from the loop's thread into the store, in
 * batches as a busy gateway makes them, and of the digest of a text.  Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/queue.h"

#define BATCH	300
#define BATCHES 30
#define ROUNDS	9
#define DIGESTS 20000

static const struct {
	const char *name;
	bool has_intent; /* before each, of the same call */
	bool is_apart;	 /* in the batch before */
} cases[] = {
	{ "record", false, false },
	{ "record and intent", true, false },
	{ "record, its intent a batch before", true, true },
};

struct bench {
	struct store *store;
	struct audit_key key;
	uint64_t now_ms, number;
	struct audit_entry *entries[2 * BATCH];
	struct audit_record *records[2 * BATCH];
};

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
or_end(bool ok, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "bench_audit: %s\n", err->text);
	exit(1);
}

/* As a call over HTTP leaves it. */
static struct audit_record
record_of(const struct bench *bench, enum audit_kind kind, uint64_t number)
{
	struct audit_record record = { .kind = kind,
		.instance = "4711-0a1b2c3d",
		.number = number,
		.time_ms = bench->now_ms,
		.sends = kind == AUDIT_EXCHANGE,
		.request_id = "17",
		.caller = "anonymous",
		.client = "bench",
		.transport = "http",
		.session = "0123456789abcdef",
		.revision = "2025-11-25",
		.method = "tools/call",
		.server = "up",
		.tool = "echo",
		.verdict = "allow",
		.rule = "default",
		.request_bytes = 63 };

	memset(record.arguments_sha256, (int)(number % 255) + 1, AUDIT_DIGEST);
	if (kind == AUDIT_INTENT)
		return record;
	record.outcome = LEDGER_DONE;
	record.sent_ms = record.outcome_ms = bench->now_ms;
	record.duration_ms = 1;
	record.result_bytes = 90;
	memset(record.result_sha256, (int)(number % 254) + 1, AUDIT_DIGEST);
	return record;
}

static void
entry_add(struct bench *bench, size_t *n, enum audit_kind kind, uint64_t number)
{
	struct audit_record record = record_of(bench, kind, number);

	bench->entries[*n] = audit_entry_new(&record, bench->now_ms);
	bench->records[*n] = &bench->entries[*n]->record;
	++*n;
}

static void
batch_write(struct bench *bench, bool has_intent, bool is_apart)
{
	struct err err = { 0 };
	size_t n = 0;

	bench->now_ms += 50;
	for (unsigned i = 0; i < BATCH; i++) {
		if (has_intent)
			entry_add(bench, &n, AUDIT_INTENT, bench->number + (is_apart ? BATCH : 0));
		entry_add(bench, &n, AUDIT_EXCHANGE, bench->number++);
	}
	or_end(store_write(bench->store, bench->records, n, bench->now_ms, &err), &err);
	while (n > 0)
		audit_entry_unref(&bench->entries[--n]);
}

/* The best of some rounds, in microseconds a call. */
static double
measure(struct bench *bench, bool has_intent, bool is_apart)
{
	double best = 0, took;

	for (unsigned round = 0; round < ROUNDS; round++) {
		took = cpu_us();
		for (unsigned i = 0; i < BATCHES; i++)
			batch_write(bench, has_intent, is_apart);
		took = (cpu_us() - took) / (BATCHES * BATCH);
		best = round == 0 || took < best ? took : best;
	}
	return best;
}

static double
digest_us(void)
{
	static const char text[] = "{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}";
	unsigned char sum[SHA256_BYTES];
	double from = cpu_us();

	for (unsigned i = 0; i < DIGESTS; i++)
		sha256_bytes((struct slice){ text, sizeof(text) - 1 }, sum);
	return (cpu_us() - from) / DIGESTS;
}

int
main(void)
{
	char dir[] = "/tmp/bench-audit-XXXXXX", path[80];
	static const char *const files[] = { "audit.db", "audit.db-wal", "audit.db-shm" };
	struct bench bench = { .now_ms = 1772618400000, .number = 1 };
	struct store_settings settings = { .instance = "4711-0a1b2c3d" };
	unsigned lost;
	struct err err = { 0 };

	if (mkdtemp(dir) == NULL) {
		fprintf(stderr, "bench_audit: no folder to write in\n");
		return 1;
	}
	snprintf(settings.path, sizeof(settings.path), "%s/%s", dir, files[0]);
	or_end(audit_key_open(S("a key of nobody"), "", false, &bench.key, &err), &err);
	or_end(store_open(&settings, &bench.key, bench.now_ms, &bench.store, &lost, &err), &err);
	printf("{\"batch\":%d,\"cases\":[", BATCH);
	for (size_t i = 0; i < COUNT(cases); i++)
		printf("{\"case\":\"%s\",\"us\":%.2f},", cases[i].name,
		    measure(&bench, cases[i].has_intent, cases[i].is_apart));
	printf("{\"case\":\"digest of a short text\",\"us\":%.2f}]}\n", digest_us());
	store_close(&bench.store);
	audit_key_close(&bench.key);
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	return 0;
}
