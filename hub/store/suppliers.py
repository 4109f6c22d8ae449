"""By what names orders call our partners, and whose documents may therefore speak of an order.

A partner is known by its GLN, by its party code in the master data of each of our systems, and by the GLNs that these master data give
to that code. A code means something in the system only that gave it: `V1` of one ERP is another company than `V1` of the other. Codes of
digits are compared without the zeros before them: SAP sends 0000100234 and shows 100234.
What a partner says of itself does not count: its file in the site and the records of our own systems do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from hub.store.crosswalk import OWN_SYSTEMS, bare
from hub.store.lists import among
from hub.store.tables import crosswalk, partner

PartyCode = tuple[str, str]
"""System (key of its partner) and code."""


def one_of(column: sa.ColumnElement[str], codes: Collection[str]) -> sa.ColumnElement[bool]:
    """Whether a column holds one of these party codes, compared as `bare` does."""
    digits = sorted({bare(code) for code in codes if code.isdecimal()})
    return sa.or_(column.in_(sorted(set(codes))), sa.func.ltrim(column, "0").in_(digits)) if digits else column.in_(sorted(set(codes)))


@dataclass(frozen=True, slots=True)
class Identities:
    """By what orders may name one partner."""

    glns: frozenset[str] = frozenset()
    codes: frozenset[PartyCode] = frozenset()
    """Codes are `bare`."""

    def named(self, system: str, code: str | None, gln: str | None) -> bool:
        """Whether an order of this system that names its supplier by code and GLN (null: not said) means this partner."""
        return (gln is not None and gln in self.glns) or (code is not None and (system, bare(code)) in self.codes)


@dataclass(frozen=True, slots=True)
class Suppliers:
    """Identities of partners that are none of our own systems, by partner id."""

    known: Mapping[int, Identities] = field(default_factory=dict)

    def of(self, partner_id: int) -> Identities:
        """Empty for our own systems and for partners that nothing names."""
        return self.known.get(partner_id, Identities())


def suppliers(connection: sa.Connection) -> Suppliers:
    """Identities of all partners, from the site's files and the crosswalk of our own systems' party records."""
    rows = connection.execute(sa.select(partner.c.id, partner.c.key, partner.c.kind, partner.c.gln, partner.c.party)).all()
    own = {row.key for row in rows if row.kind in OWN_SYSTEMS}
    glns = {row.id: {row.gln} if row.gln else set() for row in rows if row.key not in own}
    stated = {row.id: dict(row.party or {}) for row in rows if row.key not in own}
    codes = {number: {(system, bare(code)) for system, code in party.items()} for number, party in stated.items()}
    by_name: dict[tuple[str, str], set[int]] = {}
    for number in glns:
        for gln in glns[number]:
            by_name.setdefault(("gln", gln), set()).add(number)
        for system, code in stated[number].items():
            for spelling in {code, bare(code)}:
                by_name.setdefault((f"code:{system}", spelling), set()).add(number)
    if by_name:
        _learn(connection, own, by_name, glns, codes)
    return Suppliers({number: Identities(frozenset(glns[number]), frozenset(codes[number])) for number in glns})


def _learn(
    connection: sa.Connection,
    own: set[str],
    by_name: Mapping[tuple[str, str], set[int]],
    glns: Mapping[int, set[str]],
    codes: Mapping[int, set[PartyCode]],
) -> None:
    """Add the other names of the party records that bear one of the known names. Only records of our own systems count."""
    found = sa.select(crosswalk.c.scheme, crosswalk.c.value, crosswalk.c.golden_id).where(crosswalk.c.kind == "party")
    meant: dict[int, set[int]] = {}
    for scheme, value, golden in connection.execute(
        found.where(among(connection, crosswalk.c.value, sorted({value for _, value in by_name})))
    ):
        meant.setdefault(golden, set()).update(by_name.get((scheme, value), ()))
    if not meant:
        return
    rows = connection.execute(found.where(among(connection, crosswalk.c.golden_id, sorted(meant)))).all()
    ours = {golden for scheme, _, golden in rows if scheme.startswith("code:") and scheme[5:] in own}
    for scheme, value, golden in rows:
        for number in meant[golden] if golden in ours else ():
            if scheme == "gln":
                glns[number].add(value)
            elif scheme.startswith("code:") and scheme[5:] in own:
                codes[number].add((scheme[5:], bare(value)))
