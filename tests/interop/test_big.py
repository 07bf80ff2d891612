"""Messages of 16 MiB pass while everyone else is served."""
import contextlib
import hashlib
import threading

import harness
from harness import Gateway, check, own_command, same
from wire import Http, Stdio

BIG = 16 << 20
OTHERS = 50


def want(n):
    piece = "".join(hashlib.sha256(str(i).encode()).hexdigest() for i in range(1024))
    return "".join(f"{i:08x}" + piece[8:] for i in range(n // len(piece) + 1))[:n]


class Shop:
    def __init__(self, gateway):
        self.gateway, self.process, self.url = gateway, gateway.process, gateway.url
        self.stdio = Stdio(process=gateway.process).begin()
        self.want = want(BIG)

    def others(self, during):
        """Does it while 50 other calls are made, over other connections: all of both must be right."""
        failures, over = [], threading.Event()
        served = []

        def one(k):
            try:
                client = Http(self.url).begin()
                tool = ("small__echo", "heavy__echo")[k % 5 == 0]
                while not (over.is_set() and served.count(k)):
                    text = f"{k} {len(served)}"
                    same(client.text(tool, {"text": text}), text, f"call of {tool}")
                    served.append(k)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}")
        threads = [threading.Thread(target=one, args=(k,), daemon=True) for k in range(OTHERS)]
        for t in threads:
            t.start()
        try:
            during()
        finally:
            over.set()
            for t in threads:
                t.join(harness.PATIENCE * 2)
        same(failures, [], "the other calls")
        same(len(set(served)), OTHERS, "clients that were served")


@contextlib.contextmanager
def shop():
    with Gateway([{"name": "heavy", "command": own_command("big.py")}, {"name": "small", "command": own_command("big.py")}],
                 stdio=True) as gateway:
        shop = Shop(gateway)
        yield shop
        same(gateway.process.p.poll(), None, "the gateway's status")


big = harness.Group("16 MiB", shop)


def equal(got, want):
    check(got == want, f"{len(got)} bytes came that are not the {len(want)} that were sent")


@big.test("a result over HTTP, with 50 others served")
def result_http(s):
    s.others(lambda: equal(Http(s.url, 120).begin().text("heavy__big", {"bytes": BIG}), s.want))


@big.test("a result over stdio, with 50 others served over HTTP")
def result_stdio(s):
    s.others(lambda: equal(s.stdio.text("heavy__big", {"bytes": BIG}, patience=120), s.want))


@big.test("an argument over HTTP, with 50 others served")
def argument_http(s):
    size = f"{BIG} {hashlib.sha256(s.want.encode()).hexdigest()}"
    s.others(lambda: equal(Http(s.url, 120).begin().text("heavy__size", {"text": s.want}), size))


@big.test("an argument over stdio")
def argument_stdio(s):
    size = f"{BIG} {hashlib.sha256(s.want.encode()).hexdigest()}"
    equal(s.stdio.text("heavy__size", {"text": s.want}, patience=120), size)


@big.test("four results at once")
def result_four(s):
    failures = []

    def one():
        try:
            equal(Http(s.url, 120).begin().text("heavy__big", {"bytes": BIG}), s.want)
        except Exception as error:
            failures.append(str(error))
    threads = [threading.Thread(target=one, daemon=True) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    same(failures, [], "results")


@big.test("a client that leaves in the middle of a result")
def result_left(s):
    for _ in range(3):
        client = Http(s.url).begin()
        client.http.request("POST", client.path, '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
                            f'"heavy__big","arguments":{{"bytes":{BIG}}}}}}}', client.headers())
        client.http.sock.recv(1000)
        client.close()
    same(Http(s.url).begin().text("heavy__echo", {"text": "still"}), "still", "the same server afterwards")
