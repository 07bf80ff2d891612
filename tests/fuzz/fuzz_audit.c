/*
 * A record whose texts are lines of the input: every form of it is read back and says what the
 * record says, whatever stands in it.
 */
#include "../unit/form_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
text_take(struct slice *input, char *to, size_t size)
{
	struct slice rest, line = slice_cut(*input, '\0', &rest);
	size_t n = line.n < size - 1 ? line.n : size - 1;

	if (n > 0)
		memcpy(to, line.p, n);
	to[n] = '\0';
	*input = rest.p != NULL ? rest : S("");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice input = { n > 0 ? (const char *)data : "", n };
	struct audit_record record = {
		.kind = AUDIT_EXCHANGE, .time_ms = 1763782454123, .outcome = LEDGER_DONE
	};
	struct back back = { .record = &record };

	text_take(&input, record.caller, sizeof(record.caller));
	text_take(&input, record.tenant, sizeof(record.tenant));
	text_take(&input, record.client, sizeof(record.client));
	text_take(&input, record.method, sizeof(record.method));
	text_take(&input, record.server, sizeof(record.server));
	text_take(&input, record.tool, sizeof(record.tool));
	text_take(&input, record.rule, sizeof(record.rule));
	text_take(&input, record.verdict, sizeof(record.verdict));
	text_take(&input, record.notes, sizeof(record.notes));
	text_take(&input, record.request_id, sizeof(record.request_id));
	input.n = input.n > KIB ? KIB : input.n;
	if (input.n > 0)
		record.arguments = input;
	must(back_all(&back));
	return 0;
}
