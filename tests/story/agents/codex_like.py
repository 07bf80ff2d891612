#!/usr/bin/env python3
"""Prints what `codex exec --json` prints, for a task on its stdin.

usage: codex_like.py [ARGUMENT ...] <TASK

Arguments are passed over.  The first of these words in the task says what happens:
  fail       its turn fails; `login`: because it is not logged in
  retry      the connection is lost and found again
  old        the form before {"type": "thread.started"}
  crash      exits with status 3 in its turn; `hang`: never ends
  slow N     N commands, one a second
Otherwise it answers with the task.
"""
import json
import re
import sys
import time

WORDS = ('fail', 'login', 'retry', 'old', 'crash', 'hang', 'slow')


def put(**event):
    print(json.dumps(event), flush=True)


def item(state, number, **what):
    put(type=f'item.{state}', item={'id': f'item_{number}', **what})


def old(answer):
    for message in ({'type': 'session_configured', 'session_id': '0198-old', 'model': 'gpt-5-codex'},
                    {'type': 'task_started', 'model_context_window': 272000},
                    {'type': 'exec_command_begin', 'call_id': 'c', 'command': ['bash', '-lc', 'ls'], 'cwd': '/'},
                    {'type': 'agent_message', 'message': answer},
                    {'type': 'token_count', 'info': {'total_token_usage': {
                        'input_tokens': 3100, 'cached_input_tokens': 2048, 'output_tokens': 41}}},
                    {'type': 'task_complete', 'last_agent_message': answer}):
        put(id='0', msg=message)
    return 0


def work(task):
    """Gives the exit status."""
    what = next((word for word in re.findall(r'[a-z]+', task) if word in WORDS), '')
    answer = f'Done: {task.strip()}'
    if what == 'old':
        return old(answer)
    put(type='thread.started', thread_id='0199a213-81c0-7800-8aa1-bbab2a035a53')
    put(type='turn.started')
    item('completed', 0, type='reasoning', text='**Looking at the task**')
    if what in ('fail', 'login'):
        words = ('stream disconnected before completion' if what == 'fail' else
                 'unexpected status 401 Unauthorized: Missing bearer or basic authentication in header')
        put(type='error', message=words)
        put(type='turn.failed', error={'message': words})
        return 1
    if what == 'retry':
        put(type='error', message='Reconnecting... 1/5')
    steps = re.search(r'slow (\d+)', task)
    for i in range(int(steps.group(1)) if steps else 1):
        command = {'type': 'command_execution', 'command': f"bash -lc 'echo {i}'"}
        item('started', i + 1, **command, aggregated_output='', exit_code=None, status='in_progress')
        if what == 'slow':
            time.sleep(1)
        item('completed', i + 1, **command, aggregated_output=f'{i}\n', exit_code=0, status='completed')
    if what == 'crash':
        sys.stderr.write("thread 'main' panicked\n")
        return 3
    if what == 'hang':
        time.sleep(3600)
    item('completed', 9, type='agent_message', text=answer)
    put(type='turn.completed', usage={'input_tokens': 24763, 'cached_input_tokens': 24448, 'output_tokens': 122})
    return 0


if '-h' in sys.argv or '--help' in sys.argv:
    sys.exit(__doc__)
sys.exit(work(sys.stdin.read()))
