"""Calls filled from a document: `"{ids}"` is the value itself, `"PO {number}"` a text with it, `when:` whether a call is made at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.deltas import value_at
from data_contracts.errors import RefusedError

_WORD = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """A template with its words replaced; `{__class__: date, iso: "{promised_on}"}` becomes Tryton's date.

    Raises RefusedError for a word that the document does not have.
    """
    if isinstance(template, Mapping):
        made = {str(name): filled(value, values) for name, value in template.items()}
        if made.get("__class__") == "date" and "iso" in made:
            year, month, day = str(made["iso"])[:10].split("-")
            return {"__class__": "date", "year": int(year), "month": int(month), "day": int(day)}
        return made
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _WORD.fullmatch(template)
    return _value(whole[1], values) if whole is not None else _WORD.sub(lambda found: str(_value(found[1], values)), template)


def _value(word: str, values: Mapping[str, Any]) -> Any:
    value = value_at(values, word)
    if value is None:
        raise RefusedError(f"the document has no {word}, which a call is made of")
    return value


def fits(when: Any, values: Mapping[str, Any]) -> bool:
    """Whether the document has these values; a list: one of them."""
    if not isinstance(when, Mapping):
        return True
    return all(value_at(values, str(word)) in (wanted if isinstance(wanted, list) else [wanted]) for word, wanted in when.items())
