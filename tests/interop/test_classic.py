"""`mcp-jira-confluence` and bascule (`compat: mcp-jira-confluence`) make the same calls of the same Jira and Confluence
(`bascule sandbox`, one for each): the same tools and prompts, the same texts and the same resources beside them, but
for the rows of DIFFERENCES.  A row that no call needs any more fails.

On Data Center: what that server asks of Cloud is no longer there.  The table of docs/classic.md is written by this run
(BASCULE_GOLDEN=write).
"""
import contextlib
import os
import re

import harness
from harness import check, same
from test_atlassian import Side

PAGE = os.path.join(harness.ROOT, "docs", "classic.md")
MARKS = "<!-- parity -->", "<!-- /parity -->"
PLAN, HOME = "98306", "98305"


class Call:
    def __init__(self, tool, fails=False, **arguments):
        self.tool, self.fails, self.arguments = tool, fails, arguments


CALLS = [
    *[Call("get-jira-issue", issue_key=f"DEMO-{n}") for n in range(1, 13)],
    *[Call("get-jira-issue", issue_key=f"DEMO-{n}", include_comments=True) for n in (1, 2, 3, 4)],
    *[Call("summarize-jira-issue", issue_key=f"DEMO-{n}") for n in (1, 3, 4, 7)],
    Call("get-jira-issue", issue_key="DEMO-999", fails=True),
    *[Call("get-jira-transitions", issue_key=f"DEMO-{n}") for n in (1, 2, 3)],
    Call("get-jira-transitions", issue_key="NONE-1", fails=True),
    Call("get-my-assigned-issues", include_done=True),
    Call("get-my-assigned-issues", include_done=True, max_results=1),
    Call("get-my-assigned-issues"),
    Call("get-agile-boards"),
    Call("get-agile-boards", project_key="DEMO"),
    *[Call("get-board-sprints", board_id="1", state=state) for state in ("active", "closed", "future", "all")],
    Call("get-board-sprints", board_id="1"),
    Call("get-daily-standup-summary", board_id="1"),
    *[Call("get-task-assignment-recommendations", issue_key=f"DEMO-{n}") for n in (1, 3)],
    *[Call("estimate-story-points", issue_key=f"DEMO-{n}") for n in (1, 3, 4)],
    Call("create-jira-issue", project_key="DEMO", summary="Oil the mill", issue_type="Task",
         description="See https://github.com/engine/mill and https://wiki.example/wiki/Oil now", assignee="grace"),
    Call("create-jira-issue", project_key="NONE", summary="x", issue_type="Task", fails=True),
    Call("get-jira-issue", issue_key="DEMO-13"),
    Call("comment-jira-issue", issue_key="DEMO-13", comment="Clone git@host.example:engine/mill first"),
    Call("extract-confluence-links", issue_key="DEMO-13"),
    Call("extract-confluence-links", issue_key="DEMO-13", include_git_urls=False),
    Call("extract-confluence-links", issue_key="DEMO-2"),
    Call("transition-jira-issue", issue_key="DEMO-13", transition_name="In Progress"),
    Call("transition-jira-issue", issue_key="DEMO-13", transition_id="41"),
    Call("transition-jira-issue", issue_key="DEMO-13", transition_name="Nirvana", fails=True),
    Call("get-jira-issue", issue_key="DEMO-13", include_comments=True),
    Call("get-confluence-page", page_id=HOME),
    Call("get-confluence-page", page_id=PLAN),
    Call("get-confluence-page", title="Plan", space_key="DEMO"),
    Call("get-confluence-page", page_id=PLAN, include_comments=True, include_history=True),
    Call("get-confluence-page", page_id="1", fails=True),
    Call("ask-confluence-page", page_id=HOME, question="What?"),
    Call("ask-confluence-page", page_id=HOME, question="What?", context_type="details"),
    Call("ask-confluence-page", title="Plan", space_key="DEMO", question="When?", context_type="specific"),
    Call("search-confluence", query="cards"),
    Call("search-confluence", query="cards", space_key="DEMO", max_results=1),
    Call("search-confluence", query="the engine runs a program from cards"),
    Call("search-confluence", query='title ~ "Plan"'),
    Call("search-confluence", query="nowheretobefound"),
    Call("create-confluence-page", space_key="DEMO", title="Oil", content="# Where\n\nIn **drums**", parent_id=PLAN),
    Call("create-confluence-page", space_key="DEMO", title="Plain", content="only words"),
    Call("create-confluence-page", space_key="NONE", title="Oil", content="x", fails=True),
    Call("get-confluence-page", title="Oil", space_key="DEMO"),
    Call("get-confluence-page", title="Plain", space_key="DEMO"),
    Call("update-confluence-page", page_id=PLAN, title="Plan", content="<p>Now</p>", version=2),
    Call("update-confluence-page", page_id=PLAN, title="Plan", content="<p>Again</p>", version=2, fails=True),
    Call("update-confluence-page", page_id=PLAN, title="Plan", content="<p>Again</p>"),
    Call("get-confluence-page", page_id=PLAN),
    Call("comment-confluence-page", page_id=PLAN, comment="<p>So soon?</p>"),
    Call("get-confluence-page", page_id=PLAN, include_comments=True),
]


# --- what differs ------------------------------------------------------------------------------------------

WORDS = re.compile(r"[^\W_]+")


def words(text):
    """Of a text in whatever markup, without the numbers of lists and the marks of headings and code."""
    return WORDS.findall(re.sub(r"(?m)^(h[1-6]\.|\s*\d+[.)]) |\{code(:\w+)?\}|```\w*", " ", text))


def same_words(theirs, ours):
    return words(theirs) == words(ours)


def no_word_lost(theirs, ours):
    """All that they show is in ours, letter by letter in its order; theirs leaves out links, glues cells together, and
    shows the numbers and states of tasks, which are boxes in ours."""
    theirs = re.sub(r"\d+(in)?complete", "", theirs)
    rest = iter(re.sub(r"[^a-z]", "", ours.lower()))
    return all(letter in rest for letter in re.sub(r"[^a-z]", "", theirs.lower()))


def failed(*signs):
    return lambda theirs, ours: any(sign in theirs for sign in signs) and not ours.startswith("Error")


def without(pattern, then=lambda theirs, ours: theirs == ours):
    return lambda theirs, ours: then(re.sub(pattern, "", theirs), re.sub(pattern, "", ours))


class Row:
    """What is answered otherwise, of which tools; verdict: for the table; is_same says whether it is no more than that."""

    def __init__(self, tools, verdict, why, is_same):
        self.tools, self.verdict, self.why, self.is_same = tools, verdict, why, is_same

    def fits(self, call, theirs, ours):
        return re.fullmatch(self.tools, call.tool) is not None and self.is_same(theirs, ours)


DUE = r"(?m)^(\*\*Due Date\*\*|  - Due Date): .*$"
ISSUES = "get-jira-issue|summarize-jira-issue|get-my-assigned-issues"
ROWS = [
    Row(ISSUES, "superset", "the due date is told; theirs does not ask for it, or says None", without(DUE)),
    Row("get-jira-issue|summarize-jira-issue", "differs", "texts are Markdown, theirs are markup of Jira",
        without(DUE, same_words)),
    Row("get-jira-issue", "superset", "an issue that nobody has is shown; theirs fails on it", failed("'NoneType' object")),
    Row("get-my-assigned-issues", "superset", "done is what the category says; theirs asks for statuses by name, and Jira "
        "refuses the search where one of them does not exist", failed("400 Bad Request")),
    Row("transition-jira-issue", "superset", "success is told as such; theirs reads the empty answer as a fault",
        failed("Expecting value")),
    Row("estimate-story-points", "differs", "characters of a description are counted in Markdown; and story points of like "
        "issues are asked for, which theirs looks for and does not ask for", without(r"Description length: \d+")),
    Row("get-confluence-page|ask-confluence-page", "superset", "tables, lists, macros and links of a page are kept; theirs "
        "glues their words together", no_word_lost),
    Row("get-confluence-page", "superset", "comments have author and time, and replies are among them",
        without(r"\*\*Unknown\*\* on : ", no_word_lost)),
    Row("ask-confluence-page", "differs", "the text is told once; theirs says it twice for `details`",
        lambda theirs, ours: "**Full Content:**" in theirs and
        no_word_lost(theirs[:theirs.index("**Full Content:**")], ours)),
    Row("search-confluence", "superset", "the time of the last change is told", without(r"Last Modified: \S+")),
]


class Theirs(Side):
    def __init__(self, stack, kind):
        program = os.path.join(harness.PEERS, "mcp-jira-confluence", "bin", "mcp-jira-confluence")
        super().__init__(stack, kind, "mcp-jira-confluence", [program], {})


class Ours(Side):
    def __init__(self, stack, kind):
        super().__init__(stack, kind, "bascule", [harness.BASCULE, "serve", "--transport", "stdio"], {"TOOLSETS": "classic"})


def is_failure(result):
    """Theirs does not say so: its texts do."""
    text = result["content"][0]["text"]
    return bool(result.get("isError")) or text.startswith(("Error ", "❌"))


class Pair:
    def __init__(self, stack):
        self.theirs, self.ours = Theirs(stack, "Data Center"), Ours(stack, "Data Center")
        self.process = self.ours.process
        self.theirs.begin()
        self.ours.begin()
        self.seen, self.used = {}, set()

    def both(self, method, params):
        for side in self.theirs, self.ours:
            response = side.stdio.request(method, params)
            check("result" in response, f"{side.name}: {response}")
            yield response["result"]

    def shown(self, side, result):
        """The text, with what is the sandbox's own put aside, and the resources beside it."""
        blocks = result["content"]
        text = blocks[0]["text"].replace(side.origin, "SITE").rstrip()
        return text, [(b["resource"]["uri"], b["resource"]["mimeType"]) for b in blocks if b["type"] == "resource"]

    def compare(self, call):
        a, b = self.both("tools/call", {"name": call.tool, "arguments": call.arguments})
        verdicts = self.seen.setdefault(call.tool, set())
        if call.fails:
            return [] if is_failure(a) and b.get("isError") else [f"not refused by both: {a}, {b}"]
        if b.get("isError"):
            return [f"ours fails: {b}"]
        (theirs, beside), (ours, ours_beside) = self.shown(self.theirs, a), self.shown(self.ours, b)
        wrong = [] if is_failure(a) or beside == ours_beside else [f"resources {beside}, ours {ours_beside}"]
        if theirs == ours:
            return wrong
        for n, row in enumerate(ROWS):
            if row.fits(call, theirs, ours):
                self.used.add(n)
                verdicts.add(n)
                return wrong
        return wrong + [f"theirs {harness.short(theirs)}, ours {harness.short(ours)}"]


@contextlib.contextmanager
def pair():
    with contextlib.ExitStack() as stack:
        yield Pair(stack)


group = harness.Group("classic", pair, needs=("mcp-jira-confluence",), more=True)


@group.test("tools and prompts have the same names and parameters")
def lists(both):
    a, b = both.both("tools/list", {})
    mine, yours = ({tool["name"]: {
        name: (one.get("enum"), one.get("default")) for name, one in tool["inputSchema"]["properties"].items()
        if name != "dry_run"}               # of all our tools that write
        for tool in one["tools"]} for one in (a, b))
    same(yours, mine, "tools")
    a, b = both.both("prompts/list", {})
    mine, yours = ({prompt["name"]: {one["name"]: one["required"] for one in prompt["arguments"]}
                    for prompt in one["prompts"]} for one in (a, b))
    same(yours, mine, "prompts")


@group.test(f"{len(CALLS)} calls are answered the same, or with more")
def calls(both):
    wrong = [f"{call.tool} {call.arguments}: {text}" for call in CALLS for text in both.compare(call)]
    check(not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:12]))
    left = [row.why for n, row in enumerate(ROWS) if n not in both.used]
    check(not left, f"rows that nothing needs: {left}")
    page(both.seen)


@group.test("prompts ask for the same of the same text")
def prompts(both):
    for name, arguments in (("create-jira-description", {"summary": "It burns", "issue_type": "Bug"}),
                            ("create-jira-description", {"summary": "It runs", "issue_type": "Story"}),
                            ("create-confluence-content", {"title": "Cards", "topic": "cards"}),
                            ("summarize-jira-issue", {"issue_key": "DEMO-5", "style": "detailed"}),
                            ("summarize-confluence-page", {"page_id": "98307"}),
                            ("answer-confluence-question", {"page_id": "98307", "question": "How?"})):
        a, b = both.both("prompts/get", {"name": name, "arguments": arguments})
        same(b["description"], a["description"], name)
        first = [one["messages"][0]["content"]["text"].split("\n")[0].split(" Use ")[0] for one in (a, b)]
        same(first[1], first[0], name)
        same([m["role"] for m in b["messages"]], [m["role"] for m in a["messages"]], name)


@group.test("resources are read, which theirs cannot do")
def resources(both):
    for uri, begin in (("jira://issue/DEMO-5", "# DEMO-5: "), (f"confluence://space/DEMO/page/{HOME}", "# ")):
        a, b = both.both("resources/read", {"uri": uri})
        check(a["contents"][0]["text"].startswith(("Error: Could not read resource", begin)), str(a))
        check(b["contents"][0]["text"].startswith(begin), str(b))


def page(seen):
    """The table in docs/classic.md: a row a tool."""
    lines = ["", "| tool | parity | because |", "|---|---|---|"]
    for tool in sorted(seen):
        rows = [ROWS[n] for n in sorted(seen[tool])]
        verdict = "differs" if any(r.verdict == "differs" for r in rows) else "superset" if rows else "equal"
        lines.append(f"| `{tool}` | {verdict} | {'; '.join(r.why for r in rows)} |")
    lines += ["", f"{len(seen)} of 19 tools, {len(CALLS)} calls.", ""]
    with open(PAGE) as f:
        text = f.read()
    head, rest = text.split(MARKS[0])
    made = head + MARKS[0] + "\n".join(lines) + MARKS[1] + rest.split(MARKS[1])[1]
    if os.environ.get("BASCULE_GOLDEN") == "write":
        with open(PAGE, "w") as f:
            f.write(made)
    with open(PAGE) as f:
        same(f.read(), made, "docs/classic.md")
