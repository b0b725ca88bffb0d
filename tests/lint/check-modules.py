#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every module and agent plugin that was built keeps to the public interface: it exports its one symbol, asks for nothing that
is private to the programs, stays resident, and has a manifest of its name.

check-modules.py BUILD-DIRECTORY
"""
import subprocess
import sys
from pathlib import Path


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def symbols(library, *options):
    return [line.split()[-1].split("@")[0] for line in run("nm", "-D", *options, library).splitlines() if line.strip()]


def check(library):
    kind, name = library.stem.split("-", 2)[1:]
    exported = [symbol for symbol in symbols(library, "--defined-only") if not symbol.startswith(("__asan", "__odr_asan", "__ubsan"))]
    if exported != ["bowline_plugin_query_1"]:
        yield f"{library}: expected to export bowline_plugin_query_1 alone, found {exported}"
    private = [symbol for symbol in symbols(library, "--undefined-only") if symbol.startswith("bowline_private_")]
    if private:
        yield f"{library}: expected the public interface only, found {private}"
    if "NODELETE" not in run("readelf", "-d", library):
        yield f"{library}: expected to be linked with -z nodelete"
    if not (library.parent / f"{name}.module").exists():
        yield f"{library}: expected {name}.module beside it, found none"
    if kind not in ("module", "agent"):
        yield f"{library}: expected bowline-module-NAME.so or bowline-agent-NAME.so"


def main():
    build = Path(sys.argv[1])
    libraries = sorted(build.glob("modules/*/bowline-module-*.so")) + sorted(build.glob("agent/plugins/*/bowline-agent-*.so"))
    problems = [problem for library in libraries for problem in check(library)]
    print("\n".join(problems) or f"{len(libraries)} plugins keep to the public interface")
    return 1 if problems or not libraries else 0


if __name__ == "__main__":
    sys.exit(main())
