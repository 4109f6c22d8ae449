"""The tables. Evidence is append-only; facts are versions that belong to an application; balances are the one hot model.

Reading order: who (organisation, partner, credential) → what came (blob, document, interchange, exchange, finding) →
what it said (application, subject, header, line) → what follows (movement, balance, node, edge, discrepancy) →
what goes out (acknowledgement, outbox, control_number) → what was done (audit).

- `*_at` columns are microseconds since 1970 UTC (`types.micros`), numbers are `Exact`, dates are ISO text with their precision.
- Integer keys are taken from `hub.store.identity` in arrival order; business keys are unique beside them.
- An **application** is one message applied once: *standing*, and read by views, until replayed, replaced or cancelled; then evidence.
- A **subject** is what messages speak about: kind + issuer + number. Which application stands for it is a pure function of the set
  of its applications (hub.reconcile.standing), so arrival order can't matter.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from hub.store.types import Exact

metadata = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)
Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON()
Key = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")  # by bytes, as SQLite compares: begins-with uses the index


def _id() -> sa.Column[int]:
    return sa.Column("id", Big, primary_key=True, autoincrement=False)


# --- who ---------------------------------------------------------------------------------------------------------------
organisation = sa.Table(
    "organisation", metadata, _id(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("gln", sa.Text),
    sa.Column("time_zone", sa.Text, nullable=False),
)
partner = sa.Table(
    "partner", metadata, _id(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("gln", sa.Text),
    sa.Column("party", Json),  # its codes in our systems' master data, by system
)
credential = sa.Table(
    "credential", metadata, _id(),
    sa.Column("prefix", sa.Text, nullable=False, unique=True),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # api_key | one_time_link | session
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # partner | integration | steward | auditor | admin
    sa.Column("partner_id", sa.ForeignKey("partner.id")),
    sa.Column("organisations", Json, nullable=False),  # organisation keys
    sa.Column("created_at", Big, nullable=False),
    sa.Column("expires_at", Big),
    sa.Column("used_at", Big),
    sa.Column("revoked_at", Big),
)
configuration = sa.Table(
    "configuration", metadata,
    sa.Column("hash", sa.Text, primary_key=True),  # SHA-256 of body, hex
    sa.Column("kind", sa.Text, nullable=False),  # agreement | grammar | mapping | codes | contract | promise | partner
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("first_used_at", Big, nullable=False),
)

# --- what came ---------------------------------------------------------------------------------------------------------
blob = sa.Table(
    "blob", metadata,
    sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
    sa.Column("size", Big, nullable=False),
    sa.Column("body", sa.LargeBinary),  # null: the bytes lie in the home's blob folder, fsynced before this row
)
document = sa.Table(
    "document", metadata, _id(),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),  # http | folder | sftp | cli
    sa.Column("delivery_key", sa.Text, nullable=False),
    sa.Column("sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("media_type", sa.Text),
    sa.Column("flow", sa.Text),
    sa.Column("received_at", Big, nullable=False),
    sa.Column("received_by", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # received | waiting | processed | rejected | quarantined
    sa.Column("format", sa.Text),
    sa.Column("lease_until", Big),
    sa.Column("fence", Big, nullable=False, server_default="0"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("organisations", Json),  # keys of the organisations that the credential may send to; null: all
    sa.UniqueConstraint("organisation_id", "partner_id", "channel", "delivery_key"),
    postgresql_with={"fillfactor": 50},  # each row is claimed once at least: its new version then lies beside it, and no index hears of it
)
sa.Index("ix_document_waiting", document.c.id, sqlite_where=document.c.state == "received", postgresql_where=document.c.state == "received")
interchange = sa.Table(
    "interchange", metadata, _id(),
    sa.Column("document_id", sa.ForeignKey("document.id"), nullable=False, index=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("sender", sa.Text), sa.Column("receiver", sa.Text), sa.Column("control", sa.Text),
    sa.Column("envelope_key", sa.Text, unique=True),  # sender|receiver|control of the one that counts; null for repeats and conflicts
    sa.Column("sha256", sa.LargeBinary(32)),  # of the interchange's own bytes: same key + same hash = repeat
    sa.Column("outcome", sa.Text, nullable=False),  # accepted | rejected | repeat | conflict | test
    sa.Column("repeat_of", Big),
    sa.Column("test", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("detail", Json, nullable=False),  # groups: type, control, version, counts, outcome
)
exchange = sa.Table(
    "exchange", metadata, _id(),
    sa.Column("document_id", sa.ForeignKey("document.id"), index=True),
    sa.Column("interchange_id", sa.ForeignKey("interchange.id"), index=True),
    sa.Column("group_ordinal", sa.Integer), sa.Column("group_control", sa.Text),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),  # in | out
    sa.Column("organisation_id", sa.ForeignKey("organisation.id")),
    sa.Column("partner_id", sa.ForeignKey("partner.id")),
    sa.Column("agreement", sa.Text), sa.Column("flow", sa.Text),
    sa.Column("format", sa.Text), sa.Column("type", sa.Text), sa.Column("version", sa.Text), sa.Column("control", sa.Text),
    sa.Column("business_key", sa.Text),  # e.g. despatch_advice/SHP00012
    sa.Column("keys", Json),  # order numbers and the like it mentions
    sa.Column("state", sa.Text, nullable=False),  # received read checked mapped applied acknowledged rejected quarantined superseded waiting sent failed refused
    sa.Column("reason", sa.Text),
    sa.Column("byte_offset", Big), sa.Column("byte_length", Big),
    sa.Column("mapping_hash", sa.Text), sa.Column("grammar_hash", sa.Text), sa.Column("agreement_hash", sa.Text),
    sa.Column("origin_id", Big),  # the exchange this one replays, corrects or copies
    sa.Column("acknowledgement", sa.Text),  # none | awaited | accepted | partly | rejected | overdue (direction out); what we said (in)
    sa.Column("acknowledgement_due_at", Big),
    sa.Column("recorded_at", Big, nullable=False), sa.Column("changed_at", Big, nullable=False),
    sa.Column("reference", sa.Text),  # direction out: the number by which answers name it (ISA13, 0020, DOCNUM, payloadID), without leading zeros
)
sa.Index(
    "ix_exchange_origin_id", exchange.c.origin_id,  # few replay another
    sqlite_where=exchange.c.origin_id.is_not(None), postgresql_where=exchange.c.origin_id.is_not(None),
)
sa.Index("ix_exchange_business_key", exchange.c.business_key)
sa.Index("ix_exchange_state", exchange.c.state)
sa.Index("ix_exchange_partner_recent", exchange.c.partner_id, exchange.c.id)
sa.Index(
    "ix_exchange_reference", exchange.c.partner_id, exchange.c.reference,
    sqlite_where=exchange.c.direction == "out", postgresql_where=exchange.c.direction == "out",
)
sa.Index(
    "ix_exchange_group_control", exchange.c.partner_id, exchange.c.group_control,
    sqlite_where=exchange.c.direction == "out", postgresql_where=exchange.c.direction == "out",
)
exchange_history = sa.Table(
    "exchange_history", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=True),
    sa.Column("exchange_id", sa.ForeignKey("exchange.id"), nullable=False, index=True),
    sa.Column("at", Big, nullable=False), sa.Column("state", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False), sa.Column("reason", sa.Text),
)
finding = sa.Table(
    "finding", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=True),
    sa.Column("document_id", sa.ForeignKey("document.id"), index=True),  # null: refused before landing (413, unknown credential)
    sa.Column("interchange_id", sa.ForeignKey("interchange.id")),
    sa.Column("exchange_id", sa.ForeignKey("exchange.id"), index=True),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), index=True), sa.Column("organisation_id", sa.ForeignKey("organisation.id")),
    sa.Column("rule", sa.Text, nullable=False, index=True), sa.Column("severity", sa.Text, nullable=False), sa.Column("action", sa.Text, nullable=False),
    sa.Column("code", sa.Text), sa.Column("place", Json, nullable=False),
    sa.Column("expected", sa.Text), sa.Column("got", sa.Text), sa.Column("params", Json, nullable=False),
    sa.Column("recorded_at", Big, nullable=False),
    sa.Column("closed_at", Big), sa.Column("closed_by", sa.Text), sa.Column("closed_reason", sa.Text),
)
_OPEN_ERROR = "closed_at IS NULL AND severity = 'error'"  # what cases are made of: little of all that was ever found
sa.Index("ix_finding_open", finding.c.exchange_id, sqlite_where=sa.text(_OPEN_ERROR), postgresql_where=sa.text(_OPEN_ERROR))

# --- what it said ------------------------------------------------------------------------------------------------------
subject = sa.Table(
    "subject", metadata, _id(),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),  # two organisations may get the same number from one issuer
    sa.Column("kind", sa.Text, nullable=False),  # canonical entity in snake_case: purchase_order, despatch_advice, inventory_report, item...
    sa.Column("issuer_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("key", sa.Text, nullable=False),  # number; for inventory_report the location code
    sa.Column("standing_id", Big),  # application that counts; null: cancelled, or only a change waits for its original
    sa.Column("state", sa.Text, nullable=False),  # standing | cancelled | waiting
    sa.Column("changes", sa.JSON(none_as_null=True)),  # applications that change a part of the one that counts, in their order; null for most
    sa.UniqueConstraint("organisation_id", "kind", "issuer_id", "key"),
)
application = sa.Table(
    "application", metadata, _id(),
    sa.Column("exchange_id", sa.ForeignKey("exchange.id"), nullable=False, index=True),
    sa.Column("subject_id", sa.ForeignKey("subject.id"), nullable=False, index=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False),
    sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False), sa.Column("purpose", sa.Text, nullable=False), sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("issued_at", Big, nullable=False), sa.Column("issued_offset", sa.Integer, nullable=False),  # offset in minutes
    sa.Column("effective_at", Big),  # despatched, received, occurred
    sa.Column("recorded_at", Big, nullable=False),
    sa.Column("standing", sa.Boolean, nullable=False), sa.Column("withdrawn_at", Big), sa.Column("withdrawn_reason", sa.Text),
    sa.Column("retracted", sa.Boolean, nullable=False, server_default=sa.false()),  # replayed or withdrawn by a person: never stands again
    sa.Column("stood_at", Big),  # since when it stands, where that is not recorded_at: decided anew later
    sa.Column("order_number", sa.Text), sa.Column("reference", sa.Text),  # despatch number of a receipt, invoice number of a credit note
    sa.Column("currency", sa.Text), sa.Column("total", Exact),
    sa.Column("location", sa.Text),  # GLN or code of ship-to, receipt, stock or production location
    sa.Column("counterparty", sa.Text),  # GLN, else code, of the supplier that an order, response or invoice names
    sa.Column("header", Json, nullable=False),  # the remaining header members, plain
)
sa.Index("ix_application_order", application.c.order_number, application.c.kind)
sa.Index("ix_application_number", application.c.kind, application.c.number)
sa.Index(
    "ix_application_effective", application.c.effective_at,  # movements since the last count
    sqlite_where=application.c.effective_at.is_not(None), postgresql_where=application.c.effective_at.is_not(None),
)
line = sa.Table(
    "line", metadata,
    sa.Column("application_id", Big, primary_key=True), sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),  # line | input | output | whole: a verdict on all lines of an order | price: credited money, no goods
    sa.Column("line", sa.Text), sa.Column("order_number", sa.Text), sa.Column("order_line", sa.Text),
    sa.Column("gtin", sa.Text), sa.Column("buyer_item", sa.Text), sa.Column("supplier_item", sa.Text), sa.Column("item_code", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("quantity", Exact), sa.Column("unit", sa.Text), sa.Column("rejected_quantity", Exact),
    sa.Column("unit_price", Exact), sa.Column("amount", Exact),
    sa.Column("lot", sa.Text), sa.Column("serials", Json), sa.Column("expires_on", sa.Text), sa.Column("manufactured_on", sa.Text),
    sa.Column("sscc", sa.Text), sa.Column("parent_sscc", sa.Text),
    sa.Column("status", sa.Text), sa.Column("due_on", sa.Text),  # promised_on, requested_on
    sa.Column("locator", sa.Integer, nullable=False),  # position of the line's record in its message: explain re-reads from here
    sa.Column("detail", Json),  # members that have no column of their own; null for most
    sqlite_with_rowid=False,
)
sa.Index("ix_line_order", line.c.order_number)
master_record = sa.Table(
    "master_record", metadata,  # item, party and device source records, as each system says, one row an application
    sa.Column("application_id", Big, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False), sa.Column("source_id", Big, nullable=False), sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False), sa.Column("name_zh", sa.Text), sa.Column("gtin", sa.Text), sa.Column("gln", sa.Text), sa.Column("tax_number", sa.Text),
    sa.Column("body", Json, nullable=False),
)
sa.Index("ix_master_record_code", master_record.c.kind, master_record.c.source_id, master_record.c.code)
crosswalk = sa.Table(
    "crosswalk", metadata,  # every name a thing is known by; rebuilt from standing master records
    sa.Column("kind", sa.Text, primary_key=True),  # item | party | device
    sa.Column("scheme", sa.Text, primary_key=True),  # gtin | gln | tax | di | package | unit_of_use | direct_mark | previous | code:<partner key> | supplier:<partner key>/<party code>
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("golden_id", Big, nullable=False, index=True),
    sa.Column("application_id", Big, nullable=False),
    sa.Column("base_quantity", Exact, nullable=False), sa.Column("unit", sa.Text),  # of a packaging level: base units inside
)
sa.Index("ix_crosswalk_value", crosswalk.c.kind, crosswalk.c.value)

# --- what follows ------------------------------------------------------------------------------------------------------
node = sa.Table(
    "node", metadata, _id(),
    sa.Column("kind", sa.Text, nullable=False),  # lot serial logistic_unit shipment receipt production location item
    sa.Column("key", Key, nullable=False, unique=True),  # lot:<gtin or issuer:code>|<lot>, sscc:<18>, serial:<gtin>|<serial>, shipment:<partner>:<number>
    sa.Column("number", Key),  # bare number of a lot or serial; else null
)
sa.Index("ix_node_number", node.c.number, sqlite_where=node.c.number.is_not(None), postgresql_where=node.c.number.is_not(None))
edge = sa.Table(
    "edge", metadata,
    sa.Column("src", Big, primary_key=True), sa.Column("dst", Big, primary_key=True), sa.Column("kind", sa.SmallInteger, primary_key=True),
    sa.Column("application_id", Big, primary_key=True),
    sa.Column("quantity", Exact), sa.Column("unit", sa.Text),
    sa.Column("since", Big), sa.Column("until", Big),  # of content in a logistic unit that was opened: between which times it was in; null: not limited
    sqlite_with_rowid=False,
)
# downwards the primary key serves: it begins with src and carries dst and kind
sa.Index("ix_edge_up", edge.c.dst, edge.c.src, edge.c.kind)
sa.Index("ix_edge_application", edge.c.application_id)
_unpacking = edge.c.kind == 12  # hub.trace.edges.EdgeKind.UNPACKING
sa.Index("ix_edge_unpacking", edge.c.dst, sqlite_where=_unpacking, postgresql_where=_unpacking)  # rare: which units were ever opened
edge_withdrawn = sa.Table(
    "edge_withdrawn", metadata,  # edges of applications that stand no longer: what was known at a time is asked of both
    sa.Column("src", Big, primary_key=True), sa.Column("dst", Big, primary_key=True), sa.Column("kind", sa.SmallInteger, primary_key=True),
    sa.Column("application_id", Big, primary_key=True), sa.Column("stood_at", Big, primary_key=True),
    sa.Column("fell_at", Big, nullable=False),
    sa.Column("quantity", Exact), sa.Column("unit", sa.Text),
    sqlite_with_rowid=False,
)
sa.Index("ix_edge_withdrawn_up", edge_withdrawn.c.dst, edge_withdrawn.c.src, edge_withdrawn.c.kind)
lot_closure = sa.Table(
    "lot_closure", metadata,  # which lots have which lots in them, over any number of steps; a lot itself is not listed. Equals the walk
    sa.Column("anc", Big, primary_key=True), sa.Column("des", Big, primary_key=True),  # node ids of lots
    sqlite_with_rowid=False,
)
sa.Index("ix_lot_closure_up", lot_closure.c.des, lot_closure.c.anc)
lot_page = sa.Table(
    "lot_page", metadata,  # which shipments carried a lot, in cartons, as serial numbers or bare: hub.store.lot_pages. Equals the walk
    sa.Column("lot", Big, primary_key=True), sa.Column("first", Big, primary_key=True), sa.Column("last", Big, primary_key=True),  # lowest and highest shipment
    sa.Column("held", sa.SmallInteger, nullable=False),  # lines
    sa.Column("shipments", sa.Text, nullable=False),  # 12,13: node id of each line's shipment
    sa.Column("lines", sa.Text, nullable=False),  # [lot key,shipment key,quantity,unit],[…]: JSON, null: not stated
)
movement = sa.Table(
    "movement", metadata,
    sa.Column("application_id", Big, primary_key=True), sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("organisation_id", Big, nullable=False), sa.Column("source_id", Big, nullable=False),  # partner whose books move; 0: the hub's own
    sa.Column("location", sa.Text, nullable=False), sa.Column("item_id", Big, nullable=False), sa.Column("lot_id", Big, nullable=False),  # nodes; lot 0: none
    sa.Column("status", sa.Text, nullable=False), sa.Column("unit", sa.Text, nullable=False), sa.Column("quantity", Exact, nullable=False),
    sqlite_with_rowid=False,
)
balance = sa.Table(
    "balance", metadata,
    sa.Column("organisation_id", Big, primary_key=True), sa.Column("source_id", Big, primary_key=True), sa.Column("location", sa.Text, primary_key=True),
    sa.Column("item_id", Big, primary_key=True), sa.Column("lot_id", Big, primary_key=True), sa.Column("status", sa.Text, primary_key=True), sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("quantity", Exact, nullable=False),
    sqlite_with_rowid=False,
)
stale = sa.Table(
    "stale", metadata,  # what reconcile must look at again; written by apply, emptied by reconcile in the transaction that renews the discrepancies
    sa.Column("kind", sa.Text, primary_key=True),  # order | stock | item | party | device | location | lot | lots | closure | event
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("organisation_id", Big, primary_key=True),
    sa.Column("marked", Big, nullable=False),  # application id that marked it last: reconcile deletes only what it has seen
)
discrepancy = sa.Table(
    "discrepancy", metadata,
    sa.Column("key", sa.Text, primary_key=True),  # rule|subject|detail: stable over re-computation
    sa.Column("rule", sa.Text, nullable=False, index=True), sa.Column("severity", sa.Text, nullable=False),
    sa.Column("organisation_id", Big, nullable=False), sa.Column("partner_id", Big),
    sa.Column("scope_kind", sa.Text, nullable=False), sa.Column("scope_key", sa.Text, nullable=False),  # the stale key it came from
    sa.Column("order_number", sa.Text), sa.Column("order_line", sa.Text), sa.Column("item", sa.Text), sa.Column("lot", sa.Text), sa.Column("location", sa.Text),
    sa.Column("left_source", sa.Text), sa.Column("left_value", sa.Text), sa.Column("right_source", sa.Text), sa.Column("right_value", sa.Text),
    sa.Column("evidence", Json, nullable=False),  # exchange ids
    sa.Column("params", Json, nullable=False),
    sa.Column("opened_at", Big, nullable=False), sa.Column("closed_at", Big),
)
sa.Index("ix_discrepancy_scope", discrepancy.c.scope_kind, discrepancy.c.scope_key)
sa.Index(
    "ix_discrepancy_open", discrepancy.c.severity,
    sqlite_where=discrepancy.c.closed_at.is_(None), postgresql_where=discrepancy.c.closed_at.is_(None),
)

# --- what goes out -----------------------------------------------------------------------------------------------------
acknowledgement = sa.Table(
    "acknowledgement", metadata, _id(),
    sa.Column("document_id", sa.ForeignKey("document.id"), nullable=False), sa.Column("interchange_id", sa.ForeignKey("interchange.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),  # TA1 | 997 | CONTRL | APERAK | STATUS ...
    sa.Column("verdict", sa.Text, nullable=False),  # accepted | partly | rejected
    sa.Column("sha256", sa.LargeBinary(32), nullable=False), sa.Column("outbox_id", Big),
    sa.Column("recorded_at", Big, nullable=False),
    sa.Column("reference", sa.Text), sa.Column("group_control", sa.Text),  # by which the partner names it, where its standard lets it be answered (824, APERAK)
    sa.Column("answered", sa.Text),  # accepted | partly | rejected by the partner; null: it said nothing (yet)
    sa.Column("answered_at", Big), sa.Column("answered_by", Json),  # document and exchange of its answer, and what it says
)
sa.Index(
    "ix_acknowledgement_reference", acknowledgement.c.reference,
    sqlite_where=acknowledgement.c.reference.is_not(None), postgresql_where=acknowledgement.c.reference.is_not(None),
)
sa.Index(
    "ix_acknowledgement_group_control", acknowledgement.c.group_control,
    sqlite_where=acknowledgement.c.group_control.is_not(None), postgresql_where=acknowledgement.c.group_control.is_not(None),
)
outbox = sa.Table(
    "outbox", metadata, _id(),
    sa.Column("stable_id", sa.Text, nullable=False, unique=True),
    sa.Column("organisation_id", sa.ForeignKey("organisation.id"), nullable=False), sa.Column("partner_id", sa.ForeignKey("partner.id"), nullable=False, index=True),
    sa.Column("exchange_id", Big), sa.Column("kind", sa.Text, nullable=False),  # document | acknowledgement | event
    sa.Column("route", Json, nullable=False), sa.Column("name", sa.Text, nullable=False), sa.Column("media_type", sa.Text, nullable=False), sa.Column("sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting | sent | held (route is `response`: fetched by the partner) | dead
    sa.Column("attempts", sa.Integer, nullable=False), sa.Column("next_at", Big, nullable=False), sa.Column("lease_until", Big), sa.Column("fence", Big, nullable=False),
    sa.Column("recorded_at", Big, nullable=False), sa.Column("sent_at", Big), sa.Column("answer", sa.Text),
    sa.Column("destination", sa.Text, nullable=False, server_default="-"),  # hub/store/destinations.py: name_of
    sa.Column("lane", sa.Text, nullable=False, server_default="-"),  # within it parcels keep their order: the destination, or the parcel alone
    sa.Column("pace", sa.Integer),  # parcels a minute at most; null: as fast as it goes
)
_waits, _in_order = outbox.c.state == "waiting", outbox.c.lane != outbox.c.stable_id
sa.Index("ix_outbox_lane", outbox.c.partner_id, outbox.c.lane, outbox.c.id, sqlite_where=_waits, postgresql_where=_waits)
sa.Index("ix_outbox_order", outbox.c.partner_id, outbox.c.lane, outbox.c.id, sqlite_where=_waits & _in_order, postgresql_where=_waits & _in_order)
sa.Index("ix_outbox_alone", outbox.c.next_at, outbox.c.id, sqlite_where=_waits & (outbox.c.lane == outbox.c.stable_id), postgresql_where=_waits & (outbox.c.lane == outbox.c.stable_id))
control_number = sa.Table(
    "control_number", metadata,
    sa.Column("kind", sa.Text, primary_key=True),  # interchange | group | message
    sa.Column("sender", sa.Text, primary_key=True), sa.Column("receiver", sa.Text, primary_key=True),
    sa.Column("last", Big, nullable=False),
)
counter = sa.Table("counter", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("next", Big, nullable=False))  # SQLite's sequences

# --- what was done -----------------------------------------------------------------------------------------------------
audit = sa.Table(
    "audit", metadata,
    sa.Column("organisation_id", Big, primary_key=True), sa.Column("sequence", Big, primary_key=True),
    sa.Column("at", Big, nullable=False), sa.Column("actor", sa.Text, nullable=False), sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False), sa.Column("reason", sa.Text), sa.Column("before", sa.Text), sa.Column("after", sa.Text),  # canonical JSON text
    sa.Column("previous", sa.LargeBinary(32), nullable=False), sa.Column("hash", sa.LargeBinary(32), nullable=False),
)
audit_head = sa.Table(
    "audit_head", metadata,
    sa.Column("organisation_id", Big, primary_key=True), sa.Column("sequence", Big, nullable=False), sa.Column("hash", sa.LargeBinary(32), nullable=False),
)
quality_run = sa.Table(
    "quality_run", metadata, _id(),
    sa.Column("contract", sa.Text, nullable=False), sa.Column("contract_hash", sa.Text, nullable=False), sa.Column("at", Big, nullable=False), sa.Column("rows", Big, nullable=False), sa.Column("success", sa.Boolean, nullable=False),
)
quality_result = sa.Table(
    "quality_result", metadata,
    sa.Column("run_id", sa.ForeignKey("quality_run.id"), primary_key=True), sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("dimension", sa.Text, nullable=False), sa.Column("severity", sa.Text, nullable=False), sa.Column("column", sa.Text),
    sa.Column("checked", Big, nullable=False), sa.Column("failed", Big, nullable=False), sa.Column("error", sa.Text), sa.Column("description", sa.Text),
)
quality_share = sa.Table(
    "quality_share", metadata,  # how many rows of each partner a rule looked at: what the scorecard divides by
    sa.Column("run_id", sa.ForeignKey("quality_run.id"), primary_key=True), sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("partner_id", Big, primary_key=True),  # 0: of no known partner
    sa.Column("checked", Big, nullable=False),
)
quality_failure = sa.Table(
    "quality_failure", metadata,
    sa.Column("id", Big, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.ForeignKey("quality_run.id"), nullable=False, index=True), sa.Column("rule", sa.Text, nullable=False),
    sa.Column("key", Json, nullable=False), sa.Column("value", sa.Text), sa.Column("partner_id", Big), sa.Column("exchange_id", Big),
)
