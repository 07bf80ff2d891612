"""A well-behaved server with what real ones lack: results of any size, calls that never end, a growing list.

Tools: echo{text}, big{bytes}, size{text}, wait{}, seen{}, grow{}, pid{}.  `wait` never answers; `seen` gives the
number of waits and the notifications that came, so that a test sees a cancellation arrive; `grow` adds a tool and
says so.
"""
import hashlib
import json
import os

import lines


def big(id, arguments):
    """A text that has no period which could hide a lost or doubled piece."""
    n = arguments["bytes"]
    piece = "".join(hashlib.sha256(str(i).encode()).hexdigest() for i in range(1024))      # 64 KiB
    return lines.text("".join(f"{i:08x}" + piece[8:] for i in range(n // len(piece) + 1))[:n])


def grow(id, arguments):
    name = f"grown_{len(server.tools)}"
    server.tools[name] = (lines.definition(name), lambda i, a: lines.text(name))
    lines.notify("notifications/tools/list_changed")
    return lines.text(name)


waits = []


def wait(id, arguments):
    waits.append(id)


def seen(id, arguments):
    return lines.text(json.dumps({"waits": len(waits), "notifications": server.notified}))


server = lines.Server("big", {
    "echo": (lines.definition("echo", text="string"), lambda i, a: lines.text(a.get("text", ""))),
    "big": (lines.definition("big", bytes="integer"), big),
    "size": (lines.definition("size", text="string"), lambda i, a: lines.text(
        f"{len(a['text'])} {hashlib.sha256(a['text'].encode()).hexdigest()}")),
    "wait": (lines.definition("wait"), wait),
    "seen": (lines.definition("seen"), seen),
    "grow": (lines.definition("grow"), grow),
    "pid": (lines.definition("pid"), lambda i, a: lines.text(str(os.getpid()))),
})

if __name__ == "__main__":
    server.run()
