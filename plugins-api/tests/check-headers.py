#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public header compiles alone, as C99 and as C++11, with warnings as errors, and uses no type that is not allowed."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import abi_headers

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
LANGUAGES = [("cc", "c", ["-std=c99", "-Wstrict-prototypes"]), ("c++", "cpp", ["-std=c++11"])]
# They change size or meaning between compilers, platforms or libraries.
FORBIDDEN = re.compile(r"\b(bool|_Bool|time_t|off_t|long|duk_\w+|NiceAgent|gnutls_\w+|sqlite3\w*|Soup\w+|enum)\b|:\s*\d+\s*;")


def compile_alone(header, include, flags, problems):
    for compiler, suffix, options in LANGUAGES:
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory) / f"alone.{suffix}"
            source.write_text(f"#include <bowline/{header.name}>\nint main (void);\nint main (void) {{ return 0; }}\n")
            command = [compiler, *options, *WARNINGS, f"-I{include}", *flags, str(source)]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode != 0:
                problems.append(f"{header} as {options[0]}:\n{run.stderr}")


def main():
    include = Path(sys.argv[1])
    flags = subprocess.run(["pkg-config", "--cflags", "gio-2.0"], check=True, capture_output=True, text=True).stdout.split()
    flags = [flag.replace("-I", "-isystem", 1) if flag.startswith("-I") else flag for flag in flags]
    problems = []
    found = abi_headers.headers(include / "bowline")
    for header in found:
        compile_alone(header, include, flags, problems)
        match = FORBIDDEN.search(abi_headers.strip_comments(header.read_text()))
        if match:
            problems.append(f"{header}: expected types with a fixed size, found \"{match.group(0)}\"")
    print("\n".join(problems) or f"{len(found)} headers compile alone")
    return 1 if problems or not found else 0


if __name__ == "__main__":
    sys.exit(main())
