"""OPC UA servers of a line, each in a process of its own: run as a program, it forks one for each line of JSON that it reads.

    {"port": 4840, "history": "history.db", "most": 0, "certificate": null, "key": null}      answered by the number of the process

The thousands of nodes that the standard wants of every server take seconds to make: they are made once, before the first fork. The history
lies in a file, and is there again after a restart; null: none is kept. `most`: so many values of a node, as PLCs keep them; 0: all.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

from asyncua import Server, ua
from asyncua.crypto.permission_rules import SimpleRoleRuleset
from asyncua.server.address_space import AddressSpace, NodeManagementService
from asyncua.server.history_sql import HistorySQLite
from asyncua.server.internal_server import InternalServer
from asyncua.server.standard_address_space import standard_address_space
from asyncua.server.user_managers import User, UserRole

SPACE = "urn:udihub:test-line"


class People:
    """Who is let in: a user with the password that the environment names."""

    def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> User | None:
        known = username == "hub" and password == os.environ["LINE_PASSWORD"]
        return User(role=UserRole.Admin, name="hub") if known else None


async def serve(port: int, history: str | None, most: int, certificate: str | None, key: str | None) -> None:
    server = Server(user_manager=People())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/line")
    if certificate is not None and key is not None:
        await server.load_certificate(certificate)
        await server.load_private_key(key)
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt], permission_ruleset=SimpleRoleRuleset())
    else:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace(SPACE)
    if history is not None:
        storage = HistorySQLite(history)
        await storage.init()
        server.iserver.history_manager.set_storage(storage)
    line = await server.nodes.objects.add_object(space, "Line1")
    for number, name in ((1001, "Good"), (1002, "Scrap")):
        node = await line.add_variable(ua.NodeId(number, space), name, -1, ua.VariantType.Int32)
        await node.set_writable()
        old = ua.DataValue(ua.Variant(-1, ua.VariantType.Int32), SourceTimestamp=ua.get_win_epoch())
        await node.write_value(old)
        if history is not None:
            await server.historize_node_data_change(node, period=None, count=most)
    async with server:
        await asyncio.Event().wait()


def main() -> None:
    """Until nobody asks any longer; the servers go with it."""
    made = AddressSpace()
    standard_address_space.fill_address_space(NodeManagementService(made))

    async def ready(self: InternalServer, _shelf: object = None) -> None:
        self.aspace._nodes = made._nodes

    InternalServer.load_standard_address_space = ready  # type: ignore[method-assign]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children = []
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(serve(**json.loads(line)))
            os._exit(0)
        children.append(child)
        print(child, flush=True)
    for child in children:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
