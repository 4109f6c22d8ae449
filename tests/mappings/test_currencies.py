"""One currency a document: an amount in another one holds the message, whichever syntax states it, and is not taken for the document's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from mappings.engine import Context
from tests.mappings.shipped import load
from tests.mappings.test_units import SAMPLES, sample
from tests.mappings.trees import edifact, lost, named, segments

CONTEXT = Context(time_zone="UTC", components=":", currency="CNY", sent="20261122 0830")
INVOIC = """
BGM+380+1+9
DTM+137:20261122:102
CUX+2:EUR:4
LIN+1++06901234500011:EN
 QTY+47:5:PCE
 MOA+203:50:{}
 PRI+AAA:10{}
UNS+S
 MOA+77:50:{}
"""
PRICE = '<cbc:PriceAmount currencyID="EUR">'


def invoic(line: str = "EUR", total: str = "EUR", price: str = "") -> SourceRecord:
    return edifact(INVOIC.format(line, price, total))


def idoc(line: str, total: str) -> SourceRecord:
    members: dict[str, Any] = {
        "E1EDK01": {"BELNR": "1", "CURCY": "EUR", "BSART": "INVO"},
        "E1EDK03": {"IDDAT": "012", "DATUM": "20261122"},
        "E1EDP01": {"POSEX": "10", "MENGE": "5", "MENEE": "PCE", "VPREI": "10", "CURCY": line},
        "E1EDS01": {"SUMID": "011", "SUMME": "50", "WAERQ": total},
    }
    return named("INVOIC", members)


def order(currency: str) -> SourceRecord:
    return segments(f"BEG*00*SA*PO1**20261122\nCUR*BY*EUR\nPO1*10*5*EA*10**BP*RM1\n CUR*BY*{currency}")


def told(name: str, tree: SourceRecord) -> tuple[Any, list[tuple[str, str, str | None, str | None]]]:
    mapped = load(name).read(tree, CONTEXT)
    assert mapped.entity is not None
    wrong = [(one.rule, one.severity, one.expected, one.got) for one in mapped.findings if one.rule.startswith("MAP")]
    return mapped.entity, wrong


@pytest.mark.parametrize(
    ("mapping", "good", "wrong"),
    [
        ("ubl/Invoice", sample("ubl/Invoice"), sample("ubl/Invoice", (PRICE, PRICE.replace("EUR", "USD")))),
        (
            "ubl/Invoice",
            sample("ubl/Invoice"),
            sample("ubl/Invoice", ('PayableAmount currencyID="EUR"', 'PayableAmount currencyID="USD"')),
        ),
        ("ubl/Order", sample("ubl/Order"), sample("ubl/Order", (PRICE, PRICE.replace("EUR", "USD")))),
        ("ubl/OrderResponse", sample("ubl/OrderResponse"), sample("ubl/OrderResponse", (PRICE, PRICE.replace("EUR", "USD")))),
        ("ubl/Catalogue", sample("ubl/Catalogue"), None),
        (
            "cxml/OrderRequest",
            sample("cxml/OrderRequest"),
            sample("cxml/OrderRequest", ('<Money currency="EUR">12.50', '<Money currency="USD">12.50')),
        ),
        ("edifact/INVOIC", invoic(), invoic(line="USD")),
        ("edifact/INVOIC", invoic(), invoic(total="USD")),
        ("edifact/INVOIC", invoic(price="\n  CUX+2:EUR:4"), invoic(price="\n  CUX+2:USD:4")),
        ("idoc/INVOIC", idoc("EUR", "EUR"), idoc("USD", "EUR")),
        ("idoc/INVOIC", idoc("EUR", "EUR"), idoc("EUR", "USD")),
        ("x12/850", order("EUR"), order("USD")),
    ],
)
def test_an_amount_in_another_currency_holds_the_message(mapping: str, good: SourceRecord, wrong: SourceRecord | None) -> None:
    entity, findings = told(mapping, good)
    assert (entity["currency"], findings) == ("EUR", [])
    if wrong is not None:
        entity, findings = told(mapping, wrong)
        assert (entity["currency"], findings) == ("EUR", [("MAP-07", "error", "EUR", "USD")])
        assert lost(load(mapping), wrong, CONTEXT) == lost(load(mapping), good, CONTEXT)


def test_prices_in_two_currencies_hold_a_catalogue_that_states_none() -> None:
    text = (SAMPLES / "ubl/Catalogue.xml").read_text(encoding="utf-8")
    line = text[text.rindex("<cac:CatalogueLine>") : text.index("</Catalogue>")]
    tree = sample("ubl/Catalogue", ("</Catalogue>", line.replace('currencyID="EUR"', 'currencyID="USD"') + "</Catalogue>"))
    assert told("ubl/Catalogue", tree)[1] == [("MAP-07", "error", "EUR", "USD")]


def test_an_order_that_states_no_currency_is_in_that_of_its_prices_and_not_in_the_agreement_s() -> None:
    entity, findings = told("ubl/Order", sample("ubl/Order", ("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", "")))
    assert (entity["currency"], findings) == ("EUR", [])


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{path: BEG/07, reason: R}", "`values`, `never` and `same`"),
        ("{path: BEG/07, values: [A], same: currency, reason: R}", "`values`, `never` and `same`"),
        ("{path: BEG/07, same: issued_at, reason: R}", "no text"),
        ("{path: BEG/07, same: colour, reason: R}", "colour"),
    ],
)
def test_a_wrong_expectation_is_refused(entry: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x12").mkdir()
    text = f"mapping: x12/850_mine\nversion: 1\nextends: x12/850\nexpect: [{entry}]\n"
    (tmp_path / "x12" / "850_mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load("x12/850_mine", [tmp_path])


@pytest.mark.parametrize("currencies", ["2:EUR:4", "2:EUR:4+3:USD:9", "3:USD:9+2:EUR:4", "3:EUR:4"])
def test_the_currency_of_the_document_is_told_from_the_one_it_is_exchanged_into(currencies: str) -> None:
    entity, wrong = told("edifact/INVOIC", edifact(INVOIC.format("EUR", "", "EUR").replace("2:EUR:4", currencies)))
    assert (entity["currency"], wrong) == ("EUR", [])
