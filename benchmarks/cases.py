"""What the format benchmarks read and write: for each format a document of many messages, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import generate_delimited, generate_edifact, generate_idoc, generate_ubl, generate_x12


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
    together: bool = True
    """The pieces are one document; else each is one."""

    def documents(self, messages: int) -> list[bytes]:
        """The documents that hold so many messages."""
        pieces = list(self.pieces(messages))
        return [b"".join(pieces)] if self.together else pieces


def _x12(kind: str) -> Callable[[int], Iterator[bytes]]:
    return lambda messages: generate_x12.interchange(kind, messages)


CASES = (
    Case("x12-850", "x12", "x12/850", _x12("850"), ("~", "*"), version="004010", peers=("pyx12", "ansi-x12")),
    Case("x12-856", "x12", "x12/856", _x12("856"), ("~", "*"), version="004010", peers=("pyx12", "ansi-x12")),
    Case("desadv", "edifact", "edifact/DESADV", generate_edifact.interchange, ("'", "+"), version="D.96A", peers=("pydifact",)),
    Case("idoc-xml", "idoc", "idoc/ORDERS", generate_idoc.markup, ("<", ">"), version="ORDERS05"),
    Case("idoc-flat", "idoc", "idoc/ORDERS", generate_idoc.flat, ("\n", " "), version="ORDERS05"),
    Case("ubl", "ubl", "ubl/Order", generate_ubl.orders, ("<", ">"), together=False),
    Case("csv-orders", "delimited", "delimited/erp_orders", generate_delimited.orders, ("\n", ";"), grammar="erp_orders"),
    Case("csv-items", "delimited", "delimited/erp_items", generate_delimited.items, ("\n", ","), grammar="erp_items"),
)
