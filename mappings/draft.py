"""Proposes what the fields of an undescribed feed become: which canonical entity, and row by row which member, with the reason beside each.

A draft is for a person to finish. Where the samples say nothing of a mandatory member, a line asks for it and the mapping is refused
until it is answered; nothing is filled in that no sample says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from mappings.code_tables import load_table
from mappings.draft_entities import (
    BOOLEANS,
    DAYS,
    ITEM,
    LISTS,
    MOMENTS,
    NAMES,
    NUMBER,
    NUMBERED_BY,
    NUMBERS,
    NUMBERS_AS,
    OF_ENTITY,
    PARTIES,
    SHOWN,
    SIGNS,
    TO,
    WHEN,
)
from mappings.targets import Member, element_model, member, required


@dataclass(frozen=True, slots=True)
class Given:
    """A field of the feed as its grammar was drafted, and what its name and values say that it means."""

    path: str
    kind: str
    concept: str
    sure: int
    reason: str
    marks: tuple[str, str] = ("", "")
    key: str = ""
    values: tuple[str, ...] = ()
    """What the samples have there, each once, as far as they were kept."""


@dataclass(slots=True)
class Draft:
    """A drafted mapping."""

    text: str
    entity: str
    sure: int
    missing: list[str] = field(default_factory=list)
    """Mandatory members that the samples say nothing of; without them the mapping is complete and loads."""


def guess_entity(fields: Sequence[Given], name: str) -> tuple[str, int]:
    """The entity that the fields and the feed's name speak for most, and how sure that is in per cent."""
    concepts = {concept: given.sure for concept, given in _by_concept(fields).items()}
    scores = {}
    for entity, signs in SIGNS.items():
        # A name that only holds a word among others speaks half as loud.
        score = sum(2 * weight if concepts[concept] >= 80 else weight for concept, weight in signs.items() if concept in concepts) // 2
        scores[entity] = score + (3 if any(word in name.casefold() for word in NAMES[entity]) else 0)
    best = max(scores, key=lambda entity: scores[entity])
    total = sum(max(score, 0) for score in scores.values())
    return best, 100 * max(scores[best], 0) // total if total else 0


def document_keys(fields: Sequence[Given], entity: str) -> list[str]:
    """The columns whose equal values make rows one document; none where a row stands for itself."""
    if entity in ("Item", "Party", "Device"):
        return []
    by_concept = _by_concept(fields)
    if entity == "PriceCatalogue":
        return [by_concept[concept].path for concept in ("supplier", "currency") if concept in by_concept][:1]
    if entity == "InventoryReport":
        return [by_concept[concept].path for concept in ("location", "issued_at") if concept in by_concept]
    numbers = (*NUMBERS.get(entity, NUMBER), *([NUMBERED_BY[entity]] if entity in NUMBERED_BY else []))
    return [by_concept[concept].path for concept in numbers if concept in by_concept][:1]


def of_document(given: Given, entity: str) -> bool:
    """Whether a column speaks of the document and not of one of its lines."""
    model = ENTITIES[entity]
    if given.concept in NUMBERS.get(entity, NUMBER) or given.concept == NUMBERED_BY.get(entity):
        return True
    head, _ = _member_of(given, entity, model)
    line, _ = _member_of(given, entity, element_model(model, "lines", "draft")) if "lines" in model.model_fields else (None, "")
    return head is not None and line is None


def _member_of(given: Given, entity: str, model: type[BaseModel]) -> tuple[Member | None, str]:
    """The member that a field fills in a model, and its name; None where there is none."""
    concept = given.concept
    if not concept:
        return None, ""
    own = OF_ENTITY.get(entity, {})
    if concept in own:
        to = own[concept]
    elif concept in PARTIES:
        party, part = PARTIES[concept]
        to = f"{party}.{'gln' if given.key == 'gln' else part}"
    elif entity == "Item" and concept in ITEM:
        to = ITEM[concept]
    elif entity == "PurchaseOrder" and concept == "order_line":
        to = "line"
    else:
        to = TO.get(concept, concept)
    try:
        return member(model, to, "draft"), to
    except ConfigError:
        return None, to


def lines_at(fields: Sequence[Given]) -> str:
    """The record that holds the lines: where the quantity stands, else where most meanings are."""
    below: dict[str, int] = {}
    for given in fields:
        holder = given.path.rpartition("/")[0]
        if holder and given.concept and not given.path.rpartition("/")[2].startswith("@"):
            below[holder] = below.get(holder, 0) + (10 if given.concept == "quantity" else 1)
    return max(below, key=lambda holder: below[holder]) if below else ""


def draft_mapping(format_name: str, name: str, fields: Sequence[Given], entity: str, sure: int, header: Sequence[str] | None) -> Draft:
    """The mapping. `header`: of grouped rows the columns of the document; None where rows are not grouped or nest by themselves."""
    nested = format_name in ("json", "xml") and header is None
    nested = nested or any("/" in given.path for given in fields)
    at = (lines_at(fields) or ".") if nested else "row" if header is not None else "."
    top = [given for given in fields if (not given.path.startswith(f"{at}/") if nested else header is None or given.path in header)]
    inner = (
        [given for given in fields if given.path.startswith(f"{at}/")] if nested else [g for g in fields if header is None or g not in top]
    )
    if nested and at == ".":
        inner = list(fields)
    model = ENTITIES[entity]
    lists = _lists(entity, model, fields, at, inner)
    if entity in LISTS:
        top = [given for given in fields if not any(given in held for _, _, held in lists)]
    above = _Rows(format_name, entity, "", None)
    head = list(above.rows(top))
    missing = [name for name in required(model) if name not in above.found]
    used = set(above.used)
    each: list[str] = []
    for to, place, held in lists:
        below = _Rows(format_name, entity, "" if place == "." else f"{place}/", to)
        body = list(below.rows(held))
        if "line" not in below.found:
            body = ['- {to: line, default: "@ordinal"}  # no line number in the samples', *body]
        missing += [f"{to}.{name}" for name in required(element_model(model, to, "draft")) if name not in {*below.found, "line"}]
        each += [f"  - to: {to}", f"    at: {_quoted(place)}", "    fields:", *(f"      {row}" for row in body)]
        used |= below.used
    lines = [
        f"# Drafted from samples: {entity}, {sure} % sure. Read each row; the reason stands beside it.",
        *[f"# TODO {name}: mandatory, and no sample says it" for name in missing],
        f"mapping: {format_name}/{name}",
        "version: 1",
        f"format: {format_name}",
        f"message: {name}",
        f"entity: {entity}",
        "direction: in",
        *(["fields:", *(f"  {row}" for row in head)] if any(row.startswith("-") for row in head) else [f"# {row}" for row in head]),
    ]
    lines += ["each:", *each] if each else []
    unused = [given.path for given in fields if given.path not in used]
    if unused:
        lines += ["# Not mapped: nothing says what it is, or this entity has no place for it. Map it, or say why not:", "# ignore:"]
        places = [path if header is None or path in header else f"row/{path}" for path in unused]  # of grouped rows the rest is the row's
        lines += [f"#   - {{path: {_quoted(place)}, reason: ...}}" for place in places]
    return Draft("\n".join(lines) + "\n", entity, sure, missing)


def _lists(
    entity: str, model: type[BaseModel], fields: Sequence[Given], at: str, inner: Sequence[Given]
) -> list[tuple[str, str, list[Given]]]:
    """The lists of an entity's records: member, the record that holds them in the feed, and its fields."""
    if entity not in LISTS:
        return [("lines", at, list(inner))] if "lines" in model.model_fields else []
    holders = sorted({given.path.rpartition("/")[0].partition("/")[0] for given in fields if "/" in given.path})
    found = []
    for to, words in LISTS[entity].items():
        holder = next((holder for holder in holders if any(word in holder.casefold() for word in words)), None)
        if holder is not None:
            found.append((to, holder, [given for given in fields if given.path.startswith(f"{holder}/")]))
    return found


class _Rows:
    """The rows of one scope: of the document, or of one of its lists."""

    def __init__(self, format_name: str, entity: str, prefix: str, of: str | None) -> None:
        self._format = format_name
        self._entity = entity
        self._prefix = prefix
        self._model = element_model(ENTITIES[entity], of, "draft") if of is not None else ENTITIES[entity]
        self._within = of is not None
        self.found: set[str] = set()
        self.used: set[str] = set()
        self._filled: set[str] = set()

    def rows(self, fields: Sequence[Given]) -> Iterator[str]:
        """A row for each field that has a place here, the surest first where two mean the same."""
        by_concept = _by_concept(fields)
        for given in fields:
            if given.concept and by_concept[given.concept] is given:
                row = self._row(given)
                if row is not None:
                    self.used.add(given.path)
                    yield row
        if not self._within and "number" not in self.found and self._entity == "InventoryReport":
            made = [by_concept[concept].path for concept in ("location", "issued_at") if concept in by_concept]
            if len(made) == 2:
                self.found.add("number")
                yield f"- {{to: number, from: [{', '.join(map(_quoted, made))}], as: joined_by_slash}}  # made of place and time"
        other = by_concept.get(NUMBERED_BY.get(self._entity, ""))
        if not self._within and "number" not in self.found and other is not None and "/" not in other.path.removeprefix(self._prefix):
            self.found.add("number")
            yield f"- {{to: number, from: {_quoted(other.path)}}}  # it has no number of its own here"
        when = by_concept.get(WHEN.get(self._entity, ""))
        if not self._within and "issued_at" not in self.found and when is not None:
            row = self._row(replace(when, concept="issued_at", reason=f"when it happened, for want of another; {when.reason}"))
            if row is not None:
                yield row

    def _row(self, given: Given) -> str | None:
        numbers = NUMBERS.get(self._entity, NUMBER)
        if not self._within and given.concept in numbers:
            if "number" in self.found:
                return None
            target: Member | None = member(self._model, "number", "draft")
            to = "number"
        elif self._within and given.concept in numbers and given.concept != "item_code":
            return None
        else:
            target, to = _member_of(given, self._entity, self._model)
        if target is None:
            return None
        if to in self._filled:
            return None
        way = self._way(given, target, to)
        if way is None:
            return f"# TODO {to} from {given.path}: {' '.join(given.reason.split())}; no function reads it for certain"
        self._filled.add(to)
        self.found.add(to.partition(".")[0].removesuffix("[]"))
        path = given.path.removeprefix(self._prefix)
        sure, reason = given.sure, " ".join(given.reason.split())
        if ", codes: " in way and (strange := _unknown(way.rpartition(" ")[2], given.values)):
            known = len(given.values) - len(strange)
            sure = min(sure, 100 * known // len(given.values))
            reason = f"TODO its table lacks {', '.join(strange[:SHOWN])}: add them to codes/ of the site; {reason}"
        return f"- {{to: {_quoted(to)}, from: {_quoted(path)}{way}}}  # {sure} %: {reason}"

    def _way(self, given: Given, target: Member, to: str) -> str | None:
        """The function or code table that reads it; None where no one surely does."""
        if target.kind == "decimal":
            if given.kind not in ("decimal", "integer"):
                return None
            usual = "json_number" if self._format == "json" else "decimal"
            return f", as: {NUMBERS_AS.get(given.marks, usual)}"
        if target.kind == "integer":
            return ", as: integer" if given.kind == "integer" else None
        if target.kind in ("date", "instant"):
            functions = DAYS if target.kind == "date" else MOMENTS
            return f", as: {functions[given.kind]}" if given.kind in functions else None
        if to in ("unit", "base_unit"):
            return ", codes: units"
        if to == "purpose":
            return ", codes: feed_purpose"
        if target.kind == "boolean":
            return next((f", as: {name}" for words, name in BOOLEANS.items() if given.values and words.issuperset(given.values)), None)
        if to == "issuer":
            return ", codes: device_issuer"
        if to == "status" and self._entity == "TransportStatus":
            return None  # each carrier has codes of its own; which word of Recommendation 24 each is, a table of the site says
        if to == "status":
            return ", codes: confirmation_status" if self._entity == "OrderResponse" else ", codes: stock_status"
        if target.allowed is not None:
            return None
        return ", as: gtin" if to == "gtin" else ""


def _unknown(table: str, values: Sequence[str]) -> list[str]:
    """Values of the samples that a shipped code table does not have."""
    inward = load_table(table).inward
    return [value for value in values if value not in inward and value.upper() not in inward]


def _by_concept(fields: Sequence[Given]) -> dict[str, Given]:
    """The surest field of each concept; of equals the first."""
    best: dict[str, Given] = {}
    for given in fields:
        if given.concept and (given.concept not in best or given.sure > best[given.concept].sure):
            best[given.concept] = given
    return best


def _quoted(text: str) -> str:
    plain = text.replace("_", "").replace(".", "").replace("/", "")
    return text if plain.isascii() and plain.isalnum() and text[0].isalpha() else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
