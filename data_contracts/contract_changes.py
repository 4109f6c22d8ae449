"""What changed between two versions of a data contract, and whom it breaks: what `udihub contract diff` tells.

Two sides rely on a contract. Readers take the rows and rely on what is promised; writers (the partner of a feed, the mapping of a dataset)
rely on what is allowed. So a looser promise breaks readers, a stricter demand breaks writers, and what is added without being asked
breaks nobody. A rule of severity warning or info demands nothing, and one that goes takes no promise along.

Each change is a finding: severity error where it breaks somebody, info where it does not, `place.path` the column or rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from data_contracts.contract import ACTIONS, SEVERITIES, Column, Contract, QualityRule, ServiceLevel
from data_contracts.findings import Finding, Place

Side = Literal["readers", "writers"]
_WIDER = {("integer", "number"), ("date", "timestamp"), ("integer", "string"), ("number", "string"), ("boolean", "string")}
_WIDER |= {("date", "string"), ("timestamp", "string")}
_LOWER, _UPPER = ("minLength", "minimum"), ("maxLength", "maximum")


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `breaks` names the sides that it breaks; nobody where it is empty."""

    rule: str
    """CON-30 …: what kind of change."""
    path: str
    breaks: frozenset[Side] = frozenset()
    was: str | None = None
    now: str | None = None

    def finding(self, side: Side | None = None) -> Finding:
        """As a finding for one side, or for both."""
        broken = bool(self.breaks if side is None else self.breaks & {side})
        whom = " + ".join(sorted(self.breaks)) or "nobody"
        return Finding(
            self.rule,
            Place(path=self.path),
            expected=self.was,
            got=self.now,
            severity="error" if broken else "info",
            params={"path": self.path, "whom": whom},
        )


READERS: frozenset[Side] = frozenset({"readers"})
WRITERS: frozenset[Side] = frozenset({"writers"})
BOTH = READERS | WRITERS


def changes(old: Contract, new: Contract) -> list[Change]:
    """Every change of columns, key, rules, service levels and words, in that order."""
    return [*_columns(old, new), *_key(old, new), *_rules(old, new), *_services(old, new), *_words(old, new)]


def version_fault(old: Contract, new: Contract, breaking: bool) -> Finding | None:
    """Why the new version's number does not say what happened; null where it does. Before 1.0.0 the second number counts as the first."""
    before, after = _numbers(old.version), _numbers(new.version)
    if before is None or after is None:
        return Finding("CON-06", Place(path="version"), got=new.version if after is None else old.version)
    if new.body == old.body:
        return None
    if after <= before:
        return Finding("CON-51", Place(path="version"), expected=_raised(before, breaking), got=new.version)
    raised = after[0] > before[0] or (before[0] == 0 and after[:2] > before[:2])
    return Finding("CON-50", Place(path="version"), expected=_raised(before, True), got=new.version) if breaking and not raised else None


def _numbers(version: str) -> tuple[int, int, int] | None:
    match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))


def _raised(before: tuple[int, int, int], breaking: bool) -> str:
    major, minor, _ = before
    return f"{major + 1}.0.0" if breaking and major else f"{major}.{minor + 1}.0"


# --- columns -----------------------------------------------------------------------------------------------------------
def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = {one.name: one for one in old.columns}, {one.name: one for one in new.columns}
    gone = [one for one in old.columns if one.name not in after]
    come = [one for one in new.columns if one.name not in before]
    for column in gone:
        heir = _heir(column, come, old, new)
        if heir is not None:
            come.remove(heir)
            yield Change("CON-31", column.name, BOTH, column.name, heir.name)
            yield from _column(column, heir)
        else:
            yield Change("CON-30", column.name, BOTH, column.name)
    for column in come:
        yield Change("CON-32", column.name, WRITERS if column.required and not column.of_the_hub else frozenset(), None, column.name)
    for name in (name for name in before if name in after):
        yield from _column(before[name], after[name])


def _heir(column: Column, come: list[Column], old: Contract, new: Contract) -> Column | None:
    """The new column that is this one by another name: of its type and key, with its words or in its place."""
    for other in come:
        same = (other.type, other.primary_key, other.of_the_hub) == (column.type, column.primary_key, column.of_the_hub)
        told = bool(column.description) and column.description == other.description
        if same and (told or (len(old.columns) == len(new.columns) and old.columns.index(column) == new.columns.index(other))):
            return other
    return None


def _column(old: Column, new: Column) -> Iterator[Change]:
    at = new.name
    if old.type != new.type:
        wider, narrower = (old.type, new.type) in _WIDER, (new.type, old.type) in _WIDER
        rule = "CON-34" if wider else "CON-33" if narrower else "CON-35"
        yield Change(rule, at, READERS if wider else WRITERS if narrower else BOTH, old.type, new.type)
    if old.required != new.required:
        yield Change("CON-36" if new.required else "CON-37", at, WRITERS if new.required else READERS)
    for option in sorted({*old.options, *new.options}):
        was, now = old.options.get(option), new.options.get(option)
        if was != now:
            side = _limit(option, was, now)
            rule = "CON-33" if side == WRITERS else "CON-34" if side == READERS else "CON-35"
            yield Change(rule, at, side, f"{option} {_said(was)}", f"{option} {_said(now)}")


def _limit(option: str, was: Any, now: Any) -> frozenset[Side]:
    """Whom another limit of a type breaks: a narrower one who writes, a wider one who reads."""
    if now is None or was is None:
        return READERS if now is None else WRITERS
    if option in _LOWER:
        return WRITERS if now > was else READERS
    if option in _UPPER:
        return WRITERS if now < was else READERS
    return BOTH


def _key(old: Contract, new: Contract) -> Iterator[Change]:
    if old.key != new.key:
        yield Change("CON-38", "primaryKey", BOTH, ", ".join(old.key), ", ".join(new.key))


# --- rules -------------------------------------------------------------------------------------------------------------
def _rules(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = {rule.id: rule for rule in old.rules}, {rule.id: rule for rule in new.rules}
    for name, rule in before.items():
        if name not in after:
            yield Change("CON-41", name, READERS if _demands(rule) else frozenset(), rule.description or name)
    for name, rule in after.items():
        if name not in before:
            yield Change("CON-40", name, WRITERS if _demands(rule) else frozenset(), None, rule.description or name)
        else:
            yield from _rule(before[name], rule)


def _demands(rule: QualityRule) -> bool:
    return rule.severity == "error" or rule.action in ("row", "message", "flow")


def _rule(old: QualityRule, new: QualityRule) -> Iterator[Change]:
    if old.severity != new.severity:
        stricter = SEVERITIES.index(new.severity) < SEVERITIES.index(old.severity)
        side = (WRITERS if new.severity == "error" else frozenset()) if stricter else (READERS if old.severity == "error" else frozenset())
        yield Change("CON-42" if stricter else "CON-43", new.id, side, old.severity, new.severity)
    if old.action != new.action:
        stricter = _rank(new.action) > _rank(old.action)
        yield Change(
            "CON-42" if stricter else "CON-43", new.id, WRITERS if stricter else READERS, f"action {old.action}", f"action {new.action}"
        )
    demands = _demands(old) or _demands(new)
    for was, now, side in _measures(old, new):
        rule = "CON-42" if side == WRITERS else "CON-43" if side == READERS else "CON-44"
        yield Change(rule, new.id, side if demands else frozenset(), was, now)


def _rank(action: str | None) -> int:
    return ACTIONS.index(action) if action is not None else 0


def _measures(old: QualityRule, new: QualityRule) -> Iterator[tuple[str, str, frozenset[Side]]]:
    """What a rule measures and how much it lets pass: before, now, and whom the change would break."""
    kinds = [(one.type, one.column, one.metric, one.operator, one.unit) for one in (old, new)]
    if kinds[0] != kinds[1]:
        yield *(" ".join(str(part) for part in kind if part) for kind in kinds), BOTH  # type: ignore[misc]
    elif old.bound != new.bound:
        yield _said(old.bound), _said(new.bound), _bound(old, new)
    was, now = old.arguments.get("validValues"), new.arguments.get("validValues")
    if was is not None and now is not None and set(map(str, was)) != set(map(str, now)):
        side = READERS if set(map(str, was)) < set(map(str, now)) else WRITERS if set(map(str, now)) < set(map(str, was)) else BOTH
        yield _said(was), _said(now), side
    rest = [{name: value for name, value in one.arguments.items() if name != "validValues"} for one in (old, new)]
    for before, after in (
        (rest[0], rest[1]),
        (old.query, new.query),
        (old.implementation, new.implementation),
        (old.applies_to, new.applies_to),
    ):
        if _flat(before) != _flat(after):
            yield _said(before), _said(after), BOTH


def _bound(old: QualityRule, new: QualityRule) -> frozenset[Side]:
    if isinstance(old.bound, int | float) and isinstance(new.bound, int | float):
        if (new.operator or "").startswith("mustBeLess"):
            return WRITERS if new.bound < old.bound else READERS
        if (new.operator or "").startswith("mustBeGreater"):
            return WRITERS if new.bound > old.bound else READERS
    return BOTH


def _flat(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


# --- service levels and words ------------------------------------------------------------------------------------------
def _services(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({(one.name, one.element): one for one in contract.service} for contract in (old, new))
    for key in [*before, *(key for key in after if key not in before)]:
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            yield Change("CON-46" if now is None else "CON-47", key[0], READERS if now is None else WRITERS, _level(was), _level(now))
        elif (was.value, was.unit) != (now.value, now.unit):
            yield Change("CON-45", key[0], _slower(was, now), _level(was), _level(now))


def _slower(was: ServiceLevel, now: ServiceLevel) -> frozenset[Side]:
    """Rarer or later breaks who reads, oftener or sooner who writes; `24 h` for `1 d` breaks nobody."""
    if was.seconds is None or now.seconds is None:
        return BOTH
    return frozenset() if was.seconds == now.seconds else READERS if now.seconds > was.seconds else WRITERS


def _level(level: ServiceLevel | None) -> str | None:
    return None if level is None else f"{level.value} {level.unit}".strip()


def _words(old: Contract, new: Contract) -> Iterator[Change]:
    pairs = (("title", old.title, new.title), ("purpose", old.purpose, new.purpose), ("owner", old.owner, new.owner))
    for name, was, now in (*pairs, ("status", old.status, new.status)):
        if was != now:
            yield Change("CON-48", name, frozenset(), was, now)
    if (old.entity, old.line_entity) != (new.entity, new.line_entity):
        yield Change("CON-35", "canonicalEntity", BOTH, f"{old.entity} {old.line_entity}", f"{new.entity} {new.line_entity}")
    texts: Mapping[str, str] = {column.name: column.description for column in old.columns}
    for column in new.columns:
        if column.name in texts and texts[column.name] != column.description:
            yield Change("CON-48", column.name, frozenset(), texts[column.name], column.description)


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(item)}" for name, item in value.items())
    return "-" if value is None else str(value)
