"""A template of YAML as elements: what stands in it is escaped by the writer of XML, whatever it is; no text is ever glued together.

    m:ListMaterials:                    a name with its prefix; one without stands in the namespace of "" or in none
      "@m:lang": EN                     an attribute
      SELECTION:
        item: [{SIGN: I, OPTION: BT, LOW: "{since}"}, {SIGN: E, LOW: "0"}]       a list repeats the element
      request: {"$xml": {REQ: {CODE: HH001}}}                                    a text that is XML itself; `$json`: that is JSON

An element whose word has no value yet (`{since}` of the first pull) is left out, and one in which all were left out but the call itself.
`""` is the text of an element that has attributes; `{"$when": "{document.price?}", …}` is there only where that has a value.

`{"$document": element}` puts the document on its way there, `children` what is in its root element. Of a document in JSON
`{document.number}` is a member, `{document.number?}` one that may not be there, and `item: {$each: lines, MATERIAL: "{each.item}"}` repeats
the element for each of a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

from lxml import etree

from connectors.credentials import is_secret
from connectors.deltas import value_at
from connectors.http_wrapping import Outgoing
from connectors.xml_answers import Names
from data_contracts.errors import ConfigError, RefusedError

Fill = Callable[[str], str | None]
"""A text of the template → the same with its words replaced; None: one of them has no value yet."""
Each = Callable[[str], Iterator[Fill]]
"""A path of the document → for each of the list there, how texts are filled with it."""
_KEYS = re.compile(r"\{keys\.(\w+)\}")
_WAYS = ("$xml", "$json", "$document")


class Words(Outgoing):
    """A document on its way, and one of a list in it, whose members stand in braces."""

    words = re.compile(r"\{(document|escaped|id|page|(?:document|each)(?:\.\w+)+\??)\}")

    def __init__(self, content: bytes, stable_id: str) -> None:
        super().__init__(content, stable_id)
        self._one: Any = None
        self._read: Any = None

    def fill(self, text: str) -> str | None:
        """A text of a template with its words replaced; None where a member that may be absent is."""
        try:
            return str(self.put(text))
        except _AbsentError:
            return None

    def each(self, path: str) -> Iterator[Fill]:
        """For each of the list at a path of the document."""
        listed = value_at(self.members(), path)
        for one in listed if isinstance(listed, list) else [] if listed is None else [listed]:
            made = copy(self)
            made._one = one
            yield made.fill

    def members(self) -> Any:
        """The document as members, read once."""
        if self._read is None:
            self._read = super().members()
        return self._read

    def word(self, word: str) -> str:
        """What a word stands for."""
        kind, _, path = word.removesuffix("?").partition(".")
        if kind != "each" and not word.endswith("?"):
            return super().word(word)
        value = value_at(self._one if kind == "each" else self.members(), path)
        if value in (None, "") or isinstance(value, dict | list):
            if word.endswith("?"):
                raise _AbsentError(word)
            raise RefusedError(f"the document has no {path}, which it is sent with")
        return str(value)


class _AbsentError(Exception):
    """A member that may be absent is."""


class Filling:
    """One template being filled. `document`: the one on its way as an element, where there is one."""

    def __init__(
        self,
        names: Names,
        fill: Fill,
        document: Callable[[], etree._Element] | None = None,
        each: Each | None = None,
        key: Callable[[str], str] | None = None,
    ) -> None:
        self._names, self._fill, self._document, self._each, self._key = names, fill, document, each, key

    def put(self, parent: etree._Element, template: Any, what: str, *, kept: bool = False) -> bool:
        """Put the elements of a template into another one; whether anything was put. `kept`: they stay, whatever is left out in them.

        Raises ConfigError for what is no template, RefusedError for a value that XML cannot carry.
        """
        if not isinstance(template, Mapping):
            raise ConfigError(f"transport soap: {what} are names of elements and what stands in them")
        if "$when" in template:
            if not self._text(template["$when"]):
                return False
            template = {name: value for name, value in template.items() if name != "$when"}
        put = not template
        for name, value in template.items():
            put |= self._member(parent, str(name), value, what, kept=kept)
        return put

    def _member(self, parent: etree._Element, name: str, value: Any, what: str, *, kept: bool = False) -> bool:
        if name in _WAYS:
            return self._way(parent, name, value, what)
        if name == "" or name.startswith("@"):
            text = self._text(value)
            if text is None:
                return False
            if name:
                _kept(lambda: parent.set(self._names.attribute(name[1:]), text), name)
            else:
                _kept(lambda: setattr(parent, "text", text), name)
            return True
        if isinstance(value, list):
            put = False
            for one in value:
                put |= self._member(parent, name, one, what)
            return put
        if isinstance(value, Mapping) and "$each" in value:
            return self._repeated(parent, name, value, what)
        element = etree.SubElement(parent, self._names.tag(name))
        if isinstance(value, Mapping):
            there = self.put(element, value, what)
        elif value is None:
            there = True
        else:
            if is_secret(name.rpartition(":")[2]) and isinstance(value, str | int) and value != "" and "{" not in str(value):
                raise ConfigError(f"transport soap: {name} holds a secret, which does not belong into a site's file; name it in keys")
            there = (text := self._text(value)) is not None
            if text is not None:
                _kept(lambda: setattr(element, "text", text), name)
        if not there and not kept:
            parent.remove(element)
        return there or kept

    def _repeated(self, parent: etree._Element, name: str, value: Mapping[str, Any], what: str) -> bool:
        """An element for each of a list."""
        if self._each is None:
            raise ConfigError("transport soap: $each stands in what is sent alone")
        template, put = {key: one for key, one in value.items() if key != "$each"}, False
        for fill in self._each(str(value["$each"])):
            put |= Filling(self._names, fill, self._document, self._each, self._key)._member(parent, name, template, what)
        return put

    def _way(self, parent: etree._Element, way: str, value: Any, what: str) -> bool:
        if way == "$document":
            if self._document is None or value not in ("element", "children"):
                raise ConfigError("transport soap: $document is element or children, and stands in what is sent alone")
            document = self._document()
            if value == "element":
                parent.append(document)
            else:
                parent.text = document.text
                parent.extend(list(document))
            return True
        if way == "$json":
            parent.text = json.dumps(self._within(value), ensure_ascii=False)
            return True
        inner = etree.Element("inner")
        if not isinstance(value, Mapping) or len(value) != 1 or isinstance(next(iter(value.values())), list):
            raise ConfigError("transport soap: $xml holds one element")
        if not self.put(inner, value, what):
            return False
        parent.text = etree.tostring(inner[0], encoding="unicode", with_tail=False)
        return True

    def _within(self, template: Any) -> Any:
        """A template of JSON, filled."""
        if isinstance(template, Mapping):
            filled = {str(name): self._within(value) for name, value in template.items()}
            return {name: value for name, value in filled.items() if value is not None or template[name] is None}
        if isinstance(template, list):
            return [self._within(value) for value in template]
        return self._filled(template) if isinstance(template, str) else template

    def _filled(self, text: str) -> str | None:
        """A text with its words replaced, and secrets that it names; neither is looked at for words of the other."""
        made = [self._key(part) if at % 2 and self._key else self._fill(part) for at, part in enumerate(_KEYS.split(text))]
        return None if None in made else "".join(filter(None, made))

    def _text(self, value: Any) -> str | None:
        if isinstance(value, str):
            return self._filled(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Mapping | list):
            raise ConfigError("transport soap: the text of an element or attribute is no template")
        return "" if value is None else str(value)


def _kept(put: Callable[[], None], name: str) -> None:
    try:
        put()
    except ValueError as error:
        raise RefusedError(f"{name}: the value holds a character that XML does not have") from error
