"""What a person may say of a field of a source record: one that the record has and that names nothing, with a value that a document of a
system could state as well.

A value is read as the entity has it (`data_contracts.canonical`) and judged by the rules of documents in the record that it is said of.
What that record itself has wrong is not held against the word; what rules only warn of passes, as it does in documents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from data_contracts import canonical
from data_contracts.errors import InvalidError
from data_contracts.findings import Finding, Language, Place
from data_contracts.rules import validate
from hub.masterdata.kinds import KINDS, described
from hub.masterdata.survivorship import OF_THE_MESSAGE
from hub.store import golden as store

ENTITY: Mapping[str, str] = {kind: entity for entity, kind in canonical.KINDS.items() if kind in KINDS}
"""Kind of master record → canonical entity."""


class WordError(InvalidError):
    """A word that cannot be, in both languages; `findings` where it is the value that is wrong."""

    def __init__(self, en: str, zh: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(en)
        self.zh = zh
        self.findings = tuple(findings)

    def text(self, language: Language) -> str:
        """Why, for a person."""
        return self.zh if language == "zh-CN" else str(self)


def judged(kind: str, field: str, value: Any, body: Mapping[str, Any], today: date) -> Any:
    """The value as records keep it: JSON, numbers that are exact as texts. `body` is the record that it is said of; `today` that at which
    the rules say what lies ahead. Raises WordError."""
    fields = [name for name in canonical.ENTITIES[ENTITY[kind]].model_fields if name not in OF_THE_MESSAGE]
    if field not in fields:
        known = ", ".join(fields)
        raise WordError(f"{kind} has no field {field}; it has {known}", f"{kind} 没有字段 {field}；可用：{known}")
    if field in described()[kind].fixed:
        raise WordError(
            f"records are one, or are found, by {field}: mend it in the system that says so, or merge",
            f"记录靠 {field} 合一或被找到：请在来源系统中更正，或合并记录",
        )
    form = _form(kind, field)
    said = value.strip() if isinstance(value, str) else value
    try:
        read = form.validate_python(said)
        said = form.dump_python(read, exclude_none=True, exclude_defaults=True)
        kept = form.dump_python(read, mode="json", exclude_none=True, exclude_defaults=True)
    except ValidationError:
        kept = None  # what is wrong with it the rules say, which find whatever the form refuses
    entity = {**body, "entity": ENTITY[kind]}
    own = {name: one for name, one in entity.items() if name != field}
    before = {(one.rule, one.place.path) for one in validate(own, None, today)}
    found = [
        one
        for one in validate({**own, field: said}, None, today)
        if one.severity == "error" and (_within(one, field) or (one.rule, one.place.path) not in before)
    ]
    if kept is None and not found:
        found = [Finding("DOC-07", Place(path=field), expected="value", got=str(value))]
    if found:
        texts = {language: "; ".join(f"{one.place.path}: {one.rule}: {one.text(language)}" for one in found) for language in _LANGUAGES}
        raise WordError(texts["en"], texts["zh-CN"], found)
    return kept


def free(connection: sa.Connection, kind: str, field: str, value: Any, own: Collection[int]) -> None:
    """Raises WordError where a number by which a record is known is another record's already: told is whose. `own` are the subjects of the
    record that the word is said of, and of all that is one with it."""
    schemes = _NUMBERS.get((kind, field))
    if schemes is None:
        return
    text = str(value).strip()
    rows = store.rows_by_value(connection, kind, {text, "".join(text.split()).upper()})
    taken = next((row.golden_id for row in rows if row.scheme in schemes and row.golden_id not in own), None)
    if taken is None:
        return
    names = store.rows_by_golden(connection, kind, {taken})
    code = min((row for row in names if row.scheme.startswith("code:")), key=lambda row: (row.scheme, row.value))
    record = store.records_by_code(connection, kind, [(code.scheme[5:], code.value)])[0]
    whose = f"{record.system}/{record.code}"
    called = record.body.get("name") or record.body.get("name_zh") or "-"
    raise WordError(
        f"{field} {text} is taken: it is that of {whose} ({called}); if both are one, merge them, else mend it in the record that is wrong",
        f"{field} {text} 已被占用：属于 {whose}（{called}）；如两者为同一单位，请合并，否则请在有误的记录中更正",
    )


_NUMBERS: Mapping[tuple[str, str], frozenset[str]] = {
    ("party", "tax_number"): frozenset({"tax", "credit_code"}),
    ("party", "licence"): frozenset({"licence"}),
}
"""Members that name one record, and the schemes of the crosswalk under which they stand."""
_LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")


def _within(finding: Finding, field: str) -> bool:
    path = finding.place.path or ""
    return path == field or path.startswith((f"{field}.", f"{field}["))


@cache
def _form(kind: str, field: str) -> TypeAdapter[Any]:
    annotation: Any = canonical.ENTITIES[ENTITY[kind]].model_fields[field].annotation
    return TypeAdapter(annotation)
