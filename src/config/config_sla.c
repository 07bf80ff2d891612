/*
 * Options of a site for what is made of its issues: figures of how long they took and when people
 * work, and links that say what is above what.
 */
#include <ctype.h>
#include <string.h>

#include "config/config_parts.h"

#define ZONE_MAX 64

bool
config_check_sla_metric(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	static const char *const words[] = { "cycle_time", "lead_time", "time_in_status",
		"due_date_compliance", "resolution_time", "first_response_time", "service_levels",
		NULL };
	struct slice near;

	for (size_t i = 0; words[i] != NULL; i++)
		if (slice_eq(*value, slice_of(words[i])))
			return true;
	near = config_word_nearest(words, *value);
	return CONFIG_FAIL_NODE(load, node, err, "there is no metric \"%s\"%s%.*s%s",
	    config_show(*value).text, near.p != NULL ? " (did you mean \"" : "",
	    SLICE_FMT(near.p != NULL ? near : S("")), near.p != NULL ? "\"?)" : "");
}

/* 00:00 to 24:00. */
bool
config_check_sla_clock(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice minute_text, hour_text = slice_cut(*value, ':', &minute_text);
	uint64_t hour, minute;

	if (hour_text.n >= 1 && hour_text.n <= 2 && minute_text.n == 2 &&
	    slice_to_u64(hour_text, 24, &hour) && slice_to_u64(minute_text, 59, &minute) &&
	    hour * 60 + minute <= 24 * 60)
		return true;
	return CONFIG_FAIL_NODE(
	    load, node, err, "\"%s\" is no time such as 09:00", config_show(*value).text);
}

bool
config_check_sla_day(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	uint64_t day;

	return (slice_to_u64(*value, 7, &day) && day >= 1) ||
	    CONFIG_FAIL_NODE(load, node, err, "\"%s\" is no day: 1 is Monday, 7 is Sunday",
		config_show(*value).text);
}

bool
config_check_sla_zone(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n > 0 && value->n <= ZONE_MAX && value->p[0] != '/';

	for (size_t i = 0; ok && i < value->n; i++)
		ok = isalnum((unsigned char)value->p[i]) || strchr("_+-/", value->p[i]) != NULL;
	return ok ||
	    CONFIG_FAIL_NODE(load, node, err, "\"%s\" is no time zone such as Europe/Berlin",
		config_show(*value).text);
}

bool
config_check_hierarchy_link(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice phrase, role = slice_trim(slice_cut(*value, ':', &phrase));

	return ((slice_eq_nocase(role, S("child")) || slice_eq_nocase(role, S("parent"))) &&
		   slice_trim(phrase).n > 0 && phrase.n <= 255) ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" must be child: or parent: and the name of a link",
		config_show(*value).text);
}
