/*
 * The answers to initialize and server/discover: the union of what the upstreams offer, and what
 * they say about themselves.  One that cannot be reached now may come later: its kinds of things
 * are announced, so that list_changed can be sent when it does.
 */
#include <string.h>

#include "gateway/hub.h"

#define KEYS_MAX	  64  /* members of one object that are merged */
#define TEXT_BYTES	  MIB /* of all instructions */
#define DESCRIPTION_BYTES (4 * MIB)

/* ---- capabilities ---------------------------------------------------------------------------- */

/* In which revisions a client knows of it; others always. */
static const struct {
	struct slice key;
	enum mcp_revision since, until;
} known[] = {
	{ S("completions"), MCP_2025_03_26, MCP_NEWEST },
	{ S("tasks"), MCP_2025_11_25, MCP_2025_11_25 },
};

static bool
is_known(struct slice key, enum mcp_revision revision)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		if (slice_eq(known[i].key, key))
			return revision >= known[i].since && revision <= known[i].until;
	}
	return true;
}

static bool
knows_all(struct slice capabilities, enum mcp_revision revision)
{
	struct slice key, value;
	struct json_iter iter;

	json_iter_init(&iter, capabilities);
	while (json_iter_next(&iter, &key, &value)) {
		if (!is_known(key, revision))
			return false;
	}
	return true;
}

/*
 * Extensions are announced where what they add is carried: those that add no methods, and tasks.
 * What passes through as it is may have any.
 */
static const struct slice carried[] = { S("io.modelcontextprotocol/ui"), S(MCP_TASKS_EXTENSION) };

static bool
is_carried(struct slice extension)
{
	for (size_t i = 0; i < COUNT(carried); i++) {
		if (slice_eq(carried[i], extension))
			return true;
	}
	return false;
}

/* What is merged: capabilities, the extensions among them, any other member of them. */
enum part { PART_ALL, PART_EXTENSIONS, PART_MEMBER };

/* For whom: which members are left out. */
struct reader {
	enum mcp_revision revision;
	bool has_all_extensions;
};

static bool
is_for(const struct reader *reader, enum part part, struct slice key)
{
	switch (part) {
	case PART_ALL:
		return is_known(key, reader->revision);
	case PART_EXTENSIONS:
		return reader->has_all_extensions || is_carried(key);
	default:
		return true;
	}
}

static bool
is_among(const struct slice *keys, size_t n, struct slice key)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(keys[i], key))
			return true;
	}
	return false;
}

/* The values of a key in the objects that have it. */
static size_t
values_of(const struct slice *objects, size_t n, struct slice key, struct slice *values)
{
	struct slice k, value;
	struct json_iter iter;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		json_iter_init(&iter, objects[i]);
		while (json_iter_next(&iter, &k, &value)) {
			if (slice_eq(k, key))
				values[found++] = value;
		}
	}
	return found;
}

/* Of several values of one key: true before false, the first of any others. */
static struct slice
value_choose(const struct slice *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (json_type(values[i]) == JSON_TRUE)
			return values[i];
	}
	return values[0];
}

/* The union of objects: the members of capabilities that are objects are merged once more. */
static void
merge(struct buf *out, const struct slice *objects, size_t n, enum part part,
    const struct reader *reader)
{
	struct slice *values = mem_new((n + 1) * sizeof(*values));
	struct slice keys[KEYS_MAX], key, value;
	struct json_iter iter;
	size_t keys_n = 0, found;

	buf_putc(out, '{');
	for (size_t i = 0; i < n; i++) {
		json_iter_init(&iter, objects[i]);
		while (json_iter_next(&iter, &key, &value)) {
			bool is_extensions = part == PART_ALL && slice_eq(key, S("extensions"));

			if (keys_n == KEYS_MAX || is_among(keys, keys_n, key) ||
			    !is_for(reader, part, key))
				continue;
			buf_puts(out, keys_n > 0 ? ",\"" : "\"");
			keys[keys_n++] = key;
			buf_put(out, key);
			buf_puts(out, "\":");
			found = values_of(objects, n, key, values);
			if (part == PART_ALL && (found > 1 || is_extensions) &&
			    json_type(value) == JSON_OBJECT &&
			    json_type(values[found - 1]) == JSON_OBJECT)
				merge(out, values, found,
				    is_extensions ? PART_EXTENSIONS : PART_MEMBER, reader);
			else
				buf_put(out, value_choose(values, found));
		}
	}
	buf_putc(out, '}');
	mem_free(values);
}

/* Do its tools make tasks, as 2026-07-28 has them (is_newer), or as 2025-11-25 has? */
static bool
makes_tasks(struct slice capabilities, bool is_newer)
{
	static const struct slice older[] = { S("tasks"), S("requests"), S("tools"), S("call") },
				  newer[] = { S("extensions"), S(MCP_TASKS_EXTENSION) };
	const struct slice *path = is_newer ? newer : older;
	size_t n = is_newer ? COUNT(newer) : COUNT(older);

	for (size_t i = 0; i < n; i++) {
		if (json_type(capabilities) != JSON_OBJECT ||
		    !json_find(capabilities, path[i], &capabilities))
			return false;
	}
	return json_type(capabilities) == JSON_OBJECT;
}

/* Tasks of servers of the other kind, in the client's words; SLICE_NONE: there are none. */
static struct slice
tasks_carried(const struct slice *all, size_t n, enum mcp_revision revision)
{
	bool is_newer = mcp_method_known(MCP_TASKS_UPDATE, revision), any = false;

	for (size_t i = 0; i < n; i++)
		any |= makes_tasks(all[i], !is_newer);
	if (!any || !mcp_method_known(MCP_TASKS_GET, revision))
		return SLICE_NONE;
	return is_newer
	    ? S("{\"extensions\":{\"" MCP_TASKS_EXTENSION "\":{}}}")
	    : S("{\"tasks\":{\"list\":{},\"cancel\":{},\"requests\":{\"tools\":{\"call\":{}}}}}");
}

/* What is added for a view that can change: the lists that are there, or may come. */
static struct slice
additions(bool any_missing, bool has_tools, bool has_prompts, bool has_resources, struct buf *out)
{
	static const struct slice changes = S(":{\"listChanged\":true}");
	const struct {
		bool is;
		struct slice name;
	} rows[] = { { has_tools, S("\"tools\"") }, { has_prompts, S("\"prompts\"") },
		{ has_resources, S("\"resources\"") } };
	bool is_first = true;

	buf_putc(out, '{');
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!rows[i].is && !any_missing)
			continue;
		buf_puts(out, is_first ? "" : ",");
		is_first = false;
		buf_put(out, rows[i].name);
		buf_put(out, changes);
	}
	buf_putc(out, '}');
	return buf_view(out);
}

/* Does the only server speak the client's own revision with it?  Then all it says is meant for it.
 */
static bool
speaks(const struct passage *passage, enum mcp_revision revision)
{
	const struct provider *only = route_transparent(passage);
	struct provider_health health;

	only->ops->health(only, passage->client, &health);
	return health.revision == revision;
}

static void
capabilities_put(const struct passage *passage, enum mcp_revision revision, struct buf *out)
{
	const struct gateway *gateway = passage->gateway;
	struct slice *all = mem_new((gateway->providers_n + 2) * sizeof(*all)), there, tasks;
	bool any_missing = gateway->providers_n == 0, tools = false, prompts = false,
	     resources = false, is_alone;
	struct reader reader = { .revision = revision };
	struct buf more;
	size_t n = 0;

	for (size_t i = 0; i < gateway->providers_n; i++) {
		const struct provider *p = gateway->providers[i];
		struct slice one = p->ops->capabilities(p, passage->client);

		if (one.p == NULL) {
			any_missing = true;
			continue;
		}
		all[n++] = one;
		tools |= json_find(one, S("tools"), &there);
		prompts |= json_find(one, S("prompts"), &there);
		resources |= json_find(one, S("resources"), &there);
	}
	buf_init(&more, NULL, KIB);
	tasks = tasks_carried(all, n, revision);
	reader.has_all_extensions = route_transparent(passage) != NULL;
	is_alone = n == 1 && !any_missing && passage->client != NULL && passage->client->has_own;
	if (is_alone && reader.has_all_extensions && tasks.p == NULL &&
	    (speaks(passage, revision) || knows_all(all[0], revision))) {
		buf_put(out, all[0]);
	} else {
		if (!is_alone)
			all[n++] = additions(any_missing, tools, prompts, resources, &more);
		if (tasks.p != NULL)
			all[n++] = tasks;
		merge(out, all, n, PART_ALL, &reader);
	}
	buf_fini(&more);
	mem_free(all);
}

/* ---- instructions ---------------------------------------------------------------------------- */

/* One server's as they are; of many, each under its name. */
static void
instructions_put(const struct passage *passage, struct arena *arena, struct buf *out)
{
	const struct gateway *gateway = passage->gateway;
	struct slice text = SLICE_NONE;
	struct buf all;

	buf_init(&all, NULL, TEXT_BYTES);
	for (size_t i = 0; i < gateway->providers_n; i++) {
		struct provider *p = gateway->providers[i];

		screen_instructions(
		    passage->gateway, p, p->ops->instructions(p, passage->client), arena, &text);
		if (text.n == 0)
			continue;
		if (gateway->providers_n > 1)
			buf_printf(
			    &all, "%s## %.*s\n\n", all.n > 0 ? "\n\n" : "", SLICE_FMT(p->name));
		buf_put(&all, text);
	}
	if (all.n > 0) {
		buf_puts(out, ",\"instructions\":");
		buf_json_string(out, buf_view(&all));
	}
	buf_fini(&all);
}

/* What servers said of themselves is asked for again where its time is over. */
static bool
fresh_greetings_wait(struct passage *passage, struct err *err)
{
	return !fresh_expire(passage, ITEM_GREETING) ||
	    hub_fresh_wait(passage->hub, passage->client, err);
}

/* ---- the results ----------------------------------------------------------------------------- */

bool
describe_wait(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct hub *hub = passage->hub;
	struct buf out;
	uint64_t from_ms = hub->started_ms;

	if (exchange->session != NULL) {
		struct client *client = client_begin(hub, exchange, &reply->err);

		if (client == NULL)
			return false;
		passage->client = client_ref(client);
	}
	/* Sessions of its own begin now. */
	if (passage->client != NULL)
		from_ms = loop_now_ms(hub->loop);
	if (!hub_greeted_wait(hub, passage->client, from_ms, &reply->err) ||
	    !fresh_greetings_wait(passage, &reply->err))
		return false;
	buf_init(&out, loop_memory(hub->loop), DESCRIPTION_BYTES);
	buf_printf(&out,
	    "{\"protocolVersion\":\"%s\",\"capabilities\":", mcp_revision_name(exchange->revision));
	capabilities_put(passage, exchange->revision, &out);
	buf_puts(
	    &out, ",\"serverInfo\":{\"name\":\"bascule\",\"version\":\"" BASCULE_VERSION "\"}");
	instructions_put(passage, &exchange->arena, &out);
	buf_putc(&out, '}');
	return exchange_result(exchange, &out, reply);
}

/* Who it is stands in the _meta of every result: that is the front's to add. */
bool
discover_wait(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct hub *hub = passage->hub;
	struct buf out;

	if (!hub_greeted_wait(
		hub, passage->client, client_from_ms(hub, passage->client), &reply->err) ||
	    !fresh_greetings_wait(passage, &reply->err))
		return false;
	buf_init(&out, loop_memory(hub->loop), DESCRIPTION_BYTES);
	buf_puts(&out, "{\"supportedVersions\":[");
	for (unsigned i = MCP_REVISIONS_N; i-- > 0;)
		buf_printf(
		    &out, "\"%s\"%s", mcp_revision_name((enum mcp_revision)i), i > 0 ? "," : "]");
	buf_puts(&out, ",\"capabilities\":");
	capabilities_put(passage, exchange->revision, &out);
	instructions_put(passage, &exchange->arena, &out);
	buf_putc(&out, '}');
	fresh_description(passage, reply);
	return exchange_result(exchange, &out, reply);
}
