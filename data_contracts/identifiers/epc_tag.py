"""What a RFID tag holds of an EPC: its memory in hexadecimal, and the tag URI that says the same (EPC TDS 1.13 sections 12 and 14).

    3074257BF7194E4000001A85                   memory
    urn:epc:tag:sgtin-96:3.0614141.812345.6789     coding scheme, filter (3: a unit pack), then the parts of the EPC
    urn:epc:raw:96.x3074257BF7194E4000001A85   memory as a URI

The header, eight bits, names the coding scheme. Three bits of most schemes tell how long the company prefix is, so that a tag needs
no list of prefixes. The schemes with `+` of TDS 2, which hold element strings as they are, are named but not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data_contracts.findings import Finding
from data_contracts.identifiers import epc
from data_contracts.identifiers.epc import Epc, ParsedEpc
from data_contracts.identifiers.epc_bits import Blanked, Characters, Codec, Digits, Ended, Memory, Number, Padded, TwoDigits, UnfitError
from data_contracts.identifiers.epc_schemes import SCHEMES

_PREFIX_BITS = {12: 40, 11: 37, 10: 34, 9: 30, 8: 27, 7: 24, 6: 20}
"""Bits of a company prefix by its digits; the partition value is the place in this order."""
_TAG = re.compile(r"urn:epc:tag:([a-z]+-(?:\d+|var)):(.*)", re.ASCII | re.DOTALL)
_RAW = re.compile(r"urn:epc:raw:([0-9]{1,4})\.x([0-9A-F]+)", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]+", re.ASCII)
_WORD = 16


@dataclass(frozen=True, slots=True)
class Coding:
    """One coding scheme. `together` are the bits of company prefix and reference, 0 where the EPC has no company prefix."""

    name: str
    header: int
    fields: tuple[Codec, ...] = ()
    """The parts behind company prefix and reference, or all of them."""
    together: int = 0
    reference: str = "padded"
    """How the reference stands: `padded` digits, a `number`, `characters`, or characters that are `ended` by zeros."""
    filter_bits: int = 3
    spare: int = 0
    """Bits at the end that are always zero."""

    @property
    def scheme(self) -> str:
        """The name of the EPC scheme."""
        return self.name.partition("-")[0]


_ALL = (
    Coding("gdti-96", 0x2C, (Number(41),), 41),
    Coding("gsrn-96", 0x2D, (), 58, spare=24),
    Coding("gsrnp-96", 0x2E, (), 58, spare=24),
    Coding("usdod-96", 0x2F, (Blanked(6, 8), Number(36)), filter_bits=4),
    Coding("sgtin-96", 0x30, (Number(38),), 44),
    Coding("sscc-96", 0x31, (), 58, spare=24),
    Coding("sgln-96", 0x32, (Number(41),), 41),
    Coding("grai-96", 0x33, (Number(38),), 44),
    Coding("giai-96", 0x34, (), 82, "number"),
    Coding("gid-96", 0x35, (Number(28), Number(24), Number(36)), filter_bits=0),
    Coding("sgtin-198", 0x36, (Characters(140),), 44),
    Coding("grai-170", 0x37, (Characters(112),), 44),
    Coding("giai-202", 0x38, (), 188, "characters"),
    Coding("sgln-195", 0x39, (Characters(140),), 41),
    Coding("gdti-113", 0x3A, (Digits(58),), 41),
    Coding("adi-var", 0x3B, (Blanked(6, 6), Ended(), Ended()), filter_bits=6),
    Coding("cpi-96", 0x3C, (Number(31),), 51, "number"),
    Coding("cpi-var", 0x3D, (Number(40),), 1, "ended"),
    Coding("gdti-174", 0x3E, (Characters(119),), 41),
    Coding("sgcn-96", 0x3F, (Digits(41),), 41),
    Coding("itip-110", 0x40, (TwoDigits(), TwoDigits(), Number(38)), 44),
    Coding("itip-212", 0x41, (TwoDigits(), TwoDigits(), Characters(140)), 44),
)
CODINGS: dict[str, Coding] = {coding.name: coding for coding in _ALL}
"""Coding schemes by name."""
_BY_HEADER = {coding.header: coding for coding in _ALL}
_PLUS = dict(enumerate(("CPI", "GRAI", "SGLN", "ITIP", "GSRN", "GSRNP", "GDTI", "SGTIN", "SGCN", "SSCC", "GIAI", "DSGTIN"), start=0xF0))
"""Headers of TDS 2.0 14.2."""


def raw(memory: str) -> str:
    """The URI of a tag's memory in hexadecimal, whatever it holds (TDS 1.13 clause 12.4)."""
    return f"urn:epc:raw:{4 * len(memory)}.x{memory.upper()}"


def is_raw(text: str) -> bool:
    """Whether a text is such a URI."""
    found = _RAW.fullmatch(text)
    return found is not None and int(found[1]) == 4 * len(found[2])


def parse(text: str) -> ParsedEpc:
    """Read a tag URI, a raw URI, or memory in hexadecimal. Findings EPC-01 to EPC-08, and UDI-02 for a `+` scheme."""
    if _TAG.fullmatch(text) is not None:
        return _parse_uri(text)
    if is_raw(text):
        return _decode(text, text.partition(".x")[2])
    if _HEX.fullmatch(text) is not None:
        return _decode(text, text)
    return ParsedEpc(text, None, (Finding("EPC-01", expected="urn:epc:tag:sgtin-96:3.0614141.812345.6789", got=text),))


def may_be_memory(text: str) -> bool:
    """Whether a text is hexadecimal of whole words whose header names a coding scheme, and reads without fault."""
    return len(text) >= 24 and len(text) % 4 == 0 and _HEX.fullmatch(text) is not None and parse(text).valid


def uri(thing: Epc, coding: str, filter_value: int = 0) -> str:
    """The tag URI of an EPC. Raises ValueError where the coding scheme can't hold it."""
    encode(thing, coding, filter_value)
    return _uri(CODINGS[coding], filter_value, thing)


def encode(thing: Epc, coding: str, filter_value: int = 0) -> str:
    """The memory of a tag in hexadecimal, filled up to whole words of 16 bits. Raises ValueError where the scheme can't hold the EPC."""
    chosen = CODINGS.get(coding)
    if chosen is None or chosen.scheme != thing.scheme:
        fitting = ", ".join(sorted(name for name, other in CODINGS.items() if other.scheme == thing.scheme)) or "none"
        raise ValueError(f"{coding!r} codes no {thing.scheme}; those that do: {fitting}")
    if not 0 <= filter_value < 1 << max(chosen.filter_bits, 1):
        raise ValueError(f"the filter of {coding} is 0 to {(1 << chosen.filter_bits) - 1}, not {filter_value}")
    parts = [part for part in thing.parts if part is not None]
    if len(parts) < len(thing.parts):
        raise ValueError("a tag holds one thing, not a pattern")
    try:
        return _memory(chosen, parts, filter_value)
    except UnfitError as wanted:
        raise ValueError(f"{coding} can't hold {thing.uri}: it wants {wanted}") from None


def _memory(coding: Coding, parts: list[str], filter_value: int) -> str:
    """The memory in hexadecimal. Raises UnfitError."""
    bits = f"{coding.header:08b}" + (f"{filter_value:0{coding.filter_bits}b}" if coding.filter_bits else "")
    if coding.together:
        bits += f"{12 - len(parts[0]):03b}"
    codecs = _codecs(coding, len(parts[0])) if coding.together else coding.fields
    bits += "".join(codec.write(part) for codec, part in zip(codecs, parts, strict=True)) + "0" * coding.spare
    whole = -(-len(bits) // _WORD) * _WORD
    return f"{int(bits.ljust(whole, '0'), 2):0{whole // 4}X}"


def _codecs(coding: Coding, digits: int) -> tuple[Codec, ...]:
    """The codecs of all parts, where the company prefix has so many digits."""
    bits = _PREFIX_BITS[digits]
    references: dict[str, Codec] = {
        "padded": Padded((SCHEMES[coding.scheme].digits or digits) - digits, coding.together - bits),
        "number": Number(coding.together - bits),
        "characters": Characters(coding.together - bits),
        "ended": Ended(),
    }
    return (Padded(digits, bits), references[coding.reference], *coding.fields)


def _uri(coding: Coding, filter_value: int, thing: Epc) -> str:
    filtered = f"{filter_value}." if coding.filter_bits else ""
    return f"urn:epc:tag:{coding.name}:{filtered}{thing.uri.split(':', 4)[4]}"


def _parse_uri(text: str) -> ParsedEpc:
    found = _TAG.fullmatch(text)
    coding = CODINGS.get(found[1]) if found is not None else None
    if found is None or coding is None:
        got = found[1] if found is not None else text
        return ParsedEpc(text, None, (Finding("EPC-02", expected=", ".join(CODINGS), got=got),))
    filtered, body = ("0", found[2]) if not coding.filter_bits else found[2].partition(".")[::2]
    read = epc.read(text, SCHEMES[coding.scheme], "id", body)
    if read.epc is None:
        return read
    most = (1 << coding.filter_bits) - 1
    if not (filtered.isdigit() and filtered.isascii() and int(filtered) <= most and str(int(filtered)) == filtered):
        return ParsedEpc(text, None, (Finding("EPC-03", expected=f"0-{most}", got=filtered, params={"what": f"{coding.name} filter"}),))
    try:
        _memory(coding, [part or "" for part in read.epc.parts], int(filtered))
    except UnfitError as wanted:
        return ParsedEpc(text, None, (*read.findings, _unfit(coding, body, wanted)))
    return ParsedEpc(text, read.epc, read.findings, _uri(coding, int(filtered), read.epc))


def _decode(text: str, memory: str) -> ParsedEpc:
    header = int(memory[:2], 16)
    coding = _BY_HEADER.get(header)
    if coding is None:
        if header in _PLUS:
            return ParsedEpc(text, None, (Finding("UDI-02", got=f"{_PLUS[header]}+"),))
        return ParsedEpc(text, None, (Finding("EPC-07", expected=", ".join(CODINGS), got=memory[:2]),))
    bits = Memory(int(memory, 16), 4 * len(memory))
    try:
        bits.take(8)
        filter_value = bits.take(coding.filter_bits)
        codecs = coding.fields
        if coding.together:
            digits = 12 - bits.take(3)
            if digits not in _PREFIX_BITS:
                raise UnfitError("a partition of 0-6")
            codecs = _codecs(coding, digits)
        parts = [codec.read(bits) for codec in codecs]
        if bits.take(coding.spare) or bits.value:
            raise UnfitError("zeros behind the EPC")
    except UnfitError as wanted:
        return ParsedEpc(text, None, (_unfit(coding, memory, wanted),))
    read = epc.read(text, SCHEMES[coding.scheme], "id", ".".join(map(epc.escape, parts)))
    tag = _uri(coding, filter_value, read.epc) if read.epc is not None else None
    return ParsedEpc(text, read.epc, read.findings, tag)


def _unfit(coding: Coding, got: str, wanted: UnfitError) -> Finding:
    return Finding("EPC-08", expected=str(wanted), got=got, params={"what": coding.name})
