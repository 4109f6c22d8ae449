"""Qimen 奇门, between shops and warehouses, both ways: we call, and the warehouse calls us back with what it received and despatched.

The digest covers secret, parameters by name, body and secret again; the moment is China's. Proof: a vector whose routine also makes a
string that a public test holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import md5

from connectors.signing import CHINA, WINDOW_SECONDS, Call, Heard, Pairs, Vouched, equal, event_key, refuse_unless, refuse_unless_now

_MOMENT = "%Y-%m-%d %H:%M:%S"


class Qimen:
    """The signer `qimen`."""

    name = "qimen"
    needs = frozenset({"app_key", "secret", "customer_id"})
    may: frozenset[str] = frozenset()
    secrets = frozenset({"secret"})
    proof = "vector of the digest"
    taken = ("text/xml; charset=utf-8", b"<response><flag>success</flag><code>0</code><message>ok</message></response>")

    def sign(self, call: Call, keys: Mapping[str, str], at: datetime, nonce: str) -> Call:
        """With the platform's parameters and the digest in the address; the call names the `method`."""
        made = call.asking(
            app_key=keys["app_key"],
            customerId=keys["customer_id"],
            format="xml",
            sign_method="md5",
            timestamp=at.astimezone(CHINA).strftime(_MOMENT),
            v="2.0",
        )
        return made.asking(sign=digest(keys["secret"], made.query, made.content))

    def verify(self, heard: Heard, keys: Mapping[str, str], now: datetime, window: float = WINDOW_SECONDS) -> Vouched:
        """A call of the warehouse: `sign` fits, the customer is ours, its moment is now.

        The same body for the same method again has the same key: a repetition is stamped and signed anew.
        """
        given = heard.told("sign")
        names = [name for name, _value in heard.query]
        made = digest(keys["secret"], tuple((name, value) for name, value in heard.query if name != "sign"), heard.body)
        whose = equal(heard.told("customerId"), keys["customer_id"]) and heard.told("method") != ""
        refuse_unless(len(set(names)) == len(names) and equal(made, given.upper()) and whose)
        refuse_unless_now(
            lambda: datetime.strptime(heard.told("timestamp"), _MOMENT).replace(tzinfo=CHINA).timestamp(),
            now,
            window,
        )
        return Vouched(heard.body, f"{heard.told('method')}/{event_key(heard.told('method'), heard.body)}", fresh=True)


def digest(secret: str, parameters: Pairs, body: bytes) -> str:
    """32 capital hexadecimal digits."""
    text = "".join(f"{name}{value}" for name, value in sorted(parameters))
    return md5(f"{secret}{text}".encode() + body + secret.encode(), usedforsecurity=False).hexdigest().upper()


SIGNER = Qimen()
