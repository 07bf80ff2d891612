/*
 * Versions of a project: making one or several, and changing one.  A version is named by its id
 * alone, so that a site with a filter first asks for its project.
 */
#include "atlassian/jira.h"

#define BATCH_MAX      100
#define NAME_MAX_BYTES 255
#define TEXT_MAX_BYTES 16384

/* ---- what is sent ---------------------------------------------------------------------------- */

/* Of an item of a list, which no row describes. */
static bool
date_check(struct work *work, const char *name, struct slice date)
{
	const struct arg arg = { .name = name };

	return date.n == 0 || kind_take(work, &arg, ARG_DATE, &date, work->err);
}

/* What one version shall have; SLICE_NONE: not said. */
struct wanted {
	struct slice name, description, start_date, release_date;
};

static bool
wanted_check(struct work *work, const struct wanted *wanted)
{
	if (wanted->name.p != NULL &&
	    (slice_trim(wanted->name).n == 0 || wanted->name.n > NAME_MAX_BYTES))
		return work_fail(work, ERR_PARAMS, "name must have 1 to %d bytes", NAME_MAX_BYTES);
	return date_check(work, "start_date", wanted->start_date) &&
	    date_check(work, "release_date", wanted->release_date);
}

static yyjson_mut_val *
wanted_body(struct work *work, const struct wanted *wanted)
{
	yyjson_mut_val *body = out_obj(work);

	out_slice(work, body, "name", wanted->name);
	out_slice(work, body, "description", wanted->description);
	if (wanted->start_date.n > 0)
		out_slice(work, body, "startDate", wanted->start_date);
	if (wanted->release_date.n > 0)
		out_slice(work, body, "releaseDate", wanted->release_date);
	return body;
}

static struct wanted
wanted_of_args(const struct work *work)
{
	return (struct wanted){ .name = arg_slice(work, "name"),
		.description = arg_slice(work, "description"),
		.start_date = slice_trim(arg_slice(work, "start_date")),
		.release_date = slice_trim(arg_slice(work, "release_date")) };
}

static bool
create_wait(
    struct work *work, const char *project, const struct wanted *wanted, yyjson_mut_val **out)
{
	yyjson_mut_val *body;
	yyjson_val *reply = NULL;

	if (!wanted_check(work, wanted))
		return false;
	body = wanted_body(work, wanted);
	out_str(work, body, "project", project);
	if (!work_send_wait(work, "POST", body, unless_dry(work, &reply), "{api}/version", NULL))
		return false;
	*out = shape_make(work, &jira_version_shape, reply);
	return true;
}

/* ---- tools ----------------------------------------------------------------------------------- */

static bool
create_version(struct work *work)
{
	struct wanted wanted = wanted_of_args(work);
	const char *project;

	if (!jira_project_arg(work, "project_key", &project) ||
	    !create_wait(work, project, &wanted, &work->out))
		return false;
	work->summary = slice_of(work_printf(work, "version %.*s created", SLICE_FMT(wanted.name)));
	return true;
}

/* As Jira calls it, or as the arguments of create_version are called. */
static struct slice
either(yyjson_val *object, const char *name, const char *other)
{
	struct slice text = json_slice(yyjson_obj_get(object, name));

	return text.p != NULL ? text : json_slice(yyjson_obj_get(object, other));
}

static bool
item_wait(struct work *work, const char *project, yyjson_val *item, yyjson_mut_val **out)
{
	const struct wanted wanted = { .name = json_slice(yyjson_obj_get(item, "name")),
		.description = json_slice(yyjson_obj_get(item, "description")),
		.start_date = either(item, "startDate", "start_date"),
		.release_date = either(item, "releaseDate", "release_date") };

	if (!yyjson_is_obj(item) || wanted.name.n == 0)
		return work_fail(
		    work, ERR_PARAMS, "each version must be an object with at least a name");
	return create_wait(work, project, &wanted, out);
}

/* What is over for the whole call is no outcome of one item. */
static bool
ends_all(const struct err *err)
{
	return err->kind == ERR_CANCELLED || err->kind == ERR_DEADLINE || err->kind == ERR_LIMIT ||
	    err->kind == ERR_OUTCOME_UNKNOWN;
}

static bool
batch_create_versions(struct work *work)
{
	yyjson_val *versions = arg_json(work, "versions"), *item;
	yyjson_mut_val *made = NULL, *outcome;
	size_t i, max, done = 0;
	const char *project;

	if (!jira_project_arg(work, "project_key", &project))
		return false;
	if (yyjson_arr_size(versions) > BATCH_MAX)
		return work_fail(work, ERR_PARAMS, "versions: at most %d", BATCH_MAX);
	work->out = out_arr(work);
	yyjson_arr_foreach(versions, i, max, item)
	{
		bool ok = item_wait(work, project, item, &made);

		if (!ok && ends_all(work->err))
			return work_fail_after(work, "%zu of %zu versions were created", done, max);
		outcome = out_obj(work);
		out_bool(work, outcome, "success", ok);
		out_val(work, outcome, "version", ok ? made : NULL);
		if (!ok) {
			out_slice(work, outcome, "error",
			    work->said.p != NULL ? work->said : slice_of(work->err->text));
			out_copy(work, outcome, "input", item);
		}
		yyjson_mut_arr_append(work->out, outcome);
		done += ok;
		*work->err = (struct err){ 0 };
		work->said = SLICE_NONE;
		work_progress(work, (int64_t)i + 1, (int64_t)max, "versions handled");
	}
	work->summary = slice_of(
	    work_printf(work, "%zu of %zu versions created", done, yyjson_arr_size(versions)));
	return true;
}

/* The id names no project: where the site has a filter it is asked for. */
static bool
version_check_wait(struct work *work, const char *id)
{
	yyjson_val *version, *project, *number;

	if (work->site->config->filter_n == 0)
		return true;
	if (!work_get_wait(work, &version, "{api}/version/{id}", "id", id, NULL))
		return false;
	number = yyjson_obj_get(version, "projectId");
	if (!yyjson_is_int(number))
		return work_fail(work, ERR_REFUSED, "the project of version %s is not known", id);
	return work_get_wait(work, &project, "{api}/project/{project}", "project",
		   work_number(work, yyjson_get_sint(number)), NULL) &&
	    jira_project_check(work, json_slice(yyjson_obj_get(project, "key")));
}

static bool
update_version(struct work *work)
{
	static const char *const marks[] = { "archived", "released" };
	struct wanted wanted = wanted_of_args(work);
	yyjson_mut_val *body;
	yyjson_val *reply;
	const char *id;

	if (!jira_id_arg(work, "version_id", "get_project_versions lists them", &id) ||
	    !wanted_check(work, &wanted))
		return false;
	body = wanted_body(work, &wanted);
	for (size_t i = 0; i < COUNT(marks); i++) {
		if (arg_has(work, marks[i]))
			out_bool(work, body, marks[i], arg_bool(work, marks[i]));
	}
	if (yyjson_mut_obj_size(body) == 0)
		return work_fail(work, ERR_PARAMS,
		    "nothing to change: give name, description, a date, archived or released");
	if (!version_check_wait(work, id) ||
	    !work_send_wait(work, "PUT", body, &reply, "{api}/version/{id}", "id", id, NULL))
		return false;
	work->out = shape_make(work, &jira_version_shape, reply);
	work->summary = slice_of(work_printf(work, "version %s updated", id));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(outcome_shape, { "success", SHAPE_BOOL },
    { "version", SHAPE_OBJECT, .of = &jira_version_shape }, { "error", SHAPE_STR },
    { "input", SHAPE_COPY });
LOCAL_SHAPE(outcomes_shape, { "result", SHAPE_LIST, .of = &outcome_shape });

#define DATE_ARGS \
	{ "start_date", ARG_DATE, 0, "Such as 2030-01-01" }, \
	{ \
		"release_date", ARG_DATE, 0, "Such as 2030-01-31" \
	}
#define DESCRIPTION_ARG \
	{ \
		"description", ARG_STR, 0, "What is in it", NULL, 0, TEXT_MAX_BYTES \
	}
#define PROJECT_ARG \
	{ \
		"project_key", ARG_PROJECT, REQUIRED, "Project key, such as PROJ" \
	}

static const struct tool tools[] = {
	{ .name = "create_version",
	    .title = "Create Version",
	    .help = "Create a version of a project.",
	    .toolset = "jira_projects",
	    .flags = WRITES,
	    .run = create_version,
	    .shape = &jira_version_shape,
	    ARGS(PROJECT_ARG, { "name", ARG_STR, REQUIRED, "Name" }, DATE_ARGS, DESCRIPTION_ARG) },
	{ .name = "batch_create_versions",
	    .title = "Batch Create Versions",
	    .help = "Create several versions; each has its own outcome.",
	    .toolset = "jira_projects",
	    .flags = WRITES,
	    .run = batch_create_versions,
	    .shape = &outcomes_shape,
	    ARGS(PROJECT_ARG,
		{ "versions", ARG_ARRAY, REQUIRED,
		    "[{\"name\": \"1.0\", and startDate, releaseDate, description}]" }) },
	{ .name = "update_version",
	    .title = "Update Version",
	    .help = "Change a version; only what is given changes.",
	    .toolset = "jira_projects",
	    .flags = WRITES | DESTROYS | IDEMPOTENT,
	    .run = update_version,
	    .shape = &jira_version_shape,
	    ARGS({ "version_id", ARG_ID, REQUIRED, "Id from get_project_versions" },
		{ "name", ARG_STR, 0, "Name" }, DESCRIPTION_ARG, DATE_ARGS,
		{ "archived", ARG_BOOL, 0, "Whether it is archived" },
		{ "released", ARG_BOOL, 0, "Whether it is released" }) },
};
const struct tool_set jira_version_tools = { PRODUCT_JIRA, tools, COUNT(tools) };
