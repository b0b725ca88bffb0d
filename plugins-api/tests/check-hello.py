#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hello example builds out of tree against an installed interface, found by pkg-config alone, and serves its endpoint.

check-hello.py MESON BUILD-DIRECTORY EXAMPLE LOADER
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def stage(meson, build, directory):
    """Installs the interface below `directory`. Returns where its .pc file is, set to that place."""
    run(*meson, "install", "-C", build, "--no-rebuild", "--tags", "plugin-interface,devel", "--destdir", directory)
    found = list(directory.rglob("bowline-plugin-1.pc"))
    if len(found) != 1:
        sys.exit(f"expected one bowline-plugin-1.pc, found {found}")
    lines = found[0].read_text().splitlines()
    prefix = next(line.split("=", 1)[1] for line in lines if line.startswith("prefix="))
    lines = [f"prefix={directory}{prefix}" if line.startswith("prefix=") else line for line in lines]
    found[0].write_text("\n".join(lines) + "\n")
    return found[0]


def check_exports(library):
    symbols = run("nm", "-D", "--defined-only", library).splitlines()
    names = [line.split()[-1] for line in symbols if line.split()[-2] in "TDBRV"]
    if names != ["bowline_plugin_query_1"]:
        sys.exit(f"{library}: expected to export bowline_plugin_query_1 alone, found {names}")


def main():
    *meson, build, example, loader = sys.argv[1:]
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        pc = stage(meson, build, directory / "stage")
        environment = {key: value for key, value in os.environ.items() if key not in ("LD_LIBRARY_PATH", "CFLAGS", "CPPFLAGS")}
        environment["PKG_CONFIG_PATH"] = str(pc.parent)
        environment["LD_LIBRARY_PATH"] = str(pc.parent.parent)
        shutil.copytree(example, directory / "hello")
        run(*meson, "setup", directory / "out", directory / "hello", "--werror", env=environment)
        run("ninja", "-C", directory / "out", env=environment)
        variables = run("pkg-config", "--print-variables", "bowline-plugin-1", env=environment).split()
        for name in ("moduledir", "agentplugindir", "manifestdir", "pluginabi"):
            if name not in variables:
                sys.exit(f"bowline-plugin-1.pc: expected a variable {name}, found {variables}")
        for name in ("hello", "hello-cpp"):
            check_exports(directory / "out" / f"bowline-module-{name}.so")
            run(loader, directory / "out", name, f"/{name}", "Hello, 127.0.0.1\n", env=environment)
    print("hello and hello-cpp were built out of tree, loaded and asked")


if __name__ == "__main__":
    main()
