"""Cases: what a person must decide, each once for its cause, with the story of what was done about it and what was signed.

A case is derived from facts: it opens when its cause is there, ends when it is gone, and opens again when it comes back. What people do to
it (owner, question, comment) stays. A case is never deleted; each step stands in `case_step`, and what people did in the audit chain too.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.store.tables import Big, Key, metadata

Value = sa.JSON(none_as_null=True)
WAITING = "state IN ('open', 'asked')"
STANDING = "state <> 'closed'"
"""Conditions of partial indexes, as text: SQLite uses them for queries that say the same, with no value bound."""

steward_case = sa.Table(
    "steward_case", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=False),
    sa.Column("cause", sa.Text, nullable=False),  # hub.store.causes.CAUSES: which kind of fact
    sa.Column("cause_id", Big, nullable=False),  # its id: exchange that brought the bytes, document, suspect …; 0: the key names it
    sa.Column("cause_key", sa.Text, nullable=False),  # rule of rows that were left out; key of a discrepancy; else empty
    sa.Column("kind", sa.Text, nullable=False),  # hub.cases.kinds.KINDS
    sa.Column("organisation_id", Big), sa.Column("partner_id", Big),
    sa.Column("severity", sa.Text, nullable=False),  # error | warning | info
    sa.Column("rule", sa.Text, nullable=False),  # of the first finding; empty where no rule speaks
    sa.Column("subject", sa.Text),  # business key of the message, order line, item and lot, or names of two records
    sa.Column("exchange_id", Big, index=True), sa.Column("document_id", Big), sa.Column("finding_id", Big),  # where to look now
    sa.Column("lots", Value),  # lots that it names: a recall of one lifts it
    sa.Column("print", sa.Text, nullable=False),  # what the cause says: when that changes, what was accepted is open again
    sa.Column("rank", sa.Integer, nullable=False),  # hub.cases.kinds.RANKS: 1 is worked on first
    sa.Column("state", sa.Text, nullable=False),  # open | asked | accepted | closed
    sa.Column("owner", sa.Text),  # who is to decide: a person's label
    sa.Column("escalated", sa.Integer, nullable=False),  # how often it was escalated
    sa.Column("times", sa.Integer, nullable=False),  # how often it was opened
    sa.Column("due_at", Big, nullable=False), sa.Column("opened_at", Big, nullable=False), sa.Column("closed_at", Big),
    sa.Column("changed_at", Big, nullable=False), sa.Column("changed_by", sa.Text, nullable=False), sa.Column("reason", sa.Text),
    sa.UniqueConstraint("cause", "cause_id", "cause_key", name="uq_steward_case_cause"),
    sa.Index("ix_steward_case_standing", "cause", sqlite_where=sa.text(STANDING), postgresql_where=sa.text(STANDING)),
    sa.Index("ix_steward_case_work", "rank", "due_at", "id", sqlite_where=sa.text(WAITING), postgresql_where=sa.text(WAITING)),
)  # fmt: skip
case_step = sa.Table(
    "case_step", metadata,
    sa.Column("case_id", sa.ForeignKey("steward_case.id"), primary_key=True), sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("at", Big, nullable=False), sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),  # opened | reopened | closed | changed, or what a person did
    sa.Column("reason", sa.Text),
    sa.Column("before", Value), sa.Column("after", Value),
)  # fmt: skip
case_signature = sa.Table(
    "case_signature", metadata,  # electronic signatures of steps (21 CFR 11.50, 11.70)
    sa.Column("case_id", sa.ForeignKey("steward_case.id"), primary_key=True), sa.Column("ordinal", sa.Integer, primary_key=True),  # of the step
    sa.Column("signer", sa.Text, nullable=False), sa.Column("meaning", sa.Text, nullable=False), sa.Column("at", Big, nullable=False),
    sa.Column("record_hash", sa.LargeBinary(32), nullable=False),  # SHA-256 of the record signed (hub.cases.signatures)
    sa.Column("audit_organisation_id", Big), sa.Column("audit_sequence", Big),  # the audit entry of the step, which names record_hash
    sa.Column("seal", sa.LargeBinary(32)),  # SHA-256 of record_hash and the hash of that entry; null: signed before 0024
)  # fmt: skip
signing_secret = sa.Table(
    "signing_secret", metadata,  # the second component of a signature: what only the signer knows, by Argon2id
    sa.Column("signer", Key, primary_key=True),  # the label by which a person is known
    sa.Column("hash", sa.Text, nullable=False),  # PHC string
    sa.Column("set_at", Big, nullable=False), sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False), sa.Column("locked_until", Big),
)  # fmt: skip
