"""All that is wrong with a data contract, at once, each with the line of the YAML: what `udihub contract check` tells.

The loader (`contract.py`) stops at the first fault, since a hub must not work with a faulty file; whoever writes one wants to know them
all. Every finding has `place.line` and `place.path` (`schema/0/properties/3/quality/0`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from data_contracts.config_texts import told
from data_contracts.contract import FOLDER, SERVICE_UNITS, Column, Contract, QualityRule, column_of, load, name_of, problems, rule_of
from data_contracts.contract_legible import NAMELESS, legible
from data_contracts.errors import ConfigError
from data_contracts.expectations import compiled
from data_contracts.findings import Finding, Place, has_error
from data_contracts.inline import judged_inline
from data_contracts.mistakes import meant
from data_contracts.rules.catalogue import all_rules

VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
"""A version as semantic versioning has it, without suffixes."""
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
_LIMITS = {"string": {"minLength", "maxLength", "pattern", "format"}, "integer": {"minimum", "maximum", "multipleOf", "format"}}
_LIMITS |= {"number": _LIMITS["integer"], "date": {"format", "minimum", "maximum"}, "timestamp": {"format", "timezone", "defaultTimezone"}}
_TYPES = ("string", "integer", "number", "boolean", "date", "timestamp")
_Path = tuple[str | int, ...]


def check(path: Path) -> tuple[Contract | None, list[Finding]]:
    """The contract, null where it can't be worked with, and all that is to be said of it. Raises ConfigError without jsonschema."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        return None, [Finding("CON-01", Place(line=line), got=" ".join(str(error.problem or error).split()))]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return None, [Finding("CON-01", got=" ".join(str(error).split()))]
    lines = _Lines(root)
    if not isinstance(document, dict):
        return None, [lines.finding("CON-01", (), got="expected a mapping at the top")]
    wrong = problems(document)
    found = [lines.finding("CON-02", tuple(one.absolute_path), got=one.message[:300]) for one in wrong]
    kept, cut = legible(document, [tuple(one.absolute_path) for one in wrong])
    found += [*_head(kept, cut, lines), *_dataset(kept, cut, path, lines), *_service(kept, cut, lines)]
    contract = None
    if not has_error(found):
        try:
            contract = load(path)
        except ConfigError as error:  # nothing may pass here that the hub then refuses
            found.append(_refused(lines, (), path, error))
    return contract, sorted(found, key=lambda finding: finding.place.line or 0)


def outline(path: Path) -> Contract | None:
    """What a faulty file says of its dataset as far as it can be read, without rules; null where nothing can."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    if not isinstance(document, dict):
        return None
    kept, _ = legible(document, [tuple(one.absolute_path) for one in problems(document)])
    dataset = next(iter(kept.get("schema") or ()), None)
    if dataset is None or dataset.get("name") != name_of(path):
        return None
    more = {one["property"]: one["value"] for one in dataset.get("customProperties") or ()}
    columns = tuple(column_of(entry) for entry in dataset.get("properties") or () if not entry["name"].startswith(NAMELESS))
    entity, line = more.get("canonicalEntity"), more.get("canonicalLine")
    return Contract(dataset["name"], "", "", "", entity, line, columns, (), "", "")


def is_shipped(path: Path) -> bool:
    """Whether a file is one of ours, whose rules stand in the catalogue."""
    return path.resolve().parent == FOLDER.resolve()


class _Lines:
    """Where each key of a YAML file stands."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def finding(self, rule: str, path: _Path, **more: Any) -> Finding:
        """A finding at a key, or at the nearest one above it that is there."""
        return Finding(rule, Place(line=self._line(path), path="/".join(map(str, path)) or None), **more)

    def _line(self, path: _Path) -> int:
        node, line = self._root, 0
        for part in path:
            if isinstance(node, yaml.MappingNode):
                inner = next(((key, value) for key, value in node.value if key.value == part), None)
                if inner is None:
                    break
                line, node = inner[0].start_mark.line, inner[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line
            else:
                break
        return int(line) + 1


def _refused(lines: _Lines, at: _Path, path: Path, error: ConfigError) -> Finding:
    said = str(error).removeprefix(f"{path}: ")
    return lines.finding("CON-03", at, got=said, params={"got_zh": told(str(error), "zh-CN").removeprefix(f"{path}：")})


def _head(document: Mapping[str, Any], cut: frozenset[str], lines: _Lines) -> Iterator[Finding]:
    if document.get("kind", "DataContract") != "DataContract" or not str(document.get("apiVersion", "v3.")).startswith("v3."):
        yield lines.finding("CON-02", ("apiVersion",), got="expected kind DataContract, apiVersion v3.1.0")
    if "version" in document and not VERSION.fullmatch(str(document["version"])):
        yield lines.finding("CON-06", ("version",), got=str(document["version"]))
    team = document.get("team")
    if "team" not in cut and not (team and (isinstance(team, list) or team.get("name") or team.get("members"))):
        yield lines.finding("CON-07", ("team",))
    if (status := document.get("status")) is not None and status not in STATUSES:
        yield lines.finding("CON-08", ("status",), expected=", ".join(STATUSES), got=str(status))
    if "description" not in cut and not (document.get("description") or {}).get("purpose"):
        yield lines.finding("CON-09", ("description", "purpose"))


def _dataset(document: Mapping[str, Any], cut: frozenset[str], path: Path, lines: _Lines) -> Iterator[Finding]:
    objects = document.get("schema") or []
    named = [one.get("name") for one in objects]
    if "schema" not in cut and None not in named and named != [name_of(path)]:
        yield lines.finding("CON-10", ("schema",), expected=name_of(path), got=", ".join(map(str, named)))
    if not objects:
        return
    dataset = objects[0]
    columns: dict[str, Column] = {}
    for index, entry in enumerate(dataset.get("properties") or ()):
        at: _Path = ("schema", 0, "properties", index)
        column = column_of(entry)
        if column.name in columns:
            yield lines.finding("CON-11", (*at, "name"), got=column.name)
        columns[column.name] = column
        yield from _column(column, at, lines)
    if not any(column.primary_key for column in columns.values()) and not any(name.startswith(NAMELESS) for name in columns):
        yield lines.finding("CON-12", ("schema", 0, "properties"))
    yield from _rules(dataset, columns, path, lines)


def _column(column: Column, at: _Path, lines: _Lines) -> Iterator[Finding]:
    if column.type not in (*_TYPES, NAMELESS):
        yield lines.finding("CON-13", (*at, "logicalType"), expected=", ".join(_TYPES), got=column.type)
    for option in column.options:
        known = _LIMITS.get(column.type, set())
        if option not in known:
            yield lines.finding("CON-14", (*at, "logicalTypeOptions", option), expected=", ".join(sorted(known)) or "-", got=option)
    for low, high in (("minLength", "maxLength"), ("minimum", "maximum")):
        least, most = column.options.get(low), column.options.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            yield lines.finding("CON-15", (*at, "logicalTypeOptions", low), got=f"{low} {least}, {high} {most}")
    yield from _pattern(column.options.get("pattern"), (*at, "logicalTypeOptions", "pattern"), lines)
    if column.primary_key and not column.required:
        yield lines.finding("CON-16", at, got=column.name)


def _pattern(pattern: Any, at: _Path, lines: _Lines) -> Iterator[Finding]:
    if pattern is not None:
        try:
            re.compile(str(pattern))
        except re.error as error:
            yield lines.finding("CON-15", at, got=f"{pattern}: {error}")


def _rules(dataset: Mapping[str, Any], columns: Mapping[str, Column], path: Path, lines: _Lines) -> Iterator[Finding]:
    seen: set[str] = set()
    places: list[tuple[str | None, _Path, Mapping[str, Any]]] = [
        (None, ("schema", 0, "quality", index), entry) for index, entry in enumerate(dataset.get("quality") or ())
    ]
    for number, item in enumerate(dataset.get("properties") or ()):
        for index, entry in enumerate(item.get("quality") or ()):
            places.append((item["name"], ("schema", 0, "properties", number, "quality", index), entry))
    for column, at, entry in places:
        try:
            rule = rule_of(column, entry, path)
        except ConfigError as error:
            yield _refused(lines, at, path, error)
            continue
        if rule is not None:
            yield from _rule(rule, at, seen, columns, is_shipped(path), lines)


def _rule(rule: QualityRule, at: _Path, seen: set[str], columns: Mapping[str, Column], shipped: bool, lines: _Lines) -> Iterator[Finding]:
    if rule.id in seen:
        yield lines.finding("CON-17", (*at, "id"), got=rule.id)
    seen.add(rule.id)
    known_all = not any(name.startswith(NAMELESS) for name in columns)
    for name in sorted({*rule.shows, *rule.arguments.get("properties", ())} - set(columns)) if known_all else ():
        yield lines.finding("CON-18", at, expected=meant(name, columns), got=name, params={"name": rule.id})
    try:
        compiled(Contract("", "", "", "", None, None, tuple(columns.values()), (rule,), "", ""))
    except ConfigError as error:
        said = str(error).partition(f"rule {rule.id}: ")[2]
        yield lines.finding("CON-19", at, got=said, params={"name": rule.id, "got_zh": told(str(error), "zh-CN").partition("：")[2]})
    yield from _pattern(rule.arguments.get("pattern"), (*at, "arguments", "pattern"), lines)
    if rule.action not in (None, "none") and not judged_inline(rule):
        yield lines.finding("CON-29", at, got=rule.action, params={"name": rule.id})
    known = all_rules().get(rule.id)
    if known is not None and (known.dimension, known.severity) != (rule.dimension, rule.severity):
        wanted, said = f"{known.dimension}, {known.severity}", f"{rule.dimension}, {rule.severity}"
        finding = lines.finding("CON-20", at, expected=wanted, got=said, params={"name": rule.id})
        yield replace(finding, severity="error") if shipped else finding
    elif known is None and shipped:
        yield lines.finding("CON-21", (*at, "id"), got=rule.id)


def _service(document: Mapping[str, Any], cut: frozenset[str], lines: _Lines) -> Iterator[Finding]:
    levels: Sequence[Mapping[str, Any]] = document.get("slaProperties") or ()
    if "slaProperties" not in cut and not any(level.get("property") in ("frequency", "latency", NAMELESS) for level in levels):
        yield lines.finding("CON-24", ("slaProperties",))
    names = {entry["name"] for entry in (document.get("schema") or [{}])[0].get("properties") or ()}
    dataset = (document.get("schema") or [{}])[0].get("name")
    for index, level in enumerate(levels):
        at: _Path = ("slaProperties", index)
        value, unit = level.get("value"), level.get("unit")
        if level.get("property") in ("frequency", "latency"):
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                yield lines.finding("CON-22", (*at, "value"), expected="a number above 0", got=str(value))
            if unit not in SERVICE_UNITS:
                yield lines.finding("CON-22", (*at, "unit"), expected="m, h, d, w", got=str(unit))
        for element in str(level.get("element") or "").split(","):
            table, _, column = element.strip().partition(".")
            if element.strip() and (table != dataset or (column and column not in names)):
                yield lines.finding("CON-23", (*at, "element"), expected=meant(column, names), got=element.strip())
