#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up meson test logs: names what failed, and ends with the line that counts."""
import json
import sys

GOOD = {"OK", "EXPECTEDFAIL"}


def main() -> int:
    passed = failed = skipped = 0
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as log:
                results = [json.loads(line) for line in log]
        except OSError as error:
            print(f"no results: {error}")
            failed += 1
            continue
        for result in results:
            if result["result"] in GOOD:
                passed += 1
            elif result["result"] == "SKIP":
                skipped += 1
                print(f"skipped: {result['name']}")
            else:
                failed += 1
                print(f"failed: {result['name']} ({result['result']})")
    if passed + failed == 0:
        print("no test ran")
        failed = 1
    tail = f", {skipped} skipped" if skipped else ""
    print(f"{passed} passed, {failed} failed{tail}")
    return 0 if failed == 0 else 1


sys.exit(main())
