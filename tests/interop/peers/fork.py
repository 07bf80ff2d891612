"""A server that has forked a grandchild into a session of its own which ignores every signal it can.

Tool: family{} gives both process ids.  Neither ends by itself when stdin closes: whoever started them must do it.
"""
import os
import signal
import time

import lines

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGPIPE)


def deaf():
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def sleep():
    while True:
        time.sleep(3600)


def grandchild():
    """Forks twice, with setsid between, and keeps no pipe; its process id."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        deaf()
        os.write(write, b"%d" % os.getpid())
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.close(write)
        os.close(read)
        sleep()
    os.close(write)
    os.waitpid(child, 0)
    return int(os.read(read, 32))


pid = grandchild()
deaf()
lines.Server("fork", {"family": (lines.definition("family"),
                                 lambda i, a: lines.text(f"{os.getpid()} {pid}"))}).run()
sleep()
