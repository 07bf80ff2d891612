/*
 * The stores of the audit for commands: where they are, and their records joined by time.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/trail.h"

#define STORES_MAX 1024

/* ---- moments --------------------------------------------------------------------------------- */

uint64_t
trail_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool
trail_moment(const struct options *options, enum cli_option option, uint64_t *ms, struct err *err)
{
	const char *text = options->value[option];
	uint64_t ago, now = trail_now_ms();
	struct err bad;
	int64_t unix_s;

	if (!option_is_given(options, option))
		return true;
	if (config_moment(slice_of(text), &unix_s)) {
		*ms = (uint64_t)unix_s * 1000;
		return true;
	}
	if (!config_duration(slice_of(text), &ago, &bad))
		return err_set(err, ERR_USAGE,
		    "--%s \"%.60s\" is neither a moment such as 2026-11-22T03:34:14Z nor a time "
		    "ago such as 2h",
		    cli_options[option].name, text);
	*ms = now > ago ? now - ago : 0;
	return true;
}

bool
trail_config(const struct options *options, struct log *log, struct config **out, struct err *err)
{
	if (cli_config_load(options, log, out, err))
		return true;
	if (option_is_given(options, OPTION_CONFIG) || err->line > 0 ||
	    cli_variable(options, "BASCULE_CONFIG") != NULL)
		return false;
	*out = config_default();
	return true;
}

/* ---- stores ---------------------------------------------------------------------------------- */

struct trail_store {
	char *path;
	struct audit_reader *reader;
	struct audit_record record; /* the next one */
	bool has_record;
	uint64_t after; /* seq of the last one that was told */
};

static void
store_found(void *ctx, const char *path)
{
	struct trail *trail = ctx;
	struct trail_store *store;

	for (size_t i = 0; i < trail->n; i++)
		if (strcmp(trail->stores[i]->path, path) == 0)
			return;
	if (trail->n == STORES_MAX || trail->err.kind != ERR_NONE)
		return;
	store = MEM_NEW(struct trail_store);
	if (!audit_reader_open(path, &store->reader, &trail->err)) {
		mem_free(store);
		return;
	}
	store->path = (char *)(uintptr_t)slice_keep((struct slice){ path, strlen(path) + 1 }).p;
	trail->stores[trail->n++] = store;
}

/* Also those that came since. */
bool
trail_look(struct trail *trail, struct err *err)
{
	const struct config *config = trail->config;
	struct arena arena;

	arena_init(&arena, NULL, 64 * KIB);
	trail->err = (struct err){ 0 };
	if (slice_starts(config->audit.store, S("/"))) {
		const char *path = slice_cstr(&arena, config->audit.store);

		if (access(path, F_OK) == 0)
			store_found(trail, path);
	} else {
		audit_stores(slice_cstr(&arena, config->state),
		    slice_cstr(&arena, config->audit.store), store_found, trail);
	}
	arena_fini(&arena);
	*err = trail->err;
	return err->kind == ERR_NONE;
}

void
trail_fini(struct trail *trail)
{
	for (size_t i = 0; i < trail->n; i++) {
		audit_reader_close(&trail->stores[i]->reader);
		mem_free(trail->stores[i]->path);
		mem_free(trail->stores[i]);
	}
	mem_free(trail->stores);
	*trail = (struct trail){ 0 };
}

bool
trail_open(struct trail *trail, const struct config *config, struct err *err)
{
	*trail = (struct trail){ .config = config,
		.stores = mem_new(STORES_MAX * sizeof(*trail->stores)) };
	if (!trail_look(trail, err))
		return false;
	return trail->n > 0 ||
	    err_set(err, ERR_CONFIG,
		"there is no store \"%.*s\" below %.*s: nothing was recorded there",
		SLICE_FMT(config->audit.store), SLICE_FMT(config->state));
}

/* From the beginning again. */
void
trail_rewind(struct trail *trail)
{
	for (size_t i = 0; i < trail->n; i++) {
		trail->stores[i]->after = 0;
		trail->stores[i]->has_record = false;
	}
}

/* The oldest of what the stores have next; *out NULL: there is none now. */
bool
trail_next(struct trail *trail, const struct audit_record **out, struct err *err)
{
	struct trail_store *oldest = NULL;
	bool is_end;

	*out = NULL;
	for (size_t i = 0; i < trail->n; i++) {
		struct trail_store *store = trail->stores[i];

		if (!store->has_record) {
			if (!audit_reader_next(
				store->reader, store->after, &store->record, &is_end, err))
				return false;
			store->has_record = !is_end;
		}
		if (store->has_record &&
		    (oldest == NULL || store->record.time_ms < oldest->record.time_ms))
			oldest = store;
	}
	if (oldest != NULL) {
		oldest->after = oldest->record.seq;
		oldest->has_record = false;
		*out = &oldest->record;
	}
	return true;
}
