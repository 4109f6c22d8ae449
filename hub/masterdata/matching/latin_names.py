"""The beginning of taking a Latin company's name apart: legal form, place, branch and what sets members of a group apart.

`Longxin Medical (Jinan) Co., Ltd. Shanghai Branch` is `longxin medical` of Jinan, its branch in Shanghai. Names are made of few words: what
there is to know of a word is found once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from hub.masterdata.matching.chinese_names import BRACKETS, LABEL, kind
from hub.masterdata.matching.spelling import words
from hub.masterdata.matching.words import listed

_FEN_GONGSI = re.compile(r"(?<![a-z])fen gongsi(?![a-z])")
_OFFICES = frozenset(listed("offices"))
_APART = {word: chief for entry in listed("apart_as") for chief, _, all_ in [entry.partition("=")] for word in all_.split("|")}
_FORMS = frozenset(listed("forms"))
_OPENING = frozenset("([〔【")


def neighbours(own: str) -> set[str]:
    """The text with one letter left out: two texts one edit apart share one of these, or are one of the other's."""
    return {own[:at] + own[at + 1 :] for at in range(len(own))}


def respelled(word: str) -> str:
    """`mueller` is `muller`."""
    return word.replace("ue", "u").replace("oe", "o").replace("ae", "a") if len(word) > 4 else word


_NEARLY_FORM = frozenset(part for form in _FORMS if len(form) > 3 for part in (form, *neighbours(form)))
_NEARLY_APART = {
    part: chief for other, chief in reversed(_APART.items()) if len(other) > 4 for part in neighbours(other) if part != "service"
}


@cache
def _form_words() -> Mapping[str, str]:
    return {word: chief for entry in listed("forms_as") for chief, _, all_ in [entry.partition("=")] for word in all_.split("|")}


@cache
def _long_forms() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{entry.replace('_', '[ .,]+')}\b\\.?" for entry in listed("long_forms")))


@cache
def _long_begin() -> frozenset[str]:
    """First words of legal forms of several words, also as they stand when letters with dots are one word: of `s.r.l` `sr`."""
    first = {entry.partition("_")[0] for entry in listed("long_forms")}
    dotted = {entry.replace("_", "") for entry in listed("long_forms") if len(entry.partition("_")[0]) == 1}
    return frozenset(first | {word[:size] for word in dotted for size in range(1, len(word) + 1)})


class Word(NamedTuple):
    """What there is to know of a word of a name."""

    spelled: str
    begins_place: bool
    """Whether a place's name begins so."""
    is_form: bool
    nearly_form: bool
    is_office: bool
    apart: str
    """The chief of words that set members of a group apart, also of one with a letter left out."""
    form: str
    """The chief of legal forms."""


class Begun(NamedTuple):
    """A name without place, office, legal form and what sets members of a group apart."""

    rest: tuple[str, ...]
    place: str
    branch: str
    apart: str
    form: str


class Latin:
    """Latin names begun with. `places` are places as names write them, by how they are read."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._begin = {name[:size] for name in places for size in range(1, len(name) + 1)}
        self._words: dict[str, Word] = {}

    def _word(self, raw: str) -> Word:
        spelled = respelled(raw)
        nearly = len(spelled) > 3 and not _NEARLY_FORM.isdisjoint((spelled, *neighbours(spelled)))
        apart = _APART.get(spelled) or _NEARLY_APART.get(spelled, "")
        self._words[raw] = word = Word(
            spelled, spelled in self._begin, spelled in _FORMS, nearly, spelled in _OFFICES, apart, _form_words().get(raw, "")
        )
        return word

    def begun(self, plain: str) -> Begun:
        """A folded name begun with."""
        where, last, branch = "", "", ""
        if "fen gongsi" in plain:
            plain = _FEN_GONGSI.sub("fengongsi", plain)

        def bracket(found: re.Match[str]) -> str:
            nonlocal where
            inside = " ".join(words(found[1]))
            if inside.replace(" ", "") in self._places:
                where = self._places[inside.replace(" ", "")]
                return " "
            return " " if LABEL.match(inside) else f" {inside} "

        text = plain if _OPENING.isdisjoint(plain) else BRACKETS.sub(bracket, plain)
        said = words(text)
        if not _long_begin().isdisjoint(said):
            said = words(_long_forms().sub(" ", text))
            form = legal_form(plain)
        elif text is plain:
            form = ""
        else:
            form = legal_form(plain)
        known = self._words
        found = [known.get(word) or self._word(word) for word in said]
        if text is plain and not form:
            forms = {word.form for word in found if word.form}
            form = " ".join(sorted(forms)) if len(forms) > 1 else next(iter(forms), "")
        rest: list[Word] = []
        at, size = 0, len(found)
        while at < size:
            word = found[at]
            if word.begins_place and (length := self._place(found, at)):
                last = self._places["".join(one.spelled for one in found[at : at + length])]
                where = where or last
                at += length
                continue
            rest.append(word)
            at += 1
        office = next((word.spelled for word in rest if word.is_office), "")
        if office:
            branch = f"{last or where} {kind(office)}"  # `Longxin (Jinan) Co., Ltd. Shanghai Branch`
        rest = [word for word in rest if not word.is_office and not word.is_form] or found
        if len(rest) > 1 and rest[-1].nearly_form:
            rest = rest[:-1]  # Coorp.
        apart = sorted({word.apart for word in rest if word.apart})
        if apart:
            rest = [word for word in rest if not word.apart] or rest
        return Begun(tuple([word.spelled for word in rest]), where, branch, " ".join(apart), form)

    def _place(self, found: list[Word], at: int) -> int:
        """How many words from one on are a place; 0 where none is, or the name says nothing else."""
        for size in range(min(3, len(found) - at), 0, -1):
            if len(found) > size and "".join([word.spelled for word in found[at : at + size]]) in self._places:
                return size
        return 0


def legal_form(plain: str) -> str:
    """The legal forms of a folded Latin name.

    >>> [legal_form(name) for name in ("delta medical limited", "neumann gmbh & co. kg", "bos b.v.", "delta")]
    ['ltd', 'gmbh kg', 'bv', '']
    """
    whole = _long_forms().sub(lambda long: f" {''.join(words(long[0]))} ", plain)
    known = _form_words()
    return " ".join(sorted({known[word] for word in words(whole) if word in known}))
