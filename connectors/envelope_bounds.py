"""How much is told of one interchange: a file of nothing but group headers must not make a finding of each."""

from __future__ import annotations

from data_contracts.source import Group

MOST_STRAYS = 20
MOST_GROUPS = 100


class Bounds:
    """Counts what was told of an interchange, and what was left out; `left` is how many findings that are."""

    __slots__ = ("_groups", "_strays", "left")

    def __init__(self) -> None:
        self._strays = self._groups = self.left = 0

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
