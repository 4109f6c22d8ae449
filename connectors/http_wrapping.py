"""A document on its way, put into what the peer wants around it: `body`, `form` or `text` of `send`.

    body: {formid: PUR_PurchaseOrder, data: "{document}"}            JSON; a text that is `{document}` alone becomes the document's own JSON
    form: {bizContent: "{document}"}, or a JSON template as a value  fields of a form
    text: "<xml>{escaped}</xml>"                                     `{document}` as it is, `{escaped}` for XML

`{id}` is the delivery's stable id, `{document.number}` a member of the document (spelled for XML within `text`),
`{document.lines.0.item}` one within a list; `{page}` is a page of HTML in Base64 that shows every member of the document, for people who
are to read or sign it.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from connectors.deltas import value_at
from connectors.guide_page import as_html
from connectors.http_templates import part
from data_contracts.errors import ConfigError, RefusedError

FORM = "application/x-www-form-urlencoded"
_WORD = re.compile(r"\{(document|escaped|id|page|document(?:\.\w+)+)\}")


def wrapped(given: Mapping[str, Any], content: bytes, stable_id: str) -> tuple[bytes | None, dict[str, str] | None, str]:
    """Body, form, and media type of a document on its way.

    Raises ConfigError for two ways at once, RefusedError for a document that does not fit in.
    """
    ways = [way for way in ("body", "form", "text") if way in given]
    if len(ways) > 1:
        raise ConfigError("send has one of body, form and text")
    if not ways:
        return content, None, "application/xml" if content.lstrip()[:1] == b"<" else "application/json"
    document = Outgoing(content, stable_id)
    if "form" in given:
        fields = part(given["form"], "send, form", frozenset(given["form"]) if isinstance(given["form"], Mapping) else frozenset())
        texts = {
            str(name): str(document.put(value)) if isinstance(value, str) else document.within(value) for name, value in fields.items()
        }
        return None, texts, FORM
    if "text" in given:
        document.escapes = True
        return str(document.put(str(given["text"]))).encode(), None, "application/xml; charset=utf-8"
    return document.within(given["body"]).encode(), None, "application/json; charset=UTF-8"


def put_into(template: Any, content: bytes, stable_id: str) -> Any:
    """A template with members of the document in it. Raises RefusedError where the document lacks one of them."""
    return Outgoing(content, stable_id).put(template)


class Outgoing:
    """A document that is put into templates."""

    words = _WORD
    """The words in braces that stand for something of it."""

    def __init__(self, content: bytes, stable_id: str) -> None:
        try:
            self._text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RefusedError("the document is not in UTF-8, so it fits into no template") from error
        self._id = stable_id
        self.escapes = False
        """Whether members are spelled for XML."""

    def within(self, template: Any) -> str:
        """A JSON template with the document in it, spelled as it came: 1.10 stays 1.10."""
        try:
            json.loads(self._text)
        except (ValueError, RecursionError) as error:
            raise RefusedError("the document is no JSON, so it fits into no JSON") from error
        mark = secrets.token_hex(16)
        return json.dumps(self.put(template, mark), ensure_ascii=False).replace(f'"{mark}"', self._text)

    def put(self, template: Any, whole: str | None = None) -> Any:
        """The template with the document in it; `whole` stands in for it where a text is the document alone."""
        if isinstance(template, Mapping):
            return {str(name): self.put(value, whole) for name, value in template.items()}
        if isinstance(template, list):
            return [self.put(value, whole) for value in template]
        if not isinstance(template, str):
            return template
        if whole is not None and template == "{document}":
            return whole
        return self.words.sub(lambda found: self.word(found[1]), template)

    def word(self, word: str) -> str:
        """What a word stands for. Raises RefusedError where the document has no such member."""
        if word == "document":
            return self._text
        if word == "escaped":
            return escape(self._text)
        if word == "id":
            return self._id
        if word == "page":
            return base64.b64encode(as_html("\n".join(_shown(self.members()))).encode()).decode()
        value = value_at(self.members(), word.removeprefix("document."))
        if value in (None, "") or isinstance(value, dict | list):
            raise RefusedError(f"the document has no {word.removeprefix('document.')}, which it is sent with")
        return escape(str(value)) if self.escapes else str(value)

    def members(self) -> Any:
        """The document as members. Raises RefusedError for one that is no JSON."""
        try:
            return json.loads(self._text, parse_float=str)
        except (ValueError, RecursionError) as error:
            raise RefusedError("the document is no JSON, so no member of it can be told") from error


def _shown(body: Any) -> Iterator[str]:
    """A document as Markdown: its members in a table, the records of each list in one of their own."""
    members = body if isinstance(body, Mapping) else {"document": body}
    yield f"# {_cell(members.get('title') or members.get('number') or '')}"
    yield from ("| | |", "|---|---|")
    yield from (f"| {_cell(name)} | {_cell(value)} |" for name, value in members.items() if not isinstance(value, list))
    for name, listed in members.items():
        rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
        columns = list(dict.fromkeys(column for row in rows for column in row))
        if rows:
            yield from (f"## {_cell(name)}", f"| {' | '.join(map(_cell, columns))} |", f"|{'---|' * len(columns)}")
            yield from (f"| {' | '.join(_cell(row.get(column)) for column in columns)} |" for row in rows)


def _cell(value: Any) -> str:
    """A value in Markdown that says nothing but itself."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split()).replace("|", "\\|").replace("`", "´")
