"""Quality: a scorecard by partner and dimension, and the latest run of every contract with the rows that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from data_contracts.rules.catalogue import all_rules
from hub.quality.results import failures
from hub.quality.scorecard import by_partner
from hub.store.runs import latest_runs
from hub_api.console.frame import Visit, console_page, nothing, section, show, title
from hub_api.console.markup import Child, Html, chip, el, link, row, table, when
from hub_api.console.sentences import severity

_ROWS = 25
_GOOD, _FAIR = 0.99, 0.95


@console_page("/quality", nav="quality", order=50)
async def quality(visit: Visit) -> None:
    """Scorecard first, then contract by contract; every failing row leads to its message."""
    if not set(visit.hub.registry.organisations.values()) <= visit.organisations:
        title(visit, visit.say("frame.quality"))
        show(nothing(visit, "quality.all_organisations"))
        return
    runs, scores = await visit.read(lambda connection: _read(visit, connection))
    title(visit, visit.say("frame.quality"))
    if not runs:
        show(nothing(visit, "quality.none"))
        return
    if scores:
        show(section(visit.say("quality.scorecard"), _scorecard(visit, scores)))
    for run in runs:
        show(_contract(visit, run))


def _read(visit: Visit, connection: sa.Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    runs = latest_runs(connection)
    for run in runs:
        for result in run["results"]:
            result["rows"] = []
            if result["failed"]:
                found = failures(connection, [run["run"]], rule=result["rule"], limit=_ROWS)
                result["rows"] = [dict(one._mapping) for one in found]
    return runs, by_partner(connection)


def _scorecard(visit: Visit, scores: Sequence[Mapping[str, Any]]) -> Html:
    dimensions = sorted({dimension for one in scores for dimension in one["dimensions"]})
    heads: list[Child | tuple[Child, str]] = [visit.say("exchanges.partner")]
    heads += [(visit.word("dimension", dimension), "num") for dimension in dimensions]
    return table(heads, (row(one["partner"], *(_share(one["dimensions"].get(dimension)) for dimension in dimensions)) for one in scores))


def _share(share: Any) -> tuple[Child, str]:
    if share is None:
        return "", "num"
    tone = "good" if share >= _GOOD else "fair" if share >= _FAIR else "poor"
    return f"{share:.1%}", f"num {tone}"


def _contract(visit: Visit, run: Mapping[str, Any]) -> Html:
    say = visit.say
    failed = [one for one in run["results"] if not one["success"]]
    with_rows = [one for one in run["results"] if one["failed"] or one["error"]]
    verdict = (
        chip(say("quality.passed"), "ok")
        if not failed
        else chip(say("quality.failed", n=len(failed)), "warning" if run["success"] else "error")
    )
    heads: list[Child | tuple[Child, str]] = [
        say("quality.rule"),
        say("quality.dimension"),
        say("quality.severity"),
        (say("quality.checked"), "num"),
        (say("quality.failed_rows"), "num"),
        say("quality.description"),
    ]
    return section(
        [run["contract"], " ", verdict],
        el("p", say("quality.run", rows=run["rows"], rules=len(run["results"])), " ", when(run["at"]), cls="about"),
        table(heads, (_rule(visit, one) for one in with_rows)) if with_rows else None,
        cls="contract",
    )


def _promise(visit: Visit, result: Mapping[str, Any]) -> str:
    """The catalogue's sentence in the reader's language; what a site's own contract says for its own rules."""
    known = all_rules().get(result["rule"])
    return known.text(visit.language, {}) if known is not None else result["description"] or ""


def _rule(visit: Visit, result: Mapping[str, Any]) -> Html:
    rows = result["rows"]
    opened: Child = None
    if rows:
        left_out = result["failed"] - len(rows)
        opened = el(
            "details",
            el("summary", visit.say("quality.show_rows", n=result["failed"])),
            table(
                [visit.say("quality.key"), visit.say("quality.value"), visit.say("exchanges.partner"), visit.say("exchanges.message")],
                (
                    row(
                        ", ".join(f"{name} {value}" for name, value in one["key"].items())
                        if isinstance(one["key"], dict)
                        else str(one["key"]),
                        one["value"] if one["value"] is not None else "–",
                        one["partner"],
                        link(f"#{one['exchange_id']}", f"/exchanges/{one['exchange_id']}") if one["exchange_id"] else "",
                    )
                    for one in rows
                ),
            ),
            el("p", visit.say("exchange.left_out", n=left_out), cls="about") if left_out > 0 else None,
        )
    return row(
        [el("b", result["rule"], cls="rule"), el("small", result["column"] or "", cls="below")],
        visit.word("dimension", result["dimension"]),
        severity(visit, result["severity"]),
        (f"{result['checked']:,}", "num"),
        (f"{result['failed']:,}", "num differs" if result["failed"] else "num"),
        [result["error"] or _promise(visit, result), opened],
    )
