/*
 * Arguments and results as the audit keeps them (audit.bodies): the same JSON, with secrets and
 * personal data in its strings and numbers replaced by placeholders.  A string is looked at
 * together with the name it stands under, because that may be what tells a password.
 *
 * It is done on a helper thread, with a scanner of its own; what is longer than audit.body_max or
 * nested too deeply is not kept, which is said in its place.
 */
#include <string.h>

#include "gateway/hub.h"

#define HELPER	   "bodies"
#define DEPTH_MAX  32
#define NAME_BYTES 128
#define KINDS	   (SCAN_BIT(SECRET) | SCAN_BIT(PII))

struct bodies {
	struct scan_options options;
	struct scanner *scanner; /* of the thread */
};

/* One text on its way through. */
struct redact {
	struct scanner *scanner;
	struct slice json;
	size_t most;
	struct buf *out;
	struct arena arena;
	struct scan_findings findings;
	struct err err;
};

struct bodies *
bodies_new(struct loop *loop)
{
	struct bodies *bodies = MEM_NEW(struct bodies);

	bodies->options = (struct scan_options){ .kinds = KINDS, .is_plain = true };
	loop_random(loop, bodies->options.key, sizeof(bodies->options.key));
	return bodies;
}

void
bodies_free(struct bodies **at)
{
	if (*at == NULL)
		return;
	scan_free(&(*at)->scanner);
	mem_free(*at);
	*at = NULL;
}

/* ---- on the thread --------------------------------------------------------------------------- */

/*
 * The text as a JSON string, without what is found in it; *is_same: nothing was.  A finding that
 * begins in the name takes the whole text.
 */
MUST_CHECK static bool
put_text(struct redact *redact, struct slice name, struct slice text, bool *is_same)
{
	struct buf whole, clean;
	bool ok, takes_all = false;

	if (name.n > NAME_BYTES)
		name = SLICE_NONE;
	buf_init(&whole, NULL, name.n + 2 + text.n);
	buf_init(&clean, NULL, 64 * (whole.ceiling_bytes + 1));
	if (name.n > 0) {
		buf_put(&whole, name);
		buf_puts(&whole, ": ");
	}
	name.n = whole.n;
	buf_put(&whole, text);
	ok = scan_text(redact->scanner, buf_view(&whole), &redact->findings, &redact->err);
	*is_same = ok && redact->findings.n == 0;
	for (size_t i = 0; ok && i < redact->findings.n; i++)
		takes_all |= redact->findings.items[i].at < name.n;
	if (*is_same) {
		buf_json_string(redact->out, text);
	} else if (takes_all) {
		buf_puts(redact->out, "\"[redacted]\"");
	} else if (ok) {
		ok = scan_redact(redact->scanner, buf_view(&whole), &redact->findings, KINDS,
			 &clean, &redact->err) &&
		    clean.n >= name.n;
		if (ok)
			buf_json_string(
			    redact->out, (struct slice){ clean.p + name.n, clean.n - name.n });
	}
	buf_fini(&whole);
	buf_fini(&clean);
	return ok;
}

MUST_CHECK static bool
put_string(struct redact *redact, struct slice name, struct slice token)
{
	struct slice text;
	bool is_same;

	return arena_reserve(&redact->arena, token.n, &redact->err) &&
	    json_string(&redact->arena, token, &text, &redact->err) &&
	    put_text(redact, name, text, &is_same);
}

/* A number may be that of a card. */
MUST_CHECK static bool
put_number(struct redact *redact, struct slice name, struct slice token)
{
	size_t from = redact->out->n;
	bool is_same;

	if (!put_text(redact, name, token, &is_same))
		return false;
	if (is_same) {
		redact->out->n = from;
		buf_put(redact->out, token);
	}
	return true;
}

MUST_CHECK static bool
put_value(struct redact *redact, struct slice name, struct slice value, unsigned depth);

MUST_CHECK static bool
put_container(struct redact *redact, struct slice name, struct slice value, unsigned depth)
{
	bool is_object = json_type(value) == JSON_OBJECT, is_same, is_first = true;
	struct slice key, inner, plain;
	struct json_iter iter;

	if (depth >= DEPTH_MAX)
		return err_set(&redact->err, ERR_LIMIT, "nested more than %d deep", DEPTH_MAX);
	buf_putc(redact->out, is_object ? '{' : '[');
	json_iter_init(&iter, value);
	while (json_iter_next(&iter, &key, &inner)) {
		if (!is_first)
			buf_putc(redact->out, ',');
		is_first = false;
		plain = name;
		if (is_object) {
			struct slice token = { key.p - 1, key.n + 2 };

			if (!arena_reserve(&redact->arena, token.n, &redact->err) ||
			    !json_string(&redact->arena, token, &plain, &redact->err) ||
			    !put_text(redact, SLICE_NONE, plain, &is_same))
				return false;
			buf_putc(redact->out, ':');
		}
		if (!put_value(redact, plain, inner, depth + 1))
			return false;
	}
	buf_putc(redact->out, is_object ? '}' : ']');
	return true;
}

static bool
put_value(struct redact *redact, struct slice name, struct slice value, unsigned depth)
{
	switch (json_type(value)) {
	case JSON_STRING:
		return put_string(redact, name, value);
	case JSON_NUMBER:
		return put_number(redact, name, value);
	case JSON_OBJECT:
	case JSON_ARRAY:
		return put_container(redact, name, value, depth);
	default:
		buf_put(redact->out, value);
		return true;
	}
}

static void
redact_run(struct redact *redact)
{
	const char *why = redact->err.text;
	bool ok = redact->json.n <= redact->most ||
	    err_set(&redact->err, ERR_LIMIT, "longer than audit.body_max");

	arena_init(&redact->arena, NULL, 4 * redact->most + 64 * KIB);
	ok = ok && put_value(redact, SLICE_NONE, redact->json, 0);
	if (ok && redact->out->n > redact->most)
		ok = err_set(&redact->err, ERR_LIMIT, "longer than audit.body_max");
	ok = ok && buf_check(redact->out, &redact->err);
	if (!ok) {
		buf_clear(redact->out);
		buf_printf(redact->out, "{\"bytes\":%zu,\"not_kept\":", redact->json.n);
		buf_json_string(redact->out, slice_of(why));
		buf_putc(redact->out, '}');
	}
	scan_findings_fini(&redact->findings);
	arena_fini(&redact->arena);
}

struct job {
	struct bodies *bodies;
	struct redact texts[2];
};

static void
job_run(void *arg)
{
	struct job *job = arg;
	struct err err = { 0 };

	if (job->bodies->scanner == NULL)
		job->bodies->scanner = scan_new(&job->bodies->options, &err);
	for (size_t i = 0; i < COUNT(job->texts); i++) {
		struct redact *redact = &job->texts[i];

		redact->scanner = job->bodies->scanner;
		/* Without a scanner nothing is kept. */
		if (redact->json.p != NULL && redact->scanner != NULL)
			redact_run(redact);
	}
}

/* ---- on the loop ----------------------------------------------------------------------------- */

void
bodies_redact_wait(struct exchange *exchange, struct bodies *bodies, size_t most,
    struct slice arguments, struct slice result, struct buf out[2])
{
	struct job job = { .bodies = bodies };

	for (size_t i = 0; i < 2; i++) {
		buf_init(&out[i], NULL, 4 * most + KIB);
		job.texts[i].json = i == 0 ? arguments : result;
		job.texts[i].most = most;
		job.texts[i].out = &out[i];
	}
	helper_run_wait(exchange->loop, HELPER, job_run, &job);
}
