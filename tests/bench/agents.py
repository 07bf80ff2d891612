"""Runs of agents through the gateway: what it costs to start them, whether it answers meanwhile, and what is left after.

The runners are as small as programs are; they are isolated as runs are by default.
"""
import json
import statistics
import threading
import time

LIMIT, AT_ONCE, ASKED = 4, 200, 300

SECTION = """agents:
  limits: {running: %d, per_caller: %d, per_repo: %d, queue: 256, rate: off}
  retain: {runs: 200}
  runners:
    nothing: {command: [/bin/true], parse: exit}
    long: {command: [/bin/sleep, "600"], parse: exit, grace: 1s}
""" % (LIMIT, LIMIT, LIMIT)


def facts(client, tool, **arguments):
    return json.loads(client.call(tool, **arguments))


def started(client, n):
    """ms from call to answer of runs that do nothing, one after another."""
    times = []
    for i in range(n):
        began = time.monotonic()
        run = facts(client, "maf", task=f"nothing {i}", runner="nothing", wait_s=60)
        times.append((time.monotonic() - began) * 1000)
        assert run["status"] == "completed", run
    return times


def asked(client, tool, **arguments):
    times = []
    for _ in range(ASKED):
        began = time.monotonic()
        client.call(tool, **arguments)
        times.append((time.monotonic() - began) * 1000)
    return sorted(times)


def at_once(tools, url):
    """Many starts at the same moment: (most that ran together, how many were completed)."""
    most, done, is_over = [0], [], threading.Event()

    def watch():
        client = tools.Client(url)
        while not is_over.is_set():
            most[0] = max(most[0], facts(client, "maf_status")["running"])
        client.close()

    def one(i):
        client = tools.Client(url)
        run = facts(client, "maf", task=f"at once {i}", runner="nothing", wait_s=300)
        done.append(run["status"])
        client.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_over.set()
    watcher.join()
    return most[0], done.count("completed")


def measure(bench, tools):
    tools.say("runs of agents")
    with bench.gateway({"command": [bench.bascule, "demo"]}, SECTION) as target:
        client = tools.Client(target.url)
        client.request("tools/list", {})

        def memory():
            return tools.rss_anon_kib(tools.tree(target.pid)) / 1024
        out = {"runs": 100 if bench.options.quick else 1000}
        out["base_mib"] = memory()
        times = started(client, out["runs"])
        out["start_ms"], out["start_p90_ms"] = statistics.median(times), sorted(times)[len(times) * 9 // 10]
        time.sleep(1)
        out["runs_mib"] = memory()
        runs = [facts(client, "maf", task=f"long {i}", runner="long", wait_s=0)["run_id"] for i in range(LIMIT)]
        while facts(client, "maf_status")["running"] < LIMIT:
            time.sleep(0.01)
        out["status_p99_ms"] = asked(client, "maf_status")[ASKED * 99 // 100]
        out["classify_p99_ms"] = asked(client, "maf_classify", task="fix the crash in the parser")[ASKED * 99 // 100]
        for run in runs:
            facts(client, "maf_cancel", run_id=run)
        out["most"], out["completed"] = at_once(tools, target.url)
        time.sleep(1)
        out["after_mib"] = memory()
        client.close()
    return out


def show(got, table, figure):
    table("Runs of agents", ["", "measured"], [
        ["from call to answer of a run that does nothing, p50 ms", figure(got["start_ms"])],
        ["the same, p90 ms", figure(got["start_p90_ms"])],
        [f"maf_status while {LIMIT} runs work, p99 ms", figure(got["status_p99_ms"], "{:.2f}")],
        ["maf_classify the same, p99 ms", figure(got["classify_p99_ms"], "{:.2f}")],
        [f"{AT_ONCE} starts at once: completed", str(got["completed"])],
        ["the same: most that ran together", str(got["most"])],
        ["RssAnon before, MiB", figure(got["base_mib"])],
        [f"RssAnon after {got['runs']} runs, of which it remembers 200, MiB", figure(got["runs_mib"])],
        [f"RssAnon after the {AT_ONCE} too, with their sessions, MiB", figure(got["after_mib"])]])


def budget(got):
    yield "maf_status while runs work, p99", got["status_p99_ms"], 20, "ms"
    yield "start, work and end of a run that does nothing", got["start_ms"], 30, "ms"
    yield f"of {AT_ONCE} starts at once, lost", AT_ONCE - got["completed"], 0.5, ""
    yield "runs together beyond the limit", max(got["most"] - LIMIT, 0), 0.5, ""
    yield "RssAnon with agents, before any run", got["base_mib"], 10, "MiB"
    yield "RssAnon that stays after runs", max(got["runs_mib"] - got["base_mib"], 0), 5, "MiB"
