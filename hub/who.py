"""Who is it: which agreement a document belongs to, by what its credential allows and what its envelope says (docs/walk.md).

Several agreements that fit are a fault of the site (AGR-05); an envelope that fits none is a security event (SEC-01, SEC-02); one that
names nobody is no attempt to pass for another (AGR-06). Syntaxes without an envelope belong to the agreement that is named, or to the only
one of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from connectors import registry
from connectors.answering import NO_REFUSALS
from connectors.first_bytes import unreadable
from connectors.spec import STRICT, Format, Profile
from data_contracts.findings import Finding
from data_contracts.source import Interchange
from hub.site import Agreement, Site


@dataclass(slots=True)  # not frozen: one a document, and freezing triples what it costs to make
class Claimant:
    """Who sends, and to which of our organisations it may send. `agreement` narrows to one, where the flow names it."""

    partner: str
    organisations: frozenset[str] | None = None
    agreement: str | None = None


def candidates_of(site: Site, claimant: Claimant | None) -> list[Agreement]:
    """The agreements by which this sender may send; none without one."""
    if claimant is None:
        return []
    return [
        agreement
        for agreement in site.inbound(claimant.partner, claimant.organisations)
        if claimant.agreement is None or agreement.agreement == claimant.agreement
    ]


def choose_format(
    head: bytes, candidates: Sequence[Agreement], claimant: Claimant | None
) -> tuple[Format | None, Agreement | None, Finding | None]:
    """The syntax to read by, and the feed agreement where the syntax does not name its message."""
    sniffed = registry.sniff(head)
    if sniffed is None and (nothing := unreadable(head)) is not None:
        return None, None, nothing
    feeds = [agreement for agreement in candidates if agreement.grammar is not None]
    if sniffed is not None and any(c.format == sniffed.name and c.grammar is None for c in candidates):
        return sniffed, None, None
    if claimant is None:
        return (sniffed, None, None) if sniffed is not None else (None, None, registry.unrecognised(head))
    fitting = [feed for feed in feeds if sniffed is None or feed.format == sniffed.name]
    if not fitting and len(feeds) == 1 and (sniffed is None or len(candidates) == 1):
        fitting = feeds  # the agreed syntax says best why these bytes are none of its own
    if len(fitting) == 1:
        return registry.format_named(fitting[0].format), fitting[0], None
    if len(fitting) > 1:
        return None, None, Finding("AGR-04", expected=", ".join(sorted(feed.agreement for feed in fitting)))
    if sniffed is None and len({candidate.format for candidate in candidates}) == 1:
        return registry.format_named(candidates[0].format), None, None
    return (sniffed, None, None) if sniffed is not None else (None, None, registry.unrecognised(head))


def agreement_of(
    interchange: Interchange,
    syntax: Format,
    site: Site,
    claimant: Claimant | None,
    candidates: Sequence[Agreement],
    feed: Agreement | None,
    today: date,
) -> tuple[Agreement | None, list[Finding]]:
    """The one agreement that the envelope selects among those that the credential allows (design.md section 4, Who is it)."""
    if claimant is None or feed is not None:
        return feed, []
    fitting = [candidate for candidate in candidates if candidate.format == syntax.name]
    if claimant.agreement is not None and len(fitting) == 1 and interchange.sender is None and interchange.receiver is None:
        return fitting[0], []  # an answer that names nobody (cXML Response): who brought it said under which agreement
    selected = site.all_by_envelope(fitting, interchange.sender, interchange.receiver, today)
    if len(selected) == 1:
        return selected[0], []
    if selected:  # our own fault, and none of the sender's: the document is held until the site is mended
        names = ", ".join(sorted(one.agreement for one in selected))
        return None, [Finding("AGR-05", expected=names, got=f"{interchange.sender} > {interchange.receiver}")]
    if (agreement := _by_what_is_stated(interchange, fitting, today)) is not None:
        return agreement, []
    if interchange.sender is None and interchange.receiver is None and fitting:
        named = sorted(f"{one.envelope.sender} > {one.envelope.receiver}" for one in fitting if one.envelope)
        return None, [Finding("AGR-06", expected=", ".join(named))]  # nobody is named, so nobody pretends to be another
    refusals = answering.refusals if (answering := registry.answering_of(syntax.name)) is not None else NO_REFUSALS
    senders = {candidate.envelope.sender for candidate in fitting if candidate.envelope}
    if interchange.sender not in senders:
        place, code = refusals.sender
        return None, [Finding("SEC-01", place=place, expected=", ".join(sorted(senders)), got=interchange.sender, code=code)]
    receivers = {candidate.envelope.receiver for candidate in fitting if candidate.envelope}
    place, code = refusals.receiver
    return None, [Finding("SEC-02", place=place, expected=", ".join(sorted(receivers)), got=interchange.receiver, code=code)]


def _by_what_is_stated(interchange: Interchange, candidates: Sequence[Agreement], today: date) -> Agreement | None:
    """The only agreement that fits an envelope which leaves its sender or receiver out (B2MML states no receiver, a bare object neither):
    one that states the same of what is stated, or whose partner is known by the credential alone.
    """
    sender, receiver = interchange.sender, interchange.receiver
    if sender is not None and receiver is not None:
        return None
    fitting = []
    for candidate in candidates:
        known = candidate.envelope
        fits = known is None or (sender == known.sender and receiver is None) or (receiver == known.receiver and sender is None)
        if fits and candidate.valid.covers(today):
            fitting.append(candidate)
    return fitting[0] if len(fitting) == 1 else None


def tolerant_profile(site: Site, candidates: Sequence[Agreement]) -> Profile:
    """The profile to open an envelope with, before it has told whose it is: as tolerant as any of the sender's agreements."""
    profiles = [site.profile(candidate) for candidate in candidates]
    if not profiles:
        return STRICT
    if len(profiles) == 1:
        return profiles[0]
    return replace(
        profiles[0],
        unpadded_isa=any(profile.unpadded_isa for profile in profiles),
        accept_with_errors=any(profile.accept_with_errors for profile in profiles),
        lenient=any(profile.lenient for profile in profiles),
    )
