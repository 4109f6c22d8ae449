"""Which source records are one thing: a partition, by shared identifiers and by what people decided of pairs. Pure.

Two that a person called different never stand in one cluster; what a person called the same goes before what identifiers say. The order
in which pairs are looked at is that of their names, so that the outcome depends on the set of records and verdicts alone, never on the
order in which they came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

Source = tuple[str, str]
"""System and code."""
Pair = tuple[Source, Source]
"""Two sources, the smaller first."""
Partition = dict[Source, Source]
"""Source → the smallest source of its cluster."""

SAME, DIFFERENT, OPEN = "same", "different", "open"


def pair_of(one: Source, other: Source) -> Pair:
    """The pair, whichever is named first."""
    return (one, other) if one < other else (other, one)


class _Parts:
    """Sets that grow together, unless two of their members must stay apart."""

    def __init__(self, sources: Iterable[Source], apart: Mapping[Source, set[Source]]) -> None:
        self._parent: dict[Source, Source] = {source: source for source in sources}
        self._members: dict[Source, set[Source]] = {}
        self._apart = apart

    def root(self, source: Source) -> Source:
        while (parent := self._parent[source]) != source:
            self._parent[source] = self._parent[parent]
            source = parent
        return source

    def join(self, one: Source, other: Source) -> bool:
        """Whether both stand in one part afterwards."""
        low, high = sorted((self.root(one), self.root(other)))
        if low == high:
            return True
        mine, theirs = self._members.get(low, {low}), self._members.get(high, {high})
        if any(not self._apart.get(member, set()).isdisjoint(theirs) for member in mine):
            return False
        self._parent[high] = low
        self._members[low] = mine | theirs
        return True


def clusters(shared: Iterable[Sequence[Source]], sources: Collection[Source], verdicts: Mapping[Pair, str]) -> Partition:
    """Partition the sources. `shared` are groups that bear one identifier, each in the order in which its members count."""
    apart: dict[Source, set[Source]] = {}
    for (one, other), verdict in verdicts.items():
        if verdict == DIFFERENT:
            apart.setdefault(one, set()).add(other)
            apart.setdefault(other, set()).add(one)
    parts = _Parts({*sources, *(source for pair in verdicts for source in pair)}, apart)
    for one, other in sorted(pair for pair, verdict in verdicts.items() if verdict == SAME):
        parts.join(one, other)
    for group in shared:
        first: list[Source] = []
        for source in group:
            if not any(parts.join(known, source) for known in first):
                first.append(source)
    return {source: parts.root(source) for source in sources}


def verdicts_for(shared: Sequence[Sequence[Source]], wanted: Mapping[Source, Source], verdicts: Mapping[Pair, str]) -> dict[Pair, str]:
    """The verdicts that must be added so that exactly the `wanted` clusters come out (source → any name of its cluster)."""
    said = dict(verdicts)
    for pair, verdict in verdicts.items():
        one, other = pair
        if verdict == DIFFERENT and one in wanted and other in wanted and wanted[one] == wanted[other]:
            said[pair] = OPEN
    while True:
        found = clusters(shared, wanted, said)
        missing = _missing(found, wanted)
        if not missing:
            return {pair: verdict for pair, verdict in said.items() if verdicts.get(pair) != verdict}
        said |= missing


def _missing(found: Partition, wanted: Mapping[Source, Source]) -> dict[Pair, str]:
    """What tells apart those that are together and should not be, and together those that are not and should be."""
    said: dict[Pair, str] = {}
    together: dict[Source, list[Source]] = {}
    for source in sorted(found):
        together.setdefault(found[source], []).append(source)
    for group in together.values():
        said |= {
            pair_of(one, other): DIFFERENT for place, one in enumerate(group) for other in group[:place] if wanted[one] != wanted[other]
        }
    first: dict[Source, Source] = {}
    for source in sorted(found):
        known = first.setdefault(wanted[source], source)
        if found[known] != found[source]:
            said[pair_of(known, source)] = SAME
    return said
