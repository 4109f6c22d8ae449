"""A fuzz campaign on one syntax: damaged documents in, a tree or coded findings out, whatever they hold.

    python -m tests.fuzz.campaign --inputs 200000 --syntax x12 [--seed 1] [--only NUMBER] [--seconds 2] [--failures FOLDER]

Syntaxes are the formats of the registry and, where one format has several kinds of documents that are read in ways of their own, those
kinds (`KINDS`). Every input is made of (seed, syntax, number) alone, so that one can be made again without those before it. It is sniffed,
read under a profile and mapped; events and devices are judged by the rules and made rows, as the hub would.

It fails by an exception, by a message that is neither tree nor finding, by more than 256 MB of memory in use by the whole process, or by
too much CPU each of three times that it is tried: 2 seconds (`--seconds`) for reading all of it to trees and findings, 2 seconds for
mapping one message, which is what a worker does at a time, or twice that for the whole, up to a megabyte of thousands of messages.

Batches run in processes of their own, tuned as the hub's workers are. Failing inputs are saved, one for each place in the code, and the
command prints how to see one again.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from math import inf
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from connectors.feed import grammar_names
from connectors.formats.epcis.json_reading import event_of
from connectors.formats.epcis.writing import event_json, write_xml
from connectors.registry import format_named, format_names, sniff
from connectors.spec import STRICT, Profile
from data_contracts.events.members import EVENT_TYPES
from data_contracts.findings import Finding, has_error
from data_contracts.rules import validate
from data_contracts.source import ReadEvent
from hub.apply.event_facts import edges_of, said_of
from hub.apply.facts import facts_of
from hub.worker import tune
from mappings.engine import Context, Mapping, load, shipped_names
from mappings.events import MAPPINGS as EVENTS
from tests.fuzz.mutations import mutated

SAMPLES = Path(__file__).parents[1] / "samples"
MOST_SECONDS = 2.0
MOST_MEGABYTES = 256
KINDS = {
    "epcis_json": ("epcis", "*.json*"), "epcis_xml": ("epcis", "*.xml"), "eudamed_json": ("json", "eudamed*"),
    "gudid_json": ("json", "gudid*"), "gudid_xml": ("xml", "gudid*"), "nmpa_json": ("json", "nmpa*"), "nmpa_xml": ("xml", "nmpa*"),
}  # fmt: skip
"""Syntax → its format, and the samples that are of it."""
TODAY = date(2026, 11, 22)
_FOLLOWED = frozenset((*EVENT_TYPES, "Device"))
"""Entities that are few and rich, so that they are followed to the rules and their rows."""
_BATCH = 2000
_TIMES = 3
"""That an input which took too long is tried: what else runs on the core takes half of what a second of CPU does, but not each time."""
_LARGEST_SEED = 24_000
_PROFILES = (
    *([STRICT] * 10),
    Profile(unpadded_isa=True, charset="utf-8"),
    Profile(charset="gb18030", accept_with_errors=True),
    Profile(charset="utf-16", time_zone="Asia/Shanghai"),
    Profile(options={"max_segments": 40, "max_message_bytes": 3000, "max_message_records": 20}),
)


class TooSlowError(Exception):
    """An input took more CPU than it may."""


@dataclass
class Failure:
    """One input that failed."""

    number: int
    what: str
    where: str
    saved: str = ""


@dataclass
class Report:
    """What a campaign, or a batch of it, came to."""

    syntax: str
    seed: int
    inputs: int = 0
    trees: int = 0
    """Messages that were read into a tree."""
    entities: int = 0
    """Of them, events and devices that the rules let through."""
    findings: int = 0
    refused: int = 0
    """Inputs that were unreadable as a whole."""
    slowest: float = 0.0
    """Seconds of CPU for reading an input, or for mapping one of its messages."""
    whole: float = 0.0
    """Seconds of CPU for an input as a whole."""
    megabytes: int = 0
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take in a batch."""
        self.inputs += other.inputs
        self.trees += other.trees
        self.entities += other.entities
        self.findings += other.findings
        self.refused += other.refused
        self.slowest = max(self.slowest, other.slowest)
        self.whole = max(self.whole, other.whole)
        self.megabytes = max(self.megabytes, other.megabytes)
        known = {failure.where for failure in self.failures}
        self.failures += [failure for failure in other.failures if failure.where not in known]


@dataclass(frozen=True)
class Corpus:
    """Good documents of a syntax, and the grammars under which its documents are read."""

    seeds: tuple[bytes, ...]
    grammars: tuple[str | None, ...]
    """Of each seed."""
    own: int
    """How many of them are the repository's, which stand first."""
    all_grammars: tuple[str | None, ...]


def syntaxes() -> list[str]:
    """All that can be damaged here."""
    return sorted({*format_names(), *KINDS} - {"epcis"})  # both of its syntaxes are kinds


@cache
def corpus(syntax: str) -> Corpus:
    """The repository's samples, and the reference material's where `UDIHUB_REFERENCE` names it."""
    format_, pattern = KINDS.get(syntax, (syntax, "*"))
    named = tuple(grammar_names(format_))
    paths = sorted(path for path in (SAMPLES / format_).glob(pattern) if path.is_file())
    ours = len(paths)
    reference = os.environ.get("UDIHUB_REFERENCE")
    if reference:
        paths += [path for path in sorted(Path(reference).rglob(pattern)) if path.is_file() and _is(path, format_)]
    seeds, grammars, own = [], [], 0
    for number, path in enumerate(paths):
        content = path.read_bytes()
        if content and len(content) <= _LARGEST_SEED:
            seeds.append(content)
            own += number < ours
            grammars.append(max((name for name in named if path.stem.startswith(name)), key=len, default=named[0] if named else None))
    if not seeds:
        raise ValueError(f"there is no sample in tests/samples/{syntax}")
    return Corpus(tuple(seeds), tuple(grammars), own, (None, *named))


def _is(path: Path, syntax: str) -> bool:
    with path.open("rb") as stream:
        found = sniff(stream.read(4096))
    return found is not None and found.name == syntax


@cache
def _mapping(name: str) -> Mapping | None:
    return load(name) if name in EVENTS or name in shipped_names() else None


def made(syntax: str, seed: int, number: int) -> tuple[bytes, Profile, str | None]:
    """The document, profile and grammar of one input."""
    draw, known = Random(f"{seed}/{syntax}/{number}"), corpus(syntax)
    at = draw.randrange(known.own if draw.random() < 0.6 else len(known.seeds))
    grammar = known.grammars[at] if draw.random() < 0.8 else draw.choice(known.all_grammars)
    content = mutated((known.seeds[at],) if draw.random() < 0.7 else (known.seeds[at], draw.choice(known.seeds)), draw)
    return content, draw.choice(_PROFILES), grammar


def judge(syntax: str, content: bytes, profile: Profile, grammar: str | None, report: Report, most_seconds: float = inf) -> None:
    """Read and map one input, and go on with what is right. Raises what it should not."""
    format_ = format_named(KINDS.get(syntax, (syntax, ""))[0])
    unreadable, reading, begun = False, 0.0, time.process_time()
    format_.sniff(content[:4096])
    for event in format_.read(io.BytesIO(content), profile, grammar):
        unreadable = unreadable or event.kind == "unreadable"
        report.findings += sum(1 for _ in _findings(event))
        message = event.message
        if message is None:
            continue
        if message.root is None:
            assert message.findings, "a message that is neither tree nor finding"
            continue
        report.trees += 1
        read = time.process_time()
        reading += read - begun
        mapping = _mapping(f"{format_.name}/{message.type}") or _mapping(f"{format_.name}/{grammar}")
        if mapping is not None and mapping.direction != "out":
            mapped = mapping.read(message.root, Context(components=message.components or ":", currency="EUR"))
            mapping.unmapped(message.root, mapped)
            right = not has_error(message.findings) and not has_error(mapped.findings)
            if right and mapped.entity is not None and mapped.entity["entity"] in _FOLLOWED:
                report.entities += _goes_on(mapped.entity)
        message.root.release()
        begun = time.process_time()
        report.slowest = max(report.slowest, begun - read)
    report.refused += unreadable
    report.slowest = max(report.slowest, reading + time.process_time() - begun)
    if report.slowest > most_seconds:
        raise TooSlowError(f"{report.slowest:.2f} s for reading it, or for one message of it")


def _goes_on(entity: dict[str, Any]) -> bool:
    """The rules' word on an entity, and its rows where they let it through."""
    if has_error(validate(entity, None, TODAY)):
        return False
    try:
        facts_of(entity)
    except OverflowError:  # a finding of apply (FACT-01)
        return False
    if entity["entity"] in EVENT_TYPES:
        kept = event_of(said_of(entity).body)
        assert edges_of(kept, "fuzz") == edges_of(entity, "fuzz"), "an event that is stored says something else"
        assert event_json(kept).decode() == said_of(entity).body, "an event that is read back says something else"
        with suppress(ValueError):  # what XML has no form for
            write_xml([entity], None)
    return True


def _findings(event: ReadEvent) -> Iterator[Finding]:
    for holder in (event.message, event.group, event.interchange):
        if holder is not None:
            yield from holder.findings
    if event.finding is not None:
        yield event.finding


def batch(syntax: str, seed: int, numbers: range, failures: Path, most_seconds: float = MOST_SECONDS) -> Report:
    """Inputs one after another in this process."""
    _warmed(syntax)
    report = Report(syntax, seed)
    places: set[str] = set()
    for number in numbers:
        content, profile, grammar = made(syntax, seed, number)
        for _ in range(_TIMES):
            what, where, came = _tried(syntax, (content, profile, grammar), most_seconds)
            if not what.startswith(TooSlowError.__name__):
                break
        report.add(came)
        before, report.megabytes = report.megabytes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if not what and report.megabytes > MOST_MEGABYTES >= before:
            what, where = f"{report.megabytes} MB in use", "memory"
        if what and where not in places:
            places.add(where)
            saved = failures / f"{syntax}-{seed}-{number}"
            failures.mkdir(parents=True, exist_ok=True)
            saved.write_bytes(content)
            report.failures.append(Failure(number, what, where, str(saved)))
    return report


def _tried(syntax: str, made_: tuple[bytes, Profile, str | None], most_seconds: float) -> tuple[str, str, Report]:
    """What went wrong with an input, and where; nothing if it was judged in time."""
    came = Report(syntax, 0, 1)
    start = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_PROF, 2 * most_seconds)
        try:
            judge(syntax, *made_, came, most_seconds)
        finally:  # in here the time may run out, too
            signal.setitimer(signal.ITIMER_PROF, 0)
    except Exception as error:  # whatever it is, it is what is looked for
        return f"{type(error).__name__}: {str(error)[:200]}", _place(error), came
    finally:
        came.whole = time.process_time() - start
    return "", "", came


def _warmed(syntax: str) -> None:
    """Read every good document of ours once: loading grammars and mappings is the process's cost, not that of its first input."""
    known = corpus(syntax)
    for content, grammar in zip(known.seeds[: known.own], known.grammars, strict=False):
        judge(syntax, content, STRICT, grammar, Report(syntax, 0))


def _place(error: Exception) -> str:
    """The innermost line of the hub's own code, so that one fault is told once."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    own = [name for name in frames if not name.startswith("campaign")]
    return f"{type(error).__name__} {(own or frames)[-1] if not isinstance(error, TooSlowError) else 'slow'}"


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError("more CPU than it may have")


def run(syntax: str, inputs: int, seed: int, failures: Path, told: bool = False, most_seconds: float = MOST_SECONDS) -> Report:
    """A whole campaign, a process a batch, so that a batch's memory is its own and a crash of the interpreter is a failure too."""
    total = Report(syntax, seed)
    corpus(syntax)
    for start in range(0, inputs, _BATCH):
        numbers = range(start, min(start + _BATCH, inputs))
        total.add(_apart(syntax, seed, numbers, failures, most_seconds))
        if told and (start // _BATCH) % 10 == 9:
            print(f"{syntax}: {total.inputs} inputs, {len(total.failures)} failures, slowest {total.slowest:.2f} s", flush=True)
    return total


def _apart(syntax: str, seed: int, numbers: range, failures: Path, most_seconds: float) -> Report:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.signal(signal.SIGPROF, _too_slow)
        tune()
        with os.fdopen(writer, "w") as out:
            json.dump(asdict(batch(syntax, seed, numbers, failures, most_seconds)), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as inward:
        said = inward.read()
    status = os.waitpid(child, 0)[1]
    if status or not said:
        failure = Failure(numbers.start, f"a batch of {len(numbers)} ended with status {status}", f"process {status}")
        return Report(syntax, seed, len(numbers), failures=[failure])
    plain = json.loads(said)
    return Report(**{**plain, "failures": [Failure(**failure) for failure in plain["failures"]]})


def main() -> int:
    """The command line; 1 when an input failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200_000, help="for each syntax")
    parser.add_argument("--syntax", default="", help="names of syntaxes, with commas between; all when absent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="this input alone, with its traceback")
    parser.add_argument("--seconds", type=float, default=MOST_SECONDS, help="of CPU that reading an input may take, or a message of it")
    parser.add_argument("--json", action="store_true", help="print each report as one line of JSON")
    parser.add_argument("--failures", type=Path, default=Path(tempfile.gettempdir()) / "udihub-fuzz")
    chosen = parser.parse_args()
    failed = 0
    for syntax in chosen.syntax.split(",") if chosen.syntax else syntaxes():
        if chosen.only is not None:
            judge(syntax, *made(syntax, chosen.seed, chosen.only), Report(syntax, chosen.seed))
            continue
        start = time.monotonic()
        report = run(syntax, chosen.inputs, chosen.seed, chosen.failures, told=not chosen.json, most_seconds=chosen.seconds)
        failed += len(report.failures)
        if chosen.json:
            print(json.dumps(asdict(report)))
            continue
        print(
            f"{syntax}: seed {report.seed}, {report.inputs} inputs in {time.monotonic() - start:.0f} s: {report.trees} trees, "
            f"{report.entities} right, {report.findings} findings, {report.refused} unreadable; "
            f"slowest {report.slowest:.2f} s CPU, whole {report.whole:.2f} s, at most {report.megabytes} MB"
        )
        for failure in report.failures:
            again = f"python -m tests.fuzz.campaign --syntax {syntax} --seed {report.seed} --only {failure.number}"
            print(f"  FAILED {failure.number}: {failure.what} ({failure.where}), saved as {failure.saved}; {again}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
