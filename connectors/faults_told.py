"""How many faults of one document are told in full (X12, EDIFACT, feeds): what is wrong everywhere is told once too often after a while.

Whoever reads the faults of a message sees its first thousand (of a feed two hundred), and that there are more. A document of a hundred
thousand faults in hundreds of messages would still fill lists, store and answers with them; so once a document has told many, each
further message that is wrong tells its first few. No message is let through for it: that some faults were not told is itself an error,
for an agreement may think nothing of those that were (`rules`, `accept_with_errors`), and notes that are no faults take no fault's
place. Under such an agreement (`Profile.lenient`) messages are not told less of because others before them were wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_contracts.findings import Finding, Place

OF_A_MESSAGE = 1000
"""Findings told of one message."""
OF_A_DOCUMENT = 20_000
"""Findings after which each further message tells only `FEW`."""
FEW = 20


class FaultsTold:
    """The faults that one document has told so far."""

    __slots__ = ("_few", "_of_a_message", "_told")

    def __init__(self, of_a_message: int = OF_A_MESSAGE, few: int = FEW, *, lenient: bool = False) -> None:
        self._told = 0
        self._of_a_message = of_a_message
        self._few = of_a_message if lenient else few

    @property
    def most(self) -> int:
        """How many the next message may tell."""
        return self._few if self.many else self._of_a_message

    @property
    def many(self) -> bool:
        """Whether the document has told so many that each further message tells few."""
        return self._told >= OF_A_DOCUMENT and self._few < self._of_a_message

    def add(self, count: int) -> None:
        """A message has told this many."""
        self._told += count


class MessageFaults:
    """The findings of one message after another (X12, EDIFACT): so many faults as it may tell, and as many notes that are none."""

    __slots__ = ("_dropped", "_faulty", "_most", "_unsaid", "findings")

    def __init__(self) -> None:
        self.begin(OF_A_MESSAGE)

    def begin(self, most: int) -> None:
        """A message begins, which may tell so many."""
        self.findings: list[Finding] = []
        self._most = most
        self._faulty = self._dropped = self._unsaid = 0

    def add(self, finding: Finding) -> None:
        """Keep a finding, or count that it was left out; one that is no fault takes no place of one that is."""
        if finding.severity != "error":
            if len(self.findings) - self._faulty < self._most:
                self.findings.append(finding)
            else:
                self._unsaid += 1
        elif self._faulty < self._most:
            self._faulty += 1
            self.findings.append(finding)
        else:
            self._dropped += 1

    def full(self) -> bool:
        """Whether so much is wrong that one thing more is only counted: nothing but faults must cost no more than a good message."""
        full = self._faulty >= self._most
        self._dropped += full
        return full

    def withdraw(self, faults: Sequence[Finding]) -> None:
        """Tell some faults no more, which another one explains."""
        gone = {id(fault) for fault in faults}
        kept = [one for one in self.findings if id(one) not in gone]
        self._faulty -= len(self.findings) - len(kept)
        self.findings = kept

    def settle(self, rule: str, where: Place, code: str) -> None:
        """The message ends: what was left out is told by its number, as an error where it was faults."""
        if self._dropped:
            self.findings.append(Finding(rule, where, str(self._most), str(self._dropped), code))
        elif self._unsaid:
            self.findings.append(Finding(rule, where, str(self._most), str(self._unsaid), severity="info", action="none"))
