/*
 * `bascule plugin test FILE`: the cases that a script of guard.plugins brings with it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "guard/guard.h"

#define OUT_BYTES (64 * MIB)

struct printing {
	struct buf out;
	bool is_json;
	unsigned n;
};

static void
row(void *ctx, struct slice name, bool holds, struct slice detail)
{
	struct printing *printing = ctx;
	struct buf *out = &printing->out;

	if (printing->is_json) {
		buf_puts(out, printing->n > 0 ? ",{\"name\":" : "{\"name\":");
		buf_json_string(out, name);
		buf_printf(out, ",\"ok\":%s", holds ? "true" : "false");
		if (!holds) {
			buf_puts(out, ",\"detail\":");
			buf_json_string(out, detail);
		}
		buf_putc(out, '}');
	} else {
		buf_puts(out, holds ? "ok    " : "FAIL  ");
		buf_put_shown(out, name);
		buf_puts(out, holds ? "" : ": ");
		buf_put_shown(out, detail);
		buf_putc(out, '\n');
	}
	printing->n++;
}

static int
test(const char *path, bool is_json)
{
	struct printing printing = { .is_json = is_json };
	struct plugin_report report = { .ctx = &printing, .row = row };
	struct config_plugin plugin;
	struct arena arena;
	struct err err = { 0 };
	unsigned failed = 0;
	int status;

	arena_init(&arena, NULL, 2 * MIB);
	buf_init(&printing.out, NULL, OUT_BYTES);
	buf_puts(&printing.out, is_json ? "{\"tests\":[" : "");
	if (!config_plugin_read(&arena, path, &plugin, &err) ||
	    !guard_plugin_test(&plugin, &report, &failed, &err)) {
		if (is_json)
			buf_clear(&printing.out);
		(void)cli_print(&printing.out, EXIT_DONE);
		status = cli_fail(&err);
	} else {
		if (is_json)
			buf_printf(&printing.out, "],\"failed\":%u}\n", failed);
		else
			buf_printf(
			    &printing.out, "%u of %u hold\n", printing.n - failed, printing.n);
		status = cli_print(&printing.out, failed > 0 ? EXIT_FAILED : EXIT_DONE);
	}
	buf_fini(&printing.out);
	arena_fini(&arena);
	return status;
}

int
plugin_run(struct options *options)
{
	struct err err;

	if (strcmp(options->words[0], "test") != 0) {
		err_set(&err, ERR_USAGE, "plugin: \"%s\" is none of its words: test FILE",
		    options->words[0]);
		return cli_fail(&err);
	}
	return test(options->words[1], option_is_given(options, OPTION_JSON));
}
