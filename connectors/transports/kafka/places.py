"""How far the hub has come in each partition: the watermark of a flow, as it is kept with what was read, and as a person writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from data_contracts.errors import ConfigError

Partition = tuple[str, int]
"""Topic and number."""
Reached = tuple[int, str]
"""The next offset of a partition, and what the last message before it was (its version); empty where nobody knows."""
EARLIEST, LATEST = "earliest", "latest"
ENDS = (EARLIEST, LATEST)
Place = str | dict[Partition, Reached]
"""One of the ends of all partitions, or how far each of them was read."""


def place_of(watermark: str | None, origin: str) -> Place:
    """A watermark as it is kept; without one, where a flow that never read begins (`from`)."""
    if watermark is None:
        return origin
    kept: Any = json.loads(watermark)
    return str(kept) if isinstance(kept, str) else {named(name): (int(offset), str(last)) for name, (offset, last) in kept.items()}


def kept_as(reached: Mapping[Partition, Reached]) -> str:
    """Places as a watermark: `{"line.7.count/0": [17, "5e1f…"]}`."""
    return json.dumps({f"{topic}/{number}": list(reached[topic, number]) for topic, number in sorted(reached)})


def by_hand(text: str) -> str:
    """What a person sets: `earliest`, `latest`, or next offsets (`{"line.7.count/0": 17}`; partitions not named are read from their
    beginning). A watermark that was shown can be set again as it is. Raises ConfigError."""
    if text in ENDS:
        return json.dumps(text)
    try:
        given: Any = json.loads(text)
        return kept_as(dict(_offsets(given.items())))
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{text!r} is neither earliest, latest nor the next offsets of partitions as JSON") from error


def _offsets(given: Iterable[tuple[str, Any]]) -> Iterable[tuple[Partition, Reached]]:
    for name, value in given:
        offset, last = value if isinstance(value, list) else (value, "")
        if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0 or not isinstance(last, str):
            raise ValueError(name)
        yield named(name), (offset, last)


def named(text: str) -> Partition:
    """`line.7.count/0` as topic and number. Raises ValueError."""
    topic, _, number = text.rpartition("/")
    if not topic:
        raise ValueError(text)
    return topic, int(number)
