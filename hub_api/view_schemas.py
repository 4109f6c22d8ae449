"""The shapes of reconciled views: orders, stock, master data, traces, quality. What `schemas.py` says of numbers and nulls holds here."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from data_contracts.canonical import device as canonical
from hub_api.schemas import Number, Severity, Shape, Time


class Name(Shape):
    """A name by which a thing is known."""

    scheme: str = Field(examples=["gtin"])
    value: str = Field(examples=["06901234000012"])
    base_quantity: Number | None
    unit: str | None


class MasterSource(Shape):
    """What one system says of a thing."""

    system: str = Field(examples=["erp"])
    code: str
    revision: int
    exchange_id: int


class Chosen(Shape):
    """Why a value won among what several systems say, and which system says it."""

    why: Literal["only", "agreed", "names", "verified", "rank", "recent", "complete", "collect"]
    system: str
    code: str


class MasterNamesake(BaseModel):
    """Another golden record that is called the same."""

    golden_id: int
    code: str | None
    name: str | None
    sources: list[MasterSource]


class Master(BaseModel):
    """The golden record of an item or a party: the values that won (beside these members), all its names, all its sources."""

    model_config = ConfigDict(extra="allow")

    golden_id: int
    code: str | None = Field(examples=["RM-1001"])
    names: list[Name]
    sources: list[MasterSource]
    also: list[MasterNamesake] = Field(
        default=[], description="Of one record: others that the same name leads to, the first of which is this; `system/code` names one."
    )
    chosen: dict[str, Chosen] = Field(default={}, description="Of each member why its value won, and whose it is.")


class DeviceVersion(Shape):
    """One version of a device: from which day it holds, and which message said it."""

    revision: int
    begins_on: str = Field(examples=["2026-01-01"])
    issued_at: Time
    exchange_id: int
    in_effect: bool


class Device(canonical.Device):
    """A device as of a day. Partners are not told who says what inside our house: names, sources and versions."""

    model_config = ConfigDict(extra="allow")

    golden_id: int | None = None
    code: str | None = Field(default=None, examples=["06901234000016"])
    exchange_id: int | None = Field(default=None, description="The message that said this version.")
    names: list[Name] = Field(default=[], description="All identifiers, with the devices under each.")
    sources: list[MasterSource] = Field(default=[])
    versions: list[DeviceVersion] = Field(default=[], description="In the order in which they take effect.")


class Side(Shape):
    """What one source says."""

    source: str | None
    value: str | None


class Scope(Shape):
    """What a discrepancy was found about."""

    kind: str
    key: str


class Discrepancy(Shape):
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


class Source(Shape):
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


class Stage(Shape):
    """A quantity in the order line's unit and every fact that it is made of."""

    quantity: Number | None
    complete: bool = Field(description="False: some source states a unit that can't be converted.")
    sources: list[Source]


class OrderItem(Shape):
    """What was ordered."""

    code: str | None
    gtin: str | None
    supplier_item: str | None
    description: str | None


class OrderGiver(Shape):
    """The change that gave a value of an order line."""

    exchange_id: int | None
    revision: int
    issued_at: Time


class OrderLine(Shape):
    """One order line as everybody sees it."""

    line: str | None = Field(examples=["10"])
    item: OrderItem
    unit: str | None
    unit_price: Number | None
    requested_on: str | None
    cancelled: bool = Field(description="A change struck the line out; `changed_by.quantity` says which.")
    changed_by: dict[str, OrderGiver] = Field(description="Values that a change of the order gave last; all others are the order's own.")
    ordered: Stage
    confirmed: Stage
    despatched: Stage
    received: Stage
    invoiced: Stage
    discrepancies: list[Discrepancy]


class OrderDocument(Shape):
    """One of the documents that an order is made of."""

    exchange_id: int | None
    purpose: str = Field(examples=["original", "change"])
    revision: int
    issued_at: Time
    recorded_at: Time
    states: list[str] = Field(description="Members of the header that it states.")


class Order(Shape):
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
    history: list[OrderDocument] = Field(description="The order itself, and the changes that stand, in their order.")
    lines: list[OrderLine]
    unmatched: list[Source] = Field(description="Lines of other documents that name this order and fit none of its lines.")
    discrepancies: list[Discrepancy]


class SystemStock(Shape):
    """What one system says is there."""

    partner: str
    quantity: Number
    counted_at: Time
    exchange_id: int


class StockItem(Shape):
    """What is in stock."""

    code: str | None
    gtin: str | None


class Stock(Shape):
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


class Node(Shape):
    """A lot, serial, logistic unit, shipment, receipt or production run."""

    key: str
    kind: str
    depth: int


class Edge(BaseModel):
    """Goods went from one node to another. `quantity` is null where none is stated."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    origin: str = Field(alias="from")
    to: str
    kind: str = Field(examples=["packing"])
    quantity: Number | None
    unit: str | None
    since: Time | None = Field(description="Content of a unit that was opened: not in it before. Null: not limited.")
    until: Time | None = Field(description="The same: when it was taken out.")
    documents: list[int] = Field(description="Exchanges of the documents that say so.")


class TraceDocument(Shape):
    """A document that a trace rests on, and when what it tells happened."""

    exchange: int
    partner: str
    kind: str = Field(examples=["despatch_advice"])
    number: str
    at: Time | None


class Gap(Shape):
    """What nobody has said about a node: who it is to be asked of, the sentence tells."""

    rule: str = Field(examples=["TRC-02"])
    severity: Severity
    node: str
    message: str


class Shipper(Shape):
    """A supplier's despatch of a lot that a trace upwards reached."""

    partner: str
    name: str
    gln: str | None
    lot: str = Field(description="Node key of the lot.")
    shipment: str = Field(description="Node key of the despatch.")
    quantity: Number | None
    unit: str | None
    exchange: int
    number: str = Field(description="Number of the despatch advice.")
    at: Time | None


class Trace(Shape):
    """Everything that is reached from a key, nearest first."""

    key: str
    direction: Literal["up", "down", "both"]
    as_of: Time | None
    known_at: Time | None
    nodes: list[Node]
    edges: list[Edge]
    documents: list[TraceDocument]
    gaps: list[Gap]
    shippers: list[Shipper] = Field(description="Of a trace upwards: who shipped the lots in it.")
    truncated: bool


class GraphNode(Shape):
    """A node of a graph."""

    label: str
    metadata: dict[str, Any]


class GraphEdge(Shape):
    """An edge of a graph, the way the goods went."""

    source: str
    target: str
    relation: str
    metadata: dict[str, Any]


class Graph(Shape):
    """A directed graph in JSON Graph Format 2.0; direction, times, documents and gaps are its metadata."""

    id: str
    type: Literal["trace"]
    directed: Literal[True]
    metadata: dict[str, Any]
    nodes: dict[str, GraphNode]
    edges: list[GraphEdge]


class TraceGraph(Shape):
    """A trace as a graph."""

    graph: Graph


class QualityResult(Shape):
    """One rule of a contract in its latest run."""

    rule: str
    dimension: str
    severity: str
    column: str | None
    checked: int
    failed: int
    error: str | None
    description: str | None
    success: bool
    """It could be judged, and no more fails than it tolerates."""


class QualityRun(Shape):
    """The latest run of a contract's rules."""

    run: int
    contract: str
    at: Time
    rows: int
    success: bool
    results: list[QualityResult]


class Quality(Shape):
    """The latest run of every contract."""

    items: list[QualityRun]


class Label(Shape):
    """What stands on the label of a thing."""

    udi_di: str | None = Field(description="UDI-DI of the device; null where it is none.", examples=["06901234500059"])
    name: str | None
    name_zh: str | None
    elements: list[tuple[str, str]] = Field(description="Application identifiers and values in the order of a symbol.")
    hri: str = Field(description="For people: with the application identifiers in brackets.")
    element_string: str = Field(description="For machines: FNC1 as GS, first in place.")
    digital_link: str | None = Field(description="What a QR code holds; null where the elements can't stand in one.")
    symbols: dict[str, str] = Field(description="Where the symbols that can hold it are drawn.")
