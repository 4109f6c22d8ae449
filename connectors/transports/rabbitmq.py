"""Messages of a queue of RabbitMQ (AMQP 0-9-1): taken by one consumer, and published with confirmation.

    {use: rabbitmq, url: "amqps://rabbit.example/plant", user: hub, password_env: RABBIT_PASSWORD, queue: hub.line,
     routing_keys: ["line.{line}.{what}"]}

The queue is its owner's, who makes it durable and binds it; the hub makes none. A message is acknowledged only once it is durable here, and
comes again, at its place, where it was not. It is known by the `message_id` that its publisher gave it, or by what `id` names. One that has
neither is known by its content and its properties: where the broker gives such a one again, it is the one that came before.
`routing_keys` only give names to the words of a key. Outward, `exchange` and `routing_key` say where a document goes; it is sent when a
queue has it on disk, and one that no queue takes is refused.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from threading import Event
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pika
from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from connectors.credentials import refuse_unknown, required, seconds, secret
from connectors.http_terms import trusted
from connectors.naming import named_by
from connectors.spec import Page
from connectors.streaming import QUIET, QUIET_SECONDS, REPEAT, SETTINGS, Arrived, Gathering, Heard, Topics, Window, address_of
from data_contracts.errors import ConfigError, RefusedError, RetriableError

logging.getLogger("pika").setLevel(logging.CRITICAL)  # what went wrong is told by the hub, once
_CONNECTION = frozenset({"url", "user", "password_env", "password_file", "ca_file", "certificate_file", "key_file"})
_INWARD = SETTINGS | {"queue", "routing_keys"}
_OUTWARD = frozenset({"exchange", "routing_key"})
_BATCH = 200
_LOOK_SECONDS = 0.5
_HEARTBEAT = 60
_TLS, _PLAIN = 5671, 5672
_A_PERSON_MENDS = frozenset({403, 404, 405, 406, 530})
"""Replies of the broker: no right, no such queue, locked, made otherwise, no such virtual host."""


class RabbitMq(Heard):
    """The transport `rabbitmq`."""

    name = "rabbitmq"
    settings = _CONNECTION | {"allow_plain", "timeout_seconds"} | _INWARD | _OUTWARD
    needs = frozenset({"url", "user"})

    def check(self, settings: Mapping[str, Any], *, asks: bool) -> None:
        """Raises ConfigError for what is certain to fail."""
        _address(settings)
        if asks:
            required(settings, "queue", self.name)
            _window(settings)
        else:
            required(settings, "routing_key", self.name)

    def reach(self, settings: Mapping[str, Any], *, asks: bool) -> str:
        """Connect, and look at the queue. Raises RetriableError, ConfigError."""
        refuse_unknown(settings, self.settings, self.name)
        with _channel(settings) as (host, channel):
            if not asks:
                return f"{host} lets us in"
            queue = required(settings, "queue", self.name)
            count = channel.queue_declare(queue, passive=True).method.message_count
            return f"{host} lets us in, {count} messages wait in {queue}"

    def send(self, settings: Mapping[str, Any], name: str, content: bytes, stable_id: str) -> str:
        """Publish, and wait until a queue has it on disk. Raises RefusedError where no queue takes it."""
        refuse_unknown(settings, self.settings, self.name)
        key = named_by(required(settings, "routing_key", self.name), content, r"[.*#\s]", "routing key")
        exchange = str(settings.get("exchange", ""))
        kept = pika.BasicProperties(delivery_mode=2, message_id=stable_id, app_id="udihub")
        with _channel(settings) as (host, channel):
            channel.confirm_delivery()
            try:
                channel.basic_publish(exchange, key, content, kept, mandatory=True)
            except exceptions.UnroutableError as error:
                raise RefusedError(f"{host}: no queue takes {key} from exchange {exchange or '(default)'}") from error
            except exceptions.NackError as error:
                raise RetriableError(f"{host}: the broker could not keep {key}") from error
        return f"{key}: kept"

    def heard(self, settings: Mapping[str, Any], watermark: str | None, stop: Event | None) -> Iterator[Page]:
        """Pages of what waits, and with `stop` of what comes."""
        refuse_unknown(settings, self.settings, self.name)
        window, queue = _window(settings), required(settings, "queue", self.name)
        gathering = Gathering(window)
        with _channel(settings) as (host, channel):
            channel.queue_declare(queue, passive=True)
            channel.basic_qos(prefetch_count=min(65_535, 2 * window.batch))
            yield QUIET
            heard = looked = time.monotonic()
            coming = channel.consume(queue, inactivity_timeout=min(0.05, window.seconds))
            while stop is None or not stop.is_set():
                came = next(coming, None)
                if came is None:
                    raise RetriableError(f"{host}: queue {queue} was taken away")
                if came[0] is not None:
                    gathering.add(_arrived(channel, queue, *came))
                    heard = time.monotonic()
                now = time.monotonic()
                if gathering.ripe:
                    yield gathering.page()
                    looked = time.monotonic()
                elif stop is None and not gathering and now - heard >= window.quiet:
                    return
                elif not gathering and now - max(looked, heard) >= QUIET_SECONDS:
                    yield QUIET
                    looked = now
            if gathering:
                yield gathering.page()


def _arrived(channel: Any, queue: str, method: Any, properties: Any, body: bytes) -> Arrived:
    def acknowledge() -> None:
        with _explained(queue):
            channel.basic_ack(method.delivery_tag)

    named = properties.message_id
    known = named or sha256(repr((method.routing_key, properties.timestamp, properties.headers)).encode() + body).hexdigest()[:32]
    if named:
        version = sha256(method.routing_key.encode() + b"\0" + body).hexdigest()[:32]  # an id that is used anew for something else says so
    else:
        version = REPEAT if method.redelivered else uuid4().hex
    more = {"id": str(named)} if named else {}
    return Arrived(method.routing_key, body, f"{queue}/{known}", version, acknowledge, more)


@contextmanager
def _channel(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Host and an open channel; what was taken and not acknowledged is given back at the end."""
    host, connecting = _parameters(settings)
    connection: Any = None
    try:
        with _explained(host):
            connection = pika.BlockingConnection(connecting)
            yield host, connection.channel()
    finally:
        if connection is not None and connection.is_open:
            with suppress(exceptions.AMQPError, OSError):
                connection.close()


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Errors of the protocol as the hub's."""
    try:
        yield
    except (exceptions.AMQPError, AMQPConnectorException, OSError) as error:
        raise _told(error, where) from error


def _told(error: BaseException, where: str) -> Exception:
    text = f"{where}: {str(error) or type(error).__name__}"
    causes: list[Any] = [error, *error.args]
    while causes:
        one = causes.pop()
        if isinstance(one, ssl.SSLCertVerificationError):
            return ConfigError(f"{where}: the certificate does not hold: {one.verify_message}")
        if isinstance(one, exceptions.ProbableAuthenticationError | exceptions.AuthenticationError | exceptions.ProbableAccessDeniedError):
            return ConfigError(f"{where}: not let in")
        if getattr(one, "reply_code", None) in _A_PERSON_MENDS:
            return ConfigError(f"{where}: {one.reply_code} {one.reply_text}")
        causes += [found for found in (getattr(one, "__cause__", None), getattr(one, "exception", None)) if found is not None]
    return RetriableError(text)


def _address(settings: Mapping[str, Any]) -> tuple[str, int, str, bool]:
    """Host, port, virtual host, and whether by TLS. Raises ConfigError; looks for no secret."""
    address = address_of(settings, "rabbitmq", ("amqps", "amqp"), "amqps://host/vhost", path=True)
    by_tls = address.scheme == "amqps"
    if not by_tls and settings.get("allow_plain") is not True:
        raise ConfigError("url: plain amqp would show messages and password to everybody on the way; use amqps, or allow_plain: true")
    return str(address.hostname), address.port or (_TLS if by_tls else _PLAIN), unquote(address.path[1:]) or "/", by_tls


def _parameters(settings: Mapping[str, Any]) -> tuple[str, pika.ConnectionParameters]:
    host, port, virtual_host, by_tls = _address(settings)
    word = secret(settings, "password")
    if word is None:
        raise ConfigError("transport rabbitmq: name the password by password_env or password_file")
    timeout = seconds(settings, "timeout_seconds", 30)
    return host, pika.ConnectionParameters(
        host,
        port,
        virtual_host,
        pika.PlainCredentials(required(settings, "user", "rabbitmq"), word),
        heartbeat=max(2, min(_HEARTBEAT, round(timeout))),  # so soon it shows that nobody is there any more
        connection_attempts=1,
        socket_timeout=timeout,
        stack_timeout=timeout,
        blocked_connection_timeout=timeout,
        ssl_options=pika.SSLOptions(trusted(settings), host) if by_tls else None,
        client_properties={"connection_name": "udihub"},
    )


def _window(settings: Mapping[str, Any]) -> Window:
    return Window.of(settings, Topics.of({"routing_keys": ["#"], **settings}, "routing_keys", ".", "*", "#"), _BATCH)


TRANSPORT = RabbitMq()
