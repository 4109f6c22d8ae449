"""Kinds of cases, in which order they are worked on, and within how many hours: what blocks supply or safety comes first.

The order is one number, stated here and nowhere else. Hours are hours of the clock, from when the case opened; a site may set others
(`cases.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from data_contracts.findings import Language

Kind = Literal[
    "held", "rows", "refused", "finding", "flow", "overdue", "answer", "disagreement", "duplicate", "difference", "approval", "release"
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
Rank = Literal["safety", "supply", "supply_part", "unanswered", "disagreement", "paper", "regulatory", "record"]
RANKS: tuple[Rank, ...] = get_args(Rank)
"""The first is worked on first."""
HOURS: Mapping[Rank, tuple[int, int]] = {
    "safety": (4, 4),
    "supply": (8, 24),
    "supply_part": (24, 48),
    "unanswered": (24, 48),
    "disagreement": (48, 120),
    "paper": (72, 120),
    "regulatory": (72, 240),
    "record": (240, 240),
}
"""Hours until due: of an error, of anything less."""
STATES = ("open", "asked", "accepted", "closed")
LISTED = ("open", "asked")
"""States of cases that wait for somebody."""

SAFETY_RULES = frozenset({"STK-02"})
"""Expired stock that is called available; whatever names a lot of an open recall is lifted beside it."""
PAPER = frozenset(
    {
        "invoice",
        "credit_note",
        "item",
        "party",
        "device",
        "location",
        "lot",
        "sales_catalogue",
        "inventory_report",
        "forecast",
        "price_catalogue",
    }
)
"""Messages without which goods move all the same. Everything else is taken for a message that supply waits for."""

_TOLD: Mapping[str, tuple[str, str]] = {
    "held": ("Message held", "报文被隔离"),
    "rows": ("Rows left out", "部分行未采用"),
    "refused": ("Refused", "拒收"),
    "finding": ("Taken with errors", "带错接收"),
    "flow": ("Nothing comes any more", "来件中断"),
    "overdue": ("Acknowledgement overdue", "回执逾期"),
    "answer": ("Refused by the partner, or not sent", "被对方拒收或未能发出"),
    "disagreement": ("Sources disagree", "各方数据不一致"),
    "duplicate": ("Suspected duplicate", "疑似重复"),
    "difference": ("Register says otherwise", "与监管数据库不一致"),
    "approval": ("Waits for a second person", "待第二人批准"),
    "release": ("To be approved before it goes out", "待批准后发出"),
    "safety": ("Safety", "安全"),
    "supply": ("Blocks supply", "影响供应"),
    "supply_part": ("Blocks a part of supply", "部分影响供应"),
    "unanswered": ("Nobody answered", "未获答复"),
    "paper": ("Paper and records", "单据与资料"),
    "regulatory": ("Regulatory", "监管"),
    "record": ("Master data", "主数据"),
    "open": ("open", "待处理"),
    "asked": ("asked", "已询问"),
    "accepted": ("accepted", "已接受"),
    "closed": ("closed", "已结"),
}


def told(word: str, language: Language) -> str:
    """A kind, rank or state as people call it."""
    english, chinese = _TOLD[word]
    return chinese if language == "zh-CN" else english


def rank_of(kind: str, rule: str, subject: str | None, recalled: bool = False) -> Rank:
    """How early a case is worked on. `subject` is the message's business key (`despatch_advice/SHP1`), if it is about one."""
    entity = (subject or "").partition("/")[0]
    if recalled or rule in SAFETY_RULES:
        return "safety"
    if kind in ("held", "refused"):
        return "paper" if entity in PAPER else "supply"
    if kind == "release":
        return "supply"
    if kind in ("rows", "finding"):
        return "paper" if entity in PAPER else "supply_part"
    if kind in ("overdue", "answer", "flow"):
        return "unanswered"
    if kind == "disagreement":
        return "disagreement"
    return "regulatory" if kind == "difference" else "record"


def number_of(rank: Rank) -> int:
    """The rank as the store keeps it, from 1."""
    return RANKS.index(rank) + 1


def named(number: int) -> Rank:
    """The rank by its number."""
    return RANKS[number - 1]
