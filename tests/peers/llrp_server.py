"""An RFID reader that speaks LLRP, llrpkit's emulator, in a process of its own: `python llrp_server.py '{"port": …, "holds": …}'`.

It sees nothing by itself. Lines of JSON on its input are tags that come into sight, and what somebody does to the line; each is answered.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any

from llrpkit.emulator import LLRPEmulator
from llrpkit.protocol import BitStr, messages, params


class ReaderEmulator(LLRPEmulator):
    """`holds`: what it sees while nobody is connected waits until it is asked for, as the standard has it; else it is lost."""

    def __init__(self, port: int, *, holds: bool, ahead: int, certificate: list[str] | None) -> None:
        self._holds, self._kept, self._ahead = holds, {}, ahead
        self._certificate = certificate
        self._waiting: list[Any] = []
        self._released = not holds
        super().__init__(port=port, tags=[])

    async def start(self) -> None:
        context = None
        if self._certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self._certificate)
        self._server = await asyncio.start_server(self._handle_client, self.host, self.port, ssl=context)

    @property
    def _rospecs(self) -> dict[int, Any]:
        return self._kept

    @_rospecs.setter
    def _rospecs(self, specs: dict[int, Any]) -> None:
        if not self._holds or self._kept is None:  # the emulator forgets at each connection what it was told to do; readers do not
            self._kept = specs

    async def _handle_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._released = not self._holds
        try:
            await super()._handle_client(reader, writer)
        finally:
            if self._writer is None:
                self._released = not self._holds

    async def _handle_message(self, message: Any) -> None:
        if self._holds and isinstance(message, messages.ENABLE_EVENTS_AND_REPORTS):
            self._released = True
            waiting, self._waiting = self._waiting, []
            for one in waiting:
                await self._send(one)
            return
        await super()._handle_message(message)

    def _now_us(self) -> int:  # type: ignore[override]
        return LLRPEmulator._now_us() + self._ahead

    async def see(self, memory: str, antenna: int, at: int | None) -> None:
        """A tag comes into sight."""
        if not any(state == "Active" for _, state in self._rospecs.values()):
            return
        content = bytes.fromhex(memory)
        when = self._now_us() if at is None else at
        report = params.TagReportData(
            epc_parameter=params.EPC_96(epc=content) if len(content) == 12 else params.EPCData(epc=BitStr.from_bytes(content)),
            antenna_id=params.AntennaID(antenna_id=antenna),
            peak_rssi=params.PeakRSSI(peak_rssi=-52),
            first_seen_timestamp_utc=params.FirstSeenTimestampUTC(microseconds=when),
            last_seen_timestamp_utc=params.LastSeenTimestampUTC(microseconds=when),
            tag_seen_count=params.TagSeenCount(tag_count=1),
        )
        said = messages.RO_ACCESS_REPORT(tag_report_datas=[report])
        if self._writer is not None and self._released:
            await self._send(said)
        elif self._holds:
            self._waiting.append(said)

    async def do(self, command: dict[str, Any]) -> Any:
        """What a line of the input says."""
        for memory, antenna, at in command.get("see", ()):
            await self.see(memory, antenna, at)
        if self._writer is not None and "raw" in command:
            self._writer.write(bytes.fromhex(command["raw"]))
            await self._writer.drain()
        if self._writer is not None and command.get("cut"):
            self._writer.transport.abort()
        return {"connected": self._writer is not None, "acknowledged": self.keepalive_acks, "operations": len(self._rospecs)}


async def main() -> None:
    """Until the input ends."""
    said = json.loads(sys.argv[1])
    loop = asyncio.get_running_loop()
    async with ReaderEmulator(**said) as reader:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await reader.do(json.loads(line))), flush=True)


asyncio.run(main())
