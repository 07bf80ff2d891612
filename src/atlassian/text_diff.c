/*
 * The unified diff of two texts: common lines at both ends are set aside, the middle is compared by
 * the longest common subsequence, within a bound of work.
 */
#include "atlassian/text_diff.h"

#define CONTEXT	  3
#define CELLS_MAX ((size_t)4 * 1000 * 1000) /* lines by lines, two bytes each */
#define LINES_MAX 200000

struct lines {
	struct slice *all;
	size_t n;
};

enum change { SAME = ' ', GONE = '-', NEW = '+' };

struct step {
	enum change change;
	struct slice line;
	size_t a, b; /* lines before it, of both */
};

static bool
split(struct slice text, struct arena *arena, struct lines *out, struct err *err)
{
	size_t n = text.n > 0 ? 1 : 0;

	for (size_t i = 0; i + 1 < text.n; i++)
		n += text.p[i] == '\n';
	if (n > LINES_MAX)
		return err_set(err, ERR_LIMIT, "over %d lines cannot be compared", LINES_MAX);
	if (!arena_reserve(arena, (n + 1) * sizeof(*out->all), err))
		return false;
	out->all = ARENA_ARRAY(arena, struct slice, n + 1);
	out->n = 0;
	while (out->n < n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t k = end != NULL ? (size_t)(end - text.p) : text.n;

		out->all[out->n++] = (struct slice){ text.p, k };
		k = k < text.n ? k + 1 : k;
		text.p += k;
		text.n -= k;
	}
	return true;
}

/* table[i][j]: the longest common subsequence of a[i..] and b[j..]. */
static uint16_t *
table_make(const struct slice *a, size_t an, const struct slice *b, size_t bn)
{
	uint16_t *table = mem_new((an + 1) * (bn + 1) * sizeof(*table));

	for (size_t i = an; i-- > 0;) {
		for (size_t j = bn; j-- > 0;) {
			uint16_t down = table[(i + 1) * (bn + 1) + j],
				 right = table[i * (bn + 1) + j + 1];

			table[i * (bn + 1) + j] = slice_eq(a[i], b[j])
			    ? (uint16_t)(table[(i + 1) * (bn + 1) + j + 1] + 1)
			    : down > right ? down
					   : right;
		}
	}
	return table;
}

/* What stands between the common ends: an lines of a and bn of b, from `head` on. */
static size_t
compare_middle(const struct lines *a, size_t an, const struct lines *b, size_t bn, size_t head,
    struct step *steps)
{
	uint16_t *table = NULL;
	size_t n = 0, i = 0, j = 0;

	if (an < UINT16_MAX && bn < UINT16_MAX && (an + 1) * (bn + 1) <= CELLS_MAX)
		table = table_make(a->all + head, an, b->all + head, bn);
	while (i < an || j < bn) {
		size_t at = i * (bn + 1) + j;
		bool is_same = table != NULL && i < an && j < bn &&
		    slice_eq(a->all[head + i], b->all[head + j]);
		bool is_gone =
		    i < an && (j == bn || table == NULL || table[at + bn + 1] >= table[at + 1]);

		steps[n++] = (struct step){ is_same ? SAME
			    : is_gone		    ? GONE
						    : NEW,
			is_same || is_gone ? a->all[head + i] : b->all[head + j], head + i,
			head + j };
		i += is_same || is_gone;
		j += is_same || !is_gone;
	}
	mem_free(table);
	return n;
}

static size_t
compare(const struct lines *a, const struct lines *b, struct step *steps)
{
	size_t head = 0, tail = 0, n;

	while (head < a->n && head < b->n && slice_eq(a->all[head], b->all[head]))
		head++;
	while (tail < a->n - head && tail < b->n - head &&
	    slice_eq(a->all[a->n - 1 - tail], b->all[b->n - 1 - tail]))
		tail++;
	for (n = 0; n < head; n++)
		steps[n] = (struct step){ SAME, a->all[n], n, n };
	n += compare_middle(a, a->n - head - tail, b, b->n - head - tail, head, steps + n);
	for (size_t k = 0; k < tail; k++)
		steps[n++] = (struct step){ SAME, a->all[a->n - tail + k], a->n - tail + k,
			b->n - tail + k };
	return n;
}

static void
put_range(struct buf *out, char sign, size_t first, size_t n)
{
	buf_printf(out, "%c%zu", sign, n > 0 ? first + 1 : first);
	if (n != 1)
		buf_printf(out, ",%zu", n);
}

static void
put_hunk(struct buf *out, const struct step *steps, size_t from, size_t to)
{
	size_t a = 0, b = 0;

	for (size_t i = from; i < to; i++) {
		a += steps[i].change != NEW;
		b += steps[i].change != GONE;
	}
	buf_puts(out, "@@ ");
	put_range(out, '-', steps[from].a, a);
	buf_putc(out, ' ');
	put_range(out, '+', steps[from].b, b);
	buf_puts(out, " @@\n");
	for (size_t i = from; i < to; i++) {
		buf_putc(out, (char)steps[i].change);
		buf_put(out, steps[i].line);
		buf_putc(out, '\n');
	}
}

/* The end of the hunk that begins with the change at `at`: behind the last change that is near. */
static size_t
hunk_end(const struct step *steps, size_t n, size_t at)
{
	size_t last = at;

	for (size_t i = at; i < n && i <= last + 2 * CONTEXT + 1; i++) {
		if (steps[i].change != SAME)
			last = i;
	}
	return last + 1 + CONTEXT < n ? last + 1 + CONTEXT : n;
}

bool
text_diff(struct slice a, struct slice b, const char *a_name, const char *b_name,
    struct arena *arena, struct buf *out, struct err *err)
{
	struct lines lines_a, lines_b;
	struct step *steps;
	size_t n, from, to;

	if (slice_eq(a, b))
		return true;
	if (!split(a, arena, &lines_a, err) || !split(b, arena, &lines_b, err) ||
	    !arena_reserve(arena, (lines_a.n + lines_b.n + 1) * sizeof(*steps), err))
		return false;
	steps = ARENA_ARRAY(arena, struct step, lines_a.n + lines_b.n + 1);
	n = compare(&lines_a, &lines_b, steps);
	for (size_t i = 0, hunks = 0; i < n; i = to, hunks++) {
		while (i < n && steps[i].change == SAME)
			i++;
		if (i == n)
			break;
		if (hunks == 0)
			buf_printf(out, "--- %s\n+++ %s\n", a_name, b_name);
		from = i > CONTEXT ? i - CONTEXT : 0;
		to = hunk_end(steps, n, i);
		put_hunk(out, steps, from, to);
	}
	return true;
}
