"""Control numbers of what goes out: consecutive for each pair of sender and receiver, without gap or repeat.

They come from the store, not from the clock: a partner takes a gap for a lost interchange and a repeat for a duplicate. The row stays
locked until the transaction ends, so that a number is used up only with the document that carries it.
"""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

GREATEST = 999_999_999
"""Nine digits (X12 ISA13); 1 follows."""
Kind = Literal["interchange", "group", "message"]


def next_control(connection: sa.Connection, kind: Kind, sender: str, receiver: str, count: int = 1) -> int:
    """The first of `count` consecutive numbers; the others are `numbers(first, count)`."""
    if not 1 <= count <= GREATEST:
        raise ValueError(f"count must be 1 to {GREATEST}, is {count}")
    last: int = connection.execute(
        sa.text(
            "INSERT INTO control_number (kind, sender, receiver, last) VALUES (:kind, :sender, :receiver, :count) "
            "ON CONFLICT (kind, sender, receiver) DO UPDATE SET last = (control_number.last + :count - 1) % :greatest + 1 RETURNING last"
        ),
        {"kind": kind, "sender": sender, "receiver": receiver, "count": count, "greatest": GREATEST},
    ).scalar_one()
    return (last - count) % GREATEST + 1


def plain_number(value: str) -> str:
    """A control number without its leading zeros, which mean nothing: so the store keeps it.

    >>> plain_number("000000031"), plain_number("A1")
    ('31', 'A1')
    """
    return (value.lstrip("0") or "0") if value.isdigit() else value


def same_number(one: str | None, other: str | None) -> bool:
    """Whether two control numbers are the same; one that is absent equals nothing.

    >>> same_number("000000031", "31"), same_number("A1", "A2"), same_number(None, "")
    (True, False, False)
    """
    return bool(one) and bool(other) and plain_number(one or "") == plain_number(other or "")


def numbers(first: int, count: int) -> list[int]:
    """`count` numbers from `first` on, 1 after 999999999."""
    return [(first - 1 + step) % GREATEST + 1 for step in range(count)]
