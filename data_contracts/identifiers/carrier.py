"""What reading an issuer's UDI yields: which device (DI), which lot or unit of it (PI), the issuer's own fields, and what is wrong.

HIBCC, ICCBBA, IFA and China's MA each write these in a syntax of their own (`hibc.py`, `isbt128.py`, `ifa.py`, `ma.py`); all of
them become this one thing, so that a device is found however its label was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from data_contracts.findings import Finding, has_error

PI_DATES = ("expires_on", "manufactured_on")


@dataclass(frozen=True, slots=True)
class ParsedCarrier:
    """A UDI of one issuer as read from `text`. With findings, the fields hold what could be read."""

    issuer: str
    """`gs1`, `hibcc`, `iccbba`, `ifa`, `cn_ma`, `cn_ahm`, `eudamed`."""
    text: str
    di: str | None = None
    pi: dict[str, str] = field(default_factory=dict)
    """lot, serial, expires_on, manufactured_on, quantity...; dates are ISO with their precision."""
    parts: dict[str, str] = field(default_factory=dict)
    """The issuer's own fields."""
    findings: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether no finding is an error."""
        return not has_error(self.findings)


@dataclass(slots=True)
class Reading:
    """What one parser gathers: fields once each, and findings under the name of the syntax."""

    issuer: str
    what: str
    text: str
    di: str | None = None
    pi: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def tell(self, rule: str, got: str, expected: str | None = None) -> None:
        """Add a finding of this syntax."""
        self.findings.append(Finding(rule, expected=expected, got=got, params={"what": self.what}))

    def keep(self, name: str, value: str) -> None:
        """Take a production identifier; one that came before with another value is a finding."""
        if value and self.pi.setdefault(name, value) != value:
            self.tell("UDI-15", name)

    def done(self) -> ParsedCarrier:
        """The result."""
        return ParsedCarrier(self.issuer, self.text, self.di, self.pi, self.parts, tuple(self.findings))
