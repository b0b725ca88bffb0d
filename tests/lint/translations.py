#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each language of po/programs has all that the programs say, and each file that says something is in POTFILES. Argument: the source."""
import os
import re
import subprocess
import sys
import tempfile

top = sys.argv[1]
po = os.path.join(top, "po", "programs")
problems = []


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


listed = read(po, "POTFILES").split()
for folder, _, names in os.walk(os.path.join(top, "agent")):
    for name in names:
        path = os.path.relpath(os.path.join(folder, name), top)
        if name.endswith(".c") and path not in listed and re.search(r'\bN?_ \("', read(top, path)):
            problems.append(f"{path}: has texts to translate and is not in po/programs/POTFILES")
with tempfile.TemporaryDirectory() as scratch:
    template = os.path.join(scratch, "all.pot")
    subprocess.run(["xgettext", "--from-code=UTF-8", "--keyword=_", "--keyword=N_", "--keyword=g_dngettext:2,3", "--directory", top,
                    "--msgid-bugs-address=none", "--output", template, *listed], check=True,
                   env={**os.environ, "GETTEXTDATADIRS": os.path.join(top, "agent", "plugins", "presence")})
    for language in read(po, "LINGUAS").split():
        file = os.path.join(po, f"{language}.po")
        for command in (["msgfmt", "--check-format", "-o", os.devnull, file], ["msgcmp", file, template]):
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                problems.append(done.stderr.strip())
for problem in problems:
    print(problem)
sys.exit(1 if problems else 0)
