/*
 * Users by whatever a client calls them.  One that Jira would take as it is costs nothing; others
 * are searched, and of what is found only an exact match counts: the first of several hits is no
 * answer.  What was found is kept for each access for a while.
 */
#include <ctype.h>

#include "atlassian/jira.h"

#define KEPT_MS	      (10 * 60 * 1000)
#define KEPT_MAX      500
#define SEARCH_MAX    "50"
#define SHOWN_MAX     5 /* in an error's text */
#define LEGACY_ID_LEN 24

/* ---- identifiers ----------------------------------------------------------------------------- */

static size_t
run_of(struct slice s, int (*is)(int))
{
	size_t n = 0;

	while (n < s.n && is((unsigned char)s.p[n]))
		n++;
	return n;
}

static int
is_id_char(int c)
{
	return isalnum(c) || c == '-' || c == '_';
}

/* "5b10a2844c20165700ede21g", "557058:295406f3-...", "qm:...": what only an account id looks like.
 */
static bool
is_account_id(struct slice s)
{
	size_t head = run_of(s, is_id_char);

	if (s.n == LEGACY_ID_LEN && run_of(s, isalnum) == s.n)
		return run_of(s, isxdigit) >= LEGACY_ID_LEN - 1;
	return head > 0 && head < s.n && s.p[head] == ':' && s.n - head > 8 &&
	    run_of((struct slice){ s.p + head + 1, s.n - head - 1 }, is_id_char) >= 8;
}

/* How the site names a user in a request. */
static struct slice
own_id(const struct work *work, yyjson_val *user)
{
	return json_slice(yyjson_obj_get(user, work->is_cloud ? "accountId" : "name"));
}

yyjson_mut_val *
jira_user_ref(struct work *work, struct slice id)
{
	const char *member = work->is_cloud ? "accountId" : "name";
	yyjson_mut_val *ref = out_obj(work);

	if (id.p == NULL)
		out_val(work, ref, member, yyjson_mut_null(work->doc));
	out_slice(work, ref, member, id);
	return ref;
}

/* ---- what was found before ------------------------------------------------------------------- */

static struct slice
kept_find(struct work *work, struct slice who)
{
	const struct kept *kept = &work->access->users;
	yyjson_val *id;

	if (kept->doc == NULL || loop_now_ms(work->loop) >= kept->until_ms)
		return SLICE_NONE;
	id = yyjson_obj_getn(yyjson_doc_get_root(kept->doc), who.p, who.n);
	return work_dup(work, json_slice(id));
}

/* All are forgotten together: a user who gets another name is found again soon enough. */
static void
kept_add(struct work *work, struct slice who, struct slice id)
{
	struct kept *kept = &work->access->users;
	uint64_t now = loop_now_ms(work->loop);
	bool is_fresh = kept->doc != NULL && now < kept->until_ms &&
	    yyjson_obj_size(yyjson_doc_get_root(kept->doc)) < KEPT_MAX;
	yyjson_mut_doc *copy = yyjson_mut_doc_new(NULL);
	yyjson_mut_val *all = copy == NULL ? NULL
	    : is_fresh ? yyjson_val_mut_copy(copy, yyjson_doc_get_root(kept->doc))
		       : yyjson_mut_obj(copy);
	yyjson_doc *doc = NULL;

	if (all != NULL) {
		yyjson_mut_obj_put(all, yyjson_mut_strncpy(copy, who.p, who.n),
		    yyjson_mut_strncpy(copy, id.p, id.n));
		doc = yyjson_mut_val_imut_copy(all, NULL);
	}
	yyjson_mut_doc_free(copy);
	if (doc == NULL)
		return;
	yyjson_doc_free(kept->doc);
	*kept = (struct kept){ doc, is_fresh ? kept->until_ms : now + KEPT_MS };
}

/* ---- searching ------------------------------------------------------------------------------- */

/* What may equal the identifier, the surest first. */
static const char *const members[] = { "accountId", "name", "key", "emailAddress", "displayName" };

/* The only user with that member; NULL: none.  *n: how many there are. */
static yyjson_val *
exact(yyjson_val *users, const char *member, struct slice who, size_t *n)
{
	yyjson_val *user, *found = NULL;
	size_t i, max;

	*n = 0;
	yyjson_arr_foreach(users, i, max, user)
	{
		struct slice said = json_slice(yyjson_obj_get(user, member));

		if (said.n == 0 || !slice_eq_nocase(said, who))
			continue;
		if (found == NULL)
			found = user;
		++*n;
	}
	return found;
}

static bool
name_them(struct work *work, struct slice who, yyjson_val *users, const char *what)
{
	struct buf names;
	yyjson_val *user;
	size_t i, max;

	buf_init(&names, NULL, KIB);
	yyjson_arr_foreach(users, i, max, user)
	{
		struct slice id = own_id(work, user);

		if (i < SHOWN_MAX)
			buf_printf(&names, "%s%.*s (%s%.*s)", i > 0 ? ", " : "",
			    SLICE_FMT(json_slice(yyjson_obj_get(user, "displayName"))),
			    work->is_cloud ? "accountid:" : "", SLICE_FMT(id));
	}
	work_fail(work, ERR_PARAMS, "%s \"%.*s\"%s%.*s", what, SLICE_FMT(who),
	    names.n > 0 ? ": " : "", (int)names.n, names.p != NULL ? names.p : "");
	buf_fini(&names);
	return false;
}

/* *out SLICE_NONE: nobody.  False: several, or a user whom the site cannot name. */
static bool
choose(struct work *work, struct slice who, yyjson_val *users, struct slice *out)
{
	bool is_mail = memchr(who.p, '@', who.n) != NULL;
	yyjson_val *user = NULL;
	size_t n = 0;

	*out = SLICE_NONE;
	for (size_t k = 0; k < COUNT(members) && user == NULL; k++)
		user = exact(users, members[k], who, &n);
	if (n > 1)
		return name_them(work, who, users, "several users are called");
	/* Cloud finds by e-mail and does not show it. */
	if (user == NULL && is_mail && yyjson_arr_size(users) == 1 &&
	    yyjson_obj_get(yyjson_arr_get(users, 0), "emailAddress") == NULL)
		user = yyjson_arr_get(users, 0);
	if (user == NULL)
		return true;
	*out = own_id(work, user);
	return out->p != NULL || name_them(work, who, users, "Jira gives no id for");
}

/* Some sites let nobody browse users, but say who can be assigned. */
static bool
search_wait(struct work *work, struct slice who, const struct jira_place *place, yyjson_val **users)
{
	const char *text = work_cstr(work, who), *member = work->is_cloud ? "query" : "username";
	struct err first;

	if (text == NULL)
		return false;
	if (work_get_wait(
		work, users, "{api}/user/search", member, text, "maxResults", SEARCH_MAX, NULL) &&
	    yyjson_arr_size(*users) > 0)
		return true;
	if (*users == NULL && work_status(work) != 403 && work_status(work) != 401)
		return false;
	if (place == NULL || (place->project.n == 0 && place->issue.n == 0))
		return *users != NULL;
	first = *work->err;
	if (work_get_wait(work, users, "{api}/user/assignable/search", member, text, "maxResults",
		SEARCH_MAX, place->issue.n > 0 ? "issueKey" : "project",
		work_cstr(work, place->issue.n > 0 ? place->issue : place->project), NULL))
		return true;
	if (first.kind != ERR_NONE)
		*work->err = first;
	return false;
}

/* Data Center: a key (JIRAUSER10100), or a user who can be read and not searched. */
static bool
direct_wait(struct work *work, struct slice who, struct slice *out)
{
	bool is_key = who.n > 8 && slice_eq_nocase((struct slice){ who.p, 8 }, S("JIRAUSER"));
	yyjson_val *user;

	*out = SLICE_NONE;
	if (!work_try_wait(
		work, &user, "{api}/user", is_key ? "key" : "username", work_cstr(work, who), NULL))
		return false;
	*out = own_id(work, user);
	return true;
}

static bool
find_wait(struct work *work, struct slice who, const struct jira_place *place, struct slice *out)
{
	yyjson_val *users = NULL;

	if (!search_wait(work, who, place, &users) || !choose(work, who, users, out))
		return false;
	if (out->p == NULL && !work->is_cloud && !direct_wait(work, who, out))
		return false;
	if (out->p == NULL)
		return name_them(work, who, users, "no user is called exactly");
	return true;
}

bool
jira_user_wait(
    struct work *work, struct slice who, const struct jira_place *place, struct slice *out)
{
	static const struct slice prefix = { "accountid:", 10 };

	who = slice_trim(who);
	if (who.n > prefix.n && slice_eq_nocase((struct slice){ who.p, prefix.n }, prefix)) {
		*out = (struct slice){ who.p + prefix.n, who.n - prefix.n };
		return work->is_cloud ||
		    work_fail(
			work, ERR_PARAMS, "account ids are for Cloud; Data Center has user names");
	}
	*out = who;
	if (who.n == 0 || who.n > 255)
		return work_fail(work, ERR_PARAMS, "a user needs a name");
	if (work->is_cloud && is_account_id(who))
		return true;
	*out = kept_find(work, who);
	if (out->p != NULL)
		return true;
	if (!find_wait(work, who, place, out))
		return false;
	kept_add(work, who, *out);
	return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static struct slice
object_id(const struct work *work, yyjson_val *object)
{
	static const char *const cloud[] = { "accountId", "account_id", "id" },
				 *const center[] = { "name", "username" };
	const char *const *names = work->is_cloud ? cloud : center;
	size_t n = work->is_cloud ? COUNT(cloud) : COUNT(center);

	for (size_t i = 0; i < n; i++) {
		struct slice id = json_slice(yyjson_obj_get(object, names[i]));

		if (id.n > 0)
			return id;
	}
	return SLICE_NONE;
}

bool
jira_user_value_wait(
    struct work *work, yyjson_val *value, const struct jira_place *place, yyjson_mut_val **out)
{
	static const char *const called[] = { "emailAddress", "email", "key", "name", "displayName",
		"display_name" };
	struct slice who = json_slice(value), id = SLICE_NONE;

	*out = NULL;
	if (yyjson_is_obj(value))
		id = object_id(work, value);
	for (size_t i = 0; id.p == NULL && who.n == 0 && i < COUNT(called); i++)
		who = json_slice(yyjson_obj_get(value, called[i]));
	if (id.p == NULL && who.n > 0 && !jira_user_wait(work, who, place, &id))
		return false;
	if (id.p == NULL && !yyjson_is_null(value) && !(yyjson_is_str(value) && who.n == 0))
		return work_fail(work, ERR_PARAMS,
		    "a user must be a string, or an object with accountId, name or email");
	*out = id.p != NULL ? jira_user_ref(work, id) : yyjson_mut_null(work->doc);
	return true;
}
