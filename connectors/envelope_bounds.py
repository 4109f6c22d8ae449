"""How much is told of one interchange: a file of nothing but group headers must not make a finding of each, nor one of nothing but
acknowledgements an event of each that says nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.source import Group

MOST_STRAYS = 20
MOST_GROUPS = 100
_HEARD_KEPT = 10_000
"""Acknowledgements of one interchange that are remembered, so that one which comes again is known."""


class Bounds:
    """Counts what was told of an interchange, and what was left out; `left` is how many findings that are, `unheard` how many
    acknowledgements that name nothing, or repeat one before them."""

    __slots__ = ("_groups", "_heard", "_strays", "left", "unheard")

    def __init__(self) -> None:
        self._strays = self._groups = self.left = self.unheard = 0
        self._heard: set[tuple[str, ...]] = set()

    def hears(self, elements: Sequence[str]) -> bool:
        """Whether an acknowledgement beside the messages says anything that none before it said; its first element names of what."""
        said = tuple(elements)
        if said in self._heard or not any(elements[1:2]):
            self.unheard += 1
            return False
        if len(self._heard) >= _HEARD_KEPT:
            self._heard.clear()
        self._heard.add(said)
        return True

    def tells_stray(self) -> bool:
        """Whether one more segment that stands outside of everything is told."""
        self._strays += 1
        self.left += self._strays > MOST_STRAYS
        return self._strays <= MOST_STRAYS

    @property
    def explains(self) -> bool:
        """Whether faulty groups are still explained in full."""
        return self._groups <= MOST_GROUPS

    def hold(self, group: Group) -> None:
        """Leave of one more faulty group, where enough were explained, only why its messages are refused, where it has any."""
        self._groups += 1
        if not self.explains:
            kept = [finding for finding in group.findings if finding.severity == "error"][:1] if group.message_count else []
            self.left += len(group.findings) - len(kept)
            group.findings[:] = kept
