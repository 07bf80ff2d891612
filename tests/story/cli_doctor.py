#!/usr/bin/env python3
"""bascule doctor: each fault is made to happen, and its code is what comes; the page has every code of the table.

usage: cli_doctor.py BASCULE DOCS_DOCTOR_MD
"""
import ctypes
import http.server
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LIMIT_S = 120
program = os.path.abspath(sys.argv[1])
page = sys.argv[2]
folder = tempfile.TemporaryDirectory()
seen = set()     # codes that were found with a level other than ok


def at(*path):
    return os.path.join(folder.name, *path)


def write(name, text, mode=0o600):
    with open(at(name), "w") as file:
        file.write(text)
    os.chmod(at(name), mode)
    return at(name)


def run(*args, before=None, **variables):
    environ = {"PATH": "/usr/bin:/bin", "HOME": at("home")}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    environ.update(variables)
    done = subprocess.run([program, *args], capture_output=True, timeout=LIMIT_S, env=environ, cwd=folder.name,
                          stdin=subprocess.DEVNULL, preexec_fn=before)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def config(**members):
    made = {"listen": {"http": []}, "state": at("state"), "upstreams": [{"name": "one", "command": [program, "demo"]}]}
    made.update(members)
    return write("bascule.yaml", json.dumps(made))


def doctor(path, *args, status=None, **more):
    """Of each code, the worst level and all details."""
    got, out, err = run("doctor", "--json", *([] if path is None else ["-c", path]), *args, **more)
    assert err == "" or "--connect" in args, err
    checks = json.loads(out)["checks"]
    levels, details = {}, {}
    for check in checks:
        assert sorted(check) == ["code", "detail", "level", "next", "what"], check
        assert (check["next"] is None) == (check["level"] == "ok") and check["what"] and check["detail"], check
        order = ["ok", "note", "warning", "error"]
        levels[check["code"]] = max(levels.get(check["code"], "ok"), check["level"], key=order.index)
        details.setdefault(check["code"], []).append(check["detail"])
    seen.update(code for code, level in levels.items() if level != "ok")
    want = 3 if any(levels.get(c) == "error" for c in ("config.missing", "config.bad", "tls.unreadable",
                                                        "tls.key-mismatch")) else int("error" in levels.values())
    assert got == want, (got, levels)
    assert status is None or got == status, (got, checks)
    return levels, details


def expect(level, code, *args, word="", **more):
    levels, details = doctor(*args, **more)
    assert levels.get(code) == level, (code, level, levels, details)
    assert any(word in detail for detail in details[code]), (code, word, details)


def codes_of_page():
    return re.findall(r"^\| `([a-z]+\.[a-z-]+)` \|", open(page).read(), re.M)


def documentation():
    assert run("doctor", "--markdown") == (0, open(page).read(), ""), \
        page + " is out of date: bascule doctor --markdown > docs/doctor.md"
    assert len(codes_of_page()) == len(set(codes_of_page())) > 20


def configuration():
    expect("error", "config.missing", None, status=3, word="no configuration file")
    expect("error", "config.missing", at("none.yaml"), status=3)
    path = write("bad.yaml", "upstreams:\n  - {name: one, comand: [x]}\n")
    expect("error", "config.bad", path, status=3, word="bad.yaml:2:")
    levels, _ = doctor(config(), status=0)
    assert levels["config.bad"] == levels["config.missing"] == "ok", levels
    os.chmod(at("bascule.yaml"), 0o664)
    expect("warning", "config.writable-by-others", at("bascule.yaml"), status=0, word="0664")
    path = config()
    os.utime(path, (time.time() + 10 * 86400,) * 2)
    expect("error", "clock.wrong", path, status=1)
    # Without a file, and what people see.
    status, out, err = run("doctor", JIRA_URL="http://127.0.0.1:1", JIRA_PERSONAL_TOKEN="x")
    assert status == 0 and "the environment" in out, (status, out, err)
    status, out, err = run("doctor", "-c", at("bad.yaml"))
    assert status == 3 and "config.bad: The configuration has a fault." in out and "errors: 1" in out, out


def state():
    path = config(state=write("file", "") + "/below")
    expect("error", "state.not-writable", path, status=1)
    expect("error", "state.not-writable", config(state=at("file")), status=1, word="no directory")
    levels, details = doctor(config())
    assert levels["state.not-writable"] == "ok" and "can be made" in details["state.not-writable"][0], details
    assert not os.path.exists(at("state"))
    assert run("call", "-c", at("bascule.yaml"), "echo", "text=hi")[0] == 0     # as it is made, it is well
    os.makedirs(at("state"), exist_ok=True)
    assert doctor(at("bascule.yaml"))[0]["state.readable-by-others"] == "ok"
    os.chmod(at("state"), 0o777)
    expect("warning", "state.readable-by-others", at("bascule.yaml"), word="0777")
    os.chmod(at("state"), 0o755)
    os.makedirs(at("state", "7"))
    os.chmod(at("state", "7"), 0o755)
    expect("warning", "state.readable-by-others", at("bascule.yaml"), word="/7: mode 0755")
    shutil.rmtree(at("state"))


def secrets():
    path = config(auth={"keys": [{"name": "k", "key": "file:key"}]})
    write("key", "0123456789abcdef-key")
    expect("ok", "secret.readable-by-others", path, word="/key: mode 0600")
    os.chmod(at("key"), 0o640)
    expect("warning", "secret.readable-by-others", path, word="0640")
    os.chmod(at("key"), 0o620)
    expect("warning", "secret.readable-by-others", path, word="0620")
    os.chmod(at("key"), 0o600)
    expect("warning", "secret.readable-by-others", path, "--env-file", write("env", "A=b\n", 0o644), word="/env")
    status, out, _ = run("doctor", "-c", path)
    assert "0123456789" not in out


def addresses():
    with socket.socket() as other, socket.socket(socket.AF_UNIX) as local:
        other.bind(("127.0.0.1", 0))
        here = "127.0.0.1:%d" % other.getsockname()[1]
        other.listen()
        thread = threading.Thread(target=lambda: other.accept()[0].close(), daemon=True)
        thread.start()
        expect("error", "listen.in-use", config(listen={"http": here}), status=1, word=here)
        thread.join(LIMIT_S)
        local.bind(at("sock"))
        expect("ok", "listen.in-use", config(listen={"http": "unix:" + at("sock")}))     # nobody listens
        local.listen()
        expect("error", "listen.in-use", config(listen={"http": "unix:" + at("sock")}))
    assert os.path.exists(at("sock"))
    expect("ok", "listen.in-use", config(listen={"http": here}))
    expect("error", "listen.not-possible", config(listen={"http": "203.0.113.7:80"}, auth="none"), status=1)
    expect("error", "listen.not-possible", config(listen={"http": "unix:" + at("nowhere", "sock")}), status=1)
    path = config(listen={"http": "0.0.0.0:0"}, auth="none")
    expect("warning", "listen.open-without-auth", path, status=0)
    expect("warning", "listen.without-tls", path, status=0)
    path = config(listen={"http": "0.0.0.0:0", "tls": "none"}, auth="none")
    expect("ok", "listen.without-tls", path, status=0)
    write("key", "0123456789abcdef-key")
    path = config(listen={"http": "0.0.0.0:0"}, auth={"keys": [{"name": "k", "key": "file:key"}]})
    expect("ok", "listen.open-without-auth", path)
    # A gateway of ours.
    path = config(listen={"http": here})
    environ = {"PATH": "/usr/bin:/bin", "HOME": at("home")}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    gateway = subprocess.Popen([program, "serve", "-c", path], stderr=subprocess.PIPE, env=environ, cwd=folder.name)
    assert any(b"listening" in line for line in gateway.stderr)
    expect("note", "listen.in-use", path, status=0, word="a gateway runs there")
    gateway.send_signal(signal.SIGTERM)
    gateway.stderr.read()
    assert gateway.wait(LIMIT_S) == 0


def certificate(name, *args):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", at(name + ".key"), "-out", at(name + ".pem"), "-subj", "/CN=localhost", *args],
                   check=True, capture_output=True)
    os.chmod(at(name + ".key"), 0o600)


def signed(name, start, end):
    """With any dates."""
    certificate(name)
    for made in ("index.txt", "index.txt.attr"):
        write(made, "")
    write("serial", "01\n")
    write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n"
          "[p]\ncommonName=supplied\n" % (at("index.txt"), at("serial"), folder.name))
    subprocess.run(["openssl", "req", "-new", "-key", at(name + ".key"), "-subj", "/CN=localhost", "-out", at("csr")],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "ca", "-batch", "-config", at("ca.cnf"), "-selfsign", "-keyfile", at(name + ".key"),
                    "-in", at("csr"), "-out", at(name + ".pem"), "-notext", "-startdate", start, "-enddate", end],
                   check=True, capture_output=True)


def tls(cert, key):
    return config(listen={"http": "127.0.0.1:0", "tls": {"cert": at(cert + ".pem"), "key": at(key + ".key")}})


def certificates():
    certificate("good", "-days", "300")
    certificate("soon", "-days", "9")
    signed("old", "20200101000000Z", "20210101000000Z")
    signed("new", "20400101000000Z", "20410101000000Z")
    levels, _ = doctor(tls("good", "good"), status=0)
    assert all(levels[c] == "ok" for c in ("tls.expired", "tls.expires-soon", "tls.not-yet-valid", "tls.unreadable",
                                           "tls.key-mismatch")), levels
    expect("warning", "tls.expires-soon", tls("soon", "soon"), status=0)
    expect("error", "tls.expired", tls("old", "old"), status=1, word="until 2021-01-01")
    expect("error", "tls.not-yet-valid", tls("new", "new"), status=1, word="from 2040-01-01")
    expect("error", "tls.key-mismatch", tls("good", "soon"), status=3)
    write("text.pem", "no certificate")
    expect("error", "tls.unreadable", tls("text", "good"), status=3, word="text.pem")
    expect("error", "tls.unreadable", tls("nowhere", "good"), status=3, word="nowhere.pem")
    os.chmod(at("good.key"), 0o644)
    expect("warning", "secret.readable-by-others", tls("good", "good"), word="good.key")
    # Of authorities there may be old ones; of a chain none.
    with open(at("both.pem"), "w") as both:
        both.write(open(at("good.pem")).read() + open(at("old.pem")).read())
    shutil.copy(at("good.key"), at("both.key"))
    expect("error", "tls.expired", tls("both", "both"), status=1)
    ca = {"name": "web", "url": "https://127.0.0.1:1/mcp", "tls": {"ca": at("both.pem")}}
    expect("ok", "tls.expired", config(upstreams=[ca]), status=0, word="both.pem")
    expect("error", "tls.expired", config(upstreams=[dict(ca, tls={"ca": at("old.pem")})]), status=1)


def programs():
    def one(**members):
        return config(upstreams=[dict({"name": "one"}, **members)])

    expect("error", "upstream.command-missing", one(command=["no-such-program"]), status=1, word="PATH")
    expect("error", "upstream.command-missing", one(command=["/no/such/program"]), status=1, word="/no/such")
    expect("error", "upstream.command-missing", one(command=[write("script", "#!/bin/sh\n")]), status=1)
    expect("error", "upstream.command-missing", one(command=["true"], env={"PATH": at("home")}), status=1)
    expect("ok", "upstream.command-missing", one(command=["true"]), status=0, word="/true")
    doctor(one(command=["true"], cwd="/usr/bin"), status=0)
    expect("error", "upstream.folder-missing", one(command=["true"], cwd=at("gone")), status=1)
    runners = {"r": {"command": ["no-such-agent", "{prompt}"]}}
    expect("error", "upstream.command-missing", config(agents={"runners": runners}), status=1, word="no-such-agent")
    levels, _ = doctor(config(upstreams=[{"name": "a", "command": [program, "demo"]},
                                         {"name": "b", "command": ["no-such"], "enabled": False}]))
    assert levels["upstream.command-missing"] == "ok", levels


class Refuses(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def connecting():
    levels, _ = doctor(config(), "--connect", status=0)
    assert levels["upstream.unreachable"] == "ok" and "site.refused" not in levels, levels
    expect("error", "upstream.unreachable", config(upstreams=[{"name": "one", "command": ["false"]}]), "--connect",
           status=1, word="one: ")
    assert "upstream.unreachable" not in doctor(config(upstreams=[{"name": "one", "command": ["false"]}]))[0]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def site(port):
        return config(upstreams=[], atlassian={"sites": [
            {"name": "", "jira": "http://127.0.0.1:%d" % port, "deployment": "data_center", "retry": {"total": 0},
             "auth": {"type": "pat", "token": "x"}}]})
    expect("error", "site.refused", site(server.server_address[1]), "--connect", status=1, word="401")
    assert doctor(at("bascule.yaml"), "--connect")[0]["site.unreachable"] == "ok"
    server.shutdown()
    server.server_close()
    expect("error", "site.unreachable", site(1), "--connect", status=1)


def without(*calls):
    """In the child: these system calls fail, as they do where the kernel has no such thing."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p

    class Compare(ctypes.Structure):
        _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]

    def apply():
        filter_ = ctypes.c_void_p(library.seccomp_init(0x7fff0000))
        for name, error, compare in calls:
            compares = (Compare * 1)(Compare(*compare)) if compare else None
            number = library.seccomp_syscall_resolve_name(name.encode())
            assert library.seccomp_rule_add_array(filter_, 0x50000 | error, number, 1 if compare else 0, compares) == 0
        assert library.seccomp_load(filter_) == 0
    return apply


def machine():
    words = set()
    path = config(upstreams=[{"name": "one", "command": [program, "demo"],
                              "sandbox": {"read": ["system", os.path.dirname(program)], "require": []}}])
    status, out, err = run("check", "-c", path, "--connect", "--json")
    if status == 0:
        words = {word.split(":")[0] for word in json.loads(out)["upstreams"][0]["isolation"]["effective"]}
        levels, _ = doctor(path)
        for code, word in (("kernel.no-user-namespaces", "mountns"), ("kernel.no-landlock", "landlock"),
                           ("kernel.no-seccomp", "seccomp")):
            assert (levels[code] == "ok") == (word in words), (code, levels, words)
    MASKED_EQ, NEWNS = 7, 0x20000
    faults = (("kernel.no-landlock", ("landlock_create_ruleset", 38, None)),
              ("kernel.no-user-namespaces", ("clone", 1, (0, MASKED_EQ, NEWNS, NEWNS))),
              ("kernel.no-seccomp", ("prctl", 22, (0, 4, 21, 0))))      # EQ, PR_GET_SECCOMP
    for code, call in faults:
        expect("warning", code, path, before=without(call))
        levels, _ = doctor(config(), before=without(call), status=0)
        assert levels[code] == "note", levels
        path = config(upstreams=[{"name": "one", "command": [program, "demo"], "sandbox": {}}])
    expect("note", "kernel.no-cgroup", config(), before=without(("faccessat2", 13, None), ("faccessat", 13, None)))
    path = config(listen={"http": "127.0.0.1:0"})
    expect("warning", "limit.descriptors", path, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500)))
    path = config(listen={"http": "127.0.0.1:0"}, limits={"sessions": 100})
    expect("ok", "limit.descriptors", path, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500)))
    assert "limit.descriptors" not in doctor(config())[0]


def libraries():
    os.mkdir(at("broken"))
    for name in ("libsqlite3.so.0", "libcurl.so.4"):
        write("broken/" + name, "no library")
    levels, details = doctor(config(), LD_LIBRARY_PATH=at("broken"), status=1)
    assert levels["library.missing"] == "error", details
    said = " ".join(details["library.missing"])
    assert "libsqlite3.so.0, for the audit (package" in said, said
    # Nobody needs them.
    levels, _ = doctor(config(audit={"sinks": [{"jsonl": "audit.jsonl"}]}), LD_LIBRARY_PATH=at("broken"), status=0)
    assert levels["library.missing"] == "note", levels


os.mkdir(at("home"))
for part in (documentation, configuration, state, secrets, addresses, certificates, programs, connecting, machine,
             libraries):
    part()
missing = set(codes_of_page()) - seen
assert not missing, ("never happened here", missing)
