#!/usr/bin/env python3
"""Attempts that never became an exchange have a record: audit_attempts.py BASCULE

Wrong and missing keys, foreign hosts and pages, what is no HTTP and no JSON: each is in the trail with its reason and
its address; a flood of them is counted, and fills no disk.  What a caller may not see is refused in its record, with
the rule that hid it, though the caller is told that there is no such thing.
"""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

BASCULE = os.path.abspath(sys.argv[1])
PATIENCE = 120
FLOOD = 3000
KEY = '0123456789abcdef-one'
HEADERS = {'Content-Type': 'application/json', 'Accept': 'application/json, text/event-stream'}
MINE = dict(HEADERS, Authorization='Bearer ' + KEY)

SERVER = r'''
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if 'id' not in m:
        continue
    result = {'initialize': {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}},
                             'serverInfo': {'name': 's', 'version': '1'}},
              'tools/list': {'tools': [{'name': name, 'inputSchema': {'type': 'object'}} for name in ('open', 'secret')]},
              'tools/call': {'content': [{'type': 'text', 'text': 'yes'}]}}[m['method']]
    print(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'result': result}), flush=True)
'''

passed = 0


def check(ok, what):
    global passed
    if not ok:
        print(f'not ok: {what}', flush=True)
        sys.exit(1)
    passed += 1
    print(f'ok: {what}', flush=True)


class Gateway:
    def __init__(self, root):
        self.root = root
        server = os.path.join(root, 'server.py')
        with open(server, 'w') as f:
            f.write(SERVER)
        self.config = os.path.join(root, 'bascule.yaml')
        with open(self.config, 'w') as f:
            json.dump({'listen': {'http': '127.0.0.1:0'}, 'state': os.path.join(root, 'state'),
                       'log': {'level': 'info'}, 'auth': {'keys': [{'name': 'one', 'key': KEY}]},
                       'upstreams': [{'name': 'files', 'command': [sys.executable, server]}],
                       'guard': {'rules': [{'id': 'no-secrets', 'match': {'tool': 'secret'}, 'action': 'deny'}]}}, f)
        self.env = dict(os.environ, XDG_CONFIG_HOME=os.path.join(root, 'config'), HOME=root)
        self.env.pop('STATE_DIRECTORY', None)
        self.env.pop('CONFIGURATION_DIRECTORY', None)
        self.process = subprocess.Popen([BASCULE, 'serve', '-c', self.config], env=self.env, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.log, self.port, found = [], 0, threading.Event()

        def read():
            for line in self.process.stdout:
                self.log.append(line.decode())
                match = re.search(r'listening on http://127\.0\.0\.1:(\d+)', self.log[-1])
                if match:
                    self.port = int(match[1])
                    found.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        assert found.wait(PATIENCE), self.log

    def ask(self, method='POST', path='/mcp', body='{}', headers=HEADERS):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, text, reply

    def raw(self, text):
        with socket.create_connection(('127.0.0.1', self.port), PATIENCE) as s:
            s.sendall(text)
            return s.makefile('rb').read()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.log

    def run(self, *words):
        return subprocess.run([BASCULE, *words, '-c', self.config], env=self.env, capture_output=True, text=True,
                              timeout=PATIENCE)

    def records(self):
        done = self.run('audit', 'export', 'jsonl')
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


def single(gateway):
    """Each once; the status that its client sees, and the reason in the trail."""
    tries = [
        (401, 'key', lambda: gateway.ask()),
        (401, 'key', lambda: gateway.ask(headers=dict(HEADERS, Authorization='Bearer wrong'))),
        (421, 'host', lambda: gateway.ask(headers=dict(MINE, Host='evil.example'))),
        (403, 'origin', lambda: gateway.ask(headers=dict(MINE, Origin='http://evil.example'))),
        (404, 'target', lambda: gateway.ask(path='/admin', headers=MINE)),
        (404, 'target', lambda: gateway.ask(headers=dict(MINE, **{'Mcp-Session-Id': 'f' * 32}))),
        (405, 'method', lambda: gateway.ask('PUT', headers=MINE)),
        (406, 'accept', lambda: gateway.ask(headers=dict(MINE, Accept='text/plain'))),
        (415, 'type', lambda: gateway.ask(headers=dict(MINE, **{'Content-Type': 'text/plain'}))),
        (400, 'message', lambda: gateway.ask(body='{', headers=MINE)),
    ]
    wanted = {'front.message': 1, 'front.size': 1}
    for status, reason, attempt in tries:
        got = attempt()[0]
        check(got == status, f'{reason} is answered {got}')
        wanted['front.' + reason] = wanted.get('front.' + reason, 0) + 1
    got = gateway.raw(b'GET /mcp HTTP/1.1\r\n\r\n')
    check(got.startswith(b'HTTP/1.1 400'), f'what is no HTTP is answered 400: {got[:40]}')
    check(b' 431 ' in gateway.raw(b'GET /mcp HTTP/1.1\r\nHost: localhost\r\nX: ' + b'x' * 100000 + b'\r\n\r\n')[:20],
          'a head that is too large is answered 431')
    return wanted


def flood(gateway):
    for _ in range(FLOOD // 100):
        text = b'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n' * 99 + \
            b'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
        got = gateway.raw(text).count(b'HTTP/1.1 401')
        assert got == 100, got
    return FLOOD


def hidden(gateway):
    body = {'jsonrpc': '2.0', 'id': 1, 'method': 'initialize', 'params': {
        'protocolVersion': '2025-06-18', 'capabilities': {}, 'clientInfo': {'name': 'test', 'version': '1'}}}
    status, _, reply = gateway.ask(body=json.dumps(body), headers=MINE)
    assert status == 200
    session = dict(MINE, **{'Mcp-Session-Id': reply.getheader('mcp-session-id')})
    gateway.ask(body=json.dumps({'jsonrpc': '2.0', 'method': 'notifications/initialized'}), headers=session)
    errors = []
    for number, tool in ((2, 'secret'), (3, 'open'), (4, 'nothing')):
        body = {'jsonrpc': '2.0', 'id': number, 'method': 'tools/call', 'params': {'name': tool, 'arguments': {}}}
        status, text, _ = gateway.ask(body=json.dumps(body), headers=session)
        message = json.loads(text)
        if tool == 'open':
            check('result' in message, 'what may be called is answered')
        else:
            errors.append(json.dumps(message['error']).replace(tool, 'it'))
    check(errors[0] == errors[1] and 'no tool' in errors[0], f'what is hidden is as if it were not there: {errors}')


def main():
    with tempfile.TemporaryDirectory(prefix='bascule-attempts-') as root:
        gateway = Gateway(root)
        wanted = single(gateway)
        hidden(gateway)
        flooded = flood(gateway)
        gateway.end()
        records = gateway.records()
        refused = [r for r in records if r['kind'] == 'refused']
        counts = {}
        for r in refused:
            counts[r['rule']] = counts.get(r['rule'], 0) + r['count']
        wanted['front.key'] += flooded
        check(counts == wanted, f'every attempt is counted: {counts}')
        check(all(r['address'] == '127.0.0.1' and r['transport'] == 'http' and r['outcome'] == 'refused' and
                  r['verdict'] == 'deny' for r in refused), 'with its address')
        check(sum(r['rule'] == 'front.key' for r in refused) < FLOOD / 10, f'a flood is few records ({len(refused)})')
        calls = {r['tool']: r for r in records if r['kind'] == 'exchange' and r['method'] == 'tools/call'}
        secret = calls['secret']
        check((secret['outcome'], secret['verdict'], secret['rule'], secret['server']) ==
              ('refused', 'deny', 'no-secrets', 'files'), f'what is hidden is refused by its rule: {secret}')
        check(calls['open']['outcome'] == 'done', 'and the other one done')
        check(sum(r['method'] == 'tools/call' and r['outcome'] == 'failed' for r in records) == 1,
              'what nobody has failed, and was refused by no rule')
        done = gateway.run('audit', 'verify')
        check(done.returncode == 0, done.stdout + done.stderr)
        done = gateway.run('audit', 'query', '--rule', 'front.host')
        check('refused: 1' in done.stdout and '127.0.0.1' in done.stdout, f'query shows them: {done.stdout}')
    print(f'{passed} passed')


main()
