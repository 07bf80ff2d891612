/*
 * Dry runs: what a tool that writes would send, without sending it.  Every request of a tool goes
 * through work_request_wait(), and there those that write are kept here instead.  A story whose
 * next step does not need the answer goes on, so that all its writes are seen; one that needs it
 * ends there, and the result says so.  Reads are sent: keys, names and versions are looked up as
 * ever.
 */
#include "atlassian/tool.h"

#define SHOWN_PATH 120 /* bytes, in the line for people */

static const struct arg dry_run = { "dry_run", ARG_BOOL, 0, "Only show the requests" };

const struct arg *
tool_common_arg(const struct tool *tool)
{
	return tool->flags & WRITES ? &dry_run : NULL;
}

bool
dry_init(struct work *work, bool is_dry, struct err *err)
{
	work->dry = NULL;
	if (!is_dry)
		return true;
	if (!arena_reserve(work->arena, sizeof(*work->dry), err))
		return false;
	work->dry = ARENA_NEW(work->arena, struct dry);
	work->dry->requests = out_arr(work);
	return true;
}

yyjson_val **
unless_dry(const struct work *work, yyjson_val **out)
{
	return work->dry == NULL ? out : NULL;
}

/* ---- a request ------------------------------------------------------------------------------- */

static void
put_body(struct work *work, yyjson_mut_val *to, const struct site_request *request)
{
	struct err ignored;
	yyjson_val *body;

	if (request->body_read != NULL) {
		out_slice(work, to, "content_type", request->type);
		out_int(work, to, "body_bytes", (int64_t)request->body_bytes);
	} else if (request->body.n > 0 && request->type.p == NULL &&
	    json_read(work, request->body, &body, "the body", &ignored)) {
		out_copy(work, to, "body", body);
	} else if (request->body.n > 0) {
		out_slice(work, to, "content_type", request->type);
		out_slice(work, to, "body", request->body);
	}
}

bool
dry_take(struct work *work, const struct site_request *request, bool needs_answer)
{
	yyjson_mut_val *one = out_obj(work);

	if (work->dry->is_over)
		return work_fail(work, ERR_REQUEST, "the dry run is over");
	out_slice(work, one, "method", request->method);
	out_slice(work, one, "path", request->path);
	if (request->is_for_forms)
		out_str(work, one, "api", "forms");
	put_body(work, one, request);
	yyjson_mut_arr_append(work->dry->requests, one);
	work->status = 0;
	if (!needs_answer)
		return true;
	work->dry->is_over = true;
	return work_fail(work, ERR_REQUEST, "the dry run ends here");
}

/* ---- the result ------------------------------------------------------------------------------ */

static struct slice
line(struct work *work, size_t n)
{
	yyjson_mut_val *first = yyjson_mut_arr_get_first(work->dry->requests);

	if (n == 0)
		return S("Dry run: nothing would be written");
	return slice_of(work_printf(work, "Dry run, nothing was written: %s %.*s%s",
	    yyjson_mut_get_str(yyjson_mut_obj_get(first, "method")), SHOWN_PATH,
	    yyjson_mut_get_str(yyjson_mut_obj_get(first, "path")),
	    n > 1 ? work_printf(work, ", and %zu more", n - 1) : ""));
}

bool
dry_finish(struct work *work, bool ok)
{
	struct dry *dry = work->dry;
	size_t n = dry != NULL ? yyjson_mut_arr_size(dry->requests) : 0;
	yyjson_mut_val *shown;

	/* Without a request this is what the call itself would say; a client that has gone is gone.
	 */
	if (dry == NULL || (!ok && n == 0) ||
	    (!ok && !dry->is_over &&
		(work->err->kind == ERR_CANCELLED || work->err->kind == ERR_DEADLINE)))
		return ok;
	shown = out_obj(work);
	out_slice(work, shown, "address", work_base(work));
	out_val(work, shown, "requests", dry->requests);
	out_bool(work, shown, "is_all", ok && !dry->is_over);
	if (dry->is_over)
		out_str(work, shown, "note",
		    "what would follow depends on the answer to the last request");
	else if (!ok)
		out_slice(work, shown, "would_fail",
		    work->said.p != NULL ? work->said : slice_of(work->err->text));
	work->out = out_obj(work);
	out_val(work, work->out, "dry_run", shown);
	/* What was told is of an answer that there is not. */
	buf_clear(&work->told);
	work->summary = line(work, n);
	work->said = SLICE_NONE;
	buf_clear(&work->more);
	*work->err = (struct err){ 0 };
	return true;
}
