"""What two sides agreed on for AS2: the settings of a flow's `transport: {use: as2, …}`, read into one object.

    {use: as2, ours: NOVAMED, theirs: JNPOLY, url: "https://as2.partner.example/in",
     key_file: as2/ours.key, certificate_file: as2/ours.pem, partner_certificate_file: as2/jnpoly.pem}

Both directions of a relation name the same keys: what we sign and decrypt with (`key`, `certificate`; `previous_key` and
`previous_certificate` while we change to new ones) and by what we know the partner (`partner_certificate`, whose PEM may hold two while
the partner changes). docs/as2.md says it step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.credentials import refuse_unknown, required, secret
from connectors.transports.as2.certificates import Identity, certificates, identity
from connectors.transports.as2.enveloped import CIPHERS
from connectors.transports.as2.names import DIGESTS, plain
from data_contracts.errors import ConfigError

NEEDS = frozenset({"ours", "theirs"})
_BY_REFERENCE = ("key", "key_password", "certificate", "previous_key", "previous_certificate", "partner_certificate")
SETTINGS = frozenset(
    {
        *NEEDS, "url", "sign", "encrypt", "compress", "mdn", "mdn_url", "answer_url", "answer_within_hours", "allow", "media_type",
        "allow_plain", "allow_hosts", "ca_file", "timeout_seconds", "clock", "keep", "before",
        *(f"{name}_{how}" for name in _BY_REFERENCE for how in ("env", "file")),
    }
)  # fmt: skip
WEAK = {"sha1", "3des", "unsigned", "unencrypted"}
_RECEIPTS = ("sync", "async")


@dataclass(frozen=True, slots=True)
class Station:
    """One relation with its keys. Never print one: `identities` hold private keys."""

    ours: str
    theirs: str
    identities: tuple[Identity, ...]
    """Ours, the newest first: that one signs, any of them decrypts."""
    partner: tuple[x509.Certificate, ...]
    """Certificates of the partner that were agreed."""
    sign: str | None
    """Digest of what we send; None: we do not sign."""
    encrypt: str | None
    compress: bool
    asynchronous: bool
    """Whether receipts of what we send come by a connection of their own."""
    allow: frozenset[str]
    """What is weak and agreed all the same."""
    mdn_url: str | None
    """The only address to which receipts of what comes in are sent by a connection of our own."""
    answer_url: str | None
    """Our own address, to which the partner sends its receipts."""

    @property
    def digests(self) -> frozenset[str]:
        """Digests that count."""
        return frozenset(DIGESTS) - ({"sha1"} - self.allow)

    @property
    def ciphers(self) -> frozenset[str]:
        """Ciphers that count."""
        return frozenset(CIPHERS) - ({"3des"} - self.allow)


def station(settings: Mapping[str, Any]) -> Station:
    """Read settings and load what they name. Raises ConfigError for whatever cannot work."""
    refuse_unknown(settings, SETTINGS | set(_BY_REFERENCE), "as2")  # a value where a reference belongs is told as that
    allow = settings.get("allow", [])
    if not isinstance(allow, list | tuple) or not WEAK.issuperset(map(str, allow)):
        raise ConfigError(f"allow is a list of {', '.join(sorted(WEAK))}, not {allow!r}")
    digest, cipher = _word(settings, "sign", "sha256", DIGESTS), _word(settings, "encrypt", "aes256", CIPHERS)
    for word, weak in ((digest, "sha1"), (cipher, "3des"), (digest or "unsigned", "unsigned"), (cipher or "unencrypted", "unencrypted")):
        if word == weak and weak not in allow:
            raise ConfigError(f"{weak} is weak: list it in allow if it is meant")
    receipts = settings.get("mdn", "sync")
    if receipts not in _RECEIPTS:
        raise ConfigError(f"mdn is sync or async, not {receipts!r}")
    if receipts == "async" and not settings.get("answer_url"):
        raise ConfigError("mdn: async needs answer_url, the address of our own /as2")
    made = Station(
        ours=_name(settings, "ours"),
        theirs=_name(settings, "theirs"),
        identities=_identities(settings),
        partner=tuple(certificates(_named(settings, "partner_certificate"), "partner_certificate")),
        sign=digest,
        encrypt=cipher,
        compress=settings.get("compress") is True,
        asynchronous=receipts == "async",
        allow=frozenset(map(str, allow)),
        mdn_url=_text(settings, "mdn_url"),
        answer_url=_text(settings, "answer_url"),
    )
    if cipher is not None and not all(isinstance(one.public_key(), rsa.RSAPublicKey) for one in made.partner):
        raise ConfigError("partner_certificate: only RSA keys can be encrypted for")
    return made


def answer_within(settings: Mapping[str, Any]) -> float:
    """Seconds after which a message whose receipt has not come is sent again."""
    hours = settings.get("answer_within_hours", 1)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= 240:
        raise ConfigError(f"answer_within_hours is a number of hours up to 240, not {hours!r}")
    return float(hours) * 3600


def _identities(settings: Mapping[str, Any]) -> tuple[Identity, ...]:
    password = secret(settings, "key_password")
    found = [identity(_named(settings, "key"), _named(settings, "certificate"), password, "key")]
    older = secret(settings, "previous_key")
    if older is not None:
        found.append(identity(older, _named(settings, "previous_certificate"), password, "previous_key"))
    return tuple(found)


def _named(settings: Mapping[str, Any], name: str) -> str:
    text = secret(settings, name)
    if text is None:
        raise ConfigError(f"transport as2: name the {name} by {name}_file or {name}_env")
    return text


def _name(settings: Mapping[str, Any], key: str) -> str:
    text = required(settings, key, "as2")
    if plain(text) != text:
        raise ConfigError(f"{key}: {text!r} is no AS2 name (up to 128 printable ASCII characters)")
    return text


def _word(settings: Mapping[str, Any], key: str, default: str, known: Mapping[str, object]) -> str | None:
    value = settings.get(key, default)
    if value is False or value == "none":
        return None
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{key} is {', '.join(known)} or none, not {value!r}")
    return value


def _text(settings: Mapping[str, Any], key: str) -> str | None:
    value = settings.get(key)
    return None if value in (None, "") else str(value)
