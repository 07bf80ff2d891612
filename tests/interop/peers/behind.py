"""Runs a client behind a gateway: behind.py BASCULE CLIENT... URL

Starts `bascule serve` with URL as its one upstream, runs the client with the gateway's URL instead, and ends with the
client's status.  The conformance suite calls it as the client under test.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

program, *client, url = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    config = os.path.join(folder, "bascule.yaml")
    with open(config, "w") as f:
        json.dump({"listen": {"http": "127.0.0.1:0"}, "start_wait": "20s", "state": os.path.join(folder, "state"),
                   "upstreams": [{"name": "suite", "url": url, "session": "per_client"}]}, f)
    gateway = subprocess.Popen([program, "serve", "-c", config], stderr=subprocess.PIPE, text=True)
    try:
        lines = []
        for line in gateway.stderr:
            lines.append(line)
            found = re.search(r"listening on (http://\S+/mcp)", line)
            if found:
                break
        else:
            sys.exit("the gateway did not start: " + "".join(lines[-5:]))
        status = subprocess.run([*client, found.group(1)], timeout=60).returncode
    finally:
        gateway.terminate()
        try:
            gateway.wait(10)
        except subprocess.TimeoutExpired:
            gateway.kill()
        sys.stderr.write("".join(lines) + gateway.stderr.read())
sys.exit(status)
