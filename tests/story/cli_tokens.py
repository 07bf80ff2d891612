#!/usr/bin/env python3
"""auth.jwt in front of an upstream: an issuer that stands in for a real one, with keys made by openssl.

Good tokens are taken, and nothing else: expired, forged, for another audience, of no or another algorithm, huge.  The
issuer changes its keys, is flooded by names of keys that nobody has, is away at the start and comes back, speaks https by an
authority of its own, wrong ones, and an old certificate.  What a client brings never reaches an upstream.

usage: cli_tokens.py BASCULE
"""
import atexit
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

LIMIT_S = 60
program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
base = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
base.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
log = []
AUDIENCE = "https://gw.example.com/mcp"
KEY = "a-key-of-sixteen-and-more"


def openssl(*args, given=b""):
    return subprocess.run(["openssl", *args], input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """A key pair of openssl: its JWK, and signatures by it."""

    def __init__(self, kid, kind="RSA"):
        self.kid, self.kind = kid, kind
        self.path = os.path.join(folder.name, kid + ".pem")
        if kind == "RSA":
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.path)
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().split("=")[1].strip()
            self.jwk = {"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(bytes.fromhex(modulus)),
                        "e": "AQAB"}
        else:
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path)
            point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-64:]
            self.jwk = {"kty": "EC", "kid": kid, "crv": "P-256", "x": b64(point[:32]), "y": b64(point[32:])}
        self.public = openssl("pkey", "-in", self.path, "-pubout")

    def sign(self, data):
        made = openssl("dgst", "-sha256", "-sign", self.path, given=data)
        if self.kind == "RSA":
            return made
        at, parts = 2, []
        for _ in range(2):  # SEQUENCE { INTEGER r, INTEGER s }
            n = made[at + 1]
            parts.append(int.from_bytes(made[at + 2:at + 2 + n], "big").to_bytes(32, "big"))
            at += 2 + n
        return b"".join(parts)


class Issuer:
    """Metadata and keys on a port; counts what it is asked."""

    def __init__(self, port=0, keys=(), cert=None):
        outer = self
        self.keys, self.asked = list(keys), {"metadata": 0, "keys": 0}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/.well-known/openid-configuration/realm":
                    outer.asked["metadata"] += 1
                    body = {"issuer": outer.url, "jwks_uri": outer.origin + "/keys"}
                elif self.path == "/keys":
                    outer.asked["keys"] += 1
                    body = {"keys": [key.jwk for key in outer.keys] + [{"kty": "oct", "k": "AAAA"}]}
                else:
                    self.send_error(404)
                    return
                data = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *args):  # a client that does not like the certificate
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert + ".pem", cert + ".key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.origin = f"{'https' if cert else 'http'}://127.0.0.1:{self.port}"
        self.url = self.origin + "/realm"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def authority(name):
    """Its certificate and key, as files."""
    path = os.path.join(folder.name, name)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", path + ".key", "-out", path + ".pem", "-subj", "/CN=" + name,
            "-addext", "basicConstraints=critical,CA:TRUE")
    return path


def certificate(name, ca, days=30):
    """Of 127.0.0.1, by that authority; days -1: it has expired."""
    path = os.path.join(folder.name, name)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path + ".key",
            "-out", path + ".csr", "-subj", "/CN=" + name)
    with open(path + ".ext", "w") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", path + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-set_serial", "7",
            "-days", str(days), "-extfile", path + ".ext", "-out", path + ".pem")
    return path


def token(key, url, alg=None, header=None, signature=None, **claims):
    now = int(time.time())
    head = {"alg": alg or ("RS256" if key.kind == "RSA" else "ES256"), "typ": "at+jwt", "kid": key.kid, **(header or {})}
    body = {"iss": url, "aud": AUDIENCE, "sub": "alice", "org": "acme", "scope": "mcp:use other", "iat": now,
            "exp": now + 600, **claims}
    body = {name: value for name, value in body.items() if value is not None}
    text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(body).encode())
    return text + "." + b64(key.sign(text.encode()) if signature is None else signature(text.encode()))


def start(config):
    path = os.path.join(folder.name, "bascule.json")
    with open(path, "w") as file:
        json.dump(config, file)
    log.clear()
    process = subprocess.Popen([program, "serve", "-c", path], stderr=subprocess.PIPE, env=base, cwd=folder.name)
    atexit.register(process.kill)
    found = threading.Event()
    match = []

    def read():
        for line in process.stderr:
            log.append(line.decode())
            got = re.search(r"listening on http://127\.0\.0\.1:(\d+)", log[-1])
            if got:
                match.append(int(got[1]))
                found.set()

    threading.Thread(target=read, daemon=True).start()
    assert found.wait(LIMIT_S), log
    return process, match[0]


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0, log


def wait(what, condition):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, (what, log[-20:])
        time.sleep(0.05)


def request(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    reply = connection.getresponse()
    data = reply.read().decode()
    fields = {k.lower(): v for k, v in reply.getheaders()}
    connection.close()
    return reply.status, data, fields


def post(port, bearer, method="initialize", params=None, session=None, **headers):
    params = params or ({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
                        if method == "initialize" else {})
    if bearer:
        headers["Authorization"] = "Bearer " + bearer
    if session:
        headers["Mcp_Session_Id"] = session
    return request(port, "POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
                   Content_Type="application/json", Accept="application/json, text/event-stream", **headers)


class Upstream:
    """An MCP server over HTTP that keeps the headers of what it is sent."""

    def __init__(self):
        outer = self
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.seen.append(dict(self.headers.items()))
                results = {"initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                                          "serverInfo": {"name": "u", "version": "1"}},
                           "tools/list": {"tools": [{"name": "look", "inputSchema": {"type": "object"}}]},
                           "tools/call": {"content": [{"type": "text", "text": "seen"}]}}
                data = json.dumps({"jsonrpc": "2.0", "id": message.get("id"),
                                   "result": results.get(message["method"], {})}).encode()
                self.send_response(200 if "id" in message else 202)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data) if "id" in message else 0))
                self.end_headers()
                if "id" in message:
                    self.wfile.write(data)

            def do_GET(self):
                self.send_error(405)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/mcp"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def good(port, first, ec, url):
    """Tokens of both kinds, a key beside them, sessions by caller and tenant."""
    one = token(first, url)
    status, text, fields = post(port, one)
    assert status == 200 and "serverInfo" in text, (status, text, log)
    session = fields["mcp-session-id"]
    assert post(port, one, "tools/list", session=session)[0] == 200
    # A later token of the same caller goes on with it; nobody else does.
    assert post(port, token(ec, url, jti="2"), "tools/list", session=session)[0] == 200
    assert post(port, token(ec, url, sub="bob"), "tools/list", session=session)[0] == 404
    assert post(port, token(ec, url, org="other"), "tools/list", session=session)[0] == 404
    assert post(port, KEY, "tools/list", session=session)[0] == 404
    assert post(port, KEY)[0] == 200
    assert post(port, None, X_Bascule_Key=KEY)[0] == 200
    assert post(port, token(first, url, aud=["x", AUDIENCE]))[0] == 200
    return session


def bad(port, first, ec, stranger, url):
    """Each of them is 401, with one text and the way to the metadata, and the log knows why."""
    now = int(time.time())
    public = lambda text: hmac.new(first.public, text, hashlib.sha256).digest()
    forged = token(first, url).split(".")
    forged[1] = b64(json.dumps({"iss": url, "aud": AUDIENCE, "sub": "root", "org": "acme", "exp": now + 600}).encode())
    stranger.kid = first.kid
    cases = {
        "none at all": None,
        "expired": token(first, url, exp=now - 60),
        "no exp": token(first, url, exp=None),
        "exp is text": token(first, url, exp=str(now + 600)),
        "not yet": token(first, url, nbf=now + 600),
        "made in the future": token(first, url, iat=now + 600),
        "another's key": token(stranger, url),
        "forged": ".".join(forged),
        "another audience": token(first, url, aud="https://other.example.com"),
        "no audience": token(first, url, aud=None),
        "another issuer": token(first, url + "x"),
        "alg none": token(first, url, alg="none", signature=lambda text: b""),
        "alg none, signed": token(first, url, alg="none"),
        "HS256 by the public key": token(first, url, alg="HS256", signature=public),
        "an alg that is not listed": token(first, url, alg="RS512"),
        "RSA as EC": token(first, url, alg="ES256"),
        "EC as RSA": token(ec, url, alg="RS256"),
        "crit": token(first, url, header={"crit": ["exp"]}),
        "a key in its header": token(stranger, url, header={"jwk": stranger.jwk, "kid": None}),
        "another typ": token(first, url, header={"typ": "dpop+jwt"}),
        "huge": token(first, url, junk="x" * 8000),
        "four parts": token(first, url) + ".x",
        "two parts": token(first, url).rsplit(".", 1)[0],
        "no sub": token(first, url, sub=None),
        "a sub with a blank": token(first, url, sub="a b"),
        "the name of a key": token(first, url, sub="ci"),
        "no tenant": token(first, url, org=None),
        "junk": "a.b.c",
    }
    texts = set()
    for name, one in cases.items():
        status, text, fields = post(port, one)
        assert status == 401, (name, status, text)
        texts.add(text)
        challenge = fields["www-authenticate"]
        assert challenge.startswith('Bearer resource_metadata="https://gw.example.com/.well-known/'
                                    'oauth-protected-resource/mcp", scope="mcp:use"'), challenge
        assert ('error="invalid_token"' in challenge) == (one is not None), (name, challenge)
    assert len(texts) == 1, texts
    status, text, fields = post(port, token(first, url, scope="other"))
    assert status == 403 and 'error="insufficient_scope"' in fields["www-authenticate"], (status, text, fields)
    assert any("its token: its signature is wrong" in line for line in log), log
    assert not any(part in line for line in log for part in (forged[2], forged[1])), "a token is in the log"


def metadata(port, url):
    for path in ("", "/mcp"):
        status, text, _ = request(port, "GET", "/.well-known/oauth-protected-resource" + path)
        got = json.loads(text)
        assert status == 200 and got["resource"] == AUDIENCE and got["authorization_servers"] == [url], got
        assert got["scopes_supported"] == ["mcp:use"] and got["bearer_methods_supported"] == ["header"], got
    assert request(port, "POST", "/.well-known/oauth-protected-resource", "{}")[0] == 405
    assert request(port, "GET", "/.well-known/oauth-protected-resource/other")[0] == 404


def rotation(process, port, issuer, first, session):
    """New keys are found when a token names one, a reload keeps sessions, and what is gone lets nobody in."""
    old = token(first, issuer.url)
    assert post(port, old, "tools/list", session=session)[0] == 200
    second = Key("second")
    issuer.keys = [second]
    time.sleep(1.2)  # `refresh` has passed
    status, text, _ = post(port, token(second, issuer.url))
    assert status == 200, ("the request waits until the issuer was asked", status, text)
    assert post(port, old)[0] == 401
    assert post(port, token(second, issuer.url), "tools/list", session=session)[0] == 200
    before = dict(issuer.asked)
    process.send_signal(signal.SIGHUP)
    wait("the reload", lambda: any("was read again" in line for line in log))
    assert post(port, token(second, issuer.url), "tools/list", session=session)[0] == 200
    assert issuer.asked == before, "a reload without a change asks the issuer"
    return second


def flood(port, issuer, second):
    """Names of keys that nobody has: the issuer is asked once in `refresh` (1s here), whatever comes."""
    before, began = issuer.asked["keys"], time.monotonic()
    for i in range(60):
        second.kid = f"made-up-{i}"
        assert post(port, token(second, issuer.url))[0] == 401
    took = time.monotonic() - began
    second.kid = "second"
    assert issuer.asked["keys"] - before <= took + 1, (issuer.asked, before, took)


def away(config, second):
    """An issuer that is away at the start: 503, keys still let in, and it is found when it comes."""
    issuer = Issuer(keys=[second])
    port_of_issuer, url = issuer.port, issuer.url
    issuer.close()
    config["auth"]["jwt"]["issuer"] = url
    process, port = start(config)
    status, text, fields = post(port, token(second, url))
    assert status == 503 and "retry-after" in fields, (status, text)
    assert post(port, KEY)[0] == 200 and post(port, None)[0] == 401
    wait("the warning", lambda: any("no token can be checked" in line for line in log))
    issuer = Issuer(port_of_issuer, [second])
    wait("the issuer is back", lambda: post(port, token(second, url))[0] == 200)
    # Away again: what it said stays good, also for callers that are new.
    issuer.close()
    assert post(port, token(second, url, sub="carol"))[0] == 200
    stop(process)


def over_tls(config, key):
    """An issuer of https: the right authority, a wrong one, an expired certificate; and it recovers."""
    right, wrong = authority("right"), authority("wrong")
    good_cert, old, strange = certificate("good", right), certificate("old", right, -1), certificate("strange", wrong)
    jwt = config["auth"]["jwt"]

    def refused(why, port, url):
        """Who brings a token is told what he is told whatever is wrong with the issuer; the log says it."""
        wait(why, lambda: any("issuer_unavailable" in line or "no token can be checked" in line for line in log))
        told = [line for line in log if "no token can be checked" in line]
        assert any(re.search(why, line) and url in line for line in told), (why, log)
        status, text, fields = post(port, token(key, url))
        assert status == 503 and "retry-after" in fields, (status, text, fields)
        assert not re.search("certificate|authority|expired|TLS|https", text), text
        assert post(port, KEY)[0] == 200
        return text

    jwt["ca"] = right + ".pem"
    issuer = Issuer(keys=[key], cert=good_cert)
    jwt["issuer"] = issuer.url
    process, port = start(config)
    wait("the first keys", lambda: post(port, token(key, issuer.url))[0] == 200)
    stop(process)
    jwt["ca"] = wrong + ".pem"
    process, port = start(config)
    texts = {refused("certificate", port, issuer.url)}
    # The configuration is mended.
    jwt["ca"] = right + ".pem"
    with open(os.path.join(folder.name, "bascule.json"), "w") as file:
        json.dump(config, file)
    process.send_signal(signal.SIGHUP)
    wait("a reload mends it", lambda: post(port, token(key, issuer.url))[0] == 200)
    stop(process)
    issuer.close()
    for cert, why in ((old, "expired"), (strange, "certificate")):
        issuer = Issuer(issuer.port, [key], cert)
        process, port = start(config)
        texts.add(refused(why, port, issuer.url))
        # The issuer is mended.
        issuer.close()
        issuer = Issuer(issuer.port, [key], good_cert)
        wait("the issuer is mended", lambda: post(port, token(key, issuer.url))[0] == 200)
        stop(process)
        issuer.close()
    assert len(texts) == 1, texts
    del jwt["ca"]


def cached(port, key, url):
    """A token that is known is refused when its time has come: exp, and 30 seconds for clocks that differ."""
    until = int(time.time()) - 30 + 4
    one = token(key, url, exp=until, iat=until - 60)
    session = post(port, one)[2]["mcp-session-id"]
    assert post(port, one, "tools/list", session=session)[0] == 200
    wait("it expires", lambda: time.time() > until + 30 + 0.1)
    assert post(port, one, "tools/list", session=session)[0] == 401
    assert post(port, token(key, url), "tools/list", session=session)[0] == 200


def main():
    first, ec, stranger = Key("first"), Key("ec", "EC"), Key("stranger")
    issuer, upstream = Issuer(keys=[first, ec]), Upstream()
    config = {"listen": {"http": "127.0.0.1:0"}, "log": {"level": "debug"}, "namespace": {"prefix": "never"},
              "auth": {"keys": [{"name": "ci", "key": KEY}],
                       "jwt": {"issuer": issuer.url, "audience": AUDIENCE, "scopes": ["mcp:use"], "tenant": "org",
                               "refresh": "1s"}},
              "guard": {"rules": [{"id": "not-bob", "match": {"caller": "bob"}, "action": "deny"}]},
              "upstreams": [{"name": "u", "url": upstream.url}]}
    process, port = start(config)
    session = good(port, first, ec, issuer.url)
    mine = token(first, issuer.url)
    status, text, _ = post(port, mine, "tools/call", {"name": "look", "arguments": {}}, session)
    assert status == 200 and "seen" in text, text
    status, _, fields = post(port, token(ec, issuer.url, sub="bob"))
    status, text, _ = post(port, token(ec, issuer.url, sub="bob"), "tools/call", {"name": "look", "arguments": {}},
                           fields["mcp-session-id"])
    assert '"error"' in text and "seen" not in text, text  # a rule names him: he does not even see the tool
    bad(port, first, ec, stranger, issuer.url)
    metadata(port, issuer.url)
    cached(port, first, issuer.url)
    second = rotation(process, port, issuer, first, session)
    flood(port, issuer, second)
    stop(process)
    assert upstream.seen
    for headers in upstream.seen:
        assert "authorization" not in {name.lower() for name in headers}, headers
        assert not any(value.count(".") == 2 and len(value) > 200 for value in headers.values()), headers
    issuer.close()
    away(config, second)
    over_tls(config, second)


main()
