/*
 * Names to addresses, by getaddrinfo(3) on the helper thread "dns".
 *
 * Literal addresses never get there.  The order is the resolver's (RFC 6724), duplicates are left
 * out.  Nothing is cached here: whoever asks keeps the answer for as long as it works.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/net.h"

#define HOST_MAX 253

struct question {
	char host[HOST_MAX + 1];
	struct addrinfo *found;
	int status, sys_errno;
};

/* On the helper thread. */
static void
question_ask(void *arg)
{
	struct question *question = arg;
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

	question->status = getaddrinfo(question->host, NULL, &hints, &question->found);
	question->sys_errno = errno;
}

static bool
literal_parse(const char *host, uint16_t port, struct address *out)
{
	*out = (struct address){ .port = port };
	if (inet_pton(AF_INET, host, out->ip) == 1)
		return true;
	out->is_ipv6 = true;
	return inet_pton(AF_INET6, host, out->ip) == 1;
}

static bool
address_of(const struct addrinfo *info, uint16_t port, struct address *out)
{
	*out = (struct address){ .port = port };
	if (info->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)info->ai_addr;

		memcpy(out->ip, &in->sin_addr, 4);
		return true;
	}
	if (info->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)info->ai_addr;

		out->is_ipv6 = true;
		memcpy(out->ip, &in6->sin6_addr, 16);
		return true;
	}
	return false;
}

static bool
is_known(const struct address *out, unsigned n, const struct address *address)
{
	for (unsigned i = 0; i < n; i++)
		if (out[i].is_ipv6 == address->is_ipv6 && memcmp(out[i].ip, address->ip, 16) == 0)
			return true;
	return false;
}

static unsigned
addresses_take(const struct addrinfo *info, uint16_t port, struct address out[RESOLVE_MAX])
{
	unsigned n = 0;

	for (; info != NULL && n < RESOLVE_MAX; info = info->ai_next) {
		struct address address;

		if (address_of(info, port, &address) && !is_known(out, n, &address))
			out[n++] = address;
	}
	return n;
}

/* False: it is no name at all. */
MUST_CHECK static bool
question_init(struct question *question, struct slice host, struct err *err)
{
	*question = (struct question){ .found = NULL };
	if (host.n == 0 || host.n > HOST_MAX || memchr(host.p, '\0', host.n) != NULL)
		return err_set(
		    err, ERR_UNAVAILABLE, "\"%.*s\" is not a host name", SLICE_FMT(host));
	memcpy(question->host, host.p, host.n);
	question->host[host.n] = '\0';
	return true;
}

/* What a question that was asked has found. */
MUST_CHECK static bool
answer_take(struct question *question, uint16_t port, struct address out[RESOLVE_MAX], unsigned *n,
    struct err *err)
{
	if (question->status != 0) {
		const char *why = question->status == EAI_SYSTEM
		    ? strerrordesc_np(question->sys_errno)
		    : gai_strerror(question->status);

		return err_set(err, ERR_UNAVAILABLE, "cannot resolve host \"%s\": %s",
		    question->host, why != NULL ? why : "unknown error");
	}
	*n = addresses_take(question->found, port, out);
	freeaddrinfo(question->found);
	if (*n == 0)
		return err_set(
		    err, ERR_UNAVAILABLE, "host \"%s\" has no IP address", question->host);
	return true;
}

bool
net_resolve_wait(struct loop *loop, struct slice host, uint16_t port,
    struct address out[RESOLVE_MAX], unsigned *n, struct err *err)
{
	struct question question;

	*n = 0;
	if (!question_init(&question, host, err))
		return false;
	if (literal_parse(question.host, port, &out[0])) {
		*n = 1;
		return true;
	}
	helper_run_wait(loop, "dns", question_ask, &question);
	return answer_take(&question, port, out, n, err);
}

/* ---- on the ground floor --------------------------------------------------------------------- */

struct net_lookup {
	struct question question;
	uint16_t port;
	bool is_sound;
	struct err err;
	/* NULL: forgotten */
	void (*done)(void *owner, const struct address *found, unsigned n, const struct err *err);
	void *owner;
};

/* On the helper thread; what is no name is passed through it too, so that done comes later. */
static void
lookup_ask(void *arg)
{
	struct net_lookup *lookup = arg;

	if (lookup->is_sound)
		question_ask(&lookup->question);
}

static void
lookup_done(void *arg)
{
	struct net_lookup *lookup = arg;
	struct address found[RESOLVE_MAX];
	unsigned n = 0;

	if (lookup->is_sound &&
	    !answer_take(&lookup->question, lookup->port, found, &n, &lookup->err))
		n = 0;
	if (lookup->done != NULL)
		lookup->done(lookup->owner, found, n, &lookup->err);
	mem_free(lookup);
}

struct net_lookup *
net_lookup_start(struct loop *loop, const char *helper, struct slice host, uint16_t port,
    void (*done)(void *owner, const struct address *found, unsigned n, const struct err *err),
    void *owner)
{
	struct net_lookup *lookup = MEM_NEW(struct net_lookup);

	lookup->is_sound = question_init(&lookup->question, host, &lookup->err);
	lookup->port = port;
	lookup->done = done;
	lookup->owner = owner;
	loop_offload(loop, helper, lookup_ask, lookup_done, lookup);
	return lookup;
}

void
net_lookup_forget(struct net_lookup **lookup)
{
	if (*lookup != NULL)
		(*lookup)->done = NULL;
	*lookup = NULL;
}
