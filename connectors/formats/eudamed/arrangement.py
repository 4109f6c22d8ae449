"""A device's element between EUDAMED's document and the tree: one name for each part, and lists taken apart.

The document calls a Basic UDI-DI MDRBasicUDI, IVDRBasicUDI, PRBasicUDI, MDEUDI or IVDEUDI by its law, and tells kinds of sizes and
substances by `xsi:type`. The tree says `BasicUDI` and the law once. Names of the schema: DI.xsd, UDIDIType.xsd, CommonDeviceType.xsd.
"""

from __future__ import annotations

import re

from lxml import etree

from connectors.formats.eudamed.names import BASIC, COMMON, DATA, DEVICE, LAWS, OLD, PRODUCTION, UDIDI, XSI

_BASICS = {basic: law for law, (_, basic, _) in LAWS.items() if law != "AIMDD"}
_DATAS = {data: law for law, (_, _, data) in LAWS.items() if law != "AIMDD"}
_DATA_TYPE = re.compile(r"(MDR|IVDR|PR)UDIDIDataType|(MDEU|IVDEU)DataType")
_TYPE = f"{{{XSI}}}type"
_CODES = 1_000
"""Codes of one device that are told apart; what is beyond stays one text, which the grammar refuses."""


def arranged(element: etree._Element) -> etree._Element:
    """The element of a device as the grammar names its parts. A UDI-DI that stands alone becomes the only part of a device."""
    if element.tag == f"{{{DEVICE}}}{DATA}":
        match = _DATA_TYPE.fullmatch(_type_of(element))
        law = ("MDD" if match[2] == "MDEU" else "IVDD" if match[2] else match[1]) if match is not None else ""
        device = etree.Element(f"{{{DEVICE}}}Device")
        _stand_at(device, element)
        device.append(element)
        element = device
        if law:
            element.set("legislation", law)
    elif element.tag != f"{{{DEVICE}}}Device":
        return element
    for part in element:
        _arrange_part(element, part)
    return element


def _stand_at(made: etree._Element, source: etree._Element) -> None:
    """Give an element the line of the one that it was made of. lxml reads lines beyond the 65,535th of a message, and sets none."""
    made.sourceline = min(int(source.sourceline or 1), 65_535)  # type: ignore[call-overload]  # the stubs know no number


def _arrange_part(device: etree._Element, part: etree._Element) -> None:
    if not isinstance(part.tag, str):
        return
    space, name = etree.QName(part).namespace, etree.QName(part).localname
    law = (_BASICS.get(name) or _DATAS.get(name)) if space == DEVICE else None
    if law is not None:
        stated = next((_text(child) for child in part if child.tag == _eudi("applicableLegislation")), "")
        if device.get("legislation") is None or stated == "AIMDD":
            device.set("legislation", stated if law == "MDD" and stated in LAWS else law)
        part.tag = f"{{{DEVICE}}}{BASIC if name in _BASICS else DATA}"
    for child in part:
        if child.tag == _udidi("MDNCodes"):
            _take_apart(child)
        elif child.tag == _udidi("productionIdentifier"):
            _spell_out(child)
        elif child.tag == _udidi("substances"):
            _name_kinds(child)


def _take_apart(codes: etree._Element) -> None:
    """A list of codes becomes an element for each."""
    first, *others = _text(codes).split(None, _CODES) or [""]
    codes.text = first
    for text in reversed(others):
        other = etree.Element(codes.tag)
        other.text = text
        _stand_at(other, codes)
        codes.addnext(other)


def _spell_out(stated: etree._Element) -> None:
    """A list of what the label states becomes a yes or no for everything that it could."""
    names = _text(stated).split(None, _CODES)
    stated.text = None
    for name in (*PRODUCTION, *(name for name in names if name not in PRODUCTION)):
        if re.fullmatch(r"[A-Z_]{1,60}", name):
            child = etree.SubElement(stated, _udidi(name))
            child.text = "true" if name in names else "false"


def _name_kinds(substances: etree._Element) -> None:
    """A substance whose kind only `xsi:type` says gets a `type` like the others."""
    for substance in substances:
        if _type_of(substance) == "EndocrineSubstanceType":
            kind = etree.SubElement(substance, _udidi("type"))
            kind.text = "ENDOCRINE"
            _stand_at(kind, substance)


def laid_out(device: etree._Element, law: str) -> None:
    """Turn a device's element, filled from a tree, into the document's: the mirror of `arranged`. Raises ValueError for an unknown law."""
    if law not in LAWS:
        raise ValueError(f"a device is under one of {', '.join(LAWS)}, not {law or 'none'}")
    kind, basic_name, data_name = LAWS[law]
    device.attrib.pop("legislation", "")
    device.set(_TYPE, f"device:{kind}")
    parts = {etree.QName(part).localname: part for part in device}
    if BASIC not in parts or DATA not in parts:
        raise ValueError("a device is written with its Basic UDI-DI and its UDI-DI")
    basic, data = parts[BASIC], parts[DATA]
    basic.tag, data.tag = f"{{{DEVICE}}}{basic_name}", f"{{{DEVICE}}}{data_name}"
    if law in OLD:
        device.insert(0, data)
    _name_model(basic)
    if law == "PR":
        for child in basic:
            if etree.QName(child).localname == "MFActorCode":
                _move_to_pack(basic, child)
    if law in ("MDD", "AIMDD"):
        for child in [child for child in basic if child.tag == _eudi("applicableLegislation")]:
            basic.remove(child)
        etree.SubElement(basic, _eudi("applicableLegislation")).text = law
    codes = [child for child in data if child.tag == _udidi("MDNCodes")]
    if codes:
        codes[0].text = " ".join(_text(code) for code in codes)
        for code in codes[1:]:
            data.remove(code)
    for child in list(data):
        if child.tag == _udidi("productionIdentifier"):
            _list_up(data, child)
        elif child.tag == _udidi("substances"):
            for substance in child:
                _type_substance(substance)
        elif child.tag == _udidi("clinicalSizes"):
            for size in child:
                _type_size(size)


def _name_model(basic: etree._Element) -> None:
    """A model with a name stands inside of it, one without stands alone."""
    found = {str(etree.QName(child).localname): child for child in basic}
    if "model" in found and "modelName" in found:
        model = found["model"]
        model.tag = f"{{{COMMON}}}model"
        found["modelName"].insert(0, model)


def _move_to_pack(basic: etree._Element, operator: etree._Element) -> None:
    """Who assembles a pack is called otherwise than a manufacturer, and stands before the pack's type."""
    operator.tag = operator.tag.replace("MFActorCode", "PRActorCode")
    kind = next((child for child in basic if etree.QName(child).localname == "type"), None)
    if kind is not None:
        kind.addprevious(operator)


def _list_up(data: etree._Element, stated: etree._Element) -> None:
    names = [etree.QName(child).localname for child in stated if _text(child) == "true"]
    for child in list(stated):
        stated.remove(child)
    stated.text = " ".join(names)
    if not names:
        data.remove(stated)


def _type_substance(substance: etree._Element) -> None:
    kind = next((child for child in substance if child.tag == _udidi("type")), None)
    said = _text(kind) if kind is not None else ""
    if said == "ENDOCRINE" and kind is not None:
        substance.remove(kind)
    name = (
        "EndocrineSubstanceType" if said == "ENDOCRINE" else "CMRSubstanceType" if said[:3] == "CMR" else "MedicalHumanProductSubstanceType"
    )
    substance.set(_TYPE, f"udidi:{name}")


def _type_size(size: etree._Element) -> None:
    parts = {etree.QName(child).localname for child in size}
    kind = "Range" if parts & {"minimum", "maximum"} else "Text" if "text" in parts else "Value"
    size.set(_TYPE, f"commondi:{kind}ClinicalSizeType")


def _type_of(element: etree._Element) -> str:
    """Local name of the schema type that an element states."""
    return (element.get(_TYPE) or "").rpartition(":")[2].strip()


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _udidi(name: str) -> str:
    return f"{{{UDIDI}}}{name}"


def _eudi(name: str) -> str:
    return "{https://ec.europa.eu/tools/eudamed/dtx/datamodel/Entity/Device/LegacyDevice/EUDI/v1}" + name
