/*
 * What all of a story stands in: turning the loop, the variables, the gateway's log.
 *
 * Simulated, a wait is a bound of the simulated clock: settling gives the machine (children that
 * start, connections, helpers) the moment it takes, and no more; `tick` is the only way to let
 * time pass.  Real, a wait is generous, and a tick adds to it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "story.h"

#define SETTLE_MS	 60  /* simulated: what the machine takes for a few steps */
#define PATIENCE_MS	 900 /* simulated: until an expectation must hold */
#define REAL_SETTLE_MS	 60
#define REAL_PATIENCE_MS 30000
#define REPEAT_MAX_BYTES (128 * MIB)

static bool
never(void *ctx)
{
	return false;
}

static bool
real_wait(struct world *world, bool (*done)(void *ctx), void *ctx, uint64_t ms)
{
	uint64_t until = loop_now_ms(world->loop) + ms;

	while (!done(ctx)) {
		uint64_t now = loop_now_ms(world->loop);

		if (now >= until)
			return false;
		(void)loop_turn(world->loop, (int64_t)(until - now < 20 ? until - now : 20));
	}
	return true;
}

bool
world_wait(struct world *world, bool (*done)(void *ctx), void *ctx)
{
	if (world->sim == NULL)
		return real_wait(world, done, ctx, REAL_PATIENCE_MS + world->extra_ms);
	return sim_run_until(world->sim, done, ctx, loop_now_ms(world->loop) + PATIENCE_MS);
}

void
world_settle(struct world *world)
{
	if (world->sim == NULL)
		(void)real_wait(world, never, NULL, REAL_SETTLE_MS);
	else
		(void)sim_run_until(world->sim, never, NULL, loop_now_ms(world->loop) + SETTLE_MS);
}

void
world_tick(struct world *world, uint64_t ms)
{
	if (world->sim == NULL)
		world->extra_ms += ms;
	else
		(void)sim_run_until(world->sim, never, NULL, loop_now_ms(world->loop) + ms);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

struct run {
	void (*fn)(void *arg);
	void *arg;
	bool is_over;
};

static void
run_task(void *arg)
{
	struct run *run = arg;

	run->fn(run->arg);
	run->is_over = true;
}

static bool
run_is_over(void *ctx)
{
	return ((struct run *)ctx)->is_over;
}

bool
world_run(struct world *world, const char *name, void (*fn)(void *arg), void *arg)
{
	struct run run = { .fn = fn, .arg = arg };
	struct group group = { 0 };
	struct err err;
	uint64_t minutes = loop_now_ms(world->loop) + 600000;

	if (!group_spawn(world->loop, &group, name, run_task, &run, &err))
		return false;
	if (world->sim != NULL)
		(void)sim_run_until(world->sim, run_is_over, &run, minutes);
	else
		(void)real_wait(world, run_is_over, &run, REAL_PATIENCE_MS);
	must(run.is_over); /* it uses this frame */
	return true;
}

/* ---- variables ------------------------------------------------------------------------------- */

void
world_let(struct world *world, struct slice name, struct slice value)
{
	struct err err;
	size_t i = 0;

	while (i < world->variables_n && !slice_eq(world->variables[i].name, name))
		i++;
	must(i < VARIABLES_MAX && arena_reserve(&world->arena, name.n + value.n, &err));
	world->variables[i].name = slice_dup(&world->arena, name);
	world->variables[i].value = slice_dup(&world->arena, value);
	if (i == world->variables_n)
		world->variables_n++;
}

static bool
variable_look(struct world *world, struct slice name, struct buf *out)
{
	for (size_t i = 0; i < world->variables_n; i++) {
		if (slice_eq(world->variables[i].name, name)) {
			buf_put(out, world->variables[i].value);
			return true;
		}
	}
	return false;
}

/* "$repeat(TEXT,SIZE)" at the beginning of s; returns its length, 0: it is none. */
static size_t
repeat(struct slice s, struct buf *out)
{
	static const char word[] = "$repeat(";
	size_t begin = sizeof(word) - 1, comma, end;
	uint64_t bytes;
	struct err err;

	if (!slice_starts(s, S(word)))
		return 0;
	for (comma = begin; comma < s.n && s.p[comma] != ','; comma++)
		continue;
	for (end = comma; end < s.n && s.p[end] != ')'; end++)
		continue;
	if (end == s.n || comma == begin ||
	    !config_size((struct slice){ s.p + comma + 1, end - comma - 1 }, &bytes, &err) ||
	    bytes > REPEAT_MAX_BYTES)
		return 0;
	for (uint64_t n = 0; n < bytes; n += comma - begin)
		buf_put(out, (struct slice){ s.p + begin, comma - begin });
	return end + 1;
}

static size_t
name_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n &&
	    ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == '_'))
		n++;
	return n;
}

void
world_substitute(
    struct world *world, struct slice text, variable_fn *look, void *ctx, struct buf *out)
{
	for (size_t i = 0; i < text.n;) {
		struct slice rest = { text.p + i, text.n - i }, name;
		size_t n;

		if (rest.p[0] != '$') {
			buf_putc(out, rest.p[0]);
			i++;
			continue;
		}
		n = repeat(rest, out);
		if (n > 0) {
			i += n;
			continue;
		}
		name = (struct slice){ rest.p + 1, rest.n - 1 };
		name.n = name_length(name);
		if (name.n > 0 &&
		    ((look != NULL && look(ctx, name, out)) || variable_look(world, name, out))) {
			i += 1 + name.n;
			continue;
		}
		buf_putc(out, '$');
		i++;
	}
}

/* ---- the log --------------------------------------------------------------------------------- */

/* What the loop has logged since. */
static void
log_fetch(struct world *world)
{
	char bytes[2048];
	ssize_t n;

	if (world->sim == NULL)
		return;
	log_flush(loop_log(world->loop));
	while ((n = pread(world->log_fd, bytes, sizeof(bytes), (off_t)world->log.n)) > 0)
		buf_put(&world->log, (struct slice){ bytes, (size_t)n });
}

unsigned
world_log_count(struct world *world, struct slice event, struct slice text)
{
	struct slice rest, line;
	char want[80];
	unsigned n = 0;
	int length = snprintf(want, sizeof(want), "\"event\":\"%.*s\"", SLICE_FMT(event));

	log_fetch(world);
	rest = buf_view(&world->log);
	while (rest.p != NULL && rest.n > 0) {
		line = slice_cut(rest, '\n', &rest);
		n += line.n > 0 && memmem(line.p, line.n, want, (size_t)length) != NULL &&
		    (text.p == NULL || memmem(line.p, line.n, text.p, text.n) != NULL);
	}
	return n;
}
