"""Whether a pull goes round: a peer whose every page names another next one, with records that came in this pull already, has no end.

A page is compared with one that came before it, which is replaced after twice as many pages each time (Brent's way to find a cycle): so
rounds of any length are found, and nothing is kept but one page's ids. Pages without records count alike, for some peers answer many of
them before the next that has any.
"""

from __future__ import annotations

from connectors.spec import Page
from data_contracts.errors import RetriableError

MOST = 1000
"""Pages that may be what one before them was: peers that page by links pass over what a filter leaves out, some hundreds at a time."""


class Rounds:
    """The pages of one pull, as they come. `label` names the flow; `one_by_one`: it asks for each of a list, of which many may be unknown
    to the peer, so that pages without records say nothing."""

    def __init__(self, label: str, *, one_by_one: bool = False) -> None:
        self._label, self._one_by_one = label, one_by_one
        self._anchor: tuple[str, ...] | None = None
        self._pages, self._next, self._again = 0, 1, 0

    def passed(self, page: Page) -> None:
        """One page more. Raises RetriableError where the pull goes round."""
        if page.records is None or (self._one_by_one and not page.records):
            return
        ids = tuple(key for key, _ in page.records)
        if ids == self._anchor:
            self._again += 1
            if self._again >= MOST:
                raise RetriableError(
                    f"{self._label}: the peer's pages have no end: of {self._pages + 1}, {self._again} hold what came in this pull already"
                )
        self._pages += 1
        if self._pages >= self._next:
            self._anchor, self._next = ids, self._next * 2
