"""How the hub comes to a Kafka cluster: addresses, certificates, who it is; and what a cluster's errors mean for whoever asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from connectors.credentials import seconds, secret
from connectors.http_terms import trusted
from connectors.pulling import whole_number
from connectors.streaming import address_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

CONNECTION = frozenset(
    {"url", "user", "password_env", "password_file", "sasl", "ca_file", "certificate_file", "key_file", "allow_plain"}
    | {"timeout_seconds", "max_bytes"}
)
_SASL = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_TLS, _PLAIN = 9093, 9092
_MOST = 16 * 1024 * 1024
_OVERHEAD = 1024 * 1024
"""What a response has beside one message."""
_NOT_LET_IN = frozenset({KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError.UNSUPPORTED_SASL_MECHANISM})
_A_PERSON_MENDS = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._INVALID_ARG,
    }
)
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})


def checked(settings: Mapping[str, Any]) -> tuple[str, str, bool]:
    """The first host, all addresses as the client wants them, and whether by TLS. Raises ConfigError; looks for no secret."""
    scheme, _, rest = str(settings.get("url", "")).partition("://")
    addresses = [
        address_of({"url": f"{scheme}://{one.strip()}"}, "kafka", ("tls", "kafka"), "tls://host:9093,other:9093") for one in rest.split(",")
    ]
    by_tls = scheme == "tls"
    if not by_tls and settings.get("allow_plain") is not True:
        raise ConfigError("url: plain kafka would show messages and password to everybody on the way; use tls, or allow_plain: true")
    if settings.get("sasl", _SASL[0]) not in _SASL:
        raise ConfigError(f"sasl: one of {', '.join(_SASL)}")
    whole_number(settings, "max_bytes", _MOST, 1_000_000_000 - _OVERHEAD)
    seconds(settings, "timeout_seconds", 30)
    listed = [f"{one.netloc}{'' if one.port else f':{_TLS if by_tls else _PLAIN}'}" for one in addresses]
    return str(addresses[0].hostname), ",".join(listed), by_tls


def parameters(settings: Mapping[str, Any], trouble: list[KafkaError]) -> tuple[str, float, dict[str, Any]]:
    """Host, seconds to wait, and what the client is told; what happens on its lines by and by is added to `trouble`."""
    host, addresses, by_tls = checked(settings)
    timeout = seconds(settings, "timeout_seconds", 30)
    most = max(whole_number(settings, "max_bytes", _MOST, 1_000_000_000 - _OVERHEAD), 1000)
    given: dict[str, Any] = {
        "bootstrap.servers": addresses,
        "client.id": "udihub",
        "message.max.bytes": most,
        "receive.message.max.bytes": most + _OVERHEAD,
        "socket.timeout.ms": max(10, round(timeout * 1000)),
        "socket.connection.setup.timeout.ms": max(1000, round(timeout * 1000)),
        "reconnect.backoff.max.ms": 1000,
        "error_cb": trouble.append,
        "log_level": 0,  # what went wrong is told by the hub, once
        "enable.metrics.push": False,  # the broker's owner learns nothing of the hub that he did not ask for
    }
    word = secret(settings, "password")
    named = settings.get("user")
    if named is not None and word is None:
        raise ConfigError("transport kafka: name the password by password_env or password_file")
    if named is not None:
        given |= {"sasl.mechanism": settings.get("sasl", _SASL[0]), "sasl.username": str(named), "sasl.password": word}
    if by_tls:
        trusted(settings)  # files that cannot be read are told as everywhere
        given |= {"enable.ssl.certificate.verification": True, "ssl.endpoint.identification.algorithm": "https"}
        for key, name in (
            ("ca_file", "ssl.ca.location"),
            ("certificate_file", "ssl.certificate.location"),
            ("key_file", "ssl.key.location"),
        ):
            if settings.get(key) is not None:
                given[name] = str(settings[key])
    given["security.protocol"] = ("sasl_" if named is not None else "") + ("ssl" if by_tls else "plaintext")
    return host, timeout, given


def told(error: KafkaError, host: str, trouble: Sequence[KafkaError] = ()) -> Exception:
    """An error of the protocol as one of the hub's; `trouble` tells the cause of one that only says that nobody is there."""
    for one in (error, *trouble):
        text = one.str()
        if "certificate verify failed" in text or "self-signed" in text:
            return ConfigError(f"{host}: the certificate does not hold: {text}")
        if one.code() in _NOT_LET_IN:
            return ConfigError(f"{host}: not let in: {text}")
        if "receive.message.max.bytes" in text:
            return ConfigError(f"{host}: a message is larger than max_bytes: {text}")
        if one.code() in _A_PERSON_MENDS:
            return ConfigError(f"{host}: {text}")
        if one.code() in _TOO_LARGE:
            return RefusedError(f"{host}: {text}")
    return RetriableError(f"{host}: {error.str()}")


@contextmanager
def explained(host: str, trouble: Sequence[KafkaError] = ()) -> Iterator[None]:
    """Errors of the protocol as the hub's."""
    try:
        yield
    except KafkaException as error:
        raise told(error.args[0], host, trouble) from error
