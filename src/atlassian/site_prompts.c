/*
 * Prompts: a request to the model, with the issue or page that it is about.  Those of
 * mcp-jira-confluence have the same words under their own names, where they were asked for.
 */
#include <string.h>

#include "atlassian/site_text.h"

#define EXCERPT_CHARS 1500
#define COMMENTS_MAX  50
#define WORD_MAX      1000

static bool
is_detailed(const struct work *work, const char *name)
{
	return slice_eq_nocase(slice_trim(arg_slice(work, name)), S("detailed"));
}

/* ---- Jira ------------------------------------------------------------------------------------ */

static bool
summarize_issue(struct work *work)
{
	yyjson_mut_val *arguments = out_obj(work);
	struct buf *out = &work->told;
	yyjson_val *issue, *one;
	size_t i, max;

	out_slice(work, arguments, "issue_key", arg_slice(work, "issue_key"));
	out_str(work, arguments, "fields", "summary,description,status,issuetype,comment");
	out_int(work, arguments, "comment_limit", COMMENTS_MAX);
	out_bool(work, arguments, "update_history", false);
	if (!work_tool_wait(work, "get_issue", arguments, &issue))
		return false;
	buf_printf(out, "Please summarize the following Jira issue. %s\n\n",
	    is_detailed(work, "style") ? "Provide extensive details." : "Be concise.");
	buf_printf(out, "Issue Key: %.*s\nSummary: %.*s\nType: %.*s\nStatus: %.*s\n",
	    SLICE_FMT(text_at(issue, "key", "")), SLICE_FMT(text_at(issue, "summary", "")),
	    SLICE_FMT(text_at(issue, "issue_type/name", "Unknown")),
	    SLICE_FMT(text_at(issue, "status/name", "Unknown")));
	buf_printf(
	    out, "Description:\n%.*s\n\nComments:\n", SLICE_FMT(text_at(issue, "description", "")));
	yyjson_arr_foreach(yyjson_obj_get(issue, "comments"), i, max, one)
	{
		buf_printf(out, "Comment by %.*s on %.*s:\n%.*s\n\n",
		    SLICE_FMT(text_at(one, "author/display_name", "Unknown")),
		    SLICE_FMT(text_at(one, "created", "")), SLICE_FMT(text_at(one, "body", "")));
	}
	work->summary = slice_of(work_printf(
	    work, "Summarize Jira issue %.*s", SLICE_FMT(arg_slice(work, "issue_key"))));
	return true;
}

static bool
describe_issue(struct work *work)
{
	static const struct {
		const char *type, *text;
	} rows[] = {
		{ "bug",
		    "For a bug description, include these sections: Steps to Reproduce, Expected "
		    "Result, Actual Result, Environment, and Impact." },
		{ "story",
		    "For a user story, use this format: As a [type of user], I want [goal] so that "
		    "[benefit]. Include Acceptance Criteria and any relevant details." },
		{ "feature",
		    "For a user story, use this format: As a [type of user], I want [goal] so that "
		    "[benefit]. Include Acceptance Criteria and any relevant details." },
		{ NULL, "Create a well-structured description with clear sections and details." },
	};
	struct slice type = arg_slice(work, "issue_type"), summary = arg_slice(work, "summary");
	size_t i = 0;

	while (rows[i].type != NULL && !slice_eq_nocase(type, slice_of(rows[i].type)))
		i++;
	buf_printf(&work->told,
	    "Please create a well-structured description for a Jira %.*s with the summary: "
	    "'%.*s'\n\n%s\n\nUse Markdown for the description: the tools here convert it.",
	    SLICE_FMT(type), SLICE_FMT(summary), rows[i].text);
	work->summary = slice_of(work_printf(
	    work, "Create %.*s description for '%.*s'", SLICE_FMT(type), SLICE_FMT(summary)));
	return true;
}

/* ---- Confluence ------------------------------------------------------------------------------ */

static bool
page_wait(struct work *work, yyjson_val **page)
{
	yyjson_mut_val *arguments = work_given(work);
	yyjson_val *reply;

	yyjson_mut_obj_remove_key(arguments, "style");
	yyjson_mut_obj_remove_key(arguments, "question");
	yyjson_mut_obj_remove_key(arguments, "context_depth");
	if (yyjson_mut_obj_size(arguments) == 0)
		return work_fail(work, ERR_PARAMS,
		    "page_id is required, or title and space_key: which page is meant");
	if (!work_tool_wait(work, "get_page", arguments, &reply))
		return false;
	*page = yyjson_obj_get(reply, "metadata");
	return true;
}

static bool
summarize_page(struct work *work)
{
	yyjson_val *page;
	struct slice title;

	if (!page_wait(work, &page))
		return false;
	title = text_at(page, "title", "");
	buf_printf(&work->told,
	    "Please summarize the following Confluence page. %s\n\nTitle: %.*s\nSpace: %.*s\n\n"
	    "Content:\n%.*s",
	    is_detailed(work, "style") ? "Provide extensive details." : "Be concise.",
	    SLICE_FMT(title), SLICE_FMT(text_at(page, "space/name", "Unknown Space")),
	    SLICE_FMT(text_at(page, "content/value", "")));
	work->summary =
	    slice_of(work_printf(work, "Summarize Confluence page '%.*s'", SLICE_FMT(title)));
	return true;
}

static bool
write_page(struct work *work)
{
	struct slice title = arg_slice(work, "title");

	buf_printf(&work->told,
	    "Please create well-structured content for a Confluence page with the title: '%.*s' "
	    "about the topic: '%.*s'\n\nInclude appropriate headings, bullet points, and formatting. "
	    "The content should be comprehensive but clear. Use Markdown for the content: the tools "
	    "here convert it.",
	    SLICE_FMT(title), SLICE_FMT(arg_slice(work, "topic")));
	work->summary = slice_of(
	    work_printf(work, "Create content for Confluence page '%.*s'", SLICE_FMT(title)));
	return true;
}

static bool
answer_question(struct work *work)
{
	bool is_whole = is_detailed(work, "context_depth");
	struct buf *out = &work->told;
	yyjson_val *page;
	struct slice title;

	if (!page_wait(work, &page))
		return false;
	title = text_at(page, "title", "");
	buf_printf(out,
	    "Please answer the following question based on the Confluence page content:\n\n"
	    "**Question:** %.*s\n\n**Page:** %.*s\n**Space:** %.*s\n\n**Instructions:** %s\n\n"
	    "**Page Content:**\n",
	    SLICE_FMT(arg_slice(work, "question")), SLICE_FMT(title),
	    SLICE_FMT(text_at(page, "space/name", "Unknown Space")),
	    is_whole ? "Use the full page content to provide a comprehensive answer."
		     : "Use the provided content excerpt to answer the question. Be concise but "
		       "informative.");
	text_short(
	    out, text_at(page, "content/value", ""), is_whole ? SIZE_MAX : (size_t)EXCERPT_CHARS);
	buf_puts(out,
	    "\n\nProvide a clear, accurate answer based on the content above. If the content "
	    "doesn't contain enough information to answer the question, say so.");
	work->summary = slice_of(
	    work_printf(work, "Answer question about Confluence page '%.*s'", SLICE_FMT(title)));
	return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct prompt {
	enum config_product product;
	struct text_needs needs;
	const char *classic; /* its name there */
	struct tool row;
};

#define WORD(n, required, help) \
	{ \
		(n), ARG_STR, (required), (help), NULL, 0, WORD_MAX \
	}
#define ROW(n, t, h, fn, ...) \
	{ \
		.name = (n), .title = (t), .help = (h), .flags = READS | IDEMPOTENT, .run = (fn), \
		ARGS(__VA_ARGS__) \
	}

static const struct prompt prompts[] = {
	{ PRODUCT_JIRA, { "get_issue", "get-jira-issue" }, "summarize-jira-issue",
	    ROW("summarize_issue", "Summarize issue", "Creates a summary of a Jira issue",
		summarize_issue, { "issue_key", ARG_KEY, REQUIRED, "Issue key, such as PROJ-123" },
		WORD("style", 0, "brief or detailed")) },
	{ PRODUCT_JIRA, { "create_issue", "create-jira-issue" }, "create-jira-description",
	    ROW("describe_issue", "Describe issue",
		"Creates a well-structured description for a Jira issue", describe_issue,
		WORD("summary", REQUIRED, "Title of the issue"),
		WORD("issue_type", REQUIRED, "Its type: Bug, Story, Task")) },
	{ PRODUCT_CONFLUENCE, { "get_page", "get-confluence-page" }, "summarize-confluence-page",
	    ROW("summarize_page", "Summarize page", "Creates a summary of a Confluence page",
		summarize_page, WORD("page_id", REQUIRED, "Id of the page"),
		WORD("style", 0, "brief or detailed")) },
	{ PRODUCT_CONFLUENCE, { "create_page", "create-confluence-page" },
	    "create-confluence-content",
	    ROW("write_page", "Write page", "Creates well-structured content for a Confluence page",
		write_page, WORD("title", REQUIRED, "Title of the page"),
		WORD("topic", REQUIRED, "What it is about")) },
	{ PRODUCT_CONFLUENCE, { "get_page", "get-confluence-page" }, "answer-confluence-question",
	    ROW("answer_question", "Answer question",
		"Answers a question about a Confluence page from its content", answer_question,
		WORD("page_id", 0, "Id of the page"), WORD("title", 0, "Its title, with space_key"),
		WORD("space_key", 0, "Key of its space"),
		WORD("question", REQUIRED, "The question"),
		WORD("context_depth", 0, "brief: its beginning; detailed: all of it")) },
};

/* Each under the name with the site's prefix, where its tool is; and under its classic one. */
static bool
is_offered(const struct site *site, const struct prompt *prompt, bool is_classic)
{
	if (prompt->product != site->config->product)
		return false;
	return is_classic ? site_has_tool(site, NULL, prompt->needs.classic)
			  : site_has_tool(site, prompt->needs.tool, NULL);
}

static struct slice
prompt_name(const struct site *site, const struct prompt *prompt, bool is_classic,
    char name[TOOL_NAME_BYTES])
{
	return is_classic ? slice_of(prompt->classic) : tool_name(site->config, &prompt->row, name);
}

static void
put_prompt(struct slice name, const struct tool *row, struct buf *out)
{
	buf_puts(out, "{\"name\":");
	buf_json_string(out, name);
	buf_puts(out, ",\"title\":");
	buf_json_string(out, slice_of(row->title));
	buf_puts(out, ",\"description\":");
	buf_json_string(out, slice_of(row->help));
	buf_puts(out, ",\"arguments\":");
	for (size_t i = 0; i < row->args_n; i++) {
		buf_puts(out, i == 0 ? "[{\"name\":" : ",{\"name\":");
		buf_json_string(out, slice_of(row->args[i].name));
		buf_puts(out, ",\"description\":");
		buf_json_string(out, slice_of(row->args[i].help));
		buf_printf(
		    out, ",\"required\":%s}", row->args[i].flags & REQUIRED ? "true" : "false");
	}
	buf_puts(out, "]}");
}

void
prompts_offer(const struct site *site, struct buf *out)
{
	char name[TOOL_NAME_BYTES];
	const char *mark = "[";

	for (int is_classic = 0; is_classic < 2; is_classic++) {
		for (size_t i = 0; i < COUNT(prompts); i++) {
			if (!is_offered(site, &prompts[i], is_classic))
				continue;
			buf_puts(out, mark);
			mark = ",";
			put_prompt(
			    prompt_name(site, &prompts[i], is_classic, name), &prompts[i].row, out);
		}
	}
	buf_puts(out, *mark == '[' ? "[]" : "]");
}

static void
put_message(const struct work *work, void *owner, struct buf *out)
{
	(void)owner;
	buf_puts(out, "{\"description\":");
	buf_json_string(out, work->summary);
	buf_puts(out, ",\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":");
	buf_json_string(out, buf_view(&work->told));
	buf_puts(out, "}}]");
}

bool
prompt_get_wait(struct site *site, struct exchange *exchange, struct slice name,
    struct reply *reply, struct err *err)
{
	char text[TOOL_NAME_BYTES];

	for (size_t i = 0; i < 2 * COUNT(prompts); i++) {
		const struct prompt *one = &prompts[i / 2];

		if (is_offered(site, one, i % 2) &&
		    slice_eq(name, prompt_name(site, one, i % 2, text)))
			return work_text_wait(site, &one->row, exchange->arguments, exchange,
			    put_message, NULL, reply, err);
	}
	return err_set(err, ERR_PARAMS, "%.*s has no such prompt", SLICE_FMT(site->provider.name));
}
