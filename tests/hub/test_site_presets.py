"""A partner in YAML alone: its flow names a preset and says what is its own, and the hub has a flow and an agreement like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.preset import Presets
from connectors.preset_document import example
from data_contracts.findings import Language
from hub.site import Site
from hub.site_reading import SiteError
from hub.soundness import faults
from mappings.engine import load

PRESETS = Presets()
FLOW = {
    "version": 1,
    "flow": "orders",
    "preset": "sap-s4hana",
    "resource": "purchase_orders",
    "partner": "erp",
    "organisation": "north",
    "given": {"address": "https://s4.example"},
    "transport": {"auth": {"user": "HUB", "password_env": "S4_PASSWORD"}},
}


def site(folder: Path, flow: dict[str, Any] | str, partner: str = "erp", **files: dict[str, Any]) -> Path:
    """A site with one organisation and one flow."""
    organisations = [{"key": "north", "name": "North", "time_zone": "Europe/Amsterdam", "currency": "EUR"}]
    own = {"version": 1, "partner": partner, "name": partner, "kind": "erp"}
    texts = {"site": {"version": 1, "name": "s", "organisations": organisations}, f"partners/{partner}": own, "flows/orders": flow, **files}
    for name, said in texts.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said if isinstance(said, str) else yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return folder


def told(folder: Path, language: Language = "en") -> str:
    with pytest.raises(SiteError) as wrong:
        Site.load(folder)
    return wrong.value.text(language)


@pytest.mark.parametrize("name", PRESETS.names())
def test_the_ten_lines_of_every_page_are_a_sound_flow(name: str, tmp_path: Path) -> None:
    lines = example(PRESETS.named(name))
    assert len(lines) <= 10
    said = yaml.safe_load("\n".join(lines))
    folder = site(tmp_path, "\n".join(lines), said["partner"])
    if teller := said.get(True, {}).get("partner"):  # what YAML 1.1 makes of a bare `on`
        site(tmp_path, "\n".join(lines), teller)
    assert [(one.rule, one.place.path, one.text()) for one in faults(Site.load(folder)) if one.severity == "error"] == []


OUTWARD = [
    (name, resource)
    for name in PRESETS.names()
    for resource, said in PRESETS.named(name).resources.items()
    if said.direction == "out" and said.agreement.get("messages")
]


@pytest.mark.parametrize(("name", "resource"), OUTWARD)
def test_what_goes_out_may_be_new_and_says_the_item_in_the_word_of_the_hub(name: str, resource: str) -> None:
    """Our code of an item leaves as that of the buyer (`buyer_item`): a mapping that writes `item_code` alone would name no item."""
    mappings = [load(one["mapping"]) for one in PRESETS.named(name).resources[resource].agreement["messages"]]
    for entity in {one.entity for one in mappings}:
        assert any(one.purpose in (None, "original") for one in mappings if one.entity == entity)
    for mapping in mappings:
        written = set(written_members(yaml.safe_load(mapping.body)))
        assert "item_code" not in written or "buyer_item" in written, mapping.name


def written_members(group: dict[str, Any]) -> Iterator[str]:
    """Members that a mapping writes, of a record and of all in it."""
    if group.get("direction") != "in":
        yield from (row["to"] for row in group.get("fields", []) if row.get("to") and row.get("direction") != "in")
        for inner in group.get("each", []):
            yield from written_members(inner)


def test_what_the_partner_says_wins(tmp_path: Path) -> None:
    own = {
        "page": 50,
        "expand": ["to_PurchaseOrderItem"],
        "delta": {"overlap_seconds": 60},
        "auth": {"kind": "header", "name": "X", "secret_env": "K"},
    }
    loaded = Site.load(
        site(
            tmp_path,
            FLOW | {"transport": own, "schedule": "@daily", "agreed": {"tolerances": {"price": "0.01"}, "profile": {"time_zone": "UTC"}}},
        )
    )
    flow, agreement = loaded.flows["orders"], loaded.agreements["orders"]
    assert flow.transport["page"] == 50 and flow.transport["expand"] == ["to_PurchaseOrderItem"] and flow.schedule == "@daily"
    assert flow.transport["auth"] == {"kind": "header", "name": "X", "secret_env": "K"}
    assert flow.transport["delta"] == {"kind": "stamp", "field": "LastChangeDateTime", "id": "PurchaseOrder", "overlap_seconds": 60}
    assert flow.transport["url"].startswith("https://s4.example/sap/opu/odata/")
    assert (flow.agreement, flow.direction, agreement.partner, agreement.organisation, agreement.direction) == (
        "orders",
        "in",
        "erp",
        "north",
        "in",
    )
    assert str(agreement.tolerances.price) == "0.01" and agreement.profile.time_zone == "UTC"
    plain = Site.load(site(tmp_path / "plain", FLOW))
    assert plain.agreements["orders"].hash != agreement.hash, "what is agreed is kept with every word"


def test_an_agreement_of_its_own_may_take_its_words_from_the_preset(tmp_path: Path) -> None:
    agreement = {
        "version": 1,
        "agreement": "erp_in",
        "partner": "erp",
        "organisation": "north",
        "preset": "sap-s4hana",
        "resource": "purchase_orders",
    }
    flow = {key: value for key, value in FLOW.items() if key not in ("partner", "organisation")} | {"agreement": "erp_in"}
    loaded = Site.load(site(tmp_path, flow, **{"agreements/erp_in": agreement | {"direction": "in", "given": FLOW["given"]}}))
    assert loaded.agreements["erp_in"].grammar == "odata_v2_purchase_orders" and set(loaded.agreements) == {"erp_in"}


def test_a_site_has_presets_of_its_own(tmp_path: Path) -> None:
    body = PRESETS.named("sap-s4hana").model_dump(mode="json", by_alias=True) | {"preset": "house-erp"}
    body["resources"]["purchase_orders"]["transport"]["page"] = 7
    loaded = Site.load(site(tmp_path, FLOW | {"preset": "house-erp"}, **{"presets/house-erp": body}))
    assert loaded.flows["orders"].transport["page"] == 7


@pytest.mark.parametrize(
    ("change", "key", "english", "chinese"),
    [
        ({"preset": "sap-s4hanna"}, "preset", "did you mean sap-s4hana", "是否应为 sap-s4hana"),
        ({"resource": "purchase_order"}, "resource", "did you mean purchase_orders", "是否应为 purchase_orders"),
        ({"resource": None}, "resource", "does not work without", "必须给出"),
        ({"given": {}}, "given", "The preset sap-s4hana does not work without address", "预设 sap-s4hana 必须给出 address"),
        ({"given": {"adress": "x", "address": "https://s4.example"}}, "given.adress", "did you mean address", "是否应为 address"),
        ({"given": "https://s4.example"}, "given", "names and values", "此处不接受"),
        ({"transport": {}}, "transport", "auth.user, auth.password", "auth.user, auth.password"),
        ({"partner": None}, "partner", "The key is missing", "缺少该键"),
        ({"preset": None}, "preset", "The key is missing", "缺少该键"),
        ({"agreed": {"tolerance": {}}}, "agreed.tolerance", "did you mean tolerances", "是否应为 tolerances"),
        ({"direction": "out"}, "direction", "The direction is out", "方向为 out"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(change: dict[str, Any], key: str, english: str, chinese: str, tmp_path: Path) -> None:
    folder = site(tmp_path, {name: value for name, value in (FLOW | change).items() if value is not None})
    said = told(folder)
    assert f"flows/orders.yaml: {key}" in said and english in said, said
    assert chinese in told(folder, "zh-CN")


def test_two_agreements_of_one_name_are_refused(tmp_path: Path) -> None:
    agreement = {
        "version": 1,
        "agreement": "orders",
        "partner": "erp",
        "organisation": "north",
        "preset": "sap-s4hana",
        "resource": "products",
    }
    assert "stands in two files" in told(site(tmp_path, FLOW, **{"agreements/orders": agreement | {"given": FLOW["given"]}}))
