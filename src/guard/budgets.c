/*
 * What was used of today's budgets, as text: for a file that the next process reads.  Callers and
 * tools do not stand in it, only the hashes that their counters are found by, and the seed that
 * makes these the same in the next process.
 *
 *	bascule budgets 1
 *	seed N
 *	A B DAY USED		a counter, a line each
 *	end SHA256		of all before
 */
#include <inttypes.h>
#include <string.h>

#include "guard/limits.h"
#include "guard/live.h"
#include "guard/stages.h"

#define DAY_S	 86400
#define HEAD	 "bascule budgets 1\nseed "
#define END	 "end "
#define LINES	 (2 * LIVE_MOST)
#define HEX_MORE (2 * 32)

/* ---- to text --------------------------------------------------------------------------------- */

static void
put_end(struct buf *out)
{
	unsigned char hash[32];
	char hex[HEX_MORE];

	sha256_bytes(buf_view(out), hash);
	hex_put(hash, sizeof(hash), hex);
	buf_puts(out, END);
	buf_put(out, (struct slice){ hex, sizeof(hex) });
	buf_putc(out, '\n');
}

static void
put_entry(void *ctx, const struct live_entry *entry)
{
	struct buf *out = ctx;

	if (entry->day > 0 && entry->level > 0)
		buf_printf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 "\n", entry->key.a,
		    entry->key.b, entry->day, entry->level);
}

void
guard_budgets_put(const struct guard *guard, struct buf *out)
{
	const struct live *live = limits_live(guard->limits);
	size_t head;

	buf_printf(out, HEAD "%" PRIu64 "\n", live_seed(live));
	head = out->n;
	live_each(live, put_entry, out);
	if (out->n == head)
		out->n = 0;
	else
		put_end(out);
}

/* ---- and back -------------------------------------------------------------------------------- */

/* The lines between head and end; false: it is not what was written. */
MUST_CHECK static bool
check(struct slice text, uint64_t *seed, struct slice *lines)
{
	static const size_t end_n = sizeof(END) - 1 + HEX_MORE + 1;
	struct slice rest, line;
	unsigned char hash[32];
	char hex[HEX_MORE];

	if (!slice_starts(text, S(HEAD)) || text.n < sizeof(HEAD) - 1 + end_n)
		return false;
	rest = (struct slice){ text.p + text.n - end_n, end_n };
	text.n -= end_n;
	sha256_bytes(text, hash);
	hex_put(hash, sizeof(hash), hex);
	if (!slice_starts(rest, S(END)) || rest.p[end_n - 1] != '\n' ||
	    memcmp(rest.p + sizeof(END) - 1, hex, sizeof(hex)) != 0)
		return false;
	rest = (struct slice){ text.p + sizeof(HEAD) - 1, text.n - (sizeof(HEAD) - 1) };
	line = slice_cut(rest, '\n', lines);
	return slice_to_u64(line, UINT64_MAX, seed);
}

MUST_CHECK static bool
line_read(struct slice line, struct live_key *key, uint64_t *day, uint64_t *used)
{
	struct slice rest;

	return slice_to_u64(slice_cut(line, ' ', &rest), UINT64_MAX, &key->a) &&
	    slice_to_u64(slice_cut(rest, ' ', &rest), UINT64_MAX, &key->b) &&
	    slice_to_u64(slice_cut(rest, ' ', &rest), UINT64_MAX / DAY_S / 2, day) &&
	    slice_to_u64(rest, INT64_MAX, used);
}

bool
guard_budgets_load(
    struct guard *guard, struct slice text, uint64_t now_ms, int64_t unix_s, struct err *err)
{
	uint64_t seed, day, used, now_s = (uint64_t)(unix_s > 0 ? unix_s : 0);
	struct live *live = limits_live(guard->limits);
	struct live_entry *entry;
	struct live_key key;
	struct slice rest, line;

	if (!check(text, &seed, &rest))
		return err_set(err, ERR_CONFIG, "is damaged, or none of ours");
	limits_reseed(guard->limits, seed);
	for (size_t i = 0; i < LINES && rest.n > 0; i++) {
		line = slice_cut(rest, '\n', &rest);
		if (!line_read(line, &key, &day, &used))
			return err_set(err, ERR_CONFIG, "line %zu is none of ours", i + 3);
		/* Of days that are over, or that a clock once showed. */
		if (day != now_s / DAY_S && day != now_s / DAY_S + 1)
			continue;
		entry = live_get(live, key, key, now_ms);
		entry->is_used = true;
		entry->day = day;
		entry->level = (int64_t)used;
		entry->fresh_ms = now_ms + ((day + 1) * DAY_S - now_s) * 1000;
	}
	return true;
}
