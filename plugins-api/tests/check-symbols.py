#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The functions of the headers, the version script and the library are the same, each under the node of its minor."""
import re
import subprocess
import sys
from pathlib import Path

import abi_headers


def script_nodes(path):
    text = abi_headers.strip_comments(Path(path).read_text())
    nodes = {}
    for node, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}", text, re.S):
        exported = body.split("local:")[0].replace("global:", "")
        nodes[node] = [name.strip() for name in exported.split(";") if name.strip()]
    return nodes


def library_symbols(path):
    out = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in out.splitlines():
        kind, symbol = line.split()[-2:]
        if kind != "A" and "@@" in symbol:
            name, node = symbol.split("@@")
            found[name] = node
        elif kind != "A":
            found[symbol] = None
    return found


def main():
    include, script, library = sys.argv[1:4]
    declared = {name: f"BOWLINE_PLUGIN_{minor}" for name, minor in abi_headers.functions(include).items()}
    scripted = {name: node for node, names in script_nodes(script).items() for name in names}
    private = {name for name, node in scripted.items() if node == "BOWLINE_PLUGIN_PRIVATE"}
    exported = library_symbols(library)
    problems = []
    if private != {"bowline_private_*"}:
        problems.append(f"{script}: BOWLINE_PLUGIN_PRIVATE: expected bowline_private_* alone, found {sorted(private)}")
    for name, node in sorted(declared.items()):
        if scripted.get(name) != node:
            problems.append(f"{script}: {name}: expected in {node}, found in {scripted.get(name)}")
        if exported.get(name) != node:
            problems.append(f"{library}: {name}: expected {node}, found {exported.get(name)}")
    for name in sorted(set(scripted) - set(declared) - private):
        problems.append(f"{script}: {name}: no header declares it")
    for name, node in sorted(exported.items()):
        if name not in declared and not (name.startswith("bowline_private_") and node == "BOWLINE_PLUGIN_PRIVATE"):
            problems.append(f"{library}: {name}: exported, but no header declares it")
    print("\n".join(problems) or f"{len(declared)} functions agree")
    return 1 if problems or not declared else 0


if __name__ == "__main__":
    sys.exit(main())
