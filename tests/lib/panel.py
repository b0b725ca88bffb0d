#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A panel for tests: owns org.kde.StatusNotifierWatcher on the session bus, prints the items that register with their icon, title and
menu as JSON lines, and clicks the rows whose label it reads from standard input."""
import json
import sys

from gi.repository import Gio, GLib

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM, MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"
XML = f"""<node><interface name='{WATCHER}'><method name='RegisterStatusNotifierItem'><arg type='s' direction='in'/></method>
<property name='IsStatusNotifierHostRegistered' type='b' access='read'/></interface></node>"""
bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
loop = GLib.MainLoop()
items = []


def say(what, value):
    print(json.dumps([what, value]), flush=True)


def ask(path, interface, method, arguments):
    return bus.call_sync(items[-1], path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 10000, None).unpack()


def show(*_):
    if not items:
        return
    properties = ask("/StatusNotifierItem", "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (ITEM,)))[0]
    layout = ask("/MenuBar", MENU, "GetLayout", GLib.Variant("(iias)", (0, -1, [])))[1]
    rows = [{"id": row[0], **row[1]} for row in layout[2]]
    say("item", {"icon": properties["IconName"], "title": properties["Title"], "rows": rows})


def on_call(connection, sender, path, interface, method, parameters, invocation):
    items.append(parameters.unpack()[0])
    invocation.return_value(None)
    GLib.idle_add(show)


def on_line(stream, result):
    line = stream.read_line_finish_utf8(result)[0]
    if line is None:
        loop.quit()
        return
    layout = ask("/MenuBar", MENU, "GetLayout", GLib.Variant("(iias)", (0, -1, [])))[1]
    row = next((r for r in layout[2] if r[1].get("label") == line), None)
    if row is None:
        say("missing", line)
    else:
        ask("/MenuBar", MENU, "Event", GLib.Variant("(isvu)", (row[0], "clicked", GLib.Variant("s", ""), 0)))
    stream.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)


node = Gio.DBusNodeInfo.new_for_xml(XML)
bus.register_object("/StatusNotifierWatcher", node.interfaces[0], on_call, lambda *_: GLib.Variant("b", True), None)
bus.signal_subscribe(None, ITEM, None, "/StatusNotifierItem", None, Gio.DBusSignalFlags.NONE, show)
bus.signal_subscribe(None, MENU, "LayoutUpdated", "/MenuBar", None, Gio.DBusSignalFlags.NONE, show)
Gio.bus_own_name_on_connection(bus, WATCHER, Gio.BusNameOwnerFlags.NONE, lambda *_: say("ready", True), None)
lines = Gio.DataInputStream.new(Gio.UnixInputStream.new(0, False))
lines.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)
loop.run()
