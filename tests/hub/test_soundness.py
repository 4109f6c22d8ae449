"""`udihub partner check`: what is certain to fail is told by file and key before the first document comes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors import registry
from hub import soundness
from hub.cli import application
from hub.site import Site
from hub.site_reading import SiteError
from tests.hub.conftest import SITE

CONNECTORS = Path(registry.__file__).parent


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SITE, tmp_path / "site"))


def edit(site: Path, file: str, old: str, new: str) -> None:
    path = site / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def told(site: Path) -> list[tuple[str, str, str]]:
    """Rule, file and key, and what was meant, of every error."""
    try:
        found = soundness.faults(Site.load(site))
    except SiteError as error:
        found = list(error.faults)
    return [(one.rule, one.place.path or "", one.expected or "") for one in found if one.severity == "error"]


IN, STOCK = "agreements/acme_in.yaml", "agreements/stock_north.yaml"
LABELS = "labels.yaml"
PARTNER, FLOW = "partners/acme.yaml", "flows/orders_to_acme.yaml"
MISTAKES = [
    # in the files themselves: what was written, what is written instead, the rule, the key, what was meant
    (PARTNER, "party:", "partty:", "SIT-01", "partty", "party"),
    (IN, "functional:", "functionl:", "SIT-01", "acknowledge.functionl", "functional"),
    (IN, "severity:", "severty:", "SIT-01", "rules.GS1-01.severty", "severity"),
    (IN, '{type: "810",', "{type: 810,", "SIT-04", "messages[2].type", ""),
    (IN, '"856", version: "004010"', '"856", version: "D:96A"', "SIT-06", "messages[1].version", ""),
    (IN, "ZZ:ACME", "ACME", "SIT-08", "envelope.sender", "ZZ:ACME"),
    (IN, "Europe/Berlin", "Europe/Berln", "SIT-07", "profile.time_zone", "Europe/Berlin"),
    (IN, "direction: in", "direction: inn", "SIT-05", "direction", "in, out"),
    (IN, "partner: acme", "partner: acmee", "SIT-10", "partner", "acme"),
    (IN, "format: x12", "format: x13", "SIT-10", "format", "x12"),
    (IN, "GS1-01:", "GS1-100:", "SIT-10", "rules.GS1-100", "GS1-10"),
    (IN, "partner: acme\n", "", "SIT-02", "partner", ""),
    (IN, "partner: acme", "partner: acme\npartner: borealis", "SIT-09", "", ""),
    (FLOW, "agreement: orders_to_acme", "agreement: order_to_acme", "SIT-10", "agreement", "orders_to_acme"),
    (LABELS, "root:", "rooot:", "SIT-01", "rooot", "root"),
    (LABELS, "root: https", "root: ftp", "SIT-03", "root", "https://"),
    (LABELS, '"gs1:certificationInfo"', '"certificate"', "SIT-03", "links[4].type", "gs1:"),
    (LABELS, "{gtin}/{lot}", "{gtin}/{batch}", "SIT-03", "links[4].to", "{gtin}, {lot}"),
    (LABELS, "{gtin}/{lot}", "{gtin!r}/{lot}", "SIT-03", "links[4].to", "{gtin}, {lot}"),
    (LABELS, "{gtin}/{lot}", "{gtin/{lot}", "SIT-03", "links[4].to", "{gtin}, {lot}"),
    (LABELS, "{gtin}/{lot}", "{lot}", "SIT-03", "links[4].to", "{gtin} |"),
    (LABELS, "https://www.example.com/coa", "javascript:alert(1)", "SIT-03", "links[4].to", "https://"),
    (LABELS, "https://www.example.com/coa/{gtin}", "https://{gtin}.example.com", "SIT-03", "links[4].to", "https://"),
    (LABELS, "language: [zh-CN]", "language: [汉语]", "SIT-03", "links[1].language", "en, zh-CN"),
    (LABELS, "media: application/pdf", "media: pdf", "SIT-03", "links[3].media", "text/html"),
    (LABELS, "title: 产品,", "title: 产品, default: true,", "SIT-03", "links[1].default", "links[0].default"),
    # in what they name, and in what plug-ins read
    (FLOW, "folder: out", "foldr: out", "SIT-01", "transport.foldr", "folder"),
    (FLOW, ", folder: out/acme", "", "SIT-19", "transport", "folder"),
    (FLOW, "PurchaseOrder", "PurchaseOrders", "SIT-10", "on.entity", "PurchaseOrder"),
    (FLOW, "PurchaseOrder", "Invoice", "SIT-18", "agreement", "Invoice"),
    (FLOW, "partner: erp", "partner: epr", "SIT-10", "on.partner", "erp"),
    (FLOW, "supplier: V1", "suplier: V1", "SIT-01", "on.suplier", "supplier"),
    (STOCK, "grammar: wms_stock", "grammar: wms_stok", "SIT-10", "grammar", "wms_stock"),
    (STOCK, "{type: wms_stock,", "{type: wms_stok,", "SIT-10", "messages[0].type", "wms_stock"),
    (STOCK, "grammar: wms_stock\n", "", "SIT-02", "grammar", ""),
    (IN, "x12/855", "x12/0855", "SIT-10", "messages[0].mapping", "x12/855"),
    (IN, "mapping: x12/855", "mapping: x12/810", "SIT-16", "messages[0].mapping", "x12 810"),
    (IN, '{type: "855"', '{type: "0855"', "SIT-10", "messages[0]", "855"),
    (IN, "time_zone: Europe/Berlin", "options: {delimeters: {}}", "SIT-01", "profile.options.delimeters", "delimiters"),
    (IN, "{use: response}", "{use: folder, foldr: x}", "SIT-01", "acknowledge.route.foldr", "folder"),
    (PARTNER, "party: V1", 'gln: "4047123000024"', "GS1-01", "gln", "5"),
    ("site.yaml", "8799999010009", "879999901000", "GS1-02", "organisations[0].gln", "13"),
]


@pytest.mark.parametrize(("file", "old", "new", "rule", "key", "meant"), MISTAKES)
def test_a_mistake_is_told_by_file_and_key_with_what_was_meant(
    site: Path, file: str, old: str, new: str, rule: str, key: str, meant: str
) -> None:
    edit(site, file, old, new)
    named = next(expected for found, place, expected in told(site) if (found, place) == (rule, f"{file}: {key}" if key else file))
    assert named.startswith(meant)


def test_a_key_that_two_files_have_is_no_silent_win_of_the_last(site: Path) -> None:
    edit(site, IN, "agreement: acme_in", "agreement: orders_north")
    assert ("SIT-11", "agreements/orders_north.yaml: agreement", IN) in told(site)


def test_all_mistakes_of_all_files_are_told_at_once_in_the_readers_language(site: Path, tmp_path: Path) -> None:
    edit(site, "partners/acme.yaml", "party:", "partty:")
    edit(site, "agreements/acme_in.yaml", '{type: "810",', "{type: 810,")
    environment = {"UDIHUB_HOME": str(tmp_path), "UDIHUB_SITE": str(site), "UDIHUB_LANG": "zh-CN"}
    run = CliRunner().invoke(application(), ["partner", "check"], env=environment)
    assert run.exit_code == 1 and "2 处错误" in str(run.exception)  # `main` makes 3 of a ConfigError
    assert [line.split()[:3] for line in run.stdout.splitlines()] == [
        ["错误", "SIT-01", "partners/acme.yaml:"],
        ["错误", "SIT-04", "agreements/acme_in.yaml:"],
    ]
    assert "是否应为 party" in run.stdout and '"810"' in run.stdout
    run = CliRunner().invoke(application(), ["partner", "check", "--json"], env=environment)
    assert json.loads(run.stdout.splitlines()[0])["rule"] == "SIT-01"


def test_a_sites_own_grammar_of_unknown_types_is_told_and_a_draft_that_nobody_names_only_warns(site: Path) -> None:
    grammar = CONNECTORS / "grammars" / "json" / "wms_stock.yaml"
    own = site / "grammars" / "json" / "wms_stock.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(grammar.read_text().replace("type: partial_date", "type: partial_dat"))
    found = [one for one in soundness.faults(Site.load(site)) if one.severity == "error"]
    assert {one.rule for one in found} == {"SIT-14"}
    assert "type 'partial_dat' is none of record" in (found[0].got or "")
    own.rename(own.with_name("draft.yaml"))
    (only,) = soundness.faults(Site.load(site))
    assert (only.rule, only.severity, only.place.path) == ("SIT-14", "warning", "grammars/json/draft.yaml")
    assert only.text("zh-CN").startswith("无法加载：") and "grammar 应为 'draft'，实为 'wms_stock'" in only.text("zh-CN")


def test_two_agreements_that_one_envelope_fits(site: Path) -> None:
    twin = site / "agreements" / "twin.yaml"
    twin.write_text((site / "agreements" / "acme_in.yaml").read_text().replace("agreement: acme_in", "agreement: twin"))
    assert told(site) == [("SIT-12", "agreements/twin.yaml: envelope", "acme_in")]
    twin.write_text(twin.read_text() + "valid: {until: 2020-12-31}\n")
    edit(site, "agreements/acme_in.yaml", "profile:", "valid: {from: 2021-01-01}\nprofile:")
    assert told(site) == [], "one after the other"
    edit(site, "agreements/acme_in.yaml", "valid: {from: 2021-01-01}\n", "")
    for name in ("acme_in", "twin"):
        flow = f"version: 1\nflow: {name}\ndirection: in\nagreement: {name}\ntransport: {{use: folder, folder: in/{name}}}\n"
        (site / "flows" / f"{name}.yaml").write_text(flow)
    assert [(one.rule, one.severity) for one in soundness.faults(Site.load(site))] == [("SIT-13", "info")], "their flows tell them apart"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{type: ObjectEvent,", "{type: ObjectEvnt,", ("SIT-10", "messages[0].type", "ObjectEvent")),
        ("epcis/ObjectEvent", "epcis/ObjectEvnt", ("SIT-10", "messages[0].mapping", "epcis/ObjectEvent")),
        ("epcis/ObjectEvent", "epcis/AssociationEvent", ("SIT-16", "messages[0].mapping", "epcis AssociationEvent")),
    ],
)
def test_events_need_no_grammar_and_a_type_of_the_standard(tmp_path: Path, old: str, new: str, fault: tuple[str, str, str]) -> None:
    site = Path(shutil.copytree(SITE.with_name("site_events"), tmp_path / "site"))
    edit(site, "agreements/plant_events.yaml", old, new)
    rule, key, expected = fault
    assert (rule, f"agreements/plant_events.yaml: {key}", expected) in [(one, at, what.partition(", ")[0]) for one, at, what in told(site)]


def test_the_shipped_sites_are_sound() -> None:
    for folder in (SITE, SITE.with_name("site_events"), SITE.parents[2] / "deploy" / "site"):
        assert soundness.faults(Site.load(folder)) == []


@pytest.mark.parametrize("name", registry.format_names())
def test_formats_state_every_option_that_they_read(name: str) -> None:
    """So that a new option is no unknown key."""
    package = CONNECTORS / "formats" / name
    text = "\n".join(path.read_text() for path in package.rglob("*.py"))
    read = set(re.findall(r'options(?:\.get\(|\[)"(\w+)"', text)) | {
        f"{one}_{way}" for one in re.findall(r'secret\(options, "(\w+)"', text) for way in ("env", "file")
    }
    stated: Any = registry.traits_of(name).options
    assert read <= stated
    if name == "epcis":
        return  # `capture` is read where documents are applied
    others = re.sub(r"options=.*", "", "\n".join(path.read_text() for path in CONNECTORS.rglob("*.py")))
    assert {one for one in stated if f'"{one}"' not in others and not one.startswith("shared_secret")} == set(), (
        "and none that nobody reads"
    )
