/*
 * TLS for the load client, with the same buffers as without.  Whose certificate it is is not asked:
 * the other side is the gateway under measurement.
 */
#ifndef BENCH_LOAD_TLS_H
#define BENCH_LOAD_TLS_H

#include "common.h"

struct ssl_st;

/* On a connected socket that blocks; ends the program where there is no handshake. */
struct ssl_st *tls_open(int fd);
/* As room_read() and room_write(), but reading takes all that there is. */
int tls_room_read(struct room *room, struct ssl_st *tls);
bool tls_room_write(struct room *room, struct ssl_st *tls);

#endif
