"""The stream of parties: originals by family, and their planted copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from benchmarks.masterdata.party_families import groups
from benchmarks.masterdata.party_records import Party, body, legal_key, sheet
from benchmarks.masterdata.party_twins import twin
from benchmarks.masterdata.planting import Original, Record, strew


def party_records(count: int, seed: int, duplicates: float = 0.05) -> Iterator[Record]:
    """So many records of parties, of which the share `duplicates` are copies of another; the same for the same seed."""
    random = Random(f"parties {seed}")
    return strew(_originals(random), lambda one: _copy(random, one), count, duplicates, random)


def _originals(random: Random) -> Iterator[Original[Party]]:
    taken: set[str] = set()
    running = families = 0
    for group in groups(random):
        # No two parties share a name in one town, nor a number that is drawn from few digits.
        new = []
        for party in group:
            own = {legal_key(party), party.gln, party.licence, *(() if party.chinese else (party.tax,))} - {""}
            if not own & taken:
                taken |= own
                new.append(party)
        if len(new) > 1 and new[0].family:
            families += 1
        for party in new:
            running += 1
            family = f"{party.family}/{families}" if len(new) > 1 and party.family else ""
            own_party = replace(party, truth=f"P{running:07d}", family=family)
            written = body(random, sheet(random, own_party))
            yield Original(Record(written, own_party.truth, family=family), own_party)


def _copy(random: Random, original: Original[Party]) -> Record | None:
    made = twin(random, original.thing, original.record.body)
    if made is None:
        return None
    second, kinds = made
    if {**second, "number": ""} == {**original.record.body, "number": ""}:
        return None
    return Record(second, original.record.truth, kinds, original.record.family)
