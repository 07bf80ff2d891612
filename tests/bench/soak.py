"""The soak: 50 clients in front of six upstreams for minutes, while everything that can break does, from a seed.

Each call must have exactly one outcome that its client sees, with its own words in it, and each request that the
gateway begins one completion in its log.  When the clients have gone, descriptors, children, sessions and memory of
the gateway must be what they were.  run.py drives it: --only soak [--minutes N] [--calls N] [--seed N].
"""
import asyncio
import collections
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request

from soak_clients import Gone, HttpSession, SseSession, StdioSession

CLIENTS, STDIO_CLIENTS, SSE_CLIENTS = 50, 4, 12
REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2025-11-25")
SSE_REVISIONS = ("2024-11-05", "2025-11-25")
UPSTREAMS = ("pipe", "own", "web", "webown", "tls", "tlsown")   # shared, and one session for each client
SESSION_IDLE_S, TIMEOUT_S, HUNG_S = 20, 2, 40    # an answer may be read for a while: its call has ended
KEPT_S = 60                     # a connection to an upstream that waits for its next use (net/http_link.c)
MEMORY_SLACK_KIB = 4096         # what an allocator may keep, beside what it kept of the warming up
WARM_MINUTES = 0.5
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "soak_upstream.py")
LOGGED = re.compile(rb"Request #(\d+) \(ID: .*?\) (started|completed)")
RELOADED = ("the configuration was read again", "nothing was changed")
# How often, in parts of the whole.
MIX = {"echo": 600, "slow": 100, "steps": 60, "ask": 50, "sample": 25, "roots": 10, "lose": 60, "big": 30, "list": 20,
       "cancel": 25, "crawl": 8, "hang": 8, "reset": 6, "vanish": 8, "die": 1}
TOOLS = {"cancel": "slow", "vanish": "slow", "crawl": "big"}
LOST = ("steps", "slow", "ask", "sample")       # what is called on a stream that is lost and gone on with
CAPABILITIES = ("elicitation", "sampling", "roots")
EXPECTED = {"answer", "cancelled", "left", "deadline", "limit", "outcome_unknown", "unavailable"}


def proc(pid, name):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/{name}", "rb") as f:
            return f.read()
    return b""


def family(root):
    """(the gateway's own processes, its upstreams) below root."""
    children, own, upstreams = {}, [], []
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := proc(name, "stat")):
            children.setdefault(int(stat.rsplit(b")", 1)[1].split()[1]), []).append(int(name))
    todo = [root]
    while todo:
        pid = todo.pop()
        (upstreams if PROGRAM.encode() in proc(pid, "cmdline") else own).append(pid)
        todo += children.get(pid, [])
    return own, upstreams


def rss_anon_kib(pids):
    found = (re.search(rb"RssAnon:\s+(\d+)", proc(pid, "status")) for pid in pids)
    return sum(int(m[1]) for m in found if m)


def descriptors(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += len(os.listdir(f"/proc/{pid}/fd"))
    return total


class Client:
    """One place of fifty: session after session, each ending in its own way."""

    def __init__(self, soak, number):
        self.soak, self.number = soak, number
        self.random = random.Random(f"{soak.seed}/{number}")
        self.is_stdio, self.is_sse = number < STDIO_CLIENTS, number - STDIO_CLIENTS in range(SSE_CLIENTS)
        self.session, self.sessions, self.last, self.tasks = None, 0, 0, set()

    def background(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_message(self, message):
        method, params = message["method"], message.get("params", {})
        self.soak.told[method] += 1
        if method == "response to nothing":
            if params.get("id") not in self.cancelled:
                self.soak.fault("answered twice", params)
        elif method == "event twice":
            self.soak.fault(method, params)
        elif method == "notifications/progress":
            self.is_mine("answer", params["message"])
        elif method == "elicitation/create":
            self.is_mine("question", params["message"])
            self.background(self.answer(message["id"], {"action": "accept", "content": {"ok": True}}))
        elif method == "sampling/createMessage":
            content = params["messages"][0]["content"]
            self.is_mine("question", content["text"])
            self.background(self.answer(message["id"], {"role": "assistant", "model": "m", "content": content}))
        elif method == "roots/list":
            self.background(self.answer(message["id"], {"roots": [{"uri": f"file:///{self.number}"}]}))

    def is_mine(self, what, text):
        if not text.startswith(f"{self.number}.{self.sessions}."):
            self.soak.fault(f"another's {what}", text)

    async def answer(self, asked, result):
        with contextlib.suppress(Gone):
            await self.session.notify({"jsonrpc": "2.0", "id": asked, "result": result})

    async def begin(self):
        self.sessions += 1
        self.cancelled = set()
        revision = self.random.choice(SSE_REVISIONS if self.is_sse else REVISIONS)
        if self.is_stdio:
            self.session = StdioSession(self.soak.stdio_command(), self.on_message,
                                        self.soak.path(f"stdio{self.number}.log"))
        elif self.is_sse:
            self.session = SseSession(self.soak.port, self.on_message)
        else:
            self.session = HttpSession(self.soak.port, self.on_message, revision)
        await self.session.open()
        can = {name: {} for name in CAPABILITIES if self.random.random() < 0.8}
        await self.session.request({"jsonrpc": "2.0", "id": "i", "method": "initialize", "params": {
            "protocolVersion": revision, "capabilities": can, "clientInfo": {"name": "soak", "version": "1"}}})
        await self.session.notify({"jsonrpc": "2.0", "method": "notifications/initialized"})
        if self.random.random() < 0.3:
            self.background(self.session.listen(lambda: self.random.uniform(0.5, 10)))
        self.upstreams = [u for u in UPSTREAMS if not u.endswith("own") or self.random.random() < 0.25]

    async def live(self):
        while not self.soak.is_over():
            try:
                await asyncio.wait_for(self.begin(), HUNG_S)
                await self.calls(self.random.randint(20, 400))
            except Gone as e:
                self.soak.sessions_lost[str(e)] += 1
                await asyncio.sleep(0.2)
            except asyncio.TimeoutError:
                self.soak.fault("hung", "initialize")
            finally:
                await self.leave()

    async def leave(self):
        for task in list(self.tasks):
            task.cancel()
        status = await self.session.leave(self.random.random() < 0.5) if self.session else None
        if self.is_stdio and status != 0:
            self.soak.fault("bad exit", f"stdio gateway: {status}")

    async def calls(self, n):
        while n > 0 and not self.soak.is_over():
            burst = self.random.choice((1, 1, 1, 2, 4))
            n -= burst
            await self.soak.pace(burst)
            kinds = self.random.choices(list(MIX), list(MIX.values()), k=burst)
            outcomes = await asyncio.gather(*(self.call(kind) for kind in kinds))
            if "left" in outcomes or self.session.is_unknown:
                return

    async def call(self, kind):
        """One call, one outcome."""
        self.last += 1
        number = self.last
        token = f"{self.number}.{self.sessions}.{number}"
        tool = self.random.choice(LOST) if kind == "lose" else TOOLS.get(kind, kind)
        upstreams = [u for u in self.upstreams if u != "pipe"] if kind == "reset" else self.upstreams
        arguments = {"token": token, "ms": self.random.randint(5, 150), "n": 5,
                     "kib": 4096 if kind == "crawl" else self.random.choice((1, 64, 300, 1024))}
        message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
            "name": f"{self.random.choice(upstreams)}__{tool}", "arguments": arguments,
            "_meta": {"progressToken": token}}}
        if kind == "list":
            message = {"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": {}}
        outcome = await self.outcome(kind, message, token)
        self.soak.count(kind, outcome, f"{kind} {message['params'].get('name')} {token}")
        return outcome

    async def outcome(self, kind, message, token):
        if kind == "lose" and isinstance(self.session, HttpSession):
            request = self.session.resumed(message, [self.random.uniform(0, 0.2) for _ in range(2)])
        else:
            request = self.session.request(message, (lambda: 0.05) if kind == "crawl" else (lambda: 0))
        work = asyncio.create_task(request)
        try:
            if kind in ("cancel", "vanish"):
                await asyncio.wait([work], timeout=self.random.uniform(0, 0.1))
            if kind == "vanish" and not work.done():
                self.cancelled.add(message["id"])
                work.cancel()
                return "left"
            if kind == "cancel" and not work.done():
                self.cancelled.add(message["id"])
                await self.session.notify({"jsonrpc": "2.0", "method": "notifications/cancelled",
                                           "params": {"requestId": message["id"]}})
                if not self.session.hears_cancelled:       # nothing comes, or what was on its way
                    await asyncio.wait([work], timeout=0.2)
                    work.cancel()
                    return "cancelled"
            responses = await asyncio.wait_for(work, HUNG_S)
        except Gone as e:
            return "left" if str(e) == "the gateway ended" and self.soak.is_over() else f"broken: {e}"
        except asyncio.TimeoutError:
            return "hung"
        if not responses and message["id"] in self.cancelled:
            return "cancelled"
        return self.judge(responses, token)

    def judge(self, responses, token):
        if len(responses) != 1:
            return "answered twice" if responses else "no answer"
        if "error" in responses[0]:
            error = responses[0]["error"]
            return (error.get("data") or {}).get("kind") or f"error {error['code']}: {error['message'][:60]}"
        result = responses[0]["result"]
        if "tools" in result:
            return "answer"
        word, _, rest = result["content"][0]["text"].partition(" ")
        if word != token:
            return "another's answer"
        told = json.loads(rest) if rest.startswith("{") else {}
        if "model" in told and told["content"]["text"] != token:
            return "another's answer"
        if "roots" in told and told["roots"][0]["uri"] != f"file:///{self.number}":
            return "another's answer"
        return "answer"


class Soak:
    def __init__(self, bench):
        self.bench, self.folder, options = bench, os.path.dirname(bench.path("soak")), bench.options
        self.seed, self.minutes, self.calls_wanted = options.seed, options.minutes, options.calls
        self.random = random.Random(f"{self.seed}/chaos")
        self.outcomes, self.kinds, self.told = (collections.Counter() for _ in range(3))
        self.sessions_lost, self.chaos_done = collections.Counter(), collections.Counter()
        self.faults, self.begun, self.done = [], set(), 0
        self.port, self.config_path = None, self.path("bascule.yaml")
        self.web_ports, self.webs = {}, {}      # by scheme: http, https
        self.reloads, self.hups, self.changes, self.has_extra = collections.Counter(), 0, {}, False
        self.peak, self.twice = collections.Counter(), 0
        self.calls, self.calls_due, self.minutes_due = 0, 0, 0
        self.log_tail = collections.deque(maxlen=200)

    def path(self, name):
        return os.path.join(self.folder, name)

    def fault(self, what, detail):
        self.outcomes[f"FAULT {what}"] += 1
        if len(self.faults) < 50:
            self.faults.append(f"{what}: {str(detail)[:2000]}")

    def count(self, kind, outcome, detail):
        self.kinds[kind] += 1
        if outcome not in EXPECTED:
            self.fault(outcome, detail)
        else:
            self.outcomes[outcome] += 1

    def is_over(self):
        return self.gateway.returncode is not None or self.calls >= self.calls_due or time.monotonic() >= self.end

    async def pace(self, n):
        """Calls are spread over the minutes, and late ones are made up for."""
        due = self.start + self.calls / self.calls_due * self.minutes_due * 60 * 0.97
        self.calls += n
        await asyncio.sleep(max(0, min(due, self.end) - time.monotonic()))

    # --- processes ---

    def upstream(self, *words):
        return [sys.executable, "-IS", PROGRAM, *words]

    def certificate(self):
        """One for this machine that is its own authority."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=soak", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.path("tls.key"), "-out", self.path("tls.pem")],
                       check=True, capture_output=True)

    def config(self, path, listen, level):
        more = {"timeout": f"{TIMEOUT_S}s", "connect_timeout": "5s"}
        lazy = {"session": "per_client", "lazy": True}
        url, tls_url = (f"{scheme}://127.0.0.1:{port}/mcp" for scheme, port in self.web_ports.items())
        tls = {"url": tls_url, "tls": {"ca": self.path("tls.pem")}}
        upstreams = [
            {"name": "pipe", "command": self.upstream("stdio"), "session": "shared"},
            {"name": "own", "command": self.upstream("stdio"), "idle_stop": "5s"} | lazy,
            {"name": "web", "url": url, "session": "shared"},
            {"name": "webown", "url": url} | lazy,
            {"name": "tls", "session": "shared"} | tls,
            {"name": "tlsown"} | tls | lazy]
        if self.has_extra:
            upstreams.append({"name": "extra", "command": self.upstream("stdio"), "session": "shared"})
        upstreams = [u | more | self.changes.get(u["name"], {}) for u in upstreams]
        with open(path, "w") as f:
            json.dump({"listen": listen, "log": {"level": level}, "limits": {
                "session_idle": f"{SESSION_IDLE_S}s", "ask": "5s"}, "state": self.path("state"),
                "upstreams": upstreams}, f)

    def gateway_config(self):
        self.config(self.config_path, {"http": f"127.0.0.1:{self.port}"}, "info")

    def stdio_command(self):
        return [self.bench.bascule, "serve", "--transport", "stdio", "-c", self.path("stdio.yaml")]

    async def web_start(self, scheme):
        files = [self.path("tls.pem"), self.path("tls.key")] if scheme == "https" else []
        self.webs[scheme] = await asyncio.create_subprocess_exec(
            *self.upstream(scheme, str(self.web_ports[scheme]), *files), stderr=asyncio.subprocess.DEVNULL)

    async def web_keep(self, scheme):
        """It comes again, also when it has killed itself."""
        while True:
            await self.webs[scheme].wait()
            await asyncio.sleep(self.random.uniform(0, 1))
            await self.web_start(scheme)

    async def read_log(self, stream):
        """Each request that begins is completed once."""
        while line := await stream.readline():
            if found := LOGGED.search(line):
                number = int(found[1])
                if found[2] == b"started":
                    self.begun.add(number)
                elif number in self.begun:
                    self.begun.remove(number)
                    self.done += 1
                else:
                    self.fault("answered twice", line.decode(errors="replace"))
            else:
                self.log_tail.append(line.decode(errors="replace").rstrip())
                self.reloads.update(text for text in RELOADED if text in self.log_tail[-1])

    # --- what is broken ---

    async def chaos(self):
        kinds = ("kill stdio", "kill http", "kill https", "stop stdio", "stop http", "stop https",
                 "reload same", "reload changed", "reload faulty")
        while True:
            await asyncio.sleep(self.random.uniform(2, 10))
            what, whom = self.random.choice(kinds).split()
            if what == "reload":
                self.reload(whom)
            else:
                _, children = family(self.gateway.pid)
                pid = self.webs[whom].pid if whom in self.webs else self.random.choice(children) if children else None
                await self.hurt(what, pid)
            self.chaos_done[f"{what} {whom}"] += 1

    async def hurt(self, what, pid):
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGKILL if what == "kill" else signal.SIGSTOP)
            if pid is not None and what == "stop":
                await asyncio.sleep(self.random.uniform(0.2, 3))
                os.kill(pid, signal.SIGCONT)

    def reload(self, how):
        """SIGHUP: with the same file, with one server changed and another that comes or goes, with a faulty file."""
        if how == "changed":
            name = self.random.choice(UPSTREAMS)
            key = "env" if name in ("pipe", "own") else "headers"
            self.changes[name] = {key: {"X_ROUND" if key == "env" else "X-Round": str(self.hups)}}
            self.has_extra = not self.has_extra
        self.gateway_config()
        if how == "faulty":
            with open(self.config_path, "a") as f:
                f.write("]")
        if self.gateway.returncode is None:
            self.hups += 1
            self.gateway.send_signal(signal.SIGHUP)

    async def restore(self):
        """The machine as it was at the beginning."""
        for web in self.webs.values():
            with contextlib.suppress(ProcessLookupError):
                web.send_signal(signal.SIGCONT)
        self.changes, self.has_extra = {}, False
        await asyncio.sleep(1)
        self.reload("same")

    # --- what is looked at ---

    def sessions(self):
        """As the gateway's own figures say; None where it has none."""
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                found = re.search(rb"^bascule_sessions (\d+)", answer.read(), re.M)
                return int(found[1]) if found else None
        return None

    def look(self):
        own, children = family(self.gateway.pid)
        return {"descriptors": descriptors(own), "children": len(children), "processes": len(own),
                "sessions": self.sessions(), "RssAnon KiB": rss_anon_kib(own)}

    async def watch(self):
        while True:
            for key, value in (await asyncio.to_thread(self.look)).items():
                self.peak[key] = max(self.peak[key], value or 0)
            await asyncio.sleep(2)

    async def touch(self):
        """A polite client for whom the shared upstreams answer, so that they stand."""
        session, answers = HttpSession(self.port, lambda message: None), None
        for _ in range(20):
            try:
                await session.request({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
                    "protocolVersion": "2025-11-25", "capabilities": {},
                    "clientInfo": {"name": "touch", "version": "1"}}})
                answers = [(await session.request({
                    "jsonrpc": "2.0", "id": n + 1, "method": "tools/call",
                    "params": {"name": f"{name}__echo", "arguments": {"token": "t"}}}))[0]
                    for n, name in enumerate(UPSTREAMS)]
                await session.leave(True)
                if all("result" in answer for answer in answers):
                    return
            except Gone as e:
                answers = e
            session = HttpSession(self.port, lambda message: None)
            await asyncio.sleep(1)
        self.fault("broken", f"the upstreams do not come back: {answers}\n" + "\n".join(self.log_tail))

    async def settle(self, before=None):
        """Looks when sessions are over; with before until it is so again, or what is kept must have gone."""
        await self.touch()
        await asyncio.sleep(SESSION_IDLE_S + 5)
        end = time.monotonic() + KEPT_S + 10
        while True:
            now = await asyncio.to_thread(self.look)
            if before is None or self.differs(before, now) == [] or time.monotonic() > end:
                return now
            await asyncio.sleep(1)

    @staticmethod
    def differs(before, now):
        slack = {"RssAnon KiB": MEMORY_SLACK_KIB}
        return [key for key in before if (now[key] or 0) > (before[key] or 0) + slack.get(key, 0)]

    # --- the story ---

    async def load(self, minutes, calls):
        """All clients and faults for so long; the seconds it took."""
        start = self.start = time.monotonic()
        self.end, self.calls, self.calls_due, self.minutes_due = start + minutes * 60, 0, calls, minutes
        during = [asyncio.create_task(self.chaos()), asyncio.create_task(self.watch())]
        await asyncio.gather(*(Client(self, n).live() for n in range(CLIENTS)))
        seconds = time.monotonic() - start
        for task in during:
            if task.done():
                self.fault("bad exit", f"of the soak itself: {task.exception()!r}")
            task.cancel()
        await self.restore()
        return seconds

    def reset(self):
        """What was counted while the gateway warmed up; faults stay."""
        for counter in (self.kinds, self.told, self.sessions_lost, self.chaos_done, self.peak):
            counter.clear()
        for outcome in EXPECTED:
            del self.outcomes[outcome]
        self.done = 0

    async def run(self, free_port):
        self.port, self.web_ports = free_port(), {"http": free_port(), "https": free_port()}
        self.certificate()
        self.config(self.path("stdio.yaml"), {"stdio": True, "http": []}, "warn")
        self.gateway_config()
        for scheme in self.web_ports:
            await self.web_start(scheme)
        keepers = [asyncio.create_task(self.web_keep(scheme)) for scheme in self.web_ports]
        self.gateway = await asyncio.create_subprocess_exec(
            self.bench.bascule, "serve", "-c", self.config_path, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE)
        reader = asyncio.create_task(self.read_log(self.gateway.stderr))
        try:
            await asyncio.sleep(1)
            fresh = await self.settle()
            await self.load(WARM_MINUTES, int(self.calls_wanted * WARM_MINUTES / self.minutes))
            began = await self.settle(fresh)
            self.reset()
            seconds = await self.load(self.minutes, self.calls_wanted)
            return await self.result(fresh, began, await self.settle(began), seconds, reader)
        finally:
            for task in keepers:
                task.cancel()
            for child in (self.gateway, *self.webs.values()):
                with contextlib.suppress(ProcessLookupError):
                    child.kill()

    async def result(self, fresh, began, ended, seconds, reader):
        if self.begun:
            self.fault("no answer", f"requests that the gateway never completed: {sorted(self.begun)[:10]}")
        differs = self.differs(began, ended)
        for key in differs:
            self.fault("broken", f"{key}: {began[key]} before, {ended[key]} after")
        if self.gateway.returncode is not None:
            self.fault("bad exit", f"the gateway ended by itself: {self.gateway.returncode}")
            self.faults += self.log_tail
        with contextlib.suppress(ProcessLookupError):
            self.gateway.terminate()
        try:
            status = await asyncio.wait_for(self.gateway.wait(), 30)
        except asyncio.TimeoutError:
            status = "did not end in 30 s"
        if status != 0:
            self.fault("bad exit", f"gateway: {status}")
        await reader
        if self.reloads.total() != self.hups:
            self.fault("no answer", f"{self.hups} times SIGHUP, {dict(self.reloads)}")
        with open(self.path("soak.log"), "w") as f:
            f.write("\n".join(self.log_tail))
        return {"seed": self.seed, "minutes": round(seconds / 60, 1), "calls": sum(self.kinds.values()),
                "outcomes": dict(self.outcomes.most_common()), "kinds": dict(self.kinds.most_common()),
                "chaos": dict(self.chaos_done), "sessions_lost": dict(self.sessions_lost),
                "told": dict(self.told), "reloads": dict(self.reloads), "completed": self.done,
                "fresh": fresh, "began": began,
                "peak": dict(self.peak), "ended": ended, "faults": self.faults, "log": list(self.log_tail)[-20:]}


def measure(bench, free_port):
    return asyncio.run(Soak(bench).run(free_port))


# --- what is shown ---------------------------------------------------------------------------------------------

def rows(got):
    """(what each call came to, the gateway before and after)"""
    outcomes = [[name, f"{n:,}"] for name, n in got["outcomes"].items()]
    state = [[key, got["fresh"][key], got["began"][key], got["peak"].get(key, "-"), got["ended"][key]] for key in got["began"]]
    return outcomes, [["-" if cell is None else str(cell) for cell in row] for row in state]


def page_write(got, path):
    """Puts the result between the marks of the page."""
    outcomes, state = rows(got)
    broken = sum(n for name, n in got["outcomes"].items() if name.startswith("FAULT"))
    said = ", ".join(f"{n} x {what}" for what, n in sorted(got["chaos"].items()))
    faults = ("no fault", "**1 fault**", f"**{broken} faults**")
    text = [f"{got['calls']:,} calls in {got['minutes']:g} minutes, seed {got['seed']}; "
            f"{faults[min(broken, 2)]}. From outside: {said}.",
            "", "| outcome | calls |", "|---|---|", *(f"| {a} | {b} |" for a, b in outcomes),
            "", "| the gateway | fresh | before | most | after |", "|---|---|---|---|---|",
            *("| " + " | ".join(row) + " |" for row in state),
            *(["", "What was faulty:", "", *(f"- {fault.splitlines()[0]}" for fault in got["faults"][:10])]
              if got["faults"] else [])]
    with open(path, encoding="utf-8") as f:
        page = f.read()
    begin, end = "<!-- soak -->\n", "<!-- /soak -->"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    with open(path, "w", encoding="utf-8") as f:
        f.write(head + begin + "\n".join(text) + "\n" + end + tail)
