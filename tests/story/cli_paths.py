#!/usr/bin/env python3
"""atlassian.spool through the whole program: no name of a file leads out of the folder, while others move things in it too.

usage: cli_paths.py BASCULE
"""
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

BASCULE = os.path.abspath(sys.argv[1])
PATIENCE = 120  # seconds until a hang is called one
SECRET, INSIDE = "what nobody may read", "what may be sent"
RACES = 150
bodies = []


class Site(http.server.BaseHTTPRequestHandler):
    """A Jira that keeps what is sent to it."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while (n := int(self.rfile.readline(), 16)) > 0:
                body += self.rfile.read(n)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        bodies.append(body.decode(errors="replace"))
        said = b'[{"id":"5","filename":"a","size":3,"mimeType":"text/plain"}]'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


class Gateway:
    def __init__(self, root, spool, port):
        config = os.path.join(root, "bascule.yaml")
        with open(config, "w") as file:
            json.dump({"listen": {"stdio": True, "http": []}, "state": os.path.join(root, "state"),
                       "audit": {"sinks": []},
                       "atlassian": {"spool": spool, "sites": [{"name": "", "jira": f"http://127.0.0.1:{port}",
                                                                "deployment": "data_center",
                                                                "auth": {"type": "pat", "token": "x"}}]}}, file)
        env = {"PATH": os.environ["PATH"], "HOME": root,
               **{k: v for k, v in os.environ.items() if "SAN_OPTIONS" in k}}
        self.process = subprocess.Popen([BASCULE, "serve", "-c", config], env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.id = 0
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                "clientInfo": {"name": "test", "version": "1"}})
        self.say({"method": "notifications/initialized"})

    def say(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.id += 1
        self.say({"id": self.id, "method": method, "params": params})
        while True:
            answer = json.loads(self.process.stdout.readline())
            if answer.get("id") == self.id:
                return answer

    def send(self, name):
        answer = self.ask("tools/call", {"name": "jira_upload_attachments",
                                         "arguments": {"issue_key": "DEMO-9", "attachments": [name]}})
        return "result" in answer and not answer["result"].get("isError", False), json.dumps(answer)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0


def furnish(root):
    """A folder of files, with every kind of way out of it that a file system has."""
    spool, outside = os.path.join(root, "spool"), os.path.join(root, "outside")
    os.makedirs(os.path.join(spool, "sub"))
    os.makedirs(outside)
    for path, text in ((outside + "/secret", SECRET), (root + "/secret", SECRET), (spool + "/a", INSIDE),
                       (spool + "/sub/b", INSIDE), (spool + "/...", INSIDE), (spool + "/..a", INSIDE)):
        with open(path, "w") as file:
            file.write(text)
    os.symlink("../secret", spool + "/up")
    os.symlink(outside + "/secret", spool + "/absolute")
    os.symlink(outside, spool + "/folder")
    os.symlink("..", spool + "/parent")
    os.symlink("/", spool + "/root")
    os.symlink("/proc/self/root", spool + "/magic")
    os.symlink("sub/b", spool + "/within")
    os.symlink("loop", spool + "/loop")
    os.mkfifo(spool + "/pipe")
    return spool, outside


def bad_names(root, outside):
    deep = "sub/../" * 30
    return ["../secret", "../../secret", "./../secret", "sub/../../secret", "sub/../../outside/secret", ".//..//secret",
            "a/../../secret", "a/..", "..", ".", "", "/", "//", "sub", "sub/", "sub/.", "sub/..", deep, deep + "../secret",
            outside + "/secret", root + "/secret", "/etc/passwd", "//etc/passwd", "/proc/self/environ", "/proc/self/fd/0",
            "/proc/self/fd/3", "/proc/self/root/etc/passwd", "/dev/stdin", "/dev/fd/3", "proc/self/fd/0", "up",
            "absolute", "folder/secret", "parent/secret", "parent/outside/secret", "root/etc/passwd", "magic/etc/passwd",
            "within", "loop", "pipe", "none", "a/", "a/.", "A", "a ", " a", "a\n", "a\x00", "a\x00.txt", "../secret\x00a",
            "..\\secret", "sub\\..\\..\\secret", "%2e%2e/secret", "..%2fsecret", "..%c0%afsecret", "\u2025/secret",
            "..\u2215secret", "..\uff0fsecret", "\uff0e\uff0e/secret", ".\u200b./secret", "~/secret", "$HOME/secret",
            "file://" + root + "/secret", "a" * 300, "x/" * 3000]


def names(gateway, root, outside):
    for name in ("a", "sub/b", "./a", "sub/../a", "...", "..a"):
        done, answer = gateway.send(name)
        assert done and INSIDE in bodies[-1], (name, answer)
    sent = len(bodies)
    all_bad = bad_names(root, outside)
    assert len(set(all_bad)) == len(all_bad) >= 60, len(all_bad)
    for name in all_bad:
        done, answer = gateway.send(name)
        assert not done and SECRET not in answer, (name, answer)
    assert len(bodies) == sent, bodies[sent:]


def races(gateway, spool, outside):
    """What was looked at is what is opened, whoever moves things in between."""
    stop = threading.Event()

    def flip(path, put_back, target):
        while not stop.is_set():
            for make in (put_back, lambda at: os.symlink(target, at)):
                make(path + ".new")
                if os.path.isdir(path) and not os.path.islink(path) or os.path.isdir(path + ".new"):
                    # A folder gives way only to an empty one: the two change places by a third name.
                    os.rename(path, path + ".old")
                    os.rename(path + ".new", path)
                    if os.path.islink(path + ".old"):
                        os.unlink(path + ".old")
                    else:
                        os.unlink(path + ".old/secret")
                        os.rmdir(path + ".old")
                else:
                    os.replace(path + ".new", path)

    def file_at(at):
        with open(at, "w") as file:
            file.write(INSIDE)

    def folder_at(at):
        os.mkdir(at)
        file_at(at + "/secret")

    file_at(spool + "/flip")
    folder_at(spool + "/turn")
    threads = [threading.Thread(target=flip, args=(spool + "/flip", file_at, outside + "/secret")),
               threading.Thread(target=flip, args=(spool + "/turn", folder_at, outside))]
    for thread in threads:
        thread.start()
    try:
        kinds = {(name, gateway.send(name)[0]) for _ in range(RACES) for name in ("flip", "turn/secret")}
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    return kinds


def main():
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="bascule-paths-") as root:
        spool, outside = furnish(root)
        gateway = Gateway(root, spool, site.server_port)
        names(gateway, root, outside)
        kinds = races(gateway, spool, outside)
        gateway.end()
    assert not any(SECRET in body for body in bodies)
    assert not any(re.search(r"root:.*:0:0", body) for body in bodies)
    print(f"ok {len(bodies)} files sent, none from outside; in the races: {sorted(kinds)}")


main()
