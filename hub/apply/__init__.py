"""Facts: what a mapped message says becomes rows, and what follows from it, in the caller's transaction.

For a batch of canonical entities `apply`

1. turns each into an application, lines and (items, parties) a master record; nothing of these is ever changed or deleted,
2. decides for every subject (order, despatch advice, count of a place…) which application **stands** (`hub.reconcile.standing`),
3. gives standing applications their effects, movements of stock, balances and trace edges (`effects`), and takes back
   those of applications that stand no longer: balances by the inverse of the movements, then movements and edges go. What is left
   equals what the standing applications alone would have made, so order of arrival, replay, replacement and cancellation can't matter,
4. marks what must be reconciled again (`stale`): orders, places with stock, items, parties, new lots.

A subject seen for the first time needs no decision and takes the fast path: one bulk insert a table for the whole batch. Only subjects
that were spoken of before are locked, in the order of their ids, and decided anew.
"""

from __future__ import annotations

from hub.apply.batch import Applicable, Applied, apply, withdraw

__all__ = ["Applicable", "Applied", "apply", "withdraw"]
