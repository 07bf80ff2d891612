/*
 * Ids of sessions and marks as clients may send them: none that we have not made names a replica or
 * a caller.  The first byte chooses; with its lowest bit what follows is made ours first, so that
 * what stands behind tag and seal is reached too.
 */
#include "mcp/replicas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t
fake_now(void *seam)
{
	(void)seam;
	return 1000000;
}

static void
fake_random(void *seam, void *to, size_t n)
{
	(void)seam;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)to)[i] = (unsigned char)i;
}

static void
fake_close(void *seam)
{
	(void)seam;
}

static const struct seam_ops fake_ops = {
	.now_ms = fake_now,
	.unix_ms = fake_now,
	.random = fake_random,
	.close = fake_close,
};

static struct loop *loop;
static struct seal *seal;

static void
id_try(struct replicas *replicas, struct slice text, bool is_tagged)
{
	struct replica *found;
	struct buf id;

	buf_init(&id, NULL, MIB);
	buf_put(&id, text);
	if (is_tagged) {
		char tag[SEAL_TAG_TEXT + 1];

		seal_tag(seal, "session", text, tag);
		buf_puts(&id, tag);
	}
	found = replicas_of_id(replicas, buf_view(&id));
	must(is_tagged || found == NULL);
	must(found == NULL ||
	    (config_is_replica_name(slice_of(found->name)) &&
		slice_starts(buf_view(&id), slice_of(found->name))));
	must(replicas->peers_n <= 256);
	buf_fini(&id);
}

static void
mark_try(struct replicas *replicas, struct slice text, bool is_sealed)
{
	const struct replica_request request = { .method = S("GET"), .path = S("/mcp") };
	const struct slice parts[] = { slice_of(replicas->self), request.method, request.path,
		SLICE_NONE, SLICE_NONE };
	const struct seal_context context = { "replica", parts, COUNT(parts) };
	struct caller caller;
	struct arena arena;
	struct buf mark;
	struct err err;

	arena_init(&arena, NULL, 16 * MIB);
	buf_init(&mark, NULL, MIB);
	if (is_sealed)
		seal_make(seal, &context, 2000000, text, &mark);
	else
		buf_put(&mark, text);
	if (replica_mark_open(replicas, buf_view(&mark), &request, &arena, &caller, &err)) {
		must(is_sealed && caller.principal.n + caller.tenant.n <= text.n);
		must(auth_same(&caller, &caller));
	}
	buf_fini(&mark);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct config config = { .replicas = { .self = S("bascule-0"),
					   .address = S("http://{name}.pods:8080") } };
	struct slice text = { (const char *)data + 1, n - 1 };
	struct replicas *replicas;
	struct err err;

	if (n < 1 || n > 64 * KIB)
		return 0;
	if (loop == NULL) {
		loop = loop_new_on(&fake_ops, NULL, NULL);
		seal = seal_new(loop, (struct secret){ S("0123456789abcdef") });
	}
	must(replicas_new(loop, &seal, &config, &replicas, &err));
	if (data[0] & 2)
		mark_try(replicas, text, data[0] & 1);
	else
		id_try(replicas, text, data[0] & 1);
	replicas_free(&replicas);
	return 0;
}
