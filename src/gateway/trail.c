/*
 * What the audit is told of an exchange: an intent before a call that is not read-only is sent, or
 * a task told to end or to go on, and one record of its end, of those too that were refused or
 * turned away.  In mode strict both wait
 * until they are on the disk; what cannot be written down is not sent, and not answered.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/hub.h"

/* ---- the record ------------------------------------------------------------------------------ */

void
client_tag(const struct exchange *exchange, const struct client *client, char out[17])
{
	uint64_t number = client->number;
	uint64_t hash = hash_bytes(
	    (struct slice){ (const char *)&number, sizeof(number) }, loop_seed(exchange->loop));

	hex_put((const unsigned char *)&hash, sizeof(hash), out);
}

static void
text_put(char *to, size_t size, struct slice text)
{
	ledger_text_cut(to, size, text);
}
#define PUT(field, text) text_put(record->field, sizeof(record->field), (text))

static void
record_fill(const struct exchange *exchange, const struct passage *passage, enum audit_kind kind,
    struct audit_record *record)
{
	const struct ledger_record *known = ledger_find(passage->hub->ledger, exchange->number);
	const struct client *client = passage->client;
	const struct message *request = &exchange->request;

	*record = (struct audit_record){ .kind = kind,
		.number = exchange->number,
		.time_ms = known != NULL ? known->intent_ms : loop_unix_ms(exchange->loop),
		.request_bytes = request->params.n };
	PUT(request_id, request->id);
	PUT(caller, exchange->caller.principal);
	PUT(tenant, exchange->caller.tenant);
	PUT(client, exchange->client);
	PUT(transport, slice_of(exchange->front->name));
	PUT(revision, slice_of(mcp_revision_name(exchange->revision)));
	PUT(method, request->method_name);
	PUT(notes, slice_of(passage->notes));
	if (client != NULL)
		client_tag(exchange, client, record->session);
	if (request->arguments.p != NULL)
		memcpy(record->arguments_sha256, passage->arguments_sha256, AUDIT_DIGEST);
	if (known == NULL)
		return;
	memcpy(record->server, known->server, sizeof(record->server));
	memcpy(record->tool, known->name, sizeof(record->tool));
	memcpy(record->verdict, known->verdict, sizeof(record->verdict));
	memcpy(record->rule, known->rule, sizeof(record->rule));
	record->sent_ms = known->sent_ms;
	record->sends = known->sends;
	if (passage->provider != NULL && passage->provider->has_own_prefix)
		PUT(site, passage->provider->name);
}

static void
record_end(const struct exchange *exchange, enum ledger_outcome outcome, int code,
    struct audit_record *record)
{
	record->outcome = outcome;
	record->error_code = code;
	record->outcome_ms = loop_unix_ms(exchange->loop);
	record->duration_ms = loop_now_ms(exchange->loop) - exchange->started_ms;
}

/* ---- digests --------------------------------------------------------------------------------- */

struct digest {
	struct slice text;
	unsigned char *out;
};

static void
digest_run(void *arg)
{
	struct digest *digest = arg;

	sha256_bytes(digest->text, digest->out);
}

/* A long text would hold the loop: it goes to a thread, where there is a task to wait for it. */
static void
digest_wait(struct exchange *exchange, struct slice text, unsigned char out[AUDIT_DIGEST])
{
	struct digest digest = { text, out };

	if (text.p == NULL)
		return;
	if (text.n <= SLICE_OF_WORK_BYTES || task_self(exchange->loop) == NULL)
		digest_run(&digest);
	else
		helper_run_wait(exchange->loop, "digest", digest_run, &digest);
}

/* Of the arguments, once. */
static void
arguments_digest_wait(struct exchange *exchange, struct passage *passage)
{
	if (passage->has_digest)
		return;
	passage->has_digest = true;
	digest_wait(exchange, exchange->request.arguments, passage->arguments_sha256);
}

/* ---- notes ----------------------------------------------------------------------------------- */

void
trail_note(struct passage *passage, const struct guard_verdict *verdict)
{
	size_t n = strlen(passage->notes);

	for (unsigned i = 0; i < verdict->notes_n; i++) {
		const struct guard_note *note = &verdict->notes[i];
		char text[160];
		int wants = snprintf(text, sizeof(text), "%s%.*s=%.*s*%u", n > 0 ? " " : "",
		    SLICE_FMT(note->rule), SLICE_FMT(note->action), note->count);

		/* Whole ones only. */
		if (wants < 0 || (size_t)wants >= sizeof(text) ||
		    n + (size_t)wants >= sizeof(passage->notes))
			return;
		memcpy(passage->notes + n, text, (size_t)wants + 1);
		n += (size_t)wants;
	}
}

/* ---- the story ------------------------------------------------------------------------------- */

/* Does it change something?  What is asked about a task does not, what is told of it does. */
static bool
needs_intent(enum mcp_method method, const struct item *item)
{
	switch (method) {
	case MCP_TOOLS_CALL:
		return item == NULL || !item->is_read_only;
	case MCP_TASKS_CANCEL:
	case MCP_TASKS_UPDATE:
		return true;
	default:
		return false;
	}
}

bool
trail_begin_wait(struct exchange *exchange, struct passage *passage, enum mcp_method method,
    const struct item *item, struct err *err)
{
	struct audit *audit = passage->hub->audit;
	struct audit_record record;

	passage->is_call = true;
	if (audit == NULL)
		return true;
	if (!audit_may_call(audit, err))
		return false;
	if (passage->has_intent || !needs_intent(method, item))
		return true;
	arguments_digest_wait(exchange, passage);
	record_fill(exchange, passage, AUDIT_INTENT, &record);
	passage->has_intent = true;
	return audit_intent_wait(audit, &record, err);
}

void
trail_refused(void *owner, const struct mcp_refusal *refusal)
{
	const struct hub *hub = owner;

	audit_refused(hub->audit, refusal->reason, refusal->transport, refusal->address);
}

/* What came back is not told: nobody could say later that it was. */
static void
withhold(const struct passage *passage, const char *was, const struct err *why, struct reply *reply)
{
	reply->result = reply->error = SLICE_NONE;
	reply->scan = NULL;
	reply->type = REPLY_COMPLETE;
	if (passage->has_intent)
		err_set(&reply->err, ERR_OUTCOME_UNKNOWN,
		    "the call was made (%s), but its answer is withheld: %s", was, why->text);
	else
		err_set(&reply->err, ERR_UNAVAILABLE, "its answer is withheld: %s", why->text);
}

/* audit.bodies; both belong to the caller, who ends them. */
static void
bodies_wait(struct exchange *exchange, struct passage *passage, struct slice text,
    struct buf kept[2], struct audit_record *record)
{
	const struct config_audit *config = &passage->gateway->settings->config->audit;
	struct hub *hub = passage->hub;

	if (hub->bodies == NULL)
		hub->bodies = bodies_new(hub->loop);
	bodies_redact_wait(
	    exchange, hub->bodies, config->body_bytes, exchange->request.arguments, text, kept);
	record->arguments = kept[0].n > 0 ? buf_view(&kept[0]) : SLICE_NONE;
	record->result = kept[1].n > 0 ? buf_view(&kept[1]) : SLICE_NONE;
}

/* Written down, or the reply is changed to what can be. */
static void
write_wait(struct exchange *exchange, struct passage *passage, struct reply *reply,
    struct audit_record *record)
{
	struct audit *audit = passage->hub->audit;
	struct err err = { 0 };

	if (audit_outcome_wait(audit, record, &err))
		return;
	if (reply->result.p != NULL || reply->error.p != NULL) {
		withhold(passage, ledger_outcome_name(record->outcome), &err, reply);
		record_end(
		    exchange, reply_outcome(exchange, reply), reply_error_code(reply), record);
		record->result_bytes = 0;
		memset(record->result_sha256, 0, AUDIT_DIGEST);
		record->result = SLICE_NONE;
	}
	audit_put(audit, record);
}

void
trail_end_wait(struct exchange *exchange, struct passage *passage, struct reply *reply)
{
	struct slice text = reply->result.p != NULL ? reply->result : reply->error;
	bool has_task = exchange->task != NULL && exchange->task == task_self(exchange->loop);
	struct audit *audit = passage->hub->audit;
	struct audit_record record;
	struct buf kept[2] = { 0 };

	if (audit == NULL)
		return;
	arguments_digest_wait(exchange, passage);
	record_fill(exchange, passage, AUDIT_EXCHANGE, &record);
	record_end(exchange, reply_outcome(exchange, reply), reply_error_code(reply), &record);
	record.result_bytes = text.n;
	digest_wait(exchange, text, record.result_sha256);
	/* Also of what was refused: what it was is asked later. */
	if (has_task && (passage->is_call || record.verdict[0] != '\0') &&
	    passage->gateway->settings->config->audit.has_bodies)
		bodies_wait(exchange, passage, text, kept, &record);
	if (has_task && passage->is_call && !exchange->is_cancelled)
		write_wait(exchange, passage, reply, &record);
	else
		audit_put(audit, &record);
	buf_fini(&kept[0]);
	buf_fini(&kept[1]);
}
