/*
 * `upstreams[].sandbox`, and `isolate` of a runner of agents: the paths, words and defaults that
 * the table of options cannot say.
 *
 * What stands here is only what is wanted; what a machine can give of it is found out when the
 * program is started.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#define SYSTEM "system"

/* As run/ names them (run/run.h, ISOLATION_PARTS), and the four demands that any of them meets. */
static const char *const required[] = { "files", "network", "memory", "processes", "userns",
	"mountns", "pidns", "netns", "ipcns", "utsns", "proc", "landlock", "seccomp", "sockets",
	"nnp", "caps", "rlimits", "cgroup", "cgroup:memory", "cgroup:processes", "cgroup:cpu",
	"pidmax", "watchdog:memory", "watchdog:processes", NULL };

/* Hidden unless `hide` says otherwise: keys and tokens below the home directory ... */
static const char *const home_secrets[] = { ".ssh", ".gnupg", ".aws", ".azure", ".config/gcloud",
	".kube", ".docker", ".git-credentials", ".netrc", ".npmrc", ".pypirc", ".vault-token",
	".terraform.d", ".config/bascule" };

/* ... and sockets through which all of the machine can be had. */
static const char *const sockets[] = { "/run/docker.sock", "/run/podman/podman.sock",
	"/run/containerd/containerd.sock" };

bool
config_check_seen(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (slice_eq(*value, S(SYSTEM)))
		return true;
	if (memchr(value->p, '\0', value->n) != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "the path holds a NUL");
	return config_path_absolute(load, node, value, err);
}

bool
config_check_written(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (slice_eq(*value, S(SYSTEM)))
		return CONFIG_FAIL_NODE(
		    load, node, err, "\"" SYSTEM "\" can only be read: put it into \"read\"");
	if (!config_check_seen(load, node, value, err))
		return false;
	if (slice_eq(*value, S("/")))
		return CONFIG_FAIL_NODE(
		    load, node, err, "all of \"/\" cannot be written: name the folders");
	return true;
}

bool
config_check_hidden(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	if (slice_eq(*value, S(SYSTEM)) || slice_eq(*value, S("/")))
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" cannot be hidden: leave it out of \"read\"", config_show(*value).text);
	return config_check_seen(load, node, value, err);
}

static const char *const networks[] = { [NETWORK_NONE] = "none",
	[NETWORK_LOOPBACK] = "loopback",
	[NETWORK_HOST] = "host",
	[NETWORK_LISTED] = NULL };

/* The same, as runners call them. */
static const char *const nets[] = { [NETWORK_NONE] = "none",
	[NETWORK_LOOPBACK] = "loopback",
	[NETWORK_HOST] = "allow",
	[NETWORK_LISTED] = NULL };

/* NETWORK_LISTED: it is none of the words. */
static enum config_network
network_of(const char *const *words, struct slice word)
{
	unsigned i = 0;

	while (words[i] != NULL && !slice_eq(word, slice_of(words[i])))
		i++;
	return (enum config_network)i;
}

/* "host:443", "*.host:443", an address with a port; as net/egress_rules.c reads them. */
static bool
is_destination(struct slice value)
{
	bool is_suffix = slice_starts(value, S("*."));
	struct slice host;
	const char *last;
	char text[64];
	uint8_t ip[16];
	uint16_t port;

	if (is_suffix)
		value = (struct slice){ value.p + 2, value.n - 2 };
	if (!slice_to_host_port(value, &host, &port))
		return false;
	last = memrchr(host.p, '.', host.n);
	last = last != NULL ? last + 1 : host.p;
	if (value.p[0] != '[' && (last == host.p + host.n || *last < '0' || *last > '9'))
		return true;
	snprintf(text, sizeof(text), "%.*s", (int)(host.n < sizeof(text) ? host.n : 0), host.p);
	return !is_suffix && inet_pton(value.p[0] == '[' ? AF_INET6 : AF_INET, text, ip) == 1;
}

static bool
network_check(struct config_load *load, const char *const *words, const struct node *node,
    struct slice value, struct err *err)
{
	struct slice nearest;

	if (network_of(words, value) != NETWORK_LISTED || is_destination(value))
		return true;
	nearest = config_word_nearest(words, value);
	if (nearest.p != NULL)
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"%s\" is no network (did you mean \"%.*s\"?)", config_show(value).text,
		    SLICE_FMT(nearest));
	return CONFIG_FAIL_NODE(load, node, err,
	    "\"%s\" is no network: none, loopback, %s, or a list of destinations such as "
	    "api.example.com:443",
	    config_show(value).text, words[NETWORK_HOST]);
}

bool
config_check_network(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return network_check(load, networks, node, *value, err);
}

bool
config_check_net(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	return network_check(load, nets, node, *value, err);
}

bool
config_check_required(
    struct config_load *load, const struct node *node, struct slice *value, struct err *err)
{
	struct slice nearest;

	for (size_t i = 0; required[i] != NULL; i++)
		if (slice_eq(*value, slice_of(required[i])))
			return true;
	nearest = config_word_nearest(required, *value);
	if (nearest.p != NULL)
		return CONFIG_FAIL_NODE(load, node, err,
		    "nothing is called \"%s\" that can be required (did you mean \"%.*s\"?)",
		    config_show(*value).text, SLICE_FMT(nearest));
	return CONFIG_FAIL_NODE(load, node, err,
	    "nothing is called \"%s\" that can be required: docs/isolation.md has the words",
	    config_show(*value).text);
}

/* ---- defaults -------------------------------------------------------------------------------- */

MUST_CHECK static bool
words_put(struct config_load *load, const char *const *words, size_t n, struct slice **list,
    size_t *list_n, struct err *err)
{
	struct arena *arena = &load->config->arena;

	if (!arena_reserve(arena, n * sizeof(**list), err))
		return false;
	*list = ARENA_ARRAY(arena, struct slice, n);
	for (size_t i = 0; i < n; i++)
		(*list)[i] = slice_of(words[i]);
	*list_n = n;
	return true;
}

MUST_CHECK static bool
hidden_put(struct config_load *load, struct config_isolation *sandbox, struct err *err)
{
	struct arena *arena = &load->config->arena;
	struct slice home = SLICE_NONE;
	size_t n = COUNT(home_secrets) + COUNT(sockets);

	if (!config_env_get(load, S("HOME"), &home) || home.n < 2 || home.p[0] != '/' ||
	    home.n > KIB)
		return words_put(
		    load, sockets, COUNT(sockets), &sandbox->hide, &sandbox->hide_n, err);
	if (!arena_reserve(arena, n * (sizeof(*sandbox->hide) + home.n + 32), err))
		return false;
	sandbox->hide = ARENA_ARRAY(arena, struct slice, n);
	for (size_t i = 0; i < COUNT(home_secrets); i++)
		sandbox->hide[sandbox->hide_n++] =
		    arena_printf(arena, "%.*s/%s", SLICE_FMT(home), home_secrets[i]);
	for (size_t i = 0; i < COUNT(sockets); i++)
		sandbox->hide[sandbox->hide_n++] = slice_of(sockets[i]);
	return true;
}

/* One word, or destinations only. */
MUST_CHECK static bool
network_finish(struct config_load *load, const char *const *words, const struct node *node,
    struct config_isolation *sandbox, struct err *err)
{
	sandbox->network = NETWORK_LISTED;
	if (sandbox->egress_n == 0)
		sandbox->network = NETWORK_NONE;
	if (sandbox->egress_n == 1)
		sandbox->network = network_of(words, sandbox->egress[0]);
	if (sandbox->network != NETWORK_LISTED)
		sandbox->egress_n = 0;
	for (size_t i = 0; i < sandbox->egress_n; i++)
		if (network_of(words, sandbox->egress[i]) != NETWORK_LISTED)
			return CONFIG_FAIL_NODE(load, node, err,
			    "\"%s\" stands alone, not in a list of destinations",
			    config_show(sandbox->egress[i]).text);
	return true;
}

/* What was not written. */
struct unwritten {
	bool read, require, hide;
};

MUST_CHECK static bool
defaults_put(struct config_load *load, const struct unwritten *unwritten, const struct node *node,
    struct config_isolation *sandbox, struct err *err)
{
	static const char *const system[] = { SYSTEM };

	if (unwritten->read &&
	    !words_put(load, system, COUNT(system), &sandbox->read, &sandbox->read_n, err))
		return false;
	if (unwritten->require &&
	    !words_put(load, required, 2, &sandbox->require, &sandbox->require_n, err))
		return false;
	if (unwritten->hide && !hidden_put(load, sandbox, err))
		return false;
	if (sandbox->read_n + sandbox->write_n + sandbox->hide_n > CONFIG_SANDBOX_PATHS_MAX)
		return CONFIG_FAIL_NODE(load, node, err, "the sandbox lists more than %u paths",
		    CONFIG_SANDBOX_PATHS_MAX);
	return true;
}

bool
config_isolation_finish(struct config_load *load, const struct node *upstream,
    struct config_isolation *sandbox, struct err *err)
{
	const struct node *node = config_node_find(upstream, "sandbox");
	struct unwritten unwritten;

	if (node == NULL || config_node_is_null(node))
		return true;
	sandbox->is_on = true;
	unwritten.read = config_node_find(node, "read") == NULL;
	unwritten.require = config_node_find(node, "require") == NULL;
	unwritten.hide = config_node_find(node, "hide") == NULL;
	return network_finish(load, networks, config_node_find(node, "network"), sandbox, err) &&
	    defaults_put(load, &unwritten, node, sandbox, err);
}

bool
config_isolation_of_runner(struct config_load *load, const struct node *runner,
    const struct node *net, struct config_isolation *isolate, struct err *err)
{
	const struct unwritten unwritten = { .read = isolate->read == NULL,
		.require = isolate->require == NULL,
		.hide = isolate->hide == NULL };

	isolate->is_on = true;
	return network_finish(load, nets, net != NULL ? net : runner, isolate, err) &&
	    defaults_put(load, &unwritten, runner, isolate, err);
}

void
config_digest_put_list(struct buf *buf, const struct slice *list, size_t n)
{
	buf_printf(buf, "%zu;", n);
	for (size_t i = 0; i < n; i++) {
		buf_printf(buf, "%zu:", list[i].n);
		buf_put(buf, list[i]);
	}
}

void
config_isolation_digest(struct buf *buf, const struct config_isolation *sandbox)
{
	if (!sandbox->is_on)
		return;
	buf_printf(buf, "sandbox %d %llu %llu %llu %llu %llu;", (int)sandbox->network,
	    (unsigned long long)sandbox->memory_bytes, (unsigned long long)sandbox->cpu_ms,
	    (unsigned long long)sandbox->processes, (unsigned long long)sandbox->files,
	    (unsigned long long)sandbox->file_bytes);
	config_digest_put_list(buf, sandbox->read, sandbox->read_n);
	config_digest_put_list(buf, sandbox->write, sandbox->write_n);
	config_digest_put_list(buf, sandbox->hide, sandbox->hide_n);
	config_digest_put_list(buf, sandbox->egress, sandbox->egress_n);
	config_digest_put_list(buf, sandbox->require, sandbox->require_n);
}
