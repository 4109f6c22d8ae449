"""Pages by opaque cursor: stable while new rows arrive, unlike page numbers."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from pydantic import BaseModel, Field

from hub_api.errors import ProblemError


class Page(BaseModel):
    """A page of rows, newest first."""

    items: list[dict[str, Any]]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.", examples=["MTc"])


def page(rows: list[dict[str, Any]], limit: int, key: str = "id") -> Page:
    """A page of at most `limit` rows; `rows` holds one more if there is a next page."""
    shown = rows[:limit]
    return Page(items=shown, next=encode(shown[-1][key]) if len(rows) > limit else None)


def encode(position: int) -> str:
    """An opaque cursor that stands behind this id."""
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def decode(cursor: str | None) -> int | None:
    """The id of a cursor. Raises a 400 problem for one that we did not make."""
    if cursor is None:
        return None
    try:
        return int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise ProblemError(400, "Bad cursor", "Take the cursor from `next` of the page before.") from error
