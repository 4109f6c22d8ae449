"""What several systems say about the same thing, put together: names, stock and orders; where they disagree is a discrepancy.

`apply` marks what changed as stale; `reconcile` looks at it again and makes the open discrepancies of each scope exactly what the
standing facts say, by pure functions of these (`orders.judge`, `stock.judge`, `master`). Scopes, in the order of their dependence:

    party   crosswalk of parties; parties entered twice
    item    crosswalk of items; marks the orders and places that name them
    device  crosswalk of devices by all their identifiers
    lots    joins the names of one lot, for the trace
    stock   one place in one organisation
    order   one order number in one organisation
    event   documents that are visibility events too (hub/visibility/project.py)
"""

from __future__ import annotations

from hub.reconcile.orders import Tolerance
from hub.reconcile.run import mark_due, reconcile

__all__ = ["Tolerance", "mark_due", "reconcile"]
