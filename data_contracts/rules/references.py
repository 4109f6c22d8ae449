"""What rules must look up, as a protocol that the store fulfils: floor 0 knows no database.

Only facts that stay true whatever else is on its way belong here. Whether a lot on a receipt was ever despatched is not
among them: the despatch advice may arrive after the receipt, so reconciliation answers that, and renews its answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What the golden record of an item says about how it must be handled."""

    code: str
    kind: str
    """`raw`, `component` or `finished`."""
    lot_controlled: bool
    serial_controlled: bool
    base_unit: str


class References(Protocol):
    """Look-ups for one organisation."""

    def item(
        self, *, gtin: str | None = None, item_code: str | None = None, buyer_item: str | None = None, supplier_item: str | None = None
    ) -> ItemFacts | None:
        """The item that a line names by any of these, null when it is not known (yet). `gtin` comes as stated, 8 to 14 digits."""
        ...
