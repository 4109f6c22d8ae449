"""Other readers of the same bytes, as they are meant to be used, so that a ratio says something.

pyx12 judges by maps that are generated from our own grammars (`connectors/formats/x12/pyx12_maps.py`): the same rules, the same
bytes. pydifact and ansi-x12 take documents apart and check neither order nor elements. They are slow enough to be given
a part of the document; the harness divides by bytes.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from connectors.formats.x12.grammar import load
from connectors.formats.x12.pyx12_maps import SetMap, write_maps

_CHAINS = frozenset({("S",), ("S", "O"), ("S", "O", "P"), ("S", "O", "P", "I")})
"""The nestings of HL levels in the generated despatch advices."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A library; `read` raises where it finds fault with the document."""

    read: Callable[[bytes], object]
    share: int
    """It gets one of so many messages."""


@cache
def _maps() -> str:
    folder = mkdtemp(prefix="udihub-bench-pyx12-")
    sets = []
    for message, group in (("850", "PO"), ("856", "SH")):
        grammar = load(message, "004010")
        assert grammar is not None
        sets.append(SetMap(grammar, "004010", group, _CHAINS if grammar.hierarchy else frozenset()))
    write_maps(Path(folder), "00401", sets)
    return folder


def _pyx12(document: bytes) -> None:
    from pyx12.params import ParamsBase
    from pyx12.x12n_document import x12n_document

    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    if not x12n_document(ParamsBase(), io.StringIO(document.decode("latin-1")), None, None, map_path=_maps()):
        raise ValueError("pyx12 refuses the document")


def _ansi_x12(document: bytes) -> object:
    import x12

    return x12.parse_x12_interchange(x12.tokenize_x12(document))


def _pydifact(document: bytes) -> int:
    from pydifact.segmentcollection import Interchange

    return sum(1 for _ in Interchange.from_str(document.decode("latin-1")).get_messages())


PEERS = {"pyx12": Peer(_pyx12, 20), "ansi-x12": Peer(_ansi_x12, 2), "pydifact": Peer(_pydifact, 10)}
