#!/usr/bin/env python3
"""What else changes something is written down before it is sent: audit_calls.py BASCULE

Tasks, between clients and servers of both eras: who is killed while a task is told to end has a record that says that
nobody knows.  `bascule call`: its call is in the trail when the command has ended, where the configuration says
something of the audit.  Budgets of a day: what was used is used after a restart, and by commands.
"""
import datetime
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

BASCULE = os.path.abspath(sys.argv[1])
PATIENCE = 120
META = 'io.modelcontextprotocol/'
ERAS = ('2025-11-25', '2026-07-28')

SERVER = r'''
import json, sys
era, seen = sys.argv[1], open(sys.argv[2], 'a', buffering=1)
modern = era == '2026-07-28'
task = {'taskId': 't-1', 'status': 'working', 'createdAt': '2026-01-01T00:00:00Z',
        'lastUpdatedAt': '2026-01-01T00:00:00Z'}
task.update({'ttlMs': 60000} if modern else {'ttl': 60000})
tools = [{'name': 'long', 'inputSchema': {'type': 'object'}}, {'name': 'look', 'inputSchema': {'type': 'object'}}]
if not modern:
    tools[0]['execution'] = {'taskSupport': 'optional'}
def answer(m):
    method = m['method']
    if method == 'initialize' and modern:
        return {'error': {'code': -32022, 'message': 'no', 'data': {'supported': [era], 'requested': '2025-11-25'}}}
    if method == 'initialize':
        return {'result': {'protocolVersion': era, 'serverInfo': {'name': 's', 'version': '1'}, 'capabilities': {
            'tools': {}, 'tasks': {'cancel': {}, 'requests': {'tools': {'call': {}}}}}}}
    if method == 'server/discover' and modern:
        return {'result': {'resultType': 'complete', 'supportedVersions': [era], 'capabilities': {
            'tools': {}, 'extensions': {'io.modelcontextprotocol/tasks': {}}}, 'ttlMs': 60000, 'cacheScope': 'public'}}
    if method == 'tools/list':
        more = {'resultType': 'complete', 'ttlMs': 60000, 'cacheScope': 'public'} if modern else {}
        return {'result': {'tools': tools, **more}}
    if method == 'tools/call' and m['params']['name'] == 'long':
        return {'result': {'resultType': 'task', **task} if modern else {'task': task}}
    if method == 'tools/call':
        return {'result': {'content': [{'type': 'text', 'text': 'looked'}], **({'resultType': 'complete'} if modern else {})}}
    if method == 'tasks/get':
        return {'result': {'resultType': 'complete', **task} if modern else task}
    return {'error': {'code': -32601, 'message': 'no'}}
for line in sys.stdin:
    m = json.loads(line)
    seen.write(m.get('method', '') + '\n')
    if 'id' in m and m.get('method') not in ('tasks/cancel', 'subscriptions/listen', None):
        print(json.dumps({'jsonrpc': '2.0', 'id': m['id'], **answer(m)}), flush=True)
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
    def __init__(self, root, era='2025-11-25', **config):
        os.mkdir(root)
        self.root, self.seen, self.state = root, os.path.join(root, 'seen'), os.path.join(root, 'state')
        server = os.path.join(root, 'server.py')
        with open(server, 'w') as f:
            f.write(SERVER)
        self.config = os.path.join(root, 'bascule.yaml')
        with open(self.config, 'w') as f:
            json.dump({'listen': {'stdio': True, 'http': []}, 'state': self.state,
                       'upstreams': [{'name': 's', 'command': [sys.executable, server, era, self.seen]}], **config}, f)
        self.env = dict(os.environ, XDG_CONFIG_HOME=os.path.join(root, 'config'), HOME=root)
        self.env.pop('STATE_DIRECTORY', None)
        self.env.pop('CONFIGURATION_DIRECTORY', None)

    def run(self, *words):
        return subprocess.run([BASCULE, *words, '-c', self.config], env=self.env, capture_output=True, text=True,
                              timeout=PATIENCE)

    def records(self):
        done = self.run('audit', 'export', 'jsonl')
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


class Gateway:
    """With a client of that era at its stdin."""

    def __init__(self, place, era='2025-11-25'):
        self.process = subprocess.Popen([BASCULE, 'serve', '-c', place.config], env=place.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors, self.id, self.modern = [], 0, era == '2026-07-28'
        self.reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self.reader.start()
        if self.modern:
            return
        self.ask('initialize', {'protocolVersion': era, 'capabilities': {}, 'clientInfo': {'name': 'c', 'version': '1'}})
        self.put({'jsonrpc': '2.0', 'method': 'notifications/initialized'})

    def put(self, message):
        self.process.stdin.write(json.dumps(message) + '\n')
        self.process.stdin.flush()

    def send(self, method, params):
        self.id += 1
        if self.modern:
            params = dict(params, _meta={META + 'protocolVersion': '2026-07-28', META + 'clientInfo': {
                'name': 'c', 'version': '1'}, META + 'clientCapabilities': {'extensions': {META + 'tasks': {}}}})
        self.put({'jsonrpc': '2.0', 'id': self.id, 'method': method, 'params': params})

    def ask(self, method, params):
        self.send(method, params)
        while True:
            line = self.process.stdout.readline()
            assert line, self.errors
            message = json.loads(line)
            if message.get('id') == self.id and 'method' not in message:
                return message

    def look(self):
        return self.ask('tools/call', {'name': 'look', 'arguments': {}})

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0, self.errors
        self.reader.join(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)


def tasks(root):
    for client, server in itertools.product(ERAS, ERAS):
        what = f'client of {client}, server of {server}'
        place = Place(os.path.join(root, f'tasks-{client}-{server}'), server, audit={'mode': 'strict'})
        gateway = Gateway(place, client)
        message = gateway.ask('tools/call', {'name': 'long', 'arguments': {}, **({} if gateway.modern else {'task': {}})})
        assert 'result' in message, message
        task = message['result'] if gateway.modern else message['result']['task']
        check('taskId' in task, f'{what}: the call is a task')
        gateway.send('tasks/cancel', {'taskId': task['taskId']})
        until = time.monotonic() + PATIENCE
        while 'tasks/cancel' not in open(place.seen).read().split('\n'):
            assert time.monotonic() < until, 'the server is told'
            time.sleep(0.01)
        gateway.kill()
        Gateway(place).end()
        outcomes = {r['method']: (r['outcome'], r['server']) for r in place.records() if r['kind'] == 'exchange'}
        check(outcomes['tools/call'] == ('done', 's'), f'{what}: the call is done')
        check(outcomes.get('tasks/cancel') == ('unknown', 's'), f'{what}: nobody knows of its end {outcomes}')
        check(place.run('audit', 'verify').returncode == 0, f'{what}: verify')


def commands(root):
    for mode in ('strict', 'async'):
        place = Place(os.path.join(root, 'call-' + mode), audit={'mode': mode})
        for _ in range(2):
            done = place.run('call', 'look')
            check(done.returncode == 0 and done.stdout == 'looked\n', f'{mode}: {done.stdout}{done.stderr}')
        records = place.records()
        calls = [r for r in records if r['kind'] == 'exchange']
        check([(r['tool'], r['outcome'], r['transport'], r['client']) for r in calls] ==
              [('look', 'done', 'local', 'bascule')] * 2, f'{mode}: both calls are there when the commands have ended')
        check([r['kind'] for r in records if r['kind'] != 'exchange'] == ['start', 'stop'] * 2, 'and both processes')
        check(place.run('audit', 'verify').returncode == 0, 'verify')
        check(sorted(os.listdir(place.state)) == ['0'], 'one directory for both')
    place = Place(os.path.join(root, 'call-none'))
    check(place.run('call', 'look').returncode == 0 and not os.path.exists(place.state),
          'who says nothing of the audit gets no files from a command')
    place = Place(os.path.join(root, 'call-full'), audit={'mode': 'strict'})
    with open(place.state, 'w'):
        pass
    done = place.run('call', 'look')
    check(done.returncode != 0 and 'strict' in done.stderr and not os.path.exists(place.seen),
          f'strict: what cannot be written down is not called: {done.stderr}')


def limited(message):
    return message.get('error', {}).get('data', {}).get('kind') == 'limit'


def budgets(root, number):
    rate = {'guard': {'rate': {'id': 'day', 'budget': {'calls': '4/d'}}}, 'audit': {'sinks': []}}
    place = Place(os.path.join(root, f'budgets-{number}'), **rate)
    gateway = Gateway(place)
    assert 'result' in gateway.look() and 'result' in gateway.look()
    gateway.end()
    used = os.path.join(place.state, '0', 'budgets')
    check(os.stat(used).st_mode & 0o777 == 0o600, 'what was used is kept')
    gateway = Gateway(place)
    check('result' in gateway.look(), 'one more after a restart')
    gateway.end()
    check(place.run('call', 'look').returncode == 0, 'one more by a command')
    done = place.run('call', 'look')
    check(done.returncode != 0 and 'rate' in done.stderr, f'and no more: {done.stderr}')
    gateway = Gateway(place)
    check(limited(gateway.look()), 'nor after another restart')
    gateway.end()
    with open(used, 'r+b') as f:
        f.seek(-70, os.SEEK_END)
        f.write(b'x')
    gateway = Gateway(place)
    check('result' in gateway.look(), 'a damaged file counts for nothing')
    gateway.end()
    check(any('begin anew' in line and 'damaged' in line for line in gateway.errors), 'which is told')
    gateway = Gateway(place)
    for _ in range(3):
        assert 'result' in gateway.look()
    check(limited(gateway.look()), 'and was replaced by one that is whole')
    # Written while it runs.
    until = time.monotonic() + PATIENCE
    while ' 4\n' not in open(used).read():
        assert time.monotonic() < until
        time.sleep(0.05)
    gateway.kill()
    gateway = Gateway(place)
    check(limited(gateway.look()), 'who is killed does not get the day anew')
    gateway.end()


def main():
    with tempfile.TemporaryDirectory(prefix='bascule-calls-') as root:
        tasks(root)
        commands(root)
        day = lambda: datetime.datetime.now(datetime.timezone.utc).date()
        for number in itertools.count():
            today = day()
            try:
                budgets(root, number)
                break
            except (AssertionError, SystemExit):
                if today == day():
                    raise
    print(f'{passed} passed')


main()
