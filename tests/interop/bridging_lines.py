"""What docs/bridging.md says of each line: (what it is about, what bascule does, the stories that prove it).

A proof is the name of a story of tests/story, or a test of a program in C; tests/interop/bridging.py refuses one that does not exist.
"""


def test(program, name):
    return f"`{program}`: `{name}`"



CACHED = ["a resource that may be kept is read once while it holds", "a private resource is kept for its caller only",
          "what does not say for how long and for whom is not kept", "a resource is read again when it, its list or its server has changed",
          "what changes while it is read is not kept", "what a server says of itself holds for its time, and is asked for again after it",
          "a list holds for its time, and is read again when somebody asks after it"]

LEGACY_CLIENT = [
    ("initialize", "answered by bascule, from `server/discover`: capabilities, instructions",
     ["a handshake in front of a modern server is answered from server/discover"]),
    ("every request", "gets `_meta` with revision, client and its capabilities; over HTTP the headers, those of a tool's schema too",
     ["each request to a modern server says revision, client and capabilities", "arguments that a schema mirrors are sent as headers"]),
    ("results", "lose `resultType` and the server's name, lists `ttlMs` and `cacheScope` too; everything else passes",
     ["results of a modern server lose what only 2026-07-28 has"]),
    ("`input_required`", "each question is a request to the client, all at the same time; then the call is made again with the answers "
     "and the server's state; rounds are bounded",
     ["what a modern server wants to know becomes requests on the call's stream", "several rounds of questions are one call",
      "a modern server that never stops asking is stopped"]),
    ("ttlMs, cacheScope", "hold here: lists, `server/discover` and resources are kept for their time, within their scope, until the server tells "
     "that they have changed", CACHED),
    ("URL elicitation", "gets an `elicitationId`; `notifications/elicitation/complete` follows when the repeated call succeeds",
     ["a page of a modern server is sent to its client with an id, and is told to be done"]),
    ("capabilities of older clients", "reach the server without what the client's revision does not know, so it does not ask for it",
     ["an older client's capabilities reach a modern server without what it does not know"]),
    ("sampling", "in a list of one block is that block before 2025-11-25; in several, or with tools, it is refused for such a client",
     ["sampling in one block reaches an older client, in several it is refused for it", test("test_older", "test_possible")]),
    ("roots", "are asked of the client when the server asks; `roots/list_changed` ends here", ["changed roots are for a modern server to ask about"]),
    ("titled choices", "become `enum` and `enumNames` for 2025-06-18", ["titled choices become enumNames for a client of 2025-06-18"]),
    ("resources/subscribe", "one `subscriptions/listen` stream holds the union; a changed set is a new stream, then the old one ends",
     ["a subscription is kept by one stream that listens, and its set changes with its clients"]),
    ("`list_changed`", "is listened for where the server offers it, and told when the client's list has changed",
     ["a modern server's changed list reaches its clients"]),
    ("logging/setLevel", "is kept, and goes as `logLevel` with each request", ["a log level goes with each request to a modern server"]),
    ("progress", "comes with the client's own token", ["progress of a modern server comes with the client's own token"]),
    ("cancellation", "closes the server's stream, over stdio is a notification; a client that only leaves cancels nothing",
     ["a cancelled call closes the modern server's stream; a client that leaves does not",
      "a cancelled call is cancelled by a notification at a modern server over stdio"]),
    ("Last-Event-ID", "works: bascule keeps the events, though the server has none", ["a client resumes the stream of a call at a modern server"]),
    ("ping", "is answered by bascule", ["a ping ends at the gateway in front of a modern server"]),
    ("tasks (2025-11-25)", "a call with `task` may be answered by a task of the server, under an id of its own; `tasks/get` and `tasks/list` show it "
     "in the words of 2025-11-25, `tasks/result` asks for it until it is over, puts what it asks to the client with its `related-task`, and "
     "tells of each change; one that the server did at once is a task that is over",
     ["a modern server's task is one of 2025-11-25 for a client that asks for one", "a modern server's task is cancelled by a client of 2025-11-25",
      "what a modern server did at once is a task that is over for who wants a task"]),
    ("a task without `task`", "is a slow call, with progress and questions as of any call; the tasks extension is declared for such a client only "
     "when the server refuses to do without (-32021)",
     ["a task of a modern server is a slow call for a client that knows none", "what a modern server's task asks is asked of the client of the call",
      "a server that can do without tasks is not asked for one by a client that knows none", "who gives a slow call up gives its task up",
      "a task may take longer than the timeout of a call, and not for ever", "a server that answers no more, or badly, ends the slow call",
      "a server that was lost is asked for its task again"]),
    ("errors", "a missing resource is -32002 with `data.uri`; a missing capability is told in words; -32020 is mended by reading the "
     "tools again, once", ["errors of a modern server are those of the client's revision",
                           "a modern server that misses a header gets it after its tools were read again",
                           test("test_error_fit", "test_cases")]),
    ("structuredContent", "that is no object goes; the text stays. An `outputSchema` whose type is not `object` goes too",
     ["structured content that is no object goes, and its text stays",
      "an outputSchema that describes no object goes, for clients that know only objects"]),
    ("batches (2025-03-26)", "go to the server one by one", ["a batch in front of a modern server goes to it one by one"]),
]

MODERN_CLIENT = [
    ("sessions with the server", "with `session: per_client` one for each caller, transport and set of capabilities, begun with these: a client "
     "never gets a question of another set. A shared session declares that all can be asked, and bascule answers for who cannot", ["each set of capabilities has a session of its own with a legacy server"]),
    ("server/discover", "answered by bascule, from the handshake", ["server/discover says what a legacy server said in its handshake"]),
    ("results", "get `resultType`, `ttlMs`, `cacheScope` and bascule's name", ["results of a legacy server get what 2026-07-28 must have"]),
    ("questions during a call", "park the call: the answer is `input_required` with a sealed `requestState`; the retry hands over the answers "
     "and the call goes on. Questions of one moment travel together, any number of rounds follow",
     ["a legacy server's question is answered in another request, and its call goes on",
      "questions of one moment are asked together, and each gets its answer", "several rounds, by a sealed state that is good once",
      "a question goes to the call whose client waits, not to one that is parked"]),
    ("answers brought along", "are taken for questions that wish for their key, if they can be answers; other keys mean nothing",
     ["an answer that was brought along is used once, if it is one"]),
    ("a forged, foreign, used or expired state", "is -32602, and one from before a restart too, which is said",
     ["a state that is forged or of another request is refused", "a state is of no use to another caller", test("test_modern_front", "test_wrong_state"),
      test("test_modern_front", "test_expiry"), test("test_modern_front", "test_restart")]),
    ("a client that never comes back", "has given its call up after `limits.ask`: it is cancelled at the server",
     ["who does not come back has given the call up", test("test_modern_front", "test_expiry")]),
    ("ten thousand parked calls", "are `limits.parked`; the others are refused (-31005), and cancelled at the server",
     ["more parked calls than the limit are refused", test("test_modern_front", "test_many")]),
    ("questions outside of calls", "are answered for the client; one that comes on the GET stream while a call of the only client waits is that call's",
     ["a question outside of calls has nobody to answer it", "a question on the GET stream is put to the modern client whose call waits"]),
    ("sampling with tools, or in several blocks", "passes as it is, to clients that declared it",
     ["sampling with tools and in several blocks reaches a modern client as it was asked"]),
    ("roots/list_changed", "is not sent: such a client has no way to say it, and the server asks when it needs them",
     ["a legacy server asks a modern client for its roots whenever it wants to know them"]),
    ("progress of a parked call", "goes on with the token of each request", ["progress goes on with the token of each request"]),
    ("URL elicitation", "loses its id; its end is not told", ["a page of a legacy server is asked for without its id"]),
    ("-32042", "becomes `input_required`; the retry makes the call again when the server says that the page is done, or after a while",
     ["a refusal until a page was visited becomes a question, and the call is made again"]),
    ("subscriptions/listen", "`resources/subscribe` for the first that listens, `unsubscribe` after the last; what the server cannot do is "
     "missing in the acknowledgement", ["streams that listen share one subscription at a legacy server",
                                         "a stream that listens hears of a legacy server's changed list"]),
    ("tasks", "a tool with `taskSupport` is called with `task` for a client that has the extension; `tasks/get` shows the server's task and, once it "
     "is over, what `tasks/result` says; what the task asks meanwhile is shown as `inputRequests`, and answered by `tasks/update`; one that failed "
     "with a result is `completed`",
     ["a legacy server's tool is a task for a modern client that takes tasks", "what a legacy server's task asks is shown by tasks/get and answered by tasks/update",
      "a legacy server that tells of a task is heard by a modern client that listens"]),
    ("logLevel", "the most talkative level is set at the server; each request hears what it asked for",
     ["a client hears the logs that its request asked for, at a server that has one level"]),
    ("cancellation", "a closed stream becomes `notifications/cancelled`; to leave with a question is no cancellation",
     ["closing the stream cancels a call at a legacy server", "leaving after a question is no cancellation"]),
    ("a server's broken stream", "is gone on with", ["a legacy server's broken stream is gone on with, unseen by a modern client"]),
    ("a server's lost session", "is made again, with its subscriptions and its log level; a call is repeated only if it surely was not made, or "
     "reads only, or is idempotent",
     ["a session that an HTTP server forgot is made again for a modern client, with what it held",
      "a call that may have been made is not made again when its session is lost"]),
    ("completion", "loses `context` in front of servers before 2025-06-18", ["what a completion depends on is told to servers that know it",
                                                                             test("test_older", "test_requests")]),
    ("headers", "must say what the body says", ["headers of a client must say what its body says", "a request that is not whole is told what it lacks"]),
    ("ping of the server", "is answered by bascule", ["a ping of a legacy server ends at the gateway"]),
    ("cursors", "are sealed", ["a cursor that was not made here is refused"]),
    ("errors", "-32002 becomes -32602 with `data.uri`", ["errors of a legacy server are those of 2026-07-28"]),
    ("schemas", "pass as they are", ["schemas of a legacy server pass as they are"]),
]

SAME_ERA = [
    ("one endpoint, one pipe", "each message tells its era; both share them", ["both eras come over one pipe"]),
    ("2026-07-28 to 2026-07-28", "`input_required` passes; its state is wrapped, and goes back to its server only",
     ["between two of 2026-07-28 a question passes, and its state comes back to its server only"]),
    ("tasks of 2026-07-28", "pass, under ids of bascule's that are good for their caller only; who listens for one (`taskIds`) is told of it; a client "
     "without the extension waits",
     ["between two of 2026-07-28 a task passes, under an id of its own", "who listens for a task of a modern server is told of it",
      "two servers that call their tasks the same do not get each other's",
      "what a modern server's task asks parks the call of a modern client that takes no tasks"]),
]

CANNOT = [
    "A legacy server's request without a call in flight has nobody to answer it: it is declined. So is one on a shared stdio session where calls "
    "of several clients, or sets of capabilities, are in flight or wait for their clients.",
    "2026-07-28 has no ping from a server, no notification of changed roots, and none that a URL elicitation is done.",
    "Titled and multiple choices, URL elicitation and sampling with tools end at older clients.",
    "`structuredContent` that is no object, and an `outputSchema` that describes none, end at clients before 2026-07-28; the text stays.",
    "Log messages outside of a request do not reach a client of 2026-07-28.",
    "A modern server's stream that breaks is lost; only the client's side can be resumed.",
    "Parked calls do not outlive the gateway: a client that comes back is told so.",
    "The HTTP status of a server's error is not passed on: the JSON is the contract.",
    "Tasks that a client keeps for a server (2025-11-25) have no counterpart.",
    "`related-task` and `model-immediate-response` in `_meta` have no meaning in the tasks extension.",
    "A legacy server that does not tell of its tasks (`notifications/tasks/status`) is not asked for who listens: `tasks/get` is.",
    "A modern server's tools do not say that they may be tasks (`taskSupport`): a client of 2025-11-25 must know.",
    "A legacy question has no key: bascule chooses `q1`, `q2` …, or takes the one the server wishes for in `_meta[\"bascule/inputKey\"]`.",
]
