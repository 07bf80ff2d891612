/*
 * An entry put into a TOML text: a table of its own, [key.name], at the end of the file.  Lines are
 * all that is looked at, those inside multi-line strings left alone; where the servers are written
 * in another way (inline, dotted), nothing is done and the person is told.
 */
#include <string.h>

#include "cli/install.h"

/* What a line is to us. */
enum line { LINE_OTHER, LINE_TABLE, LINE_OURS, LINE_BELOW_OURS, LINE_FOREIGN };

struct walk {
	struct slice rest;
	const char *quotes; /* of the multi-line string that is open, NULL: none */
	bool in_servers;    /* below [key] */
};

/* Takes word, plain or quoted, off the front; blanks around it too. */
static bool
take(struct slice *line, const char *word)
{
	struct slice at = slice_trim(*line);
	size_t n = strlen(word);

	if (at.n >= n + 2 && (at.p[0] == '"' || at.p[0] == '\'') && at.p[n + 1] == at.p[0] &&
	    memcmp(at.p + 1, word, n) == 0)
		n += 2;
	else if (at.n < n || memcmp(at.p, word, n) != 0)
		return false;
	at = (struct slice){ at.p + n, at.n - n };
	if (n > 1 && at.n > 0 && strchr(" \t.=]", at.p[0]) == NULL)
		return false;
	*line = slice_trim(at);
	return true;
}

/* A multi-line string that begins or ends in the line. */
static void
quotes_follow(struct walk *walk, struct slice line)
{
	static const char *const kinds[] = { "\"\"\"", "'''" };

	for (size_t i = 0; i + 3 <= line.n; i++)
		for (size_t k = 0; k < COUNT(kinds); k++) {
			if (memcmp(line.p + i, kinds[k], 3) != 0)
				continue;
			if (walk->quotes == NULL)
				walk->quotes = kinds[k];
			else if (walk->quotes == kinds[k])
				walk->quotes = NULL;
			i += 2;
			break;
		}
}

static enum line
line_kind(struct walk *walk, const struct install_entry *entry, struct slice line)
{
	if (take(&line, "[")) {
		bool is_key = take(&line, entry->key);

		walk->in_servers = is_key && slice_starts(line, S("]"));
		if (!is_key || !take(&line, ".") || !take(&line, entry->name))
			return LINE_TABLE;
		return slice_starts(line, S("]")) ? LINE_OURS : LINE_BELOW_OURS;
	}
	if (take(&line, entry->key) && (slice_starts(line, S("=")) || slice_starts(line, S("."))))
		return LINE_FOREIGN;
	if (walk->in_servers && take(&line, entry->name))
		return LINE_FOREIGN;
	return LINE_OTHER;
}

/* The table of the entry with those below it: [from, to) of the text; both NULL: none. */
MUST_CHECK static bool
table_find(struct slice text, const struct install_entry *entry, const char **from, const char **to,
    struct err *err)
{
	struct walk walk = { .rest = text };
	unsigned number = 0;

	*from = *to = NULL;
	while (walk.rest.p != NULL && walk.rest.n > 0) {
		struct slice line = slice_cut(walk.rest, '\n', &walk.rest);
		enum line kind = LINE_OTHER;

		number++;
		if (walk.quotes == NULL)
			kind = line_kind(&walk, entry, slice_trim(line));
		quotes_follow(&walk, line);
		if (kind == LINE_FOREIGN)
			return err_set_at(err, ERR_CONFIG, number, 1,
			    "%u: \"%s\" is not written as tables: put [%s.%s] in by hand", number,
			    entry->key, entry->key, entry->name);
		if (*from != NULL && *to == NULL && (kind == LINE_TABLE || kind == LINE_OURS))
			*to = line.p;
		if (kind == LINE_OURS && *from == NULL)
			*from = line.p;
	}
	if (walk.quotes != NULL)
		return err_set(err, ERR_CONFIG, "not TOML: a string does not end");
	if (*from != NULL && *to == NULL)
		*to = text.p + text.n;
	return true;
}

/* Blank lines and comments before the next table are that one's. */
static const char *
without_tail(const char *from, const char *to)
{
	const char *end = to;

	while (end > from) {
		const char *line = end - 1;

		while (line > from && line[-1] != '\n')
			line--;
		if (line == from || strchr("\r\n#", *line) == NULL)
			break;
		end = line;
	}
	return end;
}

static void
put_table(struct buf *out, const struct install_entry *entry)
{
	buf_printf(out, "[%s.%s]\n", entry->key, entry->name);
	buf_put(out, entry->value);
}

bool
install_toml_put(struct slice text, const struct install_entry *entry, struct buf *out,
    struct slice *old, struct err *err)
{
	const char *from, *to;
	struct buf table;

	*old = SLICE_NONE;
	if (!table_find(text, entry, &from, &to, err))
		return false;
	if (from == NULL) {
		buf_put(out, text);
		if (text.n > 0)
			buf_puts(out, text.p[text.n - 1] == '\n' ? "\n" : "\n\n");
		put_table(out, entry);
		return buf_check(out, err);
	}
	to = without_tail(from, to);
	*old = (struct slice){ from, (size_t)(to - from) };
	buf_init(&table, NULL, MIB);
	put_table(&table, entry);
	/* The lines behind the table's name are the entry. */
	slice_cut(*old, '\n', old);
	if (old->p == NULL)
		*old = S("");
	buf_put(out, (struct slice){ text.p, (size_t)(from - text.p) });
	buf_put(out, buf_view(&table));
	buf_put(out, (struct slice){ to, (size_t)(text.p + text.n - to) });
	buf_fini(&table);
	return buf_check(out, err);
}

bool
install_toml_remove(
    struct slice text, const struct install_entry *entry, struct buf *out, struct err *err)
{
	const char *from, *to;

	if (!table_find(text, entry, &from, &to, err))
		return false;
	if (from == NULL) {
		buf_put(out, text);
		return buf_check(out, err);
	}
	to = without_tail(from, to);
	if (from - text.p > 1 && from[-1] == '\n' && from[-2] == '\n')
		from--; /* the blank line that was put before it */
	buf_put(out, (struct slice){ text.p, (size_t)(from - text.p) });
	buf_put(out, (struct slice){ to, (size_t)(text.p + text.n - to) });
	return buf_check(out, err);
}
