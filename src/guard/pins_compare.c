/*
 * What has changed since it was approved: an entry that is new or gone, or one whose members
 * differ, each with how much that may matter.  A text that a model reads is as dangerous as code;
 * so is another program behind the same name, a tool that takes more, and a hint that says
 * something else about what a tool does.
 */
#include <stdio.h>

#include "guard/pins.h"

struct comparing {
	const struct pins *was, *is;	  /* all of them */
	const struct pin *before, *after; /* the pair in progress */
	pins_change_fn *change;
	void *ctx;
};

const char *
pin_risk_name(enum pin_risk risk)
{
	static const char *const names[] = { "low", "medium", "high" };

	return names[risk];
}

static bool
is(struct slice a, const char *b)
{
	return slice_eq(a, slice_of(b));
}

/* ---- members --------------------------------------------------------------------------------- */

#define ALL	  ((1u << PIN_KINDS) - 1)
#define ONE(kind) (1u << PIN_##kind)

static const struct {
	unsigned kinds;
	const char *key;
	enum pin_risk risk;
} members[] = {
	{ ONE(SERVER), "command", PIN_HIGH },
	{ ONE(SERVER), "url", PIN_HIGH },
	{ ONE(SERVER), "program", PIN_HIGH },
	{ ONE(SERVER), "script", PIN_HIGH },
	{ ONE(SERVER), "instructions", PIN_HIGH },
	{ ONE(SERVER), "version", PIN_MEDIUM },
	{ ONE(SERVER), "name", PIN_MEDIUM },
	{ ALL, "description", PIN_HIGH },
	{ ALL, "arguments", PIN_HIGH },
	{ ALL, "icons", PIN_LOW },
	{ ALL, "_meta", PIN_LOW },
};

static enum pin_risk
risk_of(enum pin_kind kind, struct slice key)
{
	for (size_t i = 0; i < COUNT(members); i++)
		if ((members[i].kinds & 1u << kind) != 0 && is(key, members[i].key))
			return members[i].risk;
	return PIN_MEDIUM;
}

static void
schema_change(struct pin_change *change)
{
	struct pins_schema schema;
	const char *between = " ";
	size_t n;

	pins_schema_compare(change->old, change->new, &schema);
	change->risk = schema.has_texts || schema.is_wider ? PIN_HIGH
	    : schema.is_other				   ? PIN_MEDIUM
							   : PIN_LOW;
	n = (size_t)snprintf(change->what, sizeof(change->what), "%.*s", SLICE_FMT(change->member));
#define ADD(is_so, ...) \
	if ((is_so) && n < sizeof(change->what)) { \
		n += (size_t)snprintf( \
		    change->what + n, sizeof(change->what) - n, "%s" __VA_ARGS__); \
		between = ", "; \
	}
	ADD(schema.has_texts, "says something else", between)
	ADD(schema.is_wider && schema.names[0] != '\0', "takes more: %s", between, schema.names)
	ADD(schema.is_wider && schema.names[0] == '\0', "takes more", between)
	ADD(schema.is_narrower, "takes less", between)
	ADD(schema.is_other, "is built otherwise", between)
#undef ADD
}

static const char *
hint_of(struct slice annotations, const char *key, bool fallback)
{
	struct slice value;
	bool says = fallback;

	if (json_type(annotations) == JSON_OBJECT && json_find(annotations, slice_of(key), &value))
		json_bool(value, &says);
	return says ? "true" : "false";
}

/* What a tool says it does, with the defaults of MCP. */
static void
annotations_change(struct pin_change *change)
{
	static const struct {
		const char *key;
		bool fallback;
	} hints[] = { { "readOnlyHint", false }, { "destructiveHint", true },
		{ "idempotentHint", false }, { "openWorldHint", true } };

	for (size_t i = 0; i < COUNT(hints); i++) {
		const char *was = hint_of(change->old, hints[i].key, hints[i].fallback);
		const char *now = hint_of(change->new, hints[i].key, hints[i].fallback);

		if (was == now)
			continue;
		change->risk = PIN_HIGH;
		snprintf(change->what, sizeof(change->what), "annotations: %s was %s, is %s",
		    hints[i].key, was, now);
		return;
	}
}

/* ---- entries --------------------------------------------------------------------------------- */

static void
member_changed(struct comparing *at, struct slice key, struct slice old, struct slice new)
{
	struct pin_change change = { .risk = risk_of(at->after->kind, key),
		.before = at->before,
		.after = at->after,
		.member = key,
		.old = old,
		.new = new };

	if (slice_eq(old, new))
		return;
	snprintf(change.what, sizeof(change.what), "%.*s %s", (int)(key.n > 80 ? 80 : key.n), key.p,
	    old.p == NULL	? "is new"
		: new.p == NULL ? "is gone"
				: "changed");
	if (at->after->kind == PIN_TOOL && is(key, "inputSchema"))
		schema_change(&change);
	if (at->after->kind == PIN_TOOL && is(key, "annotations"))
		annotations_change(&change);
	at->change(at->ctx, &change);
}

/* Members of both are in the order of their names. */
static void
pin_changed(struct comparing *at)
{
	struct slice key, value, other;
	struct json_iter iter;

	json_iter_init(&iter, at->before->text);
	while (json_iter_next(&iter, &key, &value))
		member_changed(
		    at, key, value, json_find(at->after->text, key, &other) ? other : SLICE_NONE);
	json_iter_init(&iter, at->after->text);
	while (json_iter_next(&iter, &key, &value))
		if (!json_find(at->before->text, key, &other))
			member_changed(at, key, SLICE_NONE, value);
}

void
pins_compare_pin(
    const struct pin *before, const struct pin *after, pins_change_fn *change, void *ctx)
{
	struct comparing at = { .before = before, .after = after, .change = change, .ctx = ctx };

	pin_changed(&at);
}

static bool
is_same_but_name(struct slice a, struct slice b)
{
	struct slice key, value, other;
	struct json_iter iter;

	if (json_count(a) != json_count(b))
		return false;
	json_iter_init(&iter, a);
	while (json_iter_next(&iter, &key, &value))
		if (!is(key, "name") && (!json_find(b, key, &other) || !slice_eq(value, other)))
			return false;
	return true;
}

/* What is gone and was the same under another name; NULL: nothing. */
static const struct pin *
renamed_from(const struct comparing *at, const struct pin *pin)
{
	const struct pin *all;
	size_t n;

	all = pins_all(at->was, &n);
	for (size_t i = 0; i < n && pin->kind != PIN_SERVER; i++)
		if (all[i].kind == pin->kind && slice_eq(all[i].server, pin->server) &&
		    pins_find(at->is, pin->kind, pin->server, all[i].name) == NULL &&
		    is_same_but_name(all[i].text, pin->text))
			return &all[i];
	return NULL;
}

static void
pin_alone(struct comparing *at)
{
	const struct pin *from = at->after != NULL ? renamed_from(at, at->after) : NULL;
	const struct pin *pin = at->after != NULL ? at->after : at->before;
	struct pin_change change = { .before = at->before, .after = at->after };

	change.risk = at->after == NULL ? PIN_LOW : pin->kind == PIN_SERVER ? PIN_HIGH : PIN_MEDIUM;
	if (from != NULL)
		snprintf(change.what, sizeof(change.what), "is new, and what \"%.*s\" was",
		    (int)(from->name.n > 80 ? 80 : from->name.n), from->name.p);
	else
		snprintf(change.what, sizeof(change.what), "%s",
		    at->after != NULL ? "is new" : "is gone");
	at->change(at->ctx, &change);
}

void
pins_compare(const struct pins *before, const struct pins *after, pins_change_fn *change, void *ctx)
{
	struct comparing at = { .was = before, .is = after, .change = change, .ctx = ctx };
	const struct pin *a, *b;
	size_t an, bn, i = 0, k = 0;

	a = pins_all(before, &an);
	b = pins_all(after, &bn);
	while (i < an || k < bn) {
		int by = i == an ? 1 : k == bn ? -1 : pins_order(&a[i], &b[k]);

		at.before = by <= 0 ? &a[i++] : NULL;
		at.after = by >= 0 ? &b[k++] : NULL;
		if (by != 0)
			pin_alone(&at);
		else if (memcmp(at.before->digest, at.after->digest, SHA256_BYTES) != 0)
			pin_changed(&at);
	}
}
