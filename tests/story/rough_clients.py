#!/usr/bin/env python3
"""Clients that are slow, many, silent, strangers or gone.  TAP.

usage: rough_clients.py BASCULE [CASE ...]

In each case a healthy client beside goes on being served, and what was held is given back (rough.py).
"""
import concurrent.futures
import contextlib
import http.client
import json
import resource
import socket
import struct
import threading
import time

from rough import (HEADERS, INITIALIZE, Beside, Client, Gateway, before_and_after, held, is_sanitized, raw, run,
                   until)

HEAD = (b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Accept: application/json, text/event-stream\r\n")
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
MANY = 2000


def source(i):
    """Not more from one address of ours than it has ports for."""
    return f"127.0.0.{2 + i // 500}", 0


def many(gateway, n, data=b""):
    return [raw(gateway.port, data, source(i)) for i in range(n)]


def status_of(answer):
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None


def slowly():
    """200 heads and 200 bodies of one byte a second end after 10 and 30 s, answered 408, and hold up nobody"""
    with Gateway() as gateway, Beside(gateway) as beside:
        before = held(gateway)
        heads = many(gateway, 200, HEAD + b"X-Slow: ")
        bodies = many(gateway, 200, HEAD + b"Content-Length: 100000\r\n\r\n{")
        began, over = time.monotonic(), {}
        open_ones = {one: kind for kind, ones in (("head", heads), ("body", bodies)) for one in ones}
        for one in open_ones:
            one.setblocking(False)
        while open_ones:
            assert time.monotonic() - began < 110, len(open_ones)
            for one, kind in list(open_ones.items()):
                with contextlib.suppress(BlockingIOError):
                    try:
                        got = one.recv(4096)
                    except ConnectionError:
                        got = b""
                    over.setdefault(kind, []).append((status_of(got), time.monotonic() - began))
                    del open_ones[one]
                    one.close()
                    continue
                with contextlib.suppress(OSError):
                    one.send(b"x")
            time.sleep(1)
        for kind, least in (("head", 9), ("body", 29)):
            statuses = [status for status, _ in over[kind]]
            assert statuses.count(408) > 190, (kind, statuses)
            assert min(at for _, at in over[kind]) > least, over[kind][:5]
        before_and_after(gateway, before)
        return f"the client beside waited {beside.worst * 1000:.0f} ms at most"


def silent():
    """2,000 connections that say nothing hold up nobody, and cost little each"""
    with Gateway() as gateway, Beside(gateway) as beside:
        before = held(gateway)
        ones = many(gateway, MANY)
        until(lambda: gateway.descriptors() >= before[0] + MANY)
        each = (gateway.anon_kib() - before[2]) / MANY
        busy = gateway.busy(1)
        beside.served()
        assert is_sanitized() or each < 4, each
        with contextlib.closing(Client(gateway.port)) as late:
            late.echo("late")
        for one in ones:
            one.close()
        before_and_after(gateway, before)
        return f"{each:.1f} KiB each, {busy:.0%} of a processor with the client beside"


def bombs():
    """Heads, fields, addresses, chunks and nesting beyond all measure are refused, each by its status"""
    with Gateway() as gateway, Beside(gateway):
        before = held(gateway)
        chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        tiny = b"".join(b"1\r\n%c\r\n" % c for c in json.dumps(INITIALIZE).encode())
        deep = b"[" * 200000
        cases = [
            ("a head of 64 KiB", HEAD + b"X-Long: " + b"a" * 65536 + b"\r\n\r\n", {431}),
            ("10,000 fields", HEAD + b"".join(b"X-%d: a\r\n" % i for i in range(10000)) + b"\r\n", {431}),
            ("10,000 fields of two bytes", HEAD + b"a:\r\n" * 10000 + b"\r\n", {431}),
            ("an address of 1 MiB", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n", {414, 431}),
            ("a method of 1 MiB", b"A" * (1 << 20), {400, 431, 501}),
            ("chunks of one byte", chunked + tiny + b"0\r\n\r\n", {200}),
            ("an extension of 1 MiB", chunked + b"1;" + b"a" * (1 << 20) + b"\r\n", {400, 413, 431}),
            ("100,000 chunks of one blank", chunked + b"1\r\n \r\n" * 100000 + tiny + b"0\r\n\r\n", {200, 400, 413}),
            ("trailers of 1 MiB", chunked + tiny + b"0\r\n" + b"X-T: a\r\n" * 131072 + b"\r\n", {400, 413, 431}),
            ("a chunk of 2^64 bytes", chunked + b"FFFFFFFFFFFFFFFF1\r\n", {400, 413}),
            ("a body of 2^63 bytes", HEAD + b"Content-Length: 9223372036854775807\r\n\r\n", {413}),
            ("JSON 200,000 deep", HEAD + b"Content-Length: %d\r\n\r\n" % len(deep) + deep, {413}),
            ("a key 100,000 times", HEAD + b"Content-Length: %d\r\n\r\n" % (2 + 7 * 100000 - 1) + b"{" +
             b",".join([b'"aa":1'] * 100000) + b"}", {400}),
        ]
        for name, text, statuses in cases:
            one = raw(gateway.port)
            one.settimeout(60)
            sender = threading.Thread(target=send, args=(one, text), daemon=True)
            sender.start()
            got = b""
            with contextlib.suppress(ConnectionError):
                got = one.recv(65536)
            assert status_of(got) in statuses, (name, got[:300])
            one.close()
            sender.join(60)
        before_and_after(gateway, before, kib=4096)
        return f"{len(cases)} of them"


def send(one, text):
    with contextlib.suppress(OSError):
        one.sendall(text)


def strangers():
    """5,000 wrong keys: one constant answer each, a dozen lines of log, and who has a key is served"""
    n = 5000
    keys = {"auth": {"keys": [{"name": "ann", "key": "key-of-ann-0123456789"}]}, "audit": {"mode": "async"}}
    own = {"Authorization": "Bearer key-of-ann-0123456789"}
    with Gateway(**keys) as gateway, Beside(gateway, **own) as beside:
        before = held(gateway)
        answers = set()

        def knock(which):
            connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=120)
            for i in range(n // 4):
                key = f"key-of-{which}-{i}" if i % 3 else "key-of-ann-012345678" + chr(33 + i % 90)
                if key == "key-of-ann-0123456789":
                    key += "0"
                connection.request("POST", "/mcp", PING, dict(HEADERS, Authorization="Bearer " + key))
                answer = connection.getresponse()
                fields = tuple((k, v) for k, v in answer.getheaders() if k.lower() not in ("date", "connection"))
                answers.add((answer.status, fields, answer.read()))
            connection.close()

        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(knock, range(4)))
        took = time.monotonic() - began
        beside.served()
        assert len(answers) == 1 and next(iter(answers))[0] == 401, answers
        lines = gateway.lines("without a valid key")
        assert 1 <= len(lines) <= 14, lines
        assert not gateway.lines("key-of-"), "keys are in the log"
        before_and_after(gateway, before, kib=4096)
        return f"{n / took:,.0f} a second, {len(lines)} lines"


def vanish(one):
    """The connection is gone, and the other end hears nothing of it; where that is not permitted it hears a reset."""
    tcp_repair = 19
    with contextlib.suppress(OSError):
        one.setsockopt(socket.IPPROTO_TCP, tcp_repair, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


def abandoned():
    """2,000 sessions with a stream each, whose clients vanish: held within bounds, ended when idle, memory is back"""
    n = MANY
    with Gateway(limits={"session_idle": "2s", "sessions": n + 50}) as gateway, Beside(gateway) as beside:
        before = held(gateway)
        clients = []

        def begin(i):
            client = Client(gateway.port, source(i))
            client.stream()
            clients.append(client)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(begin, range(n)))
        assert gateway.metric("bascule_sessions") == n + 1
        beside.served()
        most = gateway.anon_kib()
        each = (most - before[2]) / n
        for i, client in enumerate(clients):
            one = client.http.sock
            if i % 4 == 0:
                one.close()
            else:
                vanish(one)
        until(lambda: gateway.metric("bascule_sessions") <= 1, lambda: str(gateway.metric("bascule_sessions")))
        beside.served()
        before_and_after(gateway, before, kib=4096)
        assert is_sanitized() or each < 12, each
        return f"{each:.1f} KiB each with what their opening left, {gateway.anon_kib() - before[2]} KiB more afterwards"


def crowded():
    """Beyond limits.sessions the longest idle give way, and a few lines say so; streams that are heard stay"""
    with Gateway(limits={"sessions": 200}) as gateway, Beside(gateway) as beside:
        before = held(gateway)
        heard = Client(gateway.port)
        heard.stream()
        for i in range(1000):
            Client(gateway.port).close()
            if i % 100 == 0:
                beside.served(1)    # who is not heard of while 200 others come is idle
        assert gateway.metric("bascule_sessions") == 200
        beside.served()
        lines = gateway.lines("the longest idle session was ended")
        assert 1 <= len(lines) <= 10, lines
        heard.http.sock.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            assert heard.http.sock.recv(100), "its stream was ended"
        heard.close()
        before_and_after(gateway, before)
        return f"{len(lines)} lines about 800"


def keepalive():
    """An idle connection is watched by the system: a client that vanished without a word is noticed"""
    with Gateway() as gateway:
        one = raw(gateway.port)
        port = "%04X" % one.getsockname()[1]

        def timer():
            with open(f"/proc/{gateway.pid}/net/tcp") as file:
                rows = [line.split() for line in file][1:]
            return next((row[5] for row in rows if row[2].endswith(":" + port) and row[3] == "01"), None)

        until(lambda: timer() is not None)
        # "02": what is awaited is the next sign of life.
        assert timer().startswith("02:"), timer()
        one.close()


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65536, hard))
if __name__ == "__main__":
    run([silent, bombs, strangers, crowded, keepalive], beside=[slowly, abandoned])
