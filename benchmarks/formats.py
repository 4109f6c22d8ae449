"""How fast each format is read, checked, mapped and written, beside a bare split and other libraries in the same run.

    python -m benchmarks.formats [--messages 10000] [--rounds 5] [--only x12-850,csv-orders]

Every step reads the same bytes in one process; rounds are interleaved, CPU time counts, the median of the
rounds is shown as MB/s, thousand segments (rows, tags) a second and ratios. The bare split is the whole text, decoded before the
clock starts, cut at every segment and element with nothing kept. `read, check` is everything that the format does: envelope, order,
elements, tree, findings; each tree is released when it was seen, as the hub's worker does. `unreleased` leaves that to
the garbage collector, which is on throughout (what was loaded before is frozen, as in a worker). Writing starts from
canonical entities, a hundred messages a document; those that wait for their turn, which no worker has ten thousand of, are frozen too.
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from benchmarks.cases import CASES, Case
from benchmarks.peers import PEERS
from connectors.registry import format_named, format_names
from connectors.spec import STRICT, Envelope
from data_contracts.findings import has_error
from data_contracts.source import Message
from mappings.context import Context
from mappings.engine import load

_A_DOCUMENT = 100
_GOALS = (
    ("read, check", "split", 6.5, "x12", "edifact"),
    ("read, check, map", "read, check", 8.0),
    ("write", "read, check, map", 1.0),
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

    def read_unreleased(self) -> None:
        """The same, leaving the trees to the collector."""
        for _ in self._messages():
            pass

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
        messages = _A_DOCUMENT if self.case.together else 1
        for start in range(0, len(self._entities), messages):
            trees = [(kind, self._mapping.write(entity, context)) for entity in self._entities[start : start + messages]]
            content = self._format.write(trees, envelope if self.case.version else None, STRICT, self.case.grammar)
            self.written += len(content)
            for _, root in trees:
                root.release()


def measure(case: Case, messages: int, rounds: int) -> dict[str, float]:
    """Median CPU seconds of each step for the whole document."""
    steps = Steps(case, messages)
    timed: dict[str, tuple[Callable[[], object], float]] = {
        "split": (steps.split, 1),
        "read, check": (steps.read, 1),
        "... unreleased": (steps.read_unreleased, 1),
        "read, check, map": (steps.read_and_map, 1),
    }
    for name in case.peers:
        peer = PEERS[name]
        (part,) = case.documents(max(messages // peer.share, 1))
        peer.read(case.documents(1)[0])  # what is loaded and compiled once is not counted
        timed[name] = (lambda read=peer.read, part=part: read(part), steps.size / len(part))  # type: ignore[misc]
    taken: dict[str, list[float]] = {name: [] for name in [*timed, "write"]}
    for _ in range(rounds):
        for name, (work, factor) in timed.items():
            taken[name].append(_seconds(work) * factor)
        steps.prepare_writing()
        gc.freeze()
        taken["write"].append(_seconds(steps.write))
        steps.forget()
    medians = {name: statistics.median(times) for name, times in taken.items()}
    size = steps.size / 1e6
    print(f"{case.name}: {messages} messages, {size:.1f} MB, {steps.segments} segments; written {steps.written / 1e6:.1f} MB")
    for name, seconds in medians.items():
        speed = f"{(steps.written / 1e6 if name == 'write' else size) / seconds:8.1f} MB/s {steps.segments / seconds / 1e3:9.1f} kseg/s"
        print(f"  {name:18}{speed}  {seconds / medians['split']:8.1f} x split  {seconds / medians['read, check']:7.2f} x read, check")
    _judge(case, medians)
    return medians


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _judge(case: Case, medians: dict[str, float]) -> None:
    """Say each aim and whether it is reached."""
    aims = [(slow, fast, most) for slow, fast, most, *formats in _GOALS if not formats or case.format in formats]
    for slow, fast, most in aims:
        ratio = medians[slow] / medians[fast]
        print(f"  {'reached' if ratio <= most else 'MISSED '}: {slow} takes {ratio:.2f} times {fast}, at most {most}")
    for name, least in (("pyx12", 40), ("pydifact", 15)):
        if name in medians:
            ratio = medians[name] / medians["read, check"]
            print(f"  {'reached' if ratio >= least else 'MISSED '}: {ratio:.1f} times as fast as {name}, at least {least}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="names of cases, with commas between")
    chosen = parser.parse_args()
    wanted = {name for name in chosen.only.split(",") if name}
    usable = format_names()
    gc.freeze()
    for case in CASES:
        if case.format in usable and (not wanted or case.name in wanted):
            measure(case, chosen.messages, chosen.rounds)


if __name__ == "__main__":
    main()
