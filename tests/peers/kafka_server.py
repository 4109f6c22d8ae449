"""A Kafka cluster in a process of its own: librdkafka's mock cluster, which speaks the real protocol over TCP and keeps its log in memory.

Its first broker is behind a door that can be shut and opened, or hold what it answers, that says where the broker is to be found, lets in
by certificate and password, and is told by lines on its input what to do. What a broker has on disk so outlives a shut door.

    python -m tests.peers.kafka_server PORT '{"user": "hub", "password": "…", "certificate": "cert.pem", "key": "key.pem"}'

Whoever comes has no right on any group, as a reader without one must do.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import struct
import sys
from contextlib import suppress
from typing import Any

from confluent_kafka import Producer

HANDSHAKE, VERSIONS, AUTHENTICATE, COORDINATOR = 17, 18, 36, 10
_NOT_LET_IN, _NO_RIGHT_ON_GROUP = 58, 30
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_ROUNDS = 4096


class Visitor:
    """Somebody who says who he is, by PLAIN or SCRAM (RFC 4616, RFC 5802)."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._by, self._said = "", b""
        self.known = False

    def shakes(self, request: bytes) -> bytes:
        """The mechanism that he asks for, and the answer."""
        (named,) = struct.unpack(">h", request[8:10])
        header = 10 + max(named, 0)
        self._by = request[header + 2 :].decode()
        listed = b"".join(struct.pack(">h", len(one)) + one.encode() for one in _MECHANISMS)
        return struct.pack(">hi", 0 if self._by in _MECHANISMS else 33, len(_MECHANISMS)) + listed

    def says(self, request: bytes) -> bytes:
        """One step of it, and the answer."""
        (named,) = struct.unpack(">h", request[8:10])
        token = request[10 + max(named, 0) + 4 :]
        answer = b""
        if self._by == "PLAIN":
            self.known = token == f"\0{self._user}\0{self._password}".encode()
            refused = not self.known
        else:
            answer, refused = self._proves(token)
        if refused:
            return struct.pack(">hhi", _NOT_LET_IN, -1, 0)
        return struct.pack(">hhi", 0, -1, len(answer)) + answer

    def _proves(self, token: bytes) -> tuple[bytes, bool]:
        """SCRAM: what is said first, and then the proof that he knows the password; ours that we do."""
        if not self._said:
            first = token.removeprefix(b"n,,")
            nonce = first.partition(b"r=")[2] + b"ours"
            answer = b"r=" + nonce + b",s=" + base64.b64encode(b"salt") + b",i=%d" % _ROUNDS
            self._said = first + b"," + answer
            return answer, first.partition(b",")[0] != b"n=" + self._user.encode()
        kind = self._by.removeprefix("SCRAM-").replace("-", "").lower()
        without, _, proof = token.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac(kind, self._password.encode(), b"salt", _ROUNDS)
        key = hmac.digest(salted, b"Client Key", kind)
        stored = hashlib.new(kind, key).digest()
        signature = hmac.digest(stored, self._said + b"," + without, kind)
        wanted = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        self.known = hmac.compare_digest(base64.b64encode(wanted), proof)
        ours = hmac.digest(hmac.digest(salted, b"Server Key", kind), self._said + b"," + without, kind)
        return b"v=" + base64.b64encode(ours), not self.known


class Door:
    """Where clients come in; each request and answer passes whole."""

    def __init__(self, port: int, told: dict[str, Any]) -> None:
        self.port = self.advertised = port
        self._told = told
        self._mock = Producer({"test.mock.num.brokers": int(told.get("brokers", 1)), "bootstrap.servers": "mock", "log_level": 0})
        self.brokers = [int(broker.port) for broker in self._mock.list_topics(timeout=10).brokers.values()]
        self.behind = self.brokers[0]
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.passes = asyncio.Event()
        self.passes.set()
        self._context: ssl.SSLContext | None = None
        if "certificate" in told:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(told["certificate"], told["key"])

    async def open(self) -> None:
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._entered, "127.0.0.1", self.port, ssl=self._context)

    async def shut(self) -> None:
        """As a broker that is killed: nobody is let in, and whoever was in is cut off."""
        if self._server is not None:
            self._server.close()
            for line in list(self._lines):
                line.transport.abort()
            self._server = None

    async def _entered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner = await asyncio.open_connection("127.0.0.1", self.behind)
        self._lines |= {writer, inner}
        asked: dict[bytes, int] = {}
        down = asyncio.create_task(self._answers(inner_reader, writer, asked))
        visitor = Visitor(str(self._told["user"]), str(self._told["password"]))
        try:
            while True:
                request = await _frame(reader)
                api, version = struct.unpack(">hh", request[:4])
                if api == HANDSHAKE:
                    _say(writer, request[4:8] + visitor.shakes(request))
                elif api == AUTHENTICATE:
                    _say(writer, request[4:8] + visitor.says(request))
                elif not visitor.known and api != VERSIONS:
                    return
                elif api == COORDINATOR:
                    _say(writer, request[4:8] + _no_group(version))
                else:
                    if api == VERSIONS:
                        asked[request[4:8]] = version
                    _say(inner, request)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            down.cancel()
            for end in (writer, inner):
                self._lines.discard(end)
                with suppress(OSError):
                    end.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[bytes, int]) -> None:
        host = b"127.0.0.1"
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                answer = await _frame(reader)
                version = asked.pop(answer[:4], None)
                if version is not None:
                    answer = _with_sasl(answer, version)
                await self.passes.wait()
                _say(writer, answer.replace(host + struct.pack(">i", self.behind), host + struct.pack(">i", self.advertised)))
                await writer.drain()
        writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


def _say(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(struct.pack(">i", len(frame)) + frame)


def _no_group(version: int) -> bytes:
    """No right on a group, up to version 2 of the answer."""
    assert version <= 2, version
    waits = struct.pack(">i", 0) if version else b""
    said = struct.pack(">h", -1) if version else b""
    return waits + struct.pack(">h", _NO_RIGHT_ON_GROUP) + said + struct.pack(">ihi", -1, 0, -1)


def _with_sasl(answer: bytes, version: int) -> bytes:
    """What a broker can do, and that it lets in by SASL."""
    more = [struct.pack(">hhh", HANDSHAKE, 0, 1), struct.pack(">hhh", AUTHENTICATE, 0, 0)]
    if version >= 3 and answer[4:6] == b"\0\0":
        return answer[:6] + bytes([answer[6] + len(more)]) + b"".join(one + b"\0" for one in more) + answer[7:]
    (count,) = struct.unpack(">i", answer[6:10])
    return answer[:6] + struct.pack(">i", count + len(more)) + b"".join(more) + answer[10:]


async def main(port: int, told: dict[str, Any]) -> None:
    door = Door(port, told)
    print(*door.brokers, flush=True)
    while line := await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        what, _, value = line.strip().partition(" ")
        if what == "open":
            await door.open()
        elif what == "shut":
            await door.shut()
        elif what == "hold":
            door.passes.clear()
        elif what == "pass":
            door.passes.set()
        elif what == "advertise":
            door.advertised = int(value)
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), json.loads(sys.argv[2])))
