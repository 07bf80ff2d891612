/*
 * `agents`: runners, and what the section says as a whole.
 *
 * A runner is read from the farthest that it extends to itself, onto one draft: what a nearer one
 * writes stands, and so the options of `isolate` are merged one by one.  What nobody wrote gets the
 * default at the end.
 */
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define NAME_BYTES   32
#define PREFIX_BYTES 16
#define RATE_MOST    ((uint64_t)1000000000)
#define BUDGET_MOST  ((uint64_t)1000000000000) /* dollars, tokens */
#define CPU_MOST     100000		       /* percent */

static const struct slice cwd_word = { "{cwd}", 5 };

struct entry {
	struct config_load *load;
	const struct node *runners;		      /* the map of all */
	const struct node *chain[CONFIG_EXTENDS_MAX]; /* itself, then what it extends */
	size_t chain_n;
	struct config_runner_draft draft;
};

/* ---- single texts ---------------------------------------------------------------------------- */

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool
config_is_agent_name(struct slice name)
{
	bool ok = name.n >= 1 && name.n <= NAME_BYTES;

	for (size_t i = 0; ok && i < name.n; i++)
		ok = is_alnum(name.p[i]) || name.p[i] == '_' || name.p[i] == '-';
	return ok;
}

bool
config_check_agents_prefix(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n >= 1 && value->n <= PREFIX_BYTES;

	for (size_t i = 0; ok && i < value->n; i++)
		ok = is_alnum(value->p[i]) || value->p[i] == '_';
	if (!ok)
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" is no prefix: 1 to %d letters, digits and \"_\"",
		    config_show(node->text).text, PREFIX_BYTES);
	if (slice_eq_nocase(*value, S("jira")) || slice_eq_nocase(*value, S("confluence")))
		return CONFIG_FAIL_NODE(load, node, err,
		    "the prefix \"%s\" is that of the tools of a site: take another",
		    config_show(node->text).text);
	return true;
}

static const char *const dedup_words[] = { "caller", "request_id", "sha256(arguments)" };

bool
config_check_dedup(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	for (size_t i = 0; i < COUNT(dedup_words); i++)
		if (slice_eq(*value, slice_of(dedup_words[i])))
			return true;
	return CONFIG_FAIL_NODE(load, node, err,
	    "\"%s\" is no part of a key: it is [caller, request_id, sha256(arguments)]",
	    config_show(node->text).text);
}

bool
config_check_env_name(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool ok = value->n > 0;

	for (size_t i = 0; ok && i < value->n; i++)
		ok = (unsigned char)value->p[i] > ' ' && value->p[i] != '=' && value->p[i] != 0x7f;
	return ok ||
	    CONFIG_FAIL_NODE(load, node, err,
		"\"%s\" cannot name a variable: a value stands under \"set\"",
		config_show(node->text).text);
}

bool
config_check_root(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (memchr(value->p, '\0', value->n) != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "the path holds a NUL");
	return config_path_absolute(load, node, value, err);
}

/* *is_cwd: it is {cwd}, and stays as it is.  A folder below that can be had by none of these. */
static bool
cwd_look(struct config_load *load, const struct node *node, struct slice value, bool *is_cwd,
    struct err *err)
{
	*is_cwd = slice_eq(value, cwd_word);
	if (!*is_cwd && memchr(value.p, '{', value.n) != NULL)
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" is no path: of placeholders only \"{cwd}\" can be one, and alone",
		    config_show(node->text).text);
	return true;
}

bool
config_check_run_written(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool is_cwd;

	return cwd_look(load, node, *value, &is_cwd, err) &&
	    (is_cwd || config_check_written(load, node, value, err));
}

bool
config_check_run_seen(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	bool is_cwd;

	return cwd_look(load, node, *value, &is_cwd, err) &&
	    (is_cwd || config_check_seen(load, node, value, err));
}

/* ---- what a runner extends ------------------------------------------------------------------- */

bool
config_runner_unknown(
    struct config_load *load, const struct node *map, const struct node *node, struct err *err)
{
	struct slice nearest = SLICE_NONE;
	unsigned best = node->text.n / 2 < 4 ? (unsigned)node->text.n / 2 + 1 : 5;

	for (const struct node *at = map != NULL ? map->first : NULL; at != NULL; at = at->next) {
		unsigned distance = slice_distance(at->key, node->text);

		if (distance < best) {
			best = distance;
			nearest = at->key;
		}
	}
	if (nearest.p != NULL)
		return CONFIG_FAIL_NODE(load, node, err,
		    "no runner is called \"%s\" (did you mean \"%s\"?)",
		    config_show(node->text).text, config_show(nearest).text);
	return CONFIG_FAIL_NODE(load, node, err,
	    "no runner is called \"%s\": name one of \"agents.runners\"",
	    config_show(node->text).text);
}

/* Puts what the last of the chain extends behind it; *more false: nothing. */
MUST_CHECK static bool
chain_grow(struct entry *entry, bool *more, struct err *err)
{
	const struct node *last = entry->chain[entry->chain_n - 1];
	const struct node *extends = config_node_find(last, "extends"), *at;
	struct slice name;

	*more = false;
	if (extends == NULL || extends->kind != NODE_TEXT || config_node_is_null(extends))
		return true; /* the walk says what is wrong with it */
	if (!config_expand(entry->load, extends, &name, err))
		return false;
	for (at = entry->runners->first; at != NULL && !slice_eq(at->key, name);)
		at = at->next;
	if (at == NULL)
		return config_runner_unknown(entry->load, entry->runners, extends, err);
	for (size_t i = 0; i < entry->chain_n; i++)
		if (entry->chain[i] == at)
			return CONFIG_FAIL_NODE(entry->load, extends, err,
			    "the runner \"%s\" extends itself%s", config_show(at->key).text,
			    entry->chain_n > 1 ? ", by way of others" : "");
	if (entry->chain_n == CONFIG_EXTENDS_MAX)
		return CONFIG_FAIL_NODE(entry->load, extends, err,
		    "more than %d runners extend each other", CONFIG_EXTENDS_MAX);
	entry->chain[entry->chain_n++] = at;
	*more = true;
	return true;
}

/* ---- one runner ------------------------------------------------------------------------------ */

/* A placeholder without its quotes is a map to YAML. */
MUST_CHECK static bool
braces_check(struct config_load *load, const struct node *node, struct err *err)
{
	const struct node *at = node != NULL && node->kind == NODE_LIST ? node->first : node;

	for (; at != NULL; at = at == node ? NULL : at->next)
		if (at->kind == NODE_MAP)
			return CONFIG_FAIL_NODE(load, at, err,
			    "a placeholder needs quotes: write \"{task}\", with them");
	return true;
}

/* All but the folder as by default: what was merged so far does not count any more. */
static void
isolation_reset(struct entry *entry)
{
	struct config_runner_draft fresh = { .off = 0 };
	const struct config_option *rows;
	size_t n;

	rows = config_options(&n);
	config_value_defaults(rows, n, S(CONFIG_RUNNERS), &fresh, &entry->load->config->arena);
	entry->draft.runner.isolate = fresh.runner.isolate;
	entry->draft.cpu = SLICE_NONE;
}

/* What one of the chain writes, onto the draft. */
MUST_CHECK static bool
level_read(struct entry *entry, const struct node *node, struct err *err)
{
	struct config_load *load = entry->load;
	struct config_runner_draft *draft = &entry->draft;
	struct config_walk walk = { .load = load, .base = draft };
	const struct node *command, *isolate, *input;
	char shown[80];

	snprintf(shown, sizeof(shown), "agents.runners.%s", config_show(node->key).text);
	if (node->kind != NODE_MAP)
		return CONFIG_FAIL_NODE(
		    load, node, err, "%s must be a map with \"command\"", shown);
	command = config_node_find(node, "command");
	input = config_node_find(node, "stdin");
	isolate = config_node_find(node, "isolate");
	if (isolate != NULL && isolate->kind == NODE_MAP)
		draft->off = 0;
	walk.rows = config_options(&walk.rows_n);
	if (!braces_check(load, command, err) || !braces_check(load, input, err) ||
	    !config_walk_map(&walk, S(CONFIG_RUNNERS), shown, node, err))
		return false;
	if (isolate != NULL && isolate->kind == NODE_TEXT)
		isolation_reset(entry);
	if (command != NULL && !config_command_check(load, shown, command, &draft->runner, err))
		return false;
	return input == NULL || config_placeholders_check(load, input, draft->runner.input, err);
}

/* Where an option of `isolate` is written: the nearest of the chain; NULL: nowhere. */
static const struct node *
isolate_find(const struct entry *entry, const char *key)
{
	const struct node *node = NULL;

	for (size_t i = 0; i < entry->chain_n && node == NULL; i++)
		node = config_node_find(config_node_find(entry->chain[i], "isolate"), key);
	return node;
}

/* "50%" */
MUST_CHECK static bool
cpu_read(struct entry *entry, struct err *err)
{
	struct slice text = entry->draft.cpu, number = text;
	uint64_t *percent = &entry->draft.runner.cpu_percent;
	const struct node *node = isolate_find(entry, "cpu");

	*percent = 0;
	if (text.p == NULL || node == NULL)
		return true;
	if (slice_ends(text, S("%")))
		number.n--;
	if (number.n == text.n || !slice_to_u64(number, CPU_MOST, percent) || *percent == 0)
		return CONFIG_FAIL_NODE(entry->load, node, err,
		    "\"%s\" is no share of a processor: write such as 50%%, or 200%% for two of them",
		    config_show(node->text).text);
	return true;
}

static bool
has_cwd(const struct slice *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(list[i], cwd_word))
			return true;
	return false;
}

/* The list without {cwd}, and with it at its end if it is wanted there. */
MUST_CHECK static bool
cwd_put(struct config_load *load, struct slice **list, size_t *n, bool is_wanted, struct err *err)
{
	struct slice *made;
	size_t made_n = 0;

	if (!arena_reserve(&load->config->arena, (*n + 1) * sizeof(*made), err))
		return false;
	made = ARENA_ARRAY(&load->config->arena, struct slice, *n + 1);
	for (size_t i = 0; i < *n; i++)
		if (!slice_eq((*list)[i], cwd_word))
			made[made_n++] = (*list)[i];
	if (is_wanted)
		made[made_n++] = cwd_word;
	*list = made;
	*n = made_n;
	return true;
}

/* {cwd} is always seen; with shared-ro it is not written, also where an extended runner says so. */
MUST_CHECK static bool
folder_finish(struct entry *entry, const struct node *isolate, struct err *err)
{
	struct config_runner *runner = &entry->draft.runner;
	struct config_isolation *set = &runner->isolate;
	bool is_shared = runner->folder == FOLDER_SHARED_RO;
	const struct node *write = config_node_find(isolate, "write");
	bool is_written = set->write == NULL || has_cwd(set->write, set->write_n);

	if (is_shared && write != NULL && is_written)
		return CONFIG_FAIL_NODE(entry->load, write, err,
		    "with \"cwd: shared-ro\" the folder is not written: leave {cwd} out, or take "
		    "\"cwd: shared\"");
	is_written = is_written && !is_shared;
	return cwd_put(entry->load, &set->write, &set->write_n, is_written, err) &&
	    cwd_put(entry->load, &set->read, &set->read_n, !is_written, err);
}

MUST_CHECK static bool
isolation_finish(struct entry *entry, struct err *err)
{
	struct config_runner *runner = &entry->draft.runner;
	const struct node *node = entry->chain[0];
	const struct node *isolate = config_node_find(node, "isolate");

	if (isolate != NULL && isolate->kind != NODE_MAP)
		isolate = NULL;
	if (entry->draft.off != 0) {
		runner->isolate = (struct config_isolation){ .is_on = false };
		runner->cpu_percent = 0;
		return true;
	}
	return config_isolation_of_runner(
		   entry->load, node, isolate_find(entry, "net"), &runner->isolate, err) &&
	    folder_finish(entry, isolate, err) && cpu_read(entry, err);
}

static void
env_finish(struct config_runner *runner, struct arena *arena)
{
	static const char *const names[] = { "PATH", "HOME", "LANG", "TZ" };

	if (runner->env_allow != NULL)
		return;
	runner->env_allow = ARENA_ARRAY(arena, struct slice, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		runner->env_allow[i] = slice_of(names[i]);
	runner->env_allow_n = COUNT(names);
}

MUST_CHECK static bool
digest_make(struct config_runner *runner, struct err *err)
{
	struct slice text;
	struct buf buf;
	bool ok;

	buf_init(&buf, NULL, 64 * MIB);
	buf_printf(&buf, "%d %llu %llu %llu %d %llu %d;", (int)runner->parse,
	    (unsigned long long)runner->timeout_ms, (unsigned long long)runner->idle_ms,
	    (unsigned long long)runner->grace_ms, (int)runner->folder,
	    (unsigned long long)runner->cpu_percent, runner->isolate.is_on);
	config_digest_put_list(&buf, runner->command, runner->command_n);
	config_digest_put(&buf, runner->input);
	config_digest_put_list(&buf, runner->env_allow, runner->env_allow_n);
	config_digest_put_pairs(&buf, runner->env, runner->env_n);
	config_digest_put(&buf, runner->dir);
	config_digest_put_list(&buf, runner->roots, runner->roots_n);
	config_isolation_digest(&buf, &runner->isolate);
	ok = buf_check(&buf, err);
	text = buf_view(&buf);
	if (ok)
		sha256_hex(&text, 1, runner->digest);
	buf_fini(&buf);
	return ok;
}

MUST_CHECK static bool
runner_read(struct entry *entry, const struct node *node, struct err *err)
{
	struct config_runner *runner = &entry->draft.runner;
	struct config_load *load = entry->load;
	const struct config_option *rows;
	bool more = true;
	size_t n;

	if (!config_is_agent_name(node->key))
		return CONFIG_FAIL_KEY(load, node, err,
		    "\"%s\" is no name of a runner: 1 to %d letters, digits, \"_\" and \"-\"",
		    config_show(node->key).text, NAME_BYTES);
	entry->draft = (struct config_runner_draft){ .off = 0 };
	rows = config_options(&n);
	config_value_defaults(rows, n, S(CONFIG_RUNNERS), &entry->draft, &load->config->arena);
	entry->chain[0] = node;
	entry->chain_n = 1;
	while (more)
		if (!chain_grow(entry, &more, err))
			return false;
	for (size_t i = entry->chain_n; i-- > 0;)
		if (!level_read(entry, entry->chain[i], err))
			return false;
	if (runner->command_n == 0)
		return CONFIG_FAIL_KEY(load, node, err,
		    "agents.runners.%s needs a \"command\", or a runner that it \"extends\"",
		    config_show(node->key).text);
	runner->line = node->key_line;
	env_finish(runner, &load->config->arena);
	return config_dup(load, node->key, &runner->name, err) && isolation_finish(entry, err) &&
	    digest_make(runner, err);
}

bool
config_runners_read(struct config_load *load, const struct node *map, struct err *err)
{
	struct config_agents *agents = &load->config->agents;
	struct entry entry = { .load = load, .runners = map };

	if (config_node_is_null(map))
		return true;
	if (map->kind != NODE_MAP || map->children > CONFIG_RUNNERS_MAX)
		return CONFIG_FAIL_NODE(load, map, err,
		    "agents.runners must be a map of names and at most %d runners",
		    CONFIG_RUNNERS_MAX);
	if (!arena_reserve(
		&load->config->arena, (map->children + 1) * sizeof(*agents->runners), err))
		return false;
	agents->runners =
	    ARENA_ARRAY(&load->config->arena, struct config_runner, map->children + 1);
	for (const struct node *at = map->first; at != NULL; at = at->next) {
		if (!runner_read(&entry, at, err))
			return false;
		agents->runners[agents->runners_n++] = entry.draft.runner;
		config_runner_warn(load, &entry.draft.runner);
	}
	return true;
}

const struct config_runner *
config_runner_find(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->agents.runners_n; i++)
		if (slice_eq(config->agents.runners[i].name, name))
			return &config->agents.runners[i];
	return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

MUST_CHECK static bool
rate_finish(struct config_load *load, const struct node *agents, struct err *err)
{
	const struct node *node = config_node_find(config_node_find(agents, "limits"), "rate");
	struct config_rate *rate = &load->config->agents.rate;
	struct slice text = rate->text;
	struct err why = { 0 };

	*rate = (struct config_rate){ .text = text };
	if (slice_eq(text, S("off")))
		return true;
	if (config_rate_read(text, false, rate, &why) && rate->n >= 1 && rate->n <= RATE_MOST &&
	    rate->window_ms >= 1 && rate->window_ms <= DAY_MS)
		return true;
	return CONFIG_FAIL_NODE(load, node != NULL ? node : agents, err,
	    "agents.limits.rate: \"%s\" is no rate: write such as 10/60s, of at most 1d, or off",
	    config_show(node != NULL ? node->text : text).text);
}

MUST_CHECK static bool
budget_finish(struct config_load *load, const struct node *agents, const char *key,
    unsigned decimals, struct config_rate *budget, struct err *err)
{
	const struct node *node = config_node_find(config_node_find(agents, "limits"), key);
	struct slice text = budget->text, day, n = slice_cut(text, '/', &day);

	*budget = (struct config_rate){ .text = text, .window_ms = DAY_MS };
	if (slice_eq(text, S("off")))
		return true;
	if ((slice_eq(day, S("d")) || slice_eq(day, S("1d"))) &&
	    config_decimal(n, decimals, BUDGET_MOST, &budget->n) && budget->n > 0)
		return true;
	return CONFIG_FAIL_NODE(load, node != NULL ? node : agents, err,
	    "agents.limits.%s: \"%s\" is no budget: write such as %s, more than 0, or off", key,
	    config_show(text).text, decimals > 0 ? "20.00/d" : "5000000/d");
}

MUST_CHECK static bool
dedup_finish(struct config_load *load, const struct node *agents, struct err *err)
{
	const struct config_agents *set = &load->config->agents;
	const struct node *node = config_node_find(config_node_find(agents, "dedup"), "key");
	bool ok = set->dedup_key == NULL || set->dedup_key_n == COUNT(dedup_words);

	for (size_t i = 0; ok && i < set->dedup_key_n; i++)
		for (size_t k = 0; k < i; k++)
			ok = ok && !slice_eq(set->dedup_key[i], set->dedup_key[k]);
	return ok ||
	    CONFIG_FAIL_NODE(load, node != NULL ? node : agents, err,
		"agents.dedup.key must be [caller, request_id, sha256(arguments)]: nothing else "
		"is the same call");
}

bool
config_agents_finish(struct config_load *load, const struct node *root, struct err *err)
{
	const struct node *node = config_node_find(root, "agents"), *tail;
	struct config_agents *agents = &load->config->agents;

	if (node == NULL || config_node_is_null(node))
		return true;
	if (agents->runners_n == 0)
		return CONFIG_FAIL_KEY(load, node, err,
		    "agents has no runners: name a program under \"agents.runners\"");
	tail = config_node_find(config_node_find(node, "output"), "tail");
	if (agents->output_tail_bytes > agents->output_keep_bytes)
		return CONFIG_FAIL_NODE(load, tail != NULL ? tail : node, err,
		    "agents.output.tail is larger than agents.output.keep");
	if (!rate_finish(load, node, err) || !dedup_finish(load, node, err) ||
	    !budget_finish(load, node, "cost", 6, &agents->cost, err) ||
	    !budget_finish(load, node, "tokens", 0, &agents->tokens, err) ||
	    !config_routes_finish(load, node, err))
		return false;
	agents->is_on = true;
	return true;
}
