"""What the HTTP front answers to requests that no SDK would send: status, headers, JSON-RPC code."""
import contextlib
import json
import socket
import subprocess

import harness
from harness import Gateway, check, own_command, same
from wire import ACCEPT, Http, REVISION, bytes_exchange, events, initialize_params

BODY_MAX = 1 << 20
PING = {"jsonrpc": "2.0", "id": 7, "method": "ping"}


class Site:
    """A gateway with one small server, and a session to work with."""

    def __init__(self, gateway):
        self.gateway, self.process, self.port = gateway, gateway.process, gateway.port
        self.session = Http(gateway.url).begin().session

    def headers(self, **changes):
        """The headers of a good request in the session; None takes one away, _ in a name is -."""
        headers = {"Accept": ACCEPT, "Content-Type": "application/json", "Mcp-Session-Id": self.session,
                   "MCP-Protocol-Version": REVISION} | {k.replace("_", "-"): v for k, v in changes.items()}
        return {k: v for k, v in headers.items() if v is not None}

    def send(self, body=None, method="POST", path=None, **changes):
        with contextlib.closing(Http(self.gateway.url)) as http:
            return http.raw(method, PING if body is None and method == "POST" else body, self.headers(**changes), path)

    def refused(self, status, code=None, **request):
        """It is refused with this status, by a body that says why; the session goes on."""
        got, headers, body = self.send(**request)
        same(got, status, f"status ({body[:200]!r})")
        if body:
            error = json.loads(body)["error"]
            check(error["message"], "the error has no text")
            if code is not None:
                same(error["code"], code, "code")
        same(self.send()[0], 200, "status of a good request afterwards")
        return headers

    def head(self, **changes):
        lines = [f"{k}: {v}" for k, v in ({"Host": f"127.0.0.1:{self.port}"} | self.headers(**changes)).items()]
        return ("POST /mcp HTTP/1.1\r\n" + "".join(line + "\r\n" for line in lines)).encode()


@contextlib.contextmanager
def site():
    with Gateway([{"name": "small", "command": own_command("big.py")}], limits={"message": "1MiB"}) as gateway:
        yield Site(gateway)


http = harness.Group("http", site)


# --- who may speak ----------------------------------------------------------------------------------------------

@http.test("a foreign Host is refused")
def foreign_host(s):
    for host in ("evil.example", "evil.example:80", f"127.0.0.1.evil.example:{s.port}", "10.0.0.1"):
        status, _, body = s.send(Host=host)
        check(status in (403, 421), f"Host {host}: status {status}, {body[:100]!r}")


@http.test("loopback names are served")
def loopback_host(s):
    for host in (f"127.0.0.1:{s.port}", f"localhost:{s.port}", f"LOCALHOST:{s.port}", f"[::1]:{s.port}"):
        same(s.send(Host=host)[0], 200, f"Host {host}")


@http.test("a foreign Origin is refused")
def foreign_origin(s):
    for origin in ("http://evil.example", "https://evil.example:443", "null", f"http://127.0.0.1.evil.example:{s.port}",
                   f"http://localhost:{s.port}.evil.example"):
        same(s.send(Origin=origin)[0], 403, f"Origin {origin}")


@http.test("a loopback Origin is served")
def loopback_origin(s):
    for origin in (f"http://127.0.0.1:{s.port}", "http://localhost:3000"):
        same(s.send(Origin=origin)[0], 200, f"Origin {origin}")


alone = harness.Group("http start")


@alone.test("a non-loopback address without auth is refused")
def open_address():
    folder = harness.Folder()
    try:
        config = harness.config_write(folder, [{"name": "small", "command": own_command("big.py")}],
                                      listen={"http": "0.0.0.0:0"})
        done = subprocess.run([harness.BASCULE, "serve", "-c", config], capture_output=True, text=True, timeout=harness.PATIENCE)
        same(done.returncode, 3, f"exit status ({done.stderr[-200:]})")
        check("auth" in done.stderr, f"the error does not name auth: {done.stderr[-300:]}")
    finally:
        folder.close()


# --- sessions -----------------------------------------------------------------------------------------------------

@http.test("no session: 400")
def session_missing(s):
    s.refused(400, Mcp_Session_Id=None)


@http.test("an unknown session: 404")
def session_unknown(s):
    for id in ("0" * 32, "nobody", s.session[:-1], s.session + "0", s.session.swapcase() + "x", "a" * 2000):
        same(s.send(Mcp_Session_Id=id)[0], 404, f"session {id[:40]}")
    same(s.send()[0], 200, "status of the true session")


@http.test("DELETE ends a session")
def session_delete(s):
    client = Http(s.gateway.url).begin()
    other = Http(s.gateway.url).begin()
    check(client.session != other.session, "two sessions have one id")
    status, _, _ = client.raw("DELETE", headers=client.headers())
    check(status in (200, 202, 204), f"DELETE: status {status}")
    same(client.raw(body=PING)[0], 404, "status after DELETE")
    same(client.raw("DELETE", headers=client.headers())[0], 404, "status of a second DELETE")
    same(other.raw(body=PING)[0], 200, "status of another session")


@http.test("DELETE without a session: 400, with an unknown one: 404")
def session_delete_unknown(s):
    same(s.send(method="DELETE", Mcp_Session_Id=None)[0], 400, "without")
    same(s.send(method="DELETE", Mcp_Session_Id="0" * 32)[0], 404, "unknown")


@http.test("DELETE ends the session's GET stream")
def session_delete_stream(s):
    client = Http(s.gateway.url).begin()
    with stream_open(s, client.session) as stream:
        client.raw("DELETE", headers=client.headers())
        rest = b""
        while not rest.endswith(b"0\r\n\r\n"):
            more = stream.recv(4096)
            check(more, f"the stream was cut without its last chunk: {rest[-100:]!r}")
            rest += more


@http.test("session ids are long and visible ASCII")
def session_ids(s):
    ids = [Http(s.gateway.url).begin().session for _ in range(20)]
    same(len(set(ids)), 20, "different ids")
    for id in ids:
        check(len(id) >= 22 and all(0x21 <= ord(c) <= 0x7e for c in id), f"session id {id!r}")


# --- HTTP ---------------------------------------------------------------------------------------------------------

@http.test("another method: 405 with Allow")
def method_wrong(s):
    for method in ("PUT", "PATCH", "OPTIONS", "HEAD"):
        status, headers, _ = s.send(method=method)
        same(status, 405, f"status of {method}")
        allowed = {word.strip() for word in (headers["Allow"] or "").split(",")}
        check({"POST", "GET", "DELETE"} <= allowed, f"Allow: {headers['Allow']}")


@http.test("another path: 404")
def path_wrong(s):
    for path in ("/", "/mcp/", "/mcpx", "/MCP", "/..%2fmcp", "/" + "a" * 3000):
        same(s.send(path=path)[0], 404, f"status of {path[:20]}")


@http.test("an unusable Accept: 406")
def accept_wrong(s):
    for accept in ("text/html", "image/png, text/plain", "application/xml"):
        s.refused(406, Accept=accept)
    same(s.send(method="GET", Accept="application/json", Content_Type=None)[0], 406, "GET for JSON")


@http.test("no Accept, or */*, gets JSON")
def accept_any(s):
    for accept in (None, "*/*", "application/json", "application/*", "text/html, */*;q=0.1", "APPLICATION/JSON"):
        status, headers, body = s.send(Accept=accept)
        same(status, 200, f"Accept {accept}")
        same(headers.get_content_type(), "application/json", f"type for Accept {accept}")
        same(json.loads(body), {"jsonrpc": "2.0", "id": 7, "result": {}}, "body")


@http.test("an Accept of event streams only gets a stream")
def accept_stream(s):
    status, headers, body = s.send(Accept="text/event-stream")
    same((status, headers.get_content_type()), (200, "text/event-stream"), "status and type")
    same(events(body)[-1], {"jsonrpc": "2.0", "id": 7, "result": {}}, "last event")


@http.test("another content type: 415")
def type_wrong(s):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", None):
        s.refused(415, Content_Type=kind)
    same(s.send(Content_Type="application/json; charset=utf-8")[0], 200, "JSON with a charset")


@http.test("an unsupported MCP-Protocol-Version: 400")
def version_wrong(s):
    for version in ("1999-01-01", "2025-11-25x", "2030-01-01", "x"):
        s.refused(400, MCP_Protocol_Version=version)
    for version in (REVISION, "2025-06-18", None):
        same(s.send(MCP_Protocol_Version=version)[0], 200, f"status for {version}")


@http.test("a body over the limit: 413")
def body_large(s):
    big = json.dumps(PING | {"params": {"x": "y" * BODY_MAX}}).encode()
    try:
        same(s.send(body=big)[0], 413, "status with Content-Length")
    except (BrokenPipeError, ConnectionResetError):
        raise harness.Failure("the connection was cut before the refusal could be read") from None
    head = s.head(Content_Type="application/json") + b"Content-Length: 999999999999\r\n\r\n"
    same(bytes_exchange(s.port, head)[0], 413, "status of a length alone")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            c.sendall(s.head() + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(BODY_MAX // 65536 + 2):
                c.sendall(chunk)
        got = c.recv(64)
        check(got.startswith(b"HTTP/1.1 413"), f"chunked: {got!r}")
    same(s.send()[0], 200, "status afterwards")


@http.test("two lengths, or a length and chunks: 400")
def framing_double(s):
    body = json.dumps(PING).encode()
    n = len(body)
    for lengths in (f"Content-Length: {n}\r\nContent-Length: {n}\r\n", f"Content-Length: {n}\r\nContent-Length: {n + 1}\r\n",
                    f"Content-Length: {n}\r\nTransfer-Encoding: chunked\r\n", f"Content-Length: +{n}\r\n",
                    f"Content-Length: {n}, {n}\r\n", "Content-Length: -1\r\n", f"Content-Length : {n}\r\n",
                    "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: xchunked\r\n"):
        status, _, _ = bytes_exchange(s.port, s.head() + lengths.encode() + b"\r\n" + body)
        check(status == 400 or (status == 501 and "xchunked" in lengths), f"status of {lengths!r}: {status}")


@http.test("no Host, or two: 400")
def host_double(s):
    body = json.dumps(PING).encode()
    for hosts in (b"", f"Host: 127.0.0.1:{s.port}\r\nHost: 127.0.0.1:{s.port}\r\n".encode()):
        head = b"".join(line + b"\r\n" for line in s.head(Host=None).split(b"\r\n")
                        if line and not line.startswith(b"Host:"))
        status, _, _ = bytes_exchange(s.port, head + hosts + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        same(status, 400, f"status with {hosts!r}")


@http.test("a head that is too large: 431")
def head_large(s):
    for more in (b"X-Long: " + b"a" * 200000 + b"\r\n", b"".join(b"X-%d: a\r\n" % i for i in range(5000))):
        with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                c.sendall(s.head() + more + b"\r\n")
            with contextlib.suppress(ConnectionResetError):
                got = c.recv(64)
                check(got.startswith(b"HTTP/1.1 431"), f"{got!r}")
    same(s.send()[0], 200, "status afterwards")


@http.test("rubbish instead of HTTP ends only its own connection")
def not_http(s):
    for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"POST /mcp HTTP/9.9\r\n\r\n", b"\0" * 100 + b"\r\n\r\n",
                    b"POST /mcp HTTP/1.1\nHost: x\n\n", b"{}\n"):
        with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
            c.sendall(rubbish)
            c.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                got = c.recv(64)
                check(got == b"" or got.startswith(b"HTTP/1.1 4") or got.startswith(b"HTTP/1.1 5"), f"{got!r}")
    same(s.send()[0], 200, "status afterwards")


@http.test("a chunked body, in pieces of any size")
def body_chunked(s):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                       "params": {"name": "echo", "arguments": {"text": "né" * 100}}}).encode()
    for size in (1, 7, 100, len(body)):
        pieces = [body[i:i + size] for i in range(0, len(body), size)]
        data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
        status, _, answer = bytes_exchange(s.port, s.head() + b"Transfer-Encoding: chunked\r\n\r\n" + data)
        same(status, 200, f"status with chunks of {size}")
        same(json.loads(answer)["result"]["content"][0]["text"], "né" * 100, "text")


@http.test("requests one after the other without waiting are answered in order")
def pipelined(s):
    wanted = 50
    data = b""
    for i in range(wanted):
        body = json.dumps(PING | {"id": i}).encode()
        data += s.head() + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
        c.sendall(data)
        got, ids = b"", []
        while len(ids) < wanted:
            more = c.recv(65536)
            check(more, f"closed after {len(ids)} answers")
            got += more
            while b"\r\n\r\n" in got:
                head, rest = got.split(b"\r\n\r\n", 1)
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                              if line.lower().startswith(b"content-length:"))
                if len(rest) < length:
                    break
                ids.append(json.loads(rest[:length])["id"])
                got = rest[length:]
    same(ids, list(range(wanted)), "order of answers")


@contextlib.contextmanager
def stream_open(s, session):
    """A session's GET stream as a socket, its head read."""
    head = (f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{s.port}\r\nAccept: text/event-stream\r\n"
            f"Mcp-Session-Id: {session}\r\nMCP-Protocol-Version: {REVISION}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
        c.sendall(head)
        got = b""
        while b"\r\n\r\n" not in got:
            more = c.recv(1)
            check(more, f"closed: {got!r}")
            got += more
        check(got.startswith(b"HTTP/1.1 200") and b"text/event-stream" in got, f"head of the stream: {got!r}")
        yield c


@http.test("the head of a GET stream comes at once, and it carries list_changed")
def get_stream(s):
    with stream_open(s, s.session) as c:
        status, _, body = s.send(body={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "grow"}})
        same(status, 200, f"status of the call ({body[:200]!r})")
        got = b""
        while b"notifications/tools/list_changed" not in got:
            more = c.recv(4096)
            check(more, f"the stream ended: {got!r}")
            got += more


@http.test("GET without a session: 400, with an unknown one: 404")
def get_session(s):
    same(s.send(method="GET", Mcp_Session_Id=None, Accept="text/event-stream")[0], 400, "without")
    same(s.send(method="GET", Mcp_Session_Id="0" * 32, Accept="text/event-stream")[0], 404, "unknown")


# --- JSON-RPC -----------------------------------------------------------------------------------------------------

@http.test("malformed JSON: 400 and -32700")
def json_malformed(s):
    for body in (b"", b"{", b"{]", b"nonsense", b'{"jsonrpc":"2.0","id":1,"method":"ping"', b'{"a":1}}', b"\xff\xfe{}",
                 b'{"jsonrpc":"2.0","id":1,"method":"pi\xffng"}', b"{'jsonrpc':'2.0'}", b'{"jsonrpc":"2.0","id":01}',
                 b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}', b'{"jsonrpc":"2.0",}'):
        s.refused(400, -32700, body=body)


@http.test("JSON that is nested too deep, or has a key twice, is refused")
def json_hostile(s):
    deep = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 100000 + b"]" * 100000 + b"}}"
    twice = b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}'
    inner = (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"pid",'
             b'"arguments":{"text":"a"}}}')
    status, _, answer = s.send(body=deep)
    check(status in (200, 400, 413), f"status of what is too deep: {status}")
    same(json.loads(answer)["error"]["code"], -32005, "too deep")
    for body in (twice, inner):
        same(s.send(body=body)[0], 400, f"status of {body[:60]!r}")
    same(s.send()[0], 200, "status afterwards")


@http.test("JSON that is no JSON-RPC request: -32600")
def json_not_rpc(s):
    for body in (b"7", b'"ping"', b"null", b"[]", b"{}", b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
                 b'{"jsonrpc":"2.0","id":1}', b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
                 b'{"jsonrpc":"2.0","id":1,"method":7}', b'{"jsonrpc":"2.0","id":1.5e400,"method":7}'):
        status, _, answer = s.send(body=body)
        check(status in (200, 400), f"status of {body!r}: {status}")
        same(json.loads(answer)["error"]["code"], -32600, f"code of {body!r}")


@http.test("ids come back as they were written")
def ids(s):
    for id in ('1', '"1"', '0', '-5', '9007199254740993', '12345678901234567890', '"\\u00e9\\n"', '"' + "x" * 200 + '"', '""'):
        body = ('{"id":' + id + ',"method":"ping","jsonrpc":"2.0"}').encode()
        status, _, answer = s.send(body=body)
        same(status, 200, f"status for id {id}")
        check(json.loads(answer, parse_int=str)["id"] == json.loads(id, parse_int=str), f"id {id}: {answer!r}")


@http.test("an unknown method: -32601; server/discover too")
def method_unknown(s):
    for method in ("no/such", "server/discover", "", "Ping", "tools/List"):
        status, _, answer = s.send(body={"jsonrpc": "2.0", "id": 1, "method": method})
        same((status, json.loads(answer)["error"]["code"]), (200, -32601), f"method {method!r}")


@http.test("notifications and answers: 202 without a body")
def accepted(s):
    for body in ({"jsonrpc": "2.0", "method": "notifications/initialized"},
                 {"jsonrpc": "2.0", "method": "notifications/unheard_of", "params": {"a": 1}},
                 {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4711}},
                 {"jsonrpc": "2.0", "id": 4711, "result": {}}):
        status, _, answer = s.send(body=body)
        same((status, answer), (202, b""), f"answer to {body}")


@http.test("an unknown revision in initialize is answered with the newest")
def revision_unknown(s):
    for asked, want in (("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2099-01-01", REVISION),
                        ("2026-07-28", REVISION), ("nonsense", REVISION)):
        client = Http(s.gateway.url)
        same(client.result("initialize", initialize_params(asked))["protocolVersion"], want, f"asked {asked}")


@http.test("initialize without what it needs: -32602")
def initialize_bad(s):
    for params in ({}, {"protocolVersion": 7}, {"protocolVersion": None}):
        client = Http(s.gateway.url)
        status, _, body = client.raw(body={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
        same((status, json.loads(body)["error"]["code"]), (200, -32602), f"params {params}")


@http.test("a cursor, a bad name, bad arguments: -32602")
def params_bad(s):
    rows = [("tools/list", {"cursor": "x"}), ("tools/call", {}), ("tools/call", {"name": 7}), ("tools/call", {"name": ""}),
            ("tools/call", {"name": "nobody"}), ("tools/call", {"name": "echo", "arguments": [1]}),
            ("tools/call", {"name": "n" * 10000})]
    for method, params in rows:
        status, _, answer = s.send(body={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        same((status, json.loads(answer)["error"]["code"]), (200, -32602), f"{method} {str(params)[:60]}")


@http.test("numbers, unknown members and order cross unchanged")
def verbatim(s):
    text = '{"text":"a\\u0000\\ud83d\\ude00\\/","n":1.0000000000000000000001,"big":123456789012345678901234567890,"e":1E5}'
    body = f'{{"params":{{"arguments":{text},"name":"echo","_meta":{{"x/y":1}}}},"id":1,"method":"tools/call","jsonrpc":"2.0"}}'
    status, _, answer = s.send(body=body)
    same(status, 200, "status")
    same(json.loads(answer)["result"]["content"][0]["text"], "a\0\U0001f600/", "text")


@http.test("a client that leaves in the middle of a call disturbs nobody")
def gone(s):
    body = json.dumps({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": {"name": "wait"}}).encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
            c.sendall(s.head() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        with socket.create_connection(("127.0.0.1", s.port), harness.PATIENCE) as c:
            c.sendall((s.head() + b"Content-Length: %d\r\n\r\n" % len(body) + body)[:-10])
    for i in range(20):
        status, _, answer = s.send(body={"jsonrpc": "2.0", "id": i, "method": "tools/call",
                                         "params": {"name": "echo", "arguments": {"text": str(i)}}})
        same((status, json.loads(answer)["result"]["content"][0]["text"]), (200, str(i)), "answer")
