"""What goes to a register: its demands by name, its format, and the same device when it comes back."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from connectors.extracts import Extract
from connectors.registry import format_named
from connectors.spec import STRICT
from data_contracts.canonical import CANONICAL
from data_contracts.errors import ConfigError, NotFoundError
from data_contracts.registers import REGISTERS, register_named
from hub import pipeline
from hub.check import plain
from hub.registers.demands import lacks, told
from hub.registers.export import FORMATS, export
from hub.registers.record import differing
from hub.runtime import Hub
from hub.store import views
from mappings.engine import Context
from tests.hub.conftest import take
from tests.hub.registers.complete import RISKS, complete, feed
from tests.hub.registers.conftest import DEVICE, queue, run
from tests.mappings.shipped import load

BOX = "16901234500056"


def kept(hub: Hub, *devices: dict[str, Any]) -> Hub:
    take(hub, feed(*devices), "erp", key="1", agreement="devices")
    pipeline.reconcile(hub)
    return hub


def entity(said: dict[str, Any]) -> dict[str, Any]:
    """A device of the feed as it is canonical."""
    (message,) = [
        event.message for event in format_named("json").read(io.BytesIO(feed(said)), STRICT, "erp_devices") if event.message is not None
    ]
    assert message.root is not None and message.findings == []
    made = load("json/erp_devices").read(message.root, Context()).entity
    assert made is not None
    return plain(CANONICAL["Device"].model_validate({k: v for k, v in plain(made).items() if k != "entity"}).as_plain())  # type: ignore[no-any-return]


@pytest.mark.parametrize(("register", "kind"), [(register, kind) for register in REGISTERS for kind in FORMATS[register]])
def test_a_complete_device_goes_out_and_is_the_same_when_it_comes_back(hub: Hub, register: str, kind: str) -> None:
    kept(hub, complete())
    made = export(hub, register, [BOX, DEVICE], kind)  # type: ignore[arg-type]
    assert made.lacking == {}
    (document,) = made.documents
    assert document.name == f"{register}_20261122.{kind}" and document.dis == (DEVICE,)
    syntax, _, grammar = FORMATS[register][kind].partition("/")
    messages = [e.message for e in format_named(syntax).read(io.BytesIO(document.content), STRICT, grammar) if e.message is not None]
    assert len(messages) == 1 and messages[0].root is not None and messages[0].findings == []
    theirs = load(FORMATS[register][kind], hub.site.mapping_folders).read(messages[0].root, Context(time_zone="Asia/Shanghai")).entity
    assert theirs is not None
    with hub.database.read() as connection:
        ours = views.device(connection, DEVICE, on=hub.clock.now().date())
    known = register_named(register)
    found = {path.partition("[")[0] for path, *_ in differing(known, told(known, ours), theirs)}
    untold = {str(one.place.path).partition("[")[0] for one in made.untold.get(DEVICE, ())}
    expected = {"xlsx": {"storage", "sizes", "contacts"}, "eudamed": {"storage", "direct_marks"}, "gudid": {"storage"}}
    assert untold - {"direct_marks"} == expected.get(kind, expected.get(register, set())) - {"direct_marks"}
    elsewhere = {"manufacturer.name", "authorised_representative.name"} if register == "eudamed" else set()  # it knows them by the SRN
    assert found <= untold | elsewhere


def test_what_was_exported_agrees_as_an_extract(hub: Hub) -> None:
    kept(hub, complete())
    for register, name in (("gudid", "gudid_full_20261101.xml"), ("nmpa", "UDID_FULL_20261101.xml")):
        (document,) = export(hub, register, None, "xml").documents  # type: ignore[arg-type]
        assert Extract(io.BytesIO(document.content), name).told() == register
        run(hub, document.content, name)
    assert queue(hub) == {}


@pytest.mark.parametrize("law", RISKS)
def test_a_complete_device_lacks_nothing_under_any_law(law: str) -> None:
    said = entity(complete(law))
    for register in REGISTERS:
        assert list(lacks(register_named(register), said)) == []


@pytest.mark.parametrize("register", REGISTERS)
def test_each_member_that_is_demanded_is_missed_by_its_name(register: str) -> None:
    known = register_named(register)
    said = entity(complete())
    demanded = [m for m in known.members.values() if m.required and (not m.law or "mdr" in m.law)]
    assert len(demanded) > 20
    for member in demanded:
        rules = {(one.rule, one.params["name"]) for one in lacks(known, without(said, member.path))}
        assert ("REG-01", member.name) in rules, member.path


def without(device: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy that does not state one member, in rows in none of them."""
    copy = plain(device)
    top, _, below = path.partition(".")
    if isinstance(copy.get(top), list) and below:
        for row in copy[top]:
            row.pop(below, None)
        return copy  # type: ignore[no-any-return]
    at = copy
    *steps, last = path.split(".")
    for step in steps:
        at = at[step]
    at.pop(last, None)
    return copy  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("register", "changed", "rule", "path"),
    [
        ("gudid", {"sterility": {"sterilise_before_use": True, "methods": []}}, "REG-02", "sterility.methods"),
        ("gudid", {"unit_of_use_di": None}, "REG-02", "unit_of_use_di"),
        ("gudid", {"premarket_submissions": None}, "REG-02", "premarket_submissions"),
        ("gudid", {"name": "x" * 81}, "REG-03", "name"),
        ("gudid", {"labeler": {"duns": "12345"}}, "REG-04", "labeler.duns"),
        ("gudid", {"issuer": "ifa"}, "REG-04", "issuer"),
        ("gudid", {"packages": [{"di": BOX, "contains": DEVICE, "quantity": 0}]}, "REG-04", "packages[0].quantity"),
        ("gudid", {"storage": [{"condition": "temperature", "low": 2}]}, "REG-02", "storage[0].low_unit"),
        ("gudid", {"contacts": [{"phone": "1"}]}, "REG-02", "contacts[0].email"),
        ("gudid", {"us": None}, "REG-05", "us"),
        ("nmpa", {"sterility": {"sterilise_before_use": True}}, "REG-02", "cn.sterilisation"),
        ("nmpa", {"cn": {"as_registered": False}}, "REG-02", "cn.registered_di"),
        ("nmpa", {"single_use": False, "max_reuses": None}, "REG-02", "max_reuses"),
        ("nmpa", {"packages": [{"di": BOX, "contains": DEVICE, "quantity": 2}]}, "REG-01", "packages[0].kind"),
        ("nmpa", {"manufacturer": {"credit_code": "X"}}, "REG-04", "manufacturer.credit_code"),
        ("eudamed", {"eu": {"risk_class": "CLASS_C"}}, "REG-04", "eu.risk_class"),
        ("eudamed", {"eu": {"risk_class": "CLASS_III"}, "certificates": None}, "REG-02", "certificates"),
        ("eudamed", {"eu": {"suture_or_staple": None}}, "REG-02", "eu.suture_or_staple"),
        ("eudamed", {"markets": None}, "REG-02", "markets"),
        ("eudamed", {"eu": {"model": None}}, "REG-01", "eu.model"),
        ("eudamed", {"manufacturer": {"srn": "CN-MF-12"}}, "REG-04", "manufacturer.srn"),
    ],
)
def test_conditions_lengths_and_lists(register: str, changed: dict[str, Any], rule: str, path: str) -> None:
    said = complete(**changed)
    found = {(one.rule, one.place.path) for one in lacks(register_named(register), _canonical(said))}
    assert (rule, path) in found, found


def _canonical(said: dict[str, Any]) -> dict[str, Any]:
    """Feed members under their canonical names, whatever the feed's grammar would say of them."""
    return {"number" if name == "udi_di" else name: value for name, value in said.items()}


def test_one_device_that_lacks_something_keeps_no_other_back(hub: Hub, tmp_path: Path) -> None:
    other = complete(
        udi_di="06901234500073", packages=None, unit_of_use_di="06901234500080", direct_marks=None, secondary_dis=None, name=None
    )
    kept(hub, complete(), other)
    made = export(hub, "gudid", None)
    assert made.documents[0].dis == (DEVICE,)
    (lack,) = made.lacking["06901234500073"]
    assert (lack.rule, lack.params["name"]) == ("REG-01", "Brand Name")
    assert "Brand Name" in lack.text("en") and "Brand Name" in lack.text("zh-CN") and "GUDID" in lack.text("zh-CN")
    with pytest.raises(NotFoundError, match="06901234000023"):
        export(hub, "gudid", [DEVICE, "06901234000023"])
    with pytest.raises(ConfigError, match="takes xml"):
        export(hub, "eudamed", None, "xlsx")


def test_gudid_is_told_packages_in_its_own_words(hub: Hub) -> None:
    """Our master may name packages in Chinese; GUDID has English words, and what it publishes of them is no difference."""
    packages = complete()["packages"]
    kept(hub, complete(packages=[{**packages[0], "kind": "纸箱"}, {**packages[1], "kind": "周转筐"}]))
    made = export(hub, "gudid", [DEVICE], "xml")
    (document,) = made.documents
    text = document.content.decode()
    assert "<pkgType>Carton</pkgType>" in text and "纸箱" not in text and "周转筐" not in text
    (untold,) = [one for one in made.untold[DEVICE] if one.place.path == "packages[1].kind"]
    assert (untold.rule, untold.got) == ("REG-08", "周转筐") and (untold.expected or "").startswith("Case, ")
    assert "Package Type" in untold.text("en")
    outcome = run(hub, document.content, "gudid.xml", register="gudid", scope="full")
    assert (outcome.matched, outcome.opened) == (1, 0)
    (undated,) = [one for one in outcome.findings if one.rule == "EXT-07"]
    assert (undated.expected, undated.got) == ("2026-11-22", "gudid.xml") and "今天（2026-11-22）" in undated.text("zh-CN")
