"""Two recordings of one script made equal in what may differ, and the difference of the rest as a few lines of text.

The rules are RULES and the options of a step; each says why.  Nothing else is forgiven: members, their order, the
way a fraction is written, which stream a message came on, and how often.
"""
import base64
import json
import re

# A name that the gateway gave; what it adds to what it forwards.
OURS = "bascule/"

# Texts that differ from one run of the same server to the next.
TEXTS = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>", "sessions and elicitations have random ids"),
    (r"\b[0-9a-f]{32}\b", "<id>", "tasks have random ids"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "<time>", "tasks carry the time"),
    (r"created at \d+:\d\d:\d\d [AP]M", "created at <time>", "resources of server-everything carry the time"),
    (r"^(Debug|Info|Notice|Warning|Error|Critical|Emergency|Alert)[ -]level[ -]message", "<level>-level message",
     "server-everything logs at a random level"),
    (r"^token-\d+$|^<?\d+>?$", "<token>", "a progress token is the hop's own; the Go server prints it"),
]
TEXTS = [(re.compile(pattern), by) for pattern, by, why in TEXTS]

# Notifications that a timer repeats, or that may arrive joined: how often does not count, only that.
REPEATED = {
    "notifications/resources/updated": "timers of 3 and 5 s send it again",
    "notifications/tools/list_changed": "it says only `list again`; several may be joined",
    "notifications/prompts/list_changed": "as above",
    "notifications/resources/list_changed": "as above",
}
# What a server tells of a task comes beside the answers, some of it by timers: in which step it is heard, and how much of it
# before the client takes the task back, is chance.  Each task's is held against the same task's, whole where it came to an end.
TASKS, OF_TASKS, ENDS = -1, "notifications/tasks/status", ("completed", "failed")
# The Go server's ticker: whether it fires between two steps is chance, so it counts only where a step waits for it.
TICKING = {"uri": "test://watched-resource"}
# Until the first list of a kind is there nobody can hold an old one: whether a change is told is a matter of time.
LISTS = {"notifications/tools/list_changed": ("tools/list",), "notifications/prompts/list_changed": ("prompts/list",),
         "notifications/resources/list_changed": ("resources/list", "resources/templates/list")}
# Members that say something about a server's own page of a list; the list that a client sees is the gateway's.
OF_A_PAGE = ("nextCursor", "_meta", "ttlMs", "cacheScope")


def text(value):
    for pattern, by in TEXTS:
        value = pattern.sub(by, value)
    return value


def blob(value):
    """Text inside of base64 is text too (server-everything puts the time there)."""
    try:
        plain = base64.b64decode(value, validate=True).decode("ascii")
    except (ValueError, UnicodeDecodeError):
        return value
    return "base64 of " + text(plain) if text(plain) != plain else value


def equal(value):
    """A message's part with all rules applied."""
    if isinstance(value, dict):
        out = {}
        for key, part in value.items():
            if key == "_meta" and isinstance(part, dict):
                left = {k: v for k, v in part.items() if not k.startswith(OURS) and k != "progressToken"}
                if left or left == part:
                    out[key] = equal(left)
            elif key == "serverInfo":
                out[key] = "<a name>"           # the one thing that may tell them apart
            elif key == "blob" and isinstance(part, str):
                out[key] = blob(part)
            else:
                out[key] = equal(part)
        return out
    if isinstance(value, list):
        return [equal(part) for part in value]
    return text(value) if isinstance(value, str) else value


def joined(events, steps):
    """The pages of a list as one answer: where a list is cut is a matter of each speaker."""
    out, first = [], {}
    for event in events:
        index = event["step"]
        if event["what"] != "answer" or index >= len(steps) or "pages" not in steps[index] or "result" not in event["message"]:
            out.append(event)
            continue
        result = {k: list(v) if isinstance(v, list) else v for k, v in event["message"]["result"].items() if k not in OF_A_PAGE}
        if index not in first:
            first[index] = result
            out.append({**event, "message": {"result": result}})
        else:
            for key, rows in result.items():
                if isinstance(rows, list):
                    first[index].setdefault(key, []).extend(rows)
    return out


def unheard(steps):
    """{list_changed: the step up to which it means nothing}"""
    return {method: max([i for i, s in enumerate(steps) if s.get("pages", [""])[0] == name][:1] or [0] for name in names)[0]
            for method, names in LISTS.items()}


def message_equal(event, server):
    """One event as it is compared: without ids, tokens and the names that bascule adds."""
    what, message = event["what"], event["message"]
    if what == "answer":
        return {k: equal(v) for k, v in message.items() if k not in ("jsonrpc", "id")}
    if what == "end":
        return message
    method, params = message["method"], dict(message.get("params") or {})
    if method == "notifications/progress":
        params.pop("progressToken", None)
    elif method == "notifications/cancelled":
        params["requestId"] = "<id>"
    elif method == "notifications/message":
        # Everything forwarded names its server: the logger gets it in front.
        logger = params.get("logger")
        if logger is not None:
            params["logger"] = logger.removeprefix(server + "/")
            if logger in (server, server + "/"):
                del params["logger"]
        if re.search("level[ -]message", str(params.get("data"))):
            params["level"] = "<level>"
    params = equal(params)
    return {"method": method} | ({"params": params} if params else {})


def loose(step, message):
    """What a step compares of its answer."""
    how = step.get("loose")
    if how is None:
        return message
    error = message.get("error")
    if how == "code":
        return {"refused": error["code"]} if error else {"answered": True}
    is_error = error is not None or message.get("result", {}).get("isError") is True
    return {"refused": is_error}


def lane(event, mode):
    """Messages of one lane are compared in their order: those of one stream where both sides have the same
    streams, else those of one kind."""
    if event["message"].get("method") in LISTS:
        # Said when the gateway has the new list, which may be after the answer of the call that changed it.
        return event["message"]["method"] + (" on " + event["stream"] if mode == "streams" else "")
    if mode == "streams":
        return event["stream"]
    return "call" if event["what"] in ("answer", "question", "end") else event["message"].get("method", "?")


def lanes(events, steps, mode, server, once=False):
    """{step: {lane: [text]}}; `once`: what came before is a replay."""
    out, cancelled, early, heard, told = {}, False, unheard(steps), set(), {}
    for event in joined(events, steps):
        if event["what"] == "missed":
            continue                            # shows as a message that is not there
        index = event["step"]
        step = steps[index] if index < len(steps) else {"name": "after the end"}
        if mode == "kinds" and step.get("notify", [""])[0] == "notifications/initialized":
            index = 0                           # an SDK does both in one
        message = message_equal(event, server)
        method = message.get("method")
        if event["what"] == "answer":
            message = loose(step, message)
        if index <= early.get(method, -1) or (event["what"], method) == ("question", "ping"):
            continue                            # a ping is between neighbours
        if once and event["what"] != "answer" and method != "notifications/progress":
            known = json.dumps([event["message"].get("id"), message])
            if known in heard:
                continue
            heard.add(known)
        if method not in step.get("until", {}) and (message.get("params") == TICKING or method in LISTS):
            continue                            # a change that has been told may be told again
        if method == OF_TASKS:
            told.setdefault(event["message"]["params"]["taskId"], []).append((lane(event, mode), message))
            continue
        # What is under way when a call is cancelled still arrives or does not.
        cancelled = cancelled or bool(step.get("cancel"))
        if method == "notifications/progress" and cancelled and not step.get("progress", False) or step.get("cancel"):
            continue
        rows = out.setdefault(index, {}).setdefault(lane(event, mode), [])
        # The handshake is each speaker's own text; everything else passes member by member, in its order.
        row = json.dumps(message, ensure_ascii=False, sort_keys="initialize" in step)
        if method in REPEATED and row in rows:
            continue
        rows.append(row)
    for index, found in out.items():
        if index < len(steps) and ("together" in steps[index] or index == len(steps)):
            for rows in found.values():
                rows.sort()                     # asked at once, answered in any order
    out.pop(len(steps), None)                   # what timers send while the session is being closed
    for number, rows in enumerate(told.values()):
        is_over = rows[-1][1]["params"]["status"] in ENDS
        out.setdefault(TASKS, {})[f"task {number}"] = [f"{name}: {json.dumps(m)}" for name, m in rows[:None if is_over else 1]]
    return out


def missed(events, steps):
    """What a script waited for in vain: said of a direct run, the script is wrong."""
    return [f"{steps[e['step']]['name']}: {e['message']}" for e in events
            if e["what"] in ("missed", "end") and e["step"] < len(steps)]


def points(got, want, width=150):
    """The place where two texts part, from each."""
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    start = max(0, at - 50)
    return [("…" if start else "") + t[start:start + width] + ("…" if len(t) > start + width else "") for t in (got, want)]


def differences(direct, through, steps, mode, server, once=False):
    """[(step, lines)] of what is not equal."""
    want, got = (lanes(events, steps, mode, server, once) for events in (direct, through))
    found, ends = [], [e["step"] for e in [*direct, *through] if e["what"] == "end"]
    for index in sorted(i for i in set(want) | set(got) if not ends or i <= min(ends)):
        lines = []
        for name in sorted(set(want.get(index, {})) | set(got.get(index, {}))):
            a, b = want.get(index, {}).get(name, []), got.get(index, {}).get(name, [])
            if a == b:
                continue
            for i in range(max(len(a), len(b))):
                x, y = (a[i] if i < len(a) else "(nothing)"), (b[i] if i < len(b) else "(nothing)")
                if x != y:
                    through_text, direct_text = points(y, x)
                    lines += [f"{name}[{i}] direct:  {direct_text}", f"{name}[{i}] through: {through_text}"]
                    break
        if lines:
            found.append((steps[index]["name"] if index != TASKS else "what is told of tasks", lines))
    return found


def report(found, limit=8):
    """Lines for a person: the first differences whole, the others by name."""
    lines = []
    for name, rows in found[:limit]:
        lines.append(f"step `{name}`:")
        lines += ["  " + row for row in rows[:6]]
    if len(found) > limit:
        lines.append("also: " + ", ".join(f"`{name}`" for name, _ in found[limit:]))
    return lines
