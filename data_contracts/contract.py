"""Data contracts: what a canonical dataset promises, as an ODCS 3.1 file that people and programs read alike.

One file a dataset, `contracts/<dataset>.odcs.yaml`; a site may replace one by a file of the same name in its own `contracts/` folder.
The file is checked against the JSON Schema that the Open Data Contract Standard publishes, then against our conventions:

- one schema object, named like the file; its properties are the dataset's columns, `primaryKey` ones name a row.
- every quality rule has an `id` (public, QLT-…), a `dimension` and a `severity` (error, warning, info).
- a rule's `customProperties` may say `appliesTo` (an SQL condition: the rows that the rule is about), `shows` (columns that are the
  evidence of a failing row) and `action` (what follows inline, on each document: none, row, message or flow).
- `team.name` is the owner, `slaProperties` say how often something comes (`frequency`) and how late it may be (`latency`).

All that is wrong with a file at once, with lines, tells `contract_check.py`; what changed between two, `contract_changes.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from data_contracts.errors import ConfigError

FOLDER = Path(__file__).parent / "contracts"
"""Contracts that are shipped."""
DIMENSIONS = ("accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness")
"""Quality dimensions of ODCS 3.1, in the order in which they are shown."""
SEVERITIES = ("error", "warning", "info")

ACTIONS = ("none", "row", "message", "flow")
"""What may follow of a document that breaks a rule, the least first."""

SERVICE_UNITS: Mapping[str, int] = {
    name: each
    for names, each in (
        (("s", "sec", "second", "seconds"), 1),
        (("m", "min", "minute", "minutes"), 60),
        (("h", "hr", "hour", "hours"), 3_600),
        (("d", "day", "days"), 86_400),
        (("w", "wk", "week", "weeks"), 604_800),
    )
    for name in names
}
"""Seconds of the units of time that `slaProperties` may state."""
_SUFFIX = ".odcs.yaml"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OPERATORS = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
    "mustBeBetween", "mustNotBeBetween",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the dataset."""

    name: str
    type: str
    """ODCS logical type; `number` is an exact decimal, never a float."""
    required: bool
    primary_key: bool
    description: str
    options: Mapping[str, Any] = field(default_factory=dict)
    of_the_hub: bool = False
    """Added by the hub (tag `hub`), not a member of the canonical entity."""


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One promise of a contract."""

    id: str
    type: str
    """library, sql or custom."""
    dimension: str
    severity: str
    description: str
    column: str | None = None
    """Null for a rule about whole rows or about the dataset."""
    metric: str | None = None
    operator: str | None = None
    bound: Any = None
    """What the operator compares with."""
    unit: str = "rows"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    query: str | None = None
    implementation: Mapping[str, Any] = field(default_factory=dict)
    applies_to: str | None = None
    shows: tuple[str, ...] = ()
    action: str | None = None
    """What follows on a document that breaks it; null: what the catalogue says, or nothing."""

    def tolerates(self, failed: int, rows: int) -> bool:
        """Whether it holds though so many of the rows that it looked at fail: none, or a share within what it states."""
        if not failed or self.metric == "rowCount":
            return not failed
        mostly = (self.implementation.get("kwargs") or {}).get("mostly") if self.type == "custom" else None
        if mostly is not None:
            return failed <= (1 - Decimal(str(mostly))) * rows
        share = self.operator == "mustBeLessOrEqualTo" and self.unit == "percent"
        return share and failed * 100 <= Decimal(str(self.bound)) * rows


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One of `slaProperties`."""

    name: str
    """frequency: something comes at least so often. latency: it is so late at most. Others are for people."""
    value: Any
    unit: str
    """Of the value as ODCS writes it: m, h, d and their longer words."""
    element: str | None
    description: str

    @property
    def seconds(self) -> int | None:
        """The value in seconds; null where it is no span of time."""
        each = SERVICE_UNITS.get(self.unit)
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return int(self.value * each) if each is not None and number and self.value > 0 else None


@dataclass(frozen=True, slots=True)
class Contract:
    """One dataset's contract. `hash` is the SHA-256 of `body`, the file's text."""

    name: str
    version: str
    title: str
    purpose: str
    entity: str | None
    """Canonical entity that the rows come from, and its line model; null for the hub's own records."""
    line_entity: str | None
    columns: tuple[Column, ...]
    rules: tuple[QualityRule, ...]
    hash: str
    body: str
    owner: str | None = None
    status: str = "active"
    service: tuple[ServiceLevel, ...] = ()

    @property
    def interval(self) -> int | None:
        """Seconds within which something comes by `slaProperties`; null where nothing is promised."""
        return next((level.seconds for level in self.service if level.name == "frequency"), None)

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that name a row."""
        return tuple(column.name for column in self.columns if column.primary_key)

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of one row as JSON: exact numbers are strings, what is not required may be null."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "description": self.purpose,
            "type": "object",
            "properties": {column.name: _json_type(column) for column in self.columns},
            "required": [column.name for column in self.columns if column.required],
            "additionalProperties": False,
        }


def load(path: Path) -> Contract:
    """Read one contract. Raises ConfigError that names file and place."""
    try:
        body = path.read_text(encoding="utf-8")
        document = yaml.load(body, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _check(document, path)
    objects = document.get("schema") or []
    name = name_of(path)
    if len(objects) != 1 or objects[0]["name"] != name or not _NAME.fullmatch(name):
        raise ConfigError(f"{path}: expected one schema object named {name!r}, like the file")
    dataset = objects[0]
    more = _custom(dataset)
    columns = tuple(column_of(entry) for entry in dataset.get("properties") or ())
    rules = tuple(_rules(dataset, {column.name for column in columns}, path))
    if not any(column.primary_key for column in columns):
        raise ConfigError(f"{path}: no property is a primaryKey, so failing rows could not be named")
    return Contract(
        name=name,
        version=str(document["version"]),
        title=dataset.get("businessName") or document.get("name") or name,
        purpose=" ".join(str((document.get("description") or {}).get("purpose") or "").split()),
        entity=more.get("canonicalEntity"),
        line_entity=more.get("canonicalLine"),
        columns=columns,
        rules=rules,
        hash=hashlib.sha256(body.encode()).hexdigest(),
        body=body,
        owner=_owner(document),
        status=str(document.get("status") or "active"),
        service=tuple(_service(entry) for entry in document.get("slaProperties") or ()),
    )


def rules_of(body: str, name: str) -> tuple[QualityRule, ...]:
    """The rules in the text of a contract that was loaded before, as kept with each run that judged by it."""
    dataset = yaml.load(body, Loader=yaml.CSafeLoader)["schema"][0]
    return tuple(_rules(dataset, {item["name"] for item in dataset.get("properties") or ()}, Path(name)))


def names(folders: Sequence[Path] = ()) -> tuple[str, ...]:
    """Names of all contracts, shipped ones and a site's."""
    found = {path.name.removesuffix(_SUFFIX) for folder in (FOLDER, *folders) for path in folder.glob(f"*{_SUFFIX}")}
    return tuple(sorted(found))


def named(name: str, folders: Sequence[Path] = ()) -> Contract:
    """The contract of this name; a site's folder wins over what is shipped. Raises ConfigError when there is none."""
    return load(path_of(name, folders))


def path_of(name: str, folders: Sequence[Path] = ()) -> Path:
    """The file of the contract of this name. Raises ConfigError when there is none."""
    if _NAME.fullmatch(name):
        for folder in (*folders, FOLDER):
            path = folder / f"{name}{_SUFFIX}"
            if path.is_file():
                return path
    raise ConfigError(f"there is no contract {name!r}; known are {', '.join(names(folders))}")


def name_of(path: Path) -> str:
    """The dataset that a file of this name speaks of."""
    return path.name.removesuffix(_SUFFIX)


def problems(document: Any) -> list[Any]:
    """Where a document breaks the standard's JSON Schema (jsonschema's errors), in the order of their places."""
    try:
        import jsonschema  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise ConfigError("data contracts need the extra `quality`: pip install 'udihub[quality]'") from error
    validator = jsonschema.Draft201909Validator(_standard())
    return sorted(validator.iter_errors(document), key=lambda problem: list(map(str, problem.absolute_path)))


def _check(document: Any, path: Path) -> None:
    """Against the standard's JSON Schema."""
    found = problems(document)
    if found:
        place = "/".join(map(str, found[0].absolute_path)) or "the file"
        raise ConfigError(f"{path}: {place}: {found[0].message[:300]} (Open Data Contract Standard 3)")
    if document["kind"] != "DataContract" or not str(document["apiVersion"]).startswith("v3."):
        raise ConfigError(f"{path}: expected kind DataContract, apiVersion v3.1.0")


@cache
def _standard() -> dict[str, Any]:
    text = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def column_of(entry: Mapping[str, Any]) -> Column:
    """One of the dataset's `properties`."""
    return Column(
        name=entry["name"],
        type=entry.get("logicalType", "string"),
        required=bool(entry.get("required")),
        primary_key=bool(entry.get("primaryKey")),
        description=" ".join(str(entry.get("description") or "").split()),
        options=entry.get("logicalTypeOptions") or {},
        of_the_hub="hub" in (entry.get("tags") or ()),
    )


def _rules(dataset: Mapping[str, Any], columns: set[str], path: Path) -> Iterable[QualityRule]:
    seen: set[str] = set()
    entries = [(None, entry) for entry in dataset.get("quality") or ()]
    entries += [(item["name"], entry) for item in dataset.get("properties") or () for entry in item.get("quality") or ()]
    for column, entry in entries:
        rule = rule_of(column, entry, path)
        if rule is None:
            continue
        if rule.id in seen:
            raise ConfigError(f"{path}: rule {rule.id} stands twice")
        seen.add(rule.id)
        unknown = {*rule.shows, *rule.arguments.get("properties", ())} - columns
        if unknown:
            raise ConfigError(f"{path}: rule {rule.id} names unknown columns {', '.join(sorted(unknown))}")
        yield rule


def rule_of(column: str | None, entry: Mapping[str, Any], path: Path) -> QualityRule | None:
    """One entry of a `quality` list; null for one that is for people only. Raises ConfigError that names the file and the rule."""
    kind = entry.get("type", "library")
    if kind == "text":  # for people only
        return None
    rule_id = entry.get("id")
    if not rule_id or entry.get("dimension") not in DIMENSIONS or entry.get("severity") not in SEVERITIES:
        raise ConfigError(f"{path}: rule {rule_id or '?'}: needs id, dimension and severity (error, warning or info)")
    more = _custom(entry)
    implementation = entry.get("implementation") or {}
    if kind == "custom" and (entry.get("engine") != "greatExpectations" or not isinstance(implementation, dict)):
        raise ConfigError(f"{path}: rule {rule_id}: custom rules need engine greatExpectations and an implementation {{type, kwargs}}")
    operator = next((name for name in _OPERATORS if name in entry), None)
    if more.get("action") not in (None, *ACTIONS):
        raise ConfigError(f"{path}: rule {rule_id}: action is none, row, message or flow, not {more['action']!r}")
    return QualityRule(
        id=rule_id,
        type=kind,
        dimension=entry["dimension"],
        severity=entry["severity"],
        description=" ".join(str(entry.get("description") or "").split()),
        column=column,
        metric=entry.get("metric"),
        operator=operator,
        bound=entry.get(operator) if operator else None,
        unit=entry.get("unit", "rows"),
        arguments=entry.get("arguments") or {},
        query=entry.get("query"),
        implementation=implementation,
        applies_to=more.get("appliesTo"),
        shows=tuple(part.strip() for part in str(more.get("shows") or "").split(",") if part.strip()),
        action=more.get("action"),
    )


def _owner(document: Mapping[str, Any]) -> str | None:
    """Who answers for it: the team's name, or its first member."""
    team = document.get("team")
    if isinstance(team, Mapping):
        members = team.get("members") or ()
        return team.get("name") or next((str(member.get("name") or member.get("username")) for member in members), None)
    return next((str(member.get("name") or member.get("username")) for member in team or ()), None)


def _service(entry: Mapping[str, Any]) -> ServiceLevel:
    return ServiceLevel(
        name=str(entry.get("property") or ""),
        value=entry.get("value"),
        unit=str(entry.get("unit") or ""),
        element=entry.get("element"),
        description=" ".join(str(entry.get("description") or "").split()),
    )


def _custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties") or ()}


_JSON_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "number": {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,6})?$"},
    "date": {"type": "string", "pattern": r"^\d{4}-\d{2}(-\d{2})?$"},
    "timestamp": {"type": "string", "format": "date-time"},
}


def _json_type(column: Column) -> dict[str, Any]:
    made = dict(_JSON_TYPES[column.type])
    for option in ("pattern", "minLength", "maxLength", "minimum", "maximum", "format"):
        if option in column.options and not (column.type == "number" and option != "format"):
            made[option] = column.options[option]
    if not column.required:
        made["type"] = [made["type"], "null"]
    if column.description:
        made["description"] = column.description
    return made
