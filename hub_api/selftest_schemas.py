"""Shapes of the self-test."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from hub_api.schemas import Found, Shape, Time

Outcome = Literal["taken", "held", "refused", "answer", "test"]


class TriedMessage(Shape):
    """One message of what was tried."""

    type: str | None = Field(examples=["856"])
    version: str | None
    control: str | None
    agreement: str | None
    outcome: Outcome = Field(description="What would become of it.")
    rows_left_out: int
    findings: list[Found]
    understood: dict[str, Any] | None = Field(description="The canonical record that it would become; null where it could not be mapped.")


class SelfTest(Shape):
    """What would become of a document; nothing was stored or sent."""

    partner: str = Field(examples=["jiangnan_polymer"])
    file: str
    checked_at: Time
    format: str | None = Field(examples=["x12"])
    agreements: list[str] = Field(description="By which it was read.")
    possible: list[str] = Field(description="By which this partner may send.")
    verdict: Outcome | Literal["unreadable"] = Field(description="The worst of its messages.")
    valid: bool
    findings: list[Found] = Field(description="On the file and its envelopes.")
    count: int = Field(description="Messages in it.")
    messages: list[TriedMessage] = Field(description="The first 200 of them.")
    acknowledgement: str | None = Field(description="What would be answered, as the standard defines it; null where it has no answer.")
    stored: Literal[False]
