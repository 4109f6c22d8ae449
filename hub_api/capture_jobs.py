"""A capture job as its sender reads it: does it run, did all go well, what was wrong where. JSON, or XML by the standard's XSD."""

from __future__ import annotations

from typing import Any

from lxml import etree

from connectors.formats.epcis.spelling import instant
from data_contracts.findings import Finding, Language
from hub.store.captures import CaptureJob
from hub.store.types import moment
from hub_api.errors import EPCIS_SPACE, fill

_OURS = "urn:udihub:epcis"
"""Namespace of what the standard has no element for: rule, eventID and place of an error."""
EXAMPLE_XML = '<epcis:EPCISCaptureJob xmlns:epcis="urn:epcglobal:epcis:xsd:2" captureID="0f3c…" running="false" success="true">…'


def as_members(job: CaptureJob, language: Language) -> dict[str, Any]:
    """The job as the OpenAPI of EPCIS names its parts."""
    shown = {
        "captureID": job.key,
        "createdAt": instant(moment(job.created_at)),
        "running": job.finished_at is None,
        "success": job.success,
        "captureErrorBehaviour": job.behaviour,
        "errors": [error(finding, number, language) for finding, number in job.errors],
    }
    return shown if job.finished_at is None else {**shown, "finishedAt": instant(moment(job.finished_at))}


def error(finding: Finding, number: str | None, language: Language) -> dict[str, Any]:
    """A finding as a problem of the standard's kind; `number` is the eventID, where one is known."""
    said = finding.as_json(language)
    kind = "ResourceAlreadyExistsException" if finding.rule == "EVT-32" else "ValidationException"
    told = {"type": f"epcisException:{kind}", "title": said["message"], "status": 409 if finding.rule == "EVT-32" else 400, **said}
    return told if number is None else {**told, "eventID": number}


def as_xml(job: CaptureJob, language: Language) -> bytes:
    """The same as `EPCISCaptureJob` (EPCglobal-epcis-2_0.xsd), for whoever takes XML."""
    said = as_members(job, language)
    root = etree.Element(f"{{{EPCIS_SPACE}}}EPCISCaptureJob", nsmap={"epcis": EPCIS_SPACE, "udihub": _OURS})
    for name in ("running", "success"):
        root.set(name, "true" if said[name] else "false")
    root.set("captureID", said["captureID"])
    fill(root, {name: said.get(name) for name in ("captureErrorBehaviour", "createdAt", "finishedAt")})
    if said["errors"]:
        errors = etree.SubElement(root, "errors")
        for one in said["errors"]:
            place = one.get("place") or {}
            own = {"rule": one["rule"], "eventID": one.get("eventID"), "path": place.get("path"), "line": place.get("line")}
            told = {name: one[name] for name in ("type", "title", "status")}
            fill(etree.SubElement(errors, "error"), {**told, **{f"{{{_OURS}}}{name}": value for name, value in own.items()}})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
