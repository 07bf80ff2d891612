/*
 * Sets of bytes and shapes made of them: what must stand behind a word for it to be a finding.
 *
 * A shape is matched part by part and never goes back, so the pack writes them such that a part
 * takes no byte that the next one needs.  Ends of runs are remembered: see struct scan_runs.
 */
#include "guard/scan.h"

#define NO_LIMIT UINT32_MAX

static void
set_put(struct scan_set *set, unsigned char from, unsigned char to)
{
	for (unsigned c = from; c <= to; c++)
		set->has[c] = 1;
}

static unsigned
set_share(struct scan_sets *sets, const struct scan_set *set)
{
	for (unsigned i = 0; i < sets->n; i++)
		if (memcmp(&sets->set[i], set, sizeof(*set)) == 0)
			return i;
	must(sets->n < SCAN_SETS_MAX);
	sets->set[sets->n] = *set;
	return sets->n++;
}

/* What stands between brackets; *text behind the first of them. */
static void
brackets_read(struct scan_set *set, const char **text)
{
	const char *p = *text;
	bool is_not = *p == '^';

	for (p += is_not; *p != ']'; p++) {
		must(*p != '\0');
		if (p[0] == '\\' && p[1] == 's') {
			set_put(set, '\t', '\r');
			set->has[' '] = 1;
			p++;
			continue;
		}
		if (*p == '\\')
			p++;
		if (p[1] == '-' && p[2] != ']') {
			set_put(set, (unsigned char)p[0], (unsigned char)p[2]);
			p += 2;
		} else {
			set->has[(unsigned char)*p] = 1;
		}
	}
	if (is_not)
		for (unsigned c = 0; c < 256; c++)
			set->has[c] ^= 1;
	*text = p + 1;
}

unsigned
scan_set_read(struct scan_sets *sets, const char **text)
{
	struct scan_set set = { 0 };
	const char *p = *text;

	must(*p != '\0');
	if (*p == '[') {
		p++;
		brackets_read(&set, &p);
	} else {
		p += *p == '\\';
		set.has[(unsigned char)*p++] = 1;
	}
	*text = p;
	return set_share(sets, &set);
}

static uint32_t
number_read(const char **text)
{
	uint32_t n = 0;

	must(scan_is_digit(**text));
	while (scan_is_digit(**text))
		n = n * 10 + (uint32_t)(*(*text)++ - '0');
	return n;
}

static void
counts_read(const char **text, struct scan_part *part)
{
	const char *p = *text;

	part->min = part->max = 1;
	if (*p == '?' || *p == '*')
		part->min = 0;
	if (*p == '*' || *p == '+')
		part->max = NO_LIMIT;
	if (*p == '?' || *p == '*' || *p == '+') {
		p++;
	} else if (*p == '{') {
		p++;
		part->min = part->max = number_read(&p);
		if (*p == ',') {
			p++;
			part->max = *p == '}' ? NO_LIMIT : number_read(&p);
		}
		must(*p++ == '}' && part->min <= part->max);
	}
	*text = p;
}

void
scan_shape_read(struct scan_sets *sets, const char *text, struct scan_shape *shape)
{
	shape->n = 0;
	while (*text != '\0') {
		struct scan_part *part = &shape->part[shape->n++];

		must(shape->n <= SCAN_PARTS_MAX);
		part->set = (uint16_t)scan_set_read(sets, &text);
		counts_read(&text, part);
	}
}

void
scan_runs_init(struct scan_runs *runs, const struct scan_sets *sets, struct slice text)
{
	runs->sets = sets;
	runs->text = text;
	memset(runs->run, 0, sizeof(runs->run[0]) * sets->n);
}

size_t
scan_run_end(struct scan_runs *runs, unsigned set, size_t at)
{
	const uint8_t *has = runs->sets->set[set].has;
	const char *p = runs->text.p;
	size_t i = at;

	if (at >= runs->run[set].at && at < runs->run[set].end)
		return runs->run[set].end;
	while (i < runs->text.n && has[(unsigned char)p[i]] != 0)
		i++;
	if (i > at) {
		runs->run[set].at = at;
		runs->run[set].end = i;
	}
	return i;
}

bool
scan_shape_match(struct scan_runs *runs, const struct scan_shape *shape, size_t at, size_t *end)
{
	for (unsigned i = 0; i < shape->n; i++) {
		const struct scan_part *part = &shape->part[i];
		const uint8_t *has = runs->sets->set[part->set].has;
		size_t n;

		if (part->max == 1) {
			n = at < runs->text.n && has[(unsigned char)runs->text.p[at]] != 0;
		} else {
			n = scan_run_end(runs, part->set, at) - at;
			if (n > part->max)
				n = part->max;
		}
		if (n < part->min)
			return false;
		at += n;
	}
	*end = at;
	return true;
}

/* log2 of n in 1/65536, by squaring. */
static uint32_t
log2_of(uint32_t n)
{
	unsigned whole = 31 - (unsigned)__builtin_clz(n);
	uint64_t x = ((uint64_t)n << 31) >> whole; /* 1 to 2, 31 bits behind the point */
	uint32_t out = whole << 16;

	for (uint32_t bit = 1u << 15; bit != 0; bit >>= 1) {
		x = x * x >> 31;
		if (x >> 32 != 0) {
			x >>= 1;
			out |= bit;
		}
	}
	return out;
}

unsigned
scan_entropy(struct slice s)
{
	uint16_t count[256] = { 0 };
	size_t n = s.n < 256 ? s.n : 256;
	uint64_t sum = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		count[(unsigned char)s.p[i]]++;
	for (size_t i = 0; i < n; i++) {
		unsigned c = count[(unsigned char)s.p[i]];

		count[(unsigned char)s.p[i]] = 0;
		if (c > 0)
			sum += (uint64_t)c * log2_of(c);
	}
	return (unsigned)((log2_of((uint32_t)n) - sum / n) * 100 >> 16);
}
