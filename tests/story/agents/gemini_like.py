#!/usr/bin/env python3
"""Prints what `gemini --output-format json` prints, or stream-json, for a task on its stdin.

usage: gemini_like.py [--output-format json|stream-json] [ARGUMENT ...] <TASK

Other arguments are passed over.  The first of these words in the task says what happens:
  fail       an error of the service; `login`: it is not logged in; `turns`: it took all its turns
  crash      exits with status 3 in the middle of its document; `hang`: never ends
  slow N     waits N seconds
Otherwise it answers with the task.
"""
import json
import re
import sys
import time

WORDS = ('fail', 'login', 'turns', 'crash', 'hang', 'slow')
FAILURES = {'fail': ('ApiError', '[API Error: You have exhausted your daily quota]', 1),
            'login': ('FatalAuthenticationError', 'Please set an Auth method in your settings.json', 41),
            'turns': ('FatalTurnLimitedError', 'Reached max session turns for this session.', 53)}
SESSION = 'a3b1c2d4'


def put(kind, **event):
    print(json.dumps({'type': kind, 'timestamp': '2026-01-01T00:00:00.000Z', **event}), flush=True)


def document(what, answer):
    print('Loaded cached credentials.', flush=True)
    out = {'session_id': SESSION}
    if what in FAILURES:
        kind, message, code = FAILURES[what]
        out['error'] = {'type': kind, 'message': message, 'code': code}
    else:
        tokens = {'prompt': 24939, 'candidates': 20, 'total': 25113, 'cached': 21263, 'thoughts': 154, 'tool': 0}
        out |= {'response': answer, 'stats': {'models': {'gemini-2.5-pro': {'tokens': tokens}}, 'tools': {}}}
    text = json.dumps(out, indent=2)
    if what == 'crash':
        sys.stdout.write(text[:len(text) // 2])
        return 3
    print(text)
    return FAILURES[what][2] if what in FAILURES else 0


def stream(what, answer):
    put('init', session_id=SESSION, model='gemini-2.5-pro')
    put('message', role='user', content='the task')
    put('message', role='assistant', content='I look. ', delta=True)
    put('tool_use', tool_name='run_shell_command', tool_id='t-1', parameters={'command': 'ls'})
    put('tool_result', tool_id='t-1', status='success', output='README.md')
    if what == 'crash':
        return 3
    stats = {'total_tokens': 25113, 'input_tokens': 24939, 'output_tokens': 20, 'cached': 0, 'duration_ms': 5000}
    if what in FAILURES:
        kind, message, code = FAILURES[what]
        put('result', status='error', error={'type': kind, 'message': message}, stats=stats)
        return code
    for word in answer.split(' '):
        put('message', role='assistant', content=word + ' ', delta=True)
    put('result', status='success', stats=stats)
    return 0


def main():
    if '-h' in sys.argv or '--help' in sys.argv:
        sys.exit(__doc__)
    task = sys.stdin.read()
    what = next((word for word in re.findall(r'[a-z]+', task) if word in WORDS), '')
    if what == 'hang':
        time.sleep(3600)
    if what == 'slow':
        seconds = re.search(r'slow (\d+)', task)
        time.sleep(int(seconds.group(1)) if seconds else 1)
    form = stream if 'stream-json' in sys.argv else document
    sys.exit(form(what, f'Done: {task.strip()}'))


main()
