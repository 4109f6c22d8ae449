"""What a peer answers in XML: read with everything shut that could reach outside, within limits, and looked up by paths.

    namespaces: {m: "urn:example:materials"}          prefixes of one flow, in its paths and its templates; `""`: of names without one
    m:ListResponse/items/item/@code                   names from the top down; an attribute at the end
    */RETURN/item/TYPE                                `*` is any element, `*:name` this one of whatever namespace

A DTD is refused, entities are not resolved, nothing is fetched. What a path finds several times is a list.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from connectors.formats.xml.charset import charset_of
from connectors.formats.xml.tree import hardened_parser
from connectors.spec import STRICT, Profile
from data_contracts.errors import ConfigError, RefusedError, RetriableError

MOST_MARKS = 4_000_000
"""Tags of one answer that are read at once; a tree takes many times the room of its text."""
_DECLARATION = re.compile(r"\ufeff?\s*(?:<\?xml\s[^>]{0,400}\?>)?")
_STEP = re.compile(r"(?:(?P<prefix>[A-Za-z_][\w.-]*|\*):)?(?P<name>[A-Za-z_][\w.-]*)")


def read_xml(content: bytes, where: str, charset: str | None = None) -> etree._Element:
    """The root element. `charset` is what HTTP says, which counts more than what the document does (RFC 7303).

    Raises RetriableError for what is no XML, as half a body is not, RefusedError for a DTD, a charset that is not read, or too many tags.
    """
    if content.count(b"<") > MOST_MARKS:
        raise RefusedError(f"{where}: the answer has more than {MOST_MARKS} tags: ask for smaller pages")
    try:
        text = content.decode(charset_read(content, where, charset))
    except UnicodeDecodeError as error:
        raise RetriableError(f"{where}: the answer is not in the charset that it names") from error
    text = text[_DECLARATION.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing at all too
    if _declares_type(text):
        raise RefusedError(f"{where}: the answer declares a document type")
    try:
        root = etree.fromstring(text.encode("utf-8"), hardened_parser())
    except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
        raise RetriableError(f"{where}: the answer is no XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedError(f"{where}: the answer declares a document type")
    return root


def as_members(element: etree._Element) -> Any:
    """An element as members: `<response><flag>failure</flag></response>` is `{"flag": "failure"}`; of equal names the first counts."""
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in children:
        found.setdefault(etree.QName(child).localname, as_members(child))
    return found


def charset_read(content: bytes, where: str, charset: str | None = None) -> str:
    """In which charset an answer is read. Raises RefusedError for one that is not."""
    try:
        found, wrong = charset_of(content[:4096], STRICT if charset is None else Profile(charset=charset))
    except ConfigError:
        found, wrong = charset_of(content[:4096], STRICT)
    if wrong is not None:
        raise RefusedError(f"{where}: the answer is in the charset {found[:40]!r}, which is not read")
    return found


def _declares_type(text: str) -> bool:
    """Whether a DTD stands before the root: told before any parser sees it."""
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            at = text.find("-->", at)
        elif text.startswith("<?", at):
            at = text.find("?>", at)
        else:
            return text.startswith("<!", at)
        if at < 0:
            return False
    return False


@dataclass(frozen=True, slots=True)
class Names:
    """The prefixes that one flow declares."""

    spaces: Mapping[str, str]

    @classmethod
    def of(cls, given: Any, transport: str, **known: str) -> Names:
        """From `namespaces` of a transport; `known` are those that need no declaration. Raises ConfigError."""
        given = {} if given is None else given
        if not isinstance(given, Mapping) or not all(isinstance(space, str) and space for space in given.values()):
            raise ConfigError(f"transport {transport}: namespaces are prefixes and the namespaces that they stand for")
        return cls({**known, **{str(prefix or ""): str(space) for prefix, space in given.items()}})

    def tag(self, name: str) -> str:
        """The parser's name of `prefix:name`. Raises ConfigError."""
        found = _STEP.fullmatch(name)
        if found is None or found["prefix"] == "*":
            raise ConfigError(f"{name!r} is no name of an element or attribute")
        return self._qualified(found["prefix"] or "", found["name"])

    def attribute(self, name: str) -> str:
        """The parser's name of an attribute: one without a prefix has no namespace, whatever elements have. Raises ConfigError."""
        return self.tag(name) if ":" in name else self.tag(name).rpartition("}")[2]

    def _qualified(self, prefix: str, local: str) -> str:
        space = self.spaces.get(prefix)
        if space is None and prefix:
            raise ConfigError(f"the prefix {prefix} is not declared in namespaces")
        return f"{{{space}}}{local}" if space else local

    def path(self, text: str) -> XmlPath:
        """A path as the parser wants its names. Raises ConfigError."""
        *above, last = text.split("/")
        attribute = last.startswith("@")
        steps = [*above, last[1:]] if attribute else [*above, last]
        tags = []
        for number, step in enumerate(steps):
            found = _STEP.fullmatch(step)
            if step == "*":
                tags.append("*")
            elif found is None:
                raise ConfigError(f"{text!r} is no path of names")
            elif found["prefix"] == "*":
                tags.append(f"{{*}}{found['name']}")
            elif attribute and number == len(steps) - 1 and not found["prefix"]:
                tags.append(found["name"])  # an attribute without a prefix has no namespace, whatever elements have
            else:
                tags.append(self._qualified(found["prefix"] or "", found["name"]))
        return XmlPath(text, tuple(tags[:-1] if attribute else tags), tags[-1] if attribute else None)


@dataclass(frozen=True, slots=True)
class XmlPath:
    """Names from the top down."""

    text: str
    tags: tuple[str, ...]
    attribute: str | None = None

    def elements(self, tops: Sequence[etree._Element]) -> list[etree._Element]:
        """All elements at the path; its first name is one of `tops`."""
        return self._below([top for top in tops if _fits(top, self.tags[0])], self.tags[1:]) if self.tags else list(tops)

    def within(self, element: etree._Element) -> list[etree._Element]:
        """All elements at the path, whose first name is a child of `element`."""
        return self._below([element], self.tags)

    def parents(self, tops: Sequence[etree._Element]) -> list[etree._Element]:
        """The elements in which those at the path stand, or would."""
        return XmlPath(self.text, self.tags[:-1]).elements(tops)

    def texts(self, found: Sequence[etree._Element]) -> list[str]:
        """The texts of these elements, or of their attribute."""
        if self.attribute is not None:
            return [str(element.get(self.attribute)) for element in found if element.get(self.attribute) is not None]
        return [text_of(element) for element in found]

    def _below(self, found: list[etree._Element], tags: tuple[str, ...]) -> list[etree._Element]:
        for tag in tags:
            found = [child for element in found for child in element.iterchildren(tag)]
        return found


def _fits(element: etree._Element, tag: str) -> bool:
    name = str(element.tag)
    return tag in ("*", name) or (tag.startswith("{*}") and name.rpartition("}")[2] == tag[3:])


def text_of(element: etree._Element) -> str:
    """The text of an element and of all that is in it, without the blanks around it."""
    return "".join(str(text) for text in element.itertext()).strip()


class Looked(Mapping[str, Any]):
    """An answer, or one record of it, whose values are looked up by paths.

    A path that finds nothing gives None, one that finds several a list; an element with others in it gives its members by local names.
    """

    def __init__(self, names: Names, tops: Sequence[etree._Element], record: etree._Element | None = None) -> None:
        self.names, self.tops, self._record = names, tops, record

    def elements(self, path: str) -> list[etree._Element]:
        """All elements at a path."""
        made = self.names.path(path)
        return made.within(self._record) if self._record is not None else made.elements(self.tops)

    def texts(self, path: str) -> list[str]:
        """The texts at a path, empty ones left out."""
        return [text for text in self.names.path(path).texts(self.elements(path)) if text]

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str)

    def __getitem__(self, path: str) -> Any:
        made, found = self.names.path(path), self.elements(path)
        values: list[Any] = made.texts(found) if made.attribute is not None else [plain(element) for element in found]
        return None if not values else values[0] if len(values) == 1 else values

    def __iter__(self) -> Iterator[str]:
        return iter(self._plain())

    def __len__(self) -> int:
        return len(self._plain())

    def items(self) -> ItemsView[str, Any]:
        """All that is in it by local names: what makes the version of a record."""
        return self._plain().items()

    def _plain(self) -> dict[str, Any]:
        if self._record is None:
            return {_local(top.tag): plain(top) for top in self.tops}
        made = plain(self._record)
        return made if isinstance(made, dict) else {"": made}


def plain(element: etree._Element) -> Any:
    """An element as a text, or its members by local names; `@` before those of attributes, a list of what stands there several times."""
    members: dict[str, Any] = {f"@{_local(name)}": str(value) for name, value in element.attrib.items()}
    many: set[str] = set()
    for child in element.iterchildren("*"):
        name, value = _local(child.tag), plain(child)
        if name not in members:
            members[name] = value
        elif name in many:
            members[name].append(value)
        else:
            many.add(name)
            members[name] = [members[name], value]
    text = "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
    if not members:
        return text
    return {**members, "": text} if text else members


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]
