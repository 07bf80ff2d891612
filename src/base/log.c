/*
 * Log lines to a descriptor.  Lines gather in one buffer; a flush writes it without ever waiting:
 * what a full or broken descriptor does not take is dropped by whole lines and counted, and the
 * count is said in front of the next line that gets through.  Only the rest of a line that has been
 * written in part stays, so that lines are never torn.
 *
 * The second of the time stamp is formatted once a second.  Nothing allocates after log_new().
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/utf8.h"

#define LINE_BYTES   ((size_t)2048) /* with the newline */
#define BUFFER_BYTES ((size_t)16 * 1024)
#define WRITE_BYTES  ((size_t)4096) /* PIPE_BUF: what poll() promises for a pipe */
#define END_BYTES    3		    /* of a line: quote, brace, newline */

struct log {
	int fd;
	bool may_block; /* not a file: ask poll() first */
	enum log_level level;
	enum log_format format;
	char instance[80];
	uint64_t (*unix_ms)(void *);
	void *unix_ms_ctx;
	uint64_t second; /* which `stamp` shows */
	char stamp[32];
	size_t stamp_n;
	uint64_t dropped; /* lines, not yet told */
	uint64_t told;	  /* lines that a notice in the buffer tells of */
	size_t told_at;	  /* where it begins */
	size_t rest_n;	  /* bytes in front: of a line that was written in part */
	int error;	  /* why lines were dropped; 0: nobody reads them */
	size_t n;
	char message[LINE_BYTES];
	char bytes[BUFFER_BYTES];
};

static const struct {
	struct slice text, json;
} level_names[] = {
	[LOG_DEBUG] = { S("DEBUG"), S("debug") },
	[LOG_INFO] = { S("INFO"), S("info") },
	[LOG_WARN] = { S("WARN"), S("warn") },
	[LOG_ERROR] = { S("ERROR"), S("error") },
};

static uint64_t
real_unix_ms(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct log *
log_new(int fd, enum log_level level, enum log_format format, const char *instance)
{
	struct log *log = MEM_NEW(struct log);
	struct stat st;

	log->fd = fd;
	log->may_block = fstat(fd, &st) != 0 || !S_ISREG(st.st_mode);
	log->second = UINT64_MAX;
	snprintf(log->instance, sizeof(log->instance), "%s", instance);
	log_set(log, level, format);
	log_clock(log, NULL, NULL);
	return log;
}

void
log_free(struct log **log)
{
	if (*log == NULL)
		return;
	log_flush(*log);
	mem_free(*log);
	*log = NULL;
}

void
log_set(struct log *log, enum log_level level, enum log_format format)
{
	log->level = level;
	if (log->format != format)
		log->second = UINT64_MAX;
	log->format = format;
}

void
log_clock(struct log *log, uint64_t (*unix_ms)(void *), void *ctx)
{
	log->unix_ms = unix_ms != NULL ? unix_ms : real_unix_ms;
	log->unix_ms_ctx = ctx;
	log->second = UINT64_MAX;
}

const char *
log_instance(const struct log *log)
{
	return log != NULL ? log->instance : "";
}

void
log_set_instance(struct log *log, const char *name)
{
	const char *digits = strrchr(log->instance, '-');
	char text[sizeof(log->instance)];

	snprintf(text, sizeof(text), "%s%s", name, digits != NULL ? digits : "");
	memcpy(log->instance, text, sizeof(text));
}

bool
log_wants(const struct log *log, enum log_level level)
{
	return log != NULL && level >= log->level && level < LOG_OFF;
}

/* ---- lines --------------------------------------------------------------------------------- */

static void
put(struct log *log, struct slice s)
{
	memcpy(log->bytes + log->n, s.p, s.n);
	log->n += s.n;
}

/* YYYY-MM-DD HH:MM:SS, or with T between for JSON. */
static uint64_t
stamp_refresh(struct log *log)
{
	uint64_t now_ms = log->unix_ms(log->unix_ms_ctx);
	time_t second = (time_t)(now_ms / 1000);
	struct tm tm;

	if (now_ms / 1000 == log->second)
		return now_ms;
	if (gmtime_r(&second, &tm) == NULL || tm.tm_year > 9999 - 1900)
		memset(&tm, 0, sizeof(tm));
	log->stamp_n = strftime(log->stamp, sizeof(log->stamp),
	    log->format == LOG_JSON ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	log->second = now_ms / 1000;
	return now_ms;
}

/* Ends of lines and of paragraphs, and turns of direction: U+2028 to U+202E, U+2066 to U+2069. */
static bool
is_deceptive(const char text[3])
{
	unsigned char second = (unsigned char)text[1], third = (unsigned char)text[2];

	return (unsigned char)text[0] == 0xe2 &&
	    ((second == 0x80 && third >= 0xa8 && third <= 0xae) ||
		(second == 0x81 && third >= 0xa6 && third <= 0xa9));
}

/*
 * One character of text[at..n), escaped where it must be, to out; returns its length there.  *used:
 * bytes read.  In JSON quotes and backslashes are escaped too.
 */
static size_t
escape(const char *text, size_t n, bool is_json, size_t *used, char out[8])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char c = (unsigned char)text[0], high = 0;
	size_t length = utf8_length(text, n);

	*used = length > 0 ? length : 1;
	if (length == 0)
		return memcpy(out, UTF8_REPLACEMENT, 3), 3;
	if (length == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0)
		c = (unsigned char)text[1]; /* U+0080 to U+009F: control characters too */
	else if (length == 3 && is_deceptive(text))
		high = 0x20,
		c = (unsigned char)(((unsigned char)text[1] & 3) << 6 |
		    ((unsigned char)text[2] & 0x3f));
	else if (length > 1)
		return memcpy(out, text, length), length;
	out[0] = '\\';
	if (high == 0 && is_json && (c == '"' || c == '\\'))
		return out[1] = (char)c, 2;
	if (high == 0 && c >= 0x20 && c < 0x7f)
		return out[0] = (char)c, 1;
	if (high == 0 && (c == '\n' || c == '\r' || c == '\t'))
		return out[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't', 2;
	memcpy(out, high != 0 ? "\\u20" : "\\u00", 4);
	out[4] = digits[c >> 4];
	out[5] = digits[c & 15];
	return 6;
}

/* Never past `limit`: what does not fit as a whole character is cut. */
static void
put_escaped(struct log *log, struct slice s, size_t limit)
{
	bool is_json = log->format == LOG_JSON;
	size_t i = 0, used, n;
	char out[8];

	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c < 0x7f && !(is_json && (c == '"' || c == '\\'))) {
			if (log->n >= limit)
				return;
			log->bytes[log->n++] = s.p[i++];
			continue;
		}
		n = escape(s.p + i, s.n - i, is_json, &used, out);
		if (n > limit - log->n)
			return;
		put(log, (struct slice){ out, n });
		i += used;
	}
}

static void
put_text_head(struct log *log, enum log_level level)
{
	stamp_refresh(log);
	put(log, S("["));
	put(log, (struct slice){ log->stamp, log->stamp_n });
	put(log, S("] ["));
	put(log, level_names[level].text);
	put(log, S("] ["));
	put(log, slice_of(log->instance));
	put(log, S("] "));
}

static void
put_json_head(struct log *log, enum log_level level, const char *event, size_t limit)
{
	unsigned ms = (unsigned)(stamp_refresh(log) % 1000);
	char fraction[] = { '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
		(char)('0' + ms % 10), 'Z' };

	put(log, S("{\"time\":\""));
	put(log, (struct slice){ log->stamp, log->stamp_n });
	put(log, (struct slice){ fraction, sizeof(fraction) });
	put(log, S("\",\"level\":\""));
	put(log, level_names[level].json);
	put(log, S("\",\"instance\":\""));
	put_escaped(log, slice_of(log->instance), limit);
	put(log, S("\",\"event\":\""));
	put_escaped(log, slice_of(event), log->n + 64);
	put(log, S("\",\"message\":\""));
}

/* The buffer has room for a line. */
static void
put_event(struct log *log, enum log_level level, const char *event, struct slice message)
{
	size_t limit = log->n + LINE_BYTES - END_BYTES;

	if (log->format == LOG_JSON)
		put_json_head(log, level, event, limit);
	else
		put_text_head(log, level);
	put_escaped(log, message, limit);
	put(log, log->format == LOG_JSON ? S("\"}\n") : S("\n"));
}

/* ---- writing ------------------------------------------------------------------------------- */

/* How much the descriptor took; it never waits, and errors are like a full descriptor. */
static size_t
write_some(const struct log *log, int *error)
{
	size_t done = 0;

	*error = 0;
	while (done < log->n) {
		size_t n = log->n - done;
		struct pollfd poll_fd = { .fd = log->fd, .events = POLLOUT };
		ssize_t got;

		if (log->may_block) {
			if (poll(&poll_fd, 1, 0) < 0 && errno == EINTR)
				continue;
			if (!(poll_fd.revents & POLLOUT))
				break;
			if (n > WRITE_BYTES)
				n = WRITE_BYTES;
		}
		got = write(log->fd, log->bytes + done, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			*error = got < 0 && errno != EAGAIN ? errno : 0;
			break;
		}
		done += (size_t)got;
	}
	return done;
}

static size_t
count_lines(const char *p, size_t n)
{
	size_t lines = 0, i;

	for (i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

void
log_flush(struct log *log)
{
	size_t done, keep = 0;
	bool told;
	int error;

	if (log == NULL || log->n == 0)
		return;
	done = write_some(log, &error);
	if (done < log->rest_n)
		keep = log->rest_n - done;
	else if (done < log->n && done > 0 && log->bytes[done - 1] != '\n')
		keep = (size_t)((char *)memchr(log->bytes + done, '\n', log->n - done) + 1 -
		    (log->bytes + done));
	if (done + keep < log->n)
		log->error = error;
	told = log->told == 0 || done + keep > log->told_at;
	log->dropped += count_lines(log->bytes + done + keep, log->n - done - keep);
	if (!told)
		log->dropped += log->told - 1;
	log->told = 0;
	memmove(log->bytes, log->bytes + done, keep);
	log->n = log->rest_n = keep;
}

void
log_event(struct log *log, enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!log_wants(log, level))
		return;
	if (BUFFER_BYTES - log->n < 2 * LINE_BYTES)
		log_flush(log);
	if (log->dropped > 0) {
		uint64_t told = log->dropped;

		n = snprintf(log->message, sizeof(log->message), "%llu log lines were dropped: %s",
		    (unsigned long long)told,
		    log->error != 0 ? strerror(log->error) : "nobody reads them fast enough");
		log->told = told;
		log->told_at = log->n;
		log->dropped = 0;
		put_event(log, LOG_WARN, "log_dropped", (struct slice){ log->message, (size_t)n });
	}
	va_start(ap, fmt);
	n = vsnprintf(log->message, sizeof(log->message), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(log->message))
		n = (int)utf8_trim(log->message, sizeof(log->message) - 1);
	put_event(log, level, event, (struct slice){ log->message, (size_t)n });
	if (level >= LOG_WARN)
		log_flush(log);
}
