"""DocuSign Connect: events about envelopes, signed over the raw body with up to several keys at once.

Only verified, for nothing is sent this way. DocuSign states no moment, so there is no time window: the same bytes are the same event,
whenever they come. Proof: a vector.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from connectors.signing import WINDOW_SECONDS, Heard, Vouched, equal, refuse_unless

_MOST = 100
"""Signatures that DocuSign may send with one event."""


class DocuSign:
    """The signer `docusign`."""

    name = "docusign"
    needs = frozenset({"key"})
    may = frozenset({"previous_key"})
    secrets = frozenset({"key", "previous_key"})
    proof = "vector of a signature"
    taken = ("text/plain", b"")

    def verify(self, heard: Heard, keys: Mapping[str, str], now: datetime, window: float = WINDOW_SECONDS) -> Vouched:
        """The event in the body: one of `X-DocuSign-Signature-1`, `-2`, … is by one of our keys."""
        own = [base64.b64encode(hmac.new(keys[name].encode(), heard.body, sha256).digest()).decode() for name in sorted(keys)]
        given = [heard.header(f"X-DocuSign-Signature-{number}") for number in range(1, _MOST + 1)]
        # Every pair is compared: when it stops would tell which key is near.
        refuse_unless(sum(equal(one, other) for one in own for other in given if other) > 0)
        return Vouched(heard.body, sha256(heard.body).hexdigest())


SIGNER = DocuSign()
