#!/usr/bin/env python3
"""Agent runs through the whole program: runners that are scripts, and a client for each way to wait for them.

usage: cli_agents.py BASCULE [STORY ...]
"""
import concurrent.futures
import http.client
import json
import os
import queue
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
FAR = 300  # no story waits for so long but one that hangs
SCRIPTS = {
    "echo.py": "import os, sys\nprint('did: ' + sys.stdin.read())\nprint(os.getcwd())\nprint(' '.join(sys.argv[1:]))\n",
    # Works until a file says that it may end.
    "gate.py": "import os, sys, time\nprint('begun', flush=True)\n"
               "open(sys.argv[1] + '/begun-' + sys.argv[2], 'w').close()\n"
               "while not os.path.exists(sys.argv[1] + '/go'):\n time.sleep(0.02)\nprint('done')\n",
    # A grandchild that has left its session and does not hear TERM.
    "stubborn.py": "import os, signal, sys, time\n"
                   "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                   "if os.fork() == 0:\n"
                   " os.setsid()\n"
                   " if os.fork() == 0:\n"
                   "  while True:\n"
                   "   open(sys.argv[1] + '/alive-' + sys.argv[2], 'w').write(str(time.time()))\n"
                   "   time.sleep(0.02)\n"
                   " os._exit(0)\n"
                   "print('begun', flush=True)\n"
                   "while True:\n time.sleep(1)\n",
    "flood.py": "import sys\nline = b'x' * 1023 + b'\\n'\n"
                "for i in range(int(sys.argv[1]) * 1024):\n sys.stdout.buffer.write(line)\nprint('the end')\n",
    "edit.py": "open('new.txt', 'w').write('made by the run\\n')\nopen('old.txt', 'a').write('and more\\n')\nprint('edited')\n",
    "speak.py": "import json\nprint(json.dumps({'type': 'system', 'subtype': 'init', 'session_id': 's-1'}))\n"
                "print(json.dumps({'type': 'result', 'subtype': 'success', 'is_error': False, 'session_id': 's-1',\n"
                " 'result': '\\u00e4' * 50000, 'total_cost_usd': 0.25, 'usage': {'input_tokens': 7, 'output_tokens': 9}}))\n",
    "rubbish.py": "import os, sys\nsys.stdout.buffer.write(os.urandom(200000) + b'\\x00\\n{\"type\":')\n",
}


def script(name):
    return os.path.join(folder.name, "scripts", name)


def runner(name, *args, **more):
    made = {"command": ["/usr/bin/python3", script(name), *args], "grace": "1s",
            "isolate": {"read": ["system", folder.name], "write": ["{cwd}", folder.name + "/shared"], "require": []}}
    made["isolate"].update(more.pop("isolate", {}))
    made.update(more)
    return made


def config(name, runners, agents=None, **more):
    path = os.path.join(folder.name, name + ".yaml")
    with open(path, "w") as file:
        json.dump({"listen": {"http": "127.0.0.1:0"}, "state": os.path.join(folder.name, "state-" + name),
                   "agents": dict({"runners": runners, "limits": {"rate": "100000/1s"}}, **(agents or {})), **more}, file)
    return path


def environ(**more):
    made = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
    made.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    made.update(more)
    return made


class Gateway:
    """`bascule serve`, and what it says on stderr."""

    def __init__(self, path, **more):
        self.process = subprocess.Popen([program, "serve", "-c", path], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=environ(**more), cwd=folder.name)
        self.lines, self.port = [], None
        ready = threading.Event()
        threading.Thread(target=self.read, args=(ready,), daemon=True).start()
        assert ready.wait(FAR) and self.port, "\n".join(self.lines)

    def read(self, ready):
        for line in self.process.stderr:
            line = line.decode(errors="replace").rstrip()
            self.lines.append(line)
            found = re.search(r"listening on http://127.0.0.1:(\d+)/mcp", line)
            if found:
                self.port = int(found.group(1))
                ready.set()
        ready.set()

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(FAR)
        assert how == signal.SIGKILL or status == 0, "\n".join(self.lines[-60:])
        assert not any("AddressSanitizer" in line or "runtime error" in line for line in self.lines), \
            "\n".join(self.lines[-100:])

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if self.process.poll() is None:
            if kind is None:
                self.end()
            else:
                self.process.kill()
        if kind is not None:
            print("\n".join(self.lines[-40:]), file=sys.stderr)


class Refusal(Exception):
    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code, self.text, self.data = error["code"], error["message"], error.get("data", {})


class Client:
    """A session over Streamable HTTP; each call has a connection of its own."""

    def __init__(self, gateway, capabilities=None, revision="2025-06-18"):
        self.port, self.session, self.n, self.lock = gateway.port, None, 0, threading.Lock()
        self.notices = []
        self.request("initialize", {"protocolVersion": revision, "capabilities": capabilities or {},
                                    "clientInfo": {"name": "story", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message, timeout=FAR):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if self.session:
            headers["Mcp-Session-Id"] = self.session
        connection.request("POST", "/mcp", json.dumps(message), headers)
        answer = connection.getresponse()
        self.session = answer.getheader("Mcp-Session-Id") or self.session
        return answer, connection

    def request(self, method, params, number=None, timeout=FAR):
        with self.lock:
            self.n += 1
            number = number or self.n
        answer, connection = self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params}, timeout)
        body = answer.read().decode()
        connection.close()
        messages = [json.loads(line[5:]) for line in body.split("\n") if line.startswith("data:") and line[5:].strip()] \
            if "event-stream" in answer.getheader("Content-Type", "") else [json.loads(body)]
        self.notices += [m for m in messages if "id" not in m]
        last = [m for m in messages if m.get("id") == number][0]
        if "error" in last:
            raise Refusal(last["error"])
        return last["result"]

    def call(self, tool, number=None, timeout=FAR, token=None, **arguments):
        params = {"name": tool, "arguments": arguments}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        result = self.request("tools/call", params, number, timeout)
        facts = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == facts
        facts["is_error"] = result["isError"]
        return facts

    def wait(self, run):
        for _ in range(100):
            facts = self.call("maf_wait", run_id=run, wait_s=60)
            if facts["status"] not in ("queued", "running"):
                return facts
        raise AssertionError(facts)


class Pipe:
    """A client of `bascule serve` by stdio, which answers what it is asked."""

    def __init__(self, path, capabilities, answer=None, revision="2025-06-18"):
        self.process = subprocess.Popen([program, "serve", "-c", path, "--transport", "stdio"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(), cwd=folder.name)
        self.answers, self.asked, self.answer, self.n = queue.Queue(), [], answer, 0
        self.errors = []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.read_errors, daemon=True).start()
        self.request("initialize", {"protocolVersion": revision, "capabilities": capabilities,
                                    "clientInfo": {"name": "story", "version": "1"}})
        self.put({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def put(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def read_errors(self):
        self.errors += [line.decode(errors="replace").rstrip() for line in self.process.stderr]

    def read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "method" in message and "id" in message:
                self.asked.append(message)
                self.put({"jsonrpc": "2.0", "id": message["id"], "result": self.answer(message["params"])})
            elif "id" in message:
                self.answers.put(message)

    def request(self, method, params):
        self.n += 1
        self.put({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params})
        message = self.answers.get(timeout=FAR)
        assert message["id"] == self.n, message
        assert "error" not in message, message
        return message["result"]

    def call(self, tool, **arguments):
        return self.request("tools/call", {"name": tool, "arguments": arguments})["structuredContent"]

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(FAR) == 0, "\n".join(self.errors[-50:])


def until(what, why=""):
    """Waits for something that must come."""
    deadline = time.time() + FAR
    while not what():
        assert time.time() < deadline, why
        time.sleep(0.02)


def shared(name):
    path = os.path.join(folder.name, "shared", name)
    os.makedirs(path, exist_ok=True)
    return path


def leftovers(name):
    """What is in the folders of runs but their output."""
    found = []
    for path, folders, files in os.walk(os.path.join(folder.name, "state-" + name)):
        if "/runs/" in path:
            found += [os.path.join(path, one) for one in folders]
    return found


# ---- stories -------------------------------------------------------------------------------------------------------

def inline():
    """A short run is answered with its result; the tools are listed without a gateway."""
    path = config("inline", {"echo": runner("echo.py", "{word|none}", stdin="{task}")})
    done = subprocess.run([program, "tools", "-c", path, "--json"], capture_output=True, env=environ(), timeout=FAR)
    assert done.returncode == 0, done.stderr
    names = [tool["name"] for tool in json.loads(done.stdout)["tools"]]
    assert names == ["maf", "maf_status", "maf_classify", "maf_wait", "maf_cancel", "maf_result", "maf_list"], names
    assert not os.path.exists(os.path.join(folder.name, "state-inline", "0", "agents.db"))
    with Gateway(path) as gateway:
        client = Client(gateway)
        facts = client.call("maf", task="fix the bug", values={"word": "--given" if False else "given"})
        assert facts["status"] == "completed" and facts["exit_code"] == 0 and not facts["is_error"], facts
        assert facts["text"].startswith("did: fix the bug") and facts["text"].rstrip().endswith("given"), facts
        assert facts["workflow"] == "bug_fix" and facts["runner"] == "echo", facts
        assert facts["instance_id"].split("-")[0] == str(gateway.process.pid), facts
        output = client.request("resources/read", {"uri": facts["resource"]})["contents"][0]["text"]
        assert "did: fix the bug" in output, output
        part = client.call("maf_result", run_id=facts["run_id"], offset=5, length=11)
        assert part["text"] == "fix the bug" and part["next_offset"] == 16, part
        assert client.call("maf_list")["runs"][0]["run_id"] == facts["run_id"]
        for alias in ("maf_execute", "query"):
            again = client.call(alias, task="write it", workflow="code_generation", use_rag=True)
            assert again["status"] == "completed" and again["workflow"] == "code_generation", again
        known = client.call("maf_classify", task="there is a crash in the parser")
        assert known["workflow"] == "bug_fix" and known["runner"] == "echo" and known["matched"], known
        instance = client.call("maf_status")
        assert instance["running"] == 0 and instance["instance_id"] == facts["instance_id"], instance
        assert isinstance(instance["isolation"]["effective"], list) and "uptime_s" in instance, instance
        assert any('started: tools/call "maf"' in line and facts["instance_id"] in line for line in gateway.lines)
    assert leftovers("inline") == []
    done = subprocess.run([program, "call", "-c", path, "maf", "task=by command"], capture_output=True, env=environ(),
                          timeout=FAR)
    assert done.returncode == 0 and b"did: by command" in done.stdout, done


def arguments():
    """What is wrong with a call is said before there is a run."""
    path = config("arguments", {"echo": runner("echo.py", "{word}", stdin="{task}"),
                                "tree": runner("edit.py", isolate={"cwd": "worktree"}, roots=[folder.name]),
                                "missing": {"command": ["/nonexistent/agent"]}})
    with Gateway(path) as gateway:
        client = Client(gateway)
        for given, code, words in (
                ({}, -32602, "task is missing"), ({"task": 5}, -32602, "task must be a string"),
                ({"task": ""}, -32602, "task must not be empty"), ({"task": "x", "wait_s": -1}, -32602, "wait_s"),
                ({"task": "x", "tsk": 1}, -32602, 'unknown argument "tsk"'),
                ({"task": "x", "workflow": "no"}, -32602, "workflow: there is no"),
                ({"task": "x", "runner": "no"}, -32602, "runner: there is no"),
                ({"task": "x", "runner": "echo"}, -32602, "values.word is missing"),
                ({"task": "x", "runner": "echo", "values": {"other": "1"}}, -32602, "no such placeholder"),
                ({"task": "x", "runner": "echo", "values": []}, -32602, "values must be an object"),
                ({"task": "x", "runner": "tree"}, -32602, "cwd is missing"),
                ({"task": "x", "runner": "tree", "cwd": "there"}, -32602, "absolute"),
                ({"task": "x", "runner": "tree", "cwd": "/etc"}, -32602, "not below"),
                ({"task": "x", "runner": "tree", "cwd": folder.name + "/shared"}, -32602, "cwd")):
            try:
                facts = client.call("maf", **given)
                raise AssertionError((given, facts))
            except Refusal as refusal:
                assert refusal.code == code and words in refusal.text, (given, refusal)
        for tool in ("maf_wait", "maf_cancel", "maf_result", "maf_status"):
            try:
                raise AssertionError(client.call(tool, run_id="r-0000000000000000"))
            except Refusal as refusal:
                assert refusal.code == -32602 and "no such run" in refusal.text, refusal
        facts = client.call("maf", task="x", runner="missing")
        assert facts["status"] == "failed" and facts["is_error"] and "/nonexistent/agent" in facts["reason"], facts
        facts = client.call("maf", task="x", runner="echo", values={"word": "--danger"})
        assert facts["status"] == "failed" and facts["is_error"], facts
        assert client.call("maf_status")["running"] == 0


def handle():
    """A long run is a handle; status answers while runs work; progress is told; a second wait gets the result."""
    place = shared("handle")
    path = config("handle", {"gate": runner("gate.py", place, "{run_id}")},
                  {"limits": {"running": 4, "per_caller": 0, "per_repo": 0, "rate": "1000/1s"}, "inline_wait": "1s"})
    with Gateway(path) as gateway:
        client = Client(gateway)
        runs = [client.call("maf", task="work %d" % i, wait_s=0) for i in range(5)]
        assert all(run["status"] in ("queued", "running") and not run["is_error"] for run in runs), runs
        until(lambda: client.call("maf_status")["running"] == 4)
        assert client.call("maf_status")["queued"] == 1
        until(lambda: len(os.listdir(place)) == 4)
        taken = []
        for i in range(100):
            begin = time.monotonic()
            assert client.call("maf_status")["running"] == 4
            client.call("maf_classify", task="please review this")
            taken.append(time.monotonic() - begin)
        print("handle: status and classify while 4 runs work: p99 %.1f ms" % (sorted(taken)[98] * 1000))
        facts = client.call("maf", task="one more", token="t1")
        assert facts["status"] == "queued" and facts["queue_position"] == 2, facts
        assert client.call("maf_wait", run_id=runs[0]["run_id"], wait_s=0)["status"] == "running"
        open(place + "/go", "w").close()
        for run in runs + [facts]:
            over = client.wait(run["run_id"])
            assert over["status"] == "completed" and "done" in over["text"], over
        state = client.call("maf_status", run_id=runs[0]["run_id"])
        assert any(event["text"] == "begun" for event in state["events"]), state
        listed = client.call("maf_list", status="completed", limit=3)
        assert len(listed["runs"]) == 3 and listed["total"] == 6, listed
    with Gateway(path) as gateway:
        os.unlink(place + "/go")
        client = Client(gateway)
        threading.Timer(2, lambda: open(place + "/go", "w").close()).start()
        facts = client.call("maf", task="tell me", token="t2", wait_s=100)
        assert facts["status"] == "completed", facts
        told = [n["params"] for n in client.notices if n["method"] == "notifications/progress"]
        assert any(t["progressToken"] == "t2" and t["message"] == "begun" for t in told), told


def ends():
    """Cancel and timeout end the whole tree, also what does not want to; the call is answered."""
    place = shared("ends")
    path = config("ends", {"stubborn": runner("stubborn.py", place, "{run_id}"),
                           "late": runner("stubborn.py", place, "{run_id}", timeout="2s"),
                           "silent": runner("stubborn.py", place, "{run_id}", idle="2s")})
    with Gateway(path) as gateway:
        client = Client(gateway)
        facts = client.call("maf", task="x", runner="stubborn", wait_s=0)
        mark = place + "/alive-" + facts["run_id"]
        until(lambda: os.path.exists(mark))
        begin = time.monotonic()
        over = client.call("maf_cancel", run_id=facts["run_id"])
        print("ends: cancelled within %.2f s" % (time.monotonic() - begin))
        assert over["status"] == "cancelled" and not over["is_error"], over
        before = os.stat(mark).st_mtime_ns
        time.sleep(0.5)
        assert os.stat(mark).st_mtime_ns == before, "a grandchild is alive"
        assert client.call("maf_wait", run_id=facts["run_id"])["is_error"]
        for name, words in (("late", "timeout"), ("silent", "timeout")):
            over = client.call("maf", task="x", runner=name, wait_s=FAR)
            assert over["status"] == words and over["is_error"] and over["reason"], over
        # The request's own cancel is the run's.
        number = 7777
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: client.send({
                "jsonrpc": "2.0", "id": number, "method": "tools/call",
                "params": {"name": "maf", "arguments": {"task": "y", "runner": "stubborn", "wait_s": FAR}}})[0].read())
            until(lambda: client.call("maf_list", status="running")["runs"])
            run = client.call("maf_list", status="running")["runs"][0]["run_id"]
            client.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
            assert client.wait(run)["status"] == "cancelled"
            waiting.result(FAR)
        # A client that leaves is no cancel.
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
        connection.request("POST", "/mcp", json.dumps({
            "jsonrpc": "2.0", "id": 8888, "method": "tools/call",
            "params": {"name": "maf", "arguments": {"task": "z", "runner": "stubborn", "wait_s": FAR}}}),
            {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
             "Mcp-Session-Id": client.session})
        until(lambda: client.call("maf_list", status="running")["runs"])
        run = client.call("maf_list", status="running")["runs"][0]["run_id"]
        connection.sock.close()
        connection.close()
        time.sleep(0.5)
        assert client.call("maf_status", run_id=run)["status"] == "running"
        begin = time.monotonic()
        gateway.end()
        print("ends: the gateway ended its run within %.2f s" % (time.monotonic() - begin))
    assert leftovers("ends") == []
    with Gateway(path) as gateway:
        assert Client(gateway).call("maf_status", run_id=run)["status"] == "cancelled"


def many():
    """200 at once: never more than the cap, none lost, in order; a full queue and a rate say so."""
    path = config("many", {"echo": runner("echo.py", stdin="{task}", isolate={"memory": "256MiB"})},
                  {"limits": {"running": 4, "per_caller": 0, "per_repo": 0, "queue": 200, "rate": "100000/1s"},
                   "dedup": {"ttl": "60s"}})
    with Gateway(path) as gateway:
        client = Client(gateway)
        most = 0
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            started = list(pool.map(lambda i: client.call("maf", task="task %d" % i, wait_s=0), range(200)))
        assert len({run["run_id"] for run in started}) == 200
        while True:
            state = client.call("maf_status")
            most = max(most, state["running"])
            if state["running"] + state["queued"] == 0:
                break
        assert most == 4, most
        listed = client.call("maf_list", limit=1000)["runs"]
        assert len(listed) == 200 and all(run["status"] == "completed" for run in listed), \
            [run for run in listed if run["status"] != "completed"][:3]
        # Idempotency: fifty at once are one.
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            same = list(pool.map(lambda i: client.call("maf", task="once", idempotency_key="k1"), range(50)))
        assert len({run["run_id"] for run in same}) == 1, same
        again = client.call("maf", number=90001, task="a request again")
        assert client.call("maf", number=90001, task="a request again")["run_id"] == again["run_id"]
        assert client.call("maf", number=90001, task="another")["run_id"] != again["run_id"]
        metrics = http.client.HTTPConnection("127.0.0.1", gateway.port)
        metrics.request("GET", "/metrics")
        text = metrics.getresponse().read().decode()
        assert 'maf_requests_total{instance="%s",tool="maf",outcome="done"}' % again["instance_id"] in text, text
        for name in ("maf_uptime_seconds", "maf_runs_running", "maf_queue_depth", "maf_run_seconds_count",
                     "maf_cost_usd_total", "maf_tokens_total", "maf_output_bytes_total"):
            assert "\n" + name in text, name
    place = shared("many")
    path = config("full", {"gate": runner("gate.py", place, "{run_id}")},
                  {"limits": {"running": 1, "queue": 2, "rate": "4/1h"}})
    with Gateway(path) as gateway:
        client = Client(gateway)
        runs = [client.call("maf", task="work %d" % i, wait_s=0) for i in range(3)]
        for words in ("queue is full",):
            try:
                raise AssertionError(client.call("maf", task="too many", wait_s=0))
            except Refusal as refusal:
                assert refusal.code == -32005 and words in refusal.text, refusal
        assert client.call("maf_cancel", run_id=runs[2]["run_id"])["status"] == "cancelled"
        client.call("maf", task="work 3", wait_s=0)
        client.call("maf_cancel", run_id=runs[1]["run_id"])
        try:
            raise AssertionError(client.call("maf", task="too fast", wait_s=0))
        except Refusal as refusal:
            assert refusal.code == -32005 and "agents.limits.rate" in refusal.text, refusal


def caps():
    """A caller's cap holds back its own runs and no others'; runs are seen by who started them."""
    place = shared("caps")
    path = config("caps", {"gate": runner("gate.py", place, "{run_id}")},
                  {"limits": {"running": 3, "per_caller": 1, "queue": 10, "rate": "1000/1s"}},
                  auth={"keys": [{"name": "a", "key": "a" * 32}, {"name": "b", "key": "b" * 32}]})

    class Keyed(Client):
        def __init__(self, gateway, key):
            self.key = key
            super().__init__(gateway)

        def send(self, message, timeout=FAR):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                       "Authorization": "Bearer " + self.key}
            if self.session:
                headers["Mcp-Session-Id"] = self.session
            connection.request("POST", "/mcp", json.dumps(message), headers)
            answer = connection.getresponse()
            self.session = answer.getheader("Mcp-Session-Id") or self.session
            return answer, connection

    with Gateway(path) as gateway:
        one, two = Keyed(gateway, "a" * 32), Keyed(gateway, "b" * 32)
        first, second = one.call("maf", task="1", wait_s=0), one.call("maf", task="2", wait_s=0)
        other = two.call("maf", task="3", wait_s=0)
        assert [run["status"] for run in (first, second, other)] == ["running", "queued", "running"]
        try:
            raise AssertionError(two.call("maf_status", run_id=first["run_id"]))
        except Refusal as refusal:
            assert "no such run" in refusal.text
        try:
            raise AssertionError(two.request("resources/read", {"uri": "bascule-run:///%s/output" % first["run_id"]}))
        except Refusal as refusal:
            assert refusal.data.get("kind") == "resource_not_found", refusal
        assert [run["run_id"] for run in two.call("maf_list")["runs"]] == [other["run_id"]]
        open(place + "/go", "w").close()
        assert one.wait(second["run_id"])["status"] == "completed"


def crash():
    """kill -9: what ran is lost and its folder goes, what was over is served, others are not touched."""
    place, repo = shared("crash"), os.path.join(folder.name, "repo-crash")
    make_repo(repo)
    path = config("crash", {"gate": runner("gate.py", place, "{run_id}", dir=repo, isolate={"cwd": "worktree"}),
                            "echo": runner("echo.py", stdin="{task}"),
                            "slow": runner("gate.py", shared("crash-task"), "{run_id}")},
                  {"limits": {"running": 4, "per_caller": 0, "per_repo": 1, "rate": "1000/1s"}, "inline_wait": "1s"})
    with Gateway(path) as gateway, Gateway(path) as neighbour:
        client, other = Client(gateway), Client(neighbour)
        over = client.call("maf", task="over", runner="echo", idempotency_key="kept")
        told = client.call("maf_status", run_id=over["run_id"])
        works = other.call("maf", task="neighbour", runner="gate", wait_s=0)
        lost = client.call("maf", task="lost", runner="gate", wait_s=0)
        can = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
        task = modern(gateway, "tools/call", {"name": "maf", "arguments": {"task": "task", "runner": "slow"}}, can)
        assert task["resultType"] == "task", task
        open(os.path.join(folder.name, "shared", "crash-task", "go"), "w").close()
        until(lambda: modern(gateway, "tasks/get", {"taskId": task["taskId"]}, can)["status"] == "completed")
        waits = client.call("maf", task="waits", runner="gate", wait_s=0)
        assert waits["status"] == "queued", waits
        until(lambda: len(os.listdir(place)) == 2)
        assert len(worktrees(repo)) == 3, worktrees(repo)
        gateway.end(signal.SIGKILL)
        with Gateway(path) as again:
            client = Client(again)
            facts = client.call("maf_status", run_id=lost["run_id"])
            assert facts["status"] == "lost" and facts["instance_id"] == lost["instance_id"], facts
            facts = client.call("maf_status", run_id=over["run_id"])
            assert facts["events"] == told["events"] and told["events_total"] == facts["events_total"] > 0, (facts, told)
            assert client.call("maf_wait", run_id=waits["run_id"])["status"] == "lost"
            facts = client.call("maf_wait", run_id=over["run_id"])
            assert facts["status"] == "completed" and "did: over" in facts["text"], facts
            assert "did: over" in client.call("maf_result", run_id=over["run_id"])["text"]
            # Tasks too are known by their ids, and to who did not begin them as little as before.
            for name, status in ((task["taskId"], "completed"), (lost["run_id"], "lost")):
                shown = modern(again, "tasks/get", {"taskId": name}, can)
                assert shown["status"] == "completed", shown
                assert shown["result"]["structuredContent"]["status"] == status, shown
            assert Client(again, revision="2025-11-25").request("tasks/get", {"taskId": task["taskId"]})["status"] == "completed"
            assert client.call("maf", task="x", runner="echo", idempotency_key="kept")["run_id"] == over["run_id"]
            assert len(worktrees(repo)) == 2, worktrees(repo)
            assert other.call("maf_status", run_id=works["run_id"])["status"] == "running"
            open(place + "/go", "w").close()
            assert other.wait(works["run_id"])["status"] == "completed"
            assert len(worktrees(repo)) == 1, worktrees(repo)
    assert leftovers("crash") == []


def make_repo(repo):
    os.makedirs(repo)
    env = environ(GIT_AUTHOR_NAME="t", GIT_AUTHOR_EMAIL="t@example.com", GIT_COMMITTER_NAME="t",
                  GIT_COMMITTER_EMAIL="t@example.com")
    open(repo + "/old.txt", "w").write("old\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=repo, check=True, env=env)


def worktrees(repo):
    out = subprocess.run(["git", "worktree", "list", "--porcelain"], cwd=repo, check=True, env=environ(),
                         capture_output=True).stdout.decode()
    return [line for line in out.split("\n") if line.startswith("worktree ")]


def worktree():
    """A run in a worktree gives its diff, and leaves the repository as it was."""
    place, repo = shared("worktree"), os.path.join(folder.name, "repo")
    make_repo(repo)
    path = config("worktree", {"edit": runner("edit.py", dir=repo, isolate={"cwd": "worktree"}),
                               "gate": runner("gate.py", place, "{run_id}", dir=repo, isolate={"cwd": "worktree"})})
    with Gateway(path) as gateway:
        client = Client(gateway)
        run = client.call("maf", task="wait", runner="gate", wait_s=0)["run_id"]
        until(lambda: os.listdir(place))
        # The repository is damaged meanwhile: that is no run without changes.
        os.rename(repo + "/.git/objects", repo + "/.git/objects-away")
        open(place + "/go", "w").close()
        facts = client.wait(run)
        os.rename(repo + "/.git/objects-away", repo + "/.git/objects")
        assert facts["status"] == "completed" and facts["truncated"] and not facts.get("diff"), facts
        state = client.call("maf_status", run_id=run)
        assert any("what it changed cannot be told" in event["text"] for event in state["events"]), state
        facts = Client(gateway).call("maf", task="edit it")
        assert facts["status"] == "completed", facts
        assert "+made by the run" in facts["diff"] and "+and more" in facts["diff"], facts["diff"]
    assert os.listdir(repo) == [".git", "old.txt"] or sorted(os.listdir(repo)) == [".git", "old.txt"]
    assert len(worktrees(repo)) == 1
    status = subprocess.run(["git", "status", "--porcelain"], cwd=repo, capture_output=True, env=environ()).stdout
    assert status == b"", status


def spoken():
    """What a program says of itself: cost, tokens, its session; a result that is too long is had in parts."""
    path = config("spoken", {"speak": runner("speak.py", parse="claude-stream")})
    with Gateway(path) as gateway:
        client = Client(gateway)
        facts = client.call("maf", task="speak")
        assert facts["status"] == "completed" and facts["truncated"], facts
        assert facts["text"] == "\u00e4" * 8192, len(facts["text"])
        assert facts["cost_usd"] == 0.25 and facts["tokens"] == {"in": 7, "out": 9}, facts
        assert facts["session"] == "s-1", facts
        read, offset = "", 0
        while True:
            part = client.call("maf_result", run_id=facts["run_id"], offset=offset, length=10001, of="text")
            read, offset = read + part["text"], part["next_offset"]
            if part["is_end"]:
                break
        assert read == "\u00e4" * 50000, len(read)


def rss(pid):
    with open("/proc/%d/status" % pid) as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) * 1024


def flood():
    """A lot of output, and rubbish: bounded, said, and the gateway unharmed."""
    mib = int(os.environ.get("FLOOD_MIB", "1024"))
    path = config("flood", {"flood": runner("flood.py", str(mib)), "rubbish": runner("rubbish.py"),
                            "stream": runner("rubbish.py", parse="claude-stream"),
                            "acp": runner("rubbish.py", parse="acp")}, {"output": {"keep": "1MiB", "inline": "4KiB"}})
    with Gateway(path) as gateway:
        client = Client(gateway)
        before = rss(gateway.process.pid)
        begin = time.monotonic()
        facts = client.call("maf", task="x", runner="flood", wait_s=3000, timeout=3000)
        grown = rss(gateway.process.pid) - before
        print("flood: %d MiB in %.1f s, resident +%.1f MiB" % (mib, time.monotonic() - begin, grown / 2**20))
        assert facts["status"] == "completed" and facts["truncated"], facts["status"]
        assert facts["output_bytes"] >= mib << 20 and len(facts["text"]) <= 4096, facts["output_bytes"]
        assert grown < 100 << 20 or "SAN_OPTIONS" in "".join(os.environ), grown
        kept = client.request("resources/read", {"uri": facts["resource"]})["contents"][0]["text"]
        assert len(kept) < 3 << 20 and "the end" in kept[-200:], (len(kept), kept[-200:])
        offset, read = 0, ""
        while True:
            part = client.call("maf_result", run_id=facts["run_id"], offset=offset, length=300000)
            read += part["text"]
            offset = part["next_offset"]
            if part["is_end"]:
                break
        assert read == kept
        for name in ("rubbish", "stream", "acp"):
            facts = client.call("maf", task="x", runner=name)
            assert facts["status"] in ("completed", "failed"), facts
        assert client.call("maf_status")["running"] == 0


def acp():
    agents = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agents")
    made = runner("", parse="acp", isolate={"read": ["system", agents]})
    made["command"] = ["/usr/bin/python3", agents + "/acp_agent.py", "permission"]
    return made


def permission():
    """An agent that asks: its client's user is asked; without one the answer is no, at once."""
    path = config("permission", {"agent": acp()})
    pipe = Pipe(path, {"elicitation": {}},
                lambda params: {"action": "accept", "content": {
                    "decision": params["requestedSchema"]["properties"]["decision"]["enum"][0]}})
    facts = pipe.call("maf", task="ask for permission")
    assert facts["status"] == "completed", facts
    assert len(pipe.asked) >= 1 and pipe.asked[0]["method"] == "elicitation/create", pipe.asked
    assert "It wants to" in pipe.asked[0]["params"]["message"], pipe.asked
    print("permission: asked %r" % pipe.asked[0]["params"]["message"])
    allowed = facts["text"]
    pipe.end()
    pipe = Pipe(path, {"elicitation": {}}, lambda params: {"action": "decline"})
    facts = pipe.call("maf", task="ask for permission")
    assert pipe.asked and facts["text"] != allowed, facts
    pipe.end()
    pipe = Pipe(path, {})
    begin = time.monotonic()
    facts = pipe.call("maf", task="ask for permission")
    assert not pipe.asked
    print("permission: answered without anybody in %.2f s" % (time.monotonic() - begin))
    assert facts["text"] != allowed, facts
    state = pipe.call("maf_status", run_id=facts["run_id"])
    assert any("nobody is there to be asked" in event["text"] for event in state["events"]), state
    pipe.end()


def permission_tasks():
    """A run that is a task asks in it: by tasks/result for 2025-11-25, by tasks/get and tasks/update for 2026-07-28."""
    path = config("asking", {"agent": acp()}, {"inline_wait": "0s"})
    accept = {"action": "accept", "content": {"decision": "choice1"}}
    pipe = Pipe(path, {"elicitation": {}}, lambda params: accept, "2025-11-25")
    task = pipe.request("tools/call", {"name": "maf", "arguments": {"task": "x"}, "task": {}})["task"]["taskId"]
    until(lambda: pipe.request("tasks/get", {"taskId": task})["status"] == "input_required")
    assert not pipe.asked
    result = pipe.request("tasks/result", {"taskId": task})
    assert len(pipe.asked) == 1 and result["structuredContent"]["status"] == "completed", result
    pipe.end()
    with Gateway(path) as gateway:
        can = {"extensions": {"io.modelcontextprotocol/tasks": {}}, "elicitation": {"form": {}}}
        task = modern(gateway, "tools/call", {"name": "maf", "arguments": {"task": "x"}}, can)
        assert task["resultType"] == "task", task
        about = {"taskId": task["taskId"]}
        until(lambda: modern(gateway, "tasks/get", about, can)["status"] == "input_required")
        (key, question), = modern(gateway, "tasks/get", about, can)["inputRequests"].items()
        assert question["method"] == "elicitation/create", question
        modern(gateway, "tasks/update", dict(about, inputResponses={key: accept}), can)
        until(lambda: modern(gateway, "tasks/get", about, can)["status"] == "completed")


def depth():
    """Gateways that start each other end somewhere."""
    path = config("depth", {"echo": runner("echo.py", stdin="{task}")})
    with Gateway(path, BASCULE_DEPTH="3") as gateway:
        client = Client(gateway)
        try:
            raise AssertionError(client.call("maf", task="x"))
        except Refusal as refusal:
            assert "BASCULE_DEPTH" in refusal.text and refusal.data["kind"] == "refused", refusal
        assert client.call("maf_status")["running"] == 0
    with Gateway(path, BASCULE_DEPTH="2") as gateway:
        assert Client(gateway).call("maf", task="x")["status"] == "completed"


def tasks():
    """A client of 2025-11-25 that asks for a task has one: get, result, cancel."""
    place = shared("tasks")
    path = config("tasks", {"gate": runner("gate.py", place, "{run_id}")}, {"inline_wait": "1s"})
    with Gateway(path) as gateway:
        client = Client(gateway, revision="2025-11-25")
        begun = client.request("tools/call", {"name": "maf", "arguments": {"task": "long"}, "task": {}})
        task = begun["task"]
        assert task["status"] == "working", begun
        until(lambda: os.listdir(place))
        shown = client.request("tasks/get", {"taskId": task["taskId"]})
        assert shown["status"] == "working" and "run r-" in shown["statusMessage"], shown
        assert [t["taskId"] for t in client.request("tasks/list", {})["tasks"]] == [task["taskId"]]
        other = client.request("tools/call", {"name": "maf", "arguments": {"task": "cancelled"}, "task": {}})["task"]
        assert client.request("tasks/cancel", {"taskId": other["taskId"]})["status"] == "cancelled"
        until(lambda: client.request("tasks/get", {"taskId": other["taskId"]})["status"] == "cancelled")
        open(place + "/go", "w").close()
        result = client.request("tasks/result", {"taskId": task["taskId"]})
        assert result["structuredContent"]["status"] == "completed" and not result["isError"], result
        assert client.request("tasks/get", {"taskId": task["taskId"]})["status"] == "completed"


def modern(gateway, method, params, capabilities=None):
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "story", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": capabilities or {}}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=FAR)
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
               "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    if "taskId" in params:
        headers["Mcp-Name"] = params["taskId"]
    connection.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                                   "params": dict(params, _meta=meta)}), headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    if "event-stream" in answer.getheader("Content-Type", ""):
        body = [line[5:] for line in body.split("\n") if line.startswith("data:")][-1]
    message = json.loads(body)
    assert "result" in message, message
    return message["result"]


def listen(gateway, tasks, capabilities):
    """What is told of tasks, message by message; the first says which of them are."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "story", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": capabilities}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=FAR)
    method = "subscriptions/listen"
    connection.request("POST", "/mcp", json.dumps(
        {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"notifications": {"taskIds": tasks}, "_meta": meta}}),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
         "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    for line in answer:
        if line.startswith(b"data:"):
            yield json.loads(line[5:])


def tasks_modern():
    """2026-07-28: a run that is not over soon becomes a task by itself."""
    place = shared("modern")
    path = config("modern", {"gate": runner("gate.py", place, "{run_id}"), "echo": runner("echo.py", stdin="{task}"), "agent": acp()},
                  {"inline_wait": "1s", "limits": {"per_caller": 0, "rate": "1000/1s"}})
    can = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
    with Gateway(path) as gateway:
        quick = modern(gateway, "tools/call", {"name": "maf", "arguments": {"task": "q", "runner": "echo", "wait_s": FAR}}, can)
        assert quick["resultType"] == "complete" and quick["structuredContent"]["status"] == "completed", quick
        begun = modern(gateway, "tools/call", {"name": "maf", "arguments": {"task": "long", "runner": "gate"}}, can)
        assert begun["resultType"] == "task" and begun["status"] == "working", begun
        shown = modern(gateway, "tasks/get", {"taskId": begun["taskId"]}, can)
        assert shown["status"] == "working", shown
        # What a run asks while its call waits is asked by the answer to that call, and goes on with the next one.
        asks = {"name": "maf", "arguments": {"task": "x", "runner": "agent", "wait_s": FAR}}
        asked = modern(gateway, "tools/call", asks, {"elicitation": {"form": {}}})
        assert asked["resultType"] == "input_required", asked
        (key, question), = asked["inputRequests"].items()
        assert "It wants to" in question["params"]["message"], asked
        done = modern(gateway, "tools/call", dict(asks, requestState=asked["requestState"], inputResponses={
            key: {"action": "accept", "content": {"decision": "choice1"}}}), {"elicitation": {"form": {}}})
        assert done["resultType"] == "complete" and done["structuredContent"]["status"] == "completed", done
        told = listen(gateway, [begun["taskId"], "r-0000000000000000"], can)
        granted = next(told)["params"]["notifications"]["taskIds"]
        assert granted == [begun["taskId"]], granted
        plain = modern(gateway, "tools/call", {"name": "maf", "arguments": {"task": "plain", "runner": "gate"}})
        assert plain["resultType"] == "complete" and plain["structuredContent"]["status"] == "running", plain
        open(place + "/go", "w").close()
        until(lambda: modern(gateway, "tasks/get", {"taskId": begun["taskId"]}, can)["status"] == "completed")
        news = next(message for message in told if message["params"].get("status") == "completed")
        assert news["method"] == "notifications/tasks" and news["params"]["taskId"] == begun["taskId"], news
        shown = modern(gateway, "tasks/get", {"taskId": begun["taskId"]}, can)
        assert shown["result"]["structuredContent"]["status"] == "completed", shown


def reload():
    """Another limit by a reload: runs go on, and the new one holds."""
    place = shared("reload")
    runners = {"gate": runner("gate.py", place, "{run_id}")}
    limits = {"per_caller": 0, "per_repo": 0, "rate": "1000/1s"}
    path = config("reload", runners, {"limits": dict(limits, running=1)})
    with Gateway(path) as gateway:
        client = Client(gateway)
        runs = [client.call("maf", task="work %d" % i, wait_s=0) for i in range(3)]
        assert client.call("maf_status")["running"] == 1
        config("reload", runners, {"limits": dict(limits, running=3)})
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: any("configuration was read again" in line for line in gateway.lines))
        assert client.call("maf_status")["running"] == 3
        open(place + "/go", "w").close()
        assert all(client.wait(run["run_id"])["status"] == "completed" for run in runs)


STORIES = (inline, arguments, handle, ends, many, caps, crash, worktree, spoken, flood, permission, permission_tasks, depth, tasks, tasks_modern, reload)

os.makedirs(os.path.join(folder.name, "scripts"))
os.makedirs(os.path.join(folder.name, "shared"))
for file_name, text in SCRIPTS.items():
    with open(script(file_name), "w") as out:
        out.write(text)
for story in STORIES:
    if len(sys.argv) > 2 and story.__name__ not in sys.argv[2:]:
        continue
    begun_at = time.monotonic()
    story()
    print("ok %s (%.1f s)" % (story.__name__, time.monotonic() - begun_at), flush=True)
