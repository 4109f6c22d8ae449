"""What IDocs hold, as data: segments with their columns, and for each basic type which segment stands below which.

The tables are `connectors/grammars/idoc/`: `segments.yaml`, and one file for each basic type (`ORDERS05.yaml`), which says in a list
what may stand where. A site's own lie in `<site>/grammars/idoc/` and win: a `segments.yaml` there adds or replaces segments
(extensions such as `Z1EDP01`), a basic type there replaces the shipped one. The XML representation names segment types (`E1EDK01`),
the flat one release definitions (`E2EDK01005`); SAP only ever adds fields at the end, so the newest definition reads the older ones.

A segment has one place in a basic type. By that a flat file, which has no brackets, is nested again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml

from connectors.formats.idoc.values import INITIAL, KINDS, WIDTHS, Check
from connectors.freshness import forgets
from connectors.spec import Profile
from data_contracts.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "grammars" / "idoc"
CONTROL = "EDI_DC40"
HEAD = 63
"""Characters before the data of a flat record: SEGNAM 30, MANDT 3, DOCNUM 16, SEGNUM 6, PSGNUM 6, HLEVEL 2."""
SDATA = 1000
"""Characters of data in a flat record."""
_FIELD = re.compile(r"(?P<name>[A-Z0-9_/]+) (?:(?P<kind>[A-Z]{3,4})(?: (?P<typed>\d+))?|(?P<length>\d+))")
_USE = re.compile(r"(?P<tag>[A-Z0-9_/]+)(?P<must> M)?(?: (?P<most>\d+|\*))?")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `offset` counts characters within the data of the record."""

    name: str
    kind: str
    """CHAR, NUMC, DATS, TIMS, QUAN, CURR or DEC, as SAP's dictionary calls them."""
    length: int
    offset: int


@dataclass(frozen=True)
class Segment:
    """A segment type with its columns. `flat` is the definition that we write."""

    tag: str
    name: str
    flat: str
    fields: tuple[Field, ...]
    currency: str | None = None
    """The field that names the currency of the amounts here and below."""
    container: bool = False
    """It only holds others together; senders leave it out at times."""
    unset_by_zero: frozenset[str] = frozenset()
    """Numbers of which zero says that there is none."""

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Fields by their names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def laid(self) -> dict[tuple[str, ...], tuple[tuple[str, int], ...]]:
        """What writers remember: sets of fields as they came, in the order of the columns, with their lengths."""
        return {}

    @cached_property
    def tests(self) -> Mapping[str, tuple[int, frozenset[str] | None, Check | None]]:
        """What a value must be, by field: its length, texts that say nothing, the check of its type."""
        return {
            field.name: (
                field.length,
                INITIAL.get(field.kind, frozenset() if field.name in self.unset_by_zero else None),
                KINDS[field.kind][0],
            )
            for field in self.fields
        }

    @cached_property
    def amounts(self) -> frozenset[str]:
        """Names of its amounts of money."""
        return frozenset(field.name for field in self.fields if field.kind == "CURR")

    @cached_property
    def columns(self) -> tuple[tuple[str, int, int], ...]:
        """Name, first and last column (exclusive) of every field."""
        return tuple((field.name, field.offset, field.offset + field.length) for field in self.fields)

    @cached_property
    def cut(self) -> Callable[[str], tuple[str, ...]]:
        """The texts of all fields of a flat record, in order, taken at once; at least two, so that there is a tuple."""
        start = 0 if self.tag == CONTROL else HEAD
        slices = [slice(start + first, start + stop) for _, first, stop in self.columns]
        return itemgetter(*slices, slice(0, 0))

    def split_at(self, column: int) -> Field | None:
        """The field within which data that is this long ends; null where it ends between two or beyond them."""
        return next((field for field in self.fields if field.offset < column < field.offset + field.length), None)

    @cached_property
    def width(self) -> int:
        """Characters that the known fields take."""
        return max((stop for _, _, stop in self.columns), default=0)


@dataclass(frozen=True)
class Use:
    """The place of a segment in a basic type. `above` is the segment it stands below, null at the top."""

    segment: Segment
    above: str | None
    order: int
    must: bool
    most: int | None
    depth: int
    below: tuple[Use, ...] = field(default=())


@dataclass(frozen=True)
class Grammar:
    """A basic type, ready."""

    basic_type: str
    also: tuple[str, ...]
    name: str
    messages: tuple[str, ...]
    body: tuple[Use, ...]
    hash: str
    plain: str
    """The tables that it was made of, as JSON; the hash is taken over it."""

    @cached_property
    def uses(self) -> Mapping[str, Use]:
        """The place of every segment type."""
        return {use.segment.tag: use for use in walk(self.body)}


@dataclass(frozen=True)
class Tables:
    """All segments and basic types that are known here."""

    segments: Mapping[str, Segment]
    grammars: Mapping[str, Grammar]

    @cached_property
    def by_type(self) -> Mapping[str, Grammar]:
        """Grammars by basic type, older ones too."""
        older = {name: grammar for grammar in self.grammars.values() for name in grammar.also}
        return {**older, **self.grammars}

    @cached_property
    def by_message(self) -> Mapping[str, Grammar]:
        """The grammar in which a message type is written."""
        return {message: grammar for grammar in self.grammars.values() for message in grammar.messages}

    @cached_property
    def _flat(self) -> Mapping[str, str]:
        return {_base(segment): tag for tag, segment in self.segments.items()}

    def type_of(self, definition: str) -> str:
        """The segment type of a flat name: `E2EDK01005`, `E2EDK01` and `E1EDK01` are E1EDK01; what is unknown keeps its name."""
        if definition in self.segments:
            return definition
        return self._flat.get(definition) or (definition[-3:].isdecimal() and self._flat.get(definition[:-3])) or definition

    def flat_name(self, segment: Segment, profile: Profile) -> str:
        """The definition under which a segment is written: the newest, unless `profile.options["definitions"]` says another."""
        return str(profile.options.get("definitions", {}).get(segment.tag, segment.flat))


def tables_for(profile: Profile) -> Tables:
    """The tables that hold for an agreement. Raises ConfigError naming file and entry."""
    folders = tuple(Path(str(folder)) / "idoc" for folder in profile.options.get("grammar_folders", ()))
    return _tables((*folders, SHIPPED))


def walk(body: Sequence[Use]) -> Iterator[Use]:
    """All places of a body, in order."""
    for use in body:
        yield use
        yield from walk(use.below)


def _base(segment: Segment) -> str:
    """A segment's definition without its release, three digits after a name that is as long as the type's."""
    return segment.flat[: len(segment.tag)] if segment.flat[len(segment.tag) :].isdecimal() else segment.flat


@lru_cache(maxsize=16)
def _tables(folders: tuple[Path, ...]) -> Tables:
    segments: dict[str, Segment] = {}
    rows: dict[str, dict[str, Any]] = {}
    for folder in reversed(folders):
        path = folder / "segments.yaml"
        if path.is_file():
            said = _yaml(path).get("segments", {})
            rows.update(said)
            segments.update({tag: _segment(tag, row, rows, f"{path}: {tag}") for tag, row in said.items()})
    grammars: dict[str, Grammar] = {}
    for folder in reversed(folders):
        for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            if path.stem != "segments":
                grammars[path.stem] = _grammar(path, segments, rows)
    return Tables(segments, grammars)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        said = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    if not isinstance(said, dict) or said.get("version") != 1:
        raise ConfigError(f"{path}: an IDoc grammar is a mapping that begins with version: 1")
    return said


def _segment(tag: str, row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]], where: str) -> Segment:
    texts = rows[row["like"]] if "like" in row else row
    if "fields" not in texts:
        raise ConfigError(f"{where}: a segment has fields, or is `like` another")
    fields = tuple(_fields(texts["fields"], where))
    if len({one.name for one in fields}) != len(fields):
        raise ConfigError(f"{where}: a field stands twice")
    made = Segment(
        tag=tag,
        name=str(row.get("name", tag)),
        flat=str(row.get("flat", tag)),
        fields=fields,
        currency=row.get("currency"),
        container=bool(row.get("container", False)),
        unset_by_zero=frozenset(row.get("zero_says_nothing", ())),
    )
    if made.width > SDATA and tag != CONTROL:
        raise ConfigError(f"{where}: the fields take {made.width} characters, a record has {SDATA}")
    return made


def _fields(text: str, where: str) -> Iterator[Field]:
    offset = 0
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _FIELD.fullmatch(part)
        kind = match["kind"] or "CHAR" if match is not None else ""
        length = WIDTHS.get(kind) or int((match["typed"] or match["length"] or 0) if match is not None else 0)
        if match is None or kind not in KINDS or not length:
            raise ConfigError(f"{where}: `{part}` is no field like `MENGE QUAN 15` or `DATUM DATS`")
        yield Field(match["name"], kind, length, offset)
        offset += length


def _grammar(path: Path, segments: Mapping[str, Segment], rows: Mapping[str, Any]) -> Grammar:
    said = _yaml(path)
    if said.get("basic_type") != path.stem:
        raise ConfigError(f"{path}: basic_type should be {path.stem}, is {said.get('basic_type')!r}")
    body = _body(said.get("body") or (), None, 0, segments, str(path))
    tags = [use.segment.tag for use in walk(body)]
    twice = sorted({tag for tag in tags if tags.count(tag) > 1})
    if twice:
        raise ConfigError(f"{path}: {', '.join(twice)} has more than one place")
    plain = json.dumps({**said, "segments": {tag: rows[tag] for tag in sorted({CONTROL, *tags})}}, ensure_ascii=False, sort_keys=True)
    return Grammar(
        basic_type=path.stem,
        also=tuple(said.get("also", ())),
        name=str(said.get("name", path.stem)),
        messages=tuple(said.get("messages", ())),
        body=body,
        hash=hashlib.sha256(plain.encode()).hexdigest(),
        plain=plain,
    )


def _body(rows: Sequence[Any], above: str | None, depth: int, segments: Mapping[str, Segment], where: str) -> tuple[Use, ...]:
    uses = []
    for order, row in enumerate(rows):
        text, below = next(iter(row.items())) if isinstance(row, dict) and len(row) == 1 else (row, ())
        match = _USE.fullmatch(str(text))
        if match is None or match["tag"] not in segments:
            raise ConfigError(f"{where}: body: `{text}` is no known segment, with `M` where it must be there and how often it may stand")
        tag, most = match["tag"], match["most"]
        uses.append(
            Use(
                segment=segments[tag],
                above=above,
                order=order,
                must=match["must"] is not None,
                most=None if most == "*" else int(most or 1),
                depth=depth,
                below=_body(below, tag, depth + 1, segments, where),
            )
        )
    return tuple(uses)


forgets("idoc", _tables.cache_clear)
