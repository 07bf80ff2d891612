/*
 * What may stand in a text of the file instead of the value itself:
 *   ${NAME}      the environment variable; unset is an error
 *   ${NAME:-x}   x when it is unset or empty; x is taken as it stands, up to the next }
 *   $$           one dollar sign; a dollar sign before anything else stands for itself
 *   file:PATH    as the whole value: the content of a small regular file, one trailing newline cut
 * What comes out is not looked at again: a variable or a file cannot name further ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_parts.h"

static const struct slice file_prefix = { "file:", 5 };

bool
config_dup(struct config_load *load, struct slice s, struct slice *out, struct err *err)
{
	if (!arena_reserve(&load->config->arena, s.n + 1, err))
		return err_prefix(err, "all values together");
	*out = slice_dup(&load->config->arena, s);
	return true;
}

bool
config_has_expansion(struct slice text)
{
	return memchr(text.p, '$', text.n) != NULL || slice_starts(text, file_prefix);
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool
read_all(int fd, struct buf *into, size_t max, const char *path, struct err *err)
{
	for (;;) {
		ssize_t n;

		if (!buf_reserve(into, 4 * KIB, err))
			return false;
		n = read(fd, into->p + into->n, 4 * KIB);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_CONFIG, "%s: %m", path);
		if (n == 0)
			return true;
		into->n += (size_t)n;
		if (into->n > max)
			return err_set(err, ERR_CONFIG, "%s: larger than %zu KiB", path, max / KIB);
	}
}

static bool
has_secrets(enum config_file_kind kind)
{
	return kind == CONFIG_FILE_VALUE || kind == CONFIG_FILE_KEY || kind == CONFIG_FILE_ENV;
}

bool
config_read_file(struct arena *arena, const char *path, size_t max, enum config_file_kind kind,
    struct slice *out, struct err *err)
{
	bool must_be_regular = kind != CONFIG_FILE_ITSELF && kind != CONFIG_FILE_ENV;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (must_be_regular ? O_NONBLOCK : 0));
	struct stat st;
	struct buf buf;
	bool ok = false;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "%s: %m", path);
	buf_init(&buf, NULL, max + 8 * KIB);
	if (fstat(fd, &st) < 0) {
		err_set(err, ERR_CONFIG, "%s: %m", path);
		goto out;
	}
	if (must_be_regular ? !S_ISREG(st.st_mode) : S_ISDIR(st.st_mode)) {
		err_set(err, ERR_CONFIG, "%s: not a regular file", path);
		goto out;
	}
	if (has_secrets(kind) && S_ISREG(st.st_mode) && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		err_set(err, ERR_CONFIG,
		    "%s: others may write to it (mode %o), and it holds a secret: chmod go-w", path,
		    (unsigned)(st.st_mode & 07777));
		goto out;
	}
	if (!read_all(fd, &buf, max, path, err) || !arena_reserve(arena, buf.n + 1, err))
		goto out;
	*out = buf.n > 0 ? slice_dup(arena, buf_view(&buf)) : S("");
	ok = true;
out:
	close(fd);
	buf_fini(&buf);
	return ok;
}

static bool
file_value(struct config_load *load, const struct node *node, struct slice path, struct slice *out,
    struct err *err)
{
	struct slice text;

	if (path.n == 0)
		return CONFIG_FAIL_NODE(load, node, err, "\"file:\" names no file");
	if (!config_path_absolute(load, node, &path, err))
		return false;
	if (!arena_reserve(&load->tree, path.n + 1, err))
		return false;
	if (!config_read_file(&load->tree, slice_cstr(&load->tree, path), CONFIG_SECRET_BYTES,
		CONFIG_FILE_VALUE, &text, err)) {
		struct err why = *err;

		return CONFIG_FAIL_NODE(load, node, err, "%s", why.text);
	}
	config_file_note(load, CONFIG_FILE_VALUE, slice_cstr(&load->tree, path));
	if (memchr(text.p, '\0', text.n) != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "the file holds a NUL: it must be text");
	if (slice_ends(text, S("\n")))
		text.n -= slice_ends(text, S("\r\n")) ? 2 : 1;
	return config_dup(load, text, out, err);
}

/* ---- variables ------------------------------------------------------------------------------- */

static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_digit = c >= '0' && c <= '9';

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			(is_digit && i > 0)))
			return false;
	}
	return name.n > 0;
}

/* inside: what stands between ${ and }. */
static bool
variable_put(struct config_load *load, const struct node *node, struct slice inside,
    struct buf *out, struct err *err)
{
	const char *colon = memmem(inside.p, inside.n, ":-", 2);
	struct slice name = inside, other = SLICE_NONE, value;
	bool is_set;

	if (colon != NULL) {
		name.n = (size_t)(colon - inside.p);
		other = (struct slice){ colon + 2, inside.n - name.n - 2 };
	}
	if (!is_name(name))
		return CONFIG_FAIL_NODE(load, node, err,
		    "\"${%s}\" is no variable: write ${NAME} or "
		    "${NAME:-default}, and $$ for a dollar sign",
		    config_show(inside).text);
	if (colon != NULL && memmem(other.p, other.n, "${", 2) != NULL)
		return CONFIG_FAIL_NODE(load, node, err, "a default cannot hold another ${...}");
	is_set = config_env_get(load, name, &value);
	if (colon != NULL && (!is_set || value.n == 0)) {
		buf_put(out, other);
		return true;
	}
	if (!is_set)
		return CONFIG_FAIL_NODE(load, node, err,
		    "the environment variable %s is not set "
		    "(write ${%s:-default} where it may be missing)",
		    config_show(name).text, config_show(name).text);
	buf_put(out, value);
	return true;
}

static bool
variables_put(struct config_load *load, const struct node *node, struct buf *out, struct err *err)
{
	struct slice rest = node->text;

	while (rest.n > 0) {
		const char *dollar = memchr(rest.p, '$', rest.n), *end;
		size_t before = dollar == NULL ? rest.n : (size_t)(dollar - rest.p);

		buf_put(out, (struct slice){ rest.p, before });
		rest.p += before;
		rest.n -= before;
		if (rest.n == 0)
			break;
		if (slice_starts(rest, S("${"))) {
			end = memchr(rest.p, '}', rest.n);
			if (end == NULL)
				return CONFIG_FAIL_NODE(load, node, err,
				    "\"${\" without \"}\" "
				    "(write $$ for a dollar sign)");
			if (!variable_put(load, node,
				(struct slice){ rest.p + 2, (size_t)(end - rest.p) - 2 }, out, err))
				return false;
			rest.n -= (size_t)(end - rest.p) + 1;
			rest.p = end + 1;
			continue;
		}
		before = slice_starts(rest, S("$$")) ? 2 : 1;
		buf_putc(out, '$');
		rest.p += before;
		rest.n -= before;
	}
	return true;
}

bool
config_expand(struct config_load *load, const struct node *node, struct slice *out, struct err *err)
{
	bool is_file = slice_starts(node->text, file_prefix), ok;
	struct slice text;
	struct buf buf;

	must(node->kind == NODE_TEXT);
	if (node->text.n > CONFIG_VALUE_BYTES)
		return CONFIG_FAIL_NODE(
		    load, node, err, "longer than %zu KiB", CONFIG_VALUE_BYTES / KIB);
	if (node->is_literal || !config_has_expansion(node->text))
		return config_dup(load, node->text, out, err);
	buf_init(&buf, NULL, CONFIG_VALUE_BYTES);
	ok = variables_put(load, node, &buf, err);
	text = buf.n > 0 ? buf_view(&buf) : S("");
	if (ok && buf.overflow)
		ok = CONFIG_FAIL_NODE(load, node, err, "longer than %zu KiB with its variables",
		    CONFIG_VALUE_BYTES / KIB);
	else if (ok && is_file)
		ok = file_value(load, node,
		    (struct slice){ text.p + file_prefix.n, text.n - file_prefix.n }, out, err);
	else if (ok)
		ok = config_dup(load, text, out, err);
	buf_fini(&buf);
	return ok;
}
