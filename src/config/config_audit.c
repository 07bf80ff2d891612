/*
 * `audit.sinks`: where records go.  An entry is a map with one sink, `{jsonl: audit.jsonl}`, and
 * its options beside it.  Here each is checked by itself, for what its kind has no use for, and
 * against those before it: two sinks do not write one file.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define KIND(kind)  (1u << SINK_##kind)
#define KINDS_LINES (KIND(JSONL) | KIND(CSV) | KIND(TEXT))
#define KINDS_ALL   (((1u << SINKS_N) - 1) & ~KIND(SQLITE))

struct entry {
	struct config_load *load;
	const struct node *node;
	char shown[32]; /* "audit.sinks[3]" */
	struct config_sink_draft draft;
};

const char *const config_sink_names[SINKS_N] = {
	[SINK_SQLITE] = "sqlite",
	[SINK_JSONL] = "jsonl",
	[SINK_CSV] = "csv",
	[SINK_TEXT] = "text",
	[SINK_SYSLOG] = "syslog",
	[SINK_CEF] = "cef",
	[SINK_OTLP] = "otlp",
};

/* Which kinds have an option. */
static const struct {
	const char *key;
	unsigned kinds;
} belongs[] = {
	{ "rotate", KINDS_LINES },
	{ "rotate_every", KINDS_LINES },
	{ "keep", KINDS_LINES },
	{ "delimiter", KIND(CSV) },
	{ "quote", KIND(CSV) },
	{ "quoting", KIND(CSV) },
	{ "escape", KIND(CSV) },
	{ "null", KIND(CSV) },
	{ "facility", KIND(SYSLOG) },
	{ "headers", KIND(OTLP) },
	{ "ca", KIND(OTLP) },
	{ "timeout", KIND(OTLP) | KIND(SYSLOG) },
	{ "queue", KINDS_ALL },
};

/* ---- addresses ------------------------------------------------------------------------------- */

static bool
is_socket(struct slice to)
{
	return slice_starts(to, S("udp://")) || slice_starts(to, S("tcp://")) ||
	    slice_starts(to, S("unix:"));
}

/* "udp://host:514", "tcp://[::1]:601", "unix:/dev/log" */
static bool
socket_check(struct config_load *load, const struct node *node, struct slice to, struct err *err)
{
	struct slice rest, port;
	const char *colon;
	uint64_t number;

	if (slice_starts(to, S("unix:"))) {
		if (to.n < 7 || to.p[5] != '/' || to.n - 5 >= 108)
			return CONFIG_FAIL_NODE(load, node, err,
			    "a socket is unix: and an absolute path of at most 107 bytes, such as "
			    "unix:/dev/log");
		return true;
	}
	if (!slice_starts(to, S("udp://")) && !slice_starts(to, S("tcp://")))
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" is no address for syslog: write udp://host:514, tcp://host:601 or "
		    "unix:/dev/log",
		    config_show(to).text);
	rest = (struct slice){ to.p + 6, to.n - 6 };
	colon = memrchr(rest.p, ':', rest.n);
	port = colon != NULL ? (struct slice){ colon + 1, (size_t)(rest.p + rest.n - colon - 1) }
			     : SLICE_NONE;
	if (colon == NULL || colon == rest.p || !slice_to_u64(port, 65535, &number) ||
	    number == 0 || (size_t)(colon - rest.p) > 255)
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" needs a host and a port, such as udp://logs.example.com:514",
		    config_show(to).text);
	return true;
}

bool
config_check_sink_socket(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return socket_check(load, node, *value, err);
}

/* A file, or an address of syslog. */
bool
config_check_sink_cef(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return is_socket(*value) ? socket_check(load, node, *value, err)
				 : config_path_absolute(load, node, value, err);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

bool
config_check_csv_mark(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (slice_eq(*value, S("tab")) || slice_eq(*value, S("\\t")))
		*value = S("\t");
	return (value->n == 1 && memchr(",;|\t:\"'\\/^~#", value->p[0], 12) != NULL) ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" is no mark for CSV: write one of , ; | : \" ' \\ / ^ ~ # or \"tab\"",
		config_show(*value).text);
}

bool
config_check_csv_null(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	for (size_t i = 0; i < value->n; i++)
		if ((unsigned char)value->p[i] < ' ' || value->p[i] == 0x7f)
			return CONFIG_FAIL_NODE(load, node, err, "it holds a control character");
	return value->n <= 32 || CONFIG_FAIL_NODE(load, node, err, "it is longer than 32 bytes");
}

static char
mark_of(struct slice mark)
{
	return mark.n == 1 ? mark.p[0] : '\0';
}

static bool
csv_check(struct entry *entry, struct err *err)
{
	const struct config_sink_draft *draft = &entry->draft;
	struct config_sink *sink = &entry->draft.sink;

	sink->csv_delimiter = mark_of(draft->delimiter);
	sink->csv_quote = mark_of(draft->quote);
	sink->csv_escape = mark_of(draft->escape);
	if (sink->csv_delimiter == sink->csv_quote || sink->csv_delimiter == sink->csv_escape ||
	    sink->csv_quote == sink->csv_escape)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s: \"delimiter\", \"quote\" and \"escape\" must differ", entry->shown);
	if (sink->csv_quoting == CSV_NONE && sink->csv_escape == '\0')
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s: \"quoting: none\" needs an \"escape\": a value may hold the delimiter",
		    entry->shown);
	return true;
}

/* ---- one sink -------------------------------------------------------------------------------- */

static bool
kind_find(struct entry *entry, struct err *err)
{
	struct config_sink_draft *draft = &entry->draft;
	unsigned found = 0;

	for (unsigned i = 0; i < SINKS_N; i++)
		if (draft->to[i].p != NULL) {
			draft->sink.which = i;
			draft->sink.kind = slice_of(config_sink_names[i]);
			draft->sink.target = draft->to[i];
			found++;
		}
	if (found != 1)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s names %s sink: write one of sqlite, jsonl, csv, text, syslog, cef and otlp",
		    entry->shown, found == 0 ? "no" : "more than one");
	return true;
}

/* CEF goes to a file, as lines of text do, or is a message of syslog. */
static unsigned
kind_bit(const struct config_sink *sink)
{
	if (sink->which != SINK_CEF)
		return 1u << sink->which;
	return is_socket(sink->target) ? KIND(SYSLOG) : KIND(TEXT);
}

static bool
belongs_check(const struct entry *entry, struct err *err)
{
	const struct config_sink *sink = &entry->draft.sink;

	for (size_t i = 0; i < COUNT(belongs); i++) {
		const struct node *node = config_node_find(entry->node, belongs[i].key);

		if (node != NULL && (belongs[i].kinds & kind_bit(sink)) == 0)
			return CONFIG_FAIL_KEY(entry->load, node, err,
			    "%s: %s to \"%s\" has no \"%s\"", entry->shown,
			    config_sink_names[sink->which], config_show(sink->target).text,
			    belongs[i].key);
	}
	return true;
}

static bool
others_check(const struct entry *entry, struct err *err)
{
	const struct config_audit *audit = &entry->load->config->audit;
	const struct config_sink *sink = &entry->draft.sink;
	const struct node *node = config_node_find(entry->node, config_sink_names[sink->which]);

	for (size_t i = 0; i < audit->sinks_n; i++)
		if (slice_eq(audit->sinks[i].target, sink->target))
			return CONFIG_FAIL_NODE(entry->load, node, err,
			    "audit.sinks[%zu] writes to \"%s\" already", i,
			    config_show(sink->target).text);
	return true;
}

/* What must be the same for a sink to stay as it is when the file is read again. */
static void
digest_make(struct config_sink *sink)
{
	struct buf text;

	buf_init(&text, NULL, SIZE_MAX / 2);
	buf_printf(&text, "%u %llu %llu %llu %llu %llu %u %u %u %u %u", sink->which,
	    (unsigned long long)sink->queue, (unsigned long long)sink->rotate_bytes,
	    (unsigned long long)sink->rotate_ms, (unsigned long long)sink->keep,
	    (unsigned long long)sink->timeout_ms, sink->facility, sink->csv_quoting,
	    (unsigned char)sink->csv_delimiter, (unsigned char)sink->csv_quote,
	    (unsigned char)sink->csv_escape);
	buf_json_string(&text, sink->target);
	buf_json_string(&text, sink->csv_null);
	buf_json_string(&text, sink->ca);
	for (size_t i = 0; i < sink->headers_n; i++) {
		buf_json_string(&text, sink->headers[i].name);
		buf_json_string(&text, secret_reveal(sink->headers[i].value));
	}
	sha256_hex(&(struct slice){ text.p, text.n }, 1, sink->digest);
	if (text.p != NULL)
		explicit_bzero(text.p, text.n);
	buf_fini(&text);
}

static bool
entry_read(struct entry *entry, struct err *err)
{
	struct config_walk walk = { .load = entry->load, .base = &entry->draft };
	struct arena *arena = &entry->load->config->arena;

	if (entry->node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s must be a map such as {jsonl: audit.jsonl}", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	config_value_defaults(walk.rows, walk.rows_n, S(CONFIG_SINKS), &entry->draft, arena);
	entry->draft.sink.line = entry->node->line;
	if (!config_walk_map(&walk, S(CONFIG_SINKS), entry->shown, entry->node, err) ||
	    !kind_find(entry, err) || !belongs_check(entry, err) || !others_check(entry, err) ||
	    !csv_check(entry, err))
		return false;
	digest_make(&entry->draft.sink);
	return true;
}

static void
store_take(struct config_audit *audit, const struct config_sink *sink)
{
	audit->has_store = true;
	audit->store = sink->target;
}

bool
config_sinks_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config_audit *audit = &load->config->audit;
	struct entry entry = { .load = load };
	unsigned i = 0;

	if (config_node_is_null(list))
		return true;
	audit->has_store = false;
	if (list->kind != NODE_LIST || list->children > CONFIG_SINKS_MAX)
		return CONFIG_FAIL_NODE(load, list, err,
		    "audit.sinks must be a list of at most %d sinks", CONFIG_SINKS_MAX);
	audit->sinks =
	    arena_alloc(&load->config->arena, sizeof(*audit->sinks) * (list->children + 1));
	for (const struct node *node = list->first; node != NULL; node = node->next) {
		entry.node = node;
		memset(&entry.draft, 0, sizeof(entry.draft));
		snprintf(entry.shown, sizeof(entry.shown), "audit.sinks[%u]", i++);
		if (!entry_read(&entry, err))
			return false;
		if (entry.draft.sink.which != SINK_SQLITE)
			audit->sinks[audit->sinks_n++] = entry.draft.sink;
		else if (audit->has_store)
			return CONFIG_FAIL_NODE(load, node, err,
			    "%s is a second store: there is one, which keeps what is chained and signed",
			    entry.shown);
		else
			store_take(audit, &entry.draft.sink);
	}
	return true;
}
