"""Pulling what changed at a system: each page is landed together with the watermark that it covers, so that a crash at any moment
neither loses nor repeats.

Hop 1 and 2 of flows whose transport asks a system (`connectors.spec.Polling`). A page is a document with its bytes as they came. Records
that were taken in before in the same version change nothing: a page that holds no other is not landed, and in one that does they are
passed over. Where a grammar puts records together (`group`) a message is none of them alone: then all of the page is taken in, and all that
belongs together must come on one page. Records are flagged as exported at the peer (`acknowledge`) only once their page is durable; when
that fails, the page comes again, is known, and is flagged then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from typing import Any

from connectors.feed import Grouping, grammar_for
from connectors.page_rounds import Rounds
from connectors.pull_marks import ahead
from connectors.registry import format_named, transport_named
from connectors.spec import CUT, Page, Polling, Streaming
from data_contracts.errors import ConfigError, ConflictError, HubError, InvalidError, NotFoundError, RetriableError
from data_contracts.findings import Finding, Place
from hub.runtime import Hub
from hub.site import Agreement, Flow, Site
from hub.store import evidence, watermarks
from hub.store.inbox import Delivery, Landing
from hub.store.types import storable
from hub.store.unit_of_work import UnitOfWork
from hub.store.watermarks import Mark

Land = Callable[[Hub, Delivery, Callable[[UnitOfWork, Landing], None]], Landing]
Ask = Callable[[dict[str, Any], str | None], Iterator[Page]]


def poll(hub: Hub, flow: Flow, transport: Polling, land: Land) -> list[Landing]:
    """One pull of a flow, page by page; returns the pages that held something new.

    What a pull has landed stays when it fails further on; the failure is shown with the watermark, and raised.
    """
    return [landing for landing in polled(hub, flow, transport, land, transport.pages) if landing is not None]


def polled(hub: Hub, flow: Flow, transport: Polling, land: Land, ask: Ask) -> Iterator[Landing | None]:
    """The same while it goes on: of each page of `ask` what came of it, None where it held nothing new. Whoever stops loses nothing."""
    settings = polling_settings(hub, flow)
    agreement = hub.site.agreements[flow.agreement]
    by = f"flow:{flow.flow}"
    with hub.database.begin(by) as uow:
        mark = watermarks.opened(uow, flow.flow, hub.organisation_id(agreement.organisation), hub.partner_id(agreement.partner))
    reached, at_once = mark.value, isinstance(transport, Streaming)
    rounds = Rounds(flow.flow, one_by_one="each" in flow.transport)
    refused: dict[str, str] = {}
    try:
        with closing(_closable(ask(settings, mark.value))) as asked:
            for page in _alone(flow, asked) if _puts_together(hub, flow) else asked:
                several = _several(page)
                taken, known = _sorted_out(hub, flow.flow, page, several)
                told = _told(page, known) + [
                    Finding("PUL-05", params={"what": key}) for key in sorted(several.keys() & {key for key, _ in taken})
                ]
                if taken and known and not _one_by_one(hub, agreement, page):
                    known = []
                value = page.watermark if page.watermark is not None else reached
                landing: Landing | None = None
                if page.records is None or taken:
                    landing, mark = _landed(hub, flow, page, mark, value, taken, known, told, land)
                elif (at_once and value != mark.value) or not page.content or page.findings:
                    with hub.database.begin(by) as uow:
                        mark = watermarks.moved(uow, mark, value) if value != mark.value else mark
                        _tell(hub, uow, flow, page.findings, None)
                        if not page.content:
                            watermarks.ended(uow, flow.flow)  # a stream: the connection stands, and nothing waits
                reached = value  # only now: a page that could not be landed covers nothing
                transport.acknowledge(settings, page)
                if not at_once:
                    rounds.passed(page)
                refused |= _unflagged(hub, flow, page, {key for key, _ in taken} - refused.keys(), landing)
                yield landing
    except Exception as error:
        _ended(hub, flow.flow, mark, reached, str(error) if isinstance(error, HubError) else f"{type(error).__name__}: {error}")
        raise
    _ended(hub, flow.flow, mark, reached, _not_flagged(refused))


def _told(page: Page, known: Sequence[int]) -> list[Finding]:
    """What there is to tell of a page and of its records, but for those that were known: of them it was told when they came."""
    passed = set(known)
    return [*page.findings, *(finding for ordinal, finding in page.record_findings if ordinal not in passed)]


def _unflagged(hub: Hub, flow: Flow, page: Page, taken: Collection[str], landing: Landing | None) -> dict[str, str]:
    """The records that the peer refused to flag so far, with its reasons. Of those that this page brought it is told, once."""
    refused = {key: reason for key, reason in page.unflagged.items() if reason is not None}
    found = [Finding("PUL-03", Place(), None, refused[key], params={"what": key}) for key in refused if key in taken]
    if found:
        with hub.database.begin(f"flow:{flow.flow}") as uow:
            _tell(hub, uow, flow, found, landing.document_id if landing is not None else None)
    return refused


def _not_flagged(refused: Mapping[str, str]) -> str | None:
    """What is shown with the watermark for as long as it is so."""
    if not refused:
        return None
    key, reason = next(iter(refused.items()))
    return f"{len(refused)} not flagged as exported, for the peer refuses it: {key}: {reason}"


def _ended(hub: Hub, flow: str, mark: Mark, reached: str | None, failure: str | None = None) -> None:
    """Keep how far a pull got through pages that held nothing new, and how it ended.

    Such pages keep nothing by themselves: a pull that finds nothing new would leave an entry in the audit trail for each.
    """
    by = f"flow:{flow}"
    if reached != mark.value:
        try:
            with hub.database.begin(by) as uow:
                watermarks.moved(uow, mark, reached)
        except RetriableError as error:  # another fetch of this flow was faster
            if failure is None:
                _ended(hub, flow, mark, mark.value, str(error))
                raise
    with hub.database.begin(by) as uow:
        watermarks.ended(uow, flow, failure)


def _closable(pages: Iterator[Page]) -> Generator[Page, None, None]:
    """Closed, it closes the connection that a stream's pages come by."""
    yield from pages


def grouping_of(site: Site, agreement: Agreement) -> Grouping | None:
    """How the grammar of a feed puts rows together; None where each is a message. Raises ConfigError for one that cannot be loaded."""
    if agreement.grammar is None:
        return None
    return grammar_for(agreement.format, agreement.grammar, site.profile(agreement)).group


def _puts_together(hub: Hub, flow: Flow) -> bool:
    """Whether the rows of one answer are one message or several, as the grammar groups them, and no more than one answer makes it up.

    A delta with `rows` ends each page behind a whole record, and of `each` every question is answered by itself.
    """
    agreement = hub.site.agreements[flow.agreement]
    delta = flow.transport.get("delta")
    if not isinstance(delta, Mapping) or delta.get("rows") is True or flow.transport.get("each") is not None:
        return False
    return grouping_of(hub.site, agreement) is not None


def _alone(flow: Flow, pages: Iterator[Page]) -> Iterator[Page]:
    """The only page of a pull. Raises ConfigError when another holds records, before the first is landed: what a place holds in the rows
    of one page would take away what stands on the next.
    """
    held: Page | None = None
    for page in pages:
        if held is not None and held.records and page.records:
            raise ConfigError(
                f"flow {flow.flow}: the grammar puts rows together (group), and they came on several pages: ask for larger ones"
            )
        if held is not None:
            yield held
        held = page
    if held is not None:
        yield held


def _one_by_one(hub: Hub, agreement: Agreement, page: Page) -> bool:
    """Whether the messages of a page are its records, one each, or it has none."""
    syntax = format_named(agreement.format)
    events = syntax.read(BytesIO(page.content), hub.site.profile(agreement), agreement.grammar)
    return sum(event.kind == "message" for event in events) in (0, len(page.records or ()))


def _sorted_out(hub: Hub, flow: str, page: Page, several: Mapping[str, str]) -> tuple[list[tuple[str, str]], list[int]]:
    """The records of a page that are new or changed, and the ordinals of those that are known as they are."""
    if page.records is None:
        return [], []
    records = [(storable(key), version) for key, version in page.records]
    with hub.database.read() as connection:
        versions = watermarks.versions(connection, flow, {key for key, _ in records})
    taken, known = [], []
    seen: set[tuple[str, str]] = set()
    for ordinal, (key, version) in enumerate(records, 1):
        said = several.get(key, version)
        as_before = key in versions and (version == "" or said == versions[key])
        if version == CUT or as_before or (key, version) in seen:
            known.append(ordinal)
        else:
            seen |= {(key, version), (key, "")}
            taken.append((key, said))
    return taken, known


def _several(page: Page) -> dict[str, str]:
    """The ids of which a page holds several records that say different things, and one version of all of those: else each would be a
    change of the other, with every pull."""
    said: dict[str, list[str]] = {}
    for key, version in page.records or ():
        if version not in (CUT, "", *said.get(storable(key), ())):
            said.setdefault(storable(key), []).append(version)
    return {key: sha256("".join(versions).encode()).hexdigest()[:32] for key, versions in said.items() if len(versions) > 1}


def _landed(
    hub: Hub,
    flow: Flow,
    page: Page,
    mark: Mark,
    value: str | None,
    taken: Sequence[tuple[str, str]],
    known: Sequence[int],
    told: Sequence[Finding],
    land: Land,
) -> tuple[Landing, Mark]:
    """Land a page and move the watermark in one transaction.

    Where records are known by their versions, the turn is part of the key: the same page may say the same again after it said
    otherwise. Where they are not, position and content are all that tells a repeat.
    """
    agreement = hub.site.agreements[flow.agreement]
    turn = "" if page.records is None else f"{mark.turn}/"
    moved: list[Mark] = []

    def move(uow: UnitOfWork, landing: Landing) -> None:
        fresh = landing.outcome == "new"
        if fresh:
            _tell(hub, uow, flow, told, landing.document_id)
        moved.append(
            watermarks.moved(uow, mark, value, document_id=landing.document_id, taken=taken, known=known)
            if fresh
            else watermarks.moved(uow, mark, value)
        )

    landing = land(
        hub,
        Delivery(
            organisation_id=hub.organisation_id(agreement.organisation),
            partner_id=hub.partner_id(agreement.partner),
            channel=str(flow.transport["use"]),
            delivery_key=f"{flow.flow}/{mark.begun}/{turn}{page.delivered.delivery_key}",
            stream=BytesIO(page.content),
            name=page.delivered.name,
            media_type=page.delivered.media_type,
            flow=flow.flow,
            received_by=f"flow:{flow.flow}",
        ),
        move,
    )
    return landing, moved[-1]


def _tell(hub: Hub, uow: UnitOfWork, flow: Flow, told: Sequence[Finding], document_id: int | None) -> None:
    """Keep what a transport has to tell of a page, with its document where it has one."""
    if told:
        agreement = hub.site.agreements[flow.agreement]
        whose = hub.partner_id(agreement.partner), hub.organisation_id(agreement.organisation)
        evidence.add_findings(uow, [evidence.Found(finding, document_id, None, None, *whose) for finding in told])


def polling_settings(hub: Hub, flow: Flow) -> dict[str, Any]:
    """The flow's transport settings, with the hub's clock, and the charset that the agreement states where the transport reads text."""
    agreement = hub.site.agreements.get(flow.agreement)  # what is compared with a register has none
    charset = None if agreement is None else hub.site.profile(agreement).charset
    settings = hub.transport_settings(flow) | {"clock": hub.clock.now}
    if charset is not None and "charset" in getattr(transport_named(flow.transport["use"]), "settings", ()):
        settings.setdefault("charset", charset)
    return settings


def rewind(hub: Hub, name: str, to: str | None, by: str, reason: str, *, again: bool) -> dict[str, Any]:
    """A person sets a flow's watermark: null from the beginning. Returns the watermark before and after.

    What is known by id and version still changes nothing, unless it is to be taken in `again`. Raises NotFoundError for a flow that pulls
    nothing, ConflictError without a reason, ConfigError for a text that is no watermark of this flow, InvalidError for a stamp that lies
    ahead: until then nothing would come, and no failure would say so.
    """
    flow = hub.site.flows.get(name)
    transport = transport_named(flow.transport["use"]) if flow is not None and flow.direction == "in" else None
    if flow is None or not isinstance(transport, Polling):
        raise NotFoundError(f"there is no flow {name} that asks a system for what changed")
    if not reason.strip():
        raise ConflictError("a reason is needed: it is kept in the audit trail")
    value = transport.watermark(polling_settings(hub, flow), to) if to is not None else None
    if to is not None and value is None:
        raise ConfigError(f"{to!r} is no watermark of the flow {name}")
    if (
        value is not None
        and flow.transport.get("delta", {}).get("kind") != "token"
        and (stamp := ahead(value, hub.clock.now())) is not None
    ):
        raise InvalidError(f"{stamp} lies ahead: the flow {name} would pass over everything that changes until then")
    with hub.database.begin(by) as uow:
        return watermarks.rewound(uow, name, value, reason, again=again)
