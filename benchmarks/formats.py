"""How fast each format is read, checked, mapped and written, beside a bare split and other libraries in the same run.

    python -m benchmarks.formats [--messages 10000] [--rounds 5] [--only x12-850,csv-orders]

Every step reads the same bytes in one process; CPU time counts, the median of the rounds (of a case that takes minutes, of three) is shown
as MB/s and thousand segments (rows, tags) a second. A machine that others share is now fast, now slow: each step of a round stands between
two runs of what it is compared with, and a ratio is the median of those of the rounds, each of neighbours in time. The bare split is the
whole text, decoded before the clock starts, cut at every segment and element with nothing kept. `read, check` is everything that the format
does: envelope, order, elements, findings. X12 and EDIFACT make the tree of a message when it is asked for: `with trees` asks for all of
them, as mapping does. Each tree is released when it was seen, as the hub's worker does; the garbage collector is on throughout (what was
loaded before is frozen, as in a worker). Writing starts from canonical entities, a hundred messages a document; those that wait for their
turn, which no worker has ten thousand of, are frozen too.
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks.cases import CASES, Case
from benchmarks.peers import PEERS
from connectors.registry import format_named, format_names, traits_of
from connectors.spec import STRICT, Envelope
from data_contracts.findings import has_error
from data_contracts.source import Message, SourceRecord
from mappings.context import Context
from mappings.engine import load

_A_DOCUMENT = 100
ENOUGH_ROUNDS, LONG_SECONDS = 3, 300
"""Rounds that are enough where they take longer than so many seconds: documents of one message each take a hundredfold."""
SPLIT, READ, TREES, MAP = "split", "read, check", "... with trees", "read, check, map"
_GOALS = (
    (READ, SPLIT, 6.5, "x12", "edifact"),
    (MAP, READ, 8.0),
    ("write", MAP, 1.0),
)


class Steps:
    """The steps of one case, each a function without arguments that does its work once over the whole document."""

    def __init__(self, case: Case, messages: int) -> None:
        self.case = case
        self._format, self._mapping = format_named(case.format), load(case.mapping)
        self._documents = case.documents(messages)
        self.text = b"".join(self._documents).decode("latin-1")
        self.size = len(self.text)
        self.segments = self.text.count(case.cuts[0])
        self._components = getattr(getattr(self._format, "traits", None), "components", "") or ":"
        self._entities: list[dict[str, Any]] = []
        self.written = 0
        """Bytes that `write` made."""

    def split(self) -> None:
        """The yardstick."""
        terminator, mark = self.case.cuts
        for segment in self.text.split(terminator):
            segment.split(mark)

    def _messages(self) -> Iterator[Message]:
        for document in self._documents:
            for event in self._format.read(io.BytesIO(document), STRICT, self.case.grammar):
                if event.message is not None:
                    assert event.message.root is not None and not has_error(event.message.findings), event.message.findings[:3]
                    yield event.message

    def read(self) -> None:
        """Read and check, giving back each tree."""
        for message in self._messages():
            assert message.root is not None
            message.root.release()

    def read_with_trees(self) -> None:
        """The same, and make each tree."""
        for message in self._messages():
            assert message.root is not None
            len(message.root.children)
            message.root.release()

    def read_and_map(self) -> None:
        """Read, check and map to canonical entities."""
        for message in self._messages():
            self._mapped(message)

    def _mapped(self, message: Message) -> dict[str, Any]:
        assert message.root is not None
        mapped = self._mapping.read(message.root, Context(components=message.components or ":", currency="EUR"))
        assert mapped.entity is not None and not has_error(mapped.findings), mapped.findings[:3]
        message.root.release()
        return mapped.entity

    def prepare_writing(self) -> None:
        """Entities to write, made outside of the clock."""
        self._entities = [self._mapped(message) for message in self._messages()]

    def forget(self) -> None:
        """Let the entities go."""
        self._entities = []

    def write(self) -> None:
        """Entities to bytes."""
        envelope = Envelope("ZZ:NOVACARE", "ZZ:RHEINTAL", 1, 1, 1, datetime(2026, 11, 22, 14, 15, tzinfo=UTC), self.case.version)
        kind, context, self.written = self._mapping.message, Context(components=self._components), 0
        messages, one_by_one = _A_DOCUMENT if self.case.together else 1, traits_of(self.case.format, STRICT, self.case.grammar).one_by_one
        held: list[SourceRecord] = []

        def trees(entities: list[dict[str, Any]]) -> Iterator[tuple[str, SourceRecord]]:
            for entity in entities:
                root = self._mapping.write(entity, context)
                yield kind, root
                root.release() if one_by_one else held.append(root)

        for start in range(0, len(self._entities), messages):
            part = trees(self._entities[start : start + messages])
            self.written += len(self._format.write(part, envelope if self.case.version else None, STRICT, self.case.grammar))
            while held:
                held.pop().release()


class Round(dict[str, float]):
    """CPU seconds of each step in one round, and its ratios to what ran around it."""

    def __init__(self) -> None:
        super().__init__()
        self.ratios: dict[tuple[str, str], list[float]] = {}

    def between(self, base: str, run_base: Callable[[], object], **works: tuple[Callable[[], object], float]) -> None:
        """Run `base`, then each of the works with `base` again behind it. A work names its factor, where it does a part of the whole."""
        before = _seconds(run_base)
        for name, (work, factor) in works.items():
            taken = _seconds(work) * factor
            after = _seconds(run_base)
            self[name], self[base] = taken, after
            self.ratios.setdefault((name, base), []).append(taken / ((before + after) / 2))
            before = after


def measure(case: Case, messages: int, rounds: int) -> list[Round]:
    """Run all steps of a case so many times, and print what they took."""
    steps, taken = Steps(case, messages), []
    peers: dict[str, tuple[Callable[[], object], float]] = {}
    for name in case.peers:
        peer = PEERS[name]
        (part,) = case.documents(max(messages // peer.share, 1))
        peer.read(case.documents(1)[0])  # what is loaded and compiled once is not counted
        peers[name] = (lambda read=peer.read, part=part: read(part), steps.size / len(part))  # type: ignore[misc]
    short = case.format in _GOALS[0][3:]
    begun = time.monotonic()
    for number in range(rounds):
        if number >= ENOUGH_ROUNDS and time.monotonic() - begun > LONG_SECONDS:
            break
        one = Round()
        for _ in range(3 if short else 1):  # where the shortest steps are judged: one moment says least of them
            one.between(SPLIT, steps.split, **{READ: (steps.read, 1), TREES: (steps.read_with_trees, 1)})
        one.between(READ, steps.read, **{MAP: (steps.read_and_map, 1), **peers})
        steps.prepare_writing()
        gc.freeze()
        one.between(MAP, steps.read_and_map, write=(steps.write, 1))
        steps.forget()
        taken.append(one)
    medians = {name: statistics.median(one[name] for one in taken) for name in taken[0]}
    size = steps.size / 1e6
    print(f"{case.name}: {messages} messages, {size:.1f} MB, {steps.segments} segments; written {steps.written / 1e6:.1f} MB")
    for name, seconds in medians.items():
        speed = f"{(steps.written / 1e6 if name == 'write' else size) / seconds:8.1f} MB/s {steps.segments / seconds / 1e3:9.1f} kseg/s"
        ratios = "  ".join(f"{_ratio(taken, slow, fast):8.2f} x {fast}" for slow, fast in taken[0].ratios if slow == name)
        print(f"  {name:20}{speed}{ratios}")
    _judge(case, taken)
    return taken


def _ratio(taken: list[Round], slow: str, fast: str) -> float:
    """The median of all that were taken."""
    return statistics.median(ratio for one in taken for ratio in one.ratios[slow, fast])


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _judge(case: Case, taken: list[Round]) -> None:
    """Say each aim and whether it is reached."""
    aims = [(slow, fast, most) for slow, fast, most, *formats in _GOALS if not formats or case.format in formats]
    for slow, fast, most in aims:
        ratio = _ratio(taken, slow, fast)
        print(f"  {'reached' if ratio <= most else 'MISSED '}: {slow} takes {ratio:.2f} times {fast}, at most {most}")
    for name, least in (("pyx12", 40), ("pydifact", 15)):
        if name in case.peers:
            ratio = _ratio(taken, name, READ)
            print(f"  {'reached' if ratio >= least else 'MISSED '}: {ratio:.1f} times as fast as {name}, at least {least}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="names of cases, with commas between")
    chosen = parser.parse_args()
    wanted = {name for name in chosen.only.split(",") if name}
    if unknown := wanted - {case.name for case in CASES}:
        parser.error(f"there is no case {', '.join(sorted(unknown))}; known are {', '.join(case.name for case in CASES)}")
    usable = format_names()
    gc.freeze()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a case takes minutes: who looks at a log sees those that are done
    for case in CASES:
        if case.format in usable and (not wanted or case.name in wanted):
            measure(case, chosen.messages, chosen.rounds)


if __name__ == "__main__":
    main()
