"""Requests against the published operations of Jira and Confluence, tools against those of the Python servers.

Every difference that is meant stands in a table here, with its reason; a row that nothing needs any more is wrong too.
"""
import csv
import json
import os
import re
import urllib.parse

# What the published operations lack: (product, method, path, "" or the query name or member of the body, why).
# Each was seen in the requests of the Python servers.
UNPUBLISHED = [
    ("confluence-dc", "POST", "/pages/movepage.action", "",
     "Data Center has no REST operation that moves a page; this is what its own pages call"),
    ("jira-dc", "POST", "/rest/servicedeskapi/request/{issueIdOrKey}/comment", "",
     "of Jira Service Management, whose operations are published for Cloud only; the same there"),
    ("jira-dc", "GET", "/rest/servicedeskapi/request/{issueIdOrKey}/comment/{commentId}", "", "likewise"),
    *[("jira-dc", method, "/rest/servicedeskapi/" + path, "", "likewise") for method, path in (
        ("GET", "servicedesk"), ("GET", "servicedesk/{serviceDeskId}/queue"),
        ("GET", "servicedesk/{serviceDeskId}/queue/{queueId}"),
        ("GET", "servicedesk/{serviceDeskId}/queue/{queueId}/issue"),
        ("GET", "servicedesk/{serviceDeskId}/requesttype"),
        ("GET", "servicedesk/{serviceDeskId}/requesttype/{requestTypeId}/field"), ("POST", "request"),
        ("POST", "request/{issueIdOrKey}/attachment"))],
    *[(product, "GET", "/rest/dev-status/1.0/issue/" + path, "", "of the development panel, not published")
      for product in ("jira-dc", "jira-cloud") for path in ("summary", "detail")],
    ("jira-dc", "GET", "/rest/api/2/issue/{issueIdOrKey}/worklog", "?startAt",
     "not described, and ignored by old versions, which send all at once"),
    ("jira-dc", "GET", "/secure/attachment/{id}/{filename}", "",
     "Data Center has no REST operation for the bytes of an attachment; this is the address that it names"),
    ("jira-dc", "GET", "/rest/api/2/issue/{issueIdOrKey}/worklog", "?maxResults", "likewise"),
    ("confluence-dc", "GET", "/download/attachments/{id}/{filename}", "",
     "Data Center has no REST operation for the bytes of an attachment; this is the address that it names"),
]

# Where the published description is wrong, or lacks what none of the traced calls shows.
MISDESCRIBED = [
    ("confluence-dc", "GET", "/rest/api/content/{id}/version", "",
     "the list of versions; only deleting one is described, mcp-jira-confluence asks for it there"),
    ("confluence-dc", "POST", "/rest/api/content/{id}/property", "/value",
     "any JSON is a value; the description was made from a class of Java that holds the text of it"),
    ("confluence-dc", "PUT", "/rest/api/content/{id}/property/{key}", "/value", "likewise"),
    ("jira-dc", "GET", "/rest/servicedeskapi/request/{issueIdOrKey}/sla", "",
     "of Jira Service Management, whose operations are published for Cloud only; the same there"),
    ("jira-dc", "GET", "/rest/servicedeskapi/servicedesk/{serviceDeskId}", "", "likewise"),
    ("jira-dc", "POST", "/rest/servicedeskapi/servicedesk/{serviceDeskId}/attachTemporaryFile", "", "likewise"),
    ("jira-cloud", "GET", "/_edge/tenant_info", "", "what a Cloud site tells of itself; known by use"),
    ("jira-cloud", "GET", "/jira/forms/cloud/{cloudId}/issue/{issueIdOrKey}/form", "", "of the Forms API, published apart"),
    ("jira-cloud", "GET", "/jira/forms/cloud/{cloudId}/issue/{issueIdOrKey}/form/{formId}", "", "likewise"),
    ("jira-cloud", "PUT", "/jira/forms/cloud/{cloudId}/issue/{issueIdOrKey}/form/{formId}", "", "likewise"),
]

# Where the sandbox sends to for the bytes of a file, as Cloud sends to its store.
MISDESCRIBED.append(("confluence-cloud-v1", "GET", "/wiki/store/{id}/binary", "", "of the sandbox: Cloud's own has another host"))

# Defaults that differ from the Python server's: (tool, parameter, theirs, ours, why).
CLASSIC = "mcp-jira-confluence"
DEFAULTS = [
    ("confluence_create_page", "content", None, "", "without content it is an empty page in both"),
]

# Types that differ: (tool, parameter, why). The other form is taken too, and stands in the golden cases.
JSON_TEXT = "an object instead of its JSON text"
NAMES = "names with commas, or a list of them"
TYPES = [
    ("update-confluence-page", "version", "a whole number"),
    ("jira_create_issue", "additional_fields", JSON_TEXT),
    ("jira_batch_create_issues", "issues", "a list instead of its JSON text"),
    ("jira_update_issue", "fields", JSON_TEXT),
    ("jira_update_issue", "additional_fields", JSON_TEXT),
    ("jira_update_issue", "attachments", "files with their content, or names below a folder, instead of any path"),
    ("jira_add_comment", "visibility", JSON_TEXT),
    ("jira_edit_comment", "visibility", JSON_TEXT),
    ("jira_transition_issue", "fields", JSON_TEXT),
    ("jira_create_issue_link", "comment_visibility", JSON_TEXT),
    ("jira_create_customer_request", "request_field_values", JSON_TEXT),
    ("jira_create_customer_request", "attachments", "a list instead of its JSON text"),
    ("jira_batch_create_versions", "versions", "a list instead of its JSON text"),
    ("confluence_set_page_restrictions", "read_users", NAMES),
    ("confluence_set_page_restrictions", "read_groups", NAMES),
    ("confluence_set_page_restrictions", "edit_users", NAMES),
    ("confluence_set_page_restrictions", "edit_groups", NAMES),
    ("confluence_upload_attachments", "file_paths", "files with their content, or names below a folder, instead of any paths"),
]

# Toolsets whose tools are all here, beside the default ones.
TOOLSETS = {
    "jira_agile",
    "jira_users",
    "jira_watchers",
    "jira_worklog",
    "jira_attachments",
    "jira_links",
    "jira_projects",
    "jira_metrics",
    "jira_service_desk",
    "jira_forms",
    "jira_development",
    "jira_project_analysis",
    "confluence_labels",
    "confluence_users",
    "confluence_analytics",
    "confluence_attachments",
    "confluence_templates",
    "confluence_permissions",
}

# Tools that are not offered on Data Center.
# mcp-jira-confluence says these by an anyOf of its schema.
ASKED = {("ask-confluence-page", "question")}
CLOUD_ONLY = {"jira_move_issue", "jira_get_issue_proforma_forms", "jira_get_proforma_form_details",
              "jira_update_proforma_form_answers", "confluence_get_page_views", "confluence_list_page_templates",
              "confluence_get_page_template", "confluence_create_page_from_template",
              "confluence_check_content_permissions", "confluence_get_space_permissions"}


def product_of(call):
    if call.site == "dc":
        return "confluence-dc" if call.is_wiki else "jira-dc"
    for prefix, product in (("/wiki/api/v2/", "confluence-cloud-v2"), ("/wiki/", "confluence-cloud-v1"),
                            ("/rest/agile/", "agile-cloud"), ("/rest/servicedeskapi/", "jsm-cloud")):
        if call.path.startswith(prefix):
            return product
    return "jira-cloud"


def pattern(template):
    parts = ("[^/]+" if part.startswith("{") else re.escape(part) for part in template.split("/"))
    return re.compile("/".join(parts) + r"\Z")


class Operations:
    def __init__(self, folder):
        self.rows = {}
        with open(os.path.join(folder, "atlassian-operations.jsonl"), encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                row["pattern"] = pattern(row["path"])
                self.rows.setdefault((row["product"], row["method"]), []).append(row)

    def find(self, product, method, path):
        fits = [row for row in self.rows.get((product, method), []) if row["pattern"].match(path)]
        return min(fits, key=lambda row: row["path"].count("{")) if fits else None


def is_scalar(kind, value):
    """A value in a body, against a type such as string, integer or string(a|b)."""
    name, _, enum = kind.partition("(")
    if value is None or name in ("any", "object"):
        return value is None or name == "any" or isinstance(value, dict)
    if name == "string":
        return isinstance(value, str) and (not enum or value in enum.rstrip(")").split("|"))
    if name == "boolean":
        return isinstance(value, bool)
    return isinstance(value, (int, float) if name == "number" else int) and not isinstance(value, bool)


def is_query(kind, value):
    """A text in a query, against a type."""
    name, _, enum = kind.partition("(")
    if name == "integer":
        return value.isdigit()
    if name == "boolean":
        return value in ("true", "false")
    return not (name == "string" and enum) or value in enum.rstrip(")").split("|")


def members(spec, value, at=""):
    """(member, what is wrong with it) for a body against its description."""
    if isinstance(spec, list):
        if not isinstance(value, list):
            yield at, "is not a list"
            return
        for item in value:
            yield from members(spec[0], item, at)
    elif isinstance(spec, dict):
        if not isinstance(value, dict):
            yield at, "is not an object"
            return
        known = {name.rstrip("!"): below for name, below in spec.items()}
        for name in spec:
            if name.endswith("!") and name[:-1] not in value:
                yield f"{at}/{name[:-1]}", "is required"
        for name, member in value.items():
            if name not in known:
                yield f"{at}/{name}", "is unknown"
            else:
                yield from members(known[name], member, f"{at}/{name}")
    elif not is_scalar(spec, value):
        yield at, f"is {json.dumps(value)[:60]}, not {spec}"


def queries(spec, text):
    known = {name.rstrip("!"): kind for name, kind in spec.items()}
    given = urllib.parse.parse_qsl(text, keep_blank_values=True)
    for name in spec:
        if name.endswith("!") and name[:-1] not in dict(given):
            yield "?" + name[:-1], "is required"
    for name, value in given:
        if name not in known:
            yield "?" + name, "is unknown"
        elif not is_query(known[name], value):
            yield "?" + name, f"is {value!r}, not {known[name]}"


def differences(operation, call, query):
    if operation.get("deprecated"):
        yield "", "is deprecated"
    yield from queries(operation.get("query") or {}, query)
    spec = operation.get("body")
    if call.parts is not None:
        if "multipart/form-data" not in operation.get("content", []):
            yield "/", "takes no form-data"
        elif isinstance(spec, dict):
            yield from members({name: "any" for name in spec}, dict.fromkeys(call.parts))
    elif call.body is not None:
        if spec is None:
            yield "/", "takes no body"
        else:
            yield from members(spec, call.body)
    elif isinstance(spec, dict) and any(name.endswith("!") for name in spec):
        yield "/", "needs a body"


def traced(folder):
    """(letters, method, path, query and body) of what the Python servers ask: as traced, and as noted for a tool."""
    with open(os.path.join(folder, "atlassian-rest-trace.txt"), encoding="utf-8") as file:
        seen = re.findall(r"^  ([SC]) ([A-Z]+) (/[^ ?\n]*)(.*)", file.read(), re.M)
    notes = "\n".join(row["notes"] for row in table(folder, "atlassian-tools.tsv"))
    return seen + [("SC", method, path, "") for method, path in re.findall(r"(?:\b([A-Z]+) )?(/rest/[^ ;?]*)", notes)]


def is_traced(trace, product, method, path, what):
    """On Cloud the Python servers take the second version of Jira's interface for much."""
    shape = pattern(path.replace("/rest/api/3/", "/rest/api/2/"))
    name = what.lstrip("?").split("/")[-1]
    return any(("S" if product.endswith("-dc") else "C") in letters and row_method in (method, "") and
               shape.match(row_path.replace("/rest/api/3/", "/rest/api/2/")) and
               (not what or re.search(rf"\b{name}\b", rest))
               for letters, row_method, row_path, rest in trace)


def calls(folder, made):
    operations, trace = Operations(folder), traced(folder)
    wrong, needed = {}, set()
    for where, call in made:
        path, _, query = call.path.partition("?")
        path, product = urllib.parse.unquote(path), product_of(call)
        operation = operations.find(product, call.method, path)
        if operation:
            found = [(operation["path"], *one) for one in differences(operation, call, query)]
        else:
            found = [(path, "", "is unknown")]
        for template, what, why in found:
            row = next((row for row in UNPUBLISHED + MISDESCRIBED
                        if (*row[:2], row[3]) == (product, call.method, what) and
                        (row[2] == template or pattern(row[2]).match(template))), None)
            if row:
                needed.add(row)
            else:
                wrong.setdefault(f"{product} {call.method} {template} {what} {why}", where)
    lines = [f"{what}: {where}" for what, where in wrong.items()]
    lines += [f"nothing needs {row[:4]}" for row in UNPUBLISHED + MISDESCRIBED if row not in needed]
    lines += [f"never traced: {row[:4]}" for row in UNPUBLISHED if not is_traced(trace, *row[:4])]
    return lines


# --- the tools of the Python server ---------------------------------------------------------------------

def table(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                if row["server"] in ("mcp-atlassian", CLASSIC)]


def is_compatible(theirs, ours):
    if ours.get("type") is None:
        return True
    return ours["type"] == ("array" if theirs.startswith("array") else theirs)


def parameter(row, argument, is_required, needed):
    """What differs in one argument."""
    tool, name = row["tool"], row["parameter"]
    if argument is None:
        yield f"{tool} has no argument {name}"
        return
    if not is_compatible(row["json_type"], argument):
        if any(one[:2] == (tool, name) for one in TYPES):
            needed.add((tool, name, "type"))
        else:
            yield f"{tool}: {name} is {argument['type']}, theirs {row['json_type']}"
    if is_required and row["required"] != "y" and (tool, name) not in ASKED:
        yield f"{tool}: {name} is required, theirs is not"
    theirs = None if row["default"] in ("-", "null") else json.loads(row["default"])
    ours = argument.get("default")
    if theirs != ours or type(theirs) is not type(ours):
        if (tool, name, theirs, ours) in [one[:4] for one in DEFAULTS]:
            needed.add((tool, name, "default"))
        else:
            yield f"{tool}: {name} is {ours!r} by default, theirs {theirs!r}"
    yield from limits(row, argument)


def limits(row, argument):
    """What theirs takes ours takes too."""
    for name, wider in (("minimum", int.__le__), ("maximum", int.__ge__)):
        theirs = re.search(rf"\b{name}=(-?\d+)", row["enum_or_limits"])
        ours = argument.get(name)
        if ours is not None and theirs and not wider(ours, int(theirs[1])):
            yield f"{row['tool']}: {name} of {row['parameter']} is {ours}, theirs {theirs[1]}"


def flags(row, tool):
    notes = tool.get("annotations", {})
    if notes.get("readOnlyHint", False) != (row["access"] == "read"):
        yield f"{row['tool']}: readOnlyHint is {notes.get('readOnlyHint')}, theirs {row['access']}"
    for name, value in re.findall(r"(\w+)=(true|false)", row["annotations"]):
        if notes.get(name, name == "destructiveHint") != (value == "true"):
            yield f"{row['tool']}: {name} is {notes.get(name)}, theirs {value}"


def tools(folder, ours):
    wrong, needed = [], set()
    rows = [row for row in table(folder, "atlassian-tools.tsv")
            if row["default_toolset"] == "y" or row["toolset"] in TOOLSETS or row["server"] == CLASSIC]
    parameters = table(folder, "atlassian-params.tsv")
    for row in rows:
        for site in ("dc", "cloud"):
            tool = ours.get(f"{site}:{row['tool']}" if row["server"] == CLASSIC else row["tool"].replace("_", f"_{site}_", 1))
            if (tool is None) != (site == "dc" and row["tool"] in CLOUD_ONLY):
                wrong.append(f"{row['tool']} is {'not ' if tool is None else ''}on {site}")
            if tool is None:
                continue
            schema = tool["inputSchema"]
            wrong += flags(row, tool)
            for one in parameters:
                if one["tool"] == row["tool"]:
                    wrong += parameter(one, schema["properties"].get(one["parameter"]),
                                       one["parameter"] in schema.get("required", []), needed)
    assert len(rows) > 40 and sum(row["server"] == CLASSIC for row in rows) == 19, len(rows)
    wrong += [f"DEFAULTS: nothing needs {one[:2]}" for one in DEFAULTS if (*one[:2], "default") not in needed]
    wrong += [f"TYPES: nothing needs {one[:2]}" for one in TYPES if (*one[:2], "type") not in needed]
    return list(dict.fromkeys(wrong))
