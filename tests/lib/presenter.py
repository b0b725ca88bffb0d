#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A program of the person at a device, for tests: registers with the agent on the session bus, prints what it hears as JSON lines, and
calls the methods it reads from standard input, as JSON lines [method, signature, arguments]."""
import json
import sys

from gi.repository import Gio, GLib

NAME, PATH = "org.bowline.Agent1", "/org/bowline/Agent1"
bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
loop = GLib.MainLoop()


def say(what, value):
    print(json.dumps([what, value]), flush=True)


def call(method, arguments=None):
    try:
        reply = bus.call_sync(NAME, PATH, NAME, method, arguments, None, Gio.DBusCallFlags.NONE, 20000, None)
        say("answer", [method, reply.unpack()])
    except GLib.Error as error:
        say("error", [method, error.message])


def on_signal(connection, sender, path, interface, signal, parameters):
    say(signal, list(parameters.unpack()))


def on_line(stream, result):
    line = stream.read_line_finish_utf8(result)[0]
    if line is None:
        loop.quit()
        return
    method, signature, arguments = json.loads(line)
    if method == "get":
        reply = bus.call_sync(NAME, PATH, "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (NAME,)), None,
                              Gio.DBusCallFlags.NONE, 20000, None)
        say("properties", reply.unpack()[0])
    else:
        call(method, GLib.Variant(signature, tuple(arguments)) if signature else None)
    stream.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)


bus.signal_subscribe(NAME, NAME, None, PATH, None, Gio.DBusSignalFlags.NONE, on_signal)
if "--watch" not in sys.argv:
    call("RegisterPresenter")
lines = Gio.DataInputStream.new(Gio.UnixInputStream.new(0, False))
lines.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)
say("ready", True)
loop.run()
