"""The path language: what each form means, and what is refused with its reason."""

from __future__ import annotations

import pytest

from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from mappings.path import Component, Condition, Element, Name, Pairs, Step, locate, parse, parse_or_refuse, records
from tests.mappings.trees import edifact, named, segments

TREE = segments("""
BSN*00*SHP1
N1*SF*From*UL*111
N1*ST*To*UL*222
  N4*Suzhou**215000
HL*1**S
  HL*2*1*O
    PRF*PO1
    HL*3*2*P
      MAN*GM*A
      HL*4*3*I
        LIN*1*UK*G1*VP*V1*UK*G2
        REF*SE*S1
        REF*SE*S2
  HL*5*1*O
    PRF*PO2
    HL*6*5*I
      LIN*2*UP*G3*C1>C2
""")


def texts(path: str, start: int = 1, components: str = ">") -> list[str]:
    record = next(record for record in TREE.walk() if record.position == start)
    return [place.text for place in locate(parse(path, "x12"), record, components)]


@pytest.mark.parametrize(
    ("path", "start", "found"),
    [
        ("BSN/02", 1, ["SHP1"]),
        ("BSN/09", 1, []),
        ("N1[01=ST]/04", 1, ["222"]),
        ("N1[01=ST|SF]/04", 1, ["111", "222"]),
        ("N1[01=ST][03=UL]/N4/03", 1, ["215000"]),
        ("N1[01=ST][03=92]/04", 1, []),
        ("//HL[03=I]/LIN/01", 1, ["1", "2"]),
        ("^HL[03=O]/PRF/01", 11, ["PO1"]),
        ("^HL[03=O]/PRF/01", 17, ["PO2"]),
        ("^HL[03=I]/01", 11, ["4"]),
        ("^HL[03=P]/MAN[01=GM|AA]/02", 17, []),
        ("/BSN/02", 11, ["SHP1"]),
        ("./01", 11, ["4"]),
        ("01", 11, ["4"]),
        ("REF[01=SE]/02", 11, ["S1", "S2"]),
        ("LIN/02*[UK]", 11, ["G1", "G2"]),
        ("LIN/02*[VP|UK]", 11, ["V1", "G1", "G2"]),
        ("LIN/02*[UK:14|UP:12]", 17, ["G3"]),
        ("LIN/04-2", 17, ["C2"]),
        ("LIN/04-3", 17, []),
    ],
)
def test_what_a_path_reaches(path: str, start: int, found: list[str]) -> None:
    assert texts(path, start) == found


NOTICE = edifact("""
BGM+351+D1+9
DTM+137:20261122:102
DTM+11:202611220830:203
CPS+1
  PAC+1
  CPS+2+1
    LIN+1++09506000134352:EN
      PIA+1+GW-035:IN+ACM-GW35:SA
      RFF+ON:45:10
""")


@pytest.mark.parametrize(
    ("path", "start", "found"),
    [
        ("DTM[01-1=11]/01-2", 1, ["202611220830"]),
        ("DTM[01-1=11|137]/01-3", 1, ["102", "203"]),
        ("DTM[01-1=11][01-3=102]/01-2", 1, []),
        ("BGM/01-1", 1, ["351"]),
        ("BGM/01-2", 1, []),
        ("//LIN/RFF[01-1=ON]/01-3", 1, ["10"]),
        ("./03*[UP|EN:13]", 8, ["09506000134352"]),
        ("PIA/02*[SA]", 8, ["ACM-GW35"]),
        ("PIA[01=1]/02*[BP|IN]", 8, ["GW-035"]),
        ("^CPS/01", 8, ["2"]),
        ("^CPS/../PAC/01", 8, ["1"]),
        ("^CPS/../../PAC/01", 8, []),
    ],
)
def test_what_a_path_reaches_in_composites(path: str, start: int, found: list[str]) -> None:
    record = next(record for record in NOTICE.walk() if record.position == start)
    assert [place.text for place in locate(parse(path, "edifact"), record, "\x1f")] == found


def test_a_component_has_its_place() -> None:
    line = next(record for record in NOTICE.walk() if record.tag == "LIN")
    (place,) = locate(parse("PIA/02*[SA]", "edifact"), line, "\x1f")
    assert (place.record.tag, place.key, place.component) == ("PIA", 3, 1)
    assert parse("DTM[01-1=137]/01-2", "edifact").steps == (Step("child", "DTM", (Condition(Component(1, 1), ("137",)),)),)


def test_components_decide_only_where_their_mark_is_known() -> None:
    with pytest.raises(ValueError, match="in edifact only"):
        parse("REF[04-1=PO]/02", "x12")


def test_records_come_in_document_order() -> None:
    assert [record.values[1] for record in records(parse("//HL[03=I]", "x12", record=True), TREE)] == ["4", "6"]


def test_the_place_of_a_value_is_its_segment_and_element() -> None:
    (place, *_) = locate(parse("LIN/02*[VP]", "x12"), next(record for record in TREE.walk() if record.values[:2] == ["HL", "4"]))
    assert (place.record.tag, place.key, place.text) == ("LIN", 5, "V1")


def test_names_of_named_formats() -> None:
    root = named("Receipt", {"@number": "R1", "Line": [{"@no": "1", "Quantity": "5"}, {"@no": "2", "Quantity": "7"}], "tags": ["a", "b"]})
    found = {
        path: [place.text for place in locate(parse(path, "xml"), root)] for path in ("@number", "Line[@no=2]/Quantity", "tags", "none")
    }
    assert found == {"@number": ["R1"], "Line[@no=2]/Quantity": ["7"], "tags": ["a", "b"], "none": []}


def test_parts_of_a_path() -> None:
    path = parse("^HL[03=O|T]/LIN/02*[UK:14|UA]", "x12")
    assert path.steps == (Step("ancestor", "HL", (Condition(3, ("O", "T")),)), Step("child", "LIN"))
    assert path.leaf == Pairs(2, (("UK", 14), ("UA", None)))
    assert parse("REF/04-2", "x12").leaf == Element(4, 2)
    assert parse("W01/04..07*[UK|VN]", "x12").leaf == Pairs(4, (("UK", None), ("VN", None)), end=7)
    assert parse("a/@unit", "json").leaf == Name("@unit")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("BSN/2", "no element"),
        ("BSN/00", "count from 1"),
        ("BSN", "no element"),
        ("bsn/02", "no segment id"),
        ("N1[01=ST/04", "brackets"),
        ("N1[ST]/04", "no condition"),
        ("N1[xx=ST]/04", "no element number"),
        ("N1//04", "empty step"),
        ("", "empty"),
        ("//", "empty"),
        ("LIN/02*[UK:x]", "no qualifier"),
        ("LIN/02*[]", "brackets|no element"),
    ],
)
def test_a_wrong_path_says_why(path: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(path, "x12")


def test_the_refusal_names_mapping_row_and_column() -> None:
    with pytest.raises(ConfigError, match=r"mapping x12/850 row 3 \(number\) from: path `BEG/3`"):
        parse_or_refuse("BEG/3", "x12", "mapping x12/850 row 3 (number) from")


def _party() -> SourceRecord:
    """Two identifications, the second with a scheme, as XML yields a leaf with an attribute."""
    pallets = {"Unit": [{"ID": "A"}], "Pallet": [{"ID": "B"}, {"ID": "C"}]}
    party = named("Party", {"PartyIdentification": [{"ID": "1010"}, {"ID": "9506"}], **pallets})
    second = party.children[1]
    second.children.append(SourceRecord("ID", {"@schemeID": "0088"}, 9, second))
    return party


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("PartyIdentification[ID/@schemeID=0088|GLN]/ID", ["9506"]),
        ("PartyIdentification[ID/@schemeID=GLN]/ID", []),
        ("PartyIdentification[ID/@schemeID=]/ID", ["1010"]),
        ("PartyIdentification[ID/@schemeID=|0088]/ID", ["1010", "9506"]),
        ("Unit[#=1]/ID", ["A"]),
        ("Pallet[#=1]/ID", []),
    ],
)
def test_the_attribute_of_a_leaf_or_standing_alone_decides(path: str, found: list[str]) -> None:
    assert [place.text for place in locate(parse(path, "xml"), _party())] == found


@pytest.mark.parametrize("path", ["N1[01=]/02", "A[B/C/@d=1]/E"])
def test_a_condition_asks_for_what_a_record_has(path: str) -> None:
    with pytest.raises(ValueError, match="asks for nothing that a record has"):
        parse(path, "x12" if path.startswith("N1") else "xml")


def test_pairs_end_where_other_elements_follow() -> None:
    line = segments("W01*1*EA**VN*A-1*BP*B-1*70*VN*UK*odd").children[0]
    assert [place.text for place in locate(parse("./04..07*[VN|BP|UK]", "x12"), line)] == ["A-1", "B-1"]
    for path in ("./04..06*[UK]", "./04..04*[UK]", "./07..04*[UK]"):
        with pytest.raises(ValueError, match="names no pairs"):
            parse(path, "x12")


def test_what_stands_alone_among_many_is_counted_once_for_all_of_them() -> None:
    tree = segments("\n".join([*(f"REF*{number % 7}*x" for number in range(700)), "REF*ZZ*alone", "N1*ST*x"]))
    found = [record for record in tree.children if parse("REF[#=1]/02", "x12").steps[0].matches(record)]
    assert [list(record.values) for record in found] == [["REF", "ZZ", "alone"]]
    tree.children.append(SourceRecord("REF", ["REF", "ZZ", "another"], 0, tree))
    assert not any(parse("REF[#=1]/02", "x12").steps[0].matches(record) for record in tree.children)
