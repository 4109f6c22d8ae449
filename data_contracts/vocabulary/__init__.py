"""What people call the things of a supply chain in headers and member names, and what a name most likely means.

>>> meaning_of("批号").concept, meaning_of("Exp. Date").concept, meaning_of("Qty (PCS)").concept
('lot', 'expires_on', 'quantity')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_EXACT, _WITHIN = 90, 65
"""Per cent of trust in a name that is one of the words, and in one that holds a word among others."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name most likely means: a concept of `words.yaml`, how sure that is in per cent, and the word that says so."""

    concept: str
    sure: int
    word: str
    kind: str
    """`text`, `decimal`, `integer` or `date`: what values of it are."""


def _tokens(name: str) -> tuple[str, ...]:
    """A name's words: `ShipToGLN` and `ship_to-gln` are alike."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(re.findall(r"[a-zà-ÿ]+|[0-9]+|[\u4e00-\u9fff]+", parted.casefold()))


@cache
def _words() -> Mapping[tuple[str, ...], tuple[str, str, str]]:
    """Concept, kind and word by the word's tokens, and by its tokens run together."""
    body = yaml.load((Path(__file__).parent / "words.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    found: dict[tuple[str, ...], tuple[str, str, str]] = {}
    for concept, entry in body.items():
        for word in entry["words"]:
            for tokens in (_tokens(str(word)), ("".join(_tokens(str(word))),)):
                found.setdefault(tokens, (concept, entry["kind"], str(word)))
    return found


@cache
def meaning_of(name: str) -> Meaning | None:
    """The concept that a header or member name most likely means; None where no known word is in it."""
    words, tokens = _words(), _tokens(name.lstrip("@"))
    for key in (tokens, ("".join(tokens),)):
        if key in words:
            concept, kind, word = words[key]
            return Meaning(concept, _EXACT, word, kind)
    held = [(key, found) for key, found in words.items() if _holds(tokens, key)]
    if not held:
        return None
    # What a name says last is what it is: a PurchaseOrderQuantityUnit is a unit.
    _, (concept, kind, word) = max(held, key=lambda one: (tokens[-len(one[0]) :] == one[0], len(one[1][2])))
    return Meaning(concept, _WITHIN, word, kind)


def _holds(tokens: tuple[str, ...], key: tuple[str, ...]) -> bool:
    """Whether the name has the word's tokens one after the other; a Chinese word may stand within a longer one."""
    if len(key) == 1 and key[0] >= "\u4e00":
        return len(key[0]) > 1 and any(key[0] in token for token in tokens)
    return any(tokens[at : at + len(key)] == key for at in range(len(tokens) - len(key) + 1))
