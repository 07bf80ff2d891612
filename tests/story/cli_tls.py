#!/usr/bin/env python3
"""listen.tls with several certificates: by the name that real clients ask for (Python's ssl, curl), over reloads.

A connection outlives a reload, a broken pair changes nothing and is named, client certificates are needed under every
name, and plain HTTP on an address that others reach is warned of.

usage: cli_tls.py BASCULE
"""
import hashlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from serving import FAR, Serving

program = os.path.abspath(sys.argv[1])
folder = tempfile.TemporaryDirectory()
environ = {"PATH": "/usr/bin:/bin", "HOME": folder.name}
environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)


def at(name):
    return os.path.join(folder.name, name)


def openssl(*args):
    subprocess.run(["openssl", *args], stderr=subprocess.DEVNULL, check=True)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=" + name, "-keyout", at(name + ".key"), "-out", at(name + ".pem"))


def pair(name, names, kind="ec", ca="ca"):
    """NAME.pem and NAME.key; the digest of the certificate."""
    new = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl("req", "-newkey", *new, "-nodes", "-subj", "/CN=" + name, "-keyout", at(name + ".key.new"), "-out", at("csr"))
    with open(at("ext"), "w") as file:
        file.write("subjectAltName=" + ",".join(names))
    openssl("x509", "-req", "-in", at("csr"), "-CA", at(ca + ".pem"), "-CAkey", at(ca + ".key"), "-CAcreateserial",
            "-days", "2", "-extfile", at("ext"), "-out", at(name + ".pem.new"))
    for end in (".key", ".pem"):
        os.chmod(at(name + end + ".new"), 0o600)
        os.rename(at(name + end + ".new"), at(name + end))
    return digest(name)


def digest(name):
    with open(at(name + ".pem")) as file:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()


def entry(name):
    return {"cert": name + ".pem", "key": name + ".key"}


def config(more, address="127.0.0.1:0", watches=False, **tls):
    path = at("bascule.yaml")
    with open(path + ".new", "w") as file:
        json.dump({"listen": {"http": address, "hosts": ["one.test", "two.test"],
                              "tls": {**entry("one"), "certificates": [entry(name) for name in more], **tls}},
                   "state": at("state"), "auth": "none", "audit": {"sinks": []}, "reload_on_change": watches,
                   "upstreams": [{"name": "up", "url": "http://127.0.0.1:9/mcp"}]}, file)
    os.rename(path + ".new", path)
    return path


def check(path):
    got = subprocess.run([program, "check", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ,
                         timeout=FAR)
    return got.returncode, got.stdout.decode()


class Gateway(Serving):
    def connect(self, name, client=None, session=None, context=None):
        context = context or trusting(client)
        plain = socket.create_connection(("127.0.0.1", self.port), FAR)
        return context.wrap_socket(plain, server_hostname=name, session=session)

    def shown(self, name):
        """The digest of the certificate that a client gets who asks for the name."""
        with self.connect(name) as tls:
            assert tls.selected_alpn_protocol() == "http/1.1"
            return hashlib.sha256(tls.getpeercert(True)).hexdigest()

    def curl(self, name, *more):
        got = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", at("ca.pem"), "--resolve",
                              f"{name}:{self.port}:127.0.0.1", *more, f"https://{name}:{self.port}/healthz"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=FAR)
        return got.returncode, got.stdout.decode()


def trusting(client=None):
    context = ssl.create_default_context(cafile=at("ca.pem"))
    context.check_hostname = False
    context.set_alpn_protocols(["http/1.1"])
    if client:
        context.load_cert_chain(at(client + ".pem"), at(client + ".key"))
    return context


def ask(tls):
    tls.sendall(b"GET /healthz HTTP/1.1\r\nHost: one.test\r\n\r\n")
    answer = http.client.HTTPResponse(tls)
    answer.begin()
    answer.read()
    return answer.status


authority("ca")
authority("other")
one = pair("one", ["DNS:one.test", "DNS:*.one.test", "IP:127.0.0.1"])
two = pair("two", ["DNS:two.test", "DNS:exact.one.test"])
three = pair("three", ["DNS:three.test"])


def names():
    path = config(["two", "three"])
    status, text = check(path)
    assert status == 0 and "taken" not in text and "also" not in text, text
    gateway = Gateway(program, at("bascule.yaml"), folder.name, environ)
    for name, wanted in (("one.test", one), ("two.test", two), ("three.test", three), ("TWO.test", two), (None, one),
                         ("127.0.0.1", one), ("a.one.test", one), ("exact.one.test", two), ("b.a.one.test", one),
                         ("four.test", one)):
        assert gateway.shown(name) == wanted, name
    # With names that are looked at.
    for name in ("one.test", "two.test", "a.one.test", "exact.one.test"):
        status, text = gateway.curl(name)
        assert status == 0, (name, text)
    assert gateway.curl("b.a.one.test")[0] == 60 and gateway.curl("four.test")[0] == 60
    # The health check asks the address.
    got = subprocess.run([program, "health", f"https://127.0.0.1:{gateway.port}/"], env={**environ, "SSL_CERT_FILE": at("ca.pem")},
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=FAR)
    assert got.returncode == 0, got.stdout
    return gateway


def reloads(gateway):
    global two
    kept = gateway.connect("two.test")
    assert ask(kept) == 200
    # A renewed certificate, and one less: for connections that come.
    two = pair("two", ["DNS:two.test", "DNS:new.test"])
    config(["two"])
    assert "read again" in gateway.reload()
    for name, wanted in (("two.test", two), ("new.test", two), ("three.test", one), ("exact.one.test", one)):
        assert gateway.shown(name) == wanted, name
    assert ask(kept) == 200
    # A pair that does not fit, one that is not there, one that is nothing: each is named, and nothing changes.
    os.rename(at("three.key"), at("three.key.kept"))
    config(["two", "three"])
    said = gateway.reload()
    assert "tls.certificates[1].key" in said and at("three.key") in said and "nothing was changed" in said, said
    os.link(at("two.key"), at("three.key"))
    said = gateway.reload()
    assert "does not belong to the certificate of tls.certificates[1].cert" in said and at("three.key") in said, said
    os.unlink(at("three.key"))
    with open(at("three.key"), "w") as file:
        file.write("nothing\n")
    said = gateway.reload()
    assert at("three.key") in said and "nothing was changed" in said, said
    assert gateway.shown("three.test") == one and gateway.shown("two.test") == two
    os.rename(at("three.key.kept"), at("three.key"))
    assert "read again" in gateway.reload()
    assert gateway.shown("three.test") == three
    assert ask(kept) == 200
    kept.close()


def watched(gateway):
    global two
    config(["two", "three"], watches=True)
    assert "read again" in gateway.reload()
    two = pair("two", ["DNS:two.test"])         # seen also before the first look
    end = time.monotonic() + FAR
    while gateway.shown("two.test") != two and time.monotonic() < end:
        time.sleep(0.1)
    assert gateway.shown("two.test") == two


def kinds(gateway):
    """RSA and ECDSA for one name: each client gets what it knows."""
    both = pair("both", ["DNS:two.test"], kind="rsa")
    path = config(["two", "both"])
    assert "also" not in check(path)[1] and "so is" not in check(path)[1]
    assert "read again" in gateway.reload()
    status, text = gateway.curl("two.test", "--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256")
    assert status == 0, text
    status, text = gateway.curl("two.test", "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256")
    assert status == 0, text
    context = trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    with gateway.connect("two.test", context=context) as tls:
        assert hashlib.sha256(tls.getpeercert(True)).hexdigest() == both


def clients(gateway):
    """client_ca under every name, with and without a session to resume."""
    pair("client", ["DNS:client.test"])
    pair("stranger", ["DNS:client.test"], ca="other")
    config(["two", "three"], client_ca="ca.pem")
    assert "read again" in gateway.reload()

    def status(tls):
        with tls:
            return ask(tls)

    def refused(*args, **more):
        try:
            status(gateway.connect(*args, **more))
        except (OSError, http.client.HTTPException):
            return True
        return False

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for name, other in (("one.test", "two.test"), ("two.test", "one.test"), ("three.test", "two.test")):
            assert refused(name) and refused(name, "stranger")
            good = trusting("client")
            good.maximum_version = version
            tls = gateway.connect(name, context=good)
            assert ask(tls) == 200
            session = tls.session
            tls.close()
            again = gateway.connect(name, context=good, session=session)
            assert again.session_reused and status(again) == 200
            # Under another name it is a new one.
            again = gateway.connect(other, context=good, session=session)
            assert not again.session_reused and status(again) == 200


def warnings():
    pair("again", ["DNS:three.test", "DNS:more.test"])
    status, text = check(config(["two", "three", "again"]))
    assert status == 0, text
    line = [line for line in text.splitlines() if "three.test" in line]
    assert len(line) == 1 and "certificates[2].cert" in line[0] and "certificates[1].cert" in line[0], text
    pair("nameless", ["IP:127.0.0.1"])
    status, text = check(config(["nameless"]))
    assert status == 0 and "no DNS name" in text, text
    # Plain HTTP is warned of where others reach it, unless it is written out.
    with open(at("plain.yaml"), "w") as file:
        json.dump({"listen": {"http": ["0.0.0.0:0", "127.0.0.1:0"]}, "auth": "none", "audit": {"sinks": []},
                   "upstreams": [{"name": "up", "url": "http://127.0.0.1:9/mcp"}]}, file)
    status, text = check(at("plain.yaml"))
    assert status == 0 and text.count("is plain HTTP") == 1 and "WARN" in text and "tls: none" in text, text
    with open(at("plain.yaml"), "r+") as file:
        told = json.load(file)
        told["listen"]["tls"] = "none"
        file.seek(0)
        json.dump(told, file)
        file.truncate()
    status, text = check(at("plain.yaml"))
    assert status == 0 and "plain" not in text.replace("plain.yaml", ""), text


gateway = names()
reloads(gateway)
watched(gateway)
kinds(gateway)
clients(gateway)
gateway.end()
warnings()
print("ok listen.tls")
