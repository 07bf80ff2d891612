/*
 * Plugins: what a script may reach, that no limit of it can be passed or hidden, what becomes of
 * its verdicts, and that what it leaves alone goes on byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "guard/lua_engine.h"
#include "guard/plugin.h"

#define STEPS 200000

struct run {
	struct config_plugin config;
	struct plugin *plugin;
	struct caller caller;
	struct guard_subject subject;
	struct plugin_message message;
	struct plugin_verdict verdict;
	struct err err;
};

static void
run_source(struct run *run, struct slice source)
{
	static const struct plugin_host host = { .reply_bytes = MIB };

	*run = (struct run){ .config = { .name = S("rules"),
				 .file = S("rules.lua"),
				 .source = source,
				 .memory_bytes = 8 * MIB,
				 .steps = STEPS },
		.caller = { .principal = S("ci"), .tenant = S("acme") } };
	run->subject = (struct guard_subject){ .caller = &run->caller,
		.client = S("tester"),
		.revision = S("2025-11-25"),
		.server = S("files"),
		.method = S("tools/call"),
		.target = GUARD_TOOL,
		.name = S("write"),
		.text = S("{\"name\":\"write\"}"),
		.arguments = S("{}"),
		.now_ms = 12,
		.unix_s = 1700000000 };
	if (!plugin_new(&run->config, &host, &run->plugin, &run->err))
		run->plugin = NULL;
}

static void
run_init(struct run *run, const char *source)
{
	run_source(run, slice_of(source));
	if (run->plugin == NULL)
		fail_msg("%s\n%s", run->err.text, source);
}

static bool
run_call(struct run *run, enum plugin_hook hook, const char *text)
{
	run->message = (struct plugin_message){ hook, &run->subject, slice_of(text) };
	if (hook == PLUGIN_REQUEST)
		run->subject.arguments = run->message.text;
	plugin_verdict_fini(&run->verdict);
	run->verdict = (struct plugin_verdict){ .says = PLUGIN_PASSES };
	run->err = (struct err){ 0 };
	return plugin_call(run->plugin, &run->message, &run->verdict, &run->err);
}

static void
run_fini(struct run *run)
{
	plugin_verdict_fini(&run->verdict);
	plugin_free(&run->plugin);
}

/* A request hook with this body, called once. */
static bool
run_body(struct run *run, const char *body, const char *arguments)
{
	char source[4096];

	snprintf(source, sizeof(source), "return {request = function(m) %s end}", body);
	run_source(run, (struct slice){ source, strlen(source) });
	if (run->plugin == NULL)
		fail_msg("%s\n%s", run->err.text, body);
	return run_call(run, PLUGIN_REQUEST, arguments);
}

static bool
says(const struct err *err, const char *text)
{
	return strstr(err->text, text) != NULL;
}

/* A slow machine may come to the limit of time before that of steps. */
static bool
stops_by(const struct err *err, const char *text)
{
	return says(err, text) || (strcmp(text, "steps") == 0 && says(err, "it ran for more than"));
}

static void
assert_text(const struct buf *buf, const char *text)
{
	if (!slice_eq(buf_view(buf), slice_of(text)))
		fail_msg("\"%.*s\" and not \"%s\"", SLICE_FMT(buf_view(buf)), text);
}

/* ---- what can be reached --------------------------------------------------------------------- */

/* Every function that a script can come to, from the globals, texts and values of its own. */
static void
test_nothing_else_is_there(void **state)
{
	static const char walk[] =
	    "local seen, names = {}, {}\n"
	    "local function walk(value, name)\n"
	    "  if seen[value] then return end\n"
	    "  local kind = type(value)\n"
	    "  if kind == 'table' then\n"
	    "    seen[value] = true\n"
	    "    for k, v in next, value do walk(v, name .. '.' .. tostring(k)) end\n"
	    "    local meta = getmetatable(value)\n"
	    "    if meta then walk(meta, name .. '!') end\n"
	    "  elseif kind == 'function' then\n"
	    "    seen[value] = true\n"
	    "    names[#names + 1] = name\n"
	    "  elseif kind == 'userdata' or kind == 'thread' then\n"
	    "    names[#names + 1] = name .. ' ' .. kind\n"
	    "  end\n"
	    "end\n"
	    "return {request = function(m)\n"
	    "  walk(log, '_G.log')\n" /* `print` is one of them */
	    "  walk(_G, '_G')\n"
	    "  walk(getmetatable('') or 'none', 'text')\n"
	    "  walk(getmetatable(json.array()) or 'none', 'array')\n"
	    "  walk(getmetatable(json.number('12345678901234567890')) or 'none', 'number')\n"
	    "  walk(getmetatable(m) or 'none', 'message')\n"
	    "  local short = {}\n"
	    "  for _, name in ipairs(names) do short[#short + 1] = name:sub(4) end\n"
	    "  table.sort(short)\n"
	    "  return {answer = table.concat(short, ' ')}\n"
	    "end}\n";
	static const char expected[] =
	    "assert bit.arshift bit.band bit.bnot bit.bor bit.bswap bit.bxor bit.lshift bit.rol "
	    "bit.ror bit.rshift bit.tobit bit.tohex error getmetatable ipairs json.array "
	    "json.decode json.encode json.is_array json.null userdata json.number log.debug log.error "
	    "log.info log.warn math.abs math.acos math.asin math.atan math.atan2 math.ceil math.cos "
	    "math.cosh math.deg math.exp math.floor math.fmod math.frexp math.ldexp math.log "
	    "math.log10 math.max math.min math.modf math.pow math.rad math.random math.randomseed "
	    "math.sin math.sinh math.sqrt math.tan math.tanh next pairs pcall rawequal rawget "
	    "rawset re.find re.gmatch re.gsub re.match select setmetatable string.byte string.char "
	    "string.find string.format string.gmatch string.gsub string.len string.lower "
	    "string.match string.rep string.reverse string.sub string.upper table.concat "
	    "table.insert table.maxn table.remove table.sort time.ms time.unix tonumber tostring "
	    "type unpack";
	struct run run;
	struct slice text;

	(void)state;
	run_init(&run, walk);
	if (!run_call(&run, PLUGIN_REQUEST, "{}"))
		fail_msg("%s", run.err.text);
	text = buf_view(&run.verdict.answer);
	if (memmem(text.p, text.n, expected, sizeof(expected) - 1) == NULL)
		fail_msg("%.*s", SLICE_FMT(text));
	run_fini(&run);
}

/* Each of these is not there, or harmless: the body must not get what it wants. */
static void
test_escapes_fail(void **state)
{
	static const struct {
		const char *body;
		const char *error; /* NULL: it returns without */
	} cases[] = {
		{ "return {deny = os.getenv('HOME')}", "global 'os'" },
		{ "io.open('/etc/passwd')", "global 'io'" },
		{ "require('ffi')", "global 'require'" },
		{ "package.loadlib('x', 'y')", "global 'package'" },
		{ "debug.sethook()", "global 'debug'" },
		{ "load('return 1')", "global 'load'" },
		{ "loadstring('return 1')", "global 'loadstring'" },
		{ "loadfile('/etc/passwd')", "global 'loadfile'" },
		{ "dofile('/etc/passwd')", "global 'dofile'" },
		{ "string.dump(function() end)", "field 'dump'" },
		{ "(function() end):dump()", "attempt to index" },
		{ "collectgarbage('stop')", "global 'collectgarbage'" },
		{ "getfenv(0)", "global 'getfenv'" },
		{ "setfenv(1, {})", "global 'setfenv'" },
		{ "newproxy(true)", "global 'newproxy'" },
		{ "coroutine.wrap(function() end)", "global 'coroutine'" },
		{ "xpcall(error, error)", "global 'xpcall'" },
		{ "jit.on()", "global 'jit'" },
		{ "module('x')", "global 'module'" },
		{ "assert(getmetatable('') == false)", NULL },
		{ "assert(getmetatable(m) == false)", NULL },
		{ "setmetatable(m, {})", "protected metatable" },
		{ "assert(_G._G == _G and _G.os == nil)", NULL },
		/* Of a table there is no finalizer. */
		{ "setmetatable({}, {__gc = function() error('ran') end})", NULL },
		{ "error({})", "an error that is no text, but a table" },
		{ "error(setmetatable({}, {__tostring = function() while true do end end}))",
		    "an error that is no text, but a table" },
		{ "error()", "an error that is no text, but a nil" },
		{ "error(function() end)", "an error that is no text, but a function" },
		{ "local function f() return f() + 1 end f()", "stack overflow" },
		{ "assert(select('#', pcall(function() local function f() return f() + 1 end f() "
		  "end)) == 2)",
		    NULL },
		{ "return unpack({}, 1, 1e8)", "too many results" },
		{ "return ('x'):rep(-1)", "must" },
		{ "string.rep = nil; assert(('x').rep == nil)", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run;
		bool ok = run_body(&run, cases[i].body, "{}");

		if (ok != (cases[i].error == NULL) ||
		    (cases[i].error != NULL && !says(&run.err, cases[i].error) &&
			strcmp(cases[i].error, "must") != 0))
			fail_msg("%s: %s", cases[i].body, ok ? "went on" : run.err.text);
		run_fini(&run);
	}
}

/* What is no text of Lua is not run at all. */
static void
test_sources_refused(void **state)
{
	static const struct {
		struct slice source;
		const char *error;
	} cases[] = {
		{ { "\x1bLJ\x02\x0a\x02\x00", 7 }, "rules.lua: it is compiled" },
		{ { "\x1bLua", 4 }, "rules.lua: it is compiled" },
		{ { "return {request = function() return 1LL end}", 44 }, "numbers of 64 bits" },
		{ { "return {request = function() return 0x7fULL end}", 48 },
		    "numbers of 64 bits" },
		{ { "return {\n request = function() ( end}", 37 }, "rules.lua:2:" },
		{ { "return 1", 8 }, "must return a table of hooks" },
		{ { "", 0 }, "must return a table of hooks" },
		{ { "return {}", 9 }, "none of the hooks" },
		{ { "return {reqest = function() end}", 32 }, "\"reqest\", which is no hook" },
		{ { "return {request = 1}", 20 }, "is no function" },
		{ { "while true do end", 17 }, "steps" },
		{ { "local t = ('x'):rep(9e6)", 24 }, "KiB of memory" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run;

		run_source(&run, cases[i].source);
		if (run.plugin != NULL || run.err.kind != ERR_CONFIG ||
		    !says(&run.err, cases[i].error))
			fail_msg("%s: %s", cases[i].source.p, run.err.text);
		run_fini(&run);
	}
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Whatever it tries, it ends, fails, and the next call has a whole state. */
static void
test_limits_hold(void **state)
{
	static const struct {
		const char *body, *error;
	} cases[] = {
		{ "while true do end", "steps" },
		{ "while true do pcall(function() while true do end end) end", "steps" },
		{ "repeat until pcall(error)  while not pcall(string.rep) do end", "steps" },
		{ "local function f() return pcall(f) end while true do f() end", "steps" },
		{ "pcall(pcall, pcall, pcall, function() while true do end end)", "steps" },
		{ "local x = 'x' while true do x = x .. x end", "KiB of memory" },
		{ "pcall(function() local x = 'x' while true do x = x .. x end end)",
		    "KiB of memory" },
		{ "pcall(string.rep, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 1e9)",
		    "KiB of memory" },
		{ "('x'):rep(1e9)", "" },
		{ "local t = {} for i = 1, 1e9 do t[i] = {} end", "" },
		{ "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", "" },
		{ "for i = 1, 1e9 do local _ = ('x'):rep(100000) .. i end", "steps" },
		{ "m.server:find(('a?'):rep(40) .. ('a'):rep(40)); "
		  "(('a'):rep(40)):find(('a?'):rep(40) .. ('a'):rep(40))",
		    "steps" },
		{ "(('a'):rep(4000)):find(('a*'):rep(30) .. '[bc]')", "steps" },
		{ "pcall(function() return (('a'):rep(4000)):match('(.-)(.-)(.-)(.-)(.-)[bc]') end)",
		    "steps" },
		{ "re.match(('a'):rep(4000) .. 'b', '^(a+)+$')", "steps" },
		{ "re.match(('a'):rep(4000) .. 'b', '^(a|a?)+$')", "steps" },
		{ "re.gsub(('a'):rep(4000), '(?=(a+)+[xy])', '')", "steps" },
		{ "(('a'):rep(100000)):gsub('.', function(c) return c:rep(100) end)", "" },
		{ "local t = {} for i = 1, 9000 do t[i] = ('x'):rep(900) .. i end "
		  "table.sort(t, function(a, b) return true end)",
		    "" },
		{ "local s = ('x'):rep(1000000) local a, b = s .. 'a', s .. 'b' local t = {} "
		  "for i = 1, 10000 do t[i] = i % 2 == 0 and a or b end table.sort(t)",
		    "steps" },
		{ "local t = {} t[1] = t return {arguments = t}", "nested too deep" },
		{ "local t = {} for i = 1, 40 do t = {a = t, b = t} end return {arguments = t}",
		    "steps" },
		{ "local s = ('x'):rep(100000) local t = {} for i = 1, 1000 do t[i] = s end "
		  "return {arguments = {t = t}}",
		    "steps" },
		{ "local f f = setmetatable({}, {__tostring = function() return "
		  "string.format('%s', f) end}) tostring(f)",
		    "nested too deep" },
		{ "local function g(s) return (s:gsub('.', g)) end g('x')", "nested too deep" },
		{ "local function g() table.sort({1, 2}, g) end g()", "nested too deep" },
		{ "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) "
		  "return t[1]",
		    "" },
		{ "for i = 1, 1e9 do re.match('x', 'a' .. i) end", "steps" },
		{ "json.decode(('['):rep(100000))  while true do json.decode('[1]') end", "steps" },
		{ "json.encode(setmetatable({}, {__index = function() while true do end end}))  "
		  "while true do json.encode({1}) end",
		    "steps" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char source[2048];
		struct run run;

		snprintf(source, sizeof(source),
		    "local calls = 0 return {request = function(m) calls = calls + 1 "
		    "if m.arguments.ok then return {deny = 'whole'} end %s end}",
		    cases[i].body);
		run_init(&run, source);
		if (run_call(&run, PLUGIN_REQUEST, "{}") || !stops_by(&run.err, cases[i].error) ||
		    run.err.kind != ERR_REFUSED)
			fail_msg("%s: \"%s\"", cases[i].body, run.err.text);
		assert_int_equal(run.verdict.says, PLUGIN_PASSES);
		assert_true(run_call(&run, PLUGIN_REQUEST, "{\"ok\":true}"));
		assert_int_equal(run.verdict.says, PLUGIN_DENIES);
		run_fini(&run);
	}
}

/* A state that a limit has cut is not used again, one that only failed is. */
static void
test_state_is_fresh(void **state)
{
	struct run run;

	(void)state;
	run_init(&run,
	    "return {request = function(m) state.n = (state.n or 0) + 1 "
	    "if m.arguments.loop then while true do end end "
	    "if m.arguments.fail then error('no') end "
	    "return {deny = tostring(state.n)} end}");
	assert_true(run_call(&run, PLUGIN_REQUEST, "{}"));
	assert_text(&run.verdict.reason, "1");
	assert_false(run_call(&run, PLUGIN_REQUEST, "{\"fail\":true}"));
	assert_true(says(&run.err, "rules.lua:1: no"));
	assert_true(run_call(&run, PLUGIN_REQUEST, "{}"));
	assert_text(&run.verdict.reason, "3");
	assert_false(run_call(&run, PLUGIN_REQUEST, "{\"loop\":true}"));
	assert_true(run_call(&run, PLUGIN_REQUEST, "{}"));
	assert_text(&run.verdict.reason, "1");
	run_fini(&run);
}

/* A thousand calls that leave garbage need no more than one. */
static void
test_garbage_is_collected(void **state)
{
	struct run run;

	(void)state;
	run_init(&run,
	    "return {request = function(m) local t = {} for i = 1, 1000 do t[i] = 'x' .. i end end}");
	for (int i = 0; i < 1000; i++)
		if (!run_call(&run, PLUGIN_REQUEST, "{}"))
			fail_msg("%d: %s", i, run.err.text);
	run_fini(&run);
}

/* ---- messages and verdicts ------------------------------------------------------------------- */

static void
test_message_fields(void **state)
{
	static const char body[] =
	    "assert(m.hook == 'request' and m.server == 'files' and m.method == 'tools/call')"
	    "assert(m.kind == 'tool' and m.tool == 'write' and m.name == 'write')"
	    "assert(m.caller.principal == 'ci' and m.caller.tenant == 'acme')"
	    "assert(m.caller.client == 'tester' and m.revision == '2025-11-25')"
	    "assert(m.read_only == false and m.result == nil and m.params == nil)"
	    "assert(m.arguments.list[2] == 'b' and #m.arguments.list == 3)"
	    "assert(m.arguments.list[3] == json.null and json.is_array(m.arguments.list))"
	    "assert(not json.is_array(m.arguments.object) and next(m.arguments.object) == nil)"
	    "assert(m.arguments['k\\ny'] == 1.5 and m.arguments.t == true)"
	    "assert(tostring(m.arguments.big) == '12345678901234567890')"
	    "assert(m.arguments.big == json.number('12345678901234567890'))"
	    "assert(m.arguments.text == 'q\"\\195\\164\\240\\159\\152\\128')"
	    "assert(time.unix() == 1700000000 and time.ms() == 12)"
	    "assert(rawequal(m.arguments, m.arguments) and next(config) == nil)";
	struct run run;

	(void)state;
	if (!run_body(&run, body,
		"{\"list\":[1,\"b\",null],\"object\":{},\"k\\ny\":1.5,\"t\":true,"
		"\"big\":12345678901234567890,\"text\":\"q\\\"\\u00e4\\ud83d\\ude00\"}"))
		fail_msg("%s", run.err.text);
	assert_int_equal(run.verdict.says, PLUGIN_PASSES);
	assert_int_equal(run.verdict.change.n, 0);
	run_fini(&run);
}

static void
test_verdicts(void **state)
{
	static const struct {
		enum plugin_hook hook;
		const char *body;
		enum plugin_says says;
		const char *reason, *change, *answer, *log;
		const char *error;
	} cases[] = {
		{ PLUGIN_REQUEST, "", PLUGIN_PASSES, "", "", "", "", NULL },
		{ PLUGIN_REQUEST, "return {}", PLUGIN_PASSES, "", "", "", "", NULL },
		{ PLUGIN_REQUEST, "return {deny = 'no\\n\\tway'}", PLUGIN_DENIES, "no  way", "", "",
		    "", NULL },
		{ PLUGIN_REQUEST, "return {ask = 'sure?', log = 'seen'}", PLUGIN_ASKS, "sure?", "",
		    "", "seen", NULL },
		{ PLUGIN_REQUEST, "return {arguments = m.arguments}", PLUGIN_PASSES, "", "", "", "",
		    NULL },
		{ PLUGIN_REQUEST, "m.arguments.a = 2 return {arguments = m.arguments}",
		    PLUGIN_PASSES, "", "{\"a\":2,\"b\":[ ]}", "", "", NULL },
		{ PLUGIN_REQUEST, "return {answer = 'hi'}", PLUGIN_PASSES, "", "",
		    "{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"isError\":false}", "",
		    NULL },
		{ PLUGIN_REQUEST, "return {answer = {content = json.array()}}", PLUGIN_PASSES, "",
		    "", "{\"content\":[]}", "", NULL },
		{ PLUGIN_RESULT, "m.result.a = nil return {result = m.result}", PLUGIN_PASSES, "",
		    "{\"b\":[ ]}", "", "", NULL },
		{ PLUGIN_NOTIFICATION, "return {deny = m.params.b[1] == nil and 'x'}",
		    PLUGIN_DENIES, "x", "", "", "", NULL },
		{ PLUGIN_DEFINITION, "return {hide = m.definition.a == 1}", PLUGIN_HIDES, "", "",
		    "", "", NULL },
		{ PLUGIN_DEFINITION, "m.definition.a = 'x' return {definition = m.definition}",
		    PLUGIN_PASSES, "", "{\"a\":\"x\",\"b\":[ ]}", "", "", NULL },
		{ PLUGIN_DEFINITION, "return {hide = false}", PLUGIN_PASSES, "", "", "", "", NULL },
		/* What is wrong is said. */
		{ PLUGIN_REQUEST, "return 1", 0, "", "", "", "", "returns nothing or a table" },
		{ PLUGIN_REQUEST, "return {dney = 'x'}", 0, "", "", "", "", "knows no \"dney\"" },
		{ PLUGIN_REQUEST, "return {'x'}", 0, "", "", "", "", "a verdict has names" },
		{ PLUGIN_REQUEST, "return {deny = true}", 0, "", "", "", "", "must be a text" },
		{ PLUGIN_REQUEST, "return {hide = true}", 0, "", "", "", "",
		    "\"hide\" means nothing to a request" },
		{ PLUGIN_RESULT, "return {arguments = {}}", 0, "", "", "", "", "means nothing" },
		{ PLUGIN_RESULT, "return {answer = {}}", 0, "", "", "", "", "means nothing" },
		{ PLUGIN_DEFINITION, "return {ask = ''}", 0, "", "", "", "", "means nothing" },
		{ PLUGIN_REQUEST, "return {arguments = json.array()}", 0, "", "", "", "",
		    "must be an object" },
		{ PLUGIN_REQUEST, "return {arguments = 'x'}", 0, "", "", "", "",
		    "must be an object" },
		{ PLUGIN_REQUEST, "return {arguments = {x = print}}", 0, "", "", "", "",
		    "a function has no place" },
		{ PLUGIN_REQUEST, "return {arguments = {x = 0/0}}", 0, "", "", "", "",
		    "infinite, or none" },
		{ PLUGIN_REQUEST, "return {arguments = {x = 1, 2}}", 0, "", "", "", "",
		    "neither an array nor an object" },
		{ PLUGIN_REQUEST, "local t = {} t[3] = 1 return {arguments = {x = t}}", 0, "", "",
		    "", "", "keys" },
		{ PLUGIN_REQUEST, "return {answer = 3}", 0, "", "", "", "", "must be an object" },
		{ PLUGIN_REQUEST, "return {deny = '\\255'}", 0, "", "", "", "", "not UTF-8" },
		{ PLUGIN_REQUEST, "return {deny = 'a', ask = 'b'}", 0, "", "", "", "", "beside" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char source[512];
		struct run run;
		bool ok;

		snprintf(source, sizeof(source), "return {%s = function(m) %s end}",
		    plugin_hook_name(cases[i].hook), cases[i].body);
		run_init(&run, source);
		ok = run_call(&run, cases[i].hook, "{\"a\":1,\"b\": [ ]}");
		if (ok != (cases[i].error == NULL) || (!ok && !says(&run.err, cases[i].error)))
			fail_msg("%s: %s", cases[i].body, run.err.text);
		if (ok) {
			assert_int_equal(run.verdict.says, cases[i].says);
			assert_text(&run.verdict.reason, cases[i].reason);
			assert_text(&run.verdict.change, cases[i].change);
			assert_text(&run.verdict.answer, cases[i].answer);
			assert_text(&run.verdict.log, cases[i].log);
		}
		run_fini(&run);
	}
}

/* What was not touched goes on byte for byte. */
static void
test_rest_stays(void **state)
{
	static const struct {
		const char *arguments, *body, *change;
	} cases[] = {
		{ "{ \"id\" : 12345678901234567890 , \"x\":1.50e1, \"s\":\"\\u0041\", \"d\": 1}",
		    "a.d = 2",
		    "{\"id\":12345678901234567890,\"x\":1.50e1,\"s\":\"\\u0041\",\"d\":2}" },
		{ "{\"o\": { \"k\" : [ 1 , 2.0 ] }, \"d\":1}", "a.d = nil",
		    "{\"o\":{ \"k\" : [ 1 , 2.0 ] }}" },
		/* A long number is itself wherever it goes. */
		{ "{\"l\":[1, 98765432109876543210, 1e400]}", "table.remove(a.l, 1)",
		    "{\"l\":[98765432109876543210,1e400]}" },
		{ "{\"l\":[1,2,3]}", "a.l[4] = 'x'", "{\"l\":[1,2,3,\"x\"]}" },
		{ "{\"l\":[]}", "a.l[1] = {}", "{\"l\":[{}]}" },
		{ "{\"l\":[1]}", "a.l = {}", "{\"l\":[]}" },
		{ "{\"o\":{\"a\":1}}", "a.o = {}", "{\"o\":{}}" },
		{ "{\"z\":1}", "a.c, a.b = 0.1, 1e15",
		    "{\"z\":1,\"b\":1000000000000000,\"c\":0.1}" },
		{ "{\"\\u0061\":1,\"b\":true}", "a.b = json.null", "{\"\\u0061\":1,\"b\":null}" },
		{ "{\"a\":null,\"n\":-0.0}", "a.x = 'q\"\\n\\195\\164'",
		    "{\"a\":null,\"n\":-0.0,\"x\":\"q\\\"\\n\xc3\xa4\"}" },
		{ "{\"a\":{\"b\":1}}", "a.a = 'text'", "{\"a\":\"text\"}" },
		{ "{\"a\":\"text\"}", "a.a = {b = {1, {c = 2}}}", "{\"a\":{\"b\":[1,{\"c\":2}]}}" },
		{ "{\"n\":0.1}", "a.m = json.number('3.14159265358979323846')",
		    "{\"n\":0.1,\"m\":3.14159265358979323846}" },
		{ "{}", "a['\\0'] = 1", "{\"\\u0000\":1}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[256];
		struct run run;

		snprintf(body, sizeof(body), "local a = m.arguments %s return {arguments = a}",
		    cases[i].body);
		if (!run_body(&run, body, cases[i].arguments))
			fail_msg("%s: %s", cases[i].body, run.err.text);
		assert_text(&run.verdict.change, cases[i].change);
		run_fini(&run);
	}
}

/* A message that was kept knows no more than it did when its call ended. */
static void
test_kept_message(void **state)
{
	struct run run;

	(void)state;
	run_init(&run,
	    "return {request = function(m) local old = state.old state.old = m "
	    "if old then return {deny = tostring(old.arguments) .. tostring(old.name)} end end}");
	assert_true(run_call(&run, PLUGIN_REQUEST, "{}"));
	assert_true(run_call(&run, PLUGIN_REQUEST, "{}"));
	assert_text(&run.verdict.reason, "nilwrite");
	run_fini(&run);
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* Lua's patterns mean what Lua's manual says, and `re` what PCRE2's does. */
static void
test_patterns(void **state)
{
	static const char *const cases[] = {
		"('hello world'):find('wor') == 7",
		"select(2, ('hello'):find('l+')) == 4",
		"('a.b'):find('.', 2, true) == 2",
		"('abc'):find('b', -1) == nil",
		"('abc'):find('', 10) == 4 or ('abc'):find('', 10) == nil",
		"('key = value'):match('^(%w+)%s*=%s*(%w+)$') == 'key'",
		"select(2, ('key = value'):match('^(%w+)%s*=%s*(%w+)$')) == 'value'",
		"('x'):match('()') == 1",
		"('THE (quick) fox'):find('%((%a+)%)') == 5",
		"('f(a(b)c)d'):match('%b()') == '(a(b)c)'",
		"('\"q\" x'):match('%b\"\"') == '\"q\"'",
		"('THE (quick) fox'):gsub('%f[%a]%a+', 'w') == 'w (w) w'",
		"('hello'):gsub('', '-') == '-h-e-l-l-o-'",
		"('abc'):gsub('%w', '%0%0') == 'aabbcc'",
		"('abc'):gsub('b', '%%') == 'a%c'",
		"('a b c'):gsub('%w', {a = '1', b = true and '2'}) == '1 2 c'",
		"('abc'):gsub('.', string.upper) == 'ABC'",
		"select(2, ('abc'):gsub('.', '', 2)) == 2",
		"('abc'):gsub('^a', 'x') == 'xbc'",
		"('aaa'):gsub('^a', 'x') == 'xaa'",
		"('[]-^'):match('[]]') == ']'",
		"('a-z'):match('[a%-z]+') == 'a-z'",
		"('a]b'):match('[^]]') == 'a'",
		"('x\\0y'):match('%z') == '\\0'",
		"('x\\ny'):match('x.y') == 'x\\ny'",
		"('aXb'):match('%u') == 'X' and ('aXb'):match('%U') == 'a'",
		"('<<x>>'):match('<(.-)>') == '<x'",
		"('abab'):match('(ab)%1') == 'ab'",
		"('a+b'):match('a+b') == nil and ('a+b'):match('a%+b') == 'a+b'",
		"('a{2}'):match('a{2}') == 'a{2}' and ('a|b'):match('a|b') == 'a|b'",
		"('x\\\\d'):match('\\\\d') == '\\\\d'",
		"('price: $5$'):match('$5$') == nil and ('$5'):match('$5') == '$5'",
		"('\\195\\164'):match('[\\128-\\255]+') == '\\195\\164'",
		"(function() local n = 0 for w in ('one two'):gmatch('%a+') do n = n + #w end return n end)() == 6",
		"(function() local s = '' for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do s = s .. v .. k end return s end)() == '1a2b'",
		"(function() local n = 0 for _ in ('abc'):gmatch('x*') do n = n + 1 end return n end)() == 4",
		"not pcall(string.find, 'x', '[')  and not pcall(string.find, 'x', '%')",
		"not pcall(string.find, 'x', '(') and not pcall(string.find, 'x', ')')",
		"not pcall(string.find, 'x', '%1') and not pcall(string.gsub, 'x', 'x', '%2')",
		"re.match('id 42', '(\\\\d+)') == '42'",
		"re.match('x', '(y)|x') == nil",
		"re.find('aäöb', 'ö') == 4",
		"re.gsub('a1b22', '\\\\d+', '<%0>') == 'a<1>b<22>'",
		"re.gsub('äö', '', '-') == '-ä-ö-'",
		"re.match('Straße', '(?i)STRAßE') == 'Straße'",
		"not pcall(re.match, 'x', '(') and not pcall(re.match, '\\255', 'x')",
		"(function() local n = 0 for w in re.gmatch('a1 b2', '[a-z]\\\\d') do n = n + 1 end return n end)() == 2",
		"re.gsub('abc', '.', function(c) return (re.gsub(c, '.', '%0%0')) end) == 'aabbcc'",
		"string.format('%5.1f|%s|%q', 1.5, 'x', 'y') == '  1.5|x|\"y\"'",
		"table.concat({1, 2, 3}, '-') == '1-2-3' and ('x'):rep(3) == 'xxx'",
		"(function() local t = {3, 1, 2} table.sort(t) return table.concat(t) end)() == '123'",
		"(function() local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t) end)() == '321'",
		"json.encode({b = {1, json.null}, a = 'x'}) == '{\"a\":\"x\",\"b\":[1,null]}'",
		"json.decode('{\"a\":[1]}').a[1] == 1 and json.decode('{') == nil",
		"json.decode('[1] x') == nil and json.encode({}) == '{}'",
		"json.encode(json.array()) == '[]' and json.encode(json.decode('[]')) == '[]'",
		"pcall(error, 'x') == false and select(2, pcall(error, 'x')) == 'x'",
		"select('#', pcall(function() return 1, nil, 3 end)) == 4",
		"pcall(function() return 1, nil, 3 end) == true",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[512];
		struct run run;

		snprintf(body, sizeof(body), "assert((%s), 'it is not so')", cases[i]);
		if (!run_body(&run, body, "{}"))
			fail_msg("%s: %s", cases[i], run.err.text);
		run_fini(&run);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_else_is_there),
		cmocka_unit_test(test_escapes_fail),
		cmocka_unit_test(test_sources_refused),
		cmocka_unit_test(test_limits_hold),
		cmocka_unit_test(test_state_is_fresh),
		cmocka_unit_test(test_garbage_is_collected),
		cmocka_unit_test(test_message_fields),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_rest_stays),
		cmocka_unit_test(test_kept_message),
		cmocka_unit_test(test_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
