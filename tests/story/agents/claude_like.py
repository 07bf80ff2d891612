#!/usr/bin/env python3
"""Prints what `claude -p --output-format stream-json --verbose` prints, for a task on its stdin.

usage: claude_like.py [ARGUMENT ...] <TASK

Arguments are passed over.  The first of these words in the task says what happens:
  fail       an error in the middle of its work; `turns`, `budget`: it reaches that limit
  login      it is not logged in
  denied     a tool that it may not use
  plain      no JSON at all; `rubbish`: some lines that make no sense
  crash      exits with status 3 without a result; `hang`: never ends
  slow N     N steps, one a second
  write NAME makes a file of that name in its folder
  env NAME   answers with what NAME is in its environment
Otherwise it answers with the task.
"""
import json
import os
import re
import sys
import time

WORDS = ('fail', 'turns', 'budget', 'login', 'denied', 'plain', 'rubbish', 'crash', 'hang', 'slow', 'write', 'env')
SESSION = '6f1d0c52-8c0e-4b7c-9a53-0d6d2f1b7e11'


def put(message):
    print(json.dumps({**message, 'session_id': SESSION}), flush=True)


def assistant(*content):
    put({'type': 'assistant', 'parent_tool_use_id': None, 'message': {
        'id': f'msg_{time.monotonic_ns()}', 'type': 'message', 'role': 'assistant', 'model': 'claude-sonnet-4-5',
        'content': list(content), 'stop_reason': None,
        'usage': {'input_tokens': 4, 'cache_creation_input_tokens': 1000, 'cache_read_input_tokens': 0,
                  'output_tokens': 12}}})


def says(text):
    assistant({'type': 'text', 'text': text})


def uses(name, **arguments):
    assistant({'type': 'tool_use', 'id': 'toolu_1', 'name': name, 'input': arguments})
    put({'type': 'user', 'message': {'role': 'user', 'content': [
        {'type': 'tool_result', 'tool_use_id': 'toolu_1', 'content': 'ok'}]}})


def result(text, subtype='success', is_error=False, **more):
    answer = {'result': text} if subtype == 'success' else {'errors': [text]}
    put({'type': 'result', 'subtype': subtype, 'is_error': is_error, 'duration_ms': 1200, 'duration_api_ms': 1100,
         'num_turns': 2, 'total_cost_usd': 0.0123456, 'permission_denials': [],
         'usage': {'input_tokens': 8, 'cache_creation_input_tokens': 1000, 'cache_read_input_tokens': 2000,
                   'output_tokens': 150}, **answer, **more})
    return 1 if is_error or subtype != 'success' else 0


def work(task):
    """Gives the exit status."""
    what = next((word for word in re.findall(r'[a-z]+', task) if word in WORDS), '')
    after = task.split(what, 1)[1].split() if what else []
    if what == 'plain':
        print('Credit balance is too low')
        return 1
    put({'type': 'system', 'subtype': 'init', 'cwd': os.getcwd(), 'tools': ['Bash', 'Read'], 'mcp_servers': [],
         'model': 'claude-sonnet-4-5', 'permissionMode': 'default', 'apiKeySource': 'none'})
    if what == 'login':
        return result('Invalid API key · Please run /login', is_error=True)
    says('I look at the task.')
    if what == 'fail':
        return result('The model is overloaded', 'error_during_execution', True)
    if what in ('turns', 'budget'):
        limit = 'error_max_turns' if what == 'turns' else 'error_max_budget_usd'
        return result('Reached the limit', limit, what == 'budget')
    if what == 'denied':
        return result('I was not allowed to run it.', permission_denials=[
            {'tool_name': 'Bash', 'tool_use_id': 'toolu_1', 'tool_input': {'command': 'make'}}])
    if what == 'rubbish':
        sys.stdout.buffer.write(b'\xff\xfe\x00\n{"type":\n' + b'[' * 5000 + b'\n\n')
        sys.stdout.flush()
    if what == 'crash':
        sys.stderr.write('TypeError: undefined is not a function\n')
        return 3
    if what == 'hang':
        time.sleep(3600)
    if what == 'slow':
        for i in range(int(after[0]) if after and after[0].isdigit() else 3):
            uses('Bash', command=f'step {i + 1}')
            time.sleep(1)
    if what == 'write' and after:
        with open(after[0], 'w', encoding='utf-8') as file:
            file.write('written by the agent\n')
        uses('Write', file_path=os.path.abspath(after[0]))
    answer = os.environ.get(after[0], f'{after[0]} is not set') if what == 'env' and after else f'Done: {task.strip()}'
    says(answer)
    return result(answer)


if '-h' in sys.argv or '--help' in sys.argv:
    sys.exit(__doc__)
sys.exit(work(sys.stdin.read()))
