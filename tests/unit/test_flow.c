/*
 * Flow: what was read closes sinks for as long as it should and for whom it should; canaries are
 * found in every code; URLs lead where any reader would go; links are found and taken out without a
 * change of anything else; labels that could never matter are errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard/flow.h"
#include "guard/live.h"

#define HEAD \
	"listen: {stdio: true}\nauth: none\nupstreams: [{name: web, command: x}, {name: mail, command: x}, " \
	"{name: wiki, command: x}]\nguard:\n"

static struct config *
config_of(const char *guard, struct err *err)
{
	static const char *const no_environ[] = { NULL };
	struct config *config = NULL;
	char yaml[1800];

	snprintf(yaml, sizeof(yaml), HEAD "  %s\n", guard);
	if (!config_parse(slice_of(yaml), "t", "/", no_environ, NULL, &config, err))
		return NULL;
	if (!config_check(config, err))
		config_free(&config);
	return config;
}

static struct config *
config_must(const char *guard)
{
	struct err err = { 0 };
	struct config *config = config_of(guard, &err);

	if (config == NULL)
		fail_msg("%s: %s", guard, err.text);
	return config;
}

/* ---- labels ---------------------------------------------------------------------------------- */

struct world {
	struct config *config;
	struct flow *flow;
	struct caller caller;
	struct guard_subject subject;
};

/* Up to n bytes, many at a time: what runs slowly under some tools is the calls. */
static void
pad(struct buf *out, size_t n, char with)
{
	char run[512];

	memset(run, with, sizeof(run));
	while (out->n < n)
		buf_put(out,
		    (struct slice){ run, n - out->n < sizeof(run) ? n - out->n : sizeof(run) });
}

static void
world_init(struct world *w, const char *guard)
{
	*w =
	    (struct world){ .config = config_must(guard), .caller = { S("ci"), SLICE_NONE, NULL } };
	w->flow = flow_new(&w->config->guard, 5, NULL);
	w->subject = (struct guard_subject){ .caller = &w->caller,
		.window = 1,
		.method = S("tools/call"),
		.target = GUARD_TOOL,
		.text = S("{}"),
		.now_ms = 1000 };
}

static void
world_fini(struct world *w)
{
	flow_free(&w->flow);
	config_free(&w->config);
}

static void
reads(struct world *w, const char *server, const char *name)
{
	w->subject.server = slice_of(server);
	w->subject.name = slice_of(name);
	flow_read(w->flow, &w->subject);
}

static bool
is_closed(struct world *w, const char *server, const char *name)
{
	w->subject.server = slice_of(server);
	w->subject.name = slice_of(name);
	return flow_closed(w->flow, &w->subject) != NULL;
}

#define LABELS \
	"flow: {for: 10m, labels: {private: [{server: wiki}], untrusted: [{server: web, tool: 'get*'}], " \
	"sinks: [{server: mail, tool: '*send*', id: mail}, {tool: post, action: log}]}"

static void
test_window(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, LABELS "}");
	assert_false(is_closed(&w, "mail", "send"));
	reads(&w, "wiki", "page");
	reads(&w, "web", "time");
	reads(&w, "mail", "get_mail");
	assert_false(is_closed(&w, "mail", "send"));
	reads(&w, "web", "get_page");
	assert_true(is_closed(&w, "mail", "send"));
	assert_true(slice_eq(flow_closed(w.flow, &w.subject)->rule, S("flow.mail")));
	assert_true(is_closed(&w, "wiki", "post"));
	assert_true(slice_eq(flow_closed(w.flow, &w.subject)->rule, S("flow.sinks")));
	assert_false(is_closed(&w, "mail", "list"));
	/* Another session, another caller without one, and one that has the number 0. */
	w.subject.window = 2;
	assert_false(is_closed(&w, "mail", "send"));
	w.subject.window = 0;
	assert_false(is_closed(&w, "mail", "send"));
	reads(&w, "web", "get_page");
	assert_true(is_closed(&w, "mail", "send"));
	w.caller.principal = S("bob");
	assert_false(is_closed(&w, "mail", "send"));
	/* Ten minutes since the last of them. */
	w.caller.principal = S("ci");
	w.subject.window = 1;
	w.subject.now_ms += 599999;
	assert_true(is_closed(&w, "mail", "send"));
	reads(&w, "web", "get_page");
	w.subject.now_ms += 1;
	assert_true(is_closed(&w, "mail", "send"));
	w.subject.now_ms += 599999;
	assert_false(is_closed(&w, "mail", "send"));
	world_fini(&w);
}

static void
test_both(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, LABELS ", when: both}");
	reads(&w, "web", "get_page");
	assert_false(is_closed(&w, "mail", "send"));
	w.subject.now_ms += 60000;
	reads(&w, "wiki", "page");
	assert_true(is_closed(&w, "mail", "send"));
	w.subject.now_ms += 541000;
	assert_false(is_closed(&w, "mail", "send"));
	world_fini(&w);
}

static void
test_of_caller(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, LABELS ", window: caller}");
	reads(&w, "web", "get_page");
	w.subject.window = 2;
	assert_true(is_closed(&w, "mail", "send"));
	w.caller.tenant = S("acme");
	assert_false(is_closed(&w, "mail", "send"));
	world_fini(&w);
}

/* The outcome of a task has no tool's name: it may be of any of them. */
static void
test_unnamed_results(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, LABELS "}");
	w.subject.target = GUARD_OTHER;
	reads(&w, "wiki", "task-1");
	w.subject.target = GUARD_TOOL;
	assert_false(is_closed(&w, "mail", "send"));
	w.subject.target = GUARD_OTHER;
	reads(&w, "web", "task-1");
	/* A request of no tool is no call of a sink by name. */
	assert_false(is_closed(&w, "mail", "send"));
	w.subject.target = GUARD_TOOL;
	assert_true(is_closed(&w, "mail", "send"));
	world_fini(&w);
}

static void
test_reload_and_flood(void **state)
{
	struct flow *after;
	struct world w;

	(void)state;
	world_init(&w, LABELS "}");
	reads(&w, "web", "get_page");
	after = flow_new(&w.config->guard, 6, w.flow);
	flow_free(&w.flow);
	w.flow = after;
	assert_true(is_closed(&w, "mail", "send"));
	/* Sessions without end do not make one be forgotten; who is new shares what others read. */
	for (uint64_t i = 0; i < LIVE_MOST + 100; i++) {
		w.subject.window = 100 + i;
		reads(&w, "web", "get_page");
	}
	w.subject.window = 1;
	assert_true(is_closed(&w, "mail", "send"));
	w.subject.window = 99;
	assert_true(is_closed(&w, "mail", "send"));
	w.subject.now_ms += 600001;
	assert_false(is_closed(&w, "mail", "send"));
	world_fini(&w);
}

/* ---- canaries -------------------------------------------------------------------------------- */

static void
test_canaries(void **state)
{
	static const struct {
		const char *json, *server;
		bool found;
	} cases[] = {
		{ "{\"a\":\"x canary-0123-xyz y\"}", "mail", true },
		{ "{\"a\":[{\"b\":\"canary-0123-xyz\"}]}", "web", true },
		{ "{\"canary-0123-xyz\":1}", "mail", true },
		{ "{\"a\":\"canary-0123-xyz\"}", "wiki", false },
		{ "{\"a\":\"canary-0123-xy\"}", "mail", false },
		{ "{\"a\":\"Canary-0123-xyz\"}", "mail", false },
		{ "{\"a\":\"\\u0063anary-0123-x\\u0079z\"}", "mail", true },
		{ "{\"a\":\"\\n\\\"canary-0123-xyz\"}", "mail", true },
		/* "canary-0123-xyz" behind 0, 1 and 2 bytes. */
		{ "{\"a\":\"Y2FuYXJ5LTAxMjMteHl6\"}", "mail", true },
		{ "{\"a\":\"YWNhbmFyeS0wMTIzLXh5emI=\"}", "mail", true },
		{ "{\"a\":\"YWFjYW5hcnktMDEyMy14eXpiYg==\"}", "mail", true },
		{ "{\"a\":\"63616e6172792d303132332d78797a\"}", "mail", true },
		{ "{\"a\":\"63616E6172792D303132332D78797A\"}", "mail", true },
		{ "{\"a\":\"%63%61%6e%61%72%79%2d%30%31%32%33%2d%78%79%7a\"}", "mail", true },
		{ "{\"a\":\"a second text, of nobody\"}", "wiki", true },
		{ "{}", "mail", false },
		{ "\"\"", "mail", false },
	};
	struct config *config =
	    config_must("flow: {canaries: [{text: canary-0123-xyz, server: 'wi*'}, "
			"{text: 'a second text, of nobody'}]}");
	struct canaries *canaries = canaries_new(&config->guard.flow);
	struct buf large;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (canaries_find(canaries, slice_of(cases[i].json), slice_of(cases[i].server)) !=
		    cases[i].found)
			fail_msg("%s", cases[i].json);
	/* Anywhere in a large text with escapes, also across windows. */
	for (size_t at = 65400; at < 65700; at++) {
		buf_init(&large, NULL, MIB);
		buf_puts(&large, "{\"a\":\"\\n");
		pad(&large, at, '-');
		buf_puts(&large, "canary-0123-x\\u0079z");
		pad(&large, 140000, 'c');
		buf_puts(&large, "\"}");
		assert_true(canaries_find(canaries, buf_view(&large), S("mail")));
		assert_false(canaries_find(canaries, buf_view(&large), S("wiki")));
		buf_fini(&large);
	}
	canaries_free(&canaries);
	config_free(&config);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static void
test_urls(void **state)
{
	/* In a text; host: of what leads elsewhere, NULL: nothing does. */
	static const struct {
		const char *json, *host;
	} cases[] = {
		{ "{\"u\":\"https://good.example/a?b=c\"}", NULL },
		{ "{\"u\":\"HTTPS://GOOD.example:8443/\"}", NULL },
		{ "{\"u\":\"(see https://good.example).\"}", NULL },
		{ "{\"u\":\"[a](https://good.example)\"}", NULL },
		{ "{\"u\":\"https://a.b.corp.example/\"}", NULL },
		{ "{\"u\":\"https://corp.example/\"}", "corp.example" },
		{ "{\"u\":\"https://[::1]:80/\"}", NULL },
		{ "{\"u\":\"no url: 12:30, C:\\\\dir, a:b, mailto:x@y\"}", NULL },
		{ "{\"u\":\"https://evil.example/\"}", "evil.example" },
		{ "{\"u\":\"https://good.example https://evil.example\"}", "evil.example" },
		{ "{\"u\":\"https://good.example@evil.example/\"}", "evil.example" },
		{ "{\"u\":\"https://evil.example\\\\@good.example/\"}", "(not clear)" },
		{ "{\"u\":\"https:\\/\\/evil.example\\/\"}", "evil.example" },
		{ "{\"u\":\"\\u0068ttps\\u003a//evil.example\"}", "evil.example" },
		{ "{\"u\":\"http:/evil.example/\"}", "evil.example" },
		{ "{\"u\":\"http:\\\\\\\\evil.example\"}", "evil.example" },
		{ "{\"u\":\"https://good.example,x.evil.example/\"}", "(not clear)" },
		{ "{\"u\":\"https://good.example.evil.example\"}", "good.example.evil.example" },
		{ "{\"u\":\"https://good%2eexample/\"}", "(not clear)" },
		{ "{\"u\":\"https://xgood.example/\"}", "xgood.example" },
		{ "{\"u\":\"https://\xd0\xb5vil.example/\"}", "(not clear)" },
		{ "{\"u\":\"ssh://git@evil.example/x\"}", "evil.example" },
		{ "{\"u\":\"file:///etc/passwd\"}", NULL },
		{ "{\"u\":\"https://\"}", "(not clear)" },
	};
	struct config *config =
	    config_must("egress: {hosts: [good.example, '*.corp.example', '[::1]']}");
	struct egress_found found;
	struct buf large;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool is = egress_find(&config->guard.egress, slice_of(cases[i].json), true, &found);

		if (is != (cases[i].host != NULL) || (is && strcmp(found.host, cases[i].host) != 0))
			fail_msg("%s: %s", cases[i].json, is ? found.host : "stays");
	}
	assert_false(egress_find(&config->guard.egress, S("demo://evil.example/1"), false, &found));
	for (size_t at = 64000; at < 66000; at += 3) {
		buf_init(&large, NULL, MIB);
		buf_puts(&large, "{\"a\":\"\\n");
		pad(&large, at, ' ');
		buf_puts(&large, "https:\\/\\/evil.example/");
		pad(&large, 140000, ' ');
		assert_true(egress_find(&config->guard.egress, buf_view(&large), true, &found));
		assert_string_equal(found.host, "evil.example");
		buf_fini(&large);
	}
	/* As many slashes, or as long a name, as one likes. */
	buf_init(&large, NULL, MIB);
	buf_puts(&large, "\"\\nhttps:");
	pad(&large, 300000, '/');
	buf_puts(&large, "evil.example\"");
	assert_true(egress_find(&config->guard.egress, buf_view(&large), true, &found));
	buf_fini(&large);
	config_free(&config);
}

static void
test_links(void **state)
{
	static const struct {
		const char *json;
		unsigned images, links;
		const char *after; /* NULL: as it was */
	} cases[] = {
		{ "{\"t\":\"![a](https://good.example/x.png)\"}", 0, 0, NULL },
		{ "{\"t\":\"![a](https://evil.example/?q=1) b\"}", 1, 0,
		    "{\"t\":\"![a](about:blank) b\"}" },
		{ "{ \"n\" : 1, \"t\":\"x\\n![a](<https://evil.example/ b>)\\u00e9\"}", 1, 1,
		    "{ \"n\" : 1, \"t\":\"x\\n![a](<about:blank>)\xc3\xa9\"}" },
		{ "[\"[a](https://evil.example)\",\"b\"]", 0, 1, "[\"[a](about:blank)\",\"b\"]" },
		{ "[\"[![a](https://evil.example/i)](https://good.example)\"]", 1, 0,
		    "[\"[![a](about:blank)](https://good.example)\"]" },
		{ "[\"[![a](https://good.example/i)](https://evil.example)\"]", 0, 1,
		    "[\"[![a](https://good.example/i)](about:blank)\"]" },
		{ "[\"![a][r]\\n\\n[r]: https://evil.example/x\"]", 1, 0,
		    "[\"![a][r]\\n\\n[r]: about:blank\"]" },
		{ "[\"<img src='https://evil.example/x'>\"]", 1, 0,
		    "[\"<img src='about:blank'>\"]" },
		{ "[\"<IMG SRC = //evil.example/x>\"]", 1, 0, "[\"<IMG SRC = about:blank>\"]" },
		{ "[\"<img srcset='a.png 1x, https://evil.example/b 2x'>\"]", 1, 0,
		    "[\"<img srcset='a.png 1x, about:blank 2x'>\"]" },
		{ "[\"<p style='background:url(https://evil.example/)'>\"]", 1, 0,
		    "[\"<p style='background:url(about:blank)'>\"]" },
		{ "[\"<a href=\\\"https://evil.example\\\">\"]", 0, 1,
		    "[\"<a href=\\\"about:blank\\\">\"]" },
		{ "[\"<https://evil.example/a>\"]", 0, 1, "[\"<about:blank>\"]" },
		{ "[\"<img src='h\\tttps://evil.example/x'>\"]", 1, 0,
		    "[\"<img src='about:blank'>\"]" },
		{ "[\"<img src='https://good.example\\t.evil.example/x'>\"]", 1, 0,
		    "[\"<img src='about:blank'>\"]" },
		{ "[\"<img src='&#104;ttps://evil.example/x'>\"]", 1, 0,
		    "[\"<img src='about:blank'>\"]" },
		{ "[\"![a](https:evil.example)\"]", 1, 0, "[\"![a](about:blank)\"]" },
		{ "[\"![a](data:image/png;base64,AA==) ![b](/x.png) [c](mailto:a@b)\"]", 0, 0,
		    NULL },
		/* Found out of order, and inside of each other. */
		{ "[\"<img srcset='<https://evil.example/1> 1x, https://evil.example/2 2x'>\"]", 1,
		    1, "[\"<img srcset='<about:blank> 1x, about:blank 2x'>\"]" },
		/* No link: a text that only speaks of one, and keys. */
		{ "{\"[a](https://evil.example)\":\"https://evil.example\"}", 0, 0, NULL },
		{ "{}", 0, 0, NULL },
	};
	struct config *config =
	    config_must("egress: {hosts: [good.example], images: redact, links: redact}");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice json = slice_of(cases[i].json);
		struct links_found found;

		links_find(&config->guard.egress, json, &found);
		if (found.images != cases[i].images || found.links != cases[i].links ||
		    (cases[i].after == NULL
			    ? found.text.n > 0
			    : !slice_eq(buf_view(&found.text), slice_of(cases[i].after))))
			fail_msg("%s: %u images, %u links: %.*s", cases[i].json, found.images,
			    found.links, SLICE_FMT(buf_view(&found.text)));
		buf_fini(&found.text);
	}
	config_free(&config);
}

/* More than can be removed one by one: all of that text goes. */
static void
test_links_without_end(void **state)
{
	struct config *config = config_must("egress: {hosts: [good.example], links: redact}");
	struct links_found found;
	struct buf json;

	(void)state;
	buf_init(&json, NULL, MIB);
	buf_puts(&json, "[\"keep\",\"");
	for (int i = 0; i < 5000; i++)
		buf_puts(&json, "![](https:x](=");
	buf_puts(&json, "\"]");
	links_find(&config->guard.egress, buf_view(&json), &found);
	assert_in_range(found.images, 1001, 1001);
	assert_true(slice_eq(buf_view(&found.text),
	    S("[\"keep\",\"[more links to hosts outside of guard.egress than can be removed]\"]")));
	buf_fini(&found.text);
	buf_fini(&json);
	config_free(&config);
}

/* ---- configuration --------------------------------------------------------------------------- */

static void
test_errors(void **state)
{
	static const struct {
		const char *guard, *says;
	} cases[] = {
		{ "flow: {labels: {sinks: [{tool: send}]}}", "nothing is labelled \"untrusted\"" },
		{ "flow: {labels: {untrusted: [{server: web}]}}", "has no \"sinks\"" },
		{ "flow: {when: both, labels: {untrusted: [{server: web}], sinks: [{tool: send}]}}",
		    "nothing is labelled \"private\"" },
		{ "flow: {labels: {untrusted: [{server: webb}], sinks: [{tool: send}]}}",
		    "no server is called \"webb\"" },
		{ "flow: {labels: {untrusted: [{server: web}], sinks: [{}]}}",
		    "guard.flow.labels.sinks[0] names nothing" },
		{ "flow: {labels: {untrusted: [{server: web}], sinks: [{tool: a, resource: b}]}}",
		    "a call is never both" },
		{ "flow: {labels: {untrusted: [{server: web}], sinks: [{tool: a, id: 'x y'}]}}",
		    "no id: 1 to" },
		{ "flow: {labels: {untrusted: {server: web}}}", "must be a list" },
		{ "flow: {labels: {untrusted: [web]}}", "must be a map" },
		{ "flow: {label: {}}", "did you mean \"labels\"" },
		{ "flow: {for: 0s}", "between 1s and 7d" },
		{ "flow: {canaries: [{text: short}]}", "must have 12 to 256 bytes" },
		{ "flow: {canaries: [{server: web}]}", "must have 12 to 256 bytes" },
		{ "flow: {canaries: [{text: 0123456789abcdef, server: nobody}]}",
		    "no server is called \"nobody\"" },
		{ "egress: {hosts: ['https://good.example']}", "is no host" },
		{ "egress: {hosts: ['*']}", "is no host" },
		{ "egress: {match: {server: web}}", "looks at nothing" },
		{ "egress: {hosts: [a], images: ask}", "must be one of" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };
		struct config *config = config_of(cases[i].guard, &err);

		if (config != NULL || strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].guard, config != NULL ? "accepted" : err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_of_caller),
		cmocka_unit_test(test_unnamed_results),
		cmocka_unit_test(test_reload_and_flood),
		cmocka_unit_test(test_canaries),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_links_without_end),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
