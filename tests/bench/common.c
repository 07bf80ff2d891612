/*
 * Texts, buffers and the little JSON and HTTP that the benchmark's programs need; see common.h.
 */
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t
number(const char *option, const char *value, uint64_t least, uint64_t most)
{
	char *end;
	unsigned long long n;

	if (value == NULL || *value < '0' || *value > '9')
		die("%s needs a number", option);
	errno = 0;
	n = strtoull(value, &end, 10);
	if (*end != '\0' || errno != 0 || n < least || n > most)
		die("%s: %s is not a number from %llu to %llu", option, value,
		    (unsigned long long)least, (unsigned long long)most);
	return n;
}

bool
text_is(struct text t, const char *s)
{
	return t.p != NULL && t.n == strlen(s) && memcmp(t.p, s, t.n) == 0;
}

bool
text_same(struct text a, struct text b)
{
	return a.p != NULL && b.p != NULL && a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void
room_need(struct room *room, size_t n)
{
	size_t size = room->size == 0 ? 4096 : room->size;

	if (room->size - room->n >= n && room->p != NULL)
		return;
	while (size - room->n < n)
		size *= 2;
	room->p = realloc(room->p, size);
	if (room->p == NULL)
		die("no memory for %zu bytes", size);
	room->size = size;
}

void
room_put(struct room *room, struct text t)
{
	if (t.n == 0)
		return;
	room_need(room, t.n);
	memcpy(room->p + room->n, t.p, t.n);
	room->n += t.n;
}

void
room_printf(struct room *room, const char *fmt, ...)
{
	va_list ap;
	int n;

	room_need(room, 1024);
	va_start(ap, fmt);
	n = vsnprintf(room->p + room->n, room->size - room->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room->size - room->n)
		die("a formatted text is longer than 1 KiB");
	room->n += (size_t)n;
}

void
room_drop(struct room *room, size_t n)
{
	room->n -= n;
	if (room->n > 0)
		memmove(room->p, room->p + n, room->n);
}

int
room_read(struct room *room, int fd)
{
	ssize_t n;

	room_need(room, CHUNK);
	do
		n = read(fd, room->p + room->n, room->size - room->n);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		room->n += (size_t)n;
		return 1;
	}
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -1 : 0;
}

bool
room_write(struct room *room, int fd)
{
	size_t done = 0;

	while (done < room->n) {
		ssize_t n = write(fd, room->p + done, room->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return false;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	room_drop(room, done);
	return true;
}

void
room_free(struct room *room)
{
	free(room->p);
	*room = (struct room){ 0 };
}

static const char *
blanks_skip(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* p is at the opening quote; the byte after the closing one, or NULL. */
static const char *
string_skip(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

/* The byte after the value at p, or NULL where it does not end. */
static const char *
value_skip(const char *p, const char *end)
{
	int depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = string_skip(p, end);
			if (p == NULL)
				return NULL;
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
			continue;
		} else if (*p == '}' || *p == ']') {
			if (--depth < 0)
				return p;
			p++;
		} else {
			p++;
			if (depth > 0)
				continue;
			while (p < end && strchr(",]} \t\r\n", *p) == NULL)
				p++;
		}
		if (depth == 0)
			return p;
	}
	return depth == 0 ? p : NULL;
}

struct text
json_member(struct text object, const char *name)
{
	const struct text none = { NULL, 0 };
	const char *p = object.p, *end = object.p + object.n;

	if (p == NULL || (p = blanks_skip(p, end)) == end || *p != '{')
		return none;
	for (p++;;) {
		struct text key, value;

		p = blanks_skip(p, end);
		if (p == end || *p != '"')
			return none;
		key.p = p + 1;
		p = string_skip(p, end);
		if (p == NULL)
			return none;
		key.n = (size_t)(p - 1 - key.p);
		p = blanks_skip(p, end);
		if (p == end || *p != ':')
			return none;
		value.p = blanks_skip(p + 1, end);
		p = value_skip(value.p, end);
		if (p == NULL)
			return none;
		value.n = (size_t)(p - value.p);
		if (text_is(key, name))
			return value;
		p = blanks_skip(p, end);
		if (p == end || *p != ',')
			return none;
		p++;
	}
}

struct text
json_first(struct text array)
{
	const struct text none = { NULL, 0 };
	const char *p = array.p, *end = array.p + array.n, *after;

	if (p == NULL || array.n == 0 || *p != '[')
		return none;
	p = blanks_skip(p + 1, end);
	after = value_skip(p, end);
	return after == NULL || after == p ? none : (struct text){ p, (size_t)(after - p) };
}

size_t
head_length(struct text bytes)
{
	const char *at = bytes.n == 0 ? NULL : memmem(bytes.p, bytes.n, "\r\n\r\n", 4);

	return at == NULL ? 0 : (size_t)(at - bytes.p) + 4;
}

struct text
head_value(struct text head, const char *name)
{
	const char *end = head.p + head.n, *line = head.p;
	size_t length = strlen(name);

	for (;;) {
		const char *at = memchr(line, '\n', (size_t)(end - line)), *stop;

		if (at == NULL || (size_t)(end - at) <= length + 1)
			return (struct text){ NULL, 0 };
		line = at + 1;
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		stop = memchr(line, '\r', (size_t)(end - line));
		if (stop == NULL)
			return (struct text){ NULL, 0 };
		while (line < stop && *line == ' ')
			line++;
		return (struct text){ line, (size_t)(stop - line) };
	}
}
