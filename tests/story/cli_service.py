#!/usr/bin/env python3
"""`bascule serve` under a service manager: readiness, reload, signs of life, sockets that are handed over, the end.

usage: cli_service.py BASCULE

The manager is this program: a datagram socket for NOTIFY_SOCKET, and listening sockets as descriptors 3 and on.
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile

program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()


class Manager:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(120)

    def wait(self, word):
        """The next message that holds the word; which others came before does not matter."""
        while True:
            text = self.socket.recv(4096).decode()
            if word in text.split("\n"):
                return dict(line.split("=", 1) for line in text.split("\n"))


def config(name, addresses):
    path = os.path.join(folder.name, name)
    with open(path, "w") as file:
        json.dump({"listen": {"http": addresses}, "state": os.path.join(folder.name, "state"),
                   "upstreams": [{"name": "demo", "command": [program, "demo"]}]}, file)
    return path


def start(path, sockets=(), pid="$$", **variables):
    """Through a shell, which knows its number before it becomes the program."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": folder.name, **variables}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    moves = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
    line = f'LISTEN_PID={pid} LISTEN_FDS={len(sockets)} exec "$0" serve -c "$1" {moves}'
    return subprocess.Popen(["/bin/bash", "-c", line, program, path], env=environ, cwd=folder.name,
                            pass_fds=[s.fileno() for s in sockets], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def end(process):
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 0, (process.returncode, said)
    return said


def ping(connection):
    connection.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}),
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200 and "serverInfo" in text, (answer.status, text)


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(self.path)


def notified(where, name):
    """Ready, signs of life, a reload and what comes after it, the end."""
    manager = Manager(where)
    process = start(config(name, ["127.0.0.1:0"]), NOTIFY_SOCKET=name if name[0] == "@" else where,
                    WATCHDOG_USEC="200000")
    assert manager.wait("READY=1")["STATUS"]
    for _ in range(3):
        manager.wait("WATCHDOG=1")
    process.send_signal(signal.SIGHUP)
    begun = manager.wait("RELOADING=1")
    done = manager.wait("READY=1")
    assert int(begun["MONOTONIC_USEC"]) <= int(done["MONOTONIC_USEC"])
    process.send_signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    process.communicate(timeout=120)
    assert process.returncode == 0


def handed_over():
    """Who connected before it was started is answered; the socket's file is not ours to remove."""
    path = os.path.join(folder.name, "gate.sock")
    tcp, unix, other = socket.socket(), socket.socket(socket.AF_UNIX), socket.socket()
    tcp.bind(("127.0.0.1", 0))
    unix.bind(path)
    other.bind(("127.0.0.1", 0))
    for s in (tcp, unix, other):
        s.listen(16)
    port, stranger = tcp.getsockname()[1], other.getsockname()[1]
    early = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    early.connect()
    process = start(config("handed.yaml", [f"127.0.0.1:{port}", "unix:" + path]), [tcp, unix, other])
    ping(early)
    ping(Unix(path))
    said = end(process)
    assert os.path.exists(path)
    assert f"127.0.0.1:{stranger} was handed over" in said, said


def not_ours():
    """Descriptors that are for another process are left alone, and the address is bound as ever."""
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    tcp.listen(16)
    process = start(config("other.yaml", [f"127.0.0.1:{tcp.getsockname()[1]}"]), [tcp], pid="1")
    said = process.communicate(timeout=120)[1].decode()
    assert process.returncode == 4 and "another program listens there" in said, (process.returncode, said)


def rubbish():
    """What makes no sense stops nothing: no such socket, no number, a descriptor that does not listen."""
    plain = socket.socket()
    process = start(config("rubbish.yaml", ["127.0.0.1:0"]), [plain], NOTIFY_SOCKET="/nowhere/at/all",
                    WATCHDOG_USEC="soon")
    while b"listening on" not in (line := process.stderr.readline()):
        assert line, "it has ended"
    end(process)


parts = [("readiness, watchdog and reload are told by a path",
          lambda: notified(os.path.join(folder.name, "notify"), "plain.yaml")),
         ("and by a name that is no file", lambda: notified("\0bascule-story-%d" % os.getpid(),
                                                            "@bascule-story-%d" % os.getpid())),
         ("listening sockets are taken over by their addresses", handed_over),
         ("descriptors of another process are not ours", not_ours),
         ("rubbish in the environment stops nothing", rubbish)]
print(f"1..{len(parts)}", flush=True)
for number, (name, part) in enumerate(parts, 1):
    part()
    print(f"ok {number} - {name}", flush=True)
