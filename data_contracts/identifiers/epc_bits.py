"""How one part of an EPC lies in a tag's memory: numbers, digits, characters of seven, eight or six bits (EPC TDS 1.13 14.3, 14.4).

Each codec writes a part's text as bits, most significant first, and reads it back from a `Memory`. Text that does not fit raises
`UnfitError`, and so do bits that no text gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from data_contracts.identifiers.check_digit import is_digits


class UnfitError(ValueError):
    """A text that the bits can't hold, or bits that stand for no text; says what was wanted."""


@dataclass(slots=True)
class Memory:
    """Bits of a tag that are read from the front."""

    value: int
    left: int

    def take(self, bits: int) -> int:
        """The next bits as a number. Raises UnfitError when there are not so many."""
        if bits > self.left:
            raise UnfitError(f"{bits} more bits")
        self.left -= bits
        taken = self.value >> self.left
        self.value &= (1 << self.left) - 1
        return taken


class Codec(Protocol):
    """What one part of a coding scheme does. Bits are a text of 0 and 1."""

    def write(self, text: str) -> str:
        """The bits of a text. Raises UnfitError."""

    def read(self, memory: Memory) -> str:
        """The text of the next bits. Raises UnfitError."""


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number without leading zeros."""

    bits: int

    def write(self, text: str) -> str:
        """See Codec."""
        if not is_digits(text) or (text[0] == "0" and text != "0") or int(text) >> self.bits:
            raise UnfitError(f"a number below {1 << self.bits} without leading zeros")
        return f"{int(text):0{self.bits}b}"

    def read(self, memory: Memory) -> str:
        """See Codec."""
        return str(memory.take(self.bits))


@dataclass(frozen=True, slots=True)
class Padded:
    """A fixed count of digits, which may be none; leading zeros count."""

    digits: int
    bits: int

    def write(self, text: str) -> str:
        """See Codec."""
        if len(text) != self.digits or (text and not is_digits(text)):
            raise UnfitError(f"{self.digits} digits")
        return f"{int(text or '0'):0{self.bits}b}"

    def read(self, memory: Memory) -> str:
        """See Codec."""
        text = str(memory.take(self.bits)).zfill(self.digits) if self.digits else "0" * (memory.take(self.bits) != 0)
        if len(text) > self.digits:
            raise UnfitError(f"{self.digits} digits")
        return text


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits whose leading zeros count: a `1` before them keeps them (TDS 14.3.5, numeric string)."""

    bits: int

    def write(self, text: str) -> str:
        """See Codec."""
        if not is_digits(text) or int("1" + text) >> self.bits:
            raise UnfitError(f"digits that fit {self.bits} bits")
        return f"{int('1' + text):0{self.bits}b}"

    def read(self, memory: Memory) -> str:
        """See Codec."""
        text = str(memory.take(self.bits))
        if text[0] != "1" or len(text) < 2:
            raise UnfitError("digits behind a 1")
        return text[1:]


@dataclass(frozen=True, slots=True)
class Characters:
    """ASCII characters of seven bits from the front; what is left over is zero."""

    bits: int

    def write(self, text: str) -> str:
        """See Codec."""
        if not text or not text.isascii() or len(text) * 7 > self.bits:
            raise UnfitError(f"1 to {self.bits // 7} characters")
        return "".join(f"{ord(character):07b}" for character in text).ljust(self.bits, "0")

    def read(self, memory: Memory) -> str:
        """See Codec."""
        bits = f"{memory.take(self.bits):0{self.bits}b}"
        codes = [int(bits[place : place + 7], 2) for place in range(0, self.bits - 6, 7)]
        text = "".join(map(chr, codes)).rstrip("\0")
        if not text or "\0" in text or "1" in bits[len(codes) * 7 :]:
            raise UnfitError("characters, then zeros only")
        return text


@dataclass(frozen=True, slots=True)
class Blanked:
    """A code of a fixed count of characters of eight or six bits, filled with blanks from the left."""

    count: int
    width: int

    def write(self, text: str) -> str:
        """See Codec."""
        if not text or len(text) > self.count:
            raise UnfitError(f"1 to {self.count} characters")
        mask = (1 << self.width) - 1
        return "".join(f"{ord(character) & mask:0{self.width}b}" for character in text.rjust(self.count))

    def read(self, memory: Memory) -> str:
        """See Codec."""
        codes = [memory.take(self.width) for _ in range(self.count)]
        return "".join(_six(code) if self.width == 6 else chr(code) for code in codes).lstrip(" ")


@dataclass(frozen=True, slots=True)
class Ended:
    """Capitals, digits, `#`, `-` and `/` of six bits, as many as there are, with six zeros behind them (TDS 14.3.6)."""

    def write(self, text: str) -> str:
        """See Codec."""
        if any(character not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#-/" for character in text):
            raise UnfitError("0-9 A-Z # - /")
        return "".join(f"{ord(character) & 63:06b}" for character in text) + "000000"

    def read(self, memory: Memory) -> str:
        """See Codec."""
        text = ""
        while code := memory.take(6):
            text += _six(code)
        return text


@dataclass(frozen=True, slots=True)
class TwoDigits:
    """Two digits in seven bits."""

    def write(self, text: str) -> str:
        """See Codec."""
        return Padded(2, 7).write(text)

    def read(self, memory: Memory) -> str:
        """See Codec."""
        return Padded(2, 7).read(memory)


def _six(code: int) -> str:
    """The ASCII character of six bits: those of capitals are 1 to 26, those of blank, marks and digits 32 to 63."""
    return chr(code if code >= 32 else code + 64)
