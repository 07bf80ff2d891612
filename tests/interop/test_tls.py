"""https upstreams: one gateway behind Python's TLS server, and another one in front of it."""
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
