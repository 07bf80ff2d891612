/*
 * Requests that were turned away before they were exchanges: wrong keys, foreign pages, what is no
 * HTTP.  Who sends many of them must not fill the disk, and none of them is to be forgotten: what
 * is not written at once is counted, by reason and address, and the count is written each second.
 *
 * There is a budget for these records (BURST, and one a second); without it a count waits for the
 * next second.  Addresses for which there is no place are counted together, by reason.
 */
#include <stdio.h>
#include <string.h>

#include "audit/queue.h"

#define PLACES	  64 /* reasons and addresses in one second ... */
#define TOGETHER  16 /* ... and reasons of those who found none */
#define WINDOW_MS 1000
#define BURST	  128

struct place {
	char reason[24], transport[8], address[46];
	uint64_t count; /* not written yet */
	uint64_t first_ms, last_ms;
};

struct refusals {
	struct audit *audit;
	struct loop *loop;
	struct timer timer; /* runs while there are places */
	struct place places[PLACES + TOGETHER];
	size_t n;
	unsigned budget; /* records that may be written ... */
	uint64_t filled_ms;
};

struct refusals *
refusals_new(struct audit *audit, struct loop *loop)
{
	struct refusals *refusals = MEM_NEW(struct refusals);

	refusals->audit = audit;
	refusals->loop = loop;
	refusals->budget = BURST;
	refusals->filled_ms = loop_now_ms(loop);
	return refusals;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
fill(struct refusals *refusals)
{
	uint64_t now_ms = loop_now_ms(refusals->loop);
	uint64_t more = (now_ms - refusals->filled_ms) / WINDOW_MS;

	refusals->filled_ms += more * WINDOW_MS;
	refusals->budget =
	    more + refusals->budget < BURST ? refusals->budget + (unsigned)more : BURST;
}

static void
place_write(struct refusals *refusals, struct place *place)
{
	struct audit_record record = { .kind = AUDIT_REFUSED,
		.time_ms = place->first_ms,
		.outcome_ms = place->last_ms,
		.outcome = LEDGER_REFUSED,
		.count = place->count,
		.verdict = "deny" };

	ledger_text_cut(record.transport, sizeof(record.transport), slice_of(place->transport));
	ledger_text_cut(record.address, sizeof(record.address), slice_of(place->address));
	snprintf(record.rule, sizeof(record.rule), "front.%s", place->reason);
	place->count = 0;
	audit_put(refusals->audit, &record);
}

static void
place_try(struct refusals *refusals, struct place *place)
{
	fill(refusals);
	if (place->count == 0 || refusals->budget == 0)
		return;
	refusals->budget--;
	place_write(refusals, place);
}

/* Who was not heard of for a whole second gives its place back. */
static void
window_over(struct timer *timer)
{
	struct refusals *refusals = CONTAINER(timer, struct refusals, timer);
	size_t kept = 0;

	for (size_t i = 0; i < refusals->n; i++) {
		struct place *place = &refusals->places[i];
		bool was_heard = place->count > 0;

		place_try(refusals, place);
		if (was_heard)
			refusals->places[kept++] = *place;
	}
	refusals->n = kept;
	if (kept > 0)
		timer_start(
		    refusals->loop, timer, loop_now_ms(refusals->loop) + WINDOW_MS, window_over);
}

/* ---- counting -------------------------------------------------------------------------------- */

static struct place *
place_find(struct refusals *refusals, const char *reason, const char *transport,
    const char *address, size_t most)
{
	struct place *place;

	for (size_t i = 0; i < refusals->n; i++) {
		place = &refusals->places[i];
		if (strcmp(place->reason, reason) == 0 && strcmp(place->address, address) == 0 &&
		    strcmp(place->transport, transport) == 0)
			return place;
	}
	if (refusals->n >= most)
		return NULL;
	if (refusals->n == 0)
		timer_start(refusals->loop, &refusals->timer,
		    loop_now_ms(refusals->loop) + WINDOW_MS, window_over);
	place = &refusals->places[refusals->n++];
	*place = (struct place){ .count = 0 };
	ledger_text_cut(place->reason, sizeof(place->reason), slice_of(reason));
	ledger_text_cut(place->transport, sizeof(place->transport), slice_of(transport));
	ledger_text_cut(place->address, sizeof(place->address), slice_of(address));
	return place;
}

void
refusals_put(
    struct refusals *refusals, const char *reason, const char *transport, const char *address)
{
	size_t n = refusals->n;
	struct place *place = place_find(refusals, reason, transport, address, PLACES);

	if (place == NULL)
		place = place_find(refusals, reason, transport, "", COUNT(refusals->places));
	/* More reasons than there are. */
	if (place == NULL)
		place = &refusals->places[COUNT(refusals->places) - 1];
	place->last_ms = loop_unix_ms(refusals->loop);
	if (place->count++ == 0)
		place->first_ms = place->last_ms;
	if (refusals->n > n)
		place_try(refusals, place);
}

void
refusals_free(struct refusals **at)
{
	struct refusals *refusals = *at;

	*at = NULL;
	timer_stop(refusals->loop, &refusals->timer);
	for (size_t i = 0; i < refusals->n; i++)
		if (refusals->places[i].count > 0)
			place_write(refusals, &refusals->places[i]);
	mem_free(refusals);
}
