#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of this tree that a compiler does not know. Each check is a function; prints TAP.

With --self-test, each check is run against a sample that must fail.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = (".c", ".h", ".ts", ".tsx", ".mjs", ".js", ".py", ".sh", ".css")
MAX_FILE = 1000
MAX_WEB_FILE = 500
MAX_FUNCTION = 80
# Calls with their reason; the pattern stands where a call would.
BANNED = {
    r"\bsystem ?\(": "runs a shell (K7)",
    r"\bpopen ?\(": "runs a shell (K7)",
    r"\bstrcpy ?\(": "unbounded",
    r"\bstrcat ?\(": "unbounded",
    r"\bsprintf ?\(": "unbounded",
    r"\bgets ?\(": "unbounded",
    r"\bg_error ?\(": "ends the process (K5)",
    r"\bexit ?\(": "ends the process (K5)",
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML)\b": "markup from text (K2)",
}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
TEST_SOURCE = re.compile(r"-(test|testing|child)\.[ch]$")
SLEEP = re.compile(r"\b(g_usleep|usleep|sleep) ?\(|waitForTimeout")
# room: rooms whose headers it may include
ROOMS = {
    "common": {"common"},
    "plugins-api": {"plugins-api", "common"},
    "core": {"core", "plugins-api", "common"},
    "modules": {"modules", "plugins-api", "common"},
    "agent": {"agent", "plugins-api", "common"},
}
GENERATED = {"bl-build-config.h"}


def tracked():
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [p for p in out.decode().split("\0") if p]


def read_all():
    files = {}
    for name in tracked():
        path = ROOT / name
        if path.suffix in SOURCE and path.is_file() and not path.is_symlink():
            files[name] = path.read_text(encoding="utf-8", errors="replace")
    return files


def check_length(files):
    for name, text in files.items():
        limit = MAX_WEB_FILE if name.startswith("web/") else MAX_FILE
        lines = text.count("\n")
        if lines > limit:
            yield f"{name}: {lines} lines, at most {limit}"


def check_functions(files):
    for name, text in files.items():
        if not name.endswith(".c"):
            continue
        start = None
        for number, line in enumerate(text.split("\n"), 1):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                if number - start + 1 > MAX_FUNCTION:
                    yield f"{name}:{start}: a function of {number - start + 1} lines, at most {MAX_FUNCTION}"
                start = None


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return re.sub(r"//[^\n]*", "", text)


def check_banned(files):
    for name, text in files.items():
        if not name.endswith((".c", ".h", ".ts", ".tsx")) or re.search(r"test(ing)?\.", name):
            continue
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            for pattern, why in BANNED.items():
                if re.search(pattern, line) and not line.lstrip().startswith("_exit"):
                    yield f"{name}:{number}: {line.strip()[:80]}: {why}"


def check_unfinished(files):
    for name, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                yield f"{name}:{number}: unfinished: {line.strip()[:80]}"


def check_sleeps(files):
    for name, text in files.items():
        if not (name.startswith("tests/") or name.endswith("-test.c") or "/tests/" in name):
            continue
        lines = without_comments(text).split("\n")
        for number, line in enumerate(lines, 1):
            polls = any("deadline" in earlier for earlier in lines[max(0, number - 7):number])  # a loop that has one
            if SLEEP.search(line) and not polls and "tests/lint/" not in name:
                yield f"{name}:{number}: a sleep; poll with a deadline instead"


def check_license(files):
    for name, text in files.items():
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n")[:3]):
            yield f"{name}: no licence line in its first three lines"


def room_of(name):
    return name.split("/")[0]


def check_includes(files):
    """Who may use whom: docs/ARCHITECTURE.md. A module or agent plugin also sees no other module or plugin."""
    owners = {}
    for name in files:
        if name.endswith(".h"):
            owners.setdefault(name.rsplit("/", 1)[-1], []).append(name)
    for name, text in files.items():
        room = room_of(name)
        if room not in ROOMS or not name.endswith((".c", ".h")) or TEST_SOURCE.search(name) or "/tests/" in name:
            continue
        for header in re.findall(r'^#include "([^"]+)"', text, flags=re.M):
            if header in GENERATED:
                continue
            found = owners.get(header.rsplit("/", 1)[-1], [])
            if not found:
                continue
            if any(f.startswith("tests/") for f in found):
                continue  # only a test can link what tests/ offers
            if not any(room_of(f) in ROOMS[room] for f in found):
                yield f"{name}: may not include {header} of {found[0]}"
            depth = 2 if room == "modules" else 3 if name.startswith("agent/plugins/") else 0
            if depth:
                mine = "/".join(name.split("/")[:depth])
                if not any(f.startswith((mine + "/", "common/", f"{room}/shared/")) for f in found):
                    yield f"{name}: a module includes only its own headers, common/, {room}/shared/ and <bowline/...>: {header}"


def check_bus(files):
    """A connection of g_bus_get () ends the process when the bus ends."""
    for name, text in files.items():
        if not name.startswith("agent/") or name.startswith("agent/tray/") or not name.endswith(".c") or TEST_SOURCE.search(name):
            continue
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            if re.search(r"\b(g_bus_get|g_bus_get_sync|g_bus_own_name|g_bus_watch_name|g_dbus_proxy_new_for_bus(_sync)?) ?\(", line):
                yield f"{name}:{number}: {line.strip()[:80]}: use bl_bus_connect ()"


def check_core_names_no_module(files):
    modules = {n.split("/")[1] for n in files if n.startswith("modules/") and n.count("/") > 1}
    for name, text in files.items():
        if room_of(name) != "core" or not name.endswith(".c") or name.endswith("-test.c"):
            continue
        for module in modules:
            if f"modules/{module}" in text:
                yield f"{name}: core names the module {module}"


def check_prefixes(files):
    for name in files:
        base = name.rsplit("/", 1)[-1]
        if room_of(name) in ("common", "core", "modules") and base.endswith((".c", ".h")):
            if not base.startswith(("bl-", "bowlinectl")):
                yield f"{name}: file names begin with bl-"


CHECKS = [check_length, check_functions, check_banned, check_unfinished, check_sleeps, check_license, check_includes, check_bus,
          check_core_names_no_module, check_prefixes]

LICENSE = "// SPDX-License-Identifier: Apache-2.0\n"
SAMPLES = {
    "check_length": {"core/bl-a.c": LICENSE + "\n" * 1001},
    "check_functions": {"core/bl-a.c": LICENSE + "void\nf (void)\n{\n" + "  x ();\n" * 90 + "}\n"},
    "check_banned": {"core/bl-a.c": LICENSE + "int f (void) { return system (c); }\n"},
    "check_unfinished": {"core/bl-a.c": LICENSE + "// TO" + "DO later\n"},
    "check_sleeps": {"tests/a-test.c": LICENSE + "void f (void) { g_usleep (5); }\n"},
    "check_license": {"core/bl-a.c": "int x;\n"},
    "check_includes": {"common/bl-a.c": LICENSE + '#include "bl-b.h"\n', "core/bl-b.h": LICENSE},
    "check_bus": {"agent/plugins/x/bl-a.c": LICENSE + "void f (void) { g_bus_get (t, NULL, cb, d); }\n"},
    "check_core_names_no_module": {"core/bl-a.c": LICENSE + '"modules/x/y"', "modules/x/bl-y.c": LICENSE},
    "check_prefixes": {"core/other.c": LICENSE},
}


def main():
    print(f"1..{2 * len(CHECKS)}")
    files = read_all()
    failed = 0
    number = 0
    for check in CHECKS:
        for label, found, good in (
            ("sample fails", list(check(SAMPLES[check.__name__])), lambda f: bool(f)),
            ("tree passes", list(check(files)), lambda f: not f),
        ):
            number += 1
            result = "ok" if good(found) else "not ok"
            failed += result != "ok"
            print(f"{result} {number} {check.__name__[6:]}: {label}")
            if result != "ok":
                for line in found[:40]:
                    print(f"# {line}")
    return 1 if failed else 0


sys.exit(main())
