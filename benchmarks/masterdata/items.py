"""The stream of items: originals family by family, and their planted copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from benchmarks.masterdata.item_records import Sheet, Thing, body, families, sheet
from benchmarks.masterdata.item_twins import twin
from benchmarks.masterdata.planting import Original, Record, strew


@dataclass(frozen=True, slots=True)
class Described:
    """An item and how its first record describes it."""

    thing: Thing
    sheet: Sheet


def item_records(count: int, seed: int, duplicates: float = 0.05) -> Iterator[Record]:
    """So many records of items, of which the share `duplicates` are copies of another; the same for the same seed."""
    random = Random(f"items {seed}")
    return strew(_originals(random), lambda one: _copy(random, one), count, duplicates, random)


def _originals(random: Random) -> Iterator[Original[Described]]:
    running = 0
    references: set[tuple[str, str]] = set()
    for family in families(random):
        for thing in family:
            # Two items of one maker never have one number; such an item is left out of the family.
            reference = (thing.family.maker.prefix, thing.reference)
            if reference in references:
                continue
            references.add(reference)
            running += 1
            own = replace(thing, truth=f"I{running:07d}")
            drawn = sheet(random, own)
            kind = f"family/{thing.family.number}" if thing.family.neighbours > 1 else ""
            yield Original(Record(body(random, drawn), own.truth, family=kind), Described(own, drawn))


def _copy(random: Random, original: Original[Described]) -> Record | None:
    made = twin(random, original.thing.thing, original.thing.sheet, original.record.body)
    if made is None:
        return None
    second, kinds = made
    if {**second, "number": ""} == {**original.record.body, "number": ""}:
        return None
    return Record(second, original.record.truth, kinds, original.record.family)
