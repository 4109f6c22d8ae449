"""Shapes of cases: the work list, one case with its story, and what is done about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from hub.cases.kinds import Kind, Rank
from hub.cases.signatures import Meaning
from hub_api.schemas import Because, Beside, Finding, Severity, Shape, Time
from hub_api.view_schemas import Discrepancy

KindOf = Kind
StateOf = Literal["open", "asked", "accepted", "closed"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
CaseId = Annotated[int, Field(ge=1, lt=2**63)]


class CaseRow(Shape):
    """One thing that a person must decide."""

    id: int
    kind: Kind
    title: str = Field(description="The kind in words.", examples=["Message held"])
    cause: str = Field(description="The kind of fact that it comes from.", examples=["held"])
    rank: Rank = Field(description="How early it is worked on; safety and what blocks supply come first.")
    rank_title: str
    severity: Severity
    rule: str = Field(description="Rule of the first finding; empty where no rule speaks.", examples=["GS1-01"])
    message: str | None = Field(description="What it is about, in the reader's language; null where no rule speaks.")
    subject: str | None = Field(examples=["despatch_advice/SHP00012"])
    organisation: str | None
    partner: str | None
    state: StateOf
    state_title: str = Field(description="The state in words.", examples=["open"])
    owner: str | None
    escalated: int = Field(description="How often it was escalated.")
    times: int = Field(description="How often its cause came.")
    due_at: Time
    opened_at: Time
    closed_at: Time | None
    changed_at: Time
    changed_by: str
    reason: str | None
    exchange_id: int | None = Field(description="The message as it speaks now.")
    document_id: int | None
    finding_id: int | None


class CaseStep(Shape):
    """A step of a case's story."""

    ordinal: int
    at: Time
    actor: str
    action: str = Field(examples=["corrected"])
    reason: str | None
    before: Any
    after: Any
    signed_by: str | None
    meaning: Meaning | None
    signature: Literal["holds", "broken"] | None = Field(description="Whether the record is still what was signed; null: not signed.")


class OtherMessage(Shape):
    """What another system says of the same thing."""

    id: int
    partner: str | None
    type: str | None
    business_key: str | None
    state: str
    direction: Literal["in", "out"]


class Leaving(Shape):
    """A message that leaves by what was approved."""

    exchange: int
    subject: str | None


class Accepted(Shape):
    """What was accepted, as whoever did it saw it."""

    at: Time
    by: str
    exchange: int | None = Field(description="The message as it spoke then.")
    findings: list[Finding] = Field(description="What was found wrong and may stay so; closed by that unless the message is held.")
    leaves: list[Leaving] = Field(description="Of what a flow wanted to tell: the messages that leave.")


class ComparedField(Shape):
    """A member of two records, or what we and a register say of it."""

    field: str = Field(examples=["city"])
    left: Any
    right: Any
    differs: bool


class Compared(Shape):
    """Of duplicates both records side by side; of a difference what we say (left) and what the register publishes (right)."""

    left: str = Field(examples=["erp/V1"])
    right: str = Field(examples=["wms/W1"])
    fields: list[ComparedField]


class Case(CaseRow):
    """One case opened."""

    may_correct: bool = Field(description="Whether its message can be corrected by fields.")
    must_sign: list[Literal["correct", "fix", "accept"]] = Field(description="What is done only with an electronic signature.")
    findings: list[Finding]
    accepted: Accepted | None = Field(description="Null unless it is accepted now.")
    disagreement: Discrepancy | None
    others: list[OtherMessage]
    compared: Compared | None = Field(description="Of duplicates and of differences from registers; null of others.")
    beside: list[Beside] = Field(description="Of what a flow wants to tell: what leaves with it, and what was said of that by itself.")
    story: list[CaseStep]


class CaseTally(Shape):
    """How many cases wait."""

    rank: Rank
    kind: Kind
    count: int
    overdue: int


class _Given(Because):
    model_config = ConfigDict(extra="forbid")


class Signing(Shape):
    """An electronic signature: who you are says your key; this is what only you know, and what the signature means."""

    secret: str = Field(min_length=1, max_length=200)
    meaning: Meaning


class SigningSecret(Shape):
    """Your signing secret, new and, if you have one, current. In an answer both are null."""

    secret: str | None = Field(default=None, max_length=200)
    current: str | None = Field(default=None, max_length=200)
    signer: str | None = Field(default=None, description="Of the answer: by which name you sign.")


class Assigning(_Given):
    """Whose it is."""

    action: Literal["assign"] = "assign"
    owner: Name | None


class Noting(_Given):
    """What somebody said."""

    action: Literal["note"] = "note"


class Escalating(_Given):
    """To whom, and why."""

    action: Literal["escalate"] = "escalate"
    to: Name


class Asking(Shape):
    """What the partner is asked."""

    action: Literal["ask"] = "ask"
    text: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*\S[^\x00]*$")]
    answer_by: AwareDatetime | None = Field(default=None, description="With its offset; else as the site says.")
    send: bool = Field(default=False, description="By the partner's route of notices.")


class Accepting(_Given):
    """Why it may stay as it is."""

    action: Literal["accept"] = "accept"
    signature: Signing | None = None


class CaseCorrection(_Given):
    """Canonical paths and their new values; null removes; `[*]`: every row that the case is about."""

    action: Literal["correct"] = "correct"
    fields: dict[Name, Any] = Field(min_length=1, examples=[{"lines[*].gtin": "06901234000023"}])
    signature: Signing | None = None


Act = Assigning | Noting | Escalating | Asking | Accepting | CaseCorrection


class Bulk(Shape):
    """A selection and what is done to each of it."""

    cases: list[CaseId] = Field(min_length=1, max_length=500)
    act: Annotated[Act, Field(discriminator="action")]


class BulkOutcome(Shape):
    """What came of one case, or of an applied message that was replayed with a mended code list."""

    case: int | None
    exchange: int | None = Field(default=None, description="The message, where it is no case.")
    done: bool
    error: str | None


class Previewing(Shape):
    """A file of the site as it would be: further meanings of a code list, or the whole text of a list or map."""

    kind: Literal["codes", "mapping"]
    name: Name = Field(examples=["units"])
    meanings: dict[Name, Name] | None = Field(default=None, description="Of codes: source value → canonical value.")
    text: str | None = Field(default=None, max_length=1_000_000)


class Fixing(Previewing, Because):
    """The change, and why."""

    cases: list[CaseId] | None = Field(default=None, max_length=5000, description="Replay these only; null: all that it frees.")
    signature: Signing | None = None
    replay: list[CaseId] | None = Field(
        default=None, max_length=2000, description="Exchanges of applied messages, told by the preview with `changes`, to be replayed too."
    )


class ChangedMember(Shape):
    """What a message that is applied says, and would say."""

    path: str = Field(examples=["lines[0].unit"])
    now: Any
    then: Any


class FreedMessage(Shape):
    """What becomes of one message that waits; after these, with `changes`, of those applied that rest on a meaning that changes."""

    exchange: int
    document: int
    subject: str | None
    partner: str
    cases: list[int]
    rows_left_out: int
    rows_left_out_then: int
    state_then: Literal["applied", "quarantined", "rejected"]
    freed: bool
    findings: list[str] = Field(description="What would still be wrong, the first few.")
    changes: list[ChangedMember] = Field(
        default=[], description="Of a message that is applied and does not wait: what it would say otherwise, the first few."
    )


class FixDone(Shape):
    """What was freed, and what came of replaying it."""

    freed: list[FreedMessage]
    outcomes: list[BulkOutcome]
