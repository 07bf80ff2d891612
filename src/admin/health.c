/*
 * /health: how the gateway is, as one JSON document.  It is degraded while a server is down; that
 * is no reason to restart the gateway, so the HTTP status is 200 for as long as it can answer at
 * all.
 */
#include "admin/admin_private.h"

#define WORDS_BYTES 2048 /* of what a server said last on stderr */

static const char *const states[] = {
	[PROVIDER_IDLE] = "idle",
	[PROVIDER_CONNECTING] = "connecting",
	[PROVIDER_READY] = "ready",
	[PROVIDER_DOWN] = "down",
};

static void
put_member(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_json_string(out, value);
}

/* The last lines, as an array. */
static void
put_words(struct buf *out, struct slice words)
{
	const char *between = "";
	struct slice line;

	if (words.n > WORDS_BYTES) {
		words.p += words.n - WORDS_BYTES;
		words.n = WORDS_BYTES;
		/* The first one is a part of a line, perhaps of a character. */
		slice_cut(words, '\n', &words);
	}
	buf_puts(out, ",\"stderr\":[");
	while (words.p != NULL) {
		line = slice_cut(words, '\n', &words);
		if (line.n == 0)
			continue;
		buf_puts(out, between);
		buf_json_string(out, line);
		between = ",";
	}
	buf_putc(out, ']');
}

static void
put_server(struct buf *out, const struct provider *provider)
{
	struct provider_health health;
	struct slice words;

	provider->ops->health(provider, NULL, &health);
	buf_puts(out, "{\"name\":");
	buf_json_string(out, provider->name);
	put_member(out, "state", slice_of(states[health.state]));
	buf_printf(out, ",\"restarts\":%u,\"in_flight\":%u", health.restarts, health.in_flight);
	if (health.state == PROVIDER_READY)
		put_member(out, "revision", slice_of(mcp_revision_name(health.revision)));
	if (health.state == PROVIDER_DOWN) {
		put_member(out, "reason", slice_of(health.why.text));
		words = provider->ops->last_words != NULL ? provider->ops->last_words(provider)
							  : SLICE_NONE;
		if (words.n > 0)
			put_words(out, words);
	}
	buf_putc(out, '}');
}

static bool
is_degraded(const struct admin *admin)
{
	size_t n;
	struct provider *const *providers = hub_providers(admin->hub, &n);

	for (size_t i = 0; i < n; i++) {
		struct provider_health health;

		providers[i]->ops->health(providers[i], NULL, &health);
		if (health.state == PROVIDER_DOWN)
			return true;
	}
	return false;
}

void
admin_health(const struct admin *admin, bool has_detail, struct buf *out)
{
	struct loop *loop = hub_loop(admin->hub);
	size_t n;
	struct provider *const *providers = hub_providers(admin->hub, &n);

	buf_printf(out, "{\"status\":\"%s\"", is_degraded(admin) ? "degraded" : "healthy");
	if (has_detail) {
		put_member(out, "instance_id", slice_of(log_instance(loop_log(loop))));
		put_member(out, "version", S(BASCULE_VERSION));
		buf_printf(out, ",\"uptime\":%llu,\"servers\":[",
		    (unsigned long long)(loop_now_ms(loop) - hub_started_ms(admin->hub)) / 1000);
		for (size_t i = 0; i < n; i++) {
			buf_puts(out, i > 0 ? "," : "");
			put_server(out, providers[i]);
		}
		buf_printf(out, "],\"sites\":[],\"sse_clients\":%u,\"sessions\":%u",
		    fronts_streams(admin->fronts), fronts_sessions(admin->fronts));
	}
	buf_puts(out, "}\n");
}
