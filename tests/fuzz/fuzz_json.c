/*
 * The JSON scanner against itself and against yyjson:
 *  - any cutting into steps gives what one step gives;
 *  - what it accepts, yyjson accepts; what yyjson accepts, it accepts but for its own refusals
 *    (duplicate keys, depth, long keys, NUL in keys; lone surrogates both refuse);
 *  - spans lie inside the text, and walking finds what the scan found;
 *  - the walkers stay inside any bytes at all.
 * The first bytes of an input choose the flags and the budgets of the steps.
 */
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define HEAD_BYTES    4
#define CAPTURE_DEPTH 3

struct run {
	struct arena arena;
	struct json_scan *scan;
	char *text;
	enum json_step step;
	struct err err;
};

static void
run_init(struct run *run, const uint8_t *data, size_t n, unsigned flags, uint64_t seed)
{
	memset(run, 0, sizeof(*run));
	arena_init(&run->arena, NULL, 64 * MIB);
	run->text = malloc(n > 0 ? n : 1);
	must(run->text != NULL);
	if (n > 0)
		memcpy(run->text, data, n);
	run->scan = json_scan_new(&run->arena, run->text, n, CAPTURE_DEPTH, flags, seed);
}

static void
run_fini(struct run *run)
{
	arena_fini(&run->arena);
	free(run->text);
}

static bool
is_inside(const struct run *run, size_t n, struct slice s)
{
	return s.p == NULL || (s.p >= run->text && s.n <= n && s.p + s.n <= run->text + n);
}

static bool
same_span(const struct run *a, struct slice in_a, const struct run *b, struct slice in_b)
{
	if (in_a.p == NULL || in_b.p == NULL)
		return in_a.p == in_b.p;
	return in_a.n == in_b.n && in_a.p - a->text == in_b.p - b->text;
}

static void
check_same(const struct run *a, const struct run *b, size_t n)
{
	const struct json_member *in_a, *in_b;
	size_t a_n, b_n, i;

	must(a->step == b->step);
	if (a->step == JSON_BAD) {
		must(a->err.kind == b->err.kind && a->err.line == b->err.line);
		must(a->err.col == b->err.col && strcmp(a->err.text, b->err.text) == 0);
		must(a->err.line >= 1 && a->err.col >= 1 && a->err.col <= n + 1);
		return;
	}
	must(n == 0 || memcmp(a->text, b->text, n) == 0);
	must(json_scan_type(a->scan) == json_scan_type(b->scan));
	must(json_scan_mended(a->scan) == json_scan_mended(b->scan));
	in_a = json_scan_members(a->scan, &a_n);
	in_b = json_scan_members(b->scan, &b_n);
	must(a_n == b_n);
	for (i = 0; i < a_n; i++) {
		must(is_inside(a, n, in_a[i].key) && is_inside(a, n, in_a[i].value));
		must(same_span(a, in_a[i].key, b, in_b[i].key));
		must(same_span(a, in_a[i].value, b, in_b[i].value));
		must(same_span(a, in_a[i].parent, b, in_b[i].parent));
		must(in_a[i].depth == in_b[i].depth && in_a[i].depth <= CAPTURE_DEPTH);
		must(json_type(in_a[i].value) != JSON_NONE);
	}
}

/* Walks everything below one container, one level deep a call; bytes need not be JSON. */
static size_t
walk(struct slice container, unsigned levels)
{
	struct slice key, value;
	struct json_iter iter;
	size_t members = 0;

	json_iter_init(&iter, container);
	while (json_iter_next(&iter, &key, &value)) {
		members++;
		must(value.p >= container.p && value.p + value.n <= container.p + container.n);
		must(value.n > 0);
		if (key.p != NULL)
			must(key.p >= container.p && key.p + key.n <= container.p + container.n);
		if (levels > 0 && value.p != container.p)
			members += walk(value, levels - 1);
	}
	return members;
}

/* Members that yyjson counts at the outer level, against ours; every key is found again. */
static void
check_outer(struct run *run, size_t n, yyjson_val *root)
{
	struct slice text = { run->text, n }, key, value, found, plain;
	struct json_iter iter;
	size_t members = 0;
	struct err err;

	while (text.n > 0 && strchr(" \t\r\n", *text.p) != NULL) {
		text.p++;
		text.n--;
	}
	walk(text, 3);
	if (json_type(text) == JSON_STRING) {
		while (text.p[text.n - 1] != '"')
			text.n--;
		must(json_string(&run->arena, text, &plain, &err));
		must(slice_eq(plain, (struct slice){ yyjson_get_str(root), yyjson_get_len(root) }));
	}
	json_iter_init(&iter, text);
	while (json_iter_next(&iter, &key, &value)) {
		if (key.p != NULL && members < 8) {
			struct slice token = { key.p - 1, key.n + 2 };

			must(json_string(&run->arena, token, &plain, &err));
			must(json_find(text, plain, &found) && found.p == value.p);
			must(json_scan_get(run->scan, SLICE_NONE, plain).p == value.p);
			must(yyjson_obj_getn(root, plain.p, plain.n) != NULL);
		}
		members++;
	}
	must(!yyjson_is_ctn(root) || members == yyjson_get_len(root));
}

static bool
is_own_refusal(const struct err *err)
{
	return err->kind == ERR_LIMIT || strstr(err->text, "occurs twice") != NULL ||
	    strstr(err->text, "a key has a NUL") != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct run once, steps;
	unsigned flags, i = 0;
	yyjson_doc *doc;
	uint8_t head[HEAD_BYTES];

	if (n < HEAD_BYTES)
		return 0;
	memcpy(head, data, HEAD_BYTES);
	data += HEAD_BYTES;
	n -= HEAD_BYTES;
	walk((struct slice){ (const char *)data, n }, 2);
	flags = head[0] & (JSON_MEND | JSON_ONE_LINE);
	run_init(&once, data, n, flags, head[1]);
	run_init(&steps, data, n, flags, head[1]);
	once.step = json_scan_step(once.scan, SIZE_MAX, &once.err);
	must(once.step != JSON_MORE);
	do
		steps.step = json_scan_step(steps.scan, head[1 + i++ % 3] % 40, &steps.err);
	while (steps.step == JSON_MORE);
	must(i <= n + 1);
	check_same(&once, &steps, n);

	/* The text as the scan left it: mended. */
	doc = yyjson_read_opts(once.text, n, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
	if (once.step == JSON_DONE) {
		must(doc != NULL);
		must(!(flags & JSON_ONE_LINE) || memchr(once.text, '\n', n) == NULL);
		check_outer(&once, n, yyjson_doc_get_root(doc));
	} else {
		must(doc == NULL || is_own_refusal(&once.err));
	}
	yyjson_doc_free(doc);
	run_fini(&once);
	run_fini(&steps);
	arena_drain();
	return 0;
}
