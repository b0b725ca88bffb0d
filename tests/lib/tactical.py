#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps accounts in step as Tactical RMM does, with the library it uses: a connection for each call, from which only the calls
that ask something read. Arguments: the control channel's address with its token, the ids of devices (comma), how many accounts.
Prints a JSON line for each stage."""
import asyncio
import json
import sys
import time

import websockets

ADDRESS, DEVICES, COUNT = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3])
LIMIT = 64 << 20
RIGHTS = 4088024
NAMES = [f"worker{i}___{i}" for i in range(COUNT)]


async def ask(action):
    async with websockets.connect(ADDRESS, max_size=LIMIT) as socket:
        await socket.send(json.dumps({"action": action, "responseid": "meshctrl"}))
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if frame.get("action") == action:
                return frame


async def tell(frame):
    async with websockets.connect(ADDRESS, max_size=LIMIT) as socket:
        await socket.send(json.dumps({"responseid": "meshctrl", **frame}))


async def ids():
    return {user["_id"]: user.get("realname") for user in (await ask("users"))["users"] if "___" in user["_id"]}


async def holders():
    nodes = [node for group in (await ask("nodes"))["nodes"].values() for node in group]
    return {node["_id"]: {id for id in node.get("links", {}) if "___" in id} for node in nodes}


async def until(what, check):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if await check():
            return
        await asyncio.sleep(0.1)
    raise SystemExit(f"{what}: not within a minute")


def say(stage, begin, connections):
    print(json.dumps({"stage": stage, "connections": connections, "seconds": time.monotonic() - begin}), flush=True)


async def main():
    begin = time.monotonic()
    assert isinstance((await ask("meshes"))["meshes"], list)
    for name in NAMES:
        await tell({"action": "adduser", "username": name, "email": f"{name}.abcdef@tacticalrmm-do-not-change-abcde.local",
                    "pass": "x!0123456789Abcdefghijklmnopqr", "resetNextLogin": False, "randomPassword": False,
                    "removeEvents": False, "emailVerified": True})
        await tell({"action": "edituser", "id": f"user//{name}", "realname": f"{name} - Company"})
    await until("the accounts with their names", all_named)
    say("accounts", begin, 2 * COUNT)
    begin = time.monotonic()
    for device in DEVICES:
        for name in NAMES:
            await tell({"action": "adddeviceuser", "nodeid": device, "usernames": [name], "rights": RIGHTS, "remove": False})
    await until("the links", lambda: all_hold(COUNT))
    say("links", begin, len(DEVICES) * COUNT)
    begin = time.monotonic()
    for device in DEVICES:
        await tell({"action": "adddeviceuser", "nodeid": device, "userids": [f"user//{NAMES[0]}"], "rights": 0, "remove": True})
    await until("the links without the first", lambda: all_hold(COUNT - 1))
    for name in NAMES:
        await tell({"action": "deleteuser", "userid": f"user//{name}"})
    await until("no account of ours", none_left)
    say("removed", begin, COUNT + len(DEVICES))


async def all_named():
    there = await ids()
    return len(there) == COUNT and all(name == f"{id.split('/')[2]} - Company" for id, name in there.items())


async def all_hold(count):
    links = await holders()
    return all(len(links[device]) == count for device in DEVICES)


async def none_left():
    return not await ids() and all(not held for held in (await holders()).values())


asyncio.run(main())
