#!/usr/bin/env python3
"""A machine that runs out of descriptors, disk and memory, and whose clock jumps.  TAP.

usage: rough_machine.py BASCULE [CASE ...]

In each case a healthy client beside goes on being served, and what was held is given back (rough.py).
"""
import ctypes
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from rough import (DEMO, FAR, Beside, Client, Gateway, Skip, base, before_and_after, held, is_sanitized, program, raw, run,
                   until)

HEAD = (b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n")
DAY_S = 24 * 60 * 60


# ---- descriptors ---------------------------------------------------------------------------------------------------------

def is_other(child):
    with open(f"/proc/{child}/environ") as file:
        return "ROUGH=other" in file.read()


def descriptors():
    """Out of descriptors: connections wait, calls that need one say so, all works again when there are some"""
    upstreams = [DEMO, {"name": "other", "command": [program, "demo"], "env": {"ROUGH": "other"}}]
    with Gateway(upstreams=upstreams, audit={"mode": "strict"}) as gateway, Beside(gateway, "demo__echo") as beside:
        before = held(gateway)
        client = Client(gateway.port)
        client.echo("there", "other__echo")
        gateway.files_limit(max(map(int, os.listdir(f"/proc/{gateway.pid}/fd"))) + 7)
        silent = [raw(gateway.port) for _ in range(300)]
        until(lambda: gateway.lines("cannot take new connections for now: Too many open files"), gateway.log)
        beside.served()
        # A server that is lost cannot be started: its calls say why.
        gateway.files_limit(5)
        os.kill(next(filter(is_other, gateway.children())), signal.SIGKILL)
        until(lambda: gateway.lines("other is unavailable: .*open files"), gateway.log)
        error = client.call("other__echo", text="x").get("error")
        assert error and error["data"]["kind"] == "unavailable" and "open files" in error["message"], error
        # Neither does it read its configuration; it goes on with what it has.
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.lines("Too many open files; nothing was changed"), gateway.log)
        busy = gateway.busy(1.5)
        assert busy < 0.5, busy
        waiting = len(gateway.lines("cannot take new connections"))
        assert waiting <= 3, gateway.log()
        beside.served()
        for one in silent:
            one.close()
        gateway.files_limit(4096)
        until(lambda: gateway.page("/healthz")[0] == 200)
        until(lambda: "result" in client.call("other__echo", text="again"), gateway.log)
        gateway.process.send_signal(signal.SIGHUP)
        until(lambda: gateway.lines("configuration was read again"), gateway.log)
        client.close()
        before_and_after(gateway, before, kib=4096)
        return f"{waiting} lines about 300 connections, {busy:.0%} of a processor"


# ---- disk ----------------------------------------------------------------------------------------------------------------

class Disk:
    """A small one of its own, for this process and its children alone."""

    def __init__(self, size):
        libc = ctypes.CDLL(None, use_errno=True)
        new_namespace, private = 0x20000, 1 << 18 | 1 << 14
        self.path = tempfile.mkdtemp(prefix="bascule-disk-")
        if libc.unshare(new_namespace) != 0 or libc.mount(b"none", b"/", None, private, None) != 0:
            raise Skip(f"no namespace of mounts: {os.strerror(ctypes.get_errno())}")
        if libc.mount(b"none", self.path.encode(), b"tmpfs", 0, b"size=" + size) != 0:
            raise Skip(f"no tmpfs: {os.strerror(ctypes.get_errno())}")
        self.libc = libc

    def fill(self):
        fd = os.open(self.path + "/fill", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            while os.write(fd, b"x" * 4096):
                pass
        except OSError:
            pass
        os.close(fd)

    def empty(self):
        os.unlink(self.path + "/fill")

    def close(self):
        self.libc.umount2(self.path.encode(), 2)
        os.rmdir(self.path)


def verify(gateway, folder):
    done = subprocess.run([program, "audit", "verify", "-c", gateway.path], env=dict(base, HOME=folder), capture_output=True,
                          text=True, timeout=FAR)
    assert done.returncode == 0, done.stdout + done.stderr


def on_disk(mode, work):
    disk = Disk(b"3m")
    folder = tempfile.mkdtemp(prefix="bascule-rough-")
    try:
        runner = {"command": ["/bin/echo", "did"], "isolate": {"require": []}}
        agents = {"runners": {"default": runner}, "limits": {"rate": "off"}}
        audit = {"mode": mode, "bodies": True, "body_max": "1MiB"}
        with Gateway(folder, state=disk.path + "/state", log=disk.path + "/log", audit=audit, agents=agents,
                     guard={"rate": {"budget": {"calls": "1000000/d"}}}) as gateway:
            client = Client(gateway.port)
            client.echo()
            assert client.call("maf", task="before")["result"]["structuredContent"]["status"] == "completed"
            before = held(gateway)
            said = work(gateway, disk, client)
            client.echo("at the end")
            client.close()
            # The log had no room either: no line is torn, and the lost ones were counted.
            assert gateway.lines(r"\[WARN\] \[\S+\] \d+ log lines were dropped: No space left"), gateway.log()[-1500:]
            for line in gateway.log().split("\n")[:-1]:
                assert re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[", line) and line.count("] [INFO] [") < 2, line
            before_and_after(gateway, before, kib=8192)
        verify(gateway, folder)
        return said
    finally:
        disk.close()
        shutil.rmtree(folder, ignore_errors=True)


def disk_strict():
    """A full disk, audit strict: calls are refused with the reason, and pass again when there is room"""
    def work(gateway, disk, client):
        disk.fill()
        n = 0
        while "error" not in (answer := client.call("echo", text="y" * 2000)):
            n += 1
            assert n < 3000, "the disk is not full"
        for answer in (answer, client.call("echo", text="z"), client.call("maf", task="x")):
            assert answer["error"]["data"]["kind"] in ("unavailable", "outcome_unknown"), answer
            assert "audit.mode is strict" in answer["error"]["message"] and "full" in answer["error"]["message"], answer
        assert client.ask("ping")["result"] == {} and gateway.page("/healthz")[0] == 200
        for _ in range(100):
            client.call("echo", text="z")
        busy = gateway.busy(1)
        assert busy < 0.5, busy
        disk.empty()
        until(lambda: "result" in client.call("echo", text="again"), gateway.log)
        return f"{n} calls until it was full"
    return on_disk("strict", work)


def disk_async():
    """A full disk, audit async: nobody is refused; what is not written is counted, runs say so"""
    def work(gateway, disk, client):
        disk.fill()
        # 8,192 records are kept, which takes long to fill where all is slow.
        n, enough = 0, 200 if is_sanitized() else 12000
        while gateway.metric("bascule_audit_dropped_total") == 0 and n < enough:
            for _ in range(100):
                client.echo()
            n += 100
        dropped = gateway.metric("bascule_audit_dropped_total")
        assert dropped > 0 or is_sanitized()
        assert gateway.metric("bascule_audit_up") == 0
        answer = client.call("maf", task="x")["result"]["structuredContent"]
        assert answer["status"] == "completed" and answer["truncated"], answer
        busy = gateway.busy(1)
        assert busy < 0.5, busy
        disk.empty()
        until(lambda: client.echo() or gateway.metric("bascule_audit_up") == 1, gateway.log)
        listed = client.call("maf_list")["result"]["structuredContent"]
        assert listed["total"] == 2, listed
        return f"{dropped:.0f} records dropped of {n} calls"
    return on_disk("async", work)


# ---- memory --------------------------------------------------------------------------------------------------------------

def memory_limits():
    """Calls that are too large, or too many large ones, are refused long before memory is short"""
    limits = {"message": "4MiB", "memory": "24MiB"}
    with Gateway(limits=limits) as gateway, Beside(gateway) as beside:
        before = held(gateway)
        one = raw(gateway.port, HEAD % (5 << 20))
        assert one.recv(4096).startswith(b"HTTP/1.1 413 ")
        one.close()
        # Twenty that announce four MiB each, and send all but the end of them.
        half, refused = [], 0
        for _ in range(20):
            one = raw(gateway.port, HEAD % (4 << 20))
            one.settimeout(FAR)
            half.append(one)
            try:
                one.sendall(b'"' + b"x" * ((4 << 20) - 100))
            except OSError:
                pass
        for one in half:
            one.setblocking(False)
            try:
                refused += one.recv(4096).startswith(b"HTTP/1.1 503")
            except (BlockingIOError, ConnectionError):
                pass
        assert refused > 0, "all of 80 MiB is held"
        if not is_sanitized():
            assert gateway.anon_kib() < before[2] + 64 * 1024, gateway.anon_kib()
        beside.served()
        for one in half:
            one.close()
        before_and_after(gateway, before, kib=4096)
        return f"{refused} of 20 that want 80 of 24 MiB"


def memory_ceiling():
    """Where the system itself has no memory left the process ends at once, says so, and leaves no children"""
    if is_sanitized():
        raise Skip("the sanitizer needs its own address space")

    def start():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    gateway = Gateway(start=start, limits={"message": "256MiB", "memory": "1GiB"})
    try:
        children = gateway.children()
        client = Client(gateway.port)
        client.echo()
        with open(f"/proc/{gateway.pid}/statm") as file:
            data = int(file.read().split()[5]) * resource.getpagesize()
        resource.prlimit(gateway.pid, resource.RLIMIT_DATA, (data + (16 << 20), data + (16 << 20)))
        client.echo("x" * 1000000)
        try:
            client.call("echo", text="x" * (100 << 20))
        except OSError:
            pass
        except Exception as e:
            assert type(e).__module__ == "http.client", e
        assert gateway.process.wait(FAR) == -signal.SIGABRT, gateway.process.returncode
        assert gateway.lines(r"^bascule: out of memory \(\d+ bytes were asked for\)$"), gateway.log()
        until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children), "children are left")
    finally:
        gateway.process.kill()
        gateway.process.wait(FAR)
        shutil.rmtree(gateway.folder, ignore_errors=True)


# ---- clock ---------------------------------------------------------------------------------------------------------------

SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long *offset_s;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("ROUGH_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (at != MAP_FAILED)
		offset_s = at;
	if (fd >= 0)
		close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *to)
{
	int got = (int)syscall(SYS_clock_gettime, id, to);

	if (offset_s != NULL && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		to->tv_sec += *offset_s;
	return got;
}

int
gettimeofday(struct timeval *to, void *zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	to->tv_sec = now.tv_sec;
	to->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *to)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (to != NULL)
		*to = now.tv_sec;
	return now.tv_sec;
}
"""


class Clock:
    """The wall's clock of a gateway, to be turned."""

    def __init__(self, folder):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise Skip("no compiler for the clock")
        with open(folder + "/clock.c", "w") as file:
            file.write(SHIM)
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", folder + "/clock.so", folder + "/clock.c"], check=True)
        self.path = folder + "/clock"
        self.set(0)
        options = base.get("ASAN_OPTIONS", "")
        self.env = {"LD_PRELOAD": folder + "/clock.so", "ROUGH_CLOCK": self.path,
                    "ASAN_OPTIONS": options + ":verify_asan_link_order=0" if options else "verify_asan_link_order=0"}

    def set(self, seconds):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))


SPEAKER = """
import json, sys, time
time.sleep(float(sys.argv[1]))
print(json.dumps({"type": "result", "subtype": "success", "is_error": False, "session_id": "s", "result": "did",
                  "total_cost_usd": 0.25}))
"""


def speaker(folder, seconds):
    with open(folder + "/speaker.py", "w") as file:
        file.write(SPEAKER)
    return {"command": ["/usr/bin/python3", folder + "/speaker.py", str(seconds)], "parse": "claude-stream",
            "isolate": {"require": [], "read": ["system", folder]}}


def clock_jumps():
    """The clock of the wall jumps by a day, forth, back and further back: timers, sessions, rates and budgets hold"""
    folder = tempfile.mkdtemp(prefix="bascule-rough-")
    # Not about midnight: a day's budget is of that day.
    if DAY_S - time.time() % DAY_S < 90:
        time.sleep(DAY_S - time.time() % DAY_S + 1)
    try:
        clock = Clock(folder)
        agents = {"runners": {"slow": speaker(folder, 3)}, "limits": {"rate": "off", "cost": "0.50/d"}}
        rate = [{"id": "fast", "match": {"tool": "time"}, "calls": "3/1h"},
                {"id": "day", "match": {"tool": "count"}, "budget": {"calls": "3/d"}}]
        with Gateway(folder, env=clock.env, audit={"mode": "strict"}, agents=agents, guard={"rate": rate},
                     limits={"session_idle": "20s"}) as gateway, Beside(gateway) as beside:
            idle, client = Client(gateway.port), Client(gateway.port)
            for _ in range(3):
                assert "result" in client.call("time") and "result" in client.call("count", to=1)
            assert "rate.fast" in str(client.call("time")) and "rate.day" in str(client.call("count", to=1))
            for to in (DAY_S, 0, -DAY_S):
                answer = client.call("maf", task="x", runner="slow", wait_s=0)
                # Two runs use a day's money up, and a clock that went back does not bring it again.
                assert ("agents.limits.cost" in str(answer)) == (to == -DAY_S), (to, answer)
                clock.set(to)
                beside.served()
                # A rate goes by a clock that does not jump; a day has its budget once, also where the clock went back to the
                # day before; two days back is another day.
                assert "rate.fast" in str(client.call("time")), to
                answers = [client.call("count", to=1) for _ in range(4)]
                assert ["result" in one for one in answers] == ([False] * 4 if to == 0 else [True] * 3 + [False]), (to, answers)
                # What sleeps sleeps as long as before, and sessions are what they were.
                began = time.monotonic()
                assert "result" in client.call("sleep", seconds=1)
                assert 0.9 < time.monotonic() - began < 30
                assert idle.ask("ping")["result"] == {}
                if to != -DAY_S:
                    run_id = answer["result"]["structuredContent"]["run_id"]
                    ended = client.call("maf_wait", run_id=run_id, wait_s=60)["result"]["structuredContent"]
                    assert ended["status"] == "completed", ended
            seconds = gateway.metric("maf_run_seconds_sum")
            assert 5 < seconds < 120, seconds
            for line in gateway.lines("run r-.* completed after"):
                assert 2900 < int(re.search(r"after (\d+) ms", line)[1]) < 60000, line
            idle.close()
            client.close()
        verify(gateway, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run([descriptors, disk_strict, disk_async, memory_limits, memory_ceiling], beside=[clock_jumps])
