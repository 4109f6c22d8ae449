"""The shapes that `/v1` answers with. Numbers are strings of exact decimals, times ISO 8601 with their offset, dates as precise as stated.

Members are only ever added. What is null is unknown or does not apply; what is absent is not the caller's to see.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Severity = Literal["error", "warning", "info"]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-22T08:00:00+00:00"])]
Number = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["240"])]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Place(_Shape):
    """Where in a document something stands; positions count from 1, the message's first segment or the file's first row."""

    segment: str | None = Field(examples=["LIN"])
    position: int | None = Field(examples=[14])
    element: int | None = Field(examples=[3])
    component: int | None
    line: int | None
    path: str | None = Field(examples=["lines[2].gtin"])


class Finding(_Shape):
    """What a rule found: where, what was expected and what came, in the reader's language."""

    id: int
    rule: str = Field(description="Public id of the rule.", examples=["GS1-01"])
    severity: Severity
    action: Literal["none", "row", "message", "flow"] = Field(description="What it stops.")
    code: str | None = Field(description="The standard's own code for it (TA1 note, AK3/AK4/AK5 code).", examples=["025"])
    place: Place
    expected: str | None
    got: str | None
    message: str = Field(examples=["Check digit of GTIN should be 6, is 7."])
    recorded_at: Time
    closed_at: Time | None
    closed_by: str | None = None
    closed_reason: str | None = None


class FindingRow(Finding):
    """A finding in a list, with what it is about."""

    document_id: int | None
    exchange_id: int | None
    partner: str | None = Field(examples=["jiangnan_polymer"])


class ExchangeBrief(_Shape):
    """One message of a document."""

    id: int
    type: str | None = Field(examples=["856"])
    control: str | None = Field(examples=["0001"])
    state: str = Field(examples=["applied"])
    acknowledgement: str | None


class DocumentRow(_Shape):
    """A file's or body's bytes as received."""

    id: int
    partner: str = Field(examples=["jiangnan_polymer"])
    channel: str = Field(examples=["http"])
    name: str | None
    format: str | None = Field(examples=["x12"])
    state: Literal["received", "processed", "rejected", "quarantined"]
    sha256: Sha256
    received_at: Time


class Document(_Shape):
    """A document, where it stands, and what came of it."""

    document: int = Field(examples=[17])
    partner: str = Field(examples=["jiangnan_polymer"])
    channel: str = Field(examples=["http"])
    name: str | None
    format: str | None = Field(examples=["x12"])
    state: Literal["received", "processed", "rejected", "quarantined"]
    sha256: Sha256
    received_at: Time
    received_by: str | None = None
    findings: list[Finding] = Field(
        description="What is wrong with the document and its envelopes; its messages' findings stand at the exchanges."
    )
    exchanges: list[ExchangeBrief]


class Landed(_Shape):
    """The bytes are durable."""

    document: int = Field(examples=[17])
    outcome: Literal["new", "repeat"]
    state: Literal["received", "processed", "rejected", "quarantined"]


class Acknowledgement(_Shape):
    """An answer to a document, as its standard defines it."""

    id: int
    kind: str = Field(examples=["997"])
    verdict: Literal["accepted", "partly", "rejected"]
    recorded_at: Time
    state: str | None = Field(description="waiting or sent; held: the partner fetches it here.", examples=["held"])
    route: str | None = Field(examples=["response"])
    content: str = Field(description="Its bytes as text.")


class ExchangeRow(_Shape):
    """The story of one message, in a list."""

    id: int
    direction: Literal["in", "out"]
    partner: str | None
    agreement: str | None
    type: str | None
    version: str | None
    control: str | None
    business_key: str | None = Field(examples=["despatch_advice/SHP00012"])
    state: str
    acknowledgement: str | None
    document_id: int | None
    recorded_at: Time


class HistoryEntry(_Shape):
    """A state that an exchange came to."""

    at: Time
    state: str
    actor: str | None = None
    reason: str | None


class SentAcknowledgement(_Shape):
    """The answer to an exchange's interchange, and how far it got."""

    id: int
    kind: str
    verdict: str
    sha256: Sha256
    recorded_at: Time
    stable_id: str | None
    state: str | None
    sent_at: Time | None


class Replay(_Shape):
    """A later exchange that has this one as its origin."""

    id: int
    state: str
    reason: str | None
    recorded_at: Time


class Exchange(_Shape):
    """The whole story of one message."""

    id: int
    direction: Literal["in", "out"]
    partner: str | None
    agreement: str | None
    flow: str | None
    format: str | None
    type: str | None
    version: str | None
    control: str | None
    business_key: str | None
    keys: dict[str, Any] = Field(description="Order, lot and other numbers that it mentions.")
    document_id: int | None
    interchange_id: int | None
    state: str
    reason: str | None
    acknowledgement: str | None
    recorded_at: Time
    changed_at: Time
    history: list[HistoryEntry]
    findings: list[Finding]
    acknowledgements: list[SentAcknowledgement]
    origin: int | None = Field(description="The exchange that this one replays, corrects or copies.")
    replays: list[Replay]


class Because(_Shape):
    """Why a person does something; kept in the audit trail."""

    reason: Reason = Field(examples=["supplier confirmed the lot number by telephone"])

    @model_validator(mode="before")
    @classmethod
    def _without_zero(cls, given: Any) -> Any:
        if "\\u0000" in json.dumps(given):
            raise ValueError("no text may hold a zero byte")
        return given


class Correction(Because):
    """A steward's new version of a message: canonical paths and their new values; null removes."""

    fields: dict[str, str | int | bool | None] = Field(min_length=1, max_length=500, examples=[{"lines[0].gtin": "06901234000012"}])


class Made(_Shape):
    """The exchange that was made."""

    exchange: int = Field(examples=[42])
    state: str = Field(examples=["applied"])


class Queued(_Shape):
    """What was put in the outbox again."""

    outbox: int = Field(examples=[7])


class Name(_Shape):
    """A name by which a thing is known."""

    scheme: str = Field(examples=["gtin"])
    value: str = Field(examples=["06901234000012"])
    base_quantity: Number | None
    unit: str | None


class MasterSource(_Shape):
    """What one system says of a thing."""

    system: str = Field(examples=["erp"])
    code: str
    revision: int
    exchange_id: int


class Master(BaseModel):
    """An item or a party: the record whose word counts (its members stand beside these), all its names, all its sources."""

    model_config = ConfigDict(extra="allow")

    golden_id: int
    code: str | None = Field(examples=["RM-1001"])
    names: list[Name]
    sources: list[MasterSource]


class Side(_Shape):
    """What one source says."""

    source: str | None
    value: str | None


class Scope(_Shape):
    """What a discrepancy was found about."""

    kind: str
    key: str


class Discrepancy(_Shape):
    """Two sources disagree."""

    key: str
    rule: str = Field(examples=["REC-01"])
    severity: Severity
    message: str | None = Field(default=None, description="The rule's text in the reader's language.")
    organisation_id: int
    partner_id: int | None
    scope: Scope
    order_number: str | None
    order_line: str | None
    item: str | None
    lot: str | None
    location: str | None
    left: Side
    right: Side
    evidence: list[int] | None = Field(default=None, description="Exchanges that say so.")
    params: dict[str, Any]
    opened_at: Time


class Source(_Shape):
    """A fact that a number is made of."""

    partner: str
    kind: str = Field(examples=["despatch_advice"])
    number: str | None
    exchange_id: int | None
    issued_at: Time
    line: str | None
    ordinal: int
    quantity: Number | None
    unit: str | None
    in_order_units: Number | None
    rejected_quantity: Number | None
    unit_price: Number | None
    lot: str | None
    status: str | None
    due_on: str | None


class Stage(_Shape):
    """A quantity in the order line's unit and every fact that it is made of."""

    quantity: Number | None
    complete: bool = Field(description="False: some source states a unit that can't be converted.")
    sources: list[Source]


class OrderItem(_Shape):
    """What was ordered."""

    code: str | None
    gtin: str | None
    supplier_item: str | None
    description: str | None


class OrderLine(_Shape):
    """One order line as everybody sees it."""

    line: str | None = Field(examples=["10"])
    item: OrderItem
    unit: str | None
    unit_price: Number | None
    requested_on: str | None
    ordered: Stage
    confirmed: Stage
    despatched: Stage
    received: Stage
    invoiced: Stage
    discrepancies: list[Discrepancy]


class Order(_Shape):
    """One purchase order, reconciled."""

    number: str = Field(examples=["4500000123"])
    organisation: str
    organisation_id: int
    revision: int
    issued_at: Time
    currency: str | None
    supplier: dict[str, Any] | None
    ship_to: dict[str, Any] | None
    requested_on: str | None
    partner: str
    exchange_id: int | None
    lines: list[OrderLine]
    unmatched: list[Source] = Field(description="Lines of other documents that name this order and fit none of its lines.")
    discrepancies: list[Discrepancy]


class SystemStock(_Shape):
    """What one system says is there."""

    partner: str
    quantity: Number
    counted_at: Time
    exchange_id: int


class StockItem(_Shape):
    """What is in stock."""

    code: str | None
    gtin: str | None


class Stock(_Shape):
    """One item, lot and status at a place: what each system says, and the difference."""

    organisation: str
    organisation_id: int
    location: str
    item: StockItem
    lot: str | None
    expires_on: str | None
    status: str = Field(examples=["available"])
    unit: str | None
    systems: list[SystemStock]
    computed: Number | None = Field(description="The newest count and what moved since; null where nobody counted.")
    difference: Number | None = Field(description="Largest less smallest of what systems say.")
    in_transit: Number | None
    discrepancies: list[Discrepancy]


class Node(_Shape):
    """A lot, serial, logistic unit, shipment, receipt or production run."""

    key: str
    kind: str
    depth: int


class Edge(BaseModel):
    """Goods went from one node to another."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    origin: str = Field(alias="from")
    to: str
    kind: str


class Trace(_Shape):
    """Everything that is reached from a key."""

    key: str
    direction: Literal["up", "down", "both"]
    nodes: list[Node]
    edges: list[Edge]
    truncated: bool


class QualityResult(_Shape):
    """One rule of a contract in its latest run."""

    rule: str
    dimension: str
    severity: str
    column: str | None
    checked: int
    failed: int
    error: str | None
    description: str | None


class QualityRun(_Shape):
    """The latest run of a contract's rules."""

    run: int
    contract: str
    at: Time
    rows: int
    success: bool
    results: list[QualityResult]


class Quality(_Shape):
    """The latest run of every contract."""

    items: list[QualityRun]


class Health(_Shape):
    """Whether the process answers, and can do its work."""

    status: Literal["ok", "failing"]
    checks: dict[str, str] = Field(default_factory=dict, examples=[{"store": "ok", "worker": "ok"}])
