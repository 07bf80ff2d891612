#!/usr/bin/env python3
"""The audit of the real program: cli_audit.py BASCULE

mode strict: ten times killed while calls are in progress, and no answered call is without its record, no call that
reached its server without one either; a store that cannot be written stops calls, says why, and recovers by itself.
mode async: such a store stops nothing.  verify: fine after all of that, and not after a change.
"""
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

BASCULE = os.path.abspath(sys.argv[1])
KILLS, CALLS = 10, 30
PATIENCE = 120  # seconds until a hang is called one

SERVER = r'''
import json, sys
seen = open(sys.argv[1], 'a', buffering=1)
def say(message):
    sys.stdout.write(json.dumps(message) + '\n')
    sys.stdout.flush()
for line in sys.stdin:
    m = json.loads(line)
    if 'id' not in m:
        continue
    if m['method'] == 'initialize':
        result = {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}},
                  'serverInfo': {'name': 'writer', 'version': '1'}}
    elif m['method'] == 'tools/list':
        result = {'tools': [{'name': 'put', 'inputSchema': {'type': 'object'}},
                            {'name': 'hang', 'inputSchema': {'type': 'object'}},
                            {'name': 'look', 'inputSchema': {'type': 'object'},
                             'annotations': {'readOnlyHint': True}}]}
    elif m['method'] == 'tools/call':
        seen.write(m['params']['arguments'].get('what', '') + '\n')
        if m['params']['name'] == 'hang':
            continue
        result = {'content': [{'type': 'text', 'text': 'put'}]}
    else:
        say({'jsonrpc': '2.0', 'id': m['id'], 'error': {'code': -32601, 'message': 'no'}})
        continue
    say({'jsonrpc': '2.0', 'id': m['id'], 'result': result})
'''

passed = 0


def check(ok, what):
    global passed
    if not ok:
        print(f'not ok: {what}', flush=True)
        sys.exit(1)
    passed += 1
    print(f'ok: {what}', flush=True)


class Place:
    def __init__(self, root, mode):
        self.root = root
        self.seen = os.path.join(root, 'seen')
        server = os.path.join(root, 'server.py')
        with open(server, 'w') as f:
            f.write(SERVER)
        self.config = os.path.join(root, 'bascule.yaml')
        with open(self.config, 'w') as f:
            json.dump({'listen': {'stdio': True, 'http': []}, 'state': os.path.join(root, 'state'),
                       'upstreams': [{'name': 'files', 'command': [sys.executable, server, self.seen]}],
                       'audit': {'mode': mode}}, f)
        self.env = dict(os.environ, XDG_CONFIG_HOME=os.path.join(root, 'config'), HOME=root)
        self.env.pop('STATE_DIRECTORY', None)
        self.env.pop('CONFIGURATION_DIRECTORY', None)

    def run(self, *words):
        return subprocess.run([BASCULE, *words, '-c', self.config], env=self.env, capture_output=True, text=True,
                              timeout=PATIENCE)

    def records(self):
        done = self.run('audit', 'export', 'jsonl')
        check(done.returncode == 0, f'the trail can be exported {done.stderr.strip()}')
        return [json.loads(line) for line in done.stdout.splitlines()]

    def verify(self):
        return self.run('audit', 'verify', '--json')

    def saw(self):
        with open(self.seen) as f:
            return [line.strip() for line in f]


class Gateway:
    def __init__(self, place, before=None):
        self.process = subprocess.Popen([BASCULE, 'serve', '-c', place.config], env=place.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before)
        self.errors = []
        self.reader = threading.Thread(target=self.read_errors, daemon=True)
        self.reader.start()
        self.send({'jsonrpc': '2.0', 'id': 'hello', 'method': 'initialize', 'params': {
            'protocolVersion': '2025-06-18', 'capabilities': {}, 'clientInfo': {'name': 'test', 'version': '1'}}})
        assert self.answer()['id'] == 'hello'
        self.send({'jsonrpc': '2.0', 'method': 'notifications/initialized'})

    def read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.decode())

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b'\n')
        self.process.stdin.flush()

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise EOFError(''.join(self.errors))
            message = json.loads(line)
            if 'id' in message and 'method' not in message:
                return message

    def put(self, what, tool='put'):
        self.send({'jsonrpc': '2.0', 'id': what, 'method': 'tools/call',
                   'params': {'name': tool, 'arguments': {'what': what}}})

    def call(self, what, tool='put'):
        self.put(what, tool)
        return self.answer()

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)


def killed(root):
    place = Place(root, 'strict')
    answered = set()
    for kill in range(KILLS):
        gateway = Gateway(place)
        hung = [f'h{kill}-{i}' for i in range(3)]
        for what in hung:
            gateway.put(what, 'hang')
        for i in range(CALLS):
            gateway.put(f'k{kill}-{i}')
        # Some are answered, some under way, some not begun: another part of them each time.
        for _ in range(1 + kill * 2):
            message = gateway.answer()
            assert 'result' in message, message
            answered.add(message['id'])
        until = time.monotonic() + PATIENCE
        while not set(hung) <= set(place.saw()):
            assert time.monotonic() < until, 'the server sees the calls'
            time.sleep(0.01)
        gateway.kill()
    last = Gateway(place)
    last.call('last')
    answered.add('last')
    last.end()
    records = place.records()
    outcomes = {}
    for record in records:
        if record['kind'] == 'exchange' and record['method'] == 'tools/call':
            key = json.loads(record['request_id'])
            if key in outcomes:
                check(False, f'{key} has one record')
            outcomes[key] = record['outcome']
    lost = [a for a in answered if outcomes.get(a) != 'done']
    check(not lost, f'{len(answered)} answered calls have a record that says done; without: {lost}')
    told = [s for s in place.saw() if outcomes.get(s) not in ('done', 'unknown')]
    check(not told, f'{len(place.saw())} calls reached their server, each is done or unknown; other: {told}')
    hung = {key: outcome for key, outcome in outcomes.items() if key.startswith('h')}
    check(len(hung) == 3 * KILLS and set(hung.values()) == {'unknown'}, 'calls that were in progress are unknown')
    starts = sum(record['kind'] == 'start' for record in records)
    check(starts == KILLS + 1, f'each start is a record ({starts})')
    done = place.verify()
    check(done.returncode == 0, f'verify after {KILLS} kills: {done.stdout.strip()}{done.stderr.strip()}')
    report = json.loads(done.stdout)
    check(report['fine'] and report['signed'] and report['anchored'], 'signed and anchored')
    return place


def changed(place):
    path = json.loads(place.verify().stdout)['path']
    with open(path, 'rb') as f:
        was = f.read()
    at = was.index(b'"k3-0"')
    with open(path, 'r+b') as f:
        f.seek(at)
        f.write(b'"k3-1"')
    done = place.verify()
    check(done.returncode == 1 and not json.loads(done.stdout)['fine'], f'a changed byte is found: {done.stdout}')
    with open(path, 'r+b') as f:
        f.seek(at)
        f.write(b'"k3-0"')
    check(place.verify().returncode == 0, 'and it is fine again as it was')
    os.rename(path, path + '.away')
    done = place.verify()
    check(done.returncode == 1 and 'gone' in done.stdout, f'a store that is gone is missed: {done.stdout}')
    os.rename(path + '.away', path)


LIMIT = 160 * 1024


def limited():
    """As on a full disk: no file grows beyond it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))


def lift(gateway):
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def full_strict(root):
    place = Place(root, 'strict')
    gateway = Gateway(place, limited)
    answered, n = [], 0
    while True:
        message = gateway.call(f'full-{n}')
        n += 1
        if 'error' in message:
            break
        answered.append(message['id'])
        check(n < 10000, 'the store fills') if n >= 10000 else None
    error = message['error']
    check('audit' in error['message'] and 'strict' in error['message'], f'a full disk is said: {error["message"]}')
    check(error['data']['kind'] in ('unavailable', 'outcome_unknown'), error['data']['kind'])
    message = gateway.call('refused')
    check(message.get('error', {}).get('data', {}).get('kind') == 'unavailable', 'the next call is not begun')
    check('refused' not in place.saw(), 'and never reached its server')
    message = gateway.call('looked', 'look')
    check('error' in message, 'nor is a call that only reads answered')
    lift(gateway)
    until = time.monotonic() + PATIENCE
    while 'error' in (message := gateway.call(f'again-{n}')):
        n += 1
        check(time.monotonic() < until, 'it recovers') if time.monotonic() >= until else time.sleep(0.05)
    check('result' in message, 'it recovers by itself')
    answered.append(message['id'])
    gateway.end()
    check(any('tried again' in line for line in gateway.errors) and
          any('written again' in line for line in gateway.errors), 'the log says both')
    outcomes = {json.loads(r['request_id']): r['outcome'] for r in place.records()
                if r['kind'] == 'exchange' and r['method'] == 'tools/call'}
    check(all(outcomes.get(a) == 'done' for a in answered), f'all {len(answered)} answered calls are there')
    check(outcomes.get('refused') == 'unavailable', 'and the one that was turned away')
    done = place.verify()
    check(done.returncode == 0, f'verify: {done.stdout.strip()}{done.stderr.strip()}')


def full_async(root):
    place = Place(root, 'async')
    gateway = Gateway(place, limited)
    n = 0
    until = time.monotonic() + PATIENCE
    while not any('audit' in line and 'tried again' in line for line in gateway.errors):
        check('result' in gateway.call(f'a{n}'), 'answered') if n == 0 else gateway.call(f'a{n}')
        n += 1
        assert time.monotonic() < until
    for i in range(20):
        assert 'result' in gateway.call(f'b{i}')
    check(True, 'mode async: a full disk stops no call')
    lift(gateway)
    while not any('written again' in line for line in gateway.errors):
        assert 'result' in gateway.call(f'c{n}')
        n += 1
        assert time.monotonic() < until
        time.sleep(0.02)
    gateway.end()
    ids = {json.loads(r['request_id']) for r in place.records() if r['kind'] == 'exchange'}
    check(all(f'b{i}' in ids for i in range(20)), 'what waited was written later')
    done = place.verify()
    check(done.returncode == 0, f'verify: {done.stdout.strip()}{done.stderr.strip()}')


def main():
    with tempfile.TemporaryDirectory(prefix='bascule-audit-') as root:
        for name, part in (('full_strict', full_strict), ('full_async', full_async)):
            os.mkdir(os.path.join(root, name))
            part(os.path.join(root, name))
        os.mkdir(os.path.join(root, 'killed'))
        changed(killed(os.path.join(root, 'killed')))
    print(f'{passed} passed')


main()
