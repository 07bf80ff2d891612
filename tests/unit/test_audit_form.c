/* The forms of a record: golden lines, and hostile records that are read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "form_back.h"

static struct audit_record
sample(void)
{
	return (struct audit_record){ .kind = AUDIT_EXCHANGE,
		.seq = 7,
		.instance = "4711-0badcafe",
		.number = 5,
		.time_ms = 1763782454123,
		.sent_ms = 1763782454124,
		.outcome_ms = 1763782454135,
		.duration_ms = 12,
		.sends = 1,
		.outcome = LEDGER_REFUSED,
		.error_code = -32001,
		.caller = "ci",
		.tenant = "acme",
		.client = "Claude Desktop",
		.transport = "http",
		.method = "tools/call",
		.server = "files",
		.tool = "delete_file",
		.verdict = "deny",
		.rule = "no-deletes" };
}

/* ---- golden ---------------------------------------------------------------------------------- */

static void
line_is(const char *kind, const char *wanted)
{
	struct audit_record record = sample();
	struct audit_form form;
	struct buf out;

	audit_form_init(&form);
	form.host = S("gate.example");
	form.pid = 4711;
	buf_init(&out, NULL, 16 * KIB);
	audit_line_put(slice_of(kind), &form, &record, &out);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, wanted);
	buf_fini(&out);
}

static void
jsonl_is_golden(void **state)
{
	line_is("jsonl",
	    "{\"seq\":7,\"time\":\"2025-11-22T03:34:14.123Z\",\"kind\":\"exchange\","
	    "\"instance\":\"4711-0badcafe\",\"number\":5,\"caller\":\"ci\",\"tenant\":\"acme\","
	    "\"client\":\"Claude Desktop\",\"transport\":\"http\",\"method\":\"tools/call\","
	    "\"server\":\"files\",\"tool\":\"delete_file\",\"verdict\":\"deny\","
	    "\"rule\":\"no-deletes\",\"outcome\":\"refused\",\"error_code\":-32001,\"sends\":1,"
	    "\"sent\":\"2025-11-22T03:34:14.124Z\",\"ended\":\"2025-11-22T03:34:14.135Z\","
	    "\"duration_ms\":12}\n");
}

static void
text_is_golden(void **state)
{
	line_is("text",
	    "2025-11-22T03:34:14.123Z refused tools/call files/delete_file seq=7 "
	    "instance=4711-0badcafe number=5 caller=ci tenant=acme client=\"Claude Desktop\" "
	    "transport=http verdict=deny rule=no-deletes error_code=-32001 sends=1 "
	    "sent=2025-11-22T03:34:14.124Z ended=2025-11-22T03:34:14.135Z duration_ms=12\n");
}

static void
syslog_is_golden(void **state)
{
	line_is("syslog",
	    "<132>1 2025-11-22T03:34:14.123Z gate.example bascule 4711 audit [bascule@32473 "
	    "seq=\"7\" time=\"2025-11-22T03:34:14.123Z\" kind=\"exchange\" "
	    "instance=\"4711-0badcafe\" number=\"5\" caller=\"ci\" tenant=\"acme\" "
	    "client=\"Claude Desktop\" transport=\"http\" method=\"tools/call\" server=\"files\" "
	    "tool=\"delete_file\" verdict=\"deny\" rule=\"no-deletes\" outcome=\"refused\" "
	    "error_code=\"-32001\" sends=\"1\" sent=\"2025-11-22T03:34:14.124Z\" "
	    "ended=\"2025-11-22T03:34:14.135Z\" duration_ms=\"12\"] refused tools/call "
	    "files/delete_file\n");
}

static void
cef_is_golden(void **state)
{
	line_is("cef",
	    "CEF:0|bascule|bascule|" BASCULE_VERSION "|refused|tools/call|6|rt=1763782454123 "
	    "cat=exchange deviceExternalId=4711-0badcafe externalId=5 suser=ci cs1Label=tenant "
	    "cs1=acme requestClientApplication=Claude Desktop destinationServiceName=files "
	    "cs2Label=tool cs2=delete_file requestMethod=tools/call act=deny cs3Label=rule "
	    "cs3=no-deletes outcome=refused cn1Label=error_code cn1=-32001 cn2Label=duration_ms "
	    "cn2=12 app=http\n");
}

/* The header of CSV has the keys of JSON. */
static void
csv_header_names_fields(void **state)
{
	const struct audit_field *fields;
	struct audit_form form;
	struct buf out, wanted;
	size_t n;

	fields = audit_fields(&n);
	audit_form_init(&form);
	buf_init(&out, NULL, 16 * KIB);
	buf_init(&wanted, NULL, 16 * KIB);
	assert_true(audit_lines_begin(S("csv"), &form, &out));
	for (size_t i = 0; i < n; i++)
		buf_printf(&wanted, "%s%s", i > 0 ? "," : "", fields[i].name);
	buf_puts(&wanted, "\r\n");
	assert_true(slice_eq(buf_view(&out), buf_view(&wanted)));
	assert_false(audit_lines_begin(S("xml"), &form, &out));
	buf_fini(&out);
	buf_fini(&wanted);
}

/* What the contract names is in every line, null where there is none. */
static void
contract_names_stand_always(void **state)
{
	static const char *const names[] = { "time", "instance", "caller", "tenant", "client",
		"server", "tool", "method", "verdict", "rule", "outcome", "error_code",
		"duration_ms" };
	struct audit_record record = { .kind = AUDIT_EXCHANGE, .outcome = LEDGER_DONE };
	struct slice value;
	struct buf out;

	buf_init(&out, NULL, 16 * KIB);
	form_put_jsonl(NULL, &record, &out);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_true(
		    json_find((struct slice){ out.p, out.n - 1 }, slice_of(names[i]), &value));
	assert_true(json_find((struct slice){ out.p, out.n - 1 }, S("duration_ms"), &value));
	assert_true(slice_eq(value, S("0")));
	assert_true(json_find((struct slice){ out.p, out.n - 1 }, S("tenant"), &value));
	assert_true(slice_eq(value, S("null")));
	buf_fini(&out);
}

/* Records that were lost are told with their number. */
static void
lost_records_are_told(void **state)
{
	struct audit_record record = {
		.kind = AUDIT_DROPPED, .time_ms = 1763782454123, .count = 12, .instance = "1-a"
	};
	struct buf out;

	buf_init(&out, NULL, 16 * KIB);
	form_put_text(NULL, &record, &out);
	assert_true(slice_eq(buf_view(&out),
	    S("2025-11-22T03:34:14.123Z dropped 12 records instance=1-a count=12\n")));
	assert_int_equal(form_severity(&record), 3);
	buf_clear(&out);
	form_put_cef(NULL, &record, &out);
	assert_true(slice_starts(buf_view(&out),
	    S("CEF:0|bascule|bascule|" BASCULE_VERSION "|dropped|dropped 12 records|8|")));
	buf_fini(&out);
}

/* ---- hostile records ------------------------------------------------------------------------- */

static void
must_read_back(const struct audit_record *record)
{
	struct back back = { .record = record };

	if (!back_all(&back))
		fail_msg("%s: %s", back.form, back.field);
}

static void
texts_set(struct audit_record *record, const char *text)
{
	snprintf(record->caller, sizeof(record->caller), "%s", text);
	snprintf(record->tenant, sizeof(record->tenant), "%s", text);
	snprintf(record->client, sizeof(record->client), "%s", text);
	snprintf(record->method, sizeof(record->method), "%s", text);
	snprintf(record->server, sizeof(record->server), "%s", text);
	snprintf(record->tool, sizeof(record->tool), "%s", text);
	snprintf(record->verdict, sizeof(record->verdict), "%s", text);
	snprintf(record->rule, sizeof(record->rule), "%s", text);
	snprintf(record->notes, sizeof(record->notes), "%s", text);
	snprintf(record->request_id, sizeof(record->request_id), "%s", text);
}

static void
hostile_texts_read_back(void **state)
{
	static const char *const texts[] = { "a\nb", "a\r\nouter=1", "\"", "\"\"", "\\", "\\\"",
		"a,b", "a;b|c\td", "=cmd|' /C calc'!A0", "+1", "-1", "@x", "\t=1",
		"\xef\xbc\x9d"
		"1",
		"x caller=admin", "x suser=admin cs1=y", "a\\=b", "a|b|c", "] [x y=\"z\"]", "a]b",
		"\x1b[2J\x1b]0;t\x07",
		"\xc2\x9b"
		"31m",
		"\xe2\x80\xae"
		"txt.exe",
		"\xff\xfe\xc3", "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\xf3\xa0\x81\x81", " lead",
		"trail ", "'", "''", "{\"a\":1}", "\x7f", "\xe2\x80\xa8", "a  b",
		"\"} {\"time\":null}\n{", "\\u000a" };
	struct audit_record record;

	for (size_t i = 0; i < COUNT(texts); i++) {
		record = sample();
		texts_set(&record, texts[i]);
		must_read_back(&record);
	}
	record = sample();
	record.arguments = S("{\"a\":\"b,c\\n=\"}\r\n");
	record.result = S("\x1b[31m\xff");
	must_read_back(&record);
}

static uint64_t
random_next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void
random_texts_read_back(void **state)
{
	static const char marks[] = "\"\\'`,;|=[]{}<> \t\r\n\x1b\x7f\xc3\xa9\xe2\x80\xae\xff+-@/:";
	uint64_t seed = 8;

	for (unsigned i = 0; i < 2000; i++) {
		struct audit_record record = sample();
		char text[240];
		size_t n = random_next(&seed) % (sizeof(text) - 1);

		for (size_t k = 0; k < n; k++) {
			uint64_t r = random_next(&seed);

			text[k] = r % 3 == 0 ? (char)(1 + r / 3 % 255)
					     : marks[r / 3 % (sizeof(marks) - 1)];
		}
		text[n] = '\0';
		texts_set(&record, text);
		must_read_back(&record);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsonl_is_golden),
		cmocka_unit_test(text_is_golden),
		cmocka_unit_test(syslog_is_golden),
		cmocka_unit_test(cef_is_golden),
		cmocka_unit_test(csv_header_names_fields),
		cmocka_unit_test(contract_names_stand_always),
		cmocka_unit_test(lost_records_are_told),
		cmocka_unit_test(hostile_texts_read_back),
		cmocka_unit_test(random_texts_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
