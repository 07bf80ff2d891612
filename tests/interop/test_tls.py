"""https, both sides: upstreams behind Python's TLS server, and the gateway's own listener before Python's client."""
import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import threading

import harness
from harness import Folder, Gateway, check, own_command, same
from wire import Http
from test_big import BIG, equal, want

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID
except ImportError:                             # the tests below are skipped by the runner, with the reason
    pass


def pump(source, sink):
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            sink.sendall(data)
    for s in (source, sink):
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)


class Relay:
    """Ends TLS and hands the bytes on to a port of this machine."""

    def __init__(self, context, port):
        self.context, self.target = context, port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.seen = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError):
            tls = self.context.wrap_socket(client, server_side=True)
            self.seen.append((tls.version(), tls.selected_alpn_protocol(), tls.session_reused))
            back = socket.create_connection(("127.0.0.1", self.target))
            up = threading.Thread(target=pump, args=(tls, back), daemon=True)
            up.start()
            pump(back, tls)

    def close(self):
        self.server.close()


class Party:
    """Certificates, the gateway that is behind TLS, and relays in front of it."""

    def __init__(self, stack):
        self.folder = Folder()
        stack.callback(self.folder.close)
        self.stack = stack
        self.ca = self.certificate("ca", None, authority=True)
        self.server = self.certificate("server", self.ca, ["localhost"], ["127.0.0.1"])
        self.client = self.certificate("client", self.ca, ["client"])
        self.late = self.certificate("late", self.ca, ["localhost"], days=-1)
        self.gateway = stack.enter_context(Gateway([{"name": "big", "command": own_command("big.py")}]))

    def certificate(self, name, issuer, names=(), addresses=(), authority=False, days=9):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
                   .issuer_name(issuer[0].subject if issuer else subject).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now + datetime.timedelta(days=days)))
        if authority:
            builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        else:
            known = [x509.DNSName(n) for n in names] + [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(known), False)
        signed = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
        path = self.folder.file(name)
        with open(path + ".pem", "wb") as f:
            f.write(signed.public_bytes(serialization.Encoding.PEM))
        with open(path + ".key", "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
        return signed, key, path + ".pem", path + ".key"

    def relay(self, identity=None, wants_client=False, version=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(identity or self.server)[2:])
        context.set_alpn_protocols(["h2", "http/1.1"])
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca[2])
        if version:
            context.minimum_version = context.maximum_version = version
        relay = Relay(context, self.gateway.port)
        self.stack.callback(relay.close)
        return relay

    def upstream(self, relay, host="localhost", **files):
        return {"name": "far", "url": f"https://{host}:{relay.port}/mcp", "tls": {"ca": self.ca[2], **files}}

    def fault(self, relay, **how):
        """What `bascule check --connect` says of it."""
        folder = Folder()
        with contextlib.closing(folder):
            config = harness.config_write(folder, [self.upstream(relay, **how)])
            done = subprocess.run([harness.BASCULE, "check", "--connect", "--json", "-c", config], capture_output=True,
                                  text=True, timeout=harness.PATIENCE)
            same(done.returncode, 4, "exit status")
            return harness.json.loads(done.stdout)["upstreams"][0]["error"]


@contextlib.contextmanager
def party():
    with contextlib.ExitStack() as stack:
        yield Party(stack)


tls = harness.Group("https", party, needs=("mcp",))


@tls.test("calls, by name and by address, TLS 1.2 and 1.3")
def calls(p):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for host in ("localhost", "127.0.0.1"):
            relay = p.relay(version=version)
            with Gateway([p.upstream(relay, host)]) as gateway:
                client = Http(gateway.url).begin()
                for i in range(20):
                    same(client.text("echo", {"text": f"ünï {i}"}), f"ünï {i}", "the echo")
            same(relay.seen[0][:2], (version.name.replace("_", "."), "http/1.1"), "version and protocol")


@tls.test("16 MiB both ways")
def long_messages(p):
    with Gateway([p.upstream(p.relay())]) as gateway:
        client = Http(gateway.url, 120).begin()
        equal(client.text("big", {"bytes": BIG}), want(BIG))
        equal(client.text("echo", {"text": want(BIG)}), want(BIG))


@tls.test("a client certificate")
def client_certificate(p):
    relay = p.relay(wants_client=True)
    with Gateway([p.upstream(relay, cert=p.client[2], key=p.client[3])]) as gateway:
        same(Http(gateway.url).begin().text("echo", {"text": "me"}), "me", "the echo")
    said = p.fault(relay)
    check("client certificate: set tls.cert and tls.key" in said, said)


@tls.test("what is wrong is said")
def faults(p):
    relay = p.relay()
    said = p.fault(relay, ca=p.client[2])
    check('signed by "ca", which is not in tls.ca' in said, said)
    said = p.fault(p.relay(p.late))
    check("the certificate expired on 20" in said, said)
    said = p.fault(p.relay(p.client))
    check("is not for localhost, but for: client" in said, said)
    said = p.fault(type("Plain", (), {"port": p.gateway.port}))
    check("no TLS comes from there" in said, said)


# ---- the gateway's own listener ------------------------------------------------------------------------------

own = harness.Group("https listener", party, needs=("mcp",))


def trusting(p, identity=None, version=None):
    context = ssl.create_default_context(cafile=p.ca[2])
    context.set_alpn_protocols(["h2", "http/1.1"])
    if identity:
        context.load_cert_chain(*identity[2:])
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def listening(p, identity=None, **tls):
    cert, key = (identity or p.server)[2:]
    return Gateway([{"name": "big", "command": own_command("big.py")}],
                   listen={"http": "127.0.0.1:0", "tls": {"cert": cert, "key": key, **tls}})


def greeted(p, gateway, **how):
    """A TLS connection, once the handshake is over on both sides."""
    plain = socket.create_connection(("127.0.0.1", gateway.port), harness.PATIENCE)
    stream = trusting(p, **how).wrap_socket(plain, server_hostname="localhost")
    stream.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check(stream.recv(65536).startswith(b"HTTP/1.1 200 "), "no answer")
    return stream


@own.test("calls, TLS 1.2 and 1.3, also long ones")
def own_calls(p):
    with listening(p) as gateway:
        check(gateway.url.startswith("https://"), gateway.url)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with contextlib.closing(greeted(p, gateway, version=version)) as stream:
                same((stream.version(), stream.selected_alpn_protocol()), (version.name.replace("_", "."), "http/1.1"),
                     "version and protocol")
            client = Http(gateway.url, 120, trusting(p, version=version)).begin()
            for i in range(20):
                same(client.text("echo", {"text": f"ünï {i}"}), f"ünï {i}", "the echo")
            equal(client.text("big", {"bytes": BIG}), want(BIG))
            equal(client.text("echo", {"text": want(BIG)}), want(BIG))


@own.test("one gateway before another, and health")
def own_chain(p):
    with listening(p) as far:
        with Gateway([{"name": "far", "url": far.url, "tls": {"ca": p.ca[2]}}]) as gateway:
            same(Http(gateway.url).begin().text("echo", {"text": "through two"}), "through two", "the echo")
        url = f"https://127.0.0.1:{far.port}"
        done = subprocess.run([harness.BASCULE, "health", url], capture_output=True, text=True,
                              env={**os.environ, "SSL_CERT_FILE": p.ca[2]}, timeout=harness.PATIENCE)
        same((done.returncode, done.stdout), (0, "healthy\n"), "health")


@own.test("client certificates")
def own_client_certificates(p):
    other = p.certificate("other", p.certificate("other ca", None, authority=True), ["client"])
    with listening(p, client_ca=p.ca[2]) as gateway:
        same(Http(gateway.url, context=trusting(p, p.client)).begin().text("echo", {"text": "me"}), "me", "the echo")
        for identity, said in ((None, "showed no certificate"), (other, 'signed by "other ca", which is not in client_ca'),
                               (p.certificate("gone", p.ca, ["client"], days=-1), "the certificate expired")):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                try:
                    greeted(p, gateway, identity=identity, version=version)
                    raise harness.Failure("a stranger came in")
                except (OSError, harness.Failure) as error:
                    check("stranger" not in str(error), str(error))
            if identity is None:                # later ones are logged now and then only
                gateway.process.wait_log(said)
        same(Http(gateway.url, context=trusting(p, p.client)).begin().text("echo", {"text": "me"}), "me", "the echo")


@own.test("what is not TLS, or half of it, harms nobody")
def own_rubbish(p):
    with listening(p) as gateway:
        beside = Http(gateway.url, context=trusting(p)).begin()
        for junk in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 4096, b"\x16\x03\x01\xff\xff" + b"x" * 70000,
                     b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"):
            with socket.create_connection(("127.0.0.1", gateway.port), harness.PATIENCE) as s:
                with contextlib.suppress(OSError):
                    s.sendall(junk)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65536):
                        pass
        gateway.process.wait_log("the client speaks plain HTTP")
        old = ssl.create_default_context(cafile=p.ca[2])
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            old.wrap_socket(socket.create_connection(("127.0.0.1", gateway.port)), server_hostname="localhost")
            raise harness.Failure("TLS 1.1 was spoken")
        except OSError:
            pass
        same(beside.text("echo", {"text": "still"}), "still", "the echo")


@own.test("a renewed certificate is taken without dropping anybody")
def own_renewed(p):
    files = p.certificate("current", p.ca, ["localhost"])
    with listening(p, files) as gateway:
        before = Http(gateway.url.replace("127.0.0.1", "localhost"), context=trusting(p)).begin()
        old = greeted(p, gateway)
        number = old.getpeercert()["serialNumber"]
        renewed = p.certificate("current", p.ca, ["localhost"])
        os.kill(gateway.pid, harness.signal.SIGHUP)
        gateway.process.wait_log("the configuration was read again")
        with contextlib.closing(greeted(p, gateway)) as new:
            same(int(new.getpeercert()["serialNumber"], 16), renewed[0].serial_number, "the new certificate")
            check(new.getpeercert()["serialNumber"] != number, "still the old one")
        old.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check(old.recv(65536).startswith(b"HTTP/1.1 200 "), "the open connection was dropped")
        same(before.text("echo", {"text": "before"}), "before", "the echo")
        with open(files[2], "w", encoding="utf-8") as f:
            f.write("nothing")
        os.kill(gateway.pid, harness.signal.SIGHUP)
        gateway.process.wait_log("holds no certificate in PEM form; nothing was changed")
        with contextlib.closing(greeted(p, gateway)) as new:
            same(int(new.getpeercert()["serialNumber"], 16), renewed[0].serial_number, "the certificate")
