"""What the no-difference tests ask of each server: one row a step, played the same way directly and through bascule.

A step has a name and one of
    initialize   the handshake                          request   [method, params]
    pages        [method, params], all pages joined     together  several requests at once
    notify       [method, params] (beside or without a request)
and may have
    progress     ask with a progress token              cancel    …and cancel at the first progress
    until        {method: n}: the step ends when so many questions and notifications have come
    pause        seconds that it lasts at least
    wait         …but no longer than so many seconds; default: live.WAIT
    answers      {method: result | {"error": …} | None}: answers to questions in this step (`answers_from_now`: and later)
    keep         {name: path}: later steps say `$name` for that part of the answer
    loose        what is compared of the answer: "code" (refused, and how), "kind" (answered or refused), with a
                 reason in `why`
    only         the clients that can say it (an SDK does not send what its types forbid); default: all
    servers      the servers that can do it; default: all
    since        the first revision that knows it
    slow         only where there is time (make check-all)
"""

def capabilities(revision):
    """All that a client of this revision can do."""
    can = {"sampling": {}, "roots": {"listChanged": True}}
    if revision >= "2025-11-25":
        return can | {"sampling": {"tools": {}}, "elicitation": {"form": {}, "url": {}}}
    return can | ({"elicitation": {}} if revision >= "2025-06-18" else {})


ROOTS = {"roots": [{"uri": "file:///srv/a", "name": "a"}, {"uri": "file:///srv/b%20c"}]}
QUESTIONS = {
    "roots/list": ROOTS,
    "sampling/createMessage": {"role": "assistant", "content": {"type": "text", "text": "a fine answer ü"}, "model": "interop-1",
                               "stopReason": "endTurn"},
    "elicitation/create": {"action": "accept", "content": {"name": "Ada", "check": True, "integer": 7, "number": 2.5,
                                                           "username": "ada", "interpretation": "technical"}},
}
WIRE = ("wire",)
LOOSE_WIRE = ("wire", "ts")             # clients that send any method and any params
WITH_TASKS = ("wire", "ts", "python1")
OWN = "bascule knows its catalogue and refuses by itself"


def ask(name, method, params=None, **more):
    return {"name": name, "request": [method, params if params is not None else {}], **more}


def call(tool, arguments=None, name=None, **more):
    params = {"name": tool, "arguments": arguments if arguments is not None else {}} | more.pop("params", {})
    return {"name": name or f"call {tool}", "request": ["tools/call", params], **more}


def lists(*names):
    return [{"name": f"{name}, all pages", "pages": [name, {}]} for name in names]


def read(uri, **more):
    return ask(f"read {uri}", "resources/read", {"uri": uri}, **more)


def prompt(name, arguments=None, label=None, **more):
    return ask(label or f"prompt {name}", "prompts/get",
               {"name": name} | ({"arguments": arguments} if arguments is not None else {}), **more)


def complete(ref, argument, value, context=None, **more):
    ref = {"type": "ref/prompt", "name": ref} if ":" not in ref else {"type": "ref/resource", "uri": ref}
    return ask(f"complete {argument}={value!r} of {ref.get('name') or ref.get('uri')}", "completion/complete",
               {"ref": ref, "argument": {"name": argument, "value": value}} | ({"context": context} if context else {}), **more)


def level(word):
    return ask(f"log level {word}", "logging/setLevel", {"level": word})


ALL_LISTS = lists("tools/list", "prompts/list", "resources/list", "resources/templates/list")
REFUSALS = [
    call("no-such-tool", name="unknown tool", loose="kind", why=OWN),
    prompt("no-such-prompt", label="unknown prompt", loose="code", why=OWN),
    # The Go server over HTTP answers this one without JSON.
    ask("unknown method", "no/such/method", {}, only=LOOSE_WIRE, loose="code", why="the text is the speaker's own",
        servers=("stdio", "http", "sse", "go", "odd")),
    ask("call without a name", "tools/call", {"arguments": {}}, only=LOOSE_WIRE, loose="kind", why=OWN),
]
DECLINES = {"action": "decline"}, {"action": "cancel"}


# --- server-everything ------------------------------------------------------------------------------------------

DATA = "data:text/plain,a%20draw%20bridge"
LONG = "trigger-long-running-operation"
DOCUMENT = "demo://resource/static/document/"
DYNAMIC = "demo://resource/dynamic/"
TASK = {"task": {"ttl": 60000}}

EVERYTHING = [
    {"name": "initialize", "initialize": True},
    # It asks for roots 350 ms after this, and says in its log that it has them.  It also says that its tools have
    # changed; bascule reads a list again once a second at most, so that would be told in the middle of later steps.
    {"name": "initialized", "notify": ["notifications/initialized", None],
     "until": {"roots/list": 1, "notifications/message": 1}, "pause": 1.2},
    ask("ping", "ping"),
    *ALL_LISTS,
    call("echo", {"message": "né \U0001f600 \" \\ \n\t\u2028"}),
    call("echo", {"message": "x" * 100000}, "a long echo"),
    call("echo", {"message": "m"}, "unknown members and _meta pass",
         params={"_meta": {"com.example/trace": {"a": [1, None, True]}}, "com.example/extra": 1}),
    call("get-sum", {"a": 0.1, "b": 2}), call("get-sum", {"a": 1e300, "b": -1}, "a large number"),
    call("get-tiny-image"),
    *[call("get-annotated-message", {"messageType": word, "includeImage": word == "error"}, f"annotated: {word}")
      for word in ("error", "success", "debug")],
    call("get-structured-content", {"location": "Chicago"}),
    call("get-structured-content", {"location": "Nowhere"}, "structured content of a wrong place"),
    call("get-resource-links", {"count": 3}),
    call("get-resource-reference", {"resourceType": "Text", "resourceId": 2}),
    call("get-resource-reference", {"resourceType": "Blob", "resourceId": 7}, "reference to a blob"),
    call("get-resource-reference", {"resourceType": "Text", "resourceId": -1}, "reference to nothing"),
    call("gzip-file-as-resource", {"name": "a.gz", "data": DATA, "outputType": "resource"}, "gzip, whole",
         until={"notifications/resources/list_changed": 1}),
    call("gzip-file-as-resource", {"name": "b.gz", "data": DATA, "outputType": "resourceLink"}, "gzip, a link",
         until={"notifications/resources/list_changed": 1}),
    *lists("resources/list"),
    read("demo://resource/session/b.gz"),
    read(DOCUMENT + "features.md"), read(DYNAMIC + "text/3"), read(DYNAMIC + "blob/4"),
    read(DYNAMIC + "text/none"), read("demo://nowhere"), read("not a uri", only=LOOSE_WIRE),
    prompt("simple-prompt"), prompt("args-prompt", {"city": "Ulm", "state": "BW"}),
    prompt("args-prompt", {"city": "Ulm"}, "prompt with one of two arguments"),
    prompt("args-prompt", {}, "prompt without its argument"),
    prompt("completable-prompt", {"department": "Sales", "name": "Eve"}),
    prompt("resource-prompt", {"resourceType": "Text", "resourceId": "5"}),
    prompt("resource-prompt", {"resourceType": "Odd", "resourceId": "5"}, "prompt with a wrong resource"),
    complete("completable-prompt", "department", "S"),
    complete("completable-prompt", "name", "", {"arguments": {"department": "Sales"}}, since="2025-06-18"),
    complete("resource-prompt", "resourceId", "12"), complete(DYNAMIC + "text/{resourceId}", "resourceId", "7"),
    complete(DYNAMIC + "text/{resourceId}", "resourceId", "x"), complete("no-such-prompt", "a", "b", loose="code", why=OWN),
    call(LONG, {"duration": 0.2, "steps": 4}, "progress", progress=True, until={"notifications/progress": 4}),
    call(LONG, {"duration": 0.1, "steps": 2}, "no progress without a token"),
    call(LONG, {"duration": 0.5, "steps": 10}, "a cancelled call", progress=True, cancel=True),
    call("echo", {"message": "still here"}, "a call after the cancelled one"),
    {"name": "calls at once", "together": [["tools/call", {"name": "echo", "arguments": {"message": f"n{i}"}}] for i in range(8)]
     + [["ping", {}], ["prompts/get", {"name": "simple-prompt"}], ["resources/read", {"uri": DOCUMENT + "startup.md"}]]},
    level("debug"),
    call("toggle-simulated-logging", name="simulated logging, on", until={"notifications/message": 1}),
    call("toggle-simulated-logging", name="simulated logging, off"),
    ask("subscribe", "resources/subscribe", {"uri": DYNAMIC + "text/1"}, until={"notifications/message": 1}),
    call("toggle-subscriber-updates", name="updates, on", until={"notifications/resources/updated": 1}),
    call("toggle-subscriber-updates", name="updates, off"),
    ask("unsubscribe", "resources/unsubscribe", {"uri": DYNAMIC + "text/1"}, until={"notifications/message": 1}),
    call("toggle-subscriber-updates", name="updates after unsubscribe, on"),
    call("toggle-subscriber-updates", name="updates after unsubscribe, off"),
    level("error"),
    ask("subscribe below the log level", "resources/subscribe", {"uri": DYNAMIC + "text/2"}),
    level("info"),
    ask("a level that does not exist", "logging/setLevel", {"level": "loud"}, only=LOOSE_WIRE, loose="code", why=OWN),
    call("get-roots-list"),
    {"name": "roots change", "notify": ["notifications/roots/list_changed", None],
     "answers_from_now": {"roots/list": {"roots": [{"uri": "file:///new", "name": "new"}]}},
     "until": {"roots/list": 1, "notifications/message": 1}},
    call("get-roots-list", name="roots after their change"),
    call("trigger-elicitation-request", name="elicitation, accepted", since="2025-06-18"),
    call("trigger-elicitation-request", name="elicitation, declined", answers={"elicitation/create": DECLINES[0]},
         since="2025-06-18"),
    call("trigger-elicitation-request", name="elicitation, cancelled", answers={"elicitation/create": DECLINES[1]},
         since="2025-06-18"),
    call("trigger-elicitation-request", name="elicitation, answered by an error",
         answers={"elicitation/create": {"error": {"code": -32603, "message": "the user has left", "data": {"x": [1]}}}}),
    call("trigger-url-elicitation", {"url": "http://127.0.0.1:9/a", "elicitationId": "e1"}, "URL elicitation",
         answers={"elicitation/create": {"action": "accept"}}, since="2025-11-25"),
    call("trigger-url-elicitation", {"url": "http://127.0.0.1:9/b", "errorPath": True}, "URL elicitation by error -32042",
         since="2025-11-25"),
    call("trigger-sampling-request", {"prompt": "why?", "maxTokens": 10}, "sampling"),
    call("trigger-sampling-request", {"prompt": "why?"}, "sampling, refused by the user",
         answers={"sampling/createMessage": {"error": {"code": -1, "message": "User rejected sampling request"}}}),
    call("simulate-research-query", {"topic": "bridges"}, "a task", params=TASK, keep={"task": "task.taskId"},
         until={"notifications/tasks/status": 1}, only=WITH_TASKS, since="2025-11-25"),
    ask("tasks/get", "tasks/get", {"taskId": "$task"}, only=WITH_TASKS, since="2025-11-25"),
    ask("tasks/list", "tasks/list", {}, only=WITH_TASKS, since="2025-11-25"),
    ask("tasks/cancel", "tasks/cancel", {"taskId": "$task"}, only=WITH_TASKS, since="2025-11-25"),
    ask("tasks/cancel again", "tasks/cancel", {"taskId": "$task"}, only=WITH_TASKS, since="2025-11-25"),
    ask("tasks/get of a cancelled task", "tasks/get", {"taskId": "$task"}, only=WITH_TASKS, since="2025-11-25"),
    ask("tasks/get of no task", "tasks/get", {"taskId": "none"}, only=WITH_TASKS, since="2025-11-25"),
    call("simulate-research-query", {"topic": "bridges"}, "a tool that must be a task, without one", only=WITH_TASKS, since="2025-11-25",
         slow=True),
    call("simulate-research-query", {"topic": "python", "ambiguous": True}, "a task that will ask", params=TASK,
         keep={"slow": "task.taskId"}, only=WITH_TASKS, since="2025-11-25", slow=True),
    ask("tasks/result", "tasks/result", {"taskId": "$slow"}, only=WITH_TASKS, since="2025-11-25", slow=True),
    call("get-sum", {"a": "no number", "b": 2}, "arguments of a wrong type"), call("echo", {}, "an argument is missing"),
    ask("arguments are no object", "tools/call", {"name": "echo", "arguments": [1]}, only=LOOSE_WIRE, loose="kind", why=OWN),
    *REFUSALS,
    ask("ping at the end", "ping"),
]


# --- the Go SDK's everything-server -----------------------------------------------------------------------------

WATCHED = "test://watched-resource"

GO = [
    {"name": "initialize", "initialize": True},
    {"name": "initialized", "notify": ["notifications/initialized", None]},
    ask("ping", "ping"),
    *ALL_LISTS,
    call("test_simple_text"), call("test_image_content"), call("test_audio_content", since="2025-03-26"),
    call("test_embedded_resource"), call("test_multiple_content_types"), call("test_error_handling"),
    call("test_simple_text", name="unknown members and _meta pass",
         params={"_meta": {"com.example/trace": {"a": [1, None]}}, "com.example/extra": 1}),
    call("test_simple_text", {"unknown": 1}, "an unknown argument"),
    level("info"),
    call("test_tool_with_logging", until={"notifications/message": 3}),
    call("test_logging_tool", until={"notifications/message": 1}),
    level("error"),
    call("test_tool_with_logging", name="logging below the level"),
    call("test_tool_with_progress", name="progress", progress=True, until={"notifications/progress": 3}),
    call("test_tool_with_progress", name="a cancelled call", progress=True, cancel=True),
    call("test_simple_text", name="a call after the cancelled one"),
    call("test_sampling", {"prompt": "why?"}, "sampling"),
    call("test_sampling", {"prompt": "why?"}, "sampling, refused by the user",
         answers={"sampling/createMessage": {"error": {"code": -1, "message": "User rejected sampling request"}}}),
    call("test_elicitation", {"message": "Who?"}, "elicitation, accepted",
         answers={"elicitation/create": {"action": "accept", "content": {"username": "ada"}}}),
    call("test_elicitation", {"message": "Who?"}, "elicitation, declined", answers={"elicitation/create": DECLINES[0]}),
    call("test_elicitation", {"message": "Who?"}, "elicitation, cancelled", answers={"elicitation/create": DECLINES[1]}),
    call("test_elicitation", {"message": "Who?"}, "elicitation, answered by an error",
         answers={"elicitation/create": {"error": {"code": -32603, "message": "the user has left"}}}),
    call("test_elicitation_sep1034_defaults", answers={"elicitation/create": {"action": "accept", "content": {
        "name": "Ada", "age": 36, "score": 1.5, "status": "active", "verified": False}}}),
    call("test_elicitation_sep1330_enums", answers={"elicitation/create": {"action": "accept", "content": {
        "untitledSingle": "option1", "titledSingle": "value2", "legacyEnum": "opt3", "untitledMulti": ["option1", "option2"],
        "titledMulti": ["value1"]}}}, since="2025-11-25"),
    call("json_schema_2020_12_tool", {"name": "Ada", "email": "a@b"}),
    call("json_schema_2020_12_tool", {"name": 7}, "an argument of a wrong type"),
    # Over HTTP it keeps no events, so that its own closing of the stream loses the answer.
    call("test_reconnection", servers=("go",)), call("test_x_mcp_header", {"region": "eu", "level": 1}),
    call("test_missing_capability"), call("test_streaming_elicitation"),
    call("test_trigger_tool_change", until={"notifications/tools/list_changed": 1}), *lists("tools/list"),
    call("__transient_tool_for_list_changed", name="call of the new tool"),
    call("test_trigger_prompt_change", until={"notifications/prompts/list_changed": 1}), *lists("prompts/list"),
    call("test_input_required_result_elicitation", loose="kind", why="a tool of the next era; its state differs by design"),
    *[read(uri) for uri in ("test://static-text", "test://static-binary", "test://template/42/data", WATCHED)],
    read("test://nowhere"), read("nonsense", only=LOOSE_WIRE), read("test://template//data"),
    ask("subscribe", "resources/subscribe", {"uri": WATCHED}),
    ask("an update every 3 s", "ping", until={"notifications/resources/updated": 1}, wait=6, slow=True),
    ask("unsubscribe", "resources/unsubscribe", {"uri": WATCHED}),
    prompt("test_simple_prompt"), prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "ü"}),
    prompt("test_prompt_with_arguments", {"arg1": "a"}, "prompt with one of two arguments"),
    prompt("test_prompt_with_embedded_resource", {"resourceUri": "test://x"}), prompt("test_prompt_with_image"),
    complete("test_prompt_with_arguments", "arg1", "par"), complete("test://template/{id}/data", "id", "1"),
    complete("test_prompt_with_arguments", "arg2", "", {"arguments": {"arg1": "a"}}, since="2025-06-18"),
    {"name": "calls at once", "together": [["tools/call", {"name": "test_simple_text", "arguments": {}}]] * 5
     + [["ping", {}], ["prompts/get", {"name": "test_simple_prompt"}], ["resources/read", {"uri": "test://static-text"}]]},
    {"name": "roots change", "notify": ["notifications/roots/list_changed", None]},
    ask("a level that does not exist", "logging/setLevel", {"level": "loud"}, only=WIRE, loose="code", why=OWN),
    ask("arguments are no object", "tools/call", {"name": "test_simple_text", "arguments": [1]}, only=LOOSE_WIRE, loose="kind", why=OWN),
    *REFUSALS,
    ask("ping at the end", "ping"),
]


# --- peers/odd.py: what real servers lack -----------------------------------------------------------------------

ODD = [
    {"name": "initialize", "initialize": True},
    {"name": "initialized", "notify": ["notifications/initialized", None]},
    *ALL_LISTS,
    call("numbers"), call("echo", {"a": 1, "b": [None, {"c": "\u0000\u007f\ud83d\ude00"}], "big": 2**53 + 1},
                          "arguments come through as they are"),
    call("echo", {"x": 1}, "params come through whole", params={"_meta": {"com.example/a": {"b": 1}}, "extra": {"c": [1]}}),
    call("meta"), call("content"), call("error"), call("error_url", since="2025-11-25"),
    call("log", until={"notifications/message": 3}),
    call("progress", progress=True, until={"notifications/progress": 3}),
    call("sample_tools", name="sampling with tools", since="2025-11-25", only=LOOSE_WIRE, answers={"sampling/createMessage": {
        "role": "assistant", "content": [{"type": "text", "text": "let me look"},
                                         {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}],
        "model": "m", "stopReason": "toolUse"}}),
    call("elicit", name="a question with members of its own", since="2025-06-18",
         answers={"elicitation/create": {"action": "accept", "content": {"a": "b"}}}),
    call("elicit_url", name="a URL question and its completion", since="2025-11-25",
         answers={"elicitation/create": {"action": "accept"}}, until={"notifications/elicitation/complete": 1}),
    call("withdraw", name="a question that the server withdraws", answers={"elicitation/create": None},
         until={"elicitation/create": 1, "notifications/cancelled": 1}, only=WIRE, since="2025-06-18"),
    call("ask_ping", name="the server pings"),
    call("ask_roots", name="roots/list"), call("two_questions", name="two questions in one call", since="2025-06-18"),
    call("updated", name="updates of a sub-resource", until={"notifications/resources/updated": 2}),
    call("changed", name="all three lists change", until={
        "notifications/tools/list_changed": 1, "notifications/prompts/list_changed": 1, "notifications/resources/list_changed": 1}),
    *ALL_LISTS,
    read("odd://a"), read("odd://t/any/thing?x=1#f"), read("odd://missing"), read("ODD://a"),
    prompt("p1", {"k": "v", "long": "x" * 5000}), prompt("p4"),
    complete("p1", "k", "v"), complete("odd://t/{+rest}", "rest", "a/"),
    ask("subscribe", "resources/subscribe", {"uri": "odd://a"}), ask("unsubscribe", "resources/unsubscribe", {"uri": "odd://a"}),
    ask("subscribe to nothing", "resources/subscribe", {"uri": "odd://missing"}),
    level("debug"),
    call("noted", name="what the server has heard"),
    ask("ping at the end", "ping"),
]
