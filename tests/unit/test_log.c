/*
 * The log: the exact lines, escapes, cuts, levels; a full pipe loses whole lines and says how many.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

static uint64_t
fixed_clock(void *ctx)
{
	return *(uint64_t *)ctx;
}

struct fix {
	int ends[2];
	uint64_t now_ms;
	struct log *log;
	char got[1 << 17];
	size_t n;
};

static void
fix_init(struct fix *fix, enum log_level level, enum log_format format)
{
	memset(fix, 0, sizeof(*fix));
	assert_int_equal(pipe2(fix->ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fix->ends[0], F_SETFL, O_NONBLOCK), 0);
	fix->now_ms = 1795251600123u; /* 2026-11-21 09:00:00.123 */
	fix->log = log_new(fix->ends[1], level, format, "1234-0a1b2c3d");
	log_clock(fix->log, fixed_clock, &fix->now_ms);
}

static const char *
fix_read(struct fix *fix)
{
	ssize_t n;

	fix->n = 0;
	while ((n = read(fix->ends[0], fix->got + fix->n, sizeof(fix->got) - 1 - fix->n)) > 0)
		fix->n += (size_t)n;
	fix->got[fix->n] = '\0';
	return fix->got;
}

static void
fix_fini(struct fix *fix)
{
	log_free(&fix->log);
	assert_null(fix->log);
	close(fix->ends[0]);
	close(fix->ends[1]);
}

static struct fix fix;

static void
lines(void **state)
{
	(void)state;
	fix_init(&fix, LOG_INFO, LOG_TEXT);
	log_event(fix.log, LOG_DEBUG, "x", "no");
	log_event(fix.log, LOG_INFO, "x", "Request #%d (ID: %s) started", 1, "a");
	assert_string_equal(fix_read(&fix), "");
	log_flush(fix.log);
	assert_string_equal(fix_read(&fix),
	    "[2026-11-21 09:00:00] [INFO] [1234-0a1b2c3d] Request #1 (ID: a) started\n");
	fix.now_ms += 877;
	log_event(fix.log, LOG_INFO, "x", "one");
	log_event(fix.log, LOG_ERROR, "x", "two");
	assert_string_equal(fix_read(&fix),
	    "[2026-11-21 09:00:01] [INFO] [1234-0a1b2c3d] one\n"
	    "[2026-11-21 09:00:01] [ERROR] [1234-0a1b2c3d] two\n");
	log_set(fix.log, LOG_OFF, LOG_TEXT);
	log_event(fix.log, LOG_ERROR, "x", "no");
	assert_false(log_wants(fix.log, LOG_ERROR));
	assert_false(log_wants(fix.log, LOG_OFF));
	assert_false(log_wants(NULL, LOG_ERROR));
	log_event(NULL, LOG_ERROR, "x", "no");
	log_flush(NULL);
	log_set(fix.log, LOG_WARN, LOG_JSON);
	log_event(fix.log, LOG_WARN, "up\"stream", "say \"%s\"", "hi\\");
	assert_string_equal(fix_read(&fix),
	    "{\"time\":\"2026-11-21T09:00:01.000Z\",\"level\":\"warn\","
	    "\"instance\":\"1234-0a1b2c3d\",\"event\":\"up\\\"stream\",\"message\":\"say \\\"hi\\\\\\\"\"}\n");
	fix_fini(&fix);
}

static void
escapes(void **state)
{
	(void)state;
	fix_init(&fix, LOG_INFO, LOG_TEXT);
	log_event(fix.log, LOG_WARN, "x", "%s", "a\nb\tc\rd\x1b[2J\x7f\xc2\x9b\xff\xc3\xa9\"\\");
	assert_string_equal(fix_read(&fix),
	    "[2026-11-21 09:00:00] [WARN] [1234-0a1b2c3d] "
	    "a\\nb\\tc\\rd\\u001b[2J\\u007f\\u009b\xef\xbf\xbd\xc3\xa9\"\\\n");
	log_event(fix.log, LOG_WARN, "x", "%s",
	    "\u2027\u2028\u2029\u202a\u202e\u202f\u2065\u2066\u2069\u206a");
	assert_string_equal(fix_read(&fix),
	    "[2026-11-21 09:00:00] [WARN] [1234-0a1b2c3d] "
	    "\u2027\\u2028\\u2029\\u202a\\u202e\u202f\u2065\\u2066\\u2069\u206a\n");
	fix_fini(&fix);
}

/* Of the widest characters at every offset: one whole line of at most 2 KiB; JSON stays JSON. */
static void
cuts(void **state)
{
	static const char *const chars[] = { "x", "\xc3\xa9", "\xf0\x9f\x98\x80", "\x01", "\"" };
	enum log_format format;
	struct arena arena;
	char text[6000];
	size_t c, i, lead;
	struct err err;

	(void)state;
	for (format = LOG_TEXT; format <= LOG_JSON; format++) {
		fix_init(&fix, LOG_INFO, format);
		for (c = 0; c < COUNT(chars); c++) {
			for (lead = 0; lead < 7; lead++) {
				memset(text, 'y', lead);
				for (i = lead; i + strlen(chars[c]) < sizeof(text);
				     i += strlen(chars[c]))
					memcpy(text + i, chars[c], strlen(chars[c]));
				text[i] = '\0';
				log_event(fix.log, LOG_WARN, "cut", "%s", text);
				fix_read(&fix);
				assert_in_range(fix.n, 2035, 2048);
				assert_ptr_equal(strchr(fix.got, '\n'), fix.got + fix.n - 1);
				assert_null(strstr(fix.got, "\xef\xbf\xbd"));
				if (format != LOG_JSON)
					continue;
				arena_init(&arena, NULL, 16 * KIB);
				assert_true(json_scan_all(
				    json_scan_new(&arena, fix.got, fix.n, 1, 0, 1), &err));
				arena_fini(&arena);
			}
		}
		fix_fini(&fix);
	}
	arena_drain();
}

/* Lines come out whole and in order; those that do not are counted, each exactly once. */
static void
full_pipe(bool may_block)
{
	static char all[1 << 18];
	unsigned long written = 0, seen = 0, dropped = 0, number, last = 0;
	size_t n = 0;
	char *line, *rest = all;
	int round, i;

	fix_init(&fix, LOG_INFO, LOG_TEXT);
	fcntl(fix.ends[1], F_SETPIPE_SZ, 4096);
	if (!may_block)
		assert_int_equal(fcntl(fix.ends[1], F_SETFL, O_NONBLOCK), 0);
	for (round = 0; round < 7; round++) {
		for (i = 0; round < 6 && i < 40 + round * 37; i++) {
			written++;
			log_event(fix.log, i % 3 ? LOG_INFO : LOG_WARN, "x", "line %lu %*s",
			    written, (int)(written * 13 % 300), "");
		}
		log_flush(fix.log);
		fix_read(&fix);
		assert_true(n + fix.n < sizeof(all));
		memcpy(all + n, fix.got, fix.n + 1);
		n += fix.n;
	}
	log_event(fix.log, LOG_WARN, "x", "end");
	fix_read(&fix);
	memcpy(all + n, fix.got, fix.n + 1);
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		assert_int_equal(strncmp(line, "[2026-11-21 09:00:00] [", 23), 0);
		line = strstr(line, "[1234-0a1b2c3d] ") + 16;
		if (sscanf(line, "line %lu", &number) == 1) {
			assert_true(number > last);
			last = number;
			seen++;
		} else if (strcmp(line, "end") != 0) {
			assert_non_null(strstr(line, " log lines were dropped"));
			assert_int_equal(sscanf(line, "%lu", &number), 1);
			dropped += number;
		}
	}
	assert_true(seen > 0 && dropped > 0);
	assert_int_equal(seen + dropped, written);
	fix_fini(&fix);
}

static void
full(void **state)
{
	(void)state;
	full_pipe(true);
	full_pipe(false);
}

/* As on a full disk: the file takes a part of a line, then nothing for a while. */
static void
full_disk(void **state)
{
	char path[] = "/tmp/bascule-log-XXXXXX", *rest = fix.got, *line;
	unsigned long written = 0, seen = 0, dropped = 0, number;
	struct rlimit before, small;
	int fd = mkstemp(path);
	ssize_t n;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_true(fd >= 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 1000, before.rlim_max };
	fix.log = log_new(fd, LOG_INFO, LOG_TEXT, "1234-0a1b2c3d");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 50; i++)
		log_event(fix.log, LOG_WARN, "x", "line %lu", ++written);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_event(fix.log, LOG_WARN, "x", "line %lu", ++written);
	n = pread(fd, fix.got, sizeof(fix.got) - 1, 0);
	assert_true(n > 1000);
	fix.got[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		line = strstr(line, "[1234-0a1b2c3d] ") + 16;
		if (sscanf(line, "line %lu", &number) == 1) {
			seen++;
			continue;
		}
		assert_non_null(strstr(line, " log lines were dropped: File too large"));
		assert_int_equal(sscanf(line, "%lu", &number), 1);
		dropped += number;
	}
	assert_int_equal(seen + dropped, written);
	assert_true(dropped > 0);
	log_free(&fix.log);
	close(fd);
	unlink(path);
}

static void
broken(void **state)
{
	int i;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	fix_init(&fix, LOG_INFO, LOG_TEXT);
	close(fix.ends[0]);
	for (i = 0; i < 100; i++)
		log_event(fix.log, LOG_ERROR, "x", "nobody reads %d", i);
	fix.ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fix_fini(&fix);
	fix_init(&fix, LOG_INFO, LOG_TEXT);
	log_free(&fix.log);
	fix.log = log_new(
	    -1, LOG_INFO, LOG_JSON, "an instance that is much too long for the field it has");
	for (i = 0; i < 100; i++)
		log_event(fix.log, LOG_ERROR, "x", "nowhere %d", i);
	fix_fini(&fix);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(escapes),
		cmocka_unit_test(cuts),
		cmocka_unit_test(full),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
