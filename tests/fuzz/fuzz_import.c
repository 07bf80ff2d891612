/*
 * Any bytes as another program's configuration: what is refused says why in one line; what is
 * written is a configuration as it stands, were the variables set that it names.
 */
#include <stdio.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define NAME	   "fuzz.json"
#define OUT_BYTES  (16 * MIB)
#define VARS_MAX   1024
#define ROUNDS_MAX 64

/* The environment that a written file is read with: its variables are "1", or URLs. */
struct world {
	const char *variables[VARS_MAX + 2];
	struct arena arena;
	size_t n;
};

static void
check_text(const char *text)
{
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* The variable at p, behind "${". */
static struct slice
variable_at(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end &&
	    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", p[n]) !=
		NULL &&
	    p[n] != '\0')
		n++;
	return (struct slice){ p, n };
}

/* Sets each variable of the text to value; those that have one keep it. */
static void
world_set(struct world *world, struct slice text, const char *value)
{
	const char *at = text.p, *end = text.p + text.n;

	while (at < end && (at = memmem(at, (size_t)(end - at), "${", 2)) != NULL) {
		struct slice name = variable_at(at += 2, end);
		bool is_new = name.n > 0 && world->n < VARS_MAX;

		for (size_t i = 0; is_new && i < world->n; i++)
			is_new = strncmp(world->variables[i], name.p, name.n) != 0 ||
			    world->variables[i][name.n] != '=';
		if (is_new)
			world->variables[world->n++] =
			    arena_printf(&world->arena, "%.*s=%s", SLICE_FMT(name), value).p;
	}
	world->variables[world->n] = NULL;
}

static struct slice
line_of(struct slice text, unsigned line)
{
	struct slice found = SLICE_NONE;

	for (unsigned i = 0; i < line && text.p != NULL; i++)
		found = slice_cut(text, '\n', &text);
	return found;
}

/* Where "1" is not right a URL is: the lines that complain have one. */
static void
check_written(struct slice text)
{
	struct world world = { .variables = { "HOME=/h" }, .n = 1 };
	struct buf urls;
	struct err err = { 0 };
	bool ok = false;

	buf_init(&urls, NULL, OUT_BYTES);
	for (unsigned round = 0; !ok && round < ROUNDS_MAX; round++) {
		struct config *config = NULL;

		arena_init(&world.arena, NULL, OUT_BYTES);
		world.n = 1;
		world_set(&world, buf_view(&urls), "http://localhost");
		world_set(&world, text, "1");
		ok = config_parse(text, NAME, "/", world.variables, NULL, &config, &err);
		config_free(&config);
		arena_fini(&world.arena);
		if (!ok &&
		    memmem(line_of(text, err.line).p, line_of(text, err.line).n, "${", 2) == NULL)
			break;
		buf_put(&urls, line_of(text, err.line));
		buf_putc(&urls, '\n');
	}
	if (!ok)
		fprintf(stderr, "%s\n%.*s\n", err.text, SLICE_FMT(text));
	must(ok);
	buf_fini(&urls);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = { (const char *)data, n };
	struct config_import report = { 0 };
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, NULL, OUT_BYTES);
	buf_init(&report.notes, NULL, OUT_BYTES);
	if (!config_import(text, NAME, &out, &report, &err)) {
		must(err.kind == ERR_CONFIG || err.kind == ERR_LIMIT);
		must(err.text[0] != '\0');
		check_text(err.text);
	} else {
		must(report.servers > 0 && report.of != NULL);
		check_written(buf_view(&out));
	}
	buf_fini(&report.notes);
	buf_fini(&out);
	arena_drain();
	return 0;
}
