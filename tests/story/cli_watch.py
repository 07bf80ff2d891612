#!/usr/bin/env python3
"""reload_on_change: a changed file of the configuration is taken, a bad one changes nothing, off is off.

usage: cli_watch.py BASCULE
"""
import http.client
import os
import sys
import tempfile
import time

from serving import FAR, Serving

program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
path, secret = folder.name + "/bascule.yaml", folder.name + "/key"


def write(name, text):
    """As an editor does: a new file that takes the place of the old one."""
    with open(name + ".new", "w") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(text)
    os.rename(name + ".new", name)


def config(watches=True, more=""):
    write(path, """
listen: {http: "127.0.0.1:0"}
reload_on_change: %s
state: %s/state
auth: {keys: [{name: one, key: "file:key"}]}
audit: {sinks: []}
upstreams: [{name: up, url: "http://127.0.0.1:9/mcp"}]
%s
""" % (str(watches).lower(), folder.name, more))


class Gateway(Serving):
    def status(self, key):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FAR)
        connection.request("POST", "/mcp", '{"jsonrpc":"2.0","id":1,"method":"ping"}', {
            "Authorization": "Bearer " + key, "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream"})
        return connection.getresponse().status


write(secret, "the-first-key-of-all\n")
config()
gateway = Gateway(program, path, folder.name)
assert gateway.status("the-first-key-of-all") != 401
# The value of a `file:` is part of it.
write(secret, "the-second-key-of-all\n")
gateway.wait("configuration was read again")
assert gateway.status("the-first-key-of-all") == 401 and gateway.status("the-second-key-of-all") != 401
# Nothing has changed since: nothing is read.
# A bad one is told once, and changes nothing.
config(more="nonsense: 1")
gateway.wait("nothing was changed")
assert "nonsense" in gateway.wait("nothing was changed")
assert gateway.status("the-second-key-of-all") != 401
time.sleep(3)
assert len(gateway.found("nothing was changed")) == 1 and len(gateway.found("configuration was read again")) == 1, gateway.lines
# A file that is gone for a while is a bad one.
os.unlink(secret)
config()
gateway.wait("nothing was changed", n=2)
write(secret, "the-third-key-of-all\n")
gateway.wait("configuration was read again", n=2)
assert gateway.status("the-third-key-of-all") != 401
# Switched off by itself, only SIGHUP is left.
config(watches=False)
gateway.wait("configuration was read again", n=3)
write(secret, "the-fourth-key-of-all\n")
time.sleep(3)
assert gateway.status("the-third-key-of-all") != 401
assert "read again" in gateway.reload()
assert gateway.status("the-fourth-key-of-all") != 401
gateway.end()
print("ok reload_on_change")
