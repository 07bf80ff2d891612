/*
 * What scanning costs: CPU time of ordinary texts of 2 KB and of hostile ones of 1 MB, with every
 * scanner; what a scanner takes to be made, and of memory.  Prints one JSON object.
 *
 * bench_scan [plain]: with PCRE2 instead of Vectorscan.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/guard.h"

#define CLEAN_BYTES   2048
#define HOSTILE_BYTES 1000000
#define ROUNDS	      5

/* Repeated to the length that is wanted. */
static const struct sample {
	const char *name;
	size_t n;
	const char *text;
} samples[] = {
	{ "prose", CLEAN_BYTES,
	    "The harbour lies to the north of the old town, and most of its warehouses were turned "
	    "into flats when the ferries moved to deeper water. On Saturdays there is a market with "
	    "fish, bread and flowers; in winter only the bakers come. " },
	{ "JSON of an issue", CLEAN_BYTES,
	    "{\"key\":\"PROJ-817\",\"fields\":{\"summary\":\"Crash when the window is resized\",\"status\":"
	    "{\"name\":\"Open\"},\"priority\":\"High\",\"created\":\"2026-03-04T10:11:12.000+0000\",\"labels\":"
	    "[\"desktop\",\"regression\"],\"votes\":12,\"comment\":null}}," },
	{ "lines of a log", CLEAN_BYTES,
	    "2026-03-04 10:11:12.345 INFO worker-3 job 18272 done in 48 ms, 1203 rows, 2 retries\n" },
	{ "words that orders have", CLEAN_BYTES,
	    "The system prompt of an assistant says which tools it may call. Users send files and read "
	    "replies; new rules are shown in the list, and the first message must not be deleted. " },
	{ "one letter", HOSTILE_BYTES, "a" },
	{ "digits", HOSTILE_BYTES, "4111111111111112" },
	{ "digits with gaps", HOSTILE_BYTES, "4 1-1 1." },
	{ "card groups", HOSTILE_BYTES, "4111 1111 1111 1112 " },
	{ "cards that are none", HOSTILE_BYTES, "order 4111111111111111 " },
	{ "addresses", HOSTILE_BYTES, "build 8.8.8.8 " },
	{ "nested quotes", HOSTILE_BYTES, "\"'`" },
	{ "a prefix, almost enough", HOSTILE_BYTES, "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " },
	{ "a prefix alone", HOSTILE_BYTES, "AKIA" },
	{ "names of secrets", HOSTILE_BYTES, "api_key = " },
	{ "at signs", HOSTILE_BYTES, "a@" },
	{ "colons", HOSTILE_BYTES, "::1:" },
	{ "dots and numbers", HOSTILE_BYTES, "1.2.3." },
	{ "escapes", HOSTILE_BYTES, "%69%67\\u0069" },
	{ "comments opened", HOSTILE_BYTES, "<!-- <" },
	{ "invisible", HOSTILE_BYTES, "i\xe2\x80\x8b" },
	{ "words of orders", HOSTILE_BYTES, "ignore all previous ignore " },
	{ "heads of keys", HOSTILE_BYTES, "-----BEGIN PRIVATE KEY-----\n" },
	{ "base64 words", HOSTILE_BYTES, "aWdub3JlIGFsbA== " },
};

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static long
rss_anon_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	if (file != NULL)
		fclose(file);
	return kib;
}

/* The best of some rounds, in microseconds a scan. */
static double
measure(struct scanner *scanner, struct slice text)
{
	unsigned times = text.n < 10000 ? 2000 : 1;
	struct scan_findings findings = { 0 };
	double best = 0;
	struct err err;

	for (unsigned round = 0; round < ROUNDS; round++) {
		double from = cpu_us(), took;

		for (unsigned i = 0; i < times; i++)
			if (!scan_text(scanner, text, &findings, &err)) {
				fprintf(stderr, "bench_scan: %s\n", err.text);
				exit(1);
			}
		took = (cpu_us() - from) / times;
		best = round == 0 || took < best ? took : best;
	}
	scan_findings_fini(&findings);
	return best;
}

int
main(int argc, char **argv)
{
	struct scan_options options = { .kinds = SCAN_ALL,
		.is_plain = argc > 1 && strcmp(argv[1], "plain") == 0 };
	long before = rss_anon_kib();
	double from = cpu_us();
	struct scanner *scanner;
	char *text = malloc(HOSTILE_BYTES);
	struct err err;

	scanner = scan_new(&options, &err);
	if (scanner == NULL || text == NULL) {
		fprintf(stderr, "bench_scan: no scanner\n");
		return 1;
	}
	printf("{\"engine\":\"%s\",\"new_ms\":%.1f,\"cases\":[", scan_engine(scanner),
	    (cpu_us() - from) / 1e3);
	for (size_t i = 0; i < COUNT(samples); i++) {
		size_t length = strlen(samples[i].text);

		for (size_t at = 0; at < samples[i].n; at++)
			text[at] = samples[i].text[at % length];
		printf("%s{\"case\":\"%s\",\"bytes\":%zu,\"us\":%.2f}", i > 0 ? "," : "",
		    samples[i].name, samples[i].n,
		    measure(scanner, (struct slice){ text, samples[i].n }));
	}
	printf("],\"rss_anon_kib\":%ld}\n", rss_anon_kib() - before);
	free(text);
	scan_free(&scanner);
	return 0;
}
