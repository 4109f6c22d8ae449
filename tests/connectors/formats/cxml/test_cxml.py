"""cXML: header, payloadID, test flag; a DTD that is named and never fetched; totals that the DTD demands."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.formats.cxml import FORMAT
from connectors.spec import STRICT, Envelope, Profile
from data_contracts.errors import ConfigError
from data_contracts.source import SourceRecord
from tests.connectors.reading import read, tree

SAMPLES = Path(__file__).parents[3] / "samples" / "cxml"
ORDER = (SAMPLES / "OrderRequest.xml").read_text(encoding="utf-8")
ENVELOPE = Envelope("NetworkID:AN-A", "NetworkID:AN-B", 42, 1, 1, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), test=True)


def root_of(name: str) -> SourceRecord:
    (message,) = read("cxml", (SAMPLES / f"{name}.xml").read_bytes()).messages
    assert message.root is not None
    return message.root


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.stem)
def test_a_message_names_itself_and_is_written_and_read_again_equal(path: Path) -> None:
    found = read("cxml", path.read_bytes())
    (message,) = found.messages
    assert (message.type, found.rules, found.rules_around) == (path.stem, [], [])
    assert message.root is not None and message.control == message.root.values["@payloadID"]  # type: ignore[call-overload]
    written = FORMAT.write([(message.type, message.root)], None, STRICT)
    assert written.startswith(b"<?xml") and b'<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/' in written
    again = read("cxml", written)
    assert again.rules == [] and again.messages[0].root is not None
    assert tree(again.messages[0].root) == tree(message.root)


def test_credentials_payload_id_and_the_test_flag_are_the_envelope() -> None:
    found = read("cxml", ORDER.replace('deploymentMode="production"', 'deploymentMode="test"').encode()).interchange
    assert found is not None
    assert (found.sender, found.receiver, found.control, found.test) == (
        "NetworkID:AN-HOSPITAL",
        "NetworkID:AN-ALDER",
        "1001@hospital.example",
        True,
    )
    plain = read("cxml", ORDER.encode()).interchange
    assert plain is not None and not plain.test


def doctype(text: str) -> bytes:
    return re.sub(r"<!DOCTYPE[^>]*>", lambda _: text, ORDER).encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd">',
        "<!DOCTYPE cXML PUBLIC '-//cXML//DTD cXML//EN' \"http://xml.cxml.org/schemas/cXML/1.2.060/cXML.dtd\">",
    ],
)
def test_a_dtd_may_be_named(text: str) -> None:
    assert read("cxml", doctype(text)).rules == []


def test_what_a_doctype_declares_is_refused_and_nothing_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET", encoding="utf-8")
    for text in (
        f'<!DOCTYPE cXML [<!ENTITY x SYSTEM "{secret.as_uri()}">]>',
        f'<!DOCTYPE cXML SYSTEM "{secret.as_uri()}" [<!ENTITY x "y">]>',
        '<!DOCTYPE cXML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        "<!DOCTYPE cXML>",
        '<!DOCTYPE cXML SYSTEM "a" SYSTEM "b">',
    ):
        found = read("cxml", doctype(text).replace(b"Deliver before ten", b"&x;"))
        assert found.kinds == ["unreadable"] and found.unreadable is not None and found.unreadable.rule == "CXM-03"
        assert "TOP-SECRET" not in found.unreadable.text("en")
    named = doctype(f'<!DOCTYPE cXML SYSTEM "{secret.as_uri()}">').replace(b"Deliver before ten", b"&x;")
    assert read("cxml", named).rules == ["XML-01"], "the file is named, and never fetched"
    second = ORDER.replace("<Request ", '<!DOCTYPE x SYSTEM "y"><Request ').encode()
    assert read("cxml", second).unreadable is not None


def test_a_description_may_hold_its_text_beside_a_short_name() -> None:
    both = ORDER.replace(">Guide wire 0.035 in<", ">Guide wire 0.035 in<ShortName>Wire</ShortName><", 1)
    (message,) = read("cxml", both.encode()).messages
    assert message.findings == [] and message.root is not None
    (description,) = [one for one in message.root.walk() if one.tag == "Description"][:1]
    assert description.values == {"": "Guide wire 0.035 in", "ShortName": "Wire"}


def test_a_message_without_a_grammar_is_read_and_says_so() -> None:
    found = read("cxml", b'<cXML payloadID="1@x" timestamp="2026-11-22T09:00:00Z"><Message><PunchOutOrderMessage/></Message></cXML>')
    assert (found.messages[0].type, found.rules) == ("PunchOutOrderMessage", ["CXM-01"])


def headless(name: str) -> SourceRecord:
    record = root_of(name)
    record.values = {}
    record.children = [child for child in record.children if child.tag != "Header"]
    (request,) = record.children
    request.values = {}
    return record


def test_the_envelope_writes_header_payload_id_and_test_flag() -> None:
    written = FORMAT.write([("OrderRequest", headless("OrderRequest"))], ENVELOPE, Profile(options={"host": "hub.example"}))
    found = read("cxml", written)
    assert found.rules == [] and found.interchange is not None
    said = found.interchange
    assert (said.sender, said.receiver, said.control, said.test) == ("NetworkID:AN-A", "NetworkID:AN-B", "000000042@hub.example", True)
    assert b"SharedSecret" not in written
    assert FORMAT.write([("OrderRequest", headless("OrderRequest"))], ENVELOPE, Profile(options={"host": "hub.example"})) == written


def test_the_secret_by_which_a_network_knows_us_is_named_and_stands_with_the_sender_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETWORK_SECRET", "s3cret")
    profile = Profile(options={"shared_secret_env": "NETWORK_SECRET"})
    written = FORMAT.write([("OrderRequest", headless("OrderRequest"))], ENVELOPE, profile)
    assert written.count(b"<SharedSecret>s3cret</SharedSecret>") == 1 and read("cxml", written).rules == []
    with pytest.raises(ConfigError, match="does not belong into a site's file"):
        FORMAT.write([("OrderRequest", headless("OrderRequest"))], ENVELOPE, Profile(options={"shared_secret": "s3cret"}))


def test_the_total_is_what_the_lines_add_up_to() -> None:
    record = headless("OrderRequest")
    total = next(one for one in record.walk() if one.tag == "Total")
    total.values, total.children = {}, [SourceRecord("Money", {"@currency": "EUR"}, 0, total)]
    assert b'<Money currency="EUR">1208.00</Money>' in FORMAT.write([("OrderRequest", record)], ENVELOPE, STRICT)
    item = next(one for one in record.walk() if one.tag == "ItemDetail")
    item.children = [child for child in item.children if child.tag != "UnitPrice"]
    with pytest.raises(ValueError, match="no total"):
        FORMAT.write([("OrderRequest", record)], ENVELOPE, STRICT)


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (' orderID="PO-2026-118"', "", "FED-05", "/cXML/Request/OrderRequest/OrderRequestHeader/@orderID"),
        ('type="new"', 'type="neu"', "FED-07", "/cXML/Request/OrderRequest/OrderRequestHeader/@type"),
        ('quantity="40"', 'quantity="4O"', "FED-06", "/cXML/Request/OrderRequest/ItemOut[1]/@quantity"),
        ("<UnitOfMeasure>EA</UnitOfMeasure>", "", "FED-05", "/cXML/Request/OrderRequest/ItemOut[1]/ItemDetail/UnitOfMeasure"),
    ],
)
def test_structure_and_types_are_checked_with_their_place(old: str, new: str, rule: str, path: str) -> None:
    assert old in ORDER
    (finding,) = read("cxml", ORDER.replace(old, new, 1).encode()).messages[0].findings
    assert (finding.rule, finding.place.path) == (rule, path)
    assert finding.place.line is not None and finding.place.line > 3
