/*
 * What the programs of the benchmark share: borrowed texts, growing buffers, enough JSON to find a
 * member, enough HTTP to find a header.  Their input is each other and the gateway under
 * measurement, so a malformed message ends the program or counts as an error; nothing here is meant
 * for hostile input.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed; p is NULL where nothing was found. */
struct text {
	const char *p;
	size_t n;
};

/* A buffer that grows; zero is an empty one. */
struct room {
	char *p;
	size_t n, size;
};

#define TEXT(lit) ((struct text){ (lit), sizeof(lit) - 1 })

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ns(void);
/* A whole number in [least, most]; ends the program on anything else. */
uint64_t number(const char *option, const char *value, uint64_t least, uint64_t most);

bool text_is(struct text t, const char *s);
bool text_same(struct text a, struct text b);

void room_put(struct room *room, struct text t);
void room_printf(struct room *room, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the first n bytes. */
void room_drop(struct room *room, size_t n);
/* Reads once; 1: bytes came, 0: the end, -1: nothing now. An error of the connection is its end. */
int room_read(struct room *room, int fd);
/* Writes what the socket takes; false: the connection is gone. */
bool room_write(struct room *room, int fd);
void room_free(struct room *room);

/* The value of a member of an object, as raw JSON; p is NULL if there is none. */
struct text json_member(struct text object, const char *name);
/* The first element of an array. */
struct text json_first(struct text array);

/* The length of a head including its empty line, 0: not all there. */
size_t head_length(struct text bytes);
/* The value of a header; its name is given in lower case. */
struct text head_value(struct text head, const char *name);

#endif
