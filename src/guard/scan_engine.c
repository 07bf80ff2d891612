/*
 * Finds many words in a text at once.
 *
 * With Vectorscan, which is loaded when the first scanner is made and never unloaded; its database
 * is compiled once and kept in a file that says for which words and which version it is.  Where it
 * cannot be had, PCRE2 looks for places where any of the words begins, by one pattern made of their
 * tree, and the words that stand there are told from a sorted list.  Both tell the same words.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#if __has_include(<hs/hs.h>)
#include <hs/hs.h>
#define HAVE_VECTORSCAN
#endif

#include "guard/scan.h"

#define TEXT_MAX     ((size_t)1 << 30)
#define PATTERN_MAX  (256 * KIB)
#define DATABASE_MAX (16 * MIB)
#define DEPTH_MAX    64
#define PATH_BYTES   512

struct plain_entry {
	const struct scan_word *word;
	unsigned id;
};

struct scan_engine {
	const struct scan_word *words;
	size_t words_n;
#ifdef HAVE_VECTORSCAN
	struct vectorscan *vectorscan;
#endif
	/* PCRE2 */
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	struct plain_entry *sorted; /* by folded text */
	size_t first[257];	    /* in sorted, of each folded first byte */
};

/* ---- PCRE2 ----------------------------------------------------------------------------------- */

static int
entry_order(const void *a, const void *b)
{
	const struct scan_word *x = ((const struct plain_entry *)a)->word;
	const struct scan_word *y = ((const struct plain_entry *)b)->word;
	size_t n = x->n < y->n ? x->n : y->n;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)scan_lower(x->text[i]);
		unsigned char d = (unsigned char)scan_lower(y->text[i]);

		if (c != d)
			return c < d ? -1 : 1;
	}
	return x->n < y->n ? -1 : x->n > y->n;
}

static void
put_byte(struct buf *out, char c)
{
	if (scan_is_word(c) || (c & 0x80) != 0)
		buf_putc(out, c);
	else
		buf_printf(out, "\\x%02x", (unsigned char)c);
}

/* The words sorted[from..to), which are equal in their first depth bytes, as a pattern. */
static void
put_tree(const struct plain_entry *sorted, size_t from, size_t to, size_t depth, struct buf *out)
{
	bool is_first = true;

	must(depth < DEPTH_MAX);
	if (sorted[from].word->n == depth) /* the shortest comes first: it is enough */
		return;
	buf_puts(out, "(?:");
	while (from < to) {
		char c = scan_lower(sorted[from].word->text[depth]);
		size_t end = from + 1;

		while (end < to && scan_lower(sorted[end].word->text[depth]) == c)
			end++;
		if (!is_first)
			buf_putc(out, '|');
		is_first = false;
		put_byte(out, c);
		put_tree(sorted, from, end, depth + 1, out);
		from = end;
	}
	buf_putc(out, ')');
}

static void
plain_sort(struct scan_engine *engine)
{
	size_t at = 0;

	engine->sorted = mem_new(engine->words_n * sizeof(*engine->sorted));
	for (size_t i = 0; i < engine->words_n; i++)
		engine->sorted[i] = (struct plain_entry){ &engine->words[i], (unsigned)i };
	qsort(engine->sorted, engine->words_n, sizeof(*engine->sorted), entry_order);
	for (unsigned c = 0; c < 256; c++) {
		engine->first[c] = at;
		while (at < engine->words_n &&
		    (unsigned char)scan_lower(engine->sorted[at].word->text[0]) == c)
			at++;
	}
	engine->first[256] = at;
}

MUST_CHECK static bool
plain_compile(struct scan_engine *engine, struct err *err)
{
	struct buf pattern;
	int number = 0;
	PCRE2_SIZE where = 0;

	plain_sort(engine);
	buf_init(&pattern, NULL, PATTERN_MAX);
	put_tree(engine->sorted, 0, engine->words_n, 0, &pattern);
	must(!pattern.overflow);
	engine->code =
	    pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, PCRE2_CASELESS, &number, &where, NULL);
	buf_fini(&pattern);
	if (engine->code == NULL)
		return err_set(err, ERR_INTERNAL, "PCRE2 cannot compile the words: error %d at %zu",
		    number, where);
	(void)pcre2_jit_compile(engine->code, PCRE2_JIT_COMPLETE); /* it does without, slower */
	engine->data = pcre2_match_data_create(1, NULL);
	engine->limits = pcre2_match_context_create(NULL);
	must(engine->data != NULL && engine->limits != NULL);
	pcre2_set_match_limit(engine->limits, 1u << 30);
	pcre2_set_heap_limit(engine->limits, 1024);
	pcre2_set_depth_limit(engine->limits, 1000);
	return true;
}

static bool
word_is_at(const struct scan_word *word, const char *p, size_t left)
{
	if (word->n > left)
		return false;
	if (!word->is_caseless)
		return memcmp(word->text, p, word->n) == 0;
	for (size_t i = 0; i < word->n; i++)
		if (scan_lower(word->text[i]) != scan_lower(p[i]))
			return false;
	return true;
}

static void
plain_tell(
    const struct scan_engine *engine, struct slice text, size_t at, scan_word_fn found, void *ctx)
{
	unsigned c = (unsigned char)scan_lower(text.p[at]);

	for (size_t i = engine->first[c]; i < engine->first[c + 1]; i++) {
		const struct plain_entry *entry = &engine->sorted[i];

		if (word_is_at(entry->word, text.p + at, text.n - at))
			found(ctx, entry->id, at + entry->word->n);
	}
}

MUST_CHECK static bool
plain_run(
    struct scan_engine *engine, struct slice text, scan_word_fn found, void *ctx, struct err *err)
{
	size_t at = 0;

	while (at < text.n) {
		int n = pcre2_match(
		    engine->code, (PCRE2_SPTR)text.p, text.n, at, 0, engine->data, engine->limits);

		if (n == PCRE2_ERROR_NOMATCH)
			return true;
		if (n < 0)
			return err_set(err, ERR_LIMIT, "scan: PCRE2 gave up with error %d", n);
		at = pcre2_get_ovector_pointer(engine->data)[0];
		plain_tell(engine, text, at, found, ctx);
		at++;
	}
	return true;
}

/* ---- Vectorscan ------------------------------------------------------------------------------ */

#ifdef HAVE_VECTORSCAN

#define LIBHS "libhs.so.5"

const char guard_library[] = LIBHS;

#define MAGIC "bascule scan 1\n"

#define HS_FUNCTIONS(X) \
	X(hs_alloc_scratch) \
	X(hs_compile_lit_multi) \
	X(hs_deserialize_database) \
	X(hs_free_compile_error) \
	X(hs_free_database) \
	X(hs_free_scratch) \
	X(hs_scan) \
	X(hs_serialize_database) \
	X(hs_valid_platform) \
	X(hs_version)

struct vectorscan {
#define X(name) __typeof__(name) *name;
	HS_FUNCTIONS(X)
#undef X
	hs_database_t *database;
	hs_scratch_t *scratch;
	char head[sizeof(MAGIC) + 64]; /* of a cache that is for these words */
};

MUST_CHECK static bool
vectorscan_load(struct vectorscan *hs, struct err *err)
{
	static const struct symbol functions[] = {
#define X(name) { #name, offsetof(struct vectorscan, name) },
		HS_FUNCTIONS(X)
#undef X
	};
	void *handle = dlopen(LIBHS, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (handle == NULL)
		return err_set(err, ERR_UNAVAILABLE, "%s cannot be loaded", LIBHS);
	if (!symbols_find(handle, LIBHS, functions, COUNT(functions), hs, err))
		return false;
	if (hs->hs_valid_platform() != HS_SUCCESS)
		return err_set(err, ERR_UNAVAILABLE, "%s needs another processor", LIBHS);
	return true;
}

/* A cache is for these words, this library, and this kind of machine. */
static void
head_make(struct vectorscan *hs, const struct scan_word *words, size_t n)
{
	struct buf all;
	struct slice parts[2];
	char hex[65];

	buf_init(&all, NULL, MIB);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&all, "%zu%c", words[i].n, words[i].is_caseless ? 'i' : ' ');
		buf_put(&all, (struct slice){ words[i].text, words[i].n });
	}
	must(!all.overflow);
	parts[0] = slice_of(hs->hs_version());
	parts[1] = buf_view(&all);
	sha256_hex(parts, COUNT(parts), hex);
	(void)snprintf(hs->head, sizeof(hs->head), "%s%.64s", MAGIC, hex);
	buf_fini(&all);
}

#define HEAD_BYTES (sizeof(MAGIC) - 1 + 64)

/* The file as it is, or nothing. */
static void
cache_read(const char *path, struct buf *into)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct err err;
	ssize_t n = 1;

	if (fd < 0)
		return;
	while (n > 0 && buf_reserve(into, 256 * KIB, &err)) {
		n = read(fd, into->p + into->n, 256 * KIB);
		if (n > 0)
			into->n += (size_t)n;
	}
	if (n != 0)
		buf_clear(into);
	close(fd);
}

/* Head, SHA-256 of what follows, the database. */
static bool
cache_load(struct vectorscan *hs, const char *path)
{
	struct buf file;
	struct slice body;
	char hex[65];
	bool ok = false;

	buf_init(&file, NULL, DATABASE_MAX);
	cache_read(path, &file);
	if (file.n > HEAD_BYTES + 64 && memcmp(file.p, hs->head, HEAD_BYTES) == 0) {
		body = (struct slice){ file.p + HEAD_BYTES + 64, file.n - HEAD_BYTES - 64 };
		sha256_hex(&body, 1, hex);
		ok = memcmp(hex, file.p + HEAD_BYTES, 64) == 0 &&
		    hs->hs_deserialize_database(body.p, body.n, &hs->database) == HS_SUCCESS;
		/* It is in use, and stays when others go. */
		(void)!(ok && utimensat(AT_FDCWD, path, NULL, 0) == 0);
	}
	buf_fini(&file);
	return ok;
}

static bool
all_written(int fd, struct slice s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n <= 0)
			return false;
		s.p += n;
		s.n -= (size_t)n;
	}
	return true;
}

/* What cannot be kept is compiled again next time. */
static void
cache_save(const struct vectorscan *hs, const char *path)
{
	char to[PATH_BYTES + 32], hex[65], *bytes = NULL;
	size_t n = 0;
	int fd, length = snprintf(to, sizeof(to), "%s.%ld", path, (long)getpid());
	bool ok;

	if (length < 0 || (size_t)length >= sizeof(to) ||
	    hs->hs_serialize_database(hs->database, &bytes, &n) != HS_SUCCESS)
		return;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		sha256_hex(&(struct slice){ bytes, n }, 1, hex);
		ok = all_written(fd, (struct slice){ hs->head, HEAD_BYTES }) &&
		    all_written(fd, (struct slice){ hex, 64 }) &&
		    all_written(fd, (struct slice){ bytes, n });
		if (close(fd) < 0 || !ok || rename(to, path) < 0)
			unlink(to);
	}
	free(bytes); /* the library's, by malloc */
}

MUST_CHECK static bool
vectorscan_compile(struct vectorscan *hs, const struct scan_word *words, size_t n, struct err *err)
{
	const char **texts = mem_new(n * sizeof(*texts));
	size_t *lengths = mem_new(n * sizeof(*lengths));
	unsigned *flags = mem_new(n * sizeof(*flags)), *ids = mem_new(n * sizeof(*ids));
	hs_compile_error_t *why = NULL;
	bool ok;

	for (size_t i = 0; i < n; i++) {
		texts[i] = words[i].text;
		lengths[i] = words[i].n;
		flags[i] = words[i].is_caseless ? HS_FLAG_CASELESS : 0;
		ids[i] = (unsigned)i;
	}
	ok = hs->hs_compile_lit_multi(texts, flags, ids, lengths, (unsigned)n, HS_MODE_BLOCK, NULL,
		 &hs->database, &why) == HS_SUCCESS;
	if (!ok)
		err_set(err, ERR_INTERNAL, "%s cannot compile the words: %.100s", LIBHS,
		    why != NULL ? why->message : "");
	if (why != NULL)
		hs->hs_free_compile_error(why);
	mem_free(texts);
	mem_free(lengths);
	mem_free(flags);
	mem_free(ids);
	return ok;
}

static void
vectorscan_free(struct vectorscan **hs)
{
	if ((*hs)->scratch != NULL)
		(*hs)->hs_free_scratch((*hs)->scratch);
	if ((*hs)->database != NULL)
		(*hs)->hs_free_database((*hs)->database);
	mem_free(*hs);
	*hs = NULL;
}

MUST_CHECK static bool
vectorscan_open(struct vectorscan *hs, const struct scan_word *words, size_t n, const char *cache,
    struct err *err)
{
	char path[PATH_BYTES];
	int length;

	if (!vectorscan_load(hs, err))
		return false;
	head_make(hs, words, n);
	length = snprintf(path, sizeof(path), "%s/scan-%.16s.db", cache != NULL ? cache : "",
	    hs->head + sizeof(MAGIC) - 1);
	if (length < 0 || (size_t)length >= sizeof(path))
		cache = NULL;
	if (cache == NULL || !cache_load(hs, path)) {
		if (!vectorscan_compile(hs, words, n, err))
			return false;
		mem_trim(); /* compiling takes many times what it leaves */
		if (cache != NULL) {
			cache_save(hs, path);
			scan_cache_trim(cache);
		}
	}
	if (hs->hs_alloc_scratch(hs->database, &hs->scratch) != HS_SUCCESS)
		return err_set(err, ERR_INTERNAL, "%s has no memory to scan with", LIBHS);
	return true;
}

struct vectorscan_told {
	scan_word_fn found;
	void *ctx;
};

static int
vectorscan_found(
    unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
	struct vectorscan_told *told = ctx;

	(void)from;
	(void)flags;
	told->found(told->ctx, id, (size_t)to);
	return 0;
}

#else

const char guard_library[] = "";

#endif

/* ---- either ---------------------------------------------------------------------------------- */

struct scan_engine *
scan_engine_new(
    const struct scan_word *words, size_t n, const char *cache, bool is_plain, struct err *err)
{
	struct scan_engine *engine = MEM_NEW(struct scan_engine);

	engine->words = words;
	engine->words_n = n;
	if (n == 0)
		return engine;
#ifdef HAVE_VECTORSCAN
	if (!is_plain) {
		struct err ignored;

		engine->vectorscan = MEM_NEW(struct vectorscan);
		if (vectorscan_open(engine->vectorscan, words, n, cache, &ignored))
			return engine;
		vectorscan_free(&engine->vectorscan);
	}
#else
	(void)cache;
	(void)is_plain;
#endif
	if (!plain_compile(engine, err))
		scan_engine_free(&engine);
	return engine;
}

void
scan_engine_free(struct scan_engine **engine)
{
	if (*engine == NULL)
		return;
#ifdef HAVE_VECTORSCAN
	if ((*engine)->vectorscan != NULL)
		vectorscan_free(&(*engine)->vectorscan);
#endif
	pcre2_match_data_free((*engine)->data);
	pcre2_match_context_free((*engine)->limits);
	pcre2_code_free((*engine)->code);
	mem_free((*engine)->sorted);
	mem_free(*engine);
	*engine = NULL;
}

const char *
scan_engine_name(const struct scan_engine *engine)
{
	return engine->code != NULL ? "pcre2" : engine->words_n == 0 ? "none" : "vectorscan";
}

bool
scan_engine_run(
    struct scan_engine *engine, struct slice text, scan_word_fn found, void *ctx, struct err *err)
{
	if (text.n > TEXT_MAX)
		return err_set(err, ERR_LIMIT, "scan: the text is over 1 GiB");
	if (text.n == 0 || engine->words_n == 0)
		return true;
#ifdef HAVE_VECTORSCAN
	if (engine->vectorscan != NULL) {
		struct vectorscan *hs = engine->vectorscan;
		struct vectorscan_told told = { found, ctx };

		if (hs->hs_scan(hs->database, text.p, (unsigned)text.n, 0, hs->scratch,
			vectorscan_found, &told) != HS_SUCCESS)
			return err_set(err, ERR_INTERNAL, "scan: %s failed", LIBHS);
		return true;
	}
#endif
	return plain_run(engine, text, found, ctx, err);
}
