"""Every real server that is installed, as upstreams of one gateway and for direct comparison."""
import contextlib
import os

import harness
from harness import Folder, free_port, go_command, http_peer, npm_command, own_command
from wire import Http, Stdio

# What each needs, in the order of the configuration. `big` is our own and always there.
NEEDS = {"everything": "server-everything", "files": "server-filesystem", "memory": "server-memory",
         "go": "everything-server", "gohttp": "everything-server", "webevery": "server-everything", "sseevery": "server-everything",
         "ssesdk": "mcp", "big": None}

# HTTP+SSE is asked directly over stdio: the same program, its other transport.
TWINS = {"sseevery": "everything", "ssesdk": "sdk"}


class House:
    """The servers that are installed; HTTP ones are started, stdio ones are commands."""

    def __init__(self, stack):
        reasons = harness.missing()
        self.folder = Folder()
        stack.callback(self.folder.close)
        self.files = self.folder.file("files")
        os.mkdir(self.files)
        with open(os.path.join(self.files, "hello.txt"), "w") as f:
            f.write("héllo, bascule\n")
        self.names = [n for n, need in NEEDS.items() if need not in reasons]
        self.urls = {}
        if "gohttp" in self.names:
            port = free_port()
            stack.enter_context(http_peer(go_command(f"-http=127.0.0.1:{port}", "-stateless=false"), port))
            self.urls["gohttp"] = f"http://127.0.0.1:{port}/"
        if "webevery" in self.names:
            port = free_port()
            stack.enter_context(http_peer(npm_command("server-everything", "streamableHttp"), port, {"PORT": str(port)}))
            self.urls["webevery"] = f"http://127.0.0.1:{port}/mcp"
        if "sseevery" in self.names:
            port = free_port()
            stack.enter_context(http_peer(npm_command("server-everything", "sse"), port, {"PORT": str(port)}))
            self.urls["sseevery"] = f"http://127.0.0.1:{port}/sse"
        if "ssesdk" in self.names:
            port = free_port()
            stack.enter_context(http_peer(own_command("sdk_server.py", port), port))
            self.urls["ssesdk"] = f"http://127.0.0.1:{port}/sse"

    def upstream(self, name, purpose="gateway"):
        """Its entry in bascule.yaml, in the era of the sessions that it is compared with; each purpose has a memory
        file of its own."""
        if name in self.urls:
            return {"name": name, "url": self.urls[name], "protocol": "legacy"}
        commands = {"everything": lambda: npm_command("server-everything", "stdio"),
                    "files": lambda: npm_command("server-filesystem", self.files),
                    "memory": lambda: npm_command("server-memory"),
                    "go": go_command, "sdk": lambda: own_command("sdk_server.py"), "big": lambda: own_command("big.py")}
        entry = {"name": name, "command": commands[name](), "protocol": "legacy"}
        if name == "memory":
            entry["env"] = {"MEMORY_FILE_PATH": self.folder.file(f"memory-{purpose}.json")}
        return entry

    def upstreams(self, purpose="gateway"):
        return [self.upstream(name, purpose) for name in self.names]

    @contextlib.contextmanager
    def direct(self, name, revision, purpose="direct", capabilities=None):
        """A session with the server itself."""
        entry = self.upstream(TWINS.get(name, name), purpose)
        if "url" in entry:
            with contextlib.closing(Http(entry["url"])) as client:
                yield client.begin(revision, capabilities)
            return
        client = Stdio(entry["command"], env=entry.get("env"), mark=self.folder.mark)
        try:
            yield client.begin(revision, capabilities)
        finally:
            client.process.kill()
