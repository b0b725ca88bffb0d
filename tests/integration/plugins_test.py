#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A whole server with one good plugin and one of each broken kind: it runs, serves, and says what is wrong with each.

plugins_test.py BOWLINED BOWLINECTL MODULES BROKEN-PLUGINS HELLO
"""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_SECONDS = 90
BROKEN = {
    "no-symbol": "symbol: expected bowline_plugin_query_1, found none",
    "wrong-major": "descriptor: abi_major: expected 1, found 2",
    "newer-minor": "descriptor: min_host_minor: expected at most 0, found 99",
    "short-struct": "descriptor: struct_size: expected at least",
    "wrong-id": 'descriptor: id: expected "wrong-id" as in the manifest, found "another"',
    "failing-start": "activation failed: the fixture cannot start",
    "hanging-start": "activation: expected an answer within 2 s, found none",
    "missing-dependency": 'expected a module that provides "org.example.absent", found none',
    "needs-failing": 'expected "failing-start" to be active',
    "world-writable": "mode: expected writable by its owner only, found 0666",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy_plugin(source, name, target, mode=0o644):
    target.mkdir(parents=True)
    target.chmod(0o755)
    for file in (f"{name}.module", f"bowline-module-{name}.so"):
        shutil.copyfile(source / file, target / file)
        (target / file).chmod(mode if file.endswith(".so") else 0o644)


class Server:
    def __init__(self, programs, directory, modules):
        self.bowlined, self.bowlinectl = programs
        self.directory = directory
        self.modules = modules
        self.port = free_port()
        self.log = directory / "log"
        self.config = directory / "etc" / "bowline.conf"
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text("[server]\nbind=127.0.0.1\nname=localhost\nmodule-start-timeout=2\n")
        self.process = None

    def arguments(self):
        return [self.bowlined, "--config", self.config, "--data-dir", self.directory / "data",
                "--set", f"server.port={self.port}", "--set", f"server.redirect-port={free_port()}", "--set", "server.mps-port=0",
                "--set", "server.module-path=" + ";".join(str(path) for path in self.modules)]

    def start(self):
        environment = {key: value for key, value in os.environ.items() if key != "BOWLINE_MODULE_PATH"}
        environment["BOWLINE_DATA_PATH"] = str(self.modules[0].parent)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.arguments(), stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.1)
            if self.process.poll() is not None:
                raise SystemExit(f"the server ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            try:
                return self.get("/health.ashx")
            except OSError:
                pass
        raise SystemExit(f"the server does not answer:\n{self.log.read_text()[-4000:]}")

    def get(self, path):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def control(self, *words):
        command = [self.bowlinectl, "--data-dir", self.directory / "data", *words]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if run.returncode != 0:
            raise SystemExit(f"bowlinectl {' '.join(words)}: {run.returncode}: {run.stderr}")
        return run.stdout

    def module_entries(self):
        found = json.loads(self.control("--json", "module", "list"))
        return found["modules"] if isinstance(found, dict) else found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        return status


def expect(condition, message):
    if not condition:
        raise SystemExit(message)


def check_first_run(server):
    health = server.start()[0]
    status, text = server.get("/hello")
    expect((status, text) == (200, "Hello, 127.0.0.1\n"), f"/hello: expected 200 and the greeting, found {status} {text[:200]!r}")
    entries = server.module_entries()
    by_id = {}
    for entry in entries:
        by_id.setdefault(entry["id"], []).append(entry)
    expect(by_id["hello"][0]["state"] == "active", f"hello: expected active, found {by_id['hello']}")
    log = server.log.read_text()
    for name in ("agents", "auth", "control", "db-sqlite", "relay"):
        expect(by_id[name][0]["state"] == "active", f"{name}: expected active, found {by_id[name]}")
    expect(health == 200, f"/health.ashx: expected 200 whatever modules are broken, found {health}")
    for name, reason in BROKEN.items():
        entry = by_id[name][0]
        expect(entry["state"] in ("refused", "failed"), f"{name}: expected refused or failed, found {entry['state']}")
        expect(reason in entry.get("reason", ""), f"{name}: expected \"{reason}\", found \"{entry.get('reason')}\"")
        expect(reason in log or reason.replace('"', '\\"') in log, f"{name}: the log does not say \"{reason}\"")
    twice = [entry for entry in by_id["good"] if entry["state"] == "refused"]
    expect(len(by_id["good"]) == 2 and len(twice) == 1, f"good: expected one active and one refused, found {by_id['good']}")
    expect("expected an id of its own" in twice[0]["reason"], f"good: found \"{twice[0]['reason']}\"")


def check_disable(server):
    server.control("module", "disable", "hello")
    expect(server.stop() == 0, "expected the server to end with status 0")
    server.start()
    expect(server.get("/hello") != (200, "Hello, 127.0.0.1\n"), "/hello is served though the module is disabled")
    states = {entry["id"]: entry["state"] for entry in server.module_entries()}
    expect(states["hello"] == "disabled", f"hello: expected disabled, found {states['hello']}")
    expect(server.stop() == 0, "expected the server to end with status 0")


def check_refused_configuration(server):
    command = [*server.arguments(), "--check-config", "--set", "hello.greting=x"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(run.returncode != 0, "--check-config: expected a refusal of hello.greting")
    expect("[module hello] greting: unknown key; the nearest known one is greeting" in run.stderr, f"found {run.stderr}")


def main():
    *programs, modules, broken, hello = (Path(argument) for argument in sys.argv[1:])
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="bowline-plugins-") as temporary:
        directory = Path(temporary)
        plugins, second = directory / "plugins", directory / "second"
        copy_plugin(hello, "hello", plugins / "hello")
        copy_plugin(broken, "good", plugins / "good")
        copy_plugin(broken, "good", second / "good")
        for name in BROKEN:
            copy_plugin(broken, name, plugins / name, 0o666 if name == "world-writable" else 0o644)
        server = Server(programs, directory, [modules, plugins, second])
        try:
            check_first_run(server)
            check_disable(server)
            check_refused_configuration(server)
        finally:
            if server.process is not None and server.process.poll() is None:
                server.process.kill()
                server.process.wait()
    print("the server ran on with every kind of broken plugin")
    return 0


if __name__ == "__main__":
    sys.exit(main())
