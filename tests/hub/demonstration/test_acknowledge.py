"""The suppliers answer the hub's 850s as their standard says, or never."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.demonstration import Story, generate
from hub.demonstration.company import CHANNELS, Channel
from tests.hub.demonstration.conftest import NOW
from tests.hub.demonstration.papers import interchange


@pytest.fixture(params=[1, 2], ids="seed {}".format)
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Story:
    """One of its own for every test: answering uses up control numbers."""
    return generate(tmp_path, request.param, NOW)


def order_850(channel: Channel, control: int, numbers: list[str], group: str = "PO") -> bytes:
    """An interchange as the hub may write it, with delimiters of its own."""
    supplier, organisation = channel.supplier, channel.organisation
    sets = "".join(f"ST|850|{place:04d}'BEG|00|SA|{number}||20261122'SE|3|{place:04d}'" for place, number in enumerate(numbers, start=1))
    return (
        f"ISA|00|{'':10}|00|{'':10}|ZZ|{organisation.x12_id:<15}|ZZ|{supplier.x12_id:<15}|261122|0930|U|{supplier.version[:5]}|{control:09d}|0|P|>'"
        f"GS|{group}|{organisation.x12_id}|{supplier.x12_id}|20261122|0930|{control}|X|{supplier.version}'"
        f"{sets}GE|{len(numbers)}|{control}'IEA|1|{control:09d}'"
    ).encode()


def orders_of(story: Story, channel: Channel) -> list[str]:
    """Numbers of the orders that this mailbox sees, answered ones first."""
    wanted = b"ZZ*" + channel.supplier.x12_id.encode()
    said = [(story.folder / a.path).read_bytes() for a in story.arrivals if a.flow == channel.flow]
    named = b"".join(content for content in said if wanted in content)
    return [number for number, answered in story.replies.items() if answered and number.encode() in named]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.flow)
def test_an_accepted_order_is_acknowledged_with_every_set(story: Story, channel: Channel) -> None:
    numbers = orders_of(story, channel)[:2]
    answer = story.acknowledge(order_850(channel, 41, numbers))
    assert answer is not None
    isa, ((st, ak1, *details, ak9, _),) = interchange(answer)
    assert (isa[6].strip(), isa[8].strip()) == (channel.supplier.x12_id, channel.organisation.x12_id)
    assert st[1] == "997"
    assert ak1 == ["AK1", "PO", "41"] + (["005010"] if channel.supplier.version == "005010" else [])
    assert details == [["AK2", "850", "0001"], ["AK5", "A"], ["AK2", "850", "0002"], ["AK5", "A"]]
    assert ak9 == ["AK9", "A", "2", "2", "2"]


def test_the_same_850_gets_the_same_answer_again_and_the_next_one_the_next_number(story: Story) -> None:
    one, two = (order_850(CHANNELS[0], control, [number]) for control, number in zip((51, 52), orders_of(story, CHANNELS[0]), strict=False))
    first, again, second = story.acknowledge(one), story.acknowledge(one), story.acknowledge(two)
    assert first is not None and first == again and second is not None
    assert int(interchange(second)[0][13]) == int(interchange(first)[0][13]) + 1


def test_numbers_go_on_after_the_kept_ones_are_used_up(story: Story) -> None:
    number = orders_of(story, CHANNELS[1])[0]
    pair = (CHANNELS[1].supplier.x12_id, CHANNELS[1].organisation.x12_id)
    kept, following = len(story.spare_controls[pair]), story.next_controls[pair]
    answers = [story.acknowledge(order_850(CHANNELS[1], 100 + place, [number])) for place in range(kept + 2)]
    controls = [int(interchange(answer)[0][13]) for answer in answers if answer is not None]
    assert len(controls) == len(set(controls)) == kept + 2
    assert controls[-2:] == [following, following + 1]


def test_silent_orders_get_no_answer(story: Story) -> None:
    silent = [number for number, answered in story.replies.items() if not answered]
    planted = {fault.subject["order_number"] for fault in story.faults if fault.kind == "acknowledgement_missing"}
    assert set(silent) == planted
    assert all(story.acknowledge(order_850(CHANNELS[0], 71 + place, [number])) is None for place, number in enumerate(silent))


def test_a_997_of_ours_is_not_acknowledged(story: Story) -> None:
    assert story.acknowledge(order_850(CHANNELS[0], 81, orders_of(story, CHANNELS[0])[:1], group="FA")) is None


def test_what_is_no_interchange_is_refused(story: Story) -> None:
    with pytest.raises(ValueError, match="106"):
        story.acknowledge(b"BEG*00*SA*1~")


def test_an_order_nobody_placed_is_refused(story: Story) -> None:
    with pytest.raises(KeyError):
        story.acknowledge(order_850(CHANNELS[0], 91, ["4599999999"]))


def test_the_sample_for_an_own_upload_is_a_new_good_despatch_advice(story: Story) -> None:
    isa, (body,) = interchange(story.curl_sample)
    pair = (isa[6].strip(), isa[8].strip())
    assert pair == ("JNPOLY", "NOVAMEDSZ") and body[0][1] == "856"
    order = next(parts for parts in body if parts[0] == "PRF")[1]
    assert story.replies[order]
    assert not any(f"PRF*{order}".encode() in (story.folder / a.path).read_bytes() for a in story.arrivals if "/856_" in a.path), (
        "the order is still to be shipped"
    )
    assert int(isa[13]) < story.next_controls[pair]
