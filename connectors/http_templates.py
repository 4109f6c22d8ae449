"""Words in braces in what a site says of a peer by HTTP: paths, parameters, bodies (`connectors/transports/rest.py` and its like)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from connectors.credentials import refuse_unknown
from connectors.deltas import value_at
from data_contracts.errors import ConfigError, RefusedError

_WORD = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def part(given: Any, name: str, known: frozenset[str]) -> Mapping[str, Any]:
    """A part of the settings, whose names are known. Raises ConfigError."""
    if not isinstance(given, Mapping):
        raise ConfigError(f"transport rest: {name} has {', '.join(sorted(known))}")
    refuse_unknown(given, known, f"rest, {name}")
    return given


def words_of(text: str) -> list[str]:
    """The words in braces."""
    return _WORD.findall(text)


def texts_of(template: Any) -> Iterator[str]:
    """All texts of a template."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from texts_of(value)
    elif isinstance(template, list):
        for value in template:
            yield from texts_of(value)


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A template with the words in braces replaced; a text that is one word and a number becomes that number."""
    if isinstance(template, Mapping):
        return {str(name): filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _WORD.fullmatch(template)
    if whole is not None and whole[1] in ("offset", "limit", "page") and values.get(whole[1], "").isdigit():
        return int(values[whole[1]])
    return _WORD.sub(lambda found: values.get(found[1], found[0]), template)


def path_of(path: str, values: Mapping[str, str]) -> str:
    """A path whose words are values, each of them one step of it, whatever is in it."""
    steps = "/".join(quote(step, safe="{}:?&=,()'$.-_~!*@%") for step in path.split("/"))
    return _WORD.sub(lambda found: quote(values[found[1]], safe="") if found[1] in values else found[0], steps)


def query_of(template: Any, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Parameters; one whose word has no value yet is left out."""
    if template is None:
        return []
    if not isinstance(template, Mapping):
        raise ConfigError("transport rest: query is names and values")
    found = []
    for name, value in template.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if {word for word in _WORD.findall(text) if word in ("since", "token", "id")} <= values.keys():
            found.append((str(name), str(filled(text, values))))
    return found


def members(content: bytes, words: set[str]) -> dict[str, str]:
    """Members of a JSON document that its address names. Raises RefusedError where they are not there."""
    if not words:
        return {}
    try:
        body = json.loads(content, parse_float=str)
    except ValueError as error:
        raise RefusedError("the document is no JSON, so its address cannot be made of it") from error
    values = {word: value_at(body, word) for word in words}
    missing = sorted(word for word, value in values.items() if value in (None, "") or isinstance(value, dict | list))
    if missing:
        raise RefusedError(f"the document has no {', '.join(missing)}, which its address is made of")
    return {word: str(value) for word, value in values.items()}
