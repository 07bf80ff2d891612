/*
 * Messages: bytes to an intake.
 *  - It always tells, once; what it tells does not depend on whether the text came copied, in a
 * buffer, or was scanned in slices.
 *  - Spans lie inside the text; kinds have what they must; the text of a good message has no line
 * end.
 *  - A good request with another id (and token, and name) spliced in is a good request with these,
 * and everything else stays byte for byte. The first byte of an input chooses the flags and whether
 * blanks before the text make it a large one.
 */
#include <string.h>

#include "../unit/stream_double.h"
#include "mcp/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
	struct intake intake;
	unsigned times;
	bool is_message;
	struct message message;
	struct err err;
};

static void
done(void *owner, struct message *message, const struct err *err)
{
	struct run *run = owner;

	run->times++;
	run->is_message = message != NULL;
	if (message != NULL)
		run->message = *message;
	run->err = *err;
}

static bool
is_inside(const struct message *message, struct slice s)
{
	return s.p == NULL ||
	    (s.p >= message->text.p && s.p + s.n <= message->text.p + message->text.n);
}

static void
check_good(const struct message *message)
{
	bool has_method = message->method_name.p != NULL, has_id = message->id.p != NULL;

	must(memchr(message->text.p, '\n', message->text.n) == NULL);
	must(memchr(message->text.p, '\r', message->text.n) == NULL);
	must(message->scan != NULL && message->id.n <= 256);
	switch (message->kind) {
	case MESSAGE_REQUEST:
		must(has_method && has_id && message->body.p == NULL);
		break;
	case MESSAGE_NOTIFICATION:
		must(has_method && !has_id && message->body.p == NULL);
		break;
	case MESSAGE_RESULT:
		must(!has_method && has_id && message->body.p != NULL);
		break;
	case MESSAGE_ERROR:
		must(!has_method && json_type(message->body) == JSON_OBJECT);
		break;
	case MESSAGE_BATCH:
		must(false); /* it comes with an error */
		break;
	}
	must(!has_method || mcp_method_find(message->method_name) == message->method);
}

static void
check_told(const struct run *run)
{
	const struct message *message = &run->message;
	const struct slice spans[] = { message->id, message->params, message->body, message->name,
		message->arguments, message->meta, message->cursor, message->request_id,
		message->progress_token, message->request_state, message->input_responses,
		message->modern.version, message->modern.client_info, message->modern.capabilities,
		message->modern.log_level };

	must(run->times == 1);
	if (!run->is_message) {
		must(run->err.kind == ERR_PARSE || run->err.kind == ERR_LIMIT);
		return;
	}
	for (size_t i = 0; i < COUNT(spans); i++)
		must(is_inside(message, spans[i]));
	if (run->err.kind == ERR_NONE)
		check_good(message);
	else
		must(run->err.text[0] != '\0' && message->id.n <= 256);
}

/* Feeds one text in one of three ways and waits for the end. */
static void
run_text(struct run *run, struct loop *loop, struct slice text, unsigned flags, unsigned way)
{
	struct buf taken;

	memset(run, 0, sizeof(*run));
	intake_init(&run->intake, loop, flags);
	run->intake.done = done;
	run->intake.owner = run;
	if (way == 0) {
		intake_feed(&run->intake, text.p, text.n);
	} else {
		buf_init(&taken, loop_memory(loop), SIZE_MAX);
		/* Blanks make it large, and change nothing but where it stands. */
		for (size_t i = 0; way == 2 && i <= SLICE_OF_WORK_BYTES; i += KIB)
			buf_printf(&taken, "%1024s", "");
		buf_put(&taken, text);
		intake_take(&run->intake, &taken);
	}
	while (run->intake.is_busy)
		(void)loop_turn(loop, 0);
	check_told(run);
}

static void
check_same(const struct run *a, const struct run *b)
{
	must(a->is_message == b->is_message && a->err.kind == b->err.kind);
	must(a->message.kind == b->message.kind && a->message.method == b->message.method);
	must(slice_eq(a->message.id, b->message.id));
	must(slice_eq(a->message.params, b->message.params));
	must(slice_eq(a->message.body, b->message.body));
	must(slice_eq(a->message.name, b->message.name));
	must(slice_eq(a->message.progress_token, b->message.progress_token));
	must(slice_eq(a->message.method_name, b->message.method_name));
}

static void
check_splice(struct loop *loop, const struct message *message, unsigned flags)
{
	struct slice parts[SPLICE_PARTS];
	struct edit edits[3] = { { message->id, S("18446744") } };
	size_t n = 1, removed = message->id.n, added = 8;
	struct run again;
	struct buf text;

	if (message->progress_token.p != NULL) {
		edits[n++] = (struct edit){ message->progress_token, S("18446744") };
		removed += message->progress_token.n;
		added += 8;
	}
	if (json_type(message->name) == JSON_STRING) {
		edits[n++] = (struct edit){ message->name, S("\"other\"") };
		removed += message->name.n;
		added += 7;
	}
	n = message_splice(message->text, edits, n, parts);
	buf_init(&text, NULL, SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		buf_put(&text, parts[i]);
	must(text.n == message->text.n - removed + added);
	run_text(&again, loop, buf_view(&text), flags, 0);
	must(again.err.kind == ERR_NONE && again.message.kind == MESSAGE_REQUEST);
	must(slice_eq(again.message.id, S("18446744")));
	must(slice_eq(again.message.method_name, message->method_name));
	must(slice_eq(again.message.arguments, message->arguments));
	must(message->progress_token.p == NULL ||
	    slice_eq(again.message.progress_token, S("18446744")));
	must(json_type(message->name) != JSON_STRING ||
	    slice_eq(again.message.name, S("\"other\"")));
	intake_fini(&again.intake);
	buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct machine machine;
	struct loop *loop;
	struct run copied, other;
	struct slice text;
	unsigned flags, way;

	if (n == 0)
		return 0;
	flags = data[0] & JSON_MEND;
	way = data[0] & 4 ? 2 : 1;
	text = (struct slice){ (const char *)data + 1, n - 1 };
	loop = machine_loop(&machine);
	run_text(&copied, loop, text, flags, 0);
	run_text(&other, loop, text, flags, way);
	check_same(&copied, &other);
	if (copied.err.kind == ERR_NONE && copied.message.kind == MESSAGE_REQUEST)
		check_splice(loop, &copied.message, flags);
	intake_fini(&copied.intake);
	intake_fini(&other.intake);
	must(loop_memory(loop)->used_bytes == 0);
	machine_end(&machine, &loop);
	return 0;
}
