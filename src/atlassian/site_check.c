/*
 * A look at a site, for people: what it is, whether it can be reached, and who one is there.
 */
#include "atlassian/tool.h"

#define ANSWER_MAX (256 * KIB)

bool
provider_is_site(const struct provider *provider)
{
	return strcmp(provider->ops->kind, "site") == 0;
}

static void
take_user(yyjson_val *user, struct site_report *report)
{
	static const char *const keys[] = { "displayName", "emailAddress", "email", "username",
		"name" };
	struct slice name = SLICE_NONE;

	for (size_t i = 0; i < COUNT(keys) && name.n == 0; i++)
		name = json_slice(yyjson_obj_get(user, keys[i]));
	name.n = name.n >= sizeof(report->user) ? sizeof(report->user) - 1 : name.n;
	if (name.n > 0)
		memcpy(report->user, name.p, name.n);
	report->user[name.n] = '\0';
}

static bool
ask_wait(struct access *access, struct arena *arena, struct site_report *report)
{
	const struct config_site *config = access->site->config;
	struct site_request request = { .method = S("GET"), .max_bytes = ANSWER_MAX };
	yyjson_alc alc = json_alc(arena);
	struct rest_reply reply;
	bool is_cloud;
	yyjson_doc *doc;

	if (!access_deployment_wait(access, &is_cloud, &report->why))
		return false;
	report->deployment = is_cloud ? DEPLOYMENT_CLOUD : DEPLOYMENT_DATA_CENTER;
	request.path = config->product == PRODUCT_CONFLUENCE ? S("/rest/api/user/current")
	    : is_cloud					     ? S("/rest/api/3/myself")
							     : S("/rest/api/2/myself");
	if (!site_rest_wait(access, &request, arena, &reply, &report->why))
		return false;
	if (reply.status != 200) {
		struct slice said = site_complaint(access, &reply, arena);

		report->is_refused = reply.status == 401 || reply.status == 403;
		return err_set(&report->why, ERR_UNAVAILABLE, "%.*s", SLICE_FMT(said));
	}
	doc = yyjson_read_opts(
	    (char *)(uintptr_t)reply.body.p, reply.body.n, YYJSON_READ_NOFLAG, &alc, NULL);
	if (doc == NULL)
		return err_set(&report->why, ERR_UNAVAILABLE, "it answers with what is not JSON");
	take_user(yyjson_doc_get_root(doc), report);
	return true;
}

void
site_check_wait(struct provider *provider, struct site_report *report)
{
	struct site *site = CONTAINER(provider, struct site, provider);
	struct loop *loop = hub_loop(provider->hub);
	uint64_t began = loop_now_ms(loop);
	struct access *access = NULL;
	struct arena arena;

	*report =
	    (struct site_report){ .config = site->config, .deployment = site_deployment(site) };
	arena_init(&arena, loop_memory(loop), 4 * MIB);
	report->is_reachable =
	    access_find_wait(site, NULL, &access, &report->why) && ask_wait(access, &arena, report);
	access_leave(&access);
	arena_fini(&arena);
	report->ms = loop_now_ms(loop) - began;
}
