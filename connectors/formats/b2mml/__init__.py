"""B2MML, the XML of ISA-95: what factories made, consumed and hold, in the versions V0400 to V0700.

A document is one object (`OperationsPerformance`), or a transaction around some (`SyncMaterialInformation`), of which each is a message.
Lots of a transaction about lots are one message, since together they are the stock of a place: one alone would read as all
that is there. The version is told by the namespace. Sender and BODID of the ApplicationArea are sender and control number.
Options of a profile: `namespace` and `verb` (writing; defaults are V0700's and Sync). Answered with ConfirmBOD (`answering.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lxml import etree

from connectors.feed_reading import OPTIONS
from connectors.formats.b2mml.answering import ANSWERING, CONFIRM
from connectors.formats.b2mml.material import mixed_material, places_of
from connectors.formats.b2mml.writer import write_confirmation, write_document
from connectors.formats.xml.dialect import Dialect, Layout, keeps
from connectors.formats.xml.places import below, put_at, text_at, text_of
from connectors.formats.xml.root import RootTag
from connectors.spec import Envelope, Profile, Traits
from data_contracts.findings import Finding, Place
from data_contracts.source import Interchange, SourceRecord

__all__ = ["ANSWERING", "FORMAT", "B2mml"]

_NAMESPACE = re.compile(r"https?://www\.(?:wbf|mesa)\.org/xml/b2mml(?:-(v[0-9]{4}))?/?", re.IGNORECASE)
_VERBS = ("Sync", "Show", "Process", "Get", "Acknowledge", "Change", "Cancel", "Respond", "Confirm", "SyncChange")
_STATING = ("Sync", "Show", "Process")
"""Verbs after which a document states what is: published, shown, or handed over (ISA-95 part 5)."""
_ACTIONS = frozenset({"Add", "Replace"})
_ACTIONS_OF_LOTS = frozenset({"Replace"})
"""What a Sync may want done: what is added to a stock is not all that lies there."""
_BESIDE = frozenset({*_VERBS, "ApplicationArea"})
_LOTS = ("MaterialLot",)
_PERFORMANCES = ("OperationsPerformance", "ProductionPerformance")
UNVERSIONED = "V0700"
"""The namespace has no version any more since V0700."""


class B2mml(Dialect):
    """The format `b2mml`."""

    name = "b2mml"
    traits = Traits("application/xml", "xml", enveloped=True, options=OPTIONS | {"namespace", "verb"})
    unknown_type = "B2M-01"

    def owns(self, root: RootTag, head: str) -> bool:
        """A root of a B2MML namespace."""
        return root.namespace is not None and _NAMESPACE.fullmatch(root.namespace) is not None

    def layout(self, root: RootTag) -> Layout:
        """The objects of a transaction's data area; all of it where they are lots; else the root."""
        if root.local == CONFIRM:
            return Layout((CONFIRM,))
        verb = next((verb for verb in _VERBS if root.local.startswith(verb) and root.local != verb), None)
        if verb is None:
            return Layout((root.local,))
        if root.local.removeprefix(verb) in _LOTS:
            return Layout((root.local, "DataArea"), _BESIDE)
        return Layout((root.local, "DataArea", "*"), _BESIDE)

    def type_of(self, element: etree._Element) -> str:
        """The object's name; a data area of lots goes by theirs."""
        local = str(etree.QName(element).localname)
        return _LOTS[0] if local == "DataArea" else local

    def version_of(self, record: SourceRecord, namespace: str | None) -> str | None:
        """V0401 out of the namespace."""
        match = _NAMESPACE.fullmatch(namespace or "")
        return (match[1].upper() if match[1] else UNVERSIONED) if match is not None else None

    def identify(self, interchange: Interchange, header: etree._Element | None, kind: str, record: SourceRecord | None) -> None:
        """Of the application area; B2MML names no receiver. Kept for the answer: namespace and time of what it confirms."""
        area = below(header, "ApplicationArea")
        if area is None and kind == CONFIRM:
            said = {"LogicalID": ("Sender", "LogicalID"), "BODID": ("BODID",)}
            found = {name: text_at(record, "ApplicationArea", *path) for name, path in said.items()}
        else:
            found = {"LogicalID": text_of(below(area, "Sender", "LogicalID")), "BODID": text_of(below(area, "BODID"))}
        interchange.sender = f"LogicalID:{found['LogicalID']}" if found["LogicalID"] else None
        interchange.control = found["BODID"] or None
        interchange.findings += _not_stated(header)
        if area is not None:
            interchange.header = (str(etree.QName(area).namespace or ""), text_of(below(area, "CreationDateTime")))
            interchange.acknowledgement_requested = text_of(below(area, "Sender", "ConfirmationCode")) == "Always"

    def empty(self, interchange: Interchange, header: etree._Element | None) -> None:
        """A Get may name what it asks for by criteria alone."""
        self.identify(interchange, header, "", None)

    def enclose(self, record: SourceRecord, header: etree._Element | None) -> None:
        """The application area stands in the tree of every object of a transaction: it says when the object was true."""
        area = below(header, "ApplicationArea")
        if area is None:
            return
        for path in (("Sender", "LogicalID"), ("CreationDateTime",), ("BODID",)):
            if text := text_of(below(area, *path)):
                put_at(record, "ApplicationArea", *path, text=text)

    def judge(self, kind: str, record: SourceRecord, path: str) -> list[Finding]:
        """Lots of one message lie at one place; one message tells one run of production."""
        place = Place(position=record.position, line=record.line, path=path)
        if kind in _LOTS:
            places = places_of(record, kind)
            found = [Finding("B2M-02", place=place, got=", ".join(sorted(places)[:5]))] if len(places) > 1 else []
            action = text_at(record, "Sync", "ActionCriteria", "ActionExpression", "@actionCode")
            return found + _not_wanted("Sync", [action] if action else [], _ACTIONS_OF_LOTS, place)
        if kind in _PERFORMANCES and (mixed := mixed_material(record)) is not None:
            return [Finding("B2M-03", place=place, got=mixed)]
        return []

    def write(
        self, messages: Iterable[tuple[str, SourceRecord]], envelope: Envelope | None, profile: Profile, grammar: str | None = None
    ) -> bytes:
        """Objects of one kind in a transaction; without an envelope one object alone."""
        messages = list(messages)
        kinds = {kind for kind, _ in messages}
        if len(kinds) != 1:
            raise ValueError(f"a B2MML document holds objects of one kind, not {', '.join(sorted(kinds)) or 'none'}")
        (kind,) = kinds
        found = self.grammar_of(kind, profile)
        if found is None:
            raise ValueError(f"there is no grammar for the B2MML object {kind}")
        namespace = str(profile.options.get("namespace", found.namespace))
        if _NAMESPACE.fullmatch(namespace) is None:
            raise ValueError(f"{namespace} is no namespace of B2MML")
        records = [record for _, record in messages]
        if kind == CONFIRM:
            return write_confirmation(found, records[0], envelope, namespace)
        return write_document(found, records, namespace, str(profile.options.get("verb", "Sync")), envelope, kind in _LOTS)


def _not_stated(header: etree._Element | None) -> list[Finding]:
    """Why a transaction states nothing that may be applied: it asks, answers, or wants something changed of which it gives a part.

    An object after Cancel or Get would be read as what happened, and lots that are added or changed as all that is there.
    """
    if header is None:
        return []
    local = str(etree.QName(header).localname)
    verb = next((verb for verb in _VERBS if local.startswith(verb) and local != verb), None)
    if verb is None or local == CONFIRM:
        return []
    place = Place(path=f"/{local}")
    if verb not in _STATING:
        return [Finding("B2M-04", place=place, expected=", ".join(_STATING), got=verb)]
    said = below(header, "DataArea", verb)
    taken = _ACTIONS_OF_LOTS if local.removeprefix(verb).startswith("Material") else _ACTIONS
    codes = [str(one.get("actionCode")) for one in said.iter() if one.get("actionCode")] if said is not None else []
    return _not_wanted(verb, codes, taken, place)


def _not_wanted(verb: str, codes: Sequence[str], taken: frozenset[str], place: Place) -> list[Finding]:
    wrong = next((code for code in codes if code not in taken), None)
    return [Finding("B2M-04", place=place, expected=", ".join(sorted(taken)), got=f"{verb} {wrong}")] if wrong is not None else []


FORMAT = B2mml()
keeps(FORMAT)
