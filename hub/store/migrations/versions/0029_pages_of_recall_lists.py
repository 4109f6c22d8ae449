"""Pages of recall lists: lines as they are told, a few to a row, in place of a row for each line

Revision: 0029, after 0028
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op
from hub.store.tables import Big
from hub.store.types import SCALE, Exact

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

_LINES = 20
_TOGETHER = 2_000
"""Lots that are written together."""
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(list[tuple[str, str, Decimal | None, str | None]]).decode


def upgrade() -> None:
    op.create_table(
        'lot_page',
        sa.Column('lot', Big, nullable=False),
        sa.Column('first', Big, nullable=False),
        sa.Column('last', Big, nullable=False),
        sa.Column('held', sa.SmallInteger(), nullable=False),
        sa.Column('shipments', sa.Text(), nullable=False),
        sa.Column('lines', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('lot', 'first', 'last', name=op.f('pk_lot_page')),
    )
    for rows in _by_lots(
        "SELECT s.lot, s.shipment, s.unit, s.quantity, l.key, p.key FROM lot_ship AS s JOIN node AS l ON l.id = s.lot "
        "JOIN node AS p ON p.id = s.shipment WHERE s.lot > :after AND s.lot <= :upto ORDER BY s.lot, s.shipment, s.unit",
        "lot_ship",
    ):
        pages = [page for _, own in groupby(rows, key=itemgetter(0)) for page in _paged(own)]
        names = ("lot", "first", "last", "held", "shipments", "lines")
        insert = "INSERT INTO lot_page VALUES (:lot, :first, :last, :held, :shipments, :lines)"
        op.get_bind().execute(sa.text(insert), [dict(zip(names, page, strict=True)) for page in pages])
    op.drop_table('lot_ship')


def downgrade() -> None:
    kept = op.create_table(
        'lot_ship',
        sa.Column('lot', Big, nullable=False),
        sa.Column('shipment', Big, nullable=False),
        sa.Column('unit', sa.Text(), nullable=False),
        sa.Column('quantity', Exact(), nullable=True),
        sa.PrimaryKeyConstraint('lot', 'shipment', 'unit', name=op.f('pk_lot_ship')),
        sqlite_with_rowid=False,
    )
    for pages in _by_lots("SELECT lot, shipments, lines FROM lot_page WHERE lot > :after AND lot <= :upto", "lot_page"):
        lines = [
            {"lot": lot, "shipment": int(shipment), "unit": unit or "", "quantity": quantity}
            for lot, shipments, told in pages
            for shipment, (_, _, quantity, unit) in zip(shipments.split(","), _decode(f"[{told}]"), strict=True)
        ]
        op.get_bind().execute(kept.insert(), lines)
    op.drop_table('lot_page')


def _by_lots(chosen: str, table: str) -> Iterator[Sequence[Any]]:
    """Rows of whole lots, some lots at a time: a store has more lines than fit into memory."""
    connection, after = op.get_bind(), 0
    several = sa.text(f"SELECT max(lot) FROM (SELECT DISTINCT lot FROM {table} WHERE lot > :after ORDER BY lot LIMIT {_TOGETHER}) AS few")
    while (upto := connection.execute(several, {"after": after}).scalar()) is not None:
        yield connection.execute(sa.text(chosen), {"after": after, "upto": upto}).all()
        after = upto


def _paged(rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
    page: list[Any] = []
    for _, own in groupby(rows, key=itemgetter(1)):
        group = list(own)
        if page and len(page) + len(group) > _LINES:
            yield _page(page)
            page = []
        page += group
    yield _page(page)


def _page(rows: Sequence[Any]) -> Sequence[Any]:
    lines = ",".join([_encode((lot_key, key, _exact(quantity), unit or None)).decode() for _, _, unit, quantity, lot_key, key in rows])
    return rows[0][0], rows[0][1], rows[-1][1], len(rows), ",".join([str(row[1]) for row in rows]), lines


def _exact(quantity: Decimal | int | None) -> Decimal | None:
    """As PostgreSQL has it, or SQLite in millionths; without trailing zeros."""
    if quantity is None:
        return None
    value = Decimal(quantity) / SCALE if isinstance(quantity, int) else quantity
    return Decimal(int(value)) if value == int(value) else value.normalize()
