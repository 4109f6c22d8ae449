"""What registers publish of our devices beside what we say: extracts that were compared, differences, and the story of each difference.

A difference is never deleted: its state moves, each step stands in its history and in the audit chain.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Json, Key, metadata

Value = sa.JSON(none_as_null=True)

device_extract = sa.Table(
    "device_extract", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("register", sa.Text, nullable=False),  # gudid | eudamed | nmpa
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("as_of", sa.Text, nullable=False),  # the day of which it is, ISO
    sa.Column("scope", sa.Text, nullable=False),  # full | changes
    sa.Column("whole", sa.Boolean),  # null: not at its end yet
    sa.Column("records", Big), sa.Column("matched", Big),
    sa.Column("compared_at", Big, nullable=False), sa.Column("compared_by", sa.Text, nullable=False),
    sa.UniqueConstraint("register", "sha256"),
)  # fmt: skip
device_difference = sa.Table(
    "device_difference", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("key", Key, nullable=False, unique=True),  # register|kind|di|member
    sa.Column("register", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # value | missing_there | missing_here
    sa.Column("di", Key, nullable=False),  # our UDI-DI; missing_here: theirs
    sa.Column("member", sa.Text, nullable=False),  # canonical path, rows by their keys; empty: the whole device
    sa.Column("severity", sa.Text, nullable=False),  # error | warning | info
    sa.Column("ours", Value), sa.Column("theirs", Value),
    sa.Column("stated", Value),  # what the register states, as our device would take it
    sa.Column("state", sa.Text, nullable=False),  # open | accepted | sent | dismissed | closed
    sa.Column("since", sa.Text),  # day of the version that the register publishes, ISO
    sa.Column("opened_at", Big, nullable=False), sa.Column("changed_at", Big, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False), sa.Column("reason", sa.Text),
    sa.Column("extract_id", sa.ForeignKey("device_extract.id"), nullable=False),  # by which it was seen last with these values
    sa.Column("exchange_id", Big),  # accepted: the version of our device that came of it
    sa.Column("shown", Json, nullable=False),  # name, model and company, for people
    sa.Index("ix_device_difference_di", "register", "di"),
    sa.Index("ix_device_difference_state", "state", "id"),
)  # fmt: skip
device_difference_history = sa.Table(
    "device_difference_history", metadata,
    sa.Column("difference_id", sa.ForeignKey("device_difference.id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("at", Big, nullable=False), sa.Column("actor", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False), sa.Column("reason", sa.Text),
    sa.Column("ours", Value), sa.Column("theirs", Value), sa.Column("extract_id", Big), sa.Column("exchange_id", Big),
)  # fmt: skip
