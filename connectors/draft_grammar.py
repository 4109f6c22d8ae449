"""Writes the grammar of an undescribed feed from its samples, as YAML with the reason beside every field, for a person to finish.

What is drafted loads, and reads its own samples without a finding of structure: types are those that all values have, and only what
stands in every record is required.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.draft_samples import Node, Samples, leaves
from connectors.draft_values import Seen, seen
from data_contracts.vocabulary import Meaning, meaning_of


@dataclass(frozen=True, slots=True)
class Drafted:
    """One field that holds values: what its name and its values say."""

    path: str
    """From the message: `lines/quantity`."""
    seen: Seen
    meaning: Meaning | None
    share: int
    """Per cent of the records that have it."""
    values: tuple[str, ...]


def drafted(samples: Samples) -> list[Drafted]:
    """All fields of the samples, in order."""
    exact = samples.format in ("json", "spreadsheet")
    found = []
    for path, node in leaves(samples.root):
        meaning = _meaning(path)
        what = seen(node.values, meaning, exact=exact)
        if what.key in ("gtin", "sscc") and meaning is None:
            meaning = Meaning(what.key, what.sure, f"check digits of {what.key.upper()}", "text")
        found.append(Drafted(path, what, meaning, 100 * node.held // max(_owner(samples.root, path).records, 1), tuple(node.values)))
    return found


_GENERAL = frozenset({"code", "gln", "id", "name", "no", "number", "value"})


def _meaning(path: str) -> Meaning | None:
    """What a field's name says; `gln` and its like say it with the name of the record around them."""
    above, _, name = path.rpartition("/")
    general = name.lstrip("@").casefold() in _GENERAL
    around = meaning_of(f"{above.rpartition('/')[2]} {name.lstrip('@')}") if above and general else None
    return around or meaning_of(name)


def _owner(root: Node, path: str) -> Node:
    """The record that holds the field of a path; names may hold a slash themselves."""
    for name, child in root.fields.items():
        if path.startswith(f"{name}/") and path not in root.fields:
            return _owner(child, path[len(name) + 1 :])
    return root


def marks_of(fields: Sequence[Drafted]) -> tuple[str, str]:
    """The decimal and thousands mark that most decimal fields have."""
    found = [field.seen.marks for field in fields if field.seen.marks[0]]
    return max(set(found), key=lambda marks: (found.count(marks), marks)) if found else (".", "")


def groupable(samples: Samples, fields: Sequence[Drafted], by: Sequence[str]) -> list[str]:
    """Columns that do not differ among rows of equal `by`: they may stand on the message."""
    if not by:
        return []
    full = [field for field in fields if field.share == 100 and len(field.values) == samples.root.records]
    keys = [field.values for field in full if field.path in by]
    if len(keys) < len(by):
        return []
    told: dict[tuple[str, tuple[str, ...]], str] = {}
    differing: set[str] = set()
    for row, key in enumerate(zip(*keys, strict=True)):
        for field in full:
            if told.setdefault((field.path, key), field.values[row]) != field.values[row]:
                differing.add(field.path)
    return [field.path for field in full if field.path not in differing and field.path not in by]


def as_yaml(samples: Samples, name: str, fields: Sequence[Drafted], by: Sequence[str], header: Sequence[str]) -> str:
    """The grammar."""
    decimal, thousands = marks_of(fields) if samples.format in ("delimited", "fixed") else (".", "")  # the others state none
    lines = [
        f"# Drafted from samples of {samples.root.records} records. Read each line; the reason stands beside it.",
        "version: 1",
        f"grammar: {name}",
        f"format: {samples.format}",
        f"message: {name}",
        f"title: {{en: {_quoted(f'{name} (drafted, to be finished)')}, zh-CN: {_quoted(f'{name}（草稿，待完善）')}}}",
    ]
    if samples.messages:
        lines.append(f"messages: {_quoted(samples.messages)}")
    if samples.nothing:
        lines.append('nothing: ["false"]')
    if samples.namespace:
        lines.append(f"namespace: {_quoted(samples.namespace)}")
    if samples.spaces.keys() - {samples.namespace or ""}:
        spaces = ", ".join(f"{prefix}: {_quoted(space) if space else _text(space)}" for space, prefix in samples.spaces.items())
        lines.append(f"spaces: {{{spaces}}}")
    if samples.separator:
        lines.append(f"separator: {_quoted(samples.separator)}")
    if samples.format in ("delimited", "fixed"):
        lines += [f"decimal: {_quoted(decimal)}", *([f"thousands: {_quoted(thousands)}"] if thousands else [])]
        lines.append(f"charsets: [{samples.charset}]")
    if samples.root.code:
        lines += ["record_type: [1, 2]  # lines are of several kinds, told apart by their first two characters"]
        lines += [f'code: "{samples.root.code}"', *([f"skip: [{', '.join(map(_text, samples.skip))}]"] if samples.skip else [])]
    if by:
        lines += ["group:", f"  by: [{', '.join(map(_quoted, by))}]  # rows of one document stand together in the samples"]
        lines += [f"  header: [{', '.join(map(_quoted, header))}]"] if header else []
        lines.append("  rows: row")
    lines.append("fields:")
    lines += _fields(samples, samples.root, "", {field.path: field for field in fields}, (decimal, thousands), 1)
    return "\n".join(lines) + "\n"


def _fields(samples: Samples, node: Node, path: str, fields: Mapping[str, Drafted], marks: tuple[str, str], depth: int) -> Iterator[str]:
    indent, within = "  " * depth, (samples.namespace if depth == 1 else node.space) or ""
    for name, child in node.fields.items():
        field = fields.get(f"{path}{name}")
        if field is None and not child.fields:
            continue
        required = child.held == node.records and node.records > 1
        words = [f"required: {'true' if required else 'false'}"] if required else []
        words += ["many: true"] if child.many else []
        if samples.format == "xml" and not name.startswith("@") and (child.space or "") != within:
            prefix = samples.spaces[child.space or ""]
            words += [f"space: {prefix}", *([f"inside: {prefix}"] if child.fields else [])]
        if field is None:
            yield f"{indent}{_quoted(name)}:" + (f"  # in {child.held} of {node.records}" if child.held else "")
            yield f"{indent}  type: record"
            if child.code:
                yield f'{indent}  code: "{child.code}"'
            yield from (f"{indent}  {word}" for word in words)
            yield f"{indent}  fields:"
            yield from _fields(samples, child, f"{path}{name}/", fields, marks, depth + 2)
            continue
        kind, reason = _kind(field, marks)
        words.insert(0, f"type: {kind}")
        if name in node.columns:
            words.append(f"at: [{node.columns[name][0]}, {node.columns[name][1]}]")
        if child.quoted and kind in ("decimal", "integer", "boolean"):
            words.append("quoted: true")
        comment = f"# {field.seen.sure} %: {reason}; in {field.share} % of the records" + (
            f"; perhaps enum: [{', '.join(field.seen.choices)}]" if field.seen.choices else ""
        )
        if child.fields:
            yield f"{indent}{_quoted(name)}:  {_one_line(comment)}"
            yield from (f"{indent}  {word}" for word in words)
            yield f"{indent}  fields:"
            yield from _fields(samples, child, f"{path}{name}/", fields, marks, depth + 2)
        else:
            yield f"{indent}{_quoted(name)}: {{{', '.join(words)}}}  {_one_line(comment)}"


def _kind(field: Drafted, marks: tuple[str, str]) -> tuple[str, str]:
    if field.seen.kind == "decimal" and field.seen.marks[0] and field.seen.marks != marks:
        return "text", f"{field.seen.reason}, other marks than the other numbers"
    return field.seen.kind, field.seen.reason


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    return f'"{text}"'


def _quoted(text: str) -> str:
    """A YAML text in double quotes, which takes any name."""
    plain = text.replace("_", "").replace(".", "")
    if (
        plain.isascii()
        and plain.isalnum()
        and text[0].isalpha()
        and text.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    ):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", " ").replace("\r", " ")
    return f'"{escaped}"'
