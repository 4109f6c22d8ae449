"""What the format benchmarks read and write: for each format a document of many messages, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generate_delimited, generate_x12


@dataclass(frozen=True, slots=True)
class Case:
    """One document of one format."""

    name: str
    format: str
    mapping: str
    """The mapping that reads it into a canonical entity and writes it back."""
    pieces: Callable[[int], Iterator[bytes]]
    """The document of so many messages."""
    cuts: tuple[str, str]
    """What the bare split cuts at: between segments (records, tags) and between elements."""
    grammar: str | None = None
    """For formats that do not name their message themselves."""
    version: str = ""
    """What an envelope is written in; empty where the format has none."""
    peers: tuple[str, ...] = ()
    """Names of `peers.PEERS` that read the same bytes."""
    charset: str = "latin-1"

    def file(self, folder: Path, messages: int) -> Path:
        """The document as a file."""
        path = folder / f"{self.name}.{messages}"
        if not path.exists():
            with path.open("wb") as out:
                out.writelines(self.pieces(messages))
        return path


def _x12(kind: str) -> Callable[[int], Iterator[bytes]]:
    return lambda messages: generate_x12.interchange(kind, messages)


CASES = (
    Case("x12-850", "x12", "x12/850", _x12("850"), ("~", "*"), version="004010", peers=("pyx12", "ansi-x12")),
    Case("x12-856", "x12", "x12/856", _x12("856"), ("~", "*"), version="004010", peers=("pyx12", "ansi-x12")),
    Case("csv-orders", "delimited", "delimited/erp_orders", generate_delimited.orders, ("\n", ";"), grammar="erp_orders"),
    Case("csv-items", "delimited", "delimited/erp_items", generate_delimited.items, ("\n", ","), grammar="erp_items"),
)
