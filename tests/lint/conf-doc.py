#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""data/bowline.conf and docs/man/bowline.conf.5.md say what the tables and manifests say.

conf-doc.py check|update TOOL SOURCE-ROOT
"""
import difflib
import subprocess
import sys
from pathlib import Path

FILES = {"conf": "data/bowline.conf", "man": "docs/man/bowline.conf.5.md"}


def main():
    mode, tool, root = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    manifests = sorted(root.glob("modules/*/*.module.in"))
    different = False
    for kind, name in FILES.items():
        text = subprocess.run([tool, kind, *manifests], check=True, capture_output=True, text=True).stdout
        path = root / name
        if mode == "update":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            continue
        found = path.read_text() if path.exists() else ""
        if found != text:
            different = True
            sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), text.splitlines(True), name, "generated"))
    if different:
        print("run: ninja -C build update-conf-doc")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
