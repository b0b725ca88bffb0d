#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every member of every public table is pinned in offset-pins.c, in the order of the headers."""
import re
import sys
from pathlib import Path

import abi_headers


def main():
    include, pins = sys.argv[1:3]
    pinned = {}
    for table, member in re.findall(r"PIN\w* \((\w+), (\w+),", Path(pins).read_text()):
        pinned.setdefault(table, []).append(member)
    problems = []
    declared = abi_headers.tables(include)
    for table, members in declared.items():
        if pinned.get(table) != members:
            problems.append(f"{pins}: {table}: expected {members}, found {pinned.get(table)}")
    for table in set(pinned) - set(declared):
        problems.append(f"{pins}: {table}: no header declares it")
    print("\n".join(problems) or f"{len(declared)} tables pinned")
    return 1 if problems or not declared else 0


if __name__ == "__main__":
    sys.exit(main())
