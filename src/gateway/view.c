/*
 * What a caller may not call, whatever the arguments, it is not shown, and does not find.  Where no
 * rule can hide anything all see the catalogue itself.  Else there is one view for all callers of
 * whom the rules think alike, made when the first of them asks and kept with the catalogue that it
 * is a part of: those of the shared catalogue in a small table, that of a client with sessions of
 * its own with the client.
 */
#include <string.h>

#include "gateway/hub.h"

#define VIEWS_MAX \
	64 /* of the shared catalogue; then the one that was not used for longest goes \
	    */

struct view {
	struct catalogue *whole, *part; /* NULL: a free place */
	uint64_t guard, used;
	unsigned char *class;
	size_t class_n;
};

struct views {
	struct view all[VIEWS_MAX];
	uint64_t uses;
};

static void
view_drop(struct view *view)
{
	catalogue_unref(&view->whole);
	catalogue_unref(&view->part);
	mem_free(view->class);
	*view = (struct view){ 0 };
}

struct views *
views_new(void)
{
	return MEM_NEW(struct views);
}

void
views_free(struct views **at)
{
	struct views *views = *at;

	*at = NULL;
	for (size_t i = 0; i < VIEWS_MAX; i++)
		view_drop(&views->all[i]);
	mem_free(views);
}

void
view_free(struct view **at)
{
	struct view *view = *at;

	*at = NULL;
	if (view == NULL)
		return;
	view_drop(view);
	mem_free(view);
}

/* ---- who ------------------------------------------------------------------------------------- */

static void
who_of(const struct exchange *exchange, struct guard_subject *who)
{
	*who = (struct guard_subject){ .caller = &exchange->caller,
		.client = exchange->client,
		.revision = slice_of(mcp_revision_name(exchange->revision)) };
}

/* The same of a client that sends nothing now. */
static void
who_is(const struct client *client, struct guard_subject *who)
{
	enum mcp_revision revision = MCP_NEWEST;
	struct slice name;

	*who = (struct guard_subject){ .caller = NULL };
	if (client->session != NULL) {
		who->caller = session_caller(client->session, &who->client, &revision);
	} else {
		who->caller = guest_caller(client);
		if (json_type(client->info) == JSON_OBJECT &&
		    json_find(client->info, S("name"), &name) && json_type(name) == JSON_STRING)
			who->client = (struct slice){ name.p + 1, name.n - 2 };
	}
	who->revision = slice_of(mcp_revision_name(revision));
}

/* ---- what ------------------------------------------------------------------------------------ */

struct looking {
	struct guard *guard;
	const struct guard_subject *who;
};

/* As subject_of() has it when such a thing is wanted. */
void
provider_subject(struct guard_subject *subject, enum item_kind kind,
    const struct provider *provider, const struct item *item)
{
	static const struct {
		enum guard_target target;
		enum mcp_method method;
	} rows[ITEM_KINDS] = { [ITEM_TOOL] = { GUARD_TOOL, MCP_TOOLS_CALL },
		[ITEM_PROMPT] = { GUARD_PROMPT, MCP_PROMPTS_GET },
		[ITEM_RESOURCE] = { GUARD_RESOURCE, MCP_RESOURCES_READ },
		[ITEM_TEMPLATE] = { GUARD_RESOURCE, MCP_RESOURCES_READ } };
	bool has_hints = rows[kind].target != GUARD_RESOURCE;

	subject->server = provider->name;
	subject->method = slice_of(mcp_method_row(rows[kind].method)->name);
	subject->target = rows[kind].target;
	subject->name = item->name;
	subject->is_read_only = has_hints && item->is_read_only;
	subject->is_idempotent = has_hints && item->is_idempotent;
	subject->is_destructive = !has_hints || item->is_destructive;
	subject->is_open_world = !has_hints || item->is_open_world;
}

static bool
keeps(void *ctx, enum item_kind kind, const struct catalogue_entry *entry)
{
	const struct looking *looking = ctx;
	struct guard_subject subject = *looking->who;
	struct slice rule;

	provider_subject(&subject, kind, entry->provider, entry->item);
	return guard_shows(looking->guard, &subject, &rule);
}

/* ---- which ----------------------------------------------------------------------------------- */

static bool
is_that(const struct view *view, const struct catalogue *whole, uint64_t guard,
    const unsigned char *class, size_t n)
{
	return view->whole == whole && view->guard == guard && view->class_n == n &&
	    (n == 0 || memcmp(view->class, class, n) == 0);
}

/* The place of that view, or the one that it may take. */
static struct view *
place_for(struct view *all, size_t views_n, const struct catalogue *whole, uint64_t guard,
    const unsigned char *class, size_t n)
{
	struct view *oldest = &all[0];

	for (size_t i = 0; i < views_n; i++) {
		if (is_that(&all[i], whole, guard, class, n))
			return &all[i];
		if (all[i].used < oldest->used)
			oldest = &all[i];
	}
	return oldest;
}

static struct catalogue *
part_of(struct hub *hub, struct client *client, struct catalogue *whole,
    const struct guard_subject *who)
{
	struct guard *guard = hub->now->guard;
	struct looking looking = { guard, who };
	bool is_own = client != NULL && client->has_own;
	struct views *views = hub->views;
	size_t n = guard_class_bytes(guard);
	unsigned char *class;
	struct view *view;

	if (is_own && client->own_view == NULL)
		client->own_view = MEM_NEW(struct view);
	class = mem_new(n + 1);
	guard_class(guard, who, class);
	view = place_for(is_own ? client->own_view : views->all, is_own ? 1 : VIEWS_MAX, whole,
	    guard_number(guard), class, n);
	if (is_that(view, whole, guard_number(guard), class, n)) {
		mem_free(class);
	} else {
		view_drop(view);
		*view = (struct view){ .whole = catalogue_ref(whole),
			.part = catalogue_part(
			    whole, keeps, &looking, loop_log(hub->loop), loop_memory(hub->loop)),
			.guard = guard_number(guard),
			.class = class,
			.class_n = n };
	}
	view->used = ++views->uses;
	return catalogue_ref(view->part);
}

/* What was made of another catalogue is not asked for any more. */
void
views_clean(struct views *views, const struct catalogue *now)
{
	for (size_t i = 0; i < VIEWS_MAX; i++)
		if (views->all[i].whole != now)
			view_drop(&views->all[i]);
}

struct catalogue *
view_for(struct hub *hub, const struct exchange *exchange, struct client *client)
{
	struct catalogue *whole = client_view(hub, client);
	struct guard_subject who;

	if (!guard_hides(hub->now->guard))
		return catalogue_ref(whole);
	if (exchange != NULL)
		who_of(exchange, &who);
	else
		who_is(client, &who);
	if (who.caller == NULL)
		return catalogue_ref(whole);
	return part_of(hub, client, whole, &who);
}

bool
view_hides(const struct passage *passage, enum item_kind kind, struct slice name,
    struct guard_subject *subject, struct slice *rule)
{
	struct hub *hub = passage->hub;
	const struct catalogue_entry *entry;

	if (!guard_hides(hub->now->guard))
		return false;
	entry = catalogue_find(client_view(hub, passage->client), kind, name);
	if (entry == NULL)
		return false;
	who_of(passage->exchange, subject);
	provider_subject(subject, kind, entry->provider, entry->item);
	return !guard_shows(hub->now->guard, subject, rule);
}

bool
view_hides_uri(const struct passage *passage, const struct provider *provider, struct slice uri,
    struct slice *rule)
{
	struct guard *guard = passage->hub->now->guard;
	const struct item item = { .name = uri };
	struct guard_subject subject;

	if (!guard_hides(guard))
		return false;
	who_of(passage->exchange, &subject);
	provider_subject(&subject, ITEM_RESOURCE, provider, &item);
	return !guard_shows(guard, &subject, rule);
}

bool
view_is_private(const struct hub *hub)
{
	return guard_hides(hub->now->guard) && guard_class_bytes(hub->now->guard) > 0;
}
