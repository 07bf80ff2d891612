/*
 * What the stages of the guard cost: CPU time of one call and its result, of 2 KB each, by what the
 * configuration asks for.  Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/guard.h"

#define TEXT_BYTES 2048
#define CALLS	   5000
#define ROUNDS	   7
#define HEAD \
	"listen: {stdio: true}\n" \
	"upstreams: [{name: files, command: [/bin/true]}, {name: mail, command: [/bin/true]}]\n"

static const struct {
	const char *name, *yaml;
} cases[] = {
	{ "nothing", "" },
	{ "a limit of calls, bytes and those in progress",
	    "guard: {rate: {calls: 1000000000/s, bytes: 60GiB/s, concurrent: 100, per: caller}}\n" },
	{ "three limits with budgets",
	    "guard:\n  rate:\n"
	    "    - {id: all, calls: 1000000000/s, per: all}\n"
	    "    - {id: each, calls: 1000000000/s, per: [caller, tool]}\n"
	    "    - {id: day, budget: {calls: 1000000000/d}, per: tenant}\n" },
	{ "labels",
	    "guard: {flow: {labels: {private: [{server: files}], untrusted: [{server: files, tool: 'f*'}], "
	    "sinks: [{server: mail}]}, when: both}}\n" },
	{ "a canary", "guard: {flow: {canaries: [{text: c4n4ry-0f8e2d6a-4b1c, server: mail}]}}\n" },
	{ "hosts of URLs",
	    "guard: {egress: {hosts: [example.com, '*.example.com'], links: log}}\n" },
	{ "secrets", "guard: {scan: {secrets: redact}}\n" },
	{ "personal data", "guard: {scan: {pii: redact}}\n" },
	{ "instructions", "guard: {scan: {injection: block}}\n" },
	{ "all scanners", "guard: {scan: {secrets: redact, pii: redact, injection: block}}\n" },
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
	fprintf(stderr, "bench_guard: %s\n", err->text);
	exit(1);
}

/* One text as tools have them: lines, quotes, a link. */
static void
text_put(struct buf *out)
{
	size_t from = out->n;

	while (out->n - from < TEXT_BYTES - 80)
		buf_puts(out,
		    "- PROJ-817: \\\"Crash when the window is resized\\\" (Open, High), see "
		    "https://jira.example.com/browse/PROJ-817\\n");
}

static void
pass(struct guard *guard, const struct guard_subject *subject, enum guard_kind kind)
{
	struct guard_verdict verdict;

	guard_message(guard, subject, kind,
	    kind == GUARD_REQUEST ? GUARD_TO_PROVIDER : GUARD_TO_CLIENT, &verdict);
	if (verdict.action != GUARD_ALLOW || verdict.text.n > 0) {
		fprintf(stderr, "bench_guard: rule %.*s does not let it pass: %s\n",
		    SLICE_FMT(verdict.rule), verdict.err.text);
		exit(1);
	}
	guard_verdict_fini(&verdict);
}

/* The best of some rounds, in microseconds a call. */
static double
measure(struct loop *loop, const char *yaml, const struct guard_subject *request,
    const struct guard_subject *result)
{
	static const char *const no_environ[] = { NULL };
	struct config *config = NULL;
	struct guard *guard = NULL;
	struct err err = { 0 };
	char text[2 * KIB];
	double best = 0, took;

	snprintf(text, sizeof(text), HEAD "%s", yaml);
	or_end(config_parse(slice_of(text), "bench", "/", no_environ, NULL, &config, &err), &err);
	or_end(guard_new(loop, config, NULL, &guard, &err), &err);
	for (unsigned round = 0; round < ROUNDS; round++) {
		took = cpu_us();
		for (unsigned i = 0; i < CALLS; i++) {
			pass(guard, request, GUARD_REQUEST);
			pass(guard, result, GUARD_RESULT);
		}
		took = (cpu_us() - took) / CALLS;
		best = round == 0 || took < best ? took : best;
	}
	guard_free(&guard);
	config_free(&config);
	return best;
}

int
main(void)
{
	struct caller caller = { .principal = S("ci"), .tenant = S("acme") };
	struct err err = { 0 };
	struct loop *loop = loop_new(NULL, NULL, &err);
	struct guard_subject request = { .caller = &caller,
		.server = S("files"),
		.method = S("tools/call"),
		.target = GUARD_TOOL,
		.name = S("fetch"),
		.window = 1,
		.unix_s = 1772618400 };
	struct guard_subject result = request;
	struct buf params, answer;

	or_end(loop != NULL, &err);
	buf_init(&params, NULL, 8 * KIB);
	buf_init(&answer, NULL, 8 * KIB);
	buf_puts(&params, "{\"name\":\"fetch\",\"arguments\":{\"text\":\"");
	text_put(&params);
	buf_puts(&params, "\"},\"_meta\":{\"progressToken\":7}}");
	buf_puts(&answer, "{\"content\":[{\"type\":\"text\",\"text\":\"");
	text_put(&answer);
	buf_puts(&answer, "\"}]}");
	request.text = buf_view(&params);
	result.text = buf_view(&answer);
	if (!json_find(request.text, S("arguments"), &request.arguments))
		return 1;
	printf("{\"bytes\":%d,\"cases\":[", TEXT_BYTES);
	for (size_t i = 0; i < COUNT(cases); i++)
		printf("%s{\"case\":\"%s\",\"us\":%.3f}", i > 0 ? "," : "", cases[i].name,
		    measure(loop, cases[i].yaml, &request, &result));
	printf("]}\n");
	buf_fini(&params);
	buf_fini(&answer);
	loop_free(&loop);
	return 0;
}
