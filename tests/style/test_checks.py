#!/usr/bin/env python3
"""The checks of tools/ on small trees: each finds what it is there for, and nothing in clean code.  TAP."""
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / 'tools'
CONF = 'base:\nnet: base\ngateway: base net\n'
CLEAN = '/* What happens here. */\nint\nmain(void)\n{\n\treturn 0;\n}\n'


def function(lines, above='', branch=''):
    return f'{above}int\nf(int a)\n{{\n' + '\t%s a++;\n' % branch * (lines - 5) + '\treturn a;\n}\n'


LAYERS = [      # (what, file, text, what must be said: '' for nothing)
    ('a folder below may be used', 'net/a.c', '#include "base/base.h"\n', ''),
    ('its own private header may be used', 'net/a.c', '#include "net/private.h"\n', ''),
    ('a folder above may not', 'net/bad.c', '#include "gateway/gateway.h"\n', 'net/bad.c:1: net may not use gateway'),
    ('nor with blanks in the line', 'net/bad.c', '\n #  include "gateway/gateway.h"\n', 'net/bad.c:2: net may not'),
    ('a private header of a neighbour may not', 'net/bad.c', '#include "base/hash.h"\n', 'is private to base'),
    ('headers are written with their folder', 'net/bad.c', '#include "net.h"\n', 'is not written as folder/header.h'),
    ('nor relative to the file', 'net/bad.c', '#include "../base/base.h"\n', 'is not written as folder/header.h'),
    ('a folder needs a line', 'other/a.c', '', 'other/a.c:1: other has no line in layers.conf'),
    ('a line may not point upwards', 'layers.conf', 'base: net\nnet:\n', 'stands above it or nowhere'),
]
STYLE = [
    ('clean code passes', CLEAN, ''),
    ('a banned call is found', 'int\nf(char *a)\n{\n\treturn atoi (a);\n}\n', 'src/a.c:4: atoi is banned'),
    ('not in a comment or string', '/* atoi(x) */\nint\nf(void)\n{\n\treturn g("atoi(x)", \'"\', "//");\n}\n', ''),
    ('not as a part of a name or a member', 'int\nf(void)\n{\n\treturn my_system(a.system(1), b->gets(2));\n}\n', ''),
    ('100 columns pass', '/*' + 96 * 'x' + '*/\n' + CLEAN, ''),
    ('101 columns do not', '/*' + 97 * 'x' + '*/\n' + CLEAN, 'src/a.c:1: 101 columns'),
    ('a tab counts to the next eighth', '\t/*' + 89 * 'x' + '*/\n' + CLEAN, '101 columns'),
    ('a long string may stay', 'const char *a = "' + 120 * 'x' + '";\n' + CLEAN, ''),
    ('150 lines pass', function(150), ''),
    ('151 lines do not', function(151), 'src/a.c:1: f has 151 lines'),
    ('unless a line above says why', function(151, '/* long: a table */\n'), ''),
    ('or a line of the comment above', function(151, '/*\n * What it does.\n * long: a table\n */\n'), ''),
    ('but no comment further up', '/* long: a table */\n\n' + function(151), 'has 151 lines'),
    ('an empty reason is none', function(151, '/* long: */\n'), 'has 151 lines'),
    ('complexity 25 passes', function(29, branch='if (a)'), ''),
    ('complexity 26 does not', function(30, branch='if (a)'), 'complexity 26'),
    ('loops, cases and operators count', function(14, branch='while (a && b || c)'), 'complexity 28'),
    ('the brace of a function stands alone', 'int f(void) {\n\treturn 0;\n}\n' + CLEAN, 'stands alone'),
    ('TODO needs the number of an issue', '/* TODO: later */\n' + CLEAN, 'TODO without'),
    ('with one it may stay', '/* TODO(#12): later */\n' + CLEAN, ''),
    ('todo() is counted', 'int\nf(int a)\n{\n\ttodo(a > 0);\n\treturn a;\n}\n', 'src: 1 todo()'),
    ('its definition is not', '#define todo(x) must(x)\n' + CLEAN, ''),
]


def run(tool, root):
    done = subprocess.run([TOOLS / tool, root], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    print(f'1..{len(LAYERS) + len(STYLE)}')
    cases = [('check-layers', what, name, text, say) for what, name, text, say in LAYERS]
    cases += [('check-style', what, 'a.c', text, say) for what, text, say in STYLE]
    failed = 0
    for number, (tool, what, name, text, say) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory() as folder:
            src = Path(folder) / 'src'
            (src / name).parent.mkdir(parents=True)
            (src / 'layers.conf').write_text(CONF)
            (src / name).write_text(text)
            status, said = run(tool, src if tool == 'check-layers' else folder)
        good = (status == 1 and say in said) if say else status == 0
        failed += not good
        print(f'{"ok" if good else "not ok"} {number} - {tool}: {what}')
        if not good:
            print(''.join(f'# exit {status}, wanted {say!r}: {line}\n' for line in said.splitlines()))
    return 1 if failed else 0


sys.exit(main())
