"""The quality report: self-contained pages that open on a closed network, in English and Chinese, all failing rows as CSV, a workbook.

Styles and charts are inside, nothing is loaded from anywhere, and a content security policy says so. Whatever came from outside
(numbers, names, values) is escaped.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, get_args

import sqlalchemy as sa

from connectors.formats.spreadsheet import book
from connectors.formats.spreadsheet.book import Sheet
from data_contracts.contract import DIMENSIONS
from data_contracts.findings import Language
from data_contracts.rules.catalogue import all_rules
from hub.quality import trend
from hub.quality.results import RuleResult, RunResult, failures, latest
from hub.quality.scorecard import Card, Score, cards, history
from hub.quality.words import word
from hub.store.types import moment

Format = Literal["html", "csv", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)
PAGES: tuple[Format, ...] = ("html", "csv")
"""What is written where nothing else is asked for."""
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")
SHOWN = 500
"""Failing rows of one rule on the page; the CSV has all."""
OPEN = 20
"""A list of failing rows of severity error is unfolded up to this length."""
CSV_NAME = "failures.csv"
TRENDS_NAME = "trends.csv"

_CSS = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(
    connection: sa.Connection, folder: Path, languages: Sequence[Language] = LANGUAGES, formats: Collection[Format] = PAGES
) -> list[Path]:
    """Write the newest runs, and what is kept of all, in these formats; returns what was written.

    `html`: `report.<language>.html`; `csv`: `failures.csv` and `trends.csv`; `xlsx`: `report.<language>.xlsx`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs = latest(connection)
    scores = cards(connection)
    written = _pages(connection, runs, scores, folder, languages) if "html" in formats else []
    if "csv" in formats:
        written += [_csv(connection, runs, folder / CSV_NAME), _trends(connection, folder / TRENDS_NAME)]
    if "xlsx" in formats:
        for language in languages:
            path = folder / f"report.{language}.xlsx"
            book.write(path, _sheets(connection, runs, scores, language))
            written.append(path)
    return written


def _pages(
    connection: sa.Connection, runs: Sequence[RunResult], scores: Sequence[Card], folder: Path, languages: Sequence[Language]
) -> list[Path]:
    found = trend.points(history(connection))
    listed = {
        (run.run_id, rule.rule): list(failures(connection, [run.run_id], rule=rule.rule, limit=SHOWN))
        for run in runs
        for rule in run.rules
        if rule.failed
    }
    written = []
    for language in languages:
        path = folder / f"report.{language}.html"
        others = [other for other in languages if other != language]
        path.write_text(_page(runs, scores, listed, trend.section(found, language), language, others), encoding="utf-8")
        written.append(path)
    return written


# --- CSV ---------------------------------------------------------------------------------------------------------------
def _csv(connection: sa.Connection, runs: Sequence[RunResult], path: Path) -> Path:
    """Every failing row. UTF-8 with BOM, as spreadsheets want it; a cell that a spreadsheet would compute is made text."""
    rules = {(run.run_id, rule.rule): rule for run in runs for rule in run.rules}
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["contract", "rule", "dimension", "severity", "partner", "key", "value", "exchange"])
        for row in failures(connection, [run.run_id for run in runs]):
            rule = rules[row.run_id, row.rule]
            cells = [
                row.contract,
                row.rule,
                rule.dimension,
                rule.severity,
                row.partner or "",
                _key(row.key),
                row.value or "",
                row.exchange_id,
            ]
            out.writerow(["'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells])
    return path


def _trends(connection: sa.Connection, path: Path) -> Path:
    """Every run that is kept, by dataset, partner and dimension: what a chart over time is drawn from."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["at", "contract", "partner", "dimension", "checked", "failed", "share"])
        for row in history(connection):
            checked, failed = int(row.checked), int(row.failed)
            share = f"{Score(checked, failed).share:.4f}" if checked else ""
            out.writerow([moment(row.at).isoformat(), row.contract, row.partner or "", row.dimension, checked, failed, share])
    return path


def _key(key: Any) -> str:
    """The key's values as one path; a JSON text where it is no mapping."""
    return "/".join("" if value is None else str(value) for value in key.values()) if isinstance(key, dict) else json.dumps(key)


# --- workbook ----------------------------------------------------------------------------------------------------------
def _sheets(connection: sa.Connection, runs: Sequence[RunResult], scores: Sequence[Card], language: Language) -> Iterator[Sheet]:
    """Results by rule, partners by dimension, over time with a chart each, every run, and every failing row."""

    def say(*names: str) -> list[str]:
        return [word(name, language) for name in names]

    every = list(history(connection))
    found = trend.points(every)
    results = (
        (say(run.contract)[0], rule.rule, _promise(rule, language), *say(rule.dimension, rule.severity), rule.column, rule.checked,
         rule.failed, _share(rule.checked, rule.failed), _verdict(rule, language), rule.error)
        for run in runs for rule in run.rules
    )  # fmt: skip
    heads = say("contract", "rule", "promise", "dimension", "severity", "column", "checked", "failed", "share", "verdict", "not_judged")
    yield Sheet(word("results", language), heads, results)
    people = (
        (card.key, card.name, say(dimension)[0], score.checked, score.failed, score.share)
        for card in scores
        for dimension, score in card.scores.items()
    )
    yield Sheet(word("partners", language), say("key", "partner", "dimension", "checked", "failed", "share"), people)
    for title, of in (("by_dimension", "dimensions"), ("by_dataset", "datasets")):
        names = sorted({name for point in found for name in getattr(point, of)})
        points = ((moment(point.at), *(_whole(getattr(point, of).get(name)) for name in names)) for point in found)
        yield Sheet(word(title, language), say("at", *names), points, chart=word(title, language))
    kept = (
        (moment(row.at), *say(row.contract), row.partner, *say(row.dimension), int(row.checked), int(row.failed),
         _share(int(row.checked), int(row.failed)))
        for row in every
    )  # fmt: skip
    yield Sheet(word("runs", language), say("at", "contract", "partner", "dimension", "checked", "failed", "share"), kept)
    rules = {(run.run_id, rule.rule): rule for run in runs for rule in run.rules}
    failing = (
        (say(row.contract)[0], row.rule, *say((rule := rules[row.run_id, row.rule]).dimension, rule.severity), row.partner, _key(row.key),
         row.value, row.exchange_id)
        for row in failures(connection, [run.run_id for run in runs])
    )  # fmt: skip
    yield Sheet(
        word("failing_rows", language), say("contract", "rule", "dimension", "severity", "partner", "row", "value", "exchange"), failing
    )


def _verdict(rule: RuleResult, language: Language) -> str:
    """A rule that could not be judged neither holds nor fails."""
    return word("not_judged" if rule.error is not None else "holds" if rule.success else "fails", language)


def _share(checked: int, failed: int) -> float | None:
    return Score(checked, failed).share if checked >= failed and checked else None


def _whole(score: Score | None) -> float | None:
    return None if score is None else score.share


# --- HTML --------------------------------------------------------------------------------------------------------------
def _page(
    runs: Sequence[RunResult],
    scores: Sequence[Card],
    listed: dict[tuple[int, str], list[sa.Row[Any]]],
    over_time: str,
    language: Language,
    others: Sequence[Language],
) -> str:
    def say(name: str) -> str:
        return escape(word(name, language))

    title = say("title")
    links = "".join(f'<a class="switch" lang="{other}" href="report.{other}.html">{say("other")}</a>' for other in others)
    body = [
        f'<header><div><h1>{title}</h1>{_when(runs, language)}</div><nav>{links}<a class="switch" href="{CSV_NAME}">CSV</a></nav></header>'
    ]
    if not runs:
        body.append(f"<p>{say('nothing')}</p>")
    else:
        body += [_tiles(runs, scores, language), over_time, _scorecard(scores, language)]
        body += [_contract(run, listed, language) for run in runs]
        body.append(f'<p><a href="{CSV_NAME}">{say("all_rows")}</a></p>')
    style = _CSS.read_text(encoding="utf-8")
    content = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>UDIHub · {title}</title>\n<style>{style}</style>\n</head>\n<body>\n{content}\n</body>\n</html>\n"
    )


def _when(runs: Sequence[RunResult], language: Language) -> str:
    if not runs:
        return ""
    at = moment(max(run.at for run in runs)).strftime("%Y-%m-%d %H:%M UTC")
    return f'<p class="quiet">{escape(word("as_of", language))} {at} · {len(runs)} {escape(word("contracts", language))}</p>'


def _tiles(runs: Sequence[RunResult], scores: Sequence[Card], language: Language) -> str:
    """The whole house by dimension, one ring each."""
    made = []
    for dimension in DIMENSIONS:
        parts = [card.scores[dimension] for card in scores if dimension in card.scores]
        if not parts:
            continue
        whole = Score(sum(part.checked for part in parts), sum(part.failed for part in parts))
        made.append(
            f'<div class="tile">{_ring(whole.share)}<div><b>{escape(word(dimension, language))}</b>'
            f'<span class="quiet">{whole.checked:,} {escape(word("checks", language))}<br>'
            f"{whole.failed:,} {escape(word('failing', language))}</span></div></div>"
        )
    return f'<section class="tiles" aria-label="{escape(word("overall", language))}">{"".join(made)}</section>'


def _ring(share: float) -> str:
    length = 2 * 3.14159265 * 27
    arc = f'stroke-dasharray="{length * share:.2f} {length:.2f}" transform="rotate(-90 32 32)"'
    return (
        f'<svg class="ring {_tone(share)}" viewBox="0 0 64 64" role="img" aria-label="{share:.2%}">'
        f'<circle class="track" cx="32" cy="32" r="27"/><circle class="arc" cx="32" cy="32" r="27" {arc}/>'
        f'<text x="32" y="36">{_percent(share)}</text></svg>'
    )


def _scorecard(scores: Sequence[Card], language: Language) -> str:
    shown = [dimension for dimension in DIMENSIONS if any(dimension in card.scores for card in scores)]
    head = "".join(f"<th>{escape(word(dimension, language))}</th>" for dimension in shown)
    rows = "".join(
        f'<tr><th scope="row">{escape(card.name)}<span class="quiet">{escape(card.key)}</span></th>'
        + "".join(f"<td>{_bar(card.scores[dimension]) if dimension in card.scores else ''}</td>" for dimension in shown)
        + "</tr>"
        for card in scores
    )
    return (
        f'<section><h2>{escape(word("scorecard", language))}</h2><p class="quiet">{escape(word("scorecard_note", language))}</p>'
        f'<div class="wide"><table class="scorecard"><thead><tr><th>{escape(word("partner", language))}</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _bar(score: Score) -> str:
    passed = f"{score.checked - score.failed:,} / {score.checked:,}"
    return (
        f'<div class="score {_tone(score.share)}" title="{passed}"><span>{_percent(score.share)}</span>'
        '<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6" rx="3"/>'
        f'<rect class="fill" width="{max(score.share * 100, 1):.1f}" height="6" rx="3"/></svg></div>'
    )


def _percent(share: float) -> str:
    return "100%" if share == 1 else f"{int(share * 1000) / 10:.1f}%"


def _tone(share: float) -> str:
    return "good" if share >= 0.995 else "fair" if share >= 0.95 else "poor"


def _contract(run: RunResult, listed: dict[tuple[int, str], list[sa.Row[Any]]], language: Language) -> str:
    failing = [rule for rule in run.rules if not rule.success and rule.error is None]
    if run.errors:
        mark, tone = "not_judged", "poor"
    elif any(rule.severity == "error" for rule in failing):
        mark, tone = "errors_fail", "poor"
    elif failing:
        mark, tone = "warnings_fail", "fair"
    else:
        mark, tone = "all_pass", "good"
    order = {dimension: place for place, dimension in enumerate(DIMENSIONS)}
    rules = sorted(run.rules, key=lambda rule: (order.get(rule.dimension, 9), rule.rule))
    head = "".join(f"<th>{escape(word(name, language))}</th>" for name in ("rule", "promise", "severity", "checked", "failed", "passed"))
    body = "".join(
        f'<tr class="group"><th colspan="6" scope="rowgroup">{escape(word(dimension, language))}</th></tr>'
        + "".join(_rule(run, rule, language) for rule in group)
        for dimension, group in groupby(rules, key=lambda rule: rule.dimension)
    )
    details = "".join(_failing(run, rule, listed.get((run.run_id, rule.rule), []), language) for rule in rules if rule.failed)
    title = escape(word(run.contract, language))
    badge = f'<span class="mark {tone}">{escape(word(mark, language))}</span>'
    size = f'<span class="quiet">{run.rows:,} {escape(word("rows", language))}</span>'
    every = escape(word("every_rule", language).format(count=len(rules)))
    return (
        f'<section id="{escape(run.contract)}"><h2>{title} {badge}{size}</h2>{details}'
        f"<details{' open' if run.errors else ''}><summary>{every}</summary>"
        f'<div class="wide"><table class="rules"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details></section>'
    )


def _rule(run: RunResult, rule: RuleResult, language: Language) -> str:
    if rule.error is not None:
        outcome = f'<td colspan="3" class="poor">{escape(word("not_judged", language))}: {escape(rule.error)}</td>'
    else:
        share = Score(rule.checked, rule.failed).share if rule.checked >= rule.failed and rule.checked else None
        outcome = (
            f'<td class="number">{rule.checked:,}</td><td class="number">{rule.failed or ""}</td>'
            f"<td>{'' if share is None else _bar(Score(rule.checked, rule.failed))}</td>"
        )
    column = f' <code class="quiet">{escape(rule.column)}</code>' if rule.column else ""
    return (
        f"<tr><td><code>{escape(rule.rule)}</code></td><td>{escape(_promise(rule, language))}{column}</td>"
        f"<td>{_severity(rule, language)}</td>{outcome}</tr>"
    )


def _severity(rule: RuleResult, language: Language) -> str:
    return f'<span class="severity {escape(rule.severity)}">{escape(word(rule.severity, language))}</span>'


def _promise(rule: RuleResult, language: Language) -> str:
    """The catalogue's sentence in the reader's language; what a site's own contract says for its own rules."""
    known = all_rules().get(rule.rule)
    return known.text(language, {}) if known is not None else rule.description or rule.rule


def _failing(run: RunResult, rule: RuleResult, rows: Sequence[sa.Row[Any]], language: Language) -> str:
    head = "".join(f"<th>{escape(word(name, language))}</th>" for name in ("row", "value", "partner", "exchange"))
    body = "".join(
        f"<tr><td>{escape(_key(row.key) or word('whole', language))}</td><td>{escape(row.value or '')}</td>"
        f"<td>{escape(row.partner or '')}</td><td>{_link(row.exchange_id)}</td></tr>"
        for row in rows
    )
    opened = " open" if rule.severity == "error" and not rule.success and len(rows) <= OPEN else ""
    tolerated = f' <span class="quiet">{escape(word("tolerated", language))}</span>' if rule.success else ""
    more = ""
    if rule.failed > len(rows):
        said = word("shown", language).format(shown=f"{len(rows):,}", all=f"{rule.failed:,}")
        more = f'<p class="quiet">{escape(said)} <a href="{CSV_NAME}">{CSV_NAME}</a></p>'
    return (
        f'<details class="failing"{opened}><summary>{_severity(rule, language)} '
        f"<code>{escape(rule.rule)}</code> {escape(_promise(rule, language))} <b>{rule.failed:,}</b>{tolerated}</summary>"
        f'<div class="wide"><table class="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}</details>'
    )


def _link(exchange_id: int | None) -> str:
    """To the message in the console: pages of the hub's own address, since the console serves the report, too."""
    return "" if exchange_id is None else f'<a href="/console/exchanges/{int(exchange_id)}">{int(exchange_id)}</a>'
