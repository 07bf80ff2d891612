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
import ssl
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
    expect("error", "config.bad", path, status=3, word="others may write to it (mode 620)")
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


def running(host, local=None, **members):
    """A gateway there and at that unix socket, until it is told to end; its configuration then, with the port it has."""
    listen, extra = members.pop("listen", {}), ["unix:" + local] if local else []
    path = config(listen=dict({"http": [host + ":0"] + extra}, **listen), **members)
    environ = {"PATH": "/usr/bin:/bin", "HOME": at("home")}
    environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
    gateway = subprocess.Popen([program, "serve", "-c", path], stderr=subprocess.PIPE, env=environ, cwd=folder.name)
    said, port, count = [], None, 0
    while count < 1 + len(extra):
        line = gateway.stderr.readline().decode()
        assert line, said
        said.append(line)
        count += "listening on" in line
        port = int(re.search(r":(\d+)/mcp", line)[1]) if "listening on http" in line else port
    http_ = ["%s:%d" % (host, port)] + extra

    def end():
        gateway.send_signal(signal.SIGTERM)
        gateway.stderr.read()
        assert gateway.wait(LIMIT_S) == 0
    return http_, config(listen=dict({"http": http_}, **listen), **members), end


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):      # a client that does not like the certificate
        pass


def far_address():
    """Of this machine, and no loopback; or none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("203.0.113.1", 9))
        except OSError:
            return "127.0.0.1"
        return one.getsockname()[0]


def own_gateway():
    """A gateway of this very configuration is no fault, whatever it speaks and whatever its certificate is by now."""
    certificate("tls", "-days", "300")
    certificate("newer", "-days", "300")
    files = {"cert": at("tls.pem"), "key": at("tls.key")}
    keys = {"keys": [{"name": "k", "key": "0123456789abcdef-key"}]}
    here, path, end = running("0.0.0.0", at("own"), listen={"tls": files}, auth=keys)
    levels, details = doctor(path, status=0)
    assert levels["listen.in-use"] == "note", details
    assert [d.split(": ")[-1] for d in details["listen.in-use"]] == ["a gateway runs there"] * 2, details
    assert doctor(path, "--connect", status=0)[0]["listen.in-use"] == "note"
    newer = {"cert": at("newer.pem"), "key": at("newer.key")}
    path = config(listen={"http": here, "tls": newer}, auth=keys)
    expect("note", "listen.in-use", path, status=0, word="a gateway runs there")
    end()
    # At an address that is no loopback it says less of itself.
    for listen in ({"tls": files}, {}):
        _, path, end = running(far_address(), listen=listen, auth=keys)
        expect("note", "listen.in-use", path, status=0, word="a gateway runs there")
        end()
    # Clients need a certificate: its own will do where it is by that authority, else nothing is known.
    _, path, end = running("127.0.0.1", listen={"tls": dict(files, client_ca=at("tls.pem"))}, auth=keys)
    expect("note", "listen.in-use", path, status=0)
    end()
    _, path, end = running("127.0.0.1", listen={"tls": dict(files, client_ca=at("newer.pem"))}, auth=keys)
    expect("warning", "listen.in-use", path, status=0, word="something listens there")
    end()
    # TLS is new in the file; and what is no gateway at all.
    here, _, end = running("127.0.0.1", auth=keys)
    expect("note", "listen.in-use", config(listen={"http": here, "tls": files}, auth=keys), status=0)
    end()
    for is_tls in (True, False):
        server = Server(("127.0.0.1", 0), Refuses)
        if is_tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(at("tls.pem"), at("tls.key"))
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        there = "127.0.0.1:%d" % server.server_address[1]
        expect("error", "listen.in-use", config(listen={"http": there, "tls": files}), status=1)
        server.shutdown()
        server.server_close()


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
    server = Server(("127.0.0.1", 0), Refuses)
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


RSA = {"kty": "RSA", "kid": "r", "n": "u" * 341 + "Q", "e": "AQAB"}


class Issuer:
    """Metadata and keys as they are wanted."""

    def __init__(self, cert=None):
        outer = self
        self.metadata, self.keys = {}, {"keys": [RSA]}

        class Handler(Refuses):
            def do_GET(self):
                page = {"/.well-known/openid-configuration": outer.metadata, "/keys": outer.keys}.get(self.path)
                data = json.dumps(page).encode()
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = Server(("127.0.0.1", 0), Handler)
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert + ".pem", cert + ".key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "http%s://127.0.0.1:%d" % ("s" if cert else "", self.server.server_address[1])
        self.metadata = {"issuer": self.url, "jwks_uri": self.url + "/keys"}
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def issuers():
    """The issuer of auth.jwt: each step of asking it."""
    all_codes = ["issuer.unreachable", "issuer.mismatch", "issuer.no-keys", "issuer.keys-unfit"]

    def jwt(issuer, **members):
        return config(auth={"jwt": dict({"issuer": issuer.url, "audience": "https://gw.example.com/mcp"}, **members)})

    def fails(code, path, word):
        """This one, and nothing is said of those that come after it."""
        levels, details = doctor(path, "--connect", status=1)
        assert levels[code] == "error" and any(word in d for d in details[code]), (code, word, details)
        place = all_codes.index(code)
        assert all(levels.get(c, "ok") == "ok" for c in all_codes[:place]), details
        assert not any(c in levels for c in all_codes[place + 1:]), details

    issuer = Issuer()
    levels, details = doctor(jwt(issuer), "--connect", status=0)
    assert [levels[c] for c in all_codes] == ["ok"] * 4, details
    assert not any(c in doctor(jwt(issuer))[0] for c in all_codes)      # nobody is asked without --connect
    assert not any(c in doctor(config(), "--connect")[0] for c in all_codes)
    fails("issuer.keys-unfit", jwt(issuer, algorithms=["ES256", "ES384"]), "0 of 1")
    issuer.keys = {"keys": [dict(RSA, alg="PS256")]}
    fails("issuer.keys-unfit", jwt(issuer), "0 of 1")
    assert doctor(jwt(issuer, algorithms=["PS256"]), "--connect", status=0)[0]["issuer.keys-unfit"] == "ok"
    issuer.keys = {"keys": [dict(RSA, n="u" * 170 + "Q")]}
    fails("issuer.no-keys", jwt(issuer), "none of its keys")
    issuer.keys = []
    fails("issuer.no-keys", jwt(issuer), "no JWK Set")
    issuer.keys = None
    fails("issuer.no-keys", jwt(issuer), "404")
    # The keys have an address of their own: nobody asks for metadata.
    fails("issuer.no-keys", jwt(issuer, jwks=issuer.url + "/keys"), "404")
    issuer.keys = {"keys": [RSA]}
    issuer.metadata["jwks_uri"] = "http://192.0.2.1/keys"
    fails("issuer.no-keys", jwt(issuer), "not https")
    del issuer.metadata["jwks_uri"]
    fails("issuer.mismatch", jwt(issuer), "jwks_uri")
    issuer.metadata = {"issuer": issuer.url + "/", "jwks_uri": issuer.url + "/keys"}
    fails("issuer.mismatch", jwt(issuer), "to the letter")
    issuer.metadata = []
    fails("issuer.mismatch", jwt(issuer), "no JSON object")
    issuer.metadata = None
    fails("issuer.unreachable", jwt(issuer), "404")
    levels, details = doctor(jwt(issuer, jwks=issuer.url + "/keys"), "--connect", status=0)
    assert levels["issuer.no-keys"] == "ok" and "issuer.unreachable" not in levels, details
    issuer.close()
    fails("issuer.unreachable", jwt(issuer), "refused")
    certificate("issuer", "-addext", "subjectAltName=IP:127.0.0.1")
    certificate("stranger")
    issuer = Issuer(at("issuer"))
    assert doctor(jwt(issuer, ca=at("issuer.pem")), "--connect", status=0)[0]["issuer.keys-unfit"] == "ok"
    fails("issuer.unreachable", jwt(issuer, ca=at("stranger.pem")), "certificate")
    fails("issuer.unreachable", jwt(issuer), "certificate")
    issuer.close()


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
    for name in ("libsqlite3.so.0", "libcurl.so.4", "libcjose.so.0"):
        write("broken/" + name, "no library")
    levels, details = doctor(config(), LD_LIBRARY_PATH=at("broken"), status=1)
    assert levels["library.missing"] == "error", details
    said = " ".join(details["library.missing"])
    assert "libsqlite3.so.0, for the audit (package" in said, said
    path = config(auth={"jwt": {"issuer": "http://127.0.0.1:1", "audience": "https://gw.example.com/mcp"}})
    assert "libcjose.so.0, for tokens of an issuer (package libcjose0)" in " ".join(
        doctor(path, LD_LIBRARY_PATH=at("broken"), status=1)[1]["library.missing"])
    # Nobody needs them.
    levels, _ = doctor(config(audit={"sinks": [{"jsonl": "audit.jsonl"}]}), LD_LIBRARY_PATH=at("broken"), status=0)
    assert levels["library.missing"] == "note", levels


os.mkdir(at("home"))
for part in (documentation, configuration, state, secrets, addresses, own_gateway, certificates, programs, connecting,
             issuers, machine, libraries):
    part()
missing = set(codes_of_page()) - seen
assert not missing, ("never happened here", missing)
