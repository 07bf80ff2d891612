"""An Atlassian Cloud site on this machine: `demo.atlassian.net` by way of a proxy, behind which the Cloud of a
`bascule sandbox` stands.  Both servers tell Cloud from Data Center by that name.
"""
import http.client
import http.server
import threading
import urllib.parse

HOST = "demo.atlassian.net"
SITE = "http://" + HOST
PREFIX = "/cloud"
PASSED_ON = ("authorization", "content-type", "accept", "x-atlassian-token", "content-length")


class Proxy:
    """Forwards what is asked of HOST to the sandbox at `origin`; what is asked of others is 403."""

    def __init__(self, origin):
        there = urllib.parse.urlsplit(origin).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                url = urllib.parse.urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if url.hostname != HOST:
                    self.answer(403, [], b"no such host")
                    return
                connection = http.client.HTTPConnection(there, timeout=60)
                connection.request(self.command, PREFIX + url.path + (f"?{url.query}" if url.query else ""), body or None,
                                   {k: v for k, v in self.headers.items() if k.lower() in PASSED_ON})
                reply = connection.getresponse()
                if reply.status == 302:         # to the store of files; whether clients go there depends on names
                    reply.read()
                    connection.request("GET", reply.headers["Location"].removeprefix(origin))
                    reply = connection.getresponse()
                self.answer(reply.status, [(k, v) for k, v in reply.getheaders()
                                           if k.lower() in ("content-type", "retry-after", "location")],
                            reply.read().replace(f"{origin}{PREFIX}".encode(), SITE.encode()))
                connection.close()

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = pass_on

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def environment(self):
        out = {}
        for product, path in ("JIRA", ""), ("CONFLUENCE", "/wiki"):
            out.update({product + "_URL": SITE + path, product + "_USERNAME": "ada@sandbox.example",
                        product + "_API_TOKEN": "sandbox", product + "_HTTP_PROXY": self.url})
        return out
