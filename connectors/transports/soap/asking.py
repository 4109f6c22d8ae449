"""One service that is called: a call's template becomes an envelope with what lets us in, and its answer one whose values are looked up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from connectors.credentials import refuse_unknown, secret
from connectors.http_answers import is_html, is_page, title
from connectors.http_peer import Answered, Asked, Peer
from connectors.http_templates import filled, path_of, words_of
from connectors.transports.soap import envelope
from connectors.transports.soap.filling import Each, Fill, Filling
from connectors.transports.soap.security import WSSE, WSU, UsernameToken
from connectors.transports.soap.verdict import Faults, Verdict
from connectors.xml_answers import Looked, Names, read_xml
from data_contracts.errors import ConfigError, HubError, RefusedError, RetriableError

CALL = frozenset({"path", "action", "header", "body", "success", "failure"})
"""What says a call; each part of a flow that calls has its own."""
LATE = frozenset({"since", "token", "cursor"})
"""Words that have no value at first."""
_FAULTY = (400, 404, 500)
"""Statuses under which a fault may stand (SOAP 1.2 part 2, 7.5.2; SAP answers 404 where it has no such function)."""
_TOLD = 200
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: where, by which action, and the templates of header and body."""

    path: str
    action: str
    header: Any
    body: Any
    values: Mapping[str, str] = field(default_factory=dict)
    fill: Fill | None = None
    """Replaces words instead of `values`."""
    document: Callable[[], etree._Element] | None = None
    each: Each | None = None
    verdict: Verdict | None = None

    def once(self, _path: str) -> Iterator[Fill]:
        """A list of one, where a template is only looked at."""
        yield self.filled

    def filled(self, text: str) -> str | None:
        """A text of the templates with its words replaced; None where one has no value yet."""
        if self.fill is not None:
            return self.fill(text)
        missing = LATE.intersection(words_of(text)) - self.values.keys()
        return None if missing else str(filled(text, self.values))


class SoapPeer(Peer):
    """A system that is called by SOAP."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings, "soap")
        version = settings.get("version", "1.1")
        if str(version) not in envelope.VERSIONS:
            raise ConfigError(f"transport soap: version is one of {', '.join(envelope.VERSIONS)}, in quotes, not {version!r}")
        self.version = str(version)
        space = envelope.VERSIONS[self.version]
        self.names = Names.of(settings.get("namespaces"), "soap", soap=space, wsse=WSSE, wsu=WSU, xsi=_XSI)
        given = settings.get("security")
        self.security = None if given is None else UsernameToken(given, self.now)
        self.faults = Faults(settings.get("faults"))
        self._keys = keys_of(settings.get("keys"))
        self.inside = Inside.of(settings.get("inside"), self.names)
        self._asked_for: Call | None = None

    def of(self, given: Any, what: str, also: frozenset[str] = frozenset(), body: str = "body") -> Call:
        """A call that a part of the settings says; what it leaves out but the body is the flow's. Raises ConfigError."""
        if not isinstance(given, Mapping):
            raise ConfigError(f"transport soap: {what} has {', '.join(sorted(CALL | also))}")
        if what:
            refuse_unknown(given, CALL | also, f"soap, {what}")
        made = {name: given.get(name, self._settings.get(name)) for name in CALL - {"body"}}
        verdict = Verdict(made, self.names if self.inside is None or self.inside.kind == "xml" else None)
        return Call(str(made["path"] or ""), str(made["action"] or ""), made["header"], given.get(body), verdict=verdict)

    def call(self, call: Call) -> Reply:
        """Call, and read what is answered. Raises RetriableError, RefusedError or ConfigError for a fault and for what is no success."""
        reply = self.reply(call)
        self.decide(call, reply)
        return reply

    def decide(self, call: Call, reply: Reply) -> None:
        """Whether an answer is a success. Raises RefusedError or RetriableError with the peer's reason."""
        if not isinstance(reply.looked, Looked):
            self.judge(reply.looked)
        elif call.verdict is not None and reply.content:
            call.verdict.judge(reply.looked, self)

    def reply(self, call: Call, absent: frozenset[str] = frozenset()) -> Reply:
        """Call, and read what is answered, be it a success or not. Raises what a fault means.

        A fault of one of the codes `absent` is an answer too: that there is no such thing.
        """
        self._asked_for = call
        headers = envelope.headers_of(self.version, call.action)
        answer = self.ask(Asked("POST", path_of(call.path, call.values), headers=headers, content=b"", also=_FAULTY))
        if answer.status in (202, 204) and not answer.content.strip() and not is_html(answer.media_type, answer.content):
            return Reply(answer.status, b"", Looked(self.names, ()), "text/xml")
        if 200 <= answer.status < 300 and is_page(answer.content):
            raise RetriableError(self.told(f"{self.where} answered {answer.status} with a page of HTML: {title(answer.content)}")[:_TOLD])
        try:
            opened = envelope.opened(answer, self.where)
        except HubError:
            self.judged(answer, Asked())  # an error of HTTP's own says more than that it is no envelope
            raise
        if opened.fault is not None:
            if opened.fault.names & absent:
                return Reply(answer.status, b"", Looked(self.names, ()), "text/xml", absent=True)
            self.faults.judge(opened.fault, answer.status, self)
        self.judged(answer, Asked())
        looked: Any = Looked(self.names, opened.body)
        content, kind = opened.content, "text/xml"
        if self.inside is not None:
            looked, content, kind = self.inside.opened(looked, self.where)
        return Reply(answer.status, content, looked, kind, opened.loose)

    def written(self, call: Call, *, example: bool = False) -> bytes:
        """The envelope of a call. Raises ConfigError for templates that are none, RefusedError for what XML cannot carry.

        An `example` is written without secrets, to be thrown away.
        """

        def key(name: str) -> str:
            if name not in self._keys:
                raise ConfigError(f"transport soap: a template names {{keys.{name}}}, which keys does not")
            value = "" if example else secret(self._keys[name], name) or ""
            self.access.used.update(filter(None, [value]))
            return value

        filling = Filling(self.names, call.filled, call.document, call.each, key)

        def header(parent: etree._Element) -> bool:
            put = filling.put(parent, call.header, "header") if call.header is not None else False
            if self.security is None or example:
                return put
            self.access.used.add(self.security.put(parent, envelope.VERSIONS[self.version]))
            return True

        def body(parent: etree._Element) -> bool:
            return filling.put(parent, call.body, "body", kept=True) if call.body is not None else False

        return envelope.written(self.version, self.names, header, body)

    def _once(self, asked: Asked) -> Answered:
        """Each attempt has an envelope of its own, for a token of WS-Security counts once."""
        if asked.let_in and self._asked_for is not None:
            asked = replace(asked, content=self.written(self._asked_for))
        return super()._once(asked)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call gave, no fault and no failure."""

    status: int
    content: bytes
    """The envelope, or what stands as a text in it (`inside`)."""
    looked: Any
    """Looked up by paths: the Body, or what is inside; plain members where that is JSON."""
    media_type: str
    loose: tuple[str, ...] = ()
    absent: bool = False
    """It was a fault that says that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Inside:
    """An answer that stands as a text in an element of the envelope: XML, or JSON."""

    at: str
    kind: str
    names: Names

    @classmethod
    def of(cls, given: Any, names: Names) -> Inside | None:
        """The `inside:` of a transport. Raises ConfigError."""
        if given is None:
            return None
        if not isinstance(given, Mapping) or not given.get("at") or given.get("as", "xml") not in ("xml", "json"):
            raise ConfigError("transport soap: inside has at, the path of the text, and as: xml or json")
        refuse_unknown(given, frozenset({"at", "as"}), "soap, inside")
        names.path(str(given["at"]))
        return cls(str(given["at"]), str(given.get("as", "xml")), names)

    def opened(self, answer: Looked, where: str) -> tuple[Any, bytes, str]:
        """What is inside, its bytes, and their type. Raises RetriableError where there is no such text, or it is none of its kind."""
        texts = answer.texts(self.at)
        if len(texts) != 1:
            raise RetriableError(f"{where}: the answer has no text at {self.at}")
        content = texts[0].encode("utf-8", "surrogatepass")
        if self.kind == "xml":
            root = read_xml(content, where, "utf-8")
            return Looked(self.names, (root,)), etree.tostring(root, encoding="UTF-8", xml_declaration=True), "text/xml"
        try:
            return json.loads(content, parse_float=str), content, "application/json"
        except (ValueError, RecursionError) as error:
            raise RetriableError(f"{where}: the text at {self.at} is no JSON") from error


def keys_of(given: Any) -> dict[str, Mapping[str, Any]]:
    """The `keys:` of a transport, by their names: secrets that templates name. Raises ConfigError."""
    given = {} if given is None else given
    if not isinstance(given, Mapping) or not all(str(name).endswith(("_env", "_file")) for name in given):
        raise ConfigError("transport soap: keys name secrets, each by name_env or name_file")
    return {str(name).rpartition("_")[0]: given for name in given}


def parsed(content: bytes) -> etree._Element:
    """A document on its way. Raises RefusedError for one that is no XML."""
    try:
        return read_xml(content, "the document")
    except RetriableError as error:
        raise RefusedError("the document is no XML, so it cannot stand in a body") from error
