/*
 * `auth.keys`: who may send requests.  Of a key its SHA-256 is kept and nothing else; the copy that
 * was expanded from the file is overwritten.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define NAME_BYTES	32
#define KEY_LEAST_BYTES 16
#define KEY_MOST_BYTES	512

struct entry {
	struct config_load *load;
	const struct node *node;
	char shown[32]; /* "auth.keys[3]" */
};

static bool
is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) &&
		    memchr("_-.@", c, 4) == NULL)
			return false;
	}
	return s.n >= 1 && s.n <= NAME_BYTES;
}

static bool
names_check(const struct entry *entry, const struct config_key_draft *draft, struct err *err)
{
	const struct node *name = config_node_find(entry->node, "name");
	const struct node *tenant = config_node_find(entry->node, "tenant");

	if (name == NULL)
		return CONFIG_FAIL_NODE(
		    entry->load, entry->node, err, "%s needs a \"name\"", entry->shown);
	if (!is_name(draft->name) || slice_eq(draft->name, S("anonymous")))
		return CONFIG_FAIL_NODE(entry->load, name, err,
		    "%s.name must be 1 to 32 letters, digits, \"_\", \"-\", \".\" and \"@\", and "
		    "not \"anonymous\"",
		    entry->shown);
	if (tenant != NULL && !is_name(draft->tenant))
		return CONFIG_FAIL_NODE(entry->load, tenant, err,
		    "%s.tenant must be 1 to 32 letters, digits, \"_\", \"-\", \".\" and \"@\"",
		    entry->shown);
	return true;
}

/* The text of a key is in no error: it may have been written into the wrong place only half. */
static bool
key_check(const struct entry *entry, struct slice key, struct err *err)
{
	const struct node *node = config_node_find(entry->node, "key");

	if (node == NULL)
		return CONFIG_FAIL_NODE(
		    entry->load, entry->node, err, "%s needs a \"key\"", entry->shown);
	if (key.n < KEY_LEAST_BYTES || key.n > KEY_MOST_BYTES)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "%s.key must have %d to %d characters; `openssl rand -hex 24` makes a good one",
		    entry->shown, KEY_LEAST_BYTES, KEY_MOST_BYTES);
	for (size_t i = 0; i < key.n; i++)
		if ((unsigned char)key.p[i] <= ' ' || (unsigned char)key.p[i] >= 0x7f)
			return CONFIG_FAIL_NODE(entry->load, node, err,
			    "%s.key holds a blank, a control or a non-ASCII character",
			    entry->shown);
	return true;
}

/* Neither a name nor a key may stand there twice. */
static bool
others_check(const struct entry *entry, const struct config_key *key, struct err *err)
{
	const struct config *config = entry->load->config;

	for (size_t i = 0; i < config->keys_n; i++) {
		const struct config_key *other = &config->keys[i];

		if (slice_eq(key->name, other->name))
			return CONFIG_FAIL_NODE(entry->load, config_node_find(entry->node, "name"),
			    err, "the name \"%s\" is taken by auth.keys[%zu]: names must differ",
			    config_show(key->name).text, i);
		if (memcmp(key->digest, other->digest, SHA256_BYTES) == 0)
			return CONFIG_FAIL_NODE(entry->load, config_node_find(entry->node, "key"),
			    err, "%s has the same key as auth.keys[%zu]", entry->shown, i);
	}
	return true;
}

static bool
entry_read(struct entry *entry, struct config_key *out, struct err *err)
{
	struct config_key_draft draft = { .tenant = SLICE_NONE };
	struct config_walk walk = { .load = entry->load, .base = &draft };
	struct slice key;
	bool ok;

	if (entry->node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(entry->load, entry->node, err,
		    "%s must be a map with \"name\" and \"key\"", entry->shown);
	walk.rows = config_options(&walk.rows_n);
	ok = config_walk_map(&walk, S(CONFIG_KEYS), entry->shown, entry->node, err);
	key = secret_reveal(draft.key);
	ok = ok && names_check(entry, &draft, err) && key_check(entry, key, err);
	if (ok) {
		*out = (struct config_key){ .name = draft.name, .tenant = draft.tenant };
		sha256_bytes(key, out->digest);
		ok = others_check(entry, out, err);
	}
	if (key.p != NULL)
		explicit_bzero((void *)key.p, key.n);
	return ok;
}

bool
config_keys_read(struct config_load *load, const struct node *list, struct err *err)
{
	struct config *config = load->config;
	struct entry entry = { .load = load, .node = list->first };

	if (list->kind != NODE_LIST)
		return CONFIG_FAIL_NODE(
		    load, list, err, "auth.keys must be a list: put \"- \" before each entry");
	if (list->children == 0)
		return CONFIG_FAIL_NODE(load, list, err,
		    "auth.keys must not be empty: without keys write \"auth: none\"");
	if (list->children > CONFIG_KEYS_MAX)
		return CONFIG_FAIL_NODE(load, list, err, "more than %d keys", CONFIG_KEYS_MAX);
	if (!arena_reserve(&config->arena, list->children * sizeof(*config->keys), err))
		return false;
	config->keys = ARENA_ARRAY(&config->arena, struct config_key, list->children);
	for (size_t i = 0; entry.node != NULL; i++, entry.node = entry.node->next) {
		snprintf(entry.shown, sizeof(entry.shown), "auth.keys[%zu]", i);
		if (!entry_read(&entry, &config->keys[i], err))
			return false;
		config->keys_n++;
	}
	config->auth = AUTH_KEYS;
	return true;
}
