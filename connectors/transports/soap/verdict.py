"""What follows of an answer: a Fault by its code, and whether what came without one is a success, by `success` and `failure`.

    faults: {refuse: [OrderExists], again: [Locked]}      codes, subcodes, or the element of a fault's detail, where a peer means otherwise

Server and Receiver may work later, Client and Sender never will. What a peer says of versions, headers or credentials a person mends.
Without a code that anybody knows, HTTP's status decides: below 500 it is ours.

    failure: {at: "*/RETURN/item/TYPE", is: [E, A], says: "../MESSAGE"}       any value there; `..` begins at the element that was found
    success: {at: "m:PutResponse/code", is: ["0"], says: "m:PutResponse/text", again: ["busy"]}      all values there, and at least one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from connectors.credentials import refuse_unknown
from connectors.http_peer import Peer
from connectors.transports.soap.envelope import Fault
from connectors.xml_answers import Looked, Names
from data_contracts.errors import ConfigError, RefusedError, RetriableError

_TOLD = 400
_MENDED = frozenset(
    {"VersionMismatch", "MustUnderstand", "DataEncodingUnknown", "InvalidSecurity", "InvalidSecurityToken", "FailedAuthentication"}
    | {"FailedCheck", "SecurityTokenUnavailable", "UnsupportedSecurityToken", "UnsupportedAlgorithm", "MessageExpired"}
)
"""Of SOAP 1.1 and 1.2, and of WS-Security 1.1.1, section 12."""
_THEIRS, _OURS = frozenset({"Server", "Receiver"}), frozenset({"Client", "Sender"})
_TEST = frozenset({"at", "is", "says", "again"})


class Faults:
    """What faults mean to one flow. Raises ConfigError."""

    def __init__(self, given: Any) -> None:
        given = {} if given is None else given
        if not isinstance(given, Mapping) or not all(isinstance(listed, list) for listed in given.values()):
            raise ConfigError("transport soap: faults has refuse and again, lists of codes")
        refuse_unknown(given, frozenset({"refuse", "again"}), "soap, faults")
        self._refuse, self._again = ({str(code) for code in given.get(name, [])} for name in ("refuse", "again"))

    def judge(self, fault: Fault, status: int, peer: Peer) -> NoReturn:
        """Raise what a fault means: RefusedError, RetriableError, or ConfigError where a person mends a setting."""
        text = peer.told(f"{peer.where} answered a fault, {fault.text()}")[:_TOLD]
        if fault.names & self._refuse:
            raise RefusedError(text)
        if fault.names & self._again:
            raise RetriableError(text)
        if fault.names & _MENDED:
            raise ConfigError(text)
        if fault.names & _OURS or (not fault.names & _THEIRS and 400 <= status < 500):
            raise RefusedError(text)
        raise RetriableError(text)


@dataclass(frozen=True, slots=True)
class _Test:
    """`success` or `failure`."""

    fails: bool
    at: str
    values: tuple[str, ...]
    says: str
    again: tuple[str, ...]

    def judge(self, answer: Looked, peer: Peer) -> None:
        path = answer.names.path(self.at)
        found = [(text, element) for element in answer.elements(self.at) for text in path.texts([element]) if text]
        fit = [not self.values or text in self.values for text, _ in found]
        bad = [one for one, fits in zip(found, fit, strict=True) if fits == self.fails]
        if not bad and (self.fails or found):
            return
        said = [reason for _, element in bad for reason in self._reasons(answer, element)] if bad else answer_says(answer, self.says)
        told = [", ".join(dict.fromkeys(text for text, _ in bad)) or f"nothing at {self.at}", *dict.fromkeys(said)]
        text = peer.told(f"{peer.where} answered {' '.join(told)}")[:_TOLD]
        raise RetriableError(text) if bad and all(value in self.again for value, _ in bad) else RefusedError(text)

    def _reasons(self, answer: Looked, element: Any) -> list[str]:
        if not self.says.startswith("../"):
            return answer_says(answer, self.says)
        made, parent = answer.names.path(self.says[3:]), element.getparent()
        return [] if parent is None else [text for text in made.texts(made.within(parent)) if text]


class Verdict:
    """How the answer to one call is judged, by its `success` and `failure`. Raises ConfigError."""

    def __init__(self, tests: Mapping[str, Any], names: Names | None) -> None:
        self._tests = [_test(tests[name], name, names) for name in ("failure", "success") if tests.get(name) is not None]

    def judge(self, answer: Looked, peer: Peer) -> None:
        """Raises RefusedError, or RetriableError where the value is one of `again`, for an answer that says that it is no success."""
        for test in self._tests:
            test.judge(answer, peer)


def answer_says(answer: Looked, path: str) -> list[str]:
    """The peer's reason at a path from the top; none where no path is named, or it begins at an element that was not found."""
    return answer.texts(path) if path and not path.startswith("../") else []


def _test(given: Any, name: str, names: Names | None) -> _Test:
    """One test; its paths are looked at where `names` are those of an answer in XML."""
    if not isinstance(given, Mapping) or not given.get("at") or set(given) - _TEST:
        raise ConfigError(f"transport soap: {name} has at, is, says and again")
    made = _Test(name == "failure", str(given["at"]), _listed(given.get("is")), str(given.get("says") or ""), _listed(given.get("again")))
    if names is not None:
        for path in filter(None, [made.at, made.says.removeprefix("../")]):
            names.path(path)
    return made


def _listed(value: Any) -> tuple[str, ...]:
    """Values as texts, however YAML read them."""
    listed = [] if value is None else value if isinstance(value, list) else [value]
    return tuple(("true" if one else "false") if isinstance(one, bool) else str(one) for one in listed)
