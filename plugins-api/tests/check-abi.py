#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library against the committed dump of its ABI, and the check checked: a member in the middle must fail, one at the end pass.

check-abi.py compare LIBRARY INCLUDE ABI-DIRECTORY    the library as it is
check-abi.py self-test LIBRARY INCLUDE ABI-DIRECTORY  changed copies of the headers, compiled here
check-abi.py update LIBRARY INCLUDE ABI-DIRECTORY     writes the dump (before the first release, or after an addition)
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import abi_headers

DUMP = "libbowline-plugin-1.abi"
SKIPPED = 77


def dump(library, suppressions, output):
    command = ["abidw", "--no-comp-dir-path", "--no-show-locs", "--no-corpus-path", "--suppressions", suppressions,
               "--out-file", output, library]
    subprocess.run(command, check=True)


def compare(old, library, suppressions):
    """Returns what changed, or None. Additions are no change."""
    command = ["abidiff", "--no-added-syms", "--no-show-locs", "--suppressions", suppressions, old, library]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode & 3:
        raise SystemExit(f"abidiff: {run.stderr}")
    return run.stdout if run.returncode & 12 else None


def compile_library(root, output):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gio-2.0"], check=True, capture_output=True, text=True)
    sources = sorted(str(path) for path in (root / "src").glob("*.c"))
    command = ["cc", "-shared", "-fPIC", "-g", "-O0", "-std=gnu17", "-fvisibility=hidden",
               f"-I{root}/include", f"-I{root}/src", *sources, "-Wl,-soname,libbowline-plugin-1.so.0",
               f"-Wl,--version-script,{root}/abi/bowline-plugin-1.map", "-o", str(output), *flags.stdout.split()]
    subprocess.run(command, check=True)


def changed(root, header, pattern, replacement):
    path = root / "include" / "bowline" / header
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    if count != 1:
        raise SystemExit(f"{path}: expected to find {pattern}")
    path.write_text(text)


MIDDLE = [
    ("http.h", r"(  const char \*methods;)", r"  guint64 inserted;\n\1"),
    ("auth.h", r"(  char \*\(\*session_open\))", r"  void (*inserted) (gpointer self);\n\1"),
    ("descriptor.h", r"(  guint32 kind; )", r"  guint64 inserted;\n\1"),
    ("action.h", r"(  const BowlineArgument \*arguments;)", r"  const char *inserted;\n\1"),
]
END = [
    ("http.h", r"\n(} BowlineEndpoint;)", r"\n  guint64 appended;\n\1"),
    ("auth.h", r"\n(} BowlineAuth;)", r"\n  void (*appended) (gpointer self);\n\1"),
    ("descriptor.h", r"\n(} BowlinePluginDescriptor;)", r"\n  void (*appended) (BowlineHost *host);\n\1"),
]


def self_test(include, suppressions):
    problems = []
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory) / "base"
        shutil.copytree(Path(include).parent.parent, base, ignore=shutil.ignore_patterns("tests", "testing", "examples", "loader"))
        compile_library(base, base / "base.so")
        dump(str(base / "base.so"), suppressions, str(base / "base.abi"))
        for number, (expected, change) in enumerate([(True, c) for c in MIDDLE] + [(False, c) for c in END]):
            root = Path(directory) / f"change-{number}"
            shutil.copytree(base, root)
            changed(root, *change)
            compile_library(root, root / "changed.so")
            found = compare(str(base / "base.abi"), str(root / "changed.so"), suppressions)
            place = "in the middle" if expected else "at the end"
            if bool(found) != expected:
                problems.append(f"{change[0]}: a member {place}: expected {'a' if expected else 'no'} failure, found:\n{found}")
    return problems


def main():
    mode, library, include, directory = sys.argv[1:5]
    if shutil.which("abidw") is None:
        print("abidw is not installed (package abigail-tools)")
        return SKIPPED
    committed = str(Path(directory) / DUMP)
    suppressions = str(Path(directory) / "abidiff.suppr")
    if mode == "update":
        dump(library, suppressions, committed)
        return 0
    if mode == "self-test":
        problems = self_test(include, suppressions)
        print("\n".join(problems) or "inserted members are found, appended ones pass")
        return 1 if problems else 0
    # A table of a service travels as a plain pointer, so no function shows it; its layout is pinned by offset-pins.c.
    headers = "".join(header.read_text() for header in Path(include).rglob("*.h"))
    services = {name.replace("_", "") for name in re.findall(r"#define BOWLINE_(\w+)_SERVICE ", headers)}
    missing = [table for table in abi_headers.tables(include)
               if table.removeprefix("Bowline").upper() not in services
               and f"name='{table}'" not in Path(committed).read_text()]
    if missing:
        print(f"{committed}: expected every public table, found none of {missing}: no exported function takes them")
        return 1
    found = compare(committed, library, suppressions)
    print(found or "no change")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
