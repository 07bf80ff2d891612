"""What traces cost: CPU per call of gateways that trace nothing, tell servers of traces and record none, and record all
of them, before the same server in the same run, against a collector that takes what it gets.

Every repetition starts fresh processes and measures them in turn forwards and then backwards, so that a machine that
grows busier favours none.  The collector is nginx, which throws away what it gets and costs the machine little; it is
not counted, the thread that sends is.
"""
import contextlib
import os
import re
import statistics
import urllib.request

CLIENTS = 16
LIMIT_US = 2                    # of recording all


@contextlib.contextmanager
def collector(bench, tools):
    if bench.nginx is None:
        raise tools.Missing("nginx is not installed, which stands in for a collector")
    port, folder = tools.free_port(), bench.path("collector")
    os.mkdir(folder, 0o755)
    temp = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(folder + "/nginx.conf", "w") as f:
        f.write(f"""daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log off;
  {temp}
  keepalive_requests 1000000000;
  client_max_body_size 0;
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 "{{}}"; }} }}
}}
""")
    with bench.process([bench.nginx, "-p", folder, "-c", folder + "/nginx.conf"], "collector") as p:
        tools.wait_port(p, port)
        yield f"http://127.0.0.1:{port}"


def spans(gateway, outcome):
    with urllib.request.urlopen(gateway.url.replace("/mcp", "/metrics"), timeout=30) as page:
        found = re.search(rf'^bascule_spans_total{{outcome="{outcome}"}} (\S+)$', page.read().decode(), re.M)
    return float(found.group(1)) if found else 0


def kinds(url):
    return [("no traces", ""), ("none recorded", f'traces: {{otlp: "{url}", sample: 0}}\n'),
            ("all recorded", f'traces: {{otlp: "{url}"}}\n')]


def repetition(bench, tools):
    out = {}
    with contextlib.ExitStack() as stack:
        server, url = stack.enter_context(bench.upstream()), stack.enter_context(collector(bench, tools))
        gateways = [(name, stack.enter_context(bench.gateway({"url": server}, more))) for name, more in kinds(url)]
        for name, gateway in gateways + gateways[::-1]:
            got = bench.load(gateway, "--sessions", CLIENTS, "--seconds", bench.options.seconds, "--warm-ms", 300)
            out.setdefault(name, []).append(got)
        means = {name: {key: statistics.mean(run[key] for run in runs) for key in ("cpu_us", "calls_per_s", "errors")}
                 for name, runs in out.items()}
        for name, gateway in gateways:
            sent, dropped = spans(gateway, "sent"), spans(gateway, "dropped")
            means[name]["dropped"] = dropped / max(sent + dropped, 1)
            means[name]["more_us"] = means[name]["cpu_us"] - means["no traces"]["cpu_us"]
    return means


def measure(bench, tools):
    runs = []
    for n in range(bench.options.reps):
        tools.say(f"traced, repetition {n + 1} of {bench.options.reps}")
        runs.append(repetition(bench, tools))
    return {"clients": CLIENTS, "rows": {name: {key: tools.median([run[name][key] for run in runs]) for key in row}
                                         for name, row in runs[0].items()}}


def budget(got):
    """(what, measured, limit, unit)"""
    yield "CPU per call of traces, all recorded", got["rows"]["all recorded"]["more_us"], LIMIT_US, "us"


def show(got, table, figure):
    rows = [[name, figure(row["calls_per_s"], "{:,.0f}"), figure(row["cpu_us"], "{:.2f}"),
             figure(row["more_us"], "{:.2f}"), figure(row["dropped"], "{:.1%}"), figure(row["errors"], "{:.0f}")]
            for name, row in got["rows"].items()]
    table(f"Traces: {got['clients']} clients, HTTP to HTTP echo",
          ["", "calls/s", "CPU us/call", "more us", "spans dropped", "errors"], rows)
