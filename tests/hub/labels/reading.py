"""Symbols read as a scanner does: an SVG drawing made into dots, and decoded by ZXing, which knows nothing of our encoder."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import zxingcpp

_SVG = "{http://www.w3.org/2000/svg}"
_RECTANGLE = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z")
_DOTS = 4


def dots(svg: str) -> np.ndarray:
    """The dark marks of a drawing, four dots a module, with some light around them."""
    root = ElementTree.fromstring(svg)
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    image = np.full((int(height * _DOTS) + 40, int(width * _DOTS) + 40), 255, dtype=np.uint8)
    path = root.find(f"{_SVG}path")
    assert path is not None
    for x, y, w, h in ((float(part) for part in found) for found in _RECTANGLE.findall(path.attrib["d"])):
        image[20 + round(y * _DOTS) : 20 + round((y + h) * _DOTS), 20 + round(x * _DOTS) : 20 + round((x + w) * _DOTS)] = 0
    return image


def scanned(svg: str) -> str:
    """What a scanner sends: the AIM symbology identifier and the data, FNC1 as GS."""
    (found,) = zxingcpp.read_barcodes(dots(svg))
    return f"{found.symbology_identifier}{found.bytes.decode('ascii')}"


def texts(svg: str) -> list[str]:
    """What people read, line by line."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{_SVG}text")]


def millimetres(svg: str) -> tuple[float, float]:
    """Width and height of a drawing."""
    root = ElementTree.fromstring(svg)
    return float(root.attrib["width"].removesuffix("mm")), float(root.attrib["height"].removesuffix("mm"))
