"""One message into a topic, and the report of the brokers that must keep it.

A producer stays for the next message to the same cluster: to be given the number by which brokers tell repeats takes it half a second. One
that has met trouble is thrown away, with whatever it still had to say: the hub sends the document again by itself, in its order.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from confluent_kafka import KafkaError, Producer

from connectors.transports.kafka.connection import explained, parameters, told
from data_contracts.errors import RetriableError

ID_HEADER = "udihub-id"
"""Of each document that goes out: one that is sent again, for its confirmation got lost, has the same."""
_LOOK_SECONDS = 0.05
_MOST = 16
_Kept = tuple[Any, list[KafkaError]]
_producers: dict[tuple[Any, ...], _Kept] = {}
_lock = Lock()


def published(settings: Mapping[str, Any], topic: str, key: str, content: bytes, stable_id: str) -> Any:
    """Publish one message, and wait for the report of it, which says where it stands. Raises RefusedError, ConfigError, RetriableError."""
    fresh: list[KafkaError] = []
    host, timeout, given = parameters(settings, fresh)
    known_by = (os.getpid(), *sorted((name, value) for name, value in given.items() if name != "error_cb"))
    reports: list[tuple[KafkaError | None, Any]] = []
    producer: Any = None
    try:
        with explained(host, fresh):
            producer, trouble = _producer(known_by, given, fresh)
            more = {"headers": [(ID_HEADER, stable_id.encode())], "on_delivery": lambda error, kept: reports.append((error, kept))}
            producer.produce(topic, content, key.encode(), **more)
            until = time.monotonic() + timeout
            while not reports and time.monotonic() < until:
                producer.poll(_LOOK_SECONDS)
                for one in trouble:
                    if not reports and not isinstance(error := told(one, host), RetriableError):
                        raise error
        if not reports:
            raise told(KafkaError(KafkaError._TIMED_OUT), host, trouble)
        (failed, kept), *_ = reports
        if failed is not None:
            raise told(failed, host, trouble)
        trouble.clear()  # what a line met that came again by itself
    except BaseException:
        _thrown_away(known_by, producer)
        raise
    return kept


def _producer(known_by: tuple[Any, ...], given: Mapping[str, Any], fresh: list[KafkaError]) -> _Kept:
    with _lock:
        if known_by not in _producers:
            while len(_producers) >= _MOST:
                del _producers[next(iter(_producers))]
            more = {
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 0,
                "message.timeout.ms": given["socket.connection.setup.timeout.ms"],
                "partitioner": "murmur2_random",  # as clients of the Java world part keys
            }
            _producers[known_by] = Producer({**given, **more}), fresh
        return _producers[known_by]


def _thrown_away(known_by: tuple[Any, ...], producer: Any) -> None:
    with _lock:
        if producer is not None and _producers.get(known_by, (None,))[0] is producer:
            del _producers[known_by]
    if producer is not None:
        producer.purge()
