/*
 * What looks at links, URLs and canaries in JSON that anybody wrote: what links are taken out of is
 * JSON still and has no more of them; a canary that is written into a text is found in it.
 */
#include <string.h>

#include "guard/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct slice hosts[] = { S("good.example"), S("*.corp.example") };
static const struct config_egress egress = {
	.hosts = hosts, .hosts_n = COUNT(hosts), .images = LINKS_REDACT, .links = LINKS_REDACT
};

static bool
is_json(struct slice text)
{
	struct arena arena;
	struct err err;
	char *copy;
	bool ok;

	arena_init(&arena, NULL, 64 * MIB);
	ok = arena_reserve(&arena, text.n, &err);
	copy = arena_bytes(&arena, text.n);
	memcpy(copy, text.p, text.n);
	ok = ok && json_scan_all(json_scan_new(&arena, copy, text.n, 0, 0, 1), &err);
	arena_fini(&arena);
	return ok;
}

static void
look_at_links(struct slice json)
{
	struct links_found once, again;

	links_find(&egress, json, &once);
	must((once.text.n > 0) == (once.images + once.links > 0));
	if (once.text.n > 0) {
		must(is_json(buf_view(&once.text)));
		links_find(&egress, buf_view(&once.text), &again);
		must(again.images + again.links == 0 && again.text.n == 0);
		buf_fini(&again.text);
	}
	buf_fini(&once.text);
}

/* Between any two characters of a text, and its escapes. */
static void
look_for_canary(struct slice json, size_t at)
{
	static struct config_canary canary = { .text = { S("canary-0123-xyz") } };
	static const struct config_flow config = { .canaries = &canary, .canaries_n = 1 };
	struct canaries *canaries = canaries_new(&config);
	struct buf text;

	(void)canaries_find(canaries, json, S("one"));
	buf_init(&text, NULL, SIZE_MAX / 2);
	buf_puts(&text, "[");
	buf_put(&text, json);
	buf_puts(
	    &text, at % 2 == 0 ? ",\"canary-0123-xyz\"," : ",\"\\u0063anary-0123-x\\u0079z\",");
	buf_put(&text, json);
	buf_puts(&text, "]");
	must(canaries_find(canaries, buf_view(&text), S("one")));
	buf_fini(&text);
	canaries_free(&canaries);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice json = { (const char *)data, n };
	struct egress_found found;
	struct buf text;

	/* As it is, or as the text of one string. */
	buf_init(&text, NULL, SIZE_MAX / 2);
	if (n == 0 || !is_json(json)) {
		buf_json_string(&text, json);
		json = buf_view(&text);
	}
	look_at_links(json);
	look_for_canary(json, n);
	(void)egress_find(&egress, json, true, &found);
	(void)egress_leads_out(&egress, json, &found);
	buf_fini(&text);
	return 0;
}
