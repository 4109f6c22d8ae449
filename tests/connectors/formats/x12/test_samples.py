"""The documents in tests/samples/x12, one of each set in both versions, as both judges see them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.formats.x12 import FORMAT
from connectors.formats.x12.grammar import known_messages, load
from connectors.formats.x12.second_opinion import second_opinion
from connectors.formats.x12.writer import write
from connectors.spec import STRICT, Envelope, Profile
from tests.connectors.formats.x12.instances import comparable
from tests.connectors.formats.x12.test_writer import messages

SAMPLES = sorted((Path(__file__).parents[3] / "samples" / "x12").glob("*.edi"))


def test_every_set_is_there_in_both_versions() -> None:
    assert {path.stem for path in SAMPLES} >= {
        f"{message}_{version}" for message in known_messages() for version in ("004010", "005010") if load(message, version) is not None
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_both_judges_accept(path: Path) -> None:
    data = path.read_bytes()
    (message,) = messages(data)
    assert message.type == path.stem[:3] and message.version == path.stem.split("_")[1]
    assert second_opinion(data).accepted is True


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_written_again_is_the_same(path: Path) -> None:
    """Nothing of a document is lost between reading and writing, envelope and counts included."""
    data = path.read_bytes()
    events = list(FORMAT.read(io.BytesIO(data), STRICT))
    interchange = next(event.interchange for event in events if event.interchange is not None)
    (message,) = messages(data)
    assert message.root is not None and message.version is not None
    grammar = load(message.type, message.version)
    assert grammar is not None and comparable(message.root, grammar)[0] == "ST"
    header = interchange.header
    envelope = Envelope(
        sender=str(interchange.sender),
        receiver=str(interchange.receiver),
        control=int(str(interchange.control)),
        group_control=int(header[12]),
        first_message_control=1,
        created_at=_moment(header[8] + header[9]),
        version=message.version,
        acknowledgement_requested=interchange.acknowledgement_requested,
        delimiters={"component": header[15]},
    )
    assert write([(message.type, message.root)], envelope, Profile(options={"line_end": "\n"})) == data


def _moment(digits: str) -> datetime:
    return datetime.strptime(digits, "%y%m%d%H%M").replace(tzinfo=UTC)
