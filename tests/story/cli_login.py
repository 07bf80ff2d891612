#!/usr/bin/env python3
"""Logging in as a person does, against the sandbox: login, call, renewal, logout; and what goes wrong.

usage: cli_login.py BASCULE
The browser is urllib, which follows the redirect of the sandbox's authorization server.
"""
import json
import os
import pty
import re
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ports import free_port

LIMIT_S = 60
program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
CLOUD_ID = "11111111-2222-4333-8444-555555555555"


class Sandbox:
    def __init__(self, port):
        self.child = subprocess.Popen([program, "sandbox", "--port", str(port)], stderr=subprocess.PIPE)
        while b"To use it" not in self.child.stderr.readline():
            assert self.child.poll() is None

    def end(self):
        self.child.terminate()
        self.child.communicate(timeout=LIMIT_S)


def environ():
    made = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
    made.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    return made


def config(name, sites, **more):
    path = os.path.join(folder.name, name)
    with open(path, "w") as file:
        json.dump(dict(more, state=os.path.join(folder.name, "state"), atlassian={"sites": sites}), file)
    return path


def run(*args, text=None):
    done = subprocess.run([program, *args], input=(text or "").encode(), capture_output=True, timeout=LIMIT_S,
                          env=environ(), cwd=folder.name)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def expect(status, *args, out="", err="", text=None):
    got, stdout, stderr = run(*args, text=text)
    assert got == status, (args, got, stdout, stderr)
    assert out in stdout, (args, stdout)
    assert err in stderr, (args, stderr)
    return stdout


def begin(*args):
    """A login that waits: its process and the address it prints."""
    child = subprocess.Popen([program, "login", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environ())
    address = None
    for line in child.stderr:
        line = line.decode().strip()
        if line.startswith("http"):
            address = line
        if line.startswith("Waiting"):
            return child, address
    raise AssertionError((args, child.wait(), child.stdout.read()))


def finish(child, status=0):
    out, err = child.communicate(timeout=LIMIT_S)
    assert child.returncode == status, (child.returncode, out, err)
    return out.decode(), err.decode()


def browse(address):
    with urllib.request.urlopen(address, timeout=LIMIT_S) as reply:
        return reply.status, reply.read().decode()


def refused(address):
    try:
        browse(address)
    except urllib.error.HTTPError as error:
        return error.code
    raise AssertionError(address + " was not refused")


def where(address):
    """To where the authorization server sends the browser."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    try:
        urllib.request.build_opener(Stay).open(address, timeout=LIMIT_S)
    except urllib.error.HTTPError as error:
        return error.headers["Location"]


def login(name, path):
    child, address = begin(name, "-c", path)
    status, said = browse(address)
    assert status == 200 and "logged in" in said
    return finish(child)[0]


def cloud(url, back):
    path = config("cloud.yaml", [
        {"jira": url + "/cloud", "confluence": url + "/cloud/wiki", "deployment": "cloud",
         "auth": {"type": "oauth", "client_id": "short-lived", "client_secret": "s", "server": url, "api": url,
                  "redirect_uri": back}}])
    expect(1, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path, out="bascule login jira")
    assert not os.path.exists(os.path.join(folder.name, "state")), "asking has made something"
    child, address = begin("jira", "-c", path)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    assert query["prompt"] == ["consent"] and query["audience"] == ["api.atlassian.com"], query
    assert "offline_access" in query["scope"][0] and query["code_challenge_method"] == ["S256"], query
    # Others who reach the port do not end it.
    assert refused(back + "?code=x&state=y") == 400 and refused(back + "?nothing") == 400
    assert refused(back.replace("callback", "other")) == 404
    assert refused(back + "?code=a&code=b&state=" + query["state"][0]) == 400
    assert browse(address)[0] == 200
    out, err = finish(child)
    assert CLOUD_ID in out and "renewed by itself" in out and "another login" in err, (out, err)
    out = expect(0, "login", "-c", path)
    assert out.count("yes, renewed by itself") == 2, out        # one login, both products

    # A token for a minute is renewed at each start: the login in the file moves on.
    records = os.path.join(folder.name, "state", "credentials")
    record = os.path.join(records, next(f for f in os.listdir(records) if f.endswith(".sealed")))
    seen = set()
    for tool in ("jira_get_issue", "issue_key=DEMO-1"), ("jira_get_issue", "issue_key=DEMO-2"), \
            ("confluence_search", "query=engine"):
        expect(0, "call", *tool, "-c", path)
        with open(record, "rb") as file:
            seen.add(file.read())
    assert len(seen) == 3
    for name in os.listdir(records):
        assert stat.S_IMODE(os.stat(os.path.join(records, name)).st_mode) == 0o600, name
    assert not any(b"oauth-" in text or b"refresh-" in text for text in seen)

    # Several at once: none uses up the refresh token of another.
    many = [subprocess.Popen([program, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ())
            for _ in range(4)]
    for child in many:
        finish(child)
    os.chmod(record, 0o644)
    expect(1, "login", "-c", path, out="others may read")
    got, out, err = run("call", "jira_get_issue", "issue_key=DEMO-1", "-c", path)
    assert got != 0 and "others may read" in out + err, (out, err)
    os.chmod(record, 0o600)
    return path


def data_center(url, back):
    path = config("dc.yaml", [
        {"name": "dc", "jira": url + "/jira", "confluence": url + "/confluence",
         "auth": {"type": "oauth", "client_id": "c", "client_secret": "s", "redirect_uri": back}}])
    expect(2, "login", "dc", "-c", path, err="name one of them")
    assert "logged in" in login("jira_dc", path)
    expect(0, "call", "jira_dc_get_issue", "issue_key=DEMO-1", "-c", path)
    expect(1, "call", "confluence_dc_search", "query=x", "-c", path, out="login confluence_dc")
    expect(0, "logout", "jira_dc", "-c", path, out="logged out, here and at Atlassian")


def revoked(path):
    """After a logout a copy of the login is worth nothing."""
    folder_of = os.path.join(folder.name, "state", "credentials")
    copies = {}
    for name in os.listdir(folder_of):
        if name.endswith(".sealed"):
            with open(os.path.join(folder_of, name), "rb") as file:
                copies[name] = file.read()
    expect(0, "logout", "jira", "-c", path, out="logged out, here and at Atlassian")
    gone = {name: text for name, text in copies.items() if not os.path.exists(os.path.join(folder_of, name))}
    assert len(gone) == 1, (copies.keys(), gone.keys())
    for name, text in gone.items():
        with open(os.open(os.path.join(folder_of, name), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(text)
    expect(1, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path, out="bascule login jira")
    expect(0, "logout", "jira", "-c", path, out="logged out")


def by_hand(url):
    """Without a way back to this machine: the address is carried over, in two halves."""
    path = config("hand.yaml", [
        {"jira": url + "/cloud", "deployment": "cloud",
         "auth": {"type": "oauth", "client_id": "by-hand", "client_secret": "s", "server": url, "api": url,
                  "redirect_uri": "https://bascule.example/callback"}}])
    expect(1, "login", "jira", "--code", "?code=x&state=y", "-c", path, err="no login was begun")
    got, out, err = run("login", "jira", "-c", path)
    assert got == 1 and out == "" and "--code ADDRESS" in err, (got, out, err)
    back = where(re.search(r"http\S+/authorize\S+", err).group())
    assert back.startswith("https://bascule.example/callback?code="), back
    expect(2, "login", "jira", "--code", "hello", "-c", path, err="not the address")
    expect(2, "login", "jira", "--code", back[:-1] + "!", "-c", path, err="another login")
    expect(1, "login", "jira", "--code", "-", "-c", path, text=back.replace("code=c", "code=d"), err="invalid_grant")
    expect(0, "login", "jira", "--code", "-", "-c", path, text=back + "\n", out="logged in")
    expect(1, "login", "jira", "--code", back, "-c", path, err="no login was begun")
    expect(0, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path)
    revoked(path)

    # At a terminal it is pasted.
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(program, [program, "login", "jira", "-c", path], environ())
    seen = ""
    while "press Enter" not in seen:
        seen += os.read(fd, 4096).decode()
    back = where(re.search(r"http\S+/authorize\S+", seen).group())
    os.write(fd, b"what?\r" + back.encode() + b"\r")
    try:
        while "renewed by itself" not in seen:
            seen += os.read(fd, 4096).decode()
    except OSError:
        raise AssertionError(seen) from None
    assert os.waitpid(pid, 0)[1] == 0, seen
    os.close(fd)
    assert "not the address" in seen, seen
    expect(0, "logout", "jira", "-c", path, out="logged out")


def refusals(url, back):
    def site(**auth):
        return config("no.yaml", [
            {"jira": url + "/cloud", "deployment": "cloud",
             "auth": dict({"type": "oauth", "client_id": "c", "client_secret": "s", "server": url, "api": url,
                           "redirect_uri": back}, **auth)}])
    child, address = begin("jira", "-c", site(client_secret="wrong"))
    assert refused(address) == 400
    assert "invalid_client" in finish(child, 1)[1]
    child, address = begin("jira", "-c", site(cloud_id="another"))
    assert refused(address) == 400
    assert "/cloud" in finish(child, 1)[1]                   # those it does open are listed
    child, address = begin("jira", "-c", site())
    back_to = where(address)
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(back_to).query)["state"][0]
    assert refused(f"{back}?error=access_denied&error_description=not%0anow&state={state}") == 400
    assert refused(f"{back}?error=access_denied&error_description=not+now&state={state}") == 400
    err = finish(child, 1)[1]
    assert "damaged" in err and "access_denied: not now" in err, err
    expect(2, "login", "jira_x", "-c", site(), err='no site is called "jira_x"')
    expect(2, "login", "jira", "extra", "-c", site())
    path = config("basic.yaml", [{"jira": url + "/jira", "auth": {"type": "pat", "token": "sandbox"}}])
    expect(2, "login", "jira", "-c", path, err="not configured for OAuth")
    expect(0, "login", "-c", path, err="nothing to log in to")


def scoped(url):
    """Tokens that only the API gateway takes: found out by itself, and as told."""
    def site(**auth):
        return config("scoped.yaml", [
            {"jira": url + "/cloud", "confluence": url + "/cloud/wiki", "deployment": "cloud",
             "auth": dict({"type": "basic", "user": "ada", "token": "ATSTT3x-scoped", "api": url}, **auth)}])
    for more in {}, {"cloud_id": CLOUD_ID}, {"gateway": "always"}:
        expect(0, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", site(**more))
        expect(0, "call", "confluence_search", "query=engine", "-c", site(**more))
    expect(1, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", site(gateway="never"), out="401")
    expect(1, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", site(token="wrong"), out="401")
    out = expect(0, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", site())
    assert "/ex/jira" not in out, out                        # addresses for people are the site's


def main():
    port, back = free_port(), f"http://127.0.0.1:{free_port()}/callback"
    url = f"http://127.0.0.1:{port}"
    sandbox = Sandbox(port)
    try:
        path = cloud(url, back)
        data_center(url, back)
        by_hand(url)
        refusals(url, back)
        scoped(url)
        sandbox.end()
        sandbox = Sandbox(port)                              # which knows none of the tokens any more
        expect(1, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path, out="bascule login jira")
        login("confluence", path)
        expect(0, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path)
        sandbox.end()                                        # a server that is gone keeps nobody logged in
        expect(0, "logout", "jira", "-c", path, out="logged out here", err="Atlassian was not told")
        sandbox = Sandbox(port)
        expect(0, "logout", "jira", "-c", path, out="nobody was logged in")
        expect(1, "call", "jira_get_issue", "issue_key=DEMO-1", "-c", path, out="bascule login jira")
    finally:
        sandbox.end()


main()
