"""What TLS and a credential cost: CPU per call on kept connections, against plain HTTP without auth in the same run; and
what TLS costs nginx.

Every repetition starts fresh processes, all of them before one server, and measures them in turn forwards and then
backwards, so that a machine that grows busier favours none.
"""
import base64
import contextlib
import http.server
import json
import statistics
import subprocess
import threading
import time

CLIENTS = 16
KEY = "a key of nobody but the benchmark".replace(" ", "-")
KEYS = f"auth: {{keys: [{{name: bench, key: {KEY}}}]}}\n"
AUDIENCE = "https://gw.example.com/mcp"
LIMITS = {"TLS and keys": ("plain", 1.3), "TLS and JWT": ("TLS and keys", None), "nginx, plain": ("nginx, plain", None),
          "nginx, TLS": ("nginx, plain", None)}


def openssl(*args, given=b""):
    return subprocess.run(["openssl", *args], input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def certificate(bench):
    """A pair of files, as a public authority makes them today."""
    cert, key = bench.path("cert.pem"), bench.path("key.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert)
    return cert, key


@contextlib.contextmanager
def issuer(bench):
    """Its URL, and a token by it: an authorization server of a few lines that only shows its keys."""
    key = bench.path("issuer.pem")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
    modulus = openssl("rsa", "-in", key, "-noout", "-modulus").decode().split("=")[1].strip()
    keys = json.dumps({"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256", "n": b64(bytes.fromhex(modulus)),
                                 "e": "AQAB"}]}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, now = f"http://127.0.0.1:{server.server_address[1]}", int(time.time())
    text = ".".join(b64(json.dumps(part).encode()) for part in (
        {"alg": "RS256", "typ": "at+jwt", "kid": "k"},
        {"iss": url, "aud": AUDIENCE, "sub": "bench", "scope": "mcp:use", "iat": now, "exp": now + 7200}))
    try:
        yield url, text + "." + b64(openssl("dgst", "-sha256", "-sign", key, given=text.encode()))
    finally:
        server.shutdown()
        server.server_close()


def kinds(tls, url, token):
    """(name, the rest of its configuration, its certificate, what the clients bring)"""
    jwt = f"auth: {{jwt: {{issuer: '{url}', jwks: '{url}/keys', audience: '{AUDIENCE}'}}}}\n"
    return [("plain", "", None, None), ("keys", KEYS, None, KEY), ("TLS", "", tls, None),
            ("TLS and keys", KEYS, tls, KEY), ("TLS and JWT", jwt, tls, token)]


def repetition(bench):
    """{name: figures} of one fresh set of processes."""
    out = {}
    with contextlib.ExitStack() as stack:
        server, (url, token) = stack.enter_context(bench.upstream()), stack.enter_context(issuer(bench))
        files = certificate(bench)
        gateways = [(name, bearer, stack.enter_context(bench.gateway({"url": server}, more, tls)))
                    for name, more, tls, bearer in kinds(files, url, token)]
        if bench.nginx is not None:
            gateways += [(name, None, stack.enter_context(bench.nginx_before(server, tls)))
                         for name, tls in (("nginx, plain", None), ("nginx, TLS", files))]
        for name, bearer, gateway in gateways + gateways[::-1]:
            got = bench.load(gateway, "--sessions", CLIENTS, "--seconds", bench.options.seconds, "--warm-ms", 300,
                             *(["--bearer", bearer] if bearer else []))
            out.setdefault(name, []).append(got)
    return {name: {key: statistics.mean(run[key] for run in runs) for key in ("cpu_us", "calls_per_s", "errors")}
            for name, runs in out.items()}


def measure(bench, tools):
    runs = []
    for n in range(bench.options.reps):
        tools.say(f"secured, repetition {n + 1} of {bench.options.reps}")
        runs.append(repetition(bench))
    out = {"clients": CLIENTS, "rows": {}}
    for name in runs[0]:
        against = LIMITS.get(name, ("plain", None))[0]
        row = {key: tools.median([run[name][key] for run in runs]) for key in runs[0][name]}
        row["against"] = against
        row["ratio"] = tools.spread([run[name]["cpu_us"] / run[against]["cpu_us"] for run in runs])
        out["rows"][name] = row
    return out


def budget(got):
    """(what, measured, limit, unit)"""
    for name, (against, limit) in LIMITS.items():
        if limit is not None:
            yield f"CPU per call, {name}, against {against}", got["rows"][name]["ratio"]["median"], limit, "x"


def show(got, table, figure, ratio_text):
    rows = [[name, figure(row["calls_per_s"], "{:,.0f}"), figure(row["cpu_us"], "{:.2f}"), row["against"],
             ratio_text(row["ratio"]), figure(row["errors"], "{:.0f}")] for name, row in got["rows"].items()]
    table(f"TLS and credentials: {got['clients']} clients on kept connections, HTTP to HTTP echo",
          ["", "calls/s", "CPU us/call", "against", "ratio", "errors"], rows)
