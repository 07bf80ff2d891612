/*
 * The sandbox itself: its server, its worlds, its faults.  Private to sandbox.c, sandbox_fault.c
 * and sandbox_store.c.
 */
#ifndef ATLASSIAN_SANDBOX_SERVER_H
#define ATLASSIAN_SANDBOX_SERVER_H

#include "atlassian/sandbox_private.h"

#define WORLDS 3 /* a Data Center, a Cloud site, a second Data Center */

enum fault { FAULT_SLOW, FAULT_FAIL, FAULT_RATE, FAULT_HTML, FAULT_TRUNCATE, FAULT_HANG, FAULTS_N };

/* A request that waits: for its time (slow), or for ever (hang). */
struct waiting {
	struct sandbox *sandbox;
	struct http_request *request;
	struct timer timer;
	struct waiting *next, *prev;
};

struct block {
	struct block *next, *prev;
	size_t n;
	_Alignas(16) char bytes[];
};

struct sandbox {
	struct loop *loop;
	struct http_server *server;
	struct log *log;
	char url[ADDRESS_TEXT + 8];
	struct block *blocks;
	size_t used_bytes, limit_bytes;
	unsigned faults[FAULTS_N]; /* 0: off */
	uint64_t requests;
	struct waiting *waiting;
	struct sandbox_oauth *oauth;
	struct world worlds[WORLDS];
};

/* The authorization server (sandbox_oauth.c); freed by mem_free(). */
struct sandbox_oauth *sandbox_oauth_new(void);
/* True: it has answered. */
bool sandbox_oauth_answer(struct visit *visit, struct slice path);
/* Did it give that access token, for Cloud or for Data Center, and is it still good? */
bool sandbox_oauth_knows(const struct sandbox *sandbox, struct slice access, bool is_cloud);

/* ERR_USAGE names what is wrong with it. */
MUST_CHECK bool sandbox_fault_parse(struct sandbox *sandbox, struct slice spec, struct err *err);
/* Is this the request that the fault takes? */
bool sandbox_fault_hits(const struct sandbox *sandbox, enum fault fault);

#endif
