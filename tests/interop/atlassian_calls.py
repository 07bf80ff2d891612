"""The calls that are made of both Jira and Confluence servers, in order: a tool, its arguments, and perhaps what later
calls take from the answer.

`Call(tool, keep={name: path}, **arguments)`: a path is made of members and indexes, `issue.key`, `0.id`; `$name` in a
later argument stands for what was kept, `$name/text` inside a longer text likewise.  `fails` says that both must
refuse, or where (DC).  The data are those of a fresh `bascule sandbox`, its Data Center (docs/sandbox.md); on_cloud()
makes the same call of its Cloud.
"""
import json
import re


class Call:
    def __init__(self, tool, keep=None, fails=False, **arguments):
        self.tool, self.keep, self.fails, self.arguments = tool, keep or {}, fails, arguments

    def name(self):
        return f"{self.tool} {json.dumps(self.arguments, ensure_ascii=False)}"[:150]


DC, CLOUD = "Data Center", "Cloud"
# Data Center knows people by their names, Cloud by address or account.
ACCOUNTS = {"ada": "5b10a2844c20165700ede21a", "grace": "5b10a2844c20165700ede21b",
            "linus": "5b10a2844c20165700ede21c", "JIRAUSER10101": "5b10a2844c20165700ede21b"}


def on_cloud(call):
    arguments = dict(call.arguments)
    for name in ("assignee", "fields"):
        if isinstance(arguments.get(name), str):
            arguments[name] = re.sub(r'^(ada|grace|linus)$|(?<="assignee": ")(ada|grace|linus)(?=")',
                                     lambda m: m[0] + "@sandbox.example", arguments[name])
    if arguments.get("user_identifier") in ACCOUNTS:
        arguments["user_identifier"] = ACCOUNTS[arguments["user_identifier"]]
    if arguments.get("username") in ACCOUNTS:
        arguments["account_id"] = ACCOUNTS[arguments.pop("username")]
    for name in ("read_users", "edit_users"):
        if name in arguments:
            arguments[name] = [ACCOUNTS[user] for user in arguments[name]]
    return Call(call.tool, call.keep, call.fails not in (False, DC), **arguments)


PLAN, HOME, HOW, CARDS, PRINTING, NOTES, DOCS, CODES, GLOSSARY = (
    str(n) for n in (98306, 98305, 98307, 98308, 98309, 98310, 98311, 98312, 98313))

ISSUES = [
    *[Call("jira_get_issue", issue_key=f"DEMO-{n}") for n in range(1, 13)],
    *[Call("jira_get_issue", issue_key=f"OPS-{n}") for n in (1, 2, 3)],
    Call("jira_get_issue", issue_key="DEMO-1", fields="*all"),
    Call("jira_get_issue", issue_key="DEMO-2", fields="*all", comment_limit=0),
    Call("jira_get_issue", issue_key="DEMO-4", fields="*all", comment_limit=1),
    Call("jira_get_issue", issue_key="DEMO-5", fields="*all"),
    Call("jira_get_issue", issue_key="DEMO-4", fields="summary,status"),
    Call("jira_get_issue", issue_key="DEMO-4", fields="summary", expand="changelog"),
    Call("jira_get_issue", issue_key="DEMO-2", fields="summary,customfield_10016,customfield_10030"),
    Call("jira_get_issue", issue_key="DEMO-2", fields="*all", use_display_names=True),
    Call("jira_get_issue", issue_key="DEMO-4", include="transitions,watchers,remote_links"),
    Call("jira_get_issue", issue_key="DEMO-5", fields="parent,issuetype"),
    Call("jira_get_issue", issue_key="DEMO-4", fields="subtasks,issuelinks,attachment"),
    Call("jira_get_issue", issue_key="DEMO-7", fields="duedate,timetracking,worklog,fixVersions,components"),
    Call("jira_get_issue", fails=True, issue_key="DEMO-999"),
    Call("jira_get_issue", fails=True, issue_key="demo-4"),
    Call("jira_get_issue", fails=True),
    Call("jira_get_issue", fails=True, issue_key="DEMO-4", nonsense=1),
    Call("jira_search", jql="project = DEMO ORDER BY key"),
    Call("jira_search", jql="project = DEMO ORDER BY key", limit=3, start_at=2),
    Call("jira_search", jql="project = OPS AND status = 'In Progress'"),
    Call("jira_search", jql="assignee = ada ORDER BY created DESC", fields="summary,assignee"),
    Call("jira_search", jql="labels in (moth, docs) ORDER BY key", fields="*all", limit=5),
    Call("jira_search", jql="text ~ moth ORDER BY key"),
    Call("jira_search", jql="summary ~ printer"),
    Call("jira_search", jql="project = DEMO AND resolution is EMPTY ORDER BY priority DESC, key"),
    Call("jira_search", jql="ORDER BY key", projects_filter="OPS"),
    Call("jira_search", jql="key in (DEMO-1, DEMO-2)", expand="changelog"),
    Call("jira_search", jql="key = DEMO-2", fields="summary,customfield_10016", use_display_names=True),
    Call("jira_search", fails=True, jql="project = = DEMO"),
    Call("jira_search", fails=True, jql="nosuchfield = 1"),
    Call("jira_get_project_issues", project_key="DEMO"),
    Call("jira_get_project_issues", project_key="OPS", limit=2, start_at=1),
    Call("jira_search_fields", keyword="epic"),
    Call("jira_search_fields", keyword="points", limit=3),
    Call("jira_search_fields", keyword=""),
    Call("jira_search_fields", keyword="sprint", refresh=True),
    Call("jira_get_field_options", field_id="customfield_10030", project_key="DEMO", issue_type="Story"),
    Call("jira_get_field_options", field_id="customfield_10031", project_key="DEMO", issue_type="Bug", values_only=True),
    Call("jira_get_field_options", field_id="customfield_10030", project_key="DEMO", issue_type="Task", contains="mi"),
    Call("jira_get_field_options", field_id="customfield_10030", project_key="DEMO", issue_type="Task", return_limit=1),
    Call("jira_get_field_options", fails=DC, field_id="customfield_10030"),
    Call("jira_get_transitions", issue_key="DEMO-3"),
    Call("jira_get_transitions", issue_key="OPS-1"),
    Call("jira_get_transitions", fails=True, issue_key="DEMO-999"),
]

AGILE = [
    Call("jira_get_agile_boards"),
    Call("jira_get_agile_boards", project_key="DEMO", board_type="scrum"),
    Call("jira_get_agile_boards", board_name="demo", limit=1),
    Call("jira_get_agile_boards", board_type="kanban"),
    Call("jira_get_sprints_from_board", board_id="1"),
    Call("jira_get_sprints_from_board", board_id="1", state="active"),
    Call("jira_get_sprints_from_board", board_id="1", limit=1, start_at=1),
    Call("jira_get_board_issues", board_id="1", jql="ORDER BY key"),
    Call("jira_get_board_issues", board_id="1", jql="labels = cards", fields="summary"),
    Call("jira_get_sprint_issues", sprint_id="2"),
    Call("jira_get_sprint_issues", sprint_id="1", fields="summary,status", limit=1),
    Call("jira_get_board_issues", fails=True, board_id="99", jql="ORDER BY key"),
    Call("jira_create_sprint", keep={"sprint": "id"}, board_id="1", name="Sprint nine", goal="Less noise",
         start_date="2041-08-01T09:00:00.000+0000", end_date="2041-08-15T09:00:00.000+0000"),
    Call("jira_update_sprint", sprint_id="$sprint", name="Sprint ten", state="active"),
    Call("jira_add_issues_to_sprint", sprint_id="$sprint", issue_keys="DEMO-8,DEMO-9"),
    Call("jira_get_sprint_issues", sprint_id="$sprint"),
    Call("jira_move_issues_to_backlog", issue_keys="DEMO-8"),
    Call("jira_get_sprint_issues", sprint_id="$sprint", fields="summary"),
    Call("jira_update_sprint", fails=True, sprint_id="999", name="None"),
    Call("jira_add_issues_to_sprint", fails=True, sprint_id="999", issue_keys="DEMO-8"),
]

WRITES = [
    Call("jira_create_issue", keep={"bug": "issue.key"}, project_key="DEMO", summary="The bell is too loud",
         issue_type="Bug", description="It **hurts**.\n\n- ears\n- mood\n\n```c\nbell_ring();\n```"),
    Call("jira_get_issue", issue_key="$bug", fields="*all"),
    Call("jira_create_issue", keep={"task": "issue.key"}, project_key="DEMO", summary="Buy oil", issue_type="Task",
         assignee="grace", additional_fields='{"priority": {"name": "High"}, "labels": ["oil", "shop"]}'),
    Call("jira_get_issue", issue_key="$task", fields="*all"),
    Call("jira_create_issue", keep={"sub": "issue.key"}, project_key="DEMO", summary="Take it down",
         issue_type="Sub-task", additional_fields='{"parent": "DEMO-4"}'),
    Call("jira_get_issue", issue_key="$sub", fields="summary,parent,issuetype"),
    Call("jira_create_issue", keep={"epic": "issue.key"}, project_key="DEMO", summary="All about noise", issue_type="Epic"),
    Call("jira_create_issue", fails=True, project_key="NONE", summary="x", issue_type="Bug"),
    Call("jira_create_issue", fails=True, project_key="DEMO", summary="x", issue_type="Nonsense"),
    Call("jira_create_issue", fails=True, project_key="DEMO", summary="x", issue_type="Bug", additional_fields="{no json"),
    Call("jira_batch_create_issues", validate_only=True,
         issues='[{"project_key": "DEMO", "summary": "one", "issue_type": "Task"}]'),
    Call("jira_batch_create_issues",
         issues='[{"project_key": "DEMO", "summary": "one", "issue_type": "Task"}, '
                '{"project_key": "OPS", "summary": "two", "issue_type": "Incident", "description": "*d*"}]'),
    Call("jira_search", jql="summary ~ one OR summary ~ two ORDER BY key", fields="summary,issuetype"),
    Call("jira_update_issue", issue_key="$bug", fields='{"summary": "The bell is far too loud"}'),
    Call("jira_update_issue", issue_key="$bug", fields='{"assignee": "linus", "description": "# Now\\n\\nquieter"}',
         additional_fields='{"labels": ["bell"]}', return_fields="summary,assignee,description,labels"),
    Call("jira_update_issue", issue_key="$bug", fields="{}", additional_fields='{"customfield_10016": 3}'),
    Call("jira_update_issue", fails=True, issue_key="DEMO-999", fields='{"summary": "x"}'),
    Call("jira_update_issue", fails=True, issue_key="$bug", fields="[1]"),
    Call("jira_assign_issue", issue_key="$task", assignee="ada"),
    Call("jira_assign_issue", issue_key="$task"),
    Call("jira_get_issue", issue_key="$task", fields="assignee"),
    Call("jira_add_comment", keep={"comment": "id"}, issue_key="$bug", body="I hear it _too_.\n\n1. first\n2. second"),
    Call("jira_edit_comment", issue_key="$bug", comment_id="$comment", body="I heard it."),
    Call("jira_get_issue", issue_key="$bug"),
    Call("jira_add_comment", fails=True, issue_key="DEMO-999", body="x"),
    Call("jira_edit_comment", fails=True, issue_key="$bug", comment_id="999999", body="x"),
    Call("jira_transition_issue", issue_key="$bug", transition_id="21"),
    Call("jira_transition_issue", issue_key="$bug", transition_id="41", comment="Done *now*."),
    Call("jira_get_issue", issue_key="$bug", fields="status,resolution"),
    Call("jira_transition_issue", fails=True, issue_key="$bug", transition_id="999"),
    Call("jira_delete_issue", issue_key="$sub"),
    Call("jira_get_issue", fails=True, issue_key="$sub"),
    Call("jira_delete_issue", fails=True, issue_key="DEMO-999"),
    # Cloud alone has these.
    Call("jira_batch_get_changelogs", fails=DC, issue_ids_or_keys="DEMO-1,DEMO-2"),
    Call("jira_move_issue", fails=True, issue_key="DEMO-3", target_project_key="OPS"),
]

PAGES = [
    *[Call("confluence_get_page", page_id=page) for page in (PLAN, HOME, HOW, CARDS, PRINTING, NOTES, DOCS, CODES, GLOSSARY)],
    Call("confluence_get_page", title="Plan", space_key="DEMO"),
    Call("confluence_get_page", page_id=PLAN, include_metadata=False),
    Call("confluence_get_page", page_id=HOW, convert_to_markdown=False),
    Call("confluence_get_page", fails=True, page_id="1"),
    Call("confluence_get_page", fails=True),
    Call("confluence_search", query="mill"),
    Call("confluence_search", query="type = page AND space = DEMO", limit=3),
    Call("confluence_search", query="text ~ moth", spaces_filter="DEMO"),
    Call("confluence_search", query="label = cards"),
    Call("confluence_search", fails=True, query="type = = page"),
    Call("confluence_get_page_children", parent_id=HOME),
    Call("confluence_get_page_children", parent_id=HOW, include_content=True),
    Call("confluence_get_page_children", parent_id=HOME, limit=1, start=1),
    Call("confluence_get_page_children", parent_id=GLOSSARY),
    Call("confluence_get_space_page_tree", space_key="DEMO"),
    Call("confluence_get_space_page_tree", space_key="DOCS", limit=2),
    Call("confluence_get_comments", page_id=PLAN),
    Call("confluence_get_comments", page_id=HOW),
    Call("confluence_get_inline_comments", page_id=PLAN),
    Call("confluence_get_page_history", page_id=PLAN, version=1),
    Call("confluence_get_page_diff", page_id=PLAN, from_version=1, to_version=2),
    Call("confluence_get_page_restrictions", page_id=PLAN),
    Call("confluence_create_page", keep={"page": "page.id"}, space_key="DEMO", title="Oil", parent_id=HOME,
         content="# Oil\n\nUse **little**.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## Where\n\n- axle\n- mill"),
    Call("confluence_get_page", page_id="$page"),
    Call("confluence_create_page", keep={"raw": "page.id"}, space_key="DEMO", title="Raw", content_format="storage",
         content="<p>As <em>is</em></p>", include_content=True),
    Call("confluence_create_page", fails=True, space_key="DEMO", title="Oil", content="again"),
    Call("confluence_create_page", fails=True, space_key="NONE", title="x", content="x"),
    Call("confluence_update_page", page_id="$page", title="Oil", content="Use *very* little.\n\n## Where\n\nEverywhere.",
         version_comment="less"),
    Call("confluence_get_page", page_id="$page"),
    Call("confluence_update_page_section", page_id="$page", heading_text="Where", new_content="Only on the axle."),
    Call("confluence_get_page", page_id="$page"),
    Call("confluence_update_page_section", fails=True, page_id="$page", heading_text="No such heading", new_content="x"),
    Call("confluence_update_page", fails=True, page_id="1", title="x", content="x"),
    Call("confluence_get_page_diff", page_id="$page", from_version=1, to_version=2),
    Call("confluence_add_comment", keep={"remark": "comment.id"}, page_id="$page", body="Which **oil**?"),
    Call("confluence_reply_to_comment", comment_id="$remark", body="Any."),
    Call("confluence_get_comments", page_id="$page"),
    Call("confluence_set_page_restrictions", page_id="$page", read_users=["ada"], edit_users=["ada", "grace"]),
    Call("confluence_get_page_restrictions", page_id="$page"),
    Call("confluence_move_page", page_id="$page", target_parent_id=PLAN),
    Call("confluence_get_page_children", parent_id=PLAN),
    Call("confluence_copy_page", source_page_id="$page", destination_space_key="DEMO", new_title="Oil, a copy",
         destination_parent_id=HOME),
    Call("confluence_delete_page", page_id="$raw"),
    Call("confluence_get_page", fails=True, page_id="$raw"),
    Call("confluence_delete_page", fails=True, page_id="1"),
    Call("confluence_add_comment", fails=True, page_id="1", body="x"),
    Call("confluence_add_inline_comment", page_id=GLOSSARY, body="Sure?", text_selection="Where numbers are kept."),
    Call("confluence_get_inline_comments", page_id=GLOSSARY),
    Call("confluence_add_inline_comment", fails=True, page_id="1", body="Sure?", text_selection="Where"),
]

CALLS = {"issues": ISSUES, "agile": AGILE, "writes": WRITES, "pages": PAGES}

PARTS = [
    Call("jira_get_user_profile", user_identifier="grace"),
    Call("jira_get_user_profile", user_identifier="linus@sandbox.example"),
    Call("jira_get_user_profile", user_identifier="JIRAUSER10101"),
    Call("jira_get_user_profile", fails=True, user_identifier="nobody"),
    Call("jira_get_user_profile", fails=True),
    Call("jira_search_assignable_users", query="a", project_key="DEMO"),
    Call("jira_search_assignable_users", query="grace", issue_key="DEMO-1", limit=1),
    Call("jira_search_assignable_users", query="zzz", project_key="DEMO"),
    Call("jira_search_assignable_users", fails=True, query="a"),
    Call("jira_search_assignable_users", fails=True, query="a", project_key="DEMO", issue_key="DEMO-1"),
    Call("jira_get_issue_watchers", issue_key="DEMO-2"),
    Call("jira_add_watcher", issue_key="DEMO-2", user_identifier="linus"),
    Call("jira_add_watcher", fails=True, issue_key="DEMO-2", user_identifier="nobody"),
    Call("jira_add_watcher", fails=True, issue_key="DEMO-999", user_identifier="linus"),
    Call("jira_get_issue_watchers", issue_key="DEMO-2"),
    Call("jira_remove_watcher", issue_key="DEMO-2", username="linus"),
    Call("jira_remove_watcher", fails=True, issue_key="DEMO-2"),
    Call("jira_get_issue_watchers", issue_key="DEMO-2"),
    Call("jira_get_issue_watchers", fails=True, issue_key="DEMO-999"),
    Call("jira_get_worklog", issue_key="DEMO-4"),
    Call("jira_get_worklog", issue_key="DEMO-2"),
    Call("jira_get_worklog", fails=True, issue_key="DEMO-999"),
    Call("jira_add_worklog", keep={"log1": "worklog.id"}, issue_key="DEMO-2", time_spent="1h 30m", comment="Found it",
         started="2030-01-31T09:00:00.000+0000"),
    Call("jira_add_worklog", keep={"log2": "worklog.id"}, issue_key="DEMO-2", time_spent="45m",
         original_estimate="3h", remaining_estimate="1h"),
    Call("jira_add_worklog", keep={"log3": "worklog.id"}, issue_key="DEMO-2", time_spent="90s"),
    Call("jira_add_worklog", fails=True, issue_key="DEMO-999", time_spent="1h"),
    Call("jira_get_worklog", issue_key="DEMO-2"),
    Call("jira_get_issue", issue_key="DEMO-2", fields="timetracking"),
    Call("jira_add_worklog", keep={"log4": "worklog.id"}, issue_key="DEMO-2", time_spent="1d"),
    Call("jira_get_link_types"),
    Call("jira_get_link_types", name_filter="LATES"),
    Call("jira_create_issue_link", link_type="Blocks", inward_issue_key="DEMO-1", outward_issue_key="DEMO-2"),
    Call("jira_create_issue_link", link_type="Relates", inward_issue_key="DEMO-1", outward_issue_key="DEMO-3",
         comment="See there", comment_visibility='{"type":"role","value":"Administrators"}'),
    Call("jira_create_issue_link", fails=True, link_type="Nonsense", inward_issue_key="DEMO-1",
         outward_issue_key="DEMO-3"),
    Call("jira_create_issue_link", fails=True, link_type="Blocks", inward_issue_key="DEMO-1",
         outward_issue_key="DEMO-999"),
    Call("jira_get_issue", keep={"link": "issuelinks.0.id", "other": "issuelinks.1.id"}, issue_key="DEMO-1",
         fields="issuelinks"),
    Call("jira_remove_issue_link", link_id="$link"),
    Call("jira_remove_issue_link", fails=True, link_id="$link"),
    Call("jira_create_remote_issue_link", issue_key="DEMO-1", url="https://example.com/a?b=c#d", title="Page",
         summary="What it says", relationship="causes", icon_url="https://example.com/i.png"),
    Call("jira_create_remote_issue_link", issue_key="DEMO-1", url="https://example.com", title="Page"),
    Call("jira_create_remote_issue_link", fails=True, issue_key="DEMO-999", url="https://example.com", title="Page"),
    Call("jira_get_issue", issue_key="DEMO-1", fields="summary", include="remote_links"),
    Call("jira_link_to_epic", issue_key="DEMO-9", epic_key="DEMO-11"),
    Call("jira_link_to_epic", fails=True, issue_key="DEMO-9", epic_key="DEMO-2"),
    Call("jira_link_to_epic", fails=True, issue_key="DEMO-9", epic_key="DEMO-999"),
    Call("jira_download_attachments", issue_key="DEMO-4"),
    Call("jira_download_attachments", issue_key="DEMO-1"),
    Call("jira_download_attachments", fails=True, issue_key="DEMO-999"),
    Call("jira_get_issue_images", issue_key="DEMO-4"),
    Call("jira_get_issue_images", issue_key="DEMO-1"),
    Call("jira_get_issue_images", fails=True, issue_key="DEMO-999"),
]
CALLS["parts"] = PARTS
PROJECTS = [
    Call("jira_get_all_projects"),
    Call("jira_get_all_projects", include_archived=True),
    Call("jira_search_projects", query="de"),
    Call("jira_search_projects", query="o", max_results=1),
    Call("jira_search_projects", query="no such project"),
    Call("jira_get_project_issue_types", project_key="DEMO"),
    Call("jira_get_project_issue_types", project_key="OPS"),
    Call("jira_get_create_fields", project_key="DEMO", issue_type_id="10000"),
    Call("jira_get_create_fields", project_key="OPS", issue_type_id="10005"),
    Call("jira_get_project_fields", project_key="DEMO"),
    Call("jira_get_project_fields", project_key="OPS"),
    Call("jira_get_project_versions", project_key="DEMO"),
    Call("jira_get_project_components", project_key="DEMO"),
    Call("jira_get_project_components", project_key="OPS"),
    Call("jira_create_version", keep={"version": "id"}, project_key="DEMO", name="5.0", start_date="2041-01-01",
         release_date="2041-02-01", description="Five"),
    Call("jira_create_version", fails=True, project_key="DEMO", name="5.0"),
    Call("jira_create_version", fails=True, project_key="NONE", name="5.0"),
    Call("jira_batch_create_versions", keep={"six": "0.version.id"}, project_key="DEMO",
         versions='[{"name": "6.0", "releaseDate": "2042-01-01"}, {"name": "5.0"}, {"description": "no name"}]'),
    Call("jira_batch_create_versions", project_key="DEMO", versions="[]"),
    Call("jira_batch_create_versions", fails=True, project_key="DEMO", versions="{no json"),
    Call("jira_update_version", version_id="$version", name="5.0.1", released=True, archived=False),
    Call("jira_update_version", version_id="$version", description="Five, mended", release_date="2041-02-02"),
    Call("jira_update_version", fails=True, version_id="999999", name="x"),
    Call("jira_get_project_versions", project_key="DEMO"),
]

METRICS = [
    *[Call("jira_get_issue_dates", issue_key=f"DEMO-{n}") for n in (1, 2, 4, 5, 7, 8)],
    Call("jira_get_issue_dates", issue_key="OPS-3", include_status_changes=False),
    Call("jira_get_issue_dates", issue_key="DEMO-2", include_status_summary=False),
    Call("jira_get_issue_dates", fails=True, issue_key="DEMO-999"),
    *[Call("jira_get_issue_sla", issue_key=key) for key in ("DEMO-2", "DEMO-4", "DEMO-8", "OPS-1", "OPS-3")],
    Call("jira_get_issue_sla", issue_key="DEMO-2", include_raw_dates=True,
         metrics="cycle_time,lead_time,time_in_status,due_date_compliance,resolution_time,first_response_time"),
    Call("jira_get_issue_sla", issue_key="DEMO-2", working_hours_only=True,
         metrics="cycle_time,lead_time,due_date_compliance,resolution_time,first_response_time"),
    Call("jira_get_issue_sla", issue_key="DEMO-5", working_hours_only=True, metrics="cycle_time,resolution_time"),
    Call("jira_get_issue_sla", issue_key="DEMO-7", metrics="due_date_compliance,first_response_time"),
    Call("jira_get_issue_sla", issue_key="DEMO-2", working_hours_only=True, metrics="time_in_status"),
    Call("jira_get_issue_sla", fails=True, issue_key="DEMO-999"),
]

CALLS["projects"] = PROJECTS
CALLS["metrics"] = METRICS

OUTAGE = '{"summary": "The bell is down", "description": "since noon", "customfield_10030": "Mill"}'
DESK = [
    Call("jira_get_service_desk_for_project", project_key="OPS"),
    Call("jira_get_service_desk_for_project", project_key="DEMO"),
    Call("jira_get_service_desk_queues", service_desk_id="1"),
    Call("jira_get_service_desk_queues", service_desk_id="1", start_at=1, limit=1),
    Call("jira_get_queue_issues", service_desk_id="1", queue_id="40"),
    Call("jira_get_queue_issues", service_desk_id="1", queue_id="42", limit=1),
    Call("jira_get_request_types", service_desk_id="1"),
    Call("jira_get_request_types", service_desk_id="1", limit=1),
    Call("jira_get_request_types", fails=True, service_desk_id="7"),
    Call("jira_get_request_type_fields", service_desk_id="1", request_type_id="20"),
    Call("jira_get_request_type_fields", service_desk_id="1", request_type_id="21"),
    Call("jira_get_request_type_fields", fails=True, service_desk_id="1", request_type_id="99"),
    Call("jira_create_customer_request", service_desk_id="1", request_type_id="21", request_field_values=OUTAGE),
    Call("jira_create_customer_request", service_desk_id="1", request_type_id="20", raise_on_behalf_of="carl",
         request_field_values='{"summary": "A cup"}', request_participants="ada,grace",
         attachments='[{"filename": "cup.txt", "mime_type": "text/plain", "base64": "Y3Vw"}]'),
    Call("jira_create_customer_request", service_desk_id="1", request_type_id="20", raise_on_behalf_of="nobody",
         request_field_values='{"summary": "A spoon"}'),
    Call("jira_create_customer_request", fails=True, service_desk_id="1", request_type_id="20", strict_on_behalf=True,
         raise_on_behalf_of="nobody", request_field_values='{"summary": "A fork"}'),
    Call("jira_create_customer_request", fails=True, service_desk_id="1", request_type_id="21",
         request_field_values='{"summary": "x"}'),
    Call("jira_create_customer_request", fails=True, service_desk_id="1", request_type_id="21",
         request_field_values=OUTAGE.replace("Mill", "Moon")),
    Call("jira_create_customer_request", fails=True, service_desk_id="1", request_type_id="20",
         request_field_values='{"summary": "x"}', attachments='[{"filename": "a", "base64": "?"}]'),
    Call("jira_get_issue_development_info", issue_key="DEMO-2"),
    Call("jira_get_issue_development_info", issue_key="DEMO-4", application_type="GitHub", data_type="pullrequest"),
    Call("jira_get_issue_development_info", issue_key="DEMO-4", application_type="stash"),
    Call("jira_get_issue_development_info", issue_key="DEMO-4", data_type="branch"),
    Call("jira_get_issue_development_info", issue_key="DEMO-5"),
    Call("jira_get_issue_development_info", fails=True, issue_key="DEMO-999"),
    Call("jira_get_issues_development_info", issue_keys="DEMO-2,DEMO-5"),
    Call("jira_get_issues_development_info", issue_keys="DEMO-4,DEMO-999"),
    Call("jira_create_issue_link", link_type="Blocks", inward_issue_key="OPS-2", outward_issue_key="DEMO-3"),
    Call("jira_create_issue_link", link_type="Relates", inward_issue_key="DEMO-1", outward_issue_key="OPS-1"),
    Call("jira_get_cross_project_dependencies", project_key="DEMO"),
    Call("jira_get_cross_project_dependencies", project_key="OPS", max_issues=5),
    Call("jira_get_project_epic_hierarchy", project_key="DEMO"),
    Call("jira_get_project_epic_hierarchy", project_key="OPS", max_epics=10),
    # Forms are on Cloud only.
    Call("jira_get_issue_proforma_forms", fails=True, issue_key="OPS-1"),
    Call("jira_get_proforma_form_details", fails=True, issue_key="OPS-1", form_id="1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a"),
    Call("jira_update_proforma_form_answers", fails=True, issue_key="OPS-1",
         form_id="1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a", answers=[{"questionId": "1", "type": "TEXT", "value": "x"}]),
]
CALLS["desk"] = DESK
