/*
 * The clock of a time zone: the second block of a TZif file (RFC 8536, 64-bit times) and the rule
 * behind it (POSIX TZ, of its date forms only Mm.w.d, which is all that the database uses).
 *
 * Files come from the system; they are read as if they came from anywhere.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "atlassian/zone.h"
#include "run/run.h"

#define FOLDER	      "/usr/share/zoneinfo/"
#define NAME_MAX_LEN  64
#define FILE_MAX      (256 * KIB)
#define HEADER_BYTES  44
#define TIMES_MAX     10000
#define TYPES_MAX     256
#define OFFSET_MAX    (25 * 3600)
#define RULE_TIME_MAX (167 * 3600)
#define DAY_S	      86400
#define YEAR_MAX      400000 /* of a moment: keeps the arithmetic small */

/* The w-th weekday of a month (5: the last), and when on that day. */
struct day_rule {
	int month, week, weekday;
	int32_t at_s;
};

struct zone {
	int64_t *times; /* from times[i] on, offsets[i] holds */
	int32_t *offsets;
	size_t n;
	int32_t before; /* until times[0] */
	bool has_rule;	/* after the last of them */
	int32_t standard, summer;
	bool has_summer;
	struct day_rule begin, end; /* of summer, in local time */
};

/* ---- the calendar ---------------------------------------------------------------------------- */

/* Days from 1970-01-01 to the first day of a month (1 to 12), in the Gregorian calendar. */
static int64_t
days_to(int64_t year, int month)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era, day;

	of_era = y - era * 400;
	day = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day - 719468;
}

static int64_t
year_of(int64_t unix_s)
{
	int64_t days = unix_s / DAY_S - (unix_s % DAY_S < 0), year = 1970 + days / 366;

	while (days_to(year + 1, 1) <= days)
		year++;
	while (days_to(year, 1) > days)
		year--;
	return year;
}

/* Seconds since 1970 of a rule in a year, on clocks that are `offset` ahead of UTC. */
static int64_t
rule_time(const struct day_rule *rule, int64_t year, int32_t offset)
{
	int64_t first = days_to(year, rule->month),
		next = rule->month == 12 ? days_to(year + 1, 1) : days_to(year, rule->month + 1);
	/* 1970-01-01 was a Thursday. */
	int weekday = (int)(((first + 4) % 7 + 7) % 7);
	int64_t day = first + (rule->weekday - weekday + 7) % 7 + (int64_t)(rule->week - 1) * 7;

	if (day >= next)
		day -= 7;
	return day * DAY_S + rule->at_s - offset;
}

int32_t
zone_offset(const struct zone *zone, int64_t unix_s)
{
	size_t low = 0, high = zone->n;
	int64_t year, begin, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->times[middle] <= unix_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < zone->n || !zone->has_rule)
		return low == 0 ? zone->before : zone->offsets[low - 1];
	if (!zone->has_summer || unix_s > (int64_t)YEAR_MAX * 366 * DAY_S ||
	    unix_s < -(int64_t)YEAR_MAX * 366 * DAY_S)
		return zone->standard;
	year = year_of(unix_s + zone->standard);
	begin = rule_time(&zone->begin, year, zone->standard);
	end = rule_time(&zone->end, year, zone->summer);
	/* South of the equator summer goes over the end of the year. */
	if (begin < end ? unix_s >= begin && unix_s < end : unix_s >= begin || unix_s < end)
		return zone->summer;
	return zone->standard;
}

/* ---- the rule -------------------------------------------------------------------------------- */

static bool
take(struct slice *text, char c)
{
	if (text->n == 0 || text->p[0] != c)
		return false;
	*text = (struct slice){ text->p + 1, text->n - 1 };
	return true;
}

static bool
take_number(struct slice *text, int max, int *out)
{
	size_t n = 0;
	uint64_t number;

	while (n < text->n && n < 4 && isdigit((unsigned char)text->p[n]))
		n++;
	if (!slice_to_u64((struct slice){ text->p, n }, (uint64_t)max, &number))
		return false;
	*out = (int)number;
	*text = (struct slice){ text->p + n, text->n - n };
	return true;
}

/* "CET", "<+03>" */
static bool
take_name(struct slice *text)
{
	size_t n = 0;

	if (take(text, '<')) {
		while (n < text->n && text->p[n] != '>')
			n++;
		if (n == text->n)
			return false;
		n++;
	} else {
		while (n < text->n && isalpha((unsigned char)text->p[n]))
			n++;
	}
	*text = (struct slice){ text->p + n, text->n - n };
	return n > 0;
}

/* [+-]h[h][:mm[:ss]] */
static bool
take_time(struct slice *text, int32_t *out)
{
	int hour, minute = 0, second = 0, sign = 1;

	if (take(text, '-'))
		sign = -1;
	else
		take(text, '+');
	if (!take_number(text, RULE_TIME_MAX / 3600, &hour) ||
	    (take(text, ':') && !take_number(text, 59, &minute)) ||
	    (take(text, ':') && !take_number(text, 59, &second)))
		return false;
	*out = sign * (hour * 3600 + minute * 60 + second);
	return true;
}

/* ,Mm.w.d[/time] */
static bool
take_day(struct slice *text, struct day_rule *out)
{
	out->at_s = 2 * 3600;
	return take(text, ',') && take(text, 'M') && take_number(text, 12, &out->month) &&
	    out->month >= 1 && take(text, '.') && take_number(text, 5, &out->week) &&
	    out->week >= 1 && take(text, '.') && take_number(text, 6, &out->weekday) &&
	    (!take(text, '/') || take_time(text, &out->at_s));
}

/* POSIX counts hours west of Greenwich. */
static bool
rule_read(struct zone *zone, struct slice text)
{
	int32_t west;

	if (text.n == 0)
		return true;
	if (!take_name(&text) || !take_time(&text, &west) || west > OFFSET_MAX ||
	    west < -OFFSET_MAX)
		return false;
	zone->has_rule = true;
	zone->standard = -west;
	if (text.n == 0)
		return true;
	zone->has_summer = true;
	zone->summer = zone->standard + 3600;
	if (!take_name(&text))
		return false;
	if (text.n > 0 && text.p[0] != ',') {
		if (!take_time(&text, &west) || west > OFFSET_MAX || west < -OFFSET_MAX)
			return false;
		zone->summer = -west;
	}
	return take_day(&text, &zone->begin) && take_day(&text, &zone->end) && text.n == 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

static uint64_t
big(const char *p, unsigned bytes)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < bytes; i++)
		out = out << 8 | (unsigned char)p[i];
	return out;
}

/* What a header counts. */
struct counts {
	size_t utc, standard, leaps, times, types, chars;
};

static bool
header_read(struct slice *bytes, char *version, struct counts *out)
{
	size_t *const all[] = { &out->utc, &out->standard, &out->leaps, &out->times, &out->types,
		&out->chars };

	if (!slice_starts(*bytes, S("TZif")) || bytes->n < HEADER_BYTES)
		return false;
	*version = bytes->p[4];
	for (size_t i = 0; i < COUNT(all); i++) {
		*all[i] = (size_t)big(bytes->p + 20 + 4 * i, 4);
		if (*all[i] > FILE_MAX)
			return false;
	}
	*bytes = (struct slice){ bytes->p + HEADER_BYTES, bytes->n - HEADER_BYTES };
	return out->times <= TIMES_MAX && out->types >= 1 && out->types <= TYPES_MAX;
}

static size_t
block_bytes(const struct counts *counts, size_t time_bytes)
{
	return counts->times * (time_bytes + 1) + counts->types * 6 + counts->chars +
	    counts->leaps * (time_bytes + 4) + counts->standard + counts->utc;
}

static bool
block_read(struct arena *arena, struct slice bytes, const struct counts *counts, struct zone *zone,
    struct err *err)
{
	const char *index = bytes.p + counts->times * 8, *types = index + counts->times;

	if (!arena_reserve(arena,
		(counts->times + 2) * (sizeof(*zone->times) + sizeof(*zone->offsets)) + 16, err))
		return false;
	zone->times = ARENA_ARRAY(arena, int64_t, counts->times + 1);
	zone->offsets = ARENA_ARRAY(arena, int32_t, counts->times + 1);
	zone->n = counts->times;
	zone->before = (int32_t)(uint32_t)big(types, 4);
	for (size_t i = 0; i < counts->times; i++) {
		size_t type = (unsigned char)index[i];

		zone->times[i] = (int64_t)big(bytes.p + i * 8, 8);
		if (type >= counts->types || (i > 0 && zone->times[i] <= zone->times[i - 1]))
			return false;
		zone->offsets[i] = (int32_t)(uint32_t)big(types + type * 6, 4);
		if (zone->offsets[i] > OFFSET_MAX || zone->offsets[i] < -OFFSET_MAX)
			return false;
	}
	return zone->before <= OFFSET_MAX && zone->before >= -OFFSET_MAX;
}

/* "\n" rule "\n" */
static bool
footer_read(struct zone *zone, struct slice bytes)
{
	struct slice rest;

	if (!take(&bytes, '\n'))
		return false;
	bytes = slice_cut(bytes, '\n', &rest);
	return rest.p != NULL && rule_read(zone, bytes);
}

bool
zone_read(struct arena *arena, struct slice bytes, struct zone **out, struct err *err)
{
	struct counts counts;
	char version;
	size_t n;

	*out = NULL;
	if (!arena_reserve(arena, sizeof(**out), err))
		return false;
	*out = ARENA_NEW(arena, struct zone);
	if (!header_read(&bytes, &version, &counts) || version < '2')
		goto wrong;
	n = block_bytes(&counts, 4);
	if (n > bytes.n)
		goto wrong;
	bytes = (struct slice){ bytes.p + n, bytes.n - n };
	if (!header_read(&bytes, &version, &counts) || block_bytes(&counts, 8) > bytes.n)
		goto wrong;
	n = block_bytes(&counts, 8);
	err->kind = ERR_NONE;
	if (block_read(arena, bytes, &counts, *out, err) &&
	    footer_read(*out, (struct slice){ bytes.p + n, bytes.n - n }))
		return true;
	if (err->kind == ERR_LIMIT)
		return false;
wrong:
	*out = NULL;
	return err_set(err, ERR_CONFIG, "not a file of a time zone");
}

/* ---- by name --------------------------------------------------------------------------------- */

/* No dots: nothing climbs, and no other kind of file is meant. */
static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (!isalnum((unsigned char)name.p[i]) && strchr("_+-/", name.p[i]) == NULL)
			return false;
	}
	return name.n > 0 && name.n <= NAME_MAX_LEN && name.p[0] != '/';
}

static bool
file_read(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char some[KIB];
	ssize_t n = 1;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	while (n > 0 && out->n <= FILE_MAX) {
		n = read(fd, some, sizeof(some));
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n > 0)
			buf_put(out, (struct slice){ some, (size_t)n });
	}
	close(fd);
	return (n == 0 && out->n <= FILE_MAX && buf_check(out, err)) ||
	    err_set(err, ERR_CONFIG, "%s: not a file of a time zone", path);
}

bool
zone_open(struct arena *arena, struct slice name, struct zone **out, struct err *err)
{
	char path[sizeof(FOLDER) + NAME_MAX_LEN];
	struct buf bytes;
	bool ok;

	*out = NULL;
	if (!is_name(name))
		return err_set(err, ERR_CONFIG, "\"%.*s\" is no time zone such as Europe/Berlin",
		    (int)(name.n > NAME_MAX_LEN ? NAME_MAX_LEN : name.n), name.p);
	if (slice_eq(name, S("UTC")) || slice_eq(name, S("Etc/UTC"))) {
		if (!arena_reserve(arena, sizeof(**out), err))
			return false;
		*out = ARENA_NEW(arena, struct zone);
		return true;
	}
	snprintf(path, sizeof(path), FOLDER "%.*s", SLICE_FMT(name));
	buf_init(&bytes, NULL, 2 * FILE_MAX);
	ok = file_read(path, &bytes, err) && zone_read(arena, buf_view(&bytes), out, err);
	buf_fini(&bytes);
	return ok || err_prefix(err, "time zone %.*s", SLICE_FMT(name));
}
