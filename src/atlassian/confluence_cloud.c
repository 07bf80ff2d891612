/*
 * What Confluence Cloud tells only when it is asked once more: the names of people, of whom pages
 * and comments have the account's id, and the attachments of a page.  A name is kept for as long as
 * the access is; who may not be seen keeps the id as a name.
 */
#include "atlassian/confluence.h"

#define PEOPLE_KEPT	 1000
#define ACCOUNT_MAX	 128
#define ATTACHMENTS_MAX	 200
#define ATTACHMENTS_PAGE 100

/* ---- people ---------------------------------------------------------------------------------- */

static const char *
person_keep(struct access *access, const char *account, const char *name)
{
	size_t n = strlen(account) + 1, m = strlen(name) + 1;
	struct person *person;
	struct err err;

	if (access->people_n >= PEOPLE_KEPT ||
	    !arena_reserve(&access->arena, sizeof(*person) + n + m, &err))
		return name;
	person = ARENA_NEW(&access->arena, struct person);
	person->account = slice_cstr(&access->arena, slice_of(account));
	person->name = slice_cstr(&access->arena, slice_of(name));
	person->next = access->people;
	access->people = person;
	access->people_n++;
	return person->name;
}

const char *
person_name(struct work *work, const char *account)
{
	struct err before = *work->err;
	const struct person *person;
	const char *name = NULL;
	yyjson_val *reply;

	if (account == NULL || !work->is_cloud || strlen(account) > ACCOUNT_MAX)
		return account;
	for (person = work->access->people; person != NULL; person = person->next)
		if (strcmp(person->account, account) == 0)
			return person->name;
	if (work_get_wait(work, &reply, "/rest/api/user", "accountId", account, NULL)) {
		name = yyjson_get_str(yyjson_obj_get(reply, "displayName"));
	} else {
		/* The page is what was asked for; a name is a kindness. */
		*work->err = before;
		work->said = SLICE_NONE;
		if (work_status(work) != 403 && work_status(work) != 404)
			return account;
	}
	return person_keep(work->access, account, name != NULL && *name != '\0' ? name : account);
}

/* ---- attachments ----------------------------------------------------------------------------- */

yyjson_mut_val *
attachment_show(struct work *work, yyjson_val *source)
{
	yyjson_mut_val *out = out_obj(work);
	yyjson_val *version = yyjson_obj_get(source, "version");

	if (!work->is_cloud)
		return shape_make(work, &attachment_shape, source);
	out_slice(work, out, "id", json_slice(yyjson_obj_get(source, "id")));
	out_slice(work, out, "title", json_slice(yyjson_obj_get(source, "title")));
	out_str(work, out, "type", "attachment");
	out_slice(work, out, "status", json_slice(yyjson_obj_get(source, "status")));
	out_slice(work, out, "media_type", json_slice(yyjson_obj_get(source, "mediaType")));
	if (yyjson_is_int(yyjson_obj_get(source, "fileSize")))
		out_int(
		    work, out, "file_size", yyjson_get_sint(yyjson_obj_get(source, "fileSize")));
	out_slice(work, out, "download_url", json_slice(yyjson_obj_get(source, "downloadLink")));
	if (yyjson_is_int(yyjson_obj_get(version, "number")))
		out_int(work, out, "version_number",
		    yyjson_get_sint(yyjson_obj_get(version, "number")));
	out_slice(work, out, "version_when", json_slice(yyjson_obj_get(version, "createdAt")));
	out_str(work, out, "author_display_name",
	    person_name(work, yyjson_get_str(yyjson_obj_get(version, "authorId"))));
	return out;
}

/* Who may not see them may still see the page. */
static bool
may_do_without(struct work *work)
{
	if (work_status(work) != 403 && work_status(work) != 404)
		return false;
	*work->err = (struct err){ 0 };
	work->said = SLICE_NONE;
	return true;
}

bool
attachments_wait(struct work *work, const char *page, yyjson_mut_val *list)
{
	const char *path = work_path(work, "/api/v2/pages/{page}/attachments", "page", page, NULL);
	yyjson_val *items, *one;
	struct pages pages;
	size_t i, max;

	if (path == NULL)
		return false;
	pages_init(
	    &pages, work, PAGE_CURSOR, path, "results", 0, ATTACHMENTS_MAX, ATTACHMENTS_PAGE);
	for (;;) {
		if (!pages_next_wait(&pages, &items))
			return may_do_without(work);
		if (items == NULL)
			return true;
		yyjson_arr_foreach(items, i, max, one)
		{
			if (yyjson_mut_arr_size(list) < ATTACHMENTS_MAX)
				yyjson_mut_arr_append(list, attachment_show(work, one));
		}
	}
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* Titles stand in them as they are, with blanks and quotes. */
const char *
web_address(struct work *work, const struct page *page)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *web = page->web, *made = NULL;
	struct buf out;

	/* The lists of Cloud leave it out. */
	if (web == NULL && work->is_cloud && page->space_key != NULL)
		web = work_printf(work, "/spaces/%s/pages/%s", page->space_key, page->id);
	if (web == NULL)
		return NULL;
	buf_init(&out, NULL, 16 * KIB);
	buf_put(&out, work_base(work));
	for (const unsigned char *p = (const unsigned char *)web; *p != '\0'; p++) {
		if (*p > ' ' && *p < 0x7f && strchr("\"<>\\^`{|}", *p) == NULL) {
			buf_putc(&out, (char)*p);
			continue;
		}
		buf_putc(&out, '%');
		buf_putc(&out, digits[*p >> 4]);
		buf_putc(&out, digits[*p & 15]);
	}
	if (!out.overflow && arena_reserve(work->arena, out.n + 1, &(struct err){ 0 }))
		made = slice_cstr(work->arena, buf_view(&out));
	buf_fini(&out);
	return made;
}
