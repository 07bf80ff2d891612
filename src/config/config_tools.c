/*
 * `upstreams[].tools`: which tools of a server are offered, and how.  Rules speak of tools by the
 * names their server gives them.  What can be known to be wrong without asking the server is said
 * here; names that it does not have are a warning once its list is there.
 */
#include <string.h>

#include "config/config_parts.h"

#define TOOL_NAME_BYTES	  256
#define DESCRIPTION_BYTES (16 * KIB)
#define SEAL_KEY_BYTES	  16

/* What others must not guess. */
static bool
secret_check(struct config_load *load, const struct node *node, struct slice value,
    const char *name, struct err *err)
{
	return value.n >= SEAL_KEY_BYTES ||
	    CONFIG_FAIL_NODE(load, node, err,
		"%s must have at least %d characters: make one with "
		"\"head -c 32 /dev/urandom | base64\"",
		name, SEAL_KEY_BYTES);
}

bool
config_check_seal_key(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return secret_check(load, node, *value, "seal_key", err);
}

bool
config_check_audit_key(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return secret_check(load, node, *value, "audit.key", err);
}

/* Says what is wrong with a name or a pattern of names; NULL: nothing. */
static const char *
name_fault(struct slice name)
{
	if (name.n == 0)
		return "is empty";
	if (name.n > TOOL_NAME_BYTES)
		return "is longer than 256 bytes";
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return "holds a control character";
	return NULL;
}

bool
config_check_glob(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	const char *fault = name_fault(*value);

	if (fault != NULL)
		return CONFIG_FAIL_NODE(
		    load, node, err, "the pattern \"%s\" %s", config_show(node->text).text, fault);
	return true;
}

static bool
key_check(struct config_load *load, const struct node *node, struct err *err)
{
	const char *fault = name_fault(node->key);

	if (fault != NULL)
		return CONFIG_FAIL_KEY(
		    load, node, err, "the tool name \"%s\" %s", config_show(node->key).text, fault);
	return true;
}

bool
config_check_tool(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	const char *fault = name_fault(*value);

	if (!key_check(load, node, err))
		return false;
	if (fault != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "the tool name \"%s\" %s",
		    config_show(node->text).text, fault);
	if (slice_eq(*value, node->key))
		return CONFIG_FAIL_NODE(load, node, err,
		    "the tool \"%s\" is renamed to itself: leave it out",
		    config_show(node->key).text);
	return true;
}

bool
config_check_described(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (!key_check(load, node, err))
		return false;
	if (value->n > DESCRIPTION_BYTES)
		return CONFIG_FAIL_NODE(load, node, err,
		    "the description of \"%s\" is longer than %zu KiB", config_show(node->key).text,
		    DESCRIPTION_BYTES / KIB);
	return true;
}

/* ---- against each other ---------------------------------------------------------------------- */

static const struct node *
list_of(const struct node *upstream, const char *key)
{
	return config_node_find(config_node_find(upstream, "tools"), key);
}

static bool
twice_check(struct config_load *load, const struct node *list, const struct slice *globs, size_t n,
    struct err *err)
{
	const struct node *node = list != NULL ? list->first : NULL;

	for (size_t i = 0; i < n; i++, node = node->next)
		for (size_t k = 0; k < i; k++)
			if (slice_eq(globs[i], globs[k]))
				return CONFIG_FAIL_NODE(load, node, err,
				    "the pattern \"%s\" stands there twice",
				    config_show(globs[i]).text);
	return true;
}

static bool
pairs_have(const struct config_pair *pairs, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(pairs[i].name, name))
			return true;
	return false;
}

/* Does another rule say that the server has a tool of that name, which is offered under it? */
static bool
is_kept(const struct config_tools *tools, struct slice name)
{
	bool is_named = pairs_have(tools->describe, tools->describe_n, name);

	if (slice_globs(tools->deny, tools->deny_n, name))
		return false;
	for (size_t i = 0; i < tools->allow_n; i++)
		is_named |= slice_eq(tools->allow[i], name); /* no pattern then */
	return is_named && !pairs_have(tools->rename, tools->rename_n, name);
}

static bool
rename_check(struct config_load *load, const struct config_tools *tools, const struct node *list,
    struct err *err)
{
	const struct node *node = list != NULL ? list->first : NULL;

	for (size_t i = 0; i < tools->rename_n; i++, node = node->next) {
		struct slice name = secret_reveal(tools->rename[i].value);

		for (size_t k = 0; k < i; k++)
			if (slice_eq(name, secret_reveal(tools->rename[k].value)))
				return CONFIG_FAIL_NODE(load, node, err,
				    "\"%s\" and \"%s\" are both renamed to \"%s\"",
				    config_show(tools->rename[k].name).text,
				    config_show(tools->rename[i].name).text,
				    config_show(name).text);
		if (is_kept(tools, name))
			return CONFIG_FAIL_NODE(load, node, err,
			    "\"%s\" is renamed to \"%s\", which another rule knows as a tool that "
			    "keeps its name",
			    config_show(tools->rename[i].name).text, config_show(name).text);
	}
	return true;
}

bool
config_tools_check(struct config_load *load, const struct config_tools *tools,
    const struct node *upstream, struct err *err)
{
	return twice_check(load, list_of(upstream, "allow"), tools->allow, tools->allow_n, err) &&
	    twice_check(load, list_of(upstream, "deny"), tools->deny, tools->deny_n, err) &&
	    rename_check(load, tools, list_of(upstream, "rename"), err);
}
