"""What it costs to stand between the eras: CPU per call of the gateway for clients with a handshake (2025-11-25) and
without (2026-07-28), each before a server of its own era and of the other, over HTTP on both sides.

Every repetition starts fresh processes, one gateway before each server, and measures the four pairs forwards and then
backwards, so that a machine that grows busier favours none.  A bridged pair is held against both pairs of one era: the
one with its client and the one with its server; the dearer ratio counts.  CPU is that of the gateway's processes.

Processor time moves with the machine's other work; instructions do not.  Where valgrind is installed, each pair's
instructions per call (in user space, without the kernel's) are counted once too: those of a long run less those of a
short one, through the calls between them.
"""
import contextlib
import itertools
import os
import shutil
import signal
import statistics
import subprocess

ERAS = ("legacy", "modern")
PAIRS = tuple(itertools.product(ERAS, ERAS))            # (client, server)
CLIENTS = 16
LIMIT = 1.3
COUNTED = (500, 2500)                                   # calls of the short and the long run


def name(pair):
    return " to ".join(pair)


def same_era(pair):
    """The pairs that a bridged one is held against: that of its client, that of its server."""
    return tuple((era, era) for era in pair)


def arguments(pair, *more):
    return ["--sessions", CLIENTS, *(["--modern"] if pair[0] == "modern" else []), "--text", 1, *more]


def repetition(bench, tools):
    """{pair: figures} of one fresh set of processes."""
    out = {pair: [] for pair in PAIRS}
    with contextlib.ExitStack() as stack:
        servers, gateways = {}, {}
        for era in ERAS:
            servers[era] = stack.enter_context(bench.upstream(era))
            gateways[era] = stack.enter_context(bench.gateway({"url": servers[era]}))
        for pair in PAIRS + PAIRS[::-1]:
            url = servers[pair[1]]
            before = tools.upstream_stats(url, pair[1])
            got = bench.load(gateways[pair[1]], *arguments(pair, "--seconds", bench.options.seconds, "--warm-ms", 300))
            after = tools.upstream_stats(url, pair[1])
            got["upstream_messages"] = (after[0] - before[0] - tools.STATS_MESSAGES[pair[1]]) / max(after[1] - before[1], 1)
            out[pair].append(got)
    return {pair: {key: statistics.mean(run[key] for run in runs) for key in runs[0]} for pair, runs in out.items()}


def instructions(bench, tools, pair, calls):
    """Of the gateway's two processes from start to end, with that many calls."""
    out = bench.path("callgrind")
    port = tools.free_port()
    with bench.upstream(pair[1]) as url:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}.%p", "--trace-children=no",
                   bench.bascule, "serve", "-c", bench.config({"url": url}, port)]
        with bench.process(command, "counted", stdout=subprocess.DEVNULL) as p:
            tools.wait_port(p, port)
            bench.load(tools.Target("bascule", f"http://127.0.0.1:{port}/mcp", p.pid),
                       *arguments(pair, "--calls", calls // CLIENTS, "--warm-ms", 0))
            p.send_signal(signal.SIGTERM)
            p.wait(60)
    total = 0
    for file in os.listdir(bench.folder):
        if file.startswith(os.path.basename(out) + "."):
            with open(os.path.join(bench.folder, file), errors="replace") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith(("totals:", "summary:"))) // 2
    return total


def counted(bench, tools):
    """{pair: instructions per call}, or nothing where they cannot be counted."""
    if shutil.which("valgrind") is None:
        return {}
    out = {}
    for pair in PAIRS:
        tools.say(f"bridge: instructions, {name(pair)}")
        short, long = (instructions(bench, tools, pair, calls) for calls in COUNTED)
        out[pair] = (long - short) / (COUNTED[1] // CLIENTS - COUNTED[0] // CLIENTS) / CLIENTS
    return out


def ratios(cost, pair):
    return max(cost[pair] / cost[other] for other in same_era(pair))


def measure(bench, tools):
    runs = []
    for n in range(bench.options.reps):
        tools.say(f"bridge, repetition {n + 1} of {bench.options.reps}")
        runs.append(repetition(bench, tools))
    count = counted(bench, tools)
    out = {"clients": CLIENTS, "limit": LIMIT, "load_average": os.getloadavg()[0], "pairs": {}}
    for pair in PAIRS:
        row = {key: tools.median([run[pair][key] for run in runs]) for key in runs[0][pair]}
        row["cpu_spread"] = tools.spread([run[pair]["cpu_us"] for run in runs])
        row["instructions"] = count.get(pair)
        if pair[0] != pair[1]:
            row["cpu_ratio"] = tools.spread([ratios({p: run[p]["cpu_us"] for p in PAIRS}, pair) for run in runs])
            row["instructions_ratio"] = ratios(count, pair) if count else None
        out["pairs"][name(pair)] = row
    return out


def budget(got):
    """(what, measured, limit, unit) of the bridged pairs."""
    for pair, row in got["pairs"].items():
        if "cpu_ratio" in row:
            yield f"CPU per call, {pair}, against one era", row["cpu_ratio"]["median"], got["limit"], "x"


def show(got, table, figure, ratio_text):
    rows = []
    for pair, row in got["pairs"].items():
        spread = row["cpu_spread"]
        rows.append([pair, figure(row["calls_per_s"], "{:,.0f}"), figure(row["p50_us"]),
                     f"{spread['median']:.1f} ({spread['low']:.1f}-{spread['high']:.1f})",
                     ratio_text(row.get("cpu_ratio")), figure(row["instructions"], "{:,.0f}"),
                     figure(row.get("instructions_ratio"), "{:.2f}"), figure(row["upstream_messages"], "{:.3f}"),
                     figure(row["errors"], "{:.0f}")])
    table(f"Between the eras: client to server, {got['clients']} clients, HTTP to HTTP echo "
          f"(load average {got['load_average']:.1f}; limit of a ratio {got['limit']:g})",
          ["", "calls/s", "p50 us", "CPU us/call", "ratio", "instructions", "ratio", "messages/call", "errors"], rows)
