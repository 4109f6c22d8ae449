"""Words for people that a document cannot carry as they are: cut to the place that they have, spelled in the letters that it knows.

A description of three hundred characters must not keep an order from going out, and neither must a line break or a mark that the syntax
uses itself. A number, a code or an identifier is never touched: what of it cannot be carried is refused. Each format says which of its
elements hold words (`Fitting` in `spec.py`), and what was changed is told (OUT-05).
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.legible import spelled
from data_contracts.findings import Finding, Place


def fitted(text: str, most: int, charset: str, carried: Callable[[str], bool]) -> str:
    """The text in at most `most` characters (0: any number) that `charset` has and that are `carried`; blanks stand for the others.

    Never empty, since an element that was there may be mandatory.
    """
    letters = (letter if carried(letter) else letter.upper() for letter in spelled(text, charset))  # UNOA has capitals only
    plain = "".join(letter if carried(letter) else " " for letter in letters)
    return (plain[:most] if most else plain).strip() or "?"


def changed(place: Place, was: str, now: str) -> Finding:
    """OUT-05: words that go out otherwise than our own systems have them."""
    return Finding("OUT-05", place, expected=was[:120], got=now[:120])
