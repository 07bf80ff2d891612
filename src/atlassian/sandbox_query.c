/*
 * The grammar that JQL and CQL share: clauses, AND, OR, NOT, parentheses, lists, functions, ORDER
 * BY.  What fields and functions mean is the business of sandbox_jql.c and sandbox_cql.c.  Bounded
 * in length, depth and number of parts; linear.
 */
#include <string.h>
#include <time.h>

#include "atlassian/sandbox_private.h"

enum token { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_OP, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA };

struct reader {
	struct arena *arena;
	const char *language;
	struct slice text;
	size_t at, from; /* from: where the token began */
	enum token token;
	struct slice word;
	enum query_op op;
	unsigned nodes;
	struct err *err;
};

static const char *const op_names[OPS_N] = { "=", "!=", "~", "!~", "<", "<=", ">", ">=", "in",
	"not in", "is", "is not" };

const char *
query_op_name(enum query_op op)
{
	return op_names[op];
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool
fail(struct reader *r, const char *what)
{
	size_t n = r->at - r->from;

	return err_set(r->err, ERR_PARAMS,
	    "Error in the %s Query: %s but got '%.*s'. (line 1, character %zu)", r->language, what,
	    n > 60 ? 60 : (int)n, n > 0 ? r->text.p + r->from : "end of text", r->from + 1);
}

static bool
read_quoted(struct reader *r, char quote)
{
	size_t n = 0, end = r->at + 1;
	char *out;

	while (end < r->text.n && r->text.p[end] != quote)
		end += r->text.p[end] == '\\' ? 2 : 1;
	end = end > r->text.n ? r->text.n : end;
	if (!arena_reserve(r->arena, end - r->at, r->err))
		return false;
	out = arena_bytes(r->arena, end - r->at);
	for (r->at++; r->at < r->text.n && r->text.p[r->at] != quote; r->at++) {
		if (r->text.p[r->at] == '\\' && r->at + 1 < r->text.n)
			r->at++;
		out[n++] = r->text.p[r->at];
	}
	if (r->at == r->text.n)
		return err_set(r->err, ERR_PARAMS,
		    "Error in the %s Query: The quoted string '%.*s' has not been completed. (line 1, "
		    "character %zu)",
		    r->language, n > 60 ? 60 : (int)n, out, r->from + 1);
	r->at++;
	r->token = TOKEN_QUOTED;
	r->word = (struct slice){ out, n };
	return true;
}

static bool
read_op(struct reader *r)
{
	static const struct {
		const char *text;
		enum query_op op;
	} ops[] = { { "!=", OP_UNEQUAL }, { "!~", OP_LACKS }, { "<=", OP_LESS_EQUAL },
		{ ">=", OP_MORE_EQUAL }, { "=", OP_EQUAL }, { "~", OP_CONTAINS }, { "<", OP_LESS },
		{ ">", OP_MORE } };
	struct slice rest = { r->text.p + r->at, r->text.n - r->at };

	for (size_t i = 0; i < COUNT(ops); i++) {
		if (!slice_starts(rest, slice_of(ops[i].text)))
			continue;
		r->at += strlen(ops[i].text);
		r->token = TOKEN_OP;
		r->op = ops[i].op;
		return true;
	}
	r->at++;
	return fail(r, "Expecting a field name, an operator or a value");
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
next(struct reader *r)
{
	static const char special[] = "()=!<>~,\"'&|";
	char c;

	while (r->at < r->text.n && is_blank(r->text.p[r->at]))
		r->at++;
	r->from = r->at;
	r->word = SLICE_NONE;
	if (r->at == r->text.n) {
		r->token = TOKEN_END;
		return true;
	}
	c = r->text.p[r->at];
	if (c == '"' || c == '\'')
		return read_quoted(r, c);
	if (c == '(' || c == ')' || c == ',') {
		r->at++;
		r->token = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
		return true;
	}
	while (r->at < r->text.n && !is_blank(r->text.p[r->at]) &&
	    memchr(special, r->text.p[r->at], sizeof(special) - 1) == NULL)
		r->at++;
	if (r->at == r->from)
		return read_op(r);
	r->token = TOKEN_WORD;
	r->word = (struct slice){ r->text.p + r->from, r->at - r->from };
	return true;
}

static bool
is_word(const struct reader *r, const char *word)
{
	return r->token == TOKEN_WORD && slice_eq_nocase(r->word, slice_of(word));
}

/* ---- clauses --------------------------------------------------------------------------------- */

static bool
count(struct reader *r)
{
	if (++r->nodes <= QUERY_NODES)
		return true;
	return err_set(
	    r->err, ERR_PARAMS, "Error in the %s Query: it has too many parts.", r->language);
}

/* A word, a quoted text, EMPTY, or name(argument). */
static bool
read_value(struct reader *r, struct query_value **out)
{
	struct query_value *value;

	if (r->token != TOKEN_WORD && r->token != TOKEN_QUOTED)
		return fail(r, "Expecting either a value, list or function");
	if (!count(r))
		return false;
	*out = value = ARENA_NEW(r->arena, struct query_value);
	value->text = r->word;
	value->is_quoted = r->token == TOKEN_QUOTED;
	value->is_empty = is_word(r, "EMPTY") || is_word(r, "NULL");
	value->argument = SLICE_NONE;
	if (!next(r))
		return false;
	if (r->token != TOKEN_OPEN || value->is_quoted)
		return true;
	value->is_function = true;
	if (!next(r))
		return false;
	if (r->token == TOKEN_WORD || r->token == TOKEN_QUOTED) {
		value->argument = r->word;
		if (!next(r))
			return false;
	}
	while (r->token == TOKEN_COMMA || r->token == TOKEN_WORD || r->token == TOKEN_QUOTED)
		if (!next(r)) /* further arguments mean nothing here */
			return false;
	return r->token == TOKEN_CLOSE ? next(r) : fail(r, "Expecting ')'");
}

static bool
read_list(struct reader *r, struct query_value **out)
{
	if (r->token != TOKEN_OPEN) /* a function that gives a list */
		return read_value(r, out);
	if (!next(r))
		return false;
	for (;;) {
		if (!read_value(r, out))
			return false;
		out = &(*out)->next;
		if (r->token == TOKEN_CLOSE)
			return next(r);
		if (r->token != TOKEN_COMMA)
			return fail(r, "Expecting ')' or ','");
		if (!next(r))
			return false;
	}
}

static const char operators[] = "Expecting operator ('=', '!=', '<', '>', '<=', '>=', '~', '!~', "
				"'IN', 'NOT IN', 'IS' and 'IS NOT')";

static bool
read_operator(struct reader *r, struct query *clause)
{
	if (r->token == TOKEN_OP) {
		clause->op = r->op;
		return next(r);
	}
	if (is_word(r, "in")) {
		clause->op = OP_IN;
		return next(r);
	}
	if (is_word(r, "not")) {
		clause->op = OP_NOT_IN;
		if (!next(r))
			return false;
		return is_word(r, "in") ? next(r) : fail(r, operators);
	}
	if (!is_word(r, "is"))
		return fail(r, operators);
	clause->op = OP_IS;
	if (!next(r))
		return false;
	if (!is_word(r, "not"))
		return true;
	clause->op = OP_IS_NOT;
	return next(r);
}

static bool
read_clause(struct reader *r, struct query *clause)
{
	clause->kind = QUERY_CLAUSE;
	clause->field = r->word;
	if (!next(r) || !read_operator(r, clause))
		return false;
	if (clause->op == OP_IN || clause->op == OP_NOT_IN)
		return read_list(r, &clause->values);
	if (!read_value(r, &clause->values))
		return false;
	if ((clause->op == OP_IS || clause->op == OP_IS_NOT) && !clause->values->is_empty)
		return err_set(r->err, ERR_PARAMS,
		    "The operator '%s' is only followed by EMPTY or NULL, not by '%.*s'.",
		    op_names[clause->op],
		    clause->values->text.n > 60 ? 60 : (int)clause->values->text.n,
		    clause->values->text.p);
	return true;
}

static bool read_or(struct reader *r, unsigned depth, struct query **out);

static bool
read_term(struct reader *r, unsigned depth, struct query **out)
{
	struct query *node;

	if (depth > QUERY_DEPTH)
		return err_set(r->err, ERR_PARAMS,
		    "Error in the %s Query: it is nested too deeply.", r->language);
	if (r->token == TOKEN_OPEN) {
		if (!next(r) || !read_or(r, depth + 1, out))
			return false;
		return r->token == TOKEN_CLOSE ? next(r) : fail(r, "Expecting ')'");
	}
	if ((r->token != TOKEN_WORD && r->token != TOKEN_QUOTED) || is_word(r, "and") ||
	    is_word(r, "or") || is_word(r, "order"))
		return fail(r, "Expecting a field name");
	if (!count(r))
		return false;
	*out = node = ARENA_NEW(r->arena, struct query);
	if (!is_word(r, "not"))
		return read_clause(r, node);
	node->kind = QUERY_NOT;
	return next(r) && read_term(r, depth + 1, &node->left);
}

/* Terms between words of one kind, from left to right. */
static bool
read_chain(struct reader *r, unsigned depth, enum query_kind kind, struct query **out)
{
	const char *word = kind == QUERY_AND ? "and" : "or";
	struct query *node;

	if (kind == QUERY_AND ? !read_term(r, depth, out) : !read_chain(r, depth, QUERY_AND, out))
		return false;
	while (is_word(r, word)) {
		if (!count(r) || !next(r))
			return false;
		node = ARENA_NEW(r->arena, struct query);
		node->kind = kind;
		node->left = *out;
		*out = node;
		if (kind == QUERY_AND ? !read_term(r, depth, &node->right)
				      : !read_chain(r, depth, QUERY_AND, &node->right))
			return false;
	}
	return true;
}

static bool
read_or(struct reader *r, unsigned depth, struct query **out)
{
	return read_chain(r, depth, QUERY_OR, out);
}

static bool
read_orders(struct reader *r, struct query_text *out)
{
	if (!next(r))
		return false;
	if (!is_word(r, "by"))
		return fail(r, "Expecting 'by'");
	do {
		if (!next(r))
			return false;
		if (r->token != TOKEN_WORD && r->token != TOKEN_QUOTED)
			return fail(r, "Expecting a field name");
		if (out->orders_n == QUERY_ORDERS)
			return fail(r, "Expecting no more than 8 fields");
		out->orders[out->orders_n].field = r->word;
		out->orders[out->orders_n].is_descending = false;
		if (!next(r))
			return false;
		if (is_word(r, "desc") || is_word(r, "asc")) {
			out->orders[out->orders_n].is_descending = is_word(r, "desc");
			if (!next(r))
				return false;
		}
		out->orders_n++;
	} while (r->token == TOKEN_COMMA);
	return true;
}

bool
query_parse(struct arena *arena, const char *language, struct slice text, struct query_text *out,
    struct err *err)
{
	struct reader r = { .arena = arena, .language = language, .text = text, .err = err };

	*out = (struct query_text){ 0 };
	if (text.n > QUERY_BYTES)
		return err_set(err, ERR_PARAMS, "Error in the %s Query: it is too long.", language);
	if (!next(&r))
		return false;
	if (r.token != TOKEN_END && !is_word(&r, "order") && !read_or(&r, 0, &out->root))
		return false;
	if (is_word(&r, "order") && !read_orders(&r, out))
		return false;
	return r.token == TOKEN_END ? true : fail(&r, "Expecting either 'OR' or 'AND'");
}

/* ---- values that both evaluate --------------------------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
holds(struct slice text, struct slice word)
{
	if (word.n == 0)
		return true;
	for (size_t i = 0; i + word.n <= text.n; i++) {
		size_t j = 0;

		while (j < word.n && lower(text.p[i + j]) == lower(word.p[j]))
			j++;
		if (j == word.n)
			return true;
	}
	return false;
}

bool
text_contains(struct slice text, struct slice words)
{
	struct slice rest = slice_trim(words), word;

	if (rest.n > 2 && rest.p[0] == '"' && rest.p[rest.n - 1] == '"')
		return holds(text, (struct slice){ rest.p + 1, rest.n - 2 });
	while (rest.n > 0) {
		word = slice_cut(rest, ' ', &rest);
		while (word.n > 0 && (word.p[word.n - 1] == '*' || word.p[word.n - 1] == '~'))
			word.n--;
		while (word.n > 0 && word.p[0] == '*')
			word = (struct slice){ word.p + 1, word.n - 1 };
		if (!holds(text, word))
			return false;
	}
	return true;
}

static bool
digits(struct slice *text, size_t n, unsigned most, int *out)
{
	uint64_t number;

	if (text->n < n || !slice_to_u64((struct slice){ text->p, n }, most, &number))
		return false;
	*text = (struct slice){ text->p + n, text->n - n };
	*out = (int)number;
	return true;
}

static bool
skip(struct slice *text, const char *any)
{
	if (text->n == 0 || strchr(any, text->p[0]) == NULL || text->p[0] == 0)
		return false;
	*text = (struct slice){ text->p + 1, text->n - 1 };
	return true;
}

/* "2026-01-31", "2026/01/31 10:00", with T and seconds too. */
static bool
read_date(struct slice text, uint64_t *out)
{
	struct tm tm = { 0 };

	if (!digits(&text, 4, 9999, &tm.tm_year) || !skip(&text, "-/") ||
	    !digits(&text, 2, 12, &tm.tm_mon) || !skip(&text, "-/") ||
	    !digits(&text, 2, 31, &tm.tm_mday) || tm.tm_mon == 0 || tm.tm_mday == 0)
		return false;
	if (skip(&text, " T")) {
		if (!digits(&text, 2, 23, &tm.tm_hour) || !skip(&text, ":") ||
		    !digits(&text, 2, 59, &tm.tm_min))
			return false;
		if (skip(&text, ":") && !digits(&text, 2, 59, &tm.tm_sec))
			return false;
	} else if (text.n > 0) {
		return false;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = (uint64_t)timegm(&tm) * 1000;
	return true;
}

#define MINUTE_MS 60000ull

/* "-7d", "4w", "+30m", "-1" (days). */
static bool
read_offset(struct slice text, int64_t *ms)
{
	static const struct {
		char unit;
		uint64_t ms;
	} units[] = { { 'm', MINUTE_MS }, { 'h', 60 * MINUTE_MS }, { 'd', 1440 * MINUTE_MS },
		{ 'w', 10080 * MINUTE_MS }, { 'M', 43200 * MINUTE_MS },
		{ 'y', 525600 * MINUTE_MS } };
	uint64_t number, unit_ms = 1440 * MINUTE_MS;
	bool is_minus = text.n > 0 && text.p[0] == '-';

	if (skip(&text, "-+") && text.n == 0)
		return false;
	for (size_t i = 0; i < COUNT(units); i++)
		if (text.n > 0 && text.p[text.n - 1] == units[i].unit) {
			unit_ms = units[i].ms;
			text.n--;
			break;
		}
	if (!slice_to_u64(text, 100000, &number))
		return false;
	*ms = (int64_t)(number * unit_ms) * (is_minus ? -1 : 1);
	return true;
}

static bool
read_function(const struct query_value *value, uint64_t now_ms, uint64_t *out)
{
	static const char *const names[] = { "now", "startOfDay", "endOfDay", "startOfWeek",
		"endOfWeek", "startOfMonth", "endOfMonth", "startOfYear", "endOfYear" };
	time_t seconds = (time_t)(now_ms / 1000);
	int64_t offset = 0;
	size_t which = 0;
	struct tm tm;

	while (which < COUNT(names) && !slice_eq_nocase(value->text, slice_of(names[which])))
		which++;
	if (which == COUNT(names) || gmtime_r(&seconds, &tm) == NULL ||
	    (value->argument.p != NULL && !read_offset(value->argument, &offset)))
		return false;
	if (which > 0) {
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		if (which == 3 || which == 4)
			tm.tm_mday -= tm.tm_wday;
		if (which >= 5)
			tm.tm_mday = 1;
		if (which >= 7)
			tm.tm_mon = 0;
	}
	if (which == 2)
		tm.tm_mday++;
	else if (which == 4)
		tm.tm_mday += 7;
	else if (which == 6)
		tm.tm_mon++;
	else if (which == 8)
		tm.tm_year++;
	*out = (uint64_t)((int64_t)timegm(&tm) * 1000 + offset);
	return true;
}

bool
query_time(const struct query_value *value, uint64_t now_ms, uint64_t *out)
{
	int64_t offset;

	if (value->is_function)
		return read_function(value, now_ms, out);
	if (read_date(value->text, out))
		return true;
	if (!read_offset(value->text, &offset))
		return false;
	*out = (uint64_t)((int64_t)now_ms + offset);
	return true;
}
