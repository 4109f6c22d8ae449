"""The beginning of taking a Chinese company's name apart: what needs no knowledge of other names but the places they say.

`康瑞（苏州）医疗器械股份有限公司上海分公司` is `康瑞医疗器械` of `苏州`, a branch in `上海`; what of it is its own and what is the trade's
is for `company_names`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from hub.masterdata.matching.spelling import joined, place, sound
from hub.masterdata.matching.words import listed

BRACKETS = re.compile(r"[(\[〔【]([^()\[\]〔〕【】]*)[)\]〕】]")
LABEL = re.compile("(?:新|旧|老|停用|作废|重复|old|new)$|^[*。.\\s]*$")
_FORM = re.compile(
    "(?:股份|骨份|股分|责任|有限)*(?:有限责任|有限任|有限责|有责任|限责任|有限|有.|.限|限|有)?(?:公.|.司)$|(?:有限合伙|工厂)$"
)
_PLAIN_FORM = re.compile("股份|有限责任|有限|责任")
_GROUPS = {"集团": "group", "控股": "holding", "投资": "holding"}
_DISTRICT = re.compile("^([\u3400-\u9fff]{2,4}?)(?:高新区|新区|开发区|区|县|市)(?=[\u3400-\u9fff]{2})")
_ADMINISTRATIVE = ("省", "市", "自治区")
_OFFICES = tuple(sorted(listed("offices_han"), key=lambda word: -len(word)))
_CENTRES = ("物流中心", "配送中心")
"""Offices that may be companies, too."""
_STORES = frozenset(listed("stores"))
_OPENING = frozenset("([〔【")


class Begun(NamedTuple):
    """A name without brackets, office, legal form, group, place and district."""

    rest: str
    place: str
    district: str
    branch: str
    apart: str
    ahead: str
    """The name as it was before its district, and a place that stands inside, were taken out."""


def kind(office: str) -> str:
    """Where goods are kept, or where people sit."""
    return "store" if office in _STORES else "office"


def begun(plain: str, city: str, places: Collection[str]) -> Begun:
    """A folded name begun with; `city` is where the party is said to be, which the name may misspell."""
    where, apart = "", ""

    def bracket(found: re.Match[str]) -> str:
        nonlocal where
        inside = joined(found[1])
        if place(inside) in places:
            where = place(inside)
            return ""
        return "" if LABEL.match(inside) or _PLAIN_FORM.fullmatch(inside) else inside

    rest = joined(plain if _OPENING.isdisjoint(plain) else BRACKETS.sub(bracket, plain))
    branch, rest = _branch(rest, places)
    rest = _without_form(rest)
    if (group := _GROUPS.get(rest[-2:])) is not None and len(rest) > 3:
        apart, rest = group, rest[:-2]
    where, rest = _place_ahead(rest, where, city, places)
    ahead, district = rest, ""
    if (found := _DISTRICT.match(rest)) is not None:
        district, rest = found[1], rest[found.end() :]
    if not where:
        where, rest = _place_inside(rest, places)
    return Begun(rest, where, district, branch, apart, ahead)


def _branch(rest: str, places: Collection[str]) -> tuple[str, str]:
    """A branch, by its place and kind, and the name of its company."""
    office = next((word for word in _OFFICES if rest.endswith(word)), "") if rest.endswith(_OFFICES) else ""
    if not office or len(rest) - len(office) <= 4:
        return "", rest
    left = rest[: -len(office)]
    at = next((size for size in (4, 3, 2) if place(left[-size:]) in places and len(left) > size + 3), 0)
    inside = left.rfind("公司") + 2 if "公司" in left else 0
    if not at and office in _CENTRES and inside <= 3:
        return "", rest
    cut = len(left) - at if at else inside if inside > 3 and len(left) - inside <= 6 else len(left)
    return f"{sound(place(left[cut:]))} {kind(office)}", left[:cut]


def _without_form(rest: str) -> str:
    if rest.endswith(("有限公司", "有限责任公司")):  # nearly all, and a search from the front takes long
        bare = rest[:-2]
        while bare.endswith(("有限", "责任", "股份", "骨份", "股分")):
            bare = bare[:-2]
        rest = bare or rest
    else:
        rest = _FORM.sub("", rest) or rest
    if "有限" in rest or "股份" in rest or "责任" in rest:
        without = _PLAIN_FORM.sub("", rest)
        return without if len(without) > 1 else rest
    return rest


def misspelled(rest: str, city: str) -> bool:
    """Whether a name begins with a city that is written with the wrong character, or turned about."""
    start = rest[: len(city)]
    return bool(city) and len(rest) > len(city) + 1 and (sound(start) == sound(city) or sorted(start) == sorted(city))


def _place_ahead(rest: str, where: str, city: str, places: Collection[str]) -> tuple[str, str]:
    """Provinces and cities before a name, also one that is written with the wrong character."""
    for _ in range(3):
        found, length = "", len(rest)
        for size in (4, 3, 2):
            if length - size >= 2 and rest[:size] in places:
                found = rest[:size]
                break
        if not found and misspelled(rest, city):
            found = rest[: len(city)]
        if not found:
            break
        where, rest = found, rest[len(found) :]
        for word in _ADMINISTRATIVE:
            if rest.startswith(word) and len(rest) > len(word) + 1:
                rest = rest[len(word) :]
                break
    return where, rest


def _place_inside(rest: str, places: Collection[str]) -> tuple[str, str]:
    """A place behind the company's own name: `康瑞苏州医疗器械`."""
    for at in (2, 3, 4):
        for size in (3, 2):
            inside = rest[at : at + size]
            if inside in places:
                if len(rest) > at + len(inside):
                    return inside, rest[:at] + rest[at + len(inside) :].removeprefix("市").removeprefix("省")
                if at > 2:
                    return inside, rest[:at]
                break
    return "", rest
