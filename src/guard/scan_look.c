/*
 * The stage of `guard.scan`: every string of a message is looked at, and what is found is logged,
 * cut out, or reason enough to refuse it.  Matched text is never logged.
 *
 * What is large is looked at on a helper thread, with a scanner of its own; the exchange waits, and
 * its bytes with it.  On the ground floor nothing may wait: what is large there is refused unless
 * findings are only logged.  A definition is looked at once, not whenever a catalogue is made.
 */
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guard/scan_stage.h"
#include "guard/stages.h"

#define LOOP_BYTES   SLICE_OF_WORK_BYTES /* what a scan on the loop's thread may look at */
#define SEEN_MAX     ((size_t)16384)	 /* definitions that are known; power of two */
#define LINE_BYTES   KIB		 /* of what is logged */
#define PARAMS_BYTES MIB /* larger ones, without arguments, are looked at as a whole */

/* Hashes; when it is half full it begins anew: what is still offered comes back. */
struct known {
	uint64_t *at; /* NULL: none yet */
	size_t n;
};

struct guard_scan {
	const struct config_scan *config;
	struct loop *loop;
	struct scan_options options;
	char cache[480];
	struct scanner *scanner;  /* of the loop's thread */
	struct scanner *helper;	  /* of the helper thread; NULL: not yet needed */
	struct known clean, told; /* definitions without a finding; those whose were logged */
};

static const struct slice rules[SCAN_KINDS_N] = { [SCAN_SECRET] = S("scan.secrets"),
	[SCAN_PII] = S("scan.pii"),
	[SCAN_INJECTION] = S("scan.injection") };
static const char *const things[SCAN_KINDS_N] = { [SCAN_SECRET] = "a secret",
	[SCAN_PII] = "personal data",
	[SCAN_INJECTION] = "hidden instructions" };

/* ---- definitions that are known -------------------------------------------------------------- */

static uint64_t
definition_hash(const struct guard_scan *scan, const struct guard_subject *subject)
{
	uint64_t seed = hash_bytes(subject->server, loop_seed(scan->loop));

	return hash_bytes(subject->text, hash_bytes(subject->name, seed)) | 1;
}

static bool
is_known(const struct known *known, uint64_t hash)
{
	size_t at = hash & (SEEN_MAX - 1);

	if (known->at == NULL)
		return false;
	while (known->at[at] != 0 && known->at[at] != hash)
		at = (at + 1) & (SEEN_MAX - 1);
	return known->at[at] == hash;
}

static void
known_copy(struct known *to, const struct known *from)
{
	if (from->at == NULL)
		return;
	to->at = mem_new(SEEN_MAX * sizeof(*to->at));
	memcpy(to->at, from->at, SEEN_MAX * sizeof(*to->at));
	to->n = from->n;
}

static void
known_add(struct known *known, uint64_t hash)
{
	size_t at = hash & (SEEN_MAX - 1);

	if (known->at == NULL)
		known->at = mem_new(SEEN_MAX * sizeof(*known->at));
	if (known->n >= SEEN_MAX / 2) {
		memset(known->at, 0, SEEN_MAX * sizeof(*known->at));
		known->n = 0;
	}
	while (known->at[at] != 0)
		at = (at + 1) & (SEEN_MAX - 1);
	known->at[at] = hash;
	known->n++;
}

/* ---- made and freed -------------------------------------------------------------------------- */

static unsigned
kinds_of(const struct config_scan *config)
{
	unsigned secrets = config->secrets, pii = config->pii, injection = config->injection;

	for (size_t i = 0; i < config->excepts_n; i++) {
		const struct config_scan_except *except = &config->excepts[i];

		secrets |= except->secrets > 1;
		pii |= except->pii > 1;
		injection |= except->injection > 1;
	}
	return (secrets != CONFIG_SCAN_OFF ? SCAN_BIT(SECRET) : 0) |
	    (pii != CONFIG_SCAN_OFF ? SCAN_BIT(PII) : 0) |
	    (injection != CONFIG_SCAN_OFF ? SCAN_BIT(INJECTION) : 0);
}

struct search {
	struct slice glob;
	bool is_found;
};

static void
rule_compare(void *ctx, enum scan_kind kind, const char *rule, const char *how)
{
	struct search *search = ctx;

	(void)kind;
	(void)how;
	search->is_found |= slice_glob(search->glob, slice_of(rule));
}

MUST_CHECK static bool
ignore_check(const struct config_scan *config, struct err *err)
{
	for (size_t i = 0; i < config->ignore_n; i++) {
		struct search search = { .glob = config->ignore[i] };

		scan_rules(rule_compare, &search);
		if (!search.is_found)
			return err_set(err, ERR_CONFIG,
			    "guard.scan.ignore: no rule of the scanners is called \"%.*s\" "
			    "(docs/detection.md and `bascule scan` name them)",
			    (int)(search.glob.n > 64 ? 64 : search.glob.n), search.glob.p);
	}
	return true;
}

/* Without lists to compare, which few have. */
static bool
is_same(const struct config_scan *a, const struct config_scan *b)
{
	return a->secrets == b->secrets && a->pii == b->pii && a->injection == b->injection &&
	    a->ignore_n + b->ignore_n + a->excepts_n + b->excepts_n == 0;
}

/* Replicas with one seal_key make the same placeholders; a reload keeps those that were made. */
static void
key_make(struct guard_scan *scan, const struct config *config, const struct guard_scan *before)
{
	static const char purpose[] = "bascule scan placeholders 1";
	struct slice key = secret_reveal(config->seal_key);
	unsigned n = 0;

	if (key.n > 0)
		must(HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)purpose,
			 sizeof(purpose) - 1, scan->options.key, &n) != NULL);
	else if (before != NULL)
		memcpy(scan->options.key, before->options.key, sizeof(scan->options.key));
	else if (scan->loop != NULL)
		loop_random(scan->loop, scan->options.key, sizeof(scan->options.key));
}

/* The folder of state is made if its own folder is there; without it nothing is kept. */
static void
cache_choose(struct guard_scan *scan, const struct config *config)
{
	struct stat st;

	if (config->state.n == 0 || config->state.n >= sizeof(scan->cache))
		return;
	memcpy(scan->cache, config->state.p, config->state.n);
	scan->cache[config->state.n] = '\0';
	(void)mkdir(scan->cache, 0700);
	/* Whoever else can write there could put another database in our place. */
	if (stat(scan->cache, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 022) == 0)
		scan->options.cache = scan->cache;
}

bool
guard_scan_new(struct loop *loop, const struct config *config, const struct guard_scan *before,
    struct guard_scan **out, struct err *err)
{
	const struct config_scan *settings = &config->guard.scan;
	unsigned kinds = kinds_of(settings);
	struct guard_scan *scan;

	*out = NULL;
	if (!ignore_check(settings, err))
		return false;
	if (kinds == 0 || loop == NULL)
		return true;
	scan = MEM_NEW(struct guard_scan);
	scan->config = settings;
	scan->loop = loop;
	scan->options.kinds = kinds;
	key_make(scan, config, before);
	cache_choose(scan, config);
	if (before != NULL && is_same(settings, before->config))
		known_copy(&scan->clean, &before->clean);
	scan->scanner = scan_new(&scan->options, err);
	if (scan->scanner == NULL) {
		guard_scan_free(&scan);
		return false;
	}
	*out = scan;
	return true;
}

void
guard_scan_free(struct guard_scan **at)
{
	struct guard_scan *scan = *at;

	*at = NULL;
	if (scan == NULL)
		return;
	scan_free(&scan->scanner);
	scan_free(&scan->helper);
	OPENSSL_cleanse(scan->options.key, sizeof(scan->options.key));
	mem_free(scan->clean.at);
	mem_free(scan->told.at);
	mem_free(scan);
}

/* ---- what is asked of a message -------------------------------------------------------------- */

/* Here what has no name fits "*". */
static bool
fits(const struct slice *globs, size_t n, struct slice name)
{
	return slice_fits(globs, n, name.p != NULL ? name : S(""));
}

static void
choose(unsigned otherwise, enum config_scan_action *action)
{
	if (otherwise > 0)
		*action = (enum config_scan_action)(otherwise - 1);
}

/* False: nothing. */
static bool
actions_choose(struct scan_work *work, const struct guard_subject *subject)
{
	const struct config_scan *config = work->config;
	unsigned any = 0;

	work->action[SCAN_SECRET] = config->secrets;
	work->action[SCAN_PII] = config->pii;
	work->action[SCAN_INJECTION] = config->injection;
	for (size_t i = 0; i < config->excepts_n; i++) {
		const struct config_scan_except *except = &config->excepts[i];

		if (!fits(except->server, except->server_n, subject->server) ||
		    (except->tool_n > 0 && subject->name.p == NULL) ||
		    !fits(except->tool, except->tool_n, subject->name))
			continue;
		choose(except->secrets, &work->action[SCAN_SECRET]);
		choose(except->pii, &work->action[SCAN_PII]);
		choose(except->injection, &work->action[SCAN_INJECTION]);
		break;
	}
	for (unsigned kind = 0; kind < SCAN_KINDS_N; kind++)
		any |= work->action[kind];
	return any != 0;
}

/* Is everything that it may find only to be logged? */
static bool
is_logged_only(const struct scan_work *work)
{
	for (unsigned kind = 0; kind < SCAN_KINDS_N; kind++)
		if (work->action[kind] > CONFIG_SCAN_LOG)
			return false;
	return true;
}

/* Where in which kind of message something can be changed. */
static void
parts_choose(struct scan_work *work, const struct look *look)
{
	static const enum scan_reach parts[] = { [GUARD_REQUEST] = SCAN_REACH_NONE,
		[GUARD_RESULT] = SCAN_REACH_DATA,
		[GUARD_ASK] = SCAN_REACH_VALUE,
		[GUARD_ANSWER] = SCAN_REACH_VALUE,
		[GUARD_TELL] = SCAN_REACH_VALUE,
		[GUARD_DEFINITION] = SCAN_REACH_SAID };
	work->may_change = parts[look->kind];
	work->has_names = look->kind == GUARD_DEFINITION;
	work->is_protocol = true;
}

/* ---- what a request says besides its arguments ----------------------------------------------- */

/* Of params: what is looked at when it crosses, or is none of the client's words. */
static bool
is_elsewhere(const struct guard_subject *subject, struct slice key)
{
	return slice_eq(key, S("inputResponses")) || slice_eq(key, S("requestState")) ||
	    (slice_eq(key, S("arguments")) && subject->arguments.p != NULL) ||
	    (slice_eq(key, S("name")) &&
		(subject->target == GUARD_TOOL || subject->target == GUARD_PROMPT));
}

/* Of _meta: what MCP itself says there (basic, "_meta"), and who traces it (W3C Trace Context). */
static bool
is_of_protocol(struct slice key)
{
	return slice_eq(key, S("progressToken")) || slice_eq(key, S("traceparent")) ||
	    slice_starts(key, S("io.modelcontextprotocol/"));
}

static void
put_member(struct buf *out, struct slice key, struct slice value)
{
	buf_puts(out, out->n > 0 ? ",\"" : "{\"");
	buf_put(out, key);
	buf_puts(out, "\":");
	buf_put(out, value);
}

static void
put_meta(struct buf *out, struct slice meta)
{
	struct slice key, value;
	struct json_iter iter;

	json_iter_init(&iter, meta);
	while (json_iter_next(&iter, &key, &value))
		if (!is_of_protocol(key))
			put_member(out, key, value);
}

/* params without the arguments, which may be long. */
static struct slice
params_cut(const struct guard_subject *subject, struct buf *room)
{
	struct slice text = subject->text, arguments = subject->arguments;

	if (arguments.p == NULL || arguments.p < text.p ||
	    arguments.p + arguments.n > text.p + text.n)
		return text;
	buf_init(room, NULL, text.n + sizeof("null"));
	buf_put(room, (struct slice){ text.p, (size_t)(arguments.p - text.p) });
	buf_puts(room, "null");
	buf_put(room,
	    (struct slice){
		arguments.p + arguments.n, (size_t)(text.p + text.n - arguments.p) - arguments.n });
	return buf_view(room);
}

/* As one object; empty: there is nothing to look at. */
static void
besides(const struct guard_subject *subject, struct buf *out)
{
	struct buf room = { 0 };
	struct slice params = params_cut(subject, &room), key, value;
	struct json_iter iter;

	buf_init(out, NULL, params.n + sizeof("{}"));
	if (params.n > PARAMS_BYTES || json_type(params) != JSON_OBJECT) {
		buf_put(out, params);
		buf_fini(&room);
		return;
	}
	json_iter_init(&iter, params);
	while (json_iter_next(&iter, &key, &value)) {
		if (is_elsewhere(subject, key))
			continue;
		if (slice_eq(key, S("_meta")) && json_type(value) == JSON_OBJECT)
			put_meta(out, value);
		else
			put_member(out, key, value);
	}
	if (out->n > 0)
		buf_putc(out, '}');
	must(!out->overflow);
	buf_fini(&room);
}

/* ---- on a thread ----------------------------------------------------------------------------- */

struct job {
	struct guard_scan *scan;
	struct scan_work *work;
};

static void
helper_work(void *arg)
{
	struct job *job = arg;

	if (job->scan->helper == NULL)
		job->scan->helper = scan_new(&job->scan->options, &job->work->err);
	if (job->scan->helper == NULL)
		job->work->has_failed = true;
	else
		scan_work_run(job->work, job->scan->helper);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

static const char *
part_of(const struct look *look)
{
	static const char *const names[] = { [GUARD_REQUEST] = "what is asked of it",
		[GUARD_RESULT] = "what it answers",
		[GUARD_ASK] = "what it asks",
		[GUARD_ANSWER] = "the answer to what it asks",
		[GUARD_TELL] = "what it tells",
		[GUARD_DEFINITION] = "what it says of itself" };

	return names[look->kind];
}

static void
sights_tell(const struct look *look, const struct scan_work *work)
{
	const struct guard_subject *subject = look->subject;
	struct buf line;

	buf_init(&line, NULL, LINE_BYTES);
	for (unsigned i = 0; i < work->sights_n; i++) {
		const struct scan_sight *sight = &work->sights[i];

		buf_printf(&line, "%s%.*s %s", i > 0 ? ", " : "", SLICE_FMT(rules[sight->kind]),
		    sight->rule);
		if (sight->count > 1)
			buf_printf(&line, " (%u)", sight->count);
	}
	log_event(loop_log(look->guard->loop), LOG_WARN, "scan_found",
	    "upstream %.*s: %.*s%s%.*s: %s: %.*s%s", SLICE_FMT(subject->server),
	    SLICE_FMT(subject->method), subject->name.n > 0 ? " " : "",
	    (int)(subject->name.n > 256 ? 256 : subject->name.n), subject->name.p, part_of(look),
	    SLICE_FMT(buf_view(&line)),
	    work->is_blocked	      ? "; refused"
		: work->changed.n > 0 ? "; redacted"
				      : "");
	buf_fini(&line);
}

static void
notes_put(struct look *look, const struct scan_work *work)
{
	for (unsigned i = 0; i < work->sights_n; i++) {
		const struct scan_sight *sight = &work->sights[i];
		bool is_redacted = work->action[sight->kind] == CONFIG_SCAN_REDACT;

		for (unsigned k = 0; k < sight->count; k++)
			look_note(look, rules[sight->kind], is_redacted ? S("redact") : S("log"));
	}
}

static void
conclude(struct look *look, struct scan_work *work)
{
	struct guard_verdict *verdict = look->verdict;
	struct slice rule = rules[work->why.kind];
	bool is_hidden = look->kind == GUARD_DEFINITION;

	if (work->has_failed) {
		look_decide(look, GUARD_DENY, S("scan"), SLICE_NONE);
		err_set(&verdict->err, ERR_REFUSED, "it cannot be scanned: %s", work->err.text);
	} else if (work->is_blocked) {
		look_decide(look, GUARD_DENY, rule, slice_of(work->why.rule));
		/* Who hides a definition says by which rule. */
		err_set(&verdict->err, ERR_REFUSED, "%s%.*s%s%s holds %s (%s)%s",
		    is_hidden ? "" : "refused by rule ", is_hidden ? 0 : (int)rule.n, rule.p,
		    is_hidden ? "" : ": ", part_of(look), things[work->why.kind], work->why.rule,
		    work->is_fixed ? " where nothing can be put in its place" : "");
	} else {
		notes_put(look, work);
		if (work->changed.n > 0)
			look_change(look, &work->changed);
	}
}

/* What is too large for where it is met. */
static void
too_large(struct look *look, const struct scan_work *work)
{
	if (is_logged_only(work)) {
		log_event(loop_log(look->guard->loop), LOG_WARN, "scan_skipped",
		    "upstream %.*s: %.*s: %s is larger than %zu KiB and was not scanned",
		    SLICE_FMT(look->subject->server), SLICE_FMT(look->subject->method),
		    part_of(look), (size_t)LOOP_BYTES / KIB);
		return;
	}
	look_decide(look, GUARD_DENY, S("scan"), SLICE_NONE);
	err_set(&look->verdict->err, ERR_REFUSED,
	    "%s is larger than %zu KiB: it cannot be scanned here", part_of(look),
	    (size_t)LOOP_BYTES / KIB);
}

/* False: it was not looked at. */
static bool
work_do(struct look *look, struct scan_work *work)
{
	struct guard_scan *scan = look->guard->scan;

	if (work->json.n > LOOP_BYTES && !look->may_wait) {
		too_large(look, work);
		return false;
	}
	if (work->json.n > LOOP_BYTES)
		helper_run_wait(scan->loop, "scan", helper_work, &(struct job){ scan, work });
	else
		scan_work_run(work, scan->scanner);
	return true;
}

static void
message_look(struct look *look, struct scan_work *work)
{
	if (!work_do(look, work))
		return;
	if (work->sights_n > 0)
		sights_tell(look, work);
	conclude(look, work);
}

/* What stands beside the arguments goes on as it is, or not at all. */
static void
request_look(struct look *look, const struct scan_work *before)
{
	struct scan_work work = *before;
	struct buf text;

	besides(look->subject, &text);
	work.json = buf_view(&text);
	if (text.n > 0)
		message_look(look, &work);
	scan_work_fini(&work);
	buf_fini(&text);
	if (look->verdict->action == GUARD_DENY || look->subject->arguments.p == NULL)
		return;
	work = *before;
	work.may_change = SCAN_REACH_VALUE;
	work.is_protocol = false;
	message_look(look, &work);
	scan_work_fini(&work);
}

static void
definition_look(struct look *look, struct scan_work *work)
{
	struct guard_scan *scan = look->guard->scan;
	uint64_t hash = definition_hash(scan, look->subject);

	if (is_known(&scan->clean, hash) || !work_do(look, work))
		return;
	if (work->sights_n > 0 && !is_known(&scan->told, hash)) {
		sights_tell(look, work);
		known_add(&scan->told, hash);
	} else if (work->sights_n == 0 && !work->has_failed) {
		known_add(&scan->clean, hash);
	}
	conclude(look, work);
}

void
scan_look(struct look *look)
{
	struct guard_scan *scan = look->guard->scan;
	struct scan_work work;

	if (scan == NULL || look_text(look).n == 0)
		return;
	scan_work_init(&work, scan->config, look_text(look));
	if (!actions_choose(&work, look->subject))
		return;
	parts_choose(&work, look);
	if (look->kind == GUARD_REQUEST)
		request_look(look, &work);
	else if (look->kind == GUARD_DEFINITION)
		definition_look(look, &work);
	else
		message_look(look, &work);
	scan_work_fini(&work);
}

bool
scan_look_ahead(struct guard_scan *scan, const struct guard_subject *subject)
{
	struct scan_work work;
	uint64_t hash;

	if (scan == NULL)
		return false;
	hash = definition_hash(scan, subject);
	scan_work_init(&work, scan->config, subject->text);
	if (actions_choose(&work, subject) && subject->text.n <= LOOP_BYTES &&
	    !is_known(&scan->clean, hash)) {
		work.has_names = true;
		scan_work_run(&work, scan->scanner);
		if (work.sights_n == 0 && !work.has_failed)
			known_add(&scan->clean, hash);
	}
	scan_work_fini(&work);
	return true;
}
