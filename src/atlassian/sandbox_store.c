/*
 * What a simulated site holds: blocks with a ceiling, lists, and finding by id, key and name.
 * Issues and contents have dense ids, so that they are found by an index.
 */
#include <stdio.h>
#include <string.h>

#include "atlassian/sandbox_server.h"

/* ---- blocks ---------------------------------------------------------------------------------- */

void *
sandbox_alloc(struct sandbox *sandbox, size_t n)
{
	struct block *block = mem_new(sizeof(*block) + n);

	block->n = n;
	block->next = sandbox->blocks;
	if (block->next != NULL)
		block->next->prev = block;
	sandbox->blocks = block;
	sandbox->used_bytes += sizeof(*block) + n;
	return block->bytes;
}

void
sandbox_release(struct sandbox *sandbox, void *p)
{
	struct block *block;

	if (p == NULL)
		return;
	block = CONTAINER(p, struct block, bytes);
	if (block->prev != NULL)
		block->prev->next = block->next;
	else
		sandbox->blocks = block->next;
	if (block->next != NULL)
		block->next->prev = block->prev;
	sandbox->used_bytes -= sizeof(*block) + block->n;
	mem_free(block);
}

/* With a NUL behind it. */
struct slice
sandbox_dup(struct sandbox *sandbox, struct slice s)
{
	char *copy;

	if (s.p == NULL)
		return SLICE_NONE;
	copy = sandbox_alloc(sandbox, s.n + 1);
	memcpy(copy, s.p, s.n);
	return (struct slice){ copy, s.n };
}

void
sandbox_set(struct sandbox *sandbox, struct slice *field, struct slice value)
{
	struct slice old = *field;

	*field = sandbox_dup(sandbox, value);
	sandbox_release(sandbox, (void *)(uintptr_t)old.p);
}

/* ---- lists ----------------------------------------------------------------------------------- */

void
list_add(struct sandbox *sandbox, struct list *list, void *item)
{
	void **more;

	if (list->n == list->cap) {
		list->cap = list->cap == 0 ? 4 : list->cap * 2;
		more = sandbox_alloc(sandbox, list->cap * sizeof(*more));
		if (list->n > 0)
			memcpy(more, list->p, list->n * sizeof(*more));
		sandbox_release(sandbox, list->p);
		list->p = more;
	}
	list->p[list->n++] = item;
}

bool
list_remove(struct list *list, const void *item)
{
	for (unsigned i = 0; i < list->n; i++) {
		if (list->p[i] != item)
			continue;
		list->n--;
		memmove(&list->p[i], &list->p[i + 1], (list->n - i) * sizeof(*list->p));
		return true;
	}
	return false;
}

bool
list_has(const struct list *list, const void *item)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->p[i] == item)
			return true;
	return false;
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool
is_id(struct slice s, unsigned id)
{
	uint64_t number;

	return slice_to_u64(s, UINT32_MAX, &number) && number == id;
}

static bool
is_either(struct slice s, const char *id, const char *name)
{
	return slice_eq(s, slice_of(id)) || slice_eq_nocase(s, slice_of(name));
}

const struct user *
user_find(struct slice id)
{
	for (size_t i = 0; i < sandbox_users_n; i++) {
		const struct user *user = &sandbox_users[i];

		if (is_either(id, user->account_id, user->name) ||
		    is_either(id, user->key, user->email))
			return user;
	}
	return NULL;
}

const struct field *
field_find(struct slice id_or_name)
{
	for (size_t i = 0; i < sandbox_fields_n; i++)
		if (is_either(id_or_name, sandbox_fields[i].id, sandbox_fields[i].name))
			return &sandbox_fields[i];
	return NULL;
}

const struct issue_type *
type_find(const struct project *project, struct slice id_or_name)
{
	const struct issue_type *type;

	LIST_EACH(type, &project->types)
	if (is_either(id_or_name, type->id, type->name))
		return type;
	return NULL;
}

const struct priority *
priority_find(struct slice id_or_name)
{
	for (size_t i = 0; i < sandbox_priorities_n; i++)
		if (is_either(id_or_name, sandbox_priorities[i].id, sandbox_priorities[i].name))
			return &sandbox_priorities[i];
	return NULL;
}

struct project *
project_find(const struct world *world, struct slice key_or_id)
{
	struct project *project;

	LIST_EACH(project, &world->projects)
	if (slice_eq_nocase(key_or_id, slice_of(project->key)) || is_id(key_or_id, project->id))
		return project;
	return NULL;
}

struct issue *
issue_find(const struct world *world, struct slice key_or_id)
{
	struct slice number, key = slice_cut(key_or_id, '-', &number);
	const struct project *project;
	uint64_t at;

	if (number.p == NULL) {
		if (!slice_to_u64(key, UINT32_MAX, &at) || at < FIRST_ISSUE ||
		    at - FIRST_ISSUE >= world->issues.n)
			return NULL;
		return world->issues.p[at - FIRST_ISSUE];
	}
	if (slice_to_u64(key, UINT32_MAX, &at)) /* a project's id is no part of a key */
		return NULL;
	project = project_find(world, key);
	if (project == NULL || !slice_to_u64(number, UINT32_MAX, &at) || at == 0 ||
	    at > project->numbers.n)
		return NULL;
	return project->numbers.p[at - 1];
}

struct version *
version_find(const struct project *project, struct slice id_or_name)
{
	struct version *version;

	LIST_EACH(version, &project->versions)
	if (is_id(id_or_name, version->id) || slice_eq_nocase(id_or_name, version->name))
		return version;
	return NULL;
}

struct component *
component_find(const struct project *project, struct slice id_or_name)
{
	struct component *component;

	LIST_EACH(component, &project->components)
	if (is_id(id_or_name, component->id) ||
	    slice_eq_nocase(id_or_name, slice_of(component->name)))
		return component;
	return NULL;
}

struct sprint *
sprint_find(const struct world *world, uint64_t id)
{
	struct sprint *sprint;

	LIST_EACH(sprint, &world->sprints)
	if (sprint->id == id)
		return sprint;
	return NULL;
}

struct space *
space_find(const struct world *world, struct slice key_or_id)
{
	struct space *space;

	LIST_EACH(space, &world->spaces)
	if (slice_eq_nocase(key_or_id, slice_of(space->key)) || is_id(key_or_id, space->id))
		return space;
	return NULL;
}

/* "att98310" is how clients know attachments. */
struct content *
content_find(const struct world *world, struct slice id)
{
	uint64_t at;

	if (slice_starts(id, S("att")))
		id = (struct slice){ id.p + 3, id.n - 3 };
	if (!slice_to_u64(id, UINT32_MAX, &at) || at < FIRST_CONTENT ||
	    at - FIRST_CONTENT >= world->contents.n)
		return NULL;
	return world->contents.p[at - FIRST_CONTENT];
}

/* ---- issues ---------------------------------------------------------------------------------- */

struct issue *
issue_new(struct world *world, struct project *project)
{
	struct sandbox *sandbox = world->sandbox;
	struct issue *issue = SANDBOX_NEW(sandbox, struct issue);
	char key[64];

	list_add(sandbox, &world->issues, issue);
	list_add(sandbox, &project->numbers, issue);
	issue->id = FIRST_ISSUE + world->issues.n - 1;
	issue->project = project;
	issue->number = project->numbers.n;
	snprintf(key, sizeof(key), "%s-%u", project->key, issue->number);
	issue->key = sandbox_dup(sandbox, slice_of(key));
	return issue;
}

void
issue_set_parent(struct world *world, struct issue *issue, struct issue *parent)
{
	if (issue->parent != NULL)
		list_remove(&issue->parent->children, issue);
	issue->parent = parent;
	if (parent != NULL)
		list_add(world->sandbox, &parent->children, issue);
}

/* Its texts stay where they are: a deleted issue gives its ids back to nobody, and little memory.
 */
void
issue_drop(struct world *world, struct issue *issue)
{
	struct project *project;
	struct link *link;

	while (issue->children.n > 0)
		issue_set_parent(world, issue->children.p[0], NULL);
	issue_set_parent(world, issue, NULL);
	while (issue->links.n > 0) {
		link = issue->links.p[0];
		list_remove(&link->inward->links, link);
		list_remove(&link->outward->links, link);
		list_remove(&world->links, link);
	}
	world->issues.p[issue->id - FIRST_ISSUE] = NULL;
	LIST_EACH(project, &world->projects)
	for (unsigned i = 0; i < project->numbers.n; i++)
		if (project->numbers.p[i] == issue)
			project->numbers.p[i] = NULL;
}

void
rich_set_wiki(struct sandbox *sandbox, struct rich *rich, struct slice wiki)
{
	struct buf adf;

	sandbox_set(sandbox, &rich->wiki, wiki);
	if (wiki.p == NULL) {
		sandbox_set(sandbox, &rich->adf, SLICE_NONE);
		return;
	}
	buf_init(&adf, NULL, 256 * MIB);
	adf_of_text(&adf, wiki);
	sandbox_set(sandbox, &rich->adf, buf_view(&adf));
	buf_fini(&adf);
}

void
rich_set_adf(struct sandbox *sandbox, struct rich *rich, struct slice adf)
{
	yyjson_doc *doc = adf.p != NULL ? yyjson_read(adf.p, adf.n, 0) : NULL;
	struct buf wiki;

	sandbox_set(sandbox, &rich->adf, adf);
	buf_init(&wiki, NULL, 256 * MIB);
	text_of_adf(&wiki, yyjson_doc_get_root(doc));
	sandbox_set(sandbox, &rich->wiki, adf.p != NULL ? buf_view(&wiki) : SLICE_NONE);
	buf_fini(&wiki);
	yyjson_doc_free(doc);
}

/* ---- contents -------------------------------------------------------------------------------- */

struct content *
content_new(struct world *world, enum content_type type, struct space *space)
{
	struct content *content = SANDBOX_NEW(world->sandbox, struct content);

	list_add(world->sandbox, &world->contents, content);
	content->id = FIRST_CONTENT + world->contents.n - 1;
	content->type = type;
	content->space = space;
	content->status = "current";
	return content;
}

const struct revision *
content_revision(const struct content *content)
{
	return content->revisions.p[content->revisions.n - 1];
}

struct revision *
content_revise(struct world *world, struct content *content, const struct user *by,
    uint64_t when_ms, struct slice message)
{
	struct revision *revision = SANDBOX_NEW(world->sandbox, struct revision);

	revision->number = content->revisions.n + 1;
	revision->by = by;
	revision->when_ms = when_ms;
	revision->title = sandbox_dup(world->sandbox, content->title);
	revision->body = sandbox_dup(world->sandbox, content->body);
	revision->message = sandbox_dup(world->sandbox, message);
	list_add(world->sandbox, &content->revisions, revision);
	return revision;
}

void
content_attach(struct world *world, struct content *content, struct content *parent)
{
	content_detach(content);
	content->parent = parent;
	if (parent != NULL)
		list_add(world->sandbox, &parent->children, content);
}

void
content_detach(struct content *content)
{
	if (content->parent != NULL)
		list_remove(&content->parent->children, content);
	content->parent = NULL;
}

/* For good. What stood below it moves up, its comments and attachments go with it. */
void
content_drop(struct world *world, struct content *content)
{
	struct content *above = content->parent, *child;

	while (content->comments.n > 0)
		content_drop(world, content->comments.p[0]);
	while (content->attachments.n > 0)
		content_drop(world, content->attachments.p[0]);
	while (content->children.n > 0) {
		child = content->children.p[0];
		if (content->type == CONTENT_COMMENT)
			content_drop(world, child);
		else
			content_attach(world, child, above);
	}
	content_detach(content);
	if (content->container != NULL) {
		list_remove(&content->container->comments, content);
		list_remove(&content->container->attachments, content);
	}
	world->contents.p[content->id - FIRST_CONTENT] = NULL;
}

bool
content_is_below(const struct content *content, const struct content *above)
{
	while (content != NULL && content != above)
		content = content->parent;
	return content != NULL;
}
