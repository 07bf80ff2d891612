/*
 * Who has it?  Names and URIs are looked up in the view of the client; one that is not there may be
 * of a server that is still starting, or down: then that server, and no other, is waited for, or
 * its trouble is the answer.
 */
#include <string.h>

#include "gateway/hub.h"

#define SHOWN 128 /* bytes of a client's text in an error */

static int
shown(struct slice text)
{
	return (int)(text.n > SHOWN ? SHOWN : text.n);
}

void
route_to(struct passage *passage, struct provider *provider)
{
	struct provider *before = passage->provider;

	passage->provider = provider_ref(provider);
	provider_unref(&before);
}

void
route_view(struct passage *passage)
{
	catalogue_unref(&passage->catalogue);
	passage->catalogue = view_for(passage->hub, passage->exchange, passage->client);
}

/* Of a tool by another name that a provider takes for it, where nobody has it under that one. */
static const struct catalogue_entry *
look_up_alias(const struct passage *passage)
{
	const struct gateway *gateway = passage->hub->now;
	const struct catalogue_entry *entry = NULL;

	for (size_t i = 0; entry == NULL && i < gateway->providers_n; i++) {
		const struct provider *p = gateway->providers[i];
		struct slice name =
		    p->ops->alias != NULL ? p->ops->alias(p, passage->name) : SLICE_NONE;

		if (name.p != NULL)
			entry = catalogue_find(passage->catalogue, ITEM_TOOL, name);
	}
	return entry;
}

static const struct catalogue_entry *
look_up(struct passage *passage, enum item_kind kind)
{
	const struct catalogue_entry *entry;

	route_view(passage);
	entry = catalogue_find(passage->catalogue, kind, passage->name);
	return entry != NULL || kind != ITEM_TOOL ? entry : look_up_alias(passage);
}

/* What the guard hides is refused by the rule that hid it, also to who knows its name. */
static bool
is_hidden(struct passage *passage, enum item_kind kind, struct reply *reply)
{
	const struct catalogue_hidden *hidden =
	    catalogue_find_hidden(passage->catalogue, kind, passage->name);

	if (hidden == NULL)
		return false;
	reply->server = hidden->provider->name;
	reply->rule = hidden->rule;
	crossing_denied(passage->exchange, hidden->provider->name, passage->name, hidden->rule);
	err_set(&reply->err, ERR_REFUSED, "%.*s of %.*s is hidden by rule %.*s%s%.*s",
	    SLICE_FMT(item_kind_row(kind)->one), SLICE_FMT(hidden->provider->name),
	    SLICE_FMT(hidden->rule), hidden->reason.n > 0 ? ": " : "", SLICE_FMT(hidden->reason));
	return true;
}

static bool
is_as_is(const struct config_tools *rules)
{
	return rules->allow_n + rules->deny_n + rules->rename_n + rules->describe_n == 0;
}

struct provider *
route_transparent(const struct passage *passage)
{
	const struct gateway *gateway = passage->gateway;

	if (passage->client == NULL || !passage->client->has_own || gateway->providers_n != 1 ||
	    gateway->providers[0]->ops->links == NULL || !is_as_is(gateway->rules[0]) ||
	    gateway->names.prefix == PREFIX_ALWAYS)
		return NULL;
	return gateway->providers[0];
}

/*
 * Whose could a name that is not in the catalogue be?  As the catalogue is: by what is configured
 * now, not by what was when the request came.  NULL: nobody's, err says so.
 */
static struct provider *
owner_of(struct passage *passage, enum item_kind kind, struct err *err)
{
	const struct gateway *gateway = passage->hub->now;
	const struct names *names = &gateway->names;
	const struct item_kind_row *row = item_kind_row(kind);
	bool prefixed =
	    names->prefix == PREFIX_ALWAYS || (names->prefix == PREFIX_AUTO && names->many);
	struct slice name = passage->name, server = name;

	if (!prefixed && gateway->providers_n == 1)
		return gateway->providers[0];
	for (size_t i = 0; i + names->separator.n <= name.n && prefixed; i++) {
		if (memcmp(name.p + i, names->separator.p, names->separator.n) != 0)
			continue;
		server.n = i;
		for (size_t k = 0; k < gateway->providers_n; k++) {
			if (slice_eq(gateway->providers[k]->name, server))
				return gateway->providers[k];
		}
		err_set(err, ERR_UNKNOWN_SERVER, "no server \"%.*s\" for %.*s \"%.*s\"",
		    (int)(server.n > 64 ? 64 : server.n), server.p, SLICE_FMT(row->one),
		    (int)(name.n > 80 ? 80 : name.n), name.p);
		return NULL;
	}
	err_set(err, ERR_PARAMS, "unknown %.*s \"%.*s\"", SLICE_FMT(row->one), shown(name), name.p);
	return NULL;
}

/* As it is said of every name that its owner does not have. */
static bool
say_none(const struct passage *passage, enum item_kind kind, const struct provider *owner,
    struct reply *reply)
{
	reply->server = owner->name;
	return err_set(&reply->err, ERR_PARAMS, "%.*s has no %.*s \"%.*s\"", SLICE_FMT(owner->name),
	    SLICE_FMT(item_kind_row(kind)->one), shown(passage->name), passage->name.p);
}

/* What this caller may not call is unknown to it, like any other name; the ledger and the counts
 * know better. */
static bool
is_not_shown(struct passage *passage, enum item_kind kind, struct reply *reply)
{
	struct guard_subject subject;
	struct provider *owner;
	struct slice rule;

	if (!view_hides(passage, kind, passage->name, &subject, &rule))
		return false;
	crossing_denied(passage->exchange, subject.server, subject.name, rule);
	owner = owner_of(passage, kind, &reply->err);
	if (owner != NULL)
		(void)say_none(passage, kind, owner, reply);
	passage->is_not_shown = true;
	return true;
}

/* A name that tells no server may be of any that is still starting: the first to have it. */
static const struct catalogue_entry *
appears_wait(struct passage *passage, enum item_kind kind, struct reply *reply)
{
	const struct catalogue_entry *entry = NULL;
	bool is_over = false;
	struct err err = { 0 };

	while (entry == NULL && !is_over) {
		if (!hub_starting_wait(passage->hub, passage->client,
			client_from_ms(passage->hub, passage->client), &is_over, &err)) {
			reply->err = err;
			return NULL;
		}
		entry = look_up(passage, kind);
	}
	if (entry != NULL)
		reply->err = (struct err){ 0 };
	else
		(void)(is_hidden(passage, kind, reply) || is_not_shown(passage, kind, reply));
	return entry;
}

static bool
is_configured(const struct gateway *gateway, const struct provider *provider)
{
	size_t i = 0;

	while (i < gateway->providers_n && gateway->providers[i] != provider)
		i++;
	return i < gateway->providers_n;
}

/*
 * Waits until passage->provider has listed what it has.  True: the name is to be looked up again;
 * false: it has none of that name, or cannot be reached, and reply->err says so.
 */
static bool
owner_lists_wait(struct passage *passage, enum item_kind kind, struct reply *reply)
{
	struct provider *provider = passage->provider;
	struct offer *offer = provider->ops->list_wait(provider, passage->client, &reply->err);
	bool is_over = reply->err.kind == ERR_CANCELLED || reply->err.kind == ERR_DEADLINE;

	if (offer == NULL)
		return !is_over && !is_configured(passage->hub->now, provider);
	offer_unref(&offer);
	if (!is_configured(passage->hub->now, provider) || look_up(passage, kind) != NULL)
		return true;
	if (is_hidden(passage, kind, reply) || is_not_shown(passage, kind, reply))
		return false;
	return say_none(passage, kind, provider, reply);
}

/* A reload meanwhile puts another in the place of who was waited for: then that is waited for. */
const struct catalogue_entry *
route_wait(struct passage *passage, enum item_kind kind, struct reply *reply)
{
	const struct catalogue_entry *entry;
	struct provider *provider;

	while ((entry = look_up(passage, kind)) == NULL) {
		if (is_hidden(passage, kind, reply) || is_not_shown(passage, kind, reply))
			return NULL;
		provider = owner_of(passage, kind, &reply->err);
		if (provider == NULL)
			return appears_wait(passage, kind, reply);
		route_to(passage, provider);
		reply->server = provider->name;
		if (!owner_lists_wait(passage, kind, reply))
			return NULL;
		reply->err = (struct err){ 0 };
	}
	return entry;
}

/*
 * Exact, then templates, then what was seen in results, then the server that the URI names, or the
 * only one with resources.
 */
static struct provider *
uri_owner(struct passage *passage, struct slice *own, bool *is_guess)
{
	struct uri_route route;
	struct provider *seen;
	bool is_found;

	route_view(passage);
	*own = passage->name;
	*is_guess = false;
	is_found = catalogue_route_uri(passage->catalogue, passage->name, &route);
	if (!is_found || route.entry == NULL) {
		seen = index_find(passage->hub->uris, passage->name);
		if (seen != NULL)
			return seen;
	}
	if (!is_found)
		return NULL;
	*own = route.uri;
	*is_guess = route.how == URI_ONLY;
	return route.provider;
}

bool
route_uri_wait(struct passage *passage, struct slice *own, struct reply *reply)
{
	struct slice rule;
	bool is_over = false, is_guess;
	struct provider *provider = uri_owner(passage, own, &is_guess);

	/* The only one that has resources now need not be when all have come. */
	while ((provider == NULL || is_guess) && !is_over) {
		if (!hub_starting_wait(passage->hub, passage->client,
			client_from_ms(passage->hub, passage->client), &is_over, &reply->err))
			return false;
		provider = uri_owner(passage, own, &is_guess);
	}
	if (is_hidden(passage, ITEM_RESOURCE, reply))
		return false;
	if (provider == NULL)
		provider = route_transparent(passage);
	if (provider != NULL && view_hides_uri(passage, provider, *own, &rule)) {
		crossing_denied(passage->exchange, provider->name, *own, rule);
		passage->is_not_shown = true;
		provider = NULL;
	}
	if (provider == NULL) {
		reply->uri = passage->name;
		return err_set(&reply->err, ERR_RESOURCE, "no server has resource \"%.*s\"",
		    shown(passage->name), passage->name.p);
	}
	route_to(passage, provider);
	reply->server = provider->name;
	return true;
}
