"""A connection to an MQTT broker: whom we trust, as whom we come, what arrives, and what is acknowledged.

One thread does all of it: nothing is read or acknowledged behind the back of whoever holds the session.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from connectors.credentials import seconds, secret
from connectors.http_terms import trusted
from connectors.streaming import REPEAT, Arrived, address_of
from data_contracts.errors import ConfigError, RetriableError

CONNECTION = frozenset(
    {"url", "version", "user", "password_env", "password_file", "ca_file", "certificate_file", "key_file", "allow_plain", "timeout_seconds"}
    | {"keepalive_seconds"}
)
_VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_PORTS = {"mqtts": 8883, "mqtt": 1883}
_UNWELCOME = frozenset(
    {"Bad user name or password", "Not authorized", "Client identifier not valid", "Banned", "Bad authentication method"}
)
"""Reasons that a person mends."""


@dataclass(frozen=True, slots=True)
class Connection:
    """The broker and how it is met."""

    host: str
    port: int
    version: str
    secure: bool
    user: str | None
    settings: Any
    timeout: float
    keepalive: int


def connection_of(settings: Any) -> Connection:
    """From the settings of a transport; no secret is looked for. Raises ConfigError."""
    address = address_of(settings, "mqtt", _PORTS, "mqtts://host:8883")
    if address.scheme == "mqtt" and settings.get("allow_plain") is not True:
        raise ConfigError("url: plain mqtt would show messages and password to everybody on the way; use mqtts, or allow_plain: true")
    version = str(settings.get("version", "5"))
    if version not in _VERSIONS:
        raise ConfigError(f"version is {' or '.join(_VERSIONS)}, not {version!r}")
    return Connection(
        str(address.hostname),
        address.port or _PORTS[address.scheme],
        version,
        address.scheme == "mqtts",
        settings.get("user"),
        settings,
        seconds(settings, "timeout_seconds", 30),
        round(seconds(settings, "keepalive_seconds", 60)),
    )


class Session:
    """A session at a broker, for as long as it is entered. `keep` is how many seconds the broker keeps it afterwards; 0: not at all."""

    def __init__(self, connection: Connection, client_id: str | None, *, keep: int, most: int = 20) -> None:
        self.connection = connection
        self.present = False
        """Whether the broker still knew us."""
        self._five = connection.version == "5"
        self._messages: deque[paho.MQTTMessage] = deque()
        self._answers: dict[str, Any] = {}
        self._keep, self._most = keep, most
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id or f"udihub-{token_hex(8)}",
            clean_session=None if self._five else not keep,
            protocol=_VERSIONS[connection.version],
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.client.connect_timeout = connection.timeout
        if connection.user is not None:
            self.client.username_pw_set(str(connection.user), secret(connection.settings, "password"))
        if connection.secure:
            self.client.tls_set_context(trusted(connection.settings))
        self.client.on_message = lambda _client, _data, message: self._messages.append(message)
        self.client.on_connect = self._connected
        self.client.on_disconnect = lambda _client, _data, _flags, reason, _properties: self._answers.update(gone=str(reason))
        self.client.on_subscribe = lambda _client, _data, mid, reasons, _properties: self._answers.update({f"sub{mid}": reasons})
        self.client.on_unsubscribe = lambda _client, _data, mid, reasons, _properties: self._answers.update({f"left{mid}": reasons})
        self.client.on_publish = lambda _client, _data, mid, reason, _properties: self._answers.update({f"pub{mid}": reason})

    def _connected(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.present = bool(flags.session_present)
        self._answers["connected"] = reason

    def __enter__(self) -> Self:
        """Connect. Raises RetriableError when the broker is away, ConfigError when it does not let us in."""
        host = self.connection.host
        properties: Properties | None = None
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._keep
            properties.ReceiveMaximum = min(self._most, 65_535)
        try:
            self.client.connect(
                host,
                self.connection.port,
                self.connection.keepalive,
                clean_start=not self._keep if self._five else 3,
                properties=properties,
            )
            reason = self._awaited("connected")
        except ssl.SSLCertVerificationError as error:
            raise ConfigError(f"{host}: the certificate does not hold: {error.verify_message}") from error
        except (OSError, ValueError) as error:
            raise RetriableError(f"{host}: {error}") from error
        if reason.is_failure:
            text = f"{host}: not let in: {reason}"
            raise ConfigError(text) if str(reason) in _UNWELCOME else RetriableError(text)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.client.disconnect()
        self.client.loop(0.05)

    def turn(self, seconds: float) -> None:
        """Wait for the network at most so long, and take what it brings. Raises RetriableError when the connection is lost."""
        code = self.client.loop(max(0.01, seconds))
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            gone = self._answers.get("gone")
            raise RetriableError(f"{self.connection.host}: the connection is lost: {gone or paho.error_string(code)}")

    def _awaited(self, answer: str) -> Any:
        until = time.monotonic() + self.connection.timeout
        while answer not in self._answers:
            if time.monotonic() > until:
                raise RetriableError(f"{self.connection.host}: no answer within {self.connection.timeout:g} seconds")
            try:
                self.turn(0.2)
            except RetriableError:
                if answer not in self._answers:
                    raise
        return self._answers.pop(answer)

    def subscribe(self, filters: Sequence[str], *, retained: bool) -> None:
        """Ask for topics with QoS 1. Raises ConfigError where the broker refuses one, or grants less."""
        handling = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB if retained else SubscribeOptions.RETAIN_DO_NOT_SEND
        asked: Any = [(name, SubscribeOptions(qos=1, retainHandling=handling) if self._five else 1) for name in filters]
        _, mid = self.client.subscribe(asked)
        for name, reason in zip(filters, self._awaited(f"sub{mid}"), strict=True):
            if reason.value != 1:
                raise ConfigError(f"{self.connection.host}: topic {name}: the broker does not grant QoS 1: {reason}")

    def leave(self, filters: Collection[str]) -> None:
        """Ask for topics no longer; a kept session would bring them for ever."""
        if self.present and filters:
            _, mid = self.client.unsubscribe(sorted(filters))
            self._awaited(f"left{mid}")

    def publish(self, topic: str, payload: bytes, *, retain: bool, stable_id: str) -> Any:
        """The broker's answer to a message with QoS 1, as it acknowledged it."""
        properties: Properties | None = None
        if self._five:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.UserProperty = ("UDIHub-Id", stable_id)
        try:
            info = self.client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        except ValueError as error:
            raise ConfigError(f"topic {topic!r}: {error}") from error
        return self._awaited(f"pub{info.mid}")

    def arrivals(self, *, retained: bool) -> Iterator[Arrived]:
        """What came since. Old values that a broker hands to whoever subscribes are acknowledged and left out, unless they are wanted."""
        while self._messages:
            message = self._messages.popleft()
            mid, qos = message.mid, message.qos

            def acknowledge(mid: int = mid, qos: int = qos) -> None:
                self.client.ack(mid, qos)

            if message.retain and not retained:
                acknowledge()
                continue
            payload = bytes(message.payload)
            digest = sha256(message.topic.encode("utf-8", "surrogatepass") + b"\0" + payload).hexdigest()[:32]
            yield Arrived(
                message.topic, payload, f"{digest}/{mid}", REPEAT if message.dup else token_hex(8), acknowledge
            )  # a packet id stands for one message until it is acknowledged, also after the broker was started anew (MQTT 4.4)
