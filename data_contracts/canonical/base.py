"""What all canonical entities share: exact numbers, dates with their precision, references to parties and items.

An entity is defined once, here and beside, as a pydantic model: schema, API and documentation come from
it. The hot path does not build these objects: a mapping yields the same thing as plain dictionaries
(`as_plain` shows the shape), and a test holds that both give equal findings.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

Amount = Annotated[
    Decimal,
    Field(max_digits=18, decimal_places=6),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
]
"""Exact number with at most 12 digits before and 6 after the point: 18 digits fit a 64-bit integer scaled by 10^6."""

PartialDate = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$")]
"""ISO date with its precision: `2026-08` is a month and never a day, `2026-08-31` a day."""

Instant = AwareDatetime
"""A moment with the offset that the source stated, or that the profile or the hub assumed."""


class Purpose(StrEnum):
    """What a business document does to the one with the same issuer and number (UN/CEFACT 1225, X12 353)."""

    ORIGINAL = "original"
    REPLACE = "replace"
    CHANGE = "change"
    CANCEL = "cancel"
    CONFIRM = "confirm"


class Entity(BaseModel):
    """A canonical record. Unknown members are refused; nothing is coerced from float."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    def as_plain(self) -> dict[str, Any]:
        """The plain dictionary a mapping yields: members that are null or empty are left out, numbers are Decimal."""
        return {"entity": type(self).__name__, **self.model_dump(mode="python", exclude_none=True, exclude_defaults=True)}


class PartyReference(Entity):
    """A party as a document names it: any of GLN, name, code given by the sender, by the receiver, or an agency's."""

    gln: str | None = None
    name: str | None = None
    code: str | None = None
    code_scheme: str | None = None
    """Who gives the code: `assigned_by_buyer`, `assigned_by_seller`, `duns`, `tax`, `own` (the sending system's own)."""
    address: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


class ItemReference(Entity):
    """The item fields every line carries: whichever the sender states."""

    gtin: str | None = None
    """GTIN-8, -12, -13 or -14 as stated; the store pads it to 14."""
    buyer_item: str | None = None
    supplier_item: str | None = None
    item_code: str | None = None
    """The sending system's own code, where sender is an own system (ERP, WMS, MES)."""
    description: str | None = None


class LotReference(ItemReference):
    """Item plus what identifies the physical thing."""

    lot: str | None = None
    serials: list[str] = []
    expires_on: PartialDate | None = None
    manufactured_on: PartialDate | None = None


class BusinessDocument(Entity):
    """Header words of every document that one party says to another."""

    number: str
    purpose: Purpose = Purpose.ORIGINAL
    revision: int = 0
    issued_at: Instant
    issued_at_source: str = "stated"
    """`stated`, `profile` (the agreement's time zone was applied), `assumed` (UTC for want of any), `day` (the document states a day and no
    time: `issued_at` is its beginning, and is told as that day in every zone), `envelope` (the document states no date: the envelope's,
    in the agreement's time zone) or `arrival` (the system that was asked states none at all: when its answer came)."""
