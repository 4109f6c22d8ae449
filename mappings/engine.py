"""Mappings: from source records to canonical entities and back, by the same rows.

    mapping = load("x12/856", [site / "mappings"])
    mapped = mapping.read(message.root, Context(time_zone="Asia/Shanghai", components=message.components))
    mapping.trace(message.root, context)["lines[2].quantity"].place      # segment, position, element
    load("x12/850").write(order, context)                                # the mirror

The words of a mapping file are explained in README.md beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from data_contracts.errors import ConfigError
from data_contracts.findings import Finding
from data_contracts.source import SourceRecord
from mappings.alone import findings_of
from mappings.compile import Compiled, compile_scope
from mappings.compile_write import compile_writer
from mappings.context import Context, Mapped, place_of
from mappings.coverage import Coverage
from mappings.events import MAPPINGS
from mappings.getters import MOST_FINDINGS, Run
from mappings.ordinals import number_others
from mappings.path import COMPONENT_MARK, locate
from mappings.plan import Plan, Refusal, make_plan
from mappings.resolve import resolve, shipped_names
from mappings.trace import Origin, trace
from mappings.write import UnwritableError, Writer, number_positions, unwritten

__all__ = ["Context", "Mapped", "Mapping", "Origin", "UnwritableError", "load", "shipped_names"]

_HEADER = ("number", "issued_at")
_DEEPEST = 64
"""Levels of nesting that are read; real messages have fewer than ten. It bounds recursion and the walk to ancestors."""


def load(name: str, folders: Sequence[Path] = ()) -> Mapping:
    """The mapping `name`, `x12/856`; `folders` are mapping folders of the site, asked before the shipped ones.

    Compiles it; keep the result. Raises ConfigError naming file, row and column. Those of visibility events (`epcis/ObjectEvent`) need no
    file: the standard is canonical.
    """
    if name in MAPPINGS:
        return cast("Mapping", MAPPINGS[name])
    return Mapping(make_plan(resolve(name, folders)))


class Mapping:
    """One compiled mapping. Safe to share between threads once it is loaded."""

    def __init__(self, plan: Plan) -> None:
        content = plan.content
        self.name = content.name
        self.version = content.version
        """`1`, or `2+1` for overlay version 2 on base version 1."""
        self.format = content.format
        self.message = content.message
        self.entity = content.entity
        self.direction = content.direction
        always = [rule for rule in plan.root.rules if rule.to == ("purpose",) and rule.const and not rule.when]
        self.purpose: str | None = str(always[0].const) if always else None
        """The only purpose of this message (UBL OrderCancellation: cancel); null where it states its purpose, or has none."""
        kinds = [rule for rule in plan.root.rules if rule.to == ("kind",) and rule.writes]
        self.kinds = frozenset(kind for rule in kinds if rule.table is not None for kind in rule.table.written) if kinds else None
        """Which kinds of its entity the message can say (of invoices: credit notes); null where it says none, and has one kind only."""
        self.hash = content.hash
        """SHA-256 of `body`, hex."""
        self.body = content.body
        """The complete content as YAML: overlays laid on, fragments and code tables put in."""
        self.plan = plan
        made = Compiled(content.format == "edifact")
        self._read = compile_scope(plan.root, made)
        self._scopes = made.scopes
        self._alone = made.alone
        self._write = compile_writer(plan)
        self._coverage = Coverage(plan, made.anchors)

    def read(self, root: SourceRecord, context: Context) -> Mapped:
        """The canonical entity of a message with what is wrong in it. Never raises for data."""
        if self.direction == "out":
            raise ConfigError(f"mapping {self.name}: it only writes")
        context = self._own(context)
        below = _too_deep(root)
        if below is not None:
            return Mapped(None, [Finding("MAP-09", place_of(below), expected=str(_DEEPEST))])
        run = Run(context, self._scopes)
        out = self._read(root, 1, run)
        if out is not None and run.unnumbered:
            number_others(out, run)
        for refusal in self.plan.expected:
            _refuse(refusal, root, out or {}, run)
        if run.dropped:
            run.findings.append(Finding("MAP-10", place_of(root), str(MOST_FINDINGS), str(run.dropped)))
        if out is None or any(name not in out for name in _HEADER):
            return Mapped(None, run.findings, run)
        return Mapped({"entity": self.entity, **out}, run.findings, run)

    def trace(self, root: SourceRecord, context: Context) -> dict[str, Origin]:
        """Canonical path (`lines[2].quantity`, lists counted from 0) to where its value came from."""
        return trace(self.plan, root, self._own(context)) if _too_deep(root) is None else {}

    def unmapped(self, root: SourceRecord, mapped: Mapped) -> list[Finding]:
        """What this message says and `mapped`, which `read` made of it, does not take.

        MAP-01 for what is neither mapped nor ignored, MAP-05 for what comes again and is kept once (MAP-13 where that holds it), MAP-11
        for what a row names and did not take here; MAP-15 for lines that took a number beside others that state theirs.
        """
        if mapped.run is None:  # nested too deep, nothing was read
            return []
        found = self._coverage.unmapped(root, mapped.run)
        mark = COMPONENT_MARK if self.format == "edifact" else ":"
        if self._alone and (others := findings_of(self._alone, mapped.run, mark)):
            held = {finding.place for finding in others if finding.rule == "MAP-13"}
            found = [finding for finding in found if finding.rule != "MAP-05" or finding.place not in held]
            told = {finding.place for finding in found}
            found += (finding for finding in others if finding.place not in told)
        return [*found, *mapped.run.ordinals]

    def write(self, entity: AbstractMapping[str, Any], context: Context) -> SourceRecord:
        """The source record tree of an entity. Raises UnwritableError (a ValueError with findings) for values that it can't say."""
        self._refuse_to_write()
        try:
            root = self._write(entity, Writer(self.plan, context))
        except ValueError:
            root = Writer(self.plan, context).write(entity)
        number_positions(root)
        return root

    def unwritten(self, entity: AbstractMapping[str, Any], context: Context) -> list[Finding]:
        """MAP-06 for members of the entity that `write` finds no place for."""
        return unwritten(entity, self._written(entity, context)[1])

    def _own(self, context: Context) -> Context:
        """EDIFACT trees have their own component mark; elsewhere the document's is in force."""
        if self.format != "edifact" or context.components == COMPONENT_MARK:
            return context
        return replace(context, components=COMPONENT_MARK)

    def _written(self, entity: AbstractMapping[str, Any], context: Context) -> tuple[SourceRecord, set[str]]:
        self._refuse_to_write()
        writer = Writer(self.plan, context)
        root = writer.write(entity)
        number_positions(root)
        return root, writer.written

    def _refuse_to_write(self) -> None:
        if self.direction == "in":
            raise ConfigError(f"mapping {self.name}: it only reads")


def _refuse(refusal: Refusal, root: SourceRecord, out: AbstractMapping[str, Any], run: Run) -> None:
    """MAP-07 for what stands in the source and must not, under this mapping."""
    allowed, never = refusal.values, refusal.never
    if allowed is None and not never:
        said: Any = out
        for name in refusal.same:
            said = said.get(name) if isinstance(said, AbstractMapping) else None
        if said is None:
            return
        allowed = frozenset((said,))
    for place in locate(refusal.path, root, run.context.components):
        if (place.text in never if allowed is None else place.text not in allowed) and not run.full():
            where = place_of(place.record, place.key, place.component)
            params = {"what": refusal.path.text, "reason": refusal.reason}
            expected = f"≠ {', '.join(sorted(never))}" if allowed is None else ", ".join(sorted(allowed))
            run.findings.append(Finding("MAP-07", where, expected, place.text, params=params))


def _too_deep(root: SourceRecord) -> SourceRecord | None:
    """A record below the deepest level that is read, if there is one."""
    level = [root]
    for _ in range(_DEEPEST):
        level = [child for record in level for child in record.children if child.children]
        if not level:
            return None
    return level[0]
