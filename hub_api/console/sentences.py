"""How discrepancies, states and places are said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data_contracts import cells
from data_contracts.findings import Language
from data_contracts.rules.catalogue import rule_named
from data_contracts.rules.phrases import in_chinese
from hub_api.console.frame import Visit
from hub_api.console.markup import Child, Html, chip, el, link
from hub_api.console.texts import say, word

_TONES = {
    "quarantined": "error",
    "rejected": "error",
    "failed": "error",
    "refused": "error",
    "overdue": "error",
    "partly": "warning",
    "waiting": "warning",
    "received": "quiet",
    "awaited": "quiet",
    "superseded": "quiet",
    "cancelled": "quiet",
    "accepted": "ok",
    "applied": "ok",
    "acknowledged": "ok",
    "processed": "ok",
    "sent": "quiet",
}


def sentence(discrepancy: Mapping[str, Any], language: Language) -> str:
    """What two sources disagree about, as one sentence."""
    params = {str(name): str(value) for name, value in discrepancy["params"].items()}
    left, right = discrepancy["left"]["value"] or "", discrepancy["right"]["value"] or ""
    return rule_named(discrepancy["rule"]).text(language, {"expected": left, "got": right, **params})


def state(visit: Visit, value: str | None) -> Html:
    """A state as a word; colour only where somebody should look."""
    return chip(visit.word("state", value), _TONES.get(value or "", "quiet")) if value else Html("")


def partly(visit: Visit, rows_left_out: int) -> Html:
    """That rows of a message are held back, where any are."""
    return chip(visit.say("exchange.partly", n=rows_left_out), "warning") if rows_left_out else Html("")


def severity(visit: Visit, value: str) -> Html:
    """A severity as a coloured word."""
    return chip(visit.word("severity", value), {"error": "error", "warning": "warning"}.get(value, "quiet"))


def place(visit: Visit, found: Mapping[str, Any], format_name: str | None = None) -> str:
    """Where a finding points, as short as it can be said: `LIN 25 / 07`, `Orders!G3`, `line 27`, or a path."""
    at = found["place"]
    if format_name == "spreadsheet":
        return cells.named(at)
    if at.get("segment"):
        spelled = " ".join(str(part) for part in (at["segment"], at.get("position")) if part)
        return f"{spelled} / {at['element']:02d}" if at.get("element") else spelled
    if at.get("line"):
        return visit.say("frame.line", n=at["line"])
    return path_in_words(visit.language, at.get("path") or "")


_STEP = re.compile(r"(\w+)\[(\d+|\*)\](?:\.(.+))?")


def path_in_words(language: Language, path: str) -> str:
    """Where a member of a record is, as people count: `lines[3].unit` is `line 4, unit`, `lines[*].unit` the unit of every line that is
    meant. Other paths stay as they are."""
    found = _STEP.fullmatch(path)
    if found is None:
        return path
    member, index, rest = found.groups()
    of = word(language, "path_row", member)
    if index == "*":
        text = say(language, "path.every", of=of)
    else:
        text = say(language, "path.one", of=of, n=int(index) + 1)
    return say(language, "path.within", row=text, member=path_in_words(language, rest)) if rest else text


def message_of(visit: Visit, exchange: Mapping[str, Any]) -> str:
    """What kind of message it is: `Despatch advice (856)`, `erp_items`."""
    kind = exchange["type"] or ""
    known = visit.word("message", kind)
    return f"{known} ({kind})" if known != kind and kind.isdigit() else known if kind else "–"


def beside(visit: Visit, one: Mapping[str, Any]) -> list[Child]:
    """What leaves with what is approved, and what was said of it: whoever approves approves this too."""
    out: list[Child] = []
    for part in one["beside"]:
        name = f"{str(part['subject']).rpartition('/')[2]} #{part['exchange_id']}"
        said = chip(visit.say(f"attention.was_{part['state']}"), "quiet" if part["state"] in ("approved", "told") else "warning")
        out += [link(name, f"/exchanges/{part['exchange_id']}"), " ", said, " "]
    return out


def because(visit: Visit, reason: str | None) -> str:
    """Why something was done: a person's words as they are, the hub's own in the reader's language."""
    return "" if reason is None else in_chinese(reason) if visit.language == "zh-CN" else reason


def findings_list(visit: Visit, findings: Sequence[Mapping[str, Any]], anchors: bool = True, format_name: str | None = None) -> Html:
    """Findings one below the other; each leads to its mark in the message."""
    return el("ul", (_finding(visit, finding, anchors, format_name) for finding in findings), cls="findings")


def _finding(visit: Visit, finding: Mapping[str, Any], anchors: bool, format_name: str | None) -> Html:
    where = place(visit, finding, format_name)
    at: Child = el("a", where, href=f"#f{finding['id']}") if anchors and where else where
    closed = el("small", visit.say("exchange.closed", by=finding["closed_by"] or "", why=because(visit, finding["closed_reason"])))
    return el(
        "li",
        severity(visit, finding["severity"]),
        el("b", finding["rule"], cls="rule"),
        el("span", at, cls="where"),
        el("span", finding["message"], closed if finding["closed_at"] else None, cls="what"),
    )


def disagreements(visit: Visit, found: Iterable[Mapping[str, Any]]) -> Html:
    """Discrepancies one below the other, each with the messages that say so."""
    return el(
        "ul",
        (
            el(
                "li",
                el("b", one["rule"], cls=f"rule {one['severity']}"),
                " ",
                sentence(one, visit.language),
                [el("span", " ", link(f"#{number}", f"/exchanges/{number}", cls="evidence")) for number in one["evidence"] or ()],
            )
            for one in found
        ),
        cls="disagree",
    )
