"""Holds a message of a feed against its grammar: required, type, enumeration, pattern, unknown and repeated fields.

Works on the tree that the json, xml and delimited readers build, so that one field rule means the same in all three.
A finding's place has the record's `position` and `line` and a path: a JSON Pointer (`/orders/0/lines/2/quantity`), an
XPath-like one (`/Receipts/Receipt[1]/Line[3]/Quantity`) or a column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.faults_told import FaultsTold
from connectors.feed import Field
from data_contracts.findings import Finding, Place, has_error
from data_contracts.source import Columns, Message, SourceRecord

Join = Callable[[str, str, int | None], str]
"""(path of the parent, name, index from 0 or None) -> path of the field."""

LIMIT = 200
"""Findings listed for one message; a feed with a wrong decimal mark would otherwise give one for every line."""
SHOWN = 60
"""Characters of a value that a finding shows."""


def pointer(parent: str, name: str, index: int | None) -> str:
    """JSON Pointer (RFC 6901): `~` and `/` in names are escaped, indexes count from 0."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return f"{parent}/{escaped}" if index is None else f"{parent}/{escaped}/{index}"


def element_path(parent: str, name: str, index: int | None) -> str:
    """XPath-like: indexes count from 1."""
    return f"{parent}/{name}" if index is None else f"{parent}/{name}[{index + 1}]"


def shown(value: str) -> str:
    """A value as a finding shows it: cut to a length that a person reads."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"


class RowFaults:
    """What is told of a message while its rows come, which may be endless: notes up to the limit, and as many faults besides, so that no
    note takes a fault's place; then whether more was wrong.
    """

    __slots__ = ("_faults", "_more")

    def __init__(self) -> None:
        self._faults, self._more = 0, False

    def tell(self, message: Message, findings: Iterable[Finding]) -> None:
        """Add to what is told of the message at hand."""
        for finding in findings:
            if finding.severity != "error":
                if len(message.findings) - self._faults < LIMIT:
                    message.findings.append(finding)
            elif self._faults < LIMIT:
                self._faults += 1
                message.findings.append(finding)
            else:
                self._more = True

    def finish(self, message: Message) -> None:
        """The message is complete: what was left out holds it too."""
        if self._more:
            message.findings.append(Finding("FED-19", expected=str(LIMIT)))
        self._faults, self._more = 0, False


@dataclass(slots=True)
class _Unknown:
    """A name that the grammar does not have: how often it stood, and where first."""

    place: Place
    count: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a record's fields ask for, laid out for speed: a look-up and one call for a value that is right."""

    fields: Mapping[str, Field]
    tests: Mapping[str, Callable[[str], object] | None]
    """By name of a single value: truthy for a right one; None where any text will do."""
    required: frozenset[str]
    below: Mapping[str, Plan]
    attributed: tuple[str, ...]
    """Single values that have required attributes."""
    lists: Mapping[str, Callable[[str], object] | None]
    """By name of what may stand as records of one value, and repeat: the test of that value."""
    single: frozenset[str]
    """Records that may stand once."""
    mixed: frozenset[str]
    """Records that may have text of their own."""

    @classmethod
    def of(cls, fields: Mapping[str, Field], done: dict[int, Plan] | None = None) -> Plan:
        """The plan of a record with these fields; records that stand at several places, as named types do, are planned once."""
        done = {} if done is None else done
        known = done.get(id(fields))
        if known is None:
            known = done[id(fields)] = cls(
                fields=fields,
                tests={name: field.test() for name, field in fields.items() if field.kind != "record" and not field.many},
                required=frozenset(name for name, field in fields.items() if field.required),
                below={name: cls.of(field.fields, done) for name, field in fields.items()},
                attributed=tuple(
                    name
                    for name, field in fields.items()
                    if field.kind != "record" and any(below.required for below in field.fields.values())
                ),
                lists={name: field.test() for name, field in fields.items() if field.kind != "record" and field.many},
                single=frozenset(name for name, field in fields.items() if field.kind == "record" and not field.many),
                mixed=frozenset(name for name, field in fields.items() if field.kind == "record" and "" in field.fields),
            )
        return known


class Checker:
    """Checks messages of one feed. `join` gives the format's way to write paths."""

    def __init__(
        self,
        fields: Mapping[str, Field] | Plan,
        join: Join,
        *,
        others: bool = False,
        nothing: frozenset[str] = frozenset(),
        lenient: bool = False,
    ) -> None:
        """`others`: names that no field has are the sender's own business; they are left out of the tree and not told. `nothing`: texts
        that stand for no value, and are left out likewise. `lenient`: as `Profile.lenient`.
        """
        self._plan = fields if isinstance(fields, Plan) else Plan.of(fields)
        self._others = others
        self._nothing = nothing
        self._join = join
        self._told = FaultsTold(LIMIT, few=1, lenient=lenient)
        self._limit = LIMIT
        self._columns: Columns | None = None
        self._findings: list[Finding] = []
        self._unknown: dict[str, _Unknown] = {}

    def check(self, root: SourceRecord, path: str, columns: Columns | None = None) -> list[Finding]:
        """Findings of one message whose root stands at `path`; `columns` say where the values of rows stand."""
        if self._nothing:
            _leave_nothing(root, self._plan, self._nothing)
        if _sound(root, self._plan):
            return []
        self._findings, self._unknown, self._limit, self._columns = [], {}, self._told.most, columns
        if self._others:
            _leave_others(root, self._plan)
        self._record(root, self._plan, path)
        for name, unknown in self._unknown.items():
            self._findings.append(Finding("FED-10", place=unknown.place, got=name, params={"field": name, "count": str(unknown.count)}))
        self._told.add(len(self._findings))
        if len(self._findings) > self._limit:
            kept, more = self._findings[: self._limit], Finding("FED-19", expected=str(self._limit))
            if not has_error(self._findings[self._limit :]):
                more = replace(more, severity="warning", action="none")
            return [*kept, more]
        return self._findings

    def spares(self, findings: Sequence[Finding]) -> bool:
        """Whether a message with these findings is wrong beyond need of more: it is refused, and the document has told enough, so that
        neither is more looked for nor its tree kept."""
        return self._told.many and has_error(findings)

    def _place(self, record: SourceRecord, path: str) -> Place:
        place = Place(position=record.position, line=record.line or None, path=path)
        return place if self._columns is None else self._columns.placed(place)

    def _record(self, record: SourceRecord, plan: Plan, path: str) -> None:
        values: Mapping[str, str] = record.values  # type: ignore[assignment]  # a mapping in named syntaxes
        tests = plan.tests
        for name, value in values.items():
            if name in tests:
                test = tests[name]
                if test is not None and not test(value):
                    self._value(record, plan.fields[name], value, path)
            elif name:
                self._other(record, plan, name, path)
        if record.children and len(self._findings) <= self._limit:
            self._children(record, plan, path)
        if not plan.required <= values.keys():
            for name, field in plan.fields.items():
                if field.required and name not in values and not _stands_below(record, field):
                    self._found("FED-05", record, path, field)

        for name in plan.attributed:
            if name in values and not any(child.tag == name for child in record.children):
                for attribute in plan.fields[name].fields.values():
                    if attribute.required:
                        self._found("FED-05", record, self._join(path, name, None), attribute)

    def _other(self, record: SourceRecord, plan: Plan, name: str, path: str) -> None:
        """A value whose name is unknown, or that of a record or a list."""
        field = plan.fields.get(name)
        if field is None:
            self._note_unknown(record, name, path)
        else:
            self._found("FED-12", record, path, field, expected="record" if field.kind == "record" else "list", got="value")

    def _children(self, record: SourceRecord, plan: Plan, path: str) -> None:
        counts: dict[str, int] = {}
        fields = plan.fields
        for child in record.children:
            tag = child.tag
            field = fields.get(tag)
            if field is None:
                self._note_unknown(child, tag, path)
                continue
            values: Mapping[str, str] = child.values  # type: ignore[assignment]  # a mapping in named syntaxes
            index = counts.get(tag, 0)
            if field.kind == "record" or "" in values:
                counts[tag] = index + 1
            child_path = self._join(path, tag, index if field.many else None)
            if field.kind != "record":
                self._leaf(child, field, plan.below[tag], path, child_path)
            elif "" in values and "" not in field.fields:
                self._found("FED-12", child, path, field, expected="record", got="value")
            else:
                self._record(child, plan.below[tag], child_path)
        for tag, count in counts.items():
            self._count(record, fields[tag], count, path)

    def _leaf(self, child: SourceRecord, field: Field, plan: Plan, path: str, child_path: str) -> None:
        """A value that stands as a record: one of an array of scalars, or the attributes of an XML leaf."""
        values: Mapping[str, str] = child.values  # type: ignore[assignment]  # a mapping in named syntaxes
        if child.children or any(name and not name.startswith("@") for name in values):
            self._found("FED-12", child, path, field, expected="value", got="record")
            return
        if "" in values:
            fault = field.fault(values[""])
            if fault is not None:
                self._report(child, field, values[""], fault, child_path)
        if field.fields or len(values) > ("" in values):
            self._record(child, plan, child_path)

    def _count(self, record: SourceRecord, field: Field, count: int, path: str) -> None:
        """Whether what stood `count` times as records may do so."""
        if field.many:
            return
        total = count + (field.name in record.values)
        if total > 1:
            self._found("FED-11", record, path, field, got=str(total))
        elif field.kind != "record":
            self._found("FED-12", record, path, field, expected="value", got="list")

    def _value(self, record: SourceRecord, field: Field, value: str, path: str) -> None:
        fault = field.fault(value)
        if fault is not None:
            self._report(record, field, value, fault, self._join(path, field.name, None))

    def _report(self, record: SourceRecord, field: Field, value: str, fault: tuple[str, str], path: str) -> None:
        rule, expected = fault
        if len(self._findings) <= self._limit:
            self._findings.append(
                Finding(
                    rule,
                    place=self._place(record, path),
                    expected=expected,
                    got=shown(value),
                    action=field.on_error,  # type: ignore[arg-type]  # None takes the catalogue's
                    params={"field": field.name, "length": str(len(value))},
                )
            )

    def _found(self, rule: str, record: SourceRecord, path: str, field: Field, expected: str | None = None, got: str | None = None) -> None:
        if len(self._findings) <= self._limit:
            self._findings.append(
                Finding(
                    rule,
                    place=self._place(record, self._join(path, field.name, None)),
                    expected=expected,
                    got=got,
                    action=field.on_error,  # type: ignore[arg-type]  # None takes the catalogue's
                    params={"field": field.name},
                )
            )

    def _note_unknown(self, record: SourceRecord, name: str, path: str) -> None:
        known = self._unknown.get(name)
        if known is not None:
            known.count += 1
        elif len(self._unknown) < self._limit:
            self._unknown[name] = _Unknown(self._place(record, self._join(path, name, None)))


def _leave_others(record: SourceRecord, plan: Plan) -> None:
    """Take out of a tree what no field has."""
    values: dict[str, str] = record.values  # type: ignore[assignment]  # a mapping in named syntaxes
    fields = plan.fields
    for name in [name for name in values if name and name not in fields]:
        del values[name]
    if not record.children:
        return
    kept = []
    for child in record.children:
        field = fields.get(child.tag)
        if field is not None:
            _leave_others(child, plan.below[child.tag])
            if field.kind == "record" or child.values or child.children:
                kept.append(child)
    record.children = kept


def _leave_nothing(record: SourceRecord, plan: Plan, nothing: frozenset[str]) -> None:
    """Take out of a tree the values that say that there is none; a truth value that is false is one."""
    values: dict[str, str] = record.values  # type: ignore[assignment]  # a mapping in named syntaxes
    for name in [name for name, value in values.items() if value in nothing and name in plan.fields]:
        if plan.fields[name].kind != "boolean":
            del values[name]
    for child in record.children:
        if child.tag in plan.below:
            _leave_nothing(child, plan.below[child.tag], nothing)


def _stands_below(record: SourceRecord, field: Field) -> bool:
    """Whether the field stands as a child; attributes alone are no value."""
    return any(child.tag == field.name and (field.kind == "record" or "" in child.values) for child in record.children)


def _sound(record: SourceRecord, plan: Plan) -> bool:
    """Whether nothing at all is to be found in a record: most are sound, and then no path need be written. What is wrong, and where,
    the long way says.
    """
    values: Mapping[str, str] = record.values  # type: ignore[assignment]  # a mapping in named syntaxes
    tests = plan.tests
    for name, value in values.items():
        if name in tests:
            test = tests[name]
            if test is not None and not test(value):
                return False
        elif name:
            return False
    children = record.children
    if not children:
        return plan.required <= values.keys() and not any(name in values for name in plan.attributed)
    tags: set[str] = set()
    for child in children:
        tag = child.tag
        below = plan.below.get(tag)
        if below is None:
            return False
        inner: Mapping[str, str] = child.values  # type: ignore[assignment]  # a mapping in named syntaxes
        if tag in tests or tag in plan.lists:  # attributes of a value, or one of many values
            if child.children or ("" in inner and not _listed(inner[""], tag, plan)):
                return False
        elif (tag in plan.single and tag in tags) or ("" in inner and tag not in plan.mixed):
            return False
        tags.add(tag)
        if not _sound(child, below):
            return False
    if not plan.required <= values.keys() and not all(_required(name, record, plan) for name in plan.required if name not in values):
        return False
    return all(name not in values or name in tags for name in plan.attributed)


def _listed(value: str, tag: str, plan: Plan) -> bool:
    """Whether one of many values is right."""
    if tag not in plan.lists:
        return False
    test = plan.lists[tag]
    return test is None or bool(test(value))


def _required(name: str, record: SourceRecord, plan: Plan) -> bool:
    return _stands_below(record, plan.fields[name])
