/*
 * What `bascule lock` tells: each difference with how much it may matter, old and new text, where
 * they differ and no more of it.
 */
#include "cli/lock.h"

#define CONTEXT_LINES 1
#define SHOWN_LINES   200 /* of one side of one difference */

static const char *
name_of_risk(enum pin_risk risk)
{
	static const char *const names[] = { "LOW   ", "MEDIUM", "HIGH  " };

	return names[risk];
}

/* ---- lines ----------------------------------------------------------------------------------- */

static size_t
lines_count(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

/* The lines of one side from..to, each behind a mark. */
static void
put_lines(struct buf *out, struct slice text, size_t from, size_t to, const char *mark)
{
	struct slice rest = text;
	size_t shown = 0;

	for (size_t i = 0; i < to && rest.n > 0; i++) {
		struct slice line = slice_cut(rest, '\n', &rest);

		if (i < from)
			continue;
		if (shown++ == SHOWN_LINES) {
			buf_printf(out, "        %s (%zu more lines)\n", mark, to - i);
			return;
		}
		if (line.n > 0 && line.p[0] == '\t')
			line = (struct slice){ line.p + 1, line.n - 1 };
		buf_printf(out, "        %s ", mark);
		buf_put_shown(out, line);
		buf_putc(out, '\n');
	}
}

/* How many lines at the beginning of both are the same. */
static size_t
same_before(struct slice a, struct slice b)
{
	size_t n = 0;

	for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		n += a.p[i] == '\n';
	return n;
}

static size_t
same_behind(struct slice a, struct slice b)
{
	size_t n = 0, i = 1;

	while (i <= a.n && i <= b.n && a.p[a.n - i] == b.p[b.n - i])
		n += a.p[a.n - i++] == '\n';
	/* The line end before the line that differs is counted by that line. */
	return n > 0 && i <= a.n && i <= b.n ? n - 1 : n;
}

/* Two texts of whole lines: what is the same at both ends is left out, but for a line each. */
static void
put_difference(struct buf *out, struct slice old, struct slice new)
{
	size_t old_n = lines_count(old), new_n = lines_count(new);
	size_t least = old_n < new_n ? old_n : new_n;
	size_t head = same_before(old, new), tail = same_behind(old, new);

	head = head > least ? least : head;
	tail = tail > least - head ? least - head : tail;
	put_lines(out, old, head > CONTEXT_LINES ? head - CONTEXT_LINES : 0, head, " ");
	put_lines(out, old, head, old_n - tail, "-");
	put_lines(out, new, head, new_n - tail, "+");
	put_lines(out, old, old_n - tail,
	    tail > CONTEXT_LINES ? old_n - tail + CONTEXT_LINES : old_n, " ");
}

static void
put_entry(struct buf *out, const struct pin *pin, const char *mark)
{
	struct slice key, value;
	struct json_iter iter;
	struct buf text;

	buf_init(&text, NULL, PINS_FILE_BYTES);
	json_iter_init(&iter, pin->text);
	while (json_iter_next(&iter, &key, &value))
		pins_put_member(&text, key, value);
	put_lines(out, buf_view(&text), 0, SIZE_MAX, mark);
	buf_fini(&text);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void
put_what(struct buf *out, const struct pin *pin)
{
	buf_printf(out, "%s ", pin_kind_name(pin->kind));
	buf_put_shown(out, pin->server);
	if (pin->kind == PIN_SERVER)
		return;
	buf_putc(out, '/');
	buf_put_shown(out, pin->name);
}

static void
put_change(struct buf *out, const struct pin_change *change)
{
	struct buf old, new;

	buf_printf(out, "%s  ", name_of_risk(change->risk));
	put_what(out, change->after != NULL ? change->after : change->before);
	buf_puts(out, ": ");
	buf_put_shown(out, slice_of(change->what));
	buf_putc(out, '\n');
	if (change->member.p == NULL) {
		put_entry(out, change->after != NULL ? change->after : change->before,
		    change->after != NULL ? "+" : "-");
		return;
	}
	buf_init(&old, NULL, PINS_FILE_BYTES);
	buf_init(&new, NULL, PINS_FILE_BYTES);
	if (change->old.p != NULL)
		pins_put_member(&old, change->member, change->old);
	if (change->new.p != NULL)
		pins_put_member(&new, change->member, change->new);
	put_difference(out, buf_view(&old), buf_view(&new));
	buf_fini(&old);
	buf_fini(&new);
}

static void
put_counts(const struct lock_report *report, struct buf *out)
{
	static const char *const many[PIN_KINDS] = { "servers", "tools", "prompts", "templates" };

	for (unsigned i = 0; i < PIN_KINDS; i++)
		buf_printf(out, "%s%zu %s", i > 0 ? ", " : "", report->counts[i],
		    report->counts[i] == 1 ? pin_kind_name((enum pin_kind)i) : many[i]);
}

void
lock_put(const struct lock_report *report, struct buf *out)
{
	size_t n = report->changes_n;

	for (size_t i = 0; report->has_file && i < n; i++)
		put_change(out, &report->changes[i]);
	if (report->has_file && n > 0)
		buf_putc(out, '\n');
	buf_puts(out, report->file);
	if (report->is_written && !report->has_file) {
		buf_puts(out, ": written: ");
		put_counts(report, out);
	} else if (report->is_written) {
		buf_printf(out, ": %zu of %zu differences accepted, ", report->accepted, n);
		put_counts(report, out);
		buf_puts(out, "; a gateway that runs takes it over on SIGHUP");
	} else if (n == 0) {
		buf_puts(out, ": nothing differs: ");
		put_counts(report, out);
	} else {
		buf_printf(out,
		    ": %zu difference%s, nothing was written; `bascule lock --accept` takes all, "
		    "with names behind it those",
		    n, n == 1 ? "" : "s");
	}
	buf_putc(out, '\n');
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void
put_change_json(struct buf *out, const struct pin_change *change)
{
	const struct pin *pin = change->after != NULL ? change->after : change->before;
	struct slice old = change->old, new = change->new;

	buf_printf(out, "{\"risk\":\"%s\",\"kind\":\"%s\",\"server\":", pin_risk_name(change->risk),
	    pin_kind_name(pin->kind));
	buf_json_string(out, pin->server);
	if (pin->kind != PIN_SERVER) {
		buf_puts(out, ",\"name\":");
		buf_json_string(out, pin->name);
	}
	buf_puts(out, ",\"what\":");
	buf_json_string(out, slice_of(change->what));
	if (change->member.p != NULL) {
		buf_puts(out, ",\"member\":\"");
		buf_put(out, change->member);
		buf_putc(out, '"');
	} else {
		old = change->before != NULL ? change->before->text : SLICE_NONE;
		new = change->after != NULL ? change->after->text : SLICE_NONE;
	}
	if (old.p != NULL) {
		buf_puts(out, ",\"old\":");
		buf_put(out, old);
	}
	if (new.p != NULL) {
		buf_puts(out, ",\"new\":");
		buf_put(out, new);
	}
	buf_putc(out, '}');
}

void
lock_put_json(const struct lock_report *report, struct buf *out)
{
	buf_puts(out, "{\"file\":");
	buf_json_string(out, slice_of(report->file));
	buf_printf(out, ",\"written\":%s,\"changes\":[", report->is_written ? "true" : "false");
	for (size_t i = 0; report->has_file && i < report->changes_n; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_change_json(out, &report->changes[i]);
	}
	buf_puts(out, "],\"unavailable\":[");
	for (size_t i = 0; i < report->missing_n; i++) {
		buf_puts(out, i > 0 ? ",{\"server\":" : "{\"server\":");
		buf_json_string(out, report->missing[i].server);
		buf_puts(out, ",\"reason\":");
		buf_json_string(out, report->missing[i].why);
		buf_putc(out, '}');
	}
	buf_puts(out, "]}\n");
}
