/*
 * The answer to initialize: the union of what the upstreams offer, and what they say about
 * themselves.  One that cannot be reached now may come later: its kinds of things are announced, so
 * that list_changed can be sent when it does.
 */
#include <string.h>

#include "gateway/hub.h"

#define KEYS_MAX   64  /* members of one object that are merged */
#define TEXT_BYTES MIB /* of all instructions */

/* ---- capabilities ---------------------------------------------------------------------------- */

/* Since which revision a client knows of it; others always. */
static const struct {
	struct slice key;
	enum mcp_revision since;
} since[] = {
	{ S("completions"), MCP_2025_03_26 },
	{ S("tasks"), MCP_2025_11_25 },
};

static bool
is_known(struct slice key, enum mcp_revision revision)
{
	for (size_t i = 0; i < COUNT(since); i++) {
		if (slice_eq(since[i].key, key))
			return revision >= since[i].since;
	}
	return true;
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

/* The union of objects: members that are objects are merged once more, `depth` times. */
static void
merge(struct buf *out, const struct slice *objects, size_t n, unsigned depth,
    enum mcp_revision revision)
{
	struct slice *values = mem_new((n + 1) * sizeof(*values));
	struct slice keys[KEYS_MAX], key, value;
	struct json_iter iter;
	size_t keys_n = 0, found;

	buf_putc(out, '{');
	for (size_t i = 0; i < n; i++) {
		json_iter_init(&iter, objects[i]);
		while (json_iter_next(&iter, &key, &value)) {
			if (keys_n == KEYS_MAX || is_among(keys, keys_n, key) ||
			    (depth == 1 && !is_known(key, revision)))
				continue;
			buf_puts(out, keys_n > 0 ? ",\"" : "\"");
			keys[keys_n++] = key;
			buf_put(out, key);
			buf_puts(out, "\":");
			found = values_of(objects, n, key, values);
			if (depth > 0 && found > 1 && json_type(value) == JSON_OBJECT &&
			    json_type(values[found - 1]) == JSON_OBJECT)
				merge(out, values, found, depth - 1, revision);
			else
				buf_put(out, value_choose(values, found));
		}
	}
	buf_putc(out, '}');
	mem_free(values);
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

static void
capabilities_put(const struct passage *passage, enum mcp_revision revision, struct buf *out)
{
	const struct gateway *gateway = passage->gateway;
	struct slice *all = mem_new((gateway->providers_n + 1) * sizeof(*all)), there;
	bool any_missing = gateway->providers_n == 0, tools = false, prompts = false,
	     resources = false;
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
	if (n == 1 && !any_missing && passage->client != NULL && passage->client->has_own) {
		buf_put(out, all[0]);
	} else {
		all[n++] = additions(any_missing, tools, prompts, resources, &more);
		merge(out, all, n, 1, revision);
	}
	buf_fini(&more);
	mem_free(all);
}

/* ---- instructions ---------------------------------------------------------------------------- */

/* One server's as they are; of many, each under its name. */
static void
instructions_put(const struct passage *passage, struct buf *out)
{
	const struct gateway *gateway = passage->gateway;
	struct slice text = SLICE_NONE;
	struct buf all;

	buf_init(&all, NULL, TEXT_BYTES);
	for (size_t i = 0; i < gateway->providers_n; i++) {
		const struct provider *p = gateway->providers[i];

		text = p->ops->instructions(p, passage->client);
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

/* ---- the result ------------------------------------------------------------------------------ */

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
	if (!hub_greeted_wait(hub, passage->client, from_ms, &reply->err))
		return false;
	buf_init(&out, loop_memory(hub->loop), 4 * MIB);
	buf_printf(&out,
	    "{\"protocolVersion\":\"%s\",\"capabilities\":", mcp_revision_name(exchange->revision));
	capabilities_put(passage, exchange->revision, &out);
	buf_puts(
	    &out, ",\"serverInfo\":{\"name\":\"bascule\",\"version\":\"" BASCULE_VERSION "\"}");
	instructions_put(passage, &out);
	buf_putc(&out, '}');
	return exchange_result(exchange, &out, reply);
}
