"""What came of the comparison, tool by tool: equal, a superset, or different for a reason; docs/parity.md is made of it."""
import atlassian_differences
from atlassian_calls import CLOUD, DC

RUNS = {}                               # by kind of site


class Parity:
    """Of one kind of site: which tools both have, what was called, and by which rows a difference was forgiven."""

    def __init__(self, theirs, ours):
        self.theirs, self.ours = theirs, ours
        self.calls, self.more, self.rows = {}, set(), {}

    def called(self, tool, has_more):
        self.calls[tool] = self.calls.get(tool, 0) + 1
        if has_more:
            self.more.add(tool)

    def found(self, tool, row):
        """row None: nothing forgives it."""
        self.rows.setdefault(tool, set()).add(row)


def of(kind, theirs, ours):
    RUNS[kind] = Parity(theirs, ours)
    return RUNS[kind]


def has_more(theirs, ours):
    """Has ours a member that theirs has not?"""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return any(name not in theirs or has_more(theirs[name], value) for name, value in ours.items())
    if isinstance(theirs, list) and isinstance(ours, list):
        return any(has_more(a, b) for a, b in zip(theirs, ours))
    return False


def is_whole(calls):
    return set(RUNS) == {DC, CLOUD} and all(sum(run.calls.values()) == calls for run in RUNS.values())


def reasons(tool):
    """What differs, in words; None: something that nothing forgives."""
    rows = sorted(set().union(*(run.rows.get(tool, set()) for run in RUNS.values())), key=lambda row: -1 if row is None else row)
    if None in rows:
        return None
    words = []
    for row in (atlassian_differences.ROWS[n] for n in rows):
        if row.tools != atlassian_differences.ANY:
            words.append(row.what + (f" ({row.where})" if row.where else ""))
    return list(dict.fromkeys(words))


def verdict(tool):
    missing = [kind for kind, run in RUNS.items() if tool in run.theirs and tool not in run.ours]
    if missing:
        return "missing on " + " and ".join(missing)
    if not any(tool in run.calls for run in RUNS.values()):
        return "not compared"
    words = reasons(tool)
    if words is None:
        return "differs, and nothing says why"
    if words:
        return "differs: " + "; ".join(words)
    return "superset" if any(tool in run.more for run in RUNS.values()) else "equal"


def page():
    theirs = sorted(set().union(*(run.theirs for run in RUNS.values())), key=lambda name: (name[0] == "c", name))
    verdicts = {tool: verdict(tool) for tool in theirs}
    good = [tool for tool, text in verdicts.items() if text in ("equal", "superset") or text.startswith("differs: ")]
    calls = sum(RUNS[DC].calls.values())
    lines = [f"""# Parity with mcp-atlassian

{len(good)} of the {len(theirs)} tools of `mcp-atlassian` 0.23.1 are here, with their names and arguments, and were compared:
{calls} calls of both on Data Center and the same on Cloud. Made by that run
(`BASCULE_GOLDEN=write tests/interop/run --all -k atlassian`).

*Equal*: every member of their results is in ours with the same value, and no other. *Superset*: and more. *Differs*: for
the reasons that [differences.md](differences.md) gives under these words. Aside from all three: the form of times,
members without a value, ends of texts, wording.

| tool | Data Center | Cloud | |
|---|---|---|---|"""]
    for tool, text in verdicts.items():
        counts = [run.calls.get(tool, 0) if tool in run.theirs | run.ours else "-" for run in (RUNS[DC], RUNS[CLOUD])]
        lines.append(f"| `{tool}` | {counts[0]} | {counts[1]} | {text} |")
    return "\n".join(lines) + "\n"
