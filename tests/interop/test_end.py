"""However the gateway ends, no process that it started, or that they started, is left."""
import os
import re
import signal

import harness
from harness import Gateway, check, eventually, marked, no_one_left, own_command, same
from wire import Http, Stdio

end = harness.Group("end")

UPSTREAMS = [{"name": "fork", "command": own_command("fork.py")}, {"name": "big", "command": own_command("big.py")}]


def family(gateway, client):
    """The processes below the gateway, checked to be there: child, deaf grandchild in its own session, other child."""
    pids = [int(word) for word in client.text("fork__family").split()]
    pids.append(int(client.text("big__pid")))
    found = marked(gateway.folder.mark)
    for pid in pids:
        check(pid in found, f"{pid} is not found by its mark")
    check(os.getsid(pids[1]) not in (os.getsid(gateway.pid), os.getsid(pids[0])), "the grandchild has no session of its own")
    return pids


def gone(gateway):
    no_one_left(gateway.folder.mark)


@end.test("kill -9 of the gateway leaves no descendant")
def killed():
    gateway = Gateway(UPSTREAMS)
    try:
        family(gateway, Http(gateway.url).begin())
        os.kill(gateway.pid, signal.SIGKILL)
        gone(gateway)
    finally:
        gateway.process.kill()
        gateway.folder.close()


@end.test("kill -9 of the gateway in the middle of calls leaves no descendant")
def killed_busy():
    gateway = Gateway(UPSTREAMS, stdio=True)
    try:
        client = Stdio(process=gateway.process).begin()
        family(gateway, client)
        for i in range(1000, 1050):
            client.send({"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {"name": "big__wait"}})
        client.text("fork__family")
        os.kill(gateway.pid, signal.SIGKILL)
        gone(gateway)
    finally:
        gateway.process.kill()
        gateway.folder.close()


@end.test("SIGTERM: status 0 and nobody left")
def terminated():
    with Gateway(UPSTREAMS) as gateway:
        family(gateway, Http(gateway.url).begin())


@end.test("SIGINT: status 0 and nobody left")
def interrupted():
    gateway = Gateway(UPSTREAMS)
    family(gateway, Http(gateway.url).begin())
    gateway.close(signal.SIGINT)


@end.test("the end of stdin: status 0 and nobody left")
def stdin_ended():
    gateway = Gateway(UPSTREAMS, http=False, stdio=True)
    try:
        client = Stdio(process=gateway.process).begin()
        family(gateway, client)
        same(client.close(), 0, "exit status")
        gone(gateway)
    finally:
        gateway.process.kill()
        gateway.folder.close()


@end.test("a killed keeper takes nobody along for good: servers are started again")
def keeper_killed():
    with Gateway(UPSTREAMS) as gateway:
        client = Http(gateway.url).begin()
        before = family(gateway, client)
        with open(f"/proc/{before[0]}/stat") as f:
            keeper = int(f.read().rsplit(")", 1)[1].split()[1])
        check(keeper != gateway.pid, "servers are children of the gateway, not of a keeper")
        os.kill(keeper, signal.SIGKILL)

        def other():                            # a call may still reach the old one before its end is noticed
            response = client.request("tools/call", {"name": "big__pid"})
            return "result" in response and response["result"]["content"][0]["text"] != str(before[2])
        eventually("another process serves", other)
        for pid in before:
            eventually(f"{pid} is gone", lambda pid=pid: pid not in marked(gateway.folder.mark))


@end.test("an upstream that is killed is started again by the next call")
def upstream_killed():
    with Gateway(UPSTREAMS) as gateway:
        client = Http(gateway.url).begin()
        for _ in range(3):
            pid = int(client.text("big__pid"))
            os.kill(pid, signal.SIGKILL)
            eventually("it is gone", lambda: pid not in marked(gateway.folder.mark))

            def other():
                try:
                    return int(client.text("big__pid")) != pid
                except harness.Failure as error:
                    check(re.search("big", str(error)), f"the error does not name the server: {error}")
                    return None
            eventually("it answers again", other)


@end.test("zombies: children that have ended are reaped")
def reaped():
    with Gateway([{"name": "bad", "command": own_command("bad.py", "closes")},
                  {"name": "big", "command": own_command("big.py")}]) as gateway:
        client = Http(gateway.url).begin()
        for _ in range(3):
            check(client.call_error("bad__bad")["data"]["server"] == "bad", "the error does not name the server")
            eventually("it is started again", lambda: "result" in client.request(
                "tools/call", {"name": "bad__echo", "arguments": {"text": "x"}}))
        eventually("no zombie below the gateway", lambda: not zombies_below(gateway.pid))


def zombies_below(root):
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(name)] = (int(fields[1]), fields[0])
    found = []
    for pid, (parent, state) in parents.items():
        above = parent
        while above in parents and above != root:
            above = parents[above][0]
        if above == root and state == "Z":
            found.append(pid)
    return found
