#!/usr/bin/env python3
"""docs/threats.md: what is done to people who connect models to tools, what bascule does, and the stories and tests that
prove it.

    tests/story/threats.py            writes the page
    tests/story/threats.py --check    fails when the page is not what the table says, or a proof does not exist

A proof is the title of a story; (program, test) of a test in C; (script.py, function) of a script of stories.
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "threats.md")
HEAD = """# Threats

What has happened to people who connect models to tools, and what bascule does against it. Each line ends with what proves
it: stories of `tests/story`, tests of a program in `tests/unit` or `tests/story`, functions of a script there. The page is made
by `tests/story/threats.py`, which fails where a proof does not exist.

No line says that a threat is over. What goes by words (scanners) misses some; [detection.md](detection.md) says how many.
What goes by where things come from and go to ([flow.md](flow.md)), by who calls ([auth.md](auth.md)) or by what was approved
does not depend on words.

"""
MIDDLE = """
## What befell servers for Jira and Confluence

In 2026 some thirty faults of one widely used server of that kind were published (CVE-2026-27825, 27826 and 77242 to 77274).
By class, and what keeps bascule's own tools from them:

"""

# threat, what bascule does, what proves it
ROWS = [
    ("Poisoned tools: orders to the model in descriptions, schemas, names, instructions",
     "every string of a definition is looked at; a poisoned one hides that tool alone",
     ["a poisoned definition hides that tool alone", "a description is cleaned, a poisoned name hides the tool"]),
    ("Rug pull: a tool that changes after it was approved",
     "`bascule.lock` has a hash of each definition, command and version; what differs is told, or hidden and refused, also "
     "while it runs, and for each session alike",
     ["enforce hides and refuses what has changed or was never approved, and nothing else",
      "a tool that changes while it runs is hidden, accepted it comes back",
      "what one session is shown says nothing of another's"]),
    ("Shadowing: names that are taken, or look as if",
     "tools carry the name of their server; a collision is resolved and told; look-alikes are told",
     ["names that could be taken for others are told once",
      "a tool that the server does not list is not called by who knows its name"]),
    ("Orders to the model in results, resources, errors and questions",
     "found, in other letters and codes too, and cut out, refused or logged; a large text is looked at beside the loop",
     ["hidden instructions in a result are cut out line by line", "a secret in an error and in a refused result",
      "what a server asks, and what it is answered", "what a server tells meanwhile is changed, or not told"]),
    ("Private data, untrusted content and a way out, together in one session",
     "after what anybody may have written was read, tools that send something out are asked for or refused; canaries and URLs "
     "are stopped on their way out; images that would be loaded from elsewhere are taken out",
     ["what anybody may have written was read: a sink is refused in that session, and not in another",
      "private data, untrusted content, a sink: only all three are closed, for as long as that is fresh",
      "a modern client has no session: what its caller read with these capabilities counts",
      "a sink that has to be asked for: the user sees what would be sent, and says yes or no",
      "a canary leaves by no other server, in no code",
      "egress: URLs in arguments lead to hosts that are named, or nowhere",
      "egress: what a client would load by itself from elsewhere is taken out of results"]),
    ("Secrets in arguments, results and logs",
     "found by form, entropy and check sum; replaced by placeholders under which equal ones stay equal",
     ["a secret in arguments is cut out, and everything else stays as it is",
      "a secret in a result is cut out of texts, structures and files", ("test_scan", "redacts")]),
    ("Personal data", "found by check digits and context; replaced in the same way",
     ["personal data in arguments and results", ("test_scan", "personal_data")]),
    ("Confused deputy: a client's token that is passed on",
     "what a client brings to be let in goes to no server; what servers get is configured",
     ["what lets a client in goes to no server", ("cli_tenants.py", "refused")]),
    ("Requests to addresses inside (SSRF)",
     "a request may name only hosts that are allowed; the address that was looked at is the one that is connected to",
     [("cli_tenants.py", "named_hosts"), ("test_access", "test_addresses"), ("test_rest", "rebound"),
      "an endpoint of another origin is refused"]),
    ("Redirects that take credentials along", "none is followed", ["a server's redirect is followed nowhere, with or without a body", ("test_rest", "replies")]),
    ("DNS rebinding, pages of other origins",
     "Host and Origin must be known names, a POST must be JSON; nothing is allowed to other origins",
     ["a browser's page of elsewhere is told nothing, not even that it may not ask",
      "what HTTP refuses before the body is read"]),
    ("Sessions that are taken over, answers to the wrong client",
     "a session is its caller's; its id opens nothing to another, and is no credential; each client has ids of its own",
     ["two callers and one session id: the session is only whose it is, in every method",
      "equal ids of many clients at the same time are answered each to its own",
      "where keys are configured, every request needs one, also on this machine",
      ("test_front_http", "resume_only_its_own"), "equal tokens of two clients do not mix"]),
    ("Commands from elsewhere",
     "no request can name one: commands stand in the configuration alone, and run without a shell in an environment of their "
     "own",
     ["no request names a command, an address or a file of the configuration",
      ("test_keeper", "test_environment_is_exact"), ("test_keeper", "test_only_three_descriptors")]),
    ("Paths that lead out of a folder",
     "files are read from one folder, below which no link and no `..` leads out; elsewhere content comes inside of calls; a "
     "rule asks of a path where it leads once it is resolved",
     [("test_jira_attachments", "stays_in_the_folder"), ("cli_paths.py", "names"), ("cli_paths.py", "races"),
      "a rule asks of a path where it leads, and everything that is no plain path is outside",
      "a folder that nobody may touch is not reached by another spelling of its path"]),
    ("Two readers of one text",
     "what two readers could see differently is refused: names twice, in other case or in escapes, lone surrogates; what goes on "
     "is what was read",
     ["members that two readers could see differently are refused", "a lone surrogate of a client is refused",
      "depth is bounded", "headers of a client must say what its body says"]),
    ("Exhaustion", "everything has a bound: sessions, messages, depth, memory, requests in progress; callers have limits",
     ["an idle session ends, the longest idle one gives way to a new one",
      "more requests than limits.in_flight are refused, not queued",
      "each caller has a limit of its own, whatever the others do",
      "concurrent: a place is free again when the call is answered, cancelled or over its time",
      ("test_limits", "test_never_more"), ("test_limits", "test_flood_of_names"), ("test_scan", "bounded")]),
    ("Credentials that nobody looks at", "a credential that nobody has confirmed lets no tool run",
     [("cli_tenants.py", "strangers"),
      "a credential that is not exactly one valid key is refused, and never says why"]),
    ("Filters that are walked around",
     "projects and spaces are asked of what came back too, in one place; what is hidden is refused as well",
     [("cli_site_faults.py", "filters"), ("cli_resources.py", "few")]),
    ("Token files that others read", "0600 from the first moment, sealed; what others can write or own is refused",
     [("test_vault", "open_files_are_refused"), ("test_vault", "foreign_files_are_refused"),
      ("test_vault", "what_is_written_is_read")]),
    ("Too much power, calls that destroy",
     "rules by server, tool, caller and arguments; the user is asked with the literal arguments; what a server says of its own "
     "tools allows nothing by itself",
     ["a refusal names the rule, the server, and why",
      "a call that a rule asks for waits for the user, who sees what would be sent",
      "a client that cannot be asked is refused at once",
      "caller, tenant, client and annotations are matched"]),
    ("Servers that nobody knows of, other versions than were approved",
     "every server is configured by name; a command, a program or a version that is not the approved one is not used; "
     "who executes whatever a registry has today is told so",
     ["a server whose command is not the approved one is not started",
      "a server of another version is not used, and its instructions are those approved",
      ("cli_lock.py", "story"),
      "a command that executes whatever a registry has today is told, one that names a version is not"]),
    ("Records that are changed or forged",
     "what a log or a record quotes is one line, without controls; the chain of records shows what is changed, missing or "
     "added; in mode strict what cannot be written down is not done",
     [("cli_hostile.py", "play"), ("cli_hostile.py", "trail"), ("cli_audit.py", "changed"), ("cli_audit.py", "killed"),
      ("cli_audit.py", "full_strict"), ("test_log", "escapes"), ("test_audit_chain", "test_forged"), ("test_audit_form", "hostile_texts_read_back")]),
    ("Servers on this machine that reach for more",
     "they get three descriptors and the environment that is configured; in a sandbox the files, hosts and resources that "
     "are named, and where that cannot be had they are not started",
     [("cli_isolation.py", "files"), ("cli_isolation.py", "network"), ("cli_isolation.py", "limits"),
      ("cli_isolation.py", "refused"), ("test_keeper", "test_environment_is_exact"), ("test_keeper", "test_only_three_descriptors"),
      ("test_keeper", "test_exit_takes_the_tree")]),
]
# CVE-2026-..., what it was, what bascule does, what proves it
CLASSES = [
    ("77244", "any token that is not empty is taken", "a site confirms it before anything runs",
     [("cli_tenants.py", "strangers"), ("cli_tenants.py", "once")]),
    ("77254", "requests without a credential use the configured one",
     "they are refused, unless the operator lends his in so many words",
     [("cli_tenants.py", "strangers"), ("cli_tenants.py", "lent"), ("cli_tenants.py", "refused")]),
    ("77243", "tools that are not enabled are hidden, and can be called", "one table decides both",
     [("cli_resources.py", "few")]),
    ("77251, 77252", "filters of projects and spaces are walked around",
     "what came back is asked too, in every tool, on both kinds of deployment", [("cli_site_faults.py", "filters")]),
    ("27825, 77246, 77247, 77253, 77255, 77258 to 77260, 77262, 77266, 77269, 77270",
     "files of the server's machine are read or written",
     "no argument is a path: content comes inside of calls, or from one folder that nothing leads out of",
     [("test_jira_attachments", "stays_in_the_folder"), ("test_jira_attachments", "sends_files"),
      ("test_confluence_parts", "plays_uploads"), ("test_confluence_parts", "plays_downloads")]),
    ("27826, 77242, 77249, 77261, 77265, 77267, 77274", "requests to addresses inside",
     "one client for all requests: hosts are allowed by name, addresses looked at and pinned, no redirect is followed",
     [("cli_tenants.py", "named_hosts"), ("test_access", "test_addresses"), ("test_rest", "rebound"),
      ("test_rest", "replies")]),
    ("77250, 77256, 77268", "files of tokens are readable", "0600 from the first moment, sealed",
     [("test_vault", "open_files_are_refused"), ("test_vault", "what_is_written_is_read"),
      ("cli_login.py", "cloud")]),
]


def known():
    """All that may prove something; tests of C count only if their program runs them."""
    names = set()
    for path in glob.glob(os.path.join(ROOT, "tests", "story", "*.story")):
        with open(path, encoding="utf-8") as f:
            names |= set(re.findall(r'^story "([^"]+)"', f.read(), re.M))
    for path in glob.glob(os.path.join(ROOT, "tests", "*", "test_*.c")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        names |= {(os.path.basename(path)[:-2], name) for name in re.findall(r"^(\w+)\(void \*\*", text, re.M)
                  if len(re.findall(r"\b" + name + r"\b", text)) > 1}
    for path in glob.glob(os.path.join(ROOT, "tests", "story", "*.py")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        # Called as well as defined.
        names |= {(os.path.basename(path), name) for name in re.findall(r"^def (\w+)\(", text, re.M)
                  if len(re.findall(r"\b" + name + r"\b", text)) > 1}
    return names


def page():
    there, proofs, missing = known(), [], []

    def numbers(proved):
        found = []
        for proof in proved:
            if proof not in there:
                missing.append(proof)
            text = proof if isinstance(proof, str) else f"`{proof[0]}`: `{proof[1]}`"
            if text not in proofs:
                proofs.append(text)
            found.append(str(proofs.index(text) + 1))
        return ", ".join(found)

    lines = ["| | threat | what bascule does | |", "|---|---|---|---|"]
    lines += [f"| {i} | {threat} | {does} | {numbers(proved)} |" for i, (threat, does, proved) in enumerate(ROWS, 1)]
    classes = ["| CVE-2026- | what it was | what bascule does | |", "|---|---|---|---|"]
    classes += [f"| {cve} | {was} | {does} | {numbers(proved)} |" for cve, was, does, proved in CLASSES]
    if missing:
        sys.exit("threats: there is no " + "; ".join(map(str, missing)))
    return (HEAD + "\n".join(lines) + "\n" + MIDDLE + "\n".join(classes) + "\n\n## Proofs\n\n" +
            "\n".join(f"{i}. {proof}" for i, proof in enumerate(proofs, 1)) + "\n")


def main():
    text = page()
    if sys.argv[1:] != ["--check"]:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(text)
        return
    with open(PAGE, encoding="utf-8") as f:
        if f.read() != text:
            sys.exit("threats: docs/threats.md is not what the table says: run tests/story/threats.py")
    print(f"ok {len(ROWS)} threats, {len(CLASSES)} classes, each with what proves it")


main()
