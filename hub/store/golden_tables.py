"""Golden records: what people decide of master records, what seems to be one, and the record that follows from both.

A source record is named by the system that keeps it and its code there. Decisions are only ever added: of a pair, or of a field of a
source record, the last one counts. `golden_record` is derived from standing source records and decisions, and may be made anew at any time.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Json, Key, metadata
from hub.store.types import Exact

MASTER_KINDS = ("item", "party", "device", "location", "lot")
"""Kinds of subjects that are master records."""
Value = sa.JSON(none_as_null=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", Big, primary_key=True, autoincrement=False)


def _pair() -> tuple[sa.Column[str], ...]:
    return tuple(sa.Column(f"{side}_{part}", Key, nullable=False) for side in ("left", "right") for part in ("system", "code"))


master_request = sa.Table(
    "master_request", metadata, _id(),  # what a person wants of master data; carried out at once, or when a second person has approved
    sa.Column("kind", sa.Text, nullable=False),  # of MASTER_KINDS, or place
    sa.Column("action", sa.Text, nullable=False),  # merge | unmerge | different | value | release | place
    sa.Column("said", Json, nullable=False),  # what is asked for: sources, field, value
    sa.Column("impact", Json, nullable=False),  # what it was seen to touch when it was asked for
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting | done | refused
    sa.Column("asked_at", Big, nullable=False), sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_key", Big),  # the credential; null: somebody at the machine
    sa.Column("decided_at", Big), sa.Column("decided_by", sa.Text), sa.Column("decided_key", Big), sa.Column("decided_reason", sa.Text),
    sa.Index("ix_master_request_state", "state", "id"),
)  # fmt: skip
master_verdict = sa.Table(
    "master_verdict", metadata, _id(),  # whether two source records are one thing
    sa.Column("request_id", sa.ForeignKey("master_request.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False), *_pair(),  # left before right
    sa.Column("verdict", sa.Text, nullable=False),  # same | different | open
    sa.Index("ix_master_verdict_left", "kind", "left_code"),
    sa.Index("ix_master_verdict_right", "kind", "right_code"),
)  # fmt: skip
master_word = sa.Table(
    "master_word", metadata, _id(),  # what a person says of a field of a source record: the word that `verified` puts first
    sa.Column("request_id", sa.ForeignKey("master_request.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False), sa.Column("system", Key, nullable=False), sa.Column("code", Key, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("value", Value),  # null: the word is taken back
    sa.Column("from_on", sa.Text),  # day from which it holds, ISO; null: always
    sa.Column("at", Big, nullable=False), sa.Column("by", sa.Text, nullable=False), sa.Column("reason", sa.Text, nullable=False),
    sa.Index("ix_master_word_code", "kind", "code"),
)  # fmt: skip
master_suspect = sa.Table(
    "master_suspect", metadata, _id(),  # two source records that seem to be one, for a steward to decide
    sa.Column("kind", sa.Text, nullable=False), *_pair(),
    sa.Column("score", Exact, nullable=False),  # 0 to 1: how likely they are one
    sa.Column("reasons", Json, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open | later | same | different | gone
    sa.Column("left_print", sa.LargeBinary(32), nullable=False), sa.Column("right_print", sa.LargeBinary(32), nullable=False),
    sa.Column("opened_at", Big, nullable=False), sa.Column("changed_at", Big, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False), sa.Column("reason", sa.Text),
    sa.UniqueConstraint("kind", "left_system", "left_code", "right_system", "right_code", name="uq_master_suspect_pair"),
    sa.Index("ix_master_suspect_state", "state", "score"),
    sa.Index("ix_master_suspect_right", "kind", "right_code"),
)  # fmt: skip
golden_record = sa.Table(
    "golden_record", metadata,  # the values that won, kept for readers
    sa.Column("kind", sa.Text, primary_key=True), sa.Column("golden_id", Big, primary_key=True, autoincrement=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("won", Json, nullable=False),  # field → why, system, code
    sa.Column("rules", sa.Text, nullable=False),  # hash of the survivorship rules by which it was made
    sa.Column("renewed_at", Big, nullable=False),
)  # fmt: skip
master_place = sa.Table(
    "master_place", metadata, _id(),  # where a place belongs: of one key the last row counts that has begun
    sa.Column("request_id", sa.ForeignKey("master_request.id"), nullable=False),
    sa.Column("key", Key, nullable=False, index=True),  # GLN or code
    sa.Column("level", sa.Text, nullable=False),  # organisation | plant | warehouse | storage_place
    sa.Column("name", sa.Text, nullable=False), sa.Column("name_zh", sa.Text),
    sa.Column("parent", Key),
    sa.Column("from_on", sa.Text), sa.Column("gone", sa.Boolean, nullable=False),
)  # fmt: skip
