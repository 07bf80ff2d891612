/*
 * story: runs scripts (story.h, README.md) and prints TAP, one test a story.
 *
 * usage: story [--real BINARY --relay PROGRAM] [--only WORD] [--seeds N] FILE...
 *
 * Simulated, each story is run once on a calm machine and, with --seeds, again on machines that
 * read and write in small pieces.  With --real only the stories marked `real` are run, in front of
 * BINARY.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rest_plain.h"
#include "story.h"

#define LOG_TAIL 4000

struct options {
	const char *binary, *relay, *only;
	uint64_t seeds;
	struct keeper *keeper;
	const char *folder; /* real: for sockets and configurations */
};

struct story {
	const struct script *script;
	size_t from, to; /* lines */
	struct slice title;
	bool is_real;
};

struct story_file {
	struct slice name;
	char path[PATH_MAX];
};

struct runner {
	struct world world;
	const struct story *story;
	size_t at;	       /* line in progress */
	struct client *client; /* whose block it is */
	struct server *server;
	char folder[64]; /* of files; "": there are none */
	struct story_file files[4];
	size_t files_n;
	int lock_fd; /* of the lock file; -1: there is none yet */
};

/* ---- statements ------------------------------------------------------------------------------ */

/* Lines up to the one that is only "}", which is passed over. */
static bool
block_take(struct runner *runner, struct buf *out, struct err *err)
{
	const struct script *script = runner->story->script;
	size_t begin = runner->at;

	while (++runner->at < runner->story->to) {
		struct slice text = script->lines[runner->at].text;

		if (slice_eq(text, S("}")))
			return true;
		buf_put(out, text);
		buf_putc(out, '\n');
	}
	runner->at = begin;
	return err_set(err, ERR_CONFIG, "this block has no end: a line with only }");
}

/* ---- files ----------------------------------------------------------------------------------- */

/* file NAME {: written anew where it is there. */
static bool
do_file(struct runner *runner, struct slice rest, struct err *err)
{
	struct slice name = script_word(&rest);
	struct story_file *file = runner->files;
	struct buf block;
	FILE *to;
	bool ok;

	if (runner->folder[0] == '\0') {
		snprintf(runner->folder, sizeof(runner->folder), "/tmp/story-file-XXXXXX");
		if (mkdtemp(runner->folder) == NULL)
			return err_set(err, ERR_INTERNAL, "%s: %m", runner->folder);
	}
	while (file < runner->files + runner->files_n && !slice_eq(file->name, name))
		file++;
	if (file == runner->files + COUNT(runner->files))
		return err_set(err, ERR_CONFIG, "more than %zu files", COUNT(runner->files));
	if (file == runner->files + runner->files_n)
		runner->files_n++;
	file->name = name;
	snprintf(file->path, sizeof(file->path), "%s/%.*s", runner->folder, SLICE_FMT(name));
	buf_init(&block, NULL, MIB);
	ok = block_take(runner, &block, err);
	to = ok ? fopen(file->path, "w") : NULL;
	if (ok && to == NULL)
		ok = err_set(err, ERR_INTERNAL, "%s: %m", file->path);
	if (to != NULL) {
		ok = fwrite(block.p != NULL ? block.p : "", 1, block.n, to) == block.n &&
		    fchmod(fileno(to), 0600) == 0;
		ok = fclose(to) == 0 && (ok || err_set(err, ERR_INTERNAL, "%s", file->path));
	}
	buf_fini(&block);
	return ok;
}

/* @NAME@ of a file: its path. */
static bool
file_spell(const struct runner *runner, struct slice name, struct buf *out)
{
	for (size_t i = 0; i < runner->files_n; i++)
		if (slice_eq(runner->files[i].name, name)) {
			buf_puts(out, runner->files[i].path);
			return true;
		}
	return false;
}

static void
files_remove(struct runner *runner)
{
	for (size_t i = 0; i < runner->files_n; i++)
		(void)unlink(runner->files[i].path);
	if (runner->folder[0] != '\0')
		(void)rmdir(runner->folder);
}

/* ---- the configuration ----------------------------------------------------------------------- */

/*
 * @NAME@ becomes how the upstream is reached; a front and a log that can be read are added, and one
 * session for all clients where the block says nothing of sessions.
 */
static bool
yaml_make(struct runner *runner, struct slice text, struct buf *out, struct err *err)
{
	struct slice rest = text, before, name;
	bool is_real = runner->world.sim == NULL;
	struct server *server;

	if (memmem(text.p, text.n, "listen:", 7) == NULL)
		buf_printf(
		    out, "listen: {http: \"127.0.0.1:%s\", stdio: true}\n", is_real ? "0" : "8080");
	if (is_real)
		buf_puts(out, "log: {level: debug, format: json}\n");
	while (rest.p != NULL) {
		before = slice_cut(rest, '@', &rest);
		buf_put(out, before);
		if (rest.p == NULL)
			break;
		name = slice_cut(rest, '@', &rest);
		if (slice_eq(name, S("lock")) && runner->lock_fd >= 0) {
			buf_printf(out, "/proc/self/fd/%d", runner->lock_fd);
			continue;
		}
		server = server_find(&runner->world, name);
		if (server == NULL && file_spell(runner, name, out))
			continue;
		if (server == NULL)
			return err_set(err, ERR_CONFIG,
			    "no upstream or file \"%.*s\" before the gateway", SLICE_FMT(name));
		server_spell(server, out);
		if (memmem(text.p, text.n, "session:", 8) == NULL)
			buf_puts(out, ", session: shared");
	}
	return true;
}

static bool
do_gateway(struct runner *runner, struct slice rest, bool is_first, struct err *err)
{
	struct world *world = &runner->world;
	struct buf block, yaml;
	bool ok;

	buf_init(&block, NULL, MIB);
	buf_init(&yaml, NULL, MIB);
	ok = block_take(runner, &block, err) && yaml_make(runner, buf_view(&block), &yaml, err);
	if (ok && is_first == (world->gate != NULL))
		ok = err_set(
		    err, ERR_CONFIG, is_first ? "there is a gateway" : "there is no gateway");
	ok = ok &&
	    (is_first ? world->gate_ops->start(world, buf_view(&yaml), err)
		      : world->gate_ops->reload(world, buf_view(&yaml), err));
	buf_fini(&block);
	buf_fini(&yaml);
	return ok;
}

static bool
do_start(struct runner *runner, struct slice rest, struct err *err)
{
	return do_gateway(runner, rest, true, err);
}

static bool
do_reload(struct runner *runner, struct slice rest, struct err *err)
{
	return do_gateway(runner, rest, false, err);
}

/* What the gateway finds at @lock@ when it is started or reloaded (simulated only). */
static bool
do_lock(struct runner *runner, struct slice rest, struct err *err)
{
	struct buf block;
	bool ok;

	if (runner->lock_fd < 0)
		runner->lock_fd = memfd_create("lock", MFD_CLOEXEC);
	buf_init(&block, NULL, MIB);
	ok = block_take(runner, &block, err);
	if (ok &&
	    (ftruncate(runner->lock_fd, 0) < 0 ||
		pwrite(runner->lock_fd, block.p, block.n, 0) != (ssize_t)block.n))
		ok = err_set(err, ERR_INTERNAL, "the lock file: %m");
	buf_fini(&block);
	return ok;
}

/* upstream NAME [-transport stdio|http|sse] { */
static bool
do_server(struct runner *runner, struct slice rest, struct err *err)
{
	struct slice name = script_word(&rest), word;
	struct slice transport = S("stdio");

	while ((word = script_word(&rest)).p != NULL && !slice_eq(word, S("{"))) {
		if (!slice_eq(word, S("-transport")))
			return err_set(
			    err, ERR_CONFIG, "upstream NAME [-transport stdio|http|sse] {");
		transport = script_word(&rest);
	}
	runner->server = server_find(&runner->world, name);
	if (runner->server == NULL)
		runner->server = server_new(&runner->world, name, transport, err);
	return runner->server != NULL;
}

/* client NAME ... { */
static bool
do_client(struct runner *runner, struct slice rest, struct err *err)
{
	struct slice after = rest;

	if (rest.n < 2 || rest.p[rest.n - 1] != '{')
		return err_set(err, ERR_CONFIG, "client NAME [...] {");
	rest.n--;
	runner->client = client_find(&runner->world, script_word(&after));
	if (runner->client == NULL)
		runner->client = client_new(&runner->world, rest, err);
	return runner->client != NULL;
}

static bool
do_tell(struct runner *runner, struct slice rest, struct err *err)
{
	struct slice name = script_word(&rest);
	struct server *server = server_find(&runner->world, name);

	if (server == NULL)
		return err_set(err, ERR_CONFIG, "no upstream \"%.*s\"", SLICE_FMT(name));
	return server_tell(server, rest, err);
}

static bool
do_tick(struct runner *runner, struct slice rest, struct err *err)
{
	uint64_t ms;

	if (!config_duration(rest, &ms, err))
		return false;
	world_settle(&runner->world);
	world_tick(&runner->world, ms);
	return true;
}

/* let NAME = [upstream NAME last METHOD] /pointer */
static bool
do_let(struct runner *runner, struct slice rest, struct err *err)
{
	struct slice name = script_word(&rest);
	struct buf value;
	bool ok;

	if (!slice_eq(script_word(&rest), S("=")))
		return err_set(err, ERR_CONFIG, "let NAME = [upstream NAME last METHOD] /pointer");
	buf_init(&value, NULL, MIB);
	ok = expect_read(&runner->world, runner->client, rest, &value, err);
	if (ok)
		world_let(&runner->world, name, buf_view(&value));
	buf_fini(&value);
	return ok;
}

static bool
do_expect(struct runner *runner, struct slice rest, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, NULL, 64 * MIB);
	world_substitute(&runner->world, rest, NULL, NULL, &text);
	ok = expect_run(&runner->world, runner->client, buf_view(&text), err);
	buf_fini(&text);
	return ok;
}

static const struct {
	const char *word;
	bool (*run)(struct runner *runner, struct slice rest, struct err *err);
	bool is_anywhere; /* also within a client's block */
} statements[] = {
	{ "upstream", do_server, false },
	{ "file", do_file, false },
	{ "gateway", do_start, false },
	{ "reload", do_reload, false },
	{ "lock", do_lock, false },
	{ "client", do_client, false },
	{ "tell", do_tell, true },
	{ "tick", do_tick, true },
	{ "let", do_let, true },
	{ "expect", do_expect, true },
};

static bool
line_run(struct runner *runner, struct slice line, struct err *err)
{
	struct slice rest = line, word = script_word(&rest);
	bool in_block = runner->client != NULL || runner->server != NULL, is_known = false;

	if (word.p == NULL || word.p[0] == '#')
		return true;
	if (in_block && slice_eq(line, S("}"))) {
		runner->client = NULL;
		runner->server = NULL;
		return true;
	}
	if (runner->server != NULL)
		return server_line(runner->server, line, err);
	if (runner->client != NULL) {
		bool ok = client_line(runner->client, line, &is_known, err);

		if (is_known)
			return ok;
	}
	for (size_t i = 0; i < COUNT(statements); i++) {
		if (slice_eq(word, slice_of(statements[i].word)) &&
		    (runner->client == NULL || statements[i].is_anywhere))
			return statements[i].run(runner, rest, err);
	}
	return err_set(err, ERR_CONFIG, "unknown word \"%.*s\"", SLICE_FMT(word));
}

/* ---- one story ------------------------------------------------------------------------------- */

static uint64_t
simulated_ms(void *ctx)
{
	return loop_unix_ms(ctx);
}

static bool
world_begin(
    struct world *world, struct options *options, uint64_t seed, struct log *log, struct err *err)
{
	/* Nothing is lost: it comes in pieces, some of them later. */
	struct sim_faults pieces = { .short_io = 300, .again = 50, .delay = 100 };

	arena_init(&world->arena, NULL, 512 * MIB);
	buf_init(&world->log, NULL, 64 * MIB);
	if (options->binary == NULL) {
		world->gate_ops = &gate_sim_ops;
		world->loop = sim_new(seed, log, &world->sim);
		rest_use_engine(&rest_plain); /* there is nothing for libcurl to watch */
		log_clock(log, simulated_ms, world->loop);
		if (seed > 1)
			sim_set_faults(world->sim, &pieces);
		return true;
	}
	world->gate_ops = &gate_real_ops;
	world->binary = options->binary;
	world->relay = options->relay;
	world->folder = options->folder;
	world->loop = loop_new(&options->keeper, log, err);
	return world->loop != NULL;
}

/* Ends everything; what is left then is a leak. */
static bool
world_end(struct world *world, bool has_failed, struct err *err)
{
	bool ok = true;

	if (world->gate != NULL)
		ok = world->gate_ops->stop(world, err);
	while (world->clients != NULL)
		client_free(&world->clients);
	stream_close(&world->to_stdin);
	stream_close(&world->from_stdout);
	world_settle(world);
	while (world->servers != NULL)
		server_free(&world->servers);
	world_settle(world);
	if (ok && loop_tasks(world->loop) > 0)
		ok = err_set(err, ERR_INTERNAL, "%u tasks are left", loop_tasks(world->loop));
	if (ok && world->sim != NULL && sim_streams_open(world->sim) > 0)
		ok =
		    err_set(err, ERR_INTERNAL, "%u streams are left", sim_streams_open(world->sim));
	if (ok && loop_memory(world->loop)->used_bytes > 0)
		ok = err_set(err, ERR_INTERNAL, "%zu bytes of the account are left",
		    loop_memory(world->loop)->used_bytes);
	log_clock(loop_log(world->loop), NULL, NULL);
	loop_free(&world->loop);
	buf_fini(&world->log);
	arena_fini(&world->arena);
	arena_drain();
	return ok;
}

static void
log_show(struct world *world)
{
	struct slice log;

	(void)world_log_count(world, S("-"), SLICE_NONE); /* fetches it */
	log = buf_view(&world->log);
	if (log.n > LOG_TAIL)
		log = (struct slice){ log.p + log.n - LOG_TAIL, LOG_TAIL };
	fprintf(stderr, "the gateway's log ends:\n%.*s\n", SLICE_FMT(log));
}

static bool
story_run(const struct story *story, struct options *options, uint64_t seed)
{
	struct runner *runner = MEM_NEW(struct runner);
	int fd = memfd_create("story-log", MFD_CLOEXEC);
	struct log *log =
	    log_new(fd, options->binary == NULL ? LOG_DEBUG : LOG_OFF, LOG_JSON, "story");
	struct err err = { 0 }, end_err = { 0 };
	bool ok;

	runner->story = story;
	runner->at = story->from;
	runner->world.log_fd = fd;
	runner->lock_fd = -1;
	ok = world_begin(&runner->world, options, seed, log, &err);
	while (ok && ++runner->at < story->to) {
		struct slice line = slice_trim(story->script->lines[runner->at].text);

		ok = line_run(runner, line, &err);
	}
	if (!ok) {
		fprintf(stderr, "%s:%u: %s\n", story->script->file,
		    story->script->lines[runner->at].number, err.text);
		if (runner->world.loop != NULL)
			log_show(&runner->world);
	}
	if (runner->world.loop != NULL && !world_end(&runner->world, !ok, &end_err)) {
		fprintf(stderr, "%s:%u: at the end: %s\n", story->script->file,
		    story->script->lines[story->from].number, end_err.text);
		ok = false;
	}
	log_free(&log);
	close(fd);
	files_remove(runner);
	if (runner->lock_fd >= 0)
		close(runner->lock_fd);
	mem_free(runner);
	return ok;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* story "title" [real] */
static bool
story_head(struct slice line, struct story *story)
{
	struct slice rest = line;

	if (!slice_eq(script_word(&rest), S("story")))
		return false;
	story->title = script_value(&rest);
	if (story->title.n < 2)
		return false;
	story->title = (struct slice){ story->title.p + 1, story->title.n - 2 };
	story->is_real = slice_eq(script_word(&rest), S("real"));
	return true;
}

static bool
is_wanted(const struct story *story, struct options *options)
{
	if (options->binary != NULL && !story->is_real)
		return false;
	return options->only == NULL ||
	    memmem(story->title.p, story->title.n, options->only, strlen(options->only)) != NULL;
}

static size_t
stories_find(const struct script *script, struct story *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < script->n; i++) {
		struct story story = { .script = script, .from = i };

		if (!story_head(script->lines[i].text, &story))
			continue;
		if (n > 0)
			out[n - 1].to = i;
		must(n < max);
		story.to = script->n;
		out[n++] = story;
	}
	return n;
}

static int
stories_run(struct options *options, char **files, int files_n)
{
	size_t max = 1000, n = 0, number = 0, wanted = 0;
	struct script *scripts = mem_new((size_t)(files_n + 1) * sizeof(*scripts));
	struct story *stories = mem_new(max * sizeof(*stories));
	struct err err = { 0 };
	unsigned failed = 0;

	for (int i = 0; i < files_n; i++) {
		if (!script_read(&scripts[i], files[i], &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 2;
		}
		n += stories_find(&scripts[i], stories + n, max - n);
	}
	for (size_t i = 0; i < n; i++)
		wanted += is_wanted(&stories[i], options);
	printf("1..%zu\n", wanted);
	for (size_t i = 0; i < n; i++) {
		bool ok = true;
		uint64_t seed = 1;

		if (!is_wanted(&stories[i], options))
			continue;
		for (; ok && seed <= options->seeds; seed++)
			ok = story_run(&stories[i], options, seed);
		failed += !ok;
		printf(
		    "%s %zu - %.*s", ok ? "ok" : "not ok", ++number, SLICE_FMT(stories[i].title));
		if (!ok && options->seeds > 1)
			printf(" (seed %llu)", (unsigned long long)seed - 1);
		printf("\n");
		fflush(stdout);
	}
	for (int i = 0; i < files_n; i++)
		script_fini(&scripts[i]);
	mem_free(stories);
	mem_free(scripts);
	arena_drain();
	return failed > 0;
}

/* Real stories need a keeper for the program, and a folder for what it reads. */
static bool
real_begin(struct options *options, char *folder, char paths[PATH_MAX])
{
	struct err err = { 0 };

	options->keeper = keeper_fork(&err);
	options->folder = mkdtemp(folder);
	options->seeds = 1;
	/* What the gateway's configuration names is absolute. */
	if (options->relay != NULL)
		options->relay = realpath(options->relay, paths);
	if (options->keeper == NULL || options->folder == NULL || options->relay == NULL) {
		fprintf(stderr, "story: %s\n",
		    options->relay == NULL	  ? "--real needs --relay"
			: options->keeper == NULL ? err.text
						  : strerror(errno));
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options options = { .seeds = 1 };
	static char paths[PATH_MAX];
	char folder[] = "/tmp/story-XXXXXX";
	int at = 1, status;

	if (argc > 2 && strcmp(argv[1], KEEPER_ARG) == 0)
		return keeper_main((int)strtol(argv[2], NULL, 10));
	for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
		if (strcmp(argv[at], "--real") == 0)
			options.binary = argv[at + 1];
		else if (strcmp(argv[at], "--relay") == 0)
			options.relay = argv[at + 1];
		else if (strcmp(argv[at], "--only") == 0)
			options.only = argv[at + 1];
		else if (strcmp(argv[at], "--seeds") == 0)
			options.seeds = strtoull(argv[at + 1], NULL, 10);
		else
			break;
	}
	if (at >= argc || argv[at][0] == '-') {
		fprintf(stderr,
		    "usage: story [--real BINARY --relay PROGRAM] [--only WORD] [--seeds N] FILE...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (options.binary != NULL && !real_begin(&options, folder, paths))
		return 2;
	status = stories_run(&options, argv + at, argc - at);
	if (options.folder != NULL)
		(void)rmdir(options.folder);
	keeper_close(&options.keeper);
	return status;
}
