#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit is one systemd takes: check-unit.py SYSTEMD-ANALYZE UNIT. The program is not installed here, so a stand-in is."""
import subprocess
import sys
import tempfile
from pathlib import Path

analyze, unit = sys.argv[1:]
text = Path(unit).read_text()
for wanted in ("Type=notify", "WatchdogSec=", "StateDirectory=bowline-agent", "Restart=always", "Delegate=yes"):
    if wanted not in text:
        sys.exit(f"{unit}: expected {wanted}")
with tempfile.TemporaryDirectory() as directory:
    lines = [line if not line.startswith("ExecStart=") else "ExecStart=/bin/true --foreground" for line in text.splitlines()]
    copy = Path(directory) / "bowline-agent.service"
    copy.write_text("\n".join(lines) + "\n")
    done = subprocess.run([analyze, "verify", "--man=no", "--recursive-errors=no", str(copy)], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "bowline-agent.service" in line]
    if said:
        sys.exit("\n".join(said))
