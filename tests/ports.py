"""Ports for the servers of tests.

They lie below those that the system gives to connections: between the moment that a port is found free and the moment
that its server listens there, no connection of another test can take it.
"""
import contextlib
import random
import socket

LOWEST = 10000


def free_ports(n):
    """All are held until the last one is found, so that they differ."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        end = int(file.read().split()[0])
    found, choose = [], random.SystemRandom()
    with contextlib.ExitStack() as stack:
        while len(found) < n:
            s = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", choose.randrange(LOWEST, end) if end > 2 * LOWEST else 0))
                found.append(s.getsockname()[1])
    return found


def free_port():
    return free_ports(1)[0]
