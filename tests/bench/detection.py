#!/usr/bin/env python3
"""Writes docs/detection.md: what `bascule scan` finds in labelled texts, and what it does not.

    tests/bench/detection.py DATA BASCULE >docs/detection.md

DATA holds secrets.jsonl, pii.jsonl, injection.jsonl and benign.jsonl: rows {id, class, label: bad|good, hard?, for?,
text_b64}.  They are no part of this tree: other texts of the same form do as well, and should.

The same texts are shown to the filters of gatekit, each switched on in full and told to block.  It is brought by its name
into $BASCULE_PEERS (or .cache/peers); where that cannot be done, the page says why there is no comparison.
"""
import base64
import collections
import json
import os
import subprocess
import sys

FILES = {"secrets": "secret", "pii": "pii", "injection": "injection"}
TITLES = {"secret": "Secrets", "pii": "Personal data", "injection": "Injected instructions"}
SHOWN = 12                                      # classes that are all found are named in one line

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PEERS = os.environ.get("BASCULE_PEERS") or os.path.join(ROOT, ".cache", "peers")
GATEKIT = "0.3.0"

# In gatekit's own Python: texts as JSON lines in, {id, kinds} out.
GATEKIT_PROGRAM = """
import asyncio, json, logging, sys
from gatekit.plugins.security.pii import BasicPIIFilterPlugin
from gatekit.plugins.security.prompt_injection import BasicPromptInjectionDefensePlugin
from gatekit.plugins.security.secrets import BasicSecretsFilterPlugin
from gatekit.protocol.messages import MCPRequest
logging.disable(logging.CRITICAL)
on = lambda names: {name: {"enabled": True} for name in names.split()}
filters = {
    "secret": BasicSecretsFilterPlugin({"enabled": True, "action": "block", "secret_types": on(
        "aws_access_keys github_tokens google_api_keys jwt_tokens openai_api_keys slack_tokens ssh_private_keys private_keys")}),
    "pii": BasicPIIFilterPlugin({"enabled": True, "action": "block", "pii_types": on(
        "email phone credit_card ip_address national_id")}),
    "injection": BasicPromptInjectionDefensePlugin({"enabled": True, "action": "block", "sensitivity": "strict",
        "detection_methods": on("delimiter_injection role_manipulation context_hijacking")}),
}
async def main():
    for line in sys.stdin:
        row = json.loads(line)
        kinds = []
        for kind, one in filters.items():
            request = MCPRequest(jsonrpc="2.0", method="tools/call", id=1,
                                 params={"name": "note", "arguments": {"text": row["text"]}})
            if (await one.process_request(request, "server")).allowed is False:
                kinds.append(kind)
        print(json.dumps({"id": row["id"], "kinds": kinds}))
asyncio.run(main())
"""

HEAD = """# What the scanners find

[What becomes of it](scanning.md) is the configuration's to say. `bascule scan` and the library behind it (src/guard/scan*) look for three kinds of things, each with a score from 1 to 100:

- **secrets**: about 300 rules in one table ([scan_pack.c](../src/guard/scan_pack.c)). A service whose tokens have a prefix is
  found by that; one whose tokens have none by its name and what is assigned to it; anything else by a name such as `password`
  with a value that looks random. The check sum of GitHub's tokens and the header of a JWT raise the score; they do not decide,
  for a secret with a wrong digit is still one.
- **personal data**: cards (Luhn, and the ranges and lengths of the brands), IBAN (mod 97 and the lengths of the register),
  identity numbers with their check digits, e-mail, telephone numbers in the international form, IPv4 and IPv6. A check digit
  decides. Numbers that one in ten passes by chance need a word for them close before.
- **injected instructions**: texts that talk to the model. They are folded first (NFKC, case, accents, invisible and tag
  characters, look-alikes, terminal escapes) and what is encoded is decoded, bounded (base64 also twice, hex, bits, percent,
  `\\\\u` and `\\\\x`, HTML references, letters written as digits). Words stand for topics in seven languages, sequences of topics
  for rules, and rules have weights ([scan_words.c](../src/guard/scan_words.c)): 100 in one stretch of text is a finding.

The figures below are made by `tests/bench/detection.py` from labelled texts. Each row is a class of texts; recall is taken
over classes, so that a large one does not hide a small one. Texts marked hard are ordinary requests that only their place
makes an attack; no scanner of words can find them, and none of them counts. What time it takes: `make bench ARGS="--only scan"`.
"""

TAIL = """
## What is not caught

- Orders that use no words for orders. "Include the reference in your summary" in a page is found by nothing here; who may
  call what, and with which data, is a matter of rules, not of scanners.
- Paraphrases, other languages than English, German, French, Spanish, Italian, Portuguese and Dutch (a few words of Russian
  and Chinese), rhymes, Morse code, base85, rot13, acrostics, and texts in pictures.
- Encodings nested deeper than two, more than 32 encoded texts or 64 KiB of them in one text, and base64 with white space
  within. Folding stops after 4 MiB.
- Secrets that are encoded or written with spaces, secrets without a name or a prefix (a bare hex string is not told from a
  check sum), passwords of less than ten characters or without digits behind a name such as `password`.
- Personal data without a grammar: names, addresses, dates of birth, telephone numbers in national forms without a word before.
- Values that services gave up long ago, and formats that changed since the pack was written.
"""


def load(folder):
    rows = []
    for name in [*FILES, "benign"]:
        with open(os.path.join(folder, name + ".jsonl"), encoding="utf-8") as f:
            for line in f:
                row = json.loads(line)
                row["file"] = name
                row["text"] = base64.b64decode(row["text_b64"]).decode()
                rows.append(row)
    return rows


def scan(bascule, rows):
    lines = "".join(json.dumps({"id": i, "text": row["text"]}) + "\n" for i, row in enumerate(rows))
    done = subprocess.run([bascule, "scan", "--json", "-"], input=lines, capture_output=True, text=True, timeout=600)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if [a["id"] for a in answers] != list(range(len(rows))):
        sys.exit("detection: not every text was answered, in order: " + done.stderr)
    for row, answer in zip(rows, answers):
        row["kinds"] = {f["kind"] for f in answer["findings"]}


def gatekit_python():
    """Its Python, brought if need be; or the reason why there is none."""
    folder = os.path.join(PEERS, "gatekit")
    python = os.path.join(folder, "bin", "python")
    try:
        if subprocess.run([python, "-c", "import gatekit.plugins.security.pii"], capture_output=True).returncode == 0:
            return python, None
    except OSError:
        pass
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=120)
        subprocess.run([python, "-m", "pip", "install", "-q", "gatekit==" + GATEKIT], check=True, capture_output=True,
                       timeout=300)
        return python, None
    except (OSError, subprocess.SubprocessError) as reason:
        return None, f"gatekit {GATEKIT} could not be installed ({type(reason).__name__})"


def gatekit_scan(rows):
    """Puts row["gatekit"] into each; or says why not."""
    python, reason = gatekit_python()
    if python is None:
        return reason
    lines = "".join(json.dumps({"id": i, "text": row["text"]}) + "\n" for i, row in enumerate(rows))
    done = subprocess.run([python, "-c", GATEKIT_PROGRAM], input=lines, capture_output=True, text=True, timeout=600)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if [a["id"] for a in answers] != list(range(len(rows))):
        return f"gatekit {GATEKIT} did not answer every text"
    for row, answer in zip(rows, answers):
        row["gatekit"] = set(answer["kinds"])
    return None


def figures(rows, file, kind, found):
    """Mean recall over classes, and false alarms, of what row[found] says."""
    bad, good = collections.defaultdict(list), []
    for row in rows:
        if row["file"] == file and row["label"] == "bad" and not row.get("hard"):
            bad[row["class"]].append(kind in row[found])
        elif row["label"] == "good" and (row["file"] == file or kind in row.get("for", [])) and \
                not row["class"].startswith("near-miss/"):
            good.append(kind in row[found])
    recall = sum(sum(hits) / len(hits) for hits in bad.values()) / len(bad)
    return f"{100 * recall:.1f} %", percent(sum(good), len(good))


def comparison_print(rows):
    print("\n## Beside gatekit\n")
    reason = gatekit_scan(rows)
    if reason is not None:
        print(f"Not measured: {reason}.")
        return
    print(f"The same texts, shown to the filters of gatekit {GATEKIT} with every type of theirs switched on (prompt injection: "
          "`strict`)\nand told to block. Recall is the mean over classes, as above.\n")
    print("| | bascule: recall | false alarms | gatekit: recall | false alarms |\n|---|---:|---:|---:|---:|")
    for file, kind in FILES.items():
        print(f"| {TITLES[kind]} | {' | '.join(figures(rows, file, kind, 'kinds'))} | "
              f"{' | '.join(figures(rows, file, kind, 'gatekit'))} |")


def percent(hit, of):
    return f"{100 * hit / of:.1f} %"


def table(head, counts):
    if not counts:
        return
    print(f"\n| {head} | texts | found | |\n|---|---:|---:|---:|")
    for name, (hit, of) in sorted(counts.items()):
        print(f"| {name} | {of} | {hit} | {percent(hit, of)} |")


def kind_print(rows, file, kind):
    bad, hard, good, near = (collections.defaultdict(lambda: [0, 0]) for _ in range(4))
    for row in rows:
        if row["file"] == file and row["label"] == "bad":
            into = (hard if row.get("hard") else bad)[row["class"]]
        elif row["label"] == "good" and (row["file"] == file or kind in row.get("for", [])):
            near_miss = row["class"].startswith("near-miss/")
            into = (near if near_miss else good)[row["class"].split("/")[0]]
        else:
            continue
        into[0] += kind in row["kinds"]
        into[1] += 1
    recall = 100 * sum(hit / of for hit, of in bad.values()) / len(bad)
    false = sum(hit for hit, _ in good.values()), sum(of for _, of in good.values())
    print(f"\n## {TITLES[kind]}\n\nRecall {recall:.1f} % (mean of {len(bad)} classes), false alarms "
          f"{percent(*false)} of {false[1]} ordinary texts.")
    whole = [name for name, (hit, of) in sorted(bad.items()) if hit == of]
    if len(whole) > SHOWN:
        print(f"\nAll texts were found in {len(whole)} classes: {', '.join(whole)}.")
    else:
        whole = []
    table("class", {name: c for name, c in bad.items() if name not in whole})
    if hard:
        table("class, hard: not counted", hard)
    table("ordinary texts (false alarms)", good)
    if near:
        table("texts made to look like secrets", near)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rows = load(sys.argv[1])
    scan(sys.argv[2], rows)
    print(HEAD.replace("\\\\", "\\"), end="")
    for file, kind in FILES.items():
        kind_print(rows, file, kind)
    comparison_print(rows)
    print(TAIL, end="")


if __name__ == "__main__":
    main()
