/*
 * The tools of mcp-jira-confluence whose answers are worked out here: who might do an issue, how
 * large it might be, which links it holds, what was said last.  Replies are those of a Data Center.
 */
#include "jira_world.h"

/* clang-format off */
#define FIELD "GET /rest/api/2/field"
#define FIELDS "[{\"id\":\"customfield_10016\",\"name\":\"Story Points\",\"custom\":true,\"schema\":{\"type\":\"number\"}}]"
#define ISSUE(fields) "{\"id\":\"9\",\"key\":\"DEMO-9\",\"fields\":{\"summary\":\"Oil the mill\",\"issuetype\":{\"name\":\"Task\"},\"project\":{\"key\":\"DEMO\"}" fields "}}"
#define DONE_BY(key, who, more) \
	"{\"key\":\"" key "\",\"fields\":{\"summary\":\"Oil the gate\",\"assignee\":{\"name\":\"" who "\",\"displayName\":\"" who "\"}," more "}}"
#define TIMES(from, to) "\"created\":\"" from ":00.000+0000\",\"resolutiondate\":\"" to ":00.000+0000\""
#define ASKED_9 "/rest/api/2/issue/DEMO-9?fields=summary%2Cissuetype%2Ccomponents%2Clabels%2Cproject"
#define ALIKE "/rest/api/2/search?jql=project%20%3D%20%22DEMO%22%20AND%20issuetype%20%3D%20%22Task%22%20AND%20%28component%20%3D%20%22Mill%22%29%20AND%20statusCategory%20%3D%20Done%20AND%20resolved%20%3E%3D%20-26w%20ORDER%20BY%20resolved%20DESC&fields=assignee%2Ccomponents%2Clabels%2Ccreated%2Cresolutiondate&startAt=0&maxResults=50"
#define OPEN_OF(who) "/rest/api/2/search?jql=assignee%20%3D%20%22" who "%22%20AND%20statusCategory%20%21%3D%20Done&fields=summary&startAt=0&maxResults=1"

static const struct world_case people[] = {
	{ .name = "by what they did, the first of equals first", .tool = "get-task-assignment-recommendations",
	  .args = "{\"issue_key\":\"demo-9\"}",
	  .replies = {
		{ "GET /rest/api/2/issue/DEMO-9", 0, ISSUE(",\"components\":[{\"name\":\"Mill\"}],\"labels\":[\"oil\",\"urgent\"]") },
		{ "GET " ALIKE, 0, "{\"total\":4,\"issues\":["
			DONE_BY("DEMO-1", "grace", "\"components\":[{\"name\":\"Mill\"}],\"labels\":[\"oil\"]," TIMES("2026-02-28T22:00", "2026-03-01T01:30")) ","
			DONE_BY("DEMO-2", "ada", "\"components\":[],\"labels\":[]") ","
			DONE_BY("DEMO-3", "grace", "\"components\":[],\"labels\":[]," TIMES("2026-01-01T00:00", "2026-01-01T02:30")) ","
			"{\"key\":\"DEMO-4\",\"fields\":{\"assignee\":null}}]}" },
		{ "GET " OPEN_OF("grace"), 0, "{\"total\":7,\"issues\":[{\"key\":\"DEMO-5\",\"fields\":{}}]}" },
		{ "GET " OPEN_OF("ada"), 0, "{\"total\":0,\"issues\":[]}" } },
	  .requests = "GET " ASKED_9 "\nGET " ALIKE "\nGET " OPEN_OF("grace") "\nGET " OPEN_OF("ada") "\n",
	  .told = "# Task Assignment Recommendations\n\n**Issue:** DEMO-9 - Oil the mill\n**Type:** Task\n"
		"**Analysis based on:** 4 similar resolved issues\n\n## 🎯 Recommended Assignees\n\n"
		"### 1. grace 🟢\n**Score:** 5 | **Strength:** High\n**Current Workload:** 7 open issues\n"
		"**Experience:** 2 similar issues resolved\n**Avg Resolution Time:** 3.0 hours\n**Why recommended:**\n"
		"  - Experience with Mill\n  - Experience with oil\n\n"
		"### 2. ada 🔴\n**Score:** 1 | **Strength:** Low\n**Current Workload:** 0 open issues\n"
		"**Experience:** 1 similar issues resolved\n\n" },
	{ .name = "an issue of another project", .tool = "get-task-assignment-recommendations", .filter = "OPS",
	  .args = "{\"issue_key\":\"DEMO-9\"}", .requests = "", .failure = "DEMO", .kind = ERR_REFUSED },
};

#define SIZED "/rest/api/2/issue/DEMO-9?fields=summary%2Cdescription%2Cissuetype%2Ccomponents%2Clabels%2Cproject"
#define POINTED "/rest/api/2/search?jql=project%20%3D%20%22DEMO%22%20AND%20issuetype%20%3D%20%22Task%22%20AND%20statusCategory%20%3D%20Done%20AND%20resolved%20%3E%3D%20-52w%20AND%20cf%5B10016%5D%20is%20not%20EMPTY%20ORDER%20BY%20resolved%20DESC&fields=summary%2Cdescription%2Ccomponents%2Ccustomfield_10016&expand=names&startAt=0&maxResults=100"
#define HEAD "# Story Point Estimation\n\n**Issue:** DEMO-9 - Oil the mill\n**Type:** Task\n\n## 🧠 Complexity Analysis\n"

static const struct world_case sizes[] = {
	{ .name = "by issues like it", .tool = "estimate-story-points", .args = "{\"issue_key\":\"DEMO-9\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0, ISSUE(",\"description\":\"Möre\",\"components\":[],\"labels\":[]") },
		{ FIELD, 0, FIELDS },
		{ "GET " POINTED, 0, "{\"total\":3,\"issues\":["
			"{\"key\":\"DEMO-1\",\"fields\":{\"summary\":\"Oil the gate\",\"customfield_10016\":3}},"
			"{\"key\":\"DEMO-2\",\"fields\":{\"summary\":\"Oil the gate, the door, the window and whatever else\",\"customfield_10016\":8.0}},"
			"{\"key\":\"DEMO-3\",\"fields\":{\"summary\":\"No points\",\"customfield_10016\":null}}]}" } },
	  .requests = "GET " SIZED "\nGET /rest/api/2/field\nGET " POINTED "\n",
	  .told = HEAD "**Level:** Low (Score: 0)\n**Factors:**\n  - Description length: 4 characters\n  - Components: 0\n  - Labels: 0\n\n"
		"## 📊 Historical Analysis\n**Based on 2 similar resolved issues:**\n  - Average points: 5.2\n  - Median points: 3\n"
		"  - Most common: 3\n  - Distribution: 3pts(5), 8pts(4)\n\n"
		"## 🎯 Recommendation 🔴\n**Primary Estimate:** 5 story points\n**Confidence:** Low\n"
		"**Alternative estimates:** 3, 5 points\n\n"
		"## 📚 Most Similar Issues\n- **DEMO-1** (3 pts): Oil the gate\n  - Similarity score: 5\n"
		"- **DEMO-2** (8 pts): Oil the gate, the door, the window and whatever else\n  - Similarity score: 4\n\n" },
	{ .name = "a site without story points: by its complexity", .tool = "estimate-story-points", .args = "{\"issue_key\":\"DEMO-9\"}",
	  .replies = { { "GET /rest/api/2/issue/DEMO-9", 0,
			ISSUE(",\"components\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"}],\"labels\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]") },
		{ FIELD, 0, "[]" } },
	  .requests = "GET " SIZED "\nGET /rest/api/2/field\n",
	  .told = HEAD "**Level:** Medium (Score: 5)\n**Factors:**\n  - Description length: 0 characters\n  - Components: 4\n  - Labels: 6\n\n"
		"## 📊 Historical Analysis\n**No similar resolved issues found** - No similar resolved issues with story points found\n\n"
		"## 🎯 Recommendation 🔴\n**Primary Estimate:** 3 story points\n**Confidence:** Low\n**Alternative estimates:** 1, 2, 3, 5 points\n"
		"**Note:** Based on complexity analysis only - consider team discussion\n\n" },
};

#define LINKED "/rest/api/2/issue/DEMO-9"
#define LINK(text, found) \
	{ .name = text, .tool = "extract-confluence-links", .args = "{\"issue_key\":\"DEMO-9\"}", \
	  .replies = { { "GET " LINKED "/remotelink", 0, "[]" }, { "GET " LINKED, 0, ISSUE(",\"description\":\"" text "\"") } }, \
	  .requests = LINK_REQUESTS, .told = found }
#define LINK_REQUESTS \
	"GET /rest/api/2/issue/DEMO-9?fields=summary%2Cdescription%2Cstatus%2Cassignee%2Creporter%2Cpriority%2Ccreated%2Cupdated%2Cissuetype%2Cduedate%2Ccomment\n" \
	"GET /rest/api/2/issue/DEMO-9/remotelink\n"
#define NONE_FOUND "No Confluence links or Git repository URLs found in Jira issue DEMO-9."
#define ONE_FOUND(kind, head, title, url) \
	"# Links Found in DEMO-9\n\n*Found 1 link(s) total (all " kind ")*\n\n# DEMO-9\n\n## " head " Links (1)\n\n" \
	"### 1. " title "\n**URL**: " url "\n**Source**: Description Link\n**Summary**: Found in issue description\n\n"
#define GIT_FOUND(url) ONE_FOUND("Git repositories", "Git Repository", "Git Repository", url)
#define WIKI_FOUND(url) ONE_FOUND("Confluence", "Confluence", "Confluence Page", url)

static const struct world_case links[] = {
	LINK("https://a.example/wiki/X", WIKI_FOUND("https://a.example/wiki/X")),
	LINK("see http://a.example/display/A/B, twice: http://a.example/display/A/B, end", WIKI_FOUND("http://a.example/display/A/B")),
	LINK("[a|https://a.example/confluence/x]", WIKI_FOUND("https://a.example/confluence/x")),
	LINK("https://github.com/engine/mill", GIT_FOUND("https://github.com/engine/mill")),
	LINK("https://dev.azure.com/o/p/_git/r", GIT_FOUND("https://dev.azure.com/o/p/_git/r")),
	LINK("https://x.visualstudio.com/p/_git/r", GIT_FOUND("https://x.visualstudio.com/p/_git/r")),
	LINK("https://host.example/git/a/b.git", GIT_FOUND("https://host.example/git/a/b.git")),
	LINK("git@host.example:engine/mill.git", GIT_FOUND("git@host.example:engine/mill.git")),
	LINK("https://github.com/engine", NONE_FOUND),
	LINK("https://notgithub.com/engine/mill", NONE_FOUND),
	LINK("https://dev.azure.com/o/p/r", NONE_FOUND),
	LINK("https://a.example/wiki/", NONE_FOUND),
	LINK("git@host.example:engine git@ https:// http://", NONE_FOUND),
	LINK("https://", NONE_FOUND),
};

#define COMMENT(who, day, text) "{\"id\":\"1\",\"body\":\"" text "\",\"author\":{\"displayName\":\"" who "\"},\"created\":\"2026-01-" day "T10:20:30.000+0000\"}"
#define ISSUE_HEAD \
	"# Jira Issue: DEMO-9\n\n**Title**: Oil the mill\n**Status**: Unknown\n**Priority**: Unknown\n**Type**: Task\n" \
	"**Assignee**: Unassigned\n**Reporter**: Unknown\n**Created**: Unknown\n**Updated**: soon\n**Due Date**: No due date\n\n"
#define WITH_COMMENTS \
	"GET /rest/api/2/issue/DEMO-9?fields=summary%2Cdescription%2Cstatus%2Cassignee%2Creporter%2Cpriority%2Ccreated%2Cupdated%2Cissuetype%2Cduedate%2Ccomment\n"

static const struct world_case comments[] = {
	{ .name = "the last three, in the order of time", .tool = "get-jira-issue", .args = "{\"issue_key\":\"DEMO-9\",\"include_comments\":true}",
	  .replies = { { "GET " LINKED, 0, ISSUE(",\"updated\":\"soon\",\"comment\":{\"total\":4,\"comments\":["
		COMMENT("a", "01", "1") "," COMMENT("b", "02", "2") ","
		COMMENT("c", "03", "3") "," COMMENT("d", "04", "4") "]}") } },
	  .requests = WITH_COMMENTS,
	  .told = ISSUE_HEAD "## Comments (4)\n### Comment 1 - b (2026-01-02 10:20)\n2\n\n### Comment 2 - c (2026-01-03 10:20)\n3\n\n"
		"### Comment 3 - d (2026-01-04 10:20)\n4\n\n*... and 1 more comments*\n\n" },
	{ .name = "of many, where the issue has only the first", .tool = "get-jira-issue",
	  .args = "{\"issue_key\":\"DEMO-9\",\"include_comments\":true}",
	  .replies = { { "GET " LINKED "/comment", 0, "{\"total\":150,\"comments\":["
			COMMENT("z", "09", "9") "," COMMENT("y", "08", "8") "," COMMENT("x", "07", "7") "]}" },
		{ "GET " LINKED, 0, ISSUE(",\"updated\":\"soon\",\"comment\":{\"total\":150,\"comments\":[" COMMENT("a", "01", "1") "]}") } },
	  .requests = WITH_COMMENTS "GET /rest/api/2/issue/DEMO-9/comment?orderBy=-created&startAt=0&maxResults=3\n",
	  .told = ISSUE_HEAD "## Comments (150)\n### Comment 1 - x (2026-01-07 10:20)\n7\n\n### Comment 2 - y (2026-01-08 10:20)\n8\n\n"
		"### Comment 3 - z (2026-01-09 10:20)\n9\n\n*... and 147 more comments*\n\n" },
};
/* clang-format on */

static void
test_people(void **state)
{
	(void)state;
	world_play_all(people, COUNT(people));
}

static void
test_sizes(void **state)
{
	(void)state;
	world_play_all(sizes, COUNT(sizes));
}

static void
test_links(void **state)
{
	(void)state;
	world_play_all(links, COUNT(links));
}

static void
test_comments(void **state)
{
	(void)state;
	world_play_all(comments, COUNT(comments));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
