/*
 * Making the tree of a document.  Every node and every byte is paid for by the arena; the first
 * failure is kept and nothing is made after it, so that readers need no checks of their own.
 */
#include "atlassian/doc.h"

void
doc_maker_init(struct doc_maker *maker, struct arena *arena, struct err *err)
{
	*maker = (struct doc_maker){ .arena = arena, .err = err };
	maker->root = doc_add(maker, NULL, DOC_ROOT);
}

static bool
pay(struct doc_maker *maker, size_t n)
{
	if (!maker->has_failed && !arena_reserve(maker->arena, n, maker->err))
		maker->has_failed = true;
	return !maker->has_failed;
}

struct doc *
doc_add(struct doc_maker *maker, struct doc *parent, enum doc_kind kind)
{
	unsigned depth = parent == NULL ? 0 : parent->depth + 1;
	struct doc *doc;

	if (maker->has_failed || (parent == NULL && kind != DOC_ROOT))
		return NULL;
	if (depth > DOC_DEPTH) {
		maker->has_failed = true;
		err_set(maker->err, ERR_LIMIT, "the text is nested deeper than %d", DOC_DEPTH);
		return NULL;
	}
	if (!pay(maker, sizeof(*doc)))
		return NULL;
	doc = ARENA_NEW(maker->arena, struct doc);
	doc->kind = kind;
	doc->parent = parent;
	doc->depth = depth;
	doc->start = kind == DOC_NUMBERS;
	if (parent == NULL)
		return doc;
	if (parent->last != NULL)
		parent->last->next = doc;
	else
		parent->first = doc;
	parent->last = doc;
	return doc;
}

struct slice
doc_dup(struct doc_maker *maker, struct slice s)
{
	if (s.p == NULL || !pay(maker, s.n + 1))
		return SLICE_NONE;
	return slice_dup(maker->arena, s);
}

void
doc_add_text(struct doc_maker *maker, struct doc *parent, struct slice text, unsigned marks,
    struct slice href, struct slice color)
{
	struct doc *doc;

	if (text.n == 0 || parent == NULL || (doc = doc_add(maker, parent, DOC_TEXT)) == NULL)
		return;
	doc->text = doc_dup(maker, text);
	doc->href = doc_dup(maker, href);
	doc->color = doc_dup(maker, color);
	doc->marks = marks;
}

static bool
is_same_style(const struct doc *a, const struct doc *b)
{
	return b != NULL && b->kind == DOC_TEXT && a->marks == b->marks &&
	    slice_eq(a->href, b->href) && slice_eq(a->color, b->color);
}

/* A run of texts of one style becomes its first node. */
static void
join_run(struct doc_maker *maker, struct doc *first)
{
	size_t n = first->text.n;
	struct doc *at;
	char *to;

	for (at = first->next; is_same_style(first, at); at = at->next)
		n += at->text.n;
	if (at == first->next || !pay(maker, n))
		return;
	to = arena_bytes(maker->arena, n);
	n = 0;
	for (const struct doc *one = first; one != at; one = one->next) {
		memcpy(to + n, one->text.p, one->text.n);
		n += one->text.n;
	}
	first->text = (struct slice){ to, n };
	first->next = at;
	if (at == NULL)
		first->parent->last = first;
}

/* Depth is bounded by DOC_DEPTH. */
static void
join(struct doc_maker *maker, struct doc *parent)
{
	for (struct doc *at = parent->first; at != NULL; at = at->next) {
		if (at->kind == DOC_TEXT)
			join_run(maker, at);
		else
			join(maker, at);
	}
}

bool
doc_finish(struct doc_maker *maker)
{
	if (!maker->has_failed)
		join(maker, maker->root);
	return !maker->has_failed;
}

bool
doc_is_block(const struct doc *doc)
{
	if (doc->kind == DOC_MACRO || doc->kind == DOC_RAW)
		return !doc->is_inline;
	return doc->kind < DOC_TEXT;
}
