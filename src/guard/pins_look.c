/*
 * The stage of pins: is what a server offers what was approved?  A definition, and the instructions
 * of a server, when they are to be shown; the definition behind a call when it is made; the server
 * itself before it is started and once it has said who it is (guard_server).
 *
 * With `enforce` what differs, or was never approved, does not pass; with `warn` it passes and is
 * told once.  A judgement depends on nothing but the file and the bytes that are judged, so that
 * what one session is shown counts for no other; it is kept by a keyed hash of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/pins.h"
#include "guard/stages.h"

#define JUDGED_MAX 1024 /* a power of two */

enum judgement { PIN_IS_SAME, PIN_DIFFERS, PIN_IS_UNKNOWN };

struct judged {
	uint64_t keys[2]; /* 0: empty */
	enum judgement judgement;
};

struct pinned {
	const struct config *config;
	bool is_strict;
	uint64_t seed;
	struct log *log;
	struct pins *pins;
	struct told *told;
	struct judged judged[JUDGED_MAX];
};

/* ---- making ---------------------------------------------------------------------------------- */

/* *is_there false: there is no such file. */
MUST_CHECK static bool
file_read(const char *path, struct buf *out, bool *is_there, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = 1;
	struct stat st;
	bool ok;

	*is_there = fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
	if (fd < 0)
		return !*is_there || err_set(err, ERR_CONFIG, "%s: %m", path);
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (!ok)
		err_set(err, ERR_CONFIG, "%s: not a regular file", path);
	while (ok && n != 0) {
		ok = buf_reserve(out, 64 * KIB, err);
		n = ok ? read(fd, out->p + out->n, 64 * KIB) : 0;
		if (n < 0 && errno != EINTR)
			ok = err_set(err, ERR_CONFIG, "%s: %m", path);
		out->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return ok;
}

MUST_CHECK static bool
pins_load(struct pinned *pinned, bool *is_there, struct err *err)
{
	struct slice file = pinned->config->guard.pins.file;
	char path[1024];
	struct buf text;
	bool ok;

	if (snprintf(path, sizeof(path), "%.*s", SLICE_FMT(file)) >= (int)sizeof(path))
		return err_set(err, ERR_CONFIG, "guard.pins.file is too long");
	buf_init(&text, NULL, PINS_FILE_BYTES + 128 * KIB);
	ok = file_read(path, &text, is_there, err);
	if (ok && *is_there)
		ok = pins_read(pinned->pins, buf_view(&text), path, err);
	else if (ok && pinned->is_strict)
		ok = err_set(err, ERR_CONFIG,
		    "guard.pins.mode is enforce, and %s is not there: write it with `bascule lock`",
		    path);
	else if (!ok && err->kind == ERR_LIMIT)
		err_set(err, ERR_CONFIG, "%s: larger than %zu MiB", path, PINS_FILE_BYTES / MIB);
	buf_fini(&text);
	return ok;
}

bool
pinned_new(struct loop *loop, const struct config *config, struct told *told, struct pinned **out,
    struct err *err)
{
	const struct config_pins *pins = &config->guard.pins;
	struct pinned *pinned;
	bool is_there = false;

	*out = NULL;
	if (pins->mode == PINS_OFF || pins->file.p == NULL || config->upstreams_n == 0)
		return true;
	pinned = MEM_NEW(struct pinned);
	pinned->config = config;
	pinned->is_strict = pins->mode == PINS_ENFORCE;
	pinned->seed = loop != NULL ? loop_seed(loop) : 0;
	pinned->log = loop != NULL ? loop_log(loop) : NULL;
	pinned->pins = pins_new();
	pinned->told = told;
	if (!pins_load(pinned, &is_there, err)) {
		pinned_free(&pinned);
		return false;
	}
	if (!is_there)
		pinned_free(&pinned);
	*out = pinned;
	return true;
}

void
pinned_free(struct pinned **at)
{
	struct pinned *pinned = *at;

	*at = NULL;
	if (pinned == NULL)
		return;
	pins_free(&pinned->pins);
	mem_free(pinned);
}

/* ---- judging --------------------------------------------------------------------------------- */

static enum judgement
judge_anew(const struct pinned *pinned, enum pin_kind kind, const struct guard_subject *subject,
    struct slice definition)
{
	const struct pin *pin = pins_find(pinned->pins, kind, subject->server, subject->name);
	unsigned char digest[SHA256_BYTES];
	struct buf text;
	bool ok;

	if (pin == NULL)
		return PIN_IS_UNKNOWN;
	buf_init(&text, NULL, PINS_FILE_BYTES);
	ok =
	    pins_spell(definition, &text, digest) && memcmp(digest, pin->digest, SHA256_BYTES) == 0;
	buf_fini(&text);
	return ok ? PIN_IS_SAME : PIN_DIFFERS;
}

/* Both keys of who offers what; who does not know the seed finds no two with the same. */
static void
keys_make(const struct pinned *pinned, enum pin_kind kind, const struct guard_subject *subject,
    struct slice definition, uint64_t keys[2])
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t seed = pinned->seed + 0x9e3779b97f4a7c15u * (i + 1) + (uint64_t)kind;

		keys[i] = hash_bytes(subject->server, seed);
		keys[i] = hash_bytes(subject->name, seed ^ keys[i]);
		keys[i] = hash_bytes(definition, seed ^ keys[i]);
	}
	keys[1] |= 1;
}

static enum judgement
judge(struct pinned *pinned, enum pin_kind kind, const struct guard_subject *subject,
    struct slice definition)
{
	struct judged *judged;
	uint64_t keys[2];

	if (definition.p == NULL)
		return PIN_IS_UNKNOWN;
	keys_make(pinned, kind, subject, definition, keys);
	judged = &pinned->judged[keys[0] & (JUDGED_MAX - 1)];
	if (judged->keys[0] != keys[0] || judged->keys[1] != keys[1]) {
		judged->judgement = judge_anew(pinned, kind, subject, definition);
		memcpy(judged->keys, keys, sizeof(keys));
	}
	return judged->judgement;
}

/* The text is a string token. */
static enum judgement
judge_instructions(const struct pinned *pinned, struct slice server, struct slice text)
{
	const struct pin *pin = pins_find(pinned->pins, PIN_SERVER, server, S(""));
	struct slice old;
	struct arena arena;
	struct buf now;
	bool ok;

	if (pin == NULL)
		return PIN_IS_UNKNOWN;
	arena_init(&arena, NULL, 16 * MIB);
	buf_init(&now, NULL, 16 * MIB);
	ok = json_find(pin->text, S("instructions"), &old) &&
	    json_canonical(&arena, text, NULL, &now) && slice_eq(old, buf_view(&now));
	buf_fini(&now);
	arena_fini(&arena);
	return ok ? PIN_IS_SAME : PIN_DIFFERS;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* Once a text and what it is about. */
static bool
is_news(const struct pinned *pinned, const char *text, struct slice about)
{
	return told_is_news(
	    pinned->told, hash_bytes(about, hash_bytes(slice_of(text), pinned->seed)));
}

static void
list_change(void *ctx, const struct pin_change *change)
{
	struct buf *out = ctx;

	buf_printf(out, "%s%s", out->n > 0 ? "; " : "", change->what);
}

/* What differs, in words, into out. */
static void
put_differences(const struct pinned *pinned, enum pin_kind kind,
    const struct guard_subject *subject, struct slice definition, struct buf *out)
{
	struct pin now = { .kind = kind, .server = subject->server, .name = subject->name };
	const struct pin *pin = pins_find(pinned->pins, kind, subject->server, subject->name);
	struct buf text;

	if (pin == NULL)
		return;
	buf_init(&text, NULL, PINS_FILE_BYTES);
	if (pins_spell(definition, &text, now.digest)) {
		now.text = buf_view(&text);
		pins_compare_pin(pin, &now, list_change, out);
	}
	buf_fini(&text);
}

static void
tell(struct pinned *pinned, enum pin_kind kind, const struct guard_subject *subject,
    struct slice definition, enum judgement judgement)
{
	struct slice name = subject->name;
	char text[1024];
	struct buf what;

	buf_init(&what, NULL, 512);
	if (kind != PIN_SERVER && judgement == PIN_DIFFERS)
		put_differences(pinned, kind, subject, definition, &what);
	if (kind == PIN_SERVER)
		snprintf(text, sizeof(text),
		    "%.*s: its instructions are not those in the lock file",
		    SLICE_FMT(subject->server));
	else
		snprintf(text, sizeof(text), "%.*s: %s \"%.*s\" is not %s the lock file%s%.*s",
		    SLICE_FMT(subject->server), pin_kind_name(kind),
		    (int)(name.n > 80 ? 80 : name.n), name.p,
		    judgement == PIN_DIFFERS ? "as in" : "in", what.n > 0 ? ": " : "",
		    SLICE_FMT(buf_view(&what)));
	buf_fini(&what);
	if (is_news(pinned, text, definition))
		log_event(pinned->log, LOG_WARN, "pin_differs", "%s; see `bascule lock`", text);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static bool
is_upstream(const struct config *config, struct slice server)
{
	for (size_t i = 0; i < config->upstreams_n; i++)
		if (slice_eq(config->upstreams[i].name, server))
			return true;
	return false;
}

/* Resources come and go: their templates are what is approved. */
static bool
kind_of(const struct look *look, enum pin_kind *kind)
{
	const struct guard_subject *subject = look->subject;

	switch (subject->target) {
	case GUARD_TOOL:
		*kind = PIN_TOOL;
		return true;
	case GUARD_PROMPT:
		*kind = PIN_PROMPT;
		return true;
	case GUARD_RESOURCE:
		*kind = PIN_TEMPLATE;
		return look->kind == GUARD_DEFINITION &&
		    slice_eq(subject->method, S("resources/templates/list"));
	default:
		*kind = PIN_SERVER;
		return look->kind == GUARD_DEFINITION && slice_eq(subject->method, S("initialize"));
	}
}

static struct slice
reason_of(enum judgement judgement)
{
	return judgement == PIN_DIFFERS
	    ? S("it has changed since it was approved; `bascule lock` shows what, with --accept it "
		"is approved")
	    : S("it has not been approved; `bascule lock` shows it, with --accept it is");
}

void
pins_look(struct look *look)
{
	struct pinned *pinned = look->guard->pinned;
	const struct guard_subject *subject = look->subject;
	enum judgement judgement;
	struct slice definition;
	enum pin_kind kind;

	if (pinned == NULL || !kind_of(look, &kind) ||
	    !is_upstream(pinned->config, subject->server))
		return;
	definition = look->kind == GUARD_REQUEST ? subject->definition : subject->text;
	judgement = kind == PIN_SERVER ? judge_instructions(pinned, subject->server, definition)
				       : judge(pinned, kind, subject, definition);
	if (judgement == PIN_IS_SAME)
		return;
	if (look->kind == GUARD_DEFINITION)
		tell(pinned, kind, subject, definition, judgement);
	if (pinned->is_strict)
		look_decide(look, GUARD_DENY, S("pins"), reason_of(judgement));
	else
		look_note(look, S("pins"), S("log"));
}

/* ---- servers --------------------------------------------------------------------------------- */

bool
guard_has_pins(const struct guard *guard)
{
	return guard->pinned != NULL;
}

bool
guard_is_strict(const struct guard *guard)
{
	return guard->pinned != NULL && guard->pinned->is_strict;
}

static const struct config_upstream *
upstream_find(const struct config *config, struct slice name)
{
	for (size_t i = 0; i < config->upstreams_n; i++)
		if (slice_eq(config->upstreams[i].name, name))
			return &config->upstreams[i];
	return NULL;
}

/* The members of two objects that are not the same, in words; false: all are. */
static bool
server_differs(struct slice before, struct slice now, bool is_greeted, char *out, size_t size)
{
	static const char *const keys[] = { "command", "url", "program", "script", "name",
		"version" };
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < (is_greeted ? COUNT(keys) : 4) && n < size; i++) {
		struct slice a = SLICE_NONE, b = SLICE_NONE;

		if (!json_find(before, slice_of(keys[i]), &a))
			a = SLICE_NONE;
		if (!json_find(now, slice_of(keys[i]), &b))
			b = SLICE_NONE;
		if (!slice_eq(a, b))
			n +=
			    (size_t)snprintf(out + n, size - n, "%s%s", n > 0 ? ", " : "", keys[i]);
	}
	return n > 0;
}

bool
guard_server(struct guard *guard, struct slice server, struct pin_server *what, bool is_greeted,
    struct err *err)
{
	struct pinned *pinned = guard->pinned;
	const struct config_upstream *upstream;
	const struct pin *pin;
	char differs[80], text[200];
	struct buf now, spelt;
	unsigned char digest[SHA256_BYTES];
	bool ok;

	upstream = pinned != NULL ? upstream_find(pinned->config, server) : NULL;
	if (upstream == NULL)
		return true;
	pin = pins_find(pinned->pins, PIN_SERVER, server, S(""));
	what->written = upstream->written;
	what->written_n = upstream->written_n;
	what->is_url = upstream->command_n == 0;
	buf_init(&now, NULL, MIB);
	buf_init(&spelt, NULL, MIB);
	pins_put_server(what, &now);
	ok = !now.overflow && pins_spell(buf_view(&now), &spelt, digest) && pin != NULL &&
	    !server_differs(pin->text, buf_view(&spelt), is_greeted, differs, sizeof(differs));
	buf_fini(&now);
	buf_fini(&spelt);
	if (ok)
		return true;
	if (pin == NULL)
		snprintf(text, sizeof(text), "it is not in the lock file");
	else
		snprintf(text, sizeof(text), "it is not what was approved: %s differ%s", differs,
		    strchr(differs, ',') == NULL ? "s" : "");
	if (pinned->is_strict)
		return err_set(err, ERR_REFUSED,
		    "%s (guard.pins); `bascule lock` shows it, with --accept it is approved", text);
	err_set(err, ERR_REFUSED, "%.*s: %s", SLICE_FMT(server), text);
	if (is_news(pinned, err->text, SLICE_NONE))
		log_event(
		    pinned->log, LOG_WARN, "pin_differs", "%s; see `bascule lock`", err->text);
	return true;
}
