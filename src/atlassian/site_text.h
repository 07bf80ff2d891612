/*
 * Private to atlassian: what a site offers beside tools: resources, prompts, completions, and the
 * news of resources that clients subscribed to.
 *
 * A resource and a prompt are rows as tools are: they have arguments (the parts of the URI, those
 * of the prompt) and a run that writes the text (work->told), by means of tools, so that filters
 * and credentials hold for them too.  A site has those whose tool it offers.
 */
#ifndef ATLASSIAN_SITE_TEXT_H
#define ATLASSIAN_SITE_TEXT_H

#include "atlassian/classic.h"

/* Offered where one of both tools is; NULL: there is none. */
struct text_needs {
	const char *tool, *classic;
};
bool site_has_tool(const struct site *site, const char *tool, const char *classic);

/* ---- resources (site_resources.c) ------------------------------------------------------------ */

#define RESOURCE_PARTS_MAX 2

struct resource {
	enum config_product product;
	const char *uri; /* "{key}" is the argument of that name; none: it is a resource itself */
	struct text_needs needs;
	struct tool row;		  /* name: of the definition; its toolset is not used */
	bool (*state)(struct work *work); /* writes what changes with it; NULL: it is not watched */
};

/* The definitions of one kind as an array. */
void resources_offer(const struct site *site, enum item_kind kind, struct buf *out);
/* Whose is a URI, and its parts as raw JSON arguments, in the arena.  ERR_RESOURCE. */
MUST_CHECK bool resource_find(const struct site *site, struct slice uri, struct arena *arena,
    const struct resource **out, struct slice *arguments, struct err *err);
MUST_CHECK bool resource_read_wait(struct site *site, struct exchange *exchange, struct slice uri,
    struct reply *reply, struct err *err);

/* ---- prompts (site_prompts.c) ---------------------------------------------------------------- */

void prompts_offer(const struct site *site, struct buf *out);
/* name: of one of them, as it was offered. */
MUST_CHECK bool prompt_get_wait(struct site *site, struct exchange *exchange, struct slice name,
    struct reply *reply, struct err *err);

/* ---- completion (site_complete.c) ------------------------------------------------------------ */

MUST_CHECK bool
complete_wait(struct site *site, struct exchange *exchange, struct reply *reply, struct err *err);

/* ---- subscriptions (site_watch.c) ------------------------------------------------------------ */

/*
 * A resource that is subscribed to is asked for its state now and then, with the subscriber's own
 * credential: at first after atlassian.watch, then ever later while it stays the same.  Clients
 * with the same access share one watch.
 */
MUST_CHECK bool
watch_begin_wait(struct site *site, struct exchange *exchange, struct slice uri, struct err *err);
/* Of one subscription of the client; the last of them ends it. */
void watch_end(struct site *site, struct client *client, struct slice uri);
void watches_close(struct site *site);

/* ---- work that is not a tool's (work.c) ------------------------------------------------------ */

/*
 * Runs a row with these arguments and hands its text to put, which makes the result; what fails is
 * an error of the protocol.  owner: put's.
 */
MUST_CHECK bool work_text_wait(struct site *site, const struct tool *row, struct slice arguments,
    struct exchange *exchange, void (*put)(const struct work *work, void *owner, struct buf *out),
    void *owner, struct reply *reply, struct err *err);
/* The same with an access that is held, for nobody's exchange: the text, in the arena. */
MUST_CHECK bool work_ask_wait(struct site *site, struct access *access, const struct tool *row,
    struct slice arguments, struct arena *arena, struct slice *text, struct err *err);

#endif
