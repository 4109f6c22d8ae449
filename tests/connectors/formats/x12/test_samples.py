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


# --- what is wrong is named by the standard's code --------------------------------------------------------------------
def findings(lines: list[str]) -> list[tuple[str | None, str | None, int | None, int | None]]:
    """Code, segment, position, element of what is wrong with a document of one set, its SE01 put right."""
    start, end = (next(at for at, line in enumerate(lines) if line.startswith(tag)) for tag in ("ST*", "SE*"))
    if not lines[end].startswith("SE*!"):
        lines[end] = f"SE*{end - start + 1}*{lines[end].split('*')[2]}"
    lines[end] = lines[end].replace("*!", "*")
    data = "~\n".join(lines).encode() + b"~\n"
    events = list(FORMAT.read(io.BytesIO(data), STRICT))
    (message,) = [event.message for event in events if event.message is not None]
    return [(one.code, one.place.segment, one.place.position, one.place.element) for one in message.findings if one.severity == "error"]


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").replace("\n", "").rstrip("~").split("~")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_missing_beginning_is_found(path: Path) -> None:
    """AK3 code 3, at the place where the segment should stand."""
    lines = lines_of(path)
    tag = lines.pop(3).split("*")[0]
    assert findings(lines)[0] == ("3", tag, 2, None)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_wrong_count_is_found(path: Path) -> None:
    """AK5 code 4."""
    lines = lines_of(path)
    end = len(lines) - 3
    lines[end] = "SE*!999*0001"
    assert findings(lines) == [("4", "SE", end - 1, 1)]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_wrong_code_or_day_is_found(path: Path) -> None:
    """AK4 code 7 for a code outside the list, 8 for a day that no calendar has, in every place of the document that has one."""
    grammar = load(path.stem[:3], path.stem.split("_")[1])
    assert grammar is not None
    uses = {use.id: use for use in grammar.segments()}
    tried = 0
    for at, line in enumerate(lines_of(path)[3:-3], 3):
        values = line.split("*")
        for place, use in enumerate(uses[values[0]].elements[: len(values) - 1], 1):
            coded = use.codes is not None and not use.components
            if not values[place] or not (coded or use.type == "DT"):
                continue
            spoilt = [*values[:place], "Q" * use.min if coded else "20261399", *values[place + 1 :]]
            lines = [*lines_of(path)[:at], "*".join(spoilt), *lines_of(path)[at + 1 :]]
            assert ("7" if coded else "8", values[0], at - 1, place) in findings(lines)
            tried += 1
    assert tried


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
