"""Planted faults are all found, by key, on both databases; what can't be judged is an error and not bad data."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data_contracts import contract as contracts
from data_contracts.errors import ConfigError
from hub.quality import engine, report, results, run, scorecard
from hub.store import runs
from hub.store.database import Database
from hub.store.tables import exchange, exchange_history, line, quality_failure
from hub.store.types import micros
from tests.hub.world import KEYS, World, despatch, order


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def found(database: Database, result: results.RunResult, rule: str) -> list[tuple[Mapping[str, Any], str | None]]:
    with database.read() as connection:
        rows = list(results.failures(connection, [result.run_id], rule=rule))
    return [(row.key, row.value) for row in rows]


def rule_of(result: results.RunResult, rule: str) -> results.RuleResult:
    return next(each for each in result.rules if each.rule == rule)


def lines(count: int, **members: Any) -> list[dict[str, Any]]:
    return [
        {"line": str(number), "item_code": "RM-100", "quantity": Decimal(1), "unit": "EA", "@": number + 1, **members}
        for number in range(1, count + 1)
    ]


def test_every_failing_row_is_kept_by_its_key_also_when_there_are_hundreds(world: World, database: Database) -> None:
    world.send(("erp", order("A", lines=lines(345, unit_price=Decimal(1)))), ("erp", order("B", lines=lines(5, quantity=Decimal(0)))))
    (result,) = run.run(database, database.clock, ["order_lines"])
    assert (result.rows, result.errors) == (350, ())
    expected = [{"organisation": "suzhou", "partner": "erp", "number": "A", "position": n} for n in range(1, 346)]
    expected += [{"organisation": "suzhou", "partner": "erp", "number": "B", "position": n} for n in range(1, 6)]
    by_number = lambda key: (key["number"], key["position"])  # noqa: E731
    assert sorted((key for key, _ in found(database, result, "QLT-02")), key=by_number) == expected  # the library's own list stops at 20
    assert sorted((key for key, _ in found(database, result, "QLT-50")), key=by_number) == expected  # a sql rule, at 200
    assert rule_of(result, "QLT-02").failed == rule_of(result, "QLT-50").failed == 350
    assert [(key["number"], value) for key, value in found(database, result, "QLT-40")] == [("B", "quantity 0, unit EA")] * 5
    assert not result.success
    assert result.errors == ()
    with database.read() as connection:
        row = connection.execute(sa.select(quality_failure).where(quality_failure.c.rule == "QLT-40")).first()
        assert row is not None
        assert (row.partner_id, row.exchange_id) == (KEYS["erp"], world.exchanges[1])


def test_values_are_told_as_they_were_said(world: World, database: Database) -> None:
    bad = [
        {"line": "1", "gtin": "6901234567892", "quantity": Decimal("-2.50"), "unit": "each", "unit_price": Decimal("12.345600"), "@": 2},
        {"line": "1", "gtin": "6901234567893", "quantity": Decimal(3), "unit": "EA", "unit_price": Decimal(-1), "@": 3},
    ]
    world.send(("erp", order("A", currency="yuan", lines=bad, requested_on="2026-09")))
    (result,) = run.run(database, database.clock, ["order_lines"])
    assert [value for _, value in found(database, result, "QLT-40")] == ["quantity -2.5, unit each"]
    assert [value for _, value in found(database, result, "QLT-41")] == ["unit_price -1, currency yuan"]
    assert [value for _, value in found(database, result, "QLT-21")] == ["06901234567893"]
    assert [value for _, value in found(database, result, "QLT-22")] == ["each"]
    assert [value for _, value in found(database, result, "QLT-26")] == ["yuan", "yuan"]
    assert [value for _, value in found(database, result, "QLT-60")] == ["1", "1"]
    assert [value for _, value in found(database, result, "QLT-45")] == ["requested_on 2026-09, issued_on 2026-11-01"] * 2


def test_withdrawn_documents_are_not_judged(world: World, database: Database) -> None:
    world.send(("erp", order("A", lines=lines(1, quantity=Decimal(0)))))
    world.send(("erp", order("A", purpose="replace", revision=1, lines=lines(1, quantity=Decimal(4)))))
    (result,) = run.run(database, database.clock, ["order_lines"])
    assert (result.rows, rule_of(result, "QLT-40").failed) == (1, 0)


def test_a_month_lasts_to_its_last_day(world: World, database: Database) -> None:
    def sent(number: str, expires_on: str) -> tuple[str, Mapping[str, Any]]:
        return "jiangnan_polymer", despatch(number, lines=lines(1, lot="L1", expires_on=expires_on))

    world.send(sent("A", "2026-11"), sent("B", "2026-10"), sent("C", "2026-11-30"), sent("D", "2025-11-30"))
    (result,) = run.run(database, database.clock, ["despatch_lines"])
    assert {key["number"] for key, _ in found(database, result, "QLT-44")} == {"B", "D"}


def sent_order(database: Database, number: int, due: int, acknowledgement: str, acknowledged_at: int | None) -> None:
    with database.begin("test") as uow:
        uow.connection.execute(
            exchange.insert().values(
                id=number, ordinal=1, direction="out", organisation_id=1, partner_id=KEYS["rheintal_titan"], state="sent", type="850",
                acknowledgement=acknowledgement, acknowledgement_due_at=due, recorded_at=0, changed_at=0,
            )
        )  # fmt: skip
        if acknowledged_at is not None:
            uow.connection.execute(
                exchange_history.insert().values(exchange_id=number, at=acknowledged_at, state="acknowledged", actor="worker")
            )


def test_acknowledgements_are_due_and_only_what_was_sent_counts(world: World, database: Database) -> None:
    now = micros(database.clock.now())
    world.send(("erp", order("A")))
    sent_order(database, 1001, now - 10, "accepted", now - 20)
    sent_order(database, 1002, now - 10, "accepted", now - 5)
    sent_order(database, 1003, now - 10, "awaited", None)
    sent_order(database, 1004, now + 10, "awaited", None)
    (result,) = run.run(database, database.clock, ["exchanges"])
    assert {key["exchange"] for key, _ in found(database, result, "QLT-80")} == {1002, 1003}
    assert rule_of(result, "QLT-80").checked == 4
    with database.read() as connection:
        scores = {card["key"]: card["dimensions"] for card in scorecard.by_partner(connection)}
    assert scores["rheintal_titan"] == {"timeliness": 0.5}
    assert scores["erp"] == {"conformity": 1.0}


def test_the_scorecard_divides_by_what_was_checked_of_the_newest_run(world: World, database: Database) -> None:
    world.send(("erp", order("A", lines=lines(9, quantity=Decimal(0)))))
    run.run(database, database.clock, ["order_lines"])
    with database.begin("test") as uow:
        uow.connection.execute(line.update().where(line.c.ordinal > 0).values(quantity=Decimal(1)))
    run.run(database, database.clock, ["order_lines"])
    with database.read() as connection:
        (card,) = scorecard.cards(connection)
    # QLT-40 looks at 9 rows and refuses 1; QLT-41 finds no price to look at; QLT-45 looks at 9
    assert (card.scores["accuracy"].checked, card.scores["accuracy"].failed) == (18, 1)
    assert card.scores["accuracy"].share == 0.9444


def site_contract(folder: Path, old: str, new: str) -> Path:
    text = (contracts.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "order_lines.odcs.yaml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize("fault", ["WHERE nothing_like_it < 0", "WHERE quantity <<< 0", "WHERE no_such_function(quantity) < 0"])
def test_what_cannot_be_judged_is_an_error_and_neither_good_nor_bad(world: World, database: Database, tmp_path: Path, fault: str) -> None:
    world.send(("erp", order("A", lines=lines(2, quantity=Decimal(0)))))
    (result,) = run.run(database, database.clock, ["order_lines"], [site_contract(tmp_path, "WHERE unit_price < 0", fault)])
    broken = rule_of(result, "QLT-41")
    assert broken.error
    assert (broken.success, broken.failed, broken.checked) == (False, 0, 0)
    assert result.errors == (broken,)
    assert rule_of(result, "QLT-40").failed == 2, "the other rules are judged all the same"


def test_a_column_that_is_missing_is_an_error(world: World, database: Database, tmp_path: Path) -> None:
    world.send(("erp", order("A")))
    folder = site_contract(tmp_path, "- name: currency", "- name: money")
    text = (folder / "order_lines.odcs.yaml").read_text(encoding="utf-8").replace('"unit_price, currency"', '"unit_price"')
    (folder / "order_lines.odcs.yaml").write_text(text, encoding="utf-8")
    (result,) = run.run(database, database.clock, ["order_lines"], [folder])
    assert {each.rule for each in result.errors} == {"QLT-09", "QLT-26"}
    assert not result.success


def test_a_tolerated_share_still_names_its_rows(world: World, database: Database, tmp_path: Path) -> None:
    world.send(("erp", order("A", lines=[*lines(9, unit_price=Decimal(1)), *lines(1)])))
    text = (contracts.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")
    before, _, after = text.partition("id: QLT-07")
    (tmp_path / "order_lines.odcs.yaml").write_text(
        before + "id: QLT-07" + after.replace("mustBe: 0", "mustBeLessOrEqualTo: 10\n            unit: percent", 1), encoding="utf-8"
    )
    (result,) = run.run(database, database.clock, ["order_lines"], [tmp_path])
    assert (rule_of(result, "QLT-07").success, rule_of(result, "QLT-07").failed) == (True, 1)
    with database.read() as connection:
        (kept,) = results.latest(connection)
        (shown,) = runs.latest_runs(connection)
        page = report.write(connection, tmp_path, ["en"], ["html"])[0].read_text(encoding="utf-8")
    verdicts = {each.rule: each.success for each in result.rules}
    assert {each.rule: each.success for each in kept.rules} == verdicts, "what is read back says what was judged"
    assert {each["rule"]: each["success"] for each in shown["results"]} == verdicts
    assert '<b>1</b> <span class="quiet">within what is tolerated</span>' in page


def test_limits_of_exact_columns_mean_the_same_on_both_databases(world: World, database: Database, tmp_path: Path) -> None:
    text = (contracts.FOLDER / "order_lines.odcs.yaml").read_text(encoding="utf-8")
    before, _, after = text.partition("          - id: QLT-07")
    custom = """          - id: QLT-99
            dimension: accuracy
            severity: warning
            type: custom
            engine: greatExpectations
            implementation: {type: expect_column_values_to_be_between, kwargs: {column: "{property}", min_value: 1, max_value: 2.5}}
"""
    (tmp_path / "order_lines.odcs.yaml").write_text(before + custom + "          - id: QLT-07" + after, encoding="utf-8")
    prices = [Decimal("0.999999"), Decimal(1), Decimal("2.5"), Decimal("2.500001")]
    world.send(("erp", order("A", lines=[{**lines(1)[0], "line": str(n), "unit_price": price} for n, price in enumerate(prices)])))
    (result,) = run.run(database, database.clock, ["order_lines"], [tmp_path])
    assert sorted(value or "" for _, value in found(database, result, "QLT-99")) == ["0.999999", "2.500001"]


@pytest.mark.slow
def test_an_empty_store_is_judged(world: World, database: Database) -> None:
    every = run.run(database, database.clock)
    assert [result.contract for result in every] == list(contracts.names())
    assert all(result.success and not result.errors for result in every)
    assert all(rule_of(result, "QLT-70").failed == (1 if result.rows == 0 else 0) for result in every)


def test_nothing_leaves_the_machine(world: World, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world.send(("erp", order("A")))
    called: list[Any] = []
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            return connect(self, address)
        called.append(address)
        raise OSError("blocked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: called.append(a))
    assert run.run(database, database.clock, ["order_lines"])[0].errors == ()
    assert called == []


def test_the_library_cannot_write(database: Database) -> None:
    connect = engine._postgresql(database) if database.is_postgresql else engine._sqlite(database)
    connection = connect()
    with pytest.raises(Exception, match=r"read.?only"):
        connection.execute("DELETE FROM quality_run")
    connection.close()


def test_an_unknown_contract_is_refused(database: Database) -> None:
    with pytest.raises(ConfigError, match="known are despatch_lines"):
        run.run(database, database.clock, ["../../etc/passwd"])


def test_without_the_library_the_extra_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(engine.importlib, "import_module", absent)
    with pytest.raises(ConfigError, match=r"udihub\[quality\]"):
        run.run(database, database.clock, ["items"])


def test_data_docs_are_written_when_asked(world: World, database: Database, tmp_path: Path) -> None:
    world.send(("erp", order("A")))
    run.run(database, database.clock, ["order_lines"], data_docs=tmp_path / "docs")
    assert (tmp_path / "docs" / "index.html").is_file()
    assert "order_lines" in "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "docs").rglob("*.html"))
