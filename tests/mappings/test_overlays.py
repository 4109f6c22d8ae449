"""Loading: a site's overlays, fragments and code tables; the hash; and mistakes told with mapping, row and column."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from data_contracts.rules.catalogue import all_rules
from mappings import schema
from mappings.engine import Context
from mappings.functions import FUNCTIONS
from mappings.model import Each, Row
from tests.connectors.reading import read
from tests.mappings.shipped import NAMES, load
from tests.mappings.trees import segments

CONTEXT = Context(time_zone="UTC")
MESSAGE = "BIG*20261130*INV-1***PO9\nN1*RE*Vendor*9*12345\nIT1**4**70*****VN*A-1*EN*9781501331978\nTDS*28000"


def site(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / "mappings" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return tmp_path / "mappings"


def test_an_overlay_replaces_by_to_appends_and_removes(tmp_path: Path) -> None:
    folder = site(
        tmp_path,
        "x12/810_store",
        """
mapping: x12/810_store
version: 4
extends: x12/810
fields:
  - {use: x12/party, to: supplier, at: "N1[01=RE]"}
  - {to: currency, const: USD}
remove: [ordered_on]
each:
  - to: lines
    fields:
      - {to: unit, from: ./03, codes: units, default: EA}
ignore:
  - {path: IT1/06, reason: not used by this store}
""",
    )
    mapping = load("x12/810_store", [folder])
    found = mapping.read(segments(MESSAGE), CONTEXT)
    assert found.findings == []
    assert found.entity is not None
    assert found.entity["supplier"] == {"name": "Vendor", "code_scheme": "duns", "code": "12345"}
    assert found.entity["currency"] == "USD"
    assert found.entity["lines"][0]["unit"] == "EA"
    assert mapping.version == f"4+{load('x12/810').version}"
    assert mapping.hash != load("x12/810").hash
    base_rows = [rule.row for rule in load("x12/810").plan.root.rules]
    own_rows = [rule.row for rule in mapping.plan.root.rules]
    assert [row.to for row in own_rows if row.to == "ordered_on"] == []
    assert len([row for row in own_rows if (row.to or "").startswith("supplier.")]) == len(
        [row for row in base_rows if (row.to or "").startswith("supplier.")]
    )


def test_an_overlay_of_the_same_name_lies_on_the_shipped_one(tmp_path: Path) -> None:
    folder = site(tmp_path, "x12/850", "mapping: x12/850\nversion: 2\nextends: x12/850\nfields: [{to: number, from: BEG/04}]\n")
    found = load("x12/850", [folder]).read(segments("BEG*00*SA*PO1*R7*20261122"), CONTEXT).entity
    assert found is not None
    assert found["number"] == "R7"


def test_two_rows_of_one_member_replace_together(tmp_path: Path) -> None:
    text = "mapping: x12/850\nversion: 2\nextends: x12/850\nfields: [{to: number, from: BEG/04}, {to: number, from: BEG/03}]\n"
    mapping = load("x12/850", [site(tmp_path, "x12/850", text)])
    assert [rule.row.source for rule in mapping.plan.root.rules if rule.to == ("number",)] == ["BEG/04", "BEG/03"]
    found = mapping.read(segments("BEG*00*SA*PO1**20261122"), CONTEXT).entity
    assert found is not None
    assert found["number"] == "PO1"


def test_of_several_groups_of_one_member_the_one_at_the_same_place_is_meant(tmp_path: Path) -> None:
    at = "E1EDL20/E1EDL24"
    row = "{to: order_number, from: ./VGBEL}"
    text = f"mapping: idoc/DELVRY\nversion: 1\nextends: idoc/DESADV\nmessage: DELVRY\neach: [{{to: lines, at: {at}, fields: [{row}]}}]\n"
    folder = site(tmp_path, "idoc/DELVRY", text)
    base, over = (yaml.safe_load(mapping.body)["each"] for mapping in (load("idoc/DESADV"), load("idoc/DELVRY", [folder])))
    assert [group["at"] for group in over] == [group["at"] for group in base] and len(base) == 3
    changed = [group["at"] for was, group in zip(base, over, strict=True) if was != group]
    assert changed == [at]
    (found,) = [one for group in over for one in group["fields"] if one.get("from") == "./VGBEL"]
    assert found["to"] == "order_number"


def test_a_sites_code_table_wins_and_changes_the_hash(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "units.csv").write_text("source,canonical,outward\nQQ,EA,yes\n", encoding="utf-8")
    folder.mkdir()
    mapping = load("x12/850", [folder])
    found = mapping.read(segments("BEG*00*SA*PO1**20261122\nPO1*1*5*QQ"), CONTEXT)
    assert found.findings == []
    assert mapping.hash != load("x12/850").hash


def test_unknown_codes_may_be_kept_with_a_warning(tmp_path: Path) -> None:
    text = (
        "mapping: x12/850\nversion: 2\nextends: x12/850\n"
        "each: [{to: lines, fields: [{to: unit, from: ./03, codes: units, unknown: keep}]}]\n"
    )
    mapping = load("x12/850", [site(tmp_path, "x12/850", text)])
    found = mapping.read(segments("BEG*00*SA*PO1**20261122\nPO1*1*5*QQ"), CONTEXT)
    assert found.entity is not None
    assert found.entity["lines"][0]["unit"] == "QQ"
    assert [(finding.rule, finding.severity, finding.action) for finding in found.findings] == [("MAP-03", "warning", "none")]
    assert mapping.write(found.entity, CONTEXT).children[-2].values == ["PO1", "1", "5", "QQ"]


def test_conditions_on_a_row(tmp_path: Path) -> None:
    text = (
        "mapping: x12/850\nversion: 2\nextends: x12/850\n"
        "fields: [{to: revision, from: BEG/04, as: integer, when: {BEG/02: [RL, BK], BEG/04: '*'}}]\n"
    )
    mapping = load("x12/850", [site(tmp_path, "x12/850", text)])
    for kind, revision in (("RL", 7), ("SA", None)):
        found = mapping.read(segments(f"BEG*00*{kind}*PO1*7*20261122"), CONTEXT).entity
        assert found is not None
        assert found.get("revision") == revision


@pytest.mark.parametrize("name", NAMES)
def test_the_hash_is_of_the_body_and_the_body_is_everything(name: str) -> None:
    mapping = load(name)
    assert hashlib.sha256(mapping.body.encode()).hexdigest() == mapping.hash
    said = yaml.load(mapping.body, Loader=yaml.CSafeLoader)
    assert said["mapping"] == name
    assert {table for rule in _rows(said) if (table := rule.get("codes"))} == set(said["codes"])
    assert load(name).hash == mapping.hash


def _rows(said: dict[str, object]) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = list(said["fields"])  # type: ignore[call-overload]
    for group in said.get("each", ()):  # type: ignore[attr-defined]
        rows += _rows(group)
    return rows


def test_every_entity_has_a_mapping() -> None:
    assert {load(name).entity for name in NAMES} == set(ENTITIES)


HEAD = "mapping: x12/t\nversion: 1\nformat: x12\nmessage: '850'\nentity: PurchaseOrder\n"
ROWS = "fields:\n  - {to: number, from: BEG/03}\n  - {to: issued_at, from: BEG/05, as: x12_day_start}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEAD + ROWS + "  - {to: colour, from: BEG/01}\n", r"mapping x12/t row 3 \(colour\): to: PurchaseOrder has no member `colour`"),
        (HEAD + ROWS + "  - {to: currency, from: CUR/2}\n", r"row 3 \(currency\) from: path `CUR/2`"),
        (HEAD + ROWS + "  - {to: currency, from: CUR/02, as: magic}\n", "as: there is no function `magic`"),
        (HEAD + ROWS + "  - {to: requested_on, from: DTM/02, as: decimal}\n", "`decimal` yields decimal, `requested_on` holds date"),
        (HEAD + ROWS + "  - {to: purpose, from: BEG/01}\n", "a code table must lead there"),
        (HEAD + ROWS + "  - {to: purpose, from: BEG/01, codes: units}\n", "does not take"),
        (HEAD + ROWS + "  - {to: purpose, const: maybe}\n", "does not take maybe"),
        (HEAD + ROWS + "  - {to: currency, from: CUR/02, codes: nothing}\n", "code table nothing"),
        (HEAD + ROWS + "  - {to: revision, const: one}\n", "`one` is no integer"),
        (HEAD + ROWS + "  - {to: ship_to, from: N1/02}\n", "is a record; name a member"),
        (HEAD + ROWS + "  - {to: currency, form: CUR/02}\n", "fields.2"),
        (HEAD + ROWS + "  - {to: currency, from: 3}\n", "valid string"),
        (HEAD + ROWS + "  - {from: BEG/02, const: NE}\n", "outward constant"),
        (HEAD + ROWS + "  - {to: currency}\n", "needs `from`, `const` or `default`"),
        (HEAD + ROWS + "  - {use: x12/nobody, to: buyer, at: N1}\n", "no fragment x12/nobody"),
        (HEAD + "fields: [{to: number, from: BEG/03}]\n", "no row fills issued_at"),
        (HEAD.replace("PurchaseOrder", "Poem") + ROWS, "there is no `Poem`"),
        (HEAD.replace("x12/t", "x12/u") + ROWS, "does not say its place"),
        (HEAD + ROWS + "each: [{to: lines, at: PO1, fields: [{to: line, from: ./01}]}]\n", "each lines: no row fills quantity, unit"),
        (HEAD + ROWS + "each: [{to: number, at: PO1}]\n", "no list of records `number`"),
        ("mapping: x12/t\nversion: 1\nextends: x12/t\n", "no file|extends itself"),
        ("mapping: x12/t\nversion: 1\nextends: x12/850\nformat: json\n", "`format` of an overlay is its base's, x12"),
        ("mapping: x12/t\nversion: 1\nextends: x12/850\nremove: [colour]\n", "names nothing in the base"),
        ("mapping: x12/t\nversion: 1\n", "are needed"),
        ("- a\n", "not a mapping file"),
        ("mapping: [", "t.yaml"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    folder = site(tmp_path, "x12/t", text)
    with pytest.raises(ConfigError, match=says):
        load("x12/t", [folder])


def test_overlays_that_go_in_a_circle_are_refused(tmp_path: Path) -> None:
    site(tmp_path, "x12/a", "mapping: x12/a\nversion: 1\nextends: x12/b\n")
    folder = site(tmp_path, "x12/b", "mapping: x12/b\nversion: 1\nextends: x12/a\n")
    with pytest.raises(ConfigError, match="extends itself"):
        load("x12/a", [folder])


def test_an_unknown_mapping_names_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=str(tmp_path)):
        load("x12/999", [tmp_path])


def test_an_overlay_may_stand_in_another_format_of_named_records() -> None:
    ours, base = load("json/gudid"), load("xml/gudid")
    assert (ours.format, base.format, ours.entity) == ("json", "xml", "Device")


def test_each_value_of_a_list_passes_its_code_table() -> None:
    sample = (Path(__file__).parents[1] / "samples" / "xml" / "gudid.xml").read_text(encoding="utf-8")
    (root, *_) = [message.root for message in read("xml", sample.replace(">Moist Heat", ">Moonlight").encode(), "gudid").messages]
    assert root is not None
    found = load("xml/gudid").read(root, CONTEXT)
    assert found.entity is not None
    assert found.entity["sterility"]["methods"] == ["Moonlight or Steam Sterilization", "ethylene_oxide"]
    assert [(finding.rule, finding.got) for finding in found.findings] == [("MAP-03", "Moonlight or Steam Sterilization")]


def test_direction_is_kept(tmp_path: Path) -> None:
    folder = site(tmp_path, "x12/850", "mapping: x12/850\nversion: 2\nextends: x12/850\ndirection: in\n")
    with pytest.raises(ConfigError, match="only reads"):
        load("x12/850", [folder]).write({}, CONTEXT)


def test_the_schema_is_as_new_as_the_model() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), "run: python -m mappings.schema"


def test_the_page_names_every_function_rule_and_word() -> None:
    page = (Path(schema.FILE).parent / "README.md").read_text(encoding="utf-8")
    words = [*FUNCTIONS, *(rule for rule in all_rules() if rule.startswith("MAP-"))]
    words += [field.alias or name for model in (Row, Each) for name, field in model.model_fields.items()]
    assert [word for word in words if word not in page] == []
