/*
 * The stage of `guard.plugins`: each script that has the hook is asked, in the order of their
 * priorities, until one refuses; what one has changed is what the next one sees.  One that fails
 * refuses that message, unless it is not critical.
 */
#include "guard/plugin.h"
#include "guard/stages.h"

struct plugins_entry {
	const struct config_plugin *config;
	struct plugin *plugin;
	struct slice rule; /* "plugin.NAME" */
};

struct plugins {
	struct arena arena;
	struct log *log;
	struct plugins_entry *all; /* in their order */
	size_t n;
};

bool
plugins_new(struct loop *loop, const struct config *config, struct plugins **out, struct err *err)
{
	const struct config_guard *guard = &config->guard;
	struct plugins *plugins;

	*out = NULL;
	if (guard->plugins_n == 0)
		return true;
	plugins = MEM_NEW(struct plugins);
	arena_init(&plugins->arena, NULL, MIB);
	plugins->log = loop != NULL ? loop_log(loop) : NULL;
	plugins->all = mem_new(sizeof(*plugins->all) * guard->plugins_n);
	for (; plugins->n < guard->plugins_n; plugins->n++) {
		struct plugins_entry *entry = &plugins->all[plugins->n];
		struct plugin_host host = { .loop = loop,
			.log = plugins->log,
			.reply_bytes = config->limit_message_bytes };

		entry->config = &guard->plugins[plugins->n];
		entry->rule =
		    arena_printf(&plugins->arena, "plugin.%.*s", SLICE_FMT(entry->config->name));
		if (!plugin_new(entry->config, &host, &entry->plugin, err)) {
			err_prefix(err, "guard.plugins");
			plugins_free(&plugins);
			return false;
		}
	}
	*out = plugins;
	return true;
}

void
plugins_free(struct plugins **at)
{
	struct plugins *plugins = *at;

	*at = NULL;
	if (plugins == NULL)
		return;
	for (size_t i = 0; i < plugins->n; i++)
		plugin_free(&plugins->all[i].plugin);
	mem_free(plugins->all);
	arena_fini(&plugins->arena);
	mem_free(plugins);
}

/* ---- one message ----------------------------------------------------------------------------- */

static bool
hook_of(enum guard_kind kind, enum plugin_hook *hook)
{
	static const struct {
		enum guard_kind kind;
		enum plugin_hook hook;
	} rows[] = { { GUARD_REQUEST, PLUGIN_REQUEST }, { GUARD_RESULT, PLUGIN_RESULT },
		{ GUARD_TELL, PLUGIN_NOTIFICATION }, { GUARD_DEFINITION, PLUGIN_DEFINITION } };

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].kind == kind) {
			*hook = rows[i].hook;
			return true;
		}
	return false;
}

/* It failed: the door is closed for this message, or it is as if the plugin were not there. */
static void
failure(struct look *look, const struct plugins_entry *entry, const struct err *why)
{
	struct log *log = look->guard->plugins->log;

	log_event(log, LOG_WARN, "plugin_failed", "plugin %.*s: %s; the message %s",
	    SLICE_FMT(entry->config->name), why->text,
	    entry->config->is_critical ? "is refused" : "goes on without it");
	if (entry->config->is_critical)
		look_decide(look, GUARD_DENY, entry->rule,
		    S("the plugin failed (the log says why), and it is critical"));
	else
		look_note(look, entry->rule, S("failed"));
}

static void
carry_out(struct look *look, const struct plugins_entry *entry, struct plugin_verdict *said)
{
	if (said->log.n > 0) {
		log_event(look->guard->plugins->log, LOG_INFO, "plugin_says", "plugin %.*s: %.*s",
		    SLICE_FMT(entry->config->name), SLICE_FMT(buf_view(&said->log)));
		look_note(look, entry->rule, S("log"));
	}
	if (said->says == PLUGIN_DENIES)
		look_decide_words(look, GUARD_DENY, entry->rule, &said->reason);
	else if (said->says == PLUGIN_HIDES)
		look_decide(look, GUARD_DENY, entry->rule, S("hidden"));
	else if (said->says == PLUGIN_ASKS)
		look_decide_words(look, GUARD_ASK_FIRST, entry->rule, &said->reason);
	if (said->change.n > 0) {
		look_change(look, &said->change);
		look_note(look, entry->rule, S("change"));
	}
	if (said->answer.n > 0 && look->verdict->action == GUARD_ALLOW) {
		look_answer(look, &said->answer);
		look->verdict->rule = entry->rule;
		look_note(look, entry->rule, S("answer"));
	}
}

void
plugins_look(struct look *look)
{
	struct plugins *plugins = look->guard->plugins;
	struct plugin_message message = { .subject = look->subject };

	if (plugins == NULL || !hook_of(look->kind, &message.hook))
		return;
	for (size_t i = 0;
	     i < plugins->n && look->verdict->action != GUARD_DENY && look->verdict->answer.n == 0;
	     i++) {
		struct plugins_entry *entry = &plugins->all[i];
		struct plugin_verdict said = { .says = PLUGIN_PASSES };
		struct err err = { 0 };

		if (!plugin_has(entry->plugin, message.hook) ||
		    !slice_fits(
			entry->config->server, entry->config->server_n, look->subject->server))
			continue;
		message.text = look_text(look);
		if (plugin_call(entry->plugin, &message, &said, &err))
			carry_out(look, entry, &said);
		else
			failure(look, entry, &err);
		plugin_verdict_fini(&said);
	}
}
