"""A gateway that runs while a story looks at its log."""
import atexit
import signal
import subprocess
import threading
import time

FAR = 60


class Serving:
    """`bascule serve -c PATH` with one address, whose port is `port` once it listens."""

    def __init__(self, program, path, folder, environ=None):
        self.process = subprocess.Popen([program, "serve", "-c", path], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        env=environ, cwd=folder)
        atexit.register(self.process.kill)
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()
        self.port = int(self.wait("listening on").split(":")[-1].split("/")[0])

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode(errors="replace").rstrip())

    def found(self, *words):
        return [line for line in list(self.lines) if any(word in line for word in words)]

    def wait(self, *words, n=1):
        """The n-th line with one of the words."""
        end = time.monotonic() + FAR
        while time.monotonic() < end:
            found = self.found(*words)
            if len(found) >= n:
                return found[n - 1]
            assert self.process.poll() is None, self.lines
            time.sleep(0.02)
        raise AssertionError("no line with %r: %s" % (words, self.lines))

    def reload(self):
        """What a SIGHUP is answered with."""
        answers = "the configuration was read again", "nothing was changed"
        n = len(self.found(*answers))
        self.process.send_signal(signal.SIGHUP)
        return self.wait(*answers, n=n + 1)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(FAR) == 0, self.lines
