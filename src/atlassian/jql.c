/*
 * JQL: words, strings in either quotes, and everything else.  A backslash takes the next character
 * with it, within quotes and outside, as Jira's own reader has it; so both see the same quotes.
 */
#include "atlassian/jql.h"

/* https://support.atlassian.com/jira-software-cloud/docs/jql-reserved-words: keys may be these. */
static const char *const reserved[] = { "abort", "access", "add", "after", "alias", "all", "alter",
	"and", "any", "are", "as", "asc", "at", "audit", "avg", "before", "begin", "between",
	"boolean", "break", "by", "byte", "catch", "cf", "char", "character", "check", "checkpoint",
	"collate", "collation", "column", "commit", "connect", "continue", "count", "create",
	"current", "date", "decimal", "declare", "decrement", "default", "defaults", "define",
	"delete", "delimiter", "desc", "difference", "distinct", "divide", "do", "double", "drop",
	"else", "encoding", "end", "equals", "escape", "exclusive", "exec", "execute", "exists",
	"explain", "false", "fetch", "field", "file", "first", "float", "for", "from", "function",
	"go", "goto", "grant", "greater", "group", "having", "identified", "if", "immediate", "in",
	"increment", "index", "initial", "inner", "inout", "input", "insert", "int", "integer",
	"intersect", "intersection", "into", "is", "isempty", "isnull", "join", "last", "left",
	"less", "like", "limit", "lock", "long", "max", "min", "minus", "mode", "modify", "modulo",
	"more", "multiply", "next", "noaudit", "not", "notin", "nowait", "number", "object", "of",
	"on", "option", "or", "order", "outer", "output", "power", "previous", "prior",
	"privileges", "public", "raise", "raw", "remainder", "rename", "resource", "return",
	"returns", "revoke", "right", "row", "rowid", "rownum", "rows", "select", "session", "set",
	"share", "size", "sqrt", "start", "strict", "string", "subtract", "sum", "synonym", "table",
	"then", "to", "trans", "transaction", "trigger", "true", "uid", "union", "unique", "update",
	"user", "validate", "values", "view", "when", "whenever", "where", "while", "with" };

/* ---- reading --------------------------------------------------------------------------------- */

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_OTHER
};

struct token {
	enum token_kind kind;
	struct slice text;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool
is_word(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f &&
	    strchr("\"'()=!<>~,&|;[]{}^%$#@?*/", c) == NULL;
}

/* Length of what begins at `at`; a string that is not closed: 0. */
static size_t
string_length(struct slice at)
{
	for (size_t i = 1; i < at.n; i++) {
		if (at.p[i] == '\\')
			i++;
		else if (at.p[i] == at.p[0])
			return i + 1;
	}
	return 0;
}

static size_t
word_length(struct slice at)
{
	size_t i = 0;

	while (i < at.n && is_word(at.p[i]))
		i += at.p[i] == '\\' ? 2 : 1;
	return i < at.n ? i : at.n;
}

/* Takes the first token off *rest; false: a string is not closed. */
static bool
token_next(struct slice *rest, struct token *token)
{
	size_t n = 1;

	*token = (struct token){ TOKEN_END, { rest->p, 0 } };
	if (rest->n == 0)
		return true;
	switch (rest->p[0]) {
	case '"':
	case '\'':
		token->kind = TOKEN_STRING;
		n = string_length(*rest);
		break;
	case '(':
		token->kind = TOKEN_OPEN;
		break;
	case ')':
		token->kind = TOKEN_CLOSE;
		break;
	default:
		token->kind = is_blank(rest->p[0]) ? TOKEN_BLANK
		    : is_word(rest->p[0])	   ? TOKEN_WORD
						   : TOKEN_OTHER;
		if (token->kind == TOKEN_WORD)
			n = word_length(*rest);
	}
	if (n == 0)
		return false;
	token->text = (struct slice){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	return true;
}

static bool
is_named(const struct token *token, struct slice word)
{
	return token->kind == TOKEN_WORD && slice_eq_nocase(token->text, word);
}

/* BY, behind an ORDER. */
static bool
by_follows(struct slice rest)
{
	struct token token;

	do {
		if (!token_next(&rest, &token))
			return false;
	} while (token.kind == TOKEN_BLANK);
	return is_named(&token, S("by"));
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool
ends_escaping(struct slice s)
{
	return s.n > 0 && s.p[s.n - 1] == '\\';
}

bool
jql_split(struct slice jql, struct jql_parts *parts, struct err *err)
{
	struct slice rest = jql;
	struct token token;
	size_t depth = 0;

	*parts = (struct jql_parts){ .where = trim(jql), .order = SLICE_NONE };
	if (jql.n > JQL_MAX_BYTES)
		return err_set(err, ERR_PARAMS, "jql: longer than %zu bytes", JQL_MAX_BYTES);
	if (jql.n > 0 && memchr(jql.p, '\0', jql.n) != NULL)
		return err_set(err, ERR_PARAMS, "jql: holds NUL");
	do {
		if (!token_next(&rest, &token))
			return err_set(err, ERR_PARAMS, "jql: a quote is not closed");
		depth += token.kind == TOKEN_OPEN;
		if (token.kind == TOKEN_CLOSE && depth-- == 0)
			return err_set(err, ERR_PARAMS, "jql: a \")\" too many");
		if (parts->order.p == NULL && depth == 0 && is_named(&token, S("order")) &&
		    by_follows(rest)) {
			parts->order = trim((struct slice){ token.text.p, token.text.n + rest.n });
			parts->where =
			    trim((struct slice){ jql.p, (size_t)(token.text.p - jql.p) });
		}
	} while (token.kind != TOKEN_END);
	if (depth > 0)
		return err_set(err, ERR_PARAMS, "jql: a \")\" is missing");
	/* A backslash at the end, of what is left without blanks, would take our next character. */
	if (ends_escaping(parts->where) || ends_escaping(parts->order))
		return err_set(err, ERR_PARAMS, "jql: ends with a backslash");
	return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

void
jql_quote(struct buf *out, struct slice value)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		switch (c) {
		case '"':
		case '\\':
			buf_putc(out, '\\');
			buf_putc(out, c);
			break;
		case '\n':
			buf_puts(out, "\\n");
			break;
		case '\r':
			buf_puts(out, "\\r");
			break;
		case '\t':
			buf_puts(out, "\\t");
			break;
		default:
			buf_putc(out, (unsigned char)c < ' ' || c == 0x7f ? ' ' : c);
		}
	}
	buf_putc(out, '"');
}

/* `name in ("a", "b")`; n at least 1. */
static void
jql_put_in(struct buf *out, const char *name, const struct slice *values, size_t n)
{
	buf_puts(out, name);
	buf_puts(out, " in (");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_puts(out, ", ");
		jql_quote(out, values[i]);
	}
	buf_putc(out, ')');
}

static bool
is_reserved(struct slice word)
{
	for (size_t i = 0; i < COUNT(reserved); i++) {
		if (slice_eq_nocase(word, slice_of(reserved[i])))
			return true;
	}
	return false;
}

/* Where in `project = X` or `project in (X, Y)` a reader stands. */
enum place { PLACE_ANY, PLACE_NAME, PLACE_IN, PLACE_VALUE, PLACE_LIST };

static enum place
place_next(enum place place, const struct token *token)
{
	if (token->kind == TOKEN_BLANK)
		return place;
	switch (place) {
	case PLACE_NAME:
		if (token->kind == TOKEN_OTHER)
			return memchr("=!", token->text.p[0], 2) != NULL ? PLACE_VALUE : PLACE_ANY;
		if (is_named(token, S("not")))
			return PLACE_NAME;
		return is_named(token, S("in")) ? PLACE_IN : PLACE_ANY;
	case PLACE_IN:
		return token->kind == TOKEN_OPEN ? PLACE_LIST : PLACE_ANY;
	case PLACE_VALUE: /* the second character of != */
		return token->kind == TOKEN_OTHER ? PLACE_VALUE : PLACE_ANY;
	case PLACE_LIST:
		return token->kind == TOKEN_CLOSE ? PLACE_ANY : PLACE_LIST;
	case PLACE_ANY:
		break;
	}
	return is_named(token, S("project")) ? PLACE_NAME : PLACE_ANY;
}

static void
put_where(struct buf *out, struct slice where)
{
	enum place place = PLACE_ANY;
	struct token token;

	while (token_next(&where, &token) && token.kind != TOKEN_END) {
		bool is_value = place == PLACE_VALUE || place == PLACE_LIST;

		if (is_value && token.kind == TOKEN_WORD && is_reserved(token.text))
			jql_quote(out, token.text);
		else
			buf_put(out, token.text);
		place = place_next(place, &token);
	}
}

bool
jql_compose(struct buf *out, struct slice jql, const struct slice *projects, size_t projects_n,
    struct err *err)
{
	struct jql_parts parts;

	if (!jql_split(jql, &parts, err))
		return false;
	if (parts.where.n > 0) {
		if (projects_n > 0)
			buf_putc(out, '(');
		put_where(out, parts.where);
		if (projects_n > 0)
			buf_puts(out, ") AND ");
	}
	if (projects_n > 0)
		jql_put_in(out, "project", projects, projects_n);
	if (parts.order.n > 0) {
		if (out->n > 0)
			buf_putc(out, ' ');
		buf_put(out, parts.order);
	}
	return buf_check(out, err);
}
