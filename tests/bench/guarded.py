"""What the guard and the audit cost: CPU per call of gateways with more and more of them, against nginx before the same
server in the same run, and the memory of each when it has worked.

Every repetition starts fresh processes, all of them before one server, and measures them in turn forwards and then
backwards, so that a machine that grows busier favours none.
"""
import contextlib
import os
import statistics

CLIENTS = 16
RULES = 20
TEXT = {"rules and audit": 1, "scanners": 2048}         # bytes of the argument, and of what comes back
SCAN = "guard: {scan: {secrets: redact, pii: redact, injection: block}}\n"


def rules(n):
    """As people write them: most are about other tools, the last ones look at this call."""
    rows = [f"    - {{id: r{i}, match: {{server: up, tool: 'x{i}_*'}}, action: deny}}\n" for i in range(n - 2)]
    rows += ["    - {id: text, match: {tool: echo, args: {/text: {regex: '^rm -rf'}}}, action: deny}\n",
             "    - {id: night, match: {caller: nightly, time: {from: '22:00', to: '06:00'}}, action: log}\n"]
    return "guard:\n  rules:\n" + "".join(rows)


def kinds(bench):
    """(name, bytes of text, the rest of its configuration, limit of its ratio)"""
    audit = "audit: {mode: async, key: not a secret of anybody}\n"
    return [("plain", TEXT["rules and audit"], "", 1.0),
            ("rules and audit", TEXT["rules and audit"], rules(RULES) + audit, 1.2),
            ("plain, 2 KB", TEXT["scanners"], "", None),
            ("all scanners, 2 KB", TEXT["scanners"], SCAN, 2.0)]


def repetition(bench, tools):
    """{name: {"nginx": figures, "bascule": figures}} of one fresh set of processes."""
    out, memory = {}, {}
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(bench.upstream())
        nginx = stack.enter_context(bench.nginx_before(url))
        gateways = [(name, text, stack.enter_context(bench.gateway({"url": url}, more)))
                    for name, text, more, _ in kinds(bench)]
        for name, text, gateway in gateways + gateways[::-1]:
            for who, target in (("nginx", nginx), ("bascule", gateway)):
                got = bench.load(target, "--sessions", CLIENTS, "--seconds", bench.options.seconds, "--warm-ms", 300,
                                 "--text", text)
                out.setdefault(name, {}).setdefault(who, []).append(got)
            memory[name] = tools.rss_anon_kib(tools.tree(gateway.pid)) / 1024
    means = {name: {who: {key: statistics.mean(run[key] for run in runs) for key in ("cpu_us", "calls_per_s", "errors")}
                    for who, runs in row.items()} for name, row in out.items()}
    for name, mib in memory.items():
        means[name]["bascule"]["rss_mib"] = mib
    return means


def measure(bench, tools):
    runs = []
    for n in range(bench.options.reps):
        tools.say(f"guarded, repetition {n + 1} of {bench.options.reps}")
        runs.append(repetition(bench, tools))
    out = {"clients": CLIENTS, "load_average": os.getloadavg()[0], "rows": {}}
    for name, _, _, limit in kinds(bench):
        row = {key: tools.median([run[name]["bascule"][key] for run in runs]) for key in runs[0][name]["bascule"]}
        row["nginx_cpu_us"] = tools.median([run[name]["nginx"]["cpu_us"] for run in runs])
        row["ratio"] = tools.spread([run[name]["bascule"]["cpu_us"] / run[name]["nginx"]["cpu_us"] for run in runs])
        row["limit"] = limit
        out["rows"][name] = row
    return out


def budget(got):
    """(what, measured, limit, unit)"""
    for name, row in got["rows"].items():
        if row["limit"] is not None:
            yield f"CPU per call, {name}, against nginx", row["ratio"]["median"], row["limit"], "x"
    yield "RssAnon with all scanners, after work", got["rows"]["all scanners, 2 KB"]["rss_mib"], 25, "MiB"


def show(got, table, figure, ratio_text):
    rows = [[name, figure(row["calls_per_s"], "{:,.0f}"), figure(row["cpu_us"]), figure(row["nginx_cpu_us"]),
             ratio_text(row["ratio"]), figure(row["limit"], "{:g}"), figure(row["rss_mib"]), figure(row["errors"], "{:.0f}")]
            for name, row in got["rows"].items()]
    table(f"Guard and audit: {got['clients']} clients, HTTP to HTTP echo (load average {got['load_average']:.1f})",
          ["", "calls/s", "CPU us/call", "nginx", "ratio", "limit", "RssAnon MiB", "errors"], rows)
