/*
 * Durations, sizes, decimals and moments.  Of the first two: a whole number and a unit, nothing
 * between them.  A number alone is refused, because a reader cannot know what it counts; the error
 * shows how to write it.
 */
#include <string.h>
#include <time.h>

#include "config/config_parts.h"

#define MOMENT_BYTES 32

struct unit {
	const char *name;
	uint64_t factor;
};

/* From small to large. */
static const struct unit durations[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60000 },
	{ "h", 3600000 },
	{ "d", 86400000 },
	{ NULL, 0 },
};
static const struct unit sizes[] = {
	{ "B", 1 },
	{ "KiB", KIB },
	{ "MiB", MIB },
	{ "GiB", 1024 * MIB },
	{ NULL, 0 },
};

static const struct {
	const struct unit *units;
	const char *what, *names, *suggested, *example;
} kinds[] = {
	[UNIT_DURATION] = { durations, "duration", "ms, s, m, h or d", "s", "30s" },
	[UNIT_SIZE] = { sizes, "size", "B, KiB, MiB or GiB", "MiB", "64MiB" },
};

static bool
unit_parse(struct slice text, enum config_unit unit, uint64_t *out, struct err *err)
{
	struct slice digits = text, name;
	uint64_t number;

	digits.n = 0;
	while (digits.n < text.n && text.p[digits.n] >= '0' && text.p[digits.n] <= '9')
		digits.n++;
	name = (struct slice){ text.p + digits.n, text.n - digits.n };
	if (digits.n == 0 || slice_starts(name, S(".")))
		return err_set(err, ERR_CONFIG,
		    "\"%s\" is no %s: write a whole number and %s, such as %s",
		    config_show(text).text, kinds[unit].what, kinds[unit].names,
		    kinds[unit].example);
	if (name.n == 0)
		return err_set(err, ERR_CONFIG, "\"%s\" has no unit: write %s%s (%s)",
		    config_show(text).text, config_show(text).text, kinds[unit].suggested,
		    kinds[unit].names);
	for (const struct unit *u = kinds[unit].units; u->name != NULL; u++) {
		if (!slice_eq(name, slice_of(u->name)))
			continue;
		if (!slice_to_u64(digits, UINT64_MAX / u->factor, &number))
			return err_set(
			    err, ERR_CONFIG, "\"%s\" is too large", config_show(text).text);
		*out = number * u->factor;
		return true;
	}
	return err_set(err, ERR_CONFIG, "\"%s\" has an unknown unit: write %s",
	    config_show(text).text, kinds[unit].names);
}

bool
config_duration(struct slice text, uint64_t *ms, struct err *err)
{
	return unit_parse(text, UNIT_DURATION, ms, err);
}

bool
config_size(struct slice text, uint64_t *bytes, struct err *err)
{
	return unit_parse(text, UNIT_SIZE, bytes, err);
}

bool
config_decimal(struct slice text, unsigned decimals, uint64_t most, uint64_t *out)
{
	struct slice fraction, whole = slice_cut(text, '.', &fraction);
	uint64_t part = 0, unit = 1;

	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	if (!slice_to_u64(whole, most, out) || fraction.n > decimals ||
	    (fraction.p != NULL && !slice_to_u64(fraction, unit - 1, &part)))
		return false;
	for (size_t i = fraction.n; i < decimals; i++)
		part *= 10;
	*out = *out * unit + part;
	return true;
}

void
config_unit_print(struct buf *out, enum config_unit unit, uint64_t value)
{
	const struct unit *best = kinds[unit].units;

	for (const struct unit *u = best; u->name != NULL && value > 0; u++)
		if (value % u->factor == 0)
			best = u;
	buf_put_u64(out, value / best->factor);
	buf_puts(out, best->name);
}

void
config_duration_print(struct buf *out, uint64_t ms)
{
	config_unit_print(out, UNIT_DURATION, ms);
}

/* With or without Z: UTC. */
bool
config_moment(struct slice text, int64_t *unix_s)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%MZ",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S" };
	char copy[MOMENT_BYTES];

	if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, '\0', text.n) != NULL)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(copy, forms[i], &tm);
		time_t seconds = end != NULL && *end == '\0' ? timegm(&tm) : -1;

		if (seconds >= 0) {
			*unix_s = seconds;
			return true;
		}
	}
	return false;
}
