/*
 * One call of a native tool: arguments, the story of the tool, the result as clients get it.
 *
 * What a model can mend (a wrong argument, an issue that is not there, a refusal by Atlassian) is a
 * result with isError and a text that says what and where; what it cannot (the site does not
 * answer, time is over) is an error of the protocol.
 */
#include "atlassian/parts.h"
#include "atlassian/site_text.h"
#include "atlassian/tools.h"

#define WORK_BYTES_MAX (128 * MIB)
#define SUMMARY_MAX    200
#define RESULT_MAX     (64 * MIB)

/* ---- the result ------------------------------------------------------------------------------ */

static void
put_shown(struct buf *out, struct slice text)
{
	size_t n = text.n > SUMMARY_MAX ? SUMMARY_MAX : text.n;

	while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	buf_put(out, (struct slice){ text.p, n });
}

static struct slice
mut_slice(yyjson_mut_val *value)
{
	return yyjson_mut_is_str(value)
	    ? (struct slice){ yyjson_mut_get_str(value), yyjson_mut_get_len(value) }
	    : SLICE_NONE;
}

/* One line for people and for models that read only text. */
static void
summarise(const struct work *work, struct buf *out)
{
	struct slice message = mut_slice(yyjson_mut_obj_get(work->out, "message")),
		     key = mut_slice(yyjson_mut_obj_get(work->out, "key")),
		     summary = mut_slice(yyjson_mut_obj_get(work->out, "summary"));

	if (work->summary.p != NULL) {
		put_shown(out, work->summary);
	} else if (message.p != NULL) {
		put_shown(out, message);
	} else if (key.p != NULL) {
		put_shown(out, key);
		buf_puts(out, summary.p != NULL ? ": " : "");
		put_shown(out, summary);
	} else if (yyjson_mut_is_arr(work->out)) {
		buf_printf(out, "%zu results", yyjson_mut_arr_size(work->out));
	} else {
		buf_puts(out, work->tool->title);
	}
}

static void
put_text_block(struct buf *out, struct slice text)
{
	buf_puts(out, "{\"content\":[{\"type\":\"text\",\"text\":");
	buf_json_string(out, text);
	buf_putc(out, '}');
}

static void
put_meta(const struct work *work, struct buf *out)
{
	buf_puts(out, ",\"_meta\":{\"bascule/site\":");
	buf_json_string(out, work->site->provider.name);
	buf_puts(out, "}}");
}

/* Structured content is an object: a list stands under "result". */
static void
put_structured(const struct work *work, struct slice json, struct buf *out)
{
	bool is_object = yyjson_mut_is_obj(work->out);

	buf_puts(out, "],\"structuredContent\":");
	if (is_object) {
		buf_put(out, json);
		return;
	}
	buf_puts(out, "{\"result\":");
	buf_put(out, json);
	if (work->site->config->name.n > 0) {
		buf_puts(out, ",\"site\":");
		buf_json_string(out, work->site->config->name);
	}
	buf_putc(out, '}');
}

/* A result that is a text has no JSON. */
static bool
put_told(struct work *work, struct buf *out, struct err *err)
{
	if (!buf_check(&work->told, err) || !buf_check(&work->more, err))
		return false;
	put_text_block(out, buf_view(&work->told));
	buf_put(out, buf_view(&work->more));
	buf_putc(out, ']');
	put_meta(work, out);
	return true;
}

/* The JSON once: structured for who knows that (2025-06-18), else as text. */
static bool
put_result(struct work *work, struct buf *out, struct err *err)
{
	bool is_structured = work->exchange->revision >= MCP_2025_06_18;
	struct buf json, line;
	bool ok;

	if (yyjson_mut_is_obj(work->out) && work->site->config->name.n > 0)
		out_slice(work, work->out, "site", work->site->config->name);
	buf_init(&json, loop_memory(work->loop), RESULT_MAX);
	buf_init(&line, NULL, 4 * KIB);
	ok = json_put(work, work->out, &json, err) && buf_check(&json, err) &&
	    buf_check(&work->more, err);
	if (ok && json.n > work->site->all->result_bytes)
		ok = parts_cut(work, &json, err) && json_put(work, work->out, &json, err) &&
		    buf_check(&json, err);
	if (ok) {
		summarise(work, &line);
		put_text_block(out,
		    is_structured && !work->site->all->json_in_text ? buf_view(&line)
								    : buf_view(&json));
		buf_put(out, buf_view(&work->more));
		if (is_structured)
			put_structured(work, buf_view(&json), out);
		else
			buf_putc(out, ']');
		put_meta(work, out);
	}
	buf_fini(&json);
	buf_fini(&line);
	return ok;
}

static bool
is_for_the_model(enum errkind kind)
{
	return kind != ERR_STRANGER && kind != ERR_UNAVAILABLE && kind != ERR_DEADLINE &&
	    kind != ERR_CANCELLED && kind != ERR_OUTCOME_UNKNOWN && kind != ERR_LIMIT &&
	    kind != ERR_INTERNAL;
}

static void
put_failure(const struct work *work, const struct err *err, struct buf *out)
{
	put_text_block(out, work->said.p != NULL ? work->said : slice_of(err->text));
	buf_puts(out, "],\"isError\":true");
	put_meta(work, out);
}

/* ---- the call -------------------------------------------------------------------------------- */

static bool
refuse_deployment(struct work *work)
{
	bool is_wrong = (work->tool->flags & CLOUD_ONLY && !work->is_cloud) ||
	    (work->tool->flags & DC_ONLY && work->is_cloud);

	return is_wrong &&
	    !work_fail(work, ERR_REQUEST, "%.*s_%s works on %s only",
		SLICE_FMT(work->site->provider.name), work->tool->name,
		work->is_cloud ? "Data Center" : "Cloud");
}

static bool
run_wait(struct work *work, struct slice arguments)
{
	struct slice rest = parts_asked(arguments);
	yyjson_val *reply = NULL;

	if (rest.p == NULL && !work_take_args(work, arguments, work->err))
		return false;
	if (work->access == NULL &&
	    !access_find_wait(work->site, work->exchange, &work->access, work->err))
		return false;
	if (rest.p != NULL)
		return parts_take(work, rest);
	if (!access_deployment_wait(work->access, &work->is_cloud, work->err) ||
	    refuse_deployment(work))
		return false;
	if (work->tool->run != NULL)
		return work->tool->run(work);
	if (!work_row_wait(work, &reply))
		return false;
	if (work->tool->shape != NULL && yyjson_is_arr(reply))
		work->out = shape_list(work, work->tool->shape, reply);
	else if (work->tool->shape != NULL)
		work->out = shape_make(work, work->tool->shape, reply);
	else
		work->out = yyjson_val_mut_copy(work->doc, reply);
	return true;
}

/* What a call needs and leaves, but for what it is about. */
static bool
work_init(struct work *work, struct arena *arena, struct loop *loop, struct err *err)
{
	arena_init(arena, loop_memory(loop), WORK_BYTES_MAX);
	work->loop = loop;
	work->arena = arena;
	work->err = err;
	buf_init(&work->more, loop_memory(loop), RESULT_MAX);
	buf_init(&work->told, loop_memory(loop), RESULT_MAX);
	work->alc = json_alc(arena);
	work->doc = yyjson_mut_doc_new(&work->alc);
	return work->doc != NULL || err_set(err, ERR_LIMIT, "no memory for another call");
}

static void
work_fini(struct work *work)
{
	access_leave(&work->access);
	buf_fini(&work->more);
	buf_fini(&work->told);
	arena_fini(work->arena);
}

bool
work_call_wait(struct site *site, const struct tool *tool, struct exchange *exchange,
    struct reply *reply, struct err *err)
{
	struct work work = { .exchange = exchange, .site = site, .tool = tool };
	struct arena arena;
	struct buf out;
	bool ok;

	buf_init(&out, loop_memory(exchange->loop), RESULT_MAX + MIB);
	ok = work_init(&work, &arena, exchange->loop, err);
	ok = ok && dry_finish(&work, run_wait(&work, exchange->arguments));
	if (ok && work.out == NULL)
		work.out = out_obj(&work);
	if (ok)
		ok = work.told.n > 0 ? put_told(&work, &out, err) : put_result(&work, &out, err);
	if (!ok && is_for_the_model(err->kind)) {
		buf_clear(&out);
		put_failure(&work, err, &out);
		*err = (struct err){ 0 };
		ok = true;
	}
	if (ok)
		ok = exchange_result(exchange, &out, reply);
	else
		buf_fini(&out);
	work_fini(&work);
	return ok;
}

bool
work_text_wait(struct site *site, const struct tool *row, struct slice arguments,
    struct exchange *exchange, void (*put)(const struct work *work, void *owner, struct buf *out),
    void *owner, struct reply *reply, struct err *err)
{
	struct work work = { .exchange = exchange, .site = site, .tool = row };
	struct arena arena;
	struct buf out;
	bool ok;

	buf_init(&out, loop_memory(exchange->loop), RESULT_MAX + MIB);
	ok = work_init(&work, &arena, exchange->loop, err) && run_wait(&work, arguments) &&
	    buf_check(&work.told, err);
	if (ok) {
		put(&work, owner, &out);
		put_meta(&work, &out);
		ok = exchange_result(exchange, &out, reply);
	} else {
		buf_fini(&out);
	}
	work_fini(&work);
	return ok;
}

bool
work_ask_wait(struct site *site, struct access *access, const struct tool *row,
    struct slice arguments, struct arena *arena, struct slice *text, struct err *err)
{
	struct work work = { .site = site, .tool = row, .access = access };
	struct arena own;
	bool ok;

	access->in_use++;
	ok = work_init(&work, &own, hub_loop(site->provider.hub), err) &&
	    run_wait(&work, arguments) && buf_check(&work.told, err) &&
	    arena_reserve(arena, work.told.n + 1, err);
	if (ok)
		*text = work.told.n > 0 ? slice_dup(arena, buf_view(&work.told)) : S("");
	work_fini(&work);
	return ok;
}

bool
work_text(struct work *work, struct slice text, enum text_format from, enum text_format to,
    struct slice *out)
{
	struct buf made;
	bool ok;

	*out = text;
	if (from == to)
		return true;
	buf_init(&made, loop_memory(work->loop), RESULT_MAX);
	ok = text_convert(work->arena, from, text, to, &made, work->err) &&
	    arena_reserve(work->arena, made.n, work->err);
	if (ok)
		*out = slice_dup(work->arena, (struct slice){ made.n > 0 ? made.p : "", made.n });
	buf_fini(&made);
	return ok;
}

/* ---- progress -------------------------------------------------------------------------------- */

#define PROGRESS_MAX 512

void
work_progress(struct work *work, int64_t done, int64_t total, const char *what)
{
	static const char head[] = "{\"progressToken\":";
	struct tell tell = { .method = MCP_PROGRESS, .server = work->site->provider.name };
	struct buf params;

	if (work->exchange == NULL || work->dry != NULL ||
	    work->exchange->request.progress_token.p == NULL)
		return;
	buf_init(&params, NULL, PROGRESS_MAX);
	buf_printf(&params, "%s0,\"progress\":%lld,\"total\":%lld,\"message\":", head,
	    (long long)done, (long long)total);
	buf_json_string(&params,
	    slice_of(
		work_printf(work, "%lld of %lld %s", (long long)done, (long long)total, what)));
	buf_putc(&params, '}');
	tell.params = buf_view(&params);
	/* The client's own token comes in the place of this one. */
	tell.token = (struct slice){ params.p + sizeof(head) - 1, 1 };
	if (!params.overflow)
		exchange_tell(work->exchange, &tell);
	buf_fini(&params);
}

/* ---- side by side ---------------------------------------------------------------------------- */

bool
work_all_wait(struct work *work, void (*fn)(void *arg), void **each, size_t n)
{
	struct group group = { 0 };
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++)
		ok = group_spawn(work->loop, &group, work->tool->name, fn, each[i], work->err);
	if (!ok)
		group_cancel(&group, ERR_CANCELLED);
	return group_wait(work->loop, &group, ok ? work->err : &(struct err){ 0 }) && ok;
}
