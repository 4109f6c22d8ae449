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


class Shape(BaseModel):
    """What every answer shares: nothing but the members that are described."""

    model_config = ConfigDict(extra="forbid")


class Place(Shape):
    """Where in a document something stands; positions count from 1, the message's first segment or the file's first row."""

    segment: str | None = Field(examples=["LIN"])
    position: int | None = Field(examples=[14])
    element: int | None = Field(examples=[3])
    component: int | None
    line: int | None
    path: str | None = Field(examples=["lines[2].gtin"])


class Found(Shape):
    """What a rule found: where, what was expected and what came, in the reader's language."""

    rule: str = Field(description="Public id of the rule.", examples=["GS1-01"])
    severity: Severity
    action: Literal["none", "row", "message", "flow"] = Field(description="What it stops.")
    code: str | None = Field(description="The standard's own code for it (TA1 note, AK3/AK4/AK5 code).", examples=["025"])
    place: Place
    expected: str | None
    got: str | None
    message: str = Field(examples=["Check digit of GTIN should be 6, is 7."])


class Finding(Found):
    """A finding that is kept."""

    id: int
    recorded_at: Time
    closed_at: Time | None
    closed_by: str | None = None
    closed_reason: str | None = None


class FindingRow(Finding):
    """A finding in a list, with what it is about."""

    document_id: int | None
    exchange_id: int | None
    partner: str | None = Field(examples=["jiangnan_polymer"])


class ExchangeBrief(Shape):
    """One message of a document."""

    id: int
    type: str | None = Field(examples=["856"])
    control: str | None = Field(examples=["0001"])
    state: str = Field(examples=["applied"])
    state_title: str = Field(description="The state in words, in the reader's language.", examples=["applied"])
    acknowledgement: str | None


class DocumentRow(Shape):
    """A file's or body's bytes as received."""

    id: int
    partner: str = Field(examples=["jiangnan_polymer"])
    channel: str = Field(examples=["http"])
    name: str | None
    format: str | None = Field(examples=["x12"])
    state: Literal["received", "waiting", "processed", "rejected", "quarantined"]
    state_title: str = Field(description="The state in words, in the reader's language.", examples=["processed"])
    sha256: Sha256
    received_at: Time


class Document(Shape):
    """A document, where it stands, and what came of it."""

    document: int = Field(examples=[17])
    partner: str = Field(examples=["jiangnan_polymer"])
    channel: str = Field(examples=["http"])
    name: str | None
    format: str | None = Field(examples=["x12"])
    state: Literal["received", "waiting", "processed", "rejected", "quarantined"]
    state_title: str = Field(description="The state in words, in the reader's language.", examples=["processed"])
    sha256: Sha256
    received_at: Time
    received_by: str | None = None
    findings: list[Finding] = Field(description="What is wrong with the document and its envelopes.")
    exchanges: list[ExchangeBrief]
    message_findings: list[FindingRow] = Field(description="What is wrong with its messages, the latest 100; the exchanges have all.")


class Landed(Shape):
    """The bytes are durable."""

    document: int = Field(examples=[17])
    outcome: Literal["new", "repeat"]
    state: Literal["received", "waiting", "processed", "rejected", "quarantined"]


class Acknowledgement(Shape):
    """An answer to a document, as its standard defines it."""

    id: int
    kind: str = Field(examples=["997"])
    verdict: Literal["accepted", "partly", "rejected"]
    recorded_at: Time
    state: str | None = Field(description="waiting or sent; held: the partner fetches it here.", examples=["held"])
    route: str | None = Field(examples=["response"])
    content: str = Field(description="Its bytes as text.")
    reference: str | None = Field(
        None, description="Number by which its standard lets it be answered itself (824, APERAK).", examples=["31"]
    )
    answered: dict[str, Any] | None = Field(
        None, description="What the partner's system said of it: verdict, recorded_at, document, exchange and what was said."
    )


class ExchangeRow(Shape):
    """The story of one message, in a list."""

    id: int
    direction: Literal["in", "out"]
    partner: str | None
    agreement: str | None
    format: str | None = Field(examples=["x12"])
    type: str | None
    version: str | None
    control: str | None
    business_key: str | None = Field(examples=["despatch_advice/SHP00012"])
    state: str
    state_title: str = Field(description="The state in words, in the reader's language.", examples=["applied"])
    rows_left_out: int = Field(description="Rows that a finding holds back; the others were applied.", examples=[0])
    acknowledgement: str | None
    document_id: int | None
    recorded_at: Time


class HistoryEntry(Shape):
    """A state that an exchange came to."""

    at: Time
    state: str
    actor: str | None = None
    reason: str | None = None


class SentAcknowledgement(Shape):
    """The answer to an exchange's interchange, and how far it got."""

    id: int
    kind: str
    verdict: str
    sha256: Sha256
    recorded_at: Time
    stable_id: str | None
    state: str | None
    sent_at: Time | None


class Replay(Shape):
    """A later exchange that has this one as its origin."""

    id: int
    state: str
    reason: str | None = None
    recorded_at: Time


class Exchange(Shape):
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
    rows_left_out: int = Field(description="Rows that a finding holds back; the others were applied.", examples=[0])
    document_id: int | None
    interchange_id: int | None
    state: str
    state_title: str = Field(description="The state in words, in the reader's language.", examples=["applied"])
    reason: str | None = Field(None, description="Why it came to this state; own people only.")
    acknowledgement: str | None
    recorded_at: Time
    changed_at: Time
    history: list[HistoryEntry]
    findings: list[Finding]
    acknowledgements: list[SentAcknowledgement]
    answered_by: list[dict[str, Any]] = Field(
        description="The partner's acknowledgements of what went out: document, exchange, level, verdict and what was said."
    )
    origin: int | None = Field(description="The exchange that this one replays, corrects or copies.")
    replays: list[Replay]


class Because(Shape):
    """Why a person does something; kept in the audit trail."""

    reason: Reason = Field(examples=["supplier confirmed the lot number by telephone"])

    @model_validator(mode="before")
    @classmethod
    def _without_zero(cls, given: Any) -> Any:
        if "\\u0000" in json.dumps(given):
            raise ValueError("no text may hold a zero byte")
        return given


class Again(Because):
    """Why a message is mapped again, and whether what stewards corrected in it is kept."""

    drop_corrections: bool = Field(False, description="Leave out the corrections, which are otherwise laid over it again.")


class Resend(Because):
    """Why something is sent again, and whether also what is older than the partner's last word."""

    although_superseded: bool = Field(
        False,
        description="Also where something newer of the same number, or stock of the same place, has left since; otherwise that is 409.",
    )


class Correction(Because):
    """A steward's new version of a message: canonical paths and their new values; null removes."""

    fields: dict[str, str | int | bool | None] = Field(min_length=1, max_length=500, examples=[{"lines[0].gtin": "06901234000012"}])


class Made(Shape):
    """The exchange that was made."""

    exchange: int = Field(examples=[42])
    state: str = Field(examples=["applied"])


class Queued(Shape):
    """What was put in the outbox again."""

    outbox: int = Field(examples=[7])


class FactToTell(Shape):
    """A document that a flow wants to tell."""

    exchange_id: int
    subject: str | None = Field(description="Kind and number.", examples=["purchase_order/4500000123"])


class Beside(FactToTell):
    """A document that leaves with them: an order that was changed is told as all of its documents together."""

    state: Literal["refused", "waiting", "unasked", "approved", "told"] = Field(
        description="What a steward said of it by itself, or that the partner was told."
    )


class Health(Shape):
    """Whether the process answers, and can do its work."""

    status: Literal["ok", "failing"]
    checks: dict[str, str] = Field(default_factory=dict, examples=[{"store": "ok", "worker": "ok"}])
