"""The screen at the end of the demonstration: what came, what was answered, what was refused and why, what disagrees, where to look."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from data_contracts.rules.catalogue import rule_named
from hub.demonstration import found
from hub.demonstration.run import Played
from hub.runtime import Hub
from hub.store.tables import acknowledgement, document, exchange, partner

_WHAT = {
    "850": "orders sent 采购订单",
    "855": "order responses 订单应答",
    "856": "despatch advices 发货通知",
    "810": "invoices 发票",
    "997": "acknowledgements 回执",
    "erp_items": "items 物料",
    "erp_parties": "parties 往来单位",
    "erp_devices": "devices 器械",
    "erp_orders": "purchase orders 采购订单",
    "erp_stock": "stock as the ERP says 库存",
    "wms_stock": "stock as the WMS says 库存",
    "wms_receipts": "receipts 收货",
    "wms_despatches": "despatches to hospitals 医院发货",
    "mes_production": "production 生产",
}


def quality_of(hub: Hub, folder: Path) -> list[dict[str, Any]] | None:
    """The scorecard after running all contracts, with the report written; None where Great Expectations is not installed."""
    if importlib.util.find_spec("great_expectations") is None:
        return None
    from hub.quality import report, run, scorecard

    run.run(hub.database, hub.clock)
    with hub.database.read() as connection:
        report.write(connection, folder / "quality")
        return scorecard.by_partner(connection)


def show(
    hub: Hub,
    console: Console,
    played: Played,
    quality: list[dict[str, Any]] | None,
    folder: Path,
    address: str,
    key: str,
    link: str,
    site: Path,
    serves: bool,
    released: Path,
) -> None:
    """Print the whole screen."""
    with hub.database.read() as connection:
        console.rule("What came in 收到")
        console.print(_came(connection))
        console.print(_answered(connection, played))
        refused = found.findings(connection)
        disagree = found.discrepancies(connection)
        console.rule("Refused or held, and why 拒收与隔离")
        console.print(_refused(refused, hub.settings.language))
        console.rule("Order lines that disagree 订单行差异")
        console.print(_disagreeing([row for row in disagree if row["order_number"]], hub.settings.language))
        console.rule("Stock and master data that disagree 库存与主数据差异")
        console.print(_stock([row for row in disagree if not row["order_number"]]))
    if quality is not None:
        console.rule("Quality by partner 质量评分")
        console.print(_quality(quality))
    console.rule("Where to look 查看")
    places = [
        f"console   {address}/console/sign-in/{link}   (once, within 24 hours 一次性链接)",
        f"API       {address}/v1/openapi.json   (with a key; docs/api.md)",
        *([f"quality   {folder / 'quality' / 'report.en.html'}"] if quality is not None else []),
        f"found     {folder / 'found.json'}",
        f"planted   {folder / 'story' / 'faults.json'}",
        f"registers {released}   (compared; udihub device differences 监管数据库差异)",
        "",
        *(
            [
                "",
                "Serve it, and use every command on it 启动服务:",
                f"UDIHUB_HOME={folder} UDIHUB_SITE={site} .venv/bin/udihub serve",
            ]
            if not serves
            else []
        ),
        "",
        "A partner could paste this; the answer is a 997 伙伴可粘贴以下命令,应答为 997:",
        f"curl -sS -H 'Authorization: Bearer {key}' -H 'Prefer: wait' -H 'Content-Type: application/edi-x12' \\",
        f"  --data-binary @{folder / 'sample_856.edi'} {address}/v1/documents",
    ]
    for line in places:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _came(connection: sa.Connection) -> Table:
    table = Table("from 来源", "what 内容", "messages", "applied", "held", "refused", box=None, pad_edge=False)
    rows = connection.execute(
        sa.select(partner.c.name, exchange.c.type, exchange.c.state, sa.func.count())
        .join(partner, partner.c.id == exchange.c.partner_id)
        .where(exchange.c.direction == "in")
        .group_by(partner.c.name, exchange.c.type, exchange.c.state)
        .order_by(partner.c.name, exchange.c.type)
    ).all()
    counts: dict[tuple[str, str], Counter[str]] = {}
    for name, kind, state, count in rows:
        counts.setdefault((name, kind or "?"), Counter())[state] += count
    for (name, kind), states in counts.items():
        taken = states["applied"] + states["acknowledged"] + states["superseded"]
        table.add_row(
            name,
            f"{kind} {_WHAT.get(kind, '')}",
            str(sum(states.values())),
            str(taken),
            str(states["quarantined"] + states["waiting"] or ""),
            str(states["rejected"] or ""),
        )
    return table


def _answered(connection: sa.Connection, played: Played) -> str:
    answers = Counter(
        {
            f"{kind} {verdict}": count
            for kind, verdict, count in connection.execute(
                sa.select(acknowledgement.c.kind, acknowledgement.c.verdict, sa.func.count()).group_by(
                    acknowledgement.c.kind, acknowledgement.c.verdict
                )
            )
        }
    )
    documents: dict[str, int] = dict(
        connection.execute(sa.select(document.c.state, sa.func.count()).group_by(document.c.state)).tuples().all()
    )
    said = ", ".join(f"{count} × {what}" for what, count in sorted(answers.items()))
    return (
        f"{sum(documents.values())} documents ({', '.join(f'{count} {state}' for state, count in sorted(documents.items()))}). "
        f"We answered: {said}. We sent {played.sent} orders (850); {played.answered} were acknowledged by the suppliers."
    )


def _refused(rows: list[dict[str, Any]], language: str) -> Table:
    table = Table("partner", "document", "rule", "why 原因", box=None, pad_edge=False)
    for row in rows:
        if row["severity"] == "info":
            continue
        text = rule_named(row["rule"]).text(language, {"expected": row["expected"] or "", "got": row["got"] or "", **row["params"]})
        place = " ".join(str(row["place"][key]) for key in ("segment", "position", "element") if key in row["place"])
        table.add_row(row["partner"], row["document"] or row["business_key"] or "", row["rule"], f"{place}: {text}" if place else text)
    return table


def _disagreeing(rows: list[dict[str, Any]], language: str) -> Table:
    table = Table("order 订单", "line", "rule", "one says", "the other says", "what 说明", box=None, pad_edge=False)
    for row in rows:
        text = rule_named(row["rule"]).text(
            language,
            {"expected": row["left"]["value"] or "", "got": row["right"]["value"] or "", **{k: str(v) for k, v in row["params"].items()}},
        )
        table.add_row(row["order_number"], row["order_line"] or "", row["rule"], _side(row["left"]), _side(row["right"]), text)
    return table


def _stock(rows: list[dict[str, Any]]) -> Table:
    table = Table("rule", "where 位置", "item 物料", "lot 批号", "one says", "the other says", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["rule"], row["location"] or "", row["item"] or "", row["lot"] or "", _side(row["left"]), _side(row["right"]))
    return table


def _side(side: dict[str, Any]) -> str:
    return f"{side['source'] or ''} {side['value'] if side['value'] is not None else '-'}".strip()


def _quality(rows: list[dict[str, Any]]) -> Table:
    dimensions = sorted({dimension for row in rows for dimension in row["dimensions"]})
    table = Table("partner", *dimensions, box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["partner"], *(f"{row['dimensions'][d]:.1%}" if d in row["dimensions"] else "" for d in dimensions))
    return table
