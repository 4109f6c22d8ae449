"""From a mapping's name to its complete content: files found, overlays laid on, fragments put in, tables read, hash taken.

A site's folders are asked before the shipped files. An overlay (`extends:`) replaces the rows of its base by `to`,
appends new ones and drops what it names in `remove`. The resolved content is one YAML text, the mapping's
`body`; the SHA-256 of it is the mapping's `hash`, which every exchange records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from data_contracts.errors import ConfigError
from data_contracts.events.members import EVENT_TYPES
from data_contracts.mistakes import meant
from mappings.code_tables import CodeTable, load_table
from mappings.model import Direction, Each, Expect, FragmentFile, Ignore, Lost, MappingFile, Part, Row
from mappings.path import SEGMENT_FORMATS

SHIPPED = Path(__file__).parent
EVENTS = {f"epcis/{kind}": kind for kind in EVENT_TYPES}
"""Mappings of visibility events, by name: type. They need no file (`mappings.events`)."""
EVENTS_VERSION = "1"
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Group:
    """One `each`, complete: what overlays and fragments said is in it."""

    to: str
    at: str
    within: tuple[str, ...]
    needs: tuple[str, ...]
    unless: tuple[str, ...]
    only: tuple[str, ...]
    later: bool
    direction: Direction
    fields: tuple[Row, ...]
    each: tuple[Group, ...]

    def plain(self) -> dict[str, Any]:
        """The words of the file."""
        said: dict[str, Any] = {"to": self.to, "at": self.at}
        if self.within:
            said["within"] = list(self.within)
        if self.needs:
            said["needs"] = list(self.needs)
        if self.unless:
            said["unless"] = list(self.unless)
        if self.only:
            said["only"] = list(self.only)
        if self.later:
            said["later"] = True
        if self.direction != "both":
            said["direction"] = self.direction
        said["fields"] = [row.plain() for row in self.fields]
        if self.each:
            said["each"] = [group.plain() for group in self.each]
        return said


@dataclass(frozen=True, slots=True)
class _Layers:
    """What a file and the bases under it say together."""

    version: str
    format: str
    message: str
    entity: str
    direction: str
    fields: list[Row]
    each: list[Group]
    ignore: list[Ignore]
    lost: list[Lost]
    expect: list[Expect]


@dataclass(frozen=True, slots=True)
class Content:
    """A complete mapping as data, before it is compiled."""

    name: str
    version: str
    format: str
    message: str
    entity: str
    direction: str
    fields: tuple[Row, ...]
    each: tuple[Group, ...]
    ignore: tuple[Ignore, ...]
    lost: tuple[Lost, ...]
    expect: tuple[Expect, ...]
    tables: dict[str, CodeTable]
    body: str
    hash: str


def resolve(name: str, folders: Sequence[Path] = ()) -> Content:
    """The complete content of the mapping `name`. Raises ConfigError naming the file and what is wrong in it."""
    said = _layered(name, tuple(folders))
    rows = _all_rows(said.fields, said.each)
    code_folders = [place for folder in folders for place in (folder / "codes", folder.parent / "codes")]
    tables = {codes: load_table(codes, code_folders) for codes in sorted({row.codes for row in rows if row.codes})}
    plain = {
        "mapping": name,
        **{word: getattr(said, word) for word in ("version", "format", "message", "entity", "direction")},
        "fields": [row.plain() for row in said.fields],
        "each": [group.plain() for group in said.each],
        "ignore": [entry.model_dump() for entry in said.ignore],
        **({"lost": [entry.model_dump() for entry in said.lost]} if said.lost else {}),
        "expect": [entry.model_dump(exclude_none=True) for entry in said.expect],
        "codes": {table.name: _plain_table(table) for table in tables.values()},
    }
    body = yaml.dump(plain, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=140)
    return Content(
        name=name,
        version=said.version,
        format=said.format,
        message=said.message,
        entity=said.entity,
        direction=said.direction,
        fields=tuple(said.fields),
        each=tuple(said.each),
        ignore=tuple(said.ignore),
        lost=tuple(said.lost),
        expect=tuple(said.expect),
        tables=tables,
        body=body,
        hash=hashlib.sha256(body.encode()).hexdigest(),
    )


@dataclass(frozen=True, slots=True)
class Outline:
    """What a mapping is for, without its rows."""

    name: str
    version: str
    entity: str
    message: str
    direction: str


def outline(name: str, folders: Sequence[Path] = ()) -> Outline:
    """What the mapping `name` is for. Raises ConfigError as `resolve`."""
    if name in EVENTS:
        return Outline(name, EVENTS_VERSION, EVENTS[name], EVENTS[name], "both")
    said = _layered(name, tuple(folders))
    return Outline(name, said.version, said.entity, said.message, said.direction)


def names(folders: Sequence[Path] = ()) -> set[str]:
    """Names of all mappings, the shipped ones and those of the site's mapping folders; fragments are none."""
    paths = (path for folder in (*folders, SHIPPED) for path in folder.glob("*/*.yaml"))
    found = {f"{path.parent.name}/{path.stem}" for path in paths if _is_mapping(path)}
    return found | EVENTS.keys()


def shipped_names() -> list[str]:
    """Names of all mappings that come with the hub, `x12/856` and so on; fragments are none."""
    found = (path for path in sorted(SHIPPED.glob("*/*.yaml")) if _is_mapping(path))
    return [f"{path.parent.name}/{path.stem}" for path in found]


def _is_mapping(path: Path) -> bool:
    """Whether the file says no fragment. Not parsed for it: there are two hundred, and whoever uses one hears what is wrong in it."""
    return not path.name.startswith("_") and "\nfragment:" not in f"\n{path.read_text(encoding='utf-8')}"


# --- layers ------------------------------------------------------------------------------------------------------------
def _layered(name: str, folders: tuple[Path, ...], over: tuple[Path, ...] = ()) -> _Layers:
    """The mapping with its bases laid under it; the version says all of them: `3`, or `1+2` for overlay 1 on base 2."""
    places = [(folder / f"{name}.yaml", index) for index, folder in enumerate((*folders, SHIPPED))]
    found = next(((path, index) for path, index in places if path.is_file()), None)
    if found is None:
        places_searched = ", ".join(str(folder) for folder in (*folders, SHIPPED))
        raise ConfigError(f"mapping {name}: no file {name}.yaml in {places_searched}; did you mean {meant(name, names(folders))}?")
    path, index = found
    if path in over:
        raise ConfigError(f"{path}: it extends itself, by way of {over[-1]}")
    file = _checked(MappingFile, path)
    if file.mapping != name:
        raise ConfigError(f"{path}: `mapping: {file.mapping}` does not say its place, {name}")
    parts = _Parts(folders, path)
    if file.extends is None:
        form = file.format or ""
        return _Layers(
            version=str(file.version),
            format=form,
            message=file.message or "",
            entity=file.entity or "",
            direction=file.direction or "both",
            fields=parts.expand(file.fields, form),
            each=[_group(each, parts, form, path) for each in file.each],
            ignore=list(file.ignore),
            lost=list(file.lost),
            expect=list(file.expect),
        )
    # A file of the same name extends the next one behind it; any other base is looked for everywhere.
    if file.extends == name and index >= len(folders):
        raise ConfigError(f"{path}: it extends itself")
    base = _layered(file.extends, folders[index + 1 :] if file.extends == name else folders, (*over, path))
    if file.entity not in (None, base.entity):
        raise ConfigError(f"{path}: `entity` of an overlay is its base's, {base.entity}")
    form = file.format or base.format
    if form != base.format and {form, base.format} & SEGMENT_FORMATS:
        raise ConfigError(f"{path}: `format` of an overlay is its base's, {base.format}: paths of {form} are others")
    return _Layers(
        version=f"{file.version}+{base.version}",
        format=form,
        message=file.message or base.message,
        entity=base.entity,
        direction=file.direction or base.direction,
        fields=_replaced(base.fields, file.fields, file.remove, parts, form, str(path)),
        each=_regrouped(base.each, file.each, parts, form, path),
        ignore=[*base.ignore, *file.ignore],
        lost=_lost(base.lost, file),
        expect=[*(entry for entry in base.expect if entry.path not in {own.path for own in file.expect}), *file.expect],
    )


def _lost(base: Sequence[Lost], file: MappingFile) -> list[Lost]:
    """What is known to be lost; an overlay that takes such a place says so under `ignore`, or gives another reason."""
    said = {entry.path for entry in file.ignore} | {entry.path for entry in file.lost}
    return [*(entry for entry in base if entry.path not in said), *file.lost]


def _replaced(base: list[Row], over: Sequence[Row | Part], remove: Sequence[str], parts: _Parts, form: str, where: str) -> list[Row]:
    """The base's rows with the overlay's in the places of those that say the same `to` (or, without `to`, write the same `from`)."""
    known = {_key(row) for row in base}
    for name in remove:
        if not any(key == name or key.startswith(f"{name}.") for key in known):
            raise ConfigError(f"{where}: `remove: {name}` names nothing in the base")
    # (row, whether it is the base's): two rows of one `to` in the overlay stand beside each other and replace the base's together.
    rows = [(row, True) for row in base if not any(_key(row) == name or _key(row).startswith(f"{name}.") for name in remove)]
    said: dict[tuple[str, bool], list[Row]] = {}
    for entry in over:
        if isinstance(entry, Part) and entry.to:
            said.setdefault((f"{entry.to}.", True), []).extend(parts.expand([entry], form))
            continue
        for row in parts.expand([entry], form):
            said.setdefault((_key(row), False), []).append(row)
    for (key, is_part), new in said.items():
        stale = {at for at, (row, own) in enumerate(rows) if own and (_key(row).startswith(key) if is_part else _key(row) == key)}
        at = min(stale, default=len(rows))
        rows = [kept for index, kept in enumerate(rows) if index not in stale]
        rows[at:at] = [(row, False) for row in new]
    return [row for row, _ in rows]


def _key(row: Row) -> str:
    return row.to or f"out {row.source}"


def _regrouped(base: list[Group], over: Sequence[Each], parts: _Parts, form: str, path: Path) -> list[Group]:
    groups = list(base)
    for each in over:
        same = [index for index, group in enumerate(groups) if group.to == each.to]
        # Several groups of one `to` (lines in handling units, and beside them) are told apart by where they are.
        at = next((index for index in same if groups[index].at == each.at), same[0] if same else None)
        if at is None:
            groups.append(_group(each, parts, form, path))
            continue
        old = groups[at]
        groups[at] = Group(
            to=old.to,
            at=each.at or old.at,
            within=tuple(each.within) if each.within is not None else old.within,
            needs=tuple(each.needs) if each.needs is not None else old.needs,
            unless=tuple(each.unless) if each.unless is not None else old.unless,
            only=tuple(each.only) if each.only is not None else old.only,
            later=old.later,
            direction=old.direction,
            fields=tuple(_replaced(list(old.fields), each.fields, each.remove, parts, form, f"{path} each {each.to}")),
            each=tuple(_regrouped(list(old.each), each.each, parts, form, path)),
        )
    return groups


def _group(each: Each, parts: _Parts, form: str, path: Path) -> Group:
    if each.at is None:
        raise ConfigError(f"{path}: each {each.to}: `at` is missing")
    return Group(
        to=each.to,
        at=each.at,
        within=tuple(each.within or ()),
        needs=tuple(each.needs or ()),
        unless=tuple(each.unless or ()),
        only=tuple(each.only or ()),
        later=each.later,
        direction=each.direction,
        fields=tuple(parts.expand(each.fields, form)),
        each=tuple(_group(inner, parts, form, path) for inner in each.each),
    )


def _all_rows(fields: Sequence[Row], groups: Sequence[Group]) -> list[Row]:
    rows = list(fields)
    for group in groups:
        rows += _all_rows(group.fields, group.each)
    return rows


# --- fragments ---------------------------------------------------------------------------------------------------------
class _Parts:
    """Puts the rows of fragments in the place of `use`."""

    def __init__(self, folders: tuple[Path, ...], file: Path) -> None:
        self.folders = folders
        self.file = file

    def expand(self, entries: Sequence[Row | Part], form: str) -> list[Row]:
        rows: list[Row] = []
        for entry in entries:
            rows += [entry] if isinstance(entry, Row) else self._rows(entry, form)
        return rows

    def _rows(self, part: Part, form: str) -> list[Row]:
        path = next((place for folder in (*self.folders, SHIPPED) if (place := folder / f"{part.use}.yaml").is_file()), None)
        if path is None:
            raise ConfigError(f"{self.file}: there is no fragment {part.use}")
        fragment = _checked(FragmentFile, path)
        if fragment.format != form:
            raise ConfigError(f"{self.file}: fragment {part.use} is for {fragment.format}, not {form}")
        return [_moved(row, part) for row in fragment.fields]


def _moved(row: Row, part: Part) -> Row:
    changed: dict[str, Any] = {"to": f"{part.to}.{row.to}" if row.to and part.to else row.to}
    if row.source is not None:
        changed["source"] = _under(part.at, row.source) if isinstance(row.source, str) else [_under(part.at, path) for path in row.source]
    if row.when is not None:
        changed["when"] = {_under(part.at, path): value for path, value in row.when.items()}
    if part.direction != "both":
        changed["direction"] = part.direction
    return row.model_copy(update=changed)


def _under(at: str, path: str) -> str:
    if path.startswith(("/", "^")):
        return path
    return f"{at}/{path.removeprefix('./')}"


# --- files -------------------------------------------------------------------------------------------------------------
def _yaml(path: Path) -> dict[str, Any]:
    try:
        said = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(said, dict):
        raise ConfigError(f"{path}: not a mapping file")
    return said


def _checked(model: type[_Model], path: Path) -> _Model:
    try:
        return model.model_validate(_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"] if step not in ("Row", "Part"))
        raise ConfigError(f"{path}: {place or 'file'}: {first['msg']}") from None


def _plain_table(table: CodeTable) -> dict[str, dict[str, str]]:
    plain = {"inward": dict(table.inward), "outward": dict(table.outward)}
    return {**plain, "nearest": dict(table.nearest)} if table.nearest else plain
