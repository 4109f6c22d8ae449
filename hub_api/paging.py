"""Pages by opaque cursor: stable while new rows arrive, unlike page numbers."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from hub.store.types import storable
from hub_api.errors import ProblemError

Row = TypeVar("Row")
Cursor = Annotated[str | None, Query(description="`next` of the page before; leave it out for the first page.", max_length=800)]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows on a page.")]


class Page(BaseModel, Generic[Row]):
    """A page of rows."""

    model_config = ConfigDict(json_schema_extra={"description": "A page of rows."})

    items: list[Row]
    next: str | None = Field(description="Cursor of the next page; null on the last.", examples=["MTc"])


def page(rows: Sequence[dict[str, Any]], limit: int, key: str = "id") -> dict[str, Any]:
    """A page of at most `limit` rows; `rows` holds one more if there is a next page."""
    shown = rows[:limit]
    return {"items": list(shown), "next": encode(shown[-1][key]) if len(rows) > limit else None}


def encode(position: int | str) -> str:
    """An opaque cursor that stands behind this position."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def after_id(cursor: str | None) -> int | None:
    """The id of a cursor. Raises a 400 problem for one that we did not make."""
    position = _decoded(cursor)
    if position is not None and (not isinstance(position, int) or not 0 <= position < 2**63):
        raise not_ours()
    return position


def after_key(cursor: str | None) -> str | None:
    """The key of a cursor. Raises a 400 problem for one that we did not make."""
    position = _decoded(cursor)
    if position is not None and (not isinstance(position, str) or position != storable(position)):
        raise not_ours()
    return position


def after_number(cursor: str | None) -> int:
    """The number of a cursor whose key is one, 0 without a cursor. Raises a 400 problem for one that we did not make."""
    key = after_key(cursor) or "0"
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        raise not_ours()
    return int(key)


def _decoded(cursor: str | None) -> int | str | None:
    if cursor is None:
        return None
    try:
        position = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise not_ours() from error
    if isinstance(position, bool) or not isinstance(position, int | str):
        raise not_ours()
    return position


def not_ours() -> ProblemError:
    """What is said of a cursor that no page of ours gave."""
    return ProblemError(400, "Bad cursor", "Take the cursor from `next` of the page before.")
