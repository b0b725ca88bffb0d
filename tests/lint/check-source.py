#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a program can check: licences, sizes, forbidden calls, and who may include whom.

check-source.py SOURCE-ROOT            every file git knows
check-source.py --self-test            the rules against samples that must fail
"""
import re
import subprocess
import sys
from pathlib import Path

C = {".c", ".h", ".cpp"}
WEB = {".ts", ".tsx", ".mjs", ".css"}
SCRIPTS = {".py", ".sh", ".build", ".js"}
MAX_LINES = {"c": 1000, "web": 500}
MAX_FUNCTION = 80

FORBIDDEN = [
    (C, r"\b(system|popen|strcpy|strcat|sprintf|vsprintf|gets|g_error|alloca)\s*\(", "a call that is not allowed"),
    (C, r"\bexecl?[vp]*\s*\(\s*\"(/bin/)?(ba)?sh\"", "a shell"),
    (WEB | {".html"}, r"\.(innerHTML|outerHTML)\b|insertAdjacentHTML|document\.write\b|dangerouslySetInnerHTML", "HTML from text"),
    (C | WEB | SCRIPTS, r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", "a note instead of an issue"),
]
# What a room may include with quotes or <bowline/...>, by the directories a file of it lies in.
ROOMS = {
    "plugins-api": {"plugins-api"},
    "common": {"common"},
    "core": {"core", "common", "plugins-api"},
    "modules": {"common", "public"},
    "agent": {"agent", "common", "plugins-api"},
    "agent/plugins": {"common", "public"},
}
LIBRARIES_OF_CORE = {"modules": r"<libsoup/"}


def strip_c(text):
    """Without comments and the contents of strings, lines kept."""
    def blank(match):
        found = match.group(0)
        return found[0] + found[-1] if found[0] in "\"'" else "\n" * found.count("\n")
    return re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)


def room_of(path):
    parts = path.split("/")
    if parts[0] == "agent" and len(parts) > 2 and parts[1] == "plugins":
        return "agent/plugins", "/".join(parts[:3])
    if parts[0] == "modules" and len(parts) > 2:
        return "modules", "/".join(parts[:2])
    return parts[0], parts[0]


def check_sizes(path, text, suffix):
    kind = "c" if suffix in C else "web" if suffix in WEB else None
    lines = text.count("\n")
    if kind and lines >= MAX_LINES[kind]:
        yield f"{path}: expected less than {MAX_LINES[kind]} lines, found {lines}"
    if suffix != ".c":
        return
    begin = None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            if number - begin > MAX_FUNCTION:
                yield f"{path}:{begin}: expected a function of at most {MAX_FUNCTION} lines, found {number - begin}"
            begin = None


def check_forbidden(path, text, suffix):
    code = strip_c(text) if suffix in C else text
    is_test = "/tests/" in path or path.startswith("tests/")
    for suffixes, pattern, what in FORBIDDEN:
        if suffix not in suffixes or (is_test and "HTML" in what):
            continue
        searched = text if "note" in what else code
        for match in re.finditer(pattern, searched):
            number = searched.count("\n", 0, match.start()) + 1
            yield f"{path}:{number}: expected none of {what}, found \"{match.group(0).strip()}\""
    if suffix == ".c" and not path.startswith("tests/") and "\nmain (" not in text:
        for match in re.finditer(r"\b(?<!_)exit\s*\(", code):
            yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: expected no exit () outside of main"


def check_includes(path, text, owners):
    room, home = room_of(path)
    if room not in ROOMS or path.endswith("-test.c"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        library = LIBRARIES_OF_CORE.get(room)
        if library and re.match(r"\s*#\s*include\s+" + library, line):
            yield f"{path}:{number}: expected no library of the core in a module, found {line.strip()}"
        if not quoted:
            continue
        name = quoted.group(1).split("/")[-1]
        places = owners.get(name)
        if not places or any(place.startswith(home + "/") for place in places):
            continue
        allowed = ROOMS[room]
        # What tests/ offers only tests can link.
        if not any(room_of(place)[0] in allowed or place.startswith("tests/") for place in places):
            yield f"{path}:{number}: {room} may not include {name} of {sorted(places)[0]}"


def check_core_names_no_module(path, text, modules):
    if not path.startswith("core/") or path.endswith("-test.c"):
        return
    for match in re.finditer(r'"bowline-module-([a-z-]+)', text):
        yield f"{path}: core names the module {match.group(1)}"
    for match in re.finditer(r"modules/([a-z-]+)", text):
        if match.group(1) in modules:
            yield f"{path}: core names the module {match.group(1)}"


def check_file(path, text, owners, modules):
    suffix = Path(path).suffix or (".build" if path.endswith("meson.build") else "")
    if suffix in C | WEB | SCRIPTS and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:5]):
        yield f"{path}:1: expected // SPDX-License-Identifier: Apache-2.0"
    yield from check_sizes(path, text, suffix)
    yield from check_forbidden(path, text, suffix)
    if suffix in C:
        yield from check_includes(path, text, owners)
        yield from check_core_names_no_module(path, text, modules)


def check_tree(root):
    names = subprocess.run(["git", "-C", str(root), "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")
    texts = {}
    for name in filter(None, names):
        path = root / name
        if path.suffix in C | WEB | SCRIPTS | {".html"} and path.is_file() and not path.is_symlink():
            texts[name] = path.read_text(errors="replace")
    owners = {}
    for name in texts:
        if name.endswith(".h"):
            owners.setdefault(Path(name).name, set()).add(name)
    modules = {name.split("/")[1] for name in texts if name.startswith("modules/") and name.count("/") > 1}
    problems = []
    for name, text in sorted(texts.items()):
        problems += check_file(name, text, owners, modules)
    print("\n".join(problems) or f"{len(texts)} files keep the rules")
    return 1 if problems or not texts else 0


HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
SAMPLES = [
    ("core/a.c", "int x;\n", "SPDX"),
    ("core/a.c", HEAD + "\n" * 1000, "lines"),
    ("core/a.c", HEAD + "{\n" + ";\n" * 90 + "}\n", "function"),
    ("core/a.c", HEAD + "strcpy (a, b);\n", "strcpy"),
    ("core/a.c", HEAD + "exit (1);\n", "exit"),
    ("core/a.c", HEAD + "/* TO" + "DO later */\n", "note"),
    ("core/a.c", HEAD + 'const char *p = "bowline-module-relay";\n', "names the module"),
    ("modules/relay/a.c", HEAD + '#include "bl-core.h"\n', "may not include"),
    ("modules/relay/a.c", HEAD + '#include "bl-other.h"\n', "may not include"),
    ("modules/relay/a.c", HEAD + "#include <libsoup/soup.h>\n", "library of the core"),
    ("common/a.c", HEAD + '#include "bl-core.h"\n', "may not include"),
    ("agent/plugins/files/a.c", HEAD + '#include "bl-agent.h"\n', "may not include"),
    ("web/a.ts", HEAD + "x.innerHTML = y;\n", "HTML"),
]
GOOD = [
    ("core/a.c", HEAD + '#include "bl-core.h"\n#include "bl-plugin.h"\n/* strcpy (a) */ const char *t = "strcpy (";\n'),
    ("modules/relay/a.c", HEAD + '#include "bl-relay.h"\n#include "bl-pure.h"\n#include <bowline/plugin.h>\n'),
]
OWNERS = {"bl-core.h": {"core/bl-core.h"}, "bl-other.h": {"modules/other/bl-other.h"}, "bl-relay.h": {"modules/relay/bl-relay.h"},
          "bl-pure.h": {"common/bl-pure.h"}, "bl-agent.h": {"agent/bl-agent.h"}, "bl-plugin.h": {"plugins-api/loader/bl-plugin.h"}}


def self_test():
    problems = []
    for path, text, expected in SAMPLES:
        found = list(check_file(path, text, OWNERS, {"relay", "other"}))
        if len(found) != 1 or expected not in found[0]:
            problems.append(f"sample {path} for \"{expected}\": found {found}")
    for path, text in GOOD:
        found = list(check_file(path, text, OWNERS, {"relay", "other"}))
        if found:
            problems.append(f"good sample {path}: found {found}")
    print("\n".join(problems) or f"{len(SAMPLES)} samples fail as they must")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1] == "--self-test" else check_tree(Path(sys.argv[1])))
