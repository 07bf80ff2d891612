/*
 * Batches of 2025-03-26: an array of messages, taken apart into messages that are read like any
 * other; only there, and never with an initialize.  What is answered to them is one array, unless
 * there is a stream on which answers go one by one.
 *
 * A batch is at most BATCH_MESSAGES and BATCH_BYTES, so that all of it is read at once.
 */
#include "mcp/front.h"

#define BATCH_MESSAGES 100
#define BATCH_BYTES    SLICE_OF_WORK_BYTES

/* ---- reading --------------------------------------------------------------------------------- */

bool
front_batch_is_fit(const struct session *session, struct slice text, struct err *err)
{
	struct slice key, member;
	struct json_iter iter;
	size_t n = 0;

	if (session == NULL || session->revision != MCP_2025_03_26 || !session->has_begun)
		return false; /* what the intake said stands */
	if (text.n > BATCH_BYTES)
		return err_set(err, ERR_LIMIT, "a batch of %zu bytes is over %zu KiB", text.n,
		    BATCH_BYTES / KIB);
	json_iter_init(&iter, slice_trim(text));
	while (n <= BATCH_MESSAGES && json_iter_next(&iter, &key, &member))
		n++;
	if (n == 0)
		return err_set(err, ERR_REQUEST, "an empty batch");
	if (n > BATCH_MESSAGES)
		return err_set(err, ERR_LIMIT, "a batch has more than %d messages", BATCH_MESSAGES);
	return true;
}

struct reading {
	struct intake intake;
	front_batch_each *each;
	void *owner;
};

static void
member_read(void *owner, struct message *message, const struct err *err)
{
	struct reading *reading = owner;
	struct err alone = { 0 };

	if (err->kind == ERR_NONE && message->method == MCP_INITIALIZE)
		err_set(&alone, ERR_REQUEST, "initialize must not be part of a batch");
	if (message != NULL && message->kind == MESSAGE_BATCH)
		err_set(&alone, ERR_REQUEST, "a message is a JSON object");
	reading->each(
	    reading->owner, &reading->intake, message, alone.kind != ERR_NONE ? &alone : err);
}

void
front_batch_read(struct session *session, struct slice text, front_batch_each *each, void *owner)
{
	struct reading reading = { .each = each, .owner = owner };
	struct slice key, member;
	struct json_iter iter;

	intake_init(&reading.intake, session->fronts->loop, 0);
	reading.intake.done = member_read;
	reading.intake.owner = &reading;
	json_iter_init(&iter, slice_trim(text));
	while (json_iter_next(&iter, &key, &member))
		intake_feed(&reading.intake, member.p, member.n);
	intake_fini(&reading.intake);
}

/* ---- answers in one array -------------------------------------------------------------------- */

struct front_batch *
front_batch_new(struct session *session, void (*done)(struct front_batch *batch), void *owner)
{
	struct front_batch *batch = MEM_NEW(struct front_batch);

	batch->loop = session->fronts->loop;
	batch->done = done;
	batch->owner = owner;
	batch->unanswered = 1;
	buf_init(
	    &batch->answers, loop_memory(batch->loop), 4 * session->fronts->limits.message_bytes);
	return batch;
}

void
front_batch_put(struct front_batch *batch, const struct slice *parts, size_t n)
{
	if (n == 0)
		return;
	buf_putc(&batch->answers, batch->answers.n == 0 ? '[' : ',');
	for (size_t i = 0; i < n; i++)
		buf_put(&batch->answers, parts[i]);
}

void
front_batch_left(struct front_batch *batch)
{
	struct reply reply = { .err = { 0 } };

	if (--batch->unanswered > 0)
		return;
	if (batch->answers.n > 0)
		buf_putc(&batch->answers, ']');
	if (!buf_check(&batch->answers, &reply.err)) {
		buf_fini(&batch->answers);
		buf_init(&batch->answers, NULL, KIB);
		encode_error(&batch->answers, SLICE_NONE, &reply);
	}
	batch->done(batch);
	buf_fini(&batch->answers);
	mem_free(batch);
}
