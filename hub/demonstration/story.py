"""What `generate` hands over: which file arrives when, which faults hide in them, and a supplier that answers our orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hub.demonstration.company import SUPPLIERS
from hub.demonstration.faults import PlantedFault
from hub.demonstration.x12_files import TransactionSet, envelope_of, interchange, segment


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that reached the hub."""

    path: str
    """Below the story's folder, with `/`: `in/erp/items_20261018T0600.csv`."""
    partner: str
    agreement: str
    flow: str
    organisation: str
    at: datetime
    """When it was delivered; also the file's modification time."""


@dataclass(slots=True)
class Story:
    """A generated demonstration. `arrivals` are in order of delivery; landing them in another order must lead to the same views."""

    folder: Path
    seed: int
    now: datetime
    arrivals: tuple[Arrival, ...]
    faults: tuple[PlantedFault, ...]
    replies: dict[str, bool]
    """Order number to whether the supplier acknowledges our 850 for it (True) or never does."""
    curl_sample: bytes
    """A good 856 of a further shipment by `jiangnan_polymer`, not among the arrivals: for a first own upload."""
    spare_controls: dict[tuple[str, str], list[int]]
    """(sender, receiver) to the interchange control numbers which the supplier kept for its 997s, next one first."""
    next_controls: dict[tuple[str, str], int]
    """(sender, receiver) to the number that follows once the kept ones are used up."""
    _answers: dict[tuple[str, str, str], bytes | None] = field(default_factory=dict)

    def acknowledge(self, sent: bytes) -> bytes | None:
        """The 997 with which the supplier answers an interchange of 850s that the hub has sent; null where none ever comes.

        Every set is accepted, twenty minutes after the 850s were dated; they are dated in the supplier's zone. One silent order
        silences its interchange, since a 997 speaks for whole groups. The same 850s sent again get the same bytes again. Null,
        too, for whatever is no 850 (a 997 is never acknowledged).
        Raises ValueError for bytes that are no X12 interchange with fixed ISA, KeyError for an order that the story does not know.
        """
        element, ends = _delimiters(sent)
        segments = [text.strip("\r\n").split(element) for text in sent.decode("latin-1").split(ends) if text.strip("\r\n")]
        isa = segments[0]
        sender, receiver, control = isa[6].strip(), isa[8].strip(), isa[13]
        key = (sender, receiver, control)
        if key not in self._answers:
            self._answers[key] = self._answer(segments, sender, receiver)
        return self._answers[key]

    def _answer(self, segments: list[list[str]], sender: str, receiver: str) -> bytes | None:
        sets: list[TransactionSet] = []
        version = ""
        group: list[str] = []
        accepted: list[str] = []
        count = 0
        for parts in segments:
            if parts[0] == "GS":
                group, accepted, count, version = parts, [], 0, parts[8]
                if parts[1] != "PO":
                    return None
            elif parts[0] == "ST":
                count += 1
                accepted += [segment("AK2", parts[1], parts[2]), segment("AK5", "A")]
            elif parts[0] == "BEG" and not self.replies[parts[3]]:
                return None
            elif parts[0] == "GE":
                named = (group[8],) if version >= "005010" else ()
                body = [segment("AK1", group[1], group[6], *named), *accepted, segment("AK9", "A", parts[1], str(count), str(count))]
                sets.append(TransactionSet("997", tuple(body)))
        if not sets:
            return None
        envelope = envelope_of(receiver, sender, version[:6])
        zone = next(supplier.zone for supplier in SUPPLIERS if supplier.x12_id == receiver)
        sent_at = datetime.strptime(segments[0][9] + segments[0][10], "%y%m%d%H%M").replace(tzinfo=zone)
        return interchange(envelope, self._next_control((receiver, sender)), sent_at + timedelta(minutes=20), sets)

    def _next_control(self, pair: tuple[str, str]) -> int:
        kept = self.spare_controls.get(pair)
        if kept:
            return kept.pop(0)
        number = self.next_controls[pair]
        self.next_controls[pair] = number + 1
        return number


def _delimiters(sent: bytes) -> tuple[str, str]:
    text = sent[:106].decode("latin-1")
    if len(text) < 106 or not text.startswith("ISA") or text[103] != text[3]:
        raise ValueError("not an X12 interchange with an ISA of 106 characters")
    return text[3], text[105]
