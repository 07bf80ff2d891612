"""What traces cost: CPU per call of gateways that trace nothing, tell servers of traces and record none, and record all
of them, before the same server in the same run, against a collector that takes what it gets.

Every repetition starts fresh processes and measures them in turn forwards and then backwards, so that a machine that
grows busier favours none.  The collector is a thread of the bench and not counted; the thread that sends is.
"""
import contextlib
import http.server
import re
import statistics
import threading
import urllib.request

CLIENTS = 16
LIMIT_US = 2                    # of recording all


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def spans(gateway, outcome):
    with urllib.request.urlopen(gateway.url.replace("/mcp", "/metrics"), timeout=30) as page:
        found = re.search(rf'^bascule_spans_total{{outcome="{outcome}"}} (\S+)$', page.read().decode(), re.M)
    return float(found.group(1)) if found else 0


def kinds(url):
    return [("no traces", ""), ("none recorded", f'traces: {{otlp: "{url}", sample: 0}}\n'),
            ("all recorded", f'traces: {{otlp: "{url}"}}\n')]


def repetition(bench):
    out = {}
    with contextlib.ExitStack() as stack:
        server, url = stack.enter_context(bench.upstream()), stack.enter_context(collector())
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
        runs.append(repetition(bench))
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
