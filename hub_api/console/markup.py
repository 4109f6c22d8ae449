"""HTML of the console, made by a builder that escapes everything: text from a partner's file can't become markup.

>>> el("a", "A & B", href="/console/orders/1")
'<a href="/console/orders/1">A &amp; B</a>'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from urllib.parse import quote, urlencode

BASE = "/console"
"""Where the console lives; every address below it is stable."""

_VOID = frozenset({"input", "br", "hr", "img", "link", "meta"})


class Html(str):
    """Text that is markup already. Only this module makes it from strings."""

    __slots__ = ()


Child = str | int | Decimal | None | Iterable["Child"]


def text(child: Child) -> Html:
    """A child as markup: `Html` as it is, nothing for null, everything else escaped."""
    if child is None:
        return Html("")
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return Html(escape(child))
    if isinstance(child, Decimal):
        return Html(format(child, "f"))
    if isinstance(child, int):
        return Html(str(child))
    return Html("".join(text(one) for one in child))


def el(tag: str, *children: Child, cls: str | None = None, **attributes: str | int | bool | None) -> Html:
    """An element. `for_` is written `for`, `data_x` becomes `data-x`; null and False leave the attribute out, True gives it no value."""
    parts = [tag]
    given: dict[str, str | int | bool | None] = {"class": cls, **attributes}
    for name, value in given.items():
        if value is None or value is False:
            continue
        spelled = name.rstrip("_").replace("_", "-")
        parts.append(spelled if value is True else f'{spelled}="{escape(str(value))}"')
    opened = f"<{' '.join(parts)}>"
    return Html(opened) if tag in _VOID else Html(f"{opened}{text(children)}</{tag}>")


def address(path: str, **parameters: str | int | None) -> str:
    """The address of a page below the console; parameters that are null or empty are left out."""
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return BASE + quote(path, safe="/") + (f"?{urlencode(given)}" if given else "")


def link(shown: Child, path: str, cls: str | None = None, **parameters: str | int | None) -> Html:
    """A link to a page of the console."""
    return el("a", shown, cls=cls, href=address(path, **parameters))


def chip(shown: Child, tone: str) -> Html:
    """A small label; `tone` is `error`, `warning`, `ok` or `quiet`."""
    return el("span", shown, cls=f"chip {tone}")


def number(value: Decimal | int | None) -> str:
    """A quantity without exponent or trailing zeros; a dash for null."""
    if value is None:
        return "–"
    spelled = format(value, "f") if isinstance(value, Decimal) else str(value)
    return spelled.rstrip("0").rstrip(".") if "." in spelled else spelled


def when(value: str | datetime | None) -> Html:
    """A moment to the minute, in UTC (text is in UTC already); to the second as a tooltip."""
    if value is None:
        return Html("–")
    exact = value if isinstance(value, str) else value.astimezone(UTC).isoformat()
    return el("time", exact[:16].replace("T", " "), datetime=exact, title=f"{exact[:19].replace('T', ' ')} UTC")


def deadline(value: str | datetime | None) -> Html:
    """The same with its zone in sight: who reads it as the time of the wall may be late."""
    return when(value) if value is None else el("span", when(value), " UTC", cls="nowrap")


def table(heads: Sequence[Child | tuple[Child, str]], rows: Iterable[Html], cls: str = "") -> Html:
    """A table whose head stays in sight. A head may carry a class for its column (`num`)."""
    cells = [el("th", head[0], cls=head[1], scope="col") if isinstance(head, tuple) else el("th", head, scope="col") for head in heads]
    return el("table", el("thead", el("tr", *cells)), el("tbody", *rows), cls=f"list {cls}".strip())


def row(*cells: Child | tuple[Child, str], cls: str | None = None, id_: str | None = None) -> Html:
    """A table row; a cell may carry a class."""
    made = [el("td", cell[0], cls=cell[1]) if isinstance(cell, tuple) else el("td", cell) for cell in cells]
    return el("tr", *made, cls=cls, id=id_)


def facts(pairs: Mapping[str, Child] | Sequence[tuple[str, Child]]) -> Html:
    """Names and values side by side; a null value is left out."""
    listed = pairs.items() if isinstance(pairs, Mapping) else pairs
    return el(
        "dl", *(el("div", el("dt", name), el("dd", value)) for name, value in listed if value is not None and value != ""), cls="facts"
    )


def form(fields: Sequence[Html], button: str, path: str) -> Html:
    """A form that only asks: it leads to an address that can be kept."""
    return el("form", *fields, el("button", button, type="submit", cls="plain"), method="get", action=address(path), cls="filters")


def field(label: str, name: str, value: str | None, placeholder: str = "") -> Html:
    """A text field of a form."""
    return el(
        "label", el("span", label), el("input", type="search", name=name, value=value or "", placeholder=placeholder, autocomplete="off")
    )


def choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str | None) -> Html:
    """A choice of a form: (value, shown); the empty value stands for all."""
    made = [el("option", shown, value=value, selected=value == (chosen or "")) for value, shown in options]
    return el("label", el("span", label), el("select", *made, name=name))


def tick(label: str, name: str, ticked: bool) -> Html:
    """A box to tick; ticked it sends `1`."""
    return el("label", el("input", type="checkbox", name=name, value="1", checked=ticked), el("span", label), cls="tick")
