"""What the tasks do, without Airflow: each function opens the hub, does one step of the walk, and returns ids and counts only.

Every step looks at what is there, not at what a step before it said it did: documents that wait, facts that nobody was told of,
deliveries that are due. So a step may be tried again after any failure, at any moment, and finds only what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from data_contracts.errors import ConfigError, FatalError, RetriableError
from hub import audit, outbound, pipeline, worker
from hub.cases import signatures
from hub.runtime import Hub
from hub.site import Flow
from hub.store import approvals, claims, waiting
from hub.store.types import micros

BATCHES = 200
"""Most batches of one run (100 000 documents); what is above waits for the next. Airflow refuses to map over more than 1024."""
ATTEMPTS = 5
"""Times that a document may be claimed without an end before it is put aside for a person."""

_log = structlog.get_logger(__name__)


@contextmanager
def opened() -> Iterator[Hub]:
    """A hub by the environment's settings, with its connections given back at the end."""
    hub = Hub.open()
    try:
        yield hub
    finally:
        hub.database.close()


def fetch(flow: str) -> list[list[int]]:
    """Hops 1 and 2: land what waits at the flow's source. Returns the flow's waiting documents as batches of ids.

    Also those that an earlier run landed without coming so far as to say so.
    """
    with opened() as hub:
        landed = pipeline.fetch(hub, _flow(hub, flow, "in"))
        _log.info("fetched", flow=flow, documents=len(landed), new=sum(one.outcome == "new" for one in landed))
        return _batches(hub, flow)


def backlog() -> list[list[int]]:
    """Documents of every source that wait and that nobody has: posts by HTTP, and what a lost worker left behind."""
    with opened() as hub:
        return _batches(hub, None)


def process(document_ids: Sequence[int]) -> int:
    """Hops 3 to 7 on a batch, what was tried before one by one. Returns how many of it were done here; the rest was done already.

    Raises RetriableError while another worker, perhaps one that died, still holds some of them.
    """
    with opened() as hub:
        done = 0
        failed: list[Exception] = []
        while claimed := claims.claim_these(hub.database, document_ids, worker.LEASE_SECONDS):
            failed += worker.process(hub, claimed).values()
            done += len(claimed)
        if failed:  # they stopped none of the others, and rest before they may be claimed again
            raise failed[0]
        left = _left(hub, document_ids)
    if left:
        raise RetriableError(f"{len(left)} of {len(document_ids)} documents are with another worker, document/{left[0]} first")
    return done


def reconcile() -> int:
    """Hop 7, second half. Returns how many keys were looked at."""
    with opened() as hub:
        return pipeline.reconcile(hub)


def push_after(flow: str) -> list[int]:
    """After an inbound flow: write what its facts make due, by every outbound flow that they feed. Returns the new exchanges' ids.

    A flow that fails stops none of the others; its error is raised when all have had their turn.
    """
    with opened() as hub:
        inbound = _flow(hub, flow, "in")
        if inbound.compare is not None:  # an extract of a register makes no facts
            return []
        source = hub.site.agreements[inbound.agreement]
        made: list[int] = []
        failed: list[Exception] = []
        for target in hub.site.flows.values():
            if (
                target.direction == "out"
                and target.enabled
                and target.on.get("partner") == source.partner
                and hub.site.agreements[target.agreement].organisation == source.organisation
            ):
                try:
                    made += outbound.push(hub, target)
                except FatalError:
                    raise
                except Exception as error:  # noqa: BLE001 - raised below: one flow's trouble must not keep the others from telling
                    _log.error("push failed", flow=target.flow, reason=f"{type(error).__name__}: {error}")
                    failed.append(error)
        if failed:
            raise failed[0]
        return made


def push(flow: str) -> list[int]:
    """Write what an outbound flow has not told yet. Returns the new exchanges' ids."""
    with opened() as hub:
        return outbound.push(hub, _flow(hub, flow, "out"))


def approved(flow: str) -> bool:
    """Whether nothing of an outbound flow waits for a steward any more. The decision itself is the hub's: who, when and why are there."""
    with opened() as hub, hub.database.read() as connection:
        waiting = approvals.listed(connection, flow=_flow(hub, flow, "out").flow)
    for one in waiting:
        _log.info("waits for approval", flow=flow, approval=one["id"], facts=one["count"])
    return not waiting


def send() -> int:
    """Deliver everything in the outbox that is due. Returns the number of deliveries tried; a failed one is due again later."""
    tried = 0
    with opened() as hub:
        while done := outbound.send(hub):
            tried += done
    return tried


def watch() -> int:
    """Find acknowledgements that are overdue. Returns how many are new."""
    with opened() as hub:
        return outbound.watch(hub)


def set_aside() -> list[int]:
    """Quarantine the documents that no worker ever finished. Returns their ids."""
    with opened() as hub, hub.database.begin("maintenance") as uow:
        return claims.set_aside(uow, ATTEMPTS)


def verify_audit() -> dict[str, str]:
    """Check every chain of the audit against the head exported last and every signature of cases, then export the new head to
    `<home>/audit/head.json`.

    Returns organisation id to "entries hash". Raises FatalError when a chain or signature does not hold; the old head then stays.
    """
    with opened() as hub, hub.database.read() as connection:
        path = hub.settings.home / "audit" / "head.json"
        broken = audit.verify_all(connection, audit.read_heads(path) if path.exists() else None)
        faults = [f"audit of organisation {one.organisation_id}: entry {one.sequence} {one.why}" for one in broken]
        faults += [f"case {case_id}: the signature of step {step} is broken" for case_id, step in signatures.verify_all(connection)]
        if faults:
            raise FatalError("; ".join(faults))
        path.parent.mkdir(exist_ok=True, mode=0o700)
        return {str(number): f"{head.sequence} {head.hash}" for number, head in audit.export_head(connection, path).items()}


def check_quality() -> str:
    """Hold the canonical tables against their contracts, the site's own first, look for flows that are silent or odd in
    volume, and write the report to `<home>/quality`.

    Returns the folder. Data that breaks a contract is a result, not a failure. Raises ConfigError, after the report is written, when
    rules could not be judged at all.
    """
    from hub.quality import report, run, silence  # Great Expectations takes seconds to import, and no other step needs it

    with opened() as hub:
        own = hub.site.folder / "contracts"
        done = run.run(hub.database, hub.clock, folders=(own,) if own.is_dir() else ())
        silence.watch(hub)
        folder = hub.settings.home / "quality"
        with hub.database.read() as connection:
            report.write(connection, folder)
    unjudged = [f"{result.contract} {rule.rule}" for result in done for rule in result.errors]
    if unjudged:
        raise ConfigError(f"rules that could not be judged: {', '.join(unjudged)}; the report in {folder} says why")
    return str(folder)


def _flow(hub: Hub, name: str, direction: str) -> Flow:
    flow = hub.site.flows.get(name)
    if flow is None or flow.direction != direction:
        raise ConfigError(f"the site {hub.site.folder} has no flow {name!r} of direction {direction}")
    return flow


def _batches(hub: Hub, flow: str | None) -> list[list[int]]:
    with hub.database.read() as connection:
        return waiting.batches(connection, micros(hub.clock.now()), flow=flow, size=worker.BATCH, large=worker.LARGE, most=BATCHES)


def _left(hub: Hub, document_ids: Sequence[int]) -> list[int]:
    with hub.database.read() as connection:
        return waiting.still_waiting(connection, document_ids)
