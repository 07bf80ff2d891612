/*
 * The ledger in memory: a ring of the newest records, in the order of their numbers, so that one is
 * found by its distance from the newest or, where numbers were left out, by halving.
 *
 * Only records with an outcome are pushed out; one that is still open moves to a list beside the
 * ring and stays until its outcome was written and the next intent comes.  A second outcome, and
 * writing about a number that is not open, are faults of the program.
 */
#include <string.h>

#include "store/store.h"

/* An open record that the ring has no room for. */
struct overdue {
	struct overdue *next;
	struct ledger_record record;
};

struct ledger {
	struct overdue *overdue;
	struct ledger_record *ring;
	size_t max, n;
	size_t next;	 /* slot of the next intent */
	uint64_t newest; /* number of the newest intent, 0: none */
	uint64_t count[LEDGER_OUTCOMES_N];
};

static const char *const outcome_names[] = {
#define X(name, text) [LEDGER_##name] = text,
	LEDGER_OUTCOMES(X)
#undef X
};

struct ledger *
ledger_new(size_t records_max)
{
	struct ledger *ledger = MEM_NEW(struct ledger);

	must(records_max > 0 && records_max < SIZE_MAX / sizeof(*ledger->ring));
	ledger->max = records_max;
	ledger->ring = mem_new(records_max * sizeof(*ledger->ring));
	return ledger;
}

void
ledger_free(struct ledger **ledger)
{
	if (*ledger == NULL)
		return;
	while ((*ledger)->overdue != NULL) {
		struct overdue *gone = (*ledger)->overdue;

		(*ledger)->overdue = gone->next;
		mem_free(gone);
	}
	mem_free((*ledger)->ring);
	mem_free(*ledger);
	*ledger = NULL;
}

/* Record i, 0 being the oldest that is kept. */
static struct ledger_record *
record_at(const struct ledger *ledger, size_t i)
{
	size_t slot = ledger->next + ledger->max - ledger->n + i;

	return &ledger->ring[slot < ledger->max ? slot : slot - ledger->max];
}

static struct ledger_record *
record_find(const struct ledger *ledger, uint64_t number)
{
	uint64_t back = ledger->newest - number;
	size_t low = 0, high = ledger->n;
	struct ledger_record *record;

	if (number > ledger->newest || ledger->n == 0)
		return NULL;
	for (struct overdue *o = ledger->overdue; o != NULL; o = o->next) {
		if (o->record.number == number)
			return &o->record;
	}
	if (back < ledger->n) {
		record = record_at(ledger, ledger->n - 1 - (size_t)back);
		if (record->number == number)
			return record;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		record = record_at(ledger, middle);
		if (record->number == number)
			return record;
		if (record->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The record to write to. */
static struct ledger_record *
record_open(struct ledger *ledger, uint64_t number)
{
	struct ledger_record *record = record_find(ledger, number);

	must(record != NULL && record->outcome == LEDGER_OPEN);
	return record;
}

/* The slot of the next intent is free: an open record in it moves, those that have ended go. */
static void
slot_clear(struct ledger *ledger, const struct ledger_record *slot)
{
	for (struct overdue **at = &ledger->overdue; *at != NULL;) {
		struct overdue *o = *at;

		if (o->record.outcome == LEDGER_OPEN) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		mem_free(o);
	}
	if (ledger->n == ledger->max && slot->outcome == LEDGER_OPEN) {
		struct overdue *o = MEM_NEW(struct overdue);

		o->record = *slot;
		o->next = ledger->overdue;
		ledger->overdue = o;
	}
}

void
ledger_text_cut(char *to, size_t size, struct slice from)
{
	size_t n = from.n < size ? from.n : size - 1;

	if (n < from.n)
		while (n > 0 && ((unsigned char)from.p[n] & 0xc0) == 0x80)
			n--;
	if (n > 0)
		memcpy(to, from.p, n);
	to[n] = '\0';
}

void
ledger_intent(struct ledger *ledger, uint64_t number, uint64_t now_ms, struct slice method,
    struct slice caller, struct slice tenant, struct slice client)
{
	struct ledger_record *record = &ledger->ring[ledger->next];

	must(number > ledger->newest);
	slot_clear(ledger, record);
	*record = (struct ledger_record){ .number = number, .intent_ms = now_ms };
	ledger_text_cut(record->method, sizeof(record->method), method);
	ledger_text_cut(record->caller, sizeof(record->caller), caller);
	ledger_text_cut(record->tenant, sizeof(record->tenant), tenant);
	ledger_text_cut(record->client, sizeof(record->client), client);
	ledger->next = (ledger->next + 1) % ledger->max;
	if (ledger->n < ledger->max)
		ledger->n++;
	ledger->newest = number;
	ledger->count[LEDGER_OPEN]++;
}

void
ledger_route(struct ledger *ledger, uint64_t number, struct slice server, struct slice name)
{
	struct ledger_record *record = record_open(ledger, number);

	ledger_text_cut(record->server, sizeof(record->server), server);
	ledger_text_cut(record->name, sizeof(record->name), name);
}

void
ledger_judge(struct ledger *ledger, uint64_t number, struct slice verdict, struct slice rule)
{
	struct ledger_record *record = record_open(ledger, number);

	ledger_text_cut(record->verdict, sizeof(record->verdict), verdict);
	ledger_text_cut(record->rule, sizeof(record->rule), rule);
}

void
ledger_sent(struct ledger *ledger, uint64_t number, uint64_t now_ms)
{
	struct ledger_record *record = record_open(ledger, number);

	if (record->sends == 0)
		record->sent_ms = now_ms;
	record->sends++;
}

void
ledger_outcome(struct ledger *ledger, uint64_t number, uint64_t now_ms, enum ledger_outcome outcome,
    int error_code)
{
	struct ledger_record *record = record_open(ledger, number);

	must(outcome != LEDGER_OPEN && (unsigned)outcome < LEDGER_OUTCOMES_N);
	must(ledger->count[LEDGER_OPEN] > 0);
	ledger->count[LEDGER_OPEN]--;
	ledger->count[outcome]++;
	record->outcome = outcome;
	record->outcome_ms = now_ms;
	record->error_code = error_code;
}

const struct ledger_record *
ledger_find(const struct ledger *ledger, uint64_t number)
{
	return record_find(ledger, number);
}

const char *
ledger_outcome_name(enum ledger_outcome outcome)
{
	must((unsigned)outcome < LEDGER_OUTCOMES_N);
	return outcome_names[outcome];
}

uint64_t
ledger_count(const struct ledger *ledger, enum ledger_outcome outcome)
{
	must((unsigned)outcome < LEDGER_OUTCOMES_N);
	return ledger->count[outcome];
}
