"""What parts of the gateway cost by themselves: one program each (bench_NAME), which calls the library without a gateway
around it and prints the CPU time of its cases as one JSON object.  Each is the best of some rounds.
"""
import json
import os
import subprocess


class Part:
    """title: shown, with what the program says of itself; runs: its arguments, a table each;
    limits: (what, which cases, limit, unit): of the dearest of them."""

    def __init__(self, name, title, limits=(), runs=((),)):
        self.name, self.title, self.limits, self.runs = name, title, limits, runs

    def measure(self, bench, tools):
        tools.say(self.name)
        out = []
        for arguments in self.runs:
            done = subprocess.run([bench.program(self.name), *arguments], capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                raise tools.Missing(done.stderr.strip())
            out.append(json.loads(done.stdout))
        return {"tables": out}

    def show(self, got, table, figure):
        for one in got["tables"]:
            has_bytes = "bytes" in one["cases"][0]
            rows = [[f["case"], *([f"{f['bytes']:,}"] if has_bytes else []), figure(f["us"], "{:,.2f}")] for f in one["cases"]]
            table(self.title.format_map(one), ["", *(["bytes"] if has_bytes else []), "CPU us"], rows)

    def budget(self, got):
        """(what, measured, limit, unit), by the first table."""
        cases = got["tables"][0]["cases"] if got else []
        for what, which, limit, unit in self.limits:
            most = max((f["us"] for f in cases if which(f)), default=None)
            yield what, most if unit == "us" or most is None else most / 1000, limit, unit


def case(name):
    return lambda f: f["case"] == name


PARTS = (
    Part("scan", "Scanning with {engine} (made in {new_ms} ms of CPU, {rss_anon_kib} KiB)",
         (("scan of 2 KB, dearest ordinary text", lambda f: f["bytes"] < 10000, 5, "us"),
          ("scan of 1 MB, dearest text", lambda f: f["bytes"] > 10000, 20, "ms")), ((), ("plain",))),
    Part("guard", "What the guard makes of a call and its result of {bytes:,} bytes each, by what is configured"),
    Part("rules", "One decision among {rules:,} rules", (("decision among 1,000 rules", case("name seen before"), 2, "us"),)),
    Part("plugin", "One hook of a script on a call of {bytes:,} bytes (a state: {state_us} us, {state_kib} KiB)"),
    Part("classify", "Which workflow a task asks for, by the built-in routes (made in {new_us} us)",
         (("classifying a task of 1 KB, dearest", lambda f: f["bytes"] < 10000, 100, "us"),)),
    Part("audit", "One call in the audit, in batches of {batch}",
         (("record of the audit", lambda f: f["case"] in ("record", "record and intent"), 5, "us"),)),
)


def names():
    return tuple(part.name for part in PARTS)


def programs(build):
    return {name: os.path.join(os.path.abspath(build), "tests", "bench", "bench_" + name)
            for name in ("upstream", "load", "start", "isolate", *names())}
