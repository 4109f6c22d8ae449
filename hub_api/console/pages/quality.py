"""Quality: a scorecard by partner and dimension, and the latest run of every contract with the rows that failed."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hub.store.failures import failures
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
            result["rows"] = failures(connection, run["run"], result["rule"], visit.organisations, _ROWS) if result["failed"] else []
    return runs, _scores(connection)


def _scores(connection: sa.Connection) -> list[dict[str, Any]]:
    """Shares by partner and dimension; nothing where the quality extra is not installed."""
    if importlib.util.find_spec("hub.quality.scorecard") is None:
        return []
    from hub.quality import scorecard

    found: list[dict[str, Any]] = scorecard.by_partner(connection)
    return found


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
    failed = [one for one in run["results"] if one["failed"] or one["error"]]
    verdict = chip(say("quality.passed"), "ok") if run["success"] else chip(say("quality.failed", n=len(failed)), "warning")
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
        table(heads, (_rule(visit, one) for one in failed)) if failed else None,
        cls="contract",
    )


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
        [result["error"] or result["description"], opened],
    )
