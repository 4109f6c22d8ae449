"""Proposes what the fields of an undescribed feed become: which canonical entity, and row by row which member, with the reason beside each.

A draft is for a person to finish. Where the samples say nothing of a mandatory member, a line asks for it and the mapping is refused
until it is answered; nothing is filled in that no sample says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from data_contracts.canonical import ENTITIES
from data_contracts.errors import ConfigError
from mappings.code_tables import load_table
from mappings.targets import Member, element_model, member, required

_SIGNS: Mapping[str, Mapping[str, int]] = {
    "PurchaseOrder": {"order_number": 4, "unit_price": 2, "requested_on": 2, "supplier": 2, "quantity": 1, "item_code": 1, "currency": 1}
    | {"despatch_number": -5, "receipt_number": -5, "invoice_number": -5, "promised_on": -4, "received_at": -3, "payment_number": -6}
    | {"forecast_quantity": -6, "sold_quantity": -6, "moved_quantity": -6, "instruction_number": -5},
    "OrderResponse": {"promised_on": 5, "order_number": 3, "quantity": 1, "despatch_number": -4, "invoice_number": -4},
    "InventoryReport": {"status": 2, "location": 3, "lot": 2, "expires_on": 1, "quantity": 2, "item_code": 1, "gtin": 1}
    | {"order_number": -4, "unit_price": -2, "despatch_number": -3, "receipt_number": -3, "received_at": -3}
    | {"moved_quantity": -6, "sold_quantity": -6, "instruction_number": -5, "forecast_quantity": -6},
    "DespatchAdvice": {
        "despatch_number": 8,
        "receipt_number": -5,
        "invoice_number": -4,
        "instruction_number": -5,
        "sscc": 2,
        "tracking": 2,
        "carrier": 2,
        "despatched_at": 4,
        "ship_to": 1,
        "lot": 1,
    },
    "ReceivingAdvice": {"receipt_number": 8, "received_at": 4, "rejected_quantity": 3, "order_number": 1, "lot": 1},
    "Invoice": {
        "invoice_number": 6,
        "amount": 3,
        "payment_number": -8,
        "paid_on": -5,
        "paid_amount": -5,
        "unit_price": 1,
        "currency": 1,
        "order_number": 1,
    },
    "PriceCatalogue": {"valid_from_on": 5, "valid_until_on": 3, "minimum_quantity": 4, "unit_price": 2, "item_code": 1, "currency": 1}
    | {"quantity": -4, "order_number": -4, "invoice_number": -4, "despatch_number": -4, "requested_on": -3},
    "ProductionEvent": {"production_order": 7, "occurred_at": 4, "lot": 1, "serial": 1, "despatch_number": -4, "invoice_number": -4},
    "Item": {"item_code": 3, "description": 2, "gtin": 1, "unit": 1, "shelf_life": 5, "quantity": -4, "order_number": -3}
    | {"forecast_quantity": -4, "sold_quantity": -4, "moved_quantity": -4},
    "Party": {"supplier": 2, "customer": 2, "supplier_name": 2, "tax_number": 6, "phone": 3, "licence": 3, "city": 2, "address": 2}
    | {"quantity": -6, "item_code": -6, "order_number": -6, "amount": -4},
    "DeliverySchedule": {"forecast_quantity": 8, "due_on": 5, "due_until_on": 3, "item_code": 1, "supplier": 1},
    "SalesReport": {"sold_quantity": 8, "occurred_on": 4, "period_from_on": 4, "period_until_on": 3, "item_code": 1, "lot": 1},
    "InventoryMovement": {"moved_quantity": 8, "reason": 4, "location": 1, "lot": 1, "item_code": 1},
    "DespatchInstruction": {"instruction_number": 8, "ship_to": 2, "requested_on": 1, "quantity": 1, "location": 1},
    "RemittanceAdvice": {"payment_number": 7, "paid_on": 5, "paid_amount": 5, "invoice_number": 1, "amount": 1},
}
"""What fields speak for an entity, and against it."""
_NAMES: Mapping[str, tuple[str, ...]] = {
    "PurchaseOrder": ("order", "po", "订单", "采购"),
    "OrderResponse": ("confirm", "response", "确认"),
    "InventoryReport": ("stock", "inventory", "库存", "盘点"),
    "DespatchAdvice": ("despatch", "dispatch", "ship", "deliver", "asn", "发货", "送货", "出库"),
    "ReceivingAdvice": ("receipt", "receiving", "grn", "收货", "入库"),
    "Invoice": ("invoice", "发票"),
    "PriceCatalogue": ("price", "catalog", "价格", "目录", "报价"),
    "ProductionEvent": ("mes", "production", "transformation", "生产", "工单"),
    "Item": ("item", "material", "product", "物料"),
    "Party": ("supplier", "vendor", "customer", "partner", "供应商", "客户"),
    "DeliverySchedule": ("forecast", "schedule", "预测", "排程"),
    "SalesReport": ("sales", "sellout", "sell-out", "销售", "流向"),
    "InventoryMovement": ("movement", "adjust", "transfer", "移库", "调整", "调拨"),
    "DespatchInstruction": ("pick", "instruction", "指令", "出库通知"),
    "RemittanceAdvice": ("payment", "remit", "付款", "汇款"),
}
_LISTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ProductionEvent": {
        "inputs": ("input", "consum", "component", "used", "投入", "消耗", "领用"),
        "outputs": ("output", "produced", "made", "finished", "产出", "产成"),
    }
}
"""Entities whose rows stand in lists of other names than `lines`, and what the records are called that hold them."""
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "PurchaseOrder": ("order_number", "number"),
    "OrderResponse": ("number", "order_number"),
    "InventoryReport": ("number",),
    "DespatchAdvice": ("despatch_number", "number"),
    "ReceivingAdvice": ("receipt_number", "number"),
    "Invoice": ("invoice_number", "number"),
    "PriceCatalogue": ("number",),
    "ProductionEvent": ("number",),
    "Item": ("item_code", "number"),
    "Party": ("supplier", "customer", "number"),
    "DespatchInstruction": ("instruction_number", "number"),
    "RemittanceAdvice": ("payment_number", "number"),
}
"""Concepts that are the document's own number, the nearest first; of other entities it is `number`."""
_NUMBER = ("number",)
_PARTIES: Mapping[str, tuple[str, str]] = {
    "supplier": ("supplier", "code"),
    "supplier_name": ("supplier", "name"),
    "customer": ("buyer", "code"),
    "ship_to": ("ship_to", "code"),
    "location": ("location", "code"),
}
_TO: Mapping[str, str] = {"serial": "serials[]"}
_OF_ENTITY: Mapping[str, Mapping[str, str]] = {
    "Party": {"supplier_name": "name", "description": "name"},
    "DeliverySchedule": {"forecast_quantity": "quantity"},
    "SalesReport": {"sold_quantity": "quantity", "customer": "reporter.code"},
    "InventoryMovement": {"moved_quantity": "quantity"},
    "RemittanceAdvice": {"paid_amount": "amount"},
}
"""Concepts that fill a member of another name in one entity."""
_ITEM: Mapping[str, str] = {"unit": "base_unit", "description": "name", "shelf_life": "shelf_life_days"}
_SPELLED = (
    *("date_dashed_dmy", "date_dashed_mdy", "date_month_name", "date_month_name_short"),
    *("date_dotted_short", "date_slashed_dmy_short", "date_slashed_mdy_short"),
)
_DAYS: Mapping[str, str] = {
    "date": "iso_date",
    "partial_date": "iso_date",
    "date_compact": "x12_date",
    "day_or_time": "day_stated",
    "instant": "day_of_instant",
    "instant_local": "day_of_instant",
    "instant_dotted": "day_of_dotted",
    "instant_slashed_ymd": "day_of_slashed_ymd",
    "instant_compact": "day_of_compact",
    **{kind: kind for kind in ("date_dotted", "date_slashed_ymd", "date_slashed_dmy", "date_slashed_mdy", "date_chinese")},
    **{kind: kind for kind in ("date_of_midnight", "odata_date")},
    **{kind: kind for kind in _SPELLED},
}
_MOMENTS: Mapping[str, str] = {
    "date": "iso_day",
    "date_compact": "x12_day_start",
    "date_dotted": "day_start_dotted",
    "date_slashed_ymd": "day_start_slashed_ymd",
    "date_slashed_dmy": "day_start_slashed_dmy",
    "date_slashed_mdy": "day_start_slashed_mdy",
    "date_chinese": "day_start_chinese",
    "instant": "iso_instant",
    "instant_local": "iso_instant",
    "instant_dotted": "date_time_dotted",
    "instant_slashed_ymd": "date_time_slashed_ymd",
    "instant_compact": "date_time_compact",
    "day_or_time": "iso_day_or_time",
    "date_of_midnight": "iso_day_or_time",
    "odata_date": "odata_instant",
    **{kind: kind.replace("date_", "day_start_", 1) for kind in _SPELLED},
}
_SHOWN = 8
"""Values that a table lacks which are named."""
_NUMBERS_AS: Mapping[tuple[str, str], str] = {
    (",", ""): "decimal_comma",
    (".", ","): "decimal_grouped",
    (",", "."): "decimal_comma_grouped",
}


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
    for entity, signs in _SIGNS.items():
        # A name that only holds a word among others speaks half as loud.
        score = sum(2 * weight if concepts[concept] >= 80 else weight for concept, weight in signs.items() if concept in concepts) // 2
        scores[entity] = score + (3 if any(word in name.casefold() for word in _NAMES[entity]) else 0)
    best = max(scores, key=lambda entity: scores[entity])
    total = sum(max(score, 0) for score in scores.values())
    return best, 100 * max(scores[best], 0) // total if total else 0


def document_keys(fields: Sequence[Given], entity: str) -> list[str]:
    """The columns whose equal values make rows one document; none where a row stands for itself."""
    if entity in ("Item", "Party"):
        return []
    by_concept = _by_concept(fields)
    if entity == "PriceCatalogue":
        return [by_concept[concept].path for concept in ("supplier", "currency") if concept in by_concept][:1]
    if entity == "InventoryReport":
        return [by_concept[concept].path for concept in ("location", "issued_at") if concept in by_concept]
    return [by_concept[concept].path for concept in NUMBERS.get(entity, _NUMBER) if concept in by_concept][:1]


def of_document(given: Given, entity: str) -> bool:
    """Whether a column speaks of the document and not of one of its lines."""
    model = ENTITIES[entity]
    if given.concept in NUMBERS.get(entity, _NUMBER):
        return True
    head, _ = _member_of(given, entity, model)
    line, _ = _member_of(given, entity, element_model(model, "lines", "draft")) if "lines" in model.model_fields else (None, "")
    return head is not None and line is None


def _member_of(given: Given, entity: str, model: type[BaseModel]) -> tuple[Member | None, str]:
    """The member that a field fills in a model, and its name; None where there is none."""
    concept = given.concept
    if not concept:
        return None, ""
    own = _OF_ENTITY.get(entity, {})
    if concept in own:
        to = own[concept]
    elif concept in _PARTIES:
        party, part = _PARTIES[concept]
        to = f"{party}.{'gln' if given.key == 'gln' else part}"
    elif entity == "Item" and concept in _ITEM:
        to = _ITEM[concept]
    elif entity == "PurchaseOrder" and concept == "order_line":
        to = "line"
    else:
        to = _TO.get(concept, concept)
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
    nested = format_name in ("json", "xml")
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
    if entity in _LISTS:
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
        lines += ["# Not mapped, since neither name nor values say what it is. Map it, or say why not under `ignore:`", "# ignore:"]
        lines += [f"#   - {{path: {_quoted(path)}, reason: ...}}" for path in unused]
    return Draft("\n".join(lines) + "\n", entity, sure, missing)


def _lists(
    entity: str, model: type[BaseModel], fields: Sequence[Given], at: str, inner: Sequence[Given]
) -> list[tuple[str, str, list[Given]]]:
    """The lists of an entity's records: member, the record that holds them in the feed, and its fields."""
    if entity not in _LISTS:
        return [("lines", at, list(inner))] if "lines" in model.model_fields else []
    holders = sorted({given.path.rpartition("/")[0].partition("/")[0] for given in fields if "/" in given.path})
    found = []
    for to, words in _LISTS[entity].items():
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
        when = by_concept.get("occurred_at")
        if not self._within and self._entity == "ProductionEvent" and "issued_at" not in self.found and when is not None:
            row = self._row(replace(when, concept="issued_at", reason=f"when it happened, for want of another; {when.reason}"))
            if row is not None:
                yield row

    def _row(self, given: Given) -> str | None:
        numbers = NUMBERS.get(self._entity, _NUMBER)
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
        way = self._way(given, target, to)
        if way is None:
            return f"# TODO {to} from {given.path}: {' '.join(given.reason.split())}; no function reads it for certain"
        self.found.add(to.partition(".")[0].removesuffix("[]"))
        path = given.path.removeprefix(self._prefix)
        sure, reason = given.sure, " ".join(given.reason.split())
        if ", codes: " in way and (strange := _unknown(way.rpartition(" ")[2], given.values)):
            known = len(given.values) - len(strange)
            sure = min(sure, 100 * known // len(given.values))
            reason = f"TODO its table lacks {', '.join(strange[:_SHOWN])}: add them to codes/ of the site; {reason}"
        return f"- {{to: {_quoted(to)}, from: {_quoted(path)}{way}}}  # {sure} %: {reason}"

    def _way(self, given: Given, target: Member, to: str) -> str | None:
        """The function or code table that reads it; None where no one surely does."""
        if target.kind == "decimal":
            if given.kind not in ("decimal", "integer"):
                return None
            usual = "json_number" if self._format == "json" else "decimal"
            return f", as: {_NUMBERS_AS.get(given.marks, usual)}"
        if target.kind == "integer":
            return ", as: integer" if given.kind == "integer" else None
        if target.kind in ("date", "instant"):
            functions = _DAYS if target.kind == "date" else _MOMENTS
            return f", as: {functions[given.kind]}" if given.kind in functions else None
        if to in ("unit", "base_unit"):
            return ", codes: units"
        if to == "purpose":
            return ", codes: feed_purpose"
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
