# SPDX-License-Identifier: Apache-2.0
"""What the public headers declare: functions with the minor that brought them, and the members of each table."""
import re
from pathlib import Path

FUNCTION = re.compile(r"^BOWLINE_AVAILABLE_IN_(\d+)_(\d+)\s[^;(]*?\b(bowline_\w+)\s*\(", re.M | re.S)
STRUCT = re.compile(r"typedef struct\n\{\n(.*?)\n\} (\w+);", re.S)


def headers(directory):
    return sorted(Path(directory).glob("*.h"))


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def functions(directory):
    """Returns {name: "1.0"}."""
    found = {}
    for header in headers(directory):
        for major, minor, name in FUNCTION.findall(strip_comments(header.read_text())):
            if name in found:
                raise SystemExit(f"{header}: {name}: declared twice")
            found[name] = f"{major}.{minor}"
    return found


def split_members(body):
    """The declarations of a struct's body, cut at semicolons outside parentheses."""
    depth = 0
    piece = ""
    for char in strip_comments(body):
        depth += (char == "(") - (char == ")")
        if char == ";" and depth == 0:
            yield " ".join(piece.split())
            piece = ""
        else:
            piece += char


def member_name(declaration):
    pointer = re.match(r"[\w\s*]*\(\*(\w+)\)\s*\(", declaration)
    return pointer.group(1) if pointer else re.search(r"(\w+)(\[\w*\])?$", declaration).group(1)


def tables(directory):
    """Returns {struct: [member, ...]} in order of declaration."""
    found = {}
    for header in headers(directory):
        for body, name in STRUCT.findall(header.read_text()):
            found[name] = [member_name(member) for member in split_members(body) if member]
    return found
