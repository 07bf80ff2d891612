"""The debugger's helper shows parked tasks and where they stand.

Stops the unit test of tasks where a parent waits for three sleeping children.
Usage: gdb_tasks.py tools/gdb/bascule.py path/to/test_task
"""
import re
import shutil
import subprocess
import sys

SKIP = 77


def main():
    helper, program = sys.argv[1:]
    if shutil.which("gdb") is None:
        print("skipped: gdb is not installed")
        return SKIP
    run = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "source " + helper,
         "-ex", "break turn_on", "-ex", "run >/dev/null 2>&1", "-ex", "bascule-tasks", "-ex", "kill", program],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    text = run.stdout
    if re.search("ptrace|not permitted", run.stderr):
        print("skipped: gdb may not trace programs here:\n" + run.stderr)
        return SKIP
    tasks = re.split(r"^task ", text, flags=re.M)[1:]
    names = [task.split()[1] for task in tasks]
    assert sorted(names) == ["child"] * 3 + ["test"], text + run.stderr
    for name, task in zip(names, tasks):
        wait, story, reason = (("task_sleep_wait", "child", "a wake or a time") if name == "child" else
                               ("group_wait", "parent", "its group"))
        assert "waits for " + reason in task, task
        frames = re.findall(r"^ +(?:#\d+|inlined in) +(\w+)", task, flags=re.M)
        assert wait in frames and story in frames and "task_main" in frames, task
        assert frames.index(wait) < frames.index(story) < frames.index("task_main"), task
    print("4 tasks shown")
    return 0


if __name__ == "__main__":
    sys.exit(main())
