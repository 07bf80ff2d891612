/*
 * The scanners, with either engine: findings lie in the text, in order, apart within a kind, and
 * redacting takes out no other bytes than theirs.
 */
#include <stdlib.h>

#include "guard/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct scanner *
scanner_of(bool is_plain)
{
	struct scan_options options = { .kinds = SCAN_ALL, .is_plain = is_plain };
	struct err err;
	struct scanner *scanner = scan_new(&options, &err);

	must(scanner != NULL);
	return scanner;
}

/* In order, inside the text, and two of a kind do not overlap. */
static void
check(const struct scan_findings *findings, size_t n)
{
	size_t end[SCAN_KINDS_N] = { 0 }, at = 0;

	must(findings->n <= SCAN_FINDINGS_MAX);
	for (size_t i = 0; i < findings->n; i++) {
		const struct scan_finding *finding = &findings->items[i];

		must(finding->n > 0 && finding->n <= n && finding->at <= n - finding->n);
		must(finding->at >= at && finding->at >= end[finding->kind]);
		must(finding->score >= 1 && finding->score <= 100 && finding->rule != NULL);
		at = finding->at;
		end[finding->kind] = finding->at + finding->n;
	}
}

static void
redact(const struct scanner *scanner, struct slice text, const struct scan_findings *findings)
{
	size_t left = text.n, at = 0;
	struct buf out;
	struct err err;

	for (size_t i = 0; i < findings->n; i++) {
		size_t end = findings->items[i].at + findings->items[i].n;

		if (end <= at)
			continue;
		left -= end - (findings->items[i].at > at ? findings->items[i].at : at);
		at = end;
	}
	buf_init(&out, NULL, MIB);
	must(scan_redact(scanner, text, findings, SCAN_ALL, &out, &err) || findings->is_cut ||
	    err.kind == ERR_LIMIT);
	must(out.n >= (findings->is_cut ? 0 : left) || out.overflow);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct scanner *fast, *plain;
	struct slice text = { n > 0 ? (const char *)data : "", n };
	struct scan_findings a = { 0 }, b = { 0 };
	struct err err;

	if (fast == NULL) {
		fast = scanner_of(false);
		plain = scanner_of(true);
	}
	must(scan_text(fast, text, &a, &err));
	must(scan_text(plain, text, &b, &err));
	check(&a, n);
	check(&b, n);
	redact(fast, text, &a);
	scan_findings_fini(&a);
	scan_findings_fini(&b);
	return 0;
}
