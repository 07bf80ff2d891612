#!/usr/bin/env python3
"""A scripted agent that speaks the Agent Client Protocol, version 1, over stdin and stdout.

usage: acp_agent.py [BEHAVIOUR [N]]

What it does stands in the argument, or else is the first of these words in the prompt:
  echo          answers with the prompt (the default)
  permission    asks whether it may, and answers with what came of it
  flood [N]     asks N times at once (40) and answers with how many were allowed and cancelled
  hang          works until it is cancelled; `deaf` not even then
  rubbish       prints lines that make no sense, then answers
  crash         exits with status 3 in the middle of its turn
  auth          wants to be logged in before it makes a session
  version       speaks version 99 of the protocol
  fs            asks for a file of the client and answers with what came of it
  chunks [N]    answers with N parts (10)
  refuse        refuses; `tokens`: runs out of tokens
  env NAME      answers with what NAME is in its environment
"""
import json
import os
import re
import sys
import threading
import time

BEHAVIOURS = ('echo', 'permission', 'flood', 'hang', 'deaf', 'rubbish', 'crash', 'auth', 'version', 'fs', 'chunks',
              'refuse', 'tokens', 'env')

chosen = sys.argv[1] if len(sys.argv) > 1 else None
argument = sys.argv[2] if len(sys.argv) > 2 else None
cancelled = threading.Event()
answers = {}
answered = threading.Condition()
writing = threading.Lock()
next_id = [100]


def send(message):
    with writing:
        sys.stdout.write(json.dumps({'jsonrpc': '2.0', **message}) + '\n')
        sys.stdout.flush()


def update(session, **what):
    send({'method': 'session/update', 'params': {'sessionId': session, 'update': what}})


def say(session, text):
    update(session, sessionUpdate='agent_message_chunk', content={'type': 'text', 'text': text})


def ask(method, params):
    """Sends a request; its answer is fetched with wait()."""
    next_id[0] += 1
    send({'id': f'ask-{next_id[0]}', 'method': method, 'params': params})
    return f'ask-{next_id[0]}'


def wait(number):
    with answered:
        answered.wait_for(lambda: number in answers)
        return answers.pop(number)


def permission(session, what):
    options = [{'optionId': 'yes', 'name': 'Allow', 'kind': 'allow_once'},
               {'optionId': 'always', 'name': 'Always allow', 'kind': 'allow_always'},
               {'optionId': 'no', 'name': 'Reject', 'kind': 'reject_once'}]
    call = {'toolCallId': 'call-1', 'title': what, 'kind': 'execute', 'rawInput': {'command': what}}
    return ask('session/request_permission', {'sessionId': session, 'toolCall': call, 'options': options})


def outcome_of(answer):
    outcome = answer.get('result', {}).get('outcome', {})
    return outcome.get('optionId', outcome.get('outcome', 'error'))


def number(text, default):
    found = re.search(r'\d+', argument or text)
    return int(found.group()) if found else default


def turn(session, text):
    """One prompt; gives the reason why it ended."""
    what = chosen or next((word for word in re.findall(r'[a-z]+', text) if word in BEHAVIOURS), 'echo')
    if what == 'permission':
        update(session, sessionUpdate='tool_call', toolCallId='call-1', title='rm -r build', kind='execute',
               status='pending')
        say(session, f'outcome: {outcome_of(wait(permission(session, "rm -r build")))}')
    elif what == 'flood':
        asks = [permission(session, f'step {i}') for i in range(number(text, 40))]
        outcomes = [outcome_of(wait(one)) for one in asks]
        say(session, f'allowed {outcomes.count("yes") + outcomes.count("always")}, rejected {outcomes.count("no")}, '
            f'cancelled {outcomes.count("cancelled")}')
    elif what == 'hang':
        say(session, 'working')
        cancelled.wait()
    elif what == 'deaf':
        say(session, 'working')
        time.sleep(3600)
    elif what == 'rubbish':
        with writing:
            sys.stdout.flush()
            for line in (b'not JSON', b'{"jsonrpc":', b'\xff\xfe\x00\x01', b'[' * 10000, b'null', b''):
                sys.stdout.buffer.write(line + b'\n')
            sys.stdout.buffer.flush()
        say(session, 'after the rubbish')
    elif what == 'crash':
        say(session, 'about to')
        sys.stderr.write('Segmentation fault, or so\n')
        sys.stderr.flush()
        os._exit(3)
    elif what == 'fs':
        answer = wait(ask('fs/read_text_file', {'sessionId': session, 'path': '/etc/hostname'}))
        say(session, f'error {answer["error"]["code"]}' if 'error' in answer else 'it was read')
    elif what == 'chunks':
        for i in range(number(text, 10)):
            say(session, f'{i} ')
    elif what == 'refuse':
        return 'refusal'
    elif what == 'tokens':
        say(session, 'As far as the tok')
        return 'max_tokens'
    elif what == 'env':
        name = argument or text.split()[-1]
        say(session, os.environ.get(name, f'{name} is not set'))
    else:
        say(session, text)
    return 'cancelled' if cancelled.is_set() else 'end_turn'


def prompt(message):
    session, parts = message['params']['sessionId'], message['params']['prompt']
    text = ''.join(part.get('text', '') for part in parts)
    send({'id': message['id'], 'result': {'stopReason': turn(session, text), 'usage': {
        'inputTokens': 100, 'outputTokens': 20, 'totalTokens': 120}}})


def handle(message):
    method = message.get('method')
    if method is None:
        with answered:
            answers[message.get('id')] = message
            answered.notify_all()
    elif method == 'initialize':
        send({'id': message['id'], 'result': {
            'protocolVersion': 99 if chosen == 'version' else 1, 'agentCapabilities': {'loadSession': False},
            'authMethods': [{'id': 'web', 'name': 'Log in on the web', 'description': None}]}})
    elif method == 'session/new':
        if chosen == 'auth':
            send({'id': message['id'], 'error': {'code': -32000, 'message': 'Authentication required'}})
        else:
            assert os.path.isabs(message['params']['cwd']) and message['params']['mcpServers'] == []
            send({'id': message['id'], 'result': {'sessionId': f'session-{os.getpid()}'}})
    elif method == 'session/prompt':
        threading.Thread(target=prompt, args=(message,), daemon=True).start()
    elif method == 'session/cancel':
        cancelled.set()
    elif 'id' in message:
        send({'id': message['id'], 'error': {'code': -32601, 'message': 'Method not found'}})


def main():
    if chosen in ('-h', '--help') or (chosen and chosen not in BEHAVIOURS):
        sys.exit(__doc__)
    for line in sys.stdin:
        handle(json.loads(line))


main()
