"""What an AS2 message can be refused for, in the words of the receipt that its sender gets (RFC 4130 section 7.4.3).

The text of a fault is for our own people. The sender reads only the modifier, so that nobody can probe a private key by its answers.
"""

from __future__ import annotations

from data_contracts.findings import Finding

DECRYPTION = ("AS2-02", "processed/error: decryption-failed")
AUTHENTICATION = ("AS2-03", "processed/error: authentication-failed")
INTEGRITY = ("AS2-04", "processed/error: integrity-check-failed")
DECOMPRESSION = ("AS2-05", "processed/error: decompression-failed")
SECURITY = ("AS2-06", "processed/error: insufficient-message-security")
MIC_ALGORITHMS = ("AS2-07", "failed/Failure: unsupported MIC-algorithms")
FORMAT = ("AS2-07", "failed/Failure: unsupported format")
UNEXPECTED = ("AS2-08", "processed/error: unexpected-processing-error")
UNKNOWN = ("AS2-01", "processed/error: unknown-trading-relationship")


class FaultError(Exception):
    """A message that is not taken: which rule, what its sender is told, and what our own people are told."""

    def __init__(self, kind: tuple[str, str], got: str, expected: str | None = None) -> None:
        super().__init__(got)
        self.rule, self.disposition = kind
        self.got = got
        self.expected = expected

    def finding(self) -> Finding:
        """The same as a finding."""
        return Finding(self.rule, expected=self.expected, got=self.got)
