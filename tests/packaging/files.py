#!/usr/bin/env python3
"""The files of packaging/ hold what they should.  TAP.

usage: files.py BASCULE [--go]

Every bascule.yaml there, also those within other files, is one that `bascule check` takes; the dashboard has the metrics of
docs/metrics.md, all of them and no other; what the Dockerfile copies is there.  --go: the documents for Kubernetes are
decoded strictly into the published types, by the program in kubernetes/ (Go fetches these types when it has not yet).
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BLOCK = re.compile(r"^( *)(?:content|bascule\.yaml): \|\n((?:\1 +.*\n|\n)+)", re.M)
METRIC = re.compile(r"\b(?:bascule|maf|process)_[a-z_]+")


class Skip(Exception):
    pass


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def configurations():
    """(where, text) of each bascule.yaml; in a compose file a dollar sign is written twice."""
    for name in ("bascule.yaml", "container.yaml"):
        yield "packaging/" + name, read("packaging", name)
    for path in ["packaging/compose.yaml", *sorted(glob.glob("packaging/kubernetes/*.yaml", root_dir=ROOT))]:
        text = read(path)
        for found in BLOCK.finditer(text):
            indent = len(found[2]) - len(found[2].lstrip(" "))
            lines = "".join(line[indent:] for line in found[2].splitlines(True))
            if path.endswith("compose.yaml"):
                lines = lines.replace("$$", "$")
            yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}", lines


def checked(text):
    """Its secrets and variables stand in a folder and an environment made for it."""
    def secret(found):
        name = found[1].replace("/", "-")
        with open(os.path.join(folder, name), "w") as file:
            file.write("0123456789abcdef" * 3)
        return f"file:{folder}/{name}"

    with tempfile.TemporaryDirectory() as folder:
        text = re.sub(r"file:/run/secrets/([\w/-]+)", secret, text).replace("/usr/bin/bascule", program)
        path = os.path.join(folder, "bascule.yaml")
        with open(path, "w") as file:
            file.write(text)
        environ = {"PATH": "/usr/bin:/bin", "HOME": folder}
        environ.update((name, "0123456789abcdef" * 3) for name in re.findall(r"\$\{(\w+)\}", text))
        environ.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
        done = subprocess.run([program, "check", "-c", path], env=environ, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def within():
    places = [where for where, _ in configurations()]
    assert len(places) == 4 and len({where.split(":")[0] for where in places}) == 4, places


def dashboard():
    known = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", read("docs", "metrics.md"), re.M))
    board = json.loads(read("packaging", "grafana-dashboard.json"))
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource", variables
    used = {name for one in variables.values() for name in METRIC.findall(json.dumps(one["query"]))}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)), "two panels have one id"
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["targets"], panel["title"]
        for one in (panel, *panel["targets"]):
            assert one["datasource"]["uid"] == "${datasource}", panel["title"]
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")"), target["expr"]
            names = METRIC.findall(target["expr"])
            assert names, target["expr"]
            for name in names:
                base = re.sub(r"_bucket$", "", name)
                name = base if known.get(base) == "histogram" else name
                assert name in known, f"{panel['title']}: {name} is not in docs/metrics.md"
                used.add(name)
    assert not known.keys() - used, f"without a panel: {sorted(known.keys() - used)}"


def dockerfile():
    text = read("packaging", "Dockerfile")
    last = text[text.rindex("\nFROM "):]
    sources = [word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M) for word in line.split()[:-1]]
    assert sources and all(os.path.exists(os.path.join(ROOT, source)) for source in sources), sources
    for wanted in ("\nUSER 10001:10001\n", "\nEXPOSE 8080\n", "\nHEALTHCHECK ", "\nVOLUME /var/lib/bascule\n"):
        assert wanted in last, wanted
    assert "runAsUser: 10001" in read("packaging", "kubernetes", "statefulset.yaml")


def kubernetes():
    if "--go" not in sys.argv:
        raise Skip("asked for with --go")
    if shutil.which("go") is None:
        raise Skip("there is no go")
    module = os.path.join(HERE, "kubernetes")
    fetched = subprocess.run(["go", "mod", "download"], cwd=module, capture_output=True, text=True)
    if fetched.returncode != 0:
        raise Skip("the types cannot be fetched: " + " ".join(fetched.stderr.split())[:200])
    files = sorted(glob.glob(os.path.join(ROOT, "packaging", "kubernetes", "*.yaml")))
    done = subprocess.run(["go", "run", ".", *files], cwd=module, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def run(number, name, case):
    """True unless it failed."""
    try:
        case()
    except Skip as why:
        print(f"ok {number} - {name} # SKIP {why}", flush=True)
    except (AssertionError, KeyError, ValueError, OSError) as fault:
        print(f"not ok {number} - {name}\n# " + "\n# ".join(str(fault or type(fault).__name__).splitlines()), flush=True)
        return False
    else:
        print(f"ok {number} - {name}", flush=True)
    return True


program = os.path.abspath(sys.argv[1])
cases = [("each file has its bascule.yaml", within)]
cases += [(where, lambda text=text: checked(text)) for where, text in configurations()]
cases += [("the dashboard has the metrics", dashboard), ("the Dockerfile", dockerfile),
          ("the documents for Kubernetes are of the published types", kubernetes)]
print(f"1..{len(cases)}")
failures = [name for number, (name, case) in enumerate(cases, 1) if not run(number, name, case)]
sys.exit(1 if failures else 0)
