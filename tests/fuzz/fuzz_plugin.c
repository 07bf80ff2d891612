/*
 * Plugins: any bytes as a script end within small limits; what crosses as JSON and is given back
 * unchanged, or copied member by member, goes on byte for byte, and with one more member it is JSON
 * that has that member; any bytes as a pattern find an end.
 */
#include <stdlib.h>

#include "guard/plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
call(const char *source, size_t n, struct slice arguments, struct plugin_verdict *verdict)
{
	static const struct plugin_host host = { .reply_bytes = MIB };
	struct config_plugin config = { .name = S("fuzz"),
		.file = S("fuzz.lua"),
		.source = { source, n },
		.memory_bytes = 4 * MIB,
		.steps = 20000 };
	struct caller caller = { .principal = S("fuzz") };
	struct guard_subject subject = { .caller = &caller,
		.server = S("files"),
		.method = S("tools/call"),
		.target = GUARD_TOOL,
		.name = S("write"),
		.arguments = arguments };
	struct plugin_message message = { PLUGIN_REQUEST, &subject, arguments };
	struct plugin *plugin;
	struct err err = { 0 };
	bool ok;

	*verdict = (struct plugin_verdict){ .says = PLUGIN_PASSES };
	if (!plugin_new(&config, &host, &plugin, &err)) {
		must(err.kind == ERR_CONFIG && err.text[0] != '\0');
		return false;
	}
	ok = !plugin_has(plugin, PLUGIN_REQUEST) || plugin_call(plugin, &message, verdict, &err);
	must(ok || err.text[0] != '\0');
	plugin_free(&plugin);
	return ok;
}

static bool
is_accepted(struct slice text)
{
	struct arena arena;
	struct json_scan *scan;
	struct err err;
	char *copy = malloc(text.n + 1);
	bool ok;

	must(copy != NULL);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	arena_init(&arena, NULL, 64 * MIB);
	scan = json_scan_new(&arena, copy, text.n, 0, 0, 1);
	ok = json_scan_all(scan, &err) && json_scan_type(scan) == JSON_OBJECT;
	arena_fini(&arena);
	free(copy);
	return ok;
}

static void
script(const uint8_t *data, size_t n)
{
	struct plugin_verdict verdict;

	if (call((const char *)data, n, S("{\"a\":[1,\"x\"]}"), &verdict) && verdict.change.n > 0)
		must(is_accepted(buf_view(&verdict.change)));
	plugin_verdict_fini(&verdict);
}

static void
message(struct slice text)
{
	static const char same[] =
	    "return {request = function(m) return {arguments = m.arguments} end}";
	static const char copied[] =
	    "local function copy(v) if type(v) ~= 'table' then return v end\n"
	    "local t = json.is_array(v) and json.array() or {}\n"
	    "for k, w in pairs(v) do t[k] = copy(w) end return t end\n"
	    "return {request = function(m) return {arguments = copy(m.arguments)} end}";
	static const char more[] = "return {request = function(m) m.arguments['more!'] = {true}\n"
				   "return {arguments = m.arguments} end}";
	struct plugin_verdict verdict;
	struct slice found;

	if (!is_accepted(text))
		return;
	if (call(same, sizeof(same) - 1, text, &verdict))
		must(verdict.change.n == 0);
	plugin_verdict_fini(&verdict);
	if (call(copied, sizeof(copied) - 1, text, &verdict))
		must(verdict.change.n == 0);
	plugin_verdict_fini(&verdict);
	if (call(more, sizeof(more) - 1, text, &verdict) && verdict.change.n > 0) {
		must(is_accepted(buf_view(&verdict.change)));
		must(json_find(buf_view(&verdict.change), S("more!"), &found));
		must(slice_eq(found, S("[true]")));
	}
	plugin_verdict_fini(&verdict);
}

/* The pattern, a NUL, the text. */
static void
pattern(struct slice data)
{
	static const char source[] =
	    "return {request = function(m) local a = m.arguments\n"
	    "for _, library in ipairs({string, re}) do\n"
	    "pcall(library.find, a.t, a.p) pcall(library.match, a.t, a.p, 2)\n"
	    "pcall(library.gsub, a.t, a.p, '<%0%1>') pcall(library.gsub, a.t, a.p, function() end)\n"
	    "pcall(function() for x in library.gmatch(a.t, a.p) do end end) end end}";
	struct slice text, words = slice_cut(data, '\0', &text);
	struct plugin_verdict verdict;
	struct buf arguments;

	buf_init(&arguments, NULL, MIB);
	buf_puts(&arguments, "{\"p\":");
	buf_json_string(&arguments, words);
	buf_puts(&arguments, ",\"t\":");
	buf_json_string(&arguments, text);
	buf_putc(&arguments, '}');
	if (!arguments.overflow)
		(void)call(source, sizeof(source) - 1, buf_view(&arguments), &verdict);
	else
		verdict = (struct plugin_verdict){ .says = PLUGIN_PASSES };
	plugin_verdict_fini(&verdict);
	buf_fini(&arguments);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 1 || n > 64 * KIB)
		return 0;
	if (data[0] == 'j')
		message((struct slice){ (const char *)data + 1, n - 1 });
	else if (data[0] == 'p')
		pattern((struct slice){ (const char *)data + 1, n - 1 });
	else
		script(data + 1, n - 1);
	return 0;
}
