/*
 * Results and questions for clients of earlier revisions, requests for servers of these: content
 * of a kind that the client's revision does not know becomes text that says what it is (which kinds
 * these are is a table), and titled choices take their older form; members of requests that
 * a server may refuse go.  Anything else passes byte for byte, members that are unknown too: who
 * does not know them leaves them out.
 *
 * What an upstream says in a session of the client's own is in the client's revision already
 * and is left alone.
 */
#include <string.h>

#include "mcp/mcp.h"

#define FIT_BYTES (4 * MIB)	  /* larger results pass as they are: they are walked in one go */
#define OUT_BYTES (4 * FIT_BYTES) /* a text in quotes is at most twice as long */

/* ---- what is newer --------------------------------------------------------------------------- */

/* A text between its quotes, as it is escaped there. */
static struct slice
text_of(struct slice item, struct slice key)
{
	struct slice value;

	if (!json_find(item, key, &value) || json_type(value) != JSON_STRING)
		return S("?");
	return (struct slice){ value.p + 1, value.n - 2 };
}

static void
put_audio(struct buf *out, struct slice item)
{
	struct slice data = text_of(item, S("data"));
	size_t padding = 0;

	while (padding < 2 && padding < data.n && data.p[data.n - 1 - padding] == '=')
		padding++;
	buf_puts(out, "[audio: ");
	buf_put(out, text_of(item, S("mimeType")));
	buf_printf(out, ", %zu bytes]", (data.n - padding) * 3 / 4);
}

static void
put_link(struct buf *out, struct slice item)
{
	buf_puts(out, "[resource: ");
	buf_put(out, text_of(item, S("name")));
	buf_puts(out, "] ");
	buf_put(out, text_of(item, S("uri")));
}

/* The type as it stands in the text, the first revision with it, and what is said instead. */
static const struct {
	struct slice type;
	enum mcp_revision since;
	void (*put)(struct buf *out, struct slice item);
} kinds[] = {
	{ S("\"audio\""), MCP_2025_03_26, put_audio },
	{ S("\"resource_link\""), MCP_2025_06_18, put_link },
};

#define STRUCTURED_SINCE MCP_2025_06_18
#define ALL_SINCE	 MCP_2025_06_18
#define ANY_OUTPUT_SINCE MCP_2026_07_28 /* before it, structured content is an object */

/* Where results hold content: a list of it, or a list of objects with one each. */
static const struct place {
	enum mcp_method method;
	struct slice list, member;
	bool has_structured;
} places[] = {
	{ MCP_TOOLS_CALL, S("content"), SLICE_NONE, true },
	{ MCP_PROMPTS_GET, S("messages"), S("content"), false },
};

/* ---- results --------------------------------------------------------------------------------- */

struct fitting {
	enum mcp_revision revision;
	struct buf *out;
	const char *from; /* of the result, what is not in out yet */
};

/* Up to old, which is left out. */
static void
replace(struct fitting *fitting, struct slice old)
{
	buf_put(fitting->out, (struct slice){ fitting->from, (size_t)(old.p - fitting->from) });
	fitting->from = old.p + old.n;
}

/* The member of an object with one comma beside it, if there is one; false: there is no such. */
static bool
member_span(struct slice object, struct slice wanted, struct slice *span)
{
	const char *begin = object.p + 1, *end = object.p + object.n - 1, *from = NULL, *to = NULL;
	struct slice key, value, found;
	struct json_iter iter;

	if (!json_find(object, wanted, &found))
		return false;
	to = found.p + found.n;
	/* Its name may be written with escapes. */
	json_iter_init(&iter, object);
	while (from == NULL && json_iter_next(&iter, &key, &value)) {
		if (value.p == found.p)
			from = key.p - 1;
	}
	while (to < end && memchr(" \t\r\n", *to, 4) != NULL)
		to++;
	if (to < end && *to == ',') {
		to++;
	} else {
		while (from > begin && from[-1] != ',')
			from--;
		from -= from > begin;
	}
	*span = (struct slice){ from, (size_t)(to - from) };
	return true;
}

static void
item_fit(struct fitting *fitting, struct slice item)
{
	struct slice type, annotations;

	if (json_type(item) != JSON_OBJECT || !json_find(item, S("type"), &type))
		return;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (fitting->revision >= kinds[i].since || !slice_eq(type, kinds[i].type))
			continue;
		replace(fitting, item);
		buf_puts(fitting->out, "{\"type\":\"text\",\"text\":\"");
		kinds[i].put(fitting->out, item);
		buf_putc(fitting->out, '"');
		if (json_find(item, S("annotations"), &annotations)) {
			buf_puts(fitting->out, ",\"annotations\":");
			buf_put(fitting->out, annotations);
		}
		buf_putc(fitting->out, '}');
		return;
	}
}

/* true: there was something in the list. */
static bool
list_fit(struct fitting *fitting, const struct place *place, struct slice list)
{
	struct slice key, item;
	struct json_iter iter;
	bool has_items = false;

	json_iter_init(&iter, list);
	for (; json_iter_next(&iter, &key, &item); has_items = true) {
		if (place->member.p == NULL)
			item_fit(fitting, item);
		else if (json_type(item) == JSON_OBJECT && json_find(item, place->member, &item))
			item_fit(fitting, item);
	}
	return has_items;
}

/* Structured content that came alone is told as text too. */
static void
structured_fit(struct fitting *fitting, struct slice result, struct slice list)
{
	struct slice structured;

	if (!json_find(result, S("structuredContent"), &structured))
		return;
	replace(fitting, list.p != NULL ? list : (struct slice){ result.p + 1, 0 });
	buf_puts(fitting->out, list.p != NULL ? "[" : "\"content\":[");
	buf_puts(fitting->out, "{\"type\":\"text\",\"text\":");
	buf_json_string(fitting->out, structured);
	buf_puts(fitting->out, list.p != NULL ? "}]" : "}],");
}

static void
content_fit(struct fitting *fitting, enum mcp_method method, struct slice result)
{
	const struct place *place = places;
	struct slice list = SLICE_NONE;

	while (place < places + COUNT(places) && place->method != method)
		place++;
	if (place == places + COUNT(places) ||
	    (json_find(result, place->list, &list) && json_type(list) != JSON_ARRAY))
		return;
	if ((list.p == NULL || !list_fit(fitting, place, list)) && place->has_structured &&
	    fitting->revision < STRUCTURED_SINCE)
		structured_fit(fitting, result, list);
}

bool
schema_is_of_object(struct slice schema)
{
	struct slice type;

	return json_type(schema) == JSON_OBJECT && json_find(schema, S("type"), &type) &&
	    slice_eq(type, S("\"object\""));
}

/* Tools without an outputSchema that describes no object. */
static void
schemas_fit(struct fitting *fitting, struct slice result)
{
	struct slice tools, key, tool, schema, span;
	struct json_iter iter;

	if (!json_find(result, S("tools"), &tools) || json_type(tools) != JSON_ARRAY)
		return;
	json_iter_init(&iter, tools);
	while (json_iter_next(&iter, &key, &tool)) {
		if (json_type(tool) == JSON_OBJECT && json_find(tool, S("outputSchema"), &schema) &&
		    !schema_is_of_object(schema) && member_span(tool, S("outputSchema"), &span))
			replace(fitting, span);
	}
}

bool
result_fit(enum mcp_method method, struct slice result, enum mcp_revision revision, struct buf *out)
{
	struct fitting fitting = { .revision = revision, .out = out, .from = result.p };

	if (result.n > FIT_BYTES || json_type(result) != JSON_OBJECT)
		return false;
	if (method == MCP_TOOLS_LIST && revision < ANY_OUTPUT_SINCE)
		schemas_fit(&fitting, result);
	else if (revision < ALL_SINCE)
		content_fit(&fitting, method, result);
	if (fitting.from == result.p)
		return false;
	buf_put(out, (struct slice){ fitting.from, (size_t)(result.p + result.n - fitting.from) });
	return true;
}

/* Lists are looked at only where something in them is known to need it. */
static bool
may_need_fit(const struct exchange *exchange, const struct reply *reply)
{
	if (reply->result.p == NULL)
		return false;
	if (exchange->request.method == MCP_TOOLS_LIST)
		return reply->has_odd_output && exchange->revision < ANY_OUTPUT_SINCE;
	return exchange->revision < ALL_SINCE && !reply->is_own;
}

bool
reply_fit(struct exchange *exchange, struct reply *reply)
{
	struct buf text;

	if (!may_need_fit(exchange, reply))
		return true;
	buf_init(&text, loop_memory(exchange->loop), OUT_BYTES);
	if (!result_fit(exchange->request.method, reply->result, exchange->revision, &text)) {
		buf_fini(&text);
		return true;
	}
	reply->scan = NULL;
	return exchange_result(exchange, &text, reply);
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Adds the members of that key, with commas; false: an item is none that has such a text. */
static bool
put_members(struct buf *out, struct slice list, struct slice member)
{
	struct slice key, item, value;
	struct json_iter iter;
	const char *between = "";

	json_iter_init(&iter, list);
	while (json_iter_next(&iter, &key, &item)) {
		if (json_type(item) != JSON_OBJECT || !json_find(item, member, &value) ||
		    json_type(value) != JSON_STRING)
			return false;
		buf_puts(out, between);
		buf_put(out, value);
		between = ",";
	}
	return true;
}

/* `oneOf: [{const, title}]` of a property (2025-11-25) as `enum` and `enumNames` (2025-06-18). */
static void
choices_fit(struct fitting *fitting, struct slice property, struct buf *scratch)
{
	struct slice key, value;
	struct json_iter iter;

	if (json_type(property) != JSON_OBJECT || json_find(property, S("enum"), &value) ||
	    json_find(property, S("enumNames"), &value))
		return;
	json_iter_init(&iter, property);
	while (json_iter_next(&iter, &key, &value)) {
		if (!slice_eq(key, S("oneOf")) || json_type(value) != JSON_ARRAY)
			continue;
		buf_clear(scratch);
		buf_puts(scratch, "\"enum\":[");
		if (!put_members(scratch, value, S("const")))
			return;
		buf_puts(scratch, "],\"enumNames\":[");
		if (!put_members(scratch, value, S("title")))
			return;
		replace(fitting,
		    (struct slice){ key.p - 1, (size_t)(value.p + value.n - (key.p - 1)) });
		buf_put(fitting->out, buf_view(scratch));
		buf_putc(fitting->out, ']');
		return;
	}
}

static void
form_fit(struct fitting *fitting, struct slice params, struct buf *scratch)
{
	struct slice schema, properties, key, property;
	struct json_iter iter;

	if (!json_find(params, S("requestedSchema"), &schema) || json_type(schema) != JSON_OBJECT ||
	    !json_find(schema, S("properties"), &properties) ||
	    json_type(properties) != JSON_OBJECT)
		return;
	json_iter_init(&iter, properties);
	while (json_iter_next(&iter, &key, &property))
		choices_fit(fitting, property, scratch);
}

/* Content that is a list of one block (2025-11-25) is that block; a longer list stays. */
static void
messages_fit(struct fitting *fitting, struct slice params, struct buf *scratch)
{
	struct slice messages, key, message, content, block, more;
	struct json_iter iter, blocks;

	(void)scratch;
	if (!json_find(params, S("messages"), &messages) || json_type(messages) != JSON_ARRAY)
		return;
	json_iter_init(&iter, messages);
	while (json_iter_next(&iter, &key, &message)) {
		if (json_type(message) != JSON_OBJECT ||
		    !json_find(message, S("content"), &content) || json_type(content) != JSON_ARRAY)
			continue;
		json_iter_init(&blocks, content);
		if (!json_iter_next(&blocks, &key, &block) || json_iter_next(&blocks, &key, &more))
			continue;
		replace(fitting, content);
		buf_put(fitting->out, block);
	}
}

/* Titled choices and messages in the words of the revision. */
static void
words_fit(struct arena *arena, struct question *question, enum mcp_revision revision)
{
	struct fitting fitting = { .revision = revision, .from = question->params.p };
	const char *end = question->params.p + question->params.n;
	void (*fit)(struct fitting * fitting, struct slice params, struct buf * scratch) =
	    question->method == MCP_ELICITATION_CREATE ? form_fit
	    : question->method == MCP_SAMPLING_CREATE  ? messages_fit
						       : NULL;
	struct buf out, scratch;
	struct err err;

	if (fit == NULL || revision >= MCP_2025_11_25)
		return;
	buf_init(&out, NULL, 2 * SLICE_OF_WORK_BYTES);
	buf_init(&scratch, NULL, SLICE_OF_WORK_BYTES);
	fitting.out = &out;
	fit(&fitting, question->params, &scratch);
	if (fitting.from != question->params.p) {
		buf_put(&out, (struct slice){ fitting.from, (size_t)(end - fitting.from) });
		if (buf_check(&out, &err) && buf_check(&scratch, &err) &&
		    arena_reserve(arena, out.n, &err))
			question->params = slice_dup(arena, buf_view(&out));
	}
	buf_fini(&out);
	buf_fini(&scratch);
}

/* Elicitation by URL without the id that 2026-07-28 has no more. */
static void
id_drop(struct arena *arena, struct question *question, struct slice id)
{
	struct slice key, value;
	struct json_iter iter;
	struct buf out;

	buf_init(&out, NULL, 2 * SLICE_OF_WORK_BYTES);
	json_iter_init(&iter, question->params);
	buf_putc(&out, '{');
	while (json_iter_next(&iter, &key, &value)) {
		if (value.p == id.p)
			continue;
		buf_puts(&out, out.n > 1 ? ",\"" : "\"");
		buf_put(&out, key);
		buf_puts(&out, "\":");
		buf_put(&out, value);
	}
	buf_putc(&out, '}');
	if (buf_check(&out, &(struct err){ 0 }) && arena_reserve(arena, out.n, &(struct err){ 0 }))
		question->params = slice_dup(arena, buf_view(&out));
	buf_fini(&out);
}

void
question_fit(struct arena *arena, struct question *question, enum mcp_revision revision)
{
	const char *before = question->params.p;
	struct slice id, meta, token;

	if (question->method == MCP_ELICITATION_CREATE && revision >= MCP_2026_07_28 &&
	    json_find(question->params, S("elicitationId"), &id))
		id_drop(arena, question, id);
	words_fit(arena, question, revision);
	if (question->params.p != before && question->token.p != NULL)
		question->token = json_find(question->params, S("_meta"), &meta) &&
			json_type(meta) == JSON_OBJECT &&
			json_find(meta, S("progressToken"), &token)
		    ? token
		    : SLICE_NONE;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Members of params, and the first revision of servers that know them. */
static const struct {
	enum mcp_method method;
	struct slice key;
	enum mcp_revision since;
} members[] = {
	{ MCP_COMPLETE, S("context"), MCP_2025_06_18 },
};

bool
request_fit(const struct message *request, enum mcp_revision revision, struct edit *edit)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		if (members[i].method != request->method || revision >= members[i].since ||
		    json_type(request->params) != JSON_OBJECT ||
		    !member_span(request->params, members[i].key, &edit->at))
			continue;
		edit->with = S("");
		return true;
	}
	return false;
}
