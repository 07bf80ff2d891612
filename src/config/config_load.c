/*
 * From a file, or a text, to a checked configuration: the search order, the tree, the walk by the
 * table, the checks.  Nothing is ever looked for in the working directory: a file there could have
 * been put by anyone, and holds commands.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/config_parts.h"

#define ARENA_BYTES   (64 * MIB) /* of one configuration, and of the tree it was read from */
#define SYSTEM_FILE   "/etc/bascule/bascule.yaml"
#define SYSTEM_STATE  "/var/lib/bascule"
#define SYSTEM_CONFIG "/etc/bascule"

static struct config *
config_new(void)
{
	struct config *config = MEM_NEW(struct config);
	const struct config_option *rows;
	size_t n;

	arena_init(&config->arena, NULL, ARENA_BYTES);
	rows = config_options(&n);
	config_value_defaults(rows, n, SLICE_NONE, config, &config->arena);
	config->audit.has_store = true;
	config->audit.store = S("audit.db");
	return config;
}

void
config_free(struct config **config)
{
	if (*config == NULL)
		return;
	arena_fini(&(*config)->arena);
	mem_free(*config);
	*config = NULL;
}

/* ---- paths from the environment -------------------------------------------------------------- */

/* An absolute path in a variable; anything else counts as not set, as the XDG rules say. */
static bool
env_dir(const struct config_load *load, struct slice name, struct slice *dir)
{
	return config_env_get(load, name, dir) && dir->n > 0 && dir->n < PATH_MAX - 256 &&
	    dir->p[0] == '/';
}

static struct slice
state_default(const struct config_load *load)
{
	struct arena *arena = &load->config->arena;
	struct slice dir, rest;

	if (env_dir(load, S("STATE_DIRECTORY"), &dir))
		return arena_printf(arena, "%.*s", SLICE_FMT(slice_cut(dir, ':', &rest)));
	if (env_dir(load, S("XDG_STATE_HOME"), &dir))
		return arena_printf(arena, "%.*s/bascule", SLICE_FMT(dir));
	if (env_dir(load, S("HOME"), &dir))
		return arena_printf(arena, "%.*s/.local/state/bascule", SLICE_FMT(dir));
	return S(SYSTEM_STATE);
}

/* The audit's key is not made where the store is. */
static struct slice
key_dir_default(const struct config_load *load)
{
	struct arena *arena = &load->config->arena;
	struct slice dir, rest;

	if (env_dir(load, S("CONFIGURATION_DIRECTORY"), &dir))
		return arena_printf(arena, "%.*s", SLICE_FMT(slice_cut(dir, ':', &rest)));
	if (env_dir(load, S("XDG_CONFIG_HOME"), &dir))
		return arena_printf(arena, "%.*s/bascule", SLICE_FMT(dir));
	if (env_dir(load, S("HOME"), &dir))
		return arena_printf(arena, "%.*s/.config/bascule", SLICE_FMT(dir));
	return S(SYSTEM_CONFIG);
}

/* What depends on the environment and was not written. */
static void
paths_default(const struct config_load *load)
{
	if (load->config->state.p == NULL)
		load->config->state = state_default(load);
	load->config->audit.key_dir = key_dir_default(load);
}

struct config *
config_default(void)
{
	struct config_load load = { .environ = (const char *const *)environ };

	load.config = config_new();
	paths_default(&load);
	return load.config;
}

/* ---- one load -------------------------------------------------------------------------------- */

void
config_name_set(struct config_load *load, const char *name)
{
	size_t n = strlen(name);

	if (n < sizeof(load->name))
		memcpy(load->name, name, n + 1);
	else
		snprintf(
		    load->name, sizeof(load->name), "...%s", name + n - (sizeof(load->name) - 4));
}

static void
file_note(struct config *config, enum config_file_kind kind, const char *path)
{
	struct config_file *file;

	if (!arena_reserve(&config->arena, sizeof(*file) + strlen(path) + 64, NULL))
		return;
	file = ARENA_NEW(&config->arena, struct config_file);
	*file =
	    (struct config_file){ config->files, kind, arena_printf(&config->arena, "%s", path) };
	config->files = file;
}

void
config_file_note(struct config_load *load, enum config_file_kind kind, const char *path)
{
	file_note(load->config, kind, path);
}

/* dir, or what stands before the last slash of file; made absolute. */
static bool
dir_set(struct config_load *load, const char *dir, size_t n, struct err *err)
{
	char cwd[512] = "";

	if (n > PATH_MAX - 600)
		return err_set(err, ERR_CONFIG, "%s: the path is too long", load->name);
	if ((n == 0 || dir[0] != '/') && getcwd(cwd, sizeof(cwd)) == NULL)
		return err_set(err, ERR_CONFIG, "the working directory: %m");
	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (cwd[0] != '\0' && n > 0)
		load->dir = arena_printf(&load->tree, "%s/%.*s", cwd, (int)n, dir);
	else if (cwd[0] != '\0')
		load->dir = arena_printf(&load->tree, "%s", cwd);
	else
		load->dir = arena_printf(&load->tree, "%.*s", n == 1 ? 0 : (int)n, dir);
	return true;
}

/* Lists, and maps of names, with readers of their own.  `upstreams` and `atlassian.sites` are read
 * after everything else: they are checked against it. */
static const struct list {
	const char *path, *key;
	bool (*read)(struct config_load *load, const struct node *list, struct err *err);
} lists[] = {
	{ "", "upstreams", NULL },
	{ "atlassian", "sites", NULL },
	{ "auth", "keys", config_keys_read },
	{ "listen.tls", "certificates", config_certificates_read },
	{ "guard", "rules", config_rules_read },
	{ "guard", "rate", config_limits_read },
	{ "guard.scan", "except", config_excepts_read },
	{ "guard", "plugins", config_plugins_read },
	{ "audit", "sinks", config_sinks_read },
	{ "agents", "runners", config_runners_read },
	{ "agents", "routes", config_routes_read },
};

static bool
root_other(struct config_walk *walk, struct slice path, const struct node *entry, bool *taken,
    struct err *err)
{
	for (size_t i = 0; i < COUNT(lists); i++) {
		if (!slice_eq(path, slice_of(lists[i].path)) ||
		    !slice_eq(entry->key, slice_of(lists[i].key)))
			continue;
		*taken = true;
		return lists[i].read == NULL || lists[i].read(walk->load, entry, err);
	}
	return config_flow_read(walk->load, path, entry, taken, err);
}

static bool
own_form_read(struct config_load *load, const struct node *root, struct err *err)
{
	struct config_upstream_form form = { 0 };
	struct config_walk walk = { .load = load, .base = load->config, .other = root_other };
	const struct node *upstreams = config_node_find(root, "upstreams"), *sites;

	walk.rows = config_options(&walk.rows_n);
	if (!config_walk_map(&walk, SLICE_NONE, "", root, err))
		return false;
	sites = config_node_find(config_node_find(root, "atlassian"), "sites");
	if (upstreams != NULL && !config_upstreams_read(load, &form, "upstreams", upstreams, err))
		return false;
	return sites == NULL || config_sites_read(load, sites, err);
}

static bool
tree_read(struct config_load *load, struct err *err)
{
	struct node *root;

	if (!config_yaml_parse(load, &root, err))
		return false;
	if (root != NULL) {
		bool is_proxy = config_node_find(root, "proxy") != NULL;

		if (!(is_proxy ? config_proxy_read : own_form_read)(load, root, err))
			return false;
	}
	paths_default(load);
	load->config->audit.is_written = root != NULL && config_node_find(root, "audit") != NULL;
	if (load->config->guard.pins.file.p == NULL && load->dir.p != NULL)
		load->config->guard.pins.file =
		    arena_printf(&load->config->arena, "%.*s/bascule.lock", SLICE_FMT(load->dir));
	if (!config_certificates_check(load, root, err) ||
	    !config_replicas_check(load, root, err) || !config_jwt_finish(load, root, err) ||
	    !config_flags_apply(load, err) || !config_atlassian_finish(load, err) ||
	    !config_agents_finish(load, root, err) ||
	    !config_check_whole(load, load->config, root, err))
		return false;
	config_rules_warn(load);
	return true;
}

/* No file: nothing but the environment. */
static bool
environment_read(struct config_load *load, struct err *err)
{
	if (!config_environment_read(load, err))
		return false;
	paths_default(load);
	return config_check_whole(NULL, load->config, NULL, err);
}

/* load has text, name, dir and environment; ends it. */
static bool
load_finish(struct config_load *load, bool has_file, struct config **out, struct err *err)
{
	bool ok;

	if (slice_starts(load->text, S("\xef\xbb\xbf")))
		load->text = (struct slice){ load->text.p + 3, load->text.n - 3 };
	load->config = config_new();
	if (has_file)
		load->config->file = arena_printf(&load->config->arena, "%s", load->name);
	ok = (has_file ? tree_read : environment_read)(load, err);
	if (ok) {
		*out = load->config;
	} else {
		/* A limit that the file passes is a fault of the file. */
		if (err != NULL && err->kind == ERR_LIMIT) {
			err_prefix(err, "%s", load->name);
			err->kind = ERR_CONFIG;
		}
		config_free(&load->config);
	}
	arena_fini(&load->tree);
	return ok;
}

bool
config_parse(struct slice text, const char *name, const char *dir, const char *const *environment,
    struct log *log, struct config **out, struct err *err)
{
	struct config_load load = { .text = text, .environ = environment, .log = log };

	*out = NULL;
	if (text.p == NULL)
		load.text = S("");
	arena_init(&load.tree, NULL, ARENA_BYTES);
	config_name_set(&load, name);
	if (!dir_set(&load, dir != NULL ? dir : "", dir != NULL ? strlen(dir) : 0, err)) {
		arena_fini(&load.tree);
		return false;
	}
	return load_finish(&load, true, out, err);
}

/* ---- the search order ------------------------------------------------------------------------ */

/* The file to read, in *path; "" where there is none. */
static bool
file_find(
    const struct config_load *load, const char *wanted, char *path, size_t size, struct err *err)
{
	struct slice named;
	int n;

	path[0] = '\0';
	if (wanted == NULL && config_env_get(load, S("BASCULE_CONFIG"), &named) && named.n > 0)
		wanted = named.p;
	if (wanted != NULL) {
		n = snprintf(path, size, "%s", wanted);
		return n >= 0 && (size_t)n < size
		    ? true
		    : err_set(err, ERR_CONFIG, "the name of the configuration file is too long");
	}
	if (env_dir(load, S("XDG_CONFIG_HOME"), &named))
		snprintf(path, size, "%.*s/bascule/bascule.yaml", SLICE_FMT(named));
	else if (env_dir(load, S("HOME"), &named))
		snprintf(path, size, "%.*s/.config/bascule/bascule.yaml", SLICE_FMT(named));
	if (path[0] != '\0' && (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
		return true;
	snprintf(path, size, "%s", SYSTEM_FILE);
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		path[0] = '\0';
	return true;
}

static bool
file_read(struct config_load *load, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

	config_name_set(load, path);
	return dir_set(load, path, n, err) &&
	    config_read_file(
		&load->tree, path, CONFIG_FILE_BYTES, CONFIG_FILE_ITSELF, &load->text, err);
}

bool
config_load(
    const struct config_source *source, struct log *log, struct config **out, struct err *err)
{
	struct config_load load = { .environ = source->environ,
		.flags = source->flags,
		.flags_n = source->flags_n,
		.log = log };
	struct timespec now;
	char path[1024];
	bool has_file, ok;

	*out = NULL;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	arena_init(&load.tree, NULL, ARENA_BYTES);
	ok = (source->env_file == NULL || config_env_read(&load, source->env_file, err)) &&
	    file_find(&load, source->file, path, sizeof(path), err);
	has_file = ok && path[0] != '\0';
	if (ok && !has_file)
		ok = dir_set(&load, "", 0, err);
	if (ok && has_file && access(path, F_OK) != 0 && errno == ENOENT)
		load.fault = CONFIG_FAULT_MISSING;
	ok = ok && (!has_file || file_read(&load, path, err));
	if (!ok)
		arena_fini(&load.tree);
	ok = ok && load_finish(&load, has_file, out, err);
	if (!ok && source->fault != NULL)
		*source->fault = load.fault;
	if (ok && has_file)
		file_note(*out, CONFIG_FILE_ITSELF, path);
	if (ok && source->env_file != NULL)
		file_note(*out, CONFIG_FILE_ENV, source->env_file);
	if (ok)
		(*out)->read_at = now;
	return ok;
}

/* ---- what a reload cannot change ------------------------------------------------------------- */

static bool
lists_equal(const char *a, const char *b, const struct config_option *option)
{
	struct slice *list_a, *list_b;
	size_t n;

	if (memcmp(a + option->offset_n, b + option->offset_n, sizeof(n)) != 0)
		return false;
	memcpy(&n, a + option->offset_n, sizeof(n));
	memcpy(&list_a, a + option->offset, sizeof(list_a));
	memcpy(&list_b, b + option->offset, sizeof(list_b));
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(list_a[i], list_b[i]))
			return false;
	return true;
}

static bool
pairs_equal(const char *a, const char *b, const struct config_option *option)
{
	const struct config_pair *pairs_a, *pairs_b;
	size_t n_a, n_b;

	memcpy(&pairs_a, a + option->offset, sizeof(pairs_a));
	memcpy(&pairs_b, b + option->offset, sizeof(pairs_b));
	memcpy(&n_a, a + option->offset_n, sizeof(n_a));
	memcpy(&n_b, b + option->offset_n, sizeof(n_b));
	for (size_t i = 0; n_a == n_b && i < n_a; i++)
		if (!slice_eq(pairs_a[i].name, pairs_b[i].name) ||
		    !slice_eq(secret_reveal(pairs_a[i].value), secret_reveal(pairs_b[i].value)))
			return false;
	return n_a == n_b;
}

static bool
options_equal(
    const struct config *before, const struct config *after, const struct config_option *option)
{
	const char *a = (const char *)before, *b = (const char *)after;
	struct slice text_a, text_b;

	switch (option->type) {
	case OPTION_BOOL:
		return memcmp(a + option->offset, b + option->offset, sizeof(bool)) == 0;
	case OPTION_WORD:
		return memcmp(a + option->offset, b + option->offset, sizeof(unsigned)) == 0;
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_SECRET:
		memcpy(&text_a, a + option->offset, sizeof(text_a));
		memcpy(&text_b, b + option->offset, sizeof(text_b));
		return slice_eq(text_a, text_b);
	case OPTION_LIST:
	case OPTION_ONE_OR_LIST:
		return lists_equal(a, b, option);
	case OPTION_PAIRS:
		return pairs_equal(a, b, option);
	default:
		return memcmp(a + option->offset, b + option->offset, sizeof(uint64_t)) == 0;
	}
}

bool
config_needs_restart(const struct config *before, const struct config *after, struct buf *names)
{
	const struct config_option *rows;
	size_t n, found = 0;

	rows = config_options(&n);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].reloadable || options_equal(before, after, &rows[i]))
			continue;
		buf_puts(names, found++ > 0 ? ", " : "");
		buf_puts(names, rows[i].path);
	}
	return found > 0;
}
