/*
 * The sandbox's Jira: what it says about itself, people, and the schemes: fields, types, statuses.
 */
#include <string.h>

#include "atlassian/sandbox_private.h"

static void
server_info(struct visit *visit)
{
	struct buf *out = &visit->out;
	bool is_cloud = visit->world->is_cloud;

	put_open(out, NULL, '{');
	put_cstr(out, "baseUrl", visit->world->jira_url);
	put_cstr(out, "version", is_cloud ? "1001.0.0-SNAPSHOT" : "10.3.5");
	put_raw(out, "versionNumbers", is_cloud ? S("[1001,0,0]") : S("[10,3,5]"));
	put_cstr(out, "deploymentType", is_cloud ? "Cloud" : "Server");
	put_number(out, "buildNumber", is_cloud ? 100290 : 10030005);
	put_time(out, "serverTime", visit->now_ms, "+0000");
	put_cstr(out, "serverTitle", visit->world->title);
	put_close(out, '}');
}

static void
myself_get(struct visit *visit)
{
	put_user(visit, NULL, visit->user);
}

static void
fields_get(struct visit *visit)
{
	put_open(&visit->out, NULL, '[');
	for (size_t i = 0; i < sandbox_fields_n; i++)
		put_field(visit, &sandbox_fields[i]);
	put_close(&visit->out, ']');
}

#define OPTION_IDS 10100 /* those of one field follow each other */

unsigned
option_id(const struct field *field, unsigned at)
{
	return OPTION_IDS + (unsigned)(field - sandbox_fields) * 20 + at;
}

/* clang-format off */
static const struct route rows[] = {
	{ "GET",	"/rest/api/V/serverInfo",	ON_BOTH | ANONYMOUS, server_info },
	{ "GET",	"/rest/api/V/myself",		ON_BOTH, myself_get },
	{ "GET",	"/rest/api/V/field",		ON_BOTH, fields_get },
};
/* clang-format on */
const struct routes sandbox_jira_meta_routes = { rows, COUNT(rows) };
