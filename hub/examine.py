"""Hops 3 to 6 on one document: who is it from, what does it say, what is wrong with it. Stores nothing.

`examine` yields one `Interchange` after the other, each with its messages already mapped and validated, and with the verdict that
the standard's acknowledgement will state. A message's fate:

    ready         read, checked, mapped and valid: its facts may be applied
    rejected      its syntax is wrong: refused in the acknowledgement, nothing of it is applied
    quarantined   its syntax is right but its content must not be believed: held for a steward
    answer        an acknowledgement of something that we sent (997, CONTRL)
    test          all is well, but the interchange is flagged as test and this site is production
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, BinaryIO, Literal

from connectors import registry
from connectors.answering import Judgement, held_as_content, is_refused
from connectors.archive import damaged
from connectors.spec import Format, Profile
from data_contracts.findings import Finding, has_error
from data_contracts.source import Group, Interchange, Message
from hub import grammars, pipeline, promises
from hub.site import AgreedMessage, Agreement, Site
from hub.who import Claimant, agreement_of, candidates_of, choose_format, tolerant_profile
from mappings.engine import Mapping

_CALLED = ("entity", "number", "issued_at", "revision")
Fate = Literal["ready", "rejected", "quarantined", "answer", "test"]
HEAD = 4096
_MOST_NAMED = 40
"""Places that one finding names of what was left out."""


@dataclass(slots=True)
class ExaminedMessage:
    """One message after hops 3 to 6."""

    message: Message
    group: Group | None
    agreement: Agreement | None
    agreed: AgreedMessage | None = None
    mapping: Mapping | None = None
    entity: dict[str, Any] | None = None
    """What may be applied: `mapped` less the rows that a finding takes out."""
    called: dict[str, Any] | None = None
    """What a refused message calls itself (kind, number, date, revision), where that can be read: nothing else of it is believed."""
    mapped: dict[str, Any] | None = None
    """All that was mapped: findings count its rows, and a steward corrects them."""
    syntax: list[Finding] = field(default_factory=list)
    """What the acknowledgement answers to."""
    content: list[Finding] = field(default_factory=list)
    """What mapping and rules found, and errors of syntax that its standard has no code for; never part of a 997."""
    held: list[Finding] = field(default_factory=list)
    """Those of `content` that are errors of syntax."""
    fate: Fate = "ready"
    stops: list[Finding] = field(default_factory=list)
    """Findings by which the agreement or its contract wants the flow to take nothing more in."""

    @property
    def findings(self) -> list[Finding]:
        """Everything found in it."""
        return [*self.syntax, *self.content]

    unmapped: list[Finding] = field(default_factory=list)
    """What the mapping neither maps nor ignores, each place by itself (MAP-01): dry runs tell it so, all others in one finding (MAP-14)."""

    @property
    def rows_left_out(self) -> int:
        """Rows that were mapped but must not be applied."""
        return rows_left_out(self.mapped, self.entity)


@dataclass(slots=True)
class ExaminedInterchange:
    """One envelope and what is in it. `findings` decide over the whole: an error here refuses everything inside."""

    interchange: Interchange
    agreement: Agreement | None
    profile: Profile
    format: str
    groups: list[Group] = field(default_factory=list)
    messages: list[ExaminedMessage] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    """Acknowledgements that came beside the messages (TA1 segments)."""
    unanswered: bool = False
    """Whether acknowledgements that nothing answers came among its messages."""
    verdicts: list[tuple[int, Any]] = field(default_factory=list)
    """Of each message in order, its group and what the acknowledgement says of it: all that is kept of a large document's messages."""
    judgements: list[Judgement] = field(default_factory=list)
    """What a business answer is to say of its messages (hub/acknowledge/judge.py)."""
    admission: list[Finding] = field(default_factory=list)
    """Why this sender may not send this to us: envelope identities, usage indicator, duplicates."""
    sha256: bytes = b""

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the envelope."""
        return [*self.interchange.findings, *self.admission]

    @property
    def refused(self) -> bool:
        """Whether nothing inside may be processed."""
        return has_error(self.interchange.findings) or has_error(self.admission)

    def group_refused(self, group: Group | None) -> bool:
        """Whether this group's own faults refuse its sets."""
        return group is not None and has_error(group.findings)


@dataclass(slots=True)
class Examination:
    """A whole document: its interchanges, or the finding that says why it can't be read."""

    format: str | None
    interchanges: list[ExaminedInterchange] = field(default_factory=list)
    unreadable: list[Finding] = field(default_factory=list)

    @property
    def messages(self) -> Iterator[ExaminedMessage]:
        """All messages, in order."""
        for interchange in self.interchanges:
            yield from interchange.messages


def examine(stream: BinaryIO, site: Site, claimant: Claimant | None, today: date, grammar: str | None = None) -> Examination:
    """Read, check, map and validate one document. Bad data yields findings; raises ConfigError for a faulty site only.

    Without a claimant (`udihub check` on a bare file) syntax is checked strictly and nothing is mapped; `grammar` is then the format and
    grammar of a feed (`fixed/erp_stock`), which no agreement names.
    `today` is the day that rules judge by; where it is a time, it is also when the document came (`default: "@came"`).
    Holds the whole document's messages: `walk` is the same without holding them.
    """
    grammars.look_again(site)
    examination = Examination(None)
    for step in walk(stream, site, claimant, today, grammar=grammar):
        if isinstance(step, Opened):
            examination.format = step.format
        elif isinstance(step, Finding):
            examination.unreadable.append(step)
        elif isinstance(step, ExaminedMessage):
            examination.interchanges[-1].messages.append(step)
        elif not examination.interchanges or examination.interchanges[-1] is not step:  # the same comes again when it is complete
            examination.interchanges.append(step)
    for interchange in examination.interchanges:
        settle_fates(interchange, interchange.messages, site)
    return examination


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Opened:
    """First step of a walk: the syntax that was chosen."""

    format: str


Step = Opened | Finding | ExaminedInterchange | ExaminedMessage


def walk(
    stream: BinaryIO,
    site: Site,
    claimant: Claimant | None,
    today: date,
    *,
    messages: bool = True,
    whole: tuple[int, bytes] | None = None,
    grammar: str | None = None,
) -> Iterator[Step]:
    """The steps of `examine` one by one, at flat memory: the syntax, then each interchange (when it opens and again when it is
    complete) and its messages. With `messages=False` only envelopes are looked at, which tells beforehand what may be applied.
    `whole` is the document's size and SHA-256, where they are known: an interchange that is all of it is not hashed again.
    """
    candidates = candidates_of(site, claimant)
    stream.seek(0)
    head = stream.read(HEAD)
    syntax, feed, refusal = choose_format(head, candidates, claimant)
    named, _, kind = (grammar or "").partition("/")
    if named:
        syntax, refusal = registry.format_named(named), None
    if refusal is not None or syntax is None:
        if refusal is not None:
            yield damaged(stream, head) or refusal
        return
    yield Opened(syntax.name)
    if feed is None and claimant is not None and not any(known.format == syntax.name for known in candidates):
        yield Finding("AGR-03", got=syntax.name, expected=", ".join(sorted({c.format for c in candidates})) or "-")
        return
    yield from _steps(stream, syntax, site, claimant, candidates, feed, today, messages, whole, kind or None)


def _steps(
    stream: BinaryIO,
    syntax: Format,
    site: Site,
    claimant: Claimant | None,
    candidates: Sequence[Agreement],
    feed: Agreement | None,
    today: date,
    messages: bool,
    whole: tuple[int, bytes] | None,
    named: str | None,
) -> Iterator[Step]:
    tolerant = tolerant_profile(site, [c for c in candidates if c.format == syntax.name])
    profile = site.profile(feed) if feed is not None else tolerant
    if named is not None and feed is None and site.grammar_folders:
        profile = replace(profile, options={**profile.options, "grammar_folders": [str(folder) for folder in site.grammar_folders]})
    current: ExaminedInterchange | None = None
    group: Group | None = None
    illegible: bool | None = None
    """Whether none of the messages could be read; null where there is none."""
    for event in pipeline.read(stream, syntax, profile, feed.grammar if feed else named):
        if event.kind == "unreadable":
            assert event.finding is not None
            yield event.finding
        elif event.kind == "interchange":
            assert event.interchange is not None
            agreement, findings = agreement_of(event.interchange, syntax, site, claimant, candidates, feed, _day(today))
            current = ExaminedInterchange(event.interchange, agreement, site.profile(agreement) if agreement else profile, syntax.name)
            current.admission, illegible = findings, None
            yield current
        elif event.kind == "group":
            group = event.group
        elif event.kind == "group_end":
            if current is not None and event.group is not None:
                current.groups.append(event.group)
            group = None
        elif event.kind == "acknowledgement":
            if current is not None:
                current.answers.append(event.detail)
        elif event.kind == "message":
            illegible = illegible is not False and event.message is not None and event.message.root is None
            if messages and current is not None and event.message is not None:
                yield examine_message(event.message, group, current, site, today)
        elif event.kind == "interchange_end" and current is not None:
            if illegible:  # what is wrong with the message says why nobody is named
                current.admission = [finding for finding in current.admission if finding.rule != "AGR-06"]
            _close(stream, current, site, whole)
            yield current


def examine_message(message: Message, group: Group | None, inside: ExaminedInterchange, site: Site, today: date) -> ExaminedMessage:
    """Hops 4 to 6 on one message of an interchange whose agreement is known."""
    came = today if isinstance(today, datetime) else None
    agreement = inside.agreement
    answering = registry.answering_of(inside.format)
    frame, coded = (answering.frame, answering.coded) if answering is not None else (frozenset(), False)
    stranger = grammars.undescribed(inside.format, message, inside.profile, agreement)
    if stranger is not None and not inside.group_refused(group):
        message.findings.append(stranger)
    if agreement is None:
        refused = is_refused(message, inside.profile, frame, coded=coded)
        return ExaminedMessage(message, group, None, syntax=list(message.findings), fate="rejected" if refused else "ready")
    if answering is not None and message.type in answering.answers:
        # One with faults in its segments still tells what it can; one whose frame is wrong (a count, a group of another kind) does not.
        heard = not is_refused(message, replace(inside.profile, accept_with_errors=True), frame, coded=coded)
        return ExaminedMessage(message, group, agreement, syntax=list(message.findings), fate="answer" if heard else "rejected")
    agreed, found = pipeline.check(message, group, agreement)
    syntax, held = held_as_content(found, coded)
    message.findings = [finding for finding in syntax if finding.rule != "AGR-01"]
    promise = promises.promise_of(site, agreement)
    examined = ExaminedMessage(message, group, agreement, agreed=agreed, syntax=syntax, content=held, held=held)
    examined.stops = promises.asked(found, agreement, promise)
    currency = site.organisations[agreement.organisation].currency
    if agreed is None or message.root is None or is_refused(message, inside.profile, frame, coded=coded):
        examined.fate = "rejected"
        if message.root is not None and agreed is not None:
            read = pipeline.map(message, pipeline.mapping_of(site.mapping_folders, agreed), inside.profile, currency, came).entity or {}
            examined.called = {name: read[name] for name in _CALLED if name in read} if "number" in read else None
        return examined
    mapping = pipeline.mapping_of(site.mapping_folders, agreed)
    examined.mapping = mapping
    mapped = pipeline.map(message, mapping, inside.profile, currency, came)
    unmapped = pipeline.in_columns(mapping.unmapped(message.root, mapped), message)
    examined.unmapped = [finding for finding in unmapped if finding.rule == "MAP-01"]
    lost = [finding for finding in unmapped if finding.rule != "MAP-01"]  # the entity had a place for it: it must not go unsaid
    if examined.unmapped:
        lost.append(_left_out(examined.unmapped))
    content = held + pipeline.with_overrides(pipeline.in_columns([*mapped.findings, *lost], message), agreement)
    emptied = False
    if mapped.entity is not None:
        found = pipeline.validate(mapped.entity, agreement, _day(today))
        if promise is not None:
            found += pipeline.with_overrides(promise.judge(mapped.entity), agreement)
        content += pipeline.placed(found, mapping, message, inside.profile)
        examined.mapped = mapped.entity
        examined.entity = without_rows(mapped.entity, content)
        emptied = bool(mapped.entity.get("lines")) and not examined.entity.get("lines")
    examined.content = content
    examined.stops += promises.asked(content, agreement, promise)
    if examined.entity is None or emptied or pipeline.blocks(content):
        examined.fate = "quarantined"
    return examined


def _left_out(unmapped: Sequence[Finding]) -> Finding:
    """One finding that names every place of which nothing was taken."""
    named = ", ".join(finding.params["what"] for finding in unmapped[:_MOST_NAMED])
    more = " …" if len(unmapped) > _MOST_NAMED else ""
    return Finding("MAP-14", unmapped[0].place, got=named + more, params={"count": str(len(unmapped))})


def without_rows(entity: dict[str, Any], findings: Sequence[Finding]) -> dict[str, Any]:
    """The entity less the rows that a finding quarantines (`lines[2].gtin` with action row takes line 2 out)."""
    bad: set[tuple[str, int]] = set()
    for finding in findings:
        path = finding.place.path or ""
        if finding.severity == "error" and finding.action == "row" and "[" in path:
            member, _, rest = path.partition("[")
            index, _, _ = rest.partition("]")
            if index.isdigit():
                bad.add((member, int(index)))
    if not bad:
        return entity
    kept = dict(entity)
    for member in {member for member, _ in bad}:
        rows = kept.get(member)
        if isinstance(rows, list):
            kept[member] = [row for index, row in enumerate(rows) if (member, index) not in bad]
    return kept


def rows_left_out(whole: dict[str, Any] | None, kept: dict[str, Any] | None) -> int:
    """How many rows `without_rows` took out."""
    if whole is None or kept is None or whole is kept:
        return 0
    return sum(len(rows) - len(kept.get(member) or ()) for member, rows in whole.items() if isinstance(rows, list))


def _close(stream: BinaryIO, current: ExaminedInterchange, site: Site, whole: tuple[int, bytes] | None) -> None:
    """What can only be said at the end of an interchange: the hash of its own bytes, and whether its usage indicator was agreed."""
    offset, length = current.interchange.offset, current.interchange.length
    current.sha256 = whole[1] if whole is not None and offset == 0 and length == whole[0] else _hash_of(stream, offset, length)
    agreement = current.agreement
    if agreement is not None and agreement.envelope is not None and agreement.test and not current.interchange.test:
        answering = registry.answering_of(current.format)
        code = answering.refusals.production if answering is not None else None
        current.admission.append(Finding("AGR-02", got="P", expected="T", code=code))


def _hash_of(stream: BinaryIO, offset: int, length: int) -> bytes:
    position = stream.tell()
    stream.seek(offset)
    digest = hashlib.sha256()
    while length > 0 and (piece := stream.read(min(length, 1 << 20))):
        digest.update(piece)
        length -= len(piece)
    stream.seek(position)
    return digest.digest()


def settle_fates(interchange: ExaminedInterchange, messages: Sequence[ExaminedMessage], site: Site) -> None:
    """Sets of a refused interchange or group are not processed; a test interchange is not applied in a production site."""
    test = interchange.interchange.test and site.environment == "production"
    for examined in messages:
        if interchange.refused or interchange.group_refused(examined.group):
            examined.fate = "rejected"
        elif test and examined.fate in ("ready", "answer"):
            examined.fate = "test"


def _day(came: date) -> date:
    return came.date() if isinstance(came, datetime) else came


def reread(stream: BinaryIO, site: Site, claimant: Claimant, today: date) -> dict[int, tuple[ExaminedMessage, ExaminedInterchange]]:
    """Messages by their ordinals, read again from the original bytes with today's grammar and mapping."""
    found: dict[int, tuple[ExaminedMessage, ExaminedInterchange]] = {}
    for interchange in examine(stream, site, claimant, today).interchanges:
        for examined in interchange.messages:
            found.setdefault(examined.message.ordinal, (examined, interchange))
    return found


__all__ = [
    "Claimant",
    "Examination",
    "ExaminedInterchange",
    "ExaminedMessage",
    "Opened",
    "examine",
    "examine_message",
    "reread",
    "rows_left_out",
    "settle_fates",
    "walk",
    "without_rows",
]
