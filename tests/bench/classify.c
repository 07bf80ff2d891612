/*
 * What classifying a task costs: CPU time of ordinary texts of 1 KB and of hostile ones of 64 KB,
 * with the built-in routes; what a classifier takes to be made.  Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/classify.h"

#define ORDINARY_BYTES 1024
#define ROUNDS	       5

/* Repeated to the length that is wanted. */
static const struct sample {
	const char *name;
	size_t n;
	const char *text;
} samples[] = {
	{ "a task", ORDINARY_BYTES,
	    "The export of monthly reports has been failing since the last release: the worker logs a "
	    "timeout and the file stays empty. Please find the root cause, fix it, and add a test "
	    "that covers reports with more than ten thousand rows. " },
	{ "prose", ORDINARY_BYTES,
	    "The harbour lies to the north of the old town, and most of its warehouses were turned "
	    "into flats when the ferries moved to deeper water. On Saturdays there is a market with "
	    "fish, bread and flowers; in winter only the bakers come. " },
	{ "code", ORDINARY_BYTES,
	    "for (size_t i = 0; i < n; i++) if (list[i].used && !strcmp(list[i].name, name)) return i; " },
	{ "words of routes", ORDINARY_BYTES, "fix tests review write docs design performance " },
	{ "not in English", ORDINARY_BYTES,
	    "\xd0\x98\xd1\x81\xd0\xbf\xd1\x80\xd0\xb0\xd0\xb2\xd1\x8c \xd0\xbe\xd1\x88\xd0\xb8\xd0\xb1"
	    "\xd0\xba\xd1\x83 \xd0\xb2 \xd1\x82\xd0\xb5\xd1\x81\xd1\x82\xd0\xb0\xd1\x85. " },
	{ "beginnings of phrases", CLASSIFY_TEXT_BYTES, "end to high level second pair of " },
	{ "endings", CLASSIFY_TEXT_BYTES, "ssing seed ased " },
	{ "one word", CLASSIFY_TEXT_BYTES, "a" },
	{ "apostrophes", CLASSIFY_TEXT_BYTES, "x'" },
};

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The best of some rounds, in microseconds a text. */
static double
measure(const struct classifier *classifier, struct slice text)
{
	unsigned times = text.n < 10000 ? 2000 : 20;
	struct classified got;
	double best = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		double from = cpu_us(), took;

		for (unsigned i = 0; i < times; i++)
			classify(classifier, text, &got);
		took = (cpu_us() - from) / times;
		best = round == 0 || took < best ? took : best;
	}
	return best;
}

int
main(void)
{
	const struct config_agents agents = { .running = 1 };
	char *text = malloc(CLASSIFY_TEXT_BYTES);
	double from = cpu_us();
	struct classifier *classifier = classifier_new(&agents);

	if (text == NULL)
		return 1;
	printf("{\"new_us\":%.0f,\"cases\":[", cpu_us() - from);
	for (size_t i = 0; i < COUNT(samples); i++) {
		size_t length = strlen(samples[i].text);
		double us;

		for (size_t at = 0; at < samples[i].n; at++)
			text[at] = samples[i].text[at % length];
		us = measure(classifier, (struct slice){ text, samples[i].n });
		printf("%s{\"case\":\"%s\",\"bytes\":%zu,\"us\":%.2f,\"ns_per_kb\":%.0f}",
		    i > 0 ? "," : "", samples[i].name, samples[i].n, us,
		    us * 1000 * KIB / (double)samples[i].n);
	}
	printf("]}\n");
	free(text);
	classifier_free(&classifier);
	return 0;
}
