/*
 * What rules cost: CPU time of one decision among a thousand rules, when the name was seen before
 * and when it was not, with arguments that are looked at, and with hostile ones.  Prints one JSON
 * object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/rules.h"

#define RULES  1000
#define NAMES  200
#define ROUNDS 5

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Each about tools of its own, every tenth with a look at the arguments; the last are for all. */
static struct config *
config_make(const char *last)
{
	static const char *const no_environ[] = { NULL };
	struct config *config = NULL;
	struct err err = { 0 };
	struct buf yaml;

	buf_init(&yaml, NULL, 16 * MIB);
	buf_puts(&yaml, "upstreams: [{name: files, command: [/bin/true]}]\nguard:\n  rules:\n");
	for (unsigned i = 0; i < RULES - 1; i++) {
		buf_printf(&yaml, "    - {id: r%u, match: {tool: 'tool%u_*'", i, i % NAMES);
		if (i % 10 == 0)
			buf_printf(&yaml, ", args: {/project: {in: [PROD, LIVE%u]}}", i);
		buf_printf(&yaml, "}, action: %s}\n", i % 10 == 0 ? "deny" : "log");
	}
	buf_printf(&yaml, "    - {id: last, %s}\n", last);
	if (!config_parse(buf_view(&yaml), "bench", "/", no_environ, NULL, &config, &err)) {
		fprintf(stderr, "bench_rules: %s\n", err.text);
		exit(1);
	}
	buf_fini(&yaml);
	return config;
}

/* The best of some rounds, in microseconds a decision; names: how many tools take turns. */
static double
measure(const char *last, unsigned names, struct slice arguments, unsigned times)
{
	struct config *config = config_make(last);
	struct rule_call call = { .server = S("files"),
		.target = RULE_TOOL,
		.caller = S("ci"),
		.client = S("bench"),
		.method = S("tools/call"),
		.revision = S("2025-06-18"),
		.arguments = arguments };
	struct rules *rules;
	double best = 0, from, took;
	struct err err = { 0 };
	char name[40];

	if (!rules_new(&config->guard, 1, &rules, &err)) {
		fprintf(stderr, "bench_rules: %s\n", err.text);
		exit(1);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		from = cpu_us();
		for (unsigned i = 0; i < times; i++) {
			call.name = (struct slice){ name,
				(size_t)snprintf(
				    name, sizeof(name), "tool%u_%u", i % NAMES, i % names) };
			(void)rules_decide(rules, &call);
		}
		took = (cpu_us() - from) / times;
		best = round == 0 || took < best ? took : best;
	}
	rules_free(&rules);
	config_free(&config);
	return best;
}

int
main(void)
{
	static const char dear[] =
	    "match: {args: {/text: {regex: ['(a+)+[bc]$', '(.*a){9}[bc]$', '^(a?)*a{99}[bc]']}}}, action: deny";
	struct slice small =
	    S("{\"project\":\"TEST\",\"summary\":\"a small thing\",\"labels\":[1,2]}");
	char hostile[500] = "{\"project\":\"TEST\",\"text\":\"";
	size_t n = strlen(hostile);

	memset(hostile + n, 'a', sizeof(hostile) - n - 4);
	memcpy(hostile + sizeof(hostile) - 4, "!\"}", 4);
	printf("{\"rules\":%d,\"cases\":[", RULES);
	printf("{\"case\":\"name seen before\",\"us\":%.3f},",
	    measure("action: log", NAMES, small, 100000));
	printf("{\"case\":\"name never seen\",\"us\":%.3f},",
	    measure("action: log", 1u << 30, small, 2000));
	printf("{\"case\":\"dearest expression\",\"us\":%.3f}",
	    measure(dear, NAMES, slice_of(hostile), 200));
	printf("]}\n");
	return 0;
}
