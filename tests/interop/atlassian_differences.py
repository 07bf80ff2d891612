"""What bascule answers otherwise than `mcp-atlassian` 0.23.1, and why: the table that the comparison forgives by, and
that docs/differences.md shows.

A row names tools and members by patterns, and says in code which two values it forgives: a member whose value differs
in another way is still a finding.
"""
import re
from datetime import datetime, timezone

from atlassian_calls import CLOUD, DC

TIME_FORMS = ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z",
              "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


class Row:
    """`where`: only there; None: on Data Center and on Cloud."""

    def __init__(self, tools, members, what, why, fits, where=None, when=None):
        self.tools, self.members, self.what, self.why, self.is_same = tools, members, what, why, fits
        self.where, self.when = where, when

    def fits(self, kind, call, path, theirs, ours):
        return (self.where in (None, kind) and (self.when is None or self.when in call.arguments) and
                re.fullmatch(self.tools, call.tool) is not None and re.fullmatch(self.members, path) is not None and
                bool(self.is_same(theirs, ours)))

    def text(self):
        return f"{self.what} ({self.tools}: {self.members})"


def instant(text):
    for form in TIME_FORMS:
        try:
            when = datetime.strptime(text, form)
        except (ValueError, TypeError):
            continue
        return when.replace(tzinfo=when.tzinfo or timezone.utc).replace(microsecond=0)
    return None


def same_time(theirs, ours):
    return instant(theirs) is not None and instant(theirs) == instant(ours)


def no_value(theirs, ours):
    if isinstance(theirs, dict) and theirs.get("value", 0) is None:
        theirs = None
    return ours is None and theirs in (None, "", [])


def both_texts(theirs, ours):
    return isinstance(theirs, str) and isinstance(ours, str) and ours != ""


def words(text):
    """What is left of a text without its marks, those of wiki markup too, and without the numbers of a list."""
    text = re.sub(r"(?m)^(h[1-6]\.|\s*\d+[.)]) |\{code(:\w+)?\}|```\w*", " ", text)
    return re.findall(r"[^\W_]+", text)


def same_words(theirs, ours):
    return both_texts(theirs, ours) and words(theirs) == words(ours)


def no_word_lost(theirs, ours):
    """All that they show is in ours; theirs glues the parameters of macros and tasks to the words around them."""
    if not both_texts(theirs, ours):
        return False
    left = re.sub(r"[^a-z]", "", ours.lower())
    runs = re.findall(r"[A-Z]?[a-z]+", re.sub(r"\]\([^)]*\)", " ", theirs))
    return all(run in ("complete", "incomplete") or run.lower() in left for run in runs)


def two_diffs(theirs, ours):
    return both_texts(theirs, ours) and theirs.startswith("--- v1\n+++ v2\n") and ours.startswith("--- version 1\n")


def one_word(theirs, ours):
    return isinstance(theirs, dict) and isinstance(ours, str) and theirs.get("displayName") == ours


def unknown_space(theirs, ours):
    return theirs == {"key": "", "name": "Unknown"} and ours is None


def earlier(theirs, ours):
    return instant(theirs) is not None and instant(ours) is not None and instant(ours) < instant(theirs)


def both_lists(theirs, ours):
    return isinstance(theirs, list) and sorted(theirs) == sorted(ours)


def both_there(theirs, ours):
    return theirs is not None and ours is not None


def edges(theirs, ours):
    return both_texts(theirs, ours) and theirs.strip() == ours.strip()


def only_ours(theirs, ours):
    """We know what they do not."""
    return theirs in ("", None, "Unknown") and ours not in (None, "")


def gone(theirs, ours):
    return ours is None and theirs is not None


def kept(theirs, ours):
    """Each of ours is one of theirs, in their order."""
    at = iter(theirs)
    return isinstance(ours, list) and len(ours) > 0 and all(one in at for one in ours)


def a_day(theirs, ours):
    return (theirs, ours) in ((86400, 28800), ("24h", "8h"))


def number_and_text(theirs, ours):
    return isinstance(theirs, int) and isinstance(ours, str) and ours.isdigit()


def refused_kindly(theirs, ours):
    return ours == "an answer" and theirs != "an answer"


def same_but_version(theirs, ours):
    return both_texts(theirs, ours) and theirs.replace("/rest/api/2/", "/rest/api/3/") == ours


def only_ours_of_list(theirs, ours):
    return theirs == [] and isinstance(ours, list) and len(ours) > 0


def adf_as_text(theirs, ours):
    return isinstance(theirs, dict) and theirs.get("type") == "doc" and isinstance(ours, str)


def other(theirs, ours):
    return theirs != ours


def more_of_them(theirs, ours):
    keys = [[one.get("key") for one in side] for side in (theirs, ours)] if isinstance(ours, list) else [[], []]
    return len(keys[0]) < len(keys[1]) and set(keys[0]) < set(keys[1])


def unknown_address(theirs, ours):
    return both_texts(theirs, ours) and re.sub("/spaces/[A-Z]+/", "/spaces/unknown/", ours) == theirs


def longer(theirs, ours):
    return both_texts(theirs, ours) and ours.startswith(theirs + "/")


def no_score(theirs, ours):
    return theirs == 0.0 and ours is None


def said_of_nobody(theirs, ours):
    return theirs is False and ours is None


def refused_plainly(theirs, ours):
    return theirs == "an answer" and ours != "an answer"


ANY = r".*"
LINKED = r"(.*\.)?(parent|subtasks\[\]|outward_issue|inward_issue|issuelinks\[\]\.type)"
ROWS = [
    Row(ANY, r"(.*\.)?(created|updated|started|version_when)", "the form of times",
        "Times are as Jira and Confluence sent them; the other server writes them in three forms. The instant is the same.",
        same_time),
    Row(ANY, ANY, "members without a value", "A member whose value is null, an empty text or an empty list is left out: "
        "it tells nothing and costs tokens.", no_value),
    Row(ANY, r"(.*\.)?(body|description|comment|value)", "the end of a text", "A Markdown text ends with a line end.", edges),
    Row(ANY, r"(.*\.)?(created|updated|key|name)", "what they do not know",
        "Where the other server shows an empty text or \"Unknown\", the value is shown.", only_ours),
    Row(r"confluence_get_page_children", r"results\[\]\.space", "a space that they do not know",
        "Children are asked for without their space, which is their parent's; theirs says \"Unknown\".", unknown_space,
        DC),
    Row(r"jira_.*", r"(.*\.)?(description|body)", "Jira's texts",
        "Markdown from a converter with a parser: blank lines between blocks, lists counted, code as it was. What writes "
        "and searches answer is Markdown too; the other server shows wiki markup there.", same_words),
    Row(r"confluence_.*", r"(.*\.)?value", "the text of pages",
        "Markdown as one would write it: `#` headings; panels, tasks, code, status and macros as such. The other server "
        "drops links to pages and glues the parameters of macros to the text.", no_word_lost),
    Row(r"confluence_get_page_diff", r"diff", "differences of pages", "Of that Markdown, with `version 1` in the head.", two_diffs),
    Row(r"jira_.*", LINKED + r"(\.fields\.(status|priority|issuetype))?\.(self|iconUrl|id|description|statusCategory|subtask)",
        "inner parts of linked issues", "Theirs are copied from REST with links and icons; ours have `id`, `key`, summary, "
        "and the names of status, priority and type.", gone),
    Row(r"jira_(get_issue|search)", r"(issues\[\]\.)?worklog\.worklogs\[\]\.(self|issueId|updateAuthor)", "inner parts of worklogs",
        "As above.", gone),
    Row(r"jira_(get_issue|search)", r"(issues\[\]\.)?worklog\.worklogs\[\]\.author", "who logged work",
        "The name for people, as `jira_get_worklog` of the other server has it too; here theirs is a copy from REST.", one_word),
    Row(r"jira_transition_issue", r"issue\.comments", "comments after a transition",
        "The answer to a transition shows the issue, not its comments.", gone),
    Row(r"jira_search_fields", r"", "fields that match",
        "Only fields that match the keyword; the other server fills the list up to `limit` with others.", kept),
    Row(r"confluence_search", r"\[\]\.content", "excerpts of a search", "The excerpt stands in `excerpt`.", gone),
    Row(r"confluence_get_space_page_tree", r"pages \(order\)", "the order of a tree",
        "In the order of the site; the other server sorts by depth and title. The pages are the same.", both_lists),
    Row(r"confluence_get_page_history", r"updated", "when an old version was made",
        "Its own time; theirs is that of the newest version.", earlier),
    Row(r"confluence_(create|update|copy)_page.*", r"page\.created", "when a written page was made",
        "The answer to a write is shown as it came, without reading the page again.", gone),
    Row(r"confluence_(move|copy)_page", r"page\.content", "the text of a moved page",
        "It has not changed and is not sent back.", gone),
    Row(r"jira_add_worklog", r"worklog\.time_spent(_seconds)?", "a day of work",
        "`1d` is a day as Jira is set up, of eight hours here; the other server makes 24 hours of it.", a_day),
    Row(r"jira_get_issue", r"remote_links\[\]\.(self|application|object)", "inner parts of remote links",
        "Theirs are copied from REST; ours have `url`, `title`, `summary`, `relationship`, `icon_url` side by side.", gone),
    Row(r"jira_get_issue", r"remote_links\[\]\.id", "ids of remote links", "Texts, as all other ids.", number_and_text),
    Row(ANY, r"message|hint", "sentences", "What is said to people is worded otherwise.", both_texts),
    Row(r"jira_get_issue", r"\(outcome\)", "keys in small letters", "`demo-4` is taken as `DEMO-4`.", refused_kindly),
    Row(r"jira_batch_get_changelogs", r"\(outcome\)", "changelogs on Data Center", "They are read issue by issue; the other server refuses.",
        refused_kindly, DC),
    Row(r"jira_(search_projects|get_project_components|\w+_versions?)", r"(.*\.)?(self|html)", "links for programs",
        "Addresses in the REST API and texts with marks for web pages are left out.", gone),
    Row(r"jira_get_issue_(dates|sla)", r"(.*\.)?(entered_at|exited_at|due_date|resolution_date)", "the form of times", "As above.",
        same_time),
    Row(r"jira_get_issue_sla", r"metrics\.time_in_status\..*", "time in a status in working hours",
        "The stay that goes on does not count, as on the calendar's clock; theirs counts it up to now, also of resolved issues.",
        both_there),
    Row(r"jira_(get_service_desk\w*|get_queue_issues|get_request_types|create_customer_request)", r"(.*\.)?links",
        "links for programs", "As above.", gone),
    Row(r"jira_get_(service_desk_for_project|service_desk_queues|queue_issues)", r"\(outcome\)", "service desks on Cloud",
        "They are read there too; the other server refuses.", refused_kindly, CLOUD),
    Row(r"jira_create_customer_request", r"request_id|request_key|portal_url", "ids of new requests",
        "The sandboxes count for themselves: who made more before gets a higher number.", both_texts, CLOUD),
    Row(r"jira_get_queue_issues", r"issues\[\]\.(expand|self|fields)", "issues of a queue",
        "As those of a search: `summary`, `status`, `reporter` and the rest; theirs are a copy from REST.", gone, DC),
    Row(r"jira_create_customer_request", r"warnings\[\]", "warnings", "Said otherwise.", both_texts),
    Row(r"jira_get_issues?_development_info", r"(\[\]\.)?detail", "what development tools told, twice",
        "What `detail` says stands in the lists; theirs repeats it as it came from REST.", gone),
    Row(r"jira_get_issues_development_info", r"\[\]\.error", "why an item failed", "Said otherwise.", both_texts),
    Row(r"jira_batch_create_versions", r"\[\]\.error", "why an item failed", "Said otherwise.", both_texts),
    Row(r"jira_.*", r"(.*\.)?(url|self)", "addresses of the API", "Those of version 3, by which Cloud was asked; theirs are of version 2.",
        same_but_version, CLOUD),
    Row(r"jira_.*", r"(.*\.)?description", "texts of the sandbox's data", "The sandbox keeps them as wiki markup, and shows them "
        "in ADF, which is what bascule reads, without decoration. No word is lost.", no_word_lost, CLOUD),
    Row(r"jira_search", r"issues\[\]\.worklog\.worklogs\[\]\.comment", "comments of worklogs", "Markdown; theirs is ADF as it came.",
        adf_as_text, CLOUD),
    Row(r"jira_(search|get_project_issues)", r"start_at|next_page_token|issues\[\]\..*", "where a search begins",
        "`start_at` is honoured, by reading over what stands before; the other server begins at the beginning.", other, CLOUD,
        when="start_at"),
    Row(r"jira_(batch_create_issues|search)", r"issues", "issues made with a description", "All are made; the other server "
        "sends a description as text, where version 3 wants ADF, and loses those issues.", more_of_them, CLOUD),
    Row(r"jira_search_projects", r"\[\]\.(simplified|avatarUrls)", "parts of projects for programs", "Left out.", gone, CLOUD),
    Row(r"jira_get_project_fields", r"", "fields of projects", "Told; the other server finds none there.", only_ours_of_list, CLOUD),
    Row(r"confluence_get_page", r"metadata\.attachments\[\]\.download_url", "where attachments are", "As the newer API says it.",
        both_texts, CLOUD),
    Row(r"confluence_get_page", r"metadata\.url", "addresses of pages found by title", "Theirs has `unknown` for the space.",
        unknown_address, CLOUD),
    Row(r"confluence_get_page_children", r"results\[\]\.author", "authors of children", "Names; theirs are ids of accounts there.",
        both_texts, CLOUD),
    Row(r"confluence_get_space_page_tree", r"pages\[\]\.position", "places in a tree", "Told; theirs says null.", only_ours, CLOUD),
    Row(r"confluence_(add_comment|reply_to_comment)", r"comment\.body", "texts of new comments", "Shown; theirs is empty.", only_ours,
        CLOUD),
    Row(r"confluence_search_user", r"\[\]\.score", "scores of people", "A score stands there when the site gave one; theirs is 0 else.",
        no_score),
    Row(r"confluence_search_user", r"\[\]\.user\.is_active", "whether people are active",
        "Told where the site tells it; theirs calls everybody inactive of whom nothing is told.", said_of_nobody, CLOUD),
    Row(r"confluence_get_attachments", r"attachments\[\]\.(metadata|extensions|_links)", "inner parts of attachments",
        "Theirs are copied from REST; ours have `media_type`, `file_size`, `comment`, `download_url`, as those of a page.", gone),
    Row(r"confluence_upload_attachments", r"\(outcome\)", "files of the server",
        "A path is refused; theirs answers with success and lists it as failed.", refused_plainly),
    Row(r"confluence_(check_content|get_space)_permissions", r"_links", "links for programs",
        "Left out; `next_cursor` is what the next call needs.", gone, CLOUD),
    Row(r"confluence_copy_page", r"page\.url", "the address of a copy", "With the title behind it, as the site says.", longer, CLOUD),
]


def find(kind, call, path, theirs, ours):
    """The number of the first row that forgives it, or None."""
    for n, row in enumerate(ROWS):
        if row.fits(kind, call, path, theirs, ours):
            return n
    return None


def page(calls):
    lines = [f"""# Beside mcp-atlassian

bascule's tools for Jira and Confluence have the names, the arguments and the results of `mcp-atlassian` 0.23.1 (PyPI).
`make check-all` makes {calls} calls of both, each of a `bascule sandbox` of its own, on Data Center and again on Cloud,
and compares: every member of theirs is in ours with the same value, and where they refuse we refuse, but for the rows
below, which the test forgives by. A row that nothing needs any more fails the test, and so does a difference without a
row. Their results are JSON in a text; ours are structured content, lists under `result`.

| what | where | tools | members | why |
|---|---|---|---|---|"""]
    for row in ROWS:
        cells = [row.what, row.where or "both", code(row.tools), code(row.members), row.why]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def code(pattern):
    return "all" if pattern == ANY else "`" + pattern.replace("|", "\\|") + "`"
