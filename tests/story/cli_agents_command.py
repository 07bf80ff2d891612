#!/usr/bin/env python3
"""`bascule agents`: cli_agents_command.py BASCULE

Against stand-ins for gateways, which speak the protocol of the control socket: what is printed, the exit statuses,
several gateways at once, and answers that no gateway would give.  Then against a gateway with runs of its own.
"""
import base64
import json
import os
import pty
import socket
import subprocess
import sys
import tempfile
import threading
import time

BASCULE = os.path.abspath(sys.argv[1])
PATIENCE = 120  # seconds until a hang is called one

passed = 0


def check(ok, what):
    global passed
    if not ok:
        print(f'not ok: {what}', flush=True)
        sys.exit(1)
    passed += 1
    print(f'ok: {what}', flush=True)


class Place:
    def __init__(self, root, config=None):
        self.root = root
        self.state = os.path.join(root, 'state')
        os.makedirs(self.state, 0o700)
        self.config = os.path.join(root, 'bascule.yaml')
        with open(self.config, 'w') as f:
            json.dump({'listen': {'http': '127.0.0.1:0'}, 'state': self.state, **(config or {
                'upstreams': [{'name': 'x', 'command': ['/bin/true']}]})}, f)
        self.env = {k: v for k, v in os.environ.items() if k not in ('STATE_DIRECTORY', 'CONFIGURATION_DIRECTORY')}
        self.env.update(HOME=root, XDG_CONFIG_HOME=os.path.join(root, 'config'), LC_ALL='C.UTF-8')

    def agents(self, *words):
        return subprocess.run([BASCULE, 'agents', *words, '-c', self.config], env=self.env, capture_output=True,
                              timeout=PATIENCE)

    def slot(self, number):
        path = os.path.join(self.state, str(number))
        os.makedirs(path, 0o700, exist_ok=True)
        return os.path.join(path, 'control.sock')


def run(run_id, status='completed', queued='2026-11-22T03:34:14.123Z', **more):
    return {'run_id': run_id, 'instance_id': '17-0badcafe', 'status': status, 'workflow': 'bug_fix', 'runner': 'shell',
            'exit_code': 0, 'cost_usd': 0.000000, 'tokens': {'in': 0, 'out': 0}, 'queued_at': queued, **more}


class Gateway:
    """A stand-in: answer(request) gives bytes, or an iterable of them; None ends the connection."""

    def __init__(self, path, answer):
        self.asked = []
        self.answer = answer
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile('rb') as lines:
            for line in lines:
                request = json.loads(line)
                self.asked.append(request)
                answer = self.answer(request)
                if answer is None:
                    return
                try:
                    for piece in [answer] if isinstance(answer, bytes) else answer:
                        connection.sendall(piece)
                except OSError:
                    return

    def close(self):
        self.listener.close()


def line(value):
    return json.dumps(value, ensure_ascii=False).encode() + b'\n'


def result(value):
    return line({'result': value})


def error(kind, message):
    return line({'error': {'kind': kind, 'message': message}})


def fleet_of(runs, output=b''):
    """Answers as a gateway with these runs does."""
    def answer(request):
        if request['op'] == 'list':
            return result({'instance_id': '17-0badcafe', 'runs': runs, 'total': len(runs)})
        fit = [r for r in runs if r['run_id'].startswith(request['id'])]
        if len(fit) != 1:
            return error('params', f'no such run: "{request["id"]}"' if not fit else 'several runs begin with it')
        if request['op'] == 'cancel':
            fit[0]['status'] = 'cancelled'
        if request['op'] == 'logs':
            return [result({'from': i, 'total': len(output), 'bytes': base64.b64encode(output[i:i + 7]).decode(),
                            'last': i + 7 >= len(output)}) for i in range(0, max(len(output), 1), 7)]
        return result(fit[0])
    return answer


# ---- stand-ins -----------------------------------------------------------------------------------

def nobody(place):
    for words in (['list'], ['list', '--json'], ['show', 'r-1'], ['cancel', 'r-1'], ['logs', 'r-1']):
        done = place.agents(*words)
        check(done.returncode == 4 and b'no gateway that runs agents is live' in done.stderr and done.stdout == b'',
              f'{words[0]}: nobody is there: 4')
    for words, text in ((['lst'], b'did you mean "list"'), (['list', 'x'], b'unexpected word'), (['show'], b'which run'),
                        (['logs', 'a', 'b'], b'unexpected word'), (['list', '--instance', 'x'], b'--instance'),
                        (['list', '--instance', '1000'], b'--instance')):
        done = place.agents(*words)
        check(done.returncode == 2 and text in done.stderr, f'{words}: 2, {text.decode()}')
    # A process that was killed leaves its socket.
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(place.slot(0))
    stale.close()
    check(place.agents('list').returncode == 4, 'a socket that nobody listens at is nobody')
    os.unlink(place.slot(0))


def listed(place):
    first = Gateway(place.slot(0), fleet_of([
        run('r-0000000000000001', task='Mend the bug\nin the \x1b[31mparser', started_at='2026-11-22T03:34:15.000Z',
            ended_at='2026-11-22T03:35:20.000Z', cost_usd=0.25),
        run('r-0000000000000002', 'failed', '2026-11-22T03:00:00.000Z', reason='exit status 1', task='Grüße 🌉')]))
    second = Gateway(place.slot(3), fleet_of([
        run('r-0000000000000003', 'running', '2026-11-22T03:20:00.000Z', task='x' * 1000)]))
    done = place.agents('list')
    rows = done.stdout.decode().splitlines()
    check(done.returncode == 0 and rows[0].split() == ['RUN', 'STATUS', 'RUNNER', 'WORKFLOW', 'QUEUED', 'TOOK', 'USD', 'TASK'],
          'a table')
    check([r.split()[0][-1] for r in rows[1:]] == ['1', '3', '2'], 'of all gateways, newest first')
    check('1m05s' in rows[1] and '0.25' in rows[1] and 'Mend the bug in the \ufffd[31mparser' in rows[1] and
          '\x1b' not in done.stdout.decode(), 'how long, how much, and texts that a terminal may show')
    check('Grüße 🌉' in rows[3], 'UTF-8')
    done = place.agents('list', '--json')
    runs = json.loads(done.stdout)['runs']
    check([r['run_id'][-1] for r in runs] == ['1', '3', '2'] and runs[0]['cost_usd'] == 0.25 and
          runs[2]['reason'] == 'exit status 1', '--json has all that the gateways said')
    done = place.agents('list', '--json', '--instance', '3')
    check([r['run_id'][-1] for r in json.loads(done.stdout)['runs']] == ['3'], '--instance: one of them')
    check(place.agents('list', '--instance', '2').returncode == 4, 'and where none is: 4')

    done = place.agents('show', 'r-0000000000000002')
    text = done.stdout.decode()
    check(done.returncode == 0 and 'run_id          r-0000000000000002\n' in text and
          'reason          exit status 1\n' in text and 'task            Grüße 🌉\n' in text, 'show: names and values')
    text = place.agents('show', 'r-0000000000000001').stdout.decode()
    check(text.endswith('\ntask:\nMend the bug\nin the \ufffd[31mparser\n'), 'what is long stands below')
    done = place.agents('show', 'r-0000000000000003', '--json')
    check(json.loads(done.stdout)['task'] == 'x' * 1000, 'show --json')
    for words in (['show', 'r-9'], ['cancel', 'r-9'], ['logs', 'r-9']):
        done = place.agents(*words)
        check(done.returncode == 2 and b'no such run: "r-9"' in done.stderr and done.stdout == b'',
              f'{words[0]}: an unknown run: 2')
    check(place.agents('show', '').returncode == 2, 'no id at all: 2')
    check(place.agents('show', 'x' * 200).returncode == 2, 'one that is too long: 2')
    done = place.agents('show', 'r-0')
    check(done.returncode == 2, 'a beginning that two gateways have: 2')

    done = place.agents('cancel', 'r-0000000000000003')
    check(done.returncode == 0 and done.stdout == b'r-0000000000000003 is cancelled\n', 'cancel')
    check([r['op'] for r in first.asked if r.get('id') == 'r-0000000000000003'].count('cancel') == 0,
          'only its own gateway is told')
    check(second.asked[-1] == {'op': 'cancel', 'id': 'r-0000000000000003'}, 'and by its whole name')
    first.close()
    second.close()
    os.unlink(place.slot(0))
    os.unlink(place.slot(3))


def none_yet(place):
    gateway = Gateway(place.slot(0), fleet_of([]))
    done = place.agents('list')
    check(done.returncode == 0 and done.stdout == b'' and b'there are no runs' in done.stderr, 'no runs: 0')
    check(json.loads(place.agents('list', '--json').stdout) == {'runs': []}, 'and an empty list')
    gateway.close()
    os.unlink(place.slot(0))


def logs(place):
    output = bytes(range(256)) * 40 + 'Grüße \u0085'.encode()
    gateway = Gateway(place.slot(0), fleet_of([run('r-1')], output))
    done = place.agents('logs', 'r-1')
    check(done.returncode == 0 and done.stdout == output, 'logs: every byte, into a pipe')
    check(gateway.asked[-1] == {'op': 'logs', 'id': 'r-1'}, 'from the beginning to where it is now')
    done = place.agents('logs', 'r-1', '-f', '--json')
    got = [json.loads(x) for x in done.stdout.splitlines()]
    check(b''.join(base64.b64decode(x['bytes']) for x in got) == output and got[-1]['last'] is True,
          '--json: an object a line')
    check(gateway.asked[-1]['follow'] is True, '-f follows')

    pid, fd = pty.fork()
    if pid == 0:
        os.execve(BASCULE, [BASCULE, 'agents', 'logs', 'r-1', '-c', place.config], place.env)
    shown = b''
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(fd)
    check(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, 'and at a terminal')
    check(not any(b in shown for b in (b'\x1b', b'\x07', b'\x08', b'\xc2\x85')) and 'Grüße'.encode() in shown,
          'nothing that moves it')
    gateway.close()
    os.unlink(place.slot(0))


def followed(place):
    """What comes is shown when it comes; the end of the gateway is no end of the run."""
    more, ends = threading.Semaphore(0), threading.Event()

    def answer(request):
        if request['op'] == 'show':
            return result(run('r-1', 'running'))

        def pieces():
            for i in range(3):
                yield result({'from': i, 'total': i + 1, 'bytes': base64.b64encode(b'%d' % i).decode(), 'last': False})
                more.acquire()
            if not ends.is_set():
                yield result({'from': 3, 'total': 3, 'bytes': '', 'last': True})
        return pieces()
    gateway = Gateway(place.slot(0), answer)
    child = subprocess.Popen([BASCULE, 'agents', 'logs', '-f', 'r-1', '-c', place.config], env=place.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for i in range(3):
        check(child.stdout.read(1) == b'%d' % i, f'piece {i} is there before the next one is')
        more.release()
    check(child.wait(PATIENCE) == 0, 'and it ends with the run')

    def cut(request):
        return result(run('r-1', 'running')) if request['op'] == 'show' else None
    gateway.close()
    os.unlink(place.slot(0))
    gateway = Gateway(place.slot(0), cut)
    done = place.agents('logs', '-f', 'r-1')
    check(done.returncode == 4 and b'the gateway has ended' in done.stderr, 'a gateway that goes away: 4')
    gateway.close()
    os.unlink(place.slot(0))


def hostile(place):
    """One that answers nonsense is named, and hides nobody else."""
    good = Gateway(place.slot(1), fleet_of([run('r-good')]))
    deep = b'[' * 100000 + b'\n'
    for name, answer in (
            ('nothing', None), ('rubbish', b'\xff\xfe\x00rubbish\n'), ('a list', b'[]\n'), ('an empty object', b'{}\n'),
            ('a result of another type', b'{"result":7}\n'), ('deep nesting', deep),
            ('an error without words', b'{"error":{}}\n'), ('no runs', result({'runs': 7})),
            ('runs that are none', result({'runs': [1, 2]})), ('two keys', b'{"result":{},"result":{"runs":[]}}\n'),
            ('half a line', None)):
        gateway = Gateway(place.slot(0), lambda request, a=answer: a)
        done = place.agents('list', '--json')
        check(done.returncode in (1, 4) and [r['run_id'] for r in json.loads(done.stdout)['runs']] == ['r-good'] and
              b'bascule: ' in done.stderr and b'Sanitizer' not in done.stderr, f'{name}: said, and the others are listed')
        done = place.agents('show', 'r-good')
        check(b'r-good' in done.stdout and done.returncode in (0, 1, 4) or done.returncode == 4, f'{name}: show')
        gateway.close()
        os.unlink(place.slot(0))
    gateway = Gateway(place.slot(0), lambda request: error('params', 'no \x1b[2J such\nrun'))
    done = place.agents('show', 'r-x', '--instance', '0')
    check(done.returncode == 2 and b'\x1b' not in done.stderr, 'what it says is shown without what moves a terminal')
    gateway.close()
    os.unlink(place.slot(0))
    odd = {'run_id': 7, 'status': None, 'queued_at': [], 'started_at': 'yesterday', 'cost_usd': '1', 'task': {}}
    gateway = Gateway(place.slot(0), lambda request: result({'runs': [odd, {}]}))
    done = place.agents('list')
    check(done.returncode == 0 and b'r-good' in done.stdout, 'members of other types are left out')
    gateway.close()
    os.unlink(place.slot(0))
    for name, chunk in (('no bytes', {'last': True}), ('no base64', {'bytes': '!', 'last': True}),
                        ('no end', {'bytes': ''}), ('a number', {'bytes': 7, 'last': True})):
        gateway = Gateway(place.slot(0), lambda request, c=chunk: result(
            run('r-1')) if request['op'] == 'show' else result(c))
        done = place.agents('logs', 'r-1', '--instance', '0')
        check(done.returncode == 4 and done.stdout == b'', f'logs: {name}: 4')
        gateway.close()
        os.unlink(place.slot(0))

    def endless(request):
        def flood():
            while True:
                yield b'x' * 1000000
        return flood()
    gateway = Gateway(place.slot(0), endless)
    done = place.agents('list', '--json')
    check(done.returncode == 1 and b'bytes allowed' in done.stderr and b'r-good' in done.stdout, 'an answer without an end: 1')
    gateway.close()
    os.unlink(place.slot(0))
    good.close()
    os.unlink(place.slot(1))


# ---- a gateway -----------------------------------------------------------------------------------

RUNNERS = {
    'upstreams': [],
    'agents': {
        'inline_wait': '1ms',
        'runners': {'shell': {'command': ['/bin/sh'], 'stdin': '{task}', 'parse': 'lines', 'timeout': '5m',
                              'isolate': 'off', 'env': {'allow': ['PATH']}}}},
}


class Real:
    def __init__(self, place):
        self.process = subprocess.Popen([BASCULE, 'serve', '-c', place.config], env=place.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.log, self.port = [], None
        for raw in self.process.stderr:
            self.log.append(raw.decode())
            if 'listening on http://127.0.0.1:' in self.log[-1]:
                self.port = int(self.log[-1].split('127.0.0.1:')[1].split('/')[0])
                break
        check(self.port is not None, 'a gateway with a runner begins ' + ''.join(self.log[-3:] if not self.port else []))
        self.reader = threading.Thread(target=lambda: self.log.extend(x.decode() for x in self.process.stderr), daemon=True)
        self.reader.start()
        self.n = 0

    def call(self, tool, **arguments):
        import http.client
        self.n += 1
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)
        headers = {'Content-Type': 'application/json', 'Accept': 'application/json, text/event-stream'}
        if self.n == 1:
            connection.request('POST', '/mcp', json.dumps({'jsonrpc': '2.0', 'id': 0, 'method': 'initialize', 'params': {
                'protocolVersion': '2025-06-18', 'capabilities': {}, 'clientInfo': {'name': 'test', 'version': '1'}}}), headers)
            answer = connection.getresponse()
            self.session = answer.getheader('Mcp-Session-Id')
            answer.read()
        headers['Mcp-Session-Id'] = self.session
        connection.request('POST', '/mcp', json.dumps({'jsonrpc': '2.0', 'id': self.n, 'method': 'tools/call', 'params': {
            'name': tool, 'arguments': arguments}}), headers)
        text = connection.getresponse().read().decode()
        connection.close()
        found = [json.loads(x[5:] if x.startswith('data:') else x) for x in text.splitlines()
                 if x.startswith(('data: {', '{'))]
        answer = [m for m in found if m.get('id') == self.n][0]
        check('result' in answer, f'{tool} is answered {json.dumps(answer)[:300] if "result" not in answer else ""}')
        return answer['result']['structuredContent']

    def end(self):
        self.process.terminate()
        check(self.process.wait(PATIENCE) == 0, 'the gateway ends in order')
        self.reader.join(PATIENCE)


def until(place, run_id, holds):
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        shown = json.loads(place.agents('show', run_id, '--json').stdout)
        if holds(shown):
            return shown
    check(False, f'{run_id} never came to that: {shown}')


def real(place):
    gateway = Real(place)
    sock = place.slot(0)
    check(os.stat(sock).st_mode & 0o777 == 0o600, 'its control socket is for one user')
    done = place.agents('list')
    check(done.returncode == 0 and b'there are no runs' in done.stderr, 'no runs yet')
    short = gateway.call('maf', task='echo hello; echo Grüße', wait_s=60)
    check(short['status'] == 'completed', f'a run {short["status"]}')
    long = gateway.call('maf', task='echo begun; sleep 600', wait_s=0)
    until(place, long['run_id'], lambda r: r['status'] == 'running' and r['output_bytes'] >= 6)
    runs = json.loads(place.agents('list', '--json').stdout)['runs']
    check([r['run_id'] for r in runs] == [long['run_id'], short['run_id']], 'both are listed, newest first')
    done = place.agents('list')
    check(long['run_id'].encode() in done.stdout and b'running' in done.stdout, 'also as a table')
    done = place.agents('show', short['run_id'][:12])
    check(done.returncode == 0 and short['run_id'].encode() in done.stdout and 'Grüße'.encode() in done.stdout,
          'show by the beginning of its id')
    check(place.agents('logs', short['run_id']).stdout == 'hello\nGrüße\n'.encode(), 'logs')
    child = subprocess.Popen([BASCULE, 'agents', 'logs', '-f', long['run_id'], '-c', place.config], env=place.env,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(child.stdout.read(6) == b'begun\n', 'logs -f: what is there')
    done = place.agents('cancel', long['run_id'])
    check(done.returncode == 0 and long['run_id'].encode() in done.stdout, 'cancel')
    check(child.wait(PATIENCE) == 0, 'logs -f ends with it')
    check(until(place, long['run_id'], lambda r: r['status'] not in ('running', 'queued'))['status'] == 'cancelled',
          'and it is cancelled')
    check(place.agents('show', 'r-nobody').returncode == 2, 'an unknown run: 2')
    gateway.end()
    check(not os.path.exists(sock), 'the socket goes with the gateway')
    check(place.agents('list').returncode == 4, 'and then nobody is there')
    # The next one knows them.
    gateway = Real(place)
    runs = json.loads(place.agents('list', '--json').stdout)['runs']
    check({r['run_id']: r['status'] for r in runs} == {short['run_id']: 'completed', long['run_id']: 'cancelled'},
          'the next gateway knows its runs')
    check(place.agents('logs', short['run_id']).stdout == 'hello\nGrüße\n'.encode(), 'with their output')
    # Killed: what ran is lost.
    third = gateway.call('maf', task='sleep 600', wait_s=0)
    until(place, third['run_id'], lambda r: r['status'] == 'running')
    gateway.process.kill()
    gateway.process.wait(PATIENCE)
    check(place.agents('list').returncode == 4, 'a killed gateway leaves a socket that nobody listens at')
    gateway = Real(place)
    check(until(place, third['run_id'], lambda r: True)['status'] == 'lost', 'and its runs are lost')
    gateway.end()


def main():
    with tempfile.TemporaryDirectory(prefix='bascule-agents-') as root:
        for i, story in enumerate((nobody, listed, none_yet, logs, followed, hostile)):
            story(Place(os.path.join(root, str(i))))
        if '--stand-ins' not in sys.argv:
            real(Place(os.path.join(root, 'real'), RUNNERS))
    print(f'{passed} passed, 0 failed')


main()
