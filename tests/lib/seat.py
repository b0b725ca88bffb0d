#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""logind and polkit for tests, on the bus that DBUS_SYSTEM_BUS_ADDRESS names. Reads JSON lines from standard input: {"sessions": [{"uid",
"class", "state", "locked"}, ...]} are the sessions of seat0 from now on, {"refused": [actions]} what polkit refuses. Says when each is done, and which of logind's
methods for power was called: nothing is switched off."""
import json
import sys

from gi.repository import Gio, GLib

LOGIN, SEAT = "org.freedesktop.login1", "/org/freedesktop/login1/seat/seat0"
POLKIT, AUTHORITY = "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"
POWER = ("PowerOff", "Reboot", "Suspend", "Hibernate")
XML = f"""<node><interface name='{LOGIN}.Seat'><property name='Sessions' type='a(so)' access='read'/>
<property name='ActiveSession' type='(so)' access='read'/></interface>
<interface name='{LOGIN}.Session'><property name='Class' type='s' access='read'/><property name='State' type='s' access='read'/>
<property name='User' type='(uo)' access='read'/><property name='LockedHint' type='b' access='read'/></interface>
<interface name='{POLKIT}.Authority'><method name='CheckAuthorization'><arg type='(sa{{sv}})' direction='in'/>
<arg type='s' direction='in'/><arg type='a{{ss}}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
<arg type='(bba{{ss}})' direction='out'/></method></interface>
<interface name='{LOGIN}.Manager'>{"".join(f"<method name='{m}'><arg type='b' direction='in'/></method>" for m in POWER)}</interface></node>"""
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
loop = GLib.MainLoop()
sessions, refused, objects = [], [], []


def path_of(number):
    return f"/org/freedesktop/login1/session/c{number}"


def get_seat(connection, sender, path, interface, name):
    if name == "Sessions":
        return GLib.Variant("a(so)", [(f"c{i}", path_of(i)) for i in range(len(sessions))])
    active = next((i for i, s in enumerate(sessions) if s["state"] == "active"), None)
    return GLib.Variant("(so)", ("", "/") if active is None else (f"c{active}", path_of(active)))


def get_session(connection, sender, path, interface, name):
    session = sessions[int(path.rsplit("c", 1)[1])]
    if name == "User":
        return GLib.Variant("(uo)", (session["uid"], "/org/freedesktop/login1/user/some"))
    if name == "LockedHint":
        return GLib.Variant("b", session.get("locked", False))
    return GLib.Variant("s", session.get("class", "user") if name == "Class" else session["state"])


def authorize(connection, sender, path, interface, method, parameters, invocation):
    action = parameters.unpack()[1]
    invocation.return_value(GLib.Variant("((bba{ss}))", ((action not in refused, False, {}),)))


def switch(connection, sender, path, interface, method, parameters, invocation):
    print("power", method, flush=True)
    invocation.return_value(None)


def set_sessions(wanted):
    while objects:
        bus.unregister_object(objects.pop())
    sessions[:] = wanted
    for number in range(len(sessions)):
        objects.append(bus.register_object(path_of(number), node.interfaces[1], None, get_session, None))
    bus.emit_signal(None, SEAT, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                    GLib.Variant("(sa{sv}as)", (f"{LOGIN}.Seat", {}, ["Sessions", "ActiveSession"])))


def on_line(stream, result):
    line = stream.read_line_finish_utf8(result)[0]
    if line is None:
        loop.quit()
        return
    order = json.loads(line)
    if "sessions" in order:
        set_sessions(order["sessions"])
    refused[:] = order.get("refused", refused)
    print("done", flush=True)
    stream.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)


node = Gio.DBusNodeInfo.new_for_xml(XML)
bus.register_object(SEAT, node.interfaces[0], None, get_seat, None)
bus.register_object(AUTHORITY, node.interfaces[2], authorize, None, None)
bus.register_object("/org/freedesktop/login1", node.interfaces[3], switch, None, None)
for owned in (LOGIN, POLKIT):
    Gio.bus_own_name_on_connection(bus, owned, Gio.BusNameOwnerFlags.NONE, None, None)
lines = Gio.DataInputStream.new(Gio.UnixInputStream.new(0, False))
lines.read_line_async(GLib.PRIORITY_DEFAULT, None, on_line)
loop.run()
